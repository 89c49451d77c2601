// SPDX-License-Identifier: GPL-3.0-or-later
// The upstream side: a pool of connections with affinity (a connection
// stays with its transaction while an exchange is open and a little longer),
// a queue in order, and one deadline per submission.
#include <stdio.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"
#include "transports/http.h"
#include "transports/http1.h"
#include "transports/stream.h"

enum { HOLD_CROWDED_MS = 500, TICK_MS = 100, REQUEST_HEAD = 2048 };

struct upstream {
	const char *name;
	const struct url *url;
	char host[300];			// as the Host field says it
	const struct driver_core *core;
	const struct transport_limits *limits;
	const struct http_upstream_options *options;
	struct list links;		// all connections
	size_t link_count;
	struct list queue;		// submissions without a connection, in order
	size_t queued;
	uv_timer_t timer;		// looks at deadlines while anything is open
	uv_check_t kick;		// outcomes and starts come from the loop, never from inside submit
	bool ticking, closing;
	size_t handles;
	void (*closed)(void *context);
	void *closed_context;
};

struct job {
	struct list order;		// in the queue
	uint64_t submission, affinity;
	struct blob *message;
	int64_t deadline_ms;
	bool again;			// sent once already, on a connection that the upstream was closing
	char target[900];
};

enum link_state { LINK_CONNECTING, LINK_IDLE, LINK_BUSY };

struct link {
	struct list order;
	struct upstream *upstream;
	struct stream *stream;
	enum link_state state;
	struct job *job;		// NULL while idle
	struct http1 *reader;
	uint64_t affinity;		// kept for this transaction; 0 = free
	int64_t free_ms;		// when the affinity ends, or an idle connection is closed
	bool written;			// octets of the request have been given to the socket
	bool served;			// an answer has come on it before
	bool heard;			// octets came since the request
};

// ---- outcomes

static void
job_end(struct upstream *u, struct job *job, const struct outcome *o)
{
	uint64_t submission = job->submission;

	blob_unref(job->message);
	mem_free(job);
	u->core->outcome(u->core->context, submission, o);
}

enum cause { CAUSE_BROKEN, CAUSE_LATE, CAUSE_GARBLED };

static void
job_fail(struct upstream *u, struct job *job, bool sent, enum cause cause, const char *text)
{
	struct outcome o = {
		.kind = sent ? OUTCOME_MAYBE_SENT : OUTCOME_NOT_SENT,
		.timeout = cause == CAUSE_LATE, .garbled = cause == CAUSE_GARBLED, .text = text
	};

	job_end(u, job, &o);
}

static void on_kick(uv_check_t *check);

// Start what waits, in the check phase of this very turn of the loop.
static void
kick(struct upstream *u)
{
	if (!u->closing && !list_is_empty(&u->queue))
		uv_check_start(&u->kick, on_kick);
}

static void
link_close(struct link *k)
{
	struct upstream *u = k->upstream;

	stream_close(k->stream);
	http1_free(k->reader);
	list_remove(&k->order);
	u->link_count--;
	mem_free(k);
	kick(u);
}

// The connection is of no use any more; its job, if any, ends with this text.
static void
link_break(struct link *k, enum cause cause, const char *text)
{
	struct upstream *u = k->upstream;
	struct job *job = k->job;
	bool sent = k->written;

	k->job = NULL;
	link_close(k);
	if (job != NULL)
		job_fail(u, job, sent, cause, text);
}

// An upstream may close a connection that was kept, just when the next request
// leaves. Nothing tells whether it was read; but a CA knows a message that comes
// twice by its transactionID. So it is sent once more, in the same octets, on a
// connection of its own. True when the link is gone.
static bool
send_again(struct link *k)
{
	struct upstream *u = k->upstream;
	struct job *job = k->job;

	if (k->state != LINK_BUSY || !k->served || k->heard || job->again || u->closing)
		return false;
	job->again = true;
	k->job = NULL;
	list_append(u->queue.next, &job->order);	// before the first: its turn has come
	u->queued++;
	u->core->count(u->core->context, "http.sent-again");
	link_close(k);
	return true;
}

// ---- one exchange

