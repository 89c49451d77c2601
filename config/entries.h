// SPDX-License-Identifier: GPL-3.0-or-later
// entries: the sections of named and listed things become arrays of settings.
// Private to config/.
#ifndef CMPGATE_CONFIG_ENTRIES_H
#define CMPGATE_CONFIG_ENTRIES_H

#include "config/tree.h"

// Read l->listeners and l->upstreams into l->settings.
void entries_listeners(struct load *l);
void entries_upstreams(struct load *l);
// Read l->routes, after the two above; without routes add the implicit one.
void entries_routes(struct load *l);
// Keep where a node stands, for as long as the settings live.
struct settings_place entry_place(const struct node *n);
// Complete a refusal with the nearest of the names in a section (its key; NULL: none are defined).
void entry_suggest(struct load *l, struct finding *item, const char *wanted, const struct node *section, const struct position *from);

#endif
