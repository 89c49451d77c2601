// SPDX-License-Identifier: GPL-3.0-or-later
// memory: the one allocator of the program. Everything that may fail while
// serving goes through here, so that tests can make any allocation fail.
#ifndef CMPGATE_BASE_MEMORY_H
#define CMPGATE_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

// Allocate size octets, all zero; NULL when there is no memory. Free with mem_free().
void *mem_alloc(size_t size);
// Allocate count * size octets, all zero; NULL on overflow or without memory.
void *mem_array(size_t count, size_t size);
// Resize like realloc(); on failure NULL, and the old block stays valid.
void *mem_resize(void *old, size_t size);
// Copy a text; NULL without memory. Free with mem_free().
char *mem_text(const char *text);
// Format a new text; NULL without memory. Free with mem_free().
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Free a block; NULL is allowed.
void mem_free(void *block);

// Tests only: let the n-th allocation from now fail (1 = the next one); with
// every != 0 all after it fail as well; n = 0 switches failing off.
void mem_fail(uint64_t n, int every);
// Tests only: the number of allocations made so far by this process.
uint64_t mem_count(void);

#endif
