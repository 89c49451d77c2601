// SPDX-License-Identifier: GPL-3.0-or-later
// The HTTP upstream behind real sockets, with a server by hand: which path a
// message goes to, which connection takes it, what waits, and how much is read.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/wire.h"
#include "transports/http.h"

extern const struct driver driver_http;

enum { FAR_MS = 60000, ANSWER_MOST = 262144 };

static struct transport_limits limits;
static struct http_upstream_options options;
static struct upstream *upstream;
static struct wire_server server;
static struct label no_label;

static void
open_at(const char *path, unsigned port)
{
	static struct url url;
	struct upstream_setup setup = { .name = "plant", .url = &url, .options = &options, .limits = &limits, .core = &wire_driver_core };
	struct fault f = { .set = false };
	char text[128];

	snprintf(text, sizeof(text), "http://127.0.0.1:%u%s", port, path);
	assert_true(url_parse(&url, text, &f));
	upstream = driver_http.upstream_open(&setup, &f);
	assert_non_null(upstream);
}

static void
close_upstream(void)
{
	bool closed = false;

	driver_http.upstream_close(upstream, wire_closed, &closed);
	UNTIL(closed);
	upstream = NULL;
}

static int
begin(void **state)
{
	(void)state;
	limits = (struct transport_limits){ .max_answer = ANSWER_MOST };
	options = (struct http_upstream_options){ .connection = HTTP_PER_TRANSACTION, .labels = HTTP_LABELS_AUTO, .connections = 16, .queue = 256,
		.affinity_hold = 60000, .connect_timeout = 10000, .idle = 60000 };
	wire_begin();
	wire_serve(&server);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	if (upstream != NULL)
		close_upstream();
	wire_server_close(&server);
	wire_end();
	return 0;
}

static bool
submit_for(uint64_t submission, uint64_t affinity, const struct label *label, int64_t ms, struct fault *f)
{
	struct blob *message = blob_new(span_text("0123456789"));
	bool taken = driver_http.upstream_submit(upstream, submission, affinity, label, message, clock_mono_ms() + ms, f);

	blob_unref(message);
	return taken;
}

static void
submit(uint64_t submission, uint64_t affinity)
{
	assert_true(submit_for(submission, affinity, &no_label, FAR_MS, NULL));
}

// Wait for a whole request on the server's n-th connection, and forget it there.
static void
await_request(int n)
{
	UNTIL(server.count > n && wire_has(&server.wires[n], "\r\n\r\n0123456789"));
	server.wires[n].in.len = 0;
}

static void
respond(int n)
{
	wire_text(&server.wires[n], "HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\nContent-Length: 2\r\n\r\n\x30");
	wire_send(&server.wires[n], "", 1);
}

// Answer there; which submission it is the answer to.
static uint64_t
answered(int n)
{
	int before = core.outcome_count;

	respond(n);
	UNTIL(core.outcome_count > before);
	assert_int_equal(core.outcomes[before].kind, OUTCOME_ANSWER);
	return core.outcomes[before].submission;
}

static void
await_answer(int n, uint64_t submission)
{
	assert_int_equal(answered(n), submission);
}

// ---- where a message goes

