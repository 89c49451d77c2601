// SPDX-License-Identifier: GPL-3.0-or-later
// services: what the gateway stands on, in the order of need: the store, the
// control socket, workers, the audit file. They close in turn, the store last.
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "daemon/daemon.h"

enum {
	STORE_MAX = 256 << 20,	// octets of the database
	WORKERS_MAX = 16,
	WORKER_QUEUE = 1024,	// jobs that may wait for a worker
	CLOCK_HOLDS_MS = 1000,	// what the kernel said of its clock
	TRIM_KEYS = 64,		// signatures verified since the last upkeep that make it worth to trim memory
	POSTURE_MS = 24 * 3600 * 1000	// what is insecure is said again after a day
};

// ---- clock

// Each message asks several times, and the kernel stirs its random pool at each call.
static enum clock_state
kernel_clock(struct daemon *d)
{
	int64_t now = clock_mono_ms();

	if (d->clock_asked_ms == 0 || now - d->clock_asked_ms >= CLOCK_HOLDS_MS || d->clock == CLOCK_UNSET || clock_wall_s() < d->state.floor) {
		d->clock = state_clock(&d->state);
		d->clock_asked_ms = now;
	}
	return d->clock;
}

enum clock_state
services_clock(struct daemon *d)
{
	enum clock_state c = kernel_clock(d);

	if (c == CLOCK_FLOOR && d->settings->clock == CLOCK_TRUST_SYSTEM)
		return CLOCK_SYNCED;
	return c == CLOCK_SYNCED && d->settings->clock == CLOCK_USE_FLOOR ? CLOCK_FLOOR : c;
}

static void
tell_time(void *context, struct gateway_time *out)
{
	struct daemon *d = context;

	*out = (struct gateway_time){ .wall_s = clock_wall_s(), .floor_s = d->state.floor, .synced = services_clock(d) == CLOCK_SYNCED };
}

static const char *
tell_clock(void *context)
{
	return clock_state_name(services_clock(context));
}

static void
read_boot(struct daemon *d)
{
	FILE *in = fopen("/proc/sys/kernel/random/boot_id", "re");

	// Without an id every start is a boot of its own: that prolongs, and never cuts short.
	if (in == NULL || fscanf(in, "%36s", d->boot) != 1)
		snprintf(d->boot, sizeof(d->boot), "%lld-%ld", (long long)clock_mono_ms(), (long)getpid());
	if (in != NULL)
		fclose(in);
}

// ---- store

static void
on_store_alarm(void *context, const char *text)
{
	(void)context;
	log_event(LOG_ERROR_, "store", NULL, "%s", text);
}

static int64_t
records_kept(const struct daemon *d)
{
	return d->settings->audit.full == AUDIT_DROP_OLDEST ? d->settings->audit.keep : 0;
}

static bool
open_store(struct daemon *d, struct fault *f)
{
	const struct store_setup setup = {
		.folder = d->settings->store.path, .max_size = STORE_MAX + 2 * d->settings->audit.keep, .fresh = d->fresh_store, .hash = digest_sha256, .alarm = on_store_alarm, .context = d,
		.audit_keep = records_kept(d),
	};
	struct store_figures figures;
	enum store_opened why;
	char octets[24];

	d->store = store_open(&d->loop, &setup, &why, f);
	if (d->store == NULL)
		return false;
	store_figures(d->store, &figures);
	snprintf(octets, sizeof(octets), "%lld", (long long)figures.octets);
	log_event(LOG_INFO_, "store", (struct log_field[]){ { "octets", octets }, { "library", figures.version }, { NULL, NULL } },
		figures.created ? "a new store was made in the state folder" : "the store is open and sound");
	return true;
}

static bool
open_control(struct daemon *d, struct fault *f)
{
	const struct control_setup setup = { .store = d->settings->store.path, .path = d->settings->control };

	d->control = control_open(&d->loop, &setup, f);
	return d->control != NULL;
}

// ---- workers and audit file

static bool
start_workers(struct daemon *d, struct fault *f)
{
	unsigned cores = uv_available_parallelism();

	d->threads = d->settings->workers < 0 ? (cores < WORKERS_MAX ? cores : WORKERS_MAX) : (unsigned)d->settings->workers;
	d->workers = worker_pool_new(&d->loop, d->threads, WORKER_QUEUE);
	return d->workers != NULL || fault_set(f, FAIL_NONE, "workers", "cannot be started: out of memory, or of threads");
}

