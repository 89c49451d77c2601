// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/answers.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "codec/crl.h"
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

// ---- CRLs: what the question names, and newer than what the device has (4.3.4)

struct crl_question { struct span issuer, point; int64_t since; bool has_since; };

// CRLStatus: its form was checked when the message was parsed.
static bool
crl_status_take(struct span *in, struct crl_question *out)
{
	struct span status, source, names;
	struct general_name name;

	memset(out, 0, sizeof(*out));
	if (!der_take(in, DER_SEQUENCE, &status))
		return false;
	if (der_take(&status, DER_CONTEXT_CONS(0), &source)) {
		out->point = source;
	} else if (der_take(&status, DER_CONTEXT_CONS(1), &source) && der_take(&source, DER_SEQUENCE, &names)) {
		if (general_name_read(&names, &name, NULL) && name.kind == GN_DIRECTORY)
			out->issuer = name.value;
	} else
		return false;
	out->has_since = !der_at_end(status) && der_take_time(&status, &out->since);
	return true;
}

// A point names the CRL that says it is for it; a CRL without one is for all that its CA issues.
static bool
is_of_point(const struct crl *c, struct span wanted)
{
	struct extension e;
	struct span in, scope, point;

	if (!extension_find(c->extensions, CE_ISSUING_POINT, &e))
		return true;
	in = e.value;
	return der_take(&in, DER_SEQUENCE, &scope) && der_take(&scope, DER_CONTEXT_CONS(0), &point) && span_equal(point, wanted);
}

static bool
crl_answers(const struct crl *c, const struct crl_question *q)
{
	if (q->has_since && c->this_update <= q->since)
		return false;
	return q->point.len > 0 ? is_of_point(c, q->point) : q->issuer.len > 0 && name_equal_canonical(q->issuer, c->issuer);
}

static bool
any_question_wants(struct span statuses, const struct crl *c)
{
	struct crl_question q;

	while (crl_status_take(&statuses, &q))
		if (crl_answers(c, &q))
			return true;
	return false;
}

static bool
put_crls(struct der_writer *w, struct span all, struct span asked, struct fault *f)
{
	struct span statuses = span_of(NULL, 0), whole;
	struct buffer wanted;
	struct crl c;

	if (asked.len > 0 && !der_take(&asked, DER_SEQUENCE, &statuses))
		return fault_set(f, FAIL_BAD_REQUEST, "body.genm", "no list of CRLs");
	buffer_init(&wanted, ANSWERS_MAX);
	while (der_take_whole(&all, DER_SEQUENCE, &whole))
		if (crl_parse(&c, whole, NULL) && any_question_wants(statuses, &c))
			buffer_append(&wanted, whole);
	bool well = !wanted.failed;
	put_sequence(w, IT_CRLS, buffer_span(&wanted));
	buffer_clear(&wanted);
	return well || fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory, or the CRLs are too long for one message");
}

// 4.3.2: a device that has the newest root already hears that there is no other.
static struct span
newer_root(const struct keyring *k, struct span has)
{
	struct span update = keyring_root_update(k), in = update, contents, newest;

	if (has.len > 0 && der_take(&in, DER_SEQUENCE, &contents) && der_take_whole(&contents, DER_SEQUENCE, &newest) && span_equal(newest, has))
		return span_of(NULL, 0);
	return update;
}

// RFC 9483 4.3.1 to 4.3.4: each question has its answer; "nothing new" is an absent value.
static bool
answer_one(struct der_writer *w, const struct keyring *k, const struct itav *q, const char *profile, struct fault *f)
{
	char text[OID_TEXT_MAX];
	struct span one;

	switch (q->type) {
	case IT_CA_CERTS: put_sequence(w, IT_CA_CERTS, keyring_ca_certs(k)); return true;
	case IT_ROOT_CA_CERT: put_itav(w, IT_ROOT_CA_KEY_UPDATE, newer_root(k, q->value)); return true;
	case IT_CERT_REQ_TEMPLATE: put_itav(w, IT_CERT_REQ_TEMPLATE, keyring_template(k, profile)); return true;
	case IT_CRL_STATUS_LIST: return put_crls(w, keyring_crls(k), q->value, f);
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
	requested_profile(message_meaning(s->request), s->label.profile, profile);
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
