// SPDX-License-Identifier: GPL-3.0-or-later
// Both framings of PKI messages on TCP: whole, in pieces of every size, cut
// off at every length, and wrong in each field.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "transports/tcp_frame.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define OCTETS(s) s, sizeof(s) - 1

enum { LIMIT = 20 };

static const enum tcp_side S = TCP_SIDE_SERVER, C = TCP_SIDE_CLIENT;

struct good {
	const char *octets;
	size_t len;
	enum tcp_side side;
	enum tcp_framing framing;
	enum tcp_type type;
	bool close;
	const char *message;
	uint32_t reference, check_back;
	uint16_t error;
	const char *text;
};

#define OLD TCP_FRAMING_RFC2510
#define V10 TCP_FRAMING_V10

static const struct good good[] = {
	{ OCTETS("\0\0\0\x04\x00" "abc"), TCP_SIDE_SERVER, OLD, TCP_REQUEST, .message = "abc" },
	{ OCTETS("\0\0\0\x02\x00" "a"), TCP_SIDE_SERVER, OLD, TCP_REQUEST, .message = "a" },
	{ OCTETS("\0\0\0\x15\x00" "01234567890123456789"), TCP_SIDE_SERVER, OLD, TCP_REQUEST, .message = "01234567890123456789" },
	{ OCTETS("\0\0\0\x05\x02\x01\x02\x03\x04"), TCP_SIDE_SERVER, OLD, TCP_POLL_REQ, .reference = 0x01020304 },
	{ OCTETS("\0\0\0\x06\x0a\x00\x00" "abc"), TCP_SIDE_SERVER, V10, TCP_REQUEST, .message = "abc" },
	{ OCTETS("\0\0\0\x06\x0a\x01\x00" "abc"), TCP_SIDE_SERVER, V10, TCP_REQUEST, .close = true, .message = "abc" },
	{ OCTETS("\0\0\0\x06\x0a\xfe\x00" "abc"), TCP_SIDE_SERVER, V10, TCP_REQUEST, .message = "abc" },
	{ OCTETS("\0\0\0\x17\x0a\x00\x00" "01234567890123456789"), TCP_SIDE_SERVER, V10, TCP_REQUEST, .message = "01234567890123456789" },
	{ OCTETS("\0\0\0\x07\x0a\x01\x02\xff\xff\xff\xff"), TCP_SIDE_SERVER, V10, TCP_POLL_REQ, .close = true, .reference = 0xffffffff },

	{ OCTETS("\0\0\0\x04\x05" "abc"), TCP_SIDE_CLIENT, OLD, TCP_ANSWER, .message = "abc" },
	{ OCTETS("\0\0\0\x09\x01\0\0\0\x07\x66\x00\x00\x01"), TCP_SIDE_CLIENT, OLD, TCP_POLL_REP, .reference = 7, .check_back = 0x66000001 },
	{ OCTETS("\0\0\0\x02\x03\x00"), TCP_SIDE_CLIENT, OLD, TCP_NOTHING, .close = false },
	{ OCTETS("\0\0\0\x0b\x04\0\0\0\x01\0\0\0\x02" "ip"), TCP_SIDE_CLIENT, OLD, TCP_PARTIAL, .message = "ip", .reference = 1, .check_back = 2 },
	{ OCTETS("\0\0\0\x03\x06" "no"), TCP_SIDE_CLIENT, OLD, TCP_ERROR, .text = "no" },
	{ OCTETS("\0\0\0\x01\x06"), TCP_SIDE_CLIENT, OLD, TCP_ERROR, .text = "" },
	{ OCTETS("\0\0\0\x06\x0a\x00\x05" "abc"), TCP_SIDE_CLIENT, V10, TCP_ANSWER, .message = "abc" },
	{ OCTETS("\0\0\0\x0b\x0a\x00\x01\0\0\0\x07\0\0\0\x09"), TCP_SIDE_CLIENT, V10, TCP_POLL_REP, .reference = 7, .check_back = 9 },
	{ OCTETS("\0\0\0\x04\x0a\x01\x03\x00"), TCP_SIDE_CLIENT, V10, TCP_NOTHING, .close = true },
	{ OCTETS("\0\0\0\x0b\x0a\x01\x06\x02\x01\x00\x02xyno"), TCP_SIDE_CLIENT, V10, TCP_ERROR, .close = true, .error = 0x0201, .text = "no" },
	{ OCTETS("\0\0\0\x07\x0a\x00\x06\x03\x00\x00\x00"), TCP_SIDE_CLIENT, V10, TCP_ERROR, .error = 0x0300, .text = "" },
};

