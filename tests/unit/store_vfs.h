// SPDX-License-Identifier: GPL-3.0-or-later
// store_vfs: stands between SQLite and its files. It writes down what is done
// to the database and its -wal, so that a test can build what a cut at any
// moment may leave; and it makes any of these calls fail.
#ifndef CMPGATE_TESTS_UNIT_STORE_VFS_H
#define CMPGATE_TESTS_UNIT_STORE_VFS_H

#include "base/span.h"

enum vfs_kind { VFS_WRITE, VFS_TRUNCATE, VFS_SYNC, VFS_DELETE, VFS_MARK };
enum vfs_file { VFS_DB, VFS_WAL, VFS_OTHER };

struct vfs_event {
	enum vfs_kind kind;
	enum vfs_file file;
	int64_t offset;		// WRITE; TRUNCATE: the size; MARK: the number
	uint8_t *data;
	size_t len;
};

// Become the default of SQLite, once.
void vfs_install(void);
// Begin to write down, forgetting what was; stop.
void vfs_record(void);
void vfs_stop(void);
void vfs_mark(int64_t number);
size_t vfs_count(void);
const struct vfs_event *vfs_event(size_t i);

enum vfs_fault { VFS_NO_FAULT, VFS_EIO, VFS_FULL };
// From now on the n-th call that may fail does (1 = the next): reading, writing,
// syncing, truncating, opening, deleting; every: all after it as well. FULL
// fails writes only. n = 0 switches it off.
void vfs_fail(uint64_t n, bool every, enum vfs_fault fault);
// The same, once, but counted from the next write to the database itself, which only a checkpoint makes.
void vfs_fail_checkpoint(uint64_t n, enum vfs_fault fault);
// Calls since then that might have failed.
uint64_t vfs_calls(void);

#endif
