// SPDX-License-Identifier: GPL-3.0-or-later
// operator: what an operator sees and changes through the control socket.
#include <stdio.h>

#include "base/clock.h"
#include "base/memory.h"
#include "codec/text.h"
#include "gateway/step.h"

void
gateway_record(struct gateway *g)
{
	audit_flush(&g->audit, clock_mono_ms(), true);
}

const char *
gateway_secret_name(enum gateway_secret s)
{
	static const char *const names[] = { "free", "bound", "spent", "locked", "expired" };

	return names[s];
}

struct tell_secret { const struct gateway *g; gateway_secret_each *each; void *context; };

static void
tell_secret(void *context, const struct secret_entry *e)
{
	const struct tell_secret *t = context;
	struct secret_row row;

	secret_row_of(t->g->secrets, e, &row);
	enum gateway_secret state = (enum gateway_secret)row.state;
	if (state == GATEWAY_SECRET_FREE && e->expires != 0 && e->expires < clock_wall_s())
		state = GATEWAY_SECRET_EXPIRED;
	t->each(t->context, e, state, row.changed_wall_s);
}

bool
gateway_secrets(const struct gateway *g, const char *table, gateway_secret_each *each, void *context)
{
	struct tell_secret t = { g, each, context };
	bool found = table == NULL;

	for (size_t i = 0; i < g->settings->secrets_count; i++)
		if (table == NULL || strcmp(g->settings->secrets[i].name, table) == 0)
			found = keyring_secrets(g->keys, g->settings->secrets[i].name, tell_secret, &t) || found;
	return found;
}

// The row and not the entry: a reload may have taken that away when the store answers.
struct set_secret { struct gateway *g; struct secret_row before; gateway_secret_done *done; void *context; };

// What was not recorded has not happened.
static void
on_secret_set(void *context, enum store_result result, const struct store_conflict *conflict)
{
	struct set_secret *s = context;

	(void)conflict;
	if (result != STORE_DONE)
		secret_put_back(s->g->secrets, &s->before);
	s->done(s->context, result == STORE_DONE);
	mem_free(s);
}

static bool
apply_secret(struct gateway *g, const struct secret_entry *e, bool locked, const char *by, gateway_secret_done *done, void *context)
{
	struct set_secret *s = mem_alloc(sizeof(*s));
	struct store_unit *u = s != NULL ? store_unit_new() : NULL;
	char kid[2 * SECRET_REFERENCE_MAX + 4], table[96];
	struct audit_event event = {
		.event = locked ? "secret.locked" : "secret.freed", .result = "granted", .failure = FAIL_NONE, .ms = -1, .operator_name = by,
		.kid = hex_text(e->reference, kid, sizeof(kid)), .reason = table,
	};

	snprintf(table, sizeof(table), "table %.64s", e->table);
	if (s != NULL) {
		*s = (struct set_secret){ .g = g, .done = done, .context = context };
		secret_row_of(g->secrets, e, &s->before);
	}
	if (u != NULL && secret_set(g->secrets, u, e, locked ? SECRET_LOCKED : SECRET_FREE, clock_wall_s()) && audit_put(&g->audit, u, &event)) {
		if (step_commit(g, u, on_secret_set, s))
			return true;
	} else {
		store_unit_free(u);
	}
	if (s != NULL)
		secret_put_back(g->secrets, &s->before);
	mem_free(s);
	return false;
}

bool
gateway_secret_set(struct gateway *g, const char *table, struct span reference, bool locked, const char *by,
	gateway_secret_done *done, void *context, struct fault *f)
{
	char *name = (char *)(uintptr_t)table;
	struct option_texts tables = { .items = &name, .count = 1 };
	const struct secret_entry *e = keyring_secret(g->keys, &tables, reference);

	if (e == NULL)
		return fault_set(f, FAIL_NONE, table, "there is no secret with this reference");
	if (apply_secret(g, e, locked, by, done, context))
		return true;
	return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "the store takes nothing at the moment");
}
