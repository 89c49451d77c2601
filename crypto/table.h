// SPDX-License-Identifier: GPL-3.0-or-later
// table: keeps wolfSSL's tables of elliptic curve points in bounds. With FP_ECC
// the library keeps, for each thread, up to 15 points with a table of 0.8 MB each.
// The table of a point is filled at its second use, which costs as much as ten
// uses without it; so a key that is met twice is dearer than one met once, and
// strangers decide how much memory and time goes into tables.
// Here most computations leave nothing behind. Keys that a thread uses again
// and again (our own, those of CAs) are computed with at its desk: a second
// thread that does nothing else, and whose tables are those keys' alone.
// Private to crypto/.
#ifndef CMPGATE_CRYPTO_TABLE_H
#define CMPGATE_CRYPTO_TABLE_H

#include "base/span.h"

// What a thread has met lately: TABLE_HEAT_MAX keys; from TABLE_HOT uses on a key
// goes to the desk; with more than TABLE_KEYS_MAX there the desk begins anew.
enum { TABLE_HEAT_MAX = 32, TABLE_HOT = 10, TABLE_KEYS_MAX = 4 };

void tables_start(void);
// End all desks. No other thread may be inside.
void tables_stop(void);
// Run a computation so that nothing of it stays in a table.
void table_run(void (*run)(void *context), void *context);
// Run a computation with this key, which may be one that comes often.
void table_run_with(struct span key, void (*run)(void *context), void *context);
// Give all their memory back, of all threads.
void tables_trim(void);

#endif
