// SPDX-License-Identifier: GPL-3.0-or-later
// sources: the addresses in a certificate that tell whether it is revoked, as
// far as its set allows them. Private to pki/.
#ifndef CMPGATE_PKI_SOURCES_H
#define CMPGATE_PKI_SOURCES_H

#include "pki/private.h"
#include "pki/wants.h"

enum { SOURCES_MAX = 4 };	// of one certificate and kind: those that stand behind are not looked at

struct source {
	enum want_kind kind;
	struct web_url url;
	struct span text;			// as it is written
	char url_text[WEB_URL_MAX + 1];		// the same, for people
	struct distribution_point point;	// WANT_CRL: where it stands
};

struct source_walk {
	const struct trust *trust;
	enum want_kind kind;
	struct span rest;			// access descriptions or distribution points
	struct distribution_point point;
	struct span names;			// of this point
	unsigned found;
	struct span outside;			// the first http: URL that the set does not allow; len 0 = none
};

// Begin with the responders (authorityInfoAccess, RFC 5280 4.2.2.1) or the distribution points (4.2.1.13) of a certificate.
void source_begin(struct source_walk *w, const struct trust *t, const struct member *certificate, enum want_kind kind);
// The next one that begins like an entry of the set's list; false at the end.
bool source_next(struct source_walk *w, struct source *out);

// The key of what this source says about a certificate: for a CRL of the issuer's key alone. False without memory.
bool source_key(const struct source *s, const struct member *certificate, const struct member *issuer, uint8_t key[WANT_KEY]);
// Add a want for it, unless it is there already (it is then needed if either is). False over WANTS_MAX or without memory.
bool source_want(const struct source *s, struct trust *t, const struct member *certificate, const struct member *issuer, bool needed, struct wants *out);

#endif
