// SPDX-License-Identifier: GPL-3.0-or-later
// Files that operators write by hand: tables of secrets and allow-lists.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/allow_list.h"
#include "base/memory.h"
#include "base/secret_table.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define S16 "0123456789abcdef"

// ---- What was told, in one line: "3: text; 5 (weak): text".

static char told[65536];

static void
hear(unsigned line, bool weak, const char *text)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s%u%s: %s", len > 0 ? "; " : "", line, weak ? " (weak)" : "", text);
}

static void
tell_secret(void *context, unsigned line, bool weak, const char *text)
{
	assert_string_equal(context, "here");
	hear(line, weak, text);
}

static void
tell_allow(void *context, unsigned line, const char *text)
{
	assert_string_equal(context, "there");
	hear(line, false, text);
}

// ---- Tables of secrets.

struct table {
	uint8_t octets[4096];
	struct secret_line *lines;
	size_t count;
};

static bool
read_table(struct table *t, const void *text, size_t len)
{
	static char here[] = "here";
	struct fault f = { 0 };
	bool well;

	assert_true(len <= sizeof(t->octets));
	memcpy(t->octets, text, len);
	told[0] = '\0';
	well = secret_table_parse(t->octets, len, &t->lines, &t->count, tell_secret, here, &f);
	assert_int_equal(well, !f.set);
	assert_true(well || (t->lines == NULL && t->count == 0));
	return well;
}

static void
assert_octets(struct span s, const void *wanted, size_t len)
{
	assert_int_equal(s.len, len);
	assert_memory_equal(s.data, wanted, len);
}

static void
reads_secrets(void **state)
{
	static const char text[] = "\xef\xbb\xbf# bench\r\n"
		"plc-7:" S16 "\n\n"
		"  plc-8:S:ecr#t-0123456789\tname=\"CN=plc-8\\,\\\"x\\\",O=Works 7\"   expires=2026-12-31T00:00:00Z uses=many # all of it\r\n"
		"hex:00fF:hex:000102030405060708090a0b0c0d0e0f uses=single\n"
		"\t# nothing\n"
		"last:" S16;
	struct table t;

	(void)state;
	assert_true(read_table(&t, text, sizeof(text) - 1));
	assert_string_equal(told, "");
	assert_int_equal(t.count, 4);
	assert_octets(t.lines[0].reference, "plc-7", 5);
	assert_octets(t.lines[0].secret, S16, 16);
	assert_int_equal(t.lines[0].line, 2);
	assert_int_equal(t.lines[0].name.len, 0);
	assert_int_equal(t.lines[0].expires, 0);
	assert_int_equal(t.lines[0].uses, SECRET_LINE_USES_TABLE);
	assert_octets(t.lines[1].secret, "S:ecr#t-0123456789", 18);
	assert_octets(t.lines[1].name, "CN=plc-8\\,\\\"x\\\",O=Works 7", 25);
	assert_int_equal(t.lines[1].expires, 1798675200);
	assert_int_equal(t.lines[1].uses, SECRET_LINE_USES_MANY);
	assert_int_equal(t.lines[1].line, 4);
	assert_octets(t.lines[2].reference, "\x00\xff", 2);
	assert_octets(t.lines[2].secret, "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17", 16);
	assert_int_equal(t.lines[2].uses, SECRET_LINE_USES_SINGLE);
	assert_int_equal(t.lines[3].line, 7);
	// All of it stands in the caller's octets, to be wiped there.
	for (size_t i = 0; i < t.count; i++)
		assert_true(t.lines[i].secret.data >= t.octets && t.lines[i].secret.data + t.lines[i].secret.len <= t.octets + sizeof(text));
	mem_free(t.lines);
	assert_true(read_table(&t, "", 0));
	assert_true(read_table(&t, "# a\n\n", 5));
	assert_int_equal(t.count, 0);
	assert_null(t.lines);
}

