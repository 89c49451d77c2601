// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/describe.h"

#include "codec/confirm.h"
#include "codec/itav.h"
#include "codec/name.h"
#include "codec/oid.h"
#include "codec/response.h"
#include "codec/text.h"

enum { TEXT_ROOM = 4 * CAP_FREE_TEXT + 1 };	// every octet may become \hh

// ---- leaves

static void
put_texts(struct tree *t, const char *field, struct span texts)
{
	char text[TEXT_ROOM];
	struct span one;

	if (texts.len == 0)
		return;
	tree_open_list(t, field);
	while (der_take(&texts, DER_UTF8, &one))
		tree_text(t, NULL, utf8_text(one, text, sizeof(text)));
	tree_close(t);
}

static void
put_status(struct tree *t, const char *field, const struct status_info *s)
{
	tree_open(t, field);
	tree_text(t, "status", status_name(s->status));
	put_texts(t, "statusString", s->texts);
	if (s->has_failure) {
		tree_open_list(t, "failInfo");
		for (int bit = 0; bit < FAIL_COUNT; bit++)
			if ((s->failures & (1u << bit)) != 0)
				tree_text(t, NULL, failure_name((enum failure)bit));
		tree_close(t);
	}
	tree_close(t);
}

// ---- header

static void
put_itav(struct tree *t, const struct itav *v);

static void
put_itavs(struct tree *t, const char *field, struct span list)
{
	struct itav v;

	if (list.len == 0)
		return;
	tree_open_list(t, field);
	while (!der_at_end(list) && itav_take(&list, &v, NULL)) {
		tree_open(t, NULL);
		put_itav(t, &v);
		tree_close(t);
	}
	tree_close(t);
}

static void
put_octets_if(struct tree *t, const char *field, bool there, struct span octets)
{
	if (there)
		tree_octets(t, field, octets);
}

void
describe_header(struct tree *t, const struct pkiheader *h)
{
	struct span in = h->protection_alg;
	struct algorithm a;

	tree_number(t, "pvno", h->pvno);
	describe_general_name(t, "sender", h->sender);
	describe_general_name(t, "recipient", h->recipient);
	if (h->has_message_time)
		tree_time(t, "messageTime", h->message_time);
	if (in.len > 0 && algorithm_take(&in, &a, NULL))
		describe_algorithm(t, "protectionAlg", &a);
	put_octets_if(t, "senderKID", h->has_sender_kid, h->sender_kid);
	put_octets_if(t, "recipKID", h->has_recip_kid, h->recip_kid);
	put_octets_if(t, "transactionID", h->has_transaction_id, h->transaction_id);
	put_octets_if(t, "senderNonce", h->has_sender_nonce, h->sender_nonce);
	put_octets_if(t, "recipNonce", h->has_recip_nonce, h->recip_nonce);
	put_texts(t, "freeText", h->free_text);
	put_itavs(t, "generalInfo", h->general_info);
}

// ---- requests

static void
put_template(struct tree *t, const char *field, const struct cert_template *c)
{
	tree_open(t, field);
	if (c->has_version)
		tree_number(t, "version", c->version);
	put_octets_if(t, "serialNumber", c->has_serial, c->serial);
	if (c->has_signing_alg)
		describe_algorithm(t, "signingAlg", &c->signing_alg);
	if (c->has_issuer)
		describe_name(t, "issuer", c->issuer);
	if (c->has_not_before)
		tree_time(t, "notBefore", c->not_before);
	if (c->has_not_after)
		tree_time(t, "notAfter", c->not_after);
	if (c->has_subject)
		describe_name(t, "subject", c->subject);
	if (c->has_public_key)
		describe_public_key(t, "publicKey", &c->public_key);
	describe_extensions(t, "extensions", c->extensions);
	tree_close(t);
}

