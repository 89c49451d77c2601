// SPDX-License-Identifier: GPL-3.0-or-later
// table: the rows of the transactions. In memory: what is lost with the process
// is found again by the CA, since certConf and pollReq of unknown
// transactions are passed on.
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "gateway/core.h"

struct transaction *
table_find(struct gateway *g, struct span id)
{
	struct map_node *node = map_find(&g->by_id, id);

	return node != NULL ? container_of(node, struct transaction, by_id) : NULL;
}

void
table_remove(struct gateway *g, struct transaction *t)
{
	if (t->upstream != NULL && t->upstream->driver->upstream_forget != NULL)
		t->upstream->driver->upstream_forget(t->upstream->driver_state, t->handle);
	map_remove(&g->by_id, &t->by_id);
	handle_close(&g->transactions, t->handle);
	if (list_is_linked(&t->order)) {
		list_remove(&t->order);
		*(t->in_closed ? &g->closed_count : &g->open_count) -= 1;
	}
	for (size_t i = 0; i < SLOT_COUNT; i++) {
		blob_unref(t->slots[i].request);
		blob_unref(t->slots[i].reply);
	}
	blob_unref(t->chain);
	blob_unref(t->own_answer);
	mem_free(t);
}

// A row nobody waits for and the upstream is not busy with. A kept answer that
// was never fetched stays: its device would lose a certificate.
static bool
may_be_evicted(const struct transaction *t)
{
	return t->submission == 0 && t->waiter == 0 && t->mailbox == NULL
		&& (t->state == STATE_CONFIRM_DUE || t->state == STATE_UPWAIT || t->state == STATE_CONFIRMING
			|| (t->state == STATE_READY && t->fetched));
}

// Devices that went silent after their certificate must not keep others out:
// on routes that only forward, the CA answers their certConf without our row.
static bool
evict_one(struct gateway *g)
{
	for (struct list *n = g->open.next; n != &g->open; n = n->next) {
		struct transaction *t = container_of(n, struct transaction, order);
		if (may_be_evicted(t)) {
			log_event(LOG_DEBUG_, "transaction", NULL, "the oldest idle transaction makes room for a new one");
			table_remove(g, t);
			return true;
		}
	}
	return false;
}

// Into the list of its state, in order of the due times: a reload may have shortened those of the newer ones.
static void
enlist(struct gateway *g, struct transaction *t, int64_t due_ms)
{
	struct list *head = t->state == STATE_CLOSED ? &g->closed : &g->open, *at = head;

	t->due_ms = due_ms;
	t->in_closed = t->state == STATE_CLOSED;
	while (at->prev != head && container_of(at->prev, struct transaction, order)->due_ms > due_ms)
		at = at->prev;
	list_append(at, &t->order);
	*(t->in_closed ? &g->closed_count : &g->open_count) += 1;
}

struct transaction *
table_insert(struct gateway *g, struct span id)
{
	if (g->open_count >= (size_t)g->settings->limits.transactions && !evict_one(g))
		return NULL;
	struct transaction *t = mem_alloc(sizeof(*t));
	if (t == NULL)
		return NULL;
	t->id_len = (uint8_t)id.len;
	memcpy(t->id, id.data, id.len);
	t->by_id.key = span_of(t->id, id.len);
	t->first_body = BODY_COUNT;
	t->state = STATE_NEW;
	t->handle = handle_open(&g->transactions, t);
	if (t->handle == 0 || !map_insert(&g->by_id, &t->by_id)) {
		handle_close(&g->transactions, t->handle);
		mem_free(t);
		return NULL;
	}
	enlist(g, t, clock_mono_ms() + g->settings->limits.transaction_timeout);
	return t;
}

void
table_schedule(struct gateway *g, struct transaction *t, int64_t due_ms)
{
	list_remove(&t->order);
	*(t->in_closed ? &g->closed_count : &g->open_count) -= 1;
	enlist(g, t, due_ms);
	while (g->closed_count > CLOSED_MAX)
		table_remove(g, container_of(g->closed.next, struct transaction, order));
}

bool
table_make_room(struct gateway *g, size_t octets)
{
	size_t budget = (size_t)g->settings->limits.bytes_in_flight;

	// Ended transactions may hold at most three quarters, so that new ones find room at once.
	while (!list_is_empty(&g->closed) && blob_bytes() + octets > budget / 4 * 3)
		table_remove(g, container_of(g->closed.next, struct transaction, order));
	return blob_bytes() + octets <= budget;
}

void
nonce_set(struct nonce *n, struct span octets)
{
	n->len = (uint8_t)(octets.len <= CAP_NONCE ? octets.len : 0);
	if (n->len > 0)
		memcpy(n->octets, octets.data, n->len);
}

bool
nonce_is(const struct nonce *n, struct span octets)
{
	return n->len > 0 && span_equal(span_of(n->octets, n->len), octets);
}
