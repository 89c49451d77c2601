// SPDX-License-Identifier: GPL-3.0-or-later
// The TCP driver behind real sockets: polling references and whom they are
// for, connections that make place, and messages that take too long.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/wire.h"
#include "transports/tcp_frame.h"

extern const struct driver driver_tcp;

enum { CLIENTS = 6, START_MS = 1000000, WALL_S = 1800000000 };

static struct transport_limits limits;
static struct listener *listener;
static struct wire clients[CLIENTS];
static unsigned port;

static int
begin(void **state)
{
	struct listener_setup setup = { .name = "plant", .limits = &limits, .core = &wire_driver_core, .descriptor_count = 1 };
	struct fault f = { .set = false };
	int fd;

	(void)state;
	limits = (struct transport_limits){ .max_message = 65536, .connections = 64, .connections_per_source = 8, .header_timeout = 10000,
		.body_timeout = 30000, .write_timeout = 30000, .idle_timeout = 60000, .min_rate = 100 };
	wire_begin();
	clock_fake((int64_t)WALL_S * 1000, START_MS);
	fd = wire_bound_socket(&port);
	setup.descriptors = &fd;
	listener = driver_tcp.listener_open(&setup, &f);
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
	driver_tcp.listener_close(listener, wire_closed, &closed);
	UNTIL(closed);
	clock_real();
	wire_end();
	return 0;
}

// ---- frames by hand

static void
send_buffer(struct wire *w, struct buffer *b)
{
	assert_false(b->failed);
	wire_send(w, b->data, b->len);
	buffer_clear(b);
}

static void
send_request(struct wire *w, enum tcp_framing framing)
{
	struct buffer b;

	buffer_init(&b, 100);
	tcp_put_message(&b, framing, TCP_REQUEST, false, span_text("0123456789"));
	send_buffer(w, &b);
}

static void
send_poll(struct wire *w, enum tcp_framing framing, uint32_t reference)
{
	struct buffer b;

	buffer_init(&b, 100);
	tcp_put_poll_request(&b, framing, false, reference);
	send_buffer(w, &b);
}

// The next frame that came; what it took is removed from the wire.
static bool
take_frame(struct wire *w, struct tcp_frame *frame)
{
	struct span in = buffer_span(&w->in);
	static struct tcp_reader reader;
	struct tcp_fault fault;

	tcp_reader_clear(&reader);
	tcp_reader_init(&reader, TCP_SIDE_CLIENT, 65536);
	if (tcp_reader_feed(&reader, frame, &fault, &in) != TCP_FRAME)
		return false;
	buffer_consume(&w->in, w->in.len - in.len);
	return true;
}

static struct tcp_frame
await_frame(struct wire *w)
{
	struct tcp_frame frame;

	UNTIL(take_frame(w, &frame));
	return frame;
}

static void
answer(enum reply_kind kind, uint64_t ticket)
{
	struct blob *message = blob_new(span_text("answer"));
	struct reply r = { .kind = kind, .message = message, .ticket = ticket, .seconds = 10 };

	driver_tcp.listener_respond(listener, core.token, &r);
	blob_unref(message);
}

// A request that is told to ask again: the reference that stands for the ticket.
static uint32_t
promise(struct wire *w, uint64_t ticket)
{
	int before = core.delivered;
	struct tcp_frame frame;

	send_request(w, TCP_FRAMING_RFC2510);
	UNTIL(core.delivered > before);
	answer(REPLY_LATER, ticket);
	frame = await_frame(w);
	assert_int_equal(frame.type, TCP_POLL_REP);
	assert_int_equal(frame.check_back, WALL_S + 10);
	assert_true(frame.reference != 0);
	return frame.reference;
}

// What a poll with this reference leads to: true when the core is asked for its ticket.
static bool
poll_is_known(struct wire *w, uint32_t reference, uint64_t ticket)
{
	int before = core.resumed;
	struct tcp_frame frame;

	send_poll(w, TCP_FRAMING_V10, reference);
	UNTIL(core.resumed > before || take_frame(w, &frame));
	if (core.resumed == before) {
		assert_int_equal(frame.type, TCP_ERROR);
		assert_int_equal(frame.error, TCP_ERROR_REFERENCE);
		return false;
	}
	assert_int_equal(core.ticket, ticket);
	answer(REPLY_ANSWER, 0);
	frame = await_frame(w);
	assert_int_equal(frame.type, TCP_ANSWER);
	return true;
}

// ---- pieces

