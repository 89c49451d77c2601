// SPDX-License-Identifier: GPL-3.0-or-later
// include: reads a file and all it includes, and merges them into one tree.
// Private to config/.
#ifndef CMPGATE_CONFIG_INCLUDE_H
#define CMPGATE_CONFIG_INCLUDE_H

#include "config/tree.h"

#define INCLUDE_DEPTH 8	// files inside each other, the main file not counted

// Read a file with its includes. Answers a map of all top-level keys (without
// `include`): maps are merged by name, lists appended, everything else may
// stand once. NULL only when there is nothing to look at.
struct node *include_load(struct load *l, const char *file);

#endif
