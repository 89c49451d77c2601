// SPDX-License-Identifier: GPL-3.0-or-later
// rows: the engine behind option rows. It fills a struct from a map of the
// tree, with defaults; compares two structs; and walks rows for the texts made
// from them. Private to config/.
#ifndef CMPGATE_CONFIG_ROWS_H
#define CMPGATE_CONFIG_ROWS_H

#include "base/option.h"
#include "config/tree.h"

#define ROWS_MAX 64	// keys of one table

// One table and the struct it fills. Several groups can share a map.
struct row_group {
	const struct option_row *rows;	// ends with key NULL
	void *out;
	bool guess;			// the table may be the wrong one: nothing is missing
	uint64_t seen;			// bit n: row n stood in the map
};

// Fill the groups from a map (NULL or "nothing": defaults only). The first
// group that knows a key takes it, but one that can use it goes before one
// that only knows it as absent. `where` ends the messages: " in route 'plant'";
// `take` gets keys of kind MAP and LIST.
void rows_fill(struct load *l, struct row_group *groups, size_t count, struct node *map, const char *where,
	void (*take)(struct load *l, const struct option_row *row, struct node *key));
// Fill one value from a scalar or list.
void rows_value(struct load *l, const struct option_row *row, void *out, struct node *n);
// A path of a node, made absolute for the life of the settings; with a name, "NAME=path". NULL without memory.
char *rows_path(struct load *l, const struct node *n, const char *name, const char *path);
// Tell whether two structs agree in all values; with `restart_only`, in those
// whose change needs a restart. On a difference the key goes to out ("store.path").
bool rows_equal(const struct option_row *rows, const void *a, const void *b, bool restart_only, char *out, size_t size);
// Report the keys of a group that have no default and did not stand in the map at a place.
void rows_required(struct load *l, const struct row_group *group, const struct position *at, const char *where);
// A member of a struct by its row.
const void *row_member(const struct option_row *row, const void *base);

#endif
