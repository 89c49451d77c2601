// SPDX-License-Identifier: GPL-3.0-or-later
// What those may try who hold a key or a secret of their own and want more:
// another's transaction, another's name, a second certificate, another route.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/clock.h"
#include "tests/unit/ra_kit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ENROLS .kind = BODY_IR
#define PROFILE(p) "30{ 06{2b06010505070415} 30{ 0c{'" p "'} } }"
#define IMPLICIT "30{ 06{2b0601050507040d} 0500 }"
#define HOUR_MS (3600 * 1000)

static const char routes[] =
	"limits: {mac_refusal_delay: 1s, failures: 5, failure_window: 10m, secret_failures: 3, per_identity: 4, transactions: 4, transaction_timeout: 1h, forget: 24h}\n"
	"answers: {ca_certs: [FOLDER/root.der]}\n"
	"routes:\n"
	"  - {name: local, from: local, match: {body: genm}, trust: plant, reply_with: ra, to: answers}\n"
	"  - {name: vip, from: kid, match: {sender: \"kid:vip*\"}, secrets: field, protection: replace, sign_with: ra, bind: none, to: ca}\n"
	"  - {name: named, from: sender, match: {sender: \"CN=vip*\"}, trust: plant, secrets: field, protection: replace, sign_with: ra, bind: none, to: ca}\n"
	"  - {name: reference, from: sender, match: {sender: \"CN=many\"}, secrets: field, protection: replace, sign_with: ra, bind: none, to: ca}\n"
	"  - {name: own, from: sender, match: {sender: \"CN=device,O=Plant\"}, secrets: field, protection: replace, sign_with: ra, to: ca}\n"
	"  - {name: serial, from: serial, trust: makers, protection: replace, sign_with: ra, bind: serial, to: ca}\n"
	"  - {name: profile, from: profile, match: {profile: plc}, trust: plant, protection: replace, sign_with: ra, to: ca}\n"
	"  - {name: list, from: list, trust: plant, protection: replace, sign_with: ra, approve: {allow: FOLDER/allow.csv}, to: ca}\n"
	"  - {name: keep, from: keep, trust: plant, secrets: field, reply_with: ra, bind: none, to: ca}\n"
	"  - {name: replace, from: replace, trust: plant, secrets: field, protection: replace, sign_with: ra, bind: none, to: ca}\n";

static const struct kit_message ir = { ENROLS, .by = "once" };

static void
refused_later(const char *at, const struct kit_message *m)
{
	unsigned before = kit_said.submissions;

	kit_ask(at, m);
	kit_wait(1000);
	if (!kit_said.replied || kit_failure() != FAIL_BAD_MESSAGE_CHECK || kit_said.submissions != before)
		kit_fail("%s: badMessageCheck", at);
}

static void
tell_state(void *context, const struct secret_entry *e, enum gateway_secret state, int64_t changed_s)
{
	(void)changed_s;
	if (span_equal(e->reference, span_text("once")))
		*(enum gateway_secret *)context = state;
}

static void
is_state(enum gateway_secret wanted)
{
	enum gateway_secret state = GATEWAY_SECRET_EXPIRED;

	assert_true(gateway_secrets(kit_gateway, "field", tell_state, &state));
	if (state != wanted)
		fail_msg("the secret is %s, and should be %s", gateway_secret_name(state), gateway_secret_name(wanted));
}

// A first request that is answered with a certificate; what follows is of its transaction.
static void
enrolled(const char *at, const char *by)
{
	kit_begin(at, BODY_IR, by);
	kit_grant(BODY_IP);
	kit_go_on();
}

// ---- one secret, two transactions

// Requests that are verified side by side: none holds the secret yet when the others are looked at.
static void
a_secret_for_two_at_once(void **state)
{
	const struct kit_message at_once = { ENROLS, .by = "once", .info = IMPLICIT };
	struct buffer b;

	(void)state;
	kit_clear();
	kit_free_secrets();
	for (int i = 0; i < 3; i++) {
		buffer_init(&b, 1 << 16);
		kit_build(&b, &at_once);
		kit_hand_over("replace", buffer_span(&b));
		buffer_clear(&b);
	}
	kit_settle();
	if (kit_said.submissions != 1 || kit_failure() != FAIL_NOT_AUTHORIZED)
		kit_fail("one of them gets it");
	assert_int_equal(kit_said.replies, 2);
	is_state(GATEWAY_SECRET_BOUND);
	kit_lose();
	is_state(GATEWAY_SECRET_FREE);
}

