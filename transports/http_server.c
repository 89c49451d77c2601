// SPDX-License-Identifier: GPL-3.0-or-later
// The listener side: requests in order, one exchange at a time per connection.
#include <stdio.h>

#include "base/clock.h"
#include "base/handle.h"
#include "base/list.h"
#include "base/map.h"
#include "base/memory.h"
#include "transports/http.h"
#include "transports/http1.h"
#include "transports/stream.h"

enum { PIPELINED_MAX = 65536 + HTTP1_HEAD_MAX, RATE_WINDOW_MS = 5000, LINGER_MS = 2000, FRESH_MS = 2000, BUSY_SECONDS = 10, RESPONSE_HEAD = 320 };

struct listener {
	const char *name;
	const struct driver_core *core;
	const struct transport_limits *limits;
	const struct http_listener_options *options;
	const char *own_path;
	void *owner;
	struct stream_listener *stream;
	struct handle_table connections;
	struct list all;
	bool draining;
	bool walking;			// over all connections: nobody is told in the midst of it
};

struct connection {
	struct list order;
	uint64_t handle;
	struct listener *listener;
	struct stream *stream;
	struct http1 *reader;		// NULL between requests
	struct buffer pending;		// octets of the next request, while one is served
	struct label label;
	uint64_t exchange;		// the core's; 0 = none
	bool busy;			// a reply is awaited
	bool keep_alive, half_closed, delivering;
	bool spoke;			// the first request has begun
	int64_t body_deadline_ms;
	size_t window_octets;		// content received when the rate was last looked at
};

// A request is on its way in, or may be.
static bool
is_arriving(const struct connection *c)
{
	return !c->busy && (c->reader != NULL || !c->spoke);
}

bool
http_listener_busy(const struct listener *l)
{
	for (struct list *n = l->all.next; n != &l->all; n = n->next)
		if (is_arriving(container_of(n, struct connection, order)))
			return true;
	return false;
}

static void
connection_end(struct connection *c)
{
	struct listener *l = c->listener;
	uint64_t exchange = c->busy ? c->exchange : 0;

	handle_close(&l->connections, c->handle);
	list_remove(&c->order);
	http1_free(c->reader);
	buffer_clear(&c->pending);
	mem_free(c);
	if (exchange != 0)
		l->core->gone(l->core->context, exchange);
	if (l->draining && !l->walking && !http_listener_busy(l))
		l->core->quiet(l->core->context, l->owner);
}

static void
drop(struct connection *c)
{
	stream_close(c->stream);
	connection_end(c);
}

// Let the response leave, then close.
static void
finish(struct connection *c)
{
	bool patient = stream_pending(c->stream) > 0 && !c->listener->draining;

	stream_finish(c->stream, patient ? c->listener->limits->write_timeout : LINGER_MS);
	connection_end(c);
}

// ---- responses

static const char *
phrase(int status)
{
	switch (status) {
	case 200: return "OK";
	case 400: return "Bad Request";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 408: return "Request Timeout";
	case 411: return "Length Required";
	case 413: return "Content Too Large";
	case 414: return "URI Too Long";
	case 415: return "Unsupported Media Type";
	case 417: return "Expectation Failed";
	case 429: return "Too Many Requests";
	case 431: return "Request Header Fields Too Large";
	case 501: return "Not Implemented";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	case 504: return "Gateway Timeout";
	case 505: return "HTTP Version Not Supported";
	default: return "Internal Server Error";
	}
}

// Write a response; false when the connection cannot take it.
static bool
respond(struct connection *c, int status, const char *type, struct span content, unsigned retry_after, bool keep)
{
	char room[RESPONSE_HEAD];
	struct http_text head = { .at = room, .size = sizeof(room) };
	struct span parts[2];

	http_text_add(&head, "HTTP/1.1 ");
	http_text_number(&head, (size_t)status);
	http_text_add(&head, " ");
	http_text_add(&head, phrase(status));
	http_text_add(&head, status == 405 ? "\r\nAllow: POST" : "");
	if (retry_after > 0) {
		http_text_add(&head, "\r\nRetry-After: ");
		http_text_number(&head, retry_after);
	}
	http_text_add(&head, "\r\nContent-Type: ");
	http_text_add(&head, type);
	http_text_add(&head, "\r\nContent-Length: ");
	http_text_number(&head, content.len);
	http_text_add(&head, "\r\nCache-Control: no-store\r\n");
	http_text_add(&head, keep ? "\r\n" : "Connection: close\r\n\r\n");
	if (head.failed)
		return false;
	parts[0] = http_text_span(&head);
	parts[1] = content;
	return stream_write(c->stream, parts, content.len > 0 ? 2 : 1);
}

