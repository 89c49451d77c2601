// SPDX-License-Identifier: GPL-3.0-or-later
// What must hold of a gateway, as far as it can be seen from outside and in its tables.
#include "codec/response.h"
#include "gateway/policy.h"
#include "tests/fuzz/gate.h"
#include "tests/fuzz/plant.h"

enum { SLACK = 1 << 20 };	// octets beyond the budget that are at work

// ---- who protected it

static bool
is_there(const struct gate_route *r)
{
	return !r->missing[gate_active];
}

static bool
somebody_trusted(const struct pkimessage *m, const struct gate_route *r, bool by_secret)
{
	const struct kit_signer *who;
	enum plant_protector p = plant_protector(m, &who);
	bool believed = p == PLANT_SIGNER ? strstr(r->row, "trust: plant") != NULL : p == PLANT_SECRET && by_secret && strstr(r->row, "secrets: field") != NULL;

	return believed && plant_is_trusted(who, gate_time_known);
}

// Is this, all of it, a message that the gateway had to believe?
static bool
is_genuine(const struct gate_message *m, const struct gate_route *r)
{
	if (m->has_inner && !somebody_trusted(&m->inner, r, true))
		return false;
	return somebody_trusted(&m->view, r, !m->has_inner);	// an envelope is signed
}

static bool
is_by_ra(const struct pkimessage *m)
{
	const struct kit_signer *who;

	return plant_protector(m, &who) == PLANT_RA && span_equal(m->header.sender, plant_ra_name());
}

// ---- what an upstream gets

static bool
same_id(const struct pkimessage *a, const struct pkimessage *b)
{
	return a->header.has_transaction_id && b->header.has_transaction_id && span_equal(a->header.transaction_id, b->header.transaction_id);
}

// A transaction stays on the route that it began on, wherever its later messages come in.
static bool
may_take(const struct gate_route *r, const struct gate_sent *s)
{
	enum request_class c = request_class(gate_meaning(&s->m)->body);

	return &gate_routes[s->listener] == r || c == CLASS_CONFIRM || c == CLASS_POLL;
}

// Who began a transaction protects all of it.
static bool
is_by_who_began(const struct gate_sent *s)
{
	const struct pkiheader *h = &gate_meaning(&s->m)->header;
	const struct transaction *t = h->has_transaction_id ? table_find(gate, h->transaction_id) : NULL;
	const struct kit_signer *began, *now;
	struct gate_message first;

	if (t == NULL || !t->verified || t->adopted || t->slots[SLOT_FIRST].request == NULL)
		return true;
	must(gate_message_read(&first, blob_span(t->slots[SLOT_FIRST].request)));
	bool same = plant_protector(gate_meaning(&first), &began) == plant_protector(gate_meaning(&s->m), &now) && began == now;
	gate_message_clear(&first);
	return same;
}

// The octets as a device sent them, alone or within others; nothing else may pass where protection is kept.
static bool
was_sent(struct span octets, const struct gate_route *r)
{
	for (size_t i = gate_sent_count; i > 0; i--) {
		const struct gate_sent *s = &gate_sent[i - 1];
		if (s->m.readable && may_take(r, s) && span_equal(gate_octets(&s->m), octets))
			return !r->verifies || (is_genuine(&s->m, r) && is_by_who_began(s));
	}
	return false;
}

// A message of the gateway in place of one that a device sent: of the same transaction, with the same body.
static bool
stands_for_sent(const struct pkimessage *m, const struct gate_route *r)
{
	for (size_t i = gate_sent_count; i > 0; i--) {
		const struct gate_sent *s = &gate_sent[i - 1];
		const struct pkimessage *asked = gate_meaning(&s->m);
		if (s->pkcs10 && &gate_routes[s->listener] == r && m->body == BODY_P10CR && span_equal(m->body_contents, gate_octets(&s->m)))
			return true;
		bool becomes_cr = r->changes && asked->body == BODY_P10CR && m->body == BODY_CR;
		if (s->pkcs10 || !s->m.readable || !may_take(r, s) || !same_id(asked, m) || (asked->body != m->body && !becomes_cr))
			continue;
		if ((r->changes || span_equal(asked->body_whole, m->body_whole)) && is_genuine(&s->m, r) && is_by_who_began(s))
			return true;
	}
	return false;
}

// A certConf of its own: of a transaction whose certificate it has to reject, or confirms for a file.
static bool
is_own_confirmation(const struct pkimessage *m)
{
	const struct transaction *t = table_find(gate, m->header.transaction_id);

	return m->body == BODY_CERTCONF && t != NULL && t->self;
}

