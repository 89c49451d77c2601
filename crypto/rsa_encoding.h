// SPDX-License-Identifier: GPL-3.0-or-later
// rsa_encoding: the encoded messages of RSA signatures (RFC 8017 9), as octets
// that are built and compared whole. Nothing of a received encoding is parsed.
// Private to crypto/.
#ifndef CMPGATE_CRYPTO_RSA_ENCODING_H
#define CMPGATE_CRYPTO_RSA_ENCODING_H

#include "crypto/digest.h"

enum { RSA_OCTETS_MAX = 512, DIGEST_INFO_MAX = 19 + DIGEST_MAX };

// DigestInfo of SHA-224 to SHA-512 with NULL parameters (9.2 note 1): its
// octets; 0 for digests that sign nothing.
size_t digest_info(enum digest d, const uint8_t *hash, uint8_t out[DIGEST_INFO_MAX]);
// EMSA-PKCS1-v1_5 (9.2) into len octets; false when the digest signs nothing or the modulus is too short.
bool emsa_pkcs1(enum digest d, const uint8_t *hash, uint8_t *em, size_t len);
// EMSA-PSS-ENCODE (9.1.1) into the octets of a modulus of so many bits, with MGF1 over the same digest.
bool emsa_pss(enum digest d, const uint8_t *hash, struct span salt, uint8_t *em, unsigned bits);
// EMSA-PSS-VERIFY (9.1.2) with exactly `salt` octets of salt. em is used up.
enum crypto_result emsa_pss_verify(enum digest d, const uint8_t *hash, size_t salt, uint8_t *em, unsigned bits);
// Tell whether a salt of this length fits.
bool emsa_pss_fits(enum digest d, size_t salt, unsigned bits);

#endif
