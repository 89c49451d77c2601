// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/edwards.h"

#include "base/memory.h"
#include "crypto/private.h"
#include "crypto/wolf.h"

// The prime of the field and the order of the group, little-endian as everything here.
static const uint8_t prime25519[32] = {
	0xED, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F,
};
static const uint8_t order25519[32] = {
	0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14,
	[31] = 0x10,
};
static const uint8_t prime448[57] = {
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00,
};
static const uint8_t order448[57] = {
	0xF3, 0x44, 0x58, 0xAB, 0x92, 0xC2, 0x78, 0x23, 0x55, 0x8F, 0xC5, 0x8D, 0x72, 0xC2, 0x6C, 0x21,
	0x90, 0x36, 0xD6, 0xAE, 0x49, 0xDB, 0x4E, 0xC4, 0xE9, 0x23, 0xCA, 0x7C, 0xFF, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x3F, 0x00,
};

size_t
edwards_size(enum key_type t)
{
	return t == KEY_ED25519 ? 32 : 57;
}

bool
edwards_available(enum key_type t)
{
#ifdef HAVE_ED25519
	if (t == KEY_ED25519)
		return true;
#endif
#ifdef HAVE_ED448
	if (t == KEY_ED448)
		return true;
#endif
	(void)t;
	return false;
}

static bool
below(const uint8_t *number, const uint8_t *limit, size_t size)
{
	while (size-- > 0)
		if (number[size] != limit[size])
			return number[size] < limit[size];
	return false;
}

enum crypto_result
edwards_check(const struct public_numbers *p, struct fault *f)
{
	uint8_t y[EDWARDS_OCTETS_MAX];
	size_t size = edwards_size(p->type);

	if (p->point.len != size) {
		fault_set(f, FAIL_BAD_CERT_TEMPLATE, "publicKey", "the %s key has %zu octets instead of %zu", key_type_name(p->type), p->point.len, size);
		return CRYPTO_BAD_INPUT;
	}
	memcpy(y, p->point.data, size);
	y[size - 1] &= 0x7F;	// the highest bit is the sign of x
	if (!below(y, p->type == KEY_ED25519 ? prime25519 : prime448, size)) {
		fault_set(f, FAIL_BAD_CERT_TEMPLATE, "publicKey", "the %s key is no point", key_type_name(p->type));
		return CRYPTO_BAD_INPUT;
	}
	return CRYPTO_OK;
}

// Where the build lacks a curve, its calls answer that and its keys take no room.
#ifdef HAVE_ED25519
#define WITH_25519(call) call
#else
#define WITH_25519(call) NOT_COMPILED_IN
#endif
#ifdef HAVE_ED448
#define WITH_448(call) call
#else
#define WITH_448(call) NOT_COMPILED_IN
#endif

struct edwards_key {
	enum key_type type;
	union {
		uint8_t none;
#ifdef HAVE_ED25519
		ed25519_key small;
#endif
#ifdef HAVE_ED448
		ed448_key large;
#endif
	} key;
};

static void
key_free(struct edwards_key *k)
{
	if (k == NULL)
		return;
	if (k->type == KEY_ED25519)
		(void)WITH_25519((wc_ed25519_free(&k->key.small), 0));
	else
		(void)WITH_448((wc_ed448_free(&k->key.large), 0));
	crypto_wipe(k, sizeof(*k));
	mem_free(k);
}

static struct edwards_key *
key_new(enum key_type t)
{
	struct edwards_key *k = mem_alloc(sizeof(*k));

	if (k == NULL)
		return NULL;
	k->type = t;
	if ((t == KEY_ED25519 ? WITH_25519(wc_ed25519_init(&k->key.small)) : WITH_448(wc_ed448_init(&k->key.large))) == 0)
		return k;
	mem_free(k);
	return NULL;
}

