// SPDX-License-Identifier: GPL-3.0-or-later
// toy_crypto: stands in for crypto/ where a fuzzer must be able to sign what it
// has changed, and quickly: a "signature" is 8 octets, a checksum over key and
// message. It keeps no secret and proves nothing; it only tells the same keys
// and octets from others.
#ifndef CMPGATE_TESTS_TOY_CRYPTO_H
#define CMPGATE_TESTS_TOY_CRYPTO_H

#include "crypto/key.h"

enum { TOY_SIGNATURE = 8 };

// What signature_verify() will accept of this key for this message.
void toy_sign(const struct public_numbers *key, struct span message, uint8_t out[TOY_SIGNATURE]);

#endif
