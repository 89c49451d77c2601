// SPDX-License-Identifier: GPL-3.0-or-later
// commands: what the gateway itself answers on its control socket.
#include "build.h"
#include "daemon/daemon.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

// ---- reload

static void
on_reload(void *context, struct control *c, uint64_t call, const cJSON *request)
{
	(void)c;
	(void)request;
	daemon_reload(context, call);
}

// ---- status

struct listing { cJSON *list; };

static void
add_listener(void *context, const char *name, const char *url)
{
	struct listing *l = context;
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "name", name);
	cJSON_AddStringToObject(item, "url", url);
	if (!cJSON_AddItemToArray(l->list, item))
		cJSON_Delete(item);
}

static void
add_upstreams(cJSON *o, const struct settings *s)
{
	cJSON *list = cJSON_AddArrayToObject(o, "upstreams");

	for (size_t i = 0; i < s->upstream_count; i++) {
		struct listing l = { list };
		add_listener(&l, s->upstreams[i].name, s->upstreams[i].url.text);
	}
}

static void
add_store(cJSON *o, const struct store *store)
{
	struct store_figures f;
	cJSON *item = cJSON_AddObjectToObject(o, "store");

	store_figures(store, &f);
	cJSON_AddStringToObject(item, "about", f.version);
	cJSON_AddBoolToObject(item, "failed", f.failed);
	cJSON_AddNumberToObject(item, "octets", (double)f.octets);
	cJSON_AddNumberToObject(item, "waiting", (double)f.waiting);
	cJSON_AddNumberToObject(item, "commits", (double)f.commits);
	cJSON_AddNumberToObject(item, "units", (double)f.units);
}

static void
add_counts(cJSON *o, const struct gateway *g)
{
	struct gateway_counts n = gateway_count(g);
	cJSON *item = cJSON_AddObjectToObject(o, "transactions");

	cJSON_AddNumberToObject(item, "open", (double)n.open);
	cJSON_AddNumberToObject(item, "ended", (double)n.closed);
	cJSON_AddNumberToObject(o, "exchanges", (double)n.exchanges);
	cJSON_AddNumberToObject(o, "submissions", (double)n.submissions);
}

static void
add_process(cJSON *o, const struct daemon *d)
{
	char loaded[40];

	cJSON_AddStringToObject(o, "version", PACKAGE_VERSION);
	cJSON_AddStringToObject(o, "site", d->settings->site != NULL ? d->settings->site : "");
	cJSON_AddNumberToObject(o, "pid", getpid());
	cJSON_AddNumberToObject(o, "uptime_s", (double)((clock_mono_ms() - d->started_ms) / 1000));
	cJSON_AddStringToObject(o, "clock", clock_state_name(state_clock(&d->state)));
	cJSON_AddStringToObject(o, "config", d->file);
	cJSON_AddStringToObject(o, "loaded", calendar_text(d->loaded_s * 1000, loaded, sizeof(loaded)));
	cJSON_AddStringToObject(o, "state", d->settings->store.path);
	cJSON_AddBoolToObject(o, "stopping", d->stopping);
}

static void
on_status(void *context, struct control *c, uint64_t call, const cJSON *request)
{
	struct daemon *d = context;
	cJSON *o = cJSON_CreateObject();
	struct listing listeners;

	(void)request;
	if (o == NULL) {
		control_answer(c, call, CONTROL_INTERNAL, "out of memory", NULL);
		return;
	}
	add_process(o, d);
	listeners.list = cJSON_AddArrayToObject(o, "listeners");
	gateway_listening(d->gateway, add_listener, &listeners);
	add_upstreams(o, d->settings);
	add_counts(o, d->gateway);
	add_store(o, d->store);
	daemon_posture_add(d, o);
	control_answer(c, call, CONTROL_DONE, NULL, o);
}

// ---- stop

static void
on_stop(void *context, struct control *c, uint64_t call, const cJSON *request)
{
	struct daemon *d = context;

	(void)request;
	if (d->stop_call != 0)
		control_answer(c, d->stop_call, CONTROL_DONE, "another command hurries the end", NULL);
	control_progress(c, call, d->stopping ? "ending at once" : "finishing what is under way", NULL);
	d->stop_call = call;
	daemon_stop(d, "cmpgate stop");
}

void
commands_register(struct daemon *d)
{
	const struct control_command rows[] = { { "reload", on_reload, d }, { "status", on_status, d }, { "stop", on_stop, d },
		{ "secret", secret_command, d }, { "audit", audit_command, d } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		control_register(d->control, &rows[i]);
}
