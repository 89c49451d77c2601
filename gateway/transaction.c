// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/transaction.h"

static const char *const state_names[STATE_COUNT] = {
	"new", "asking", "upwait", "ready", "confirm-due", "confirming", "closed"
};
static const char *const outcome_names[] = {
	"open", "issued", "confirmed", "rejected by device", "refused", "failed", "expired", "done"
};

const char *
state_name(enum state s)
{
	return state_names[s];
}

const char *
outcome_name(enum txn_outcome o)
{
	return outcome_names[o];
}

enum request_class
request_class(enum body body)
{
	switch (body) {
	case BODY_IR:
	case BODY_CR:
	case BODY_KUR:
	case BODY_CCR: return CLASS_ENROL;
	case BODY_P10CR: return CLASS_CSR;
	case BODY_KRR: return CLASS_RECOVER;
	case BODY_RR: return CLASS_REVOKE;
	case BODY_GENM: return CLASS_INFO;
	case BODY_CERTCONF: return CLASS_CONFIRM;
	case BODY_POLLREQ: return CLASS_POLL;
	case BODY_NESTED: return CLASS_BATCH;
	default: return CLASS_NEVER;
	}
}

// ---- small decisions that many states share

static struct decision
stay(const struct facts *t)
{
	return (struct decision){ .next = t->state, .outcome = t->outcome };
}

static struct decision
error(const struct facts *t, enum failure failure, const char *text)
{
	struct decision d = stay(t);

	d.error = true;
	d.failure = failure;
	d.text = text;
	return d;
}

static struct decision
refuse(const struct facts *t, enum refusal reason, const char *text)
{
	struct decision d = stay(t);

	d.refuse = true;
	d.reason = reason;
	d.text = text;
	return d;
}

static struct decision
try_again(const struct facts *t)
{
	return refuse(t, REFUSE_TRY_AGAIN, "another message of this transaction is under way; send this one again in a moment");
}

static struct decision
submit(const struct facts *t, enum state next)
{
	struct decision d = stay(t);

	d.next = next;
	d.submit = d.wait = d.start_patience = true;
	return d;
}

static struct decision
answer_held(const struct facts *t)
{
	struct decision d = stay(t);

	d.answer_held = true;
	return d;
}

static struct decision
closed(struct decision d, enum txn_outcome outcome)
{
	d.next = STATE_CLOSED;
	d.outcome = outcome;
	d.forget_affinity = true;
	return d;
}

// The upstream's answer goes down now, if somebody is there to take it.
static struct decision
pass_down(const struct facts *t)
{
	struct decision d = stay(t);

	d.store_reply = true;
	d.answer = t->live || t->mailbox;
	d.drop_waiter = true;
	return d;
}

// ---- events that are answered alike in many states

// The octets of a request we remember.
static struct decision
on_same(const struct facts *t)
{
	struct decision d = stay(t);

	if (t->reply_stored) {
		d.answer_stored = true;
		return d;
	}
	if (t->same_is_current) {
		d.displace = d.wait = d.start_patience = true;
		return d;
	}
	return try_again(t);
}

static struct decision
on_first(const struct facts *t)
{
	if (t->state == STATE_NEW)
		return submit(t, STATE_ASKING);
	return error(t, FAIL_TRANSACTION_ID_IN_USE, "another request has this transactionID; a new operation needs a fresh random one");
}

static struct decision
on_patience(const struct facts *t)
{
	struct decision d = refuse(t, REFUSE_TIMEOUT, "the CA has not answered in time; send the same message again");

	if (!t->live)
		return stay(t);
	if (t->can_poll) {
		d.refuse = false;
		d.later = true;
	}
	d.drop_waiter = true;
	return d;
}

// The submission has failed and nothing final was told. The row of a first
// request goes, so that the repeat of the device is a first message again.
static struct decision
on_failed_step(const struct facts *t, enum state next, bool remove)
{
	struct decision d = stay(t);

	d.refuse = t->live;
	d.reason = t->reason;
	d.drop_waiter = true;
	d.next = next;
	d.remove = remove;
	d.forget_affinity = remove;
	return d;
}