// The row that a request was begun beside has gone when it is judged: it is a first one.
static void
a_request_whose_row_has_gone(void **state)
{
	struct kit_message m = { ENROLS, .by = "once", .same_id = true };
	struct buffer b;

	(void)state;
	kit_begin("replace", BODY_IR, "once");
	kit_new_nonce();
	buffer_init(&b, 1 << 16);
	kit_build(&b, &m);
	kit_hand_over("replace", buffer_span(&b));
	buffer_clear(&b);
	kit_lose();
	is_state(kit_said.submissions == 2 ? GATEWAY_SECRET_BOUND : GATEWAY_SECRET_FREE);
	if (kit_said.submissions == 2)
		kit_lose();
	is_state(GATEWAY_SECRET_FREE);
}

// Its transaction went with a restart, and can no more end by itself.
static void
a_secret_of_nobody(void **state)
{
	(void)state;
	kit_free_secrets();
	enrolled("replace", "once");
	kit_restart();
	is_state(GATEWAY_SECRET_BOUND);
	kit_refused("replace", &ir, FAIL_NOT_AUTHORIZED);
	kit_wait(HOUR_MS - 60 * 1000);
	kit_refused("replace", &ir, FAIL_NOT_AUTHORIZED);
	kit_wait(60 * 1000 + 1);
	kit_pass("replace", &ir);
	kit_lose();
	is_state(GATEWAY_SECRET_FREE);
}

// The confirmation of a transaction from before cannot be taken at the moment: its secret stays its own.
static void
a_confirmation_that_finds_no_room(void **state)
{
	const struct kit_message conf = { .kind = BODY_CERTCONF, .by = "once", .same_id = true };
	uint8_t id[16];

	(void)state;
	kit_free_secrets();
	enrolled("replace", "once");
	memcpy(id, kit_id, 16);
	struct span recip = kit_recip;
	kit_restart();
	for (int i = 0; i < 4; i++)
		kit_pass("replace", &(struct kit_message){ ENROLS });
	memcpy(kit_id, id, 16);
	kit_recip = recip;
	kit_new_nonce();
	kit_ask("replace", &conf);
	if (!kit_said.replied || kit_said.reason != REFUSE_BUSY)
		kit_fail("there should be no room");
	is_state(GATEWAY_SECRET_BOUND);
	for (unsigned i = 0; i < 4; i++) {
		kit_turn_to(i);
		kit_lose();
	}
	kit_new_nonce();
	kit_pass("replace", &conf);
	kit_grant(BODY_PKICONF);
	is_state(GATEWAY_SECRET_SPENT);
}

// Without a clock that is confirmed, what the newest time ever seen says still holds.
static void
a_secret_that_expired_before_the_floor(void **state)
{
	const struct kit_message old = { ENROLS, .by = "old" };

	(void)state;
	kit_clear();
	kit_synced = false;
	refused_later("replace", &old);
	kit_synced = true;
}

// The MAC of one that is locked is not looked at: what is wrong behind it told a right guess from a wrong one.
static void
guesses_at_a_locked_secret(void **state)
{
	static const struct kit_message guesses[] = { { ENROLS, .by = "old", .popo = "" }, { ENROLS, .by = "old", .popo = "8000" },
		{ ENROLS, .by = "old", .popo = "a1{ $pop_alg 03{00 30{ 020101 020101 }} }" }, { ENROLS, .by = "old", .key = "30{ 06{2a0304} } 03{00 00}" }, { .kind = BODY_CERTCONF, .by = "old" } };
	struct crypto_work before = crypto_work();

	(void)state;
	kit_clear();
	for (size_t i = 0; i < COUNT(guesses); i++)
		refused_later("replace", &guesses[i]);
	// What was derived was so by the device.
	assert_int_equal(crypto_work().derivations - before.derivations, COUNT(guesses));
}

// ---- a transaction of somebody else

