// SPDX-License-Identifier: GPL-3.0-or-later
// report: findings as people and as programs read them.
#include "config/findings.h"
#include "config/json.h"

#include <stdio.h>

#define REPORT_MAX (64 * 1024 * 1024)	// octets of a JSON report

static const char *const names[] = { "error", "warning", "note" };
static const char *const colours[] = { "\033[1;31m", "\033[1;35m", "\033[1;36m" };

struct printer {
	void (*put)(void *context, const char *text);
	void *context;
	bool colour;
};

static void
put(const struct printer *p, const char *text)
{
	p->put(p->context, text);
}

static void
put_coloured(const struct printer *p, const char *colour, const char *text)
{
	if (p->colour)
		put(p, colour);
	put(p, text);
	if (p->colour)
		put(p, "\033[0m");
}

static void
put_place(const struct printer *p, const struct finding *f)
{
	char number[48];

	if (f->file == NULL)
		return;
	put(p, f->file);
	if (f->line > 0) {
		snprintf(number, sizeof(number), ":%d:%d", f->line, f->column);
		put(p, number);
	}
	put(p, ": ");
}

// The line, and under it the place: a caret, then tildes.
static void
put_source(const struct printer *p, const struct finding *f)
{
	char number[32];
	int room = (int)strlen(f->source_line) - f->caret;
	int width = f->width < room ? f->width : room;

	snprintf(number, sizeof(number), "%6d | ", f->line);
	put(p, number);
	put(p, f->source_line);
	put(p, "\n       | ");
	for (int i = 0; i < f->caret; i++)
		put(p, " ");
	if (p->colour)
		put(p, "\033[1;32m");
	put(p, "^");
	for (int i = 1; i < width; i++)
		put(p, "~");
	if (p->colour)
		put(p, "\033[0m");
	put(p, "\n");
}

static void
put_finding(const struct printer *p, const struct finding *f)
{
	put_place(p, f);
	put_coloured(p, colours[f->severity], names[f->severity]);
	put(p, ": ");
	put(p, f->message);
	put(p, " [");
	put(p, f->code);
	put(p, "]\n");
	if (f->source_line != NULL)
		put_source(p, f);
	if (f->help != NULL) {
		put(p, "   help: ");
		put(p, f->help);
		put(p, "\n");
	}
}

static void
put_count(const struct printer *p, size_t n, const char *what)
{
	char text[64];

	snprintf(text, sizeof(text), "%zu %s%s", n, what, n == 1 ? "" : "s");
	put(p, text);
}

void
findings_print(const struct findings *f, void (*put_text)(void *context, const char *text), void *context, bool colour)
{
	struct printer p = { put_text, context, colour };

	for (size_t i = 0; i < f->count; i++)
		put_finding(&p, &f->items[i]);
	if (f->exhausted) {
		put_coloured(&p, colours[FINDING_ERROR], names[FINDING_ERROR]);
		put(&p, ": out of memory [E0001]\n");
	}
	if (f->errors + f->exhausted + f->warnings == 0)
		return;
	if (f->errors + f->exhausted > 0)
		put_count(&p, f->errors + f->exhausted, "error");
	if (f->errors + f->exhausted > 0 && f->warnings > 0)
		put(&p, ", ");
	if (f->warnings > 0)
		put_count(&p, f->warnings, "warning");
	put(&p, "\n");
}

static void
add_finding(struct buffer *out, const struct finding *f)
{
	buffer_append_text(out, "\n  {\"file\": ");
	json_text(out, f->file);
	buffer_printf(out, ", \"line\": %d, \"column\": %d, \"severity\": \"%s\", \"code\": \"%s\", \"message\": ",
		f->line, f->column, names[f->severity], f->code);
	json_text(out, f->message);
	buffer_append_text(out, ", \"help\": ");
	json_text(out, f->help);
	buffer_append_text(out, "}");
}

char *
findings_json(const struct findings *f)
{
	char text[] = "out of memory";
	struct finding memory = { .code = "E0001", .message = text };
	struct buffer out;

	buffer_init(&out, REPORT_MAX);
	buffer_append_text(&out, "[");
	for (size_t i = 0; i < f->count; i++) {
		if (i > 0)
			buffer_append_text(&out, ",");
		add_finding(&out, &f->items[i]);
	}
	if (f->exhausted) {
		if (f->count > 0)
			buffer_append_text(&out, ",");
		add_finding(&out, &memory);
	}
	buffer_append_text(&out, f->count > 0 || f->exhausted ? "\n]\n" : "]\n");
	return text_finish(&out);
}
