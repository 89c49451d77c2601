// SPDX-License-Identifier: GPL-3.0-or-later
// Frames, and the control socket against hostile and clumsy peers.
#include "build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/memory.h"
#include "daemon/control.h"

// ---- frames

static void
frames_come_in_any_pieces(void **state)
{
	struct frame_reader r;
	struct buffer out;
	struct span frame;

	(void)state;
	buffer_init(&out, 4096);
	assert_true(frame_append(&out, span_text("a"), 10));
	assert_true(frame_append(&out, span_text("0123456789"), 10));
	assert_true(frame_append(&out, span_text("xyz"), 10));
	assert_false(frame_append(&out, span_text("01234567890"), 10));
	assert_false(frame_append(&out, span_text(""), 10));
	assert_int_equal(out.len, 5 + 14 + 7);
	for (size_t piece = 1; piece <= out.len; piece++) {
		static const char *const want[] = { "a", "0123456789", "xyz" };
		size_t at = 0, seen = 0;
		frame_reader_init(&r, 10);
		while (at < out.len || seen < 3) {
			size_t n = piece < out.len - at ? piece : out.len - at;
			at += frame_feed(&r, span_of(out.data + at, n), NULL);
			while (frame_next(&r, &frame, NULL) == FRAME_READY) {
				assert_true(span_equal(frame, span_text(want[seen++])));
				frame_done(&r);
			}
		}
		assert_int_equal(seen, 3);
		assert_int_equal(frame_next(&r, &frame, NULL), FRAME_PARTLY);
		assert_true(r.in.cap <= FRAME_HEAD + 10);
		frame_reader_clear(&r);
	}
	buffer_clear(&out);
}

static void
hostile_lengths_are_refused_at_once(void **state)
{
	static const struct { uint8_t head[4]; enum frame_state want; } rows[] = {
		{ { 0, 0, 0, 0 }, FRAME_BAD }, { { 0, 0, 0, 1 }, FRAME_PARTLY }, { { 0, 0, 4, 0 }, FRAME_PARTLY }, { { 0, 0, 4, 1 }, FRAME_BAD },
		{ { 0xff, 0xff, 0xff, 0xff }, FRAME_BAD }, { { 0x80, 0, 0, 0 }, FRAME_BAD }, { { 0x7f, 0xff, 0xff, 0xff }, FRAME_BAD },
	};
	struct frame_reader r;
	struct span frame;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fault f = { 0 };
		frame_reader_init(&r, 1024);
		assert_int_equal(frame_feed(&r, span_of(rows[i].head, 3), NULL), 3);
		assert_int_equal(frame_next(&r, &frame, &f), FRAME_PARTLY);
		assert_int_equal(frame_feed(&r, span_of(rows[i].head + 3, 1), NULL), 1);
		assert_int_equal(frame_next(&r, &frame, &f), rows[i].want);
		assert_int_equal(f.set, rows[i].want == FRAME_BAD);
		assert_true(r.in.cap <= 256);	// nothing by the announced length
		frame_done(&r);			// of nothing: harmless
		frame_reader_clear(&r);
	}
}

static void
frames_without_memory_are_bad(void **state)
{
	struct frame_reader r;
	struct span frame;
	struct fault f = { 0 };

	(void)state;
	frame_reader_init(&r, 1024);
	mem_fail(1, 0);
	assert_int_equal(frame_feed(&r, span_text("abc"), &f), 0);
	mem_fail(0, 0);
	assert_true(f.set);
	assert_int_equal(frame_next(&r, &frame, &f), FRAME_BAD);
	frame_reader_clear(&r);
}

// ---- the socket

struct scene {
	char *folder, *path;
	uv_loop_t loop;
	struct control *control;
	uint64_t later;		// a call that is not answered yet
	unsigned asked;
	bool closed;
};

static void
on_echo(void *context, struct control *c, uint64_t call, const cJSON *request)
{
	struct scene *s = context;

	s->asked++;
	control_answer(c, call, CONTROL_DONE, "echo", cJSON_Duplicate(request, 1));
}

