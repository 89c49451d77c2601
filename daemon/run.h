// SPDX-License-Identifier: GPL-3.0-or-later
// run: the gateway as a process, from the configuration file to the last log line.
#ifndef CMPGATE_DAEMON_RUN_H
#define CMPGATE_DAEMON_RUN_H

#include "config/settings.h"

enum run_result { RUN_ENDED, RUN_BAD_CONFIG, RUN_LOCAL_FAULT };

// Run the gateway in the foreground until SIGTERM or SIGINT. Prints
// "listening on URL" per listener and then "ready" on standard output. SIGHUP
// reads the file again: a bad file is refused whole and the old configuration stays.
// fresh_store: an operator orders an empty store in the place of one that is gone.
enum run_result daemon_run(const char *file, const struct config_scheme *schemes, bool fresh_store);

#endif
