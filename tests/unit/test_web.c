// SPDX-License-Identifier: GPL-3.0-or-later
// URLs that certificates name, and the beginnings that may be fetched: what is
// read, what is refused, and both sides of the fence.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/web.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct { const char *text, *host; unsigned port; const char *target, *authority; } goods[] = {
	{ "http://ocsp.example", "ocsp.example", 80, "/", "ocsp.example:80" },
	{ "HTTP://OCSP.Example/", "ocsp.example", 80, "/", "ocsp.example:80" },
	{ "http://a/b/c.crl?d=e&f=../g", "a", 80, "/b/c.crl?d=e&f=../g", "a:80" },
	{ "http://a?x", "a", 80, "/?x", "a:80" },
	{ "http://a_b-c.d:65535/%20(1)+$delta.crl", "a_b-c.d", 65535, "/%20(1)+$delta.crl", "a_b-c.d:65535" },
	{ "http://127.0.0.1:1/x", "127.0.0.1", 1, "/x", "127.0.0.1:1" },
	{ "http://[2001:DB8:0:0::1]:8080/x", "2001:db8::1", 8080, "/x", "[2001:db8::1]:8080" },
	{ "http://[::1]", "::1", 80, "/", "[::1]:80" },
	{ "http://a/..b/b../...;x/.hidden", "a", 80, "/..b/b../...;x/.hidden", "a:80" },
	{ "http://a//b", "a", 80, "//b", "a:80" },
};

static const struct { const char *text, *why; } bads[] = {
	{ "", "no http: URL" }, { "http:", "no http: URL" }, { "http:/a", "no http: URL" }, { "https://a/", "no http: URL" },
	{ "ldap://a/", "no http: URL" }, { "file:///etc/passwd", "no http: URL" }, { " http://a/", "no http: URL" }, { "//a/", "no http: URL" },
	{ "http://", "names no host" }, { "http:///x", "names no host" }, { "http://:80/x", "names no host" },
	{ "http://user@a/", "user name" }, { "http://a@b:80/", "user name" }, { "http://a:b@c/", "user name" },
	{ "http://a..b/", "neither a name" }, { "http://.a/", "neither a name" }, { "http://a./", "neither a name" }, { "http://a b/", "neither a name" },
	{ "http://a%62/", "neither a name" }, { "http://a\\b/", "neither a name" }, { "http://[::1]x/", "neither a name" },
	{ "http://[::1/", "neither a name" }, { "http://[::1%25eth0]/", "no IPv6 address" }, { "http://[]/", "no IPv6 address" },
	{ "http://127.1/", "not an IPv4 address" }, { "http://2130706433/", "not an IPv4 address" }, { "http://127.0.0.01/", "not an IPv4 address" },
	{ "http://a:/", "its port" }, { "http://a:0/", "its port" }, { "http://a:080/", "its port" }, { "http://a:65536/", "its port" },
	{ "http://a:99999/", "its port" }, { "http://a:100000/", "its port" }, { "http://a:8x/", "its port" }, { "http://a:-1/", "its port" }, { "http://[::1]:/", "its port" },
	{ "http://a/#b", "fragment" }, { "http://a#b", "fragment" },
	{ "http://a/b c", "must encode" }, { "http://a/\x7F", "must encode" }, { "http://a/\xC3\xA4", "must encode" }, { "http://a/b\r\nHost: c", "must encode" },
	{ "http://a/\\", "must encode" }, { "http://a/\"", "must encode" }, { "http://a/{x}", "must encode" },
	{ "http://a/%", "two hexadecimal" }, { "http://a/%2", "two hexadecimal" }, { "http://a/%2g", "two hexadecimal" },
	{ "http://a/%2e", "encoded dot" }, { "http://a/%2E%2e/b", "encoded dot" }, { "http://a/b%2fc", "encoded dot" }, { "http://a/b%5Cc", "encoded dot" },
	{ "http://a/b%00", "encoded dot" },
	{ "http://a/..", "goes up" }, { "http://a/../b", "goes up" }, { "http://a/b/../c", "goes up" }, { "http://a/./b", "goes up" }, { "http://a/b/.", "goes up" },
	{ "http://a/b/..;x/c", "goes up" }, { "http://a/.;/c", "goes up" }, { "http://a/..?x", "goes up" },
};

