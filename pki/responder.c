// SPDX-License-Identifier: GPL-3.0-or-later
#include "pki/responder.h"

#include "codec/oid.h"
#include "crypto/digest.h"

static bool
unbelieved(struct fault *f, const char *why)
{
	return fault_set(f, FAIL_SIGNER_NOT_TRUSTED, "", "%s", why);
}

static bool
no_memory(struct fault *f)
{
	return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "no memory to judge an OCSP response");
}

// ---- CertID (RFC 6960 4.1.1): the issuer's name as the certificate writes it, and the octets of its key

static bool
hash_issuer(enum digest d, const struct member *certificate, const struct member *issuer, uint8_t name[DIGEST_MAX], uint8_t key[DIGEST_MAX])
{
	return digest_of(d, &certificate->of_set.view.issuer, 1, name) && digest_of(d, &issuer->of_set.view.public_key.key, 1, key);
}

bool
responder_ask(struct buffer *out, const struct member *certificate, const struct member *issuer, struct span nonce, struct fault *f)
{
	uint8_t name[DIGEST_MAX], key[DIGEST_MAX];
	struct ocsp_cert_id id = {
		.hash = oid_octets(OID_SHA1), .name_hash = span_of(name, digest_size(DIGEST_SHA1)), .key_hash = span_of(key, digest_size(DIGEST_SHA1)),
		.serial = certificate->of_set.view.serial
	};

	return (hash_issuer(DIGEST_SHA1, certificate, issuer, name, key) && ocsp_request_build(out, &id, nonce)) || no_memory(f);
}

static bool
digest_find(struct span oid, enum digest *out)
{
	static const struct { enum oid_id oid; enum digest d; } known[] = {
		{ OID_SHA1, DIGEST_SHA1 }, { OID_SHA256, DIGEST_SHA256 }, { OID_SHA384, DIGEST_SHA384 }, { OID_SHA512, DIGEST_SHA512 }
	};
	enum oid_id id = oid_find(oid);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].oid == id)
			return *out = known[i].d, true;
	return false;
}

// A responder may name the certificate by another hash than it was asked with.
static bool
is_about(const struct ocsp_cert_id *id, const struct responder_question *q)
{
	uint8_t name[DIGEST_MAX], key[DIGEST_MAX];
	enum digest d;

	if (!span_equal(id->serial, q->certificate->of_set.view.serial) || !digest_find(id->hash, &d)
		|| !hash_issuer(d, q->certificate, q->issuer, name, key))
		return false;
	return span_equal(id->name_hash, span_of(name, digest_size(d))) && span_equal(id->key_hash, span_of(key, digest_size(d)));
}

// ---- 4.2.2.2: who signed it

static bool
is_named(const struct ocsp_response *r, const struct member *m)
{
	uint8_t digest[DIGEST_MAX];

	if (!r->by_key)
		return name_equal_canonical(r->responder, m->of_set.view.subject);
	return digest_of(DIGEST_SHA1, &m->of_set.view.public_key.key, 1, digest)
		&& span_equal(r->responder, span_of(digest, digest_size(DIGEST_SHA1)));
}

// id-kp-OCSPSigning itself: anyExtendedKeyUsage does not delegate.
static bool
is_for_ocsp(const struct facts *facts)
{
	struct span rest = facts->purposes, oid;

	while (der_take_oid(&rest, &oid))
		if (oid_find(oid) == OID_KP_OCSP_SIGNING)
			return true;
	return false;
}

