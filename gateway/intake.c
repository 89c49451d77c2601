// SPDX-License-Identifier: GPL-3.0-or-later
// intake: what the drivers call. Rates and budgets are looked at before a
// message is parsed; then an exchange is opened.
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "codec/text.h"
#include "gateway/core.h"
#include "gateway/refuse.h"
#include "gateway/route.h"
#include "gateway/trace.h"

enum { COMPLAINTS_MAX = 10 };	// lines a second about requests that drivers refused

// Answer a request for which no exchange exists yet.
static uint64_t
turn_away(struct gate_listener *l, uint64_t token, const struct peer *peer, const struct pkiheader *h, enum refusal reason, const char *text)
{
	struct blob *content = refuse_content(h, reason, text);
	struct reply r = { .kind = REPLY_REFUSE, .message = content, .body = content != NULL ? "error" : NULL, .reason = reason,
		.seconds = refuse_seconds(reason), .text = text };
	struct log_field fields[] = { { "peer", peer->text }, { "listener", l->name }, { "reason", refuse_name(reason) }, { NULL, NULL } };

	log_event(reason == REFUSE_RATE ? LOG_DEBUG_ : LOG_WARN_, "refused", fields, "%s", text);
	l->driver->listener_respond(l->driver_state, token, &r);
	blob_unref(content);
	return 0;
}

// Octets that are no PKIMessage: a CMP error where a header can be answered.
static uint64_t
malformed_message(struct gate_listener *l, uint64_t token, const struct peer *peer, const struct pkiheader *h, bool header_read, const struct fault *f)
{
	struct verdict v = { .fault = *f, .pvno = header_read && h->pvno < 2 ? 2 : 0 };
	char text[400];

	fault_text(f, text, sizeof(text));
	if (!header_read)
		return turn_away(l, token, peer, NULL, REFUSE_MALFORMED, text);
	struct blob *octets = refuse_message(h, NULL, &v);
	struct reply r = { .kind = REPLY_ANSWER, .message = octets, .body = "error" };
	char id[2 * CAP_TRANSACTION_ID + 4];
	struct log_field fields[] = {
		{ "peer", peer->text }, { "listener", l->name }, { "failInfo", failure_name(f->failure) },
		{ "transactionID", h->has_transaction_id ? hex_text(h->transaction_id, id, sizeof(id)) : NULL }, { NULL, NULL }
	};
	if (octets == NULL)
		return turn_away(l, token, peer, NULL, REFUSE_INTERNAL, "out of memory");
	log_event(LOG_WARN_, "rejected", fields, "%s", text);
	l->driver->listener_respond(l->driver_state, token, &r);
	blob_unref(octets);
	return 0;
}

static bool
too_fast(struct gateway *g, const struct peer *peer)
{
	const struct settings_limits *limits = &g->settings->limits;

	if (peer->loopback || peer->source[0] == '\0' || address_within(peer->source, &limits->rate_exempt))
		return false;
	return !rate_take(g->rates, peer->source, limits->rate, limits->rate_burst, clock_mono_ms());
}

static uint64_t
on_deliver(void *context, void *listener, uint64_t token, const struct peer *peer, const struct label *label,
	enum content_kind kind, struct blob *octets, struct span return_label)
{
	struct gateway *g = context;
	struct gate_listener *l = listener;
	struct pkiheader header;
	struct fault f = { .set = false };
	bool header_read;

