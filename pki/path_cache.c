// SPDX-License-Identifier: GPL-3.0-or-later
// A device that enrols sends its chain three or four times within seconds; only
// the first time costs signatures. What is kept are digests and dates, nothing
// of the certificates themselves.
#include "base/list.h"
#include "base/map.h"
#include "base/memory.h"
#include "crypto/digest.h"
#include "pki/private.h"

enum { KEY_SIZE = 32 };

struct entry {
	struct map_node node;
	struct list order;		// among those in use, or the spare ones
	uint8_t key[KEY_SIZE];
	size_t anchor;			// its index in the set
	int64_t from, until;		// judged at, and good until (seconds)
	int64_t valid_until;
};

struct path_cache {
	struct map map;
	struct list used, spare;	// used: the least recently used first
	struct entry *entries;
	int64_t max_age;		// seconds
};

struct path_cache *
path_cache_new(size_t entries, int64_t max_age_s)
{
	struct path_cache *c = mem_alloc(sizeof(*c));

	if (c == NULL)
		return NULL;
	c->entries = mem_array(entries, sizeof(c->entries[0]));
	if (c->entries == NULL || !map_init(&c->map)) {
		mem_free(c->entries);
		mem_free(c);
		return NULL;
	}
	list_init(&c->used);
	list_init(&c->spare);
	for (size_t i = 0; i < entries; i++)
		list_append(&c->spare, &c->entries[i].order);
	c->max_age = max_age_s;
	return c;
}

void
path_cache_free(struct path_cache *c)
{
	if (c == NULL)
		return;
	map_clear(&c->map);
	mem_free(c->entries);
	mem_free(c);
}

static void
forget(struct path_cache *c, struct entry *e)
{
	map_remove(&c->map, &e->node);
	list_remove(&e->order);
	list_append(&c->spare, &e->order);
}

static struct entry *
first(const struct list *list)
{
	return list_is_empty(list) ? NULL : container_of(list->next, struct entry, order);
}

void
path_cache_flush(struct path_cache *c)
{
	for (struct entry *e; (e = first(&c->used)) != NULL; )
		forget(c, e);
}

// Everything that a verdict depends on but the time.
static bool
key_of(const struct path_request *r, uint8_t key[KEY_SIZE])
{
	const uint64_t scalars[] = {
		r->target.len, r->candidates.len, trust_serial(r->trust), fetched_generation(r->trust), r->key_usage, r->purpose, r->at_floor
	};
	const struct span parts[] = { span_of(scalars, sizeof(scalars)), r->target, r->candidates };
	uint8_t digest[DIGEST_MAX];

	if (!digest_of(DIGEST_SHA256, parts, 3, digest))
		return false;
	memcpy(key, digest, KEY_SIZE);
	return true;
}

static struct entry *
find(struct path_cache *c, const uint8_t key[KEY_SIZE], int64_t at)
{
	struct map_node *node = map_find(&c->map, span_of(key, KEY_SIZE));
	struct entry *e = node != NULL ? container_of(node, struct entry, node) : NULL;

	if (e == NULL || (e->from <= at && at <= e->until))
		return e;
	forget(c, e);
	return NULL;
}

static void
keep(struct path_cache *c, const struct path_request *r, const uint8_t key[KEY_SIZE], const struct path_result *result, int64_t until)
{
	const struct member *anchor = (const struct member *)(const void *)result->anchor;
	struct entry *e;

	if (list_is_empty(&c->spare) && !list_is_empty(&c->used))
		forget(c, first(&c->used));
	e = first(&c->spare);
	if (e == NULL)
		return;
	memcpy(e->key, key, KEY_SIZE);
	e->anchor = (size_t)(anchor - r->trust->members);
	e->from = r->at;
	e->until = until - r->at > c->max_age ? r->at + c->max_age : until;
	e->valid_until = result->valid_until;
	e->node = (struct map_node){ .key = span_of(e->key, KEY_SIZE) };
	if (!map_insert(&c->map, &e->node))
		return;
	list_remove(&e->order);
	list_append(&c->used, &e->order);
}

static void
recall(struct path_cache *c, struct entry *e, const struct path_request *r, struct path_result *out)
{
	list_remove(&e->order);
	list_append(&c->used, &e->order);
	memset(out, 0, sizeof(*out));
	out->chain[0] = r->target;
	out->count = 1;
	out->anchor = &r->trust->members[e->anchor].of_set;
	out->valid_until = e->valid_until;
}

bool
path_validate_cached(struct path_cache *c, const struct path_request *r, struct path_result *out, struct fault *f)
{
	uint8_t key[KEY_SIZE];
	struct entry *e;
	int64_t until;

	if (c == NULL || !key_of(r, key))
		return path_validate(r, out, f);
	e = find(c, key, r->at);
	if (e != NULL) {
		recall(c, e, r, out);
		return true;
	}
	if (!path_search(r, out, &until, f))
		return false;
	if (!out->revocation_unknown)
		keep(c, r, key, out, until);
	return true;
}
