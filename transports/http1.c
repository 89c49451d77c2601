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

enum phase { PHASE_HEAD, PHASE_BODY, PHASE_DONE, PHASE_BAD };

struct http1 {
	parser_t parser;
	bool request;
	enum phase phase;
	struct buffer raw;		// the head as it came
	struct buffer body;
	struct http1_head head;
	struct http1_fault fault;
	size_t max_body;
	bool complete;			// the parser has seen the end
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

static bool
token_octet(uint8_t c)
{
	return c > 0x20 && c < 0x7F && strchr("()<>@,;:\\\"/[]?={}", c) == NULL;
}

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
		if (!token_octet(out->name.data[i]))
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

static bool
read_target(struct http1 *h, struct span line)
{
	const uint8_t *first = memchr(line.data, ' ', line.len);

	if (first == NULL)
		return bad(h, 400, "the request line is malformed"), false;
	struct span rest = span_of(first + 1, line.len - (size_t)(first + 1 - line.data));
	const uint8_t *second = memchr(rest.data, ' ', rest.len);
	if (second == NULL)
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
	if (h->request && !read_target(h, text))
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

static int
on_body(parser_t *p, const char *at, size_t len)
{
	struct http1 *h = p->data;

	return buffer_append(&h->body, span_of(at, len)) ? 0 : 1;
}

static int
on_complete(parser_t *p)
{
	struct http1 *h = p->data;

	h->complete = true;
#ifdef USE_LLHTTP
	return HPE_PAUSED;
#else
	http_parser_pause(p, 1);
	return 0;
#endif
}

static const parser_settings_t *
callbacks(void)
{
	static parser_settings_t settings;
	static bool ready;

	if (!ready) {
		memset(&settings, 0, sizeof(settings));
		settings.on_body = on_body;
		settings.on_message_complete = on_complete;
		ready = true;
	}
	return &settings;
}

// Give octets to the library; false on its error. *used: octets it took.
static bool
parse(struct http1 *h, struct span in, size_t *used)
{
#ifdef USE_LLHTTP
	enum llhttp_errno e = llhttp_execute(&h->parser, (const char *)in.data, in.len);
	*used = e == HPE_OK ? in.len : (size_t)((const uint8_t *)llhttp_get_error_pos(&h->parser) - in.data);
	return e == HPE_OK || e == HPE_PAUSED;
#else
	*used = http_parser_execute(&h->parser, callbacks(), (const char *)in.data, in.len);
	enum http_errno e = HTTP_PARSER_ERRNO(&h->parser);
	return e == HPE_OK || e == HPE_PAUSED;
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
	size_t used;

	if (!parse(h, buffer_span(&h->raw), &used) || used != h->raw.len)
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
#ifdef USE_LLHTTP
	llhttp_init(&h->parser, request ? HTTP_REQUEST : HTTP_RESPONSE, callbacks());
#else
	http_parser_init(&h->parser, request ? HTTP_REQUEST : HTTP_RESPONSE);
#endif
	h->parser.data = h;
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

	for (size_t i = start; i + 4 <= raw->len; i++)
		if (memcmp(raw->data + i, "\r\n\r\n", 4) == 0)
			return i + 4;
	return 0;
}

static enum http1_step
feed_head(struct http1 *h, struct span in, size_t *used)
{
	size_t skip = 0, before = h->raw.len;

	// Empty lines before a request are tolerated (RFC 9112 2.2).
	while (before == 0 && skip + 1 < in.len && in.data[skip] == '\r' && in.data[skip + 1] == '\n')
		skip += 2;
	size_t room = HTTP1_HEAD_MAX - before;
	size_t take = in.len - skip < room ? in.len - skip : room;
	if (!buffer_append(&h->raw, span_of(in.data + skip, take)))
		return bad(h, 503, "out of memory");
	size_t end = head_end(&h->raw, before);
	if (end == 0 && h->raw.len >= HTTP1_HEAD_MAX)
		return bad(h, 431, "the head is larger than 16 KiB");
	// A head that never ends because its lines end with LF alone is told at once.
	if (end == 0 && h->raw.len >= 2 && memmem(h->raw.data, h->raw.len, "\n\n", 2) != NULL)
		return bad(h, 400, "a line of the head does not end with CR LF");
	if (end == 0) {
		*used = in.len;
		return HTTP1_MORE;
	}
	*used = skip + end - before;
	h->raw.len = end;
	if (!read_head(h) || !parse_head(h))
		return HTTP1_BAD;
	h->phase = h->complete ? PHASE_DONE : PHASE_BODY;
	return HTTP1_HEADED;
}

static enum http1_step
feed_body(struct http1 *h, struct span in, size_t *used)
{
	if (in.len == 0)
		return HTTP1_MORE;
	bool well = parse(h, in, used);
	if (h->body.failed)
		return bad(h, 413, "the content is larger than allowed");
	if (!well)
		return bad(h, 400, "the chunks of the content are malformed");
	if (!h->complete)
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
	if (h->phase == PHASE_BODY && !h->request && !h->head.chunked && h->head.content_length < 0) {
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