// PKIArchiveOptions: an EncryptedKey under [0], or something without a recipient.
static void
put_archive_options(struct tree *t, struct span value)
{
	struct encrypted_key key;
	struct span contents, in = value;

	if (der_take(&in, DER_CONTEXT_CONS(0), &contents) && encrypted_key_take(&contents, &key, NULL))
		describe_encrypted_key(t, "value", &key);
	else
		describe_hidden(t, "value", value.len);
}

static void
put_control(struct tree *t, const struct typed_value *v)
{
	struct span in = v->value;
	struct cert_id id;

	describe_oid(t, "type", v->oid);
	switch (oid_reg_ctrl(v->oid)) {
	case REG_CTRL_REG_TOKEN:
	case REG_CTRL_AUTHENTICATOR:
		describe_hidden(t, "value", v->value.len);
		break;
	case REG_CTRL_PKI_ARCHIVE_OPTIONS:
		put_archive_options(t, v->value);
		break;
	case REG_CTRL_OLD_CERT_ID:
		if (!cert_id_take(&in, &id, NULL))
			break;
		describe_general_name(t, "issuer", id.issuer);
		tree_octets(t, "serialNumber", id.serial);
		break;
	default:
		tree_octets(t, "value", v->value);
	}
}

static void
put_controls(struct tree *t, struct span controls)
{
	struct typed_value v;

	if (controls.len == 0)
		return;
	tree_open_list(t, "controls");
	while (!der_at_end(controls) && typed_value_take(&controls, false, &v, NULL)) {
		tree_open(t, NULL);
		put_control(t, &v);
		tree_close(t);
	}
	tree_close(t);
}

// The encryptedKey of a POPOPrivKey, which stands under the explicit tag of its choice.
static bool
popo_envelope(const struct cert_req_msg *m, struct enveloped_data *e)
{
	struct span popo = m->popo_whole, choice, contents;
	uint8_t tag;

	return (m->popo == POPO_KEY_ENCIPHERMENT || m->popo == POPO_KEY_AGREEMENT) && der_take_any(&popo, &tag, &choice, NULL)
		&& der_take(&choice, DER_CONTEXT_CONS(4), &contents) && enveloped_data_read(contents, e, NULL);
}

static void
put_popo(struct tree *t, const struct cert_req_msg *m)
{
	static const char *const kinds[] = {
		[POPO_ABSENT] = "absent", [POPO_RA_VERIFIED] = "raVerified", [POPO_SIGNATURE] = "signature",
		[POPO_KEY_ENCIPHERMENT] = "keyEncipherment", [POPO_KEY_AGREEMENT] = "keyAgreement"
	};
	struct enveloped_data e;
	bool enveloped = popo_envelope(m, &e);

	if (m->popo != POPO_SIGNATURE && !enveloped) {
		tree_text(t, "popo", kinds[m->popo]);
		return;
	}
	tree_open(t, "popo");
	tree_text(t, "type", kinds[m->popo]);
	if (enveloped) {
		describe_enveloped_data(t, &e);
	} else {
		put_octets_if(t, "poposkInput", m->has_popo_input, m->popo_input);
		describe_algorithm(t, "algorithmIdentifier", &m->popo_alg);
		tree_octets(t, "signature", m->popo_signature);
	}
	tree_close(t);
}

void
describe_requests(struct tree *t, struct span whole)
{
	struct cert_req_msg m;
	struct span list;

	if (!der_take(&whole, DER_SEQUENCE, &list))
		return;
	tree_open_list(t, "certReqMessages");
	while (!der_at_end(list) && cert_req_msg_take(&list, &m, NULL)) {
		tree_open(t, NULL);
		tree_number(t, "certReqId", m.id);
		put_template(t, "certTemplate", &m.template);
		put_controls(t, m.controls);
		put_popo(t, &m);
		put_octets_if(t, "regInfo", m.reg_info.len > 0, m.reg_info);
		tree_close(t);
	}
	tree_close(t);
}

// ---- answers

