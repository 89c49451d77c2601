// SPDX-License-Identifier: GPL-3.0-or-later
// core: the nouns of the message path as the files of gateway/ share them.
// Exchange and submission never meet: the transaction stands between. Private.
#ifndef CMPGATE_GATEWAY_CORE_H
#define CMPGATE_GATEWAY_CORE_H

#include "base/handle.h"
#include "base/list.h"
#include "base/map.h"
#include "gateway/gateway.h"
#include "gateway/message.h"
#include "gateway/rate.h"
#include "gateway/transaction.h"
#include "transports/driver.h"

enum {
	CLOSED_MAX = 16384,	// ended transactions kept to answer repeats
	DESCRIPTORS_MAX = 8,	// sockets of one listener
	RETURN_LABEL_MAX = 128
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
	int64_t deadline_ms;
	bool mailbox;				// has no patience: the answer is written whenever it comes
};

// The requests of a transaction that are remembered: the first one, the last pollReq, the last certConf.
enum slot { SLOT_FIRST, SLOT_POLL, SLOT_CONFIRM, SLOT_COUNT };

struct nonce { uint8_t octets[CAP_NONCE]; uint8_t len; };

// ---- transaction: one CMP operation of one device, known by its transactionID
struct transaction {
	uint64_t handle;
	struct map_node by_id;
	struct list order;			// open ones and closed ones, each by `due`
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
	struct transport_limits limits;		// as the drivers see them; rewritten by a reload
	struct driver_core core;
	struct gate_listener *listeners;
	struct gate_upstream *upstreams;
	struct handle_table exchanges, transactions, submissions;
	struct list waiting;			// exchanges with patience, by deadline
	struct list open, closed;		// transactions by due time
	size_t open_count, closed_count;
	struct map by_id;
	struct rate_table *rates;
	uv_timer_t timer;
	int64_t timer_due;			// 0: not armed
	bool timer_open;
	bool stopping, ended;
	int64_t stop_at;
	size_t closing;				// endpoints and handles whose close is under way
	void (*done)(void *context);
	void *done_context;
};

// intake.c: what the drivers call.
void intake_core(struct gateway *g);

// serve.c: the coordinator.
// A request with a live exchange; takes the exchange over.
uint64_t serve_request(struct gateway *g, struct exchange *x, struct span return_label);
uint64_t serve_ticket(struct gateway *g, struct exchange *x, uint64_t ticket);
void serve_outcome(struct gateway *g, struct submission *s, const struct outcome *o);
void serve_gone(struct gateway *g, struct exchange *x);
// The listener closes: the peer is told to try again.
void serve_turn_out(struct gateway *g, struct exchange *x);
// Everything whose time has come; also ends a stop whose grace is over.
void serve_due(struct gateway *g);
// Arm the timer for the earliest deadline.
void serve_arm(struct gateway *g);

// exchange.c
struct exchange *exchange_open(struct gateway *g, struct gate_listener *l, uint64_t token, const struct peer *peer, const struct label *label);
// End an exchange with this reply; it is freed.
void exchange_reply(struct gateway *g, struct exchange *x, const struct reply *reply);
// Free without a reply: the peer has gone.
void exchange_close(struct gateway *g, struct exchange *x);

// table.c: the rows, in memory for now.
struct transaction *table_find(struct gateway *g, struct span transaction_id);
// A new row; evicts what may be evicted. NULL when the table is full or memory is out.
struct transaction *table_insert(struct gateway *g, struct span transaction_id);
void table_remove(struct gateway *g, struct transaction *t);
// Set when the row is due next, and which list it stands in.
void table_schedule(struct gateway *g, struct transaction *t, int64_t due_ms);
// Free octets of ended transactions, oldest first, until `octets` more fit the budget; false when they do not.
bool table_make_room(struct gateway *g, size_t octets);

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
