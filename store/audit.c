// SPDX-License-Identifier: GPL-3.0-or-later
// audit: finished lines, numbered and chained in the order of their commits.
#include "store/private.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/memory.h"

#define HEAD "{\"v\":1,\"seq\":"
#define PREV ",\"prev\":\""
#define TAIL "\"}"

enum {
	HASH_HEX = 64,
	END_LEN = sizeof(PREV) - 1 + HASH_HEX + sizeof(TAIL) - 1,
	LINE_MAX_ = sizeof(HEAD) - 1 + 20 + 1 + AUDIT_FIELDS_MAX + END_LEN,
	READ_OCTETS = 1 << 20		// of lines read at a time
};
#define SEQ_MAX ((int64_t)1 << 53)	// numbers of JSON are exact so far

static void
put_hex(char *out, const uint8_t hash[32])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 32; i++) {
		out[2 * i] = digits[hash[i] >> 4];
		out[2 * i + 1] = digits[hash[i] & 15];
	}
}

// ---- appending

// The line is made around the fields, so that nothing is allocated while committing.
enum { RESERVE = sizeof(HEAD) + 20 };
struct audit_op { struct store_op op; size_t fields_len; char text[]; };

static struct span
make_line(struct audit_op *op, const struct audit_head *head)
{
	char start[RESERVE + 1], *end = op->text + RESERVE + op->fields_len;
	size_t len = (size_t)snprintf(start, sizeof(start), HEAD "%lld%s", (long long)(head->seq + 1), op->fields_len > 0 ? "," : "");

	memcpy(op->text + RESERVE - len, start, len);
	memcpy(end, PREV, sizeof(PREV) - 1);
	put_hex(end + sizeof(PREV) - 1, head->hash);
	memcpy(end + sizeof(PREV) - 1 + HASH_HEX, TAIL, sizeof(TAIL) - 1);
	return span_of(op->text + RESERVE - len, len + op->fields_len + END_LEN);
}

static void
sum_of(struct row_sum *sum, const struct store_db *db, int64_t seq, struct span line, int64_t total)
{
	row_sum_begin(sum, db, "audit");
	row_sum_int(sum, seq);
	row_sum_octets(sum, line);
	row_sum_int(sum, total);
}

static bool
insert(struct store_db *db, const struct audit_head *head, struct span line)
{
	struct query q = query_begin(db, QUERY_AUDIT_INSERT, "INSERT INTO audit(seq, line, total, len, crc) VALUES(?1,?2,?3,?4,?5)");
	struct row_sum sum;

	sum_of(&sum, db, head->seq, line, head->total);
	query_int(&q, head->seq);
	query_octets(&q, line);
	query_int(&q, head->total);
	query_int(&q, sum.len);
	query_int(&q, sum.crc);
	return query_run(&q);
}

static enum store_result
run_append(struct store_db *db, struct store_op *base, struct store_conflict *conflict)
{
	struct audit_op *op = (struct audit_op *)base;
	struct span line = make_line(op, &db->audit);
	struct audit_head next = { .seq = db->audit.seq + 1, .total = db->audit.total + (int64_t)line.len };

	(void)conflict;
	if (db->hash == NULL || next.seq >= SEQ_MAX || !db->hash(&line, 1, next.hash) || !insert(db, &next, line))
		return STORE_FAILED;
	db->audit = next;
	return STORE_DONE;
}

bool
audit_append(struct store_unit *u, struct span fields)
{
	struct audit_op *op = NULL;
	bool fits = fields.len <= AUDIT_FIELDS_MAX;

	// A record is one line.
	for (size_t i = 0; fits && i < fields.len; i++)
		fits = fields.data[i] >= ' ';
	if (fits)
		op = unit_add(u, sizeof(*op) + RESERVE + fields.len + END_LEN, run_append);
	if (op == NULL) {
		u->failed = true;
		return false;
	}
	op->fields_len = fields.len;
	if (fields.len > 0)
		memcpy(op->text + RESERVE, fields.data, fields.len);
	return true;
}

// ---- reading

static bool
read_row(const struct query *q, int64_t *seq, struct span *line, int64_t *total)
{
	struct row_sum sum;
	int64_t len, crc;

	if (!column_int(q, 0, seq) || !column_octets(q, 1, line) || !column_int(q, 2, total) || !column_int(q, 3, &len) || !column_int(q, 4, &crc))
		return false;
	sum_of(&sum, q->db, *seq, *line, *total);
	return len == sum.len && crc == sum.crc;
}

// What is kept is counted by the totals of the newest and the oldest row.
static bool
count_gone(struct store_db *db)
{
	struct query q = query_begin(db, QUERY_AUDIT_GONE, "SELECT total, length(line) FROM audit ORDER BY seq LIMIT 1");
	int64_t total = db->audit.total, len = 0;

	if (query_row(&q) && column_int(&q, 0, &total) && column_int(&q, 1, &len) && total >= len && total <= db->audit.total)
		db->audit_gone = total - len;
	return query_end(&q);
}

