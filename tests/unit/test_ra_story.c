// SPDX-License-Identifier: GPL-3.0-or-later
// Whole transactions of a registration authority: what the CA sees of a
// request, what the device sees of an answer, and what becomes of messages that
// come twice, too late, from somebody else, or with something wrong in them.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/clock.h"
#include "codec/confirm.h"
#include "codec/oid.h"
#include "codec/response.h"
#include "tests/unit/ra_kit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ENROLS .kind = BODY_IR
#define WAIT_TIME "30{ 06{2b0601050507040e} 18{'20260101000000Z'} }"
#define IMPLICIT_CONFIRM "30{ 06{2b0601050507040d} 0500 }"

static const char routes[] =
	"limits: {mac_refusal_delay: 1s, failures: 100000, secret_failures: 3, failure_window: 10m, per_identity: 4, transaction_timeout: 1h}\n"
	"routes:\n"
	"  - {name: keep, from: keep, trust: plant, secrets: field, reply_with: ra, bind: none, to: ca}\n"
	"  - {name: add, from: add, trust: plant, secrets: field, protection: add, sign_with: ra, bind: none, to: ca}\n"
	"  - {name: replace, from: replace, trust: plant, secrets: field, protection: replace, sign_with: ra, bind: none, to: ca}\n"
	"  - {name: raverified, from: raverified, trust: plant, secrets: field, protection: replace, popo: raverified, sign_with: ra, bind: none, to: ca}\n"
	"  - {name: lras, from: lras, trust: plant, protection: replace, accept_raverified: yes, on_behalf: yes, sign_with: ra, to: ca}\n"
	"  - {name: tolerant, from: tolerant, trust: plant, protection: replace, accept: [unprotected-error], accept_ca_pubs: yes,\n"
	"     accept_subject_change: yes, sign_with: ra, to: ca}\n"
	"  - {name: mute, from: mute, trust: plant, to: ca}\n";

static const char *const modes[] = { "keep", "add", "replace" };

// ---- an enrolment from begin to end

static void
seen_by_ca(const char *at, struct span sent)
{
	struct pkimessage asked;
	const struct message *up = kit_said.up;

	assert_true(pkimessage_parse(&asked, sent, NULL, NULL));
	if (strcmp(at, "keep") == 0) {
		assert_true(span_equal(up->view.whole, sent));
		return;
	}
	assert_true(kit_signed_by_ra(&up->view));
	assert_true(span_equal(up->view.header.transaction_id, asked.header.transaction_id));
	assert_true(span_equal(up->view.header.sender_nonce, asked.header.sender_nonce));
	assert_int_equal(up->view.header.has_recip_nonce, asked.header.has_recip_nonce);
	assert_int_equal(up->view.header.pvno, asked.header.pvno);
	if (strcmp(at, "add") == 0) {
		assert_int_equal(up->view.body, BODY_NESTED);
		assert_non_null(up->inner);
		assert_true(span_equal(up->inner->whole, sent));
	} else {
		assert_true(span_equal(up->view.body_whole, asked.body_whole));
		assert_true(span_equal(up->view.header.general_info, asked.header.general_info));
	}
}

static void
one_message(const char *at, const struct kit_message *m)
{
	struct buffer b;

	buffer_init(&b, 1 << 20);
	kit_build(&b, m);
	unsigned before = kit_said.submissions;
	kit_send(at, buffer_span(&b));
	if (kit_said.replied || kit_said.submissions != before + 1)
		kit_fail("%s: %s did not reach the CA", at, body_name(m->kind));
	seen_by_ca(at, buffer_span(&b));
	buffer_clear(&b);
}

