// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/tree.h"

#include <yaml.h>

// One open map or list.
struct frame {
	struct node *node;
	struct node *key;	// MAP: the key whose value comes next
};

struct builder {
	struct load *load;
	const struct source *source;
	struct frame frames[TREE_DEPTH];
	size_t depth;
	struct node *root;
	unsigned documents;
};

static struct position
place_of(const struct builder *b, const yaml_mark_t *start, const yaml_mark_t *end)
{
	struct position at = { .source = b->source, .line = (int)start->line + 1, .column = (int)start->column + 1, .width = 1 };

	if (end != NULL && end->line == start->line && end->column > start->column)
		at.width = (int)(end->column - start->column);
	return at;
}

bool
node_is_empty(const struct node *n)
{
	return n->kind == NODE_SCALAR && n->plain &&
		(n->text[0] == '\0' || strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0);
}

const char *
node_kind_name(const struct node *n)
{
	if (node_is_empty(n))
		return "nothing";
	return n->kind == NODE_SCALAR ? "a text" : n->kind == NODE_LIST ? "a list" : "a map";
}

struct node *
node_find(const struct node *map, const char *key)
{
	for (struct node *k = map->first; k != NULL; k = k->next)
		if (!k->bad && strcmp(k->text, key) == 0)
			return k;
	return NULL;
}

static void
append(struct node *parent, struct node *child)
{
	if (parent->last == NULL)
		parent->first = child;
	else
		parent->last->next = child;
	parent->last = child;
	parent->count++;
}

// The same key stands in this map already.
static void
check_duplicate(struct builder *b, const struct node *map, struct node *key)
{
	for (const struct node *k = map->first; k != NULL; k = k->next) {
		if (strcmp(k->text, key->text) != 0)
			continue;
		struct finding *item = finding_add(b->load->findings, CODE_DUPLICATE, &key->at,
			"key '%.60s' stands twice in this map", key->text);
		finding_help(b->load->findings, item, "the first one is in line %d", k->at.line);
		key->bad = true;
		return;
	}
}

static void
take_key(struct builder *b, struct frame *top, struct node *n)
{
	if (n->kind != NODE_SCALAR) {
		finding_add(b->load->findings, CODE_KEY, &n->at, "a key must be a text, this is %s", node_kind_name(n));
		n->bad = true;
		n->text = "";
	} else if (n->plain && strcmp(n->text, "<<") == 0) {
		struct finding *item = finding_add(b->load->findings, CODE_ALIAS, &n->at, "merge keys (<<) are not part of this language");
		finding_help(b->load->findings, item, "name the shared part and refer to it, or split files with include");
		n->bad = true;
	} else if (!n->bad)
		check_duplicate(b, top->node, n);
	top->key = n;
}

// Hang a finished or just opened node into the map or list around it.
static void
attach(struct builder *b, struct node *n)
{
	struct frame *top = b->depth > 0 ? &b->frames[b->depth - 1] : NULL;

	if (top == NULL) {
		if (b->root == NULL)
			b->root = n;
		return;
	}
	if (top->node->kind == NODE_LIST)
		append(top->node, n);
	else if (top->key == NULL)
		take_key(b, top, n);
	else {
		top->key->value = n;
		append(top->node, top->key);
		top->key = NULL;
	}
}

static struct node *
node_new(struct builder *b, enum node_kind kind, struct position at)
{
	struct node *n;

	if (b->load->nodes >= TREE_NODES) {
		finding_add(b->load->findings, CODE_NODES, &at, "more than %d keys and values in all files together", TREE_NODES);
		return NULL;
	}
	n = load_scratch(b->load, sizeof(*n));
	if (n == NULL)
		return NULL;
	b->load->nodes++;
	n->kind = kind;
	n->at = at;
	n->text = "";
	return n;
}

static void
refuse_marks(struct builder *b, struct position at, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct findings *f = b->load->findings;

	at.width = 1;
	if (anchor != NULL) {
		struct finding *item = finding_add(f, CODE_ALIAS, &at, "anchors (&%.60s) are not part of this language", (const char *)anchor);
		finding_help(f, item, "name the shared part and refer to it, or split files with include; a text that begins with & must be quoted");
	}
	if (tag != NULL) {
		struct finding *item = finding_add(f, CODE_TAG, &at, "tags (!) are not part of this language");
		finding_help(f, item, "leave the tag out; a text that begins with ! must be quoted");
	}
}

