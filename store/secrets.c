// SPDX-License-Identifier: GPL-3.0-or-later
// secrets: rows found by a keyed hash of table and reference. A row that is
// damaged becomes a locked one: what a secret was used for must not be forgotten.
#include "store/private.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/memory.h"

struct secret_op { struct store_op op; struct secret_row row; };

// The row's number.
static int64_t
number_of(const struct store_db *db, const struct secret_row *row)
{
	uint8_t key[SECRET_TABLE_MAX + 1 + SECRET_REFERENCE_MAX];
	size_t len = strlen(row->table) + 1;	// with its end, so that no two pairs read the same

	memcpy(key, row->table, len);
	memcpy(key + len, row->reference, row->reference_len);
	return (int64_t)hash_keyed(&db->stamp.key, span_of(key, len + row->reference_len));
}

static void
sum_of(struct row_sum *sum, const struct store_db *db, int64_t id, const struct secret_row *row)
{
	row_sum_begin(sum, db, "secret");
	row_sum_int(sum, id);
	row_sum_octets(sum, span_text(row->table));
	row_sum_octets(sum, span_of(row->reference, row->reference_len));
	row_sum_octets(sum, span_of(row->value_tag, sizeof(row->value_tag)));
	row_sum_int(sum, row->state);
	row_sum_octets(sum, span_of(row->transaction_id, row->transaction_id_len));
	row_sum_int(sum, row->failures);
	row_sum_int(sum, row->window_wall_s);
	row_sum_int(sum, row->changed_wall_s);
	row_sum_int(sum, row->version);
}

static void
bind_row(struct query *q, int64_t id, const struct secret_row *row)
{
	struct row_sum sum;

	sum_of(&sum, q->db, id, row);
	query_int(q, id);
	query_text(q, row->table);
	query_octets(q, span_of(row->reference, row->reference_len));
	query_octets(q, span_of(row->value_tag, sizeof(row->value_tag)));
	query_int(q, row->state);
	query_octets(q, span_of(row->transaction_id, row->transaction_id_len));
	query_int(q, row->failures);
	query_int(q, row->window_wall_s);
	query_int(q, row->changed_wall_s);
	query_int(q, row->version);
	query_int(q, sum.len);
	query_int(q, sum.crc);
}

static bool
copy_octets(const struct query *q, int column, uint8_t *out, size_t min, size_t max, size_t *len)
{
	struct span s;

	if (!column_octets(q, column, &s) || s.len < min || s.len > max)
		return false;
	if (s.len > 0)
		memcpy(out, s.data, s.len);
	*len = s.len;
	return true;
}

// Whose row it is, as far as that can be read.
static bool
read_key(const struct query *q, struct secret_row *row)
{
	*row = (struct secret_row){ .state = SECRET_LOCKED };
	return column_text(q, 1, row->table, sizeof(row->table)) && copy_octets(q, 2, row->reference, 0, sizeof(row->reference), &row->reference_len);
}

// The row of QUERY_SECRET_*; false when its values and its sum do not fit.
static bool
read_row(const struct query *q, int64_t *id, struct secret_row *row)
{
	struct row_sum sum;
	int64_t state, len, crc;
	size_t tag;

	if (!column_int(q, 0, id) || !read_key(q, row) || !copy_octets(q, 3, row->value_tag, sizeof(row->value_tag), sizeof(row->value_tag), &tag) ||
	    !column_int(q, 4, &state) || state < SECRET_FREE || state > SECRET_LOCKED ||
	    !copy_octets(q, 5, row->transaction_id, 0, sizeof(row->transaction_id), &row->transaction_id_len) ||
	    !column_int(q, 6, &row->failures) || !column_int(q, 7, &row->window_wall_s) || !column_int(q, 8, &row->changed_wall_s) ||
	    !column_int(q, 9, &row->version) || !column_int(q, 10, &len) || !column_int(q, 11, &crc))
		return false;
	row->state = (enum secret_state)state;
	sum_of(&sum, q->db, *id, row);
	return len == sum.len && crc == sum.crc && row->version > 0 && *id == number_of(q->db, row);
}

#define COLUMNS "id, tbl, reference, value_tag, state, transaction_id, failures, window_wall_s, changed_wall_s, version, len, crc"

