// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/secret.h"

#include "base/memory.h"
#include "config/expand.h"
#include "config/rows.h"

#include <stdio.h>
#include <strings.h>

#define SOURCE_TEXT_MAX 1024	// octets of a source
#define ARMOUR "-----BEGIN "

struct prefix { const char *word, *text; enum source_kind kind; };

static const struct prefix prefixes[] = {
	{ "file", "file:", SOURCE_FILE }, { "env", "env:", SOURCE_ENV }, { "cred", "cred:", SOURCE_CRED }, { "pkcs11", "pkcs11:", SOURCE_PKCS11 },
	{ NULL, NULL, SOURCE_NONE }
};

static const struct prefix *
prefix_of(const char *text)
{
	for (const struct prefix *p = prefixes; p->text != NULL; p++)
		if (strncmp(text, p->text, strlen(p->text)) == 0)
			return p;
	return NULL;
}

bool
secret_is_source(const char *text)
{
	return prefix_of(text) != NULL;
}

// ---- Lines that no finding may show.

struct hidden {
	const struct source *source;
	int first, last;
	struct hidden *next;
};

static bool
has_pin(const char *text)
{
	for (; *text != '\0'; text++)
		if (strncasecmp(text, "pin-value", 9) == 0)
			return true;
	return false;
}

// Keys whose value is a secret in the eyes of whoever writes one here.
static bool
is_secret_key(const char *key)
{
	static const char *const keys[] = { "pass", "pin", "password", "passphrase", "passwd", "secret", NULL };

	for (const char *const *k = keys; *k != NULL; k++)
		if (strcasecmp(*k, key) == 0)
			return true;
	return false;
}

static void
hide(struct load *l, struct node *n)
{
	struct hidden *h = load_scratch(l, sizeof(*h));

	n->secret = true;
	if (h == NULL)
		return;
	*h = (struct hidden){ n->at.source, n->at.line, n->last_line, l->hidden };
	l->hidden = h;
}

// A text in place of a table of secrets counts as well: `secrets: {NAME: text}`.
static void
find_below(struct load *l, struct node *n, const char *key, bool secret)
{
	if (n->kind == NODE_SCALAR) {
		if ((secret && *n->text != '\0' && prefix_of(n->text) == NULL) || strstr(n->text, ARMOUR) != NULL || has_pin(n->text))
			hide(l, n);
		return;
	}
	for (struct node *child = n->first; child != NULL; child = child->next) {
		if (n->kind == NODE_LIST)
			find_below(l, child, key, secret);
		else if (child->value != NULL)
			find_below(l, child->value, child->text, secret || is_secret_key(child->text) ||
				(strcmp(key, "secrets") == 0 && child->value->kind != NODE_MAP));
	}
}

void
secret_find(struct load *l, struct node *root)
{
	if (root != NULL)
		find_below(l, root, "", false);
}

void
secret_hide(struct load *l)
{
	for (size_t i = 0; i < l->findings->count; i++) {
		struct finding *f = &l->findings->items[i];
		bool shown = f->file != NULL && !l->findings->exhausted;

		for (const struct hidden *h = l->hidden; h != NULL && shown; h = h->next)
			shown = strcmp(h->source->path, f->file) != 0 || f->line < h->first || f->line > h->last;
		if (shown)
			continue;
		mem_free(f->source_line);
		f->source_line = NULL;
	}
}

// ---- Refusals. None of them quotes the value.

void
secret_refuse_literal(struct load *l, const char *key, struct node *n, const char *help)
{
	struct finding *item = finding_add(l->findings, CODE_LITERAL, &n->at, "'%.60s' holds a secret itself, which has no place in a configuration", key);

	finding_help(l->findings, item, "%s", help);
	n->bad = true;
}

bool
secret_refuse_armour(struct load *l, const char *key, struct node *n)
{
	struct finding *item;

	if (strstr(n->text, ARMOUR) == NULL)
		return true;
	item = finding_add(l->findings, CODE_LITERAL, &n->at, "'%.60s' holds a PEM block, which has no place in a configuration", key);
	finding_help(l->findings, item, "put it into a file of its own, and name the file here");
	n->bad = true;
	return false;
}

// "a path, file:, cred: or pkcs11:"
static const char *
forms_of(const struct option_row *row, char *out, size_t size)
{
	*out = '\0';
	for (const char *const *word = row->choices; *word != NULL; word++) {
		const char *glue = word == row->choices ? "" : word[1] == NULL ? " or " : ", ";
		bool path = strcmp(*word, "path") == 0;

		snprintf(out + strlen(out), size - strlen(out), "%s%s%s", glue, path ? "a path" : *word, path ? "" :
			strcmp(*word, "file") == 0 ? ":/path" : strcmp(*word, "pkcs11") == 0 ? ":URI" : ":NAME");
	}
	return out;
}