static void
on_later(void *context, struct control *c, uint64_t call, const cJSON *request)
{
	struct scene *s = context;

	(void)request;
	s->later = call;
	control_progress(c, call, "one", NULL);
	control_progress(c, call, NULL, cJSON_CreateString("two"));
}

static void
on_long(void *context, struct control *c, uint64_t call, const cJSON *request)
{
	char *text = mem_alloc(CONTROL_FRAME_MAX + 1);

	(void)context;
	(void)request;
	memset(text, 'x', CONTROL_FRAME_MAX);
	control_answer(c, call, CONTROL_DONE, text, NULL);
	mem_free(text);
}

static void
open_control(struct scene *s, int64_t idle_ms)
{
	struct control_setup setup = { .path = s->path, .store = s->folder, .idle_ms = idle_ms };
	struct fault f = { 0 };

	s->control = control_open(&s->loop, &setup, &f);
	if (s->control == NULL)
		fail_msg("%s", f.text);
	s->closed = false;
	assert_true(control_register(s->control, &(struct control_command){ "echo", on_echo, s }));
	assert_true(control_register(s->control, &(struct control_command){ "later", on_later, s }));
	assert_true(control_register(s->control, &(struct control_command){ "long", on_long, s }));
	assert_false(control_register(s->control, &(struct control_command){ "echo", on_long, s }));
}

static int
set_up(void **state)
{
	struct scene *s = mem_alloc(sizeof(*s));

	s->folder = mem_text("/tmp/cmpgate-control.XXXXXX");
	assert_non_null(mkdtemp(s->folder));
	assert_int_equal(chmod(s->folder, 0755), 0);
	s->path = mem_printf("%s/c.sock", s->folder);
	assert_int_equal(uv_loop_init(&s->loop), 0);
	open_control(s, 0);
	*state = s;
	return 0;
}

static void
on_closed(void *context)
{
	((struct scene *)context)->closed = true;
}

static void
close_control(struct scene *s)
{
	control_close(s->control, on_closed, s);
	while (!s->closed)
		uv_run(&s->loop, UV_RUN_ONCE);
}

static int
tear_down(void **state)
{
	struct scene *s = *state;

	if (!s->closed)
		close_control(s);
	assert_int_not_equal(access(s->path, F_OK), 0);
	assert_int_equal(uv_loop_close(&s->loop), 0);
	rmdir(s->folder);
	mem_free(s->folder);
	mem_free(s->path);
	mem_free(s);
	return 0;
}

static int
connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(a.sun_path, path, strlen(path) + 1);
	assert_true(fd >= 0);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
put(int fd, const void *octets, size_t len)
{
	assert_int_equal(write(fd, octets, len), (ssize_t)len);
}

static void
ask(int fd, const char *text)
{
	struct buffer out;

	buffer_init(&out, FRAME_HEAD + CONTROL_FRAME_MAX);
	assert_true(frame_append(&out, span_text(text), CONTROL_FRAME_MAX));
	put(fd, out.data, out.len);
	buffer_clear(&out);
}

// Turn the loop until an octet can be read (1), the other side has closed (0), or 20 s have gone (-1).
static int
wait_octet(struct scene *s, int fd, uint8_t *octet)
{
	for (int i = 0; i < 20000; i++) {
		uv_run(&s->loop, UV_RUN_NOWAIT);
		ssize_t n = read(fd, octet, 1);
		if (n >= 0 || errno == ECONNRESET)
			return n > 0;
		usleep(1000);
	}
	return -1;
}

// The next answer; NULL when the connection was closed instead.
static cJSON *
hear(struct scene *s, int fd)
{
	uint8_t head[4], octet;
	cJSON *o;

	for (size_t i = 0; i < sizeof(head); i++)
		if (wait_octet(s, fd, &head[i]) != 1)
			return NULL;
	size_t len = (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	assert_in_range(len, 1, CONTROL_FRAME_MAX);
	char *text = mem_alloc(len + 1);
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(wait_octet(s, fd, &octet), 1);
		text[i] = (char)octet;
	}
	o = cJSON_Parse(text);
	assert_non_null(o);
	mem_free(text);
	return o;
}

