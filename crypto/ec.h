// SPDX-License-Identifier: GPL-3.0-or-later
// ec: ECDSA on the curves of SEC 2 and RFC 5639. Private to crypto/.
#ifndef CMPGATE_CRYPTO_EC_H
#define CMPGATE_CRYPTO_EC_H

#include "crypto/key.h"
#include "crypto/wolf.h"

enum { EC_OCTETS_MAX = 66 };	// of a coordinate or a number below the order

bool ec_available(enum key_type t);
// Octets of a coordinate.
size_t ec_size(enum key_type t);
// The rules of public_key_check for curves.
enum crypto_result ec_check(const struct public_numbers *p, struct fault *f);
// Check a signature of a hash of `size` octets. The key was checked.
enum crypto_result ec_verify(const struct public_numbers *p, struct span hash, struct span signature);
// Compute the point of a private value, which is padded to ec_size() octets:
// 1 + 2 * ec_size() octets. CRYPTO_BAD_INPUT: it is 0, or not below the order.
enum crypto_result ec_point(enum key_type t, struct span secret, WC_RNG *random, uint8_t *point);

#endif
