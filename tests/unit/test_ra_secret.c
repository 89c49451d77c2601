// SPDX-License-Identifier: GPL-3.0-or-later
// Shared secrets and used transactionIDs over a store: what a secret is good
// for, when it is spent, free or locked, what a restart changes, and that
// nothing tells a wrong secret from one that nobody has.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "tests/unit/ra_kit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ENROLS .kind = BODY_IR

static const char routes[] =
	"limits: {mac_refusal_delay: 1s, failures: 100000, secret_failures: 3, failure_window: 10m, per_identity: 4, transaction_timeout: 1h, forget: 24h}\n"
	"answers: {ca_certs: root.der}\n"
	"routes:\n"
	"  - {name: keep, from: keep, trust: plant, secrets: field, reply_with: ra, bind: none, to: ca}\n"
	"  - {name: replace, from: replace, trust: plant, secrets: field, protection: replace, sign_with: ra, bind: none, to: ca}\n"
	"  - {name: mute, from: mute, secrets: field, to: ca}\n"
	"  - {name: local, from: local, match: {body: genm}, trust: plant, reply_with: ra, to: answers}\n"
	"  - {name: asked, from: batch, trust: plant, secrets: field, protection: replace, sign_with: ra, bind: none, approve: {hook: yes.sh, timeout: 10s}, to: ca}\n";

static const struct kit_message ir = { ENROLS, .by = "once" }, ir1 = { ENROLS, .by = "once1" };

// The refusal that says nothing, at its tick.
static void
refused_later(const char *at, const struct kit_message *m)
{
	unsigned before = kit_said.submissions;

	kit_ask(at, m);
	if (kit_said.replied || !kit_said.delayed || kit_said.submissions != before)
		kit_fail("%s: it should wait for its tick", at);
	kit_wait(1000);
	if (!kit_said.replied || kit_failure() != FAIL_BAD_MESSAGE_CHECK)
		kit_fail("%s: badMessageCheck", at);
}

static void
count_state(void *context, const struct secret_entry *e, enum gateway_secret state, int64_t changed_s)
{
	(void)changed_s;
	if (span_equal(e->reference, span_text("once")))
		*(enum gateway_secret *)context = state;
}

static void
is_state(enum gateway_secret wanted)
{
	enum gateway_secret state = GATEWAY_SECRET_EXPIRED;

	assert_true(gateway_secrets(kit_gateway, "field", count_state, &state));
	if (state != wanted)
		fail_msg("the secret is %s, and should be %s", gateway_secret_name(state), gateway_secret_name(wanted));
}

static void
on_set(void *context, bool well)
{
	*(bool *)context = well;
}

static void
free_it(void)
{
	struct fault f = { .set = false };
	bool done = false;

	kit_clear();
	assert_true(gateway_secret_set(kit_gateway, "field", span_text("once"), false, "the test", on_set, &done, &f));
	kit_until(&done);
	is_state(GATEWAY_SECRET_FREE);
}

// ---- T-CMP-12: an unknown reference and a wrong MAC

// All of an answer but what is fresh in each: nonces, and the signature.
static void
put_lasting(struct buffer *out, int64_t *tick)
{
	const struct pkimessage *m = &kit_said.answer->view;
	const struct pkiheader *h = &m->header;
	uint8_t has[] = { h->has_message_time, h->has_sender_kid, h->has_recip_kid, h->has_recip_nonce, m->has_protection, (uint8_t)h->pvno };

	buffer_append(out, h->sender);
	buffer_append(out, h->recipient);
	buffer_append(out, h->sender_kid);
	buffer_append(out, h->protection_alg);
	buffer_append(out, h->general_info);
	buffer_append(out, m->body_whole);
	buffer_append(out, m->extra_certs_whole);
	buffer_append(out, span_of(has, sizeof(has)));
	assert_true(span_equal(h->transaction_id, span_of(kit_id, 16)) && span_equal(h->recip_nonce, span_of(kit_nonce, 16)));
	*tick = clock_mono_ms();
}

