// SPDX-License-Identifier: GPL-3.0-or-later
// What a registration authority believes of its CA: answers that are forged,
// swapped, foreign or broken, and a CA that says nothing at all. The device is
// never given what was not asked for, a rejection reaches the CA where the
// gateway is its client, and the audit has an alarm.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/clock.h"
#include "codec/confirm.h"
#include "codec/response.h"
#include "tests/unit/ra_kit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char routes[] =
	"limits: {mac_refusal_delay: 1s, failures: 100000, per_identity: 64}\n"
	"routes:\n"
	"  - {name: keep, from: keep, trust: plant, secrets: field, reply_with: ra, to: ca}\n"
	"  - {name: add, from: add, trust: plant, secrets: field, protection: add, sign_with: ra, to: ca}\n"
	"  - {name: replace, from: replace, trust: plant, secrets: field, protection: replace, sign_with: ra, to: ca}\n"
	"  - {name: tolerant, from: tolerant, trust: plant, protection: replace, accept: [unprotected-error], accept_ca_pubs: yes,\n"
	"     accept_subject_change: yes, sign_with: ra, to: ca}\n"
	"  - {name: mute, from: mute, trust: plant, to: ca}\n";

static const char *const modes[] = { "keep", "add", "replace" };

enum what {
	PASSES,		// the device gets it
	NOTHING,	// nothing of it counts: the device may repeat its request
	SWAPPED		// the CA has said it, and yet the device gets our error
};

struct answer_row {
	const char *title;
	struct kit_message m;
	enum what what;
	const char *at;		// NULL: keep, add and replace
	enum body asked;	// 0: ir
	const char *by;		// who asks
};

#define IP .kind = BODY_IP, .by = "ca"
#define RESPONSE(more) "30{ " more " 30{ 30{ 020100 30{020100} 30{ a0{ $issued } } } } }"
#define ONE(status, pair) "30{ 30{ 30{ 020100 30{ " status " } " pair " } } }"