static const struct { const char *title; enum body kind; const char *owner, *stranger; } strangers[] = {
	{ "another device confirms", BODY_CERTCONF, "device", "other" },
	{ "another device polls", BODY_POLLREQ, "device", "other" },
	{ "another secret confirms", BODY_CERTCONF, "once", "many" },
	{ "another secret polls", BODY_POLLREQ, "once", "many" },
	{ "a secret confirms for a device", BODY_CERTCONF, "device", "many" },
};

// The gateway was restarted: it knows by the store whose the transaction is.
static void
strangers_after_a_restart(void **state)
{
	static const char *const modes[] = { "replace", "keep" };

	(void)state;
	for (size_t m = 0; m < COUNT(modes); m++)
		for (size_t i = 0; i < COUNT(strangers); i++) {
			const struct kit_message foreign = { .kind = strangers[i].kind, .by = strangers[i].stranger, .same_id = true },
				own = { .kind = BODY_CERTCONF, .by = strangers[i].owner, .same_id = true };
			kit_free_secrets();
			enrolled(modes[m], strangers[i].owner);
			kit_restart();
			kit_ask(modes[m], &foreign);
			if (kit_failure() != FAIL_BAD_REQUEST || kit_said.submissions != 0)
				kit_fail("%s: %s", modes[m], strangers[i].title);
			kit_new_nonce();
			kit_pass(modes[m], &own);
			kit_grant(BODY_PKICONF);
		}
}

// Where the gateway speaks for its devices, it says nothing of a transaction that nobody began.
static void
transactions_that_nobody_began(void **state)
{
	const struct kit_message conf = { .kind = BODY_CERTCONF }, poll = { .kind = BODY_POLLREQ };

	(void)state;
	kit_clear();
	kit_refused("replace", &conf, FAIL_BAD_REQUEST);
	kit_refused("replace", &poll, FAIL_BAD_REQUEST);
	// Here the CA judges by the device's own signature.
	kit_pass("keep", &conf);
	kit_lose();
}

// ---- a route for others

static void
a_reference_that_is_not_its_own(void **state)
{
	const struct kit_message kid = { ENROLS, .by = "many", .kid = "04{'vip-1'}" }, sender = { ENROLS, .by = "many", .sender = "a4{<CN=vip-1>}" },
		sender_of_bound = { ENROLS, .by = "bound", .sender = "a4{<CN=vip-1>}" };

	(void)state;
	kit_clear();
	refused_later("kid", &kid);
	kit_refused("sender", &sender, FAIL_NOT_AUTHORIZED);
	refused_later("sender", &sender_of_bound);
}

static void
a_reference_of_its_own(void **state)
{
	const struct kit_message by_reference = { ENROLS, .by = "many" }, by_name = { ENROLS, .by = "bound", .sender = "a4{<CN=device,O=Plant>}" };

	(void)state;
	kit_clear();
	kit_pass("sender", &by_reference);
	kit_lose();
	kit_pass("sender", &by_name);
	kit_lose();
}

// What the CA is told counts, not what the path says beside it.
static void
two_profiles(void **state)
{
	const struct kit_message mixed = { ENROLS, .info = PROFILE("admin") }, same = { ENROLS, .info = PROFILE("plc") }, none = { ENROLS };

	(void)state;
	kit_clear();
	kit_profile = "plc";
	kit_refused("profile", &mixed, FAIL_BAD_REQUEST);
	kit_refused("list", &mixed, FAIL_BAD_REQUEST);
	kit_pass("profile", &same);
	kit_lose();
	kit_pass("list", &none);
	kit_lose();
	kit_profile = NULL;
	kit_pass("list", &same);
	kit_lose();
	const struct kit_message admin = { ENROLS, .info = PROFILE("admin") };
	kit_refused("list", &admin, FAIL_NOT_AUTHORIZED);
}

// ---- a name of others

static void
a_second_serial_number(void **state)
{
	static const char *const subjects[] = { "CN=x,serialNumber=4712,serialNumber=4711", "CN=x,serialNumber=4711,serialNumber=4712", "CN=x,serialNumber=4711+serialNumber=4712" };
	struct kit_message m = { ENROLS, .by = "maker" };

	(void)state;
	kit_clear();
	for (size_t i = 0; i < COUNT(subjects); i++) {
		m.subject = subjects[i];
		kit_refused("serial", &m, FAIL_NOT_AUTHORIZED);
	}
	m.subject = "CN=x,serialNumber=4711";
	kit_pass("serial", &m);
	kit_lose();
}