static bool
write_request(struct link *k)
{
	const struct upstream *u = k->upstream;
	struct span message = blob_span(k->job->message), parts[2];
	char room[REQUEST_HEAD];
	struct http_text head = { .at = room, .size = sizeof(room) };
	const struct http_request request = {
		.method = "POST", .target = k->job->target, .host = u->host, .content_type = HTTP_CONTENT_TYPE, .accept = HTTP_CONTENT_TYPE,
		.length = message.len, .close = u->options->connection == HTTP_CLOSE,
	};

	if (!http_request_write(&head, &request))
		return false;
	parts[0] = http_text_span(&head);
	parts[1] = message;
	k->written = true;
	return stream_write(k->stream, parts, 2);
}

static void
link_start(struct link *k)
{
	k->state = LINK_BUSY;
	k->written = k->heard = false;
	k->reader = http1_new(false, (size_t)k->upstream->limits->max_answer);
	if ((k->reader == NULL || !write_request(k)) && !send_again(k))
		link_break(k, CAUSE_BROKEN, "the request could not be written");
}

// What a complete response means.
static void
report(struct upstream *u, struct job *job, const struct http1 *reader)
{
	const struct http1_head *h = http1_head(reader);
	struct span body = http1_body(reader);
	struct outcome o = { .kind = OUTCOME_REFUSED, .status = h->status };
	char text[160];

	bool class_fits = h->status >= 200 && h->status < 600 && h->status / 100 != 3;
	if (class_fits && body.len > 0 && body.data[0] == 0x30 && (h->content_type.len == 0 || http_is_pkixcmp(h->content_type))) {
		o.kind = OUTCOME_ANSWER;
		o.message = blob_new(body);
		if (o.message == NULL) {
			job_fail(u, job, true, CAUSE_BROKEN, "out of memory");
			return;
		}
		job_end(u, job, &o);
		blob_unref(o.message);
		return;
	}
	snprintf(text, sizeof(text), "HTTP status %d with %.*s, no CMP message%s", h->status,
		h->content_type.len > 0 && h->content_type.len < 60 ? (int)h->content_type.len : 10,
		h->content_type.len > 0 && h->content_type.len < 60 ? (const char *)h->content_type.data : "no content",
		h->status / 100 == 3 ? "; redirects are not followed" : "");
	o.text = text;
	job_end(u, job, &o);
}

static void
response_done(struct link *k)
{
	struct upstream *u = k->upstream;
	struct http1 *reader = k->reader;
	struct job *job = k->job;
	const struct http1_head *h = http1_head(reader);
	bool keep = h->keep_alive && u->options->connection != HTTP_CLOSE && !u->closing;

	k->reader = NULL;
	k->job = NULL;
	if (keep) {
		k->state = LINK_IDLE;
		k->served = true;
		k->affinity = u->options->connection == HTTP_PER_TRANSACTION ? job->affinity : 0;
		k->free_ms = clock_mono_ms() + (k->affinity != 0 ? u->options->affinity_hold : u->options->idle);
		kick(u);
	} else {
		link_close(k);
	}
	report(u, job, reader);
	http1_free(reader);
}

static void
on_read(void *owner, struct span octets)
{
	struct link *k = owner;

	if (k->state != LINK_BUSY) {
		link_break(k, CAUSE_GARBLED, "the upstream spoke without being asked");
		return;
	}
	k->heard = true;
	switch (http_response_feed(&k->reader, (size_t)k->upstream->limits->max_answer, octets)) {
	case HTTP1_DONE:
		response_done(k);	// octets beyond it, if any, break the next use
		break;
	case HTTP1_BAD:
		link_break(k, k->reader != NULL ? CAUSE_GARBLED : CAUSE_BROKEN, k->reader != NULL ? "its answer is not HTTP, or too large" : "out of memory");
		break;
	case HTTP1_MORE: case HTTP1_HEADED:
		break;
	}
}

static void
on_ended(void *owner, bool well, const char *text)
{
	struct link *k = owner;

	if (k->state == LINK_CONNECTING) {
		char why[256];
		// The outcome's text goes to the device, which need not know what the inner network looks like.
		struct log_field fields[] = { { "upstream", k->upstream->name }, { "url", k->upstream->url->text }, { NULL, NULL } };
		snprintf(why, sizeof(why), "cannot be reached: %s", text);
		log_event(LOG_WARN_, "upstream", fields, "%s", why);
		link_break(k, CAUSE_BROKEN, why);
		return;
	}
	if (k->state == LINK_BUSY && well && http1_headed(k->reader) && http1_end(k->reader) == HTTP1_DONE) {
		struct upstream *u = k->upstream;
		struct http1 *reader = k->reader;
		struct job *job = k->job;
		k->reader = NULL;
		k->job = NULL;
		link_close(k);
		report(u, job, reader);
		http1_free(reader);
		return;
	}
	if (send_again(k))
		return;
	bool begun = k->state == LINK_BUSY && http1_started(k->reader);
	link_break(k, begun ? CAUSE_GARBLED : CAUSE_BROKEN,
		begun ? "the connection ended in the middle of its answer" : "the connection ended without an answer");
}