static bool
refuse(struct load *l, const struct option_row *row, struct node *n, enum code code, const char *what)
{
	struct finding *item = finding_add(l->findings, code, &n->at, "'%s' %s", row->key, what);
	char forms[128];

	finding_help(l->findings, item, "write %s", forms_of(row, forms, sizeof(forms)));
	n->bad = true;
	return false;
}

static bool
allows(const struct option_row *row, const char *word)
{
	for (const char *const *w = row->choices; *w != NULL; w++)
		if (strcmp(*w, word) == 0)
			return true;
	return false;
}

// The prefix of a text, or none (*out NULL) where a path may stand alone. False after a finding.
static bool
judge_prefix(struct load *l, const struct option_row *row, struct node *n, const struct prefix **out)
{
	char forms[128], help[160];

	*out = prefix_of(n->text);
	if (*out != NULL && !allows(row, (*out)->word))
		return refuse(l, row, n, CODE_VALUE, "cannot be read from there");
	if (*out != NULL || (allows(row, "path") && strchr(n->text, '\n') == NULL))
		return true;
	snprintf(help, sizeof(help), "write %s", forms_of(row, forms, sizeof(forms)));
	secret_refuse_literal(l, row->key, n, help);
	return false;
}

// ---- Taking one.

static bool
is_variable(const char *name)
{
	return *name != '\0' && (*name < '0' || *name > '9') &&
		name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789")] == '\0';
}

// The name of a credential is one file name.
static bool
is_file_name(const char *name)
{
	return *name != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool
check_rest(struct load *l, const struct option_row *row, struct node *n, enum source_kind kind, const char *rest)
{
	if (*rest == '\0')
		return refuse(l, row, n, CODE_VALUE, "names nothing behind its prefix");
	if (strlen(n->text) > SOURCE_TEXT_MAX || strpbrk(n->text, "\n\t") != NULL)
		return refuse(l, row, n, CODE_VALUE, "is too long, or more than one line");
	if (kind == SOURCE_ENV && !is_variable(rest))
		return refuse(l, row, n, CODE_VALUE, "wants the name of an environment variable behind env:");
	if (kind == SOURCE_CRED && !is_file_name(rest))
		return refuse(l, row, n, CODE_VALUE, "wants a name without slashes behind cred:");
	if (kind != SOURCE_PKCS11 || !has_pin(rest))
		return true;
	secret_refuse_literal(l, row->key, n, "take pin-value out of the URI, and write pin: file:/path, env:NAME or cred:NAME");
	return false;
}

static bool
is_text(struct load *l, const struct option_row *row, struct node *n)
{
	if (n->bad)
		return false;
	if (n->kind == NODE_SCALAR && *n->text != '\0' && !node_is_empty(n))
		return true;
	return refuse(l, row, n, CODE_SHAPE, n->kind == NODE_SCALAR ? "wants a text, this is nothing" : "wants a text, this is a list or map");
}

void
secret_take(struct load *l, const struct option_row *row, struct settings_source *out, struct node *n)
{
	const struct prefix *prefix;
	enum source_kind kind;
	const char *rest;

	if (!is_text(l, row, n) || !secret_refuse_armour(l, row->key, n))
		return;
	// What begins like no variable is judged before anything is put in, so that nothing of it is quoted.
	if (strncmp(n->text, "${", 2) != 0 && !judge_prefix(l, row, n, &prefix))
		return;
	if (expand_node(l, n) == NULL || !is_text(l, row, n) || !judge_prefix(l, row, n, &prefix))
		return;
	rest = prefix != NULL ? n->text + strlen(prefix->text) : n->text;
	kind = prefix != NULL ? prefix->kind : SOURCE_FILE;
	if (!check_rest(l, row, n, kind, rest))
		return;
	out->value = kind == SOURCE_FILE ? rows_path(l, n, NULL, rest) : load_keep_text(l, kind == SOURCE_PKCS11 ? n->text : rest);
	out->kind = out->value != NULL ? kind : SOURCE_NONE;
}

const char *
secret_text(const struct settings_source *s, char *out, size_t size)
{
	const char *prefix = s->kind == SOURCE_FILE ? "file:" : s->kind == SOURCE_ENV ? "env:" : s->kind == SOURCE_CRED ? "cred:" : "";

	if (s->kind == SOURCE_NONE || s->value == NULL)
		return NULL;
	snprintf(out, size, "%s%s", prefix, s->value);
	return out;
}
