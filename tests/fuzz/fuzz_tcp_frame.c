// SPDX-License-Identifier: GPL-3.0-or-later
// Any octets as a TCP stream of either side: whole and in pieces they are the
// same frames and faults, and memory never follows an announced length.
#include <stdlib.h>

#include "tests/fuzz/pieces.h"
#include "transports/tcp_frame.h"

enum { LIMIT = 256 };

// What was seen, as one number: a difference anywhere changes it.
static uint64_t
mix(uint64_t sum, uint64_t value)
{
	return (sum ^ value) * UINT64_C(0x100000001b3);
}

static uint64_t
mix_span(uint64_t sum, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		sum = mix(sum, s.data[i]);
	return mix(sum, s.len);
}

static uint64_t
mix_frame(uint64_t sum, const struct tcp_frame *f)
{
	sum = mix(mix(mix(sum, f->framing), f->type), f->close);
	switch (f->type) {
	case TCP_REQUEST:
	case TCP_ANSWER: return mix_span(sum, f->message);
	case TCP_PARTIAL: return mix(mix(mix_span(sum, f->message), f->reference), f->check_back);
	case TCP_POLL_REP: return mix(mix(sum, f->reference), f->check_back);
	case TCP_POLL_REQ: return mix(sum, f->reference);
	case TCP_ERROR: return mix(mix_span(sum, f->text), f->error);
	default: return sum;
	}
}

// All at once, or cut (cuts != NULL).
static uint64_t
read_stream(enum tcp_side side, struct span in, struct pieces *cuts)
{
	struct tcp_reader r;
	struct tcp_frame frame;
	struct tcp_fault fault;
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	tcp_reader_init(&r, side, LIMIT);
	for (size_t at = 0; at < in.len;) {
		size_t n = cuts != NULL ? pieces_next(cuts, in.len - at) : in.len - at;
		struct span part = span_of(in.data + at, n);
		at += n;
		while (part.len > 0) {
			size_t before = part.len;
			enum tcp_progress progress = tcp_reader_feed(&r, &frame, &fault, &part);
			if (r.value.len > LIMIT || part.len > before || (progress == TCP_MORE && part.len > 0))
				abort();
			if (progress == TCP_FRAME)
				sum = mix_frame(sum, &frame);
			else if (progress == TCP_FAULT)
				// A hopeless length is answered at once, in the framing of the fifth octet if it has come.
				sum = mix(mix(mix(sum, fault.lost ? 0 : (uint64_t)fault.framing), fault.error), fault.lost);
			if (progress == TCP_FAULT && fault.lost) {
				tcp_reader_clear(&r);
				return sum;
			}
		}
	}
	tcp_reader_clear(&r);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);

	for (int side = TCP_SIDE_SERVER; side <= TCP_SIDE_CLIENT; side++) {
		struct pieces cuts;
		pieces_init(&cuts, in);
		if (read_stream((enum tcp_side)side, in, NULL) != read_stream((enum tcp_side)side, in, &cuts))
			abort();
	}
	return 0;
}
