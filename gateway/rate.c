// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/rate.h"

#include "base/list.h"
#include "base/map.h"
#include "base/memory.h"

#define TOKEN 1000	// a request costs this many; so milliseconds need no fractions

struct source {
	struct map_node node;
	struct list order;	// by last use
	int64_t tokens, seen_ms;
	char name[48];
};

struct rate_table {
	struct map map;
	struct list order;
	size_t count;
};

struct rate_table *
rate_table_new(void)
{
	struct rate_table *t = mem_alloc(sizeof(*t));

	if (t == NULL || !map_init(&t->map)) {
		mem_free(t);
		return NULL;
	}
	list_init(&t->order);
	return t;
}

static void
forget(struct rate_table *t, struct source *s)
{
	map_remove(&t->map, &s->node);
	list_remove(&s->order);
	mem_free(s);
	t->count--;
}

void
rate_table_free(struct rate_table *t)
{
	if (t == NULL)
		return;
	while (!list_is_empty(&t->order))
		forget(t, container_of(t->order.next, struct source, order));
	map_clear(&t->map);
	mem_free(t);
}

static struct source *
remember(struct rate_table *t, struct span name, int64_t tokens, int64_t now_ms)
{
	struct source *s = mem_alloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	if (t->count >= RATE_SOURCES)
		forget(t, container_of(t->order.next, struct source, order));
	memcpy(s->name, name.data, name.len);
	s->node.key = span_of(s->name, name.len);
	s->tokens = tokens;
	s->seen_ms = now_ms;
	if (!map_insert(&t->map, &s->node)) {
		mem_free(s);
		return NULL;
	}
	t->count++;
	return s;
}

bool
rate_take(struct rate_table *t, const char *source, int64_t per_second, int64_t burst, int64_t now_ms)
{
	struct span name = span_text(source);
	int64_t full = burst * TOKEN;

	if (name.len >= sizeof(((struct source *)NULL)->name))
		name.len = sizeof(((struct source *)NULL)->name) - 1;
	struct map_node *node = map_find(&t->map, name);
	struct source *s = node != NULL ? container_of(node, struct source, node) : remember(t, name, full, now_ms);
	if (s == NULL)
		return false;
	int64_t passed = now_ms - s->seen_ms;
	// A long silence fills the bucket; the multiplication must not overflow.
	int64_t gained = passed > full / (per_second > 0 ? per_second : 1) ? full : passed * per_second;
	s->tokens = s->tokens + gained > full ? full : s->tokens + gained;
	s->seen_ms = now_ms;
	list_remove(&s->order);
	list_append(&t->order, &s->order);
	if (s->tokens < TOKEN)
		return false;
	s->tokens -= TOKEN;
	return true;
}
