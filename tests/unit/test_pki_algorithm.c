// SPDX-License-Identifier: GPL-3.0-or-later
// What AlgorithmIdentifiers and keys mean: each of the allow-list, and what is
// refused beside it (T-CMP-14, T-ASN-5).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "crypto/crypto.h"
#include "pki/algorithm.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static uint8_t room[8192];

static struct span
hex(const char *digits)
{
	size_t n = strlen(digits) / 2;
	unsigned octet;

	assert_true(n <= sizeof(room));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(sscanf(digits + 2 * i, "%2x", &octet), 1);
		room[i] = (uint8_t)octet;
	}
	return span_of(room, n);
}

static struct algorithm
algorithm_of(const char *digits)
{
	struct span in = hex(digits);
	struct algorithm a;
	struct fault f = { .set = false };

	if (!algorithm_take(&in, &a, &f) || !der_at_end(in))
		fail_msg("%s: %s", digits, f.text);
	return a;
}

// ---- signatures

#define RSA "300d06092a864886f70d0101"
#define PSS_HEAD "06092a864886f70d01010a"
#define SHA256 "300d0609608648016503040201" "0500"
#define SHA256_BARE "300b0609608648016503040201"
#define SHA384 "300d0609608648016503040202" "0500"
#define SHA1 "300906052b0e03021a0500"
#define MGF1_256 "301a06092a864886f70d010108" SHA256
#define MGF1_256_BARE "301806092a864886f70d010108" SHA256_BARE
#define MGF1_384 "301a06092a864886f70d010108" SHA384

