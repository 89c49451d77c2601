// SPDX-License-Identifier: GPL-3.0-or-later
// check: what needs more than one value to be judged. Private to config/.
#ifndef CMPGATE_CONFIG_CHECK_H
#define CMPGATE_CONFIG_CHECK_H

#include "config/load.h"

// Check l->settings as a whole: addresses, routes that are never reached,
// links that are not safe, names that nobody uses.
void check_whole(struct load *l);
// Tell whether a glob of match.path can fit any path; else false with the fault.
bool check_path_glob(const char *glob, struct fault *f);
// The part of it about what addresses and folders mean together.
void check_links(struct load *l);
// The part of it that looks at limits (check_limits.c).
void check_limits(struct load *l);

#endif
