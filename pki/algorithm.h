// SPDX-License-Identifier: GPL-3.0-or-later
// algorithm: what the AlgorithmIdentifiers of RFC 9481 and the public keys of
// certificates mean for crypto/, and the allow-list: what is not named here does
// not exist. OID, parameters, key type, curve and strength are judged before
// anything is computed.
#ifndef CMPGATE_PKI_ALGORITHM_H
#define CMPGATE_PKI_ALGORITHM_H

#include "codec/element.h"
#include "crypto/key.h"

// The allow-list in a sentence, for people.
#define ALGORITHMS_TEXT "signatures with RSA (2048 to 4096 bits), ECDSA (P-256, P-384, P-521, brainpool), Ed25519, Ed448, SHA-256 or better; MACs PBM, PBMAC1 with SHA-224 or better"

// The signature algorithm: RSA PKCS#1 and PSS, ECDSA with SHA-224 to SHA-512,
// Ed25519, Ed448. Parameters exactly as RFC 9481 has them (RSA: NULL or absent;
// PSS: MGF1 with the same digest, a salt as long as the digest, trailer 1;
// others absent). badAlg for everything else, SHA-1 and MD5 included.
bool algorithm_signature(const struct algorithm *a, struct signature_scheme *out, struct fault *f);
// A digest; parameters absent or NULL. SHA-1 only when allow_sha1. badAlg.
bool algorithm_digest(const struct algorithm *a, bool allow_sha1, enum digest *out, struct fault *f);
// An HMAC (hmacWithSHA224 to 512; with allow_sha1 both OIDs of HMAC-SHA1); parameters absent or NULL. badAlg.
bool algorithm_hmac(const struct algorithm *a, bool allow_sha1, enum digest *out, struct fault *f);
// The numbers of a public key, borrowed from it, and checked (public_key_check).
// badAlg: unknown algorithm or curve; badCertTemplate: numbers that are no key, or too weak.
bool algorithm_public_key(const struct public_key *k, struct public_numbers *out, struct fault *f);
// Tell whether a scheme may be used with a key: the kind fits, and the digest
// is SHA-256 or better under every key. badAlg.
bool algorithm_fits(const struct signature_scheme *s, const struct public_numbers *key, struct fault *f);
// The scheme that we sign with, for a key of ours.
struct signature_scheme algorithm_of_key(const struct public_numbers *key);
// The digest of certHash (RFC 9810 5.3.18) for a certificate signed with this
// algorithm: that of its signature; SHA-512 for Ed25519, SHAKE256 for Ed448.
// False for algorithms without one.
bool algorithm_cert_hash(const struct algorithm *a, enum digest *out);

// Write AlgorithmIdentifiers.
void algorithm_write_signature(struct der_writer *w, const struct signature_scheme *s);
void algorithm_write_digest(struct der_writer *w, enum digest d);	// parameters absent
void algorithm_write_hmac(struct der_writer *w, enum digest d);		// parameters NULL

#endif
