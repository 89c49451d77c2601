// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/cipher.h"

#include "crypto/wolf.h"

enum { BLOCK = 16, WRAP_HALF = 8 };

static const uint8_t wrap_check[WRAP_HALF] = { 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6 };	// RFC 3394 2.2.3.1

static bool
key_fits(struct span key)
{
	return key.len == 16 || key.len == 24 || key.len == 32;
}

static bool
aes_begin(Aes *aes, struct span key, const uint8_t *iv, int direction)
{
	if (wc_AesInit(aes, NULL, INVALID_DEVID) != 0)
		return false;
	if (wc_AesSetKey(aes, key.data, (word32)key.len, iv, direction) == 0)
		return true;
	wc_AesFree(aes);
	return false;
}

static void
aes_end(Aes *aes)
{
	wc_AesFree(aes);
	crypto_wipe(aes, sizeof(*aes));
}

// Of the `used` octets that were written behind the end, append the first
// `keep` and leave no trace of the others.
static void
append_only(struct buffer *out, size_t used, size_t keep)
{
	crypto_wipe(out->data + out->len + keep, used - keep);
	out->len += keep;
}

enum crypto_result
aes_cbc_encrypt(struct span key, struct span iv, struct span plain, struct buffer *out)
{
	Aes aes;
	size_t pad = BLOCK - plain.len % BLOCK, len = plain.len + pad;

	if (!key_fits(key) || iv.len != BLOCK || plain.len > UINT32_MAX - BLOCK)
		return CRYPTO_BAD_INPUT;
	if (!buffer_reserve(out, len) || !aes_begin(&aes, key, iv.data, AES_ENCRYPTION))
		return CRYPTO_FAILED;
	uint8_t *at = out->data + out->len;
	if (plain.len > 0)
		memcpy(at, plain.data, plain.len);
	memset(at + plain.len, (int)pad, pad);
	int error = wc_AesCbcEncrypt(&aes, at, at, (word32)len);
	aes_end(&aes);
	append_only(out, len, error == 0 ? len : 0);
	return error == 0 ? CRYPTO_OK : CRYPTO_FAILED;
}

// Octets of PKCS#7 padding at the end of whole blocks, 0 when it is none. Every
// octet of the last block is looked at in any case, without a branch on what it holds.
static size_t
padding_of(const uint8_t *last)
{
	unsigned pad = last[BLOCK - 1], wrong = (pad - 1U) >> 4;	// 0 for 1 to 16

	for (unsigned i = 1; i <= BLOCK; i++) {
		unsigned inside = (i - 1U - pad) >> 31;		// 1 when i <= pad
		wrong |= (last[BLOCK - i] ^ pad) * inside;
	}
	return pad & (0U - ((wrong - 1U) >> 31));
}

enum crypto_result
aes_cbc_decrypt(struct span key, struct span iv, struct span secret, struct buffer *out)
{
	Aes aes;

	if (!key_fits(key) || iv.len != BLOCK || secret.len > UINT32_MAX)
		return CRYPTO_BAD_INPUT;
	if (secret.len == 0 || secret.len % BLOCK != 0)
		return CRYPTO_WRONG;
	if (!buffer_reserve(out, secret.len) || !aes_begin(&aes, key, iv.data, AES_DECRYPTION))
		return CRYPTO_FAILED;
	uint8_t *at = out->data + out->len;
	int error = wc_AesCbcDecrypt(&aes, at, secret.data, (word32)secret.len);
	aes_end(&aes);
	size_t pad = error == 0 ? padding_of(at + secret.len - BLOCK) : 0;
	append_only(out, secret.len, pad > 0 ? secret.len - pad : 0);
	return error != 0 ? CRYPTO_FAILED : pad > 0 ? CRYPTO_OK : CRYPTO_WRONG;
}

// One block by itself is CBC with a vector of zeros.
static bool
one_block(Aes *aes, uint8_t *block, int direction)
{
	if (wc_AesSetIV(aes, NULL) != 0)
		return false;
	return (direction == AES_ENCRYPTION ? wc_AesCbcEncrypt(aes, block, block, BLOCK) : wc_AesCbcDecrypt(aes, block, block, BLOCK)) == 0;
}

