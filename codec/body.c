// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/body.h"

#include "codec/cms.h"
#include "codec/confirm.h"
#include "codec/itav.h"
#include "codec/pkcs10.h"
#include "codec/response.h"

static bool
check_cert_req(struct span in, struct fault *f)
{
	size_t count;

	return cert_req_messages_check(in, &count, NULL, f);
}

static bool
check_cert_rep(struct span in, struct fault *f)
{
	struct cert_rep_message m;

	return cert_rep_message_read(in, &m, f);
}

// One certificate: what stands inside is for those who judge it.
static bool
check_signed(struct span in, struct fault *f)
{
	struct span whole;

	if (!signed_object_take(&in, &whole, f))
		return false;
	return der_at_end(in) || malformed(f, "", "more than one element");
}

static bool
check_p10(struct span in, struct fault *f)
{
	struct pkcs10 p;

	return pkcs10_parse(&p, in, f);
}

// Challenge = { owf AlgorithmIdentifier?, witness, challenge, encryptedRand [0]? }
static bool
check_popdecc(struct span in, struct fault *f)
{
	struct span list, entry, octets;
	struct enveloped_data rand;
	struct algorithm owf;
	size_t count = 0;

	if (!der_take(&in, DER_SEQUENCE, &list) || !der_at_end(in) || der_at_end(list))
		return malformed(f, "", "not one SEQUENCE of challenges");
	while (!der_at_end(list)) {
		if (++count > CAP_CERT_REQ_MSGS)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d challenges", CAP_CERT_REQ_MSGS);
		if (!der_take(&list, DER_SEQUENCE, &entry))
			return malformed(f, "", "a Challenge is no SEQUENCE");
		if (der_next_is(entry, DER_SEQUENCE) ? !algorithm_take(&entry, &owf, f) : count == 1)
			return malformed(f, "owf", "the first Challenge does not name its one-way function");
		if (!der_take_octets(&entry, &octets) || !der_take_octets(&entry, &octets))
			return malformed(f, "", "a Challenge has no witness or no challenge");
		if (der_take(&entry, DER_CONTEXT_CONS(0), &octets) && (!enveloped_data_take(&octets, &rand, f) || !der_at_end(octets)))
			return malformed(f, "encryptedRand", "not one EnvelopedData");
		if (!der_at_end(entry))
			return malformed(f, "", "a Challenge holds something that does not belong there");
	}
	return true;
}

static bool
check_popdecr(struct span in, struct fault *f)
{
	struct span list, value;
	size_t count = 0;

	if (!der_take(&in, DER_SEQUENCE, &list) || !der_at_end(in) || der_at_end(list))
		return malformed(f, "", "not one SEQUENCE of INTEGERs");
	while (!der_at_end(list))
		if (++count > CAP_CERT_REQ_MSGS || !der_take_integer(&list, &value))
			return malformed(f, "", "not a list of few INTEGERs");
	return true;
}

static bool
check_krp(struct span in, struct fault *f)
{
	struct key_rec_rep r;

	return key_rec_rep_read(in, &r, f);
}

static bool
check_rr(struct span in, struct fault *f)
{
	size_t count;

	return rev_req_check(in, &count, NULL, f);
}

static bool
check_rp(struct span in, struct fault *f)
{
	struct rev_rep r;

	return rev_rep_read(in, &r, f);
}

// CAKeyUpdContent: three certificates, or [0] RootCaKeyUpdateContent.
static bool
check_ckuann(struct span in, struct fault *f)
{
	struct root_ca_key_update update;
	struct span contents;

	if (der_take(&in, DER_CONTEXT_CONS(0), &contents)) {
		struct span inner;
		if (!der_at_end(in) || !der_take(&contents, DER_SEQUENCE, &inner) || !der_at_end(contents))
			return malformed(f, "", "not one RootCaKeyUpdateContent");
		return root_ca_key_update_read(inner, &update, f);
	}
	if (!der_take(&in, DER_SEQUENCE, &contents) || !der_at_end(in))
		return malformed(f, "", "not one CAKeyUpdAnnContent");
	return signed_objects_check(contents, 3, 3, f);
}

