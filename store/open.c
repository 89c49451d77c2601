// SPDX-License-Identifier: GPL-3.0-or-later
// open: the order in which a store is looked at, opened, checked and brought
// up to date. Nothing is written before everything was looked at.
#include "store/private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"

// ---- the folder

static bool
take_folder(struct store_db *db, const char *folder, struct fault *f)
{
	char real[PATH_MAX];

	// SQLite refuses paths with symbolic links: then none is left that could be changed under it.
	if (realpath(folder, real) == NULL)
		return fault_set(f, FAIL_NONE, folder, "cannot find the state folder: %s", strerror(errno));
	db->folder = mem_text(real);
	db->path = mem_printf("%s/%s", real, STORE_FILE);
	if (db->folder == NULL || db->path == NULL)
		return fault_set(f, FAIL_NONE, folder, "out of memory");
	db->folder_fd = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (db->folder_fd < 0)
		return fault_set(f, FAIL_NONE, folder, "cannot open the state folder: %s", strerror(errno));
	return folder_suits(db, f);
}

// ---- what stands there

// A damaged file is set aside; anything else is a fault of this machine. All
// our SQL is right: where SQLite finds it wrong, the tables are.
static bool
refuse(struct store_db *db, enum store_opened *why, struct fault *f)
{
	struct fault found = { 0 };
	int kind = db->rc & 0xff;

	connection_close(db, true);
	*why = STORE_LOCAL_FAULT;
	if (kind != SQLITE_CORRUPT && kind != SQLITE_NOTADB && kind != SQLITE_ERROR)
		return fault_set(f, FAIL_NONE, db->path, "cannot open the store: %s", db_reason(db));
	*why = STORE_DAMAGED;
	if (f != NULL) {
		found = *f;
		f->set = false;
	}
	quarantine(db, found.set ? found.text : db_reason(db), f);
	return false;
}

static bool
is_damaged(struct store_db *db, const char *what, enum store_opened *why, struct fault *f)
{
	*why = STORE_DAMAGED;
	quarantine(db, what, f);
	return false;
}

static bool
is_newer(struct store_db *db, int64_t version, int64_t ours, enum store_opened *why, struct fault *f)
{
	connection_close(db, true);
	*why = STORE_NEWER;
	return fault_set(f, FAIL_NONE, db->path, "the store was written by a later cmpgate (its version is %lld, this one knows %lld); nothing was touched; use that program, or a copy made before",
		(long long)version, (long long)ours);
}

static bool
is_lost(struct store_db *db, const char *what, enum store_opened *why, struct fault *f)
{
	*why = STORE_LOST;
	return fault_set(f, FAIL_NONE, db->path, "%s", what);
}

// Neither marker nor -wal without a database: the first start. Else an operator must have decided.
static bool
start_new(struct store_db *db, const struct schema *schema, const struct marker *m, bool fresh, enum store_opened *why, struct fault *f)
{
	struct fault aside = { 0 };
	bool stray = file_exists(db, STORE_FILE "-wal", NULL);

	if ((m->present || stray) && !fresh)
		return is_lost(db, "there was a store here, and its database is gone; restore a backup, or begin an empty store with cmpgate run --new-store", why, f);
	if (stray) {
		quarantine(db, "its database is gone", &aside);
		if (file_exists(db, STORE_FILE "-wal", NULL)) {
			*why = STORE_LOCAL_FAULT;
			if (f != NULL)
				*f = aside;
			return false;
		}
	}
	*why = STORE_LOCAL_FAULT;
	if (!schema_create(db, schema, f))
		return false;
	db->created = true;
	if (m->present)
		db->alarm(db, "a new, empty store was begun by order in the place of one that is gone");
	return true;
}

// The database and its -wal from outside. False: refused, and nothing is open.
static bool
look_from_outside(struct store_db *db, const struct schema *schema, const struct marker *m, enum store_opened *why, struct fault *f)
{
	struct header h;

	*why = STORE_LOCAL_FAULT;
	if (!header_read(db, &h, f))
		return false;
	if (!h.sound)
		return is_damaged(db, h.what, why, f);
	if (h.version > schema->version)
		return is_newer(db, h.version, schema->version, why, f);
	if (!h.stamped)
		return is_damaged(db, "its second page is broken", why, f);
	if (m->known && !db->created && memcmp(m->id, h.stamp.id, sizeof(m->id)) != 0)
		return is_lost(db, "this is not the store that this folder had (see the file " STORE_MARKER "); put the right one back, or remove that file to go on with this one", why, f);
	db->stamp = h.stamp;
	switch (wal_look(db, &h.stamp)) {
	case WAL_NOTHING:
		// Half a page is what a checkpoint leaves that found the disk full, and then its -wal is there.
		db->wal_fresh = true;
		return !h.odd || is_damaged(db, "it is cut off", why, f);
	case WAL_FITS: db->wal_fresh = false; return true;
	case WAL_FOREIGN: return is_damaged(db, "the file " STORE_FILE "-wal beside it belongs to another database, or to another time of this one", why, f);
	case WAL_BROKEN: return is_damaged(db, "its file " STORE_FILE "-wal is broken before its end", why, f);
	case WAL_UNREADABLE: break;
	}
	return fault_set(f, FAIL_NONE, db->path, "cannot read the -wal of the database");
}

