// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fuzz/gate.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "gateway/route.h"
#include "tests/fuzz/plant.h"
#include "tests/fuzz/toy_keys.h"

enum { LISTENERS_MAX = 64, TURNS_MAX = 10000 };

struct gate_sent gate_sent[GATE_SENT_MAX];
size_t gate_sent_count;
struct gate_submission gate_up[GATE_SENT_MAX];
size_t gate_up_count;
struct gateway *gate;
bool gate_synced, gate_stopped, gate_time_known, gate_shows_log;
unsigned gate_active;
void (*gate_heard)(struct gate_sent *asked, const struct gate_message *answer);

struct gate_message gate_said[GATE_ANSWERS_MAX];
size_t gate_said_count;
static uv_loop_t loop;
static struct worker_pool *workers;
static struct settings *settings[2];
static struct keyring *keys[2];		// that reloads bring along
static char folder[64];
static uint64_t token;

// ---- the routes, one for each listener, each with an upstream of its own

#define SIGNERS "trust: plant, secrets: field, "
const struct gate_route gate_routes[] = {
	{ .name = "keep", .scheme = "http", .row = SIGNERS "reply_with: ra", .verifies = true, .speaks = true },
	{ .name = "add", .scheme = "http", .row = SIGNERS "protection: add, sign_with: ra", .mode = ROUTE_ADD, .verifies = true, .speaks = true },
	{ .name = "replace", .scheme = "http", .row = SIGNERS "protection: replace, sign_with: ra", .mode = ROUTE_REPLACE, .verifies = true, .speaks = true },
	{ .name = "set", .scheme = "http", .row = SIGNERS "protection: replace, popo: raverified, sign_with: ra, bind: none,\n    set: {add: [\"OU=Cell A\"], validity: 30d}",
		.mode = ROUTE_REPLACE, .verifies = true, .speaks = true, .changes = true, .missing = { false, true } },
	{ .name = "lras", .scheme = "http", .row = "trust: plant, protection: replace, accept_raverified: yes, on_behalf: yes, sign_with: ra",
		.mode = ROUTE_REPLACE, .verifies = true, .speaks = true },
	{ .name = "mute", .scheme = "http", .row = "trust: plant", .verifies = true },
	{ .name = "open", .scheme = "http", .row = NULL },
	{ .name = "lax", .lax = true, .scheme = "http", .row = SIGNERS "protection: replace, sign_with: ra, bind: none, accept_ca_pubs: yes, accept_subject_change: yes,\n"
		"    accept: [unprotected-error, pvno1, missing-sender-kid, pbmac1-bits, reg-info, poposk-input, sha1-mac]",
		.mode = ROUTE_REPLACE, .verifies = true, .speaks = true },
	{ .name = "secrets", .scheme = "http", .row = "secrets: field, protection: replace, sign_with: ra, reply_with: ra", .mode = ROUTE_REPLACE, .verifies = true, .speaks = true },
	{ .name = "local", .scheme = "http", .row = SIGNERS "reply_with: ra, to: answers", .verifies = true, .speaks = true },
	{ .name = "poll", .scheme = "tcp", .row = SIGNERS "protection: replace, sign_with: ra", .mode = ROUTE_REPLACE, .verifies = true, .speaks = true },
	{ .name = "drop", .scheme = "file", .row = "trust: plant, protection: replace, sign_with: ra, match: {template: {subject: \"CN=*\"}}", .mode = ROUTE_REPLACE, .verifies = true },
};
enum { ROUTES = sizeof(gate_routes) / sizeof(gate_routes[0]) };

unsigned
gate_route_named(const char *name)
{
	unsigned i = 0;

	while (i < ROUTES && strcmp(gate_routes[i].name, name) != 0)
		i++;
	must(i < ROUTES);
	return i;
}

unsigned
gate_route_count(void)
{
	return ROUTES;
}

// ---- messages

