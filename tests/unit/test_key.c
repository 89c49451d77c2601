// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "base/memory.h"
#include "crypto/key.h"
#include "crypto/wolf.h"
#include "tests/unit/hex.h"
#include "tests/unit/sample_keys.h"

enum { OCTETS = 2560 };
static const char sample_text[] = SAMPLE_TEXT;

// A sample with its octets.
struct loaded { struct public_numbers p; struct span secret; uint8_t modulus[520], exponent[8], point[140], octets[OCTETS]; };

static void
load(unsigned n, struct loaded *l)
{
	const struct sample_key *k = &sample_keys[n];

	l->p = (struct public_numbers){ .type = k->type, .modulus = hex(k->modulus, l->modulus, sizeof(l->modulus)),
		.exponent = hex(k->exponent, l->exponent, sizeof(l->exponent)), .point = hex(k->point, l->point, sizeof(l->point)) };
	l->secret = hex(k->secret, l->octets, sizeof(l->octets));
}

static struct private_key *
private_sample(unsigned n)
{
	struct loaded l;
	struct fault f = { 0 };

	load(n, &l);
	struct private_key *k = private_key_new(l.p.type, l.secret, &f);
	if (k == NULL)
		fail_msg("%s: %s", sample_keys[n].name, f.text);
	return k;
}

static enum crypto_result
check_text(const struct public_numbers *p, const struct signature_scheme *s, const char *text, struct span signature)
{
	struct span part = span_text(text);

	return signature_verify(p, s, &part, 1, signature);
}

// The scheme for a sample's own signature.
static struct signature_scheme
scheme_of(enum key_type t)
{
	switch (t) {
	case KEY_RSA: return (struct signature_scheme){ SIGNATURE_RSA_PKCS1, DIGEST_SHA256, 0 };
	case KEY_ED25519: return (struct signature_scheme){ SIGNATURE_ED25519, DIGEST_SHA512, 0 };
	case KEY_ED448: return (struct signature_scheme){ SIGNATURE_ED448, DIGEST_SHAKE256, 0 };
	default: return (struct signature_scheme){ SIGNATURE_ECDSA, DIGEST_SHA256, 0 };
	}
}

// ---- public keys and signatures of others

static void
types_have_names(void **state)
{
	struct loaded l;

	(void)state;
	assert_string_equal(key_type_name(KEY_P256), "P-256");
	assert_string_equal(key_type_name(KEY_RSA), "RSA");
	for (enum key_type t = KEY_RSA; t < KEY_TYPE_COUNT; t++) {
		assert_non_null(key_type_name(t));
		assert_int_equal(key_type_is_ec(t), t != KEY_RSA && t != KEY_ED25519 && t != KEY_ED448);
	}
	assert_true(key_type_available(KEY_RSA));
	assert_true(key_type_available(KEY_P256));
	load(SAMPLE_RSA2049, &l);
	assert_int_equal(key_bits(&l.p), 2049);
	load(SAMPLE_RSA2048, &l);
	assert_int_equal(key_bits(&l.p), 2048);
	load(SAMPLE_P521, &l);
	assert_int_equal(key_bits(&l.p), 521);
}

static void
signatures_of_openssl_verify(void **state)
{
	struct span none = { NULL, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(sample_signatures) / sizeof(sample_signatures[0]); i++) {
		const struct sample_signature *s = &sample_signatures[i];
		struct loaded l;
		uint8_t octets[SIGNATURE_MAX];
		struct fault f = { 0 };
		load(s->key, &l);
		struct span signature = hex(s->signature, octets, sizeof(octets));
		if (s->key == SAMPLE_RSA2048WIDE && check_text(&l.p, &s->scheme, SAMPLE_TEXT, signature) == CRYPTO_UNSUPPORTED)
			continue;	// not every build takes so wide an exponent
		if (!key_type_available(l.p.type)) {
			assert_int_equal(check_text(&l.p, &s->scheme, SAMPLE_TEXT, signature), CRYPTO_UNSUPPORTED);
			continue;
		}
		assert_int_equal(public_key_check(&l.p, &f), CRYPTO_OK);
		assert_int_equal(check_text(&l.p, &s->scheme, SAMPLE_TEXT, signature), CRYPTO_OK);
		struct span parts[] = { span_of(SAMPLE_TEXT, 5), none, span_of(&sample_text[5], strlen(SAMPLE_TEXT) - 5) };
		assert_int_equal(signature_verify(&l.p, &s->scheme, parts, 3, signature), CRYPTO_OK);
		assert_int_equal(check_text(&l.p, &s->scheme, SAMPLE_TEXT ".", signature), CRYPTO_WRONG);
		assert_int_equal(signature_verify(&l.p, &s->scheme, NULL, 0, signature), CRYPTO_WRONG);
		for (size_t o = 0; o < signature.len; o += 9) {
			octets[o] ^= 0x10;
			assert_int_not_equal(check_text(&l.p, &s->scheme, SAMPLE_TEXT, signature), CRYPTO_OK);
			octets[o] ^= 0x10;
		}
		octets[signature.len - 1] ^= 1;
		assert_int_equal(check_text(&l.p, &s->scheme, SAMPLE_TEXT, signature), CRYPTO_WRONG);
	}
}