// Answers what was spent, and how long after arrival the answer came.
static struct crypto_work
refusal_of(const char *at, const struct kit_message *m, struct buffer *out, int64_t *after)
{
	struct crypto_work before, now;
	struct buffer b;
	int64_t arrived = clock_mono_ms(), tick;

	kit_clear();
	buffer_init(out, 1 << 16);
	buffer_init(&b, 1 << 16);
	kit_build(&b, m);
	before = crypto_work();
	kit_send(at, buffer_span(&b));
	for (int i = 0; i < 3000 && !kit_said.replied; i++)
		kit_wait(1);
	now = crypto_work();
	assert_true(kit_said.replied && kit_said.answer != NULL);
	put_lasting(out, &tick);
	*after = tick - arrived;
	buffer_clear(&b);
	return (struct crypto_work){ now.verifications - before.verifications, now.signatures - before.signatures, now.derivations - before.derivations };
}

static void
nothing_tells_them_apart(void **state)
{
	static const char *const modes[] = { "keep", "replace", "mute" };
	static const struct { const char *title; struct kit_message m; uint64_t derivations, verifications; } rows[] = {
		{ "an unknown reference", { ENROLS, .by = "many", .kid = "04{'nobody'}", .sender = "a4{3000}" }, 0, 0 },
		{ "a wrong MAC", { ENROLS, .by = "wrong", .sender = "a4{3000}" }, 1, 0 },
		{ "a MAC that is too short", { ENROLS, .by = "many", .sender = "a4{3000}", .protection = "03{00 (11*20)}" }, 1, 0 },
		{ "a secret whose time is over", { ENROLS, .by = "old", .sender = "a4{3000}" }, 0, 0 },
		{ "an unknown reference, PBMAC1", { ENROLS, .by = "pbmac1", .kid = "04{'nobody'}", .sender = "a4{3000}" }, 0, 0 },
		{ "a wrong MAC, PBMAC1", { ENROLS, .by = "wrong1", .sender = "a4{3000}" }, 1, 0 },
	};
	struct buffer first, other;
	int64_t tick, after;

	(void)state;
	for (size_t m = 0; m < COUNT(modes); m++) {
		refusal_of(modes[m], &rows[0].m, &first, &tick);
		assert_int_equal(tick, 1000);
		for (size_t i = 0; i < COUNT(rows); i++) {
			kit_free_secrets();
			struct crypto_work w = refusal_of(modes[m], &rows[i].m, &other, &after);
			if (!span_equal(buffer_span(&first), buffer_span(&other)))
				fail_msg("%s: %s: the answer differs", modes[m], rows[i].title);
			assert_int_equal(after, tick);
			assert_int_equal(w.derivations, rows[i].derivations);
			assert_int_equal(w.verifications, rows[i].verifications);
			buffer_clear(&other);
		}
		buffer_clear(&first);
	}
	kit_free_secrets();
}

// ---- what becomes of a secret that is good for one transaction

static void
spent(void **state)
{
	static const struct kit_message *const kinds[] = { &ir, &ir1 };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		free_it();
		kit_pass("replace", kinds[i]);
		is_state(GATEWAY_SECRET_BOUND);
		kit_grant(BODY_IP);
		is_state(GATEWAY_SECRET_BOUND);
		kit_confirm("replace", kinds[i]->by);
		kit_grant(BODY_PKICONF);
		is_state(GATEWAY_SECRET_SPENT);
		refused_later("replace", &ir);
		refused_later("replace", &ir1);
		kit_restart();
		is_state(GATEWAY_SECRET_SPENT);
		refused_later("replace", &ir);
	}
	free_it();
}

static void
spent_without_confirmation(void **state)
{
	const struct kit_message asks = { ENROLS, .by = "once", .info = "30{ 06{2b0601050507040d} 0500 }" },
		ip = { .kind = BODY_IP, .by = "ca", .info = "30{ 06{2b0601050507040d} 0500 }" };

	(void)state;
	kit_pass("replace", &asks);
	kit_answer(&ip);
	assert_int_equal(kit_said.answer->view.body, BODY_IP);
	is_state(GATEWAY_SECRET_SPENT);
	free_it();
}

