// SPDX-License-Identifier: GPL-3.0-or-later
// handle: names objects by 64-bit numbers that are never used twice, so that a
// result for an object that has gone is a failed look-up, never a dangling
// pointer. 0 is never a handle. Loop thread only.
#ifndef CMPGATE_BASE_HANDLE_H
#define CMPGATE_BASE_HANDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct handle_table {
	struct handle_slot *slots;
	size_t cap, count;
	uint32_t first_free;
};

void handle_table_init(struct handle_table *t);
void handle_table_clear(struct handle_table *t);
// Name an object; 0 without memory.
uint64_t handle_open(struct handle_table *t, void *object);
// The object, or NULL when the handle is 0, unknown or closed.
void *handle_find(const struct handle_table *t, uint64_t handle);
// Forget a handle; answers the object, or NULL when it was not open.
void *handle_close(struct handle_table *t, uint64_t handle);
// Walk: set *cursor to 0 first; the next open object (its handle in *handle), NULL at the end.
void *handle_next(const struct handle_table *t, size_t *cursor, uint64_t *handle);

#endif