// Feed pieces of this size until something is told; *at: octets taken.
static enum tcp_progress
feed(struct tcp_reader *r, struct span in, size_t piece, size_t *at, struct tcp_frame *frame, struct tcp_fault *fault)
{
	enum tcp_progress p = TCP_MORE;

	for (*at = 0; *at < in.len && p == TCP_MORE;) {
		size_t n = in.len - *at < piece ? in.len - *at : piece;
		struct span part = span_of(in.data + *at, n);
		p = tcp_reader_feed(r, frame, fault, &part);
		*at += n - part.len;
		if (p == TCP_MORE)
			assert_int_equal(part.len, 0);
	}
	return p;
}

static void
check_good(const struct good *g, const struct tcp_frame *f)
{
	assert_int_equal(f->framing, g->framing);
	assert_int_equal(f->type, g->type);
	assert_int_equal(f->close, g->close);
	assert_int_equal(f->reference, g->reference);
	assert_int_equal(f->check_back, g->check_back);
	assert_int_equal(f->error, g->error);
	assert_true(span_equal(f->message, span_text(g->message != NULL ? g->message : "")));
	assert_true(span_equal(f->text, span_text(g->text != NULL ? g->text : "")));
}

static void
whole_and_in_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		for (size_t piece = 1; piece <= good[i].len; piece++) {
			const struct good *g = &good[i];
			struct tcp_reader r;
			struct tcp_frame frame;
			struct tcp_fault fault;
			size_t at;
			tcp_reader_init(&r, g->side, LIMIT);
			assert_true(tcp_reader_between(&r));
			enum tcp_progress p = feed(&r, span_of(g->octets, g->len), piece, &at, &frame, &fault);
			if (p != TCP_FRAME || at != g->len)
				fail_msg("row %zu, pieces of %zu: progress %d after %zu: %s", i, piece, (int)p, at, p == TCP_FAULT ? fault.text : "");
			check_good(g, &frame);
			assert_true(tcp_reader_between(&r) && !tcp_reader_in_value(&r));
			tcp_reader_clear(&r);
		}
}

static void
cut_off_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		for (size_t len = 0; len < good[i].len; len++) {
			const struct good *g = &good[i];
			size_t header = g->framing == V10 ? 7 : 5, at;
			struct tcp_reader r;
			struct tcp_frame frame;
			struct tcp_fault fault;
			// In its own allocation, so that reading on is seen.
			uint8_t *copy = malloc(len > 0 ? len : 1);
			memcpy(copy, g->octets, len);
			tcp_reader_init(&r, g->side, LIMIT);
			assert_int_equal(feed(&r, span_of(copy, len), LIMIT * 2, &at, &frame, &fault), TCP_MORE);
			assert_int_equal(tcp_reader_between(&r), len == 0);
			assert_int_equal(tcp_reader_in_value(&r), len >= header);
			assert_true(r.value.len <= len);
			tcp_reader_clear(&r);
			free(copy);
		}
}

// All frames of one side in one stream: each is handed out alone.
static void
one_after_the_other(void **state)
{
	(void)state;
	for (enum tcp_side side = TCP_SIDE_SERVER; side <= TCP_SIDE_CLIENT; side++)
		for (size_t piece = 1; piece <= 64; piece += 7) {
			struct buffer all;
			struct tcp_reader r;
			struct tcp_frame frame;
			struct tcp_fault fault;
			size_t at, done = 0;
			buffer_init(&all, 4096);
			for (size_t i = 0; i < COUNT(good); i++)
				if (good[i].side == side)
					assert_true(buffer_append(&all, span_of(good[i].octets, good[i].len)));
			tcp_reader_init(&r, side, LIMIT);
			for (size_t i = 0; i < COUNT(good); i++) {
				if (good[i].side != side)
					continue;
				assert_int_equal(feed(&r, span_of(all.data + done, all.len - done), piece, &at, &frame, &fault), TCP_FRAME);
				assert_int_equal(at, good[i].len);
				check_good(&good[i], &frame);
				done += at;
			}
			assert_int_equal(done, all.len);
			tcp_reader_clear(&r);
			buffer_clear(&all);
		}
}