// While a transaction holds it, another one with the right MAC hears that it may not.
static void
bound(void **state)
{
	const struct kit_message genm = { .kind = BODY_GENM, .by = "once" };

	(void)state;
	kit_pass("replace", &ir);
	kit_grant(BODY_IP);
	kit_refused("replace", &ir, FAIL_NOT_AUTHORIZED);
	kit_refused("keep", &ir, FAIL_NOT_AUTHORIZED);
	kit_refused("replace", &ir1, FAIL_NOT_AUTHORIZED);
	kit_refused("replace", &genm, FAIL_NOT_AUTHORIZED);
	kit_restart();
	is_state(GATEWAY_SECRET_BOUND);
	kit_refused("replace", &ir, FAIL_NOT_AUTHORIZED);
	free_it();
}

static void
freed(void **state)
{
	static const struct kit_message rejections[] = {
		{ .kind = BODY_IP, .by = "ca", .body = "30{ 30{ 30{ 020100 30{020102} } } }" }, { .kind = BODY_ERROR, .by = "ca" },
		{ .kind = BODY_IP, .by = "ca", .body = "30{ 30{ 30{ 020100 30{020100} 30{ a0{ $issued_key } } } } }" },
	};
	const struct kit_message conf = { .kind = BODY_CERTCONF, .by = "once", .same_id = true, .body = "30{ 30{ 04{$hash} 020100 30{ 020102 } } }" },
		genm = { .kind = BODY_GENM, .by = "once" };

	(void)state;
	for (size_t i = 0; i < COUNT(rejections); i++) {
		kit_clear();
		kit_pass("keep", &ir);
		kit_answer(&rejections[i]);
		is_state(GATEWAY_SECRET_FREE);
	}
	// The device rejects.
	kit_clear();
	kit_pass("replace", &ir);
	kit_grant(BODY_IP);
	kit_go_on();
	kit_pass("replace", &conf);
	kit_grant(BODY_PKICONF);
	is_state(GATEWAY_SECRET_FREE);
	// It never confirms.
	kit_clear();
	kit_pass("replace", &ir);
	kit_grant(BODY_IP);
	kit_wait(3600 * 1000 + 1);
	is_state(GATEWAY_SECRET_FREE);
	// A question is no enrolment.
	kit_clear();
	kit_pass("replace", &genm);
	kit_grant(BODY_GENP);
	is_state(GATEWAY_SECRET_FREE);
	kit_restart();
	is_state(GATEWAY_SECRET_FREE);
}

// What the gateway itself refuses takes no secret.
static void
refused_by_the_gateway(void **state)
{
	const struct kit_message no_pop = { ENROLS, .by = "once", .popo = "" };

	(void)state;
	kit_clear();
	kit_refused("replace", &no_pop, FAIL_BAD_POP);
	is_state(GATEWAY_SECRET_FREE);
}

// The same secret with another algorithm is another protection than that of the first message.
static void
another_algorithm(void **state)
{
	const struct kit_message other = { .kind = BODY_CERTCONF, .by = "once1", .same_id = true }, conf = { .kind = BODY_CERTCONF, .by = "once", .same_id = true };

	(void)state;
	kit_clear();
	kit_pass("replace", &ir);
	kit_grant(BODY_IP);
	kit_go_on();
	kit_refused("replace", &other, FAIL_BAD_MESSAGE_CHECK);
	kit_new_nonce();
	kit_pass("replace", &conf);
	kit_grant(BODY_PKICONF);
	free_it();
}

// How many messages of the batch that came back say this.
static unsigned
slots_with(enum failure wanted)
{
	struct span rest, inner;
	struct status_info status;
	unsigned n = 0;

	for (nested_first(kit_said.answer->view.body_contents, &rest); nested_next(&rest, &inner);) {
		struct blob *b = blob_new(inner);
		struct message *m = message_again(b);
		n += m != NULL && relay_status(m, &status) && status_failure(&status) == wanted;
		message_unref(m);
		blob_unref(b);
	}
	return n;
}

