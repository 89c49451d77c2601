// SPDX-License-Identifier: GPL-3.0-or-later
// private: what a private key consists of inside crypto/.
#ifndef CMPGATE_CRYPTO_PRIVATE_H
#define CMPGATE_CRYPTO_PRIVATE_H

#include <stdatomic.h>

#include "crypto/input.h"
#include "crypto/thread.h"

enum { SECRET_MAX = 4096 };	// octets of the longest private key (RSA of 4096 bits takes some 2,350)

struct signing { const struct signature_scheme *scheme; const struct input *input; WC_RNG *random; };

// One kind of key. It makes a handle for each place that uses the key, which is
// used inside that place only.
struct private_ops {
	void *(*open)(struct private_key *k, WC_RNG *random, struct fault *f);	// NULL with the fault
	void (*close)(struct private_key *k, void *handle);
	// Append the signature; a fault for CRYPTO_FAILED is optional.
	enum crypto_result (*sign)(struct private_key *k, void *handle, const struct signing *s, struct buffer *out, struct fault *f);
	void (*end)(struct private_key *k);	// free `context`; may be NULL
};
extern const struct private_ops rsa_private, ec_private, edwards_private;

struct private_key {
	_Atomic unsigned count;
	const struct private_ops *ops;
	struct public_numbers numbers;	// spans into `octets`
	uint8_t *octets;
	uint8_t *secret;		// own copy; NULL = it stands in a token
	size_t secret_len;
	void *context;			// of the ops
	void *handles[PLACES];
};

// Make a key of these public numbers, which are checked and copied. NULL with the fault.
struct private_key *private_key_make(const struct private_ops *ops, const struct public_numbers *p, struct fault *f);
// Sign something and verify it.
bool private_key_try(struct private_key *k, struct fault *f);

#endif
