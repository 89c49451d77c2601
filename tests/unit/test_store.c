// SPDX-License-Identifier: GPL-3.0-or-later
// What a store does while all is well, and when memory or room is short.
#include "tests/unit/store_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

static int
set_up(void **state)
{
	*state = kit_folder();
	kit_alarms = 0;
	return 0;
}

static int
tear_down(void **state)
{
	kit_remove(*state);
	return 0;
}

// ---- rows

static void
a_used_transaction_id_is_a_conflict(void **state)
{
	struct store *s = kit_open(*state);
	struct replay_row row = kit_replay(7), met;
	struct store_conflict conflict;
	struct store_unit *u = store_unit_new();

	assert_int_equal(kit_insert(s, 7), STORE_DONE);
	memset(row.digest, 0xee, sizeof(row.digest));
	assert_true(replay_insert(u, &row));
	assert_int_equal(kit_apply(s, u, &conflict, &met), STORE_CONFLICT);
	row = kit_replay(7);
	assert_memory_equal(met.digest, row.digest, sizeof(row.digest));
	assert_memory_equal(met.identity, row.identity, sizeof(row.identity));
	assert_string_equal(met.until.boot, "boot-a");
	assert_int_equal(met.until.mono_ms, 1000);
	assert_int_equal(met.until.wall_s, 2000);
	assert_true(met.until.synced);
	assert_int_equal(kit_count(s), 1);
	kit_close(s);
}

static enum store_result
remove_used(struct store *s, const struct replay_row *row)
{
	struct store_unit *u = store_unit_new();

	assert_true(replay_remove(u, span_of(row->transaction_id, row->transaction_id_len), row->digest));
	return kit_apply(s, u, NULL, NULL);
}

static enum store_result
expect(struct store *s, const struct replay_row *row, bool needed)
{
	struct store_unit *u = store_unit_new();

	assert_true(replay_expect(u, span_of(row->transaction_id, row->transaction_id_len), row->identity, needed));
	return kit_apply(s, u, NULL, NULL);
}

// A later message comes from who sent the first one, as far as that is known.
static void
who_began_is_remembered(void **state)
{
	struct store *s = kit_open(*state);
	struct replay_row row = kit_replay(7);

	assert_int_equal(expect(s, &row, false), STORE_DONE);		// there is none
	assert_int_equal(expect(s, &row, true), STORE_CONFLICT);
	assert_int_equal(kit_insert(s, 7), STORE_DONE);
	assert_int_equal(expect(s, &row, false), STORE_DONE);
	assert_int_equal(expect(s, &row, true), STORE_DONE);
	row.identity[31] ^= 1;
	assert_int_equal(expect(s, &row, false), STORE_CONFLICT);
	assert_int_equal(expect(s, &row, true), STORE_CONFLICT);
	assert_int_equal(kit_count(s), 1);
	kit_close(s);
}

static void
a_transaction_id_may_become_unused(void **state)
{
	struct store *s = kit_open(*state);
	struct replay_row row = kit_replay(7);
	struct store_unit *u = store_unit_new();

	assert_int_equal(remove_used(s, &row), STORE_DONE);	// there is none
	assert_int_equal(kit_insert(s, 7), STORE_DONE);
	assert_int_equal(kit_insert(s, 8), STORE_DONE);
	row.digest[0] ^= 1;
	assert_int_equal(remove_used(s, &row), STORE_DONE);	// of another request
	assert_int_equal(kit_count(s), 2);
	row.digest[0] ^= 1;
	assert_int_equal(remove_used(s, &row), STORE_DONE);
	assert_int_equal(kit_count(s), 1);
	assert_int_equal(kit_insert(s, 7), STORE_DONE);
	assert_false(replay_remove(u, span_of(NULL, 0), row.digest));
	store_unit_free(u);
	kit_close(s);
}

static void
versions_of_secrets_are_held(void **state)
{
	struct store *s = kit_open(*state);
	struct secret_row row = kit_secret(1), other;
	struct store_conflict conflict;
	struct store_unit *u;

	assert_int_equal(kit_put(s, &row), STORE_DONE);
	assert_int_equal(row.version, 1);
	other = row;
	assert_int_equal(kit_put(s, &row), STORE_DONE);
	assert_int_equal(row.version, 2);
	u = store_unit_new();
	assert_true(secret_put(u, &other));
	assert_int_equal(kit_apply(s, u, &conflict, NULL), STORE_CONFLICT);
	assert_int_equal(conflict.version, 2);
	u = store_unit_new();
	other.version = 0;
	assert_true(secret_put(u, &other));
	assert_int_equal(kit_apply(s, u, &conflict, NULL), STORE_CONFLICT);
	assert_int_equal(conflict.version, 2);
	other = kit_secret(2);
	other.version = 5;
	assert_int_equal(kit_put(s, &other), STORE_CONFLICT);
	u = store_unit_new();
	other = row;
	other.version = 1;
	assert_true(secret_delete(u, &other));
	assert_int_equal(kit_apply(s, u, &conflict, NULL), STORE_CONFLICT);
	u = store_unit_new();
	assert_true(secret_delete(u, &row));
	assert_int_equal(kit_apply(s, u, NULL, NULL), STORE_DONE);
	u = store_unit_new();
	assert_true(secret_delete(u, &row));
	assert_int_equal(kit_apply(s, u, NULL, NULL), STORE_DONE);
	row.version = 0;
	assert_int_equal(kit_put(s, &row), STORE_DONE);
	kit_close(s);
}

