// SPDX-License-Identifier: GPL-3.0-or-later
// endpoints: opens, keeps, drains and closes what the drivers serve. A reload
// opens the new before it lets the old go; what stands unchanged is not touched.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "gateway/fetch.h"

enum { PATHS_KEPT = 256, PATHS_KEPT_S = 3600 };	// validated chains of each worker, and for how long

// ---- upstreams

static struct gate_upstream *
upstream_make(struct gateway *g, struct settings *s, const struct settings_upstream *as, struct fault *f)
{
	struct gate_upstream *u = mem_alloc(sizeof(*u));

	if (u == NULL || (u->name = mem_text(as->name)) == NULL) {
		mem_free(u);
		fault_set(f, FAIL_NONE, as->name, "out of memory");
		return NULL;
	}
	u->gateway = g;
	u->driver = driver_find(as->url.scheme);
	u->settings = settings_ref(s);
	u->as = as;
	struct upstream_setup setup = {
		.name = as->name, .url = &as->url, .options = as->options, .limits = &g->limits, .core = &g->core
	};
	u->driver_state = u->driver->upstream_open(&setup, f);
	if (u->driver_state == NULL) {
		fault_within(f, as->name);
		settings_unref(u->settings);
		mem_free(u->name);
		mem_free(u);
		return NULL;
	}
	u->next = g->upstreams;
	g->upstreams = u;
	return u;
}

struct gate_upstream *
upstream_find(struct gateway *g, const char *name)
{
	for (struct gate_upstream *u = g->upstreams; u != NULL; u = u->next)
		if (!u->retired && strcmp(u->name, name) == 0)
			return u;
	return NULL;
}

static void
forget_upstream(struct gateway *g, const struct gate_upstream *u)
{
	size_t cursor = 0;
	struct transaction *t;
	uint64_t handle;

	while ((t = handle_next(&g->transactions, &cursor, &handle)) != NULL)
		if (t->upstream == u)
			t->upstream = NULL;
}

static void
on_upstream_closed(void *context)
{
	struct gate_upstream *u = context, **at;
	struct gateway *g = u->gateway;

	for (at = &g->upstreams; *at != u; at = &(*at)->next)
		;
	*at = u->next;
	settings_unref(u->settings);
	mem_free(u->name);
	mem_free(u);
	g->closing--;
	endpoints_settle(g);
}

static void
upstream_shut(struct gateway *g, struct gate_upstream *u)
{
	u->closing = true;
	g->closing++;
	forget_upstream(g, u);
	u->driver->upstream_close(u->driver_state, on_upstream_closed, u);
}

// ---- listeners

static void
close_all(const int *fds, int count)
{
	for (int i = 0; i < count; i++)
		close(fds[i]);
}

// The addresses a listener is bound to: both of loopback for no host and for localhost.
static size_t
hosts_of(const struct url *u, const char *hosts[2])
{
	bool loopback = u->host[0] == '\0' || strcmp(u->host, "localhost") == 0;

	hosts[0] = loopback ? "127.0.0.1" : u->host;
	hosts[1] = "::1";
	return loopback ? 2 : 1;
}

static bool
is_bound_to(int fd, const char *host, unsigned port)
{
	union { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; } a;
	socklen_t len = sizeof(a);
	uint8_t octets[16];

	if (getsockname(fd, &a.any, &len) != 0)
		return false;
	if (a.any.sa_family == AF_INET)
		return ntohs(a.v4.sin_port) == port && inet_pton(AF_INET, host, octets) == 1 && memcmp(octets, &a.v4.sin_addr, 4) == 0;
	return a.any.sa_family == AF_INET6 && ntohs(a.v6.sin6_port) == port && inet_pton(AF_INET6, host, octets) == 1
		&& memcmp(octets, &a.v6.sin6_addr, 16) == 0;
}

// The socket of a listener that this one may take over, since that one goes: on the
// same address and port, whatever else its URL says. The system's choice of a port is kept by name.
static int
socket_for(const struct gate_listener *l, const struct settings_listener *as, const char *host)
{
	unsigned port = as->url.port_given ? as->url.port : driver_find(as->url.scheme)->default_port;

	if (port == 0 && (strcmp(l->name, as->name) != 0 || strcmp(l->as->url.host, as->url.host) != 0 || l->as->url.port != 0))
		return -1;
	for (int i = 0; i < l->fd_count; i++) {
		struct sockaddr_storage a;
		socklen_t len = sizeof(a);
		unsigned own = port;
		if (port == 0 && getsockname(l->fds[i], (struct sockaddr *)&a, &len) == 0)
			own = ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port : ((struct sockaddr_in *)&a)->sin_port);
		if (is_bound_to(l->fds[i], host, own))
			return l->fds[i];
	}
	return -1;
}

