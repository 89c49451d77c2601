// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"
#include "daemon/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/durable.h"

#define LOCK_FILE "lock"
#define FLOOR_FILE "clock-floor"
#define FLOOR_STEP_S 3600	// the floor is written at most this often: flash wears out

// Make the folder where it is missing; the one above must be there.
static bool
make_folder(const char *path, uid_t uid, struct fault *f)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return true;
	return fault_set(f, FAIL_NONE, path, "cannot make the state folder: %s; type: install -d -m 700 -o %u %s (or name another with store: {path: ...})",
		strerror(errno), (unsigned)(uid == (uid_t)-1 ? geteuid() : uid), path);
}

// The folder must be a real folder of ours that nobody else can look into.
static bool
check_folder(int fd, const char *path, uid_t uid, gid_t gid, struct fault *f)
{
	struct stat st;
	uid_t owner = uid == (uid_t)-1 ? geteuid() : uid;

	if (fstat(fd, &st) != 0)
		return fault_set(f, FAIL_NONE, path, "cannot look at the state folder: %s", strerror(errno));
	if (uid != (uid_t)-1 && st.st_uid != uid && st.st_uid == geteuid() && fchown(fd, uid, gid) == 0)
		st.st_uid = uid;
	if (st.st_uid != owner)
		return fault_set(f, FAIL_NONE, path, "the state folder belongs to user %u, not to %u; type: chown %u %s",
			(unsigned)st.st_uid, (unsigned)owner, (unsigned)owner, path);
	if ((st.st_mode & 077) != 0)
		return fault_set(f, FAIL_NONE, path, "the state folder is open to others; type: chmod 700 %s", path);
	return true;
}

static bool
take_lock(struct state *s, const char *path, uid_t uid, gid_t gid, struct fault *f)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	s->lock = openat(s->folder, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return fault_set(f, FAIL_NONE, path, "cannot open the lock file in the state folder: %s", strerror(errno));
	if (uid != (uid_t)-1 && fchown(s->lock, uid, gid) != 0)
		return fault_set(f, FAIL_NONE, path, "cannot give the lock file away: %s", strerror(errno));
	if (fcntl(s->lock, F_SETLK, &whole) == 0)
		return true;
	if ((errno == EACCES || errno == EAGAIN) && fcntl(s->lock, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK)
		return fault_set(f, FAIL_NONE, path, "another cmpgate (process %ld) uses this state folder; stop it, or name another folder with store: {path: ...}",
			(long)whole.l_pid);
	return fault_set(f, FAIL_NONE, path, "cannot lock the state folder: %s", strerror(errno));
}

// Without the lock nothing may be written there.
static void
let_go(struct state *s)
{
	if (s->lock >= 0)
		close(s->lock);
	if (s->folder >= 0)
		close(s->folder);
	s->lock = s->folder = -1;
}

// A floor that cannot be read counts as none: the build time still holds.
static int64_t
read_floor(int folder)
{
	char text[32] = "";
	int fd = openat(folder, FLOOR_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return BUILD_TIME;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return BUILD_TIME;
	int64_t floor = strtoll(text, NULL, 10);
	return floor > BUILD_TIME ? floor : BUILD_TIME;
}

bool
state_open(struct state *s, const char *path, uid_t uid, gid_t gid, struct fault *f)
{
	*s = (struct state){ .folder = -1, .lock = -1, .floor = BUILD_TIME };
	if (!make_folder(path, uid, f))
		return false;
	s->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (s->folder < 0) {
		fault_set(f, FAIL_NONE, path, "cannot open the state folder: %s", strerror(errno));
		return false;
	}
	if (!check_folder(s->folder, path, uid, gid, f) || !take_lock(s, path, uid, gid, f)) {
		let_go(s);
		return false;
	}
	s->floor = read_floor(s->folder);
	return true;
}

enum clock_state
state_clock(const struct state *s)
{
	struct timex tx = { .modes = 0 };

	if (clock_wall_s() < s->floor)
		return CLOCK_UNSET;
	return adjtimex(&tx) >= 0 && (tx.status & STA_UNSYNC) == 0 ? CLOCK_SYNCED : CLOCK_FLOOR;
}

const char *
clock_state_name(enum clock_state c)
{
	static const char *const names[] = { "unset", "floor", "synced" };
	return names[c];
}

bool
state_keep_floor(struct state *s, struct fault *f)
{
	int64_t now = clock_wall_s();
	char text[32];

	if (s->lock < 0 || state_clock(s) != CLOCK_SYNCED || now - s->floor < FLOOR_STEP_S)
		return true;
	snprintf(text, sizeof(text), "%" PRId64 "\n", now);
	if (!durable_replace(s->folder, FLOOR_FILE, span_text(text), 0600, f))
		return false;
	s->floor = now;
	return true;
}

void
state_close(struct state *s)
{
	state_keep_floor(s, NULL);
	let_go(s);
}
