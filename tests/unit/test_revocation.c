// SPDX-License-Identifier: GPL-3.0-or-later
// Revocation that is fetched: what is wanted for a path, whether what came is
// believed, what it says, and how it is kept. The responder and the points are
// tables in here; nothing is sent anywhere.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "codec/extension.h"
#include "codec/ocsp.h"
#include "crypto/crypto.h"
#include "pki/fetched.h"
#include "pki/path.h"
#include "tests/unit/pki_make.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define ACCEPTED FAIL_COUNT
#define RESPONDER "http://ocsp.example/a"
#define POINT "http://crl.example/list/a.crl"
#define INFO_ACCESS "2b06010505070101"
#define NO_CHECK "2b0601050507300105"
#define UNKNOWN_OID "2a0304"
enum { POOL = 256, ROOM = 8 << 20, SKEW = 300 };

// ---- octets that live as long as a case

static struct buffer pool[POOL];
static size_t pool_used;

static struct buffer *
fresh(void)
{
	assert_true(pool_used < POOL);
	buffer_init(&pool[pool_used], ROOM);
	return &pool[pool_used++];
}

static struct span
made(const struct make_certificate *m)
{
	return make_certificate(fresh(), m);
}

enum { CA_KEY = 1, LEAF_KEY, RESPONDER_KEY, OTHER_KEY, SUB_KEY };

static struct private_key *
p256(unsigned n)
{
	return make_key(KEY_P256, n);
}

// ---- a setting: a CA that is the anchor, a device, a responder, and what it answers

struct setting {
	struct make_certificate ca, leaf, responder;
	struct make_ocsp answer;
	struct make_crl crl, responder_crl;	// of the leaf's point, of the responder's
	bool delegated;				// the certificate of the responder comes along
	unsigned namesakes;			// and before it so many of its name that the CA did not issue
	bool raw; struct span octets;		// what comes instead
	bool wrong_nonce, no_nonce;
	int64_t at; bool at_floor;		// of the second look
	int64_t later_ms;			// between taking and asking
	enum revocation_missing missing;
	const char *points[2], *responders[2];
	size_t point_count, responder_count, crl_max;
	struct make_entry entry;
	// while it runs
	struct trust *trust;
	struct span leaf_octets, candidates;
	struct wants wants;
	struct path_result result;
	struct fault fault;
};

static void
set_up(struct setting *s)
{
	memset(s, 0, sizeof(*s));
	s->ca = make_plan("O=Plant,CN=CA", p256(CA_KEY), "O=Plant,CN=CA", p256(CA_KEY), true);
	s->leaf = make_plan("O=Plant,CN=plc-1", p256(LEAF_KEY), "O=Plant,CN=CA", p256(CA_KEY), false);
	s->leaf.serial = 4711;
	s->responder = make_plan("O=Plant,CN=responder", p256(RESPONDER_KEY), "O=Plant,CN=CA", p256(CA_KEY), false);
	s->responder.purposes = "9";
	s->responder.serial = 9;
	s->answer = make_ocsp_plan("O=Plant,CN=CA", p256(CA_KEY), 4711);
	s->crl = s->responder_crl = make_crl_plan("O=Plant,CN=CA", p256(CA_KEY));
	s->at = MAKE_NOW;
	s->responders[0] = "http://ocsp.example/";
	s->points[0] = "http://crl.example/list";
	s->responder_count = s->point_count = 1;
	s->crl_max = 65536;
	make_more(&s->leaf, INFO_ACCESS, false, make_responder_address(fresh(), RESPONDER));
	clock_fake(MAKE_NOW * 1000, 1000000);
}

static void
tear_down(struct setting *s)
{
	wants_cut(&s->wants, 0);
	trust_unref(s->trust);
	while (pool_used > 0)
		buffer_clear(&pool[--pool_used]);
	clock_real();
}

static void
make_set(struct setting *s)
{
	struct span anchor = made(&s->ca), points[2], responders[2];
	struct trust_plan plan = {
		.name = "plant", .anchors = &anchor, .anchor_count = 1, .check_revocation = true, .missing = s->missing,
		.points = points, .point_count = s->point_count, .responders = responders, .responder_count = s->responder_count,
		.fetching = { .timeout_ms = 1000, .crl_max = s->crl_max },
	};

	for (size_t i = 0; i < 2; i++) {
		points[i] = s->points[i] != NULL ? span_text(s->points[i]) : span_of(NULL, 0);
		responders[i] = s->responders[i] != NULL ? span_text(s->responders[i]) : span_of(NULL, 0);
	}
	s->leaf_octets = made(&s->leaf);
	s->trust = trust_new(&plan, &s->fault);
	assert_non_null(s->trust);
}

static bool
validate(struct setting *s, struct wants *wants)
{
	const struct path_request r = {
		.target = s->leaf_octets, .candidates = s->candidates, .trust = s->trust, .at = s->at, .at_floor = s->at_floor,
		.key_usage = KU_DIGITAL_SIGNATURE, .wants = wants
	};

	memset(&s->fault, 0, sizeof(s->fault));
	return path_validate(&r, &s->result, &s->fault);
}

static struct span
certificates_of(const struct setting *s)
{
	struct make_certificate namesake = s->responder;
	struct buffer *b = fresh();

	namesake.signer = p256(OTHER_KEY);
	for (unsigned i = 0; i < s->namesakes; i++)
		make_certificate(b, &namesake);
	make_certificate(b, &s->responder);
	return buffer_span(b);
}

