// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/policy.h"
#include "gateway/protection.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "codec/oid.h"
#include "codec/pkcs10.h"
#include "codec/response.h"
#include "codec/text.h"
#include "gateway/transaction.h"

#define TEMPLATE "body[0].certReq.certTemplate"
#define YEAR_9999 INT64_C(253370764800)		// 9999-01-01: RFC 5280 4.1.2.5 has no date behind it

bool
identity_same(const struct identity *a, const struct identity *b)
{
	return a->kind == b->kind && memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

// A fault in what is asked for: answered by the response body of the request.
static bool
in_body(struct verdict *v)
{
	v->in_body = true;
	return false;
}

#define refuse_body(v, failure, path, ...) (fault_set(&(v)->fault, failure, path, __VA_ARGS__), in_body(v))

// ---- what is asked for

static bool
first_request(const struct pkimessage *m, struct cert_req_msg *out)
{
	size_t count;

	return request_class(m->body) != CLASS_CSR && cert_req_messages_check(m->body_contents, &count, out, NULL);
}

static bool
enrols(const struct pkimessage *m)
{
	enum request_class c = request_class(m->body);

	return c == CLASS_ENROL || c == CLASS_CSR || c == CLASS_RECOVER;
}

bool
requested_key(const struct pkimessage *m, struct public_key *out)
{
	struct cert_req_msg r;
	struct pkcs10 p;

	if (!enrols(m))
		return false;
	if (m->body == BODY_P10CR) {
		if (!pkcs10_parse(&p, m->body_contents, NULL))
			return false;
		*out = p.public_key;
	} else {
		if (!first_request(m, &r) || !r.template.has_public_key)
			return false;
		*out = r.template.public_key;
	}
	return out->key.len > 0;
}

bool
requested_key_digest(const struct pkimessage *m, uint8_t out[32])
{
	static const uint8_t sequence = DER_SEQUENCE;
	uint8_t digest[DIGEST_MAX];
	struct public_key key;

	// A template has it under its own tag; what everybody else hashes begins with SEQUENCE.
	if (!requested_key(m, &key))
		return false;
	const struct span parts[] = { span_of(&sequence, 1), span_of(key.whole.data + 1, key.whole.len - 1) };
	if (!digest_of(DIGEST_SHA256, parts, 2, digest))
		return false;
	memcpy(out, digest, 32);
	return true;
}

struct span
requested_subject(const struct pkimessage *m)
{
	struct cert_req_msg r;
	struct pkcs10 p;

	if (m->body == BODY_P10CR)
		return pkcs10_parse(&p, m->body_contents, NULL) ? p.subject : span_of(NULL, 0);
	return enrols(m) && first_request(m, &r) && r.template.has_subject ? r.template.subject : span_of(NULL, 0);
}

struct span
requested_extensions(const struct pkimessage *m)
{
	struct cert_req_msg r;
	struct pkcs10 p;

	if (m->body == BODY_P10CR)
		return pkcs10_parse(&p, m->body_contents, NULL) ? p.extensions : span_of(NULL, 0);
	return enrols(m) && first_request(m, &r) ? r.template.extensions : span_of(NULL, 0);
}

bool
requested_validity(const struct pkimessage *m, int64_t *from, int64_t *to)
{
	struct cert_req_msg r;

	if (m->body == BODY_P10CR || !enrols(m) || !first_request(m, &r) || !r.template.has_not_after)
		return false;
	*from = r.template.has_not_before ? r.template.not_before : clock_wall_s();
	*to = r.template.not_after;
	return true;
}

void
requested_profile(const struct pkimessage *m, const char *path, char out[CAP_FREE_TEXT + 1])
{
	struct span texts = m->header.cert_profile, text;

	snprintf(out, CAP_FREE_TEXT + 1, "%s", path != NULL ? path : "");
	if (der_take(&texts, DER_UTF8, &text) && memchr(text.data, 0, text.len) == NULL)
		snprintf(out, CAP_FREE_TEXT + 1, "%.*s", (int)text.len, (const char *)text.data);
}

bool
wants_central_key(const struct pkimessage *m)
{
	struct public_key key;

	return (request_class(m->body) == CLASS_ENROL || m->body == BODY_P10CR) && !requested_key(m, &key);
}

// ---- names

static bool
is_null_dn(struct span name)
{
	return name.len <= 2;
}

static bool
san_of(struct span extensions, struct span *names)
{
	struct extension e;

	return extension_find(extensions, CE_SUBJECT_ALT_NAME, &e) && alt_names_read(e.value, names, NULL);
}

// Values of a name that no certificate should carry.
static bool
check_name(struct span name, struct verdict *v)
{
	struct name_attribute a;
	struct name_walk walk;

	if (!name_first(&walk, name))
		return true;
	while (name_next(&walk, &a)) {
		if (a.value.len > POLICY_ATTRIBUTE_MAX)
			return refuse_body(v, FAIL_BAD_CERT_TEMPLATE, TEMPLATE ".subject", "an attribute of %zu octets; at most %d are taken", a.value.len, POLICY_ATTRIBUTE_MAX);
		bool wide = a.tag == DER_BMP || a.tag == DER_UNIVERSAL;
		if (!wide && a.value.len > 0 && memchr(a.value.data, 0, a.value.len) != NULL)
			return refuse_body(v, FAIL_BAD_CERT_TEMPLATE, TEMPLATE ".subject", "a NUL octet stands in an attribute");
	}
	return true;
}

static bool
check_subject(const struct pkimessage *m, struct verdict *v)
{
	struct span subject = requested_subject(m), names;
	bool has_san = san_of(requested_extensions(m), &names);

	if (is_null_dn(subject) && !has_san)
		return refuse_body(v, FAIL_BAD_CERT_TEMPLATE, TEMPLATE ".subject", "empty, and no subjectAltName names the device");
	return is_null_dn(subject) || check_name(subject, v);
}

// ---- extensions asked for

static bool
listed(const struct option_texts *texts, const char *word)
{
	for (size_t i = 0; i < texts->count; i++)
		if (strcmp(texts->items[i], word) == 0)
			return true;
	return false;
}

// A purpose of the PKI itself, or any: only where the route names it.
static bool
is_dangerous_purpose(struct span oid)
{
	static const uint8_t id_kp[] = { 0x2B, 6, 1, 5, 5, 7, 3 }, any[] = { 0x55, 0x1D, 0x25, 0x00 };

	if (span_equal(oid, span_of(any, sizeof(any))))
		return true;
	if (oid.len != sizeof(id_kp) + 1 || memcmp(oid.data, id_kp, sizeof(id_kp)) != 0)
		return false;
	uint8_t n = oid.data[sizeof(id_kp)];
	return n == KP_CMC_CA || n == KP_CMC_RA || n == KP_CM_KGA || n == 9;	// 9: OCSPSigning
}

static bool
check_purposes(const struct policy_request *p, const struct extension *e, struct verdict *v)
{
	struct span oids, oid;
	char text[OID_TEXT_MAX], dotted[OID_TEXT_MAX];

	if (!ext_key_usage_read(e->value, &oids, &v->fault))
		return in_body(v);
	while (der_take_oid(&oids, &oid)) {
		const char *name = oid_text(oid, text, sizeof(text));
		const struct option_texts *allowed = &p->route->match_template.eku;
		bool named = listed(allowed, oid_dotted(oid, dotted, sizeof(dotted))) || listed(allowed, name)
			|| (strncmp(name, "id-kp-", 6) == 0 && listed(allowed, name + 6));
		if (is_dangerous_purpose(oid) && !named)
			return refuse_body(v, FAIL_NOT_AUTHORIZED, TEMPLATE ".extensions.extKeyUsage", "%s is not for devices; match.template.eku of the route must name it", name);
	}
	return true;
}

static bool
check_key_usage(const struct extension *e, struct verdict *v)
{
	unsigned bits;

	if (!key_usage_read(e->value, &bits, &v->fault))
		return in_body(v);
	if ((bits & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) != 0)
		return refuse_body(v, FAIL_NOT_AUTHORIZED, TEMPLATE ".extensions.keyUsage", "keyCertSign and cRLSign are for CAs");
	return true;
}

static bool
check_basic_constraints(const struct extension *e, struct verdict *v)
{
	struct basic_constraints c;

	if (!basic_constraints_read(e->value, &c, &v->fault))
		return in_body(v);
	return !c.ca || refuse_body(v, FAIL_NOT_AUTHORIZED, TEMPLATE ".extensions.basicConstraints", "a CA certificate is nothing that a device may ask for");
}

static bool
check_extension(const struct policy_request *p, const struct extension *e, struct verdict *v)
{
	struct span names;
	char text[OID_TEXT_MAX];

	switch (oid_ce(e->oid)) {
	case CE_BASIC_CONSTRAINTS: return check_basic_constraints(e, v);
	case CE_KEY_USAGE: return check_key_usage(e, v);
	case CE_EXT_KEY_USAGE: return check_purposes(p, e, v);
	case CE_SUBJECT_ALT_NAME:
		if (alt_names_read(e->value, &names, &v->fault))
			return true;
		if (v->fault.failure == FAIL_BAD_REQUEST)
			v->fault.failure = FAIL_BAD_CERT_TEMPLATE;
		return in_body(v);
	case CE_NAME_CONSTRAINTS:
		return refuse_body(v, FAIL_NOT_AUTHORIZED, TEMPLATE ".extensions.nameConstraints", "name constraints are for CAs");
	case CE_SUBJECT_KEY_ID: case CE_POLICIES: case CE_CRL_POINTS: case CE_AUTHORITY_KEY_ID:
		return true;
	default:
		return !e->critical || refuse_body(v, FAIL_UNACCEPTED_EXTENSION, TEMPLATE ".extensions", "%s is critical and not known here", oid_text(e->oid, text, sizeof(text)));
	}
}

static bool
check_extensions(const struct policy_request *p, struct verdict *v)
{
	struct span rest = requested_extensions(p->message);
	struct extension e;

	while (!der_at_end(rest) && extension_next(&rest, &e))
		if (!check_extension(p, &e, v))
			return false;
	return true;
}

// ---- the template itself

static bool
check_validity(const struct cert_template *t, struct verdict *v)
{
	if (t->has_not_before && t->has_not_after && t->not_after < t->not_before)
		return refuse_body(v, FAIL_BAD_CERT_TEMPLATE, TEMPLATE ".validity", "notAfter lies before notBefore");
	if (t->has_not_after && t->not_after >= YEAR_9999)
		return refuse_body(v, FAIL_BAD_CERT_TEMPLATE, TEMPLATE ".validity", "a certificate without an end is not issued; leave notAfter out or name a date");
	return true;
}

static bool
check_template(const struct policy_request *p, struct verdict *v)
{
	struct cert_req_msg r;

	if (!first_request(p->message, &r))
		return refuse_body(v, FAIL_BAD_REQUEST, "body", "no certificate request can be read");
	const struct cert_template *t = &r.template;
	if (t->has_version && t->version != 2)
		return refuse_body(v, FAIL_BAD_CERT_TEMPLATE, TEMPLATE ".version", "%d; only v3 (2) can be asked for", (int)t->version);
	if (t->has_serial)
		return refuse_body(v, FAIL_BAD_CERT_TEMPLATE, TEMPLATE ".serialNumber", "the CA chooses it");
	if (t->has_signing_alg)
		return refuse_body(v, FAIL_BAD_CERT_TEMPLATE, TEMPLATE ".signingAlg", "the CA chooses it");
	if (t->has_unique_ids)
		return refuse_body(v, FAIL_BAD_CERT_TEMPLATE, TEMPLATE, "unique identifiers are not issued");
	if (r.reg_info.len > 0 && (p->route->accept & ACCEPT_REG_INFO) == 0)
		return refuse_body(v, FAIL_BAD_REQUEST, "body[0].regInfo", "not used in RFC 9483; the route may accept: [reg-info]");
	return check_validity(t, v);
}

// Only one is looked at; what stands behind it must not go up unseen.
static bool
check_recovery(const struct policy_request *p, struct verdict *v)
{
	struct cert_req_msg r;
	size_t count;

	if (!cert_req_messages_check(p->message->body_contents, &count, &r, &v->fault))
		return in_body(v);
	return count == 1 || refuse_body(v, FAIL_BAD_REQUEST, "body", "%zu recoveries in one message; send one", count);
}

// ---- whom it is for

static bool
is_word_octet(uint8_t o)
{
	return (o >= '0' && o <= '9') || (o >= 'A' && o <= 'Z') || (o >= 'a' && o <= 'z') || o >= 0x80;
}

// Tell whether `wanted` stands at i as a word of its own: device 471 must not pass for 4711.
static bool
is_word_at(struct span value, size_t i, struct span wanted)
{
	size_t end = i + wanted.len;

	return memcmp(value.data + i, wanted.data, wanted.len) == 0 && (i == 0 || !is_word_octet(value.data[i - 1]))
		&& (end == value.len || !is_word_octet(value.data[end]));
}

// Tell whether the value of an attribute of `type` in `name` has the word `wanted`.
static bool
name_holds(struct span name, const uint8_t *type, size_t type_len, struct span wanted)
{
	struct name_attribute a;
	struct name_walk walk;

	if (wanted.len == 0 || !name_first(&walk, name))
		return false;
	while (name_next(&walk, &a)) {
		if (!span_equal(a.type, span_of(type, type_len)) || a.value.len < wanted.len)
			continue;
		for (size_t i = 0; i + wanted.len <= a.value.len; i++)
			if (is_word_at(a.value, i, wanted))
				return true;
	}
	return false;
}

static const uint8_t oid_cn[] = { 0x55, 4, 3 }, oid_serial[] = { 0x55, 4, 5 };

static struct span
name_value(struct span name, const uint8_t *type, size_t type_len)
{
	struct name_attribute a;
	struct name_walk walk;

	if (name_first(&walk, name))
		while (name_next(&walk, &a))
			if (span_equal(a.type, span_of(type, type_len)))
				return a.value;
	return span_of(NULL, 0);
}

// The device's serial number, as IDevIDs carry it (IEEE 802.1AR), must stand in
// the name asked for: as serialNumber, or where there is none as a word of CN.
static bool
bound_by_serial(const struct policy_request *p, struct span subject)
{
	struct span serial = p->signer != NULL ? name_value(p->signer->subject, oid_serial, sizeof(oid_serial)) : span_of(NULL, 0);
	struct name_attribute a;
	struct name_walk walk;
	unsigned count = 0;

	if (serial.len == 0 || !name_first(&walk, subject))
		return false;
	while (name_next(&walk, &a)) {
		if (!span_equal(a.type, span_of(oid_serial, sizeof(oid_serial))))
			continue;
		if (!span_equal(serial, a.value))
			return false;	// a second one would be another device's
		count++;
	}
	return count > 0 || name_holds(subject, oid_cn, sizeof(oid_cn), serial);
}

static bool
bound_by_name(const char *bound, struct span subject)
{
	char text[NAME_TEXT_MAX];

	return strcmp(name_text(subject, text, sizeof(text)), bound) == 0;
}

// Each name asked for stands in the signer's own certificate.
static bool
names_of_signer(const struct certificate *signer, struct span wanted)
{
	struct general_name one, own;
	struct span have;

	while (!der_at_end(wanted) && general_name_read(&wanted, &one, NULL)) {
		bool found = false;
		struct span rest = signer != NULL && san_of(signer->extensions, &have) ? have : span_of(NULL, 0);
		while (!found && !der_at_end(rest) && general_name_read(&rest, &own, NULL))
			found = span_equal(own.whole, one.whole);
		if (!found)
			return false;
	}
	return true;
}

// Which name the sender may ask for, for the one who has to mend it.
static bool
refuse_name(const struct policy_request *p, struct span subject, struct verdict *v)
{
	struct span serial = p->signer != NULL ? name_value(p->signer->subject, oid_serial, sizeof(oid_serial)) : span_of(NULL, 0);
	const char *who = p->identity->text;
	char text[NAME_TEXT_MAX], number[64];

	name_text(subject, text, sizeof(text));
	if (p->identity->kind == IDENTITY_SECRET)
		return refuse_body(v, FAIL_NOT_AUTHORIZED, TEMPLATE ".subject", "secret %.60s is good for %.80s only, not for %.80s", who, p->bound_name, text);
	if (p->route->bind == BIND_SUBJECT)
		return refuse_body(v, FAIL_NOT_AUTHORIZED, TEMPLATE ".subject", "%.80s may ask for its own name only, not for %.80s (bind: subject)", who, text);
	if (serial.len == 0)
		return refuse_body(v, FAIL_NOT_AUTHORIZED, TEMPLATE ".subject", "the certificate of %.100s has no serialNumber in its subject, by which bind: serial goes", who);
	return refuse_body(v, FAIL_NOT_AUTHORIZED, TEMPLATE ".subject", "%.60s may ask for names with %.40s only, as serialNumber or as a word of CN (bind: serial), not for %.80s",
		who, utf8_text(serial, number, sizeof(number)), text);
}

static bool
check_binding(const struct policy_request *p, struct verdict *v)
{
	struct span subject = requested_subject(p->message), names;
	const struct identity *who = p->identity;
	bool fits;

	// IDENTITY_NONE: a PKCS#10 file, whose names the route itself has to allow.
	if (p->route->bind == BIND_NONE || (who->is_ra && p->route->on_behalf) || who->kind == IDENTITY_NONE)
		return true;
	if (who->kind == IDENTITY_SECRET && p->bound_name == NULL)
		return true;	// the secret names nobody: whoever has it may ask for what the route takes
	if (who->kind == IDENTITY_SECRET)
		fits = bound_by_name(p->bound_name, subject);
	else if (p->route->bind == BIND_SERIAL)
		fits = bound_by_serial(p, subject);
	else
		fits = p->signer != NULL && name_equal_canonical(subject, p->signer->subject);
	if (!fits)
		return refuse_name(p, subject, v);
	if (p->route->match_template.san.count > 0 || !san_of(requested_extensions(p->message), &names))
		return true;
	return names_of_signer(p->signer, names)
		|| refuse_body(v, FAIL_NOT_AUTHORIZED, TEMPLATE ".extensions.subjectAltName", "a name that the sender does not have already; match.template.san of the route would say which may be asked for");
}

// ---- key update (RFC 9483 4.1.3)

static bool
check_old_cert_id(const struct policy_request *p, const struct cert_req_msg *r, bool same_subject, struct verdict *v)
{
	struct span value, in;
	struct general_name issuer;
	struct cert_id id;

	if (!control_find(r->controls, REG_CTRL_OLD_CERT_ID, &value))
		return true;
	in = value;
	if (!cert_id_take(&in, &id, &v->fault))
		return in_body(v);
	struct span name = id.issuer;
	bool fits = general_name_read(&name, &issuer, NULL) && issuer.kind == GN_DIRECTORY && name_equal_canonical(issuer.value, p->signer->issuer)
		&& span_equal(id.serial, p->signer->serial);
	if (fits)
		return true;
	return same_subject ? refuse_body(v, FAIL_BAD_CERT_ID, "body[0].certReq.controls.oldCertID", "not the certificate that protects the message")
		: refuse_body(v, FAIL_NOT_AUTHORIZED, "body[0].certReq.controls.oldCertID", "a certificate is updated by its own key only");
}

static bool
check_key_update(const struct policy_request *p, struct verdict *v)
{
	struct cert_req_msg r;
	struct span names, own;

	if (p->signer == NULL || !first_request(p->message, &r))
		return refuse_body(v, FAIL_NOT_AUTHORIZED, "body", "a key update is protected with the certificate that is updated");
	bool same = !r.template.has_subject || name_equal_canonical(r.template.subject, p->signer->subject);
	if (!check_old_cert_id(p, &r, same, v))
		return false;
	if (!same)
		return refuse_body(v, FAIL_BAD_CERT_TEMPLATE, TEMPLATE ".subject", "a key update keeps the subject of the certificate");
	if (san_of(r.template.extensions, &names) && (!san_of(p->signer->extensions, &own) || !names_of_signer(p->signer, names)))
		return refuse_body(v, FAIL_BAD_CERT_TEMPLATE, TEMPLATE ".extensions.subjectAltName", "a key update keeps the names of the certificate");
	return true;
}

// ---- revocation (RFC 9483 4.2)

static bool
check_revocation(const struct policy_request *p, struct verdict *v)
{
	struct rev_details r;
	size_t count;

	if (!rev_req_check(p->message->body_contents, &count, &r, &v->fault))
		return in_body(v);
	bool own = p->signer != NULL && name_equal_canonical(r.template.issuer, p->signer->issuer) && span_equal(r.template.serial, p->signer->serial);
	if (own || (p->identity->is_ra && p->route->on_behalf))
		return true;
	return refuse_body(v, FAIL_NOT_AUTHORIZED, "body[0].certDetails", "a certificate is revoked by its own key, or by an RA where the route says on_behalf: yes");
}

// ---- proof of possession (RFC 9483 4.1.1, 5.1.1)

// RFC 9483 4.1.6: whoever wants a key in EnvelopedData speaks version 3 from its first message on.
static bool
check_central(const struct policy_request *p, const char *path, struct verdict *v)
{
	return p->message->header.pvno >= 3 || refuse_body(v, FAIL_BAD_CERT_TEMPLATE, path, "missing; a key made by the CA is asked for with pvno 3");
}

static bool
pop_of_template(const struct policy_request *p, const struct cert_req_msg *r, enum pop_state *out, struct verdict *v)
{
	bool central = !r->template.has_public_key || r->template.public_key.key.len == 0;

	switch (r->popo) {
	case POPO_ABSENT:
		*out = POP_NONE_NEEDED;
		if (central)
			return check_central(p, TEMPLATE ".publicKey", v);
		return refuse_body(v, FAIL_BAD_POP, "body[0].popo", "missing; the key of the template must sign the request");
	case POPO_RA_VERIFIED:
		*out = POP_RA_VERIFIED;
		if (p->route->accept_raverified && (p->identity->is_ra || (p->envelope != NULL && p->envelope->is_ra)))
			return true;
		return refuse_body(v, FAIL_NOT_AUTHORIZED, "body[0].popo", "raVerified is for registration authorities (id-kp-cmcRA) where the route says accept_raverified: yes");
	case POPO_SIGNATURE:
		*out = POP_VERIFIED;
		if (central)
			return refuse_body(v, FAIL_BAD_POP, "body[0].popo", "a proof for a key that is not there");
		return !r->has_popo_input || (p->route->accept & ACCEPT_POPOSK_INPUT) != 0
			|| refuse_body(v, FAIL_BAD_POP, "body[0].popo.poposkInput", "not used in RFC 9483; the route may accept: [poposk-input]");
	case POPO_KEY_ENCIPHERMENT:
	case POPO_KEY_AGREEMENT:
		break;
	}
	return refuse_body(v, FAIL_BAD_POP, "body[0].popo", "only a signature of the new key is taken as proof");
}

bool
policy_pop(const struct policy_request *p, enum pop_state *out, struct verdict *v)
{
	struct cert_req_msg r;

	*out = POP_NONE_NEEDED;
	if (request_class(p->message->body) == CLASS_CSR) {
		struct public_key key;
		*out = requested_key(p->message, &key) ? POP_VERIFIED : POP_NONE_NEEDED;
		return *out == POP_VERIFIED || check_central(p, "body.certificationRequestInfo.subjectPKInfo", v);
	}
	if (request_class(p->message->body) != CLASS_ENROL && request_class(p->message->body) != CLASS_RECOVER)
		return true;
	if (!first_request(p->message, &r))
		return refuse_body(v, FAIL_BAD_REQUEST, "body", "no certificate request can be read");
	// Old keys may be asked for without a new one.
	if (request_class(p->message->body) == CLASS_RECOVER && !r.template.has_public_key && r.popo == POPO_ABSENT)
		return true;
	return pop_of_template(p, &r, out, v);
}

// ---- the whole

// RFC 9483 3.5 row 13: only a clock that is confirmed can say that another is wrong.
static bool
check_time(const struct policy_request *p, struct verdict *v)
{
	const struct pkiheader *h = &p->message->header;
	int64_t apart = h->message_time > p->now ? h->message_time - p->now : p->now - h->message_time;

	if (!h->has_message_time || !p->now_known || p->by_file || p->clock_skew == 0 || apart <= p->clock_skew)
		return true;
	return fault_set(&v->fault, FAIL_BAD_TIME, "header.messageTime", "%lld seconds from the time of the gateway; limits.clock_skew allows %lld",
		(long long)apart, (long long)p->clock_skew);
}

static bool
check_enrolment(const struct policy_request *p, struct verdict *v)
{
	struct pkcs10 csr;

	if (p->message->body == BODY_P10CR) {
		if (!pkcs10_parse(&csr, p->message->body_contents, &v->fault))
			return v->fault.failure == FAIL_BAD_DATA_FORMAT ? false : in_body(v);
	} else if (!check_template(p, v))
		return false;
	return check_subject(p->message, v) && check_extensions(p, v);
}

// Under a secret a sender is proved by its reference, or by the name that the secret belongs to.
static bool
sender_is_proved(const struct policy_request *p)
{
	const struct pkiheader *h = &p->message->header;
	struct general_name name;
	struct span in = h->sender;
	char text[NAME_TEXT_MAX];

	return span_equal(protection_sender_name(h), span_of(p->identity->reference, p->identity->reference_len))
		|| (p->bound_name != NULL && general_name_read(&in, &name, NULL) && name.kind == GN_DIRECTORY
			&& strcmp(name_text(name.value, text, sizeof(text)), p->bound_name) == 0);
}

// The path may name a profile, and the CA reads that of the header.
static bool
check_profile(const struct policy_request *p, struct verdict *v)
{
	struct span texts = p->message->header.cert_profile, text;

	if (p->path_profile == NULL || p->path_profile[0] == '\0' || !der_take(&texts, DER_UTF8, &text) || span_equal(text, span_text(p->path_profile)))
		return true;
	return fault_set(&v->fault, FAIL_BAD_REQUEST, "header.generalInfo.id-it-certProfile", "another profile than the path names");
}

// The route was chosen by what the message says of its sender and signer; the one who was verified must be that one.
static bool
check_claims(const struct policy_request *p, struct verdict *v)
{
	const char *wanted = p->route->match_signer.given ? p->route->match_signer.trust : NULL;

	if (p->route->match_sender.count > 0 && p->identity->kind == IDENTITY_SECRET && !sender_is_proved(p))
		return fault_set(&v->fault, FAIL_NOT_AUTHORIZED, "header.sender", "the route takes senders by their names, and this secret is of no name: write its reference as common name");
	if (wanted == NULL || (p->identity->kind == IDENTITY_SIGNER && strcmp(p->identity->trust, wanted) == 0))
		return true;
	return fault_set(&v->fault, FAIL_NOT_AUTHORIZED, "protection", "the route takes signers of the trust set '%.60s' only", wanted);
}

bool
policy_judge(const struct policy_request *p, struct verdict *v)
{
	if (p->envelope != NULL && !p->envelope->is_ra)
		return fault_set(&v->fault, FAIL_NOT_AUTHORIZED, "protection", "a nested message must be signed by a registration authority (id-kp-cmcRA)");
	if (!check_claims(p, v) || !check_profile(p, v) || !check_time(p, v))
		return false;
	switch (request_class(p->message->body)) {
	case CLASS_ENROL:
	case CLASS_CSR:
		if (!check_enrolment(p, v))
			return false;
		return p->message->body == BODY_KUR ? check_key_update(p, v) : check_binding(p, v);
	case CLASS_RECOVER: return check_recovery(p, v) && check_template(p, v) && check_binding(p, v);
	case CLASS_REVOKE: return check_revocation(p, v);
	default: return true;
	}
}
