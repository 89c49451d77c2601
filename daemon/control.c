// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"
#include "daemon/control.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/frame.h"
#include "base/handle.h"
#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

enum {
	CHUNK = 4096,			// octets read at a time
	PENDING_MAX = 256 * 1024,	// octets that wait for a slow reader
	GROUPS_MAX = 256,
	TICK_MS = 250
};

struct link {
	struct link *next;
	struct control *control;
	uv_pipe_t pipe;
	struct frame_reader in;
	uint64_t call;		// under way; 0: none
	int64_t deadline_ms;	// 0: none
	size_t pending;		// octets being written
	uid_t peer;
	bool accepted;		// counts as a connection, and may ask
	bool reading;
	bool ends;		// closed when everything is written
	bool closing;
};

struct answer { uv_write_t write; struct link *link; struct buffer octets; };

struct control {
	uv_loop_t *loop;
	uv_pipe_t listener;
	uv_timer_t tick;
	struct link *links;
	size_t accepted, handles;
	struct handle_table calls;
	struct control_command commands[CONTROL_COMMANDS];
	size_t command_count;
	char *path, *store;
	int64_t idle_ms;
	dev_t device;		// of the socket that is ours
	ino_t inode;
	bool listening;		// the listener is a handle of the loop
	bool unaccepted;	// memory was out for the connection that waits
	bool closing;
	void (*closed)(void *context);
	void *context;
	char chunk[CHUNK];
};

// ---- the socket in the file system

static bool
make_address(struct sockaddr_un *a, const char *path, struct fault *f)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(a->sun_path))
		return fault_set(f, FAIL_NONE, "control", "the path of the control socket is longer than %zu octets: %.80s...; name a shorter one with control:",
			sizeof(a->sun_path) - 1, path);
	memcpy(a->sun_path, path, strlen(path) + 1);
	return true;
}

enum served { SERVED_NOBODY, SERVED_LIVING, SERVED_UNKNOWN };

// Does a living process serve this address? Only a refused connection says no for sure.
static enum served
who_serves(const struct sockaddr_un *a)
{
	struct stat st;
	int fd, error;

	if (lstat(a->sun_path, &st) != 0)
		return errno == ENOENT ? SERVED_NOBODY : SERVED_UNKNOWN;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return SERVED_UNKNOWN;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return SERVED_UNKNOWN;
	error = connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0 || errno == EAGAIN ? 0 : errno;
	close(fd);
	errno = error;
	return error == 0 ? SERVED_LIVING : error == ECONNREFUSED ? SERVED_NOBODY : SERVED_UNKNOWN;
}

// Bound under another name, closed to others, and only then put in its place:
// nobody meets it half made, and it replaces a dead one at one stroke.
static int
listen_beside(const char *path, struct fault *f)
{
	struct sockaddr_un a;
	char *beside = mem_printf("%s.new", path);
	int fd = -1;

	if (beside == NULL) {
		fault_set(f, FAIL_NONE, "control", "out of memory");
	} else if (make_address(&a, beside, f)) {
		unlink(beside);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd < 0 || bind(fd, (const struct sockaddr *)&a, sizeof(a)) != 0 || chmod(beside, 0660) != 0 ||
		    listen(fd, CONTROL_CONNECTIONS) != 0 || rename(beside, path) != 0) {
			fault_set(f, FAIL_NONE, "control", "cannot listen on %s: %s", path, strerror(errno));
			unlink(beside);
			if (fd >= 0)
				close(fd);
			fd = -1;
		}
	}
	mem_free(beside);
	return fd;
}

static int
listen_on(struct control *c, const char *path, struct fault *f)
{
	struct sockaddr_un a;
	struct stat st;
	int fd;

	if (!make_address(&a, path, f))
		return -1;
	switch (who_serves(&a)) {
	case SERVED_LIVING:
		fault_set(f, FAIL_NONE, "control", "another process serves the control socket %s; stop it, or name another with control:", path);
		return -1;
	case SERVED_UNKNOWN:
		fault_set(f, FAIL_NONE, "control", "cannot use %s as control socket: %s", path, strerror(errno));
		return -1;
	case SERVED_NOBODY:
		break;
	}
	fd = listen_beside(path, f);
	if (fd >= 0 && lstat(path, &st) == 0) {
		c->device = st.st_dev;
		c->inode = st.st_ino;
	}
	return fd;
}

