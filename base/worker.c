// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/worker.h"

#include "base/clock.h"
#include "base/memory.h"

struct list { struct worker_job *first, **tail; };

struct worker_pool {
	uv_loop_t *loop;
	uv_async_t wake;	// results wait
	uv_mutex_t lock;
	uv_cond_t work;
	struct list waiting, finished;	// under lock
	size_t pending;			// handed in, not yet given back; loop thread
	size_t queued, limit;		// waiting jobs; under lock
	bool closing;			// under lock
	unsigned threads, started;
	void (*closed)(void *context);
	void *context;
	struct worker { struct worker_pool *pool; unsigned number; uv_thread_t thread; } workers[];
};

static void
list_init(struct list *l)
{
	l->first = NULL;
	l->tail = &l->first;
}

static void
list_put(struct list *l, struct worker_job *job)
{
	job->next = NULL;
	*l->tail = job;
	l->tail = &job->next;
}

static struct worker_job *
list_take(struct list *l)
{
	struct worker_job *job = l->first;

	if (job != NULL && (l->first = job->next) == NULL)
		l->tail = &l->first;
	return job;
}

// A job that was skipped is marked by its run pointer, so that nothing else is needed.
static void
run_job(struct worker_job *job, unsigned thread)
{
	if (job->deadline_ms != 0 && clock_mono_ms() > job->deadline_ms)
		job->run = NULL;
	else
		job->run(job, thread);
}

static void
worker_main(void *argument)
{
	struct worker *w = argument;
	struct worker_pool *pool = w->pool;

	uv_mutex_lock(&pool->lock);
	for (;;) {
		struct worker_job *job = list_take(&pool->waiting);
		if (job == NULL && pool->closing)
			break;
		if (job == NULL) {
			uv_cond_wait(&pool->work, &pool->lock);
			continue;
		}
		pool->queued--;
		bool closing = pool->closing;
		uv_mutex_unlock(&pool->lock);
		if (closing)
			job->run = NULL;
		else
			run_job(job, w->number);
		uv_mutex_lock(&pool->lock);
		list_put(&pool->finished, job);
		// Whom a call wakes may run at once: not into a lock that is held. The pool stays until this thread has ended.
		uv_mutex_unlock(&pool->lock);
		uv_async_send(&pool->wake);
		uv_mutex_lock(&pool->lock);
	}
	uv_mutex_unlock(&pool->lock);
}

static void
free_pool(uv_handle_t *handle)
{
	struct worker_pool *pool = handle->data;
	void (*closed)(void *) = pool->closed;
	void *context = pool->context;

	uv_cond_destroy(&pool->work);
	uv_mutex_destroy(&pool->lock);
	mem_free(pool);
	if (closed != NULL)
		closed(context);
}

// Calls are coalesced: one wake-up stands for all finished jobs.
static void
give_back(uv_async_t *wake)
{
	struct worker_pool *pool = wake->data;

	for (;;) {
		uv_mutex_lock(&pool->lock);
		struct worker_job *job = list_take(&pool->finished);
		uv_mutex_unlock(&pool->lock);
		if (job == NULL)
			break;
		pool->pending--;
		job->done(job, job->run == NULL);
	}
	if (pool->closing && pool->pending == 0 && !uv_is_closing((uv_handle_t *)wake)) {
		for (unsigned i = 0; i < pool->started; i++)
			uv_thread_join(&pool->workers[i].thread);
		uv_close((uv_handle_t *)wake, free_pool);
	}
}

struct worker_pool *
worker_pool_new(uv_loop_t *loop, unsigned threads, size_t queue)
{
	struct worker_pool *pool = mem_alloc(sizeof(*pool) + threads * sizeof(pool->workers[0]));

	if (pool == NULL)
		return NULL;
	pool->loop = loop;
	pool->limit = queue;
	pool->threads = threads;
	list_init(&pool->waiting);
	list_init(&pool->finished);
	if (uv_mutex_init(&pool->lock) != 0) {
		mem_free(pool);
		return NULL;
	}
	if (uv_cond_init(&pool->work) != 0 || uv_async_init(loop, &pool->wake, give_back) != 0) {
		uv_mutex_destroy(&pool->lock);
		mem_free(pool);
		return NULL;
	}
	pool->wake.data = pool;
	for (unsigned i = 0; i < threads; i++) {
		pool->workers[i] = (struct worker){ .pool = pool, .number = i };
		if (uv_thread_create(&pool->workers[i].thread, worker_main, &pool->workers[i]) != 0) {
			worker_pool_close(pool, NULL, NULL);
			return NULL;
		}
		pool->started++;
	}
	return pool;
}

bool
worker_submit(struct worker_pool *pool, struct worker_job *job)
{
	uv_mutex_lock(&pool->lock);
	bool room = !pool->closing && pool->queued < pool->limit;
	if (room && pool->threads > 0) {
		list_put(&pool->waiting, job);
		pool->queued++;
	}
	uv_mutex_unlock(&pool->lock);
	if (!room)
		return false;
	pool->pending++;
	if (pool->threads > 0) {
		uv_cond_signal(&pool->work);
	} else {
		run_job(job, 0);
		uv_mutex_lock(&pool->lock);
		list_put(&pool->finished, job);
		uv_mutex_unlock(&pool->lock);
		uv_async_send(&pool->wake);
	}
	return true;
}

size_t
worker_pending(const struct worker_pool *pool)
{
	return pool->pending;
}

void
worker_pool_close(struct worker_pool *pool, void (*closed)(void *context), void *context)
{
	pool->closed = closed;
	pool->context = context;
	uv_mutex_lock(&pool->lock);
	pool->closing = true;
	uv_cond_broadcast(&pool->work);
	uv_mutex_unlock(&pool->lock);
	uv_async_send(&pool->wake);
}
