// SPDX-License-Identifier: GPL-3.0-or-later
// The HTTP listener behind real sockets: connections that make place, and
// requests that take too long.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/wire.h"
#include "transports/http.h"

extern const struct driver driver_http;

enum { CLIENTS = 4, START_MS = 1000000 };

#define HEAD "POST /.well-known/cmp HTTP/1.1\r\nHost: a\r\nContent-Type: application/pkixcmp\r\n"

static struct transport_limits limits;
static struct http_listener_options options;
static struct listener *listener;
static struct wire clients[CLIENTS];
static unsigned port;

static int
begin(void **state)
{
	static struct url url;
	struct listener_setup setup = { .name = "web", .url = &url, .options = &options, .limits = &limits, .core = &wire_driver_core, .descriptor_count = 1 };
	struct fault f = { .set = false };
	int fd;

	(void)state;
	limits = (struct transport_limits){ .max_message = 65536, .connections = 64, .connections_per_source = 8, .header_timeout = 10000,
		.body_timeout = 30000, .write_timeout = 30000, .idle_timeout = 60000, .min_rate = 100 };
	wire_begin();
	clock_fake(INT64_C(1800000000000), START_MS);
	fd = wire_bound_socket(&port);
	setup.descriptors = &fd;
	assert_true(url_parse(&url, "http://127.0.0.1:0", &f));
	listener = driver_http.listener_open(&setup, &f);
	assert_non_null(listener);
	memset(clients, 0, sizeof(clients));
	return 0;
}

static int
end(void **state)
{
	bool closed = false;

	(void)state;
	for (int i = 0; i < CLIENTS; i++)
		wire_close(&clients[i]);
	driver_http.listener_close(listener, wire_closed, &closed);
	UNTIL(closed);
	clock_real();
	wire_end();
	return 0;
}

static void
await_delivery(struct wire *w)
{
	int before = core.delivered;

	wire_text(w, HEAD "Content-Length: 4\r\n\r\n0123");
	UNTIL(core.delivered > before);
}

static void
answer(struct wire *w)
{
	struct blob *message = blob_new(span_text("answer"));
	struct reply r = { .kind = REPLY_ANSWER, .message = message };

	driver_http.listener_respond(listener, core.token, &r);
	blob_unref(message);
	UNTIL(wire_has(w, "\r\n\r\nanswer"));
	w->in.len = 0;
}

// ---- connections that make place

static void
oldest_idle_makes_place(void **state)
{
	(void)state;
	limits.connections = 2;
	wire_connect(&clients[0], "127.0.0.1", port);
	await_delivery(&clients[0]);
	answer(&clients[0]);
	wire_connect(&clients[1], "127.0.0.1", port);
	await_delivery(&clients[1]);
	answer(&clients[1]);
	await_delivery(&clients[0]);
	answer(&clients[0]);
	wire_connect(&clients[2], "127.0.0.1", port);
	UNTIL(clients[1].ended);
	await_delivery(&clients[2]);
	assert_int_equal(clients[1].in.len, 0);
	assert_false(clients[0].ended || clients[2].ended);
	await_delivery(&clients[0]);
	// Both are served: the newcomer finds no place.
	wire_connect(&clients[3], "127.0.0.1", port);
	UNTIL(clients[3].ended);
	assert_false(clients[0].ended || clients[2].ended);
	assert_int_equal(core.gone, 0);
}

// One that never said a word is idle too; one with half a head is not.
static void
silent_one_makes_place(void **state)
{
	(void)state;
	limits.connections = 2;
	wire_connect(&clients[0], "127.0.0.1", port);
	wire_connect(&clients[1], "127.0.0.1", port);
	wire_settle();
	wire_text(&clients[0], "POST /.well-kn");
	wire_arrive(&clients[0]);
	wire_connect(&clients[2], "127.0.0.1", port);
	UNTIL(clients[1].ended);
	wire_text(&clients[2], "P");
	wire_arrive(&clients[2]);
	wire_connect(&clients[3], "127.0.0.1", port);
	UNTIL(clients[3].ended);
	assert_false(clients[0].ended || clients[2].ended);
}

