// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/itav.h"

#include "codec/name.h"
#include "codec/oid.h"
#include "codec/pkimessage.h"

bool
root_ca_key_update_read(struct span in, struct root_ca_key_update *out, struct fault *f)
{
	struct span *const optional[] = { &out->new_with_old, &out->old_with_new };

	memset(out, 0, sizeof(*out));
	if (!signed_object_take(&in, &out->new_with_new, f))
		return false;
	for (uint8_t n = 0; n < 2; n++) {
		struct span cert;
		if (!der_next_is(in, (uint8_t)DER_CONTEXT_CONS(n)))
			continue;
		if (!der_take(&in, (uint8_t)DER_CONTEXT_CONS(n), &cert) || !signed_object_take(&cert, optional[n], f) || !der_at_end(cert))
			return malformed(f, "", "a link certificate is not one certificate");
	}
	return der_at_end(in) || malformed(f, "", "a RootCaKeyUpdateContent holds something that does not belong there");
}

bool
cert_req_template_read(struct span in, struct cert_req_template *out, struct fault *f)
{
	struct span contents, list;
	struct typed_value v;
	size_t count = 0;

	memset(out, 0, sizeof(*out));
	if (!der_take(&in, DER_SEQUENCE, &contents) || !der_at_end(in))
		return malformed(f, "", "a CertReqTemplateContent must be one SEQUENCE");
	if (!cert_template_take(&contents, &out->template, f)) {
		fault_within(f, "certTemplate");
		return false;
	}
	if (!der_at_end(contents) && !der_take(&contents, DER_SEQUENCE, &out->key_spec))
		return malformed(f, "keySpec", "not a SEQUENCE");
	for (list = out->key_spec; !der_at_end(list); )
		if (++count > CAP_GENERAL_INFO || !typed_value_take(&list, false, &v, f))
			return fault_set(f, FAIL_BAD_REQUEST, "keySpec", "more than %d entries", CAP_GENERAL_INFO);
	return der_at_end(contents) || malformed(f, "", "a CertReqTemplateContent holds something after its keySpec");
}

// ---- values; each gets one whole element

static bool
is_certificate(struct span in, struct fault *f)
{
	struct span whole;

	return signed_object_take(&in, &whole, f);
}

static bool
is_certificates(struct span in, struct fault *f)
{
	struct span list;

	return (der_take(&in, DER_SEQUENCE, &list) || malformed(f, "", "not a SEQUENCE")) && signed_objects_check(list, 1, CAP_CERTIFICATES, f);
}

static bool
is_algorithm(struct span in, struct fault *f)
{
	struct algorithm a;

	return algorithm_take(&in, &a, f);
}

static bool
is_algorithms(struct span in, struct fault *f)
{
	struct algorithm a;
	struct span list;
	size_t count = 0;

	if (!der_take(&in, DER_SEQUENCE, &list) || der_at_end(list))
		return malformed(f, "", "not a SEQUENCE of at least one algorithm");
	while (!der_at_end(list)) {
		if (++count > CAP_CERTIFICATES)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d algorithms", CAP_CERTIFICATES);
		if (!algorithm_take(&list, &a, f))
			return false;
	}
	return true;
}

static bool
is_oid(struct span in, struct fault *f)
{
	struct span oid;

	return der_take_oid(&in, &oid) || malformed(f, "", "not an object identifier");
}

static bool
is_oids(struct span in, struct fault *f)
{
	struct span list, oid;

	if (!der_take(&in, DER_SEQUENCE, &list) || der_at_end(list))
		return malformed(f, "", "not a SEQUENCE of at least one object identifier");
	while (!der_at_end(list))
		if (!der_take_oid(&list, &oid))
			return malformed(f, "", "not a list of object identifiers");
	return true;
}

static bool
is_texts(struct span in, struct fault *f)
{
	struct span list;

	return free_text_take(&in, &list, f);
}

// SEQUENCE OF UTF8String; implementations of the drafts send one bare UTF8String.
static bool
is_cert_profile(struct span in, struct fault *f)
{
	struct span text;

	if (!der_next_is(in, DER_UTF8))
		return is_texts(in, f);
	return (der_take(&in, DER_UTF8, &text) && utf8_valid(text) && text.len <= CAP_FREE_TEXT) || malformed(f, "", "not a short UTF8String");
}

static bool
is_encrypted_key(struct span in, struct fault *f)
{
	struct encrypted_key key;

	return encrypted_key_take(&in, &key, f);
}

static bool
is_null(struct span in, struct fault *f)
{
	return der_take_null(&in) || fault_set(f, FAIL_BAD_REQUEST, "", "the value must be NULL");
}

static bool
is_time(struct span in, struct fault *f)
{
	int64_t seconds;

	return der_take_generalized_time(&in, &seconds) || malformed(f, "", "not a GeneralizedTime YYYYMMDDHHMMSSZ");
}

