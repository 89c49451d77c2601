// SPDX-License-Identifier: GPL-3.0-or-later
// table: the rows of the transactions. In memory: what is lost with the process
// is found again by the CA, since certConf and pollReq of unknown
// transactions are passed on.
#include "base/clock.h"
#include "base/memory.h"
#include "gateway/core.h"
#include "gateway/route.h"

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
	share_leave(g, t);
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

// One address may hold half of the table. Not so the own machine, drop folders
// and what limits.rate_exempt names: many devices stand behind them.
static size_t
share_limit(const struct gateway *g, const struct peer *peer)
{
	size_t all = (size_t)g->settings->limits.transactions;

	if (peer->loopback || peer->source[0] == '\0' || address_within(peer->source, &g->settings->limits.rate_exempt))
		return all;
	return all > 1 ? all / 2 : 1;
}

static bool
has_room(struct gateway *g, const struct peer *peer)
{
	const struct share *own = share_of(g, peer->source);

	if (own != NULL && own->rows >= share_limit(g, peer))
		return evict_one(g, SCARCE_ROWS, own);
	return g->open_count < (size_t)g->settings->limits.transactions || evict_one(g, SCARCE_ROWS, NULL);
}

// Into the tables of the gateway, or into none.
static bool
enter(struct gateway *g, struct transaction *t, const struct peer *peer)
{
	t->handle = handle_open(&g->transactions, t);
	if (t->handle != 0 && map_insert(&g->by_id, &t->by_id)) {
		if (share_join(g, t, peer->source))
			return true;
		map_remove(&g->by_id, &t->by_id);
	}
	handle_close(&g->transactions, t->handle);
	return false;
}

struct transaction *
table_insert(struct gateway *g, struct span id, const struct peer *peer)
{
	if (!has_room(g, peer))
		return NULL;
	struct transaction *t = mem_alloc(sizeof(*t));
	if (t == NULL)
		return NULL;
	t->id_len = (uint8_t)id.len;
	memcpy(t->id, id.data, id.len);
	t->by_id.key = span_of(t->id, id.len);
	t->first_body = BODY_COUNT;
	t->state = STATE_NEW;
	t->began_ms = clock_mono_ms();
	if (!enter(g, t, peer)) {
		mem_free(t);
		return NULL;
	}
	enlist(g, t, t->began_ms + g->settings->limits.transaction_timeout);
	return t;
}

void
table_schedule(struct gateway *g, struct transaction *t, int64_t due_ms)
{
	list_remove(&t->order);
	*(t->in_closed ? &g->closed_count : &g->open_count) -= 1;
	enlist(g, t, due_ms);
	if (t->in_closed)
		share_leave(g, t);
	while (g->closed_count > CLOSED_MAX)
		table_remove(g, container_of(g->closed.next, struct transaction, order));
}

// Thousands of ended transactions are kept: each weighs as much as its messages.
static size_t
octets_kept(const struct gateway *g)
{
	return blob_bytes() + g->closed_count * sizeof(struct transaction);
}

bool
table_make_room(struct gateway *g, size_t octets)
{
	size_t budget = (size_t)g->settings->limits.bytes_in_flight;

	// Ended transactions may hold at most three quarters, so that new ones find room at once.
	while (!list_is_empty(&g->closed) && octets_kept(g) + octets > budget / 4 * 3)
		table_remove(g, container_of(g->closed.next, struct transaction, order));
	while (blob_bytes() + octets > budget && evict_one(g, SCARCE_OCTETS, NULL))
		;
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
