// SPDX-License-Identifier: GPL-3.0-or-later
// batch: a nested message of several requests (RFC 9483 5.2.2.2). Each message
// inside gets an exchange of its own whose connection is a slot here; when all
// slots are filled, they are answered as one. Nothing else knows of batches.
#include "gateway/step.h"

#include "base/memory.h"
#include "base/random.h"
#include "codec/originate.h"
#include "gateway/refuse.h"
#include "gateway/route.h"

struct batch {
	char route[65];
	struct identity who;
	size_t count, open;
	struct blob *slots[CAP_BATCH];
	uint64_t children[CAP_BATCH];
	bool composing;
};

// One nested message around what the slots hold, protected, to who sent the batch.
static void
compose(struct gateway *g, struct exchange *parent)
{
	struct batch *b = parent->batch;
	const struct settings_route *r = NULL;
	struct span inner[CAP_BATCH];
	uint8_t nonce[CAP_NONCE_MIN];
	struct header_plan plan;
	struct buffer out;
	struct blob *octets = NULL;
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++)
		if (b->slots[i] != NULL)
			inner[n++] = blob_span(b->slots[i]);
	buffer_init(&out, ENVELOPE_MAX);
	if (n == b->count && random_octets(nonce, sizeof(nonce))) {
		header_plan_answer(&plan, &parent->request->view.header, span_of(nonce, sizeof(nonce)));
		octets = build_nested(&out, &plan, inner, n) ? blob_new(buffer_span(&out)) : NULL;
	}
	buffer_clear(&out);
	r = route_named(g->settings, b->route);
	struct identity who = b->who;
	if (octets == NULL || r == NULL || !reprotect_reply(g, parent, octets, BODY_NESTED, r, &who, 0))
		reply_refusal(g, parent, REFUSE_INTERNAL, "the answers of the batch could not be put together");
	blob_unref(octets);
}

void
batch_fill(struct gateway *g, struct exchange *child, const struct reply *reply)
{
	struct exchange *parent = handle_find(&g->exchanges, child->parent);
	struct blob *octets = reply->kind == REPLY_ANSWER || reply->kind == REPLY_REFUSE ? reply->message : NULL;
	unsigned slot = child->slot;

	if (octets != NULL)
		blob_ref(octets);
	else if (child->request != NULL)
		octets = refuse_content(&child->request->view.header, REFUSE_UNAVAILABLE, "no answer in time; send this message again");
	exchange_close(g, child);
	if (parent == NULL || parent->batch == NULL) {
		blob_unref(octets);
		return;
	}
	struct batch *b = parent->batch;
	b->children[slot] = 0;
	b->slots[slot] = octets;
	if (--b->open == 0 && !b->composing)
		compose(g, parent);
}

void
batch_close(struct gateway *g, struct exchange *parent)
{
	struct batch *b = parent->batch;

	parent->batch = NULL;
	for (size_t i = 0; i < b->count; i++) {
		struct exchange *child = handle_find(&g->exchanges, b->children[i]);
		if (child != NULL)
			serve_gone(g, child);
		blob_unref(b->slots[i]);
	}
	mem_free(b);
}

// What cannot be an exchange is answered at once.
static void
open_child(struct gateway *g, struct exchange *parent, unsigned slot, struct span octets)
{
	struct batch *b = parent->batch;
	struct blob *blob = blob_new(octets);
	struct fault f = { .set = false };
	struct pkiheader header;
	bool header_read;
	struct message *m = blob != NULL ? message_parse(blob, &header, &header_read, &f) : NULL;
	struct exchange *child = m != NULL ? exchange_open_slot(g, parent, slot) : NULL;

	blob_unref(blob);
	b->open++;
	if (child == NULL) {
		message_unref(m);
		b->open--;
		b->slots[slot] = refuse_content(&parent->request->view.header, REFUSE_BUSY, "out of memory");
		return;
	}
	b->children[slot] = child->handle;
	child->request = m;
	serve_request(g, child, span_of(NULL, 0));
}

bool
step_batch(struct step *s)
{
	struct gateway *g = s->gateway;
	struct exchange *x = handle_find(&g->exchanges, s->exchange);
	struct verdict v = { .pvno = 0 };
	struct span rest, inner;
	struct identity who = s->identity;
	uint64_t parent = s->exchange;

	if (!who.is_ra) {
		fault_set(&v.fault, FAIL_NOT_AUTHORIZED, "protection", "a batch must be signed by a registration authority (id-kp-cmcRA)");
		step_fail(s, &v, &who, false);
		return true;
	}
	struct batch *b = mem_alloc(sizeof(*b));
	if (b == NULL || x == NULL || !nested_first(x->request->view.body_contents, &rest)) {
		mem_free(b);
		step_refuse(s, REFUSE_BUSY, "out of memory");
		return true;
	}
	memcpy(b->route, s->route->name, strlen(s->route->name) + 1);
	b->who = who;
	b->composing = true;
	x->batch = b;
	step_free(s);
	while (b->count < CAP_BATCH && nested_next(&rest, &inner)) {
		unsigned slot = (unsigned)b->count++;
		open_child(g, x, slot, inner);
		// A child that was answered at once may have ended the parent's peer.
		x = handle_find(&g->exchanges, parent);
		if (x == NULL || x->batch != b)
			return true;
	}
	b->composing = false;
	if (b->open == 0)
		compose(g, x);
	endpoints_settle(g);
	serve_arm(g);
	return true;
}
