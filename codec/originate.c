// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/originate.h"

#include "codec/element.h"
#include "codec/oid.h"

#define ORIGINATED_MAX (1024 * 1024 + 65536)	// octets: a nested batch with its frame

// ---- plans

void
header_plan_answer(struct header_plan *plan, const struct pkiheader *h, struct span our_nonce)
{
	memset(plan, 0, sizeof(*plan));
	plan->pvno = h->pvno < 1 ? 2 : h->pvno > 3 ? 3 : h->pvno;
	plan->sender = h->recipient;
	plan->recipient = h->sender;
	plan->transaction_id = h->transaction_id;
	plan->sender_nonce = our_nonce;
	plan->recip_nonce = h->sender_nonce;
}

void
header_plan_copy(struct header_plan *plan, const struct pkiheader *h)
{
	memset(plan, 0, sizeof(*plan));
	plan->pvno = h->pvno;
	plan->recipient = h->recipient;
	plan->recip_kid = h->recip_kid;
	plan->transaction_id = h->transaction_id;
	plan->sender_nonce = h->sender_nonce;
	plan->recip_nonce = h->recip_nonce;
	plan->free_text = h->free_text;
	plan->general_info = h->general_info;	// implicitConfirm among it
}

// ---- header

static void
put_name(struct der_writer *w, struct span name)
{
	static const uint8_t null_dn[] = { 0xA4, 0x02, 0x30, 0x00 };

	der_put_raw(w, name.len > 0 ? name : span_of(null_dn, sizeof(null_dn)));
}

static void
put_tagged_octets(struct der_writer *w, unsigned n, struct span octets)
{
	if (octets.len == 0)
		return;
	der_open(w, (uint8_t)DER_CONTEXT_CONS(n));
	der_put(w, DER_OCTET_STRING, octets);
	der_close(w);
}

static bool
has_implicit_confirm(struct span list)
{
	struct typed_value v;

	while (!der_at_end(list) && typed_value_take(&list, true, &v, NULL))
		if (oid_it(v.oid) == IT_IMPLICIT_CONFIRM)
			return true;
	return false;
}

static void
put_general_info(struct der_writer *w, const struct header_plan *h)
{
	bool confirm = h->implicit_confirm && !has_implicit_confirm(h->general_info);
	uint8_t oid[8];

	if (!confirm && h->general_info.len == 0)
		return;
	der_open(w, DER_CONTEXT_CONS(8));
	der_open(w, DER_SEQUENCE);
	if (confirm) {
		der_open(w, DER_SEQUENCE);
		der_put_oid(w, oid_of_it(IT_IMPLICIT_CONFIRM, oid));
		der_put_null(w);
		der_close(w);
	}
	der_put_raw(w, h->general_info);
	der_close(w);
	der_close(w);
}

static void
put_header(struct der_writer *w, const struct header_plan *h)
{
	der_open(w, DER_SEQUENCE);
	der_put_int(w, h->pvno);
	put_name(w, h->sender);
	put_name(w, h->recipient);
	if (h->message_time != 0) {
		der_open(w, DER_CONTEXT_CONS(0));
		der_put_generalized_time(w, h->message_time);
		der_close(w);
	}
	if (h->protection_alg.len > 0)
		der_put(w, DER_CONTEXT_CONS(1), h->protection_alg);
	put_tagged_octets(w, 2, h->sender_kid);
	put_tagged_octets(w, 3, h->recip_kid);
	put_tagged_octets(w, 4, h->transaction_id);
	put_tagged_octets(w, 5, h->sender_nonce);
	put_tagged_octets(w, 6, h->recip_nonce);
	if (h->free_text.len > 0) {
		der_open(w, DER_CONTEXT_CONS(7));
		der_put(w, DER_SEQUENCE, h->free_text);
		der_close(w);
	}
	put_general_info(w, h);
	der_close(w);
}

// Hand the finished octets over.
static bool
finish(struct der_writer *w, struct buffer *out)
{
	struct span octets;

	bool well = der_finish(w, &octets) && buffer_append(out, octets);
	der_writer_clear(w);
	return well;
}

