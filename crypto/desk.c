// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/desk.h"

#include "crypto/wolf.h"

#if defined(FP_ECC) && defined(HAVE_THREAD_LS)

#include <pthread.h>
#include <signal.h>

#include "base/memory.h"

enum { STACK = 512 << 10 };	// wolfSSL keeps its numbers on the stack; some C libraries give little

struct desk {
	struct desk *next;		// under `door`
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	void (*run)(void *context);	// under lock, as all below; NULL: none, or it is done
	void *context;
	bool starved;			// memory was missing in it
	bool trim, stop;
};

static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER;
static struct desk *desks;		// under door
static _Atomic unsigned generation = 1;	// changes with desks_stop()
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_end;
static bool has_key;
static _Thread_local struct desk *mine;
static _Thread_local unsigned mine_of;	// the generation of mine

// With the lock, which is given up meanwhile: whom the call wakes may run at once, and would only run into it.
static void
wake(struct desk *d)
{
	pthread_mutex_unlock(&d->lock);
	pthread_cond_broadcast(&d->turn);
	pthread_mutex_lock(&d->lock);
}

static void
desk_work(struct desk *d)
{
	pthread_mutex_unlock(&d->lock);
	wolf_begin();
	d->run(d->context);
	bool starved = wolf_starved();
	if (starved)		// whatever was filled by half
		wc_ecc_fp_free();
	pthread_mutex_lock(&d->lock);
	d->starved = starved;
	d->run = NULL;
	wake(d);
}

static void *
desk_main(void *argument)
{
	struct desk *d = argument;

	pthread_mutex_lock(&d->lock);
	while (!d->stop || d->run != NULL) {
		if (d->run != NULL) {
			desk_work(d);
		} else if (d->trim) {
			wc_ecc_fp_free();
			d->trim = false;
			pthread_cond_broadcast(&d->turn);
		} else {
			pthread_cond_wait(&d->turn, &d->lock);
		}
	}
	pthread_mutex_unlock(&d->lock);
	wc_ecc_fp_free();
	return NULL;
}

// Signals are for the threads that the program knows of.
static bool
desk_begin(struct desk *d)
{
	pthread_attr_t attributes;
	sigset_t all, before;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool well = pthread_attr_setstacksize(&attributes, STACK) == 0 && pthread_create(&d->thread, &attributes, desk_main, d) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return well;
}

static void
desk_free(struct desk *d)
{
	pthread_cond_destroy(&d->turn);
	pthread_mutex_destroy(&d->lock);
	mem_free(d);
}

// It is not in the list any more.
static void
desk_end(struct desk *d)
{
	pthread_mutex_lock(&d->lock);
	d->stop = true;
	pthread_cond_broadcast(&d->turn);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->thread, NULL);
	desk_free(d);
}

static void
thread_ends(void *desk)
{
	struct desk **at = &desks;

	if (mine != desk || mine_of != generation)
		return;
	pthread_mutex_lock(&door);
	while (*at != mine)
		at = &(*at)->next;
	*at = mine->next;
	pthread_mutex_unlock(&door);
	desk_end(mine);
	mine = NULL;
}

static void
make_key(void)
{
	has_key = pthread_key_create(&at_end, thread_ends) == 0;
}

static struct desk *
desk_new(void)
{
	struct desk *d = mem_alloc(sizeof(*d));

	if (d == NULL)
		return NULL;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->turn, NULL);
	if (!desk_begin(d)) {
		desk_free(d);
		return NULL;
	}
	if (pthread_setspecific(at_end, d) == 0)
		return d;
	desk_end(d);
	return NULL;
}

static struct desk *
desk_of_thread(void)
{
	pthread_once(&once, make_key);
	if (mine != NULL && mine_of == generation)
		return mine;
	mine = has_key ? desk_new() : NULL;
	mine_of = generation;
	if (mine != NULL) {
		pthread_mutex_lock(&door);
		mine->next = desks;
		desks = mine;
		pthread_mutex_unlock(&door);
	}
	return mine;
}

bool
desk_run(void (*run)(void *context), void *context)
{
	struct desk *d = desk_of_thread();

	if (d == NULL)
		return false;
	pthread_mutex_lock(&d->lock);
	d->run = run;
	d->context = context;
	wake(d);
	while (d->run != NULL)
		pthread_cond_wait(&d->turn, &d->lock);
	if (d->starved)
		wolf_starve();
	pthread_mutex_unlock(&d->lock);
	return true;
}

static void
trim(struct desk *d)
{
	pthread_mutex_lock(&d->lock);
	d->trim = true;
	pthread_cond_broadcast(&d->turn);
	while (d->trim && d->run == NULL)
		pthread_cond_wait(&d->turn, &d->lock);
	pthread_mutex_unlock(&d->lock);
}

void
desk_trim(void)
{
	if (mine != NULL && mine_of == generation)
		trim(mine);
}

// A desk that is at work is trimmed after it.
void
desks_trim(void)
{
	pthread_mutex_lock(&door);
	for (struct desk *d = desks; d != NULL; d = d->next)
		trim(d);
	pthread_mutex_unlock(&door);
}

void
desks_stop(void)
{
	pthread_mutex_lock(&door);
	struct desk *d = desks;
	desks = NULL;
	generation++;
	pthread_mutex_unlock(&door);
	while (d != NULL) {
		struct desk *next = d->next;
		desk_end(d);
		d = next;
	}
}

#endif
