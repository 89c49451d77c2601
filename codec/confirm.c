// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/confirm.h"

#include "codec/pkimessage.h"

bool
cert_status_take(struct span *in, struct cert_status *out, struct fault *f)
{
	struct span rest = *in, contents, alg;

	memset(out, 0, sizeof(*out));
	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "a CertStatus (SEQUENCE) was expected");
	if (!der_take_octets(&contents, &out->hash))
		return malformed(f, "certHash", "not an OCTET STRING");
	if (!der_take_int32(&contents, &out->cert_req_id))
		return malformed(f, "certReqId", "not an INTEGER of at most four octets");
	out->has_status = der_next_is(contents, DER_SEQUENCE);
	if (out->has_status && !status_info_take(&contents, &out->status, f)) {
		fault_within(f, "statusInfo");
		return false;
	}
	out->has_hash_alg = der_next_is(contents, DER_CONTEXT_CONS(0));
	if (out->has_hash_alg && (!der_take(&contents, DER_CONTEXT_CONS(0), &alg) || !algorithm_take(&alg, &out->hash_alg, f) || !der_at_end(alg)))
		return malformed(f, "hashAlg", "not one AlgorithmIdentifier");
	if (!der_at_end(contents))
		return malformed(f, "", "a CertStatus holds something that does not belong there");
	*in = rest;
	return true;
}

// The SEQUENCE around a list, and nothing behind it.
static bool
list_open(struct span in, struct span *list, struct fault *f)
{
	return (der_take(&in, DER_SEQUENCE, list) && der_at_end(in)) || malformed(f, "", "must be one SEQUENCE");
}

static bool
within(struct fault *f, size_t n)
{
	char at[24];

	fault_within(f, index_text(n, at));
	return false;
}

static bool
too_many(struct fault *f)
{
	return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d entries in one message", CAP_CERT_REQ_MSGS);
}

bool
cert_confirm_check(struct span whole, size_t *count, struct cert_status *first, struct fault *f)
{
	struct cert_status s;
	struct span list;

	*count = 0;
	if (!list_open(whole, &list, f))
		return false;
	while (!der_at_end(list)) {
		if (++*count > CAP_CERT_REQ_MSGS)
			return too_many(f);
		if (!cert_status_take(&list, &s, f))
			return within(f, *count - 1);
		if (*count == 1 && first != NULL)
			*first = s;
	}
	return true;
}

bool
poll_req_check(struct span whole, size_t *count, int32_t *id, struct fault *f)
{
	struct span list, entry;
	int32_t n;

	*count = 0;
	if (!list_open(whole, &list, f))
		return false;
	while (!der_at_end(list)) {
		if (++*count > CAP_CERT_REQ_MSGS)
			return too_many(f);
		if (!der_take(&list, DER_SEQUENCE, &entry) || !der_take_int32(&entry, &n) || !der_at_end(entry))
			return malformed(f, "", "an entry of a pollReq is not SEQUENCE { certReqId }");
		if (*count == 1)
			*id = n;
	}
	return *count > 0 || malformed(f, "", "a pollReq is empty");
}

bool
poll_rep_take(struct span *in, struct poll_rep *out, struct fault *f)
{
	struct span rest = *in, contents;
	int32_t after;

	memset(out, 0, sizeof(*out));
	if (!der_take(&rest, DER_SEQUENCE, &contents) || !der_take_int32(&contents, &out->cert_req_id)
	    || !der_take_int32(&contents, &after))
		return malformed(f, "", "an entry of a pollRep is not SEQUENCE { certReqId, checkAfter }");
	out->check_after = after;
	if (!der_at_end(contents) && !free_text_take(&contents, &out->reason, f)) {
		fault_within(f, "reason");
		return false;
	}
	if (!der_at_end(contents))
		return malformed(f, "", "an entry of a pollRep holds something after its reason");
	*in = rest;
	return true;
}

bool
poll_rep_check(struct span whole, size_t *count, struct poll_rep *first, struct fault *f)
{
	struct poll_rep p;
	struct span list;

	*count = 0;
	if (!list_open(whole, &list, f))
		return false;
	while (!der_at_end(list)) {
		if (++*count > CAP_CERT_REQ_MSGS)
			return too_many(f);
		if (!poll_rep_take(&list, &p, f))
			return within(f, *count - 1);
		if (*count == 1 && first != NULL)
			*first = p;
	}
	return *count > 0 || malformed(f, "", "a pollRep is empty");
}
