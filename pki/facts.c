// SPDX-License-Identifier: GPL-3.0-or-later
#include "pki/facts.h"

#include "codec/oid.h"

// ---- one reader for each extension

static bool
read_basic(struct facts *out, const struct extension *e, struct fault *f)
{
	out->has_basic = true;
	return basic_constraints_read(e->value, &out->basic, f);
}

static bool
read_key_usage(struct facts *out, const struct extension *e, struct fault *f)
{
	out->has_key_usage = true;
	return key_usage_read(e->value, &out->key_usage, f);
}

static bool
read_subject_key_id(struct facts *out, const struct extension *e, struct fault *f)
{
	return subject_key_id_read(e->value, &out->subject_key_id, f);
}

static bool
read_authority_key_id(struct facts *out, const struct extension *e, struct fault *f)
{
	out->has_authority = true;
	return authority_key_id_read(e->value, &out->authority, f);
}

static bool
read_alt_names(struct facts *out, const struct extension *e, struct fault *f)
{
	return alt_names_read(e->value, &out->alt_names, f);
}

static bool
read_issuer_alt_names(struct facts *out, const struct extension *e, struct fault *f)
{
	return alt_names_read(e->value, &out->issuer_alt_names, f);
}

static bool
read_constraints(struct facts *out, const struct extension *e, struct fault *f)
{
	out->has_constraints = true;
	return name_constraints_read(e->value, &out->constraints, f);
}

static bool
read_purposes(struct facts *out, const struct extension *e, struct fault *f)
{
	return ext_key_usage_read(e->value, &out->purposes, f);
}

static bool
read_crl_points(struct facts *out, const struct extension *e, struct fault *f)
{
	return crl_points_read(e->value, &out->crl_points, f);
}

// id-qt 1 and 2 (1.3.6.1.5.5.7.2.n): CPS pointer and user notice, which ask nothing of us.
static bool
is_known_qualifier(struct span oid)
{
	static const uint8_t qt[] = { 0x2B, 6, 1, 5, 5, 7, 2 };

	return oid.len == sizeof(qt) + 1 && memcmp(oid.data, qt, sizeof(qt)) == 0 && (oid.data[sizeof(qt)] == 1 || oid.data[sizeof(qt)] == 2);
}

static bool
qualifiers_are_known(struct span qualifiers)
{
	struct span body, oid;

	while (der_take(&qualifiers, DER_SEQUENCE, &body))
		if (!der_take_oid(&body, &oid) || !is_known_qualifier(oid))
			return false;
	return true;
}

// RFC 5280 4.2.1.4: a critical extension must be understood with its qualifiers.
static bool
read_policies(struct facts *out, const struct extension *e, struct fault *f)
{
	struct span policies;
	struct policy policy;

	(void)out;
	if (!policies_read(e->value, &policies, f))
		return false;
	while (e->critical && policy_next(&policies, &policy))
		if (!qualifiers_are_known(policy.qualifiers))
			return fault_set(f, FAIL_UNACCEPTED_POLICY, "certificatePolicies", "a policy has a qualifier that is not known");
	return true;
}

// No policy is ever mapped here (docs/decisions.md), so a CA that insists is
// refused. RFC 5280 6.1.4 (a): anyPolicy is never mapped by anybody.
static bool
read_policy_mappings(struct facts *out, const struct extension *e, struct fault *f)
{
	struct policy_mapping m;
	struct span mappings;

	(void)out;
	if (!policy_mappings_read(e->value, &mappings, f))
		return false;
	while (policy_mapping_next(&mappings, &m))
		if (oid_find(m.issuer_policy) == OID_ANY_POLICY || oid_find(m.subject_policy) == OID_ANY_POLICY)
			return fault_set(f, FAIL_UNACCEPTED_POLICY, "policyMappings", "they map anyPolicy");
	return !e->critical || fault_set(f, FAIL_UNACCEPTED_POLICY, "policyMappings", "they are critical, and not processed here");
}

static bool
read_policy_constraints(struct facts *out, const struct extension *e, struct fault *f)
{
	struct policy_constraints c;

	if (!policy_constraints_read(e->value, &c, f))
		return false;
	out->has_explicit_policy = c.has_require_explicit;
	out->explicit_policy = c.require_explicit;
	return true;
}

static bool
read_inhibit_any_policy(struct facts *out, const struct extension *e, struct fault *f)
{
	int64_t skip;

	(void)out;
	return inhibit_any_policy_read(e->value, &skip, f);
}

static const struct { enum ce n; bool (*read)(struct facts *out, const struct extension *e, struct fault *f); } known[] = {
	{ CE_BASIC_CONSTRAINTS, read_basic }, { CE_KEY_USAGE, read_key_usage }, { CE_SUBJECT_KEY_ID, read_subject_key_id },
	{ CE_AUTHORITY_KEY_ID, read_authority_key_id }, { CE_SUBJECT_ALT_NAME, read_alt_names },
	{ CE_ISSUER_ALT_NAME, read_issuer_alt_names }, { CE_NAME_CONSTRAINTS, read_constraints },
	{ CE_EXT_KEY_USAGE, read_purposes }, { CE_CRL_POINTS, read_crl_points }, { CE_POLICIES, read_policies },
	{ CE_POLICY_MAPPINGS, read_policy_mappings }, { CE_POLICY_CONSTRAINTS, read_policy_constraints },
	{ CE_INHIBIT_ANY_POLICY, read_inhibit_any_policy }
};

static bool
read_one(struct facts *out, const struct extension *e, struct fault *f)
{
	char text[OID_TEXT_MAX];
	unsigned n = oid_ce(e->oid);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((unsigned)known[i].n == n)
			return known[i].read(out, e, f);
	if (oid_find(e->oid) == OID_OCSP_NO_CHECK && span_equal(e->value, span_of("\x05", 2)))
		return out->ocsp_no_check = true;
	return !e->critical || fault_set(f, FAIL_UNACCEPTED_EXTENSION, "", "its extension %.80s is critical, and not processed here",
		oid_text(e->oid, text, sizeof(text)));
}

bool
facts_read(struct facts *out, const struct certificate *c, struct fault *f)
{
	struct span rest = c->extensions;
	struct extension e;

	memset(out, 0, sizeof(*out));
	while (extension_next(&rest, &e))
		if (!read_one(out, &e, f))
			return false;
	return true;
}

bool
facts_have_purpose(const struct facts *facts, unsigned n)
{
	struct span rest = facts->purposes, oid;

	while (der_take_oid(&rest, &oid))
		if (oid_kp(oid) == n || oid_find(oid) == OID_ANY_PURPOSE)
			return true;
	return false;
}
