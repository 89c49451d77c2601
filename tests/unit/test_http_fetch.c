// SPDX-License-Identifier: GPL-3.0-or-later
// One thing fetched over HTTP, from a server by hand: what is asked, which
// answers are taken, and every way in which nothing comes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/wire.h"

extern const struct driver driver_http;

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
enum { MOST = 64, FAR_MS = 60000 };

static struct wire_server server;
static struct web_url url;
static struct { int done; bool came; size_t len; char octets[256], text[256]; } result;

static void
on_done(void *context, struct span content, const char *text, const char *detail)
{
	(void)detail;
	assert_ptr_equal(context, &result);
	result.done++;
	result.came = content.data != NULL;
	result.len = content.len;
	if (result.came)
		memcpy(result.octets, content.data, content.len);
	snprintf(result.text, sizeof(result.text), "%s", text != NULL ? text : "");
}

static int
begin(void **state)
{
	(void)state;
	memset(&result, 0, sizeof(result));
	wire_begin();
	wire_serve(&server);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	wire_server_close(&server);
	wire_end();
	return 0;
}

static struct fetch *
ask(const char *target, unsigned port, bool post, int64_t ms)
{
	struct fetch_plan plan = {
		.url = &url, .content_type = post ? "application/ocsp-request" : NULL, .content = span_text(post ? "question" : ""),
		.accept = "application/ocsp-response", .only_that = post, .max = MOST, .deadline_ms = clock_mono_ms() + ms, .done = on_done, .context = &result,
	};
	char text[128];
	struct fault f = { .set = false };

	snprintf(text, sizeof(text), "http://127.0.0.1:%u%s", port, target);
	assert_true(web_url_read(&url, span_text(text), &f));
	struct fetch *fetch = driver_http.fetch_begin(&wire_loop, &plan);
	assert_non_null(fetch);
	assert_int_equal(result.done, 0);
	return fetch;
}

static void
await_head(int n)
{
	UNTIL(server.count > n && wire_has(&server.wires[n], "\r\n\r\n"));
}

static void
what_is_asked(void **state)
{
	char host[64];

	(void)state;
	ask("/a?b", server.port, true, FAR_MS);
	UNTIL(server.count > 0 && wire_has(&server.wires[0], "question"));
	snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%u\r\n", server.port);
	assert_true(wire_has(&server.wires[0], "POST /a?b HTTP/1.1\r\n") && wire_has(&server.wires[0], host));
	assert_true(wire_has(&server.wires[0], "\r\nContent-Type: application/ocsp-request\r\n"));
	assert_true(wire_has(&server.wires[0], "\r\nAccept: application/ocsp-response\r\n"));
	assert_true(wire_has(&server.wires[0], "\r\nContent-Length: 8\r\nConnection: close\r\n\r\nquestion"));
	wire_text(&server.wires[0], "HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\nContent-Length: 3\r\n\r\nyes");
	UNTIL(result.done == 1);
	assert_true(result.came && result.len == 3 && memcmp(result.octets, "yes", 3) == 0);
	// It is gone with its connection: nothing is kept.
	UNTIL(server.wires[0].ended);

	result.done = 0;
	ask("", server.port, false, FAR_MS);
	await_head(1);
	assert_true(wire_has(&server.wires[1], "GET / HTTP/1.1\r\n"));
	assert_false(wire_has(&server.wires[1], "Content-Type") || wire_has(&server.wires[1], "Content-Length"));
	wire_text(&server.wires[1], "HTTP/1.1 200 OK\r\n\r\nuntil the end");
	wire_arrive(&server.wires[1]);
	assert_int_equal(result.done, 0);
	wire_close(&server.wires[1]);
	UNTIL(result.done == 1);
	assert_true(result.came && result.len == 13);
}

