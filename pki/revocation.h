// SPDX-License-Identifier: GPL-3.0-or-later
// revocation: whether a certificate of a path was revoked (RFC 5280 6.3, RFC
// 6960): by the complete CRLs of a set, then by what the set has fetched: OCSP
// answers, and CRLs of the certificate's distribution points. Signatures are
// verified once, when the set is made or something was fetched; here is judged
// what may speak for a certificate, and what it says.
#ifndef CMPGATE_PKI_REVOCATION_H
#define CMPGATE_PKI_REVOCATION_H

#include "pki/trust.h"

struct member;
struct edges;
struct wants;

// Clocks differ: so much later may what was fetched begin, and so much earlier may an OCSP answer have ended.
enum { REVOCATION_SKEW_S = 300 };

// An entry of a CRL: the contents of the serial number, and why.
struct revoked { const uint8_t *serial; uint8_t len; uint8_t reason; };

struct trust_crl {
	struct crl view;
	size_t issuer;			// number of its issuer's name
	const struct member *signer;	// certificate of the set whose key made it
	const char *unusable;		// why it tells nothing; NULL = it can be used
	bool of_issuer;			// fetched for an issuer, whose own key signed it; signer is NULL then
	int64_t skew;			// seconds that it may begin early: REVOCATION_SKEW_S where it was fetched
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
	struct trust *trust;
	const struct member *certificate;
	const struct member *const *issuers;	// validated: its issuer first, the anchor last
	size_t issuer_count;			// at least 1
	int64_t at;
	bool at_floor;
	struct wants *wants;			// gets what would have to be fetched to know (more); NULL = nothing is fetched
	bool crls_only;				// about a responder: no other one is asked
};

// Ask. On GOOD *until is lowered to the nextUpdate of what told. A want is needed
// where nothing told; else it makes anew what is known, and nobody has to wait for it.
enum revocation revocation_ask(const struct revocation_question *q, struct edges *edges, int64_t *until, struct fault *f);

#endif
