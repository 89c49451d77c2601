// SPDX-License-Identifier: GPL-3.0-or-later
// input: what a signature is made over. Private to crypto/.
#ifndef CMPGATE_CRYPTO_INPUT_H
#define CMPGATE_CRYPTO_INPUT_H

#include "crypto/key.h"

// The hash for RSA and ECDSA; the message in one piece for Edwards curves, which hash it twice.
struct input { uint8_t hash[DIGEST_MAX]; struct span message; uint8_t *joined; };

// Tell whether a scheme can be used with a key.
bool scheme_fits(const struct signature_scheme *s, const struct public_numbers *p);
// Prepare it from the parts, which stay alive; false without memory, and then there is nothing to end.
bool input_begin(struct input *in, const struct signature_scheme *s, const struct span *parts, size_t count);
void input_end(struct input *in);
// Verify with a key that was checked and a scheme that fits.
enum crypto_result input_verify(const struct input *in, const struct signature_scheme *s, const struct public_numbers *key, struct span signature);

#endif
