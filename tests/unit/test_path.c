// SPDX-License-Identifier: GPL-3.0-or-later
// Certification paths: each case makes its certificates, changes one thing and
// says what must come of it. Case numbers in names are those of the project's
// list of malformed messages (83 to 86).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/memory.h"
#include "codec/extension.h"
#include "crypto/crypto.h"
#include "pki/path.h"
#include "tests/unit/pki_make.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
enum { POOL = 512, LIST = 40, ROOM = 8 << 20 };

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

static void
drain(void)
{
	while (pool_used > 0)
		buffer_clear(&pool[--pool_used]);
}

static struct span
made(const struct make_certificate *m)
{
	return make_certificate(fresh(), m);
}

static struct span
made_crl(const struct make_crl *m)
{
	return make_crl(fresh(), m);
}

static struct span
hex(const char *digits)
{
	struct buffer *b = fresh();
	unsigned octet;

	for (; *digits != '\0'; digits += 2) {
		assert_int_equal(sscanf(digits, "%2x", &octet), 1);
		assert_true(buffer_append_octet(b, (uint8_t)octet));
	}
	return buffer_span(b);
}

// ---- a setting: one root, one CA, one device; and what is made of them

struct setting {
	struct make_certificate root, ca, leaf;
	void (*more)(struct setting *s);		// after these three are made
	struct span root_octets, ca_octets, leaf_octets;
	bool no_root, no_ca, no_candidates;
	struct span anchors[LIST], intermediates[LIST], crls[LIST];
	size_t anchor_count, intermediate_count, crl_count;
	struct buffer *candidates;
	struct trust_plan plan;
	struct path_request request;
	unsigned signatures;
	struct path_result result;
	struct fault fault;
};

enum { ROOT_KEY = 1, CA_KEY, LEAF_KEY, ROGUE_KEY, OTHER_KEY, MORE_KEYS };

static struct private_key *
p256(unsigned n)
{
	return make_key(KEY_P256, n);
}

static void
set_up(struct setting *s)
{
	memset(s, 0, sizeof(*s));
	s->root = make_plan("O=Plant,CN=Root", p256(ROOT_KEY), "O=Plant,CN=Root", p256(ROOT_KEY), true);
	s->ca = make_plan("O=Plant,CN=Device CA", p256(CA_KEY), "O=Plant,CN=Root", p256(ROOT_KEY), true);
	s->leaf = make_plan("O=Plant,CN=plc-1", p256(LEAF_KEY), "O=Plant,CN=Device CA", p256(CA_KEY), false);
	s->candidates = fresh();
	s->plan.name = "plant";
	s->request.at = MAKE_NOW;
	s->request.key_usage = KU_DIGITAL_SIGNATURE;
}

static void
add_anchor(struct setting *s, struct span octets)
{
	s->anchors[s->anchor_count++] = octets;
}

static void
add_intermediate(struct setting *s, struct span octets)
{
	s->intermediates[s->intermediate_count++] = octets;
}

static void
add_candidate(struct setting *s, struct span octets)
{
	assert_true(buffer_append(s->candidates, octets));
}

static void
make_all(struct setting *s)
{
	s->root_octets = made(&s->root);
	s->ca_octets = made(&s->ca);
	s->leaf_octets = made(&s->leaf);
	s->request.target = s->leaf_octets;
	if (!s->no_root)
		add_anchor(s, s->root_octets);
	if (!s->no_candidates)
		add_candidate(s, s->leaf_octets);
	if (!s->no_candidates && !s->no_ca)
		add_candidate(s, s->ca_octets);
	if (s->more != NULL)
		s->more(s);
}

static struct trust *
make_trust(struct setting *s)
{
	s->plan.anchors = s->anchors;
	s->plan.anchor_count = s->anchor_count;
	s->plan.intermediates = s->intermediates;
	s->plan.intermediate_count = s->intermediate_count;
	s->plan.crls = s->crls;
	s->plan.crl_count = s->crl_count;
	return trust_new(&s->plan, &s->fault);
}

static bool
validate(struct setting *s)
{
	bool ok;

	s->request.trust = make_trust(s);
	if (s->request.trust == NULL)
		return false;
	s->request.candidates = buffer_span(s->candidates);
	if (s->request.signatures == NULL)
		s->request.signatures = &s->signatures;
	ok = path_validate(&s->request, &s->result, &s->fault);
	trust_unref(s->request.trust);
	return ok;
}

#define ACCEPTED FAIL_COUNT	// what a case expects when all is well

struct expectation {
	const char *name;
	void (*twist)(struct setting *s);	// NULL: nothing
	enum failure failure;
	const char *text;			// part of the sentence
};

static void
expect(const char *name, struct setting *s, enum failure failure, const char *text)
{
	bool ok = validate(s);
	bool right = failure == ACCEPTED ? ok && !s->fault.set : !ok && s->fault.set && s->fault.failure == failure
		&& (text == NULL || strstr(s->fault.text, text) != NULL);

	if (!right)
		fail_msg("%s: %s %s: %s", name, ok ? "accepted" : "refused", s->fault.set ? failure_name(s->fault.failure) : "", s->fault.text);
	drain();
}

static void
run_case(const struct expectation *e)
{
	struct setting s;

	set_up(&s);
	if (e->twist != NULL)
		e->twist(&s);
	make_all(&s);
	expect(e->name, &s, e->failure, e->text);
}

static void
run_cases(const struct expectation *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		run_case(&cases[i]);
}

// ---- paths that are good

static void no_ca_at_all(struct setting *s) { s->leaf.issuer = s->root.subject; s->leaf.signer = s->root.key; s->no_ca = true; }
static void more_ca_in_set(struct setting *s) { add_intermediate(s, s->ca_octets); }
static void ca_in_set(struct setting *s) { s->no_candidates = true; s->more = more_ca_in_set; }
static void ca_nowhere(struct setting *s) { s->no_ca = true; }
static void v1_root(struct setting *s) { s->root.version = 1; }
static void no_key_ids(struct setting *s) { s->root.key_id = s->ca.key_id = s->leaf.authority = s->ca.authority = false; }
static void wrong_authority(struct setting *s) { s->leaf.wrong_authority = hex("0102030405"); }
// authorityKeyIdentifier by issuer and serial number, right and wrong.
static void
authority_serial(struct setting *s)
{
	s->leaf.authority = false;
	s->ca.serial = 7;
	make_more(&s->leaf, "551d23", false, hex("3014a10fa40d300b3109300706035504030c00820107"));
}
static void authority_serial_wrong(struct setting *s) { authority_serial(s); s->ca.serial = 8; }
static void more_self(struct setting *s) { s->request.target = s->root_octets; }
static void target_is_anchor(struct setting *s) { s->more = more_self; }
static void no_key_usage(struct setting *s) { s->root.usage = s->ca.usage = s->leaf.usage = -1; }
static void other_strings(struct setting *s) { s->leaf.issuer = "O=%PLANT,CN=%Device  CA"; }
static void more_ca_anchor(struct setting *s) { add_anchor(s, s->ca_octets); }
static void ca_as_anchor(struct setting *s) { s->no_root = s->no_ca = true; s->more = more_ca_anchor; }
static void more_twice(struct setting *s) { add_candidate(s, s->ca_octets); add_candidate(s, s->root_octets); add_intermediate(s, s->ca_octets); }
static void everything_twice(struct setting *s) { s->more = more_twice; }

static void
good_paths(void **state)
{
	static const struct expectation cases[] = {
		{ "plain", NULL, ACCEPTED, NULL },
		{ "no intermediate", no_ca_at_all, ACCEPTED, NULL },
		{ "intermediate from the set", ca_in_set, ACCEPTED, NULL },
		{ "intermediate as an anchor, by the operator", ca_as_anchor, ACCEPTED, NULL },
		{ "v1 root", v1_root, ACCEPTED, NULL },
		{ "no key identifiers", no_key_ids, ACCEPTED, NULL },
		{ "key identifiers only order what is tried", wrong_authority, ACCEPTED, NULL },
		{ "authority by serial number", authority_serial, ACCEPTED, NULL },
		{ "authority by a wrong serial number", authority_serial_wrong, ACCEPTED, NULL },
		{ "the target is the anchor itself", target_is_anchor, ACCEPTED, NULL },
		{ "no keyUsage anywhere", no_key_usage, ACCEPTED, NULL },
		{ "names that differ in case, space and string type", other_strings, ACCEPTED, NULL },
		{ "certificates that came twice", everything_twice, ACCEPTED, NULL },
		{ "missing intermediate", ca_nowhere, FAIL_SIGNER_NOT_TRUSTED, "no anchor for its issuer \"CN=Device CA,O=Plant\"" }
	};

	(void)state;
	run_cases(cases, LENGTH(cases));
}

static void
result_tells_the_path(void **state)
{
	struct setting s;

	(void)state;
	set_up(&s);
	s.root.until = MAKE_NOW + 90 * MAKE_DAY;
	make_all(&s);
	assert_true(validate(&s));
	assert_int_equal(s.result.count, 2);
	assert_true(span_equal(s.result.chain[0], s.leaf_octets) && span_equal(s.result.chain[1], s.ca_octets));
	assert_int_equal(s.result.valid_until, s.root.until);
	assert_false(s.result.revocation_unknown);
	assert_int_equal(s.signatures, 2);
	drain();
}

// ---- case 83: rogue roots

static struct make_certificate
rogue_root(const char *subject)
{
	return make_plan(subject, p256(ROGUE_KEY), subject, p256(ROGUE_KEY), true);
}

static void
more_rogue(struct setting *s)
{
	struct make_certificate root = rogue_root(s->ca.issuer);

	add_candidate(s, made(&root));
}

// The CA's certificate is signed by a root that came along.
static void
rogue_by(struct setting *s, const char *root)
{
	s->ca.issuer = root;
	s->ca.signer = p256(ROGUE_KEY);
	s->more = more_rogue;
}

static void rogue_other_name(struct setting *s) { rogue_by(s, "O=Rogue,CN=Root"); }
static void rogue_same_name(struct setting *s) { rogue_by(s, "O=Plant,CN=Root"); }
static void
rogue_direct(struct setting *s)
{
	rogue_by(s, "O=Rogue,CN=Root");
	s->leaf.issuer = s->ca.issuer;
	s->leaf.signer = p256(ROGUE_KEY);
	s->no_ca = true;
}
static void
rogue_direct_same(struct setting *s)
{
	rogue_by(s, "O=Plant,CN=Root");
	s->leaf.issuer = s->ca.issuer;
	s->leaf.signer = p256(ROGUE_KEY);
	s->no_ca = true;
}
static void rogue_is_silent(struct setting *s) { rogue_other_name(s); s->more = NULL; }
static void rogue_same_silent(struct setting *s) { rogue_same_name(s); s->more = NULL; }
static void
more_rogue_target(struct setting *s)
{
	more_rogue(s);
	s->request.target = span_of(s->candidates->data + s->leaf_octets.len + s->ca_octets.len, s->candidates->len - s->leaf_octets.len - s->ca_octets.len);
}
static void rogue_as_target(struct setting *s) { rogue_other_name(s); s->more = more_rogue_target; }
static void rogue_v1(struct setting *s) { rogue_by(s, "O=Rogue,CN=Root"); s->ca.version = 1; }

static const struct expectation rogues[] = {
	{ "83 rogue root", rogue_other_name, FAIL_SIGNER_NOT_TRUSTED, "\"CN=Root,O=Rogue\": it is issued by itself, and no anchor" },
	{ "83 rogue root with the name of ours", rogue_same_name, FAIL_SIGNER_NOT_TRUSTED, "certificate \"CN=Root,O=Plant\": it bears the name of an anchor" },
	{ "83 device signed by the rogue root", rogue_direct, FAIL_SIGNER_NOT_TRUSTED, NULL },
	{ "83 device signed by the rogue root of our name", rogue_direct_same, FAIL_SIGNER_NOT_TRUSTED, NULL },
	{ "83 the rogue root is not sent again", rogue_is_silent, FAIL_SIGNER_NOT_TRUSTED, NULL },
	{ "83 the rogue root of our name is not sent again", rogue_same_silent, FAIL_SIGNER_NOT_TRUSTED, NULL },
	{ "83 the rogue root signs itself", rogue_as_target, FAIL_SIGNER_NOT_TRUSTED, NULL },
	{ "83 rogue intermediate of v1", rogue_v1, FAIL_SIGNER_NOT_TRUSTED, NULL }
};

static bool
accepted(struct path_cache *cache, const struct setting *s, struct trust *trust)
{
	struct path_request r = s->request;
	struct path_result result;
	struct fault f = { .set = false };
	unsigned counter = 0;

	r.trust = trust;
	r.candidates = buffer_span(s->candidates);
	r.signatures = &counter;
	bool ok = path_validate_cached(cache, &r, &result, &f);
	assert_true(ok || f.failure == FAIL_SIGNER_NOT_TRUSTED);
	return ok;
}

// All in one process, under two sets and with one cache, with good messages between them: nothing is learned.
static void
case_83_nothing_is_learned(void **state)
{
	struct path_cache *cache = path_cache_new(8, 3600);
	struct setting good, bad[LENGTH(rogues)];

	(void)state;
	assert_non_null(cache);
	set_up(&good);
	make_all(&good);
	struct trust *trusts[] = { make_trust(&good), make_trust(&good) };
	for (size_t i = 0; i < LENGTH(rogues); i++) {
		set_up(&bad[i]);
		rogues[i].twist(&bad[i]);
		make_all(&bad[i]);
	}
	for (unsigned round = 0; round < 4 * LENGTH(rogues); round++) {
		struct path_cache *c = round % 3 == 0 ? NULL : cache;
		struct trust *trust = trusts[round % 2];
		assert_false(accepted(c, &bad[round % LENGTH(rogues)], trust));
		assert_true(accepted(c, &good, trust));
	}
	for (unsigned i = 0; i < 1000; i++)
		assert_true(accepted(NULL, &good, trusts[i % 2]));
	for (size_t i = 0; i < LENGTH(rogues); i++)
		assert_false(accepted(cache, &bad[i], trusts[0]) || accepted(NULL, &bad[i], trusts[1]));
	trust_unref(trusts[0]);
	trust_unref(trusts[1]);
	path_cache_free(cache);
	drain();
}

