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
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/sample.h"

#define ROOM 72000
#define EVENTS 256

struct conn {
	int fd;
	size_t have, want;	// octets read; octets of the whole message, 0 = not known
	size_t sent, out_len;
	uint64_t number;
	uint8_t *in;
	// CoAP
	uint16_t mid;
	size_t offset;		// of the next Block1 block
	uint32_t next_block2;
	size_t got;
	int64_t sent_at;
};

static struct sample request, answer;
static uint64_t numbers, exchanges, bad;
static bool only_octets;	// of an answer, its length is all that can be checked

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static struct sockaddr_in
loopback(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static struct conn *
new_conn(int fd)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->in = malloc(ROOM)) == NULL)
		die("memory");
	c->fd = fd;
	return c;
}

static void
watch(int ep, int fd, void *data)
{
	struct epoll_event e = { .events = EPOLLIN, .data = { .ptr = data } };

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) != 0)
		die("epoll_ctl");
}

static int
connect_to(int port, int type)
{
	struct sockaddr_in a = loopback(port);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		die("connect");
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static int
listen_any(void)
{
	struct sockaddr_in a = loopback(0);
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) != 0 || listen(fd, 2048) != 0 || getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		die("listen");
	printf("port %d\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

// ---- HTTP and raw TCP framing

// Where the content of a whole HTTP message starts; 0 = not whole yet.
static size_t
http_content(struct conn *c)
{
	if (c->want != 0)
		return c->have >= c->want ? 1 : 0;
	uint8_t *end = memmem(c->in, c->have, "\r\n\r\n", 4);
	if (end == NULL)
		return 0;
	*end = 0;
	char *field = strcasestr((char *)c->in, "content-length:");
	*end = '\r';
	c->want = (size_t)(end - c->in) + 4 + (field != NULL ? strtoul(field + 15, NULL, 10) : 0);
	return c->have >= c->want ? 1 : 0;
}

static size_t
tcp_content(struct conn *c)
{
	if (c->have < 4)
		return 0;
	uint32_t n;
	memcpy(&n, c->in, 4);
	c->want = ntohl(n) + 4u;
	return c->have >= c->want ? 1 : 0;
}

static void
send_all(int fd, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	static uint8_t out[ROOM + 1024];

	memcpy(out, a, a_len);
	memcpy(out + a_len, b, b_len);
	if (send(fd, out, a_len + b_len, MSG_NOSIGNAL) != (ssize_t)(a_len + b_len))
		bad++;
}

static void
send_http_answer(struct conn *c)
{
	char head[200];
	uint8_t *content = memmem(c->in, c->have, "\r\n\r\n", 4);
	int n = snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\nContent-Length: %zu\r\n\r\n", answer.len);

	if (content == NULL || !sample_answer(&answer, content + 4, (size_t)(c->in + c->have - content) - 4, &request))
		bad++;
	send_all(c->fd, (uint8_t *)head, (size_t)n, answer.octets, answer.len);
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
		bad++;
	send_all(c->fd, head, 7, answer.octets, answer.len);
}

static bool
read_more(struct conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->have, ROOM - 1 - c->have, 0);

	if (n == 0 || (n < 0 && errno != EAGAIN))
		return false;
	if (n > 0)
		c->have += (size_t)n;
	return true;
}

static void
drop(struct conn *c)
{
	close(c->fd);
	free(c->in);
	free(c);
}

static void
serve(size_t (*whole)(struct conn *), void (*respond)(struct conn *))
{
	struct epoll_event events[EVENTS];
	int ep = epoll_create1(EPOLL_CLOEXEC), listener = listen_any(), on = 1;

	watch(ep, listener, NULL);
	for (;;) {
		int n = epoll_wait(ep, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;
			if (c == NULL) {
				int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
				if (fd >= 0) {
					setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
					watch(ep, fd, new_conn(fd));
				}
				continue;
			}
			if (!read_more(c)) {
				drop(c);
				continue;
			}
			if (whole(c)) {
				respond(c);
				c->have = c->want = 0;
			}
		}
	}
}

static char http_head[400];
static size_t http_head_len;

static void
send_http_request(struct conn *c)
{
	c->number = ++numbers;
	sample_number(&request, c->number);
	send_all(c->fd, (uint8_t *)http_head, http_head_len, request.octets, request.len);
}

static void
make_http_head(const char *path)
{
	http_head_len = (size_t)snprintf(http_head, sizeof(http_head),
		"POST %s HTTP/1.1\r\nHost: gate\r\nContent-Type: application/pkixcmp\r\nContent-Length: %zu\r\n\r\n", path, request.len);
}

static void
send_tcp_request(struct conn *c)
{
	uint8_t head[7];

	c->number = ++numbers;
	sample_number(&request, c->number);
	put_frame(head, request.len, 0);
	send_all(c->fd, head, 7, request.octets, request.len);
}

// Tell whether the message in c->in ends with the answer to the last request:
// a refusal, or the answer to somebody else, must not count as work done.
static bool
answered(struct conn *c)
{
	return c->have == c->want && c->have > answer.len && sample_answers(&answer, c->in + c->have - answer.len, answer.len, c->number);
}

static void
load(int port, int conns, double seconds, size_t (*whole)(struct conn *), void (*ask)(struct conn *))
{
	struct epoll_event events[EVENTS];
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct conn **all = calloc((size_t)conns, sizeof(*all));

	if (all == NULL)
		die("memory");
	for (int i = 0; i < conns; i++) {
		all[i] = new_conn(connect_to(port, SOCK_STREAM));
		watch(ep, all[i]->fd, all[i]);
	}
	int64_t end = now_ms() + (int64_t)(seconds * 1000);	// a burst of connections may take its time
	for (int i = 0; i < conns; i++)
		ask(all[i]);
	free(all);
	while (now_ms() < end) {
		int n = epoll_wait(ep, events, EVENTS, 100);
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;
			if (!read_more(c)) {
				bad++;
				drop(c);
				continue;
			}
			if (!whole(c))
				continue;
			if (answered(c))
				exchanges++;
			else
				bad++;
			c->have = c->want = 0;
			ask(c);
		}
	}
}

