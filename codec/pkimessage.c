// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/pkimessage.h"

#include "codec/body.h"
#include "codec/element.h"
#include "codec/itav.h"
#include "codec/oid.h"

// ---- names

static const char *const body_names[BODY_COUNT] = {
	"ir", "ip", "cr", "cp", "p10cr", "popdecc", "popdecr", "kur", "kup", "krr", "krp", "rr", "rp", "ccr", "ccp",
	"ckuann", "cann", "rann", "crlann", "pkiconf", "nested", "genm", "genp", "error", "certConf", "pollReq", "pollRep"
};

const char *
body_name(enum body b)
{
	return (unsigned)b < BODY_COUNT ? body_names[b] : NULL;
}

bool
body_find(enum body *out, const char *name)
{
	for (int b = 0; b < BODY_COUNT; b++) {
		if (strcmp(body_names[b], name) == 0) {
			*out = (enum body)b;
			return true;
		}
	}
	return false;
}

enum body
body_answer(enum body b)
{
	switch (b) {
	case BODY_IR: return BODY_IP;
	case BODY_CR:
	case BODY_P10CR: return BODY_CP;
	case BODY_POPDECR: return BODY_IP;
	case BODY_KUR: return BODY_KUP;
	case BODY_KRR: return BODY_KRP;
	case BODY_RR: return BODY_RP;
	case BODY_CCR: return BODY_CCP;
	case BODY_NESTED: return BODY_NESTED;
	case BODY_GENM: return BODY_GENP;
	case BODY_CERTCONF: return BODY_PKICONF;
	case BODY_POLLREQ: return BODY_POLLREP;
	default: return BODY_COUNT;
	}
}

// Labels of RFC 9483 6.1 for a genm, by the type of its first InfoTypeAndValue.
static const char *
genm_operation(struct span contents)
{
	struct itav first;
	size_t count;

	if (!itavs_check(contents, &count, &first, NULL) || count == 0)
		return NULL;
	switch (first.type) {
	case IT_CA_CERTS: return "getcacerts";
	case IT_ROOT_CA_CERT: return "getrootupdate";
	case IT_CERT_REQ_TEMPLATE: return "getcertreqtemplate";
	case IT_CURRENT_CRL:
	case IT_CRL_STATUS_LIST: return "getcrls";
	default: return NULL;
	}
}

const char *
pkimessage_operation(const struct pkimessage *m)
{
	switch (m->body) {
	case BODY_IR: return "initialization";
	case BODY_CR: return "certification";
	case BODY_KUR: return "keyupdate";
	case BODY_P10CR: return "pkcs10";
	case BODY_RR: return "revocation";
	case BODY_NESTED: return "nested";
	case BODY_GENM: return genm_operation(m->body_contents);
	default: return NULL;
	}
}

// ---- header

// An explicitly tagged OCTET STRING of min..max octets, if it is next.
static bool
take_octets(struct span *in, uint8_t tag, size_t min, size_t max, bool *has, struct span *value, const char *path, struct fault *f)
{
	*has = der_next_is(*in, tag);
	if (!*has)
		return true;
	if (!der_take_explicit(in, tag, DER_OCTET_STRING, value))
		return malformed(f, path, "not an OCTET STRING");
	if (value->len < min || value->len > max)
		return fault_set(f, FAIL_BAD_DATA_FORMAT, path, "%zu octets; %zu to %zu are allowed", value->len, min, max);
	return true;
}

static bool
take_identities(struct span *in, struct pkiheader *h, struct fault *f)
{
	if (!der_take_int32(in, &h->pvno))
		return malformed(f, "pvno", "not an INTEGER of at most four octets");
	if (!general_name_take(in, &h->sender, f)) {
		fault_within(f, "sender");
		return false;
	}
	if (!general_name_take(in, &h->recipient, f)) {
		fault_within(f, "recipient");
		return false;
	}
	return true;
}

static bool
take_time(struct span *in, struct pkiheader *h, struct fault *f)
{
	struct span time;

	h->has_message_time = der_next_is(*in, DER_CONTEXT_CONS(0));
	if (!h->has_message_time)
		return true;
	if (!der_take(in, DER_CONTEXT_CONS(0), &time) || !der_take_generalized_time(&time, &h->message_time) || !der_at_end(time))
		return malformed(f, "messageTime", "not a GeneralizedTime YYYYMMDDHHMMSSZ");
	return true;
}

