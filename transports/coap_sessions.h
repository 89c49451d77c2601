// SPDX-License-Identifier: GPL-3.0-or-later
// coap_sessions: which peers the CoAP library keeps a session for, the one that
// was silent longest first. Everything that lasts (uploads, answers) is known by
// the peer's address, so a session that goes takes nothing along but messages
// that were not acknowledged yet. No sockets, no CoAP library.
#ifndef CMPGATE_TRANSPORTS_COAP_SESSIONS_H
#define CMPGATE_TRANSPORTS_COAP_SESSIONS_H

#include <stddef.h>

#include "base/list.h"
#include "transports/stream.h"

struct coap_peer {
	struct list order;
	void *session;		// the library's
	unsigned running;	// exchanges that hold it
	struct stream_place place;	// of a stream, among the connections of the process
	bool released;		// its messages were given up; it goes when the library finds time
};

struct coap_sessions {
	struct list order;	// by the last request
	size_t count;
	size_t released;	// of these, those that are about to go
};

void coap_sessions_init(struct coap_sessions *s);
void coap_sessions_clear(struct coap_sessions *s);
// A session began; NULL without memory.
struct coap_peer *coap_sessions_enter(struct coap_sessions *s, void *session);
// It has ended and leaves its place; p is freed. NULL is allowed.
void coap_sessions_leave(struct coap_sessions *s, struct coap_peer *p);
// A request came. NULL is allowed.
void coap_sessions_touch(struct coap_sessions *s, struct coap_peer *p);
// When more than `limit` will stay: the session that was silent longest and runs no
// exchange. It is marked, and the caller makes it go. NULL when there is none, or no need.
void *coap_sessions_release(struct coap_sessions *s, size_t limit);

#endif
