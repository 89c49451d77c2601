// SPDX-License-Identifier: GPL-3.0-or-later
// OIDs, parameters of algorithms, MAC parameters and private keys: octets to views and back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "codec/mac.h"
#include "codec/oid.h"
#include "codec/pkcs8.h"
#include "tests/unit/mangle.h"
#include "tests/unit/sample_pkcs8.h"

#define OF(array) span_of(array, sizeof(array))
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

// ---- OIDs

static void
oid_table(void **state)
{
	static const struct { enum oid_id id; const char *dotted; } rows[] = {
		{ OID_MD5, "1.2.840.113549.2.5" }, { OID_SHA1, "1.3.14.3.2.26" }, { OID_SHA224, "2.16.840.1.101.3.4.2.4" },
		{ OID_SHA256, "2.16.840.1.101.3.4.2.1" }, { OID_SHA384, "2.16.840.1.101.3.4.2.2" },
		{ OID_SHA512, "2.16.840.1.101.3.4.2.3" }, { OID_SHAKE128, "2.16.840.1.101.3.4.2.11" },
		{ OID_SHAKE256, "2.16.840.1.101.3.4.2.12" }, { OID_SHA1_RSA, "1.2.840.113549.1.1.5" },
		{ OID_SHA224_RSA, "1.2.840.113549.1.1.14" }, { OID_SHA256_RSA, "1.2.840.113549.1.1.11" },
		{ OID_SHA384_RSA, "1.2.840.113549.1.1.12" }, { OID_SHA512_RSA, "1.2.840.113549.1.1.13" },
		{ OID_RSASSA_PSS, "1.2.840.113549.1.1.10" }, { OID_PSS_SHAKE128, "1.3.6.1.5.5.7.6.30" },
		{ OID_PSS_SHAKE256, "1.3.6.1.5.5.7.6.31" }, { OID_ECDSA_SHA1, "1.2.840.10045.4.1" },
		{ OID_ECDSA_SHA224, "1.2.840.10045.4.3.1" }, { OID_ECDSA_SHA256, "1.2.840.10045.4.3.2" },
		{ OID_ECDSA_SHA384, "1.2.840.10045.4.3.3" }, { OID_ECDSA_SHA512, "1.2.840.10045.4.3.4" },
		{ OID_ECDSA_SHAKE128, "1.3.6.1.5.5.7.6.32" }, { OID_ECDSA_SHAKE256, "1.3.6.1.5.5.7.6.33" },
		{ OID_ED25519, "1.3.101.112" }, { OID_ED448, "1.3.101.113" }, { OID_RSA, "1.2.840.113549.1.1.1" },
		{ OID_RSAES_OAEP, "1.2.840.113549.1.1.7" }, { OID_MGF1, "1.2.840.113549.1.1.8" },
		{ OID_EC_PUBLIC_KEY, "1.2.840.10045.2.1" }, { OID_X25519, "1.3.101.110" }, { OID_X448, "1.3.101.111" },
		{ OID_P192, "1.2.840.10045.3.1.1" }, { OID_P224, "1.3.132.0.33" }, { OID_P256, "1.2.840.10045.3.1.7" },
		{ OID_P384, "1.3.132.0.34" }, { OID_P521, "1.3.132.0.35" }, { OID_SECP256K1, "1.3.132.0.10" },
		{ OID_BRAINPOOL_P256, "1.3.36.3.3.2.8.1.1.7" }, { OID_BRAINPOOL_P384, "1.3.36.3.3.2.8.1.1.11" },
		{ OID_BRAINPOOL_P512, "1.3.36.3.3.2.8.1.1.13" }, { OID_PBM, "1.2.840.113533.7.66.13" },
		{ OID_PBMAC1, "1.2.840.113549.1.5.14" }, { OID_KEM_MAC, "1.2.840.113533.7.66.16" },
		{ OID_DH_MAC, "1.2.840.113533.7.66.30" }, { OID_HMAC_SHA1, "1.2.840.113549.2.7" },
		{ OID_HMAC_SHA1_OLD, "1.3.6.1.5.5.8.1.2" }, { OID_HMAC_SHA224, "1.2.840.113549.2.8" },
		{ OID_HMAC_SHA256, "1.2.840.113549.2.9" }, { OID_HMAC_SHA384, "1.2.840.113549.2.10" },
		{ OID_HMAC_SHA512, "1.2.840.113549.2.11" }, { OID_AES128_GMAC, "2.16.840.1.101.3.4.1.9" },
		{ OID_AES192_GMAC, "2.16.840.1.101.3.4.1.29" }, { OID_AES256_GMAC, "2.16.840.1.101.3.4.1.49" },
		{ OID_KMAC128, "2.16.840.1.101.3.4.2.19" }, { OID_KMAC256, "2.16.840.1.101.3.4.2.20" },
		{ OID_PBKDF2, "1.2.840.113549.1.5.12" }, { OID_PBES2, "1.2.840.113549.1.5.13" },
		{ OID_SCRYPT, "1.3.6.1.4.1.11591.4.11" }, { OID_HKDF_SHA256, "1.2.840.113549.1.9.16.3.28" },
		{ OID_HKDF_SHA384, "1.2.840.113549.1.9.16.3.29" }, { OID_HKDF_SHA512, "1.2.840.113549.1.9.16.3.30" },
		{ OID_ESDH, "1.2.840.113549.1.9.16.3.5" }, { OID_ECDH_SHA1, "1.3.133.16.840.63.0.2" },
		{ OID_ECDH_SHA224, "1.3.132.1.11.0" },
		{ OID_ECDH_SHA256, "1.3.132.1.11.1" }, { OID_ECDH_SHA384, "1.3.132.1.11.2" },
		{ OID_ECDH_SHA512, "1.3.132.1.11.3" }, { OID_ECDH_COFACTOR_SHA224, "1.3.132.1.14.0" },
		{ OID_ECDH_COFACTOR_SHA256, "1.3.132.1.14.1" }, { OID_ECDH_COFACTOR_SHA384, "1.3.132.1.14.2" },
		{ OID_ECDH_COFACTOR_SHA512, "1.3.132.1.14.3" }, { OID_ECMQV_SHA224, "1.3.132.1.15.0" },
		{ OID_ECMQV_SHA256, "1.3.132.1.15.1" }, { OID_ECMQV_SHA384, "1.3.132.1.15.2" },
		{ OID_ECMQV_SHA512, "1.3.132.1.15.3" }, { OID_AES128_WRAP, "2.16.840.1.101.3.4.1.5" },
		{ OID_AES192_WRAP, "2.16.840.1.101.3.4.1.25" }, { OID_AES256_WRAP, "2.16.840.1.101.3.4.1.45" },
		{ OID_PWRI_KEK, "1.2.840.113549.1.9.16.3.9" }, { OID_AES128_CBC, "2.16.840.1.101.3.4.1.2" },
		{ OID_AES192_CBC, "2.16.840.1.101.3.4.1.22" }, { OID_AES256_CBC, "2.16.840.1.101.3.4.1.42" },
		{ OID_AES128_GCM, "2.16.840.1.101.3.4.1.6" }, { OID_AES192_GCM, "2.16.840.1.101.3.4.1.26" },
		{ OID_AES256_GCM, "2.16.840.1.101.3.4.1.46" }, { OID_DATA, "1.2.840.113549.1.7.1" },
		{ OID_SIGNED_DATA, "1.2.840.113549.1.7.2" }, { OID_ENVELOPED_DATA, "1.2.840.113549.1.7.3" },
		{ OID_ENC_KEY_WITH_ID, "1.2.840.113549.1.9.16.1.21" }, { OID_KEY_PACKAGE, "2.16.840.1.101.2.1.2.78.5" },
		{ OID_ORI_KEM, "1.2.840.113549.1.9.16.13.3" }, { OID_CONTENT_TYPE, "1.2.840.113549.1.9.3" },
		{ OID_MESSAGE_DIGEST, "1.2.840.113549.1.9.4" }, { OID_SIGNING_TIME, "1.2.840.113549.1.9.5" },
		{ OID_CHALLENGE_PASSWORD, "1.2.840.113549.1.9.7" }, { OID_EXTENSION_REQUEST, "1.2.840.113549.1.9.14" },
		{ OID_LOCAL_KEY_ID, "1.2.840.113549.1.9.21" }, { OID_CN, "2.5.4.3" }, { OID_SURNAME, "2.5.4.4" },
		{ OID_SERIAL_NUMBER, "2.5.4.5" }, { OID_COUNTRY, "2.5.4.6" }, { OID_LOCALITY, "2.5.4.7" },
		{ OID_STATE, "2.5.4.8" }, { OID_STREET, "2.5.4.9" }, { OID_ORGANIZATION, "2.5.4.10" }, { OID_UNIT, "2.5.4.11" },
		{ OID_TITLE, "2.5.4.12" }, { OID_GIVEN_NAME, "2.5.4.42" }, { OID_INITIALS, "2.5.4.43" },
		{ OID_GENERATION, "2.5.4.44" }, { OID_DN_QUALIFIER, "2.5.4.46" }, { OID_PSEUDONYM, "2.5.4.65" },
		{ OID_USER_ID, "0.9.2342.19200300.100.1.1" }, { OID_DOMAIN_COMPONENT, "0.9.2342.19200300.100.1.25" },
		{ OID_EMAIL_ADDRESS, "1.2.840.113549.1.9.1" }, { OID_UNSTRUCTURED_NAME, "1.2.840.113549.1.9.2" },
		{ OID_KP_SERVER_AUTH, "1.3.6.1.5.5.7.3.1" }, { OID_KP_CLIENT_AUTH, "1.3.6.1.5.5.7.3.2" },
		{ OID_KP_CODE_SIGNING, "1.3.6.1.5.5.7.3.3" }, { OID_KP_EMAIL_PROTECTION, "1.3.6.1.5.5.7.3.4" },
		{ OID_KP_TIME_STAMPING, "1.3.6.1.5.5.7.3.8" }, { OID_KP_OCSP_SIGNING, "1.3.6.1.5.5.7.3.9" },
		{ OID_KP_CMC_CA, "1.3.6.1.5.5.7.3.27" }, { OID_KP_CMC_RA, "1.3.6.1.5.5.7.3.28" },
		{ OID_KP_CM_KGA, "1.3.6.1.5.5.7.3.32" }, { OID_ANY_PURPOSE, "2.5.29.37.0" },
		{ OID_CE_SUBJECT_KEY_ID, "2.5.29.14" }, { OID_CE_KEY_USAGE, "2.5.29.15" },
		{ OID_CE_SUBJECT_ALT_NAME, "2.5.29.17" }, { OID_CE_ISSUER_ALT_NAME, "2.5.29.18" },
		{ OID_CE_BASIC_CONSTRAINTS, "2.5.29.19" }, { OID_CE_CRL_NUMBER, "2.5.29.20" }, { OID_CE_REASON, "2.5.29.21" },
		{ OID_CE_INVALIDITY_DATE, "2.5.29.24" }, { OID_CE_DELTA_CRL, "2.5.29.27" },
		{ OID_CE_ISSUING_POINT, "2.5.29.28" }, { OID_CE_CERTIFICATE_ISSUER, "2.5.29.29" },
		{ OID_CE_NAME_CONSTRAINTS, "2.5.29.30" }, { OID_CE_CRL_POINTS, "2.5.29.31" }, { OID_CE_POLICIES, "2.5.29.32" },
		{ OID_ANY_POLICY, "2.5.29.32.0" }, { OID_CE_POLICY_MAPPINGS, "2.5.29.33" },
		{ OID_CE_AUTHORITY_KEY_ID, "2.5.29.35" }, { OID_CE_POLICY_CONSTRAINTS, "2.5.29.36" },
		{ OID_CE_EXT_KEY_USAGE, "2.5.29.37" }, { OID_CE_FRESHEST_CRL, "2.5.29.46" },
		{ OID_CE_INHIBIT_ANY_POLICY, "2.5.29.54" }, { OID_PE_AUTHORITY_INFO_ACCESS, "1.3.6.1.5.5.7.1.1" },
		{ OID_PE_SUBJECT_INFO_ACCESS, "1.3.6.1.5.5.7.1.11" }, { OID_AD_OCSP, "1.3.6.1.5.5.7.48.1" },
		{ OID_AD_CA_ISSUERS, "1.3.6.1.5.5.7.48.2" }, { OID_OCSP_BASIC, "1.3.6.1.5.5.7.48.1.1" },
		{ OID_OCSP_NONCE, "1.3.6.1.5.5.7.48.1.2" }, { OID_OCSP_NO_CHECK, "1.3.6.1.5.5.7.48.1.5" },
	};
	char text[OID_TEXT_MAX];

	(void)state;
	assert_int_equal(LENGTH(rows), OID_COUNT - 1);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct span oid = oid_octets(rows[i].id);
		assert_string_equal(oid_dotted(oid, text, sizeof(text)), rows[i].dotted);
		assert_int_equal(oid_find(oid), rows[i].id);
		assert_non_null(oid_name(oid));
	}
	assert_int_equal(oid_octets(OID_NONE).len, 0);
	assert_int_equal(oid_find(span_of(NULL, 0)), OID_NONE);
	assert_int_equal(oid_find(span_of("\x2A", 1)), OID_NONE);
	assert_int_equal(oid_kp(oid_octets(OID_KP_CMC_RA)), 28);
	assert_int_equal(oid_kp(oid_octets(OID_ANY_PURPOSE)), 0);
}

