// SPDX-License-Identifier: GPL-3.0-or-later
// The table of transactions: who gets in when it is full, and who makes room.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "gateway/core.h"

enum { ROWS = 8 };

struct table { struct gateway g; struct settings settings; };

// In place of step.c: whose secret is free again.
static const struct transaction *freed;

void
step_release_secret(struct gateway *g, struct transaction *t)
{
	assert_ptr_equal(handle_find(&g->transactions, t->handle), t);
	freed = t;
}

static int
begin(void **state)
{
	struct table *table = mem_alloc(sizeof(*table));
	struct gateway *g = &table->g;

	g->settings = &table->settings;
	table->settings.limits = (struct settings_limits){ .transactions = ROWS, .bytes_in_flight = 1048576, .transaction_timeout = 3600000 };
	list_init(&g->open);
	list_init(&g->closed);
	handle_table_init(&g->transactions);
	assert_true(map_init(&g->by_id) && map_init(&g->shares));
	*state = table;
	return 0;
}

static int
end(void **state)
{
	struct table *table = *state;
	struct gateway *g = &table->g;
	struct transaction *t;
	size_t cursor = 0;
	uint64_t handle;

	while ((t = handle_next(&g->transactions, &cursor, &handle)) != NULL)
		table_remove(g, t);
	assert_int_equal(g->shares.count, 0);	// a source without rows is forgotten
	assert_int_equal(g->open_count + g->closed_count, 0);
	assert_int_equal(blob_bytes(), 0);
	handle_table_clear(&g->transactions);
	map_clear(&g->by_id);
	map_clear(&g->shares);
	mem_free(table);
	return 0;
}

static struct peer
peer_at(const char *source)
{
	struct peer p = { .loopback = strcmp(source, "127.0.0.1") == 0 };

	snprintf(p.source, sizeof(p.source), "%s", source);
	return p;
}

// A row as it stands after its first step.
struct shape { enum state state; enum body body; bool certificate, fetched, waiting, old, busy, waited, verified; size_t octets; };

static struct transaction *
insert(struct gateway *g, const char *id, const char *source, const struct shape *shape)
{
	struct peer peer = peer_at(source);
	struct transaction *t = table_insert(g, span_text(id), &peer);

	if (t == NULL)
		return NULL;
	t->state = shape->state;
	t->first_body = shape->body;
	t->id_count = shape->certificate;
	t->fetched = shape->fetched;
	t->held_waiting = shape->waiting;
	t->submission = shape->busy;
	t->waiter = shape->waited;
	t->verified = shape->verified;
	t->began_ms -= shape->old ? 60000 : 0;
	if (shape->octets > 0)
		t->slots[SLOT_FIRST].request = blob_make(shape->octets);
	return t;
}

static bool
there(struct gateway *g, const char *id)
{
	return table_find(g, span_text(id)) != NULL;
}

static const struct shape
	asking = { .state = STATE_ASKING, .busy = true },
	genm_ready = { .state = STATE_READY, .body = BODY_GENM },
	upwait = { .state = STATE_UPWAIT, .body = BODY_IR },
	held_waiting = { .state = STATE_READY, .body = BODY_IR, .certificate = true, .waiting = true },
	confirm_due = { .state = STATE_CONFIRM_DUE, .body = BODY_IR, .certificate = true, .fetched = true },
	fetched = { .state = STATE_READY, .body = BODY_IR, .certificate = true, .fetched = true },
	unfetched = { .state = STATE_READY, .body = BODY_IR, .certificate = true },
	unfetched_old = { .state = STATE_READY, .body = BODY_IR, .certificate = true, .old = true };

