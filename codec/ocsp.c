// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/ocsp.h"

#include "codec/extension.h"
#include "codec/oid.h"
#include "codec/parameters.h"
#include "codec/pkimessage.h"
#include "codec/signed.h"

// ---- pieces

static bool
nothing_behind(struct span in, const char *what, struct fault *f)
{
	return der_at_end(in) || fault_set(f, FAIL_BAD_DATA_FORMAT, "", "%s holds something that does not belong there", what);
}

// CertID = { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }
static bool
cert_id_read(struct span *in, struct ocsp_cert_id *out, struct fault *f)
{
	struct algorithm hash;
	struct span contents;

	if (!der_take(in, DER_SEQUENCE, &contents))
		return malformed(f, "", "a CertID (SEQUENCE) was expected");
	if (!algorithm_take(&contents, &hash, f))
		return failed_within(f, "hashAlgorithm");
	if (!parameters_empty(&hash))
		return malformed(f, "hashAlgorithm", "a hash has no parameters");
	out->hash = hash.oid;
	if (!der_take_octets(&contents, &out->name_hash) || !der_take_octets(&contents, &out->key_hash))
		return malformed(f, "", "a CertID has no issuerNameHash or issuerKeyHash");
	if (!serial_take(&contents, DER_INTEGER, &out->serial, f))
		return failed_within(f, "serialNumber");
	return nothing_behind(contents, "a CertID", f);
}

bool
ocsp_cert_id_equal(const struct ocsp_cert_id *a, const struct ocsp_cert_id *b)
{
	return span_equal(a->hash, b->hash) && span_equal(a->name_hash, b->name_hash) && span_equal(a->key_hash, b->key_hash)
		&& span_equal(a->serial, b->serial);
}

// [n] EXPLICIT Extensions, if they are next.
static bool
extensions_take(struct span *in, uint8_t tag, struct span *extensions, struct fault *f)
{
	*extensions = span_of(NULL, 0);
	if (!der_next_is(*in, tag))
		return true;
	if (!der_take_explicit(in, tag, DER_SEQUENCE, extensions))
		return malformed(f, "extensions", "not one SEQUENCE");
	return extensions_check(*extensions, f) || failed_within(f, "extensions");
}

// The nonce among extensions: an OCTET STRING in the value (RFC 9654 2.1).
static bool
nonce_find(struct span extensions, bool *has, struct span *nonce, struct fault *f)
{
	struct extension e;

	*has = false;
	while (extension_next(&extensions, &e)) {
		if (oid_find(e.oid) != OID_OCSP_NONCE)
			continue;
		*has = true;
		if (!der_take_octets(&e.value, nonce) || !der_at_end(e.value) || nonce->len == 0 || nonce->len > CAP_OCSP_NONCE)
			return fault_set(f, FAIL_BAD_DATA_FORMAT, "nonce", "not one OCTET STRING of 1 to %d octets", CAP_OCSP_NONCE);
	}
	return true;
}

// Version is [0] EXPLICIT, DEFAULT v1: the only one there is, and not written.
static bool
no_version(struct span in, struct fault *f)
{
	return !der_next_is(in, DER_CONTEXT_CONS(0)) || malformed(f, "version", "is not v1 (which is not written)");
}

// ---- requests

bool
ocsp_request_build(struct buffer *out, const struct ocsp_cert_id *id, struct span nonce)
{
	struct der_writer w;
	struct span octets;

	if (nonce.len > CAP_OCSP_NONCE)
		return false;
	der_writer_init(&w, CAP_OCSP_REQUEST);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	algorithm_write_null(&w, id->hash);
	der_put(&w, DER_OCTET_STRING, id->name_hash);
	der_put(&w, DER_OCTET_STRING, id->key_hash);
	der_put(&w, DER_INTEGER, id->serial);
	der_close(&w);
	der_close(&w);
	der_close(&w);
	if (nonce.len > 0) {
		der_open(&w, DER_CONTEXT_CONS(2));
		der_open(&w, DER_SEQUENCE);
		der_open(&w, DER_SEQUENCE);
		der_put_oid(&w, oid_octets(OID_OCSP_NONCE));
		der_open(&w, DER_OCTET_STRING);
		der_put(&w, DER_OCTET_STRING, nonce);
		der_close(&w);
		der_close(&w);
		der_close(&w);
		der_close(&w);
	}
	der_close(&w);
	der_close(&w);
	bool well = der_finish(&w, &octets) && buffer_append(out, octets);
	der_writer_clear(&w);
	return well;
}

