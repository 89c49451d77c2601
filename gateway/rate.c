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

static struct span
key_of(const char *source)
{
	struct span name = span_text(source);

	if (name.len >= sizeof(((struct source *)NULL)->name))
		name.len = sizeof(((struct source *)NULL)->name) - 1;
	return name;
}

// What is in a bucket by now: it gains `per` tokens in each `ms`. A long silence
// fills it; the multiplication must not overflow.
static int64_t
filled(const struct source *s, int64_t full, int64_t per, int64_t ms, int64_t now_ms)
{
	int64_t passed = now_ms - s->seen_ms, tokens;

	if (passed >= full / (per > 0 ? per : 1) * ms + ms)
		return full;
	tokens = s->tokens + passed * per / ms;
	return tokens > full ? full : tokens;
}

// The bucket of a source, full where it is new, filled up to now.
static struct source *
bucket(struct rate_table *t, const char *source, int64_t full, int64_t per, int64_t ms, int64_t now_ms)
{
	struct span name = key_of(source);
	struct map_node *node = map_find(&t->map, name);
	struct source *s = node != NULL ? container_of(node, struct source, node) : remember(t, name, full, now_ms);

	if (s == NULL)
		return NULL;
	s->tokens = filled(s, full, per, ms, now_ms);
	s->seen_ms = now_ms;
	list_remove(&s->order);
	list_append(&t->order, &s->order);
	return s;
}

bool
rate_take(struct rate_table *t, const char *source, int64_t per_second, int64_t burst, int64_t now_ms)
{
	struct source *s = bucket(t, source, burst * TOKEN, per_second * TOKEN, 1000, now_ms);

	if (s == NULL || s->tokens < TOKEN)
		return false;
	s->tokens -= TOKEN;
	return true;
}

void
rate_count(struct rate_table *t, const char *source, int64_t most, int64_t window_ms, int64_t now_ms)
{
	struct source *s = bucket(t, source, most * TOKEN, most * TOKEN, window_ms, now_ms);

	if (s != NULL)
		s->tokens = s->tokens > TOKEN ? s->tokens - TOKEN : 0;
}

bool
rate_has(const struct rate_table *t, const char *source, int64_t most, int64_t window_ms, int64_t now_ms)
{
	struct map_node *node = map_find(&t->map, key_of(source));

	return node == NULL || filled(container_of(node, struct source, node), most * TOKEN, most * TOKEN, window_ms, now_ms) >= TOKEN;
}
