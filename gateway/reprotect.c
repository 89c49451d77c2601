// SPDX-License-Identifier: GPL-3.0-or-later
// reprotect: answers on routes that verify (verify, compare with the request,
// protect for the device, record), errors of our own under our protection, and
// the certConf that the gateway itself owes the CA.
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "codec/bodies.h"
#include "codec/text.h"
#include "gateway/certificate_check.h"
#include "gateway/refuse.h"
#include "gateway/route.h"
#include "gateway/step.h"

// ---- answers

// End an answer's step: what decide() hears is in s->judged.
static void
finish(struct step *s, const struct finished_answer *a)
{
	struct gateway *g = s->gateway;
	struct transaction *t = handle_find(&g->transactions, s->transaction);

	if (t != NULL) {
		t->step = 0;
		outcome_finish(g, t, s->slot, a);
	}
	step_free(s);
	endpoints_settle(g);
	serve_arm(g);
}

// A certificate that the CA issued and that goes nowhere is a matter for a person.
static void
tell_dropped(struct step *s, const char *text)
{
	struct transaction *t = handle_find(&s->gateway->transactions, s->transaction);
	bool told = s->answer_job != NULL && s->answer_job->verdict == ANSWER_UNPROVEN;
	char alarm[520];

	if (t == NULL || told || !s->judged.has_certificate)
		return;
	snprintf(alarm, sizeof(alarm), "the CA issued a certificate that was not passed on: %s", text);
	row_alarm(s->gateway, t, alarm);
}

static void
finish_bad(struct step *s, enum refusal reason, const char *text)
{
	tell_dropped(s, text);
	s->judged.event = EVENT_BAD;
	struct finished_answer a = { .judged = &s->judged, .reason = reason, .text = text };
	finish(s, &a);
}

static struct finished_answer
answer_of(const struct step *s)
{
	return (struct finished_answer){
		.answer = s->answer, .octets = s->octets, .body = s->body, .judged = &s->judged, .reason = REFUSE_BAD_UPSTREAM,
		.text = "", .proven = s->answer_job != NULL && s->answer_job->proven,
	};
}

static void
on_recorded(void *context, enum store_result result, const struct store_conflict *conflict)
{
	struct step *s = context;
	struct finished_answer a = answer_of(s);

	(void)conflict;
	// The CA has acted; the device repeats its request, and the answer is asked for again.
	if (result != STORE_DONE)
		finish_bad(s, REFUSE_BUSY, "the answer could not be recorded");
	else
		finish(s, &a);
}

// What a pkiConf acknowledges: a certificate that is kept, or one that the device or the gateway did not want.
static bool
is_kept(const struct step *s, const struct transaction *t)
{
	struct finished_answer a = answer_of(s);

	return outcome_preview(s->gateway, t, &a).outcome == ENDED_CONFIRMED;
}

static const char *
event_name(const struct step *s, const struct transaction *t)
{
	switch (s->judged.event) {
	case EVENT_SWAP: return "alarm.raised";
	case EVENT_FINAL_NEGATIVE: return "msg.rejected";
	case EVENT_PKICONF: return is_kept(s, t) ? "cert.confirmed" : "cert.rejected";
	default: break;
	}
	if (s->judged.has_certificate)
		return t->first_body == BODY_KUR ? "cert.renewed" : "cert.issued";
	return t->first_body == BODY_RR ? "cert.revoked" : "msg.answered";
}

static const char *
result_name(const struct step *s, const struct transaction *t)
{
	switch (s->judged.event) {
	case EVENT_SWAP: return "alarm";
	case EVENT_FINAL_NEGATIVE: return "rejected";
	case EVENT_PKICONF: return is_kept(s, t) ? "granted" : "rejected";
	default: return "granted";
	}
}

