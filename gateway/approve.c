// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/approve.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/inherit.h"
#include "base/memory.h"
#include "codec/name.h"
#include "codec/text.h"
#include "crypto/digest.h"
#include "gateway/policy.h"
#include "gateway/route.h"

enum { INPUT_MAX = 16384, ENVIRONMENT_MAX = 32 };

struct approval {
	uv_process_t process;
	uv_pipe_t in, out;
	uv_timer_t timer;
	uv_write_t write;
	uv_shutdown_t shutdown;
	struct buffer input;
	char output[APPROVE_OUTPUT_MAX + 1];
	size_t output_len;
	char why[96];			// it gave no verdict
	int64_t timeout_ms;
	unsigned open;			// handles that are not closed yet
	bool spawned, exited, closing;
	pid_t group;			// the program and what it started
	enum approve_verdict verdict;
	void (*done)(void *context, enum approve_verdict verdict, const char *text);
	void *context;
};

static unsigned running;		// of the process; the loop thread's alone

// ---- the list

bool
approve_listed(const struct keyring *k, const struct settings_route *r, const struct identity *who,
	const struct certificate *signer, const struct pkimessage *m, const char *profile, struct fault *f)
{
	const struct allow_list *list = keyring_allow_list(k, r);
	char subject[NAME_TEXT_MAX], kid[2 * REFERENCE_MAX + 4];
	uint8_t digest[32];
	struct allow_request request = {
		.subject = span_text(name_text(requested_subject(m), subject, sizeof(subject))), .profile = span_text(profile),
		.serial = signer != NULL ? signer->serial : span_of(NULL, 0),
	};

	if (list == NULL)
		return true;
	if (who->kind == IDENTITY_SECRET)
		request.kid = span_text(kid_text(span_of(who->reference, who->reference_len), kid, sizeof(kid)));
	else if (m->header.has_sender_kid)
		request.kid = span_text(kid_text(m->header.sender_kid, kid, sizeof(kid)));
	if (requested_key_digest(m, digest))
		request.key = span_of(digest, 32);
	return allow_list_match(list, &request) != 0
		|| fault_set(f, FAIL_NOT_AUTHORIZED, "", "no line of the allow-list of route %.60s fits this device, which asks for %.120s", r->name,
			request.subject.len > 0 ? subject : "no subject");
}

// ---- what the program is told

static void
put(struct buffer *b, const char *key, const char *value)
{
	buffer_printf(b, "%s\"%s\":", b->len > 1 ? "," : "", key);
	if (value == NULL) {
		buffer_append_text(b, "null");
		return;
	}
	buffer_append_octet(b, '"');
	buffer_append_escaped(b, value, 1024);
	buffer_append_octet(b, '"');
}

static void
put_key(struct buffer *b, const struct pkimessage *m)
{
	uint8_t digest[32];
	char text[2 * 32 + 4];
	bool has = requested_key_digest(m, digest);

	put(b, "key_sha256", has ? hex_text(span_of(digest, 32), text, sizeof(text)) : NULL);
}

static void
put_names(struct buffer *b, const struct pkimessage *m)
{
	struct extension e;
	struct span names;
	struct general_name one;
	char text[NAME_TEXT_MAX];
	bool first = true;

	buffer_append_text(b, ",\"san\":[");
	if (extension_find(requested_extensions(m), CE_SUBJECT_ALT_NAME, &e) && alt_names_read(e.value, &names, NULL))
		while (!der_at_end(names) && general_name_read(&names, &one, NULL)) {
			buffer_append_text(b, first ? "\"" : ",\"");
			buffer_append_escaped(b, general_name_text(one.whole, text, sizeof(text)), 1024);
			buffer_append_octet(b, '"');
			first = false;
		}
	buffer_append_octet(b, ']');
}

static bool
describe(struct buffer *b, const struct settings_route *r, const struct identity *who, const struct pkimessage *m, const char *peer, const char *profile)
{
	char subject[NAME_TEXT_MAX], hex[2 * CAP_TRANSACTION_ID + 4];
	struct span name = requested_subject(m);

	buffer_append_octet(b, '{');
	put(b, "route", r->name);
	put(b, "body", body_name(m->body));
	put(b, "transactionID", hex_text(m->header.transaction_id, hex, sizeof(hex)));
	put(b, "subject", name.len > 0 ? name_text(name, subject, sizeof(subject)) : NULL);
	put_names(b, m);
	put_key(b, m);
	put(b, "sender", who->text);
	put(b, "auth", who->kind == IDENTITY_SECRET ? "mac" : "signature");
	put(b, "profile", profile[0] != '\0' ? profile : NULL);
	put(b, "peer", peer);
	buffer_append_text(b, "}\n");
	return !b->failed;
}

// ---- the program

static void
on_closed(uv_handle_t *handle)
{
	struct approval *a = handle->data;

	if (--a->open > 0)
		return;
	buffer_clear(&a->input);
	mem_free(a);
}

static void
close_all(struct approval *a)
{
	if (a->closing)
		return;
	a->closing = true;
	// One that still runs was told to end; only an open handle takes its exit code, or it stays as a zombie.
	if (a->spawned && (a->exited || a->group == 0))
		uv_close((uv_handle_t *)&a->process, on_closed);
	uv_close((uv_handle_t *)&a->in, on_closed);
	uv_close((uv_handle_t *)&a->out, on_closed);
	uv_close((uv_handle_t *)&a->timer, on_closed);
}