// What the gateway does not look at does not go up as its own word.
static void
recovery_with_a_proof_of_nobody(void **state)
{
	const struct kit_message verified = { .kind = BODY_KRR, .popo = "8000" }, other = { .kind = BODY_KRR, .popo = "a1{ $pop_alg 03{00 30{ 020101 020101 }} }" };

	(void)state;
	kit_clear();
	kit_refused("replace", &verified, FAIL_NOT_AUTHORIZED);
	kit_refused("replace", &other, FAIL_BAD_POP);
	const struct kit_message two = { .kind = BODY_KRR, .requests = "30{ 30{ 020100 30{ a5{<CN=device,O=Plant>} } } } 30{ 30{ 020101 30{ a5{<CN=other,O=Plant>} } } }" },
		one = { .kind = BODY_KRR, .requests = "30{ 30{ 020100 30{ a5{<CN=device,O=Plant>} } } }" };
	kit_refused("replace", &two, FAIL_BAD_REQUEST);
	kit_pass("replace", &one);
	kit_lose();
}

// ---- others shut out

// What a device sent once is heard by everybody on its link.
static void
a_refused_message_sent_again(void **state)
{
	const struct kit_message bad = { ENROLS, .popo = "" }, good = { ENROLS };
	struct buffer b;

	(void)state;
	kit_clear();
	buffer_init(&b, 1 << 16);
	kit_build(&b, &bad);
	for (int i = 0; i < 12; i++) {
		kit_send("replace", buffer_span(&b));
		if (kit_failure() != FAIL_BAD_POP)
			kit_fail("badPOP");
	}
	buffer_clear(&b);
	kit_pass("replace", &good);
	kit_lose();
	// Four more of its own, and it has to wait.
	for (int i = 0; i < 4; i++)
		kit_refused("replace", &bad, FAIL_BAD_POP);
	kit_ask("replace", &good);
	if (!kit_said.replied || kit_said.reason != REFUSE_RATE)
		kit_fail("it should have to wait");
	kit_wait(10 * 60 * 1000);
	kit_pass("replace", &good);
	kit_lose();
}

// After a restart an old request is verified again, and its transactionID is used.
static void
an_old_request_sent_again(void **state)
{
	const struct kit_message first = { ENROLS };
	struct buffer b;

	(void)state;
	kit_clear();
	buffer_init(&b, 1 << 16);
	kit_build(&b, &first);
	kit_send("replace", buffer_span(&b));
	kit_grant(BODY_IP);
	kit_restart();
	for (int i = 0; i < 12; i++) {
		kit_send("replace", buffer_span(&b));
		if (kit_failure() != FAIL_TRANSACTION_ID_IN_USE)
			kit_fail("transactionIdInUse");
	}
	buffer_clear(&b);
	kit_pass("replace", &first);
	kit_lose();
}

// ---- the audit

// Who was refused is known where somebody was verified; refusals of one device are none of another's.
static void
refusals_have_names(void **state)
{
	const struct kit_message bad = { ENROLS, .popo = "8000" }, other = { ENROLS, .by = "other", .popo = "8000" }, secret = { ENROLS, .by = "many", .popo = "8000" };

	(void)state;
	kit_clear();
	kit_refused("replace", &bad, FAIL_NOT_AUTHORIZED);
	kit_refused("replace", &bad, FAIL_NOT_AUTHORIZED);
	kit_refused("replace", &other, FAIL_NOT_AUTHORIZED);
	kit_refused("replace", &secret, FAIL_NOT_AUTHORIZED);
	assert_true(kit_audit("\"sender\":\"CN=device,O=Plant\",\"auth\":\"signature\"", "\"count\":2") == 1);
	assert_true(kit_audit("\"sender\":\"CN=other,O=Plant\",\"auth\":\"signature\"", "raVerified") == 1);
	assert_true(kit_audit("\"sender\":\"many\",\"auth\":\"mac\"", "raVerified") == 1);
}

