// SPDX-License-Identifier: GPL-3.0-or-later
#include "transports/listen.h"

#include <errno.h>
#include <net/if.h>

static const char *
cure(int error)
{
	switch (error) {
	case EADDRINUSE: return "; another program has this port: stop it, or choose another one (ss -tulpn shows who has it)";
	case EADDRNOTAVAIL: return "; write an address of this machine (ip address shows them), or [::] for all";
	case EACCES: return "; ports below 1024 need root or CAP_NET_BIND_SERVICE: start as root, or choose a port above";
	case EAFNOSUPPORT: return "; this machine has no IPv6: write an IPv4 address, or 0.0.0.0 for all";
	default: return "";
	}
}

bool
listen_failed(struct fault *f, const char *host, unsigned port, int error)
{
	return fault_set(f, FAIL_NONE, "url", "cannot listen on %s port %u: %s%s", host, port, strerror(error), cure(error));
}

unsigned
listen_zone(const char *zone, struct fault *f)
{
	unsigned index = if_nametoindex(zone);

	if (index == 0)
		fault_set(f, FAIL_NONE, "url", "this machine has no interface %s; ip link shows those it has", zone);
	return index;
}