// Answer a fault of the transport with one sentence, and close. asked: what
// stood in the way, for the log.
static void
refuse_for(struct connection *c, int status, const char *text, struct span asked)
{
	struct listener *l = c->listener;
	char line[200], code[12], shown[256] = "";
	struct peer peer;
	int n = snprintf(line, sizeof(line), "%s\n", text);

	l->core->count(l->core->context, "http.refused");
	snprintf(code, sizeof(code), "%d", status);
	if (asked.len > 0)
		snprintf(shown, sizeof(shown), "%.*s", (int)(asked.len < sizeof(shown) ? asked.len : sizeof(shown) - 1), (const char *)asked.data);
	stream_peer(c->stream, &peer);
	struct driver_refusal refusal = { .answer = code, .asked = asked.len > 0 ? shown : NULL, .text = text };
	driver_refused(l->core, l->owner, &peer, &refusal);
	respond(c, status, "text/plain; charset=utf-8", span_of(line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1), 0, false);
	finish(c);
}

static void
refuse(struct connection *c, int status, const char *text)
{
	refuse_for(c, status, text, span_of("", 0));
}

// Large uploads hold all the memory they may.
static void
refuse_busy(struct connection *c)
{
	static const char text[] = "limits.bytes_in_flight is used up\n";

	c->listener->core->count(c->listener->core->context, "http.busy");
	respond(c, 503, "text/plain; charset=utf-8", span_of(text, sizeof(text) - 1), BUSY_SECONDS, false);
	finish(c);
}

static int
status_of(enum refusal r)
{
	static const int table[REFUSE_COUNT] = {
		[REFUSE_BUSY] = 503, [REFUSE_TRY_AGAIN] = 503, [REFUSE_UNAVAILABLE] = 503, [REFUSE_TIMEOUT] = 504,
		[REFUSE_BAD_UPSTREAM] = 502, [REFUSE_MALFORMED] = 400, [REFUSE_TOO_LARGE] = 413, [REFUSE_NOT_FOUND] = 404,
		[REFUSE_RATE] = 429, [REFUSE_INTERNAL] = 500
	};

	return table[r];
}

static bool
send_reply(struct connection *c, const struct reply *reply, bool keep)
{
	char line[512];

	if (reply->kind == REPLY_ANSWER)
		return respond(c, 200, HTTP_CONTENT_TYPE, blob_span(reply->message), 0, keep);
	int status = status_of(reply->reason);
	if (reply->message != NULL)
		return respond(c, status, HTTP_CONTENT_TYPE, blob_span(reply->message), reply->seconds, keep);
	int n = snprintf(line, sizeof(line), "%s\n", reply->text != NULL ? reply->text : phrase(status));
	return respond(c, status, "text/plain; charset=utf-8", span_of(line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1),
		reply->seconds, keep);
}

static void feed(struct connection *c, struct span octets);

// Until the next request begins.
static void
rest(struct connection *c)
{
	stream_deadline(c->stream, clock_mono_ms() + c->listener->limits->idle_timeout);
	stream_idle(c->stream, true);
}

static void
go_on(struct connection *c)
{
	// The next request waits until the response has left: a peer that does not
	// read costs one response.
	if (stream_pending(c->stream) > 0) {
		stream_deadline(c->stream, clock_mono_ms() + c->listener->limits->write_timeout);
		return;
	}
	struct buffer next = c->pending;
	buffer_init(&c->pending, PIPELINED_MAX);
	buffer_count(&c->pending);
	if (next.len == 0) {
		buffer_clear(&next);
		if (c->half_closed) {
			finish(c);
			return;
		}
		rest(c);
		return;
	}
	stream_pause(c->stream, false);
	feed(c, buffer_span(&next));
	buffer_clear(&next);
}

void
http_listener_respond(struct listener *l, uint64_t token, const struct reply *reply)
{
	struct connection *c = handle_find(&l->connections, token);

	if (c == NULL || !c->busy)
		return;
	c->busy = false;
	c->exchange = 0;
	http1_free(c->reader);
	c->reader = NULL;
	bool keep = c->keep_alive && !l->draining;
	if (reply->kind == REPLY_NOTHING || reply->kind == REPLY_LATER || !send_reply(c, reply, keep)) {
		drop(c);
		return;
	}
	if (!keep)
		finish(c);
	else if (!c->delivering)
		go_on(c);
}

// ---- requests

