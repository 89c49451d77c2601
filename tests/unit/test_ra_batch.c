// SPDX-License-Identifier: GPL-3.0-or-later
// Batches: a nested message of a local registration authority around messages
// of several devices (RFC 9483 5.2.2.2). Each is judged like one that came
// alone, and all answers go back in one nested message.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/clock.h"
#include "codec/response.h"
#include "tests/unit/ra_kit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ENROLS .kind = BODY_IR

static const char routes[] =
	"limits: {mac_refusal_delay: 1s, failures: 100000, per_identity: 4, exchange_timeout: 60s}\n"
	"routes:\n"
	"  - {name: secrets, from: batch, match: {sender: \"kid:many\"}, secrets: field, protection: replace, sign_with: ra, bind: none, to: ca}\n"
	"  - {name: keyed, from: batch, trust: plant, secrets: field, protection: replace, sign_with: ra, to: ca}\n";

enum { BATCH_MAX = 40 };
static struct { struct message *m; enum failure failure; } slots[BATCH_MAX];
static size_t slot_count;
static struct { uint8_t id[16], nonce[16]; enum body body; } asked[BATCH_MAX];
static uint8_t outer_id[16], outer_nonce[16];

static void
forget(void)
{
	for (size_t i = 0; i < slot_count; i++)
		message_unref(slots[i].m);
	slot_count = 0;
}

static struct message *
parse(struct span octets)
{
	struct blob *b = blob_new(octets);
	struct fault f = { .set = false };
	struct pkiheader header;
	bool read;
	struct message *m = message_parse(b, &header, &read, &f);

	blob_unref(b);
	assert_non_null(m);
	return m;
}

// Send a batch; what each message inside is called is kept.
static void
send_batch(const struct kit_message *m)
{
	struct span rest, inner;
	struct pkimessage whole, one;
	struct buffer b;
	size_t n = 0;

	kit_clear();
	buffer_init(&b, 1 << 20);
	kit_build(&b, m);
	assert_true(pkimessage_parse(&whole, buffer_span(&b), NULL, NULL));
	for (nested_first(whole.body_contents, &rest); nested_next(&rest, &inner); n++) {
		assert_true(n < BATCH_MAX && pkimessage_parse(&one, inner, NULL, NULL));
		memcpy(asked[n].id, one.header.transaction_id.data, 16);
		memcpy(asked[n].nonce, one.header.sender_nonce.data, 16);
		asked[n].body = one.body;
	}
	memcpy(outer_id, kit_id, 16);
	memcpy(outer_nonce, kit_nonce, 16);
	kit_send("batch", buffer_span(&b));
	buffer_clear(&b);
}

// Take the answer apart: one nested message, signed, with an answer for each.
static void
take(size_t count)
{
	struct span rest, inner;
	struct status_info status;

	forget();
	if (!kit_said.replied || kit_said.answer == NULL || kit_said.answer->view.body != BODY_NESTED)
		kit_fail("no batch came back");
	const struct pkiheader *h = &kit_said.answer->view.header;
	assert_true(kit_is_protected(NULL));
	assert_true(span_equal(h->transaction_id, span_of(outer_id, 16)));
	assert_true(span_equal(h->recip_nonce, span_of(outer_nonce, 16)));
	for (nested_first(kit_said.answer->view.body_contents, &rest); nested_next(&rest, &inner); slot_count++) {
		assert_true(slot_count < BATCH_MAX);
		slots[slot_count].m = parse(inner);
		slots[slot_count].failure = relay_status(slots[slot_count].m, &status) ? status_failure(&status) : FAIL_NONE;
	}
	assert_int_equal(slot_count, count);
	for (size_t i = 0; i < count; i++) {
		const struct pkiheader *one = &slots[i].m->view.header;
		assert_true(span_equal(one->transaction_id, span_of(asked[i].id, 16)));
		assert_true(span_equal(one->recip_nonce, span_of(asked[i].nonce, 16)));
	}
}

static bool
slot_is_protected(size_t i, const char *by)
{
	struct message *kept = kit_said.answer;

	kit_said.answer = slots[i].m;
	bool well = kit_is_protected(by);
	kit_said.answer = kept;
	return well;
}

// ---- one of each kind, one refused, one that the CA never answers

static const struct kit_message ir = { ENROLS }, cr = { .kind = BODY_CR, .by = "rsa" }, p10cr = { .kind = BODY_P10CR, .by = "p384" },
	kur = { .kind = BODY_KUR, .by = "ed25519" }, genm = { .kind = BODY_GENM }, by_secret = { ENROLS, .by = "many" },
	no_pop = { ENROLS, .by = "other", .popo = "" }, rogue = { ENROLS, .by = "rogue" }, wrong = { ENROLS, .by = "wrong" },
	conf = { .kind = BODY_CERTCONF, .recip = "04{(61*16)}", .body = "30{ 30{ 04{(11*32)} 020100 } }" },
	poll = { .kind = BODY_POLLREQ, .recip = "04{(61*16)}" }, rr = { .kind = BODY_RR }, bare = { ENROLS, .by = "" }, ip = { .kind = BODY_IP };

