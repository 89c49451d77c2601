// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/rsa.h"

#include "base/memory.h"
#include "base/random.h"
#include "crypto/form.h"
#include "crypto/private.h"
#include "crypto/wolf.h"

#define EXPONENT_MAX ((uint64_t)1 << 32)

static uint64_t
exponent_value(struct span e)
{
	uint64_t v = 0;

	for (size_t i = 0; i < e.len; i++)
		v = v << 8 | e.data[i];
	return v;
}

static bool
refuse(struct fault *f, const char *why)
{
	return fault_set(f, FAIL_BAD_CERT_TEMPLATE, "publicKey", "the RSA %s", why);
}

static bool
exponent_well(struct span e, struct fault *f)
{
	if (e.len == 0 || e.len > 5 || e.data[0] == 0)
		return refuse(f, "exponent is none, or above 2^32");
	uint64_t v = exponent_value(e);
	if (v < 3 || v > EXPONENT_MAX || v % 2 == 0)
		return refuse(f, "exponent is even, below 3 or above 2^32");
	return true;
}

// The length is looked at before anything that takes longer with longer numbers.
enum crypto_result
rsa_check(const struct public_numbers *p, struct fault *f)
{
	if (p->modulus.len == 0 || p->modulus.data[0] == 0) {
		refuse(f, "modulus is none, or has a leading zero");
		return CRYPTO_BAD_INPUT;
	}
	if (p->modulus.len > RSA_OCTETS_MAX || key_bits(p) < RSA_BITS_MIN || key_bits(p) > RSA_BITS_MAX) {
		fault_set(f, FAIL_BAD_CERT_TEMPLATE, "publicKey", "the RSA modulus has %zu bits; from %d to %d are taken",
			(size_t)key_bits(p), RSA_BITS_MIN, RSA_BITS_MAX);
		return CRYPTO_BAD_INPUT;
	}
	if (p->modulus.data[p->modulus.len - 1] % 2 == 0) {
		refuse(f, "modulus is even");
		return CRYPTO_BAD_INPUT;
	}
	if (!exponent_well(p->exponent, f))
		return CRYPTO_BAD_INPUT;
	if (key_bits(p) > RSA_MAX_SIZE) {
		fault_set(f, FAIL_BAD_ALG, "publicKey", "this build of wolfSSL takes RSA up to %d bits only", (int)RSA_MAX_SIZE);
		return CRYPTO_UNSUPPORTED;
	}
	return CRYPTO_OK;
}

bool
rsa_scheme_fits(const struct signature_scheme *scheme, unsigned bits)
{
	if (scheme->digest < DIGEST_SHA224 || scheme->digest > DIGEST_SHA512)
		return false;
	return scheme->kind == SIGNATURE_RSA_PKCS1 || emsa_pss_fits(scheme->digest, scheme->salt, bits);
}

static void
key_free(RsaKey *key)
{
	if (key == NULL)
		return;
	wc_FreeRsaKey(key);
	crypto_wipe(key, sizeof(*key));
	mem_free(key);
}

static RsaKey *
key_new(void)
{
	RsaKey *key = mem_alloc(sizeof(*key));

	if (key != NULL && wc_InitRsaKey_ex(key, NULL, INVALID_DEVID) != 0) {
		mem_free(key);
		return NULL;
	}
	return key;
}

// The public operation on octets as long as the modulus (RFC 8017 5.2.2). With
// these inputs there is no error but what the build cannot compute: some
// of wolfSSL's arithmetic for 32 bits takes exponents of up to 26 bits.
static enum crypto_result
open_signature(const struct public_numbers *p, struct span signature, uint8_t *em)
{
	RsaKey *key = key_new();
	word32 len = RSA_OCTETS_MAX;

	if (key == NULL)
		return CRYPTO_FAILED;
	wolf_begin();
	int error = wc_RsaPublicKeyDecodeRaw(p->modulus.data, (word32)p->modulus.len, p->exponent.data, (word32)p->exponent.len, key);
	if (error == 0)
		error = wc_RsaFunction(signature.data, (word32)signature.len, em, &len, RSA_PUBLIC_DECRYPT, key, NULL);
	key_free(key);
	return wolf_result(error == 0 && len != p->modulus.len ? BAD_LENGTH_E : error, CRYPTO_UNSUPPORTED);
}

