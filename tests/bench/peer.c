// SPDX-License-Identifier: GPL-3.0-or-later
// peer: the other ends of the benches, each as thin as it can be:
//   peer upstream SIZE                       HTTP server that answers genm with genp
//   peer echo-tcp SIZE                       raw TCP server, version 10 framing
//   peer load-http PORT PATH SIZE CONNS SECONDS
//   peer load-tcp  PORT SIZE CONNS SECONDS
//   peer load-coap PORT SIZE SOCKETS SECONDS (Block1 and Block2 of 1024, lock-step per socket)
//   peer load-coap-echo ...                  the same against a server whose answers are only octets
//   peer idle-coap PORT SIZE COUNT           COUNT peers send one message each
//   peer hold-http PORT PATH SIZE CONNS SECONDS  one exchange on each connection, then "held" and silence
// Servers print "port N"; loads print "N exchanges, N bad".
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/net.h"
#include "tests/bench/sample.h"

enum { EVENTS = 256 };

static struct sample request, answer;
static uint64_t numbers;
static bool only_octets;	// of an answer, its length is all that can be checked

// ---- HTTP and raw TCP

static void
send_http_answer(struct conn *c)
{
	size_t len = 0;
	const uint8_t *content = net_http_content(c, &len);

	if (content == NULL || !sample_answer(&answer, content, len, &request))
		net_bad++;
	net_http_respond(c, answer.octets, answer.len);
}

static void
put_frame(uint8_t head[7], size_t len, uint8_t type)
{
	uint32_t n = htonl((uint32_t)len + 3);

	memcpy(head, &n, 4);
	head[4] = 10;
	head[5] = 0;
	head[6] = type;
}

static void
send_tcp_answer(struct conn *c)
{
	uint8_t head[7];

	put_frame(head, answer.len, 5);
	if (!sample_answer(&answer, c->in + 7, c->have - 7, &request))
		net_bad++;
	net_send(c->fd, head, 7, answer.octets, answer.len);
}

static char http_head[400];
static size_t http_head_len;

static bool
send_http_request(struct conn *c)
{
	c->number = ++numbers;
	sample_number(&request, c->number);
	net_send(c->fd, (uint8_t *)http_head, http_head_len, request.octets, request.len);
	return true;
}

static bool
send_tcp_request(struct conn *c)
{
	uint8_t head[7];

	c->number = ++numbers;
	sample_number(&request, c->number);
	put_frame(head, request.len, 0);
	net_send(c->fd, head, 7, request.octets, request.len);
	return true;
}

// Tell whether the message in c->in ends with the answer to the last request:
// a refusal, or the answer to somebody else, must not count as work done.
static bool
answered(struct conn *c)
{
	return c->have == c->want && c->have > answer.len && sample_answers(&answer, c->in + c->have - answer.len, answer.len, c->number);
}

static void
load_http(int port, int connections, double seconds)
{
	const struct net_load l = { .port = port, .connections = connections, .seconds = seconds, .whole = net_http_whole,
		.ask = send_http_request, .judge = answered };

	net_load(&l);
}

static void
load_tcp(int port, int connections, double seconds)
{
	const struct net_load l = { .port = port, .connections = connections, .seconds = seconds, .whole = net_tcp_whole,
		.ask = send_tcp_request, .judge = answered };

	net_load(&l);
}

// One exchange on each of many connections, which then stay open.
static void
hold_http(int port, int conns, int seconds)
{
	struct timespec t = { .tv_sec = seconds };

	for (int i = 0; i < conns; i++) {
		struct conn *c = net_conn_new(net_connect(port, SOCK_STREAM));
		fcntl(c->fd, F_SETFL, 0);
		send_http_request(c);
		while (!net_http_whole(c))
			if (!net_read_more(c))
				net_die("hold-http");
		if (!answered(c)) {
			fputs("peer: hold-http: a bad answer\n", stderr);
			exit(1);
		}
		net_exchanges++;
	}
	printf("held\n");
	fflush(stdout);
	nanosleep(&t, NULL);
}

// ---- CoAP: just enough of RFC 7252 and RFC 7959 for a lock-step client

#define BLOCK 1024

struct coap {
	uint16_t mid;
	size_t offset;		// of the next Block1 block
	uint32_t next_block2;
	size_t got;
	int64_t sent_at;
};

static struct conn *
new_coap_peer(int port, uint16_t mid)
{
	struct conn *c = net_conn_new(net_connect(port, SOCK_DGRAM));
	struct coap *o = calloc(1, sizeof(*o));

	if (o == NULL)
		net_die("memory");
	o->mid = mid;
	c->data = o;
	return c;
}