static void
expect(struct scene *s, int fd, bool last, int code, const char *text)
{
	cJSON *o = hear(s, fd);

	assert_non_null(o);
	assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItem(o, "last")), last);
	if (last)
		assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(o, "exit")), code);
	if (text != NULL)
		assert_non_null(strstr(cJSON_GetStringValue(cJSON_GetObjectItem(o, "text")), text));
	cJSON_Delete(o);
}

static void
expect_closed(struct scene *s, int fd)
{
	uint8_t octet;

	assert_int_equal(wait_octet(s, fd, &octet), 0);
	close(fd);
}

static void
a_command_is_asked_and_answered(void **state)
{
	struct scene *s = *state;
	struct stat st;
	int fd = connect_to(s->path);

	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	ask(fd, "{\"command\":\"echo\",\"n\":[1,2]}");
	cJSON *o = hear(s, fd);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(o, "last")));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "data"), "n")), 2);
	cJSON_Delete(o);
	// Three at once: one after the other.
	for (int i = 0; i < 3; i++)
		ask(fd, "{\"command\":\"echo\"}");
	for (int i = 0; i < 3; i++)
		expect(s, fd, true, CONTROL_DONE, "echo");
	assert_int_equal(s->asked, 4);
	ask(fd, "{\"command\":\"nonsense\"}");
	expect(s, fd, true, CONTROL_USAGE, "no command 'nonsense'");
	ask(fd, "{\"command\":\"long\"}");
	expect(s, fd, true, CONTROL_INTERNAL, "longer");
	close(fd);
}

static void
answers_may_come_later(void **state)
{
	struct scene *s = *state;
	int fd = connect_to(s->path), other = connect_to(s->path);

	ask(fd, "{\"command\":\"later\"}");
	ask(fd, "{\"command\":\"echo\"}");
	expect(s, fd, false, 0, "one");
	expect(s, fd, false, 0, NULL);
	assert_int_equal(s->asked, 0);	// the second waits for the first
	ask(other, "{\"command\":\"echo\"}");
	expect(s, other, true, CONTROL_DONE, "echo");
	control_answer(s->control, s->later, CONTROL_CONFIG, "no", NULL);
	control_answer(s->control, s->later, CONTROL_DONE, "once only", NULL);
	expect(s, fd, true, CONTROL_CONFIG, "no");
	expect(s, fd, true, CONTROL_DONE, "echo");
	close(fd);
	// Who has gone is not answered, and harms nobody.
	ask(other, "{\"command\":\"later\"}");
	expect(s, other, false, 0, "one");
	close(other);
	for (int i = 0; i < 20; i++)
		uv_run(&s->loop, UV_RUN_NOWAIT);
	for (int i = 0; i < 20; i++)
		control_progress(s->control, s->later, "still at it", cJSON_CreateString("x"));
	control_answer(s->control, s->later, CONTROL_DONE, "done", cJSON_CreateString("x"));
	for (int i = 0; i < 20; i++)
		uv_run(&s->loop, UV_RUN_NOWAIT);
	control_answer(s->control, s->later, CONTROL_DONE, "done", cJSON_CreateString("x"));
}

static void
another_gateway_is_told_apart(void **state)
{
	struct scene *s = *state;
	int fd = connect_to(s->path);
	char *text = mem_printf("{\"command\":\"echo\",\"store\":\"%s\"}", s->folder);

	ask(fd, text);
	expect(s, fd, true, CONTROL_DONE, "echo");
	ask(fd, "{\"command\":\"echo\",\"store\":\"/var/lib/other\"}");
	cJSON *o = hear(s, fd);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(o, "other")));
	cJSON_Delete(o);
	assert_int_equal(s->asked, 1);
	mem_free(text);
	close(fd);
}