// Lengths other than the right one: cut off, with an octet more, none.
static void
signatures_have_one_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sample_signatures) / sizeof(sample_signatures[0]); i++) {
		const struct sample_signature *s = &sample_signatures[i];
		struct loaded l;
		uint8_t octets[SIGNATURE_MAX] = { 0 }, before[SIGNATURE_MAX] = { 0 };
		load(s->key, &l);
		if (!key_type_available(l.p.type))
			continue;
		struct span signature = hex(s->signature, octets, sizeof(octets));
		memcpy(before + 1, signature.data, signature.len);
		assert_int_equal(check_text(&l.p, &s->scheme, SAMPLE_TEXT, span_of(octets, signature.len + 1)), CRYPTO_BAD_INPUT);
		assert_int_equal(check_text(&l.p, &s->scheme, SAMPLE_TEXT, span_of(octets, signature.len - 1)), CRYPTO_BAD_INPUT);
		assert_int_equal(check_text(&l.p, &s->scheme, SAMPLE_TEXT, span_of(before, signature.len + 1)), CRYPTO_BAD_INPUT);
		assert_int_equal(check_text(&l.p, &s->scheme, SAMPLE_TEXT, span_of(NULL, 0)), CRYPTO_BAD_INPUT);
	}
}

// Every kind with every key: what does not belong together is refused, whatever the signature.
static void
kinds_fit_their_keys(void **state)
{
	static const enum signature_kind kinds[] = { SIGNATURE_RSA_PKCS1, SIGNATURE_RSA_PSS, SIGNATURE_ECDSA, SIGNATURE_ED25519, SIGNATURE_ED448 };
	uint8_t octets[SIGNATURE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(sample_signatures) / sizeof(sample_signatures[0]); i++) {
		const struct sample_signature *s = &sample_signatures[i];
		struct loaded l;
		load(s->key, &l);
		if (!key_type_available(l.p.type))
			continue;
		for (size_t k = 0; k < 5; k++) {
			struct signature_scheme other = { kinds[k], DIGEST_SHA256, 32 };
			bool rsa = kinds[k] <= SIGNATURE_RSA_PSS, fits = kinds[k] == s->scheme.kind || (rsa && l.p.type == KEY_RSA);
			enum crypto_result r = check_text(&l.p, &other, SAMPLE_TEXT, hex(s->signature, octets, sizeof(octets)));
			if (!fits)
				assert_int_equal(r, CRYPTO_BAD_INPUT);
		}
	}
}

// SHA-1 and SHAKE sign nothing with RSA and ECDSA; a salt that does not fit is none.
static void
digests_that_sign_nothing(void **state)
{
	static const struct signature_scheme rsa[] = {
		{ SIGNATURE_RSA_PKCS1, DIGEST_SHA1, 0 }, { SIGNATURE_RSA_PSS, DIGEST_SHA1, 20 }, { SIGNATURE_RSA_PKCS1, DIGEST_SHAKE256, 0 },
		{ SIGNATURE_RSA_PSS, DIGEST_SHAKE256, 64 }, { SIGNATURE_RSA_PSS, DIGEST_SHA256, 223 }, { SIGNATURE_RSA_PSS, DIGEST_SHA256, 0xFFFFFFFF },
	};
	static const struct signature_scheme ec[] = { { SIGNATURE_ECDSA, DIGEST_SHA1, 0 }, { SIGNATURE_ECDSA, DIGEST_SHAKE256, 0 } };
	struct private_key *r = private_sample(SAMPLE_RSA2048), *e = private_sample(SAMPLE_P256);
	struct span text = span_text("text");
	uint8_t octets[256] = { 1 };
	struct buffer out;

	(void)state;
	buffer_init(&out, SIGNATURE_MAX);
	for (size_t i = 0; i < sizeof(rsa) / sizeof(rsa[0]); i++) {
		assert_int_equal(signature_verify(private_key_public(r), &rsa[i], &text, 1, span_of(octets, 256)), CRYPTO_BAD_INPUT);
		assert_int_equal(private_key_sign(r, &rsa[i], &text, 1, &out, NULL), CRYPTO_BAD_INPUT);
	}
	for (size_t i = 0; i < sizeof(ec) / sizeof(ec[0]); i++)
		assert_int_equal(private_key_sign(e, &ec[i], &text, 1, &out, NULL), CRYPTO_BAD_INPUT);
	assert_int_equal(out.len, 0);
	private_key_unref(r);
	private_key_unref(e);
}

