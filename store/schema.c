// SPDX-License-Identifier: GPL-3.0-or-later
// schema: what the tables are, how a new database comes to be, and how an older
// one goes up. A database is made under another name and renamed when it is
// whole, so that a cut while making one leaves nothing that looks like a store.
#include "store/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"

// Columns have no types: a flipped type in one row is that row's damage, found
// by its sum, and not the whole database's, as quick_check would have it.
// `meta` comes first: its page is looked at without SQLite. Rows are found by
// number; where that is a keyed hash of the row's key, no second tree is needed.
static const char first_step[] =
	"CREATE TABLE meta(id INTEGER PRIMARY KEY, stamp);"
	"CREATE TABLE secret(id INTEGER PRIMARY KEY, tbl, reference, value_tag, state, transaction_id, failures,"
	" window_wall_s, changed_wall_s, version, len, crc);"
	"CREATE TABLE replay(id INTEGER PRIMARY KEY, transaction_id, identity, digest, boot, mono_ms, wall_s, synced, len, crc);"
	"CREATE TABLE audit(seq INTEGER PRIMARY KEY, line, total, len, crc);"
	"CREATE TABLE quarantine(id INTEGER PRIMARY KEY, family, row, found_wall_s, content);"
	"PRAGMA user_version=1;";

static const char *const steps[STORE_VERSION] = { first_step };
const struct schema store_schema = { steps, STORE_VERSION };

// What CREATE left, as one number.
static bool
sum_texts(struct store_db *db, uint32_t *sum)
{
	struct query q = query_begin(db, QUERY_SCHEMA, "SELECT type||'/'||name||'/'||tbl_name||'/'||sql FROM sqlite_schema ORDER BY rowid");

	*sum = 0;
	while (query_row(&q)) {
		const unsigned char *text = sqlite3_column_text(q.st, 0);
		*sum = crc32c(*sum, span_of(text, text != NULL ? (size_t)sqlite3_column_bytes(q.st, 0) : 0));
	}
	return query_end(&q);
}

struct step { const char *sql; bool first; };

