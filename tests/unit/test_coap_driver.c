// SPDX-License-Identifier: GPL-3.0-or-later
// The CoAP driver behind real sockets, with a fake core. Datagrams are written
// and read by hand, so that no library hides what is on the wire.
#include "build.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transports/coap_block.h"
#include "transports/stream.h"

extern const struct driver driver_coap;

#define CODE(class, detail) ((class) << 5 | (detail))

enum { CON, NON, ACK, RST };
enum { GET = 1, POST = 2, PUT = 3 };
enum { ETAG = 4, URI_PATH = 11, FORMAT = 12, MAX_AGE = 14, ACCEPT = 17, BLOCK2 = 23, BLOCK1 = 27, SIZE2 = 28, PROXY_URI = 35, SIZE1 = 60, TAG = 292 };
enum { WATCHDOG_MS = 5000, QUIET_MS = 60 };

// ---- A core that keeps what it is given, and answers when it is told to.

static struct {
	int delivered, gone, sent_well, sent_badly;
	uint64_t token, last_gone;
	struct peer peer;
	struct label label;
	struct blob *message;
	bool answer_at_once;	// with the request itself
	char counted[512];
} core;

static struct listener *listener;
static uv_loop_t loop;
static uint8_t content[70000];

static void
answer(uint64_t token, enum reply_kind kind, struct blob *message)
{
	struct reply reply = { .kind = kind, .message = message };

	driver_coap.listener_respond(listener, token, &reply);
}

static void
answer_octets(uint64_t token, const void *data, size_t len)
{
	struct blob *b = blob_new(span_of(data, len));

	answer(token, REPLY_ANSWER, b);
	blob_unref(b);
}

static uint64_t
deliver(void *context, void *owner, uint64_t token, const struct peer *peer, const struct label *label,
	enum content_kind kind, struct blob *message, struct span return_label)
{
	assert_ptr_equal(context, &core);
	assert_ptr_equal(owner, &loop);
	assert_int_equal(kind, CONTENT_PKIMESSAGE);
	assert_int_equal(return_label.len, 0);
	core.delivered++;
	core.token = token;
	core.peer = *peer;
	core.label = *label;
	blob_unref(core.message);
	core.message = blob_ref(message);
	if (!core.answer_at_once)
		return (uint64_t)core.delivered;
	answer(token, REPLY_ANSWER, message);
	return 0;
}

static void
gone(void *context, uint64_t exchange)
{
	(void)context;
	core.gone++;
	core.last_gone = exchange;
}

static void
sent(void *context, uint64_t exchange, bool well)
{
	(void)context;
	assert_true(exchange != 0);
	*(well ? &core.sent_well : &core.sent_badly) += 1;
}

static void
count_what(void *context, const char *what)
{
	size_t len = strlen(core.counted);

	(void)context;
	snprintf(core.counted + len, sizeof(core.counted) - len, "%s ", what);
}

static struct driver_core fake;

static const struct transport_limits usual = {
	.max_message = 65536, .connections = 64, .connections_per_source = 8, .idle_timeout = 60000, .header_timeout = 10000, .coap_sessions = 64, .coap_assemblies = 8,
	.coap_assemblies_per_peer = 2, .coap_assembly_bytes = 1 << 20, .coap_assembly_timeout = 60000, .coap_waiting = 4, .coap_answers = 8
};
static struct transport_limits limits;

// ---- The loop, and a device's socket

static int device = -1;
static uv_poll_t device_poll;
static uv_timer_t watchdog;
static bool late, closed;

static void
on_watchdog(uv_timer_t *t)
{
	(void)t;
	late = true;
}

static void
on_device(uv_poll_t *p, int status, int events)
{
	(void)p;
	(void)status;
	(void)events;
}

static void
on_closed(void *context)
{
	*(bool *)context = true;
}

static struct listener *
open_at(const char *text, struct fault *f)
{
	static char *items[] = { (char *)(uintptr_t)"/plant/cmp" };
	static const struct option_texts paths = { .items = items, .count = 1 };
	struct url url;
	struct listener_setup setup = { .name = "field", .url = &url, .options = &paths, .limits = &limits, .core = &fake, .owner = &loop };

	assert_true(url_parse(&url, text, f));
	return driver_coap.listener_open(&setup, f);
}

static unsigned
port_of(size_t i)
{
	char url[128];

	assert_true(driver_coap.listener_url(listener, i, url, sizeof(url)));
	return (unsigned)atoi(strrchr(url, ':') + 1);
}

static int
connect_device(int type, int family, size_t place)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port_of(place)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = four.sin_port, .sin6_addr = in6addr_loopback };
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (family == AF_INET)
		assert_int_equal(connect(fd, (struct sockaddr *)&four, sizeof(four)), 0);
	else
		assert_int_equal(connect(fd, (struct sockaddr *)&six, sizeof(six)), 0);
	return fd;
}

static void
watch_device(int fd)
{
	device = fd;
	assert_int_equal(uv_poll_init(&loop, &device_poll, fd), 0);
	uv_poll_start(&device_poll, UV_READABLE, on_device);
}

static void
open_scheme(const char *url, int type)
{
	struct fault f = { 0 };

	memset(&core, 0, sizeof(core));
	limits = usual;
	uv_loop_init(&loop);
	fake = (struct driver_core){
		.context = &core, .loop = &loop, .deliver = deliver, .gone = gone, .sent = sent, .count = count_what
	};
	listener = open_at(url, &f);
	if (listener == NULL)
		fail_msg("%s", f.text);
	uv_timer_init(&loop, &watchdog);
	watch_device(connect_device(type, AF_INET, 0));
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 31 + i / 256);
}

static int
begin(void **state)
{
	(void)state;
	open_scheme("coap://:0", SOCK_DGRAM);
	return 0;
}

static int
begin_stream(void **state)
{
	(void)state;
	open_scheme("coap+tcp://127.0.0.1:0", SOCK_STREAM);
	return 0;
}

static void
close_listener(void)
{
	closed = false;
	driver_coap.listener_close(listener, on_closed, &closed);
	while (!closed)
		uv_run(&loop, UV_RUN_ONCE);
	listener = NULL;
}

