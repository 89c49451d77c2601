// SPDX-License-Identifier: GPL-3.0-or-later
// Order at start: configuration, user, state folder and lock, rights given up,
// then the first octet from outside. The end runs backwards.
#include "build.h"
#include "daemon/run.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/worker.h"
#include "crypto/digest.h"
#include "daemon/audit_file.h"
#include "daemon/bind.h"
#include "daemon/rights.h"
#include "daemon/state.h"
#include "gateway/gateway.h"
#include "pki/path.h"
#include "store/store.h"
#include "transports/driver.h"

#define STOP_GRACE_MS 10000	// steps in progress may end, design: a crash with manners
#define UPKEEP_MS 60000		// how often the clock floor and old rows are looked at
#define WORKERS_MAX 16
#define WORKER_QUEUE 1024	// jobs that may wait for a worker
#define TRIM_KEYS 64		// signatures verified since the last upkeep that make it worth to trim memory

struct daemon {
	const char *file;
	const struct config_scheme *schemes;
	uv_loop_t loop;
	uv_signal_t term, interrupt, hangup;
	uv_timer_t upkeep;
	struct state state;
	struct settings *settings;
	struct store *store;
	struct worker_pool *workers;
	unsigned threads;
	struct audit_file *audit_file;
	struct gateway *gateway;
	uint64_t verified;		// signatures, at the last upkeep
	char boot[37];
	bool stopping;
};

static void
put_stderr(void *context, const char *text)
{
	(void)context;
	fputs(text, stderr);
}

// Findings of a reload are log lines; a start tells them as `cmpgate check` does.
static void
log_findings(const struct findings *findings)
{
	static const enum log_level levels[] = {
		[FINDING_ERROR] = LOG_ERROR_, [FINDING_WARNING] = LOG_WARN_, [FINDING_NOTE] = LOG_INFO_
	};

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *item = &findings->items[i];
		char place[64];
		snprintf(place, sizeof(place), "%d:%d", item->line, item->column);
		struct log_field fields[] = {
			{ "code", item->code }, { "file", item->file }, { "place", place }, { "help", item->help }, { NULL, NULL }
		};
		log_event(levels[item->severity], "reload", fields, "%s", item->message);
	}
}

// What the clock is worth under the rule of the configuration (clock:).
static enum clock_state
daemon_clock(const struct daemon *d)
{
	enum clock_state c = state_clock(&d->state);

	if (c == CLOCK_FLOOR && d->settings->clock == CLOCK_TRUST_SYSTEM)
		return CLOCK_SYNCED;
	return c == CLOCK_SYNCED && d->settings->clock == CLOCK_USE_FLOOR ? CLOCK_FLOOR : c;
}

static void
gateway_tells_time(void *context, struct gateway_time *out)
{
	const struct daemon *d = context;

	*out = (struct gateway_time){ .wall_s = clock_wall_s(), .floor_s = d->state.floor, .synced = daemon_clock(d) == CLOCK_SYNCED };
}

static const char *
clock_name(void *context)
{
	return clock_state_name(daemon_clock(context));
}

static void
read_boot(char out[37])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	out[0] = '\0';
	if (f != NULL && fgets(out, 37, f) == NULL)
		out[0] = '\0';
	if (f != NULL)
		fclose(f);
}

static struct settings *
load(const struct daemon *d)
{
	struct findings findings = { 0 };
	struct settings *s = settings_load(d->file, d->schemes, &findings);

	if (d->gateway != NULL)
		log_findings(&findings);
	else if (findings.errors + findings.warnings > 0 || s == NULL)
		findings_print(&findings, put_stderr, NULL, isatty(STDERR_FILENO) != 0);
	findings_clear(&findings);
	return s;
}

static bool
tell(const struct fault *f)
{
	char text[400];

	log_event(LOG_ERROR_, "start", NULL, "%s", fault_text(f, text, sizeof(text)));
	return false;
}

// A reload may bind low ports later: keep the right to do so when any stands in the file now.
static bool
needs_low_ports(const struct settings *s)
{
	for (size_t i = 0; i < s->listener_count; i++) {
		const struct url *u = &s->listeners[i].url;
		const struct driver *d = driver_find(u->scheme);
		unsigned port = u->port_given ? u->port : d != NULL ? d->default_port : 0;
		if (port > 0 && port < 1024)
			return true;
	}
	return false;
}

static int
bind_listener(void *context, const struct settings_listener *l, int *fds, size_t max, struct fault *f)
{
	const struct driver *d = driver_find(l->url.scheme);

	(void)context;
	return bind_streams(fds, max, &l->url, d != NULL ? d->default_port : 0, f);
}

