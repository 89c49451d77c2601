// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"
#include "transports/http1.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#ifdef USE_LLHTTP
#include <llhttp.h>
typedef llhttp_t parser_t;
typedef llhttp_settings_t parser_settings_t;
#else
#include <http_parser.h>
typedef http_parser parser_t;
typedef http_parser_settings parser_settings_t;
#endif

#include "base/memory.h"
#include "transports/http_chunks.h"

enum phase { PHASE_HEAD, PHASE_BODY, PHASE_DONE, PHASE_BAD };

// How the end of the content is found (RFC 9112 6.3).
enum content { CONTENT_NONE, CONTENT_LENGTH, CONTENT_CHUNKS, CONTENT_UNTIL_END };

struct http1 {
	parser_t parser;
#ifdef USE_LLHTTP
	parser_settings_t settings;
#endif
	bool request;
	enum phase phase;
	struct buffer raw;		// the head as it came
	bool leading_cr;		// a CR came before the head; its LF may follow
	struct buffer body;
	struct http1_head head;
	struct http1_fault fault;
	size_t max_body;
	enum content content;
	size_t left;			// CONTENT_LENGTH: octets still to come
	struct http_chunks chunks;
};

static enum http1_step
bad(struct http1 *h, int status, const char *text)
{
	if (h->phase != PHASE_BAD)
		h->fault = (struct http1_fault){ status, text };
	h->phase = PHASE_BAD;
	return HTTP1_BAD;
}

// ---- the head, strictly

struct line { struct span name, value; };

