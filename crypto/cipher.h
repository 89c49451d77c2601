// SPDX-License-Identifier: GPL-3.0-or-later
// cipher: AES as CMS and PKCS#8 need it.
#ifndef CMPGATE_CRYPTO_CIPHER_H
#define CMPGATE_CRYPTO_CIPHER_H

#include "base/buffer.h"
#include "crypto/crypto.h"

// AES-CBC with PKCS#7 padding (RFC 5652 6.3). key: 16, 24 or 32 octets; iv: 16.
// Decrypting appends the plaintext; all ways to be wrong answer CRYPTO_WRONG in
// a time that depends on lengths only. What was appended before a failure is wiped.
enum crypto_result aes_cbc_encrypt(struct span key, struct span iv, struct span plain, struct buffer *out);
enum crypto_result aes_cbc_decrypt(struct span key, struct span iv, struct span secret, struct buffer *out);
// AES key wrap (RFC 3394): plain of 16 octets or more, a multiple of 8.
enum crypto_result aes_wrap(struct span key, struct span plain, struct buffer *out);
enum crypto_result aes_unwrap(struct span key, struct span wrapped, struct buffer *out);

#endif
