// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdlib.h>

#include "base/memory.h"
#include "pki/private.h"

enum { REASON_UNSPECIFIED = 0, REASON_REMOVE_FROM_CRL = 8 };
#define ALL_REASONS 0x1FEu	// ReasonFlags 1..8: "unused" is none (6.3.2 (a))

// ---- indexing

// Any total order will do, as only equality is asked for.
static int
compare_serials(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	return a_len != b_len ? (a_len < b_len ? -1 : 1) : memcmp(a, b, a_len);
}

static int
compare_revoked(const void *left, const void *right)
{
	const struct revoked *a = left, *b = right;

	return compare_serials(a->serial, a->len, b->serial, b->len);
}

static void
use_not(struct trust_crl *c, const char *why)
{
	if (c->unusable == NULL)
		c->unusable = why;
}

static bool
read_point(struct trust_crl *c, struct span value)
{
	c->scope = value;
	if (!issuing_point_read(value, &c->point, NULL))
		return false;
	if (c->point.indirect)
		use_not(c, "it is an indirect CRL");
	if (c->point.only_attribute_certs)
		use_not(c, "it is about attribute certificates");
	return true;
}

// RFC 5280 5.2: a CRL with a critical extension that is not processed tells nothing.
static void
read_extensions(struct trust_crl *c)
{
	struct span rest = c->view.extensions;
	struct extension e;

	while (extension_next(&rest, &e))
		switch (oid_ce(e.oid)) {
		case CE_ISSUING_POINT:
			if (!read_point(c, e.value))
				use_not(c, "its issuingDistributionPoint cannot be decoded");
			break;
		case CE_DELTA_CRL:
			use_not(c, "it is a delta CRL");
			break;
		case CE_AUTHORITY_KEY_ID: case CE_CRL_NUMBER: case CE_ISSUER_ALT_NAME:
			break;
		default:
			if (e.critical)
				use_not(c, "it has a critical extension that is not known");
		}
}

// RFC 5280 5.3: the same for entries. An entry of another issuer makes the CRL an indirect one.
static void
read_entry_extensions(struct trust_crl *c, struct span rest, int *reason)
{
	struct extension e;

	while (extension_next(&rest, &e))
		switch (oid_ce(e.oid)) {
		case CE_REASON:
			if (!crl_reason_read(e.value, reason, NULL))
				use_not(c, "a reason code cannot be decoded");
			break;
		case CE_INVALIDITY_DATE:
			break;
		case CE_CERTIFICATE_ISSUER:
			use_not(c, "it is an indirect CRL");
			break;
		default:
			if (e.critical)
				use_not(c, "an entry has a critical extension that is not known");
		}
}

// 6.3.3 (k): removeFromCRL says that a certificate is revoked no more.
static void
read_entries(struct trust_crl *c)
{
	struct span rest = c->view.entries;
	struct crl_entry entry;

	while (crl_entry_next(&rest, &entry)) {
		int reason = REASON_UNSPECIFIED;
		read_entry_extensions(c, entry.extensions, &reason);
		if (reason == REASON_REMOVE_FROM_CRL)
			continue;
		c->revoked[c->revoked_count++] = (struct revoked){
			.serial = entry.serial.data, .len = (uint8_t)entry.serial.len, .reason = (uint8_t)reason
		};
	}
	qsort(c->revoked, c->revoked_count, sizeof(c->revoked[0]), compare_revoked);
}

bool
crl_open(struct trust_crl *c, struct span octets, struct fault *f)
{
	memset(c, 0, sizeof(*c));
	if (!crl_parse(&c->view, octets, f))
		return false;
	c->revoked = mem_array(c->view.entry_count, sizeof(c->revoked[0]));
	if (c->revoked == NULL)
		return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "no memory for the %zu entries of a CRL", c->view.entry_count);
	// RFC 5280 5.1.2.5 wants nextUpdate; without it nobody could tell when the list is too old.
	if (!c->view.has_next_update)
		use_not(c, "it has no nextUpdate");
	read_extensions(c);
	read_entries(c);
	return true;
}

void
crl_close(struct trust_crl *c)
{
	mem_free(c->revoked);
	c->revoked = NULL;
}

