// SPDX-License-Identifier: GPL-3.0-or-later
// certificate: X.509 certificate (RFC 5280 4.1) as a view: every span borrows
// from the octets that were parsed. It says what is written there; whether
// to believe it is for others.
#ifndef CMPGATE_CODEC_CERTIFICATE_H
#define CMPGATE_CODEC_CERTIFICATE_H

#include "codec/extension.h"
#include "codec/signed.h"

struct certificate {
	struct span whole;
	struct span tbs;		// the octets that are signed
	int version;			// 1..3
	struct span serial;		// contents of the INTEGER
	struct algorithm signature_algorithm;	// the same inside and outside of tbs
	struct span issuer, subject;	// Name, whole
	int64_t not_before, not_after;	// seconds since 1970
	struct public_key public_key;
	struct span extensions;		// contents; len 0 = none
	struct span signature;
};

// Parse one certificate: the octets must be exactly one, strict DER, the two
// algorithms equal, versions and their fields consistent, no extension twice,
// caps of CAP_RDNS, CAP_EXTENSIONS and CAP_SERIAL kept.
bool certificate_parse(struct certificate *c, struct span octets, struct fault *f);
// Tell whether issuer and subject are the same octets.
bool certificate_self_issued(const struct certificate *c);

#endif