static void
put_key_pair(struct tree *t, const struct certified_key_pair *p)
{
	tree_open(t, "certifiedKeyPair");
	if (p->certificate.len > 0)
		describe_inner_certificate(t, "certificate", p->certificate);
	if (p->has_encrypted_cert)
		describe_encrypted_key(t, "encryptedCert", &p->encrypted_cert);
	if (p->has_private_key)
		describe_encrypted_key(t, "privateKey", &p->private_key);
	put_octets_if(t, "publicationInfo", p->publication_info.len > 0, p->publication_info);
	tree_close(t);
}

static void
put_cert_rep(struct tree *t, struct span whole)
{
	struct cert_rep_message m;
	struct cert_response r;

	if (!cert_rep_message_read(whole, &m, NULL))
		return;
	describe_certificates(t, "caPubs", m.ca_pubs);
	tree_open_list(t, "response");
	while (!der_at_end(m.responses) && cert_response_take(&m.responses, &r, NULL)) {
		tree_open(t, NULL);
		tree_number(t, "certReqId", r.cert_req_id);
		put_status(t, "status", &r.status);
		if (r.has_pair)
			put_key_pair(t, &r.pair);
		put_octets_if(t, "rspInfo", r.has_info, r.info);
		tree_close(t);
	}
	tree_close(t);
}

static void
put_key_rec_rep(struct tree *t, struct span whole)
{
	struct key_rec_rep r;
	struct certified_key_pair pair;

	if (!key_rec_rep_read(whole, &r, NULL))
		return;
	put_status(t, "status", &r.status);
	if (r.new_sig_cert.len > 0)
		describe_inner_certificate(t, "newSigCert", r.new_sig_cert);
	describe_certificates(t, "caCerts", r.ca_certs);
	tree_open_list(t, "keyPairHist");
	while (!der_at_end(r.key_pair_hist) && certified_key_pair_take(&r.key_pair_hist, &pair, NULL)) {
		tree_open(t, NULL);
		put_key_pair(t, &pair);
		tree_close(t);
	}
	tree_close(t);
}

static void
put_rev_req(struct tree *t, struct span whole)
{
	struct rev_details r;
	struct span list;

	if (!der_take(&whole, DER_SEQUENCE, &list))
		return;
	tree_open_list(t, "revDetails");
	while (!der_at_end(list) && rev_details_take(&list, &r, NULL)) {
		tree_open(t, NULL);
		put_template(t, "certDetails", &r.template);
		if (crl_reason_name(r.reason) != NULL)
			tree_text(t, "reason", crl_reason_name(r.reason));
		describe_extensions(t, "crlEntryDetails", r.extensions);
		tree_close(t);
	}
	tree_close(t);
}

static void
put_crls(struct tree *t, const char *field, struct span list)
{
	struct span whole;

	if (list.len == 0)
		return;
	tree_open_list(t, field);
	while (der_take_whole(&list, DER_SEQUENCE, &whole))
		describe_inner_crl(t, NULL, whole);
	tree_close(t);
}

static void
put_cert_id(struct tree *t, const char *field, const struct cert_id *id)
{
	tree_open(t, field);
	describe_general_name(t, "issuer", id->issuer);
	tree_octets(t, "serialNumber", id->serial);
	tree_close(t);
}

static void
put_rev_rep(struct tree *t, struct span whole)
{
	struct rev_rep r;
	struct status_info s;
	struct cert_id id;

	if (!rev_rep_read(whole, &r, NULL))
		return;
	tree_open_list(t, "status");
	while (!der_at_end(r.statuses) && status_info_take(&r.statuses, &s, NULL))
		put_status(t, NULL, &s);
	tree_close(t);
	if (r.rev_certs.len > 0) {
		tree_open_list(t, "revCerts");
		while (!der_at_end(r.rev_certs) && cert_id_take(&r.rev_certs, &id, NULL))
			put_cert_id(t, NULL, &id);
		tree_close(t);
	}
	put_crls(t, "crls", r.crls);
}

// ---- confirmation and polling