// Take the place for good: the path is kept.
static int
listen_at(struct control *c, char *path, struct fault *f)
{
	int fd = path != NULL ? listen_on(c, path, f) : -1;

	if (path == NULL)
		fault_set(f, FAIL_NONE, "control", "out of memory");
	if (fd >= 0)
		c->path = path;
	else
		mem_free(path);
	return fd;
}

// The configured place; else below /run where that is ours to write and free, else in the state folder.
static int
choose(struct control *c, const struct control_setup *setup, struct fault *f)
{
	int fd = -1;

	if (setup->path != NULL)
		return listen_at(c, mem_text(setup->path), f);
	if (faccessat(AT_FDCWD, "/run/cmpgate", W_OK | X_OK, AT_EACCESS) == 0)
		fd = listen_at(c, mem_text(CONTROL_RUN), NULL);
	return fd >= 0 ? fd : listen_at(c, mem_printf("%s/%s", setup->store, CONTROL_FILE), f);
}

static void
remove_socket(const struct control *c)
{
	struct stat st;

	if (lstat(c->path, &st) == 0 && st.st_dev == c->device && st.st_ino == c->inode)
		unlink(c->path);
}

// ---- closing

static void
control_free(struct control *c)
{
	handle_table_clear(&c->calls);
	mem_free(c->path);
	mem_free(c->store);
	mem_free(c);
}

static void
on_handle_closed(uv_handle_t *handle)
{
	struct control *c = handle->data;
	void (*closed)(void *) = c->closed;
	void *context = c->context;

	if (--c->handles > 0)
		return;
	control_free(c);
	if (closed != NULL)
		closed(context);
}

static void
on_link_closed(uv_handle_t *handle)
{
	struct link *l = container_of((uv_pipe_t *)handle, struct link, pipe);
	struct control *c = l->control;

	for (struct link **at = &c->links; *at != NULL; at = &(*at)->next)
		if (*at == l) {
			*at = l->next;
			break;
		}
	c->accepted -= l->accepted;
	frame_reader_clear(&l->in);
	handle->data = c;
	if (c->links == NULL && !c->closing && !c->unaccepted)
		uv_timer_stop(&c->tick);
	on_handle_closed(handle);
	mem_free(l);
}

static void
link_close(struct link *l)
{
	if (l->closing)
		return;
	l->closing = true;
	handle_close(&l->control->calls, l->call);
	l->call = 0;
	uv_close((uv_handle_t *)&l->pipe, on_link_closed);
}

// ---- answering

static void link_read(struct link *l);
static void link_serve(struct link *l);
static void on_tick(uv_timer_t *tick);

static void
on_written(uv_write_t *write, int status)
{
	struct answer *a = container_of(write, struct answer, write);
	struct link *l = a->link;

	l->pending -= a->octets.len;
	buffer_clear(&a->octets);
	mem_free(a);
	if (l->closing)
		return;
	if (status != 0 || (l->pending == 0 && l->ends)) {
		link_close(l);
		return;
	}
	l->deadline_ms = l->pending > 0 || l->call == 0 ? clock_mono_ms() + l->control->idle_ms : 0;
	if (l->pending == 0 && l->call == 0)
		link_serve(l);
}

// Write one frame; a link that cannot take it is closed.
static void
link_write(struct link *l, const char *text)
{
	struct answer *a = l->closing ? NULL : mem_alloc(sizeof(*a));
	uv_buf_t buf;

	if (l->closing)
		return;
	if (a == NULL) {
		link_close(l);
		return;
	}
	a->link = l;
	buffer_init(&a->octets, FRAME_HEAD + CONTROL_FRAME_MAX);
	if (!frame_append(&a->octets, span_text(text), CONTROL_FRAME_MAX) || l->pending + a->octets.len > PENDING_MAX) {
		buffer_clear(&a->octets);
		mem_free(a);
		link_close(l);
		return;
	}
	if (l->pending == 0)
		l->deadline_ms = clock_mono_ms() + l->control->idle_ms;
	l->pending += a->octets.len;
	buf = uv_buf_init((char *)a->octets.data, (unsigned)a->octets.len);
	if (uv_write(&a->write, (uv_stream_t *)&l->pipe, &buf, 1, on_written) != 0) {
		l->pending -= a->octets.len;
		buffer_clear(&a->octets);
		mem_free(a);
		link_close(l);
	}
}

