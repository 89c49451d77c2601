// SPDX-License-Identifier: GPL-3.0-or-later
// core: the nouns of the message path as the files of gateway/ share them.
// Exchange and submission never meet: the transaction stands between. Private.
#ifndef CMPGATE_GATEWAY_CORE_H
#define CMPGATE_GATEWAY_CORE_H

#include "base/handle.h"
#include "base/list.h"
#include "base/map.h"
#include "gateway/audit.h"
#include "gateway/gateway.h"
#include "gateway/identity.h"
#include "gateway/inspect.h"
#include "gateway/keyring.h"
#include "gateway/message.h"
#include "gateway/rate.h"
#include "gateway/relay.h"
#include "gateway/secrets.h"
#include "store/replay.h"
#include "gateway/transaction.h"
#include "transports/driver.h"

enum {
	CLOSED_MAX = 16384,	// ended transactions kept to answer repeats
	DESCRIPTORS_MAX = 8,	// sockets of one listener
	RETURN_LABEL_MAX = 128,
	COUNTED_MAX = 256,	// refused messages that are remembered, so that a replay counts for nothing
	SLOT_MARGIN_MS = 500	// patience of a batch beyond that of its messages
};

// ---- endpoints: what the drivers opened. A reload keeps those that stand unchanged.
struct gate_listener {
	struct gate_listener *next;
	struct gateway *gateway;
	char *name;
	const struct driver *driver;
	struct listener *driver_state;
	struct settings *settings;		// the snapshot whose options it was opened with
	const struct settings_listener *as;	// its entry there
	int fds[DESCRIPTORS_MAX];		// its stream sockets, kept for the next reload
	int fd_count;
	bool fresh, wanted;			// marks of a reload
	bool retired;				// drained; closed when nothing waits on it
	bool closing;
	size_t exchanges;
};

struct gate_upstream {
	struct gate_upstream *next;
	struct gateway *gateway;
	char *name;
	const struct driver *driver;
	struct upstream *driver_state;
	struct settings *settings;
	const struct settings_upstream *as;
	bool fresh, wanted, retired, closing;
	size_t submissions;
};

// ---- exchange: one request of one peer that expects one reply
struct exchange {
	uint64_t handle;
	struct list order;			// by deadline; mailboxes stand in no list
	struct gate_listener *listener;
	uint64_t token;				// the driver's
	struct peer peer;
	struct label label;
	struct message *request;		// NULL while it only asks for a ticket
	uint64_t transaction;
	uint64_t step;				// that works for it; 0 = none
	int64_t arrived_ms, deadline_ms;
	char route[65];				// that took or rejected it, for the log; empty: none yet
	bool mailbox;				// has no patience: the answer is written whenever it comes
	bool adopted;				// a PKCS#10 request: the message around it is ours
	// a slot of a batch: its "connection" is the parent
	uint64_t parent;			// exchange; 0 = none
	unsigned slot;
	struct batch *batch;			// of a parent
	// an answer that leaves at its tick (a MAC that was refused)
	struct list delayed;
	int64_t release_ms;
	struct blob *held; enum body held_body;
};

// The requests of a transaction that are remembered: the first one, the last
// pollReq, the last certConf; and a certConf of the gateway's own.
enum slot { SLOT_FIRST, SLOT_POLL, SLOT_CONFIRM, SLOT_OWN, SLOT_COUNT };

struct nonce { uint8_t octets[CAP_NONCE]; uint8_t len; };

// The rows of one source. Drop folders have none of their own: they share one.
struct share {
	struct map_node node;
	size_t rows, weight;			// weight: scratch of evict.c
	char source[48];
};

