// SPDX-License-Identifier: GPL-3.0-or-later
// ra_kit: a whole gateway within a test program. Its message path is the real
// one: settings from a file, keys and secrets from a folder, workers (inline),
// and a store where it is asked for. Only the drivers are played: what the
// gateway says to a device or to its CA is kept for the test to look at. Both
// clocks stand still.
#ifndef CMPGATE_TESTS_RA_KIT_H
#define CMPGATE_TESTS_RA_KIT_H

#include "gateway/core.h"
#include "tests/unit/der_text.h"
#include "tests/unit/ra_people.h"

// ---- what is said: a message whose every part may be replaced by a text of
// der_text. NULL: as it should be; "": left out. Words that texts may use:
// id nonce recip alg sig kid chain cert: of this message; new_key (contents of
// a SubjectPublicKeyInfo), subject, cert_req, pop_alg, pop, csr_info: of its request; hash:
// of the certificate issued last; issued: a certificate for what was asked; inner: the messages within.
// NAME_cert, NAME_kid, NAME_serial: of a signer.
struct kit_message {
	enum body kind;
	const char *by;				// NULL: device; "": nobody
	// contents of the header's fields
	const char *pvno, *sender, *recipient, *time, *algorithm, *kid, *id, *nonce, *recip, *info;
	const char *tag;			// of the body, instead of that of its kind
	const char *body;			// contents of the CHOICE
	const char *requests;			// the CertReqMsgs
	const char *number, *template, *controls, *popo, *reg_info;	// of the one CertReqMsg
	const char *subject;			// asked for, RFC 4514; NULL: that of the signer
	const char *key;			// contents of the SubjectPublicKeyInfo
	const char *extensions, *validity;	// contents of [9], [4]
	const char *new_key;			// "rsa", "p384", ...: whose key is to be certified; NULL: a P-256 key of its own
	const char *csr_info, *csr;		// contents of the CertificationRequestInfo; of the request
	const char *protection, *extra;		// contents of [0] and of [1]
	const char *after;			// what stands behind extraCerts
	const struct kit_message *const *inner;	// of a nested one, ends with NULL
	bool same_id;				// id and nonces are not renewed: the test has set them
};
// Append the message to out.
void kit_build(struct buffer *out, const struct kit_message *m);
// Fresh transactionID and senderNonce; a fresh senderNonce alone.
void kit_new_transaction(void);
void kit_new_nonce(void);
extern uint8_t kit_id[16], kit_nonce[16];
extern struct span kit_recip;			// recipNonce of what follows; len 0 = none

// ---- what came of it
struct kit_said {
	bool replied;				// the device was told something
	enum reply_kind kind;
	enum refusal reason;
	char text[512];
	struct message *answer;			// NULL = no message came
	char pem[4096];				// what a PKCS#10 request got
	bool delayed;				// nothing yet: an answer waits for its tick
	unsigned replies, submissions;		// how many, since kit_clear()
	struct message *up;			// what the CA got last; NULL = nothing
	uint64_t submission;
};
extern struct kit_said kit_said;
void kit_clear(void);
// Make the n-th message that the CA got since kit_clear() the last one: kit_answer() answers it.
void kit_turn_to(unsigned n);
// Send octets from a device to a listener, and wait until the gateway has done what it does.
void kit_send(const char *listener, struct span octets);
// Hand octets over and do not wait: what several devices send before the gateway looks up.
void kit_hand_over(const char *listener, struct span octets);
void kit_settle(void);
extern const char *kit_profile;			// that the path of what follows names; NULL = none
// The same for a PKCS#10 request that is no CMP message.
void kit_send_pkcs10(const char *listener, struct span octets);
// Build it (with a fresh transactionID unless same_id) and send it.
void kit_ask(const char *listener, const struct kit_message *m);
// What follows refers to the last answer, and is the next message of its transaction: same_id with a fresh nonce.
void kit_go_on(void);
// The CA's answer to what it got last: a message, or another outcome.
void kit_answer(const struct kit_message *m);
void kit_outcome(const struct outcome *o);
// Both clocks go on, and what is due is done.
void kit_wait(int64_t ms);
// Turn until this holds.
void kit_until(const bool *done);
// failInfo of the answer; FAIL_NONE where it has none.
enum failure kit_failure(void);
// "ip rejection badPOP: text" for messages of tests.
const char *kit_said_text(void);
// Is the answer protected as it should be: by a signature of the gateway, or with the secret of `by`?
bool kit_is_protected(const char *by);

// ---- steps of a story; each ends the test when it goes another way
// The message reaches the CA, and nothing is told yet.
void kit_pass(const char *at, const struct kit_message *m);
// A first message of this kind does.
void kit_begin(const char *at, enum body kind, const char *by);
// The CA answers as it should, and the device hears that.
void kit_grant(enum body kind);
// The certConf for what was heard reaches the CA.
void kit_confirm(const char *at, const char *by);
// A CMP answer refuses it with this failInfo, protected, and the CA gets nothing.
void kit_refused(const char *at, const struct kit_message *m, enum failure f);
// The CA cannot be reached.
void kit_lose(void);
void kit_nothing_left(void);
// Is it signed by the gateway, in its own name?
bool kit_signed_by_ra(const struct pkimessage *m);
void kit_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

// ---- the gateway
extern struct gateway *kit_gateway;
extern struct store *kit_store;
extern bool kit_synced;				// what the gateway believes of its clock
extern char kit_folder[64];
extern bool kit_log_is_clean;			// no line of the log so far held a control character, since it was set
// Listeners, upstreams, trust, credentials and secrets of a usual RA stand above
// `more`: routes, limits, and what else a test wants. store: on disk.
void kit_open(const char *more, bool store);
void kit_close(void);
// Close the gateway and open it again over the same store, as after a restart.
void kit_restart(void);
// Reload with the first `from` of the configuration replaced by `to`, which is no longer.
void kit_reload(const char *from, const char *to);
// Lines of the audit that hold both words (NULL: no matter which); all that was noted so far is written first.
unsigned kit_audit(const char *word, const char *other);
// A file in the folder, closed to others.
void kit_file(const char *name, struct span octets);
// Free the secrets that were locked, used or bound.
void kit_free_secrets(void);

int kit_set_up(void **state);
int kit_tear_down(void **state);

#endif
