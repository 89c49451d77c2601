// SPDX-License-Identifier: GPL-3.0-or-later
// map: finds objects by a key of octets. The nodes live inside the objects, so
// that nothing is allocated per entry; the hash is keyed (SipHash-2-4 with a
// random key), so that peers cannot choose colliding keys; equal hashes are
// compared octet by octet.
#ifndef CMPGATE_BASE_MAP_H
#define CMPGATE_BASE_MAP_H

#include "base/span.h"

struct hash_key { uint64_t k0, k1; };

// SipHash-2-4 of octets under key.
uint64_t hash_keyed(const struct hash_key *key, struct span octets);

struct map_node {
	struct map_node *next;
	uint64_t hash;
	struct span key;	// borrowed from the object that holds the node
};

struct map {
	struct map_node **buckets;
	size_t bucket_count;	// a power of two
	size_t count;		// entries
	struct hash_key key;
};

// Prepare an empty map with a fresh random key; false when there is no randomness or memory.
bool map_init(struct map *m);
// Free the table itself; the objects belong to the caller.
void map_clear(struct map *m);
// Enter a node under node->key (already set by the caller, and unchanged until
// map_remove). Equal keys may stand beside each other; the newest is found
// first. False without memory for the first table only.
bool map_insert(struct map *m, struct map_node *node);
// The newest node of this key, or NULL.
struct map_node *map_find(const struct map *m, struct span key);
// Take a node out; nothing when it is not in the map.
void map_remove(struct map *m, struct map_node *node);
// Walk: the node after `after` in no special order, or the first for NULL; NULL at the end.
struct map_node *map_next(const struct map *m, const struct map_node *after);

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))

#endif