static const struct { const char *name, *der; bool ok; enum signature_kind kind; enum digest digest; unsigned salt; } signatures[] = {
	{ "sha224WithRSA", RSA "0e0500", true, SIGNATURE_RSA_PKCS1, DIGEST_SHA224, 0 },
	{ "sha256WithRSA", RSA "0b0500", true, SIGNATURE_RSA_PKCS1, DIGEST_SHA256, 0 },
	{ "sha384WithRSA", RSA "0c0500", true, SIGNATURE_RSA_PKCS1, DIGEST_SHA384, 0 },
	{ "sha512WithRSA", RSA "0d0500", true, SIGNATURE_RSA_PKCS1, DIGEST_SHA512, 0 },
	{ "sha256WithRSA without NULL", "300b06092a864886f70d01010b", true, SIGNATURE_RSA_PKCS1, DIGEST_SHA256, 0 },
	{ "sha256WithRSA with a SEQUENCE", RSA "0b3000", false, 0, 0, 0 },
	{ "sha256WithRSA with a NULL that is none", "300e06092a864886f70d01010b050100", false, 0, 0, 0 },
	{ "sha1WithRSA", RSA "050500", false, 0, 0, 0 },
	{ "md5WithRSA", RSA "040500", false, 0, 0, 0 },
	{ "rsaEncryption is no signature", RSA "010500", false, 0, 0, 0 },
	{ "PSS SHA-256", "3041" PSS_HEAD "3034" "a00f" SHA256 "a11c" MGF1_256 "a203020120", true, SIGNATURE_RSA_PSS, DIGEST_SHA256, 32 },
	{ "PSS SHA-256 without NULLs", "303d" PSS_HEAD "3030" "a00d" SHA256_BARE "a11a" MGF1_256_BARE "a203020120", true, SIGNATURE_RSA_PSS, DIGEST_SHA256, 32 },
	{ "PSS SHA-384", "3041" PSS_HEAD "3034" "a00f" SHA384 "a11c" MGF1_384 "a203020130", true, SIGNATURE_RSA_PSS, DIGEST_SHA384, 48 },
	{ "PSS trailer 1 written", "3046" PSS_HEAD "3039" "a00f" SHA256 "a11c" MGF1_256 "a203020120" "a303020101", true, SIGNATURE_RSA_PSS, DIGEST_SHA256, 32 },
	{ "PSS trailer 2", "3046" PSS_HEAD "3039" "a00f" SHA256 "a11c" MGF1_256 "a203020120" "a303020102", false, 0, 0, 0 },
	{ "PSS salt of 20", "3041" PSS_HEAD "3034" "a00f" SHA256 "a11c" MGF1_256 "a203020114", false, 0, 0, 0 },
	{ "PSS salt of -1", "3041" PSS_HEAD "3034" "a00f" SHA256 "a11c" MGF1_256 "a2030201ff", false, 0, 0, 0 },
	{ "PSS salt left out is 20", "303c" PSS_HEAD "302f" "a00f" SHA256 "a11c" MGF1_256, false, 0, 0, 0 },
	{ "PSS with another mask digest", "3041" PSS_HEAD "3034" "a00f" SHA256 "a11c" MGF1_384 "a203020120", false, 0, 0, 0 },
	{ "PSS defaults are SHA-1", "300d" PSS_HEAD "3000", false, 0, 0, 0 },
	{ "PSS SHA-1 written", "303d" PSS_HEAD "3030" "a00b" SHA1 "a11c" MGF1_256 "a203020120", false, 0, 0, 0 },
	{ "PSS without parameters", "300b" PSS_HEAD, false, 0, 0, 0 },
	{ "PSS with NULL", "300d" PSS_HEAD "0500", false, 0, 0, 0 },
	{ "PSS with octets behind", "3043" PSS_HEAD "3036" "a00f" SHA256 "a11c" MGF1_256 "a203020120" "0500", false, 0, 0, 0 },
	{ "ecdsa-with-SHA224", "300a06082a8648ce3d040301", true, SIGNATURE_ECDSA, DIGEST_SHA224, 0 },
	{ "ecdsa-with-SHA256", "300a06082a8648ce3d040302", true, SIGNATURE_ECDSA, DIGEST_SHA256, 0 },
	{ "ecdsa-with-SHA384", "300a06082a8648ce3d040303", true, SIGNATURE_ECDSA, DIGEST_SHA384, 0 },
	{ "ecdsa-with-SHA512", "300a06082a8648ce3d040304", true, SIGNATURE_ECDSA, DIGEST_SHA512, 0 },
	{ "ecdsa-with-SHA1", "300906072a8648ce3d0401", false, 0, 0, 0 },
	{ "ecdsa-with-SHA256 with NULL", "300c06082a8648ce3d0403020500", false, 0, 0, 0 },
	{ "Ed25519", "300506032b6570", true, SIGNATURE_ED25519, DIGEST_SHA512, 0 },
	{ "Ed25519 with NULL", "300706032b65700500", false, 0, 0, 0 },
	{ "Ed448", "300506032b6571", true, SIGNATURE_ED448, DIGEST_SHAKE256, 0 },
	{ "X25519 is no signature", "300506032b656e", false, 0, 0, 0 },
	{ "sha256 is no signature", SHA256, false, 0, 0, 0 },
	{ "unknown", "300406022a03", false, 0, 0, 0 }
};

static void
signature_algorithms(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(signatures); i++) {
		struct algorithm a = algorithm_of(signatures[i].der);
		struct signature_scheme s;
		struct fault f = { .set = false };
		enum digest d = DIGEST_COUNT;
		bool ok = algorithm_signature(&a, &s, &f);
		if (ok != signatures[i].ok || f.set == ok || (!ok && f.failure != FAIL_BAD_ALG))
			fail_msg("%s: %s", signatures[i].name, f.text);
		assert_int_equal(algorithm_cert_hash(&a, &d), ok);
		if (!ok)
			continue;
		if (s.kind != signatures[i].kind || s.digest != signatures[i].digest || s.salt != signatures[i].salt || d != s.digest)
			fail_msg("%s: read as another", signatures[i].name);
	}
}

// What is written is what is read, and it is written as RFC 9481 has it.
static void
written_signatures(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(signatures); i++) {
		struct signature_scheme s = { signatures[i].kind, signatures[i].digest, signatures[i].salt }, again;
		struct der_writer w;
		struct span whole;
		struct algorithm a;
		struct fault f = { .set = false };
		if (!signatures[i].ok)
			continue;
		der_writer_init(&w, 1024);
		algorithm_write_signature(&w, &s);
		assert_true(der_finish(&w, &whole));
		struct span in = whole;
		assert_true(algorithm_take(&in, &a, &f) && algorithm_signature(&a, &again, &f));
		assert_true(again.kind == s.kind && again.digest == s.digest && again.salt == s.salt);
		bool usual = strstr(signatures[i].name, "without") == NULL && strstr(signatures[i].name, "written") == NULL;
		assert_true(!usual || span_equal(whole, hex(signatures[i].der)));
		der_writer_clear(&w);
	}
}

