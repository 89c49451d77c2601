// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/bind.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transports/listen.h"

#define BACKLOG 256

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool
make_address(union address *a, socklen_t *len, const char *host, unsigned port, struct fault *f)
{
	char address[256];
	const char *zone = strchr(host, '%');

	snprintf(address, sizeof(address), "%.*s", zone != NULL ? (int)(zone - host) : (int)strlen(host), host);
	*a = (union address){ .v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) } };
	*len = sizeof(a->v6);
	if (inet_pton(AF_INET6, address, &a->v6.sin6_addr) == 1)
		return zone == NULL || (a->v6.sin6_scope_id = listen_zone(zone + 1, f)) != 0;
	*a = (union address){ .v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) } };
	*len = sizeof(a->v4);
	return inet_pton(AF_INET, host, &a->v4.sin_addr) == 1 ||
		fault_set(f, FAIL_NONE, "url", "'%s' is not an address; write an IPv4 or IPv6 address, or no host for loopback", host);
}

static int
bind_one(const char *host, unsigned port, struct fault *f)
{
	union address a;
	socklen_t len;
	int on = 1, off = 0;

	if (!make_address(&a, &len, host, port, f))
		return -1;
	int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		listen_failed(f, host, port, errno);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a.any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, &a.any, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	listen_failed(f, host, port, errno);
	close(fd);
	return -1;
}

// The port that the kernel chose for fd.
static unsigned
port_of(int fd)
{
	union address a;
	socklen_t len = sizeof(a);

	if (getsockname(fd, &a.any, &len) != 0)
		return 0;
	return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}

int
bind_streams(int *fds, size_t max, const struct url *url, unsigned default_port, struct fault *f)
{
	unsigned port = url->port_given ? url->port : default_port;
	bool loopback = url->host[0] == '\0';

	if (max == 0)
		return 0;
	fds[0] = bind_one(loopback ? "127.0.0.1" : url->host, port, f);
	if (fds[0] < 0)
		return -1;
	if (!loopback || max < 2)
		return 1;
	// A machine without IPv6 serves IPv4 alone.
	fds[1] = bind_one("::1", port_of(fds[0]), NULL);
	return fds[1] < 0 ? 1 : 2;
}
