// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "pki/private.h"
#include "pki/responder.h"
#include "pki/sources.h"

enum { REASON_UNSPECIFIED = 0, REASON_REMOVE_FROM_CRL = 8, REFRESH_PART = 4 };
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

// Tell whether a CRL is one of the issuer of the certificate. When it was opened
// its signer was seen to have cRLSign, and its signature to verify.
static enum revocation
crl_speaks(const struct revocation_question *q, const struct trust_crl *c, struct edges *edges, int64_t *until, struct fault *f)
{
	bool is_anchor = c->signer < q->trust->members + q->trust->anchor_count;

	// It is kept under the name and the key of this very issuer.
	if (c->of_issuer)
		return REVOCATION_GOOD;
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

	if (c->view.this_update > q->at + c->skew && !q->at_floor)
		return missing(q, f, "the CRL of its issuer begins on ", moment_text(c->view.this_update, date));
	return c->view.next_update >= q->at || missing(q, f, "the CRL of its issuer ended on ", moment_text(c->view.next_update, date));
}

// A question while it is being answered.
struct inquiry {
	const struct revocation_question *q;
	struct edges *edges;
	unsigned covered;		// reasons
	int64_t until;
	bool waiting;			// something is wanted that may tell
	struct fault unknown;		// the first reason why nothing tells
	struct fault f;			// of REVOKED and STOP
};

// What keeps something from telling; the first of its kind is what people get to read.
static enum revocation
tells_nothing(struct inquiry *i, const char *format, ...) __attribute__((format(printf, 2, 3)));

static enum revocation
tells_nothing(struct inquiry *i, const char *format, ...)
{
	char why[200];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	missing(i->q, &i->unknown, why, "");
	return REVOCATION_UNKNOWN;
}

static enum revocation
no_memory(struct inquiry *i)
{
	fault_set(&i->f, FAIL_SYSTEM_UNAVAIL, "", "no memory to look up whether a certificate is revoked");
	return REVOCATION_STOP;
}

static enum revocation
is_revoked(struct inquiry *i, int reason)
{
	const char *name = reason >= 0 ? crl_reason_name(reason) : NULL;

	member_blame(i->q->certificate, FAIL_CERT_REVOKED, &i->f, "it is revoked (%s)", name != NULL ? name : "no reason given");
	return REVOCATION_REVOKED;
}

// of_point: the reasons that the point leads to where the CRL came from (6.3.3 (d)).
static enum revocation
crl_ask(struct inquiry *i, const struct trust_crl *c, unsigned of_point)
{
	const struct revocation_question *q = i->q;
	struct fault why = { .set = false };
	unsigned reasons;
	int reason;

	enum revocation speaks = crl_speaks(q, c, i->edges, &i->until, &why);
	if (speaks == REVOCATION_STOP)
		i->f = why;
	else if (speaks != REVOCATION_GOOD && why.set && !i->unknown.set)
		i->unknown = why;
	if (speaks != REVOCATION_GOOD)
		return speaks;
	if (c->unusable != NULL)
		return tells_nothing(i, "%s", c->unusable);
	reasons = reasons_covered(c, q->certificate) & of_point;
	if (reasons == 0)
		return tells_nothing(i, "a CRL of its issuer is about others");
	if (crl_lists(c, q->certificate->of_set.view.serial, &reason))
		return is_revoked(i, reason);
	if (!is_current(q, c, &i->unknown))
		return REVOCATION_UNKNOWN;
	i->covered |= reasons;
	if (c->view.next_update < i->until)
		i->until = c->view.next_update;
	return REVOCATION_GOOD;
}

static bool
is_final(enum revocation says)
{
	return says == REVOCATION_REVOKED || says == REVOCATION_STOP;
}

static enum revocation
ask_files(struct inquiry *i)
{
	const struct trust *t = i->q->trust;

	for (size_t n = 0; n < t->crl_count; n++) {
		enum revocation says = crl_ask(i, &t->crls[n], ALL_REASONS);
		if (is_final(says))
			return says;
	}
	return i->covered == ALL_REASONS ? REVOCATION_GOOD : REVOCATION_UNKNOWN;
}