static int
verify(struct edwards_key *k, const struct public_numbers *p, struct span message, struct span signature, int *verdict)
{
	const byte *text = message.len > 0 ? message.data : (const byte *)"";
	word32 size = (word32)signature.len, len = (word32)message.len;
	int error;

	(void)text; (void)size; (void)len; (void)verdict; (void)p;
	if (k->type == KEY_ED25519) {
		error = WITH_25519(wc_ed25519_import_public(p->point.data, (word32)p->point.len, &k->key.small));
		return error != 0 ? error : WITH_25519(wc_ed25519_verify_msg(signature.data, size, text, len, verdict, &k->key.small));
	}
	error = WITH_448(wc_ed448_import_public(p->point.data, (word32)p->point.len, &k->key.large));
	return error != 0 ? error : WITH_448(wc_ed448_verify_msg(signature.data, size, text, len, verdict, &k->key.large, NULL, 0));
}

// RFC 8032 5.1.7 and 5.2.7: the second half is a number below the order.
enum crypto_result
edwards_verify(const struct public_numbers *p, struct span message, struct span signature)
{
	size_t size = edwards_size(p->type);
	int verdict = 0;

	if (signature.len != 2 * size)
		return CRYPTO_BAD_INPUT;
	if (!below(signature.data + size, p->type == KEY_ED25519 ? order25519 : order448, size))
		return CRYPTO_WRONG;
	struct edwards_key *k = key_new(p->type);
	if (k == NULL)
		return CRYPTO_FAILED;
	wolf_begin();
	int error = verify(k, p, message, signature, &verdict);
	key_free(k);
	return wolf_result(error == 0 && verdict != 1 ? SIG_VERIFY_E : error, CRYPTO_WRONG);
}

// ---- private keys

static int
make_public(struct edwards_key *k, struct span seed, uint8_t *point)
{
	word32 size = (word32)seed.len;
	int error;

	(void)size; (void)point;
	if (k->type == KEY_ED25519) {
		error = WITH_25519(wc_ed25519_import_private_only(seed.data, size, &k->key.small));
		return error != 0 ? error : WITH_25519(wc_ed25519_make_public(&k->key.small, point, size));
	}
	error = WITH_448(wc_ed448_import_private_only(seed.data, size, &k->key.large));
	return error != 0 ? error : WITH_448(wc_ed448_make_public(&k->key.large, point, size));
}

enum crypto_result
edwards_point(enum key_type t, struct span seed, uint8_t *point)
{
	if (seed.len != edwards_size(t))
		return CRYPTO_BAD_INPUT;
	struct edwards_key *k = key_new(t);
	if (k == NULL)
		return CRYPTO_FAILED;
	int error = make_public(k, seed, point);
	key_free(k);
	return error == 0 ? CRYPTO_OK : CRYPTO_FAILED;
}

static void *
edwards_open(struct private_key *k, WC_RNG *random, struct fault *f)
{
	struct edwards_key *key = key_new(k->numbers.type);
	word32 size = (word32)k->secret_len;
	int error = MEMORY_E;

	(void)random; (void)size;
	if (key != NULL && key->type == KEY_ED25519)
		error = WITH_25519(wc_ed25519_import_private_key(k->secret, size, k->numbers.point.data, size, &key->key.small));
	else if (key != NULL)
		error = WITH_448(wc_ed448_import_private_key(k->secret, size, k->numbers.point.data, size, &key->key.large));
	if (error == 0)
		return key;
	key_free(key);
	fault_set(f, FAIL_NONE, "", "no memory for a key");
	return NULL;
}

static void
edwards_close(struct private_key *k, void *handle)
{
	(void)k;
	key_free(handle);
}

static enum crypto_result
edwards_sign(struct private_key *k, void *handle, const struct signing *s, struct buffer *out, struct fault *f)
{
	struct edwards_key *key = handle;
	uint8_t made[2 * EDWARDS_OCTETS_MAX];
	word32 size = (word32)(2 * edwards_size(key->type)), len = (word32)s->input->message.len;
	const byte *text = len > 0 ? s->input->message.data : (const byte *)"";
	int error;

	(void)k; (void)f; (void)text; (void)size; (void)made;
	if (key->type == KEY_ED25519)
		error = WITH_25519(wc_ed25519_sign_msg(text, len, made, &size, &key->key.small));
	else
		error = WITH_448(wc_ed448_sign_msg(text, len, made, &size, &key->key.large, NULL, 0));
	return error == 0 && buffer_append(out, span_of(made, size)) ? CRYPTO_OK : CRYPTO_FAILED;
}

const struct private_ops edwards_private = { edwards_open, edwards_close, edwards_sign, NULL };
