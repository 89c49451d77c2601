// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/relay.h"

#include "codec/confirm.h"
#include "codec/response.h"

static bool
refers_to(const struct asked *asked, const struct pkiheader *h)
{
	for (size_t i = 0; i < sizeof(asked->nonces) / sizeof(asked->nonces[0]); i++)
		if (asked->nonces[i].len > 0 && span_equal(asked->nonces[i], h->recip_nonce))
			return true;
	return false;
}

static bool
belongs(const struct message *answer, const struct asked *asked, struct fault *f)
{
	const struct pkiheader *h = &answer->view.header;

	if (!h->has_transaction_id || !span_equal(h->transaction_id, asked->transaction_id))
		return fault_set(f, FAIL_SYSTEM_FAILURE, "header.transactionID", "the CA's answer belongs to another transaction");
	// In an envelope it is the message inside that the device reads.
	if (answer->inner != NULL && asked->body != BODY_NESTED && !span_equal(answer->inner->header.transaction_id, asked->transaction_id))
		return fault_set(f, FAIL_SYSTEM_FAILURE, "body.nested", "the message inside the CA's answer belongs to another transaction");
	if (!h->has_recip_nonce || !refers_to(asked, h))
		return fault_set(f, FAIL_SYSTEM_FAILURE, "header.recipNonce", "the CA's answer does not refer to this request");
	return true;
}

// An error nobody signed could come from anybody on the path, so it ends
// nothing unless the route says so (docs/decisions.md).
static bool
error_is_tolerable(const struct message *answer, const struct asked *asked, struct fault *f)
{
	const struct pkiheader *h = &answer->view.header;

	if (!asked->accept_unprotected_error)
		return fault_set(f, FAIL_SYSTEM_FAILURE, "protection", "the CA answered with an error that nobody protected; the route may accept: [unprotected-error]");
	if (h->has_transaction_id && !span_equal(h->transaction_id, asked->transaction_id))
		return fault_set(f, FAIL_SYSTEM_FAILURE, "header.transactionID", "the CA's error belongs to another transaction");
	// The device would refuse it; one that refers to nothing may be from a CA that could not read the request.
	if (h->has_recip_nonce && !refers_to(asked, h))
		return fault_set(f, FAIL_SYSTEM_FAILURE, "header.recipNonce", "the CA's error does not refer to this request");
	return true;
}

static bool
kind_fits(enum body answer, const struct asked *asked)
{
	if (answer == BODY_ERROR)
		return true;
	if (asked->body == BODY_CERTCONF)
		return answer == BODY_PKICONF;
	if (asked->body != BODY_POLLREQ)
		return answer == body_answer(asked->body);
	if (answer == BODY_POLLREP || answer == BODY_PKICONF)
		return true;
	if (asked->first_body != BODY_COUNT)
		return answer == body_answer(asked->first_body);
	return answer == BODY_IP || answer == BODY_CP || answer == BODY_KUP || answer == BODY_CCP || answer == BODY_KRP
		|| answer == BODY_RP || answer == BODY_GENP;
}

static enum event
does_not_fit(struct fault *f, const char *path, const char *what)
{
	fault_set(f, FAIL_SYSTEM_FAILURE, path, "%s", what);
	return EVENT_BAD;
}

// One request with certReqId 0 goes up. A p10cr has none: it is answered under
// -1 (RFC 9483 4.1.4), and by older CAs under 0.
static bool
is_asked_id(const struct asked *asked, int32_t id)
{
	return id == 0 || (id == -1 && (asked->first_body == BODY_P10CR || asked->first_body == BODY_COUNT));
}

// A certificate comes with its grant, and only with it (RFC 9810 5.3.4).
static bool
pair_fits(const struct cert_response *r)
{
	switch (r->status.status) {
	case STATUS_ACCEPTED:
	case STATUS_GRANTED_WITH_MODS: return r->has_pair;
	case STATUS_REJECTION:
	case STATUS_WAITING: return !r->has_pair;
	default: return true;
	}
}

static enum event
read_cert_rep(const struct pkimessage *m, const struct asked *asked, struct relayed *out, struct fault *f)
{
	struct cert_rep_message reply;
	struct cert_response r;

	if (!cert_rep_message_read(m->body_contents, &reply, NULL) || !cert_response_take(&reply.responses, &r, NULL))
		return EVENT_BAD;
	if (reply.count != 1)
		return does_not_fit(f, "body.response", "the CA answers more requests than were asked");
	if (!is_asked_id(asked, r.cert_req_id))
		return does_not_fit(f, "body.response[0].certReqId", "the CA answers a request that was not asked");
	if (!pair_fits(&r))
		return does_not_fit(f, "body.response[0].status", r.has_pair ? "the CA sends a certificate, and does not grant it"
			: "the CA grants a certificate, and sends none");
	if (r.status.status == STATUS_WAITING)
		return EVENT_WAITING;
	if (!r.has_pair)
		return EVENT_FINAL_NEGATIVE;
	out->ids[out->id_count++] = r.cert_req_id;
	out->has_certificate = true;
	out->need_conf = !m->header.implicit_confirm;
	return EVENT_FINAL_POSITIVE;
}