static void
look_inside(struct gate_message *m)
{
	struct span rest, octets;

	if (m->view.body != BODY_NESTED || !nested_first(m->view.body_contents, &rest) || !nested_next(&rest, &octets) || !der_at_end(rest))
		return;
	m->has_inner = true;
	m->readable = pkimessage_parse(&m->inner, octets, NULL, NULL);
}

bool
gate_message_read(struct gate_message *m, struct span octets)
{
	memset(m, 0, sizeof(*m));
	m->octets = mem_alloc(octets.len + 1);
	must(m->octets != NULL);
	if (octets.len > 0)
		memcpy(m->octets, octets.data, octets.len);
	m->len = octets.len;
	m->readable = pkimessage_parse(&m->view, span_of(m->octets, m->len), NULL, NULL);
	if (m->readable)
		look_inside(m);
	return m->readable;
}

void
gate_message_clear(struct gate_message *m)
{
	mem_free(m->octets);
	m->octets = NULL;
}

const struct pkimessage *
gate_meaning(const struct gate_message *m)
{
	return m->has_inner ? &m->inner : &m->view;
}

struct span
gate_octets(const struct gate_message *m)
{
	return span_of(m->octets, m->len);
}

// ---- what devices hear

static void
hear_text(const struct gate_sent *asked, const struct reply *reply)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
	struct span text = blob_span(reply->message);

	must(asked->pkcs10 && text.len > sizeof(begin) && memcmp(text.data, begin, sizeof(begin) - 1) == 0);
}

static void
cannot_be_read(const struct gate_message *m)
{
	struct fault f = { .set = false };
	struct pkimessage again;
	char text[400];

	pkimessage_parse(&again, gate_octets(m), NULL, &f);
	fprintf(stderr, "an answer that is none: %s\n", fault_text(&f, text, sizeof(text)));
	for (size_t i = 0; i < m->len; i++)
		fprintf(stderr, "%02x", m->octets[i]);
	abort();
}

static void
hear(struct gate_sent *asked, const struct reply *reply)
{
	struct gate_message m;

	if (reply->message == NULL) {
		must(reply->kind != REPLY_ANSWER);
		return;
	}
	must(reply->body != NULL && (reply->kind == REPLY_ANSWER || reply->kind == REPLY_REFUSE));
	if (strcmp(reply->body, "pem") == 0) {
		hear_text(asked, reply);
		return;
	}
	must(!asked->pkcs10);
	if (!gate_message_read(&m, blob_span(reply->message)))
		cannot_be_read(&m);
	if (reply->kind == REPLY_ANSWER)
		gate_check_answer(asked, &m);
	if (reply->kind == REPLY_ANSWER && !asked->gone)
		gate_heard(asked, &m);
	gate_message_clear(&m);
}

// ---- the drivers that are played

struct listener { char name[32]; const struct driver_core *core; void *owner; bool draining, open; };
struct upstream { unsigned route; bool open; };
static struct listener listeners[LISTENERS_MAX];
static struct upstream upstreams[LISTENERS_MAX];
static size_t listener_count, upstream_count;
static const struct driver_core *core;

static struct listener *
on_listen(const struct listener_setup *setup, struct fault *f)
{
	(void)f;
	must(listener_count < LISTENERS_MAX);
	struct listener *l = &listeners[listener_count++];
	snprintf(l->name, sizeof(l->name), "%s", setup->name);
	l->core = core = setup->core;
	l->owner = setup->owner;
	l->draining = false;
	l->open = true;
	return l;
}

static bool
listener_url(const struct listener *l, size_t i, char *out, size_t size)
{
	snprintf(out, size, "http://%s", l->name);
	return i == 0;
}

static void
on_drain(struct listener *l)
{
	must(l->open);
	l->draining = true;
}

// The word that something is closed comes from the loop, never from inside the call.
struct farewell { uv_idle_t handle; void (*closed)(void *context); void *context; };