static void
refuses_secrets(void **state)
{
	static const struct { const char *text, *told; } bad[] = {
		{ "GeHeIm-0123456789", "1: no colon ends the reference: a line is REFERENCE:SECRET" },
		{ "ref GeHeIm-0123456789", "1: no colon ends the reference: a line is REFERENCE:SECRET" },
		{ "hex:0a0b", "1: no colon ends the reference: a line is REFERENCE:SECRET" },
		{ ":GeHeIm-0123456789", "1: a reference has from 1 to 64 octets" },
		{ "hex::GeHeIm-0123456789", "1: a reference has from 1 to 64 octets" },
		{ "hex:0a0:GeHeIm-0123456789", "1: the reference is no hex" },
		{ "hex:0g:GeHeIm-0123456789", "1: the reference is no hex" },
		{ "a:", "1: there is no secret behind the reference" },
		{ "a: GeHeIm-0123456789", "1: there is no secret behind the reference" },
		{ "a:hex:", "1: there is no secret behind the reference" },
		{ "a:hex:0", "1: the secret is no hex" },
		{ "a:hex:GeHeIm", "1: the secret is no hex" },
		{ "a:1234567", "1: the secret has fewer than 8 octets" },
		{ "a:" S16 " " S16, "1: only name=, expires= and uses= stand behind a secret, and a secret holds no blank" },
		{ "a:" S16 " name=CN=a", "1: a name stands in quotation marks: name=\"CN=plc-7,O=Works 7\"" },
		{ "a:" S16 " name=", "1: a name stands in quotation marks: name=\"CN=plc-7,O=Works 7\"" },
		{ "a:" S16 " name=\"CN=a", "1: the name has no closing quotation mark" },
		{ "a:" S16 " name=\"CN=a\\\"", "1: the name has no closing quotation mark" },
		{ "a:" S16 " name=\"CN=a\\", "1: the name has no closing quotation mark" },
		{ "a:" S16 " name=\"\"", "1: the name is empty or too long" },
		{ "a:" S16 " name=\"a\"uses=many", "1: a blank is missing behind an attribute" },
		{ "a:" S16 " name=\"a\" name=\"b\"", "1: name stands twice" },
		{ "a:" S16 " uses=twice", "1: uses is single or many" },
		{ "a:" S16 " uses=", "1: uses is single or many" },
		{ "a:" S16 " uses=many uses=many", "1: uses stands twice" },
		{ "a:" S16 " expires=2026-12-31", "1: expires wants a time of UTC, as in expires=2026-12-31T00:00:00Z" },
		{ "a:" S16 " expires=2026-02-30T00:00:00Z", "1: expires wants a time of UTC, as in expires=2026-12-31T00:00:00Z" },
		{ "a:" S16 " expires=2026-12-31T00:00:60Z", "1: expires wants a time of UTC, as in expires=2026-12-31T00:00:00Z" },
		{ "a:" S16 " expires=2026-12-31t00:00:00Z", "1: expires wants a time of UTC, as in expires=2026-12-31T00:00:00Z" },
		{ "a:" S16 " expires=1969-12-31T23:59:59Z", "1: expires wants a time of UTC, as in expires=2026-12-31T00:00:00Z" },
		{ "a:" S16 " expires=+026-12-31T00:00:00Z", "1: expires wants a time of UTC, as in expires=2026-12-31T00:00:00Z" },
		{ "a:" S16 " expires=2026-12-31T00:00:00Z expires=2026-12-31T00:00:00Z", "1: expires stands twice" },
		{ "a:" S16 " Uses=many", "1: only name=, expires= and uses= stand behind a secret, and a secret holds no blank" },
		{ "a:0123456789\x01" "cdef", "1: the line holds a control character" },
		{ "a:0123456789\rcdef", "1: the line holds a control character" },
		{ "a:" S16 "\nb:short\n\na\n", "2: the secret has fewer than 8 octets; 4: no colon ends the reference: a line is REFERENCE:SECRET" },
		{ "a:" S16 "\nb:" S16 "\n#\na:" S16 "x\nhex:62:" S16 "\n", "4: the reference stands in line 1 as well; 5: the reference stands in line 2 as well" },
		{ "a:" S16 "\naa:" S16 "\nb:" S16 "\na:" S16 "\na:" S16, "4: the reference stands in line 1 as well; 5: the reference stands in line 4 as well" },
	};
	struct table t;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (read_table(&t, bad[i].text, strlen(bad[i].text)))
			fail_msg("%s", bad[i].text);
		assert_string_equal(told, bad[i].told);
	}
	assert_false(read_table(&t, "a:0123456789\0abcdef", 19));
	assert_string_equal(told, "1: the line holds a control character");
}

