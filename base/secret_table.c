// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/secret_table.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

// Octets that may be changed in place.
struct piece { uint8_t *data; size_t len; };

struct parser {
	secret_table_tell *tell;
	void *context;
	struct fault *fault;
	unsigned line;
	bool failed;
};

static bool
refuse(struct parser *p, unsigned line, const char *text)
{
	p->failed = true;
	if (p->tell != NULL)
		p->tell(p->context, line, false, text);
	return fault_set(p->fault, FAIL_NONE, "", "line %u: %s", line, text);
}

// ---- Pieces of a line.

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static void
skip_blanks(struct piece *rest)
{
	while (rest->len > 0 && is_blank(rest->data[0])) {
		rest->data++;
		rest->len--;
	}
}

// Take n octets from the front.
static struct piece
take(struct piece *rest, size_t n)
{
	struct piece out = { rest->data, n };

	rest->data += n;
	rest->len -= n;
	return out;
}

// The octets before a blank, or before `end` as well.
static size_t
word_length(const struct piece *rest, int end)
{
	size_t n = 0;

	while (n < rest->len && !is_blank(rest->data[n]) && rest->data[n] != end)
		n++;
	return n;
}

static bool
begins_with(const struct piece *rest, const char *text)
{
	size_t n = strlen(text);

	return rest->len >= n && memcmp(rest->data, text, n) == 0;
}

