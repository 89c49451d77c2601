// SPDX-License-Identifier: GPL-3.0-or-later
// commit: one transaction for all units that wait, and what follows when it
// fails (F-3): everything in it is refused, the connection is made anew, the
// database checked and read again before the next write, and a second I/O fault
// ends the store. Nothing is synced again in the hope that it works this time.
#include "store/private.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>

static const char begin_sql[] = "BEGIN IMMEDIATE";

static bool
run(struct store_db *db, enum statement which, const char *sql)
{
	struct query q = query_begin(db, which, sql);

	return query_run(&q);
}

// A failure inside SQLite may have ended the transaction already.
static void
roll_back(struct store_db *db)
{
	if (db->sqlite != NULL && sqlite3_get_autocommit(db->sqlite) == 0)
		run(db, QUERY_ROLLBACK, "ROLLBACK");
}

// ---- the stamp

static bool
put_stamp(struct store_db *db, const struct stamp *s)
{
	uint8_t octets[STAMP_SIZE];
	struct query q = query_begin(db, QUERY_STAMP_PUT, "UPDATE meta SET stamp=?1 WHERE id=1");

	stamp_write(s, octets);
	query_octets(&q, span_of(octets, sizeof(octets)));
	return query_run(&q);
}

// Before a commit: what the stamp must say in it (see private.h).
static bool
renew_stamp(struct store_db *db, const struct stamp *before, bool ends)
{
	struct stamp want = db->stamp;

	want.ended = ends;
	if (db->wal_fresh && !ends)
		want.number++;
	if (want.number == before->number && want.ended == before->ended && want.schema == before->schema)
		return true;
	db->stamp = want;
	return put_stamp(db, &want);
}

// ---- files

bool
db_look(struct store_db *db)
{
	struct stat st, wal;

	if (!file_exists(db, STORE_FILE, &st) || !file_exists(db, STORE_FILE "-wal", &wal))
		return false;
	if (db->db_inode == 0) {
		db->db_inode = st.st_ino;
		db->wal_inode = wal.st_ino;
	}
	db->db_octets = st.st_size;
	db->wal_octets = wal.st_size;
	return st.st_ino == db->db_inode && wal.st_ino == db->wal_inode;
}

// Write the end of this -wal into it, take it over, empty it.
bool
db_checkpoint(struct store_db *db)
{
	if (db->wal_fresh && db->stamp.ended)
		return true;
	struct stamp before = db->stamp;
	if (!before.ended && !(run(db, QUERY_BEGIN, begin_sql) && renew_stamp(db, &before, true) && run(db, QUERY_COMMIT, "COMMIT"))) {
		roll_back(db);
		db->stamp = before;
		return false;
	}
	int rc = sqlite3_wal_checkpoint_v2(db->sqlite, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc != SQLITE_OK)
		db_fail(db, rc);
	db->wal_fresh = rc == SQLITE_OK;
	return db->wal_fresh;
}

// After a commit: a checkpoint that fails is no lost commit, it is tried again at the next one.
static void
tend_wal(struct store_db *db)
{
	char text[160];

	if (db->wal_octets < db->checkpoint_at)
		return;
	bool well = db_checkpoint(db);
	db->rc = SQLITE_OK;
	if (!well && db->wal_octets >= STORE_WAL_ALARM && !db->told_wal) {
		snprintf(text, sizeof(text), "the -wal of the store has grown to %lld octets and cannot be taken over; does another program hold the database open?",
			(long long)db->wal_octets);
		db->alarm(db, text);
	}
	db->told_wal = !well && db->wal_octets >= STORE_WAL_ALARM;
	db_look(db);
}

// ---- failures

enum kind { KIND_PASSING, KIND_MEMORY, KIND_IO };

static enum kind
kind_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL: case SQLITE_BUSY: case SQLITE_LOCKED: return KIND_PASSING;
	case SQLITE_NOMEM: return KIND_MEMORY;
	}
	return rc == SQLITE_IOERR_NOMEM ? KIND_MEMORY : KIND_IO;
}

static void
give_up(struct store_db *db, const char *reason)
{
	char text[512];

	if (db->failed)
		return;
	db->failed = true;
	snprintf(text, sizeof(text), "the store has failed (%s): nothing is recorded any more until the gateway is started again", reason);
	db->alarm(db, text);
}