static void
enrol(const char *at, enum body kind, const char *by, const char *pvno)
{
	const struct kit_message first = { .kind = kind, .by = by, .pvno = pvno };
	struct kit_message conf = { .kind = BODY_CERTCONF, .by = by, .pvno = pvno, .same_id = true };

	kit_clear();
	one_message(at, &first);
	// For keep and add, a CA that shares the secret could answer with a MAC; here it signs.
	kit_grant(body_answer(kind));
	bool replaced = strcmp(at, "replace") == 0 && kind != BODY_KUR;
	assert_int_equal(kit_signed_by_ra(&kit_said.answer->view), replaced && kit_signer(by)->secret == NULL);
	if (replaced)
		assert_true(kit_is_protected(by));
	kit_go_on();
	one_message(at, &conf);
	kit_grant(BODY_PKICONF);
	kit_nothing_left();
	if (gateway_count(kit_gateway).open > 0)
		kit_fail("%s: %s by %s: it has not ended", at, body_name(kind), by);
}

static void
enrolments(void **state)
{
	static const char *const people[] = { "device", "rsa", "p384", "p521", "ed25519", "ed448", "middle", "many", "pbmac1" };
	static const enum body kinds[] = { BODY_IR, BODY_CR, BODY_P10CR };

	(void)state;
	for (size_t m = 0; m < COUNT(modes); m++)
		for (size_t p = 0; p < COUNT(people); p++)
			enrol(modes[m], kinds[p % COUNT(kinds)], people[p], p % 2 == 0 ? "020102" : "020103");
}

// A key update reaches the CA under the device's own signature, whatever the route says (RFC 9483 5.2.3).
static void
key_updates(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		const struct kit_message kur = { .kind = BODY_KUR };
		kit_clear();
		one_message(strcmp(modes[i], "replace") == 0 ? "keep" : modes[i], &kur);
		kit_lose();
	}
	kit_begin("replace", BODY_KUR, NULL);
	assert_false(kit_signed_by_ra(&kit_said.up->view));
	kit_grant(BODY_KUP);
	assert_false(kit_signed_by_ra(&kit_said.answer->view));
	kit_confirm("replace", NULL);
	assert_false(kit_signed_by_ra(&kit_said.up->view));
	kit_grant(BODY_PKICONF);
}

// So does the wish for a key of the CA's.
static void
central_keys(void **state)
{
	const struct kit_message m = { ENROLS, .key = "", .popo = "", .pvno = "020103" };

	(void)state;
	kit_clear();
	kit_pass("replace", &m);
	assert_false(kit_signed_by_ra(&kit_said.up->view));
	assert_int_equal(kit_said.up->view.body, BODY_IR);
	kit_lose();
	kit_clear();
	kit_pass("add", &m);
	assert_true(kit_signed_by_ra(&kit_said.up->view));
	assert_int_equal(kit_said.up->view.body, BODY_NESTED);
	kit_lose();
}

static void
other_operations(void **state)
{
	static const struct { enum body body; const char *by; } rows[] = { { BODY_RR, NULL }, { BODY_GENM, NULL }, { BODY_GENM, "many" } };

	(void)state;
	for (size_t m = 0; m < COUNT(modes); m++)
		for (size_t i = 0; i < COUNT(rows); i++) {
			const struct kit_message asked = { .kind = rows[i].body, .by = rows[i].by };
			kit_clear();
			one_message(modes[m], &asked);
			kit_grant(body_answer(rows[i].body));
			kit_nothing_left();
		}
}

// What is sent for such a request holds the key, and goes down as it is: only its device can open it.
static void
central_keys_come(void **state)
{
	const struct kit_message m = { ENROLS, .key = "", .popo = "", .pvno = "020103" },
		ip = { .kind = BODY_IP, .by = "ca", .pvno = "020103", .body = "30{ 30{ 30{ 020100 30{020100} 30{ a0{ $issued } a0{ a0{ 020102 31{ 30{ 020102 8001aa 30{06{2a0304}} 0401bb } } "
			"30{ 06{2a864886f70d010702} 30{06{2a0304}} 8001cc } } } } } } }" };

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		kit_clear();
		kit_pass(modes[i], &m);
		kit_answer(&ip);
		if (!kit_said.replied || kit_said.answer == NULL || kit_said.answer->view.body != BODY_IP || kit_failure() != FAIL_NONE)
			kit_fail("%s: the key did not reach the device", modes[i]);
		assert_int_equal(kit_said.answer->view.header.pvno, 3);
		assert_false(kit_signed_by_ra(&kit_said.answer->view));
		kit_confirm(modes[i], NULL);
		kit_grant(BODY_PKICONF);
	}
}