// ---- requests that take too long: it is the clock's time that passes

// More than one look at the deadlines, which happens four times a second.
static void
tick(void)
{
	wire_pass(300);
}

static void
times_out(const char *text, int64_t ms)
{
	wire_connect(&clients[0], "127.0.0.1", port);
	wire_text(&clients[0], text);
	wire_arrive(&clients[0]);
	clock_advance(ms - 1);
	tick();
	assert_false(clients[0].ended);
	clock_advance(1);
	UNTIL(clients[0].ended);
	assert_true(wire_has(&clients[0], "HTTP/1.1 408 Request Timeout\r\n"));
	assert_true(wire_has(&clients[0], "Connection: close\r\n"));
	assert_int_equal(core.delivered, 0);
}

static void
slow_head(void **state)
{
	(void)state;
	times_out("POST /.well-known/cmp HTTP/1.1\r\nHost: ", 10000);
}

// With 100 octets per second wanted, 500 must come within 5 s.
static void
slow_body(void **state)
{
	(void)state;
	times_out(HEAD "Content-Length: 2000\r\n\r\n0123456789", 5000);
}

static void
slow_chunks(void **state)
{
	(void)state;
	times_out(HEAD "Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n4\r\n01", 5000);
}

// 500 octets in each 5 s are enough, 499 are not.
static void
least_rate(void **state)
{
	static char part[500];

	(void)state;
	memset(part, 'x', sizeof(part));
	wire_connect(&clients[0], "127.0.0.1", port);
	wire_text(&clients[0], HEAD "Content-Length: 60000\r\n\r\n");
	wire_send(&clients[0], part, 500);
	wire_arrive(&clients[0]);
	for (int i = 0; i < 2; i++) {
		clock_advance(5000);
		tick();
		assert_false(clients[0].ended);
		wire_send(&clients[0], part, i == 0 ? 500 : 499);
		wire_arrive(&clients[0]);
	}
	clock_advance(5000);
	UNTIL(clients[0].ended);
	assert_true(wire_has(&clients[0], "HTTP/1.1 408 "));
}

// Fast enough, but not at its end in time.
static void
whole_body_in_time(void **state)
{
	static char part[600];

	(void)state;
	memset(part, 'x', sizeof(part));
	limits.body_timeout = 10000;
	wire_connect(&clients[0], "127.0.0.1", port);
	wire_text(&clients[0], HEAD "Content-Length: 60000\r\n\r\n");
	for (int i = 0; i < 2; i++) {
		assert_false(clients[0].ended);
		wire_send(&clients[0], part, sizeof(part));
		wire_arrive(&clients[0]);
		clock_advance(5000);
		tick();
	}
	UNTIL(clients[0].ended);
	assert_true(wire_has(&clients[0], "HTTP/1.1 408 "));
}

static void
idle_ends(void **state)
{
	(void)state;
	wire_connect(&clients[0], "127.0.0.1", port);
	await_delivery(&clients[0]);
	answer(&clients[0]);
	clock_advance(59999);
	tick();
	assert_false(clients[0].ended);
	clock_advance(1);
	UNTIL(clients[0].ended);
	assert_int_equal(clients[0].in.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(oldest_idle_makes_place, begin, end), cmocka_unit_test_setup_teardown(silent_one_makes_place, begin, end),
		cmocka_unit_test_setup_teardown(slow_head, begin, end), cmocka_unit_test_setup_teardown(slow_body, begin, end),
		cmocka_unit_test_setup_teardown(slow_chunks, begin, end), cmocka_unit_test_setup_teardown(least_rate, begin, end),
		cmocka_unit_test_setup_teardown(whole_body_in_time, begin, end), cmocka_unit_test_setup_teardown(idle_ends, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
