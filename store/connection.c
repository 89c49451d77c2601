// SPDX-License-Identifier: GPL-3.0-or-later
// connection: the one connection to the database, with every setting that
// keeps a promise or keeps a hostile file harmless set and read back.
#include "store/private.h"

#include <stdio.h>
#include <stdlib.h>

#define READ_MAX 160	// octets of a value that is read back

struct pragma { const char *set, *get, *value; };

// synchronous is a setting of each connection, not of the file.
static const struct pragma pragmas[] = {
	{ "PRAGMA busy_timeout=500", "PRAGMA busy_timeout", "500" },	// an operator's sqlite3 may read beside us
	{ "PRAGMA cell_size_check=ON", "PRAGMA cell_size_check", "1" },
	{ "PRAGMA trusted_schema=OFF", "PRAGMA trusted_schema", "0" },
	{ "PRAGMA foreign_keys=ON", "PRAGMA foreign_keys", "1" },
	{ "PRAGMA mmap_size=0", "PRAGMA mmap_size", "0" },		// a dying disk would be SIGBUS
	{ "PRAGMA temp_store=MEMORY", "PRAGMA temp_store", "2" },
	{ "PRAGMA cache_size=-256", "PRAGMA cache_size", "-256" },	// KiB
	{ "PRAGMA secure_delete=FAST", "PRAGMA secure_delete", "2" },
	{ "PRAGMA wal_autocheckpoint=0", "PRAGMA wal_autocheckpoint", "0" },	// see db_checkpoint()
	{ "PRAGMA journal_size_limit=4194304", "PRAGMA journal_size_limit", "4194304" },
	{ "PRAGMA synchronous=FULL", "PRAGMA synchronous", "2" },
	{ NULL, NULL, NULL }
};

static const struct { int option, value; } switches[] = {
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 }, { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 }, { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 }, { SQLITE_DBCONFIG_ENABLE_VIEW, 0 }, { SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_DQS_DDL, 0 }, { SQLITE_DBCONFIG_DQS_DML, 0 }, { SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 }
};

// The first value a statement gives, as text; "" when it gives none.
static bool
read_value(struct store_db *db, const char *sql, char out[READ_MAX])
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db->sqlite, sql, -1, &st, NULL);

	out[0] = '\0';
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const unsigned char *text = sqlite3_column_text(st, 0);
		if (text == NULL)
			rc = SQLITE_NOMEM;
		else
			snprintf(out, READ_MAX, "%s", (const char *)text);
	}
	sqlite3_finalize(st);
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		return true;
	db_fail(db, rc);
	return false;
}

bool
connection_number(struct store_db *db, const char *sql, int64_t *out)
{
	char text[READ_MAX];

	if (!read_value(db, sql, text))
		return false;
	*out = strtoll(text, NULL, 10);
	return true;
}

static bool
set_switches(struct store_db *db, struct fault *f)
{
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		int now = -1;
		int rc = sqlite3_db_config(db->sqlite, switches[i].option, switches[i].value, &now);
		if (rc == SQLITE_OK && now == switches[i].value)
			continue;
		db_fail(db, SQLITE_MISUSE);
		return fault_set(f, FAIL_NONE, db->path, "SQLite does not take its switch %d", switches[i].option);
	}
	sqlite3_limit(db->sqlite, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db->sqlite, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqlite3_limit(db->sqlite, SQLITE_LIMIT_LENGTH, 1 << 20);
	return true;
}

static bool
set_pragma(struct store_db *db, const struct pragma *p, struct fault *f)
{
	char value[READ_MAX];

	// A build without memory mapping answers nothing to mmap_size.
	if (!read_value(db, p->set, value) || !read_value(db, p->get, value))
		return fault_set(f, FAIL_NONE, db->path, "cannot set up the database (%s): %s", p->set, db_reason(db));
	if (strcmp(value, p->value) == 0 || (value[0] == '\0' && strcmp(p->value, "0") == 0))
		return true;
	db_fail(db, SQLITE_MISUSE);
	return fault_set(f, FAIL_NONE, db->path, "SQLite did not take the setting '%s': it says '%s'", p->set, value);
}

// journal_mode can fail quietly and answer with another mode.
static bool
is_wal(struct store_db *db, struct fault *f)
{
	char value[READ_MAX];

	if (!read_value(db, "PRAGMA journal_mode", value))
		return fault_set(f, FAIL_NONE, db->path, "cannot read the database: %s", db_reason(db));
	if (strcmp(value, "wal") == 0)
		return true;
	db_fail(db, SQLITE_CORRUPT);
	return fault_set(f, FAIL_NONE, db->path, "the database is in journal mode '%s', not in WAL", value);
}

// Fewer pages than there are cannot be asked for: then SQLite keeps the number there is.
static bool
cap_size(struct store_db *db)
{
	char sql[64], value[READ_MAX];
	int64_t pages = db->max_size / STORE_PAGE;

	if (db->max_size <= 0)
		return true;
	// The one PRAGMA with a number of the caller's: PRAGMAs take no bound values.
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%lld", (long long)(pages > 0 ? pages : 1));
	return read_value(db, sql, value);
}

bool
connection_open(struct store_db *db, const char *path, int flags, bool wal, struct fault *f)
{
	int rc = sqlite3_open_v2(path, &db->sqlite, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_extended_result_codes(db->sqlite, 1);
	if (rc != SQLITE_OK) {
		db_fail(db, rc);
		return fault_set(f, FAIL_NONE, db->path, "cannot open the database: %s", db_reason(db));
	}
	if (!set_switches(db, f))
		return false;
	for (const struct pragma *p = pragmas; p->set != NULL; p++)
		if (!set_pragma(db, p, f))
			return false;
	if (wal && !is_wal(db, f))
		return false;
	if (!cap_size(db))
		return fault_set(f, FAIL_NONE, db->path, "cannot read the database: %s", db_reason(db));
	return true;
}

void
connection_close(struct store_db *db, bool keep_wal)
{
	for (int i = 0; i < QUERY_COUNT; i++) {
		sqlite3_finalize(db->statements[i]);
		db->statements[i] = NULL;
	}
	if (db->sqlite == NULL)
		return;
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep_wal ? 1 : 0, NULL);
	sqlite3_close_v2(db->sqlite);
	db->sqlite = NULL;
}

// A page that could not be read is a fault of the disk, told in the words of the
// check ("... error rc=266" or "code=266").
static int
code_within(const char *said)
{
	const char *at = strstr(said, "unable to get the page");
	int rc = at != NULL && (at = strchr(at, '=')) != NULL ? (int)strtol(at + 1, NULL, 10) : SQLITE_CORRUPT;

	return (rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_NOMEM ? rc : SQLITE_CORRUPT;
}

bool
connection_quick_check(struct store_db *db, struct fault *f)
{
	char said[READ_MAX];

	if (!read_value(db, "PRAGMA quick_check(1)", said))
		return fault_set(f, FAIL_NONE, db->path, "cannot check the database: %s", db_reason(db));
	if (strcmp(said, "ok") == 0)
		return true;
	db_fail(db, code_within(said));
	return fault_set(f, FAIL_NONE, db->path, "quick_check says: %s", said);
}
