// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/ra_kit.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "codec/response.h"
#include "gateway/route.h"
#include "pki/trust.h"

enum { SUBMISSIONS_MAX = 64, LISTENERS_MAX = 32, CONFIGURATION_MAX = 32768, ROOM = 1 << 21 };

struct kit_said kit_said;
struct gateway *kit_gateway;
struct store *kit_store;
bool kit_synced = true;
char kit_folder[64];
const char *kit_profile;

static uv_loop_t loop;
static struct worker_pool *workers;
static char configuration[CONFIGURATION_MAX];
static struct trust *plant;		// what a device believes of the gateway

// ---- the drivers that are played

struct listener { char name[64]; const struct driver_core *core; void *owner; };
struct upstream { const struct driver_core *core; };

static struct { uint64_t submission; struct message *m; } submitted[SUBMISSIONS_MAX];
static struct listener listeners[LISTENERS_MAX];
static size_t listener_count;
static const struct driver_core *core;
static uint64_t token;

static struct listener *
on_listen(const struct listener_setup *setup, struct fault *f)
{
	(void)f;
	assert_true(listener_count < LISTENERS_MAX);
	struct listener *l = &listeners[listener_count++];
	snprintf(l->name, sizeof(l->name), "%s", setup->name);
	l->core = core = setup->core;
	l->owner = setup->owner;
	return l;
}

static bool
listener_url(const struct listener *l, size_t i, char *out, size_t size)
{
	snprintf(out, size, "http://%s", l->name);
	return i == 0;
}

static void
nothing(struct listener *l)
{
	(void)l;
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

	assert_non_null(w);
	*w = (struct farewell){ .closed = closed, .context = context };
	uv_idle_init(&loop, &w->handle);
	w->handle.data = w;
	uv_close((uv_handle_t *)&w->handle, on_farewell);
}

static void
on_close(struct listener *l, void (*closed)(void *context), void *context)
{
	(void)l;
	say_closed(closed, context);
}

static void
on_respond(struct listener *l, uint64_t of, const struct reply *reply)
{
	struct pkiheader header;
	struct fault f = { .set = false };
	bool header_read;

	(void)l;
	kit_said.replies++;
	if (of != token)
		return;
	kit_said.replied = true;
	kit_said.kind = reply->kind;
	kit_said.reason = reply->reason;
	snprintf(kit_said.text, sizeof(kit_said.text), "%s", reply->text != NULL ? reply->text : "");
	message_unref(kit_said.answer);
	bool text = reply->body != NULL && strcmp(reply->body, "pem") == 0;
	snprintf(kit_said.pem, sizeof(kit_said.pem), "%.*s", text ? (int)blob_span(reply->message).len : 0, text ? (const char *)blob_span(reply->message).data : "");
	kit_said.answer = reply->message != NULL && !text ? message_parse(reply->message, &header, &header_read, &f) : NULL;
	if (reply->message != NULL && !text && kit_said.answer == NULL)
		fail_msg("the gateway answers with what is no message: %s: %s", f.path, f.text);
}

static struct upstream *
on_upstream(const struct upstream_setup *setup, struct fault *f)
{
	static struct upstream u;

	(void)f;
	u.core = setup->core;
	return &u;
}

static void
on_upstream_close(struct upstream *u, void (*closed)(void *context), void *context)
{
	(void)u;
	say_closed(closed, context);
}

static bool
on_submit(struct upstream *u, uint64_t submission, uint64_t affinity, const struct label *label, struct blob *message, int64_t deadline_ms, struct fault *f)
{
	struct pkiheader header;
	bool header_read;

	(void)u;
	(void)affinity;
	(void)label;
	(void)deadline_ms;
	kit_said.submission = submission;
	message_unref(kit_said.up);
	kit_said.up = message_parse(message, &header, &header_read, f);
	if (kit_said.up == NULL)
		fail_msg("what the CA gets is no message: %s: %s", f->path, f->text);
	if (message_meaning(kit_said.up)->body == BODY_ERROR)	// RFC 9483 3.6.1
		fail_msg("an error is never sent upstream");
	if (kit_said.submissions < SUBMISSIONS_MAX) {
		submitted[kit_said.submissions].submission = submission;
		submitted[kit_said.submissions].m = message_ref(kit_said.up);
	}
	kit_said.submissions++;
	return true;
}

