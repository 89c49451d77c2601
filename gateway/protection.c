// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/protection.h"

#include <stdio.h>

#include "codec/text.h"
#include "crypto/digest.h"
#include "gateway/transaction.h"
#include "pki/pop.h"

bool
protection_mac_refused(struct verdict *v)
{
	return fault_set(&v->fault, FAIL_BAD_MESSAGE_CHECK, "protection",
		"the MAC does not verify with the secret that senderKID refers to; check reference and secret, and that it is neither used up nor expired");
}

static bool
mac_refused(struct protection_job *j, const char *cause)
{
	j->mac_failed = true;
	j->mac_cause = cause;
	return protection_mac_refused(&j->verdict);
}

// Whether a body may be protected by a MAC (RFC 9483 4.1.5).
static bool
mac_is_foreseen(enum body body)
{
	switch (body) {
	case BODY_IR: case BODY_CR: case BODY_P10CR: case BODY_GENM: case BODY_CERTCONF: case BODY_POLLREQ: return true;
	default: return false;
	}
}

static bool
check_kind(struct protection_job *j, const struct protection_part *part, const struct protection_setup *s, bool envelope)
{
	bool by_mac = part->kind != PROTECTION_SIGNATURE;
	struct fault *f = &j->verdict.fault;

	if (!envelope && s->expected != NULL && by_mac != (s->expected->kind == IDENTITY_SECRET))
		return fault_set(f, FAIL_WRONG_INTEGRITY, "header.protectionAlg", "the kind of protection changed within the transaction");
	if (by_mac && !mac_is_foreseen(part->message->body))
		return fault_set(f, FAIL_WRONG_INTEGRITY, "header.protectionAlg", "%s must be protected by a signature", body_name(part->message->body));
	if (by_mac && s->route->secrets.count == 0)
		return fault_set(f, FAIL_WRONG_INTEGRITY, "header.protectionAlg", "this route wants a signature; no secrets are set up for it");
	if (!by_mac && s->route->trust.count == 0)
		return fault_set(f, FAIL_WRONG_INTEGRITY, "header.protectionAlg", "this route wants a MAC with a shared secret; no trust is set up for it");
	if (!envelope && s->expected != NULL && by_mac && s->expected->mac.kind != part->kind)
		return fault_set(f, FAIL_BAD_MESSAGE_CHECK, "header.protectionAlg", "the MAC algorithm changed within the transaction");
	return true;
}

struct span
protection_sender_name(const struct pkiheader *h)
{
	static const uint8_t cn[] = { 0x55, 4, 3 };
	struct general_name name;
	struct name_attribute a, more;
	struct name_walk walk;
	struct span in = h->sender;

	if (!general_name_read(&in, &name, NULL) || name.kind != GN_DIRECTORY || !name_first(&walk, name.value) || !name_next(&walk, &a)
	    || name_next(&walk, &more) || !span_equal(a.type, span_of(cn, sizeof(cn))))
		return span_of(NULL, 0);
	return a.value;
}

// By senderKID alone where there is one: it may have chosen the route.
static const struct secret_entry *
find_secret(const struct protection_setup *s, const struct pkiheader *h)
{
	return keyring_secret(s->keys, &s->route->secrets, h->has_sender_kid ? h->sender_kid : protection_sender_name(h));
}

// A secret that belongs to a name protects messages of that sender only.
static bool
sender_is_bound(const struct secret_entry *e, const struct pkiheader *h)
{
	struct general_name name;
	struct span in = h->sender;
	char text[NAME_TEXT_MAX];

	if (e->name == NULL || (general_name_read(&in, &name, NULL) && name.kind == GN_DIRECTORY && name.value.len <= 2))
		return true;	// NULL-DN: the reference says who it is
	if (span_equal(protection_sender_name(h), e->reference))
		return true;
	return general_name_read(&(struct span){ h->sender.data, h->sender.len }, &name, NULL) && name.kind == GN_DIRECTORY
		&& strcmp(name_text(name.value, text, sizeof(text)), e->name) == 0;
}

