// SPDX-License-Identifier: GPL-3.0-or-later
// web: http: URLs that others name (a certificate), and the beginnings of URLs
// that may be fetched. Strict, so that what is compared here is what a server
// is asked for: whatever two programs could read in two ways is refused.
#ifndef CMPGATE_BASE_WEB_H
#define CMPGATE_BASE_WEB_H

#include "base/fault.h"

enum { WEB_HOST_MAX = 253, WEB_URL_MAX = 1024 };	// octets

struct web_url {
	char host[WEB_HOST_MAX + 1];	// lower case, without brackets; addresses in their one shortest form
	unsigned port;			// 1..65535; 80 when none is written
	char target[WEB_URL_MAX + 2];	// path and query as written, "/" for none: what is asked for
};

// Take an http: URL apart. False with the fault: another scheme, a user name,
// a fragment, an octet that a URL must encode, "." or ".." as a segment of the
// path (";..." behind it included), an encoded dot, slash, backslash or NUL,
// a port that is none.
bool web_url_read(struct web_url *out, struct span text, struct fault *f);
// The same for the beginning of URLs, which has no query.
bool web_prefix_read(struct web_url *out, struct span text, struct fault *f);
// Tell whether a URL begins so: the same host and port, and a path that is that of the
// beginning or goes on behind it at a slash ("/crl" begins "/crl/a" and "/crl?a", not "/crls").
bool web_url_begins(const struct web_url *url, const struct web_url *prefix);
// Write "host:port" as a Host field has it, with brackets where needed; answers out.
enum { WEB_AUTHORITY_MAX = WEB_HOST_MAX + 10 };
const char *web_authority(const struct web_url *url, char out[WEB_AUTHORITY_MAX]);

#endif
