// SPDX-License-Identifier: GPL-3.0-or-later
#include "transports/coap_block.h"

#include "base/memory.h"

// ---- The option

bool
coap_block_read(struct coap_block *out, struct span value)
{
	uint32_t x = 0;

	if (value.len > 3)
		return false;
	for (size_t i = 0; i < value.len; i++)
		x = x << 8 | value.data[i];
	*out = (struct coap_block){ .num = x >> 4, .more = (x & 8) != 0, .szx = x & 7 };
	return true;
}

size_t
coap_block_write(const struct coap_block *b, uint8_t out[3])
{
	uint32_t x = b->num << 4 | (b->more ? 8u : 0u) | (b->szx & 7u);
	size_t len = x > 0xFFFF ? 3 : x > 0xFF ? 2 : x > 0 ? 1 : 0;

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(x >> 8 * (len - 1 - i));
	return len;
}

size_t
coap_block_size(unsigned szx)
{
	return (size_t)16 << (szx > COAP_SZX_MAX ? COAP_SZX_MAX : szx);
}

size_t
coap_block_offset(const struct coap_block *b)
{
	return (size_t)b->num * coap_block_size(b->szx);
}

bool
coap_block_slice(struct coap_block *b, struct span whole, struct span *part)
{
	size_t offset = coap_block_offset(b), size = coap_block_size(b->szx);

	if (offset >= whole.len && (b->num > 0 || whole.len > 0))
		return false;
	size_t left = whole.len - offset;
	b->more = left > size;
	*part = span_of(left > 0 ? whole.data + offset : NULL, b->more ? size : left);
	return true;
}

// ---- Uploads

struct coap_source {
	struct map_node node;
	size_t count;
	size_t key_len;
	uint8_t key[COAP_SOURCE];
};

struct coap_assembly {
	struct map_node node;
	struct coap_source *source;
	bool proven;		// its peer has answered us: another block than the first came
	struct coap_assembly *older, *newer;
	struct buffer body;
	int64_t touched;	// time of the last block
	int64_t first_mid;	// message id of block 0: its retransmission is no restart
	unsigned szx;		// of the last block
	size_t peer_len;
	uint8_t key[];		// peer, length of tag, tag, path
};

bool
coap_assemblies_init(struct coap_assemblies *a, const struct coap_assembly_limits *limits)
{
	*a = (struct coap_assemblies){ .limits = *limits };
	return map_init(&a->map) && map_init(&a->sources);
}

static void
unlink_assembly(struct coap_assemblies *a, struct coap_assembly *x)
{
	*(x->older != NULL ? &x->older->newer : &a->oldest) = x->newer;
	*(x->newer != NULL ? &x->newer->older : &a->newest) = x->older;
	x->older = x->newer = NULL;
}

static void
link_newest(struct coap_assemblies *a, struct coap_assembly *x)
{
	x->older = a->newest;
	*(a->newest != NULL ? &a->newest->newer : &a->oldest) = x;
	a->newest = x;
}

static struct coap_source *
source_enter(struct coap_assemblies *a, struct span peer)
{
	struct span key = span_of(peer.data, peer.len < COAP_SOURCE ? peer.len : COAP_SOURCE);
	struct map_node *node = map_find(&a->sources, key);
	struct coap_source *s = node != NULL ? container_of(node, struct coap_source, node) : mem_alloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	if (node == NULL) {
		if (key.len > 0)
			memcpy(s->key, key.data, key.len);
		s->node.key = span_of(s->key, key.len);
		if (!map_insert(&a->sources, &s->node)) {
			mem_free(s);
			return NULL;
		}
	}
	s->count++;
	return s;
}

static void
source_leave(struct coap_assemblies *a, struct coap_source *s)
{
	if (--s->count > 0)
		return;
	map_remove(&a->sources, &s->node);
	mem_free(s);
}

static void
remove_assembly(struct coap_assemblies *a, struct coap_assembly *x)
{
	unlink_assembly(a, x);
	map_remove(&a->map, &x->node);
	source_leave(a, x->source);
	a->octets -= x->body.cap;
	buffer_clear(&x->body);
	mem_free(x);
}

// Give an upload up: the peer did something that cannot be repaired.
static enum coap_step
drop(struct coap_assemblies *a, struct coap_assembly *x, enum coap_step step)
{
	if (x != NULL) {
		a->dropped++;
		remove_assembly(a, x);
	}
	return step;
}