static const struct answer_row rows[] = {
	{ "ip", { IP }, PASSES, NULL, 0, NULL },
	{ "granted with modifications", { IP, .body = ONE("020101", "30{ a0{ $issued } }") }, PASSES, NULL, 0, NULL },
	{ "a rejection", { IP, .body = ONE("020102 30{ 0c{'no'} } 03020520", "") }, PASSES, NULL, 0, NULL },
	{ "an error", { .kind = BODY_ERROR, .by = "ca" }, PASSES, NULL, 0, NULL },
	{ "73: an error that nobody protected", { .kind = BODY_ERROR, .by = "" }, NOTHING, NULL, 0, NULL },
	{ "73: an ip that nobody protected", { .kind = BODY_IP, .by = "" }, NOTHING, NULL, 0, NULL },
	{ "73: an error that says accepted", { .kind = BODY_ERROR, .by = "ca", .body = "30{ 30{ 020100 } }" }, NOTHING, NULL, 0, NULL },
	{ "73: another certReqId", { IP, .body = "30{ 30{ 30{ 020105 30{020100} 30{ a0{ $issued } } } } }" }, NOTHING, NULL, 0, NULL },
	{ "73: a certificate for another key", { IP, .body = ONE("020100", "30{ a0{ $issued_key } }") }, SWAPPED, NULL, 0, NULL },
	{ "73: a certificate for another name", { IP, .body = ONE("020100", "30{ a0{ $issued_name } }") }, SWAPPED, NULL, 0, NULL },
	{ "73: a certificate under another root", { IP, .body = ONE("020100", "30{ a0{ $issued_rogue } }") }, SWAPPED, NULL, 0, NULL },
	{ "73: a certificate of 70,000 octets that is none", { IP, .body = ONE("020100", "30{ a0{ 30{ 30{ 04{(11*70000)} } 30{06{2a8648ce3d040302}} 0303001111 } } }") },
		SWAPPED, NULL, 0, NULL },
	{ "a certificate that is encrypted", { IP, .body = ONE("020100", "30{ a1{ 30{ 03020011 } } }") }, SWAPPED, NULL, 0, NULL },
	{ "a private key that nobody asked for", { IP, .body = ONE("020100", "30{ a0{ $issued } a0{ 30{ 03020011 } } }") }, SWAPPED, NULL, 0, NULL },
	{ "accepted, and no certificate", { IP, .body = ONE("020100", "") }, NOTHING, NULL, 0, NULL },
	{ "rejected, and a certificate", { IP, .body = ONE("020102", "30{ a0{ $issued } }") }, NOTHING, NULL, 0, NULL },
	{ "a certificate with a warning", { IP, .body = ONE("020106", "30{ a0{ $issued } }") }, NOTHING, NULL, 0, NULL },
	{ "two certificates", { IP, .body = "30{ 30{ (30{ 020100 30{020100} 30{ a0{ $issued } } } *2) } }" }, NOTHING, NULL, 0, NULL },
	{ "73: caPubs", { IP, .body = RESPONSE("a1{ 30{ $ca_cert } }") }, SWAPPED, NULL, 0, NULL },
	{ "73: 500 caPubs", { IP, .body = RESPONSE("a1{ 30{ ($ca_cert *500) } }") }, NOTHING, NULL, 0, NULL },
	{ "T-CMP-22: caPubs, where the route takes them", { IP, .body = RESPONSE("a1{ 30{ $ca_cert } }") }, PASSES, "tolerant", 0, NULL },
	{ "T-CMP-22: caPubs in a cp, where the route takes them", { .kind = BODY_CP, .by = "ca", .body = RESPONSE("a1{ 30{ $ca_cert } }") }, SWAPPED, "tolerant", BODY_CR, NULL },
	{ "another name, where the route takes that", { IP, .body = ONE("020100", "30{ a0{ $issued_name } }") }, PASSES, "tolerant", 0, NULL },
	{ "another key, where the route takes another name", { IP, .body = ONE("020100", "30{ a0{ $issued_key } }") }, SWAPPED, "tolerant", 0, NULL },
	{ "73: protected by a device", { .kind = BODY_IP, .by = "device" }, NOTHING, NULL, 0, NULL },
	{ "73: protected by another RA", { .kind = BODY_IP, .by = "lra" }, NOTHING, NULL, 0, NULL },
	{ "73: protected by another CA", { .kind = BODY_IP, .by = "strangeca" }, NOTHING, NULL, 0, NULL },
	{ "73: protected by a rogue CA that came along", { .kind = BODY_IP, .by = "rogue" }, NOTHING, NULL, 0, NULL },
	{ "73: a signature that does not verify", { IP, .protection = "03{00 30{ 020101 020101 }}" }, NOTHING, NULL, 0, NULL },
	{ "73: protection without protectionAlg", { IP, .algorithm = "" }, NOTHING, NULL, 0, NULL },
	{ "73: protected by a MAC, and the device signed", { .kind = BODY_IP, .by = "many" }, NOTHING, NULL, 0, NULL },
	{ "protected by the device's own secret", { .kind = BODY_IP, .by = "many" }, PASSES, "keep", 0, "many" },
	{ "protected by the device's own secret, around a wrapped request", { .kind = BODY_IP, .by = "many" }, PASSES, "add", 0, "many" },
	{ "protected by the device's own secret, where the gateway signs", { .kind = BODY_IP, .by = "many" }, NOTHING, "replace", 0, "many" },
	{ "protected by another secret", { .kind = BODY_IP, .by = "wrong" }, NOTHING, "keep", 0, "many" },
	{ "T-CMP-21: of another transaction", { IP, .id = "04{(61*16)}" }, NOTHING, NULL, 0, NULL },
	{ "T-CMP-21: without transactionID", { IP, .id = "" }, NOTHING, NULL, 0, NULL },
	{ "T-CMP-21: refers to another message", { IP, .recip = "04{(61*16)}" }, NOTHING, NULL, 0, NULL },
	{ "T-CMP-21: refers to nothing", { IP, .recip = "" }, NOTHING, NULL, 0, NULL },
	{ "T-CMP-21: a cp to an ir", { .kind = BODY_CP, .by = "ca" }, NOTHING, NULL, 0, NULL },
	{ "T-CMP-21: a kup to an ir", { .kind = BODY_KUP, .by = "ca" }, NOTHING, NULL, 0, NULL },
	{ "T-CMP-21: a pkiConf to an ir", { .kind = BODY_PKICONF, .by = "ca" }, NOTHING, NULL, 0, NULL },
	{ "T-CMP-21: a genp to an ir", { .kind = BODY_GENP, .by = "ca" }, NOTHING, NULL, 0, NULL },
	{ "T-CMP-21: an ir to an ir", { .kind = BODY_IR, .by = "ca" }, NOTHING, NULL, 0, NULL },
	{ "an unprotected error, where the route takes that", { .kind = BODY_ERROR, .by = "" }, PASSES, "tolerant", 0, NULL },
	{ "an unprotected error that refers to nothing", { .kind = BODY_ERROR, .by = "", .recip = "" }, PASSES, "tolerant", 0, NULL },
	{ "an unprotected error that refers to another message", { .kind = BODY_ERROR, .by = "", .recip = "04{(61*16)}" }, NOTHING, "tolerant", 0, NULL },
	{ "an unprotected ip, where the route takes errors", { .kind = BODY_IP, .by = "" }, NOTHING, "tolerant", 0, NULL },
	{ "kup", { .kind = BODY_KUP, .by = "ca" }, PASSES, NULL, BODY_KUR, NULL },
	{ "kup with a certificate for another key", { .kind = BODY_KUP, .by = "ca", .body = ONE("020100", "30{ a0{ $issued_key } }") }, SWAPPED, NULL, BODY_KUR, NULL },
	{ "cp to a p10cr", { .kind = BODY_CP, .by = "ca", .body = "30{ 30{ 30{ 0201ff 30{020100} 30{ a0{ $issued } } } } }" }, PASSES, NULL, BODY_P10CR, NULL },
	{ "cp to a p10cr with a certificate for another key", { .kind = BODY_CP, .by = "ca", .body = "30{ 30{ 30{ 0201ff 30{020100} 30{ a0{ $issued_key } } } } }" },
		SWAPPED, NULL, BODY_P10CR, NULL },
	{ "rp", { .kind = BODY_RP, .by = "ca" }, PASSES, NULL, BODY_RR, NULL },
	{ "rp by a device", { .kind = BODY_RP, .by = "other" }, NOTHING, NULL, BODY_RR, NULL },
	{ "genp", { .kind = BODY_GENP, .by = "ca" }, PASSES, NULL, BODY_GENM, NULL },
	{ "genp that nobody protected", { .kind = BODY_GENP, .by = "" }, NOTHING, NULL, BODY_GENM, NULL },
};

