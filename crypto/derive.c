// SPDX-License-Identifier: GPL-3.0-or-later
// HMAC and the derivations of keys from shared secrets. HMAC is put together
// here so that PBKDF2 can begin each of its many rounds from two prepared
// states: that halves its cost against keying anew.
#include "crypto/hash.h"
#include "crypto/work.h"

struct hmac { struct hash inner, outer; };

static bool
keyed(struct hash *h, enum digest d, const uint8_t *key, uint8_t mask)
{
	uint8_t block[128];
	size_t size = hash_block(d);

	if (!hash_begin(h, d))
		return false;
	for (size_t i = 0; i < size; i++)
		block[i] = key[i] ^ mask;
	bool well = hash_update(h, span_of(block, size));
	crypto_wipe(block, sizeof(block));
	if (!well)
		hash_end(h);
	return well;
}

// RFC 2104 2: a key longer than the block is hashed first.
static bool
hmac_begin(struct hmac *m, enum digest d, struct span key)
{
	uint8_t block[128] = { 0 };

	if (hash_block(d) == 0 || key.len == 0)
		return false;
	bool well = true;
	if (key.len > hash_block(d))
		well = digest_of(d, &key, 1, block);
	else
		memcpy(block, key.data, key.len);
	well = well && keyed(&m->inner, d, block, 0x36);
	if (well && !keyed(&m->outer, d, block, 0x5C)) {
		hash_end(&m->inner);
		well = false;
	}
	crypto_wipe(block, sizeof(block));
	return well;
}

static void
hmac_end(struct hmac *m)
{
	hash_end(&m->inner);
	hash_end(&m->outer);
}

// Finish a copy of `from` over the parts.
static bool
hash_from(struct hash *from, const struct span *parts, size_t count, uint8_t *out)
{
	struct hash h;

	if (!hash_copy(&h, from))
		return false;
	bool well = true;
	for (size_t i = 0; i < count && well; i++)
		well = hash_update(&h, parts[i]);
	well = well && hash_finish(&h, out);
	hash_end(&h);
	return well;
}

static bool
hmac_compute(struct hmac *m, const struct span *parts, size_t count, uint8_t *out)
{
	struct span inner = span_of(out, digest_size(m->inner.kind));

	return hash_from(&m->inner, parts, count, out) && hash_from(&m->outer, &inner, 1, out);
}

bool
hmac_of(enum digest d, struct span key, const struct span *parts, size_t count, uint8_t out[DIGEST_MAX])
{
	struct hmac m;

	if (!hmac_begin(&m, d, key))
		return false;
	bool well = hmac_compute(&m, parts, count, out);
	hmac_end(&m);
	return well;
}

bool
pbm_derive(enum digest owf, struct span secret, struct span salt, uint32_t iterations, uint8_t out[DIGEST_MAX])
{
	struct span first[] = { secret, salt }, again = span_of(out, digest_size(owf));

	work_count(WORK_DERIVATION);
	bool well = iterations > 0 && digest_of(owf, first, 2, out);
	for (uint32_t i = 1; i < iterations && well; i++)
		well = digest_of(owf, &again, 1, out);
	if (!well)
		crypto_wipe(out, DIGEST_MAX);
	return well;
}

// One block of RFC 8018 5.2: U1 xor U2 xor ...
static bool
pbkdf2_block(struct hmac *m, struct span salt, uint32_t iterations, uint32_t number, uint8_t *block)
{
	uint8_t index[] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number };
	uint8_t u[DIGEST_MAX] = { 0 };
	struct span first[] = { salt, span_of(index, 4) }, last = span_of(u, digest_size(m->inner.kind));
	bool well = hmac_compute(m, first, 2, u);

	memcpy(block, u, last.len);
	for (uint32_t i = 1; i < iterations && well; i++) {
		well = hmac_compute(m, &last, 1, u);
		for (size_t k = 0; k < last.len; k++)
			block[k] ^= u[k];
	}
	crypto_wipe(u, sizeof(u));
	return well;
}

bool
pbkdf2_derive(enum digest prf, struct span secret, struct span salt, uint32_t iterations, uint8_t *out, size_t len)
{
	struct hmac m;
	uint8_t block[DIGEST_MAX] = { 0 };
	size_t size = digest_size(prf);

	work_count(WORK_DERIVATION);
	if (iterations == 0 || !hmac_begin(&m, prf, secret))
		return false;
	bool well = true;
	for (size_t at = 0; at < len && well; at += size) {
		well = at / size < UINT32_MAX && pbkdf2_block(&m, salt, iterations, (uint32_t)(at / size) + 1, block);
		memcpy(out + at, block, len - at < size ? len - at : size);
	}
	hmac_end(&m);
	crypto_wipe(block, sizeof(block));
	if (!well)
		crypto_wipe(out, len);
	return well;
}
