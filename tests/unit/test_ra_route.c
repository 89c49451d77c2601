// SPDX-License-Identifier: GPL-3.0-or-later
// What a route makes of a request beside verifying it: deviations that it
// accepts, changes of the template, answers of its own, PKCS#10 requests, and
// what the state of the clock means.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/clock.h"
#include "codec/crmf.h"
#include "codec/confirm.h"
#include "codec/extension.h"
#include "codec/itav.h"
#include "codec/oid.h"
#include "codec/pkcs10.h"
#include "tests/unit/ra_kit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ENROLS .kind = BODY_IR
#define HMAC_SHA256 "30{ 06{2a864886f70d0209} 0500 }"

static const char routes[] =
	"limits: {mac_refusal_delay: 1s, failures: 100000, per_identity: 4}\n"
	"answers:\n"
	"  ca_certs: [FOLDER/root.der]\n"
	"  root_update: {new_with_new: FOLDER/root.der, new_with_old: FOLDER/root2.der}\n"
	"  crls: [FOLDER/plant.crl]\n"
	"  template: {plc: FOLDER/template.der}\n"
	"routes:\n"
	"  - {name: strict, from: strict, trust: plant, secrets: field, protection: replace, sign_with: ra, bind: none, to: ca}\n"
	"  - {name: lax, from: lax, trust: plant, secrets: field, protection: replace, sign_with: ra, bind: none, to: ca,\n"
	"     accept: [pvno1, missing-sender-kid, pbmac1-bits, reg-info, poposk-input, sha1-mac]}\n"
	"  - {name: laxkeep, from: laxkeep, trust: plant, secrets: field, reply_with: ra, bind: none, to: ca,\n"
	"     accept: [pvno1, missing-sender-kid, pbmac1-bits, reg-info, poposk-input, sha1-mac]}\n"
	"  - {name: laxadd, from: laxadd, trust: plant, secrets: field, protection: add, sign_with: ra, bind: none, to: ca, accept: [pvno1]}\n"
	"  - {name: set, from: set, trust: plant, secrets: field, protection: replace, popo: raverified, sign_with: ra, bind: none, to: ca,\n"
	"     set: {subject: \"CN=plc-7,O=Works\", san: [\"DNS:plc-7.works.example\"], validity: 30d}}\n"
	"  - {name: set-add, from: setadd, trust: plant, secrets: field, protection: replace, popo: raverified, sign_with: ra, bind: none, to: ca,\n"
	"     set: {add: [\"OU=Cell A\", \"OU=Line 2\"]}}\n"
	"  - {name: answers, from: local, trust: plant, secrets: field, reply_with: ra, to: answers}\n"
	"  - {name: listed, from: listed, trust: plant, protection: replace, sign_with: ra, match: {body: [ir, cr, p10cr]}, approve: {allow: allow.csv}, to: ca}\n"
	"  - {name: mute, from: mute, trust: plant, to: ca}\n"
	"  - {name: csr, from: csr, trust: plant, protection: replace, sign_with: ra, match: {template: {subject: \"CN=csr*,O=Plant\"}}, to: ca}\n"
	"  - {name: csr-keep, from: csrkeep, trust: plant, reply_with: ra, to: ca}\n"
	"  - {name: csr-any, from: csrany, trust: plant, protection: replace, sign_with: ra, to: ca}\n"
	"  - {name: profile, from: profile, match: {profile: [plc]}, trust: plant, protection: replace, sign_with: ra, to: ca}\n"
	"  - {name: p384, from: keys, trust: plant, protection: replace, sign_with: ra, match: {template: {key: [p384]}}, to: ca}\n"
	"  - {name: maker-only, from: keys, trust: [plant, makers], protection: replace, sign_with: ra, bind: none,\n"
	"     match: {sender: {signer: {trust: makers}}}, to: ca}\n";

// ---- deviations

struct deviation { const char *title; struct kit_message m; enum failure failure; };

