// SPDX-License-Identifier: GPL-3.0-or-later
// net: what the ends of a bench share: connections over one epoll, HTTP and raw
// TCP framing, a server and a load generator, each as thin as it can be.
// Whatever cannot be done ends the program.
#ifndef CMPGATE_TESTS_BENCH_NET_H
#define CMPGATE_TESTS_BENCH_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NET_ROOM = 72000 };	// octets of a whole message with its head

struct conn {
	int fd;
	size_t have, want;	// octets read; octets of the whole message, 0 = not known
	uint8_t *in;		// NET_ROOM octets
	uint64_t number;	// of the request under way
	bool asking;		// an answer is awaited
	void *data;		// of the program
};

// What was done, and what went wrong; printed by net_report().
extern uint64_t net_exchanges, net_bad;

int64_t net_now_ms(void);
void net_die(const char *what);
// As many descriptors as the system allows.
void net_allow_descriptors(void);
// A socket of this type to a port of the loopback interface, not blocking.
int net_connect(int port, int type);
struct conn *net_conn_new(int fd);
void net_conn_free(struct conn *c);	// and closes
void net_watch(int epoll, int fd, void *data);
// Read what is there; false when the connection has ended.
bool net_read_more(struct conn *c);
// Write both parts in one call; a short write counts as bad.
void net_send(int fd, const uint8_t *head, size_t head_len, const uint8_t *content, size_t content_len);

// Tell whether the message is whole: HTTP with Content-Length, raw TCP with version 10.
bool net_http_whole(struct conn *c);
bool net_tcp_whole(struct conn *c);
// Content of a whole HTTP message; NULL when there is none.
const uint8_t *net_http_content(const struct conn *c, size_t *len);
// The head of POST requests to come, by the length of the content.
size_t net_http_head(char out[400], const char *path, size_t content_len);
// Answer with 200 and this content.
void net_http_respond(struct conn *c, const uint8_t *content, size_t len);

// Serve on a free port of the loopback interface, which is printed ("port N"), for ever.
void net_serve(bool (*whole)(struct conn *c), void (*respond)(struct conn *c));

// A load: connections that each have one request under way.
struct net_load {
	int port, connections;
	double seconds;
	bool (*whole)(struct conn *c);
	// Send the next request on a connection; false when there is none (any more).
	bool (*ask)(struct conn *c);
	// Judge a whole answer: true when it is the one that belongs to the request.
	bool (*judge)(struct conn *c);
	// Tell whether a connection may stop here; NULL: after every answer.
	bool (*may_stop)(struct conn *c);
};
// Ask for that long, or until nothing is left to be asked; then wait for what is under way.
void net_load(const struct net_load *l);
// "N exchanges, N bad".
void net_report(void);

#endif
