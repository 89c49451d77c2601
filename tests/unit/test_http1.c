// SPDX-License-Identifier: GPL-3.0-or-later
// HTTP/1.x messages from octets: whole, in pieces of every size, cut off at
// every length, and broken in each way that lets two readers disagree.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "transports/http1.h"
#include "transports/http_chunks.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT(s) s, sizeof(s) - 1

enum { BODY_MAX = 32 };

// Feed octets in pieces of this size; answers the last step, and where the message ended.
static enum http1_step
feed(struct http1 *h, struct span in, size_t piece, size_t *end)
{
	enum http1_step step = HTTP1_MORE;
	size_t at = 0;

	while (at < in.len) {
		size_t n = in.len - at < piece ? in.len - at : piece, done = 0;
		while (done < n) {
			size_t used = 0;
			step = http1_feed(h, span_of(in.data + at + done, n - done), &used);
			assert_true(used <= n - done);
			done += used;
			if (step == HTTP1_HEADED && done == n)
				step = http1_feed(h, span_of(NULL, 0), &used);
			if (step == HTTP1_BAD || step == HTTP1_DONE) {
				*end = at + done;
				return step;
			}
			if (step == HTTP1_MORE)
				assert_int_equal(done, n);
		}
		at += n;
	}
	*end = at;
	return step;
}

// ---- What is well formed

struct good {
	const char *name, *octets;
	size_t len;
	bool request;
	const char *body;
	enum http1_method method;
	int status;
	const char *target, *type;
	bool keep_alive, chunked, expect_continue, until_close;
	int64_t length;
};