// Two requests wait for the word of a program: the secret was free when both were verified.
static void
two_at_once(void **state)
{
	static const char yes[] = "#!/bin/sh\ncat >/dev/null\nsleep 0.1\n";
	const struct kit_message *const inner[] = { &ir, &ir1, NULL };
	const struct kit_message batch = { .kind = BODY_NESTED, .by = "lra", .inner = inner };
	char path[128];

	(void)state;
	kit_file("yes.sh", span_text(yes));
	snprintf(path, sizeof(path), "%s/yes.sh", kit_folder);
	assert_int_equal(chmod(path, 0700), 0);
	free_it();
	kit_clear();
	kit_ask("batch", &batch);
	assert_int_equal(kit_said.submissions, 1);
	is_state(GATEWAY_SECRET_BOUND);
	kit_lose();
	assert_int_equal(kit_said.answer->view.body, BODY_NESTED);
	assert_int_equal(slots_with(FAIL_NOT_AUTHORIZED), 1);
	is_state(GATEWAY_SECRET_FREE);
	kit_nothing_left();
}

// What is not recorded binds nothing: here the transactionID was used by somebody else.
static void
not_recorded(void **state)
{
	const struct kit_message other = { ENROLS, .by = "once", .same_id = true };

	(void)state;
	kit_clear();
	kit_begin("replace", BODY_IR, NULL);
	kit_grant(BODY_IP);
	kit_restart();
	kit_recip = span_of(NULL, 0);
	kit_new_nonce();
	kit_refused("replace", &other, FAIL_TRANSACTION_ID_IN_USE);
	is_state(GATEWAY_SECRET_FREE);
}

// A first message, recorded and sent again after a restart: it frees nothing.
static void
recorded(void **state)
{
	struct buffer b;

	(void)state;
	free_it();
	kit_clear();
	buffer_init(&b, 1 << 20);
	kit_build(&b, &ir);
	kit_send("replace", buffer_span(&b));
	kit_grant(BODY_IP);
	kit_restart();
	kit_send("replace", buffer_span(&b));
	assert_int_equal(kit_failure(), FAIL_TRANSACTION_ID_IN_USE);
	is_state(GATEWAY_SECRET_BOUND);
	kit_refused("replace", &ir1, FAIL_NOT_AUTHORIZED);
	free_it();
	kit_clear();
	buffer_clear(&b);
	kit_build(&b, &ir);
	kit_send("replace", buffer_span(&b));
	kit_grant(BODY_IP);
	kit_confirm("replace", "once");
	kit_grant(BODY_PKICONF);
	kit_restart();
	kit_send("replace", buffer_span(&b));
	assert_true(kit_said.delayed);
	kit_wait(1000);
	assert_int_equal(kit_failure(), FAIL_BAD_MESSAGE_CHECK);
	is_state(GATEWAY_SECRET_SPENT);
	buffer_clear(&b);
	free_it();
}

static void
locked(void **state)
{
	const struct kit_message wrong = { ENROLS, .by = "once", .protection = "03{00 (11*32)}" };

	(void)state;
	free_it();
	for (int i = 0; i < 3; i++) {
		is_state(GATEWAY_SECRET_FREE);
		refused_later("replace", &wrong);
	}
	is_state(GATEWAY_SECRET_LOCKED);
	refused_later("replace", &ir);
	// Of a unit that rides along at the latest after a second.
	kit_audit("nothing", NULL);
	kit_restart();
	is_state(GATEWAY_SECRET_LOCKED);
	refused_later("replace", &ir);
	free_it();
	// Two failures, and a quarter of an hour later two more.
	for (int i = 0; i < 4; i++) {
		refused_later("replace", &wrong);
		if (i == 1)
			kit_wait(15 * 60 * 1000);
	}
	is_state(GATEWAY_SECRET_FREE);
	free_it();
	// Strangers take it from nobody who holds it.
	kit_pass("replace", &ir);
	kit_grant(BODY_IP);
	struct span recip = kit_said.answer->view.header.sender_nonce;
	uint8_t nonce[64], id[16];
	memcpy(nonce, recip.data, recip.len);
	memcpy(id, kit_id, 16);
	for (int i = 0; i < 5; i++)
		refused_later("replace", &wrong);
	is_state(GATEWAY_SECRET_BOUND);
	memcpy(kit_id, id, 16);
	kit_recip = span_of(nonce, recip.len);
	kit_new_nonce();
	const struct kit_message conf = { .kind = BODY_CERTCONF, .by = "once", .same_id = true };
	kit_pass("replace", &conf);
	kit_grant(BODY_PKICONF);
	is_state(GATEWAY_SECRET_SPENT);
	free_it();
}