static const struct deviation deviations[] = {
	{ "pvno1", { ENROLS, .pvno = "020101" }, FAIL_UNSUPPORTED_VERSION },
	{ "missing-sender-kid", { ENROLS, .kid = "" }, FAIL_BAD_MESSAGE_CHECK },
	{ "pbmac1-bits", { ENROLS, .by = "pbmac1",
		.algorithm = "30{ 06{2a864886f70d01050e} 30{ 30{ 06{2a864886f70d01050c} 30{ 04{ 'salt' 01 02 03 04 05 06 07 08 09 0a 0b 0c } 020203e8 02020100 " HMAC_SHA256 " } } "
		HMAC_SHA256 " } }" }, FAIL_BAD_ALG },
	{ "reg-info", { ENROLS, .reg_info = "30{ 30{ 06{2b06010505070502} 0c{'x'} } }" }, FAIL_BAD_REQUEST },
	{ "poposk-input", { ENROLS, .popo = "a1{ a0{ a0{ a4{$subject} } 30{$new_key} } $pop_alg 03{00 $pop_input} }" }, FAIL_BAD_POP },
	{ "sha1-mac", { ENROLS, .by = "sha1" }, FAIL_BAD_ALG },
};

// What the device speaks in, it is answered in; what the gateway signs is version 2.
static void
deviations_that_are_accepted(void **state)
{
	static const char *const at[] = { "lax", "laxkeep" };

	(void)state;
	for (size_t i = 0; i < COUNT(deviations); i++) {
		const struct deviation *d = &deviations[i];
		kit_clear();
		kit_refused("strict", &d->m, d->failure);
		for (size_t n = 0; n < COUNT(at); n++) {
			struct kit_message conf = { .kind = BODY_CERTCONF, .by = d->m.by, .pvno = d->m.pvno, .kid = d->m.kid, .algorithm = d->m.algorithm, .same_id = true };
			kit_clear();
			kit_pass(at[n], &d->m);
			if (n == 0)
				assert_int_equal(kit_said.up->view.header.pvno, 2);
			kit_grant(BODY_IP);
			if (n == 0)
				assert_int_equal(kit_said.answer->view.header.pvno, d->m.pvno != NULL ? 1 : 2);
			if (n == 0)
				assert_true(kit_is_protected(d->m.by));
			kit_go_on();
			kit_pass(at[n], &conf);
			kit_grant(BODY_PKICONF);
		}
	}
}

static void
old_versions_in_envelopes(void **state)
{
	const struct kit_message old = { ENROLS, .pvno = "020101" }, older = { ENROLS, .pvno = "020100" };

	(void)state;
	kit_clear();
	kit_pass("laxadd", &old);
	assert_int_equal(kit_said.up->view.header.pvno, 2);
	assert_int_equal(kit_said.up->inner->header.pvno, 1);
	kit_lose();
	kit_clear();
	kit_refused("lax", &older, FAIL_UNSUPPORTED_VERSION);
	assert_int_equal(kit_said.answer->view.header.pvno, 2);
}

// ---- set:

static void
has_names(struct span extensions, const char *const *wanted, size_t count)
{
	struct extension e;
	struct general_name one;
	struct span names = span_of(NULL, 0);
	char text[NAME_TEXT_MAX];
	size_t n = 0;

	assert_true(extension_find(extensions, CE_SUBJECT_ALT_NAME, &e) && alt_names_read(e.value, &names, NULL));
	while (!der_at_end(names)) {
		assert_true(n < count && general_name_read(&names, &one, NULL));
		assert_string_equal(general_name_text(one.whole, text, sizeof(text)), wanted[n++]);
	}
	assert_int_equal(n, count);
}

static void
seen(struct cert_req_msg *out, char subject[NAME_TEXT_MAX])
{
	size_t count;

	assert_true(cert_req_messages_check(kit_said.up->view.body_contents, &count, out, NULL));
	assert_int_equal(count, 1);
	assert_int_equal(out->popo, POPO_RA_VERIFIED);
	assert_true(kit_signed_by_ra(&kit_said.up->view));
	name_text(out->template.subject, subject, NAME_TEXT_MAX);
}