// Each octet in a segment of its own, and read before the next is sent.
static void
octet_by_octet(void **state)
{
	static const enum tcp_framing framings[] = { TCP_FRAMING_RFC2510, TCP_FRAMING_V10 };

	(void)state;
	wire_connect(&clients[0], "127.0.0.1", port);
	for (int i = 0; i < 2; i++) {
		struct buffer b;
		buffer_init(&b, 100);
		assert_true(tcp_put_message(&b, framings[i], TCP_REQUEST, false, span_text("0123456789")));
		for (size_t at = 0; at < b.len; at++) {
			assert_int_equal(core.delivered, i);
			wire_send(&clients[0], b.data + at, 1);
			wire_arrive(&clients[0]);
		}
		buffer_clear(&b);
		UNTIL(core.delivered == i + 1);
		assert_int_equal(core.octets, 10);
		answer(REPLY_ANSWER, 0);
		struct tcp_frame frame = await_frame(&clients[0]);
		assert_int_equal(frame.type, TCP_ANSWER);
		assert_int_equal(frame.framing, framings[i]);
	}
}

// ---- references

static void
reference_finds_its_ticket(void **state)
{
	(void)state;
	wire_connect(&clients[0], "127.0.0.1", port);
	uint32_t one = promise(&clients[0], 71), two = promise(&clients[0], 72);
	assert_true(one != two);
	assert_int_equal(promise(&clients[0], 71), one);	// the same promise again
	assert_true(poll_is_known(&clients[0], two, 72));
	assert_true(poll_is_known(&clients[0], one, 71));
	// Another connection of the same peer may ask as well.
	wire_connect(&clients[1], "127.0.0.1", port);
	assert_true(poll_is_known(&clients[1], one, 71));
}

static void
reference_is_for_its_peer_only(void **state)
{
	(void)state;
	wire_connect(&clients[0], "127.0.0.1", port);
	wire_connect(&clients[1], "127.0.0.2", port);
	uint32_t reference = promise(&clients[0], 71);
	assert_false(poll_is_known(&clients[1], reference, 71));
	assert_true(poll_is_known(&clients[0], reference, 71));
	assert_string_equal(core.peer.source, "127.0.0.1");
}

// Nobody may guess a reference: over 80 of them each of the 32 bits is seen set and not set.
static void
references_are_random(void **state)
{
	uint32_t set = 0, clear = 0, last = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		char from[16];
		snprintf(from, sizeof(from), "127.0.1.%u", i + 1);
		wire_connect(&clients[0], from, port);
		for (uint64_t ticket = 1; ticket <= 4; ticket++) {
			uint32_t reference = promise(&clients[0], ticket);
			assert_true(reference - last > 1000 && last - reference > 1000);
			set |= reference;
			clear |= ~reference;
			last = reference;
		}
		wire_close(&clients[0]);
	}
	assert_int_equal(set, UINT32_MAX);
	assert_int_equal(clear, UINT32_MAX);
}

static void
references_per_peer(void **state)
{
	uint32_t references[5];

	(void)state;
	wire_connect(&clients[0], "127.0.0.1", port);
	for (uint64_t i = 0; i < 5; i++)
		references[i] = promise(&clients[0], 100 + i);
	assert_false(poll_is_known(&clients[0], references[0], 100));
	for (uint64_t i = 1; i < 5; i++)
		assert_true(poll_is_known(&clients[0], references[i], 100 + i));
}

static void
references_end(void **state)
{
	(void)state;
	wire_connect(&clients[0], "127.0.0.1", port);
	uint32_t reference = promise(&clients[0], 71);
	clock_advance(3599999);
	wire_close(&clients[0]);
	wire_connect(&clients[0], "127.0.0.1", port);
	assert_true(poll_is_known(&clients[0], reference, 71));
	clock_advance(1);
	assert_false(poll_is_known(&clients[0], reference, 71));
}

// Four wrong references are told so; the fifth ends the connection as well.
static void
guessing_ends_the_connection(void **state)
{
	(void)state;
	wire_connect(&clients[0], "127.0.0.1", port);
	wire_connect(&clients[1], "127.0.0.1", port);
	uint32_t right = promise(&clients[0], 71);
	for (uint32_t i = 1; i <= 4; i++) {
		assert_false(poll_is_known(&clients[0], right + i, 71));
		wire_settle();
		assert_false(clients[0].ended);
	}
	assert_true(poll_is_known(&clients[0], right, 71));
	assert_false(poll_is_known(&clients[0], right + 5, 71));
	UNTIL(clients[0].ended);
	assert_true(poll_is_known(&clients[1], right, 71));
}

// ---- connections that make place

static void
await_delivery(struct wire *w)
{
	int before = core.delivered;

	send_request(w, TCP_FRAMING_RFC2510);
	UNTIL(core.delivered > before);
}