// Descriptors for a listener: those of the listener it replaces on the same address, or fresh ones.
static int
descriptors(struct gateway *g, const struct settings_listener *as, int fds[DESCRIPTORS_MAX], struct fault *f)
{
	const char *hosts[2];
	size_t host_count = hosts_of(&as->url, hosts);
	int count = 0;

	for (struct gate_listener *l = g->listeners; l != NULL && count == 0; l = l->next) {
		// One that the new configuration keeps, or made, is another listener.
		if (l->retired || l->wanted)
			continue;
		for (size_t i = 0; i < host_count; i++) {
			int fd = socket_for(l, as, hosts[i]);
			if (fd < 0)
				continue;
			fds[count] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
			if (fds[count++] < 0) {
				close_all(fds, count - 1);
				fault_set(f, FAIL_NONE, as->name, "no more descriptors");
				return -1;
			}
		}
	}
	return count > 0 ? count : g->bind(g->bind_context, as, fds, DESCRIPTORS_MAX, f);
}

static void
listener_free(struct gate_listener *l)
{
	close_all(l->fds, l->fd_count);
	settings_unref(l->settings);
	mem_free(l->name);
	mem_free(l);
}

// The driver gets duplicates of the sockets: ours stay for the next reload.
static bool
listener_open(struct gateway *g, struct gate_listener *l, struct fault *f)
{
	int given[DESCRIPTORS_MAX];
	struct listener_setup setup = {
		.name = l->name, .url = &l->as->url, .options = l->as->options, .limits = &g->limits, .core = &g->core, .owner = l
	};

	if ((l->driver->abilities & DRIVER_BINDS_STREAM) != 0) {
		int count = descriptors(g, l->as, l->fds, f);
		if (count < 0)
			return false;
		l->fd_count = count;
		for (int i = 0; i < count; i++) {
			given[i] = fcntl(l->fds[i], F_DUPFD_CLOEXEC, 3);
			if (given[i] < 0) {
				close_all(given, i);
				return fault_set(f, FAIL_NONE, l->name, "no more descriptors");
			}
		}
		setup.descriptors = given;
		setup.descriptor_count = (size_t)count;
	}
	l->driver_state = l->driver->listener_open(&setup, f);
	return l->driver_state != NULL;
}

static bool
same_place(const struct url *a, const struct url *b)
{
	unsigned standard = driver_find(a->scheme)->default_port;
	const char *of_a[2], *of_b[2];

	return strcmp(a->scheme, b->scheme) == 0 && (a->port_given ? a->port : standard) == (b->port_given ? b->port : standard)
		&& hosts_of(a, of_a) == hosts_of(b, of_b) && strcmp(of_a[0], of_b[0]) == 0;
}

// A driver that binds for itself cannot take a port over from the listener that it replaces.
static bool
still_served(const struct gateway *g, const struct settings_listener *as, struct fault *f)
{
	const struct gate_listener *l = as->url.port_given && as->url.port == 0 ? NULL : g->listeners;

	while (l != NULL && (!same_place(&l->as->url, &as->url) || (l->driver->abilities & (DRIVER_BINDS_STREAM | DRIVER_MAILBOX)) != 0))
		l = l->next;
	return l != NULL && !fault_set(f, FAIL_NONE, "", "its settings changed, and a %s listener cannot change while it serves %s; restart the gateway, or give it another port",
		l->driver->name, as->url.text);
}

static struct gate_listener *
listener_make(struct gateway *g, struct settings *s, const struct settings_listener *as, struct fault *f)
{
	struct gate_listener *l = mem_alloc(sizeof(*l)), **at;

	if (l == NULL || (l->name = mem_text(as->name)) == NULL) {
		mem_free(l);
		fault_set(f, FAIL_NONE, as->name, "out of memory");
		return NULL;
	}
	l->gateway = g;
	l->driver = driver_find(as->url.scheme);
	l->settings = settings_ref(s);
	l->as = as;
	if (still_served(g, as, f) || !listener_open(g, l, f)) {
		fault_within(f, as->name);
		listener_free(l);
		return NULL;
	}
	for (at = &g->listeners; *at != NULL; at = &(*at)->next)
		;
	*at = l;
	return l;
}

