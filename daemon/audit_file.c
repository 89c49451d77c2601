// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"
#include "daemon/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/memory.h"

enum { LOOK_MS = 1000, LINES_AT_ONCE = 256, OCTETS_AT_ONCE = LINES_AT_ONCE * (AUDIT_FIELDS_MAX + 256), TAIL = 2 * (AUDIT_FIELDS_MAX + 256) };

struct audit_file {
	uv_loop_t *loop;
	struct store *store;
	uv_timer_t timer;
	uv_fs_t write;
	int fd;
	int64_t last;			// number of the last line in the file
	int64_t reached;		// of the last line in the buffer
	struct buffer lines;
	size_t written;
	bool busy, again, closing, is_blocked;
	void (*blocked)(void *context, const char *why);
	void *context;
	void (*closed)(void *context);
	void *closed_context;
};

// ---- what the file holds already

static int64_t
seq_of(const char *line)
{
	const char *at = strstr(line, "\"seq\":");

	return at != NULL ? strtoll(at + 6, NULL, 10) : 0;
}

// The last whole line tells where to go on; what stands behind it was cut off by a crash.
static bool
find_end(struct audit_file *a, const char *path, struct fault *f)
{
	char *tail = mem_alloc(TAIL + 1);
	off_t size = lseek(a->fd, 0, SEEK_END);
	off_t from = size > TAIL ? size - TAIL : 0;
	ssize_t n = tail != NULL && size >= 0 ? pread(a->fd, tail, (size_t)(size - from), from) : -1;

	if (n < 0) {
		mem_free(tail);
		return fault_set(f, FAIL_NONE, path, "cannot be read: %s", tail == NULL ? "out of memory" : strerror(errno));
	}
	tail[n] = '\0';
	char *end = memrchr(tail, '\n', (size_t)n);
	bool well = true;
	if (end == NULL && size > 0)
		well = fault_set(f, FAIL_NONE, path, "is no audit file: move it away");
	else if (end != NULL && end + 1 < tail + n && ftruncate(a->fd, from + (end + 1 - tail)) != 0)
		well = fault_set(f, FAIL_NONE, path, "its unfinished last line cannot be cut off: %s", strerror(errno));
	if (end != NULL) {
		*end = '\0';
		char *begin = strrchr(tail, '\n');
		a->last = seq_of(begin != NULL ? begin + 1 : tail);
	}
	mem_free(tail);
	return well;
}

// ---- writing

static void finish_close(struct audit_file *a);
static void look(struct audit_file *a);

static void
block(struct audit_file *a, const char *why)
{
	if (why == NULL && !a->is_blocked)
		return;
	if (why != NULL && !a->is_blocked)
		log_event(LOG_ERROR_, "audit", NULL, "the audit file cannot be written: %s; the records stay in the store", why);
	a->is_blocked = why != NULL;
	a->blocked(a->context, why);
}

static void on_written(uv_fs_t *write);

static void
write_rest(struct audit_file *a)
{
	uv_buf_t buf = uv_buf_init((char *)a->lines.data + a->written, (unsigned)(a->lines.len - a->written));

	a->write.data = a;
	if (uv_fs_write(a->loop, &a->write, a->fd, &buf, 1, -1, on_written) == 0)
		return;
	block(a, "out of memory");
	a->busy = false;
	finish_close(a);
}

static void
on_written(uv_fs_t *write)
{
	struct audit_file *a = write->data;
	ssize_t n = write->result;

	uv_fs_req_cleanup(write);
	if (n < 0) {
		// What was written of these lines is cut off, so that each stands there once.
		if (a->written > 0 && ftruncate(a->fd, lseek(a->fd, 0, SEEK_END) - (off_t)a->written) != 0)
			log_event(LOG_ERROR_, "audit", NULL, "the audit file ends in the middle of a record");
		block(a, strerror((int)-n));
		a->busy = false;
		finish_close(a);
		return;
	}
	a->written += (size_t)n;
	if (a->written < a->lines.len) {
		write_rest(a);
		return;
	}
	a->last = a->reached;
	a->busy = false;
	block(a, NULL);
	look(a);	// until nothing is left
}

static void
on_line(void *context, int64_t seq, struct span line)
{
	struct audit_file *a = context;

	if (a->lines.failed)
		return;
	size_t before = a->lines.len;
	if (buffer_append(&a->lines, line) && buffer_append_octet(&a->lines, '\n'))
		a->reached = seq;
	else
		a->lines.len = before;
}

static void
on_read(void *context, bool well, int64_t last)
{
	struct audit_file *a = context;

	(void)last;
	if (well && a->lines.len > 0) {
		a->lines.failed = false;
		a->written = 0;
		write_rest(a);
		return;
	}
	a->busy = false;
	bool again = a->again;
	a->again = false;
	if (again && !a->closing)
		look(a);
	finish_close(a);
}

static void
look(struct audit_file *a)
{
	if (a->busy) {
		a->again = true;
		return;
	}
	a->busy = true;
	a->lines.len = 0;
	a->lines.failed = false;
	if (!audit_read(a->store, a->last, LINES_AT_ONCE, on_line, on_read, a)) {
		a->busy = false;
		finish_close(a);
	}
}

static void
on_timer(uv_timer_t *timer)
{
	audit_file_poke(timer->data);
}

void
audit_file_poke(struct audit_file *a)
{
	if (!a->closing)
		look(a);
}

struct audit_file *
audit_file_open(uv_loop_t *loop, struct store *store, const char *path, void (*blocked)(void *context, const char *why), void *context, struct fault *f)
{
	struct audit_file *a = mem_alloc(sizeof(*a));

	if (a == NULL) {
		fault_set(f, FAIL_NONE, "", "out of memory");
		return NULL;
	}
	a->loop = loop;
	a->store = store;
	a->blocked = blocked;
	a->context = context;
	buffer_init(&a->lines, OCTETS_AT_ONCE);
	a->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0640);
	if (a->fd < 0)
		fault_set(f, FAIL_NONE, path, "cannot be opened for writing: %s", strerror(errno));
	if (a->fd < 0 || !find_end(a, path, f)) {
		if (a->fd >= 0)
			close(a->fd);
		mem_free(a);
		return NULL;
	}
	uv_timer_init(loop, &a->timer);
	a->timer.data = a;
	uv_timer_start(&a->timer, on_timer, 0, LOOK_MS);
	return a;
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct audit_file *a = handle->data;
	void (*closed)(void *context) = a->closed;
	void *context = a->closed_context;

	close(a->fd);
	buffer_clear(&a->lines);
	mem_free(a);
	closed(context);
}

static void
finish_close(struct audit_file *a)
{
	if (a->closing && !a->busy && !uv_is_closing((uv_handle_t *)&a->timer))
		uv_close((uv_handle_t *)&a->timer, on_timer_closed);
}

void
audit_file_close(struct audit_file *a, void (*closed)(void *context), void *context)
{
	if (a == NULL) {
		closed(context);
		return;
	}
	a->closed = closed;
	a->closed_context = context;
	a->closing = true;
	if (!a->busy)
		look(a);
}
