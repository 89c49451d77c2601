// SPDX-License-Identifier: GPL-3.0-or-later
// What becomes of a store that is damaged: set aside whole and refused, or the
// bad row alone; never a crash, never an empty start, never a wrong row served.
// CMPGATE_LONG in the environment tries every octet instead of a sample.
#include "tests/unit/store_kit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

enum { ROWS = 30 };

static char *folder, *settled, *killed;	// the one that is damaged; one closed well; one that was ended after its last commit

static bool
is_long(void)
{
	return getenv("CMPGATE_LONG") != NULL;
}

static int
make_samples(void **state)
{
	(void)state;
	folder = kit_folder();
	settled = kit_folder();
	killed = kit_folder();
	struct store *s = kit_open(folder);
	for (unsigned n = 0; n < ROWS; n++)
		assert_int_equal(kit_all(s, n), STORE_DONE);
	kit_close(s);
	kit_copy(folder, settled);
	s = kit_open(folder);
	for (unsigned n = 0; n < ROWS; n++)
		assert_int_equal(kit_all(s, ROWS + n), STORE_DONE);
	kit_copy(folder, killed);
	kit_close(s);
	return 0;
}

static int
remove_samples(void **state)
{
	(void)state;
	kit_remove(folder);
	kit_remove(settled);
	kit_remove(killed);
	return 0;
}

// ---- what must hold afterwards

struct served { unsigned right, locked; };

static void
serve_secret(void *context, const struct secret_row *row)
{
	struct served *served = context;
	unsigned n = (unsigned)strtoul((const char *)row->reference + 3, NULL, 10);
	struct secret_row want = kit_secret(n);

	if (row->state == SECRET_LOCKED) {
		served->locked++;
		return;
	}
	assert_string_equal(row->table, want.table);
	assert_int_equal(row->reference_len, want.reference_len);
	assert_memory_equal(row->reference, want.reference, sizeof(want.reference));
	assert_memory_equal(row->value_tag, want.value_tag, sizeof(want.value_tag));
	assert_int_equal(row->state, want.state);
	assert_memory_equal(row->transaction_id, want.transaction_id, sizeof(want.transaction_id));
	assert_int_equal(row->failures, want.failures);
	assert_int_equal(row->window_wall_s, want.window_wall_s);
	assert_int_equal(row->version, 1);
	served->right++;
}

// The row, or one that says "used" and nothing else; false when it has gone.
static bool
is_used(struct store *s, unsigned n, bool *whole)
{
	static const uint8_t nothing[32];
	struct store_unit *u = store_unit_new();
	struct replay_row row = kit_replay(n), met = { .transaction_id_len = 0 };
	struct secret_row never = kit_secret(0);

	never.version = INT64_MAX / 4;
	assert_true(replay_insert(u, &row) && secret_put(u, &never));
	assert_int_equal(kit_apply(s, u, NULL, &met), STORE_CONFLICT);
	if (met.transaction_id_len == 0)
		return false;
	assert_memory_equal(met.transaction_id, row.transaction_id, sizeof(row.transaction_id));
	*whole = memcmp(met.digest, row.digest, sizeof(row.digest)) == 0 && memcmp(met.identity, row.identity, sizeof(row.identity)) == 0;
	assert_true(*whole || memcmp(met.digest, nothing, 32) == 0);
	return true;
}

static void
see_line(void *context, int64_t seq, struct span line)
{
	char head[80];
	int64_t *lines = context;

	snprintf(head, sizeof(head), "{\"v\":1,\"seq\":%lld,\"event\":\"test\",\"n\":%lld,\"prev\":\"", (long long)seq, (long long)seq - 1);
	assert_true(line.len > strlen(head));
	assert_memory_equal(line.data, head, strlen(head));
	(*lines)++;
}

static void
lines_end(void *context, bool well, int64_t last)
{
	(void)context;
	(void)last;
	assert_true(well);
}

