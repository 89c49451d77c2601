// SPDX-License-Identifier: GPL-3.0-or-later
// Certification paths over any certificates and CRLs. An input is four octets
// and then DER elements one after the other: anchors, intermediates, CRLs, the
// target, candidates. Signatures are those of toy_crypto, and are made good
// again after a change (unless the input asks not to), so that what is behind
// them is reached. What must hold: a path that is accepted ends in an anchor of
// the set, each link of it holds when it is looked at again, no more than 64
// signatures are verified, and the verdict is the same each time.
#include <stdlib.h>

#include "base/memory.h"
#include "crypto/crypto.h"
#include "pki/algorithm.h"
#include "pki/path.h"
#include "tests/fuzz/der_change.h"
#include "tests/fuzz/toy_crypto.h"

enum { FLAG_BROKEN = 1, FLAG_FLOOR = 2, FLAG_CRLS = 4, FLAG_WARN = 8, FLAG_RA = 16, FLAG_USAGE = 32 };
enum { HEAD = 4, ANCHORS_MAX = 4, INTERMEDIATES_MAX = 4, CRLS_MAX = 4, ELEMENTS_MAX = 64 };
#define NOW INT64_C(1764000000)

struct input {
	unsigned flags;
	struct span elements[ELEMENTS_MAX];
	size_t count, anchors, intermediates, crls;
	struct span candidates;		// what follows the target
};

static void
must(bool ok)
{
	if (!ok)
		abort();
}

// ---- making signatures good

// The key of the first certificate of this subject.
static bool
find_key(const struct input *in, struct span subject, struct public_numbers *key)
{
	struct certificate c;

	for (size_t i = 0; i < in->count; i++)
		if (certificate_parse(&c, in->elements[i], NULL) && name_equal_canonical(c.subject, subject)
			&& algorithm_public_key(&c.public_key, key, NULL))
			return true;
	return false;
}

static void
resign(const struct input *in, struct span issuer, struct span body, struct span signature)
{
	struct public_numbers key;

	if (signature.len == TOY_SIGNATURE && find_key(in, issuer, &key))
		toy_sign(&key, body, (uint8_t *)(uintptr_t)signature.data);
}

static void
repair(const struct input *in)
{
	struct certificate c;
	struct crl crl;

	for (size_t i = 0; i < in->count; i++)
		if (certificate_parse(&c, in->elements[i], NULL))
			resign(in, c.issuer, c.tbs, c.signature);
		else if (crl_parse(&crl, in->elements[i], NULL))
			resign(in, crl.issuer, crl.tbs, crl.signature);
}

// ---- the input

static bool
read_input(struct input *in, struct span octets)
{
	if (octets.len < HEAD)
		return false;
	in->flags = octets.data[0];
	in->anchors = 1 + octets.data[1] % ANCHORS_MAX;
	in->intermediates = octets.data[2] % (INTERMEDIATES_MAX + 1);
	in->crls = octets.data[3] % (CRLS_MAX + 1);
	octets = span_of(octets.data + HEAD, octets.len - HEAD);
	while (in->count < ELEMENTS_MAX && der_take_whole(&octets, DER_SEQUENCE, &in->elements[in->count])) {
		in->count++;
		if (in->count == in->anchors + in->intermediates + in->crls + 1)
			in->candidates = octets;
	}
	return in->count > in->anchors + in->intermediates + in->crls;
}

static struct trust *
make_trust(struct input *in)
{
	struct trust_plan plan = {
		.name = "fuzz", .anchors = in->elements, .anchor_count = in->anchors,
		.intermediates = in->elements + in->anchors, .intermediate_count = in->intermediates,
		.crls = in->elements + in->anchors + in->intermediates, .crl_count = in->crls,
		.check_revocation = (in->flags & FLAG_CRLS) != 0, .missing = (in->flags & FLAG_WARN) != 0 ? REVOCATION_WARN : REVOCATION_REFUSE,
		.purpose = (in->flags & FLAG_RA) != 0 ? KP_CMC_RA : 0
	};
	struct fault f = { .set = false };
	struct trust *t = trust_new(&plan, &f);

	must((t == NULL) == f.set);
	return t;
}

