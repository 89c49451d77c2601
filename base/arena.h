// SPDX-License-Identifier: GPL-3.0-or-later
// arena: memory of one request that dies at once. Not thread-safe.
#ifndef CMPGATE_BASE_ARENA_H
#define CMPGATE_BASE_ARENA_H

#include "base/span.h"

struct arena {
	struct arena_block *blocks;	// newest first
	size_t used;			// octets handed out in all
	size_t limit;			// most octets it may hand out
};

// Prepare an arena that may hand out at most limit octets. Allocates nothing.
void arena_init(struct arena *a, size_t limit);
// Free everything that was handed out. The arena may be used again.
void arena_clear(struct arena *a);
// Hand out size zeroed octets, aligned for any type; NULL over the limit or without memory.
void *arena_alloc(struct arena *a, size_t size);
void *arena_array(struct arena *a, size_t count, size_t size);
char *arena_text(struct arena *a, struct span text);	// NUL-terminated copy
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
