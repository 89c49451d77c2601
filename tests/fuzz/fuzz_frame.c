// SPDX-License-Identifier: GPL-3.0-or-later
// Any octets as a stream of frames: whole and in pieces they are the same
// frames, memory never follows an announced length, and what was read is
// written again as it came.
#include <stdlib.h>

#include "base/frame.h"
#include "tests/fuzz/pieces.h"

enum { CAP = 300 };

static uint64_t
mix(uint64_t sum, uint64_t value)
{
	return (sum ^ value) * UINT64_C(0x100000001b3);
}

static uint64_t
read_stream(struct span in, struct pieces *cuts, struct buffer *again)
{
	struct frame_reader r;
	struct span frame;
	enum frame_state state = FRAME_PARTLY;
	uint64_t sum = 1;

	frame_reader_init(&r, CAP);
	while (in.len > 0 && state != FRAME_BAD) {
		size_t n = cuts != NULL ? pieces_next(cuts, in.len) : in.len;
		size_t taken = frame_feed(&r, span_of(in.data, n), NULL);
		in.data += taken;
		in.len -= taken;
		while ((state = frame_next(&r, &frame, NULL)) == FRAME_READY) {
			sum = mix(sum, frame.len);
			for (size_t i = 0; i < frame.len; i++)
				sum = mix(sum, frame.data[i]);
			if (!frame_append(again, frame, CAP))
				abort();
			frame_done(&r);
		}
		if (r.in.cap > FRAME_HEAD + CAP || (taken == 0 && state == FRAME_PARTLY))
			abort();
	}
	frame_reader_clear(&r);
	return mix(sum, state == FRAME_BAD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	struct buffer whole, cut;
	struct pieces cuts;

	pieces_init(&cuts, in);
	buffer_init(&whole, size + 1);
	buffer_init(&cut, size + 1);
	if (read_stream(in, NULL, &whole) != read_stream(in, &cuts, &cut) || !span_equal(buffer_span(&whole), buffer_span(&cut)))
		abort();
	if (whole.len > size || (whole.len > 0 && memcmp(whole.data, data, whole.len) != 0))
		abort();
	buffer_clear(&whole);
	buffer_clear(&cut);
	return 0;
}