static void
put_cert_conf(struct tree *t, struct span whole)
{
	struct cert_status s;
	struct span list;

	if (!der_take(&whole, DER_SEQUENCE, &list))
		return;
	tree_open_list(t, "certStatus");
	while (!der_at_end(list) && cert_status_take(&list, &s, NULL)) {
		tree_open(t, NULL);
		tree_octets(t, "certHash", s.hash);
		tree_number(t, "certReqId", s.cert_req_id);
		if (s.has_status)
			put_status(t, "statusInfo", &s.status);
		if (s.has_hash_alg)
			describe_algorithm(t, "hashAlg", &s.hash_alg);
		tree_close(t);
	}
	tree_close(t);
}

static void
put_poll_req(struct tree *t, struct span whole)
{
	struct span list, entry;
	int32_t id;

	if (!der_take(&whole, DER_SEQUENCE, &list))
		return;
	tree_open_list(t, "certReqId");
	while (der_take(&list, DER_SEQUENCE, &entry) && der_take_int32(&entry, &id))
		tree_number(t, NULL, id);
	tree_close(t);
}

static void
put_poll_rep(struct tree *t, struct span whole)
{
	struct poll_rep r;
	struct span list;

	if (!der_take(&whole, DER_SEQUENCE, &list))
		return;
	tree_open_list(t, "pollRep");
	while (!der_at_end(list) && poll_rep_take(&list, &r, NULL)) {
		tree_open(t, NULL);
		tree_number(t, "certReqId", r.cert_req_id);
		tree_number(t, "checkAfter", r.check_after);
		put_texts(t, "reason", r.reason);
		tree_close(t);
	}
	tree_close(t);
}

static void
put_error(struct tree *t, struct span whole)
{
	struct error_content e;

	if (!error_content_take(&whole, &e, NULL))
		return;
	put_status(t, "pKIStatusInfo", &e.status);
	put_octets_if(t, "errorCode", e.has_code, e.code);
	put_texts(t, "errorDetails", e.details);
}

// ---- general messages and announcements

static void
put_root_update(struct tree *t, struct span contents)
{
	struct root_ca_key_update u;

	if (!root_ca_key_update_read(contents, &u, NULL))
		return;
	describe_inner_certificate(t, "newWithNew", u.new_with_new);
	if (u.new_with_old.len > 0)
		describe_inner_certificate(t, "newWithOld", u.new_with_old);
	if (u.old_with_new.len > 0)
		describe_inner_certificate(t, "oldWithNew", u.old_with_new);
}

static void
put_algorithms(struct tree *t, struct span list)
{
	struct algorithm a;

	tree_open_list(t, "infoValue");
	while (!der_at_end(list) && algorithm_take(&list, &a, NULL))
		describe_algorithm(t, NULL, &a);
	tree_close(t);
}

static void
put_oids(struct tree *t, struct span list)
{
	struct span oid;

	tree_open_list(t, "infoValue");
	while (der_take_oid(&list, &oid))
		describe_oid(t, NULL, oid);
	tree_close(t);
}

static void
put_template_content(struct tree *t, struct span value)
{
	struct cert_req_template c;
	struct typed_value v;

	if (!cert_req_template_read(value, &c, NULL))
		return;
	put_template(t, "certTemplate", &c.template);
	if (c.key_spec.len == 0)
		return;
	tree_open_list(t, "keySpec");
	while (!der_at_end(c.key_spec) && typed_value_take(&c.key_spec, false, &v, NULL)) {
		tree_open(t, NULL);
		describe_oid(t, "type", v.oid);
		tree_octets(t, "value", v.value);
		tree_close(t);
	}
	tree_close(t);
}