// What comes for a want; the request must be one for the right certificate.
static struct span
answer_to(struct setting *s, const struct want *w)
{
	static const uint8_t strange[32] = { 1, 2, 3 };
	struct ocsp_request request;
	struct fault f = { .set = false };

	if (s->raw)
		return s->octets;
	if (w->kind == WANT_CRL)
		return make_crl(fresh(), strstr(w->url_text, "responder") != NULL ? &s->responder_crl : &s->crl);
	if (!ocsp_request_read(w->request, &request, &f))
		fail_msg("the request: %s", f.text);
	assert_int_equal(request.count, 1);
	assert_true(request.has_nonce && request.nonce.len == 32 && span_equal(request.nonce, w->nonce));
	s->answer.nonce = s->wrong_nonce ? span_of(strange, sizeof(strange)) : s->no_nonce ? span_of(NULL, 0) : w->nonce;
	if (s->delegated)
		s->answer.certificates = certificates_of(s);
	return make_ocsp(fresh(), &s->answer);
}

// Take what comes for everything that is wanted; false when one of them is of no use.
static bool
take_all(struct setting *s, struct fault *f)
{
	const struct judging now = { .at = MAKE_NOW, .at_floor = s->at_floor };
	bool well = true;
	struct want *w;

	while ((w = wants_take(&s->wants)) != NULL) {
		well = fetched_take(w, answer_to(s, w), &now, f) && well;
		want_free(w);
	}
	return well;
}

// ---- what is believed, and what it says

struct expectation {
	const char *name;
	void (*twist)(struct setting *s);
	const char *unused;		// why it is not believed; NULL = it is
	enum failure failure;
	const char *text;
};

static void delegated(struct setting *s) { s->delegated = true; s->answer.signer = s->responder.key; s->answer.by_name = s->responder.subject; }
static void by_key(struct setting *s) { s->answer.by_name = NULL; }
static void sha256_id(struct setting *s) { s->answer.hash = DIGEST_SHA256; }
static void sha512_id(struct setting *s) { s->answer.hash = DIGEST_SHA512; }
static void without_nonce(struct setting *s) { s->no_nonce = true; }
static void other_spelling(struct setting *s) { s->answer.by_name = "O=%PLANT,CN=%ca"; }
static void revoked(struct setting *s) { s->answer.status = 1; s->answer.reason = 1; }
static void revoked_plainly(struct setting *s) { s->answer.status = 1; }
static void revoked_long_ago(struct setting *s) { revoked(s); s->answer.from -= 90 * MAKE_DAY; s->answer.until = s->answer.from + 1; }
static void unknown(struct setting *s) { s->answer.status = 2; }
static void other_signer(struct setting *s) { s->answer.signer = p256(OTHER_KEY); }
static void broken(struct setting *s) { s->answer.break_signature = true; }
static void other_name(struct setting *s) { s->answer.by_name = "O=Plant,CN=somebody"; }
static void other_key_id(struct setting *s) { s->answer.by_name = NULL; s->answer.signer = p256(OTHER_KEY); }
static void delegated_by_key(struct setting *s) { delegated(s); s->answer.by_name = NULL; }
static void delegated_no_check(struct setting *s) { delegated(s); make_more(&s->responder, NO_CHECK, false, span_of("\x05", 2)); }
static void delegated_no_purpose(struct setting *s) { delegated(s); s->responder.purposes = NULL; }
static void delegated_any_purpose(struct setting *s) { delegated(s); s->responder.purposes = "any"; }
static void delegated_other_purpose(struct setting *s) { delegated(s); s->responder.purposes = "28 1"; }
static void delegated_no_usage(struct setting *s) { delegated(s); s->responder.usage = KU_KEY_AGREEMENT; }
static void delegated_no_usage_at_all(struct setting *s) { delegated(s); s->responder.usage = -1; }
static void delegated_by_other(struct setting *s) { delegated(s); s->responder.issuer = "O=Rogue,CN=CA"; s->responder.signer = p256(OTHER_KEY); }
static void delegated_forged(struct setting *s) { delegated(s); s->responder.signer = p256(OTHER_KEY); }
static void delegated_expired(struct setting *s) { delegated(s); s->responder.until = MAKE_NOW - 1; }
static void delegated_last_second(struct setting *s) { delegated(s); s->responder.until = MAKE_NOW; }
static void delegated_early(struct setting *s) { delegated(s); s->responder.from = MAKE_NOW + 1; }
static void delegated_strange(struct setting *s) { delegated(s); make_more(&s->responder, UNKNOWN_OID, true, span_of("\x05", 2)); }
static void delegated_silent(struct setting *s) { delegated(s); s->delegated = false; }
static void delegated_wrong_key(struct setting *s) { delegated(s); s->answer.signer = p256(OTHER_KEY); }
static void delegated_fourth(struct setting *s) { delegated(s); s->namesakes = 3; }
static void delegated_fifth(struct setting *s) { delegated(s); s->namesakes = 4; }
static void answers_for_itself(struct setting *s) { delegated(s); s->responder = s->leaf; s->leaf.purposes = s->responder.purposes = "9"; s->answer.by_name = s->leaf.subject; s->answer.signer = s->leaf.key; }
static void other_serial(struct setting *s) { s->answer.serial++; }
static void other_issuer(struct setting *s) { s->answer.issuer = "O=Plant,CN=CB"; }
static void other_issuer_key(struct setting *s) { s->answer.issuer_key = p256(OTHER_KEY); }
static void twice(struct setting *s) { s->answer.times = 2; }
static void none(struct setting *s) { s->answer.times = 0; }
static void wrong_nonce(struct setting *s) { s->wrong_nonce = true; }
static void wrong_type(struct setting *s) { s->answer.type = UNKNOWN_OID; }
static void try_later(struct setting *s) { s->answer.answer = OCSP_TRY_LATER; }
static void unauthorized(struct setting *s) { s->answer.answer = OCSP_UNAUTHORIZED; }
static void critical(struct setting *s) { s->answer.critical = UNKNOWN_OID; }
static void single_critical(struct setting *s) { s->answer.single_critical = UNKNOWN_OID; }
static void rubbish(struct setting *s) { s->raw = true; s->octets = span_text("<html>busy</html>"); }
static void nothing_in_it(struct setting *s) { s->raw = true; s->octets = span_of("\x30", 2); }
static void stale(struct setting *s) { s->answer.until = MAKE_NOW - SKEW - 1; }
static void stale_within_skew(struct setting *s) { s->answer.until = MAKE_NOW - SKEW; }
static void early(struct setting *s) { s->answer.from = MAKE_NOW + SKEW + 1; }
static void early_within_skew(struct setting *s) { s->answer.from = MAKE_NOW + SKEW; }
static void early_at_floor(struct setting *s) { early(s); s->at_floor = true; }
static void backwards(struct setting *s) { s->answer.from = MAKE_NOW; s->answer.until = MAKE_NOW - 1; }
static void no_next(struct setting *s) { s->answer.until = 0; s->answer.from = MAKE_NOW; }
static void no_next_old(struct setting *s) { s->answer.until = 0; s->answer.from = MAKE_NOW - 2 * SKEW - 1; }
static void ends_meanwhile(struct setting *s) { s->answer.until = MAKE_NOW + 10; s->at = MAKE_NOW + 10 + SKEW + 1; }
static void ends_not_yet(struct setting *s) { s->answer.until = MAKE_NOW + 10; s->at = MAKE_NOW + 10 + SKEW; }
static void responder_ends_meanwhile(struct setting *s) { delegated(s); s->responder.until = MAKE_NOW + 10; s->at = MAKE_NOW + 11; }

