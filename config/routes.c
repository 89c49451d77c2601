// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/entries.h"

#include "base/memory.h"
#include "config/expand.h"
#include "config/guard.h"
#include "config/language.h"
#include "config/rows.h"

#include <stdio.h>

static struct node *
value_of(const struct node *map, const char *key)
{
	struct node *k = node_find(map, key);

	return k == NULL ? NULL : k->value;
}

static void
refuse_later(struct load *l, struct node *n, const char *what)
{
	struct finding *item = finding_add(l->findings, CODE_ABSENT, &n->at, "%s not in this build", what);

	finding_help(l->findings, item, "it is part of the language and comes with a later version");
	n->bad = true;
}

// Forms of documented keys that a later version brings.
static void
refuse_later_forms(struct load *l, const struct node *map)
{
	struct node *to = value_of(map, "to");

	if (to == NULL || to->bad)
		return;
	if (to->kind == NODE_LIST)
		refuse_later(l, to, "several upstreams in one route (fail-over) are");
	else if (to->kind == NODE_SCALAR && strncmp(to->text, "ca:", 3) == 0)
		refuse_later(l, to, "the embedded CA (ca:) is");
}

// Every name in `from` must be a listener; `any` alone means all.
static void
check_from(struct load *l, struct settings_route *r, const struct node *n)
{
	const struct node *map = l->listeners != NULL ? l->listeners->value : NULL;

	for (size_t i = 0; i < r->from.count; i++)
		if (strcmp(r->from.items[i], "any") == 0)
			r->from.count = 0;
	if (n == NULL || n->bad || n->kind == NODE_MAP || l->broken)
		return;
	for (const struct node *item = n->kind == NODE_LIST ? n->first : n; item != NULL; item = n->kind == NODE_LIST ? item->next : NULL) {
		struct finding *f;

		if (item->bad || item->kind != NODE_SCALAR || node_is_empty(item) || *item->text == '\0' ||
		    strcmp(item->text, "any") == 0)
			continue;
		if (map != NULL && map->kind == NODE_MAP && node_find(map, item->text) != NULL)
			continue;
		f = finding_add(l->findings, CODE_NO_LISTENER, &item->at, "listener '%.60s' is not defined", item->text);
		entry_suggest(l, f, item->text, l->listeners, &item->at);
	}
}

static bool
upstream_index(const struct settings *s, const char *name, size_t *index)
{
	for (size_t i = 0; i < s->upstream_count; i++) {
		if (s->upstreams[i].name == NULL || strcmp(s->upstreams[i].name, name) != 0)
			continue;
		*index = i;
		return true;
	}
	return false;
}

static void
refuse_no_target(struct load *l, const struct node *map, const char *where)
{
	struct finding *item;

	if (l->broken)
		return;
	item = finding_add(l->findings, CODE_ROUTE_TARGET, &map->at, "'to' is missing%s", where);
	finding_help(l->findings, item, l->settings->upstream_count == 0 ? "no upstream is defined" :
		"with more than one upstream, a route says to: NAME, to: answers or to: reject");
}

static void
check_target(struct load *l, struct route_entry *r, const struct node *map, const char *where)
{
	const struct node *to = value_of(map, "to");
	struct finding *item;

	if (to == NULL) {
		if (l->settings->upstream_count != 1)
			refuse_no_target(l, map, where);
		return;
	}
	if (to->bad || r->to == NULL)
		return;
	if (strcmp(r->to, "reject") == 0 || strcmp(r->to, "answers") == 0) {
		r->route.target = strcmp(r->to, "reject") == 0 ? TARGET_REJECT : TARGET_ANSWERS;
		return;
	}
	r->route.upstream = SIZE_MAX;
	if (upstream_index(l->settings, r->to, &r->route.upstream) || l->broken)
		return;
	item = finding_add(l->findings, CODE_NO_UPSTREAM, &to->at, "upstream '%.60s' is not defined", r->to);
	entry_suggest(l, item, r->to, l->upstreams, &to->at);
}

// `reject:` says how a refusal looks: it needs to: reject.
static void
check_reject(struct load *l, const struct route_entry *r, const struct node *map, const char *where)
{
	const struct node *key = node_find(map, "reject");

	if (key == NULL || r->route.target == TARGET_REJECT)
		return;
	// Nothing is said on top of a missing or bad `to`.
	if (r->to == NULL && (value_of(map, "to") != NULL || l->settings->upstream_count != 1))
		return;
	struct finding *item = finding_add(l->findings, CODE_ROUTE_TARGET, &key->at, "'reject'%s has no effect: the route does not refuse", where);
	finding_help(l->findings, item, "write to: reject, or leave it out");
}

