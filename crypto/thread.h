// SPDX-License-Identifier: GPL-3.0-or-later
// thread: what each thread has of its own. A thread gets a place at its first
// use and gives it back at its end; who comes when all are taken shares the
// last one. A place is locked while it is used, so that sharing is safe.
// Private to crypto/.
#ifndef CMPGATE_CRYPTO_THREAD_H
#define CMPGATE_CRYPTO_THREAD_H

#include "crypto/wolf.h"

enum { PLACES = 17, PLACE_SHARED = PLACES - 1 };

// Prepare all places. False: no randomness (FAIL_NONE in the fault).
bool threads_start(struct fault *f);
// Free what the places hold. No other thread may be inside.
void threads_stop(void);

// Enter the place of this thread and lock it; the number names what the caller
// keeps for it (0 to PLACES - 1). Not twice at once.
unsigned place_enter(void);
void place_leave(unsigned place);
// Its random generator, made at the first use; NULL when that fails. Inside only.
WC_RNG *place_random(unsigned place);

#endif
