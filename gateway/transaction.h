// SPDX-License-Identifier: GPL-3.0-or-later
// transaction: the state machine of one CMP operation of one device, as a pure
// function. decide() knows no clock, no loop, no store and allocates nothing:
// all it needs is in the facts, all it wants stands in the decision, and
// serve.c alone carries it out. docs/transaction.md is its table.
#ifndef CMPGATE_GATEWAY_TRANSACTION_H
#define CMPGATE_GATEWAY_TRANSACTION_H

#include <stdbool.h>

#include "base/fault.h"
#include "codec/pkimessage.h"
#include "transports/driver.h"

enum state {
	STATE_NEW,		// no row yet
	STATE_ASKING,		// a submission for the first request is under way
	STATE_UPWAIT,		// the upstream said waiting; the device polls it through us
	STATE_READY,		// the finished answer is held; the device has not been given it
	STATE_CONFIRM_DUE,	// a certificate was given, certConf is expected
	STATE_CONFIRMING,	// a certConf (or a pollReq after it, or one of the gateway's own) is with the upstream
	STATE_CLOSED,		// ended; answers repeats until it is forgotten
	STATE_COUNT
};

enum txn_outcome { ENDED_NOT, ENDED_ISSUED, ENDED_CONFIRMED, ENDED_REJECTED_BY_DEVICE, ENDED_REFUSED, ENDED_FAILED, ENDED_EXPIRED, ENDED_DONE };

enum event {
	// downstream; the same octets as a remembered request are EVENT_SAME
	EVENT_FIRST, EVENT_SAME, EVENT_POLL, EVENT_CONFIRM, EVENT_GONE,
	// upstream
	EVENT_FINAL_POSITIVE, EVENT_FINAL_NEGATIVE, EVENT_WAITING, EVENT_POLLREP, EVENT_PKICONF, EVENT_BAD, EVENT_GIVEN_UP,
	EVENT_SWAP,		// proven, but the certificate is not what was asked for; the answer at hand is our error
	// local
	EVENT_PATIENCE, EVENT_CONFIRM_TIME, EVENT_EXPIRE, EVENT_FORGET,
	EVENT_COUNT
};

// What decide() knows of the row and the event.
struct facts {
	enum state state;
	enum txn_outcome outcome;
	bool under_way;		// a submission of this transaction is open
	bool polled;		// the upstream told the device to wait at some time
	bool held_waiting;	// READY: what is held is the upstream's `waiting`
	bool live;		// an exchange waits for the answer
	bool mailbox;		// the answer can be posted without a live exchange
	bool can_poll;		// the peer can be told to ask again by its transport
	bool client;		// the gateway is the CA's client here: it may send a certConf of its own
	bool self;		// CONFIRMING: the certConf with the upstream is the gateway's own
	bool self_rejects;	// and it rejects the certificate
	bool adopts;		// the device cannot confirm (a PKCS#10 file): the gateway does it for it
	bool proven;		// upstream: the answer's protection was verified
	bool doubtful;		// upstream: an error that nobody protected, on a route that verifies and takes it: it ends nothing
	// SAME only: which remembered request it equals, and whether its answer is stored
	bool same_is_current;	// the one that is under way
	bool reply_stored;
	// POLL, CONFIRM, FIRST only
	bool nonce_fits;	// recipNonce is that of an answer we passed down
	bool fits;		// CONFIRM: certReqIds fit the answer; POLL: something may be polled for
	bool rejecting;		// CONFIRM: the device rejects the certificate
	bool other_hash;	// CONFIRM, verified: certHash is not that of the certificate
	// FINAL_POSITIVE only
	bool need_conf;		// a certificate came and implicitConfirm did not
	bool has_certificate;
	enum refusal reason;	// BAD, GIVEN_UP: what the device is told
};

enum own_confirm { OWN_NONE, OWN_ACCEPT, OWN_REJECT };

// What serve.c does, in this order.
struct decision {
	enum state next;
	enum txn_outcome outcome;
	bool remove;			// drop the row: nothing final was told, a repeat starts anew
	bool store_reply;		// remember the upstream's answer as the reply to the current request
	bool displace;			// the exchange that waited ends with "try again"
	bool wait;			// this exchange becomes the waiter
	bool submit;			// send this message upstream
	bool start_patience;		// for the waiter
	bool start_confirm;		// the confirmation time begins
	bool answer;			// hand the answer at hand to the waiter, or post it
	bool answer_stored;		// hand the reply stored for these octets to this exchange
	bool answer_held;		// READY, or a lost final: hand the last final to this exchange
	bool later;			// tell the waiter to ask again by its transport
	bool refuse; enum refusal reason;	// end the waiter (downstream event: this exchange) in the transport's words
	bool error; enum failure failure;	// answer this exchange with a CMP error
	const char *text;		// the sentence of error or refusal
	bool drop_waiter;		// nobody waits any more
	bool forget_affinity;		// the upstream's connection is free
	enum own_confirm own;		// send a certConf of the gateway's own upstream
	const char *alarm;		// a sentence for the operator, or NULL
};

// The one place that decides. Pairs that cannot happen leave the state as it is and say nothing.
struct decision decide(const struct facts *t, enum event event);

// Classes of bodies a device may send.
enum request_class { CLASS_ENROL, CLASS_CSR, CLASS_RECOVER, CLASS_REVOKE, CLASS_INFO, CLASS_CONFIRM, CLASS_POLL, CLASS_BATCH, CLASS_NEVER };
enum request_class request_class(enum body body);
const char *state_name(enum state s);
const char *outcome_name(enum txn_outcome o);

#endif
