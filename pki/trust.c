// SPDX-License-Identifier: GPL-3.0-or-later
#include "pki/trust.h"

#include <stdio.h>

#include "base/memory.h"
#include "base/random.h"
#include "pki/private.h"

// ---- faults: "anchors[2]: ..." of the set NAME

static bool
within_item(struct fault *f, const char *list, size_t i)
{
	char item[40];

	snprintf(item, sizeof(item), "%s[%zu]", list, i);
	fault_within(f, item);
	return false;
}

static bool
no_memory(struct fault *f)
{
	return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "no memory for a set of trust anchors");
}

static bool
counts_check(const struct trust_plan *plan, struct fault *f)
{
	if (plan->anchor_count == 0)
		return fault_set(f, FAIL_NONE, "anchors", "there is not one");
	if (plan->anchor_count > TRUST_ANCHORS_MAX)
		return fault_set(f, FAIL_NONE, "anchors", "there are more than %d", TRUST_ANCHORS_MAX);
	if (plan->intermediate_count > TRUST_INTERMEDIATES_MAX)
		return fault_set(f, FAIL_NONE, "intermediates", "there are more than %d", TRUST_INTERMEDIATES_MAX);
	if (plan->point_count > TRUST_FENCES_MAX || plan->responder_count > TRUST_FENCES_MAX)
		return fault_set(f, FAIL_NONE, plan->point_count > TRUST_FENCES_MAX ? "points" : "ocsp", "there are more than %d",
			TRUST_FENCES_MAX);
	return plan->crl_count <= TRUST_CRLS_MAX || fault_set(f, FAIL_NONE, "crls", "there are more than %d", TRUST_CRLS_MAX);
}

// ---- room

static size_t
octets_of(const struct span *list, size_t count)
{
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += list[i].len;
	return sum;
}

static bool
make_room(struct trust *t, const struct trust_plan *plan, struct fault *f)
{
	size_t members = plan->anchor_count + plan->intermediate_count;

	t->octets = mem_alloc(octets_of(plan->anchors, plan->anchor_count)
		+ octets_of(plan->intermediates, plan->intermediate_count) + octets_of(plan->crls, plan->crl_count));
	t->members = mem_array(members, sizeof(t->members[0]));
	t->crls = mem_array(plan->crl_count, sizeof(t->crls[0]));
	t->names.room = 2 * members + plan->crl_count;
	t->names.list = mem_array(t->names.room, sizeof(t->names.list[0]));
	t->name = mem_text(plan->name);
	return (t->octets != NULL && t->members != NULL && t->crls != NULL && t->names.list != NULL && t->name != NULL) || no_memory(f);
}

// Copy octets behind those that are there.
static struct span
keep(struct trust *t, size_t *used, struct span octets)
{
	struct span kept = span_of(t->octets + *used, octets.len);

	if (octets.len > 0)
		memcpy(t->octets + *used, octets.data, octets.len);
	*used += octets.len;
	return kept;
}

// ---- certificates

static bool
digest_read(struct member *m, struct fault *f)
{
	uint8_t digest[DIGEST_MAX];

	if (!digest_of(DIGEST_SHA256, &m->of_set.view.whole, 1, digest))
		return no_memory(f);
	memcpy(m->of_set.digest, digest, sizeof(m->of_set.digest));
	return true;
}

static bool
member_add(struct trust *t, struct span octets, struct fault *f)
{
	struct member *m = &t->members[t->member_count];

	if (!member_read(m, octets, f) || !digest_read(m, f))
		return false;
	m->subject = name_number(NULL, &t->names, m->of_set.view.subject);
	m->issuer = name_number(NULL, &t->names, m->of_set.view.issuer);
	t->member_count++;
	return true;
}

// An anchor must be of use: refused here, where a person reads it, rather than at each message.
static bool
anchor_check(struct member *m, struct fault *f)
{
	struct fault why = { .set = false };
	struct facts again;

	if (!m->sound) {
		facts_read(&again, &m->of_set.view, &why);
		return member_blame(m, FAIL_NONE, f, "%s", why.text);
	}
	return member_read_key(m, &why) || fault_set(f, why.failure == FAIL_SYSTEM_UNAVAIL ? why.failure : FAIL_NONE, "", "%s", why.text);
}

static bool
anchors_add(struct trust *t, const struct trust_plan *plan, size_t *used, struct fault *f)
{
	for (size_t i = 0; i < plan->anchor_count; i++)
		if (!member_add(t, keep(t, used, plan->anchors[i]), f) || !anchor_check(&t->members[i], f))
			return within_item(f, "anchors", i);
	t->anchor_count = plan->anchor_count;
	return true;
}

// An intermediate that cannot be used (an algorithm of tomorrow) does no harm where it stands.
static bool
intermediates_add(struct trust *t, const struct trust_plan *plan, size_t *used, struct fault *f)
{
	for (size_t i = 0; i < plan->intermediate_count; i++) {
		struct fault why = { .set = false };
		if (!member_add(t, keep(t, used, plan->intermediates[i]), f))
			return within_item(f, "intermediates", i);
		if (!member_read_key(&t->members[t->member_count - 1], &why) && why.failure == FAIL_SYSTEM_UNAVAIL)
			return no_memory(f);
	}
	return true;
}

// ---- CRLs

bool
member_may_sign_crls(const struct member *m)
{
	return m->key == KEY_GOOD && m->sound && (!m->facts.has_key_usage || (m->facts.key_usage & KU_CRL_SIGN) != 0);
}

