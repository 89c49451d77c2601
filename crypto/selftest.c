// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/selftest.h"

#include "base/memory.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "crypto/private.h"

enum { OCTETS_MAX = 1536 };	// of the longest answer

static unsigned
hex_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

// Write the octets of hexadecimal text; they end where the text ends.
static struct span
octets_of(const char *hex, uint8_t *out)
{
	size_t len = strlen(hex) / 2;

	for (size_t i = 0; i < len && i < OCTETS_MAX; i++)
		out[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
	return span_of(out, len);
}

static bool
is(struct span computed, const char *expected)
{
	uint8_t octets[OCTETS_MAX];

	return span_equal(computed, octets_of(expected, octets));
}

static bool
wrong(struct fault *f, const char *what)
{
	return fault_set(f, FAIL_NONE, "", "the self-test of wolfSSL found a wrong answer: %s", what);
}

static bool
digest_well(const struct digest_answer *a, struct fault *f)
{
	uint8_t out[DIGEST_MAX];
	struct span text = span_text(a->text);

	if (!digest_available(a->digest))
		return true;
	return (digest_of(a->digest, &text, 1, out) && is(span_of(out, digest_size(a->digest)), a->expected))
		|| wrong(f, digest_name(a->digest));
}

static bool
hmac_well(const struct mac_answer *a, struct fault *f)
{
	uint8_t out[DIGEST_MAX];
	struct span text = span_text(a->text);

	return (hmac_of(a->digest, span_text(a->key), &text, 1, out) && is(span_of(out, digest_size(a->digest)), a->expected))
		|| wrong(f, "HMAC");
}

static bool
pbm_well(const struct derive_answer *a, struct fault *f)
{
	uint8_t out[DIGEST_MAX];

	return (pbm_derive(a->digest, span_text(a->secret), span_text(a->salt), a->iterations, out)
		&& is(span_of(out, digest_size(a->digest)), a->expected)) || wrong(f, "PasswordBasedMac");
}

static bool
pbkdf2_well(const struct derive_answer *a, struct fault *f)
{
	uint8_t out[DIGEST_MAX];
	size_t len = strlen(a->expected) / 2;

	return (len <= sizeof(out) && pbkdf2_derive(a->digest, span_text(a->secret), span_text(a->salt), a->iterations, out, len)
		&& is(span_of(out, len), a->expected)) || wrong(f, "PBKDF2");
}

// The known signature verifies, and with a bit changed it does not.
static bool
signature_well(const struct private_key *k, const struct key_answer *a)
{
	uint8_t octets[OCTETS_MAX];
	struct span text = span_text(a->text), signature = octets_of(a->signature, octets);
	const struct public_numbers *p = private_key_public(k);

	if (signature_verify(p, &a->scheme, &text, 1, signature) != CRYPTO_OK)
		return false;
	octets[signature.len - 1] ^= 1;
	return signature_verify(p, &a->scheme, &text, 1, signature) == CRYPTO_WRONG;
}

static bool
key_well(const struct key_answer *a, struct private_key **k, struct fault *f)
{
	uint8_t secret[OCTETS_MAX];
	struct fault why = { 0 };

	if (!key_type_available(a->type))
		return a->type != KEY_P256 || fault_set(f, FAIL_NONE, "", "this build of wolfSSL has no P-256");
	if (a->secret != NULL) {
		private_key_unref(*k);
		*k = private_key_new(a->type, octets_of(a->secret, secret), &why);
	}
	return (*k != NULL && signature_well(*k, a)) || wrong(f, key_type_name(a->type));
}

static bool
keys_well(const struct answers *a, struct fault *f)
{
	struct private_key *k = NULL;
	bool well = true;

	for (size_t i = 0; i < sizeof(a->keys) / sizeof(a->keys[0]) && well; i++)
		well = key_well(&a->keys[i], &k, f);
	private_key_unref(k);
	return well;
}

typedef enum crypto_result cipher_way(struct span key, struct span iv, struct span in, struct buffer *out);

static enum crypto_result
wrap_way(struct span key, struct span iv, struct span in, struct buffer *out)
{
	(void)iv;
	return aes_wrap(key, in, out);
}

static enum crypto_result
unwrap_way(struct span key, struct span iv, struct span in, struct buffer *out)
{
	(void)iv;
	return aes_unwrap(key, in, out);
}

// One direction; in and expected are those of the answer or the reverse.
static bool
way_well(const struct cipher_answer *a, cipher_way *way, const char *in, const char *expected)
{
	uint8_t key[OCTETS_MAX], iv[OCTETS_MAX], octets[OCTETS_MAX];
	struct buffer out;

	buffer_init(&out, OCTETS_MAX);
	bool well = way(octets_of(a->key, key), octets_of(a->iv, iv), octets_of(in, octets), &out) == CRYPTO_OK
		&& is(buffer_span(&out), expected);
	buffer_clear(&out);
	return well;
}

static bool
ciphers_well(const struct answers *a, struct fault *f)
{
	if (!way_well(&a->cbc, aes_cbc_encrypt, a->cbc.plain, a->cbc.secret) || !way_well(&a->cbc, aes_cbc_decrypt, a->cbc.secret, a->cbc.plain))
		return wrong(f, "AES-CBC");
	if (!way_well(&a->wrap, wrap_way, a->wrap.plain, a->wrap.secret) || !way_well(&a->wrap, unwrap_way, a->wrap.secret, a->wrap.plain))
		return wrong(f, "AES key wrap");
	return true;
}

bool
selftest_run(const struct answers *a, struct fault *f)
{
	bool well = true;

	for (size_t i = 0; i < DIGEST_COUNT && well; i++)
		well = digest_well(&a->digests[i], f);
	for (size_t i = 0; i <= DIGEST_SHA512 && well; i++)
		well = hmac_well(&a->hmacs[i], f);
	return well && pbm_well(&a->pbm, f) && pbkdf2_well(&a->pbkdf2, f) && ciphers_well(a, f) && keys_well(a, f);
}
