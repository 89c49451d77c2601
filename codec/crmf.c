// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/crmf.h"

#include "codec/cms.h"
#include "codec/oid.h"
#include "codec/pkimessage.h"

// ---- CertTemplate

// OptionalValidity under [4] IMPLICIT: at least one of two explicit times.
static bool
validity_read(struct span in, struct cert_template *t, struct fault *f)
{
	struct span time;

	t->has_not_before = der_next_is(in, DER_CONTEXT_CONS(0));
	if (t->has_not_before && (!der_take(&in, DER_CONTEXT_CONS(0), &time) || !der_take_time(&time, &t->not_before) || !der_at_end(time)))
		return malformed(f, "validity.notBefore", "not a time");
	t->has_not_after = der_next_is(in, DER_CONTEXT_CONS(1));
	if (t->has_not_after && (!der_take(&in, DER_CONTEXT_CONS(1), &time) || !der_take_time(&time, &t->not_after) || !der_at_end(time)))
		return malformed(f, "validity.notAfter", "not a time");
	if (!der_at_end(in) || !(t->has_not_before || t->has_not_after))
		return malformed(f, "validity", "OptionalValidity holds no time, or something else than times");
	return true;
}

// A Name under an explicit tag, if it is next.
static bool
explicit_name(struct span *in, uint8_t tag, bool *has, struct span *name, struct fault *f)
{
	struct span contents;

	*has = der_next_is(*in, tag);
	if (!*has)
		return true;
	if (!der_take(in, tag, &contents))
		return malformed(f, "", "cut off");
	if (!name_take(&contents, name, f))
		return false;
	return der_at_end(contents) || malformed(f, "", "more than one Name");
}

static bool
template_start(struct span *in, struct cert_template *t, struct fault *f)
{
	struct span contents;

	t->has_version = der_next_is(*in, DER_CONTEXT(0));
	if (t->has_version) {
		if (!der_take(in, DER_CONTEXT(0), &contents) || contents.len != 1)
			return malformed(f, "version", "not a small INTEGER");
		t->version = contents.data[0];
	}
	t->has_serial = der_next_is(*in, DER_CONTEXT(1));
	if (t->has_serial && !serial_take(in, DER_CONTEXT(1), &t->serial, f)) {
		fault_within(f, "serialNumber");
		return false;
	}
	t->has_signing_alg = der_next_is(*in, DER_CONTEXT_CONS(2));
	if (t->has_signing_alg) {
		if (!der_take(in, DER_CONTEXT_CONS(2), &contents))
			return malformed(f, "signingAlg", "cut off");
		if (!algorithm_read(contents, &t->signing_alg, f)) {
			fault_within(f, "signingAlg");
			return false;
		}
	}
	if (!explicit_name(in, DER_CONTEXT_CONS(3), &t->has_issuer, &t->issuer, f)) {
		fault_within(f, "issuer");
		return false;
	}
	if (der_next_is(*in, DER_CONTEXT_CONS(4)))
		return (der_take(in, DER_CONTEXT_CONS(4), &contents) || malformed(f, "validity", "cut off")) && validity_read(contents, t, f);
	return true;
}

static bool
template_end(struct span *in, struct cert_template *t, struct fault *f)
{
	struct span contents;

	if (!explicit_name(in, DER_CONTEXT_CONS(5), &t->has_subject, &t->subject, f)) {
		fault_within(f, "subject");
		return false;
	}
	t->has_public_key = der_next_is(*in, DER_CONTEXT_CONS(6));
	if (t->has_public_key) {
		uint8_t tag;
		if (!der_take_any(in, &tag, &contents, &t->public_key.whole))
			return malformed(f, "publicKey", "cut off");
		if (!public_key_read(contents, &t->public_key, f)) {
			fault_within(f, "publicKey");
			return false;
		}
	}
	for (uint8_t n = 7; n <= 8; n++) {
		bool present;
		if (!der_take_optional(in, (uint8_t)DER_CONTEXT(n), &present, &contents))
			return malformed(f, "issuerUID", "cut off");
		t->has_unique_ids = t->has_unique_ids || present;
	}
	if (der_next_is(*in, DER_CONTEXT_CONS(9))) {
		if (!der_take(in, DER_CONTEXT_CONS(9), &t->extensions))
			return malformed(f, "extensions", "cut off");
		if (!extensions_check(t->extensions, f)) {
			// Too many: the device can ask for less. Malformed ones are no template at all.
			if (f != NULL && f->failure == FAIL_BAD_REQUEST)
				f->failure = FAIL_BAD_CERT_TEMPLATE;
			fault_within(f, "extensions");
			return false;
		}
	}
	return true;
}

bool
cert_template_take(struct span *in, struct cert_template *out, struct fault *f)
{
	struct span rest = *in, contents;

	memset(out, 0, sizeof(*out));
	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "a CertTemplate (SEQUENCE) was expected");
	if (!template_start(&contents, out, f) || !template_end(&contents, out, f))
		return false;
	if (!der_at_end(contents))
		return malformed(f, "", "a CertTemplate holds a field that does not belong there, or fields out of order");
	out->whole = span_of(in->data, in->len - rest.len);
	*in = rest;
	return true;
}