static void
paths_and_labels(void **state)
{
	static const struct { const char *path; int labels; const char *profile, *operation, *implied, *target; } rows[] = {
		{ "/cmp", HTTP_LABELS_AUTO, "", "", "initialization", "/cmp" },
		{ "/cmp", HTTP_LABELS_AUTO, "plc", "keyupdate", "initialization", "/cmp" },
		{ "/ejbca/publicweb/cmp", HTTP_LABELS_AUTO, "plc", "keyupdate", "initialization", "/ejbca/publicweb/cmp" },
		{ "", HTTP_LABELS_AUTO, "", "", "pkcs10", "/" },
		{ "/.well-known/cmp", HTTP_LABELS_AUTO, "", "", "initialization", "/.well-known/cmp" },
		{ "/.well-known/cmp", HTTP_LABELS_AUTO, "", "keyupdate", "initialization", "/.well-known/cmp/keyupdate" },
		{ "/.well-known/cmp", HTTP_LABELS_AUTO, "plc", "", "initialization", "/.well-known/cmp/p/plc/initialization" },
		{ "/.well-known/cmp", HTTP_LABELS_AUTO, "plc", "", "", "/.well-known/cmp/p/plc" },
		{ "/.well-known/cmp", HTTP_LABELS_EXACT, "plc", "keyupdate", "initialization", "/.well-known/cmp" },
		{ "/cmp", HTTP_LABELS_APPEND, "plc", "keyupdate", "initialization", "/cmp/p/plc/keyupdate" },
		{ "/cmp", HTTP_LABELS_APPEND, "plc", "", "initialization", "/cmp/p/plc/initialization" },
		{ "/cmp", HTTP_LABELS_APPEND, "", "", "revocation", "/cmp/revocation" },
		{ "/cmp", HTTP_LABELS_APPEND, "", "", "", "/cmp" },
		{ "", HTTP_LABELS_APPEND, "", "", "", "/" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct label label = { .path = "" };
		char line[200];
		snprintf(label.profile, sizeof(label.profile), "%s", rows[i].profile);
		snprintf(label.operation, sizeof(label.operation), "%s", rows[i].operation);
		snprintf(label.implied, sizeof(label.implied), "%s", rows[i].implied);
		options.labels = rows[i].labels;
		open_at(rows[i].path, server.port);
		assert_true(submit_for(1, 1, &label, FAR_MS, NULL));
		UNTIL(server.count == (int)i + 1 && wire_has(&server.wires[i], "0123456789"));
		snprintf(line, sizeof(line), "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n", rows[i].target, server.port);
		if (strncmp((const char *)server.wires[i].in.data, line, strlen(line)) != 0)
			fail_msg("row %zu: %.100s", i, (const char *)server.wires[i].in.data);
		close_upstream();
	}
}

// ---- which connection takes it

static void
transaction_keeps_its_connection(void **state)
{
	(void)state;
	open_at("/", server.port);
	submit(1, 100);
	await_request(0);
	submit(2, 200);
	await_request(1);
	await_answer(0, 1);
	await_answer(1, 2);
	submit(3, 200);
	await_request(1);
	submit(4, 100);
	await_request(0);
	await_answer(0, 4);
	// Both are kept: a third transaction opens one of its own.
	await_answer(1, 3);
	submit(5, 300);
	await_request(2);
	assert_int_equal(server.count, 3);
}

// With one connection, a transaction that has ended leaves it to the next at once.
static void
forgotten_transaction_frees_its_connection(void **state)
{
	(void)state;
	options.connections = 1;
	open_at("/", server.port);
	submit(1, 100);
	await_request(0);
	await_answer(0, 1);
	driver_http.upstream_forget(upstream, 100);
	submit(2, 200);
	await_request(0);
	await_answer(0, 2);
	assert_int_equal(server.count, 1);
}

// Without that it is held, but only for half a second when others wait; what
// remembers a transaction is then closed, not handed on.
static void
held_connection_is_given_up(void **state)
{
	(void)state;
	options.connections = 1;
	open_at("/", server.port);
	submit(1, 100);
	await_request(0);
	await_answer(0, 1);
	int64_t before = clock_mono_ms();
	submit(2, 200);
	await_request(1);
	assert_true(clock_mono_ms() - before >= 400);
	assert_true(server.wires[0].ended);
	assert_int_equal(server.count, 2);
}

static void
affinity_ends(void **state)
{
	(void)state;
	options.affinity_hold = 1;
	open_at("/", server.port);
	submit(1, 100);
	await_request(0);
	await_answer(0, 1);
	UNTIL(server.wires[0].ended);
	submit(2, 100);
	await_request(1);
}

static void
shared_connection_serves_all(void **state)
{
	(void)state;
	options.connection = HTTP_SHARED;
	open_at("/", server.port);
	for (uint64_t i = 1; i <= 5; i++) {
		submit(i, i * 100);
		await_request(0);
		await_answer(0, i);
	}
	assert_int_equal(server.count, 1);
}

static void
closed_after_each_answer(void **state)
{
	(void)state;
	options.connection = HTTP_CLOSE;
	open_at("/", server.port);
	for (int i = 0; i < 3; i++) {
		submit((uint64_t)i + 1, 100);
		UNTIL(server.count > i && wire_has(&server.wires[i], "0123456789"));
		assert_true(wire_has(&server.wires[i], "\r\nConnection: close\r\n"));
		await_answer(i, (uint64_t)i + 1);
		UNTIL(server.wires[i].ended);
	}
}

static void
other_ways_keep_connections_open(void **state)
{
	(void)state;
	open_at("/", server.port);
	submit(1, 100);
	UNTIL(server.count > 0 && wire_has(&server.wires[0], "0123456789"));
	assert_false(wire_has(&server.wires[0], "Connection:"));
	await_answer(0, 1);
	wire_settle();
	assert_false(server.wires[0].ended);
}

// ---- what waits

static void
connections_are_limited(void **state)
{
	(void)state;
	options.connection = HTTP_SHARED;
	options.connections = 2;
	open_at("/", server.port);
	for (uint64_t i = 1; i <= 4; i++)
		submit(i, i);
	await_request(0);
	await_request(1);
	wire_settle();
	assert_int_equal(server.count, 2);
	// Names are looked up side by side, so the first two may stand the other way round.
	uint64_t first = answered(0);
	await_request(0);
	assert_int_equal(first + answered(1), 3);
	await_request(1);
	assert_int_equal(server.count, 2);
	await_answer(1, 4);
	await_answer(0, 3);
}

static void
queue_is_limited(void **state)
{
	struct fault f = { .set = false };

	(void)state;
	options.connection = HTTP_SHARED;
	options.connections = 1;
	options.queue = 3;
	open_at("/", server.port);
	submit(1, 1);
	await_request(0);	// it waits no more
	for (uint64_t i = 2; i <= 4; i++)
		submit(i, i);
	assert_false(submit_for(5, 5, &no_label, FAR_MS, &f));
	assert_int_equal(f.failure, FAIL_SYSTEM_UNAVAIL);
	assert_non_null(strstr(f.text, "too many messages wait for upstream plant"));
	await_answer(0, 1);
	await_request(0);
	submit(6, 6);
	assert_false(submit_for(7, 7, &no_label, FAR_MS, NULL));
	assert_int_equal(core.outcome_count, 1);	// what was not taken has no outcome
}

static void
deadline_in_the_queue(void **state)
{
	(void)state;
	options.connections = 1;
	open_at("/", server.port);
	submit(1, 1);
	await_request(0);
	assert_true(submit_for(2, 2, &no_label, 1, NULL));
	UNTIL(core.outcome_count > 0);
	assert_int_equal(core.outcomes[0].submission, 2);
	assert_int_equal(core.outcomes[0].kind, OUTCOME_NOT_SENT);
	assert_true(core.outcomes[0].timeout);
}

static void
deadline_of_an_answer(void **state)
{
	(void)state;
	open_at("/", server.port);
	assert_true(submit_for(1, 1, &no_label, 300, NULL));
	await_request(0);
	UNTIL(core.outcome_count > 0);
	assert_int_equal(core.outcomes[0].kind, OUTCOME_MAYBE_SENT);
	assert_true(core.outcomes[0].timeout);
	UNTIL(server.wires[0].ended);
}

// A listener whose queue of connections is full answers no more: its port.
static unsigned
deaf_port(int fds[8])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fds[0], (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fds[0], 0), 0);
	assert_int_equal(getsockname(fds[0], (struct sockaddr *)&a, &len), 0);
	for (int i = 1; i < 8; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)!connect(fds[i], (struct sockaddr *)&a, sizeof(a));
	}
	return ntohs(a.sin_port);
}

