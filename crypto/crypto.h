// SPDX-License-Identifier: GPL-3.0-or-later
// crypto: the one wall around wolfSSL. What stands behind it takes spans and
// enums and gives octets; no wolfSSL type, header or number leaves the folder.
// Everything may be called from any thread: each thread has a random generator
// of its own, and a private key a handle for each thread.
#ifndef CMPGATE_CRYPTO_CRYPTO_H
#define CMPGATE_CRYPTO_CRYPTO_H

#include "base/fault.h"

enum crypto_result {
	CRYPTO_OK,
	CRYPTO_WRONG,		// it was computed, and the signature, padding or tag does not fit
	CRYPTO_BAD_INPUT,	// a key or parameter that is none: point off its curve, even modulus, wrong length
	CRYPTO_UNSUPPORTED,	// not in this build of wolfSSL, or wider than it computes
	CRYPTO_FAILED		// memory, randomness or the token: says nothing about the input
};

// Start wolfSSL with the allocator of base/ and run the self-test: a known
// answer for every algorithm that this build offers, both ways. False with a
// fault that names what failed; then nothing of crypto/ may be used. Once,
// before the first thread is made. Calls after the first answer its result,
// until crypto_stop(). Takes some 40 ms on a server: each curve signs and verifies.
bool crypto_start(struct fault *f);
// Free what the library holds. Only when no other thread uses it any more, and
// no private key is left.
void crypto_stop(void);
// "wolfSSL 5.5.4, SP math in C, FP_ECC": for `cmpgate version` and the bench.
const char *crypto_about(void);

// Overwrite octets so that no compiler leaves it out.
void crypto_wipe(void *octets, size_t len);
// Tell whether two spans hold the same octets, in a time that depends on their
// lengths only. Different lengths: false.
bool crypto_equal(struct span a, struct span b);
// Give back what computations on elliptic curves keep for the next ones: up to
// some 6 MB for each thread that computes, however many keys it has met. A few
// milliseconds; from any thread, at any time, and it holds for threads that idle.
void crypto_trim(void);

// How much work was done since the start (without the self-test), by all threads: tests hold their
// promises against it (no key derivation for an unknown reference, at most 64
// signatures for a message).
struct crypto_work { uint64_t verifications, signatures, derivations; };
struct crypto_work crypto_work(void);

#endif
