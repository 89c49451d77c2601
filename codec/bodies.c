// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/bodies.h"

#include "codec/extension.h"
#include "codec/oid.h"

#define BODY_MAX (1024 * 1024 + 65536)	// octets: a nested batch with its frame
#define SENTENCE_MAX 512		// octets of a sentence of ours

static void
start(struct der_writer *w, enum body body)
{
	der_writer_init(w, BODY_MAX);
	der_open(w, (uint8_t)DER_CONTEXT_CONS(body));
}

static bool
finish(struct der_writer *w, struct buffer *out)
{
	struct span octets;

	der_close(w);
	bool well = der_finish(w, &octets) && buffer_append(out, octets);
	der_writer_clear(w);
	return well;
}

// ---- pieces

static void
put_free_text(struct der_writer *w, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	struct span s = span_text(text);
	if (s.len > SENTENCE_MAX)
		s.len = SENTENCE_MAX;
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
put_status(struct der_writer *w, const struct status_plan *s)
{
	der_open(w, DER_SEQUENCE);
	der_put_int(w, s->status);
	put_free_text(w, s->text);
	put_failure(w, s->failure);
	der_close(w);
}

// ---- answers

bool
build_error_body(struct buffer *out, const struct status_plan *s)
{
	struct der_writer w;

	start(&w, BODY_ERROR);
	der_open(&w, DER_SEQUENCE);
	put_status(&w, s);
	der_close(&w);
	return finish(&w, out);
}

bool
build_pkiconf_body(struct buffer *out)
{
	struct der_writer w;

	start(&w, BODY_PKICONF);
	der_put_null(&w);
	return finish(&w, out);
}

bool
build_pollrep_body(struct buffer *out, int32_t cert_req_id, int32_t check_after_s, const char *reason)
{
	struct der_writer w;

	start(&w, BODY_POLLREP);
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
build_cert_status_body(struct buffer *out, enum body body, int32_t cert_req_id, const struct status_plan *s)
{
	struct der_writer w;

	if (body != BODY_IP && body != BODY_CP && body != BODY_KUP && body != BODY_CCP)
		return false;
	start(&w, body);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_put_int(&w, cert_req_id);
	put_status(&w, s);
	der_close(&w);
	der_close(&w);
	der_close(&w);
	return finish(&w, out);
}

bool
build_rp_body(struct buffer *out, const struct status_plan *s)
{
	struct der_writer w;

	start(&w, BODY_RP);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	put_status(&w, s);
	der_close(&w);
	der_close(&w);
	return finish(&w, out);
}

bool
build_nested_body(struct buffer *out, const struct span *inner, size_t count)
{
	struct der_writer w;

	if (count == 0 || count > CAP_BATCH)
		return false;
	start(&w, BODY_NESTED);
	der_open(&w, DER_SEQUENCE);
	for (size_t i = 0; i < count; i++)
		der_put_raw(&w, inner[i]);
	der_close(&w);
	return finish(&w, out);
}

static bool
build_itavs(struct buffer *out, enum body body, struct span itavs)
{
	struct der_writer w;

	start(&w, body);
	der_put(&w, DER_SEQUENCE, itavs);
	return finish(&w, out);
}

bool
build_genp_body(struct buffer *out, struct span itavs)
{
	return build_itavs(out, BODY_GENP, itavs);
}

// ---- requests

bool
build_cert_req_body(struct buffer *out, enum body body, struct span cert_req_msg)
{
	struct der_writer w;

	if (body != BODY_IR && body != BODY_CR && body != BODY_KUR && body != BODY_KRR && body != BODY_CCR)
		return false;
	start(&w, body);
	der_put(&w, DER_SEQUENCE, cert_req_msg);
	return finish(&w, out);
}

bool
build_p10cr_body(struct buffer *out, struct span pkcs10)
{
	struct der_writer w;

	start(&w, BODY_P10CR);
	der_put_raw(&w, pkcs10);
	return finish(&w, out);
}

bool
build_cert_conf_body(struct buffer *out, struct span hash, int32_t cert_req_id, const struct status_plan *status, struct span hash_alg)
{
	struct der_writer w;

	start(&w, BODY_CERTCONF);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_put(&w, DER_OCTET_STRING, hash);
	der_put_int(&w, cert_req_id);
	if (status != NULL)
		put_status(&w, status);
	if (hash_alg.len > 0)
		der_put(&w, DER_CONTEXT_CONS(0), hash_alg);
	der_close(&w);
	der_close(&w);
	return finish(&w, out);
}

bool
build_poll_req_body(struct buffer *out, int32_t cert_req_id)
{
	struct der_writer w;

	start(&w, BODY_POLLREQ);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_put_int(&w, cert_req_id);
	der_close(&w);
	der_close(&w);
	return finish(&w, out);
}

bool
build_genm_body(struct buffer *out, struct span itavs)
{
	return build_itavs(out, BODY_GENM, itavs);
}

static void
put_reason(struct der_writer *w, int reason)
{
	uint8_t octet = (uint8_t)reason;

	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_octets(OID_CE_REASON));
	der_open(w, DER_OCTET_STRING);
	der_put(w, DER_ENUMERATED, span_of(&octet, 1));
	der_close(w);
	der_close(w);
	der_close(w);
}

bool
build_rr_body(struct buffer *out, struct span issuer, struct span serial, int reason)
{
	struct der_writer w;

	if (serial.len == 0 || crl_reason_name(reason) == NULL)
		return false;
	start(&w, BODY_RR);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_put(&w, DER_CONTEXT(1), serial);
	der_put(&w, DER_CONTEXT_CONS(3), issuer);
	der_close(&w);
	put_reason(&w, reason);
	der_close(&w);
	der_close(&w);
	return finish(&w, out);
}