static void
saturated(void **state)
{
	static const struct { const char *hex; bool well; int64_t value; } rows[] = {
		{ "020100", true, 0 }, { "0201FF", true, -1 }, { "02020080", true, 128 },
		{ "02087FFFFFFFFFFFFFFF", true, INT64_MAX }, { "02088000000000000000", true, INT64_MIN },
		{ "0209008000000000000000", true, INT64_MAX }, { "0209FF7FFFFFFFFFFFFFFF", true, INT64_MIN },
		{ "020A01000000000000000000", true, INT64_MAX }, { "0200", false, 0 }, { "02020001", false, 0 }, { "040100", false, 0 }
	};
	uint8_t room[16];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct span in = hex_octets(rows[i].hex, room, sizeof(room)), before = in;
		int64_t value = 7;
		assert_int_equal(der_take_saturated(&in, &value), rows[i].well);
		if (rows[i].well)
			assert_true(value == rows[i].value && der_at_end(in));
		else
			assert_int_equal(in.len, before.len);
	}
}

// ---- parameters that are put together from pieces

#define SHA256 "300B 0609608648016503040201"
#define HMAC256 "300C 06082A864886F70D0209 0500"
#define OID_OF_PBM "06092A864886F67D07420D"
#define OID_OF_PBMAC1 "06092A864886F70D01050E"
#define OID_OF_PBKDF2 "06092A864886F70D01050C"

