// SPDX-License-Identifier: GPL-3.0-or-later
// The state machine of a transaction: first every row of its table by name,
// then every way through it, with a small model of the row around decide().
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/transaction.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// ---- The table

// One letter per fact, so that a row fits on a line.
static void
set_fact(struct facts *t, char letter)
{
	switch (letter) {
	case 'U': t->under_way = true; break;
	case 'P': t->polled = true; break;
	case 'H': t->held_waiting = true; break;
	case 'L': t->live = true; break;
	case 'M': t->mailbox = true; break;
	case 'K': t->can_poll = true; break;
	case 'C': t->same_is_current = true; break;
	case 'S': t->reply_stored = true; break;
	case 'N': t->nonce_fits = true; break;
	case 'F': t->fits = true; break;
	case 'J': t->rejecting = true; break;
	case 'D': t->need_conf = true; break;
	case 'X': t->has_certificate = true; break;
	default: fail_msg("no fact is called %c", letter);
	}
}

#define LETTERS "UPHLMKCSNFJDX"

struct row {
	enum state state;
	enum event event;
	const char *facts;
	enum state next;
	enum txn_outcome outcome;	// before it is ENDED_NOT, or ENDED_ISSUED in CLOSED
	const char *actions;
};

// What the decision orders, as words in the order of the struct.
static void
words(const struct decision *d, char *out, size_t size)
{
	const struct { bool set; const char *word; } parts[] = {
		{ d->remove, "remove" }, { d->store_reply, "store" }, { d->displace, "displace" }, { d->wait, "wait" },
		{ d->submit, "submit" }, { d->start_patience, "patience" }, { d->start_confirm, "confirm" },
		{ d->answer, "answer" }, { d->answer_stored, "stored" }, { d->answer_held, "held" }, { d->later, "later" },
	};
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < COUNT(parts); i++)
		if (parts[i].set)
			n += (size_t)snprintf(out + n, size - n, "%s ", parts[i].word);
	if (d->refuse)
		n += (size_t)snprintf(out + n, size - n, "refuse=%d ", (int)d->reason);
	if (d->error)
		n += (size_t)snprintf(out + n, size - n, "error=%s ", failure_name(d->failure));
	n += (size_t)snprintf(out + n, size - n, "%s%s%s", d->drop_waiter ? "drop " : "", d->forget_affinity ? "free " : "",
		d->alarm != NULL ? "alarm " : "");
	if (n > 0)
		out[n - 1] = '\0';
}

#define BUSY "refuse=1"			// REFUSE_TRY_AGAIN
#define TIMEOUT "refuse=3"		// REFUSE_TIMEOUT
#define UNAVAILABLE "refuse=2"		// REFUSE_UNAVAILABLE
#define IN_USE "error=transactionIdInUse"
#define BAD_NONCE "error=badRecipientNonce"
#define BAD_REQUEST "error=badRequest"
#define SEND "wait submit patience"
#define JOIN "displace wait patience"

// Refusals that come with the event (BAD, GIVEN_UP) are REFUSE_BAD_UPSTREAM here.
#define PASSED "refuse=4"

