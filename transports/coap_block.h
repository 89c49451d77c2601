// SPDX-License-Identifier: GPL-3.0-or-later
// coap_block: block-wise transfer (RFC 7959) without sockets and without a CoAP
// library: the option's value, the assembly of uploads (Block1) and the slicing
// of answers (Block2). An upload is known by its peer, path and Request-Tag (RFC
// 9175 3.4), never by its token, which may differ from block to block.
#ifndef CMPGATE_TRANSPORTS_COAP_BLOCK_H
#define CMPGATE_TRANSPORTS_COAP_BLOCK_H

#include "base/blob.h"
#include "base/buffer.h"
#include "base/map.h"

enum {
	COAP_SZX_MAX = 6,	// 1024 octets
	COAP_SZX_BERT = 7,	// several blocks of 1024 in one message, streams only (RFC 8323 6)
	COAP_BLOCK_NUM_MAX = 0xFFFFF
};

struct coap_block {
	uint32_t num;	// 0..COAP_BLOCK_NUM_MAX
	bool more;
	unsigned szx;	// 0..7
};

// Read the value of a Block1 or Block2 option; false when it is longer than 3 octets.
bool coap_block_read(struct coap_block *out, struct span value);
// Write the shortest value; answers its length, 0..3.
size_t coap_block_write(const struct coap_block *b, uint8_t out[3]);
// Octets of one block: 16..1024 (1024 for COAP_SZX_BERT).
size_t coap_block_size(unsigned szx);
// Where a block begins in the whole.
size_t coap_block_offset(const struct coap_block *b);
// The part of whole that block b asks for; sets b->more. False when it begins
// behind the end (an empty whole has an empty block 0).
bool coap_block_slice(struct coap_block *b, struct span whole, struct span *part);

// ---- Uploads

// A peer's key begins with its address; what follows (the port) anybody may choose.
enum { COAP_SOURCE = 16 };

struct coap_assembly_limits {
	size_t message;		// octets of one upload
	size_t count;		// uploads at a time
	size_t per_peer;	// uploads of one peer at a time
	size_t octets;		// memory of all uploads together
	int64_t timeout;	// ms after the last block
};

struct coap_assemblies {
	struct map map;
	struct map sources;	// how many uploads each address has
	struct coap_assembly *oldest, *newest;	// by their last block
	struct coap_assembly_limits limits;
	size_t octets;		// memory in use
	uint64_t dropped;	// uploads given up so far, for a counter; a restart is none
};

// One block as it came in.
struct coap_piece {
	struct span peer, tag, path;	// the key; tag tells "no tag" from an empty one by the caller's coding
	struct coap_block block;
	struct span payload;
	bool sized;		// Size1 was there
	uint64_t size;		// Size1
	int64_t mid;		// message id; -1: none (streams)
	bool stream;		// COAP_SZX_BERT is allowed
};

enum coap_step {
	COAP_STEP_CONTINUE,	// 2.31: wait for the next block
	COAP_STEP_COMPLETE,	// all is here
	COAP_STEP_INCOMPLETE,	// 4.08: a block is missing, or came twice with other content
	COAP_STEP_BAD,		// 4.00: block sizes against the rules
	COAP_STEP_TOO_LARGE,	// 4.13
	COAP_STEP_RATE,		// 4.29: too many uploads of this peer
	COAP_STEP_BUSY		// 5.03: no memory
};

// Prepare an empty table; false without memory or randomness.
bool coap_assemblies_init(struct coap_assemblies *a, const struct coap_assembly_limits *limits);
void coap_assemblies_clear(struct coap_assemblies *a);
// Take a block at the time now (ms, monotonic). A new upload, and one that grows, takes
// the place of another when the limits are reached: first of an address that has more
// than a quarter of them, then of one that has shown its first block only (anybody can
// send that under any address), then of the one that was silent longest. COMPLETE fills *whole with a
// blob of which the caller owns the reference. BUSY and RATE: ask coap_assemblies_wait().
enum coap_step coap_assemblies_take(struct coap_assemblies *a, const struct coap_piece *piece, int64_t now, struct blob **whole);
// Give up uploads that had no block for too long.
void coap_assemblies_expire(struct coap_assemblies *a, int64_t now);
// When coap_assemblies_expire() has something to do next; INT64_MAX = never.
int64_t coap_assemblies_due(const struct coap_assemblies *a);
// Whole seconds until the first upload may give its place to another: 1 at least.
unsigned coap_assemblies_wait(const struct coap_assemblies *a, int64_t now);

#endif