static bool
take_protection_alg(struct span *in, struct pkiheader *h, struct fault *f)
{
	struct span contents;
	struct algorithm algorithm;

	if (!der_next_is(*in, DER_CONTEXT_CONS(1)))
		return true;
	if (!der_take(in, DER_CONTEXT_CONS(1), &contents))
		return malformed(f, "protectionAlg", "cut off");
	if (!algorithm_take(&contents, &algorithm, f)) {
		fault_within(f, "protectionAlg");
		return false;
	}
	h->protection_alg = algorithm.whole;
	return der_at_end(contents) || malformed(f, "protectionAlg", "more than one algorithm");
}

static bool
read_general_info(struct pkiheader *h, struct fault *f)
{
	struct span list = h->general_info;
	bool wait_time = false;
	struct itav v;
	size_t count = 0;

	while (!der_at_end(list)) {
		if (++count > CAP_GENERAL_INFO)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d entries", CAP_GENERAL_INFO);
		if (!itav_take_general_info(&list, &v, f))
			return false;
		h->implicit_confirm = h->implicit_confirm || v.type == IT_IMPLICIT_CONFIRM;
		wait_time = wait_time || v.type == IT_CONFIRM_WAIT_TIME;
		if (v.type == IT_CERT_PROFILE && !der_take(&v.value, DER_SEQUENCE, &h->cert_profile))
			h->cert_profile = v.value;
	}
	if (h->implicit_confirm && wait_time)
		return fault_set(f, FAIL_BAD_REQUEST, "", "implicitConfirm and confirmWaitTime exclude each other");
	return true;
}

static bool
take_rest(struct span *in, struct pkiheader *h, struct fault *f)
{
	struct span texts;

	if (der_next_is(*in, DER_CONTEXT_CONS(7))) {
		if (!der_take(in, DER_CONTEXT_CONS(7), &texts))
			return malformed(f, "freeText", "cut off");
		if (!free_text_take(&texts, &h->free_text, f)) {
			fault_within(f, "freeText");
			return false;
		}
		if (!der_at_end(texts))
			return malformed(f, "freeText", "more than one PKIFreeText");
	}
	if (der_next_is(*in, DER_CONTEXT_CONS(8))) {
		if (!der_take_explicit(in, DER_CONTEXT_CONS(8), DER_SEQUENCE, &h->general_info) || h->general_info.len == 0)
			return malformed(f, "generalInfo", "not a SEQUENCE of at least one entry");
		if (!read_general_info(h, f)) {
			fault_within(f, "generalInfo");
			return false;
		}
	}
	return der_at_end(*in) || malformed(f, "", "a field that does not belong there, or fields out of order");
}

static bool
header_fields(struct span in, struct pkiheader *h, struct fault *f)
{
	return take_identities(&in, h, f) && take_time(&in, h, f) && take_protection_alg(&in, h, f)
		&& take_octets(&in, DER_CONTEXT_CONS(2), 0, CAP_KEY_ID, &h->has_sender_kid, &h->sender_kid, "senderKID", f)
		&& take_octets(&in, DER_CONTEXT_CONS(3), 0, CAP_KEY_ID, &h->has_recip_kid, &h->recip_kid, "recipKID", f)
		&& take_octets(&in, DER_CONTEXT_CONS(4), 1, CAP_TRANSACTION_ID, &h->has_transaction_id, &h->transaction_id, "transactionID", f)
		&& take_octets(&in, DER_CONTEXT_CONS(5), 0, CAP_NONCE, &h->has_sender_nonce, &h->sender_nonce, "senderNonce", f)
		&& take_octets(&in, DER_CONTEXT_CONS(6), 0, CAP_NONCE, &h->has_recip_nonce, &h->recip_nonce, "recipNonce", f)
		&& take_rest(&in, h, f);
}

static bool
header_take(struct span *in, struct pkiheader *h, struct fault *f)
{
	struct span start = *in, contents;

	memset(h, 0, sizeof(*h));
	if (!der_take(in, DER_SEQUENCE, &contents))
		return malformed(f, "header", "a PKIHeader (SEQUENCE) was expected");
	h->whole = span_of(start.data, start.len - in->len);
	if (header_fields(contents, h, f))
		return true;
	fault_within(f, "header");
	return false;
}

