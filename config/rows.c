// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/rows.h"

#include "config/expand.h"
#include "config/language.h"
#include "config/secret.h"
#include "config/suggest.h"
#include "config/value.h"

#include <inttypes.h>
#include <stdio.h>

#define TEXT_MAX 1024	// octets of a text

const void *
row_member(const struct option_row *row, const void *base)
{
	return (const char *)base + row->offset;
}

static void *
member(const struct option_row *row, void *base)
{
	return (char *)base + row->offset;
}

// ---- One value.

struct form { const char *wanted, *help; };

static struct form
form_of(enum option_kind kind)
{
	switch (kind) {
	case OPTION_BOOL:
		return (struct form){ "yes or no", "true/false, yes/no and on/off are understood" };
	case OPTION_INTEGER:
		return (struct form){ "a whole number", "write it in decimal, without leading zeros" };
	case OPTION_SIZE:
		return (struct form){ "a size", "write octets (512) or a number with KiB, MiB or GiB, as in 64KiB" };
	case OPTION_DURATION:
		return (struct form){ "a duration", "write a number with its unit: ms, s, m, h or d, as in 30s" };
	case OPTION_RATE:
		return (struct form){ "a rate", "write a number per second, as in 10/s" };
	case OPTION_NAME:
		return (struct form){ "a name", "letters, digits, - _ and . make a name, 64 at most" };
	case OPTION_CIDRS:
		return (struct form){ "an address or network", "write 10.7.1.20, 10.7.0.0/16 or 2001:db8::/32" };
	case OPTION_TEXT:
	case OPTION_PATH:
	case OPTION_URL:
	case OPTION_TEXTS:
	case OPTION_PATHS:
	case OPTION_SOURCE:
		return (struct form){ "a text", NULL };
	case OPTION_PATH_MAP:
		return (struct form){ "a path", NULL };
	case OPTION_CHOICE:
	case OPTION_RECORD:
	case OPTION_MAP:
	case OPTION_LIST:
	case OPTION_ABSENT:
		break;
	}
	return (struct form){ "a value", NULL };
}

static void
refuse_form(struct load *l, const struct option_row *row, const struct node *n)
{
	struct form form = form_of(row->kind);
	enum code code = row->kind == OPTION_NAME ? CODE_NAME : row->kind == OPTION_CIDRS ? CODE_CIDR : CODE_VALUE;
	struct finding *item;

	const char *or = row->word != NULL ? " or " : "", *word = row->word != NULL ? row->word : "";

	if (*n->text == '\0')
		item = finding_add(l->findings, code, &n->at, "'%s' wants %s%s%s, this is nothing", row->key, form.wanted, or, word);
	else
		item = finding_add(l->findings, code, &n->at, "'%s' wants %s%s%s, not '%.60s'", row->key, form.wanted, or, word, n->text);
	if (form.help != NULL)
		finding_help(l->findings, item, "%s", form.help);
}

// A number as its kind is written.
static const char *
number_text(const struct option_row *row, int64_t n, char *out, size_t size)
{
	if (row->kind == OPTION_SIZE)
		return value_size_text(n, out, size);
	if (row->kind == OPTION_DURATION)
		return value_duration_text(n, out, size);
	snprintf(out, size, row->kind == OPTION_RATE ? "%" PRId64 "/s" : "%" PRId64, n);
	return out;
}

static void
take_number(struct load *l, const struct option_row *row, int64_t *out, const struct node *n)
{
	int64_t number;
	bool well = row->kind == OPTION_INTEGER ? value_integer(n->text, &number) :
		row->kind == OPTION_SIZE ? value_size(n->text, &number) :
		row->kind == OPTION_RATE ? value_rate(n->text, &number) : value_duration(n->text, &number);
	const char *or = row->word != NULL ? ", or " : "", *word = row->word != NULL ? row->word : "";
	char low[32], high[32];

	if (row->word != NULL && strcmp(n->text, row->word) == 0) {
		*out = row->meaning;
		return;
	}
	if (!well) {
		refuse_form(l, row, n);
		return;
	}
	if ((row->min != 0 || row->max != 0) && (number < row->min || number > row->max)) {
		finding_add(l->findings, CODE_RANGE, &n->at, "'%s' must be from %s to %s%s%s, not %.60s", row->key,
			number_text(row, row->min, low, sizeof(low)), number_text(row, row->max, high, sizeof(high)), or, word, n->text);
		return;
	}
	*out = number;
}