// The proof that the gateway has verified becomes raVerified, and nothing else changes.
static void
raverified(void **state)
{
	struct cert_req_msg asked, seen;
	struct pkimessage m;
	const struct kit_message ir = { ENROLS };
	struct buffer b;
	size_t count;

	(void)state;
	kit_clear();
	buffer_init(&b, 1 << 20);
	kit_build(&b, &ir);
	kit_send("raverified", buffer_span(&b));
	assert_int_equal(kit_said.submissions, 1);
	assert_true(pkimessage_parse(&m, buffer_span(&b), NULL, NULL));
	assert_true(cert_req_messages_check(m.body_contents, &count, &asked, NULL));
	assert_true(cert_req_messages_check(kit_said.up->view.body_contents, &count, &seen, NULL));
	assert_int_equal(asked.popo, POPO_SIGNATURE);
	assert_int_equal(seen.popo, POPO_RA_VERIFIED);
	assert_true(span_equal(asked.cert_req, seen.cert_req));
	buffer_clear(&b);
	kit_lose();
}

// RFC 9483 5.2.2.1: a message in the envelope of another RA is answered like one
// that came alone: unwrapped, and protected as the device protects.
static void
answers_of_envelopes(void **state)
{
	static const char *const people[] = { NULL, "many", "pbmac1" };

	(void)state;
	for (size_t i = 0; i < COUNT(people); i++) {
		const struct kit_message ir = { ENROLS, .by = people[i] }, *const inside[] = { &ir, NULL },
			conf = { .kind = BODY_CERTCONF, .by = people[i], .same_id = true }, *const later[] = { &conf, NULL };
		const struct kit_message first = { .kind = BODY_NESTED, .by = "lra", .inner = inside }, second = { .kind = BODY_NESTED, .by = "lra", .inner = later, .same_id = true };
		kit_clear();
		kit_pass("replace", &first);
		assert_int_equal(kit_said.up->view.body, BODY_IR);
		assert_true(kit_signed_by_ra(&kit_said.up->view));
		kit_grant(BODY_IP);
		assert_true(kit_is_protected(people[i]));
		kit_go_on();
		kit_pass("replace", &second);
		assert_int_equal(kit_said.up->view.body, BODY_CERTCONF);
		kit_grant(BODY_PKICONF);
		assert_true(kit_is_protected(people[i]));
		kit_nothing_left();
	}
}

// ---- headers of answers (RFC 9483 3.1), and chains that came before (3.3)

static void
is_named(const char *sender, const char *kid)
{
	const struct pkiheader *h = &kit_said.answer->view.header;
	char text[256];

	assert_string_equal(general_name_text(h->sender, text, sizeof(text)), sender);
	assert_true(h->has_sender_kid && span_equal(h->sender_kid, span_text(kid)));
}

// Under a MAC, sender and senderKID tell the secret, where the device names itself so.
static void
names_under_a_mac(void **state)
{
	const struct kit_message no_pop = { ENROLS, .by = "many", .popo = "" };
	static const struct kit_message others[] = { { ENROLS, .by = "many", .sender = "a4{3000}" }, { ENROLS, .by = "many", .sender = "a4{<CN=device,O=Plant>}" } };

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		kit_clear();
		kit_refused(modes[i], &no_pop, FAIL_BAD_POP);
		is_named("dirName:CN=many", "many");
	}
	kit_begin("replace", BODY_IR, "many");
	kit_grant(BODY_IP);
	is_named("dirName:CN=many", "many");
	kit_confirm("replace", "many");
	kit_grant(BODY_PKICONF);
	is_named("dirName:CN=many", "many");
	for (size_t i = 0; i < COUNT(others); i++) {
		kit_clear();
		kit_pass("replace", &others[i]);
		kit_grant(BODY_IP);
		is_named("dirName:CN=RA,O=Plant", "many");
		kit_confirm("replace", "many");
		kit_grant(BODY_PKICONF);
	}
}