static void
what_a_route_sets(void **state)
{
	static const char *const added[] = { "DNS:plc-7.works.example" }, *const both[] = { "DNS:old.example", "DNS:plc-7.works.example" };
	static const struct kit_message kinds[] = {
		{ ENROLS }, { .kind = BODY_CR }, { .kind = BODY_P10CR }, { ENROLS, .by = "many" },
		{ ENROLS, .extensions = "30{ 06{551d11} 04{ 30{ 82{'old.example'} } } }" },
	};
	struct cert_req_msg r;
	char subject[NAME_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		kit_clear();
		kit_pass("set", &kinds[i]);
		seen(&r, subject);
		assert_string_equal(subject, "CN=plc-7,O=Works");
		assert_true(r.template.has_not_after);
		assert_int_equal(r.template.not_after, clock_wall_s() + 30 * MAKE_DAY);
		has_names(r.template.extensions, kinds[i].extensions != NULL ? both : added, kinds[i].extensions != NULL ? 2 : 1);
		assert_int_equal(kit_said.up->view.body, kinds[i].kind == BODY_P10CR ? BODY_CR : kinds[i].kind);
		// What the CA issues under the name that was set goes down, under the kind that was asked for.
		if (kinds[i].kind != BODY_P10CR) {
			const struct kit_message ip = { .kind = body_answer(kinds[i].kind), .by = "ca", .subject = "CN=plc-7,O=Works" };
			kit_answer(&ip);
			if (kit_failure() != FAIL_NONE || kit_said.answer->view.body != ip.kind)
				kit_fail("what was set is not passed down");
		} else
			kit_lose();
	}
}

static void
what_a_route_adds(void **state)
{
	const struct kit_message m = { ENROLS, .subject = "CN=device,O=Plant" };
	struct cert_req_msg r;
	char subject[NAME_TEXT_MAX];

	(void)state;
	kit_clear();
	kit_pass("setadd", &m);
	seen(&r, subject);
	assert_string_equal(subject, "CN=device,O=Plant,OU=Cell A,OU=Line 2");
	kit_lose();
}

// The device asked by p10cr and the CA answered a cr: both are confirmed by their own certReqId.
static void
converted_requests(void **state)
{
	const struct kit_message m = { .kind = BODY_P10CR }, cp = { .kind = BODY_CP, .by = "ca", .subject = "CN=plc-7,O=Works" };

	(void)state;
	kit_clear();
	kit_pass("set", &m);
	kit_answer(&cp);
	if (kit_failure() != FAIL_NONE)
		kit_fail("cp");
	kit_confirm("set", NULL);
	kit_grant(BODY_PKICONF);
}

// ---- answers of our own (RFC 9483 4.3)

static struct itav
answered(const struct kit_message *m)
{
	struct span list, in;
	struct itav v = { 0 };

	kit_clear();
	kit_ask("local", m);
	if (!kit_said.replied || kit_said.answer == NULL || kit_said.answer->view.body != BODY_GENP || kit_said.submissions > 0)
		kit_fail("genp");
	assert_true(kit_is_protected(m->by));
	in = kit_said.answer->view.body_contents;
	assert_true(der_take(&in, DER_SEQUENCE, &list) && itav_take(&list, &v, NULL) && der_at_end(list));
	return v;
}

#define ASKS(n, ...) { .kind = BODY_GENM, .body = "30{ 30{ 06{2b060105050704" n "} } }", __VA_ARGS__ }
#define FOR_PLC .info = "30{ 06{2b06010505070415} 30{ 0c{'plc'} } }"

