// SPDX-License-Identifier: GPL-3.0-or-later
// guard: what the keys of one route must have in common, and that the names in
// it are defined. Private to config/.
#ifndef CMPGATE_CONFIG_GUARD_H
#define CMPGATE_CONFIG_GUARD_H

#include "config/tree.h"

// Hold a route against its rules; map is where it stands, `where` ends the messages (" in route 'plant'").
void guard_route(struct load *l, const struct settings_route *r, const struct node *map, const char *where);
// Hold the names of trust sets in one upstream (its key) against those that are defined.
void guard_upstream(struct load *l, const struct node *key);

#endif
