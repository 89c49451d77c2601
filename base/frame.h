// SPDX-License-Identifier: GPL-3.0-or-later
// frame: octets with their length in front (4 octets, big endian), for streams
// between our own processes, written as if the other side were hostile:
// nothing is allocated by an announced length, an empty or too long frame is
// refused as soon as its length is there.
#ifndef CMPGATE_BASE_FRAME_H
#define CMPGATE_BASE_FRAME_H

#include "base/buffer.h"
#include "base/fault.h"

enum { FRAME_HEAD = 4 };	// octets of the length

struct frame_reader {
	struct buffer in;	// what came and was not taken yet
	size_t cap;		// most octets of one frame, without its length
};

enum frame_state { FRAME_PARTLY, FRAME_READY, FRAME_BAD };

// Prepare to read frames of at most cap octets. Allocates nothing.
void frame_reader_init(struct frame_reader *r, size_t cap);
void frame_reader_clear(struct frame_reader *r);
// Take octets of the stream, in any pieces; what belongs to frames behind the
// next one may be among them, as long as all of it fits 4 + cap octets: answers
// how many were taken, and the rest is handed in again after frame_next() and frame_done().
size_t frame_feed(struct frame_reader *r, struct span octets, struct fault *f);
// Look for a whole frame: READY with its octets, borrowed until frame_done();
// BAD with the fault: the stream cannot be read any further.
enum frame_state frame_next(struct frame_reader *r, struct span *frame, struct fault *f);
// Remove the frame that frame_next() showed.
void frame_done(struct frame_reader *r);
// Append a frame to out; false when it is empty, longer than cap, or out has no room.
bool frame_append(struct buffer *out, struct span octets, size_t cap);

#endif