struct reply { bool last, other; enum control_code code; const char *text; cJSON *data; };

static cJSON *
reply_object(const struct reply *r)
{
	cJSON *o = cJSON_CreateObject();
	bool well = o != NULL && cJSON_AddBoolToObject(o, "last", r->last) != NULL &&
		(!r->last || cJSON_AddNumberToObject(o, "exit", r->code) != NULL) && (!r->other || cJSON_AddBoolToObject(o, "other", true) != NULL) &&
		(r->text == NULL || cJSON_AddStringToObject(o, "text", r->text) != NULL);

	if (well && r->data != NULL && cJSON_AddItemToObject(o, "data", r->data))
		return o;
	cJSON_Delete(r->data);
	if (well && r->data == NULL)
		return o;
	cJSON_Delete(o);
	return NULL;
}

static void
link_reply(struct link *l, const struct reply *r)
{
	cJSON *o = reply_object(r);
	char *text = o != NULL ? cJSON_PrintUnformatted(o) : NULL;

	cJSON_Delete(o);
	if (text == NULL)
		link_close(l);
	else if (strlen(text) <= CONTROL_FRAME_MAX)
		link_write(l, text);
	else
		link_write(l, r->last ? "{\"last\":true,\"exit\":70,\"text\":\"the answer is longer than a frame may be\"}" : "{\"last\":false}");
	cJSON_free(text);
}

void
control_progress(struct control *c, uint64_t call, const char *text, struct cJSON *data)
{
	struct link *l = handle_find(&c->calls, call);

	if (l != NULL)
		link_reply(l, &(struct reply){ .text = text, .data = data });
	else
		cJSON_Delete(data);
}

uid_t
control_peer(const struct control *c, uint64_t call)
{
	const struct link *l = handle_find(&c->calls, call);

	return l != NULL ? l->peer : (uid_t)-1;
}

static void
finish(struct link *l, const struct reply *r)
{
	handle_close(&l->control->calls, l->call);
	l->call = 0;
	link_reply(l, r);
}

void
control_answer(struct control *c, uint64_t call, enum control_code code, const char *text, struct cJSON *data)
{
	struct link *l = handle_find(&c->calls, call);

	if (l != NULL)
		finish(l, &(struct reply){ .last = true, .code = code, .text = text, .data = data });
	else
		cJSON_Delete(data);
}

// ---- asking

bool
control_register(struct control *c, const struct control_command *command)
{
	for (size_t i = 0; i < c->command_count; i++)
		if (strcmp(c->commands[i].name, command->name) == 0)
			return false;
	if (c->command_count == CONTROL_COMMANDS)
		return false;
	c->commands[c->command_count++] = *command;
	return true;
}

static const struct control_command *
command_find(const struct control *c, const char *name)
{
	for (size_t i = 0; i < c->command_count; i++)
		if (strcmp(c->commands[i].name, name) == 0)
			return &c->commands[i];
	return NULL;
}

// NULL when the member is there and of another kind.
static const char *
text_member(const cJSON *o, const char *name, const char *standard)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, name);

	return item == NULL ? standard : cJSON_GetStringValue(item);
}

static void
dispatch(struct link *l, const cJSON *request)
{
	struct control *c = l->control;
	const char *name = text_member(request, "command", NULL), *store = text_member(request, "store", c->store);
	const struct control_command *command = name != NULL ? command_find(c, name) : NULL;
	char text[320];

	if (name == NULL || store == NULL) {
		finish(l, &(struct reply){ .last = true, .code = CONTROL_USAGE, .text = "the request names no command, or no store by its path" });
	} else if (strcmp(store, c->store) != 0) {
		snprintf(text, sizeof(text), "this is the gateway of the state folder %s", c->store);
		finish(l, &(struct reply){ .last = true, .other = true, .code = CONTROL_OTHER, .text = text });
	} else if (command == NULL) {
		snprintf(text, sizeof(text), "the gateway that runs (version %s) has no command '%.40s'", PACKAGE_VERSION, name);
		finish(l, &(struct reply){ .last = true, .code = CONTROL_USAGE, .text = plain_text(text) });
	} else {
		command->handler(command->context, c, l->call, request);
	}
}

