// SPDX-License-Identifier: GPL-3.0-or-later
// lookup: the addresses of a host. What is an address needs no look-up; a name is
// looked up in a thread of its own, one at a time for each name, so that a name
// server that is silent holds up its own names only, and nobody waits for the
// thread: not the loop, not another name, not the end of the program.
#ifndef CMPGATE_TRANSPORTS_LOOKUP_H
#define CMPGATE_TRANSPORTS_LOOKUP_H

#include <netinet/in.h>
#include <uv.h>

#include "base/list.h"

enum {
	LOOKUP_ADDRESSES = 8,	// of one name, the first ones
	LOOKUP_THREADS = 16	// under way at a time; more names than that fail at once
};

struct addresses {
	size_t count;
	struct sockaddr_storage list[LOOKUP_ADDRESSES];	// without ports
};

// Who waits for a name; begins as zeros.
struct lookup_wait {
	struct list order;
	struct lookup *lookup;		// NULL: waits for nothing
	// From the loop, once. found: NULL with the reason in text; borrowed.
	void (*done)(void *owner, const struct addresses *found, const char *text);
	void *owner;
};

// Fill out for an IPv4 or IPv6 address (with %zone), or localhost; false for names.
bool lookup_literal(struct addresses *out, const char *host);
// Look a name up; w->done comes from the loop. False when it cannot be begun (the reason in *text).
bool lookup_begin(struct lookup_wait *w, uv_loop_t *loop, const char *host, const char **text);
// Wait no more; nothing when w does not wait.
void lookup_leave(struct lookup_wait *w);
void address_set_port(struct sockaddr_storage *a, unsigned port);

#endif