// A device that lost its row begins anew, and may use its secret for that.
static void
its_secret_is_free(void **state)
{
	static const struct shape old = { .state = STATE_CONFIRM_DUE, .body = BODY_IR, .verified = true, .old = true };
	struct gateway *g = &((struct table *)*state)->g;
	const struct transaction *first = insert(g, "0", "10.0.0.1", &old);
	char id[8];

	freed = NULL;
	for (int i = 1; i < ROWS; i++) {
		snprintf(id, sizeof(id), "%d", i);
		assert_non_null(insert(g, id, i < ROWS / 2 ? "10.0.0.1" : "10.0.0.2", &asking));
	}
	assert_null(freed);
	assert_non_null(insert(g, "more", "10.0.0.3", &asking));
	assert_ptr_equal(freed, first);
	assert_false(there(g, "0"));
}

// ---- who may go

static void
what_may_go(void **state)
{
	static const struct { const char *name; struct shape shape; bool goes; } rows[] = {
		{ "asking", { .state = STATE_ASKING, .busy = true }, false },
		{ "an answer never fetched, without a certificate", { .state = STATE_READY, .body = BODY_GENM }, true },
		{ "a waiting that was never fetched", { .state = STATE_READY, .body = BODY_IR, .waiting = true }, true },
		{ "a certificate never fetched, young", { .state = STATE_READY, .body = BODY_IR, .certificate = true }, false },
		{ "a certificate never fetched, old", { .state = STATE_READY, .body = BODY_IR, .certificate = true, .old = true }, true },
		{ "a certificate fetched", { .state = STATE_READY, .body = BODY_IR, .certificate = true, .fetched = true }, true },
		{ "recovered keys, young", { .state = STATE_READY, .body = BODY_KRR }, false },
		{ "the answer to a batch, young", { .state = STATE_READY, .body = BODY_NESTED }, false },
		{ "who knows what, young", { .state = STATE_READY, .body = BODY_COUNT }, false },
		{ "told to wait", { .state = STATE_UPWAIT, .body = BODY_IR }, true },
		{ "its poll is with the CA", { .state = STATE_UPWAIT, .body = BODY_IR, .busy = true }, false },
		{ "certConf is awaited", { .state = STATE_CONFIRM_DUE, .body = BODY_IR, .certificate = true }, true },
		{ "its certConf is with the CA", { .state = STATE_CONFIRMING, .body = BODY_IR, .busy = true }, false },
		{ "its certConf failed", { .state = STATE_CONFIRMING, .body = BODY_IR }, true },
		{ "told to wait, on a route that verifies, young", { .state = STATE_UPWAIT, .body = BODY_IR, .verified = true }, false },
		{ "certConf is awaited, on a route that verifies, young", { .state = STATE_CONFIRM_DUE, .body = BODY_IR, .verified = true }, false },
		{ "certConf is awaited, on a route that verifies, old", { .state = STATE_CONFIRM_DUE, .body = BODY_IR, .verified = true, .old = true }, true },
		{ "a device waits", { .state = STATE_CONFIRM_DUE, .body = BODY_IR, .waited = true }, false },
	};
	struct table *table = *state;
	struct gateway *g = &table->g;

	table->settings.limits.transactions = 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_non_null(insert(g, "first", "10.0.0.1", &rows[i].shape));
		bool went = insert(g, "second", "10.0.0.2", &asking) != NULL;
		if (went != rows[i].goes || there(g, "first") == rows[i].goes)
			fail_msg("%s: %s", rows[i].name, went ? "went" : "stayed");
		table_remove(g, table_find(g, span_text(went ? "second" : "first")));
	}
}

// A mailbox row is like another: its answer was posted, and what follows is the next file.
static void
mailbox_rows_go(void **state)
{
	struct table *table = *state;
	struct gate_listener drop = { .name = NULL };
	char id[8];

	for (int i = 0; i < 3 * ROWS; i++) {
		snprintf(id, sizeof(id), "f%d", i);
		struct transaction *t = insert(&table->g, id, "", &confirm_due);
		assert_non_null(t);
		t->mailbox = &drop;
	}
	assert_int_equal(table->g.open_count, ROWS);
	assert_false(there(&table->g, "f0"));
	assert_non_null(insert(&table->g, "http", "10.0.0.1", &asking));
}

