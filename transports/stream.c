// SPDX-License-Identifier: GPL-3.0-or-later
#include "transports/stream.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"
#include "transports/lookup.h"

enum { TICK_MS = 250, READ_ROOM = 65536, PARTS_MAX = 4 };

struct stream {
	uv_tcp_t tcp;
	struct list deadlines;		// linked while a deadline stands
	struct stream_place place;	// accepted ones
	const struct transport_limits *limits;	// accepted ones; else NULL
	struct list writing;		// accepted ones: linked while octets wait to leave
	int64_t deadline_ms;
	const struct stream_events *events;
	void *owner;
	size_t pending, counted;	// octets that wait to leave; those that count in all.pending
	uint16_t port;			// of the peer; accepted ones
	struct connecting *connecting;	// ours, until it stands
	bool closing, ended;		// ended: by the peer, while we finish
};

// ---- what all streams of the process share: loop thread only

struct source {
	struct map_node node;
	size_t connections;
	bool loopback;
	char name[48];
};

static struct {
	struct list deadlines;
	uv_timer_t *timer;		// runs while any deadline stands
	struct map sources;
	struct list writing;		// accepted streams whose peers do not read, the longest waiting first
	size_t pending;			// octets that wait in them
	struct list idle;		// places of connections that may go, the longest waiting first
	bool ready;
	size_t connections;		// accepted ones
	int64_t told_second;		// when a refused one was last logged
} all;

static uint8_t read_room[READ_ROOM];

static bool
get_ready(void)
{
	if (all.ready)
		return true;
	list_init(&all.deadlines);
	list_init(&all.idle);
	list_init(&all.writing);
	all.ready = map_init(&all.sources);
	return all.ready;
}

static void
on_timer_closed(uv_handle_t *handle)
{
	mem_free(handle);
}

static void
stop_ticking(void)
{
	if (all.timer == NULL)
		return;
	uv_close((uv_handle_t *)all.timer, on_timer_closed);
	all.timer = NULL;
}

// The events may close any stream, so each round starts at the front again.
static void
on_tick(uv_timer_t *timer)
{
	int64_t now = clock_mono_ms();
	bool again = true;

	(void)timer;
	while (again) {
		again = false;
		for (struct list *n = all.deadlines.next; n != &all.deadlines; n = n->next) {
			struct stream *s = container_of(n, struct stream, deadlines);
			if (s->deadline_ms > now)
				continue;
			list_remove(&s->deadlines);
			s->events->expired(s->owner);
			again = true;
			break;
		}
	}
	if (list_is_empty(&all.deadlines))
		stop_ticking();
}

void
stream_deadline(struct stream *s, int64_t at_ms)
{
	s->deadline_ms = at_ms;
	if (at_ms == 0) {
		list_remove(&s->deadlines);
		return;
	}
	if (list_is_linked(&s->deadlines) || !get_ready())
		return;
	list_append(&all.deadlines, &s->deadlines);
	if (all.timer != NULL)
		return;
	all.timer = mem_alloc(sizeof(*all.timer));
	if (all.timer == NULL)
		return;
	uv_timer_init(s->tcp.loop, all.timer);
	uv_timer_start(all.timer, on_tick, TICK_MS, TICK_MS);
}

// ---- addresses

static bool
mapped_v4(const struct sockaddr_in6 *a)
{
	return IN6_IS_ADDR_V4MAPPED(&a->sin6_addr);
}

void
stream_address_source(const struct sockaddr *a, char *out, size_t size, bool *loopback)
{
	char text[INET6_ADDRSTRLEN] = "";

	*loopback = false;
	if (a->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)a;
		uv_inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		*loopback = ntohl(in->sin_addr.s_addr) >> 24 == 127;
	} else if (a->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)a;
		if (mapped_v4(in)) {
			uv_inet_ntop(AF_INET, in->sin6_addr.s6_addr + 12, text, sizeof(text));
			*loopback = in->sin6_addr.s6_addr[12] == 127;
		} else {
			uv_inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text));
			*loopback = IN6_IS_ADDR_LOOPBACK(&in->sin6_addr);
		}
	}
	snprintf(out, size, "%s", text);
}