// What goes with a certificate stays where the protection is replaced: the
// CA's chain behind our own certificate (3.3), and confirmWaitTime.
static void
what_comes_along(void **state)
{
	static const char *const people[] = { "device", "many" };
	const struct kit_message ip = { .kind = BODY_IP, .by = "ca", .extra = "30{ $chain $middle_cert }", .info = WAIT_TIME };
	struct certificate c;
	struct span rest, whole;
	char text[256];
	struct buffer info;

	(void)state;
	buffer_init(&info, 256);
	der_text(&info, WAIT_TIME, NULL);
	for (size_t i = 0; i < COUNT(people); i++) {
		kit_begin("replace", BODY_IR, people[i]);
		kit_answer(&ip);
		const struct pkimessage *m = &kit_said.answer->view;
		assert_int_equal(m->body, BODY_IP);
		assert_true(span_equal(m->header.general_info, buffer_span(&info)));
		assert_false(m->header.has_message_time);
		rest = m->extra_certs;
		if (i == 0) {
			assert_true(der_take_whole(&rest, DER_SEQUENCE, &whole) && certificate_parse(&c, whole, NULL));
			assert_string_equal(name_text(c.subject, text, sizeof(text)), "CN=RA,O=Plant");
		}
		assert_true(der_take_whole(&rest, DER_SEQUENCE, &whole) && span_equal(whole, kit_signer("ca")->certificate));
		assert_true(der_take_whole(&rest, DER_SEQUENCE, &whole) && span_equal(whole, kit_signer("middle")->certificate) && der_at_end(rest));
		kit_confirm("replace", people[i]);
		kit_grant(BODY_PKICONF);
	}
	buffer_clear(&info);
}

static void
chain_of_the_first_message(void **state)
{
	const struct kit_message conf = { .kind = BODY_CERTCONF, .by = "middle", .extra = "", .same_id = true };

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		kit_begin(modes[i], BODY_IR, "middle");
		kit_grant(BODY_IP);
		kit_go_on();
		kit_pass(modes[i], &conf);
		kit_grant(BODY_PKICONF);
	}
}

// ---- who comes again, and who comes in between: rows 23, 24, 26, 28

static void
the_same_again(void **state)
{
	const struct kit_message ir = { ENROLS };
	struct buffer b, answer;

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		kit_clear();
		buffer_init(&b, 1 << 20);
		buffer_init(&answer, 1 << 20);
		kit_build(&b, &ir);
		kit_send(modes[i], buffer_span(&b));
		assert_int_equal(kit_said.submissions, 1);
		// While it is under way, the newest copy waits; the one before is told so.
		kit_send(modes[i], buffer_span(&b));
		assert_false(kit_said.replied);
		assert_int_equal(kit_said.replies, 1);
		assert_int_equal(kit_said.submissions, 1);
		kit_grant(BODY_IP);
		buffer_append(&answer, kit_said.answer->view.whole);
		kit_send(modes[i], buffer_span(&b));
		assert_true(span_equal(kit_said.answer->view.whole, buffer_span(&answer)));
		kit_confirm(modes[i], NULL);
		kit_grant(BODY_PKICONF);
		kit_send(modes[i], buffer_span(&b));
		assert_true(span_equal(kit_said.answer->view.whole, buffer_span(&answer)));
		assert_int_equal(kit_said.submissions, 2);
		buffer_clear(&b);
		buffer_clear(&answer);
	}
}

// T-CMP-19: the same certConf gets its pkiConf again, another one certConfirmed.
static void
confirmed_again(void **state)
{
	const struct kit_message conf = { .kind = BODY_CERTCONF, .same_id = true };
	struct buffer b, answer;

	(void)state;
	kit_begin("replace", BODY_IR, NULL);
	kit_grant(BODY_IP);
	buffer_init(&b, 1 << 20);
	buffer_init(&answer, 1 << 20);
	kit_go_on();
	kit_build(&b, &conf);
	kit_send("replace", buffer_span(&b));
	kit_grant(BODY_PKICONF);
	buffer_append(&answer, kit_said.answer->view.whole);
	kit_send("replace", buffer_span(&b));
	assert_true(span_equal(kit_said.answer->view.whole, buffer_span(&answer)));
	assert_int_equal(kit_said.submissions, 2);
	kit_new_nonce();
	kit_refused("replace", &conf, FAIL_CERT_CONFIRMED);
	buffer_clear(&b);
	buffer_clear(&answer);
}

