// SPDX-License-Identifier: GPL-3.0-or-later
// crl: CertificateList (RFC 5280 5.1) as a view over received octets.
#ifndef CMPGATE_CODEC_CRL_H
#define CMPGATE_CODEC_CRL_H

#include "codec/extension.h"
#include "codec/signed.h"

struct crl {
	struct span whole;
	struct span tbs;		// the octets that are signed
	int version;			// 1 or 2
	struct algorithm signature_algorithm;
	struct span issuer;		// Name, whole
	int64_t this_update;		// seconds since 1970
	bool has_next_update; int64_t next_update;
	struct span entries;		// contents of revokedCertificates; len 0 = none
	size_t entry_count;
	struct span extensions;		// contents; len 0 = none
	struct span signature;
};

struct crl_entry {
	struct span serial;		// contents of the INTEGER
	int64_t revoked;		// seconds since 1970
	struct span extensions;		// contents; len 0 = none
};

// Parse one CRL: exactly one, strict DER; every entry is checked. Their number
// is bounded by the octets alone: no cap could be right for a CA of any size.
bool crl_parse(struct crl *c, struct span octets, struct fault *f);
// Walk the entries of a parsed CRL: *rest starts as entries.
bool crl_entry_next(struct span *rest, struct crl_entry *out);

#endif