static void
case_83_rogue_roots(void **state)
{
	(void)state;
	run_cases(rogues, LENGTH(rogues));
}

static void
self_test(void **state)
{
	struct fault f = { .set = false };

	(void)state;
	assert_true(path_self_test(&f));
	assert_false(f.set);
}

// ---- case 84: dates

static int64_t
date(int year, int month, int day, int hour, int minute, int second)
{
	struct calendar c = { year, month, day, hour, minute, second };
	int64_t seconds;

	assert_true(calendar_to_seconds(&seconds, &c));
	return seconds;
}

static void leaf_expired(struct setting *s) { s->leaf.until = MAKE_NOW - 200 * MAKE_DAY; s->leaf.from = s->leaf.until - MAKE_DAY; }
static void ca_expired(struct setting *s) { s->ca.until = MAKE_NOW - 200 * MAKE_DAY; s->ca.from = s->ca.until - MAKE_DAY; }
static void root_expired(struct setting *s) { s->root.until = MAKE_NOW - 200 * MAKE_DAY; s->root.from = s->root.until - MAKE_DAY; }
static void leaf_early(struct setting *s) { s->leaf.from = MAKE_NOW + 10 * MAKE_DAY; }
static void ca_early(struct setting *s) { s->ca.from = MAKE_NOW + 10 * MAKE_DAY; }
static void root_early(struct setting *s) { s->root.from = MAKE_NOW + 10 * MAKE_DAY; }
static void last_second(struct setting *s) { s->leaf.until = MAKE_NOW; }
static void second_late(struct setting *s) { s->leaf.until = MAKE_NOW - 1; }
static void first_second(struct setting *s) { s->leaf.from = MAKE_NOW; }
static void second_early(struct setting *s) { s->leaf.from = MAKE_NOW + 1; }
static void at_floor(struct setting *s) { s->request.at_floor = true; }
static void all_early_at_floor(struct setting *s) { leaf_early(s); ca_early(s); root_early(s); at_floor(s); }
static void leaf_expired_at_floor(struct setting *s) { leaf_expired(s); at_floor(s); }
static void ca_expired_at_floor(struct setting *s) { ca_expired(s); at_floor(s); }
static void root_expired_at_floor(struct setting *s) { root_expired(s); at_floor(s); }
static void for_ever(struct setting *s) { s->leaf.until = s->ca.until = s->root.until = date(9999, 12, 31, 23, 59, 59); }
static void for_ever_far(struct setting *s) { for_ever(s); s->request.at = date(9999, 12, 31, 23, 59, 59); }
static void
beyond_2038(struct setting *s)
{
	s->leaf.until = s->ca.until = s->root.until = date(2049, 12, 31, 23, 59, 59);
	s->request.at = date(2040, 1, 1, 0, 0, 0);
}
static void utc_49(struct setting *s) { beyond_2038(s); s->request.at = s->leaf.until; }
static void utc_49_over(struct setting *s) { beyond_2038(s); s->request.at = s->leaf.until + 1; }
static void utc_50(struct setting *s) { beyond_2038(s); s->leaf.until++; s->ca.until++; s->root.until++; s->request.at = s->leaf.until; }
static void utc_1950(struct setting *s) { s->leaf.from = s->ca.from = s->root.from = date(1950, 1, 1, 0, 0, 0); s->request.at = date(1951, 1, 1, 0, 0, 0); }
static void both_wrong(struct setting *s) { s->leaf.from = MAKE_NOW + MAKE_DAY; s->leaf.until = MAKE_NOW - MAKE_DAY; }

static void
case_84_dates(void **state)
{
	static const struct expectation cases[] = {
		{ "84 device expired", leaf_expired, FAIL_SIGNER_NOT_TRUSTED, "\"CN=plc-1,O=Plant\": it expired on 2025-05-08T" },
		{ "84 CA expired", ca_expired, FAIL_SIGNER_NOT_TRUSTED, "\"CN=Device CA,O=Plant\": it expired" },
		{ "84 anchor expired", root_expired, FAIL_SIGNER_NOT_TRUSTED, "\"CN=Root,O=Plant\": it expired" },
		{ "84 device not yet", leaf_early, FAIL_SIGNER_NOT_TRUSTED, "\"CN=plc-1,O=Plant\": it is not valid before 2025-12-04T" },
		{ "84 CA not yet", ca_early, FAIL_SIGNER_NOT_TRUSTED, "it is not valid before" },
		{ "84 anchor not yet", root_early, FAIL_SIGNER_NOT_TRUSTED, "it is not valid before" },
		{ "84 last second", last_second, ACCEPTED, NULL },
		{ "84 a second late", second_late, FAIL_SIGNER_NOT_TRUSTED, "expired" },
		{ "84 first second", first_second, ACCEPTED, NULL },
		{ "84 a second early", second_early, FAIL_SIGNER_NOT_TRUSTED, "not valid before" },
		{ "84 floor: all not yet", all_early_at_floor, ACCEPTED, NULL },
		{ "84 floor: device expired", leaf_expired_at_floor, FAIL_SIGNER_NOT_TRUSTED, "expired" },
		{ "84 floor: CA expired", ca_expired_at_floor, FAIL_SIGNER_NOT_TRUSTED, "expired" },
		{ "84 floor: anchor expired", root_expired_at_floor, FAIL_SIGNER_NOT_TRUSTED, "expired" },
		{ "84 99991231235959Z", for_ever, ACCEPTED, NULL },
		{ "84 99991231235959Z at its end", for_ever_far, ACCEPTED, NULL },
		{ "84 beyond 2038", beyond_2038, ACCEPTED, NULL },
		{ "84 UTCTime 491231235959Z", utc_49, ACCEPTED, NULL },
		{ "84 a second behind UTCTime 49", utc_49_over, FAIL_SIGNER_NOT_TRUSTED, "expired on 2049-12-31T23:59:59Z" },
		{ "84 GeneralizedTime from 2050", utc_50, ACCEPTED, NULL },
		{ "84 UTCTime 50 is 1950", utc_1950, ACCEPTED, NULL },
		{ "84 ends before it begins", both_wrong, FAIL_SIGNER_NOT_TRUSTED, "expired" }
	};

	(void)state;
	run_cases(cases, LENGTH(cases));
}

// ---- case 85: critical extensions, garbage

#define UNKNOWN "2a0304"	// 1.2.3.4
static void leaf_unknown(struct setting *s) { make_more(&s->leaf, UNKNOWN, true, hex("0500")); }
static void ca_unknown(struct setting *s) { make_more(&s->ca, UNKNOWN, true, hex("0500")); }
static void root_unknown(struct setting *s) { make_more(&s->root, UNKNOWN, true, hex("0500")); }
static void
unknown_not_critical(struct setting *s)
{
	make_more(&s->root, UNKNOWN, false, hex("0500"));
	make_more(&s->ca, UNKNOWN, false, hex("0500"));
	make_more(&s->leaf, UNKNOWN, false, hex("0500"));
}
static void
leaf_twice(struct setting *s)
{
	make_more(&s->leaf, "551d25", false, hex("300a06082b0601050507031c"));
	make_more(&s->leaf, "551d25", false, hex("300a06082b0601050507031c"));
}
static void ca_twice(struct setting *s) { make_more(&s->ca, "551d0f", true, hex("03020106")); }
static void ca_garbage(struct setting *s) { s->ca.usage = -1; make_more(&s->ca, "551d0f", true, hex("040101")); }
static void leaf_garbage(struct setting *s) { make_more(&s->leaf, "551d11", false, hex("3003820100")); }
static void leaf_basic_garbage(struct setting *s) { make_more(&s->leaf, "551d13", true, hex("30030101ff00")); }
static void ca_constraints_garbage(struct setting *s) { make_more(&s->ca, "551d1e", true, hex("3000")); }
static void leaf_info_critical(struct setting *s) { make_more(&s->leaf, "2b06010505070101", true, hex("3000")); }
static void leaf_freshest_critical(struct setting *s) { make_more(&s->leaf, "551d2e", true, hex("3000")); }
static void
garbage_of_others(struct setting *s)
{
	make_more(&s->leaf, "2b06010505070101", false, hex("0500"));
	make_more(&s->leaf, "551d2e", false, hex("0500"));
}

static void
case_85_extensions(void **state)
{
	static const struct expectation cases[] = {
		{ "85 unknown critical in the device", leaf_unknown, FAIL_SIGNER_NOT_TRUSTED, "\"CN=plc-1,O=Plant\": its extension 1.2.3.4 is critical" },
		{ "85 unknown critical in the CA", ca_unknown, FAIL_SIGNER_NOT_TRUSTED, "\"CN=Device CA,O=Plant\": its extension 1.2.3.4 is critical" },
		{ "85 unknown critical in the anchor", root_unknown, FAIL_NONE, "\"CN=Root,O=Plant\": its extension 1.2.3.4 is critical" },
		{ "85 unknown, not critical", unknown_not_critical, ACCEPTED, NULL },
		{ "85 twice in the device", leaf_twice, FAIL_SIGNER_NOT_TRUSTED, "an extension stands twice" },
		{ "85 twice in the CA", ca_twice, FAIL_SIGNER_NOT_TRUSTED, "no certificate of it came along that can be read" },
		{ "85 garbage in a critical keyUsage", ca_garbage, FAIL_SIGNER_NOT_TRUSTED, "keyUsage" },
		{ "85 garbage in a subjectAltName that is not critical", leaf_garbage, FAIL_SIGNER_NOT_TRUSTED, NULL },
		{ "85 garbage in basicConstraints", leaf_basic_garbage, FAIL_SIGNER_NOT_TRUSTED, NULL },
		{ "85 empty nameConstraints", ca_constraints_garbage, FAIL_SIGNER_NOT_TRUSTED, "nameConstraints" },
		{ "85 critical authorityInfoAccess", leaf_info_critical, FAIL_SIGNER_NOT_TRUSTED, "authorityInfoAccess is critical" },
		{ "85 critical freshestCRL", leaf_freshest_critical, FAIL_SIGNER_NOT_TRUSTED, "freshestCRL is critical" },
		{ "85 garbage in what nobody reads here", garbage_of_others, ACCEPTED, NULL }
	};

	(void)state;
	run_cases(cases, LENGTH(cases));
}

// ---- case 86: who may issue, and what for

static void
more_end_in_ca(struct setting *s)
{
	s->anchor_count = 0;
	struct make_certificate other = rogue_root("O=Elsewhere,CN=Root");
	add_anchor(s, made(&other));
}
static void ends_in_intermediate(struct setting *s) { s->more = more_end_in_ca; }
static void ca_no_basic(struct setting *s) { s->ca.basic = false; }
static void ca_false(struct setting *s) { s->ca.ca = false; }
static void ca_no_cert_sign(struct setting *s) { s->ca.usage = KU_DIGITAL_SIGNATURE | KU_CRL_SIGN; }
static void ca_v1(struct setting *s) { s->ca.version = 1; }
static void ca_v2(struct setting *s) { s->ca.version = 2; }
static void root_false(struct setting *s) { s->root.ca = false; }
static void root_no_basic(struct setting *s) { s->root.basic = false; }
static void root_no_cert_sign(struct setting *s) { s->root.usage = KU_CRL_SIGN; }
static void root_path_0(struct setting *s) { s->root.path_len = 0; }
static void root_path_1(struct setting *s) { s->root.path_len = 1; }
static void ca_path_0(struct setting *s) { s->ca.path_len = 0; }
static void leaf_no_signature(struct setting *s) { s->leaf.usage = KU_KEY_AGREEMENT; }
static void two_usages(struct setting *s) { s->leaf.usage = KU_DIGITAL_SIGNATURE; s->request.key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT; }
static void no_usage_wanted(struct setting *s) { s->leaf.usage = KU_KEY_AGREEMENT; s->request.key_usage = 0; }
static void want_ra(struct setting *s) { s->request.purpose = KP_CMC_RA; }
static void client_auth(struct setting *s) { want_ra(s); s->leaf.purposes = "2"; }
static void has_ra(struct setting *s) { want_ra(s); s->leaf.purposes = "2 28"; }
static void has_any(struct setting *s) { want_ra(s); s->leaf.purposes = "any"; }
static void ca_limits(struct setting *s) { has_ra(s); s->ca.purposes = "1 2"; }
static void ca_limits_rightly(struct setting *s) { has_ra(s); s->ca.purposes = "1 28"; }
static void ca_limits_any(struct setting *s) { has_ra(s); s->ca.purposes = "any"; }
static void root_limits(struct setting *s) { has_ra(s); s->root.purposes = "1 2"; }
static void ca_limits_nobody(struct setting *s) { s->ca.purposes = "1"; }
static void set_wants_ra(struct setting *s) { s->plan.purpose = KP_CMC_RA; s->leaf.purposes = "27"; s->request.purpose = KP_CMC_CA; }
static void both_want(struct setting *s) { s->plan.purpose = KP_CMC_RA; s->leaf.purposes = "27 28"; s->request.purpose = KP_CMC_CA; }
static void purpose_and_expired(struct setting *s) { want_ra(s); leaf_expired(s); }
static void purpose_and_rogue(struct setting *s) { want_ra(s); rogue_same_name(s); }
static void leaf_broken(struct setting *s) { s->leaf.break_signature = true; }
static void ca_broken(struct setting *s) { s->ca.break_signature = true; }
static void root_broken(struct setting *s) { s->root.break_signature = true; }
static void ca_cut(struct setting *s) { s->ca.cut_signature = true; }

