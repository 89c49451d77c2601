// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/blob.h"

#include <stdatomic.h>

#include "base/buffer.h"
#include "base/memory.h"

struct blob {
	_Atomic uint32_t refs;
	size_t len;
	uint8_t octets[];
};

static _Atomic size_t living;	// octets of all blobs

// Take the counts on for a new blob.
static struct blob *
begin(struct blob *b, size_t len)
{
	if (b == NULL)
		return NULL;
	atomic_init(&b->refs, 1);
	b->len = len;
	atomic_fetch_add(&living, len);
	return b;
}

struct blob *
blob_make(size_t len)
{
	return len > SIZE_MAX - sizeof(struct blob) ? NULL : begin(mem_alloc(sizeof(struct blob) + len), len);
}

// Not by blob_make(): each message comes this way, and octets that are written at once need no zeros before.
struct blob *
blob_new(struct span octets)
{
	if (octets.len > SIZE_MAX - sizeof(struct blob))
		return NULL;
	struct blob *b = begin(mem_resize(NULL, sizeof(*b) + octets.len), octets.len);

	if (b != NULL && octets.len > 0)
		memcpy(b->octets, octets.data, octets.len);
	return b;
}

uint8_t *
blob_edit(struct blob *b)
{
	return b->octets;
}

struct blob *
blob_ref(struct blob *b)
{
	atomic_fetch_add(&b->refs, 1);
	return b;
}

void
blob_unref(struct blob *b)
{
	if (b == NULL || atomic_fetch_sub(&b->refs, 1) != 1)
		return;
	atomic_fetch_sub(&living, b->len);
	mem_free(b);
}

struct span
blob_span(const struct blob *b)
{
	return b == NULL ? span_of(NULL, 0) : span_of(b->octets, b->len);
}

size_t
blob_bytes(void)
{
	return atomic_load(&living) + buffer_counted();
}
