// SPDX-License-Identifier: GPL-3.0-or-later
// serve: the coordinator. It gathers the facts, asks decide(), and carries out
// what was decided; no other file changes a transaction.
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "codec/confirm.h"
#include "gateway/core.h"
#include "gateway/inspect.h"
#include "gateway/refuse.h"
#include "gateway/relay.h"
#include "gateway/route.h"

enum { TICKET_SECONDS = 10 };	// when a peer that polls by its transport shall ask again

// ---- replies

static void
reply_blob(struct gateway *g, struct exchange *x, struct blob *octets, enum body body)
{
	struct reply r = { .kind = REPLY_ANSWER, .message = octets, .body = body_name(body) };

	exchange_reply(g, x, &r);
}

static void
reply_refusal(struct gateway *g, struct exchange *x, enum refusal reason, const char *text)
{
	bool carries = x->request != NULL && (x->listener->driver->abilities & DRIVER_REFUSE_CONTENT) != 0;
	struct blob *content = carries ? refuse_content(&x->request->view.header, reason, text) : NULL;
	struct reply r = { .kind = REPLY_REFUSE, .message = content, .body = content != NULL ? "error" : NULL, .reason = reason,
		.seconds = refuse_seconds(reason), .text = text };
	struct log_field fields[] = {
		{ "peer", x->peer.text }, { "listener", x->listener->name }, { "reason", refuse_name(reason) }, { NULL, NULL }
	};

	log_event(LOG_WARN_, "refused", fields, "%s", text != NULL ? text : refuse_name(reason));
	exchange_reply(g, x, &r);
	blob_unref(content);
}

// Answer a request with a CMP error of ours, in the transport's success.
static void
reply_error(struct gateway *g, struct exchange *x, const struct verdict *v)
{
	const struct pkimessage *m = &x->request->view;
	struct blob *octets = refuse_message(&m->header, m, v);
	char text[400];
	struct log_field fields[] = {
		{ "peer", x->peer.text }, { "listener", x->listener->name }, { "body", body_name(m->body) },
		{ "failInfo", failure_name(v->fault.failure) }, { NULL, NULL }
	};

	log_event(LOG_WARN_, "rejected", fields, "%s", fault_text(&v->fault, text, sizeof(text)));
	if (octets == NULL) {
		reply_refusal(g, x, REFUSE_INTERNAL, "out of memory");
		return;
	}
	reply_blob(g, x, octets, v->in_body ? body_answer(m->body) : BODY_ERROR);
	blob_unref(octets);
}

static void
reply_failure(struct gateway *g, struct exchange *x, enum failure failure, const char *text)
{
	struct verdict v = { .pvno = 0 };

	fault_set(&v.fault, failure, "", "%s", text);
	reply_error(g, x, &v);
}

// ---- the row

static struct exchange *
waiter_of(struct gateway *g, const struct transaction *t)
{
	return handle_find(&g->exchanges, t->waiter);
}

static void
remember_sent(struct transaction *t, struct span nonce)
{
	if (nonce.len == 0 || nonce.len > CAP_NONCE)
		return;
	memmove(t->sent + 1, t->sent, sizeof(t->sent) - sizeof(t->sent[0]));
	nonce_set(&t->sent[0], nonce);
}

static bool
was_sent(const struct transaction *t, const struct pkiheader *h)
{
	bool any = false;

	for (size_t i = 0; i < sizeof(t->sent) / sizeof(t->sent[0]); i++) {
		any = any || t->sent[i].len > 0;
		if (h->has_recip_nonce && nonce_is(&t->sent[i], h->recip_nonce))
			return true;
	}
	return !any;	// from before a restart: nothing is known, the CA judges
}

static void
slot_fill(struct transaction *t, enum slot slot, const struct message *m)
{
	blob_unref(t->slots[slot].request);
	blob_unref(t->slots[slot].reply);
	t->slots[slot].request = blob_ref(m->octets);
	t->slots[slot].reply = NULL;
	nonce_set(&t->slots[slot].sender_nonce, m->view.header.sender_nonce);
	if (m->inner != NULL)
		nonce_set(&t->inner_nonce, m->inner->header.sender_nonce);
	t->current = slot;
}

static void
slot_empty(struct transaction *t, enum slot slot)
{
	blob_unref(t->slots[slot].request);
	blob_unref(t->slots[slot].reply);
	t->slots[slot].request = t->slots[slot].reply = NULL;
	t->slots[slot].sender_nonce.len = 0;
}