void
coap_assemblies_clear(struct coap_assemblies *a)
{
	while (a->oldest != NULL)
		remove_assembly(a, a->oldest);
	map_clear(&a->map);
	map_clear(&a->sources);
}

int64_t
coap_assemblies_due(const struct coap_assemblies *a)
{
	return a->oldest != NULL ? a->oldest->touched + a->limits.timeout : INT64_MAX;
}

void
coap_assemblies_expire(struct coap_assemblies *a, int64_t now)
{
	while (coap_assemblies_due(a) <= now)
		drop(a, a->oldest, COAP_STEP_INCOMPLETE);
}

unsigned
coap_assemblies_wait(const struct coap_assemblies *a, int64_t now)
{
	int64_t due = coap_assemblies_due(a);

	if (due == INT64_MAX || due <= now)
		return 1;
	return (unsigned)((due - now + 999) / 1000);
}

static size_t
key_length(const struct coap_piece *piece)
{
	return piece->peer.len + 1 + piece->tag.len + piece->path.len;
}

static void
append(uint8_t **at, struct span s)
{
	if (s.len > 0)
		memcpy(*at, s.data, s.len);
	*at += s.len;
}

static void
write_key(const struct coap_piece *piece, uint8_t *out)
{
	uint8_t tag_len = (uint8_t)piece->tag.len;

	append(&out, piece->peer);
	append(&out, span_of(&tag_len, 1));
	append(&out, piece->tag);
	append(&out, piece->path);
}

static size_t
count_of_peer(const struct coap_assemblies *a, struct span peer)
{
	size_t n = 0;

	for (const struct coap_assembly *x = a->oldest; x != NULL; x = x->newer)
		n += span_equal(span_of(x->key, x->peer_len), peer);
	return n;
}

// What the block says about its own size, before any state is looked at.
static bool
well_sized(const struct coap_piece *piece)
{
	size_t size = coap_block_size(piece->block.szx), len = piece->payload.len;

	if (piece->block.szx == COAP_SZX_BERT) {
		if (!piece->stream)
			return false;
		return !piece->block.more || (len > 0 && len % size == 0);
	}
	return piece->block.more ? len == size : len <= size;
}

// The key lives with the new upload, so the caller's copy may go.
static struct coap_assembly *
new_assembly(struct coap_assemblies *a, const struct coap_piece *piece)
{
	size_t len = key_length(piece);
	struct coap_assembly *x = mem_alloc(sizeof(*x) + len);

	if (x == NULL)
		return NULL;
	write_key(piece, x->key);
	x->node.key = span_of(x->key, len);
	x->peer_len = piece->peer.len;
	x->first_mid = piece->mid;
	x->szx = piece->block.szx;
	buffer_init(&x->body, a->limits.message);
	x->source = source_enter(a, piece->peer);
	if (x->source == NULL || !map_insert(&a->map, &x->node)) {
		if (x->source != NULL)
			source_leave(a, x->source);
		mem_free(x);
		return NULL;
	}
	link_newest(a, x);
	return x;
}

// How soon an upload makes place for others: the lower, the sooner.
static int
rank_of(const struct coap_assemblies *a, const struct coap_assembly *x)
{
	size_t quarter = a->limits.count / 4;

	return x->source->count > (quarter > 0 ? quarter : 1) ? 0 : x->proven ? 2 : 1;
}

// Give another upload than x up; false when there is none.
static bool
make_place(struct coap_assemblies *a, const struct coap_assembly *x)
{
	struct coap_assembly *victim = NULL;
	int least = 3;

	for (struct coap_assembly *n = a->oldest; n != NULL; n = n->newer) {
		int rank = n != x ? rank_of(a, n) : 3;
		if (rank < least || (rank == 0 && least == 0 && n->source->count > victim->source->count)) {
			victim = n;
			least = rank;
		}
	}
	drop(a, victim, COAP_STEP_INCOMPLETE);
	return victim != NULL;
}

// Add octets to an upload within the limits of one and of all.
static enum coap_step
grow(struct coap_assemblies *a, struct coap_assembly *x, struct span payload)
{
	size_t before = x->body.cap;

	if (payload.len > a->limits.message - x->body.len)
		return drop(a, x, COAP_STEP_TOO_LARGE);
	buffer_append(&x->body, payload);
	a->octets += x->body.cap - before;
	while (a->octets > a->limits.octets && make_place(a, x))
		;
	if (x->body.failed || a->octets > a->limits.octets)
		return drop(a, x, COAP_STEP_BUSY);
	return COAP_STEP_CONTINUE;
}