static bool
has_leading_zero(const char *text)
{
	return text[0] == '0' && text[1] != '\0' && strspn(text, "0123456789") == strlen(text);
}

// Control characters can come in by escapes of double quotes only.
static bool
check_text(struct builder *b, const struct node *n, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;

	if (memchr(text, '\0', len) != NULL) {
		finding_add(b->load->findings, CODE_NUL, &n->at, "a NUL has no place in a configuration");
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (((unsigned char)text[i] < 0x20 && text[i] != '\n' && text[i] != '\t') || text[i] == 0x7f) {
			finding_add(b->load->findings, CODE_VALUE, &n->at, "the text holds a control character (0x%02x)", (unsigned)text[i]);
			return false;
		}
	}
	return true;
}

static bool
on_scalar(struct builder *b, const yaml_event_t *event)
{
	struct node *n = node_new(b, NODE_SCALAR, place_of(b, &event->start_mark, &event->end_mark));
	const char *value = (const char *)event->data.scalar.value;
	struct frame *top = b->depth > 0 ? &b->frames[b->depth - 1] : NULL;
	bool is_key = top != NULL && top->node->kind == NODE_MAP && top->key == NULL;
	char *text;

	if (n == NULL)
		return false;
	refuse_marks(b, n->at, event->data.scalar.anchor, event->data.scalar.tag);
	n->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	n->last_line = (int)event->end_mark.line + 1;
	n->bad = !check_text(b, n, event) || event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL;
	text = load_scratch(b->load, strlen(value) + 1);
	if (text == NULL)
		return false;
	n->text = strcpy(text, value);
	if (!is_key && !n->bad && n->plain && has_leading_zero(text)) {
		struct finding *item = finding_add(b->load->findings, CODE_LEADING_ZERO, &n->at,
			"a number with a leading zero (%.30s) means different things to different readers", text);
		finding_help(b->load->findings, item, "quote it if it is a text, else leave the zero out");
		n->bad = true;
	}
	attach(b, n);
	return true;
}

static bool
on_alias(struct builder *b, const yaml_event_t *event)
{
	struct node *n = node_new(b, NODE_SCALAR, place_of(b, &event->start_mark, &event->end_mark));
	struct finding *item;

	if (n == NULL)
		return false;
	item = finding_add(b->load->findings, CODE_ALIAS, &n->at, "aliases (*%.60s) are not part of this language", (const char *)event->data.alias.anchor);
	finding_help(b->load->findings, item, "name the shared part and refer to it, or split files with include; a text that begins with * must be quoted");
	n->bad = true;
	attach(b, n);
	return true;
}

static bool
on_open(struct builder *b, const yaml_event_t *event)
{
	bool map = event->type == YAML_MAPPING_START_EVENT;
	struct position at = place_of(b, &event->start_mark, NULL);
	struct node *n;

	if (b->depth == TREE_DEPTH) {
		finding_add(b->load->findings, CODE_DEPTH, &at, "maps and lists are nested deeper than %d", TREE_DEPTH);
		return false;
	}
	n = node_new(b, map ? NODE_MAP : NODE_LIST, at);
	if (n == NULL)
		return false;
	if (map)
		refuse_marks(b, at, event->data.mapping_start.anchor, event->data.mapping_start.tag);
	else
		refuse_marks(b, at, event->data.sequence_start.anchor, event->data.sequence_start.tag);
	attach(b, n);
	b->frames[b->depth++] = (struct frame){ .node = n };
	return true;
}

static bool
on_document(struct builder *b, const yaml_event_t *event)
{
	struct position at = place_of(b, &event->start_mark, NULL);

	if (event->data.document_start.tag_directives.start != event->data.document_start.tag_directives.end)
		finding_add(b->load->findings, CODE_TAG, &at, "tag directives (%%TAG) are not part of this language");
	if (++b->documents == 1)
		return true;
	struct finding *item = finding_add(b->load->findings, CODE_DOCUMENTS, &at, "a second document begins here");
	finding_help(b->load->findings, item, "one file holds one document: use include for several files");
	return false;
}

// One event; false ends the pass.
static bool
take(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(b, event);
	case YAML_SCALAR_EVENT:
		return on_scalar(b, event);
	case YAML_ALIAS_EVENT:
		return on_alias(b, event);
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return on_open(b, event);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		b->depth--;
		return true;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return true;
	}
	return true;
}