// A final answer to the first request, or to a poll for it.
static struct decision
on_final(const struct facts *t, bool positive)
{
	struct decision d = pass_down(t);

	if (!t->live && !t->mailbox) {
		d.next = STATE_READY;
		return d;
	}
	if (!positive)
		return closed(d, ENDED_REFUSED);
	if (t->need_conf && t->adopts) {
		d.next = STATE_CONFIRMING;
		d.own = OWN_ACCEPT;
		return d;
	}
	if (t->need_conf) {
		d.next = STATE_CONFIRM_DUE;
		d.start_confirm = true;
		return d;
	}
	return closed(d, t->has_certificate ? ENDED_ISSUED : ENDED_DONE);
}

// A refusal that could be anybody's is passed on, and that is all: the same
// octets reach the CA again (design 8.21).
static struct decision
on_negative(const struct facts *t)
{
	struct decision d = stay(t);

	if (!t->doubtful)
		return on_final(t, false);
	d.answer = t->live || t->mailbox;
	d.drop_waiter = true;
	d.remove = t->state == STATE_ASKING;
	d.forget_affinity = d.remove;
	d.next = d.remove ? STATE_NEW : t->state;
	return d;
}

// The certificate is not to be used: the CA hears so where the gateway is its client.
static struct decision
reject_own(const struct facts *t, struct decision d)
{
	if (!t->client)
		return closed(d, ENDED_FAILED);
	d.next = STATE_CONFIRMING;
	d.own = OWN_REJECT;
	return d;
}

// The device gets our error in place of the certificate.
static struct decision
on_swap(const struct facts *t)
{
	struct decision d = pass_down(t);

	d.alarm = "the CA issued a certificate that is not what was asked for; the device was told systemFailure";
	if (!t->client && !d.answer) {
		d.next = STATE_READY;
		return d;
	}
	return reject_own(t, d);
}

static struct decision
on_waiting(const struct facts *t)
{
	struct decision d = pass_down(t);

	d.next = t->live || t->mailbox ? STATE_UPWAIT : STATE_READY;
	return d;
}

static struct decision
on_confirm(const struct facts *t)
{
	if (!t->nonce_fits)
		return error(t, FAIL_BAD_RECIPIENT_NONCE, "recipNonce is not the senderNonce of the answer that is confirmed");
	if (!t->fits)
		return error(t, FAIL_BAD_REQUEST, "the certConf does not fit the certificates of this transaction");
	if (t->under_way)
		return try_again(t);
	if (t->other_hash) {
		struct decision d = error(t, FAIL_BAD_CERT_ID, "certHash is not the hash of the certificate of this transaction");
		d.alarm = "a device confirmed another certificate than the one it was given";
		return reject_own(t, d);
	}
	return submit(t, STATE_CONFIRMING);
}

static struct decision
nothing_to_poll(const struct facts *t)
{
	return error(t, FAIL_BAD_REQUEST, "nothing was promised in this transaction that could be polled for");
}

static struct decision
on_expire(const struct facts *t)
{
	struct decision d = refuse(t, REFUSE_UNAVAILABLE, "the transaction took too long");

	d.refuse = t->live;
	d.drop_waiter = true;
	return closed(d, ENDED_EXPIRED);
}

// ---- states

static struct decision
in_new(const struct facts *t, enum event e)
{
	switch (e) {
	case EVENT_FIRST: return on_first(t);
	// Of a transaction from before a restart: the CA remembers it and judges.
	case EVENT_CONFIRM: return submit(t, STATE_CONFIRMING);
	case EVENT_POLL: return submit(t, STATE_UPWAIT);
	default: return stay(t);
	}
}

static struct decision
in_asking(const struct facts *t, enum event e)
{
	switch (e) {
	case EVENT_SAME: return on_same(t);
	case EVENT_FIRST: return on_first(t);
	case EVENT_POLL: return nothing_to_poll(t);
	case EVENT_CONFIRM: return error(t, FAIL_BAD_REQUEST, "there is no certificate yet that could be confirmed");
	case EVENT_FINAL_POSITIVE: return on_final(t, true);
	case EVENT_FINAL_NEGATIVE: return on_negative(t);
	case EVENT_SWAP: return on_swap(t);
	case EVENT_WAITING: return on_waiting(t);
	case EVENT_BAD:
	case EVENT_GIVEN_UP: return on_failed_step(t, STATE_NEW, true);
	case EVENT_PATIENCE: return on_patience(t);
	case EVENT_EXPIRE: return on_expire(t);
	default: return stay(t);
	}
}