// ---- restarts

// RFC 9483 5.2.3: the certConf of a transaction from before is verified, signed anew and forwarded: the CA judges it.
static void
restart_before_confirmation(void **state)
{
	static const char *const people[] = { "device", "once", "once1" };
	static const char *const modes[] = { "replace", "keep" };

	(void)state;
	for (size_t m = 0; m < COUNT(modes); m++)
		for (size_t i = 0; i < COUNT(people); i++) {
			const struct kit_message first = { ENROLS, .by = people[i] }, conf = { .kind = BODY_CERTCONF, .by = people[i], .same_id = true },
				forged = { .kind = BODY_CERTCONF, .by = people[i], .same_id = true, .protection = "03{00 30{ 020101 020101 }}" };
			free_it();
			kit_pass(modes[m], &first);
			kit_grant(BODY_IP);
			kit_go_on();
			kit_restart();
			if (i == 0)
				kit_refused(modes[m], &forged, FAIL_BAD_MESSAGE_CHECK);
			kit_new_nonce();
			kit_pass(modes[m], &conf);
			assert_int_equal(kit_signed_by_ra(&kit_said.up->view), m == 0);
			kit_grant(BODY_PKICONF);
			if (m == 0)
				assert_true(kit_is_protected(people[i]));
			if (i > 0)
				is_state(GATEWAY_SECRET_SPENT);
			free_it();
		}
}

// The process that held it has ended while the CA computed: nobody is left to time
// it out, so it is free when the transaction's time would have been over. Before
// that, only its own transaction may go on with it.
static void
left_behind(void **state)
{
	const struct kit_message conf = { .kind = BODY_CERTCONF, .by = "once", .same_id = true }, pkiconf = { .kind = BODY_PKICONF, .by = "ca" };

	(void)state;
	free_it();
	kit_pass("replace", &ir);
	kit_restart();
	kit_refused("replace", &ir, FAIL_NOT_AUTHORIZED);
	kit_wait(3600 * 1000 - 1);
	kit_refused("replace", &ir, FAIL_NOT_AUTHORIZED);
	kit_wait(1);
	kit_pass("replace", &ir);
	is_state(GATEWAY_SECRET_BOUND);
	kit_grant(BODY_IP);
	kit_confirm("replace", "once");
	kit_grant(BODY_PKICONF);
	is_state(GATEWAY_SECRET_SPENT);
	// A transaction that goes on after the restart keeps it as long as it lives.
	free_it();
	kit_pass("replace", &ir);
	kit_grant(BODY_IP);
	kit_go_on();
	kit_restart();
	kit_wait(3600 * 1000 - 1);
	kit_new_nonce();
	kit_pass("replace", &conf);
	kit_wait(1);
	kit_refused("replace", &ir, FAIL_NOT_AUTHORIZED);
	kit_turn_to(0);
	kit_answer(&pkiconf);
	is_state(GATEWAY_SECRET_SPENT);
	kit_wait(3600 * 1000);
	refused_later("replace", &ir);
	free_it();
}