// Append the octets of a piece.
static void
put(struct der_writer *w, const char *hex)
{
	static uint8_t room[70000];

	der_put_raw(w, hex_octets(hex, room, sizeof(room)));
}

// A row's own piece, or the good one.
static const char *
or(const char *own, const char *good)
{
	return own != NULL ? own : good;
}

// Give a reader the AlgorithmIdentifier that was written, and compare its verdict.
static void
expect(const char *name, struct der_writer *w, bool (*read)(const struct algorithm *, struct fault *), enum failure failure, const char *path)
{
	struct fault f = { .set = false };
	struct algorithm a;
	struct span in;

	assert_true(der_finish(w, &in));
	if (!algorithm_take(&in, &a, &f))
		fail_msg("%s: no AlgorithmIdentifier: %s", name, f.text);
	bool well = read(&a, &f);
	if (well != (failure == FAIL_NONE) || f.set == well || (!well && f.failure != failure))
		fail_msg("%s: %s %s: %s", name, well ? "accepted" : failure_name(f.failure), f.path, f.text);
	if (!well && strcmp(f.path, path) != 0)
		fail_msg("%s: path %s, should be %s", name, f.path, path);
	der_writer_clear(w);
}

static struct pbm_parameters pbm;
static struct pbmac1_parameters pbmac1;
static struct pss_parameters pss;

