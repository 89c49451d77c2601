// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/map.h"

#include "base/memory.h"
#include "base/random.h"

#define FIRST_BUCKETS 64

static uint64_t
rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void
sip_rounds(uint64_t v[4], int rounds)
{
	while (rounds-- > 0) {
		v[0] += v[1]; v[1] = rotate(v[1], 13) ^ v[0]; v[0] = rotate(v[0], 32);
		v[2] += v[3]; v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3]; v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1]; v[1] = rotate(v[1], 17) ^ v[2]; v[2] = rotate(v[2], 32);
	}
}

static uint64_t
little_endian(const uint8_t *p, size_t n)
{
	uint64_t x = 0;

	while (n-- > 0)
		x = x << 8 | p[n];
	return x;
}

uint64_t
hash_keyed(const struct hash_key *key, struct span octets)
{
	uint64_t v[4] = {
		key->k0 ^ 0x736f6d6570736575u, key->k1 ^ 0x646f72616e646f6du,
		key->k0 ^ 0x6c7967656e657261u, key->k1 ^ 0x7465646279746573u
	};
	size_t whole = octets.len / 8 * 8;

	for (size_t i = 0; i < whole; i += 8) {
		uint64_t m = little_endian(octets.data + i, 8);
		v[3] ^= m;
		sip_rounds(v, 2);
		v[0] ^= m;
	}
	uint64_t last = (uint64_t)octets.len << 56;
	if (octets.len > whole)
		last |= little_endian(octets.data + whole, octets.len - whole);
	v[3] ^= last;
	sip_rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

bool
map_init(struct map *m)
{
	*m = (struct map){ 0 };
	m->buckets = mem_array(FIRST_BUCKETS, sizeof(*m->buckets));
	if (m->buckets == NULL)
		return false;
	m->bucket_count = FIRST_BUCKETS;
	if (random_octets(&m->key, sizeof(m->key)))
		return true;
	map_clear(m);
	return false;
}

void
map_clear(struct map *m)
{
	mem_free(m->buckets);
	*m = (struct map){ 0 };
}

// Put a node at the tail of its chain: moving nodes this way keeps their order.
static void
append_node(struct map_node **buckets, size_t bucket_count, struct map_node *node)
{
	struct map_node **at = &buckets[node->hash & (bucket_count - 1)];

	while (*at != NULL)
		at = &(*at)->next;
	node->next = NULL;
	*at = node;
}

// Double the table; without memory it stays as it is, and slower.
static void
grow(struct map *m)
{
	size_t wanted = m->bucket_count * 2;
	struct map_node **buckets = mem_array(wanted, sizeof(*buckets));

	if (buckets == NULL)
		return;
	for (size_t i = 0; i < m->bucket_count; i++)
		for (struct map_node *n = m->buckets[i], *next; n != NULL; n = next) {
			next = n->next;
			append_node(buckets, wanted, n);
		}
	mem_free(m->buckets);
	m->buckets = buckets;
	m->bucket_count = wanted;
}

bool
map_insert(struct map *m, struct map_node *node)
{
	if (m->buckets == NULL)
		return false;
	if (m->count >= m->bucket_count)
		grow(m);
	node->hash = hash_keyed(&m->key, node->key);
	struct map_node **bucket = &m->buckets[node->hash & (m->bucket_count - 1)];
	node->next = *bucket;
	*bucket = node;
	m->count++;
	return true;
}

struct map_node *
map_find(const struct map *m, struct span key)
{
	if (m->buckets == NULL)
		return NULL;
	uint64_t hash = hash_keyed(&m->key, key);
	for (struct map_node *n = m->buckets[hash & (m->bucket_count - 1)]; n != NULL; n = n->next)
		if (n->hash == hash && span_equal(n->key, key))
			return n;
	return NULL;
}

void
map_remove(struct map *m, struct map_node *node)
{
	if (m->buckets == NULL)
		return;
	for (struct map_node **at = &m->buckets[node->hash & (m->bucket_count - 1)]; *at != NULL; at = &(*at)->next)
		if (*at == node) {
			*at = node->next;
			node->next = NULL;
			m->count--;
			return;
		}
}

struct map_node *
map_next(const struct map *m, const struct map_node *after)
{
	size_t i = 0;

	if (after != NULL) {
		if (after->next != NULL)
			return after->next;
		i = (after->hash & (m->bucket_count - 1)) + 1;
	}
	for (; i < m->bucket_count; i++)
		if (m->buckets[i] != NULL)
			return m->buckets[i];
	return NULL;
}