// ---- EncryptedKey

static bool
enveloped_data_check(struct span contents, struct fault *f)
{
	struct enveloped_data e;

	return enveloped_data_read(contents, &e, f);
}

// EncryptedValue: four optional IMPLICIT fields, then the BIT STRING.
static bool
encrypted_value_check(struct span in, struct fault *f)
{
	static const uint8_t tags[] = { DER_CONTEXT_CONS(0), DER_CONTEXT_CONS(1), DER_CONTEXT(2), DER_CONTEXT_CONS(3), DER_CONTEXT(4) };
	struct span any;
	unsigned unused;
	bool present;

	for (size_t i = 0; i < sizeof(tags); i++)
		if (!der_take_optional(&in, tags[i], &present, &any))
			return malformed(f, "", "an EncryptedValue is cut off");
	if (!der_take_bits(&in, &any, &unused) || !der_at_end(in))
		return malformed(f, "", "an EncryptedValue does not end with its encValue");
	return true;
}

bool
encrypted_key_take(struct span *in, struct encrypted_key *out, struct fault *f)
{
	struct span rest = *in;

	out->enveloped = der_next_is(rest, DER_CONTEXT_CONS(0));
	if (!der_take(&rest, out->enveloped ? DER_CONTEXT_CONS(0) : DER_SEQUENCE, &out->contents))
		return malformed(f, "", "an EncryptedKey was expected");
	if (out->enveloped ? !enveloped_data_check(out->contents, f) : !encrypted_value_check(out->contents, f))
		return false;
	*in = rest;
	return true;
}

// ---- controls

static bool
control_check(const struct typed_value *c, struct fault *f)
{
	struct span in = c->value, any;
	struct cert_id id;
	struct public_key key;
	struct algorithm algorithm;
	struct encrypted_key encrypted;

	switch (oid_reg_ctrl(c->oid)) {
	case REG_CTRL_REG_TOKEN:
	case REG_CTRL_AUTHENTICATOR:
		return (der_take(&in, DER_UTF8, &any) && utf8_valid(any)) || malformed(f, "regToken", "not a UTF8String");
	case REG_CTRL_OLD_CERT_ID: return cert_id_take(&in, &id, f);
	case REG_CTRL_PROTOCOL_ENCR_KEY: return public_key_take(&in, &key, f);
	case REG_CTRL_ALG_ID: return algorithm_take(&in, &algorithm, f);
	case REG_CTRL_RSA_KEY_LEN: return der_take_integer(&in, &any) || malformed(f, "rsaKeyLen", "not an INTEGER");
	case REG_CTRL_PKI_PUBLICATION_INFO: return der_take(&in, DER_SEQUENCE, &any) || malformed(f, "pkiPublicationInfo", "not a SEQUENCE");
	case REG_CTRL_PKI_ARCHIVE_OPTIONS:
		if (der_take(&in, DER_CONTEXT_CONS(0), &any))
			return encrypted_key_take(&any, &encrypted, f)
				&& (der_at_end(any) || malformed(f, "pkiArchiveOptions", "more than one key"));
		return der_take(&in, DER_CONTEXT(1), &any) || (der_take(&in, DER_CONTEXT(2), &any) && any.len == 1)
			|| malformed(f, "pkiArchiveOptions", "none of its three choices");
	default: return true;	// unknown controls are carried, not judged
	}
}

static bool
typed_values_check(struct span in, bool controls, struct fault *f)
{
	struct typed_value v;
	size_t count = 0;

	if (der_at_end(in))
		return malformed(f, "", "the list is empty");
	while (!der_at_end(in)) {
		if (++count > CAP_GENERAL_INFO)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d entries", CAP_GENERAL_INFO);
		if (!typed_value_take(&in, false, &v, f) || (controls && !control_check(&v, f)))
			return false;
	}
	return true;
}

bool
control_find(struct span controls, unsigned n, struct span *value)
{
	struct typed_value v;

	while (!der_at_end(controls) && typed_value_take(&controls, false, &v, NULL)) {
		if (oid_reg_ctrl(v.oid) == n) {
			*value = v.value;
			return true;
		}
	}
	return false;
}

// ---- ProofOfPossession

// POPOSigningKey under [1] IMPLICIT.
static bool
signing_key_read(struct span in, struct cert_req_msg *m, struct fault *f)
{
	unsigned unused;

	if (!der_take_optional(&in, DER_CONTEXT_CONS(0), &m->has_popo_input, &m->popo_input))
		return malformed(f, "poposkInput", "cut off");
	if (!algorithm_take(&in, &m->popo_alg, f))
		return false;
	if (!der_take_bits(&in, &m->popo_signature, &unused) || unused != 0 || !der_at_end(in))
		return malformed(f, "signature", "not one BIT STRING of whole octets at the end");
	return true;
}

