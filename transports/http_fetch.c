// SPDX-License-Identifier: GPL-3.0-or-later
// One thing fetched from a URL: a connection of its own, one request, one
// answer, one deadline. Nothing is followed and nothing is kept.
#include <stdio.h>
#include <strings.h>

#include "base/memory.h"
#include "transports/http.h"
#include "transports/http1.h"
#include "transports/stream.h"

enum { REQUEST_HEAD = 2048, STATUS_OK = 200 };

struct fetch {
	struct fetch_plan plan;
	struct stream *stream;
	struct http1 *reader;
	bool opened;
};

// ---- the end

static void
finish(struct fetch *f, struct span content, const char *text, const char *detail)
{
	struct fetch_plan plan = f->plan;
	struct http1 *reader = f->reader;

	f->reader = NULL;
	http_fetch_end(f);
	plan.done(plan.context, content, text, detail);
	http1_free(reader);
}

static void
fail(struct fetch *f, const char *text, const char *detail)
{
	finish(f, span_of(NULL, 0), text, detail);
}

static bool
is_type(struct span type, const char *wanted)
{
	size_t n = strlen(wanted);

	return type.len >= n && strncasecmp((const char *)type.data, wanted, n) == 0
		&& (type.len == n || type.data[n] == ';' || type.data[n] == ' ' || type.data[n] == '\t');
}

// The answer is complete.
static void
judge(struct fetch *f)
{
	const struct http1_head *h = http1_head(f->reader);
	char text[160];

	if (h->status != STATUS_OK) {
		snprintf(text, sizeof(text), "it answers HTTP status %d%s", h->status, h->status / 100 == 3 ? "; redirects are not followed" : "");
		fail(f, text, NULL);
	} else if (f->plan.only_that && !is_type(h->content_type, f->plan.accept)) {
		snprintf(text, sizeof(text), "its answer is of another type than %s", f->plan.accept);
		fail(f, text, NULL);
	} else if (http1_body(f->reader).len == 0) {
		fail(f, "its answer is empty", NULL);
	} else {
		finish(f, http1_body(f->reader), NULL, NULL);
	}
}

// ---- events of the connection

static const char *
host_of(const struct web_url *url, char out[WEB_AUTHORITY_MAX])
{
	size_t n = strlen(web_authority(url, out));

	if (url->port == 80)
		out[n - 3] = '\0';
	return out;
}

static void
on_opened(void *owner)
{
	struct fetch *f = owner;
	char room[REQUEST_HEAD], host[WEB_AUTHORITY_MAX];
	struct http_text head = { .at = room, .size = sizeof(room) };
	const struct http_request request = {
		.method = f->plan.content_type != NULL ? "POST" : "GET", .target = f->plan.url->target, .host = host_of(f->plan.url, host),
		.content_type = f->plan.content_type, .accept = f->plan.accept, .length = f->plan.content.len, .close = true,
	};
	struct span parts[2];

	f->opened = true;
	bool well = http_request_write(&head, &request);
	parts[0] = http_text_span(&head);
	parts[1] = f->plan.content;
	if (!well || !stream_write(f->stream, parts, f->plan.content.len > 0 ? 2 : 1))
		fail(f, "the request could not be written", NULL);
}

static void
on_read(void *owner, struct span octets)
{
	struct fetch *f = owner;

	switch (http_response_feed(&f->reader, f->plan.max, octets)) {
	case HTTP1_DONE:
		judge(f);
		break;
	case HTTP1_BAD:
		fail(f, f->reader != NULL ? "its answer is not HTTP, or too large" : "out of memory", NULL);
		break;
	case HTTP1_MORE: case HTTP1_HEADED:
		break;
	}
}

static void
on_ended(void *owner, bool well, const char *text)
{
	struct fetch *f = owner;

	if (!f->opened)
		fail(f, "it cannot be reached", text);
	else if (well && http1_headed(f->reader) && http1_end(f->reader) == HTTP1_DONE)
		judge(f);
	else
		fail(f, http1_started(f->reader) ? "the connection ended in the middle of its answer" : "the connection ended without an answer", NULL);
}

static void
on_expired(void *owner)
{
	struct fetch *f = owner;

	fail(f, f->opened ? "it gave no answer in time" : "it could not be reached in time", NULL);
}

static const struct stream_events events = { .opened = on_opened, .read = on_read, .ended = on_ended, .expired = on_expired };

// ---- the driver's calls

struct fetch *
http_fetch_begin(uv_loop_t *loop, const struct fetch_plan *plan)
{
	struct fetch *f = mem_alloc(sizeof(*f));

	if (f == NULL)
		return NULL;
	f->plan = *plan;
	f->reader = http1_new(false, plan->max);
	f->stream = f->reader != NULL ? stream_connect(loop, plan->url->host, plan->url->port, &events, f) : NULL;
	if (f->stream == NULL) {
		http1_free(f->reader);
		mem_free(f);
		return NULL;
	}
	stream_deadline(f->stream, plan->deadline_ms);
	return f;
}

void
http_fetch_end(struct fetch *f)
{
	stream_close(f->stream);
	http1_free(f->reader);
	mem_free(f);
}