// The interface of a link-local address as a URL writes it, "%25eth0" (RFC 6874); else "".
static const char *
zone_of(const struct sockaddr *a, char out[IF_NAMESIZE + 3])
{
	const struct sockaddr_in6 *in = (const void *)a;
	char name[IF_NAMESIZE];

	out[0] = '\0';
	if (a->sa_family == AF_INET6 && in->sin6_scope_id != 0 && if_indextoname(in->sin6_scope_id, name) != NULL)
		snprintf(out, IF_NAMESIZE + 3, "%%25%s", name);
	return out;
}

void
stream_address_text(const struct sockaddr *a, char *out, size_t size)
{
	char source[INET6_ADDRSTRLEN], zone[IF_NAMESIZE + 3];
	bool loopback;
	unsigned port = 0;

	stream_address_source(a, source, sizeof(source), &loopback);
	if (a->sa_family == AF_INET)
		port = ntohs(((const struct sockaddr_in *)(const void *)a)->sin_port);
	else if (a->sa_family == AF_INET6)
		port = ntohs(((const struct sockaddr_in6 *)(const void *)a)->sin6_port);
	bool brackets = strchr(source, ':') != NULL;
	snprintf(out, size, "%s%s%s%s:%u", brackets ? "[" : "", source, zone_of(a, zone), brackets ? "]" : "", port);
}

static void
peer_of_socket(const uv_tcp_t *tcp, struct peer *out, unsigned *port)
{
	struct sockaddr_storage a;
	int len = sizeof(a);

	memset(out, 0, sizeof(*out));
	*port = 0;
	if (uv_tcp_getpeername(tcp, (struct sockaddr *)&a, &len) != 0)
		return;
	stream_address_text((struct sockaddr *)&a, out->text, sizeof(out->text));
	stream_address_source((struct sockaddr *)&a, out->source, sizeof(out->source), &out->loopback);
	*port = ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port : ((struct sockaddr_in *)&a)->sin_port);
}

// Written out by hand: this is asked for with every message.
static void
join_host_port(const char *host, unsigned port, char *out)
{
	size_t n = strlen(host), at = 0, digits = 0;
	bool brackets = memchr(host, ':', n) != NULL;
	char reversed[8];

	if (brackets)
		out[at++] = '[';
	memcpy(out + at, host, n);
	at += n;
	if (brackets)
		out[at++] = ']';
	out[at++] = ':';
	do
		reversed[digits++] = (char)('0' + port % 10);
	while ((port /= 10) > 0);
	while (digits > 0)
		out[at++] = reversed[--digits];
	out[at] = '\0';
}

void
stream_peer(const struct stream *s, struct peer *out)
{
	unsigned port;

	const struct source *source = s->place.source;

	if (source == NULL) {
		peer_of_socket(&s->tcp, out, &port);
		return;
	}
	memset(out, 0, sizeof(*out));
	memcpy(out->source, source->name, sizeof(out->source));
	out->loopback = source->loopback;
	_Static_assert(sizeof(out->text) >= sizeof(source->name) + sizeof("[]:65535"), "address and port fit");
	join_host_port(source->name, s->port, out->text);
}

// ---- a stream

static struct stream *
stream_new(uv_loop_t *loop)
{
	struct stream *s = mem_alloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	if (uv_tcp_init(loop, &s->tcp) != 0) {
		mem_free(s);
		return NULL;
	}
	s->tcp.data = s;
	return s;
}

static void
on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
	(void)handle;
	(void)wanted;
	*out = uv_buf_init((char *)read_room, sizeof(read_room));
}

