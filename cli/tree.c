// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

void
tree_init(struct tree *t, bool json, bool all_octets, size_t limit)
{
	memset(t, 0, sizeof(*t));
	buffer_init(&t->out, limit);
	t->json = json;
	t->all_octets = all_octets;
}

void
tree_clear(struct tree *t)
{
	buffer_clear(&t->out);
}

static void
put_indent(struct tree *t)
{
	for (unsigned i = 0; i < t->depth; i++)
		buffer_append_text(&t->out, "  ");
}

// A JSON string; what codec/text.h lets through needs no more than these.
static void
put_json_text(struct tree *t, const char *text)
{
	buffer_append_octet(&t->out, '"');
	for (; *text != '\0'; text++)
		if (*text == '"' || *text == '\\')
			buffer_printf(&t->out, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			buffer_printf(&t->out, "\\u%04x", (unsigned char)*text);
		else
			buffer_append_octet(&t->out, (uint8_t)*text);
	buffer_append_octet(&t->out, '"');
}

// What stands before every value: a comma and the name, or the indent and the name.
static void
put_name(struct tree *t, const char *name)
{
	size_t number = 0;
	bool first = true;

	if (t->depth > 0) {
		first = !t->levels[t->depth - 1].used;
		t->levels[t->depth - 1].used = true;
		number = t->levels[t->depth - 1].count++;
	}
	if (!t->json) {
		put_indent(t);
		if (name != NULL)
			buffer_append_text(&t->out, name);
		else
			buffer_printf(&t->out, "[%zu]", number);
		return;
	}
	if (t->depth > 0)
		buffer_append_text(&t->out, first ? "\n" : ",\n");
	put_indent(t);
	if (name == NULL)
		return;
	put_json_text(t, name);
	buffer_append_text(&t->out, ": ");
}

static void
open_level(struct tree *t, const char *name, bool list)
{
	if (t->depth == TREE_DEPTH_MAX) {
		t->out.failed = true;
		return;
	}
	if (name != NULL || t->depth > 0 || t->json)
		put_name(t, t->depth == 0 && t->json ? NULL : name);
	if (t->json)
		buffer_append_octet(&t->out, list ? '[' : '{');
	else
		buffer_append_text(&t->out, "\n");
	t->levels[t->depth].list = list;
	t->levels[t->depth].used = false;
	t->levels[t->depth].count = 0;
	t->depth++;
}

void
tree_open(struct tree *t, const char *name)
{
	open_level(t, name, false);
}

void
tree_open_list(struct tree *t, const char *name)
{
	open_level(t, name, true);
}

void
tree_close(struct tree *t)
{
	if (t->depth == 0 || t->out.failed)
		return;
	t->depth--;
	if (!t->json)
		return;
	if (t->levels[t->depth].used) {
		buffer_append_text(&t->out, "\n");
		put_indent(t);
	}
	buffer_append_octet(&t->out, t->levels[t->depth].list ? ']' : '}');
	if (t->depth == 0)
		buffer_append_text(&t->out, "\n");
}

static void
put_plain(struct tree *t, const char *name, const char *value)
{
	put_name(t, name);
	buffer_append_text(&t->out, t->json ? "" : ": ");
	buffer_append_text(&t->out, value);
	buffer_append_text(&t->out, t->json ? "" : "\n");
}

void
tree_text(struct tree *t, const char *name, const char *text)
{
	if (!t->json) {
		put_plain(t, name, text);
		return;
	}
	put_name(t, name);
	put_json_text(t, text);
}

void
tree_number(struct tree *t, const char *name, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	put_plain(t, name, text);
}

void
tree_flag(struct tree *t, const char *name, bool flag)
{
	put_plain(t, name, flag ? "true" : "false");
}

void
tree_octets(struct tree *t, const char *name, struct span octets)
{
	size_t shown = octets.len <= TREE_OCTETS_SHOWN || t->all_octets || t->json ? octets.len : TREE_OCTETS_SHOWN / 2;

	put_name(t, name);
	buffer_append_text(&t->out, t->json ? "\"" : ": ");
	for (size_t i = 0; i < shown; i++)
		buffer_printf(&t->out, "%02x", octets.data[i]);
	if (shown < octets.len)
		buffer_printf(&t->out, "... (%zu octets)", octets.len);
	buffer_append_text(&t->out, t->json ? "\"" : "\n");
}

void
tree_time(struct tree *t, const char *name, int64_t seconds)
{
	char text[32] = "(out of range)";
	time_t when = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&when, &tm) != NULL && tm.tm_year + 1900 <= 9999)
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	tree_text(t, name, text);
}
