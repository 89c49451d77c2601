// SPDX-License-Identifier: GPL-3.0-or-later
// check_files: what is wrong with the files that a configuration names.
#ifndef CMPGATE_CLI_CHECK_FILES_H
#define CMPGATE_CLI_CHECK_FILES_H

#include "config/settings.h"

// Open every file that a configuration names, and add what is wrong to the
// findings. No octet of a key, pass phrase or secret is told or kept.
void check_files(const struct settings *s, struct findings *f);

#endif
