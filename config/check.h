// SPDX-License-Identifier: GPL-3.0-or-later
// check: what needs more than one value to be judged. Private to config/.
#ifndef CMPGATE_CONFIG_CHECK_H
#define CMPGATE_CONFIG_CHECK_H

#include "config/load.h"

// Check l->settings as a whole: addresses, routes that are never reached,
// links that are not safe, names that nobody uses.
void check_whole(struct load *l);

#endif
