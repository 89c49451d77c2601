// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/keys.h"

#include <errno.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "daemon/rights.h"

static bool
become(const struct rights *r, struct fault *f)
{
	if (setegid(r->gid) == 0 && seteuid(r->uid) == 0)
		return true;
	return fault_set(f, FAIL_NONE, "", "cannot become %s: %s", r->user, strerror(errno));
}

struct keyring *
keys_load(const struct settings *s, keyring_tell *tell, void *context, struct fault *f)
{
	struct rights rights;
	struct keyring *k = NULL;

	if (!rights_find(&rights, s->user, s->group, NULL))
		rights = (struct rights){ .uid = (uid_t)-1 };	// `run` says so
	bool becomes = rights.root && rights.uid != (uid_t)-1;
	if ((!becomes || become(&rights, f)) && crypto_start(f))
		k = keyring_load(s, tell, context, f);
	if (becomes && (seteuid(0) != 0 || setegid(0) != 0)) {
		keyring_unref(k);
		fault_set(f, FAIL_NONE, "", "root rights did not come back");
		return NULL;
	}
	return k;
}
