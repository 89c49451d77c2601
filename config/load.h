// SPDX-License-Identifier: GPL-3.0-or-later
// load: what the steps of one settings_load() share. Private to config/.
#ifndef CMPGATE_CONFIG_LOAD_H
#define CMPGATE_CONFIG_LOAD_H

#include "base/arena.h"
#include "config/findings.h"

#define LOAD_MEMORY (16 * 1024 * 1024)	// octets of each arena

struct node;

struct load {
	struct findings *findings;
	struct arena scratch;	// dies with the load
	struct arena keep;	// goes into the settings
	struct source *sources, *last_source;
	int source_count;
	size_t nodes;		// over all files
	bool broken;		// a file could not be read to its end: references may dangle without fault
	const struct config_scheme *schemes;	// ends with scheme NULL
	struct settings *settings;	// being filled
	struct node *listeners, *upstreams, *routes, *trusts, *credentials, *secrets;	// the keys of these sections; NULL: not written
	struct hidden *hidden;		// lines that no finding may show
	struct node *whole;		// the merged map
};

// Zeroed memory for the time of the load, or for the life of the settings.
// NULL without memory, which is then noted in the findings.
void *load_scratch(struct load *l, size_t size);
void *load_keep(struct load *l, size_t size);
char *load_keep_text(struct load *l, const char *text);

#endif