// ---- What is wrong

struct bad {
	const char *name, *octets;
	size_t len;
	enum tcp_side side;
	bool lost;		// else the whole of the octets is one frame
	enum tcp_framing framing;
	enum tcp_error error;
	bool close;
};

#define CLIENT_ERROR TCP_ERROR_CLIENT
#define TYPE_ERROR TCP_ERROR_TYPE
#define VERSION_ERROR TCP_ERROR_VERSION

static const struct bad bad[] = {
	{ "length 0", OCTETS("\0\0\0\0\x00"), TCP_SIDE_SERVER, true, OLD, CLIENT_ERROR, false },
	{ "length 0 in version 10", OCTETS("\0\0\0\0\x0a\x00\x00"), TCP_SIDE_SERVER, true, V10, CLIENT_ERROR, false },
	{ "length 1 in version 10", OCTETS("\0\0\0\x01\x0a\x00\x00"), TCP_SIDE_SERVER, true, V10, CLIENT_ERROR, false },
	{ "length 2 in version 10", OCTETS("\0\0\0\x02\x0a\x01\x00"), TCP_SIDE_SERVER, true, V10, CLIENT_ERROR, true },
	{ "one over the cap", OCTETS("\0\0\0\x16\x00"), TCP_SIDE_SERVER, true, OLD, CLIENT_ERROR, false },
	{ "one over the cap in version 10", OCTETS("\0\0\0\x18\x0a\x01\x00"), TCP_SIDE_SERVER, true, V10, CLIENT_ERROR, true },
	{ "an answer over the cap", OCTETS("\0\0\0\x16\x05"), TCP_SIDE_CLIENT, true, OLD, CLIENT_ERROR, false },
	{ "below the absurd", OCTETS("\0\xff\xff\xff\x00"), TCP_SIDE_SERVER, true, OLD, CLIENT_ERROR, false },
	{ "absurd", OCTETS("\x01\0\0\0\x00"), TCP_SIDE_SERVER, true, OLD, CLIENT_ERROR, false },
	{ "the largest length", OCTETS("\xff\xff\xff\xff\x0a\x00\x00"), TCP_SIDE_SERVER, true, V10, CLIENT_ERROR, false },
	{ "HTTP", OCTETS("POST / HTTP/1.1\r\n\r\n"), TCP_SIDE_SERVER, true, TCP_FRAMING_UNKNOWN, CLIENT_ERROR, false },
	{ "TLS", OCTETS("\x16\x03\x01\x02\x00\x01"), TCP_SIDE_SERVER, true, OLD, CLIENT_ERROR, false },
	{ "DER without a frame", OCTETS("\x30\x82\x01\x00\x30\x80"), TCP_SIDE_SERVER, true, TCP_FRAMING_UNKNOWN, CLIENT_ERROR, false },

	{ "version 7", OCTETS("\0\0\0\x05\x07"), TCP_SIDE_SERVER, true, V10, VERSION_ERROR, false },
	{ "version 9", OCTETS("\0\0\0\x05\x09"), TCP_SIDE_SERVER, true, V10, VERSION_ERROR, false },
	{ "version 11", OCTETS("\0\0\0\x05\x0b"), TCP_SIDE_SERVER, true, V10, VERSION_ERROR, false },
	{ "version 255", OCTETS("\0\0\0\x05\xff"), TCP_SIDE_CLIENT, true, V10, VERSION_ERROR, false },

	{ "an answer to a server", OCTETS("\0\0\0\x03\x05" "ab"), TCP_SIDE_SERVER, false, OLD, TYPE_ERROR, false },
	{ "a poll reply to a server", OCTETS("\0\0\0\x09\x01\0\0\0\0\0\0\0\0"), TCP_SIDE_SERVER, false, OLD, TYPE_ERROR, false },
	{ "nothing to a server", OCTETS("\0\0\0\x02\x03\0"), TCP_SIDE_SERVER, false, OLD, TYPE_ERROR, false },
	{ "a part to a server", OCTETS("\0\0\0\x0a\x04\0\0\0\0\0\0\0\0x"), TCP_SIDE_SERVER, false, OLD, TYPE_ERROR, false },
	{ "an error to a server", OCTETS("\0\0\0\x03\x06no"), TCP_SIDE_SERVER, false, OLD, TYPE_ERROR, false },
	{ "a request to a client", OCTETS("\0\0\0\x03\x00" "ab"), TCP_SIDE_CLIENT, false, OLD, TYPE_ERROR, false },
	{ "a poll to a client", OCTETS("\0\0\0\x05\x02\0\0\0\0"), TCP_SIDE_CLIENT, false, OLD, TYPE_ERROR, false },
	{ "a part in version 10", OCTETS("\0\0\0\x0c\x0a\0\x04\0\0\0\0\0\0\0\0x"), TCP_SIDE_CLIENT, false, V10, TYPE_ERROR, false },
	{ "type 7 in version 10", OCTETS("\0\0\0\x05\x0a\x01\x07" "ab"), TCP_SIDE_SERVER, false, V10, TYPE_ERROR, true },
	{ "type 255 in version 10", OCTETS("\0\0\0\x03\x0a\x00\xff"), TCP_SIDE_CLIENT, false, V10, TYPE_ERROR, false },

	{ "an empty request", OCTETS("\0\0\0\x01\x00"), TCP_SIDE_SERVER, false, OLD, CLIENT_ERROR, false },
	{ "an empty request in version 10", OCTETS("\0\0\0\x03\x0a\0\x00"), TCP_SIDE_SERVER, false, V10, CLIENT_ERROR, false },
	{ "a reference of 3 octets", OCTETS("\0\0\0\x04\x02\0\0\0"), TCP_SIDE_SERVER, false, OLD, CLIENT_ERROR, false },
	{ "a reference of 5 octets", OCTETS("\0\0\0\x08\x0a\x01\x02\0\0\0\0\0"), TCP_SIDE_SERVER, false, V10, CLIENT_ERROR, true },
	{ "an empty answer", OCTETS("\0\0\0\x01\x05"), TCP_SIDE_CLIENT, false, OLD, CLIENT_ERROR, false },
	{ "a poll reply of 7 octets", OCTETS("\0\0\0\x08\x01\0\0\0\0\0\0\0"), TCP_SIDE_CLIENT, false, OLD, CLIENT_ERROR, false },
	{ "a poll reply of 9 octets", OCTETS("\0\0\0\x0a\x01\0\0\0\0\0\0\0\0\0"), TCP_SIDE_CLIENT, false, OLD, CLIENT_ERROR, false },
	{ "nothing in no octet", OCTETS("\0\0\0\x01\x03"), TCP_SIDE_CLIENT, false, OLD, CLIENT_ERROR, false },
	{ "nothing in two octets", OCTETS("\0\0\0\x03\x03\0\0"), TCP_SIDE_CLIENT, false, OLD, CLIENT_ERROR, false },
	{ "a part without a message", OCTETS("\0\0\0\x09\x04\0\0\0\0\0\0\0\0"), TCP_SIDE_CLIENT, false, OLD, CLIENT_ERROR, false },
	{ "an error of 3 octets in version 10", OCTETS("\0\0\0\x06\x0a\0\x06\x02\x01\0"), TCP_SIDE_CLIENT, false, V10, CLIENT_ERROR, false },
	{ "error data longer than the value", OCTETS("\0\0\0\x08\x0a\0\x06\x02\x01\x00\x02x"), TCP_SIDE_CLIENT, false, V10, CLIENT_ERROR, false },
	{ "error data of 65535 octets", OCTETS("\0\0\0\x07\x0a\0\x06\x02\x01\xff\xff"), TCP_SIDE_CLIENT, false, V10, CLIENT_ERROR, false },
};