static void
a_unit_is_whole_or_not_at_all(void **state)
{
	struct store *s = kit_open(*state);
	struct store_unit *u = store_unit_new();
	struct replay_row row = kit_replay(2);
	struct secret_row wrong = kit_secret(1);

	wrong.version = 9;
	assert_true(replay_insert(u, &row) && audit_append(u, span_text("\"n\":1")) && secret_put(u, &wrong));
	assert_int_equal(kit_apply(s, u, NULL, NULL), STORE_CONFLICT);
	assert_int_equal(kit_count(s), 0);
	assert_int_equal(kit_all(s, 2), STORE_DONE);
	assert_int_equal(kit_number(s, "SELECT max(seq) FROM audit"), 1);
	u = store_unit_new();
	assert_true(store_unit_is_empty(u));
	assert_int_equal(kit_apply(s, u, NULL, NULL), STORE_DONE);
	kit_close(s);
}

static void
rows_that_do_not_fit_are_refused_whole(void **state)
{
	struct store *s = kit_open(*state);
	struct store_unit *u = store_unit_new();
	struct replay_row replay = kit_replay(1);
	struct secret_row secret = kit_secret(1);
	char *fields = mem_alloc(AUDIT_FIELDS_MAX + 1);

	replay.transaction_id_len = 0;
	assert_false(replay_insert(u, &replay));
	replay.transaction_id_len = 16;
	assert_true(replay_insert(u, &replay));
	assert_false(store_apply(s, u, false, NULL, NULL));
	assert_int_equal(kit_count(s), 0);
	u = store_unit_new();
	replay.transaction_id_len = 64;
	secret.reference_len = SECRET_REFERENCE_MAX;
	memset(secret.table, 'x', SECRET_TABLE_MAX);
	memset(fields, 'f', AUDIT_FIELDS_MAX + 1);
	assert_true(replay_insert(u, &replay) && secret_put(u, &secret) && audit_append(u, span_of(fields, AUDIT_FIELDS_MAX)));
	assert_int_equal(kit_apply(s, u, NULL, NULL), STORE_DONE);
	u = store_unit_new();
	assert_false(audit_append(u, span_of(fields, AUDIT_FIELDS_MAX + 1)));
	store_unit_free(u);
	u = store_unit_new();
	assert_false(audit_append(u, span_text("\"a\":\"line\nbreak\"")));
	store_unit_free(u);
	u = store_unit_new();
	secret.reference_len++;
	assert_false(secret_put(u, &secret));
	store_unit_free(u);
	u = store_unit_new();
	secret = kit_secret(1);
	memset(secret.table, 'x', sizeof(secret.table));
	assert_false(secret_put(u, &secret));
	store_unit_free(u);
	mem_free(fields);
	kit_close(s);
}

struct seen { unsigned count; char last[160]; int64_t versions, failures; };

static void
see_secret(void *context, const struct secret_row *row)
{
	struct seen *seen = context;
	char name[160];

	snprintf(name, sizeof(name), "%s/%.*s", row->table, (int)row->reference_len, (const char *)row->reference);
	assert_true(strcmp(seen->last, name) < 0);
	strcpy(seen->last, name);
	assert_int_equal(row->state, SECRET_BOUND);
	assert_int_equal(row->transaction_id_len, 16);
	assert_int_equal(row->window_wall_s, 100);
	assert_int_equal(row->changed_wall_s, 200);
	seen->count++;
	seen->versions += row->version;
	seen->failures += row->failures;
}

static void
a_restart_keeps_everything(void **state)
{
	struct store *s = kit_open(*state);
	struct fault f = { 0 };
	struct seen seen = { 0 };
	struct store_figures figures;
	int64_t first, last;

	store_figures(s, &figures);
	assert_true(figures.created);
	for (unsigned n = 0; n < 50; n++)
		assert_int_equal(kit_all(s, n), STORE_DONE);
	kit_close(s);
	assert_false(kit_exists(*state, STORE_FILE "-wal"));
	s = kit_open(*state);
	store_figures(s, &figures);
	assert_false(figures.created);
	assert_false(figures.failed);
	assert_true(figures.octets > 8192);
	assert_non_null(strstr(figures.version, "SQLite 3."));
	assert_true(secrets_load(s, see_secret, &seen, &f));
	assert_int_equal(seen.count, 50);
	assert_int_equal(seen.versions, 50);
	assert_int_equal(seen.failures, 49 * 50 / 2);
	for (unsigned n = 0; n < 50; n++)
		assert_true(kit_has(s, n));
	assert_false(kit_has(s, 50));
	assert_true(audit_range(s, &first, &last, &f));
	assert_int_equal(first, 1);
	assert_int_equal(last, 50);
	assert_int_equal(kit_alarms, 0);
	kit_close(s);
}

