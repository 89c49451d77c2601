// SPDX-License-Identifier: GPL-3.0-or-later
// query: one way to run a statement. Each text of SQL is a constant of the
// program and prepared once; values are bound, never written into it.
#include "store/private.h"

void
db_fail(struct store_db *db, int rc)
{
	if (db->rc == SQLITE_OK)
		db->rc = rc;
}

const char *
db_reason(const struct store_db *db)
{
	return sqlite3_errstr(db->rc);
}

struct query
query_begin(struct store_db *db, enum statement which, const char *sql)
{
	struct query q = { .db = db };

	if (db->statements[which] == NULL)
		q.rc = sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &db->statements[which], NULL);
	q.st = db->statements[which];
	return q;
}

void
query_int(struct query *q, int64_t value)
{
	q->column++;
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_bind_int64(q->st, q->column, value);
}

// An empty value is an empty BLOB, not NULL.
void
query_octets(struct query *q, struct span value)
{
	q->column++;
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_bind_blob64(q->st, q->column, value.len > 0 ? (const void *)value.data : "", value.len, SQLITE_TRANSIENT);
}

void
query_text(struct query *q, const char *value)
{
	q->column++;
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_bind_text(q->st, q->column, value, -1, SQLITE_TRANSIENT);
}

bool
query_row(struct query *q)
{
	if (q->rc != SQLITE_OK && q->rc != SQLITE_ROW)
		return false;
	q->rc = sqlite3_step(q->st);
	return q->rc == SQLITE_ROW;
}

bool
query_end(struct query *q)
{
	bool well = q->rc == SQLITE_DONE || q->rc == SQLITE_ROW || q->rc == SQLITE_OK;

	// What sqlite3_reset() answers repeats the failure of the step.
	if (q->st != NULL) {
		sqlite3_reset(q->st);
		sqlite3_clear_bindings(q->st);
	}
	if (!well)
		db_fail(q->db, q->rc);
	return well;
}

bool
query_run(struct query *q)
{
	while (query_row(q))
		;
	return query_end(q);
}

bool
column_int(const struct query *q, int column, int64_t *out)
{
	if (sqlite3_column_type(q->st, column) != SQLITE_INTEGER)
		return false;
	*out = sqlite3_column_int64(q->st, column);
	return true;
}

bool
column_octets(const struct query *q, int column, struct span *out)
{
	if (sqlite3_column_type(q->st, column) != SQLITE_BLOB)
		return false;
	*out = span_of(sqlite3_column_blob(q->st, column), (size_t)sqlite3_column_bytes(q->st, column));
	return out->len == 0 || out->data != NULL;
}

bool
column_text(const struct query *q, int column, char *out, size_t size)
{
	if (sqlite3_column_type(q->st, column) != SQLITE_TEXT)
		return false;
	const unsigned char *text = sqlite3_column_text(q->st, column);
	size_t len = (size_t)sqlite3_column_bytes(q->st, column);
	if (text == NULL || len >= size || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return true;
}
