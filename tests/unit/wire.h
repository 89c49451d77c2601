// SPDX-License-Identifier: GPL-3.0-or-later
// wire: the other end of a driver's TCP connections, by hand: sockets on the
// loop of the driver under test, and a core that keeps what it is given. One
// loop per process.
#ifndef CMPGATE_TESTS_WIRE_H
#define CMPGATE_TESTS_WIRE_H

#include "base/buffer.h"
#include "transports/driver.h"

extern uv_loop_t wire_loop;

// ---- the core

enum { CORE_OUTCOMES = 64, CORE_TEXT = 128 };

struct core_outcome {
	uint64_t submission;
	enum outcome_kind kind;
	bool timeout, garbled;
	int status;
	size_t octets;			// of an answer
	char text[CORE_TEXT];
};

struct wire_core {
	int delivered, resumed, gone, quiet;
	uint64_t token, ticket, last_gone;	// of the last request
	struct peer peer;
	struct label label;
	size_t octets;			// of the last message
	uint8_t return_label[128];
	size_t return_label_len;
	int outcome_count;
	struct core_outcome outcomes[CORE_OUTCOMES];
	int refused;			// times that the driver counted "http.refused" or "tcp.framing"
};
extern struct wire_core core;
extern struct driver_core wire_driver_core;	// what a driver is opened with

// ---- connections of the test

struct wire {
	int fd;
	uv_poll_t poll;
	struct buffer in;		// all that came
	bool open, ended;		// ended: the driver closed its side, or the connection
};

// Set the loop and the core up, and take them down: all wires must be closed.
void wire_begin(void);
void wire_end(void);
// Run the loop until something holds; fails when the same wait takes more than
// 10 s. The time of the loop's timers passes faster than that of the machine.
void wire_wait_begins(void);
void wire_turn(void);
#define UNTIL(condition) do { wire_wait_begins(); while (!(condition)) wire_turn(); } while (0)
// Run what is due without waiting, some rounds of it.
void wire_settle(void);
// Let the timers of the loop go on for so long, and do all that happens meanwhile.
void wire_pass(int64_t ms);

// Connect from this address of loopback (127.0.0.1 ...) to 127.0.0.1.
void wire_connect(struct wire *w, const char *from, unsigned port);
void wire_send(struct wire *w, const void *octets, size_t len);
void wire_text(struct wire *w, const char *text);
// Wait until all that was sent stands in the driver's socket, and let it read.
void wire_arrive(const struct wire *w);
void wire_close(struct wire *w);
// Tell whether this text stands in what came.
bool wire_has(const struct wire *w, const char *text);

// A server of the test: connections of the driver end up in `wires`, in order.
enum { SERVER_WIRES = 16 };
struct wire_server {
	int fd;
	unsigned port;
	uv_poll_t poll;
	struct wire wires[SERVER_WIRES];
	int count;
};
void wire_serve(struct wire_server *s);
void wire_server_close(struct wire_server *s);
// A socket that listens on loopback, for a driver to adopt; its port.
int wire_bound_socket(unsigned *port);
// For the `closed` of a driver's close: sets the bool behind context.
void wire_closed(void *context);

#endif
