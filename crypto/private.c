// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/private.h"

#include "base/memory.h"
#include "crypto/ec.h"
#include "crypto/edwards.h"
#include "crypto/rsa.h"
#include "crypto/work.h"

static bool
out_of_memory(struct fault *f)
{
	return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "no memory for a key");
}

// Copy one of the numbers behind the others.
static struct span
keep(uint8_t **at, struct span s)
{
	struct span kept = span_of(*at, s.len);

	if (s.len > 0)
		memcpy(*at, s.data, s.len);
	*at += s.len;
	return kept;
}

struct private_key *
private_key_make(const struct private_ops *ops, const struct public_numbers *p, struct fault *f)
{
	if (public_key_check(p, f) != CRYPTO_OK)
		return NULL;
	struct private_key *k = mem_alloc(sizeof(*k));
	uint8_t *octets = mem_alloc(p->modulus.len + p->exponent.len + p->point.len);
	if (k == NULL || octets == NULL) {
		mem_free(k);
		mem_free(octets);
		out_of_memory(f);
		return NULL;
	}
	k->count = 1;
	k->ops = ops;
	k->octets = octets;
	k->numbers = (struct public_numbers){ .type = p->type, .modulus = keep(&octets, p->modulus), .exponent = keep(&octets, p->exponent),
		.point = keep(&octets, p->point) };
	return k;
}

struct private_key *
private_key_ref(struct private_key *k)
{
	atomic_fetch_add(&k->count, 1);
	return k;
}

void
private_key_unref(struct private_key *k)
{
	if (k == NULL || atomic_fetch_sub(&k->count, 1) != 1)
		return;
	for (unsigned i = 0; i < PLACES; i++)
		if (k->handles[i] != NULL)
			k->ops->close(k, k->handles[i]);
	if (k->ops->end != NULL)
		k->ops->end(k);
	crypto_wipe(k->secret, k->secret_len);
	mem_free(k->secret);
	mem_free(k->octets);
	mem_free(k);
}

const struct public_numbers *
private_key_public(const struct private_key *k)
{
	return &k->numbers;
}

// ---- keys whose octets we hold

// The octets as wolfSSL wants them: values of curves as long as the order, to the right.
static bool
keep_secret(struct private_key *k, struct span octets, size_t size)
{
	if ((k->secret = mem_alloc(size)) == NULL)
		return false;
	k->secret_len = size;
	memcpy(k->secret + size - octets.len, octets.data, octets.len);
	return true;
}

static enum crypto_result
point_of(enum key_type type, struct span octets, uint8_t *point)
{
	uint8_t padded[EC_OCTETS_MAX] = { 0 };
	size_t size = ec_size(type);

	if (!key_type_is_ec(type))
		return edwards_point(type, octets, point);
	if (octets.len > size)
		return CRYPTO_BAD_INPUT;
	memcpy(padded + size - octets.len, octets.data, octets.len);
	unsigned place = place_enter();
	WC_RNG *random = place_random(place);
	enum crypto_result result = random == NULL ? CRYPTO_FAILED : ec_point(type, span_of(padded, size), random, point);
	place_leave(place);
	crypto_wipe(padded, sizeof(padded));
	return result;
}

// Find the public numbers of a private key; point is room for a point.
static bool
numbers_of(enum key_type type, struct span octets, struct public_numbers *p, uint8_t *point, struct fault *f)
{
	*p = (struct public_numbers){ .type = type };
	if (type == KEY_RSA)
		return rsa_private_numbers(octets, p) || fault_set(f, FAIL_NONE, "", "this is no RSA private key (RFC 8017 A.1.2)");
	enum crypto_result result = point_of(type, octets, point);
	if (result == CRYPTO_BAD_INPUT)
		return fault_set(f, FAIL_NONE, "", "this is no %s private key", key_type_name(type));
	if (result != CRYPTO_OK)
		return out_of_memory(f);
	p->point = span_of(point, key_type_is_ec(type) ? 1 + 2 * ec_size(type) : edwards_size(type));
	return true;
}

static const struct private_ops *
ops_of(enum key_type type)
{
	return type == KEY_RSA ? &rsa_private : key_type_is_ec(type) ? &ec_private : &edwards_private;
}

struct private_key *
private_key_new(enum key_type type, struct span octets, struct fault *f)
{
	uint8_t point[1 + 2 * EC_OCTETS_MAX];
	struct public_numbers p;

	if (!key_type_available(type)) {
		fault_set(f, FAIL_BAD_ALG, "", "%s is not in this build of wolfSSL", key_type_name(type));
		return NULL;
	}
	if (octets.len == 0 || octets.len > SECRET_MAX) {
		fault_set(f, FAIL_NONE, "", "a private key has 1 to %d octets", SECRET_MAX);
		return NULL;
	}
	if (!numbers_of(type, octets, &p, point, f))
		return NULL;
	struct private_key *k = private_key_make(ops_of(type), &p, f);
	if (k == NULL)
		return NULL;
	if (!keep_secret(k, octets, key_type_is_ec(type) ? ec_size(type) : octets.len))
		out_of_memory(f);
	else if (private_key_try(k, f))
		return k;
	private_key_unref(k);
	return NULL;
}

