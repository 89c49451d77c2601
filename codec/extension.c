// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/extension.h"

#include "codec/pkimessage.h"

// ---- the list

bool
extension_next(struct span *rest, struct extension *out)
{
	return extension_take(rest, out, NULL);
}

unsigned
oid_ce(struct span oid)
{
	return oid.len == 3 && oid.data[0] == 0x55 && oid.data[1] == 0x1D ? oid.data[2] : 0;
}

bool
oid_is_info_access(struct span oid)
{
	static const uint8_t pe[] = { 0x2B, 6, 1, 5, 5, 7, 1 };

	return oid.len == sizeof(pe) + 1 && memcmp(oid.data, pe, sizeof(pe)) == 0
		&& (oid.data[sizeof(pe)] == 1 || oid.data[sizeof(pe)] == 11);
}

bool
extension_find(struct span contents, enum ce n, struct extension *out)
{
	while (extension_next(&contents, out))
		if (oid_ce(out->oid) == (unsigned)n)
			return true;
	return false;
}

// ---- pieces of the readers

// The value is exactly one element of this tag.
static bool
only(struct span value, uint8_t tag, struct span *contents)
{
	return der_take(&value, tag, contents) && der_at_end(value);
}

static bool
not_as_typed(struct fault *f, const char *what)
{
	return fault_set(f, FAIL_BAD_DATA_FORMAT, what, "the value is not what its type prescribes");
}

// A named-bit list of at most `most` bits from the contents of a BIT STRING; zero bits at its end are no DER.
static bool
named_bits(struct span octets, unsigned unused, unsigned most, unsigned *bits)
{
	unsigned count = (unsigned)octets.len * 8 - unused;

	if (octets.len > 2 || count == 0 || count > most)
		return false;
	*bits = 0;
	for (unsigned i = 0; i < count; i++)
		if ((octets.data[i / 8] & (0x80u >> (i % 8))) != 0)
			*bits |= 1u << i;
	return (*bits >> (count - 1) & 1) == 1;
}

// The same for [n] IMPLICIT BIT STRING.
static bool
implicit_bits(struct span contents, unsigned most, unsigned *bits)
{
	if (contents.len == 0 || contents.data[0] > 7 || (contents.len == 1 && contents.data[0] != 0))
		return false;
	unsigned unused = contents.data[0];
	if (contents.len > 1 && (contents.data[contents.len - 1] & ((1u << unused) - 1)) != 0)
		return false;
	return named_bits(span_of(contents.data + 1, contents.len - 1), unused, most, bits);
}

static bool
minimal(struct span v)
{
	return v.len == 1 || (v.len > 1 && !(v.data[0] == 0 && v.data[1] < 0x80) && !(v.data[0] == 0xFF && v.data[1] >= 0x80));
}

// Check a list of 1..CAP_EXTENSION_LIST items, each taken by `take`.
static bool
list_read(struct span value, bool (*take)(struct span *rest), struct span *items, const char *what, struct fault *f)
{
	struct span rest;
	unsigned count = 0;

	if (!only(value, DER_SEQUENCE, &rest) || der_at_end(rest))
		return not_as_typed(f, what);
	*items = rest;
	for (; !der_at_end(rest); count++) {
		if (count == CAP_EXTENSION_LIST)
			return fault_set(f, FAIL_BAD_REQUEST, what, "there are more than %d items", CAP_EXTENSION_LIST);
		if (!take(&rest))
			return not_as_typed(f, what);
	}
	return true;
}

// ---- certificates

bool
basic_constraints_read(struct span value, struct basic_constraints *out, struct fault *f)
{
	struct span body;

	*out = (struct basic_constraints){ 0 };
	if (!only(value, DER_SEQUENCE, &body))
		return not_as_typed(f, "basicConstraints");
	if (der_next_is(body, DER_BOOLEAN) && (!der_take_boolean(&body, &out->ca) || !out->ca))
		return fault_set(f, FAIL_BAD_DATA_FORMAT, "basicConstraints.cA", "DER writes TRUE here or nothing");
	out->has_path_len = der_next_is(body, DER_INTEGER);
	if (out->has_path_len && (!der_take_int32(&body, &out->path_len) || out->path_len < 0))
		return not_as_typed(f, "basicConstraints.pathLenConstraint");
	return der_at_end(body) || not_as_typed(f, "basicConstraints");
}

