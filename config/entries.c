// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/entries.h"

#include "base/memory.h"
#include "config/expand.h"
#include "config/guard.h"
#include "config/language.h"
#include "config/rows.h"
#include "config/suggest.h"
#include "config/value.h"

#include <stdio.h>

#define SCHEMES_MAX 16		// schemes of one build
#define SUGGEST_MOST 200	// errors, after which nobody looks for near names any more

// One side of the gateway: what differs between listeners and upstreams.
struct side {
	const char *noun;
	const struct option_row *rows;
	const struct option_row *(*driver_rows)(const struct config_scheme *s);
	size_t (*driver_size)(const struct config_scheme *s);
	const char *refusal;	// of a scheme that cannot stand on this side
	bool listens;
};

static const struct option_row *
listener_rows(const struct config_scheme *s)
{
	return s->listener_rows;
}

static size_t
listener_size(const struct config_scheme *s)
{
	return s->listener_size;
}

static const struct option_row *
upstream_rows(const struct config_scheme *s)
{
	return s->upstream_rows;
}

static size_t
upstream_size(const struct config_scheme *s)
{
	return s->upstream_size;
}

static const struct side listener_side = { "listener", language_listener, listener_rows, listener_size, "cannot listen", true };
static const struct side upstream_side = { "upstream", language_upstream, upstream_rows, upstream_size, "cannot be an upstream", false };

struct settings_place
entry_place(const struct node *n)
{
	return (struct settings_place){ n->at.source->path, n->at.line, n->at.column };
}

struct place_text
place_seen_from(const char *here, const char *file, int line)
{
	struct place_text out;

	if (here == NULL || file == NULL || strcmp(here, file) == 0)
		snprintf(out.text, sizeof(out.text), "line %d", line);
	else
		snprintf(out.text, sizeof(out.text), "%.200s:%d", file, line);
	return out;
}

void
entry_suggest(struct load *l, struct finding *item, const char *wanted, const struct node *section, const struct position *from)
{
	const struct node *map = section != NULL ? section->value : NULL, *only = NULL, *best = NULL;
	struct suggestion near;

	if (l->findings->errors > SUGGEST_MOST)
		return;
	suggest_begin(&near, wanted);
	for (const struct node *key = map != NULL && map->kind == NODE_MAP ? map->first : NULL; key != NULL; key = key->next) {
		if (key->bad)
			continue;
		suggest_offer(&near, key->text, key->at.line);
		if (near.best == key->text)
			best = key;
		only = key;
	}
	if (best == NULL && only != NULL && map->count == 1)
		finding_help(l->findings, item, "the only one defined is '%.60s' (%s)", only->text,
			place_seen_from(from->source->path, only->at.source->path, only->at.line).text);
	else if (best != NULL)
		finding_help(l->findings, item, "did you mean '%.60s' (%s)?", best->text,
			place_seen_from(from->source->path, best->at.source->path, best->at.line).text);
	else if (only == NULL)
		finding_help(l->findings, item, "none is defined");
}

