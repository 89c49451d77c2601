// SPDX-License-Identifier: GPL-3.0-or-later
// manual: the option rows as sections of cmpgate.yaml(5), in man macros.
#include "config/json.h"
#include "config/language.h"
#include "config/value.h"

#include <inttypes.h>
#include <stdio.h>

#define MANUAL_MAX (4 * 1024 * 1024)	// octets of the text

// A text in which nothing is a macro: roff would take \ . ' and - for its own.
static void
put_text(struct buffer *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		buffer_append_text(out, "\\&");
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\\')
			buffer_append_text(out, "\\e");
		else if (*p == '-')
			buffer_append_text(out, "\\-");
		else
			buffer_append_octet(out, (uint8_t)*p);
	}
}

static const char *
kind_name(enum option_kind kind)
{
	static const char *const names[] = {
		[OPTION_TEXT] = "text", [OPTION_NAME] = "name", [OPTION_PATH] = "path", [OPTION_URL] = "URL",
		[OPTION_BOOL] = "yes or no", [OPTION_INTEGER] = "number", [OPTION_SIZE] = "size", [OPTION_DURATION] = "duration",
		[OPTION_CHOICE] = "one of", [OPTION_TEXTS] = "text or list of texts", [OPTION_CIDRS] = "network or list of networks",
		[OPTION_PATHS] = "path or list of paths", [OPTION_PATH_MAP] = "path, or map of names to paths", [OPTION_SOURCE] = "source of a secret:",
		[OPTION_RECORD] = "map", [OPTION_RATE] = "rate", [OPTION_MAP] = "map of names", [OPTION_LIST] = "list of maps",
		[OPTION_ABSENT] = "not in this build",
	};

	return names[kind];
}

static void
put_number(struct buffer *out, const struct option_row *row, int64_t n)
{
	char text[48];

	if (row->kind == OPTION_SIZE)
		put_text(out, value_size_text(n, text, sizeof(text)));
	else if (row->kind == OPTION_DURATION)
		put_text(out, value_duration_text(n, text, sizeof(text)));
	else
		buffer_printf(out, "%" PRId64 "%s", n, row->kind == OPTION_RATE ? "/s" : "");
}

// "number from 1 to 1024", "one of keep"; lists count their entries.
static void
put_kind(struct buffer *out, const struct option_row *row)
{
	bool list = row->kind == OPTION_TEXTS || row->kind == OPTION_CIDRS || row->kind == OPTION_PATHS || row->kind == OPTION_PATH_MAP;

	buffer_append_text(out, kind_name(row->kind));
	if (row->choices != NULL) {
		buffer_append_text(out, list ? ", each one of" : "");
		for (const char *const *word = row->choices; *word != NULL; word++) {
			buffer_append_text(out, word != row->choices ? ", " : " ");
			put_text(out, *word);
		}
	}
	if (!list && row->max != 0) {
		buffer_append_text(out, " from ");
		put_number(out, row, row->min);
		buffer_append_text(out, " to ");
		put_number(out, row, row->max);
	} else if (list && row->max != 0)
		buffer_printf(out, ", at most %" PRId64, row->max);
	if (row->word != NULL) {
		buffer_append_text(out, ", or ");
		put_text(out, row->word);
	}
	if (row->standard != NULL) {
		buffer_append_text(out, "; default ");
		put_text(out, row->standard);
	}
	if (row->required)
		buffer_append_text(out, "; required");
	if (row->restart)
		buffer_append_text(out, "; a change needs a restart");
}

static void put_rows(struct buffer *out, const struct option_row *rows, const char *prefix);

static void
put_row(struct buffer *out, const struct option_row *row, const char *prefix)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", prefix, row->key);
	buffer_append_text(out, ".TP\n.B ");
	put_text(out, path);
	buffer_append_text(out, "\n(");
	put_kind(out, row);
	buffer_append_text(out, ")\n.br\n");
	put_text(out, row->help);
	buffer_append_text(out, "\n");
	if (row->rows == NULL)
		return;
	snprintf(path, sizeof(path), "%s%s.", prefix, row->key);
	put_rows(out, row->rows, path);
}

static void
put_rows(struct buffer *out, const struct option_row *rows, const char *prefix)
{
	for (const struct option_row *row = rows; row->key != NULL; row++)
		if (row->kind != OPTION_ABSENT)
			put_row(out, row, prefix);
}

static void
put_heading(struct buffer *out, const char *text)
{
	buffer_append_text(out, ".SS \"");
	put_text(out, text);
	buffer_append_text(out, "\"\n");
}