// T-CMP-17: nothing is confirmed that needs no confirmation.
static void
implicit_confirmation(void **state)
{
	const struct kit_message ir = { ENROLS, .info = IMPLICIT_CONFIRM }, ip = { .kind = BODY_IP, .by = "ca", .info = IMPLICIT_CONFIRM },
		conf = { .kind = BODY_CERTCONF, .same_id = true };

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		kit_clear();
		kit_pass(modes[i], &ir);
		kit_answer(&ip);
		assert_true(kit_said.answer->view.header.implicit_confirm);
		assert_int_equal(gateway_count(kit_gateway).open, 0);
		kit_go_on();
		kit_refused(modes[i], &conf, FAIL_BAD_REQUEST);
	}
}

// Row 23: another sender with the transactionID of one that is under way.
static void
somebody_elses_id(void **state)
{
	static const struct kit_message others[] = {
		{ ENROLS, .by = "other", .same_id = true }, { .kind = BODY_GENM, .by = "other", .same_id = true }, { ENROLS, .by = "many", .same_id = true },
		{ .kind = BODY_KUR, .by = "other", .same_id = true }, { ENROLS, .same_id = true, .subject = "CN=device 2,O=Plant" },
	};

	(void)state;
	// Where a secret began it, the refusal of somebody else is not protected with that (kit_refused() sees it).
	for (size_t m = 0; m < COUNT(modes); m++)
		for (size_t i = 0; i < 2 * COUNT(others); i++) {
			kit_begin(modes[m], BODY_IR, i < COUNT(others) ? NULL : "many");
			uint64_t submission = kit_said.submission;
			kit_new_nonce();
			kit_refused(modes[m], &others[i % COUNT(others)], FAIL_TRANSACTION_ID_IN_USE);
			assert_int_equal(kit_said.submission, submission);
			// The first one is not disturbed: its device still gets the answer.
			unsigned before = kit_said.replies;
			const struct kit_message ip = { .kind = BODY_IP, .by = "ca", .subject = "CN=device,O=Plant" };
			kit_answer(&ip);
			assert_int_equal(kit_said.replies, before + 1);
			kit_nothing_left();
		}
}

static void
nonces_of_confirmations(void **state)
{
	const struct kit_message conf = { .kind = BODY_CERTCONF, .same_id = true };
	struct kit_message wrong = conf;
	uint8_t first[16];

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		kit_begin(modes[i], BODY_IR, NULL);
		memcpy(first, kit_nonce, 16);
		kit_grant(BODY_IP);
		kit_go_on();
		memcpy(kit_nonce, first, 16);
		kit_refused(modes[i], &conf, FAIL_BAD_SENDER_NONCE);
		kit_new_nonce();
		wrong.recip = "";
		kit_refused(modes[i], &wrong, FAIL_BAD_RECIPIENT_NONCE);
		kit_new_nonce();
		wrong.recip = "04{(61*16)}";
		kit_refused(modes[i], &wrong, FAIL_BAD_RECIPIENT_NONCE);
		// After all that, the right one passes.
		kit_new_nonce();
		kit_pass(modes[i], &conf);
		kit_grant(BODY_PKICONF);
	}
}

// ---- confirmations: rows 63 to 65

struct conf_row {
	const char *title;
	struct kit_message m;
	enum failure failure;
	bool rejects;		// the CA hears, on replace, that the certificate is rejected
};