// One exchange on each of many connections, which then stay open.
static void
hold_http(int port, int conns, int seconds)
{
	struct timespec t = { .tv_sec = seconds };

	for (int i = 0; i < conns; i++) {
		struct conn *c = new_conn(connect_to(port, SOCK_STREAM));
		fcntl(c->fd, F_SETFL, 0);
		send_http_request(c);
		while (!http_content(c))
			if (!read_more(c))
				die("hold-http");
		if (!answered(c)) {
			fputs("peer: hold-http: a bad answer\n", stderr);
			exit(1);
		}
		exchanges++;
	}
	printf("held\n");
	fflush(stdout);
	nanosleep(&t, NULL);
}

// ---- CoAP: just enough of RFC 7252 and RFC 7959 for a lock-step client

#define BLOCK 1024

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
	uint8_t out[BLOCK + 200];
	unsigned last = 0;
	size_t n = 4;

	c->mid++;
	out[0] = 0x44;	// version 1, CON, token of 4 octets
	out[1] = 2;	// POST
	out[2] = (uint8_t)(c->mid >> 8);
	out[3] = (uint8_t)c->mid;
	memcpy(out + n, &c->number, 4);
	n += 4;
	n += put_option(out + n, &last, 11, ".well-known", 11);
	n += put_option(out + n, &last, 11, "cmp", 3);
	n += put_option(out + n, &last, 12, "\x01\x03", 2);
	if (c->next_block2 > 0) {
		n += put_block(out + n, &last, 23, c->next_block2, false);
	} else {
		size_t left = request.len - c->offset, take = left < BLOCK ? left : BLOCK;
		uint8_t size1[2] = { (uint8_t)(request.len >> 8), (uint8_t)request.len };
		if (request.len > BLOCK)
			n += put_block(out + n, &last, 27, (uint32_t)(c->offset / BLOCK), left > BLOCK);
		if (request.len > BLOCK)
			n += put_option(out + n, &last, 60, size1, 2);
		out[n++] = 0xFF;
		sample_number(&request, c->number);
		memcpy(out + n, request.octets + c->offset, take);
		n += take;
	}
	c->sent_at = now_ms();
	if (send(c->fd, out, n, 0) != (ssize_t)n)
		bad++;
}

static void
start_coap(struct conn *c)
{
	c->number = ++numbers;
	c->offset = c->got = 0;
	c->next_block2 = 0;
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
		bad++;
}