// The keys that one driver adds; schemes that share a table stand in one heading.
static void
put_driver(struct buffer *out, const struct config_scheme *first, const struct option_row *(*side)(const struct config_scheme *s),
	const char *noun, const char *prefix)
{
	char heading[256];

	snprintf(heading, sizeof(heading), "Keys of %s with %s:", noun, first->scheme);
	for (const struct config_scheme *s = first + 1; s->scheme != NULL; s++)
		if (side(s) == side(first))
			snprintf(heading + strlen(heading), sizeof(heading) - strlen(heading), ", %s:", s->scheme);
	put_heading(out, heading);
	put_rows(out, side(first), prefix);
}

static bool
is_repeated(const struct config_scheme *schemes, const struct config_scheme *s,
	const struct option_row *(*side)(const struct config_scheme *s))
{
	for (; schemes != s; schemes++)
		if (side(schemes) == side(s))
			return true;
	return false;
}

static void
put_drivers(struct buffer *out, const struct config_scheme *schemes, const struct option_row *(*side)(const struct config_scheme *s),
	const char *noun, const char *prefix)
{
	for (const struct config_scheme *s = schemes; s->scheme != NULL; s++)
		if (side(s) != NULL && side(s)->key != NULL && !is_repeated(schemes, s, side))
			put_driver(out, s, side, noun, prefix);
}

static const struct option_row *
listener_side(const struct config_scheme *s)
{
	return s->listener_rows;
}

static const struct option_row *
upstream_side(const struct config_scheme *s)
{
	return s->upstream_rows;
}

static void
put_section(struct buffer *out, const struct option_row *row, const struct config_scheme *schemes)
{
	char prefix[64];

	put_heading(out, row->key);
	put_text(out, row->help);
	buffer_append_text(out, "\n");
	snprintf(prefix, sizeof(prefix), row->kind == OPTION_MAP ? "%s.NAME." : row->kind == OPTION_LIST ? "%s[]." : "%s.", row->key);
	put_rows(out, row->rows, prefix);
	if (strcmp(row->key, "listeners") == 0)
		put_drivers(out, schemes, listener_side, "listeners", prefix);
	else if (strcmp(row->key, "upstreams") == 0)
		put_drivers(out, schemes, upstream_side, "upstreams", prefix);
}

// What is refused as "not in this build", in one list.
static void
put_absent(struct buffer *out, const struct option_row *rows, const char *prefix, bool *first)
{
	for (const struct option_row *row = rows; row->key != NULL; row++) {
		char path[128];

		snprintf(path, sizeof(path), "%s%s", prefix, row->key);
		if (row->kind == OPTION_ABSENT) {
			buffer_append_text(out, *first ? "" : ",\n");
			put_text(out, path);
			*first = false;
		} else if (row->rows != NULL) {
			snprintf(path, sizeof(path), row->kind == OPTION_MAP ? "%s%s.NAME." : row->kind == OPTION_LIST ? "%s%s[]." : "%s%s.", prefix, row->key);
			put_absent(out, row->rows, path, first);
		}
	}
}

static void
put_later(struct buffer *out, const struct config_scheme *schemes)
{
	bool first = true;

	buffer_append_text(out, ".SH KEYS OF LATER VERSIONS\nThese keys are part of the language, but not in this build. "
		"A file that uses one is refused:\n");
	put_absent(out, language_rows, "", &first);
	for (const struct config_scheme *s = schemes; s->scheme != NULL; s++) {
		if (s->listener_rows != NULL && !is_repeated(schemes, s, listener_side))
			put_absent(out, s->listener_rows, "listeners.NAME.", &first);
		if (s->upstream_rows != NULL && !is_repeated(schemes, s, upstream_side))
			put_absent(out, s->upstream_rows, "upstreams.NAME.", &first);
	}
	buffer_append_text(out, ".\n");
}

char *
settings_manual(const struct config_scheme *schemes)
{
	struct buffer out;

	buffer_init(&out, MANUAL_MAX);
	buffer_append_text(&out, ".SH KEYS\n");
	for (const struct option_row *row = language_rows; row->key != NULL; row++)
		if (row->rows == NULL && row->kind != OPTION_ABSENT)
			put_row(&out, row, "");
	for (const struct option_row *row = language_rows; row->key != NULL; row++)
		if (row->rows != NULL)
			put_section(&out, row, schemes);
	put_later(&out, schemes);
	return text_finish(&out);
}
