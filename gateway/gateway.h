// SPDX-License-Identifier: GPL-3.0-or-later
// gateway: the message path as daemon/ sees it. Everything runs on the loop thread.
#ifndef CMPGATE_GATEWAY_GATEWAY_H
#define CMPGATE_GATEWAY_GATEWAY_H

#include <uv.h>
#include "config/settings.h"

struct gateway;

// Binds the stream sockets of a listener: answers the number of descriptors in
// fds (which become the gateway's), -1 with the fault.
typedef int gateway_bind(void *context, const struct settings_listener *l, int *fds, size_t max, struct fault *f);

// Make a gateway for these settings (a reference is taken), loaded with these
// schemes; nothing is opened.
// NULL with the fault when memory or randomness is missing.
struct gateway *gateway_new(uv_loop_t *loop, struct settings *s, const struct config_scheme *schemes, gateway_bind *bind, void *context, struct fault *f);
// Open upstreams and listeners. False with the fault; then stop it.
bool gateway_open(struct gateway *g, struct fault *f);
// Take new settings: what stands unchanged keeps its sockets and exchanges, the
// new is opened first, then the old is let go. False with the fault: all stays as it was.
bool gateway_reload(struct gateway *g, struct settings *s, struct fault *f);
// Tell each URL that is really listened on, in the order of the configuration.
void gateway_listening(const struct gateway *g, void (*put)(void *context, const char *name, const char *url), void *context);
// Accept nothing new, let exchanges finish for at most grace_ms, then end them
// and close everything; done(context) is called once, from the loop. A second
// call shortens the grace.
void gateway_stop(struct gateway *g, int64_t grace_ms, void (*done)(void *context), void *context);
// Free; NULL is allowed. Only after done, or when nothing was opened.
void gateway_free(struct gateway *g);

// Numbers for tests and status.
struct gateway_counts { size_t exchanges, open, closed, submissions; };
struct gateway_counts gateway_count(const struct gateway *g);

#endif
