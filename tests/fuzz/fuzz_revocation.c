// SPDX-License-Identifier: GPL-3.0-or-later
// What comes from responders and distribution points. An input is an octet of
// flags and then DER elements one after the other: the anchor, a certificate
// that it issued, and what is given for whatever is wanted, in this order, again
// and again. Signatures are those of toy_crypto; they, the hashes of CertIDs and
// the nonce are made right first (unless the input asks not to), so that what is
// behind them is reached. What must hold: a certificate that is taken for good is
// told to be good by an answer or a CRL that the anchor, or a responder of its,
// signed; the verdict is the same each time; and the bounds of the cache hold.
#include <stdlib.h>

#include "base/memory.h"
#include "codec/ocsp.h"
#include "codec/oid.h"
#include "crypto/digest.h"
#include "pki/algorithm.h"
#include "pki/fetched.h"
#include "pki/path.h"
#include "tests/fuzz/toy_crypto.h"

enum { FLAG_BROKEN = 1, FLAG_FLOOR = 2, FLAG_WARN = 4, FLAG_NONCE = 8 };
enum { HEAD = 1, ELEMENTS_MAX = 16, ROUNDS = 4, SHA1 = 20 };
#define NOW INT64_C(1764000000)

struct input {
	unsigned flags;
	struct span elements[ELEMENTS_MAX];
	size_t count, next;
	struct certificate anchor, leaf;
	struct public_numbers key;	// of the anchor
};

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static uint8_t *
writable(struct span s)
{
	return (uint8_t *)(uintptr_t)s.data;
}

// ---- making it right

static void
sign(const struct public_numbers *key, struct span body, struct span signature)
{
	if (signature.len == TOY_SIGNATURE)
		toy_sign(key, body, writable(signature));
}

static void
put_digest(struct span at, struct span of)
{
	uint8_t digest[DIGEST_MAX];

	if (at.len == SHA1 && digest_of(DIGEST_SHA1, &of, 1, digest))
		memcpy(writable(at), digest, SHA1);
}

static void
repair_answer(const struct input *in, const struct ocsp_response *r)
{
	struct span rest = r->certificates, whole;
	struct public_numbers key = in->key, other;
	struct ocsp_single single;
	struct certificate c;

	while (der_take_whole(&rest, DER_SEQUENCE, &whole))
		if (certificate_parse(&c, whole, NULL)) {
			sign(&in->key, c.tbs, c.signature);
			if (!r->by_key && name_equal_canonical(r->responder, c.subject) && algorithm_public_key(&c.public_key, &other, NULL))
				key = other;
		}
	rest = r->singles;
	while (ocsp_single_next(&rest, &single)) {
		put_digest(single.id.name_hash, in->leaf.issuer);
		put_digest(single.id.key_hash, in->anchor.public_key.key);
	}
	if (r->by_key)
		put_digest(r->responder, in->anchor.public_key.key);
	sign(&key, r->tbs, r->signature);
}

static void
repair(const struct input *in)
{
	struct ocsp_response r;
	struct crl crl;

	sign(&in->key, in->anchor.tbs, in->anchor.signature);
	sign(&in->key, in->leaf.tbs, in->leaf.signature);
	for (size_t i = 2; i < in->count; i++)
		if (ocsp_response_read(in->elements[i], &r, NULL) && r.status == OCSP_SUCCESSFUL)
			repair_answer(in, &r);
		else if (crl_parse(&crl, in->elements[i], NULL))
			sign(&in->key, crl.tbs, crl.signature);
}

// ---- the input

static bool
read_input(struct input *in, struct span octets)
{
	if (octets.len < HEAD)
		return false;
	in->flags = octets.data[0];
	octets = span_of(octets.data + HEAD, octets.len - HEAD);
	while (in->count < ELEMENTS_MAX && der_take_whole(&octets, DER_SEQUENCE, &in->elements[in->count]))
		in->count++;
	return in->count > 2 && certificate_parse(&in->anchor, in->elements[0], NULL) && certificate_parse(&in->leaf, in->elements[1], NULL)
		&& algorithm_public_key(&in->anchor.public_key, &in->key, NULL);
}

static struct trust *
make_trust(struct input *in)
{
	const struct span allowed = span_text("http://a/");
	struct trust_plan plan = {
		.name = "fuzz", .anchors = in->elements, .anchor_count = 1, .check_revocation = true, .points = &allowed, .point_count = 1,
		.responders = &allowed, .responder_count = 1, .fetching = { .timeout_ms = 1000, .crl_max = 65536 },
		.missing = (in->flags & FLAG_WARN) != 0 ? REVOCATION_WARN : REVOCATION_REFUSE,
	};
	struct fault f = { .set = false };

	return trust_new(&plan, &f);
}