static struct span
trim(struct span s)
{
	while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = span_of(s.data + 1, s.len - 1);
	while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

// The next line up to its CR LF; false at the end or when a lone CR, LF or a NUL stands in it.
static bool
take_line(struct span *in, struct span *line)
{
	for (size_t i = 0; i < in->len; i++) {
		uint8_t c = in->data[i];
		if (c == '\0' || c == '\n')
			return false;
		if (c != '\r')
			continue;
		if (i + 1 >= in->len || in->data[i + 1] != '\n')
			return false;
		*line = span_of(in->data, i);
		*in = span_of(in->data + i + 2, in->len - i - 2);
		return true;
	}
	return false;
}

static bool
split_field(struct span line, struct line *out)
{
	const uint8_t *colon = memchr(line.data, ':', line.len);

	if (colon == NULL || colon == line.data)
		return false;
	out->name = span_of(line.data, (size_t)(colon - line.data));
	for (size_t i = 0; i < out->name.len; i++)
		if (!http_token_octet(out->name.data[i]))
			return false;
	out->value = trim(span_of(colon + 1, line.len - out->name.len - 1));
	return true;
}

static bool
is(struct span s, const char *text)
{
	return s.len == strlen(text) && strncasecmp((const char *)s.data, text, s.len) == 0;
}

// Digits only, no sign, no list; -1 when it is something else or too large to be true.
static int64_t
length_of(struct span v)
{
	int64_t n = 0;

	if (v.len == 0 || v.len > 15)
		return -1;
	for (size_t i = 0; i < v.len; i++) {
		if (v.data[i] < '0' || v.data[i] > '9')
			return -1;
		n = n * 10 + (v.data[i] - '0');
	}
	return n;
}

struct seen { unsigned lengths, encodings, hosts; };

static bool
read_field(struct http1 *h, const struct line *l, struct seen *seen)
{
	if (is(l->name, "content-length")) {
		h->head.content_length = length_of(l->value);
		if (seen->lengths++ > 0 || h->head.content_length < 0)
			return bad(h, 400, "Content-Length is malformed or stands twice"), false;
	} else if (is(l->name, "transfer-encoding")) {
		h->head.chunked = is(l->value, "chunked");
		if (seen->encodings++ > 0 || !h->head.chunked)
			return bad(h, 501, "the only Transfer-Encoding served is chunked"), false;
	} else if (is(l->name, "host")) {
		h->head.host = l->value;
		seen->hosts++;
	} else if (is(l->name, "content-type")) {
		h->head.content_type = l->value;
	} else if (is(l->name, "expect")) {
		h->head.expect_continue = is(l->value, "100-continue");
		h->head.expect_other = !h->head.expect_continue;
	}
	return true;
}

// "HTTP/1.1". The library forgives other letters.
static bool
version_well(struct span s)
{
	return s.len == 8 && memcmp(s.data, "HTTP/", 5) == 0 && s.data[5] >= '0' && s.data[5] <= '9' && s.data[6] == '.'
		&& s.data[7] >= '0' && s.data[7] <= '9';
}

static bool
read_status(struct http1 *h, struct span line)
{
	if (line.len < 12 || !version_well(span_of(line.data, 8)) || line.data[8] != ' ' || (line.len > 12 && line.data[12] != ' '))
		return bad(h, 400, "the status line is malformed"), false;
	for (size_t i = 9; i < 12; i++)
		if (line.data[i] < '0' || line.data[i] > '9')
			return bad(h, 400, "the status line is malformed"), false;
	return true;
}

static bool
read_target(struct http1 *h, struct span line)
{
	const uint8_t *first = memchr(line.data, ' ', line.len);

	if (first == NULL)
		return bad(h, 400, "the request line is malformed"), false;
	struct span rest = span_of(first + 1, line.len - (size_t)(first + 1 - line.data));
	const uint8_t *second = memchr(rest.data, ' ', rest.len);
	if (second == NULL || second == rest.data || !version_well(span_of(second + 1, rest.len - (size_t)(second + 1 - rest.data))))
		return bad(h, 400, "the request line is malformed"), false;
	h->head.target = span_of(rest.data, (size_t)(second - rest.data));
	for (size_t i = 0; i < h->head.target.len; i++)
		if (h->head.target.data[i] <= 0x20 || h->head.target.data[i] >= 0x7F)
			return bad(h, 400, "the request target holds octets that do not belong there"), false;
	if (h->head.target.len > HTTP1_TARGET_MAX)
		return bad(h, 414, "the request target is too long"), false;
	return true;
}

static bool
read_head(struct http1 *h)
{
	struct span in = buffer_span(&h->raw), text;
	struct seen seen = { 0, 0, 0 };
	struct line l;

	h->head.content_length = -1;
	if (!take_line(&in, &text))
		return bad(h, 400, "a line of the head does not end with CR LF, or holds NUL"), false;
	if (!(h->request ? read_target(h, text) : read_status(h, text)))
		return false;
	for (;;) {
		if (!take_line(&in, &text))
			return bad(h, 400, "a line of the head does not end with CR LF, or holds NUL"), false;
		if (text.len == 0)
			break;
		if (text.data[0] == ' ' || text.data[0] == '\t' || !split_field(text, &l))
			return bad(h, 400, "a header field is malformed or folded"), false;
		if (!read_field(h, &l, &seen))
			return false;
	}
	if (seen.encodings > 0 && seen.lengths > 0)
		return bad(h, 400, "Content-Length beside Transfer-Encoding"), false;
	if (h->request && seen.hosts > 1)
		return bad(h, 400, "Host stands twice"), false;
	return true;
}

// ---- the library

// The library judges the head; the content is read here, since builds of it
// differ in what they forgive between two chunks.
static bool
parse(struct http1 *h)
{
	struct span head = buffer_span(&h->raw);
#ifdef USE_LLHTTP
	enum llhttp_errno e = llhttp_execute(&h->parser, (const char *)head.data, head.len);
	return e == HPE_OK || e == HPE_PAUSED_UPGRADE;
#else
	static const parser_settings_t settings;
	size_t used = http_parser_execute(&h->parser, &settings, (const char *)head.data, head.len);
	return HTTP_PARSER_ERRNO(&h->parser) == HPE_OK && used == head.len;
#endif
}

static enum http1_method
method_of(const parser_t *p)
{
	switch (p->method) {
	case HTTP_POST: return HTTP1_POST;
	case HTTP_GET: return HTTP1_GET;
	case HTTP_HEAD: return HTTP1_HEAD;
	default: return HTTP1_OTHER;
	}
}

static bool
parse_head(struct http1 *h)
{
	if (!parse(h))
		return bad(h, h->request ? 400 : 0, "the head is not HTTP/1.x"), false;
	h->head.minor = h->parser.http_minor;
	h->head.method = h->request ? method_of(&h->parser) : HTTP1_OTHER;
	h->head.status = h->request ? 0 : (int)h->parser.status_code;
#ifdef USE_LLHTTP
	h->head.keep_alive = llhttp_should_keep_alive(&h->parser) != 0;
#else
	h->head.keep_alive = http_should_keep_alive(&h->parser) != 0;
#endif
	if (h->parser.http_major != 1)
		return bad(h, 505, "the version is not HTTP/1.x"), false;
	if (h->head.minor == 0 && h->head.chunked)
		return bad(h, 400, "HTTP/1.0 knows no Transfer-Encoding"), false;
	if (h->request && h->head.minor >= 1 && h->head.host.data == NULL)
		return bad(h, 400, "Host is missing"), false;
	if (h->head.content_length > (int64_t)h->max_body)
		return bad(h, 413, "the content is larger than allowed"), false;
	return true;
}

// ---- reading

struct http1 *
http1_new(bool request, size_t max_body)
{
	struct http1 *h = mem_alloc(sizeof(*h));

	if (h == NULL)
		return NULL;
	h->request = request;
	h->max_body = max_body;
	buffer_init(&h->raw, HTTP1_HEAD_MAX);
	buffer_init(&h->body, max_body);
	if (request)
		buffer_count(&h->body);	// of an upload
#ifdef USE_LLHTTP
	llhttp_settings_init(&h->settings);
	llhttp_init(&h->parser, request ? HTTP_REQUEST : HTTP_RESPONSE, &h->settings);
#else
	http_parser_init(&h->parser, request ? HTTP_REQUEST : HTTP_RESPONSE);
#endif
	return h;
}

void
http1_free(struct http1 *h)
{
	if (h == NULL)
		return;
	buffer_clear(&h->raw);
	buffer_clear(&h->body);
	mem_free(h);
}

// Where the head ends within raw, searched from `from`; 0 = not yet.
static size_t
head_end(const struct buffer *raw, size_t from)
{
	size_t start = from > 3 ? from - 3 : 0;
	const uint8_t *end = memmem(raw->data + start, raw->len - start, "\r\n\r\n", 4);

	return end != NULL ? (size_t)(end - raw->data) + 4 : 0;
}

// Whether a line that ended with LF alone is followed by an empty one, in the
// octets from `from` on that belong to the head.
static bool
ends_with_lf_alone(const struct buffer *raw, size_t from, size_t end)
{
	size_t start = from > 0 ? from - 1 : 0, len = end > 0 ? end : raw->len;

	return memmem(raw->data + start, len - start, "\n\n", 2) != NULL;
}

static enum content
content_of(const struct http1 *h)
{
	int status = h->head.status;

	if (!h->request && (status < 200 || status == 204 || status == 304))
		return CONTENT_NONE;
	if (h->head.chunked)
		return CONTENT_CHUNKS;
	if (h->head.content_length >= 0)
		return CONTENT_LENGTH;
	return h->request ? CONTENT_NONE : CONTENT_UNTIL_END;
}

// Empty lines before a request are tolerated (RFC 9112 2.2), wherever the
// segments break. Answers how many octets of them stand here.
static size_t
skip_empty_lines(struct http1 *h, struct span in)
{
	size_t skip = 0;

	for (; skip < in.len && in.data[skip] == (h->leading_cr ? '\n' : '\r'); skip++)
		h->leading_cr = !h->leading_cr;
	if (skip < in.len && h->leading_cr) {
		h->leading_cr = false;
		buffer_append_octet(&h->raw, '\r');	// no empty line after all
	}
	return skip;
}

static enum http1_step
feed_head(struct http1 *h, struct span in, size_t *used)
{
	// A handshake record has no line end that could be waited for.
	if (h->request && h->raw.len == 0 && in.data[0] == 0x16)
		return bad(h, 400, "this is a TLS ClientHello; this port speaks HTTP without TLS");
	size_t skip = h->raw.len == 0 ? skip_empty_lines(h, in) : 0;
	size_t before = h->raw.len;

	if (skip == in.len) {
		*used = in.len;
		return HTTP1_MORE;
	}
	size_t room = HTTP1_HEAD_MAX - before;
	size_t take = in.len - skip < room ? in.len - skip : room;
	// A head that comes whole, as nearly all do, is not copied together with its content.
	const uint8_t *whole = before == 0 ? memmem(in.data + skip, take, "\r\n\r\n", 4) : NULL;
	if (whole != NULL)
		take = (size_t)(whole - (in.data + skip)) + 4;
	if (!buffer_append(&h->raw, span_of(in.data + skip, take)))
		return bad(h, 503, "out of memory");
	size_t end = head_end(&h->raw, before);
	// A head that never ends because its lines end with LF alone is told at
	// once; first of all, so that the answer does not hang on the segments.
	if (ends_with_lf_alone(&h->raw, before, end))
		return bad(h, 400, "a line of the head does not end with CR LF");
	if (end == 0 && h->raw.len >= HTTP1_HEAD_MAX)
		return bad(h, 431, "the head is larger than 16 KiB");
	if (end == 0) {
		*used = in.len;
		return HTTP1_MORE;
	}
	*used = skip + end - before;
	h->raw.len = end;
	if (!read_head(h) || !parse_head(h))
		return HTTP1_BAD;
	h->content = content_of(h);
	h->left = h->content == CONTENT_LENGTH ? (size_t)h->head.content_length : 0;
	h->phase = h->content == CONTENT_NONE || (h->content == CONTENT_LENGTH && h->left == 0) ? PHASE_DONE : PHASE_BODY;
	return HTTP1_HEADED;
}

static enum http1_step
feed_chunks(struct http1 *h, struct span in, size_t *used)
{
	switch (http_chunks_feed(&h->chunks, in, used, &h->body)) {
	case HTTP_CHUNKS_MORE: return HTTP1_MORE;
	case HTTP_CHUNKS_DONE:
		h->phase = PHASE_DONE;
		return HTTP1_DONE;
	case HTTP_CHUNKS_LARGE: return bad(h, 413, "the content is larger than allowed");
	case HTTP_CHUNKS_MEMORY: return bad(h, 503, "out of memory");
	case HTTP_CHUNKS_BAD: break;
	}
	return bad(h, 400, "the chunks of the content are malformed");
}

static enum http1_step
feed_body(struct http1 *h, struct span in, size_t *used)
{
	if (h->content == CONTENT_CHUNKS)
		return feed_chunks(h, in, used);
	size_t n = h->content == CONTENT_LENGTH && h->left < in.len ? h->left : in.len;
	if (n > h->max_body - h->body.len)
		return bad(h, 413, "the content is larger than allowed");
	if (n > 0 && !buffer_append(&h->body, span_of(in.data, n)))
		return bad(h, 503, "out of memory");
	*used = n;
	if (h->content == CONTENT_UNTIL_END)
		return HTTP1_MORE;
	h->left -= n;
	if (h->left > 0)
		return HTTP1_MORE;
	h->phase = PHASE_DONE;
	return HTTP1_DONE;
}

enum http1_step
http1_feed(struct http1 *h, struct span octets, size_t *used)
{
	*used = 0;
	switch (h->phase) {
	case PHASE_HEAD: return octets.len > 0 ? feed_head(h, octets, used) : HTTP1_MORE;
	case PHASE_BODY: return feed_body(h, octets, used);
	case PHASE_DONE: return HTTP1_DONE;
	case PHASE_BAD: break;
	}
	return HTTP1_BAD;
}

enum http1_step
http1_end(struct http1 *h)
{
	if (h->phase == PHASE_BODY && h->content == CONTENT_UNTIL_END) {
		h->phase = PHASE_DONE;
		return HTTP1_DONE;
	}
	return h->phase == PHASE_DONE ? HTTP1_DONE : bad(h, 400, "the connection ended in the middle of a message");
}

const struct http1_head *
http1_head(const struct http1 *h)
{
	return &h->head;
}

struct span
http1_body(const struct http1 *h)
{
	return buffer_span(&h->body);
}

void
http1_empty(struct http1 *h)
{
	buffer_clear(&h->body);
}

struct http1_fault
http1_fault(const struct http1 *h)
{
	return h->fault;
}

bool
http1_started(const struct http1 *h)
{
	return h->raw.len > 0;
}

bool
http1_headed(const struct http1 *h)
{
	return h->phase == PHASE_BODY || h->phase == PHASE_DONE;
}

size_t
http1_received(const struct http1 *h)
{
	return h->body.len;
}

const char *
http1_library(void)
{
	static char text[40];

#ifdef USE_LLHTTP
	snprintf(text, sizeof(text), "llhttp %d.%d.%d", LLHTTP_VERSION_MAJOR, LLHTTP_VERSION_MINOR, LLHTTP_VERSION_PATCH);
#else
	snprintf(text, sizeof(text), "http-parser %d.%d.%d", HTTP_PARSER_VERSION_MAJOR, HTTP_PARSER_VERSION_MINOR, HTTP_PARSER_VERSION_PATCH);
#endif
	return text;
}
