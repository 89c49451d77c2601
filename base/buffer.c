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

// Octets of the UTF-8 sequence that begins a text (RFC 3629 4); 0 when none does, or it is cut off.
static size_t
sequence_length(const unsigned char *at)
{
	static const struct { unsigned char first, last, least, most; size_t len; } rows[] = {
		{ 0x01, 0x7F, 0, 0, 1 }, { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 }, { 0xED, 0xED, 0x80, 0x9F, 3 },
		{ 0xEE, 0xEF, 0x80, 0xBF, 3 }, { 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		if (at[0] < rows[r].first || at[0] > rows[r].last)
			continue;
		if (rows[r].len > 1 && (at[1] < rows[r].least || at[1] > rows[r].most))
			return 0;
		for (size_t i = 2; i < rows[r].len; i++)	// the NUL at the end is none of these
			if (at[i] < 0x80 || at[i] > 0xBF)
				return 0;
		return rows[r].len;
	}
	return 0;
}

static bool
is_control(const unsigned char *at)
{
	return at[0] < 0x20 || at[0] == 0x7F || (at[0] == 0xC2 && at[1] < 0xA0);
}

// Octets from here on, at most so many, that stand for themselves: most texts are ASCII.
static size_t
plain_length(const unsigned char *at, const unsigned char *end)
{
	const unsigned char *from = at;

	while (at < end && *at >= 0x20 && *at < 0x7F && *at != '"' && *at != '\\')
		at++;
	return (size_t)(at - from);
}

bool
buffer_append_escaped(struct buffer *b, const char *text, size_t most)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + most;

	while (*at != '\0') {
		size_t plain = plain_length(at, end);
		if (plain > 0) {
			buffer_append(b, span_of(at, plain));
			at += plain;
			continue;
		}
		size_t n = sequence_length(at);
		if (at + (n > 0 ? n : 1) > end)
			return buffer_append_text(b, "...");
		if (n == 0)
			buffer_append_text(b, "\\ufffd");
		else if (is_control(at))
			buffer_printf(b, "\\u%04x", at[n - 1]);
		else if (*at == '"' || *at == '\\')
			buffer_printf(b, "\\%c", *at);
		else
			buffer_append(b, span_of(at, n));
		at += n > 0 ? n : 1;
	}
	return !b->failed;
}

bool
buffer_append_plain(struct buffer *b, const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at != '\0';) {
		size_t n = sequence_length(at);
		if (n == 0 || is_control(at))
			buffer_append_octet(b, '?');
		else
			buffer_append(b, span_of(at, n));
		at += n > 0 ? n : 1;
	}
	return !b->failed;
}

char *
plain_text(char *text)
{
	for (unsigned char *at = (unsigned char *)text; *at != '\0';) {
		size_t n = sequence_length(at);
		if (n == 0 || is_control(at))
			memset(at, '?', n > 0 ? n : 1);
		at += n > 0 ? n : 1;
	}
	return text;
}
