// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/refuse.h"

#include "base/random.h"
#include "codec/originate.h"

#define ANSWER_MAX 8192		// octets of a message of ours: it carries the names of the request

static const struct { const char *name; enum failure failure; unsigned seconds; } table[REFUSE_COUNT] = {
	[REFUSE_BUSY] = { "busy", FAIL_SYSTEM_UNAVAIL, 10 },
	[REFUSE_TRY_AGAIN] = { "try again", FAIL_SYSTEM_UNAVAIL, 1 },
	[REFUSE_UNAVAILABLE] = { "upstream unavailable", FAIL_SYSTEM_UNAVAIL, 30 },
	[REFUSE_TIMEOUT] = { "upstream timeout", FAIL_SYSTEM_UNAVAIL, 30 },
	[REFUSE_BAD_UPSTREAM] = { "bad upstream", FAIL_SYSTEM_FAILURE, 30 },
	[REFUSE_MALFORMED] = { "malformed", FAIL_BAD_DATA_FORMAT, 0 },
	[REFUSE_TOO_LARGE] = { "too large", FAIL_BAD_REQUEST, 0 },
	[REFUSE_NOT_FOUND] = { "not found", FAIL_BAD_REQUEST, 0 },
	[REFUSE_RATE] = { "too many requests", FAIL_SYSTEM_UNAVAIL, 5 },
	[REFUSE_INTERNAL] = { "internal", FAIL_SYSTEM_FAILURE, 0 },
};

unsigned
refuse_seconds(enum refusal reason)
{
	return table[reason].seconds;
}

const char *
refuse_name(enum refusal reason)
{
	return table[reason].name;
}

// Identities too long for an answer of ours are left out: NULL-DN is allowed.
static bool
plan(struct header_plan *p, const struct pkiheader *request, uint8_t nonce[CAP_NONCE_MIN])
{
	if (!random_octets(nonce, CAP_NONCE_MIN))
		return false;
	header_plan_answer(p, request, span_of(nonce, CAP_NONCE_MIN));
	if (p->sender.len > ANSWER_MAX / 4)
		p->sender = span_of(NULL, 0);
	if (p->recipient.len > ANSWER_MAX / 4)
		p->recipient = span_of(NULL, 0);
	return true;
}

static struct blob *
finish(struct buffer *b, bool built)
{
	struct blob *out = built ? blob_new(buffer_span(b)) : NULL;

	buffer_clear(b);
	return out;
}

static bool
build(struct buffer *b, const struct header_plan *p, const struct pkimessage *m, const struct verdict *v, const char *text)
{
	if (m == NULL || !v->in_body)
		return build_error(b, p, STATUS_REJECTION, v->fault.failure, text);
	switch (m->body) {
	case BODY_RR: return build_rp_status(b, p, STATUS_REJECTION, v->fault.failure, text);
	case BODY_P10CR: return build_cert_status(b, p, BODY_CP, -1, STATUS_REJECTION, v->fault.failure, text);
	case BODY_IR:
	case BODY_CR:
	case BODY_KUR:
	case BODY_CCR: return build_cert_status(b, p, body_answer(m->body), 0, STATUS_REJECTION, v->fault.failure, text);
	default: return build_error(b, p, STATUS_REJECTION, v->fault.failure, text);
	}
}

struct blob *
refuse_message(const struct pkiheader *request, const struct pkimessage *m, const struct verdict *v)
{
	uint8_t nonce[CAP_NONCE_MIN];
	char text[400];
	struct header_plan p;
	struct buffer b;

	if (!plan(&p, request, nonce))
		return NULL;
	if (v->pvno != 0)
		p.pvno = v->pvno;
	buffer_init(&b, ANSWER_MAX);
	return finish(&b, build(&b, &p, m, v, fault_text(&v->fault, text, sizeof(text))));
}

struct blob *
refuse_content(const struct pkiheader *request, enum refusal reason, const char *text)
{
	uint8_t nonce[CAP_NONCE_MIN];
	struct header_plan p;
	struct buffer b;

	if (request == NULL || !plan(&p, request, nonce))
		return NULL;
	buffer_init(&b, ANSWER_MAX);
	return finish(&b, build_error(&b, &p, STATUS_REJECTION, table[reason].failure, text));
}