static unsigned wrong;

static void
complain(const struct answer_row *r, const char *at, const char *what)
{
	print_error("%s: %s: %s: %s\n", at, r->title, what, kit_said_text());
	wrong++;
}

// The device may repeat its octets, and they reach the CA again.
static void
judge_nothing(const struct answer_row *r, const char *at, struct span sent)
{
	unsigned before = kit_said.submissions;

	if (!kit_said.replied || kit_said.kind != REPLY_REFUSE || kit_said.reason != REFUSE_BAD_UPSTREAM || kit_failure() != FAIL_SYSTEM_FAILURE)
		complain(r, at, "the device should hear of a bad upstream");
	if (gateway_count(kit_gateway).submissions > 0)
		complain(r, at, "something is under way");
	kit_send(at, sent);
	if (kit_said.submissions != before + 1 || kit_said.replied)
		complain(r, at, "the same octets should reach the CA again");
	else
		kit_lose();
}

static void
judge_rejection(const struct answer_row *r, const char *at)
{
	struct cert_status s;
	size_t count;

	if (kit_said.up->view.body != BODY_CERTCONF || !kit_signed_by_ra(&kit_said.up->view)
	    || !cert_confirm_check(kit_said.up->view.body_contents, &count, &s, NULL) || count != 1 || !s.has_status || s.status.status != STATUS_REJECTION)
		complain(r, at, "the CA should hear a rejection");
	kit_lose();
}

