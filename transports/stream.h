// SPDX-License-Identifier: GPL-3.0-or-later
// stream: a connected byte stream, octets in and octets out, as http and tcp see
// it. Today the octets go to a TCP socket as they are; a TLS filter slides in
// between the two marked places of stream.c without a change for the owners.
// Also: listening sockets with caps that hold for all stream drivers together.
#ifndef CMPGATE_TRANSPORTS_STREAM_H
#define CMPGATE_TRANSPORTS_STREAM_H

#include "base/list.h"
#include "transports/driver.h"

struct stream;

// What happens to a stream; owner is what stream_adopt() or stream_connect() was given.
struct stream_events {
	// A connection of ours stands; NULL for accepted streams.
	void (*opened)(void *owner);
	// Octets came, borrowed for the call. The owner may close the stream inside.
	void (*read)(void *owner, struct span octets);
	// Nothing more will come. well: the peer closed its side in order and may
	// still read; else the connection is broken, or never stood (text says why).
	void (*ended)(void *owner, bool well, const char *text);
	// All octets have left; may be NULL.
	void (*drained)(void *owner);
	// The time of stream_deadline() has come.
	void (*expired)(void *owner);
};

// Take over an accepted stream: events begin with the next turn of the loop.
void stream_adopt(struct stream *s, const struct stream_events *events, void *owner);
// Connect to a host (name or address) and port; never blocks. Events go to
// owner, the outcome by opened or ended, never from inside. NULL without memory.
struct stream *stream_connect(uv_loop_t *loop, const char *host, unsigned port, const struct stream_events *events, void *owner);
// Send all parts, in order; what the socket does not take at once is copied.
// False when more than STREAM_PENDING_MAX octets would wait: then nothing was taken.
bool stream_write(struct stream *s, const struct span *parts, size_t count);
#define STREAM_PENDING_MAX (4 * 1024 * 1024 + 65536)	// the largest limits.max_answer, with its head
// Octets that have not left yet.
size_t stream_pending(const struct stream *s);
// Let no more octets come, or let them come again.
void stream_pause(struct stream *s, bool paused);
// Ask for expired() at this time of clock_mono_ms(), or within a quarter second after it; 0 = no more.
void stream_deadline(struct stream *s, int64_t at_ms);
// An accepted stream that waits for its next request may be asked to go before
// its time, by expired(), when the limits on connections leave no place for a
// new one: the stream that has waited longest goes first. False: never.
void stream_idle(struct stream *s, bool idle);
// End it at once; no event follows. The memory goes by itself.
void stream_close(struct stream *s);
// End it when everything written has left (at most for `ms`); no event follows.
void stream_finish(struct stream *s, int64_t ms);
// Fill text, source and loopback of a peer.
void stream_peer(const struct stream *s, struct peer *out);

// ---- Places: connections that drivers accept for themselves count under the same
// limits of the process and of their source as accepted streams do.
struct stream_place {
	struct list idle;		// linked while it may be asked to go
	struct source *source;		// NULL: has no place
	void (*evict)(void *owner);
	void *owner;
};
// Take a place for a connection of this peer; at a limit the idle one that has waited
// longest is evicted: evict(owner) ends it. False when all are at work. p begins as zeros, but for evict and owner.
bool stream_place_take(struct stream_place *p, const struct peer *peer, const struct transport_limits *limits);
// It waits for its next request, from now on, or is at work.
void stream_place_idle(struct stream_place *p, bool idle);
void stream_place_leave(struct stream_place *p);

struct stream_listener;
// Accept from bound, listening descriptors, which become the listener's even when
// this fails. Each stream goes to accepted(), which adopts or closes it. Caps on
// connections are those of limits, counted over the whole process; at a cap an
// idle stream makes place, and the new one is closed where there is none.
struct stream_listener *stream_listen(uv_loop_t *loop, const int *descriptors, size_t count, const struct transport_limits *limits,
	void (*accepted)(void *context, struct stream *s), void *context, struct fault *f);
// Write "host:port" of the i-th descriptor; false when there is none.
bool stream_listener_address(const struct stream_listener *l, size_t i, char *out, size_t size);
// Accept no more.
void stream_listener_drain(struct stream_listener *l);
// Free it; closed(context) is called from the loop.
void stream_listener_close(struct stream_listener *l, void (*closed)(void *context), void *context);

// Text of a socket address: "10.7.1.20:829", "[::1]:829"; IPv4 within IPv6 is shown as IPv4.
void stream_address_text(const struct sockaddr *a, char *out, size_t size);
// The same without the port, as limits and routes know it.
void stream_address_source(const struct sockaddr *a, char *out, size_t size, bool *loopback);

#endif