static void
touch(struct coap_assemblies *a, struct coap_assembly *x, int64_t now)
{
	unlink_assembly(a, x);
	link_newest(a, x);
	x->touched = now;
}

// The whole came in one block: no state is needed, and older state is void.
static enum coap_step
take_single(struct coap_assemblies *a, struct coap_assembly *x, const struct coap_piece *piece, struct blob **whole)
{
	if (x != NULL)
		remove_assembly(a, x);
	*whole = blob_new(piece->payload);
	return *whole != NULL ? COAP_STEP_COMPLETE : COAP_STEP_BUSY;
}

// Block 0 begins anew, unless it is the very message that began this upload.
static enum coap_step
take_first(struct coap_assemblies *a, struct coap_assembly *x, const struct coap_piece *piece, int64_t now)
{
	enum coap_step step;

	if (x != NULL) {
		bool again = piece->mid >= 0 && piece->mid == x->first_mid && x->body.len >= piece->payload.len &&
			memcmp(x->body.data, piece->payload.data, piece->payload.len) == 0;
		if (again)
			return COAP_STEP_CONTINUE;
		remove_assembly(a, x);
	}
	if (count_of_peer(a, piece->peer) >= a->limits.per_peer)
		return COAP_STEP_RATE;
	while (a->map.count >= a->limits.count && make_place(a, NULL))
		;
	x = new_assembly(a, piece);
	if (x == NULL)
		return COAP_STEP_BUSY;
	x->touched = now;
	step = grow(a, x, piece->payload);
	return step;
}

// A block that begins where we have octets already must be the same once more.
static enum coap_step
take_again(struct coap_assemblies *a, struct coap_assembly *x, const struct coap_piece *piece, size_t offset)
{
	if (piece->block.more && piece->payload.len <= x->body.len - offset &&
	    memcmp(x->body.data + offset, piece->payload.data, piece->payload.len) == 0)
		return COAP_STEP_CONTINUE;
	return drop(a, x, COAP_STEP_INCOMPLETE);
}

static enum coap_step
take_next(struct coap_assemblies *a, struct coap_assembly *x, const struct coap_piece *piece, int64_t now, struct blob **whole)
{
	size_t offset = coap_block_offset(&piece->block);
	enum coap_step step;

	if (x == NULL)
		return COAP_STEP_INCOMPLETE;
	if (piece->block.szx > x->szx)
		return drop(a, x, COAP_STEP_BAD);
	if (offset > x->body.len)
		return drop(a, x, COAP_STEP_INCOMPLETE);
	if (offset < x->body.len)
		return take_again(a, x, piece, offset);
	step = grow(a, x, piece->payload);
	if (step != COAP_STEP_CONTINUE)
		return step;
	x->szx = piece->block.szx;
	x->proven = true;
	if (piece->block.more) {
		touch(a, x, now);
		return COAP_STEP_CONTINUE;
	}
	*whole = blob_new(buffer_span(&x->body));
	remove_assembly(a, x);
	return *whole != NULL ? COAP_STEP_COMPLETE : COAP_STEP_BUSY;
}

enum coap_step
coap_assemblies_take(struct coap_assemblies *a, const struct coap_piece *piece, int64_t now, struct blob **whole)
{
	uint8_t key[512];
	struct coap_assembly *x = NULL;

	*whole = NULL;
	if (piece->tag.len > UINT8_MAX || key_length(piece) > sizeof(key))
		return COAP_STEP_BAD;
	coap_assemblies_expire(a, now);
	write_key(piece, key);
	struct map_node *node = map_find(&a->map, span_of(key, key_length(piece)));
	if (node != NULL)
		x = container_of(node, struct coap_assembly, node);
	if (!well_sized(piece))
		return drop(a, x, COAP_STEP_BAD);
	if ((piece->sized && piece->size > a->limits.message) || piece->payload.len > a->limits.message)
		return drop(a, x, COAP_STEP_TOO_LARGE);
	if (piece->block.num > 0)
		return take_next(a, x, piece, now, whole);
	if (!piece->block.more)
		return take_single(a, x, piece, whole);
	return take_first(a, x, piece, now);
}
