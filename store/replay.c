// SPDX-License-Identifier: GPL-3.0-or-later
// replay: used transactionIDs, found by a keyed hash. A row that is damaged
// stays as one that says nothing but "used".
#include "store/private.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
	KEEP_MS = 24 * 3600 * 1000,	// of a row whose time cannot be told any more, from now on
	CLOCK_PATIENCE_MS = 3600 * 1000	// after the boot: until then the clock may still be set
};

struct replay_op { struct store_op op; struct replay_row row, met; bool needed; };

static int64_t
number_of(const struct store_db *db, const struct replay_row *row)
{
	return (int64_t)hash_keyed(&db->stamp.key, span_of(row->transaction_id, row->transaction_id_len));
}

static void
sum_of(struct row_sum *sum, const struct store_db *db, int64_t id, const struct replay_row *row)
{
	row_sum_begin(sum, db, "replay");
	row_sum_int(sum, id);
	row_sum_octets(sum, span_of(row->transaction_id, row->transaction_id_len));
	row_sum_octets(sum, span_of(row->identity, sizeof(row->identity)));
	row_sum_octets(sum, span_of(row->digest, sizeof(row->digest)));
	row_sum_octets(sum, span_text(row->until.boot));
	row_sum_int(sum, row->until.mono_ms);
	row_sum_int(sum, row->until.wall_s);
	row_sum_int(sum, row->until.synced);
}

#define COLUMNS "id, transaction_id, identity, digest, boot, mono_ms, wall_s, synced, len, crc"

static bool
insert(struct store_db *db, int64_t id, const struct replay_row *row)
{
	struct query q = query_begin(db, QUERY_REPLAY_INSERT, "INSERT INTO replay(" COLUMNS ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)");
	struct row_sum sum;

	sum_of(&sum, db, id, row);
	query_int(&q, id);
	query_octets(&q, span_of(row->transaction_id, row->transaction_id_len));
	query_octets(&q, span_of(row->identity, sizeof(row->identity)));
	query_octets(&q, span_of(row->digest, sizeof(row->digest)));
	query_text(&q, row->until.boot);
	query_int(&q, row->until.mono_ms);
	query_int(&q, row->until.wall_s);
	query_int(&q, row->until.synced);
	query_int(&q, sum.len);
	query_int(&q, sum.crc);
	return query_run(&q);
}

static bool
delete(struct store_db *db, int64_t id)
{
	struct query q = query_begin(db, QUERY_REPLAY_DELETE, "DELETE FROM replay WHERE id=?1");

	query_int(&q, id);
	return query_run(&q);
}

static bool
copy_octets(const struct query *q, int column, uint8_t *out, size_t min, size_t max, size_t *len)
{
	struct span s;

	if (!column_octets(q, column, &s) || s.len < min || s.len > max)
		return false;
	memcpy(out, s.data, s.len);
	*len = s.len;
	return true;
}

static bool
read_row(const struct query *q, int64_t *id, struct replay_row *row)
{
	struct row_sum sum;
	int64_t synced, len, crc;
	size_t fixed;

	*row = (struct replay_row){ .transaction_id_len = 0 };
	if (!column_int(q, 0, id) || !copy_octets(q, 1, row->transaction_id, 1, sizeof(row->transaction_id), &row->transaction_id_len) ||
	    !copy_octets(q, 2, row->identity, sizeof(row->identity), sizeof(row->identity), &fixed) ||
	    !copy_octets(q, 3, row->digest, sizeof(row->digest), sizeof(row->digest), &fixed) ||
	    !column_text(q, 4, row->until.boot, sizeof(row->until.boot)) || !column_int(q, 5, &row->until.mono_ms) ||
	    !column_int(q, 6, &row->until.wall_s) || !column_int(q, 7, &synced) || !column_int(q, 8, &len) || !column_int(q, 9, &crc))
		return false;
	row->until.synced = synced != 0;
	sum_of(&sum, q->db, *id, row);
	return synced == row->until.synced && len == sum.len && crc == sum.crc && *id == number_of(q->db, row);
}

