// SPDX-License-Identifier: GPL-3.0-or-later
// coap_replay: remembers exchanges, so that a message that comes twice gets the
// same answer and is never handed over twice (RFC 7252 4.5), and so that the
// later blocks of an answer can be asked for (RFC 7959 2.4). No sockets, no
// CoAP library. Answers are held by reference.
#ifndef CMPGATE_TRANSPORTS_COAP_REPLAY_H
#define CMPGATE_TRANSPORTS_COAP_REPLAY_H

#include "base/blob.h"
#include "base/list.h"
#include "base/map.h"
#include "transports/coap_block.h"

// EXCHANGE_LIFETIME of RFC 7252 4.8.2: until then a message id is not used again.
enum { COAP_EXCHANGE_LIFETIME_MS = 247000 };

// What is sent for an exchange, apart from type, message id and token.
struct coap_answer {
	uint8_t code;		// as on the wire, 0x44 = 2.04; 0: nothing was sent
	bool formatted;		// Content-Format is sent
	uint16_t format;
	bool aged;		// Max-Age is sent
	uint32_t max_age;	// seconds
	bool limited;		// Size1 is sent: what we take at most
	uint32_t limit;
	bool blocked;		// Block1 is sent: the block that is answered
	struct coap_block block1;
	bool sliced;		// the peer chose a block size for the answer
	unsigned szx;		// of Block2, when sliced
	bool parted;		// more blocks than the one that was sent: they can be asked for
	struct blob *body;	// may be NULL
};

struct replay_entry {
	struct map_node by_id;		// key: peer, message id; not entered for streams
	struct map_node by_path;	// key: peer, path
	struct list order;		// finished ones, by the time they finished
	int64_t arrived, finished;	// ms, monotonic
	uint64_t exchange;		// the driver's handle while it runs; 0 once finished
	uint32_t etag;			// tells the answers of one path apart
	struct coap_answer answer;
	bool has_id, done;
	size_t tag_at, tag_len;		// Request-Tag within key
	uint8_t key[];			// peer, message id; peer, path; tag
};

struct replay {
	struct map ids, paths;
	struct list plain;	// finished entries whose answer has gone out whole
	struct list parted;	// those of which blocks are still to be fetched: they go last
	size_t count;		// finished entries
	size_t limit;		// most finished entries; running ones are bounded by the driver
	size_t octets, octet_limit;	// of the bodies of finished entries
	uint32_t next_etag;
	uint64_t evicted;	// answers given up before their time, for a counter
};

struct replay_key {
	struct span peer;
	int64_t mid;		// -1: none (streams)
	struct span path, tag;
};

// Prepare an empty cache without a limit on octets; false without memory or randomness.
bool replay_init(struct replay *r, size_t limit);
void replay_clear(struct replay *r);
// The exchange that this message id began, running or done; NULL when it is new.
struct replay_entry *replay_find(struct replay *r, struct span peer, int64_t mid, int64_t now);
// Remember an exchange that begins now; NULL without memory.
struct replay_entry *replay_open(struct replay *r, const struct replay_key *key, uint64_t exchange, int64_t now);
// Store its answer, with a reference of its own to the body. Older answers may go to
// make room, those first that have gone out whole.
void replay_finish(struct replay *r, struct replay_entry *e, const struct coap_answer *answer, int64_t now);
// Forget an exchange, as if it had never been.
void replay_forget(struct replay *r, struct replay_entry *e);
// The last block of an answer was fetched: it is like one that went out whole.
void replay_fetched(struct replay *r, struct replay_entry *e);
// The newest answer in several blocks for this peer, path and tag; a request without a
// tag (empty span) finds the newest of the path, since some clients send the tag
// with the upload only. NULL when there is none.
struct replay_entry *replay_find_answer(struct replay *r, const struct replay_key *key, int64_t now);
// Forget what is older than COAP_EXCHANGE_LIFETIME_MS; done by the look-ups as well.
void replay_expire(struct replay *r, int64_t now);
// When replay_expire() has something to do next; INT64_MAX = never.
int64_t replay_due(const struct replay *r);

#endif