static void
connect_timeout(void **state)
{
	int fds[8];

	(void)state;
	options.connect_timeout = 300;
	unsigned port = deaf_port(fds);
	open_at("/", port);
	int64_t before = clock_mono_ms();
	submit(1, 1);
	UNTIL(core.outcome_count > 0);
	assert_true(clock_mono_ms() - before < 5000);
	assert_int_equal(core.outcomes[0].kind, OUTCOME_NOT_SENT);
	assert_true(core.outcomes[0].timeout);
	assert_non_null(strstr(core.outcomes[0].text, "connect_timeout"));
	for (int i = 0; i < 8; i++)
		close(fds[i]);
}

static void
nobody_listens(void **state)
{
	(void)state;
	unsigned port;
	int fd = wire_bound_socket(&port);

	close(fd);
	open_at("/", port);
	submit(1, 1);
	UNTIL(core.outcome_count > 0);
	assert_int_equal(core.outcomes[0].kind, OUTCOME_NOT_SENT);
	assert_false(core.outcomes[0].timeout);
	assert_non_null(strstr(core.outcomes[0].text, "cannot be reached: connection refused"));
}

// ---- what is an answer

// CMP may be the content of any status but a redirect (RFC 9811 3.4); what is no CMP is none in any.
static void
statuses_and_contents(void **state)
{
	static const char cmp[] = "application/pkixcmp", old[] = "application/x-pkixcmp", html[] = "text/html";
	static const struct { int status; const char *type, *content; enum outcome_kind kind; } rows[] = {
		{ 200, cmp, "0x", OUTCOME_ANSWER }, { 200, old, "0x", OUTCOME_ANSWER }, { 200, NULL, "0x", OUTCOME_ANSWER },
		{ 201, cmp, "0x", OUTCOME_ANSWER }, { 400, cmp, "0x", OUTCOME_ANSWER }, { 404, cmp, "0x", OUTCOME_ANSWER },
		{ 500, cmp, "0x", OUTCOME_ANSWER }, { 503, cmp, "0x", OUTCOME_ANSWER }, { 599, cmp, "0x", OUTCOME_ANSWER },
		{ 300, cmp, "0x", OUTCOME_REFUSED }, { 302, cmp, "0x", OUTCOME_REFUSED }, { 600, cmp, "0x", OUTCOME_REFUSED },
		{ 200, html, "0x", OUTCOME_REFUSED }, { 200, cmp, "1x", OUTCOME_REFUSED }, { 200, cmp, "", OUTCOME_REFUSED },
		{ 404, html, "<html>", OUTCOME_REFUSED }, { 500, NULL, "sorry", OUTCOME_REFUSED },
	};

	(void)state;
	options.connection = HTTP_SHARED;
	open_at("/", server.port);
	for (int i = 0; i < (int)(sizeof(rows) / sizeof(rows[0])); i++) {
		char answer[300];
		submit((uint64_t)i + 1, 1);
		await_request(0);
		snprintf(answer, sizeof(answer), "HTTP/1.1 %d Any\r\n%s%s%sContent-Length: %zu\r\n\r\n%s", rows[i].status, rows[i].type != NULL ? "Content-Type: " : "",
			rows[i].type != NULL ? rows[i].type : "", rows[i].type != NULL ? "\r\n" : "", strlen(rows[i].content), rows[i].content);
		wire_text(&server.wires[0], answer);
		UNTIL(core.outcome_count > i);
		if (core.outcomes[i].kind != rows[i].kind)
			fail_msg("row %d: %d: %s", i, (int)core.outcomes[i].kind, core.outcomes[i].text);
		if (rows[i].kind == OUTCOME_REFUSED)
			assert_int_equal(core.outcomes[i].status, rows[i].status);
	}
	assert_int_equal(server.count, 1);
}

