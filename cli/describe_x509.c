// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/describe.h"

#include <stdio.h>

#include "codec/name.h"
#include "codec/oid.h"
#include "codec/text.h"

// ---- leaves

void
describe_hidden(struct tree *t, const char *field, size_t octets)
{
	char text[48];

	snprintf(text, sizeof(text), "(not shown, %zu octets)", octets);
	tree_text(t, field, text);
}

void
describe_fault(struct tree *t, const char *field, const struct fault *f)
{
	tree_open(t, field);
	if (f->failure != FAIL_NONE)
		tree_text(t, "failInfo", failure_name(f->failure));
	if (f->path[0] != '\0')
		tree_text(t, "path", f->path);
	tree_text(t, "text", f->text);
	tree_close(t);
}

void
describe_name(struct tree *t, const char *field, struct span name)
{
	char text[NAME_TEXT_MAX];

	tree_text(t, field, name_text(name, text, sizeof(text)));
}

void
describe_general_name(struct tree *t, const char *field, struct span whole)
{
	char text[NAME_TEXT_MAX];

	tree_text(t, field, general_name_text(whole, text, sizeof(text)));
}

void
describe_general_names(struct tree *t, const char *field, struct span names)
{
	struct general_name name;

	tree_open_list(t, field);
	while (!der_at_end(names) && general_name_read(&names, &name, NULL))
		describe_general_name(t, NULL, name.whole);
	tree_close(t);
}

void
describe_oid(struct tree *t, const char *field, struct span oid)
{
	char text[OID_TEXT_MAX];

	tree_text(t, field, oid_text(oid, text, sizeof(text)));
}

void
describe_algorithm(struct tree *t, const char *field, const struct algorithm *a)
{
	struct span p = a->parameters, oid;

	if (p.len == 0 || p.data[0] == DER_NULL) {
		describe_oid(t, field, a->oid);
		return;
	}
	tree_open(t, field);
	describe_oid(t, "algorithm", a->oid);
	if (p.data[0] == DER_OID && der_take_oid(&p, &oid))
		describe_oid(t, "parameters", oid);
	else
		tree_octets(t, "parameters", a->parameters);
	tree_close(t);
}

void
describe_public_key(struct tree *t, const char *field, const struct public_key *k)
{
	tree_open(t, field);
	describe_algorithm(t, "algorithm", &k->algorithm);
	if (k->key.len == 0)
		tree_text(t, "subjectPublicKey", "(empty: the CA is asked to make the key)");
	else
		tree_octets(t, "subjectPublicKey", k->key);
	tree_close(t);
}

// ---- extensions

static void
put_key_usage(struct tree *t, unsigned bits)
{
	tree_open_list(t, "value");
	for (unsigned n = 0; n < KU_BITS; n++)
		if ((bits >> n & 1) == 1)
			tree_text(t, NULL, key_usage_name(n));
	tree_close(t);
}

static void
put_basic_constraints(struct tree *t, const struct basic_constraints *b)
{
	tree_open(t, "value");
	tree_flag(t, "cA", b->ca);
	if (b->has_path_len)
		tree_number(t, "pathLenConstraint", b->path_len);
	tree_close(t);
}

static void
put_oids(struct tree *t, struct span oids)
{
	struct span oid;

	tree_open_list(t, "value");
	while (der_take_oid(&oids, &oid))
		describe_oid(t, NULL, oid);
	tree_close(t);
}

static void
put_authority_key_id(struct tree *t, const struct authority_key_id *a)
{
	tree_open(t, "value");
	if (a->has_key_id)
		tree_octets(t, "keyIdentifier", a->key_id);
	if (a->issuer.len > 0) {
		describe_general_names(t, "authorityCertIssuer", a->issuer);
		tree_octets(t, "authorityCertSerialNumber", a->serial);
	}
	tree_close(t);
}

static void
put_crl_points(struct tree *t, struct span points)
{
	struct distribution_point point;

	tree_open_list(t, "value");
	while (distribution_point_next(&points, &point)) {
		tree_open(t, NULL);
		if (point.name.full.len > 0)
			describe_general_names(t, "fullName", point.name.full);
		if (point.name.relative.len > 0)
			tree_octets(t, "nameRelativeToCRLIssuer", point.name.relative);
		if (point.has_reasons)
			tree_number(t, "reasons", point.reasons);
		if (point.crl_issuer.len > 0)
			describe_general_names(t, "cRLIssuer", point.crl_issuer);
		tree_close(t);
	}
	tree_close(t);
}

static void
put_info_access(struct tree *t, struct span descriptions)
{
	struct access_description d;

	tree_open_list(t, "value");
	while (access_description_next(&descriptions, &d)) {
		tree_open(t, NULL);
		describe_oid(t, "accessMethod", d.method);
		describe_general_name(t, "accessLocation", d.location.whole);
		tree_close(t);
	}
	tree_close(t);
}

static void
put_subtrees(struct tree *t, const char *field, struct span subtrees)
{
	struct general_name base;

	if (subtrees.len == 0)
		return;
	tree_open_list(t, field);
	while (subtree_next(&subtrees, &base))
		describe_general_name(t, NULL, base.whole);
	tree_close(t);
}