static void
link_pause(struct link *l)
{
	uv_read_stop((uv_stream_t *)&l->pipe);
	l->reading = false;
}

static void
link_ask(struct link *l, struct span frame)
{
	cJSON *request = cJSON_ParseWithLength((const char *)frame.data, frame.len);

	frame_done(&l->in);
	l->call = handle_open(&l->control->calls, l);
	if (l->call == 0) {
		link_close(l);
	} else if (!cJSON_IsObject(request)) {
		l->ends = true;
		link_pause(l);
		finish(l, &(struct reply){ .last = true, .code = CONTROL_USAGE, .text = "the request is not a JSON object" });
	} else {
		l->deadline_ms = 0;	// the gateway's turn
		link_pause(l);
		dispatch(l, request);
	}
	cJSON_Delete(request);
}

// Go on with what was read: one request at a time, and none while an answer waits to be taken.
static void
link_serve(struct link *l)
{
	struct span frame;
	struct fault f = { 0 };

	if (l->closing || l->ends || l->call != 0 || l->pending > 0)
		return;
	switch (frame_next(&l->in, &frame, &f)) {
	case FRAME_READY:
		link_ask(l, frame);
		break;
	case FRAME_BAD:
		l->ends = true;
		link_pause(l);
		link_reply(l, &(struct reply){ .last = true, .code = CONTROL_USAGE, .text = f.text });
		break;
	case FRAME_PARTLY:
		link_read(l);
		break;
	}
}

static void
give_chunk(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct link *l = container_of((uv_pipe_t *)handle, struct link, pipe);

	(void)suggested;
	*buf = uv_buf_init(l->control->chunk, CHUNK);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct link *l = container_of((uv_pipe_t *)stream, struct link, pipe);

	if (n == 0)
		return;
	// Octets behind a request are kept, as far as a request is long.
	if (n < 0 || frame_feed(&l->in, span_of(buf->base, (size_t)n), NULL) < (size_t)n)
		link_close(l);
	else
		link_serve(l);
}

static void
link_read(struct link *l)
{
	if (!l->reading && uv_read_start((uv_stream_t *)&l->pipe, give_chunk, on_read) != 0)
		link_close(l);
	l->reading = true;
}

// ---- connections

