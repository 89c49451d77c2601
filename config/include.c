// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/include.h"

#include "config/expand.h"
#include "config/secret.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>

// Files still to read; the newest first, so that a file's includes follow it.
struct pending {
	const char *path;
	const struct source *parent;
	const struct position *from;
	struct pending *next;
};

static bool
push(struct load *l, struct pending **list, const char *path, const struct source *parent, const struct position *from)
{
	struct pending *p = load_scratch(l, sizeof(*p));
	char *copy = load_scratch(l, strlen(path) + 1);

	if (p == NULL || copy == NULL)
		return false;
	strcpy(copy, path);
	*p = (struct pending){ copy, parent, from, *list };
	*list = p;
	return true;
}

// A pattern relative to the including file; shown as short as that file's own
// path. What the folder holds of * ? [ \ stands for itself.
static char *
pattern_of(struct load *l, const struct source *s, const char *text)
{
	const char *slash = strrchr(s->path, '/');
	size_t folder = text[0] == '/' || slash == NULL ? 0 : (size_t)(slash - s->path) + 1;
	char *out = load_scratch(l, 2 * folder + strlen(text) + 1), *end = out;

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < folder; i++) {
		if (strchr("*?[\\", s->path[i]) != NULL)
			*end++ = '\\';
		*end++ = s->path[i];
	}
	strcpy(end, text);
	return out;
}

// A folder that is not there holds no file; one that may not be looked into
// could hold some, and what they say must not be lost without a word.
static int
is_closed(const char *folder, int error)
{
	(void)folder;
	return error != ENOENT && error != ENOTDIR;
}

static void
refuse_pattern(struct load *l, const struct position *at, const char *pattern, int error)
{
	char cure[1024];
	bool closed = settings_unreadable(pattern, false, cure, sizeof(cure));
	struct finding *item = finding_add(l->findings, CODE_READ, at, "cannot include %.300s: %s", pattern,
		strerror(closed ? EACCES : error != 0 ? error : ENOENT));

	if (closed)
		finding_help(l->findings, item, "%s", cure);
}

// One pattern: its files in lexical order. The list is pushed backwards.
static void
take_pattern(struct load *l, const struct source *s, struct node *n, struct pending **list)
{
	const char *text = n->bad ? NULL : expand_node(l, n);
	char *pattern;
	glob_t found;
	int rc;

	if (text == NULL)
		return;
	if (n->kind != NODE_SCALAR || *text == '\0') {
		finding_add(l->findings, CODE_SHAPE, &n->at, "include wants file names, this is %s", node_kind_name(n));
		return;
	}
	if (s->depth >= INCLUDE_DEPTH) {
		finding_add(l->findings, CODE_INCLUDE, &n->at, "files are included more than %d deep", INCLUDE_DEPTH);
		l->broken = true;
		return;
	}
	pattern = pattern_of(l, s, text);
	if (pattern == NULL)
		return;
	errno = 0;
	rc = glob(pattern, 0, is_closed, &found);
	int error = rc == GLOB_ABORTED ? errno : 0;
	if (rc == 0) {
		for (size_t i = found.gl_pathc; i-- > 0;)
			push(l, list, found.gl_pathv[i], s, &n->at);
		globfree(&found);
		return;
	}
	globfree(&found);
	if (rc == GLOB_NOMATCH && strpbrk(text, "*?[") != NULL)
		return;
	l->broken = true;
	if (rc == GLOB_NOSPACE)
		findings_exhaust(l->findings);
	else
		refuse_pattern(l, &n->at, pattern, error);
}