// Row 23: nor does a restart make somebody else the device of a transaction.
static void
restart_and_a_stranger(void **state)
{
	static const char *const modes[] = { "replace", "keep" };
	const struct kit_message first = { ENROLS }, conf = { .kind = BODY_CERTCONF, .same_id = true },
		rejects = { .kind = BODY_CERTCONF, .by = "other", .same_id = true, .body = "30{ 30{ 04{$hash} 020100 30{ 020102 } } }" },
		polls = { .kind = BODY_POLLREQ, .by = "other", .same_id = true };

	(void)state;
	for (size_t m = 0; m < COUNT(modes); m++) {
		kit_pass(modes[m], &first);
		kit_grant(BODY_IP);
		kit_go_on();
		kit_restart();
		kit_refused(modes[m], &rejects, FAIL_BAD_REQUEST);
		kit_new_nonce();
		kit_refused(modes[m], &polls, FAIL_BAD_REQUEST);
		kit_new_nonce();
		kit_pass(modes[m], &conf);
		kit_grant(BODY_PKICONF);
	}
	// Of a transaction that was never seen the CA judges, where it can tell who signed.
	kit_new_transaction();
	kit_refused("replace", &conf, FAIL_BAD_REQUEST);
	kit_new_nonce();
	kit_pass("keep", &conf);
	kit_lose();
}

// T-CMP-9: a whole request again, after its end, and after a restart.
static void
replays(void **state)
{
	const struct kit_message first = { ENROLS }, other = { ENROLS, .same_id = true };
	struct buffer b, answer;

	(void)state;
	kit_clear();
	buffer_init(&b, 1 << 20);
	buffer_init(&answer, 1 << 20);
	kit_build(&b, &first);
	kit_send("replace", buffer_span(&b));
	kit_grant(BODY_IP);
	buffer_append(&answer, kit_said.answer->view.whole);
	kit_confirm("replace", NULL);
	kit_grant(BODY_PKICONF);
	kit_send("replace", buffer_span(&b));
	assert_true(span_equal(kit_said.answer->view.whole, buffer_span(&answer)));
	kit_recip = span_of(NULL, 0);
	kit_new_nonce();
	kit_refused("replace", &other, FAIL_TRANSACTION_ID_IN_USE);
	unsigned before = kit_said.submissions;
	assert_int_equal(before, 2);
	kit_restart();
	kit_send("replace", buffer_span(&b));
	assert_int_equal(kit_failure(), FAIL_TRANSACTION_ID_IN_USE);
	kit_new_nonce();
	kit_refused("keep", &other, FAIL_TRANSACTION_ID_IN_USE);
	assert_int_equal(kit_said.submissions, 0);
	buffer_clear(&b);
	buffer_clear(&answer);
}

// The octets of a first message again, after a restart: they change nothing of what became of their secret.
static void
replays_under_a_mac(void **state)
{
	struct buffer b;

	(void)state;
	free_it();
	buffer_init(&b, 1 << 20);
	kit_build(&b, &ir);
	kit_send("replace", buffer_span(&b));
	assert_int_equal(kit_said.submissions, 1);
	kit_restart();
	for (int i = 0; i < 2; i++) {
		kit_send("replace", buffer_span(&b));
		assert_int_equal(kit_failure(), FAIL_TRANSACTION_ID_IN_USE);
		is_state(GATEWAY_SECRET_BOUND);
		kit_refused("replace", &ir, FAIL_NOT_AUTHORIZED);
	}
	kit_wait(3600 * 1000);
	kit_pass("replace", &ir);	// and nothing of when it is free in the end
	kit_lose();
	is_state(GATEWAY_SECRET_FREE);
	buffer_clear(&b);
	kit_clear();
	kit_build(&b, &ir);
	kit_send("replace", buffer_span(&b));
	kit_grant(BODY_IP);
	kit_confirm("replace", "once");
	kit_grant(BODY_PKICONF);
	is_state(GATEWAY_SECRET_SPENT);
	kit_restart();
	kit_send("replace", buffer_span(&b));
	assert_true(kit_said.delayed);
	kit_wait(1000);
	assert_int_equal(kit_failure(), FAIL_BAD_MESSAGE_CHECK);
	assert_int_equal(kit_said.submissions, 0);
	is_state(GATEWAY_SECRET_SPENT);
	refused_later("replace", &ir);
	// Nor when everything else is forgotten.
	kit_wait(25 * 3600 * 1000);
	kit_send("replace", buffer_span(&b));
	kit_wait(1000);
	assert_int_equal(kit_failure(), FAIL_BAD_MESSAGE_CHECK);
	assert_int_equal(kit_said.submissions, 0);
	is_state(GATEWAY_SECRET_SPENT);
	buffer_clear(&b);
	free_it();
}