static bool
record_answer(struct step *s, const struct transaction *t, struct store_unit *u)
{
	struct status_info status = { .status = STATUS_ACCEPTED };
	bool has_status = relay_status(s->answer, &status);
	char text[400], reason[400] = "";
	struct audit_event e = {
		.event = event_name(s, t), .result = result_name(s, t), .route = t->route, .peer = t->source, .body = body_name(message_meaning(s->answer)->body), .transaction_id = span_of(t->id, t->id_len),
		.sender = t->identity.text, .auth = t->identity.kind == IDENTITY_SECRET ? "mac" : "signature",
		.signer = t->identity.kind == IDENTITY_SIGNER ? t->identity.digest : NULL,
		.certificate = s->answer_job->facts.set ? &s->answer_job->facts : &t->issued, .upstream = t->upstream != NULL ? t->upstream->name : NULL,
		.pki_status = has_status ? status_name(status.status) : NULL, .failure = has_status ? status_failure(&status) : FAIL_NONE,
		.ms = clock_mono_ms() - t->began_ms,
	};

	if (s->judged.event == EVENT_WAITING || s->judged.event == EVENT_POLLREP)
		return true;
	if (s->judged.event == EVENT_SWAP)
		snprintf(reason, sizeof(reason), "%s", fault_text(&s->answer_job->fault, text, sizeof(text)));
	else if (has_status && status.texts.len > 0)
		status_text(&status, reason, sizeof(reason));
	e.reason = reason[0] != '\0' ? reason : NULL;
	return audit_put(&s->gateway->audit, u, &e);
}

// A secret is spent when a certificate was confirmed (or needs no confirmation),
// and free again after a refusal, or when no certificate was asked for at all.
static bool
settle_secret(struct step *s, const struct transaction *t, struct store_unit *u)
{
	struct gateway *g = s->gateway;
	const struct secret_entry *e = step_secret(g, &t->identity);
	struct finished_answer a = answer_of(s);
	struct store_unit *rows = g->store != NULL ? u : NULL;

	if (e == NULL)
		return true;
	struct decision d = outcome_preview(g, t, &a);
	switch (d.next == STATE_CLOSED ? d.outcome : ENDED_NOT) {
	case ENDED_ISSUED: case ENDED_CONFIRMED:
		return secret_spend(g->secrets, rows, e, span_of(t->id, t->id_len), clock_wall_s());
	case ENDED_REFUSED: case ENDED_FAILED: case ENDED_REJECTED_BY_DEVICE: case ENDED_DONE:
		return secret_release(g->secrets, rows, e, span_of(t->id, t->id_len), clock_wall_s());
	default: return true;
	}
}

static void
record(struct step *s)
{
	struct gateway *g = s->gateway;
	struct transaction *t = handle_find(&g->transactions, s->transaction);
	struct store_unit *u = store_unit_new();

	if (t == NULL) {
		store_unit_free(u);
		finish_bad(s, REFUSE_INTERNAL, "the transaction has ended");
		return;
	}
	if (s->answer_job->facts.set && s->judged.event != EVENT_SWAP) {
		t->issued = s->answer_job->facts;
		memcpy(t->cert_hash, s->answer_job->cert_hash, sizeof(t->cert_hash));
		t->cert_hash_len = (uint8_t)s->answer_job->cert_hash_len;
	}
	if (s->answer_job->facts.set && (t->adopted || s->judged.event == EVENT_SWAP || t->mode == ROUTE_REPLACE)) {
		blob_unref(t->own_answer);
		t->own_answer = blob_ref(s->answer->octets);
		memcpy(t->own_hash, s->answer_job->cert_hash, sizeof(t->own_hash));
		t->own_hash_len = (uint8_t)s->answer_job->cert_hash_len;
		t->own_id = s->answer_job->cert_req_id;
	}
	if (t->chain == NULL && message_meaning(s->answer)->extra_certs.len > 0)
		t->chain = blob_ref(s->answer->octets);
	if (u == NULL || !record_answer(s, t, u) || !settle_secret(s, t, u)) {
		store_unit_free(u);
		finish_bad(s, REFUSE_BUSY, "out of memory");
	} else if (!step_commit(g, u, on_recorded, s)) {
		finish_bad(s, REFUSE_BUSY, "as many answers as the store can queue are waiting to be recorded");
	}
}

// Protect what the gateway says for itself, to a device or to its CA.
static void
run_own_words(struct worker_job *job, unsigned thread)
{
	struct step *s = (struct step *)(void *)job;
	struct pkimessage m;
	struct buffer out;

	(void)thread;
	s->failed = true;
	if (!pkimessage_parse(&m, blob_span(s->octets), NULL, &s->fault))
		return;
	buffer_init(&out, ENVELOPE_MAX);
	bool well = s->kind == STEP_OWN ? envelope_own(&out, &m, s->credential, &s->fault)
		: envelope_reply(&out, &m, &message_meaning(s->request)->header, &s->voice, &s->fault);
	struct blob *finished = well ? blob_new(buffer_span(&out)) : NULL;
	buffer_clear(&out);
	if (finished == NULL)
		return;
	blob_unref(s->octets);
	s->octets = finished;
	s->failed = false;
}

