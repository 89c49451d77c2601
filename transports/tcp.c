// SPDX-License-Identifier: GPL-3.0-or-later
// tcp: raw TCP messaging, both framings on one listener, with polling by
// reference for peers whose CA is slow (RFC 2510 5.2 and the later version 10).
#include <stdio.h>

#include "base/clock.h"
#include "base/handle.h"
#include "base/list.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/random.h"
#include "transports/driver.h"
#include "transports/stream.h"
#include "transports/tcp_frame.h"

enum {
	PENDING_MAX = 131072,		// octets of the next request while one is served
	RATE_WINDOW_MS = 5000,
	LINGER_MS = 2000,
	FRESH_MS = 2000,		// a draining listener waits so long for a first word
	WRONG_REFERENCES_MAX = 5,	// on one connection: whoever guesses has to connect again
	REFERENCES_PER_PEER = 4, REFERENCES_MAX = 256,
	REFERENCE_MS = 3600000
};

struct listener {
	const struct driver_core *core;
	const struct transport_limits *limits;
	void *owner;
	struct stream_listener *stream;
	struct handle_table connections;
	struct list all;
	struct list references;		// oldest first
	size_t reference_count;
	bool draining;
	bool walking;			// over all connections: nobody is told in the midst of it
};

// A promise to a peer: the ticket behind a polling reference.
struct reference {
	struct list order;
	uint32_t number;
	uint64_t ticket;
	int64_t ends_ms;
	char source[48];
};

struct connection {
	struct list order;
	uint64_t handle;
	struct listener *listener;
	struct stream *stream;
	struct tcp_reader reader;
	struct buffer pending;
	enum tcp_framing framing;	// of the request that is served
	bool close_after;
	unsigned wrong_references;
	bool busy, delivering, half_closed;
	bool spoke;			// the first request has begun
	uint64_t exchange;
	int64_t value_deadline_ms;
	size_t came, window;		// octets of the value under way, and when the rate was last looked at
};

// ---- references

static void
reference_free(struct listener *l, struct reference *r)
{
	list_remove(&r->order);
	l->reference_count--;
	mem_free(r);
}

static void
references_expire(struct listener *l)
{
	int64_t now = clock_mono_ms();

	while (!list_is_empty(&l->references)) {
		struct reference *r = container_of(l->references.next, struct reference, order);
		if (r->ends_ms > now)
			return;
		reference_free(l, r);
	}
}

static struct reference *
reference_find(struct listener *l, uint32_t number, const char *source)
{
	references_expire(l);
	for (struct list *n = l->references.next; n != &l->references; n = n->next) {
		struct reference *r = container_of(n, struct reference, order);
		if (r->number == number && strcmp(r->source, source) == 0)
			return r;
	}
	return NULL;
}

// A fresh reference for this peer; its oldest goes when it has too many. 0 = none to be had.
static uint32_t
reference_new(struct listener *l, const char *source, uint64_t ticket)
{
	struct reference *oldest = NULL, *r;
	size_t count = 0;

	references_expire(l);
	for (struct list *n = l->references.next; n != &l->references; n = n->next) {
		r = container_of(n, struct reference, order);
		if (strcmp(r->source, source) != 0)
			continue;
		if (r->ticket == ticket)
			return r->number;
		oldest = oldest == NULL ? r : oldest;
		count++;
	}
	if (count >= REFERENCES_PER_PEER)
		reference_free(l, oldest);
	else if (l->reference_count >= REFERENCES_MAX)
		reference_free(l, container_of(l->references.next, struct reference, order));
	r = mem_alloc(sizeof(*r));
	if (r == NULL || !random_octets(&r->number, sizeof(r->number))) {
		mem_free(r);
		return 0;
	}
	r->number = r->number == 0 ? 1 : r->number;
	r->ticket = ticket;
	r->ends_ms = clock_mono_ms() + REFERENCE_MS;
	snprintf(r->source, sizeof(r->source), "%s", source);
	list_append(&l->references, &r->order);
	l->reference_count++;
	return r->number;
}

// ---- a connection

// A request is on its way in, or may be.
static bool
is_arriving(const struct connection *c)
{
	return !c->busy && (!tcp_reader_between(&c->reader) || !c->spoke);
}

static bool
listener_busy(const struct listener *l)
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
	tcp_reader_clear(&c->reader);
	buffer_clear(&c->pending);
	mem_free(c);
	if (exchange != 0)
		l->core->gone(l->core->context, exchange);
	if (l->draining && !l->walking && !listener_busy(l))
		l->core->quiet(l->core->context, l->owner);
}

static void
drop(struct connection *c)
{
	stream_close(c->stream);
	connection_end(c);
}