// A certificate that comes when its transaction has ended is given to nobody, and told to the operator.
static void
too_late(void **state)
{
	static const char alarm[] = "after its transaction had ended";
	const struct kit_message late = { .kind = BODY_IP, .by = "ca" };

	(void)state;
	kit_clear();
	kit_pass("replace", &ir);
	kit_wait(3600 * 1000 + 1);
	is_state(GATEWAY_SECRET_FREE);
	unsigned replies = kit_said.replies;
	kit_answer(&late);
	assert_int_equal(kit_said.replies, replies);
	assert_int_equal(kit_audit("\"event\":\"alarm.raised\"", alarm), 1);
	is_state(GATEWAY_SECRET_FREE);
	kit_nothing_left();
}

// Answers of the gateway's own are merged as what they are; each sender is one.
static void
local_answers(void **state)
{
	static const char answered[] = "\"event\":\"msg.answered\",\"result\":\"granted\"";
	const struct kit_message asks = { .kind = BODY_GENM, .body = "30{ 30{ 06{2b06010505070411} } }" },
		other = { .kind = BODY_GENM, .by = "rsa", .body = "30{ 30{ 06{2b06010505070411} } }" };

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		kit_ask("local", &asks);
	kit_ask("local", &other);
	assert_int_equal(kit_said.answer->view.body, BODY_GENP);
	assert_int_equal(kit_audit(answered, "\"auth\":\"signature\""), 2);
	assert_int_equal(kit_audit(answered, "\"count\":3"), 1);
	assert_int_equal(kit_audit("\"event\":\"msg.rejected\"", "\"body\":\"genm\",\"profile\":null,\"txid\":null,\"sender\":\"CN=plc"), 0);
}

static void
audited(void **state)
{
	(void)state;
	assert_true(kit_audit("\"event\":\"cert.confirmed\"", NULL) > 0);
	assert_true(kit_audit("\"event\":\"cert.issued\"", "\"auth\":\"mac\"") > 0);
	assert_true(kit_audit("\"event\":\"msg.rejected\"", "badMessageCheck") > 0);
	// A refusal of somebody who was verified says who.
	assert_true(kit_audit("\"event\":\"msg.rejected\"", "\"sender\":\"once\",\"auth\":\"mac\"") > 0);
	assert_true(kit_audit("\"event\":\"secret.freed\"", "the test") > 0);
	// Which secret it was: its reference in hex.
	assert_true(kit_audit("\"event\":\"secret.freed\"", "\"kid\":\"6f6e6365\"") > 0);
	assert_true(kit_audit("\"event\":\"secret.locked\"", "3 wrong MACs") > 0);
	// No secret stands anywhere.
	assert_int_equal(kit_audit("a-secret-of", NULL), 0);
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
		cmocka_unit_test(nothing_tells_them_apart),
		cmocka_unit_test(spent),
		cmocka_unit_test(spent_without_confirmation),
		cmocka_unit_test(bound),
		cmocka_unit_test(freed),
		cmocka_unit_test(refused_by_the_gateway),
		cmocka_unit_test(another_algorithm),
		cmocka_unit_test(two_at_once),
		cmocka_unit_test(not_recorded),
		cmocka_unit_test(recorded),
		cmocka_unit_test(locked),
		cmocka_unit_test(restart_before_confirmation),
		cmocka_unit_test(left_behind),
		cmocka_unit_test(restart_and_a_stranger),
		cmocka_unit_test(replays),
		cmocka_unit_test(replays_under_a_mac),
		cmocka_unit_test(too_late),
		cmocka_unit_test(local_answers),
		cmocka_unit_test(audited),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
