// SPDX-License-Identifier: GPL-3.0-or-later
// tree: named values inside named values, printed as an indented text for
// people or as one JSON object. Names are those of the RFCs.
#ifndef CMPGATE_CLI_TREE_H
#define CMPGATE_CLI_TREE_H

#include "base/buffer.h"

enum {
	TREE_DEPTH_MAX = 48,
	TREE_OCTETS_SHOWN = 64		// more octets than these are counted, not shown, in the text for people
};

struct tree {
	struct buffer out;	// failed: the text grew too large, or memory is out
	bool json, all_octets;
	unsigned depth;
	struct { bool list, used; size_t count; } levels[TREE_DEPTH_MAX];
};

// Prepare: at most limit octets of output. all_octets: octet strings are shown to their end.
void tree_init(struct tree *t, bool json, bool all_octets, size_t limit);
void tree_clear(struct tree *t);
// Open an object or a list; name is NULL inside a list. Every open needs its close.
void tree_open(struct tree *t, const char *name);
void tree_open_list(struct tree *t, const char *name);
void tree_close(struct tree *t);
// Leaves; name is NULL inside a list. Texts are foreign: they must have passed codec/text.h.
void tree_text(struct tree *t, const char *name, const char *text);
void tree_number(struct tree *t, const char *name, int64_t number);
void tree_flag(struct tree *t, const char *name, bool flag);
void tree_octets(struct tree *t, const char *name, struct span octets);
// Seconds since 1970 as 2026-01-31T12:00:00Z.
void tree_time(struct tree *t, const char *name, int64_t seconds);

#endif