static void
finish(struct connection *c)
{
	bool patient = stream_pending(c->stream) > 0 && !c->listener->draining;

	stream_finish(c->stream, patient ? c->listener->limits->write_timeout : LINGER_MS);
	connection_end(c);
}

static bool
send_frame(struct connection *c, struct buffer *b)
{
	struct span part = buffer_span(b);
	bool well = !b->failed && stream_write(c->stream, &part, 1);

	buffer_clear(b);
	return well;
}

static void
tell_core(struct connection *c, const char *text)
{
	struct listener *l = c->listener;
	struct driver_refusal refusal = { .answer = "errorMsgRep", .text = text };
	struct peer peer;

	stream_peer(c->stream, &peer);
	driver_refused(l->core, l->owner, &peer, &refusal);
}

// A fault of the transport: text to the peer.
static bool
send_error(struct connection *c, enum tcp_framing framing, bool close, enum tcp_error error, const char *text)
{
	struct buffer b;

	buffer_init(&b, 4096);
	tcp_put_error(&b, framing, close, error, text);
	return send_frame(c, &b);
}

static bool
send_answer(struct connection *c, struct blob *message, bool close)
{
	struct span octets = blob_span(message);
	struct buffer b;

	buffer_init(&b, octets.len + TCP_HEADER_MAX);
	tcp_put_message(&b, c->framing, TCP_ANSWER, close, octets);
	return send_frame(c, &b);
}

static bool
send_later(struct connection *c, const struct reply *reply, bool close)
{
	struct peer peer;
	struct buffer b;

	stream_peer(c->stream, &peer);
	uint32_t number = reference_new(c->listener, peer.source, reply->ticket);
	if (number == 0)
		return send_error(c, c->framing, close, TCP_ERROR_SERVER, "no polling reference can be given; send the request again later");
	buffer_init(&b, 64);
	tcp_put_poll_reply(&b, c->framing, close, number, (uint32_t)(clock_wall_s() + reply->seconds));
	return send_frame(c, &b);
}

static enum tcp_error
error_of(enum refusal r)
{
	switch (r) {
	case REFUSE_NOT_FOUND: return TCP_ERROR_REFERENCE;
	case REFUSE_MALFORMED:
	case REFUSE_TOO_LARGE:
	case REFUSE_RATE: return TCP_ERROR_CLIENT;
	default: return TCP_ERROR_SERVER;
	}
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
	// The next request waits until the answer has left: a peer that does not read costs one answer.
	if (stream_pending(c->stream) > 0) {
		stream_deadline(c->stream, clock_mono_ms() + c->listener->limits->write_timeout);
		return;
	}
	struct buffer next = c->pending;
	buffer_init(&c->pending, PENDING_MAX);
	buffer_count(&c->pending);
	if (next.len > 0) {
		stream_pause(c->stream, false);
		feed(c, buffer_span(&next));
	} else if (c->half_closed) {
		finish(c);
	} else {
		rest(c);
	}
	buffer_clear(&next);
}

static bool
send_reply(struct connection *c, const struct reply *reply, bool close)
{
	switch (reply->kind) {
	case REPLY_ANSWER: return send_answer(c, reply->message, close);
	case REPLY_LATER: return send_later(c, reply, close);
	case REPLY_REFUSE:
		return send_error(c, c->framing, close, error_of(reply->reason), reply->text != NULL ? reply->text : "refused");
	case REPLY_NOTHING: break;
	}
	return false;
}

static void
listener_respond(struct listener *l, uint64_t token, const struct reply *reply)
{
	struct connection *c = handle_find(&l->connections, token);

	if (c == NULL || !c->busy)
		return;
	c->busy = false;
	c->exchange = 0;
	bool broken = reply->kind == REPLY_REFUSE && (reply->reason == REFUSE_MALFORMED || reply->reason == REFUSE_TOO_LARGE);
	bool close = c->close_after || l->draining || broken;
	if (!send_reply(c, reply, close)) {
		drop(c);
		return;
	}
	if (close)
		finish(c);
	else if (!c->delivering)
		go_on(c);
}

// ---- requests

