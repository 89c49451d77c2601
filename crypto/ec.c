// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/ec.h"

#include "build.h"

#include "base/memory.h"
#include "crypto/form.h"
#include "crypto/private.h"
#include "crypto/table.h"
#include "crypto/wolf.h"

enum { UNCOMPRESSED = 4 };

static const struct { ecc_curve_id id; size_t size; } curves[KEY_TYPE_COUNT] = {
	[KEY_P256] = { ECC_SECP256R1, 32 },
	[KEY_P384] = { ECC_SECP384R1, 48 },
	[KEY_P521] = { ECC_SECP521R1, 66 },
	[KEY_BRAINPOOL_P256] = { ECC_BRAINPOOLP256R1, 32 },
	[KEY_BRAINPOOL_P384] = { ECC_BRAINPOOLP384R1, 48 },
	[KEY_BRAINPOOL_P512] = { ECC_BRAINPOOLP512R1, 64 },
};

static int
curve_index(enum key_type t)
{
	return curves[t].size > 0 ? wc_ecc_get_curve_idx(curves[t].id) : ECC_CURVE_INVALID;
}

bool
ec_available(enum key_type t)
{
	int i = curve_index(t);

	return i >= 0 && wc_ecc_is_valid_idx(i) == 1 && wc_ecc_get_curve_params(i)->size == (int)curves[t].size;
}

size_t
ec_size(enum key_type t)
{
	return curves[t].size;
}

static unsigned
hex_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

// Read one of the library's curve parameters into `size` octets, aligned to the right.
static void
parameter(const char *hex, uint8_t *out, size_t size)
{
	size_t digits = strlen(hex);

	memset(out, 0, size);
	for (size_t i = 0; i < digits && i < 2 * size; i++)
		out[size - 1 - i / 2] |= (uint8_t)(hex_digit(hex[digits - 1 - i]) << (i % 2 * 4));
}

static struct span
order_of(enum key_type t, uint8_t out[EC_OCTETS_MAX])
{
	parameter(wc_ecc_get_curve_params(curve_index(t))->order, out, curves[t].size);
	return number_trim(span_of(out, curves[t].size));
}

static bool
coordinates_below(enum key_type t, struct span point)
{
	uint8_t prime[EC_OCTETS_MAX];
	size_t size = curves[t].size;

	parameter(wc_ecc_get_curve_params(curve_index(t))->prime, prime, size);
	return memcmp(point.data + 1, prime, size) < 0 && memcmp(point.data + 1 + size, prime, size) < 0;
}

static void
key_free(ecc_key *key)
{
	if (key == NULL)
		return;
	wc_ecc_free(key);
	crypto_wipe(key, sizeof(*key));
	mem_free(key);
}

static ecc_key *
key_new(void)
{
	ecc_key *key = mem_alloc(sizeof(*key));

	if (key != NULL && wc_ecc_init_ex(key, NULL, INVALID_DEVID) != 0) {
		mem_free(key);
		return NULL;
	}
	return key;
}

static int
point_import(ecc_key *key, const struct public_numbers *p)
{
	return wc_ecc_import_x963_ex(p->point.data, (word32)p->point.len, key, curves[p->type].id);
}

// The curves have cofactor 1: a point on the curve that is not the one at
// infinity has the right order, and the costly multiplication by the order can be saved.
struct step { ecc_key *key; WC_RNG *random; int error; };

static void
check_curve(void *context)
{
	struct step *s = context;

#ifdef WITH_POINT_ON_CURVE
	s->error = wc_ecc_point_is_on_curve(&s->key->pubkey, s->key->idx);
#else
	s->error = wc_ecc_check_key(s->key);
#endif
}

static enum crypto_result
on_curve(const struct public_numbers *p)
{
	struct step s = { .key = key_new() };

	if (s.key == NULL)
		return CRYPTO_FAILED;
	wolf_begin();
	s.error = point_import(s.key, p);
	if (s.error == 0)
		table_run(check_curve, &s);
	key_free(s.key);
	return wolf_result(s.error, CRYPTO_BAD_INPUT);
}

static bool
refuse(struct fault *f, const struct public_numbers *p, const char *why)
{
	return fault_set(f, FAIL_BAD_CERT_TEMPLATE, "publicKey", "the %s point %s", key_type_name(p->type), why);
}

// The one octet of the point at infinity is a wrong length.
static bool
point_form_well(const struct public_numbers *p, struct fault *f)
{
	if (p->point.len > 0 && (p->point.data[0] == 2 || p->point.data[0] == 3))
		return refuse(f, p, "is compressed");
	if (p->point.len != 1 + 2 * curves[p->type].size || p->point.data[0] != UNCOMPRESSED)
		return refuse(f, p, "has a wrong length or form");
	return coordinates_below(p->type, p->point) || refuse(f, p, "has a coordinate that is no field element");
}

