// SPDX-License-Identifier: GPL-3.0-or-later
// serve: the coordinator. It gathers the facts, asks decide(), and carries out
// what was decided for a request; outcome.c does so for answers. No other file
// changes a transaction. Routes that verify take the way of step.c in between.
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "codec/confirm.h"
#include "gateway/core.h"
#include "gateway/inspect.h"
#include "gateway/route.h"

enum { TICKET_SECONDS = 10 };	// when a peer that polls by its transport shall ask again

static const struct fault_context no_context;

// The log names the route of an exchange that is refused.
static void
note_route(struct exchange *x, const char *route)
{
	snprintf(x->route, sizeof(x->route), "%s", route);
}

// ---- facts

enum event
serve_event(const struct message *m)
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
	// With a hashAlg of its own (pvno 3) only the CA can compare.
	facts->other_hash = t->verified && t->cert_hash_len > 0 && count > 0 && !first.has_hash_alg
		&& !span_equal(first.hash, span_of(t->cert_hash, t->cert_hash_len));
}

struct facts
serve_facts(struct gateway *g, const struct transaction *t, const struct message *m, enum event e, enum slot same)
{
	const struct pkimessage *meaning = message_meaning(m);
	struct facts facts = row_facts(g, t);

	facts.nonce_fits = row_was_sent(t, &meaning->header) || row_was_sent(t, &m->view.header);
	if (e == EVENT_CONFIRM)
		confirm_facts(t, meaning, &facts);
	if (e == EVENT_SAME) {
		facts.reply_stored = t->slots[same].reply != NULL;
		// While the answer is being verified or protected it is still under way.
		facts.same_is_current = (t->submission != 0 || t->step != 0) && t->current == same;
	}
	return facts;
}

// ---- acting on a request

// Let x wait for the answer; whoever waited is told last, since its driver may
// deliver the next message at once.
static void
wait_instead(struct gateway *g, struct transaction *t, struct exchange *x)
{
	struct exchange *old = row_waiter(g, t);

	t->waiter = x->handle;
	x->transaction = t->handle;
	if (old != NULL)
		reply_refusal(g, old, REFUSE_TRY_AGAIN, "the same message came again; the answer goes there");
}

void
serve_mailbox(struct transaction *t, struct gate_listener *l, struct span return_label)
{
	if (return_label.len > RETURN_LABEL_MAX)
		return;
	t->mailbox = l;
	t->return_label_len = (uint8_t)return_label.len;
	if (return_label.len > 0)
		memcpy(t->return_label, return_label.data, return_label.len);
}

struct label
serve_label(const struct label *of_peer, const struct message *m)
{
	struct label label = *of_peer;
	const char *operation = pkimessage_operation(message_meaning(m));

	snprintf(label.implied, sizeof(label.implied), "%s", operation != NULL ? operation : "");
	return label;
}

// Send the request up; on failure the row is as it was, and the exchange is refused.
static void
ask(struct gateway *g, struct transaction *t, const struct asking *a, const struct decision *d, enum event e)
{
	struct gate_upstream *u = row_upstream(g, a->route);
	struct fault f = { .set = false };
	bool fresh = t->state == STATE_NEW;
	uint64_t handle = a->x != NULL ? a->x->handle : 0;
	char text[400];

	if (u == NULL || !submission_send(g, t, slot_for(e), u, &a->label, a->octets != NULL ? a->octets : a->request->octets, &f)) {
		fault_set(&f, FAIL_SYSTEM_UNAVAIL, "", "the upstream is being closed");
		if (a->x != NULL)
			reply_refusal(g, a->x, REFUSE_BUSY, fault_text(&f, text, sizeof(text)));
		if (fresh && t->verified && e == EVENT_FIRST)
			step_undo(g, &t->identity, span_of(t->id, t->id_len), a->request->view.whole);
		if (fresh)
			table_remove(g, t);
		return;
	}
	row_fill(t, slot_for(e), a->request);
	t->waiter = handle;
	if (a->x != NULL)
		a->x->transaction = t->handle;
	row_set(g, t, d);
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
	if (t->adopted)
		outcome_give_again(g, t, x, octets);
	else
		reply_blob(g, x, octets, body_of(octets));
}

