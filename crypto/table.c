// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/table.h"

#include "crypto/desk.h"
#include "crypto/wolf.h"

#ifndef FP_ECC

void
tables_start(void)
{
}

void
tables_stop(void)
{
}

void
table_run(void (*run)(void *context), void *context)
{
	run(context);
}

void
table_run_with(struct span key, void (*run)(void *context), void *context)
{
	(void)key;
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

static void
memory_keep(int octets)
{
#ifdef M_TRIM_THRESHOLD
	mallopt(M_TRIM_THRESHOLD, octets);
#endif
}

void
tables_start(void)
{
	memory_keep(KEPT);
}

static void
memory_trim(void)
{
#ifdef M_TRIM_THRESHOLD
	malloc_trim(0);
#endif
}

#ifndef HAVE_THREAD_LS

// The library has one table for all threads, under a lock that it destroys when
// the table is freed: only one thread computes at a time.
#include <pthread.h>
static pthread_mutex_t alone = PTHREAD_MUTEX_INITIALIZER;

void
tables_stop(void)
{
}

void
table_run(void (*run)(void *context), void *context)
{
	pthread_mutex_lock(&alone);
	run(context);
	wc_ecc_fp_free();
	pthread_mutex_unlock(&alone);
}

void
table_run_with(struct span key, void (*run)(void *context), void *context)
{
	(void)key;
	table_run(run, context);
}

void
tables_trim(void)
{
	memory_trim();
}

#else

void
tables_stop(void)
{
	desks_stop();
	memory_trim();
}

void
table_run(void (*run)(void *context), void *context)
{
	run(context);
	wc_ecc_fp_free();
}

// ---- which keys come often

struct heat { uint64_t name; uint64_t last; unsigned uses; };
static _Thread_local struct heat heats[TABLE_HEAT_MAX];
static _Thread_local uint64_t now;		// counts computations

// Keys are told apart by eight octets. Who makes two of the same name gains that they are counted as one.
static uint64_t
name_of(struct span key)
{
	uint64_t name = 0;

	if (key.len > sizeof(name))
		memcpy(&name, key.data + 1, sizeof(name));
	return name;
}

// The entry of a key; a new one takes the place of what was not used for longest.
static struct heat *
heat_of(uint64_t name)
{
	struct heat *oldest = heats;

	for (size_t i = 0; i < TABLE_HEAT_MAX; i++) {
		if (heats[i].uses > 0 && heats[i].name == name)
			return &heats[i];
		if (heats[i].last < oldest->last)
			oldest = &heats[i];
	}
	*oldest = (struct heat){ .name = name };
	return oldest;
}

static unsigned
hot_keys(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < TABLE_HEAT_MAX; i++)
		n += heats[i].uses >= TABLE_HOT;
	return n;
}

static bool
is_hot(struct span key)
{
	struct heat *h = heat_of(name_of(key));

	h->last = ++now;
	if (h->uses < TABLE_HOT && ++h->uses == TABLE_HOT && hot_keys() > TABLE_KEYS_MAX) {
		memset(heats, 0, sizeof(heats));
		desk_trim();
	}
	return h->uses >= TABLE_HOT;
}

void
table_run_with(struct span key, void (*run)(void *context), void *context)
{
	if (!is_hot(key) || !desk_run(run, context))
		table_run(run, context);
}

// What desks free goes back at once while the C library is not told to keep it.
void
tables_trim(void)
{
	memory_keep(0);
	desks_trim();
	memory_trim();
	memory_keep(KEPT);
}

#endif
#endif
