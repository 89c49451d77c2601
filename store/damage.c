// SPDX-License-Identifier: GPL-3.0-or-later
// damage: what a store is told from before SQLite opens it, and what becomes of
// one that cannot be used: set aside whole, never deleted, never replaced by an
// empty one without an order (F-12).
#include "store/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/durable.h"
#include "base/random.h"

// ---- the file system: WAL needs shared memory and locks that some do not give

static const struct { int64_t magic; const char *name; bool suits; } systems[] = {
	{ 0x4d44, "vfat", false }, { 0x2011bab0, "exfat", false }, { 0x5346544e, "NTFS", false }, { 0x7366746e, "NTFS", false },
	{ 0x6969, "NFS", false }, { 0x517b, "SMB", false }, { 0xfe534d42, "SMB", false }, { 0xff534d42, "SMB", false },
	{ 0x01021997, "9p", false }, { 0x5346414f, "AFS", false }, { 0x6b414653, "AFS", false }, { 0x00c36400, "Ceph", false },
	{ 0x73757245, "Coda", false }, { 0x01161970, "GFS2", false }, { 0x7461636f, "OCFS2", false }, { 0x0bd00bd0, "Lustre", false },
	{ 0x19830326, "BeeGFS", false }, { 0x786f4256, "vboxsf", false }, { 0xbacbacbc, "vmhgfs", false },
	{ 0x01021994, "tmpfs", true }, { 0x858458f6, "ramfs", true }, { 0x65735546, "FUSE", true },
};

bool
file_system_suits(int64_t magic, const char **name)
{
	*name = NULL;
	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
		if (systems[i].magic == (magic & 0xffffffff)) {
			*name = systems[i].name;
			return systems[i].suits;
		}
	return true;
}

bool
folder_suits(struct store_db *db, struct fault *f)
{
	struct statfs fs;
	const char *name;
	char text[200];

	if (fstatfs(db->folder_fd, &fs) != 0)
		return fault_set(f, FAIL_NONE, db->folder, "cannot look at the file system: %s", strerror(errno));
	if (!file_system_suits((int64_t)fs.f_type, &name))
		return fault_set(f, FAIL_NONE, db->folder, "the state folder is on %s, which cannot keep a store safe; name a folder on a local disk with store: {path: ...}", name);
	if (name == NULL)
		return true;
	if (strcmp(name, "FUSE") == 0)
		snprintf(text, sizeof(text), "the state folder is on a file system in user space (FUSE): what it syncs is only as safe as its program");
	else
		snprintf(text, sizeof(text), "the state folder is in memory (%s): the store is gone when this machine restarts", name);
	db->alarm(db, text);
	return true;
}

// ---- the marker

#define MARKER_HEAD "cmpgate store "

