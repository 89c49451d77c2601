// SPDX-License-Identifier: GPL-3.0-or-later
// private: what the files of store/ share. struct store_db belongs to whoever
// commits: the store thread, or the caller of a store opened directly. Every
// function here that can fail leaves the first reason in db->rc.
#ifndef CMPGATE_STORE_PRIVATE_H
#define CMPGATE_STORE_PRIVATE_H

#include <sqlite3.h>

#include "base/map.h"
#include "store/audit.h"
#include "store/replay.h"
#include "store/secrets.h"
#include "store/store.h"

enum {
	STORE_VERSION = 1,		// of the schema this program writes
	STORE_PAGE = 4096,		// octets of a page of the database
	STORE_FREE_NEW = 4 << 20,	// disk kept free from units that open a transaction, so that others can end
	STORE_FREE_ALL = 1 << 20,	// and from all others
	STORE_CHECKPOINT = 4 << 20,	// octets of -wal at which it is taken over into the database
	STORE_WAL_ALARM = 16 << 20,	// octets of -wal at which a person must look
	STORE_IO_FAULTS = 2,		// I/O faults after which the store has failed for good (F-3)
	STORE_QUEUE = 256,		// units that may wait, where nothing else is asked for
	STORE_LAZY_MS = 1000,		// how long lazy units wait for company
	STORE_BAD_ROWS = 32,		// rows buried in one transaction
	STORE_PURGE_ROWS = 256		// rows removed in one transaction
};

#define STORE_FILE "cmpgate.db"
#define STORE_NEW_FILE "cmpgate.db.new"		// being made; renamed when it is whole
#define STORE_MARKER "store-marker"		// tells a first start from a lost store
#define STORE_QUARANTINE "quarantine"
#define STORE_APPLICATION 0x636d7067		// "cmpg", as application_id

// ---- stamp: the one row of `meta`. It names the store and pairs the database
// with its -wal. Each life of a -wal (from empty to the checkpoint that empties
// it) has a number. Its first commit writes (number, not ended), its last one
// before the checkpoint (number, ended). So a database that says (7, ended) is
// complete, and fits only a -wal of number 7 or 8: a -wal of another database,
// or one that a restored backup does not know, is seen before SQLite mixes them.
struct stamp {
	uint8_t id[16];			// of this store, random; in its marker as well
	struct hash_key key;		// of the hashes that are row numbers
	uint64_t number;
	bool ended;
	uint32_t schema;		// CRC-32C of the CREATE texts
};
enum { STAMP_SIZE = 60 };

void stamp_write(const struct stamp *s, uint8_t out[STAMP_SIZE]);
bool stamp_read(struct stamp *s, struct span octets);
// Find a good stamp in a page, wherever SQLite laid it; false when there is none.
bool stamp_find(struct stamp *s, struct span page);

// ---- connection: statements, each prepared once
enum statement {
	QUERY_STAMP, QUERY_SCHEMA, QUERY_QUARANTINE_AUDIT, QUERY_QUARANTINE_REPLAY, QUERY_QUARANTINE_SECRET,
	QUERY_BEGIN, QUERY_COMMIT, QUERY_ROLLBACK, QUERY_SAVEPOINT, QUERY_RELEASE, QUERY_BACK, QUERY_STAMP_PUT,
	QUERY_SECRET_GET, QUERY_SECRET_INSERT, QUERY_SECRET_UPDATE, QUERY_SECRET_DELETE, QUERY_SECRET_SCAN, QUERY_SECRET_ALL,
	QUERY_REPLAY_GET, QUERY_REPLAY_INSERT, QUERY_REPLAY_DELETE, QUERY_REPLAY_SCAN, QUERY_REPLAY_COUNT, QUERY_REPLAY_EXTEND,
	QUERY_AUDIT_INSERT, QUERY_AUDIT_LAST, QUERY_AUDIT_AFTER, QUERY_AUDIT_OLDEST, QUERY_AUDIT_DELETE, QUERY_AUDIT_RANGE, QUERY_AUDIT_GONE,
	QUERY_COUNT
};

enum family { FAMILY_SECRET, FAMILY_REPLAY, FAMILY_AUDIT };

struct audit_head { int64_t seq; uint8_t hash[32]; int64_t total; };	// total: octets of all lines ever

