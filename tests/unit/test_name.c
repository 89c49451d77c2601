// SPDX-License-Identifier: GPL-3.0-or-later
// Names: compared as RFC 5280 7.1 wants it, and made from text.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "codec/name.h"
#include "codec/oid.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

// ---- names in a notation of this test: RDNs end with '/', attributes are
// joined by '+'; an attribute is a letter for its type (C CN, O, D DC, E
// emailAddress), one for its string type (U UTF8, P Printable, I IA5, B BMP), its value.

static enum oid_id
type_of(char c)
{
	return c == 'C' ? OID_CN : c == 'O' ? OID_ORGANIZATION : c == 'D' ? OID_DOMAIN_COMPONENT : OID_EMAIL_ADDRESS;
}

static uint8_t
tag_of(char c)
{
	return c == 'U' ? DER_UTF8 : c == 'P' ? DER_PRINTABLE : c == 'I' ? DER_IA5 : DER_BMP;
}

static struct span
name_of(const char *notation, struct buffer *room)
{
	struct der_writer w;
	struct span whole;

	der_writer_init(&w, 4096);
	der_open(&w, DER_SEQUENCE);
	while (*notation != '\0') {
		der_open(&w, DER_SET);
		for (bool more = true; more; notation++) {
			size_t n = strcspn(notation, "+/");
			der_open(&w, DER_SEQUENCE);
			der_put_oid(&w, oid_octets(type_of(notation[0])));
			der_put(&w, tag_of(notation[1]), span_of(notation + 2, n - 2));
			der_close(&w);
			more = notation[n] == '+';
			notation += n;
		}
		der_close(&w);
	}
	der_close(&w);
	assert_true(der_finish(&w, &whole));
	room->len = 0;
	assert_true(buffer_append(room, whole));
	der_writer_clear(&w);
	return buffer_span(room);
}

static void
compared(void **state)
{
	static const struct { const char *a, *b; bool equal, within; } rows[] = {
		{ "", "", true, true }, { "CUx/", "", false, true }, { "", "CUx/", false, false },
		{ "CUUnit CA/", "CUunit ca/", true, true }, { "CUUnit CA/", "CPUNIT CA/", true, true },
		{ "CUUnit CA/", "CU  Unit \t\n CA  /", true, true }, { "CUUnit CA/", "CUUnitCA/", false, false },
		{ "CU/", "CU   /", true, true }, { "CUa/", "CUab/", false, false }, { "CUab/", "CUa/", false, false },
		{ "CU\xC3\xA4/", "CU\xC3\x84/", false, false }, { "CU\xC3\xA4/", "CU\xC3\xA4/", true, true },
		{ "CUx/", "OUx/", false, false }, { "CUx/", "CIx/", false, false }, { "CIx/", "CIX/", true, true },
		{ "DIExample/DICOM/", "DIexample/DIcom/", true, true }, { "EIA@b.c/", "EIa@B.C/", true, true },
		{ "CBab/", "CBab/", true, true }, { "CBab/", "CBaB/", false, false }, { "CBab/", "CUab/", false, false },
		{ "OUp/CUx/", "OUP/", false, true }, { "OUp/CUx/", "CUx/", false, false }, { "OUp/", "OUp/CUx/", false, false },
		{ "OUp/CUx/", "CUx/OUp/", false, false }, { "OUp/OUp/", "OUp/", false, true },
		{ "OUp+CUx/", "CUX+OUP/", true, true }, { "OUp+CUx/", "OUp/CUx/", false, false }, { "OUp+CUx/", "OUp/", false, false },
		{ "CUa+CUa+CUb/", "CUa+CUb+CUb/", false, false }, { "CUa+CUa+CUb/", "CUb+CUA+CUa/", true, true },
		{ "CUx\x01y/", "CUx y/", false, false }
	};
	struct buffer a, b;

	(void)state;
	buffer_init(&a, 4096);
	buffer_init(&b, 4096);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct span left = name_of(rows[i].a, &a), right = name_of(rows[i].b, &b);
		if (name_equal_canonical(left, right) != rows[i].equal || name_equal_canonical(right, left) != rows[i].equal)
			fail_msg("'%s' and '%s' should be %s", rows[i].a, rows[i].b, rows[i].equal ? "equal" : "different");
		if (name_within(left, right) != rows[i].within)
			fail_msg("'%s' is%s within '%s'", rows[i].a, rows[i].within ? " not" : "", rows[i].b);
	}
	// an embedded NUL ends nothing
	struct span with_nul = name_of("CUa#b/", &a), other = name_of("CUa#c/", &b);
	a.data[with_nul.len - 2] = '\0';
	b.data[other.len - 2] = '\0';
	assert_false(name_equal_canonical(with_nul, other));
	buffer_clear(&a);
	buffer_clear(&b);
}

// The most attributes that an RDN may have are compared; what cannot be read equals nothing else.
static void
compared_at_the_cap(void **state)
{
	static const uint8_t no_set[] = { 0x30, 0x02, 0x30, 0x00 }, empty_rdn[] = { 0x30, 0x02, 0x31, 0x00 };
	char notation[CAP_RDN_ATTRIBUTES * 4 + 8];
	struct buffer a, b;

	(void)state;
	buffer_init(&a, 4096);
	buffer_init(&b, 4096);
	for (unsigned count = CAP_RDN_ATTRIBUTES - 1; count <= CAP_RDN_ATTRIBUTES + 1; count++) {
		for (unsigned i = 0; i < count; i++)
			memcpy(notation + 4 * i, i + 1 < count ? "CUx+" : "CUx/", 5);
		struct span small = name_of(notation, &a);
		notation[2] = 'X';
		assert_int_equal(name_equal_canonical(small, name_of(notation, &b)), count <= CAP_RDN_ATTRIBUTES);
		assert_int_equal(name_check(small, NULL), count <= CAP_RDN_ATTRIBUTES);
	}
	struct span null_dn = name_of("", &a);
	assert_false(name_within(null_dn, span_of(no_set, 4)));
	assert_false(name_within(span_of(empty_rdn, 4), name_of("CUx/", &b)));
	assert_false(name_equal_canonical(span_of(NULL, 0), null_dn));
	buffer_clear(&a);
	buffer_clear(&b);
}

static void
attributes_found(void **state)
{
	struct name_attribute attribute;
	struct buffer room;

	(void)state;
	buffer_init(&room, 4096);
	struct span name = name_of("OUp/CUfirst/CUx+OUq/", &room);
	assert_int_equal(name_attribute_find(name, oid_octets(OID_CN), &attribute), 2);
	assert_true(span_equal(attribute.value, span_text("x")));
	assert_int_equal(name_attribute_find(name, oid_octets(OID_ORGANIZATION), &attribute), 2);
	assert_true(span_equal(attribute.value, span_text("q")) && attribute.joined);
	assert_int_equal(name_attribute_find(name, oid_octets(OID_SERIAL_NUMBER), &attribute), 0);
	assert_int_equal(name_attribute_find(span_of("", 0), oid_octets(OID_CN), &attribute), 0);
	buffer_clear(&room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compared), cmocka_unit_test(compared_at_the_cap), cmocka_unit_test(attributes_found)
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
