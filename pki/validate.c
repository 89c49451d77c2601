// SPDX-License-Identifier: GPL-3.0-or-later
// RFC 5280 6.1 in its own order. Certificates run from the one that the anchor
// issued (i = 1) to the target (i = n). What it says of a policy tree is left
// out: without one, "an explicit policy is required" means no (RFC 9618 tells
// why trees are dangerous, docs/decisions.md why none is needed).
#include "pki/private.h"
#include "pki/subtree.h"

struct state {
	const struct prospect *p;
	const struct member *issuers[PATH_MAX_CHAIN + 1];	// working_issuer_name and working_public_key, last; the anchor first
	size_t issuer_count;
	const struct name_constraints *constraints[PATH_MAX_CHAIN + 1];
	size_t constraint_count;	// each one narrows (intersection) and excludes (union)
	int64_t max_path_length;
	int64_t explicit_policy;
	bool revocation_unknown;
	int64_t valid_until, until;
	struct fault pending;		// whether a certificate is revoked has to be fetched first
	struct fault *f;
};

static int64_t
lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool
is_self_issued(const struct member *m)
{
	return m->subject == m->issuer;
}

static const struct member *
working(const struct state *s)
{
	return s->issuers[s->issuer_count - 1];
}

static bool
refuse(const struct state *s, const struct member *m, const char *why)
{
	return member_blame(m, FAIL_SIGNER_NOT_TRUSTED, s->f, "%s", why);
}

// ---- what several steps look at

// Extensions that cannot be processed were only marked when they were read; now it matters which one it is.
static bool
extensions_processed(const struct state *s, const struct member *m)
{
	struct fault why = { .set = false };
	struct facts again;

	if (m->sound)
		return true;
	facts_read(&again, &m->of_set.view, &why);
	return member_blame(m, FAIL_SIGNER_NOT_TRUSTED, s->f, "%s%s%s", why.path, why.path[0] != '\0' ? ": " : "", why.text);
}

static bool
validity_includes_now(struct state *s, const struct member *m)
{
	const struct path_request *r = s->p->request;
	char date[MOMENT_TEXT];

	if (r->at > m->of_set.view.not_after)
		return member_blame(m, FAIL_SIGNER_NOT_TRUSTED, s->f, "it expired on %s", moment_text(m->of_set.view.not_after, date));
	if (r->at < m->of_set.view.not_before && !r->at_floor)
		return member_blame(m, FAIL_SIGNER_NOT_TRUSTED, s->f, "it is not valid before %s", moment_text(m->of_set.view.not_before, date));
	s->valid_until = lesser(s->valid_until, m->of_set.view.not_after);
	return true;
}

// May this certificate be an issuer? 6.1.4 (k) and (n).
static bool
is_ca(const struct state *s, const struct member *m)
{
	if (!m->facts.has_basic || !m->facts.basic.ca)
		return refuse(s, m, "it is not the certificate of a CA, and yet others were issued with its key");
	return !m->facts.has_key_usage || (m->facts.key_usage & KU_KEY_CERT_SIGN) != 0
		|| refuse(s, m, "its keyUsage does not allow it to issue certificates");
}

// Constraints that a CA lays on what follows: 6.1.4 (g), (i), (m).
static void
take_constraints(struct state *s, const struct member *m)
{
	if (m->facts.has_constraints)
		s->constraints[s->constraint_count++] = &m->facts.constraints;
	if (m->facts.has_explicit_policy)
		s->explicit_policy = lesser(s->explicit_policy, m->facts.explicit_policy);
	if (m->facts.has_basic && m->facts.basic.has_path_len)
		s->max_path_length = lesser(s->max_path_length, m->facts.basic.path_len);
}

// It is the issuer of what follows: 6.1.4 (c) to (f).
static void
become_issuer(struct state *s, const struct member *m)
{
	s->issuers[s->issuer_count++] = m;
}

// ---- 6.1.2 Initialization, from the anchor. Its own constraints count (6.2
// allows that); an anchor of v1 or v2 is a CA because the operator says so.
// An
// anchor that is the target needs to be no CA, and does not constrain itself.
static bool
initialize(struct state *s)
{
	const struct member *anchor = s->p->anchor;
	bool is_target = s->p->count == 1 && span_equal(anchor->of_set.view.whole, s->p->chain[0]->of_set.view.whole);

	s->max_path_length = (int64_t)s->p->count;
	s->explicit_policy = (int64_t)s->p->count + 1;
	s->valid_until = s->until = INT64_MAX;
	if (!validity_includes_now(s, anchor) || !extensions_processed(s, anchor))
		return false;
	become_issuer(s, anchor);
	if (is_target)
		return true;
	if (anchor->of_set.view.version == 3 && !is_ca(s, anchor))
		return false;
	take_constraints(s, anchor);
	return true;
}

// ---- 6.1.3 Basic Certificate Processing

// (a) (3)
static bool
is_not_revoked(struct state *s, const struct member *m)
{
	const struct path_request *r = s->p->request;
	const struct member *issuers[PATH_MAX_CHAIN + 1];
	struct fault why = { .set = false };

	if (!r->trust->check_revocation)
		return true;
	for (size_t i = 0; i < s->issuer_count; i++)
		issuers[i] = s->issuers[s->issuer_count - 1 - i];
	struct revocation_question q = {
		.trust = r->trust, .certificate = m, .issuers = issuers, .issuer_count = s->issuer_count, .at = r->at, .at_floor = r->at_floor,
		.wants = r->wants,
	};
	switch (revocation_ask(&q, s->p->edges, &s->until, &why)) {
	case REVOCATION_GOOD:
		return true;
	case REVOCATION_UNKNOWN:
		s->revocation_unknown = true;
		if (r->trust->missing == REVOCATION_WARN)
			return true;
		if (r->wants == NULL || !wants_are_needed(r->wants))
			break;
		// What else is wanted, or wrong, is found out at once.
		if (!s->pending.set)
			s->pending = why;
		return true;
	case REVOCATION_REVOKED: case REVOCATION_STOP:
		break;
	}
	return fault_set(s->f, why.failure, why.path, "%s", why.text);
}