// The slot whose request is these octets; SLOT_COUNT when there is none.
static enum slot
slot_of(const struct transaction *t, const struct message *m)
{
	for (enum slot s = SLOT_FIRST; s < SLOT_COUNT; s++)
		if (t->slots[s].request != NULL && span_equal(blob_span(t->slots[s].request), m->view.whole))
			return s;
	return SLOT_COUNT;
}

static const char *
id_text(const struct transaction *t, char out[2 * CAP_TRANSACTION_ID + 1])
{
	out[0] = '\0';
	for (size_t i = 0; i < t->id_len; i++)
		snprintf(out + 2 * i, 3, "%02x", t->id[i]);
	return out;
}

// What the CA said, where the transaction does not end with it or ends badly.
static void
log_answer(const struct transaction *t, const char *upstream, const struct message *answer, const struct decision *d, enum event e)
{
	char id[2 * CAP_TRANSACTION_ID + 1], said[400] = "";
	struct status_info status;

	if (!log_wanted(LOG_INFO_) || (e != EVENT_FINAL_NEGATIVE && d->next != STATE_CONFIRM_DUE))
		return;
	struct log_field fields[] = {
		{ "upstream", upstream }, { "peer", t->source }, { "route", t->route }, { "transactionID", id_text(t, id) }, { NULL, NULL }
	};
	if (e != EVENT_FINAL_NEGATIVE)
		snprintf(said, sizeof(said), "a certificate; certConf is awaited");
	else if (relay_status(answer, &status))
		status_text(&status, said, sizeof(said));
	log_event(LOG_INFO_, "answer", fields, "%s: %s", body_name(message_meaning(answer)->body), said);
}

static void
log_end(const struct transaction *t)
{
	char id[2 * CAP_TRANSACTION_ID + 1];

	if (!log_wanted(LOG_INFO_))
		return;
	const char *kind = t->first_body != BODY_COUNT ? body_name(t->first_body) : "resumed";
	struct log_field fields[] = {
		{ "peer", t->source }, { "route", t->route }, { "request", kind }, { "outcome", outcome_name(t->outcome) },
		{ "transactionID", id_text(t, id) }, { NULL, NULL }
	};
	log_event(LOG_INFO_, "transaction", fields, "%s: %s", kind, outcome_name(t->outcome));
}

static void
set_state(struct gateway *g, struct transaction *t, const struct decision *d)
{
	bool ended = d->next == STATE_CLOSED && t->state != STATE_CLOSED;

	t->state = d->next;
	t->outcome = d->outcome;
	if (d->alarm != NULL && !t->fetched)
		log_event(LOG_WARN_, "transaction", NULL, "%s", d->alarm);
	if (d->forget_affinity && t->upstream != NULL) {
		if (t->upstream->driver->upstream_forget != NULL)
			t->upstream->driver->upstream_forget(t->upstream->driver_state, t->handle);
		t->upstream = NULL;
	}
	if (d->remove) {
		table_remove(g, t);
		return;
	}
	if (ended) {
		log_end(t);
		table_schedule(g, t, clock_mono_ms() + g->settings->limits.forget);
	} else if (d->start_confirm) {
		table_schedule(g, t, clock_mono_ms() + g->settings->limits.transaction_timeout);
	}
}

static struct facts
facts_of(struct gateway *g, const struct transaction *t)
{
	const struct exchange *x = waiter_of(g, t);

	return (struct facts){
		.state = t->state, .outcome = t->outcome, .under_way = t->submission != 0, .polled = t->polled,
		.held_waiting = t->held_waiting, .live = x != NULL, .mailbox = t->mailbox != NULL, .rejecting = t->rejecting,
		.can_poll = x != NULL && (x->listener->driver->abilities & DRIVER_CAN_POLL) != 0,
	};
}

// ---- requests

static enum event
event_of(const struct message *m)
{
	switch (request_class(message_meaning(m)->body)) {
	case CLASS_CONFIRM: return EVENT_CONFIRM;
	case CLASS_POLL: return EVENT_POLL;
	default: return EVENT_FIRST;
	}
}

static enum slot
slot_for(enum event e)
{
	return e == EVENT_CONFIRM ? SLOT_CONFIRM : e == EVENT_POLL ? SLOT_POLL : SLOT_FIRST;
}

static bool
id_was_given(const struct transaction *t, int32_t id)
{
	for (size_t i = 0; i < t->id_count; i++)
		if (t->ids[i] == id)
			return true;
	// A p10cr is answered under -1, and confirmed under 0 by some clients.
	return t->id_count == 0 || (t->first_body == BODY_P10CR && (id == 0 || id == -1));
}