// Everything served is right, and whatever is not served was set aside with an alarm.
static void
judge_opened(struct store *s, unsigned rows)
{
	struct served served = { 0, 0 };
	struct fault f = { 0 };
	unsigned missing = 0;
	int64_t lines = 0;

	assert_true(secrets_load(s, serve_secret, &served, &f));
	for (unsigned n = 0; n < rows; n++) {
		bool whole = false;
		missing += !(is_used(s, n, &whole) && whole);
	}
	assert_true(audit_read(s, 0, 1000, see_line, lines_end, &lines));
	int64_t aside = kit_number(s, "SELECT count(*) FROM quarantine");
	int64_t lost = (int64_t)missing + (rows - served.right) + (rows - lines);
	assert_true(lost <= aside);
	assert_int_equal(aside > 0, kit_alarms > 0);
	// A new row is taken whatever happened.
	assert_int_equal(kit_insert(s, 5000), STORE_DONE);
}

struct tally { unsigned opened, set_aside, refused; };

static void
judge(unsigned rows, struct tally *t)
{
	struct store_setup setup = kit_setup(folder);
	enum store_opened why;
	struct fault f = { 0 };
	bool wal = kit_exists(folder, STORE_FILE "-wal");
	char text[400];

	kit_alarms = 0;
	struct store *s = store_open_direct(&setup, &why, &f);
	if (s != NULL) {
		judge_opened(s, rows);
		kit_close(s);
		t->opened++;
		return;
	}
	fault_text(&f, text, sizeof(text));
	if (why == STORE_NEWER) {	// a bit of the version
		assert_int_equal(kit_quarantined(folder), 0);
		t->refused++;
		return;
	}
	if (why != STORE_DAMAGED)
		fail_msg("%d: %s", why, text);
	assert_non_null(strstr(text, "quarantine/"));
	assert_non_null(strstr(text, "--new-store"));
	assert_false(kit_exists(folder, STORE_FILE) || kit_exists(folder, STORE_FILE "-wal") || kit_exists(folder, STORE_FILE "-shm"));
	assert_true(kit_quarantined(folder) >= (wal ? 2u : 1u));
	// Whoever starts again is refused again.
	assert_int_equal(kit_try(folder, text), STORE_LOST);
	t->set_aside++;
}

// ---- the database

static void
put(const char *from, const char *name, struct span octets)
{
	kit_copy(from, folder);
	kit_write(folder, name, octets);
}

static void
a_flipped_bit_anywhere_is_found(void **state)
{
	struct tally t = { 0, 0, 0 };
	size_t len, step = is_long() ? 1 : 13;
	uint8_t *db = kit_read(settled, STORE_FILE, &len);

	(void)state;
	for (size_t at = 0; at < len; at += at < 100 ? 1 : step) {
		uint8_t was = db[at];
		db[at] ^= (uint8_t)(1u << (at * 5 % 8));
		put(settled, STORE_FILE, span_of(db, len));
		judge(ROWS, &t);
		db[at] = was;
	}
	print_message("# %u bits of %zu octets flipped: %u opened, %u set aside, %u refused\n",
		t.opened + t.set_aside + t.refused, len, t.opened, t.set_aside, t.refused);
	assert_true(t.opened > 0 && t.set_aside > 0);
	mem_free(db);
}