#define LOOKED_UP "whether it is revoked is not known"

static const struct expectation answers[] = {
	{ "good", NULL, NULL, ACCEPTED, NULL },
	{ "good, responder by key", by_key, NULL, ACCEPTED, NULL },
	{ "good, CertID by SHA-256", sha256_id, NULL, ACCEPTED, NULL },
	{ "good, CertID by SHA-512", sha512_id, NULL, ACCEPTED, NULL },
	{ "good, no nonce", without_nonce, NULL, ACCEPTED, NULL },
	{ "good, responder in another spelling", other_spelling, NULL, ACCEPTED, NULL },
	{ "revoked", revoked, NULL, FAIL_CERT_REVOKED, "\"CN=plc-1,O=Plant\": it is revoked (keyCompromise)" },
	{ "revoked, no reason", revoked_plainly, NULL, FAIL_CERT_REVOKED, "it is revoked (no reason given)" },
	{ "revoked, by an old answer", revoked_long_ago, NULL, FAIL_CERT_REVOKED, NULL },
	{ "unknown", unknown, NULL, FAIL_SIGNER_NOT_TRUSTED, "its OCSP responder does not know it" },
	{ "signed by another key", other_signer, "the signature does not verify", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "a broken signature", broken, "the signature does not verify", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "responder of another name", other_name, "its signer is neither", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "responder of another key", other_key_id, "its signer is neither", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "delegated", delegated, NULL, ACCEPTED, NULL },
	{ "delegated, by key", delegated_by_key, NULL, ACCEPTED, NULL },
	{ "delegated, nocheck", delegated_no_check, NULL, ACCEPTED, NULL },
	{ "delegated, no extKeyUsage", delegated_no_purpose, "not made for OCSP", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "delegated, any purpose is not this one", delegated_any_purpose, "not made for OCSP", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "delegated, other purposes", delegated_other_purpose, "not made for OCSP", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "delegated, keyUsage without signing", delegated_no_usage, "does not allow it to sign", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "delegated, no keyUsage", delegated_no_usage_at_all, NULL, ACCEPTED, NULL },
	{ "delegated by another CA", delegated_by_other, "is of another CA", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "delegated by a namesake of the CA", delegated_forged, "did not sign the responder's certificate", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "delegated, expired", delegated_expired, "is not valid at this time", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "delegated, in its last second", delegated_last_second, NULL, ACCEPTED, NULL },
	{ "delegated, not yet valid", delegated_early, "is not valid at this time", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "delegated, unknown critical extension", delegated_strange, "cannot be processed", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "delegated, its certificate stayed away", delegated_silent, "its signer is neither", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "delegated, but signed by another key", delegated_wrong_key, "the signature does not verify", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "delegated, the fourth of its name", delegated_fourth, NULL, ACCEPTED, NULL },
	{ "delegated, the fifth of its name", delegated_fifth, "did not sign", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "the certificate answers for itself", answers_for_itself, "answers for itself", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "another serial number", other_serial, "about another certificate", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "another issuer", other_issuer, "about another certificate", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "another key of the issuer", other_issuer_key, "about another certificate", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "the certificate twice", twice, "more than once", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "no single response", none, "no OCSP response", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "wrong nonce", wrong_nonce, "another request (nonce)", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "wrong type", wrong_type, "no OCSP response", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "tryLater", try_later, "the responder says tryLater", FAIL_SIGNER_NOT_TRUSTED, "the responder says tryLater" },
	{ "unauthorized", unauthorized, "the responder says unauthorized", FAIL_SIGNER_NOT_TRUSTED, NULL },
	{ "unknown critical extension", critical, "critical extension", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "unknown critical extension of the single response", single_critical, "critical extension", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "not DER", rubbish, "no OCSP response", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "an empty SEQUENCE", nothing_in_it, "no OCSP response", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "ended", stale, "it ended on", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "ended, within the skew", stale_within_skew, NULL, ACCEPTED, NULL },
	{ "begins later", early, "it begins on", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "begins later, within the skew", early_within_skew, NULL, ACCEPTED, NULL },
	{ "begins later, at floor", early_at_floor, NULL, ACCEPTED, NULL },
	{ "ends before it begins", backwards, "ends before it begins", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "without an end", no_next, NULL, ACCEPTED, NULL },
	{ "without an end, and old", no_next_old, "it ended on", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "ended meanwhile", ends_meanwhile, NULL, FAIL_SIGNER_NOT_TRUSTED, "the answer of its OCSP responder ended on" },
	{ "ended meanwhile, within the skew", ends_not_yet, NULL, ACCEPTED, NULL },
	{ "the responder's certificate ended meanwhile", responder_ends_meanwhile, NULL, FAIL_SIGNER_NOT_TRUSTED, "of its OCSP responder is not valid" },
};