bool
trust_crl_signer(const struct trust *t, struct trust_crl *c, struct fault *f)
{
	struct fault why = { .set = false };
	bool named = false;
	char issuer[112];

	for (size_t i = 0; i < t->member_count; i++) {
		const struct member *m = &t->members[i];
		if (m->subject != c->issuer)
			continue;
		named = true;
		if (!member_may_sign_crls(m))
			continue;
		switch (verify_signature(&m->of_set.key, &c->view.signature_algorithm, c->view.tbs, c->view.signature, NULL, &why)) {
		case VERDICT_GOOD: c->signer = m; return true;
		case VERDICT_STOP: return no_memory(f);
		case VERDICT_BAD: break;
		}
	}
	return fault_set(f, FAIL_NONE, "", "the CRL of \"%s\" was issued by no certificate of the set: %s",
		name_text(c->view.issuer, issuer, sizeof(issuer)),
		!named ? "none has this name" : !why.set ? "those of this name may not sign CRLs (keyUsage)" : why.text);
}

static bool
crl_add(struct trust *t, struct span octets, struct fault *f)
{
	struct trust_crl *c = &t->crls[t->crl_count++];

	if (!crl_open(c, octets, f))
		return false;
	c->issuer = name_number(NULL, &t->names, c->view.issuer);
	return trust_crl_signer(t, c, f);
}

// Of two CRLs with one signer and one scope the newer one holds.
static void
supersede(struct trust *t)
{
	for (size_t i = 0; i < t->crl_count; i++)
		for (size_t k = 0; k < t->crl_count; k++) {
			struct trust_crl *old = &t->crls[i], *new = &t->crls[k];
			if (new->unusable == NULL && old->unusable == NULL && new->view.this_update > old->view.this_update
				&& member_same_entity(old->signer, new->signer) && span_equal(old->scope, new->scope))
				old->unusable = "there is a newer CRL of its issuer";
		}
}

static bool
crls_add(struct trust *t, const struct trust_plan *plan, size_t *used, struct fault *f)
{
	for (size_t i = 0; i < plan->crl_count; i++)
		if (!crl_add(t, keep(t, used, plan->crls[i]), f))
			return within_item(f, "crls", i);
	supersede(t);
	return true;
}

// ---- what may be fetched

static bool
fences_read(struct fences *out, const struct span *texts, size_t count, const char *list, struct fault *f)
{
	out->list = mem_array(count, sizeof(out->list[0]));
	if (out->list == NULL)
		return no_memory(f);
	for (; out->count < count; out->count++)
		if (!web_prefix_read(&out->list[out->count], texts[out->count], f))
			return within_item(f, list, out->count);
	return true;
}

static bool
fetching_set_up(struct trust *t, const struct trust_plan *plan, struct fault *f)
{
	size_t room = plan->fetching.crl_max * FETCHED_CRLS_KEPT;

	t->fetching = plan->fetching;
	if (plan->point_count + plan->responder_count == 0)
		return true;
	if (!fences_read(&t->points, plan->points, plan->point_count, "points", f)
		|| !fences_read(&t->responders, plan->responders, plan->responder_count, "ocsp", f))
		return false;
	t->fetched = fetched_new(room > FETCHED_OCTETS_MIN ? room : FETCHED_OCTETS_MIN);
	return t->fetched != NULL || no_memory(f);
}

// ---- the set

static bool
fill(struct trust *t, const struct trust_plan *plan, struct fault *f)
{
	size_t used = 0;

	t->check_revocation = plan->check_revocation;
	t->missing = plan->missing;
	t->purpose = plan->purpose;
	if (!random_octets(&t->serial, sizeof(t->serial)))
		return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "the kernel gives no random octets");
	return fetching_set_up(t, plan, f) && make_room(t, plan, f) && anchors_add(t, plan, &used, f)
		&& intermediates_add(t, plan, &used, f) && crls_add(t, plan, &used, f);
}

struct trust *
trust_new(const struct trust_plan *plan, struct fault *f)
{
	struct trust *t;

	if (!counts_check(plan, f))
		return NULL;
	t = mem_alloc(sizeof(*t));
	if (t == NULL) {
		no_memory(f);
		return NULL;
	}
	t->references = 1;
	if (!fill(t, plan, f)) {
		trust_unref(t);
		return NULL;
	}
	return t;
}

struct trust *
trust_ref(struct trust *t)
{
	atomic_fetch_add(&t->references, 1);
	return t;
}

void
trust_unref(struct trust *t)
{
	if (t == NULL || atomic_fetch_sub(&t->references, 1) > 1)
		return;
	for (size_t i = 0; i < t->crl_count; i++)
		crl_close(&t->crls[i]);
	fetched_free(t->fetched);
	mem_free(t->points.list);
	mem_free(t->responders.list);
	mem_free(t->crls);
	mem_free(t->members);
	mem_free(t->names.list);
	mem_free(t->octets);
	mem_free(t->name);
	mem_free(t);
}

const char *
trust_name(const struct trust *t)
{
	return t->name;
}

unsigned
trust_purpose(const struct trust *t)
{
	return t->purpose;
}

struct trust_fetching
trust_fetching(const struct trust *t)
{
	return t->fetching;
}

size_t
trust_anchor_count(const struct trust *t)
{
	return t->anchor_count;
}

const struct trust_certificate *
trust_anchor(const struct trust *t, size_t i)
{
	return &t->members[i].of_set;
}

uint64_t
trust_serial(const struct trust *t)
{
	return t->serial;
}