bool
key_usage_read(struct span value, unsigned *bits, struct fault *f)
{
	struct span octets;
	unsigned unused;

	return (der_take_bits(&value, &octets, &unused) && der_at_end(value) && named_bits(octets, unused, KU_BITS, bits))
		|| not_as_typed(f, "keyUsage");
}

const char *
key_usage_name(unsigned n)
{
	static const char *const names[KU_BITS] = {
		"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign",
		"cRLSign", "encipherOnly", "decipherOnly"
	};

	return n < KU_BITS ? names[n] : NULL;
}

static bool
take_purpose(struct span *rest)
{
	struct span oid;

	return der_take_oid(rest, &oid);
}

bool
ext_key_usage_read(struct span value, struct span *oids, struct fault *f)
{
	return list_read(value, take_purpose, oids, "extKeyUsage", f);
}

bool
alt_names_read(struct span value, struct span *names, struct fault *f)
{
	if (!only(value, DER_SEQUENCE, names))
		return not_as_typed(f, "GeneralNames");
	return general_names_read(*names, f);
}

bool
subject_key_id_read(struct span value, struct span *id, struct fault *f)
{
	return (only(value, DER_OCTET_STRING, id) && id->len > 0) || not_as_typed(f, "subjectKeyIdentifier");
}

// RFC 5280 4.2.1.1: issuer and serial come together or not at all.
bool
authority_key_id_read(struct span value, struct authority_key_id *out, struct fault *f)
{
	struct span body;
	bool issuer, serial;

	*out = (struct authority_key_id){ 0 };
	if (!only(value, DER_SEQUENCE, &body) || !der_take_optional(&body, DER_CONTEXT(0), &out->has_key_id, &out->key_id)
		|| !der_take_optional(&body, DER_CONTEXT_CONS(1), &issuer, &out->issuer)
		|| !der_take_optional(&body, DER_CONTEXT(2), &serial, &out->serial) || !der_at_end(body)
		|| issuer != serial || (serial && !minimal(out->serial)))
		return not_as_typed(f, "authorityKeyIdentifier");
	if (issuer && !general_names_read(out->issuer, f)) {
		fault_within(f, "authorityKeyIdentifier");
		return false;
	}
	return true;
}

bool
distribution_point_name_read(struct span contents, struct distribution_point_name *out, struct fault *f)
{
	uint8_t tag;
	struct span value;

	*out = (struct distribution_point_name){ 0 };
	if (!der_take_any(&contents, &tag, &value, NULL) || !der_at_end(contents))
		return not_as_typed(f, "distributionPoint");
	if (tag == DER_CONTEXT_CONS(0)) {
		out->full = value;
		return general_names_read(value, f);
	}
	out->relative = value;
	return (tag == DER_CONTEXT_CONS(1) && value.len > 0) || not_as_typed(f, "distributionPoint");
}

// RFC 5280 4.2.1.13: reasons alone name no CRL.
bool
distribution_point_next(struct span *rest, struct distribution_point *out)
{
	struct span in = *rest, body, name, reasons;
	bool has_name, has_issuer;

	*out = (struct distribution_point){ 0 };
	if (!der_take(&in, DER_SEQUENCE, &body) || !der_take_optional(&body, DER_CONTEXT_CONS(0), &has_name, &name)
		|| !der_take_optional(&body, DER_CONTEXT(1), &out->has_reasons, &reasons)
		|| !der_take_optional(&body, DER_CONTEXT_CONS(2), &has_issuer, &out->crl_issuer) || !der_at_end(body))
		return false;
	if ((has_name && !distribution_point_name_read(name, &out->name, NULL))
		|| (out->has_reasons && !implicit_bits(reasons, 9, &out->reasons))
		|| (has_issuer && !general_names_read(out->crl_issuer, NULL)) || (!has_name && !has_issuer))
		return false;
	*rest = in;
	return true;
}

static bool
take_point(struct span *rest)
{
	struct distribution_point point;

	return distribution_point_next(rest, &point);
}