static void
on_read(uv_stream_t *handle, ssize_t n, const uv_buf_t *buffer)
{
	struct stream *s = handle->data;

	if (n == 0 || s->closing)
		return;
	// ---- a TLS filter takes octets here
	if (n > 0) {
		s->events->read(s->owner, span_of(buffer->base, (size_t)n));
		return;
	}
	uv_read_stop(handle);
	s->events->ended(s->owner, n == UV_EOF, n == UV_EOF ? "the peer closed the connection" : uv_strerror((int)n));
}

void
stream_pause(struct stream *s, bool paused)
{
	if (s->closing)
		return;
	if (paused)
		uv_read_stop((uv_stream_t *)&s->tcp);
	else
		uv_read_start((uv_stream_t *)&s->tcp, on_room, on_read);
}

void
stream_adopt(struct stream *s, const struct stream_events *events, void *owner)
{
	s->events = events;
	s->owner = owner;
	stream_pause(s, false);
}

void
stream_idle(struct stream *s, bool idle)
{
	stream_place_idle(&s->place, idle && !s->closing);
}

// What waits in an accepted stream is so much from now on; a closed one counts no more.
static void
count_pending(struct stream *s, size_t pending)
{
	if (s->limits == NULL)
		return;
	all.pending += pending;
	all.pending -= s->counted;
	s->counted = pending;
	if (pending == 0)
		list_remove(&s->writing);
	else if (!list_is_linked(&s->writing))
		list_append(&all.writing, &s->writing);
}

static void
on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void connecting_abandon(struct stream *s);

void
stream_close(struct stream *s)
{
	if (s->closing)
		return;
	s->closing = true;
	stream_deadline(s, 0);
	stream_place_leave(&s->place);
	count_pending(s, 0);
	connecting_abandon(s);
	if (!uv_is_closing((uv_handle_t *)&s->tcp))
		uv_close((uv_handle_t *)&s->tcp, on_closed);
}

// ---- writing

struct writing {
	uv_write_t request;
	struct stream *stream;
	struct blob *octets;		// a blob, so that they count in limits.bytes_in_flight
};

static void
on_written(uv_write_t *request, int status)
{
	struct writing *w = container_of(request, struct writing, request);
	struct stream *s = w->stream;

	s->pending -= blob_span(w->octets).len;
	blob_unref(w->octets);
	mem_free(w);
	if (s->closing)
		return;
	count_pending(s, s->pending);
	if (status != 0)
		s->events->ended(s->owner, false, uv_strerror(status));
	else if (s->pending == 0 && s->events->drained != NULL)
		s->events->drained(s->owner);
}

size_t
stream_pending(const struct stream *s)
{
	return s->pending;
}

// Let answers go that wait longest for a peer that does not read, until there is
// room for these octets. They are not lost: a device that asks again gets them.
static bool
make_room(struct stream *s, size_t octets)
{
	size_t share = s->limits != NULL ? transport_share(s->limits) : SIZE_MAX;

	for (struct list *n = all.writing.next; n != &all.writing && all.pending + octets > share;) {
		struct stream *slow = container_of(n, struct stream, writing);
		if (slow == s) {
			n = n->next;
			continue;
		}
		log_event(LOG_DEBUG_, "stream", NULL, "a peer that does not read its answer makes room for others");
		count_pending(slow, 0);
		slow->events->expired(slow->owner);
		n = all.writing.next;
	}
	return all.pending + octets <= share;
}

static struct writing *
writing_new(struct stream *s, const struct span *parts, size_t count, size_t total, size_t sent)
{
	struct writing *w = mem_alloc(sizeof(*w));
	size_t at = 0;

	if (w == NULL || (w->octets = blob_make(total - sent)) == NULL) {
		mem_free(w);
		return NULL;
	}
	w->stream = s;
	for (size_t i = 0; i < count; i++) {
		size_t skip = sent < parts[i].len ? sent : parts[i].len;
		sent -= skip;
		if (parts[i].len > skip)
			memcpy(blob_edit(w->octets) + at, parts[i].data + skip, parts[i].len - skip);
		at += parts[i].len - skip;
	}
	return w;
}