static void
case_86_roles(void **state)
{
	static const struct expectation cases[] = {
		{ "86 path ends in an intermediate", ends_in_intermediate, FAIL_SIGNER_NOT_TRUSTED,
			"\"CN=Device CA,O=Plant\": \"plant\" has no anchor for its issuer" },
		{ "86 basicConstraints absent", ca_no_basic, FAIL_SIGNER_NOT_TRUSTED, "\"CN=Device CA,O=Plant\": it is not the certificate of a CA" },
		{ "86 CA:FALSE", ca_false, FAIL_SIGNER_NOT_TRUSTED, "it is not the certificate of a CA" },
		{ "86 keyUsage without keyCertSign", ca_no_cert_sign, FAIL_SIGNER_NOT_TRUSTED, "its keyUsage does not allow" },
		{ "86 intermediate of v1", ca_v1, FAIL_SIGNER_NOT_TRUSTED, "version 1 or 2" },
		{ "86 intermediate of v2", ca_v2, FAIL_SIGNER_NOT_TRUSTED, "version 1 or 2" },
		{ "86 anchor with CA:FALSE issues", root_false, FAIL_SIGNER_NOT_TRUSTED, "\"CN=Root,O=Plant\": it is not the certificate of a CA" },
		{ "86 v3 anchor without basicConstraints issues", root_no_basic, FAIL_SIGNER_NOT_TRUSTED, "it is not the certificate of a CA" },
		{ "86 anchor without keyCertSign issues", root_no_cert_sign, FAIL_SIGNER_NOT_TRUSTED, "its keyUsage" },
		{ "86 pathLen 0 of the anchor exceeded", root_path_0, FAIL_SIGNER_NOT_TRUSTED, "\"CN=Device CA,O=Plant\": the path is longer" },
		{ "86 pathLen 1 of the anchor kept", root_path_1, ACCEPTED, NULL },
		{ "86 pathLen 0 of the CA kept", ca_path_0, ACCEPTED, NULL },
		{ "86 device without digitalSignature", leaf_no_signature, FAIL_SIGNER_NOT_TRUSTED, "its keyUsage lacks digitalSignature" },
		{ "86 one of two usages", two_usages, FAIL_SIGNER_NOT_TRUSTED, "its keyUsage lacks keyAgreement" },
		{ "86 no usage wanted", no_usage_wanted, ACCEPTED, NULL },
		{ "86 clientAuth where cmcRA is needed", client_auth, FAIL_NOT_AUTHORIZED, "\"CN=plc-1,O=Plant\": it lacks the purpose cmcRA" },
		{ "86 no extKeyUsage where cmcRA is needed", want_ra, FAIL_NOT_AUTHORIZED, "cmcRA" },
		{ "86 cmcRA", has_ra, ACCEPTED, NULL },
		{ "86 anyExtendedKeyUsage", has_any, ACCEPTED, NULL },
		{ "86 the CA may not certify cmcRA", ca_limits, FAIL_NOT_AUTHORIZED, "\"CN=Device CA,O=Plant\": it lacks the purpose cmcRA" },
		{ "86 the CA may certify cmcRA", ca_limits_rightly, ACCEPTED, NULL },
		{ "86 the CA may certify anything", ca_limits_any, ACCEPTED, NULL },
		{ "86 purposes of an anchor are not asked", root_limits, ACCEPTED, NULL },
		{ "86 purposes do not matter where none is wanted", ca_limits_nobody, ACCEPTED, NULL },
		{ "86 the set wants another purpose", set_wants_ra, FAIL_NOT_AUTHORIZED, "cmcRA" },
		{ "86 set and request want purposes, both there", both_want, ACCEPTED, NULL },
		{ "86 not only the purpose is missing: expired", purpose_and_expired, FAIL_SIGNER_NOT_TRUSTED, "expired" },
		{ "86 not only the purpose is missing: rogue", purpose_and_rogue, FAIL_SIGNER_NOT_TRUSTED, NULL },
		{ "signature of the device broken", leaf_broken, FAIL_SIGNER_NOT_TRUSTED, "\"CN=plc-1,O=Plant\": the signature" },
		{ "signature of the CA broken", ca_broken, FAIL_SIGNER_NOT_TRUSTED, "\"CN=Device CA,O=Plant\": the signature" },
		{ "signature of the CA that is none", ca_cut, FAIL_SIGNER_NOT_TRUSTED, "\"CN=Device CA,O=Plant\": the signature is not one" },
		{ "an anchor's own signature does not matter", root_broken, ACCEPTED, NULL }
	};

	(void)state;
	run_cases(cases, LENGTH(cases));
}

// ---- long, winding and looping paths

// A chain of `count` CAs below the root, the last of which issues the device; all but the first three certificates are made here.
static struct make_certificate
link_of(unsigned n, bool ca)
{
	static char names[16][24];
	struct make_certificate m;

	assert_true(n < 16);
	snprintf(names[n], sizeof(names[n]), "O=Plant,CN=CA %u", n);
	m = make_plan(names[n], p256(MORE_KEYS + n), n == 0 ? "O=Plant,CN=Root" : names[n - 1], n == 0 ? p256(ROOT_KEY) : p256(MORE_KEYS + n - 1), ca);
	return m;
}

static void
chain_of(struct setting *s, unsigned cas)
{
	s->candidates->len = 0;
	for (unsigned n = 0; n < cas; n++) {
		struct make_certificate m = link_of(n, true);
		add_candidate(s, made(&m));
	}
	struct make_certificate leaf = link_of(cas, false);
	s->request.target = made(&leaf);
}

static void more_chain_8(struct setting *s) { chain_of(s, 7); }
static void chain_8(struct setting *s) { s->more = more_chain_8; }
static void more_chain_9(struct setting *s) { chain_of(s, 8); }
static void chain_9(struct setting *s) { s->more = more_chain_9; }

// The device's CA has a CA of its own below it.
static void
more_sub_ca(struct setting *s)
{
	struct make_certificate sub = make_plan("O=Plant,CN=Sub", p256(OTHER_KEY), s->ca.subject, s->ca.key, true);
	struct make_certificate leaf = make_plan("O=Plant,CN=plc-2", p256(LEAF_KEY), sub.subject, sub.key, false);

	add_candidate(s, made(&sub));
	s->request.target = made(&leaf);
}
static void sub_ca(struct setting *s) { s->more = more_sub_ca; }
static void sub_ca_path_0(struct setting *s) { s->ca.path_len = 0; s->more = more_sub_ca; }
static void sub_ca_path_1(struct setting *s) { s->ca.path_len = 1; s->more = more_sub_ca; }
static void sub_ca_root_1(struct setting *s) { s->root.path_len = 1; s->more = more_sub_ca; }
static void sub_ca_root_2(struct setting *s) { s->root.path_len = 2; s->more = more_sub_ca; }
static void sub_ca_wider(struct setting *s) { s->root.path_len = 1; s->ca.path_len = 9; s->more = more_sub_ca; }

// The CA changed its key: the new one is certified by the old one (self-issued), which counts for nothing.
static void
more_rollover(struct setting *s)
{
	struct make_certificate new = make_plan(s->ca.subject, p256(OTHER_KEY), s->ca.subject, s->ca.key, true);
	struct make_certificate leaf = make_plan("O=Plant,CN=plc-2", p256(LEAF_KEY), new.subject, new.key, false);

	add_candidate(s, made(&new));
	s->request.target = made(&leaf);
}
static void rollover(struct setting *s) { s->more = more_rollover; }
static void rollover_path_0(struct setting *s) { s->ca.path_len = 0; s->more = more_rollover; }

// A self-issued device certificate: of the same name as its CA.
static void
more_self_issued_leaf(struct setting *s)
{
	struct make_certificate m = make_plan(s->ca.subject, p256(OTHER_KEY), s->ca.subject, s->ca.key, false);

	s->request.target = made(&m);
}
static void self_issued_leaf(struct setting *s) { s->ca.path_len = 0; s->more = more_self_issued_leaf; }

// A signs B, B signs A, and A the device; no anchor anywhere.
static void
more_loop(struct setting *s)
{
	struct make_certificate a = make_plan("CN=A", p256(OTHER_KEY), "CN=B", p256(ROGUE_KEY), true);
	struct make_certificate b = make_plan("CN=B", p256(ROGUE_KEY), "CN=A", p256(OTHER_KEY), true);
	struct make_certificate leaf = make_plan("CN=leaf", p256(LEAF_KEY), "CN=A", p256(OTHER_KEY), false);

	add_candidate(s, made(&a));
	add_candidate(s, made(&b));
	s->request.target = made(&leaf);
}
static void loop(struct setting *s) { s->more = more_loop; }

// The same, and B is certified by the root too.
static void
more_loop_with_way_out(struct setting *s)
{
	struct make_certificate b = make_plan("CN=B", p256(ROGUE_KEY), "O=Plant,CN=Root", p256(ROOT_KEY), true);

	more_loop(s);
	add_candidate(s, made(&b));
}
static void loop_with_way_out(struct setting *s) { s->more = more_loop_with_way_out; }

// The CA is certified twice: by a root that is no anchor, or expired, and by ours.
static void
more_cross(struct setting *s)
{
	struct make_certificate cross = s->ca;

	cross.issuer = "O=Other,CN=Root";
	cross.signer = p256(OTHER_KEY);
	s->candidates->len = 0;
	add_candidate(s, made(&cross));
	add_candidate(s, s->ca_octets);
}
static void cross(struct setting *s) { s->more = more_cross; }

static void
more_cross_expired(struct setting *s)
{
	struct make_certificate old = s->ca;

	old.until = MAKE_NOW - MAKE_DAY;
	s->candidates->len = 0;
	add_candidate(s, made(&old));
	add_candidate(s, s->ca_octets);
}
static void cross_expired(struct setting *s) { s->more = more_cross_expired; }

// Two anchors, one expired, of the same name and key.
static void
more_old_anchor(struct setting *s)
{
	struct make_certificate old = s->root;

	old.until = MAKE_NOW - MAKE_DAY;
	s->anchor_count = 0;
	add_anchor(s, made(&old));
	add_anchor(s, s->root_octets);
}
static void old_anchor_first(struct setting *s) { s->more = more_old_anchor; }

static void
winding_paths(void **state)
{
	static const struct expectation cases[] = {
		{ "8 certificates", chain_8, ACCEPTED, NULL },
		{ "9 certificates", chain_9, FAIL_SIGNER_NOT_TRUSTED, "longer than 8 certificates" },
		{ "two CAs", sub_ca, ACCEPTED, NULL },
		{ "two CAs, pathLen 0 of the upper", sub_ca_path_0, FAIL_SIGNER_NOT_TRUSTED, "\"CN=Sub,O=Plant\": the path is longer" },
		{ "two CAs, pathLen 1 of the upper", sub_ca_path_1, ACCEPTED, NULL },
		{ "two CAs, pathLen 1 of the anchor", sub_ca_root_1, FAIL_SIGNER_NOT_TRUSTED, "\"CN=Sub,O=Plant\": the path is longer" },
		{ "two CAs, pathLen 2 of the anchor", sub_ca_root_2, ACCEPTED, NULL },
		{ "a CA cannot widen pathLen", sub_ca_wider, FAIL_SIGNER_NOT_TRUSTED, "the path is longer" },
		{ "self-issued certificate in between", rollover, ACCEPTED, NULL },
		{ "self-issued ones do not count for pathLen", rollover_path_0, ACCEPTED, NULL },
		{ "self-issued device", self_issued_leaf, ACCEPTED, NULL },
		{ "loop A and B", loop, FAIL_SIGNER_NOT_TRUSTED, NULL },
		{ "loop A and B with a way out", loop_with_way_out, ACCEPTED, NULL },
		{ "cross-certificates: one leads nowhere", cross, ACCEPTED, NULL },
		{ "cross-certificates: one expired", cross_expired, ACCEPTED, NULL },
		{ "two anchors of a name: one expired", old_anchor_first, ACCEPTED, NULL }
	};

	(void)state;
	run_cases(cases, LENGTH(cases));
}

// ---- caps: 32 candidates, 64 signatures

// n CAs of the name that is asked for, whose keys are all wrong.
static void
add_decoys(struct setting *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct make_certificate m = make_plan(s->ca.subject, p256(MORE_KEYS + i), s->root.subject, s->root.key, true);
		m.key_id = false;
		add_candidate(s, made(&m));
	}
}

static void more_32(struct setting *s) { s->candidates->len = 0; add_decoys(s, PATH_MAX_CANDIDATES - 1); add_candidate(s, s->ca_octets); }
static void candidates_32(struct setting *s) { s->more = more_32; }
static void more_33(struct setting *s) { more_32(s); add_candidate(s, s->leaf_octets); }
static void candidates_33(struct setting *s) { s->more = more_33; }
static void more_rubbish(struct setting *s) { assert_true(buffer_append_text(s->candidates, "rubbish")); }
static void candidates_rubbish(struct setting *s) { s->more = more_rubbish; }
static void more_empty(struct setting *s) { add_candidate(s, hex("3000")); }
static void candidate_empty(struct setting *s) { s->more = more_empty; }
static void target_rubbish_more(struct setting *s) { s->request.target = hex("3003020100"); }
static void target_rubbish(struct setting *s) { s->more = target_rubbish_more; }
static void signatures_62(struct setting *s) { s->signatures = PATH_MAX_SIGNATURES - 2; }
static void signatures_63(struct setting *s) { s->signatures = PATH_MAX_SIGNATURES - 1; }

