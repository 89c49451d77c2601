// SPDX-License-Identifier: GPL-3.0-or-later
// Order at start: configuration, user, state folder and lock, rights given up,
// then the first octet from outside. The end runs backwards.
#include "build.h"
#include "daemon/run.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/bind.h"
#include "daemon/daemon.h"
#include "daemon/rights.h"
#include "crypto/crypto.h"
#include "pki/path.h"
#include "transports/driver.h"

#define STOP_GRACE_MS 10000	// steps in progress may end, design: a crash with manners
#define LOG_GRACE_MS 1000	// for the last lines, when nobody reads the log
#define UPKEEP_MS 60000

static void
put_stderr(void *context, const char *text)
{
	(void)context;
	fputs(text, stderr);
}

// A start tells its findings as `cmpgate check` does.
static struct settings *
load(const struct daemon *d)
{
	struct findings findings = { 0 };
	struct settings *s = settings_load(d->file, d->schemes, &findings);

	if (findings.errors + findings.warnings > 0 || s == NULL)
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

// ---- the end: the gateway, then what it stands on

static void
on_services_closed(struct daemon *d)
{
	uv_close((uv_handle_t *)&d->term, NULL);
	uv_close((uv_handle_t *)&d->interrupt, NULL);
	uv_close((uv_handle_t *)&d->hangup, NULL);
	uv_close((uv_handle_t *)&d->upkeep, NULL);
	daemon_reload_close(d);
}

static void
on_stopped(void *context)
{
	struct daemon *d = context;

	if (d->gateway != NULL)
		gateway_record(d->gateway);
	services_close(context, on_services_closed);
}

// The second time it does not wait for what is under way.
void
daemon_stop(struct daemon *d, const char *why)
{
	log_event(LOG_INFO_, "stop", NULL, "%s: %s", why, d->stopping ? "ending at once" : "finishing what is under way");
	gateway_stop(d->gateway, d->stopping ? 0 : STOP_GRACE_MS, on_stopped, d);
	d->stopping = true;
	daemon_reload_stop(d);
}

static void
on_end_signal(uv_signal_t *signal, int number)
{
	daemon_stop(signal->data, number == SIGTERM ? "SIGTERM" : "SIGINT");
}

static void
on_hangup(uv_signal_t *signal, int number)
{
	struct daemon *d = signal->data;

	(void)number;
	if (!d->stopping)
		daemon_reload(d, 0);
}

static void
on_upkeep(uv_timer_t *timer)
{
	services_upkeep(timer->data);
}

// ---- the beginning

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
log_posture(struct daemon *d, const struct rights *r)
{
	char uid[24], summary[128];
	snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
	struct log_field fields[] = {
		{ "version", PACKAGE_VERSION }, { "site", d->settings->site }, { "user", r->root ? r->user : uid },
		{ "clock", clock_state_name(services_clock(d)) }, { "state", d->settings->store.path }, { NULL, NULL }
	};
	log_event(LOG_INFO_, "start", fields, "%s", settings_summary(d->settings, summary, sizeof(summary)));
	daemon_posture_log(d, false);
	if (geteuid() == 0)
		log_event(LOG_ERROR_, "start", NULL, "still root");
}

// Only root can become somebody else. The standard user is nobody's wish.
static void
note_idle_user(const struct daemon *d, const struct rights *r)
{
	const struct passwd *me = getpwuid(geteuid());
	const char *wanted = d->settings->user;

	if (r->root || wanted == NULL || strcmp(wanted, RIGHTS_STANDARD_USER) == 0 || (me != NULL && strcmp(me->pw_name, wanted) == 0))
		return;
	log_event(LOG_INFO_, "start", NULL, "user: %s has no effect: only a start as root can become another user, and this is user %s",
		wanted, me != NULL ? me->pw_name : "without a name");
}

// The file was read by root; whoever we have become reads it at SIGHUP.
static void
warn_unreadable(const struct daemon *d, const struct rights *r)
{
	char why[1024];

	if (r->root && settings_unreadable(d->file, false, why, sizeof(why)))
		log_event(LOG_WARN_, "start", NULL, "SIGHUP will not be able to read the configuration again: %s", why);
}

// ---- start

// Everything that may fail before the gateway serves.
static bool
bring_up(struct daemon *d)
{
	struct fault f = { 0 };
	struct rights rights;

	if (!crypto_start(&f) || !path_self_test(&f) || !rights_find(&rights, d->settings->user, d->settings->group, &f) ||
	    !state_open(&d->state, d->settings->store.path, rights.uid, rights.gid, &f) ||
	    // ---- root rights end here ----
	    !rights_drop(&rights, needs_low_ports(d->settings), &f))
		return tell(&f);
	if (!log_start() && !fault_set(&f, FAIL_NONE, "log", "no thread to write it"))
		return tell(&f);
	log_posture(d, &rights);
	note_idle_user(d, &rights);
	warn_unreadable(d, &rights);
	if (!services_open(d, &f) || !services_gateway(d, bind_listener, &f) || !gateway_open(d->gateway, &f))
		return tell(&f);
	commands_register(d);
	return true;
}

enum run_result
daemon_run(const char *file, const struct config_scheme *schemes, bool fresh_store)
{
	struct daemon d = { .file = file, .schemes = schemes, .fresh_store = fresh_store, .state = { .folder = -1, .lock = -1 } };

	d.started_ms = clock_mono_ms();
	d.loaded_s = clock_wall_s();
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
		crypto_trim();	// what the self-tests needed
		gateway_listening(d.gateway, print_url, NULL);
		puts("ready");
		if (fflush(stdout) != 0)
			log_event(LOG_WARN_, "start", NULL, "ready, but that could not be written to standard output: %s", strerror(errno));
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
	log_stop(LOG_GRACE_MS);
	settings_unref(d.settings);
	return up ? RUN_ENDED : RUN_LOCAL_FAULT;
}