struct store_db {
	// setup; the folder is a copy without symbolic links
	char *folder, *path;
	int folder_fd;
	int64_t max_size, audit_keep;
	bool (*hash)(const struct span *parts, size_t count, uint8_t out[32]);
	void (*alarm)(struct store_db *db, const char *text);

	sqlite3 *sqlite;
	sqlite3_stmt *statements[QUERY_COUNT];
	int rc;				// the first result code that was no success, since db_clear_rc()
	struct stamp stamp;		// as committed
	struct audit_head audit;
	int64_t audit_gone;		// octets of lines before the oldest that is kept
	bool wal_fresh;			// nothing was written since the -wal was emptied
	int64_t wal_octets, db_octets;
	int64_t checkpoint_at, free_new, free_all;	// STORE_CHECKPOINT, STORE_FREE_*; tests set others
	ino_t db_inode, wal_inode;
	bool created, closing;

	bool failed;			// for good
	bool must_mend;			// nothing may be written before the connection was made anew
	int io_faults;
	bool told_space, told_full, told_wal;	// alarms that are raised once
	struct { enum family family; int64_t id; } bad[STORE_BAD_ROWS];	// met while reading, to be buried
	size_t bad_count;
	int64_t buried;
	int64_t purge_cursor;		// of the pass over the replay rows
};

// memory.c: give SQLite our allocator, once; false when SQLite was in use before.
bool store_memory(void);

// query.c
struct query { struct store_db *db; sqlite3_stmt *st; int rc, column; };
// Begin a statement; sql is a constant. A failure sticks until query_end().
struct query query_begin(struct store_db *db, enum statement which, const char *sql);
void query_int(struct query *q, int64_t value);
void query_octets(struct query *q, struct span value);	// as BLOB, copied by SQLite
void query_text(struct query *q, const char *value);
// Step: true when a row stands ready.
bool query_row(struct query *q);
// End; true when nothing failed. The reason goes to db->rc otherwise.
bool query_end(struct query *q);
// Run a statement that gives no rows.
bool query_run(struct query *q);
// Columns of the row; false when the value has another type, or does not fit.
bool column_int(const struct query *q, int column, int64_t *out);
bool column_octets(const struct query *q, int column, struct span *out);	// BLOB, borrowed until the next step
bool column_text(const struct query *q, int column, char *out, size_t size);
void db_fail(struct store_db *db, int rc);
// A sentence for people about db->rc.
const char *db_reason(const struct store_db *db);

// connection.c
// Open path with these flags, set and read back everything that matters. With wal, it must be in that mode.
bool connection_open(struct store_db *db, const char *path, int flags, bool wal, struct fault *f);
// Close; with keep_wal the -wal stays as it is.
void connection_close(struct store_db *db, bool keep_wal);
bool connection_quick_check(struct store_db *db, struct fault *f);
// One number of a PRAGMA.
bool connection_number(struct store_db *db, const char *sql, int64_t *out);

// schema.c
struct schema { const char *const *steps; int version; };	// steps[n] leads from version n to n + 1
extern const struct schema store_schema;
// Make a whole new database and give it its name; the marker is written last.
bool schema_create(struct store_db *db, const struct schema *schema, struct fault *f);
// Read the stamp, and hold the CREATE texts against it.
bool schema_check(struct store_db *db, struct fault *f);
// Copy the database beside itself and go up to the schema's version, one transaction for each step.
bool schema_migrate(struct store_db *db, const struct schema *schema, int64_t from, struct fault *f);
// Remove the copies of older versions: this start needed none.
void schema_forget_copies(struct store_db *db, const struct schema *schema);

// damage.c
struct marker { bool present, known; uint8_t id[16]; };	// known: its id could be read
bool marker_read(struct store_db *db, struct marker *m, struct fault *f);
bool marker_write(struct store_db *db, struct fault *f);	// db->stamp.id
// Tell whether a file system suits (magic of statfs); its name, where it has a special one.
bool file_system_suits(int64_t magic, const char **name);
bool folder_suits(struct store_db *db, struct fault *f);
bool file_exists(const struct store_db *db, const char *name, struct stat *st);
// What can be seen of the database before SQLite looks at it; odd: its last page is not whole.
struct header { bool sound, odd; int64_t version; struct stamp stamp; bool stamped; char what[96]; };
bool header_read(struct store_db *db, struct header *h, struct fault *f);
// Set database, -wal and -shm aside together; fills f with what was found and the ways out.
void quarantine(struct store_db *db, const char *what, struct fault *f);

