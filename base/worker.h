// SPDX-License-Identifier: GPL-3.0-or-later
// worker: a bounded queue of jobs for threads of our own. Jobs are flat and
// self-contained; their results come back on the loop thread. With 0 threads
// a job runs inside worker_submit() and its result is delivered from the loop:
// the same code path for tests and one-core routers.
#ifndef CMPGATE_BASE_WORKER_H
#define CMPGATE_BASE_WORKER_H

#include <uv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct worker_pool;

struct worker_job {
	struct worker_job *next;			// the pool's
	void (*run)(struct worker_job *job, unsigned thread);	// on a worker; thread 0..n-1
	void (*done)(struct worker_job *job, bool late);	// on the loop; frees the job
	int64_t deadline_ms;				// clock_mono_ms(); 0 = none; past it `run` is skipped and late is true
};

// Start a pool of `threads` threads with room for `queue` waiting jobs; NULL on failure.
struct worker_pool *worker_pool_new(uv_loop_t *loop, unsigned threads, size_t queue);
// Hand in a job; false when the queue is full (the job stays the caller's).
bool worker_submit(struct worker_pool *pool, struct worker_job *job);
// Jobs that wait or run.
size_t worker_pending(const struct worker_pool *pool);
// Stop: waiting jobs come back late, running ones finish, threads end, then closed(context) is called on the loop.
void worker_pool_close(struct worker_pool *pool, void (*closed)(void *context), void *context);

#endif