static int
end(void **state)
{
	(void)state;
	if (listener != NULL)
		close_listener();
	uv_close((uv_handle_t *)&device_poll, NULL);
	uv_close((uv_handle_t *)&watchdog, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	close(device);
	blob_unref(core.message);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(blob_bytes(), 0);
	return 0;
}

// ---- Messages by hand

struct message {
	uint8_t octets[70500];
	size_t len;
	unsigned last;	// option number
};

static struct message
start(int type, int code, unsigned mid, const char *token)
{
	struct message m;

	m.octets[0] = (uint8_t)(0x40 | type << 4 | (int)strlen(token));
	m.octets[1] = (uint8_t)code;
	m.octets[2] = (uint8_t)(mid >> 8);
	m.octets[3] = (uint8_t)mid;
	memcpy(m.octets + 4, token, strlen(token));
	m.len = 4 + strlen(token);
	m.last = 0;
	return m;
}

static unsigned
nibble(size_t value)
{
	return value < 13 ? (unsigned)value : value < 269 ? 13 : 14;
}

static void
extend(struct message *m, size_t value)
{
	if (value >= 269) {
		m->octets[m->len++] = (uint8_t)((value - 269) >> 8);
		m->octets[m->len++] = (uint8_t)(value - 269);
	} else if (value >= 13) {
		m->octets[m->len++] = (uint8_t)(value - 13);
	}
}

static void
option(struct message *m, unsigned number, const void *value, size_t len)
{
	size_t delta = number - m->last;

	m->octets[m->len++] = (uint8_t)(nibble(delta) << 4 | nibble(len));
	extend(m, delta);
	extend(m, len);
	if (len > 0)
		memcpy(m->octets + m->len, value, len);
	m->len += len;
	m->last = number;
}

static void
option_uint(struct message *m, unsigned number, uint32_t value)
{
	uint8_t octets[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value };
	size_t skip = 0;

	while (skip < 4 && octets[skip] == 0)
		skip++;
	option(m, number, octets + skip, 4 - skip);
}

static void
option_block(struct message *m, unsigned number, uint32_t num, bool more, unsigned szx)
{
	option_uint(m, number, num << 4 | (more ? 8u : 0u) | szx);
}

static void
option_path(struct message *m, const char *path)
{
	for (const char *at = path; *at == '/';) {
		size_t len = strcspn(at + 1, "/");
		option(m, URI_PATH, at + 1, len);
		at += 1 + len;
	}
}

static void
payload(struct message *m, const void *data, size_t len)
{
	m->octets[m->len++] = 0xff;
	memcpy(m->octets + m->len, data, len);
	m->len += len;
}

static void
transmit(const struct message *m)
{
	assert_int_equal(send(device, m->octets, m->len, 0), m->len);
}

// ---- Answers taken apart

struct answer {
	int type, code;
	unsigned mid;
	char token[9];
	struct { unsigned number; struct span value; } options[16];
	size_t option_count;
	struct span payload;
	uint8_t octets[70500];
};

static size_t
read_extended(const uint8_t **at, unsigned n)
{
	size_t x = n;

	if (n == 13)
		x = 13u + *(*at)++;
	else if (n == 14) {
		x = 269u + (unsigned)((*at)[0] << 8 | (*at)[1]);
		*at += 2;
	}
	return x;
}

static void
parse_rest(struct answer *a, const uint8_t *at, const uint8_t *limit, size_t token_len)
{
	unsigned number = 0;

	memset(a->token, 0, sizeof(a->token));
	memcpy(a->token, at, token_len);
	at += token_len;
	a->option_count = 0;
	a->payload = span_of(NULL, 0);
	while (at < limit && *at != 0xff) {
		unsigned first = *at++;
		number += (unsigned)read_extended(&at, first >> 4);
		size_t len = read_extended(&at, first & 15);
		assert_true(a->option_count < 16);
		a->options[a->option_count].number = number;
		a->options[a->option_count++].value = span_of(at, len);
		at += len;
	}
	if (at < limit)
		a->payload = span_of(at + 1, (size_t)(limit - at - 1));
}

// The value of an option of type uint; -1 when it is not there.
static int64_t
value_of(const struct answer *a, unsigned number)
{
	for (size_t i = 0; i < a->option_count; i++)
		if (a->options[i].number == number) {
			int64_t x = 0;
			for (size_t k = 0; k < a->options[i].value.len; k++)
				x = x << 8 | a->options[i].value.data[k];
			return x;
		}
	return -1;
}

static ssize_t
wait_octets(uint8_t *out, size_t size, unsigned ms)
{
	late = false;
	uv_timer_start(&watchdog, on_watchdog, ms, 0);
	for (;;) {
		ssize_t n = recv(device, out, size, MSG_DONTWAIT);
		if (n >= 0 || late) {
			uv_timer_stop(&watchdog);
			return n;
		}
		uv_run(&loop, UV_RUN_ONCE);
	}
}

static struct answer got;

static const struct answer *
receive(void)
{
	ssize_t n = wait_octets(got.octets, sizeof(got.octets), WATCHDOG_MS);

	if (n < 4)
		fail_msg("no answer");
	got.type = got.octets[0] >> 4 & 3;
	got.code = got.octets[1];
	got.mid = (unsigned)got.octets[2] << 8 | got.octets[3];
	parse_rest(&got, got.octets + 4, got.octets + n, got.octets[0] & 15);
	return &got;
}

static const struct answer *
ask(const struct message *m)
{
	transmit(m);
	return receive();
}

// Nothing comes, although the listener has read everything that was sent before.
static void
assert_quiet(void)
{
	uint8_t octets[64];

	assert_true(wait_octets(octets, sizeof(octets), QUIET_MS) < 0);
}

static unsigned next_mid = 100;

static struct message
request(const char *path)
{
	struct message m = start(CON, POST, ++next_mid, "tk");

	option_path(&m, path);
	option_uint(&m, FORMAT, 259);
	return m;
}

static struct message
small_request(void)
{
	struct message m = request("/.well-known/cmp/p/plc/ir");

	payload(&m, content, 300);
	return m;
}

static struct message
block(const char *tag, uint32_t num, bool more, unsigned szx, const uint8_t *from, size_t len)
{
	struct message m = request("/.well-known/cmp");

	option_block(&m, BLOCK1, num, more, szx);
	if (tag != NULL)
		option(&m, TAG, tag, strlen(tag));
	if (len > 0)
		payload(&m, from, len);
	return m;
}

static int
send_block(const char *tag, uint32_t num, bool more, unsigned szx, const uint8_t *from, size_t len)
{
	struct message m = block(tag, num, more, szx, from, len);

	return ask(&m)->code;
}

static void
assert_content(const void *data, size_t len)
{
	assert_true(span_equal(blob_span(core.message), span_of(data, len)));
}

// ---- Tests

static void
piggybacked(void **state)
{
	struct message m = small_request();
	char expected[32];

	(void)state;
	core.answer_at_once = true;
	const struct answer *a = ask(&m);
	assert_int_equal(a->type, ACK);
	assert_int_equal(a->mid, next_mid);
	assert_string_equal(a->token, "tk");
	assert_int_equal(a->code, CODE(2, 4));
	assert_int_equal(value_of(a, FORMAT), 259);
	assert_int_equal(value_of(a, MAX_AGE), -1);
	assert_true(span_equal(a->payload, span_of(content, 300)));
	assert_int_equal(core.delivered, 1);
	assert_string_equal(core.label.path, "/.well-known/cmp/p/plc/ir");
	assert_string_equal(core.label.profile, "plc");
	assert_string_equal(core.label.operation, "initialization");
	struct sockaddr_in local;
	socklen_t len = sizeof(local);
	getsockname(device, (struct sockaddr *)&local, &len);
	snprintf(expected, sizeof(expected), "127.0.0.1:%u", ntohs(local.sin_port));
	assert_string_equal(core.peer.text, expected);
	assert_string_equal(core.peer.source, "127.0.0.1");
	assert_true(core.peer.loopback);
	assert_string_equal(core.peer.identity, "");
}

static void
duplicates(void **state)
{
	struct message m = small_request();

	(void)state;
	transmit(&m);
	transmit(&m);
	// The second copy of a running request is acknowledged: the peer is in a hurry.
	const struct answer *a = receive();
	assert_int_equal(a->type, ACK);
	assert_int_equal(a->code, 0);
	assert_int_equal(a->mid, next_mid);
	assert_int_equal(core.delivered, 1);
	answer_octets(core.token, "answer", 6);
	a = receive();
	assert_int_equal(a->type, CON);
	assert_string_equal(a->token, "tk");
	assert_true(span_equal(a->payload, span_text("answer")));
	struct message ack = start(ACK, 0, a->mid, "");
	transmit(&ack);
	assert_int_equal(core.sent_well, 1);
	for (int i = 0; i < 3; i++) {
		a = ask(&m);
		assert_int_equal(a->type, ACK);
		assert_int_equal(a->code, CODE(2, 4));
		assert_int_equal(a->mid, next_mid);
		assert_true(span_equal(a->payload, span_text("answer")));
	}
	assert_int_equal(core.delivered, 1);
	assert_non_null(strstr(core.counted, "coap.duplicate"));
	// The same token with a new message id is a new request.
	m = small_request();
	core.answer_at_once = true;
	ask(&m);
	assert_int_equal(core.delivered, 2);
}

static void
a_late_answer_is_separate(void **state)
{
	struct message m = small_request();

	(void)state;
	const struct answer *a = ask(&m);	// after ACK_DELAY_MS
	assert_int_equal(a->type, ACK);
	assert_int_equal(a->code, 0);
	assert_int_equal(a->mid, next_mid);
	assert_string_equal(a->token, "");
	answer_octets(core.token, content, 2500);
	a = receive();
	assert_int_equal(a->type, CON);
	assert_int_equal(a->code, CODE(2, 4));
	assert_string_equal(a->token, "tk");
	assert_int_equal(value_of(a, BLOCK2), 0 << 4 | 8 | 6);
	assert_int_equal(value_of(a, SIZE2), 2500);
	int64_t etag = value_of(a, ETAG);
	assert_true(etag >= 0);
	assert_true(span_equal(a->payload, span_of(content, 1024)));
	struct message ack = start(ACK, 0, a->mid, "");
	transmit(&ack);
	for (uint32_t num = 1; num <= 2; num++) {
		m = request("/.well-known/cmp/p/plc/ir");
		option_block(&m, BLOCK2, num, false, 6);
		a = ask(&m);
		assert_int_equal(a->code, CODE(2, 4));
		assert_int_equal(a->type, ACK);
		assert_int_equal(value_of(a, ETAG), etag);
		assert_int_equal(value_of(a, BLOCK2), num << 4 | (num == 1 ? 8 : 0) | 6);
		assert_true(span_equal(a->payload, span_of(content + num * 1024, num == 1 ? 1024 : 452)));
	}
	m = request("/.well-known/cmp/p/plc/ir");
	option_block(&m, BLOCK2, 3, false, 6);
	assert_int_equal(ask(&m)->code, CODE(4, 0));
	// Without Content-Format too: it describes content, and there is none.
	m = start(CON, POST, ++next_mid, "x");
	option_path(&m, "/.well-known/cmp/p/plc/ir");
	option_block(&m, BLOCK2, 9, false, 4);
	a = ask(&m);
	assert_int_equal(a->code, CODE(2, 4));
	assert_true(span_equal(a->payload, span_of(content + 9 * 256, 196)));
	m = request("/.well-known/cmp");
	option_block(&m, BLOCK2, 1, false, 6);
	assert_int_equal(ask(&m)->code, CODE(4, 8));
	assert_int_equal(core.delivered, 1);
}

static void
blocks_both_ways(void **state)
{
	(void)state;
	core.answer_at_once = true;
	for (unsigned szx = 0; szx <= COAP_SZX_MAX; szx++) {
		size_t size = coap_block_size(szx), len = 3 * size + 5;
		for (uint32_t num = 0; num <= 3; num++) {
			bool more = num < 3;
			struct message m = request("/.well-known/cmp");
			m.octets[4] = (uint8_t)('a' + num);	// each block has its own token
			option_block(&m, BLOCK2, 0, false, szx);
			option_block(&m, BLOCK1, num, more, szx);
			payload(&m, content + szx + num * size, more ? size : 5);
			const struct answer *a = ask(&m);
			assert_int_equal(a->code, more ? CODE(2, 31) : CODE(2, 4));
			assert_int_equal(value_of(a, BLOCK1), num << 4 | (more ? 8 : 0) | szx);
			assert_int_equal(a->token[0], 'a' + (int)num);
			if (more)
				assert_int_equal(a->payload.len, 0);
			else
				assert_int_equal(value_of(a, BLOCK2), 8 | szx);
		}
		assert_content(content + szx, len);
		assert_true(span_equal(got.payload, span_of(content + szx, size)));
		for (uint32_t num = 1; num <= 3; num++) {
			struct message m = request("/.well-known/cmp");
			option_block(&m, BLOCK2, num, false, szx);
			const struct answer *a = ask(&m);
			assert_true(span_equal(a->payload, span_of(content + szx + num * size, num < 3 ? size : 5)));
		}
	}
	assert_int_equal(core.delivered, COAP_SZX_MAX + 1);
}

// A refusal, or a small answer, between the blocks of a large one.
static void
a_small_answer_in_between(void **state)
{
	(void)state;
	struct message m = request("/cmp");
	payload(&m, content, 20);
	transmit(&m);
	while (core.delivered < 1)
		uv_run(&loop, UV_RUN_ONCE);
	answer_octets(core.token, content, 3000);
	assert_int_equal(value_of(receive(), BLOCK2), 8 | 6);
	int64_t etag = value_of(&got, ETAG);
	core.answer_at_once = true;
	for (int i = 0; i < 20; i++) {	// more than limits.coap.answers
		m = request("/cmp");
		payload(&m, content, 20);
		assert_int_equal(ask(&m)->code, CODE(2, 4));
	}
	for (uint32_t num = 1; num <= 2; num++) {
		m = request("/cmp");
		option_block(&m, BLOCK2, num, false, 6);
		assert_int_equal(ask(&m)->code, CODE(2, 4));
		assert_int_equal(value_of(&got, ETAG), etag);
		assert_true(span_equal(got.payload, span_of(content + num * 1024, num == 1 ? 1024 : 952)));
	}
}

static void
faulty_uploads(void **state)
{
	(void)state;
	core.answer_at_once = true;
	assert_int_equal(send_block(NULL, 1, true, 2, content, 64), CODE(4, 8));
	assert_int_equal(send_block(NULL, 0, true, 2, content, 64), CODE(2, 31));
	assert_int_equal(send_block(NULL, 2, true, 2, content, 64), CODE(4, 8));	// gap
	assert_int_equal(send_block(NULL, 0, true, 2, content, 64), CODE(2, 31));
	assert_int_equal(send_block(NULL, 1, true, 2, content + 64, 64), CODE(2, 31));
	assert_int_equal(send_block(NULL, 1, true, 2, content + 64, 64), CODE(2, 31));
	assert_int_equal(send_block(NULL, 1, true, 2, content + 65, 64), CODE(4, 8));	// other content
	assert_int_equal(send_block(NULL, 0, true, 2, content, 64), CODE(2, 31));
	assert_int_equal(send_block(NULL, 1, true, 3, content + 64, 128), CODE(4, 0));	// larger blocks
	assert_int_equal(send_block(NULL, 0, true, 7, content, 1024), CODE(4, 0));
	assert_int_equal(send_block(NULL, 0, true, 2, content, 63), CODE(4, 0));
	assert_int_equal(send_block(NULL, 0, true, 2, content, 64), CODE(2, 31));
	assert_int_equal(send_block(NULL, 1, false, 2, content + 64, 65), CODE(4, 0));
	assert_int_equal(core.delivered, 0);
	assert_non_null(strstr(core.counted, "coap.assembly-dropped"));
	// Abandoned, then begun anew with other content.
	for (uint32_t num = 0; num < 3; num++)
		assert_int_equal(send_block(NULL, num, true, 2, content + 64 * num, 64), CODE(2, 31));
	assert_int_equal(send_block(NULL, 0, true, 2, content + 500, 64), CODE(2, 31));
	assert_int_equal(send_block(NULL, 1, false, 2, content + 564, 9), CODE(2, 4));
	assert_content(content + 500, 73);
	// Two at a time, told apart by tags; a third is one too many.
	assert_int_equal(send_block("a", 0, true, 2, content, 64), CODE(2, 31));
	assert_int_equal(send_block("b", 0, true, 2, content + 1000, 64), CODE(2, 31));
	assert_int_equal(send_block("", 0, true, 2, content, 64), CODE(4, 29));
	assert_true(value_of(&got, MAX_AGE) >= 1);
	assert_int_equal(send_block("b", 1, false, 2, content + 1064, 1), CODE(2, 4));
	assert_content(content + 1000, 65);
	assert_int_equal(send_block("a", 1, false, 2, content + 64, 1), CODE(2, 4));
	assert_content(content, 65);
	assert_int_equal(core.delivered, 3);
}

static void
too_large(void **state)
{
	struct message m = request("/cmp");

	(void)state;
	option_block(&m, BLOCK1, 0, true, 6);
	option_uint(&m, SIZE1, UINT32_MAX);
	payload(&m, content, 1024);
	const struct answer *a = ask(&m);
	assert_int_equal(a->code, CODE(4, 13));
	assert_int_equal(value_of(a, SIZE1), 65536);
	assert_int_equal(value_of(a, MAX_AGE), 0);
	for (uint32_t num = 0; num < 64; num++)
		assert_int_equal(send_block(NULL, num, true, 6, content + num * 1024, 1024), CODE(2, 31));
	assert_int_equal(send_block(NULL, 64, false, 6, content, 1), CODE(4, 13));
	core.answer_at_once = true;
	for (uint32_t num = 0; num < 63; num++)
		assert_int_equal(send_block(NULL, num, true, 6, content + num * 1024, 1024), CODE(2, 31));
	assert_int_equal(send_block(NULL, 63, false, 6, content + 63 * 1024, 1024), CODE(2, 4));
	assert_content(content, 65536);
}

static int
code_of(int method, const char *path, int64_t format, int64_t accept, unsigned odd, const char *value)
{
	struct message m = start(CON, method, ++next_mid, "");

	if (odd != 0 && odd < URI_PATH)
		option(&m, odd, value, strlen(value));
	option_path(&m, path);
	if (format >= 0)
		option_uint(&m, FORMAT, (uint32_t)format);
	if (accept >= 0)
		option_uint(&m, ACCEPT, (uint32_t)accept);
	if (odd > URI_PATH)
		option(&m, odd, value, strlen(value));
	payload(&m, content, 10);
	return ask(&m)->code;
}

static void
refused_at_the_door(void **state)
{
	static const char *const paths[] = { "/.well-known/cmp", "/cmp", "/plant/cmp", "/.well-known/cmp/p/x/nest" };

	(void)state;
	core.answer_at_once = true;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(code_of(POST, paths[i], 259, 259, 0, NULL), CODE(2, 4));
	assert_int_equal(core.delivered, 4);
	assert_int_equal(code_of(POST, "/cmp", -1, -1, 0, NULL), CODE(4, 15));
	assert_int_equal(value_of(&got, MAX_AGE), 0);
	assert_int_equal(value_of(&got, FORMAT), -1);
	assert_true(got.payload.len > 0);
	assert_int_equal(code_of(POST, "/cmp", 41, -1, 0, NULL), CODE(4, 15));
	assert_int_equal(code_of(POST, "/cmp", 0, -1, 0, NULL), CODE(4, 15));
	// Three octets are too many for this option: some versions of libcoap reject the message.
	assert_true(code_of(POST, "/cmp", 65536 + 259, -1, 0, NULL) == CODE(4, 15) || got.type == RST);
	assert_int_equal(code_of(POST, "/cmp", 259, 0, 0, NULL), CODE(4, 6));
	assert_int_equal(code_of(POST, "/cmp", 259, 60, 0, NULL), CODE(4, 6));
	assert_int_equal(code_of(GET, "/cmp", 259, -1, 0, NULL), CODE(4, 5));
	assert_int_equal(code_of(PUT, "/cmp", 259, -1, 0, NULL), CODE(4, 5));
	assert_int_equal(code_of(7, "/cmp", 259, -1, 0, NULL), CODE(4, 5));
	assert_int_equal(code_of(POST, "/.well-known/core", 259, -1, 0, NULL), CODE(4, 5));
	assert_int_equal(code_of(POST, "", 259, -1, 0, NULL), CODE(4, 4));
	assert_int_equal(code_of(POST, "/cmp/xx", 259, -1, 0, NULL), CODE(4, 4));
	assert_int_equal(code_of(POST, "/plant/cmp/ir", 259, -1, 0, NULL), CODE(4, 4));
	assert_int_equal(code_of(POST, "/cmp", 259, -1, 65001, "?"), CODE(4, 2));
	assert_int_equal(code_of(POST, "/cmp", 259, -1, 1, "e"), CODE(4, 2));
	assert_int_equal(code_of(POST, "/cmp", 259, 259, ACCEPT, "\x01\x03"), CODE(4, 2));
	assert_int_equal(code_of(POST, "/cmp", 259, -1, PROXY_URI, "coap://x/"), CODE(5, 5));
	assert_int_equal(core.delivered, 4);
	// An elective option that nobody knows changes nothing.
	assert_int_equal(code_of(POST, "/cmp", 259, -1, 65002, "?"), CODE(2, 4));
	struct message m = request("/cmp");
	assert_int_equal(ask(&m)->code, CODE(4, 0));
	assert_int_equal(core.delivered, 5);
}

static void
discovery(void **state)
{
	struct message m = start(CON, GET, 1, "");

	(void)state;
	option_path(&m, "/.well-known/core");
	const struct answer *a = ask(&m);
	assert_int_equal(a->code, CODE(2, 5));
	assert_int_equal(value_of(a, FORMAT), 40);
	assert_true(span_equal(a->payload, span_text("</.well-known/cmp>;ct=259,</plant/cmp>;ct=259")));
	m = start(CON, GET, 2, "");
	option_path(&m, "/.well-known/core");
	option_block(&m, BLOCK2, 1, false, 1);
	a = ask(&m);
	assert_true(span_equal(a->payload, span_text("t/cmp>;ct=259")));
}

static void
refusals(void **state)
{
	static const struct { enum refusal reason; unsigned seconds; int code; int64_t age; } rows[] = {
		{ REFUSE_BUSY, 30, CODE(5, 3), 30 },
		{ REFUSE_BUSY, 0, CODE(5, 3), 0 },
		{ REFUSE_TRY_AGAIN, 0, CODE(5, 3), 1 },
		{ REFUSE_TRY_AGAIN, 3, CODE(5, 3), 3 },
		{ REFUSE_UNAVAILABLE, 0, CODE(5, 3), 0 },
		{ REFUSE_TIMEOUT, 0, CODE(5, 4), 0 },
		{ REFUSE_BAD_UPSTREAM, 0, CODE(5, 2), 0 },
		{ REFUSE_MALFORMED, 0, CODE(4, 0), 0 },
		{ REFUSE_TOO_LARGE, 0, CODE(4, 13), 0 },
		{ REFUSE_NOT_FOUND, 0, CODE(4, 4), 0 },
		{ REFUSE_RATE, 7, CODE(4, 29), 7 },
		{ REFUSE_INTERNAL, 0, CODE(5, 0), 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct reply reply = { .kind = REPLY_REFUSE, .reason = rows[i].reason, .seconds = rows[i].seconds, .text = "because" };
		struct message m = small_request();
		transmit(&m);
		while (core.delivered <= (int)i)
			uv_run(&loop, UV_RUN_ONCE);
		if (i % 2 == 1)
			reply.message = core.message;
		driver_coap.listener_respond(listener, core.token, &reply);
		const struct answer *a = receive();
		assert_int_equal(a->type, ACK);
		assert_int_equal(a->code, rows[i].code);
		assert_int_equal(value_of(a, MAX_AGE), rows[i].age);
		assert_int_equal(value_of(a, FORMAT), i % 2 == 1 ? 259 : -1);
		assert_true(span_equal(a->payload, i % 2 == 1 ? blob_span(core.message) : span_text("because")));
	}
	// A token that nobody knows, and no answer at all.
	answer(core.token, REPLY_ANSWER, core.message);
	answer(0, REPLY_ANSWER, core.message);
	struct message m = small_request();
	int before = core.delivered;
	transmit(&m);
	while (core.delivered == before)
		uv_run(&loop, UV_RUN_ONCE);
	answer(core.token, REPLY_NOTHING, NULL);
	transmit(&m);
	assert_quiet();
	assert_int_equal(core.delivered, before + 1);
}

static void
waiting_is_limited(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct message m = small_request();
		transmit(&m);
	}
	while (core.delivered < 4)
		uv_run(&loop, UV_RUN_ONCE);
	uint64_t token = core.token;
	struct message m = small_request();
	const struct answer *a = ask(&m);
	assert_int_equal(a->code, CODE(5, 3));
	assert_true(value_of(a, MAX_AGE) > 0);
	assert_int_equal(core.delivered, 4);
	answer_octets(token, "x", 1);
	assert_int_equal(receive()->code, CODE(2, 4));
	core.answer_at_once = true;
	m = small_request();
	assert_int_equal(ask(&m)->code, CODE(2, 4));
	close_listener();
	assert_int_equal(core.gone, 3);
}

static void
non_confirmable(void **state)
{
	struct message m = small_request();

	(void)state;
	m.octets[0] |= NON << 4;
	core.answer_at_once = true;
	const struct answer *a = ask(&m);
	assert_int_equal(a->type, NON);
	assert_int_equal(a->code, CODE(2, 4));
	a = ask(&m);
	assert_int_equal(a->type, NON);
	assert_int_equal(core.delivered, 1);
}

static void
nonsense(void **state)
{
	static const struct { const char *octets; size_t len; int type; } rows[] = {
		{ "\x49\x02\x00\x01", 4, RST },		// token length 9
		{ "\x4f\x02\x00\x02", 4, RST },
		{ "\x40\x02\x00\x03\xb5" "ab", 7, RST },	// option over the end
		{ "\x40\x02\x00\x04\xff", 5, RST },	// marker without payload
	};
	struct message m = small_request();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		send(device, rows[i].octets, rows[i].len, 0);
		assert_int_equal(receive()->type, rows[i].type);
	}
	send(device, "\x40\x02", 2, 0);
	assert_quiet();
	assert_int_equal(core.delivered, 0);
	core.answer_at_once = true;
	assert_int_equal(ask(&m)->code, CODE(2, 4));
}