static bool read_pbm(const struct algorithm *a, struct fault *f) { return pbm_parameters_read(a, &pbm, f); }
static bool read_pbmac1(const struct algorithm *a, struct fault *f) { return pbmac1_parameters_read(a, &pbmac1, f); }
static bool read_pss(const struct algorithm *a, struct fault *f) { return pss_parameters_read(a, &pss, f); }

// Parameters that are no SEQUENCE (case 33), for each algorithm whose parameters are one.
static void
another_type(void **state)
{
	static const struct { const char *name, *oid; bool (*read)(const struct algorithm *, struct fault *); } algorithms[] = {
		{ "PBM", OID_OF_PBM, read_pbm }, { "PBMAC1", OID_OF_PBMAC1, read_pbmac1 }, { "PSS", "06092A864886F70D01010A", read_pss }
	};
	static const char *const parameters[] = { "", "0500", "020101", "0400", "0403300100", "3100", "A000" };

	(void)state;
	for (size_t i = 0; i < LENGTH(algorithms); i++)
		for (size_t k = 0; k < LENGTH(parameters); k++) {
			struct der_writer w;
			der_writer_init(&w, 200);
			der_open(&w, DER_SEQUENCE);
			put(&w, algorithms[i].oid);
			put(&w, parameters[k]);
			der_close(&w);
			expect(algorithms[i].name, &w, algorithms[i].read, FAIL_BAD_ALG, "parameters");
		}
}

// Cases 33 to 36: what can be decoded is read, however foolish; the rest is badDataFormat.
static void
pbm_parameters(void **state)
{
	static const struct { const char *name, *salt, *owf, *count, *mac, *tail; enum failure failure; const char *path; } rows[] = {
		{ .name = "good", .failure = FAIL_NONE },
		{ .name = "owf with NULL", .owf = "300D 0609608648016503040201 0500", .failure = FAIL_NONE },
		{ .name = "no salt octets", .salt = "0400", .failure = FAIL_NONE },
		{ .name = "MD5", .owf = "300C 06082A864886F70D0205 0500", .failure = FAIL_NONE },
		{ .name = "count 0", .count = "020100", .failure = FAIL_NONE },
		{ .name = "count -1", .count = "0201FF", .failure = FAIL_NONE },
		{ .name = "count 2^63", .count = "0209008000000000000000", .failure = FAIL_NONE },
		{ .name = "empty", .salt = "", .owf = "", .count = "", .mac = "", .failure = FAIL_BAD_DATA_FORMAT, .path = "salt" },
		{ .name = "salt is an INTEGER", .salt = "020101", .failure = FAIL_BAD_DATA_FORMAT, .path = "salt" },
		{ .name = "owf is an OID", .owf = "0609608648016503040201", .failure = FAIL_BAD_DATA_FORMAT, .path = "owf" },
		{ .name = "count is missing", .count = "", .failure = FAIL_BAD_DATA_FORMAT, .path = "iterationCount" },
		{ .name = "count is padded", .count = "02020001", .failure = FAIL_BAD_DATA_FORMAT, .path = "iterationCount" },
		{ .name = "mac is missing", .mac = "", .failure = FAIL_BAD_DATA_FORMAT, .path = "mac" },
		{ .name = "mac with two parameters", .mac = "300E 06082A864886F70D0209 0500 0500", .failure = FAIL_BAD_DATA_FORMAT, .path = "mac" },
		{ .name = "more behind", .tail = "0500", .failure = FAIL_BAD_DATA_FORMAT, .path = "" }
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct der_writer w;
		der_writer_init(&w, 1000);
		der_open(&w, DER_SEQUENCE);
		put(&w, OID_OF_PBM);
		der_open(&w, DER_SEQUENCE);
		put(&w, or(rows[i].salt, "04080102030405060708"));
		put(&w, or(rows[i].owf, SHA256));
		put(&w, or(rows[i].count, "020201F4"));
		put(&w, or(rows[i].mac, HMAC256));
		put(&w, or(rows[i].tail, ""));
		der_close(&w);
		der_close(&w);
		expect(rows[i].name, &w, read_pbm, rows[i].failure, rows[i].path);
	}
}

