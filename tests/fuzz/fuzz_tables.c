// SPDX-License-Identifier: GPL-3.0-or-later
// Any octets as a table of secrets and as an allow-list: they are read or
// refused, what was read lies inside the octets, and a list allows what it names.
#include "build.h"

#include <stdlib.h>

#include "base/allow_list.h"
#include "base/memory.h"
#include "base/secret_table.h"

static void
hear_secret(void *context, unsigned line, bool weak, const char *text)
{
	(void)line;
	if (text == NULL)
		abort();
	*(size_t *)context += !weak;
}

static void
hear_allow(void *context, unsigned line, const char *text)
{
	(void)line;
	if (text == NULL)
		abort();
	++*(size_t *)context;
}

static bool
inside(struct span part, const uint8_t *octets, size_t size)
{
	return part.len == 0 || (part.data >= octets && part.data + part.len <= octets + size);
}

static void
try_secrets(const uint8_t *data, size_t size)
{
	uint8_t *copy = mem_alloc(size + 1);
	struct secret_line *lines;
	size_t count, errors = 0;
	bool well;

	if (copy == NULL)
		return;
	if (size > 0)
		memcpy(copy, data, size);
	well = secret_table_parse(copy, size, &lines, &count, hear_secret, &errors, NULL);
	if (well != (errors == 0) || (!well && count > 0))
		abort();
	for (size_t i = 0; i < count; i++)
		if (!inside(lines[i].reference, copy, size) || !inside(lines[i].secret, copy, size) || !inside(lines[i].name, copy, size) ||
		    lines[i].reference.len == 0 || lines[i].secret.len < SECRET_LINE_MIN)
			abort();
	mem_free(lines);
	mem_free(copy);
}

static void
try_list(const uint8_t *data, size_t size)
{
	static const uint8_t zeros[32];
	const struct allow_request nobody = { .kid = span_of(NULL, 0) };
	const struct allow_request somebody = { span_text("CN=a"), span_of(zeros, 1), span_text("a"), span_of(zeros, 32), span_text("a") };
	size_t errors = 0;
	struct allow_list *l = allow_list_parse(span_of(data, size), hear_allow, &errors, NULL);

	if ((l != NULL) != (errors == 0))
		abort();
	// Of whom nothing is known, nobody is allowed.
	if (l != NULL && (allow_list_match(l, &nobody) != 0 || (allow_list_match(l, &somebody) != 0 && allow_list_count(l) == 0)))
		abort();
	allow_list_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_secrets(data, size);
	try_list(data, size);
	return 0;
}