// 100 Continue and its like come before an answer.
static void
interim_answers(void **state)
{
	(void)state;
	open_at("/", server.port);
	submit(1, 1);
	await_request(0);
	wire_text(&server.wires[0], "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
	wire_arrive(&server.wires[0]);
	assert_int_equal(core.outcome_count, 0);
	await_answer(0, 1);
}

// ---- how much is read

static void
send_filler(size_t n)
{
	static uint8_t filler[ANSWER_MOST + 1];

	memset(filler, 0x30, sizeof(filler));
	wire_send(&server.wires[0], filler, n);
}

static void
answer_of(size_t n, bool chunked, enum outcome_kind kind)
{
	char head[200];

	open_at("/", server.port);
	submit(1, 1);
	await_request(0);
	if (chunked)
		snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n", n);
	else
		snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\nContent-Length: %zu\r\n\r\n", n);
	wire_text(&server.wires[0], head);
	send_filler(n);
	if (chunked)
		wire_text(&server.wires[0], "\r\n0\r\n\r\n");
	UNTIL(core.outcome_count > 0);
	assert_int_equal(core.outcomes[0].kind, kind);
	if (kind == OUTCOME_ANSWER) {
		assert_int_equal(core.outcomes[0].octets, n);
		return;
	}
	assert_true(core.outcomes[0].garbled);
	UNTIL(server.wires[0].ended);
}

static void
largest_answer(void **state)
{
	(void)state;
	answer_of(262144, false, OUTCOME_ANSWER);
}

static void
answer_too_large(void **state)
{
	(void)state;
	answer_of(262145, false, OUTCOME_MAYBE_SENT);
}

static void
largest_chunked_answer(void **state)
{
	(void)state;
	answer_of(262144, true, OUTCOME_ANSWER);
}

static void
chunked_answer_too_large(void **state)
{
	(void)state;
	answer_of(262145, true, OUTCOME_MAYBE_SENT);
}

// Without length or chunks the end of the connection ends the answer.
static void
answer_until_the_end(void **state)
{
	(void)state;
	open_at("/", server.port);
	submit(1, 1);
	await_request(0);
	wire_text(&server.wires[0], "HTTP/1.0 200 OK\r\nContent-Type: application/pkixcmp\r\n\r\n");
	send_filler(100);
	wire_settle();
	assert_int_equal(core.outcome_count, 0);
	shutdown(server.wires[0].fd, SHUT_WR);
	UNTIL(core.outcome_count > 0);
	assert_int_equal(core.outcomes[0].kind, OUTCOME_ANSWER);
	assert_int_equal(core.outcomes[0].octets, 100);
}

// Chunks without an end, a head without an end: given up at their caps.
static void
endless_chunks(void **state)
{
	(void)state;
	open_at("/", server.port);
	submit(1, 1);
	await_request(0);
	wire_text(&server.wires[0], "HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 600 && core.outcome_count == 0; i++) {
		wire_text(&server.wires[0], "200\r\n");
		send_filler(512);
		wire_text(&server.wires[0], "\r\n");
	}
	UNTIL(core.outcome_count > 0);
	assert_int_equal(core.outcomes[0].kind, OUTCOME_MAYBE_SENT);
	assert_true(core.outcomes[0].garbled);
}

static void
endless_head(void **state)
{
	size_t sent = 0;

	(void)state;
	open_at("/", server.port);
	submit(1, 1);
	await_request(0);
	wire_text(&server.wires[0], "HTTP/1.1 200 OK\r\nX: ");
	for (; sent < 1 << 20 && core.outcome_count == 0; sent += 4096) {
		send_filler(4096);
		uv_run(&wire_loop, UV_RUN_NOWAIT);
	}
	UNTIL(core.outcome_count > 0);
	assert_true(sent < 1 << 19);	// not after a megabyte
	assert_int_equal(core.outcomes[0].kind, OUTCOME_MAYBE_SENT);
	assert_true(core.outcomes[0].garbled);
}

// A reset in the middle of an answer, and before one.
static void
reset(void **state)
{
	struct linger at_once = { 1, 0 };

	(void)state;
	open_at("/", server.port);
	for (int i = 0; i < 2; i++) {
		submit((uint64_t)i + 1, (uint64_t)i + 1);
		await_request(i);
		if (i == 0) {
			wire_text(&server.wires[0], "HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\nContent-Length: 100\r\n\r\n0000");
			wire_arrive(&server.wires[0]);
		}
		setsockopt(server.wires[i].fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		wire_close(&server.wires[i]);
		UNTIL(core.outcome_count > i);
		assert_int_equal(core.outcomes[i].kind, OUTCOME_MAYBE_SENT);
		assert_int_equal(core.outcomes[i].garbled, i == 0);
		assert_false(core.outcomes[i].timeout);
	}
}

// ---- a connection that the server closes while it is kept

// Close the server's end as the next request arrives, with or without part of an answer.
static void
close_upon_request(int n, const char *part)
{
	await_request(n);
	if (part != NULL)
		wire_text(&server.wires[n], part);
	wire_settle();
	wire_close(&server.wires[n]);
}

static void
sent_once_more(void **state)
{
	(void)state;
	options.connection = HTTP_SHARED;
	open_at("/", server.port);
	submit(1, 1);
	await_request(0);
	await_answer(0, 1);
	submit(2, 2);
	close_upon_request(0, NULL);
	await_request(1);	// the same octets, on a fresh connection
	assert_int_equal(core.outcome_count, 1);
	await_answer(1, 2);
	assert_int_equal(server.count, 2);
}

// Once only: the second time it is a fault.
static void
not_sent_a_third_time(void **state)
{
	(void)state;
	options.connection = HTTP_SHARED;
	open_at("/", server.port);
	submit(1, 1);
	await_request(0);
	await_answer(0, 1);
	submit(2, 2);
	close_upon_request(0, NULL);
	close_upon_request(1, NULL);
	UNTIL(core.outcome_count == 2)
		;
	assert_int_equal(core.outcomes[1].submission, 2);
	assert_int_equal(core.outcomes[1].kind, OUTCOME_MAYBE_SENT);
	wire_settle();
	assert_int_equal(server.count, 2);
}

// Neither when it was the first request of its connection, nor when an answer has begun.
static void
not_sent_again(void **state)
{
	static const char *const parts[] = { "H", "HTTP/1.1 100 Continue\r\n\r\n" };

	(void)state;
	options.connection = HTTP_SHARED;
	open_at("/", server.port);
	submit(1, 1);
	close_upon_request(0, NULL);
	UNTIL(core.outcome_count == 1)
		;
	assert_int_equal(core.outcomes[0].kind, OUTCOME_MAYBE_SENT);
	for (int i = 0; i < 2; i++) {
		submit(2, 2);
		await_request(i + 1);
		await_answer(i + 1, 2);
		submit(3, 3);
		close_upon_request(i + 1, parts[i]);
		UNTIL(core.outcome_count == 3 + 2 * i)
			;
		assert_int_equal(core.outcomes[2 + 2 * i].kind, OUTCOME_MAYBE_SENT);
		assert_int_equal(server.count, 2 + i);
	}
}

// With all connections taken by kept ones, one of them goes for it.
static void
sent_again_at_the_limit(void **state)
{
	(void)state;
	options.connection = HTTP_SHARED;
	options.connections = 2;
	open_at("/", server.port);
	submit(1, 1);
	submit(2, 2);
	await_request(0);
	await_request(1);
	answered(0);
	answered(1);
	submit(3, 3);
	UNTIL(wire_has(&server.wires[0], "0123456789") || wire_has(&server.wires[1], "0123456789"))
		;
	int n = wire_has(&server.wires[0], "0123456789") ? 0 : 1;
	wire_close(&server.wires[n]);
	await_request(2);
	await_answer(2, 3);
}

static void
kept_connections_end(void **state)
{
	(void)state;
	options.connection = HTTP_SHARED;
	options.idle = 1;
	open_at("/", server.port);
	submit(1, 1);
	await_request(0);
	await_answer(0, 1);
	UNTIL(server.wires[0].ended)
		;
	submit(2, 2);
	await_request(1);
	await_answer(1, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(paths_and_labels, begin, end),
		cmocka_unit_test_setup_teardown(transaction_keeps_its_connection, begin, end),
		cmocka_unit_test_setup_teardown(forgotten_transaction_frees_its_connection, begin, end),
		cmocka_unit_test_setup_teardown(held_connection_is_given_up, begin, end),
		cmocka_unit_test_setup_teardown(affinity_ends, begin, end),
		cmocka_unit_test_setup_teardown(shared_connection_serves_all, begin, end),
		cmocka_unit_test_setup_teardown(closed_after_each_answer, begin, end),
		cmocka_unit_test_setup_teardown(other_ways_keep_connections_open, begin, end),
		cmocka_unit_test_setup_teardown(connections_are_limited, begin, end),
		cmocka_unit_test_setup_teardown(queue_is_limited, begin, end),
		cmocka_unit_test_setup_teardown(deadline_in_the_queue, begin, end),
		cmocka_unit_test_setup_teardown(deadline_of_an_answer, begin, end),
		cmocka_unit_test_setup_teardown(connect_timeout, begin, end),
		cmocka_unit_test_setup_teardown(nobody_listens, begin, end),
		cmocka_unit_test_setup_teardown(statuses_and_contents, begin, end),
		cmocka_unit_test_setup_teardown(interim_answers, begin, end),
		cmocka_unit_test_setup_teardown(largest_answer, begin, end),
		cmocka_unit_test_setup_teardown(answer_too_large, begin, end),
		cmocka_unit_test_setup_teardown(largest_chunked_answer, begin, end),
		cmocka_unit_test_setup_teardown(chunked_answer_too_large, begin, end),
		cmocka_unit_test_setup_teardown(answer_until_the_end, begin, end),
		cmocka_unit_test_setup_teardown(endless_chunks, begin, end),
		cmocka_unit_test_setup_teardown(endless_head, begin, end),
		cmocka_unit_test_setup_teardown(reset, begin, end),
		cmocka_unit_test_setup_teardown(sent_once_more, begin, end),
		cmocka_unit_test_setup_teardown(not_sent_a_third_time, begin, end),
		cmocka_unit_test_setup_teardown(not_sent_again, begin, end),
		cmocka_unit_test_setup_teardown(sent_again_at_the_limit, begin, end),
		cmocka_unit_test_setup_teardown(kept_connections_end, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
