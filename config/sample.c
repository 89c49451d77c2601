// SPDX-License-Identifier: GPL-3.0-or-later
// sample: a configuration to begin with, made from the option rows. It loads
// as it stands; every other key of this build is there as a comment. Comments
// have a space behind the #, settings that wait for their turn have none, or
// as many as their place in a map wants.
#include "config/json.h"
#include "config/language.h"

#include <stdio.h>
#include <string.h>

#define SAMPLE_MAX (1024 * 1024)	// octets of the text
#define WIDTH 96			// characters of a line of help

// Where a line stands: "#" before it, and how far in.
struct place { const char *mark; unsigned indent; };

static void
put_line(struct buffer *out, struct place at, const char *text)
{
	buffer_printf(out, "%s%*s%s\n", at.mark, (int)at.indent, "", text);
}

// A sentence or two, in lines that begin with "# ".
static void
put_help(struct buffer *out, struct place at, const char *text)
{
	while (*text != '\0') {
		size_t room = WIDTH - at.indent, len = strlen(text);

		if (len > room) {
			len = room;
			while (len > 0 && text[len] != ' ')
				len--;
			if (len == 0)
				len = room;
		}
		buffer_printf(out, "%s%*s# %.*s\n", at.indent > 0 ? at.mark : "", (int)at.indent, "", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
}

// Something to write behind the key when the row brings no example of its own.
static const char *
value_of(const struct option_row *row)
{
	if (row->example != NULL)
		return row->example;
	if (row->standard != NULL)
		return row->standard;
	if (row->choices != NULL)
		return row->choices[0];
	switch (row->kind) {
	case OPTION_BOOL:
		return "no";
	case OPTION_PATH:
	case OPTION_PATHS:
	case OPTION_PATH_MAP:
		return "/path";
	case OPTION_SOURCE:
		return "file:/path";
	case OPTION_CIDRS:
		return "10.0.0.0/8";
	case OPTION_TEXT:
	case OPTION_NAME:
	case OPTION_TEXTS:
		return "text";
	case OPTION_URL:
	case OPTION_INTEGER:
	case OPTION_SIZE:
	case OPTION_DURATION:
	case OPTION_RATE:
	case OPTION_CHOICE:
	case OPTION_RECORD:
	case OPTION_MAP:
	case OPTION_LIST:
	case OPTION_ABSENT:
		break;
	}
	return "";
}

static void
put_setting(struct buffer *out, struct place at, const char *key, const char *value)
{
	buffer_printf(out, "%s%*s%s: %s\n", at.mark, (int)at.indent, "", key, value);
}

// Rows as a map in one line: "{signer: {issuer: "CN=a"}}".
static void
append_map(char *out, size_t size, const struct option_row *rows)
{
	for (const struct option_row *row = rows; row->key != NULL; row++) {
		snprintf(out + strlen(out), size - strlen(out), "%s%s: ", row == rows ? "{" : ", ", row->key);
		if (row->kind == OPTION_RECORD)
			append_map(out, size, row->rows);
		else
			snprintf(out + strlen(out), size - strlen(out), "%s", value_of(row));
	}
	snprintf(out + strlen(out), size - strlen(out), "}");
}

// The other form of a value, as a comment: only one of the two can stand there.
static void
put_alternative(struct buffer *out, struct place at, const struct option_row *row)
{
	char text[512];

	snprintf(text, sizeof(text), "Or %s: ", row->key);
	append_map(text, sizeof(text), row->rows);
	put_help(out, at, text);
}

static void
put_rows(struct buffer *out, struct place at, const struct option_row *rows, const char *skip)
{
	for (const struct option_row *row = rows; row->key != NULL; row++) {
		struct place inner = { at.mark, at.indent + 2 };

		if (row->kind == OPTION_ABSENT || (skip != NULL && strcmp(row->key, skip) == 0))
			continue;
		put_help(out, at, row->help);
		if (row->kind == OPTION_TEXTS && row->rows != NULL)
			put_alternative(out, at, row);
		if (row->kind != OPTION_RECORD) {
			put_setting(out, at, row->key, value_of(row));
			continue;
		}
		buffer_printf(out, "%s%*s%s:\n", at.mark, (int)at.indent, "", row->key);
		put_rows(out, inner, row->rows, NULL);
	}
}

// The rows of an entry that is in force, waiting inside it.
static void
put_waiting(struct buffer *out, const struct option_row *rows)
{
	for (const struct option_row *row = rows; row != NULL && row->key != NULL; row++) {
		if (row->kind == OPTION_ABSENT || row->kind == OPTION_RECORD || strcmp(row->key, "url") == 0)
			continue;
		put_help(out, (struct place){ "", 4 }, row->help);
		buffer_printf(out, "    #%s: %s\n", row->key, value_of(row));
	}
}

static bool
needs_more(const struct option_row *rows)
{
	for (; rows->key != NULL; rows++)
		if (rows->required)
			return true;
	return false;
}

// The scheme to begin with: http where it is built, else the first that needs nothing but a URL.
static const struct config_scheme *
begin_with(const struct config_scheme *schemes, const struct option_row *(*side)(const struct config_scheme *s))
{
	const struct config_scheme *first = NULL;

	for (const struct config_scheme *s = schemes; s->scheme != NULL; s++) {
		if (side(s) == NULL || needs_more(side(s)))
			continue;
		if (strcmp(s->scheme, "http") == 0)
			return s;
		first = first != NULL ? first : s;
	}
	return first;
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

static bool
is_file(const struct config_scheme *s)
{
	return strcmp(s->scheme, "file") == 0;
}

static void
put_listener_url(struct buffer *out, const struct config_scheme *s)
{
	if (is_file(s))
		buffer_append_text(out, "file:" STATEDIR "/drop");
	else
		buffer_printf(out, "%s://127.0.0.1:%u", s->scheme, strcmp(s->scheme, "http") == 0 ? 8080 : s->default_port > 0 ? s->default_port : 8000);
}

// All other ways in, one line each.
static void
put_other_listeners(struct buffer *out, const struct config_scheme *schemes, const struct config_scheme *taken)
{
	for (const struct config_scheme *s = schemes; s->scheme != NULL; s++) {
		if (s == taken || s->alias || s->listener_rows == NULL)
			continue;
		// A name has no plus sign.
		buffer_printf(out, "  #by-%.*s%s: {url: \"", (int)strcspn(s->scheme, "+"), s->scheme, strchr(s->scheme, '+') != NULL ? "-tcp" : "");
		put_listener_url(out, s);
		buffer_append_text(out, "\"");
		for (const struct option_row *row = s->listener_rows; row->key != NULL; row++)
			if (row->required)
				buffer_printf(out, ", %s: %s", row->key, value_of(row));
		buffer_append_text(out, "}\n");
	}
}

static void
put_listeners(struct buffer *out, const struct option_row *row, const struct config_scheme *schemes)
{
	const struct config_scheme *s = begin_with(schemes, listener_side);

	put_help(out, (struct place){ "", 0 }, row->help);
	buffer_printf(out, "%slisteners:\n", s == NULL ? "#" : "");
	if (s == NULL)
		return;
	buffer_append_text(out, "  field:\n");
	put_help(out, (struct place){ "", 4 }, row->rows[0].help);
	buffer_append_text(out, "    url: \"");
	put_listener_url(out, s);
	buffer_append_text(out, "\"\n");
	put_waiting(out, row->rows);
	put_waiting(out, s->listener_rows);
	put_other_listeners(out, schemes, s);
}

static void
put_upstreams(struct buffer *out, const struct option_row *row, const struct config_scheme *schemes)
{
	const struct config_scheme *s = begin_with(schemes, upstream_side);

	put_help(out, (struct place){ "", 0 }, row->help);
	buffer_printf(out, "%supstreams:\n", s == NULL ? "#" : "");
	if (s == NULL)
		return;
	buffer_append_text(out, "  plant-ca:\n");
	put_help(out, (struct place){ "", 4 }, row->rows[0].help);
	if (is_file(s))
		buffer_append_text(out, "    url: file:" STATEDIR "/courier\n");
	else
		buffer_printf(out, "    url: %s://pki.plant.example%s/cmp\n", s->scheme, s->default_port > 0 ? "" : ":8000");
	put_waiting(out, row->rows);
	put_waiting(out, s->upstream_rows);
}

// A section whose entries wait: one in full, and one in brief.
static void
put_waiting_entries(struct buffer *out, const struct option_row *row)
{
	static const struct { const char *key, *name, *skip, *brief, *value; } names[] = {
		{ "trust", "devices", NULL, "plant", "[/etc/cmpgate/trust/plant-root.pem]" },
		{ "credentials", "ra", "pin", NULL, NULL },
		{ "secrets", "commissioning", NULL, "bench", "file:/etc/cmpgate/secrets/bench.txt" },
	};
	size_t i = 0;

	while (strcmp(names[i].key, row->key) != 0)
		i++;
	put_help(out, (struct place){ "", 0 }, row->help);
	buffer_printf(out, "#%s:\n#  %s:\n", row->key, names[i].name);
	put_rows(out, (struct place){ "#", 4 }, row->rows, names[i].skip);
	if (names[i].brief != NULL)
		put_setting(out, (struct place){ "#", 2 }, names[i].brief, names[i].value);
}

// Two routes that wait: one that refuses, and one with every other key.
static void
put_routes(struct buffer *out, const struct option_row *row)
{
	static const struct place inside = { "#", 4 };

	put_help(out, (struct place){ "", 0 }, row->help);
	buffer_append_text(out, "#routes:\n#  - name: no-revocation\n#    match: {body: rr}\n#    to: reject\n");
	for (const struct option_row *key = row->rows; key->key != NULL; key++) {
		if (strcmp(key->key, "reject") != 0)
			continue;
		put_help(out, inside, key->help);
		buffer_append_text(out, "#    reject:\n");
		put_rows(out, (struct place){ "#", 6 }, key->rows, NULL);
	}
	buffer_append_text(out, "#  -\n");
	put_rows(out, inside, row->rows, "reject");
}

static void
put_key(struct buffer *out, const struct option_row *row, const struct config_scheme *schemes)
{
	static const struct place top = { "#", 0 };

	buffer_append_text(out, "\n");
	if (row->kind == OPTION_LIST) {
		put_routes(out, row);
		return;
	}
	if (row->kind == OPTION_MAP) {
		if (strcmp(row->key, "listeners") == 0)
			put_listeners(out, row, schemes);
		else if (strcmp(row->key, "upstreams") == 0)
			put_upstreams(out, row, schemes);
		else
			put_waiting_entries(out, row);
		return;
	}
	put_help(out, top, row->help);
	if (row->kind != OPTION_RECORD) {
		put_setting(out, row->required ? (struct place){ "", 0 } : top, row->key, value_of(row));
		return;
	}
	buffer_printf(out, "#%s:\n", row->key);
	put_rows(out, (struct place){ "#", 2 }, row->rows, NULL);
}

char *
settings_sample(const struct config_scheme *schemes)
{
	static const struct place top = { "", 0 };
	struct buffer out;

	buffer_init(&out, SAMPLE_MAX);
	put_line(&out, top, "# yaml-language-server: $schema=cmpgate.schema.json");
	put_help(&out, top, "Configuration of cmpgate; cmpgate.yaml(5) says more. `cmpgate config schema > cmpgate.schema.json` "
		"writes what the first line names, and your editor then completes the keys. What follows a # without a space, "
		"or with several, is a setting that waits: take the # away. `cmpgate check` says whether all is well.");
	for (const struct option_row *row = language_rows; row->key != NULL; row++)
		if (row->kind != OPTION_ABSENT)
			put_key(&out, row, schemes);
	return text_finish(&out);
}