static bool
check_rann(struct span in, struct fault *f)
{
	struct span contents, extensions;
	struct cert_id id;
	int32_t status;
	int64_t seconds;

	if (!der_take(&in, DER_SEQUENCE, &contents) || !der_at_end(in) || !der_take_int32(&contents, &status))
		return malformed(f, "", "not a RevAnnContent that begins with its status");
	if (!cert_id_take(&contents, &id, f)) {
		fault_within(f, "certId");
		return false;
	}
	if (!der_take_generalized_time(&contents, &seconds) || !der_take_generalized_time(&contents, &seconds))
		return malformed(f, "", "willBeRevokedAt or badSinceDate is no GeneralizedTime");
	if (!der_at_end(contents) && (!der_take(&contents, DER_SEQUENCE, &extensions) || !extensions_check(extensions, f)))
		return malformed(f, "crlDetails", "not a list of extensions");
	return der_at_end(contents) || malformed(f, "", "a RevAnnContent holds something after its crlDetails");
}

static bool
check_crlann(struct span in, struct fault *f)
{
	struct span list;

	if (!der_take(&in, DER_SEQUENCE, &list) || !der_at_end(in))
		return malformed(f, "", "not one SEQUENCE of CRLs");
	return signed_objects_check(list, 1, CAP_CERTIFICATES, f);
}

static bool
check_null(struct span in, struct fault *f)
{
	return (der_take_null(&in) && der_at_end(in)) || malformed(f, "", "a pkiConf must hold NULL");
}

static bool
check_itavs(struct span in, struct fault *f)
{
	size_t count;

	return itavs_check(in, &count, NULL, f);
}

static bool
check_error(struct span in, struct fault *f)
{
	struct error_content e;

	if (!error_content_take(&in, &e, f))
		return false;
	return der_at_end(in) || malformed(f, "", "more than one ErrorMsgContent");
}

static bool
check_cert_conf(struct span in, struct fault *f)
{
	size_t count;

	return cert_confirm_check(in, &count, NULL, f);
}

static bool
check_poll_req(struct span in, struct fault *f)
{
	size_t count;
	int32_t id;

	return poll_req_check(in, &count, &id, f);
}

static bool
check_poll_rep(struct span in, struct fault *f)
{
	size_t count;

	return poll_rep_check(in, &count, NULL, f);
}

// PKIMessages; the messages inside are parsed by pkimessage_parse(), which knows the depth.
static bool
check_nested(struct span in, struct fault *f)
{
	struct span list, inner;
	size_t count = 0;

	if (!der_take(&in, DER_SEQUENCE, &list) || !der_at_end(in))
		return malformed(f, "", "not one SEQUENCE of PKIMessages");
	while (!der_at_end(list)) {
		if (++count > CAP_BATCH)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d messages in one batch", CAP_BATCH);
		if (!der_take(&list, DER_SEQUENCE, &inner))
			return malformed(f, "", "a PKIMessage must be a SEQUENCE");
	}
	return count > 0 || malformed(f, "", "a nested message holds no message");
}

static bool (*const checks[BODY_COUNT])(struct span, struct fault *) = {
	[BODY_IR] = check_cert_req, [BODY_IP] = check_cert_rep, [BODY_CR] = check_cert_req, [BODY_CP] = check_cert_rep,
	[BODY_P10CR] = check_p10, [BODY_POPDECC] = check_popdecc, [BODY_POPDECR] = check_popdecr,
	[BODY_KUR] = check_cert_req, [BODY_KUP] = check_cert_rep, [BODY_KRR] = check_cert_req, [BODY_KRP] = check_krp,
	[BODY_RR] = check_rr, [BODY_RP] = check_rp, [BODY_CCR] = check_cert_req, [BODY_CCP] = check_cert_rep,
	[BODY_CKUANN] = check_ckuann, [BODY_CANN] = check_signed, [BODY_RANN] = check_rann, [BODY_CRLANN] = check_crlann,
	[BODY_PKICONF] = check_null, [BODY_NESTED] = check_nested, [BODY_GENM] = check_itavs, [BODY_GENP] = check_itavs,
	[BODY_ERROR] = check_error, [BODY_CERTCONF] = check_cert_conf, [BODY_POLLREQ] = check_poll_req, [BODY_POLLREP] = check_poll_rep,
};

bool
body_check(enum body body, struct span contents, struct fault *f)
{
	if (checks[body](contents, f))
		return true;
	fault_within(f, body_name(body));
	fault_within(f, "body");
	return false;
}