// The step number that is mixed into the check half, big-endian.
static void
mix_step(uint8_t *half, uint64_t step)
{
	for (int i = WRAP_HALF; i-- > 0; step >>= 8)
		half[i] ^= (uint8_t)step;
}

// RFC 3394 2.2.1 on check || plain, in place; n halves of plain.
static bool
wrap_rounds(Aes *aes, uint8_t *at, size_t n)
{
	uint8_t block[BLOCK];
	bool well = true;

	memcpy(block, at, WRAP_HALF);
	for (uint64_t step = 1; step <= 6 * (uint64_t)n && well; step++) {
		uint8_t *half = at + WRAP_HALF * (1 + (step - 1) % n);
		memcpy(block + WRAP_HALF, half, WRAP_HALF);
		well = one_block(aes, block, AES_ENCRYPTION);
		mix_step(block, step);
		memcpy(half, block + WRAP_HALF, WRAP_HALF);
	}
	memcpy(at, block, WRAP_HALF);
	crypto_wipe(block, sizeof(block));
	return well;
}

// RFC 3394 2.2.2, the same backwards.
static bool
unwrap_rounds(Aes *aes, uint8_t *at, size_t n)
{
	uint8_t block[BLOCK];
	bool well = true;

	memcpy(block, at, WRAP_HALF);
	for (uint64_t step = 6 * (uint64_t)n; step >= 1 && well; step--) {
		uint8_t *half = at + WRAP_HALF * (1 + (step - 1) % n);
		mix_step(block, step);
		memcpy(block + WRAP_HALF, half, WRAP_HALF);
		well = one_block(aes, block, AES_DECRYPTION);
		memcpy(half, block + WRAP_HALF, WRAP_HALF);
	}
	memcpy(at, block, WRAP_HALF);
	crypto_wipe(block, sizeof(block));
	return well;
}

enum crypto_result
aes_wrap(struct span key, struct span plain, struct buffer *out)
{
	Aes aes;
	size_t len = WRAP_HALF + plain.len;

	if (!key_fits(key) || plain.len < 16 || plain.len % WRAP_HALF != 0)
		return CRYPTO_BAD_INPUT;
	if (!buffer_reserve(out, len) || !aes_begin(&aes, key, NULL, AES_ENCRYPTION))
		return CRYPTO_FAILED;
	uint8_t *at = out->data + out->len;
	memcpy(at, wrap_check, WRAP_HALF);
	memcpy(at + WRAP_HALF, plain.data, plain.len);
	bool well = wrap_rounds(&aes, at, plain.len / WRAP_HALF);
	aes_end(&aes);
	append_only(out, len, well ? len : 0);
	return well ? CRYPTO_OK : CRYPTO_FAILED;
}

enum crypto_result
aes_unwrap(struct span key, struct span wrapped, struct buffer *out)
{
	Aes aes;

	if (!key_fits(key))
		return CRYPTO_BAD_INPUT;
	if (wrapped.len < 24 || wrapped.len % WRAP_HALF != 0)
		return CRYPTO_WRONG;
	if (!buffer_reserve(out, wrapped.len) || !aes_begin(&aes, key, NULL, AES_DECRYPTION))
		return CRYPTO_FAILED;
	uint8_t *at = out->data + out->len;
	size_t plain = wrapped.len - WRAP_HALF;
	memcpy(at, wrapped.data, wrapped.len);
	bool well = unwrap_rounds(&aes, at, plain / WRAP_HALF);
	aes_end(&aes);
	bool fits = crypto_equal(span_of(at, WRAP_HALF), span_of(wrap_check, WRAP_HALF));
	memmove(at, at + WRAP_HALF, plain);
	append_only(out, wrapped.len, well && fits ? plain : 0);
	return !well ? CRYPTO_FAILED : fits ? CRYPTO_OK : CRYPTO_WRONG;
}