static const struct conf_row conf_rows[] = {
	{ "63: another hash", { .body = "30{ 30{ 04{(11*32)} 020100 } }" }, FAIL_BAD_CERT_ID, true },
	{ "63: a hash of no octets", { .body = "30{ 30{ 0400 020100 } }" }, FAIL_BAD_CERT_ID, true },
	{ "63: a hash that is cut", { .body = "30{ 30{ 04{(11*31)} 020100 } }" }, FAIL_BAD_CERT_ID, true },
	{ "63: hashAlg with pvno 2", { .body = "30{ 30{ 04{$hash} 020100 a0{30{06{608648016503040203}}} } }" }, FAIL_BAD_CERT_ID, false },
	{ "63: two CertStatus", { .body = "30{ (30{ 04{$hash} 020100 } *2) }" }, FAIL_BAD_REQUEST, false },
	{ "63: a certReqId that was not given", { .body = "30{ 30{ 04{$hash} 020105 } }" }, FAIL_BAD_REQUEST, false },
	{ "63: certReqId -1 after an ir", { .body = "30{ 30{ 04{$hash} 0201ff } }" }, FAIL_BAD_REQUEST, false },
	{ "63: accepted, with a failInfo", { .body = "30{ 30{ 04{$hash} 020100 30{ 020100 03020520 } } }" }, FAIL_BAD_REQUEST, false },
	{ "64: by somebody else", { .by = "other" }, FAIL_BAD_REQUEST, false },
	{ "65: without protection", { .by = "" }, FAIL_BAD_MESSAGE_CHECK, false },
	{ "65: by a MAC after an ir by signature", { .by = "many" }, FAIL_WRONG_INTEGRITY, false },
};

// The kind of protection stays within a transaction (RFC 9483 3.2).
static void
other_kinds_of_protection(void **state)
{
	static const struct { const char *first, *later; enum failure failure; } rows[] = {
		{ "many", NULL, FAIL_WRONG_INTEGRITY }, { NULL, "many", FAIL_WRONG_INTEGRITY },
		{ "many", "pbmac1", FAIL_BAD_MESSAGE_CHECK }, { "pbmac1", "many", FAIL_BAD_MESSAGE_CHECK }, { "many", "bound", FAIL_BAD_REQUEST },
	};

	(void)state;
	for (size_t m = 0; m < COUNT(modes); m++)
		for (size_t i = 0; i < COUNT(rows); i++) {
			const struct kit_message other = { .kind = BODY_CERTCONF, .by = rows[i].later, .same_id = true };
			kit_begin(modes[m], BODY_IR, rows[i].first);
			kit_grant(BODY_IP);
			kit_go_on();
			kit_refused(modes[m], &other, rows[i].failure);
			const struct kit_message right = { .kind = BODY_CERTCONF, .by = rows[i].first, .same_id = true };
			kit_new_nonce();
			kit_pass(modes[m], &right);
			kit_grant(BODY_PKICONF);
		}
}

static void
try_conf(const char *at, const struct conf_row *r)
{
	struct kit_message m = r->m;
	const struct kit_message conf = { .kind = BODY_CERTCONF, .same_id = true };

	kit_begin(at, BODY_IR, NULL);
	kit_grant(BODY_IP);
	m.kind = BODY_CERTCONF;
	m.same_id = true;
	kit_go_on();
	unsigned before = kit_said.submissions;
	kit_ask(at, &m);
	if (!kit_said.replied || kit_failure() != r->failure || kit_said.answer->view.body != BODY_ERROR)
		kit_fail("%s: %s: should be %s", at, r->title, failure_name(r->failure));
	bool heard = kit_said.submissions > before;
	if (heard != (r->rejects && strcmp(at, "replace") == 0))
		kit_fail("%s: %s: the CA %s", at, r->title, heard ? "hears of it" : "hears nothing");
	if (r->rejects) {
		if (heard)
			kit_lose();
		return;
	}
	kit_new_nonce();
	kit_pass(at, &conf);		// the right one still passes
	kit_grant(BODY_PKICONF);
}

static void
wrong_confirmations(void **state)
{
	(void)state;
	for (size_t m = 0; m < COUNT(modes); m++)
		for (size_t i = 0; i < COUNT(conf_rows); i++)
			try_conf(modes[m], &conf_rows[i]);
	kit_clear();
	kit_nothing_left();
}

