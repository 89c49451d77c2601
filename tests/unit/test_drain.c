// SPDX-License-Identifier: GPL-3.0-or-later
// A stream listener that is to end: requests on their way in are let in, or
// answered; nobody is cut off without a word.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/wire.h"
#include "transports/http.h"

extern const struct driver driver_http, driver_tcp;

enum { CLIENTS = 3 };

struct words { const struct driver *driver; const char *url, *first, *rest, *answer, *closing; size_t first_len, rest_len; };

#define WORDS(a, b) .first = a, .first_len = sizeof(a) - 1, .rest = b, .rest_len = sizeof(b) - 1
static const struct words http = {
	.driver = &driver_http, .url = "http://127.0.0.1:0",
	WORDS("POST /.well-known/cmp HTTP/1.1\r\nHost: a\r\nContent-Type: application/pkixcmp\r\nContent-Length: 4\r\n\r\n01", "23"),
	.answer = "Connection: close\r\n\r\nanswer", .closing = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n",
}, tcp = {
	.driver = &driver_tcp, .url = "tcp://127.0.0.1:0", WORDS("\0\0\0\x07\x0A\0\0" "01", "23"),
	.answer = "answer", .closing = "the gateway is closing; send the request again",
};

static const struct words *words;
static struct transport_limits limits;
static struct http_listener_options options;
static struct listener *listener;
static struct wire clients[CLIENTS];
static unsigned port;

static int
begin(void **state)
{
	static struct url url;
	struct listener_setup setup = { .name = "field", .url = &url, .options = &options, .limits = &limits, .core = &wire_driver_core, .descriptor_count = 1 };
	struct fault f = { .set = false };
	int fd;

	words = *state;
	limits = (struct transport_limits){ .max_message = 65536, .connections = 64, .connections_per_source = 8, .header_timeout = 10000,
		.body_timeout = 30000, .write_timeout = 30000, .idle_timeout = 60000, .min_rate = 100 };
	wire_begin();
	clock_fake(INT64_C(1800000000000), 1000000);
	fd = wire_bound_socket(&port);
	setup.descriptors = &fd;
	assert_true(url_parse(&url, words->url, &f));
	listener = words->driver->listener_open(&setup, &f);
	assert_non_null(listener);
	memset(clients, 0, sizeof(clients));
	return 0;
}

static void
close_listener(void)
{
	bool closed = false;

	words->driver->listener_close(listener, wire_closed, &closed);
	UNTIL(closed)
		;
	listener = NULL;
}

static int
end(void **state)
{
	(void)state;
	for (int i = 0; i < CLIENTS; i++)
		wire_close(&clients[i]);
	if (listener != NULL)
		close_listener();
	clock_real();
	wire_end();
	return 0;
}

static void
drain(void)
{
	words->driver->listener_drain(listener);
}

static bool
busy(void)
{
	return words->driver->listener_busy(listener);
}

static void
say(int n, bool first, bool rest)
{
	if (first)
		wire_send(&clients[n], words->first, words->first_len);
	if (rest)
		wire_send(&clients[n], words->rest, words->rest_len);
	wire_settle();
}

static void
join(int n)
{
	wire_connect(&clients[n], "127.0.0.1", port);
	wire_settle();
}

static void
answer(int n)
{
	struct blob *message = blob_new(span_text("answer"));
	struct reply r = { .kind = REPLY_ANSWER, .message = message };

	words->driver->listener_respond(listener, core.token, &r);
	blob_unref(message);
	UNTIL(wire_has(&clients[n], "answer"))
		;
}

static void
half_a_request_comes_in(void **state)
{
	(void)state;
	join(0);
	say(0, true, false);
	drain();
	assert_true(busy());
	wire_settle();
	assert_int_equal(core.quiet, 0);
	say(0, false, true);
	assert_int_equal(core.delivered, 1);
	assert_false(busy());	// from here on it is an exchange of the core
	answer(0);
	assert_true(wire_has(&clients[0], words->answer));
	UNTIL(clients[0].ended && core.quiet > 0)
		;
}

static void
the_silent_may_speak(void **state)
{
	(void)state;
	join(0);
	join(1);
	drain();
	assert_true(busy());
	say(0, true, true);
	assert_int_equal(core.delivered, 1);
	answer(0);
	UNTIL(clients[0].ended)
		;
	assert_true(busy());
	assert_int_equal(core.quiet, 0);
	clock_advance(2001);
	UNTIL(clients[1].ended)
		;
	assert_false(busy());
	assert_true(core.quiet > 0);
	assert_int_equal(clients[1].in.len, 0);
}

// Who has had an answer, and waits: it comes again by itself.
static void
the_served_are_let_go(void **state)
{
	(void)state;
	join(0);
	say(0, true, true);
	answer(0);
	drain();
	assert_false(busy());
	UNTIL(clients[0].ended)
		;
}

static void
what_cannot_end_is_told(void **state)
{
	(void)state;
	join(0);
	say(0, true, false);
	join(1);
	drain();
	close_listener();
	UNTIL(clients[0].ended && clients[1].ended)
		;
	assert_true(wire_has(&clients[0], words->closing));
	assert_int_equal(clients[1].in.len, 0);
	assert_int_equal(core.delivered, 0);
}

#define BOTH(name) { #name "/http", name, begin, end, (void *)(uintptr_t)&http }, { #name "/tcp", name, begin, end, (void *)(uintptr_t)&tcp }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(half_a_request_comes_in), BOTH(the_silent_may_speak), BOTH(the_served_are_let_go), BOTH(what_cannot_end_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