static void
answers_of_our_own_are_none(void **state)
{
	const struct kit_message genm = { .kind = BODY_GENM };

	(void)state;
	kit_clear();
	kit_ask("local", &genm);
	if (kit_said.answer == NULL || kit_said.answer->view.body != BODY_GENP)
		kit_fail("genp");
	assert_int_equal(kit_audit("\"event\":\"msg.answered\",\"result\":\"granted\",\"route\":\"local\"", "\"sender\":\"CN=device,O=Plant\""), 1);
	assert_int_equal(kit_audit("\"event\":\"msg.rejected\"", "\"route\":\"local\""), 0);
}

static void
on_set(void *context, bool well)
{
	*(bool *)context = well;
}

// Which secret, and who brought it there.
static void
locks_are_recorded(void **state)
{
	const struct kit_message wrong = { ENROLS, .by = "once", .protection = "03{00 (11*32)}" };
	struct fault f = { .set = false };
	bool done = false;

	(void)state;
	kit_clear();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(kit_audit("\"event\":\"secret.locked\"", "\"kid\":\"6f6e6365\""), 0);
		refused_later("replace", &wrong);
	}
	is_state(GATEWAY_SECRET_LOCKED);
	assert_int_equal(kit_audit("\"event\":\"secret.locked\"", "\"kid\":\"6f6e6365\""), 1);
	refused_later("replace", &wrong);
	assert_int_equal(kit_audit("\"event\":\"secret.locked\"", "10.0.0.7"), 1);
	assert_true(gateway_secret_set(kit_gateway, "field", span_text("once"), false, "the test", on_set, &done, &f));
	kit_until(&done);
	assert_int_equal(kit_audit("\"event\":\"secret.freed\"", "\"kid\":\"6f6e6365\""), 1);
}

// The route went while the CA was asked: what it issued goes nowhere, and somebody has to know.
static void
a_certificate_that_is_dropped(void **state)
{
	const struct kit_message ip = { .kind = BODY_IP, .by = "ca" };

	(void)state;
	kit_begin("replace", BODY_IR, "device");
	kit_reload("name: replace", "name: renamed");
	kit_answer(&ip);
	if (!kit_said.replied || kit_said.kind != REPLY_REFUSE || strstr(kit_said.text, "gone from the configuration") == NULL)
		kit_fail("the route is gone");
	assert_int_equal(kit_audit("\"event\":\"alarm.raised\"", "was not passed on"), 1);
	kit_reload("name: renamed", "name: replace");
}

static int
set_up(void **state)
{
	if (kit_set_up(state) != 0)
		return -1;
	kit_file("allow.csv", span_text("subject,profile\n\"CN=device,O=Plant\",plc\n"));
	kit_open(routes, true);
	return 0;
}

static int
tear_down(void **state)
{
	kit_close();
	return kit_tear_down(state);
}

// Each finds nothing under way, and all secrets free.
static int
anew(void **state)
{
	(void)state;
	kit_restart();
	kit_free_secrets();
	kit_synced = true;
	kit_profile = NULL;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_secret_for_two_at_once, anew),
		cmocka_unit_test_setup(a_request_whose_row_has_gone, anew),
		cmocka_unit_test_setup(a_secret_of_nobody, anew),
		cmocka_unit_test_setup(a_confirmation_that_finds_no_room, anew),
		cmocka_unit_test_setup(a_secret_that_expired_before_the_floor, anew),
		cmocka_unit_test_setup(guesses_at_a_locked_secret, anew),
		cmocka_unit_test_setup(strangers_after_a_restart, anew),
		cmocka_unit_test_setup(transactions_that_nobody_began, anew),
		cmocka_unit_test_setup(a_reference_that_is_not_its_own, anew),
		cmocka_unit_test_setup(a_reference_of_its_own, anew),
		cmocka_unit_test_setup(two_profiles, anew),
		cmocka_unit_test_setup(a_second_serial_number, anew),
		cmocka_unit_test_setup(recovery_with_a_proof_of_nobody, anew),
		cmocka_unit_test_setup(refusals_have_names, anew),
		cmocka_unit_test_setup(answers_of_our_own_are_none, anew),
		cmocka_unit_test_setup(locks_are_recorded, anew),
		cmocka_unit_test_setup(a_certificate_that_is_dropped, anew),
		cmocka_unit_test_setup(a_refused_message_sent_again, anew),
		cmocka_unit_test_setup(an_old_request_sent_again, anew),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
