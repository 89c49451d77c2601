// SPDX-License-Identifier: GPL-3.0-or-later
// trust: a set of trust anchors with what helps to use it: intermediate
// certificates (candidates, never anchors), CRLs, purposes that a signer must
// have. Immutable once made, counted, shared by all threads.
#ifndef CMPGATE_PKI_TRUST_H
#define CMPGATE_PKI_TRUST_H

#include "codec/certificate.h"
#include "codec/crl.h"
#include "crypto/key.h"

enum { TRUST_ANCHORS_MAX = 256, TRUST_INTERMEDIATES_MAX = 1024, TRUST_CRLS_MAX = 256, TRUST_FENCES_MAX = 64 };

// What happens when nothing tells whether a certificate is revoked.
enum revocation_missing { REVOCATION_REFUSE, REVOCATION_WARN };

// Purposes, by the n of id-kp n.
enum { KP_CMC_CA = 27, KP_CMC_RA = 28, KP_CM_KGA = 32 };

struct trust_certificate {
	struct certificate view;
	struct public_numbers key;
	struct span subject_key_id;	// len 0 = none
	uint8_t digest[32];		// SHA-256 of the certificate
};

struct trust_plan {
	const char *name;		// of the configuration, for messages
	struct span *anchors; size_t anchor_count;		// DER certificates
	struct span *intermediates; size_t intermediate_count;
	struct span *crls; size_t crl_count;
	bool check_revocation;		// CRLs and what was fetched are looked at
	const struct span *points; size_t point_count;		// beginnings of URLs that CRLs may be fetched from
	const struct span *responders; size_t responder_count;	// and that may be asked by OCSP
	struct trust_fetching { int64_t timeout_ms; size_t crl_max; } fetching;	// of one fetch; crl_max: octets
	enum revocation_missing missing;
	unsigned purpose;		// a signer needs id-kp n (or anyExtendedKeyUsage); 0 = none
};

struct trust;

// Make a set; everything is copied. Here, and never again, the signatures of
// CRLs are verified and their entries sorted; of two CRLs with one signer and
// one scope the newer holds. An intermediate that cannot be used does no harm.
// NULL with the fault, whose path names the item ("crls[2]"): not one anchor,
// too many, a beginning of URLs that is none, a certificate or CRL that does not
// parse, an anchor with an unknown critical extension or a key that is none, a CRL
// that no certificate of the set can have issued (name, cRLSign, signature). The failure of the fault is
// systemUnavail when memory was out, and otherwise without meaning.
struct trust *trust_new(const struct trust_plan *plan, struct fault *f);
struct trust *trust_ref(struct trust *t);
void trust_unref(struct trust *t);	// NULL is allowed
const char *trust_name(const struct trust *t);
unsigned trust_purpose(const struct trust *t);
struct trust_fetching trust_fetching(const struct trust *t);	// what the plan said
size_t trust_anchor_count(const struct trust *t);
const struct trust_certificate *trust_anchor(const struct trust *t, size_t i);
// Changes whenever a set is made: what was validated under another is not valid under this.
uint64_t trust_serial(const struct trust *t);

#endif