// At the limit the connection that waits longest for its next request goes; one with a request under way stays.
static void
oldest_idle_makes_place(void **state)
{
	(void)state;
	limits.connections = 3;
	wire_connect(&clients[0], "127.0.0.1", port);
	await_delivery(&clients[0]);		// is served, for long
	uint64_t busy = core.token;
	wire_connect(&clients[1], "127.0.0.1", port);
	await_delivery(&clients[1]);
	answer(REPLY_ANSWER, 0);
	await_frame(&clients[1]);		// idle since now
	wire_connect(&clients[2], "127.0.0.1", port);
	await_delivery(&clients[2]);
	answer(REPLY_ANSWER, 0);
	await_frame(&clients[2]);
	// The first of the two idle ones asked again: now the other waits longest.
	await_delivery(&clients[1]);
	answer(REPLY_ANSWER, 0);
	await_frame(&clients[1]);
	wire_connect(&clients[3], "127.0.0.1", port);
	UNTIL(clients[2].ended);
	await_delivery(&clients[3]);
	assert_false(clients[0].ended || clients[1].ended || clients[3].ended);
	// 0 and 3 are served, 1 goes next; then nobody is idle, and the newcomer is closed.
	wire_connect(&clients[4], "127.0.0.1", port);
	UNTIL(clients[1].ended);
	await_delivery(&clients[4]);
	wire_connect(&clients[5], "127.0.0.1", port);
	UNTIL(clients[5].ended);
	assert_false(clients[0].ended || clients[3].ended || clients[4].ended);
	core.token = busy;
	answer(REPLY_ANSWER, 0);
	assert_int_equal(await_frame(&clients[0]).type, TCP_ANSWER);
	assert_int_equal(core.gone, 0);
}

// Half a request is work under way: its own deadline ends it, no newcomer does.
static void
half_a_request_keeps_its_place(void **state)
{
	(void)state;
	limits.connections = 1;
	wire_connect(&clients[0], "127.0.0.1", port);
	wire_send(&clients[0], "\0\0", 2);
	wire_arrive(&clients[0]);
	wire_connect(&clients[1], "127.0.0.1", port);
	UNTIL(clients[1].ended);
	assert_false(clients[0].ended);
}

// ---- messages that take too long: it is the clock's time that passes

// More than one look at the deadlines, which happens four times a second.
static void
tick(void)
{
	wire_pass(300);
}

static void
times_out(const void *octets, size_t len, int64_t ms)
{
	struct tcp_frame frame;

	wire_connect(&clients[0], "127.0.0.1", port);
	wire_send(&clients[0], octets, len);
	wire_arrive(&clients[0]);
	clock_advance(ms - 1);
	tick();
	assert_false(clients[0].ended);
	clock_advance(1);
	UNTIL(take_frame(&clients[0], &frame));
	assert_int_equal(frame.type, TCP_ERROR);
	assert_int_equal(core.delivered, 0);
	UNTIL(clients[0].ended);
}

static void
slow_header(void **state)
{
	(void)state;
	times_out("\0\0\0", 3, 10000);
}

// 10 octets were announced, and at 100/s far more than one must come within 5 s.
static void
slow_value(void **state)
{
	(void)state;
	times_out("\0\0\0\x0B\0" "0", 6, 5000);
}

// Fast enough, but not to its end: the time for the whole value.
static void
endless_value(void **state)
{
	static uint8_t octets[3000] = { 0, 0, 0x80, 0 };
	int64_t passed = 0;
	struct tcp_frame frame;

	(void)state;
	limits.body_timeout = 10000;
	wire_connect(&clients[0], "127.0.0.1", port);
	wire_send(&clients[0], octets, 600);
	wire_arrive(&clients[0]);
	while (passed < 10000 && !take_frame(&clients[0], &frame)) {
		assert_false(clients[0].ended);
		clock_advance(5000);
		passed += 5000;
		wire_send(&clients[0], octets + 600, 600);
		tick();
	}
	assert_int_equal(passed, 10000);
	UNTIL(clients[0].ended);
	assert_true(take_frame(&clients[0], &frame));
	assert_int_equal(frame.type, TCP_ERROR);
}

static void
idle_ends(void **state)
{
	(void)state;
	wire_connect(&clients[0], "127.0.0.1", port);
	await_delivery(&clients[0]);
	answer(REPLY_ANSWER, 0);
	await_frame(&clients[0]);
	clock_advance(60000);
	UNTIL(clients[0].ended);
	assert_int_equal(clients[0].in.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(octet_by_octet, begin, end),
		cmocka_unit_test_setup_teardown(reference_finds_its_ticket, begin, end),
		cmocka_unit_test_setup_teardown(reference_is_for_its_peer_only, begin, end),
		cmocka_unit_test_setup_teardown(references_are_random, begin, end),
		cmocka_unit_test_setup_teardown(references_per_peer, begin, end),
		cmocka_unit_test_setup_teardown(references_end, begin, end),
		cmocka_unit_test_setup_teardown(guessing_ends_the_connection, begin, end),
		cmocka_unit_test_setup_teardown(oldest_idle_makes_place, begin, end),
		cmocka_unit_test_setup_teardown(half_a_request_keeps_its_place, begin, end),
		cmocka_unit_test_setup_teardown(slow_header, begin, end),
		cmocka_unit_test_setup_teardown(slow_value, begin, end),
		cmocka_unit_test_setup_teardown(endless_value, begin, end),
		cmocka_unit_test_setup_teardown(idle_ends, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