// Queue what is left after `sent` octets of the parts.
static bool
write_rest(struct stream *s, const struct span *parts, size_t count, size_t total, size_t sent)
{
	if (!make_room(s, total - sent))
		return false;
	struct writing *w = writing_new(s, parts, count, total, sent);
	if (w == NULL)
		return false;
	uv_buf_t buffer = uv_buf_init((char *)blob_edit(w->octets), (unsigned)(total - sent));
	if (uv_write(&w->request, (uv_stream_t *)&s->tcp, &buffer, 1, on_written) != 0) {
		blob_unref(w->octets);
		mem_free(w);
		return false;
	}
	s->pending += total - sent;
	count_pending(s, s->pending);
	return true;
}

bool
stream_write(struct stream *s, const struct span *parts, size_t count)
{
	uv_buf_t buffers[PARTS_MAX];
	size_t total = 0, sent = 0;

	if (s->closing || count > PARTS_MAX)
		return false;
	// ---- a TLS filter gives octets here
	for (size_t i = 0; i < count; i++) {
		buffers[i] = uv_buf_init((char *)(uintptr_t)parts[i].data, (unsigned)parts[i].len);
		total += parts[i].len;
	}
	if (s->pending + total > STREAM_PENDING_MAX)
		return false;
	if (s->pending == 0) {
		int n = uv_try_write((uv_stream_t *)&s->tcp, buffers, (unsigned)count);
		if (n < 0 && n != UV_EAGAIN)
			return false;
		sent = n > 0 ? (size_t)n : 0;
	}
	return sent == total || write_rest(s, parts, count, total, sent);
}

// The peer's remaining octets are read and dropped: closing a socket with unread
// octets resets the connection, and the answer on its way would be lost.
static void
drop_read(void *owner, struct span octets)
{
	(void)owner;
	(void)octets;
}

static void
drop_ended(void *owner, bool well, const char *text)
{
	struct stream *s = owner;

	(void)text;
	s->ended = true;
	if (!well || s->pending == 0)
		stream_close(s);
}

static void
drop_drained(void *owner)
{
	struct stream *s = owner;

	if (s->ended)
		stream_close(s);
}

static void
drop_expired(void *owner)
{
	stream_close(owner);
}

static const struct stream_events dropping = { .read = drop_read, .ended = drop_ended, .drained = drop_drained, .expired = drop_expired };

struct shutting { uv_shutdown_t request; };

static void
on_shut(uv_shutdown_t *request, int status)
{
	(void)status;
	mem_free(request);
}

void
stream_finish(struct stream *s, int64_t ms)
{
	struct shutting *sh;

	if (s->closing)
		return;
	s->events = &dropping;
	s->owner = s;
	stream_idle(s, false);
	// The other side sees our end after the last octet, and closes; a deadline bounds the wait.
	sh = mem_alloc(sizeof(*sh));
	if (sh == NULL || uv_shutdown(&sh->request, (uv_stream_t *)&s->tcp, on_shut) != 0) {
		mem_free(sh);
		stream_close(s);
		return;
	}
	stream_pause(s, false);
	stream_deadline(s, clock_mono_ms() + ms);
}

// ---- connecting

struct connecting {
	struct lookup_wait lookup;
	uv_connect_t connect;
	struct stream *stream;		// NULL: abandoned
	unsigned port;
	struct addresses found;
	size_t next;			// of them to be tried
	bool trying;
};

static void
connecting_free(struct connecting *c)
{
	if (c->trying)
		return;
	if (c->stream != NULL)
		c->stream->connecting = NULL;
	mem_free(c);
}

static void
connecting_abandon(struct stream *s)
{
	struct connecting *c = s->connecting;

	if (c == NULL)
		return;
	s->connecting = NULL;
	c->stream = NULL;
	lookup_leave(&c->lookup);
	connecting_free(c);
}

