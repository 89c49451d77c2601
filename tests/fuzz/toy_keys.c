// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fuzz/toy_keys.h"

#include "base/memory.h"
#include "base/random.h"
#include "codec/pkcs8.h"
#include "crypto/cipher.h"

enum { MESSAGE_MAX = 1 << 22 };

// ---- random octets

static uint64_t drawn;

void
toy_random_begin(void)
{
	drawn = 0;
}

// In place of base/random.
bool
random_octets(void *out, size_t len)
{
	uint8_t *at = out;

	for (size_t i = 0; i < len; i++) {
		if (i % 8 == 0)
			drawn++;
		uint64_t mixed = drawn * UINT64_C(0x9E3779B97F4A7C15);
		mixed ^= mixed >> 29;
		at[i] = (uint8_t)(mixed >> (8 * (i % 8)));
	}
	return true;
}

// ---- private keys

struct private_key {
	unsigned references;
	struct public_numbers numbers;
	struct buffer octets;		// that the numbers point into
};

// A "point" that comes from the private octets.
static void
make_point(struct private_key *k, struct span octets)
{
	static const size_t sizes[KEY_TYPE_COUNT] = {
		[KEY_P256] = 65, [KEY_P384] = 97, [KEY_P521] = 133, [KEY_BRAINPOOL_P256] = 65, [KEY_BRAINPOOL_P384] = 97,
		[KEY_BRAINPOOL_P512] = 129, [KEY_ED25519] = 32, [KEY_ED448] = 57
	};
	uint8_t digest[DIGEST_MAX];
	size_t size = sizes[k->numbers.type], n = key_type_is_ec(k->numbers.type) ? 1 : 0;

	if (n == 1)
		buffer_append_octet(&k->octets, 4);
	for (uint8_t round = 0; n < size; n++) {
		if (k->octets.len % 8 == 0 || round == 0) {
			const struct span parts[] = { octets, span_of(&round, 1) };
			digest_of(DIGEST_SHA256, parts, 2, digest);
			round++;
		}
		buffer_append_octet(&k->octets, digest[k->octets.len % 8]);
	}
	k->numbers.point = buffer_span(&k->octets);
}

struct private_key *
private_key_new(enum key_type type, struct span octets, struct fault *f)
{
	struct private_key *k = mem_alloc(sizeof(*k));
	struct rsa_private_key rsa;

	if (k == NULL)
		return NULL;
	k->references = 1;
	k->numbers.type = type;
	buffer_init(&k->octets, MESSAGE_MAX);
	if (type != KEY_RSA) {
		make_point(k, octets);
	} else if (buffer_append(&k->octets, octets) && rsa_private_key_read(buffer_span(&k->octets), &rsa, f)) {
		k->numbers.modulus = rsa.modulus;
		k->numbers.exponent = rsa.public_exponent;
	} else {
		private_key_unref(k);
		return NULL;
	}
	return k;
}

struct private_key *
private_key_token(const char *uri, const char *module, struct span pin, struct fault *f)
{
	(void)module;
	(void)pin;
	fault_set(f, FAIL_NONE, uri, "the toy has no tokens");
	return NULL;
}

struct private_key *
private_key_ref(struct private_key *k)
{
	k->references++;
	return k;
}

void
private_key_unref(struct private_key *k)
{
	if (k == NULL || --k->references > 0)
		return;
	buffer_clear(&k->octets);
	mem_free(k);
}

const struct public_numbers *
private_key_public(const struct private_key *k)
{
	return &k->numbers;
}

enum crypto_result
private_key_sign(struct private_key *k, const struct signature_scheme *scheme, const struct span *parts, size_t count, struct buffer *out,
	struct fault *f)
{
	uint8_t signature[TOY_SIGNATURE];
	struct buffer whole;

	(void)scheme;
	(void)f;
	buffer_init(&whole, MESSAGE_MAX);
	for (size_t i = 0; i < count; i++)
		buffer_append(&whole, parts[i]);
	toy_sign(&k->numbers, buffer_span(&whole), signature);
	bool well = !whole.failed && buffer_append(out, span_of(signature, TOY_SIGNATURE));
	buffer_clear(&whole);
	return well ? CRYPTO_OK : CRYPTO_FAILED;
}

// ---- MACs: what is derived depends on secret and salt, and costs nothing

bool
digest_sha256(const struct span *parts, size_t count, uint8_t out[32])
{
	uint8_t whole[DIGEST_MAX];

	digest_of(DIGEST_SHA256, parts, count, whole);
	memcpy(out, whole, 32);
	return true;
}

bool
hmac_of(enum digest d, struct span key, const struct span *parts, size_t count, uint8_t out[DIGEST_MAX])
{
	uint8_t inner[DIGEST_MAX];

	digest_of(d, parts, count, inner);
	const struct span both[] = { key, span_of(inner, 8) };
	return digest_of(d, both, 2, out);
}

// As many octets as there is room for, the first of them filled: lengths differ, keys do not.
static bool
derive(struct span secret, struct span salt, uint8_t *out, size_t len)
{
	const struct span parts[] = { secret, salt };
	uint8_t digest[DIGEST_MAX];

	digest_of(DIGEST_SHA256, parts, 2, digest);
	for (size_t i = 0; i < len; i++)
		out[i] = i < 8 ? digest[i] : 0;
	return true;
}

bool
pbm_derive(enum digest owf, struct span secret, struct span salt, uint32_t iterations, uint8_t out[DIGEST_MAX])
{
	(void)owf;
	(void)iterations;
	return derive(secret, salt, out, DIGEST_MAX);
}

bool
pbkdf2_derive(enum digest prf, struct span secret, struct span salt, uint32_t iterations, uint8_t *out, size_t len)
{
	(void)prf;
	(void)iterations;
	return derive(secret, salt, out, len);
}

// ---- the rest of crypto/ that a gateway names

void
crypto_wipe(void *octets, size_t len)
{
	memset(octets, 0, len);
}

bool
crypto_equal(struct span a, struct span b)
{
	return span_equal(a, b);
}

bool
key_type_available(enum key_type t)
{
	(void)t;
	return true;
}

unsigned
key_bits(const struct public_numbers *p)
{
	return p->type == KEY_RSA ? (unsigned)p->modulus.len * 8 : 256;
}

bool
digest_available(enum digest d)
{
	(void)d;
	return true;
}

enum crypto_result
aes_cbc_decrypt(struct span key, struct span iv, struct span secret, struct buffer *out)
{
	(void)key;
	(void)iv;
	(void)secret;
	(void)out;
	return CRYPTO_UNSUPPORTED;
}
