// SPDX-License-Identifier: GPL-3.0-or-later
// url: the URLs of listeners and upstreams, taken apart (RFC 3986, what we need of it).
#ifndef CMPGATE_CONFIG_URL_H
#define CMPGATE_CONFIG_URL_H

#include "base/fault.h"

struct url {
	char scheme[16];	// lower case
	char host[256];		// name or address, without brackets; empty: not given
	unsigned port;		// 0: not given
	bool port_given;	// a port was written, 0 included
	bool literal;		// host is an IPv4 or IPv6 address
	char path[512];		// from the first '/', with query, exactly as written; for file: the path; may be empty
	char text[800];		// the whole as written
};

// Take a URL apart. False with a fault that names the bad part. User names,
// fragments, control characters, spaces and over-long parts are refused.
bool url_parse(struct url *out, const char *text, struct fault *f);
// Write host:port with brackets where needed; answers out.
const char *url_authority(const struct url *u, unsigned default_port, char *out, size_t size);

#endif