// The octet at a mark; NUL past the end of its line.
static char
octet_at(const struct source *s, const struct position *at)
{
	struct span line = source_line(s, at->line);
	size_t i = 0;

	for (int column = 1; column < at->column && i < line.len; column++) {
		uint32_t c;
		size_t n = findings_utf8((const char *)line.data + i, line.len - i, &c);

		i += n > 0 ? n : 1;
	}
	return i < line.len ? (char)line.data[i] : '\0';
}

// Report all lines from `line` on that are indented with tabs: they come together.
static bool
report_tabs(struct builder *b, int line)
{
	const int most = 20;
	int found = 0;

	for (; (size_t)line <= b->source->line_count && found < most; line++) {
		struct span s = source_line(b->source, line);
		size_t blank = 0;

		while (blank < s.len && (s.data[blank] == ' ' || s.data[blank] == '\t'))
			blank++;
		const uint8_t *tab = memchr(s.data, '\t', blank);
		if (tab == NULL || blank == s.len)
			continue;
		struct position at = { b->source, line, (int)(tab - s.data) + 1, 1 };
		struct finding *item = finding_add(b->load->findings, CODE_TAB, &at, "a tab cannot indent a line");
		finding_help(b->load->findings, item, "YAML is indented with spaces only");
		found++;
	}
	return found > 0;
}

static const char *
syntax_help(const yaml_parser_t *parser, char octet)
{
	if (octet == '@' || octet == '`' || octet == '%')
		return "a text that begins with this character must be quoted";
	if (parser->context != NULL && strstr(parser->context, "alias") != NULL)
		return "a text that begins with * must be quoted";
	if (parser->context != NULL && strstr(parser->context, "anchor") != NULL)
		return "a text that begins with & must be quoted";
	if (parser->problem != NULL && strstr(parser->problem, "mapping values") != NULL)
		return "is the line indented like the others around it? A text that holds ': ' must be quoted";
	if (parser->problem != NULL && strstr(parser->problem, "find expected key") != NULL)
		return "the line is indented differently from the others of its map";
	return NULL;
}

static void
report_syntax(struct builder *b, const yaml_parser_t *parser)
{
	struct findings *f = b->load->findings;
	struct position at = place_of(b, &parser->problem_mark, NULL);
	const char *help;
	struct finding *item;
	char octet;

	if (parser->error == YAML_MEMORY_ERROR) {
		findings_exhaust(f);
		return;
	}
	if (parser->error == YAML_READER_ERROR) {
		// The reader looks ahead: it knows an offset in octets, not a mark.
		at = (struct position){ b->source, 1, 1, 1 };
		while ((size_t)at.line < b->source->line_count && b->source->lines[at.line] <= parser->problem_offset)
			at.line++;
		finding_add(f, CODE_SYNTAX, &at, "YAML: %s (character U+%04X)", parser->problem, (unsigned)parser->problem_value);
		return;
	}
	octet = octet_at(b->source, &at);
	if (octet == '\t' && report_tabs(b, at.line))
		return;
	item = finding_add(f, CODE_SYNTAX, &at, "YAML: %s", parser->problem != NULL ? parser->problem : "cannot be read");
	help = syntax_help(parser, octet);
	if (help != NULL)
		finding_help(f, item, "%s", help);
	else if (parser->context != NULL && parser->context_mark.line > 0)
		finding_help(f, item, "%s that begins in line %zu", parser->context, parser->context_mark.line + 1);
}

static bool
run(struct builder *b, yaml_parser_t *parser)
{
	for (;;) {
		yaml_event_t event;
		bool end, well;

		if (!yaml_parser_parse(parser, &event)) {
			report_syntax(b, parser);
			return false;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		well = take(b, &event);
		yaml_event_delete(&event);
		if (!well)
			return false;
		if (end)
			return true;
	}
}

bool
tree_parse(struct load *l, const struct source *s, struct node **root)
{
	struct builder b = { .load = l, .source = s };
	struct position whole = { .source = s };
	yaml_parser_t parser;
	bool well;

	*root = NULL;
	if (!yaml_parser_initialize(&parser)) {
		findings_exhaust(l->findings);
		return false;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)s->text, s->len);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	well = run(&b, &parser);
	yaml_parser_delete(&parser);
	if (!well)
		l->broken = true;
	else if (b.root == NULL || node_is_empty(b.root)) {
		finding_add(l->findings, CODE_EMPTY, &whole, "the file is empty");
		l->broken = true;
		well = false;
	}
	*root = b.root;
	return well;
}