static void
on_forget(struct upstream *u, uint64_t affinity)
{
	(void)u;
	(void)affinity;
}

struct no_options { int64_t nothing; };
static const struct option_row no_rows[] = { { .key = NULL } };
static const char *const served[] = { "http", NULL };
static const struct driver played = {
	.name = "played", .schemes = served, .default_port = 80, .abilities = DRIVER_REFUSE_CONTENT,
	.listener_rows = no_rows, .listener_size = sizeof(struct no_options), .upstream_rows = no_rows, .upstream_size = sizeof(struct no_options),
	.listener_open = on_listen, .listener_url = listener_url, .listener_drain = nothing, .listener_close = on_close, .listener_respond = on_respond,
	.upstream_open = on_upstream, .upstream_close = on_upstream_close, .upstream_submit = on_submit, .upstream_forget = on_forget,
};
static const struct config_scheme kit_schemes[] = {
	{ .scheme = "http", .default_port = 80, .listener_rows = no_rows, .listener_size = sizeof(struct no_options), .upstream_rows = no_rows,
		.upstream_size = sizeof(struct no_options) },
	{ .scheme = NULL }
};

const struct driver *
driver_find(const char *scheme)
{
	return strcmp(scheme, "http") == 0 ? &played : NULL;
}

// ---- the loop

static bool
is_busy(void)
{
	return gateway_count(kit_gateway).steps > 0;
}

// Turn until nothing is under way any more; the store has a thread of its own.
void
kit_settle(void)
{
	static const struct timespec moment = { .tv_nsec = 100000 };

	for (unsigned quiet = 0, turns = 0; quiet < 4; turns++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		quiet = is_busy() ? 0 : quiet + 1;
		if (is_busy())
			nanosleep(&moment, NULL);
		if (turns > 100000)
			fail_msg("the gateway does not come to an end");
	}
	kit_said.delayed = !kit_said.replied && !list_is_empty(&kit_gateway->delayed);
}

void
kit_clear(void)
{
	message_unref(kit_said.answer);
	message_unref(kit_said.up);
	for (unsigned i = 0; i < kit_said.submissions && i < SUBMISSIONS_MAX; i++)
		message_unref(submitted[i].m);
	memset(&kit_said, 0, sizeof(kit_said));
}

void
kit_turn_to(unsigned n)
{
	assert_true(n < kit_said.submissions && n < SUBMISSIONS_MAX);
	message_unref(kit_said.up);
	kit_said.up = message_ref(submitted[n].m);
	kit_said.submission = submitted[n].submission;
}

static const struct listener *
find_listener(const char *name)
{
	for (size_t i = listener_count; i > 0; i--)
		if (strcmp(listeners[i - 1].name, name) == 0)
			return &listeners[i - 1];
	fail_msg("no listener %s", name);
	return NULL;
}

static void
hand_over(const char *listener, struct span octets, enum content_kind kind)
{
	const struct listener *l = find_listener(listener);
	const struct peer peer = { .text = "10.0.0.7:1", .source = "10.0.0.7", .loopback = true };
	struct label label = { .path = "/" };
	struct blob *b = blob_new(octets);

	assert_non_null(b);
	snprintf(label.profile, sizeof(label.profile), "%s", kit_profile != NULL ? kit_profile : "");
	kit_said.replied = false;
	message_unref(kit_said.answer);
	kit_said.answer = NULL;
	token++;
	uint64_t exchange = l->core->deliver(l->core->context, l->owner, token, &peer, &label, kind, b, span_of(NULL, 0));
	assert_true((exchange == 0) == kit_said.replied);
	blob_unref(b);
}

void
kit_hand_over(const char *listener, struct span octets)
{
	hand_over(listener, octets, CONTENT_PKIMESSAGE);
}

static void
send_kind(const char *listener, struct span octets, enum content_kind kind)
{
	hand_over(listener, octets, kind);
	kit_settle();
}

