// SPDX-License-Identifier: GPL-3.0-or-later
// table: keeps wolfSSL's tables of elliptic curve points in bounds. With FP_ECC
// the library keeps for each thread up to 15 points, each with a table of 0.8 MB.
// The table of a point is filled at its second use, which costs as much as ten
// uses without it; so a key that is met twice is dearer than one met once, and
// strangers decide how much memory and time goes into tables. Here nothing is
// kept: every computation costs the same, and leaves nothing behind.
// Private to crypto/.
#ifndef CMPGATE_CRYPTO_TABLE_H
#define CMPGATE_CRYPTO_TABLE_H

// Make the C library keep the memory of one computation for the next.
void tables_start(void);
// Run a computation on elliptic curve points so that nothing of it stays in a table.
void table_run(void (*run)(void *context), void *context);
// Give that memory back, of all threads.
void tables_trim(void);

#endif
