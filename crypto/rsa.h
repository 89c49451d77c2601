// SPDX-License-Identifier: GPL-3.0-or-later
// rsa: RSA keys and signatures (RFC 8017). wolfSSL does the arithmetic, the
// encodings are those of crypto/rsa_encoding.h. Private to crypto/.
#ifndef CMPGATE_CRYPTO_RSA_H
#define CMPGATE_CRYPTO_RSA_H

#include "crypto/key.h"
#include "crypto/rsa_encoding.h"

// The rules of public_key_check for RSA.
enum crypto_result rsa_check(const struct public_numbers *p, struct fault *f);
// Tell whether the scheme can be used with a modulus of so many bits.
bool rsa_scheme_fits(const struct signature_scheme *scheme, unsigned bits);
// Check a signature of a hash. The key was checked, and the scheme fits.
enum crypto_result rsa_verify(const struct public_numbers *p, const struct signature_scheme *scheme, const uint8_t *hash, struct span signature);
// The numbers in an RSAPrivateKey of two primes, borrowed from it; false when it is none in strict DER.
bool rsa_private_numbers(struct span der, struct public_numbers *p);
// Encode a hash for signing, with a fresh salt where there is one; em has the octets of the modulus. The scheme fits.
bool rsa_encode(const struct signature_scheme *scheme, const uint8_t *hash, uint8_t *em, unsigned bits);

#endif