static bool
put_first_stamp(struct store_db *db)
{
	uint8_t octets[STAMP_SIZE];
	sqlite3_stmt *st = NULL;
	int rc;

	stamp_write(&db->stamp, octets);
	rc = sqlite3_prepare_v2(db->sqlite, "INSERT INTO meta(id, stamp) VALUES(1, ?1)", -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(st, 1, octets, STAMP_SIZE, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	sqlite3_finalize(st);
	if (rc == SQLITE_DONE)
		return true;
	db_fail(db, rc);
	return false;
}

// One step, within a transaction: its text raises user_version as well.
static bool
take_step(struct store_db *db, void *context)
{
	const struct step *s = context;
	int rc = sqlite3_exec(db->sqlite, s->sql, NULL, NULL, NULL);

	if (rc != SQLITE_OK) {
		db_fail(db, rc);
		return false;
	}
	return sum_texts(db, &db->stamp.schema) && (!s->first || put_first_stamp(db));
}

static bool
take_steps(struct store_db *db, const struct schema *schema, int64_t from)
{
	for (int64_t v = from; v < schema->version; v++) {
		struct step s = { schema->steps[v], v == 0 };
		if (!db_transaction(db, take_step, &s))
			return false;
	}
	return true;
}

// ---- a new one

static const char *const leftovers[] = {
	STORE_NEW_FILE, STORE_NEW_FILE "-wal", STORE_NEW_FILE "-shm", STORE_NEW_FILE "-journal", NULL
};

static bool
make_file(struct store_db *db, const char *name, struct fault *f)
{
	int fd = openat(db->folder_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return fault_set(f, FAIL_NONE, db->folder, "cannot make a file in the state folder: %s", strerror(errno));
	close(fd);
	return true;
}

static bool
fill_new(struct store_db *db, const char *path, const struct schema *schema, struct fault *f)
{
	static const char settings[] = "PRAGMA page_size=4096; PRAGMA auto_vacuum=NONE; PRAGMA encoding='UTF-8'; PRAGMA application_id=1668116583;"
		"PRAGMA journal_mode=WAL";
	int rc;

	if (!connection_open(db, path, SQLITE_OPEN_READWRITE, false, f))
		return false;
	rc = sqlite3_exec(db->sqlite, settings, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		db_fail(db, rc);
	db->stamp = (struct stamp){ .number = 0 };
	db->wal_fresh = false;
	if (!random_octets(db->stamp.id, sizeof(db->stamp.id)) || !random_octets(&db->stamp.key, sizeof(db->stamp.key)))
		return fault_set(f, FAIL_NONE, db->path, "no random octets for a new store");
	return rc == SQLITE_OK && take_steps(db, schema, 0) && db_checkpoint(db);
}

// The -wal must be gone with the last connection: the file is whole without it.
static bool
give_name(struct store_db *db, struct fault *f)
{
	int fd = openat(db->folder_fd, STORE_NEW_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	bool well = fd >= 0 && !file_exists(db, STORE_NEW_FILE "-wal", NULL) && fsync(fd) == 0 &&
		renameat(db->folder_fd, STORE_NEW_FILE, db->folder_fd, STORE_FILE) == 0 && fsync(db->folder_fd) == 0;

	if (!well)
		fault_set(f, FAIL_NONE, db->folder, "cannot write a new database: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return well;
}

bool
schema_create(struct store_db *db, const struct schema *schema, struct fault *f)
{
	char *path = mem_printf("%s/%s", db->folder, STORE_NEW_FILE);
	bool well;

	for (const char *const *name = leftovers; *name != NULL; name++)
		unlinkat(db->folder_fd, *name, 0);
	well = path != NULL && make_file(db, STORE_NEW_FILE, f) && fill_new(db, path, schema, f);
	if (!well)
		fault_set(f, FAIL_NONE, db->folder, "cannot make a new store: %s", path == NULL ? "out of memory" : db_reason(db));
	connection_close(db, false);
	mem_free(path);
	return well && give_name(db, f);
}

// ---- one that is there

bool
schema_check(struct store_db *db, struct fault *f)
{
	struct query q = query_begin(db, QUERY_STAMP,
		"SELECT m.stamp, s.rootpage FROM meta AS m, sqlite_schema AS s WHERE m.id=1 AND s.name='meta'");
	struct span octets;
	int64_t root = 0;
	uint32_t sum = 0;
	bool found = query_row(&q) && column_octets(&q, 0, &octets) && column_int(&q, 1, &root) && root == 2 && stamp_read(&db->stamp, octets);

	if (!query_end(&q) || (found && !sum_texts(db, &sum)))
		return fault_set(f, FAIL_NONE, db->path, "cannot read the database: %s", db_reason(db));
	if (found && sum == db->stamp.schema)
		return true;
	db_fail(db, SQLITE_CORRUPT);
	return fault_set(f, FAIL_NONE, db->path, "the tables are not those of a store of cmpgate");
}

// ---- going up

static void
copy_name(char *out, size_t size, int64_t version)
{
	snprintf(out, size, STORE_FILE ".v%lld", (long long)version);
}

static bool
copy_pages(struct store_db *db, const char *path, struct fault *f)
{
	sqlite3 *copy = NULL;
	sqlite3_backup *backup = NULL;
	int rc = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);

	if (rc == SQLITE_OK && (backup = sqlite3_backup_init(copy, "main", db->sqlite, "main")) == NULL)
		rc = sqlite3_errcode(copy);
	if (backup != NULL) {
		rc = sqlite3_backup_step(backup, -1);
		int end = sqlite3_backup_finish(backup);
		rc = rc == SQLITE_DONE ? end : rc;
	}
	if (rc != SQLITE_OK) {
		db_fail(db, rc);
		fault_set(f, FAIL_NONE, path, "cannot copy the store before its tables are changed: %s", sqlite3_errstr(rc));
	}
	if (sqlite3_close(copy) == SQLITE_OK && rc == SQLITE_OK)
		return true;
	return fault_set(f, FAIL_NONE, path, "cannot copy the store before its tables are changed");
}

// SQLite syncs the copy when it ends; the folder is ours to sync.
static bool
copy_aside(struct store_db *db, int64_t version, struct fault *f)
{
	char name[40];
	char *path;

	copy_name(name, sizeof(name), version);
	unlinkat(db->folder_fd, name, 0);
	if (!make_file(db, name, f))
		return false;
	path = mem_printf("%s/%s", db->folder, name);
	if (path == NULL)
		return fault_set(f, FAIL_NONE, db->folder, "out of memory");
	bool well = copy_pages(db, path, f);
	mem_free(path);
	if (well && fsync(db->folder_fd) != 0)
		return fault_set(f, FAIL_NONE, db->folder, "cannot sync the state folder: %s", strerror(errno));
	return well;
}

bool
schema_migrate(struct store_db *db, const struct schema *schema, int64_t from, struct fault *f)
{
	if (!copy_aside(db, from, f))
		return false;
	if (take_steps(db, schema, from))
		return true;
	return fault_set(f, FAIL_NONE, db->path, "cannot bring the store from version %lld to %d: %s; nothing was lost, the copy %s.v%lld stands beside it",
		(long long)from, schema->version, db_reason(db), STORE_FILE, (long long)from);
}

void
schema_forget_copies(struct store_db *db, const struct schema *schema)
{
	char name[40];

	for (int64_t v = 1; v < schema->version; v++) {
		copy_name(name, sizeof(name), v);
		unlinkat(db->folder_fd, name, 0);
	}
}