// The rejection that the CA gets names the certificate that it issued, and what the device said is in its text.
static void
rejected_by_the_gateway(void **state)
{
	const struct kit_message conf = { .kind = BODY_CERTCONF, .same_id = true, .body = "30{ 30{ 04{(11*32)} 020100 } }" };
	struct cert_status s;
	size_t count, open = gateway_count(kit_gateway).open;

	(void)state;
	kit_begin("replace", BODY_IR, NULL);
	kit_grant(BODY_IP);
	kit_go_on();
	kit_ask("replace", &conf);
	assert_int_equal(kit_failure(), FAIL_BAD_CERT_ID);
	assert_int_equal(kit_said.up->view.body, BODY_CERTCONF);
	assert_true(kit_signed_by_ra(&kit_said.up->view));
	assert_true(cert_confirm_check(kit_said.up->view.body_contents, &count, &s, NULL));
	assert_int_equal(count, 1);
	assert_int_equal(s.cert_req_id, 0);
	assert_int_equal(s.hash.len, 32);
	assert_true(s.has_status && s.status.status == STATUS_REJECTION);
	const struct kit_message conf_answer = { .kind = BODY_PKICONF, .by = "ca" };
	kit_answer(&conf_answer);
	kit_nothing_left();
	assert_int_equal(gateway_count(kit_gateway).open, open);
}

// Row 64: before there is a certificate, and row 65: by the certificate that is new.
static void
early_and_new(void **state)
{
	const struct kit_message conf = { .kind = BODY_CERTCONF, .same_id = true, .body = "30{ 30{ 04{(11*32)} 020100 } }" };

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		kit_begin(modes[i], BODY_IR, NULL);
		kit_new_nonce();
		kit_refused(modes[i], &conf, FAIL_BAD_REQUEST);
		kit_lose();
		// The CA issues to the key of "other": its certificate signs the certConf.
		const struct kit_message ir = { ENROLS, .new_key = "other", .subject = "CN=other,O=Plant" };
		const struct kit_message ip = { .kind = BODY_IP, .by = "ca", .body = "30{ 30{ 30{ 020100 30{020100} 30{ a0{ $other_cert } } } } }" };
		const struct kit_message by_new = { .kind = BODY_CERTCONF, .by = "other", .same_id = true };
		kit_clear();
		kit_pass(modes[i], &ir);
		kit_answer(&ip);
		assert_int_equal(kit_said.answer->view.body, BODY_IP);
		kit_go_on();
		kit_refused(modes[i], &by_new, FAIL_BAD_MESSAGE_CHECK);
	}
	kit_clear();
}

// A device that rejects: the CA hears so, and the secret or transaction ends.
static void
rejected_by_the_device(void **state)
{
	static const struct kit_message confs[] = {
		{ .kind = BODY_CERTCONF, .same_id = true, .body = "30{ 30{ 04{$hash} 020100 30{ 020102 03020640 } } }" },
		{ .kind = BODY_CERTCONF, .same_id = true, .body = "3000" },	// nothing is accepted (RFC 9810 5.3.18)
	};

	(void)state;
	for (size_t i = 0; i < COUNT(modes) * COUNT(confs); i++) {
		const char *at = modes[i % COUNT(modes)];
		kit_begin(at, BODY_IR, NULL);
		kit_grant(BODY_IP);
		kit_go_on();
		kit_pass(at, &confs[i / COUNT(modes)]);
		kit_grant(BODY_PKICONF);
		kit_nothing_left();
	}
}

// ---- polling: row 67

#define WAITING "30{ 30{ 30{ 020100 30{020103} } } }"

