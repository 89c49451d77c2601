// SPDX-License-Identifier: GPL-3.0-or-later
// wolf: the one place that includes wolfSSL. Private to crypto/.
#ifndef CMPGATE_CRYPTO_WOLF_H
#define CMPGATE_CRYPTO_WOLF_H

// The options of the library's own build must come before its other headers.
// They name its compiler flags too, which are none of ours.
#pragma push_macro("_FORTIFY_SOURCE")
#include <wolfssl/options.h>
#pragma pop_macro("_FORTIFY_SOURCE")
#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/ed25519.h>
#include <wolfssl/wolfcrypt/ed448.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/memory.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/rsa.h>
#include <wolfssl/wolfcrypt/sha.h>
#include <wolfssl/wolfcrypt/sha256.h>
#include <wolfssl/wolfcrypt/sha3.h>
#include <wolfssl/wolfcrypt/sha512.h>
#ifdef WOLF_CRYPTO_CB
#include <wolfssl/wolfcrypt/cryptocb.h>
#endif

#include "crypto/crypto.h"

// What an answer of wolfSSL means where the input was checked before: 0 is the
// only success. Whether memory was missing is known from our allocator, since
// wolfSSL tells it by many numbers. wolf_begin() stands before the calls.
void wolf_begin(void);
// Tell whether memory was missing in this thread since then, or set that it was.
bool wolf_starved(void);
void wolf_starve(void);
// CRYPTO_OK, CRYPTO_FAILED when memory, randomness or a lock was missing, or `otherwise`.
enum crypto_result wolf_result(int error, enum crypto_result otherwise);

#endif
