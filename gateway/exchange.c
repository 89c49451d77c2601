// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/clock.h"
#include "base/memory.h"
#include "gateway/core.h"
#include "gateway/trace.h"

// In order of the deadlines: a reload may have shortened the patience of the newer ones.
static void
await(struct gateway *g, struct exchange *x)
{
	struct list *at = &g->waiting;

	while (at->prev != &g->waiting && container_of(at->prev, struct exchange, order)->deadline_ms > x->deadline_ms)
		at = at->prev;
	list_append(at, &x->order);
}

static struct exchange *
make(struct gateway *g, struct gate_listener *l, const struct peer *peer, const struct label *label)
{
	struct exchange *x = mem_alloc(sizeof(*x));

	if (x == NULL)
		return NULL;
	x->handle = handle_open(&g->exchanges, x);
	if (x->handle == 0) {
		mem_free(x);
		return NULL;
	}
	x->listener = l;
	x->peer = *peer;
	if (label != NULL)
		x->label = *label;
	x->arrived_ms = clock_mono_ms();
	l->exchanges++;
	return x;
}

struct exchange *
exchange_open(struct gateway *g, struct gate_listener *l, uint64_t token, const struct peer *peer, const struct label *label)
{
	struct exchange *x = make(g, l, peer, label);

	if (x == NULL)
		return NULL;
	x->token = token;
	x->mailbox = (l->driver->abilities & DRIVER_MAILBOX) != 0;
	x->deadline_ms = x->arrived_ms + g->settings->limits.exchange_timeout;
	if (!x->mailbox)
		await(g, x);
	return x;
}

struct exchange *
exchange_open_slot(struct gateway *g, struct exchange *parent, unsigned slot)
{
	struct exchange *x = make(g, parent->listener, &parent->peer, &parent->label);

	if (x == NULL)
		return NULL;
	x->parent = parent->handle;
	x->slot = slot;
	// The parent waits a little longer, so that it can answer with what its slots were told.
	x->deadline_ms = parent->mailbox ? x->arrived_ms + g->settings->limits.exchange_timeout : parent->deadline_ms - SLOT_MARGIN_MS;
	await(g, x);
	return x;
}

void
exchange_close(struct gateway *g, struct exchange *x)
{
	if (x->step != 0)
		step_forget(g, x->step, x->handle);
	if (x->batch != NULL)
		batch_close(g, x);
	handle_close(&g->exchanges, x->handle);
	list_remove(&x->order);
	list_remove(&x->delayed);
	blob_unref(x->held);
	x->listener->exchanges--;
	message_unref(x->request);
	mem_free(x);
}

void
exchange_reply(struct gateway *g, struct exchange *x, const struct reply *reply)
{
	struct gate_listener *l = x->listener;
	uint64_t token = x->token;

	if (x->parent != 0) {
		batch_fill(g, x, reply);	// closes it
		return;
	}
	trace_reply(x, reply);
	exchange_close(g, x);
	l->driver->listener_respond(l->driver_state, token, reply);
}
