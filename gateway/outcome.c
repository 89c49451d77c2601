// SPDX-License-Identifier: GPL-3.0-or-later
// outcome: what an upstream says. Whether it belongs to the request, what it
// means, and, where decide() says so, who gets it.
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "gateway/core.h"
#include "gateway/refuse.h"
#include "gateway/route.h"

// What the CA said, where the transaction does not end with it or ends badly.
static void
log_answer(const struct transaction *t, const char *upstream, const struct message *answer, const struct decision *d, enum event e)
{
	char id[2 * CAP_TRANSACTION_ID + 1], said[400] = "";
	struct status_info status;

	if (!log_wanted(LOG_INFO_) || (e != EVENT_FINAL_NEGATIVE && d->next != STATE_CONFIRM_DUE))
		return;
	struct log_field fields[] = {
		{ "upstream", upstream }, { "peer", t->source }, { "route", t->route }, { "transactionID", row_id_text(t, id) }, { NULL, NULL }
	};
	if (e != EVENT_FINAL_NEGATIVE)
		snprintf(said, sizeof(said), "a certificate; certConf is awaited");
	else if (relay_status(answer, &status))
		status_text(&status, said, sizeof(said));
	log_event(LOG_INFO_, "answer", fields, "%s: %s", body_name(message_meaning(answer)->body), said);
}

static struct asked
asked_of(const struct gateway *g, const struct transaction *t, enum slot slot)
{
	const struct settings_route *r = route_named(g->settings, t->route);
	const struct nonce *n = &t->slots[slot].sender_nonce, *first = &t->slots[SLOT_FIRST].sender_nonce;
	bool confirms = slot == SLOT_CONFIRM || slot == SLOT_OWN;
	struct asked a = {
		.body = confirms ? BODY_CERTCONF : slot == SLOT_POLL ? BODY_POLLREQ : t->first_body,
		.first_body = t->first_body,
		.transaction_id = span_of(t->id, t->id_len),
		.nonces = { span_of(n->octets, n->len), span_of(first->octets, first->len), span_of(t->inner_nonce.octets, t->inner_nonce.len) },
		.accept_unprotected_error = r != NULL && (r->accept & ACCEPT_UNPROTECTED_ERROR) != 0,
	};

	// Only after a delay may an answer refer to the first request instead of the last.
	if (slot != SLOT_POLL)
		a.nonces[1].len = 0;
	return a;
}

static void
take_reply(struct transaction *t, enum slot slot, const struct finished_answer *a)
{
	const struct message *answer = a->answer;

	blob_unref(t->slots[slot].reply);
	t->slots[slot].reply = blob_ref(a->octets);
	if (answer != NULL)
		row_remember_sent(t, answer->view.header.sender_nonce);
	if (answer != NULL && answer->inner != NULL)
		row_remember_sent(t, answer->inner->header.sender_nonce);
	t->held = slot;
	t->held_waiting = a->judged->event == EVENT_WAITING || a->judged->event == EVENT_POLLREP;
	t->polled = t->polled || t->held_waiting || slot == SLOT_POLL;
	if (a->judged->id_count > 0) {
		memcpy(t->ids, a->judged->ids, sizeof(t->ids));
		t->id_count = (uint8_t)a->judged->id_count;
	}
}

// Who gets an answer, when its row may have gone.
struct addressee { struct exchange *x; struct gate_listener *mailbox; bool adopted; uint8_t label[RETURN_LABEL_MAX]; size_t label_len; };

static struct addressee
addressee_of(const struct transaction *t, struct exchange *x)
{
	struct addressee to = { .x = x, .mailbox = t->mailbox, .adopted = t->adopted, .label_len = t->return_label_len };

	memcpy(to.label, t->return_label, t->return_label_len);
	return to;
}

static void
post_to(const struct addressee *to, struct blob *octets, const char *body)
{
	struct fault f = { .set = false };
	char text[400];

	if (!to->mailbox->driver->listener_post(to->mailbox->driver_state, span_of(to->label, to->label_len), octets, body, &f))
		log_event(LOG_ERROR_, "mailbox", NULL, "%s", fault_text(&f, text, sizeof(text)));
}