static void
caps(void **state)
{
	static const struct expectation cases[] = {
		{ "32 candidates", candidates_32, ACCEPTED, NULL },
		{ "33 candidates", candidates_33, FAIL_BAD_REQUEST, "more than 32" },
		{ "candidates that are no DER", candidates_rubbish, FAIL_BAD_DATA_FORMAT, NULL },
		{ "a candidate that is no certificate", candidate_empty, ACCEPTED, NULL },
		{ "a target that is no certificate", target_rubbish, FAIL_SIGNER_NOT_TRUSTED, "cannot be read" },
		{ "signatures 63 and 64 of the message", signatures_62, ACCEPTED, NULL },
		{ "signature 65 of the message", signatures_63, FAIL_SIGNER_NOT_TRUSTED, "more signatures" }
	};

	(void)state;
	run_cases(cases, LENGTH(cases));
}

// A complete graph: all candidates have one name and one key, so each seems to
// have signed each. Below nobody of the set nothing is computed; whoever claims
// to be issued by an anchor costs one signature under the anchor's key.
static void
graph(const char *above, unsigned wanted)
{
	struct setting s;
	struct crypto_work before;
	int64_t began = clock_mono_ms();

	set_up(&s);
	make_all(&s);
	s.candidates->len = 0;
	for (unsigned i = 0; i < PATH_MAX_CANDIDATES; i++) {
		const char *x = i % 2 == 0 ? "CN=X" : "CN=Y", *y = i % 2 == 0 ? "CN=Y" : "CN=X";
		struct make_certificate m = make_plan(x, p256(MORE_KEYS + i), above != NULL ? above : y, p256(MORE_KEYS + (i + 3) % 32), true);
		m.key_id = m.authority = false;
		add_candidate(&s, made(&m));
	}
	struct make_certificate leaf = make_plan("CN=leaf", p256(LEAF_KEY), "CN=X", p256(MORE_KEYS), false);
	s.request.target = made(&leaf);
	before = crypto_work();
	assert_false(validate(&s));
	assert_int_equal(s.fault.failure, FAIL_SIGNER_NOT_TRUSTED);
	assert_int_equal(crypto_work().verifications - before.verifications, wanted);
	assert_int_equal(s.signatures, wanted);
	assert_true(clock_mono_ms() - began < 60000);
	drain();
}

static void
work_is_bounded(void **state)
{
	struct setting s;

	(void)state;
	set_up(&s);
	graph(NULL, 0);
	graph(s.root.subject, PATH_MAX_CANDIDATES);
}

// Seven layers of four certificates for the same CA: 16,384 ways to the top, one signature for each certificate.
static void
add_layers(struct setting *s, const char *top, struct private_key *signer)
{
	static char names[8][16];

	s->candidates->len = 0;
	for (unsigned layer = 0; layer < 7; layer++) {
		snprintf(names[layer], sizeof(names[layer]), "CN=Layer %u", layer);
		snprintf(names[layer + 1], sizeof(names[layer]), "CN=Layer %u", layer + 1);
		for (unsigned i = 0; i < 4; i++) {
			struct make_certificate m = make_plan(names[layer], p256(MORE_KEYS + layer), layer < 6 ? names[layer + 1] : top,
				layer < 6 ? p256(MORE_KEYS + layer + 1) : signer, true);
			add_candidate(s, made(&m));
		}
	}
	struct make_certificate leaf = make_plan("CN=leaf", p256(LEAF_KEY), "CN=Layer 0", p256(MORE_KEYS), false);
	leaf.until = MAKE_NOW - 1;	// no way is good
	s->request.target = made(&leaf);
}

static void more_layers_nowhere(struct setting *s) { add_layers(s, "CN=Nobody", p256(ROGUE_KEY)); }
static void layers_nowhere(struct setting *s) { s->more = more_layers_nowhere; }
static void more_layers(struct setting *s) { add_layers(s, s->root.subject, s->root.key); }
static void layers(struct setting *s) { s->more = more_layers; }

static void
ways_are_bounded(void **state)
{
	static void (*const twists[])(struct setting *s) = { layers_nowhere, layers };
	struct setting s;

	(void)state;
	for (size_t i = 0; i < LENGTH(twists); i++) {
		int64_t began = clock_mono_ms();
		set_up(&s);
		twists[i](&s);
		make_all(&s);
		assert_false(validate(&s));
		assert_int_equal(s.fault.failure, FAIL_SIGNER_NOT_TRUSTED);
		assert_non_null(strstr(s.fault.text, "too many paths"));
		assert_true(s.signatures <= 1 + 7 * 4);		// each certificate once
		assert_true(clock_mono_ms() - began < 20000);
		drain();
	}
}

// The counter is that of the message: what is left is what the next path may use.
static void
signatures_are_counted_together(void **state)
{
	struct setting s;
	unsigned counter = 0;

	(void)state;
	for (unsigned i = 0; i < PATH_MAX_SIGNATURES / 2; i++) {
		set_up(&s);
		s.request.signatures = &counter;
		make_all(&s);
		assert_true(validate(&s));
		assert_int_equal(counter, 2 * (i + 1));
		drain();
	}
	set_up(&s);
	s.request.signatures = &counter;
	make_all(&s);
	assert_false(validate(&s));
	assert_int_equal(counter, PATH_MAX_SIGNATURES);
	drain();
}

// ---- name constraints (RFC 5280 4.2.1.10), T-ASN-11

static void
name_constraints(void **state)
{
	static const struct { const char *name, *permitted, *excluded, *subject, *alt_names; bool ok; } cases[] = {
		{ "DNS equal", "DNS:example.com", NULL, "O=Plant,CN=a", "DNS:example.com", true },
		{ "DNS below", "DNS:example.com", NULL, "O=Plant,CN=a", "DNS:a.b.example.com", true },
		{ "DNS case", "DNS:Example.COM", NULL, "O=Plant,CN=a", "DNS:a.eXample.com", true },
		{ "DNS suffix is no label", "DNS:example.com", NULL, "O=Plant,CN=a", "DNS:badexample.com", false },
		{ "DNS other", "DNS:example.com", NULL, "O=Plant,CN=a", "DNS:example.org", false },
		{ "DNS above", "DNS:a.example.com", NULL, "O=Plant,CN=a", "DNS:example.com", false },
		{ "DNS second of two", "DNS:example.com;DNS:example.org", NULL, "O=Plant,CN=a", "DNS:a.example.org", true },
		{ "DNS one good, one bad", "DNS:example.com", NULL, "O=Plant,CN=a", "DNS:a.example.com;DNS:a.example.org", false },
		{ "DNS leading dot wants a label", "DNS:.example.com", NULL, "O=Plant,CN=a", "DNS:example.com", false },
		{ "DNS leading dot, a label", "DNS:.example.com", NULL, "O=Plant,CN=a", "DNS:a.example.com", true },
		{ "DNS empty constraint is all", "DNS:", NULL, "O=Plant,CN=a", "DNS:a.example.com", true },
		{ "DNS excluded", NULL, "DNS:example.com", "O=Plant,CN=a", "DNS:a.example.com", false },
		{ "DNS excluded, case", NULL, "DNS:EXAMPLE.com", "O=Plant,CN=a", "DNS:a.example.COM", false },
		{ "DNS not excluded", NULL, "DNS:example.com", "O=Plant,CN=a", "DNS:a.example.org", true },
		{ "DNS excluded wins", "DNS:example.com", "DNS:b.example.com", "O=Plant,CN=a", "DNS:a.b.example.com", false },
		{ "DNS with a final dot", NULL, "DNS:example.com", "O=Plant,CN=a", "DNS:a.example.com.", false },
		{ "DNS with an empty label", NULL, "DNS:example.com", "O=Plant,CN=a", "DNS:a..example.org", false },
		{ "DNS with a space", "DNS:example.com", NULL, "O=Plant,CN=a", "DNS:a example.com", false },
		{ "DNS wildcard inside", "DNS:example.com", NULL, "O=Plant,CN=a", "DNS:*.example.com", true },
		{ "DNS wildcard covers an excluded host", NULL, "DNS:secret.example.com", "O=Plant,CN=a", "DNS:*.example.com", false },
		{ "DNS wildcard covers an excluded domain", NULL, "DNS:.secret.example.com", "O=Plant,CN=a", "DNS:*.example.com", false },
		{ "DNS wildcard beside an excluded host", NULL, "DNS:secret.example.org", "O=Plant,CN=a", "DNS:*.example.com", true },
		{ "DNS constraint, no such name", "DNS:example.com", NULL, "O=Plant,CN=a", "IP:10.0.0.1", true },
		{ "DNS in the common name, no alternative", "DNS:example.com", NULL, "O=Plant,CN=a.example.org", NULL, false },
		{ "DNS in the common name, inside", "DNS:example.com", NULL, "O=Plant,CN=a.example.com", NULL, true },
		{ "DNS in the common name beside another kind", "DNS:example.com", NULL, "O=Plant,CN=a.example.org", "IP:10.0.0.1", false },
		{ "DNS in the common name beside a dNSName", "DNS:example.com", NULL, "O=Plant,CN=a.example.org", "DNS:a.example.com", true },
		{ "common name that is no host", "DNS:example.com", NULL, "O=Plant,CN=plc-17", NULL, true },
		{ "common name that is an address", "DNS:example.com", NULL, "O=Plant,CN=10.0.0.1", NULL, true },

		{ "mail at a host", "email:example.com", NULL, "O=Plant,CN=a", "email:me@example.com", true },
		{ "mail at a host, case", "email:Example.com", NULL, "O=Plant,CN=a", "email:me@eXAMPLE.com", true },
		{ "mail below a host", "email:example.com", NULL, "O=Plant,CN=a", "email:me@a.example.com", false },
		{ "mail in a domain", "email:.example.com", NULL, "O=Plant,CN=a", "email:me@a.example.com", true },
		{ "mail at the domain itself", "email:.example.com", NULL, "O=Plant,CN=a", "email:me@example.com", false },
		{ "mail, one mailbox", "email:me@example.com", NULL, "O=Plant,CN=a", "email:me@Example.com", true },
		{ "mail, mailbox keeps its case", "email:me@example.com", NULL, "O=Plant,CN=a", "email:Me@example.com", false },
		{ "mail, another mailbox", "email:me@example.com", NULL, "O=Plant,CN=a", "email:you@example.com", false },
		{ "mail, quoted at sign", "email:example.com", NULL, "O=Plant,CN=a", "email:\"a@example.org\"@example.com", true },
		{ "mail, host behind the last at sign", "email:example.com", NULL, "O=Plant,CN=a", "email:\"a@example.com\"@example.org", false },
		{ "mail without at sign", NULL, "email:example.com", "O=Plant,CN=a", "email:example.org", false },
		{ "mail without local part", NULL, "email:example.com", "O=Plant,CN=a", "email:@example.org", false },
		{ "mail excluded", NULL, "email:.example.com", "O=Plant,CN=a", "email:me@a.example.com", false },
		{ "mail in the subject, no alternative", "email:example.com", NULL, "O=Plant,CN=a,E=me@example.org", NULL, false },
		{ "mail in the subject, inside", "email:example.com", NULL, "O=Plant,CN=a,E=me@example.com", NULL, true },
		{ "mail in the subject beside an alternative", "email:example.com", NULL, "O=Plant,CN=a,E=me@example.org", "email:me@example.com", true },

		{ "URI host", "URI:host.example.com", NULL, "O=Plant,CN=a", "URI:https://HOST.example.com:8443/x", true },
		{ "URI below a host", "URI:example.com", NULL, "O=Plant,CN=a", "URI:https://a.example.com/", false },
		{ "URI in a domain", "URI:.example.com", NULL, "O=Plant,CN=a", "URI:coap://a.b.example.com", true },
		{ "URI domain itself", "URI:.example.com", NULL, "O=Plant,CN=a", "URI:coap://example.com", false },
		{ "URI with user", "URI:example.com", NULL, "O=Plant,CN=a", "URI:http://example.org@example.com/", true },
		{ "URI with user that looks like a host", "URI:example.com", NULL, "O=Plant,CN=a", "URI:http://example.com@example.org/", false },
		{ "URI with host in its query", "URI:example.com", NULL, "O=Plant,CN=a", "URI:http://example.org?@example.com", false },
		{ "URI without authority", NULL, "URI:example.com", "O=Plant,CN=a", "URI:urn:uuid:1", false },
		{ "URI with an IPv4 address", NULL, "URI:example.com", "O=Plant,CN=a", "URI:http://10.0.0.1/", false },
		{ "URI with an IPv6 address", NULL, "URI:example.com", "O=Plant,CN=a", "URI:http://[::1]/", false },
		{ "URI with a short host", NULL, "URI:example.com", "O=Plant,CN=a", "URI:http://localhost/", false },
		{ "URI with an escaped host", NULL, "URI:example.com", "O=Plant,CN=a", "URI:http://ex%61mple.com/", false },
		{ "URI with a backslash", NULL, "URI:example.com", "O=Plant,CN=a", "URI:http://example.com\\.example.org/", false },
		{ "URI excluded", NULL, "URI:.example.com", "O=Plant,CN=a", "URI:http://a.example.com", false },
		{ "URI, no constraint on it", "DNS:example.com", NULL, "O=Plant,CN=a", "URI:urn:uuid:1", true },

		{ "IPv4 inside", "IP:10.1.0.0/16", NULL, "O=Plant,CN=a", "IP:10.1.2.3", true },
		{ "IPv4 outside", "IP:10.1.0.0/16", NULL, "O=Plant,CN=a", "IP:10.2.2.3", false },
		{ "IPv4 of a host", "IP:10.1.2.3/32", NULL, "O=Plant,CN=a", "IP:10.1.2.4", false },
		{ "IPv4 odd mask", "IP:10.1.2.128/25", NULL, "O=Plant,CN=a", "IP:10.1.2.129", true },
		{ "IPv4 all", "IP:0.0.0.0/0", NULL, "O=Plant,CN=a", "IP:10.1.2.129", true },
		{ "IPv4 excluded", NULL, "IP:10.0.0.0/8", "O=Plant,CN=a", "IP:10.2.2.3", false },
		{ "IPv6 where IPv4 is permitted", "IP:0.0.0.0/0", NULL, "O=Plant,CN=a", "IP6:20010db8000000000000000000000001", false },
		{ "IPv6 inside", "IP6:20010db8000000000000000000000000ffffffff000000000000000000000000", NULL, "O=Plant,CN=a",
			"IP6:20010db8000000000000000000000001", true },
		{ "IPv6 outside", "IP6:20010db8000000000000000000000000ffffffff000000000000000000000000", NULL, "O=Plant,CN=a",
			"IP6:20010db9000000000000000000000001", false },
		{ "IP constraint without mask", "IP:10.0.0.1", NULL, "O=Plant,CN=a", "IP:10.0.0.1", false },
		{ "IP mask with holes", NULL, "IP6:0a000001ff00ff00", "O=Plant,CN=a", "IP:10.0.0.1", false },
		{ "IP name with a mask", "IP:10.0.0.0/8", NULL, "O=Plant,CN=a", "IP:10.0.0.1/32", false },

		{ "directory inside", "dir:O=Plant", NULL, "O=Plant,CN=a", NULL, true },
		{ "directory other spelling", "dir:O=%PLANT", NULL, "O=Plant ,CN=a", NULL, true },
		{ "directory outside", "dir:O=Plant", NULL, "O=Works,CN=a", NULL, false },
		{ "directory deeper", "dir:O=Plant,OU=Cells", NULL, "O=Plant,CN=a", NULL, false },
		{ "directory excluded", NULL, "dir:O=Plant,CN=a", "O=Plant,CN=A", NULL, false },
		{ "directory beside the excluded", NULL, "dir:O=Plant,CN=a", "O=Plant,CN=b", NULL, true },
		{ "directory excluded, in a string that cannot be compared", NULL, "dir:O=Plant,CN=a", "O=Plant,CN=&b", NULL, false },
		{ "directory in the alternatives", "dir:O=Plant", NULL, "O=Plant,CN=a", "dir:O=Works,CN=a", false },
		{ "no subject at all", "dir:O=Works", NULL, "", "DNS:a.example.com", true },

		{ "registeredID constrained, not there", "RID:2a03", NULL, "O=Plant,CN=a", NULL, true },
		{ "registeredID constrained", "RID:2a03", NULL, "O=Plant,CN=a", "RID:2a03", false },
		{ "registeredID excluded", NULL, "RID:2a03", "O=Plant,CN=a", "RID:2a04", false },
		{ "otherName constrained", "other:x", NULL, "O=Plant,CN=a", "other:x", false },
		{ "otherName excluded", NULL, "other:y", "O=Plant,CN=a", "other:x", false },
		{ "otherName, another form constrained", "RID:2a03", NULL, "O=Plant,CN=a", "other:x", true }
	};
	struct setting s;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		set_up(&s);
		s.ca.permitted = cases[i].permitted;
		s.ca.excluded = cases[i].excluded;
		s.leaf.subject = cases[i].subject;
		s.leaf.alt_names = cases[i].alt_names;
		make_all(&s);
		expect(cases[i].name, &s, cases[i].ok ? ACCEPTED : FAIL_SIGNER_NOT_TRUSTED, cases[i].ok ? NULL : "name constraint");
	}
}