// Did the issuer issue it directly, and to answer for it?
static bool
is_delegated(struct member *m, const struct responder_question *q, struct fault *f)
{
	const struct certificate *c = &m->of_set.view;
	struct fault why = { .set = false };

	if (!m->sound)
		return unbelieved(f, "the responder's certificate has an extension that cannot be processed");
	if (!is_for_ocsp(&m->facts))
		return unbelieved(f, "the responder's certificate is not made for OCSP (id-kp-OCSPSigning)");
	if (m->facts.has_key_usage && (m->facts.key_usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
		return unbelieved(f, "the keyUsage of the responder's certificate does not allow it to sign");
	if (!name_equal_canonical(c->issuer, q->issuer->of_set.view.subject))
		return unbelieved(f, "the responder's certificate is of another CA");
	if (span_equal(c->serial, q->certificate->of_set.view.serial))
		return unbelieved(f, "the certificate answers for itself");
	switch (verify_signature(&q->issuer->of_set.key, &c->signature_algorithm, c->tbs, c->signature, NULL, &why)) {
	case VERDICT_GOOD: return true;
	case VERDICT_STOP: return no_memory(f);
	case VERDICT_BAD: break;
	}
	return unbelieved(f, "the issuer of the certificate did not sign the responder's certificate");
}

static bool
is_signed(const struct ocsp_response *r, const struct public_numbers *key, struct fault *f)
{
	struct fault why = { .set = false };

	switch (verify_signature(key, &r->signature_algorithm, r->tbs, r->signature, NULL, &why)) {
	case VERDICT_GOOD: return true;
	case VERDICT_STOP: return no_memory(f);
	case VERDICT_BAD: break;
	}
	return unbelieved(f, why.text);
}

static bool
signed_by(struct member *m, const struct ocsp_response *r, const struct responder_question *q, struct fault *f)
{
	struct fault why = { .set = false };

	if (!is_delegated(m, q, f))
		return false;
	if (!member_read_key(m, &why))
		return why.failure == FAIL_SYSTEM_UNAVAIL ? no_memory(f) : unbelieved(f, "the key of the responder's certificate cannot be used");
	return is_signed(r, &m->of_set.key, f);
}

// One of the certificates that came along. The fault is that of the first one that bears the responder's name.
static bool
find_delegate(struct responder_answer *out, const struct ocsp_response *r, const struct responder_question *q, struct fault *f)
{
	struct span rest = r->certificates, whole;
	size_t tried = 0;

	while (der_take_whole(&rest, DER_SEQUENCE, &whole)) {
		if (!member_read(&out->responder, whole, NULL) || !is_named(r, &out->responder))
			continue;
		if (++tried > RESPONDER_SIGNERS_MAX)
			break;
		if (signed_by(&out->responder, r, q, f))
			return out->delegated = true;
	}
	return unbelieved(f, "its signer is neither the issuer of the certificate nor a responder whose certificate came along");
}

static bool
find_signer(struct responder_answer *out, const struct ocsp_response *r, const struct responder_question *q, struct fault *f)
{
	struct fault own = { .set = false }, other = { .set = false };
	bool named = is_named(r, q->issuer);

	if (named && is_signed(r, &q->issuer->of_set.key, &own))
		return true;
	if (own.failure != FAIL_SYSTEM_UNAVAIL && find_delegate(out, r, q, &other))
		return true;
	if (own.failure == FAIL_SYSTEM_UNAVAIL || other.failure == FAIL_SYSTEM_UNAVAIL)
		return no_memory(f);
	return unbelieved(f, named && r->certificates.len == 0 ? own.text : other.text);
}

// ---- what it says

// RFC 6960 4.4, RFC 5280 4.2: a critical extension that is not known tells of something that is not understood here.
static bool
extensions_are_known(struct span rest)
{
	struct extension e;

	while (extension_next(&rest, &e))
		if (e.critical && oid_find(e.oid) != OID_OCSP_NONCE)
			return false;
	return true;
}

static bool
find_single(struct ocsp_single *out, const struct ocsp_response *r, const struct responder_question *q, struct fault *f)
{
	struct span rest = r->singles;
	struct ocsp_single one;
	size_t count = 0;

	while (ocsp_single_next(&rest, &one))
		if (is_about(&one.id, q)) {
			*out = one;
			count++;
		}
	if (count == 0)
		return unbelieved(f, "it is about another certificate");
	if (count > 1)
		return unbelieved(f, "it tells of the certificate more than once");
	if (out->has_next_update && out->next_update < out->this_update)
		return unbelieved(f, "it ends before it begins");
	return extensions_are_known(out->extensions) || unbelieved(f, "it has a critical extension that is not known");
}

static void
take_single(struct responder_answer *out, const struct ocsp_single *s)
{
	out->status = s->status;
	out->reason = s->reason;
	out->this_update = s->this_update;
	out->has_next_update = s->has_next_update;
	out->next_update = s->has_next_update ? s->next_update : s->this_update + RESPONDER_FRESH_S;
}

bool
responder_judge(struct responder_answer *out, struct span response, const struct responder_question *q, struct fault *f)
{
	struct ocsp_response r;
	struct ocsp_single single = { .reason = -1 };
	struct fault why = { .set = false };

	memset(out, 0, sizeof(*out));
	if (!ocsp_response_read(response, &r, &why))
		return fault_set(f, FAIL_SIGNER_NOT_TRUSTED, "", "it is no OCSP response: %.60s%s%.120s", why.path,
			why.path[0] != '\0' ? ": " : "", why.text);
	if (r.status != OCSP_SUCCESSFUL)
		return fault_set(f, FAIL_SIGNER_NOT_TRUSTED, "", "the responder says %s", ocsp_status_name((int)r.status));
	if (!find_signer(out, &r, q, f))
		return false;
	if (!extensions_are_known(r.extensions))
		return unbelieved(f, "it has a critical extension that is not known");
	if (r.has_nonce && !span_equal(r.nonce, q->nonce))
		return unbelieved(f, "it answers another request (nonce)");
	if (!find_single(&single, &r, q, f))
		return false;
	take_single(out, &single);
	return true;
}