// What an error answer copies, from a header that may be broken after it: the
// identities, transactionID and senderNonce where they can be read.
static bool
header_salvage(struct span *in, struct pkiheader *h)
{
	struct span contents, value, field;
	uint8_t tag;

	memset(h, 0, sizeof(*h));
	if (!der_take(in, DER_SEQUENCE, &contents) || !der_take(&contents, DER_INTEGER, &value))
		return false;
	h->pvno = value.len == 1 ? value.data[0] : -1;
	if (!general_name_take(&contents, &h->sender, NULL) || !general_name_take(&contents, &h->recipient, NULL))
		return false;
	while (der_take_any(&contents, &tag, &field, NULL)) {
		if (tag != DER_CONTEXT_CONS(4) && tag != DER_CONTEXT_CONS(5))
			continue;
		if (!der_take_octets(&field, &value) || value.len == 0 || value.len > CAP_NONCE)
			continue;
		if (tag == DER_CONTEXT_CONS(4)) {
			h->has_transaction_id = true;
			h->transaction_id = value;
		} else {
			h->has_sender_nonce = true;
			h->sender_nonce = value;
		}
	}
	return true;
}

// Enter the outer SEQUENCE as far as it goes: its announced length may be wrong.
static bool
outer_open(struct span in, struct span *contents)
{
	size_t announced = der_announced(in);

	if (!der_next_is(in, DER_SEQUENCE) || in.len < 2)
		return false;
	size_t header = in.data[1] < 0x80 || in.data[1] == 0x80 ? 2 : 2 + (size_t)(in.data[1] & 0x7F);
	if (header > in.len || (in.data[1] > 0x84))
		return false;
	size_t end = announced != 0 && announced != SIZE_MAX && announced < in.len ? announced : in.len;
	if (end < header)
		return false;
	*contents = span_of(in.data + header, end - header);
	return true;
}

// A name of which only the outside was looked at would break the answer that it is copied into.
static void
leave_out_broken(struct span *name)
{
	if (!der_check(*name))
		name->len = 0;
}

bool
pkiheader_parse(struct pkiheader *h, struct span whole, struct fault *f)
{
	struct span contents, rest;

	if (!outer_open(whole, &contents))
		return malformed(f, "", "not a PKIMessage: it does not begin with a SEQUENCE");
	rest = contents;
	bool read = header_take(&rest, h, NULL);
	rest = contents;
	if (!read && !header_salvage(&rest, h))
		return malformed(f, "header", "no PKIHeader can be read");
	leave_out_broken(&h->sender);
	leave_out_broken(&h->recipient);
	return true;
}

// ---- message

static bool
take_protection(struct span *in, struct pkimessage *m, struct fault *f)
{
	struct span start = *in, contents;
	unsigned unused;

	m->has_protection = der_next_is(*in, DER_CONTEXT_CONS(0));
	if (!m->has_protection)
		return true;
	if (!der_take(in, DER_CONTEXT_CONS(0), &contents) || !der_take_bits(&contents, &m->protection, &unused) || !der_at_end(contents))
		return malformed(f, "protection", "not one BIT STRING");
	if (unused != 0)
		return malformed(f, "protection", "the BIT STRING must hold whole octets");
	m->protection_whole = span_of(start.data, start.len - in->len);
	return true;
}

static bool
take_extra_certs(struct span *in, struct pkimessage *m, struct fault *f)
{
	struct span start = *in;

	if (!der_next_is(*in, DER_CONTEXT_CONS(1)))
		return true;
	if (!der_take_explicit(in, DER_CONTEXT_CONS(1), DER_SEQUENCE, &m->extra_certs))
		return malformed(f, "extraCerts", "not a SEQUENCE");
	if (m->extra_certs.len > CAP_EXTRA_CERTS_OCTETS)
		return fault_set(f, FAIL_BAD_REQUEST, "extraCerts", "%zu octets; at most %d are taken", m->extra_certs.len, CAP_EXTRA_CERTS_OCTETS);
	if (!signed_objects_check(m->extra_certs, 1, CAP_EXTRA_CERTS, f)) {
		fault_within(f, "extraCerts");
		return false;
	}
	m->extra_certs_whole = span_of(start.data, start.len - in->len);
	return true;
}

static bool
take_body(struct span *in, struct pkimessage *m, struct fault *f)
{
	uint8_t tag;

	if (!der_take_any(in, &tag, &m->body_contents, &m->body_whole))
		return malformed(f, "body", "missing or cut off");
	if (tag < DER_CONTEXT_CONS(0) || tag > DER_CONTEXT_CONS(30))
		return malformed(f, "body", "not a PKIBody: its tag is not context-specific");
	if (tag >= DER_CONTEXT_CONS(BODY_COUNT))
		return fault_set(f, FAIL_BAD_REQUEST, "body", "kind %d is unknown; PKIBody goes to 26", tag - DER_CONTEXT_CONS(0));
	m->body = (enum body)(tag - DER_CONTEXT_CONS(0));
	return true;
}