// ---- transaction: one CMP operation of one device, known by its transactionID
struct transaction {
	uint64_t handle;
	struct map_node by_id;
	struct list order;			// open ones and closed ones, each by `due`
	struct share *share;			// its source's, while it is open
	int64_t due_ms;				// expiry, end of the confirmation time, or forgetting
	uint8_t id[CAP_TRANSACTION_ID];
	uint8_t id_len;
	enum state state;
	enum txn_outcome outcome;
	enum body first_body;			// BODY_COUNT: unknown, from before a restart
	char route[65];				// pinned by name
	char source[80];			// where it began, for the log
	struct { struct blob *request, *reply; struct nonce sender_nonce; } slots[SLOT_COUNT];
	struct nonce inner_nonce;		// of the message inside a nested first request
	enum slot current;			// what is under way, or was last
	struct nonce sent[4];			// senderNonces of the last answers passed down, newest first
	enum slot held;				// READY: whose reply is held
	int32_t ids[CAP_CERT_REQ_MSGS];		// certReqIds of the certificates passed down
	uint8_t id_count;
	bool polled, held_waiting, rejecting, fetched;
	bool in_closed;				// which of the two lists it stands in
	uint64_t submission;			// under way; 0 = none
	uint64_t waiter;			// exchange; 0 = none
	struct gate_upstream *upstream;		// holds its affinity; NULL = none
	struct gate_listener *mailbox;		// where answers are posted; NULL = needs a live exchange
	uint8_t return_label[RETURN_LABEL_MAX];
	uint8_t return_label_len;
	// on routes that verify
	bool verified;				// the identity stands
	bool self;				// CONFIRMING: the certConf is ours
	bool own_rejects;			// and it rejects
	bool adopted;				// the request came as PKCS#10: the gateway is its device
	struct identity identity;
	enum route_protection mode;		// what is done to its messages (a kur is never re-protected)
	uint64_t step;				// under way; 0 = none
	struct blob *chain;			// the CA's first signed answer, for its extraCerts
	uint8_t cert_hash[DIGEST_MAX];		// certHash of the certificate passed down
	uint8_t cert_hash_len;			// 0 = none, or its algorithm has none
	// for a certConf of our own: the CA's answer, and the hash of its certificate
	struct blob *own_answer;
	uint8_t own_hash[DIGEST_MAX];
	uint8_t own_hash_len;
	int32_t own_id;				// certReqId that it was answered under
	int64_t began_ms;
	struct certificate_facts issued;	// for the audit
};

// ---- submission: one finished message for one upstream
struct submission {
	uint64_t handle;
	uint64_t transaction;
	enum slot slot;
	struct gate_upstream *upstream;
};

struct gateway {
	uv_loop_t *loop;
	const struct config_scheme *schemes;
	gateway_bind *bind;
	void *bind_context;
	struct settings *settings;
	struct keyring *keys;			// of these settings
	struct secret_states *secrets;
	struct audit audit;
	struct store *store;			// NULL: nothing is durable (tests)
	struct worker_pool *workers;
	struct path_cache **caches;		// one for each worker
	unsigned cache_count;
	gateway_clock *clock;
	struct transport_limits limits;		// as the drivers see them; rewritten by a reload
	struct driver_core core;
	struct gate_listener *listeners;
	struct gate_upstream *upstreams;
	struct handle_table exchanges, transactions, submissions, steps;
	struct list waiting;			// exchanges with patience, by deadline
	struct list delayed;			// exchanges whose answer waits for its tick, by release
	struct map steps_by_id;			// first messages that are being verified, by transactionID
	struct list open, closed;		// transactions by due time
	size_t open_count, closed_count;
	struct map by_id;
	struct map shares;			// of the open ones, by source
	struct list errands;			// what is being fetched (fetch.c), in order
	size_t errand_count, errands_running;
	bool errands_ending;
	struct rate_table *rates;
	struct rate_table *failures;		// refusals of each verified identity
	struct { uint8_t digest[16]; int64_t until_ms; } counted[COUNTED_MAX];	// messages that were counted there, a ring
	size_t counted_next;
	struct { int64_t second; unsigned told, hushed; } complaints;	// of drivers, in the log
	uv_timer_t timer;
	int64_t timer_due;			// 0: not armed
	bool timer_open;
	const char *blocked;			// why nothing new is taken; NULL = it is
	bool stopping, recorded, ended;		// recorded: the end stands in the audit, and all before it
	int64_t stop_at;
	size_t closing;				// endpoints and handles whose close is under way
	void (*done)(void *context);
	void *done_context;
};

// intake.c: what the drivers call.
void intake_core(struct gateway *g);

// serve.c: the coordinator.
// A request with a live exchange; takes the exchange over. Answers its handle while it waits, 0 when it was answered.
uint64_t serve_request(struct gateway *g, struct exchange *x, struct span return_label);
uint64_t serve_ticket(struct gateway *g, struct exchange *x, uint64_t ticket);
void serve_gone(struct gateway *g, struct exchange *x);
// The listener closes: the peer is told to try again.
void serve_turn_out(struct gateway *g, struct exchange *x);
// Everything whose time has come; also ends a stop whose grace is over.
void serve_due(struct gateway *g);
// Arm the timer for the earliest deadline.
void serve_arm(struct gateway *g);
// Settle what has ended in the next turn of the loop.
void serve_soon(struct gateway *g);
// What a request wants to be in its transaction.
enum event serve_event(const struct message *m);
// The route of a first message; NULL when the exchange was answered.
const struct settings_route *serve_route(struct gateway *g, struct exchange *x);
// A verified request (or one of a route that does not verify): the facts of its row.
struct facts serve_facts(struct gateway *g, const struct transaction *t, const struct message *m, enum event e, enum slot same);
// A new row for a first message; NULL when the table is full.
struct transaction *serve_row(struct gateway *g, const struct message *m, const struct settings_route *r, const struct peer *peer);
// Carry out what decide() says about a request. x: who asks, NULL = has gone. octets: what goes up,
// NULL = as received.
struct asking {
	struct exchange *x;
	struct message *request;
	struct blob *octets;
	struct label label;
	const struct settings_route *route;
	const struct identity *who;	// the verified sender of this request; NULL = nobody was verified
};
void serve_act(struct gateway *g, struct transaction *t, const struct asking *a, enum event e, enum slot same, const struct facts *facts);
// Remember where answers are posted.
void serve_mailbox(struct transaction *t, struct gate_listener *l, struct span return_label);
struct label serve_label(const struct label *of_peer, const struct message *m);