// ---- what was fetched

// Is it time to ask the source again? What tells is fetched anew before it ends,
// and when it is old; what does not tell, when it cannot be the answer to a question just asked.
static bool
is_due(const struct inquiry *i, const struct fetched_item *item, bool told, int64_t this_update, int64_t next_update)
{
	int64_t age = fetched_age_ms(item);

	if (age < FETCHED_PAUSE_MS)
		return false;
	return !told || age >= FETCHED_FRESH_MS || i->q->at > next_update - (next_update - this_update) / REFRESH_PART;
}

static void
want(struct inquiry *i, const struct source *s, const uint8_t key[WANT_KEY], bool told)
{
	const struct revocation_question *q = i->q;
	char why[FETCHED_WHY];

	if (fetched_is_paused(q->trust->fetched, s->text, key, why)) {
		if (!told)
			tells_nothing(i, "%.80s: %.100s", s->url_text, why);
		return;
	}
	if (q->wants != NULL && source_want(s, q->trust, q->certificate, q->issuers[0], !told, q->wants) && !told)
		i->waiting = true;
	else if (!told)
		tells_nothing(i, "%.80s was not asked", s->url_text);
}

// RFC 6960 4.2.2.2.1: the issuer vouches for its responder without more
// (nocheck), or says where its revocation is told, or says nothing; then this is
// our choice, and a certificate that the issuer gave to nobody but its responder is believed.
static enum revocation
delegate_stands(struct inquiry *i, const struct responder_answer *a)
{
	struct revocation_question about = *i->q;
	struct member responder = a->responder;
	struct fault why = { .set = false };

	if (!a->delegated)
		return REVOCATION_GOOD;
	if (!member_valid_at(&a->responder, i->q->at, i->q->at_floor))
		return tells_nothing(i, "the certificate of its OCSP responder is not valid at this time");
	if (a->responder.of_set.view.not_after < i->until)
		i->until = a->responder.of_set.view.not_after;
	if (a->responder.facts.ocsp_no_check)
		return REVOCATION_GOOD;
	responder.issuer = i->q->issuers[0]->subject;
	responder.subject = SIZE_MAX;
	about.certificate = &responder;
	about.crls_only = true;
	enum revocation says = revocation_ask(&about, i->edges, &i->until, &why);
	if (says == REVOCATION_STOP)
		return i->f = why, says;
	if (says == REVOCATION_REVOKED)
		return tells_nothing(i, "the certificate of its OCSP responder is revoked");
	if (says == REVOCATION_UNKNOWN && about.wants != NULL && wants_are_needed(about.wants))
		return tells_nothing(i, "whether its OCSP responder is revoked is not known yet");
	if (says == REVOCATION_GOOD || responder.facts.crl_points.len == 0 || i->q->trust->missing == REVOCATION_WARN)
		return REVOCATION_GOOD;
	return tells_nothing(i, "whether its OCSP responder is revoked is not known");
}

static enum revocation
answer_says(struct inquiry *i, const struct responder_answer *a)
{
	const struct revocation_question *q = i->q;
	char date[MOMENT_TEXT];

	enum revocation stands = delegate_stands(i, a);
	if (stands != REVOCATION_GOOD)
		return stands;
	if (a->status == OCSP_REVOKED)
		return is_revoked(i, a->reason);
	if (a->status == OCSP_UNKNOWN)
		return tells_nothing(i, "its OCSP responder does not know it");
	if (a->this_update > q->at + REVOCATION_SKEW_S && !q->at_floor)
		return tells_nothing(i, "the answer of its OCSP responder begins on %s", moment_text(a->this_update, date));
	if (a->next_update + REVOCATION_SKEW_S < q->at)
		return tells_nothing(i, "the answer of its OCSP responder ended on %s", moment_text(a->next_update, date));
	if (a->next_update < i->until)
		i->until = a->next_update;
	return REVOCATION_GOOD;
}