static void
forget_mailbox(struct gateway *g, const struct gate_listener *l)
{
	size_t cursor = 0;
	struct transaction *t;
	uint64_t handle;

	while ((t = handle_next(&g->transactions, &cursor, &handle)) != NULL)
		if (t->mailbox == l)
			t->mailbox = NULL;
}

static void
on_listener_closed(void *context)
{
	struct gate_listener *l = context, **at;
	struct gateway *g = l->gateway;

	for (at = &g->listeners; *at != l; at = &(*at)->next)
		;
	*at = l->next;
	listener_free(l);
	g->closing--;
	endpoints_settle(g);
}

static void
listener_shut(struct gateway *g, struct gate_listener *l)
{
	size_t cursor = 0;
	struct exchange *x;
	uint64_t handle;

	l->closing = true;
	g->closing++;
	forget_mailbox(g, l);
	while ((x = handle_next(&g->exchanges, &cursor, &handle)) != NULL)
		if (x->listener == l)
			serve_turn_out(g, x);
	l->driver->listener_close(l->driver_state, on_listener_closed, l);
}

static void
listener_retire(struct gate_listener *l)
{
	l->retired = true;
	l->driver->listener_drain(l->driver_state);
	close_all(l->fds, l->fd_count);
	l->fd_count = 0;
}

// ---- the whole

static void
take_limits(struct gateway *g)
{
	const struct settings_limits *s = &g->settings->limits;

	g->limits = (struct transport_limits){
		.max_message = s->max_message, .max_answer = s->max_answer, .bytes_in_flight = s->bytes_in_flight, .connections = s->connections,
		.connections_per_source = s->connections_per_source, .header_timeout = s->header_timeout,
		.body_timeout = s->body_timeout, .write_timeout = s->write_timeout, .idle_timeout = s->idle_timeout,
		.exchange_timeout = s->exchange_timeout, .min_rate = s->min_rate, .coap_sessions = s->coap_sessions,
		.coap_assemblies = s->coap_assemblies, .coap_assemblies_per_peer = s->coap_assemblies_per_peer,
		.coap_assembly_bytes = s->coap_assembly_bytes, .coap_assembly_timeout = s->coap_assembly_timeout,
		.coap_waiting = s->coap_waiting, .coap_answers = s->coap_answers,
	};
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct gateway *g = handle->data;

	g->closing--;
	endpoints_settle(g);
}

static bool
make_tables(struct gateway *g, const struct gateway_setup *setup, struct fault *f)
{
	unsigned caches = setup->threads > 0 ? setup->threads : 1;

	g->rates = rate_table_new();
	g->failures = rate_table_new();
	g->caches = mem_array(caches, sizeof(*g->caches));
	if (g->rates == NULL || g->failures == NULL || g->caches == NULL || !map_init(&g->by_id) || !map_init(&g->steps_by_id) || !map_init(&g->shares))
		return fault_set(f, FAIL_NONE, "", "out of memory, or no random octets from the kernel");
	for (; g->cache_count < caches; g->cache_count++)
		if ((g->caches[g->cache_count] = path_cache_new(PATHS_KEPT, PATHS_KEPT_S)) == NULL)
			return fault_set(f, FAIL_NONE, "", "out of memory");
	g->secrets = secret_states_new(setup->store, f);
	g->keys = g->secrets != NULL ? keyring_load(setup->settings, NULL, NULL, f) : NULL;
	return g->keys != NULL;
}

static void
start_audit(struct gateway *g, const struct gateway_setup *setup)
{
	g->audit.store = setup->store;
	g->audit.site = g->settings->site;
	g->audit.clock_state = setup->clock_state;
	g->audit.context = setup->context;
	snprintf(g->audit.boot, sizeof(g->audit.boot), "%s", setup->boot != NULL ? setup->boot : "");
}

static void
free_tables(struct gateway *g)
{
	for (unsigned i = 0; i < g->cache_count; i++)
		path_cache_free(g->caches[i]);
	mem_free(g->caches);
	rate_table_free(g->rates);
	rate_table_free(g->failures);
	secret_states_free(g->secrets);
	keyring_unref(g->keys);
	map_clear(&g->by_id);
	map_clear(&g->steps_by_id);
	map_clear(&g->shares);
	settings_unref(g->settings);
	mem_free(g);
}