static void
on_opened(void *owner)
{
	link_start(owner);
}

static void
on_expired(void *owner)
{
	(void)owner;	// deadlines are those of the jobs
}

static const struct stream_events events = { .opened = on_opened, .read = on_read, .ended = on_ended, .expired = on_expired };

// ---- the pool

static struct link *
free_link(struct upstream *u, uint64_t affinity)
{
	struct link *any = NULL;

	for (struct list *n = u->links.next; n != &u->links; n = n->next) {
		struct link *k = container_of(n, struct link, order);
		if (k->state != LINK_IDLE)
			continue;
		if (k->affinity != 0 && k->affinity == affinity)
			return k;
		if (any == NULL && k->affinity == 0)
			any = k;
	}
	return any;
}

// When others wait, a held connection is given up sooner.
static void
crowd(struct upstream *u)
{
	int64_t soon = clock_mono_ms() + HOLD_CROWDED_MS;

	for (struct list *n = u->links.next; n != &u->links; n = n->next) {
		struct link *k = container_of(n, struct link, order);
		if (k->state == LINK_IDLE && k->affinity != 0 && k->free_ms > soon)
			k->free_ms = soon;
	}
}

static bool
link_new(struct upstream *u, struct job *job)
{
	struct link *k = mem_alloc(sizeof(*k));

	if (k == NULL)
		return false;
	k->upstream = u;
	k->state = LINK_CONNECTING;
	k->job = job;
	k->stream = stream_connect(u->core->loop, u->url->host, u->url->port_given ? u->url->port : 80, &events, k);
	if (k->stream == NULL) {
		mem_free(k);
		return false;
	}
	k->free_ms = clock_mono_ms() + u->options->connect_timeout;
	list_append(&u->links, &k->order);
	u->link_count++;
	return true;
}

static void
dispatch(struct upstream *u)
{
	while (!list_is_empty(&u->queue)) {
		struct job *job = container_of(u->queue.next, struct job, order);
		struct link *k = free_link(u, job->affinity);
		if (k != NULL && job->again) {
			// Another kept one may be closed by now as well.
			if (u->link_count >= (size_t)u->options->connections)
				link_close(k);
			k = NULL;
		}
		if (k == NULL && u->link_count >= (size_t)u->options->connections) {
			crowd(u);
			return;
		}
		list_remove(&job->order);
		u->queued--;
		if (k != NULL) {
			k->job = job;
			k->affinity = job->affinity;
			link_start(k);
		} else if (!link_new(u, job)) {
			job_fail(u, job, false, CAUSE_BROKEN, "out of memory");
		}
	}
}

static void
look_at_link(struct link *k, int64_t now)
{
	if (k->job != NULL && k->job->deadline_ms <= now)
		link_break(k, CAUSE_LATE, k->written ? "no answer came in time" : "it could not be reached in time");
	else if (k->state == LINK_CONNECTING && k->free_ms <= now)
		link_break(k, CAUSE_LATE, "it could not be reached in time (connect_timeout)");
	// A connection given up in the middle of a transaction is not used for
	// another one: some CAs remember on it what they expect next.
	else if (k->state == LINK_IDLE && k->free_ms <= now)
		link_close(k);
}

static void
on_timer(uv_timer_t *timer)
{
	struct upstream *u = timer->data;
	int64_t now = clock_mono_ms();

	for (struct list *n = u->links.next, *next; n != &u->links; n = next) {
		next = n->next;
		look_at_link(container_of(n, struct link, order), now);
		if (u->closing)		// by the outcome just told: all links are gone
			return;
	}
	for (struct list *n = u->queue.next, *next; n != &u->queue; n = next) {
		struct job *job = container_of(n, struct job, order);
		next = n->next;
		if (job->deadline_ms > now)
			continue;
		list_remove(&job->order);
		u->queued--;
		job_fail(u, job, false, CAUSE_LATE, "no connection to it became free in time");
	}
	dispatch(u);
	if (list_is_empty(&u->links) && list_is_empty(&u->queue)) {
		uv_timer_stop(&u->timer);
		u->ticking = false;
	}
}

