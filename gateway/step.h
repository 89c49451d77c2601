// SPDX-License-Identifier: GPL-3.0-or-later
// step: one message on its way through the steps that need keys or the store.
// It holds the snapshot it began under, names exchange and transaction by handle,
// and a result that finds neither any more is dropped. Private to gateway/.
#ifndef CMPGATE_GATEWAY_STEP_H
#define CMPGATE_GATEWAY_STEP_H

#include "base/worker.h"
#include "gateway/answers.h"
#include "gateway/approve.h"
#include "gateway/certificate_check.h"
#include "gateway/core.h"
#include "gateway/envelope.h"
#include "gateway/protection.h"

enum step_kind { STEP_REQUEST, STEP_ANSWER, STEP_REPLY, STEP_OWN };

struct step {
	struct worker_job job;		// first
	struct gateway *gateway;
	enum step_kind kind;
	uint64_t handle;
	struct map_node by_id;		// a first message without a row
	bool in_map;
	uint64_t exchange, transaction;
	struct settings *settings;	// the snapshot
	struct keyring *keys;
	const struct settings_route *route;	// in it
	struct message *request;	// REQUEST: what came; ANSWER, REPLY: what it answers
	struct message *first;		// the device's first request: REQUEST, for its chain; ANSWER, for what was asked
	bool failed;			// on the worker, or late
	struct wants wants;		// what a worker would have to know
	unsigned rounds, awaited;	// of fetching; how many errands are under way for it
	void (*resume)(struct step *s, bool late);

	// REQUEST
	enum event event;
	struct gate_listener *listener;
	struct peer peer;
	struct label label;
	uint8_t return_label[RETURN_LABEL_MAX];
	size_t return_label_len;
	bool mailbox, adopted;
	bool admitted;			// a first message that will be a transaction of its sender
	struct protection_job protection;
	const struct secret_entry *secret;	// in keys; NULL = a signature
	struct secret_before secret_before;	// once it is bound
	const char *secret_cause;	// why it did not count, for the log alone; NULL = it did
	enum pop_state pop;
	struct identity identity, outer;	// outer: of the envelope
	enum route_protection mode;
	struct approval *approval;
	bool local;			// answered here (to: answers)

	// what a worker makes
	struct body_change change;
	struct credential *credential;	// a reference
	struct voice voice;
	struct blob *octets;		// in: to be re-protected; out: finished
	struct fault fault;

	// ANSWER
	enum slot slot;
	struct message *answer;
	struct message *chain;		// the CA's first signed answer
	struct relayed judged;
	struct answer_job *answer_job;
	enum body body;			// of the finished octets
	// REPLY
	int64_t release_ms;
};

enum { ENVELOPE_MAX = 2 * 1024 * 1024 };	// octets of what the gateway finishes

// A step with references of the present snapshot; NULL without memory.
struct step *step_new(struct gateway *g, enum step_kind kind, const struct settings_route *r);
// Hand it to a worker; false when the queue is full.
bool step_submit(struct step *s, void (*run)(struct worker_job *job, unsigned thread), void (*done)(struct worker_job *job, bool late));
void step_free(struct step *s);
// A worker has come back with wants: fetch them. True when the step waits: resume() is called once, and late when nothing could
// be fetched for lack of room or time. False: there is nothing to wait for, and what the worker said counts.
bool step_fetch(struct step *s, void (*resume)(struct step *s, bool late));
// The path cache of a worker.
struct path_cache *step_cache(const struct step *s, unsigned thread);
// A verified batch: opens an exchange for each message in it, and ends the step. False: it is none.
bool step_batch(struct step *s);
// End a step, and its exchange with a CMP error or rejection.
void step_fail(struct step *s, const struct verdict *v, const struct identity *who, bool delayed);
// The same in the transport's words.
void step_refuse(struct step *s, enum refusal reason, const char *text);
// Commit rows, then call done; without a store, or for an empty unit, from the loop at once.
typedef void step_committed(void *context, enum store_result result, const struct store_conflict *conflict);
bool step_commit(struct gateway *g, struct store_unit *u, step_committed *done, void *context);

#endif
