// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "config/url.h"

struct good { const char *text, *scheme, *host; unsigned port; bool port_given, literal; const char *path, *authority; };

static const struct good goods[] = {
	{ "coap://[::]:5683", "coap", "::", 5683, true, true, "", "[::]:5683" },
	{ "coap://:5683", "coap", "", 5683, true, false, "", ":5683" },
	{ "HTTP://pki.plant.example/ejbca/publicweb/cmp/p1?x=1", "http", "pki.plant.example", 0, false, false,
	  "/ejbca/publicweb/cmp/p1?x=1", "pki.plant.example:7" },
	{ "tcp://10.7.3.1:0", "tcp", "10.7.3.1", 0, true, true, "", "10.7.3.1:0" },
	{ "tcp://10.7.3.1:65535", "tcp", "10.7.3.1", 65535, true, true, "", "10.7.3.1:65535" },
	{ "coap+tcp://[fe80::1%25eth0]:1/", "coap+tcp", "fe80::1%eth0", 1, true, true, "/", "[fe80::1%eth0]:1" },
	{ "coap://[fe80::1%eth0]", "coap", "fe80::1%eth0", 0, false, true, "", "[fe80::1%eth0]:7" },
	{ "coap://[::ffff:10.1.2.3]", "coap", "::ffff:10.1.2.3", 0, false, true, "", "[::ffff:10.1.2.3]:7" },
	{ "http://under_score-host.:80/%41", "http", "under_score-host.", 80, true, false, "/%41", "under_score-host.:80" },
	{ "http://h", "http", "h", 0, false, false, "", "h:7" },
	{ "file:/var/lib/drop", "file", "", 0, false, false, "/var/lib/drop", ":7" },
	{ "file:///var/lib/drop", "file", "", 0, false, false, "/var/lib/drop", ":7" },
	{ "file:drop", "file", "", 0, false, false, "drop", ":7" },
};

static const char *const bads[] = {
	"", "http", "://x", "1http://x", "http:", "http:/x", "http:x", "http//x",
	"http://user@host/", "http://user:pw@host/", "http://h/#frag", "http://h /", "http://h\t/", "http://h\x7f/", "http://h\xc3\xa4/",
	"http://[::1", "http://[::g]/", "http://[]/", "http://[10.1.1.1]/", "http://[fe80::1%]/", "http://[fe80::1%a/b]/",
	"http://[fe80::1%0123456789abcdef]/", "http://[::1]x/", "http://::1/", "http://2001:db8::1:80/",
	"http://256.1.1.1/", "http://1.2.3/", "http://1.2.3.4.5/", "http://01.2.3.4/", "http://-h/", "http://a..b/", "http://.a/", "http://h!/",
	"http://h:/", "http://h:x/", "http://h:65536/", "http://h:99999999999/", "http://h:080/", "http://h:80x/", "http://h:-1/",
	"http://h?x", "http://h/%4", "http://h/%zz", "http://h/%", "http://h/a{b}", "http://h/\"", "http://h/\\",
	"http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/",
	"averylongscheme1://h/", "file:", "file://", "file://drop", "file:/a%20b", "file:/a?b", "file:/a b",
};

static void
takes_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(goods) / sizeof(*goods); i++) {
		const struct good *g = &goods[i];
		struct fault f = { 0 };
		struct url u;
		char out[300];

		if (!url_parse(&u, g->text, &f))
			fail_msg("%s: %s", g->text, f.text);
		assert_string_equal(u.scheme, g->scheme);
		assert_string_equal(u.host, g->host);
		assert_int_equal(u.port, g->port);
		assert_int_equal(u.port_given, g->port_given);
		assert_int_equal(u.literal, g->literal);
		assert_string_equal(u.path, g->path);
		assert_string_equal(u.text, g->text);
		assert_string_equal(url_authority(&u, 7, out, sizeof(out)), g->authority);
	}
}

static void
refuses_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bads) / sizeof(*bads); i++) {
		struct fault f = { 0 };
		struct url u;

		if (url_parse(&u, bads[i], &f))
			fail_msg("taken: %s", bads[i]);
		assert_true(f.set);
		assert_true(strlen(f.text) > 10);
	}
}

// A port that is none is shown, with what one is.
static void
shows_bad_ports(void **state)
{
	static const struct { const char *url, *says; } rows[] = {
		{ "http://h:99999", "'99999' is not a port; write a number from 1 to 65535" },
		{ "http://h:80a/x", "'80a' is not a port" },
		{ "coap://[::]:port", "'port' is not a port" },
		{ "http://h:-1", "'-1' is not a port" },
		{ "http://h:00000000000000000000000000000000000000000000000080", "is not a port" },
		{ "http://h:/x", "after the colon a port number is missing" },
		{ "http://h:080", "without leading zeros" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fault f = { 0 };
		struct url u;

		if (url_parse(&u, rows[i].url, &f) || strstr(f.text, rows[i].says) == NULL)
			fail_msg("%s: %s", rows[i].url, f.text);
	}
}

// Each part at its longest, and one character more.
static void
holds_lengths(void **state)
{
	char text[2000];
	struct url u;

	(void)state;
	for (int more = 0; more <= 1; more++) {
		int n = snprintf(text, sizeof(text), "http://h/");

		memset(text + n, 'a', 510);
		text[n + 510 + more] = '\0';
		if (more)
			text[n + 510] = 'a';
		assert_int_equal(url_parse(&u, text, NULL), !more);

		// Four labels of 63 would be 255 characters: 253 fit, 254 do not.
		strcpy(text, "http://");
		for (int i = 0; i < 253 + more; i++)
			text[7 + i] = i % 50 == 49 ? '.' : 'a';
		text[7 + 253 + more] = '\0';
		assert_int_equal(url_parse(&u, text, NULL), !more);

		strcpy(text, "http://");
		memset(text + 7, 'a', 64);
		text[7 + 63 + more] = '\0';
		assert_int_equal(url_parse(&u, text, NULL), !more);
	}
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_false(url_parse(&u, text, NULL));
	memcpy(text, "http://h/", 9);
	assert_false(url_parse(&u, text, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_good),
		cmocka_unit_test(refuses_bad),
		cmocka_unit_test(shows_bad_ports),
		cmocka_unit_test(holds_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
