// SPDX-License-Identifier: GPL-3.0-or-later
// evict: who makes room when the table or the memory is full. Only rows that
// nobody waits for and that no upstream works on may go; those whose loss costs
// least go first, and among them those of the source that holds most.
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "gateway/core.h"

enum { UNFETCHED_MS = 60000 };	// so long a certificate waits for its device, whoever else wants in

// What is lost with a row.
enum loss {
	LOSS_NOTHING,		// the device repeats its message, or polls, and the CA answers it
	LOSS_CHECK,		// its certConf is then passed on without the checks a row makes possible
	LOSS_CERTIFICATE,	// the device must begin anew, or its repeat may get another one
	LOSS_TOO_GREAT
};

// ---- sources

bool
share_join(struct gateway *g, struct transaction *t, const char *source)
{
	struct map_node *node = map_find(&g->shares, span_text(source));
	struct share *s = node != NULL ? container_of(node, struct share, node) : mem_alloc(sizeof(*s));

	if (s == NULL)
		return false;
	if (node == NULL) {
		snprintf(s->source, sizeof(s->source), "%s", source);
		s->node.key = span_text(s->source);
		if (!map_insert(&g->shares, &s->node)) {
			mem_free(s);
			return false;
		}
	}
	s->rows++;
	t->share = s;
	return true;
}

void
share_leave(struct gateway *g, struct transaction *t)
{
	struct share *s = t->share;

	t->share = NULL;
	if (s == NULL || --s->rows > 0)
		return;
	map_remove(&g->shares, &s->node);
	mem_free(s);
}

struct share *
share_of(struct gateway *g, const char *source)
{
	struct map_node *node = map_find(&g->shares, span_text(source));

	return node != NULL ? container_of(node, struct share, node) : NULL;
}

// ---- rows

// A batch, recovered keys, or a row from before a restart: a certificate may be in it.
static bool
may_hold_certificate(const struct transaction *t)
{
	return t->id_count > 0 || t->first_body == BODY_NESTED || t->first_body == BODY_KRR || t->first_body == BODY_COUNT;
}

static enum loss
loss_of(const struct transaction *t, int64_t now)
{
	if (t->submission != 0 || t->step != 0 || t->waiter != 0)
		return LOSS_TOO_GREAT;
	// Where the gateway verifies and speaks for itself, nobody else can go on with it.
	if (t->verified)
		return t->state != STATE_NEW && t->state != STATE_ASKING && now - t->began_ms >= UNFETCHED_MS ? LOSS_CERTIFICATE : LOSS_TOO_GREAT;
	switch (t->state) {
	case STATE_UPWAIT: return LOSS_NOTHING;
	case STATE_CONFIRM_DUE:
	case STATE_CONFIRMING: return LOSS_CHECK;
	case STATE_READY:
		if (t->held_waiting || !may_hold_certificate(t))
			return LOSS_NOTHING;
		if (t->fetched)
			return LOSS_CHECK;
		return now - t->began_ms >= UNFETCHED_MS ? LOSS_CERTIFICATE : LOSS_TOO_GREAT;
	default: return LOSS_TOO_GREAT;
	}
}

static size_t
octets_of(const struct transaction *t)
{
	size_t n = 0;

	for (size_t i = 0; i < SLOT_COUNT; i++)
		n += blob_span(t->slots[i].request).len + blob_span(t->slots[i].reply).len;
	return n;
}

// How much of what is scarce each source holds, in rows that are open.
static void
weigh(struct gateway *g, enum scarce what)
{
	for (struct list *n = g->open.next; n != &g->open; n = n->next)
		container_of(n, struct transaction, order)->share->weight = 0;
	for (struct list *n = g->open.next; n != &g->open; n = n->next) {
		struct transaction *t = container_of(n, struct transaction, order);
		t->share->weight += what == SCARCE_ROWS ? 1 : octets_of(t);
	}
}

bool
evict_one(struct gateway *g, enum scarce what, const struct share *only)
{
	int64_t now = clock_mono_ms();
	struct transaction *victim = NULL;
	enum loss least = LOSS_TOO_GREAT;

	weigh(g, what);
	for (struct list *n = g->open.next; n != &g->open; n = n->next) {
		struct transaction *t = container_of(n, struct transaction, order);
		enum loss loss = loss_of(t, now);
		if (loss == LOSS_TOO_GREAT || (only != NULL && t->share != only) || (what == SCARCE_OCTETS && octets_of(t) == 0))
			continue;
		// The list is in order of the due times: of equals the first is the oldest.
		if (loss < least || (loss == least && t->share->weight > victim->share->weight)) {
			victim = t;
			least = loss;
		}
	}
	if (victim == NULL)
		return false;
	struct log_field fields[] = { { "peer", victim->source }, { "route", victim->route }, { "state", state_name(victim->state) }, { NULL, NULL } };
	log_event(least == LOSS_CERTIFICATE ? LOG_WARN_ : LOG_DEBUG_, "transaction", fields, "%s",
		least == LOSS_CERTIFICATE ? "the table is full: a transaction makes room whose certificate was not fetched or confirmed in time" : "an idle transaction makes room");
	// Its device can only begin anew, and needs its secret for that.
	step_release_secret(g, victim);
	table_remove(g, victim);
	return true;
}