static void
every_kind_of_cut_is_found(void **state)
{
	struct tally t = { 0, 0, 0 };
	size_t len;
	uint8_t *db = kit_read(settled, STORE_FILE, &len), *changed = mem_alloc(len);

	(void)state;
	for (size_t cut = 0; cut < len; cut += cut % STORE_PAGE == 0 ? 1 : cut % STORE_PAGE == 1 ? 510 : STORE_PAGE - cut % STORE_PAGE) {
		put(settled, STORE_FILE, span_of(db, cut));
		judge(ROWS, &t);
	}
	assert_int_equal(t.opened, 0);
	for (size_t page = 0; page < len; page += STORE_PAGE) {
		memcpy(changed, db, len);
		memset(changed + page, 0, STORE_PAGE);
		put(settled, STORE_FILE, span_of(changed, len));
		judge(ROWS, &t);
		memset(changed + page, 0, len - page);	// a tail of zeros
		put(settled, STORE_FILE, span_of(changed, len));
		judge(ROWS, &t);
	}
	print_message("# %u cut or zeroed files: %u opened, %u set aside\n", t.opened + t.set_aside, t.opened, t.set_aside);
	mem_free(db);
	mem_free(changed);
}

static void
what_is_no_database_is_set_aside(void **state)
{
	struct tally t = { 0, 0, 0 };
	static const char text[] = "these are the backups\n";
	char other[STORE_PAGE * 2] = "SQLite format 3";
	sqlite3 *foreign;

	(void)state;
	put(settled, STORE_FILE, span_of(text, 0));
	judge(ROWS, &t);
	put(settled, STORE_FILE, span_of(text, sizeof(text)));
	judge(ROWS, &t);
	put(settled, STORE_FILE, span_of(other, sizeof(other)));
	judge(ROWS, &t);
	// Without a marker, too: nothing is begun in its place.
	kit_empty(folder);
	kit_write(folder, STORE_FILE, span_of(text, sizeof(text)));
	judge(ROWS, &t);
	// A sound database of somebody else.
	kit_empty(folder);
	assert_int_equal(sqlite3_open(kit_path(folder, STORE_FILE), &foreign), SQLITE_OK);
	assert_int_equal(sqlite3_exec(foreign, "PRAGMA journal_mode=WAL; CREATE TABLE a(b); PRAGMA user_version=1", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(foreign);
	assert_int_equal(chmod(kit_path(folder, STORE_FILE), 0600), 0);
	judge(ROWS, &t);
	assert_int_equal(t.set_aside, 5);
}

// Tables that are not ours: a trigger that a hostile file brings along.
static void
foreign_tables_are_refused(void **state)
{
	struct tally t = { 0, 0, 0 };
	sqlite3 *db;

	(void)state;
	kit_copy(settled, folder);
	assert_int_equal(sqlite3_open(kit_path(folder, STORE_FILE), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TRIGGER evil AFTER INSERT ON replay BEGIN DELETE FROM replay; END", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	judge(ROWS, &t);
	assert_int_equal(t.set_aside, 1);
}

// ---- the -wal

// Rows are there up to some commit and none behind it; answers how many.
static unsigned
prefix_of_rows(struct store *s, unsigned rows)
{
	unsigned there = 0;

	while (there < rows && kit_has(s, there))
		there++;
	for (unsigned n = there; n < rows; n++)
		assert_false(kit_has(s, n));
	assert_int_equal(kit_number(s, "SELECT max(seq) FROM audit"), there);
	return there;
}

static void
a_torn_wal_loses_nothing_but_its_end(void **state)
{
	size_t len, frame = 24 + STORE_PAGE;
	uint8_t *wal = kit_read(killed, STORE_FILE "-wal", &len);

	(void)state;
	assert_int_equal((len - 32) % frame, 0);
	for (size_t cut = len - frame; cut <= len; cut += is_long() || cut < len - frame + 30 || cut > len - 8 ? 1 : 37) {
		put(killed, STORE_FILE "-wal", span_of(wal, cut));
		struct store *s = kit_open(folder);
		assert_int_equal(prefix_of_rows(s, 2 * ROWS), cut == len ? 2 * ROWS : 2 * ROWS - 1);
		kit_close(s);
	}
	// At each frame, and inside its header: a shorter history, never half a unit.
	unsigned last = ROWS;
	for (size_t cut = 0; cut < len; cut += cut < 32 ? 16 : (cut - 32) % frame == 0 ? 10 : frame - 10) {
		put(killed, STORE_FILE "-wal", span_of(wal, cut));
		struct store *s = kit_open(folder);
		unsigned there = prefix_of_rows(s, 2 * ROWS);
		assert_in_range(there, last, 2 * ROWS);
		last = there;
		kit_close(s);
	}
	assert_int_equal(last, 2 * ROWS - 1);
	mem_free(wal);
}

// SQLite alone would end at the broken frame, and lose every commit behind it without a word.
static void
a_broken_wal_is_no_torn_one(void **state)
{
	struct tally t = { 0, 0, 0 };
	size_t len, frame = 24 + STORE_PAGE;
	uint8_t *wal = kit_read(killed, STORE_FILE "-wal", &len);
	unsigned torn = 0;

	(void)state;
	for (size_t at = 0; at < len; at += is_long() ? 1 : at < 56 ? 1 : (at - 32) % frame < 24 ? 1 : 509) {
		wal[at] ^= 16;
		put(killed, STORE_FILE "-wal", span_of(wal, len));
		struct store_setup setup = kit_setup(folder);
		enum store_opened why;
		struct fault f = { 0 };
		struct store *s = store_open_direct(&setup, &why, &f);
		if (s != NULL) {
			// Only in the last commit damage cannot be told from a cut; or it was in octets that say nothing.
			assert_in_range(prefix_of_rows(s, 2 * ROWS), 2 * ROWS - 1, 2 * ROWS);
			torn++;
			kit_close(s);
		} else {
			assert_int_equal(why, STORE_DAMAGED);
			t.set_aside++;
		}
		wal[at] ^= 16;
	}
	print_message("# %u flips in a -wal: %u set aside, %u told as torn at the end\n", t.set_aside + torn, t.set_aside, torn);
	assert_true(t.set_aside > 10 * torn);
	mem_free(wal);
}

static void
a_foreign_wal_is_never_mixed_in(void **state)
{
	struct tally t = { 0, 0, 0 };
	char *other = kit_folder(), *later = kit_folder();
	size_t len;

	(void)state;
	// Of another store, with the same tables.
	struct store *s = kit_open(other);
	for (unsigned n = 0; n < 5; n++)
		assert_int_equal(kit_all(s, 700 + n), STORE_DONE);
	uint8_t *wal = kit_read(other, STORE_FILE "-wal", &len);
	kit_close(s);
	put(settled, STORE_FILE "-wal", span_of(wal, len));
	judge(ROWS, &t);
	mem_free(wal);
	// Of this store, from a time that this database does not know: a backup put back beside it.
	kit_copy(settled, other);
	for (int life = 0; life < 3; life++) {
		s = kit_open(other);
		for (unsigned n = 0; n < 5; n++)
			assert_int_equal(kit_insert(s, 800 + 10 * (unsigned)life + n), STORE_DONE);
		kit_copy(other, later);
		kit_close(s);
	}
	wal = kit_read(later, STORE_FILE "-wal", &len);
	put(settled, STORE_FILE "-wal", span_of(wal, len));
	judge(ROWS, &t);
	mem_free(wal);
	// And an old -wal beside a database that went on.
	uint8_t *old = kit_read(killed, STORE_FILE "-wal", &len);
	kit_copy(other, folder);
	kit_write(folder, STORE_FILE "-wal", span_of(old, len));
	judge(ROWS, &t);
	mem_free(old);
	assert_int_equal(t.set_aside, 3);
	// A database of SQLite's own making.
	sqlite3 *foreign;
	kit_empty(other);
	assert_int_equal(sqlite3_open(kit_path(other, "x"), &foreign), SQLITE_OK);
	assert_int_equal(sqlite3_exec(foreign, "PRAGMA journal_mode=WAL; CREATE TABLE a(b); INSERT INTO a VALUES(1)", NULL, NULL, NULL), SQLITE_OK);
	wal = kit_read(other, "x-wal", &len);
	sqlite3_close(foreign);
	put(settled, STORE_FILE "-wal", span_of(wal, len));
	judge(ROWS, &t);
	mem_free(wal);
	assert_int_equal(t.set_aside, 4);
	kit_remove(other);
	kit_remove(later);
}

static void
a_wal_or_shm_that_has_gone_is_borne(void **state)
{
	static const char nonsense[] = "nonsense in shared memory";
	struct store *s;

	(void)state;
	kit_copy(killed, folder);
	kit_write(folder, STORE_FILE "-shm", span_of(nonsense, sizeof(nonsense)));
	s = kit_open(folder);
	assert_int_equal(prefix_of_rows(s, 2 * ROWS), 2 * ROWS);
	kit_close(s);
	// The database alone cannot tell; the newest record can, from outside.
	kit_copy(killed, folder);
	kit_delete(folder, STORE_FILE "-wal");
	s = kit_open(folder);
	assert_int_equal(prefix_of_rows(s, 2 * ROWS), ROWS);
	assert_int_equal(kit_all(s, ROWS), STORE_DONE);
	kit_copy(folder, killed);
	kit_close(s);
	// And its next -wal fits it again.
	kit_copy(killed, folder);
	s = kit_open(folder);
	assert_int_equal(prefix_of_rows(s, 2 * ROWS), ROWS + 1);
	kit_close(s);
}

// ---- rows

static void
change(const char *sql)
{
	sqlite3 *db;

	kit_copy(settled, folder);
	assert_int_equal(sqlite3_open(kit_path(folder, STORE_FILE), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	kit_alarms = 0;
}

static void
keep_row(void *context, const struct secret_row *row)
{
	struct secret_row *rows = context;

	rows[strtoul((const char *)row->reference + 3, NULL, 10)] = *row;
}

static void
a_bad_secret_is_locked(void **state)
{
	static const char *const changes[] = {
		"UPDATE secret SET state=0 WHERE reference=CAST('ref0007' AS BLOB)", "UPDATE secret SET state=3 WHERE reference=CAST('ref0007' AS BLOB)",
		"UPDATE secret SET failures=failures+1 WHERE reference=CAST('ref0007' AS BLOB)", "UPDATE secret SET version=9 WHERE reference=CAST('ref0007' AS BLOB)",
		"UPDATE secret SET value_tag=x'00' WHERE reference=CAST('ref0007' AS BLOB)", "UPDATE secret SET transaction_id=NULL WHERE reference=CAST('ref0007' AS BLOB)",
		"UPDATE secret SET crc=crc+1 WHERE reference=CAST('ref0007' AS BLOB)", "UPDATE secret SET len='x' WHERE reference=CAST('ref0007' AS BLOB)",
		"UPDATE secret SET id=id+1 WHERE reference=CAST('ref0007' AS BLOB)", "UPDATE secret SET version=-4 WHERE reference=CAST('ref0007' AS BLOB)",
	};
	struct secret_row *rows = mem_array(ROWS, sizeof(*rows));
	struct fault f = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		change(changes[i]);
		struct store *s = kit_open(folder);
		assert_int_equal(kit_alarms, 1);
		assert_non_null(strstr(kit_alarm, "plant-1"));
		memset(rows, 0, ROWS * sizeof(*rows));
		assert_true(secrets_load(s, keep_row, rows, &f));
		for (unsigned n = 0; n < ROWS; n++)
			assert_int_equal(rows[n].state, n == 7 ? SECRET_LOCKED : SECRET_BOUND);
		assert_int_equal(kit_number(s, "SELECT count(*) FROM quarantine WHERE family='secret'"), 1);
		// An operator may decide.
		rows[7].state = SECRET_FREE;
		assert_int_equal(kit_put(s, &rows[7]), STORE_DONE);
		kit_close(s);
		kit_alarms = 0;
		kit_close(kit_open(folder));
		assert_int_equal(kit_alarms, 0);
	}
	mem_free(rows);
}

// Damage that comes while the store is open is met by the row's next use.
static void
a_row_that_goes_bad_meanwhile_is_met(void **state)
{
	struct secret_row row = kit_secret(7);
	struct store_conflict conflict;
	struct store_unit *u = store_unit_new();
	bool whole = true;

	(void)state;
	kit_copy(settled, folder);
	kit_alarms = 0;
	struct store *s = kit_open(folder);
	kit_number(s, "UPDATE secret SET state=0 WHERE reference=CAST('ref0007' AS BLOB)");
	kit_number(s, "UPDATE replay SET digest=zeroblob(32) WHERE transaction_id=(SELECT transaction_id FROM replay ORDER BY transaction_id LIMIT 1)");
	row.version = 1;
	assert_true(secret_put(u, &row));
	assert_int_equal(kit_apply(s, u, &conflict, NULL), STORE_CONFLICT);
	assert_int_equal(kit_alarms, 1);
	row.version = conflict.version;
	assert_int_equal(kit_put(s, &row), STORE_DONE);
	assert_true(is_used(s, 0, &whole));
	assert_false(whole);
	assert_int_equal(kit_alarms, 2);
	assert_true(is_used(s, 0, &whole));
	assert_false(whole);
	assert_int_equal(kit_alarms, 2);
	kit_close(s);
}

static void
many_bad_rows_are_each_set_aside(void **state)
{
	(void)state;
	change("UPDATE replay SET mono_ms=mono_ms+1; UPDATE secret SET failures=failures+1; UPDATE audit SET total=total+1");
	struct store *s = kit_open(folder);
	bool whole;
	for (unsigned n = 0; n < ROWS; n++) {
		assert_true(is_used(s, n, &whole));
		assert_false(whole);
	}
	assert_int_equal(kit_number(s, "SELECT count(*) FROM quarantine"), 2 * ROWS + 1);
	int64_t lines = 0;
	assert_true(audit_read(s, 0, 1000, see_line, lines_end, &lines));
	assert_int_equal(lines, 0);
	assert_int_equal(kit_number(s, "SELECT count(*) FROM quarantine"), 3 * ROWS);
	kit_close(s);
}

static void
a_bad_record_breaks_the_chain_and_no_number_comes_twice(void **state)
{
	int64_t lines = 0;

	(void)state;
	change("UPDATE audit SET line=CAST(replace(CAST(line AS TEXT), 'test', 'fake') AS BLOB) WHERE seq=30");
	struct store *s = kit_open(folder);
	assert_int_equal(kit_alarms, 1);
	assert_non_null(strstr(kit_alarm, "record 30"));
	assert_int_equal(kit_all(s, 30), STORE_DONE);
	assert_true(audit_read(s, 0, 1000, see_line, lines_end, &lines));
	assert_int_equal(lines, 30);	// all but the bad one, and the new one
	assert_int_equal(kit_number(s, "SELECT max(seq) FROM audit"), 31);
	kit_close(s);
	kit_alarms = 0;
	s = kit_open(folder);
	assert_int_equal(kit_alarms, 0);
	kit_close(s);
	change("UPDATE audit SET line=CAST(replace(CAST(line AS TEXT), 'test', 'fake') AS BLOB) WHERE seq=11");
	s = kit_open(folder);
	assert_int_equal(kit_alarms, 0);	// old records are looked at when they are read
	lines = 0;
	assert_true(audit_read(s, 0, 1000, see_line, lines_end, &lines));
	assert_int_equal(lines, 29);
	assert_int_equal(kit_alarms, 1);
	kit_close(s);
}

// ---- what is missing

static void
a_lost_store_is_not_begun_anew(void **state)
{
	struct store_setup setup = kit_setup(folder);
	enum store_opened why;
	struct fault f = { 0 };
	char text[400];

	(void)state;
	kit_copy(killed, folder);
	kit_delete(folder, STORE_FILE);
	assert_int_equal(kit_try(folder, text), STORE_LOST);
	assert_non_null(strstr(text, "--new-store"));
	assert_int_equal(kit_try(folder, text), STORE_LOST);
	assert_false(kit_exists(folder, STORE_FILE));
	// A -wal without its database says the same without a marker.
	kit_delete(folder, STORE_MARKER);
	assert_int_equal(kit_try(folder, text), STORE_LOST);
	assert_true(kit_exists(folder, STORE_FILE "-wal"));
	// By order: the rest is set aside, not mixed in.
	kit_write(folder, STORE_MARKER, span_text("cmpgate store 00112233445566778899aabbccddeeff\n"));
	setup.fresh = true;
	kit_alarms = 0;
	struct store *s = store_open_direct(&setup, &why, &f);
	assert_non_null(s);
	assert_int_equal(kit_alarms, 1);
	assert_int_equal(kit_count(s), 0);
	assert_int_equal(kit_quarantined(folder), 1);
	assert_int_equal(kit_all(s, 0), STORE_DONE);
	kit_close(s);
	assert_int_equal(kit_try(folder, text), STORE_OPENED);
	// The order changes nothing for a store that is there.
	s = store_open_direct(&setup, &why, &f);
	assert_non_null(s);
	assert_true(kit_has(s, 0));
	kit_close(s);
	kit_empty(folder);
	assert_int_equal(kit_try(folder, text), STORE_OPENED);
	assert_true(kit_exists(folder, STORE_MARKER));
}

static void
the_marker_names_the_store(void **state)
{
	char text[400];
	size_t len;

	(void)state;
	kit_copy(settled, folder);
	kit_delete(folder, STORE_MARKER);
	assert_int_equal(kit_try(folder, text), STORE_OPENED);
	uint8_t *marker = kit_read(folder, STORE_MARKER, &len);
	kit_write(folder, STORE_MARKER, span_text("?"));
	assert_int_equal(kit_try(folder, text), STORE_OPENED);
	uint8_t *again = kit_read(folder, STORE_MARKER, &len);
	assert_memory_equal(marker, again, len);
	mem_free(marker);
	mem_free(again);
	// The store of another folder: refused, and left as it is.
	kit_write(folder, STORE_MARKER, span_text("cmpgate store 00112233445566778899aabbccddeeff\n"));
	assert_int_equal(kit_try(folder, text), STORE_LOST);
	assert_non_null(strstr(text, STORE_MARKER));
	assert_true(kit_exists(folder, STORE_FILE));
	assert_int_equal(kit_quarantined(folder), 0);
}

static void
files_removed_under_it_end_a_store(void **state)
{
	struct fault f = { 0 };
	int64_t count;
	char text[400];

	(void)state;
	kit_copy(settled, folder);
	struct store *s = kit_open(folder);
	kit_alarms = 0;
	assert_int_equal(kit_all(s, 100), STORE_DONE);
	kit_delete(folder, STORE_FILE);
	assert_int_equal(kit_all(s, 101), STORE_UNKNOWN);
	assert_int_equal(kit_all(s, 102), STORE_FAILED);
	assert_true(kit_alarms >= 2);
	assert_non_null(strstr(kit_alarm, "has failed"));
	struct store_figures figures;
	store_figures(s, &figures);
	assert_true(figures.failed);
	assert_false(replay_count(s, &count, &f));
	kit_close(s);
	assert_int_equal(kit_try(folder, text), STORE_LOST);
	// The -wal alone: what was committed is brought over before it is too late.
	kit_copy(settled, folder);
	s = kit_open(folder);
	kit_alarms = 0;
	assert_int_equal(kit_all(s, 100), STORE_DONE);
	kit_delete(folder, STORE_FILE "-wal");
	assert_int_equal(kit_all(s, 101), STORE_DONE);
	assert_int_equal(kit_alarms, 1);
	assert_int_equal(kit_all(s, 102), STORE_DONE);
	kit_copy(folder, killed);
	kit_close(s);
	kit_copy(killed, folder);
	s = kit_open(folder);
	assert_true(kit_has(s, 100) && kit_has(s, 101) && kit_has(s, 102));
	// The second time it ends.
	kit_delete(folder, STORE_FILE "-wal");
	assert_int_equal(kit_all(s, 103), STORE_DONE);
	kit_delete(folder, STORE_FILE "-wal");
	assert_int_equal(kit_all(s, 104), STORE_UNKNOWN);
	assert_int_equal(kit_all(s, 105), STORE_FAILED);
	kit_close(s);
}

// ---- the place

static void
a_place_that_does_not_suit_is_refused(void **state)
{
	static const struct { int64_t magic; bool suits; } rows[] = {
		{ 0x4d44, false }, { 0x2011bab0, false }, { 0x6969, false }, { (int64_t)(int32_t)0xff534d42, false }, { 0xfe534d42, false },
		{ 0xef53, true }, { 0x01021994, true }, { 0x24051905, true }, { 0x794c7630, true }, { 0xf2f52010, true }, { 0x9123683e, true },
	};
	const char *name;
	char text[400];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(file_system_suits(rows[i].magic, &name), rows[i].suits);
	assert_int_equal(kit_try("/nowhere/at/all", text), STORE_LOCAL_FAULT);
	kit_copy(settled, folder);
	assert_int_equal(chmod(kit_path(folder, STORE_FILE), 0640), 0);
	assert_int_equal(kit_try(folder, text), STORE_LOCAL_FAULT);
	assert_non_null(strstr(text, "chmod 600"));
	kit_delete(folder, STORE_FILE);
	assert_int_equal(symlink(kit_path(settled, STORE_FILE), kit_path(folder, STORE_FILE)), 0);
	assert_int_equal(kit_try(folder, text), STORE_LOCAL_FAULT);
	kit_empty(folder);
	assert_int_equal(mkdir(kit_path(folder, STORE_FILE), 0700), 0);
	assert_int_equal(kit_try(folder, text), STORE_LOCAL_FAULT);
}

// A link on the way to the folder is no fault: /var is one on small machines.
static void
a_link_to_the_folder_is_followed(void **state)
{
	char *link = mem_printf("%s.link", folder);

	(void)state;
	kit_copy(settled, folder);
	assert_int_equal(symlink(folder, link), 0);
	struct store *s = kit_open(link);
	assert_true(kit_has(s, 0));
	kit_close(s);
	unlink(link);
	mem_free(link);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flipped_bit_anywhere_is_found),
		cmocka_unit_test(every_kind_of_cut_is_found),
		cmocka_unit_test(what_is_no_database_is_set_aside),
		cmocka_unit_test(foreign_tables_are_refused),
		cmocka_unit_test(a_torn_wal_loses_nothing_but_its_end),
		cmocka_unit_test(a_broken_wal_is_no_torn_one),
		cmocka_unit_test(a_foreign_wal_is_never_mixed_in),
		cmocka_unit_test(a_bad_secret_is_locked),
		cmocka_unit_test(a_row_that_goes_bad_meanwhile_is_met),
		cmocka_unit_test(many_bad_rows_are_each_set_aside),
		cmocka_unit_test(a_bad_record_breaks_the_chain_and_no_number_comes_twice),
		cmocka_unit_test(a_lost_store_is_not_begun_anew),
		cmocka_unit_test(the_marker_names_the_store),
		cmocka_unit_test(a_wal_or_shm_that_has_gone_is_borne),
		cmocka_unit_test(files_removed_under_it_end_a_store),
		cmocka_unit_test(a_place_that_does_not_suit_is_refused),
		cmocka_unit_test(a_link_to_the_folder_is_followed),
	};

	return cmocka_run_group_tests(tests, make_samples, remove_samples);
}