static bool
request_take(struct span *in, struct ocsp_cert_id *out, struct fault *f)
{
	struct span rest = *in, contents, extensions;

	memset(out, 0, sizeof(*out));
	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "a Request (SEQUENCE) was expected");
	if (!cert_id_read(&contents, out, f))
		return failed_within(f, "reqCert");
	if (!extensions_take(&contents, DER_CONTEXT_CONS(0), &extensions, f) || !nothing_behind(contents, "a Request", f))
		return false;
	*in = rest;
	return true;
}

bool
ocsp_request_next(struct span *rest, struct ocsp_cert_id *out)
{
	return !der_at_end(*rest) && request_take(rest, out, NULL);
}

static bool
requests_read(struct span *in, struct ocsp_request *out, struct fault *f)
{
	struct ocsp_cert_id id;
	struct span list;
	char at[24];

	if (!der_take(in, DER_SEQUENCE, &out->requests) || der_at_end(out->requests))
		return malformed(f, "", "not a SEQUENCE of at least one request");
	for (list = out->requests; !der_at_end(list); ) {
		if (++out->count > CAP_OCSP_SINGLES)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d requests", CAP_OCSP_SINGLES);
		if (!request_take(&list, &id, f))
			return failed_within(f, index_text(out->count - 1, at));
	}
	return true;
}

// TBSRequest = { version [0]?, requestorName [1]?, requestList, requestExtensions [2]? } (RFC 6960 4.1.1)
static bool
tbs_request_read(struct span in, struct ocsp_request *out, struct fault *f)
{
	struct span name, whole;

	if (!no_version(in, f))
		return false;
	if (der_take(&in, DER_CONTEXT_CONS(1), &name) && (!general_name_take(&name, &whole, f) || !nothing_behind(name, "a requestorName", f)))
		return failed_within(f, "requestorName");
	if (!requests_read(&in, out, f))
		return failed_within(f, "requestList");
	return extensions_take(&in, DER_CONTEXT_CONS(2), &out->extensions, f) && nonce_find(out->extensions, &out->has_nonce, &out->nonce, f)
		&& nothing_behind(in, "a TBSRequest", f);
}

bool
ocsp_request_read(struct span octets, struct ocsp_request *out, struct fault *f)
{
	struct span in, tbs, signature;

	memset(out, 0, sizeof(*out));
	if (!der_check(octets))
		return malformed(f, "", "not exactly one element of strict DER");
	if (!der_take(&octets, DER_SEQUENCE, &in) || !der_take(&in, DER_SEQUENCE, &tbs))
		return malformed(f, "", "an OCSPRequest does not begin with its TBSRequest");
	if (!tbs_request_read(tbs, out, f))
		return failed_within(f, "tbsRequest");
	if (der_next_is(in, DER_CONTEXT_CONS(0)) && !der_take_explicit(&in, DER_CONTEXT_CONS(0), DER_SEQUENCE, &signature))
		return malformed(f, "optionalSignature", "not one SEQUENCE");
	return nothing_behind(in, "an OCSPRequest", f);
}

// ---- responses

static const char *const status_names[] = {
	"successful", "malformedRequest", "internalError", "tryLater", NULL, "sigRequired", "unauthorized"
};

const char *
ocsp_status_name(int status)
{
	return status >= 0 && status < (int)(sizeof(status_names) / sizeof(status_names[0])) ? status_names[status] : NULL;
}

// RevokedInfo = { revocationTime, revocationReason [0]? }, from its contents.
static bool
revoked_read(struct span in, struct ocsp_single *out, struct fault *f)
{
	struct span reason;

	if (!der_take_generalized_time(&in, &out->revoked_at))
		return malformed(f, "revocationTime", "not a GeneralizedTime");
	if (der_take(&in, DER_CONTEXT_CONS(0), &reason) && !crl_reason_read(reason, &out->reason, f))
		return false;
	return nothing_behind(in, "a RevokedInfo", f);
}