static void
print_url(void *context, const char *name, const char *url)
{
	(void)context;
	(void)name;
	printf("listening on %s\n", url);
}

// ---- the end runs backwards: gateway, workers, audit file, store

static void
on_store_closed(void *context)
{
	struct daemon *d = context;

	d->store = NULL;
	uv_close((uv_handle_t *)&d->term, NULL);
	uv_close((uv_handle_t *)&d->interrupt, NULL);
	uv_close((uv_handle_t *)&d->hangup, NULL);
	uv_close((uv_handle_t *)&d->upkeep, NULL);
}

static void
on_audit_closed(void *context)
{
	struct daemon *d = context;

	d->audit_file = NULL;
	store_close(d->store, on_store_closed, d);
}

static void
on_workers_closed(void *context)
{
	struct daemon *d = context;

	d->workers = NULL;
	audit_file_close(d->audit_file, on_audit_closed, d);
}

static void
on_stopped(void *context)
{
	struct daemon *d = context;

	if (d->workers != NULL)
		worker_pool_close(d->workers, on_workers_closed, d);
	else
		on_workers_closed(d);
}

// The second signal does not wait for what is under way.
static void
on_end_signal(uv_signal_t *signal, int number)
{
	struct daemon *d = signal->data;

	log_event(LOG_INFO_, "stop", NULL, "%s: %s", number == SIGTERM ? "SIGTERM" : "SIGINT", d->stopping ? "ending at once" : "finishing what is under way");
	gateway_stop(d->gateway, d->stopping ? 0 : STOP_GRACE_MS, on_stopped, d);
	d->stopping = true;
}

static void
on_hangup(uv_signal_t *signal, int number)
{
	struct daemon *d = signal->data;
	struct fault f = { 0 };
	char text[400];

	(void)number;
	if (d->stopping)
		return;
	struct settings *s = load(d);
	if (s == NULL) {
		log_event(LOG_ERROR_, "reload", NULL, "%s has errors; the old configuration stays", d->file);
		return;
	}
	if (settings_needs_restart(d->settings, s, &f) || !gateway_reload(d->gateway, s, &f)) {
		log_event(LOG_ERROR_, "reload", NULL, "refused, the old configuration stays: %s", fault_text(&f, text, sizeof(text)));
		settings_unref(s);
		return;
	}
	settings_unref(d->settings);
	d->settings = s;
	log_setup((enum log_level)s->log.level, (enum log_format)s->log.format);
	log_event(LOG_INFO_, "reload", NULL, "%s is in force: %zu listeners, %zu upstreams, %zu routes",
		d->file, s->listener_count, s->upstream_count, s->route_count);
}

static void
tell_time(struct daemon *d, struct store_time *now)
{
	memcpy(now->boot, d->boot, sizeof(now->boot));
	now->mono_ms = clock_mono_ms();
	now->wall_s = clock_wall_s();
	now->synced = daemon_clock(d) == CLOCK_SYNCED;
}

static void
on_upkeep(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	struct fault f = { 0 };
	struct store_time now;

	if (!state_keep_floor(&d->state, &f))
		tell(&f);
	if (d->store != NULL && !d->stopping) {
		tell_time(d, &now);
		store_purge(d->store, &now);
	}
	// Each new key leaves a table of points behind in the library.
	uint64_t verified = crypto_work().verifications;
	if (verified - d->verified >= TRIM_KEYS)
		crypto_trim();
	d->verified = verified;
}

static void
watch_signals(struct daemon *d)
{
	struct { uv_signal_t *handle; int number; uv_signal_cb on; } rows[] = {
		{ &d->term, SIGTERM, on_end_signal }, { &d->interrupt, SIGINT, on_end_signal }, { &d->hangup, SIGHUP, on_hangup },
	};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uv_signal_init(&d->loop, rows[i].handle);
		rows[i].handle->data = d;
		uv_signal_start(rows[i].handle, rows[i].on, rows[i].number);
	}
	uv_timer_init(&d->loop, &d->upkeep);
	d->upkeep.data = d;
	uv_timer_start(&d->upkeep, on_upkeep, UPKEEP_MS, UPKEEP_MS);
}

static void
log_posture(const struct daemon *d, const struct rights *r)
{
	char uid[24];
	snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
	struct log_field fields[] = {
		{ "version", PACKAGE_VERSION }, { "site", d->settings->site }, { "user", r->root ? r->user : uid },
		{ "clock", clock_state_name(state_clock(&d->state)) }, { "state", d->settings->store.path }, { NULL, NULL }
	};
	log_event(LOG_INFO_, "start", fields, "%zu listeners, %zu upstreams, %zu routes",
		d->settings->listener_count, d->settings->upstream_count, d->settings->route_count);
	if (geteuid() == 0)
		log_event(LOG_ERROR_, "start", NULL, "still root");
}