static const struct good good[] = {
	{ .name = "post", TEXT("POST /.well-known/cmp HTTP/1.1\r\nHost: a\r\nContent-Type: application/pkixcmp\r\nContent-Length: 3\r\n\r\nabc"),
		.request = true, .body = "abc", .method = HTTP1_POST, .target = "/.well-known/cmp", .type = "application/pkixcmp",
		.keep_alive = true, .length = 3 },
	{ .name = "names in any case, blanks around values", TEXT("POST /x HTTP/1.1\r\nhOST:a\r\ncontent-LENGTH: \t2 \r\n\r\nok"),
		.request = true, .body = "ok", .method = HTTP1_POST, .target = "/x", .keep_alive = true, .length = 2 },
	{ .name = "chunks", TEXT("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"),
		.request = true, .body = "abcde", .method = HTTP1_POST, .target = "/x", .keep_alive = true, .chunked = true, .length = -1 },
	{ .name = "chunk in capitals, extension, trailer",
		TEXT("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n0A;a=b\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n"),
		.request = true, .body = "0123456789", .method = HTTP1_POST, .target = "/x", .keep_alive = true, .chunked = true, .length = -1 },
	{ .name = "content of the largest size", TEXT("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 32\r\n\r\n01234567890123456789012345678901"),
		.request = true, .body = "01234567890123456789012345678901", .method = HTTP1_POST, .target = "/x", .keep_alive = true, .length = 32 },
	{ .name = "get", TEXT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
		.request = true, .body = "", .method = HTTP1_GET, .target = "/", .keep_alive = true, .length = -1 },
	{ .name = "head", TEXT("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
		.request = true, .body = "", .method = HTTP1_HEAD, .target = "/", .keep_alive = true, .length = -1 },
	{ .name = "another method", TEXT("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n"),
		.request = true, .body = "", .method = HTTP1_OTHER, .target = "/", .keep_alive = true, .length = -1 },
	{ .name = "close", TEXT("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"),
		.request = true, .body = "x", .method = HTTP1_POST, .target = "/", .length = 1 },
	{ .name = "1.0 without Host", TEXT("POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx"),
		.request = true, .body = "x", .method = HTTP1_POST, .target = "/", .length = 1 },
	{ .name = "1.0 that stays", TEXT("POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx"),
		.request = true, .body = "x", .method = HTTP1_POST, .target = "/", .keep_alive = true, .length = 1 },
	{ .name = "empty Host", TEXT("GET / HTTP/1.1\r\nHost:\r\n\r\n"),
		.request = true, .body = "", .method = HTTP1_GET, .target = "/", .keep_alive = true, .length = -1 },
	{ .name = "expectation", TEXT("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx"),
		.request = true, .body = "x", .method = HTTP1_POST, .target = "/", .keep_alive = true, .expect_continue = true, .length = 1 },
	{ .name = "no content after a length of 0", TEXT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
		.request = true, .body = "", .method = HTTP1_POST, .target = "/", .keep_alive = true, .length = 0 },
	{ .name = "an upgrade nobody follows", TEXT("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nxy"),
		.request = true, .body = "xy", .method = HTTP1_POST, .target = "/", .keep_alive = true, .length = 2 },
	{ .name = "absolute target", TEXT("POST http://a/p HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"),
		.request = true, .body = "x", .method = HTTP1_POST, .target = "http://a/p", .keep_alive = true, .length = 1 },

	{ .name = "answer", TEXT("HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\nContent-Length: 2\r\n\r\nhi"),
		.body = "hi", .method = HTTP1_OTHER, .status = 200, .type = "application/pkixcmp", .keep_alive = true, .length = 2 },
	{ .name = "answer in chunks", TEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
		.body = "x", .method = HTTP1_OTHER, .status = 200, .keep_alive = true, .chunked = true, .length = -1 },
	{ .name = "answer until the end", TEXT("HTTP/1.1 200 OK\r\n\r\nall of it"),
		.body = "all of it", .method = HTTP1_OTHER, .status = 200, .until_close = true, .length = -1 },
	{ .name = "answer of 1.0", TEXT("HTTP/1.0 500 no\r\nContent-Length: 1\r\n\r\n-"),
		.body = "-", .method = HTTP1_OTHER, .status = 500, .length = 1 },
	{ .name = "no reason phrase", TEXT("HTTP/1.1 503 \r\nContent-Length: 0\r\n\r\n"),
		.body = "", .method = HTTP1_OTHER, .status = 503, .keep_alive = true, .length = 0 },
	{ .name = "interim answer", TEXT("HTTP/1.1 100 Continue\r\n\r\n"),
		.body = "", .method = HTTP1_OTHER, .status = 100, .keep_alive = true, .length = -1 },
	{ .name = "no content", TEXT("HTTP/1.1 204 No Content\r\n\r\n"),
		.body = "", .method = HTTP1_OTHER, .status = 204, .keep_alive = true, .length = -1 },
};

static void
same_text(struct span got, const char *want)
{
	if (want == NULL)
		assert_int_equal(got.len, 0);
	else
		assert_true(span_equal(got, span_text(want)));
}

static void
check_good(const struct good *g, const struct http1 *h)
{
	const struct http1_head *head = http1_head(h);

	same_text(http1_body(h), g->body);
	assert_int_equal(http1_received(h), strlen(g->body));
	assert_int_equal(head->method, g->method);
	assert_int_equal(head->status, g->status);
	assert_int_equal(head->keep_alive, g->keep_alive);
	assert_int_equal(head->chunked, g->chunked);
	assert_int_equal(head->expect_continue, g->expect_continue);
	assert_false(head->expect_other);
	assert_int_equal(head->content_length, g->length);
	same_text(head->target, g->target);
	same_text(head->content_type, g->type);
	assert_true(http1_headed(h) && http1_started(h));
}

static void
whole_and_in_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		for (size_t piece = 1; piece <= good[i].len; piece++) {
			const struct good *g = &good[i];
			struct http1 *h = http1_new(g->request, BODY_MAX);
			size_t end;
			enum http1_step step = feed(h, span_of(g->octets, g->len), piece, &end);
			if (step == HTTP1_MORE && g->until_close)
				step = http1_end(h);
			if (step != HTTP1_DONE || end != g->len)
				fail_msg("%s, pieces of %zu: step %d after %zu of %zu: %s", g->name, piece, (int)step, end, g->len,
					http1_fault(h).text != NULL ? http1_fault(h).text : "no fault");
			check_good(g, h);
			assert_int_equal(http1_end(h), HTTP1_DONE);
			http1_free(h);
		}
}

