// SPDX-License-Identifier: GPL-3.0-or-later
// rights: what the process gives up before it reads the first octet from outside.
#ifndef CMPGATE_DAEMON_RIGHTS_H
#define CMPGATE_DAEMON_RIGHTS_H

#include <sys/types.h>
#include "base/fault.h"

#define RIGHTS_STANDARD_USER "cmpgate"	// whom to become when nobody is named

struct rights {
	bool root;		// we were started as root and must become somebody else
	uid_t uid;		// whom to become; (uid_t)-1 when not root
	gid_t gid;
	char user[64];
};

// Find out whom to become: `user` (and `group`, or the user's own) when
// started as root, nobody else otherwise. False when started as root and
// there is no such user, or the user is root itself.
bool rights_find(struct rights *r, const char *user, const char *group, struct fault *f);
// Become that user for good: supplementary groups, gid, uid. With keep_bind
// CAP_NET_BIND_SERVICE stays, so that low ports can be bound now and at a
// reload; every other capability goes. Afterwards setuid(0) must fail.
// Unconditional in all cases: no_new_privs, no core file, not dumpable, as
// many descriptors as the hard limit allows.
bool rights_drop(const struct rights *r, bool keep_bind, struct fault *f);

#endif
