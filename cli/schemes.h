// SPDX-License-Identifier: GPL-3.0-or-later
// schemes: the URL schemes that the drivers of this build serve, as config/ wants them.
#ifndef CMPGATE_CLI_SCHEMES_H
#define CMPGATE_CLI_SCHEMES_H

#include "config/settings.h"

// All of them, ending with a scheme of NULL; made once, valid for ever.
const struct config_scheme *schemes_of_build(void);

#endif