// PKIMessages: headers and bodies are looked at when somebody needs them.
static bool
is_messages(struct span in, struct fault *f)
{
	struct span list, inner;
	size_t count = 0;

	if (!der_take(&in, DER_SEQUENCE, &list) || der_at_end(list))
		return malformed(f, "", "not a SEQUENCE of at least one PKIMessage");
	while (!der_at_end(list)) {
		if (++count > CAP_BATCH)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d messages", CAP_BATCH);
		if (!der_take(&list, DER_SEQUENCE, &inner))
			return malformed(f, "", "a PKIMessage must be a SEQUENCE");
	}
	return true;
}

static bool
is_root_update(struct span in, struct fault *f)
{
	struct root_ca_key_update update;
	struct span contents;

	return (der_take(&in, DER_SEQUENCE, &contents) || malformed(f, "", "not a SEQUENCE")) && root_ca_key_update_read(contents, &update, f);
}

static bool
is_template(struct span in, struct fault *f)
{
	struct cert_req_template t;

	return cert_req_template_read(in, &t, f);
}

// CAKeyUpdAnnContent: three certificates.
static bool
is_key_update(struct span in, struct fault *f)
{
	struct span list;

	return (der_take(&in, DER_SEQUENCE, &list) || malformed(f, "", "not a SEQUENCE")) && signed_objects_check(list, 3, 3, f);
}

// RelativeDistinguishedName, from its contents.
static bool
is_rdn(struct span in, struct fault *f)
{
	struct typed_value v;

	if (der_at_end(in))
		return malformed(f, "dpn", "an empty RelativeDistinguishedName");
	while (!der_at_end(in))
		if (!typed_value_take(&in, false, &v, f))
			return false;
	return true;
}

// CRLSource: dpn [0] EXPLICIT CHOICE { [0] GeneralNames, [1] RelativeDistinguishedName }, issuer [1] EXPLICIT GeneralNames
static bool
crl_source(struct span *in, struct fault *f)
{
	struct span source, names;

	if (der_take(in, DER_CONTEXT_CONS(0), &source)) {
		if (der_take(&source, DER_CONTEXT_CONS(0), &names) && der_at_end(source))
			return general_names_read(names, f);
		if (der_take(&source, DER_CONTEXT_CONS(1), &names) && der_at_end(source))
			return is_rdn(names, f);
		return malformed(f, "dpn", "not a DistributionPointName");
	}
	if (!der_take(in, DER_CONTEXT_CONS(1), &source))
		return malformed(f, "source", "neither dpn nor issuer");
	if (der_take(&source, DER_SEQUENCE, &names) && der_at_end(source))
		return general_names_read(names, f);
	return malformed(f, "issuer", "not GeneralNames");
}

static bool
is_crl_status_list(struct span in, struct fault *f)
{
	struct span list, status;
	int64_t seconds;
	size_t count = 0;

	if (!der_take(&in, DER_SEQUENCE, &list) || der_at_end(list))
		return malformed(f, "", "not a SEQUENCE of at least one CRLStatus");
	while (!der_at_end(list)) {
		if (++count > CAP_GENERAL_INFO)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d CRLs asked for", CAP_GENERAL_INFO);
		if (!der_take(&list, DER_SEQUENCE, &status))
			return malformed(f, "", "a CRLStatus is no SEQUENCE");
		if (!crl_source(&status, f))
			return false;
		if (!der_at_end(status) && (!der_take_time(&status, &seconds) || !der_at_end(status)))
			return malformed(f, "thisUpdate", "not a time");
	}
	return true;
}

static bool
is_kem_ciphertext(struct span in, struct fault *f)
{
	struct span contents, ct;
	struct algorithm a;

	if (!der_take(&in, DER_SEQUENCE, &contents))
		return malformed(f, "", "not a SEQUENCE");
	if (!algorithm_take(&contents, &a, f))
		return false;
	return (der_take_octets(&contents, &ct) && der_at_end(contents)) || malformed(f, "", "a KemCiphertextInfo does not end with its ciphertext");
}

