// SPDX-License-Identifier: GPL-3.0-or-later
// expand: ${NAME}, ${NAME:-default} and $$ in a value, after parsing, so that
// no variable can bring YAML in. Private to config/.
#ifndef CMPGATE_CONFIG_EXPAND_H
#define CMPGATE_CONFIG_EXPAND_H

#include "config/tree.h"

#define EXPAND_MAX 8192	// octets of one value

// The value of a scalar with its variables; NULL after a finding, and the node is bad then.
const char *expand_node(struct load *l, struct node *n);

#endif
