// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/table.h"

#include "crypto/wolf.h"

#ifndef FP_ECC

void
tables_start(void)
{
}

void
table_run(void (*run)(void *context), void *context)
{
	run(context);
}

void
tables_trim(void)
{
}

#else

#include <malloc.h>

// Octets that a computation needs for the tables of two points; given back to
// the system each time they would be asked for again in 800 page faults, which
// cost more than the computation.
#define KEPT (4 << 20)

void
tables_start(void)
{
#ifdef M_TRIM_THRESHOLD
	mallopt(M_TRIM_THRESHOLD, KEPT);
#endif
}

// Without storage for threads the library has one table for all, under a lock
// that it destroys when the table is freed: then only one thread computes at a time.
#ifndef HAVE_THREAD_LS
#include <pthread.h>
static pthread_mutex_t alone = PTHREAD_MUTEX_INITIALIZER;
#define LOCK() pthread_mutex_lock(&alone)
#define UNLOCK() pthread_mutex_unlock(&alone)
#else
#define LOCK() ((void)0)
#define UNLOCK() ((void)0)
#endif

void
table_run(void (*run)(void *context), void *context)
{
	LOCK();
	run(context);
	wc_ecc_fp_free();
	UNLOCK();
}

void
tables_trim(void)
{
#ifdef M_TRIM_THRESHOLD
	malloc_trim(0);
#endif
}

#endif
