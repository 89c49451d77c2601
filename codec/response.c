// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/response.h"

#include "codec/pkimessage.h"

// ---- CertifiedKeyPair

static bool
cert_or_enc_cert(struct span *in, struct certified_key_pair *out, struct fault *f)
{
	struct span contents;

	if (der_take(in, DER_CONTEXT_CONS(0), &contents)) {
		if (!signed_object_take(&contents, &out->certificate, f))
			return false;
		return der_at_end(contents) || malformed(f, "certificate", "more than one certificate");
	}
	if (!der_take(in, DER_CONTEXT_CONS(1), &contents))
		return malformed(f, "certOrEncCert", "neither a certificate nor an encrypted one");
	out->has_encrypted_cert = true;
	if (!encrypted_key_take(&contents, &out->encrypted_cert, f))
		return false;
	return der_at_end(contents) || malformed(f, "encryptedCert", "more than one encrypted certificate");
}

bool
certified_key_pair_take(struct span *in, struct certified_key_pair *out, struct fault *f)
{
	struct span rest = *in, contents, key;

	memset(out, 0, sizeof(*out));
	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "a CertifiedKeyPair (SEQUENCE) was expected");
	if (!cert_or_enc_cert(&contents, out, f))
		return false;
	out->has_private_key = der_next_is(contents, DER_CONTEXT_CONS(0));
	if (out->has_private_key) {
		if (!der_take(&contents, DER_CONTEXT_CONS(0), &key))
			return malformed(f, "privateKey", "cut off");
		if (!encrypted_key_take(&key, &out->private_key, f)) {
			fault_within(f, "privateKey");
			return false;
		}
		if (!der_at_end(key))
			return malformed(f, "privateKey", "more than one key");
	}
	if (!der_at_end(contents) && !der_take_whole(&contents, DER_CONTEXT_CONS(1), &out->publication_info))
		return malformed(f, "publicationInfo", "an element that does not belong there");
	if (!der_at_end(contents))
		return malformed(f, "", "a CertifiedKeyPair holds something after its publicationInfo");
	*in = rest;
	return true;
}

// ---- CertRepMessage

bool
cert_response_take(struct span *in, struct cert_response *out, struct fault *f)
{
	struct span rest = *in, contents;

	memset(out, 0, sizeof(*out));
	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "a CertResponse (SEQUENCE) was expected");
	if (!der_take_int32(&contents, &out->cert_req_id))
		return malformed(f, "certReqId", "not an INTEGER of at most four octets");
	if (!status_info_take(&contents, &out->status, f)) {
		fault_within(f, "status");
		return false;
	}
	out->has_pair = der_next_is(contents, DER_SEQUENCE);
	if (out->has_pair && !certified_key_pair_take(&contents, &out->pair, f)) {
		fault_within(f, "certifiedKeyPair");
		return false;
	}
	if (!der_take_optional(&contents, DER_OCTET_STRING, &out->has_info, &out->info) || !der_at_end(contents))
		return malformed(f, "", "a CertResponse holds something that does not belong there");
	*in = rest;
	return true;
}

// [n] EXPLICIT SEQUENCE SIZE (1..max) OF certificate or CRL, if it is next.
static bool
object_list(struct span *in, uint8_t tag, size_t max, struct span *contents, const char *path, struct fault *f)
{
	*contents = span_of(NULL, 0);
	if (!der_next_is(*in, tag))
		return true;
	if (!der_take_explicit(in, tag, DER_SEQUENCE, contents))
		return malformed(f, path, "not a SEQUENCE");
	if (signed_objects_check(*contents, 1, max, f))
		return true;
	fault_within(f, path);
	return false;
}

bool
cert_rep_message_read(struct span in, struct cert_rep_message *out, struct fault *f)
{
	struct span contents, list;
	struct cert_response r;
	char at[24];

	memset(out, 0, sizeof(*out));
	if (!der_take(&in, DER_SEQUENCE, &contents) || !der_at_end(in))
		return malformed(f, "", "a CertRepMessage must be one SEQUENCE");
	if (!object_list(&contents, DER_CONTEXT_CONS(1), CAP_CERTIFICATES, &out->ca_pubs, "caPubs", f))
		return false;
	if (!der_take(&contents, DER_SEQUENCE, &out->responses) || !der_at_end(contents))
		return malformed(f, "response", "a CertRepMessage does not end with its list of responses");
	for (list = out->responses; !der_at_end(list); ) {
		if (++out->count > CAP_CERT_REQ_MSGS)
			return fault_set(f, FAIL_BAD_REQUEST, "response", "more than %d responses in one message", CAP_CERT_REQ_MSGS);
		if (!cert_response_take(&list, &r, f)) {
			fault_within(f, index_text(out->count - 1, at));
			fault_within(f, "response");
			return false;
		}
	}
	return out->count > 0 || malformed(f, "response", "the list of responses is empty");
}

// ---- KeyRecRepContent

static bool
key_history(struct span *in, struct key_rec_rep *out, struct fault *f)
{
	struct certified_key_pair pair;
	struct span list;
	size_t count = 0;

	if (!der_next_is(*in, DER_CONTEXT_CONS(2)))
		return true;
	if (!der_take_explicit(in, DER_CONTEXT_CONS(2), DER_SEQUENCE, &out->key_pair_hist) || der_at_end(out->key_pair_hist))
		return malformed(f, "keyPairHist", "not a SEQUENCE with at least one entry");
	for (list = out->key_pair_hist; !der_at_end(list); ) {
		if (++count > CAP_CERTIFICATES)
			return fault_set(f, FAIL_BAD_REQUEST, "keyPairHist", "more than %d key pairs", CAP_CERTIFICATES);
		if (!certified_key_pair_take(&list, &pair, f)) {
			fault_within(f, "keyPairHist");
			return false;
		}
	}
	return true;
}

