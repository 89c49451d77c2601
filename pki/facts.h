// SPDX-License-Identifier: GPL-3.0-or-later
// facts: what the extensions of a certificate say that matters to a path (RFC
// 5280 4.2), read once and held as views.
#ifndef CMPGATE_PKI_FACTS_H
#define CMPGATE_PKI_FACTS_H

#include "codec/certificate.h"

struct facts {
	bool has_basic; struct basic_constraints basic;
	bool has_key_usage; unsigned key_usage;			// bits of enum key_usage
	struct span subject_key_id;				// len 0 = absent
	bool has_authority; struct authority_key_id authority;
	struct span alt_names, issuer_alt_names;		// contents of GeneralNames; len 0 = absent
	bool has_constraints; struct name_constraints constraints;
	struct span purposes;					// the OIDs of extKeyUsage; len 0 = absent
	bool has_explicit_policy; int64_t explicit_policy;	// requireExplicitPolicy
	struct span crl_points;					// contents; len 0 = absent
	bool ocsp_no_check;					// id-pkix-ocsp-nocheck (RFC 6960 4.2.2.2.1)
};

// Read them. False with the fault when an extension that is known here cannot
// be decoded, critical or not, or when a critical one is not known, or is
// known and not processed.
bool facts_read(struct facts *out, const struct certificate *c, struct fault *f);
// Tell whether extKeyUsage allows id-kp n, by itself or by anyExtendedKeyUsage; false when the extension is absent.
bool facts_have_purpose(const struct facts *facts, unsigned n);

#endif