void
kit_send(const char *listener, struct span octets)
{
	send_kind(listener, octets, CONTENT_PKIMESSAGE);
}

void
kit_send_pkcs10(const char *listener, struct span octets)
{
	send_kind(listener, octets, CONTENT_PKCS10);
}

void
kit_ask(const char *listener, const struct kit_message *m)
{
	struct buffer b;

	buffer_init(&b, ROOM);
	kit_build(&b, m);
	kit_send(listener, buffer_span(&b));
	buffer_clear(&b);
}

void
kit_outcome(const struct outcome *o)
{
	assert_true(kit_said.submission != 0);
	uint64_t submission = kit_said.submission;
	kit_said.submission = 0;
	core->outcome(core->context, submission, o);
	kit_settle();
}

void
kit_go_on(void)
{
	static uint8_t refers[CAP_NONCE];

	assert_non_null(kit_said.answer);
	struct span nonce = kit_said.answer->view.header.sender_nonce;
	memcpy(refers, nonce.data, nonce.len);
	kit_recip = span_of(refers, nonce.len);
	kit_new_nonce();
}

void
kit_answer(const struct kit_message *m)
{
	const struct pkiheader *h = &message_meaning(kit_said.up)->header;
	struct buffer b;

	// It refers to what the CA got.
	assert_true(h->transaction_id.len <= 16 && h->sender_nonce.len <= 64);
	static uint8_t refers[64];
	uint8_t id[16];
	memcpy(refers, h->sender_nonce.data, h->sender_nonce.len);
	memcpy(id, kit_id, 16);
	memcpy(kit_id, h->transaction_id.data, h->transaction_id.len);
	struct span recip = kit_recip;
	kit_recip = span_of(refers, h->sender_nonce.len);
	kit_new_nonce();
	struct kit_message own = *m;
	own.same_id = true;
	buffer_init(&b, ROOM);
	kit_build(&b, &own);
	kit_recip = recip;
	memcpy(kit_id, id, 16);
	struct outcome o = { .kind = OUTCOME_ANSWER, .message = blob_new(buffer_span(&b)) };
	kit_outcome(&o);
	blob_unref(o.message);
	buffer_clear(&b);
}

void
kit_wait(int64_t ms)
{
	clock_advance(ms);
	serve_due(kit_gateway);
	endpoints_settle(kit_gateway);
	kit_settle();
}

// ---- looking at answers

enum failure
kit_failure(void)
{
	struct status_info status;

	if (kit_said.answer == NULL || !relay_status(kit_said.answer, &status))
		return FAIL_NONE;
	return status_failure(&status);
}

const char *
kit_said_text(void)
{
	static char out[1024];
	struct status_info status;
	char text[512] = "";

	if (!kit_said.replied)
		snprintf(out, sizeof(out), "nothing%s; %u submissions", kit_said.delayed ? " yet" : "", kit_said.submissions);
	else if (kit_said.answer == NULL)
		snprintf(out, sizeof(out), "refusal %d: %s", (int)kit_said.reason, kit_said.text);
	else if (relay_status(kit_said.answer, &status))
		snprintf(out, sizeof(out), "%s: %s", body_name(kit_said.answer->view.body), status_text(&status, text, sizeof(text)));
	else
		snprintf(out, sizeof(out), "%s", body_name(kit_said.answer->view.body));
	return out;
}

bool
kit_is_protected(const char *by)
{
	const struct kit_signer *s = by != NULL && by[0] != '\0' ? kit_signer(by) : NULL;
	const struct mac_policy policy = { .iterations_max = 100000, .sha1 = true };
	const struct pkimessage *m = &kit_said.answer->view;
	struct signer_policy signers = { .trusts = &plant, .trust_count = 1, .at = MAKE_NOW };
	struct fault f = { .set = false };
	enum protection_kind kind;
	struct mac_parameters mac;
	struct signer_verdict v;

	if (!protection_kind_of(m, &kind, &f))
		return false;
	if (kind == PROTECTION_SIGNATURE)
		return protection_verify_signature(m, span_of(NULL, 0), &signers, &v, &f);
	return s != NULL && s->secret != NULL && kind == s->mac.kind && mac_parameters_read(m, &policy, &mac, &f)
		&& mac_verify(m, &mac, span_text(s->secret), &f);
}