static void
local_answers(void **state)
{
	static const struct kit_message ca_certs = ASKS("11"), by_mac = ASKS("11", .by = "many"), root = ASKS("14"),
		current = ASKS("06"), template = ASKS("13", FOR_PLC), no_template = ASKS("13"), other = ASKS("02"),
		unknown = { .kind = BODY_GENM, .body = "30{ 30{ 06{2a0304} } }" };
	static const struct kit_message ir = { ENROLS }, unsigned_one = { .kind = BODY_GENM, .by = "" }, wrapped = { .kind = BODY_GENM, .by = "rogue" };

	(void)state;
	assert_int_equal(answered(&ca_certs).type, IT_CA_CERTS);
	assert_int_equal(answered(&by_mac).type, IT_CA_CERTS);
	assert_int_equal(answered(&root).type, IT_ROOT_CA_KEY_UPDATE);
	assert_int_equal(answered(&current).type, IT_CURRENT_CRL);
	struct itav v = answered(&template);
	assert_int_equal(v.type, IT_CERT_REQ_TEMPLATE);
	assert_true(v.value.len > 0);
	v = answered(&no_template);
	assert_int_equal(v.value.len, 0);
	kit_clear();
	kit_refused("local", &other, FAIL_BAD_REQUEST);
	kit_refused("local", &unknown, FAIL_BAD_REQUEST);
	kit_refused("local", &ir, FAIL_BAD_REQUEST);
	kit_refused("local", &unsigned_one, FAIL_BAD_MESSAGE_CHECK);
	kit_refused("local", &wrapped, FAIL_SIGNER_NOT_TRUSTED);
	kit_nothing_left();
}

// What is allowed is the profile that the CA reads, whether the header names it or the path.
static void
profiles_allowed(void **state)
{
#define NAMES(text) { ENROLS, .info = "30{ 06{2b06010505070415} 30{ 0c{" text "} } }" }
	static const struct kit_message none = { ENROLS }, plc = NAMES("'plc'"), other = NAMES("'other'"), cut = NAMES("'plc' 00 'other'");

	(void)state;
	kit_clear();
	kit_refused("listed", &none, FAIL_NOT_AUTHORIZED);
	kit_refused("listed", &other, FAIL_NOT_AUTHORIZED);
	kit_ask("listed", &cut);
	assert_true(kit_said.replied && kit_failure() != FAIL_NONE && kit_said.submissions == 0);
	kit_pass("listed", &plc);
	kit_lose();
	kit_profile = "plc";
	kit_pass("listed", &none);
	kit_lose();
	kit_pass("listed", &plc);
	kit_lose();
	kit_refused("listed", &other, FAIL_BAD_REQUEST);
	kit_profile = "other";
	kit_refused("listed", &none, FAIL_NOT_AUTHORIZED);
	kit_refused("listed", &plc, FAIL_BAD_REQUEST);
	kit_profile = NULL;
	kit_nothing_left();
}

// RFC 9483 4.3.4: a CRL is sent where it is newer than what the device has.
static void
crl_updates(void **state)
{
	static const char *const older[] = {
		"30{ 30{ 06{2b06010505070416} 30{ 30{ a1{ 30{ a4{<CN=Root,O=Plant>} } } } } } }",
		"30{ 30{ 06{2b06010505070416} 30{ 30{ a1{ 30{ a4{<CN=Root,O=Plant>} } } 170d3235313132303030303030305a } } } }",
		"30{ 30{ 06{2b06010505070416} 30{ 30{ a0{ a0{ 86{'http://a.example/b.crl'} } } } } } }",
		"30{ 30{ 06{2b06010505070416} 30{ 30{ a1{ 30{ a4{<CN=Root,O=Elsewhere>} } } } 30{ a1{ 30{ a4{<CN=Root,O=Plant>} } } } } } }",
	};
	static const char *const newer[] = {
		"30{ 30{ 06{2b06010505070416} 30{ 30{ a1{ 30{ a4{<CN=Root,O=Plant>} } } 170d3235313132343030303030305a } } } }",
		"30{ 30{ 06{2b06010505070416} 30{ 30{ a1{ 30{ a4{<CN=Root,O=Elsewhere>} } } } } } }",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(older); i++) {
		const struct kit_message m = { .kind = BODY_GENM, .body = older[i] };
		struct itav v = answered(&m);
		assert_int_equal(v.type, IT_CRLS);
		assert_true(v.value.len > 0);
	}
	for (size_t i = 0; i < COUNT(newer); i++) {
		const struct kit_message m = { .kind = BODY_GENM, .body = newer[i] };
		struct itav v = answered(&m);
		assert_int_equal(v.type, IT_CRLS);
		assert_int_equal(v.value.len, 0);
	}
}