static int
hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Decode hex where it stands; what is left over behind it is cleared.
static bool
decode_hex(struct piece *p)
{
	size_t n = p->len / 2;

	if (p->len % 2 != 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(p->data[2 * i]), low = hex_digit(p->data[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		p->data[i] = (uint8_t)(high << 4 | low);
	}
	memset(p->data + n, 0, p->len - n);
	p->len = n;
	return true;
}

// A text, or hex: and digits, up to a blank or `end`.
static bool
take_octets(struct parser *p, struct piece *rest, int end, const char *bad_hex, struct span *out)
{
	bool hex = begins_with(rest, "hex:");
	struct piece word;

	if (hex)
		take(rest, 4);
	word = take(rest, word_length(rest, end));
	if (hex && !decode_hex(&word))
		return refuse(p, p->line, bad_hex);
	*out = span_of(word.data, word.len);
	return true;
}

// ---- Attributes.

static bool
take_name(struct parser *p, struct piece *rest, struct secret_line *out)
{
	size_t n = 1;

	if (out->name.data != NULL)
		return refuse(p, p->line, "name stands twice");
	if (rest->len == 0 || rest->data[0] != '"')
		return refuse(p, p->line, "a name stands in quotation marks: name=\"CN=plc-7,O=Works 7\"");
	// A backslash is RFC 4514's own and stays; it takes the end from a quotation mark.
	while (n < rest->len && rest->data[n] != '"')
		n += rest->data[n] == '\\' ? 2 : 1;
	if (n >= rest->len)
		return refuse(p, p->line, "the name has no closing quotation mark");
	if (n == 1 || n - 1 > SECRET_LINE_NAME_MAX)
		return refuse(p, p->line, "the name is empty or too long");
	out->name = span_of(rest->data + 1, n - 1);
	take(rest, n + 1);
	return true;
}

// Exactly "2026-12-31T00:00:00Z".
static bool
read_time(struct span text, int64_t *out)
{
	static const char form[] = "0000-00-00T00:00:00Z";
	struct calendar c;
	char copy[sizeof(form)];

	if (text.len != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (form[i] == '0' ? text.data[i] < '0' || text.data[i] > '9' : text.data[i] != (uint8_t)form[i])
			return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	return sscanf(copy, "%4d-%2d-%2dT%2d:%2d:%2dZ", &c.year, &c.month, &c.day, &c.hour, &c.minute, &c.second) == 6 &&
		calendar_to_seconds(out, &c);
}

static bool
take_expires(struct parser *p, struct piece *rest, struct secret_line *out)
{
	struct piece word = take(rest, word_length(rest, -1));

	if (out->expires != 0)
		return refuse(p, p->line, "expires stands twice");
	if (!read_time(span_of(word.data, word.len), &out->expires) || out->expires <= 0)
		return refuse(p, p->line, "expires wants a time of UTC, as in expires=2026-12-31T00:00:00Z");
	return true;
}

static bool
take_uses(struct parser *p, struct piece *rest, struct secret_line *out)
{
	struct piece word = take(rest, word_length(rest, -1));
	struct span text = span_of(word.data, word.len);

	if (out->uses != SECRET_LINE_USES_TABLE)
		return refuse(p, p->line, "uses stands twice");
	if (span_equal(text, span_text("single")))
		out->uses = SECRET_LINE_USES_SINGLE;
	else if (span_equal(text, span_text("many")))
		out->uses = SECRET_LINE_USES_MANY;
	else
		return refuse(p, p->line, "uses is single or many");
	return true;
}

static bool
take_attribute(struct parser *p, struct piece *rest, struct secret_line *out)
{
	static const struct { const char *key; bool (*take)(struct parser *, struct piece *, struct secret_line *); } keys[] = {
		{ "name=", take_name }, { "expires=", take_expires }, { "uses=", take_uses },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (!begins_with(rest, keys[i].key))
			continue;
		take(rest, strlen(keys[i].key));
		if (!keys[i].take(p, rest, out))
			return false;
		return rest->len == 0 || is_blank(rest->data[0]) || refuse(p, p->line, "a blank is missing behind an attribute");
	}
	return refuse(p, p->line, "only name=, expires= and uses= stand behind a secret, and a secret holds no blank");
}

// ---- Lines.

static bool
check_secret(struct parser *p, const struct secret_line *out)
{
	if (out->secret.len == 0)
		return refuse(p, p->line, "there is no secret behind the reference");
	if (out->secret.len < SECRET_LINE_MIN)
		return refuse(p, p->line, "the secret has fewer than 8 octets");
	if (out->secret.len > SECRET_LINE_MAX)
		return refuse(p, p->line, "the secret has more than 512 octets");
	if (out->secret.len < SECRET_LINE_GOOD && p->tell != NULL)
		p->tell(p->context, p->line, true, "the secret has fewer than 16 octets; a random one of 16 cannot be guessed");
	return true;
}

static bool
take_pair(struct parser *p, struct piece *rest, struct secret_line *out)
{
	if (!take_octets(p, rest, ':', "the reference is no hex", &out->reference))
		return false;
	if (rest->len == 0 || rest->data[0] != ':')
		return refuse(p, p->line, "no colon ends the reference: a line is REFERENCE:SECRET");
	if (out->reference.len == 0 || out->reference.len > SECRET_LINE_REFERENCE_MAX)
		return refuse(p, p->line, "a reference has from 1 to 64 octets");
	take(rest, 1);
	return take_octets(p, rest, -1, "the secret is no hex", &out->secret) && check_secret(p, out);
}

static bool
take_line(struct parser *p, struct piece rest, struct secret_line *out)
{
	*out = (struct secret_line){ .line = p->line };
	for (size_t i = 0; i < rest.len; i++)
		if ((rest.data[i] < 0x20 && rest.data[i] != '\t') || rest.data[i] == 0x7f)
			return refuse(p, p->line, "the line holds a control character");
	if (!take_pair(p, &rest, out))
		return false;
	for (skip_blanks(&rest); rest.len > 0 && rest.data[0] != '#'; skip_blanks(&rest))
		if (!take_attribute(p, &rest, out))
			return false;
	return true;
}

// The next line without its end.
static bool
next_line(struct piece *octets, struct piece *line)
{
	uint8_t *end;

	if (octets->len == 0)
		return false;
	end = memchr(octets->data, '\n', octets->len);
	*line = take(octets, end != NULL ? (size_t)(end - octets->data) : octets->len);
	if (end != NULL)
		take(octets, 1);
	if (line->len > 0 && line->data[line->len - 1] == '\r')
		line->len--;
	skip_blanks(line);
	return true;
}

static bool
is_secret_line(const struct piece *line)
{
	return line->len > 0 && line->data[0] != '#';
}

// Whatever editors write before the first line.
static struct piece
without_mark(uint8_t *octets, size_t len)
{
	struct piece out = { octets, len };

	if (begins_with(&out, "\xef\xbb\xbf"))
		take(&out, 3);
	return out;
}

static size_t
count_lines(struct piece octets)
{
	struct piece line;
	size_t n = 0;

	while (next_line(&octets, &line))
		n += is_secret_line(&line);
	return n;
}

// ---- References that stand twice.

static int
order(const void *left, const void *right)
{
	const struct secret_line *a = *(const struct secret_line *const *)left, *b = *(const struct secret_line *const *)right;
	size_t n = a->reference.len < b->reference.len ? a->reference.len : b->reference.len;
	int d = memcmp(a->reference.data, b->reference.data, n);

	if (d != 0)
		return d;
	if (a->reference.len != b->reference.len)
		return a->reference.len < b->reference.len ? -1 : 1;
	return a->line < b->line ? -1 : 1;
}

static void
check_twice(struct parser *p, const struct secret_line *lines, size_t count)
{
	const struct secret_line **sorted = mem_array(count, sizeof(*sorted));
	char text[96];

	if (sorted == NULL) {
		refuse(p, 0, "memory ran out");
		return;
	}
	for (size_t i = 0; i < count; i++)
		sorted[i] = &lines[i];
	qsort(sorted, count, sizeof(*sorted), order);
	for (size_t i = 1; i < count; i++) {
		if (!span_equal(sorted[i]->reference, sorted[i - 1]->reference))
			continue;
		snprintf(text, sizeof(text), "the reference stands in line %u as well", sorted[i - 1]->line);
		refuse(p, sorted[i]->line, text);
	}
	mem_free(sorted);
}

bool
secret_table_parse(uint8_t *octets, size_t len, struct secret_line **lines, size_t *count,
	secret_table_tell *tell, void *context, struct fault *f)
{
	struct parser p = { .tell = tell, .context = context, .fault = f };
	struct piece rest = without_mark(octets, len), line;
	size_t room = count_lines(rest);

	*lines = NULL;
	*count = 0;
	if (room > SECRET_LINES_MAX)
		return refuse(&p, 0, "a table holds at most 10000 secrets");
	if (room == 0)
		return true;
	*lines = mem_array(room, sizeof(**lines));
	if (*lines == NULL)
		return refuse(&p, 0, "memory ran out");
	while (next_line(&rest, &line)) {
		p.line++;
		if (is_secret_line(&line))
			*count += take_line(&p, line, &(*lines)[*count]);
	}
	if (*count > 1)
		check_twice(&p, *lines, *count);
	if (!p.failed)
		return true;
	mem_free(*lines);
	*lines = NULL;
	*count = 0;
	return false;
}