bool
crl_lists(const struct trust_crl *c, struct span serial, int *reason)
{
	size_t low = 0, high = c->revoked_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct revoked *r = &c->revoked[middle];
		int order = compare_serials(r->serial, r->len, serial.data, serial.len);
		if (order == 0)
			return *reason = r->reason, true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

// ---- 6.3.3 (b) (2), (d): scope and reasons

static bool
general_name_equal(const struct general_name *a, const struct general_name *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == GN_DIRECTORY ? name_equal_canonical(a->value, b->value) : span_equal(a->whole, b->whole);
}

// Tell whether a list of names has this one.
static bool
names_have(struct span names, const struct general_name *wanted)
{
	struct general_name name;

	while (!der_at_end(names) && general_name_read(&names, &name, NULL))
		if (general_name_equal(&name, wanted))
			return true;
	return false;
}

static bool
names_meet(struct span a, struct span b)
{
	struct general_name name;

	while (!der_at_end(a) && general_name_read(&a, &name, NULL))
		if (names_have(b, &name))
			return true;
	return false;
}

// Two names relative to the same CRL issuer, or two lists.
static bool
point_names_meet(const struct distribution_point_name *a, const struct distribution_point_name *b)
{
	if (a->relative.len > 0 || b->relative.len > 0)
		return span_equal(a->relative, b->relative);
	return names_meet(a->full, b->full);
}

// The distribution point that a certificate without one has: the names of its issuer.
static bool
issuer_is_named(const struct distribution_point_name *point, const struct member *certificate)
{
	struct general_name issuer = { .kind = GN_DIRECTORY, .value = certificate->of_set.view.issuer };

	return names_have(point->full, &issuer) || names_meet(point->full, certificate->facts.issuer_alt_names);
}

// The reasons that a CRL covers for a certificate, by each distribution point that leads to it.
static unsigned
reasons_by_points(const struct trust_crl *c, const struct member *certificate)
{
	struct span points = certificate->facts.crl_points;
	struct distribution_point point;
	unsigned reasons = issuer_is_named(&c->point.name, certificate) ? ALL_REASONS : 0;

	while (distribution_point_next(&points, &point))
		if (point.crl_issuer.len == 0 && point_names_meet(&c->point.name, &point.name))
			reasons |= point.has_reasons ? point.reasons : ALL_REASONS;
	return reasons;
}

static unsigned
reasons_covered(const struct trust_crl *c, const struct member *certificate)
{
	bool is_ca = certificate->facts.has_basic && certificate->facts.basic.ca;
	unsigned reasons = ALL_REASONS;

	if (c->scope.len == 0)
		return reasons;
	if ((c->point.only_user_certs && is_ca) || (c->point.only_ca_certs && !is_ca))
		return 0;
	if (c->point.name.full.len > 0 || c->point.name.relative.len > 0)
		reasons = reasons_by_points(c, certificate);
	return reasons & (c->point.has_reasons ? c->point.reasons : ALL_REASONS);
}

// ---- 6.3.3 (f): who signed it

static bool
missing(const struct revocation_question *q, struct fault *f, const char *why, const char *detail)
{
	return member_blame(q->certificate, FAIL_SIGNER_NOT_TRUSTED, f, "whether it is revoked is not known: %s%s", why, detail);
}

static enum revocation
not_believed(const struct revocation_question *q, const char *why, struct fault *f)
{
	missing(q, f, "who signed the CRL of its issuer is not trusted: ", why);
	return REVOCATION_UNKNOWN;
}

// A certificate that is not in the path, of the same name, for which the same
// CA stands: a CA that changed its key, or signs its CRLs with another one.
static enum revocation
sibling_speaks(const struct revocation_question *q, const struct member *signer, struct edges *edges, int64_t *until, struct fault *f)
{
	struct revocation_question about = *q;
	struct fault why = { .set = false };

	if (q->issuer_count < 2 || signer->issuer != q->issuers[0]->issuer || !member_valid_at(signer, q->at, q->at_floor))
		return not_believed(q, "its certificate is of another CA, or has no validity now", f);
	enum verdict verdict = edge_judge(edges, signer, q->issuers[1], &why);
	if (verdict == VERDICT_BAD)
		return not_believed(q, why.text, f);
	about.certificate = signer;
	about.issuers = q->issuers + 1;
	about.issuer_count = q->issuer_count - 1;
	enum revocation status = verdict == VERDICT_STOP ? REVOCATION_STOP : revocation_ask(&about, edges, until, &why);
	if (status == REVOCATION_GOOD || (status == REVOCATION_UNKNOWN && q->trust->missing == REVOCATION_WARN))
		return REVOCATION_GOOD;
	if (status != REVOCATION_STOP)
		return not_believed(q, why.text, f);
	fault_set(f, why.failure, why.path, "%s", why.text);
	return REVOCATION_STOP;
}

// Tell whether a CRL is one of the issuer of the certificate. At load its
// signer was seen to have cRLSign, and its signature to verify.
static enum revocation
crl_speaks(const struct revocation_question *q, const struct trust_crl *c, struct edges *edges, int64_t *until, struct fault *f)
{
	bool is_anchor = c->signer < q->trust->members + q->trust->anchor_count;

	if (c->issuer != q->certificate->issuer)
		return REVOCATION_UNKNOWN;
	if (member_same_entity(c->signer, q->issuers[0]))
		return REVOCATION_GOOD;
	if (is_anchor)
		return member_valid_at(c->signer, q->at, q->at_floor) ? REVOCATION_GOOD : REVOCATION_UNKNOWN;
	return sibling_speaks(q, c->signer, edges, until, f);
}

// ---- what it says

// Tell whether a CRL is of this time; an old or early one is still believed in what it lists.
static bool
is_current(const struct revocation_question *q, const struct trust_crl *c, struct fault *f)
{
	char date[MOMENT_TEXT];

	if (c->view.this_update > q->at && !q->at_floor)
		return missing(q, f, "the CRL of its issuer begins on ", moment_text(c->view.this_update, date));
	return c->view.next_update >= q->at || missing(q, f, "the CRL of its issuer ended on ", moment_text(c->view.next_update, date));
}

struct status { unsigned covered; int64_t until; };

static enum revocation
crl_ask(const struct revocation_question *q, const struct trust_crl *c, struct edges *edges, struct status *status, struct fault *f)
{
	unsigned reasons;
	int reason;

	enum revocation speaks = crl_speaks(q, c, edges, &status->until, f);
	if (speaks != REVOCATION_GOOD)
		return speaks;
	if (c->unusable != NULL)
		return missing(q, f, c->unusable, ""), REVOCATION_UNKNOWN;
	reasons = reasons_covered(c, q->certificate);
	if (reasons == 0)
		return missing(q, f, "a CRL of its issuer is about others", ""), REVOCATION_UNKNOWN;
	if (crl_lists(c, q->certificate->of_set.view.serial, &reason)) {
		member_blame(q->certificate, FAIL_CERT_REVOKED, f, "it is revoked (%s)", crl_reason_name(reason));
		return REVOCATION_REVOKED;
	}
	if (!is_current(q, c, f))
		return REVOCATION_UNKNOWN;
	status->covered |= reasons;
	if (c->view.next_update < status->until)
		status->until = c->view.next_update;
	return REVOCATION_GOOD;
}

enum revocation
revocation_ask(const struct revocation_question *q, struct edges *edges, int64_t *until, struct fault *f)
{
	struct status status = { .until = *until };
	struct fault unknown = { .set = false };

	for (size_t i = 0; i < q->trust->crl_count; i++) {
		struct fault why = { .set = false };
		enum revocation says = crl_ask(q, &q->trust->crls[i], edges, &status, &why);
		if (says == REVOCATION_REVOKED || says == REVOCATION_STOP) {
			*f = why;
			return says;
		}
		if (why.set && !unknown.set)
			unknown = why;
	}
	if (status.covered == ALL_REASONS) {
		*until = status.until;
		return REVOCATION_GOOD;
	}
	if (unknown.set)
		*f = unknown;
	else
		missing(q, f, "there is no CRL of its issuer for all reasons", "");
	return REVOCATION_UNKNOWN;
}
