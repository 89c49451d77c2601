// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/allow_list.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/memory.h"

// The names in the order of enum allow_column.
static const char *const names[ALLOW_COLUMNS] = { "subject", "serial", "kid", "key_sha256", "profile" };

struct rule {
	struct span values[ALLOW_COLUMNS];	// len 0 = fits everything
	unsigned line;
};

struct allow_list {
	struct arena arena;
	struct rule *rules;
	size_t count;
};

struct parser {
	allow_list_tell *tell;
	void *context;
	struct fault *fault;
	struct arena *arena;
	struct span rest;
	unsigned line;			// where the record began
	unsigned next_line;		// where the rest begins
	enum allow_column columns[ALLOW_COLUMNS];
	size_t column_count;
	bool failed;
};

static bool
refuse(struct parser *p, unsigned line, const char *text)
{
	p->failed = true;
	if (p->tell != NULL)
		p->tell(p->context, line, text);
	return line == 0 ? fault_set(p->fault, FAIL_NONE, "", "%s", text) : fault_set(p->fault, FAIL_NONE, "", "line %u: %s", line, text);
}

// ---- Fields.

static int
peek(const struct parser *p)
{
	return p->rest.len > 0 ? p->rest.data[0] : -1;
}

static uint8_t
step(struct parser *p)
{
	uint8_t c = p->rest.data[0];

	p->rest = span_of(p->rest.data + 1, p->rest.len - 1);
	p->next_line += c == '\n';
	return c;
}

static bool
at_line_end(const struct parser *p)
{
	return p->rest.len == 0 || p->rest.data[0] == '\n' || (p->rest.data[0] == '\r' && p->rest.len > 1 && p->rest.data[1] == '\n');
}

static void
skip_line(struct parser *p)
{
	while (p->rest.len > 0 && step(p) != '\n')
		;
}

struct field { uint8_t octets[ALLOW_VALUE_MAX]; size_t len; };

static bool
add(struct parser *p, struct field *f, uint8_t c)
{
	if (c < 0x20 || c == 0x7f)
		return refuse(p, p->line, "a value holds a control character");
	if (f->len == sizeof(f->octets))
		return refuse(p, p->line, "a value has more than 1024 octets");
	f->octets[f->len++] = c;
	return true;
}

// Between quotation marks; two of them stand for one.
static bool
take_quoted(struct parser *p, struct field *f)
{
	step(p);
	while (p->rest.len > 0) {
		uint8_t c = step(p);

		if (c == '"' && peek(p) != '"')
			return at_line_end(p) || peek(p) == ',' || refuse(p, p->line, "something stands behind a closing quotation mark");
		if (c == '"')
			step(p);
		if (!add(p, f, c))
			return false;
	}
	return refuse(p, p->line, "a value has no closing quotation mark");
}

static bool
take_field(struct parser *p, struct field *f)
{
	f->len = 0;
	if (peek(p) == '"')
		return take_quoted(p, f);
	while (!at_line_end(p) && peek(p) != ',') {
		if (peek(p) == '"')
			return refuse(p, p->line, "a quotation mark stands inside a value: put the value in quotation marks, and two for one");
		if (!add(p, f, step(p)))
			return false;
	}
	// Blanks belong to a value (RFC 4180 2.4), which nobody sees.
	if (f->len > 0 && (f->octets[0] == ' ' || f->octets[f->len - 1] == ' '))
		return refuse(p, p->line, "a value begins or ends with a blank: take it out, or put the value in quotation marks");
	return true;
}

// The end of a field: false when the line goes on.
static bool
end_field(struct parser *p)
{
	if (peek(p) != ',')
		return true;
	step(p);
	return false;
}

static bool
is_empty_line(const struct parser *p)
{
	return p->rest.len > 0 && at_line_end(p);
}

// ---- The first line.

static bool
take_column(struct parser *p, const struct field *f)
{
	for (size_t i = 0; i < ALLOW_COLUMNS; i++) {
		if (!span_equal(span_of(f->octets, f->len), span_text(names[i])))
			continue;
		for (size_t j = 0; j < p->column_count; j++)
			if (p->columns[j] == (enum allow_column)i)
				return refuse(p, p->line, "a column is named twice");
		p->columns[p->column_count++] = (enum allow_column)i;
		return true;
	}
	return refuse(p, p->line, "the first line names the columns, with commas between them, any of: subject,serial,kid,key_sha256,profile");
}

static bool
take_header(struct parser *p)
{
	struct field f;

	if (p->rest.len == 0)
		return refuse(p, 0, "the file is empty: its first line names the columns");
	do {
		if (!take_field(p, &f) || !take_column(p, &f))
			return false;
	} while (!end_field(p));
	skip_line(p);
	return true;
}

// ---- Values.

static int
hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Hex as people write it, with colons between the octets: to its octets, in place.
static bool
decode_hex(struct field *f)
{
	size_t digits = 0;

	for (size_t i = 0; i < f->len; i++) {
		int digit = hex_digit(f->octets[i]);

		if (digit < 0 && (f->octets[i] != ':' || digits % 2 != 0))
			return false;
		if (digit < 0)
			continue;
		f->octets[digits / 2] = (uint8_t)(digits % 2 == 0 ? digit << 4 : f->octets[digits / 2] | digit);
		digits++;
	}
	f->len = digits / 2;
	return digits > 0 && digits % 2 == 0;
}