// RFC 9483 4.3.2: nothing new is an absent value, also where the root that the device has is the newest.
static void
root_updates(void **state)
{
	static const struct kit_message old_root = { .kind = BODY_GENM, .body = "30{ 30{ 06{2b06010505070414} $rogue_cert } }" },
		new_root = { .kind = BODY_GENM, .body = "30{ 30{ 06{2b06010505070414} $root_cert } }" };
	struct itav v = answered(&old_root);

	(void)state;
	assert_int_equal(v.type, IT_ROOT_CA_KEY_UPDATE);
	assert_true(v.value.len > 0);
	v = answered(&new_root);
	assert_int_equal(v.type, IT_ROOT_CA_KEY_UPDATE);
	assert_int_equal(v.value.len, 0);
}

// ---- PKCS#10 requests that came as files (RFC 9483 5.3.1)

static void
put_csr(struct buffer *out, const struct kit_message *m)
{
	struct pkimessage parsed;
	struct buffer b;

	buffer_init(&b, 1 << 20);
	buffer_init(out, 1 << 20);
	kit_build(&b, m);
	assert_true(pkimessage_parse(&parsed, buffer_span(&b), NULL, NULL));
	buffer_append(out, parsed.body_contents);
	buffer_clear(&b);
}

static unsigned
certificates_in(const char *pem)
{
	unsigned n = 0;

	for (; (pem = strstr(pem, "-----BEGIN CERTIFICATE-----")) != NULL; pem++)
		n++;
	return n;
}

// The certReqId of the certConf that the CA got last.
static int
confirmed_id(void)
{
	struct cert_status s;
	size_t count;

	assert_int_equal(kit_said.up->view.body, BODY_CERTCONF);
	assert_true(cert_confirm_check(kit_said.up->view.body_contents, &count, &s, NULL) && count == 1);
	return s.cert_req_id;
}

static void
adopted_requests(void **state)
{
	const struct kit_message good = { .kind = BODY_P10CR, .subject = "CN=csr-7,O=Plant" }, other = { .kind = BODY_P10CR, .subject = "CN=plc,O=Plant" },
		no_pop = { .kind = BODY_P10CR, .subject = "CN=csr-8,O=Plant", .csr = "$csr_info $pop_alg 03{00 30{ 020101 020101 }}" };
	const struct kit_message cp = { .kind = BODY_CP, .by = "ca", .subject = "CN=csr-7,O=Plant", .extra = "30{ $other_cert $chain }",
		.body = "30{ 30{ 30{ 0201ff 30{020100} 30{ a0{ $issued } } } } }" },
		refusal = { .kind = BODY_CP, .by = "ca", .body = "30{ 30{ 30{ 0201ff 30{020102 30{0c{'not today'}} 03020520} } } }" };
	struct buffer csr;

	(void)state;
	put_csr(&csr, &good);
	kit_clear();
	kit_send_pkcs10("csr", buffer_span(&csr));
	assert_int_equal(kit_said.submissions, 1);
	assert_true(kit_signed_by_ra(&kit_said.up->view));
	assert_int_equal(kit_said.up->view.body, BODY_P10CR);
	kit_answer(&cp);
	assert_true(kit_said.replied);
	// The certificate alone: what came along did not issue it, and is nothing that a device could use.
	assert_int_equal(certificates_in(kit_said.pem), 1);
	// The CA did not grant implicitConfirm: the gateway confirms for the file.
	assert_int_equal(kit_said.submissions, 2);
	assert_int_equal(confirmed_id(), -1);
	const struct kit_message conf = { .kind = BODY_PKICONF, .by = "ca" };
	kit_answer(&conf);
	kit_nothing_left();
	// The same file again is the same operation.
	kit_said.pem[0] = '\0';
	kit_send_pkcs10("csr", buffer_span(&csr));
	assert_int_equal(kit_said.submissions, 2);
	assert_non_null(strstr(kit_said.pem, "-----BEGIN CERTIFICATE-----"));
	buffer_clear(&csr);

	// Older CAs answer a p10cr under 0, and know the certificate by that.
	put_csr(&csr, &(struct kit_message){ .kind = BODY_P10CR, .subject = "CN=csr-6,O=Plant" });
	kit_clear();
	kit_send_pkcs10("csr", buffer_span(&csr));
	kit_answer(&(struct kit_message){ .kind = BODY_CP, .by = "ca", .subject = "CN=csr-6,O=Plant", .body = "30{ 30{ 30{ 020100 30{020100} 30{ a0{ $issued } } } } }" });
	assert_int_equal(confirmed_id(), 0);
	kit_answer(&conf);
	kit_nothing_left();
	buffer_clear(&csr);

	put_csr(&csr, &good);
	kit_clear();
	kit_send_pkcs10("csrkeep", buffer_span(&csr));
	assert_int_equal(kit_said.submissions, 0);
	assert_non_null(strstr(kit_said.text, "sign_with"));
	kit_send_pkcs10("csrany", buffer_span(&csr));
	assert_int_equal(kit_said.submissions, 0);
	assert_non_null(strstr(kit_said.text, "match.template.subject or approve"));
	buffer_clear(&csr);
	put_csr(&csr, &other);
	kit_send_pkcs10("csr", buffer_span(&csr));
	assert_int_equal(kit_said.submissions, 0);
	buffer_clear(&csr);
	put_csr(&csr, &no_pop);
	kit_send_pkcs10("csr", buffer_span(&csr));
	assert_int_equal(kit_said.submissions, 0);
	assert_non_null(strstr(kit_said.text, "does not verify"));
	buffer_clear(&csr);
	put_csr(&csr, &(struct kit_message){ .kind = BODY_P10CR, .subject = "CN=csr-9,O=Plant" });
	kit_send_pkcs10("csr", buffer_span(&csr));
	assert_int_equal(kit_said.submissions, 1);
	kit_answer(&refusal);
	assert_non_null(strstr(kit_said.text, "not today"));
	kit_nothing_left();
	buffer_clear(&csr);
}