// A frame that is whole after the bad one, to show that the reader found its start.
static struct span
next_frame(enum tcp_side side)
{
	return side == S ? span_of("\0\0\0\x03\x00hi", 7) : span_of("\0\0\0\x03\x05hi", 7);
}

static void
goes_on(struct tcp_reader *r, enum tcp_side side)
{
	struct tcp_frame frame;
	struct tcp_fault fault;
	struct span in = next_frame(side);

	assert_true(tcp_reader_between(r));
	assert_int_equal(tcp_reader_feed(r, &frame, &fault, &in), TCP_FRAME);
	assert_int_equal(in.len, 0);
	assert_int_equal(frame.framing, OLD);
	assert_true(span_equal(frame.message, span_text("hi")));
}

static void
faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		for (size_t piece = 1; piece <= bad[i].len; piece++) {
			const struct bad *b = &bad[i];
			struct tcp_reader r;
			struct tcp_frame frame;
			struct tcp_fault fault;
			size_t at;
			tcp_reader_init(&r, b->side, LIMIT);
			enum tcp_progress p = feed(&r, span_of(b->octets, b->len), piece, &at, &frame, &fault);
			if (p != TCP_FAULT || fault.lost != b->lost || fault.error != b->error || (!b->lost && at != b->len))
				fail_msg("%s, pieces of %zu: progress %d at %zu, lost %d, error %x: %s", b->name, piece, (int)p, at,
					p == TCP_FAULT && fault.lost, p == TCP_FAULT ? (unsigned)fault.error : 0, p == TCP_FAULT ? fault.text : "");
			assert_true(strlen(fault.text) > 5);
			assert_int_equal(fault.close, b->close);
			// A length that is hopeless is told before the fifth octet, if that has not come along.
			if (piece >= 5 || !b->lost || at >= 5)
				assert_int_equal(fault.framing, b->framing);
			assert_true(r.value.len <= b->len);
			if (!b->lost)
				goes_on(&r, b->side);
			tcp_reader_clear(&r);
		}
}