// The checkpoint comes first: it brings over what was synced before the failure,
// and the frames of the group that failed go with the -wal. (SQLite took them
// back for this connection; a cut now would bring them to life.)
static bool
mend(struct store_db *db)
{
	struct fault f = { 0 };
	char text[400];
	struct stamp known = db->stamp;
	bool well, anew = false;

	db->rc = SQLITE_OK;
	well = db->sqlite == NULL || db_checkpoint(db);
	if (well) {
		connection_close(db, false);
		db->db_inode = 0;
		anew = true;
		well = connection_open(db, db->path, SQLITE_OPEN_READWRITE, true, &f) && connection_quick_check(db, &f) && db_begin(db, &f);
		if (well && (memcmp(known.id, db->stamp.id, sizeof(known.id)) != 0 || !db_look(db))) {
			well = false;
			db_fail(db, SQLITE_NOTADB);
		}
	}
	if (well) {
		db->must_mend = false;
	} else if (kind_of(db->rc) != KIND_MEMORY) {
		give_up(db, f.set ? fault_text(&f, text, sizeof(text)) : db_reason(db));
	}
	if (!well && anew)
		connection_close(db, true);	// half made
	db->rc = SQLITE_OK;
	return well;
}

static bool
is_usable(struct store_db *db)
{
	return !db->failed && (!db->must_mend || mend(db));
}

// After a transaction that failed with db->rc. True when the outcome is known:
// nothing of it is there.
static bool
settle_failure(struct store_db *db, bool at_commit)
{
	enum kind kind = kind_of(db->rc);
	char text[240];

	if (kind == KIND_PASSING) {
		if ((db->rc & 0xff) == SQLITE_FULL && !db->told_full) {
			db->told_full = true;
			db->alarm(db, "the store is full: the disk has no room, or store.max_size is reached; requests are refused");
		}
		return true;	// the frame that commits is written last, and was not
	}
	if (kind == KIND_IO) {
		snprintf(text, sizeof(text), "the store met a fault (%s); what was under way is refused, and the database is opened anew and checked", db_reason(db));
		db->alarm(db, text);
		snprintf(text, sizeof(text), "%s, for the second time", db_reason(db));
		if (++db->io_faults >= STORE_IO_FAULTS)
			give_up(db, text);
	}
	if (kind == KIND_MEMORY && !at_commit)
		return true;
	db->must_mend = true;
	return is_usable(db) || !at_commit;
}

// ---- rows that are bad

void
db_bad_row(struct store_db *db, enum family family, int64_t id)
{
	for (size_t i = 0; i < db->bad_count; i++)
		if (db->bad[i].family == family && db->bad[i].id == id)
			return;
	if (db->bad_count == STORE_BAD_ROWS)
		return;		// met again the next time
	db->bad[db->bad_count].family = family;
	db->bad[db->bad_count].id = id;
	db->bad_count++;
}

bool
db_bury(struct store_db *db)
{
	bool well = true;

	for (size_t i = 0; well && i < db->bad_count; i++) {
		switch (db->bad[i].family) {
		case FAMILY_SECRET: well = secrets_bury(db, db->bad[i].id); break;
		case FAMILY_REPLAY: well = replay_bury(db, db->bad[i].id); break;
		case FAMILY_AUDIT: well = audit_bury(db, db->bad[i].id); break;
		}
	}
	return well;
}

// ---- transactions

bool
db_transaction(struct store_db *db, bool (*work)(struct store_db *db, void *context), void *context)
{
	struct stamp stamp = db->stamp;
	struct audit_head audit = db->audit;
	bool well = run(db, QUERY_BEGIN, begin_sql) && (work == NULL || work(db, context)) && db_bury(db) &&
		renew_stamp(db, &stamp, false) && run(db, QUERY_COMMIT, "COMMIT");

	if (!well) {
		roll_back(db);
		db->stamp = stamp;
		db->audit = audit;
		return false;
	}
	db->bad_count = 0;
	db->wal_fresh = false;
	return true;
}

