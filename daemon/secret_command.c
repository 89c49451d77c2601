// SPDX-License-Identifier: GPL-3.0-or-later
// secret_command: what became of the shared secrets of devices, and locking one
// or setting it free again.
//   {"command":"secret","do":"list","table":NAME or absent,"from":0}  rows, and "next" where there are more
//   {"command":"secret","do":"lock"|"free","table":NAME or absent,"reference":HEX}
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/secret_table.h"
#include "daemon/daemon.h"
#include "gateway/keyring.h"

enum { PAGE_ROWS = 150 };	// each below 400 octets: together they fit into a frame

// ---- list

struct page { cJSON *rows; size_t at, from; bool failed; };

static bool
add_hex(cJSON *o, const char *key, struct span octets)
{
	char text[2 * SECRET_LINE_REFERENCE_MAX + 1] = "";

	for (size_t i = 0; i < octets.len && i < SECRET_LINE_REFERENCE_MAX; i++)
		snprintf(text + 2 * i, 3, "%02x", octets.data[i]);
	return cJSON_AddStringToObject(o, key, text) != NULL;
}

static void
add_time(cJSON *o, const char *key, int64_t s)
{
	char text[40];

	if (s != 0)
		cJSON_AddStringToObject(o, key, calendar_text(s * 1000, text, sizeof(text)));
}

static void
add_secret(void *context, const struct secret_entry *e, enum gateway_secret state, int64_t changed_s)
{
	struct page *p = context;
	size_t at = p->at++;

	if (at < p->from || at >= p->from + PAGE_ROWS)
		return;
	cJSON *o = cJSON_CreateObject();
	if (o == NULL || !add_hex(o, "reference", e->reference) || cJSON_AddStringToObject(o, "table", e->table) == NULL ||
	    cJSON_AddStringToObject(o, "state", gateway_secret_name(state)) == NULL) {
		cJSON_Delete(o);
		p->failed = true;
		return;
	}
	cJSON_AddBoolToObject(o, "single", e->single);
	if (e->name != NULL && strlen(e->name) < 200)
		cJSON_AddStringToObject(o, "name", e->name);
	add_time(o, "expires", e->expires);
	add_time(o, "changed", changed_s);
	if (!cJSON_AddItemToArray(p->rows, o))
		cJSON_Delete(o);
}

static void
list(struct daemon *d, struct control *c, uint64_t call, const char *table, const cJSON *request)
{
	const cJSON *from = cJSON_GetObjectItemCaseSensitive(request, "from");
	cJSON *o = cJSON_CreateObject();
	struct page p = { .rows = cJSON_AddArrayToObject(o, "secrets"), .from = cJSON_IsNumber(from) && from->valueint > 0 ? (size_t)from->valueint : 0 };
	char text[200];

	if (p.rows != NULL && gateway_secrets(d->gateway, table, add_secret, &p)) {
		if (p.at > p.from + PAGE_ROWS)
			cJSON_AddNumberToObject(o, "next", (double)(p.from + PAGE_ROWS));
		control_answer(c, call, p.failed ? CONTROL_INTERNAL : CONTROL_DONE, p.failed ? "out of memory" : NULL, o);
		return;
	}
	snprintf(text, sizeof(text), "the configuration in force has no table of secrets called '%.80s'", table != NULL ? table : "");
	control_answer(c, call, p.rows == NULL ? CONTROL_INTERNAL : CONTROL_USAGE, p.rows == NULL ? "out of memory" : text, NULL);
	cJSON_Delete(o);
}

// ---- lock, free

struct waiting { struct daemon *d; uint64_t call; bool locked; };

static void
on_set(void *context, bool well)
{
	struct waiting *w = context;

	// At the end the store closes after the control socket.
	if (w->d->control != NULL)
		control_answer(w->d->control, w->call, well ? CONTROL_DONE : CONTROL_LOCAL,
			!well ? "the store could not record it; nothing was changed for good" : w->locked ? "locked" : "free", NULL);
	mem_free(w);
}

struct wanted { struct span reference; const char *table; unsigned hits; };

static void
match(void *context, const struct secret_entry *e, enum gateway_secret state, int64_t changed_s)
{
	struct wanted *w = context;

	(void)state, (void)changed_s;
	if (span_equal(e->reference, w->reference)) {
		w->table = e->table;
		w->hits++;
	}
}

static size_t
from_hex(const char *text, uint8_t *out, size_t max)
{
	size_t n = 0;
	unsigned octet;

	for (; text != NULL && n < max && sscanf(text, "%2x", &octet) == 1 && text[1] != '\0'; text += 2)
		out[n++] = (uint8_t)octet;
	return n;
}

static void
set(struct daemon *d, struct control *c, uint64_t call, const char *table, const cJSON *request, bool locked)
{
	uint8_t octets[SECRET_LINE_REFERENCE_MAX];
	const char *hex = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, "reference"));
	struct wanted wanted = { .reference = span_of(octets, from_hex(hex, octets, sizeof(octets))) };
	struct waiting *w = mem_alloc(sizeof(*w));
	struct fault f = { .set = false };
	char by[32], text[400];

	gateway_secrets(d->gateway, table, match, &wanted);
	snprintf(by, sizeof(by), "user %" PRIu32, (uint32_t)control_peer(c, call));
	if (w != NULL)
		*w = (struct waiting){ d, call, locked };
	if (w == NULL)
		fault_set(&f, FAIL_NONE, "", "out of memory");
	else if (wanted.hits == 0)
		fault_set(&f, FAIL_NONE, "", "no secret in force has this reference; `cmpgate secret list` shows all, `cmpgate reload` reads the files again");
	else if (wanted.hits > 1)
		fault_set(&f, FAIL_NONE, "", "more than one table has this reference: say --table");
	else if (gateway_secret_set(d->gateway, wanted.table, wanted.reference, locked, by, on_set, w, &f))
		return;
	mem_free(w);
	control_answer(c, call, CONTROL_USAGE, fault_text(&f, text, sizeof(text)), NULL);
}

void
secret_command(void *context, struct control *c, uint64_t call, const cJSON *request)
{
	struct daemon *d = context;
	const char *what = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, "do"));
	const char *table = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, "table"));

	if (what != NULL && strcmp(what, "list") == 0)
		list(d, c, call, table, request);
	else if (what != NULL && (strcmp(what, "lock") == 0 || strcmp(what, "free") == 0))
		set(d, c, call, table, request, strcmp(what, "lock") == 0);
	else
		control_answer(c, call, CONTROL_USAGE, "this gateway is of another version: it knows list, lock and free", NULL);
}
