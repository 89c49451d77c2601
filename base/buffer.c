// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/buffer.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/memory.h"

#define FIRST_CAP 256

void
buffer_init(struct buffer *b, size_t limit)
{
	*b = (struct buffer){ .limit = limit };
}

static _Atomic size_t counted;

void
buffer_count(struct buffer *b)
{
	b->counted = true;
}

size_t
buffer_counted(void)
{
	return atomic_load(&counted);
}

void
buffer_clear(struct buffer *b)
{
	bool counts = b->counted;

	mem_free(b->data);
	if (counts)
		atomic_fetch_sub(&counted, b->cap);
	buffer_init(b, b->limit);
	b->counted = counts;
}

// Double until it fits, never beyond the limit.
static size_t
next_cap(const struct buffer *b, size_t need)
{
	size_t cap = b->cap > 0 ? b->cap : FIRST_CAP;

	while (cap < need && cap <= b->limit / 2)
		cap *= 2;
	if (cap < need || cap > b->limit)
		cap = b->limit;
	return cap;
}

bool
buffer_reserve(struct buffer *b, size_t more)
{
	if (b->failed || more > b->limit - b->len) {
		b->failed = true;
		return false;
	}
	if (more <= b->cap - b->len)
		return true;
	size_t cap = next_cap(b, b->len + more);
	uint8_t *data = mem_resize(b->data, cap);
	if (data == NULL) {
		b->failed = true;
		return false;
	}
	if (b->counted)
		atomic_fetch_add(&counted, cap - b->cap);
	b->data = data;
	b->cap = cap;
	return true;
}

bool
buffer_append(struct buffer *b, struct span octets)
{
	if (!buffer_reserve(b, octets.len))
		return false;
	if (octets.len > 0)
		memcpy(b->data + b->len, octets.data, octets.len);
	b->len += octets.len;
	return true;
}

bool
buffer_append_octet(struct buffer *b, uint8_t octet)
{
	return buffer_append(b, span_of(&octet, 1));
}

bool
buffer_append_text(struct buffer *b, const char *text)
{
	return buffer_append(b, span_text(text));
}

bool
buffer_printf(struct buffer *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	// One octet more for the NUL that vsnprintf writes; it is not counted in len.
	if (len < 0 || !buffer_reserve(b, (size_t)len + 1)) {
		b->failed = true;
		return false;
	}
	va_start(args, format);
	vsnprintf((char *)b->data + b->len, (size_t)len + 1, format, args);
	va_end(args);
	b->len += (size_t)len;
	return true;
}

void
buffer_consume(struct buffer *b, size_t n)
{
	b->len -= n;
	if (b->len > 0)
		memmove(b->data, b->data + n, b->len);
}

struct span
buffer_span(const struct buffer *b)
{
	return span_of(b->data, b->len);
}

// Octets from here on that stand for themselves.
static size_t
plain_length(const char *text, size_t len)
{
	size_t n = 0;

	for (; n < len; n++) {
		unsigned char c = (unsigned char)text[n];
		if (c < 0x20 || c == '"' || c == '\\' || c == 0x7F || c == 0xC2)
			break;
	}
	return n;
}

bool
buffer_append_escaped(struct buffer *b, const char *text, size_t most)
{
	size_t len = strlen(text), n = len < most ? len : most;

	for (size_t i = 0; i < n; i++) {
		size_t plain = plain_length(text + i, n - i);
		buffer_append(b, span_of(text + i, plain));
		if ((i += plain) == n)
			break;
		unsigned char c = (unsigned char)text[i];
		if (c == '"' || c == '\\')
			buffer_printf(b, "\\%c", c);
		else if (c == 0xC2 && i + 1 < n && (unsigned char)text[i + 1] < 0xA0)
			buffer_printf(b, "\\u%04x", (unsigned char)text[++i]);
		else if (c == 0xC2)
			buffer_append_octet(b, c);
		else
			buffer_printf(b, "\\u%04x", c);
	}
	if (n < len)
		buffer_append_text(b, "...");
	return !b->failed;
}