// wal.c
enum wal { WAL_NOTHING, WAL_FITS, WAL_FOREIGN, WAL_BROKEN, WAL_UNREADABLE };
// Look at the -wal before SQLite does: WAL_NOTHING holds no whole commit.
enum wal wal_look(struct store_db *db, const struct stamp *base);

// open.c
bool db_open(struct store_db *db, const struct store_setup *setup, const struct schema *schema, enum store_opened *why, struct fault *f);
// Read what the program keeps in memory of a database that is open.
bool db_begin(struct store_db *db, struct fault *f);
void db_close(struct store_db *db);

// commit.c
bool db_transaction(struct store_db *db, bool (*work)(struct store_db *db, void *context), void *context);
// Commit all units, each under a savepoint of its own; results stand in the units.
void db_commit(struct store_db *db, struct store_unit *units, const struct store_time *purge, bool *purge_more);
// Take the -wal over into the database and empty it.
bool db_checkpoint(struct store_db *db);
// Sizes, and whether the files are still those that were opened.
bool db_look(struct store_db *db);
// Make a row known as bad; it is buried before the transaction ends.
void db_bad_row(struct store_db *db, enum family family, int64_t id);
bool db_bury(struct store_db *db);

// sum.c
uint32_t crc32c(uint32_t crc, struct span octets);
struct row_sum { uint32_t crc; int64_t len; };	// stored with each row that matters
void row_sum_begin(struct row_sum *s, const struct store_db *db, const char *family);
void row_sum_int(struct row_sum *s, int64_t value);
void row_sum_octets(struct row_sum *s, struct span value);

// unit: operations of the families, in order
struct store_op {
	struct store_op *next;
	enum store_result (*run)(struct store_db *db, struct store_op *op, struct store_conflict *conflict);
};
struct store_unit {
	struct store_unit *next;
	struct store_op *first, **tail;
	bool failed;			// memory was out while it was built, or a row does not fit
	bool opens;			// a transaction; refused early when the disk fills up
	store_applied *applied;
	void *context;
	enum store_result result;
	struct store_conflict conflict;
};
// Make room for an operation (size octets, begins with struct store_op) at the
// end of the unit; NULL (and the unit failed) without memory.
void *unit_add(struct store_unit *u, size_t size, enum store_result (*run)(struct store_db *, struct store_op *, struct store_conflict *));

// families
bool secrets_verify(struct store_db *db);	// each row; bad ones are noted
bool secrets_bury(struct store_db *db, int64_t id);
bool secrets_hand_out(struct store_db *db, void (*each)(void *context, const struct secret_row *row), void *context);
bool replay_verify(struct store_db *db);
bool replay_bury(struct store_db *db, int64_t id);
bool replay_number(struct store_db *db, int64_t *count);
bool replay_purge(struct store_db *db, const struct store_time *now, bool *more);
bool audit_begin(struct store_db *db);
bool audit_bury(struct store_db *db, int64_t id);
bool audit_purge(struct store_db *db, bool *more);
bool audit_first_last(struct store_db *db, int64_t *first, int64_t *last);
struct audit_line { struct audit_line *next; int64_t seq; size_t len; uint8_t octets[]; };
// Read lines after a number, at most max and 1 MiB, into a list of blocks for mem_free().
bool audit_lines(struct store_db *db, int64_t after, size_t max, struct audit_line **out, int64_t *last);

// store.c: run work with the turn to use the database.
bool store_with(struct store *s, bool (*work)(struct store_db *db, void *context), void *context, struct fault *f);
// For tests: as store_open and store_open_direct, with another schema.
struct store *store_open_with(uv_loop_t *loop, const struct store_setup *setup, const struct schema *schema, enum store_opened *why, struct fault *f);
// Hand a reading job to the store thread; done() on the loop.
struct store_read {
	struct store_read *next;
	void (*work)(struct store_db *db, struct store_read *r);
	void (*done)(struct store_read *r);	// frees it
};
bool store_read(struct store *s, struct store_read *r);

#endif
