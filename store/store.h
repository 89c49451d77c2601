// SPDX-License-Identifier: GPL-3.0-or-later
// store: durable state. One thread commits many units at once; a unit is some
// rows that become durable together or not at all. Nothing that was promised
// stands before its unit answered STORE_DONE. No SQL outside this folder; all
// times are int64. The families (secrets, replay, audit) have headers of their own.
#ifndef CMPGATE_STORE_STORE_H
#define CMPGATE_STORE_STORE_H

#include <uv.h>

#include "base/fault.h"

enum store_result {
	STORE_DONE,
	STORE_CONFLICT,		// an insert met a row of the same key, or a row has another version than expected; nothing of the unit was written
	STORE_FAILED,		// nothing of the unit was written: disk full, I/O error, or the store has failed for good
	STORE_UNKNOWN		// it may have been written: read the version back
};

enum store_opened {
	STORE_OPENED,
	STORE_LOCAL_FAULT,	// rights, space, an unsuitable file system
	STORE_NEWER,		// its schema is of a later version; nothing was touched
	STORE_DAMAGED,		// set aside in quarantine/, with -wal and -shm; start is refused until an operator decides
	STORE_LOST		// the marker says that there was one, and it is not there
};

struct store;

// The time as the store needs it: wall seconds, and what does not jump.
struct store_time { char boot[37]; int64_t mono_ms, wall_s; bool synced; };

struct store_setup {
	const char *folder;		// of the state; absolute
	int64_t max_size;		// octets of the database; 0 = no cap
	size_t queue;			// units that may wait; 0 = 256
	int64_t audit_keep;		// octets of audit lines that store_purge() keeps; 0 = all
	bool fresh;			// an operator decided to start anew after STORE_LOST
	// Hash chain of the audit rows: SHA-256 of the parts. Handed in, since store/ knows no crypto/.
	bool (*hash)(const struct span *parts, size_t count, uint8_t out[32]);
	void (*alarm)(void *context, const char *text);	// on the loop: a person must look
	void *context;
};

// Open (and create at the first start) cmpgate.db in the folder: mode 0600, WAL,
// synchronous FULL, all read back; file system looked at (no vfat, exfat or network);
// quick_check; migrations, each one transaction, after a copy. Blocks: before
// the loop runs. NULL with *why and a fault that says what was found and the ways out.
struct store *store_open(uv_loop_t *loop, const struct store_setup *setup, enum store_opened *why, struct fault *f);
// For commands without a daemon: no thread, every call completes before it returns. The caller holds the lock of the folder.
struct store *store_open_direct(const struct store_setup *setup, enum store_opened *why, struct fault *f);
// Commit what waits, end the thread, close; closed(context) is called on the
// loop (directly: before it returns). NULL is allowed.
void store_close(struct store *s, void (*closed)(void *context), void *context);

// ---- a unit: rows of any families
struct store_unit;
// A new, empty unit; NULL without memory.
struct store_unit *store_unit_new(void);
void store_unit_free(struct store_unit *u);	// one that was never applied; NULL is allowed
bool store_unit_is_empty(const struct store_unit *u);

// What a conflict met: the family's own record of the row that stands there.
struct store_conflict { const struct replay_row *replay; int64_t version; };
typedef void store_applied(void *context, enum store_result result, const struct store_conflict *conflict);

// Hand a unit in; it is the store's from then on, also when this answers false.
// False when the queue is full or the unit failed to be built (memory): then
// applied is not called. applied comes on the loop, never from inside this
// call (directly opened: from inside). Lazy units ride along with the next
// blocking one, at the latest after a second; applied may be NULL for them.
bool store_apply(struct store *s, struct store_unit *u, bool lazy, store_applied *applied, void *context);

// Units that wait, and octets of the database with its -wal; created: this start made a new one.
// audit: octets of the audit lines that are kept, as of the last store_purge() or commit.
struct store_figures { size_t waiting; int64_t octets, audit; bool failed, created; uint64_t commits, units; char version[32]; };
void store_figures(const struct store *s, struct store_figures *out);
// Keep so many octets of audit lines from now on; 0 = all.
void store_audit_keep(struct store *s, int64_t octets);
// Remove what is over: replay rows, old audit rows beyond their cap. Lazy.
void store_purge(struct store *s, const struct store_time *now);
// "SQLite 3.40.1".
const char *store_about(void);

#endif
