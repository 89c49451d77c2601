// SPDX-License-Identifier: GPL-3.0-or-later
// inherit: what a program that is started from here must not get.
#ifndef CMPGATE_BASE_INHERIT_H
#define CMPGATE_BASE_INHERIT_H

#include <stddef.h>

// Mark every descriptor above 2 to be closed by exec. Libraries open some that
// are not (libcoap's sockets), and whoever inherits a socket keeps its port.
void inherit_no_descriptors(void);
// Take from the environment what a program needs to run at all (PATH, HOME,
// locale, time zone, TMPDIR), and nothing else: secrets may stand there (env:).
// The entries are those of environ; the last is NULL. size: of out, at least 1.
void inherit_environment(char **out, size_t size);

#endif