struct gateway *
gateway_new(const struct gateway_setup *setup, struct fault *f)
{
	struct gateway *g = mem_alloc(sizeof(*g));

	if (g == NULL) {
		fault_set(f, FAIL_NONE, "", "out of memory");
		return NULL;
	}
	g->loop = setup->loop;
	g->schemes = setup->schemes;
	g->bind = setup->bind;
	g->bind_context = setup->context;
	g->clock = setup->clock;
	g->store = setup->store;
	g->workers = setup->workers;
	g->settings = settings_ref(setup->settings);
	list_init(&g->waiting);
	list_init(&g->delayed);
	list_init(&g->open);
	list_init(&g->closed);
	list_init(&g->errands);
	handle_table_init(&g->exchanges);
	handle_table_init(&g->transactions);
	handle_table_init(&g->submissions);
	handle_table_init(&g->steps);
	if (!make_tables(g, setup, f)) {
		free_tables(g);
		return NULL;
	}
	start_audit(g, setup);
	uv_timer_init(g->loop, &g->timer);
	g->timer.data = g;
	g->timer_open = true;
	take_limits(g);
	intake_core(g);
	return g;
}

// The endpoint that stays for this entry; NULL when a new one is needed.
static struct gate_upstream *
upstream_kept(struct gateway *g, const struct settings_upstream *as)
{
	struct gate_upstream *u = upstream_find(g, as->name);

	return u != NULL && settings_upstream_same(u->as, as, g->schemes) && u->as->timeout == as->timeout ? u : NULL;
}

static struct gate_listener *
listener_kept(struct gateway *g, const struct settings_listener *as)
{
	for (struct gate_listener *l = g->listeners; l != NULL; l = l->next)
		if (!l->retired && strcmp(l->name, as->name) == 0)
			return settings_listener_same(l->as, as, g->schemes) ? l : NULL;
	return NULL;
}

// Open what s has and the gateway has not; each new endpoint is marked. False: some could not be opened.
static bool
open_new(struct gateway *g, struct settings *s, struct fault *f)
{
	for (size_t i = 0; i < s->upstream_count; i++) {
		struct gate_upstream *kept = upstream_kept(g, &s->upstreams[i]);
		struct gate_upstream *u = kept != NULL ? kept : upstream_make(g, s, &s->upstreams[i], f);
		if (u == NULL)
			return false;
		u->fresh = kept == NULL;
		u->wanted = true;
	}
	for (size_t i = 0; i < s->listener_count; i++) {
		struct gate_listener *kept = listener_kept(g, &s->listeners[i]);
		struct gate_listener *l = kept != NULL ? kept : listener_make(g, s, &s->listeners[i], f);
		if (l == NULL)
			return false;
		l->fresh = kept == NULL;
		l->wanted = true;
	}
	return true;
}

// Let go what is not wanted (or, after a failure, what is fresh), and clear the marks.
static void
let_go(struct gateway *g, bool failed)
{
	for (struct gate_listener *l = g->listeners; l != NULL; l = l->next) {
		if (!l->retired && (failed ? l->fresh : !l->wanted))
			listener_retire(l);
		l->fresh = l->wanted = false;
	}
	for (struct gate_upstream *u = g->upstreams; u != NULL; u = u->next) {
		if (failed ? u->fresh : !u->wanted)
			u->retired = true;
		u->fresh = u->wanted = false;
	}
}

bool
gateway_open(struct gateway *g, struct fault *f)
{
	const struct audit_event e = { .event = "service.start", .result = "granted", .failure = FAIL_NONE, .ms = -1 };
	bool well = open_new(g, g->settings, f);

	let_go(g, !well);
	if (well && g->store != NULL)
		audit_note(&g->audit, &e);
	endpoints_settle(g);
	return well;
}

bool
gateway_reload(struct gateway *g, struct settings *s, struct keyring *keys, struct fault *f)
{
	if (g->stopping)
		return fault_set(f, FAIL_NONE, "", "the gateway is ending");
	bool well = open_new(g, s, f);
	if (well) {
		settings_unref(g->settings);
		g->settings = settings_ref(s);
		keyring_unref(g->keys);
		g->keys = keyring_ref(keys);
		g->audit.site = g->settings->site;
		take_limits(g);
	}
	let_go(g, !well);
	endpoints_settle(g);
	return well;
}

void
gateway_block(struct gateway *g, const char *why)
{
	g->blocked = why;
}