static void
tells_weak_secrets(void **state)
{
	struct table t;

	(void)state;
	assert_true(read_table(&t, "a:12345678\nb:123456789abcdef\nc:" S16 "\n", 11 + 18 + 19));
	assert_string_equal(told, "1 (weak): the secret has fewer than 16 octets; a random one of 16 cannot be guessed; "
		"2 (weak): the secret has fewer than 16 octets; a random one of 16 cannot be guessed");
	assert_int_equal(t.count, 3);
	mem_free(t.lines);
}

// A line with a reference, secret and name of these lengths.
static bool
reads_lengths(size_t reference, size_t secret, size_t name)
{
	static char text[4096];
	struct table t;
	size_t n = 0;
	bool well;

	memset(text, 'r', reference);
	n += reference;
	text[n++] = ':';
	memset(text + n, 's', secret);
	n += secret;
	if (name > 0) {
		memcpy(text + n, " name=\"", 7);
		memset(text + n + 7, 'n', name);
		n += 7 + name;
		text[n++] = '"';
	}
	well = read_table(&t, text, n);
	mem_free(t.lines);
	return well;
}

static void
caps_lengths(void **state)
{
	(void)state;
	assert_true(reads_lengths(64, 16, 0));
	assert_false(reads_lengths(65, 16, 0));
	assert_true(reads_lengths(1, 8, 0));
	assert_false(reads_lengths(1, 7, 0));
	assert_true(reads_lengths(1, 512, 0));
	assert_false(reads_lengths(1, 513, 0));
	assert_true(reads_lengths(1, 16, 1024));
	assert_false(reads_lengths(1, 16, 1025));
}

static bool
reads_count(size_t count, size_t same)
{
	size_t room = count * 32 + 32, len = 0;
	uint8_t *octets = mem_alloc(room);
	struct secret_line *lines;
	struct fault f = { 0 };
	size_t found;
	bool well;

	assert_non_null(octets);
	len += (size_t)sprintf((char *)octets, "# head\n\n");
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf((char *)octets + len, room - len, "r%zu:" S16 "\n", i == same ? 0 : i);
	well = secret_table_parse(octets, len, &lines, &found, NULL, NULL, &f);
	assert_int_equal(found, well ? count : 0);
	assert_int_equal(f.set, !well);
	if (!well && count <= SECRET_LINES_MAX)
		assert_string_equal(f.text, "line 10002: the reference stands in line 3 as well");
	mem_free(lines);
	mem_free(octets);
	return well;
}

static void
caps_secrets(void **state)
{
	(void)state;
	assert_true(reads_count(SECRET_LINES_MAX, SIZE_MAX));
	assert_false(reads_count(SECRET_LINES_MAX, SECRET_LINES_MAX - 1));
	assert_false(reads_count(SECRET_LINES_MAX + 1, SIZE_MAX));
}

static void
reads_no_secrets_without_memory(void **state)
{
	struct table t;

	(void)state;
	for (uint64_t n = 1; n <= 2; n++) {
		mem_fail(n, 0);
		assert_false(read_table(&t, "a:" S16 "\nb:" S16 "\n", 38));
		mem_fail(0, 0);
		assert_string_equal(told, "0: memory ran out");
	}
}

// ---- Allow-lists.

static struct allow_list *
read_list(const char *text, size_t len)
{
	static char there[] = "there";
	struct fault f = { 0 };
	struct allow_list *l;

	told[0] = '\0';
	l = allow_list_parse(span_of(text, len), tell_allow, there, &f);
	assert_int_equal(l == NULL, f.set);
	return l;
}