static const struct row table[] = {
	// no row yet
	{ STATE_NEW, EVENT_FIRST, "", STATE_ASKING, ENDED_NOT, SEND },
	{ STATE_NEW, EVENT_CONFIRM, "", STATE_CONFIRMING, ENDED_NOT, SEND },
	{ STATE_NEW, EVENT_CONFIRM, "NFJ", STATE_CONFIRMING, ENDED_NOT, SEND },
	{ STATE_NEW, EVENT_POLL, "", STATE_UPWAIT, ENDED_NOT, SEND },

	// asking
	{ STATE_ASKING, EVENT_FIRST, "UL", STATE_ASKING, ENDED_NOT, IN_USE },
	{ STATE_ASKING, EVENT_SAME, "ULC", STATE_ASKING, ENDED_NOT, JOIN },
	{ STATE_ASKING, EVENT_SAME, "UC", STATE_ASKING, ENDED_NOT, JOIN },
	{ STATE_ASKING, EVENT_SAME, "UL", STATE_ASKING, ENDED_NOT, BUSY },
	{ STATE_ASKING, EVENT_SAME, "ULCS", STATE_ASKING, ENDED_NOT, "stored" },
	{ STATE_ASKING, EVENT_POLL, "ULNF", STATE_ASKING, ENDED_NOT, BAD_REQUEST },
	{ STATE_ASKING, EVENT_CONFIRM, "ULNF", STATE_ASKING, ENDED_NOT, BAD_REQUEST },
	{ STATE_ASKING, EVENT_FINAL_POSITIVE, "LX", STATE_CLOSED, ENDED_ISSUED, "store answer drop free" },
	{ STATE_ASKING, EVENT_FINAL_POSITIVE, "L", STATE_CLOSED, ENDED_DONE, "store answer drop free" },
	{ STATE_ASKING, EVENT_FINAL_POSITIVE, "LDX", STATE_CONFIRM_DUE, ENDED_NOT, "store confirm answer drop" },
	{ STATE_ASKING, EVENT_FINAL_POSITIVE, "MDX", STATE_CONFIRM_DUE, ENDED_NOT, "store confirm answer drop" },
	{ STATE_ASKING, EVENT_FINAL_POSITIVE, "MX", STATE_CLOSED, ENDED_ISSUED, "store answer drop free" },
	{ STATE_ASKING, EVENT_FINAL_POSITIVE, "DX", STATE_READY, ENDED_NOT, "store drop" },
	{ STATE_ASKING, EVENT_FINAL_POSITIVE, "X", STATE_READY, ENDED_NOT, "store drop" },
	{ STATE_ASKING, EVENT_FINAL_NEGATIVE, "L", STATE_CLOSED, ENDED_REFUSED, "store answer drop free" },
	{ STATE_ASKING, EVENT_FINAL_NEGATIVE, "M", STATE_CLOSED, ENDED_REFUSED, "store answer drop free" },
	{ STATE_ASKING, EVENT_FINAL_NEGATIVE, "", STATE_READY, ENDED_NOT, "store drop" },
	{ STATE_ASKING, EVENT_WAITING, "L", STATE_UPWAIT, ENDED_NOT, "store answer drop" },
	{ STATE_ASKING, EVENT_WAITING, "M", STATE_UPWAIT, ENDED_NOT, "store answer drop" },
	{ STATE_ASKING, EVENT_WAITING, "", STATE_READY, ENDED_NOT, "store drop" },
	{ STATE_ASKING, EVENT_BAD, "L", STATE_NEW, ENDED_NOT, "remove " PASSED " drop free" },
	{ STATE_ASKING, EVENT_BAD, "", STATE_NEW, ENDED_NOT, "remove drop free" },
	{ STATE_ASKING, EVENT_GIVEN_UP, "L", STATE_NEW, ENDED_NOT, "remove " PASSED " drop free" },
	{ STATE_ASKING, EVENT_GIVEN_UP, "M", STATE_NEW, ENDED_NOT, "remove drop free" },
	{ STATE_ASKING, EVENT_PATIENCE, "UL", STATE_ASKING, ENDED_NOT, TIMEOUT " drop" },
	{ STATE_ASKING, EVENT_PATIENCE, "ULK", STATE_ASKING, ENDED_NOT, "later drop" },
	{ STATE_ASKING, EVENT_PATIENCE, "U", STATE_ASKING, ENDED_NOT, "" },
	{ STATE_ASKING, EVENT_EXPIRE, "UL", STATE_CLOSED, ENDED_EXPIRED, UNAVAILABLE " drop free" },
	{ STATE_ASKING, EVENT_EXPIRE, "U", STATE_CLOSED, ENDED_EXPIRED, "drop free" },

	// the CA lets the device poll
	{ STATE_UPWAIT, EVENT_FIRST, "P", STATE_UPWAIT, ENDED_NOT, IN_USE },
	{ STATE_UPWAIT, EVENT_SAME, "PS", STATE_UPWAIT, ENDED_NOT, "stored" },
	{ STATE_UPWAIT, EVENT_SAME, "PUC", STATE_UPWAIT, ENDED_NOT, JOIN },
	{ STATE_UPWAIT, EVENT_SAME, "PU", STATE_UPWAIT, ENDED_NOT, BUSY },
	{ STATE_UPWAIT, EVENT_POLL, "PN", STATE_UPWAIT, ENDED_NOT, SEND },
	{ STATE_UPWAIT, EVENT_POLL, "PNU", STATE_UPWAIT, ENDED_NOT, BUSY },
	{ STATE_UPWAIT, EVENT_POLL, "P", STATE_UPWAIT, ENDED_NOT, BAD_NONCE },
	{ STATE_UPWAIT, EVENT_POLL, "PU", STATE_UPWAIT, ENDED_NOT, BAD_NONCE },
	{ STATE_UPWAIT, EVENT_CONFIRM, "PNF", STATE_UPWAIT, ENDED_NOT, BAD_REQUEST },
	{ STATE_UPWAIT, EVENT_FINAL_POSITIVE, "PLDX", STATE_CONFIRM_DUE, ENDED_NOT, "store confirm answer drop" },
	{ STATE_UPWAIT, EVENT_FINAL_POSITIVE, "PLX", STATE_CLOSED, ENDED_ISSUED, "store answer drop free" },
	{ STATE_UPWAIT, EVENT_FINAL_POSITIVE, "PDX", STATE_READY, ENDED_NOT, "store drop" },
	{ STATE_UPWAIT, EVENT_FINAL_NEGATIVE, "PL", STATE_CLOSED, ENDED_REFUSED, "store answer drop free" },
	{ STATE_UPWAIT, EVENT_FINAL_NEGATIVE, "P", STATE_READY, ENDED_NOT, "store drop" },
	{ STATE_UPWAIT, EVENT_WAITING, "PL", STATE_UPWAIT, ENDED_NOT, "store answer drop" },
	{ STATE_UPWAIT, EVENT_POLLREP, "PL", STATE_UPWAIT, ENDED_NOT, "store answer drop" },
	{ STATE_UPWAIT, EVENT_POLLREP, "PM", STATE_UPWAIT, ENDED_NOT, "store answer drop" },
	{ STATE_UPWAIT, EVENT_POLLREP, "P", STATE_UPWAIT, ENDED_NOT, "store drop" },
	{ STATE_UPWAIT, EVENT_BAD, "PL", STATE_UPWAIT, ENDED_NOT, PASSED " drop" },
	{ STATE_UPWAIT, EVENT_GIVEN_UP, "P", STATE_UPWAIT, ENDED_NOT, "drop" },
	{ STATE_UPWAIT, EVENT_PATIENCE, "PUL", STATE_UPWAIT, ENDED_NOT, TIMEOUT " drop" },
	{ STATE_UPWAIT, EVENT_PATIENCE, "PULK", STATE_UPWAIT, ENDED_NOT, "later drop" },
	{ STATE_UPWAIT, EVENT_EXPIRE, "PUL", STATE_CLOSED, ENDED_EXPIRED, UNAVAILABLE " drop free" },
	{ STATE_UPWAIT, EVENT_EXPIRE, "P", STATE_CLOSED, ENDED_EXPIRED, "drop free" },

	// an answer is held
	{ STATE_READY, EVENT_FIRST, "", STATE_READY, ENDED_NOT, IN_USE },
	{ STATE_READY, EVENT_SAME, "S", STATE_READY, ENDED_NOT, "stored" },
	{ STATE_READY, EVENT_POLL, "P", STATE_READY, ENDED_NOT, BAD_NONCE },
	{ STATE_READY, EVENT_POLL, "PN", STATE_READY, ENDED_NOT, "held" },
	{ STATE_READY, EVENT_POLL, "PNH", STATE_UPWAIT, ENDED_NOT, SEND },
	{ STATE_READY, EVENT_POLL, "N", STATE_READY, ENDED_NOT, BAD_REQUEST },
	{ STATE_READY, EVENT_CONFIRM, "NF", STATE_CONFIRMING, ENDED_NOT, SEND },
	{ STATE_READY, EVENT_CONFIRM, "F", STATE_READY, ENDED_NOT, BAD_NONCE },
	{ STATE_READY, EVENT_CONFIRM, "N", STATE_READY, ENDED_NOT, BAD_REQUEST },
	{ STATE_READY, EVENT_EXPIRE, "", STATE_CLOSED, ENDED_EXPIRED, "drop free alarm" },

	// the device has a certificate and is to confirm it
	{ STATE_CONFIRM_DUE, EVENT_FIRST, "", STATE_CONFIRM_DUE, ENDED_NOT, IN_USE },
	{ STATE_CONFIRM_DUE, EVENT_SAME, "S", STATE_CONFIRM_DUE, ENDED_NOT, "stored" },
	{ STATE_CONFIRM_DUE, EVENT_POLL, "P", STATE_CONFIRM_DUE, ENDED_NOT, "held" },
	{ STATE_CONFIRM_DUE, EVENT_POLL, "N", STATE_CONFIRM_DUE, ENDED_NOT, BAD_REQUEST },
	{ STATE_CONFIRM_DUE, EVENT_CONFIRM, "NF", STATE_CONFIRMING, ENDED_NOT, SEND },
	{ STATE_CONFIRM_DUE, EVENT_CONFIRM, "NFJ", STATE_CONFIRMING, ENDED_NOT, SEND },
	{ STATE_CONFIRM_DUE, EVENT_CONFIRM, "F", STATE_CONFIRM_DUE, ENDED_NOT, BAD_NONCE },
	{ STATE_CONFIRM_DUE, EVENT_CONFIRM, "N", STATE_CONFIRM_DUE, ENDED_NOT, BAD_REQUEST },
	{ STATE_CONFIRM_DUE, EVENT_CONFIRM_TIME, "", STATE_CLOSED, ENDED_EXPIRED, "free alarm" },
	{ STATE_CONFIRM_DUE, EVENT_EXPIRE, "", STATE_CLOSED, ENDED_EXPIRED, "free alarm" },

	// the CA has the certConf
	{ STATE_CONFIRMING, EVENT_FIRST, "U", STATE_CONFIRMING, ENDED_NOT, IN_USE },
	{ STATE_CONFIRMING, EVENT_SAME, "UC", STATE_CONFIRMING, ENDED_NOT, JOIN },
	{ STATE_CONFIRMING, EVENT_SAME, "US", STATE_CONFIRMING, ENDED_NOT, "stored" },
	{ STATE_CONFIRMING, EVENT_CONFIRM, "UNF", STATE_CONFIRMING, ENDED_NOT, BUSY },
	{ STATE_CONFIRMING, EVENT_CONFIRM, "NF", STATE_CONFIRMING, ENDED_NOT, SEND },
	{ STATE_CONFIRMING, EVENT_CONFIRM, "F", STATE_CONFIRMING, ENDED_NOT, BAD_NONCE },
	{ STATE_CONFIRMING, EVENT_CONFIRM, "N", STATE_CONFIRMING, ENDED_NOT, BAD_REQUEST },
	{ STATE_CONFIRMING, EVENT_POLL, "N", STATE_CONFIRMING, ENDED_NOT, BAD_REQUEST },
	{ STATE_CONFIRMING, EVENT_POLL, "NP", STATE_CONFIRMING, ENDED_NOT, SEND },
	{ STATE_CONFIRMING, EVENT_POLL, "NPU", STATE_CONFIRMING, ENDED_NOT, BUSY },
	{ STATE_CONFIRMING, EVENT_PKICONF, "L", STATE_CLOSED, ENDED_CONFIRMED, "store answer drop free" },
	{ STATE_CONFIRMING, EVENT_PKICONF, "LJ", STATE_CLOSED, ENDED_REJECTED_BY_DEVICE, "store answer drop free" },
	{ STATE_CONFIRMING, EVENT_PKICONF, "", STATE_CLOSED, ENDED_CONFIRMED, "store drop free" },
	{ STATE_CONFIRMING, EVENT_PKICONF, "M", STATE_CLOSED, ENDED_CONFIRMED, "store answer drop free" },
	{ STATE_CONFIRMING, EVENT_WAITING, "L", STATE_CONFIRMING, ENDED_NOT, "store answer drop" },
	{ STATE_CONFIRMING, EVENT_POLLREP, "LP", STATE_CONFIRMING, ENDED_NOT, "store answer drop" },
	{ STATE_CONFIRMING, EVENT_FINAL_NEGATIVE, "L", STATE_CONFIRM_DUE, ENDED_NOT, "store confirm answer drop" },
	{ STATE_CONFIRMING, EVENT_FINAL_NEGATIVE, "", STATE_CONFIRM_DUE, ENDED_NOT, "store confirm drop" },
	{ STATE_CONFIRMING, EVENT_FINAL_POSITIVE, "LPDX", STATE_CONFIRM_DUE, ENDED_NOT, "store confirm answer drop" },
	{ STATE_CONFIRMING, EVENT_BAD, "L", STATE_CONFIRM_DUE, ENDED_NOT, "confirm " PASSED " drop" },
	{ STATE_CONFIRMING, EVENT_GIVEN_UP, "", STATE_CONFIRM_DUE, ENDED_NOT, "confirm drop" },
	{ STATE_CONFIRMING, EVENT_PATIENCE, "UL", STATE_CONFIRMING, ENDED_NOT, TIMEOUT " drop" },
	{ STATE_CONFIRMING, EVENT_PATIENCE, "ULK", STATE_CONFIRMING, ENDED_NOT, "later drop" },
	{ STATE_CONFIRMING, EVENT_EXPIRE, "UL", STATE_CLOSED, ENDED_EXPIRED, UNAVAILABLE " drop free alarm" },

	// ended
	{ STATE_CLOSED, EVENT_FIRST, "", STATE_CLOSED, ENDED_ISSUED, IN_USE },
	{ STATE_CLOSED, EVENT_SAME, "S", STATE_CLOSED, ENDED_ISSUED, "stored" },
	{ STATE_CLOSED, EVENT_SAME, "", STATE_CLOSED, ENDED_ISSUED, UNAVAILABLE },
	{ STATE_CLOSED, EVENT_SAME, "UC", STATE_CLOSED, ENDED_ISSUED, UNAVAILABLE },
	{ STATE_CLOSED, EVENT_POLL, "P", STATE_CLOSED, ENDED_ISSUED, "held" },
	{ STATE_CLOSED, EVENT_POLL, "", STATE_CLOSED, ENDED_ISSUED, BAD_REQUEST },
	{ STATE_CLOSED, EVENT_CONFIRM, "NF", STATE_CLOSED, ENDED_ISSUED, BAD_REQUEST },
	{ STATE_CLOSED, EVENT_FORGET, "", STATE_CLOSED, ENDED_ISSUED, "remove" },
};