static enum store_result
run_ops(struct store_db *db, struct store_unit *u)
{
	enum store_result result = STORE_DONE;

	for (struct store_op *op = u->first; op != NULL && result == STORE_DONE; op = op->next)
		result = op->run(db, op, &u->conflict);
	return result;
}

// A conflict of one unit takes nothing but this unit back.
static void
run_unit(struct store_db *db, struct store_unit *u)
{
	struct audit_head audit = db->audit;

	u->result = STORE_FAILED;
	if (!run(db, QUERY_SAVEPOINT, "SAVEPOINT unit"))
		return;
	u->result = run_ops(db, u);
	if (u->result != STORE_DONE) {
		db->audit = audit;
		if (db->rc != SQLITE_OK || !run(db, QUERY_BACK, "ROLLBACK TO unit"))
			return;
	}
	run(db, QUERY_RELEASE, "RELEASE unit");
}

static void
set_results(struct store_unit *units, enum store_result result)
{
	for (struct store_unit *u = units; u != NULL; u = u->next)
		u->result = result;
}

// Space is kept for those that are under way: who opens a transaction is refused first.
static int64_t
space(struct store_db *db)
{
	struct statvfs fs;

	return fstatvfs(db->folder_fd, &fs) == 0 ? (int64_t)fs.f_bavail * (int64_t)fs.f_frsize : INT64_MAX;
}

static bool
has_space(struct store_db *db, const struct store_unit *u, int64_t free)
{
	if (free >= (u->opens ? db->free_new : db->free_all))
		return true;
	if (!db->told_space)
		db->alarm(db, "the disk of the state folder is nearly full: requests are refused until there is room again");
	db->told_space = true;
	return false;
}

// Everything between BEGIN and COMMIT; sets `wrote` when there is something to commit.
static bool
run_group(struct store_db *db, struct store_unit *units, const struct store_time *purge, bool *more, bool *wrote)
{
	int64_t free = space(db);

	for (struct store_unit *u = units; u != NULL; u = u->next) {
		if (u->first == NULL)
			u->result = STORE_DONE;
		else if (!has_space(db, u, free))
			u->result = STORE_FAILED;
		else
			run_unit(db, u);
		if (db->rc != SQLITE_OK)
			return false;
		*wrote = *wrote || (u->first != NULL && u->result == STORE_DONE);
	}
	db->told_space = db->told_space && free < db->free_new;
	*wrote = *wrote || db->bad_count > 0;
	if (!db_bury(db))
		return false;
	if (purge != NULL) {
		int changes = sqlite3_total_changes(db->sqlite);
		if (!replay_purge(db, purge, more) || !audit_purge(db, more) || !db_bury(db))
			return false;
		*wrote = *wrote || sqlite3_total_changes(db->sqlite) != changes;
	}
	return true;
}

void
db_commit(struct store_db *db, struct store_unit *units, const struct store_time *purge, bool *purge_more)
{
	bool wrote = false, at_commit = false;

	*purge_more = false;
	if (!is_usable(db)) {
		set_results(units, STORE_FAILED);
		return;
	}
	db->rc = SQLITE_OK;
	struct stamp stamp = db->stamp;
	struct audit_head audit = db->audit;
	bool well = run(db, QUERY_BEGIN, begin_sql) && run_group(db, units, purge, purge_more, &wrote);
	if (well && wrote) {
		well = renew_stamp(db, &stamp, db->wal_octets >= db->checkpoint_at);
		at_commit = well;
		well = well && run(db, QUERY_COMMIT, "COMMIT");
	}
	if (!well || !wrote) {
		int rc = db->rc;
		roll_back(db);
		db->rc = rc;
		db->stamp = stamp;
		db->audit = audit;
	}
	if (!well) {
		set_results(units, settle_failure(db, at_commit) ? STORE_FAILED : STORE_UNKNOWN);
		return;
	}
	db->bad_count = 0;
	if (!wrote)
		return;
	db->wal_fresh = db->told_full = false;
	if (!db_look(db)) {
		// Removed or moved under us: what was committed went where nobody finds it, until it is taken over.
		db->rc = SQLITE_READONLY_DBMOVED;
		if (!settle_failure(db, true))
			set_results(units, STORE_UNKNOWN);
		return;
	}
	tend_wal(db);
}