// outcome.c: what upstreams say.
void outcome_take(struct gateway *g, struct submission *s, const struct outcome *o);
// The answer as it came (answer: NULL = none did) and as the device gets it (octets:
// NULL = none); carries out what decide() says.
struct finished_answer {
	struct message *answer;
	struct blob *octets;
	enum body body;				// of octets
	const struct relayed *judged;		// its event is what decide() hears
	enum refusal reason;			// EVENT_BAD, EVENT_GIVEN_UP
	const char *text;
	bool proven;
};
void outcome_finish(struct gateway *g, struct transaction *t, enum slot slot, const struct finished_answer *a);
// The stored answer once more, to a drop folder that brought the same PKCS#10 request again.
void outcome_give_again(struct gateway *g, const struct transaction *t, struct exchange *x, struct blob *octets);
// What decide() will say of it, as things stand.
struct decision outcome_preview(struct gateway *g, const struct transaction *t, const struct finished_answer *a);

// row.c: what is read off and written to a row.
struct exchange *row_waiter(struct gateway *g, const struct transaction *t);
void row_remember_sent(struct transaction *t, struct span nonce);
bool row_was_sent(const struct transaction *t, const struct pkiheader *h);
void row_fill(struct transaction *t, enum slot slot, const struct message *m);
void row_empty(struct transaction *t, enum slot slot);
// The slot whose request is these octets; SLOT_COUNT when there is none.
enum slot row_slot(const struct transaction *t, const struct message *m);
void row_set(struct gateway *g, struct transaction *t, const struct decision *d);
// A sentence for the operator, in log and audit.
void row_alarm(struct gateway *g, const struct transaction *t, const char *text);
struct facts row_facts(struct gateway *g, const struct transaction *t);
const char *row_id_text(const struct transaction *t, char out[2 * CAP_TRANSACTION_ID + 1]);
struct gate_upstream *row_upstream(struct gateway *g, const struct settings_route *r);

// reply.c: every way to end an exchange.
void reply_blob(struct gateway *g, struct exchange *x, struct blob *octets, enum body body);
void reply_refusal(struct gateway *g, struct exchange *x, enum refusal reason, const char *text);
// A fault in a request, as a CMP error or rejection: protected where the route
// has a voice, and written to the audit. who: the verified sender, or NULL.
// delayed: it leaves at its tick (limits.mac_refusal_delay).
// secret: why a MAC did not count, for the log alone; the device is told the same in all cases.
struct fault_context { const struct settings_route *route; const struct identity *who; bool delayed; const char *secret; };
void reply_fault(struct gateway *g, struct exchange *x, const struct verdict *v, const struct fault_context *c);
void reply_failure(struct gateway *g, struct exchange *x, enum failure failure, const char *text, const struct fault_context *c);
// Answer at a tick (clock_mono_ms()), or now when it has passed.
void reply_at(struct gateway *g, struct exchange *x, struct blob *octets, enum body body, int64_t release_ms);
// Release what has waited long enough.
void reply_due(struct gateway *g, int64_t now);

