// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fuzz/der_change.h"

#include "codec/der.h"

enum { ROOM = 1 << 20, GROW = 64 };

enum { CHANGE_OCTET, CHANGE_BIT, CHANGE_END, CHANGE_REMOVE, CHANGE_DOUBLE, CHANGE_TAG, CHANGE_FILL, CHANGE_GROW, CHANGE_CUT, CHANGE_MOVE };

struct edit { const struct der_change *c; unsigned at, target; struct span other; };

static unsigned
count_elements(struct span in)
{
	struct span contents;
	unsigned n = 0;
	uint8_t tag;

	while (der_take_any(&in, &tag, &contents, NULL))
		n += 1 + ((tag & 0x20) != 0 ? count_elements(contents) : 0);
	return n;
}

static struct span
find_element(struct span in, unsigned *left)
{
	struct span contents, whole;
	uint8_t tag;

	while (der_take_any(&in, &tag, &contents, &whole)) {
		if ((*left)-- == 0)
			return whole;
		struct span below = (tag & 0x20) != 0 ? find_element(contents, left) : span_of(NULL, 0);
		if (below.len > 0)
			return below;
	}
	return span_of(NULL, 0);
}

// The element itself: its tag and contents, or what takes its place.
static void
put_changed(struct der_writer *w, uint8_t tag, struct span contents, struct span whole, const struct edit *e)
{
	uint8_t fill[GROW * 256];
	size_t n = e->c->kind == CHANGE_GROW ? GROW * (size_t)e->c->more : e->c->more;

	memset(fill, e->c->value, sizeof(fill));
	switch (e->c->kind) {
	case CHANGE_DOUBLE:
		der_put_raw(w, whole);
		der_put_raw(w, whole);
		break;
	case CHANGE_TAG: der_put(w, e->c->value, contents); break;
	case CHANGE_FILL: der_put(w, tag, span_of(fill, n % 5)); break;
	case CHANGE_GROW:
		der_open(w, tag);
		der_put_raw(w, contents);
		der_put_raw(w, span_of(fill, n));
		der_close(w);
		break;
	case CHANGE_CUT: der_put(w, tag, span_of(contents.data, contents.len / 2)); break;
	case CHANGE_MOVE:
		der_put_raw(w, e->other);
		break;
	default: break;		// removed
	}
}

static void
rewrite(struct der_writer *w, struct span in, struct edit *e)
{
	struct span contents, whole;
	uint8_t tag;

	while (der_take_any(&in, &tag, &contents, &whole)) {
		if (e->at++ == e->target) {
			put_changed(w, tag, contents, whole, e);
		} else if ((tag & 0x20) != 0) {
			der_open(w, tag);
			rewrite(w, contents, e);
			der_close(w);
		} else {
			der_put_raw(w, whole);
		}
	}
	der_put_raw(w, in);	// what is no element any more
}

static void
change_element(struct buffer *m, const struct der_change *c)
{
	unsigned count = count_elements(buffer_span(m)), other = c->value;
	struct edit e = { .c = c };
	struct der_writer w;
	struct span octets;

	if (count == 0)
		return;
	e.target = c->at % count;
	other = other * 256 + c->more;
	other %= count;
	e.other = find_element(buffer_span(m), &other);
	der_writer_init(&w, ROOM);
	rewrite(&w, buffer_span(m), &e);
	if (der_finish(&w, &octets) && octets.len <= ROOM / 4) {
		m->len = 0;
		buffer_append(m, octets);
	}
	der_writer_clear(&w);
}

void
der_change(struct buffer *m, const struct der_change *change)
{
	struct der_change c = *change;

	if (m->len == 0)
		return;
	c.kind %= DER_CHANGES;
	switch (c.kind) {
	case CHANGE_OCTET: m->data[c.at % m->len] = c.value; break;
	case CHANGE_BIT: m->data[c.at % m->len] ^= (uint8_t)(1u << c.value % 8); break;
	case CHANGE_END:
		if (c.value % 2 == 0)
			m->len -= c.at % m->len;
		else
			buffer_append_octet(m, c.more);
		break;
	default: change_element(m, &c); break;
	}
}

// ---- for libFuzzer

// Not there when a corpus is only replayed.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));

static uint64_t
draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 16;
}

size_t
der_mutate(uint8_t *data, size_t size, size_t max, unsigned seed, size_t head)
{
	uint64_t state = seed * UINT64_C(0x9E3779B97F4A7C15) | 1;
	struct buffer m;

	if (draw(&state) % 3 == 0 || size <= head)
		return LLVMFuzzerMutate(data, size, max);
	buffer_init(&m, ROOM);
	buffer_append(&m, span_of(data + head, size - head));
	for (uint64_t n = 1 + draw(&state) % 3; n > 0; n--) {
		uint64_t bits = draw(&state);
		const struct der_change c = { (uint8_t)draw(&state), (uint8_t)bits, (uint8_t)((bits >> 8) % 32), (uint16_t)(bits >> 16) };
		der_change(&m, &c);
	}
	if (!m.failed && m.len + head <= max) {
		memcpy(data + head, m.data, m.len);
		size = head + m.len;
	}
	buffer_clear(&m);
	return size;
}
