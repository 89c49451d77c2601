// SPDX-License-Identifier: GPL-3.0-or-later
// schema: the option rows as JSON Schema, for editors that complete and check
// keys. Draft 7, which all of them read. It admits every file that
// settings_load() takes; some mistakes only settings_load() finds.
#include "config/json.h"
#include "config/language.h"

#include <inttypes.h>
#include <string.h>

#define SCHEMA_MAX (4 * 1024 * 1024)	// octets of the text
#define VARIABLE "\\\\$\\\\{"		// a value that the environment completes

static void put_object(struct buffer *out, const struct option_row *rows, const struct config_scheme *schemes,
	const struct option_row *(*side)(const struct config_scheme *s));

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
put_words(struct buffer *out, const char *const *words)
{
	buffer_append_text(out, "\"anyOf\": [{\"enum\": [");
	for (const char *const *word = words; *word != NULL; word++) {
		if (word != words)
			buffer_append_text(out, ", ");
		json_text(out, *word);
	}
	buffer_append_text(out, "]}, {\"type\": \"string\", \"pattern\": \"" VARIABLE "\"}]");
}

static void
put_range(struct buffer *out, const struct option_row *row, const char *least, const char *most)
{
	if (row->min == 0 && row->max == 0)
		return;
	buffer_printf(out, ", \"%s\": %" PRId64 ", \"%s\": %" PRId64, least, row->min, most, row->max);
}

// One text of a list, or the only one.
static void
put_item(struct buffer *out, const struct option_row *row)
{
	buffer_append_text(out, "{");
	if (row->choices != NULL)
		put_words(out, row->choices);
	else
		buffer_append_text(out, row->kind == OPTION_TEXTS ? "\"type\": [\"string\", \"number\", \"boolean\"]" : "\"type\": \"string\"");
	buffer_append_text(out, "}");
}

static void
put_texts(struct buffer *out, const struct option_row *row)
{
	buffer_append_text(out, "\"anyOf\": [");
	put_item(out, row);
	buffer_append_text(out, ", {\"type\": \"array\", \"items\": ");
	put_item(out, row);
	put_range(out, row, "minItems", "maxItems");
	buffer_append_text(out, "}");
	if (row->rows != NULL) {
		buffer_append_text(out, ", {");
		put_object(out, row->rows, NULL, NULL);
		buffer_append_text(out, "}");
	}
	buffer_append_text(out, "]");
}

// A number of its kind, or the word that may stand in its place.
static void
put_pattern(struct buffer *out, const struct option_row *row, const char *pattern)
{
	buffer_append_text(out, ", \"pattern\": \"");
	if (row->word != NULL)
		buffer_printf(out, "^%s$|", row->word);
	buffer_printf(out, "%s|" VARIABLE "\"", pattern);
}

// Where a secret stands: one of the prefixes, or anything where a path may stand alone.
static void
put_source(struct buffer *out, const struct option_row *row)
{
	buffer_append_text(out, "\"type\": \"string\", \"pattern\": \"");
	for (const char *const *word = row->choices; *word != NULL; word++) {
		if (strcmp(*word, "path") == 0)
			buffer_append_text(out, "^[^:]+$|");
		else
			buffer_printf(out, "^%s:|", *word);
	}
	buffer_append_text(out, VARIABLE "\"");
}

static void
put_record(struct buffer *out, const struct option_row *row)
{
	const char *const words[] = { row->word, NULL };

	if (row->word == NULL) {
		put_object(out, row->rows, NULL, NULL);
		return;
	}
	buffer_append_text(out, "\"anyOf\": [{");
	put_words(out, words);
	buffer_append_text(out, "}, {");
	put_object(out, row->rows, NULL, NULL);
	buffer_append_text(out, "}]");
}

static void put_type(struct buffer *out, const struct option_row *row, const struct config_scheme *schemes);

// Named entries: each a map, or the value of the brief key alone.
static void
put_entries(struct buffer *out, const struct option_row *row, const struct config_scheme *schemes)
{
	const struct option_row *(*side)(const struct config_scheme *s) = strcmp(row->key, "listeners") == 0 ? listener_side :
		strcmp(row->key, "upstreams") == 0 ? upstream_side : NULL;

	buffer_append_text(out, "\"type\": [\"object\", \"null\"], \"patternProperties\": {\"^x-\": {}}, "
		"\"additionalProperties\": {\"anyOf\": [");
	for (const struct option_row *brief = row->rows; row->brief != NULL && brief->key != NULL; brief++) {
		if (strcmp(brief->key, row->brief) != 0)
			continue;
		buffer_append_text(out, "{");
		put_type(out, brief, NULL);
		buffer_append_text(out, "}, ");
	}
	buffer_append_text(out, "{");
	put_object(out, row->rows, side != NULL ? schemes : NULL, side);
	buffer_append_text(out, "}]}");
}