static void
expect(const struct expectation *e, struct setting *s, bool taken, const struct fault *why)
{
	bool ok = validate(s, NULL);
	bool right = e->failure == ACCEPTED ? ok : !ok && s->fault.failure == e->failure && (e->text == NULL || strstr(s->fault.text, e->text) != NULL);

	if (taken != (e->unused == NULL) || (!taken && strstr(why->text, e->unused) == NULL))
		fail_msg("%s: %s: '%s'", e->name, taken ? "taken" : "not taken", why->text);
	if (!right)
		fail_msg("%s: %s: '%s' (%s)", e->name, ok ? "accepted" : "refused", s->fault.text, s->fault.set ? failure_name(s->fault.failure) : "");
}

static void
run(const struct expectation *e, size_t wanted)
{
	struct fault why = { .set = false };
	struct setting s;

	set_up(&s);
	if (e->twist != NULL)
		e->twist(&s);
	make_set(&s);
	int64_t at = s.at;
	s.at = MAKE_NOW;
	if (validate(&s, &s.wants) || strstr(s.fault.text, LOOKED_UP) == NULL || s.wants.count != wanted || !wants_are_needed(&s.wants))
		fail_msg("%s: %zu are wanted: '%s'", e->name, s.wants.count, s.fault.text);
	bool taken = take_all(&s, &why);
	s.at = at;
	clock_advance(s.later_ms);
	expect(e, &s, taken, &why);
	tear_down(&s);
}

static void
ocsp(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(answers); i++)
		run(&answers[i], 1);
}

// ---- CRLs of distribution points

static void point(struct setting *s) { s->leaf.more_count = 0; s->leaf.crl_point = "URI:" POINT; }
static void crl_good(struct setting *s) { point(s); }
static void crl_lists(struct setting *s) { point(s); s->entry = (struct make_entry){ 4711, 1, NULL }; s->crl.entries = &s->entry; s->crl.entry_count = 1; }
static void crl_lists_other(struct setting *s) { crl_lists(s); s->entry.serial = 4712; }
static void crl_of_point(struct setting *s) { point(s); s->crl.point = "URI:" POINT; }
static void crl_of_other_point(struct setting *s) { point(s); s->crl.point = "URI:http://crl.example/list/b.crl"; }
static void crl_of_other_point_lists(struct setting *s) { crl_lists(s); s->crl.point = "URI:http://crl.example/list/b.crl"; }
static void crl_point_reasons(struct setting *s) { point(s); s->leaf.point_reasons = 2; }
static void crl_only_ca(struct setting *s) { point(s); s->crl.only_ca = true; }
static void crl_other_issuer(struct setting *s) { point(s); s->crl.issuer = "O=Rogue,CN=CA"; }
static void crl_other_signer(struct setting *s) { point(s); s->crl.signer = p256(OTHER_KEY); }
static void crl_no_crl_sign(struct setting *s) { point(s); s->ca.usage = KU_KEY_CERT_SIGN; }
static void crl_delta(struct setting *s) { point(s); s->crl.delta = true; }
static void crl_indirect(struct setting *s) { point(s); s->crl.indirect = true; }
static void crl_critical(struct setting *s) { point(s); s->crl.critical = UNKNOWN_OID; }
static void crl_no_next(struct setting *s) { point(s); s->crl.until = 0; }
static void crl_ended(struct setting *s) { point(s); s->crl.until = MAKE_NOW - 1; s->crl.from = MAKE_NOW - 10; }
static void crl_ended_lists(struct setting *s) { crl_lists(s); s->crl.until = MAKE_NOW - 1; s->crl.from = MAKE_NOW - 10; }
static void crl_last_second(struct setting *s) { point(s); s->crl.until = MAKE_NOW; }
static void crl_early(struct setting *s) { point(s); s->crl.from = MAKE_NOW + SKEW + 1; s->crl.until = MAKE_NOW + MAKE_DAY; }
static void crl_early_within_skew(struct setting *s) { point(s); s->crl.from = MAKE_NOW + SKEW; s->crl.until = MAKE_NOW + MAKE_DAY; }
static void crl_rubbish(struct setting *s) { point(s); rubbish(s); }