// step.c: steps 6 to 10 of a request on a route that verifies. Takes the exchange over.
void step_request(struct gateway *g, struct exchange *x, struct transaction *t, enum event e, const struct settings_route *r, struct span return_label);
// A first message with this transactionID is being verified. Same octets: x takes
// the place of who waited; others are told to try again. True when it was dealt with.
bool step_join(struct gateway *g, struct exchange *x);
// The transaction has ended without a certificate that was confirmed, or gave up its place: its secret is free again.
void step_release_secret(struct gateway *g, struct transaction *t);
// Nothing came of a first request, and nothing final was told: its secret is
// free, and its transactionID unused, so that the same octets may come again.
void step_undo(struct gateway *g, const struct identity *who, struct span transaction_id, struct span request);
// The secret that verified an identity, as the configuration has it now; NULL = gone.
const struct secret_entry *step_secret(struct gateway *g, const struct identity *who);
// Something that this step waited for was fetched, or given up (late: because the gateway ends).
void step_fetched(struct gateway *g, uint64_t step, bool late);
// The end does not wait for programs that are asked: their steps end, and nothing is told.
void step_end_approvals(struct gateway *g);
// Its exchange has gone.
void step_forget(struct gateway *g, uint64_t step, uint64_t exchange);
// How the gateway speaks to the sender of a request on a route.
struct voice;
void step_voice(struct gateway *g, const struct settings_route *r, const struct identity *who, struct voice *out);
struct judging_time step_time(struct gateway *g, bool *known);

// reprotect.c: an answer on a route that verifies, and messages of our own.
// Verify what came, hold it against the request, re-protect it, record it; calls
// outcome_finish when done. False without memory, or when the workers are full.
bool reprotect_answer(struct gateway *g, struct transaction *t, enum slot slot, struct message *answer, const struct relayed *judged);
// Protect octets of ours for an exchange, then answer it with them.
bool reprotect_reply(struct gateway *g, struct exchange *x, struct blob *octets, enum body body, const struct settings_route *r, const struct identity *who, int64_t release_ms);
// Send a certConf of our own for the certificate of a transaction: accepted, or rejected with a sentence.
bool reprotect_confirm(struct gateway *g, struct transaction *t, bool accept, const char *text);

// adapter.c: PKCS#10 requests that are no CMP messages (RFC 9483 5.3.1).
// A p10cr of ours around the request; NULL with the fault.
struct message *adapter_message(struct gateway *g, struct blob *pkcs10, struct fault *f);
// What the drop folder gets for the CA's answer: certificate and chain in PEM; NULL when it holds none.
struct blob *adapter_certificate(const struct message *answer);

// batch.c: a nested message of several requests, one child exchange for each.
bool batch_open(struct gateway *g, struct exchange *x, const struct settings_route *r);
void batch_fill(struct gateway *g, struct exchange *child, const struct reply *reply);
void batch_close(struct gateway *g, struct exchange *parent);

// exchange.c
struct exchange *exchange_open(struct gateway *g, struct gate_listener *l, uint64_t token, const struct peer *peer, const struct label *label);
// The same for one message of a batch: its replies fill a slot of the parent.
struct exchange *exchange_open_slot(struct gateway *g, struct exchange *parent, unsigned slot);
// End an exchange with this reply; it is freed.
void exchange_reply(struct gateway *g, struct exchange *x, const struct reply *reply);
// Free without a reply: the peer has gone.
void exchange_close(struct gateway *g, struct exchange *x);

// table.c: the rows, in memory for now.
struct transaction *table_find(struct gateway *g, struct span transaction_id);
// A new row for a message of this peer; evicts what may be evicted. NULL when the table
// is full, the peer's address has its share of it, or memory is out.
struct transaction *table_insert(struct gateway *g, struct span transaction_id, const struct peer *peer);
void table_remove(struct gateway *g, struct transaction *t);
// Set when the row is due next, and which list it stands in.
void table_schedule(struct gateway *g, struct transaction *t, int64_t due_ms);
// Free octets until `octets` more fit the budget: those of ended transactions,
// oldest first, then those of idle ones; false when they do not.
bool table_make_room(struct gateway *g, size_t octets);

// evict.c: who makes room.
// Count an open row under its source, and no more; false without memory.
bool share_join(struct gateway *g, struct transaction *t, const char *source);
void share_leave(struct gateway *g, struct transaction *t);
struct share *share_of(struct gateway *g, const char *source);	// NULL: it has no open row
// Remove the idle row whose loss costs least; only: of this source, NULL = of any. False when there is none.
enum scarce { SCARCE_ROWS, SCARCE_OCTETS };
bool evict_one(struct gateway *g, enum scarce what, const struct share *only);

// submission.c
// Send octets of a transaction upstream; false when the upstream cannot take them (the sentence stands in f).
bool submission_send(struct gateway *g, struct transaction *t, enum slot slot, struct gate_upstream *u, const struct label *label, struct blob *octets, struct fault *f);
void submission_end(struct gateway *g, struct submission *s);

// endpoints.c
struct gate_upstream *upstream_find(struct gateway *g, const char *name);
// Something ended: close what is retired and has nothing left; finish a stop.
void endpoints_settle(struct gateway *g);

// nonces
void nonce_set(struct nonce *n, struct span octets);
bool nonce_is(const struct nonce *n, struct span octets);

#endif