static void
draining(void **state)
{
	struct message m = small_request();

	(void)state;
	assert_int_equal(send_block(NULL, 0, true, 2, content, 64), CODE(2, 31));
	transmit(&m);
	while (core.delivered < 1)
		uv_run(&loop, UV_RUN_ONCE);
	uint64_t token = core.token;
	driver_coap.listener_drain(listener);
	struct message other = small_request();
	const struct answer *a = ask(&other);
	assert_int_equal(a->code, CODE(5, 3));
	assert_int_equal(value_of(a, MAX_AGE), 1);
	answer_octets(token, "late", 4);
	assert_int_equal(receive()->code, CODE(2, 4));
	core.answer_at_once = true;
	assert_int_equal(send_block(NULL, 1, false, 2, content + 64, 3), CODE(2, 4));
	assert_content(content, 67);
	assert_int_equal(ask(&m)->code, CODE(2, 4));
	assert_int_equal(core.delivered, 2);
}

// The device speaks from another port from now on.
static void
another_device(void)
{
	uv_close((uv_handle_t *)&device_poll, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	watch_device(connect_device(SOCK_DGRAM, AF_INET, 0));
}

// An answer that is never acknowledged keeps its session busy for a minute and a half.
static void
leave_unacknowledged(void)
{
	struct message m = small_request();

	core.answer_at_once = false;
	transmit(&m);
	transmit(&m);	// the copy is acknowledged at once
	assert_int_equal(receive()->code, 0);
	answer_octets(core.token, "late", 4);
	assert_int_equal(receive()->type, CON);
}

// However many peers never acknowledge, the next one is served.
static void
a_crowd_that_never_acknowledges(void **state)
{
	enum { CROWD = 20, SESSIONS = 4, WAITING = 4 };
	int crowd[CROWD + 1];

	(void)state;
	limits.coap_sessions = SESSIONS;
	limits.coap_waiting = WAITING;
	crowd[0] = device;
	for (int i = 0; i < CROWD; i++) {
		leave_unacknowledged();
		another_device();
		crowd[i + 1] = device;
	}
	struct message m = small_request();
	core.answer_at_once = true;
	assert_int_equal(ask(&m)->code, CODE(2, 4));
#if HAVE_DECL_COAP_EVENT_SERVER_SESSION_NEW
	assert_non_null(strstr(core.counted, "coap.sessions-full"));
	assert_non_null(strstr(core.counted, "coap.undelivered"));
#endif
	// Who was given up is no worse off than any other.
	another_device();
	close(device);
	uv_close((uv_handle_t *)&device_poll, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	watch_device(crowd[0]);
	m = small_request();
	assert_int_equal(ask(&m)->code, CODE(2, 4));
	for (int i = 1; i <= CROWD; i++)
		close(crowd[i]);
}

// A request to a group reaches us when anybody on this machine has joined it.
static void
multicast(void **state)
{
	struct fault f = { 0 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xefff3a01) };
	struct ip_mreq join = { .imr_multiaddr = to.sin_addr, .imr_interface.s_addr = htonl(INADDR_LOOPBACK) };
	struct message m = small_request();
	int member = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	close_listener();
	listener = open_at("coap://0.0.0.0:0", &f);
	assert_non_null(listener);
	to.sin_port = htons((uint16_t)port_of(0));
	m.octets[0] |= NON << 4;
	core.answer_at_once = true;
	bool ready = setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof(join)) == 0 &&
		setsockopt(member, IPPROTO_IP, IP_MULTICAST_IF, &join.imr_interface, sizeof(join.imr_interface)) == 0 &&
		sendto(member, m.octets, m.len, 0, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)m.len;
	assert_quiet();
	assert_int_equal(core.delivered, 0);
	if (ready)
		assert_non_null(strstr(core.counted, "coap.multicast"));
	close(member);
}