// For who looks at a finding.
static void
tell_of(const struct gate_message *m)
{
	const struct kit_signer *outside, *inside = NULL;
	enum plant_protector p = plant_protector(&m->view, &outside);

	if (m->has_inner)
		plant_protector(&m->inner, &inside);
	fprintf(stderr, "%s, protected by %s%s%s %s\n", body_name(m->view.body), p == PLANT_RA ? "the gateway" : outside != NULL ? outside->name : "nobody",
		m->has_inner ? ", around " : "", m->has_inner ? body_name(m->inner.body) : "", inside != NULL ? inside->name : "");
}

void
gate_check_upstream(const struct gate_message *m, const struct gate_route *r)
{
	must(m->readable && m->view.header.has_transaction_id);
	if (gate_shows_log)
		tell_of(m);
	if (r->mode == ROUTE_ADD) {
		must(m->has_inner && is_by_ra(&m->view) && same_id(&m->view, &m->inner) && was_sent(m->inner.whole, r));
	} else if (r->mode == ROUTE_REPLACE && is_by_ra(&m->view)) {
		must(stands_for_sent(&m->view, r) || is_own_confirmation(&m->view));
	} else {
		must(was_sent(gate_octets(m), r));
	}
}

// ---- what a device gets

// What a CA said, word for word, if it may be believed there: the device has to verify it itself.
static bool
was_said(const struct gate_message *m, const struct gate_route *r)
{
	const struct kit_signer *who;

	for (size_t i = gate_said_count; i > 0; i--) {
		if (!span_equal(gate_octets(&gate_said[i - 1]), gate_octets(m)))
			continue;
		if (!r->verifies)
			return true;
		enum plant_protector p = plant_protector(&m->view, &who);
		if (p == PLANT_NOBODY && m->view.body == BODY_ERROR)
			return r->lax;
		return (p == PLANT_SIGNER && strcmp(who->name, "ca") == 0) || (p == PLANT_SECRET && plant_is_trusted(who, gate_time_known));
	}
	return false;
}

// Our own voice: the gateway's signature, or the secret that the device used.
static bool
is_our_voice(const struct pkimessage *m, const struct gate_sent *asked)
{
	const struct kit_signer *who, *device;
	enum plant_protector p = plant_protector(m, &who);

	if (p == PLANT_RA)
		return span_equal(m->header.sender, plant_ra_name());
	return p == PLANT_SECRET && (plant_protector(gate_meaning(&asked->m), &device) == PLANT_SECRET || plant_protector(&asked->m.view, &device) == PLANT_SECRET)
		&& strcmp(device->secret, who->secret) == 0;
}

// No certificate for a key that was not asked for, as long as the gateway knows what was.
static void
check_certificate(const struct pkimessage *m)
{
	const struct transaction *t = m->header.has_transaction_id ? table_find(gate, m->header.transaction_id) : NULL;
	struct cert_rep_message reply;
	struct cert_response response;
	struct gate_message first;
	struct public_key wanted;
	struct certificate c;

	if (body_answer(BODY_IR) != m->body && body_answer(BODY_CR) != m->body && body_answer(BODY_KUR) != m->body && body_answer(BODY_CCR) != m->body)
		return;
	if (t == NULL || !t->verified || t->slots[SLOT_FIRST].request == NULL || !cert_rep_message_read(m->body_contents, &reply, NULL)
	    || !cert_response_take(&reply.responses, &response, NULL) || response.pair.certificate.len == 0)
		return;
	must(gate_message_read(&first, blob_span(t->slots[SLOT_FIRST].request)));
	if (requested_key(gate_meaning(&first), &wanted))
		must(certificate_parse(&c, response.pair.certificate, NULL) && span_equal(c.public_key.key, wanted.key));
	gate_message_clear(&first);
}

// A key update, or a request for a key of the CA's, is not protected anew, nor is what
// follows in its transaction. An error may have ended it without a row: then the request tells.
static bool
keeps_protection(const struct pkimessage *m)
{
	const struct transaction *t = m->header.has_transaction_id ? table_find(gate, m->header.transaction_id) : NULL;

	return t != NULL ? t->verified && t->mode == ROUTE_KEEP : m->body == BODY_KUR;
}

// The route that a transaction is pinned to, else that of the listener.
static const struct gate_route *
answering_route(const struct gate_sent *asked)
{
	const struct pkiheader *h = &asked->m.view.header;
	const struct transaction *t = asked->m.readable && h->has_transaction_id ? table_find(gate, h->transaction_id) : NULL;

	return &gate_routes[t != NULL ? gate_route_named(t->route) : asked->listener];
}