static void
on_farewell(uv_handle_t *handle)
{
	struct farewell *w = handle->data;

	w->closed(w->context);
	mem_free(w);
}

static void
say_closed(void (*closed)(void *context), void *context)
{
	struct farewell *w = mem_alloc(sizeof(*w));

	must(w != NULL);
	*w = (struct farewell){ .closed = closed, .context = context };
	uv_idle_init(&loop, &w->handle);
	w->handle.data = w;
	uv_close((uv_handle_t *)&w->handle, on_farewell);
}

static void
on_close(struct listener *l, void (*closed)(void *context), void *context)
{
	must(l->open);
	l->open = false;
	say_closed(closed, context);
}

static struct gate_sent *
find_token(uint64_t of)
{
	for (size_t i = gate_sent_count; i > 0; i--)
		if (gate_sent[i - 1].token == of)
			return &gate_sent[i - 1];
	return NULL;
}

static void
on_respond(struct listener *l, uint64_t of, const struct reply *reply)
{
	struct gate_sent *asked = find_token(of);

	must(l->open && asked != NULL && (asked->waits || asked->gone) && strcmp(l->name, gate_routes[asked->listener].name) == 0);
	must(!asked->answered);		// once, also when the peer has gone
	asked->answered = true;
	asked->waits = false;
	hear(asked, reply);
	if (reply->kind == REPLY_LATER) {
		must(strcmp(gate_routes[asked->listener].scheme, "tcp") == 0 && reply->ticket != 0);
		asked->ticket = reply->ticket;
	}
}

static bool
on_post(struct listener *l, struct span label, struct blob *message, const char *body, struct fault *f)
{
	struct gate_message m;

	(void)f;
	must(l->open && strcmp(gate_routes[gate_route_named(l->name)].scheme, "file") == 0 && label.len == 5 && memcmp(label.data, "label", 5) == 0 && body != NULL);
	if (strcmp(body, "pem") != 0) {
		must(gate_message_read(&m, blob_span(message)));
		gate_message_clear(&m);
	}
	return true;
}

static struct upstream *
on_upstream(const struct upstream_setup *setup, struct fault *f)
{
	(void)f;
	must(upstream_count < LISTENERS_MAX);
	struct upstream *u = &upstreams[upstream_count++];
	u->route = gate_route_named(setup->name);
	u->open = true;
	core = setup->core;
	return u;
}

static void
drop_submission(size_t n)
{
	gate_message_clear(&gate_up[n].m);
	memmove(&gate_up[n], &gate_up[n + 1], (gate_up_count - n - 1) * sizeof(gate_up[0]));
	gate_up_count--;
}

// Without outcomes: whoever closes an upstream asks for no more.
static void
on_upstream_close(struct upstream *u, void (*closed)(void *context), void *context)
{
	must(u->open);
	u->open = false;
	for (size_t i = gate_up_count; i > 0; i--)
		if (gate_up[i - 1].listener == u->route && gate_stopped)
			drop_submission(i - 1);
	say_closed(closed, context);
}

static bool
on_submit(struct upstream *u, uint64_t submission, uint64_t affinity, const struct label *label, struct blob *message, int64_t deadline_ms, struct fault *f)
{
	(void)label;
	must(u->open && affinity != 0 && deadline_ms > clock_mono_ms());
	if (gate_up_count == GATE_SENT_MAX)
		return fault_set(f, FAIL_NONE, "", "the queue is full");
	struct gate_submission *s = &gate_up[gate_up_count++];
	s->handle = submission;
	s->listener = u->route;
	gate_message_read(&s->m, blob_span(message));
	gate_check_upstream(&s->m, &gate_routes[u->route]);
	return true;
}

static void
on_forget(struct upstream *u, uint64_t affinity)
{
	must(u->open && affinity != 0);
}