static void
answer_to(unsigned n)
{
	static const enum body bodies[] = { [BODY_CERTCONF] = BODY_PKICONF, [BODY_POLLREQ] = BODY_POLLREP };
	enum body up;

	kit_turn_to(n);
	up = message_meaning(kit_said.up)->body;
	struct kit_message m = { .kind = up == BODY_CERTCONF || up == BODY_POLLREQ ? bodies[up] : body_answer(up), .by = "ca" };
	// What the CA issues must be for the key and the name of this request.
	struct cert_req_msg r;
	size_t count;
	char subject[NAME_TEXT_MAX];
	if (request_class(up) == CLASS_ENROL && cert_req_messages_check(message_meaning(kit_said.up)->body_contents, &count, &r, NULL))
		m.subject = name_text(r.template.subject, subject, sizeof(subject));
	else if (up == BODY_P10CR)
		m.subject = kit_signer("p384")->subject;
	kit_answer(&m);
}

static void
all_kinds(void **state)
{
	const struct kit_message *const inner[] = { &ir, &cr, &no_pop, &p10cr, &kur, &genm, &conf, &by_secret, &rr, &poll, &rogue, NULL };
	const struct kit_message batch = { .kind = BODY_NESTED, .by = "lra", .inner = inner };
	static const enum body wanted[] = { BODY_IP, BODY_CP, BODY_IP, BODY_CP, BODY_KUP, BODY_GENP, BODY_PKICONF, BODY_IP, BODY_ERROR, BODY_POLLREP, BODY_ERROR };

	(void)state;
	send_batch(&batch);
	assert_false(kit_said.replied);
	// All but the two that the gateway refuses itself.
	assert_int_equal(kit_said.submissions, 9);
	for (unsigned i = 0; i < 9; i++) {
		kit_turn_to(i);
		if (kit_said.up->view.body == BODY_RR)
			kit_lose();
		else
			answer_to(i);
		assert_int_equal(kit_said.replied, i == 8);
	}
	take(11);
	for (size_t i = 0; i < 11; i++)
		if (slots[i].m->view.body != wanted[i])
			fail_msg("slot %zu holds %s", i, body_name(slots[i].m->view.body));
	assert_int_equal(slots[2].failure, FAIL_BAD_POP);
	assert_int_equal(slots[8].failure, FAIL_SYSTEM_UNAVAIL);
	assert_int_equal(slots[10].failure, FAIL_SIGNER_NOT_TRUSTED);
	assert_true(slot_is_protected(0, NULL));
	assert_true(slot_is_protected(7, "many"));
	assert_true(slot_is_protected(2, NULL));
	assert_true(slot_is_protected(10, NULL));
	kit_nothing_left();
	forget();
}

// One member whose CA is silent does not hold the others for ever.
static void
a_silent_ca(void **state)
{
	const struct kit_message *const inner[] = { &ir, &genm, &cr, NULL };
	const struct kit_message batch = { .kind = BODY_NESTED, .by = "lra", .inner = inner };

	(void)state;
	send_batch(&batch);
	assert_int_equal(kit_said.submissions, 3);
	answer_to(0);
	answer_to(2);
	assert_false(kit_said.replied);
	kit_wait(59000);
	assert_false(kit_said.replied);
	kit_wait(500);
	take(3);
	assert_int_equal(slots[0].m->view.body, BODY_IP);
	assert_int_equal(slots[0].failure, FAIL_NONE);
	assert_int_equal(slots[1].m->view.body, BODY_ERROR);
	assert_int_equal(slots[1].failure, FAIL_SYSTEM_UNAVAIL);
	assert_int_equal(slots[2].m->view.body, BODY_CP);
	kit_turn_to(1);
	kit_lose();
	kit_nothing_left();
	forget();
}

// All refused at once; a MAC that is wrong keeps its tick.
static void
nothing_for_the_ca(void **state)
{
	const struct kit_message *const inner[] = { &no_pop, &bare, &ip, &rogue, NULL }, *const slow[] = { &no_pop, &wrong, NULL };
	const struct kit_message batch = { .kind = BODY_NESTED, .by = "lra", .inner = inner }, later = { .kind = BODY_NESTED, .by = "lra", .inner = slow };

	(void)state;
	send_batch(&batch);
	assert_int_equal(kit_said.submissions, 0);
	take(4);
	assert_int_equal(slots[0].failure, FAIL_BAD_POP);
	assert_int_equal(slots[1].failure, FAIL_BAD_MESSAGE_CHECK);
	assert_int_equal(slots[2].failure, FAIL_BAD_REQUEST);
	assert_int_equal(slots[3].failure, FAIL_SIGNER_NOT_TRUSTED);
	send_batch(&later);
	assert_false(kit_said.replied);
	kit_wait(999);
	assert_false(kit_said.replied);
	kit_wait(1);
	take(2);
	assert_int_equal(slots[1].failure, FAIL_BAD_MESSAGE_CHECK);
	kit_nothing_left();
	forget();
}