static void root_constrains_dns(struct setting *s) { s->root.permitted = "DNS:example.com"; s->leaf.alt_names = "DNS:a.example.org"; }
static void root_constrains_ca(struct setting *s) { s->root.permitted = "dir:O=Plant"; s->ca.subject = s->leaf.issuer = "O=Works,CN=CA"; }
static void
both_constrain(struct setting *s)
{
	s->root.permitted = "DNS:example.com";
	s->ca.permitted = "DNS:b.example.com";
	s->leaf.alt_names = "DNS:x.a.example.com";
}
static void
ca_cannot_widen(struct setting *s)
{
	s->root.permitted = "DNS:a.example.com";
	s->ca.permitted = "DNS:example.com";
	s->leaf.alt_names = "DNS:b.example.com";
}
static void both_exclude(struct setting *s) { s->root.excluded = "DNS:example.com"; s->ca.excluded = "DNS:example.org"; s->leaf.alt_names = "DNS:example.com"; }
static void root_constrains_itself(struct setting *s) { s->root.permitted = "dir:O=Elsewhere"; s->more = more_self; }
static void more_rollover_named(struct setting *s) { more_rollover(s); }
static void self_issued_is_free(struct setting *s) { s->ca.permitted = "dir:O=Plant,CN=plc-2"; s->more = more_rollover_named; }
static void self_issued_leaf_is_not(struct setting *s) { s->ca.permitted = "dir:O=Plant,CN=plc-2"; s->more = more_self_issued_leaf; }
static void ca_minimum(struct setting *s) { make_more(&s->ca, "551d1e", true, hex("3011a00f300d8208782e6578616d706c800101")); }
static void not_critical_minimum(struct setting *s) { make_more(&s->ca, "551d1e", false, hex("3011a00f300d8208782e6578616d706c800101")); }

static void
name_constraints_along_the_path(void **state)
{
	static const struct expectation cases[] = {
		{ "constraint of the anchor", root_constrains_dns, FAIL_SIGNER_NOT_TRUSTED, "\"CN=plc-1,O=Plant\": its name a.example.org is not inside" },
		{ "constraint on the CA's own name", root_constrains_ca, FAIL_SIGNER_NOT_TRUSTED, "\"CN=CA,O=Works\": its name" },
		{ "constraints meet", both_constrain, FAIL_SIGNER_NOT_TRUSTED, "name constraint" },
		{ "a CA cannot widen", ca_cannot_widen, FAIL_SIGNER_NOT_TRUSTED, "name constraint" },
		{ "exclusions add up", both_exclude, FAIL_SIGNER_NOT_TRUSTED, "is excluded" },
		{ "an anchor does not constrain itself", root_constrains_itself, ACCEPTED, NULL },
		{ "self-issued intermediates are not held to constraints", self_issued_is_free, ACCEPTED, NULL },
		{ "a self-issued target is", self_issued_leaf_is_not, FAIL_SIGNER_NOT_TRUSTED, "name constraint" },
		{ "minimum other than 0", ca_minimum, FAIL_SIGNER_NOT_TRUSTED, "nameConstraints" },
		{ "minimum other than 0, not critical", not_critical_minimum, FAIL_SIGNER_NOT_TRUSTED, "nameConstraints" }
	};

	(void)state;
	run_cases(cases, LENGTH(cases));
}

// ---- policies: no tree, no explicit policy (T-ASN-12)

static void
policies(struct setting *s)
{
	make_more(&s->ca, "551d20", true, hex("3006300406022a03"));
	make_more(&s->leaf, "551d20", true, hex("3006300406022a03"));
}
static void policy_cps(struct setting *s) { make_more(&s->leaf, "551d20", true, hex("301a301806022a03301230100608" "2b06010505070201" "16" "04" "613a2f62")); }
static void policy_strange(struct setting *s) { make_more(&s->leaf, "551d20", true, hex("3010300e06022a0330083006060" "22a040500")); }
static void policy_strange_mild(struct setting *s) { make_more(&s->leaf, "551d20", false, hex("3010300e06022a0330083006060" "22a040500")); }
static void mapping_critical(struct setting *s) { make_more(&s->ca, "551d21", true, hex("300a300806022a0306022a04")); }
static void mapping(struct setting *s) { make_more(&s->ca, "551d21", false, hex("300a300806022a0306022a04")); }
static void mapping_any(struct setting *s) { make_more(&s->ca, "551d21", false, hex("300c300a0604551d200006022a04")); }
static void inhibit_any(struct setting *s) { make_more(&s->ca, "551d36", true, hex("020100")); }
static void inhibit_any_garbage(struct setting *s) { make_more(&s->ca, "551d36", true, hex("0201ff")); }
static void explicit_ca_0(struct setting *s) { s->ca.explicit_policy = 0; policies(s); }
static void explicit_ca_1(struct setting *s) { s->ca.explicit_policy = 1; }
static void explicit_ca_2(struct setting *s) { s->ca.explicit_policy = 2; }
static void explicit_root_0(struct setting *s) { s->root.explicit_policy = 0; }
static void explicit_root_1(struct setting *s) { s->root.explicit_policy = 1; }
static void explicit_root_2(struct setting *s) { s->root.explicit_policy = 2; }
static void explicit_root_3(struct setting *s) { s->root.explicit_policy = 3; }
static void explicit_leaf_0(struct setting *s) { s->leaf.explicit_policy = 0; }
static void explicit_leaf_1(struct setting *s) { s->leaf.explicit_policy = 1; }
static void explicit_rollover(struct setting *s) { s->root.explicit_policy = 3; s->more = more_rollover; }
static void inhibit_mapping(struct setting *s) { make_more(&s->ca, "551d24", true, hex("3003810100")); }
static void constraints_empty(struct setting *s) { make_more(&s->ca, "551d24", true, hex("3000")); }

static void
certificate_policies(void **state)
{
	static const struct expectation cases[] = {
		{ "critical policies", policies, ACCEPTED, NULL },
		{ "critical policy with a CPS pointer", policy_cps, ACCEPTED, NULL },
		{ "critical policy with a strange qualifier", policy_strange, FAIL_SIGNER_NOT_TRUSTED, "qualifier" },
		{ "policy with a strange qualifier", policy_strange_mild, ACCEPTED, NULL },
		{ "critical mappings", mapping_critical, FAIL_SIGNER_NOT_TRUSTED, "policyMappings" },
		{ "mappings", mapping, ACCEPTED, NULL },
		{ "mappings of anyPolicy", mapping_any, FAIL_SIGNER_NOT_TRUSTED, "policyMappings" },
		{ "inhibitAnyPolicy", inhibit_any, ACCEPTED, NULL },
		{ "inhibitAnyPolicy negative", inhibit_any_garbage, FAIL_SIGNER_NOT_TRUSTED, NULL },
		{ "inhibitPolicyMapping", inhibit_mapping, ACCEPTED, NULL },
		{ "policyConstraints with nothing in them", constraints_empty, FAIL_SIGNER_NOT_TRUSTED, NULL },
		{ "explicit policy from the CA, at once", explicit_ca_0, FAIL_SIGNER_NOT_TRUSTED, "explicit policy" },
		{ "explicit policy from the CA, after one", explicit_ca_1, FAIL_SIGNER_NOT_TRUSTED, "explicit policy" },
		{ "explicit policy from the CA, after two", explicit_ca_2, ACCEPTED, NULL },
		{ "explicit policy from the anchor, at once", explicit_root_0, FAIL_SIGNER_NOT_TRUSTED, "explicit policy" },
		{ "explicit policy from the anchor, after one", explicit_root_1, FAIL_SIGNER_NOT_TRUSTED, "explicit policy" },
		{ "explicit policy from the anchor, after two", explicit_root_2, FAIL_SIGNER_NOT_TRUSTED, "explicit policy" },
		{ "explicit policy from the anchor, after three", explicit_root_3, ACCEPTED, NULL },
		{ "self-issued ones are not counted", explicit_rollover, ACCEPTED, NULL },
		{ "explicit policy from the target", explicit_leaf_0, FAIL_SIGNER_NOT_TRUSTED, "explicit policy" },
		{ "explicit policy from the target, later", explicit_leaf_1, ACCEPTED, NULL }
	};

	(void)state;
	run_cases(cases, LENGTH(cases));
}

// ---- algorithms (T-CMP-14)

static void
keys_of(struct setting *s, enum key_type root, enum key_type ca, enum key_type leaf)
{
	s->root.key = s->root.signer = s->ca.signer = make_key(root, 1);
	s->ca.key = s->leaf.signer = make_key(ca, 2);
	s->leaf.key = make_key(leaf, 3);
}

static void
key_types(void **state)
{
	struct setting s;
	char name[80];

	(void)state;
	for (enum key_type root = 0; root < KEY_TYPE_COUNT; root++)
		for (enum key_type ca = 0; ca < KEY_TYPE_COUNT; ca++) {
			if (!key_type_available(root) || !key_type_available(ca))
				continue;
			set_up(&s);
			keys_of(&s, root, ca, KEY_P256);
			make_all(&s);
			snprintf(name, sizeof(name), "%s over %s", key_type_name(root), key_type_name(ca));
			expect(name, &s, ACCEPTED, NULL);
		}
}