// One datagram arrived: true when the exchange is complete.
static bool
take_coap(struct conn *c)
{
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
		c->offset += BLOCK;
		send_coap(c);
		return false;
	}
	if (in[1] != 0x44 || !read_coap(in, (size_t)n, &block2, &payload)) {
		bad++;
		return true;
	}
	if (c->got + payload > ROOM) {
		bad++;
		return true;
	}
	memcpy(c->in + c->got, in + (size_t)n - payload, payload);
	c->got += payload;
	if ((block2 & 8) == 0) {
		if (only_octets ? c->got == answer.len : sample_answers(&answer, c->in, c->got, c->number))
			exchanges++;
		else
			bad++;
		return true;
	}
	c->next_block2 = (block2 >> 4) + 1;
	send_coap(c);
	return false;
}

static void
load_coap(int port, int sockets, double seconds)
{
	struct epoll_event events[EVENTS];
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct conn **all = calloc((size_t)sockets, sizeof(*all));
	int64_t end = now_ms() + (int64_t)(seconds * 1000), looked = now_ms();

	for (int i = 0; all != NULL && i < sockets; i++) {
		all[i] = new_conn(connect_to(port, SOCK_DGRAM));
		all[i]->mid = (uint16_t)rand();
		watch(ep, all[i]->fd, all[i]);
		start_coap(all[i]);
	}
	while (now_ms() < end) {
		int n = epoll_wait(ep, events, EVENTS, 100);
		for (int i = 0; i < n; i++)
			if (take_coap(events[i].data.ptr))
				start_coap(events[i].data.ptr);
		if (now_ms() - looked < 200)
			continue;
		looked = now_ms();
		for (int i = 0; i < sockets; i++)	// lost datagrams: begin anew
			if (looked - all[i]->sent_at > 1000)
				start_coap(all[i]);
	}
}

// COUNT peers, each with a port of its own, send one message and are answered once.
static void
idle_coap(int port, int count)
{
	for (int i = 0; i < count; i++) {
		struct conn *c = new_conn(connect_to(port, SOCK_DGRAM));
		struct timeval patience = { .tv_sec = 1 };
		fcntl(c->fd, F_SETFL, 0);
		setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		c->mid = (uint16_t)i;
		start_coap(c);
		for (int tries = 0; tries < 8 && !take_coap(c); tries++)
			;
		drop(c);
	}
	bad = (uint64_t)count - exchanges;
}

static void
allow_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	bool hold = strcmp(mode, "hold-http") == 0, http_load = hold || strcmp(mode, "load-http") == 0;
	bool client = strncmp(mode, "load", 4) == 0 || strcmp(mode, "idle-coap") == 0;
	const char *size = argc > (http_load ? 4 : client ? 3 : 2) ? argv[http_load ? 4 : client ? 3 : 2] : "0";

	allow_descriptors();
	if (!sample_make(&request, strtoul(size, NULL, 10), false) || !sample_make(&answer, strtoul(size, NULL, 10), true))
		return 2;
	numbers = (uint64_t)now_ms() << 24;
	if (strcmp(mode, "upstream") == 0) {
		serve(http_content, send_http_answer);
	} else if (strcmp(mode, "echo-tcp") == 0) {
		serve(tcp_content, send_tcp_answer);
	} else if (http_load && !hold && argc == 7) {
		make_http_head(argv[3]);
		load(atoi(argv[2]), atoi(argv[5]), atof(argv[6]), http_content, send_http_request);
	} else if (strcmp(mode, "load-tcp") == 0 && argc == 6) {
		load(atoi(argv[2]), atoi(argv[4]), atof(argv[5]), tcp_content, send_tcp_request);
	} else if (strncmp(mode, "load-coap", 9) == 0 && argc == 6) {
		only_octets = strcmp(mode, "load-coap-echo") == 0;
		load_coap(atoi(argv[2]), atoi(argv[4]), atof(argv[5]));
	} else if (strcmp(mode, "idle-coap") == 0 && argc == 5) {
		idle_coap(atoi(argv[2]), atoi(argv[4]));
	} else if (strcmp(mode, "hold-http") == 0 && argc == 7) {
		make_http_head(argv[3]);
		hold_http(atoi(argv[2]), atoi(argv[5]), atoi(argv[6]));
	} else {
		fputs("peer: see the head of tests/bench/peer.c\n", stderr);
		return 2;
	}
	printf("%llu exchanges, %llu bad\n", (unsigned long long)exchanges, (unsigned long long)bad);
	return 0;
}
