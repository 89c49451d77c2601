// SPDX-License-Identifier: GPL-3.0-or-later
// Each type of InfoTypeAndValue with values of its kind and values of others
// (RFC 9810 5.3.19): a type whose parser took anything would fail here.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "codec/itav.h"
#include "codec/oid.h"
#include "tests/unit/notation.h"

enum { LIMIT = 65536, ROWS = 14 };

// The smallest forms of what values are made of; all are contents or whole elements in notation.
#define ALG "30{06{2A}}"				// an algorithm without parameters
#define ALG_NULL "30{06{2A} 0500}"			// with NULL
#define CERT "30{3000" ALG "03{00}}"			// what is signed, an algorithm, the signature
#define NAMES "86{75}"					// a URI
#define ENVELOPED "A0{020102 31{A200} 30{06{2A}" ALG "80{01}}}"
#define TIME "18{32303236303130313030303030305A}"	// 20260101000000Z

static const struct kind {
	unsigned type;
	bool may_be_absent;
	const char *good[ROWS], *bad[ROWS];	// each bad one is DER, and wrong for its type only
} kinds[] = {
	{ IT_CA_PROT_ENC_CERT, true, { CERT }, { "0500", "3000", ALG, "30{" CERT "}", "30{3000" ALG "03{00} 0500}", "30{3000" ALG "03{0180}}", "30{3000" ALG "0500}" } },
	{ IT_SIGN_KEY_PAIR_TYPES, true, { "30{" ALG "}", "30{" ALG ALG_NULL "}" }, { "3000", ALG, "0500", "30{" ALG "0500}", "31{" ALG "}" } },
	{ IT_ENC_KEY_PAIR_TYPES, true, { "30{" ALG "}" }, { "3000", ALG, "0500", "30{" ALG "0500}", "31{" ALG "}" } },
	{ IT_PREFERRED_SYMM_ALG, true, { ALG, ALG_NULL }, { "30{" ALG "}", "3000", "0500", "06{2A}", "30{06{2A} 0500 0500}" } },
	{ IT_CA_KEY_UPDATE_INFO, true, { "30{" CERT CERT CERT "}" },
		{ "30{" CERT CERT "}", "30{" CERT CERT CERT CERT "}", CERT, "0500", "30{" CERT CERT CERT "0500}", "31{" CERT CERT CERT "}" } },
	{ IT_CURRENT_CRL, true, { CERT }, { "0500", "3000", "30{" CERT "}", "30{3000" ALG "03{00} 0500}" } },
	{ IT_UNSUPPORTED_OIDS, false, { "30{06{2A}}", "30{06{2A} 06{2B}}" }, { "3000", "06{2A}", "30{0201 01}", "30{06{2A} 0500}" } },
	{ IT_KEY_PAIR_PARAM_REQ, false, { "06{2A}" }, { "0201 2A", ALG, "0500" } },
	{ IT_KEY_PAIR_PARAM_REP, true, { ALG, ALG_NULL }, { "06{2A}", "0500", "30{" ALG "}", "30{06{2A} 0500 0500}" } },
	{ IT_REV_PASSPHRASE, true, { "30{03{00}}", "30{82{0001} 03{00}}", ENVELOPED }, { "0C{61}", "3000", "30{03{00} 0500}", "A000", "A0{020102 3100 30{06{2A}" ALG "}}", "0500" } },
	{ IT_IMPLICIT_CONFIRM, false, { "0500" }, { "0101 FF", "0201 00", "3000" } },
	{ IT_CONFIRM_WAIT_TIME, false, { TIME },
		{ "17{3236303130313030303030305A}", "0500", "0201 0A", "18{32303236303233303030303030305A}", "18{3230323630313031303030303030}" } },
	{ IT_ORIG_PKI_MESSAGE, false, { "30{3000}", "30{3000 3000}" }, { "3000", "0500", "30{0500}", "30{3000 0500}", "31{3000}" } },
	{ IT_SUPP_LANG_TAGS, false, { "30{0C{6465}}", "30{0C{6465} 0C{656E}}" }, { "3000", "0C{6465}", "30{13{6465}}", "30{0C{C080}}", "30{0C{6465} 0500}" } },
	{ IT_CA_CERTS, true, { "30{" CERT "}", "30{" CERT CERT "}" }, { "3000", CERT, "0500", "30{" CERT "0500}" } },
	{ IT_ROOT_CA_KEY_UPDATE, true,
		{ "30{" CERT "}", "30{" CERT "A0{" CERT "}}", "30{" CERT "A1{" CERT "}}", "30{" CERT "A0{" CERT "} A1{" CERT "}}" },
		{ "3000", CERT, "0500", "30{" CERT CERT "}", "30{" CERT "A1{" CERT "} A0{" CERT "}}", "30{" CERT "A0{" CERT CERT "}}", "30{" CERT "A0{" CERT "} 0500}",
			"30{" CERT "A000}" } },
	{ IT_CERT_REQ_TEMPLATE, true, { "30{3000}", "30{3000 3000}", "30{3000 30{30{06{2A} 0500}}}", "30{30{A5{3000}}}" },
		{ "3000", "0500", "30{3000 0500}", "30{3000 3000 0500}", "30{3000 30{0500}}", "30{30{0500}}", "30{3000 30{30{06{2A}}}}" } },
	{ IT_ROOT_CA_CERT, true, { CERT }, { "0500", "3000", "30{" CERT "}", "30{3000" ALG "03{00} 0500}" } },
	{ IT_CERT_PROFILE, false, { "30{0C{61}}", "0C{61}" }, { "3000", "13{61}", "0500", "30{13{61}}", "0C{FF}", "30{0C{61} 0500}" } },
	{ IT_CRL_STATUS_LIST, false,
		{ "30{30{A0{A0{" NAMES "}}}}", "30{30{A0{A0{" NAMES "}}" TIME "}}", "30{30{A1{30{" NAMES "}}}}", "30{30{A0{A1{30{06{550403} 0C{61}}}}}}" },
		{ "3000", "0500", "30{3000}", "30{0500}", "30{30{A0{A0{}}}}", "30{30{A0{A0{" NAMES "} 0500}}}", "30{30{A0{A0{" NAMES "}} 0500}}",
			"30{30{A1{" NAMES "}}}", "30{30{A0{A0{" NAMES "}}} 0500}", "30{30{A0{A0{0500}}}}", "30{30{A0{A1{0500}}}}", "30{30{A0{A1{}}}}", "30{30{A2{" NAMES "}}}" } },
	{ IT_CRLS, true, { "30{" CERT "}", "30{" CERT CERT "}" }, { "3000", CERT, "0500", "30{" CERT "0500}" } },
	{ IT_KEM_CIPHERTEXT_INFO, true, { "30{" ALG "04{55}}", "30{" ALG "0400}" }, { "0500", ALG, "30{" ALG "}", "30{" ALG "0201 55}", "30{" ALG "04{55} 0500}", "30{0500 04{55}}" } },
};

