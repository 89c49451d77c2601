// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/handle.h"

#include "base/memory.h"

// A handle is the slot's generation in the upper half and its index + 1 in the
// lower one. A slot whose generation is used up is never given out again.
struct handle_slot {
	void *object;		// NULL: free
	uint32_t generation;
	uint32_t next_free;	// index + 1; 0 = none
};

#define FIRST_SLOTS 16

void
handle_table_init(struct handle_table *t)
{
	*t = (struct handle_table){ 0 };
}

void
handle_table_clear(struct handle_table *t)
{
	mem_free(t->slots);
	handle_table_init(t);
}

static bool
grow(struct handle_table *t)
{
	size_t cap = t->cap > 0 ? t->cap * 2 : FIRST_SLOTS;

	if (cap > UINT32_MAX / 2)
		return false;
	struct handle_slot *slots = mem_resize(t->slots, cap * sizeof(*slots));
	if (slots == NULL)
		return false;
	for (size_t i = t->cap; i < cap; i++)
		slots[i] = (struct handle_slot){ .generation = 1, .next_free = i + 1 < cap ? (uint32_t)i + 2 : t->first_free };
	t->first_free = (uint32_t)t->cap + 1;
	t->slots = slots;
	t->cap = cap;
	return true;
}

static struct handle_slot *
slot_of(const struct handle_table *t, uint64_t handle)
{
	uint32_t index = (uint32_t)handle;

	if (index == 0 || index > t->cap)
		return NULL;
	struct handle_slot *slot = &t->slots[index - 1];
	return slot->object != NULL && slot->generation == (uint32_t)(handle >> 32) ? slot : NULL;
}

uint64_t
handle_open(struct handle_table *t, void *object)
{
	if (object == NULL || (t->first_free == 0 && !grow(t)))
		return 0;
	uint32_t index = t->first_free;
	struct handle_slot *slot = &t->slots[index - 1];
	t->first_free = slot->next_free;
	slot->object = object;
	t->count++;
	return (uint64_t)slot->generation << 32 | index;
}

void *
handle_find(const struct handle_table *t, uint64_t handle)
{
	struct handle_slot *slot = slot_of(t, handle);

	return slot != NULL ? slot->object : NULL;
}

void *
handle_close(struct handle_table *t, uint64_t handle)
{
	struct handle_slot *slot = slot_of(t, handle);

	if (slot == NULL)
		return NULL;
	void *object = slot->object;
	slot->object = NULL;
	t->count--;
	if (++slot->generation != 0) {
		slot->next_free = t->first_free;
		t->first_free = (uint32_t)handle;
	}
	return object;
}

void *
handle_next(const struct handle_table *t, size_t *cursor, uint64_t *handle)
{
	while (*cursor < t->cap) {
		struct handle_slot *slot = &t->slots[(*cursor)++];
		if (slot->object == NULL)
			continue;
		if (handle != NULL)
			*handle = (uint64_t)slot->generation << 32 | *cursor;
		return slot->object;
	}
	return NULL;
}
