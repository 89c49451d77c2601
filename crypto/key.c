// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/key.h"

#include "base/memory.h"
#include "crypto/ec.h"
#include "crypto/edwards.h"
#include "crypto/input.h"
#include "crypto/rsa.h"
#include "crypto/work.h"

static const struct { const char *name; unsigned bits; } types[KEY_TYPE_COUNT] = {
	[KEY_RSA] = { "RSA", 0 },
	[KEY_P256] = { "P-256", 256 },
	[KEY_P384] = { "P-384", 384 },
	[KEY_P521] = { "P-521", 521 },
	[KEY_BRAINPOOL_P256] = { "brainpoolP256r1", 256 },
	[KEY_BRAINPOOL_P384] = { "brainpoolP384r1", 384 },
	[KEY_BRAINPOOL_P512] = { "brainpoolP512r1", 512 },
	[KEY_ED25519] = { "Ed25519", 255 },
	[KEY_ED448] = { "Ed448", 448 },
};

const char *
key_type_name(enum key_type t)
{
	return types[t].name;
}

bool
key_type_is_ec(enum key_type t)
{
	return t >= KEY_P256 && t <= KEY_BRAINPOOL_P512;
}

bool
key_type_available(enum key_type t)
{
	return t == KEY_RSA || (key_type_is_ec(t) ? ec_available(t) : edwards_available(t));
}

unsigned
key_bits(const struct public_numbers *p)
{
	if (p->type != KEY_RSA || p->modulus.len == 0)
		return types[p->type].bits;
	unsigned bits = (unsigned)p->modulus.len * 8;
	for (unsigned top = p->modulus.data[0]; top < 0x80; top = top << 1 | 1)
		bits--;
	return bits;
}

enum crypto_result
public_key_check(const struct public_numbers *p, struct fault *f)
{
	if (!key_type_available(p->type)) {
		fault_set(f, FAIL_BAD_ALG, "publicKey", "%s is not in this build of wolfSSL", key_type_name(p->type));
		return CRYPTO_UNSUPPORTED;
	}
	if (p->type == KEY_RSA)
		return rsa_check(p, f);
	return key_type_is_ec(p->type) ? ec_check(p, f) : edwards_check(p, f);
}

// A kind belongs to a type of key, and signs a digest that is good for signatures.
bool
scheme_fits(const struct signature_scheme *s, const struct public_numbers *p)
{
	switch (s->kind) {
	case SIGNATURE_RSA_PKCS1:
	case SIGNATURE_RSA_PSS:
		return p->type == KEY_RSA && rsa_scheme_fits(s, key_bits(p));
	case SIGNATURE_ECDSA:
		return key_type_is_ec(p->type) && s->digest >= DIGEST_SHA224 && s->digest <= DIGEST_SHA512;
	case SIGNATURE_ED25519:
		return p->type == KEY_ED25519;
	case SIGNATURE_ED448:
		return p->type == KEY_ED448;
	}
	return false;
}

bool
input_begin(struct input *in, const struct signature_scheme *s, const struct span *parts, size_t count)
{
	size_t total = 0, at = 0;

	*in = (struct input){ 0 };
	if (s->kind != SIGNATURE_ED25519 && s->kind != SIGNATURE_ED448)
		return digest_of(s->digest, parts, count, in->hash);
	for (size_t i = 0; i < count; i++)
		total += parts[i].len;
	if (total > UINT32_MAX)
		return false;
	if (count == 1)
		in->message = parts[0];
	if (count <= 1)
		return true;
	if ((in->joined = mem_alloc(total)) == NULL)
		return false;
	for (size_t i = 0; i < count; at += parts[i++].len)
		if (parts[i].len > 0)
			memcpy(in->joined + at, parts[i].data, parts[i].len);
	in->message = span_of(in->joined, total);
	return true;
}

void
input_end(struct input *in)
{
	mem_free(in->joined);
}

enum crypto_result
input_verify(const struct input *in, const struct signature_scheme *s, const struct public_numbers *key, struct span signature)
{
	if (key->type == KEY_RSA)
		return rsa_verify(key, s, in->hash, signature);
	if (key_type_is_ec(key->type))
		return ec_verify(key, span_of(in->hash, digest_size(s->digest)), signature);
	return edwards_verify(key, in->message, signature);
}

enum crypto_result
signature_verify(const struct public_numbers *key, const struct signature_scheme *scheme, const struct span *parts, size_t count,
	struct span signature)
{
	struct input in;

	work_count(WORK_VERIFICATION);
	if (!key_type_available(key->type))
		return CRYPTO_UNSUPPORTED;
	if (!scheme_fits(scheme, key))
		return CRYPTO_BAD_INPUT;
	enum crypto_result result = public_key_check(key, NULL);
	if (result != CRYPTO_OK)
		return result;
	if (!input_begin(&in, scheme, parts, count))
		return CRYPTO_FAILED;
	result = input_verify(&in, scheme, key, signature);
	input_end(&in);
	return result;
}
