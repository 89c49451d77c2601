// SPDX-License-Identifier: GPL-3.0-or-later
// edwards: Ed25519 and Ed448 without pre-hash and context (RFC 8032, RFC 8419). Private to crypto/.
#ifndef CMPGATE_CRYPTO_EDWARDS_H
#define CMPGATE_CRYPTO_EDWARDS_H

#include "crypto/key.h"

enum { EDWARDS_OCTETS_MAX = 57 };	// of a point or seed; a signature has twice as many

bool edwards_available(enum key_type t);
// Octets of a point or seed.
size_t edwards_size(enum key_type t);
// The rules of public_key_check: length, and a y below the prime of the field.
enum crypto_result edwards_check(const struct public_numbers *p, struct fault *f);
// Check a signature of a message. The key was checked.
enum crypto_result edwards_verify(const struct public_numbers *p, struct span message, struct span signature);
// Compute the point of a seed.
enum crypto_result edwards_point(enum key_type t, struct span seed, uint8_t *point);

#endif