#define ECDSA_SHA256 "300a06082a8648ce3d040302"
static void rsa_ca(struct setting *s) { keys_of(s, KEY_RSA, KEY_P256, KEY_P256); }
static void
rsa_pss(struct setting *s)
{
	static const struct signature_scheme scheme = { SIGNATURE_RSA_PSS, DIGEST_SHA256, 32 };

	rsa_ca(s);
	s->ca.scheme = &scheme;
}
static void
rsa_pss_384(struct setting *s)
{
	static const struct signature_scheme scheme = { SIGNATURE_RSA_PSS, DIGEST_SHA384, 48 };

	rsa_ca(s);
	s->ca.scheme = &scheme;
}
static void ecdsa_by_rsa(struct setting *s) { rsa_ca(s); s->ca.algorithm = hex(ECDSA_SHA256); }
static void rsa_by_ecdsa(struct setting *s) { s->ca.algorithm = hex("300d06092a864886f70d01010b0500"); }
static void ed25519_by_ecdsa(struct setting *s) { s->ca.algorithm = hex("300506032b6570"); }
static void ecdsa_by_ed25519(struct setting *s) { keys_of(s, KEY_ED25519, KEY_P256, KEY_P256); s->ca.algorithm = hex(ECDSA_SHA256); }
static void sha1_rsa(struct setting *s) { rsa_ca(s); s->ca.algorithm = hex("300d06092a864886f70d0101050500"); }
static void md5_rsa(struct setting *s) { rsa_ca(s); s->ca.algorithm = hex("300d06092a864886f70d0101040500"); }
static void sha1_ecdsa(struct setting *s) { s->leaf.algorithm = hex("300906072a8648ce3d0401"); }
static void sha224_ecdsa(struct setting *s) { static const struct signature_scheme scheme = { SIGNATURE_ECDSA, DIGEST_SHA224, 0 }; s->leaf.scheme = &scheme; }
static void
sha256_p384(struct setting *s)
{
	static const struct signature_scheme scheme = { SIGNATURE_ECDSA, DIGEST_SHA256, 0 };

	keys_of(s, KEY_P384, KEY_P256, KEY_P256);
	s->ca.scheme = &scheme;
}
static void sha512_p256(struct setting *s) { static const struct signature_scheme scheme = { SIGNATURE_ECDSA, DIGEST_SHA512, 0 }; s->ca.scheme = &scheme; }
static void ecdsa_with_null(struct setting *s) { s->leaf.algorithm = hex("300c06082a8648ce3d0403020500"); }
static void unknown_algorithm(struct setting *s) { s->leaf.algorithm = hex("300406022a03"); }
static void md5_root(struct setting *s) { s->root.algorithm = hex("300d06092a864886f70d0101040500"); }

static void
algorithms(void **state)
{
	static const struct expectation cases[] = {
		{ "RSA root", rsa_ca, ACCEPTED, NULL },
		{ "RSA-PSS, SHA-256", rsa_pss, ACCEPTED, NULL },
		{ "RSA-PSS, SHA-384", rsa_pss_384, ACCEPTED, NULL },
		{ "ECDSA OID, RSA key", ecdsa_by_rsa, FAIL_SIGNER_NOT_TRUSTED, "a RSA key cannot have made" },
		{ "RSA OID, P-256 key", rsa_by_ecdsa, FAIL_SIGNER_NOT_TRUSTED, "a P-256 key cannot have made" },
		{ "Ed25519 OID, P-256 key", ed25519_by_ecdsa, FAIL_SIGNER_NOT_TRUSTED, "cannot have made" },
		{ "ECDSA OID, Ed25519 key", ecdsa_by_ed25519, FAIL_SIGNER_NOT_TRUSTED, "cannot have made" },
		{ "SHA-1 with RSA", sha1_rsa, FAIL_SIGNER_NOT_TRUSTED, "sha1WithRSAEncryption is not accepted" },
		{ "MD5 with RSA", md5_rsa, FAIL_SIGNER_NOT_TRUSTED, "is not accepted" },
		{ "SHA-1 with ECDSA", sha1_ecdsa, FAIL_SIGNER_NOT_TRUSTED, "ecdsa-with-SHA1 is not accepted" },
		{ "SHA-224 with P-256", sha224_ecdsa, FAIL_SIGNER_NOT_TRUSTED, "too weak" },
		{ "SHA-256 with P-384", sha256_p384, ACCEPTED, NULL },
		{ "SHA-512 with P-256", sha512_p256, ACCEPTED, NULL },
		{ "ECDSA with NULL parameters", ecdsa_with_null, FAIL_SIGNER_NOT_TRUSTED, "parameters" },
		{ "unknown algorithm", unknown_algorithm, FAIL_SIGNER_NOT_TRUSTED, "1.2.3 is not accepted" },
		{ "an anchor's own signature is not asked", md5_root, ACCEPTED, NULL }
	};

	(void)state;
	run_cases(cases, LENGTH(cases));
}

// A key that is none: a point off its curve in an anchor and in a candidate.
static void
keys_that_are_none(void **state)
{
	struct setting s;

	(void)state;
	for (int in_anchor = 0; in_anchor < 2; in_anchor++) {
		struct span *victim = in_anchor ? &s.root_octets : &s.ca_octets;
		set_up(&s);
		make_all(&s);
		const struct span point = private_key_public(p256(in_anchor ? ROOT_KEY : CA_KEY))->point;
		for (size_t i = 0; i + point.len <= victim->len; i++)
			if (memcmp(victim->data + i, point.data, point.len) == 0)
				((uint8_t *)(uintptr_t)victim->data)[i + point.len - 1] ^= 1;
		s.candidates->len = 0;
		add_candidate(&s, s.ca_octets);
		expect("a point off its curve", &s, in_anchor ? FAIL_NONE : FAIL_SIGNER_NOT_TRUSTED, in_anchor ? "its key cannot be used" : "the signature");
	}
}

// ---- CRLs

static const struct make_entry leaf_entry[] = { { 4711, 1, NULL } };
static const struct make_entry hold_entry[] = { { 4711, 6, NULL } };
static const struct make_entry removed_entry[] = { { 4711, 8, NULL } };
static const struct make_entry plain_entry[] = { { 4711, -1, NULL } };
static const struct make_entry other_entry[] = { { 4712, 1, NULL } };
static const struct make_entry ca_entry[] = { { 815, 2, NULL } };
static const struct make_entry strange_entry[] = { { 1, 1, UNKNOWN } };
static const struct make_entry indirect_entry[] = { { 1, 1, "551d1d" } };
static const struct make_entry twice_entry[] = { { 4711, 8, NULL }, { 4711, 1, NULL }, { 4711, 8, NULL } };

// A CRL of the root and one of the CA, both in the set; change tells the one that a case changes.
static struct make_crl of_root, of_ca;
static bool no_crl_of_root, no_crl_of_ca;

static void
more_crls(struct setting *s)
{
	add_intermediate(s, s->ca_octets);
	if (!no_crl_of_root)
		s->crls[s->crl_count++] = made_crl(&of_root);
	if (!no_crl_of_ca)
		s->crls[s->crl_count++] = made_crl(&of_ca);
}

static void
with_crls(struct setting *s)
{
	s->ca.serial = 815;
	s->leaf.serial = 4711;
	s->plan.check_revocation = true;
	s->plan.missing = REVOCATION_REFUSE;
	s->more = more_crls;
	no_crl_of_root = no_crl_of_ca = false;
	of_root = make_crl_plan(s->root.subject, s->root.key);
	of_ca = make_crl_plan(s->ca.subject, s->ca.key);
}

static void
list(struct make_crl *crl, const struct make_entry *entries, size_t count)
{
	crl->entries = entries;
	crl->entry_count = count;
}

static void crl_clean(struct setting *s) { with_crls(s); list(&of_ca, other_entry, 1); }
static void crl_leaf(struct setting *s) { with_crls(s); list(&of_ca, leaf_entry, 1); }
static void crl_plain(struct setting *s) { with_crls(s); list(&of_ca, plain_entry, 1); }
static void crl_hold(struct setting *s) { with_crls(s); list(&of_ca, hold_entry, 1); }
static void crl_removed(struct setting *s) { with_crls(s); list(&of_ca, removed_entry, 1); }
static void crl_twice(struct setting *s) { with_crls(s); list(&of_ca, twice_entry, 3); }
static void crl_ca(struct setting *s) { with_crls(s); list(&of_root, ca_entry, 1); }
static void crl_serial_of_other_issuer(struct setting *s) { with_crls(s); list(&of_root, leaf_entry, 1); }
static void crl_expired(struct setting *s) { with_crls(s); of_ca.until = MAKE_NOW - 1; }
static void crl_last_second(struct setting *s) { with_crls(s); of_ca.until = MAKE_NOW; }
static void crl_expired_lists(struct setting *s) { crl_expired(s); list(&of_ca, leaf_entry, 1); }
static void crl_early(struct setting *s) { with_crls(s); of_ca.from = MAKE_NOW + 1; }
static void crl_first_second(struct setting *s) { with_crls(s); of_ca.from = MAKE_NOW; }
static void crl_early_at_floor(struct setting *s) { crl_early(s); at_floor(s); }
static void crl_expired_at_floor(struct setting *s) { crl_expired(s); at_floor(s); }
static void crl_no_next(struct setting *s) { with_crls(s); of_ca.until = 0; }
static void crl_wrong_signature(struct setting *s) { with_crls(s); of_ca.break_signature = true; }
static void crl_other_signer(struct setting *s) { with_crls(s); of_ca.signer = p256(ROGUE_KEY); }
static void crl_other_issuer(struct setting *s) { with_crls(s); of_ca.issuer = "O=Elsewhere,CN=CA"; }
static void crl_no_crl_sign(struct setting *s) { with_crls(s); s->ca.usage = KU_KEY_CERT_SIGN; }
static void crl_missing_leaf(struct setting *s) { with_crls(s); no_crl_of_ca = true; }
static void crl_missing_ca(struct setting *s) { with_crls(s); no_crl_of_root = true; }
static void crl_missing_both(struct setting *s) { with_crls(s); no_crl_of_ca = no_crl_of_root = true; }
static void crl_not_looked_at(struct setting *s) { crl_leaf(s); s->plan.check_revocation = false; }
static void crl_delta(struct setting *s) { with_crls(s); of_ca.delta = true; }
static void crl_indirect(struct setting *s) { with_crls(s); of_ca.indirect = true; }
static void crl_indirect_entry(struct setting *s) { with_crls(s); list(&of_ca, indirect_entry, 1); }
static void crl_critical(struct setting *s) { with_crls(s); of_ca.critical = UNKNOWN; }
static void crl_critical_lists(struct setting *s) { crl_critical(s); list(&of_ca, leaf_entry, 1); }
static void crl_entry_critical(struct setting *s) { with_crls(s); list(&of_ca, strange_entry, 1); }
static void crl_attribute(struct setting *s) { with_crls(s); of_ca.only_attribute = true; }
static void crl_only_user(struct setting *s) { with_crls(s); of_ca.only_user = true; of_root.only_ca = true; }
static void crl_only_ca(struct setting *s) { with_crls(s); of_ca.only_ca = true; }
static void crl_root_only_user(struct setting *s) { with_crls(s); of_root.only_user = true; }
static void crl_some_reasons(struct setting *s) { with_crls(s); of_ca.only_reasons = 1 << 1 | 1 << 2; }
static void crl_point_of_other(struct setting *s) { with_crls(s); of_ca.point = "URI:http://crl.example/2"; }
static void crl_point(struct setting *s) { crl_point_of_other(s); s->leaf.crl_point = "URI:http://crl.example/1;URI:http://crl.example/2"; }
static void crl_point_differs(struct setting *s) { crl_point_of_other(s); s->leaf.crl_point = "URI:http://crl.example/1"; }
static void crl_point_is_issuer(struct setting *s) { with_crls(s); of_ca.point = "dir:O=Plant,CN=Device CA"; }
static void crl_point_relative(struct setting *s) { with_crls(s); of_ca.point = s->leaf.crl_point = "relative:CN=2"; }
static void crl_point_relative_other(struct setting *s) { crl_point_relative(s); s->leaf.crl_point = "relative:CN=3"; }
static void
crl_point_issuer_alt_name(struct setting *s)
{
	with_crls(s);
	of_ca.point = "DNS:ca.example";
	make_more(&s->leaf, "551d12", false, hex("300c820a63612e6578616d706c65"));
}
static void crl_point_garbage(struct setting *s) { with_crls(s); of_ca.critical = "551d1c"; }
static const struct make_entry reason_entry[] = { { 1, 7, NULL } };
static void crl_reason_garbage(struct setting *s) { with_crls(s); list(&of_ca, reason_entry, 1); }
static const struct make_entry dated_entry[] = { { 4711, -1, "551d18" } };
static void crl_invalidity_date(struct setting *s) { with_crls(s); list(&of_ca, dated_entry, 1); }
static void crl_point_reasons(struct setting *s) { crl_point(s); s->leaf.point_reasons = 1 << 1; }
static void crl_in_other_spelling(struct setting *s) { with_crls(s); list(&of_ca, leaf_entry, 1); of_ca.issuer = "O=%PLANT,CN=%DEVICE CA"; }

// Two CRLs that share the reasons out.
static void
more_two_halves(struct setting *s)
{
	more_crls(s);
	of_ca.only_reasons = 0x1FE & ~(1u << 1 | 1u << 2);
	list(&of_ca, NULL, 0);
	s->crls[s->crl_count++] = made_crl(&of_ca);
}
static void crl_two_halves(struct setting *s) { crl_some_reasons(s); s->more = more_two_halves; }
static void crl_two_halves_listed(struct setting *s) { crl_two_halves(s); list(&of_ca, leaf_entry, 1); }
// A newer CRL that has taken a hold back, and an older one that has not.
static void more_newer(struct setting *s) { more_crls(s); of_ca.from += 3600; list(&of_ca, NULL, 0); s->crls[s->crl_count++] = made_crl(&of_ca); }
static void crl_newer_frees(struct setting *s) { crl_hold(s); s->more = more_newer; }
static void more_older(struct setting *s) { more_crls(s); of_ca.from -= 3600; list(&of_ca, leaf_entry, 1); s->crls[s->crl_count++] = made_crl(&of_ca); }
static void crl_older_listed(struct setting *s) { with_crls(s); s->more = more_older; }