static void
both_loopbacks(void **state)
{
	char url[64];

	(void)state;
	assert_true(driver_coap.listener_url(listener, 0, url, sizeof(url)));
	assert_memory_equal(url, "coap://127.0.0.1:", 17);
	if (!driver_coap.listener_url(listener, 1, url, sizeof(url)))
		skip();
	assert_memory_equal(url, "coap://[::1]:", 13);
	assert_false(driver_coap.listener_url(listener, 2, url, sizeof(url)));
	int four = device;
	uv_close((uv_handle_t *)&device_poll, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	close(four);
	watch_device(connect_device(SOCK_DGRAM, AF_INET6, 1));
	struct message m = small_request();
	core.answer_at_once = true;
	assert_int_equal(ask(&m)->code, CODE(2, 4));
	assert_memory_equal(core.peer.text, "[::1]:", 6);
	assert_string_equal(core.peer.source, "::1");
	assert_true(core.peer.loopback);
}

static void
bad_addresses(void **state)
{
	char taken[64];
	static const char *const rows[] = { "coap://plant.example:0", "coap://192.0.2.1:0", "coap://[fe80::1%25nosuchif]:0" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fault f = { 0 };
		assert_null(open_at(rows[i], &f));
		assert_true(f.set);
	}
	// The port of another socket is not shared, although libcoap would.
	struct fault f = { 0 };
	snprintf(taken, sizeof(taken), "coap://127.0.0.1:%u", port_of(0));
	assert_null(open_at(taken, &f));
	assert_non_null(strstr(f.text, "another program has this port"));
	uv_run(&loop, UV_RUN_NOWAIT);
}

// ---- Streams: RFC 8323

static void
send_stream(int code, const struct message *m)
{
	uint8_t frame[70600];
	size_t token_len = m->octets[0] & 15, body = m->len - 4 - token_len, at = 0;

	frame[at++] = (uint8_t)(nibble(body) << 4 | token_len);
	if (body >= 65805) {
		frame[0] = (uint8_t)(15 << 4 | token_len);
		for (int shift = 24; shift >= 0; shift -= 8)
			frame[at++] = (uint8_t)((body - 65805) >> shift);
	} else if (body >= 269) {
		frame[at++] = (uint8_t)((body - 269) >> 8);
		frame[at++] = (uint8_t)(body - 269);
	} else if (body >= 13) {
		frame[at++] = (uint8_t)(body - 13);
	}
	frame[at++] = (uint8_t)code;
	memcpy(frame + at, m->octets + 4, m->len - 4);
	at += m->len - 4;
	for (size_t done = 0; done < at;) {
		ssize_t n = send(device, frame + done, at - done, MSG_DONTWAIT);
		if (n > 0)
			done += (size_t)n;
		else
			uv_run(&loop, UV_RUN_NOWAIT);
	}
}

static void
receive_exactly(uint8_t *out, size_t len)
{
	while (len > 0) {
		ssize_t n = wait_octets(out, len, WATCHDOG_MS);
		if (n <= 0)
			fail_msg("the stream ended");
		out += n;
		len -= (size_t)n;
	}
}

static const struct answer *
receive_stream(void)
{
	uint8_t head[6];

	receive_exactly(head, 1);
	unsigned n = head[0] >> 4;
	size_t extra = n < 13 ? 0 : n == 13 ? 1 : n == 14 ? 2 : 4, len = n, token_len = head[0] & 15;
	receive_exactly(head + 1, extra + 1);
	if (extra > 0) {
		len = 0;
		for (size_t i = 0; i < extra; i++)
			len = len << 8 | head[1 + i];
		len += extra == 1 ? 13u : extra == 2 ? 269u : 65805u;
	}
	got.code = head[1 + extra];
	receive_exactly(got.octets, len + token_len);
	parse_rest(&got, got.octets, got.octets + token_len + len, token_len);
	return &got;
}

static void
greet(uint32_t largest)
{
	struct message csm = start(CON, 0, 0, "");

	option_uint(&csm, 2, largest);
	option(&csm, 4, NULL, 0);
	send_stream(CODE(7, 1), &csm);
	assert_int_equal(receive_stream()->code, CODE(7, 1));
}

static void
streams(void **state)
{
	(void)state;
	core.answer_at_once = true;
	greet(100000);
	struct message m = request("/.well-known/cmp/kur");
	payload(&m, content, 65536);
	send_stream(POST, &m);
	const struct answer *a = receive_stream();
	assert_int_equal(a->code, CODE(2, 4));
	assert_string_equal(a->token, "tk");
	assert_int_equal(value_of(a, FORMAT), 259);
	assert_int_equal(value_of(a, BLOCK2), -1);
	assert_true(span_equal(a->payload, span_of(content, 65536)));
	assert_string_equal(core.label.operation, "keyupdate");
	assert_string_equal(core.peer.source, "127.0.0.1");
	m = request("/.well-known/cmp");
	payload(&m, content, 65537);
	send_stream(POST, &m);
	assert_int_equal(receive_stream()->code, CODE(4, 13));
	// Several blocks in one message.
	for (uint32_t i = 0; i < 2; i++) {
		m = request("/.well-known/cmp");
		option_block(&m, BLOCK1, i * 3, i == 0, COAP_SZX_BERT);
		payload(&m, content + i * 3072, i == 0 ? 3072 : 100);
		send_stream(POST, &m);
		assert_int_equal(receive_stream()->code, i == 0 ? CODE(2, 31) : CODE(2, 4));
	}
	assert_content(content, 3172);
}

static void
a_small_stream_gets_blocks(void **state)
{
	(void)state;
	greet(1300);
	struct message m = request("/cmp");
	payload(&m, content, 100);
	send_stream(POST, &m);
	while (core.delivered < 1)
		uv_run(&loop, UV_RUN_ONCE);
	answer_octets(core.token, content, 3000);
	const struct answer *a = receive_stream();
	assert_int_equal(value_of(a, BLOCK2), 8 | 6);
	assert_true(span_equal(a->payload, span_of(content, 1024)));
	m = request("/cmp");
	option_block(&m, BLOCK2, 2, false, 6);
	send_stream(POST, &m);
	a = receive_stream();
	assert_true(span_equal(a->payload, span_of(content + 2048, 952)));
}

// Whatever size a peer takes, the answer comes in blocks that fit.
static void
a_tiny_stream_gets_small_blocks(void **state)
{
	static const struct { uint32_t largest; unsigned szx; } rows[] = { { 1100, 6 }, { 1000, 5 }, { 300, 3 }, { 120, 2 }, { 64, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (i > 0) {
			int before = device;
			uv_close((uv_handle_t *)&device_poll, NULL);
			uv_run(&loop, UV_RUN_NOWAIT);
			close(before);
			watch_device(connect_device(SOCK_STREAM, AF_INET, 0));
		}
		greet(rows[i].largest);
		struct message m = request("/cmp");
		payload(&m, content, 20);
		send_stream(POST, &m);
		int want = core.delivered + 1;
		while (core.delivered < want)
			uv_run(&loop, UV_RUN_ONCE);
		answer_octets(core.token, content, 3000);
		const struct answer *a = receive_stream();
		size_t size = coap_block_size(rows[i].szx);
		assert_int_equal(value_of(a, BLOCK2), 8 | rows[i].szx);
		assert_int_equal(value_of(a, SIZE2), 3000);
		assert_true(span_equal(a->payload, span_of(content, size)));
		// A later block of a size that does not fit begins where it was asked for.
		m = request("/cmp");
		option_block(&m, BLOCK2, 1, false, 6);
		send_stream(POST, &m);
		a = receive_stream();
		assert_int_equal(value_of(a, BLOCK2), (int64_t)(1024 / size) << 4 | 8 | rows[i].szx);
		assert_true(span_equal(a->payload, span_of(content + 1024, size)));
	}
}

static bool
ended(int fd)
{
	uint8_t octets[256];
	ssize_t n;

	late = false;
	uv_timer_start(&watchdog, on_watchdog, WATCHDOG_MS, 0);
	do {
		uv_run(&loop, UV_RUN_NOWAIT);
		n = recv(fd, octets, sizeof(octets), MSG_DONTWAIT);
	} while (n != 0 && (n > 0 || errno == EAGAIN) && !late);
	uv_timer_stop(&watchdog);
	return n <= 0 && !late;
}

#if HAVE_DECL_COAP_EVENT_SERVER_SESSION_NEW
// Connections of this driver count in limits.connections, and idle ones make place.
static void
streams_share_the_places(void **state)
{
	struct stream_place place = { .source = NULL };
	struct peer stranger = { .source = "10.0.0.1" };

	(void)state;
	limits.connections = 3;
	greet(2000);
	assert_true(stream_place_take(&place, &stranger, &limits));
	int second = connect_device(SOCK_STREAM, AF_INET, 0), first = device;
	struct message m = request("/cmp");
	payload(&m, content, 100);
	send_stream(POST, &m);	// the first one is at work
	while (core.delivered < 1)
		uv_run(&loop, UV_RUN_ONCE);
	int third = connect_device(SOCK_STREAM, AF_INET, 0);
	assert_true(ended(second));
	device = third;
	greet(2000);
	device = first;
	answer_octets(core.token, "x", 1);
	assert_int_equal(receive_stream()->code, CODE(2, 4));
	// Another driver's newcomer: now the third waits longest.
	struct stream_place newcomer = { .source = NULL };
	assert_true(stream_place_take(&newcomer, &stranger, &limits));
	assert_true(ended(third));
	stream_place_leave(&place);
	stream_place_leave(&newcomer);
	close(second);
	close(third);
}

// Without descriptors a connection is ended, and the loop does not run hot.
static void
no_descriptors_left(void **state)
{
	struct rlimit before, few;
	int fill[64], count = 0, turns = 0, fd;

	(void)state;
	greet(2000);
	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	few.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (count < 64 && (fd = fcntl(device, F_DUPFD_CLOEXEC, 3)) >= 0)
		fill[count++] = fd;
	close(fill[--count]);
	fd = connect_device(SOCK_STREAM, AF_INET, 0);
	assert_true(ended(fd));
	assert_non_null(strstr(core.counted, "coap.no-descriptors"));
	late = false;
	uv_timer_start(&watchdog, on_watchdog, 300, 0);
	for (; !late; turns++)
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(turns < 30);
	close(fd);
	setrlimit(RLIMIT_NOFILE, &before);
	while (count > 0)
		close(fill[--count]);
	// As soon as there are some, all is as before.
	int old = device;
	uv_close((uv_handle_t *)&device_poll, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	close(old);
	watch_device(connect_device(SOCK_STREAM, AF_INET, 0));
	greet(2000);
}
#endif

static void
a_stream_that_ends(void **state)
{
	(void)state;
	greet(2000);
	struct message m = request("/cmp");
	payload(&m, content, 100);
	send_stream(POST, &m);
	while (core.delivered < 1)
		uv_run(&loop, UV_RUN_ONCE);
	shutdown(device, SHUT_RDWR);
	while (core.gone < 1)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(core.last_gone, 1);
	answer_octets(core.token, "x", 1);
	assert_int_equal(core.sent_well + core.sent_badly, 0);
}

static void
streams_are_limited(void **state)
{
	int first = device, many[8];
	uint8_t octet;

	(void)state;
	limits.coap_sessions = 4;
	greet(2000);
	for (int i = 0; i < 3; i++)
		many[i] = connect_device(SOCK_STREAM, AF_INET, 0);
	device = connect_device(SOCK_STREAM, AF_INET, 0);
	uv_poll_t poll;
	uv_poll_init(&loop, &poll, device);
	uv_poll_start(&poll, UV_READABLE, on_device);
	// The fifth is ended, perhaps after the listener's greeting.
	ssize_t n;
	do
		n = wait_octets(&octet, 1, WATCHDOG_MS);
	while (n > 0);
	assert_false(late);
	assert_non_null(strstr(core.counted, "coap.sessions-full"));
	uv_close((uv_handle_t *)&poll, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	close(device);
	device = first;
	core.answer_at_once = true;
	struct message m = request("/cmp");
	payload(&m, content, 100);
	send_stream(POST, &m);
	assert_int_equal(receive_stream()->code, CODE(2, 4));
	for (int i = 0; i < 3; i++)
		close(many[i]);
}

static void
about_the_library(void **state)
{
	(void)state;
	assert_memory_equal(driver_coap.about(), "libcoap 4", 9);
	assert_non_null(strstr(driver_coap.about(), "(libcoap-3"));
	for (const struct option_row *row = driver_coap.listener_rows; row->key != NULL; row++)
		assert_non_null(row->help);
}

#define UDP(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define TCP(name) cmocka_unit_test_setup_teardown(name, begin_stream, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UDP(piggybacked),
		UDP(duplicates),
		UDP(a_late_answer_is_separate),
		UDP(blocks_both_ways),
		UDP(a_small_answer_in_between),
		UDP(faulty_uploads),
		UDP(too_large),
		UDP(refused_at_the_door),
		UDP(discovery),
		UDP(refusals),
		UDP(waiting_is_limited),
		UDP(non_confirmable),
		UDP(nonsense),
		UDP(draining),
		UDP(a_crowd_that_never_acknowledges),
		UDP(multicast),
		UDP(both_loopbacks),
		UDP(bad_addresses),
		TCP(streams),
		TCP(a_small_stream_gets_blocks),
		TCP(a_tiny_stream_gets_small_blocks),
#if HAVE_DECL_COAP_EVENT_SERVER_SESSION_NEW
		TCP(streams_share_the_places),
		TCP(no_descriptors_left),
#endif
		TCP(a_stream_that_ends),
		TCP(streams_are_limited),
		cmocka_unit_test(about_the_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