	if (g->stopping)
		return turn_away(l, token, peer, NULL, REFUSE_TRY_AGAIN, "the gateway is closing");
	if (g->blocked != NULL)
		return turn_away(l, token, peer, NULL, REFUSE_BUSY, g->blocked);
	if (too_fast(g, peer))
		return turn_away(l, token, peer, NULL, REFUSE_RATE, "too many requests from this address; limits.rate allows fewer");
	// The octets themselves are counted already.
	if (!table_make_room(g, 0))
		return turn_away(l, token, peer, NULL, REFUSE_BUSY, "limits.bytes_in_flight is used up");
	header_read = false;
	struct message *m = kind == CONTENT_PKCS10 ? adapter_message(g, octets, &f) : message_parse(octets, &header, &header_read, &f);
	if (m == NULL && f.failure == FAIL_SYSTEM_UNAVAIL)
		return turn_away(l, token, peer, NULL, REFUSE_BUSY, "out of memory");
	if (m == NULL)
		return malformed_message(l, token, peer, &header, header_read, &f);
	struct exchange *x = exchange_open(g, l, token, peer, label);
	if (x == NULL) {
		message_unref(m);
		return turn_away(l, token, peer, NULL, REFUSE_BUSY, "out of memory");
	}
	x->request = m;
	x->adopted = kind == CONTENT_PKCS10;
	trace_request(l, peer, label, m);
	return serve_request(g, x, return_label);
}

static uint64_t
on_resume(void *context, void *listener, uint64_t token, const struct peer *peer, uint64_t ticket)
{
	struct gateway *g = context;
	struct gate_listener *l = listener;

	if (g->stopping)
		return turn_away(l, token, peer, NULL, REFUSE_TRY_AGAIN, "the gateway is closing");
	if (too_fast(g, peer))
		return turn_away(l, token, peer, NULL, REFUSE_RATE, "too many requests from this address; limits.rate allows fewer");
	struct exchange *x = exchange_open(g, l, token, peer, NULL);
	if (x == NULL)
		return turn_away(l, token, peer, NULL, REFUSE_BUSY, "out of memory");
	return serve_ticket(g, x, ticket);
}

static void
on_gone(void *context, uint64_t exchange)
{
	struct gateway *g = context;
	struct exchange *x = handle_find(&g->exchanges, exchange);

	if (x == NULL)
		return;
	serve_gone(g, x);
	endpoints_settle(g);
}

static void
on_sent(void *context, uint64_t exchange, bool well)
{
	(void)context;
	(void)exchange;
	(void)well;
}

static void
on_quiet(void *context, void *listener)
{
	(void)listener;
	serve_soon(context);
}

static void
on_outcome(void *context, uint64_t submission, const struct outcome *o)
{
	struct gateway *g = context;
	struct submission *s = handle_find(&g->submissions, submission);

	if (s == NULL)
		return;
	trace_outcome(s, o);
	// The answer that came is counted already; ended transactions make room for it.
	table_make_room(g, 0);
	outcome_take(g, s, o);
	endpoints_settle(g);
}

static void
on_count(void *context, const char *what)
{
	(void)context;
	log_event(LOG_TRACE_, "count", NULL, "%s", what);
}

// Tell whether one more line about a refused request fits this second; what is
// left out is counted in the next one that does.
static bool
may_complain(struct gateway *g)
{
	int64_t second = clock_mono_ms() / 1000;

	if (second != g->complaints.second) {
		g->complaints.second = second;
		g->complaints.told = 0;
	}
	if (g->complaints.told >= COMPLAINTS_MAX) {
		g->complaints.hushed++;
		return false;
	}
	g->complaints.told++;
	return true;
}

static void
on_refused(void *context, void *listener, const struct peer *peer, const struct driver_refusal *r)
{
	struct gateway *g = context;
	const struct gate_listener *l = listener;
	char more[16];

	if (!log_wanted(LOG_DEBUG_) || !may_complain(g))
		return;
	snprintf(more, sizeof(more), "%u", g->complaints.hushed);
	struct log_field fields[] = {
		{ "peer", peer->text }, { "listener", l->name }, { "answer", r->answer }, { "asked", r->asked },
		{ "unlogged", g->complaints.hushed > 0 ? more : NULL }, { NULL, NULL }
	};
	g->complaints.hushed = 0;
	log_event(LOG_DEBUG_, "refused", fields, "%s", r->text);
}

void
intake_core(struct gateway *g)
{
	g->core = (struct driver_core){
		.context = g, .loop = g->loop, .deliver = on_deliver, .resume = on_resume, .gone = on_gone,
		.sent = on_sent, .outcome = on_outcome, .quiet = on_quiet, .count = on_count, .refused = on_refused,
	};
}