enum crypto_result
ec_check(const struct public_numbers *p, struct fault *f)
{
	if (!point_form_well(p, f))
		return CRYPTO_BAD_INPUT;
	enum crypto_result result = on_curve(p);
	if (result == CRYPTO_BAD_INPUT)
		refuse(f, p, "is not on its curve");
	else if (result != CRYPTO_OK)
		fault_set(f, FAIL_SYSTEM_UNAVAIL, "publicKey", "no memory to check the key");
	return result;
}

// RFC 3279 2.2.3: two INTEGERs, here from 1 up to below the order.
static bool
signature_form_well(enum key_type t, struct span signature)
{
	uint8_t octets[EC_OCTETS_MAX];
	struct span order = order_of(t, octets), pair, r, s;

	return form_take(&signature, FORM_SEQUENCE, &pair) && signature.len == 0
		&& form_take_number(&pair, &r) && form_take_number(&pair, &s) && pair.len == 0
		&& number_in_range(r, order) && number_in_range(s, order);
}

struct verification { ecc_key *key; struct span hash, signature; int error, verdict; };

static void
verify(void *context)
{
	struct verification *v = context;

	v->error = wc_ecc_verify_hash(v->signature.data, (word32)v->signature.len, v->hash.data, (word32)v->hash.len, &v->verdict, v->key);
}

enum crypto_result
ec_verify(const struct public_numbers *p, struct span hash, struct span signature)
{
	struct verification v = { .hash = hash, .signature = signature };

	if (!signature_form_well(p->type, signature))
		return CRYPTO_BAD_INPUT;
	if ((v.key = key_new()) == NULL)
		return CRYPTO_FAILED;
	wolf_begin();
	v.error = point_import(v.key, p);
	if (v.error == 0)
		table_run_with(p->point, verify, &v);
	key_free(v.key);
	return wolf_result(v.error == 0 && v.verdict != 1 ? SIG_VERIFY_E : v.error, CRYPTO_WRONG);
}

// ---- private keys

static void
make_public(void *context)
{
	struct step *s = context;

	s->error = wc_ecc_make_pub_ex(s->key, NULL, s->random);
}

static ecc_key *
secret_import(enum key_type t, struct span secret)
{
	ecc_key *key = key_new();

	if (key != NULL && wc_ecc_import_private_key_ex(secret.data, (word32)secret.len, NULL, 0, key, curves[t].id) != 0) {
		key_free(key);
		return NULL;
	}
	return key;
}

enum crypto_result
ec_point(enum key_type t, struct span secret, WC_RNG *random, uint8_t *point)
{
	uint8_t octets[EC_OCTETS_MAX];
	word32 len = (word32)(1 + 2 * curves[t].size);

	if (secret.len != curves[t].size || !number_in_range(number_trim(secret), order_of(t, octets)))
		return CRYPTO_BAD_INPUT;
	struct step s = { .key = secret_import(t, secret), .random = random };
	if (s.key == NULL)
		return CRYPTO_FAILED;
	table_run(make_public, &s);
	if (s.error == 0)
		s.error = wc_ecc_export_x963(s.key, point, &len);
	key_free(s.key);
	return s.error == 0 && len == 1 + 2 * curves[t].size ? CRYPTO_OK : CRYPTO_FAILED;
}

static void *
ec_open(struct private_key *k, WC_RNG *random, struct fault *f)
{
	ecc_key *key = secret_import(k->numbers.type, span_of(k->secret, k->secret_len));

#ifdef ECC_TIMING_RESISTANT
	if (key != NULL && wc_ecc_set_rng(key, random) != 0) {
		key_free(key);
		key = NULL;
	}
#endif
	(void)random;
	if (key == NULL)
		fault_set(f, FAIL_NONE, "", "no memory for a key");
	return key;
}

static void
ec_close(struct private_key *k, void *handle)
{
	(void)k;
	key_free(handle);
}

struct signature { ecc_key *key; const struct signing *in; word32 hash_len; uint8_t out[SIGNATURE_MAX]; word32 len; int error; };

static void
sign(void *context)
{
	struct signature *s = context;

	s->error = wc_ecc_sign_hash(s->in->input->hash, s->hash_len, s->out, &s->len, s->in->random, s->key);
}

static enum crypto_result
ec_sign(struct private_key *k, void *handle, const struct signing *in, struct buffer *out, struct fault *f)
{
	struct signature s = { .key = handle, .in = in, .hash_len = (word32)digest_size(in->scheme->digest), .len = sizeof(s.out) };

	(void)f;
	table_run_with(k->numbers.point, sign, &s);
	return s.error == 0 && buffer_append(out, span_of(s.out, s.len)) ? CRYPTO_OK : CRYPTO_FAILED;
}

const struct private_ops ec_private = { ec_open, ec_close, ec_sign, NULL };
