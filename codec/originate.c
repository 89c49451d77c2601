// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/originate.h"

#include "codec/oid.h"

#define ORIGINATED_MAX (1024 * 1024 + 65536)	// octets: a nested batch with its frame
#define TEXT_MAX 512				// octets of a sentence of ours

void
header_plan_answer(struct header_plan *plan, const struct pkiheader *h, struct span our_nonce)
{
	memset(plan, 0, sizeof(*plan));
	plan->pvno = h->pvno < 2 ? 2 : h->pvno > 3 ? 3 : h->pvno;
	plan->sender = h->recipient;
	plan->recipient = h->sender;
	plan->transaction_id = h->transaction_id;
	plan->sender_nonce = our_nonce;
	plan->recip_nonce = h->sender_nonce;
}

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

static void
put_implicit_confirm(struct der_writer *w)
{
	uint8_t oid[8];

	der_open(w, DER_CONTEXT_CONS(8));
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_of_it(IT_IMPLICIT_CONFIRM, oid));
	der_put_null(w);
	der_close(w);
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
	if (h->protection_alg.len > 0) {
		der_open(w, DER_CONTEXT_CONS(1));
		der_put_raw(w, h->protection_alg);
		der_close(w);
	}
	put_tagged_octets(w, 2, h->sender_kid);
	put_tagged_octets(w, 4, h->transaction_id);
	put_tagged_octets(w, 5, h->sender_nonce);
	put_tagged_octets(w, 6, h->recip_nonce);
	if (h->implicit_confirm)
		put_implicit_confirm(w);
	der_close(w);
}

// Open PKIMessage, write the header, open the body.
static void
start(struct der_writer *w, const struct header_plan *h, enum body body)
{
	der_writer_init(w, ORIGINATED_MAX);
	der_open(w, DER_SEQUENCE);
	put_header(w, h);
	der_open(w, (uint8_t)DER_CONTEXT_CONS(body));
}

// Close body and message, and hand the octets over.
static bool
finish(struct der_writer *w, struct buffer *out)
{
	struct span octets;

	der_close(w);
	der_close(w);
	bool well = der_finish(w, &octets) && buffer_append(out, octets);
	der_writer_clear(w);
	return well;
}

static void
put_free_text(struct der_writer *w, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	struct span s = span_text(text);
	if (s.len > TEXT_MAX)
		s.len = TEXT_MAX;
	while (s.len > 0 && !utf8_valid(s))	// cut in the middle of a character
		s.len--;
	der_open(w, DER_SEQUENCE);
	der_put(w, DER_UTF8, s);
	der_close(w);
}

// A named-bit list with one bit set: trailing zero bits are removed.
static void
put_failure(struct der_writer *w, enum failure failure)
{
	uint8_t octets[4] = { 0 };
	unsigned bit = (unsigned)failure;

	if (failure == FAIL_NONE)
		return;
	octets[bit / 8] = (uint8_t)(0x80u >> (bit % 8));
	der_put_bits(w, span_of(octets, bit / 8 + 1), 7 - bit % 8);
}

static void
put_status(struct der_writer *w, int status, enum failure failure, const char *text)
{
	der_open(w, DER_SEQUENCE);
	der_put_int(w, status);
	put_free_text(w, text);
	put_failure(w, failure);
	der_close(w);
}

bool
build_error(struct buffer *out, const struct header_plan *h, int status, enum failure failure, const char *text)
{
	struct der_writer w;

	start(&w, h, BODY_ERROR);
	der_open(&w, DER_SEQUENCE);
	put_status(&w, status, failure, text);
	der_close(&w);
	return finish(&w, out);
}

bool
build_pkiconf(struct buffer *out, const struct header_plan *h)
{
	struct der_writer w;

	start(&w, h, BODY_PKICONF);
	der_put_null(&w);
	return finish(&w, out);
}

bool
build_pollrep(struct buffer *out, const struct header_plan *h, int32_t cert_req_id, int32_t check_after_s, const char *reason)
{
	struct der_writer w;

	start(&w, h, BODY_POLLREP);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_put_int(&w, cert_req_id);
	der_put_int(&w, check_after_s);
	put_free_text(&w, reason);
	der_close(&w);
	der_close(&w);
	return finish(&w, out);
}

bool
build_cert_status(struct buffer *out, const struct header_plan *h, enum body body, int32_t cert_req_id, int status, enum failure failure, const char *text)
{
	struct der_writer w;

	if (body != BODY_IP && body != BODY_CP && body != BODY_KUP && body != BODY_CCP)
		return false;
	start(&w, h, body);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_put_int(&w, cert_req_id);
	put_status(&w, status, failure, text);
	der_close(&w);
	der_close(&w);
	der_close(&w);
	return finish(&w, out);
}

bool
build_rp_status(struct buffer *out, const struct header_plan *h, int status, enum failure failure, const char *text)
{
	struct der_writer w;

	start(&w, h, BODY_RP);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	put_status(&w, status, failure, text);
	der_close(&w);
	der_close(&w);
	return finish(&w, out);
}

bool
build_nested(struct buffer *out, const struct header_plan *h, const struct span *inner, size_t count)
{
	struct der_writer w;

	if (count == 0 || count > CAP_BATCH)
		return false;
	start(&w, h, BODY_NESTED);
	der_open(&w, DER_SEQUENCE);
	for (size_t i = 0; i < count; i++)
		der_put_raw(&w, inner[i]);
	der_close(&w);
	return finish(&w, out);
}

bool
build_genp(struct buffer *out, const struct header_plan *h, struct span itavs)
{
	struct der_writer w;

	start(&w, h, BODY_GENP);
	der_put(&w, DER_SEQUENCE, itavs);
	return finish(&w, out);
}

bool
build_spliced(struct buffer *out, const struct pkimessage *m, struct span extra_certs)
{
	struct der_writer w;
	struct span octets;

	der_writer_init(&w, ORIGINATED_MAX);
	der_open(&w, DER_SEQUENCE);
	der_put_raw(&w, m->header.whole);
	der_put_raw(&w, m->body_whole);
	der_put_raw(&w, m->protection_whole);
	if (extra_certs.len > 0) {
		der_open(&w, DER_CONTEXT_CONS(1));
		der_put(&w, DER_SEQUENCE, extra_certs);
		der_close(&w);
	}
	der_close(&w);
	bool well = der_finish(&w, &octets) && buffer_append(out, octets);
	der_writer_clear(&w);
	return well;
}