static void
polling(void **state)
{
	const struct kit_message conf = { .kind = BODY_CERTCONF, .same_id = true }, waiting = { .kind = BODY_IP, .by = "ca", .body = WAITING }, poll = { .kind = BODY_POLLREQ, .same_id = true },
		strange = { .kind = BODY_POLLREQ, .same_id = true, .body = "30{30{020105}}" }, foreign = { .kind = BODY_POLLREQ, .by = "other", .same_id = true };

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		kit_begin(modes[i], BODY_IR, NULL);
		kit_answer(&waiting);
		assert_int_equal(kit_said.answer->view.body, BODY_IP);
		kit_go_on();
		kit_refused(modes[i], &strange, FAIL_BAD_REQUEST);
		kit_new_nonce();
		kit_refused(modes[i], &foreign, FAIL_BAD_REQUEST);
		kit_new_nonce();
		one_message(modes[i], &poll);
		kit_grant(BODY_POLLREP);
		kit_go_on();
		kit_pass(modes[i], &poll);
		kit_grant(BODY_IP);
		kit_confirm(modes[i], NULL);
		kit_grant(BODY_PKICONF);
		kit_go_on();
		kit_ask(modes[i], &poll);	// it has ended: its final answer again
		assert_true(kit_said.replied);
		kit_nothing_left();
		// Nothing was promised here.
		kit_begin(modes[i], BODY_IR, NULL);
		kit_grant(BODY_IP);
		kit_go_on();
		kit_refused(modes[i], &poll, FAIL_BAD_REQUEST);
		kit_new_nonce();
		kit_pass(modes[i], &conf);
		kit_grant(BODY_PKICONF);
		kit_go_on();
		kit_refused(modes[i], &poll, FAIL_BAD_REQUEST);
	}
}

static int
set_up(void **state)
{
	if (kit_set_up(state) != 0)
		return -1;
	kit_open(routes, false);
	return 0;
}

static int
tear_down(void **state)
{
	kit_close();
	return kit_tear_down(state);
}

// ---- a device that is refused again and again

static const char few_failures[] =
	"limits: {failures: 3, failure_window: 10m}\n"
	"routes:\n"
	"  - {name: replace, from: replace, trust: plant, protection: replace, sign_with: ra, bind: none, to: ca}\n";

static void
waits(const struct kit_message *m)
{
	kit_clear();
	kit_ask("replace", m);
	assert_int_equal(kit_said.kind, REPLY_REFUSE);
	assert_int_equal(kit_said.reason, REFUSE_RATE);
	assert_non_null(strstr(kit_said.text, "limits.failures"));
	assert_int_equal(kit_said.submissions, 0);
}

static void
refused_too_often(void **state)
{
	const struct kit_message bad = { ENROLS, .popo = "" }, good = { ENROLS }, other = { ENROLS, .by = "p384" };

	(void)state;
	kit_close();
	kit_open(few_failures, false);
	for (int i = 0; i < 3; i++) {
		kit_clear();
		kit_pass("replace", &good);	// what goes well counts for nothing
		kit_lose();
		kit_clear();
		kit_ask("replace", &bad);
		assert_int_equal(kit_failure(), FAIL_BAD_POP);
	}
	waits(&bad);
	waits(&good);
	kit_clear();
	kit_pass("replace", &other);		// another device
	kit_lose();
	kit_wait(199999);
	waits(&good);
	kit_wait(1);				// a third of the window: one more
	kit_clear();
	kit_pass("replace", &good);
	kit_lose();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enrolments),
		cmocka_unit_test(key_updates),
		cmocka_unit_test(central_keys),
		cmocka_unit_test(central_keys_come),
		cmocka_unit_test(other_operations),
		cmocka_unit_test(raverified),
		cmocka_unit_test(answers_of_envelopes),
		cmocka_unit_test(names_under_a_mac),
		cmocka_unit_test(what_comes_along),
		cmocka_unit_test(chain_of_the_first_message),
		cmocka_unit_test(the_same_again),
		cmocka_unit_test(confirmed_again),
		cmocka_unit_test(implicit_confirmation),
		cmocka_unit_test(somebody_elses_id),
		cmocka_unit_test(nonces_of_confirmations),
		cmocka_unit_test(wrong_confirmations),
		cmocka_unit_test(other_kinds_of_protection),
		cmocka_unit_test(rejected_by_the_gateway),
		cmocka_unit_test(early_and_new),
		cmocka_unit_test(rejected_by_the_device),
		cmocka_unit_test(polling),
		cmocka_unit_test(refused_too_often),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