// A drop folder that brought a PKCS#10 request gets a certificate, or a reason. answer: NULL = nothing that may be given.
static void
give_adopted(struct gateway *g, const struct addressee *to, const struct message *answer)
{
	struct blob *pem = answer != NULL ? adapter_certificate(answer) : NULL;
	struct status_info status;
	char text[400] = "the CA issued something else than was asked for, or nothing";

	if (pem == NULL && answer != NULL && relay_status(answer, &status))
		status_text(&status, text, sizeof(text));
	struct reply r = { .kind = pem != NULL ? REPLY_ANSWER : REPLY_REFUSE, .message = pem, .body = "pem", .reason = REFUSE_MALFORMED, .text = text };
	if (to->x != NULL)
		exchange_reply(g, to->x, &r);
	else if (pem != NULL)
		post_to(to, pem, "pem");
	blob_unref(pem);
}

void
outcome_give_again(struct gateway *g, const struct transaction *t, struct exchange *x, struct blob *octets)
{
	const struct addressee to = addressee_of(t, x);
	struct message *answer = message_again(octets);

	give_adopted(g, &to, answer);
	message_unref(answer);
}

static void
give(struct gateway *g, const struct addressee *to, const struct finished_answer *a)
{
	if (to->adopted)
		give_adopted(g, to, a->judged->event != EVENT_SWAP ? a->answer : NULL);
	else if (to->x != NULL)
		reply_blob(g, to->x, a->octets, a->body);
	else
		post_to(to, a->octets, body_name(a->body));
}

static struct facts
answer_facts(struct gateway *g, const struct transaction *t, const struct finished_answer *a)
{
	struct facts facts = row_facts(g, t);

	facts.need_conf = a->judged->need_conf;
	facts.has_certificate = a->judged->has_certificate;
	facts.reason = a->reason;
	facts.proven = a->proven;
	facts.doubtful = t->verified && !a->proven && a->body == BODY_ERROR;
	return facts;
}

struct decision
outcome_preview(struct gateway *g, const struct transaction *t, const struct finished_answer *a)
{
	struct facts facts = answer_facts(g, t, a);

	return decide(&facts, a->judged->event);
}

// A request that was accepted and got no answer: what became of it stands in the audit, too.
static void
record_silence(struct gateway *g, const struct transaction *t, const char *text)
{
	struct audit_event e = {
		.event = "msg.unanswered", .result = "failed", .route = t->route, .peer = t->source, .body = body_name(t->first_body), .transaction_id = span_of(t->id, t->id_len),
		.sender = t->identity.text, .upstream = t->upstream != NULL ? t->upstream->name : NULL, .reason = text, .failure = FAIL_NONE, .ms = clock_mono_ms() - t->began_ms,
	};

	audit_note(&g->audit, &e);
}

void
outcome_finish(struct gateway *g, struct transaction *t, enum slot slot, const struct finished_answer *a)
{
	struct decision d = outcome_preview(g, t, a);
	struct exchange *x = row_waiter(g, t);
	bool has = a->octets != NULL;
	uint64_t row = t->handle;

	if (a->answer != NULL)
		log_answer(t, t->upstream != NULL ? t->upstream->name : "", a->answer, &d, a->judged->event);
	if (a->judged->event == EVENT_GIVEN_UP && t->verified && a->text[0] != '\0')
		record_silence(g, t, a->text);
	if (d.remove && t->verified && t->slots[SLOT_FIRST].request != NULL)
		step_undo(g, &t->identity, span_of(t->id, t->id_len), blob_span(t->slots[SLOT_FIRST].request));
	if (d.store_reply && has)
		take_reply(t, slot, a);
	else if (!d.store_reply)
		row_empty(t, slot);
	if (d.drop_waiter)
		t->waiter = 0;
	// The row is settled before the driver is called: it may deliver the next message at once.
	bool post = d.answer && has && (x != NULL || t->mailbox != NULL);
	struct addressee to = addressee_of(t, x);
	t->fetched = t->fetched || post;
	struct decision told = d;
	if (a->judged->event == EVENT_SWAP && d.alarm != NULL) {	// the audit has it already, with what was wrong
		log_event(LOG_WARN_, "transaction", (struct log_field[]){ { "peer", t->source }, { "route", t->route }, { NULL, NULL } }, "%s", d.alarm);
		told.alarm = NULL;
	}
	row_set(g, t, &told);
	if (post)
		give(g, &to, a);
	else if (d.refuse && x != NULL)
		reply_refusal(g, x, d.reason, a->text);
	t = handle_find(&g->transactions, row);
	if (t != NULL && d.own != OWN_NONE && !reprotect_confirm(g, t, d.own == OWN_ACCEPT, d.alarm))
		log_event(LOG_ERROR_, "transaction", NULL, "no certConf of our own could be sent");
}

