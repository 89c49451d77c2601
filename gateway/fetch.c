// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/fetch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "gateway/step.h"
#include "pki/fetched.h"

enum errand_state { ERRAND_WAITS, ERRAND_RUNS, ERRAND_OPENS };

// One thing on its way: it waits for its turn, is fetched, and is opened.
struct errand {
	struct worker_job job;		// first
	struct list order;
	struct gateway *gateway;
	enum errand_state state;
	struct want *want;
	int64_t deadline_ms;
	struct fetch *fetch;		// ERRAND_RUNS
	struct buffer waiters;		// handles of steps
	uint8_t *octets; size_t len;	// what came
	struct judging now;
	bool late;
	bool well;
	struct fault fault;
};

// ---- the log

static void
tell(const struct errand *e, bool well, const char *text, const char *detail)
{
	const struct want *w = e->want;
	struct log_field fields[] = {
		{ "url", w->url_text }, { "trust", trust_name(w->trust) }, { "certificate", w->subject }, { "detail", detail }, { NULL, NULL }
	};
	const char *what = w->kind == WANT_OCSP ? "OCSP answer" : "CRL";

	if (well)
		log_event(LOG_DEBUG_, "revocation", fields, "%s fetched", what);
	else
		log_event(LOG_WARN_, "revocation", fields, "no %s: %s; it is left alone for %d s. Look whether the URL answers from this machine, "
			"or name CRLs in files (revocation.crls)", what, text, FETCHED_PAUSE_MS / 1000);
}

// ---- the end of an errand

static void
errand_free(struct errand *e)
{
	want_free(e->want);
	buffer_clear(&e->waiters);
	mem_free(e->octets);
	mem_free(e);
}

static void
finish(struct errand *e)
{
	struct gateway *g = e->gateway;
	struct buffer waiters = e->waiters;
	bool late = e->late;
	uint64_t step;

	list_remove(&e->order);
	g->errand_count--;
	buffer_init(&e->waiters, 0);
	errand_free(e);
	for (size_t at = 0; at < waiters.len; at += sizeof(step)) {
		memcpy(&step, waiters.data + at, sizeof(step));
		step_fetched(g, step, late);
	}
	buffer_clear(&waiters);
}

// ---- opening, on a worker

static void
run_open(struct worker_job *job, unsigned thread)
{
	struct errand *e = (struct errand *)(void *)job;

	(void)thread;
	e->well = fetched_take(e->want, span_of(e->octets, e->len), &e->now, &e->fault);
}

static void
on_opened(struct worker_job *job, bool late)
{
	struct errand *e = (struct errand *)(void *)job;
	struct gateway *g = e->gateway;

	if (!late)
		tell(e, e->well, e->fault.text, NULL);
	e->late = e->late || late;
	finish(e);
	endpoints_settle(g);
	serve_arm(g);
}

static bool
open_it(struct errand *e, struct span content)
{
	bool known;
	struct judging_time now = step_time(e->gateway, &known);

	e->octets = mem_alloc(content.len);
	if (e->octets == NULL)
		return false;
	memcpy(e->octets, content.data, content.len);
	e->len = content.len;
	e->now = (struct judging){ .at = now.at, .at_floor = now.at_floor };
	e->state = ERRAND_OPENS;
	e->job.run = run_open;
	e->job.done = on_opened;
	return worker_submit(e->gateway->workers, &e->job);
}

// ---- fetching

static void
on_fetched(void *context, struct span content, const char *text, const char *detail)
{
	struct errand *e = context;
	struct gateway *g = e->gateway;

	e->fetch = NULL;
	g->errands_running--;
	if (content.data == NULL) {
		fetched_fail(e->want, text);
		tell(e, false, text, detail);
		finish(e);
	} else if (!open_it(e, content)) {
		// Nothing is wrong with the source: it may be asked again at once.
		finish(e);
	}
	fetch_start(g);
	endpoints_settle(g);
	serve_arm(g);
}

static const struct driver *
fetcher(void)
{
	const struct driver *d = driver_find("http");

	return d != NULL && d->fetch_begin != NULL ? d : NULL;
}

