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
	case 'R': t->client = true; break;
	case 'O': t->self = true; break;
	case 'Q': t->self_rejects = true; break;
	case 'A': t->adopts = true; break;
	case 'V': t->proven = true; break;
	case 'W': t->doubtful = true; break;
	case 'B': t->other_hash = true; break;
	default: fail_msg("no fact is called %c", letter);
	}
}

#define LETTERS "UPHLMKCSNFJDX"
// Of the rarer facts these come together; each with every combination of the others.
static const char *const rare[] = { "", "R", "O", "OQ", "RO", "ROQ", "A", "RA", "V", "RV", "W", "RW", "B", "RB" };
#define ALL_FACTS (COUNT(rare) << (sizeof(LETTERS) - 1))

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
	if (d->own != OWN_NONE)
		n += (size_t)snprintf(out + n, size - n, "own=%s ", d->own == OWN_ACCEPT ? "accept" : "reject");
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
	{ STATE_ASKING, EVENT_FINAL_POSITIVE, "MDXA", STATE_CONFIRMING, ENDED_NOT, "store answer own=accept drop" },
	{ STATE_ASKING, EVENT_FINAL_POSITIVE, "MXA", STATE_CLOSED, ENDED_ISSUED, "store answer drop free" },
	{ STATE_ASKING, EVENT_SWAP, "L", STATE_CLOSED, ENDED_FAILED, "store answer drop free alarm" },
	{ STATE_ASKING, EVENT_SWAP, "LR", STATE_CONFIRMING, ENDED_NOT, "store answer own=reject drop alarm" },
	{ STATE_ASKING, EVENT_SWAP, "R", STATE_CONFIRMING, ENDED_NOT, "store own=reject drop alarm" },
	{ STATE_ASKING, EVENT_SWAP, "", STATE_READY, ENDED_NOT, "store drop alarm" },
	{ STATE_ASKING, EVENT_FINAL_NEGATIVE, "L", STATE_CLOSED, ENDED_REFUSED, "store answer drop free" },
	{ STATE_ASKING, EVENT_FINAL_NEGATIVE, "M", STATE_CLOSED, ENDED_REFUSED, "store answer drop free" },
	{ STATE_ASKING, EVENT_FINAL_NEGATIVE, "", STATE_READY, ENDED_NOT, "store drop" },
	{ STATE_ASKING, EVENT_FINAL_NEGATIVE, "LW", STATE_NEW, ENDED_NOT, "remove answer drop free" },
	{ STATE_ASKING, EVENT_FINAL_NEGATIVE, "W", STATE_NEW, ENDED_NOT, "remove drop free" },
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
	{ STATE_UPWAIT, EVENT_SWAP, "PL", STATE_CLOSED, ENDED_FAILED, "store answer drop free alarm" },
	{ STATE_UPWAIT, EVENT_SWAP, "PLR", STATE_CONFIRMING, ENDED_NOT, "store answer own=reject drop alarm" },
	{ STATE_UPWAIT, EVENT_FINAL_NEGATIVE, "PL", STATE_CLOSED, ENDED_REFUSED, "store answer drop free" },
	{ STATE_UPWAIT, EVENT_FINAL_NEGATIVE, "P", STATE_READY, ENDED_NOT, "store drop" },
	{ STATE_UPWAIT, EVENT_FINAL_NEGATIVE, "PLW", STATE_UPWAIT, ENDED_NOT, "answer drop" },
	{ STATE_UPWAIT, EVENT_WAITING, "PL", STATE_UPWAIT, ENDED_NOT, "store answer drop" },
	{ STATE_UPWAIT, EVENT_POLLREP, "PL", STATE_UPWAIT, ENDED_NOT, "store answer drop" },
	{ STATE_UPWAIT, EVENT_POLLREP, "PM", STATE_UPWAIT, ENDED_NOT, "store answer drop" },
	{ STATE_UPWAIT, EVENT_POLLREP, "P", STATE_UPWAIT, ENDED_NOT, "store drop" },
	{ STATE_UPWAIT, EVENT_PKICONF, "L", STATE_CLOSED, ENDED_CONFIRMED, "store answer drop free" },
	{ STATE_UPWAIT, EVENT_PKICONF, "", STATE_CLOSED, ENDED_CONFIRMED, "store drop free" },
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
	{ STATE_READY, EVENT_CONFIRM, "NFB", STATE_CLOSED, ENDED_FAILED, "error=badCertId free alarm" },
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
	{ STATE_CONFIRM_DUE, EVENT_CONFIRM, "NFB", STATE_CLOSED, ENDED_FAILED, "error=badCertId free alarm" },
	{ STATE_CONFIRM_DUE, EVENT_CONFIRM, "NFBR", STATE_CONFIRMING, ENDED_NOT, "error=badCertId own=reject alarm" },
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
	{ STATE_CONFIRMING, EVENT_CONFIRM, "NFB", STATE_CLOSED, ENDED_FAILED, "error=badCertId free alarm" },
	{ STATE_CONFIRMING, EVENT_FINAL_NEGATIVE, "LV", STATE_CLOSED, ENDED_FAILED, "store answer drop free alarm" },
	{ STATE_CONFIRMING, EVENT_BAD, "L", STATE_CONFIRMING, ENDED_NOT, "confirm " PASSED " drop" },
	{ STATE_CONFIRMING, EVENT_GIVEN_UP, "", STATE_CONFIRMING, ENDED_NOT, "confirm drop" },
	{ STATE_CONFIRMING, EVENT_PATIENCE, "UL", STATE_CONFIRMING, ENDED_NOT, TIMEOUT " drop" },
	{ STATE_CONFIRMING, EVENT_PATIENCE, "ULK", STATE_CONFIRMING, ENDED_NOT, "later drop" },
	{ STATE_CONFIRMING, EVENT_EXPIRE, "UL", STATE_CLOSED, ENDED_EXPIRED, UNAVAILABLE " drop free alarm" },

	// the CA has a certConf of the gateway's own
	{ STATE_CONFIRMING, EVENT_FIRST, "UO", STATE_CONFIRMING, ENDED_NOT, IN_USE },
	{ STATE_CONFIRMING, EVENT_SAME, "UOS", STATE_CONFIRMING, ENDED_NOT, "stored" },
	{ STATE_CONFIRMING, EVENT_CONFIRM, "UONF", STATE_CONFIRMING, ENDED_NOT, BAD_REQUEST },
	{ STATE_CONFIRMING, EVENT_POLL, "UO", STATE_CONFIRMING, ENDED_NOT, BAD_REQUEST },
	{ STATE_CONFIRMING, EVENT_POLL, "UOP", STATE_CONFIRMING, ENDED_NOT, "held" },
	{ STATE_CONFIRMING, EVENT_PKICONF, "O", STATE_CLOSED, ENDED_CONFIRMED, "free" },
	{ STATE_CONFIRMING, EVENT_PKICONF, "OQ", STATE_CLOSED, ENDED_FAILED, "free" },
	{ STATE_CONFIRMING, EVENT_FINAL_POSITIVE, "OQ", STATE_CLOSED, ENDED_FAILED, "free alarm" },
	{ STATE_CONFIRMING, EVENT_FINAL_NEGATIVE, "O", STATE_CLOSED, ENDED_CONFIRMED, "free alarm" },
	{ STATE_CONFIRMING, EVENT_FINAL_NEGATIVE, "OQ", STATE_CLOSED, ENDED_FAILED, "free alarm" },
	{ STATE_CONFIRMING, EVENT_BAD, "OQ", STATE_CLOSED, ENDED_FAILED, "free alarm" },
	{ STATE_CONFIRMING, EVENT_GIVEN_UP, "OQ", STATE_CLOSED, ENDED_FAILED, "free alarm" },
	{ STATE_CONFIRMING, EVENT_EXPIRE, "OQ", STATE_CLOSED, ENDED_FAILED, "free alarm" },

	// ended
	{ STATE_CLOSED, EVENT_FIRST, "", STATE_CLOSED, ENDED_ISSUED, IN_USE },
	{ STATE_CLOSED, EVENT_SAME, "S", STATE_CLOSED, ENDED_ISSUED, "stored" },
	{ STATE_CLOSED, EVENT_SAME, "", STATE_CLOSED, ENDED_ISSUED, UNAVAILABLE },
	{ STATE_CLOSED, EVENT_SAME, "UC", STATE_CLOSED, ENDED_ISSUED, UNAVAILABLE },
	{ STATE_CLOSED, EVENT_POLL, "P", STATE_CLOSED, ENDED_ISSUED, "held" },
	{ STATE_CLOSED, EVENT_POLL, "PH", STATE_CLOSED, ENDED_ISSUED, "error=systemUnavail" },
	{ STATE_CLOSED, EVENT_POLL, "", STATE_CLOSED, ENDED_ISSUED, BAD_REQUEST },
	{ STATE_CLOSED, EVENT_CONFIRM, "NF", STATE_CLOSED, ENDED_ISSUED, BAD_REQUEST },
	{ STATE_CLOSED, EVENT_FINAL_POSITIVE, "X", STATE_CLOSED, ENDED_ISSUED, "alarm" },
	{ STATE_CLOSED, EVENT_FINAL_POSITIVE, "", STATE_CLOSED, ENDED_ISSUED, "" },
	{ STATE_CLOSED, EVENT_SWAP, "", STATE_CLOSED, ENDED_ISSUED, "alarm" },
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
	struct facts t = facts_for(s, rare[bits >> (sizeof(LETTERS) - 1)]);

	for (size_t i = 0; i < sizeof(LETTERS) - 1; i++)
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
			for (unsigned bits = 0; bits < ALL_FACTS; bits++) {
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
			for (unsigned bits = 0; bits < ALL_FACTS; bits++) {
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
				if (d.answer)		// what is not final is not kept
					assert_true((d.store_reply || t.doubtful) && (t.live || t.mailbox));
				if (d.store_reply)
					assert_true(d.drop_waiter && !d.remove);
				if (d.own != OWN_NONE)	// only as the CA's client, or for a device that cannot confirm
					assert_true(d.next == STATE_CONFIRMING && (t.client || t.adopts));
				if (d.error && !t.other_hash)	// an exchange is told off, the transaction stays
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

// ---- Every way through

// The row and its surroundings as the coordinator keeps them, small enough to
// be numbered: a device, a CA that may say anything that fits, and time.
enum { FIRST, POLL, CONFIRM, SLOTS };

struct walk {
	unsigned state, outcome;
	unsigned under;			// 1 + slot of what is with the upstream; 0 = nothing
	unsigned current, held;		// slots
	bool polled, held_waiting, rejecting, live;
	bool mailbox, can_poll;		// of the link; they never change
	bool request[SLOTS], reply[SLOTS];
	bool known;			// an answer went into the row, so nonces are judged
	bool owed;			// the CA's last word was "later"
};

#define BITS(key, value, width) ((key) << (width) | (uint32_t)(value))

static uint32_t
number(const struct walk *w)
{
	uint32_t key = BITS(w->state, w->outcome, 3);

	key = BITS(BITS(BITS(key, w->under, 2), w->current, 2), w->held, 2);
	key = BITS(BITS(BITS(BITS(key, w->polled, 1), w->held_waiting, 1), w->rejecting, 1), w->live, 1);
	key = BITS(BITS(BITS(BITS(key, w->mailbox, 1), w->can_poll, 1), w->known, 1), w->owed, 1);
	for (size_t i = 0; i < SLOTS; i++)
		key = BITS(BITS(key, w->request[i], 1), w->reply[i], 1);
	return key;
}

enum { NUMBERS = 1 << 26, WALKS_MAX = 1 << 16 };

struct explorer {
	uint8_t *seen;			// one bit each
	struct walk *queue;
	uint32_t *origin;		// index of the row it was reached from
	size_t count, steps, at;
	uint32_t pairs[STATE_COUNT];	// events met in each state
	uint32_t exits[STATE_COUNT];	// states it leads to
};

static void
visit(struct explorer *x, const struct walk *w)
{
	uint32_t n = number(w);

	x->steps++;
	x->exits[x->queue[x->at].state] |= 1u << w->state;
	if ((x->seen[n / 8] >> (n % 8) & 1) != 0)
		return;
	x->seen[n / 8] = (uint8_t)(x->seen[n / 8] | 1u << (n % 8));
	assert_true(x->count < WALKS_MAX);
	x->queue[x->count] = *w;
	x->origin[x->count++] = (uint32_t)x->at;
}

// The way to the row at hand, for the person who reads a failure.
static void
print_way(const struct explorer *x)
{
	size_t i = x->at;

	for (int n = 0; n < 12; n++, i = x->origin[i]) {
		const struct walk *w = &x->queue[i];
		print_error("  %s (%s) under %u polled %d held %u%s live %d mailbox %d owed %d\n", state_name((enum state)w->state),
			outcome_name((enum txn_outcome)w->outcome), w->under, w->polled, w->held, w->held_waiting ? " waiting" : "", w->live,
			w->mailbox, w->owed);
		if (i == 0 || x->origin[i] == i)
			return;
	}
}

static void
must(const struct explorer *x, bool holds, enum event e, const char *rule)
{
	if (holds)
		return;
	print_error("event %d, broken: %s; reached by (newest first)\n", (int)e, rule);
	print_way(x);
	fail();
}

static struct facts
facts_in(const struct walk *w)
{
	return (struct facts){
		.state = (enum state)w->state, .outcome = (enum txn_outcome)w->outcome, .under_way = w->under != 0, .polled = w->polled,
		.held_waiting = w->held_waiting, .live = w->live, .mailbox = w->mailbox, .can_poll = w->can_poll && w->live,
		.rejecting = w->rejecting, .reason = REFUSE_BAD_UPSTREAM,
	};
}

static void
rules_after(struct explorer *x, const struct walk *w, enum event e)
{
	bool sent = w->state == STATE_ASKING || w->state == STATE_UPWAIT || w->state == STATE_CONFIRMING;

	must(x, !w->live || w->under != 0, e, "a waiter waits for something that is under way");
	must(x, w->under == 0 || sent || w->state == STATE_CLOSED, e, "what is under way is expected by the state");
	must(x, w->state != STATE_CLOSED || !w->live, e, "nobody waits in a closed transaction");
	must(x, (w->state == STATE_CLOSED) == (w->outcome != ENDED_NOT), e, "only a closed transaction has an outcome");
	must(x, w->state != STATE_READY || (w->request[w->held] && w->reply[w->held]), e, "READY holds an answer");
	must(x, w->state != STATE_ASKING || w->under == FIRST + 1, e, "ASKING asks the first request");
}

static void
settle(struct walk *w, const struct decision *d)
{
	w->state = d->next;
	w->outcome = d->outcome;
}

static void
arrive(struct explorer *x, const struct walk *w, enum event e)
{
	rules_after(x, w, e);
	visit(x, w);
}

// The row is forgotten: a repeat begins anew.
static void
gone_row(struct explorer *x, const struct walk *from, enum event e)
{
	struct walk w = { .mailbox = from->mailbox, .can_poll = from->can_poll };

	must(x, !from->live || e != EVENT_FORGET, e, "nobody waits when the row is forgotten");
	visit(x, &w);
}

// A message of the device arrives with an exchange of its own.
static void
request(struct explorer *x, const struct walk *from, enum event e, unsigned slot, struct facts t)
{
	struct decision d = decide(&t, e);
	struct walk w = *from;

	x->pairs[from->state] |= 1u << e;
	must(x, replies_of(&d) + d.wait == 1, e, "a request is answered once, or waits");
	if (d.displace)
		w.live = false;
	must(x, !d.wait || !w.live, e, "no waiter is forgotten for another");
	if (d.wait) {
		must(x, !d.submit || w.under == 0, e, "one message of a transaction at a time");
		must(x, !d.submit || e != EVENT_SAME, e, "a remembered request is not sent twice");
		must(x, d.submit || w.under == slot + 1, e, "who waits waits for his own request");
		w.live = true;
	}
	if (d.submit) {
		must(x, !(slot == FIRST && from->state != STATE_NEW), e, "a first request goes up once");
		w.under = slot + 1;
		w.current = slot;
		w.request[slot] = true;
		w.reply[slot] = false;
		if (e == EVENT_CONFIRM)
			w.rejecting = t.rejecting;
		visit(x, from);		// the upstream may not take it: all is as it was
	}
	must(x, !d.answer_stored || (e == EVENT_SAME && from->reply[slot]), e, "a stored answer goes to its own request");
	must(x, !d.answer_held || !(from->owed && from->held_waiting), e, "`waiting` is never the answer to a poll that asks for more");
	if (e == EVENT_SAME && from->reply[slot])
		must(x, d.answer_stored, e, "an answered request gets its answer again");
	if (e == EVENT_POLL && from->owed && from->state != STATE_CLOSED && from->under == 0 && t.nonce_fits)
		must(x, d.submit, e, "a poll for what the CA still owes goes to the CA");
	if (from->state == STATE_NEW && !d.wait) {
		gone_row(x, from, e);
		return;
	}
	settle(&w, &d);
	if (d.remove)
		gone_row(x, &w, e);
	else
		arrive(x, &w, e);
}

static void
requests(struct explorer *x, const struct walk *w)
{
	for (unsigned bits = 0; bits < 8; bits++) {
		struct facts t = facts_in(w);
		t.nonce_fits = !w->known || (bits & 1) != 0;
		t.fits = (bits & 2) != 0;
		t.rejecting = (bits & 4) != 0;
		request(x, w, EVENT_FIRST, FIRST, t);
		request(x, w, EVENT_POLL, POLL, t);
		if (w->state != STATE_NEW || t.fits)
			request(x, w, EVENT_CONFIRM, CONFIRM, t);
	}
	for (unsigned slot = FIRST; slot < SLOTS; slot++) {
		struct facts t = facts_in(w);
		if (!w->request[slot])
			continue;
		t.reply_stored = w->reply[slot];
		t.same_is_current = w->under != 0 && w->current == slot;
		request(x, w, EVENT_SAME, slot, t);
	}
}

// The submission ends: with an answer, or without.
static void
outcome(struct explorer *x, const struct walk *from, enum event e, bool need_conf, bool has_certificate)
{
	struct facts t = facts_in(from);
	struct walk w = *from;
	unsigned slot = from->under - 1;
	bool answer = e != EVENT_BAD && e != EVENT_GIVEN_UP;

	t.under_way = false;
	t.need_conf = need_conf;
	t.has_certificate = has_certificate;
	struct decision d = decide(&t, e);
	x->pairs[from->state] |= 1u << e;
	w.under = 0;
	must(x, from->state == STATE_CLOSED || d.store_reply == answer, e, "every answer of the CA is kept, and nothing else");
	must(x, replies_of(&d) == (from->live || (answer && from->mailbox && from->state != STATE_CLOSED)), e, "a waiter gets one reply");
	must(x, !from->live || d.drop_waiter, e, "who was answered waits no more");
	must(x, !d.remove || (!from->reply[FIRST] && slot == FIRST && !answer), e, "only an unanswered first request may begin anew");
	if (d.store_reply) {
		w.reply[slot] = true;
		w.held = slot;
		w.held_waiting = e == EVENT_WAITING || e == EVENT_POLLREP;
		w.polled = w.polled || w.held_waiting || slot == POLL;
		w.known = true;
		w.owed = e == EVENT_WAITING || e == EVENT_POLLREP;
	} else {
		w.request[slot] = w.reply[slot] = false;
	}
	w.live = w.live && !d.drop_waiter;
	settle(&w, &d);
	if (d.remove)
		gone_row(x, &w, e);
	else
		arrive(x, &w, e);
}

static void
outcomes(struct explorer *x, const struct walk *w)
{
	if (w->under == 0)
		return;
	outcome(x, w, EVENT_BAD, false, false);
	outcome(x, w, EVENT_GIVEN_UP, false, false);
	outcome(x, w, EVENT_WAITING, false, false);
	outcome(x, w, EVENT_FINAL_NEGATIVE, false, false);
	if (w->under != FIRST + 1)
		outcome(x, w, EVENT_PKICONF, false, false);
	if (w->under == POLL + 1)
		outcome(x, w, EVENT_POLLREP, false, false);
	if (w->under != CONFIRM + 1) {
		outcome(x, w, EVENT_FINAL_POSITIVE, false, false);
		outcome(x, w, EVENT_FINAL_POSITIVE, false, true);
		outcome(x, w, EVENT_FINAL_POSITIVE, true, true);
	}
}

static void
local(struct explorer *x, const struct walk *from, enum event e)
{
	struct facts t = facts_in(from);
	struct decision d = decide(&t, e);
	struct walk w = *from;

	x->pairs[from->state] |= 1u << e;
	must(x, !d.submit && !d.wait && !d.store_reply, e, "time and leaving peers send nothing");
	must(x, replies_of(&d) == (from->live && e != EVENT_GONE), e, "a waiter that is let go is told so once");
	must(x, !from->live || d.drop_waiter, e, "who was told waits no more");
	if (d.drop_waiter)
		w.live = false;
	if (e == EVENT_GONE || e == EVENT_PATIENCE)
		must(x, d.next == from->state && !d.remove, e, "a peer that leaves changes nothing");
	if (e == EVENT_EXPIRE)
		must(x, d.next == STATE_CLOSED, e, "every open transaction expires");
	if (e == EVENT_FORGET)
		must(x, d.remove, e, "every closed transaction is forgotten");
	settle(&w, &d);
	if (d.remove)
		gone_row(x, &w, e);
	else
		arrive(x, &w, e);
}

static void
locals(struct explorer *x, const struct walk *w)
{
	if (w->state == STATE_NEW)
		return;
	if (w->live) {
		local(x, w, EVENT_GONE);
		if (!w->mailbox)
			local(x, w, EVENT_PATIENCE);
	}
	if (w->state == STATE_CONFIRM_DUE)
		local(x, w, EVENT_CONFIRM_TIME);
	local(x, w, w->state == STATE_CLOSED ? EVENT_FORGET : EVENT_EXPIRE);
}

// A peer that polls by its transport comes back and waits again.
static void
ticket(struct explorer *x, const struct walk *from)
{
	struct walk w = *from;

	if (!from->can_poll || from->under == 0 || from->state == STATE_CLOSED)
		return;
	w.live = true;
	arrive(x, &w, EVENT_SAME);
}

// Octets of ended transactions are given up when memory is short.
static void
forget_octets(struct explorer *x, const struct walk *from)
{
	struct walk w = *from;

	if (from->state != STATE_CLOSED)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		w.reply[i] = false;
	visit(x, &w);
}

static void
explore(struct explorer *x)
{
	for (x->at = 0; x->at < x->count; x->at++) {
		struct walk w = x->queue[x->at];
		requests(x, &w);
		outcomes(x, &w);
		locals(x, &w);
		ticket(x, &w);
		forget_octets(x, &w);
	}
}

static void
every_way(void **state)
{
	static const struct walk starts[] = {
		{ .mailbox = false }, { .can_poll = true }, { .mailbox = true },
	};
	struct explorer x = { .seen = NULL };

	(void)state;
	x.seen = calloc(NUMBERS / 8, 1);
	x.queue = calloc(WALKS_MAX, sizeof(*x.queue));
	x.origin = calloc(WALKS_MAX, sizeof(*x.origin));
	assert_true(x.seen != NULL && x.queue != NULL && x.origin != NULL);
	for (size_t i = 0; i < COUNT(starts); i++) {
		x.queue[x.count] = starts[i];
		x.origin[x.count] = (uint32_t)x.count;
		x.count++;
	}
	explore(&x);
	print_message("%zu rows, %zu steps\n", x.count, x.steps);
	assert_true(x.count > 500);
	for (unsigned s = STATE_NEW; s < STATE_COUNT; s++) {
		unsigned requests_met = 1u << EVENT_FIRST | 1u << EVENT_POLL | 1u << EVENT_CONFIRM;
		assert_int_equal(x.pairs[s] & requests_met, requests_met);
		assert_true((x.exits[s] & ~(1u << s)) != 0);
	}
	free(x.seen);
	free(x.queue);
	free(x.origin);
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
		cmocka_unit_test(every_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
