// SPDX-License-Identifier: GPL-3.0-or-later
// revocation: whether a certificate of a path was revoked (RFC 5280 6.3), by
// the complete CRLs of a set. Their signatures are verified once, when the set
// is made; here is judged whether a CRL may speak for a certificate, and what
// it says. Another source (OCSP) is one more function that revocation_ask()
// asks, before or after the CRLs.
#ifndef CMPGATE_PKI_REVOCATION_H
#define CMPGATE_PKI_REVOCATION_H

#include "pki/trust.h"

struct member;
struct edges;

// An entry of a CRL: the contents of the serial number, and why.
struct revoked { const uint8_t *serial; uint8_t len; uint8_t reason; };

struct trust_crl {
	struct crl view;
	size_t issuer;			// number of its issuer's name
	const struct member *signer;	// certificate of the set whose key made it
	const char *unusable;		// why it tells nothing; NULL = it can be used
	struct span scope;		// value of issuingDistributionPoint; len 0 = everything of its issuer
	struct issuing_point point;
	struct revoked *revoked;	// sorted by serial number
	size_t revoked_count;
};

// Parse and index a CRL; *c is cleared first and freed by crl_close() in any
// case. False with the fault: it is no CRL, or there is no memory. What is
// understood but cannot be used (a delta, an indirect CRL, a critical extension
// that is not known) only becomes `unusable`.
bool crl_open(struct trust_crl *c, struct span octets, struct fault *f);
void crl_close(struct trust_crl *c);
// Tell whether a CRL lists a serial number (contents of the INTEGER) as revoked, and why. Time: logarithmic.
bool crl_lists(const struct trust_crl *c, struct span serial, int *reason);

enum revocation {
	REVOCATION_GOOD,	// all reasons are covered, and it is not listed
	REVOCATION_REVOKED,
	REVOCATION_UNKNOWN,	// nothing tells; the fault says what is missing
	REVOCATION_STOP		// no memory, or too many signatures
};

struct revocation_question {
	const struct trust *trust;
	const struct member *certificate;
	const struct member *const *issuers;	// validated: its issuer first, the anchor last
	size_t issuer_count;			// at least 1
	int64_t at;
	bool at_floor;
};

// Ask. On GOOD *until is lowered to the nextUpdate of what told.
enum revocation revocation_ask(const struct revocation_question *q, struct edges *edges, int64_t *until, struct fault *f);

#endif