// ---- start

static bool
chain_hash(const struct span *parts, size_t count, uint8_t out[32])
{
	uint8_t digest[DIGEST_MAX];

	if (!digest_of(DIGEST_SHA256, parts, count, digest))
		return false;
	memcpy(out, digest, 32);
	return true;
}

static void
on_store_alarm(void *context, const char *text)
{
	(void)context;
	log_event(LOG_ERROR_, "store", NULL, "%s", text);
}

static bool
open_store(struct daemon *d, struct fault *f)
{
	struct store_setup setup = {
		.folder = d->settings->store.path, .hash = chain_hash, .alarm = on_store_alarm, .context = d,
		.audit_keep = d->settings->audit.full == AUDIT_DROP_OLDEST ? d->settings->audit.keep : 0,
	};
	enum store_opened why;

	d->store = store_open(&d->loop, &setup, &why, f);
	return d->store != NULL;
}

static bool
start_workers(struct daemon *d, struct fault *f)
{
	unsigned cores = uv_available_parallelism();

	d->threads = d->settings->workers < 0 ? (cores < WORKERS_MAX ? cores : WORKERS_MAX) : (unsigned)d->settings->workers;
	d->workers = worker_pool_new(&d->loop, d->threads, WORKER_QUEUE);
	return d->workers != NULL || fault_set(f, FAIL_NONE, "workers", "cannot be started: out of memory, or of threads");
}

static void
on_audit_blocked(void *context, const char *why)
{
	struct daemon *d = context;

	if (d->gateway != NULL && d->settings->audit.required)
		gateway_block(d->gateway, why != NULL ? "the audit file cannot be written" : NULL);
}

static bool
open_audit(struct daemon *d, struct fault *f)
{
	if (d->settings->audit.file == NULL)
		return true;
	d->audit_file = audit_file_open(&d->loop, d->store, d->settings->audit.file, on_audit_blocked, d, f);
	return d->audit_file != NULL;
}

static bool
make_gateway(struct daemon *d, struct fault *f)
{
	struct gateway_setup setup = {
		.loop = &d->loop, .settings = d->settings, .schemes = d->schemes, .bind = bind_listener, .clock = gateway_tells_time,
		.clock_state = clock_name, .context = d, .store = d->store, .workers = d->workers, .threads = d->threads, .boot = d->boot,
	};

	d->gateway = gateway_new(&setup, f);
	return d->gateway != NULL;
}

// Everything that may fail before the gateway serves.
static bool
bring_up(struct daemon *d)
{
	struct fault f = { 0 };
	struct rights rights;

	read_boot(d->boot);
	if (!crypto_start(&f) || !path_self_test(&f) || !rights_find(&rights, d->settings->user, d->settings->group, &f) ||
	    !state_open(&d->state, d->settings->store.path, rights.uid, rights.gid, &f) ||
	    // ---- root rights end here ----
	    !rights_drop(&rights, needs_low_ports(d->settings), &f))
		return tell(&f);
	log_posture(d, &rights);
	if (!open_store(d, &f) || !start_workers(d, &f) || !open_audit(d, &f) || !make_gateway(d, &f) || !gateway_open(d->gateway, &f))
		return tell(&f);
	return true;
}

enum run_result
daemon_run(const char *file, const struct config_scheme *schemes)
{
	struct daemon d = { .file = file, .schemes = schemes, .state = { .folder = -1, .lock = -1 } };

	d.settings = load(&d);
	if (d.settings == NULL)
		return RUN_BAD_CONFIG;
	log_setup((enum log_level)d.settings->log.level, (enum log_format)d.settings->log.format);
	if (uv_loop_init(&d.loop) != 0) {
		settings_unref(d.settings);
		return RUN_LOCAL_FAULT;
	}
	watch_signals(&d);
	bool up = bring_up(&d);
	if (up) {
		gateway_listening(d.gateway, print_url, NULL);
		puts("ready");
		fflush(stdout);
	} else if (d.gateway != NULL) {
		d.stopping = true;
		gateway_stop(d.gateway, 0, on_stopped, &d);
	} else {
		on_stopped(&d);
	}
	uv_run(&d.loop, UV_RUN_DEFAULT);
	gateway_free(d.gateway);
	uv_loop_close(&d.loop);
	state_close(&d.state);
	crypto_stop();
	if (up)
		log_event(LOG_INFO_, "stop", NULL, "ended");
	settings_unref(d.settings);
	return up ? RUN_ENDED : RUN_LOCAL_FAULT;
}
