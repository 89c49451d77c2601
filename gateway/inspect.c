// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/inspect.h"

#include <stdio.h>

#include "codec/confirm.h"
#include "codec/extension.h"
#include "codec/response.h"
#include "config/settings.h"
#include "gateway/transaction.h"

enum { PVNO_OLD = 1, PVNO_LOWEST = 2, PVNO_HIGHEST = 3 };

static bool
check_version(const struct pkiheader *h, unsigned accept, struct verdict *v)
{
	if (h->pvno >= PVNO_LOWEST && h->pvno <= PVNO_HIGHEST)
		return true;
	if (h->pvno == PVNO_OLD && (accept & ACCEPT_PVNO1) != 0)
		return true;
	v->pvno = h->pvno < PVNO_LOWEST ? PVNO_LOWEST : PVNO_HIGHEST;
	return fault_set(&v->fault, FAIL_UNSUPPORTED_VERSION, "header.pvno", "%d; this gateway speaks %d and %d", (int)h->pvno,
		PVNO_LOWEST, PVNO_HIGHEST);
}

static bool
check_nonce(const struct pkiheader *h, struct verdict *v)
{
	if (!h->has_sender_nonce)
		return fault_set(&v->fault, FAIL_BAD_SENDER_NONCE, "header.senderNonce", "missing; each message needs %d fresh random octets", CAP_NONCE_MIN);
	if (h->sender_nonce.len < CAP_NONCE_MIN)
		return fault_set(&v->fault, FAIL_BAD_SENDER_NONCE, "header.senderNonce", "%zu octets; at least %d are needed", h->sender_nonce.len, CAP_NONCE_MIN);
	return true;
}

static bool
is_first_of_transaction(enum body body)
{
	enum request_class c = request_class(body);

	return c != CLASS_CONFIRM && c != CLASS_POLL && c != CLASS_NEVER;
}

static bool
check_header(const struct pkimessage *m, unsigned accept, struct verdict *v)
{
	if (!check_version(&m->header, accept, v))
		return false;
	if (!m->header.has_transaction_id)
		return fault_set(&v->fault, FAIL_BAD_DATA_FORMAT, "header.transactionID", "missing; an operation needs 16 random octets");
	if (request_class(m->body) == CLASS_NEVER)
		return fault_set(&v->fault, FAIL_BAD_REQUEST, "body", "%s is nothing a device may send", body_name(m->body));
	if (!check_nonce(&m->header, v))
		return false;
	if (is_first_of_transaction(m->body) && m->header.has_recip_nonce)
		return fault_set(&v->fault, FAIL_BAD_RECIPIENT_NONCE, "header.recipNonce", "present in the first message of an operation");
	return true;
}

static bool
in_body(struct verdict *v)
{
	v->in_body = true;
	return false;
}

// What stands inside the extensions of a template is for the CA, but for how many names it may have to look at.
static bool
check_names(const struct cert_template *t, struct verdict *v)
{
	struct extension san;
	struct span names;
	struct fault f = { .set = false };

	if (!extension_find(t->extensions, CE_SUBJECT_ALT_NAME, &san) || alt_names_read(san.value, &names, &f) || f.failure != FAIL_BAD_REQUEST)
		return true;
	return fault_set(&v->fault, FAIL_BAD_CERT_TEMPLATE, "body[0].certReq.certTemplate.extensions.subjectAltName", "%s", f.text);
}

// Exactly one request with certReqId 0 (RFC 9483 4.1.1).
static bool
check_cert_req(const struct pkimessage *m, struct verdict *v)
{
	struct cert_req_msg first;
	size_t count;

	if (!cert_req_messages_check(m->body_contents, &count, &first, &v->fault))
		return false;
	if (count != 1) {
		fault_set(&v->fault, FAIL_BAD_REQUEST, "body", "%zu certificate requests in one message; send one", count);
		return in_body(v);
	}
	if (first.id != 0) {
		fault_set(&v->fault, FAIL_BAD_REQUEST, "body[0].certReq.certReqId", "%d; it must be 0", (int)first.id);
		return in_body(v);
	}
	return check_names(&first.template, v) || in_body(v);
}

static bool
known_reason(int reason)
{
	return reason <= 10 && reason != 7;
}

static bool
check_rev_req(const struct pkimessage *m, struct verdict *v)
{
	struct rev_details first;
	size_t count;

	if (!rev_req_check(m->body_contents, &count, &first, &v->fault))
		return false;
	if (count != 1)
		fault_set(&v->fault, FAIL_BAD_REQUEST, "body", "%zu revocations in one message; send one", count);
	else if (!known_reason(first.reason))
		fault_set(&v->fault, FAIL_BAD_REQUEST, "body[0].crlEntryDetails", "reason code %d is none of RFC 5280", first.reason);
	else if (!first.template.has_serial || !first.template.has_issuer)
		fault_set(&v->fault, FAIL_BAD_CERT_ID, "body[0].certDetails", "issuer and serialNumber must name the certificate");
	else if (first.template.serial.data[0] >= 0x80)
		fault_set(&v->fault, FAIL_BAD_CERT_ID, "body[0].certDetails.serialNumber", "negative");
	else
		return true;
	return in_body(v);
}