enum met { MET_NONE, MET_GOOD, MET_BAD, MET_FAULT };

static enum met
find(struct store_db *db, int64_t id, struct secret_row *row)
{
	struct query q = query_begin(db, QUERY_SECRET_GET, "SELECT " COLUMNS " FROM secret WHERE id=?1");
	enum met met = MET_NONE;
	int64_t same;

	query_int(&q, id);
	if (query_row(&q))
		met = read_row(&q, &same, row) ? MET_GOOD : MET_BAD;
	return query_end(&q) ? met : MET_FAULT;
}

static bool
insert(struct store_db *db, int64_t id, const struct secret_row *row)
{
	struct query q = query_begin(db, QUERY_SECRET_INSERT, "INSERT INTO secret(" COLUMNS ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)");

	bind_row(&q, id, row);
	return query_run(&q);
}

static bool
update(struct store_db *db, int64_t id, const struct secret_row *row)
{
	struct query q = query_begin(db, QUERY_SECRET_UPDATE, "UPDATE secret SET tbl=?2, reference=?3, value_tag=?4, state=?5, transaction_id=?6,"
		" failures=?7, window_wall_s=?8, changed_wall_s=?9, version=?10, len=?11, crc=?12 WHERE id=?1");

	bind_row(&q, id, row);
	return query_run(&q);
}

static bool
delete(struct store_db *db, int64_t id)
{
	struct query q = query_begin(db, QUERY_SECRET_DELETE, "DELETE FROM secret WHERE id=?1");

	query_int(&q, id);
	return query_run(&q);
}

// A version of a damaged row may be anything; the locked row goes on from a sane one.
static int64_t
after_burial(const struct secret_row *row)
{
	return row->version > 0 && row->version < INT64_MAX / 2 ? row->version + 1 : 1;
}

// Look for the row that stands there; true when it may be written over.
static bool
meets(struct store_db *db, const struct secret_row *row, int64_t id, enum met *met, struct store_conflict *conflict, enum store_result *result)
{
	struct secret_row there = { .version = 0 };

	*met = find(db, id, &there);
	*result = *met == MET_FAULT ? STORE_FAILED : STORE_CONFLICT;
	conflict->version = there.version;
	if (*met == MET_BAD) {
		db_bad_row(db, FAMILY_SECRET, id);
		conflict->version = after_burial(&there);
	}
	return *met == MET_NONE || (*met == MET_GOOD && (there.version == row->version || row->version == SECRET_ANY_VERSION));
}

static enum store_result
run_put(struct store_db *db, struct store_op *op, struct store_conflict *conflict)
{
	struct secret_row row = ((struct secret_op *)op)->row;
	int64_t id = number_of(db, &row);
	enum store_result result;
	enum met met;

	if (!meets(db, &row, id, &met, conflict, &result) || (met == MET_NONE && row.version > 0))
		return result;
	row.version = (row.version == SECRET_ANY_VERSION ? conflict->version : row.version) + 1;
	return (met == MET_NONE ? insert(db, id, &row) : update(db, id, &row)) ? STORE_DONE : STORE_FAILED;
}

static enum store_result
run_delete(struct store_db *db, struct store_op *op, struct store_conflict *conflict)
{
	const struct secret_row *row = &((struct secret_op *)op)->row;
	int64_t id = number_of(db, row);
	enum store_result result;
	enum met met;

	if (!meets(db, row, id, &met, conflict, &result))
		return result;
	return met == MET_NONE || delete(db, id) ? STORE_DONE : STORE_FAILED;
}

static bool
add(struct store_unit *u, const struct secret_row *row, enum store_result (*run)(struct store_db *, struct store_op *, struct store_conflict *))
{
	bool fits = memchr(row->table, '\0', sizeof(row->table)) != NULL && row->reference_len <= SECRET_REFERENCE_MAX &&
		row->transaction_id_len <= sizeof(row->transaction_id) && row->version >= SECRET_ANY_VERSION;
	struct secret_op *op = fits ? unit_add(u, sizeof(*op), run) : NULL;

	if (op == NULL) {
		u->failed = true;
		return false;
	}
	op->row = *row;
	return true;
}

bool
secret_put(struct store_unit *u, const struct secret_row *row)
{
	return add(u, row, run_put);
}

