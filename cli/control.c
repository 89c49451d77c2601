// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"
#include "cli/control.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/frame.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/schemes.h"
#include "daemon/control.h"

enum { PLACES = 2, PATIENCE_MS = 30000 };

// Where to look, in the order in which the gateway chooses.
struct places { char *paths[PLACES]; size_t count; char *store; bool sure; };

static void
places_clear(struct places *p)
{
	for (size_t i = 0; i < p->count; i++)
		mem_free(p->paths[i]);
	mem_free(p->store);
}

static void
places_add(struct places *p, char *path)
{
	if (path != NULL)
		p->paths[p->count++] = path;
}

static void
find_places(struct places *p, const struct control_request *r)
{
	struct findings findings;
	struct settings *s = r->socket == NULL ? settings_load(r->config, schemes_of_build(), &findings) : NULL;

	*p = (struct places){ .sure = r->socket != NULL || s != NULL };
	if (r->socket != NULL) {
		places_add(p, mem_text(r->socket));
		return;
	}
	if (s != NULL && s->control != NULL) {
		places_add(p, mem_text(s->control));
	} else {
		places_add(p, mem_text(CONTROL_RUN));
		places_add(p, mem_printf("%s/%s", s != NULL ? s->store.path : STATEDIR, CONTROL_FILE));
	}
	// Two gateways may share a machine: ours is known by its state folder.
	p->store = s != NULL ? mem_text(s->store.path) : NULL;
	findings_clear(&findings);
	settings_unref(s);
}

// ---- one conversation

struct talk { int fd; struct frame_reader in; int64_t patience_ms; bool other; };

static int
connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static bool
send_request(const struct talk *t, const cJSON *request)
{
	char *text = cJSON_PrintUnformatted(request);
	struct buffer out;
	size_t at = 0;

	buffer_init(&out, FRAME_HEAD + CONTROL_FRAME_MAX);
	bool well = text != NULL && frame_append(&out, span_text(text), CONTROL_FRAME_MAX);
	while (well && at < out.len) {
		ssize_t n = send(t->fd, out.data + at, out.len - at, MSG_NOSIGNAL);
		// One that turns us away has closed already: what it says can be read all the same.
		if (n < 0 && errno != EINTR)
			break;
		at += n > 0 ? (size_t)n : 0;
	}
	buffer_clear(&out);
	cJSON_free(text);
	return well;
}

// The next answer; NULL when there is none, with the reason in why.
static cJSON *
receive(struct talk *t, const char **why)
{
	int64_t until = clock_mono_ms() + t->patience_ms;
	uint8_t chunk[4096];
	struct span frame;
	enum frame_state state;

	while ((state = frame_next(&t->in, &frame, NULL)) == FRAME_PARTLY) {
		struct pollfd p = { .fd = t->fd, .events = POLLIN };
		int64_t left = until - clock_mono_ms();
		if (left <= 0 || poll(&p, 1, (int)left) == 0) {
			*why = "it does not answer";
			return NULL;
		}
		ssize_t n = recv(t->fd, chunk, sizeof(chunk), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*why = "it ended before it had answered";
			return NULL;
		}
		frame_feed(&t->in, span_of(chunk, (size_t)n), NULL);
	}
	cJSON *o = state == FRAME_READY ? cJSON_ParseWithLength((const char *)frame.data, frame.len) : NULL;
	frame_done(&t->in);
	if (!cJSON_IsObject(o)) {
		*why = "what it answers is no answer";
		cJSON_Delete(o);
		return NULL;
	}
	return o;
}

static void
take_last(cJSON *o, struct control_reply *reply)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "text"));

	snprintf(reply->text, sizeof(reply->text), "%s", text != NULL ? text : "");
	reply->data = cJSON_DetachItemFromObjectCaseSensitive(o, "data");
}

static int
code_of(const cJSON *o)
{
	const cJSON *code = cJSON_GetObjectItemCaseSensitive(o, "exit");

	return cJSON_IsNumber(code) && code->valueint >= 0 && code->valueint <= 255 ? code->valueint : EXIT_INTERNAL;
}

// Read answers up to the last; -1 when the conversation broke off.
static int
listen_to(struct talk *t, const struct control_request *r, struct control_reply *reply, const char **why)
{
	for (;;) {
		cJSON *o = receive(t, why);
		if (o == NULL)
			return -1;
		bool last = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "last"));
		const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "text"));
		int code = code_of(o);
		if (last) {
			t->other = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "other"));
			take_last(o, reply);
		} else if (text != NULL && !r->quiet) {
			fprintf(stderr, "cmpgate %s: %s\n", r->command, text);
		}
		cJSON_Delete(o);
		if (last)
			return code;
	}
}

static int
converse(int fd, const struct control_request *r, const cJSON *request, struct control_reply *reply, bool *other)
{
	struct talk t = { .fd = fd, .patience_ms = r->timeout_ms > 0 ? r->timeout_ms : PATIENCE_MS };
	struct ucred peer;
	socklen_t len = sizeof(peer);
	const char *why = "out of memory";
	int code = -1;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
		reply->pid = peer.pid;
	frame_reader_init(&t.in, CONTROL_FRAME_MAX);
	if (send_request(&t, request))
		code = listen_to(&t, r, reply, &why);
	frame_reader_clear(&t.in);
	*other = t.other;
	if (code >= 0)
		return code;
	fprintf(stderr, "cmpgate %s: the gateway (process %ld) was asked, but %s\n", r->command, (long)reply->pid, why);
	return EXIT_UNREACHABLE;
}

// ---- nobody there