static const struct expectation lists[] = {
	{ "CRL clean", crl_good, NULL, ACCEPTED, NULL },
	{ "CRL lists it", crl_lists, NULL, FAIL_CERT_REVOKED, "it is revoked (keyCompromise)" },
	{ "CRL lists another", crl_lists_other, NULL, ACCEPTED, NULL },
	{ "CRL of its point", crl_of_point, NULL, ACCEPTED, NULL },
	{ "CRL of another point", crl_of_other_point, NULL, FAIL_SIGNER_NOT_TRUSTED, "is about others" },
	{ "CRL of another point lists it", crl_of_other_point_lists, NULL, FAIL_SIGNER_NOT_TRUSTED, "is about others" },
	{ "the point leads to some reasons only", crl_point_reasons, NULL, FAIL_SIGNER_NOT_TRUSTED, "for all reasons" },
	{ "CRL of CAs", crl_only_ca, NULL, FAIL_SIGNER_NOT_TRUSTED, "is about others" },
	{ "CRL of another issuer", crl_other_issuer, "the CRL of another CA", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "CRL by another key", crl_other_signer, "the signature does not verify", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "CRL of a CA without cRLSign", crl_no_crl_sign, "may not sign CRLs", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "delta CRL", crl_delta, "delta", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "indirect CRL", crl_indirect, "indirect", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "CRL with an unknown critical extension", crl_critical, "critical", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "CRL without nextUpdate", crl_no_next, "nextUpdate", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
	{ "CRL ended", crl_ended, "it ended on", FAIL_SIGNER_NOT_TRUSTED, "ended on" },
	{ "CRL ended, but lists it", crl_ended_lists, "it ended on", FAIL_CERT_REVOKED, NULL },
	{ "CRL in its last second", crl_last_second, NULL, ACCEPTED, NULL },
	{ "CRL begins later", crl_early, "it begins on", FAIL_SIGNER_NOT_TRUSTED, "begins on" },
	{ "CRL begins later, within the skew", crl_early_within_skew, NULL, ACCEPTED, NULL },
	{ "no CRL", crl_rubbish, "it is no CRL", FAIL_SIGNER_NOT_TRUSTED, LOOKED_UP },
};

static void
points(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(lists); i++)
		run(&lists[i], 1);
}

// ---- the responder's own revocation (RFC 6960 4.2.2.2.1)

#define RESPONDER_POINT "http://crl.example/list/responder.crl"

static void
responder_with_point(struct setting *s)
{
	delegated(s);
	s->responder.crl_point = "URI:" RESPONDER_POINT;
}

static void
responder_is_looked_up(void **state)
{
	struct fault f = { .set = false };
	struct setting s;

	(void)state;
	for (unsigned listed = 0; listed < 2; listed++) {
		set_up(&s);
		responder_with_point(&s);
		s.entry = (struct make_entry){ 9, 1, NULL };
		s.responder_crl.entries = &s.entry;
		s.responder_crl.entry_count = listed;
		make_set(&s);
		assert_false(validate(&s, &s.wants));
		assert_true(take_all(&s, &f));
		assert_false(validate(&s, &s.wants));	// now the CRL about the responder
		assert_int_equal(s.wants.count, 1);
		assert_string_equal(s.wants.list[0]->url_text, RESPONDER_POINT);
		assert_true(take_all(&s, &f));
		assert_int_equal(validate(&s, NULL), listed == 0);
		assert_true(listed == 0 || strstr(s.fault.text, "the certificate of its OCSP responder is revoked") != NULL);
		tear_down(&s);
	}
}

// Where its own point tells nothing, `missing` decides; where it names none, it is believed; nocheck asks nobody.
static void
responder_in_doubt(void **state)
{
	static const struct { bool no_check; enum revocation_missing missing; bool accepted; } cases[] = {
		{ false, REVOCATION_REFUSE, false }, { false, REVOCATION_WARN, true }, { true, REVOCATION_REFUSE, true },
	};
	struct fault f = { .set = false };
	struct setting s;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		set_up(&s);
		responder_with_point(&s);
		s.missing = cases[i].missing;
		if (cases[i].no_check)
			make_more(&s.responder, NO_CHECK, false, span_of("\x05", 2));
		make_set(&s);
		validate(&s, &s.wants);
		assert_true(take_all(&s, &f));
		assert_int_equal(validate(&s, NULL), cases[i].accepted);
		tear_down(&s);
	}
}

// ---- what is wanted

