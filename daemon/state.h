// SPDX-License-Identifier: GPL-3.0-or-later
// state: the folder of durable state (store.path): the lock that keeps a
// second instance out, and the clock floor.
#ifndef CMPGATE_DAEMON_STATE_H
#define CMPGATE_DAEMON_STATE_H

#include <sys/types.h>
#include "base/fault.h"

struct state {
	int folder;		// descriptor of the folder, -1 when closed
	int lock;		// descriptor of the locked file, -1 when not held
	int64_t floor;		// seconds since 1970: no right clock shows less
};

enum clock_state { CLOCK_UNSET, CLOCK_FLOOR, CLOCK_SYNCED };

// Open the folder (made with mode 0700 when missing, and given to uid:gid when
// uid is not (uid_t)-1), take the lock, read the clock floor. False with a fault that
// says what to do: another instance holds the lock (its process id is named),
// the folder belongs to somebody else, is open to others, or cannot be written.
bool state_open(struct state *s, const char *path, uid_t uid, gid_t gid, struct fault *f);
// Write the floor when it has risen, give the lock back. Safe on a closed state.
void state_close(struct state *s);
// Tell what the clock is worth: below the floor, at or above it, or confirmed by the kernel (adjtimex).
enum clock_state state_clock(const struct state *s);
const char *clock_state_name(enum clock_state c);
// Raise the stored floor to the present time while the clock is synced; at
// most once an hour is written. Call it now and then.
bool state_keep_floor(struct state *s, struct fault *f);

#endif