// ---- claims and what was verified (design 8.24)

static void
claims(void **state)
{
	const struct kit_message p384 = { ENROLS, .new_key = "p384" }, p256 = { ENROLS }, maker = { ENROLS, .by = "maker", .subject = "CN=plc,O=Plant" };

	(void)state;
	kit_clear();
	kit_pass("keys", &p384);
	kit_lose();
	kit_clear();
	kit_pass("keys", &maker);
	kit_lose();
	// The second route takes signers of the makers only, whoever else it trusts.
	kit_refused("keys", &p256, FAIL_NOT_AUTHORIZED);
}

// Row 60: a certificate profile that no route takes; who would answer for it is not known, and so nobody signs.
static void
profiles(void **state)
{
	const struct kit_message known = { ENROLS, FOR_PLC }, unknown = { ENROLS, .info = "30{ 06{2b06010505070415} 30{ 0c{'other'} } }" }, none = { ENROLS };

	(void)state;
	kit_clear();
	kit_pass("profile", &known);
	assert_true(kit_said.up->view.header.cert_profile.len > 0);
	kit_lose();
	kit_ask("profile", &unknown);
	assert_int_equal(kit_failure(), FAIL_NOT_AUTHORIZED);
	kit_ask("profile", &none);
	assert_int_equal(kit_failure(), FAIL_NOT_AUTHORIZED);
	assert_int_equal(kit_said.submissions, 1);
}

// Without a voice the answer is better than none.
static void
mute_routes(void **state)
{
	const struct kit_message m = { ENROLS, .popo = "" };

	(void)state;
	kit_clear();
	kit_ask("mute", &m);
	assert_int_equal(kit_failure(), FAIL_BAD_POP);
	assert_false(kit_said.answer->view.has_protection);
}

// ---- the clock: rows 29 and 84