static bool
in_words(const char *const *words, const char *text, size_t *index)
{
	for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
		if (strcmp(words[i], text) != 0)
			continue;
		*index = i;
		return true;
	}
	return false;
}

static void
refuse_choice(struct load *l, const struct option_row *row, const struct node *n)
{
	struct suggestion near;
	struct finding *item;
	char all[512] = "";
	size_t index;

	if (in_words(row->absent, n->text, &index)) {
		item = finding_add(l->findings, CODE_ABSENT, &n->at, "'%s: %.60s' is not in this build", row->key, n->text);
		finding_help(l->findings, item, "it is part of the language and comes with a later version");
		return;
	}
	item = finding_add(l->findings, CODE_CHOICE, &n->at, "'%.60s' is not a value of '%s'", n->text, row->key);
	suggest_begin(&near, n->text);
	for (const char *const *word = row->choices; *word != NULL; word++)
		suggest_offer(&near, *word, 0);
	for (const char *const *word = row->choices; *word != NULL; word++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", *all != '\0' ? ", " : "", *word);
	if (near.best != NULL)
		finding_help(l->findings, item, "did you mean '%s'?", near.best);
	else
		finding_help(l->findings, item, "one of: %s", all);
}

// A text of one line that is not too long.
static bool
check_line(struct load *l, const struct option_row *row, const struct node *n, size_t most)
{
	if (strpbrk(n->text, "\n\t") != NULL) {
		finding_add(l->findings, CODE_VALUE, &n->at, "'%s' must be one line without tabs", row->key);
		return false;
	}
	if (strlen(n->text) > most) {
		finding_add(l->findings, CODE_RANGE, &n->at, "'%s' is longer than %zu octets", row->key, most);
		return false;
	}
	return true;
}

// What the owner of the row demands of a text.
static bool
check_own(struct load *l, const struct option_row *row, const struct node *n)
{
	struct fault f = { .set = false };

	if (row->check == NULL || row->check(n->text, &f))
		return true;
	finding_fault(l->findings, CODE_VALUE, &n->at, &f);
	return false;
}

char *
rows_path(struct load *l, const struct node *n, const char *name, const char *path)
{
	const char *folder = path[0] == '/' ? "" : n->at.source->folder;
	size_t before = name != NULL ? strlen(name) + 1 : 0, len = strlen(folder);
	bool slash = len > 0 && folder[len - 1] != '/';
	char *out = load_keep(l, before + len + slash + strlen(path) + 1);

	if (out == NULL)
		return NULL;
	sprintf(out, "%s%s%s%s%s", name != NULL ? name : "", name != NULL ? "=" : "", folder, slash ? "/" : "", path);
	return out;
}

// TEXT, NAME, PATH, URL.
static void
take_text(struct load *l, const struct option_row *row, char **out, const struct node *n)
{
	if (!check_line(l, row, n, TEXT_MAX))
		return;
	if (*n->text == '\0' || (row->kind == OPTION_NAME && !value_name(n->text))) {
		refuse_form(l, row, n);
		return;
	}
	if (!check_own(l, row, n))
		return;
	*out = row->kind == OPTION_PATH ? rows_path(l, n, NULL, n->text) : load_keep_text(l, n->text);
}

static bool
scalar_ready(struct load *l, const struct option_row *row, struct node *n)
{
	struct form form = form_of(row->kind);

	if (n->bad)
		return false;
	if (n->kind != NODE_SCALAR || node_is_empty(n)) {
		finding_add(l->findings, CODE_SHAPE, &n->at, "'%s' wants %s, this is %s", row->key, form.wanted, node_kind_name(n));
		return false;
	}
	return secret_refuse_armour(l, row->key, n) && expand_node(l, n) != NULL;
}

static bool
check_item(struct load *l, const struct option_row *row, struct node *n)
{
	char fix[64];
	size_t index;

	if (!scalar_ready(l, row, n) || !check_line(l, row, n, TEXT_MAX))
		return false;
	if (row->kind == OPTION_CIDRS) {
		if (value_cidr(n->text, fix, sizeof(fix)))
			return true;
		if (*fix == '\0')
			refuse_form(l, row, n);
		else
			finding_help(l->findings, finding_add(l->findings, CODE_CIDR, &n->at,
				"'%.60s' has bits set behind its prefix", n->text), "did you mean %s?", fix);
		return false;
	}
	if (row->choices == NULL || in_words(row->choices, n->text, &index)) {
		if (*n->text != '\0')
			return check_own(l, row, n);
		refuse_form(l, row, n);
		return false;
	}
	refuse_choice(l, row, n);
	return false;
}

// TEXTS, CIDRS, PATHS: a text or a list of texts.
static void
take_texts(struct load *l, const struct option_row *row, struct option_texts *out, struct node *n)
{
	bool list = n->kind == NODE_LIST;
	size_t count = list ? n->count : 1;
	struct node *item = list ? n->first : n;
	struct option_texts texts = { NULL, 0 };

	if (n->bad)
		return;
	if (n->kind == NODE_MAP) {
		finding_add(l->findings, CODE_SHAPE, &n->at, "'%s' wants a text or a list of texts, this is a map", row->key);
		return;
	}
	if (list && (row->min != 0 || row->max != 0) && ((int64_t)count < row->min || (int64_t)count > row->max)) {
		finding_add(l->findings, CODE_RANGE, &n->at, "'%s' wants from %" PRId64 " to %" PRId64 " entries, not %zu",
			row->key, row->min, row->max, count);
		return;
	}
	if (count > 0 && (texts.items = load_keep(l, count * sizeof(*texts.items))) == NULL)
		return;
	for (; item != NULL; item = list ? item->next : NULL) {
		if (!check_item(l, row, item))
			continue;
		texts.items[texts.count] = row->kind == OPTION_PATHS ? rows_path(l, item, NULL, item->text) : load_keep_text(l, item->text);
		if (texts.items[texts.count] != NULL)
			texts.count++;
	}
	*out = texts;
}

// One NAME: path of a PATH_MAP; the name may be empty.
static void
take_named_path(struct load *l, const struct option_row *row, struct option_texts *out, const char *name, struct node *n)
{
	if (!check_item(l, row, n))
		return;
	out->items[out->count] = rows_path(l, n, name, n->text);
	if (out->items[out->count] != NULL)
		out->count++;
}

static void
take_path_map(struct load *l, const struct option_row *row, struct option_texts *out, struct node *n)
{
	size_t count = n->kind == NODE_MAP ? n->count : 1;

	if (n->bad)
		return;
	if (row->max != 0 && (int64_t)count > row->max) {
		finding_add(l->findings, CODE_RANGE, &n->at, "'%s' wants at most %" PRId64 " entries, not %zu", row->key, row->max, count);
		return;
	}
	*out = (struct option_texts){ NULL, 0 };
	if (count == 0 || (out->items = load_keep(l, count * sizeof(*out->items))) == NULL)
		return;
	if (n->kind != NODE_MAP)
		take_named_path(l, row, out, "", n);
	for (struct node *key = n->kind == NODE_MAP ? n->first : NULL; key != NULL; key = key->next) {
		if (key->bad || strncmp(key->text, "x-", 2) == 0)
			continue;
		if (*key->text != '\0' && !value_name(key->text))
			finding_help(l->findings, finding_add(l->findings, CODE_NAME, &key->at, "'%.60s' is not a name", key->text),
				"letters, digits, - _ and . make a name, 64 at most");
		take_named_path(l, row, out, key->text, key->value);
	}
}

void
rows_value(struct load *l, const struct option_row *row, void *out, struct node *n)
{
	size_t index;

	switch (row->kind) {
	case OPTION_TEXTS:
	case OPTION_CIDRS:
	case OPTION_PATHS:
		take_texts(l, row, out, n);
		return;
	case OPTION_PATH_MAP:
		take_path_map(l, row, out, n);
		return;
	case OPTION_SOURCE:
		secret_take(l, row, out, n);
		return;
	default:
		break;
	}
	if (!scalar_ready(l, row, n))
		return;
	switch (row->kind) {
	case OPTION_TEXT:
	case OPTION_NAME:
	case OPTION_PATH:
	case OPTION_URL:
		take_text(l, row, out, n);
		return;
	case OPTION_BOOL:
		if (!value_bool(n->text, out))
			refuse_form(l, row, n);
		return;
	case OPTION_INTEGER:
	case OPTION_SIZE:
	case OPTION_DURATION:
	case OPTION_RATE:
		take_number(l, row, out, n);
		return;
	case OPTION_CHOICE:
		if (in_words(row->choices, n->text, &index))
			*(int *)out = (int)index;
		else
			refuse_choice(l, row, n);
		return;
	case OPTION_TEXTS:
	case OPTION_CIDRS:
	case OPTION_PATHS:
	case OPTION_PATH_MAP:
	case OPTION_SOURCE:
	case OPTION_RECORD:
	case OPTION_MAP:
	case OPTION_LIST:
	case OPTION_ABSENT:
		return;
	}
}

// ---- Defaults.

// The default of a row is a text as in the file, so it takes the same way.
static void
fill_default(struct load *l, const struct option_row *row, void *base)
{
	static const size_t lines[] = { 0 };
	static const struct source built_in = { .path = "built in", .folder = "/", .text = "", .lines = lines, .line_count = 1 };
	struct node n = { .kind = NODE_SCALAR, .expanded = true };

	if (row->standard == NULL || row->kind == OPTION_RECORD)
		return;
	n.at.source = &built_in;
	n.text = row->standard;
	rows_value(l, row, member(row, base), &n);
}

static void
fill_defaults(struct load *l, const struct option_row *rows, void *base)
{
	for (const struct option_row *row = rows; row->key != NULL; row++) {
		fill_default(l, row, base);
		if (row->kind == OPTION_RECORD)
			fill_defaults(l, row->rows, member(row, base));
		else if (row->kind == OPTION_TEXTS && row->rows != NULL)
			fill_defaults(l, row->rows, base);
	}
}

// ---- Maps.

static const struct option_row *
row_find(struct row_group *groups, size_t count, const char *key, struct row_group **group)
{
	const struct option_row *absent = NULL;

	for (size_t i = 0; i < count; i++) {
		for (const struct option_row *row = groups[i].rows; row->key != NULL; row++) {
			if (strcmp(row->key, key) != 0)
				continue;
			*group = &groups[i];
			if (row->kind != OPTION_ABSENT)
				return row;
			absent = row;
		}
	}
	return absent;
}

static bool
has_key(const struct option_row *rows, const char *key)
{
	for (; rows != NULL && rows->key != NULL; rows++)
		if (rows->kind != OPTION_ABSENT && strcmp(rows->key, key) == 0)
			return true;
	return false;
}

// In a listener or upstream: the schemes whose driver knows a key that the
// driver at hand lacks, "http, coap".
static void
owners_of(const struct load *l, const struct row_group *groups, size_t count, const char *key, char *out, size_t size)
{
	const struct option_row *side = groups[count - 1].rows;

	*out = '\0';
	for (const struct config_scheme *s = l->schemes; s->scheme != NULL; s++)
		if ((side == language_listener && has_key(s->listener_rows, key)) || (side == language_upstream && has_key(s->upstream_rows, key)))
			snprintf(out + strlen(out), size - strlen(out), "%s%s", *out != '\0' ? ", " : "", s->scheme);
}

static void
refuse_key(struct load *l, const struct row_group *groups, size_t count, const struct node *key, const char *where)
{
	char owners[128];
	struct finding *item = finding_add(l->findings, CODE_UNKNOWN_KEY, &key->at, "unknown key '%.60s'%s", key->text, where);
	struct suggestion near;

	suggest_begin(&near, key->text);
	for (size_t i = 0; i < count; i++)
		for (const struct option_row *row = groups[i].rows; row->key != NULL; row++)
			suggest_offer(&near, row->key, 0);
	owners_of(l, groups, count, key->text, owners, sizeof(owners));
	if (*owners != '\0')
		finding_help(l->findings, item, "it is a key of URLs with another scheme: %s", owners);
	else if (near.best != NULL)
		finding_help(l->findings, item, "did you mean '%s'?", near.best);
	else
		finding_help(l->findings, item, "keys that begin with x- are free for notes");
}

static void fill_map(struct load *l, struct row_group *groups, size_t count, struct node *map, const char *where,
	void (*take)(struct load *l, const struct option_row *row, struct node *key));

// The word that may stand in place of a record, or one that a later version brings.
static void
take_word(struct load *l, const struct option_row *row, struct node *n)
{
	const char *const words[] = { row->word, NULL };
	const struct option_row choice = { .key = row->key, .choices = words, .absent = row->absent };

	if (scalar_ready(l, row, n) && strcmp(n->text, row->word) != 0)
		refuse_choice(l, &choice, n);
}

// A record inside a map. Rows nest by the tables, not by the file.
static void
take_record(struct load *l, const struct option_row *row, void *out, struct node *key, const char *where)
{
	struct row_group inner = { .rows = row->rows, .out = out };
	char place[160];

	if (row->word != NULL && key->value->kind == NODE_SCALAR && !node_is_empty(key->value)) {
		take_word(l, row, key->value);
		return;
	}
	snprintf(place, sizeof(place), " in '%s'%.120s", row->key, where);
	fill_map(l, &inner, 1, key->value, place, NULL);
}

static void
take_key(struct load *l, struct row_group *groups, size_t count, struct node *key, const char *where,
	void (*take)(struct load *l, const struct option_row *row, struct node *key))
{
	struct row_group *group = NULL;
	const struct option_row *row;

	if (key->bad || strncmp(key->text, "x-", 2) == 0)
		return;
	row = row_find(groups, count, key->text, &group);
	if (row == NULL) {
		refuse_key(l, groups, count, key, where);
		return;
	}
	if (row->kind == OPTION_ABSENT) {
		struct finding *item = finding_add(l->findings, CODE_ABSENT, &key->at, "'%s'%s is not in this build", row->key, where);
		finding_help(l->findings, item, "it is part of the language and comes with a later version");
		return;
	}
	group->seen |= UINT64_C(1) << (row - group->rows);
	if (key->value->bad)
		return;
	if (row->kind == OPTION_RECORD)
		take_record(l, row, member(row, group->out), key, where);
	else if (row->kind == OPTION_TEXTS && row->rows != NULL && key->value->kind == NODE_MAP)
		take_record(l, row, group->out, key, where);
	else if (row->kind != OPTION_MAP && row->kind != OPTION_LIST)
		rows_value(l, row, member(row, group->out), key->value);
	else if (take != NULL)
		take(l, row, key);
}

void
rows_required(struct load *l, const struct row_group *group, const struct position *at, const char *where)
{
	if (group->guess)
		return;
	for (const struct option_row *row = group->rows; row->key != NULL; row++)
		if (row->required && (group->seen >> (row - group->rows) & 1) == 0)
			finding_add(l->findings, CODE_MISSING, at, "'%s' is missing%s", row->key, where);
}

static void
fill_map(struct load *l, struct row_group *groups, size_t count, struct node *map, const char *where,
	void (*take)(struct load *l, const struct option_row *row, struct node *key))
{
	if (map->bad)
		return;
	if (map->kind != NODE_MAP && !node_is_empty(map)) {
		finding_add(l->findings, CODE_SHAPE, &map->at, "a map of keys is wanted%s, this is %s", where, node_kind_name(map));
		return;
	}
	for (struct node *key = map->first; key != NULL; key = key->next)
		take_key(l, groups, count, key, where, take);
	for (size_t i = 0; i < count; i++)
		rows_required(l, &groups[i], &map->at, where);
}

void
rows_fill(struct load *l, struct row_group *groups, size_t count, struct node *map, const char *where,
	void (*take)(struct load *l, const struct option_row *row, struct node *key))
{
	for (size_t i = 0; i < count; i++)
		fill_defaults(l, groups[i].rows, groups[i].out);
	if (map != NULL)
		fill_map(l, groups, count, map, where, take);
}

// ---- Comparing.

static bool
texts_equal(const struct option_texts *a, const struct option_texts *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static bool
text_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
value_equal(const struct option_row *row, const void *a, const void *b)
{
	const void *x = row_member(row, a), *y = row_member(row, b);

	switch (row->kind) {
	case OPTION_TEXT:
	case OPTION_NAME:
	case OPTION_PATH:
	case OPTION_URL:
		return text_equal(*(char *const *)x, *(char *const *)y);
	case OPTION_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case OPTION_INTEGER:
	case OPTION_SIZE:
	case OPTION_DURATION:
	case OPTION_RATE:
		return *(const int64_t *)x == *(const int64_t *)y;
	case OPTION_CHOICE:
		return *(const int *)x == *(const int *)y;
	case OPTION_TEXTS:
	case OPTION_CIDRS:
	case OPTION_PATHS:
	case OPTION_PATH_MAP:
		return texts_equal(x, y);
	case OPTION_SOURCE:
		return ((const struct settings_source *)x)->kind == ((const struct settings_source *)y)->kind &&
			text_equal(((const struct settings_source *)x)->value, ((const struct settings_source *)y)->value);
	case OPTION_RECORD:
	case OPTION_MAP:
	case OPTION_LIST:
	case OPTION_ABSENT:
		break;
	}
	return true;
}

bool
rows_equal(const struct option_row *rows, const void *a, const void *b, bool restart_only, char *out, size_t size)
{
	for (const struct option_row *row = rows; row->key != NULL; row++) {
		char inner[128] = "";
		bool equal = row->kind == OPTION_RECORD ?
			rows_equal(row->rows, row_member(row, a), row_member(row, b), restart_only, inner, sizeof(inner)) :
			(restart_only && !row->restart) || value_equal(row, a, b);

		if (equal)
			continue;
		snprintf(out, size, "%s%s%s", row->key, *inner != '\0' ? "." : "", inner);
		return false;
	}
	return true;
}
