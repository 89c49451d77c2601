// SPDX-License-Identifier: GPL-3.0-or-later
// reply: every way to end an exchange. Errors of ours are protected where the
// route has a voice; those that could tell an unknown reference from a wrong
// MAC leave at their tick.
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "codec/text.h"
#include "gateway/core.h"
#include "gateway/envelope.h"
#include "gateway/refuse.h"
#include "gateway/route.h"

void
reply_blob(struct gateway *g, struct exchange *x, struct blob *octets, enum body body)
{
	struct reply r = { .kind = REPLY_ANSWER, .message = octets, .body = body_name(body) };

	exchange_reply(g, x, &r);
}

// What a refused exchange belongs to, for the log: the transactionID in hex.
static const char *
id_of(const struct exchange *x, char out[2 * CAP_TRANSACTION_ID + 4])
{
	bool known = x->request != NULL && x->request->view.header.has_transaction_id;

	return known ? hex_text(x->request->view.header.transaction_id, out, 2 * CAP_TRANSACTION_ID + 4) : NULL;
}

static const char *
route_of(const struct exchange *x)
{
	return x->route[0] != '\0' ? x->route : NULL;
}

void
reply_refusal(struct gateway *g, struct exchange *x, enum refusal reason, const char *text)
{
	bool carries = x->request != NULL && (x->parent != 0 || (x->listener->driver->abilities & DRIVER_REFUSE_CONTENT) != 0);
	struct blob *content = carries ? refuse_content(&x->request->view.header, reason, text) : NULL;
	struct reply r = { .kind = REPLY_REFUSE, .message = content, .body = content != NULL ? "error" : NULL, .reason = reason,
		.seconds = refuse_seconds(reason), .text = text };
	char id[2 * CAP_TRANSACTION_ID + 4];
	struct log_field fields[] = {
		{ "peer", x->peer.text }, { "listener", x->listener->name }, { "reason", refuse_name(reason) },
		{ "route", route_of(x) }, { "transactionID", id_of(x, id) }, { NULL, NULL }
	};

	log_event(LOG_WARN_, "refused", fields, "%s", text != NULL ? text : refuse_name(reason));
	exchange_reply(g, x, &r);
	blob_unref(content);
}

// ---- faults

static void
record_fault(struct gateway *g, const struct exchange *x, const struct verdict *v, const struct fault_context *c, const char *text)
{
	const struct pkimessage *m = &x->request->view;
	struct audit_event e = {
		.event = "msg.rejected", .result = "rejected", .route = c->route != NULL ? c->route->name : NULL, .listener = x->listener->name,
		.transport = x->listener->driver->name, .peer = x->peer.text, .body = body_name(m->body), .reason = text, .failure = v->fault.failure,
		.sender = c->who != NULL ? c->who->text : NULL, .auth = c->who == NULL ? "none" : c->who->kind == IDENTITY_SECRET ? "mac" : "signature",
		.transaction_id = m->header.has_transaction_id ? m->header.transaction_id : span_of(NULL, 0), .ms = -1,
	};

	if (c->route == NULL || !route_verifies(c->route))
		return;
	audit_refusal(&g->audit, &e, clock_mono_ms());
}

// Hold an answer until its tick; it leaves from reply_due.
static void
hold(struct gateway *g, struct exchange *x, struct blob *octets, enum body body, int64_t release_ms)
{
	struct list *at = &g->delayed;

	x->held = blob_ref(octets);
	x->held_body = body;
	x->release_ms = release_ms;
	while (at->prev != &g->delayed && container_of(at->prev, struct exchange, delayed)->release_ms > release_ms)
		at = at->prev;
	list_append(at, &x->delayed);
}

void
reply_at(struct gateway *g, struct exchange *x, struct blob *octets, enum body body, int64_t release_ms)
{
	if (release_ms > clock_mono_ms())
		hold(g, x, octets, body, release_ms);
	else
		reply_blob(g, x, octets, body);
}

void
reply_due(struct gateway *g, int64_t now)
{
	while (!list_is_empty(&g->delayed)) {
		struct exchange *x = container_of(g->delayed.next, struct exchange, delayed);
		if (x->release_ms > now)
			return;
		list_remove(&x->delayed);
		struct blob *octets = x->held;
		x->held = NULL;
		reply_blob(g, x, octets, x->held_body);
		blob_unref(octets);
	}
}

void
reply_fault(struct gateway *g, struct exchange *x, const struct verdict *v, const struct fault_context *c)
{
	// The answer is addressed to who asked: inside an envelope that is the inner message.
	bool inside = x->request->inner != NULL && v->in_body;
	const struct pkimessage *m = inside ? x->request->inner : &x->request->view;
	struct blob *octets = refuse_message(&m->header, m, v);
	enum body body = v->in_body ? body_answer(m->body) : BODY_ERROR;
	int64_t release = c->delayed ? x->arrived_ms + g->settings->limits.mac_refusal_delay : 0;
	char text[400], id[2 * CAP_TRANSACTION_ID + 4], kid[2 * CAP_KEY_ID + 4];
	struct log_field fields[] = {
		{ "peer", x->peer.text }, { "listener", x->listener->name }, { "body", body_name(m->body) },
		{ "failInfo", failure_name(v->fault.failure) }, { "route", c->route != NULL ? c->route->name : route_of(x) },
		{ "sender", c->who != NULL ? c->who->text : NULL }, { "secret", c->secret },
		{ "kid", c->secret != NULL && m->header.has_sender_kid ? kid_text(m->header.sender_kid, kid, sizeof(kid)) : NULL },
		{ "transactionID", id_of(x, id) }, { NULL, NULL }
	};

	fault_text(&v->fault, text, sizeof(text));
	log_event(LOG_WARN_, "rejected", fields, "%s", text);
	record_fault(g, x, v, c, text);
	if (x->adopted) {	// no CMP was spoken: the reason goes beside the file
		struct reply r = { .kind = REPLY_REFUSE, .reason = REFUSE_MALFORMED, .text = text };
		exchange_reply(g, x, &r);
	} else if (octets == NULL)
		reply_refusal(g, x, REFUSE_INTERNAL, "out of memory");
	else if (c->route == NULL || !route_verifies(c->route) || !reprotect_reply(g, x, octets, body, c->route, c->who, release))
		reply_at(g, x, octets, body, release);
	blob_unref(octets);
}

void
reply_failure(struct gateway *g, struct exchange *x, enum failure failure, const char *text, const struct fault_context *c)
{
	struct verdict v = { .pvno = 0 };

	fault_set(&v.fault, failure, "", "%s", text);
	reply_fault(g, x, &v, c);
}