static struct facts
facts_for(enum state state, const char *letters)
{
	struct facts t = { .state = state, .outcome = state == STATE_CLOSED ? ENDED_ISSUED : ENDED_NOT, .reason = REFUSE_BAD_UPSTREAM };

	for (; *letters != '\0'; letters++)
		set_fact(&t, *letters);
	return t;
}

static void
each_row(void **state)
{
	char got[200];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct row *r = &table[i];
		struct facts t = facts_for(r->state, r->facts);
		struct decision d = decide(&t, r->event);
		words(&d, got, sizeof(got));
		if (strcmp(got, r->actions) != 0 || d.next != r->next || d.outcome != r->outcome)
			fail_msg("row %zu, %s event %d \"%s\": %s (%s), \"%s\" instead of %s (%s), \"%s\"", i, state_name(r->state), (int)r->event,
				r->facts, state_name(d.next), outcome_name(d.outcome), got, state_name(r->next), outcome_name(r->outcome), r->actions);
		if (d.refuse && r->event != EVENT_BAD && r->event != EVENT_GIVEN_UP)
			assert_non_null(d.text);
		if (d.error)
			assert_non_null(d.text);
	}
}

static bool
in_table(enum state s, enum event e)
{
	for (size_t i = 0; i < COUNT(table); i++)
		if (table[i].state == s && table[i].event == e)
			return true;
	return false;
}