static void
wanted_fences(void **state)
{
	static const struct { const char *responder, *point, *allowed_responder, *allowed_point; size_t wants; const char *text; } cases[] = {
		{ RESPONDER, NULL, "http://ocsp.example/", NULL, 1, NULL },
		{ RESPONDER, NULL, "http://ocsp.example/b", NULL, 0, "revocation.ocsp of trust \"plant\" does not allow " RESPONDER },
		{ RESPONDER, NULL, NULL, "http://ocsp.example/", 0, "does not allow" },
		{ NULL, "URI:" POINT, NULL, "http://crl.example/", 1, NULL },
		{ NULL, "URI:" POINT, "http://crl.example/", NULL, 0, "revocation.points of trust \"plant\" does not allow " POINT },
		{ NULL, "URI:http://crl.example/list/../x", NULL, "http://crl.example/", 0, "no CRL of its issuer" },
		{ NULL, "URI:http://u@crl.example/x", NULL, "http://crl.example/", 0, "no CRL of its issuer" },
		{ NULL, "URI:https://crl.example/x", NULL, "http://crl.example/", 0, "no CRL of its issuer" },
		{ NULL, "URI:ldap://crl.example/x;dir:O=Plant;DNS:crl.example", NULL, "http://crl.example/", 0, "no CRL of its issuer" },
		{ NULL, "URI:http://crl.example:81/x", NULL, "http://crl.example/", 0, "does not allow" },
		{ NULL, "URI:http://crl.example/1;URI:http://crl.example/2", NULL, "http://crl.example/", 2, NULL },
		{ NULL, "URI:http://crl.example/1;URI:http://crl.example/2;URI:http://crl.example/3;URI:http://crl.example/4;URI:http://crl.example/5",
			NULL, "http://crl.example/", 4, NULL },
		{ RESPONDER, "URI:" POINT, "http://ocsp.example/", "http://crl.example/", 1, NULL },
		{ RESPONDER, "URI:" POINT, NULL, "http://crl.example/", 1, NULL },
		{ NULL, NULL, "http://ocsp.example/", "http://crl.example/", 0, "no CRL of its issuer" },
	};
	struct setting s;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		set_up(&s);
		s.leaf.more_count = 0;
		if (cases[i].responder != NULL)
			make_more(&s.leaf, INFO_ACCESS, false, make_responder_address(fresh(), cases[i].responder));
		s.leaf.crl_point = cases[i].point;
		s.responders[0] = cases[i].allowed_responder;
		s.responder_count = cases[i].allowed_responder != NULL;
		s.points[0] = cases[i].allowed_point;
		s.point_count = cases[i].allowed_point != NULL;
		make_set(&s);
		assert_false(validate(&s, &s.wants));
		if (s.wants.count != cases[i].wants || (cases[i].text != NULL && strstr(s.fault.text, cases[i].text) == NULL))
			fail_msg("case %zu: %zu wants: %s", i, s.wants.count, s.fault.text);
		tear_down(&s);
	}
}

// A path that is none is no reason to ask anybody; nor is one whose CRL from a file tells.
static void
wanted_for_nothing(void **state)
{
	struct setting s;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		set_up(&s);
		s.leaf.until = i == 0 ? MAKE_NOW - 1 : s.leaf.until;
		s.leaf.signer = i == 1 ? p256(OTHER_KEY) : s.leaf.signer;
		s.leaf.usage = i == 2 ? KU_KEY_AGREEMENT : s.leaf.usage;
		s.leaf.version = i == 3 ? 1 : 3;	// no extensions: no address
		make_set(&s);
		assert_false(validate(&s, &s.wants));
		assert_int_equal(s.wants.count, 0);
		tear_down(&s);
	}
}

static void
needed_or_not(void **state)
{
	struct fault f = { .set = false };
	struct setting s;

	(void)state;
	set_up(&s);
	s.missing = REVOCATION_WARN;
	s.answer.until = MAKE_NOW + 40 * MAKE_DAY;
	make_set(&s);
	// With doubt allowed, the path is taken, and yet it is worth asking.
	assert_true(validate(&s, &s.wants) && s.result.revocation_unknown);
	assert_true(wants_are_needed(&s.wants));
	assert_true(take_all(&s, &f));
	assert_true(validate(&s, &s.wants) && !s.result.revocation_unknown);
	assert_int_equal(s.wants.count, 0);
	// Before it is old, and after.
	clock_advance(FETCHED_FRESH_MS - 1);
	assert_true(validate(&s, &s.wants));
	assert_int_equal(s.wants.count, 0);
	clock_advance(1);
	assert_true(validate(&s, &s.wants));
	assert_int_equal(s.wants.count, 1);
	assert_false(wants_are_needed(&s.wants));
	// An older answer changes nothing, and is not asked for again for a while.
	s.answer.from--;
	assert_false(take_all(&s, &f));
	assert_non_null(strstr(f.text, "older than what is known"));
	assert_true(validate(&s, &s.wants));
	assert_int_equal(s.wants.count, 0);
	tear_down(&s);

	// In the last quarter of its time it is asked for anew, but not within half a minute.
	set_up(&s);
	s.answer.from = MAKE_NOW - 90;
	s.answer.until = MAKE_NOW + 30;
	make_set(&s);
	validate(&s, &s.wants);
	assert_true(take_all(&s, &f));
	s.at = MAKE_NOW + 1;
	clock_advance(FETCHED_PAUSE_MS - 1);
	assert_true(validate(&s, &s.wants));
	assert_int_equal(s.wants.count, 0);
	clock_advance(1);
	assert_true(validate(&s, &s.wants));
	assert_int_equal(s.wants.count, 1);
	tear_down(&s);
}