// New requests are refused while what they lead to cannot be recorded.
static void
gate_by_audit(struct daemon *d)
{
	const char *why = NULL;

	if (d->gateway == NULL)
		return;
	if (d->audit_stuck && d->settings->audit.required)
		why = "the audit file cannot be written";
	else if (d->audit_full && d->settings->audit.full == AUDIT_STOP_ISSUING)
		why = "log.audit.max_size is reached, and the configuration says stop-issuing";
	gateway_block(d->gateway, why);
}

static void
on_audit_blocked(void *context, const char *why)
{
	struct daemon *d = context;

	d->audit_stuck = why != NULL;
	gate_by_audit(d);
}

// What is kept, where nothing may be dropped, runs full.
static void
watch_audit(struct daemon *d)
{
	int64_t max = d->settings->audit.keep;
	struct store_figures now;

	store_figures(d->store, &now);
	bool full = d->settings->audit.full == AUDIT_STOP_ISSUING && now.audit >= max;
	bool nearly = d->settings->audit.full == AUDIT_STOP_ISSUING && now.audit >= max / 5 * 4;
	if (full && !d->audit_full)
		log_event(LOG_ERROR_, "audit", NULL, "the records have reached log.audit.max_size (%lld octets): requests are refused until it is raised, or full is drop-oldest", (long long)max);
	else if (nearly && !full && !d->audit_warned)
		log_event(LOG_WARN_, "audit", NULL, "the records have reached %lld of %lld octets (log.audit.max_size); when it is full, requests are refused", (long long)now.audit, (long long)max);
	d->audit_full = full;
	d->audit_warned = nearly;
	gate_by_audit(d);
}

void
services_reloaded(struct daemon *d)
{
	store_audit_keep(d->store, records_kept(d));
	watch_audit(d);
}

static bool
open_audit(struct daemon *d, struct fault *f)
{
	if (d->settings->audit.file == NULL)
		return true;
	d->audit_file = audit_file_open(&d->loop, d->store, d->settings->audit.file, on_audit_blocked, d, f);
	return d->audit_file != NULL;
}

// ---- the whole

bool
services_open(struct daemon *d, struct fault *f)
{
	read_boot(d);
	return open_store(d, f) && open_control(d, f) && start_workers(d, f) && open_audit(d, f);
}

bool
services_gateway(struct daemon *d, gateway_bind *bind, struct fault *f)
{
	struct gateway_setup setup = {
		.loop = &d->loop, .settings = d->settings, .schemes = d->schemes, .bind = bind, .clock = tell_time, .clock_state = tell_clock,
		.context = d, .store = d->store, .workers = d->workers, .threads = d->threads, .boot = d->boot,
	};

	d->gateway = gateway_new(&setup, f);
	if (d->gateway != NULL)
		watch_audit(d);
	return d->gateway != NULL;
}

void
services_upkeep(struct daemon *d)
{
	struct store_time now = { .mono_ms = clock_mono_ms(), .wall_s = clock_wall_s(), .synced = services_clock(d) == CLOCK_SYNCED };
	struct fault f = { .set = false };
	char text[400];

	if (!state_keep_floor(&d->state, &f))
		log_event(LOG_ERROR_, "clock", NULL, "%s", fault_text(&f, text, sizeof(text)));
	memcpy(now.boot, d->boot, sizeof(now.boot));
	if (d->store != NULL && !d->stopping) {
		store_purge(d->store, &now);
		watch_audit(d);
	}
	if (clock_mono_ms() - d->posture_ms >= POSTURE_MS)
		daemon_posture_log(d, true);
	// Each new key leaves a table of points behind in the library.
	uint64_t verified = crypto_work().verifications;
	if (verified - d->verified >= TRIM_KEYS)
		crypto_trim();
	d->verified = verified;
}

static void
on_store_closed(void *context)
{
	struct daemon *d = context;

	d->store = NULL;
	d->services_closed(d);
}

static void
on_control_closed(void *context)
{
	struct daemon *d = context;

	d->control = NULL;
	store_close(d->store, on_store_closed, d);
}

static void
on_audit_closed(void *context)
{
	struct daemon *d = context;

	d->audit_file = NULL;
	if (d->stop_call != 0)
		control_answer(d->control, d->stop_call, CONTROL_DONE, "everything under way has ended", NULL);
	control_close(d->control, on_control_closed, d);
}

static void
on_workers_closed(void *context)
{
	struct daemon *d = context;

	d->workers = NULL;
	audit_file_close(d->audit_file, on_audit_closed, d);
}

void
services_close(struct daemon *d, void (*done)(struct daemon *d))
{
	d->services_closed = done;
	if (d->workers != NULL)
		worker_pool_close(d->workers, on_workers_closed, d);
	else
		on_workers_closed(d);
}