static void
on_error_protected(struct worker_job *job, bool late)
{
	struct step *s = (struct step *)(void *)job;

	if (late || s->failed)
		finish_bad(s, REFUSE_INTERNAL, "the gateway could not sign its answer");
	else
		record(s);
}

// What the device hears in place of a certificate that is not its own: an error,
// since the fault lies in the answer and not in the body of its request (RFC 9483 3.6.2).
static void
answer_swap(struct step *s)
{
	const struct pkimessage *m = message_meaning(s->request);
	struct verdict v = { .pvno = 0 };
	struct transaction *t = handle_find(&s->gateway->transactions, s->transaction);

	s->judged.event = EVENT_SWAP;
	s->judged.has_certificate = s->judged.need_conf = false;
	s->judged.id_count = 0;
	fault_set(&v.fault, FAIL_SYSTEM_FAILURE, "", "the CA issued something else than was asked for; it was not passed on");
	blob_unref(s->octets);
	s->octets = refuse_message(&m->header, m, &v);
	s->body = BODY_ERROR;
	if (s->octets == NULL || t == NULL) {
		finish_bad(s, REFUSE_INTERNAL, "out of memory");
		return;
	}
	step_voice(s->gateway, s->route, &t->identity, &s->voice);
	if (!voice_speaks(&s->voice))
		record(s);
	else if (!step_submit(s, run_own_words, on_error_protected))
		finish_bad(s, REFUSE_BUSY, "the workers have more to do than they can queue");
}

static void
run_answer(struct worker_job *job, unsigned thread)
{
	struct step *s = (struct step *)(void *)job;
	struct buffer out;

	answer_run(s->answer_job, step_cache(s, thread));
	if (s->answer_job->verdict != ANSWER_WELL || s->mode != ROUTE_REPLACE)
		return;
	buffer_init(&out, ENVELOPE_MAX);
	bool well = envelope_reply(&out, s->answer_job->answer, &message_meaning(s->request)->header, &s->voice, &s->fault);
	s->octets = well ? blob_new(buffer_span(&out)) : NULL;
	s->failed = s->octets == NULL;
	buffer_clear(&out);
}

static void on_answer(struct worker_job *job, bool late);

static void
resume_answer(struct step *s, bool late)
{
	blob_unref(s->octets);
	s->octets = NULL;
	if (late || !step_submit(s, run_answer, on_answer))
		finish_bad(s, REFUSE_TRY_AGAIN, "whether the certificates of the CA's answer are revoked could not be looked up now");
}

static void
warn_of_unknown(const struct step *s)
{
	struct log_field fields[] = { { "route", s->route->name }, { NULL, NULL } };

	if (s->answer_job->verdict == ANSWER_WELL && s->answer_job->revocation_unknown)
		log_event(LOG_WARN_, "revocation", fields, "nothing tells whether a certificate of the CA's answer is revoked; it is taken (missing: warn)");
}

static void
log_doubt(const struct step *s, const char *text)
{
	char id[2 * CAP_TRANSACTION_ID + 4];
	struct log_field fields[] = {
		{ "upstream", s->route->target == TARGET_UPSTREAM ? s->settings->upstreams[s->route->upstream].name : NULL },
		{ "transactionID", hex_text(s->answer->view.header.transaction_id, id, sizeof(id)) }, { NULL, NULL }
	};

	log_event(LOG_WARN_, "upstream", fields, "route %s: %s", s->route->name, text);
}

static void
on_answer(struct worker_job *job, bool late)
{
	struct step *s = (struct step *)(void *)job;
	struct answer_job *j = s->answer_job;
	char text[400], said[480];

	if (!late && !s->failed && step_fetch(s, resume_answer))
		return;
	if (late || s->failed) {
		if (s->fault.set)
			log_event(LOG_ERROR_, "envelope", NULL, "%s", fault_text(&s->fault, text, sizeof(text)));
		finish_bad(s, REFUSE_INTERNAL, "the gateway could not finish the answer");
		return;
	}
	warn_of_unknown(s);
	if (j->verdict != ANSWER_WELL)
		log_doubt(s, fault_text(&j->fault, text, sizeof(text)));
	if (j->verdict == ANSWER_UNPROVEN) {
		struct audit_event e = { .event = "alarm.raised", .result = "alarm", .route = s->route->name, .reason = fault_text(&j->fault, text, sizeof(text)),
			.failure = j->fault.failure, .ms = -1, .transaction_id = s->answer->view.header.transaction_id };
		audit_note(&s->gateway->audit, &e);
		snprintf(said, sizeof(said), "the CA's answer cannot be trusted: %s", text);
		finish_bad(s, REFUSE_BAD_UPSTREAM, said);
	} else if (j->verdict == ANSWER_SWAPPED) {
		answer_swap(s);
	} else {
		if (s->octets == NULL)
			s->octets = blob_ref(s->answer->octets);
		record(s);
	}
}

