// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"
#include "tests/unit/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 10000, STEP_MS = 25, WIRE_ROOM = 1 << 20 };

uv_loop_t wire_loop;
struct wire_core core;
struct driver_core wire_driver_core;

static int64_t jumped_ms;	// how far the loop's time is ahead of the machine's
static int64_t wait_began_ms;

// ---- the core

static uint64_t
on_deliver(void *context, void *listener, uint64_t token, const struct peer *peer, const struct label *label,
	enum content_kind kind, struct blob *message, struct span return_label)
{
	(void)context;
	(void)listener;
	assert_int_equal(kind, CONTENT_PKIMESSAGE);
	assert_true(return_label.len <= sizeof(core.return_label));
	core.return_label_len = return_label.len;
	if (return_label.len > 0)
		memcpy(core.return_label, return_label.data, return_label.len);
	core.delivered++;
	core.token = token;
	core.peer = *peer;
	core.label = *label;
	core.octets = blob_span(message).len;
	return (uint64_t)core.delivered;
}

static uint64_t
on_resume(void *context, void *listener, uint64_t token, const struct peer *peer, uint64_t ticket)
{
	(void)context;
	(void)listener;
	core.resumed++;
	core.token = token;
	core.peer = *peer;
	core.ticket = ticket;
	return (uint64_t)(1000 + core.resumed);
}

static void
on_gone(void *context, uint64_t exchange)
{
	(void)context;
	core.gone++;
	core.last_gone = exchange;
}

static void
on_sent(void *context, uint64_t exchange, bool well)
{
	(void)context;
	(void)exchange;
	(void)well;
}

static void
on_outcome(void *context, uint64_t submission, const struct outcome *o)
{
	(void)context;
	assert_true(core.outcome_count < CORE_OUTCOMES);
	struct core_outcome *kept = &core.outcomes[core.outcome_count++];
	*kept = (struct core_outcome){ .submission = submission, .kind = o->kind, .timeout = o->timeout, .garbled = o->garbled,
		.status = o->status, .octets = o->message != NULL ? blob_span(o->message).len : 0 };
	snprintf(kept->text, sizeof(kept->text), "%s", o->text != NULL ? o->text : "");
}

static void
on_quiet(void *context, void *listener)
{
	(void)context;
	(void)listener;
	core.quiet++;
}

static void
on_count(void *context, const char *what)
{
	(void)context;
	core.refused += strcmp(what, "http.refused") == 0 || strcmp(what, "tcp.framing") == 0;
}

// ---- the loop

void
wire_begin(void)
{
	memset(&core, 0, sizeof(core));
	uv_loop_init(&wire_loop);
	wire_driver_core = (struct driver_core){ .context = &core, .loop = &wire_loop, .deliver = on_deliver, .resume = on_resume, .gone = on_gone,
		.sent = on_sent, .outcome = on_outcome, .quiet = on_quiet, .count = on_count };
}

void
wire_end(void)
{
	UNTIL(!uv_loop_alive(&wire_loop));
	assert_int_equal(uv_loop_close(&wire_loop), 0);
	assert_int_equal(blob_bytes(), 0);
}

// ---- time: the timers of the loop go by CLOCK_MONOTONIC, which is ours here.
// While nothing happens it runs faster, so that nobody waits for a tick.

static int
real_time(clockid_t id, struct timespec *t)
{
	static int (*next)(clockid_t, struct timespec *);

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
	return next(id, t);
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = real_time(id, t);

	if (rc != 0 || (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE))
		return rc;
	int64_t ns = t->tv_nsec + jumped_ms % 1000 * 1000000;
	t->tv_sec += (time_t)(jumped_ms / 1000 + ns / 1000000000);
	t->tv_nsec = (long)(ns % 1000000000);
	return 0;
}