static struct facts
facts_by_bits(enum state s, unsigned bits)
{
	struct facts t = facts_for(s, "");

	for (size_t i = 0; i < strlen(LETTERS); i++)
		if ((bits >> i & 1) != 0)
			set_fact(&t, LETTERS[i]);
	return t;
}

// What cannot happen changes nothing, whatever the facts say; a peer that leaves ends nothing but its wait.
static void
pairs_without_a_row(void **state)
{
	char got[200];
	size_t pairs = 0;

	(void)state;
	for (enum state s = STATE_NEW; s < STATE_COUNT; s++)
		for (enum event e = 0; e < EVENT_COUNT; e++) {
			if (in_table(s, e))
				continue;
			pairs++;
			for (unsigned bits = 0; bits < 1u << strlen(LETTERS); bits++) {
				struct facts t = facts_by_bits(s, bits);
				struct decision d = decide(&t, e);
				words(&d, got, sizeof(got));
				if (d.next != s || d.outcome != t.outcome || strcmp(got, e == EVENT_GONE ? "drop" : "") != 0)
					fail_msg("%s, event %d, facts %x: %s \"%s\"", state_name(s), (int)e, bits, state_name(d.next), got);
			}
		}
	assert_true(pairs > 0);
}

static int
replies_of(const struct decision *d)
{
	return d->answer + d->answer_stored + d->answer_held + d->later + d->refuse + d->error;
}