bool
build_header(struct buffer *out, const struct header_plan *h)
{
	struct der_writer w;

	der_writer_init(&w, ORIGINATED_MAX);
	put_header(&w, h);
	return finish(&w, out);
}

// ---- messages

static void
put_extra_certs(struct der_writer *w, struct span extra_certs)
{
	if (extra_certs.len == 0)
		return;
	der_open(w, DER_CONTEXT_CONS(1));
	der_put(w, DER_SEQUENCE, extra_certs);
	der_close(w);
}

bool
build_message(struct buffer *out, struct span header, struct span body, struct span protection, struct span extra_certs)
{
	struct der_writer w;

	der_writer_init(&w, ORIGINATED_MAX);
	der_open(&w, DER_SEQUENCE);
	der_put_raw(&w, header);
	der_put_raw(&w, body);
	if (protection.len > 0) {
		der_open(&w, DER_CONTEXT_CONS(0));
		der_put_bits(&w, protection, 0);
		der_close(&w);
	}
	put_extra_certs(&w, extra_certs);
	der_close(&w);
	return finish(&w, out);
}

bool
build_spliced(struct buffer *out, const struct pkimessage *m, struct span extra_certs)
{
	struct der_writer w;

	der_writer_init(&w, ORIGINATED_MAX);
	der_open(&w, DER_SEQUENCE);
	der_put_raw(&w, m->header.whole);
	der_put_raw(&w, m->body_whole);
	der_put_raw(&w, m->protection_whole);
	put_extra_certs(&w, extra_certs);
	der_close(&w);
	return finish(&w, out);
}

bool
build_unprotected(struct buffer *out, const struct header_plan *h, struct span body)
{
	struct buffer header;

	buffer_init(&header, ORIGINATED_MAX);
	bool well = build_header(&header, h) && build_message(out, buffer_span(&header), body, span_of(NULL, 0), span_of(NULL, 0));
	buffer_clear(&header);
	return well;
}

// Put a body that was built well into a message, and free it.
static bool
wrap(struct buffer *out, const struct header_plan *h, struct buffer *body, bool well)
{
	well = well && build_unprotected(out, h, buffer_span(body));
	buffer_clear(body);
	return well;
}

bool
build_error(struct buffer *out, const struct header_plan *h, int status, enum failure failure, const char *text)
{
	struct status_plan s = { status, failure, text };
	struct buffer body;

	buffer_init(&body, ORIGINATED_MAX);
	return wrap(out, h, &body, build_error_body(&body, &s));
}

bool
build_pkiconf(struct buffer *out, const struct header_plan *h)
{
	struct buffer body;

	buffer_init(&body, ORIGINATED_MAX);
	return wrap(out, h, &body, build_pkiconf_body(&body));
}

bool
build_pollrep(struct buffer *out, const struct header_plan *h, int32_t cert_req_id, int32_t check_after_s, const char *reason)
{
	struct buffer body;

	buffer_init(&body, ORIGINATED_MAX);
	return wrap(out, h, &body, build_pollrep_body(&body, cert_req_id, check_after_s, reason));
}

bool
build_cert_status(struct buffer *out, const struct header_plan *h, enum body kind, int32_t cert_req_id, int status, enum failure failure, const char *text)
{
	struct status_plan s = { status, failure, text };
	struct buffer body;

	buffer_init(&body, ORIGINATED_MAX);
	return wrap(out, h, &body, build_cert_status_body(&body, kind, cert_req_id, &s));
}

bool
build_rp_status(struct buffer *out, const struct header_plan *h, int status, enum failure failure, const char *text)
{
	struct status_plan s = { status, failure, text };
	struct buffer body;

	buffer_init(&body, ORIGINATED_MAX);
	return wrap(out, h, &body, build_rp_body(&body, &s));
}

bool
build_nested(struct buffer *out, const struct header_plan *h, const struct span *inner, size_t count)
{
	struct buffer body;

	buffer_init(&body, ORIGINATED_MAX);
	return wrap(out, h, &body, build_nested_body(&body, inner, count));
}

bool
build_genp(struct buffer *out, const struct header_plan *h, struct span itavs)
{
	struct buffer body;

	buffer_init(&body, ORIGINATED_MAX);
	return wrap(out, h, &body, build_genp_body(&body, itavs));
}