static void
hand_over(struct connection *c, const struct tcp_frame *frame)
{
	static const struct label no_label;
	struct listener *l = c->listener;
	uint64_t handle = c->handle, exchange;
	struct peer peer;

	stream_peer(c->stream, &peer);
	stream_deadline(c->stream, 0);
	c->framing = frame->framing;
	c->close_after = frame->close;
	c->busy = c->delivering = true;
	if (frame->type == TCP_REQUEST) {
		struct blob *message = blob_new(frame->message);
		if (message == NULL) {
			drop(c);
			return;
		}
		exchange = l->core->deliver(l->core->context, l->owner, handle, &peer, &no_label, CONTENT_PKIMESSAGE, message, span_of(NULL, 0));
		blob_unref(message);
	} else {
		struct reference *r = reference_find(l, frame->reference, peer.source);
		if (r == NULL) {
			c->close_after = c->close_after || ++c->wrong_references >= WRONG_REFERENCES_MAX;
			struct reply refusal = { .kind = REPLY_REFUSE, .reason = REFUSE_NOT_FOUND,
				.text = "this polling reference is unknown or finished; send the request again" };
			tell_core(c, refusal.text);
			listener_respond(l, handle, &refusal);
			exchange = 0;
		} else {
			exchange = l->core->resume(l->core->context, l->owner, handle, &peer, r->ticket);
		}
	}
	c = handle_find(&l->connections, handle);
	if (c == NULL)
		return;
	c->delivering = false;
	if (c->busy)
		c->exchange = exchange;
}

static void
keep_pending(struct connection *c, struct span octets)
{
	if (transport_crowded(c->listener->limits, c->pending.len + octets.len) || !buffer_append(&c->pending, octets))
		drop(c);
	else if (c->pending.len > PENDING_MAX / 2)
		stream_pause(c->stream, true);
}

// Deadlines of a frame under way: first its header, then its value.
static void
watch_frame(struct connection *c, size_t came)
{
	const struct transport_limits *limits = c->listener->limits;
	int64_t now = clock_mono_ms();

	if (!tcp_reader_in_value(&c->reader)) {
		stream_deadline(c->stream, now + (tcp_reader_between(&c->reader) ? limits->idle_timeout : limits->header_timeout));
		c->value_deadline_ms = 0;
		return;
	}
	if (c->value_deadline_ms == 0) {
		c->value_deadline_ms = now + limits->body_timeout;
		c->came = c->window = 0;
		stream_deadline(c->stream, limits->body_timeout < RATE_WINDOW_MS ? c->value_deadline_ms : now + RATE_WINDOW_MS);
	}
	c->came += came;
}

static bool
serves(enum tcp_type type)
{
	return type == TCP_REQUEST || type == TCP_POLL_REQ;
}

static void
feed(struct connection *c, struct span octets)
{
	struct listener *l = c->listener;
	uint64_t handle = c->handle;
	struct tcp_frame frame;
	struct tcp_fault fault;

	stream_idle(c->stream, false);
	c->spoke = true;
	while (octets.len > 0) {
		if (c->busy || (stream_pending(c->stream) > 0 && tcp_reader_between(&c->reader))) {
			keep_pending(c, octets);
			return;
		}
		size_t before = octets.len;
		enum tcp_progress p = tcp_reader_feed(&c->reader, &frame, &fault, &octets);
		watch_frame(c, before - octets.len);
		if (p == TCP_MORE && tcp_reader_in_value(&c->reader) && transport_crowded(l->limits, c->came)) {
			l->core->count(l->core->context, "tcp.busy");
			send_error(c, c->reader.framing, true, TCP_ERROR_SERVER, "limits.bytes_in_flight is used up; send the request again later");
			finish(c);
			return;
		}
		if (p == TCP_MORE)
			continue;
		if (p == TCP_FRAME && !serves(frame.type)) {
			fault = (struct tcp_fault){ .framing = frame.framing, .close = frame.close, .error = TCP_ERROR_TYPE,
				.text = "only requests and polls are served here" };
			p = TCP_FAULT;
		}
		if (p == TCP_FAULT) {
			l->core->count(l->core->context, "tcp.framing");
			tell_core(c, fault.text);
			bool close = fault.lost || fault.close;
			bool well = send_error(c, fault.framing, close, fault.error, fault.text);
			if (!well) {
				drop(c);
				return;
			}
			if (close) {
				finish(c);
				return;
			}
			continue;
		}
		hand_over(c, &frame);
		c = handle_find(&l->connections, handle);
		if (c == NULL)
			return;
	}
	if (!c->busy && tcp_reader_between(&c->reader))
		go_on(c);
	else if (!c->busy && c->half_closed)
		finish(c);
}

static void
on_read(void *owner, struct span octets)
{
	feed(owner, octets);
}

static void
on_ended(void *owner, bool well, const char *text)
{
	struct connection *c = owner;

	(void)text;
	c->half_closed = true;
	if (!well)
		drop(c);
	else if (!c->busy && (!tcp_reader_between(&c->reader) || stream_pending(c->stream) == 0))
		finish(c);
}