// The newest row leads the chain on. Is it damaged, the chain goes on from what
// stands there: a check of the lines shows the break, and no number is used twice.
bool
audit_begin(struct store_db *db)
{
	struct query q = query_begin(db, QUERY_AUDIT_LAST, "SELECT seq, line, total, len, crc FROM audit ORDER BY seq DESC LIMIT 2");
	struct audit_head head = { .seq = 0 };
	struct span line = { NULL, 0 };
	int64_t total = 0, seq;
	bool good = true, hashed = true;

	if (query_row(&q)) {
		good = read_row(&q, &head.seq, &line, &head.total);
		if (line.data != NULL && db->hash != NULL)
			hashed = db->hash(&line, 1, head.hash);
		size_t len = line.len;
		if (!good) {
			db_bad_row(db, FAMILY_AUDIT, head.seq);
			head.total = query_row(&q) && read_row(&q, &seq, &line, &total) ? total + (int64_t)len : (int64_t)len;
		}
	}
	if (!query_end(&q))
		return false;
	if (!hashed || head.seq < 0 || head.seq >= SEQ_MAX) {
		db_fail(db, hashed ? SQLITE_CORRUPT : SQLITE_NOMEM);
		return false;
	}
	db->audit = head;
	return count_gone(db) && (good || db_transaction(db, NULL, NULL));
}

static bool
append_line(struct audit_line ***tail, int64_t seq, struct span line)
{
	struct audit_line *l = mem_alloc(sizeof(*l) + line.len);

	if (l == NULL)
		return false;
	l->seq = seq;
	l->len = line.len;
	memcpy(l->octets, line.data, line.len);
	**tail = l;
	*tail = &l->next;
	return true;
}

bool
audit_lines(struct store_db *db, int64_t after, size_t max, struct audit_line **out, int64_t *last)
{
	struct query q = query_begin(db, QUERY_AUDIT_AFTER, "SELECT seq, line, total, len, crc FROM audit WHERE seq>?1 ORDER BY seq LIMIT ?2");
	struct audit_line **tail = out;
	struct span line;
	int64_t seq, total;
	size_t octets = 0;
	bool well = true;

	*last = after;
	query_int(&q, after);
	query_int(&q, max < INT64_MAX ? (int64_t)max : INT64_MAX);
	while (well && octets < READ_OCTETS && query_row(&q)) {
		if (read_row(&q, &seq, &line, &total)) {
			well = append_line(&tail, seq, line);
			octets += line.len;
		} else {
			seq = sqlite3_column_int64(q.st, 0);
			db_bad_row(db, FAMILY_AUDIT, seq);
		}
		*last = seq;
	}
	if (!query_end(&q) || !well)
		return false;
	return db->bad_count == 0 || db_transaction(db, NULL, NULL);
}

struct reading {
	struct store_read read;
	int64_t after, last;
	size_t max;
	bool well;
	struct audit_line *lines;
	void (*each)(void *context, int64_t seq, struct span line);
	void (*done)(void *context, bool well, int64_t last);
	void *context;
};

static void
read_work(struct store_db *db, struct store_read *base)
{
	struct reading *r = container_of(base, struct reading, read);

	if (r->after < 0)
		r->after = db->audit.seq + r->after > 0 ? db->audit.seq + r->after : 0;
	r->well = db->sqlite != NULL && audit_lines(db, r->after, r->max, &r->lines, &r->last);
}

static void
read_done(struct store_read *base)
{
	struct reading *r = container_of(base, struct reading, read);

	for (struct audit_line *l = r->lines, *next; l != NULL; l = next) {
		next = l->next;
		if (r->well)
			r->each(r->context, l->seq, span_of(l->octets, l->len));
		mem_free(l);
	}
	r->done(r->context, r->well, r->well ? r->last : r->after);
	mem_free(r);
}

bool
audit_read(struct store *s, int64_t after, size_t max,
	void (*each)(void *context, int64_t seq, struct span line), void (*done)(void *context, bool well, int64_t last), void *context)
{
	struct reading *r = mem_alloc(sizeof(*r));

	if (r == NULL)
		return false;
	*r = (struct reading){ .read = { .work = read_work, .done = read_done }, .after = after, .last = after, .max = max,
		.each = each, .done = done, .context = context };
	if (store_read(s, &r->read))
		return true;
	mem_free(r);
	return false;
}

struct range { int64_t first, last; };

static bool
find_range(struct store_db *db, void *context)
{
	struct range *r = context;
	struct query q = query_begin(db, QUERY_AUDIT_RANGE, "SELECT ifnull((SELECT min(seq) FROM audit), 0), ifnull((SELECT max(seq) FROM audit), 0)");
	bool well = query_row(&q) && column_int(&q, 0, &r->first) && column_int(&q, 1, &r->last);

	return query_end(&q) && well;
}