// (b) and (c)
static bool
names_are_within(struct state *s, const struct member *m)
{
	struct fault why = { .set = false };

	for (size_t i = 0; i < s->constraint_count; i++)
		if (!subtrees_admit(s->constraints[i], m->of_set.view.subject, m->facts.alt_names, &why))
			return refuse(s, m, why.text);
	return true;
}

static bool
process_certificate(struct state *s, const struct member *m, bool is_final)
{
	// (a) (1): its signature was verified when its issuer was found.
	// Step (o) of 6.1.4 and (f) of 6.1.5, first: extensions that are not understood say nothing below.
	if (!extensions_processed(s, m) || !validity_includes_now(s, m) || !is_not_revoked(s, m))	// (a) (2), (3)
		return false;
	if (m->issuer != working(s)->subject)								// (a) (4)
		return refuse(s, m, "its issuer is not the subject of the certificate above it");
	if ((!is_self_issued(m) || is_final) && !names_are_within(s, m))				// (b), (c)
		return false;
	return s->explicit_policy > 0									// (f)
		|| refuse(s, m, "a CA of its path requires an explicit policy, which is not processed here");
}

// ---- 6.1.4 Preparation for Certificate i+1
static bool
prepare_for_next(struct state *s, const struct member *m)
{
	if (m->of_set.view.version != 3)								// (k)
		return refuse(s, m, "it is of version 1 or 2, and cannot be the certificate of a CA");
	if (!is_ca(s, m))										// (k), (n)
		return false;
	if (!is_self_issued(m) && s->explicit_policy > 0)						// (h)
		s->explicit_policy--;
	if (!is_self_issued(m) && s->max_path_length-- <= 0)						// (l)
		return refuse(s, m, "the path is longer than a CA above it allows (pathLenConstraint)");
	become_issuer(s, m);										// (c) to (f)
	take_constraints(s, m);										// (g), (i), (m)
	return true;
}

// ---- 6.1.5 Wrap-Up Procedure
static bool
wrap_up(struct state *s, const struct member *target)
{
	const struct facts *facts = &target->facts;
	unsigned wanted = s->p->request->key_usage;

	if (s->explicit_policy > 0)									// (a)
		s->explicit_policy--;
	if (facts->has_explicit_policy && facts->explicit_policy == 0)					// (b)
		s->explicit_policy = 0;
	if (s->explicit_policy == 0)									// (g)
		return refuse(s, target, "an explicit policy is required, which is not processed here");
	for (unsigned n = 0; n < KU_BITS; n++)
		if (facts->has_key_usage && (wanted & ~facts->key_usage & 1u << n) != 0)
			return member_blame(target, FAIL_SIGNER_NOT_TRUSTED, s->f, "its keyUsage lacks %s", key_usage_name(n));
	return true;
}

// ---- purposes (4.2.1.12), last of all: nothing else is wrong when one is missing

static const char *
purpose_text(unsigned n)
{
	return n == KP_CMC_CA ? "cmcCA" : n == KP_CMC_RA ? "cmcRA" : n == KP_CM_KGA ? "cmKGA" : "that is wanted";
}

// The target must have it. A CA that has the extension at all must have it too:
// that is how CAs limit what those below them may certify.
static bool
has_purpose(struct state *s, unsigned n)
{
	const struct prospect *p = s->p;

	if (n == 0)
		return true;
	for (size_t i = p->count; i > 0; i--) {
		const struct member *m = p->chain[i - 1];
		bool may_lack = i > 1 && m->facts.purposes.len == 0;
		if (!may_lack && !facts_have_purpose(&m->facts, n))
			return member_blame(m, FAIL_NOT_AUTHORIZED, s->f, "it lacks the purpose %s (id-kp %u) in its extKeyUsage",
				purpose_text(n), n);
	}
	return true;
}

static void
tell(const struct state *s, struct path_result *out, int64_t *until)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < s->p->count; i++)
		out->chain[i] = s->p->chain[i]->of_set.view.whole;
	out->count = s->p->count;
	out->anchor = &s->p->anchor->of_set;
	out->revocation_unknown = s->revocation_unknown;
	out->valid_until = s->valid_until;
	*until = lesser(s->valid_until, s->until);
}

static bool
process(struct state *s, size_t *passed)
{
	const struct prospect *p = s->p;

	*passed = 0;
	if (!initialize(s))
		return false;
	for (size_t i = p->count; i > 0; i--, ++*passed)
		if (!process_certificate(s, p->chain[i - 1], i == 1) || (i > 1 && !prepare_for_next(s, p->chain[i - 1])))
			return false;
	return wrap_up(s, p->chain[0]) && has_purpose(s, p->request->purpose) && has_purpose(s, p->request->trust->purpose);
}

bool
prospect_validate(const struct prospect *p, struct path_result *out, size_t *passed, int64_t *until, struct fault *f)
{
	struct state s = { .p = p, .f = f };
	struct wants *wants = p->request->wants;
	size_t wanted = wants != NULL ? wants->count : 0;

	// Nothing is fetched for a path that is none.
	if (!process(&s, passed)) {
		wants_drop_needed(wants, wanted);
		return false;
	}
	if (s.pending.set)
		return fault_set(f, s.pending.failure, s.pending.path, "%s", s.pending.text);
	tell(&s, out, until);
	return true;
}