static void
nonsense_ends_a_connection(void **state)
{
	struct scene *s = *state;
	static const struct { const char *octets; size_t len; const char *text; } rows[] = {
		{ "\0\0\0\0", 4, "a frame of 0 octets" }, { "\xff\xff\xff\xff", 4, "a frame of 4294967295 octets" }, { "\0\1\0\1", 4, "a frame of 65537 octets" },
		{ "\0\0\0\1{", 5, "not a JSON object" }, { "\0\0\0\2[]", 6, "not a JSON object" }, { "\0\0\0\4null", 8, "not a JSON object" },
		{ "\0\0\0\1\0", 5, "not a JSON object" }, { "GET / HTTP/1.1\r\n\r\n", 18, "a frame of" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = connect_to(s->path);
		put(fd, rows[i].octets, rows[i].len);
		expect(s, fd, true, CONTROL_USAGE, rows[i].text);
		expect_closed(s, fd);
	}
	static const char *const odd[] = {
		"{}", "{\"command\":1}", "{\"command\":null}", "{\"Command\":\"echo\"}", "{\"command\":\"echo\",\"store\":7}", "{\"command\":[\"echo\"]}",
	};
	int fd = connect_to(s->path);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		ask(fd, odd[i]);
		expect(s, fd, true, CONTROL_USAGE, "names no command");
	}
	// A million brackets in a frame of the longest kind.
	char *deep = mem_alloc(CONTROL_FRAME_MAX + 1);
	memset(deep, '[', CONTROL_FRAME_MAX);
	ask(fd, deep);
	mem_free(deep);
	expect(s, fd, true, CONTROL_USAGE, "not a JSON object");
	expect_closed(s, fd);
	assert_int_equal(s->asked, 0);
	fd = connect_to(s->path);
	ask(fd, "{\"command\":\"echo\"}");
	expect(s, fd, true, CONTROL_DONE, "echo");
	close(fd);
}

static void
too_many_are_turned_away(void **state)
{
	struct scene *s = *state;
	int fds[CONTROL_CONNECTIONS];

	for (int i = 0; i < CONTROL_CONNECTIONS; i++) {
		fds[i] = connect_to(s->path);
		ask(fds[i], "{\"command\":\"echo\"}");
		expect(s, fds[i], true, CONTROL_DONE, "echo");
	}
	for (int i = 0; i < 20; i++) {
		int more = connect_to(s->path);
		assert_true(more >= 0);
		expect(s, more, true, CONTROL_LOCAL, "too many");
		expect_closed(s, more);
	}
	close(fds[0]);
	uv_run(&s->loop, UV_RUN_NOWAIT);
	uv_run(&s->loop, UV_RUN_NOWAIT);
	fds[0] = connect_to(s->path);
	for (int i = 0; i < CONTROL_CONNECTIONS; i++) {
		ask(fds[i], "{\"command\":\"echo\"}");
		expect(s, fds[i], true, CONTROL_DONE, "echo");
		close(fds[i]);
	}
}

// Silence, half a request, and a request octet by octet: the time runs from the start.
static void
the_idle_are_closed(void **state)
{
	struct scene *s = *state;
	uint8_t octet;
	int fd, silent, slow;

	close_control(s);
	open_control(s, 400);
	silent = connect_to(s->path);
	slow = connect_to(s->path);
	fd = connect_to(s->path);
	put(fd, "\0\0\0\x20{", 5);
	put(slow, "\0\0\x40\0", 4);
	uint64_t began = uv_hrtime();
	int state_of_slow = -1;
	while (state_of_slow == -1 && uv_hrtime() - began < 9000000000ull) {
		uv_run(&s->loop, UV_RUN_NOWAIT);
		close(connect_to(s->path));	// others that come all the time put nothing off
		ssize_t n = read(slow, &octet, 1);
		if (n >= 0)
			state_of_slow = 0;
		else if (write(slow, " ", 1) != 1)
			state_of_slow = 0;
		usleep(20000);
	}
	assert_in_range((uv_hrtime() - began) / 1000000, 300, 8000);	// less than the standard, also on a busy machine
	close(slow);
	expect_closed(s, fd);
	expect_closed(s, silent);
	// One that is being served waits as long as it takes.
	fd = connect_to(s->path);
	ask(fd, "{\"command\":\"later\"}");
	expect(s, fd, false, 0, "one");
	expect(s, fd, false, 0, NULL);
	began = uv_hrtime();
	while (uv_hrtime() - began < 900000000) {
		uv_run(&s->loop, UV_RUN_NOWAIT);
		usleep(10000);
	}
	control_answer(s->control, s->later, CONTROL_DONE, "at last", NULL);
	expect(s, fd, true, CONTROL_DONE, "at last");
	close(fd);
}

