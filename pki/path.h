// SPDX-License-Identifier: GPL-3.0-or-later
// path: building and validating certification paths (RFC 5280 section 6). The
// certificates that came with a message are candidates and nothing more: they
// are never anchors, and nothing of them is remembered beyond one call. Pure
// but for the cache, and callable from any thread.
#ifndef CMPGATE_PKI_PATH_H
#define CMPGATE_PKI_PATH_H

#include "pki/wants.h"

enum { PATH_MAX_CHAIN = 8, PATH_MAX_CANDIDATES = 32, PATH_MAX_SIGNATURES = 64 };

struct path_request {
	struct span target;		// the certificate, DER
	struct span candidates;		// contents of extraCerts: certificates one after the other; len 0 = none
	struct trust *trust;
	int64_t at;			// seconds since 1970 that validity is judged by
	bool at_floor;			// the clock is not confirmed: notBefore is not looked at
	unsigned key_usage;		// bits (enum key_usage) that the target must have if it has the extension at all
	unsigned purpose;		// id-kp n that it must have (or anyExtendedKeyUsage), beside that of the set; 0 = none
	unsigned *signatures;		// counts what is verified, up to PATH_MAX_SIGNATURES; shared by all calls for one
					// message; NULL: this call counts alone
	struct wants *wants;		// gets what would have to be fetched to know whether a certificate is revoked; NULL =
					// what is known must do
};

struct path_result {
	struct span chain[PATH_MAX_CHAIN];	// target first, the anchor not among them; borrowed from request and trust
	size_t count;
	const struct trust_certificate *anchor;
	bool revocation_unknown;		// nothing told, and the set says: warn
	int64_t valid_until;			// the earliest notAfter of the path
};

// Find a valid path from target to an anchor of the set: the first one in an
// order that depends on the certificates alone. Candidates that cannot be read
// are passed over. A target that is an anchor itself (self-signed) is a path of one. False with a fault
// that names the certificate that breaks it and why, of the path that came
// furthest. A path that lacks nothing but what can be fetched fails too (but for
// missing: warn), with wants that are needed; of a path that fails otherwise there
// are none. The faults: signerNotTrusted (an unreadable target included); certRevoked;
// notAuthorized when only the purpose is missing; badRequest over
// PATH_MAX_CANDIDATES; badDataFormat when candidates are no SEQUENCEs. FAIL_SYSTEM_UNAVAIL: no memory.
bool path_validate(const struct path_request *r, struct path_result *out, struct fault *f);

// A bounded memory of paths that were found valid, keyed by target, candidates and set:
// valid again until the earliest notAfter (or nextUpdate of a CRL or OCSP answer that told), never longer than max_age
// seconds, and until something else becomes known to the set. One
// for each thread; NULL without memory. Paths whose revocation was unknown are not kept.
struct path_cache;
struct path_cache *path_cache_new(size_t entries, int64_t max_age_s);
void path_cache_free(struct path_cache *c);
void path_cache_flush(struct path_cache *c);
// As path_validate; out->chain then holds the target only when the cache knew it.
// c may be NULL: then nothing is kept.
bool path_validate_cached(struct path_cache *c, const struct path_request *r, struct path_result *out, struct fault *f);

// At start, after crypto_start(): a device under our root is accepted; one
// under another root of the same name is refused, with that root sent along
// and without. False with a fault: then nothing that this program believes can be relied on.
bool path_self_test(struct fault *f);

#endif