// A gateway may well run: the file that would tell where has errors.
static int
tell_unsure(const struct control_request *r, const struct places *p)
{
	struct findings findings;
	struct settings *s = settings_load(r->config, schemes_of_build(), &findings);

	fprintf(stderr, "cmpgate %s: %s cannot be used, and so does not tell where its gateway listens; no gateway is running here (looked at %s%s%s)\n"
		"  mend the file, or name the place with --socket\n", r->command, r->config, p->paths[0], p->count > 1 ? ", " : "", p->count > 1 ? p->paths[1] : "");
	if (s == NULL)
		report_findings(&findings, stderr);
	findings_clear(&findings);
	settings_unref(s);
	return EXIT_UNREACHABLE;
}

static int
tell_nobody(const struct control_request *r, const struct places *p, const int errors[PLACES], const char *other)
{
	for (size_t i = 0; i < p->count; i++) {
		if (errors[i] == EACCES || errors[i] == EPERM) {
			fprintf(stderr, "cmpgate %s: no permission for %s; be root, the user of the gateway, or a member of its group\n", r->command, p->paths[i]);
			return EXIT_LOCAL;
		}
		if (errors[i] != 0 && errors[i] != ENOENT && errors[i] != ECONNREFUSED && errors[i] != ENOTDIR) {
			fprintf(stderr, "cmpgate %s: cannot reach %s: %s\n", r->command, p->paths[i], strerror(errors[i]));
			return EXIT_LOCAL;
		}
	}
	if (!p->sure)
		return tell_unsure(r, p);
	fprintf(stderr, "cmpgate %s: no gateway is running here%s%s%s (looked at %s%s%s)\n", r->command,
		p->store != NULL ? " for the state folder " : "", p->store != NULL ? p->store : "", other,
		p->paths[0], p->count > 1 ? ", " : "", p->count > 1 ? p->paths[1] : "");
	fprintf(stderr, "  start it with `cmpgate run`, or say with -c or --socket which gateway is meant\n");
	return EXIT_UNREACHABLE;
}

static cJSON *
make_request(const struct control_request *r, const struct places *p)
{
	cJSON *o = r->body != NULL ? r->body : cJSON_CreateObject();

	if (o != NULL && cJSON_AddStringToObject(o, "command", r->command) != NULL &&
	    (p->store == NULL || cJSON_AddStringToObject(o, "store", p->store) != NULL))
		return o;
	cJSON_Delete(o);
	return NULL;
}

static int
ask_places(const struct control_request *r, const struct places *p, const cJSON *request, struct control_reply *reply)
{
	int errors[PLACES] = { 0 };
	const char *also = "";

	for (size_t i = 0; i < p->count; i++) {
		bool other = false;
		int fd = connect_to(p->paths[i]), code;
		if (fd < 0) {
			errors[i] = errno;
			continue;
		}
		code = converse(fd, r, request, reply, &other);
		close(fd);
		if (!other)
			return code;
		also = ", but another one";
		cJSON_Delete(reply->data);
		*reply = (struct control_reply){ .data = NULL };
	}
	return r->may_be_down ? EXIT_UNREACHABLE : tell_nobody(r, p, errors, also);
}

int
control_ask(const struct control_request *r, struct control_reply *reply)
{
	struct places places;
	cJSON *request;
	int code;

	*reply = (struct control_reply){ .data = NULL };
	find_places(&places, r);
	request = make_request(r, &places);
	if (request == NULL || places.count == 0) {
		fprintf(stderr, "cmpgate %s: out of memory\n", r->command);
		code = EXIT_LOCAL;
	} else {
		code = ask_places(r, &places, request, reply);
	}
	cJSON_Delete(request);
	places_clear(&places);
	return code;
}

bool
control_arguments(struct control_options *o, int argc, char **argv, const char *usage, int *code)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "socket", required_argument, NULL, 's' }, { "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' }, { NULL, 0, NULL, 0 }
	};
	struct options seen = { .seen = { false } };
	int c;

	*code = EXIT_USAGE;
	o->config = CONFIG_FILE;
	while ((c = options_next(&seen, argc, argv, "c:s:h", options)) != -1) {
		if (c == 'c') {
			o->config = optarg;
		} else if (c == 's') {
			o->socket = optarg;
		} else if (c == 'j' && o->may_json) {
			o->json = true;
		} else {
			if (c == 'j')
				fprintf(stderr, "%s: --json is for commands that print data\n", argv[0]);
			fputs(usage, c == 'h' ? stdout : stderr);
			*code = c == 'h' ? EXIT_DONE : EXIT_USAGE;
			return false;
		}
	}
	if (optind == argc)
		return true;
	fprintf(stderr, "%s: '%s' is too much\n", argv[0], argv[optind]);
	return false;
}

const char *
control_reference(const char *hex, char out[CONTROL_REFERENCE_TEXT])
{
	size_t n = 0;
	char pair[3] = "";

	for (const char *h = hex; h[0] != '\0' && h[1] != '\0' && n + 1 < CONTROL_REFERENCE_TEXT; h += 2) {
		memcpy(pair, h, 2);
		unsigned long c = strtoul(pair, NULL, 16);
		if (c <= ' ' || c > '~') {
			snprintf(out, CONTROL_REFERENCE_TEXT, "hex:%.128s", hex);
			return out;
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return out;
}

const char *
control_time(const char *text, const char *word, char out[24])
{
	if (strlen(text) >= 19)
		snprintf(out, 24, "%.19sZ", text);
	else
		snprintf(out, 24, "%s", word);
	return out;
}