// What the server says, whether it is taken, and why not.
static const struct { bool post; const char *says; const char *why; } answers[] = {
	{ true, "HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response; a=b\r\nContent-Length: 1\r\n\r\nx", NULL },
	{ true, "HTTP/1.1 200 OK\r\nContent-Type: APPLICATION/OCSP-RESPONSE\r\nContent-Length: 1\r\n\r\nx", NULL },
	{ true, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\nContent-Length: 1\r\n\r\nx", NULL },
	{ true, "HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", NULL },
	{ true, "HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-responses\r\nContent-Length: 1\r\n\r\nx", "another type" },
	{ true, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\nx", "another type" },
	{ true, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "another type" },
	{ false, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx", NULL },
	{ false, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "is empty" },
	{ false, "HTTP/1.1 204 No Content\r\n\r\n", "HTTP status 204" },
	{ false, "HTTP/1.1 206 Partial\r\nContent-Length: 1\r\n\r\nx", "HTTP status 206" },
	{ false, "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", "HTTP status 301; redirects are not followed" },
	{ false, "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx", "HTTP status 404" },
	{ false, "HTTP/1.1 503 Busy\r\nContent-Length: 1\r\n\r\nx", "HTTP status 503" },
	{ false, "SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP" },
	{ false, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "not HTTP" },
	{ false, "HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n0123456789012345678901234567890123456789012345678901234567890123", NULL },
	{ false, "HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n", "too large" },
	{ false, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n01234567890123456789012345678901234567890123456789012345678901234\r\n0\r\n\r\n", "too large" },
};

static void
what_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(answers); i++) {
		result.done = 0;
		ask("/", server.port, answers[i].post, FAR_MS);
		UNTIL(server.count > 0 && wire_has(&server.wires[0], answers[i].post ? "question" : "\r\n\r\n"));
		wire_text(&server.wires[0], answers[i].says);
		UNTIL(result.done == 1);
		if (result.came != (answers[i].why == NULL) || (!result.came && strstr(result.text, answers[i].why) == NULL))
			fail_msg("case %zu: '%s'", i, result.text);
		wire_server_close(&server);
		wire_serve(&server);
	}
}

static void
ends(void **state)
{
	(void)state;
	ask("/", server.port, false, FAR_MS);
	await_head(0);
	wire_close(&server.wires[0]);
	UNTIL(result.done == 1);
	assert_string_equal(result.text, "the connection ended without an answer");

	result.done = 0;
	ask("/", server.port, false, FAR_MS);
	await_head(1);
	wire_text(&server.wires[1], "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx");
	wire_arrive(&server.wires[1]);
	wire_close(&server.wires[1]);
	UNTIL(result.done == 1);
	assert_false(result.came);
	assert_string_equal(result.text, "the connection ended in the middle of its answer");
}

static void
nobody_there(void **state)
{
	unsigned port;
	int fd = wire_bound_socket(&port);

	(void)state;
	close(fd);
	ask("/", port, false, FAR_MS);
	UNTIL(result.done == 1);
	assert_string_equal(result.text, "it cannot be reached");
}

// A server that drips, or says nothing, gets the time of the plan and no more.
static void
too_slow(void **state)
{
	(void)state;
	ask("/", server.port, false, 1000);
	await_head(0);
	wire_text(&server.wires[0], "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
	for (unsigned i = 0; i < 8; i++) {
		wire_text(&server.wires[0], "x");
		wire_pass(50);
	}
	assert_int_equal(result.done, 0);
	wire_pass(1000);
	UNTIL(result.done == 1);
	assert_string_equal(result.text, "it gave no answer in time");
	UNTIL(server.wires[0].ended);
}

static void
given_up(void **state)
{
	(void)state;
	struct fetch *f = ask("/", server.port, false, FAR_MS);
	await_head(0);
	driver_http.fetch_end(f);
	UNTIL(server.wires[0].ended);
	f = ask("/", server.port, false, FAR_MS);
	driver_http.fetch_end(f);
	wire_settle();
	assert_int_equal(result.done, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_asked, begin, end), cmocka_unit_test_setup_teardown(what_is_taken, begin, end),
		cmocka_unit_test_setup_teardown(ends, begin, end), cmocka_unit_test_setup_teardown(nobody_there, begin, end),
		cmocka_unit_test_setup_teardown(too_slow, begin, end), cmocka_unit_test_setup_teardown(given_up, begin, end),
	};
	return cmocka_run_group_tests_name("http_fetch", tests, NULL, NULL);
}