// Case 37.
static void
pbmac1_parameters(void **state)
{
	static const struct { const char *name, *kdf, *salt, *count, *length, *prf, *tail, *mac; enum failure failure; const char *path; } rows[] = {
		{ .name = "good", .failure = FAIL_NONE },
		{ .name = "no keyLength, no prf", .length = "", .prf = "", .failure = FAIL_NONE },
		{ .name = "keyLength 0", .length = "020100", .failure = FAIL_NONE },
		{ .name = "keyLength 2^31", .length = "02050080000000", .failure = FAIL_NONE },
		{ .name = "unknown prf", .prf = "3003 06012A", .failure = FAIL_NONE },
		{ .name = "the default written", .prf = "300C 06082A864886F70D0207 0500", .failure = FAIL_NONE },
		{ .name = "scrypt", .kdf = "06092B06010401DA47040B", .failure = FAIL_BAD_ALG, .path = "keyDerivationFunc" },
		{ .name = "salt of another source", .salt = SHA256, .failure = FAIL_BAD_ALG, .path = "keyDerivationFunc.salt" },
		{ .name = "salt is a NULL", .salt = "0500", .failure = FAIL_BAD_DATA_FORMAT, .path = "keyDerivationFunc.salt" },
		{ .name = "no count", .count = "", .length = "", .failure = FAIL_BAD_DATA_FORMAT, .path = "keyDerivationFunc.iterationCount" },
		{ .name = "keyLength is padded", .length = "02020020", .failure = FAIL_BAD_DATA_FORMAT, .path = "keyDerivationFunc.keyLength" },
		{ .name = "prf is an OID", .prf = "06082A864886F70D0209", .failure = FAIL_BAD_DATA_FORMAT, .path = "keyDerivationFunc.prf" },
		{ .name = "more in PBKDF2-params", .tail = "0500", .failure = FAIL_BAD_DATA_FORMAT, .path = "keyDerivationFunc.parameters" },
		{ .name = "no MAC", .mac = "", .failure = FAIL_BAD_DATA_FORMAT, .path = "messageAuthScheme" },
		{ .name = "two MACs", .mac = HMAC256 HMAC256, .failure = FAIL_BAD_DATA_FORMAT, .path = "" }
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct der_writer w;
		der_writer_init(&w, 1000);
		der_open(&w, DER_SEQUENCE);
		put(&w, OID_OF_PBMAC1);
		der_open(&w, DER_SEQUENCE);
		der_open(&w, DER_SEQUENCE);
		put(&w, or(rows[i].kdf, OID_OF_PBKDF2));
		der_open(&w, DER_SEQUENCE);
		put(&w, or(rows[i].salt, "04080102030405060708"));
		put(&w, or(rows[i].count, "02022710"));
		put(&w, or(rows[i].length, "020120"));
		put(&w, or(rows[i].prf, HMAC256));
		put(&w, or(rows[i].tail, ""));
		der_close(&w);
		der_close(&w);
		put(&w, or(rows[i].mac, HMAC256));
		der_close(&w);
		der_close(&w);
		expect(rows[i].name, &w, read_pbmac1, rows[i].failure, rows[i].path);
	}
}

static void
read_written(struct der_writer *w, bool (*read)(const struct algorithm *, struct fault *), enum oid_id oid)
{
	struct algorithm a;
	struct span in;

	assert_true(der_finish(w, &in) && der_check(in));
	assert_true(algorithm_take(&in, &a, NULL) && der_at_end(in));
	assert_int_equal(oid_find(a.oid), oid);
	assert_true(read(&a, NULL));
}