static void
end(struct approval *a)
{
	void (*done)(void *context, enum approve_verdict verdict, const char *text) = a->done;
	char *line = a->output, *stop;

	if (a->closing)
		return;
	a->output[a->output_len] = '\0';
	stop = strpbrk(line, "\r\n");
	if (stop != NULL)
		*stop = '\0';
	running--;
	close_all(a);
	a->done = NULL;
	if (done != NULL)
		done(a->context, a->verdict, a->verdict == APPROVE_UNKNOWN ? a->why : line);
}

static void
on_exit(uv_process_t *process, int64_t status, int term_signal)
{
	struct approval *a = process->data;

	a->exited = true;
	if (a->closing) {
		uv_close((uv_handle_t *)&a->process, on_closed);
		return;
	}
	if (term_signal == 0 && status <= 1)
		a->verdict = status == 0 ? APPROVED : APPROVE_DENIED;
	else if (term_signal == 0)
		snprintf(a->why, sizeof(a->why), "ended with exit code %d: 0 is a yes, 1 a no", (int)status);
	else
		snprintf(a->why, sizeof(a->why), "was ended by signal %d", term_signal);
	// Its words may still be in the pipe: on_read ends the approval.
	if (!uv_is_active((uv_handle_t *)&a->out))
		end(a);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct approval *a = handle->data;

	(void)suggested;
	// What is beyond the room is read over the last octet, and so dropped.
	size_t left = APPROVE_OUTPUT_MAX - a->output_len;
	*buf = left > 0 ? uv_buf_init(a->output + a->output_len, (unsigned)left) : uv_buf_init(a->output + APPROVE_OUTPUT_MAX - 1, 1);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct approval *a = stream->data;

	(void)buf;
	if (n > 0 && a->output_len < APPROVE_OUTPUT_MAX)
		a->output_len += (size_t)n;
	if (n >= 0)
		return;
	uv_read_stop(stream);
	if (a->exited)
		end(a);
}

static void
on_written(uv_write_t *write, int status)
{
	struct approval *a = write->data;

	(void)status;	// a program that does not read has its reasons
	if (!a->closing)
		uv_shutdown(&a->shutdown, (uv_stream_t *)&a->in, NULL);
}

// A program that is a script waits for others; they end with it.
static void
kill_all(const struct approval *a)
{
	if (a->group > 1)
		kill(-a->group, SIGKILL);
}

static void
on_time(uv_timer_t *timer)
{
	struct approval *a = timer->data;

	a->verdict = APPROVE_UNKNOWN;
	snprintf(a->why, sizeof(a->why), "took longer than %" PRId64 " ms (approve.timeout)", a->timeout_ms);
	kill_all(a);
	end(a);
}

static bool
spawn(struct approval *a, uv_loop_t *loop, const char *program, struct fault *f)
{
	char *arguments[] = { (char *)(uintptr_t)program, NULL }, *environment[ENVIRONMENT_MAX];
	uv_stdio_container_t stdio[3] = {
		{ .flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&a->in },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&a->out },
		{ .flags = UV_INHERIT_FD, .data.fd = 2 },
	};
	uv_process_options_t options = { .file = program, .args = arguments, .env = environment, .flags = UV_PROCESS_DETACHED,
		.stdio_count = 3, .stdio = stdio, .exit_cb = on_exit };

	inherit_environment(environment, ENVIRONMENT_MAX);
	inherit_no_descriptors();
	int e = uv_spawn(loop, &a->process, &options);
	// The handle is initialised, and to be closed, also when it fails.
	a->spawned = true;
	a->open++;
	a->group = e == 0 ? a->process.pid : 0;	// detached: it leads a group of its own
	return e == 0 || fault_set(f, FAIL_NONE, program, "cannot be started: %s%s", uv_strerror(e),
		e == UV_ENOENT ? "; it, or the interpreter that its first line names, is not there" : "");
}

struct approval *
approve_start(uv_loop_t *loop, const struct settings_route *r, const struct identity *who, const struct pkimessage *m, const char *peer,
	const char *profile, void (*done)(void *context, enum approve_verdict verdict, const char *text), void *context, struct fault *f)
{
	struct approval *a = running < APPROVE_RUNNING_MAX ? mem_alloc(sizeof(*a)) : NULL;

	if (a == NULL) {
		fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "%d programs are running already", APPROVE_RUNNING_MAX);
		return NULL;
	}
	a->verdict = APPROVE_UNKNOWN;
	a->done = done;
	a->context = context;
	a->timeout_ms = r->approve.timeout;
	a->open = 3;
	a->process.data = a->in.data = a->out.data = a->timer.data = a->write.data = a;
	uv_pipe_init(loop, &a->in, 0);
	uv_pipe_init(loop, &a->out, 0);
	uv_timer_init(loop, &a->timer);
	buffer_init(&a->input, INPUT_MAX);
	if (!describe(&a->input, r, who, m, peer, profile) || !spawn(a, loop, r->approve.hook, f)) {
		fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
		close_all(a);
		return NULL;
	}
	running++;
	uv_buf_t buf = uv_buf_init((char *)a->input.data, (unsigned)a->input.len);
	uv_write(&a->write, (uv_stream_t *)&a->in, &buf, 1, on_written);
	uv_read_start((uv_stream_t *)&a->out, on_alloc, on_read);
	uv_timer_start(&a->timer, on_time, (uint64_t)r->approve.timeout, 0);
	return a;
}

void
approve_cancel(struct approval *a)
{
	if (a->closing)
		return;
	a->done = NULL;
	kill_all(a);
	running--;
	close_all(a);
}