static void
confirm_facts(const struct transaction *t, const struct pkimessage *m, struct facts *facts)
{
	struct cert_status first = { .cert_req_id = 0 };
	size_t count = 0;

	facts->fits = cert_confirm_check(m->body_contents, &count, &first, NULL) && (count == 0 || id_was_given(t, first.cert_req_id));
	facts->rejecting = count == 0 || (first.has_status && first.status.status == STATUS_REJECTION);
}

static struct facts
request_facts(struct gateway *g, const struct transaction *t, const struct message *m, enum event e, enum slot same)
{
	const struct pkimessage *meaning = message_meaning(m);
	struct facts facts = facts_of(g, t);

	facts.nonce_fits = was_sent(t, &meaning->header) || was_sent(t, &m->view.header);
	if (e == EVENT_CONFIRM)
		confirm_facts(t, meaning, &facts);
	if (e == EVENT_SAME) {
		facts.reply_stored = t->slots[same].reply != NULL;
		facts.same_is_current = t->submission != 0 && t->current == same;
	}
	return facts;
}

// Let x wait for the answer; whoever waited is told last, since its driver may
// deliver the next message at once. Answers the handle of x, which may be gone by then.
static uint64_t
wait_instead(struct gateway *g, struct transaction *t, struct exchange *x)
{
	struct exchange *old = waiter_of(g, t);
	uint64_t handle = x->handle;

	t->waiter = handle;
	x->transaction = t->handle;
	if (old != NULL)
		reply_refusal(g, old, REFUSE_TRY_AGAIN, "the same message came again; the answer goes there");
	return handle;
}

static void
keep_mailbox(struct transaction *t, struct exchange *x, struct span return_label)
{
	if (!x->mailbox || return_label.len > RETURN_LABEL_MAX)
		return;
	t->mailbox = x->listener;
	t->return_label_len = (uint8_t)return_label.len;
	if (return_label.len > 0)
		memcpy(t->return_label, return_label.data, return_label.len);
}

static struct gate_upstream *
upstream_of(struct gateway *g, const struct settings_route *r)
{
	return upstream_find(g, g->settings->upstreams[r->upstream].name);
}

// The label that goes with a submission: what the device's link said, and what the message implies.
static struct label
label_for(const struct exchange *x, const struct message *m)
{
	struct label label = x->label;
	const char *operation = pkimessage_operation(message_meaning(m));

	snprintf(label.implied, sizeof(label.implied), "%s", operation != NULL ? operation : "");
	return label;
}

// Send the request up; on failure the row is as it was, and the exchange is refused.
static uint64_t
ask(struct gateway *g, struct transaction *t, struct exchange *x, const struct decision *d, enum event e, const struct settings_route *r)
{
	struct gate_upstream *u = upstream_of(g, r);
	struct label label = label_for(x, x->request);
	struct fault f = { .set = false };
	bool fresh = t->state == STATE_NEW;
	char text[400];

	if (u == NULL || !submission_send(g, t, slot_for(e), u, &label, x->request->octets, &f)) {
		fault_set(&f, FAIL_SYSTEM_UNAVAIL, "", "the upstream is being closed");
		reply_refusal(g, x, REFUSE_BUSY, fault_text(&f, text, sizeof(text)));
		if (fresh)
			table_remove(g, t);
		return 0;
	}
	slot_fill(t, slot_for(e), x->request);
	t->waiter = x->handle;
	x->transaction = t->handle;
	set_state(g, t, d);
	return x->handle;
}

static struct blob *
held_reply(const struct transaction *t)
{
	return t->slots[t->held].reply;
}

// Which body a stored reply carries; for names of files only.
static enum body
body_of(struct blob *octets)
{
	struct pkimessage m;

	return pkimessage_parse(&m, blob_span(octets), NULL, NULL) ? m.body : BODY_COUNT;
}

static void
reply_stored(struct gateway *g, struct transaction *t, struct exchange *x, struct blob *octets)
{
	if (octets == NULL) {
		reply_refusal(g, x, REFUSE_UNAVAILABLE, "the answer is not kept any more; begin a new transaction");
		return;
	}
	t->fetched = true;
	reply_blob(g, x, octets, body_of(octets));
}