void
kit_fail(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fail_msg("%s: %s", text, kit_said_text());
}

// ---- steps of a story

void
kit_pass(const char *at, const struct kit_message *m)
{
	unsigned before = kit_said.submissions;

	kit_ask(at, m);
	if (kit_said.replied || kit_said.submissions != before + 1)
		kit_fail("%s: %s did not reach the CA", at, body_name(m->kind));
}

void
kit_begin(const char *at, enum body kind, const char *by)
{
	const struct kit_message m = { .kind = kind, .by = by };

	kit_clear();
	kit_pass(at, &m);
}

// The CA answers as it should, and the device hears of it.
void
kit_grant(enum body kind)
{
	const struct kit_message m = { .kind = kind, .by = "ca" };

	kit_answer(&m);
	if (!kit_said.replied || kit_said.answer == NULL || kit_said.answer->view.body != kind || kit_failure() != FAIL_NONE)
		kit_fail("%s did not reach the device", body_name(kind));
}

void
kit_confirm(const char *at, const char *by)
{
	const struct kit_message m = { .kind = BODY_CERTCONF, .by = by, .same_id = true };

	kit_go_on();
	kit_pass(at, &m);
}

void
kit_refused(const char *at, const struct kit_message *m, enum failure f)
{
	unsigned before = kit_said.submissions;

	kit_ask(at, m);
	if (!kit_said.replied || kit_said.answer == NULL || kit_failure() != f || kit_said.submissions != before)
		kit_fail("%s: should be %s", at, failure_name(f));
	assert_true(kit_is_protected(m->by));
}

void
kit_nothing_left(void)
{
	struct gateway_counts c = gateway_count(kit_gateway);

	assert_int_equal(c.exchanges, 0);
	assert_int_equal(c.submissions, 0);
	assert_int_equal(c.steps, 0);
}

void
kit_lose(void)
{
	const struct outcome o = { .kind = OUTCOME_NOT_SENT, .text = "the test is over" };

	kit_outcome(&o);
}

// What the CA got is signed by the gateway.
bool
kit_signed_by_ra(const struct pkimessage *m)
{
	char text[256];
	const struct message *kept = kit_said.answer;
	struct message whole = { .view = *m };

	general_name_text(m->header.sender, text, sizeof(text));
	kit_said.answer = &whole;
	bool well = kit_is_protected(NULL);
	kit_said.answer = (struct message *)(uintptr_t)kept;
	return well && strcmp(text, "dirName:CN=RA,O=Plant") == 0;
}

// ---- the gateway

static void
on_alarm(void *context, const char *text)
{
	(void)context;
	fail_msg("the store: %s", text);
}

static void
open_store(void)
{
	const struct store_setup setup = { .folder = kit_folder, .hash = digest_sha256, .alarm = on_alarm };
	struct fault f = { .set = false };
	enum store_opened why;

	kit_store = store_open(&loop, &setup, &why, &f);
	if (kit_store == NULL)
		fail_msg("the store: %s: %s", f.path, f.text);
}

static void
tell_time(void *context, struct gateway_time *out)
{
	(void)context;
	*out = (struct gateway_time){ .wall_s = clock_wall_s(), .floor_s = MAKE_NOW - 30 * MAKE_DAY, .synced = kit_synced };
}

static void
put_finding(void *context, const char *text)
{
	(void)context;
	fputs(text, stderr);
}

static struct settings *
load(void)
{
	struct findings findings;
	char path[128];

	snprintf(path, sizeof(path), "%s/gate.yaml", kit_folder);
	kit_file("gate.yaml", span_text(configuration));
	struct settings *s = settings_load(path, kit_schemes, &findings);
	if (s == NULL) {
		findings_print(&findings, put_finding, NULL, false);
		fail_msg("the configuration is not in order");
	}
	findings_clear(&findings);
	return s;
}