static void
connecting_failed(struct connecting *c, const char *why)
{
	struct stream *s = c->stream;

	connecting_free(c);
	s->events->ended(s->owner, false, why);
}

static void try_next(struct connecting *c);

// The socket that failed cannot connect once more, nor to another family.
static void
on_reopened(uv_handle_t *handle)
{
	struct stream *s = handle->data;

	if (s->closing) {
		mem_free(s);
		return;
	}
	uv_tcp_init(handle->loop, &s->tcp);
	s->tcp.data = s;
	try_next(s->connecting);
}

static void
try_again(struct connecting *c, const char *why)
{
	if (c->next == c->found.count)
		connecting_failed(c, why);
	else
		uv_close((uv_handle_t *)&c->stream->tcp, on_reopened);
}

static void
on_connected(uv_connect_t *request, int status)
{
	struct connecting *c = container_of(request, struct connecting, connect);
	struct stream *s = c->stream;

	c->trying = false;
	if (s == NULL) {
		connecting_free(c);
		return;
	}
	if (status != 0) {
		try_again(c, uv_strerror(status));
		return;
	}
	connecting_free(c);
	uv_tcp_nodelay(&s->tcp, 1);
	stream_pause(s, false);
	s->events->opened(s->owner);
}

static void
try_next(struct connecting *c)
{
	struct sockaddr_storage *a = &c->found.list[c->next++];

	address_set_port(a, c->port);
	int rc = uv_tcp_connect(&c->connect, &c->stream->tcp, (const struct sockaddr *)a, on_connected);
	if (rc == 0)
		c->trying = true;
	else
		try_again(c, uv_strerror(rc));
}

static void
on_looked_up(void *owner, const struct addresses *found, const char *text)
{
	struct connecting *c = owner;

	if (found == NULL) {
		connecting_failed(c, text);
		return;
	}
	c->found = *found;
	try_next(c);
}

// An address is tried from the loop, as a name is: by way of a handle that is closed and made anew.
static bool
begin_connecting(struct connecting *c, uv_loop_t *loop, const char *host)
{
	const char *text;

	c->lookup.done = on_looked_up;
	c->lookup.owner = c;
	if (!lookup_literal(&c->found, host)) {
		c->found.count = 0;
		if (lookup_begin(&c->lookup, loop, host, &text))
			return true;
		log_event(LOG_WARN_, "stream", NULL, "%s cannot be looked up: %s", host, text);
		return false;
	}
	uv_close((uv_handle_t *)&c->stream->tcp, on_reopened);
	return true;
}

struct stream *
stream_connect(uv_loop_t *loop, const char *host, unsigned port, const struct stream_events *events, void *owner)
{
	struct stream *s = stream_new(loop);
	struct connecting *c = mem_alloc(sizeof(*c));

	if (s == NULL || c == NULL) {
		mem_free(c);
		if (s != NULL)
			stream_close(s);
		return NULL;
	}
	s->events = events;
	s->owner = owner;
	s->connecting = c;
	c->stream = s;
	c->port = port;
	if (begin_connecting(c, loop, host))
		return s;
	stream_close(s);
	return NULL;
}

// ---- places

static struct source *
source_find(const char *name)
{
	struct map_node *node = map_find(&all.sources, span_text(name));

	return node != NULL ? container_of(node, struct source, node) : NULL;
}

static struct source *
source_new(const struct peer *peer)
{
	struct source *source = mem_alloc(sizeof(*source));

	if (source == NULL)
		return NULL;
	snprintf(source->name, sizeof(source->name), "%s", peer->source);
	source->loopback = peer->loopback;
	source->node.key = span_text(source->name);
	if (map_insert(&all.sources, &source->node))
		return source;
	mem_free(source);
	return NULL;
}