static enum revocation
item_says(struct inquiry *i, const struct source *s, const struct fetched_item *item)
{
	if (s->kind == WANT_OCSP)
		return answer_says(i, fetched_answer(item));
	return crl_ask(i, fetched_crl(item), s->point.has_reasons ? s->point.reasons : ALL_REASONS);
}

static void
times_of(const struct source *s, const struct fetched_item *item, int64_t *this_update, int64_t *next_update)
{
	bool ocsp = s->kind == WANT_OCSP;

	*this_update = ocsp ? fetched_answer(item)->this_update : fetched_crl(item)->view.this_update;
	*next_update = ocsp ? fetched_answer(item)->next_update : fetched_crl(item)->view.next_update;
}

static enum revocation
ask_source(struct inquiry *i, const struct source *s)
{
	enum revocation says = REVOCATION_UNKNOWN;
	int64_t this_update, next_update;
	uint8_t key[WANT_KEY];

	if (!source_key(s, i->q->certificate, i->q->issuers[0], key))
		return no_memory(i);
	struct fetched_item *item = fetched_find(i->q->trust->fetched, key);
	if (item == NULL) {
		want(i, s, key, false);
		return REVOCATION_UNKNOWN;
	}
	says = item_says(i, s, item);
	times_of(s, item, &this_update, &next_update);
	if (is_due(i, item, says != REVOCATION_UNKNOWN, this_update, next_update))
		want(i, s, key, says != REVOCATION_UNKNOWN);
	fetched_let_go(item);
	return says;
}

// All sources of a kind, in the order of the certificate.
static enum revocation
ask_sources(struct inquiry *i, enum want_kind kind)
{
	struct source_walk w;
	struct source s;

	source_begin(&w, i->q->trust, i->q->certificate, kind);
	while (source_next(&w, &s)) {
		enum revocation says = ask_source(i, &s);
		if (is_final(says) || (says == REVOCATION_GOOD && (kind == WANT_OCSP || i->covered == ALL_REASONS)))
			return says;
	}
	if (w.outside.len > 0)
		tells_nothing(i, "revocation.%s of trust \"%.30s\" does not allow %.*s", kind == WANT_OCSP ? "ocsp" : "points", i->q->trust->name,
			(int)(w.outside.len < 80 ? w.outside.len : 80), (const char *)w.outside.data);
	return REVOCATION_UNKNOWN;
}

// A responder is asked first; the CRLs of points tell where none of them does.
static enum revocation
ask_fetched(struct inquiry *i)
{
	enum revocation says = i->q->crls_only ? REVOCATION_UNKNOWN : ask_sources(i, WANT_OCSP);

	if (says != REVOCATION_UNKNOWN || i->waiting)
		return says;
	return ask_sources(i, WANT_CRL);
}

enum revocation
revocation_ask(const struct revocation_question *q, struct edges *edges, int64_t *until, struct fault *f)
{
	struct inquiry i = { .q = q, .edges = edges, .until = *until };
	struct fault of_files;
	size_t wanted = q->wants != NULL ? q->wants->count : 0;

	enum revocation says = ask_files(&i);
	of_files = i.unknown;
	i.unknown.set = q->trust->fetched == NULL && of_files.set;
	if (says == REVOCATION_UNKNOWN && q->trust->fetched != NULL)
		says = ask_fetched(&i);
	switch (says) {
	case REVOCATION_GOOD:
		*until = i.until;
		wants_drop_needed(q->wants, wanted);
		return says;
	case REVOCATION_REVOKED: case REVOCATION_STOP:
		*f = i.f;
		return says;
	case REVOCATION_UNKNOWN:
		break;
	}
	if (i.unknown.set || of_files.set)
		*f = i.unknown.set ? i.unknown : of_files;
	else
		missing(q, f, i.waiting ? "it is being looked up" : "there is no CRL of its issuer for all reasons", "");
	return REVOCATION_UNKNOWN;
}