// Carry out what was decided for a request; answers the handle of the exchange while it waits.
static uint64_t
act_on_request(struct gateway *g, struct transaction *t, struct exchange *x, enum event e, enum slot same,
	const struct facts *facts, const struct settings_route *r)
{
	struct decision d = decide(facts, e);
	bool fresh = t->state == STATE_NEW;

	if (e == EVENT_CONFIRM && d.submit)
		t->rejecting = facts->rejecting;
	if (d.submit)
		return ask(g, t, x, &d, e, r);
	if (d.wait) {
		set_state(g, t, &d);
		return wait_instead(g, t, x);
	}
	if (d.answer_stored)
		reply_stored(g, t, x, t->slots[same].reply);
	else if (d.answer_held)
		reply_stored(g, t, x, held_reply(t));
	else if (d.error)
		reply_failure(g, x, d.failure, d.text);
	else
		reply_refusal(g, x, d.refuse ? d.reason : REFUSE_INTERNAL, d.text);
	if (fresh)
		table_remove(g, t);
	else
		set_state(g, t, &d);
	return 0;
}

// The route of a first message; NULL when the exchange was answered.
static const struct settings_route *
choose(struct gateway *g, struct exchange *x)
{
	struct claims c = { x->listener->name, &x->peer, &x->label, x->request };
	const struct settings_route *r = route_choose(g->settings, &c, NULL, NULL);
	char text[128];

	if (r == NULL) {
		snprintf(text, sizeof(text), "no route of this gateway takes %s from listener %s",
			body_name(message_meaning(x->request)->body), x->listener->name);
		reply_failure(g, x, FAIL_NOT_AUTHORIZED, text);
		return NULL;
	}
	if (r->target == TARGET_REJECT) {
		reply_failure(g, x, r->reject_status, r->reject_text != NULL ? r->reject_text : "this gateway does not pass such requests on");
		return NULL;
	}
	return r;
}

static uint64_t
begin(struct gateway *g, struct exchange *x, enum event e, struct span return_label)
{
	const struct pkimessage *m = message_meaning(x->request);
	const struct settings_route *r = choose(g, x);

	if (r == NULL)
		return 0;
	struct transaction *t = table_insert(g, x->request->view.header.transaction_id);
	if (t == NULL) {
		reply_refusal(g, x, REFUSE_BUSY, "as many transactions as limits.transactions allows are under way");
		return 0;
	}
	snprintf(t->route, sizeof(t->route), "%s", r->name);
	snprintf(t->source, sizeof(t->source), "%s", x->peer.text);
	keep_mailbox(t, x, return_label);
	if (e == EVENT_FIRST)
		t->first_body = m->body;
	struct facts facts = request_facts(g, t, x->request, e, SLOT_COUNT);
	return act_on_request(g, t, x, e, SLOT_COUNT, &facts, r);
}

static uint64_t
go_on(struct gateway *g, struct transaction *t, struct exchange *x, enum event e, struct span return_label)
{
	const struct settings_route *r = route_named(g->settings, t->route);
	struct span nonce = x->request->view.header.sender_nonce;

	if (r == NULL || r->target != TARGET_UPSTREAM) {
		reply_refusal(g, x, REFUSE_UNAVAILABLE, "the route this transaction began on is gone from the configuration");
		return 0;
	}
	if (e != EVENT_FIRST && nonce_is(&t->slots[SLOT_FIRST].sender_nonce, nonce)) {
		reply_failure(g, x, FAIL_BAD_SENDER_NONCE, "senderNonce was used before in this transaction; each message needs a fresh one");
		return 0;
	}
	if (t->mailbox == NULL)
		keep_mailbox(t, x, return_label);
	struct facts facts = request_facts(g, t, x->request, e, SLOT_COUNT);
	return act_on_request(g, t, x, e, SLOT_COUNT, &facts, r);
}

uint64_t
serve_request(struct gateway *g, struct exchange *x, struct span return_label)
{
	const struct pkiheader *h = &x->request->view.header;
	struct transaction *t = h->has_transaction_id ? table_find(g, h->transaction_id) : NULL;
	enum slot same = t != NULL ? slot_of(t, x->request) : SLOT_COUNT;
	struct verdict v;
	uint64_t answer;

	if (same != SLOT_COUNT) {
		struct facts facts = request_facts(g, t, x->request, EVENT_SAME, same);
		answer = act_on_request(g, t, x, EVENT_SAME, same, &facts, NULL);
	} else if (!inspect_request(x->request, &v)) {
		reply_error(g, x, &v);
		answer = 0;
	} else {
		enum event e = event_of(x->request);
		answer = t == NULL ? begin(g, x, e, return_label) : go_on(g, t, x, e, return_label);
	}
	serve_arm(g);
	return answer;
}

