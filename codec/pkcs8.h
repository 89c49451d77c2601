// SPDX-License-Identifier: GPL-3.0-or-later
// pkcs8: private keys as they stand in files and key packages: OneAsymmetricKey
// (RFC 5958), its encrypted form, and what lies inside for RSA, EC and Edwards
// curves. Views over octets that the caller wipes; faults never quote them.
#ifndef CMPGATE_CODEC_PKCS8_H
#define CMPGATE_CODEC_PKCS8_H

#include "codec/parameters.h"

struct private_key_info {
	struct span whole;
	int version;			// 1 (PKCS#8) or 2 (with publicKey)
	struct algorithm algorithm;
	struct span key;		// contents of privateKey
	struct span attributes;		// contents of [0]; len 0 = absent
	bool has_public_key; struct span public_key;	// octets of the BIT STRING
};
// Take one OneAsymmetricKey. A publicKey without version v2 is refused.
bool private_key_info_take(struct span *in, struct private_key_info *out, struct fault *f);
// The same for octets that are exactly one, strict DER.
bool private_key_info_read(struct span octets, struct private_key_info *out, struct fault *f);
// Write one: attributes are left out; publicKey, and with it version v2, when has_public_key.
void private_key_info_write(struct der_writer *w, const struct private_key_info *k);

// EncryptedPrivateKeyInfo with PBES2 of PBKDF2 and AES-CBC; another scheme,
// key derivation or cipher is badAlg.
struct encrypted_private_key {
	struct pbkdf2_parameters kdf;
	struct span cipher;		// OID contents of AES-128, -192 or -256 CBC
	size_t key_octets;		// 16, 24 or 32, by the cipher
	struct span iv;
	struct span secret;		// encryptedData
};
bool encrypted_private_key_read(struct span octets, struct encrypted_private_key *out, struct fault *f);

// ECPrivateKey (RFC 5915), exactly one. Parameters other than a named curve are badAlg.
struct ec_private_key {
	struct span key;		// big-endian
	struct span curve;		// OID contents; len 0 = absent
	bool has_public_key; struct span public_key;
};
bool ec_private_key_read(struct span octets, struct ec_private_key *out, struct fault *f);

// RSAPrivateKey (RFC 8017 A.1.2) of two primes, exactly one: contents of the
// INTEGERs without the octet that keeps them positive. Zero and negative numbers are refused.
struct rsa_private_key { struct span modulus, public_exponent, private_exponent, prime[2], exponent[2], coefficient; };
bool rsa_private_key_read(struct span octets, struct rsa_private_key *out, struct fault *f);

// CurvePrivateKey (RFC 8410 7): an OCTET STRING inside privateKey, exactly one; its length is for the curve to judge.
bool curve_private_key_read(struct span octets, struct span *key, struct fault *f);

#endif