// Everything but submitting and waiting ends the exchange here.
static void
tell(struct gateway *g, struct transaction *t, const struct asking *a, enum slot same, const struct decision *d)
{
	struct fault_context c = { .route = a->route, .who = a->who };

	if (a->x == NULL)
		return;
	if (d->answer_stored)
		reply_stored(g, t, a->x, t->slots[same].reply);
	else if (d->answer_held)
		reply_stored(g, t, a->x, t->slots[t->held].reply);
	else if (d->error)
		reply_failure(g, a->x, d->failure, d->text, &c);
	else
		reply_refusal(g, a->x, d->refuse ? d->reason : REFUSE_INTERNAL, d->text);
}

void
serve_act(struct gateway *g, struct transaction *t, const struct asking *a, enum event e, enum slot same, const struct facts *facts)
{
	struct decision d = decide(facts, e);
	bool fresh = t->state == STATE_NEW;
	uint64_t row = t->handle;

	if (a->x != NULL)
		note_route(a->x, t->route);
	if (e == EVENT_CONFIRM && d.submit)
		t->rejecting = facts->rejecting;
	if (d.submit) {
		ask(g, t, a, &d, e);
		return;
	}
	if (d.wait && a->x != NULL) {
		row_set(g, t, &d);
		wait_instead(g, t, a->x);
		return;
	}
	// The row first: what is told may bring the next message at once.
	if (!fresh)
		row_set(g, t, &d);
	tell(g, t, a, same, &d);
	t = handle_find(&g->transactions, row);
	if (t != NULL && fresh)
		table_remove(g, t);
	else if (t != NULL && d.own != OWN_NONE && !reprotect_confirm(g, t, d.own == OWN_ACCEPT, d.text))
		log_event(LOG_ERROR_, "transaction", NULL, "no certConf of our own could be sent");
}

// ---- requests

const struct settings_route *
serve_route(struct gateway *g, struct exchange *x)
{
	struct claims c = { x->listener->name, &x->peer, &x->label, x->request };
	const struct settings_route *r = route_choose(g->settings, &c, NULL, NULL);
	struct fault_context context = { .route = r };
	char text[128];

	if (r == NULL) {
		snprintf(text, sizeof(text), "no route of this gateway takes %s from listener %s",
			body_name(message_meaning(x->request)->body), x->listener->name);
		reply_failure(g, x, FAIL_NOT_AUTHORIZED, text, &no_context);
		return NULL;
	}
	note_route(x, r->name);
	if (r->target == TARGET_REJECT) {
		reply_failure(g, x, r->reject_status, r->reject_text != NULL ? r->reject_text : "this gateway does not pass such requests on", &context);
		return NULL;
	}
	return r;
}

struct transaction *
serve_row(struct gateway *g, const struct message *m, const struct settings_route *r, const struct peer *peer)
{
	struct transaction *t = table_insert(g, m->view.header.transaction_id, peer);

	if (t == NULL)
		return NULL;
	snprintf(t->route, sizeof(t->route), "%s", r->name);
	snprintf(t->source, sizeof(t->source), "%s", peer->text);
	if (serve_event(m) == EVENT_FIRST)
		t->first_body = message_meaning(m)->body;
	return t;
}

static struct asking
asking_of(struct exchange *x, const struct settings_route *r)
{
	return (struct asking){ .x = x, .request = x->request, .label = serve_label(&x->label, x->request), .route = r };
}