// 32 messages fit; the share of a device counts the sender inside.
static void
the_largest(void **state)
{
	const struct kit_message *inner[33 + 1] = { NULL }, question = { .kind = BODY_GENM, .by = "p521" };
	const struct kit_message batch = { .kind = BODY_NESTED, .by = "lra", .inner = inner };

	(void)state;
	for (size_t i = 0; i < 32; i++)
		inner[i] = &question;
	send_batch(&batch);
	assert_int_equal(kit_said.submissions, 4);
	for (unsigned i = 0; i < 4; i++)
		answer_to(i);
	take(32);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(slots[i].failure, i < 4 ? FAIL_NONE : FAIL_SYSTEM_UNAVAIL);
	inner[32] = &question;
	kit_clear();
	kit_ask("batch", &batch);
	assert_int_equal(kit_failure(), FAIL_BAD_REQUEST);
	assert_int_equal(kit_said.submissions, 0);
	kit_nothing_left();
	forget();
}

// The certConf of a transaction that came in one batch comes in the next.
static void
one_after_the_other(void **state)
{
	const struct kit_message *const first[] = { &ir, &genm, NULL };
	const struct kit_message batch = { .kind = BODY_NESTED, .by = "lra", .inner = first };
	static uint8_t recip[64];

	(void)state;
	send_batch(&batch);
	// genm first, so that the certificate is the last one that was issued.
	answer_to(1);
	answer_to(0);
	take(2);
	struct span nonce = slots[0].m->view.header.sender_nonce;
	memcpy(recip, nonce.data, nonce.len);
	// The certConf goes alone in an envelope now.
	memcpy(kit_id, asked[0].id, 16);
	kit_recip = span_of(recip, nonce.len);
	kit_new_nonce();
	const struct kit_message certconf = { .kind = BODY_CERTCONF, .same_id = true }, *const one[] = { &certconf, NULL };
	const struct kit_message envelope = { .kind = BODY_NESTED, .by = "lra", .inner = one, .same_id = true };
	kit_clear();
	kit_pass("batch", &envelope);
	assert_int_equal(kit_said.up->view.body, BODY_CERTCONF);
	kit_grant(BODY_PKICONF);
	kit_nothing_left();
	forget();
}

// The certificates of a device may come with its first message only (RFC 9483 3.3), also when that came in an envelope.
static void
chain_of_the_first(void **state)
{
	const struct kit_message *const first[] = { &ir, NULL };
	const struct kit_message begin = { .kind = BODY_NESTED, .by = "lra", .inner = first };
	const struct kit_message without = { .kind = BODY_CERTCONF, .same_id = true, .extra = "" };

	(void)state;
	kit_clear();
	kit_pass("batch", &begin);
	kit_grant(BODY_IP);
	kit_go_on();
	kit_pass("batch", &without);
	kit_grant(BODY_PKICONF);
	kit_nothing_left();
}

// The same batch again, while its messages are under way and when they are answered.
static void
the_same_batch_again(void **state)
{
	const struct kit_message *const inner[] = { &ir, &cr, NULL };
	const struct kit_message batch = { .kind = BODY_NESTED, .by = "lra", .inner = inner };
	struct buffer b;

	(void)state;
	kit_clear();
	buffer_init(&b, 1 << 20);
	kit_build(&b, &batch);
	kit_send("batch", buffer_span(&b));
	assert_int_equal(kit_said.submissions, 2);
	kit_send("batch", buffer_span(&b));
	assert_int_equal(kit_said.submissions, 2);
	answer_to(0);
	answer_to(1);
	assert_true(kit_said.replied);
	assert_int_equal(kit_said.answer->view.body, BODY_NESTED);
	kit_send("batch", buffer_span(&b));
	assert_true(kit_said.replied);
	assert_int_equal(kit_said.answer->view.body, BODY_NESTED);
	assert_int_equal(kit_said.submissions, 2);
	buffer_clear(&b);
	kit_nothing_left();
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds),
		cmocka_unit_test(a_silent_ca),
		cmocka_unit_test(nothing_for_the_ca),
		cmocka_unit_test(the_largest),
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(chain_of_the_first),
		cmocka_unit_test(the_same_batch_again),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