// The scheme as written, for look-ups before the URL is taken apart.
static void
scheme_of(const char *text, char *out, size_t size)
{
	size_t len = strcspn(text, ":");

	snprintf(out, size, "%.*s", (int)(len < size ? len : size - 1), text);
	for (char *c = out; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
}

// Part of the language, and yet not served on this side by this build.
static void
refuse_planned(struct load *l, const struct side *side, const struct node *n, const char *scheme, bool has_driver)
{
	struct finding *item;

	if (has_driver) {
		item = finding_add(l->findings, CODE_ABSENT, &n->at, "%ss with '%s:' are not in this build", side->noun, scheme);
		finding_help(l->findings, item, "the scheme is part of the language for %ss too: a later version brings it", side->noun);
		return;
	}
	item = finding_add(l->findings, CODE_ABSENT, &n->at, "URLs with '%s:' are not in this build", scheme);
	finding_help(l->findings, item, "the scheme is part of the language: this build lacks its driver, or it comes with a later version");
}

static void
refuse_scheme(struct load *l, const struct node *n, const char *scheme)
{
	struct suggestion near;
	struct finding *item;

	item = finding_add(l->findings, CODE_SCHEME, &n->at, "no driver serves URLs with '%.30s:'", scheme);
	suggest_begin(&near, scheme);
	for (const struct config_scheme *s = l->schemes; s->scheme != NULL; s++)
		suggest_offer(&near, s->scheme, 0);
	if (near.best != NULL)
		finding_help(l->findings, item, "did you mean '%s:'?", near.best);
}

// The scheme that serves a URL on this side; NULL after a finding.
static const struct config_scheme *
find_scheme(struct load *l, const struct side *side, const struct node *n)
{
	const struct config_scheme *s;
	char scheme[32];

	if (strchr(n->text, ':') == NULL) {
		struct finding *item = finding_add(l->findings, CODE_URL, &n->at, "'%.60s' is not a URL", n->text);
		finding_help(l->findings, item, "a URL begins with its scheme, as in coap://[::]:5683");
		return NULL;
	}
	scheme_of(n->text, scheme, sizeof(scheme));
	s = language_scheme(l->schemes, scheme);
	if (s != NULL && side->driver_rows(s) != NULL)
		return s;
	if (language_scheme_is_planned(scheme))
		refuse_planned(l, side, n, scheme, s != NULL);
	else if (s == NULL)
		refuse_scheme(l, n, scheme);
	else
		finding_add(l->findings, CODE_SCHEME_SIDE, &n->at, "'%s:' %s", scheme, side->refusal);
	return NULL;
}

// A file URL with a relative path starts in the folder of its file.
static bool
make_absolute(struct url *url, const char *folder, struct fault *f)
{
	char path[sizeof(url->path)];
	const char *glue = folder[strlen(folder) - 1] == '/' ? "" : "/";

	if (strcmp(url->scheme, "file") != 0 || url->path[0] == '/')
		return true;
	if ((size_t)snprintf(path, sizeof(path), "%s%s%s", folder, glue, url->path) >= sizeof(path))
		return fault_set(f, FAIL_NONE, "", "the path is longer than %zu characters", sizeof(path) - 1);
	memcpy(url->path, path, sizeof(path));
	return (size_t)snprintf(url->text, sizeof(url->text), "file:%s", path) < sizeof(url->text);
}

// A query is for servers: it says nothing about where to listen.
static bool
check_listener(const struct config_scheme *scheme, const struct url *url, struct fault *f)
{
	if (strcmp(url->scheme, "file") != 0 && strchr(url->path, '?') != NULL)
		return fault_set(f, FAIL_NONE, "", "the URL of a listener has no query; leave out what begins with ?");
	return scheme->listener_url == NULL || scheme->listener_url(url, f);
}

static bool
take_url(struct load *l, const struct side *side, const struct config_scheme *scheme, struct url *url, const struct node *n)
{
	struct fault f = { 0 };

	if (url_parse(url, n->text, &f) && make_absolute(url, n->at.source->folder, &f) &&
	    (!side->listens || check_listener(scheme, url, &f)))
		return true;
	finding_fault(l->findings, CODE_URL, &n->at, &f);
	*url = (struct url){ 0 };
	return false;
}

// Without a scheme to go by, a key is in order when any driver knows it.
static size_t
guess_groups(struct load *l, const struct side *side, struct row_group *groups, size_t count)
{
	for (const struct config_scheme *s = l->schemes; s->scheme != NULL && count < SCHEMES_MAX; s++) {
		if (side->driver_rows(s) == NULL)
			continue;
		groups[count] = (struct row_group){ .rows = side->driver_rows(s), .out = load_scratch(l, side->driver_size(s)), .guess = true };
		count += groups[count].out != NULL;
	}
	return count;
}

// The long form: a map of keys, or nothing at all but a URL.
static void *
take_keys(struct load *l, const struct side *side, const struct config_scheme *scheme, struct entry *entry, struct node *key)
{
	struct row_group groups[SCHEMES_MAX] = { { .rows = side->rows, .out = entry } };
	struct node *map = key->value->kind == NODE_MAP ? key->value : NULL;
	size_t count = 1;
	void *options = NULL;
	char where[96];

	snprintf(where, sizeof(where), " in %s '%.60s'", side->noun, key->text);
	if (scheme == NULL)
		count = guess_groups(l, side, groups, count);
	else {
		options = load_keep(l, side->driver_size(scheme));
		if (options == NULL)
			return NULL;
		// The driver goes first: it may bring a key that others lack.
		groups[1] = groups[0];
		groups[0] = (struct row_group){ .rows = side->driver_rows(scheme), .out = options };
		count = 2;
	}
	rows_fill(l, groups, count, map, where, NULL);
	// The short form is a URL alone: what else the driver needs is missing.
	if (map == NULL && options != NULL)
		rows_required(l, &groups[0], &key->at, where);
	return options;
}

// The node that holds the URL: the entry itself, or its key `url`.
static struct node *
url_node(struct load *l, const struct side *side, struct node *key)
{
	struct node *n = key->value;

	if (n->kind == NODE_MAP) {
		struct node *url = node_find(n, "url");

		n = url != NULL ? url->value : NULL;
	} else if (n->kind == NODE_LIST || node_is_empty(n)) {
		struct finding *item = finding_add(l->findings, CODE_SHAPE, &n->at, "%s '%.60s' wants a URL or a map, this is %s",
			side->noun, key->text, node_kind_name(n));
		finding_help(l->findings, item, "as in %s: %s", key->text, side->rows[0].example);
		return NULL;
	}
	if (n == NULL || n->kind != NODE_SCALAR || node_is_empty(n) || n->bad)
		return NULL;
	if (expand_node(l, n) == NULL)
		return NULL;
	return n;
}

bool
entry_check_name(struct load *l, const char *noun, const struct node *key, const char *const *reserved)
{
	struct finding *item;

	for (const char *const *r = reserved; *r != NULL; r++) {
		if (strcmp(*r, key->text) != 0)
			continue;
		finding_add(l->findings, CODE_NAME, &key->at, "'%s' has a meaning of its own: give this %s another name", *r, noun);
		return false;
	}
	if (value_name(key->text))
		return true;
	item = finding_add(l->findings, CODE_NAME, &key->at, "'%.60s' is not a name for a %s", key->text, noun);
	finding_help(l->findings, item, "letters, digits, - _ and . make a name, 64 at most");
	return false;
}

// One entry of a section. What is broken stays empty: the load fails anyway.
static void
take_entry(struct load *l, const struct side *side, struct node *key, char **name, struct url *url, void **options,
	struct entry *entry, struct settings_place *place)
{
	static const char *const reserved[] = { "any", "reject", "answers", NULL };
	const struct config_scheme *scheme = NULL;
	struct node *n;

	entry_check_name(l, side->noun, key, reserved);
	*name = load_keep_text(l, key->text);
	*place = entry_place(key);
	if (key->value->bad)
		return;
	n = url_node(l, side, key);
	if (n != NULL)
		scheme = find_scheme(l, side, n);
	if (scheme != NULL)
		take_url(l, side, scheme, url, n);
	*options = take_keys(l, side, scheme, entry, key);
}

struct node *
entry_section(struct load *l, struct node *section)
{
	if (section == NULL || section->value->bad || node_is_empty(section->value))
		return NULL;
	if (section->value->kind == NODE_MAP)
		return section->value;
	finding_add(l->findings, CODE_SHAPE, &section->value->at, "'%s' wants a map of names, this is %s",
		section->text, node_kind_name(section->value));
	return NULL;
}

bool
entry_is(const struct node *key)
{
	return !key->bad && strncmp(key->text, "x-", 2) != 0;
}

void
entries_listeners(struct load *l)
{
	struct node *map = entry_section(l, l->listeners);
	struct settings *s = l->settings;

	if (map == NULL || map->count == 0)
		return;
	s->listeners = load_keep(l, map->count * sizeof(*s->listeners));
	for (struct node *key = map->first; key != NULL && s->listeners != NULL; key = key->next) {
		struct settings_listener *one = &s->listeners[s->listener_count];
		struct entry entry = { 0 };

		if (!entry_is(key))
			continue;
		take_entry(l, &listener_side, key, &one->name, &one->url, &one->options, &entry, &one->place);
		s->listener_count++;
	}
}

void
entries_upstreams(struct load *l)
{
	struct node *map = entry_section(l, l->upstreams);
	struct settings *s = l->settings;

	if (map == NULL || map->count == 0)
		return;
	s->upstreams = load_keep(l, map->count * sizeof(*s->upstreams));
	for (struct node *key = map->first; key != NULL && s->upstreams != NULL; key = key->next) {
		struct settings_upstream *one = &s->upstreams[s->upstream_count];
		struct entry entry = { 0 };

		if (!entry_is(key))
			continue;
		take_entry(l, &upstream_side, key, &one->name, &one->url, &one->options, &entry, &one->place);
		one->timeout = entry.timeout;
		one->insecure = entry.insecure;
		one->trust = entry.trust;
		one->issued_trust = entry.issued_trust;
		guard_upstream(l, key);
		s->upstream_count++;
	}
}