bool
secret_delete(struct store_unit *u, const struct secret_row *row)
{
	return add(u, row, run_delete);
}

// ---- damage

bool
secrets_verify(struct store_db *db)
{
	struct query q = query_begin(db, QUERY_SECRET_SCAN, "SELECT " COLUMNS " FROM secret");
	struct secret_row row;
	int64_t id;

	while (query_row(&q))
		if (!read_row(&q, &id, &row))
			db_bad_row(db, FAMILY_SECRET, sqlite3_column_int64(q.st, 0));
	return query_end(&q);
}

static bool
keep_copy(struct store_db *db, int64_t id)
{
	struct query q = query_begin(db, QUERY_QUARANTINE_SECRET, "INSERT INTO quarantine(family, row, found_wall_s, content)"
		" SELECT 'secret', id, ?2, quote(tbl)||','||quote(reference)||','||quote(value_tag)||','||quote(state)||','||quote(transaction_id)||','||"
		"quote(failures)||','||quote(window_wall_s)||','||quote(changed_wall_s)||','||quote(version)||','||quote(len)||','||quote(crc) FROM secret WHERE id=?1");

	query_int(&q, id);
	query_int(&q, clock_wall_s());
	return query_run(&q);
}

static void
tell(struct store_db *db, const struct secret_row *row, bool known)
{
	char text[300];

	if (known)
		snprintf(text, sizeof(text), "a row of the table of secrets was damaged and is set aside (table quarantine): the secret of %s with a reference of %zu octets that begins with %02x is locked until an operator decides",
			row->table, row->reference_len, row->reference_len > 0 ? row->reference[0] : 0);
	else
		snprintf(text, sizeof(text), "a row of the table of secrets was damaged and is set aside (table quarantine); whose it was cannot be read");
	db->alarm(db, text);
}

// The row that takes a damaged one's place, where its key can be read.
static bool
lock(struct store_db *db, struct secret_row *row)
{
	struct secret_row there;
	int64_t id = number_of(db, row);
	enum met met = find(db, id, &there);

	row->version = after_burial(row);
	row->state = SECRET_LOCKED;
	row->changed_wall_s = clock_wall_s();
	row->transaction_id_len = 0;
	return met == MET_GOOD || (met == MET_NONE && insert(db, id, row));
}

bool
secrets_bury(struct store_db *db, int64_t id)
{
	struct secret_row row;
	struct query q = query_begin(db, QUERY_SECRET_GET, "SELECT " COLUMNS " FROM secret WHERE id=?1");
	int64_t same;
	bool bad = false, known = false;

	query_int(&q, id);
	if (query_row(&q) && !read_row(&q, &same, &row)) {
		bad = true;
		int64_t version = row.version;
		known = read_key(&q, &row);
		row.version = version;
		struct span tag;
		if (column_octets(&q, 3, &tag) && tag.len == sizeof(row.value_tag))
			memcpy(row.value_tag, tag.data, tag.len);
	}
	if (!query_end(&q))
		return false;
	if (!bad)
		return true;
	if (!keep_copy(db, id) || !delete(db, id) || (known && !lock(db, &row)))
		return false;
	tell(db, &row, known);
	return true;
}

// ---- reading

bool
secrets_hand_out(struct store_db *db, void (*each)(void *context, const struct secret_row *row), void *context)
{
	struct query q = query_begin(db, QUERY_SECRET_ALL, "SELECT " COLUMNS " FROM secret ORDER BY tbl, reference");
	struct secret_row row;
	int64_t id;

	while (query_row(&q))
		if (read_row(&q, &id, &row))
			each(context, &row);
	return query_end(&q);
}

struct load { void (*each)(void *context, const struct secret_row *row); void *context; };

static bool
load(struct store_db *db, void *context)
{
	const struct load *l = context;

	if (!secrets_verify(db) || (db->bad_count > 0 && !db_transaction(db, NULL, NULL)))
		return false;
	return secrets_hand_out(db, l->each, l->context);
}

bool
secrets_load(struct store *s, void (*each)(void *context, const struct secret_row *row), void *context, struct fault *f)
{
	struct load l = { each, context };

	return store_with(s, load, &l, f);
}