// Each known type: the parser of its value, and whether the value may be missing.
static const struct { bool (*parse)(struct span, struct fault *); bool may_be_absent; } types[] = {
	[IT_CA_PROT_ENC_CERT] = { is_certificate, true },
	[IT_SIGN_KEY_PAIR_TYPES] = { is_algorithms, true },
	[IT_ENC_KEY_PAIR_TYPES] = { is_algorithms, true },
	[IT_PREFERRED_SYMM_ALG] = { is_algorithm, true },
	[IT_CA_KEY_UPDATE_INFO] = { is_key_update, true },
	[IT_CURRENT_CRL] = { is_certificate, true },
	[IT_UNSUPPORTED_OIDS] = { is_oids, false },
	[IT_KEY_PAIR_PARAM_REQ] = { is_oid, false },
	[IT_KEY_PAIR_PARAM_REP] = { is_algorithm, true },
	[IT_REV_PASSPHRASE] = { is_encrypted_key, true },
	[IT_IMPLICIT_CONFIRM] = { is_null, false },
	[IT_CONFIRM_WAIT_TIME] = { is_time, false },
	[IT_ORIG_PKI_MESSAGE] = { is_messages, false },
	[IT_SUPP_LANG_TAGS] = { is_texts, false },
	[IT_CA_CERTS] = { is_certificates, true },
	[IT_ROOT_CA_KEY_UPDATE] = { is_root_update, true },
	[IT_CERT_REQ_TEMPLATE] = { is_template, true },
	[IT_ROOT_CA_CERT] = { is_certificate, true },
	[IT_CERT_PROFILE] = { is_cert_profile, false },
	[IT_CRL_STATUS_LIST] = { is_crl_status_list, false },
	[IT_CRLS] = { is_certificates, true },
	[IT_KEM_CIPHERTEXT_INFO] = { is_kem_ciphertext, true },
};

static bool
itav_read(struct span *in, struct itav *out, struct fault *f)
{
	struct typed_value v;

	if (!typed_value_take(in, true, &v, f))
		return false;
	out->whole = v.whole;
	out->oid = v.oid;
	out->value = v.value;
	out->type = oid_it(v.oid);
	return true;
}

static bool
value_check(const struct itav *v, struct fault *f)
{
	char name[OID_TEXT_MAX];

	if (v->type >= sizeof(types) / sizeof(types[0]) || types[v->type].parse == NULL)
		return true;
	bool well = v->value.len > 0 ? types[v->type].parse(v->value, f)
		: types[v->type].may_be_absent || malformed(f, "", "the value is missing");
	if (!well && f != NULL) {
		f->failure = FAIL_BAD_REQUEST;
		fault_within(f, oid_text(v->oid, name, sizeof(name)));
	}
	return well;
}

bool
itav_take(struct span *in, struct itav *out, struct fault *f)
{
	struct span rest = *in;

	if (!itav_read(&rest, out, f) || !value_check(out, f))
		return false;
	*in = rest;
	return true;
}

bool
itav_take_general_info(struct span *in, struct itav *out, struct fault *f)
{
	struct span rest = *in;

	if (!itav_read(&rest, out, f))
		return false;
	// Some peers leave the NULL of implicitConfirm out; it grants the same.
	if (!(out->type == IT_IMPLICIT_CONFIRM && out->value.len == 0) && !value_check(out, f))
		return false;
	*in = rest;
	return true;
}

bool
itavs_check(struct span in, size_t *count, struct itav *first, struct fault *f)
{
	struct itav v;
	struct span list;
	char at[24];

	*count = 0;
	if (!der_take(&in, DER_SEQUENCE, &list) || !der_at_end(in))
		return malformed(f, "", "the content must be one SEQUENCE");
	while (!der_at_end(list)) {
		if (++*count > CAP_ITAVS)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d InfoTypeAndValues in one message", CAP_ITAVS);
		if (!itav_take(&list, &v, f)) {
			fault_within(f, index_text(*count - 1, at));
			return false;
		}
		if (*count == 1 && first != NULL)
			*first = v;
	}
	return true;
}

// ---- writing

static void
open_itav(struct der_writer *w, unsigned type)
{
	uint8_t oid[8];

	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_of_it(type, oid));
}

void
itav_write(struct der_writer *w, unsigned type, struct span value)
{
	open_itav(w, type);
	der_put_raw(w, value);
	der_close(w);
}

void
itav_write_list(struct der_writer *w, unsigned type, struct span contents)
{
	open_itav(w, type);
	if (contents.len > 0)
		der_put(w, DER_SEQUENCE, contents);
	der_close(w);
}

void
itav_write_root_update(struct der_writer *w, const struct root_ca_key_update *u)
{
	open_itav(w, IT_ROOT_CA_KEY_UPDATE);
	if (u->new_with_new.len > 0) {
		der_open(w, DER_SEQUENCE);
		der_put_raw(w, u->new_with_new);
		if (u->new_with_old.len > 0)
			der_put(w, DER_CONTEXT_CONS(0), u->new_with_old);
		if (u->old_with_new.len > 0)
			der_put(w, DER_CONTEXT_CONS(1), u->old_with_new);
		der_close(w);
	}
	der_close(w);
}

void
itav_write_template(struct der_writer *w, struct span cert_template, struct span key_spec)
{
	open_itav(w, IT_CERT_REQ_TEMPLATE);
	if (cert_template.len > 0) {
		der_open(w, DER_SEQUENCE);
		der_put_raw(w, cert_template);
		if (key_spec.len > 0)
			der_put(w, DER_SEQUENCE, key_spec);
		der_close(w);
	}
	der_close(w);
}