// ---- forms that were made to be taken for good ones

static void
rsa_encodings_are_compared_whole(void **state)
{
	struct signature_scheme pkcs1 = { SIGNATURE_RSA_PKCS1, DIGEST_SHA256, 0 }, pss = { SIGNATURE_RSA_PSS, DIGEST_SHA256, 32 };
	struct loaded l;
	uint8_t octets[256];

	(void)state;
	load(SAMPLE_RSA2048E3, &l);
	for (size_t i = 0; i < sizeof(pkcs1_forgeries) / sizeof(pkcs1_forgeries[0]); i++) {
		enum crypto_result r = check_text(&l.p, &pkcs1, SAMPLE_TEXT, hex(pkcs1_forgeries[i].signature, octets, sizeof(octets)));
		if (r != (pkcs1_forgeries[i].right ? CRYPTO_OK : CRYPTO_WRONG))
			fail_msg("%s: %d", pkcs1_forgeries[i].name, r);
	}
	for (size_t i = 0; i < sizeof(pss_forgeries) / sizeof(pss_forgeries[0]); i++) {
		enum crypto_result r = check_text(&l.p, &pss, SAMPLE_TEXT, hex(pss_forgeries[i].signature, octets, sizeof(octets)));
		if (r != (pss_forgeries[i].right ? CRYPTO_OK : CRYPTO_WRONG))
			fail_msg("PSS, %s: %d", pss_forgeries[i].name, r);
	}
}

// The modulus itself, more than it, 0 and 1 as signatures.
static void
rsa_signatures_are_below_the_modulus(void **state)
{
	struct signature_scheme s = { SIGNATURE_RSA_PKCS1, DIGEST_SHA256, 0 };
	uint8_t octets[256];
	struct loaded l;

	(void)state;
	load(SAMPLE_RSA2048E3, &l);
	memcpy(octets, l.modulus, 256);
	assert_int_equal(check_text(&l.p, &s, SAMPLE_TEXT, span_of(octets, 256)), CRYPTO_WRONG);
	memset(octets, 0xFF, 256);
	assert_int_equal(check_text(&l.p, &s, SAMPLE_TEXT, span_of(octets, 256)), CRYPTO_WRONG);
	memset(octets, 0, 256);
	assert_int_equal(check_text(&l.p, &s, SAMPLE_TEXT, span_of(octets, 256)), CRYPTO_WRONG);
	octets[255] = 1;
	assert_int_equal(check_text(&l.p, &s, SAMPLE_TEXT, span_of(octets, 256)), CRYPTO_WRONG);
}

// A P-256 signature as two INTEGERs of the caller's.
#define R "6ad4f3b7c5a1908e7d3c2b1a09f8e7d6c5b4a3928170fedcba98765432100123"
#define S "1ad4f3b7c5a1908e7d3c2b1a09f8e7d6c5b4a3928170fedcba98765432100123"
#define N "00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
static const struct { const char *name, *octets; enum crypto_result expected; } pairs[] = {
	{ "the control", "3044" "0220" R "0220" S, CRYPTO_WRONG },
	{ "r = 0", "3025" "020100" "0220" S, CRYPTO_BAD_INPUT },
	{ "s = 0", "3025" "0220" R "020100", CRYPTO_BAD_INPUT },
	{ "both 0", "3006" "020100" "020100", CRYPTO_BAD_INPUT },
	{ "r = 1", "3025" "020101" "0220" S, CRYPTO_WRONG },
	{ "r = n", "3045" "0221" N "0220" S, CRYPTO_BAD_INPUT },
	{ "s = n", "3045" "0220" R "0221" N, CRYPTO_BAD_INPUT },
	{ "s = n - 1", "3045" "0220" R "0221" "00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", CRYPTO_WRONG },
	{ "r = n + 1", "3045" "0221" "00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552" "0220" S, CRYPTO_BAD_INPUT },
	{ "r of 33 octets", "3045" "0221" "01" S "0220" S, CRYPTO_BAD_INPUT },
	{ "r negative", "3044" "0220" "8ad4f3b7c5a1908e7d3c2b1a09f8e7d6c5b4a3928170fedcba98765432100123" "0220" S, CRYPTO_BAD_INPUT },
	{ "s negative", "3025" "0220" R "0201ff", CRYPTO_BAD_INPUT },
	{ "r with a zero too many", "3045" "0221" "00" R "0220" S, CRYPTO_BAD_INPUT },
	{ "s with a zero too many", "3045" "0220" R "0221" "00" S, CRYPTO_BAD_INPUT },
	{ "an octet behind", "3044" "0220" R "0220" S "00", CRYPTO_BAD_INPUT },
	{ "an octet behind inside", "3045" "0220" R "0220" S "00", CRYPTO_BAD_INPUT },
	{ "a third INTEGER", "3047" "0220" R "0220" S "020101", CRYPTO_BAD_INPUT },
	{ "one INTEGER", "3022" "0220" R, CRYPTO_BAD_INPUT },
	{ "no INTEGER", "3000", CRYPTO_BAD_INPUT },
	{ "empty INTEGERs", "3004" "0200" "0200", CRYPTO_BAD_INPUT },
	{ "a long form of length", "308144" "0220" R "0220" S, CRYPTO_BAD_INPUT },
	{ "a long form inside", "3045" "028120" R "0220" S, CRYPTO_BAD_INPUT },
	{ "an indefinite length", "3080" "0220" R "0220" S "0000", CRYPTO_BAD_INPUT },
	{ "a SET", "3144" "0220" R "0220" S, CRYPTO_BAD_INPUT },
	{ "an OCTET STRING inside", "3044" "0420" R "0220" S, CRYPTO_BAD_INPUT },
	{ "cut off", "3044" "0220" R "0220" "1ad4", CRYPTO_BAD_INPUT },
	{ "a length beyond the end", "3045" "0220" R "0220" S, CRYPTO_BAD_INPUT },
	{ "the two numbers bare", R S, CRYPTO_BAD_INPUT },
};