static bool
from_device(enum event e)
{
	return e <= EVENT_CONFIRM;
}

// Rules that hold for every state, event and combination of facts, sensible or not.
static void
rules_for_all_facts(void **state)
{
	(void)state;
	for (enum state s = STATE_NEW; s < STATE_COUNT; s++)
		for (enum event e = 0; e < EVENT_COUNT; e++)
			for (unsigned bits = 0; bits < 1u << strlen(LETTERS); bits++) {
				struct facts t = facts_by_bits(s, bits);
				struct decision d = decide(&t, e);
				assert_true(d.next < STATE_COUNT);
				assert_true(d.outcome <= ENDED_DONE);
				assert_true(replies_of(&d) <= 1);
				assert_true(d.reason < REFUSE_COUNT);
				assert_true((d.next == STATE_CLOSED) == (d.outcome != ENDED_NOT));
				if (d.submit)		// only a device's message goes up, and its exchange waits for it
					assert_true(from_device(e) && e != EVENT_SAME && d.wait && d.start_patience && replies_of(&d) == 0);
				if (d.displace)
					assert_true(d.wait);
				if (from_device(e) && s != STATE_NEW)
					assert_int_equal(replies_of(&d) + d.wait, 1);
				if (d.answer)
					assert_true(d.store_reply && (t.live || t.mailbox));
				if (d.store_reply)
					assert_true(d.drop_waiter && !d.remove);
				if (d.error)		// an exchange is told off, the transaction stays (rule 2)
					assert_true(d.next == s && !d.remove && !d.drop_waiter && !d.displace);
				if (s == STATE_CLOSED)
					assert_true(d.next == STATE_CLOSED && !d.submit);
			}
}