uint64_t
serve_ticket(struct gateway *g, struct exchange *x, uint64_t ticket)
{
	struct transaction *t = handle_find(&g->transactions, ticket);
	struct blob *reply = t != NULL ? t->slots[t->current].reply : NULL;

	if (reply != NULL) {
		reply_stored(g, t, x, reply);
		return 0;
	}
	if (t == NULL || t->submission == 0) {
		reply_refusal(g, x, REFUSE_NOT_FOUND, "nothing is kept under this reference; send the request again");
		return 0;
	}
	uint64_t handle = wait_instead(g, t, x);
	serve_arm(g);
	return handle;
}

// ---- answers

static struct asked
asked_of(const struct gateway *g, const struct transaction *t, enum slot slot)
{
	const struct settings_route *r = route_named(g->settings, t->route);
	const struct nonce *n = &t->slots[slot].sender_nonce, *first = &t->slots[SLOT_FIRST].sender_nonce;
	struct asked a = {
		.body = slot == SLOT_CONFIRM ? BODY_CERTCONF : slot == SLOT_POLL ? BODY_POLLREQ : t->first_body,
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
take_reply(struct transaction *t, enum slot slot, const struct message *answer, const struct relayed *judged)
{
	blob_unref(t->slots[slot].reply);
	t->slots[slot].reply = blob_ref(answer->octets);
	remember_sent(t, answer->view.header.sender_nonce);
	if (answer->inner != NULL)
		remember_sent(t, answer->inner->header.sender_nonce);
	t->held = slot;
	t->held_waiting = judged->event == EVENT_WAITING || judged->event == EVENT_POLLREP;
	t->polled = t->polled || t->held_waiting || slot == SLOT_POLL;
	if (judged->id_count > 0) {
		memcpy(t->ids, judged->ids, sizeof(t->ids));
		t->id_count = (uint8_t)judged->id_count;
	}
}

static void
give_answer(struct gateway *g, struct transaction *t, struct exchange *x, const struct message *answer)
{
	struct fault f = { .set = false };
	char text[400];

	if (x != NULL) {
		reply_blob(g, x, answer->octets, answer->view.body);
		return;
	}
	const struct driver *d = t->mailbox->driver;
	if (!d->listener_post(t->mailbox->driver_state, span_of(t->return_label, t->return_label_len), answer->octets,
	    body_name(answer->view.body), &f))
		log_event(LOG_ERROR_, "mailbox", NULL, "%s", fault_text(&f, text, sizeof(text)));
}

// Carry out what was decided for an upstream's answer or its failure.
static void
act_on_outcome(struct gateway *g, struct transaction *t, enum slot slot, const struct message *answer, const struct relayed *judged,
	const struct decision *d, const char *text)
{
	struct exchange *x = waiter_of(g, t);

	if (d->store_reply && answer != NULL)
		take_reply(t, slot, answer, judged);
	else if (!d->store_reply)
		slot_empty(t, slot);
	if (d->drop_waiter)
		t->waiter = 0;
	// The row is settled before the driver is called: it may deliver the next message at once.
	bool post = d->answer && answer != NULL && (x != NULL || t->mailbox != NULL);
	t->fetched = t->fetched || post;
	set_state(g, t, d);
	if (post)
		give_answer(g, t, x, answer);
	else if (d->refuse && x != NULL)
		reply_refusal(g, x, d->reason, text);
}

// Silence and a server that says it is ill: unavailable. Nonsense: a bad upstream.
static enum refusal
reason_of(const struct outcome *o)
{
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

void
serve_outcome(struct gateway *g, struct submission *s, const struct outcome *o)
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
	if (o->kind == OUTCOME_ANSWER && judged.event == EVENT_BAD)
		log_event(LOG_WARN_, "upstream", NULL, "%s: what came is not the answer: %s", upstream, fault_text(&f, detail, sizeof(detail)));
	if (f.set)
		snprintf(text, sizeof(text), "upstream %s: %s", upstream, fault_text(&f, detail, sizeof(detail)));
	t->submission = 0;
	submission_end(g, s);
	struct facts facts = facts_of(g, t);
	facts.need_conf = judged.need_conf;
	facts.has_certificate = judged.has_certificate;
	facts.reason = o->kind == OUTCOME_ANSWER ? REFUSE_BAD_UPSTREAM : reason_of(o);
	struct decision d = decide(&facts, judged.event);
	if (answer != NULL)
		log_answer(t, upstream, answer, &d, judged.event);
	act_on_outcome(g, t, slot, answer, &judged, &d, text);
	message_unref(answer);
	serve_arm(g);
}

// ---- time, and peers that leave

void
serve_gone(struct gateway *g, struct exchange *x)
{
	struct transaction *t = handle_find(&g->transactions, x->transaction);

	if (t != NULL && t->waiter == x->handle) {
		struct facts facts = facts_of(g, t);
		struct decision d = decide(&facts, EVENT_GONE);
		t->waiter = 0;
		set_state(g, t, &d);
	}
	exchange_close(g, x);
}

void
serve_turn_out(struct gateway *g, struct exchange *x)
{
	struct transaction *t = handle_find(&g->transactions, x->transaction);

	if (t != NULL && t->waiter == x->handle)
		t->waiter = 0;
	reply_refusal(g, x, REFUSE_TRY_AGAIN, "the gateway is closing");
}

static void
out_of_patience(struct gateway *g, struct exchange *x)
{
	struct transaction *t = handle_find(&g->transactions, x->transaction);

	if (t == NULL || t->waiter != x->handle) {
		reply_refusal(g, x, REFUSE_TIMEOUT, "no answer in time");
		return;
	}
	struct facts facts = facts_of(g, t);
	struct decision d = decide(&facts, EVENT_PATIENCE);
	struct reply later = { .kind = REPLY_LATER, .seconds = TICKET_SECONDS, .ticket = t->handle };
	t->waiter = 0;
	set_state(g, t, &d);
	if (d.later)
		exchange_reply(g, x, &later);
	else
		reply_refusal(g, x, d.refuse ? d.reason : REFUSE_TIMEOUT, d.text);
}

static void
row_due(struct gateway *g, struct transaction *t)
{
	struct facts facts = facts_of(g, t);
	struct exchange *x = waiter_of(g, t);
	struct decision d = decide(&facts, t->in_closed ? EVENT_FORGET : EVENT_EXPIRE);

	if (d.drop_waiter)
		t->waiter = 0;
	if (d.next != STATE_CLOSED) {	// nothing may be due for ever
		d.next = STATE_CLOSED;
		d.outcome = ENDED_EXPIRED;
	}
	set_state(g, t, &d);
	if (d.refuse && x != NULL)
		reply_refusal(g, x, d.reason, d.text);
}

static struct exchange *
first_waiting(const struct gateway *g)
{
	return list_is_empty(&g->waiting) ? NULL : container_of(g->waiting.next, struct exchange, order);
}

static struct transaction *
first_of(const struct list *rows)
{
	return list_is_empty(rows) ? NULL : container_of(rows->next, struct transaction, order);
}

void
serve_due(struct gateway *g)
{
	int64_t now = clock_mono_ms();
	struct exchange *x;
	struct transaction *t;

	while ((x = first_waiting(g)) != NULL && x->deadline_ms <= now)
		out_of_patience(g, x);
	while ((t = first_of(&g->open)) != NULL && t->due_ms <= now)
		row_due(g, t);
	while ((t = first_of(&g->closed)) != NULL && t->due_ms <= now)
		row_due(g, t);
}

static void
earlier(int64_t *due, int64_t candidate)
{
	if (*due == 0 || candidate < *due)
		*due = candidate;
}

static void
on_timer(uv_timer_t *timer)
{
	struct gateway *g = timer->data;

	g->timer_due = 0;
	serve_due(g);
	endpoints_settle(g);
	serve_arm(g);
}

void
serve_arm(struct gateway *g)
{
	int64_t due = 0, now = clock_mono_ms();

	if (!g->timer_open)
		return;
	if (first_waiting(g) != NULL)
		earlier(&due, first_waiting(g)->deadline_ms);
	if (first_of(&g->open) != NULL)
		earlier(&due, first_of(&g->open)->due_ms);
	if (first_of(&g->closed) != NULL)
		earlier(&due, first_of(&g->closed)->due_ms);
	if (g->stopping && g->stop_at > now)	// once it has passed, all is closing by itself
		earlier(&due, g->stop_at);
	// A timer that fires too early re-arms itself: cheaper than one per message.
	if (due == 0 || (g->timer_due != 0 && g->timer_due <= due))
		return;
	g->timer_due = due;
	// Never at once: a timer that is started anew within its own turn keeps the loop from its sockets.
	uv_timer_start(&g->timer, on_timer, due > now ? (uint64_t)(due - now) : 1, 0);
}