static void
on_expired(void *owner)
{
	struct connection *c = owner;
	const struct transport_limits *limits = c->listener->limits;
	int64_t now = clock_mono_ms();

	if (tcp_reader_between(&c->reader)) {
		drop(c);
		return;
	}
	if (tcp_reader_in_value(&c->reader) && now < c->value_deadline_ms
	    && c->came - c->window >= (size_t)(limits->min_rate * RATE_WINDOW_MS / 1000)) {
		c->window = c->came;
		stream_deadline(c->stream, now + RATE_WINDOW_MS < c->value_deadline_ms ? now + RATE_WINDOW_MS : c->value_deadline_ms);
		return;
	}
	tell_core(c, "the message did not arrive in time");
	send_error(c, c->reader.framing, true, TCP_ERROR_CLIENT, "the message did not arrive in time");
	finish(c);
}

static void
on_drained(void *owner)
{
	struct connection *c = owner;

	if (!c->busy && tcp_reader_between(&c->reader))
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
	tcp_reader_init(&c->reader, TCP_SIDE_SERVER, (size_t)l->limits->max_message);
	buffer_count(&c->reader.value);
	buffer_init(&c->pending, PENDING_MAX);
	buffer_count(&c->pending);
	list_append(&l->all, &c->order);
	stream_adopt(s, &events, c);
	rest(c);
}

// ---- the listener

static struct listener *
listener_open(const struct listener_setup *setup, struct fault *f)
{
	struct listener *l = mem_alloc(sizeof(*l));

	if (l == NULL) {
		fault_set(f, FAIL_NONE, "", "out of memory");
		return NULL;
	}
	l->core = setup->core;
	l->limits = setup->limits;
	l->owner = setup->owner;
	list_init(&l->all);
	list_init(&l->references);
	handle_table_init(&l->connections);
	l->stream = stream_listen(setup->core->loop, setup->descriptors, setup->descriptor_count, setup->limits, on_accepted, l, f);
	if (l->stream == NULL) {
		handle_table_clear(&l->connections);
		mem_free(l);
		return NULL;
	}
	return l;
}

static bool
listener_url(const struct listener *l, size_t i, char *out, size_t size)
{
	char address[80];

	if (!stream_listener_address(l->stream, i, address, sizeof(address)))
		return false;
	snprintf(out, size, "tcp://%s", address);
	return true;
}

static void
listener_drain(struct listener *l)
{
	l->draining = l->walking = true;
	stream_listener_drain(l->stream);
	for (struct list *n = l->all.next, *next; n != &l->all; n = next) {
		struct connection *c = container_of(n, struct connection, order);
		next = n->next;
		// Who has just connected may be about to speak; who was served comes again.
		if (!c->spoke)
			stream_deadline(c->stream, clock_mono_ms() + FRESH_MS);
		else if (!c->busy && tcp_reader_between(&c->reader))
			finish(c);
	}
	l->walking = false;
}

struct closing { struct listener *listener; void (*closed)(void *context); void *context; };

static void
on_stream_closed(void *context)
{
	struct closing copy = *(struct closing *)context;

	mem_free(context);
	handle_table_clear(&copy.listener->connections);
	while (!list_is_empty(&copy.listener->references))
		reference_free(copy.listener, container_of(copy.listener->references.next, struct reference, order));
	mem_free(copy.listener);
	copy.closed(copy.context);
}

static void
listener_close(struct listener *l, void (*closed)(void *context), void *context)
{
	struct closing *closing = mem_alloc(sizeof(*closing));

	l->walking = true;
	while (!list_is_empty(&l->all)) {
		struct connection *c = container_of(l->all.next, struct connection, order);
		c->busy = false;	// the core lets its exchanges go by itself
		if (!tcp_reader_between(&c->reader))
			send_error(c, c->reader.framing, true, TCP_ERROR_SERVER, "the gateway is closing; send the request again");
		finish(c);
	}
	if (closing == NULL)
		return;
	*closing = (struct closing){ l, closed, context };
	stream_listener_close(l->stream, on_stream_closed, closing);
}

// This link has no paths: its messages go by the listener alone.
static bool
listener_check(const struct url *u, struct fault *f)
{
	if (u->path[0] == '\0' || strcmp(u->path, "/") == 0)
		return true;
	return fault_set(f, FAIL_NONE, "url", "raw TCP knows no paths; end the URL with its port, as in tcp://[::]:829");
}

static const char *const schemes[] = { "tcp", NULL };
static const struct option_row no_rows[] = { { .key = NULL } };

const struct driver driver_tcp = {
	.name = "tcp", .schemes = schemes, .alias = "pkixcmp-tcp", .default_port = 829, .abilities = DRIVER_CAN_POLL | DRIVER_BINDS_STREAM,
	.listener_rows = no_rows, .listener_size = 1, .listener_check = listener_check,
	.listener_open = listener_open, .listener_url = listener_url, .listener_drain = listener_drain, .listener_busy = listener_busy,
	.listener_close = listener_close, .listener_respond = listener_respond,
};