// What is written reads as what was given, and its octets are those of other writers.
static void
macs_written(void **state)
{
	static const char by_hand[] = "3037" OID_OF_PBM "302A 04080102030405060708" SHA256 "0203010000 300C 06082A864886F70D0209 0500";
	struct span salt = span_of("\1\2\3\4\5\6\7\x8", 8), octets;
	struct der_writer w;
	uint8_t room[100];

	(void)state;
	der_writer_init(&w, 1000);
	pbm_write(&w, oid_octets(OID_SHA256), salt, 65536, oid_octets(OID_HMAC_SHA256));
	assert_true(der_finish(&w, &octets));
	assert_true(span_equal(octets, hex_octets(by_hand, room, sizeof(room))));
	read_written(&w, read_pbm, OID_PBM);
	assert_true(span_equal(pbm.salt, salt) && pbm.iterations == 65536);
	assert_true(oid_find(pbm.owf.oid) == OID_SHA256 && pbm.owf.parameters.len == 0);
	assert_true(oid_find(pbm.mac.oid) == OID_HMAC_SHA256 && pbm.mac.parameters.len == 2);
	der_writer_clear(&w);
	pbmac1_write(&w, salt, 10000, 32, oid_octets(OID_HMAC_SHA256), oid_octets(OID_HMAC_SHA512));
	read_written(&w, read_pbmac1, OID_PBMAC1);
	assert_true(span_equal(pbmac1.kdf.salt, salt) && pbmac1.kdf.iterations == 10000);
	assert_true(pbmac1.kdf.has_key_length && pbmac1.kdf.key_length == 32);
	assert_true(oid_find(pbmac1.kdf.prf.oid) == OID_HMAC_SHA256 && oid_find(pbmac1.mac.oid) == OID_HMAC_SHA512);
	der_writer_clear(&w);
	pbmac1_write(&w, salt, 1, 20, oid_octets(OID_HMAC_SHA1), oid_octets(OID_HMAC_SHA1));
	read_written(&w, read_pbmac1, OID_PBMAC1);
	assert_true(oid_find(pbmac1.kdf.prf.oid) == OID_HMAC_SHA1 && pbmac1.kdf.prf.whole.data != NULL);
	der_writer_clear(&w);
}

static void
pss_parameters(void **state)
{
	static const char by_others[] = "3041 06092A864886F70D01010A 3034 A00F 300D 0609608648016503040201 0500"
		"A11C 301A 06092A864886F70D010108 300D 0609608648016503040201 0500 A203 020120";
	static const struct { const char *name, *hex; enum failure failure; const char *path; } rows[] = {
		{ "all defaults", "3000", FAIL_NONE, NULL },
		{ "salt 0", "3005 A203 020100", FAIL_NONE, NULL },
		{ "salt 2^64", "300D A20B 0209010000000000000000", FAIL_NONE, NULL },
		{ "another mask", "3007 A105 3003 06012A", FAIL_BAD_ALG, "maskGenAlgorithm" },
		{ "mgf1 without a hash", "300F A10D 300B 06092A864886F70D010108", FAIL_BAD_ALG, "maskGenAlgorithm" },
		{ "mgf1 with an empty hash", "3011 A10F 300D 06092A864886F70D010108 3000", FAIL_BAD_DATA_FORMAT, "maskGenAlgorithm" },
		{ "hash is an OID", "3009 A007 06052B0E03021A", FAIL_BAD_DATA_FORMAT, "hashAlgorithm" },
		{ "hash is missing", "3002 A000", FAIL_BAD_DATA_FORMAT, "hashAlgorithm" },
		{ "salt is an OCTET STRING", "3005 A203 040120", FAIL_BAD_DATA_FORMAT, "saltLength" },
		{ "two salts", "3008 A206 020120 020120", FAIL_BAD_DATA_FORMAT, "saltLength" },
		{ "out of order", "300A A303 020101 A203 020120", FAIL_BAD_DATA_FORMAT, "parameters" }
	};
	struct der_writer w;
	struct span written;
	uint8_t room[100];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		der_writer_init(&w, 1000);
		der_open(&w, DER_SEQUENCE);
		der_put_oid(&w, oid_octets(OID_RSASSA_PSS));
		put(&w, rows[i].hex);
		der_close(&w);
		expect(rows[i].name, &w, read_pss, rows[i].failure, rows[i].path);
		if (i == 0)
			assert_true(oid_find(pss.hash.oid) == OID_SHA1 && oid_find(pss.mask_hash.oid) == OID_SHA1 && pss.salt_length == 20 && pss.trailer == 1);
		if (i == 2)
			assert_true(pss.salt_length == INT64_MAX);
	}
	der_writer_init(&w, 1000);
	pss_write(&w, oid_octets(OID_SHA256), 32);
	assert_true(der_finish(&w, &written));
	assert_true(span_equal(written, hex_octets(by_others, room, sizeof(room))));
	read_written(&w, read_pss, OID_RSASSA_PSS);
	assert_true(oid_find(pss.hash.oid) == OID_SHA256 && oid_find(pss.mask_hash.oid) == OID_SHA256 && pss.salt_length == 32);
	der_writer_clear(&w);
}