// A scheme that does not exist is not written.
static void
unwritable(void **state)
{
	struct signature_scheme s = { SIGNATURE_ECDSA, DIGEST_SHA1, 0 };
	struct der_writer w;
	struct span whole;

	(void)state;
	der_writer_init(&w, 1024);
	algorithm_write_signature(&w, &s);
	assert_false(der_finish(&w, &whole));
	der_writer_clear(&w);
	der_writer_init(&w, 1024);
	algorithm_write_hmac(&w, DIGEST_SHAKE256);
	assert_false(der_finish(&w, &whole));
	der_writer_clear(&w);
}

// ---- digests and MACs

typedef bool reader(const struct algorithm *a, bool allow_sha1, enum digest *out, struct fault *f);

static void
check_digest(reader *read, const char *der, bool ok, bool ok_with_sha1, enum digest expected)
{
	struct algorithm a = algorithm_of(der);

	for (int allow = 0; allow < 2; allow++) {
		enum digest d = DIGEST_COUNT;
		struct fault f = { .set = false };
		if (read(&a, allow == 1, &d, &f) != (allow == 1 ? ok_with_sha1 : ok))
			fail_msg("%s: %s", der, f.text);
		assert_true(f.set ? f.failure == FAIL_BAD_ALG : d == expected);
	}
}

static void
digests_and_macs(void **state)
{
	(void)state;
	check_digest(algorithm_digest, SHA256, true, true, DIGEST_SHA256);
	check_digest(algorithm_digest, SHA256_BARE, true, true, DIGEST_SHA256);
	check_digest(algorithm_digest, SHA384, true, true, DIGEST_SHA384);
	check_digest(algorithm_digest, "300b0609608648016503040203", true, true, DIGEST_SHA512);
	check_digest(algorithm_digest, "300b0609608648016503040204", true, true, DIGEST_SHA224);
	check_digest(algorithm_digest, "300b060960864801650304020c", true, true, DIGEST_SHAKE256);
	check_digest(algorithm_digest, "300b060960864801650304020b", false, false, 0);		// SHAKE128
	check_digest(algorithm_digest, SHA1, false, true, DIGEST_SHA1);
	check_digest(algorithm_digest, "300c06082a864886f70d02050500", false, false, 0);		// MD5
	check_digest(algorithm_digest, "300d0609608648016503040201" "3000", false, false, 0);
	check_digest(algorithm_hmac, "300c06082a864886f70d02080500", true, true, DIGEST_SHA224);
	check_digest(algorithm_hmac, "300a06082a864886f70d0209", true, true, DIGEST_SHA256);
	check_digest(algorithm_hmac, "300c06082a864886f70d020a0500", true, true, DIGEST_SHA384);
	check_digest(algorithm_hmac, "300c06082a864886f70d020b0500", true, true, DIGEST_SHA512);
	check_digest(algorithm_hmac, "300c06082a864886f70d02070500", false, true, DIGEST_SHA1);
	check_digest(algorithm_hmac, "300c06082b060105050801020500", false, true, DIGEST_SHA1);
	check_digest(algorithm_hmac, SHA256, false, false, 0);
	check_digest(algorithm_hmac, "300d06082a864886f70d0209040100", false, false, 0);
}

static void
written_digests(void **state)
{
	(void)state;
	for (enum digest d = DIGEST_SHA1; d < DIGEST_COUNT; d++)
		for (int mac = 0; mac < 2; mac++) {
			struct der_writer w;
			struct span whole;
			struct algorithm a;
			enum digest again;
			struct fault f = { .set = false };
			if (mac == 1 && d == DIGEST_SHAKE256)
				continue;
			der_writer_init(&w, 256);
			(mac == 1 ? algorithm_write_hmac : algorithm_write_digest)(&w, d);
			assert_true(der_finish(&w, &whole));
			assert_true(algorithm_take(&whole, &a, &f));
			assert_int_equal(a.parameters.len, mac == 1 ? 2 : 0);
			assert_true((mac == 1 ? algorithm_hmac : algorithm_digest)(&a, true, &again, &f));
			assert_int_equal(again, d);
			der_writer_clear(&w);
		}
}

