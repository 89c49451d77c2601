// SPDX-License-Identifier: GPL-3.0-or-later
// private: what a struct settings carries that is nobody else's. Private to config/.
#ifndef CMPGATE_CONFIG_PRIVATE_H
#define CMPGATE_CONFIG_PRIVATE_H

#include "base/arena.h"
#include "config/settings.h"

struct settings_private {
	struct arena arena;		// everything the settings point to
	unsigned references;		// loop thread only
	const struct config_scheme *schemes;
};

#endif
