// SPDX-License-Identifier: GPL-3.0-or-later
// desk: a second thread beside one that computes, which keeps wolfSSL's tables
// of its own. It is made at the first use and ends with its thread. Private to crypto/.
#ifndef CMPGATE_CRYPTO_DESK_H
#define CMPGATE_CRYPTO_DESK_H

#include <stdbool.h>

// Run at the desk of this thread, and wait. False when there can be none: nothing was run.
bool desk_run(void (*run)(void *context), void *context);
// Empty the tables of this thread's desk, or of all.
void desk_trim(void);
void desks_trim(void);
// End all. No other thread may be inside.
void desks_stop(void);

#endif