// ---- the check

enum met { MET_NONE, MET_GOOD, MET_BAD, MET_FAULT };

// The row that stands there, in op->met where it is good.
static enum met
look(struct store_db *db, struct replay_op *op, int64_t id)
{
	struct query q = query_begin(db, QUERY_REPLAY_GET, "SELECT " COLUMNS " FROM replay WHERE id=?1");
	enum met met = MET_NONE;
	int64_t same;

	query_int(&q, id);
	if (query_row(&q))
		met = read_row(&q, &same, &op->met) ? MET_GOOD : MET_BAD;
	return query_end(&q) ? met : MET_FAULT;
}

static enum store_result
run_insert(struct store_db *db, struct store_op *base, struct store_conflict *conflict)
{
	struct replay_op *op = (struct replay_op *)base;
	int64_t id = number_of(db, &op->row);
	enum met met = look(db, op, id);

	if (met == MET_FAULT)
		return STORE_FAILED;
	if (met == MET_NONE)
		return insert(db, id, &op->row) ? STORE_DONE : STORE_FAILED;
	if (met == MET_BAD) {
		db_bad_row(db, FAMILY_REPLAY, id);
		op->met = (struct replay_row){ .until = op->row.until, .transaction_id_len = op->row.transaction_id_len };
		memcpy(op->met.transaction_id, op->row.transaction_id, op->row.transaction_id_len);
	}
	conflict->replay = &op->met;
	return STORE_CONFLICT;
}

bool
replay_insert(struct store_unit *u, const struct replay_row *row)
{
	bool fits = row->transaction_id_len >= 1 && row->transaction_id_len <= sizeof(row->transaction_id) &&
		memchr(row->until.boot, '\0', sizeof(row->until.boot)) != NULL;
	struct replay_op *op = fits ? unit_add(u, sizeof(*op), run_insert) : NULL;

	if (op == NULL) {
		u->failed = true;
		return false;
	}
	op->row = *row;
	u->opens = true;
	return true;
}

// Of a damaged row nobody knows whose it was.
static enum store_result
run_expect(struct store_db *db, struct store_op *base, struct store_conflict *conflict)
{
	struct replay_op *op = (struct replay_op *)base;
	enum met met = look(db, op, number_of(db, &op->row));

	if (met == MET_FAULT)
		return STORE_FAILED;
	bool own = met == MET_GOOD && memcmp(op->met.identity, op->row.identity, sizeof(op->row.identity)) == 0;
	if (met == MET_NONE ? !op->needed : own)
		return STORE_DONE;
	conflict->replay = met == MET_NONE ? NULL : &op->met;
	return STORE_CONFLICT;
}

// A damaged row stays: it says "used", and by whom nobody knows.
static enum store_result
run_remove(struct store_db *db, struct store_op *base, struct store_conflict *conflict)
{
	struct replay_op *op = (struct replay_op *)base;
	int64_t id = number_of(db, &op->row);
	enum met met = look(db, op, id);

	(void)conflict;
	if (met == MET_FAULT)
		return STORE_FAILED;
	bool found = met == MET_GOOD && memcmp(op->met.digest, op->row.digest, sizeof(op->row.digest)) == 0
		&& span_equal(span_of(op->met.transaction_id, op->met.transaction_id_len), span_of(op->row.transaction_id, op->row.transaction_id_len));
	return !found || delete(db, id) ? STORE_DONE : STORE_FAILED;
}

// An operation about the row of a transactionID; NULL when it cannot be added.
static struct replay_op *
add(struct store_unit *u, struct span transaction_id, enum store_result (*run)(struct store_db *, struct store_op *, struct store_conflict *))
{
	bool fits = transaction_id.len >= 1 && transaction_id.len <= sizeof(((struct replay_row *)NULL)->transaction_id);
	struct replay_op *op = fits ? unit_add(u, sizeof(*op), run) : NULL;

	if (op == NULL) {
		u->failed = true;
		return NULL;
	}
	op->row = (struct replay_row){ .transaction_id_len = transaction_id.len };
	memcpy(op->row.transaction_id, transaction_id.data, transaction_id.len);
	return op;
}