bool
key_rec_rep_read(struct span in, struct key_rec_rep *out, struct fault *f)
{
	struct span contents, cert;

	memset(out, 0, sizeof(*out));
	if (!der_take(&in, DER_SEQUENCE, &contents) || !der_at_end(in))
		return malformed(f, "", "a KeyRecRepContent must be one SEQUENCE");
	if (!status_info_take(&contents, &out->status, f)) {
		fault_within(f, "status");
		return false;
	}
	if (der_take(&contents, DER_CONTEXT_CONS(0), &cert)
	    && (!signed_object_take(&cert, &out->new_sig_cert, f) || !der_at_end(cert)))
		return malformed(f, "newSigCert", "not one certificate");
	if (!object_list(&contents, DER_CONTEXT_CONS(1), CAP_CERTIFICATES, &out->ca_certs, "caCerts", f) || !key_history(&contents, out, f))
		return false;
	return der_at_end(contents) || malformed(f, "", "a KeyRecRepContent holds something that does not belong there");
}

// ---- revocation

// ReasonFlag extension 2.5.29.21: ENUMERATED in its OCTET STRING.
static bool
reason_read(struct span extensions, int *reason, struct fault *f)
{
	static const uint8_t oid[] = { 0x55, 0x1D, 0x15 };
	struct extension e;
	struct span value;

	*reason = -1;
	while (!der_at_end(extensions) && extension_take(&extensions, &e, NULL)) {
		if (!span_equal(e.oid, span_of(oid, sizeof(oid))))
			continue;
		if (!der_take(&e.value, DER_ENUMERATED, &value) || value.len != 1 || !der_at_end(e.value))
			return malformed(f, "crlEntryDetails", "the reason code is not one small ENUMERATED");
		*reason = value.data[0];
	}
	return true;
}

bool
rev_details_take(struct span *in, struct rev_details *out, struct fault *f)
{
	struct span rest = *in, contents;

	memset(out, 0, sizeof(*out));
	out->reason = -1;
	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "RevDetails (SEQUENCE) was expected");
	if (!cert_template_take(&contents, &out->template, f)) {
		fault_within(f, "certDetails");
		return false;
	}
	if (!der_at_end(contents)) {
		if (!der_take(&contents, DER_SEQUENCE, &out->extensions))
			return malformed(f, "crlEntryDetails", "not a SEQUENCE");
		if (!extensions_check(out->extensions, f)) {
			fault_within(f, "crlEntryDetails");
			return false;
		}
		if (!reason_read(out->extensions, &out->reason, f))
			return false;
	}
	if (!der_at_end(contents))
		return malformed(f, "", "RevDetails hold something after crlEntryDetails");
	*in = rest;
	return true;
}

bool
rev_req_check(struct span in, size_t *count, struct rev_details *first, struct fault *f)
{
	struct rev_details d;
	struct span list;
	char at[24];

	*count = 0;
	if (!der_take(&in, DER_SEQUENCE, &list) || !der_at_end(in))
		return malformed(f, "", "a RevReqContent must be one SEQUENCE");
	while (!der_at_end(list)) {
		if (++*count > CAP_CERT_REQ_MSGS)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d revocations in one message", CAP_CERT_REQ_MSGS);
		if (!rev_details_take(&list, &d, f)) {
			fault_within(f, index_text(*count - 1, at));
			return false;
		}
		if (*count == 1 && first != NULL)
			*first = d;
	}
	return *count > 0 || malformed(f, "", "a RevReqContent is empty");
}

static bool
cert_ids_check(struct span list, struct fault *f)
{
	struct cert_id id;
	size_t count = 0;

	while (!der_at_end(list)) {
		if (++count > CAP_CERT_REQ_MSGS)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d certificates named", CAP_CERT_REQ_MSGS);
		if (!cert_id_take(&list, &id, f))
			return false;
	}
	return count > 0 || malformed(f, "", "the list is empty");
}

bool
rev_rep_read(struct span in, struct rev_rep *out, struct fault *f)
{
	struct span contents, list;
	struct status_info status;

	memset(out, 0, sizeof(*out));
	if (!der_take(&in, DER_SEQUENCE, &contents) || !der_at_end(in))
		return malformed(f, "", "a RevRepContent must be one SEQUENCE");
	if (!der_take(&contents, DER_SEQUENCE, &out->statuses) || der_at_end(out->statuses))
		return malformed(f, "status", "not a SEQUENCE with at least one status");
	for (list = out->statuses; !der_at_end(list); ) {
		if (++out->count > CAP_CERT_REQ_MSGS)
			return fault_set(f, FAIL_BAD_REQUEST, "status", "more than %d statuses", CAP_CERT_REQ_MSGS);
		if (!status_info_take(&list, &status, f)) {
			fault_within(f, "status");
			return false;
		}
	}
	if (der_next_is(contents, DER_CONTEXT_CONS(0))) {
		if (!der_take_explicit(&contents, DER_CONTEXT_CONS(0), DER_SEQUENCE, &out->rev_certs))
			return malformed(f, "revCerts", "not a SEQUENCE");
		if (!cert_ids_check(out->rev_certs, f)) {
			fault_within(f, "revCerts");
			return false;
		}
	}
	if (!object_list(&contents, DER_CONTEXT_CONS(1), CAP_CERTIFICATES, &out->crls, "crls", f))
		return false;
	return der_at_end(contents) || malformed(f, "", "a RevRepContent holds something that does not belong there");
}