static void
ecdsa_signatures_have_one_form(void **state)
{
	struct signature_scheme s = { SIGNATURE_ECDSA, DIGEST_SHA256, 0 };
	struct loaded l;
	uint8_t octets[200];

	(void)state;
	load(SAMPLE_P256, &l);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		enum crypto_result r = check_text(&l.p, &s, SAMPLE_TEXT, hex(pairs[i].octets, octets, sizeof(octets)));
		if (r != pairs[i].expected)
			fail_msg("%s: %d", pairs[i].name, r);
	}
}

// S + order in place of S: the same equation, another signature (RFC 8032 8.4).
static void
edwards_signatures_are_below_the_order(void **state)
{
	static const struct { unsigned key; const char *order; } rows[] = {
		{ SAMPLE_ED25519, "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010" },
		{ SAMPLE_ED448, "f34458ab92c27823558fc58d72c26c219036d6ae49db4ec4e923ca7cffffffffffffffffffffffffffffffffffffffffffffffffffffff3f00" },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct private_key *k = key_type_available(sample_keys[rows[i].key].type) ? private_sample(rows[i].key) : NULL;
		uint8_t order[57];
		size_t size = hex(rows[i].order, order, sizeof(order)).len;
		if (k == NULL)
			continue;
		struct signature_scheme s = scheme_of(sample_keys[rows[i].key].type);
		struct span text = span_text("text");
		struct buffer b;
		buffer_init(&b, 200);
		assert_int_equal(private_key_sign(k, &s, &text, 1, &b, NULL), CRYPTO_OK);
		unsigned carry = 0;
		for (size_t o = 0; o < size; o++) {
			carry += b.data[size + o] + order[o];
			b.data[size + o] = (uint8_t)carry;
			carry >>= 8;
		}
		assert_int_equal(signature_verify(private_key_public(k), &s, &text, 1, buffer_span(&b)), CRYPTO_WRONG);
		memcpy(b.data + size, order, size);
		assert_int_equal(signature_verify(private_key_public(k), &s, &text, 1, buffer_span(&b)), CRYPTO_WRONG);
		buffer_clear(&b);
		private_key_unref(k);
	}
}

// ---- public keys that are none

static void
must_check(const char *name, const struct public_numbers *p, bool well)
{
	struct fault f = { 0 };
	enum crypto_result r = public_key_check(p, &f);

	if (r != (well ? CRYPTO_OK : CRYPTO_BAD_INPUT))
		fail_msg("%s: %d %s", name, r, f.text);
	assert_int_equal(f.set, !well);
	if (!well)
		assert_int_equal(f.failure, FAIL_BAD_CERT_TEMPLATE);
}

