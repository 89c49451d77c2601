// SPDX-License-Identifier: GPL-3.0-or-later
// show: settings back into text. The YAML can be loaded again and gives the
// same settings; the JSON has the same shape for programs.
#include "config/json.h"
#include "config/language.h"
#include "config/private.h"
#include "config/rows.h"
#include "config/secret.h"
#include "config/value.h"

#include <inttypes.h>
#include <stdio.h>

#define SHOW_MAX (16 * 1024 * 1024)	// octets of the text
#define SOURCE_TEXT_MAX 8192		// octets of where a secret stands: a path and its prefix
#define ACCEPT_WORDS 16			// words of accept

struct writer {
	struct buffer out;
	bool json;
	unsigned depth;
	bool first;	// JSON: no comma yet; YAML: the line has begun with "- "
};

static void
new_line(struct writer *w)
{
	if (w->json)
		buffer_append_text(&w->out, w->first ? "\n" : ",\n");
	if (w->json || !w->first)
		for (unsigned i = 0; i < w->depth; i++)
			buffer_append_text(&w->out, "  ");
	w->first = false;
}

// A text that means the same without quotes.
static bool
is_plain(const char *text)
{
	static const char fit[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
	bool letter = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || *text == '/';
	const char *colon = text + strspn(text, fit);

	if (!letter || strcmp(text, "null") == 0)
		return false;
	return *colon == '\0' || (*colon == ':' && colon[1] == '/' && colon[1 + strspn(colon + 1, fit)] == '\0');
}

// A scalar. In YAML a dollar sign would begin a variable: it goes twice.
static void
put_text(struct writer *w, const char *text)
{
	struct buffer twice;
	char *copy;

	if (!w->json && is_plain(text)) {
		buffer_append_text(&w->out, text);
		return;
	}
	if (w->json || strchr(text, '$') == NULL) {
		json_text(&w->out, text);
		return;
	}
	buffer_init(&twice, SHOW_MAX);
	for (const char *p = text; *p != '\0'; p++) {
		buffer_append_octet(&twice, (uint8_t)*p);
		if (*p == '$')
			buffer_append_octet(&twice, '$');
	}
	copy = text_finish(&twice);
	if (copy == NULL)
		w->out.failed = true;
	else
		json_text(&w->out, copy);
	buffer_clear(&twice);
}

static void
put_key(struct writer *w, const char *key)
{
	new_line(w);
	if (w->json)
		json_text(&w->out, key);
	else
		buffer_append_text(&w->out, key);
	buffer_append_text(&w->out, ":");
}

static void
open_map(struct writer *w, const char *key)
{
	put_key(w, key);
	buffer_append_text(&w->out, w->json ? " {" : "\n");
	w->depth++;
	w->first = w->json;
}

static void
close_with(struct writer *w, const char *bracket)
{
	w->depth--;
	if (w->json) {
		w->first = true;
		new_line(w);
		buffer_append_text(&w->out, bracket);
	}
	w->first = false;
}

static void
end_line(struct writer *w)
{
	if (!w->json)
		buffer_append_text(&w->out, "\n");
}

static void
put_texts(struct writer *w, const char *key, const struct option_texts *texts)
{
	put_key(w, key);
	buffer_append_text(&w->out, " [");
	for (size_t i = 0; i < texts->count; i++) {
		if (i > 0)
			buffer_append_text(&w->out, ", ");
		put_text(w, texts->items[i]);
	}
	buffer_append_text(&w->out, "]");
	end_line(w);
}

static void
put_scalar(struct writer *w, const char *key, const char *text)
{
	if (text == NULL)
		return;
	put_key(w, key);
	buffer_append_text(&w->out, " ");
	put_text(w, text);
	end_line(w);
}

// Numbers with units stand as they are written in a file, bare ones as numbers.
static void
put_number(struct writer *w, const struct option_row *row, int64_t n)
{
	char text[48];

	if (row->word != NULL && n == row->meaning) {
		put_scalar(w, row->key, row->word);
		return;
	}
	if (row->kind == OPTION_SIZE)
		value_size_text(n, text, sizeof(text));
	else if (row->kind == OPTION_DURATION)
		value_duration_text(n, text, sizeof(text));
	else
		snprintf(text, sizeof(text), row->kind == OPTION_RATE ? "%" PRId64 "/s" : "%" PRId64, n);
	put_key(w, row->key);
	buffer_printf(&w->out, w->json && row->kind != OPTION_INTEGER ? " \"%s\"" : " %s", text);
	end_line(w);
}

static bool has_values(const struct option_row *rows, const void *base, bool own);

static bool
has_value(const struct option_row *row, const void *base)
{
	const void *member = row_member(row, base);

	switch (row->kind) {
	case OPTION_TEXT:
	case OPTION_NAME:
	case OPTION_PATH:
	case OPTION_URL:
		return *(char *const *)member != NULL;
	case OPTION_SOURCE:
		return ((const struct settings_source *)member)->kind != SOURCE_NONE;
	case OPTION_TEXTS:
		return ((const struct option_texts *)member)->count > 0 || (row->rows != NULL && has_values(row->rows, base, false));
	case OPTION_CIDRS:
	case OPTION_PATHS:
	case OPTION_PATH_MAP:
		return ((const struct option_texts *)member)->count > 0;
	case OPTION_RECORD:
		return has_values(row->rows, member, false);
	case OPTION_INTEGER:
	case OPTION_SIZE:
	case OPTION_DURATION:
	case OPTION_RATE:
		// Without a default, 0 stands for nothing.
		return row->standard != NULL || *(const int64_t *)member != 0;
	case OPTION_MAP:
	case OPTION_LIST:
	case OPTION_ABSENT:
		return false;
	case OPTION_BOOL:
	case OPTION_CHOICE:
		break;
	}
	return true;
}

// Tell whether a record has anything to show: all that is required, and one
// value at least; with `own`, one that is no default.
static bool
has_values(const struct option_row *rows, const void *base, bool own)
{
	bool any = false;

	for (const struct option_row *row = rows; row->key != NULL; row++) {
		bool has = has_value(row, base);

		if (row->required && !has)
			return false;
		any = any || (has && (!own || row->standard == NULL));
	}
	return any;
}

// "NAME=path": one key each.
static void
put_path_map(struct writer *w, const char *key, const struct option_texts *texts)
{
	open_map(w, key);
	for (size_t i = 0; i < texts->count; i++) {
		const char *item = texts->items[i], *path = strchr(item, '=');
		char name[80];

		snprintf(name, sizeof(name), "%.*s", (int)(path - item), item);
		put_scalar(w, *name == '\0' && !w->json ? "\"\"" : name, path + 1);
	}
	close_with(w, "}");
}

static void
put_source(struct writer *w, const char *key, const struct settings_source *source)
{
	char text[SOURCE_TEXT_MAX];

	put_scalar(w, key, secret_text(source, text, sizeof(text)));
}

static void put_rows(struct writer *w, const struct option_row *rows, const void *base, const char *skip);

// A record, or the word that stands for its defaults.
static void
put_record(struct writer *w, const struct option_row *row, const void *base)
{
	if (row->word != NULL && !has_values(row->rows, base, true)) {
		put_scalar(w, row->key, row->word);
		return;
	}
	open_map(w, row->key);
	put_rows(w, row->rows, base, NULL);
	close_with(w, "}");
}

static void
put_row(struct writer *w, const struct option_row *row, const void *base)
{
	const void *member = row_member(row, base);

	if (!has_value(row, base))
		return;
	switch (row->kind) {
	case OPTION_TEXT:
	case OPTION_NAME:
	case OPTION_PATH:
	case OPTION_URL:
		put_scalar(w, row->key, *(char *const *)member);
		return;
	case OPTION_BOOL:
		put_key(w, row->key);
		buffer_append_text(&w->out, *(const bool *)member ? " true" : " false");
		end_line(w);
		return;
	case OPTION_INTEGER:
	case OPTION_SIZE:
	case OPTION_DURATION:
	case OPTION_RATE:
		put_number(w, row, *(const int64_t *)member);
		return;
	case OPTION_CHOICE:
		put_scalar(w, row->key, row->choices[*(const int *)member]);
		return;
	case OPTION_TEXTS:
		if (row->rows != NULL && has_values(row->rows, base, false))
			put_record(w, row, base);
		else
			put_texts(w, row->key, member);
		return;
	case OPTION_CIDRS:
	case OPTION_PATHS:
		put_texts(w, row->key, member);
		return;
	case OPTION_PATH_MAP:
		put_path_map(w, row->key, member);
		return;
	case OPTION_SOURCE:
		put_source(w, row->key, member);
		return;
	case OPTION_RECORD:
		put_record(w, row, member);
		return;
	case OPTION_MAP:
	case OPTION_LIST:
	case OPTION_ABSENT:
		return;
	}
}

static void
put_rows(struct writer *w, const struct option_row *rows, const void *base, const char *skip)
{
	for (const struct option_row *row = rows; row->key != NULL; row++)
		if (skip == NULL || strcmp(row->key, skip) != 0)
			put_row(w, row, base);
}

// A key that the driver has as well is the driver's.
static bool
is_driver_key(const struct option_row *rows, const char *key)
{
	for (const struct option_row *row = rows; row != NULL && row->key != NULL; row++)
		if (row->kind != OPTION_ABSENT && strcmp(row->key, key) == 0)
			return true;
	return false;
}

static void
put_entry(struct writer *w, const char *name, const struct option_row *rows, const struct entry *entry,
	const struct option_row *driver_rows, const void *options)
{
	open_map(w, name);
	for (const struct option_row *row = rows; row->key != NULL; row++)
		if (!is_driver_key(driver_rows, row->key))
			put_row(w, row, entry);
	if (driver_rows != NULL && options != NULL)
		put_rows(w, driver_rows, options, NULL);
	close_with(w, "}");
}

// An entry's text is only read from, whatever the table's type says.
static struct entry
entry_of(const struct url *url)
{
	union { const char *from; char *to; } text = { .from = url->text };

	return (struct entry){ .url = text.to };
}

static void
put_listeners(struct writer *w, const struct settings *s)
{
	if (s->listener_count == 0)
		return;
	open_map(w, "listeners");
	for (size_t i = 0; i < s->listener_count; i++) {
		const struct settings_listener *one = &s->listeners[i];
		const struct config_scheme *scheme = language_scheme(s->private->schemes, one->url.scheme);
		struct entry entry = entry_of(&one->url);

		put_entry(w, one->name, language_listener, &entry, scheme != NULL ? scheme->listener_rows : NULL, one->options);
	}
	close_with(w, "}");
}

static void
put_upstreams(struct writer *w, const struct settings *s)
{
	if (s->upstream_count == 0)
		return;
	open_map(w, "upstreams");
	for (size_t i = 0; i < s->upstream_count; i++) {
		const struct settings_upstream *one = &s->upstreams[i];
		const struct config_scheme *scheme = language_scheme(s->private->schemes, one->url.scheme);
		struct entry entry = entry_of(&one->url);

		entry.timeout = one->timeout;
		entry.insecure = one->insecure;
		entry.trust = one->trust;
		entry.issued_trust = one->issued_trust;
		put_entry(w, one->name, language_upstream, &entry, scheme != NULL ? scheme->upstream_rows : NULL, one->options);
	}
	close_with(w, "}");
}

static void
put_trusts(struct writer *w, const struct settings *s)
{
	if (s->trust_count > 0)
		open_map(w, "trust");
	for (size_t i = 0; i < s->trust_count; i++) {
		open_map(w, s->trusts[i].name);
		put_rows(w, language_trust, &s->trusts[i], s->trusts[i].revocation ? NULL : "revocation");
		close_with(w, "}");
	}
	if (s->trust_count > 0)
		close_with(w, "}");
}

static void
put_credentials(struct writer *w, const struct settings *s)
{
	if (s->credential_count > 0)
		open_map(w, "credentials");
	for (size_t i = 0; i < s->credential_count; i++) {
		struct credential_entry entry = { .credential = s->credentials[i] };

		open_map(w, s->credentials[i].name);
		put_rows(w, language_credential, &entry, NULL);
		close_with(w, "}");
	}
	if (s->credential_count > 0)
		close_with(w, "}");
}

static void
put_secrets(struct writer *w, const struct settings *s)
{
	if (s->secrets_count > 0)
		open_map(w, "secrets");
	for (size_t i = 0; i < s->secrets_count; i++) {
		struct secrets_entry entry = { { SOURCE_FILE, s->secrets[i].file }, s->secrets[i].uses };

		open_map(w, s->secrets[i].name);
		put_rows(w, language_secrets, &entry, NULL);
		close_with(w, "}");
	}
	if (s->secrets_count > 0)
		close_with(w, "}");
}

// The words of a route's accept bits; the list has room for all of them.
static struct option_texts
accepted(unsigned accept, char *words[ACCEPT_WORDS])
{
	struct option_texts out = { words, 0 };
	const char *word;
	unsigned bit;

	for (size_t i = 0; (word = language_accept_word(i, &bit)) != NULL; i++) {
		union { const char *from; char *to; } text = { .from = word };

		if ((accept & bit) != 0)
			words[out.count++] = text.to;
	}
	return out;
}

// Globs on names, and behind them those on senderKIDs with their prefix back.
// False without memory.
static bool
join_sender(const struct settings_route *route, struct arena *a, struct option_texts *out)
{
	size_t names = route->match_sender.count, kids = route->match_kid.count;

	*out = (struct option_texts){ NULL, names + kids };
	if (out->count == 0)
		return true;
	out->items = arena_array(a, out->count, sizeof(*out->items));
	if (out->items == NULL)
		return false;
	for (size_t i = 0; i < names; i++)
		out->items[i] = route->match_sender.items[i];
	for (size_t i = 0; i < kids; i++)
		if ((out->items[names + i] = arena_printf(a, "kid:%s", route->match_kid.items[i])) == NULL)
			return false;
	return true;
}

static void
put_route(struct writer *w, const struct settings *s, const struct settings_route *route, struct arena *a)
{
	char reject[] = "reject", answers[] = "answers", *words[ACCEPT_WORDS];
	struct route_entry r = { .route = *route, .accept = accepted(route->accept, words) };

	r.to = route->target == TARGET_REJECT ? reject : route->target == TARGET_ANSWERS ? answers : s->upstreams[route->upstream].name;
	if (!join_sender(route, a, &r.sender)) {
		w->out.failed = true;
		return;
	}
	new_line(w);
	buffer_append_text(&w->out, w->json ? "{" : "- ");
	w->depth++;
	w->first = true;
	put_rows(w, language_route, &r, route->target == TARGET_REJECT ? NULL : "reject");
	close_with(w, "}");
}

// An empty list refuses everything, which a missing one might not.
static void
put_routes(struct writer *w, const struct settings *s)
{
	struct arena a;

	put_key(w, "routes");
	if (s->route_count == 0) {
		buffer_append_text(&w->out, " []");
		end_line(w);
		return;
	}
	buffer_append_text(&w->out, w->json ? " [" : "\n");
	w->depth++;
	w->first = w->json;
	arena_init(&a, SHOW_MAX);
	for (size_t i = 0; i < s->route_count; i++)
		put_route(w, s, &s->routes[i], &a);
	arena_clear(&a);
	close_with(w, "]");
}

char *
settings_show(const struct settings *s, bool json)
{
	struct writer w = { .json = json, .first = json, .depth = json ? 1 : 0 };

	buffer_init(&w.out, SHOW_MAX);
	if (json)
		buffer_append_text(&w.out, "{");
	put_rows(&w, language_rows, s, NULL);
	if (!json && s->group == NULL)	// a default that no value stands for
		buffer_append_text(&w.out, "# group: that of the user\n");
	put_listeners(&w, s);
	put_upstreams(&w, s);
	put_trusts(&w, s);
	put_credentials(&w, s);
	put_secrets(&w, s);
	put_routes(&w, s);
	if (json)
		buffer_append_text(&w.out, "\n}\n");
	return text_finish(&w.out);
}

const char *
settings_summary(const struct settings *s, char *out, size_t size)
{
	snprintf(out, size, "%zu listener%s, %zu upstream%s, %zu route%s", s->listener_count, s->listener_count == 1 ? "" : "s",
		s->upstream_count, s->upstream_count == 1 ? "" : "s", s->route_count, s->route_count == 1 ? "" : "s");
	return out;
}