// POPOPrivKey, the contents of an explicit [2] or [3].
static bool
private_key_check(struct span in, struct fault *f)
{
	struct span any;
	uint8_t tag;

	if (!der_take_any(&in, &tag, &any, NULL) || !der_at_end(in))
		return malformed(f, "", "a POPOPrivKey must be one element");
	switch (tag) {
	case DER_CONTEXT(0):
	case DER_CONTEXT(2): return any.len >= 1 || malformed(f, "", "a POPOPrivKey holds an empty BIT STRING");
	case DER_CONTEXT(1): return any.len == 1 || malformed(f, "subsequentMessage", "not a small INTEGER");
	case DER_CONTEXT_CONS(3): return true;
	case DER_CONTEXT_CONS(4): return enveloped_data_check(any, f);
	default: return malformed(f, "", "a POPOPrivKey is none of its choices");
	}
}

static bool
popo_take(struct span *in, struct cert_req_msg *m, struct fault *f)
{
	struct span contents;
	uint8_t tag;

	m->popo = POPO_ABSENT;
	if (der_at_end(*in) || der_next_is(*in, DER_SEQUENCE))
		return true;
	if (!der_take_any(in, &tag, &contents, &m->popo_whole))
		return malformed(f, "", "cut off");
	switch (tag) {
	case DER_CONTEXT(0):
		m->popo = POPO_RA_VERIFIED;
		return contents.len == 0 || malformed(f, "raVerified", "not NULL");
	case DER_CONTEXT_CONS(1):
		m->popo = POPO_SIGNATURE;
		return signing_key_read(contents, m, f);
	case DER_CONTEXT_CONS(2):
		m->popo = POPO_KEY_ENCIPHERMENT;
		return private_key_check(contents, f);
	case DER_CONTEXT_CONS(3):
		m->popo = POPO_KEY_AGREEMENT;
		return private_key_check(contents, f);
	default: return malformed(f, "", "none of the choices of ProofOfPossession");
	}
}

// ---- CertReqMsg

static bool
cert_request_read(struct span in, struct cert_req_msg *m, struct fault *f)
{
	if (!der_take_integer(&in, &m->cert_req_id) || m->cert_req_id.len > 4)
		return malformed(f, "certReqId", "not an INTEGER of at most four octets");
	uint32_t id = m->cert_req_id.data[0] >= 0x80 ? UINT32_MAX : 0;
	for (size_t i = 0; i < m->cert_req_id.len; i++)
		id = id << 8 | m->cert_req_id.data[i];
	memcpy(&m->id, &id, sizeof(id));
	if (!cert_template_take(&in, &m->template, f)) {
		fault_within(f, "certTemplate");
		return false;
	}
	if (!der_at_end(in)) {
		if (!der_take(&in, DER_SEQUENCE, &m->controls))
			return malformed(f, "controls", "not a SEQUENCE");
		if (!typed_values_check(m->controls, true, f)) {
			fault_within(f, "controls");
			return false;
		}
	}
	return der_at_end(in) || malformed(f, "", "a CertRequest holds something after its controls");
}

bool
cert_req_msg_take(struct span *in, struct cert_req_msg *out, struct fault *f)
{
	struct span rest = *in, contents, start, request;

	memset(out, 0, sizeof(*out));
	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "a CertReqMsg (SEQUENCE) was expected");
	start = contents;
	if (!der_take(&contents, DER_SEQUENCE, &request))
		return malformed(f, "certReq", "a CertRequest (SEQUENCE) was expected");
	out->cert_req = span_of(start.data, start.len - contents.len);
	if (!cert_request_read(request, out, f)) {
		fault_within(f, "certReq");
		return false;
	}
	if (!popo_take(&contents, out, f)) {
		fault_within(f, "popo");
		return false;
	}
	if (!der_at_end(contents) && !der_take(&contents, DER_SEQUENCE, &out->reg_info))
		return malformed(f, "regInfo", "not a SEQUENCE");
	if (out->reg_info.data != NULL && !typed_values_check(out->reg_info, false, f)) {
		fault_within(f, "regInfo");
		return false;
	}
	if (!der_at_end(contents))
		return malformed(f, "", "a CertReqMsg holds something after its regInfo");
	out->whole = span_of(in->data, in->len - rest.len);
	*in = rest;
	return true;
}

bool
cert_req_messages_check(struct span in, size_t *count, struct cert_req_msg *first, struct fault *f)
{
	struct cert_req_msg m;
	struct span list;

	*count = 0;
	if (!der_take(&in, DER_SEQUENCE, &list) || !der_at_end(in))
		return malformed(f, "", "CertReqMessages must be one SEQUENCE");
	while (!der_at_end(list)) {
		if (++*count > CAP_CERT_REQ_MSGS)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d requests in one message", CAP_CERT_REQ_MSGS);
		if (!cert_req_msg_take(&list, &m, f)) {
			char at[24];
			fault_within(f, index_text(*count - 1, at));
			return false;
		}
		if (*count == 1 && first != NULL)
			*first = m;
	}
	return *count > 0 || malformed(f, "", "CertReqMessages is empty");
}