static struct decision
in_upwait(const struct facts *t, enum event e)
{
	switch (e) {
	case EVENT_SAME: return on_same(t);
	case EVENT_FIRST: return on_first(t);
	case EVENT_CONFIRM: return error(t, FAIL_BAD_REQUEST, "there is no certificate yet that could be confirmed");
	case EVENT_POLL:
		if (!t->nonce_fits)
			return error(t, FAIL_BAD_RECIPIENT_NONCE, "recipNonce is not the senderNonce of the last answer");
		return t->under_way ? try_again(t) : submit(t, STATE_UPWAIT);
	case EVENT_FINAL_POSITIVE: return on_final(t, true);
	case EVENT_FINAL_NEGATIVE: return on_negative(t);
	case EVENT_SWAP: return on_swap(t);
	case EVENT_WAITING:
	case EVENT_POLLREP: return pass_down(t);
	// The poll of a row from before a restart may have asked for its pkiConf.
	case EVENT_PKICONF: return closed(pass_down(t), ENDED_CONFIRMED);
	case EVENT_BAD:
	case EVENT_GIVEN_UP: return on_failed_step(t, STATE_UPWAIT, false);
	case EVENT_PATIENCE: return on_patience(t);
	case EVENT_EXPIRE: return on_expire(t);
	default: return stay(t);
	}
}

static struct decision
in_ready(const struct facts *t, enum event e)
{
	struct decision d;

	switch (e) {
	case EVENT_SAME: return on_same(t);
	case EVENT_FIRST: return on_first(t);
	case EVENT_POLL:
		if (!t->nonce_fits)
			return error(t, FAIL_BAD_RECIPIENT_NONCE, "recipNonce is not the senderNonce of the last answer");
		if (t->held_waiting)
			return submit(t, STATE_UPWAIT);
		return t->polled ? answer_held(t) : nothing_to_poll(t);
	case EVENT_CONFIRM: return on_confirm(t);
	case EVENT_EXPIRE:
		d = on_expire(t);
		d.alarm = "an answer of the CA was never fetched by its device";
		return d;
	default: return stay(t);
	}
}

static struct decision
in_confirm_due(const struct facts *t, enum event e)
{
	struct decision d;

	switch (e) {
	case EVENT_SAME: return on_same(t);
	case EVENT_FIRST: return on_first(t);
	case EVENT_POLL: return t->polled ? answer_held(t) : nothing_to_poll(t);
	case EVENT_CONFIRM: return on_confirm(t);
	case EVENT_CONFIRM_TIME:
	case EVENT_EXPIRE:
		d = closed(stay(t), ENDED_EXPIRED);
		d.alarm = "no certConf came for a certificate that was passed down; the CA may revoke it";
		return d;
	default: return stay(t);
	}
}

// A certConf of the gateway's own ends the transaction, whatever the CA says to it.
static struct decision
in_confirming_self(const struct facts *t, enum event e)
{
	struct decision d = stay(t);

	switch (e) {
	case EVENT_SAME: return on_same(t);
	case EVENT_FIRST: return on_first(t);
	case EVENT_POLL: return t->polled ? answer_held(t) : nothing_to_poll(t);
	case EVENT_CONFIRM: return error(t, FAIL_BAD_REQUEST, "the certificate of this transaction needs no confirmation any more");
	case EVENT_FINAL_POSITIVE:
	case EVENT_FINAL_NEGATIVE:
	case EVENT_BAD:
	case EVENT_GIVEN_UP:
	case EVENT_EXPIRE:
		d.alarm = t->self_rejects ? "the CA did not take the rejection of a certificate" : "the CA did not take the confirmation of a certificate";
		break;
	case EVENT_PKICONF: break;
	default: return d;
	}
	return closed(d, t->self_rejects ? ENDED_FAILED : ENDED_CONFIRMED);
}