// Silence and a server that says it is ill: unavailable. Nonsense: a bad upstream.
static enum refusal
reason_of(const struct outcome *o)
{
	if (o->kind == OUTCOME_ANSWER)
		return REFUSE_BAD_UPSTREAM;
	if (o->timeout)
		return REFUSE_TIMEOUT;
	if (o->kind == OUTCOME_REFUSED)
		return o->status >= 500 || o->status == 429 ? REFUSE_UNAVAILABLE : REFUSE_BAD_UPSTREAM;
	return o->garbled ? REFUSE_BAD_UPSTREAM : REFUSE_UNAVAILABLE;
}

// Look at what came; NULL and EVENT_BAD or EVENT_GIVEN_UP with the sentence when it is no answer.
static struct message *
read_outcome(struct gateway *g, struct transaction *t, enum slot slot, const struct outcome *o, struct relayed *judged, struct fault *f)
{
	struct pkiheader header;
	bool header_read;

	judged->event = EVENT_GIVEN_UP;
	if (o->kind != OUTCOME_ANSWER) {
		fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "%s", o->text != NULL ? o->text : "no answer came");
		return NULL;
	}
	judged->event = EVENT_BAD;
	struct message *answer = message_parse(o->message, &header, &header_read, f);
	if (answer == NULL)
		return NULL;
	struct asked asked = asked_of(g, t, slot);
	relay_judge(answer, &asked, judged, f);
	return answer;
}

// What came is not the answer: forged, of another transaction, or nonsense.
static void
tell_foreign(struct gateway *g, const struct transaction *t, const char *upstream, const struct fault *f)
{
	char detail[400], text[520];

	snprintf(text, sizeof(text), "%s: what came is not the answer: %s", upstream, fault_text(f, detail, sizeof(detail)));
	if (t->verified)
		row_alarm(g, t, text);
	else
		log_event(LOG_WARN_, "upstream", NULL, "%s", text);
}

// What came was not looked at, and goes nowhere.
static void
tell_unseen(struct gateway *g, const struct transaction *t, struct relayed *judged, char *text, size_t size)
{
	char alarm[520];

	snprintf(text, size, "%s", route_named(g->settings, t->route) != NULL ? "the gateway has more to do than it can queue"
		: "the route this transaction began on is gone from the configuration");
	snprintf(alarm, sizeof(alarm), "the CA issued a certificate that was not passed on: %s", text);
	if (judged->has_certificate)
		row_alarm(g, t, alarm);
	judged->event = EVENT_BAD;
}

void
outcome_take(struct gateway *g, struct submission *s, const struct outcome *o)
{
	struct transaction *t = handle_find(&g->transactions, s->transaction);
	const char *upstream = s->upstream->name;
	enum slot slot = s->slot;
	struct relayed judged = { .event = EVENT_GIVEN_UP };
	struct fault f = { .set = false };
	char detail[400], text[480] = "";

	if (t == NULL || t->submission != s->handle) {
		log_event(LOG_DEBUG_, "submission", NULL, "a late answer of %s: its transaction is gone", upstream);
		submission_end(g, s);
		return;
	}
	struct message *answer = read_outcome(g, t, slot, o, &judged, &f);
	if (f.set)
		snprintf(text, sizeof(text), "upstream %s: %s%s", upstream, fault_text(&f, detail, sizeof(detail)),
			o->kind == OUTCOME_REFUSED && o->status == 404 ? "; is the path in its url right?" : "");
	if (o->kind == OUTCOME_ANSWER && judged.event == EVENT_BAD)
		tell_foreign(g, t, upstream, &f);
	t->submission = 0;
	submission_end(g, s);
	bool verify = t->verified && judged.event != EVENT_BAD && judged.event != EVENT_GIVEN_UP;
	if (!verify || !reprotect_answer(g, t, slot, answer, &judged)) {
		if (verify)
			tell_unseen(g, t, &judged, text, sizeof(text));
		struct finished_answer a = {
			.answer = verify ? NULL : answer, .octets = answer != NULL && !verify ? answer->octets : NULL,
			.body = answer != NULL ? answer->view.body : BODY_COUNT, .judged = &judged,
			.reason = verify ? REFUSE_BUSY : reason_of(o), .text = text,
		};
		outcome_finish(g, t, slot, &a);
	}
	message_unref(answer);
	serve_arm(g);
}
