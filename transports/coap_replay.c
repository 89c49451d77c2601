// SPDX-License-Identifier: GPL-3.0-or-later
#include "transports/coap_replay.h"

#include "base/memory.h"
#include "base/random.h"

enum { PEER_MAX = 64, ID_MAX = PEER_MAX + 2, PATH_MAX_ = PEER_MAX + 256 };

bool
replay_init(struct replay *r, size_t limit)
{
	*r = (struct replay){ .limit = limit, .octet_limit = SIZE_MAX };
	list_init(&r->plain);
	list_init(&r->parted);
	if (!random_octets(&r->next_etag, sizeof(r->next_etag)) || !map_init(&r->ids))
		return false;
	if (map_init(&r->paths))
		return true;
	map_clear(&r->ids);
	return false;
}

void
replay_clear(struct replay *r)
{
	// Every entry is in the table of paths, running or not.
	for (struct map_node *n = map_next(&r->paths, NULL); n != NULL; n = map_next(&r->paths, NULL))
		replay_forget(r, container_of(n, struct replay_entry, by_path));
	map_clear(&r->ids);
	map_clear(&r->paths);
}

static struct span
write_id(uint8_t *out, struct span peer, int64_t mid)
{
	memcpy(out, peer.data, peer.len);
	out[peer.len] = (uint8_t)(mid >> 8);
	out[peer.len + 1] = (uint8_t)mid;
	return span_of(out, peer.len + 2);
}

static struct span
write_path(uint8_t *out, struct span peer, struct span path)
{
	memcpy(out, peer.data, peer.len);
	if (path.len > 0)
		memcpy(out + peer.len, path.data, path.len);
	return span_of(out, peer.len + path.len);
}

static void
unlink_entry(struct replay *r, struct replay_entry *e)
{
	list_remove(&e->order);
	r->octets -= blob_span(e->answer.body).len;
	r->count--;
}

void
replay_forget(struct replay *r, struct replay_entry *e)
{
	if (e->done)
		unlink_entry(r, e);
	if (e->has_id)
		map_remove(&r->ids, &e->by_id);
	map_remove(&r->paths, &e->by_path);
	blob_unref(e->answer.body);
	mem_free(e);
}

static struct replay_entry *
oldest_of(const struct list *entries)
{
	return list_is_empty(entries) ? NULL : container_of(entries->next, struct replay_entry, order);
}

static int64_t
due_of(const struct list *entries)
{
	const struct replay_entry *e = oldest_of(entries);

	return e != NULL ? e->finished + COAP_EXCHANGE_LIFETIME_MS : INT64_MAX;
}

int64_t
replay_due(const struct replay *r)
{
	int64_t plain = due_of(&r->plain), parted = due_of(&r->parted);

	return plain < parted ? plain : parted;
}

void
replay_expire(struct replay *r, int64_t now)
{
	while (due_of(&r->plain) <= now)
		replay_forget(r, oldest_of(&r->plain));
	while (due_of(&r->parted) <= now)
		replay_forget(r, oldest_of(&r->parted));
}

struct replay_entry *
replay_find(struct replay *r, struct span peer, int64_t mid, int64_t now)
{
	uint8_t key[ID_MAX];
	struct replay_entry *e;

	replay_expire(r, now);
	if (mid < 0 || peer.len > PEER_MAX)
		return NULL;
	struct map_node *n = map_find(&r->ids, write_id(key, peer, mid));
	if (n == NULL)
		return NULL;
	e = container_of(n, struct replay_entry, by_id);
	// A slow answer is kept longer than its message id may be held against the peer.
	if (e->done && now - e->arrived >= COAP_EXCHANGE_LIFETIME_MS)
		return NULL;
	return e;
}

// Enter an entry in both tables, or in none.
static bool
enter(struct replay *r, struct replay_entry *e)
{
	if (!map_insert(&r->paths, &e->by_path))
		return false;
	if (!e->has_id || map_insert(&r->ids, &e->by_id))
		return true;
	map_remove(&r->paths, &e->by_path);
	return false;
}

struct replay_entry *
replay_open(struct replay *r, const struct replay_key *key, uint64_t exchange, int64_t now)
{
	size_t id_len = key->peer.len + 2, path_len = key->peer.len + key->path.len;

	if (key->peer.len > PEER_MAX || path_len > PATH_MAX_)
		return NULL;
	struct replay_entry *e = mem_alloc(sizeof(*e) + id_len + path_len + key->tag.len);
	if (e == NULL)
		return NULL;
	e->has_id = key->mid >= 0;
	e->by_id.key = write_id(e->key, key->peer, key->mid);
	e->by_path.key = write_path(e->key + id_len, key->peer, key->path);
	e->tag_at = id_len + path_len;
	e->tag_len = key->tag.len;
	if (key->tag.len > 0)
		memcpy(e->key + e->tag_at, key->tag.data, key->tag.len);
	e->arrived = now;
	e->exchange = exchange;
	e->etag = r->next_etag++;
	if (enter(r, e))
		return e;
	mem_free(e);
	return NULL;
}

void
replay_finish(struct replay *r, struct replay_entry *e, const struct coap_answer *answer, int64_t now)
{
	e->answer = *answer;
	if (answer->body != NULL)
		blob_ref(answer->body);
	e->done = true;
	e->exchange = 0;
	e->finished = now;
	list_append(answer->parted ? &r->parted : &r->plain, &e->order);
	r->octets += blob_span(answer->body).len;
	r->count++;
	while (r->count > 0 && (r->count > r->limit || r->octets > r->octet_limit)) {
		struct replay_entry *first = oldest_of(&r->plain);
		r->evicted++;
		replay_forget(r, first != NULL ? first : oldest_of(&r->parted));
	}
}

void
replay_fetched(struct replay *r, struct replay_entry *e)
{
	struct list *at = &r->plain;

	while (at->prev != &r->plain && container_of(at->prev, struct replay_entry, order)->finished > e->finished)
		at = at->prev;
	list_remove(&e->order);
	list_append(at, &e->order);
}

struct replay_entry *
replay_find_answer(struct replay *r, const struct replay_key *key, int64_t now)
{
	uint8_t octets[PATH_MAX_];

	replay_expire(r, now);
	if (key->peer.len + key->path.len > sizeof(octets))
		return NULL;
	struct span path = write_path(octets, key->peer, key->path);
	// Equal keys follow each other in one chain, the newest first.
	for (struct map_node *n = map_find(&r->paths, path); n != NULL; n = n->next) {
		struct replay_entry *e = container_of(n, struct replay_entry, by_path);
		bool same = span_equal(span_of(e->key + e->tag_at, e->tag_len), key->tag);
		if (e->done && e->answer.parted && span_equal(n->key, path) && (same || key->tag.len == 0))
			return e;
	}
	return NULL;
}