static bool
prepare_answer(struct step *s, const struct transaction *t)
{
	struct gateway *g = s->gateway;
	struct answer_job *j = s->answer_job = mem_alloc(sizeof(*j));
	const struct secret_entry *e = step_secret(g, &t->identity);
	struct route_keys keys;
	bool known;

	// The first request tells what was asked for; after a restart it may be unknown.
	s->first = message_again(t->slots[SLOT_FIRST].request);
	s->chain = message_again(t->chain);
	if (j == NULL)
		return false;
	keyring_route(s->keys, s->settings, s->route, &keys);
	for (size_t i = 0; i < keys.upstream_count; i++)
		j->upstream[j->upstream_count++] = trust_ref(keys.upstream[i]);
	for (size_t i = 0; i < keys.issued_count; i++)
		j->issued[j->issued_count++] = trust_ref(keys.issued[i]);
	j->answer = message_meaning(s->answer);
	j->request = message_meaning(s->first != NULL ? s->first : s->request);
	j->known = s->chain != NULL ? message_meaning(s->chain)->extra_certs : span_of(NULL, 0);
	j->time = step_time(g, &known);
	j->wants = &s->wants;
	j->may_be_unprotected = (s->route->accept & ACCEPT_UNPROTECTED_ERROR) != 0;
	j->mac_is_the_devices = s->mode != ROUTE_REPLACE;
	j->mac_policy = (struct mac_policy){ .iterations_max = (uint32_t)s->settings->limits.mac_iterations,
		.sha1 = (s->route->accept & ACCEPT_SHA1_MAC) != 0, .bits = (s->route->accept & ACCEPT_PBMAC1_BITS) != 0 };
	j->accept_ca_pubs = s->route->accept_ca_pubs;
	j->accept_subject_change = s->route->accept_subject_change || s->route->set.given;
	if (e != NULL && e->value.len <= sizeof(j->secret) && j->mac_is_the_devices) {
		memcpy(j->secret, e->value.data, e->value.len);
		j->secret_len = e->value.len;
	}
	return true;
}

bool
reprotect_answer(struct gateway *g, struct transaction *t, enum slot slot, struct message *answer, const struct relayed *judged)
{
	const struct settings_route *r = route_named(g->settings, t->route);
	struct step *s = r != NULL ? step_new(g, STEP_ANSWER, r) : NULL;

	if (s == NULL)
		return false;
	s->transaction = t->handle;
	s->slot = slot;
	s->answer = message_ref(answer);
	s->judged = *judged;
	s->mode = slot == SLOT_OWN ? ROUTE_KEEP : t->mode;
	s->body = answer->view.body;
	s->request = message_again(t->slots[slot].request);
	if (s->request == NULL || !prepare_answer(s, t)) {
		step_free(s);
		return false;
	}
	if (s->mode == ROUTE_REPLACE) {
		step_voice(g, r, &t->identity, &s->voice);
		s->voice.version1 = message_meaning(s->request)->header.pvno == 1;
		if (!voice_speaks(&s->voice)) {
			step_free(s);
			return false;
		}
	}
	t->step = s->handle;
	if (step_submit(s, run_answer, on_answer))
		return true;
	step_free(s);
	return false;
}

// ---- errors of our own

static void
on_reply(struct worker_job *job, bool late)
{
	struct step *s = (struct step *)(void *)job;
	struct gateway *g = s->gateway;
	struct exchange *x = handle_find(&g->exchanges, s->exchange);

	if (x != NULL)
		x->step = 0;
	// An error that nobody signed is better than none: it says what is wrong, and the device believes it or not.
	if (x != NULL && (late || s->failed))
		log_event(LOG_ERROR_, "envelope", NULL, "an answer could not be protected: %s", s->fault.set ? s->fault.text : "no time was left");
	if (x != NULL)
		reply_at(g, x, s->octets, s->body, s->release_ms);
	step_free(s);
	endpoints_settle(g);
	serve_arm(g);
}

