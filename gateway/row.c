// SPDX-License-Identifier: GPL-3.0-or-later
// row: what is read off a transaction and written to it; nothing is decided here.
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "gateway/core.h"

struct exchange *
row_waiter(struct gateway *g, const struct transaction *t)
{
	return handle_find(&g->exchanges, t->waiter);
}

void
row_remember_sent(struct transaction *t, struct span nonce)
{
	if (nonce.len == 0 || nonce.len > CAP_NONCE)
		return;
	memmove(t->sent + 1, t->sent, sizeof(t->sent) - sizeof(t->sent[0]));
	nonce_set(&t->sent[0], nonce);
}

bool
row_was_sent(const struct transaction *t, const struct pkiheader *h)
{
	bool any = false;

	for (size_t i = 0; i < sizeof(t->sent) / sizeof(t->sent[0]); i++) {
		any = any || t->sent[i].len > 0;
		if (h->has_recip_nonce && nonce_is(&t->sent[i], h->recip_nonce))
			return true;
	}
	return !any;	// from before a restart: nothing is known, the CA judges
}

void
row_fill(struct transaction *t, enum slot slot, const struct message *m)
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

void
row_empty(struct transaction *t, enum slot slot)
{
	blob_unref(t->slots[slot].request);
	blob_unref(t->slots[slot].reply);
	t->slots[slot].request = t->slots[slot].reply = NULL;
	t->slots[slot].sender_nonce.len = 0;
}

enum slot
row_slot(const struct transaction *t, const struct message *m)
{
	for (enum slot s = SLOT_FIRST; s < SLOT_COUNT; s++)
		if (t->slots[s].request != NULL && span_equal(blob_span(t->slots[s].request), m->view.whole))
			return s;
	return SLOT_COUNT;
}

const char *
row_id_text(const struct transaction *t, char out[2 * CAP_TRANSACTION_ID + 1])
{
	out[0] = '\0';
	for (size_t i = 0; i < t->id_len; i++)
		snprintf(out + 2 * i, 3, "%02x", t->id[i]);
	return out;
}

struct gate_upstream *
row_upstream(struct gateway *g, const struct settings_route *r)
{
	return upstream_find(g, g->settings->upstreams[r->upstream].name);
}

// Repeats are answered from the slots; what the CA's answers were judged with is over.
static void
release(struct transaction *t)
{
	blob_unref(t->chain);
	blob_unref(t->own_answer);
	t->chain = t->own_answer = NULL;
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
		{ "sender", t->verified ? t->identity.text : NULL }, { "subject", t->issued.set ? t->issued.subject : NULL },
		{ "serial", t->issued.set ? t->issued.serial : NULL }, { "transactionID", row_id_text(t, id) }, { NULL, NULL }
	};
	log_event(LOG_INFO_, "transaction", fields, "%s: %s", kind, outcome_name(t->outcome));
}

void
row_alarm(struct gateway *g, const struct transaction *t, const char *text)
{
	struct log_field fields[] = { { "peer", t->source }, { "route", t->route }, { NULL, NULL } };
	struct audit_event e = {
		.event = "alarm.raised", .result = "alarm", .route = t->route, .peer = t->source, .transaction_id = span_of(t->id, t->id_len),
		.sender = t->verified ? t->identity.text : NULL, .certificate = &t->issued, .reason = text, .failure = FAIL_NONE, .ms = -1,
	};

	log_event(LOG_WARN_, "transaction", fields, "%s", text);
	audit_note(&g->audit, &e);
}

void
row_set(struct gateway *g, struct transaction *t, const struct decision *d)
{
	bool ended = d->next == STATE_CLOSED && t->state != STATE_CLOSED;
	// A held answer that was fetched once is not lost with its row.
	bool expected = t->state == STATE_READY && t->fetched;

	t->state = d->next;
	t->outcome = d->outcome;
	if (d->own != OWN_NONE) {
		t->self = true;
		t->own_rejects = d->own == OWN_REJECT;
	}
	if (d->alarm != NULL && !expected)
		row_alarm(g, t, d->alarm);
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
		release(t);
		table_schedule(g, t, clock_mono_ms() + g->settings->limits.forget);
	} else if (d->start_confirm) {
		table_schedule(g, t, clock_mono_ms() + g->settings->limits.transaction_timeout);
	}
}

struct facts
row_facts(struct gateway *g, const struct transaction *t)
{
	const struct exchange *x = row_waiter(g, t);

	return (struct facts){
		.state = t->state, .outcome = t->outcome, .under_way = t->submission != 0 || t->step != 0, .polled = t->polled,
		.held_waiting = t->held_waiting, .live = x != NULL, .mailbox = t->mailbox != NULL, .rejecting = t->rejecting,
		.can_poll = x != NULL && x->parent == 0 && (x->listener->driver->abilities & DRIVER_CAN_POLL) != 0,
		.client = t->verified && t->mode == ROUTE_REPLACE, .self = t->self, .self_rejects = t->own_rejects, .adopts = t->adopted,
	};
}