static bool
start(struct errand *e)
{
	const struct want *w = e->want;
	bool ocsp = w->kind == WANT_OCSP;
	const struct driver *d = fetcher();
	const struct fetch_plan plan = {
		.url = &w->url, .content_type = ocsp ? "application/ocsp-request" : NULL, .content = w->request,
		// The signature tells a CRL; RFC 5280 4.2.1.13 only says what its type should be.
		.accept = ocsp ? "application/ocsp-response" : "application/pkix-crl", .only_that = ocsp,
		.max = ocsp ? ERRAND_ANSWER_MAX : trust_fetching(w->trust).crl_max, .deadline_ms = e->deadline_ms,
		.done = on_fetched, .context = e,
	};

	e->fetch = d != NULL ? d->fetch_begin(e->gateway->loop, &plan) : NULL;
	if (e->fetch == NULL)
		return false;
	e->state = ERRAND_RUNS;
	e->gateway->errands_running++;
	return true;
}

static struct errand *
next_waiting(const struct gateway *g)
{
	for (struct list *n = g->errands.next; n != &g->errands; n = n->next) {
		struct errand *e = container_of(n, struct errand, order);
		if (e->state == ERRAND_WAITS)
			return e;
	}
	return NULL;
}

// The time of one that waited too long is over: nobody says that its source is dead.
void
fetch_start(struct gateway *g)
{
	struct errand *e;

	while (g->errands_running < ERRANDS_AT_ONCE && (e = next_waiting(g)) != NULL)
		if (e->deadline_ms <= clock_mono_ms() || !start(e))
			finish(e);
}

// ---- wants

static struct errand *
find(const struct gateway *g, const struct want *w)
{
	for (struct list *n = g->errands.next; n != &g->errands; n = n->next) {
		struct errand *e = container_of(n, struct errand, order);
		if (e->want->trust == w->trust && memcmp(e->want->key, w->key, sizeof(w->key)) == 0)
			return e;
	}
	return NULL;
}

static struct errand *
errand_new(struct gateway *g, struct want *w)
{
	struct errand *e = g->errand_count < ERRANDS_MAX ? mem_alloc(sizeof(*e)) : NULL;

	if (e == NULL)
		return NULL;
	e->gateway = g;
	e->want = w;
	e->deadline_ms = clock_mono_ms() + trust_fetching(w->trust).timeout_ms;
	buffer_init(&e->waiters, SIZE_MAX);
	list_append(&g->errands, &e->order);
	g->errand_count++;
	return e;
}

static bool
wait_for(struct errand *e, uint64_t step)
{
	return step != 0 && buffer_append(&e->waiters, span_of(&step, sizeof(step)));
}

bool
fetch_is_over(const struct gateway *g)
{
	return g->stopping && (g->exchanges.count == 0 || clock_mono_ms() >= g->stop_at);
}

unsigned
fetch_wants(struct gateway *g, uint64_t step, struct wants *wants)
{
	unsigned awaited = 0;
	struct want *w;

	while ((w = wants_take(wants)) != NULL) {
		bool needed = w->needed;
		struct errand *e = find(g, w);
		bool known = e != NULL;
		if (!known && !fetch_is_over(g))
			e = errand_new(g, w);
		if (known || e == NULL)
			want_free(w);
		if (e != NULL && needed && wait_for(e, step))
			awaited++;
	}
	return awaited;
}

// ---- the end

static struct errand *
first_to_end(const struct gateway *g)
{
	for (struct list *n = g->errands.next; n != &g->errands; n = n->next) {
		struct errand *e = container_of(n, struct errand, order);
		if (e->state != ERRAND_OPENS)
			return e;
	}
	return NULL;
}

void
fetch_stop(struct gateway *g)
{
	struct errand *e;

	// Who is told may settle, and come here again.
	if (g->errands_ending)
		return;
	g->errands_ending = true;
	while ((e = first_to_end(g)) != NULL) {
		if (e->fetch != NULL) {
			fetcher()->fetch_end(e->fetch);
			g->errands_running--;
		}
		e->fetch = NULL;
		e->late = true;
		finish(e);
	}
	g->errands_ending = false;
}