bool
crl_points_read(struct span value, struct span *points, struct fault *f)
{
	return list_read(value, take_point, points, "cRLDistributionPoints", f);
}

bool
access_description_next(struct span *rest, struct access_description *out)
{
	struct span in = *rest, body;

	if (!der_take(&in, DER_SEQUENCE, &body) || !der_take_oid(&body, &out->method)
		|| !general_name_read(&body, &out->location, NULL) || !der_at_end(body))
		return false;
	*rest = in;
	return true;
}

static bool
take_access(struct span *rest)
{
	struct access_description description;

	return access_description_next(rest, &description);
}

bool
info_access_read(struct span value, struct span *descriptions, struct fault *f)
{
	return list_read(value, take_access, descriptions, "authorityInfoAccess", f);
}

// RFC 5280 4.2.1.10: minimum is 0, which DER leaves out, and maximum is absent.
bool
subtree_next(struct span *rest, struct general_name *base)
{
	struct span in = *rest, body;

	if (!der_take(&in, DER_SEQUENCE, &body) || !general_name_read(&body, base, NULL) || !der_at_end(body))
		return false;
	*rest = in;
	return true;
}

static bool
subtrees_check(struct span contents, const char *what, struct fault *f)
{
	struct general_name base;
	unsigned count = 0;

	for (; !der_at_end(contents); count++) {
		if (count == CAP_EXTENSION_LIST)
			return fault_set(f, FAIL_BAD_REQUEST, what, "there are more than %d items", CAP_EXTENSION_LIST);
		if (!subtree_next(&contents, &base))
			return not_as_typed(f, what);
	}
	return count > 0 || not_as_typed(f, what);
}

bool
name_constraints_read(struct span value, struct name_constraints *out, struct fault *f)
{
	struct span body;
	bool permitted, excluded;

	*out = (struct name_constraints){ 0 };
	if (!only(value, DER_SEQUENCE, &body) || !der_take_optional(&body, DER_CONTEXT_CONS(0), &permitted, &out->permitted)
		|| !der_take_optional(&body, DER_CONTEXT_CONS(1), &excluded, &out->excluded) || !der_at_end(body)
		|| (!permitted && !excluded))
		return not_as_typed(f, "nameConstraints");
	return (!permitted || subtrees_check(out->permitted, "nameConstraints.permittedSubtrees", f))
		&& (!excluded || subtrees_check(out->excluded, "nameConstraints.excludedSubtrees", f));
}

// A qualifier is an OID and a value that stays as it is.
static bool
qualifiers_check(struct span contents)
{
	struct span body, oid;
	uint8_t tag;

	if (der_at_end(contents))
		return false;
	while (!der_at_end(contents))
		if (!der_take(&contents, DER_SEQUENCE, &body) || !der_take_oid(&body, &oid)
			|| !der_take_any(&body, &tag, NULL, NULL) || !der_at_end(body))
			return false;
	return true;
}

bool
policy_next(struct span *rest, struct policy *out)
{
	struct span in = *rest, body;
	bool present;

	*out = (struct policy){ 0 };
	if (!der_take(&in, DER_SEQUENCE, &body) || !der_take_oid(&body, &out->oid)
		|| !der_take_optional(&body, DER_SEQUENCE, &present, &out->qualifiers) || !der_at_end(body)
		|| (present && !qualifiers_check(out->qualifiers)))
		return false;
	*rest = in;
	return true;
}

static bool
take_policy(struct span *rest)
{
	struct policy policy;

	return policy_next(rest, &policy);
}

bool
policies_read(struct span value, struct span *policies, struct fault *f)
{
	return list_read(value, take_policy, policies, "certificatePolicies", f);
}

bool
policy_mapping_next(struct span *rest, struct policy_mapping *out)
{
	struct span in = *rest, body;

	if (!der_take(&in, DER_SEQUENCE, &body) || !der_take_oid(&body, &out->issuer_policy)
		|| !der_take_oid(&body, &out->subject_policy) || !der_at_end(body))
		return false;
	*rest = in;
	return true;
}