struct no_options { int64_t nothing; };
static const struct option_row no_rows[] = { { .key = NULL } };
#define PLAYED(scheme, what) { \
	.name = scheme, .schemes = (const char *const[]){ scheme, NULL }, .default_port = 80, .abilities = what, \
	.listener_rows = no_rows, .listener_size = sizeof(struct no_options), .upstream_rows = no_rows, .upstream_size = sizeof(struct no_options), \
	.listener_open = on_listen, .listener_url = listener_url, .listener_drain = on_drain, .listener_close = on_close, .listener_respond = on_respond, \
	.listener_post = on_post, .upstream_open = on_upstream, .upstream_close = on_upstream_close, .upstream_submit = on_submit, .upstream_forget = on_forget }
static const struct driver played[] = { PLAYED("http", DRIVER_REFUSE_CONTENT), PLAYED("tcp", DRIVER_CAN_POLL), PLAYED("file", DRIVER_MAILBOX) };
#define SCHEME(name) { .scheme = name, .default_port = 80, .listener_rows = no_rows, .listener_size = sizeof(struct no_options), .upstream_rows = no_rows, \
	.upstream_size = sizeof(struct no_options) }
static const struct config_scheme schemes[] = { SCHEME("http"), SCHEME("tcp"), SCHEME("file"), { .scheme = NULL } };

const struct driver *
driver_find(const char *scheme)
{
	for (size_t i = 0; i < sizeof(played) / sizeof(played[0]); i++)
		if (strcmp(played[i].name, scheme) == 0)
			return &played[i];
	return NULL;
}

// ---- the configurations

static void
put_url(struct buffer *b, const struct gate_route *r)
{
	if (strcmp(r->scheme, "file") == 0)
		buffer_printf(b, "  %s: file:%s/%s\n", r->name, folder, r->name);
	else
		buffer_printf(b, "  %s: %s://127.0.0.1:%u\n", r->name, r->scheme, 8000 + gate_route_named(r->name));
}

static void
put_routes(struct buffer *b, unsigned which)
{
	buffer_printf(b, "listeners:\n");
	for (size_t i = 0; i < ROUTES; i++)
		put_url(b, &gate_routes[i]);
	buffer_printf(b, "upstreams:\n");
	for (size_t i = 0; i < ROUTES; i++)
		buffer_printf(b, "  %s: {url: \"http://127.0.0.1:%zu/%s\"%s}\n", gate_routes[i].name, 9000 + i, which == 1 && i % 2 == 0 ? "other" : "",
			gate_routes[i].verifies ? ", trust: cas, issued_trust: plant" : "");
	buffer_printf(b, "routes:\n");
	for (size_t i = 0; i < ROUTES; i++) {
		const struct gate_route *r = &gate_routes[i];
		if (r->missing[which])
			continue;
		buffer_printf(b, "  - {name: %s, from: %s", r->name, r->name);
		if (r->row != NULL)
			buffer_printf(b, ", %s", r->row);
		buffer_printf(b, "%s%s}\n", r->row == NULL || strstr(r->row, "to: answers") == NULL ? ", to: " : "",
			r->row == NULL || strstr(r->row, "to: answers") == NULL ? r->name : "");
	}
}

static void
put_finding(void *context, const char *text)
{
	(void)context;
	fputs(text, stderr);
}