static struct decision
in_confirming(const struct facts *t, enum event e)
{
	struct decision d;

	if (t->self)
		return in_confirming_self(t, e);
	switch (e) {
	case EVENT_SAME: return on_same(t);
	case EVENT_FIRST: return on_first(t);
	case EVENT_CONFIRM: return t->under_way ? try_again(t) : on_confirm(t);
	case EVENT_POLL:
		if (!t->polled)
			return nothing_to_poll(t);
		return t->under_way ? try_again(t) : submit(t, STATE_CONFIRMING);
	case EVENT_PKICONF: return closed(pass_down(t), t->rejecting ? ENDED_REJECTED_BY_DEVICE : ENDED_CONFIRMED);
	case EVENT_WAITING:
	case EVENT_POLLREP: return pass_down(t);
	// Where nothing was verified, the refusal of a stranger's certConf must not
	// end the transaction of the device, which may still confirm.
	case EVENT_FINAL_POSITIVE:
	case EVENT_FINAL_NEGATIVE:
		d = pass_down(t);
		if (t->proven && e == EVENT_FINAL_NEGATIVE) {
			d.alarm = "the CA refused the certConf of a device";
			return closed(d, ENDED_FAILED);
		}
		d.next = STATE_CONFIRM_DUE;
		d.start_confirm = true;
		return d;
	case EVENT_BAD:
	case EVENT_GIVEN_UP:
		// Here and not back to CONFIRM_DUE: what failed may be the poll for a
		// pkiConf, and its repeat must reach the CA again.
		d = on_failed_step(t, STATE_CONFIRMING, false);
		d.start_confirm = true;
		return d;
	case EVENT_PATIENCE: return on_patience(t);
	case EVENT_EXPIRE:
		d = on_expire(t);
		d.alarm = "a certConf was never answered by the CA";
		return d;
	default: return stay(t);
	}
}

static struct decision
in_closed(const struct facts *t, enum event e)
{
	struct decision d;

	switch (e) {
	case EVENT_SAME:
		if (t->reply_stored)
			return on_same(t);
		return refuse(t, REFUSE_UNAVAILABLE, "the transaction has ended without an answer; begin a new one");
	case EVENT_FIRST: return on_first(t);
	case EVENT_POLL:
		// Another `waiting` would let the device poll on, and for nothing.
		if (t->held_waiting)
			return error(t, FAIL_SYSTEM_UNAVAIL, "the transaction took too long and has ended; begin a new one");
		return t->polled ? answer_held(t) : nothing_to_poll(t);
	case EVENT_CONFIRM:
		if (t->outcome == ENDED_CONFIRMED)
			return error(t, FAIL_CERT_CONFIRMED, "the certificate of this transaction is confirmed already");
		return error(t, FAIL_BAD_REQUEST, "the transaction has ended");
	// The transaction took too long for the device, and not for the CA.
	case EVENT_FINAL_POSITIVE:
	case EVENT_SWAP:
		d = stay(t);
		if (t->has_certificate || e == EVENT_SWAP)
			d.alarm = "the CA issued a certificate after its transaction had ended; no device was given it, and the CA may revoke it";
		return d;
	case EVENT_FORGET:
		d = stay(t);
		d.remove = true;
		return d;
	default: return stay(t);
	}
}

struct decision
decide(const struct facts *t, enum event e)
{
	struct decision d;

	if (e == EVENT_GONE) {
		d = stay(t);
		d.drop_waiter = true;
		return d;
	}
	switch (t->state) {
	case STATE_NEW: return in_new(t, e);
	case STATE_ASKING: return in_asking(t, e);
	case STATE_UPWAIT: return in_upwait(t, e);
	case STATE_READY: return in_ready(t, e);
	case STATE_CONFIRM_DUE: return in_confirm_due(t, e);
	case STATE_CONFIRMING: return in_confirming(t, e);
	case STATE_CLOSED: return in_closed(t, e);
	case STATE_COUNT: break;
	}
	return stay(t);
}
