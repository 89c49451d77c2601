// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/settings.h"

#include "base/memory.h"
#include "config/check.h"
#include "config/entries.h"
#include "config/include.h"
#include "config/language.h"
#include "config/private.h"
#include "config/rows.h"
#include "config/secret.h"

#include <stdio.h>
#include <yaml.h>

// The settings and what belongs to them are one block; everything they point
// to stands in the arena.
struct whole {
	struct settings settings;
	struct settings_private private;
};

static void
take_section(struct load *l, const struct option_row *row, struct node *key)
{
	const struct { const char *name; struct node **place; } sections[] = {
		{ "listeners", &l->listeners }, { "upstreams", &l->upstreams }, { "trust", &l->trusts },
		{ "credentials", &l->credentials }, { "secrets", &l->secrets }, { "routes", &l->routes },
	};

	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
		if (strcmp(row->key, sections[i].name) == 0)
			*sections[i].place = key;
}

static size_t
scheme_count(const struct config_scheme *schemes)
{
	size_t n = 0;

	while (schemes[n].scheme != NULL)
		n++;
	return n;
}

// The table of schemes may be the caller's local: keep a copy.
static bool
keep_schemes(struct load *l, const struct config_scheme *schemes)
{
	size_t size = (scheme_count(schemes) + 1) * sizeof(*schemes);
	struct config_scheme *copy = load_keep(l, size);

	if (copy == NULL)
		return false;
	memcpy(copy, schemes, size);
	l->schemes = l->settings->private->schemes = copy;
	return true;
}

const char *
settings_library(void)
{
	static char text[32];

	snprintf(text, sizeof(text), "libyaml %s", yaml_get_version_string());
	return text;
}

// An empty section has no answer to give.
static void
take_answers(struct load *l, const struct node *map)
{
	struct settings_answers *a = &l->settings->answers;
	const struct node *key = node_find(map, "answers");

	if (key == NULL)
		return;
	a->place = entry_place(key);
	a->given = a->ca_certs.count > 0 || a->new_with_new != NULL || a->crls.count > 0 || a->templates.count > 0;
}

static void
read_whole(struct load *l, const char *file)
{
	struct row_group group = { .rows = language_rows, .out = l->settings };
	struct node *map = include_load(l, file);

	if (map == NULL)
		return;
	l->whole = map;
	rows_fill(l, &group, 1, map, "", take_section);
	entries_listeners(l);
	entries_upstreams(l);
	entries_trusts(l);
	entries_credentials(l);
	entries_secrets(l);
	take_answers(l, map);
	entries_routes(l);
	check_whole(l);
}

struct settings *
settings_load(const char *file, const struct config_scheme *schemes, struct findings *findings)
{
	struct whole *whole = mem_alloc(sizeof(*whole));
	struct load l = { .findings = findings };

	memset(findings, 0, sizeof(*findings));
	if (whole == NULL) {
		findings_exhaust(findings);
		return NULL;
	}
	arena_init(&l.scratch, LOAD_MEMORY);
	arena_init(&l.keep, LOAD_MEMORY);
	l.settings = &whole->settings;
	l.settings->private = &whole->private;
	whole->private.references = 1;
	if (keep_schemes(&l, schemes))
		read_whole(&l, file);
	secret_hide(&l);
	arena_clear(&l.scratch);
	whole->private.arena = l.keep;
	findings_sort(findings);
	if (!findings_bad(findings))
		return &whole->settings;
	settings_unref(&whole->settings);
	return NULL;
}

struct settings *
settings_ref(struct settings *s)
{
	s->private->references++;
	return s;
}

void
settings_unref(struct settings *s)
{
	if (s == NULL || --s->private->references > 0)
		return;
	arena_clear(&s->private->arena);
	mem_free(s);
}

// A PKCS#11 module cannot be exchanged while its sessions are open.
static bool
same_modules(const struct settings *a, const struct settings *b, char *key, size_t size)
{
	for (size_t i = 0; i < a->credential_count; i++) {
		const struct settings_credential *other = settings_credential_named(b, a->credentials[i].name);
		struct credential_entry one = { .credential = a->credentials[i] }, two = { 0 };
		char inner[64];

		if (other == NULL)
			continue;
		two.credential = *other;
		if (rows_equal(language_credential, &one, &two, true, inner, sizeof(inner)))
			continue;
		snprintf(key, size, "credentials.%s.%s", other->name, inner);
		return false;
	}
	return true;
}

bool
settings_needs_restart(const struct settings *a, const struct settings *b, struct fault *f)
{
	char key[160];

	if (rows_equal(language_rows, a, b, true, key, sizeof(key)) && same_modules(a, b, key, sizeof(key)))
		return false;
	fault_set(f, FAIL_NONE, key, "a change of '%s' needs a restart", key);
	return true;
}

const struct settings_trust *
settings_trust_named(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->trust_count; i++)
		if (strcmp(s->trusts[i].name, name) == 0)
			return &s->trusts[i];
	return NULL;
}

const struct settings_credential *
settings_credential_named(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->credential_count; i++)
		if (strcmp(s->credentials[i].name, name) == 0)
			return &s->credentials[i];
	return NULL;
}

const struct settings_secrets *
settings_secrets_named(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->secrets_count; i++)
		if (strcmp(s->secrets[i].name, name) == 0)
			return &s->secrets[i];
	return NULL;
}

static bool
same_options(const struct option_row *rows, const void *a, const void *b)
{
	char key[96];

	return rows_equal(rows, a, b, false, key, sizeof(key));
}

bool
settings_listener_same(const struct settings_listener *a, const struct settings_listener *b, const struct config_scheme *schemes)
{
	const struct config_scheme *s = language_scheme(schemes, a->url.scheme);

	return s != NULL && s->listener_rows != NULL && strcmp(a->name, b->name) == 0 &&
		strcmp(a->url.text, b->url.text) == 0 && same_options(s->listener_rows, a->options, b->options);
}

bool
settings_upstream_same(const struct settings_upstream *a, const struct settings_upstream *b, const struct config_scheme *schemes)
{
	const struct config_scheme *s = language_scheme(schemes, a->url.scheme);

	return s != NULL && s->upstream_rows != NULL && strcmp(a->name, b->name) == 0 && a->timeout == b->timeout &&
		strcmp(a->url.text, b->url.text) == 0 && same_options(s->upstream_rows, a->options, b->options);
}