static struct settings *
load(unsigned which)
{
	struct findings findings;
	struct buffer b;
	char path[128];

	buffer_init(&b, 65536);
	buffer_printf(&b, "version: 1\nclock: trust-system\nstore: {path: %s}\n", folder);
	buffer_printf(&b, "limits: {transactions: 8, bytes_in_flight: 1MiB, max_message: 64KiB, max_answer: 128KiB, exchange_timeout: 30s, transaction_timeout: 10m, forget: 1h,\n"
		"  rate: 10/s, rate_burst: 20, per_identity: 3, failures: 12, failure_window: 10m, secret_failures: 3, mac_refusal_delay: 1s}\n");
	buffer_printf(&b, "trust:\n  plant: {anchors: [%s/root.der], revocation: {crls: [%s/plant.crl], missing: warn}}\n  cas: {anchors: [%s/root.der], eku: cmcCA}\n",
		folder, folder, folder);
	buffer_printf(&b, "credentials:\n  ra: {cert: %s/ra.der, key: %s/ra.key}\nsecrets:\n  field: file:%s/secrets\n", folder, folder, folder);
	buffer_printf(&b, "answers: {ca_certs: [%s/root.der], crls: [%s/plant.crl], root_update: {new_with_new: %s/root.der}}\n", folder, folder, folder);
	put_routes(&b, which);
	people_file(folder, "gate.yaml", buffer_span(&b));
	buffer_clear(&b);
	snprintf(path, sizeof(path), "%s/gate.yaml", folder);
	struct settings *s = settings_load(path, schemes, &findings);
	if (s == NULL) {
		findings_print(&findings, put_finding, NULL, false);
		abort();
	}
	findings_clear(&findings);
	return s;
}

static void
remove_folder(void)
{
	static const char *const files[] = { "root.der", "root2.der", "ra.der", "ra.key", "secrets", "plant.crl", "gate.yaml" };
	char path[128];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		unlink(path);
	}
	rmdir(folder);
}

// What peers say never breaks a line of the log, nor the terminal it is shown on. GATE_LOG=1 shows it.
static void
hear_log(void *context, const char *line)
{
	static const char controls[] = "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37\177";

	(void)context;
	if (gate_shows_log)
		fprintf(stderr, "%s\n", line);
	must(strpbrk(line, controls) == NULL);
}

void
gate_prepare(void)
{
	struct fault f = { .set = false };

	strcpy(folder, "/tmp/fuzz_gateway.XXXXXX");
	must(mkdtemp(folder) != NULL && uv_loop_init(&loop) == 0);
	atexit(remove_folder);
	gate_shows_log = getenv("GATE_LOG") != NULL;
	log_setup(LOG_INFO_, LOG_FORMAT_LOGFMT);
	log_redirect(hear_log, NULL);
	clock_fake(MAKE_NOW * 1000, 1000000);
	plant_make(folder);
	for (unsigned i = 0; i < 2; i++) {
		settings[i] = load(i);
		keys[i] = keyring_load(settings[i], NULL, NULL, &f);
		must(keys[i] != NULL);
	}
}

// ---- the loop

static bool
is_busy(void)
{
	return worker_pending(workers) > 0 || gate->steps.count > 0 || gate->closing > 0;
}

// Until nothing is under way any more. Timers of the loop never matter: theirs is another clock.
static void
settle(void)
{
	endpoints_settle(gate);
	for (unsigned turns = 0; is_busy() && !gate_stopped; turns++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		endpoints_settle(gate);
		must(turns < TURNS_MAX);
	}
	if (gate_stopped)
		uv_run(&loop, UV_RUN_NOWAIT);
}

static void
on_done(void *context)
{
	*(bool *)context = true;
}

static void
until(const bool *done)
{
	for (unsigned turns = 0; !*done; turns++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		must(turns < 1000 * TURNS_MAX);
	}
}

static void
tell_time(void *context, struct gateway_time *out)
{
	(void)context;
	gate_time_known = gate_time_known && gate_synced;
	*out = (struct gateway_time){ .wall_s = clock_wall_s(), .floor_s = MAKE_NOW - 30 * MAKE_DAY, .synced = gate_synced };
}

static void
start(void)
{
	struct gateway_setup setup = { .loop = &loop, .settings = settings[gate_active], .schemes = schemes, .clock = tell_time, .boot = "boot" };
	struct fault f = { .set = false };

	listener_count = upstream_count = 0;
	gate_stopped = false;
	workers = worker_pool_new(&loop, 0, 256);
	must(workers != NULL);
	setup.workers = workers;
	gate = gateway_new(&setup, &f);
	must(gate != NULL && gateway_open(gate, &f));
}

static bool stop_done, stop_under_way;