// The value of a type that is known here; false when it stays octets.
static bool
put_known_value(struct tree *t, const struct itav *v)
{
	struct span in = v->value, contents;
	struct encrypted_key key;
	struct algorithm a;
	int64_t seconds;

	switch (v->type) {
	case IT_IMPLICIT_CONFIRM: return true;
	case IT_CA_PROT_ENC_CERT:
	case IT_ROOT_CA_CERT: return describe_inner_certificate(t, "infoValue", v->value), true;
	case IT_CURRENT_CRL: return describe_inner_crl(t, "infoValue", v->value), true;
	case IT_PREFERRED_SYMM_ALG:
	case IT_KEY_PAIR_PARAM_REP: return algorithm_take(&in, &a, NULL) && (describe_algorithm(t, "infoValue", &a), true);
	case IT_KEY_PAIR_PARAM_REQ: return der_take_oid(&in, &contents) && (describe_oid(t, "infoValue", contents), true);
	case IT_CONFIRM_WAIT_TIME: return der_take_generalized_time(&in, &seconds) && (tree_time(t, "infoValue", seconds), true);
	case IT_REV_PASSPHRASE: return encrypted_key_take(&in, &key, NULL) && (describe_encrypted_key(t, "infoValue", &key), true);
	case IT_CERT_REQ_TEMPLATE: return put_template_content(t, v->value), true;
	default: break;
	}
	if (v->type == IT_CERT_PROFILE && der_next_is(in, DER_UTF8))
		return put_texts(t, "infoValue", in), true;
	if (!der_take(&in, DER_SEQUENCE, &contents))
		return false;
	switch (v->type) {
	case IT_SIGN_KEY_PAIR_TYPES:
	case IT_ENC_KEY_PAIR_TYPES: return put_algorithms(t, contents), true;
	case IT_UNSUPPORTED_OIDS: return put_oids(t, contents), true;
	case IT_CA_KEY_UPDATE_INFO:
	case IT_CA_CERTS: return describe_certificates(t, "infoValue", contents), true;
	case IT_CRLS: return put_crls(t, "infoValue", contents), true;
	case IT_SUPP_LANG_TAGS:
	case IT_CERT_PROFILE: return put_texts(t, "infoValue", contents), true;
	case IT_ROOT_CA_KEY_UPDATE: return put_root_update(t, contents), true;
	default: return false;
	}
}

static void
put_itav(struct tree *t, const struct itav *v)
{
	describe_oid(t, "infoType", v->oid);
	if (v->value.len > 0 && !put_known_value(t, v))
		tree_octets(t, "infoValue", v->value);
}

static void
put_itav_body(struct tree *t, struct span whole)
{
	struct span list;

	if (der_take(&whole, DER_SEQUENCE, &list))
		put_itavs(t, "infoTypeAndValues", list);
}

static void
put_ckuann(struct tree *t, struct span in)
{
	struct span contents, inner;

	if (der_take(&in, DER_CONTEXT_CONS(0), &contents)) {
		if (der_take(&contents, DER_SEQUENCE, &inner))
			put_root_update(t, inner);
	} else if (der_take(&in, DER_SEQUENCE, &contents)) {
		describe_certificates(t, "certificates", contents);
	}
}

static void
put_rann(struct tree *t, struct span in)
{
	struct span contents, extensions;
	struct cert_id id;
	int32_t status;
	int64_t revoked, bad_since;

	if (!der_take(&in, DER_SEQUENCE, &contents) || !der_take_int32(&contents, &status) || !cert_id_take(&contents, &id, NULL)
	    || !der_take_generalized_time(&contents, &revoked) || !der_take_generalized_time(&contents, &bad_since))
		return;
	if (status_name(status) != NULL)
		tree_text(t, "status", status_name(status));
	put_cert_id(t, "certId", &id);
	tree_time(t, "willBeRevokedAt", revoked);
	tree_time(t, "badSinceDate", bad_since);
	if (der_take(&contents, DER_SEQUENCE, &extensions))
		describe_extensions(t, "crlDetails", extensions);
}

static void
put_crlann(struct tree *t, struct span in)
{
	struct span list;

	if (der_take(&in, DER_SEQUENCE, &list))
		put_crls(t, "crls", list);
}