static void
begin(struct gateway *g, struct exchange *x, enum event e, struct span return_label)
{
	const struct settings_route *r = serve_route(g, x);
	struct verdict v;

	if (r == NULL)
		return;
	if (route_verifies(r) || x->adopted) {
		step_request(g, x, NULL, e, r, return_label);
		return;
	}
	if (!inspect_members(x->request, r->accept, &v)) {
		reply_fault(g, x, &v, &(struct fault_context){ .route = r });
		return;
	}
	struct transaction *t = serve_row(g, x->request, r, &x->peer);
	if (t == NULL) {
		reply_refusal(g, x, REFUSE_BUSY, "as many transactions as limits.transactions allows are under way");
		return;
	}
	if (x->mailbox)
		serve_mailbox(t, x->listener, return_label);
	struct facts facts = serve_facts(g, t, x->request, e, SLOT_COUNT);
	struct asking a = asking_of(x, r);
	serve_act(g, t, &a, e, SLOT_COUNT, &facts);
}

static void
go_on(struct gateway *g, struct transaction *t, struct exchange *x, enum event e, struct span return_label)
{
	const struct settings_route *r = route_named(g->settings, t->route);
	struct span nonce = x->request->view.header.sender_nonce;
	struct fault_context context = { .route = r };

	note_route(x, t->route);
	if (r == NULL || r->target == TARGET_REJECT) {
		reply_refusal(g, x, REFUSE_UNAVAILABLE, "the route this transaction began on is gone from the configuration");
		return;
	}
	if (e != EVENT_FIRST && nonce_is(&t->slots[SLOT_FIRST].sender_nonce, nonce)) {
		reply_failure(g, x, FAIL_BAD_SENDER_NONCE, "senderNonce was used before in this transaction; each message needs a fresh one", &context);
		return;
	}
	if (t->verified || route_verifies(r)) {
		step_request(g, x, t, e, r, return_label);
		return;
	}
	struct facts facts = serve_facts(g, t, x->request, e, SLOT_COUNT);
	// A message of a stranger does not say where the answers go.
	if (e != EVENT_FIRST && facts.nonce_fits && t->mailbox == NULL && x->mailbox)
		serve_mailbox(t, x->listener, return_label);
	struct asking a = asking_of(x, r);
	serve_act(g, t, &a, e, SLOT_COUNT, &facts);
}

static const struct settings_route *
route_of(const struct gateway *g, const struct exchange *x, const struct transaction *t)
{
	const struct claims c = { x->listener->name, &x->peer, &x->label, x->request };

	return t != NULL ? route_named(g->settings, t->route) : route_choose(g->settings, &c, NULL, NULL);
}

// Form, by the profile and by what the route tolerates. A fault needs no key;
// the route may still give it a voice.
static bool
inspect(struct gateway *g, struct exchange *x, const struct transaction *t)
{
	const struct settings_route *r = inspect_asks_route(x->request) ? route_of(g, x, t) : NULL;
	struct verdict v;

	if (inspect_request_on(x->request, r != NULL ? r->accept : 0, &v))
		return true;
	struct fault_context context = { .route = route_of(g, x, t) };
	reply_fault(g, x, &v, &context);
	return false;
}

uint64_t
serve_request(struct gateway *g, struct exchange *x, struct span return_label)
{
	const struct pkiheader *h = &x->request->view.header;
	struct transaction *t = h->has_transaction_id ? table_find(g, h->transaction_id) : NULL;
	// A PKCS#10 request names its transaction; the message around it is ours, and another each time.
	enum slot same = t == NULL ? SLOT_COUNT : t->adopted && x->adopted ? SLOT_FIRST : row_slot(t, x->request);
	uint64_t handle = x->handle;

	if (same != SLOT_COUNT) {
		struct facts facts = serve_facts(g, t, x->request, EVENT_SAME, same);
		struct asking a = asking_of(x, route_named(g->settings, t->route));
		a.who = t->verified ? &t->identity : NULL;	// the octets are those that were verified
		serve_act(g, t, &a, EVENT_SAME, same, &facts);
	} else if (inspect(g, x, t) && (t != NULL || !step_join(g, x))) {
		enum event e = serve_event(x->request);
		if (t == NULL)
			begin(g, x, e, return_label);
		else
			go_on(g, t, x, e, return_label);
	}
	serve_arm(g);
	// Who was refused may wait as well: until the refusal is signed, or for its tick.
	return handle_find(&g->exchanges, handle) != NULL ? handle : 0;
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
	if (t == NULL || (t->submission == 0 && t->step == 0)) {
		reply_refusal(g, x, REFUSE_NOT_FOUND, "nothing is kept under this reference; send the request again");
		return 0;
	}
	uint64_t handle = x->handle;
	wait_instead(g, t, x);
	serve_arm(g);
	return handle_find(&g->exchanges, handle) != NULL ? handle : 0;
}