static void
finish_stop(void)
{
	bool closed = false;

	gate_stop(0);
	until(&stop_done);
	stop_under_way = false;
	gateway_free(gate);
	gate = NULL;
	while (gate_up_count > 0)
		drop_submission(gate_up_count - 1);
	worker_pool_close(workers, on_done, &closed);
	until(&closed);
	while (uv_run(&loop, UV_RUN_NOWAIT) != 0)
		;
	must(blob_bytes() == 0);
}

void
gate_open(void)
{
	clock_fake(MAKE_NOW * 1000, 1000000);
	toy_random_begin();
	gate_synced = gate_time_known = true;
	gate_active = 0;
	token = 0;
	start();
}

static void
nobody_waits(void)
{
	for (size_t i = 0; i < gate_sent_count; i++)
		must(!gate_sent[i].waits);
}

void
gate_restart(void)
{
	finish_stop();
	nobody_waits();
	start();
}

// Time passes until all is forgotten; upstreams that are asked meanwhile cannot be reached.
static void
let_all_expire(void)
{
	static const int64_t waits[] = { 31000, 601000, 601000, 3601000, 3601000 };

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		for (unsigned n = 0; gate_up_count > 0; n++) {
			must(n < 4 * GATE_SENT_MAX);
			gate_fail(0, 0);
		}
		gate_wait(waits[i]);
	}
	nobody_waits();
	struct gateway_counts c = gateway_count(gate);
	must(c.exchanges == 0 && c.open == 0 && c.closed == 0 && c.submissions == 0 && c.steps == 0);
	must(gate->by_id.count == 0 && gate->shares.count == 0 && gate->steps_by_id.count == 0 && gate->transactions.count == 0);
	must(list_is_empty(&gate->waiting) && list_is_empty(&gate->delayed) && blob_bytes() == 0);
}

void
gate_close(void)
{
	if (!gate_stopped)
		let_all_expire();
	finish_stop();
	nobody_waits();
	for (size_t i = 0; i < gate_sent_count; i++)
		gate_message_clear(&gate_sent[i].m);
	for (size_t i = 0; i < gate_said_count; i++)
		gate_message_clear(&gate_said[i]);
	gate_sent_count = gate_said_count = 0;
}

// ---- what a script does

static struct listener *
find_listener(unsigned route)
{
	for (size_t i = listener_count; i > 0; i--)
		if (listeners[i - 1].open && !listeners[i - 1].draining && strcmp(listeners[i - 1].name, gate_routes[route].name) == 0)
			return &listeners[i - 1];
	return NULL;
}

static struct gate_sent *
note(unsigned listener, struct span octets, bool pkcs10)
{
	struct gate_sent *s = &gate_sent[gate_sent_count];

	if (gate_sent_count == GATE_SENT_MAX)
		return NULL;
	memset(s, 0, sizeof(*s));
	gate_message_read(&s->m, octets);
	s->listener = listener;
	s->pkcs10 = pkcs10;
	s->dealing = -1;
	gate_sent_count++;
	return s;
}

// What stands within a nested message may go up by itself: the messages of a batch, each that is wrapped anew.
static void
note_inner(const struct gate_sent *s)
{
	struct span rest, octets;
	unsigned listener = s->listener;

	if (!s->m.readable || s->m.view.body != BODY_NESTED || !nested_first(s->m.view.body_contents, &rest))
		return;
	while (nested_next(&rest, &octets))
		note(listener, octets, false);
}

static struct peer
peer_of(unsigned n)
{
	static const struct peer peers[] = {
		{ .text = "127.0.0.1:1", .source = "127.0.0.1", .loopback = true }, { .text = "10.0.0.7:1", .source = "10.0.0.7" },
		{ .text = "10.0.0.8:1", .source = "10.0.0.8" }, { .text = "a file", .source = "" }
	};

	return peers[n % 4];
}