bool
audit_range(struct store *s, int64_t *first, int64_t *last, struct fault *f)
{
	struct range r = { 0, 0 };

	if (!store_with(s, find_range, &r, f))
		return false;
	*first = r.first;
	*last = r.last;
	return true;
}

// ---- damage and old age

// A copy only: the newest row must stay, since its number may not come again.
bool
audit_bury(struct store_db *db, int64_t id)
{
	struct query q = query_begin(db, QUERY_QUARANTINE_AUDIT, "INSERT INTO quarantine(family, row, found_wall_s, content)"
		" SELECT 'audit', seq, ?2, quote(line)||','||quote(total)||','||quote(len)||','||quote(crc) FROM audit WHERE seq=?1"
		" AND NOT EXISTS (SELECT 1 FROM quarantine WHERE family='audit' AND row=?1)");
	char text[160];

	query_int(&q, id);
	query_int(&q, clock_wall_s());
	if (!query_run(&q))
		return false;
	if (sqlite3_changes(db->sqlite) == 0)
		return true;
	snprintf(text, sizeof(text), "audit record %lld is damaged: its copy stands in the table quarantine, and the chain of records is broken there", (long long)id);
	db->alarm(db, text);
	return true;
}

// Is a row beyond the cap? What its total counts behind it is kept. A row whose numbers are damaged is in nobody's way.
static bool
is_over(const struct query *q, const struct store_db *db)
{
	int64_t total, len;

	if (!column_int(q, 1, &total) || !column_int(q, 2, &len) || total < 0 || total > db->audit.total || len < 0 || len > LINE_MAX_)
		return true;
	return db->audit.total - total + len > db->audit_keep;
}

bool
audit_purge(struct store_db *db, bool *more)
{
	int64_t until = 0, seq, rows = 0;
	struct query q;

	if (!count_gone(db))
		return false;
	if (db->audit_keep <= 0)
		return true;
	q = query_begin(db, QUERY_AUDIT_OLDEST, "SELECT seq, total, length(line) FROM audit ORDER BY seq LIMIT ?1");
	query_int(&q, STORE_PURGE_ROWS);
	while (query_row(&q) && column_int(&q, 0, &seq) && seq < db->audit.seq && is_over(&q, db)) {
		until = seq;
		rows++;
	}
	if (!query_end(&q))
		return false;
	if (rows == 0)
		return true;
	*more = *more || rows == STORE_PURGE_ROWS;
	q = query_begin(db, QUERY_AUDIT_DELETE, "DELETE FROM audit WHERE seq<=?1");
	query_int(&q, until);
	return query_run(&q);
}

// ---- checking

// {"v":1,"seq":N ... ,"prev":"64 hex digits"}
static bool
take_apart(struct span line, int64_t *seq, struct span *prev)
{
	const char *text = (const char *)line.data;
	size_t head = sizeof(HEAD) - 1, at = head;

	if (line.len < head + 1 + END_LEN || line.len > LINE_MAX_ || memcmp(text, HEAD, head) != 0)
		return false;
	for (*seq = 0; at < line.len && text[at] >= '0' && text[at] <= '9' && *seq < SEQ_MAX; at++)
		*seq = *seq * 10 + (text[at] - '0');
	size_t end = line.len - END_LEN;
	if (at == head || text[head] == '0' || *seq >= SEQ_MAX || at > end || (at < end && text[at] != ',') ||
	    memcmp(text + end, PREV, sizeof(PREV) - 1) != 0 || memcmp(text + line.len - (sizeof(TAIL) - 1), TAIL, sizeof(TAIL) - 1) != 0)
		return false;
	*prev = span_of(text + end + sizeof(PREV) - 1, HASH_HEX);
	return true;
}

bool
audit_check_line(struct audit_chain *c, struct span line, bool (*hash)(const struct span *parts, size_t count, uint8_t out[32]), struct fault *f)
{
	struct audit_chain next = { .begun = true };
	char expected[HASH_HEX];
	struct span prev;

	if (!take_apart(line, &next.seq, &prev))
		return fault_set(f, FAIL_NONE, "audit", "the line after record %lld is no audit record", (long long)c->seq);
	if (c->begun && next.seq != c->seq + 1)
		return fault_set(f, FAIL_NONE, "audit", "record %lld follows on record %lld", (long long)next.seq, (long long)c->seq);
	put_hex(expected, c->hash);	// zeros before the first
	if ((c->begun || next.seq == 1) && !span_equal(prev, span_of(expected, sizeof(expected))))
		return fault_set(f, FAIL_NONE, "audit", "record %lld does not hold the hash of the record before it: one of them was changed", (long long)next.seq);
	if (!hash(&line, 1, next.hash))
		return fault_set(f, FAIL_NONE, "audit", "record %lld could not be hashed: out of memory", (long long)next.seq);
	*c = next;
	return true;
}
