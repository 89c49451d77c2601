// SPDX-License-Identifier: GPL-3.0-or-later
// pieces: cut an input as a network might, the same way each time for the same
// input, with cuts that move when any octet of it changes.
#ifndef CMPGATE_TESTS_PIECES_H
#define CMPGATE_TESTS_PIECES_H

#include "base/buffer.h"

struct pieces { uint64_t state; };

static inline void
pieces_init(struct pieces *p, struct span in)
{
	p->state = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < in.len; i++)
		p->state = (p->state ^ in.data[i]) * UINT64_C(0x100000001b3);
	p->state |= 1;	// a xorshift never leaves 0
}

// Octets of the next piece: 1..left (left > 0), mostly few, now and then many.
static inline size_t
pieces_next(struct pieces *p, size_t left)
{
	p->state ^= p->state << 13;
	p->state ^= p->state >> 7;
	p->state ^= p->state << 17;
	size_t most = (p->state & 7) == 0 ? 4096 : 8;
	size_t n = 1 + (size_t)(p->state >> 32) % most;
	return n < left ? n : left;
}

#endif