static void
take_include(struct load *l, const struct source *s, struct node *value, struct pending **list)
{
	struct pending *mine = NULL;

	if (value->bad || node_is_empty(value))
		return;
	if (value->kind == NODE_SCALAR)
		take_pattern(l, s, value, &mine);
	else if (value->kind == NODE_MAP)
		finding_add(l->findings, CODE_SHAPE, &value->at, "include wants a file name or a list of them, this is a map");
	else {
		// Each pattern goes before the files of the ones after it.
		struct pending **end = &mine;

		for (struct node *n = value->first; n != NULL; n = n->next) {
			take_pattern(l, s, n, end);
			while (*end != NULL)
				end = &(*end)->next;
		}
	}
	if (mine == NULL)
		return;
	struct pending *last = mine;
	while (last->next != NULL)
		last = last->next;
	last->next = *list;
	*list = mine;
}

// A second definition; both places are shown.
static void
refuse_second(struct load *l, const char *what, struct node *key, const struct node *first)
{
	struct finding *item = finding_add(l->findings, CODE_TWICE, &key->at, "%s'%.60s' is defined twice", what, key->text);

	finding_help(l->findings, item, "the first one is at %.300s:%d:%d",
		first->at.source->path, first->at.line, first->at.column);
}

static void
append(struct node *parent, struct node *child)
{
	child->next = NULL;
	if (parent->last == NULL)
		parent->first = child;
	else
		parent->last->next = child;
	parent->last = child;
	parent->count++;
}

// Move the children of one map or list behind those of the other.
static void
merge_children(struct load *l, const char *what, struct node *into, struct node *from)
{
	for (struct node *child = from->first, *next; child != NULL; child = next) {
		const struct node *first = NULL;

		next = child->next;
		if (from->kind == NODE_MAP && !child->bad)
			first = node_find(into, child->text);
		if (first != NULL)
			refuse_second(l, what, child, first);
		else
			append(into, child);
	}
}

// One top-level key of one file joins the whole.
static void
merge_key(struct load *l, struct node *whole, struct node *key)
{
	struct node *there = key->bad ? NULL : node_find(whole, key->text);
	char what[80];

	if (there == NULL) {
		append(whole, key);
		return;
	}
	if (strncmp(key->text, "x-", 2) == 0 || key->value->bad || there->value->bad)
		return;
	if (strcmp(key->text, "version") == 0 && key->value->kind == NODE_SCALAR &&
	    there->value->kind == NODE_SCALAR && strcmp(key->value->text, there->value->text) == 0)
		return;
	if (node_is_empty(key->value))
		return;
	if (node_is_empty(there->value)) {
		there->value = key->value;
		return;
	}
	if (key->value->kind == NODE_SCALAR || key->value->kind != there->value->kind) {
		refuse_second(l, "", key, there);
		return;
	}
	snprintf(what, sizeof(what), "in '%.60s', ", key->text);
	merge_children(l, what, there->value, key->value);
}

static void
take_file(struct load *l, const struct source *s, struct node *whole, struct pending **list)
{
	struct node *root;
	bool well = tree_parse(l, s, &root);

	secret_find(l, root);
	if (!well)
		return;
	if (root->kind != NODE_MAP) {
		if (!root->bad)
			finding_add(l->findings, CODE_SHAPE, &root->at, "a configuration is a map of keys, this is %s", node_kind_name(root));
		l->broken = true;
		return;
	}
	if (whole->at.source == NULL)
		whole->at = root->at;
	for (struct node *key = root->first, *next; key != NULL; key = next) {
		next = key->next;
		if (!key->bad && strcmp(key->text, "include") == 0)
			take_include(l, s, key->value, list);
		else
			merge_key(l, whole, key);
	}
}

struct node *
include_load(struct load *l, const char *file)
{
	struct node *whole = load_scratch(l, sizeof(*whole));
	struct pending *list = NULL;

	if (whole == NULL || !push(l, &list, file, NULL, NULL))
		return NULL;
	whole->kind = NODE_MAP;
	whole->text = "";
	while (list != NULL) {
		struct pending *p = list;
		struct source *s;

		list = p->next;
		s = source_open(l, p->path, p->parent, p->from);
		if (s != NULL)
			take_file(l, s, whole, &list);
	}
	return whole->at.source != NULL ? whole : NULL;
}