bool
control_may_ask(uid_t peer, gid_t group, const gid_t *groups, size_t count, uid_t uid, gid_t gid)
{
	if (peer == 0 || peer == uid || group == gid)
		return true;
	for (size_t i = 0; i < count; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

static bool
peer_may_ask(const struct link *l, uid_t *who)
{
	struct ucred peer;
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(peer), groups_len = sizeof(groups);
	uv_os_fd_t fd;

	*who = (uid_t)-1;
	if (uv_fileno((const uv_handle_t *)&l->pipe, &fd) != 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	*who = peer.uid;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &groups_len) != 0)
		groups_len = 0;		// before Linux 4.13, or too many
	return control_may_ask(peer.uid, peer.gid, groups, groups_len / sizeof(groups[0]), geteuid(), getegid());
}

static void
turn_away(struct link *l, const char *text)
{
	l->ends = true;
	link_reply(l, &(struct reply){ .last = true, .code = CONTROL_LOCAL, .text = text });
}

static void
admit(struct link *l)
{
	struct control *c = l->control;
	char text[160], uid[24];
	uid_t who;

	if (!peer_may_ask(l, &who)) {
		snprintf(uid, sizeof(uid), "%u", (unsigned)who);
		log_event(LOG_WARN_, "control", (struct log_field[]){ { "user", uid }, { NULL, NULL } }, "a user without the right to ask was turned away");
		snprintf(text, sizeof(text), "user %s may not ask this gateway: be root, its user (%u), or in its group (%u)", uid, (unsigned)geteuid(), (unsigned)getegid());
		turn_away(l, text);
	} else if (c->accepted >= CONTROL_CONNECTIONS) {
		turn_away(l, "too many commands talk to the gateway at a time; try again");
	} else {
		l->accepted = true;
		l->peer = who;
		c->accepted++;
		l->deadline_ms = clock_mono_ms() + c->idle_ms;
		link_read(l);
	}
}

static void
on_connection(uv_stream_t *listener, int status)
{
	struct control *c = listener->data;
	struct link *l = status == 0 ? mem_alloc(sizeof(*l)) : NULL;

	// libuv calls again only when this connection was taken: the tick tries.
	c->unaccepted = status == 0 && l == NULL;
	// Not anew: connections in quick succession would put off the end of those that are silent.
	if (status == 0 && !uv_is_active((uv_handle_t *)&c->tick))
		uv_timer_start(&c->tick, on_tick, TICK_MS, TICK_MS);
	if (l == NULL)
		return;
	l->control = c;
	frame_reader_init(&l->in, CONTROL_FRAME_MAX);
	if (uv_pipe_init(c->loop, &l->pipe, 0) != 0) {
		mem_free(l);
		return;
	}
	c->handles++;
	l->next = c->links;
	c->links = l;
	if (uv_accept(listener, (uv_stream_t *)&l->pipe) != 0)
		link_close(l);
	else
		admit(l);
}

static void
on_tick(uv_timer_t *tick)
{
	struct control *c = tick->data;
	int64_t now = clock_mono_ms();

	for (struct link *l = c->links; l != NULL; l = l->next)
		if (!l->closing && l->deadline_ms != 0 && now >= l->deadline_ms)
			link_close(l);
	if (c->unaccepted)
		on_connection((uv_stream_t *)&c->listener, 0);
}

// ---- the whole

static bool
watch(struct control *c, int fd, struct fault *f)
{
	int rc = uv_timer_init(c->loop, &c->tick);

	c->tick.data = c;
	c->handles = 1;
	if (rc == 0 && (rc = uv_pipe_init(c->loop, &c->listener, 0)) == 0) {
		c->listener.data = c;
		c->handles = 2;
		c->listening = true;
		rc = uv_pipe_open(&c->listener, fd);
		if (rc == 0)
			fd = -1;	// the handle's
		if (rc == 0)
			rc = uv_listen((uv_stream_t *)&c->listener, CONTROL_CONNECTIONS, on_connection);
	}
	if (fd >= 0)
		close(fd);
	return rc == 0 || fault_set(f, FAIL_NONE, "control", "cannot serve the control socket: %s", uv_strerror(rc));
}

struct control *
control_open(uv_loop_t *loop, const struct control_setup *setup, struct fault *f)
{
	cJSON_Hooks hooks = { mem_alloc, mem_free };
	struct control *c = mem_alloc(sizeof(*c));
	int fd;

	cJSON_InitHooks(&hooks);
	if (c == NULL || (c->store = mem_text(setup->store)) == NULL) {
		mem_free(c);
		fault_set(f, FAIL_NONE, "control", "out of memory");
		return NULL;
	}
	c->loop = loop;
	c->idle_ms = setup->idle_ms > 0 ? setup->idle_ms : CONTROL_IDLE_MS;
	handle_table_init(&c->calls);
	fd = choose(c, setup, f);
	if (fd < 0) {
		control_free(c);
		return NULL;
	}
	if (watch(c, fd, f))
		return c;
	control_close(c, NULL, NULL);
	return NULL;
}

const char *
control_path(const struct control *c)
{
	return c->path;
}

void
control_close(struct control *c, void (*closed)(void *context), void *context)
{
	if (c == NULL) {
		if (closed != NULL)
			closed(context);
		return;
	}
	c->closed = closed;
	c->context = context;
	c->closing = true;
	remove_socket(c);
	for (struct link *l = c->links; l != NULL; l = l->next)
		link_close(l);
	uv_close((uv_handle_t *)&c->tick, on_handle_closed);
	if (c->listening)
		uv_close((uv_handle_t *)&c->listener, on_handle_closed);
}
