// SPDX-License-Identifier: GPL-3.0-or-later
// daemon: what run.c and commands.c share. Private to daemon/.
#ifndef CMPGATE_DAEMON_DAEMON_H
#define CMPGATE_DAEMON_DAEMON_H

#include <uv.h>

#include "base/buffer.h"
#include "base/worker.h"
#include "config/settings.h"
#include "daemon/audit_file.h"
#include "daemon/control.h"
#include "daemon/state.h"
#include "gateway/gateway.h"
#include "store/store.h"

struct daemon {
	const char *file;
	const struct config_scheme *schemes;
	uv_loop_t loop;
	uv_signal_t term, interrupt, hangup;
	uv_timer_t upkeep;
	struct state state;
	struct settings *settings;
	struct store *store;
	struct control *control;
	struct worker_pool *workers;
	unsigned threads;
	struct audit_file *audit_file;
	struct gateway *gateway;
	void (*services_closed)(struct daemon *d);
	int64_t posture_ms;		// when what is insecure was last said
	uint64_t verified;		// signatures, at the last upkeep
	char boot[37];			// id of this boot of the machine
	enum clock_state clock;		// what the kernel said of it
	int64_t clock_asked_ms;		// and when; 0: it was not asked
	int64_t started_ms, loaded_s;	// monotonic; wall clock when the configuration came into force
	bool fresh_store;
	bool audit_stuck, audit_full, audit_warned;	// its file cannot be written; log.audit.max_size is reached; or nearly
	bool stopping;
	uint64_t stop_call;		// the command that waits for the end; 0: none
	struct reload *reload;		// what is being loaded; NULL: nothing
	bool reload_again;		// once more after that
	uint64_t reload_calls[CONTROL_CONNECTIONS];	// the commands that wait for that
	size_t reload_call_count;
};

// run.c
// Do what SIGTERM does.
void daemon_stop(struct daemon *d, const char *why);

// services.c: what the gateway stands on.
// Open store, control socket, workers and audit file. False with the fault.
bool services_open(struct daemon *d, struct fault *f);
// Close them in turn, the store last; then done(d). Only after the gateway's end.
void services_close(struct daemon *d, void (*done)(struct daemon *d));
// Make the gateway on top of them.
bool services_gateway(struct daemon *d, gateway_bind *bind, struct fault *f);
// After a reload: what of the new settings is theirs.
void services_reloaded(struct daemon *d);
// Every minute: clock floor, old rows, memory of the library.
void services_upkeep(struct daemon *d);
// What the clock is worth under the rule of the configuration (clock:). What the kernel says holds for a second.
enum clock_state services_clock(struct daemon *d);

// reload.c
// Do what SIGHUP does: load the file and what it names on a thread of its own, then let the gateway take it. The
// verdict is a log line and the answer to this call of the control socket; 0: nobody waits. While one is under way
// the wish is kept for one that begins after it.
void daemon_reload(struct daemon *d, uint64_t call);
// At the end: tell those who wait that nothing comes of it.
void daemon_reload_stop(struct daemon *d);
// Wait for the thread, the last thing before the loop ends.
void daemon_reload_close(struct daemon *d);

// posture.c
// Log what the configuration lets through; insecure_only: what is less than it should be, which is said again each day.
void daemon_posture_log(struct daemon *d, bool insecure_only);
// The same into an object of `cmpgate status --json`.
void daemon_posture_add(const struct daemon *d, struct cJSON *o);

// commands.c: register the commands.
void commands_register(struct daemon *d);
// secret_command.c
void secret_command(void *context, struct control *c, uint64_t call, const struct cJSON *request);
// audit_command.c
void audit_command(void *context, struct control *c, uint64_t call, const struct cJSON *request);

#endif