static void
start(void)
{
	struct settings *s = load();
	struct gateway_setup setup = { .loop = &loop, .settings = s, .schemes = kit_schemes, .clock = tell_time, .store = kit_store, .boot = "boot" };
	struct fault f = { .set = false };

	workers = worker_pool_new(&loop, 0, 256);
	assert_non_null(workers);
	setup.workers = workers;
	kit_gateway = gateway_new(&setup, &f);
	if (kit_gateway == NULL || !gateway_open(kit_gateway, &f))
		fail_msg("the gateway: %s: %s", f.path, f.text);
	settings_unref(s);
}

static void
on_done(void *context)
{
	*(bool *)context = true;
}

void
kit_until(const bool *done)
{
	while (!*done)
		uv_run(&loop, UV_RUN_ONCE);
}

static void
stop(void)
{
	bool done = false;

	gateway_stop(kit_gateway, 0, on_done, &done);
	kit_until(&done);
	gateway_free(kit_gateway);
	kit_gateway = NULL;
	listener_count = 0;
	done = false;
	worker_pool_close(workers, on_done, &done);
	kit_until(&done);
	if (kit_store != NULL) {
		done = false;
		store_close(kit_store, on_done, &done);
		kit_until(&done);
		kit_store = NULL;
	}
	while (uv_run(&loop, UV_RUN_NOWAIT) != 0)
		;
}

// One listener for each name that a route takes from.
static size_t
put_listeners(char *out, size_t size, const char *more)
{
	size_t n = (size_t)snprintf(out, size, "listeners:\n");
	char seen[1024] = ",";
	unsigned port = 8001;

	for (const char *at = strstr(more, "from: "); at != NULL; at = strstr(at, "from: ")) {
		char name[64], mark[72];
		at += 6;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, ",} \n"), at);
		snprintf(mark, sizeof(mark), ",%s,", name);
		if (strstr(seen, mark) != NULL)
			continue;
		snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s,", name);
		n += (size_t)snprintf(out + n, size - n, "  %s: http://127.0.0.1:%u\n", name, port++);
	}
	return n;
}

void
kit_open(const char *more, bool store)
{
	size_t n;

	n = (size_t)snprintf(configuration, sizeof(configuration),
		"version: 1\nclock: trust-system\nstore: {path: %s}\n"
		"upstreams:\n"
		"  ca: {url: \"http://127.0.0.1:1/\", trust: cas, issued_trust: plant}\n"
		"  open: {url: \"http://127.0.0.1:2/\"}\n"
		"trust:\n"
		"  plant: {anchors: [%s/root.der], revocation: {crls: [%s/plant.crl], missing: warn}}\n"
		"  cas: {anchors: [%s/root.der], eku: cmcCA}\n"
		"  makers: [%s/root2.der]\n"
		"credentials:\n"
		"  ra: {cert: %s/ra.der, key: %s/ra.key}\n"
		"secrets:\n"
		"  field: file:%s/secrets\n",
		kit_folder, kit_folder, kit_folder, kit_folder, kit_folder, kit_folder, kit_folder, kit_folder);
	n += put_listeners(configuration + n, sizeof(configuration) - n, more);
	snprintf(configuration + n, sizeof(configuration) - n, "%s", more);
	for (char *at = strstr(configuration, "FOLDER"); at != NULL; at = strstr(at, "FOLDER")) {
		memmove(at + strlen(kit_folder), at + 6, strlen(at + 6) + 1);
		memcpy(at, kit_folder, strlen(kit_folder));
	}
	if (store)
		open_store();
	start();
}

void
kit_close(void)
{
	kit_clear();
	stop();
}

void
kit_restart(void)
{
	bool store = kit_store != NULL;

	kit_close();
	if (store)
		open_store();
	start();
}

void
kit_reload(const char *from, const char *to)
{
	char *at = strstr(configuration, from);
	struct fault f = { .set = false };

	assert_true(at != NULL && strlen(to) <= strlen(from));
	memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
	memcpy(at, to, strlen(to));
	struct settings *s = load();
	struct keyring *keys = keyring_load(s, NULL, NULL, &f);
	if (keys == NULL || !gateway_reload(kit_gateway, s, keys, &f))
		fail_msg("the reload: %s: %s", f.path, f.text);
	keyring_unref(keys);
	settings_unref(s);
	kit_settle();
}

