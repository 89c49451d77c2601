// SPDX-License-Identifier: GPL-3.0-or-later
// key: public keys as their numbers, private keys as objects that sign.
// Which OID means which of these, and which are strong enough, is decided in
// pki/algorithm; here stands what wolfSSL is asked, and what is checked before.
#ifndef CMPGATE_CRYPTO_KEY_H
#define CMPGATE_CRYPTO_KEY_H

#include "base/buffer.h"
#include "crypto/digest.h"

enum key_type {
	KEY_RSA,
	KEY_P256, KEY_P384, KEY_P521,
	KEY_BRAINPOOL_P256, KEY_BRAINPOOL_P384, KEY_BRAINPOOL_P512,
	KEY_ED25519, KEY_ED448,
	KEY_TYPE_COUNT
};
enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096, SIGNATURE_MAX = 1024 };

// A public key by its numbers, borrowed from wherever they stand.
struct public_numbers {
	enum key_type type;
	struct span modulus, exponent;	// RSA: big-endian, no leading zero octet
	struct span point;		// EC: 04 || x || y; Ed25519, Ed448: the 32 or 57 octets
};

// "P-256", "RSA".
const char *key_type_name(enum key_type t);
// Tell whether this build of wolfSSL has it.
bool key_type_available(enum key_type t);
bool key_type_is_ec(enum key_type t);
// Bits: of the modulus for RSA, of the field for curves.
unsigned key_bits(const struct public_numbers *p);
// Refuse numbers that are no key: RSA modulus even, below RSA_BITS_MIN or above
// RSA_BITS_MAX, exponent even, below 3 or above 2^32; a point of the wrong
// length, compressed, at infinity or off its curve; of Edwards curves a wrong
// length or a y beyond the field. Bounded in time by the caps. Faults, with the
// path "publicKey": badCertTemplate for CRYPTO_BAD_INPUT, badAlg for CRYPTO_UNSUPPORTED
// (the curve is not in this build), systemUnavail for CRYPTO_FAILED.
enum crypto_result public_key_check(const struct public_numbers *p, struct fault *f);

enum signature_kind { SIGNATURE_RSA_PKCS1, SIGNATURE_RSA_PSS, SIGNATURE_ECDSA, SIGNATURE_ED25519, SIGNATURE_ED448 };
// A signature algorithm. PSS: mask generation by MGF1 with the same digest, and
// salt octets. Edwards curves have no digest of ours.
struct signature_scheme { enum signature_kind kind; enum digest digest; unsigned salt; };

// Check a signature over the parts one after the other. Before wolfSSL is
// asked: the kind fits the key type, the signature has exactly the length of
// the modulus (RSA), of an Edwards signature, or is a strict DER SEQUENCE of
// two positive minimal INTEGERs below the order (ECDSA; not 0). CRYPTO_WRONG:
// it does not verify; CRYPTO_BAD_INPUT: key, form or scheme (SHA-1, a salt too
// long) are none; CRYPTO_UNSUPPORTED: the build lacks the curve or, for RSA, does
// not compute with an exponent above 2^26.
enum crypto_result signature_verify(const struct public_numbers *key, const struct signature_scheme *scheme,
	const struct span *parts, size_t count, struct span signature);

// ---- private keys: immutable, counted, usable from every thread
struct private_key;

// Take a private key by its octets: RSA: the DER of RSAPrivateKey (RFC 8017
// A.1.2); EC: the private value, big-endian, at most as long as the order;
// Edwards: the seed. They are copied; the caller wipes its own. The key is
// tried at once: a signature of it must verify. NULL with the fault.
struct private_key *private_key_new(enum key_type type, struct span octets, struct fault *f);
// Find a key in a PKCS#11 token by its URI (RFC 7512: token, serial,
// manufacturer, model, slot-id, object, id, module-path), and log in with pin
// (copied, wiped at the end). The module is that of the URI, else `module`.
// pin-value in the URI is refused: a PIN never stands in a configuration. The
// slot is found by its labels, never by position alone; public numbers come
// from the token. A PIN that the token refuses once is not tried again. NULL with a fault that tells what was found instead: no
// module, no such token, a wrong PIN, no such object, or two of them.
struct private_key *private_key_token(const char *uri, const char *module, struct span pin, struct fault *f);
struct private_key *private_key_ref(struct private_key *k);
void private_key_unref(struct private_key *k);	// NULL is allowed; the last one wipes
// Its public numbers, borrowed from the key.
const struct public_numbers *private_key_public(const struct private_key *k);
// Sign the parts one after the other; the signature is appended to out. An RSA
// signature is verified before it leaves (a fault in the computation would
// give the key away), and so is one by a token. A token session that was lost is
// opened once more. CRYPTO_FAILED with the fault (systemUnavail, or none of the
// bits for a token that is gone); nothing is appended then.
enum crypto_result private_key_sign(struct private_key *k, const struct signature_scheme *scheme,
	const struct span *parts, size_t count, struct buffer *out, struct fault *f);

#endif