bool
file_exists(const struct store_db *db, const char *name, struct stat *st)
{
	struct stat local;

	return fstatat(db->folder_fd, name, st != NULL ? st : &local, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
read_id(const char *hex, uint8_t id[16])
{
	uint8_t any = 0;

	for (int i = 0; i < 16; i++) {
		unsigned octet;
		if (sscanf(hex + 2 * i, "%2x", &octet) != 1)
			return false;
		id[i] = (uint8_t)octet;
		any |= id[i];
	}
	return any != 0;
}

bool
marker_read(struct store_db *db, struct marker *m, struct fault *f)
{
	char text[64] = "";
	int fd = openat(db->folder_fd, STORE_MARKER, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	*m = (struct marker){ .present = fd >= 0 };
	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd < 0)
		return fault_set(f, FAIL_NONE, db->folder, "cannot open %s: %s", STORE_MARKER, strerror(errno));
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return fault_set(f, FAIL_NONE, db->folder, "cannot read %s", STORE_MARKER);
	m->known = n == (ssize_t)strlen(MARKER_HEAD) + 33 && strncmp(text, MARKER_HEAD, strlen(MARKER_HEAD)) == 0 &&
		read_id(text + strlen(MARKER_HEAD), m->id);
	return true;
}

bool
marker_write(struct store_db *db, struct fault *f)
{
	char text[64];
	size_t at = (size_t)snprintf(text, sizeof(text), "%s", MARKER_HEAD);

	for (int i = 0; i < 16; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%02x", db->stamp.id[i]);
	text[at++] = '\n';
	return durable_replace(db->folder_fd, STORE_MARKER, span_of(text, at), 0600, f);
}

// ---- the head of the database

static uint32_t
get(const uint8_t *in)
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

// Fields that never change once a store was made (SQLite file format 1.3).
static const char *
fixed_fields(const uint8_t h[100])
{
	static const uint8_t zeros[20];

	if (memcmp(h, "SQLite format 3", 16) != 0)
		return "it is no SQLite database";
	if (h[16] != STORE_PAGE >> 8 || h[17] != 0 || h[18] != 2 || h[19] != 2 || h[20] != 0 || h[21] != 64 || h[22] != 32 || h[23] != 32 ||
	    get(h + 44) != 4 || get(h + 48) != 0 || get(h + 52) != 0 || get(h + 56) != 1 || get(h + 64) != 0 || memcmp(h + 72, zeros, sizeof(zeros)) != 0)
		return "its header is broken";
	if (get(h + 68) != STORE_APPLICATION)
		return "it is not a database of cmpgate";
	return NULL;
}

static void
judge(struct header *h, int fd, off_t size)
{
	uint8_t page[STORE_PAGE];
	const char *wrong;

	if (size == 0)
		wrong = "it is empty";
	else if (pread(fd, page, 100, 0) != 100)
		wrong = "it is cut off in its header";
	else
		wrong = fixed_fields(page);
	if (wrong == NULL) {
		h->version = get(page + 60);
		h->stamped = pread(fd, page, sizeof(page), STORE_PAGE) == STORE_PAGE && stamp_find(&h->stamp, span_of(page, sizeof(page)));
		if (h->version == 0)
			wrong = "its schema has no version";
	}
	h->sound = wrong == NULL;
	h->odd = size % STORE_PAGE != 0;
	snprintf(h->what, sizeof(h->what), "%s", wrong != NULL ? wrong : "");
}

static bool
closed_to_others(struct store_db *db, const char *name, struct fault *f)
{
	struct stat st;

	if (!file_exists(db, name, &st))
		return true;
	if (!S_ISREG(st.st_mode))
		return fault_set(f, FAIL_NONE, db->folder, "%s is not a file", name);
	if (st.st_uid != geteuid())
		return fault_set(f, FAIL_NONE, db->folder, "%s belongs to user %u; type: chown %u %s/%s", name, (unsigned)st.st_uid, (unsigned)geteuid(), db->folder, name);
	return (st.st_mode & 077) == 0 || fault_set(f, FAIL_NONE, db->folder, "%s is open to others; type: chmod 600 %s/%s", name, db->folder, name);
}

// The descriptor is closed before SQLite opens the file: closing it later would drop SQLite's locks.
bool
header_read(struct store_db *db, struct header *h, struct fault *f)
{
	struct stat st;

	*h = (struct header){ .sound = false };
	if (!closed_to_others(db, STORE_FILE, f) || !closed_to_others(db, STORE_FILE "-wal", f) || !closed_to_others(db, STORE_FILE "-shm", f))
		return false;
	int fd = openat(db->folder_fd, STORE_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0) {
		fault_set(f, FAIL_NONE, db->path, "cannot open the database: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	judge(h, fd, st.st_size);
	close(fd);
	return true;
}

// ---- setting aside

static int
make_place(struct store_db *db, char *name, size_t size)
{
	struct calendar c = { 0 };
	uint32_t number = 0;

	random_octets(&number, sizeof(number));
	calendar_from_seconds(&c, clock_wall_s());
	snprintf(name, size, "%s/%04d%02d%02dT%02d%02d%02d-%08x", STORE_QUARANTINE, c.year, c.month, c.day, c.hour, c.minute, c.second, number);
	if ((mkdirat(db->folder_fd, STORE_QUARANTINE, 0700) != 0 && errno != EEXIST) || mkdirat(db->folder_fd, name, 0700) != 0)
		return -1;
	return openat(db->folder_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

// The database goes first: should the rest be cut off, the next start finds it
// missing and refuses, too. A database without its -wal could be taken for a whole one.
static bool
move_files(struct store_db *db, int place)
{
	static const char *const names[] = { STORE_FILE, STORE_FILE "-wal", STORE_FILE "-shm", NULL };

	for (const char *const *name = names; *name != NULL; name++)
		if (renameat(db->folder_fd, *name, place, *name) != 0 && errno != ENOENT)
			return false;
	return fsync(place) == 0 && fsync(db->folder_fd) == 0;
}

void
quarantine(struct store_db *db, const char *what, struct fault *f)
{
	char name[80];
	struct marker m;

	// Whoever starts us again must be refused again.
	if (!marker_read(db, &m, NULL) || (!m.present && !marker_write(db, NULL))) {
		fault_set(f, FAIL_NONE, db->path, "the store is damaged: %.100s; it could not be set aside: %s", what, strerror(errno));
		return;
	}
	int place = make_place(db, name, sizeof(name));
	bool well = place >= 0 && move_files(db, place);
	if (well)
		fault_set(f, FAIL_NONE, db->path, "the store is damaged: %.100s; it was set aside in %s; restore a backup, or begin an empty store with cmpgate run --new-store", what, name);
	else
		fault_set(f, FAIL_NONE, db->path, "the store is damaged: %.100s; it could not be set aside: %s", what, strerror(errno));
	if (place >= 0)
		close(place);
}