static void
judge_swapped(const struct answer_row *r, const char *at, enum body asked, unsigned before)
{
	bool client = (strcmp(at, "replace") == 0 || strcmp(at, "tolerant") == 0) && asked != BODY_KUR;

	if (!kit_said.replied || kit_said.kind != REPLY_ANSWER || kit_failure() != FAIL_SYSTEM_FAILURE || kit_said.answer->view.body != BODY_ERROR)
		complain(r, at, "the device should get an error with systemFailure");
	else if (!kit_is_protected(r->by))
		complain(r, at, "our error is not protected");
	// What cannot be read has no hash that a rejection could name.
	bool readable = strstr(r->title, "none") == NULL && strstr(r->title, "encrypted") == NULL && strstr(r->title, "caPubs") == NULL;
	if (kit_said.submissions > before + 1 || (client && readable && kit_said.submissions == before))
		complain(r, at, "the CA should hear of it once");
	else if (kit_said.submissions > before)
		judge_rejection(r, at);
}

static void
judge_pass(const struct answer_row *r, const char *at)
{
	bool replaced = (strcmp(at, "replace") == 0 || strcmp(at, "tolerant") == 0) && r->asked != BODY_KUR;

	if (!kit_said.replied || kit_said.kind != REPLY_ANSWER || kit_said.answer->view.body != r->m.kind)
		complain(r, at, "the device should get it");
	else if (replaced && !kit_is_protected(r->by))
		complain(r, at, "it is not protected for the device");
}

static void
try_answer(const struct answer_row *r, const char *at)
{
	enum body asked = r->asked != 0 ? r->asked : BODY_IR;
	const struct kit_message m = { .kind = asked, .by = r->by };
	struct buffer b;

	kit_clear();
	buffer_init(&b, 1 << 20);
	kit_build(&b, &m);
	kit_send(at, buffer_span(&b));
	assert_int_equal(kit_said.submissions, 1);
	unsigned alarms = kit_audit("alarm.raised", NULL);
	kit_answer(&r->m);
	if (r->what == PASSES)
		judge_pass(r, at);
	else if (r->what == NOTHING)
		judge_nothing(r, at, buffer_span(&b));
	else
		judge_swapped(r, at, asked, 1);
	if ((kit_audit("alarm.raised", NULL) > alarms) != (r->what != PASSES))
		complain(r, at, r->what != PASSES ? "there should be an alarm" : "an alarm, and nothing wrong");
	if (gateway_count(kit_gateway).submissions > 0 || gateway_count(kit_gateway).exchanges > 0)
		complain(r, at, "something is left");
	buffer_clear(&b);
}

static void
answers(void **state)
{
	(void)state;
	wrong = 0;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t n = 0; n < (rows[i].at != NULL ? 1 : COUNT(modes)); n++)
			try_answer(&rows[i], rows[i].at != NULL ? rows[i].at : modes[n]);
	assert_int_equal(wrong, 0);
}

// ---- row 74: a CA that does not speak CMP, or does not speak