// The type is judged before the value came, told after it; nothing of it is kept.
static void
skipped_value_is_not_kept(void **state)
{
	struct tcp_reader r;
	struct tcp_frame frame;
	struct tcp_fault fault;
	struct span in = span_of("\0\0\0\x06\x05" "abcde", 9);

	(void)state;
	tcp_reader_init(&r, S, LIMIT);
	assert_int_equal(tcp_reader_feed(&r, &frame, &fault, &in), TCP_MORE);
	assert_int_equal(r.value.len, 0);
	in = span_of("e", 1);
	assert_int_equal(tcp_reader_feed(&r, &frame, &fault, &in), TCP_FAULT);
	assert_false(fault.lost);
	goes_on(&r, S);
	tcp_reader_clear(&r);
}

static void
without_memory(void **state)
{
	struct tcp_reader r;
	struct tcp_frame frame;
	struct tcp_fault fault;
	struct span in = span_of("\0\0\0\x04\x00" "abc", 8);

	(void)state;
	tcp_reader_init(&r, S, LIMIT);
	mem_fail(1, 1);
	enum tcp_progress p = tcp_reader_feed(&r, &frame, &fault, &in);
	mem_fail(0, 0);
	assert_int_equal(p, TCP_FAULT);
	assert_int_equal(fault.error, TCP_ERROR_SERVER);
	assert_false(fault.lost);
	goes_on(&r, S);
	tcp_reader_clear(&r);
}

// ---- Writing

static void
same_octets(struct buffer *out, const char *octets, size_t len)
{
	assert_false(out->failed);
	assert_true(span_equal(buffer_span(out), span_of(octets, len)));
	buffer_clear(out);
}