static bool
prepare_mac(struct protection_job *j, struct protection_part *part, const struct protection_setup *s, const struct secret_entry **secret)
{
	struct mac_policy policy = {
		.iterations_max = (uint32_t)s->settings->limits.mac_iterations,
		.sha1 = (s->route->accept & ACCEPT_SHA1_MAC) != 0, .bits = (s->route->accept & ACCEPT_PBMAC1_BITS) != 0,
	};
	const struct pkiheader *h = &part->message->header;

	if (!mac_parameters_read(part->message, &policy, &part->mac, &j->verdict.fault))
		return false;
	const struct secret_entry *e = find_secret(s, h);
	if (e == NULL || e->value.len > SECRET_OCTETS_MAX)
		return mac_refused(j, "unknown");
	if (!sender_is_bound(e, h))
		return mac_refused(j, "of another name");
	memcpy(part->secret, e->value.data, e->value.len);
	part->secret_len = e->value.len;
	*secret = e;
	return true;
}

static bool
prepare_part(struct protection_job *j, const struct pkimessage *m, bool envelope, const struct protection_setup *s, const struct secret_entry **secret)
{
	struct protection_part *part = &j->parts[j->part_count++];

	part->message = m;
	part->known = envelope ? span_of(NULL, 0) : s->known;
	if (!protection_kind_of(m, &part->kind, &j->verdict.fault) || !check_kind(j, part, s, envelope))
		return false;
	return part->kind == PROTECTION_SIGNATURE || prepare_mac(j, part, s, secret);
}

// RFC 9483 5.2.2.1: whoever adds protection copies the nonce (and the transactionID, see inspect.c) of the message inside.
static bool
check_copies(struct protection_job *j, const struct message *m)
{
	if (m->inner == NULL || span_equal(m->inner->header.sender_nonce, m->view.header.sender_nonce))
		return true;
	return fault_set(&j->verdict.fault, FAIL_BAD_SENDER_NONCE, "header.senderNonce", "not the one of the message inside; an envelope copies it");
}

bool
protection_prepare(struct protection_job *j, const struct protection_setup *s, const struct secret_entry **secret)
{
	struct route_keys keys;

	memset(j, 0, sizeof(*j));
	*secret = NULL;
	j->time = s->time;
	j->wants = s->wants;
	j->missing_sender_kid = (s->route->accept & ACCEPT_MISSING_SENDER_KID) != 0;
	keyring_route(s->keys, s->settings, s->route, &keys);
	for (size_t i = 0; i < keys.trust_count; i++)
		j->trusts[j->trust_count++] = trust_ref(keys.trusts[i]);
	// What stands two envelopes deep would be vouched for without having been looked at.
	if (s->message->inner != NULL && s->message->inner->body == BODY_NESTED)
		return fault_set(&j->verdict.fault, FAIL_BAD_REQUEST, "body.nested", "an envelope in an envelope; an RA puts one around a message (RFC 9483 5.2.2)");
	bool several = s->message->view.body == BODY_NESTED && s->message->inner == NULL;
	if (!check_copies(j, s->message))
		return false;
	if (s->message->view.body == BODY_NESTED && !prepare_part(j, &s->message->view, true, s, secret))
		return false;
	if (several)
		return true;
	j->pop = message_meaning(s->message);
	j->popo_input = (s->route->accept & ACCEPT_POPOSK_INPUT) != 0;
	if (prepare_part(j, j->pop, false, s, secret))
		return true;
	if (s->message->inner != NULL)
		fault_within(&j->verdict.fault, "body.nested");
	return false;
}

bool
protection_prepare_adopted(struct protection_job *j, const struct settings_route *r, const struct message *m)
{
	memset(j, 0, sizeof(*j));
	j->pop = &m->view;
	if (r->sign_with == NULL || r->protection != ROUTE_REPLACE)
		return fault_set(&j->verdict.fault, FAIL_NOT_AUTHORIZED, "", "a PKCS#10 request needs a route with protection: replace and sign_with; route %.60s has none", r->name);
	if (r->match_template.subject.count == 0 && r->approve.hook == NULL && r->approve.allow == NULL)
		return fault_set(&j->verdict.fault, FAIL_NOT_AUTHORIZED, "", "nobody signed for the name in a PKCS#10 request: route %.60s must say which are allowed, "
			"by match.template.subject or approve", r->name);
	return true;
}

// ---- on a worker