static struct allow_list *
good_list(const char *text)
{
	struct allow_list *l = read_list(text, strlen(text));

	if (l == NULL)
		fail_msg("%s: %s", text, told);
	return l;
}

static unsigned
match(const char *text, const struct allow_request *r)
{
	struct allow_list *l = good_list(text);
	unsigned line = allow_list_match(l, r);

	allow_list_free(l);
	return line;
}

static void
matches_columns(void **state)
{
	static const uint8_t serial[] = { 0x00, 0x0a, 0xff }, key[32] = { 0xab, 0xcd, 0x01 };
	const struct allow_request r = {
		span_text("CN=plc-7,O=Works 7"), span_of(serial, sizeof(serial)), span_text("plc-7"), span_of(key, sizeof(key)), span_text("plc"),
	};
	const struct allow_request nothing = { .kid = span_text("") };

	(void)state;
	assert_int_equal(match("subject\nCN=plc-8\n\"CN=plc-7,O=Works 7\"\n", &r), 3);
	assert_int_equal(match("subject\r\n\"CN=plc-*,O=Works 7\"\r\n", &r), 2);
	assert_int_equal(match("subject\n*\n", &r), 2);
	assert_int_equal(match("subject\n*\n", &nothing), 0);
	assert_int_equal(match("serial\n0AFF\n", &r), 2);
	assert_int_equal(match("serial\n0a:ff\n", &r), 2);
	assert_int_equal(match("serial\n00000aff", &r), 2);
	assert_int_equal(match("serial\n0aff00", &r), 0);
	assert_int_equal(match("serial\n0aff", &nothing), 0);
	assert_int_equal(match("kid\nplc-7\n", &r), 2);
	assert_int_equal(match("kid\nPLC-7\nplc-*\n", &r), 0);
	assert_int_equal(match("key_sha256\nabcd010000000000000000000000000000000000000000000000000000000000\n", &r), 2);
	assert_int_equal(match("key_sha256\nabcd010000000000000000000000000000000000000000000000000000000001\n", &r), 0);
	assert_int_equal(match("profile\nplc\n", &r), 2);
	assert_int_equal(match("profile\nplc\n", &nothing), 0);
	// All that a line says must fit.
	assert_int_equal(match("profile,kid\nplc,plc-8\nplc2,plc-7\nplc,plc-7\n", &r), 4);
	assert_int_equal(match("profile,kid\n,plc-8\nplc,\n", &r), 3);
	assert_int_equal(match("kid,serial,subject\nplc-7,0aff,\"CN=plc-7,O=*\"\n", &r), 2);
	assert_int_equal(match("kid\n", &r), 0);
	assert_int_equal(match("kid\n\n\nplc-7\n", &r), 4);
	assert_int_equal(match("\xef\xbb\xbfkid\nplc-7\n", &r), 2);
}