// An answer refers to a message of its transaction: that which it answers, or one before it.
static bool
refers_to_sent(const struct pkimessage *m)
{
	for (size_t i = 0; i < gate_sent_count; i++) {
		const struct gate_message *s = &gate_sent[i].m;
		if (!s->readable || !same_id(&s->view, m))
			continue;
		if (span_equal(s->view.header.sender_nonce, m->header.recip_nonce) || span_equal(gate_meaning(s)->header.sender_nonce, m->header.recip_nonce))
			return true;
	}
	return false;
}

void
gate_check_answer(const struct gate_sent *asked, const struct gate_message *m)
{
	const struct gate_route *r = answering_route(asked);

	must(m->readable);
	// What has no transactionID is answered without one.
	if (asked->m.readable && asked->m.view.header.has_transaction_id && m->view.header.has_transaction_id)
		must(same_id(&asked->m.view, &m->view) && refers_to_sent(&m->view));
	if (!r->verifies || !is_there(r))
		return;
	check_certificate(gate_meaning(m));
	if (asked->m.readable && r->speaks)
		must(is_our_voice(&m->view, asked) || ((r->mode != ROUTE_REPLACE || keeps_protection(gate_meaning(&asked->m))) && was_said(m, r)));
}

// ---- looking at the tables

static void
check_row(const struct transaction *t, bool closed)
{
	struct exchange *x = handle_find(&gate->exchanges, t->waiter);
	struct submission *s = handle_find(&gate->submissions, t->submission);

	must(t->in_closed == closed && (t->state == STATE_CLOSED) == closed && (t->share == NULL) == closed);
	must(table_find(gate, span_of(t->id, t->id_len)) == t && handle_find(&gate->transactions, t->handle) == t);
	must(t->submission == 0 || (s != NULL && s->transaction == t->handle));
	must(t->waiter == 0 || x == NULL || x->transaction == t->handle);
	must(t->step == 0 || handle_find(&gate->steps, t->step) != NULL);
}

static size_t
check_rows(const struct list *rows, bool closed)
{
	size_t n = 0;

	for (struct list *i = rows->next; i != rows; i = i->next, n++) {
		const struct transaction *t = container_of(i, struct transaction, order);
		check_row(t, closed);
		must(i->next == rows || t->due_ms <= container_of(i->next, struct transaction, order)->due_ms);
	}
	return n;
}

static size_t
rows_of_shares(void)
{
	size_t n = 0;

	for (struct map_node *i = map_next(&gate->shares, NULL); i != NULL; i = map_next(&gate->shares, i))
		n += container_of(i, struct share, node)->rows;
	return n;
}

// No device has more first requests under way than limits.per_identity, and a secret for one transaction protects one.
static void
check_identities(void)
{
	for (struct list *i = gate->open.next; i != &gate->open; i = i->next) {
		const struct transaction *t = container_of(i, struct transaction, order);
		int64_t same = 0, holders = 0;
		if (!t->verified || t->first_body == BODY_COUNT || t->identity.kind == IDENTITY_NONE)
			continue;
		for (struct list *k = gate->open.next; k != &gate->open; k = k->next) {
			const struct transaction *o = container_of(k, struct transaction, order);
			bool counts = o->verified && o->first_body != BODY_COUNT && identity_same(&t->identity, &o->identity);
			same += counts && o->state == STATE_ASKING;
			holders += counts;
		}
		must(same <= gate->settings->limits.per_identity);
		must(t->identity.kind != IDENTITY_SECRET || strcmp(t->identity.text, "once") != 0 || holders <= 1);
	}
}

static void
check_exchanges(void)
{
	size_t cursor = 0, alone = 0, waiting = 0;
	struct exchange *x;
	uint64_t handle;

	while ((x = handle_next(&gate->exchanges, &cursor, &handle)) != NULL) {
		alone += x->parent == 0;
		must(x->step == 0 || handle_find(&gate->steps, x->step) != NULL);
	}
	for (size_t i = 0; i < gate_sent_count; i++)
		waiting += gate_sent[i].waits;
	must(alone == waiting);
}

void
gate_check(void)
{
	size_t open, closed;

	if (gate_stopped)
		return;
	open = check_rows(&gate->open, false);
	closed = check_rows(&gate->closed, true);
	must(open == gate->open_count && closed == gate->closed_count && open + closed == gate->transactions.count);
	must(gate->by_id.count == open + closed && rows_of_shares() == open && open <= (size_t)gate->settings->limits.transactions);
	must(gate->steps.count == 0 && gate->steps_by_id.count == 0 && gate->submissions.count == gate_up_count);
	must(blob_bytes() <= (size_t)gate->settings->limits.bytes_in_flight + SLACK);
	check_exchanges();
	check_identities();
}
