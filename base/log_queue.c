// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"
#include "base/log_queue.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include <uv.h>

#include "base/memory.h"

// After each turn the thread rests: lines that come together are written together, and each of them costs the loop a copy, no wake-up.
#define REST_NS 2000000

// One for the process, as stderr is.
static struct {
	uv_mutex_t mutex;
	uv_cond_t changed;
	uv_thread_t thread;
	uint8_t *ring;
	size_t size, start, used;
	uint64_t lost;		// since the last line that told of it
	bool running, stopping, ended;
	bool idle, resting;	// the thread waits for a line; it rests
	void (*dropped)(struct buffer *out, uint64_t count);
} queue;

// What stderr takes, in whatever mode the descriptor is. A closed one takes nothing, and is not worth a wait.
static void
write_out(struct span octets)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	while (octets.len > 0) {
		ssize_t n = write(STDERR_FILENO, octets.data, octets.len);
		if (n < 0 && errno == EAGAIN)
			n = poll(&p, 1, -1) < 0 && errno != EINTR ? -1 : 0;
		else if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			return;
		octets.data += n;
		octets.len -= (size_t)n;
	}
}

// Take whole lines out, as many as fit.
static size_t
take(uint8_t *out, size_t size)
{
	size_t n = size < queue.used ? size : queue.used, first = queue.size - queue.start;

	if (first > n)
		first = n;
	memcpy(out, queue.ring + queue.start, first);
	memcpy(out + first, queue.ring, n - first);
	const uint8_t *end = n > 0 ? memrchr(out, '\n', n) : NULL;
	size_t whole = end != NULL ? (size_t)(end - out) + 1 : 0;
	queue.start = (queue.start + whole) % queue.size;
	queue.used -= whole;
	return whole;
}

// Let go of the lock until there is something to write.
static void
wait_for_lines(void)
{
	queue.idle = true;
	uv_cond_wait(&queue.changed, &queue.mutex);
	queue.idle = false;
}

// What fills the ring to the half, and the end, cut a rest short.
static void
rest(void)
{
	if (queue.stopping || queue.used > queue.size / 2)
		return;
	queue.resting = true;
	uv_cond_timedwait(&queue.changed, &queue.mutex, REST_NS);
	queue.resting = false;
}

static void
tell_lost(uint64_t count)
{
	struct buffer line;

	buffer_init(&line, LOG_QUEUE_LINE);
	queue.dropped(&line, count);
	if (!line.failed)
		write_out(buffer_span(&line));
	buffer_clear(&line);
}

static void
run(void *unused)
{
	static uint8_t room[2 * LOG_QUEUE_LINE];

	(void)unused;
	uv_mutex_lock(&queue.mutex);
	while (queue.used > 0 || queue.lost > 0 || !queue.stopping) {
		size_t n = take(room, sizeof(room));
		uint64_t lost = n == 0 ? queue.lost : 0;
		if (n == 0 && lost == 0) {
			wait_for_lines();
			continue;
		}
		queue.lost -= lost;
		uv_mutex_unlock(&queue.mutex);
		if (n > 0)
			write_out(span_of(room, n));
		else
			tell_lost(lost);
		uv_mutex_lock(&queue.mutex);
		rest();
	}
	queue.ended = true;
	uv_cond_broadcast(&queue.changed);
	uv_mutex_unlock(&queue.mutex);
}

// Signals are for the thread of the loop.
static bool
start_thread(void)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool well = uv_thread_create(&queue.thread, run, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return well;
}

static void
release(void)
{
	uv_cond_destroy(&queue.changed);
	uv_mutex_destroy(&queue.mutex);
	mem_free(queue.ring);
	queue.ring = NULL;
	queue.running = false;
}

bool
log_queue_start(size_t octets, void (*dropped)(struct buffer *out, uint64_t count))
{
	if (queue.running)
		return true;
	queue.ring = mem_alloc(octets);
	if (queue.ring == NULL)
		return false;
	if (uv_mutex_init(&queue.mutex) != 0 || uv_cond_init(&queue.changed) != 0) {
		mem_free(queue.ring);
		return false;
	}
	queue.size = octets;
	queue.start = queue.used = 0;
	queue.lost = 0;
	queue.stopping = queue.ended = false;
	queue.dropped = dropped;
	queue.running = true;
	if (start_thread())
		return true;
	release();
	return false;
}

bool
log_queue_put(struct span line)
{
	if (!queue.running)
		return false;
	uv_mutex_lock(&queue.mutex);
	// Behind a gap nothing is taken until the gap was told of.
	if (line.len > queue.size - queue.used || queue.lost > 0 || queue.stopping) {
		queue.lost++;
	} else {
		size_t at = (queue.start + queue.used) % queue.size, first = queue.size - at;
		if (first > line.len)
			first = line.len;
		memcpy(queue.ring + at, line.data, first);
		memcpy(queue.ring, line.data + first, line.len - first);
		queue.used += line.len;
	}
	if (queue.idle || (queue.resting && queue.used > queue.size / 2))
		uv_cond_broadcast(&queue.changed);
	uv_mutex_unlock(&queue.mutex);
	return true;
}

bool
log_queue_stop(int64_t ms)
{
	uint64_t until = uv_hrtime() + (uint64_t)ms * 1000000, now;

	if (!queue.running)
		return true;
	uv_mutex_lock(&queue.mutex);
	queue.stopping = true;
	uv_cond_broadcast(&queue.changed);
	while (!queue.ended && (now = uv_hrtime()) < until)
		uv_cond_timedwait(&queue.changed, &queue.mutex, until - now);
	bool ended = queue.ended;
	uv_mutex_unlock(&queue.mutex);
	if (!ended)
		return false;
	uv_thread_join(&queue.thread);
	release();
	return true;
}