// What costs nothing goes before what costs a check, that before certificates.
static void
the_order_of_loss(void **state)
{
	static const struct { const char *id; const struct shape *shape; } rows[ROWS] = {
		{ "asks", &asking }, { "certificate", &unfetched_old }, { "fetched", &fetched }, { "confirm", &confirm_due },
		{ "waiting", &held_waiting }, { "upwait", &upwait }, { "genm", &genm_ready }, { "young", &unfetched },
	};
	static const char *const order[] = { "waiting", "upwait", "genm", "fetched", "confirm", "certificate" };
	struct table *table = *state;
	struct gateway *g = &table->g;
	char id[16];

	for (size_t i = 0; i < ROWS; i++) {
		snprintf(id, sizeof(id), "10.0.0.%zu", i);
		assert_non_null(insert(g, rows[i].id, id, rows[i].shape));
	}
	for (size_t i = 0; i < 6; i++) {
		snprintf(id, sizeof(id), "new%zu", i);
		assert_true(there(g, order[i]));
		assert_non_null(insert(g, id, "10.0.1.1", &(struct shape){ .state = STATE_ASKING, .busy = true }));
		if (there(g, order[i]))
			fail_msg("%s did not go", order[i]);
		// The newcomers shall not reach their own share.
		share_leave(g, table_find(g, span_text(id)));
		assert_true(share_join(g, table_find(g, span_text(id)), id));
	}
	assert_null(insert(g, "one more", "10.0.1.1", &asking));
	assert_true(there(g, "asks") && there(g, "young"));
}

static void
the_greatest_holder_pays(void **state)
{
	struct table *table = *state;
	struct gateway *g = &table->g;
	char id[8];

	assert_non_null(insert(g, "small", "10.0.0.1", &confirm_due));
	assert_non_null(insert(g, "two", "10.0.0.2", &confirm_due));
	for (int i = 0; i < ROWS / 2; i++) {
		snprintf(id, sizeof(id), "b%d", i);
		assert_non_null(insert(g, id, "10.0.0.3", &confirm_due));
	}
	assert_non_null(insert(g, "two2", "10.0.0.2", &confirm_due));
	assert_non_null(insert(g, "more", "10.0.0.4", &asking));
	assert_non_null(insert(g, "more2", "10.0.0.5", &asking));
	assert_non_null(insert(g, "more3", "10.0.0.6", &asking));
	assert_false(there(g, "b0"));
	assert_false(there(g, "b1"));
	assert_true(there(g, "b2") && there(g, "small") && there(g, "two") && there(g, "two2"));
}

// ---- shares

static void
one_address_has_half(void **state)
{
	struct table *table = *state;
	struct gateway *g = &table->g;
	char id[8];

	for (int i = 0; i < ROWS / 2; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		assert_non_null(insert(g, id, "10.0.0.1", &asking));
	}
	assert_null(insert(g, "over", "10.0.0.1", &asking));
	assert_non_null(insert(g, "other", "10.0.0.2", &confirm_due));
	// One of its own may take the place of another, but not that of others.
	table_find(g, span_text("a1"))->submission = 0;
	table_find(g, span_text("a1"))->state = STATE_CONFIRM_DUE;
	assert_non_null(insert(g, "over", "10.0.0.1", &asking));
	assert_false(there(g, "a1"));
	assert_true(there(g, "other"));
	assert_null(insert(g, "again", "10.0.0.1", &asking));
	// An ended transaction counts no more.
	struct transaction *t = table_find(g, span_text("a0"));
	t->submission = 0;
	t->state = STATE_CLOSED;
	table_schedule(g, t, clock_mono_ms() + 1000);
	assert_non_null(insert(g, "again", "10.0.0.1", &asking));
}

