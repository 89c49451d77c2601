// SPDX-License-Identifier: GPL-3.0-or-later
// walk: any octets, element by element with their offsets, as far as they are
// strict DER. Unlike der_check() it tells where the form ends and why, and it
// enters an element that was cut off, to show what is left of it.
#ifndef CMPGATE_CODEC_WALK_H
#define CMPGATE_CODEC_WALK_H

#include "codec/der.h"

struct walk_item {
	size_t offset;		// of the tag, from the start of all octets
	size_t header;		// octets of tag and length
	size_t length;		// announced octets of contents
	unsigned depth;		// 0 = outermost
	uint8_t tag;
	struct span contents;	// what is there of them
};

struct walk {
	struct span all;
	size_t at;
	size_t end[DER_DEPTH_MAX];	// where the open elements end, as far as there are octets
	unsigned depth;
	size_t cut_at;			// offset of an element that was cut off
	bool cut;
	const char *problem;		// why the walk ended early; NULL = it did not
	size_t problem_at;		// offset of the element that is to blame
};

void walk_init(struct walk *w, struct span all);
// The next element in the order of the octets; false at the end or at a problem.
bool walk_next(struct walk *w, struct walk_item *out);
// Name of a tag: "SEQUENCE", "[3]", "[APPLICATION 2]"; at most 24 octets. Answers out.
const char *walk_tag_text(uint8_t tag, char *out, size_t size);

#endif
