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
#include "codec/pkimessage.h"

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

// ---- names made from text

static bool
make(bool (*from_text)(struct der_writer *, struct span, struct fault *), struct span text, struct buffer *out, struct fault *f)
{
	struct der_writer w;
	struct span whole;

	memset(f, 0, sizeof(*f));
	der_writer_init(&w, 1 << 20);
	bool well = from_text(&w, text, f);
	if (well == f->set)
		fail_msg("'%.*s': the fault does not fit the answer", (int)text.len, (const char *)text.data);
	out->len = 0;
	if (well)
		assert_true(der_finish(&w, &whole) && der_check(whole) && buffer_append(out, whole));
	der_writer_clear(&w);
	return well;
}

// What name_text() writes of the name that was made: the same text where `again` is NULL.
static void
from_text(void **state)
{
	static const struct { const char *text, *again; } rows[] = {
		{ "CN=x", NULL }, { "", NULL }, { "   ", "" }, { "CN=device 7,OU=Line 3,O=Works", NULL },
		{ " cn = x , O=y ", "CN=x,O=y" }, { "commonname=x,e=a@b.c", "CN=x,emailAddress=a@b.c" },
		{ "CN=a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h", NULL }, { "CN=\\ x\\ ", NULL }, { "CN=\\#x", NULL }, { "CN=a=b", NULL },
		{ "CN=a\\=b\\#c", "CN=a=b#c" }, { "CN=\\C3\\A4\\c3\\a4", "CN=\xC3\xA4\xC3\xA4" }, { "CN=\xE2\x82\xAC", NULL },
		{ "CN=x\\\\ ", "CN=x\\\\" }, { "CN=x\\20", "CN=x\\ " }, { "CN=a\\0ab", "CN=a\\0ab" },
		{ "C=DE,serialNumber=A-1,dnQualifier=q", NULL }, { "DC=example,DC=com", NULL },
		{ "1.2.3.4=#0c0161", NULL }, { "2.5.4.3=x", "CN=x" }, { "1.2.3.4=x", "1.2.3.4=#0c0178" },
		{ "1.3.6.1.5.5.7.5.1.12=0", "1.3.6.1.5.5.7.5.1.12=#0c0130" },
		{ "CN=#130161", "CN=a" }, { "CN=#3003020100", NULL }, { "UID=u+CN=x,O=y", "CN=x+UID=u,O=y" }, { "CN=b+CN=a", "CN=a+CN=b" }, { "O=aa+CN=a", "CN=a+O=aa" }
	};
	char text[NAME_TEXT_MAX];
	struct buffer made;
	struct fault f;

	(void)state;
	buffer_init(&made, 1 << 20);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const char *again = rows[i].again != NULL ? rows[i].again : rows[i].text;
		if (!make(name_from_text, span_text(rows[i].text), &made, &f) || !name_check(buffer_span(&made), NULL))
			fail_msg("'%s': %s", rows[i].text, f.text);
		if (strcmp(name_text(buffer_span(&made), text, sizeof(text)), again) != 0)
			fail_msg("'%s' came back as '%s'", rows[i].text, text);
	}
	buffer_clear(&made);
}

static void
string_types(void **state)
{
	static const struct { const char *text; uint8_t tag; } rows[] = {
		{ "CN=x", DER_UTF8 }, { "O=x", DER_UTF8 }, { "C=DE", DER_PRINTABLE }, { "serialNumber=1", DER_PRINTABLE },
		{ "dnQualifier=1", DER_PRINTABLE }, { "DC=x", DER_IA5 }, { "emailAddress=x", DER_IA5 }, { "CN=#1E020041", DER_BMP }
	};
	struct name_attribute attribute;
	struct name_walk walk;
	struct buffer made;
	struct fault f;

	(void)state;
	buffer_init(&made, 4096);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		assert_true(make(name_from_text, span_text(rows[i].text), &made, &f));
		assert_true(name_first(&walk, buffer_span(&made)) && name_next(&walk, &attribute));
		assert_int_equal(attribute.tag, rows[i].tag);
	}
	buffer_clear(&made);
}

static void
bad_texts(void **state)
{
	static const char *const rows[] = {
		"x", "=x", "CN", "CN=", "CN= ", ",", "CN=x,", ",CN=x", "CN=x,,O=y", "CN=x+", "+CN=x", "XX=x", "1=x", "1.2.=x", "3.1=x",
		"1.40=x", "1.02=x", "CN=a\"b", "CN=a;b", "CN=a<b", "CN=\\", "CN=a\\", "CN=\\x", "CN=\\4", "CN=\\00", "CN=a\\00b", "CN=\\C3",
		"CN=\xFF", "CN=\xC0\x80", "C=D", "C=DEU", "C=D1", "serialNumber=a_b", "serialNumber=\xC3\xA4", "DC=\xC3\xA4",
		"CN=#", "CN=#0", "CN=#0c01", "CN=#0c0161ff", "CN=#0g0161"
	};
	struct buffer made;
	struct fault f;

	(void)state;
	buffer_init(&made, 4096);
	for (size_t i = 0; i < LENGTH(rows); i++)
		if (make(name_from_text, span_text(rows[i]), &made, &f))
			fail_msg("'%s' was accepted", rows[i]);
	assert_false(make(name_from_text, span_of("CN=a\0b", 6), &made, &f));
	buffer_clear(&made);
}

