// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/frame.h"

void
frame_reader_init(struct frame_reader *r, size_t cap)
{
	buffer_init(&r->in, FRAME_HEAD + cap);
	r->cap = cap;
}

void
frame_reader_clear(struct frame_reader *r)
{
	buffer_clear(&r->in);
}

size_t
frame_feed(struct frame_reader *r, struct span octets, struct fault *f)
{
	size_t room = r->in.limit - r->in.len, taken = octets.len < room ? octets.len : room;

	if (buffer_append(&r->in, span_of(octets.data, taken)))
		return taken;
	fault_set(f, FAIL_NONE, "frame", "out of memory");
	return 0;
}

// The length that was announced; false while it is not whole.
static bool
announced(const struct frame_reader *r, size_t *len)
{
	const uint8_t *in = r->in.data;

	if (r->in.len < FRAME_HEAD)
		return false;
	*len = (size_t)in[0] << 24 | (size_t)in[1] << 16 | (size_t)in[2] << 8 | in[3];
	return true;
}

enum frame_state
frame_next(struct frame_reader *r, struct span *frame, struct fault *f)
{
	size_t len;

	if (r->in.failed) {
		fault_set(f, FAIL_NONE, "frame", "out of memory");
		return FRAME_BAD;
	}
	if (!announced(r, &len))
		return FRAME_PARTLY;
	if (len == 0 || len > r->cap) {
		fault_set(f, FAIL_NONE, "frame", "a frame of %zu octets; 1 to %zu are allowed", len, r->cap);
		return FRAME_BAD;
	}
	if (r->in.len - FRAME_HEAD < len)
		return FRAME_PARTLY;
	*frame = span_of(r->in.data + FRAME_HEAD, len);
	return FRAME_READY;
}

void
frame_done(struct frame_reader *r)
{
	size_t len;

	if (announced(r, &len) && len <= r->in.len - FRAME_HEAD)
		buffer_consume(&r->in, FRAME_HEAD + len);
}

bool
frame_append(struct buffer *out, struct span octets, size_t cap)
{
	const uint8_t head[FRAME_HEAD] = {
		(uint8_t)(octets.len >> 24), (uint8_t)(octets.len >> 16), (uint8_t)(octets.len >> 8), (uint8_t)octets.len
	};

	if (octets.len == 0 || octets.len > cap || octets.len > UINT32_MAX || !buffer_reserve(out, sizeof(head) + octets.len))
		return false;
	return buffer_append(out, span_of(head, sizeof(head))) && buffer_append(out, octets);
}