// A chain of three: everything that is missing is wanted in one go.
static void
whole_chain(void **state)
{
	struct make_certificate sub;
	struct fault f = { .set = false };
	struct setting s;

	(void)state;
	set_up(&s);
	sub = make_plan("O=Plant,CN=Sub", p256(SUB_KEY), "O=Plant,CN=CA", p256(CA_KEY), true);
	sub.crl_point = "URI:" POINT;
	s.candidates = made(&sub);
	s.leaf.issuer = sub.subject;
	s.leaf.signer = p256(SUB_KEY);
	s.answer = make_ocsp_plan("O=Plant,CN=Sub", p256(SUB_KEY), 4711);
	make_set(&s);
	assert_false(validate(&s, &s.wants));
	assert_int_equal(s.wants.count, 2);
	assert_true(take_all(&s, &f));
	assert_true(validate(&s, &s.wants));
	assert_int_equal(s.wants.count, 0);
	tear_down(&s);
}

// ---- failures

static void
failures_are_remembered(void **state)
{
	struct fault f = { .set = false };
	struct setting s;
	struct want *w;

	(void)state;
	set_up(&s);
	make_set(&s);
	assert_false(validate(&s, &s.wants));
	w = wants_take(&s.wants);
	fetched_fail(w, "it cannot be reached");
	want_free(w);
	assert_false(validate(&s, &s.wants));
	assert_int_equal(s.wants.count, 0);
	assert_non_null(strstr(s.fault.text, RESPONDER ": it cannot be reached"));
	clock_advance(FETCHED_PAUSE_MS - 1);
	assert_false(validate(&s, &s.wants));
	assert_int_equal(s.wants.count, 0);
	clock_advance(1);
	assert_false(validate(&s, &s.wants));
	assert_int_equal(s.wants.count, 1);
	assert_true(take_all(&s, &f));
	assert_true(validate(&s, &s.wants));
	tear_down(&s);
}

// Where the responder is dead, the point of the certificate tells.
static void
point_in_place_of_responder(void **state)
{
	struct fault f = { .set = false };
	struct setting s;
	struct want *w;

	(void)state;
	set_up(&s);
	s.leaf.crl_point = "URI:" POINT;
	make_set(&s);
	assert_false(validate(&s, &s.wants));
	assert_int_equal(s.wants.count, 1);
	w = wants_take(&s.wants);
	assert_int_equal(w->kind, WANT_OCSP);
	fetched_fail(w, "it cannot be reached");
	want_free(w);
	assert_false(validate(&s, &s.wants));
	assert_int_equal(s.wants.count, 1);
	assert_int_equal(s.wants.list[0]->kind, WANT_CRL);
	assert_true(take_all(&s, &f));
	assert_true(validate(&s, &s.wants));
	tear_down(&s);
}

// ---- the cache of paths

static bool
cached(struct setting *s, struct path_cache *c)
{
	const struct path_request r = { .target = s->leaf_octets, .trust = s->trust, .at = s->at, .key_usage = KU_DIGITAL_SIGNATURE, .wants = &s->wants };

	memset(&s->fault, 0, sizeof(s->fault));
	return path_validate_cached(c, &r, &s->result, &s->fault);
}

static void
cached_paths(void **state)
{
	struct path_cache *c = path_cache_new(4, 3600);
	const struct judging now = { .at = MAKE_NOW };
	struct fault f = { .set = false };
	struct setting s;
	struct want *w;

	(void)state;
	assert_non_null(c);
	set_up(&s);
	s.answer.until = MAKE_NOW + 100;
	make_set(&s);
	assert_false(cached(&s, c));
	w = wants_take(&s.wants);
	assert_true(fetched_take(w, answer_to(&s, w), &now, &f));
	assert_true(cached(&s, c));
	assert_int_equal(s.result.count, 1);
	assert_true(cached(&s, c));
	// The answer ends, and with it what rests on it.
	s.at = MAKE_NOW + 100 + SKEW + 1;
	assert_false(cached(&s, c));
	s.at = MAKE_NOW;
	assert_true(cached(&s, c));
	// Another one says that it is revoked.
	uint64_t generation = fetched_generation(s.trust);
	revoked(&s);
	s.answer.from++;
	assert_true(fetched_take(w, answer_to(&s, w), &now, &f));
	assert_true(fetched_generation(s.trust) != generation);
	assert_false(cached(&s, c));
	assert_int_equal(s.fault.failure, FAIL_CERT_REVOKED);
	want_free(w);
	path_cache_free(c);
	tear_down(&s);
}

// ---- caps

static void
many_items(void **state)
{
	struct setting s;
	struct want *w;

	(void)state;
	set_up(&s);
	s.crl_max = 4 << 20;
	make_set(&s);
	assert_false(validate(&s, &s.wants));
	w = wants_take(&s.wants);
	for (unsigned i = 0; i <= FETCHED_ITEMS_MAX; i++) {
		size_t before = fetched_count(s.trust).items;
		snprintf(w->url_text, sizeof(w->url_text), "http://ocsp.example/%u", i);
		fetched_fail(w, "no");
		assert_int_equal(fetched_count(s.trust).items, i < FETCHED_ITEMS_MAX ? before + 1 : FETCHED_ITEMS_MAX);
	}
	want_free(w);
	tear_down(&s);
}

