// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/store_vfs.h"

#include <sqlite3.h>
#include <stdlib.h>

struct shim { sqlite3_file base; enum vfs_file file; sqlite3_file *real; };

static sqlite3_vfs vfs, *under;
static struct vfs_event *events;
static size_t count, cap;
static bool recording;
static uint64_t calls, fail_at;
static bool fail_on, fail_waits;
static enum vfs_fault fail_as;

static void
note(enum vfs_kind kind, enum vfs_file file, int64_t offset, const void *data, size_t len)
{
	if (!recording || file == VFS_OTHER)
		return;
	if (count == cap) {
		cap = cap * 2 + 64;
		events = realloc(events, cap * sizeof(*events));
		if (events == NULL)
			abort();
	}
	events[count] = (struct vfs_event){ kind, file, offset, NULL, len };
	if (len > 0) {
		events[count].data = malloc(len);
		if (events[count].data == NULL)
			abort();
		memcpy(events[count].data, data, len);
	}
	count++;
}

// The result code of a call: `code` when its time to fail has come.
static int
result(int code, bool writes)
{
	if (fail_waits)
		return SQLITE_OK;
	calls++;
	if (fail_at == 0 || !(calls == fail_at || (fail_on && calls > fail_at)))
		return SQLITE_OK;
	if (fail_as == VFS_FULL)
		return writes ? SQLITE_FULL : SQLITE_OK;
	return code;
}

static struct shim *
shim_of(sqlite3_file *f)
{
	return (struct shim *)(void *)f;
}

static sqlite3_file *
real_of(sqlite3_file *f)
{
	return shim_of(f)->real;
}

static int
x_close(sqlite3_file *f)
{
	return real_of(f)->pMethods != NULL ? real_of(f)->pMethods->xClose(real_of(f)) : SQLITE_OK;
}

static int
x_read(sqlite3_file *f, void *out, int len, sqlite3_int64 at)
{
	int rc = result(SQLITE_IOERR_READ, false);

	return rc != SQLITE_OK ? rc : real_of(f)->pMethods->xRead(real_of(f), out, len, at);
}

static int
x_write(sqlite3_file *f, const void *in, int len, sqlite3_int64 at)
{
	int rc;

	if (shim_of(f)->file == VFS_DB)
		fail_waits = false;
	rc = result(SQLITE_IOERR_WRITE, true);

	if (rc == SQLITE_OK)
		rc = real_of(f)->pMethods->xWrite(real_of(f), in, len, at);
	else if (len > 512)	// a short write leaves its beginning
		real_of(f)->pMethods->xWrite(real_of(f), in, 512, at);
	if (rc == SQLITE_OK)
		note(VFS_WRITE, shim_of(f)->file, at, in, (size_t)len);
	return rc;
}

static int
x_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = result(SQLITE_IOERR_TRUNCATE, false);

	if (rc == SQLITE_OK)
		rc = real_of(f)->pMethods->xTruncate(real_of(f), size);
	if (rc == SQLITE_OK)
		note(VFS_TRUNCATE, shim_of(f)->file, size, NULL, 0);
	return rc;
}

static int
x_sync(sqlite3_file *f, int flags)
{
	int rc = result(SQLITE_IOERR_FSYNC, false);

	if (rc == SQLITE_OK)
		rc = real_of(f)->pMethods->xSync(real_of(f), flags);
	if (rc == SQLITE_OK)
		note(VFS_SYNC, shim_of(f)->file, 0, NULL, 0);
	return rc;
}

static int
x_size(sqlite3_file *f, sqlite3_int64 *size)
{
	int rc = result(SQLITE_IOERR_FSTAT, false);

	return rc != SQLITE_OK ? rc : real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int x_lock(sqlite3_file *f, int level) { return real_of(f)->pMethods->xLock(real_of(f), level); }
static int x_unlock(sqlite3_file *f, int level) { return real_of(f)->pMethods->xUnlock(real_of(f), level); }
static int x_reserved(sqlite3_file *f, int *out) { return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out); }
static int x_control(sqlite3_file *f, int op, void *p) { return real_of(f)->pMethods->xFileControl(real_of(f), op, p); }
static int x_sector(sqlite3_file *f) { return real_of(f)->pMethods->xSectorSize(real_of(f)); }
static int x_device(sqlite3_file *f) { return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f)); }
static int x_shm_lock(sqlite3_file *f, int at, int n, int flags) { return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags); }
static void x_shm_barrier(sqlite3_file *f) { real_of(f)->pMethods->xShmBarrier(real_of(f)); }
static int x_shm_unmap(sqlite3_file *f, int del) { return real_of(f)->pMethods->xShmUnmap(real_of(f), del); }

static int
x_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	int rc = result(SQLITE_IOERR_SHMMAP, false);

	return rc != SQLITE_OK ? rc : real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}

static const sqlite3_io_methods methods = {
	2, x_close, x_read, x_write, x_truncate, x_sync, x_size, x_lock, x_unlock, x_reserved, x_control, x_sector, x_device,
	x_shm_map, x_shm_lock, x_shm_barrier, x_shm_unmap, NULL, NULL
};

static enum vfs_file
file_of(const char *name)
{
	size_t len = name != NULL ? strlen(name) : 0;

	if (len > 11 && strcmp(name + len - 11, "/cmpgate.db") == 0)
		return VFS_DB;
	return len > 15 && strcmp(name + len - 15, "/cmpgate.db-wal") == 0 ? VFS_WAL : VFS_OTHER;
}

static int
x_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct shim *s = shim_of(f);
	int rc = result(SQLITE_CANTOPEN, false);

	(void)v;
	s->base.pMethods = NULL;
	s->real = (sqlite3_file *)(void *)(s + 1);
	s->file = file_of(name);
	if (rc == SQLITE_OK)
		rc = under->xOpen(under, name, s->real, flags, out);
	if (rc == SQLITE_OK)
		s->base.pMethods = &methods;
	return rc;
}

static int
x_delete(sqlite3_vfs *v, const char *name, int sync)
{
	int rc = result(SQLITE_IOERR_DELETE, false);

	(void)v;
	if (rc == SQLITE_OK)
		rc = under->xDelete(under, name, sync);
	if (rc == SQLITE_OK)
		note(VFS_DELETE, file_of(name), 0, NULL, 0);
	return rc;
}

void
vfs_install(void)
{
	under = sqlite3_vfs_find(NULL);
	vfs = *under;
	vfs.pNext = NULL;
	vfs.zName = "kit";
	vfs.szOsFile = (int)sizeof(struct shim) + under->szOsFile;
	vfs.xOpen = x_open;
	vfs.xDelete = x_delete;
	if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
		abort();
}

void
vfs_record(void)
{
	for (size_t i = 0; i < count; i++)
		free(events[i].data);
	free(events);
	events = NULL;
	count = cap = 0;
	recording = true;
}

void
vfs_stop(void)
{
	recording = false;
}

void
vfs_mark(int64_t number)
{
	note(VFS_MARK, VFS_DB, number, NULL, 0);
}

size_t
vfs_count(void)
{
	return count;
}

const struct vfs_event *
vfs_event(size_t i)
{
	return &events[i];
}

void
vfs_fail(uint64_t n, bool every, enum vfs_fault fault)
{
	calls = 0;
	fail_at = n;
	fail_on = every;
	fail_as = fault;
	fail_waits = false;
}

void
vfs_fail_checkpoint(uint64_t n, enum vfs_fault fault)
{
	vfs_fail(n, false, fault);
	fail_waits = true;
}

uint64_t
vfs_calls(void)
{
	return calls;
}