bool
replay_expect(struct store_unit *u, struct span transaction_id, const uint8_t identity[32], bool needed)
{
	struct replay_op *op = add(u, transaction_id, run_expect);

	if (op == NULL)
		return false;
	memcpy(op->row.identity, identity, sizeof(op->row.identity));
	op->needed = needed;
	return true;
}

bool
replay_remove(struct store_unit *u, struct span transaction_id, const uint8_t digest[32])
{
	struct replay_op *op = add(u, transaction_id, run_remove);

	if (op == NULL)
		return false;
	memcpy(op->row.digest, digest, sizeof(op->row.digest));
	return true;
}

bool
replay_number(struct store_db *db, int64_t *count)
{
	struct query q = query_begin(db, QUERY_REPLAY_COUNT, "SELECT count(*) FROM replay");
	bool well = query_row(&q) && column_int(&q, 0, count);

	return query_end(&q) && well;
}

static bool
count_rows(struct store_db *db, void *context)
{
	return replay_number(db, context);
}

bool
replay_count(struct store *s, int64_t *count, struct fault *f)
{
	return store_with(s, count_rows, count, f);
}

// ---- damage

bool
replay_verify(struct store_db *db)
{
	struct query q = query_begin(db, QUERY_REPLAY_SCAN, "SELECT " COLUMNS " FROM replay WHERE id>=?1 ORDER BY id LIMIT ?2");
	struct replay_row row;
	int64_t id;

	query_int(&q, INT64_MIN);
	query_int(&q, INT64_MAX);
	while (query_row(&q))
		if (!read_row(&q, &id, &row))
			db_bad_row(db, FAMILY_REPLAY, sqlite3_column_int64(q.st, 0));
	return query_end(&q);
}

static bool
keep_copy(struct store_db *db, int64_t id)
{
	struct query q = query_begin(db, QUERY_QUARANTINE_REPLAY, "INSERT INTO quarantine(family, row, found_wall_s, content)"
		" SELECT 'replay', id, ?2, quote(transaction_id)||','||quote(identity)||','||quote(digest)||','||quote(boot)||','||quote(mono_ms)||','||"
		"quote(wall_s)||','||quote(synced)||','||quote(len)||','||quote(crc) FROM replay WHERE id=?1");

	query_int(&q, id);
	query_int(&q, clock_wall_s());
	return query_run(&q);
}

// What stays of a damaged row: the transactionID is used, by nobody knows whom,
// and for how long counts from the next purge on.
static bool
leave_used(struct store_db *db, struct replay_row *row)
{
	struct query q = query_begin(db, QUERY_REPLAY_GET, "SELECT " COLUMNS " FROM replay WHERE id=?1");
	int64_t id = number_of(db, row);

	query_int(&q, id);
	bool there = query_row(&q);
	if (!query_end(&q))
		return false;
	memset(row->identity, 0, sizeof(row->identity));
	memset(row->digest, 0, sizeof(row->digest));
	row->until = (struct store_time){ .boot = "" };
	return there || insert(db, id, row);
}

bool
replay_bury(struct store_db *db, int64_t id)
{
	struct query q = query_begin(db, QUERY_REPLAY_GET, "SELECT " COLUMNS " FROM replay WHERE id=?1");
	struct replay_row row;
	int64_t same;
	bool bad = false, known = false;

	query_int(&q, id);
	if (query_row(&q) && !read_row(&q, &same, &row)) {
		bad = true;
		known = copy_octets(&q, 1, row.transaction_id, 1, sizeof(row.transaction_id), &row.transaction_id_len);
	}
	if (!query_end(&q))
		return false;
	if (!bad)
		return true;
	if (!keep_copy(db, id) || !delete(db, id) || (known && !leave_used(db, &row)))
		return false;
	db->alarm(db, "a row of the table of used transactionIDs was damaged and is set aside (table quarantine)");
	return true;
}

