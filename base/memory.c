// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/memory.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Atomic uint64_t made;	// allocations so far
static uint64_t fail_at;	// fail when `made` reaches this; 0 = never
static bool fail_on;		// and all after it

static bool
refused(void)
{
	uint64_t n = atomic_fetch_add(&made, 1) + 1;

	return fail_at != 0 && (n == fail_at || (fail_on && n > fail_at));
}

void *
mem_alloc(size_t size)
{
	return refused() ? NULL : calloc(1, size > 0 ? size : 1);
}

void *
mem_array(size_t count, size_t size)
{
	return refused() ? NULL : calloc(count > 0 ? count : 1, size > 0 ? size : 1);
}

void *
mem_resize(void *old, size_t size)
{
	return refused() ? NULL : realloc(old, size > 0 ? size : 1);
}

char *
mem_text(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = mem_alloc(size);

	if (copy != NULL)
		memcpy(copy, text, size);
	return copy;
}

char *
mem_printf(const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len >= 0 && (text = mem_alloc((size_t)len + 1)) != NULL) {
		va_start(args, format);
		vsnprintf(text, (size_t)len + 1, format, args);
		va_end(args);
	}
	return text;
}

void
mem_free(void *block)
{
	free(block);
}

void
mem_fail(uint64_t n, int every)
{
	fail_at = n == 0 ? 0 : atomic_load(&made) + n;
	fail_on = every != 0;
}

uint64_t
mem_count(void)
{
	return atomic_load(&made);
}