static void
written(void **state)
{
	struct span abc = span_text("abc");
	struct buffer b;

	(void)state;
	buffer_init(&b, 64);
	assert_true(tcp_put_message(&b, OLD, TCP_REQUEST, true, abc));
	same_octets(&b, OCTETS("\0\0\0\x04\x00" "abc"));
	assert_true(tcp_put_message(&b, TCP_FRAMING_UNKNOWN, TCP_ANSWER, false, abc));
	same_octets(&b, OCTETS("\0\0\0\x04\x05" "abc"));
	assert_true(tcp_put_message(&b, V10, TCP_ANSWER, true, abc));
	same_octets(&b, OCTETS("\0\0\0\x06\x0a\x01\x05" "abc"));
	assert_true(tcp_put_poll_request(&b, OLD, true, 0x01020304));
	same_octets(&b, OCTETS("\0\0\0\x05\x02\x01\x02\x03\x04"));
	assert_true(tcp_put_poll_request(&b, V10, false, 0xffffffff));
	same_octets(&b, OCTETS("\0\0\0\x07\x0a\x00\x02\xff\xff\xff\xff"));
	assert_true(tcp_put_poll_reply(&b, OLD, false, 7, 9));
	same_octets(&b, OCTETS("\0\0\0\x09\x01\0\0\0\x07\0\0\0\x09"));
	assert_true(tcp_put_poll_reply(&b, V10, true, 7, 9));
	same_octets(&b, OCTETS("\0\0\0\x0b\x0a\x01\x01\0\0\0\x07\0\0\0\x09"));
	assert_true(tcp_put_nothing(&b, OLD, true));
	same_octets(&b, OCTETS("\0\0\0\x02\x03\0"));
	assert_true(tcp_put_nothing(&b, V10, true));
	same_octets(&b, OCTETS("\0\0\0\x04\x0a\x01\x03\0"));
	assert_true(tcp_put_error(&b, OLD, true, TCP_ERROR_TYPE, "no"));
	same_octets(&b, OCTETS("\0\0\0\x03\x06no"));
	assert_true(tcp_put_error(&b, V10, true, TCP_ERROR_TYPE, "no"));
	same_octets(&b, OCTETS("\0\0\0\x09\x0a\x01\x06\x02\x01\0\0no"));
}

static void
written_over_the_limit(void **state)
{
	struct buffer b;

	(void)state;
	for (size_t limit = 0; limit < 10; limit++) {
		buffer_init(&b, limit);
		assert_false(tcp_put_message(&b, V10, TCP_ANSWER, false, span_text("abc")));
		assert_true(b.failed && b.len == 0);
		buffer_clear(&b);
	}
	buffer_init(&b, 10);
	assert_true(tcp_put_message(&b, V10, TCP_ANSWER, false, span_text("abc")));
	buffer_clear(&b);
	buffer_init(&b, 100);
	mem_fail(1, 1);
	assert_false(tcp_put_error(&b, V10, false, TCP_ERROR_SERVER, "no"));
	mem_fail(0, 0);
	assert_true(b.failed);
	buffer_clear(&b);
}

// What is written is read, in both framings, up to the cap.
static void
there_and_back(void **state)
{
	uint8_t octets[LIMIT];

	(void)state;
	memset(octets, 0x30, sizeof(octets));
	for (enum tcp_framing framing = OLD; framing <= V10; framing++)
		for (size_t len = 1; len <= LIMIT; len++) {
			struct buffer b;
			struct tcp_reader r;
			struct tcp_frame frame;
			struct tcp_fault fault;
			buffer_init(&b, LIMIT + TCP_HEADER_MAX);
			assert_true(tcp_put_message(&b, framing, TCP_ANSWER, true, span_of(octets, len)));
			struct span in = buffer_span(&b);
			tcp_reader_init(&r, C, LIMIT);
			assert_int_equal(tcp_reader_feed(&r, &frame, &fault, &in), TCP_FRAME);
			assert_int_equal(frame.framing, framing);
			assert_int_equal(frame.close, framing == V10);
			assert_true(span_equal(frame.message, span_of(octets, len)));
			tcp_reader_clear(&r);
			buffer_clear(&b);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_and_in_pieces),
		cmocka_unit_test(cut_off_anywhere),
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(faults),
		cmocka_unit_test(skipped_value_is_not_kept),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(written),
		cmocka_unit_test(written_over_the_limit),
		cmocka_unit_test(there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
