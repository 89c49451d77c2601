// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/clock.h"
#include "base/memory.h"
#include "gateway/core.h"

// In order of the deadlines: a reload may have shortened the patience of the newer ones.
static void
await(struct gateway *g, struct exchange *x)
{
	struct list *at = &g->waiting;

	while (at->prev != &g->waiting && container_of(at->prev, struct exchange, order)->deadline_ms > x->deadline_ms)
		at = at->prev;
	list_append(at, &x->order);
}

struct exchange *
exchange_open(struct gateway *g, struct gate_listener *l, uint64_t token, const struct peer *peer, const struct label *label)
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
	x->token = token;
	x->peer = *peer;
	if (label != NULL)
		x->label = *label;
	x->mailbox = (l->driver->abilities & DRIVER_MAILBOX) != 0;
	x->deadline_ms = clock_mono_ms() + g->settings->limits.exchange_timeout;
	if (!x->mailbox)
		await(g, x);
	l->exchanges++;
	return x;
}

void
exchange_close(struct gateway *g, struct exchange *x)
{
	handle_close(&g->exchanges, x->handle);
	list_remove(&x->order);
	x->listener->exchanges--;
	message_unref(x->request);
	mem_free(x);
}

void
exchange_reply(struct gateway *g, struct exchange *x, const struct reply *reply)
{
	struct gate_listener *l = x->listener;
	uint64_t token = x->token;

	exchange_close(g, x);
	l->driver->listener_respond(l->driver_state, token, reply);
}
