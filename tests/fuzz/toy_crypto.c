// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fuzz/toy_crypto.h"

static uint64_t verifications;

// What a fuzzer could learn from each turn is nothing, and costs more than the turn.
#ifdef __clang__
__attribute__((no_sanitize("coverage")))
#endif
static uint64_t
add(uint64_t sum, struct span octets)
{
	for (size_t i = 0; i < octets.len; i++)
		sum = (sum ^ octets.data[i]) * UINT64_C(0x100000001b3);
	return sum;
}

void
toy_sign(const struct public_numbers *key, struct span message, uint8_t out[TOY_SIGNATURE])
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	sum = add(add(add(add(sum, key->modulus), key->exponent), key->point), message);
	memcpy(out, &sum, TOY_SIGNATURE);
}

enum crypto_result
signature_verify(const struct public_numbers *key, const struct signature_scheme *scheme, const struct span *parts, size_t count,
	struct span signature)
{
	uint8_t right[TOY_SIGNATURE];

	(void)scheme;
	(void)count;
	verifications++;
	if (signature.len != TOY_SIGNATURE)
		return CRYPTO_BAD_INPUT;
	toy_sign(key, parts[0], right);
	return memcmp(right, signature.data, TOY_SIGNATURE) == 0 ? CRYPTO_OK : CRYPTO_WRONG;
}

struct crypto_work
crypto_work(void)
{
	return (struct crypto_work){ .verifications = verifications };
}

// The length of a point is looked at, as anything may hang on it.
enum crypto_result
public_key_check(const struct public_numbers *p, struct fault *f)
{
	bool ok = p->type == KEY_RSA ? p->modulus.len >= RSA_BITS_MIN / 8 && p->modulus.len <= RSA_BITS_MAX / 8
		: key_type_is_ec(p->type) ? p->point.len > 1 && p->point.data[0] == 4 && p->point.len % 2 == 1
		: p->point.len >= 32;

	if (!ok)
		fault_set(f, FAIL_BAD_CERT_TEMPLATE, "", "the toy does not like this key");
	return ok ? CRYPTO_OK : CRYPTO_BAD_INPUT;
}

bool
digest_of(enum digest d, const struct span *parts, size_t count, uint8_t out[DIGEST_MAX])
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)d;

	for (size_t i = 0; i < count; i++)
		sum = add(sum, parts[i]);
	memset(out, 0, DIGEST_MAX);
	memcpy(out, &sum, sizeof(sum));
	return true;
}

size_t
digest_size(enum digest d)
{
	static const size_t sizes[DIGEST_COUNT] = { 20, 28, 32, 48, 64, 64 };

	return sizes[d];
}

const char *
digest_name(enum digest d)
{
	(void)d;
	return "a digest";
}

const char *
key_type_name(enum key_type t)
{
	(void)t;
	return "toy";
}

bool
key_type_is_ec(enum key_type t)
{
	return t >= KEY_P256 && t <= KEY_BRAINPOOL_P512;
}
