// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/random.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif
#define TEMPORARY 40	// octets of a temporary name

static bool
broken(struct fault *f, const char *name, const char *call)
{
	return fault_set(f, FAIL_NONE, name, "%s: %s", call, strerror(errno));
}

// A dot file that readers of drop folders and sticks skip.
static bool
temporary_name(char out[TEMPORARY], struct fault *f)
{
	uint64_t n;

	if (!random_octets(&n, sizeof(n)))
		return fault_set(f, FAIL_NONE, "", "no random octets for a temporary name");
	snprintf(out, TEMPORARY, ".%016llx.tmp", (unsigned long long)n);
	return true;
}

static bool
write_all(int fd, struct span octets)
{
	while (octets.len > 0) {
		ssize_t n = write(fd, octets.data, octets.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		octets.data += n;
		octets.len -= (size_t)n;
	}
	return true;
}

// Write and sync a temporary file; its descriptor stays open until the rename is durable.
static int
write_temporary(int dirfd, char name[TEMPORARY], struct span octets, unsigned mode, struct fault *f)
{
	if (!temporary_name(name, f))
		return -1;
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
	if (fd < 0) {
		broken(f, name, "open");
		return -1;
	}
	if (!write_all(fd, octets))
		broken(f, name, "write");
	else if (fsync(fd) != 0)
		broken(f, name, "fsync");
	else
		return fd;
	unlinkat(dirfd, name, 0);
	close(fd);
	return -1;
}

// The file again, since on FAT the rename made a new directory entry whose
// size only the inode's write-back fills; then the folder.
static bool
settle(int fd, int dirfd, const char *name, struct fault *f)
{
	if (fsync(fd) != 0)
		return broken(f, name, "fsync after the rename");
	if (fsync(dirfd) != 0)
		return broken(f, name, "fsync of the folder");
	return true;
}

// Rename that never replaces: renameat2 where kernel and file system have it,
// else link and unlink. Answers 0, or -1 with errno.
static int
rename_once(int from, const char *name, int to, const char *new_name)
{
	if (syscall(SYS_renameat2, from, name, to, new_name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != ENOSYS && errno != EINVAL)
		return -1;
	if (linkat(from, name, to, new_name, 0) == 0)
		return unlinkat(from, name, 0);
	if (errno != EPERM && errno != ENOTSUP)
		return -1;
	// No links (FAT): reserve the name first; the rename then replaces our own empty file.
	int fd = openat(to, new_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	close(fd);
	return renameat(from, name, to, new_name);
}

// A name that is taken is no fault: the caller tries another.
static enum durable
rename_failed(struct fault *f, const char *name)
{
	if (errno == EEXIST)
		return DURABLE_EXISTS;
	broken(f, name, "rename");
	return DURABLE_FAILED;
}

enum durable
durable_write(int dirfd, const char *name, struct span octets, unsigned mode, struct fault *f)
{
	char temporary[TEMPORARY];
	enum durable result = DURABLE_FAILED;
	int fd = write_temporary(dirfd, temporary, octets, mode, f);

	if (fd < 0)
		return DURABLE_FAILED;
	if (rename_once(dirfd, temporary, dirfd, name) == 0) {
		if (settle(fd, dirfd, name, f))
			result = DURABLE_DONE;
	} else {
		result = rename_failed(f, name);
		unlinkat(dirfd, temporary, 0);
	}
	if (close(fd) != 0 && result == DURABLE_DONE) {
		broken(f, name, "close");
		result = DURABLE_FAILED;
	}
	return result;
}

bool
durable_replace(int dirfd, const char *name, struct span octets, unsigned mode, struct fault *f)
{
	return durable_replace_owned(dirfd, name, octets, mode, (uid_t)-1, (gid_t)-1, f);
}

bool
durable_replace_owned(int dirfd, const char *name, struct span octets, unsigned mode, uid_t user, gid_t group, struct fault *f)
{
	char temporary[TEMPORARY];
	int fd = write_temporary(dirfd, temporary, octets, mode, f);

	if (fd < 0)
		return false;
	bool well = ((user == (uid_t)-1 && group == (gid_t)-1) || fchown(fd, user, group) == 0) || broken(f, name, "chown");
	well = well && (renameat(dirfd, temporary, dirfd, name) == 0 || broken(f, name, "rename"));
	if (!well)
		unlinkat(dirfd, temporary, 0);
	well = well && settle(fd, dirfd, name, f);
	if (close(fd) != 0 && well)
		return broken(f, name, "close");
	return well;
}

enum durable
durable_move(int from, const char *name, int to, const char *new_name, struct fault *f)
{
	enum durable result = DURABLE_FAILED;
	int fd = openat(from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0) {
		broken(f, name, "open");
		return DURABLE_FAILED;
	}
	if (rename_once(from, name, to, new_name) != 0) {
		result = rename_failed(f, new_name);
	} else if (settle(fd, to, new_name, f)) {
		result = fsync(from) == 0 ? DURABLE_DONE : DURABLE_FAILED;
		if (result == DURABLE_FAILED)
			broken(f, name, "fsync of the folder");
	}
	close(fd);
	return result;
}