// The messages inside were parsed with the outer one, CAP_NESTED_DEPTH deep at most.
static void
put_nested(struct tree *t, struct span contents)
{
	struct span rest, inner;
	struct pkimessage m;

	if (!nested_first(contents, &rest))
		return;
	tree_open_list(t, "messages");
	while (nested_next(&rest, &inner)) {
		tree_open(t, NULL);
		if (pkimessage_parse(&m, inner, NULL, NULL))
			describe_message(t, &m);
		tree_close(t);
	}
	tree_close(t);
}

static void
put_p10(struct tree *t, struct span whole)
{
	struct pkcs10 p;
	struct fault f = { 0 };

	if (pkcs10_parse(&p, whole, &f))
		describe_pkcs10(t, &p);
	else
		describe_fault(t, "fault", &f);
}

static void
put_octets(struct tree *t, struct span whole)
{
	tree_octets(t, "octets", whole);
}

// One Challenge of a popdecc, from its contents.
static void
put_challenge(struct tree *t, struct span in)
{
	struct algorithm owf;
	struct enveloped_data e;
	struct span octets;

	if (der_next_is(in, DER_SEQUENCE) && algorithm_take(&in, &owf, NULL))
		describe_algorithm(t, "owf", &owf);
	if (der_take_octets(&in, &octets))
		tree_octets(t, "witness", octets);
	if (der_take_octets(&in, &octets))
		describe_hidden(t, "challenge", octets.len);
	if (!der_take(&in, DER_CONTEXT_CONS(0), &octets) || !enveloped_data_take(&octets, &e, NULL))
		return;
	tree_open(t, "encryptedRand");
	describe_enveloped_data(t, &e);
	tree_close(t);
}

static void
put_challenges(struct tree *t, struct span whole)
{
	struct span list, challenge;

	if (!der_take(&whole, DER_SEQUENCE, &list))
		return;
	tree_open_list(t, "challenges");
	while (der_take(&list, DER_SEQUENCE, &challenge)) {
		tree_open(t, NULL);
		put_challenge(t, challenge);
		tree_close(t);
	}
	tree_close(t);
}

static void
put_certificate_body(struct tree *t, struct span whole)
{
	describe_inner_certificate(t, "certificate", whole);
}

static void (*const bodies[BODY_COUNT])(struct tree *, struct span) = {
	[BODY_IR] = describe_requests, [BODY_IP] = put_cert_rep, [BODY_CR] = describe_requests, [BODY_CP] = put_cert_rep,
	[BODY_P10CR] = put_p10, [BODY_POPDECC] = put_challenges, [BODY_POPDECR] = put_octets,
	[BODY_KUR] = describe_requests, [BODY_KUP] = put_cert_rep, [BODY_KRR] = describe_requests, [BODY_KRP] = put_key_rec_rep,
	[BODY_RR] = put_rev_req, [BODY_RP] = put_rev_rep, [BODY_CCR] = describe_requests, [BODY_CCP] = put_cert_rep,
	[BODY_CKUANN] = put_ckuann, [BODY_CANN] = put_certificate_body, [BODY_RANN] = put_rann, [BODY_CRLANN] = put_crlann,
	[BODY_NESTED] = put_nested, [BODY_GENM] = put_itav_body, [BODY_GENP] = put_itav_body, [BODY_ERROR] = put_error,
	[BODY_CERTCONF] = put_cert_conf, [BODY_POLLREQ] = put_poll_req, [BODY_POLLREP] = put_poll_rep
};

void
describe_message(struct tree *t, const struct pkimessage *m)
{
	tree_open(t, "header");
	describe_header(t, &m->header);
	tree_close(t);
	tree_open(t, "body");
	tree_text(t, "type", body_name(m->body));
	if (bodies[m->body] != NULL)
		bodies[m->body](t, m->body_contents);
	tree_close(t);
	put_octets_if(t, "protection", m->has_protection, m->protection);
	describe_certificates(t, "extraCerts", m->extra_certs);
}