static bool
run_signature(struct protection_job *j, struct protection_part *part, struct path_cache *cache)
{
	struct signer_policy policy = {
		.trusts = j->trusts, .trust_count = j->trust_count, .at = j->time.at, .at_floor = j->time.at_floor,
		.missing_sender_kid = j->missing_sender_kid, .cache = cache, .wants = j->wants,
	};
	struct extension e;
	struct span oids, oid;
	static const uint8_t cmc_ra[] = { 0x2B, 6, 1, 5, 5, 7, 3, KP_CMC_RA };

	if (!protection_verify_signature(part->message, part->known, &policy, &part->signer, &j->verdict.fault))
		return false;
	if (extension_find(part->signer.certificate.extensions, CE_EXT_KEY_USAGE, &e) && ext_key_usage_read(e.value, &oids, NULL))
		while (der_take_oid(&oids, &oid))
			part->signer_is_ra = part->signer_is_ra || span_equal(oid, span_of(cmc_ra, sizeof(cmc_ra)));
	return true;
}

static bool
run_part(struct protection_job *j, struct protection_part *part, struct path_cache *cache)
{
	struct fault unsaid = { .set = false };

	if (part->kind == PROTECTION_SIGNATURE)
		return run_signature(j, part, cache);
	return mac_verify(part->message, &part->mac, span_of(part->secret, part->secret_len), &unsaid) || mac_refused(j, "wrong");
}

// The signature of a request with its new key, where there is one to look at;
// whether there should be one is for the policy.
static bool
run_pop(struct protection_job *j)
{
	struct public_numbers key;
	struct cert_req_msg r;
	struct pkcs10 csr;
	size_t count;
	struct fault *f = &j->verdict.fault;
	bool well = true;

	if (j->pop == NULL)
		return true;
	enum request_class c = request_class(j->pop->body);
	if (c == CLASS_CSR)
		well = pkcs10_parse(&csr, j->pop->body_contents, f) && (csr.public_key.key.len == 0 || pop_verify_pkcs10(&csr, &key, f));
	else if (c == CLASS_ENROL || c == CLASS_RECOVER)
		well = cert_req_messages_check(j->pop->body_contents, &count, &r, f)
			&& (r.popo != POPO_SIGNATURE || !r.template.has_public_key || pop_verify(&r, j->popo_input, &key, f));
	j->verdict.in_body = !well && f->failure != FAIL_BAD_DATA_FORMAT;
	return well;
}

void
protection_run(struct protection_job *j, struct path_cache *cache)
{
	memset(&j->verdict, 0, sizeof(j->verdict));
	j->well = j->pop_failed = j->mac_failed = false;
	for (size_t i = 0; i < j->part_count; i++) {
		if (run_part(j, &j->parts[i], cache))
			continue;
		if (i > 0)
			fault_within(&j->verdict.fault, "body.nested");
		return;
	}
	j->well = run_pop(j);
	j->pop_failed = !j->well;
}

// ---- back on the loop

const struct certificate *
protection_signer(const struct protection_job *j, size_t part)
{
	return j->parts[part].kind == PROTECTION_SIGNATURE ? &j->parts[part].signer.certificate : NULL;
}

static void
identity_of_secret(const struct protection_part *part, const struct secret_entry *secret, struct identity *out)
{
	const struct span parts[] = { span_text(secret->table), span_of("", 1), secret->reference };
	uint8_t digest[DIGEST_MAX];

	out->kind = IDENTITY_SECRET;
	out->mac = part->mac;
	if (digest_of(DIGEST_SHA256, parts, 3, digest))
		memcpy(out->digest, digest, sizeof(out->digest));
	snprintf(out->table, sizeof(out->table), "%s", secret->table);
	out->reference_len = (uint8_t)secret->reference.len;
	memcpy(out->reference, secret->reference.data, secret->reference.len);
	utf8_text(secret->reference, out->text, sizeof(out->text));
}

void
protection_identity(const struct protection_job *j, size_t part, const struct secret_entry *secret, struct identity *out)
{
	const struct protection_part *p = &j->parts[part];

	memset(out, 0, sizeof(*out));
	if (p->kind != PROTECTION_SIGNATURE) {
		identity_of_secret(p, secret, out);
		return;
	}
	out->kind = IDENTITY_SIGNER;
	memcpy(out->digest, p->signer.digest, sizeof(out->digest));
	out->is_ra = p->signer_is_ra;
	name_text(p->signer.certificate.subject, out->text, sizeof(out->text));
	snprintf(out->trust, sizeof(out->trust), "%.64s", trust_name(j->trusts[p->signer.trust]));
}

void
protection_clear(struct protection_job *j)
{
	for (size_t i = 0; i < 2; i++)
		crypto_wipe(j->parts[i].secret, sizeof(j->parts[i].secret));
	for (size_t i = 0; i < j->trust_count; i++)
		trust_unref(j->trusts[i]);
	j->trust_count = 0;
}