// ---- keys

static bool
read_key(const char *digits, struct public_numbers *out, struct fault *f)
{
	struct span in = hex(digits);
	struct public_key k;
	struct fault form = { .set = false };

	if (!public_key_take(&in, &k, &form))
		fail_msg("%s: %s", digits, form.text);
	f->set = false;
	return algorithm_public_key(&k, out, f);
}

#define P256_HEAD "301306072a8648ce3d020106082a8648ce3d030107"
#define P256_X "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define P256_Y "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"

static void
public_keys(void **state)
{
	static const struct { const char *name, *der; enum failure failure; } cases[] = {
		{ "P-256", "3059" P256_HEAD "03420004" P256_X P256_Y, FAIL_COUNT },
		{ "P-256 off its curve", "3059" P256_HEAD "03420004" P256_X "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f4", FAIL_BAD_CERT_TEMPLATE },
		{ "P-256 compressed", "3039" P256_HEAD "03220003" P256_X, FAIL_BAD_CERT_TEMPLATE },
		{ "P-256 at infinity", "3019" P256_HEAD "03020000", FAIL_BAD_CERT_TEMPLATE },
		{ "P-256 too long", "305a" P256_HEAD "03430004" P256_X P256_Y "00", FAIL_BAD_CERT_TEMPLATE },
		{ "EC without a curve", "304f300906072a8648ce3d0201" "03420004" P256_X P256_Y, FAIL_BAD_ALG },
		{ "EC with NULL for a curve", "3051300b06072a8648ce3d0201050003420004" P256_X P256_Y, FAIL_BAD_ALG },
		{ "secp256k1", "3056301006072a8648ce3d020106052b8104000a" "03420004" P256_X P256_Y, FAIL_BAD_ALG },
		{ "Ed25519", "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", FAIL_COUNT },
		{ "Ed25519 with NULL", "302c300706032b65700500032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", FAIL_BAD_ALG },
		{ "Ed25519 too short", "3029300506032b6570032000d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f70751", FAIL_BAD_CERT_TEMPLATE },
		{ "X25519", "302a300506032b656e032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", FAIL_BAD_ALG },
		{ "RSA that is no SEQUENCE", "3014300d06092a864886f70d010101050003030002" "00", FAIL_BAD_CERT_TEMPLATE },
		{ "RSA with OID parameters", "3017300f06092a864886f70d01010106022a03030400300000", FAIL_BAD_ALG },
		{ "DSA", "3010300906072a8648ce380401030300" "0201", FAIL_BAD_ALG }
	};
	struct public_numbers numbers;
	struct fault f;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		bool ok = read_key(cases[i].der, &numbers, &f);
		if (cases[i].failure == FAIL_COUNT ? !ok : ok || f.failure != cases[i].failure)
			fail_msg("%s: %s %s", cases[i].name, f.set ? failure_name(f.failure) : "accepted", f.text);
	}
}

// RSAPublicKey by its parts: sizes at both sides of the limits, signs, exponents.
static bool
read_rsa(size_t bits, uint8_t first, uint8_t last, const char *exponent, struct fault *f)
{
	static const uint8_t rsa[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1 };
	uint8_t modulus[1 + (RSA_BITS_MAX + 8) / 8] = { 0 };
	uint8_t exponent_octets[16];
	struct der_writer key, whole;
	struct span octets;
	struct public_key k;
	struct public_numbers numbers;

	memset(modulus + 1, 0xA5, bits / 8);
	modulus[1] = first;
	modulus[bits / 8] = last;
	for (size_t i = 0; i < strlen(exponent) / 2; i++) {
		unsigned octet;
		assert_int_equal(sscanf(exponent + 2 * i, "%2x", &octet), 1);
		exponent_octets[i] = (uint8_t)octet;
	}
	der_writer_init(&key, 8192);
	der_writer_init(&whole, 8192);
	der_open(&key, DER_SEQUENCE);
	der_put(&key, DER_INTEGER, span_of(first < 0x80 ? modulus + 1 : modulus, bits / 8 + (first < 0x80 ? 0 : 1)));
	der_put(&key, DER_INTEGER, span_of(exponent_octets, strlen(exponent) / 2));
	der_close(&key);
	assert_true(der_finish(&key, &octets));
	der_open(&whole, DER_SEQUENCE);
	der_open(&whole, DER_SEQUENCE);
	der_put_oid(&whole, span_of(rsa, sizeof(rsa)));
	der_put_null(&whole);
	der_close(&whole);
	der_put_bits(&whole, octets, 0);
	der_close(&whole);
	assert_true(der_finish(&whole, &octets));
	f->set = false;
	assert_true(public_key_take(&octets, &k, f));
	bool ok = algorithm_public_key(&k, &numbers, f);
	assert_true(!ok || (numbers.modulus.len == bits / 8 && numbers.modulus.data[0] == first));
	der_writer_clear(&key);
	der_writer_clear(&whole);
	return ok;
}