// The CA signs its CRLs with another key, certified by the same root under the same name.
static struct make_certificate crl_signer;
static void
more_crl_signer(struct setting *s)
{
	add_intermediate(s, made(&crl_signer));
	more_crls(s);
}
static void
crl_by_sibling(struct setting *s)
{
	with_crls(s);
	crl_signer = make_plan(s->ca.subject, p256(OTHER_KEY), s->root.subject, s->root.key, false);
	crl_signer.usage = KU_CRL_SIGN;
	crl_signer.serial = 900;
	of_ca.signer = p256(OTHER_KEY);
	s->more = more_crl_signer;
}
static const struct make_entry sibling_entry[] = { { 900, 1, NULL } };
static void crl_by_sibling_listed(struct setting *s) { crl_by_sibling(s); list(&of_ca, leaf_entry, 1); }
static void crl_by_sibling_revoked(struct setting *s) { crl_by_sibling(s); list(&of_root, sibling_entry, 1); }
static void crl_by_sibling_expired(struct setting *s) { crl_by_sibling(s); crl_signer.until = MAKE_NOW - 1; }
static void crl_by_sibling_no_usage(struct setting *s) { crl_by_sibling(s); crl_signer.usage = KU_DIGITAL_SIGNATURE; }
// One of that name and key by itself: no CA that is trusted stands for it.
static void crl_by_stranger(struct setting *s) { crl_by_sibling(s); crl_signer.issuer = crl_signer.subject; crl_signer.signer = crl_signer.key; }
// The root has a new key, and both roots are anchors.
static void
more_new_root(struct setting *s)
{
	struct make_certificate m = make_plan(s->root.subject, p256(OTHER_KEY), s->root.subject, p256(OTHER_KEY), true);

	add_anchor(s, made(&m));
	more_crls(s);
}
static void crl_by_new_root(struct setting *s) { with_crls(s); of_root.signer = p256(OTHER_KEY); s->more = more_new_root; }
static void crl_by_new_root_listed(struct setting *s) { crl_by_new_root(s); list(&of_root, ca_entry, 1); }
// Its signature is the 65th of the message, or there is no way to know of its own revocation.
static void crl_by_sibling_65(struct setting *s) { crl_by_sibling(s); s->signatures = PATH_MAX_SIGNATURES - 2; }
static void crl_by_sibling_unsigned(struct setting *s) { crl_by_sibling(s); crl_signer.break_signature = true; }
// Revoked on one way, good on another.
static void more_cross_revoked(struct setting *s) { struct make_certificate again = s->ca; again.serial = 816; more_crls(s); add_candidate(s, made(&again)); }
static void crl_cross_revoked(struct setting *s) { crl_ca(s); s->more = more_cross_revoked; }

#define UNKNOWN_TEXT "whether it is revoked is not known"

static const struct { struct expectation refuse; enum failure warn; bool unknown; } crl_cases[] = {
	{ { "CRL clean", crl_clean, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "CRL lists the device", crl_leaf, FAIL_CERT_REVOKED, "\"CN=plc-1,O=Plant\": it is revoked (keyCompromise)" }, FAIL_CERT_REVOKED, false },
	{ { "CRL lists the device without a reason", crl_plain, FAIL_CERT_REVOKED, "(unspecified)" }, FAIL_CERT_REVOKED, false },
	{ { "CRL holds the device", crl_hold, FAIL_CERT_REVOKED, "(certificateHold)" }, FAIL_CERT_REVOKED, false },
	{ { "CRL has removeFromCRL", crl_removed, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "CRL lists the device three times", crl_twice, FAIL_CERT_REVOKED, "(keyCompromise)" }, FAIL_CERT_REVOKED, false },
	{ { "CRL lists the CA", crl_ca, FAIL_CERT_REVOKED, "\"CN=Device CA,O=Plant\": it is revoked (cACompromise)" }, FAIL_CERT_REVOKED, false },
	{ { "CRL of another issuer lists the number", crl_serial_of_other_issuer, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "CRL of another spelling of the name", crl_in_other_spelling, FAIL_CERT_REVOKED, NULL }, FAIL_CERT_REVOKED, false },
	{ { "CRL expired", crl_expired, FAIL_SIGNER_NOT_TRUSTED, "the CRL of its issuer ended on 2025-11-24T" }, ACCEPTED, true },
	{ { "CRL in its last second", crl_last_second, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "CRL expired, but lists the device", crl_expired_lists, FAIL_CERT_REVOKED, NULL }, FAIL_CERT_REVOKED, false },
	{ { "CRL not yet valid", crl_early, FAIL_SIGNER_NOT_TRUSTED, "the CRL of its issuer begins on" }, ACCEPTED, true },
	{ { "CRL in its first second", crl_first_second, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "CRL not yet valid, at floor", crl_early_at_floor, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "CRL expired, at floor", crl_expired_at_floor, FAIL_SIGNER_NOT_TRUSTED, UNKNOWN_TEXT }, ACCEPTED, true },
	{ { "CRL without nextUpdate", crl_no_next, FAIL_SIGNER_NOT_TRUSTED, "no nextUpdate" }, ACCEPTED, true },
	{ { "CRL with a wrong signature", crl_wrong_signature, FAIL_NONE,
		"\"CN=Device CA,O=Plant\" was issued by no certificate of the set: the signature does not verify" }, FAIL_NONE, false },
	{ { "CRL signed with another key", crl_other_signer, FAIL_NONE, "the signature does not verify" }, FAIL_NONE, false },
	{ { "CRL of an issuer that is not in the set", crl_other_issuer, FAIL_NONE,
		"\"CN=CA,O=Elsewhere\" was issued by no certificate of the set: none has this name" }, FAIL_NONE, false },
	{ { "CRL of a CA without cRLSign", crl_no_crl_sign, FAIL_NONE, "may not sign CRLs" }, FAIL_NONE, false },
	{ { "no CRL for the device", crl_missing_leaf, FAIL_SIGNER_NOT_TRUSTED, "\"CN=plc-1,O=Plant\": whether it is revoked" }, ACCEPTED, true },
	{ { "no CRL for the CA", crl_missing_ca, FAIL_SIGNER_NOT_TRUSTED, "\"CN=Device CA,O=Plant\": whether it is revoked" }, ACCEPTED, true },
	{ { "no CRL at all", crl_missing_both, FAIL_SIGNER_NOT_TRUSTED, UNKNOWN_TEXT }, ACCEPTED, true },
	{ { "CRLs are not looked at", crl_not_looked_at, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "delta CRL", crl_delta, FAIL_SIGNER_NOT_TRUSTED, "delta" }, ACCEPTED, true },
	{ { "indirect CRL", crl_indirect, FAIL_SIGNER_NOT_TRUSTED, "indirect" }, ACCEPTED, true },
	{ { "CRL with an entry of another issuer", crl_indirect_entry, FAIL_SIGNER_NOT_TRUSTED, "indirect" }, ACCEPTED, true },
	{ { "85 unknown critical in the CRL", crl_critical, FAIL_SIGNER_NOT_TRUSTED, "critical extension that is not known" }, ACCEPTED, true },
	{ { "85 unknown critical in the CRL, which lists the device", crl_critical_lists, FAIL_SIGNER_NOT_TRUSTED, UNKNOWN_TEXT }, ACCEPTED, true },
	{ { "85 unknown critical in an entry", crl_entry_critical, FAIL_SIGNER_NOT_TRUSTED, "an entry has a critical extension" }, ACCEPTED, true },
	{ { "CRL of attribute certificates", crl_attribute, FAIL_SIGNER_NOT_TRUSTED, "attribute" }, ACCEPTED, true },
	{ { "CRLs of users, of CAs", crl_only_user, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "CRL of CAs, for a device", crl_only_ca, FAIL_SIGNER_NOT_TRUSTED, "is about others" }, ACCEPTED, true },
	{ { "CRL of users, for a CA", crl_root_only_user, FAIL_SIGNER_NOT_TRUSTED, "is about others" }, ACCEPTED, true },
	{ { "CRL of some reasons", crl_some_reasons, FAIL_SIGNER_NOT_TRUSTED, "for all reasons" }, ACCEPTED, true },
	{ { "CRLs that share the reasons out", crl_two_halves, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "CRLs that share the reasons out, listed", crl_two_halves_listed, FAIL_CERT_REVOKED, NULL }, FAIL_CERT_REVOKED, false },
	{ { "CRL of a point, certificate without", crl_point_of_other, FAIL_SIGNER_NOT_TRUSTED, "is about others" }, ACCEPTED, true },
	{ { "CRL of the certificate's point", crl_point, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "CRL of another point", crl_point_differs, FAIL_SIGNER_NOT_TRUSTED, "is about others" }, ACCEPTED, true },
	{ { "CRL whose point is its issuer", crl_point_is_issuer, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "CRL of a relative point", crl_point_relative, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "CRL of another relative point", crl_point_relative_other, FAIL_SIGNER_NOT_TRUSTED, "is about others" }, ACCEPTED, true },
	{ { "CRL whose point is an issuerAltName", crl_point_issuer_alt_name, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "CRL with garbage for a point", crl_point_garbage, FAIL_SIGNER_NOT_TRUSTED, "issuingDistributionPoint" }, ACCEPTED, true },
	{ { "CRL with a reason that there is not", crl_reason_garbage, FAIL_SIGNER_NOT_TRUSTED, "reason code" }, ACCEPTED, true },
	{ { "CRL entry with invalidityDate", crl_invalidity_date, FAIL_CERT_REVOKED, NULL }, FAIL_CERT_REVOKED, false },
	{ { "CRL of a point for some reasons", crl_point_reasons, FAIL_SIGNER_NOT_TRUSTED, UNKNOWN_TEXT }, ACCEPTED, true },
	{ { "a newer CRL frees the device", crl_newer_frees, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "an older CRL does not hold any more", crl_older_listed, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "CRL by another key of the CA", crl_by_sibling, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "CRL by another key of the CA, listed", crl_by_sibling_listed, FAIL_CERT_REVOKED, NULL }, FAIL_CERT_REVOKED, false },
	{ { "CRL by another key, which is revoked", crl_by_sibling_revoked, FAIL_SIGNER_NOT_TRUSTED, UNKNOWN_TEXT }, ACCEPTED, true },
	{ { "CRL by another key, whose certificate expired", crl_by_sibling_expired, FAIL_SIGNER_NOT_TRUSTED, UNKNOWN_TEXT }, ACCEPTED, true },
	{ { "CRL by another key, over 64 signatures", crl_by_sibling_65, FAIL_SIGNER_NOT_TRUSTED, "more signatures" }, FAIL_SIGNER_NOT_TRUSTED, false },
	{ { "CRL by another key, whose certificate is forged", crl_by_sibling_unsigned, FAIL_SIGNER_NOT_TRUSTED, UNKNOWN_TEXT }, ACCEPTED, true },
	{ { "CRL by another key without cRLSign", crl_by_sibling_no_usage, FAIL_NONE, NULL }, FAIL_NONE, false },
	{ { "CRL by a stranger of the same name", crl_by_stranger, FAIL_SIGNER_NOT_TRUSTED, UNKNOWN_TEXT }, ACCEPTED, true },
	{ { "CRL by a new key of the root", crl_by_new_root, ACCEPTED, NULL }, ACCEPTED, false },
	{ { "CRL by a new key of the root, listed", crl_by_new_root_listed, FAIL_CERT_REVOKED, NULL }, FAIL_CERT_REVOKED, false },
	{ { "cross-certificates: one revoked", crl_cross_revoked, ACCEPTED, NULL }, ACCEPTED, false }
};

static void
revocation(void **state)
{
	struct setting s;
	char name[128];

	(void)state;
	for (size_t i = 0; i < LENGTH(crl_cases); i++) {
		run_case(&crl_cases[i].refuse);
		set_up(&s);
		crl_cases[i].refuse.twist(&s);
		s.plan.missing = REVOCATION_WARN;
		make_all(&s);
		snprintf(name, sizeof(name), "%s (warn)", crl_cases[i].refuse.name);
		expect(name, &s, crl_cases[i].warn, NULL);
		if (crl_cases[i].warn == ACCEPTED && s.result.revocation_unknown != crl_cases[i].unknown)
			fail_msg("%s: unknown %d", name, s.result.revocation_unknown);
	}
}

// A CRL of 100,000 entries is indexed once; each look-up is quick.
static void
large_crl(void **state)
{
	enum { ENTRIES = 100000 };
	struct make_entry *entries = mem_array(ENTRIES, sizeof(*entries));
	struct setting s;
	struct trust *trust;

	(void)state;
	assert_non_null(entries);
	for (unsigned i = 0; i < ENTRIES; i++)
		entries[i] = (struct make_entry){ .serial = (i * 7919u) % 999983u * 2 + 1, .reason = -1 };	// all odd
	set_up(&s);
	with_crls(&s);
	list(&of_ca, entries, ENTRIES);
	make_all(&s);
	trust = make_trust(&s);
	assert_non_null(trust);
	int64_t began = clock_mono_ms();
	for (unsigned i = 0; i < 60; i++) {
		struct make_certificate leaf = s.leaf;
		bool listed = i % 2 == 0;
		leaf.serial = listed ? entries[i * 1009].serial : entries[i * 1009].serial + 1;
		struct path_request request = s.request;
		struct fault f = { .set = false };
		request.trust = trust;
		request.target = made(&leaf);
		request.candidates = s.ca_octets;
		if (path_validate(&request, &s.result, &f) == listed)
			fail_msg("entry %u: %s", i, f.text);
		assert_true(!listed || f.failure == FAIL_CERT_REVOKED);
	}
	assert_true(clock_mono_ms() - began < 20000);
	trust_unref(trust);
	mem_free(entries);
	drain();
}

// ---- sets