// Header, body and what follows; nothing of the body's inside.
static bool
message_take(struct span whole, struct pkimessage *m, struct fault *f)
{
	struct span in = whole, contents;

	m->whole = whole;
	if (!der_take(&in, DER_SEQUENCE, &contents) || !der_at_end(in))
		return malformed(f, "", "not exactly one SEQUENCE");
	if (!header_take(&contents, &m->header, f) || !take_body(&contents, m, f) || !take_protection(&contents, m, f)
	    || !take_extra_certs(&contents, m, f))
		return false;
	return der_at_end(contents) || malformed(f, "", "a PKIMessage holds something after its extraCerts");
}

// Bodies within bodies, one level at a time: no recursion on what a peer sends.
static bool
nested_check(struct span contents, struct fault *f)
{
	struct span level[CAP_NESTED_DEPTH], inner;
	unsigned depth = 1;
	struct pkimessage m;

	if (!nested_first(contents, &level[0]))
		return malformed(f, "body.nested", "cut off");
	while (depth > 0) {
		if (!nested_next(&level[depth - 1], &inner)) {
			depth--;
			continue;
		}
		memset(&m, 0, sizeof(m));
		if (!message_take(inner, &m, f) || !body_check(m.body, m.body_contents, f)) {
			fault_within(f, "body.nested");
			return false;
		}
		if (m.body != BODY_NESTED)
			continue;
		if (depth == CAP_NESTED_DEPTH)
			return fault_set(f, FAIL_BAD_REQUEST, "body.nested", "messages are nested deeper than %d", CAP_NESTED_DEPTH);
		if (!nested_first(m.body_contents, &level[depth++]))
			return malformed(f, "body.nested", "cut off");
	}
	return true;
}

// Say as exactly as possible why the octets are not one DER element.
static bool
explain_der(struct span octets, struct fault *f)
{
	size_t announced = der_announced(octets);

	if (octets.len == 0)
		return malformed(f, "", "empty: no PKIMessage at all");
	if (octets.data[0] == '-')
		return malformed(f, "", "PEM text; a PKIMessage is sent in DER");
	if (octets.data[0] != DER_SEQUENCE)
		return fault_set(f, FAIL_BAD_DATA_FORMAT, "", "not a PKIMessage: it begins with 0x%02X, not with a SEQUENCE (0x30)", octets.data[0]);
	if (announced == SIZE_MAX)
		return malformed(f, "", "the outer length is not DER: indefinite, not minimal or too long");
	if (announced == 0 || announced > octets.len)
		return fault_set(f, FAIL_BAD_DATA_FORMAT, "", "cut off: %zu octets came, %zu were announced", octets.len, announced);
	if (announced < octets.len)
		return fault_set(f, FAIL_BAD_DATA_FORMAT, "", "%zu octets follow the PKIMessage", octets.len - announced);
	return fault_set(f, FAIL_BAD_DATA_FORMAT, "", "not strict DER, or nested deeper than %d", DER_DEPTH_MAX);
}

bool
pkimessage_parse(struct pkimessage *m, struct span octets, bool *header_read, struct fault *f)
{
	bool unused;

	header_read = header_read != NULL ? header_read : &unused;
	memset(m, 0, sizeof(*m));
	m->body = BODY_COUNT;
	if (der_check(octets) ? message_take(octets, m, f) : explain_der(octets, f)) {
		*header_read = true;
		if (!body_check(m->body, m->body_contents, f))
			return false;
		return m->body != BODY_NESTED || nested_check(m->body_contents, f);
	}
	*header_read = pkiheader_parse(&m->header, octets, NULL);
	return false;
}

bool
nested_first(struct span body_contents, struct span *rest)
{
	return der_take(&body_contents, DER_SEQUENCE, rest) && der_at_end(body_contents);
}

bool
nested_next(struct span *rest, struct span *inner)
{
	return !der_at_end(*rest) && der_take_whole(rest, DER_SEQUENCE, inner);
}

bool
pkimessage_protected_part(const struct pkimessage *m, struct buffer *out)
{
	size_t length = m->header.whole.len + m->body_whole.len;
	uint8_t header[6] = { DER_SEQUENCE };
	size_t n = 1;

	if (length < 0x80) {
		header[n++] = (uint8_t)length;
	} else {
		size_t octets = length > 0xFFFFFF ? 4 : length > 0xFFFF ? 3 : length > 0xFF ? 2 : 1;
		header[n++] = (uint8_t)(0x80 | octets);
		for (; octets > 0; octets--)
			header[n++] = (uint8_t)(length >> (8 * (octets - 1)));
	}
	return buffer_append(out, span_of(header, n)) && buffer_append(out, m->header.whole) && buffer_append(out, m->body_whole);
}
