// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/pem.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

// Take one line without its end (LF or CR LF) and without blanks behind it.
static bool
take_line(struct span *text, struct span *line)
{
	if (text->len == 0)
		return false;
	const uint8_t *end = memchr(text->data, '\n', text->len);
	size_t n = end != NULL ? (size_t)(end - text->data) : text->len;
	size_t taken = end != NULL ? n + 1 : n;
	*line = span_of(text->data, n);
	*text = span_of(text->data + taken, text->len - taken);
	while (line->len > 0 && strchr("\r\t ", line->data[line->len - 1]) != NULL && line->data[line->len - 1] != '\0')
		line->len--;
	return true;
}

// Is this `prefix LABEL-----`? Then its label.
static bool
boundary(struct span line, const char *prefix, struct span *label)
{
	size_t before = strlen(prefix), after = strlen(DASHES);

	if (line.len < before + after || memcmp(line.data, prefix, before) != 0
		|| memcmp(line.data + line.len - after, DASHES, after) != 0)
		return false;
	*label = span_of(line.data + before, line.len - before - after);
	return true;
}

// RFC 7468 3: printable characters, no hyphen or space at either end.
static bool
lawful_label(struct span label)
{
	if (label.len == 0 || label.len > PEM_LABEL_MAX)
		return false;
	for (size_t i = 0; i < label.len; i++) {
		uint8_t c = label.data[i];
		bool edge = i == 0 || i == label.len - 1;
		if (c < 0x20 || c > 0x7E || (edge && (c == ' ' || c == '-')))
			return false;
	}
	return true;
}

static int
digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Base64 as it comes in: up to four characters wait for their group.
struct base64 {
	uint32_t bits;
	unsigned have, padding;
	bool ended;
};

// Close a group of four: 3, 2 or 1 octets by its padding, whose spare bits are 0.
static bool
close_group(struct base64 *b, struct buffer *out)
{
	uint8_t octets[3] = { (uint8_t)(b->bits >> 16), (uint8_t)(b->bits >> 8), (uint8_t)b->bits };

	if (b->padding > 2 || (b->padding == 1 && octets[2] != 0) || (b->padding == 2 && (octets[1] != 0 || octets[2] != 0)))
		return false;
	b->ended = b->padding > 0;
	b->bits = 0;
	b->have = 0;
	size_t n = 3 - b->padding;
	b->padding = 0;
	return buffer_append(out, span_of(octets, n));
}

static bool
add_character(struct base64 *b, uint8_t c, struct buffer *out)
{
	int value = digit(c);

	if (b->ended || (value < 0 && c != '=') || (value >= 0 && b->padding > 0))
		return false;
	b->bits = b->bits << 6 | (value < 0 ? 0u : (uint32_t)value);
	b->have++;
	b->padding += value < 0;
	return b->have < 4 || close_group(b, out);
}

static bool
add_characters(struct base64 *b, struct span text, struct buffer *out)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c != ' ' && c != '\t' && c != '\r' && c != '\n' && !add_character(b, c, out))
			return false;
	}
	return true;
}

bool
base64_decode(struct span text, struct buffer *out)
{
	struct base64 b = { 0 };

	return add_characters(&b, text, out) && b.have == 0;
}

// The lines after BEGIN up to END; *number counts lines.
static bool
take_body(struct span *text, struct span label, unsigned *number, struct buffer *out, struct fault *f)
{
	struct base64 b = { 0 };
	struct span line, end;

	while (take_line(text, &line)) {
		++*number;
		if (boundary(line, END, &end)) {
			if (!span_equal(end, label))
				return fault_set(f, FAIL_NONE, "", "line %u: END names another label than BEGIN", *number);
			return b.have == 0 || fault_set(f, FAIL_NONE, "", "line %u: the base64 is cut off", *number);
		}
		if (memchr(line.data, ':', line.len) != NULL)
			return fault_set(f, FAIL_NONE, "", "line %u: headers in PEM are not read (an encrypted key in the old form? `openssl pkcs8 -topk8` writes it anew)", *number);
		if (!add_characters(&b, line, out))
			return fault_set(f, FAIL_NONE, "", out->failed ? "line %u: the block is too large" : "line %u: this is no base64", *number);
	}
	return fault_set(f, FAIL_NONE, "", "the block has no END line");
}

enum pem_result
pem_take(struct span *text, char label[PEM_LABEL_MAX + 1], struct buffer *out, struct fault *f)
{
	struct span rest = *text, line, name;
	unsigned number = 1;

	for (; take_line(&rest, &line); number++) {
		if (!boundary(line, BEGIN, &name))
			continue;
		if (!lawful_label(name)) {
			fault_set(f, FAIL_NONE, "", "line %u: this is no label of RFC 7468", number);
			return PEM_BAD;
		}
		memcpy(label, name.data, name.len);
		label[name.len] = '\0';
		if (!take_body(&rest, name, &number, out, f))
			return PEM_BAD;
		*text = rest;
		return PEM_FOUND;
	}
	return PEM_NONE;
}