static void
silent_upstreams(void **state)
{
	static const struct { const char *title; struct outcome o; enum refusal reason; enum failure failure; } outcomes[] = {
		{ "not reached", { .kind = OUTCOME_NOT_SENT, .text = "connection refused" }, REFUSE_UNAVAILABLE, FAIL_SYSTEM_UNAVAIL },
		{ "silent", { .kind = OUTCOME_MAYBE_SENT, .timeout = true, .text = "no answer in 20 s" }, REFUSE_TIMEOUT, FAIL_SYSTEM_UNAVAIL },
		{ "closed", { .kind = OUTCOME_MAYBE_SENT, .text = "closed" }, REFUSE_UNAVAILABLE, FAIL_SYSTEM_UNAVAIL },
		{ "cut off", { .kind = OUTCOME_MAYBE_SENT, .garbled = true, .text = "half an answer" }, REFUSE_BAD_UPSTREAM, FAIL_SYSTEM_FAILURE },
		{ "500", { .kind = OUTCOME_REFUSED, .status = 500, .text = "500" }, REFUSE_UNAVAILABLE, FAIL_SYSTEM_UNAVAIL },
		{ "503", { .kind = OUTCOME_REFUSED, .status = 503, .text = "503" }, REFUSE_UNAVAILABLE, FAIL_SYSTEM_UNAVAIL },
		{ "302", { .kind = OUTCOME_REFUSED, .status = 302, .text = "302" }, REFUSE_BAD_UPSTREAM, FAIL_SYSTEM_FAILURE },
		{ "200 and text", { .kind = OUTCOME_REFUSED, .status = 200, .text = "text/html" }, REFUSE_BAD_UPSTREAM, FAIL_SYSTEM_FAILURE },
		{ "404", { .kind = OUTCOME_REFUSED, .status = 404, .text = "404" }, REFUSE_BAD_UPSTREAM, FAIL_SYSTEM_FAILURE },
	};
	const struct kit_message by_secret = { .kind = BODY_IR, .by = "once" };
	struct buffer b;

	(void)state;
	for (size_t m = 0; m < COUNT(modes); m++)
		for (size_t i = 0; i < COUNT(outcomes); i++) {
			kit_clear();
			buffer_init(&b, 1 << 20);
			kit_build(&b, &by_secret);
			kit_send(modes[m], buffer_span(&b));
			assert_int_equal(kit_said.submissions, 1);
			unsigned silent = kit_audit("msg.unanswered", outcomes[i].o.text);
			kit_outcome(&outcomes[i].o);
			assert_int_equal(kit_audit("msg.unanswered", outcomes[i].o.text), silent + 1);
			if (!kit_said.replied || kit_said.kind != REPLY_REFUSE || kit_said.reason != outcomes[i].reason || kit_failure() != outcomes[i].failure)
				kit_fail("%s: %s", modes[m], outcomes[i].title);
			// The same octets may come again; and the secret is free for another transaction.
			kit_send(modes[m], buffer_span(&b));
			assert_int_equal(kit_said.submissions, 2);
			kit_outcome(&outcomes[i].o);
			kit_pass(modes[m], &by_secret);
			kit_outcome(&outcomes[i].o);
			kit_nothing_left();
			buffer_clear(&b);
		}
}

static void
garbage(void **state)
{
	static const char *const texts[] = { "", "<html></html>", "0", "\x30\x80", "\x30\x03\x02\x01\x02" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct outcome o = { .kind = OUTCOME_ANSWER, .message = blob_new(span_text(texts[i])) };
		kit_begin("replace", BODY_IR, NULL);
		unsigned alarms = kit_audit("alarm.raised", NULL);
		kit_outcome(&o);
		assert_int_equal(kit_said.reason, REFUSE_BAD_UPSTREAM);
		assert_int_equal(kit_failure(), FAIL_SYSTEM_FAILURE);
		assert_int_equal(kit_audit("alarm.raised", NULL), alarms + 1);
		blob_unref(o.message);
	}
	kit_nothing_left();
}

// ---- answers to certConf