// Someone who asks and does not listen.
static void
a_slow_reader_is_let_go(void **state)
{
	struct scene *s = *state;
	int fd = connect_to(s->path);
	char *text = mem_alloc(32 * 1024 + 1);
	cJSON *o;

	memset(text, 'x', 32 * 1024);
	ask(fd, "{\"command\":\"later\"}");
	while (s->later == 0)
		uv_run(&s->loop, UV_RUN_ONCE);
	for (int i = 0; i < 100; i++)
		control_progress(s->control, s->later, text, NULL);
	mem_free(text);
	for (int i = 0; i < 20; i++)
		uv_run(&s->loop, UV_RUN_NOWAIT);
	int heard = 0;
	while ((o = hear(s, fd)) != NULL) {
		cJSON_Delete(o);
		heard++;
	}
	assert_in_range(heard, 1, 50);
	close(fd);
}

static void
memory_may_be_out_while_asking(void **state)
{
	struct scene *s = *state;
	unsigned answered = 0;

	for (uint64_t n = 1; n < 40; n++) {
		int fd = connect_to(s->path);
		cJSON *o;
		ask(fd, "{\"command\":\"echo\",\"n\":[1,2,\"three\"]}");
		mem_fail(n, 0);
		for (int i = 0; i < 20; i++)
			uv_run(&s->loop, UV_RUN_NOWAIT);
		mem_fail(0, 0);
		o = hear(s, fd);
		answered += o != NULL;
		cJSON_Delete(o);
		close(fd);
	}
	assert_in_range(answered, 1, 38);
	int fd = connect_to(s->path);
	ask(fd, "{\"command\":\"echo\"}");
	expect(s, fd, true, CONTROL_DONE, "echo");
	close(fd);
}

// ---- who may ask