void
kit_file(const char *name, struct span octets)
{
	people_file(kit_folder, name, octets);
}

// ---- the audit

struct search { const char *word, *other; unsigned found; bool done; };

static void
look_at(void *context, int64_t seq, struct span line)
{
	struct search *s = context;
	char text[8300];

	(void)seq;
	snprintf(text, sizeof(text), "%.*s", (int)line.len, (const char *)line.data);
	if (getenv("KIT_AUDIT") != NULL)
		fprintf(stderr, "%s\n", text);
	s->found += strstr(text, s->word) != NULL && (s->other == NULL || strstr(text, s->other) != NULL);
}

static void
looked(void *context, bool well, int64_t last)
{
	struct search *s = context;

	(void)last;
	assert_true(well);
	s->done = true;
}

static void
on_pushed(void *context, enum store_result result, const struct store_conflict *conflict)
{
	(void)conflict;
	assert_int_equal(result, STORE_DONE);
	*(bool *)context = true;
}

unsigned
kit_audit(const char *word, const char *other)
{
	struct search s = { .word = word, .other = other };
	struct store_unit *u = store_unit_new();
	bool pushed = false;

	// A blocking unit takes the lazy ones along.
	audit_flush(&kit_gateway->audit, clock_mono_ms(), true);
	assert_true(u != NULL && audit_append(u, span_text("\"event\":\"test\"")) && store_apply(kit_store, u, false, on_pushed, &pushed));
	kit_until(&pushed);
	assert_true(audit_read(kit_store, 0, 100000, look_at, looked, &s));
	kit_until(&s.done);
	return s.found;
}

static void
set_free(void *context, const struct secret_entry *e, enum gateway_secret state, int64_t changed_s)
{
	(void)context;
	(void)state;
	(void)changed_s;
	secret_set(kit_gateway->secrets, NULL, e, SECRET_FREE, clock_wall_s());
}

void
kit_free_secrets(void)
{
	gateway_secrets(kit_gateway, NULL, set_free, NULL);
}

bool kit_log_is_clean;

static void
no_log(void *context, const char *line)
{
	for (const char *at = line; *at != '\0'; at++)
		kit_log_is_clean = kit_log_is_clean && *at >= 0x20 && *at != 0x7F;
	if (getenv("KIT_LOG") != NULL)
		fprintf(stderr, "%s\n", line);
	(void)context;
}

int
kit_set_up(void **state)
{
	struct fault f = { .set = false };
	struct trust_plan plan = { .name = "plant", .anchor_count = 1 };
	char path[128];
	struct buffer b, certificate;

	(void)state;
	signal(SIGPIPE, SIG_IGN);	// as the program does
	strcpy(kit_folder, "/tmp/test_ra.XXXXXX");
	if (mkdtemp(kit_folder) == NULL || !crypto_start(&f) || uv_loop_init(&loop) != 0)
		return -1;
	log_setup(LOG_WARN_, LOG_FORMAT_LOGFMT);
	log_redirect(no_log, NULL);
	clock_fake(MAKE_NOW * 1000, 1000000);
	people_make();
	people_files(kit_folder);
	snprintf(path, sizeof(path), "%s/root.der", kit_folder);
	buffer_init(&b, ROOM);
	buffer_init(&certificate, ROOM);
	if (!secret_file_read(path, ROOM, false, &b, &f) || certificates_read(buffer_span(&b), &certificate, &f) != 1)
		return -1;
	struct span anchor = buffer_span(&certificate);
	plan.anchors = &anchor;
	plant = trust_new(&plan, &f);
	buffer_clear(&b);
	buffer_clear(&certificate);
	return plant != NULL ? 0 : -1;
}

int
kit_tear_down(void **state)
{
	char command[128];

	(void)state;
	trust_unref(plant);
	plant = NULL;
	people_free();
	uv_run(&loop, UV_RUN_NOWAIT);
	snprintf(command, sizeof(command), "rm -rf '%s'", kit_folder);
	return uv_loop_close(&loop) != 0 || system(command) != 0;
}