// Let the connection go that has waited longest for its next request: of this
// source, or of any for NULL. False when all are at work.
static bool
let_one_go(const struct source *source)
{
	for (struct list *n = all.idle.next; n != &all.idle; n = n->next) {
		struct stream_place *p = container_of(n, struct stream_place, idle);
		if (source != NULL && p->source != source)
			continue;
		stream_place_idle(p, false);
		log_event(LOG_DEBUG_, "stream", NULL, "an idle connection of %s makes place for a new one", p->source->name);
		p->evict(p->owner);
		return true;
	}
	return false;
}

static bool
make_place(const struct peer *peer, const struct transport_limits *limits)
{
	const struct source *source = source_find(peer->source);

	if (source != NULL && !peer->loopback && source->connections >= (size_t)limits->connections_per_source)
		return let_one_go(source);
	return all.connections < (size_t)limits->connections || let_one_go(NULL);
}

bool
stream_place_take(struct stream_place *p, const struct peer *peer, const struct transport_limits *limits)
{
	if (!get_ready() || !make_place(peer, limits))
		return false;
	struct source *source = source_find(peer->source);
	if (source == NULL)
		source = source_new(peer);
	if (source == NULL)
		return false;
	source->connections++;
	all.connections++;
	p->source = source;
	return true;
}

void
stream_place_idle(struct stream_place *p, bool idle)
{
	list_remove(&p->idle);
	if (idle && p->source != NULL)
		list_append(&all.idle, &p->idle);
}

void
stream_place_leave(struct stream_place *p)
{
	struct source *source = p->source;

	stream_place_idle(p, false);
	if (source == NULL)
		return;
	p->source = NULL;
	all.connections--;
	if (--source->connections > 0)
		return;
	map_remove(&all.sources, &source->node);
	mem_free(source);
}

// ---- listening

struct stream_listener {
	uv_tcp_t *handles;
	size_t count, open;
	uv_tcp_t refused;		// takes a connection for which there is no memory
	bool refusing;
	const struct transport_limits *limits;
	void (*accepted)(void *context, struct stream *s);
	void *context;
	void (*closed)(void *context);
	void *closed_context;
};

static void
evict_stream(void *owner)
{
	struct stream *s = owner;

	s->events->expired(s->owner);
}

// Count the stream under its source; false when it is one too many.
static bool
enter_source(struct stream *s, const struct transport_limits *limits)
{
	struct peer peer;
	unsigned port;

	peer_of_socket(&s->tcp, &peer, &port);
	s->port = (uint16_t)port;
	s->limits = limits;
	s->place.evict = evict_stream;
	s->place.owner = s;
	return stream_place_take(&s->place, &peer, limits);
}

static void on_connection(uv_stream_t *server, int status);
static void on_handle_closed(uv_handle_t *handle);

static void
on_refused(uv_handle_t *handle)
{
	struct stream_listener *l = handle->data;

	l->refusing = false;
	// Another connection may have come meanwhile, and is told of only once.
	for (size_t i = 0; i < l->count; i++)
		if (!uv_is_closing((uv_handle_t *)&l->handles[i]))
			on_connection((uv_stream_t *)&l->handles[i], 0);
	on_handle_closed(handle);
}

// libuv listens no more until a connection it told of is accepted: so it is, and closed.
static void
turn_down(struct stream_listener *l, uv_stream_t *server)
{
	if (l->refusing || uv_tcp_init(server->loop, &l->refused) != 0)
		return;
	l->refused.data = l;
	l->refusing = true;
	l->open++;
	uv_accept(server, (uv_stream_t *)&l->refused);
	uv_close((uv_handle_t *)&l->refused, on_refused);
}

// A line a second at most: whoever fills the table must not fill the log.
static void
tell_full(const struct stream *s)
{
	int64_t second = clock_mono_ms() / 1000;
	struct peer peer;

	if (!log_wanted(LOG_DEBUG_) || second == all.told_second)
		return;
	all.told_second = second;
	stream_peer(s, &peer);
	struct log_field fields[] = { { "peer", peer.text }, { "answer", "closed" }, { NULL, NULL } };
	log_event(LOG_DEBUG_, "refused", fields, "too many connections; limits.connections and limits.connections_per_source allow fewer");
}