// ---- what is over

enum verdict { VERDICT_KEEP, VERDICT_OVER, VERDICT_EXTEND };

// A wrong clock may prolong, never cut short: a wall time counts only when both
// it and the present one are from a synced clock; else the row is kept in full
// from now on, by the clock of this boot.
static enum verdict
judge(const struct store_time *until, const struct store_time *now)
{
	if (strcmp(until->boot, now->boot) == 0)
		return until->mono_ms <= now->mono_ms ? VERDICT_OVER : VERDICT_KEEP;
	if (until->synced && now->synced)
		return until->wall_s <= now->wall_s ? VERDICT_OVER : VERDICT_KEEP;
	return until->synced && now->mono_ms < CLOCK_PATIENCE_MS ? VERDICT_KEEP : VERDICT_EXTEND;
}

static bool
extend(struct store_db *db, int64_t id, struct replay_row *row, const struct store_time *now)
{
	struct query q = query_begin(db, QUERY_REPLAY_EXTEND, "UPDATE replay SET boot=?2, mono_ms=?3, wall_s=?4, synced=?5, len=?6, crc=?7 WHERE id=?1");
	struct row_sum sum;

	row->until = *now;
	row->until.mono_ms += KEEP_MS;
	row->until.wall_s += KEEP_MS / 1000;
	sum_of(&sum, db, id, row);
	query_int(&q, id);
	query_text(&q, row->until.boot);
	query_int(&q, row->until.mono_ms);
	query_int(&q, row->until.wall_s);
	query_int(&q, row->until.synced);
	query_int(&q, sum.len);
	query_int(&q, sum.crc);
	return query_run(&q);
}

struct over { int64_t id; bool extend; struct replay_row row; };

// The next rows behind the cursor. Rows are changed only after the walk.
static bool
collect(struct store_db *db, const struct store_time *now, struct over *out, size_t *count, bool *end)
{
	struct query q = query_begin(db, QUERY_REPLAY_SCAN, "SELECT " COLUMNS " FROM replay WHERE id>=?1 ORDER BY id LIMIT ?2");
	struct replay_row row;
	int64_t id = 0;
	size_t seen = 0;

	*count = 0;
	query_int(&q, db->purge_cursor);
	query_int(&q, 16 * STORE_PURGE_ROWS);
	while (*count < STORE_PURGE_ROWS && query_row(&q)) {
		seen++;
		if (!read_row(&q, &id, &row)) {
			id = sqlite3_column_int64(q.st, 0);
			db_bad_row(db, FAMILY_REPLAY, id);
			continue;
		}
		enum verdict v = judge(&row.until, now);
		if (v != VERDICT_KEEP)
			out[(*count)++] = (struct over){ .id = id, .extend = v == VERDICT_EXTEND, .row = row };
	}
	*end = *count < STORE_PURGE_ROWS && seen < 16 * STORE_PURGE_ROWS;
	db->purge_cursor = *end || id == INT64_MAX ? INT64_MIN : id + 1;
	return query_end(&q);
}

bool
replay_purge(struct store_db *db, const struct store_time *now, bool *more)
{
	struct over *rows = mem_array(STORE_PURGE_ROWS, sizeof(*rows));
	size_t count = 0;
	bool end = true, well;

	if (rows == NULL) {
		db_fail(db, SQLITE_NOMEM);
		return false;
	}
	well = collect(db, now, rows, &count, &end);
	for (size_t i = 0; well && i < count; i++)
		well = rows[i].extend ? extend(db, rows[i].id, &rows[i].row, now) : delete(db, rows[i].id);
	*more = *more || !end;
	mem_free(rows);
	return well;
}