static void
every_setting_is_in_force(void **state)
{
	static const struct { const char *sql; int64_t value; } rows[] = {
		{ "PRAGMA synchronous", 2 }, { "PRAGMA trusted_schema", 0 }, { "PRAGMA cell_size_check", 1 }, { "PRAGMA foreign_keys", 1 },
		{ "PRAGMA mmap_size", 0 }, { "PRAGMA page_size", STORE_PAGE }, { "PRAGMA user_version", STORE_VERSION },
		{ "PRAGMA application_id", STORE_APPLICATION }, { "PRAGMA auto_vacuum", 0 }, { "PRAGMA wal_autocheckpoint", 0 },
		{ "SELECT rootpage FROM sqlite_schema WHERE name='meta'", 2 },
	};
	static const char *const names[] = { STORE_FILE, STORE_FILE "-wal", STORE_FILE "-shm", STORE_MARKER };
	struct store *s;
	struct stat st;

	umask(0);
	s = kit_open(*state);
	assert_int_equal(kit_insert(s, 1), STORE_DONE);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(kit_number(s, rows[i].sql), rows[i].value);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(stat(kit_path(*state, names[i]), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	umask(022);
	kit_close(s);
}

static void
the_store_has_a_size(void **state)
{
	struct store_setup setup = kit_setup(*state);
	enum store_opened why;
	struct fault f = { 0 };
	struct store *s;
	unsigned n = 0;
	struct stat st;

	setup.max_size = 64 * STORE_PAGE;
	s = store_open_direct(&setup, &why, &f);
	assert_non_null(s);
	while (n < 5000 && kit_all(s, n) == STORE_DONE)
		n++;
	assert_in_range(n, 50, 4999);
	assert_int_equal(kit_alarms, 1);
	assert_non_null(strstr(kit_alarm, "full"));
	assert_int_equal(kit_all(s, n), STORE_FAILED);
	assert_int_equal(kit_alarms, 1);
	assert_true(kit_has(s, n - 1));
	assert_false(kit_has(s, n));
	// What is over makes room again.
	struct store_time now = kit_time("boot-a", 5000, 5000, true);
	store_purge(s, &now);
	assert_int_equal(kit_count(s), 0);
	assert_int_equal(kit_insert(s, n), STORE_DONE);
	kit_close(s);
	assert_int_equal(stat(kit_path(*state, STORE_FILE), &st), 0);
	assert_in_range(st.st_size, 1, 64 * STORE_PAGE);
}

static bool
set_free(struct store_db *db, void *context)
{
	const int64_t *free = context;

	db->free_new = free[0];
	db->free_all = free[1];
	return true;
}

// New transactions are refused first, so that those under way can end.
static void
a_disk_that_fills_up_refuses_early(void **state)
{
	struct store *s = kit_open(*state);
	struct secret_row row = kit_secret(1);
	struct fault f = { 0 };
	int64_t free[2] = { INT64_MAX, 1 };

	assert_int_equal(kit_insert(s, 1), STORE_DONE);
	assert_true(store_with(s, set_free, free, &f));
	assert_int_equal(kit_insert(s, 2), STORE_FAILED);
	assert_int_equal(kit_insert(s, 3), STORE_FAILED);
	assert_int_equal(kit_alarms, 1);
	assert_non_null(strstr(kit_alarm, "nearly full"));
	assert_int_equal(kit_put(s, &row), STORE_DONE);
	free[1] = INT64_MAX;
	assert_true(store_with(s, set_free, free, &f));
	assert_int_equal(kit_put(s, &row), STORE_FAILED);
	assert_int_equal(kit_alarms, 1);
	free[0] = free[1] = 1;
	assert_true(store_with(s, set_free, free, &f));
	assert_int_equal(kit_put(s, &row), STORE_DONE);
	assert_int_equal(kit_insert(s, 2), STORE_DONE);
	free[0] = INT64_MAX;
	assert_true(store_with(s, set_free, free, &f));
	assert_int_equal(kit_insert(s, 3), STORE_FAILED);
	assert_int_equal(kit_alarms, 2);
	free[0] = 1;
	assert_true(store_with(s, set_free, free, &f));
	assert_false(kit_has(s, 3));
	kit_close(s);
}

// ---- time

static void
insert_until(struct store *s, unsigned n, struct store_time until)
{
	struct store_unit *u = store_unit_new();
	struct replay_row row = kit_replay(n);

	row.until = until;
	assert_true(replay_insert(u, &row));
	assert_int_equal(kit_apply(s, u, NULL, NULL), STORE_DONE);
}

#define HOUR ((int64_t)3600 * 1000)

static void
purging_follows_the_clocks(void **state)
{
	struct store *s = kit_open(*state);
	struct store_time now;

	insert_until(s, 1, kit_time("a", 10 * HOUR, 1000, true));	// this boot, over
	insert_until(s, 2, kit_time("a", 10 * HOUR + 1, 1, true));	// this boot: the wall clock says nothing
	insert_until(s, 3, kit_time("b", 1, 1000000, true));		// another boot, over by the wall clock
	insert_until(s, 4, kit_time("b", 1, 1000001, true));
	now = kit_time("a", 10 * HOUR, 1000000, true);
	store_purge(s, &now);
	assert_int_equal(kit_count(s), 2);
	assert_true(kit_has(s, 2) && kit_has(s, 4));
	// Not synced: a row of another boot waits an hour for the clock, then counts from now.
	now = kit_time("c", 60 * 1000, 9000000, false);
	store_purge(s, &now);
	assert_int_equal(kit_count(s), 2);
	assert_int_equal(kit_number(s, "SELECT count(*) FROM replay WHERE boot='b'"), 1);
	now = kit_time("c", 2 * HOUR, 9000000, false);
	store_purge(s, &now);
	assert_int_equal(kit_count(s), 2);
	assert_int_equal(kit_number(s, "SELECT count(*) FROM replay WHERE boot='c'"), 2);
	assert_true(kit_has(s, 2) && kit_has(s, 4));
	now.mono_ms += 24 * HOUR - 1;
	store_purge(s, &now);
	assert_int_equal(kit_count(s), 2);
	now.mono_ms++;
	store_purge(s, &now);
	assert_int_equal(kit_count(s), 0);
	// A wall time of an unsynced clock is never believed, whatever ours is.
	insert_until(s, 5, kit_time("d", 1, 5, false));
	now = kit_time("e", 1, 1000000, true);
	store_purge(s, &now);
	assert_true(kit_has(s, 5));
	now.wall_s += 24 * 3600;
	now.mono_ms += 24 * HOUR;
	store_purge(s, &now);
	assert_false(kit_has(s, 5));
	kit_close(s);
}

static void
purging_thousands_takes_every_one(void **state)
{
	struct store *s = kit_open(*state);
	struct store_time now = kit_time("a", 100, 0, false);

	for (unsigned i = 0; i < 60; i++) {
		struct store_unit *u = store_unit_new();
		for (unsigned n = 0; n < 100; n++) {
			struct replay_row row = kit_replay(i * 100 + n);
			row.until = kit_time("a", n % 2 ? 100 : 101, 0, false);
			assert_true(replay_insert(u, &row));
		}
		assert_int_equal(kit_apply(s, u, NULL, NULL), STORE_DONE);
	}
	assert_int_equal(kit_count(s), 6000);
	store_purge(s, &now);
	assert_int_equal(kit_count(s), 3000);
	kit_close(s);
}

// ---- the audit chain

struct chain { struct audit_chain chain; struct fault f; int64_t count, first, last; bool well, done; };

static void
chain_line(void *context, int64_t seq, struct span line)
{
	struct chain *c = context;

	assert_true(audit_check_line(&c->chain, line, kit_hash, &c->f));
	assert_int_equal(c->chain.seq, seq);
	c->first = c->count++ == 0 ? seq : c->first;
}

static void
chain_done(void *context, bool well, int64_t last)
{
	struct chain *c = context;

	c->well = well;
	c->done = true;
	c->last = last;
}

static void
append(struct store *s, const char *fields)
{
	struct store_unit *u = store_unit_new();

	assert_true(audit_append(u, span_text(fields)));
	assert_int_equal(kit_apply(s, u, NULL, NULL), STORE_DONE);
}

static void
records_are_chained_over_restarts(void **state)
{
	struct chain c = { .done = false };
	char fields[64];

	for (int run = 0; run < 3; run++) {
		struct store *s = kit_open(*state);
		for (int n = 0; n < 5; n++) {
			snprintf(fields, sizeof(fields), "\"run\":%d,\"n\":%d", run, n);
			append(s, n == 4 ? "" : fields);
		}
		assert_true(audit_read(s, c.last, 100, chain_line, chain_done, &c));
		assert_true(c.done && c.well);
		assert_int_equal(c.last, 5 * (run + 1));
		kit_close(s);
	}
	assert_int_equal(c.count, 15);
	struct store *s = kit_open(*state);
	struct chain part = { .done = false };
	assert_true(audit_read(s, 3, 4, chain_line, chain_done, &part));
	assert_int_equal(part.count, 4);
	assert_int_equal(part.first, 4);
	assert_int_equal(part.last, 7);
	assert_true(audit_read(s, 15, 4, chain_line, chain_done, &part));
	assert_int_equal(part.last, 15);
	kit_close(s);
}

struct lines { char text[8][512]; size_t len[8]; int count; bool well; };

static void
keep_line(void *context, int64_t seq, struct span line)
{
	struct lines *l = context;

	(void)seq;
	memcpy(l->text[l->count], line.data, line.len);
	l->text[l->count][line.len] = '\0';
	l->len[l->count++] = line.len;
}

static void
lines_done(void *context, bool well, int64_t last)
{
	struct lines *l = context;

	(void)last;
	l->well = well;
}

static bool
chain_holds(const struct lines *l, int from, int to, struct fault *f)
{
	struct audit_chain c = { 0 };
	bool well = true;

	for (int i = from; well && i < to; i++)
		well = audit_check_line(&c, span_of(l->text[i], l->len[i]), kit_hash, f);
	return well;
}

static void
tampering_with_records_is_seen(void **state)
{
	struct store *s = kit_open(*state);
	struct lines l = { .count = 0 }, bad;
	struct fault f = { 0 };

	for (int i = 0; i < 4; i++)
		append(s, "\"event\":\"issued\",\"who\":\"plc-7\"");
	assert_true(audit_read(s, 0, 8, keep_line, lines_done, &l));
	assert_true(l.well);
	kit_close(s);
	assert_string_equal(l.text[0], "{\"v\":1,\"seq\":1,\"event\":\"issued\",\"who\":\"plc-7\",\"prev\":\""
		"0000000000000000000000000000000000000000000000000000000000000000\"}");
	assert_true(chain_holds(&l, 0, 4, &f));
	assert_true(chain_holds(&l, 2, 4, &f));
	// Each octet of each line but the last: seen at the latest with the next line.
	for (int i = 0; i < 3; i++)
		for (size_t at = 0; at < l.len[i]; at++) {
			bad = l;
			bad.text[i][at] ^= 1;
			assert_false(chain_holds(&bad, 0, 4, NULL));
		}
	bad = l;	// a line left out
	memcpy(bad.text[1], l.text[2], sizeof(l.text[2]));
	memcpy(bad.text[2], l.text[3], sizeof(l.text[3]));
	assert_false(chain_holds(&bad, 0, 3, &f));
	assert_non_null(strstr(f.text, "record 3 follows on record 1"));
	bad = l;	// two lines changed for each other
	memcpy(bad.text[1], l.text[2], sizeof(l.text[2]));
	memcpy(bad.text[2], l.text[1], sizeof(l.text[1]));
	assert_false(chain_holds(&bad, 0, 4, NULL));
	bad = l;	// a first line that claims a past
	bad.text[0][strlen(bad.text[0]) - 4] = '1';
	assert_false(chain_holds(&bad, 0, 1, NULL));
	static const char *const nonsense[] = {
		"", "{", "{}", "{\"v\":1,\"seq\":1}", "{\"v\":1,\"seq\":,\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\"}",
		"{\"v\":1,\"seq\":01,\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\"}",
		"{\"v\":1,\"seq\":99999999999999999999,\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\"}",
		"{\"v\":1,\"seq\":1 ,\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\"}",
		"{\"v\":2,\"seq\":1,\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\"}",
	};
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		struct audit_chain none = { 0 };
		assert_false(audit_check_line(&none, span_text(nonsense[i]), kit_hash, NULL));
	}
}

static void
old_records_go_beyond_their_cap(void **state)
{
	struct store_setup setup = kit_setup(*state);
	enum store_opened why;
	struct fault f = { 0 };
	struct store_time now = kit_time("a", 1, 1, true);
	int64_t first, last;
	char fields[512];

	setup.audit_keep = 20000;
	struct store *s = store_open_direct(&setup, &why, &f);
	assert_non_null(s);
	memset(fields, 'x', sizeof(fields));
	fields[sizeof(fields) - 1] = '\0';
	for (int i = 0; i < 700; i++)
		append(s, fields);
	store_purge(s, &now);
	int64_t kept = kit_number(s, "SELECT sum(length(line)) FROM audit");
	assert_in_range(kept, 20000 - 700, 20000);
	assert_true(audit_range(s, &first, &last, &f));
	assert_int_equal(last, 700);
	assert_true(first > 600);
	kit_close(s);
	setup.audit_keep = 1;	// never the newest
	s = store_open_direct(&setup, &why, &f);
	store_purge(s, &now);
	assert_true(audit_range(s, &first, &last, &f));
	assert_int_equal(first, 700);
	append(s, "");
	struct chain c = { .done = false };
	assert_true(audit_read(s, 0, 10, chain_line, chain_done, &c));
	assert_int_equal(c.count, 2);
	kit_close(s);
}

static void
without_a_hash_there_are_no_records(void **state)
{
	struct store_setup setup = kit_setup(*state);
	enum store_opened why;
	struct fault f = { 0 };

	setup.hash = NULL;
	struct store *s = store_open_direct(&setup, &why, &f);
	assert_non_null(s);
	assert_int_equal(kit_all(s, 1), STORE_FAILED);
	assert_int_equal(kit_insert(s, 1), STORE_DONE);
	kit_close(s);
}

// ---- versions of the schema

static void
a_later_schema_is_refused_untouched(void **state)
{
	char text[400];
	size_t len, wal_len, after_len;
	char *wal_state = kit_folder();
	struct store *s = kit_open(*state);

	assert_int_equal(kit_all(s, 1), STORE_DONE);
	kit_close(s);
	uint8_t *before = kit_read(*state, STORE_FILE, &len);
	before[63] = 99;
	kit_write(*state, STORE_FILE, span_of(before, len));
	assert_int_equal(kit_try(*state, text), STORE_NEWER);
	assert_non_null(strstr(text, "later cmpgate"));
	uint8_t *after = kit_read(*state, STORE_FILE, &after_len);
	assert_int_equal(after_len, len);
	assert_memory_equal(after, before, len);
	assert_false(kit_exists(*state, STORE_FILE "-wal"));
	assert_int_equal(kit_quarantined(*state), 0);
	mem_free(before);
	mem_free(after);
	// The same, when only the -wal knows of it yet.
	kit_empty(*state);
	s = kit_open(*state);
	assert_int_equal(kit_all(s, 1), STORE_DONE);
	kit_number(s, "PRAGMA user_version=99");
	kit_copy(*state, wal_state);
	kit_close(s);
	before = kit_read(wal_state, STORE_FILE "-wal", &wal_len);
	assert_int_equal(kit_try(wal_state, text), STORE_NEWER);
	after = kit_read(wal_state, STORE_FILE "-wal", &after_len);
	assert_int_equal(after_len, wal_len);
	assert_memory_equal(after, before, wal_len);
	mem_free(before);
	mem_free(after);
	kit_remove(wal_state);
}

static const char second_step[] = "ALTER TABLE replay ADD COLUMN owner; CREATE TABLE inventory(id INTEGER PRIMARY KEY, serial); PRAGMA user_version=2;";
static const char third_step[] = "CREATE TABLE x(id INTEGER PRIMARY KEY); PRAGMA user_version=3;";
static const char broken_step[] = "CREATE TABLE y(id INTEGER PRIMARY KEY); PRAGMA user_version=3; SELECT * FROM nowhere;";

static struct store *
open_schema(const char *folder, const struct schema *schema, enum store_opened *why, struct fault *f)
{
	struct store_setup setup = kit_setup(folder);

	return store_open_with(NULL, &setup, schema, why, f);
}

static void
an_older_schema_goes_up_with_a_copy_beside_it(void **state)
{
	const char *steps[] = { store_schema.steps[0], second_step, third_step };
	const char *broken[] = { store_schema.steps[0], second_step, broken_step };
	struct schema good = { steps, 3 }, bad = { broken, 3 };
	enum store_opened why;
	struct fault f = { 0 };
	struct store *s = kit_open(*state);

	for (unsigned n = 0; n < 20; n++)
		assert_int_equal(kit_all(s, n), STORE_DONE);
	kit_close(s);
	// The third step fails: what the second did stands, the copy too, and nothing is lost.
	assert_null(open_schema(*state, &bad, &why, &f));
	assert_int_equal(why, STORE_LOCAL_FAULT);
	assert_non_null(strstr(f.text, "nothing was lost"));
	assert_true(kit_exists(*state, STORE_FILE ".v1"));
	f.set = false;
	s = open_schema(*state, &good, &why, &f);
	assert_non_null(s);
	assert_int_equal(kit_number(s, "PRAGMA user_version"), 3);
	assert_int_equal(kit_number(s, "SELECT count(*) FROM inventory"), 0);
	for (unsigned n = 0; n < 20; n++)
		assert_true(kit_has(s, n));
	assert_int_equal(kit_insert(s, 20), STORE_DONE);
	kit_close(s);
	assert_true(kit_exists(*state, STORE_FILE ".v2"));
	struct stat st;
	assert_int_equal(stat(kit_path(*state, STORE_FILE ".v2"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	// Back to the old program by the copy.
	char *old = kit_folder();
	size_t len;
	uint8_t *copy = kit_read(*state, STORE_FILE ".v1", &len);
	kit_write(old, STORE_FILE, span_of(copy, len));
	mem_free(copy);
	s = kit_open(old);
	for (unsigned n = 0; n < 20; n++)
		assert_true(kit_has(s, n));
	kit_close(s);
	kit_remove(old);
	// The next start needs no step: the copies go.
	s = open_schema(*state, &good, &why, &f);
	assert_non_null(s);
	assert_true(kit_has(s, 20));
	kit_close(s);
	assert_false(kit_exists(*state, STORE_FILE ".v1"));
	assert_false(kit_exists(*state, STORE_FILE ".v2"));
	char text[400];
	assert_int_equal(kit_try(*state, text), STORE_NEWER);
}

// ---- the thread

struct tally { struct store *store; unsigned done, conflicts, failed, other, order_next; bool in_order, inside, closed; };

struct handed { struct tally *tally; unsigned n; };

static void
on_result(void *context, enum store_result result, const struct store_conflict *conflict)
{
	struct handed *h = context;
	struct tally *t = h->tally;

	assert_false(t->inside);
	t->in_order = t->in_order && h->n == t->order_next;
	t->order_next = h->n + 1;
	t->done += result == STORE_DONE;
	t->failed += result == STORE_FAILED;
	t->other += result == STORE_UNKNOWN;
	if (result == STORE_CONFLICT) {
		t->conflicts++;
		assert_non_null(conflict->replay);
	}
}

static void
on_store_closed(void *context)
{
	((struct tally *)context)->closed = true;
}

static struct store *
open_threaded(uv_loop_t *loop, const char *folder, size_t queue)
{
	struct store_setup setup = kit_setup(folder);
	enum store_opened why;
	struct fault f = { 0 };

	setup.queue = queue;
	assert_int_equal(uv_loop_init(loop), 0);
	struct store *s = store_open(loop, &setup, &why, &f);
	assert_non_null(s);
	return s;
}

static void
close_threaded(uv_loop_t *loop, struct store *s, struct tally *t)
{
	store_close(s, on_store_closed, t);
	assert_false(t->closed);
	uv_run(loop, UV_RUN_DEFAULT);
	assert_true(t->closed);
	assert_int_equal(uv_loop_close(loop), 0);
}

static bool
hand_in(struct store *s, struct handed *h, unsigned id, bool lazy)
{
	struct store_unit *u = store_unit_new();
	struct replay_row row = kit_replay(id);

	assert_true(replay_insert(u, &row) && audit_append(u, span_text("\"event\":\"x\"")));
	h->tally->inside = true;
	bool taken = store_apply(s, u, lazy, on_result, h);
	h->tally->inside = false;
	return taken;
}

static void
run_until(uv_loop_t *loop, const struct tally *t, unsigned results)
{
	for (int i = 0; i < 10000 && t->done + t->conflicts + t->failed + t->other < results; i++)
		uv_run(loop, UV_RUN_ONCE);
	assert_int_equal(t->done + t->conflicts + t->failed + t->other, results);
}

// 63 lazy units and one that does not wait: one commit; the conflict of one hurts no other.
static void
a_group_is_committed_at_once(void **state)
{
	struct tally t = { .in_order = true };
	struct handed handed[64];
	struct store_figures before, after;
	uv_loop_t loop;
	struct store *s = open_threaded(&loop, *state, 0);

	store_figures(s, &before);
	for (unsigned n = 0; n < 64; n++) {
		handed[n] = (struct handed){ &t, n };
		assert_true(hand_in(s, &handed[n], n == 40 ? 10 : n, n < 63));
	}
	store_figures(s, &after);
	run_until(&loop, &t, 64);
	assert_int_equal(t.done, 63);
	assert_int_equal(t.conflicts, 1);
	assert_true(t.in_order);
	store_figures(s, &after);
	assert_int_equal(after.commits - before.commits, 1);
	assert_int_equal(after.units - before.units, 64);
	assert_int_equal(after.waiting, 0);
	close_threaded(&loop, s, &t);
	struct store *again = kit_open(*state);
	assert_int_equal(kit_count(again), 63);
	assert_int_equal(kit_number(again, "SELECT count(*) FROM audit"), 63);
	assert_int_equal(kit_number(again, "SELECT max(seq) FROM audit"), 63);
	struct chain c = { .done = false };
	assert_true(audit_read(again, 0, 100, chain_line, chain_done, &c));
	assert_int_equal(c.count, 63);
	kit_close(again);
}

static void
lazy_units_wait_a_second_at_most(void **state)
{
	struct tally t = { .in_order = true };
	struct handed one = { &t, 0 };
	uv_loop_t loop;
	struct store *s = open_threaded(&loop, *state, 0);
	struct store_unit *silent = store_unit_new();
	struct replay_row row = kit_replay(2);
	uint64_t began = uv_hrtime();

	assert_true(hand_in(s, &one, 1, true));
	assert_true(replay_insert(silent, &row) && store_apply(s, silent, true, NULL, NULL));
	run_until(&loop, &t, 1);
	assert_in_range((uv_hrtime() - began) / 1000000, 500, 30000);
	close_threaded(&loop, s, &t);
	struct store *again = kit_open(*state);
	assert_true(kit_has(again, 1) && kit_has(again, 2));
	kit_close(again);
}

static void
a_full_queue_is_said(void **state)
{
	struct tally t = { .in_order = true };
	struct handed handed[20];
	uv_loop_t loop;
	struct store *s = open_threaded(&loop, *state, 8);
	struct store_figures figures;

	for (unsigned n = 0; n < 9; n++) {
		handed[n] = (struct handed){ &t, n };
		assert_int_equal(hand_in(s, &handed[n], n, true), n < 8);
	}
	store_figures(s, &figures);
	assert_int_equal(figures.waiting, 8);
	run_until(&loop, &t, 8);
	for (unsigned n = 8; n < 16; n++) {
		handed[n] = (struct handed){ &t, n };
		assert_true(hand_in(s, &handed[n], n, false));
	}
	// What was taken is committed before the end, and nothing is taken after it.
	store_close(s, on_store_closed, &t);
	handed[16] = (struct handed){ &t, 16 };
	assert_false(hand_in(s, &handed[16], 16, false));
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(t.closed);
	assert_int_equal(t.done, 16);
	assert_true(t.in_order);
	assert_int_equal(uv_loop_close(&loop), 0);
	struct store *again = kit_open(*state);
	assert_int_equal(kit_count(again), 16);
	kit_close(again);
}

static void
reading_takes_its_turn(void **state)
{
	struct tally t = { .in_order = true };
	struct handed handed[100];
	struct chain c = { .done = false };
	struct fault f = { 0 };
	struct store_time now = kit_time("boot-a", 5000, 0, false);
	int64_t count = 0, first = 0, last = 0;
	uv_loop_t loop;
	struct store *s = open_threaded(&loop, *state, 0);

	for (unsigned n = 0; n < 100; n++) {
		handed[n] = (struct handed){ &t, n };
		assert_true(hand_in(s, &handed[n], n, false));
		assert_true(replay_count(s, &count, &f));
		assert_in_range(count, 0, n + 1);
	}
	run_until(&loop, &t, 100);
	assert_true(replay_count(s, &count, &f) && audit_range(s, &first, &last, &f));
	assert_int_equal(count, 100);
	assert_int_equal(last, 100);
	assert_true(audit_read(s, 0, 1000, chain_line, chain_done, &c));
	assert_false(c.done);
	while (!c.done)
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(c.well);
	assert_int_equal(c.count, 100);
	store_purge(s, &now);
	for (int i = 0; i < 3000 && count > 0; i++) {
		usleep(10000);
		assert_true(replay_count(s, &count, &f));
	}
	assert_int_equal(count, 0);
	close_threaded(&loop, s, &t);
}

static void
closing_nothing_is_allowed(void **state)
{
	struct tally t = { .done = 0 };

	(void)state;
	store_close(NULL, on_store_closed, &t);
	assert_true(t.closed);
	store_close(NULL, NULL, NULL);
	store_unit_free(NULL);
}

// ---- memory

// Open, write, read and purge while memory fails; answers whether the unit was done.
static bool
use_store(const char *folder, unsigned id, struct store **out)
{
	struct store_setup setup = kit_setup(folder);
	enum store_opened why = STORE_OPENED;
	struct fault f = { 0 };
	struct store *s = *out = store_open_direct(&setup, &why, &f);
	struct replay_row row = kit_replay(id);
	struct secret_row secret = kit_secret(id);
	struct store_time now = kit_time("boot-a", 0, 0, false);
	struct lines l = { .count = 0 };
	bool done = false;

	if (s == NULL) {
		assert_int_equal(why, STORE_LOCAL_FAULT);
		assert_true(f.set);
		return false;
	}
	struct store_unit *u = store_unit_new();
	if (u != NULL && replay_insert(u, &row) && secret_put(u, &secret) && audit_append(u, span_text("\"n\":1")))
		done = kit_apply(s, u, NULL, NULL) == STORE_DONE;
	else
		store_unit_free(u);
	audit_read(s, 0, 3, keep_line, lines_done, &l);
	store_purge(s, &now);
	return done;
}

// Every allocation fails once, or all from then on, while a store is opened,
// written, read and closed: nothing leaks, nothing is set aside, and what was
// said to be done is there.
static void
memory_may_be_out_anywhere(void **state)
{
	unsigned id = 1000, runs[2] = { 0, 0 };

	for (int every = 0; every < 2; every++) {
		uint64_t n = 0, used;
		do {
			struct store *s;
			uint64_t before = mem_count();
			n += every && n > 50 ? 5 : 1;
			mem_fail(n, every);
			bool done = use_store(*state, ++id, &s);
			store_close(s, NULL, NULL);
			used = mem_count() - before;
			mem_fail(0, 0);
			assert_int_equal(kit_quarantined(*state), 0);
			s = kit_open(*state);
			assert_int_equal(kit_has(s, id), done);
			kit_close(s);
			runs[every]++;
		} while (n <= used);
	}
	assert_int_equal(kit_alarms, 0);
	print_message("# %u and %u allocations failed\n", runs[0], runs[1]);
}

// The same while the first store is made: the next start makes it, or finds it whole.
static void
memory_may_be_out_while_a_store_is_made(void **state)
{
	uint64_t used, n = 0;

	do {
		struct store *s;
		uint64_t before = mem_count();
		kit_empty(*state);
		n += n > 50 ? 3 : 1;
		mem_fail(n, n % 2);
		bool done = use_store(*state, 1, &s);
		store_close(s, NULL, NULL);
		used = mem_count() - before;
		mem_fail(0, 0);
		s = kit_open(*state);
		assert_int_equal(kit_has(s, 1), done);
		kit_close(s);
		assert_int_equal(kit_quarantined(*state), 0);
	} while (n <= used);
	assert_int_equal(kit_alarms, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(a_used_transaction_id_is_a_conflict),
		TEST(who_began_is_remembered),
		TEST(a_transaction_id_may_become_unused),
		TEST(versions_of_secrets_are_held),
		TEST(a_unit_is_whole_or_not_at_all),
		TEST(rows_that_do_not_fit_are_refused_whole),
		TEST(a_restart_keeps_everything),
		TEST(every_setting_is_in_force),
		TEST(the_store_has_a_size),
		TEST(a_disk_that_fills_up_refuses_early),
		TEST(purging_follows_the_clocks),
		TEST(purging_thousands_takes_every_one),
		TEST(records_are_chained_over_restarts),
		TEST(tampering_with_records_is_seen),
		TEST(old_records_go_beyond_their_cap),
		TEST(without_a_hash_there_are_no_records),
		TEST(a_later_schema_is_refused_untouched),
		TEST(an_older_schema_goes_up_with_a_copy_beside_it),
		TEST(a_group_is_committed_at_once),
		TEST(lazy_units_wait_a_second_at_most),
		TEST(a_full_queue_is_said),
		TEST(reading_takes_its_turn),
		TEST(closing_nothing_is_allowed),
		TEST(memory_may_be_out_anywhere),
		TEST(memory_may_be_out_while_a_store_is_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