static void
answers_to_confirmations(void **state)
{
	static const struct { const char *title; struct kit_message m; bool passes, ends; } conf_rows[] = {
		{ "pkiConf", { .kind = BODY_PKICONF, .by = "ca" }, true, true },
		{ "a pkiConf that nobody protected", { .kind = BODY_PKICONF, .by = "" }, false, false },
		{ "a pkiConf by a device", { .kind = BODY_PKICONF, .by = "other" }, false, false },
		{ "a pkiConf of another transaction", { .kind = BODY_PKICONF, .by = "ca", .id = "04{(61*16)}" }, false, false },
		{ "a pkiConf without extraCerts: the chain came with the ip", { .kind = BODY_PKICONF, .by = "ca", .extra = "" }, true, true },
		{ "an ip", { .kind = BODY_IP, .by = "ca", .body = ONE("020102", "") }, false, false },
		{ "an error", { .kind = BODY_ERROR, .by = "ca" }, true, true },
		{ "an error that nobody protected", { .kind = BODY_ERROR, .by = "" }, false, false },
	};
	struct kit_message conf = { .kind = BODY_CERTCONF, .same_id = true };

	(void)state;
	for (size_t m = 0; m < COUNT(modes); m++)
		for (size_t i = 0; i < COUNT(conf_rows); i++) {
			kit_begin(modes[m], BODY_IR, NULL);
			kit_grant(BODY_IP);
			kit_go_on();
			kit_pass(modes[m], &conf);
			kit_answer(&conf_rows[i].m);
			bool passed = kit_said.kind == REPLY_ANSWER && kit_said.answer->view.body == conf_rows[i].m.kind;
			if (passed != conf_rows[i].passes)
				kit_fail("%s: %s", modes[m], conf_rows[i].title);
			if (conf_rows[i].ends)
				continue;
			// The certConf may come again.
			kit_new_nonce();
			kit_pass(modes[m], &conf);
			kit_grant(BODY_PKICONF);
		}
}

// What the audit says of a pkiConf: whether a certificate is in use, or was not wanted.
static void
audited_confirmations(void **state)
{
	static const struct { const char *body, *event; } ends[] = {
		{ NULL, "\"event\":\"cert.confirmed\",\"result\":\"granted\"" },
		{ "30{ 30{ 04{$hash} 020100 30{ 020102 03020640 } } }", "\"event\":\"cert.rejected\",\"result\":\"rejected\"" },
		{ "30{ 30{ 04{(11*32)} 020100 } }", "\"event\":\"cert.rejected\",\"result\":\"rejected\"" },	// the gateway's own
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		const struct kit_message conf = { .kind = BODY_CERTCONF, .same_id = true, .body = ends[i].body }, answer = { .kind = BODY_PKICONF, .by = "ca" };
		unsigned before = kit_audit(ends[i].event, NULL), confirmed = kit_audit("cert.confirmed", NULL);
		kit_begin("replace", BODY_IR, NULL);
		kit_grant(BODY_IP);
		kit_go_on();
		kit_ask("replace", &conf);
		kit_answer(&answer);
		assert_int_equal(kit_audit(ends[i].event, NULL), before + 1);
		assert_int_equal(kit_audit("cert.confirmed", NULL), confirmed + (i == 0));
	}
	kit_nothing_left();
}

// T-CMP-28: what the CA writes reaches the log, and breaks no line and no terminal.
static void
texts_of_the_ca(void **state)
{
	const struct kit_message m = { .kind = BODY_ERROR, .by = "ca", .body = "30{ 30{ 020102 30{ 0c{'%s%n' 1b '[31m' 0a 'error forged: line' 07 00 7f} } 03{0520} } }" };

	(void)state;
	kit_begin("replace", BODY_IR, NULL);
	kit_log_is_clean = true;
	kit_answer(&m);
	assert_int_equal(kit_said.answer->view.body, BODY_ERROR);
	assert_true(kit_log_is_clean);
	assert_int_equal(kit_audit("forged", "\n"), 0);
}

static int
set_up(void **state)
{
	if (kit_set_up(state) != 0)
		return -1;
	kit_open(routes, true);
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
		cmocka_unit_test(answers),
		cmocka_unit_test(silent_upstreams),
		cmocka_unit_test(garbage),
		cmocka_unit_test(answers_to_confirmations),
		cmocka_unit_test(audited_confirmations),
		cmocka_unit_test(texts_of_the_ca),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