static void
small_parameters(void **state)
{
	static const struct { const char *hex; enum failure iv, curve; } rows[] = {
		{ "3003 06012A", FAIL_BAD_ALG, FAIL_BAD_ALG }, { "3005 06012A 0500", FAIL_BAD_ALG, FAIL_BAD_ALG },
		{ "3006 06012A 040100", FAIL_NONE, FAIL_BAD_ALG }, { "3006 06012A 06012B", FAIL_BAD_ALG, FAIL_NONE },
		{ "3005 06012A 3000", FAIL_BAD_ALG, FAIL_BAD_ALG }, { "3006 06012A 060180", FAIL_BAD_ALG, FAIL_BAD_DATA_FORMAT }
	};
	uint8_t room[32];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct fault f = { .set = false }, g = { .set = false };
		struct span in = hex_octets(rows[i].hex, room, sizeof(room)), value;
		struct algorithm a;
		assert_true(algorithm_take(&in, &a, NULL));
		assert_int_equal(cbc_parameters_read(&a, &value, &f) ? FAIL_NONE : f.failure, rows[i].iv);
		assert_int_equal(curve_parameters_read(&a, &value, &g) ? FAIL_NONE : g.failure, rows[i].curve);
		assert_int_equal(parameters_empty(&a), i < 2);
	}
}

// ---- private keys

static struct private_key_info info;
static struct encrypted_private_key encrypted;
static struct ec_private_key ec;
static struct rsa_private_key rsa;

static bool parse_info(struct span s, struct fault *f) { return private_key_info_read(s, &info, f); }
static bool parse_encrypted(struct span s, struct fault *f) { return encrypted_private_key_read(s, &encrypted, f); }
static bool parse_ec(struct span s, struct fault *f) { return ec_private_key_read(s, &ec, f); }
static bool parse_rsa(struct span s, struct fault *f) { return rsa_private_key_read(s, &rsa, f); }
static bool parse_curve(struct span s, struct fault *f) { struct span key; return curve_private_key_read(s, &key, f); }

static void
keys_mangled(void **state)
{
	(void)state;
	mangle_sample("PKCS#8 EC", parse_info, OF(sample_ec_pkcs8));
	mangle_sample("PKCS#8 Ed25519", parse_info, OF(sample_ed25519));
	mangle_sample("encrypted PKCS#8", parse_encrypted, OF(sample_encrypted));
	mangle_sample("ECPrivateKey", parse_ec, OF(sample_ec_key));
	mangle_sample("RSAPrivateKey", parse_rsa, OF(sample_rsa_key));
	mangle_sample("CurvePrivateKey", parse_curve, span_of("\x04\x04" "seed", 6));
}

static void
key_fields(void **state)
{
	struct span key, curve;

	(void)state;
	assert_true(parse_info(OF(sample_ec_pkcs8), NULL));
	assert_int_equal(info.version, 1);
	assert_int_equal(oid_find(info.algorithm.oid), OID_EC_PUBLIC_KEY);
	assert_true(curve_parameters_read(&info.algorithm, &curve, NULL) && oid_find(curve) == OID_P256);
	assert_true(parse_ec(info.key, NULL));
	key = ec.key;
	assert_true(ec.curve.len == 0 && ec.has_public_key && ec.public_key.len == 65);
	assert_true(parse_ec(OF(sample_ec_key), NULL));
	assert_true(oid_find(ec.curve) == OID_P256 && ec.key.len == 32 && span_equal(ec.key, key));
	assert_true(parse_info(OF(sample_ed25519), NULL));
	assert_int_equal(oid_find(info.algorithm.oid), OID_ED25519);
	assert_true(curve_private_key_read(info.key, &key, NULL) && key.len == 32);
	assert_true(parse_rsa(OF(sample_rsa_key), NULL));
	assert_true(rsa.modulus.len == 64 && rsa.modulus.data[0] != 0 && span_equal(rsa.public_exponent, span_of("\1\0\1", 3)));
	assert_true(rsa.prime[0].len == 32 && rsa.coefficient.len <= 32);
	assert_true(parse_encrypted(OF(sample_encrypted), NULL));
	assert_true(encrypted.kdf.iterations == 2048 && encrypted.kdf.salt.len == 8 && !encrypted.kdf.has_key_length);
	assert_int_equal(oid_find(encrypted.kdf.prf.oid), OID_HMAC_SHA256);
	assert_true(encrypted.key_octets == 32 && oid_find(encrypted.cipher) == OID_AES256_CBC);
	assert_true(encrypted.iv.len == 16 && encrypted.secret.len == 144);
}

