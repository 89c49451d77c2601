// SPDX-License-Identifier: GPL-3.0-or-later
// gate: a whole gateway within fuzz_gateway. Its message path is the real one;
// drivers, clocks, keys and random octets are played, all of them the same in
// each run. What goes in and comes out is noted, and held against what a
// gateway may do: whatever breaks a promise ends the program.
#ifndef CMPGATE_TESTS_GATE_H
#define CMPGATE_TESTS_GATE_H

#include <stdio.h>
#include <stdlib.h>

#include "base/blob.h"
#include "gateway/core.h"

enum {
	GATE_SENT_MAX = 512,		// messages that devices send in one script, those within others counted
	GATE_ANSWERS_MAX = 96,		// messages that CAs answer with
	GATE_REQUEST_MAX = 64 * 1024, GATE_ANSWER_MAX = 128 * 1024	// octets, as the drivers hold them
};

// What a message is: octets and their view.
struct gate_message {
	uint8_t *octets;
	size_t len;
	struct pkimessage view;		// of the octets
	struct pkimessage inner;	// of a nested message around exactly one other
	bool readable, has_inner;	// as a gateway reads it
};

// What a device sent, or a message within that.
struct gate_sent {
	struct gate_message m;
	unsigned listener;
	bool pkcs10;
	// of what was sent itself
	uint64_t token, exchange;
	bool waits, gone, answered;	// waits: nothing was told yet
	uint64_t ticket;		// to ask again with; 0 = none
	unsigned asking;		// script: by whom, and in which of its transactions
	int dealing;
};
// What an upstream got and has not answered yet.
struct gate_submission { uint64_t handle; struct gate_message m; unsigned listener; };

// A route, with a listener and an upstream of the same name.
struct gate_route {
	const char *name, *scheme, *row;
	enum route_protection mode;
	bool verifies, speaks;		// speaks: what it says for itself is protected
	bool changes;			// of the body
	bool lax;			// an unprotected error of its CA counts
	bool missing[2];		// not in this configuration
};
extern const struct gate_route gate_routes[];
unsigned gate_route_count(void);
// The number of a route by its name; one that is not there ends the program.
unsigned gate_route_named(const char *name);

extern struct gate_sent gate_sent[GATE_SENT_MAX];
extern size_t gate_sent_count;
extern struct gate_submission gate_up[GATE_SENT_MAX];
extern size_t gate_up_count;
extern struct gateway *gate;
extern bool gate_synced, gate_stopped;
extern bool gate_time_known;		// gate_synced, all the time so far
extern bool gate_shows_log;		// GATE_LOG=1: for who looks at a finding
extern unsigned gate_active;		// which configuration
extern struct gate_message gate_said[GATE_ANSWERS_MAX];	// by upstreams
extern size_t gate_said_count;
// Called for each answer that a device gets.
extern void (*gate_heard)(struct gate_sent *asked, const struct gate_message *answer);

// Once, before all others: a folder with the files, and both configurations.
void gate_prepare(void);
// A new gateway, nothing noted; its end, when nothing may be left.
void gate_open(void);
void gate_close(void);
// Another one in its place, as after a restart.
void gate_restart(void);
// Hand octets to a listener (numbers wrap around); NULL when they are too long, or it is closed.
// peer: which of four addresses; the last has none.
struct gate_sent *gate_send(unsigned listener, unsigned peer, struct span octets, bool pkcs10);
// The peer of a message asks with its ticket.
void gate_resume(struct gate_sent *s);
void gate_leave(struct gate_sent *s);
// The n-th of gate_up is answered with octets, or comes to another end; it is none of them any more.
void gate_answer(size_t n, struct span octets);
void gate_fail(size_t n, unsigned how);
void gate_wait(int64_t ms);
void gate_reload(unsigned which);
void gate_stop(int64_t grace_ms);

// ---- what must hold (gate_check.c)
// What goes up, under this route; what a device is told; all tables against each other.
void gate_check_upstream(const struct gate_message *m, const struct gate_route *r);
void gate_check_answer(const struct gate_sent *asked, const struct gate_message *m);
void gate_check(void);
#define must(what) do { if (!(what)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); abort(); } } while (0)

// ---- messages

// Read octets as a gateway does; gate_message_clear() frees. Answers readable.
bool gate_message_read(struct gate_message *m, struct span octets);
void gate_message_clear(struct gate_message *m);
const struct pkimessage *gate_meaning(const struct gate_message *m);
struct span gate_octets(const struct gate_message *m);

#endif
