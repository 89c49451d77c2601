// SPDX-License-Identifier: GPL-3.0-or-later
// source: one configuration file in memory, checked octet by octet before any
// parser sees it. Private to config/.
#ifndef CMPGATE_CONFIG_SOURCE_H
#define CMPGATE_CONFIG_SOURCE_H

#include "base/span.h"
#include "config/load.h"

#define SOURCE_MAX (256 * 1024)	// octets of one file

struct source {
	const char *path;	// as people see it; lives as long as the settings
	const char *folder;	// absolute: relative paths in the file start here
	const char *text;	// without byte order mark
	size_t len;
	const size_t *lines;	// where each line begins
	size_t line_count;
	int rank;		// position in the order of loading
	unsigned depth;		// 0: the main file
	const struct source *parent;	// who includes it
	uint64_t device, inode;
	struct source *next;
};

// Read a file and check its octets. NULL after a finding: about the file
// itself, or at the `include` that names it when `from` is given.
struct source *source_open(struct load *l, const char *path, const struct source *parent, const struct position *from);
// Line number n (from 1) without its end; empty when there is none.
struct span source_line(const struct source *s, int n);

#endif
