// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/load.h"

void *
load_scratch(struct load *l, size_t size)
{
	void *block = arena_alloc(&l->scratch, size);

	if (block == NULL)
		findings_exhaust(l->findings);
	return block;
}

void *
load_keep(struct load *l, size_t size)
{
	void *block = arena_alloc(&l->keep, size);

	if (block == NULL)
		findings_exhaust(l->findings);
	return block;
}

char *
load_keep_text(struct load *l, const char *text)
{
	size_t len = strlen(text);
	char *copy = load_keep(l, len + 1);

	if (copy != NULL)
		memcpy(copy, text, len);
	return copy;
}