// What is kept never takes more than FETCHED_OCTETS_MIN where CRLs are small, and the last one has its place.
static void
many_octets(void **state)
{
	enum { ENTRIES = 12000 };
	struct make_entry *entries = mem_array(ENTRIES, sizeof(*entries));
	const struct judging now = { .at = MAKE_NOW };
	struct setting s;
	struct want *w;

	(void)state;
	assert_non_null(entries);
	for (unsigned i = 0; i < ENTRIES; i++)
		entries[i] = (struct make_entry){ .serial = 100000 + i, .reason = -1 };
	set_up(&s);
	point(&s);
	s.crl.entries = entries;
	s.crl.entry_count = ENTRIES;
	make_set(&s);
	assert_false(validate(&s, &s.wants));
	w = wants_take(&s.wants);
	struct span octets = answer_to(&s, w);
	size_t most = 0;
	for (unsigned i = 0; i < 8; i++) {
		struct fault f = { .set = false };
		w->key[0]++;
		if (!fetched_take(w, octets, &now, &f))
			fail_msg("%s", f.text);
		struct fetched_counts counts = fetched_count(s.trust);
		assert_true(counts.octets <= FETCHED_OCTETS_MIN);
		most = counts.items > most ? counts.items : most;
	}
	assert_true(most >= 1 && most < 8);
	want_free(w);
	mem_free(entries);
	tear_down(&s);
}

static void
wants_have_an_end(void **state)
{
	struct setting s;

	(void)state;
	set_up(&s);
	make_set(&s);
	for (unsigned i = 0; i < WANTS_MAX + 2; i++) {
		s.leaf.serial++;
		s.leaf_octets = made(&s.leaf);
		assert_false(validate(&s, &s.wants));
		assert_int_equal(s.wants.count, i < WANTS_MAX ? i + 1 : WANTS_MAX);
		assert_false(validate(&s, &s.wants));	// the same once more
		assert_int_equal(s.wants.count, i < WANTS_MAX ? i + 1 : WANTS_MAX);
	}
	tear_down(&s);
}

static void
fences_have_an_end(void **state)
{
	struct span many[TRUST_FENCES_MAX + 1];
	struct span anchor;
	struct trust_plan plan = { .name = "plant", .anchors = &anchor, .anchor_count = 1, .points = many, .responders = many, .fetching = { 1000, 1024 } };
	struct fault f = { .set = false };
	struct setting s;

	(void)state;
	set_up(&s);
	anchor = made(&s.ca);
	for (size_t i = 0; i <= TRUST_FENCES_MAX; i++)
		many[i] = span_text("http://a/");
	plan.point_count = plan.responder_count = TRUST_FENCES_MAX;
	s.trust = trust_new(&plan, &f);
	assert_non_null(s.trust);
	plan.point_count++;
	assert_null(trust_new(&plan, &f));
	assert_string_equal(f.path, "points");
	f.set = false;
	plan.point_count = 0;
	plan.responder_count++;
	assert_null(trust_new(&plan, &f));
	assert_string_equal(f.path, "ocsp");
	f.set = false;
	plan.responder_count = 2;
	many[1] = span_text("http://a/../b");
	assert_null(trust_new(&plan, &f));
	assert_string_equal(f.path, "ocsp[1]");
	tear_down(&s);
}

// ---- memory

// Whatever cannot be had: nobody is believed for that, and nothing is lost.
static void
without_memory(void **state)
{
	(void)state;
	for (uint64_t n = 1; n < 60; n++) {
		struct fault f = { .set = false };
		struct setting s;
		set_up(&s);
		delegated(&s);
		make_set(&s);
		mem_fail(n, 0);
		bool first = validate(&s, &s.wants);
		mem_fail(0, 0);
		assert_false(first);
		if (s.wants.count == 1) {
			struct want *w = wants_take(&s.wants);
			const struct judging now = { .at = MAKE_NOW };
			struct span octets = answer_to(&s, w);
			mem_fail(n, 0);
			bool taken = fetched_take(w, octets, &now, &f);
			mem_fail(0, 0);
			assert_int_equal(validate(&s, NULL), taken);
			want_free(w);
		}
		tear_down(&s);
	}
}

static int
start(void **state)
{
	struct fault f = { .set = false };

	(void)state;
	return crypto_start(&f) ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	make_keys_free();
	crypto_stop();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ocsp), cmocka_unit_test(points), cmocka_unit_test(responder_is_looked_up), cmocka_unit_test(responder_in_doubt),
		cmocka_unit_test(wanted_fences), cmocka_unit_test(wanted_for_nothing), cmocka_unit_test(needed_or_not), cmocka_unit_test(whole_chain),
		cmocka_unit_test(failures_are_remembered), cmocka_unit_test(point_in_place_of_responder), cmocka_unit_test(cached_paths),
		cmocka_unit_test(many_items), cmocka_unit_test(many_octets), cmocka_unit_test(wants_have_an_end), cmocka_unit_test(fences_have_an_end),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, start, end);
}