struct gate_sent *
gate_send(unsigned listener, unsigned peer, struct span octets, bool pkcs10)
{
	static const struct label label = { .path = "/.well-known/cmp/p/plc/initialization", .profile = "plc", .operation = "initialization" };
	struct listener *l = find_listener(listener % ROUTES);
	bool mailbox = strcmp(gate_routes[listener % ROUTES].scheme, "file") == 0;
	struct peer p = peer_of(mailbox ? 3 : peer);
	struct gate_sent *s = l != NULL && octets.len <= GATE_REQUEST_MAX ? note(listener % ROUTES, octets, pkcs10) : NULL;

	if (s == NULL)
		return NULL;
	note_inner(s);
	struct blob *b = blob_new(octets);
	must(b != NULL);
	s->token = ++token;
	s->waits = true;
	s->exchange = l->core->deliver(l->core->context, l->owner, s->token, &p, &label, pkcs10 ? CONTENT_PKCS10 : CONTENT_PKIMESSAGE, b,
		mailbox ? span_text("label") : span_of(NULL, 0));
	blob_unref(b);
	must((s->exchange == 0) == s->answered);
	settle();
	return s;
}

void
gate_resume(struct gate_sent *s)
{
	struct listener *l = find_listener(s->listener);
	struct peer p = peer_of(1);
	uint64_t ticket = s->ticket;

	if (l == NULL || ticket == 0 || s->waits)
		return;
	s->ticket = 0;
	s->token = ++token;
	s->waits = true;
	s->answered = s->gone = false;
	s->exchange = l->core->resume(l->core->context, l->owner, s->token, &p, ticket);
	must((s->exchange == 0) == s->answered);
	settle();
}

void
gate_leave(struct gate_sent *s)
{
	if (!s->waits)
		return;
	s->waits = false;
	s->gone = true;
	core->gone(core->context, s->exchange);
	settle();
}

void
gate_answer(size_t n, struct span octets)
{
	uint64_t handle = gate_up[n].handle;
	struct outcome o = { .kind = OUTCOME_ANSWER, .message = blob_new(octets) };

	must(o.message != NULL);
	if (gate_said_count < GATE_ANSWERS_MAX)
		gate_message_read(&gate_said[gate_said_count++], octets);
	drop_submission(n);
	core->outcome(core->context, handle, &o);
	blob_unref(o.message);
	settle();
}

void
gate_fail(size_t n, unsigned how)
{
	static const struct outcome outcomes[] = {
		{ .kind = OUTCOME_NOT_SENT, .text = "cannot be reached" }, { .kind = OUTCOME_MAYBE_SENT, .timeout = true, .text = "no answer in time" },
		{ .kind = OUTCOME_MAYBE_SENT, .garbled = true, .text = "half an answer" }, { .kind = OUTCOME_REFUSED, .status = 500, .text = "500" },
		{ .kind = OUTCOME_REFUSED, .status = 404, .text = "404" }, { .kind = OUTCOME_REFUSED, .status = 429, .text = "429" }
	};
	uint64_t handle = gate_up[n].handle;

	drop_submission(n);
	core->outcome(core->context, handle, &outcomes[how % (sizeof(outcomes) / sizeof(outcomes[0]))]);
	settle();
}

void
gate_wait(int64_t ms)
{
	clock_advance(ms);
	serve_due(gate);
	endpoints_settle(gate);
	settle();
}

void
gate_reload(unsigned which)
{
	struct fault f = { .set = false };

	if (gate_stopped || listener_count + ROUTES > LISTENERS_MAX || upstream_count + ROUTES > LISTENERS_MAX)
		return;
	gate_active = which % 2;
	must(gateway_reload(gate, settings[gate_active], keys[gate_active], &f));
	settle();
}

void
gate_stop(int64_t grace_ms)
{
	if (!stop_under_way)
		stop_done = false;
	gate_stopped = stop_under_way = true;
	gateway_stop(gate, grace_ms, on_done, &stop_done);
	settle();
}