// ---- looking again, with as little of pki/ as possible

static bool
signed_with(const struct public_numbers *key, struct span body, struct span signature)
{
	uint8_t right[TOY_SIGNATURE];

	toy_sign(key, body, right);
	return span_equal(signature, span_of(right, TOY_SIGNATURE));
}

static bool
signed_by_delegate(const struct input *in, const struct ocsp_response *r)
{
	struct span rest = r->certificates, whole, purposes, oid;
	struct public_numbers key;
	struct certificate c;
	struct extension e;

	while (der_take_whole(&rest, DER_SEQUENCE, &whole)) {
		if (!certificate_parse(&c, whole, NULL) || !signed_with(&in->key, c.tbs, c.signature) || !algorithm_public_key(&c.public_key, &key, NULL)
			|| !signed_with(&key, r->tbs, r->signature) || !extension_find(c.extensions, CE_EXT_KEY_USAGE, &e)
			|| !ext_key_usage_read(e.value, &purposes, NULL))
			continue;
		while (der_take_oid(&purposes, &oid))
			if (oid_find(oid) == OID_KP_OCSP_SIGNING)
				return true;
	}
	return false;
}

static bool
answer_says_good(const struct input *in, const struct ocsp_response *r)
{
	struct span rest = r->singles;
	struct ocsp_single single;

	if (r->status != OCSP_SUCCESSFUL || (!signed_with(&in->key, r->tbs, r->signature) && !signed_by_delegate(in, r)))
		return false;
	while (ocsp_single_next(&rest, &single))
		if (single.status == OCSP_GOOD && span_equal(single.id.serial, in->leaf.serial))
			return true;
	return false;
}

static bool
crl_says_good(const struct input *in, const struct crl *c)
{
	return signed_with(&in->key, c->tbs, c->signature) && name_equal_canonical(c->issuer, in->anchor.subject);
}

static void
is_told(const struct input *in)
{
	struct ocsp_response r;
	struct crl crl;

	for (size_t i = 2; i < in->count; i++)
		if ((ocsp_response_read(in->elements[i], &r, NULL) && answer_says_good(in, &r))
			|| (crl_parse(&crl, in->elements[i], NULL) && crl_says_good(in, &crl)))
			return;
	must(span_equal(in->anchor.whole, in->leaf.whole));	// an anchor is asked about by nobody else
}

// ---- running

static void
give(struct input *in, struct want *w)
{
	const struct judging now = { .at = NOW, .at_floor = (in->flags & FLAG_FLOOR) != 0 };
	struct span octets = in->elements[2 + in->next++ % (in->count - 2)];
	struct fault f = { .set = false };
	struct ocsp_response r;

	if ((in->flags & FLAG_NONCE) == 0 && ocsp_response_read(octets, &r, NULL) && r.status == OCSP_SUCCESSFUL && r.has_nonce)
		w->nonce = r.nonce;
	bool well = fetched_take(w, octets, &now, &f);
	must(well != f.set);
	struct fetched_counts counts = fetched_count(w->trust);
	must(counts.items <= FETCHED_ITEMS_MAX && counts.octets <= FETCHED_OCTETS_MIN);
	want_free(w);
}

static void
run(struct input *in, struct trust *trust)
{
	struct wants wants = { .count = 0 };
	struct path_request r = { .target = in->elements[1], .trust = trust, .at = NOW, .at_floor = (in->flags & FLAG_FLOOR) != 0 };
	struct path_result result;
	struct fault f, other;
	struct want *w;

	for (unsigned i = 0; i < ROUNDS; i++) {
		f.set = false;
		r.wants = &wants;
		bool ok = path_validate(&r, &result, &f);
		must(ok != f.set);
		must(!ok || result.revocation_unknown || !wants_are_needed(&wants));
		while ((w = wants_take(&wants)) != NULL)
			give(in, w);
	}
	r.wants = NULL;
	f.set = other.set = false;
	bool ok = path_validate(&r, &result, &f);
	if (ok && !result.revocation_unknown)
		is_told(in);
	must(path_validate(&r, &result, &other) == ok && (ok || f.failure == other.failure));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { 0 };
	uint8_t *copy = mem_alloc(size);

	must(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	if (read_input(&in, span_of(copy, size))) {
		if ((in.flags & FLAG_BROKEN) == 0)
			repair(&in);
		struct trust *trust = make_trust(&in);
		if (trust != NULL)
			run(&in, trust);
		trust_unref(trust);
	}
	mem_free(copy);
	return 0;
}