// ---- looking again at a path that was accepted, with as little of pki/ as possible

static bool
signed_by(const struct certificate *c, const struct certificate *issuer)
{
	struct public_numbers key;
	uint8_t right[TOY_SIGNATURE];

	must(name_equal_canonical(c->issuer, issuer->subject) && algorithm_public_key(&issuer->public_key, &key, NULL));
	toy_sign(&key, c->tbs, right);
	return span_equal(c->signature, span_of(right, TOY_SIGNATURE));
}

static void
is_ca(const struct certificate *c)
{
	struct extension e;
	struct basic_constraints basic;
	unsigned usage;

	must(c->version == 3 && extension_find(c->extensions, CE_BASIC_CONSTRAINTS, &e) && basic_constraints_read(e.value, &basic, NULL) && basic.ca);
	must(!extension_find(c->extensions, CE_KEY_USAGE, &e) || (key_usage_read(e.value, &usage, NULL) && (usage & KU_KEY_CERT_SIGN) != 0));
}

static void
is_in_time(const struct certificate *c, const struct path_request *r)
{
	must(r->at <= c->not_after && (r->at_floor || c->not_before <= r->at));
}

static void
is_sound(const struct path_request *r, const struct path_result *result)
{
	struct certificate chain[PATH_MAX_CHAIN];
	const struct certificate *anchor = &result->anchor->view;
	bool found = false;

	for (size_t i = 0; i < trust_anchor_count(r->trust); i++)
		found = found || trust_anchor(r->trust, i) == result->anchor;
	must(found && result->count >= 1 && result->count <= PATH_MAX_CHAIN && span_equal(result->chain[0], r->target));
	for (size_t i = 0; i < result->count; i++) {
		must(certificate_parse(&chain[i], result->chain[i], NULL));
		is_in_time(&chain[i], r);
		must(i == 0 || signed_by(&chain[i - 1], &chain[i]));
		if (i > 0)
			is_ca(&chain[i]);
	}
	must(signed_by(&chain[result->count - 1], anchor));
	is_in_time(anchor, r);
}

static bool
judge(struct path_cache *cache, struct path_request *r, struct path_result *result, struct fault *f)
{
	uint64_t before = crypto_work().verifications;
	unsigned counter = 0;

	f->set = false;
	r->signatures = &counter;
	bool ok = path_validate_cached(cache, r, result, f);
	must(ok != f->set && counter <= PATH_MAX_SIGNATURES && crypto_work().verifications - before == counter);
	must(ok || (f->failure != FAIL_NONE && f->text[0] != '\0'));
	return ok;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return der_mutate(data, size, max, seed, HEAD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { 0 };
	struct path_result result, again;
	struct fault f, other;
	uint8_t *copy = mem_alloc(size);

	must(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	if (!read_input(&in, span_of(copy, size))) {
		mem_free(copy);
		return 0;
	}
	if ((in.flags & FLAG_BROKEN) == 0)
		repair(&in);
	struct trust *trust = make_trust(&in);
	if (trust != NULL) {
		struct path_cache *cache = path_cache_new(2, 3600);
		struct path_request r = {
			.target = in.elements[in.anchors + in.intermediates + in.crls], .candidates = in.candidates, .trust = trust, .at = NOW,
			.at_floor = (in.flags & FLAG_FLOOR) != 0, .key_usage = (in.flags & FLAG_USAGE) != 0 ? KU_DIGITAL_SIGNATURE : 0
		};
		must(cache != NULL);
		bool ok = judge(cache, &r, &result, &f);
		must(judge(NULL, &r, &again, &other) == ok && judge(cache, &r, &again, &other) == ok);
		must(ok ? again.anchor == result.anchor && again.valid_until == result.valid_until : other.failure == f.failure);
		if (ok)
			is_sound(&r, &result);
		path_cache_free(cache);
		trust_unref(trust);
	}
	mem_free(copy);
	return 0;
}