static bool
cert_status_take(struct span *in, struct ocsp_single *out, struct fault *f)
{
	struct span contents;
	uint8_t tag;

	out->reason = -1;
	if (!der_take_any(in, &tag, &contents, NULL))
		return malformed(f, "", "missing");
	switch (tag) {
	case DER_CONTEXT(0): out->status = OCSP_GOOD; break;
	case DER_CONTEXT(2): out->status = OCSP_UNKNOWN; break;
	case DER_CONTEXT_CONS(1):
		out->status = OCSP_REVOKED;
		return revoked_read(contents, out, f);
	default: return malformed(f, "", "none of good, revoked and unknown");
	}
	return contents.len == 0 || malformed(f, "", "not NULL");
}

static bool
single_times(struct span *in, struct ocsp_single *out, struct fault *f)
{
	struct span next;

	if (!der_take_generalized_time(in, &out->this_update))
		return malformed(f, "thisUpdate", "not a GeneralizedTime");
	out->has_next_update = der_next_is(*in, DER_CONTEXT_CONS(0));
	if (!out->has_next_update)
		return true;
	return (der_take(in, DER_CONTEXT_CONS(0), &next) && der_take_generalized_time(&next, &out->next_update) && der_at_end(next))
		|| malformed(f, "nextUpdate", "not a GeneralizedTime");
}

// SingleResponse = { certID, certStatus, thisUpdate, nextUpdate [0]?, singleExtensions [1]? } (RFC 6960 4.2.1)
static bool
single_take(struct span *in, struct ocsp_single *out, struct fault *f)
{
	struct span rest = *in, contents;

	memset(out, 0, sizeof(*out));
	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "a SingleResponse (SEQUENCE) was expected");
	if (!cert_id_read(&contents, &out->id, f))
		return failed_within(f, "certID");
	if (!cert_status_take(&contents, out, f))
		return failed_within(f, "certStatus");
	if (!single_times(&contents, out, f) || !extensions_take(&contents, DER_CONTEXT_CONS(1), &out->extensions, f)
	    || !nothing_behind(contents, "a SingleResponse", f))
		return false;
	*in = rest;
	return true;
}

bool
ocsp_single_next(struct span *rest, struct ocsp_single *out)
{
	return !der_at_end(*rest) && single_take(rest, out, NULL);
}

bool
ocsp_single_find(const struct ocsp_response *r, const struct ocsp_cert_id *id, struct ocsp_single *out)
{
	struct span rest = r->singles;

	while (ocsp_single_next(&rest, out))
		if (ocsp_cert_id_equal(&out->id, id))
			return true;
	return false;
}

static bool
responder_take(struct span *in, struct ocsp_response *out, struct fault *f)
{
	struct span contents;

	out->by_key = der_next_is(*in, DER_CONTEXT_CONS(2));
	if (out->by_key)
		return der_take_explicit(in, DER_CONTEXT_CONS(2), DER_OCTET_STRING, &out->responder) || malformed(f, "", "byKey is no OCTET STRING");
	if (!der_take(in, DER_CONTEXT_CONS(1), &contents))
		return malformed(f, "", "neither byName nor byKey");
	return name_take(&contents, &out->responder, f) && nothing_behind(contents, "a responderID", f);
}

static bool
singles_read(struct span *in, struct ocsp_response *out, struct fault *f)
{
	struct ocsp_single single;
	struct span list;
	char at[24];

	if (!der_take(in, DER_SEQUENCE, &out->singles) || der_at_end(out->singles))
		return malformed(f, "", "not a SEQUENCE of at least one response");
	for (list = out->singles; !der_at_end(list); ) {
		if (++out->count > CAP_OCSP_SINGLES)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d responses", CAP_OCSP_SINGLES);
		if (!single_take(&list, &single, f))
			return failed_within(f, index_text(out->count - 1, at));
	}
	return true;
}