// What follows a message belongs to the next one.
static void
leaves_what_follows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		const struct good *g = &good[i];
		struct buffer b;
		size_t end;
		if (g->until_close)
			continue;
		buffer_init(&b, 1024);
		assert_true(buffer_append(&b, span_of(g->octets, g->len)) && buffer_append_text(&b, "POST /next HTTP/1.1\r\n\r\n"));
		struct http1 *h = http1_new(g->request, BODY_MAX);
		if (feed(h, buffer_span(&b), b.len, &end) != HTTP1_DONE || end != g->len)
			fail_msg("%s took %zu of %zu", g->name, end, g->len);
		check_good(g, h);
		http1_free(h);
		buffer_clear(&b);
	}
}

static void
cut_off_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		for (size_t len = 0; len < good[i].len; len++) {
			const struct good *g = &good[i];
			// In its own allocation, so that reading on is seen.
			uint8_t *copy = malloc(len > 0 ? len : 1);
			memcpy(copy, g->octets, len);
			struct http1 *h = http1_new(g->request, BODY_MAX);
			size_t end;
			enum http1_step step = feed(h, span_of(copy, len), len > 0 ? len : 1, &end);
			if (step != HTTP1_MORE)
				fail_msg("%s cut at %zu: step %d", g->name, len, (int)step);
			assert_int_equal(http1_end(h), g->until_close && http1_headed(h) ? HTTP1_DONE : HTTP1_BAD);
			http1_free(h);
			free(copy);
		}
}

// ---- What is not

struct bad { const char *name, *octets; size_t len; int status; };

#define LINE "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED LINE "Transfer-Encoding: chunked\r\n\r\n"

