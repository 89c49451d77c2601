// SPDX-License-Identifier: GPL-3.0-or-later
// Memory that peers hold on streams: answers they do not read, and uploads they
// do not finish. Neither may keep others out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <sys/socket.h>

#include "base/clock.h"
#include "tests/unit/wire.h"
#include "transports/http.h"

extern const struct driver driver_http, driver_tcp;

enum { CLIENTS = 6, ANSWER = 512 * 1024, SHARE = 1024 * 1024 };

#define HEAD "POST /.well-known/cmp HTTP/1.1\r\nHost: a\r\nContent-Type: application/pkixcmp\r\n"

static struct transport_limits limits;
static struct http_listener_options options;
static const struct driver *driver;
static struct listener *listener;
static struct wire clients[CLIENTS];
static unsigned port;

static void
open_listener(const struct driver *d, const char *text)
{
	static struct url url;
	struct listener_setup setup = { .name = "field", .url = &url, .options = &options, .limits = &limits, .core = &wire_driver_core, .descriptor_count = 1 };
	struct fault f = { .set = false };
	int fd, small = 4096;

	limits = (struct transport_limits){ .max_message = 65536, .connections = 64, .connections_per_source = 8, .header_timeout = 10000,
		.body_timeout = 30000, .write_timeout = 30000, .idle_timeout = 60000, .min_rate = 100, .bytes_in_flight = 4 * SHARE };
	wire_begin();
	fd = wire_bound_socket(&port);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));	// for the accepted ones
	setup.descriptors = &fd;
	assert_true(url_parse(&url, text, &f));
	driver = d;
	listener = d->listener_open(&setup, &f);
	assert_non_null(listener);
	memset(clients, 0, sizeof(clients));
}

static int
begin_http(void **state)
{
	(void)state;
	open_listener(&driver_http, "http://127.0.0.1:0");
	return 0;
}

static int
begin_tcp(void **state)
{
	(void)state;
	open_listener(&driver_tcp, "tcp://127.0.0.1:0");
	return 0;
}

static int
end(void **state)
{
	bool closed = false;

	(void)state;
	for (int i = 0; i < CLIENTS; i++)
		wire_close(&clients[i]);
	driver->listener_close(listener, wire_closed, &closed);
	UNTIL(closed)
		;
	assert_int_equal(buffer_counted(), 0);
	wire_end();
	return 0;
}

static void
ask(int n)
{
	int before = core.delivered;

	wire_connect(&clients[n], "127.0.0.1", port);
	wire_text(&clients[n], HEAD "Content-Length: 4\r\n\r\n0123");
	UNTIL(core.delivered > before)
		;
}

static void
answer(size_t len)
{
	struct blob *message = blob_make(len);
	struct reply r = { .kind = REPLY_ANSWER, .message = message };

	driver->listener_respond(listener, core.token, &r);
	blob_unref(message);
}

static void
read_on(struct wire *w)
{
	uv_poll_start(&w->poll, UV_READABLE, w->poll.poll_cb);
}

// The one that has waited longest goes; what waits counts, and is bounded.
static void
slow_readers_make_room(void **state)
{
	(void)state;
	for (int i = 0; i < CLIENTS - 1; i++) {
		ask(i);
		uv_poll_stop(&clients[i].poll);
		answer(ANSWER);
		wire_settle();
		assert_true(blob_bytes() <= SHARE);
	}
	assert_true(blob_bytes() > ANSWER / 2);
	read_on(&clients[0]);
	UNTIL(clients[0].ended)
		;
	assert_true(clients[0].in.len < ANSWER);
	// The last one is still served, and so is one that reads.
	read_on(&clients[CLIENTS - 2]);
	UNTIL(clients[CLIENTS - 2].in.len > ANSWER)
		;
	ask(CLIENTS - 1);
	answer(ANSWER);
	UNTIL(clients[CLIENTS - 1].in.len > ANSWER)
		;
}

// A single answer over the share is not taken, rather than all of it held.
static void
an_answer_that_is_too_much(void **state)
{
	(void)state;
	limits.bytes_in_flight = ANSWER;
	ask(0);
	uv_poll_stop(&clients[0].poll);
	answer(ANSWER);
	wire_settle();
	assert_int_equal(blob_bytes(), 0);
}

static void
upload(int n, size_t len)
{
	static const uint8_t octets[65536] = { 0x30 };

	wire_connect(&clients[n], "127.0.0.1", port);
	if (driver == &driver_http)
		wire_text(&clients[n], HEAD "Content-Length: 60000\r\n\r\n");
	else
		wire_send(&clients[n], "\0\0\xEA\x63\x0A\0\0", 7);	// version 10, a request of 60,000
	wire_send(&clients[n], octets, len);
	wire_settle();
}

static void
large_uploads_give_way(const char *word)
{
	limits.bytes_in_flight = 4 * 20000;
	upload(0, 16000);
	upload(1, 8000);
	assert_false(clients[0].ended || clients[1].ended);
	upload(2, 16000);
	UNTIL(clients[2].ended)
		;
	assert_true(wire_has(&clients[2], word));
	// Small ones pass, whatever large ones hold.
	assert_false(clients[0].ended || clients[1].ended);
	int before = core.delivered;
	wire_connect(&clients[3], "127.0.0.1", port);
	if (driver == &driver_http)
		wire_text(&clients[3], HEAD "Content-Length: 4\r\n\r\n0123");
	else
		wire_send(&clients[3], "\0\0\0\x07\x0A\0\0" "0123", 11);
	UNTIL(core.delivered > before)
		;
	wire_close(&clients[0]);
	wire_close(&clients[1]);
	wire_settle();
	assert_true(buffer_counted() < 1000);
}

static void
uploads_over_http(void **state)
{
	(void)state;
	large_uploads_give_way("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\n");
}

static void
uploads_over_tcp(void **state)
{
	(void)state;
	large_uploads_give_way("limits.bytes_in_flight is used up");
}

// What a peer sends ahead while its request is served counts like an upload.
static void
pipelined_octets(void **state)
{
	static const char more[16000] = "x";

	(void)state;
	limits.bytes_in_flight = 4 * 20000;
	upload(0, 16000);
	upload(1, 16000);
	UNTIL(clients[1].ended)
		;
	ask(2);
	upload(3, 8000);
	wire_send(&clients[2], more, sizeof(more));
	UNTIL(clients[2].ended || clients[3].ended)
		;
	assert_true(buffer_counted() < 65536);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(slow_readers_make_room, begin_http, end),
		cmocka_unit_test_setup_teardown(an_answer_that_is_too_much, begin_http, end),
		cmocka_unit_test_setup_teardown(uploads_over_http, begin_http, end),
		cmocka_unit_test_setup_teardown(uploads_over_tcp, begin_tcp, end),
		cmocka_unit_test_setup_teardown(pipelined_octets, begin_http, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