// What the value looks like, without the braces around it.
static void
put_type(struct buffer *out, const struct option_row *row, const struct config_scheme *schemes)
{
	switch (row->kind) {
	case OPTION_TEXT:
		buffer_append_text(out, "\"type\": [\"string\", \"number\", \"boolean\"]");
		return;
	case OPTION_NAME:
		buffer_append_text(out, "\"type\": [\"string\", \"number\", \"boolean\"], \"pattern\": \"^[A-Za-z0-9_.-]{1,64}$|" VARIABLE "\"");
		return;
	case OPTION_PATH:
	case OPTION_URL:
		buffer_append_text(out, "\"type\": \"string\"");
		return;
	case OPTION_BOOL:
		buffer_append_text(out, "\"type\": [\"boolean\", \"string\"], \"pattern\": "
			"\"^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff])$|" VARIABLE "\"");
		return;
	case OPTION_INTEGER:
		buffer_append_text(out, "\"type\": [\"integer\", \"string\"]");
		put_pattern(out, row, "^-?(0|[1-9][0-9]*)$");
		put_range(out, row, "minimum", "maximum");
		return;
	case OPTION_SIZE:
		buffer_append_text(out, "\"type\": [\"string\", \"integer\"]");
		put_pattern(out, row, "^(0|[1-9][0-9]*)(KiB|MiB|GiB)?$");
		put_range(out, row, "minimum", "maximum");
		return;
	case OPTION_DURATION:
		buffer_append_text(out, "\"type\": [\"string\", \"integer\"]");
		put_pattern(out, row, "^(0|(0|[1-9][0-9]*)(ms|s|m|h|d))$");
		buffer_append_text(out, ", \"minimum\": 0, \"maximum\": 0");
		return;
	case OPTION_RATE:
		buffer_append_text(out, "\"type\": \"string\"");
		put_pattern(out, row, "^(0|[1-9][0-9]*)/s$");
		return;
	case OPTION_CHOICE:
		put_words(out, row->choices);
		return;
	case OPTION_TEXTS:
	case OPTION_CIDRS:
	case OPTION_PATHS:
		put_texts(out, row);
		return;
	case OPTION_PATH_MAP:
		buffer_append_text(out, "\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"object\", \"additionalProperties\": {\"type\": \"string\"}}]");
		return;
	case OPTION_SOURCE:
		put_source(out, row);
		return;
	case OPTION_RECORD:
		put_record(out, row);
		return;
	case OPTION_MAP:
		put_entries(out, row, schemes);
		return;
	case OPTION_LIST:
		buffer_append_text(out, "\"type\": [\"array\", \"null\"], \"items\": {");
		put_object(out, row->rows, NULL, NULL);
		buffer_append_text(out, "}");
		return;
	case OPTION_ABSENT:
		return;
	}
}

static void
put_standard(struct buffer *out, const struct option_row *row)
{
	if (row->standard == NULL)
		return;
	buffer_append_text(out, ", \"default\": ");
	if (row->kind == OPTION_INTEGER && row->word == NULL)
		buffer_append_text(out, row->standard);
	else
		json_text(out, row->standard);
}

static void
put_property(struct buffer *out, const struct option_row *row, const struct config_scheme *schemes, bool first)
{
	buffer_append_text(out, first ? "\n" : ",\n");
	json_text(out, row->key);
	buffer_append_text(out, ": {\"description\": ");
	json_text(out, row->help);
	put_standard(out, row);
	buffer_append_text(out, ", ");
	put_type(out, row, schemes);
	buffer_append_text(out, "}");
}

static bool
in_rows(const struct option_row *rows, const char *key)
{
	for (; rows != NULL && rows->key != NULL; rows++)
		if (rows->kind != OPTION_ABSENT && strcmp(rows->key, key) == 0)
			return true;
	return false;
}

// A key that an earlier scheme has as well is there already.
static bool
was_before(const struct config_scheme *schemes, const struct config_scheme *last,
	const struct option_row *(*side)(const struct config_scheme *s), const char *key)
{
	for (; schemes != last; schemes++)
		if (in_rows(side(schemes), key))
			return true;
	return false;
}

static void
put_required(struct buffer *out, const struct option_row *rows)
{
	bool first = true;

	for (const struct option_row *row = rows; row->key != NULL; row++) {
		if (!row->required)
			continue;
		buffer_append_text(out, first ? ", \"required\": [" : ", ");
		json_text(out, row->key);
		first = false;
	}
	if (!first)
		buffer_append_text(out, "]");
}

// A map with the keys of a table, and with those of all drivers on one side.
static void
put_object(struct buffer *out, const struct option_row *rows, const struct config_scheme *schemes,
	const struct option_row *(*side)(const struct config_scheme *s))
{
	bool first = true;

	buffer_append_text(out, "\"type\": [\"object\", \"null\"], \"properties\": {");
	for (const struct option_row *row = rows; row->key != NULL; row++) {
		if (row->kind == OPTION_ABSENT)
			continue;
		put_property(out, row, schemes, first);
		first = false;
	}
	for (const struct config_scheme *s = schemes; side != NULL && s->scheme != NULL; s++) {
		for (const struct option_row *row = side(s); row != NULL && row->key != NULL; row++) {
			if (row->kind == OPTION_ABSENT || in_rows(rows, row->key) || was_before(schemes, s, side, row->key))
				continue;
			put_property(out, row, NULL, first);
			first = false;
		}
	}
	buffer_append_text(out, "\n}, \"patternProperties\": {\"^x-\": {}}, \"additionalProperties\": false");
	put_required(out, rows);
}

// Files that are included may lack what the main file has, so the whole requires nothing.
char *
settings_schema(const struct config_scheme *schemes)
{
	struct buffer out;
	bool first = true;

	buffer_init(&out, SCHEMA_MAX);
	buffer_append_text(&out, "{\"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
		"\"title\": \"Configuration of cmpgate\",\n\"type\": \"object\",\n"
		"\"patternProperties\": {\"^x-\": {}},\n\"additionalProperties\": false,\n\"properties\": {");
	for (const struct option_row *row = language_rows; row->key != NULL; row++) {
		if (row->kind == OPTION_ABSENT)
			continue;
		put_property(&out, row, schemes, first);
		first = false;
	}
	buffer_append_text(&out, "\n}}\n");
	return text_finish(&out);
}