static void
without_a_clock(void **state)
{
	static const struct kit_message old_time = { ENROLS, .time = "18{'19700101000000Z'}" }, new_time = { ENROLS, .time = "18{'20990101000000Z'}" },
		early = { ENROLS, .by = "early" }, late = { ENROLS, .by = "late" };

	(void)state;
	kit_clear();
	kit_refused("strict", &old_time, FAIL_BAD_TIME);
	kit_refused("strict", &early, FAIL_SIGNER_NOT_TRUSTED);
	kit_synced = false;
	kit_clear();
	kit_pass("strict", &old_time);
	kit_lose();
	kit_clear();
	kit_pass("strict", &new_time);
	kit_lose();
	// notBefore says nothing then; notAfter is held against the floor.
	kit_clear();
	kit_pass("strict", &early);
	kit_lose();
	kit_clear();
	kit_pass("strict", &late);
	kit_lose();
	kit_synced = true;
	kit_refused("strict", &early, FAIL_SIGNER_NOT_TRUSTED);
}

// An expired certificate stays refused where notAfter lies below the floor.
static void
expired_below_the_floor(void **state)
{
	const struct kit_message expired = { ENROLS, .by = "expired" };

	(void)state;
	kit_synced = false;
	kit_clear();
	// It ended a day ago, and the floor lies thirty days back: nobody can tell.
	kit_pass("strict", &expired);
	kit_lose();
	kit_synced = true;
	kit_refused("strict", &expired, FAIL_SIGNER_NOT_TRUSTED);
}

// ---- row 83, with the caches that a gateway keeps

static void
nothing_is_learned(void **state)
{
	const struct kit_message good = { .kind = BODY_GENM }, rogue = { .kind = BODY_GENM, .by = "twin" }, alone = { .kind = BODY_GENM, .by = "twin", .extra = "30{ $cert }" };

	(void)state;
	for (int i = 0; i < 60; i++) {
		kit_clear();
		kit_pass("strict", &good);
		kit_lose();
		if (i % 20 != 0)
			continue;
		kit_refused("strict", &rogue, FAIL_SIGNER_NOT_TRUSTED);
		kit_refused("strict", &alone, FAIL_SIGNER_NOT_TRUSTED);
		kit_refused("set", &alone, FAIL_SIGNER_NOT_TRUSTED);
	}
}

// No device may hold more than its share.
static void
many_at_once(void **state)
{
	const struct kit_message m = { ENROLS };

	(void)state;
	kit_clear();
	for (int i = 0; i < 4; i++)
		kit_pass("strict", &m);
	kit_ask("strict", &m);
	assert_true(kit_said.replied && kit_said.kind == REPLY_REFUSE && kit_said.reason == REFUSE_BUSY);
	assert_int_equal(kit_said.submissions, 4);
	for (unsigned i = 0; i < 4; i++) {
		kit_turn_to(i);
		kit_lose();
	}
	kit_pass("strict", &m);
	kit_lose();
	kit_nothing_left();
}

static int
set_up(void **state)
{
	struct buffer b;

	if (kit_set_up(state) != 0)
		return -1;
	buffer_init(&b, 4096);
	der_text(&b, "30{ 30{ a5{<O=Plant>} } }", NULL);
	kit_file("template.der", buffer_span(&b));
	buffer_clear(&b);
	kit_file("allow.csv", span_text("subject,profile\n\"CN=*,O=Plant\",plc\n"));
	kit_open(routes, false);
	return 0;
}

static int
tear_down(void **state)
{
	kit_close();
	return kit_tear_down(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deviations_that_are_accepted),
		cmocka_unit_test(old_versions_in_envelopes),
		cmocka_unit_test(what_a_route_sets),
		cmocka_unit_test(what_a_route_adds),
		cmocka_unit_test(converted_requests),
		cmocka_unit_test(local_answers),
		cmocka_unit_test(profiles_allowed),
		cmocka_unit_test(crl_updates),
		cmocka_unit_test(root_updates),
		cmocka_unit_test(adopted_requests),
		cmocka_unit_test(claims),
		cmocka_unit_test(profiles),
		cmocka_unit_test(mute_routes),
		cmocka_unit_test(without_a_clock),
		cmocka_unit_test(expired_below_the_floor),
		cmocka_unit_test(nothing_is_learned),
		cmocka_unit_test(many_at_once),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