static void
put_name_constraints(struct tree *t, const struct name_constraints *n)
{
	tree_open(t, "value");
	put_subtrees(t, "permittedSubtrees", n->permitted);
	put_subtrees(t, "excludedSubtrees", n->excluded);
	tree_close(t);
}

static void
put_policies(struct tree *t, struct span policies)
{
	struct policy policy;

	tree_open_list(t, "value");
	while (policy_next(&policies, &policy))
		describe_oid(t, NULL, policy.oid);
	tree_close(t);
}

static void
put_mappings(struct tree *t, struct span mappings)
{
	struct policy_mapping m;

	tree_open_list(t, "value");
	while (policy_mapping_next(&mappings, &m)) {
		tree_open(t, NULL);
		describe_oid(t, "issuerDomainPolicy", m.issuer_policy);
		describe_oid(t, "subjectDomainPolicy", m.subject_policy);
		tree_close(t);
	}
	tree_close(t);
}

static void
put_policy_constraints(struct tree *t, const struct policy_constraints *c)
{
	tree_open(t, "value");
	if (c->has_require_explicit)
		tree_number(t, "requireExplicitPolicy", c->require_explicit);
	if (c->has_inhibit_mapping)
		tree_number(t, "inhibitPolicyMapping", c->inhibit_mapping);
	tree_close(t);
}

static void
put_flag_if(struct tree *t, const char *field, bool flag)
{
	if (flag)
		tree_flag(t, field, flag);
}

static void
put_issuing_point(struct tree *t, const struct issuing_point *p)
{
	tree_open(t, "value");
	if (p->name.full.len > 0)
		describe_general_names(t, "fullName", p->name.full);
	if (p->name.relative.len > 0)
		tree_octets(t, "nameRelativeToCRLIssuer", p->name.relative);
	put_flag_if(t, "onlyContainsUserCerts", p->only_user_certs);
	put_flag_if(t, "onlyContainsCACerts", p->only_ca_certs);
	if (p->has_reasons)
		tree_number(t, "onlySomeReasons", p->reasons);
	put_flag_if(t, "indirectCRL", p->indirect);
	put_flag_if(t, "onlyContainsAttributeCerts", p->only_attribute_certs);
	tree_close(t);
}

// The value of an extension by its type; false when the type is not known here
// or the value is not of it.
static bool
put_value(struct tree *t, const struct extension *e, struct fault *f)
{
	union {
		struct basic_constraints basic;
		struct authority_key_id authority;
		struct name_constraints constraints;
		struct policy_constraints policies;
		struct issuing_point point;
		struct span list;
		unsigned bits;
		int reason;
		int64_t seconds, skip;
	} v;

	if (oid_is_info_access(e->oid))
		return info_access_read(e->value, &v.list, f) && (put_info_access(t, v.list), true);
	switch (oid_ce(e->oid)) {
	case CE_BASIC_CONSTRAINTS: return basic_constraints_read(e->value, &v.basic, f) && (put_basic_constraints(t, &v.basic), true);
	case CE_KEY_USAGE: return key_usage_read(e->value, &v.bits, f) && (put_key_usage(t, v.bits), true);
	case CE_EXT_KEY_USAGE: return ext_key_usage_read(e->value, &v.list, f) && (put_oids(t, v.list), true);
	case CE_SUBJECT_ALT_NAME:
	case CE_ISSUER_ALT_NAME:
	case CE_CERTIFICATE_ISSUER: return alt_names_read(e->value, &v.list, f) && (describe_general_names(t, "value", v.list), true);
	case CE_SUBJECT_KEY_ID: return subject_key_id_read(e->value, &v.list, f) && (tree_octets(t, "value", v.list), true);
	case CE_AUTHORITY_KEY_ID: return authority_key_id_read(e->value, &v.authority, f) && (put_authority_key_id(t, &v.authority), true);
	case CE_CRL_POINTS:
	case CE_FRESHEST_CRL: return crl_points_read(e->value, &v.list, f) && (put_crl_points(t, v.list), true);
	case CE_NAME_CONSTRAINTS: return name_constraints_read(e->value, &v.constraints, f) && (put_name_constraints(t, &v.constraints), true);
	case CE_POLICIES: return policies_read(e->value, &v.list, f) && (put_policies(t, v.list), true);
	case CE_POLICY_MAPPINGS: return policy_mappings_read(e->value, &v.list, f) && (put_mappings(t, v.list), true);
	case CE_POLICY_CONSTRAINTS: return policy_constraints_read(e->value, &v.policies, f) && (put_policy_constraints(t, &v.policies), true);
	case CE_INHIBIT_ANY_POLICY: return inhibit_any_policy_read(e->value, &v.skip, f) && (tree_number(t, "value", v.skip), true);
	case CE_ISSUING_POINT: return issuing_point_read(e->value, &v.point, f) && (put_issuing_point(t, &v.point), true);
	case CE_CRL_NUMBER:
	case CE_DELTA_CRL: return crl_number_read(e->value, &v.list, f) && (tree_octets(t, "value", v.list), true);
	case CE_REASON: return crl_reason_read(e->value, &v.reason, f) && (tree_text(t, "value", crl_reason_name(v.reason)), true);
	case CE_INVALIDITY_DATE: return invalidity_date_read(e->value, &v.seconds, f) && (tree_time(t, "value", v.seconds), true);
	default: return false;
	}
}