// Version v2 with its publicKey, written and read again.
static void
key_written(void **state)
{
	struct private_key_info k, again;
	struct der_writer w;
	struct span octets;

	(void)state;
	assert_true(private_key_info_read(OF(sample_ed25519), &k, NULL));
	der_writer_init(&w, 1000);
	private_key_info_write(&w, &k);
	assert_true(der_finish(&w, &octets) && span_equal(octets, OF(sample_ed25519)));
	der_writer_clear(&w);
	k.has_public_key = true;
	k.public_key = span_text("thirty-two octets of a public ke");
	private_key_info_write(&w, &k);
	assert_true(der_finish(&w, &octets));
	assert_true(private_key_info_read(octets, &again, NULL));
	assert_true(again.version == 2 && again.has_public_key && span_equal(again.public_key, k.public_key) && span_equal(again.key, k.key));
	mangle_sample("OneAsymmetricKey v2", parse_info, octets);
	der_writer_clear(&w);
}

static void
bad_keys(void **state)
{
	static const struct { const char *name; mangle_parse *parse; const char *hex; enum failure failure; } rows[] = {
		{ "version 2 of two", parse_info, "300C 020102 3003 06012A 0402 3000", FAIL_BAD_DATA_FORMAT },
		{ "version -1", parse_info, "300C 0201FF 3003 06012A 0402 3000", FAIL_BAD_DATA_FORMAT },
		{ "no key octets", parse_info, "300A 020100 3003 06012A 0400", FAIL_BAD_DATA_FORMAT },
		{ "v1 with publicKey", parse_info, "3010 020100 3003 06012A 0402 3000 81020041", FAIL_BAD_DATA_FORMAT },
		{ "publicKey without its first octet", parse_info, "300E 020101 3003 06012A 0402 3000 8100", FAIL_BAD_DATA_FORMAT },
		{ "publicKey with unused bits", parse_info, "3010 020101 3003 06012A 0402 3000 81020140", FAIL_BAD_DATA_FORMAT },
		{ "attributes behind publicKey", parse_info, "3012 020101 3003 06012A 0402 3000 81020041 A000", FAIL_BAD_DATA_FORMAT },
		{ "indefinite length", parse_info, "3080 020100 3003 06012A 0402 3000 0000", FAIL_BAD_DATA_FORMAT },
		{ "encrypted by something else", parse_encrypted, "3008 3003 06012A 040100", FAIL_BAD_ALG },
		{ "PBES2 without parameters", parse_encrypted, "3010 300B 06092A864886F70D01050D 040100", FAIL_BAD_ALG },
		{ "PBES2 with empty parameters", parse_encrypted, "3012 300D 06092A864886F70D01050D 3000 040100", FAIL_BAD_DATA_FORMAT },
		{ "EC version 2", parse_ec, "3006 020102 040141", FAIL_BAD_DATA_FORMAT },
		{ "EC without octets", parse_ec, "3005 020101 0400", FAIL_BAD_DATA_FORMAT },
		{ "EC with explicit parameters", parse_ec, "300A 020101 040141 A002 3000", FAIL_BAD_ALG },
		{ "EC with two curves", parse_ec, "300E 020101 040141 A006 06012A 06012A", FAIL_BAD_ALG },
		{ "EC with unused bits", parse_ec, "300C 020101 040141 A104 03020140", FAIL_BAD_DATA_FORMAT },
		{ "RSA of three primes", parse_rsa, "301B 020101 020103 020103 020103 020103 020103 020103 020103 020103", FAIL_BAD_DATA_FORMAT },
		{ "RSA with a zero", parse_rsa, "301B 020100 020103 020103 020100 020103 020103 020103 020103 020103", FAIL_BAD_DATA_FORMAT },
		{ "RSA with a negative number", parse_rsa, "301B 020100 020103 0201FD 020103 020103 020103 020103 020103 020103", FAIL_BAD_DATA_FORMAT },
		{ "RSA of seven numbers", parse_rsa, "3018 020100 020103 020103 020103 020103 020103 020103 020103", FAIL_BAD_DATA_FORMAT },
		{ "RSA with more behind", parse_rsa, "301E 020100 020103 020103 020103 020103 020103 020103 020103 020103 020103", FAIL_BAD_DATA_FORMAT },
		{ "an empty curve key", parse_curve, "0400", FAIL_BAD_DATA_FORMAT },
		{ "no OCTET STRING", parse_curve, "3000", FAIL_BAD_DATA_FORMAT }
	};
	uint8_t room[64];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct fault f = { .set = false };
		if (rows[i].parse(hex_octets(rows[i].hex, room, sizeof(room)), &f) || f.failure != rows[i].failure)
			fail_msg("%s: %s: %s", rows[i].name, f.set ? failure_name(f.failure) : "accepted", f.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oid_table), cmocka_unit_test(saturated), cmocka_unit_test(another_type), cmocka_unit_test(pbm_parameters),
		cmocka_unit_test(pbmac1_parameters), cmocka_unit_test(macs_written), cmocka_unit_test(pss_parameters),
		cmocka_unit_test(small_parameters), cmocka_unit_test(keys_mangled), cmocka_unit_test(key_fields), cmocka_unit_test(key_written),
		cmocka_unit_test(bad_keys)
	};

	return cmocka_run_group_tests_name("algorithm", tests, NULL, NULL);
}