// ---- signing

static void *
handle_of(struct private_key *k, unsigned place, WC_RNG *random, struct fault *f)
{
	if (k->handles[place] == NULL)
		k->handles[place] = k->ops->open(k, random, f);
	return k->handles[place];
}

static enum crypto_result
sign_in_place(struct private_key *k, const struct signature_scheme *scheme, const struct input *in, struct buffer *out, struct fault *f)
{
	unsigned place = place_enter();
	struct signing s = { .scheme = scheme, .input = in, .random = place_random(place) };
	void *handle = s.random != NULL ? handle_of(k, place, s.random, f) : NULL;
	enum crypto_result result = handle != NULL ? k->ops->sign(k, handle, &s, out, f) : CRYPTO_FAILED;

	place_leave(place);
	return result;
}

// A wrong RSA signature would give a factor of the modulus away, and a token
// can be another than it was: neither leaves unverified.
static bool
must_verify(const struct private_key *k)
{
	return k->numbers.type == KEY_RSA || k->secret == NULL;
}

static bool
verifies(const struct private_key *k, const struct signature_scheme *scheme, const struct input *in, struct span signature, struct fault *f)
{
	switch (input_verify(in, scheme, &k->numbers, signature)) {
	case CRYPTO_OK:
		return true;
	case CRYPTO_UNSUPPORTED:
		return fault_set(f, FAIL_SYSTEM_FAILURE, "", "this build of wolfSSL does not compute with the key's exponent");
	case CRYPTO_FAILED:
		return out_of_memory(f);
	default:
		return fault_set(f, FAIL_SYSTEM_FAILURE, "", "a signature of our own key does not verify");
	}
}

static enum crypto_result
sign_input(struct private_key *k, const struct signature_scheme *scheme, const struct input *in, struct buffer *out, struct fault *f)
{
	size_t before = out->len;
	enum crypto_result result = sign_in_place(k, scheme, in, out, f);

	if (result == CRYPTO_OK && must_verify(k) && !verifies(k, scheme, in, span_of(out->data + before, out->len - before), f))
		result = CRYPTO_FAILED;
	if (result != CRYPTO_OK && out->len > before) {
		crypto_wipe(out->data + before, out->len - before);
		out->len = before;
	}
	return result;
}

enum crypto_result
private_key_sign(struct private_key *k, const struct signature_scheme *scheme, const struct span *parts, size_t count,
	struct buffer *out, struct fault *f)
{
	struct input in;

	work_count(WORK_SIGNATURE);
	if (!scheme_fits(scheme, &k->numbers)) {
		fault_set(f, FAIL_SYSTEM_FAILURE, "", "the signature algorithm does not fit the %s key", key_type_name(k->numbers.type));
		return CRYPTO_BAD_INPUT;
	}
	if (!input_begin(&in, scheme, parts, count)) {
		out_of_memory(f);
		return CRYPTO_FAILED;
	}
	enum crypto_result result = sign_input(k, scheme, &in, out, f);
	input_end(&in);
	if (result != CRYPTO_OK)
		fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "no memory or no randomness to sign with");
	return result;
}

// ---- trying

static struct signature_scheme
trial_scheme(enum key_type type)
{
	switch (type) {
	case KEY_RSA: return (struct signature_scheme){ SIGNATURE_RSA_PKCS1, DIGEST_SHA256, 0 };
	case KEY_ED25519: return (struct signature_scheme){ SIGNATURE_ED25519, DIGEST_SHA512, 0 };
	case KEY_ED448: return (struct signature_scheme){ SIGNATURE_ED448, DIGEST_SHAKE256, 0 };
	default: return (struct signature_scheme){ SIGNATURE_ECDSA, DIGEST_SHA256, 0 };
	}
}

bool
private_key_try(struct private_key *k, struct fault *f)
{
	struct signature_scheme scheme = trial_scheme(k->numbers.type);
	struct span text = span_text("cmpgate tries a key");
	struct buffer made;

	buffer_init(&made, SIGNATURE_MAX);
	enum crypto_result result = private_key_sign(k, &scheme, &text, 1, &made, f);
	if (result == CRYPTO_OK)
		result = signature_verify(&k->numbers, &scheme, &text, 1, buffer_span(&made));
	buffer_clear(&made);
	return result == CRYPTO_OK || fault_set(f, FAIL_NONE, "", "the key is damaged: its signature does not verify");
}