// ---- time, and peers that leave

void
serve_gone(struct gateway *g, struct exchange *x)
{
	struct transaction *t = handle_find(&g->transactions, x->transaction);

	if (t != NULL && t->waiter == x->handle) {
		struct facts facts = row_facts(g, t);
		struct decision d = decide(&facts, EVENT_GONE);
		t->waiter = 0;
		row_set(g, t, &d);
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
	struct facts facts = row_facts(g, t);
	struct decision d = decide(&facts, EVENT_PATIENCE);
	struct reply later = { .kind = REPLY_LATER, .seconds = TICKET_SECONDS, .ticket = t->handle };
	t->waiter = 0;
	row_set(g, t, &d);
	if (d.later)
		exchange_reply(g, x, &later);
	else
		reply_refusal(g, x, d.refuse ? d.reason : REFUSE_TIMEOUT, d.text);
}

static void
row_due(struct gateway *g, struct transaction *t)
{
	struct facts facts = row_facts(g, t);
	struct exchange *x = row_waiter(g, t);
	struct decision d = decide(&facts, t->in_closed ? EVENT_FORGET : EVENT_EXPIRE);

	if (d.drop_waiter)
		t->waiter = 0;
	if (d.next != STATE_CLOSED) {	// nothing may be due for ever
		d.next = STATE_CLOSED;
		d.outcome = ENDED_EXPIRED;
	}
	if (!t->in_closed)
		step_release_secret(g, t);
	row_set(g, t, &d);
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

	reply_due(g, now);
	while ((x = first_waiting(g)) != NULL && x->deadline_ms <= now)
		out_of_patience(g, x);
	while ((t = first_of(&g->open)) != NULL && t->due_ms <= now)
		row_due(g, t);
	while ((t = first_of(&g->closed)) != NULL && t->due_ms <= now)
		row_due(g, t);
	audit_flush(&g->audit, now, false);
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
	if (!list_is_empty(&g->delayed))
		earlier(&due, container_of(g->delayed.next, struct exchange, delayed)->release_ms);
	if (first_of(&g->open) != NULL)
		earlier(&due, first_of(&g->open)->due_ms);
	if (first_of(&g->closed) != NULL)
		earlier(&due, first_of(&g->closed)->due_ms);
	if (g->audit.merged_count > 0)
		earlier(&due, g->audit.merged[0].first_ms + AUDIT_MERGE_MS);
	if (g->stopping && g->stop_at > now)	// once it has passed, all is closing by itself
		earlier(&due, g->stop_at);
	// A timer that fires too early re-arms itself: cheaper than one per message.
	if (due == 0 || (g->timer_due != 0 && g->timer_due <= due))
		return;
	g->timer_due = due;
	// Never at once: a timer that is started anew within its own turn keeps the loop from its sockets.
	uv_timer_start(&g->timer, on_timer, due > now ? (uint64_t)(due - now) : 1, 0);
}

void
serve_soon(struct gateway *g)
{
	if (!g->timer_open)
		return;
	g->timer_due = clock_mono_ms() + 1;
	uv_timer_start(&g->timer, on_timer, 1, 0);
}