bool
reprotect_reply(struct gateway *g, struct exchange *x, struct blob *octets, enum body body, const struct settings_route *r, const struct identity *who, int64_t release_ms)
{
	const struct settings_route *now = route_named(g->settings, r->name);
	struct step *s = now != NULL ? step_new(g, STEP_REPLY, now) : NULL;

	if (s == NULL)
		return false;
	step_voice(g, now, who, &s->voice);
	if (!voice_speaks(&s->voice)) {
		step_free(s);
		return false;
	}
	s->exchange = x->handle;
	s->request = message_ref(x->request);
	s->octets = blob_ref(octets);
	s->body = body;
	s->release_ms = release_ms;
	x->step = s->handle;
	if (step_submit(s, run_own_words, on_reply))
		return true;
	step_free(s);
	return false;
}

// ---- a certConf of our own

static void
on_own(struct worker_job *job, bool late)
{
	struct step *s = (struct step *)(void *)job;
	struct gateway *g = s->gateway;
	struct transaction *t = handle_find(&g->transactions, s->transaction);
	struct gate_upstream *u = t != NULL ? row_upstream(g, s->route) : NULL;
	struct relayed given_up = { .event = EVENT_GIVEN_UP };
	struct message *m = late || s->failed ? NULL : message_again(s->octets);
	struct fault f = { .set = false };

	if (t != NULL)
		t->step = 0;
	struct label label = m != NULL ? serve_label(&s->label, m) : s->label;
	if (t != NULL && m != NULL && u != NULL && submission_send(g, t, SLOT_OWN, u, &label, s->octets, &f)) {
		enum slot current = t->current;
		row_fill(t, SLOT_OWN, m);
		t->current = current;	// the device's own message is the one that repeats refer to
	} else if (t != NULL) {
		struct finished_answer a = { .judged = &given_up, .reason = REFUSE_UNAVAILABLE, .text = "" };
		outcome_finish(g, t, SLOT_OWN, &a);
	}
	message_unref(m);
	step_free(s);
	endpoints_settle(g);
	serve_arm(g);
}

// Build it without protection: certHash, and the status where it rejects.
static struct blob *
own_message(const struct transaction *t, const struct message *answer, bool accept, const char *text)
{
	const struct pkiheader *h = &message_meaning(answer)->header;
	uint8_t nonce[CAP_NONCE_MIN];
	struct status_plan rejection = { STATUS_REJECTION, FAIL_INCORRECT_DATA, text };
	struct header_plan plan;
	struct buffer out, body;

	if (!random_octets(nonce, sizeof(nonce)))
		return NULL;
	header_plan_answer(&plan, h, span_of(nonce, sizeof(nonce)));
	buffer_init(&out, ENVELOPE_MAX);
	buffer_init(&body, ENVELOPE_MAX);
	bool well = build_cert_conf_body(&body, span_of(t->own_hash, t->own_hash_len), t->own_id, accept ? NULL : &rejection, span_of(NULL, 0))
		&& build_unprotected(&out, &plan, buffer_span(&body));
	struct blob *octets = well ? blob_new(buffer_span(&out)) : NULL;
	buffer_clear(&body);
	buffer_clear(&out);
	return octets;
}

bool
reprotect_confirm(struct gateway *g, struct transaction *t, bool accept, const char *text)
{
	const struct settings_route *r = route_named(g->settings, t->route);
	struct step *s = r != NULL && r->target == TARGET_UPSTREAM ? step_new(g, STEP_OWN, r) : NULL;
	struct message *answer = s != NULL ? message_again(t->own_answer) : NULL;
	struct route_keys keys;

	if (s == NULL)
		return false;
	keyring_route(s->keys, s->settings, r, &keys);
	s->transaction = t->handle;
	s->credential = keys.sign_with != NULL ? credential_ref(keys.sign_with) : NULL;
	s->octets = answer != NULL ? own_message(t, answer, accept, text) : NULL;
	message_unref(answer);
	if (s->octets != NULL && s->credential != NULL) {
		t->step = s->handle;
		if (step_submit(s, run_own_words, on_own))
			return true;
	}
	step_free(s);
	// Nobody will tell the CA: the transaction must not wait for its pkiConf.
	struct facts facts = row_facts(g, t);
	struct decision d = decide(&facts, EVENT_GIVEN_UP);
	row_set(g, t, &d);
	return false;
}