static void
on_connection(uv_stream_t *server, int status)
{
	struct stream_listener *l = server->data;
	struct stream *s = status == 0 ? stream_new(server->loop) : NULL;

	if (s == NULL) {
		log_event(LOG_WARN_, "stream", NULL, "cannot accept: %s", status != 0 ? uv_strerror(status) : "out of memory");
		if (status == 0)
			turn_down(l, server);
		return;
	}
	if (uv_accept(server, (uv_stream_t *)&s->tcp) != 0 || !enter_source(s, l->limits)) {
		tell_full(s);
		stream_close(s);
		return;
	}
	uv_tcp_nodelay(&s->tcp, 1);
	l->accepted(l->context, s);
}

static void
on_handle_closed(uv_handle_t *handle)
{
	struct stream_listener *l = handle->data;

	if (--l->open > 0 || l->closed == NULL)
		return;
	void (*closed)(void *) = l->closed;
	void *context = l->closed_context;
	mem_free(l->handles);
	mem_free(l);
	closed(context);
}

static void
close_from(const int *descriptors, size_t first, size_t count)
{
	for (size_t i = first; i < count; i++)
		close(descriptors[i]);
}

static void
nothing(void *context)
{
	(void)context;
}

struct stream_listener *
stream_listen(uv_loop_t *loop, const int *descriptors, size_t count, const struct transport_limits *limits,
	void (*accepted)(void *context, struct stream *s), void *context, struct fault *f)
{
	struct stream_listener *l = mem_alloc(sizeof(*l));

	if (l == NULL || !get_ready() || (l->handles = mem_array(count > 0 ? count : 1, sizeof(*l->handles))) == NULL) {
		close_from(descriptors, 0, count);
		mem_free(l);
		fault_set(f, FAIL_NONE, "", "out of memory");
		return NULL;
	}
	l->limits = limits;
	l->accepted = accepted;
	l->context = context;
	for (; l->count < count; l->count++) {
		uv_tcp_t *h = &l->handles[l->count];
		uv_tcp_init(loop, h);
		h->data = l;
		l->open++;
		int rc = uv_tcp_open(h, descriptors[l->count]);
		bool taken = rc == 0;
		if (taken)
			rc = uv_listen((uv_stream_t *)h, 128, on_connection);
		if (rc != 0) {
			fault_set(f, FAIL_NONE, "", "cannot listen: %s", uv_strerror(rc));
			close_from(descriptors, taken ? l->count + 1 : l->count, count);
			l->count++;
			stream_listener_close(l, nothing, NULL);
			return NULL;
		}
	}
	return l;
}

bool
stream_listener_address(const struct stream_listener *l, size_t i, char *out, size_t size)
{
	struct sockaddr_storage a;
	int len = sizeof(a);

	if (i >= l->count || uv_tcp_getsockname(&l->handles[i], (struct sockaddr *)&a, &len) != 0)
		return false;
	stream_address_text((struct sockaddr *)&a, out, size);
	return true;
}

void
stream_listener_drain(struct stream_listener *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (!uv_is_closing((uv_handle_t *)&l->handles[i]))
			uv_close((uv_handle_t *)&l->handles[i], on_handle_closed);
}

static void
on_nothing_open(uv_handle_t *handle)
{
	struct stream_listener *l = handle->data;

	mem_free(handle);
	l->open++;
	uv_handle_t fake = { .data = l };
	on_handle_closed(&fake);
}

void
stream_listener_close(struct stream_listener *l, void (*closed)(void *context), void *context)
{
	l->closed = closed;
	l->closed_context = context;
	if (l->open > 0) {
		stream_listener_drain(l);
		return;
	}
	// All handles are closed already: the answer comes from the loop all the same.
	uv_timer_t *later = mem_alloc(sizeof(*later));
	uv_timer_init(l->handles[0].loop, later);
	later->data = l;
	uv_close((uv_handle_t *)later, on_nothing_open);
}