static void
only_our_own_may_ask(void **state)
{
	static const struct { uid_t peer; gid_t group, more; bool may; } rows[] = {
		{ 0, 0, 0, true }, { 900, 100, 0, true }, { 1000, 950, 0, true }, { 1000, 100, 950, true }, { 1000, 1000, 1001, false },
		{ 950, 900, 900, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(control_may_ask(rows[i].peer, rows[i].group, &rows[i].more, 1, 900, 950), rows[i].may);
	assert_false(control_may_ask(1000, 1000, NULL, 0, 900, 950));
}

// As another user, in a child; prints nothing, answers by its exit code.
static pid_t
ask_as(const struct scene *s, uid_t uid, gid_t gid, gid_t more)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	if (setgroups(1, &more) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
		_exit(9);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	memcpy(a.sun_path, s->path, strlen(s->path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		_exit(errno == EACCES ? 8 : 7);
	static const char request[] = "\0\0\0\x12{\"command\":\"echo\"}";
	char answer[400] = "";
	if (write(fd, request, sizeof(request) - 1) < 0 && errno != EPIPE)
		_exit(6);
	size_t len = 0;
	ssize_t n;
	while (len < sizeof(answer) - 1 && (n = read(fd, answer + len, sizeof(answer) - 1 - len)) > 0 && (len += (size_t)n) < 30)
		;
	_exit(len > 4 && strstr(answer + 4, "\"exit\":0") != NULL ? 0 : strstr(answer + 4, "may not ask") != NULL ? 1 : 5);
}

static int
outcome_of(struct scene *s, pid_t child)
{
	int status;

	assert_true(child > 0);
	for (int i = 0; i < 20000; i++) {
		uv_run(&s->loop, UV_RUN_NOWAIT);
		if (waitpid(child, &status, WNOHANG) == child)
			return WEXITSTATUS(status);
		usleep(1000);
	}
	return -1;
}

static void
another_user_is_turned_away(void **state)
{
	struct scene *s = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(outcome_of(s, ask_as(s, 12345, 12345, 12345)), 8);	// by the mode of the socket
	assert_int_equal(chmod(s->path, 0666), 0);
	assert_int_equal(outcome_of(s, ask_as(s, 12345, 12345, 12345)), 1);	// by who it is
	assert_int_equal(s->asked, 0);
	assert_int_equal(outcome_of(s, ask_as(s, 12345, 12345, getegid())), 0);
	assert_int_equal(outcome_of(s, ask_as(s, 12345, getegid(), 12345)), 0);
	assert_int_equal(outcome_of(s, ask_as(s, 0, 12345, 12345)), 0);
}

// ---- the place

static void
a_dead_socket_is_replaced_a_living_one_never(void **state)
{
	struct scene *s = *state;
	struct control_setup setup = { .path = s->path, .store = s->folder };
	struct fault f = { 0 };
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char *link = mem_printf("%s/kept", s->folder);

	assert_null(control_open(&s->loop, &setup, &f));
	assert_non_null(strstr(f.text, "another process serves"));
	int fd = connect_to(s->path);
	assert_true(fd >= 0);	// and it still does
	close(fd);
	close_control(s);
	memcpy(a.sun_path, s->path, strlen(s->path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);	// as a process leaves it that was killed
	assert_int_equal(access(s->path, F_OK), 0);
	open_control(s, 0);
	fd = connect_to(s->path);
	ask(fd, "{\"command\":\"echo\"}");
	expect(s, fd, true, CONTROL_DONE, "echo");
	close(fd);
	// What another put in its place is not removed at the end.
	assert_int_equal(unlink(s->path), 0);
	fd = open(s->path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	close_control(s);
	assert_int_equal(access(s->path, F_OK), 0);
	f.set = false;
	assert_null(control_open(&s->loop, &setup, &f));
	assert_non_null(strstr(f.text, "cannot use"));
	assert_int_equal(unlink(s->path), 0);
	mem_free(link);
}

static void
a_place_that_cannot_be_used_is_said(void **state)
{
	struct scene *s = *state;
	struct control_setup setup = { .path = "/nowhere/at/all/c.sock", .store = s->folder };
	struct fault f = { 0 };
	char *longest = mem_alloc(200);

	assert_null(control_open(&s->loop, &setup, &f));
	assert_true(f.set);
	memset(longest, 'x', 199);
	longest[0] = '/';
	setup.path = longest;
	f.set = false;
	assert_null(control_open(&s->loop, &setup, &f));
	assert_non_null(strstr(f.text, "longer than"));
	mem_free(longest);
	control_close(NULL, on_closed, s);
	assert_true(s->closed);
	s->closed = false;
}

// Chosen: below /run only where that is ours; here the state folder.
static void
the_state_folder_is_the_last_resort(void **state)
{
	struct scene *s = *state;
	struct control_setup setup = { .store = s->folder };
	struct fault f = { 0 };
	struct control *c;
	char *path = mem_printf("%s/" CONTROL_FILE, s->folder);
	bool closed_too = false;

	(void)closed_too;
	if (access("/run/cmpgate", F_OK) == 0)
		skip();
	c = control_open(&s->loop, &setup, &f);
	assert_non_null(c);
	assert_string_equal(control_path(c), path);
	assert_int_equal(access(path, F_OK), 0);
	control_close(c, NULL, NULL);
	assert_int_not_equal(access(path, F_OK), 0);
	mem_free(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		cmocka_unit_test(frames_come_in_any_pieces),
		cmocka_unit_test(hostile_lengths_are_refused_at_once),
		cmocka_unit_test(frames_without_memory_are_bad),
		TEST(a_command_is_asked_and_answered),
		TEST(answers_may_come_later),
		TEST(another_gateway_is_told_apart),
		TEST(nonsense_ends_a_connection),
		TEST(too_many_are_turned_away),
		TEST(the_idle_are_closed),
		TEST(a_slow_reader_is_let_go),
		TEST(memory_may_be_out_while_asking),
		cmocka_unit_test(only_our_own_may_ask),
		TEST(another_user_is_turned_away),
		TEST(a_dead_socket_is_replaced_a_living_one_never),
		TEST(a_place_that_cannot_be_used_is_said),
		TEST(the_state_folder_is_the_last_resort),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
