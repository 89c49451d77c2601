// SPDX-License-Identifier: GPL-3.0-or-later
#include "transports/coap_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include "transports/listen.h"

static bool
mapped(const struct in6_addr *a)
{
	return IN6_IS_ADDR_V4MAPPED(a);
}

struct span
coap_address_key(const coap_address_t *a, uint8_t out[COAP_PEER_KEY])
{
	memset(out, 0, COAP_PEER_KEY);
	if (a->addr.sa.sa_family == AF_INET) {
		out[10] = out[11] = 0xff;
		memcpy(out + 12, &a->addr.sin.sin_addr, 4);
		memcpy(out + 16, &a->addr.sin.sin_port, 2);
		return span_of(out, COAP_PEER_KEY);
	}
	memcpy(out, &a->addr.sin6.sin6_addr, 16);
	memcpy(out + 16, &a->addr.sin6.sin6_port, 2);
	memcpy(out + 18, &a->addr.sin6.sin6_scope_id, 4);
	return span_of(out, COAP_PEER_KEY);
}

bool
coap_address_host(const coap_address_t *a, char *out, size_t size)
{
	const struct sockaddr_in6 *six = &a->addr.sin6;
	char zone[IF_NAMESIZE], *end;

	if (a->addr.sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->addr.sin.sin_addr, out, (socklen_t)size);
		return true;
	}
	if (mapped(&six->sin6_addr)) {
		inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, out, (socklen_t)size);
		return true;
	}
	inet_ntop(AF_INET6, &six->sin6_addr, out, (socklen_t)size);
	end = out + strlen(out);
	if (six->sin6_scope_id != 0 && if_indextoname(six->sin6_scope_id, zone) != NULL)
		snprintf(end, size - (size_t)(end - out), "%%%s", zone);
	return false;
}

static bool
is_loopback(const coap_address_t *a)
{
	if (a->addr.sa.sa_family == AF_INET)
		return ntohl(a->addr.sin.sin_addr.s_addr) >> 24 == 127;
	const struct in6_addr *six = &a->addr.sin6.sin6_addr;
	return mapped(six) ? six->s6_addr[12] == 127 : IN6_IS_ADDR_LOOPBACK(six);
}

bool
coap_address_is_group(const coap_address_t *a)
{
	const uint8_t *four = (const uint8_t *)&a->addr.sin.sin_addr;

	if (a->addr.sa.sa_family == AF_INET6) {
		if (!mapped(&a->addr.sin6.sin6_addr))
			return IN6_IS_ADDR_MULTICAST(&a->addr.sin6.sin6_addr);
		four = a->addr.sin6.sin6_addr.s6_addr + 12;
	}
	return (four[0] & 0xf0) == 0xe0 || memcmp(four, "\xff\xff\xff\xff", 4) == 0;
}

void
coap_address_peer(struct peer *p, const coap_address_t *a)
{
	char host[64];
	bool four = coap_address_host(a, host, sizeof(host));

	*p = (struct peer){ .loopback = is_loopback(a) };
	snprintf(p->source, sizeof(p->source), "%.47s", host);
	snprintf(p->text, sizeof(p->text), four ? "%s:%u" : "[%s]:%u", host, coap_address_get_port(a));
}

// Find a port that nobody has: libcoap sets SO_REUSEADDR, with which Linux lets
// two sockets share a UDP port. So a socket without it asks first, and keeps the
// port until libcoap has bound its own. Answers the descriptor, or -errno.
int
coap_address_reserve(coap_address_t *a, int type)
{
	int on = 1, off = 0, fd = socket(a->addr.sa.sa_family, type | SOCK_CLOEXEC, 0);
	socklen_t len = a->size;

	if (fd < 0)
		return -errno;
	if (a->addr.sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	// A stream's old connections must not keep the port; a listening socket still does.
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &a->addr.sa, len) != 0 || getsockname(fd, &a->addr.sa, &len) != 0) {
		int error = errno;
		close(fd);
		return -error;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return fd;
}

coap_address_t
coap_address_loopback(int family, unsigned port)
{
	coap_address_t a;

	coap_address_init(&a);
	if (family == AF_INET) {
		a.size = sizeof(a.addr.sin);
		a.addr.sin = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
		a.addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	} else {
		a.size = sizeof(a.addr.sin6);
		a.addr.sin6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = in6addr_loopback };
	}
	return a;
}

bool
coap_address_read(const struct url *u, unsigned port, coap_address_t *out, struct fault *f)
{
	char host[256], *zone;

	*out = coap_address_loopback(AF_INET, port);
	if (inet_pton(AF_INET, u->host, &out->addr.sin.sin_addr) == 1)
		return true;
	*out = coap_address_loopback(AF_INET6, port);
	snprintf(host, sizeof(host), "%s", u->host);
	zone = strchr(host, '%');
	if (zone != NULL) {
		*zone++ = '\0';
		out->addr.sin6.sin6_scope_id = listen_zone(zone, f);
		if (out->addr.sin6.sin6_scope_id == 0)
			return false;
	}
	if (inet_pton(AF_INET6, host, &out->addr.sin6.sin6_addr) == 1)
		return true;
	return fault_set(f, FAIL_NONE, "url", "'%s' is not an address; write an IPv4 or IPv6 address, or no host for loopback", u->host);
}