static void
exempt_sources_have_all(void **state)
{
	static const char *const sources[] = { "127.0.0.1", "", "10.9.0.7" };
	struct table *table = *state;
	struct gateway *g = &table->g;
	char id[8], *exempt[] = { (char[]){ "10.9.0.0/16" } };

	table->settings.limits.rate_exempt = (struct option_texts){ exempt, 1 };
	for (size_t s = 0; s < 3; s++) {
		for (int i = 0; i < ROWS; i++) {
			snprintf(id, sizeof(id), "e%d", i);
			assert_non_null(insert(g, id, sources[s], &asking));
		}
		assert_null(insert(g, "over", sources[s], &asking));
		for (int i = 0; i < ROWS; i++) {
			snprintf(id, sizeof(id), "e%d", i);
			table_remove(g, table_find(g, span_text(id)));
		}
	}
}

// ---- octets

static void
idle_rows_free_octets(void **state)
{
	struct table *table = *state;
	struct gateway *g = &table->g;

	for (int i = 0; i < 4; i++) {
		struct shape shape = confirm_due;
		char id[8];
		shape.octets = i == 0 ? 100000 : 300000;
		shape.busy = i == 3;
		snprintf(id, sizeof(id), "r%d", i);
		assert_non_null(insert(g, id, i == 0 ? "10.0.0.1" : "10.0.0.2", &shape));
	}
	assert_true(table_make_room(g, 0));		// 1,000,000 of 1,048,576
	assert_int_equal(g->open_count, 4);
	assert_true(table_make_room(g, 200000));
	assert_false(there(g, "r1"));			// the oldest of who holds most
	assert_int_equal(g->open_count, 3);
	assert_false(table_make_room(g, 900000));	// what works stays
	assert_true(there(g, "r3"));
	assert_int_equal(g->open_count, 1);
}

// Ended rows hold three quarters of the budget at most, and what they weigh themselves counts.
static void
ended_rows_weigh(void **state)
{
	struct table *table = *state;
	struct gateway *g = &table->g;
	size_t most = 1048576 / 4 * 3;

	for (int i = 0; i < 1000; i++) {
		char id[8];
		snprintf(id, sizeof(id), "c%d", i);
		struct transaction *t = insert(g, id, "10.0.0.1", &(struct shape){ .state = STATE_CLOSED, .octets = 1000 });
		assert_non_null(t);
		table_schedule(g, t, i);
		assert_true(table_make_room(g, 0));
		assert_true(g->closed_count * (1000 + sizeof(*t)) <= most);
	}
	assert_true((g->closed_count + 1) * (1000 + sizeof(struct transaction)) > most);
	assert_true(there(g, "c999"));
	assert_false(there(g, "c0"));			// the oldest goes first
}

static void
without_memory(void **state)
{
	struct table *table = *state;
	struct peer peer = peer_at("10.0.0.1");

	for (uint64_t n = 1; n <= 4; n++) {
		mem_fail(n, 1);
		struct transaction *t = table_insert(&table->g, span_text("x"), &peer);
		mem_fail(0, 0);
		if (t != NULL)
			table_remove(&table->g, t);
		assert_int_equal(table->g.open_count, 0);
		assert_int_equal(table->g.by_id.count, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_may_go, begin, end),
		cmocka_unit_test_setup_teardown(mailbox_rows_go, begin, end),
		cmocka_unit_test_setup_teardown(the_order_of_loss, begin, end),
		cmocka_unit_test_setup_teardown(the_greatest_holder_pays, begin, end),
		cmocka_unit_test_setup_teardown(its_secret_is_free, begin, end),
		cmocka_unit_test_setup_teardown(one_address_has_half, begin, end),
		cmocka_unit_test_setup_teardown(exempt_sources_have_all, begin, end),
		cmocka_unit_test_setup_teardown(idle_rows_free_octets, begin, end),
		cmocka_unit_test_setup_teardown(ended_rows_weigh, begin, end),
		cmocka_unit_test_setup_teardown(without_memory, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
