// SPDX-License-Identifier: GPL-3.0-or-later
// posture: the log and `status` say what is let through (IEC 62443-4-2 CR 7.6).
#include "build.h"
#include "daemon/daemon.h"

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "base/log.h"
#include "pki/algorithm.h"

static void
put_line(void *context, bool insecure, const char *text)
{
	const bool *insecure_only = context;

	if (insecure || !*insecure_only)
		log_event(insecure ? LOG_WARN_ : LOG_INFO_, "posture", NULL, "%s", text);
}

void
daemon_posture_log(struct daemon *d, bool insecure_only)
{
	d->posture_ms = clock_mono_ms();
	if (!insecure_only)
		log_event(LOG_INFO_, "posture", NULL, "algorithms: %s", ALGORITHMS_TEXT);
	settings_posture(d->settings, put_line, &insecure_only);
}

struct lists { cJSON *routes, *insecure; };

static void
put_item(void *context, bool insecure, const char *text)
{
	struct lists *l = context;

	cJSON_AddItemToArray(insecure ? l->insecure : l->routes, cJSON_CreateString(text));
}

void
daemon_posture_add(const struct daemon *d, cJSON *o)
{
	cJSON *posture = cJSON_AddObjectToObject(o, "posture");
	struct lists l = { .routes = cJSON_AddArrayToObject(posture, "routes") };

	cJSON_AddStringToObject(posture, "algorithms", ALGORITHMS_TEXT);
	l.insecure = cJSON_AddArrayToObject(posture, "insecure");
	settings_posture(d->settings, put_item, &l);
}
