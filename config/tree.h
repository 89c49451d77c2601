// SPDX-License-Identifier: GPL-3.0-or-later
// tree: the events of libyaml, guarded one by one, become nodes of our own.
// No document of libyaml is ever built: its loader is quadratic in the depth,
// resolves aliases and hides where they stood. Private to config/.
#ifndef CMPGATE_CONFIG_TREE_H
#define CMPGATE_CONFIG_TREE_H

#include "config/source.h"

#define TREE_DEPTH 16		// maps and lists inside each other
#define TREE_NODES 10000	// over all files

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	struct position at;
	const char *text;	// SCALAR, and the keys of a map
	bool plain;		// written without quotes
	bool expanded;		// variables are replaced in text
	bool secret;		// it seems to hold a secret: no message may quote it
	int last_line;		// SCALAR: where it ends
	bool bad;		// already reported: not looked at again
	struct node *first, *last;	// LIST: items; MAP: keys, in order
	struct node *next;		// the following sibling
	struct node *value;		// of a key
	size_t count;			// children
};

// Parse a source. False after a finding that left the tree incomplete.
bool tree_parse(struct load *l, const struct source *s, struct node **root);
// Tell whether a node stands for "nothing": an empty plain scalar, ~ or null.
bool node_is_empty(const struct node *n);
// What the node is, for messages: "a text", "a list", "a map", "nothing".
const char *node_kind_name(const struct node *n);
// Find a key of a map; NULL when it is not there.
struct node *node_find(const struct node *map, const char *key);

#endif