void
gateway_listening(const struct gateway *g, void (*put)(void *context, const char *name, const char *url), void *context)
{
	char url[400];

	for (const struct gate_listener *l = g->listeners; l != NULL; l = l->next)
		for (size_t i = 0; !l->retired && l->driver->listener_url(l->driver_state, i, url, sizeof(url)); i++)
			put(context, l->name, url);
}

static bool
is_busy(const struct gate_listener *l)
{
	return l->driver->listener_busy != NULL && l->driver->listener_busy(l->driver_state);
}

// Close what is retired and idle.
static void
shut_idle(struct gateway *g, bool all)
{
	for (struct gate_listener *l = g->listeners, *next; l != NULL; l = next) {
		next = l->next;
		if (l->retired && !l->closing && (all || (l->exchanges == 0 && !is_busy(l))))
			listener_shut(g, l);
	}
	if (all && g->listeners != NULL)
		return;		// answers may still go up and down until the last listener is gone
	for (struct gate_upstream *u = g->upstreams, *next; u != NULL; u = next) {
		next = u->next;
		if (u->retired && !u->closing && (all || u->submissions == 0))
			upstream_shut(g, u);
	}
}

// ---- the end in the audit

static void
on_end_recorded(void *context, enum store_result result, const struct store_conflict *conflict)
{
	struct gateway *g = context;

	(void)result;
	(void)conflict;
	g->closing--;
	endpoints_settle(g);
}

// What was merged and what rides along lazily is written before the last record.
static void
record_end(struct gateway *g)
{
	const struct audit_event e = { .event = "service.stop", .result = "granted", .failure = FAIL_NONE, .ms = -1 };
	struct store_unit *u = g->store != NULL ? store_unit_new() : NULL;

	g->recorded = true;
	audit_flush(&g->audit, clock_mono_ms(), true);
	if (u == NULL)
		return;
	g->closing++;
	bool put = audit_put(&g->audit, u, &e);
	if (!put)
		store_unit_free(u);
	if (!put || !store_apply(g->store, u, false, on_end_recorded, g))
		g->closing--;
}

void
endpoints_settle(struct gateway *g)
{
	if (!g->stopping) {
		shut_idle(g, false);
		return;
	}
	if (g->ended)
		return;
	bool all = g->exchanges.count == 0 || clock_mono_ms() >= g->stop_at;
	shut_idle(g, all);
	if (all) {
		fetch_stop(g);
		step_end_approvals(g);
	}
	// Workers and the store give back what they hold of ours before the end.
	if (g->listeners != NULL || g->upstreams != NULL || g->steps.count > 0 || g->errand_count > 0)
		return;
	if (g->timer_open) {
		g->timer_open = false;
		g->closing++;
		uv_close((uv_handle_t *)&g->timer, on_timer_closed);
	} else if (!g->recorded) {
		record_end(g);
		endpoints_settle(g);
	} else if (g->closing == 0) {
		g->ended = true;
		g->done(g->done_context);
	}
}

void
gateway_stop(struct gateway *g, int64_t grace_ms, void (*done)(void *context), void *context)
{
	int64_t stop_at = clock_mono_ms() + grace_ms;

	g->done = done;
	g->done_context = context;
	if (!g->stopping || stop_at < g->stop_at)
		g->stop_at = stop_at;
	g->stopping = true;
	for (struct gate_listener *l = g->listeners; l != NULL; l = l->next)
		if (!l->retired)
			listener_retire(l);
	for (struct gate_upstream *u = g->upstreams; u != NULL; u = u->next)
		u->retired = true;
	endpoints_settle(g);
	g->timer_due = 0;
	serve_arm(g);
}

void
gateway_free(struct gateway *g)
{
	struct transaction *t;
	struct submission *s;
	size_t cursor = 0;
	uint64_t handle;

	if (g == NULL)
		return;
	// Their upstreams are gone; nobody can tell their outcome any more.
	while ((s = handle_next(&g->submissions, &cursor, &handle)) != NULL)
		mem_free(s);
	cursor = 0;
	while ((t = handle_next(&g->transactions, &cursor, &handle)) != NULL)
		table_remove(g, t);
	handle_table_clear(&g->exchanges);
	handle_table_clear(&g->transactions);
	handle_table_clear(&g->submissions);
	handle_table_clear(&g->steps);
	free_tables(g);
}

struct gateway_counts
gateway_count(const struct gateway *g)
{
	return (struct gateway_counts){ g->exchanges.count, g->open_count, g->closed_count, g->submissions.count, g->steps.count };
}
