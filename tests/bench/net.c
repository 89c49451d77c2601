// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE
#include "tests/bench/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, PATIENCE_MS = 10000 };

uint64_t net_exchanges, net_bad;

int64_t
net_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
net_die(const char *what)
{
	perror(what);
	exit(1);
}

void
net_allow_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

// ---- connections

static struct sockaddr_in
loopback(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

struct conn *
net_conn_new(int fd)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->in = malloc(NET_ROOM)) == NULL)
		net_die("memory");
	c->fd = fd;
	return c;
}

void
net_conn_free(struct conn *c)
{
	close(c->fd);
	free(c->in);
	free(c);
}

void
net_watch(int epoll, int fd, void *data)
{
	struct epoll_event e = { .events = EPOLLIN, .data = { .ptr = data } };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) != 0)
		net_die("epoll_ctl");
}

int
net_connect(int port, int type)
{
	struct sockaddr_in a = loopback(port);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		net_die("connect");
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

bool
net_read_more(struct conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->have, NET_ROOM - 1 - c->have, 0);

	if (n == 0 || (n < 0 && errno != EAGAIN))
		return false;
	if (n > 0)
		c->have += (size_t)n;
	return true;
}

void
net_send(int fd, const uint8_t *head, size_t head_len, const uint8_t *content, size_t content_len)
{
	static uint8_t out[NET_ROOM + 1024];

	memcpy(out, head, head_len);
	memcpy(out + head_len, content, content_len);
	if (send(fd, out, head_len + content_len, MSG_NOSIGNAL) != (ssize_t)(head_len + content_len))
		net_bad++;
}

// ---- framing

bool
net_http_whole(struct conn *c)
{
	if (c->want != 0)
		return c->have >= c->want;
	uint8_t *end = memmem(c->in, c->have, "\r\n\r\n", 4);
	if (end == NULL)
		return false;
	*end = 0;
	char *field = strcasestr((char *)c->in, "content-length:");
	*end = '\r';
	c->want = (size_t)(end - c->in) + 4 + (field != NULL ? strtoul(field + 15, NULL, 10) : 0);
	return c->have >= c->want;
}

bool
net_tcp_whole(struct conn *c)
{
	uint32_t n;

	if (c->have < 4)
		return false;
	memcpy(&n, c->in, 4);
	c->want = ntohl(n) + 4u;
	return c->have >= c->want;
}

const uint8_t *
net_http_content(const struct conn *c, size_t *len)
{
	const uint8_t *end = memmem(c->in, c->have, "\r\n\r\n", 4);

	if (end == NULL)
		return NULL;
	*len = (size_t)(c->in + c->have - end) - 4;
	return end + 4;
}

size_t
net_http_head(char out[400], const char *path, size_t content_len)
{
	return (size_t)snprintf(out, 400, "POST %s HTTP/1.1\r\nHost: gate\r\nContent-Type: application/pkixcmp\r\nContent-Length: %zu\r\n\r\n",
		path, content_len);
}

void
net_http_respond(struct conn *c, const uint8_t *content, size_t len)
{
	char head[200];
	int n = snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\nContent-Length: %zu\r\n\r\n", len);

	net_send(c->fd, (uint8_t *)head, (size_t)n, content, len);
}

// ---- a server

static int
listen_any(void)
{
	struct sockaddr_in a = loopback(0);
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) != 0 || listen(fd, 2048) != 0 || getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		net_die("listen");
	printf("port %d\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

static void
accept_one(int epoll, int listener)
{
	int on = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	net_watch(epoll, fd, net_conn_new(fd));
}

void
net_serve(bool (*whole)(struct conn *c), void (*respond)(struct conn *c))
{
	struct epoll_event events[EVENTS];
	int ep = epoll_create1(EPOLL_CLOEXEC), listener = listen_any();

	net_watch(ep, listener, NULL);
	for (;;) {
		int n = epoll_wait(ep, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;
			if (c == NULL) {
				accept_one(ep, listener);
			} else if (!net_read_more(c)) {
				net_conn_free(c);
			} else if (whole(c)) {
				respond(c);
				c->have = c->want = 0;
			}
		}
	}
}

// ---- a load

struct loading { const struct net_load *load; int64_t end; int asking; };

static void
ask(struct loading *g, struct conn *c, bool may_stop)
{
	c->have = c->want = 0;
	c->asking = !(may_stop && net_now_ms() >= g->end) && g->load->ask(c);
	g->asking += c->asking;
}

// A connection that ends counts as bad, and stays away.
static void
take(struct loading *g, struct conn *c)
{
	const struct net_load *l = g->load;
	bool lives = net_read_more(c);

	if (lives && !l->whole(c))
		return;
	g->asking -= c->asking;
	if (lives && c->asking && l->judge(c))
		net_exchanges++;
	else
		net_bad++;
	if (lives)
		ask(g, c, l->may_stop == NULL || l->may_stop(c));
	else
		net_conn_free(c);
}

void
net_load(const struct net_load *l)
{
	struct epoll_event events[EVENTS];
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct conn **all = calloc((size_t)l->connections, sizeof(*all));
	struct loading g = { .load = l };

	if (all == NULL)
		net_die("memory");
	for (int i = 0; i < l->connections; i++) {
		all[i] = net_conn_new(net_connect(l->port, SOCK_STREAM));
		net_watch(ep, all[i]->fd, all[i]);
	}
	g.end = net_now_ms() + (int64_t)(l->seconds * 1000);	// a burst of connections may take its time
	for (int i = 0; i < l->connections; i++)
		ask(&g, all[i], true);
	free(all);
	while (g.asking > 0 && net_now_ms() < g.end + PATIENCE_MS) {
		int n = epoll_wait(ep, events, EVENTS, 100);
		for (int i = 0; i < n; i++)
			take(&g, events[i].data.ptr);
	}
	net_bad += (uint64_t)g.asking;
}

void
net_report(void)
{
	printf("%llu exchanges, %llu bad\n", (unsigned long long)net_exchanges, (unsigned long long)net_bad);
}