static const struct bad bad_requests[] = {
	{ "length beside chunks", TEXT(LINE "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400 },
	{ "chunks beside length", TEXT(LINE "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"), 400 },
	{ "two lengths", TEXT(LINE "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), 400 },
	{ "the same length twice", TEXT(LINE "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"), 400 },
	{ "a list of lengths", TEXT(LINE "Content-Length: 1, 1\r\n\r\na"), 400 },
	{ "a signed length", TEXT(LINE "Content-Length: +1\r\n\r\na"), 400 },
	{ "a negative length", TEXT(LINE "Content-Length: -1\r\n\r\na"), 400 },
	{ "a hexadecimal length", TEXT(LINE "Content-Length: 0x1\r\n\r\na"), 400 },
	{ "an empty length", TEXT(LINE "Content-Length:\r\n\r\na"), 400 },
	{ "a length in two parts", TEXT(LINE "Content-Length: 1 0\r\n\r\na"), 400 },
	{ "a length beyond all numbers", TEXT(LINE "Content-Length: 18446744073709551617\r\n\r\na"), 400 },
	{ "a length over the limit", TEXT(LINE "Content-Length: 33\r\n\r\n"), 413 },
	{ "a length far over the limit", TEXT(LINE "Content-Length: 999999999999999\r\n\r\n"), 413 },
	{ "another coding", TEXT(LINE "Transfer-Encoding: gzip\r\n\r\n"), 501 },
	{ "two codings", TEXT(LINE "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501 },
	{ "two fields of codings", TEXT(LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 501 },
	{ "a coding like chunked", TEXT(LINE "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 501 },
	{ "a coding with a vertical tab", TEXT(LINE "Transfer-Encoding: \x0b" "chunked\r\n\r\n0\r\n\r\n"), 501 },
	{ "identity", TEXT(LINE "Transfer-Encoding: identity\r\n\r\n"), 501 },
	{ "a blank before the colon", TEXT(LINE "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), 400 },
	{ "a field without a name", TEXT(LINE ": 1\r\n\r\n"), 400 },
	{ "a field without a colon", TEXT(LINE "Content-Length\r\n\r\n"), 400 },
	{ "a folded field", TEXT(LINE "X: a\r\n b\r\n\r\n"), 400 },
	{ "a folded field with a tab", TEXT(LINE "X: a\r\n\tContent-Length: 1\r\n\r\n"), 400 },
	{ "a blank before the first field", TEXT("POST / HTTP/1.1\r\n Host: a\r\n\r\n"), 400 },
	{ "NUL in a value", TEXT(LINE "X: a\0b\r\n\r\n"), 400 },
	{ "NUL in a name", TEXT(LINE "X\0: a\r\n\r\n"), 400 },
	{ "NUL in the target", TEXT("POST /\0 HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "a control character in a value", TEXT(LINE "X: a\x01" "b\r\n\r\n"), 400 },
	{ "DEL in a value", TEXT(LINE "X: a\x7f\r\n\r\n"), 400 },
	{ "LF alone in the head", TEXT("POST / HTTP/1.1\nHost: a\r\n\r\n"), 400 },
	{ "LF alone before a field", TEXT(LINE "X: a\nContent-Length: 1\r\n\r\na"), 400 },
	{ "LF alone everywhere", TEXT("POST / HTTP/1.1\nHost: a\n\n"), 400 },
	{ "CR alone in a value", TEXT(LINE "X: a\rb\r\n\r\n"), 400 },
	{ "no version", TEXT("POST /\r\nHost: a\r\n\r\n"), 400 },
	{ "an empty request line", TEXT("  \r\nHost: a\r\n\r\n"), 400 },
	{ "two blanks", TEXT("POST  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "a blank in the target", TEXT("POST /a b HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "UTF-8 in the target", TEXT("POST /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "an unknown method", TEXT("P\"ST / HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "another protocol", TEXT("POST / HTTQ/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "an answer", TEXT("HTTP/1.1 200 OK\r\n\r\n"), 400 },
	{ "TLS", TEXT("\x16\x03\x01\x00\x05\r\n\r\n"), 400 },
	{ "no Host", TEXT("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\na"), 400 },
	{ "two Hosts", TEXT(LINE "Host: b\r\n\r\n"), 400 },
	{ "chunks in 1.0", TEXT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400 },

	{ "a chunk without a size", TEXT(CHUNKED "\r\nabc\r\n0\r\n\r\n"), 400 },
	{ "a chunk size of letters", TEXT(CHUNKED "g\r\nabc\r\n0\r\n\r\n"), 400 },
	{ "a negative chunk size", TEXT(CHUNKED "-1\r\nabc\r\n0\r\n\r\n"), 400 },
	{ "a chunk size with 0x", TEXT(CHUNKED "0x3\r\nabc\r\n0\r\n\r\n"), 400 },
	{ "a blank before the chunk size", TEXT(CHUNKED " 3\r\nabc\r\n0\r\n\r\n"), 400 },
	{ "a chunk size beyond 64 bits", TEXT(CHUNKED "10000000000000003\r\nabc\r\n0\r\n\r\n"), 400 },
	{ "a chunk longer than told", TEXT(CHUNKED "2\r\nabc\r\n0\r\n\r\n"), 400 },
	{ "a chunk that does not end", TEXT(CHUNKED "3\r\nabcXX0\r\n\r\n"), 400 },
	{ "a chunk that ends with LF", TEXT(CHUNKED "3\r\nabc\n0\r\n\r\n"), 400 },
	{ "a chunk size that ends with LF", TEXT(CHUNKED "3\nabc\r\n0\r\n\r\n"), 400 },
	{ "a chunk size that ends with CR and more", TEXT(CHUNKED "3\rXabc\r\n0\r\n\r\n"), 400 },
	{ "a last chunk that ends with CR and more", TEXT(CHUNKED "0\rX\r\n\r\n"), 400 },
	{ "LF in a chunk extension", TEXT(CHUNKED "3;a\nb\r\nabc\r\n0\r\n\r\n"), 400 },
	{ "NUL in a chunk extension", TEXT(CHUNKED "3;a\0b\r\nabc\r\n0\r\n\r\n"), 400 },
	{ "a chunk announced too large", TEXT(CHUNKED "ffffffff\r\n"), 413 },
	{ "a trailer that is a request", TEXT(CHUNKED "0\r\nGET / HTTP/1.1\r\n\r\n"), 400 },
	{ "a folded trailer", TEXT(CHUNKED "0\r\nX: a\r\n b\r\n\r\n"), 400 },
	{ "LF alone in a trailer", TEXT(CHUNKED "0\r\nX: a\nY: b\r\n\r\n"), 400 },
	{ "more chunks than allowed", TEXT(CHUNKED "20\r\n01234567890123456789012345678901\r\n1\r\n2\r\n0\r\n\r\n"), 413 },
	{ "one chunk too large", TEXT(CHUNKED "21\r\n012345678901234567890123456789012\r\n0\r\n\r\n"), 413 },
};

static const struct bad bad_answers[] = {
	{ "a request", TEXT("POST / HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "a status of two digits", TEXT("HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"), 400 },
	{ "a status of four digits", TEXT("HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"), 400 },
	{ "chunks in 1.0", TEXT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400 },
	{ "more until the end than allowed", TEXT("HTTP/1.1 200 OK\r\n\r\n012345678901234567890123456789012"), 413 },
	{ "no status", TEXT("HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n"), 400 },
	{ "another protocol", TEXT("ICY 200 OK\r\nContent-Length: 0\r\n\r\n"), 400 },
	{ "length beside chunks", TEXT("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400 },
	{ "two lengths", TEXT("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"), 400 },
	{ "another coding", TEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"), 501 },
	{ "a folded field", TEXT("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"), 400 },
	{ "LF alone", TEXT("HTTP/1.1 200 OK\nContent-Length: 0\n\n"), 400 },
	{ "too large", TEXT("HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n"), 413 },
	{ "a chunk that does not end", TEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n"), 400 },
};

static void
check_bad(const struct bad *b, bool request, size_t piece)
{
	struct http1 *h = http1_new(request, BODY_MAX);
	size_t end, used = 7;

	enum http1_step step = feed(h, span_of(b->octets, b->len), piece, &end);
	if (step != HTTP1_BAD || http1_fault(h).status != b->status)
		fail_msg("%s, pieces of %zu: step %d, status %d instead of %d, body \"%.*s\"", b->name, piece, (int)step,
			http1_fault(h).status, b->status, (int)http1_body(h).len, (const char *)http1_body(h).data);
	assert_non_null(http1_fault(h).text);
	assert_false(http1_headed(h));
	// It stays broken, and takes nothing any more.
	assert_int_equal(http1_feed(h, span_text("GET / HTTP/1.1\r\n\r\n"), &used), HTTP1_BAD);
	assert_int_equal(used, 0);
	assert_int_equal(http1_end(h), HTTP1_BAD);
	assert_int_equal(http1_fault(h).status, b->status);
	http1_free(h);
}

static void
malformed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_requests); i++)
		for (size_t piece = 1; piece <= bad_requests[i].len; piece++)
			check_bad(&bad_requests[i], true, piece);
	for (size_t i = 0; i < COUNT(bad_answers); i++)
		for (size_t piece = 1; piece <= bad_answers[i].len; piece++)
			check_bad(&bad_answers[i], false, piece);
}

// ---- Limits, on both sides

// A request whose target, or whose head, has just this many octets.
static void
request_of(struct buffer *b, size_t target, size_t head)
{
	buffer_clear(b);
	assert_true(buffer_append_text(b, "POST /"));
	while (b->len < 5 + target)
		assert_true(buffer_append_octet(b, 'a'));
	assert_true(buffer_append_text(b, " HTTP/1.1\r\nHost: a\r\nX: "));
	while (b->len + 4 < head)
		assert_true(buffer_append_octet(b, 'x'));
	assert_true(buffer_append_text(b, "\r\n\r\n"));
}

static void
limits(void **state)
{
	static const struct { size_t target, head; enum http1_step step; int status; } rows[] = {
		{ HTTP1_TARGET_MAX, 0, HTTP1_DONE, 0 }, { HTTP1_TARGET_MAX + 1, 0, HTTP1_BAD, 414 },
		{ 1, HTTP1_HEAD_MAX, HTTP1_DONE, 0 }, { 1, HTTP1_HEAD_MAX + 1, HTTP1_BAD, 431 },
		{ 1, 3 * HTTP1_HEAD_MAX, HTTP1_BAD, 431 },
	};
	static const size_t pieces[] = { 1, 1000, 65536 };
	struct buffer b;
	size_t end;

	(void)state;
	buffer_init(&b, 4 * HTTP1_HEAD_MAX);
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t p = 0; p < COUNT(pieces); p++) {
			request_of(&b, rows[i].target, rows[i].head);
			struct http1 *h = http1_new(true, BODY_MAX);
			enum http1_step step = feed(h, buffer_span(&b), pieces[p], &end);
			if (step != rows[i].step || http1_fault(h).status != rows[i].status)
				fail_msg("row %zu, pieces of %zu: step %d, status %d", i, pieces[p], (int)step, http1_fault(h).status);
			http1_free(h);
		}
	buffer_clear(&b);
}

// Chunks whose extension, or whose trailer, has just this many octets.
static void
chunk_limits(void **state)
{
	static const struct { size_t line, trailers; enum http1_step step; } rows[] = {
		{ HTTP_CHUNK_LINE_MAX, 0, HTTP1_DONE }, { HTTP_CHUNK_LINE_MAX + 1, 0, HTTP1_BAD },
		{ 0, HTTP_TRAILERS_MAX, HTTP1_DONE }, { 0, HTTP_TRAILERS_MAX + 1, HTTP1_BAD },
	};
	struct buffer b;
	size_t end;

	(void)state;
	buffer_init(&b, 8192);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buffer_clear(&b);
		assert_true(buffer_append_text(&b, CHUNKED "1;"));
		for (size_t n = 1; n < rows[i].line; n++)
			assert_true(buffer_append_octet(&b, 'e'));
		assert_true(buffer_append_text(&b, "\r\nx\r\n0\r\nT:"));
		// The CR of the last line counts; after it nothing is open any more.
		for (size_t n = sizeof("T:\r\n\r") - 1; n < rows[i].trailers; n++)
			assert_true(buffer_append_octet(&b, 't'));
		assert_true(buffer_append_text(&b, "\r\n\r\n"));
		struct http1 *h = http1_new(true, BODY_MAX);
		enum http1_step step = feed(h, buffer_span(&b), b.len, &end);
		if (step != rows[i].step)
			fail_msg("row %zu: step %d", i, (int)step);
		http1_free(h);
	}
	buffer_clear(&b);
}

static void
empty_lines_before(void **state)
{
	struct http1 *h = http1_new(true, BODY_MAX);
	struct span in = span_text("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
	size_t end;

	(void)state;
	assert_int_equal(feed(h, in, in.len, &end), HTTP1_DONE);
	assert_int_equal(end, in.len);
	assert_int_equal(http1_head(h)->method, HTTP1_GET);
	http1_free(h);
}

static void
another_expectation(void **state)
{
	struct http1 *h = http1_new(true, BODY_MAX);
	struct span in = span_text(LINE "Expect: 200-maybe\r\nContent-Length: 0\r\n\r\n");
	size_t end;

	(void)state;
	assert_int_equal(feed(h, in, in.len, &end), HTTP1_DONE);
	assert_true(http1_head(h)->expect_other);
	assert_false(http1_head(h)->expect_continue);
	http1_free(h);
}

static void
nothing_came(void **state)
{
	struct http1 *h = http1_new(true, BODY_MAX);
	size_t used = 7;

	(void)state;
	assert_int_equal(http1_feed(h, span_of(NULL, 0), &used), HTTP1_MORE);
	assert_int_equal(used, 0);
	assert_false(http1_started(h) || http1_headed(h));
	assert_int_equal(http1_end(h), HTTP1_BAD);
	http1_free(h);
	http1_free(NULL);
	assert_true(strlen(http1_library()) > 3);
}

static void
without_memory(void **state)
{
	const struct good *g = &good[2];
	size_t end;

	(void)state;
	for (uint64_t n = 1; n < 8; n++) {
		mem_fail(n, 0);
		struct http1 *h = http1_new(true, BODY_MAX);
		if (h == NULL) {
			mem_fail(0, 0);
			continue;
		}
		enum http1_step step = feed(h, span_of(g->octets, g->len), 5, &end);
		mem_fail(0, 0);
		assert_true(step == HTTP1_DONE || (step == HTTP1_BAD && http1_fault(h).status >= 400));
		if (step == HTTP1_DONE)
			check_good(g, h);
		http1_free(h);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_and_in_pieces),
		cmocka_unit_test(leaves_what_follows),
		cmocka_unit_test(cut_off_anywhere),
		cmocka_unit_test(malformed),
		cmocka_unit_test(limits),
		cmocka_unit_test(chunk_limits),
		cmocka_unit_test(empty_lines_before),
		cmocka_unit_test(another_expectation),
		cmocka_unit_test(nothing_came),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
