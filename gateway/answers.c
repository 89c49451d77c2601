// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/answers.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "codec/itav.h"
#include "codec/oid.h"
#include "codec/originate.h"
#include "gateway/step.h"

enum { ANSWERS_MAX = 512 * 1024 };

static void
put_itav(struct der_writer *w, unsigned type, struct span value)
{
	uint8_t room[8];

	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_of_it(type, room));
	if (value.len > 0)
		der_put_raw(w, value);
	der_close(w);
}

// SEQUENCE OF around what a file held, as the value of an InfoTypeAndValue; absent when there is none.
static void
put_sequence(struct der_writer *w, unsigned type, struct span contents)
{
	uint8_t room[8];

	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_of_it(type, room));
	if (contents.len > 0)
		der_put(w, DER_SEQUENCE, contents);
	der_close(w);
}

// RFC 9483 4.3.1 to 4.3.4: each question has its answer; "nothing new" is an absent value.
static bool
answer_one(struct der_writer *w, const struct keyring *k, const struct itav *q, const char *profile, struct fault *f)
{
	char text[OID_TEXT_MAX];
	struct span one;

	switch (q->type) {
	case IT_CA_CERTS: put_sequence(w, IT_CA_CERTS, keyring_ca_certs(k)); return true;
	case IT_ROOT_CA_CERT: put_itav(w, IT_ROOT_CA_KEY_UPDATE, keyring_root_update(k)); return true;
	case IT_CERT_REQ_TEMPLATE: put_itav(w, IT_CERT_REQ_TEMPLATE, keyring_template(k, profile)); return true;
	case IT_CRL_STATUS_LIST: put_sequence(w, IT_CRLS, keyring_crls(k)); return true;
	case IT_CURRENT_CRL:
		one = keyring_crls(k);
		if (one.len > 0 && der_take_whole(&one, DER_SEQUENCE, &one)) {
			put_itav(w, IT_CURRENT_CRL, one);
			return true;
		}
		return fault_set(f, FAIL_BAD_REQUEST, "body.genm", "no CRL is configured here");
	default:
		return fault_set(f, FAIL_BAD_REQUEST, "body.genm", "%s is nothing that this gateway answers", oid_text(q->oid, text, sizeof(text)));
	}
}

bool
answers_build(struct buffer *out, const struct keyring *k, const struct pkimessage *genm, const char *profile, struct fault *f)
{
	struct span list = genm->body_contents, itavs, octets;
	struct der_writer w;
	struct itav q;
	bool well = true;

	if (!der_take(&list, DER_SEQUENCE, &itavs))
		return fault_set(f, FAIL_BAD_DATA_FORMAT, "body.genm", "not a SEQUENCE");
	der_writer_init(&w, ANSWERS_MAX);
	while (well && !der_at_end(itavs))
		well = itav_take(&itavs, &q, f) && answer_one(&w, k, &q, profile, f);
	well = well && ((der_finish(&w, &octets) && buffer_append(out, octets)) || fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory"));
	der_writer_clear(&w);
	return well;
}

// ---- on the loop

static void
profile_of(const struct step *s, char out[CAP_FREE_TEXT + 1])
{
	struct span texts = message_meaning(s->request)->header.cert_profile, text;

	snprintf(out, CAP_FREE_TEXT + 1, "%s", s->label.profile);
	if (der_take(&texts, DER_UTF8, &text) && memchr(text.data, 0, text.len) == NULL)
		snprintf(out, CAP_FREE_TEXT + 1, "%.*s", (int)text.len, (const char *)text.data);
}

static struct blob *
build(const struct step *s, struct fault *f)
{
	uint8_t nonce[CAP_NONCE_MIN];
	char profile[CAP_FREE_TEXT + 1];
	struct header_plan plan;
	struct buffer itavs, out;
	struct blob *octets = NULL;

	if (!random_octets(nonce, sizeof(nonce))) {
		fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "no random octets from the kernel");
		return NULL;
	}
	profile_of(s, profile);
	header_plan_answer(&plan, &message_meaning(s->request)->header, span_of(nonce, sizeof(nonce)));
	buffer_init(&itavs, ANSWERS_MAX);
	buffer_init(&out, ENVELOPE_MAX);
	if (answers_build(&itavs, s->keys, message_meaning(s->request), profile, f) && build_genp(&out, &plan, buffer_span(&itavs)))
		octets = blob_new(buffer_span(&out));
	buffer_clear(&itavs);
	buffer_clear(&out);
	if (octets == NULL)
		fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
	return octets;
}

static void
note(const struct step *s)
{
	struct audit_event e = {
		.event = "msg.answered", .result = "granted", .route = s->route->name, .listener = s->listener->name,
		.transport = s->listener->driver->name, .peer = s->peer.text, .body = "genm", .sender = s->identity.text,
		.auth = s->identity.kind == IDENTITY_SECRET ? "mac" : "signature", .failure = FAIL_NONE, .ms = -1,
		.transaction_id = s->request->view.header.transaction_id,
	};

	// Reads cost no flash one by one: they are merged like refusals.
	audit_refusal(&s->gateway->audit, &e, clock_mono_ms());
}

void
answers_give(struct step *s)
{
	struct gateway *g = s->gateway;
	struct exchange *x = handle_find(&g->exchanges, s->exchange);
	struct verdict v = { .pvno = 0 };
	struct identity who = s->identity;

	if (message_meaning(s->request)->body != BODY_GENM) {
		fault_set(&v.fault, FAIL_BAD_REQUEST, "body", "this route answers genm only");
		step_fail(s, &v, &who, false);
		return;
	}
	struct blob *octets = build(s, &v.fault);
	if (octets == NULL) {
		step_fail(s, &v, &who, false);
		return;
	}
	note(s);
	const struct settings_route *r = s->route;
	struct settings *held = settings_ref(s->settings);
	step_free(s);
	if (x != NULL && !reprotect_reply(g, x, octets, BODY_GENP, r, &who, 0))
		reply_refusal(g, x, REFUSE_INTERNAL, "the gateway has no voice to answer with");
	blob_unref(octets);
	settings_unref(held);
	endpoints_settle(g);
	serve_arm(g);
}