static void
urls(void **state)
{
	char authority[WEB_AUTHORITY_MAX];
	struct web_url u;

	(void)state;
	for (size_t i = 0; i < LENGTH(goods); i++) {
		struct fault f = { .set = false };
		if (!web_url_read(&u, span_text(goods[i].text), &f))
			fail_msg("%s: %s", goods[i].text, f.text);
		assert_string_equal(u.host, goods[i].host);
		assert_int_equal(u.port, goods[i].port);
		assert_string_equal(u.target, goods[i].target);
		assert_string_equal(web_authority(&u, authority), goods[i].authority);
	}
	for (size_t i = 0; i < LENGTH(bads); i++) {
		struct fault f = { .set = false };
		if (web_url_read(&u, span_text(bads[i].text), &f) || strstr(f.text, bads[i].why) == NULL)
			fail_msg("'%s': '%s', not '%s'", bads[i].text, f.text, bads[i].why);
	}
	assert_false(web_url_read(&u, span_of("http://a\0b/", 11), NULL));
	assert_false(web_url_read(&u, span_of("http://a/\0b", 11), NULL));
	assert_false(web_url_read(&u, span_of("http://[::1\0]/", 14), NULL));
}

// A URL of WEB_URL_MAX octets and a host of WEB_HOST_MAX go; one more does not.
static void
caps(void **state)
{
	char text[WEB_URL_MAX + 64];
	struct web_url u;

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		struct fault f = { .set = false };
		size_t len = (size_t)snprintf(text, sizeof(text), "http://a?%0*d", (int)(WEB_URL_MAX - 9 + more), 1);
		assert_int_equal(len, WEB_URL_MAX + more);
		assert_int_equal(web_url_read(&u, span_text(text), &f), more == 0);
		assert_true(more == 0 ? strlen(u.target) == WEB_URL_MAX - 7 : strstr(f.text, "longer than 1024") != NULL);
		f.set = false;
		snprintf(text, sizeof(text), "http://x%0*d/", (int)(WEB_HOST_MAX - 1 + more), 1);
		assert_int_equal(web_url_read(&u, span_text(text), &f), more == 0);
		assert_true(more == 0 ? strlen(u.host) == WEB_HOST_MAX : strstr(f.text, "too long") != NULL);
	}
}

static const struct { const char *prefix, *url; bool begins; } fences[] = {
	{ "http://a", "http://a", true },
	{ "http://a", "http://a/x/y?z", true },
	{ "http://A", "HTTP://a:80/", true },
	{ "http://a:80/", "http://a/x", true },
	{ "http://a/", "http://a?x", true },
	{ "http://a/crl", "http://a/crl", true },
	{ "http://a/crl", "http://a/crl/x", true },
	{ "http://a/crl", "http://a/crl?x", true },
	{ "http://a/crl", "http://a/crls", false },
	{ "http://a/crl", "http://a/crl.example", false },
	{ "http://a/crl", "http://a/crl;x", false },
	{ "http://a/crl", "http://a/cr", false },
	{ "http://a/crl", "http://a/CRL", false },
	{ "http://a/crl", "http://a/x/crl", false },
	{ "http://a/crl/", "http://a/crl/", true },
	{ "http://a/crl/", "http://a/crl/x", true },
	{ "http://a/crl/", "http://a/crl", false },
	{ "http://a/crl/", "http://a/crl?x", false },
	{ "http://a/b.crl", "http://a/b.crl", true },
	{ "http://a/b.crl", "http://a/b%63rl", false },
	{ "http://a", "http://a:8080/", false },
	{ "http://a:8080", "http://a/", false },
	{ "http://a:8080", "http://a:8080/", true },
	{ "http://a", "http://a.evil.example/", false },
	{ "http://a", "http://ab/", false },
	{ "http://a", "http://b.a/", false },
	{ "http://127.0.0.1", "http://localhost/", false },
	{ "http://localhost", "http://127.0.0.1/", false },
	{ "http://127.0.0.1", "http://[::ffff:127.0.0.1]/", false },
	{ "http://[::1]", "http://[0:0:0:0:0:0:0:1]/x", true },
	{ "http://[::1]", "http://[::2]/x", false },
};

static void
beginnings(void **state)
{
	struct web_url prefix, url;
	struct fault f = { .set = false };

	(void)state;
	for (size_t i = 0; i < LENGTH(fences); i++) {
		assert_true(web_prefix_read(&prefix, span_text(fences[i].prefix), NULL) && web_url_read(&url, span_text(fences[i].url), NULL));
		if (web_url_begins(&url, &prefix) != fences[i].begins)
			fail_msg("'%s' and '%s'", fences[i].prefix, fences[i].url);
	}
	assert_false(web_prefix_read(&prefix, span_text("http://a/b?c"), &f));
	assert_non_null(strstr(f.text, "no query"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(urls), cmocka_unit_test(caps), cmocka_unit_test(beginnings) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
