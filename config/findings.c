// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/findings.h"

#include "base/memory.h"
#include "config/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MESSAGE_MAX 1024	// octets of a message or help
#define EXCERPT_MAX 120		// characters of a source line that are shown
#define EXCERPT_LEAD 60		// of these, before the column in a long line

size_t
findings_utf8(const char *p, size_t len, uint32_t *out)
{
	const uint8_t *b = (const uint8_t *)p;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t need;
	uint32_t c;

	if (len == 0)
		return 0;
	if (b[0] < 0x80) {
		*out = b[0];
		return 1;
	}
	need = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
	if (b[0] < 0xc2 || b[0] > 0xf4 || need > len)
		return 0;
	c = b[0] & (0xffu >> (need + 1));
	for (size_t i = 1; i < need; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (b[i] & 0x3fu);
	}
	if (c < least[need] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*out = c;
	return need;
}

// Characters that move the cursor, colour the terminal or turn the direction.
static bool
is_unfit(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f ||
		(c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

char *
findings_clean(const char *text, size_t len, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < len;) {
		uint32_t c = 0;
		size_t n = findings_utf8(text + i, len - i, &c);

		if (used + (n > 0 ? n : 1) >= size)
			break;
		if (n == 0 || is_unfit(c))
			out[used++] = c == '\t' ? ' ' : '?';
		else {
			memcpy(out + used, text + i, n);
			used += n;
		}
		i += n > 0 ? n : 1;
	}
	out[used] = '\0';
	return out;
}

void
findings_exhaust(struct findings *list)
{
	list->exhausted = true;
}

bool
findings_bad(const struct findings *list)
{
	return list->errors > 0 || list->exhausted;
}

static char *format_text(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

static char *
format_text(const char *format, va_list args)
{
	char raw[MESSAGE_MAX], clean[MESSAGE_MAX];

	vsnprintf(raw, sizeof(raw), format, args);
	return mem_text(findings_clean(raw, strlen(raw), clean, sizeof(clean)));
}

// The octet where character number n of a line begins, or the line's end.
static size_t
octet_of(struct span line, size_t n)
{
	size_t at = 0;

	while (n-- > 0 && at < line.len) {
		uint32_t c;
		size_t len = findings_utf8((const char *)line.data + at, line.len - at, &c);

		at += len > 0 ? len : 1;
	}
	return at;
}

// Cut out the part of the source line around the finding.
static bool
excerpt(struct finding *item, const struct position *at)
{
	struct span line = source_line(at->source, at->line);
	size_t column = (size_t)at->column - 1, first = column > EXCERPT_LEAD * 3 / 2 ? column - EXCERPT_LEAD : 0;
	size_t from = octet_of(line, first);
	struct span rest = span_of(line.data + from, line.len - from);
	size_t len = octet_of(rest, EXCERPT_MAX);
	char clean[EXCERPT_MAX * 4 + 1];

	findings_clean((const char *)rest.data, len, clean, sizeof(clean));
	item->source_line = mem_text(clean);
	item->caret = (int)(column - first);
	return item->source_line != NULL;
}

static bool
locate(struct finding *item, const struct position *at)
{
	if (at == NULL || at->source == NULL)
		return true;
	item->rank = at->source->rank;
	item->file = mem_text(at->source->path);
	if (item->file == NULL)
		return false;
	item->line = at->line;
	item->column = at->column;
	item->width = at->width;
	return at->line == 0 || excerpt(item, at);
}

static void
item_clear(struct finding *item)
{
	mem_free(item->file);
	mem_free(item->message);
	mem_free(item->help);
	mem_free(item->source_line);
}

static bool
make_room(struct findings *list)
{
	size_t room = list->room > 0 ? list->room * 2 : 16;
	struct finding *items;

	if (list->count < list->room)
		return true;
	items = mem_resize(list->items, room * sizeof(*items));
	if (items == NULL)
		return false;
	list->items = items;
	list->room = room;
	return true;
}

static struct finding
item_new(const char *code)
{
	struct finding item = { .severity = code[0] == 'E' ? FINDING_ERROR : code[0] == 'W' ? FINDING_WARNING : FINDING_NOTE };

	snprintf(item.code, sizeof(item.code), "%s", code);
	return item;
}

// The list takes a finding, or with ready false lets it go.
static struct finding *
take_item(struct findings *list, struct finding *item, bool ready)
{
	if (!ready || item->message == NULL || !make_room(list)) {
		item_clear(item);
		findings_exhaust(list);
		return NULL;
	}
	list->errors += item->severity == FINDING_ERROR;
	list->warnings += item->severity == FINDING_WARNING;
	list->items[list->count] = *item;
	return &list->items[list->count++];
}

struct finding *
finding_add(struct findings *list, enum code code, const struct position *at, const char *format, ...)
{
	struct finding item = item_new(code_text(code));
	va_list args;

	va_start(args, format);
	item.message = format_text(format, args);
	va_end(args);
	if (code_cure(code) != NULL)
		item.help = mem_text(code_cure(code));
	return take_item(list, &item, locate(&item, at));
}

void
findings_put(struct findings *f, const char *code, const struct settings_place *at, const char *message, const char *help)
{
	char clean[MESSAGE_MAX];
	struct finding item = item_new(code);
	bool ready = true;

	item.message = mem_text(findings_clean(message, strlen(message), clean, sizeof(clean)));
	if (at != NULL && at->file != NULL) {
		item.file = mem_text(at->file);
		item.line = at->line;
		item.column = at->column;
		ready = item.file != NULL;
	}
	if (help != NULL) {
		item.help = mem_text(findings_clean(help, strlen(help), clean, sizeof(clean)));
		ready = ready && item.help != NULL;
	}
	take_item(f, &item, ready);
}

void
finding_fault(struct findings *list, enum code code, const struct position *at, const struct fault *f)
{
	const char *cure = strstr(f->text, "; ");
	int len = cure != NULL ? (int)(cure - f->text) : (int)strlen(f->text);
	struct finding *item = finding_add(list, code, at, "%.*s", len, f->text);

	if (cure != NULL)
		finding_help(list, item, "%s", cure + 2);
}

void
finding_help(struct findings *list, struct finding *item, const char *format, ...)
{
	va_list args;

	if (item == NULL)
		return;
	mem_free(item->help);
	va_start(args, format);
	item->help = format_text(format, args);
	va_end(args);
	if (item->help == NULL)
		findings_exhaust(list);
}

static int
order(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return strcmp(a->code, b->code) != 0 ? strcmp(a->code, b->code) : strcmp(a->message, b->message);
}

void
findings_sort(struct findings *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof(*list->items), order);
}

void
findings_clear(struct findings *f)
{
	for (size_t i = 0; i < f->count; i++)
		item_clear(&f->items[i]);
	mem_free(f->items);
	memset(f, 0, sizeof(*f));
}