static void
rsa_keys_have_bounds(void **state)
{
	static uint8_t modulus[8192], exponent[8];

	(void)state;
	for (size_t i = 0; i < sizeof(rsa_numbers) / sizeof(rsa_numbers[0]); i++) {
		struct public_numbers p = { .type = KEY_RSA, .modulus = hex(rsa_numbers[i].modulus, modulus, sizeof(modulus)),
			.exponent = hex(rsa_numbers[i].exponent, exponent, sizeof(exponent)) };
		must_check(rsa_numbers[i].name, &p, rsa_numbers[i].well);
	}
	memset(modulus, 0xFF, sizeof(modulus));
	struct signature_scheme s = { SIGNATURE_RSA_PKCS1, DIGEST_SHA256, 0 };
	struct public_numbers p = { .type = KEY_RSA, .modulus = span_of(modulus, 8192), .exponent = hex("03", exponent, 8) };
	must_check("64 kbit", &p, false);
	assert_int_equal(check_text(&p, &s, "text", span_of(modulus, 8192)), CRYPTO_BAD_INPUT);
}

// Of each curve: the point itself, and what is none.
static void
points_are_on_their_curves(void **state)
{
	(void)state;
	for (unsigned n = 0; n < SAMPLE_KEYS; n++) {
		struct loaded l;
		uint8_t octets[140] = { 0 };
		load(n, &l);
		size_t len = l.p.point.len, size = len / 2;
		struct public_numbers p = { .type = l.p.type, .point = span_of(octets, len) };
		if (!key_type_is_ec(l.p.type) || !key_type_available(l.p.type))
			continue;
		memcpy(octets, l.point, len);
		must_check("the point", &p, true);
		octets[len - 1] ^= 1;
		must_check("another y", &p, false);
		octets[len - 1] ^= 1;
		octets[1] ^= 1;
		must_check("another x", &p, false);
		memcpy(octets, l.point, len);
		for (unsigned form = 0; form < 256; form++) {
			octets[0] = (uint8_t)form;
			must_check("a form", &p, form == 4);
		}
		octets[0] = 4;
		p.point = span_of(octets, len + 1);
		must_check("an octet more", &p, false);
		p.point = span_of(octets, len - 1);
		must_check("an octet less", &p, false);
		octets[0] = 2;
		p.point = span_of(octets, 1 + size);
		must_check("compressed", &p, false);
		octets[0] = 0;
		p.point = span_of(octets, 1);
		must_check("infinity", &p, false);
		p.point = span_of(NULL, 0);
		must_check("nothing", &p, false);
		memset(octets + 1, 0, len - 1);
		octets[0] = 4;
		p.point = span_of(octets, len);
		must_check("0, 0", &p, false);
		memset(octets + 1, 0xFF, len - 1);
		must_check("coordinates beyond the field", &p, false);
		struct signature_scheme s = { SIGNATURE_ECDSA, DIGEST_SHA256, 0 };
		assert_int_equal(check_text(&p, &s, "text", hex("3006020101020101", octets + 132, 8)), CRYPTO_BAD_INPUT);
	}
}

// y + p is the same y once more, where it fits into the octets: P-521 leaves 7 bits.
static void
coordinates_are_reduced(void **state)
{
	struct loaded l;
	uint8_t octets[133];
	struct public_numbers p = { .type = KEY_P521, .point = span_of(octets, 133) };

	(void)state;
	load(SAMPLE_P521, &l);
	memcpy(octets, l.point, 133);
	unsigned carry = 0;
	for (size_t i = 0; i < 66; i++) {
		carry += octets[132 - i] + (i == 65 ? 0x01U : 0xFFU);
		octets[132 - i] = (uint8_t)carry;
		carry >>= 8;
	}
	must_check("y + p", &p, false);
}