static enum event
read_krp(const struct pkimessage *m, struct relayed *out)
{
	struct key_rec_rep reply;

	if (!key_rec_rep_read(m->body_contents, &reply, NULL))
		return EVENT_BAD;
	if (reply.status.status == STATUS_WAITING)
		return EVENT_WAITING;
	if (reply.status.status == STATUS_REJECTION)
		return EVENT_FINAL_NEGATIVE;
	if (reply.new_sig_cert.len > 0) {
		out->ids[out->id_count++] = 0;
		out->has_certificate = true;
		out->need_conf = !m->header.implicit_confirm;
	}
	return EVENT_FINAL_POSITIVE;
}

static enum event
read_rp(const struct pkimessage *m, struct fault *f)
{
	struct rev_rep reply;
	struct status_info first;

	if (!rev_rep_read(m->body_contents, &reply, NULL) || !status_info_take(&reply.statuses, &first, NULL))
		return EVENT_BAD;
	if (reply.count != 1)
		return does_not_fit(f, "body.status", "the CA answers more revocations than were asked");
	if (first.status == STATUS_WAITING)
		return EVENT_WAITING;
	return first.status == STATUS_REJECTION ? EVENT_FINAL_NEGATIVE : EVENT_FINAL_POSITIVE;
}

static enum event
read_error(const struct pkimessage *m, struct fault *f)
{
	struct error_content e;
	struct span in = m->body_contents;

	if (!error_content_take(&in, &e, NULL))
		return EVENT_BAD;
	// RFC 9483 3.6: an error rejects, or tells to wait.
	switch (e.status.status) {
	case STATUS_REJECTION: return EVENT_FINAL_NEGATIVE;
	case STATUS_WAITING: return EVENT_WAITING;
	default: return does_not_fit(f, "body.error.pKIStatusInfo.status", "the CA's error message says that all is well");
	}
}

static enum event
read_body(const struct pkimessage *m, const struct asked *asked, struct relayed *out, struct fault *f)
{
	switch (m->body) {
	case BODY_IP:
	case BODY_CP:
	case BODY_KUP:
	case BODY_CCP: return read_cert_rep(m, asked, out, f);
	case BODY_KRP: return read_krp(m, out);
	case BODY_RP: return read_rp(m, f);
	case BODY_ERROR: return read_error(m, f);
	case BODY_POLLREP: return EVENT_POLLREP;
	case BODY_PKICONF: return EVENT_PKICONF;
	default: return EVENT_FINAL_POSITIVE;	// genp, nested
	}
}

void
relay_judge(const struct message *answer, const struct asked *asked, struct relayed *out, struct fault *f)
{
	const struct pkimessage *m = message_meaning(answer);

	memset(out, 0, sizeof(*out));
	out->event = EVENT_BAD;
	if (m->body == BODY_ERROR && !answer->view.has_protection && !m->has_protection) {
		if (error_is_tolerable(answer, asked, f))
			out->event = read_error(m, f);
		return;
	}
	if (!belongs(answer, asked, f))
		return;
	// A batch is answered by a nested message, whatever is inside.
	if (!kind_fits(m->body, asked) && !(asked->body == BODY_NESTED && answer->view.body == BODY_NESTED)) {
		fault_set(f, FAIL_SYSTEM_FAILURE, "body", "the CA answered %s with %s", body_name(asked->body), body_name(m->body));
		return;
	}
	out->event = asked->body == BODY_NESTED ? EVENT_FINAL_POSITIVE : read_body(m, asked, out, f);
	if (out->event == EVENT_BAD)
		fault_set(f, FAIL_SYSTEM_FAILURE, "body", "the CA's %s cannot be read", body_name(m->body));
}

bool
relay_status(const struct message *answer, struct status_info *out)
{
	const struct pkimessage *m = message_meaning(answer);
	struct span contents = m->body_contents;
	struct cert_rep_message certs;
	struct cert_response response;
	struct key_rec_rep keys;
	struct rev_rep revocations;
	struct error_content error;

	switch (m->body) {
	case BODY_IP:
	case BODY_CP:
	case BODY_KUP:
	case BODY_CCP:
		if (!cert_rep_message_read(contents, &certs, NULL) || !cert_response_take(&certs.responses, &response, NULL))
			return false;
		*out = response.status;
		return true;
	case BODY_KRP:
		if (!key_rec_rep_read(contents, &keys, NULL))
			return false;
		*out = keys.status;
		return true;
	case BODY_RP:
		return rev_rep_read(contents, &revocations, NULL) && status_info_take(&revocations.statuses, out, NULL);
	case BODY_ERROR:
		if (!error_content_take(&contents, &error, NULL))
			return false;
		*out = error.status;
		return true;
	default:
		return false;
	}
}