bool
db_begin(struct store_db *db, struct fault *f)
{
	return schema_check(db, f) && audit_begin(db);
}

// Bad rows of the families that are read whole; each round buries some.
static bool
verify_rows(struct store_db *db)
{
	do {
		if (!secrets_verify(db) || !replay_verify(db))
			return false;
		if (db->bad_count > 0 && !db_transaction(db, NULL, NULL))
			return false;
	} while (db->bad_count > 0);
	return true;
}

// An operator who reads beside us holds a checkpoint up, and no more.
static bool
settle_wal(struct store_db *db)
{
	if (db_checkpoint(db))
		return true;
	if ((db->rc & 0xff) != SQLITE_BUSY)
		return false;
	db->rc = SQLITE_OK;
	return true;
}

// A step that failed was taken back: the store is whole, and of its old version.
static bool
stays_old(struct store_db *db, enum store_opened *why)
{
	connection_close(db, true);
	*why = STORE_LOCAL_FAULT;
	return false;
}

static bool
open_inside(struct store_db *db, const struct schema *schema, enum store_opened *why, struct fault *f)
{
	int64_t version = 0;

	db->rc = SQLITE_OK;
	if (!connection_open(db, db->path, SQLITE_OPEN_READWRITE, true, f) || !connection_number(db, "PRAGMA user_version", &version))
		return refuse(db, why, f);
	if (version > schema->version)
		return is_newer(db, version, schema->version, why, f);
	if (!connection_quick_check(db, f) || !schema_check(db, f) || !settle_wal(db))
		return refuse(db, why, f);
	if (version == schema->version)
		schema_forget_copies(db, schema);
	else if (!schema_migrate(db, schema, version, f))
		return stays_old(db, why);
	if (!verify_rows(db) || !audit_begin(db) || !db_look(db))
		return refuse(db, why, f);
	sqlite3_db_release_memory(db->sqlite);	// pages that only the checks needed
	return true;
}

static bool
find_and_open(struct store_db *db, const struct store_setup *setup, const struct schema *schema, enum store_opened *why, struct fault *f)
{
	struct marker m;

	*why = STORE_LOCAL_FAULT;
	if (!store_memory())
		return fault_set(f, FAIL_NONE, setup->folder, "SQLite cannot begin: out of memory, or in use before");
	if (!take_folder(db, setup->folder, f) || !marker_read(db, &m, f))
		return false;
	if (!file_exists(db, STORE_FILE, NULL) && !start_new(db, schema, &m, setup->fresh, why, f))
		return false;
	if (!look_from_outside(db, schema, &m, why, f) || !open_inside(db, schema, why, f))
		return false;
	*why = STORE_LOCAL_FAULT;
	if ((!m.known || db->created) && !marker_write(db, f))
		return false;
	*why = STORE_OPENED;
	return true;
}

bool
db_open(struct store_db *db, const struct store_setup *setup, const struct schema *schema, enum store_opened *why, struct fault *f)
{
	db->folder_fd = -1;
	db->purge_cursor = INT64_MIN;
	db->checkpoint_at = STORE_CHECKPOINT;
	db->free_new = STORE_FREE_NEW;
	db->free_all = STORE_FREE_ALL;
	db->max_size = setup->max_size;
	db->audit_keep = setup->audit_keep;
	db->hash = setup->hash;
	if (find_and_open(db, setup, schema, why, f))
		return true;
	connection_close(db, true);
	db_close(db);
	return false;
}

// The last commit is in the database, and the -wal gone, unless something is wrong: then it stays.
void
db_close(struct store_db *db)
{
	bool whole = db->sqlite != NULL && !db->failed && !db->must_mend && db_checkpoint(db);

	connection_close(db, !whole);
	if (db->folder_fd >= 0)
		close(db->folder_fd);
	db->folder_fd = -1;
	mem_free(db->folder);
	mem_free(db->path);
	db->folder = db->path = NULL;
}