static void
edwards_points_are_checked(void **state)
{
	static const struct { enum key_type type; const char *octets; bool well; } rows[] = {
		{ KEY_ED25519, "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false },	// p
		{ KEY_ED25519, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false },
		{ KEY_ED25519, "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", true },	// p - 1
		{ KEY_ED25519, "5866666666666666666666666666666666666666666666666666666666666666", true },	// the base point
		{ KEY_ED25519, "58666666666666666666666666666666666666666666666666666666666666", false },
		{ KEY_ED25519, "586666666666666666666666666666666666666666666666666666666666666666", false },
		{ KEY_ED25519, "", false },
		{ KEY_ED448, "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffffffffffffffffffffffffffffffffffffffffffffffffff00", false },
		{ KEY_ED448, "fefffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffffffffffffffffffffffffffffffffffffffffffffffffff80", true },
		{ KEY_ED448, "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001", false },
		{ KEY_ED448, "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", false },
	};
	uint8_t octets[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct public_numbers p = { .type = rows[i].type, .point = hex(rows[i].octets, octets, sizeof(octets)) };
		if (key_type_available(rows[i].type))
			must_check(rows[i].octets, &p, rows[i].well);
	}
}

// ---- private keys

static void
private_keys_sign(void **state)
{
	struct span text[] = { span_of(SAMPLE_TEXT, 9), span_text(&sample_text[9]) };

	(void)state;
	for (unsigned n = 0; n < SAMPLE_KEYS; n++) {
		struct loaded l;
		struct buffer out;
		load(n, &l);
		if (!key_type_available(l.p.type) || n == SAMPLE_RSA2048WIDE)
			continue;
		struct private_key *k = private_sample(n);
		const struct public_numbers *p = private_key_public(k);
		struct signature_scheme s = scheme_of(l.p.type);
		assert_int_equal(p->type, l.p.type);
		assert_true(span_equal(p->modulus, l.p.modulus) && span_equal(p->exponent, l.p.exponent) && span_equal(p->point, l.p.point));
		buffer_init(&out, SIGNATURE_MAX);
		assert_true(buffer_append_text(&out, "head"));
		uint64_t before = crypto_work().signatures;
		assert_int_equal(private_key_sign(k, &s, text, 2, &out, NULL), CRYPTO_OK);
		assert_int_equal(crypto_work().signatures, before + 1);
		assert_memory_equal(out.data, "head", 4);
		assert_int_equal(check_text(&l.p, &s, SAMPLE_TEXT, span_of(out.data + 4, out.len - 4)), CRYPTO_OK);
		buffer_clear(&out);
		private_key_unref(k);
	}
	private_key_unref(NULL);
}

// All digests, and salts from none to the longest.
static void
rsa_signs_in_all_ways(void **state)
{
	static const unsigned samples[] = { SAMPLE_RSA2048, SAMPLE_RSA2049 };
	struct span text = span_text(SAMPLE_TEXT);

	(void)state;
	for (size_t n = 0; n < 2; n++) {
		struct private_key *k = private_sample(samples[n]);
		for (enum digest d = DIGEST_SHA224; d <= DIGEST_SHA512; d++) {
			unsigned salts[] = { 0, 1, (unsigned)digest_size(d), 256 - 2 - (unsigned)digest_size(d) };
			for (size_t i = 0; i < 5; i++) {
				struct signature_scheme s = { i < 4 ? SIGNATURE_RSA_PSS : SIGNATURE_RSA_PKCS1, d, i < 4 ? salts[i] : 0 }, other = s;
				struct buffer out;
				buffer_init(&out, SIGNATURE_MAX);
				assert_int_equal(private_key_sign(k, &s, &text, 1, &out, NULL), CRYPTO_OK);
				assert_int_equal(signature_verify(private_key_public(k), &s, &text, 1, buffer_span(&out)), CRYPTO_OK);
				other.salt ^= 1;
				if (i < 4)
					assert_int_not_equal(signature_verify(private_key_public(k), &other, &text, 1, buffer_span(&out)), CRYPTO_OK);
				buffer_clear(&out);
			}
		}
		private_key_unref(k);
	}
}

static void
must_fail(const char *name, enum key_type t, struct span octets)
{
	struct fault f = { 0 };
	struct private_key *k = private_key_new(t, octets, &f);

	if (k != NULL)
		fail_msg("%s was taken", name);
	assert_true(f.set);
}

static void
ec_values_have_bounds(void **state)
{
	uint8_t octets[66] = { 0 };

	(void)state;
	must_fail("nothing", KEY_P256, span_of(octets, 0));
	must_fail("0", KEY_P256, span_of(octets, 32));
	must_fail("33 octets", KEY_P256, span_of(octets, 33));
	must_fail("n", KEY_P256, hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", octets, 32));
	must_fail("more than n", KEY_P256, hex("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", octets, 32));
	struct private_key *k = private_key_new(KEY_P256, hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", octets, 32), NULL);
	assert_non_null(k);
	private_key_unref(k);
	k = private_key_new(KEY_P256, hex("0102", octets, 2), NULL);	// a short one is padded
	assert_non_null(k);
	private_key_unref(k);
	memset(octets, 0xFF, sizeof(octets));
	must_fail("P-521 beyond", KEY_P521, span_of(octets, 66));
	must_fail("a seed of 31 octets", KEY_ED25519, span_of(octets, 31));
	must_fail("a seed of 33 octets", KEY_ED25519, span_of(octets, 33));
	must_fail("a seed of 56 octets", KEY_ED448, span_of(octets, 56));
}

// An octet of an RSA key that was changed is found at once, by its form or by the
// trial; but for the private exponent, which the two primes stand in for.
static void
damaged_rsa_keys_are_found(void **state)
{
	struct loaded l;

	(void)state;
	load(SAMPLE_RSA2048, &l);
	for (size_t at = 0; at < l.secret.len; at += 13) {
		if (at >= 280 && at < 530)
			continue;
		l.octets[at] ^= 0x40;
		must_fail("a damaged key", KEY_RSA, l.secret);
		l.octets[at] ^= 0x40;
	}
	must_fail("cut off", KEY_RSA, span_of(l.octets, l.secret.len - 1));
	must_fail("an octet more", KEY_RSA, span_of(l.octets, l.secret.len + 1));
	must_fail("too long", KEY_RSA, span_of(l.octets, OCTETS));
	struct private_key *k = private_key_new(KEY_RSA, l.secret, NULL);
	assert_non_null(k);
	private_key_unref(k);
}

// The n-th allocation fails, or it and all after it, for every n: no crash, no
// leak, and CRYPTO_FAILED, never a verdict.
static void
sign_without_memory(unsigned n, int every)
{
	struct private_key *k = private_sample(n);
	struct signature_scheme s = scheme_of(sample_keys[n].type);
	struct span parts[] = { span_text("some "), span_text("text") };
	enum crypto_result result = CRYPTO_FAILED;
	

	for (uint64_t at = 1; result != CRYPTO_OK; at++) {
		struct fault f = { 0 };
		struct buffer out;
		buffer_init(&out, SIGNATURE_MAX);
		mem_fail(at, every);
		result = private_key_sign(k, &s, parts, 2, &out, &f);
		mem_fail(0, 0);
		assert_true(result == CRYPTO_OK || result == CRYPTO_FAILED);
		assert_true(result == CRYPTO_OK || (f.set && out.len == 0));
		if (result == CRYPTO_OK)
			assert_int_equal(signature_verify(private_key_public(k), &s, parts, 2, buffer_span(&out)), CRYPTO_OK);
		buffer_clear(&out);
	}
	private_key_unref(k);
}

static void
verify_without_memory(const struct sample_signature *s, int every)
{
	uint8_t octets[SIGNATURE_MAX];
	struct span parts[] = { span_of(SAMPLE_TEXT, 3), span_text(&sample_text[3]) }, signature = hex(s->signature, octets, sizeof(octets));
	enum crypto_result result = CRYPTO_FAILED;
	struct loaded l;

	load(s->key, &l);
	for (uint64_t at = 1; result != CRYPTO_OK; at++) {
		mem_fail(at, every);
		result = signature_verify(&l.p, &s->scheme, parts, 2, signature);
		mem_fail(0, 0);
		assert_true(result == CRYPTO_OK || result == CRYPTO_FAILED);
	}
}

static void
nothing_breaks_without_memory(void **state)
{
	static const unsigned keys[] = { SAMPLE_RSA2048, SAMPLE_P256, SAMPLE_ED25519, SAMPLE_ED448 };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		for (int every = 0; every < 2 && key_type_available(sample_keys[keys[i]].type); every++) {
			sign_without_memory(keys[i], every);
			for (size_t n = 0; n < sizeof(sample_signatures) / sizeof(sample_signatures[0]); n++)
				if (sample_signatures[n].key == keys[i]) {
					verify_without_memory(&sample_signatures[n], every);
					break;
				}
		}
}

static void
keys_are_made_without_memory(void **state)
{
	static const unsigned keys[] = { SAMPLE_RSA2048, SAMPLE_P256, SAMPLE_ED25519 };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct private_key *k = NULL;
		struct loaded l;
		load(keys[i], &l);
		if (!key_type_available(l.p.type))
			continue;
		for (uint64_t at = 1; k == NULL; at += at < 40 ? 1 : 17) {
			struct fault f = { 0 };
			mem_fail(at, 0);
			k = private_key_new(l.p.type, l.secret, &f);
			mem_fail(0, 0);
			assert_true(k != NULL || f.set);
		}
		private_key_unref(k);
	}
}

// ---- randomness: the linker puts this in the place of random_octets()

bool __real_random_octets(void *out, size_t len);
bool __wrap_random_octets(void *out, size_t len);
static bool dry;

bool
__wrap_random_octets(void *out, size_t len)
{
	return !dry && __real_random_octets(out, len);
}

static void
nothing_is_signed_without_randomness(void **state)
{
	static const struct { unsigned sample; struct signature_scheme scheme; } rows[] = {
		{ SAMPLE_P256, { SIGNATURE_ECDSA, DIGEST_SHA256, 0 } }, { SAMPLE_P521, { SIGNATURE_ECDSA, DIGEST_SHA512, 0 } },
		{ SAMPLE_RSA2048, { SIGNATURE_RSA_PSS, DIGEST_SHA256, 32 } },	// PKCS#1 needs some for blinding only
	};
	struct span text = span_text("text");

	(void)state;
#ifndef WOLF_CRYPTO_CB		// then wolfSSL draws on what it began with
	skip();
#endif
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct private_key *k = private_sample(rows[i].sample);
		struct fault f = { 0 };
		struct buffer out;
		buffer_init(&out, SIGNATURE_MAX);
		dry = true;
		assert_int_equal(private_key_sign(k, &rows[i].scheme, &text, 1, &out, &f), CRYPTO_FAILED);
		dry = false;
		assert_true(f.set && out.len == 0);
		assert_int_equal(private_key_sign(k, &rows[i].scheme, &text, 1, &out, NULL), CRYPTO_OK);
		assert_int_equal(signature_verify(private_key_public(k), &rows[i].scheme, &text, 1, buffer_span(&out)), CRYPTO_OK);
		buffer_clear(&out);
		private_key_unref(k);
	}
}

static void
nothing_starts_without_randomness(void **state)
{
	struct fault f = { 0 };

	(void)state;
	crypto_stop();
	dry = true;
	assert_false(crypto_start(&f));
	dry = false;
	assert_non_null(strstr(f.text, "random"));
	crypto_stop();
	assert_true(crypto_start(NULL));
}

// ---- threads

struct worker { struct private_key *keys[4]; pthread_t thread; unsigned rounds; bool well; };

static void *
work(void *argument)
{
	struct worker *w = argument;

	w->well = true;
	for (unsigned i = 0; i < w->rounds && w->well; i++) {
		struct private_key *k = private_key_ref(w->keys[i % 4]);
		const struct public_numbers *p = private_key_public(k);
		struct signature_scheme s = scheme_of(p->type);
		struct span text = span_of(&i, sizeof(i));
		struct buffer out;
		buffer_init(&out, SIGNATURE_MAX);
		w->well = private_key_sign(k, &s, &text, 1, &out, NULL) == CRYPTO_OK
			&& signature_verify(p, &s, &text, 1, buffer_span(&out)) == CRYPTO_OK;
		buffer_clear(&out);
		private_key_unref(k);
		if (i % 50 == 0)
			crypto_trim();
	}
	return NULL;
}

static void
run_threads(unsigned threads, unsigned rounds)
{
	struct worker workers[24] = { 0 };
	struct private_key *keys[] = { private_sample(SAMPLE_P256), private_sample(SAMPLE_RSA2048), private_sample(SAMPLE_P384),
		private_sample(key_type_available(KEY_ED25519) ? SAMPLE_ED25519 : SAMPLE_P521) };

	for (unsigned i = 0; i < threads; i++) {
		memcpy(workers[i].keys, keys, sizeof(keys));
		workers[i].rounds = rounds;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	for (unsigned i = 0; i < threads; i++)
		assert_true(workers[i].well);
	for (unsigned i = 0; i < 4; i++)
		private_key_unref(keys[i]);
}

static void
four_threads_share_keys(void **state)
{
	(void)state;
	run_threads(4, 200);
}

// More at once than have a place of their own, and twice: places come back.
static void
many_threads_share_places(void **state)
{
	(void)state;
	run_threads(24, 4);
	run_threads(24, 4);
}

static int
start(void **state)
{
	(void)state;
	return crypto_start(NULL) ? 0 : -1;
}

static int
stop(void **state)
{
	(void)state;
	crypto_stop();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_have_names),
		cmocka_unit_test(signatures_of_openssl_verify),
		cmocka_unit_test(signatures_have_one_length),
		cmocka_unit_test(kinds_fit_their_keys),
		cmocka_unit_test(digests_that_sign_nothing),
		cmocka_unit_test(rsa_encodings_are_compared_whole),
		cmocka_unit_test(rsa_signatures_are_below_the_modulus),
		cmocka_unit_test(ecdsa_signatures_have_one_form),
		cmocka_unit_test(edwards_signatures_are_below_the_order),
		cmocka_unit_test(rsa_keys_have_bounds),
		cmocka_unit_test(points_are_on_their_curves),
		cmocka_unit_test(coordinates_are_reduced),
		cmocka_unit_test(edwards_points_are_checked),
		cmocka_unit_test(private_keys_sign),
		cmocka_unit_test(rsa_signs_in_all_ways),
		cmocka_unit_test(ec_values_have_bounds),
		cmocka_unit_test(damaged_rsa_keys_are_found),
		cmocka_unit_test(nothing_breaks_without_memory),
		cmocka_unit_test(keys_are_made_without_memory),
		cmocka_unit_test(nothing_is_signed_without_randomness),
		cmocka_unit_test(nothing_starts_without_randomness),
		cmocka_unit_test(four_threads_share_keys),
		cmocka_unit_test(many_threads_share_places),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
