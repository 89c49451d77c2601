// SPDX-License-Identifier: GPL-3.0-or-later
// selftest: known answers, held against the library at every start: it may have
// been replaced since the build, or the machine may compute wrongly.
// Private to crypto/ and its tests, which hand in wrong answers.
#ifndef CMPGATE_CRYPTO_SELFTEST_H
#define CMPGATE_CRYPTO_SELFTEST_H

#include "crypto/key.h"

// All octets as hexadecimal digits; what is signed, hashed and derived from is text.
struct digest_answer { enum digest digest; const char *text, *expected; };
struct mac_answer { enum digest digest; const char *key, *text, *expected; };
struct derive_answer { enum digest digest; const char *secret, *salt; uint32_t iterations; const char *expected; };
// The private key is that of the key before when it is NULL.
struct key_answer { enum key_type type; const char *secret, *text; struct signature_scheme scheme; const char *signature; };
struct cipher_answer { const char *key, *iv, *plain, *secret; };

struct answers {
	struct digest_answer digests[DIGEST_COUNT];
	struct mac_answer hmacs[DIGEST_SHA512 + 1];
	struct derive_answer pbm, pbkdf2;
	struct key_answer keys[KEY_TYPE_COUNT + 1];	// RSA by both encodings
	struct cipher_answer cbc, wrap;			// wrap: no vector
};
extern const struct answers selftest_answers;

// False with a fault that names the first algorithm whose answer is another.
// What this build of wolfSSL lacks is left out, but for P-256 and SHA-2.
bool selftest_run(const struct answers *a, struct fault *f);

// crypto_start() with answers of the caller's; tests only.
bool crypto_start_with(const struct answers *a, struct fault *f);

#endif
