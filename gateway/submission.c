// SPDX-License-Identifier: GPL-3.0-or-later
// submission: hands finished octets to an upstream driver, and finds them again
// when the driver tells the outcome.
#include "base/clock.h"
#include "base/memory.h"
#include "gateway/core.h"
#include "gateway/trace.h"

static struct submission *
open_submission(struct gateway *g, struct transaction *t, enum slot slot, struct gate_upstream *u)
{
	struct submission *s = mem_alloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	s->handle = handle_open(&g->submissions, s);
	if (s->handle == 0) {
		mem_free(s);
		return NULL;
	}
	s->transaction = t->handle;
	s->slot = slot;
	s->upstream = u;
	u->submissions++;
	return s;
}

void
submission_end(struct gateway *g, struct submission *s)
{
	handle_close(&g->submissions, s->handle);
	s->upstream->submissions--;
	mem_free(s);
}

bool
submission_send(struct gateway *g, struct transaction *t, enum slot slot, struct gate_upstream *u, const struct label *label,
	struct blob *octets, struct fault *f)
{
	struct submission *s = open_submission(g, t, slot, u);

	if (s == NULL)
		return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
	if (!u->driver->upstream_submit(u->driver_state, s->handle, t->handle, label, octets, clock_mono_ms() + u->as->timeout, f)) {
		submission_end(g, s);
		return false;
	}
	trace_submission(s, octets);
	t->submission = s->handle;
	t->upstream = u;
	return true;
}