static void
on_kick(uv_check_t *check)
{
	struct upstream *u = check->data;

	uv_check_stop(check);
	dispatch(u);
}

static void
wake(struct upstream *u)
{
	if (!u->ticking) {
		u->ticking = true;
		uv_timer_start(&u->timer, on_timer, TICK_MS, TICK_MS);
	}
}

// ---- the driver's calls

struct upstream *
http_upstream_open(const struct upstream_setup *setup, struct fault *f)
{
	struct upstream *u = mem_alloc(sizeof(*u));

	if (u == NULL) {
		fault_set(f, FAIL_NONE, "", "out of memory");
		return NULL;
	}
	u->name = setup->name;
	u->url = setup->url;
	url_authority(u->url, 80, u->host, sizeof(u->host));
	u->core = setup->core;
	u->limits = setup->limits;
	u->options = setup->options;
	list_init(&u->links);
	list_init(&u->queue);
	uv_timer_init(u->core->loop, &u->timer);
	uv_check_init(u->core->loop, &u->kick);
	u->timer.data = u->kick.data = u;
	u->handles = 2;
	return u;
}

static void
on_handle_closed(uv_handle_t *handle)
{
	struct upstream *u = handle->data;

	if (--u->handles > 0)
		return;
	void (*closed)(void *) = u->closed;
	void *context = u->closed_context;
	mem_free(u);
	closed(context);
}

void
http_upstream_close(struct upstream *u, void (*closed)(void *context), void *context)
{
	u->closing = true;
	u->closed = closed;
	u->closed_context = context;
	while (!list_is_empty(&u->links))
		link_break(container_of(u->links.next, struct link, order), CAUSE_BROKEN, "the gateway is closing");
	while (!list_is_empty(&u->queue)) {
		struct job *job = container_of(u->queue.next, struct job, order);
		list_remove(&job->order);
		u->queued--;
		job_fail(u, job, false, CAUSE_BROKEN, "the gateway is closing");
	}
	uv_close((uv_handle_t *)&u->timer, on_handle_closed);
	uv_close((uv_handle_t *)&u->kick, on_handle_closed);
}

static bool
appends(const struct upstream *u, const struct label *label)
{
	static const char end[] = ".well-known/cmp";
	size_t len = strlen(u->url->path), n = sizeof(end) - 1;

	if (u->options->labels != HTTP_LABELS_AUTO)
		return u->options->labels == HTTP_LABELS_APPEND;
	return len >= n && strcmp(u->url->path + len - n, end) == 0 && (label->profile[0] != '\0' || label->operation[0] != '\0');
}

static void
write_target(const struct upstream *u, const struct label *label, char *out, size_t size)
{
	const char *path = u->url->path[0] != '\0' ? u->url->path : "/";
	const char *operation = label->operation[0] != '\0' ? label->operation : label->implied;
	bool append = appends(u, label);

	snprintf(out, size, "%s%s%s%s%s", path, append && label->profile[0] != '\0' ? "/p/" : "", append ? label->profile : "",
		append && operation[0] != '\0' ? "/" : "", append ? operation : "");
}

bool
http_upstream_submit(struct upstream *u, uint64_t submission, uint64_t affinity, const struct label *label,
	struct blob *message, int64_t deadline_ms, struct fault *f)
{
	if (u->closing || u->queued >= (size_t)u->options->queue)
		return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "too many messages wait for upstream %s", u->name);
	struct job *job = mem_alloc(sizeof(*job));
	if (job == NULL)
		return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
	job->submission = submission;
	job->affinity = affinity;
	job->message = blob_ref(message);
	job->deadline_ms = deadline_ms;
	write_target(u, label, job->target, sizeof(job->target));
	list_append(&u->queue, &job->order);
	u->queued++;
	wake(u);
	kick(u);
	return true;
}

void
http_upstream_forget(struct upstream *u, uint64_t affinity)
{
	for (struct list *n = u->links.next; n != &u->links; n = n->next) {
		struct link *k = container_of(n, struct link, order);
		if (k->affinity != affinity || k->state != LINK_IDLE)
			continue;
		k->affinity = 0;
		k->free_ms = clock_mono_ms() + u->options->idle;
		kick(u);
	}
}