static void no_anchor(struct setting *s) { s->no_root = true; }
static void more_rubbish_anchor(struct setting *s) { add_anchor(s, hex("3000")); }
static void rubbish_anchor(struct setting *s) { s->more = more_rubbish_anchor; }
static void more_rubbish_intermediate(struct setting *s) { add_intermediate(s, hex("3000")); }
static void rubbish_intermediate(struct setting *s) { s->more = more_rubbish_intermediate; }
static void more_rubbish_crl(struct setting *s) { s->crls[s->crl_count++] = hex("3000"); }
static void rubbish_crl(struct setting *s) { s->more = more_rubbish_crl; }
static void
more_strange_intermediate(struct setting *s)
{
	struct make_certificate m = rogue_root("CN=Strange");

	m.more_count = 0;
	make_more(&m, UNKNOWN, true, hex("0500"));
	add_intermediate(s, made(&m));
}
static void strange_intermediate(struct setting *s) { s->more = more_strange_intermediate; }

static void
sets(void **state)
{
	static const struct expectation cases[] = {
		{ "no anchor", no_anchor, FAIL_NONE, "there is not one" },
		{ "an anchor that is no certificate", rubbish_anchor, FAIL_BAD_DATA_FORMAT, NULL },
		{ "an intermediate that is no certificate", rubbish_intermediate, FAIL_BAD_DATA_FORMAT, NULL },
		{ "a CRL that is none", rubbish_crl, FAIL_BAD_DATA_FORMAT, NULL },
		{ "an intermediate that cannot be used does no harm", strange_intermediate, ACCEPTED, NULL }
	};
	struct setting s;
	struct trust *one, *two;

	(void)state;
	run_cases(cases, LENGTH(cases));
	set_up(&s);
	s.plan.purpose = KP_CMC_RA;
	make_all(&s);
	one = make_trust(&s);
	two = make_trust(&s);
	assert_non_null(one);
	assert_non_null(two);
	assert_string_equal(trust_name(one), "plant");
	assert_int_equal(trust_purpose(one), KP_CMC_RA);
	assert_int_equal(trust_anchor_count(one), 1);
	assert_true(span_equal(trust_anchor(one, 0)->view.whole, s.root_octets));
	assert_int_equal(trust_anchor(one, 0)->key.type, KEY_P256);
	assert_int_equal(trust_anchor(one, 0)->subject_key_id.len, 20);
	assert_true(trust_serial(one) != trust_serial(two));
	trust_unref(one);
	trust_unref(trust_ref(two));
	trust_unref(two);
	trust_unref(NULL);
	drain();
}

static void
set_sizes(void **state)
{
	struct span *many = mem_array(TRUST_INTERMEDIATES_MAX + 1, sizeof(*many));
	struct setting s;
	struct fault f = { .set = false };

	(void)state;
	assert_non_null(many);
	set_up(&s);
	make_all(&s);
	for (size_t i = 0; i <= TRUST_INTERMEDIATES_MAX; i++)
		many[i] = s.root_octets;
	struct trust_plan plan = { .name = "many", .anchors = many, .anchor_count = TRUST_ANCHORS_MAX, .intermediates = many,
		.intermediate_count = TRUST_INTERMEDIATES_MAX };
	struct trust *trust = trust_new(&plan, &f);
	assert_non_null(trust);
	assert_int_equal(trust_anchor_count(trust), TRUST_ANCHORS_MAX);
	trust_unref(trust);
	plan.anchor_count++;
	assert_null(trust_new(&plan, &f));
	assert_string_equal(f.path, "anchors");
	plan.anchor_count--;
	plan.intermediate_count++;
	f.set = false;
	assert_null(trust_new(&plan, &f));
	assert_string_equal(f.path, "intermediates");
	plan.intermediate_count = 0;
	plan.crls = many;
	plan.crl_count = TRUST_CRLS_MAX + 1;
	f.set = false;
	assert_null(trust_new(&plan, &f));
	assert_string_equal(f.path, "crls");
	mem_free(many);
	drain();
}

// ---- the cache

static unsigned
verified_for(struct path_cache *cache, const struct path_request *request, bool expected)
{
	struct path_request r = *request;
	struct path_result result;
	struct fault f = { .set = false };
	unsigned counter = 0;

	r.signatures = &counter;
	if (path_validate_cached(cache, &r, &result, &f) != expected)
		fail_msg("cached: %s", f.text);
	assert_true(!expected || span_equal(result.chain[0], r.target));
	return counter;
}

static void
cache(void **state)
{
	struct path_cache *cache = path_cache_new(2, 3600);
	struct setting s;
	struct trust *trust, *other;

	(void)state;
	assert_non_null(cache);
	set_up(&s);
	s.leaf.until = MAKE_NOW + 1800;
	s.leaf.purposes = "28";
	make_all(&s);
	trust = make_trust(&s);
	other = make_trust(&s);
	struct path_request r = s.request;
	r.trust = trust;
	r.candidates = buffer_span(s.candidates);
	assert_int_equal(verified_for(cache, &r, true), 2);
	assert_int_equal(verified_for(cache, &r, true), 0);
	r.at = MAKE_NOW + 1800;
	assert_int_equal(verified_for(cache, &r, true), 0);
	r.at = MAKE_NOW + 1801;						// expired
	assert_int_equal(verified_for(cache, &r, false), 2);
	r.at = MAKE_NOW;
	assert_int_equal(verified_for(cache, &r, true), 2);		// it was dropped then
	r.at = MAKE_NOW - 1;						// the clock went back
	assert_int_equal(verified_for(cache, &r, true), 2);
	r.at = MAKE_NOW;
	assert_int_equal(verified_for(cache, &r, true), 0);
	r.trust = other;						// another set with the same contents
	assert_int_equal(verified_for(cache, &r, true), 2);
	r.trust = trust;
	r.candidates = s.ca_octets;					// other candidates; the third entry
	assert_int_equal(verified_for(cache, &r, true), 2);
	r.candidates = buffer_span(s.candidates);
	assert_int_equal(verified_for(cache, &r, true), 2);		// the oldest went
	r.purpose = KP_CMC_RA;
	assert_int_equal(verified_for(cache, &r, true), 2);
	r.purpose = KP_CMC_CA;
	assert_int_equal(verified_for(cache, &r, false), 2);
	r.purpose = 0;
	r.at_floor = true;
	assert_int_equal(verified_for(cache, &r, true), 2);
	r.at_floor = false;
	r.key_usage = KU_KEY_AGREEMENT;
	assert_int_equal(verified_for(cache, &r, false), 2);
	r.key_usage = KU_DIGITAL_SIGNATURE;
	verified_for(cache, &r, true);
	assert_int_equal(verified_for(cache, &r, true), 0);
	path_cache_flush(cache);
	assert_int_equal(verified_for(cache, &r, true), 2);
	path_cache_free(cache);
	path_cache_free(NULL);
	trust_unref(trust);
	trust_unref(other);
	drain();
}

// Never longer than max_age, nor than the CRL that told; unknown is not kept.
static void
cache_and_age(void **state)
{
	struct path_cache *cache = path_cache_new(4, 60), *none = path_cache_new(0, 60);
	struct setting s;

	(void)state;
	assert_non_null(cache);
	assert_non_null(none);
	set_up(&s);
	with_crls(&s);
	of_ca.until = MAKE_NOW + 30;
	make_all(&s);
	s.request.trust = make_trust(&s);
	s.request.candidates = buffer_span(s.candidates);
	assert_int_equal(verified_for(cache, &s.request, true), 2);
	s.request.at = MAKE_NOW + 30;
	assert_int_equal(verified_for(cache, &s.request, true), 0);
	s.request.at = MAKE_NOW + 31;
	assert_int_equal(verified_for(cache, &s.request, false), 2);
	trust_unref(s.request.trust);
	s.request.at = MAKE_NOW;
	s.plan.check_revocation = false;
	s.request.trust = make_trust(&s);
	assert_int_equal(verified_for(cache, &s.request, true), 2);
	s.request.at = MAKE_NOW + 60;
	assert_int_equal(verified_for(cache, &s.request, true), 0);
	s.request.at = MAKE_NOW + 61;
	assert_int_equal(verified_for(cache, &s.request, true), 2);
	assert_int_equal(verified_for(none, &s.request, true), 2);
	assert_int_equal(verified_for(none, &s.request, true), 2);
	trust_unref(s.request.trust);
	s.plan.check_revocation = true;
	s.plan.missing = REVOCATION_WARN;
	s.crl_count = 0;
	s.request.trust = make_trust(&s);
	assert_int_equal(verified_for(cache, &s.request, true), 2);
	assert_int_equal(verified_for(cache, &s.request, true), 2);
	trust_unref(s.request.trust);
	path_cache_free(cache);
	path_cache_free(none);
	drain();
}

// ---- threads: one set, many at once

static void *
validate_often(void *setting)
{
	const struct setting *s = setting;
	size_t wrong = 0;

	for (unsigned i = 0; i < 20; i++) {
		struct path_request r = s->request;
		struct path_result result;
		struct fault f = { .set = false };
		unsigned counter = 0;
		r.signatures = &counter;
		r.at = i % 2 == 0 ? MAKE_NOW : MAKE_NOW + 1000 * MAKE_DAY;
		wrong += path_validate(&r, &result, &f) != (i % 2 == 0);
		trust_unref(trust_ref(r.trust));
	}
	return wrong == 0 ? NULL : setting;
}

static void
threads(void **state)
{
	pthread_t thread[4];
	struct setting s;
	void *wrong;

	(void)state;
	set_up(&s);
	crl_clean(&s);
	make_all(&s);
	s.request.trust = make_trust(&s);
	s.request.candidates = buffer_span(s.candidates);
	for (size_t i = 0; i < LENGTH(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, validate_often, &s), 0);
	for (size_t i = 0; i < LENGTH(thread); i++) {
		assert_int_equal(pthread_join(thread[i], &wrong), 0);
		assert_null(wrong);
	}
	trust_unref(s.request.trust);
	drain();
}

// ---- no memory: each allocation fails once; nothing is ever accepted that is not good, nothing leaks

static void
out_of_memory(struct setting *s, bool good)
{
	uint64_t n, refused = 0;

	for (n = 1; n < 10000; n++) {
		uint64_t before = mem_count();
		s->fault.set = false;
		s->signatures = 0;
		mem_fail(n, 0);
		bool ok = validate(s);
		uint64_t made_now = mem_count() - before;
		mem_fail(0, 0);
		assert_true(!ok || good);
		assert_true(ok || s->fault.set);
		if (made_now < n)	// it was not reached: all have failed once
			break;
		refused += !ok;
		if (good && !ok)
			if (s->fault.failure != FAIL_SYSTEM_UNAVAIL)
				fail_msg("allocation %llu: %s", (unsigned long long)n, s->fault.text);
	}
	assert_true(n > 3 && refused > 3);
}

static void
no_memory(void **state)
{
	struct setting s;
	struct path_cache *cache = NULL;

	(void)state;
	set_up(&s);
	crl_clean(&s);
	make_all(&s);
	out_of_memory(&s, true);
	drain();
	set_up(&s);
	crl_leaf(&s);
	make_all(&s);
	out_of_memory(&s, false);
	drain();
	for (uint64_t n = 1; cache == NULL && n < 10; n++) {
		mem_fail(n, 0);
		cache = path_cache_new(4, 60);
		mem_fail(0, 0);
	}
	assert_non_null(cache);
	path_cache_free(cache);
}

// The self-test says no rather than guess.
static void
self_test_without_memory(void **state)
{
	bool ok = false;
	uint64_t n = 0;

	(void)state;
	// Most are the library's, thousands of one kind: a sample of them will do.
	while (!ok && n < 100000) {
		struct fault f = { .set = false };
		n += n < 200 ? 1 : 53;
		mem_fail(n, 0);
		ok = path_self_test(&f);
		mem_fail(0, 0);
		assert_true(ok != f.set);
	}
	assert_true(ok && n > 3);
}

// ---- sentences

static void
long_name(struct setting *s)
{
	s->leaf.subject = "O=A company with a name that fills more than the room which is there,OU=and a unit whose name is hardly any shorter than that,CN=\n";
	leaf_expired(s);
}
static void no_name(struct setting *s) { s->leaf.subject = ""; s->leaf.serial = 0x1234; leaf_expired(s); }

static void
sentences(void **state)
{
	static const struct expectation cases[] = {
		{ "a long name is cut", long_name, FAIL_SIGNER_NOT_TRUSTED, "...\": it expired on" },
		{ "no name: the serial number", no_name, FAIL_SIGNER_NOT_TRUSTED, "\"(serial 1234)\": it expired on" }
	};

	(void)state;
	run_cases(cases, LENGTH(cases));
}

static int
start(void **state)
{
	struct fault f = { .set = false };

	(void)state;
	return crypto_start(&f) ? 0 : -1;
}

static int
finish(void **state)
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
		cmocka_unit_test(case_83_rogue_roots), cmocka_unit_test(case_83_nothing_is_learned), cmocka_unit_test(self_test),
		cmocka_unit_test(good_paths), cmocka_unit_test(result_tells_the_path), cmocka_unit_test(case_84_dates),
		cmocka_unit_test(case_85_extensions), cmocka_unit_test(case_86_roles), cmocka_unit_test(winding_paths),
		cmocka_unit_test(caps), cmocka_unit_test(work_is_bounded), cmocka_unit_test(ways_are_bounded),
		cmocka_unit_test(signatures_are_counted_together),
		cmocka_unit_test(name_constraints), cmocka_unit_test(name_constraints_along_the_path),
		cmocka_unit_test(certificate_policies), cmocka_unit_test(key_types), cmocka_unit_test(algorithms),
		cmocka_unit_test(keys_that_are_none), cmocka_unit_test(revocation), cmocka_unit_test(large_crl),
		cmocka_unit_test(sets), cmocka_unit_test(set_sizes), cmocka_unit_test(cache), cmocka_unit_test(cache_and_age),
		cmocka_unit_test(threads), cmocka_unit_test(no_memory), cmocka_unit_test(self_test_without_memory), cmocka_unit_test(sentences)
	};

	return cmocka_run_group_tests_name("path", tests, start, finish);
}