static struct buffer value, whole;

// An InfoTypeAndValue of this type around the value in notation, with `behind` after it.
static struct span
itav_octets(unsigned type, const char *text, const char *behind)
{
	struct der_writer w;
	struct span octets;
	uint8_t room[8];

	der_writer_init(&w, LIMIT);
	der_open(&w, DER_SEQUENCE);
	der_put_oid(&w, oid_of_it(type, room));
	der_put_raw(&w, notation(&value, text));
	der_put_raw(&w, notation(&value, behind));
	der_close(&w);
	assert_true(der_finish(&w, &octets));
	whole.len = 0;
	buffer_append(&whole, octets);
	der_writer_clear(&w);
	if (!der_check(buffer_span(&whole)))
		fail_msg("type %u: the value %s is no DER", type, text);
	return buffer_span(&whole);
}

static void
expect(unsigned type, const char *text, const char *behind, enum failure failure)
{
	struct span in = itav_octets(type, text, behind), all = in;
	struct fault f = { .set = false };
	struct itav v;
	char name[OID_TEXT_MAX];

	bool well = itav_take(&in, &v, &f);
	if (well != (failure == FAIL_NONE))
		fail_msg("type %u, value '%s': %s", type, text, well ? "taken" : f.text);
	if (!well) {
		assert_string_equal(failure_name(f.failure), failure_name(failure));
		assert_true(span_equal(in, all));	// nothing was taken
		if (failure == FAIL_BAD_REQUEST)
			assert_non_null(strstr(f.path, oid_text(oid_of_it(type, (uint8_t[8]){ 0 }), name, sizeof(name))));
		return;
	}
	assert_true(der_at_end(in));
	assert_int_equal(v.type, type);
	assert_true(span_equal(v.value, notation(&value, text)));
}

static void
values_of_their_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		assert_non_null(kinds[i].good[0]);
		for (size_t r = 0; r < ROWS && kinds[i].good[r] != NULL; r++)
			expect(kinds[i].type, kinds[i].good[r], "", FAIL_NONE);
	}
}

static void
values_of_other_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		assert_non_null(kinds[i].bad[1]);
		for (size_t r = 0; r < ROWS && kinds[i].bad[r] != NULL; r++)
			expect(kinds[i].type, kinds[i].bad[r], "", FAIL_BAD_REQUEST);
	}
}

static void
absent_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		expect(kinds[i].type, "", "", kinds[i].may_be_absent ? FAIL_NONE : FAIL_BAD_REQUEST);
}

// A second element behind the value is no InfoTypeAndValue at all.
static void
more_than_one_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		expect(kinds[i].type, kinds[i].good[0], "0500", FAIL_BAD_DATA_FORMAT);
}

// Every type that has a meaning in RFC 9810 has its row.
static void
all_types(void **state)
{
	unsigned known = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		known |= 1u << kinds[i].type;
	for (unsigned n = 1; n <= 24; n++)
		if (n != 8 && n != 9)
			assert_true((known & (1u << n)) != 0);
	expect(8, "0201 01", "", FAIL_NONE);	// types without a meaning are carried as they are
	expect(25, "30{0500}", "", FAIL_NONE);
}

// In generalInfo, and only there, implicitConfirm may lack its NULL.
static void
general_info(void **state)
{
	struct itav v;
	struct fault f = { .set = false };
	struct span in;

	(void)state;
	in = itav_octets(IT_IMPLICIT_CONFIRM, "", "");
	assert_true(itav_take_general_info(&in, &v, &f));
	in = itav_octets(IT_IMPLICIT_CONFIRM, "0201 00", "");
	assert_false(itav_take_general_info(&in, &v, &f));
	in = itav_octets(IT_CONFIRM_WAIT_TIME, "", "");
	f.set = false;
	assert_false(itav_take_general_info(&in, &v, &f));
	in = itav_octets(IT_CERT_PROFILE, "", "");
	f.set = false;
	assert_false(itav_take_general_info(&in, &v, &f));
}

static int
setup(void **state)
{
	(void)state;
	buffer_init(&value, LIMIT);
	buffer_init(&whole, LIMIT);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buffer_clear(&value);
	buffer_clear(&whole);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_their_kind), cmocka_unit_test(values_of_other_kinds), cmocka_unit_test(absent_values),
		cmocka_unit_test(more_than_one_value), cmocka_unit_test(all_types), cmocka_unit_test(general_info),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