// CAP_RDNS and CAP_RDN_ATTRIBUTES: as many pass, one more does not.
static void
texts_at_the_cap(void **state)
{
	static const struct { char separator; unsigned most; } rows[] = { { ',', CAP_RDNS }, { '+', CAP_RDN_ATTRIBUTES } };
	struct buffer text, made;
	struct fault f;

	(void)state;
	buffer_init(&text, 4096);
	buffer_init(&made, 4096);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		text.len = 0;
		buffer_append_text(&text, "CN=x");
		for (unsigned count = 1; count <= rows[i].most + 1; count++) {
			assert_int_equal(make(name_from_text, buffer_span(&text), &made, &f), count <= rows[i].most);
			buffer_append_octet(&text, (uint8_t)rows[i].separator);
			buffer_append_text(&text, "CN=x");
		}
	}
	buffer_clear(&text);
	buffer_clear(&made);
}

static void
general_names(void **state)
{
	static const struct { const char *text, *again; } rows[] = {
		{ "DNS:host", NULL }, { "dns:Host-1.example.com", "DNS:Host-1.example.com" }, { "DNS:*.example.com", NULL },
		{ "IP:10.0.0.1", NULL }, { "IP:fd00::1", "IP:fd00:0:0:0:0:0:0:1" }, { "IP:::1", "IP:0:0:0:0:0:0:0:1" },
		{ "URI:https://x.org/a?b=c#d", NULL }, { "URI:urn:uuid:1", NULL }, { "email:a.b+c@x.org", NULL },
		{ "RID:1.2.3", NULL }, { "dirName:CN=x,O=y", NULL }, { "dirName:", NULL }
	};
	static const char *const bad[] = {
		"", "host", "DNS", "DNS:", "DNS:a..b", "DNS:.a", "DNS:a.", "DNS:-a", "DNS:a-", "DNS:a b", "DNS:a_b", "DNS:*", "DNS:a.*.b", "DNS:\xC3\xA4",
		"IP:", "IP:10.0.0", "IP:10.0.0.256", "IP:10.0.0.1/8", "IP:fd00::1%eth0", "IP:host",
		"IP:1111111111111111111111111111111111111111111111111111111111111111111111", "URI:", "URI:x", "URI:/x", "URI:1a:b", "URI:a:",
		"URI:a:b c", "email:", "email:a", "email:@b", "email:a@", "email:a b@c", "email:a@b@c", "RID:", "RID:x", "RID:1", "dirName:x", "XX:y"
	};
	char text[NAME_TEXT_MAX];
	struct buffer made;
	struct fault f;

	(void)state;
	buffer_init(&made, 4096);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		if (!make(general_name_from_text, span_text(rows[i].text), &made, &f))
			fail_msg("'%s': %s", rows[i].text, f.text);
		assert_string_equal(general_name_text(buffer_span(&made), text, sizeof(text)), rows[i].again != NULL ? rows[i].again : rows[i].text);
	}
	for (size_t i = 0; i < LENGTH(bad); i++)
		if (make(general_name_from_text, span_text(bad[i]), &made, &f))
			fail_msg("'%s' was accepted", bad[i]);
	buffer_clear(&made);
}

static void
dotted(void **state)
{
	static const char *const good[] = {
		"0.0", "0.39", "1.0", "1.39", "2.0", "2.47", "2.48", "2.999.3", "1.2.3", "1.2.840.113549.1.1.11",
		"2.25.340282366920938463463374607431768211455", "2.340282366920938463463374607431768211455.0.1"
	};
	static const char *const bad[] = { "", "1", "1.", ".1", "1..2", "3.0", "0.40", "1.40", "1.2.", "1.2.x", "1.2 ", " 1.2", "01.2", "1.00", "1.2.-3" };
	char text[OID_TEXT_MAX];
	uint8_t out[OID_OCTETS_MAX];

	(void)state;
	for (size_t i = 0; i < LENGTH(good); i++)
		assert_string_equal(oid_dotted(span_of(out, oid_from_dotted(span_text(good[i]), out)), text, sizeof(text)), good[i]);
	for (size_t i = 0; i < LENGTH(bad); i++)
		assert_int_equal(oid_from_dotted(span_text(bad[i]), out), 0);
	// a subidentifier of more digits than are printed: what came before it stays, and nothing else
	uint8_t large[OID_OCTETS_MAX];
	memset(large, 0xFF, sizeof(large));
	large[0] = 0x2A;
	large[1] = 0x03;
	large[sizeof(large) - 1] = 0x7F;
	memset(text, 'x', sizeof(text));
	assert_string_equal(oid_dotted(span_of(large, sizeof(large)), text, sizeof(text)), "1.2.3...");
	assert_string_equal(oid_dotted(span_of(large + 2, sizeof(large) - 2), text, sizeof(text)), "...");
	// as many subidentifiers as fit, and one more
	char many[2 * OID_OCTETS_MAX + 8] = "1.2";
	for (int i = 1; i < OID_OCTETS_MAX; i++)
		strcat(many, ".1");
	assert_int_equal(oid_from_dotted(span_text(many), out), OID_OCTETS_MAX);
	strcat(many, ".1");
	assert_int_equal(oid_from_dotted(span_text(many), out), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compared), cmocka_unit_test(compared_at_the_cap), cmocka_unit_test(attributes_found),
		cmocka_unit_test(from_text), cmocka_unit_test(string_types), cmocka_unit_test(bad_texts), cmocka_unit_test(texts_at_the_cap),
		cmocka_unit_test(general_names), cmocka_unit_test(dotted)
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
