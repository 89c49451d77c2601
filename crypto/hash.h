// SPDX-License-Identifier: GPL-3.0-or-later
// hash: a running digest. Private to crypto/.
#ifndef CMPGATE_CRYPTO_HASH_H
#define CMPGATE_CRYPTO_HASH_H

#include "crypto/digest.h"
#include "crypto/wolf.h"

struct hash {
	enum digest kind;
	union {
		wc_Sha sha1;
		wc_Sha256 sha256;	// SHA-224 as well
		wc_Sha512 sha512;	// SHA-384 as well
#ifdef WOLFSSL_SHAKE256
		wc_Shake shake;
#endif
	} state;
};

// Begin; false when it is not in this build or memory is out, and then there is nothing to end.
bool hash_begin(struct hash *h, enum digest d);
bool hash_update(struct hash *h, struct span octets);
// Write digest_size() octets. The state can be ended or left as it is.
bool hash_finish(struct hash *h, uint8_t *out);
// Make `to` a second state that goes on from where `from` is; end both.
bool hash_copy(struct hash *to, struct hash *from);
// Free and wipe the state.
void hash_end(struct hash *h);
// Octets of the block that HMAC works with; 0 for SHAKE.
size_t hash_block(enum digest d);

#endif