// At most one CertStatus; an accepted one carries no failInfo.
static bool
check_cert_conf(const struct pkimessage *m, struct verdict *v)
{
	struct cert_status first;
	size_t count;

	if (!cert_confirm_check(m->body_contents, &count, &first, &v->fault))
		return false;
	if (count > 1)
		return fault_set(&v->fault, FAIL_BAD_REQUEST, "body.certConf", "%zu entries; one certificate was asked for", count);
	if (count == 1 && first.has_status && first.status.has_failure && first.status.status == STATUS_ACCEPTED)
		return fault_set(&v->fault, FAIL_BAD_REQUEST, "body.certConf[0].statusInfo", "accepted, and yet with a failInfo");
	if (count == 1 && first.has_hash_alg && m->header.pvno < 3)
		return fault_set(&v->fault, FAIL_BAD_CERT_ID, "body.certConf[0].hashAlg", "needs pvno 3");
	return true;
}

// RFC 9483 4.4: one poll, for the one certificate (0) or for a whole answer (-1).
static bool
check_poll_req(const struct pkimessage *m, struct verdict *v)
{
	size_t count;
	int32_t id;

	if (!poll_req_check(m->body_contents, &count, &id, &v->fault))
		return false;
	if (count > 1)
		return fault_set(&v->fault, FAIL_BAD_REQUEST, "body.pollReq", "%zu polls in one message; send one", count);
	return id == 0 || id == -1 || fault_set(&v->fault, FAIL_BAD_REQUEST, "body.pollReq[0].certReqId", "%d; it must be 0, or -1 for an answer without certReqId", (int)id);
}

static size_t
count_texts(struct span texts)
{
	struct span text;
	size_t n = 0;

	while (der_take(&texts, DER_UTF8, &text))
		n++;
	return n;
}

static bool
check_body(const struct pkimessage *m, struct verdict *v)
{
	if (count_texts(m->header.cert_profile) > 1 && request_class(m->body) != CLASS_BATCH)
		return fault_set(&v->fault, FAIL_BAD_REQUEST, "header.generalInfo.id-it-certProfile", "more than one profile for one request");
	switch (request_class(m->body)) {
	case CLASS_ENROL: return check_cert_req(m, v);
	case CLASS_REVOKE: return check_rev_req(m, v);
	case CLASS_CONFIRM: return check_cert_conf(m, v);
	case CLASS_POLL: return check_poll_req(m, v);
	default: return true;
	}
}

// The messages of a batch must be told apart by transactionID and nonce (RFC 9483 5.2.2.2).
static bool
check_batch(const struct pkimessage *m, struct verdict *v)
{
	struct { struct span id, nonce; } seen[CAP_BATCH];
	struct span rest, octets;
	struct pkiheader h;
	size_t count = 0;

	if (!nested_first(m->body_contents, &rest))
		return true;
	while (nested_next(&rest, &octets) && count < CAP_BATCH) {
		if (!pkiheader_parse(&h, octets, &v->fault))
			return false;
		for (size_t i = 0; i < count; i++) {
			if (h.has_transaction_id && span_equal(seen[i].id, h.transaction_id))
				return fault_set(&v->fault, FAIL_TRANSACTION_ID_IN_USE, "body.nested", "two messages of the batch have the same transactionID");
			if (h.has_sender_nonce && span_equal(seen[i].nonce, h.sender_nonce))
				return fault_set(&v->fault, FAIL_BAD_SENDER_NONCE, "body.nested", "two messages of the batch have the same senderNonce");
		}
		seen[count].id = h.transaction_id;
		seen[count++].nonce = h.sender_nonce;
	}
	return true;
}

static bool
check_envelope(const struct message *m, unsigned accept, struct verdict *v)
{
	if (m->inner == NULL)
		return check_batch(&m->view, v);
	if (!m->inner->header.has_transaction_id || !span_equal(m->inner->header.transaction_id, m->view.header.transaction_id))
		return fault_set(&v->fault, FAIL_BAD_REQUEST, "body.nested", "the transactionID inside differs from the one outside");
	if (check_header(m->inner, accept, v) && check_body(m->inner, v))
		return true;
	fault_within(&v->fault, "body.nested");
	v->in_body = false;
	return false;
}

// recipNonce is allowed in the envelope of a message that is not the first.
static bool
check_outer(const struct message *m, unsigned accept, struct verdict *v)
{
	if (m->view.body != BODY_NESTED || m->inner == NULL)
		return check_header(&m->view, accept, v);
	return check_version(&m->view.header, accept, v) && check_nonce(&m->view.header, v)
		&& (m->view.header.has_transaction_id || fault_set(&v->fault, FAIL_BAD_DATA_FORMAT, "header.transactionID", "missing"));
}

bool
inspect_request_on(const struct message *m, unsigned accept, struct verdict *v)
{
	memset(v, 0, sizeof(*v));
	if (!check_outer(m, accept, v))
		return false;
	return m->view.body == BODY_NESTED ? check_envelope(m, accept, v) : check_body(&m->view, v);
}

bool
inspect_request(const struct message *m, struct verdict *v)
{
	return inspect_request_on(m, 0, v);
}

bool
inspect_asks_route(const struct message *m)
{
	return m->view.header.pvno == PVNO_OLD || (m->inner != NULL && m->inner->header.pvno == PVNO_OLD);
}

bool
inspect_members(const struct message *m, unsigned accept, struct verdict *v)
{
	struct span rest, octets;
	struct pkimessage member;
	char at[32];

	memset(v, 0, sizeof(*v));
	if (m->view.body != BODY_NESTED || m->inner != NULL || !nested_first(m->view.body_contents, &rest))
		return true;
	for (unsigned n = 0; n < CAP_BATCH && nested_next(&rest, &octets); n++) {
		if (pkimessage_parse(&member, octets, NULL, &v->fault) && check_header(&member, accept, v) && check_body(&member, v))
			continue;
		snprintf(at, sizeof(at), "body.nested[%u]", n);
		fault_within(&v->fault, at);
		v->in_body = false;	// what is answered is the batch
		return false;
	}
	return true;
}
