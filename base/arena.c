// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"

#define BLOCK_OCTETS 2048
#define ALIGNMENT _Alignof(max_align_t)

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(max_align_t) uint8_t octets[];
};

void
arena_init(struct arena *a, size_t limit)
{
	*a = (struct arena){ .limit = limit };
}

void
arena_clear(struct arena *a)
{
	while (a->blocks != NULL) {
		struct arena_block *next = a->blocks->next;
		mem_free(a->blocks);
		a->blocks = next;
	}
	a->used = 0;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	if (size > a->limit - a->used)
		return NULL;
	size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	struct arena_block *b = a->blocks;
	if (b == NULL || rounded > b->size - b->used) {
		size_t room = rounded > BLOCK_OCTETS ? rounded : BLOCK_OCTETS;
		b = mem_alloc(sizeof(*b) + room);
		if (b == NULL)
			return NULL;
		b->size = room;
		b->next = a->blocks;
		a->blocks = b;
	}
	void *out = b->octets + b->used;
	b->used += rounded;
	a->used += size;
	return out;
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	return size > 0 && count > SIZE_MAX / size ? NULL : arena_alloc(a, count * size);
}

char *
arena_text(struct arena *a, struct span text)
{
	if (text.len == SIZE_MAX)
		return NULL;
	char *copy = arena_alloc(a, text.len + 1);
	if (copy != NULL && text.len > 0)
		memcpy(copy, text.data, text.len);
	return copy;
}

char *
arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len >= 0 && (text = arena_alloc(a, (size_t)len + 1)) != NULL) {
		va_start(args, format);
		vsnprintf(text, (size_t)len + 1, format, args);
		va_end(args);
	}
	return text;
}