enum crypto_result
rsa_verify(const struct public_numbers *p, const struct signature_scheme *scheme, const uint8_t *hash, struct span signature)
{
	uint8_t em[RSA_OCTETS_MAX], expected[RSA_OCTETS_MAX];

	if (signature.len != p->modulus.len)
		return CRYPTO_BAD_INPUT;
	if (!number_in_range(number_trim(signature), p->modulus))
		return CRYPTO_WRONG;
	enum crypto_result result = open_signature(p, signature, em);
	if (result != CRYPTO_OK)
		return result;
	if (scheme->kind == SIGNATURE_RSA_PSS)
		return emsa_pss_verify(scheme->digest, hash, scheme->salt, em, key_bits(p));
	if (!emsa_pkcs1(scheme->digest, hash, expected, signature.len))
		return CRYPTO_BAD_INPUT;
	return crypto_equal(span_of(em, signature.len), span_of(expected, signature.len)) ? CRYPTO_OK : CRYPTO_WRONG;
}

// ---- private keys

bool
rsa_private_numbers(struct span der, struct public_numbers *p)
{
	struct span body, version, rest;
	unsigned others = 0;

	if (!form_take(&der, FORM_SEQUENCE, &body) || der.len != 0 || !form_take_number(&body, &version) || version.len != 0)
		return false;
	*p = (struct public_numbers){ .type = KEY_RSA };
	if (!form_take_number(&body, &p->modulus) || !form_take_number(&body, &p->exponent))
		return false;
	while (others < 6 && form_take_number(&body, &rest) && rest.len > 0)
		others++;
	return others == 6 && body.len == 0;
}

bool
rsa_encode(const struct signature_scheme *scheme, const uint8_t *hash, uint8_t *em, unsigned bits)
{
	uint8_t salt[RSA_OCTETS_MAX];

	if (scheme->kind == SIGNATURE_RSA_PKCS1)
		return emsa_pkcs1(scheme->digest, hash, em, (bits + 7) / 8);
	return scheme->salt <= sizeof(salt) && random_octets(salt, scheme->salt)
		&& emsa_pss(scheme->digest, hash, span_of(salt, scheme->salt), em, bits);
}

static void *
rsa_open(struct private_key *k, WC_RNG *random, struct fault *f)
{
	RsaKey *key = key_new();
	word32 at = 0;

	(void)random;
	if (key != NULL && wc_RsaPrivateKeyDecode(k->secret, &at, key, (word32)k->secret_len) == 0)
		return key;
	key_free(key);
	fault_set(f, FAIL_NONE, "", "wolfSSL does not take this RSA key");
	return NULL;
}

static void
rsa_close(struct private_key *k, void *handle)
{
	(void)k;
	key_free(handle);
}

// wolfSSL blinds the private operation with the random generator.
static enum crypto_result
rsa_sign(struct private_key *k, void *handle, const struct signing *s, struct buffer *out, struct fault *f)
{
	uint8_t em[RSA_OCTETS_MAX], made[RSA_OCTETS_MAX];
	size_t size = k->numbers.modulus.len;
	word32 len = sizeof(made);

	(void)f;
	if (!rsa_encode(s->scheme, s->input->hash, em, key_bits(&k->numbers)))
		return CRYPTO_FAILED;
	if (wc_RsaFunction(em, (word32)size, made, &len, RSA_PRIVATE_ENCRYPT, handle, s->random) != 0 || len != size)
		return CRYPTO_FAILED;
	return buffer_append(out, span_of(made, size)) ? CRYPTO_OK : CRYPTO_FAILED;
}

const struct private_ops rsa_private = { rsa_open, rsa_close, rsa_sign, NULL };