static bool
take_mapping(struct span *rest)
{
	struct policy_mapping mapping;

	return policy_mapping_next(rest, &mapping);
}

bool
policy_mappings_read(struct span value, struct span *mappings, struct fault *f)
{
	return list_read(value, take_mapping, mappings, "policyMappings", f);
}

// SkipCerts under [n] IMPLICIT, if it is next.
static bool
take_skip(struct span *in, unsigned n, bool *has, int64_t *skip)
{
	struct span v;

	return der_take_optional(in, (uint8_t)DER_CONTEXT(n), has, &v) && (!*has || (der_saturated(v, skip) && *skip >= 0));
}

bool
policy_constraints_read(struct span value, struct policy_constraints *out, struct fault *f)
{
	struct span body;

	*out = (struct policy_constraints){ 0 };
	return (only(value, DER_SEQUENCE, &body)
			&& take_skip(&body, 0, &out->has_require_explicit, &out->require_explicit)
			&& take_skip(&body, 1, &out->has_inhibit_mapping, &out->inhibit_mapping)
			&& der_at_end(body) && (out->has_require_explicit || out->has_inhibit_mapping))
		|| not_as_typed(f, "policyConstraints");
}

bool
inhibit_any_policy_read(struct span value, int64_t *skip, struct fault *f)
{
	return (der_take_saturated(&value, skip) && der_at_end(value) && *skip >= 0) || not_as_typed(f, "inhibitAnyPolicy");
}

// ---- CRLs

// [n] IMPLICIT BOOLEAN DEFAULT FALSE: TRUE is written, FALSE is not.
static bool
take_flag(struct span *in, unsigned n, bool *flag)
{
	struct span v;

	return der_take_optional(in, (uint8_t)DER_CONTEXT(n), flag, &v) && (!*flag || (v.len == 1 && v.data[0] == 0xFF));
}

static bool
issuing_point_fields(struct span in, struct issuing_point *out)
{
	struct span name, reasons;
	bool has_name;

	return der_take_optional(&in, DER_CONTEXT_CONS(0), &has_name, &name)
		&& (!has_name || distribution_point_name_read(name, &out->name, NULL))
		&& take_flag(&in, 1, &out->only_user_certs) && take_flag(&in, 2, &out->only_ca_certs)
		&& der_take_optional(&in, DER_CONTEXT(3), &out->has_reasons, &reasons)
		&& (!out->has_reasons || implicit_bits(reasons, 9, &out->reasons))
		&& take_flag(&in, 4, &out->indirect) && take_flag(&in, 5, &out->only_attribute_certs) && der_at_end(in);
}

bool
issuing_point_read(struct span value, struct issuing_point *out, struct fault *f)
{
	struct span body;

	*out = (struct issuing_point){ 0 };
	return (only(value, DER_SEQUENCE, &body) && !der_at_end(body) && issuing_point_fields(body, out)
			&& out->only_user_certs + out->only_ca_certs + out->only_attribute_certs <= 1)
		|| not_as_typed(f, "issuingDistributionPoint");
}

bool
crl_number_read(struct span value, struct span *number, struct fault *f)
{
	return (der_take_integer(&value, number) && der_at_end(value) && number->len <= CAP_SERIAL && number->data[0] < 0x80)
		|| not_as_typed(f, "cRLNumber");
}

static const char *const reasons[] = {
	"unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation",
	"certificateHold", NULL, "removeFromCRL", "privilegeWithdrawn", "aACompromise"
};

const char *
crl_reason_name(int reason)
{
	return reason >= 0 && reason < (int)(sizeof(reasons) / sizeof(reasons[0])) ? reasons[reason] : NULL;
}

bool
crl_reason_read(struct span value, int *reason, struct fault *f)
{
	struct span v;

	if (!only(value, DER_ENUMERATED, &v) || v.len != 1 || crl_reason_name(v.data[0]) == NULL)
		return not_as_typed(f, "reasonCode");
	*reason = v.data[0];
	return true;
}

bool
invalidity_date_read(struct span value, int64_t *seconds, struct fault *f)
{
	return (der_take_generalized_time(&value, seconds) && der_at_end(value)) || not_as_typed(f, "invalidityDate");
}