// A serial number is a number: leading zeros say nothing.
static struct span
without_zeros(struct span number)
{
	while (number.len > 1 && number.data[0] == 0)
		number = span_of(number.data + 1, number.len - 1);
	return number;
}

static bool
take_value(struct parser *p, enum allow_column column, struct field *f, struct span *out)
{
	bool hex = column == ALLOW_SERIAL || column == ALLOW_KEY;
	uint8_t *copy;

	if (f->len == 0)
		return true;
	if (hex && !decode_hex(f))
		return refuse(p, p->line, "serial and key_sha256 are hex: two digits for each octet; a subject with commas stands in quotation marks");
	if (column == ALLOW_KEY && f->len != 32)
		return refuse(p, p->line, "key_sha256 has 64 hex digits");
	copy = arena_alloc(p->arena, f->len);
	if (copy == NULL)
		return refuse(p, 0, "memory ran out");
	memcpy(copy, f->octets, f->len);
	*out = span_of(copy, f->len);
	if (column == ALLOW_SERIAL)
		*out = without_zeros(*out);
	return true;
}

static bool
take_rule(struct parser *p, struct rule *out)
{
	struct field f;
	size_t n = 0;
	bool any = false;

	*out = (struct rule){ .line = p->line };
	do {
		if (n == p->column_count)
			return refuse(p, p->line, "the line has more values than columns are named");
		if (!take_field(p, &f) || !take_value(p, p->columns[n], &f, &out->values[p->columns[n]]))
			return false;
		any = any || f.len > 0;
		n++;
	} while (!end_field(p));
	if (n < p->column_count)
		return refuse(p, p->line, "the line has fewer values than columns are named");
	return any || refuse(p, p->line, "a line without any value would allow everybody");
}

static size_t
count_lines(struct span octets)
{
	size_t n = 1;

	for (size_t i = 0; i < octets.len; i++)
		n += octets.data[i] == '\n';
	return n;
}

static void
take_rules(struct parser *p, struct allow_list *l)
{
	while (p->rest.len > 0) {
		p->line = p->next_line;
		if (!is_empty_line(p))
			l->count += take_rule(p, &l->rules[l->count]);
		skip_line(p);
	}
}

struct allow_list *
allow_list_parse(struct span octets, allow_list_tell *tell, void *context, struct fault *f)
{
	static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };
	struct allow_list *l = mem_alloc(sizeof(*l));
	struct parser p = { .tell = tell, .context = context, .fault = f, .rest = octets, .line = 1, .next_line = 1 };

	if (l == NULL) {
		refuse(&p, 0, "memory ran out");
		return NULL;
	}
	if (octets.len >= sizeof(mark) && memcmp(octets.data, mark, sizeof(mark)) == 0)
		p.rest = span_of(octets.data + sizeof(mark), octets.len - sizeof(mark));
	arena_init(&l->arena, 4 * (size_t)ALLOW_OCTETS_MAX);
	p.arena = &l->arena;
	if (count_lines(octets) > ALLOW_LINES_MAX)
		refuse(&p, 0, "the file has more than 100000 lines");
	else if ((l->rules = arena_array(&l->arena, count_lines(octets), sizeof(*l->rules))) == NULL)
		refuse(&p, 0, "memory ran out");
	else if (take_header(&p))
		take_rules(&p, l);
	if (!p.failed)
		return l;
	allow_list_free(l);
	return NULL;
}

void
allow_list_free(struct allow_list *l)
{
	if (l == NULL)
		return;
	arena_clear(&l->arena);
	mem_free(l);
}

size_t
allow_list_count(const struct allow_list *l)
{
	return l->count;
}

// ---- Matching.

// A glob in which only * has a meaning: a distinguished name is full of what others know.
static bool
glob_fits(struct span glob, struct span text)
{
	size_t g = 0, t = 0, star = SIZE_MAX, from = 0;

	while (t < text.len) {
		if (g < glob.len && glob.data[g] == '*') {
			star = g++;
			from = t;
		} else if (g < glob.len && glob.data[g] == text.data[t]) {
			g++;
			t++;
		} else if (star != SIZE_MAX) {
			g = star + 1;
			t = ++from;
		} else
			return false;
	}
	while (g < glob.len && glob.data[g] == '*')
		g++;
	return g == glob.len;
}

static bool
value_fits(enum allow_column column, struct span value, const struct allow_request *r)
{
	switch (column) {
	case ALLOW_SUBJECT: return r->subject.len > 0 && glob_fits(value, r->subject);
	case ALLOW_SERIAL: return r->serial.len > 0 && span_equal(value, without_zeros(r->serial));
	case ALLOW_KID: return span_equal(value, r->kid);
	case ALLOW_KEY: return span_equal(value, r->key);
	case ALLOW_PROFILE: return span_equal(value, r->profile);
	case ALLOW_COLUMNS: break;
	}
	return false;
}

unsigned
allow_list_match(const struct allow_list *l, const struct allow_request *r)
{
	for (size_t i = 0; i < l->count; i++) {
		bool fits = true;

		for (size_t c = 0; c < ALLOW_COLUMNS && fits; c++)
			fits = l->rules[i].values[c].len == 0 || value_fits((enum allow_column)c, l->rules[i].values[c], r);
		if (fits)
			return l->rules[i].line;
	}
	return 0;
}