static void
confirmed_stays_confirmed(void **state)
{
	static const struct { enum txn_outcome outcome; enum failure failure; } rows[] = {
		{ ENDED_ISSUED, FAIL_BAD_REQUEST }, { ENDED_CONFIRMED, FAIL_CERT_CONFIRMED }, { ENDED_REJECTED_BY_DEVICE, FAIL_BAD_REQUEST },
		{ ENDED_REFUSED, FAIL_BAD_REQUEST }, { ENDED_FAILED, FAIL_BAD_REQUEST }, { ENDED_EXPIRED, FAIL_BAD_REQUEST },
		{ ENDED_DONE, FAIL_BAD_REQUEST },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts t = { .state = STATE_CLOSED, .outcome = rows[i].outcome, .nonce_fits = true, .fits = true };
		struct decision d = decide(&t, EVENT_CONFIRM);
		assert_true(d.error);
		assert_int_equal(d.failure, rows[i].failure);
		assert_int_equal(d.outcome, rows[i].outcome);
	}
}

static void
names_and_classes(void **state)
{
	size_t never = 0;

	(void)state;
	for (enum state s = STATE_NEW; s < STATE_COUNT; s++)
		for (enum state other = STATE_NEW; other < s; other++)
			assert_string_not_equal(state_name(s), state_name(other));
	for (enum txn_outcome o = ENDED_NOT; o <= ENDED_DONE; o++)
		for (enum txn_outcome other = ENDED_NOT; other < o; other++)
			assert_string_not_equal(outcome_name(o), outcome_name(other));
	for (enum body b = 0; b < BODY_COUNT; b++)
		never += request_class(b) == CLASS_NEVER;
	assert_int_equal(BODY_COUNT - never, 11);
	assert_int_equal(request_class(BODY_ERROR), CLASS_NEVER);
	assert_int_equal(request_class(BODY_IP), CLASS_NEVER);
	assert_int_equal(request_class(BODY_PKICONF), CLASS_NEVER);
	assert_int_equal(request_class(BODY_POLLREP), CLASS_NEVER);
	assert_int_equal(request_class(BODY_CCR), CLASS_ENROL);
	assert_int_equal(request_class(BODY_P10CR), CLASS_CSR);
	assert_int_equal(request_class(BODY_NESTED), CLASS_BATCH);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(pairs_without_a_row),
		cmocka_unit_test(rules_for_all_facts),
		cmocka_unit_test(confirmed_stays_confirmed),
		cmocka_unit_test(names_and_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
