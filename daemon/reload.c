// SPDX-License-Identifier: GPL-3.0-or-later
// reload: reading the configuration and all that it names takes its time (files, keys behind a passphrase, a token that
// must be logged in to), so a thread does it and the loop goes on serving; what comes of it is taken on the loop.
#include "build.h"
#include "daemon/daemon.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "gateway/keyring.h"

enum { FINDINGS_MAX = 24 * 1024 };	// octets of findings that an answer to `reload` brings

struct reload {
	struct daemon *d;
	uv_thread_t thread;
	uv_async_t ended;
	uint64_t calls[CONTROL_CONNECTIONS];	// that are told
	size_t call_count;
	// what the thread makes
	struct findings findings;
	struct settings *settings;	// NULL: the file has errors
	struct keyring *keys;		// NULL: what it names has, said by fault
	struct fault fault;
};

// ---- the verdict

// Findings of a reload are log lines.
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

static void
put_buffer(void *context, const char *text)
{
	struct buffer *b = context;

	// What does not fit any more stands in the log.
	if (b->limit - b->len > strlen(text))
		buffer_append_text(b, text);
}

static void
answer(struct daemon *d, uint64_t call, bool well, const char *sentence, const char *findings)
{
	cJSON *data = findings != NULL ? cJSON_CreateObject() : NULL;

	if (data != NULL)
		cJSON_AddStringToObject(data, "findings", findings);
	control_answer(d->control, call, well ? CONTROL_DONE : CONTROL_CONFIG, sentence, data);
}

static void
judge(struct reload *r, bool well, const char *sentence)
{
	struct buffer told;

	log_event(well ? LOG_INFO_ : LOG_ERROR_, "reload", NULL, "%s", sentence);
	buffer_init(&told, FINDINGS_MAX);
	if (r->findings.errors + r->findings.warnings > 0)
		findings_print(&r->findings, put_buffer, &told, false);
	const char *text = told.len > 0 && buffer_append_octet(&told, '\0') ? (const char *)told.data : NULL;
	for (size_t i = 0; i < r->call_count; i++)
		answer(r->d, r->calls[i], well, sentence, text);
	buffer_clear(&told);
}

// ---- what was loaded is taken

static void
take_settings(struct reload *r)
{
	struct daemon *d = r->d;
	char text[400], summary[160];

	settings_unref(d->settings);
	d->settings = settings_ref(r->settings);
	d->loaded_s = clock_wall_s();
	services_reloaded(d);
	log_setup((enum log_level)d->settings->log.level, (enum log_format)d->settings->log.format);
	snprintf(text, sizeof(text), "%s is in force: %s", d->file, settings_summary(d->settings, summary, sizeof(summary)));
	judge(r, true, text);
	daemon_posture_log(d, false);
}

static void
take(struct reload *r)
{
	struct daemon *d = r->d;
	char text[400], why[360];

	log_findings(&r->findings);
	if (r->settings == NULL) {
		snprintf(text, sizeof(text), "%s has errors; the old configuration stays", d->file);
		judge(r, false, text);
	} else if (settings_needs_restart(d->settings, r->settings, &r->fault) || r->keys == NULL ||
		   !gateway_reload(d->gateway, r->settings, r->keys, &r->fault)) {
		snprintf(text, sizeof(text), "refused, the old configuration stays: %s", fault_text(&r->fault, why, sizeof(why)));
		judge(r, false, text);
	} else {
		take_settings(r);
	}
}

// ---- the thread

static void
run(void *context)
{
	struct reload *r = context;

	r->settings = settings_load(r->d->file, r->d->schemes, &r->findings);
	if (r->settings != NULL)
		r->keys = keyring_load(r->settings, NULL, NULL, &r->fault);
	uv_async_send(&r->ended);
}

static void
on_closed(uv_handle_t *handle)
{
	struct reload *r = handle->data;

	keyring_unref(r->keys);
	settings_unref(r->settings);
	findings_clear(&r->findings);
	mem_free(r);
}

static void begin(struct daemon *d);

static void
on_ended(uv_async_t *async)
{
	struct reload *r = async->data;
	struct daemon *d = r->d;

	uv_thread_join(&r->thread);
	d->reload = NULL;
	uv_close((uv_handle_t *)async, on_closed);
	if (d->stopping)
		return;
	take(r);
	if (d->reload_again)
		begin(d);
}

// Tell all who wait that nothing comes of it.
static void
refuse(struct daemon *d, const char *sentence)
{
	log_event(LOG_ERROR_, "reload", NULL, "%s", sentence);
	for (size_t i = 0; i < d->reload_call_count; i++)
		answer(d, d->reload_calls[i], false, sentence, NULL);
	d->reload_call_count = 0;
}

static void
begin(struct daemon *d)
{
	struct reload *r = mem_alloc(sizeof(*r));

	d->reload_again = false;
	if (r == NULL || uv_async_init(&d->loop, &r->ended, on_ended) != 0) {
		mem_free(r);
		refuse(d, "refused, the old configuration stays: out of memory");
		return;
	}
	r->d = d;
	r->ended.data = r;
	if (uv_thread_create(&r->thread, run, r) != 0) {
		uv_close((uv_handle_t *)&r->ended, on_closed);
		refuse(d, "refused, the old configuration stays: no thread can be started to load it");
		return;
	}
	memcpy(r->calls, d->reload_calls, sizeof(r->calls));
	r->call_count = d->reload_call_count;
	d->reload_call_count = 0;
	d->reload = r;
}

void
daemon_reload(struct daemon *d, uint64_t call)
{
	if (call != 0 && d->reload_call_count == CONTROL_CONNECTIONS) {
		answer(d, call, false, "refused: too many wait for a reload already", NULL);
		return;
	}
	if (call != 0)
		d->reload_calls[d->reload_call_count++] = call;
	if (d->stopping)
		refuse(d, "refused: the gateway is ending");
	else if (d->reload != NULL)
		d->reload_again = true;
	else
		begin(d);
}

void
daemon_reload_stop(struct daemon *d)
{
	static const char ending[] = "refused: the gateway is ending";

	for (size_t i = 0; d->reload != NULL && i < d->reload->call_count; i++)
		answer(d, d->reload->calls[i], false, ending, NULL);
	if (d->reload != NULL)
		d->reload->call_count = 0;
	if (d->reload_again)
		refuse(d, ending);
	d->reload_again = false;
}

void
daemon_reload_close(struct daemon *d)
{
	struct reload *r = d->reload;

	if (r == NULL)
		return;
	uv_thread_join(&r->thread);
	uv_close((uv_handle_t *)&r->ended, on_closed);
	d->reload = NULL;
}