void
describe_extensions(struct tree *t, const char *field, struct span extensions)
{
	struct extension e;

	if (extensions.len == 0)
		return;
	tree_open_list(t, field);
	while (extension_next(&extensions, &e)) {
		struct fault f = { 0 };
		tree_open(t, NULL);
		describe_oid(t, "extnID", e.oid);
		if (e.critical)
			tree_flag(t, "critical", true);
		if (!put_value(t, &e, &f))
			tree_octets(t, "value", e.value);
		if (f.set)
			describe_fault(t, "fault", &f);
		tree_close(t);
	}
	tree_close(t);
}

// ---- certificates, CRLs, requests

void
describe_certificate(struct tree *t, const struct certificate *c)
{
	tree_number(t, "version", c->version);
	tree_octets(t, "serialNumber", c->serial);
	describe_name(t, "issuer", c->issuer);
	describe_name(t, "subject", c->subject);
	tree_time(t, "notBefore", c->not_before);
	tree_time(t, "notAfter", c->not_after);
	describe_public_key(t, "subjectPublicKeyInfo", &c->public_key);
	describe_extensions(t, "extensions", c->extensions);
	describe_algorithm(t, "signatureAlgorithm", &c->signature_algorithm);
	tree_octets(t, "signature", c->signature);
}

static void
put_entries(struct tree *t, struct span entries)
{
	struct crl_entry entry;

	tree_open_list(t, "revokedCertificates");
	while (crl_entry_next(&entries, &entry)) {
		tree_open(t, NULL);
		tree_octets(t, "userCertificate", entry.serial);
		tree_time(t, "revocationDate", entry.revoked);
		describe_extensions(t, "crlEntryExtensions", entry.extensions);
		tree_close(t);
	}
	tree_close(t);
}

void
describe_crl(struct tree *t, const struct crl *c)
{
	tree_number(t, "version", c->version);
	describe_name(t, "issuer", c->issuer);
	tree_time(t, "thisUpdate", c->this_update);
	if (c->has_next_update)
		tree_time(t, "nextUpdate", c->next_update);
	put_entries(t, c->entries);
	describe_extensions(t, "crlExtensions", c->extensions);
	describe_algorithm(t, "signatureAlgorithm", &c->signature_algorithm);
	tree_octets(t, "signature", c->signature);
}

// Everything but the extensionRequest, which is shown by itself.
void
describe_attributes(struct tree *t, const char *field, struct span attributes)
{
	struct attribute a;

	if (attributes.len == 0)
		return;
	tree_open_list(t, field);
	while (attribute_next(&attributes, &a)) {
		if (oid_is_pkcs9(a.type, PKCS9_EXTENSION_REQUEST))
			continue;
		tree_open(t, NULL);
		describe_oid(t, "type", a.type);
		if (oid_is_pkcs9(a.type, PKCS9_CHALLENGE_PASSWORD))
			describe_hidden(t, "values", a.values.len);
		else
			tree_octets(t, "values", a.values);
		tree_close(t);
	}
	tree_close(t);
}

void
describe_pkcs10(struct tree *t, const struct pkcs10 *p)
{
	describe_name(t, "subject", p->subject);
	describe_public_key(t, "subjectPKInfo", &p->public_key);
	describe_extensions(t, "extensionRequest", p->extensions);
	describe_attributes(t, "attributes", p->attributes);
	describe_algorithm(t, "signatureAlgorithm", &p->signature_algorithm);
	tree_octets(t, "signature", p->signature);
}

void
describe_inner_certificate(struct tree *t, const char *field, struct span whole)
{
	struct certificate c;
	struct fault f = { 0 };

	tree_open(t, field);
	if (certificate_parse(&c, whole, &f)) {
		describe_certificate(t, &c);
	} else {
		describe_fault(t, "fault", &f);
		tree_octets(t, "octets", whole);
	}
	tree_close(t);
}

void
describe_inner_crl(struct tree *t, const char *field, struct span whole)
{
	struct crl c;
	struct fault f = { 0 };

	tree_open(t, field);
	if (crl_parse(&c, whole, &f)) {
		describe_crl(t, &c);
	} else {
		describe_fault(t, "fault", &f);
		tree_octets(t, "octets", whole);
	}
	tree_close(t);
}

void
describe_certificates(struct tree *t, const char *field, struct span list)
{
	struct span whole;

	if (list.len == 0)
		return;
	tree_open_list(t, field);
	while (der_take_whole(&list, DER_SEQUENCE, &whole))
		describe_inner_certificate(t, NULL, whole);
	tree_close(t);
}