static int64_t
real_ms(void)
{
	struct timespec t;

	real_time(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
wire_wait_begins(void)
{
	wait_began_ms = real_ms();
}

void
wire_turn(void)
{
	struct pollfd backend = { .fd = uv_backend_fd(&wire_loop), .events = POLLIN };

	uv_run(&wire_loop, UV_RUN_NOWAIT);
	if (poll(&backend, 1, 1) == 0)
		jumped_ms += STEP_MS;
	if (real_ms() - wait_began_ms > WAIT_MS)
		fail_msg("what was waited for did not happen");
}

void
wire_pass(int64_t ms)
{
	wire_wait_begins();
	for (int64_t until = jumped_ms + ms; jumped_ms < until;)
		wire_turn();
	wire_settle();
}

void
wire_settle(void)
{
	for (int i = 0; i < 20; i++)
		uv_run(&wire_loop, UV_RUN_NOWAIT);
}

void
wire_closed(void *context)
{
	*(bool *)context = true;
}

// ---- a connection

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct wire *w = poll->data;
	uint8_t room[65536];
	ssize_t n = -1;

	(void)events;
	if (status == 0)
		n = recv(w->fd, room, sizeof(room), 0);
	if (n > 0) {
		buffer_append(&w->in, span_of(room, (size_t)n));
		return;
	}
	if (n < 0 && errno == EAGAIN)
		return;
	w->ended = true;
	uv_poll_stop(poll);
}

static void
begin_wire(struct wire *w, int fd)
{
	memset(w, 0, sizeof(*w));
	w->fd = fd;
	w->open = true;
	buffer_init(&w->in, WIRE_ROOM);
	assert_int_equal(uv_poll_init(&wire_loop, &w->poll, fd), 0);
	w->poll.data = w;
	uv_poll_start(&w->poll, UV_READABLE, on_readable);
}

void
wire_connect(struct wire *w, const char *from, unsigned port)
{
	struct sockaddr_in own = { .sin_family = AF_INET }, other = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, from, &own.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&other, sizeof(other)), 0);
	begin_wire(w, fd);
}

// Loopback hands octets over by itself, but not always at once.
void
wire_arrive(const struct wire *w)
{
	int left = 1;

	for (int i = 0; i < 2000 && ioctl(w->fd, SIOCOUTQ, &left) == 0 && left > 0; i++) {
		uv_run(&wire_loop, UV_RUN_NOWAIT);
		usleep(500);
	}
	wire_settle();
}

void
wire_send(struct wire *w, const void *octets, size_t len)
{
	const uint8_t *at = octets;

	while (len > 0) {
		ssize_t n = send(w->fd, at, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			wire_turn();	// the driver reads what is in the way
			continue;
		}
		if (n < 0)
			return;		// closed by the driver: the test looks at `ended`
		at += n;
		len -= (size_t)n;
	}
}

void
wire_text(struct wire *w, const char *text)
{
	wire_send(w, text, strlen(text));
}

void
wire_close(struct wire *w)
{
	if (!w->open)
		return;
	w->open = false;
	uv_close((uv_handle_t *)&w->poll, NULL);
	close(w->fd);
	buffer_clear(&w->in);
	wire_settle();
}

bool
wire_has(const struct wire *w, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i + n <= w->in.len; i++)
		if (memcmp(w->in.data + i, text, n) == 0)
			return true;
	return false;
}

// ---- a server

int
wire_bound_socket(unsigned *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void
on_acceptable(uv_poll_t *poll, int status, int events)
{
	struct wire_server *s = poll->data;
	int fd;

	(void)events;
	assert_int_equal(status, 0);
	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		fcntl(fd, F_SETFL, O_NONBLOCK);
		assert_true(s->count < SERVER_WIRES);
		begin_wire(&s->wires[s->count++], fd);
	}
}

void
wire_serve(struct wire_server *s)
{
	memset(s, 0, sizeof(*s));
	s->fd = wire_bound_socket(&s->port);
	assert_int_equal(uv_poll_init(&wire_loop, &s->poll, s->fd), 0);
	s->poll.data = s;
	uv_poll_start(&s->poll, UV_READABLE, on_acceptable);
}

void
wire_server_close(struct wire_server *s)
{
	for (int i = 0; i < s->count; i++)
		wire_close(&s->wires[i]);
	uv_close((uv_handle_t *)&s->poll, NULL);
	wire_settle();
	close(s->fd);
}