static size_t
put_option(uint8_t *at, unsigned *last, unsigned number, const void *value, size_t len)
{
	unsigned delta = number - *last;
	size_t n = 0;

	*last = number;
	at[n++] = (uint8_t)((delta < 13 ? delta : delta < 269 ? 13 : 14) << 4 | (len < 13 ? len : 13));
	if (delta >= 269) {
		at[n++] = (uint8_t)((delta - 269) >> 8);
		at[n++] = (uint8_t)(delta - 269);
	} else if (delta >= 13) {
		at[n++] = (uint8_t)(delta - 13);
	}
	if (len >= 13)
		at[n++] = (uint8_t)(len - 13);
	memcpy(at + n, value, len);
	return n + len;
}

static size_t
put_block(uint8_t *at, unsigned *last, unsigned number, uint32_t num, bool more)
{
	uint32_t v = num << 4 | (more ? 8u : 0u) | 6u;
	uint8_t octets[3] = { (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };
	size_t skip = v > 0xFFFF ? 0 : v > 0xFF ? 1 : 2;

	return put_option(at, last, number, octets + skip, 3 - skip);
}

// Send the next datagram of this exchange: a Block1 block, or the request for a Block2 block.
static void
send_coap(struct conn *c)
{
	struct coap *o = c->data;
	uint8_t out[BLOCK + 200];
	unsigned last = 0;
	size_t n = 4;

	o->mid++;
	out[0] = 0x44;	// version 1, CON, token of 4 octets
	out[1] = 2;	// POST
	out[2] = (uint8_t)(o->mid >> 8);
	out[3] = (uint8_t)o->mid;
	memcpy(out + n, &c->number, 4);
	n += 4;
	n += put_option(out + n, &last, 11, ".well-known", 11);
	n += put_option(out + n, &last, 11, "cmp", 3);
	n += put_option(out + n, &last, 12, "\x01\x03", 2);
	if (o->next_block2 > 0) {
		n += put_block(out + n, &last, 23, o->next_block2, false);
	} else {
		size_t left = request.len - o->offset, take = left < BLOCK ? left : BLOCK;
		uint8_t size1[2] = { (uint8_t)(request.len >> 8), (uint8_t)request.len };
		if (request.len > BLOCK)
			n += put_block(out + n, &last, 27, (uint32_t)(o->offset / BLOCK), left > BLOCK);
		if (request.len > BLOCK)
			n += put_option(out + n, &last, 60, size1, 2);
		out[n++] = 0xFF;
		sample_number(&request, c->number);
		memcpy(out + n, request.octets + o->offset, take);
		n += take;
	}
	o->sent_at = net_now_ms();
	if (send(c->fd, out, n, 0) != (ssize_t)n)
		net_bad++;
}

static void
start_coap(struct conn *c)
{
	struct coap *o = c->data;

	c->number = ++numbers;
	o->offset = o->got = 0;
	o->next_block2 = 0;
	send_coap(c);
}

// Find the value of a Block2 option and the payload length; false when malformed.
static bool
read_coap(const uint8_t *in, size_t len, uint32_t *block2, size_t *payload)
{
	unsigned number = 0;
	size_t at = 4 + (in[0] & 15u);

	*block2 = 0;
	*payload = 0;
	while (at < len) {
		if (in[at] == 0xFF) {
			*payload = len - at - 1;
			return true;
		}
		unsigned delta = in[at] >> 4, n = in[at] & 15u;
		at++;
		if (delta == 13)
			delta = 13u + in[at++];
		else if (delta == 14) {
			delta = 269u + (unsigned)(in[at] << 8 | in[at + 1]);
			at += 2;
		}
		if (n == 13)
			n = 13u + in[at++];
		number += delta;
		if (at + n > len)
			return false;
		if (number == 23)
			for (unsigned i = 0; i < n; i++)
				*block2 = *block2 << 8 | in[at + i];
		at += n;
	}
	return true;
}

// Acknowledge a separate response.
static void
acknowledge(struct conn *c, const uint8_t *in)
{
	uint8_t ack[4] = { 0x60, 0, in[2], in[3] };

	if (send(c->fd, ack, 4, 0) != 4)
		net_bad++;
}

// One datagram arrived: true when the exchange is complete.
static bool
take_coap(struct conn *c)
{
	struct coap *o = c->data;
	uint8_t in[2048];
	uint32_t block2;
	size_t payload;
	ssize_t n = recv(c->fd, in, sizeof(in), 0);

	if (n < 4 || in[1] == 0)
		return false;	// nothing, or an empty acknowledgement
	if ((in[0] & 0x30) == 0)
		acknowledge(c, in);
	if (n < 8 || memcmp(in + 4, &c->number, 4) != 0)
		return false;	// it belongs to an exchange that was given up
	if (in[1] == 0x5F) {	// 2.31 Continue
		o->offset += BLOCK;
		send_coap(c);
		return false;
	}
	if (in[1] != 0x44 || !read_coap(in, (size_t)n, &block2, &payload)) {
		net_bad++;
		return true;
	}
	if (o->got + payload > NET_ROOM) {
		net_bad++;
		return true;
	}
	memcpy(c->in + o->got, in + (size_t)n - payload, payload);
	o->got += payload;
	if ((block2 & 8) == 0) {
		if (only_octets ? o->got == answer.len : sample_answers(&answer, c->in, o->got, c->number))
			net_exchanges++;
		else
			net_bad++;
		return true;
	}
	o->next_block2 = (block2 >> 4) + 1;
	send_coap(c);
	return false;
}

static void
load_coap(int port, int sockets, double seconds)
{
	struct epoll_event events[EVENTS];
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct conn **all = calloc((size_t)sockets, sizeof(*all));
	int64_t end = net_now_ms() + (int64_t)(seconds * 1000), looked = net_now_ms();

	for (int i = 0; all != NULL && i < sockets; i++) {
		all[i] = new_coap_peer(port, (uint16_t)rand());
		net_watch(ep, all[i]->fd, all[i]);
		start_coap(all[i]);
	}
	while (net_now_ms() < end) {
		int n = epoll_wait(ep, events, EVENTS, 100);
		for (int i = 0; i < n; i++)
			if (take_coap(events[i].data.ptr))
				start_coap(events[i].data.ptr);
		if (net_now_ms() - looked < 200)
			continue;
		looked = net_now_ms();
		for (int i = 0; i < sockets; i++)	// lost datagrams: begin anew
			if (looked - ((struct coap *)all[i]->data)->sent_at > 1000)
				start_coap(all[i]);
	}
}

// COUNT peers, each with a port of its own, send one message and are answered once.
static void
idle_coap(int port, int count)
{
	for (int i = 0; i < count; i++) {
		struct conn *c = new_coap_peer(port, (uint16_t)i);
		struct timeval patience = { .tv_sec = 1 };
		fcntl(c->fd, F_SETFL, 0);
		setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		start_coap(c);
		for (int tries = 0; tries < 8 && !take_coap(c); tries++)
			;
		free(c->data);
		net_conn_free(c);
	}
	net_bad = (uint64_t)count - net_exchanges;
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	bool hold = strcmp(mode, "hold-http") == 0, http_load = hold || strcmp(mode, "load-http") == 0;
	bool client = strncmp(mode, "load", 4) == 0 || strcmp(mode, "idle-coap") == 0;
	const char *size = argc > (http_load ? 4 : client ? 3 : 2) ? argv[http_load ? 4 : client ? 3 : 2] : "0";

	net_allow_descriptors();
	if (!sample_make(&request, strtoul(size, NULL, 10), false) || !sample_make(&answer, strtoul(size, NULL, 10), true))
		return 2;
	numbers = (uint64_t)net_now_ms() << 24;
	if (strcmp(mode, "upstream") == 0) {
		net_serve(net_http_whole, send_http_answer);
	} else if (strcmp(mode, "echo-tcp") == 0) {
		net_serve(net_tcp_whole, send_tcp_answer);
	} else if (http_load && !hold && argc == 7) {
		http_head_len = net_http_head(http_head, argv[3], request.len);
		load_http(atoi(argv[2]), atoi(argv[5]), atof(argv[6]));
	} else if (strcmp(mode, "load-tcp") == 0 && argc == 6) {
		load_tcp(atoi(argv[2]), atoi(argv[4]), atof(argv[5]));
	} else if (strncmp(mode, "load-coap", 9) == 0 && argc == 6) {
		only_octets = strcmp(mode, "load-coap-echo") == 0;
		load_coap(atoi(argv[2]), atoi(argv[4]), atof(argv[5]));
	} else if (strcmp(mode, "idle-coap") == 0 && argc == 5) {
		idle_coap(atoi(argv[2]), atoi(argv[4]));
	} else if (strcmp(mode, "hold-http") == 0 && argc == 7) {
		http_head_len = net_http_head(http_head, argv[3], request.len);
		hold_http(atoi(argv[2]), atoi(argv[5]), atoi(argv[6]));
	} else {
		fputs("peer: see the head of tests/bench/peer.c\n", stderr);
		return 2;
	}
	net_report();
	return 0;
}