// ResponseData = { version [0]?, responderID, producedAt, responses, responseExtensions [1]? }
static bool
response_data_read(struct span in, struct ocsp_response *out, struct fault *f)
{
	if (!no_version(in, f))
		return false;
	if (!responder_take(&in, out, f))
		return failed_within(f, "responderID");
	if (!der_take_generalized_time(&in, &out->produced_at))
		return malformed(f, "producedAt", "not a GeneralizedTime");
	if (!singles_read(&in, out, f))
		return failed_within(f, "responses");
	return extensions_take(&in, DER_CONTEXT_CONS(1), &out->extensions, f) && nonce_find(out->extensions, &out->has_nonce, &out->nonce, f)
		&& nothing_behind(in, "a ResponseData", f);
}

// BasicOCSPResponse = { tbsResponseData, signatureAlgorithm, signature, certs [0]? }, the octets inside the OCTET STRING.
static bool
basic_read(struct span octets, struct ocsp_response *out, struct fault *f)
{
	struct span in, tbs, contents;
	unsigned unused;

	if (!der_check(octets))
		return malformed(f, "", "not exactly one element of strict DER");
	if (!der_take(&octets, DER_SEQUENCE, &in) || !der_take_whole(&in, DER_SEQUENCE, &out->tbs))
		return malformed(f, "", "a BasicOCSPResponse does not begin with its ResponseData");
	tbs = out->tbs;
	if (!der_take(&tbs, DER_SEQUENCE, &contents) || !response_data_read(contents, out, f))
		return failed_within(f, "tbsResponseData");
	if (!algorithm_take(&in, &out->signature_algorithm, f))
		return failed_within(f, "signatureAlgorithm");
	if (!der_take_bits(&in, &out->signature, &unused) || unused != 0)
		return malformed(f, "signature", "not a BIT STRING of whole octets");
	if (der_next_is(in, DER_CONTEXT_CONS(0)) && !der_take_explicit(&in, DER_CONTEXT_CONS(0), DER_SEQUENCE, &out->certificates))
		return malformed(f, "certs", "not one SEQUENCE");
	if (!signed_objects_check(out->certificates, 0, CAP_EXTRA_CERTS, f))
		return failed_within(f, "certs");
	return nothing_behind(in, "a BasicOCSPResponse", f);
}

static bool
status_take(struct span *in, struct ocsp_response *out, struct fault *f)
{
	struct span v;

	if (!der_take(in, DER_ENUMERATED, &v) || v.len != 1 || ocsp_status_name(v.data[0]) == NULL)
		return malformed(f, "responseStatus", "is none of those that there are");
	out->status = (enum ocsp_status)v.data[0];
	return true;
}

// ResponseBytes = { responseType, response }
static bool
response_bytes_read(struct span in, struct ocsp_response *out, struct fault *f)
{
	struct span type, octets;

	if (!der_take_oid(&in, &type) || !der_take_octets(&in, &octets) || !der_at_end(in))
		return malformed(f, "", "not an object identifier and an OCTET STRING");
	if (oid_find(type) != OID_OCSP_BASIC)
		return malformed(f, "responseType", "is not id-pkix-ocsp-basic");
	return basic_read(octets, out, f);
}

// RFC 6960 4.2.1: what is successful has a response, what is not has none.
bool
ocsp_response_read(struct span octets, struct ocsp_response *out, struct fault *f)
{
	struct span in, bytes;
	bool has;

	memset(out, 0, sizeof(*out));
	if (!der_check(octets))
		return malformed(f, "", "not exactly one element of strict DER");
	if (!der_take(&octets, DER_SEQUENCE, &in))
		return malformed(f, "", "an OCSPResponse (SEQUENCE) was expected");
	if (!status_take(&in, out, f))
		return false;
	has = der_next_is(in, DER_CONTEXT_CONS(0));
	if (has != (out->status == OCSP_SUCCESSFUL))
		return malformed(f, "responseBytes", has ? "come with a status that has none" : "are missing");
	if (!has)
		return nothing_behind(in, "an OCSPResponse", f);
	if (!der_take_explicit(&in, DER_CONTEXT_CONS(0), DER_SEQUENCE, &bytes))
		return malformed(f, "responseBytes", "not one SEQUENCE");
	if (!response_bytes_read(bytes, out, f))
		return failed_within(f, "responseBytes");
	return nothing_behind(in, "an OCSPResponse", f);
}
