// SPDX-License-Identifier: GPL-3.0-or-later
// gateway: the message path as daemon/ sees it. Everything runs on the loop thread.
#ifndef CMPGATE_GATEWAY_GATEWAY_H
#define CMPGATE_GATEWAY_GATEWAY_H

#include <uv.h>
#include "base/worker.h"
#include "config/settings.h"
#include "store/store.h"

struct gateway;
struct keyring;

// Binds the stream sockets of a listener: answers the number of descriptors in
// fds (which become the gateway's), -1 with the fault.
typedef int gateway_bind(void *context, const struct settings_listener *l, int *fds, size_t max, struct fault *f);

// What time it is, and what that is worth: `synced` when it may be believed,
// else certificates are judged against floor_s, below which no clock can be right.
struct gateway_time { int64_t wall_s, floor_s; bool synced; };
typedef void gateway_clock(void *context, struct gateway_time *out);

struct gateway_setup {
	uv_loop_t *loop;
	struct settings *settings;		// a reference is taken
	const struct config_scheme *schemes;	// that they were loaded with
	gateway_bind *bind;
	gateway_clock *clock;			// NULL: the wall clock, believed
	const char *(*clock_state)(void *context);	// its name, for the audit; NULL = not known
	void *context;				// of bind, clock and clock_state
	struct store *store;			// NULL: nothing is durable
	struct worker_pool *workers;		// closed by its owner after the gateway's end
	unsigned threads;			// of the pool; 0 = inline
	const char *boot;			// boot id, for the audit
};
// Make a gateway; keys, certificates and secrets of the settings are loaded
// (that blocks), nothing is opened. NULL with the fault.
struct gateway *gateway_new(const struct gateway_setup *setup, struct fault *f);
// Open upstreams and listeners. False with the fault; then stop it.
bool gateway_open(struct gateway *g, struct fault *f);
// Take new settings with what was loaded for them (the caller's references stay his): what stands unchanged keeps its
// sockets and exchanges, the new is opened first, then the old is let go. False with the fault: all stays as it was.
bool gateway_reload(struct gateway *g, struct settings *s, struct keyring *keys, struct fault *f);
// Refuse every new request with this sentence until it is called with NULL; what runs goes on.
void gateway_block(struct gateway *g, const char *why);
// Tell each URL that is really listened on, in the order of the configuration.
void gateway_listening(const struct gateway *g, void (*put)(void *context, const char *name, const char *url), void *context);
// Accept nothing new, let exchanges finish for at most grace_ms, then end them
// and close everything; done(context) is called once, from the loop. A second
// call shortens the grace.
void gateway_stop(struct gateway *g, int64_t grace_ms, void (*done)(void *context), void *context);
// Free; NULL is allowed. Only after done, or when nothing was opened.
void gateway_free(struct gateway *g);

// Numbers for tests and status.
struct gateway_counts { size_t exchanges, open, closed, submissions, steps; };
struct gateway_counts gateway_count(const struct gateway *g);

// Refusals of one kind by one source are recorded together, once a minute: put what waits into the store now.
void gateway_record(struct gateway *g);

// ---- shared secrets of devices, for the control socket
struct secret_entry;
enum gateway_secret { GATEWAY_SECRET_FREE, GATEWAY_SECRET_BOUND, GATEWAY_SECRET_SPENT, GATEWAY_SECRET_LOCKED, GATEWAY_SECRET_EXPIRED };
const char *gateway_secret_name(enum gateway_secret s);
typedef void gateway_secret_each(void *context, const struct secret_entry *e, enum gateway_secret state, int64_t changed_s);
// Hand each secret of a table (NULL: of all) to each(), in no special order; their values are for nobody.
// False: no such table.
bool gateway_secrets(const struct gateway *g, const char *table, gateway_secret_each *each, void *context);
typedef void gateway_secret_done(void *context, bool well);
// Lock a secret, or set it free again; recorded with the name of who did it. done comes once it is durable
// or has failed: on the loop, or without a store from inside this call. False with the fault, and no done: no such secret, or the store takes nothing.
bool gateway_secret_set(struct gateway *g, const char *table, struct span reference, bool locked, const char *by,
	gateway_secret_done *done, void *context, struct fault *f);

#endif
