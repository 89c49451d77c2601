// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/notation.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { FRAMES = 64 };

static unsigned
digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A' + 10);
	fprintf(stderr, "notation: '%c' is no upper-case hex digit\n", c);
	abort();
}

// Put the length before the octets from `start` on.
static void
close_frame(struct buffer *out, size_t start)
{
	size_t len = out->len - start, more = len < 0x80 ? 0 : len < 0x100 ? 1 : len < 0x10000 ? 2 : 3;

	if (!buffer_reserve(out, more + 1))
		abort();
	memmove(out->data + start + more + 1, out->data + start, len);
	out->data[start] = (uint8_t)(more == 0 ? len : 0x80 | more);
	for (size_t i = 0; i < more; i++)
		out->data[start + 1 + i] = (uint8_t)(len >> (8 * (more - 1 - i)));
	out->len += more + 1;
}

void
notation_put(struct buffer *out, const char *text)
{
	size_t frames[FRAMES], depth = 0;

	for (; *text != '\0'; text++) {
		if (isspace((unsigned char)*text))
			continue;
		if (*text == '{' && depth < FRAMES) {
			frames[depth++] = out->len;
		} else if (*text == '}' && depth > 0) {
			close_frame(out, frames[--depth]);
		} else {
			unsigned high = digit(*text);
			buffer_append_octet(out, (uint8_t)(high << 4 | digit(*++text)));
		}
	}
	if (depth > 0 || out->failed)
		abort();
}

struct span
notation(struct buffer *out, const char *text)
{
	out->len = 0;
	notation_put(out, text);
	return buffer_span(out);
}