static void
rsa_keys(void **state)
{
	static const struct { const char *name; size_t bits; uint8_t first, last; const char *exponent; bool ok; } cases[] = {
		{ "2048 bits", 2048, 0xC0, 1, "010001", true }, { "2047 bits", 2048, 0x7F, 1, "010001", false },
		{ "4096 bits", 4096, 0xC0, 1, "010001", true }, { "4097 bits", 4104, 0x01, 1, "010001", false },
		{ "1024 bits", 1024, 0xC0, 1, "010001", false }, { "even modulus", 2048, 0xC0, 2, "010001", false },
		{ "exponent 3", 2048, 0xC0, 1, "03", true }, { "exponent 1", 2048, 0xC0, 1, "01", false },
		{ "even exponent", 2048, 0xC0, 1, "010000", false }, { "exponent of 5 octets", 2048, 0xC0, 1, "0100000001", false },
		{ "negative exponent", 2048, 0xC0, 1, "81", false }
	};
	struct fault f = { .set = false };

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		if (read_rsa(cases[i].bits, cases[i].first, cases[i].last, cases[i].exponent, &f) != cases[i].ok
			|| (!cases[i].ok && f.failure != FAIL_BAD_CERT_TEMPLATE))
			fail_msg("%s: %s", cases[i].name, f.text);
}

// ---- which scheme fits which key

static void
schemes_and_keys(void **state)
{
	(void)state;
	for (enum key_type type = 0; type < KEY_TYPE_COUNT; type++) {
		struct public_numbers key = { .type = type };
		struct signature_scheme ours = algorithm_of_key(&key);
		struct fault f = { .set = false };
		assert_true(algorithm_fits(&ours, &key, &f));
		for (enum signature_kind kind = 0; kind <= SIGNATURE_ED448; kind++)
			for (enum digest d = DIGEST_SHA1; d <= DIGEST_SHA512; d++) {
				struct signature_scheme s = { kind, d, 0 };
				bool expected = kind == SIGNATURE_ECDSA ? key_type_is_ec(type) && d >= DIGEST_SHA256
					: kind == SIGNATURE_RSA_PKCS1 || kind == SIGNATURE_RSA_PSS ? type == KEY_RSA && d >= DIGEST_SHA256
					: kind == SIGNATURE_ED25519 && type == KEY_ED25519 && d == DIGEST_SHA512;
				f.set = false;
				assert_int_equal(algorithm_fits(&s, &key, &f), expected);
				assert_true(expected || f.failure == FAIL_BAD_ALG);
			}
	}
}

static int
start(void **state)
{
	struct fault f = { .set = false };

	(void)state;
	return crypto_start(&f) ? 0 : -1;
}

static int
finish(void **state)
{
	(void)state;
	crypto_stop();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signature_algorithms), cmocka_unit_test(written_signatures), cmocka_unit_test(unwritable),
		cmocka_unit_test(digests_and_macs), cmocka_unit_test(written_digests), cmocka_unit_test(public_keys),
		cmocka_unit_test(rsa_keys), cmocka_unit_test(schemes_and_keys)
	};

	return cmocka_run_group_tests_name("algorithm", tests, start, finish);
}
