// SPDX-License-Identifier: GPL-3.0-or-later
// digest: hashes and what is made of them: HMAC and the two ways to make a key
// of a shared secret. A message is handed over as parts, so that nothing needs
// to be put together before.
#ifndef CMPGATE_CRYPTO_DIGEST_H
#define CMPGATE_CRYPTO_DIGEST_H

#include "crypto/crypto.h"

enum digest {
	DIGEST_SHA1,		// inside MACs and identifiers only; never in a signature
	DIGEST_SHA224, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512,
	DIGEST_SHAKE256,	// 64 octets of output (RFC 9481, with Ed448)
	DIGEST_COUNT
};
enum { DIGEST_MAX = 64 };	// octets of the longest

// Octets of its output.
size_t digest_size(enum digest d);
// Tell whether this build of wolfSSL has it; only SHAKE256 may be missing.
bool digest_available(enum digest d);
// "SHA-256".
const char *digest_name(enum digest d);
// Hash the parts one after the other. False when memory is out, or it is not in this build.
bool digest_of(enum digest d, const struct span *parts, size_t count, uint8_t out[DIGEST_MAX]);
// The same for SHA-256, as chains of records want it.
bool digest_sha256(const struct span *parts, size_t count, uint8_t out[32]);
// HMAC (RFC 2104) over the parts; the key has 1 octet or more. Not with SHAKE.
bool hmac_of(enum digest d, struct span key, const struct span *parts, size_t count, uint8_t out[DIGEST_MAX]);

// Key of the PasswordBasedMac (RFC 4211 4.4 with RFC 9810 5.1.3.1): owf applied
// exactly `iterations` times, at first to secret || salt. The caller has held
// its caps against salt and iterations. Counted in crypto_work().derivations.
bool pbm_derive(enum digest owf, struct span secret, struct span salt, uint32_t iterations, uint8_t out[DIGEST_MAX]);
// PBKDF2 (RFC 8018 5.2) with HMAC of prf; as above.
bool pbkdf2_derive(enum digest prf, struct span secret, struct span salt, uint32_t iterations, uint8_t *out, size_t len);

#endif
