// SPDX-License-Identifier: GPL-3.0-or-later
// entries: the sections of named and listed things become arrays of settings.
// Private to config/.
#ifndef CMPGATE_CONFIG_ENTRIES_H
#define CMPGATE_CONFIG_ENTRIES_H

#include "config/tree.h"

// Read l->listeners and l->upstreams into l->settings.
void entries_listeners(struct load *l);
void entries_upstreams(struct load *l);
// Read l->trusts, l->credentials, l->secrets into l->settings.
void entries_trusts(struct load *l);
void entries_credentials(struct load *l);
void entries_secrets(struct load *l);
// Read l->routes, after all above; without routes add the implicit one.
void entries_routes(struct load *l);
// Where a thing stands, as seen from a file: "line 4", or "b.yaml:4" in another one.
struct place_text { char text[256]; };
struct place_text place_seen_from(const char *here, const char *file, int line);
// Keep where a node stands, for as long as the settings live.
struct settings_place entry_place(const struct node *n);
// The map of a section by its key; NULL when it is not there, empty, or wrong (after a finding).
struct node *entry_section(struct load *l, struct node *section);
// Tell whether a key of a section is an entry, and no note or error.
bool entry_is(const struct node *key);
// Refuse a key that is no name, or one of the reserved words (a list that ends with NULL).
bool entry_check_name(struct load *l, const char *noun, const struct node *key, const char *const *reserved);
// Complete a refusal with the nearest of the names in a section (its key; NULL: none are defined).
void entry_suggest(struct load *l, struct finding *item, const char *wanted, const struct node *section, const struct position *from);

#endif