// Judge a head; false when the request was refused (and the connection is gone).
static bool
accept_head(struct connection *c)
{
	const struct http1_head *h = http1_head(c->reader);
	struct listener *l = c->listener;
	static const char go[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct span part = span_of(go, sizeof(go) - 1);

	memset(&c->label, 0, sizeof(c->label));
	c->keep_alive = h->keep_alive;
	if (!http_path_resolve(&c->label, h->target, h->host, &l->options->paths, l->own_path))
		return refuse_for(c, 404, "no CMP service under this path; see /.well-known/cmp", h->target), false;
	if (h->method != HTTP1_POST)
		return refuse(c, 405, "CMP is spoken by POST only"), false;
	if (h->expect_other)
		return refuse(c, 417, "the only expectation served is 100-continue"), false;
	if (!http_is_pkixcmp(h->content_type))
		return refuse_for(c, 415, "the content must be " HTTP_CONTENT_TYPE, h->content_type), false;
	if (!h->chunked && h->content_length < 0)
		return refuse(c, 411, "send Content-Length, or chunks"), false;
	if (!h->chunked && h->content_length == 0)
		return refuse(c, 400, "the content is empty"), false;
	if (h->expect_continue && h->minor >= 1 && !stream_write(c->stream, &part, 1))
		return drop(c), false;
	c->body_deadline_ms = clock_mono_ms() + l->limits->body_timeout;
	c->window_octets = 0;
	stream_deadline(c->stream, clock_mono_ms() + (l->limits->body_timeout < RATE_WINDOW_MS ? l->limits->body_timeout : RATE_WINDOW_MS));
	return true;
}

// A whole request: hand it over. The reply may come before deliver() returns,
// and may end the connection.
static void
deliver(struct connection *c)
{
	struct listener *l = c->listener;
	uint64_t handle = c->handle;
	struct peer peer;

	struct blob *message = blob_new(http1_body(c->reader));
	if (message == NULL) {
		refuse(c, 503, "out of memory");
		return;
	}
	http1_empty(c->reader);		// its octets are in the blob, and count once
	stream_peer(c->stream, &peer);
	stream_deadline(c->stream, 0);
	c->busy = c->delivering = true;
	uint64_t exchange = l->core->deliver(l->core->context, l->owner, handle, &peer, &c->label, CONTENT_PKIMESSAGE, message, span_of(NULL, 0));
	blob_unref(message);
	c = handle_find(&l->connections, handle);
	if (c == NULL)
		return;
	c->delivering = false;
	if (c->busy) {
		c->exchange = exchange;
		http1_free(c->reader);
		c->reader = NULL;
	}
}

// Octets that came while a request is served: the next one, kept in bounds.
static void
keep_pending(struct connection *c, struct span octets)
{
	if (octets.len == 0)
		return;
	if (transport_crowded(c->listener->limits, c->pending.len + octets.len) || !buffer_append(&c->pending, octets)) {
		drop(c);
		return;
	}
	if (c->pending.len > HTTP1_HEAD_MAX)
		stream_pause(c->stream, true);
}

static void
feed(struct connection *c, struct span octets)
{
	struct listener *l = c->listener;
	uint64_t handle = c->handle;
	size_t used;

	while (octets.len > 0) {
		if (c->busy || (c->reader == NULL && stream_pending(c->stream) > 0)) {
			keep_pending(c, octets);
			return;
		}
		if (c->reader == NULL) {
			c->reader = http1_new(true, (size_t)l->limits->max_message);
			if (c->reader == NULL) {
				drop(c);
				return;
			}
			stream_idle(c->stream, false);
			c->spoke = true;
			stream_deadline(c->stream, clock_mono_ms() + l->limits->header_timeout);
		}
		enum http1_step step = http1_feed(c->reader, octets, &used);
		octets = span_of(octets.data + used, octets.len - used);
		if (step == HTTP1_BAD) {
			struct http1_fault fault = http1_fault(c->reader);
			refuse(c, fault.status, fault.text);
			return;
		}
		if (step == HTTP1_HEADED && !accept_head(c))
			return;
		if (step != HTTP1_DONE && transport_crowded(l->limits, http1_received(c->reader))) {
			refuse_busy(c);
			return;
		}
		if (step != HTTP1_DONE)
			continue;
		if (http1_body(c->reader).len == 0) {
			refuse(c, 400, "the content is empty");
			return;
		}
		deliver(c);
		c = handle_find(&l->connections, handle);
		if (c == NULL)
			return;
	}
	if (!c->busy && c->reader == NULL)
		go_on(c);
}

static void
on_read(void *owner, struct span octets)
{
	feed(owner, octets);
}

// A client may close its side and wait for its answer.
static void
on_ended(void *owner, bool well, const char *text)
{
	struct connection *c = owner;

	(void)text;
	c->half_closed = true;
	if (!well)
		drop(c);
	else if (!c->busy && (c->reader != NULL || stream_pending(c->stream) == 0))
		finish(c);
}

static void
on_expired(void *owner)
{
	struct connection *c = owner;
	const struct transport_limits *limits = c->listener->limits;
	int64_t now = clock_mono_ms();

	if (c->reader == NULL) {
		drop(c);
		return;
	}
	if (http1_headed(c->reader) && now < c->body_deadline_ms) {
		size_t came = http1_received(c->reader) - c->window_octets;
		if (came >= (size_t)(limits->min_rate * RATE_WINDOW_MS / 1000)) {
			c->window_octets = http1_received(c->reader);
			int64_t next = now + RATE_WINDOW_MS;
			stream_deadline(c->stream, next < c->body_deadline_ms ? next : c->body_deadline_ms);
			return;
		}
	}
	refuse(c, 408, "the request did not arrive in time");
}

static void
on_drained(void *owner)
{
	struct connection *c = owner;

	if (!c->busy && c->reader == NULL)
		go_on(c);
}

static const struct stream_events events = { .read = on_read, .ended = on_ended, .drained = on_drained, .expired = on_expired };

static void
on_accepted(void *context, struct stream *s)
{
	struct listener *l = context;
	struct connection *c = mem_alloc(sizeof(*c));

	if (c == NULL || (c->handle = handle_open(&l->connections, c)) == 0) {
		mem_free(c);
		stream_close(s);
		return;
	}
	c->listener = l;
	c->stream = s;
	buffer_init(&c->pending, PIPELINED_MAX);
	buffer_count(&c->pending);
	list_append(&l->all, &c->order);
	stream_adopt(s, &events, c);
	rest(c);
}

// ---- the listener

struct listener *
http_listener_open(const struct listener_setup *setup, struct fault *f)
{
	struct listener *l = mem_alloc(sizeof(*l));

	if (l == NULL) {
		fault_set(f, FAIL_NONE, "", "out of memory");
		return NULL;
	}
	l->name = setup->name;
	l->core = setup->core;
	l->limits = setup->limits;
	l->options = setup->options;
	l->own_path = setup->url->path;
	l->owner = setup->owner;
	list_init(&l->all);
	handle_table_init(&l->connections);
	l->stream = stream_listen(setup->core->loop, setup->descriptors, setup->descriptor_count, setup->limits, on_accepted, l, f);
	if (l->stream == NULL) {
		handle_table_clear(&l->connections);
		mem_free(l);
		return NULL;
	}
	return l;
}

bool
http_listener_url(const struct listener *l, size_t i, char *out, size_t size)
{
	char address[80];

	if (!stream_listener_address(l->stream, i, address, sizeof(address)))
		return false;
	snprintf(out, size, "http://%s%s", address, l->own_path);
	return true;
}

void
http_listener_drain(struct listener *l)
{
	struct list *next;

	l->draining = l->walking = true;
	stream_listener_drain(l->stream);
	for (struct list *n = l->all.next; n != &l->all; n = next) {
		struct connection *c = container_of(n, struct connection, order);
		next = n->next;
		// Who has just connected may be about to speak; who was served comes again.
		if (!c->spoke)
			stream_deadline(c->stream, clock_mono_ms() + FRESH_MS);
		else if (!c->busy && c->reader == NULL)
			finish(c);
	}
	l->walking = false;
}

struct closing { struct listener *listener; void (*closed)(void *context); void *context; };

static void
on_stream_closed(void *context)
{
	struct closing *closing = context;
	struct closing copy = *closing;

	handle_table_clear(&copy.listener->connections);
	mem_free(copy.listener);
	mem_free(closing);
	copy.closed(copy.context);
}

void
http_listener_close(struct listener *l, void (*closed)(void *context), void *context)
{
	static const char text[] = "the gateway is closing; send the request again\n";
	struct closing *closing = mem_alloc(sizeof(*closing));

	l->walking = true;
	while (!list_is_empty(&l->all)) {
		struct connection *c = container_of(l->all.next, struct connection, order);
		c->busy = false;	// the core lets its exchanges go by itself
		if (c->reader != NULL)
			respond(c, 503, "text/plain; charset=utf-8", span_of(text, sizeof(text) - 1), 1, false);
		finish(c);
	}
	if (closing == NULL)
		return;
	*closing = (struct closing){ l, closed, context };
	stream_listener_close(l->stream, on_stream_closed, closing);
}
