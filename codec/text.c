// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/text.h"

#define DOTS "..."

static const char digits[] = "0123456789abcdef";

void
text_init(struct text *t, char *out, size_t size)
{
	*t = (struct text){ .out = out, .size = size };
	out[0] = '\0';
}

// Put dots behind the last unit that leaves room for them.
static void
cut(struct text *t)
{
	size_t room = t->size - 1 - t->mark;

	t->cut = true;
	t->len = t->mark;
	for (size_t i = 0; i < strlen(DOTS) && i < room; i++)
		t->out[t->len++] = DOTS[i];
	t->out[t->len] = '\0';
}

void
text_unit(struct text *t, const char *unit, size_t len)
{
	if (t->cut)
		return;
	if (len > t->size - 1 - t->len) {
		cut(t);
		return;
	}
	memcpy(t->out + t->len, unit, len);
	t->len += len;
	t->out[t->len] = '\0';
	if (t->len + strlen(DOTS) < t->size)
		t->mark = t->len;
}

void
text_add(struct text *t, const char *ascii)
{
	for (; *ascii != '\0' && !t->cut; ascii++)
		text_unit(t, ascii, 1);
}

void
text_hex(struct text *t, struct span octets)
{
	for (size_t i = 0; i < octets.len && !t->cut; i++) {
		char pair[2] = { digits[octets.data[i] >> 4], digits[octets.data[i] & 15] };
		text_unit(t, pair, 2);
	}
}

void
text_escape(struct text *t, struct span octets)
{
	char unit[12];
	size_t n = 0;

	for (size_t i = 0; i < octets.len && n < sizeof(unit); i++) {
		unit[n++] = '\\';
		unit[n++] = digits[octets.data[i] >> 4];
		unit[n++] = digits[octets.data[i] & 15];
	}
	text_unit(t, unit, n);
}

// The smallest code point that needs n octets: what is below was padded.
static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };

bool
utf8_take(struct span *in, uint32_t *point)
{
	if (in->len == 0)
		return false;
	uint8_t first = in->data[0];
	size_t n = first < 0x80 ? 1 : first < 0xC0 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF8 ? 4 : 0;
	if (n == 0 || n > in->len)
		return false;
	uint32_t p = n == 1 ? first : first & (0x7Fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((in->data[i] & 0xC0) != 0x80)
			return false;
		p = p << 6 | (in->data[i] & 0x3F);
	}
	if (p < smallest[n] || p > 0x10FFFF || (p >= 0xD800 && p <= 0xDFFF))
		return false;
	*point = p;
	*in = span_of(in->data + n, in->len - n);
	return true;
}

size_t
utf8_put(uint32_t p, char out[4])
{
	if (p > 0x10FFFF || (p >= 0xD800 && p <= 0xDFFF))
		return 0;
	size_t n = p < 0x80 ? 1 : p < 0x800 ? 2 : p < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, p >>= 6)
		out[i] = (char)(0x80 | (p & 0x3F));
	out[0] = (char)(n == 1 ? p : (0xF00u >> n & 0xFFu) | p);
	return n;
}

// Controls, invisible marks, and what changes the direction of the line.
static const struct { uint32_t first, last; } harmful[] = {
	{ 0x00, 0x1F }, { 0x7F, 0x9F }, { 0xAD, 0xAD }, { 0x61C, 0x61C }, { 0x180E, 0x180E }, { 0x200B, 0x200F },
	{ 0x2028, 0x202E }, { 0x2060, 0x206F }, { 0xFEFF, 0xFEFF }, { 0xFFF0, 0xFFFB }, { 0xE0000, 0xE0FFF }
};

bool
harmless_character(uint32_t point)
{
	for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++)
		if (point >= harmful[i].first && point <= harmful[i].last)
			return false;
	return true;
}

void
text_utf8(struct text *t, struct span octets, const char *special)
{
	while (octets.len > 0 && !t->cut) {
		struct span start = octets;
		uint32_t p = 0;
		bool good = utf8_take(&octets, &p);
		if (!good)
			octets = span_of(start.data + 1, start.len - 1);
		start.len -= octets.len;
		bool wanted = p != 0 && p < 0x80 && strchr(special, (int)p) != NULL;
		if (!good || p == '\\' || wanted || !harmless_character(p))
			text_escape(t, start);
		else
			text_unit(t, (const char *)start.data, start.len);
	}
}

const char *
utf8_text(struct span octets, char *out, size_t size)
{
	struct text t;

	text_init(&t, out, size);
	text_utf8(&t, octets, "");
	return out;
}

const char *
hex_text(struct span octets, char *out, size_t size)
{
	struct text t;

	text_init(&t, out, size);
	text_hex(&t, octets);
	return out;
}
