// SPDX-License-Identifier: GPL-3.0-or-later
#include "transports/coap_replay.h"

#include "base/memory.h"
#include "base/random.h"

enum { PEER_MAX = 64, ID_MAX = PEER_MAX + 2, PATH_MAX_ = PEER_MAX + 256 };

bool
replay_init(struct replay *r, size_t limit)
{
	*r = (struct replay){ .limit = limit };
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
	*(e->older != NULL ? &e->older->newer : &r->oldest) = e->newer;
	*(e->newer != NULL ? &e->newer->older : &r->newest) = e->older;
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

int64_t
replay_due(const struct replay *r)
{
	return r->oldest != NULL ? r->oldest->finished + COAP_EXCHANGE_LIFETIME_MS : INT64_MAX;
}

void
replay_expire(struct replay *r, int64_t now)
{
	while (replay_due(r) <= now)
		replay_forget(r, r->oldest);
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
	e->older = r->newest;
	*(r->newest != NULL ? &r->newest->newer : &r->oldest) = e;
	r->newest = e;
	r->count++;
	while (r->count > r->limit && r->oldest != NULL) {
		r->evicted++;
		replay_forget(r, r->oldest);
	}
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
		if (e->done && e->answer.body != NULL && span_equal(n->key, path) && (same || key->tag.len == 0))
			return e;
	}
	return NULL;
}