static void
matches_globs(void **state)
{
	static const struct { const char *glob, *text; bool fits; } rows[] = {
		{ "a*", "a", true }, { "a*", "abc", true }, { "*c", "abc", true }, { "a*c", "abbc", true }, { "a*c", "abcd", false },
		{ "a*b*c", "axbxbxc", true }, { "a**c", "ac", true }, { "**", "x", true }, { "a", "b", false }, { "a", "ab", false }, { "ab", "a", false },
		{ "CN=[a]?\\,*", "CN=[a]?\\,x", true }, { "CN=[a]", "CN=a", false }, { "?", "x", false }, { "*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct allow_request r = { .subject = span_text(rows[i].text) };
		char text[128];

		snprintf(text, sizeof(text), "subject\n\"%s\"\n", rows[i].glob);
		if ((match(text, &r) == 2) != rows[i].fits)
			fail_msg("%s %s", rows[i].glob, rows[i].text);
	}
	// Two quotation marks stand for one.
	assert_int_equal(match("subject\n\"CN=\"\"a\"\"\"\n", &(struct allow_request){ .subject = span_text("CN=\"a\"") }), 2);
	assert_int_equal(match("subject\n\" a \"\n", &(struct allow_request){ .subject = span_text(" a ") }), 2);
}

#define HEX "serial and key_sha256 are hex: two digits for each octet; a subject with commas stands in quotation marks"

static void
refuses_lists(void **state)
{
	static const char header[] = "1: the first line names the columns, with commas between them, any of: subject,serial,kid,key_sha256,profile";
	static const struct { const char *text, *told; } bad[] = {
		{ "", "0: the file is empty: its first line names the columns" },
		{ "\nkid\n", header }, { "Kid\n", header }, { "kid;serial\n", header }, { "kid,\n", header }, { "name\n", header },
		{ "kid,kid\n", "1: a column is named twice" },
		{ "kid, serial\n", "1: a value begins or ends with a blank: take it out, or put the value in quotation marks" },
		{ "kid,serial\na\n", "2: the line has fewer values than columns are named" },
		{ "kid\na,b\n", "2: the line has more values than columns are named" },
		{ "kid,serial\n,\n", "2: a line without any value would allow everybody" },
		{ "kid\n\"\"\n", "2: a line without any value would allow everybody" },
		{ "kid\n \n", "2: a value begins or ends with a blank: take it out, or put the value in quotation marks" },
		{ "kid\na \nb\"c\n\"d\"e\n\"f", "2: a value begins or ends with a blank: take it out, or put the value in quotation marks; "
		  "3: a quotation mark stands inside a value: put the value in quotation marks, and two for one; "
		  "4: something stands behind a closing quotation mark; 5: a value has no closing quotation mark" },
		{ "serial\nxy\n0\n:\n0:a\n", "2: " HEX "; 3: " HEX "; 4: " HEX "; 5: " HEX },
		{ "key_sha256\n00\n", "2: key_sha256 has 64 hex digits" },
		{ "kid\na\tb\n", "2: a value holds a control character" },
		{ "kid\n\"a\nb\"\n", "2: a value holds a control character" },
		{ "kid\na\rb\n", "2: a value holds a control character" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (read_list(bad[i].text, strlen(bad[i].text)) != NULL)
			fail_msg("%s", bad[i].text);
		assert_string_equal(told, bad[i].told);
	}
	assert_null(read_list("kid\na\0b\n", 8));
	allow_list_free(NULL);
}

static bool
reads_value(size_t len)
{
	static char text[4096] = "kid\n";
	struct allow_list *l;

	memset(text + 4, 'k', len);
	l = read_list(text, 4 + len);
	allow_list_free(l);
	return l != NULL;
}

static bool
reads_lines(size_t lines)
{
	size_t len = 4 + 2 * (lines - 1);
	char *text = mem_alloc(len + 1);
	struct allow_list *l;

	assert_non_null(text);
	memcpy(text, "kid\n", 4);
	for (size_t i = 1; i < lines; i++)
		memcpy(text + 2 + 2 * i, "a\n", 2);
	l = read_list(text, len - 1);	// without the last line's end
	if (l != NULL)
		assert_int_equal(allow_list_count(l), lines - 1);
	allow_list_free(l);
	mem_free(text);
	return l != NULL;
}

static void
caps_lists(void **state)
{
	(void)state;
	assert_true(reads_value(ALLOW_VALUE_MAX));
	assert_false(reads_value(ALLOW_VALUE_MAX + 1));
	assert_true(reads_lines(ALLOW_LINES_MAX));
	assert_false(reads_lines(ALLOW_LINES_MAX + 1));
}

static void
reads_no_list_without_memory(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= 2; n++) {
		mem_fail(n, 1);
		assert_null(read_list("kid\na\n", 6));
		mem_fail(0, 0);
		assert_string_equal(told, "0: memory ran out");
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_secrets),
		cmocka_unit_test(refuses_secrets),
		cmocka_unit_test(tells_weak_secrets),
		cmocka_unit_test(caps_lengths),
		cmocka_unit_test(caps_secrets),
		cmocka_unit_test(reads_no_secrets_without_memory),
		cmocka_unit_test(matches_columns),
		cmocka_unit_test(matches_globs),
		cmocka_unit_test(refuses_lists),
		cmocka_unit_test(caps_lists),
		cmocka_unit_test(reads_no_list_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