static void
check_twice(struct load *l, const struct settings_route *r, const struct node *n)
{
	for (size_t i = 0; i < l->settings->route_count; i++) {
		const struct settings_route *other = &l->settings->routes[i];

		if (other->name == NULL || r->name == NULL || strcmp(other->name, r->name) != 0)
			continue;
		struct finding *item = finding_add(l->findings, CODE_ROUTE_TWICE, &n->at, "route '%.60s' is defined twice", r->name);
		finding_help(l->findings, item, "the first one is at %.300s:%d:%d", other->place.file, other->place.line, other->place.column);
		return;
	}
}

// Globs on names and globs on senderKIDs are two lists in one, names first.
static void
split_sender(struct load *l, struct route_entry *r)
{
	static const char kid[] = "kid:";
	const struct option_texts *from = &r->sender;
	char **items = from->count > 0 ? load_keep(l, from->count * sizeof(*items)) : NULL;
	size_t names = 0, kids = 0;

	if (items == NULL)
		return;
	for (size_t i = 0; i < from->count; i++)
		if (strncmp(from->items[i], kid, sizeof(kid) - 1) != 0)
			items[names++] = from->items[i];
	for (size_t i = 0; i < from->count; i++)
		if (strncmp(from->items[i], kid, sizeof(kid) - 1) == 0)
			items[names + kids++] = from->items[i] + sizeof(kid) - 1;
	r->route.match_sender = (struct option_texts){ items, names };
	r->route.match_kid = (struct option_texts){ items + names, kids };
}

// What the rows leave behind becomes what a route is asked for.
static void
finish_route(struct load *l, struct route_entry *r)
{
	struct settings_route *o = &r->route;

	split_sender(l, r);
	for (size_t i = 0; i < o->match_body.count; i++)
		o->body_bits |= language_body_bits(o->match_body.items[i]);
	for (size_t i = 0; i < r->accept.count; i++)
		o->accept |= language_accept_bit(r->accept.items[i]);
	o->match_signer.given = o->match_signer.issuer != NULL || o->match_signer.san != NULL || o->match_signer.trust != NULL;
	o->match_template.given = o->match_template.subject.count > 0 || o->match_template.san.count > 0 || o->match_template.key.count > 0 ||
		o->match_template.eku.count > 0 || o->match_template.validity > 0;
	o->set.given = o->set.subject != NULL || o->set.add.count > 0 || o->set.san.count > 0 || o->set.validity > 0;
}

static void
take_route(struct load *l, struct node *n, size_t number)
{
	struct settings_route *out = &l->settings->routes[l->settings->route_count];
	struct route_entry r = { 0 };
	struct row_group group = { .rows = language_route, .out = &r };
	const struct node *name;
	char by_number[32], where[96];

	snprintf(by_number, sizeof(by_number), "route-%zu", number);
	if (n->bad)
		return;
	if (n->kind != NODE_MAP) {
		finding_add(l->findings, CODE_SHAPE, &n->at, "a route is a map of keys, this is %s", node_kind_name(n));
		return;
	}
	name = value_of(n, "name");
	snprintf(where, sizeof(where), " in route '%.60s'", name != NULL && name->kind == NODE_SCALAR ? name->text : by_number);
	refuse_later_forms(l, n);
	rows_fill(l, &group, 1, n, where, NULL);
	if (r.route.name == NULL)
		r.route.name = load_keep_text(l, by_number);
	finish_route(l, &r);
	r.route.place = entry_place(n);
	check_from(l, &r.route, value_of(n, "from"));
	check_target(l, &r, n, where);
	check_reject(l, &r, n, where);
	check_twice(l, &r.route, name != NULL ? name : n);
	guard_route(l, &r.route, n, where);
	*out = r.route;
	l->settings->route_count++;
}

// Exactly one upstream and no routes: everything goes there, as received.
static void
add_implicit(struct load *l)
{
	struct settings *s = l->settings;
	struct route_entry r = { 0 };
	struct row_group group = { .rows = language_route, .out = &r };

	if (s->upstream_count != 1)
		return;
	rows_fill(l, &group, 1, NULL, "", NULL);
	s->routes = load_keep(l, sizeof(*s->routes));
	r.route.name = load_keep_text(l, "implicit");
	r.route.place = s->upstreams[0].place;
	if (s->routes == NULL)
		return;
	s->routes[0] = r.route;
	s->route_count = 1;
	s->implicit_route = true;
}

void
entries_routes(struct load *l)
{
	struct node *list = l->routes == NULL || node_is_empty(l->routes->value) ? NULL : l->routes->value;
	size_t number = 0;

	if (list == NULL) {
		add_implicit(l);
		return;
	}
	if (list->bad)
		return;
	if (list->kind != NODE_LIST) {
		struct finding *item = finding_add(l->findings, CODE_SHAPE, &list->at, "'routes' wants a list, this is %s", node_kind_name(list));
		finding_help(l->findings, item, "each route begins with '- ': the first that fits wins");
		return;
	}
	if (list->count == 0)
		return;
	l->settings->routes = load_keep(l, list->count * sizeof(*l->settings->routes));
	for (struct node *n = list->first; n != NULL && l->settings->routes != NULL; n = n->next)
		take_route(l, n, ++number);
}
