// SPDX-License-Identifier: GPL-3.0-or-later
// fetch: what workers want to know about revocation is fetched by the loop, and
// opened by a worker. Equal wants of many steps are one errand. Private to gateway/.
#ifndef CMPGATE_GATEWAY_FETCH_H
#define CMPGATE_GATEWAY_FETCH_H

#include "gateway/core.h"
#include "pki/wants.h"

enum {
	ERRANDS_MAX = 1024,		// that wait or run; what is wanted beyond them counts as not known
	ERRANDS_AT_ONCE = 16,		// that run: so many connections
	ERRAND_ANSWER_MAX = 65536,	// octets of an OCSP answer
	FETCH_ROUNDS_MAX = 3		// of one step: a responder, a distribution point in its place, and the same for what came to light then
};

// Take over all wants; nothing is begun yet. Those that are needed call step_fetched()
// with this handle when they are had or given up; answers how many will. step 0: none does.
unsigned fetch_wants(struct gateway *g, uint64_t step, struct wants *wants);
// Begin what waits and may run.
void fetch_start(struct gateway *g);
// The gateway ends, and waits for nothing any more.
bool fetch_is_over(const struct gateway *g);
// End what is not in the hands of a worker; who waits is told that it is late.
void fetch_stop(struct gateway *g);

#endif
