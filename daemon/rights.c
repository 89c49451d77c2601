// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"
#include "daemon/rights.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 65536	// more is never needed, and costs kernel memory

bool
rights_find(struct rights *r, const char *user, const char *group, struct fault *f)
{
	*r = (struct rights){ .root = geteuid() == 0, .uid = (uid_t)-1, .gid = (gid_t)-1 };
	if (!r->root)
		return true;
	snprintf(r->user, sizeof(r->user), "%s", user != NULL ? user : RIGHTS_STANDARD_USER);
	struct passwd *pw = getpwnam(r->user);
	if (pw == NULL)
		return fault_set(f, FAIL_NONE, "user", "started as root, but there is no user '%s' to become; make it (useradd -r -s /usr/sbin/nologin %s), or name another with user:", r->user, r->user);
	if (pw->pw_uid == 0)
		return fault_set(f, FAIL_NONE, "user", "'%s' is root: cmpgate refuses to stay root; name another user", r->user);
	r->uid = pw->pw_uid;
	r->gid = pw->pw_gid;
	if (group == NULL)
		return true;
	struct group *gr = getgrnam(group);
	if (gr == NULL || gr->gr_gid == 0)
		return fault_set(f, FAIL_NONE, "group", "there is no usable group '%s'", group);
	r->gid = gr->gr_gid;
	return true;
}

// Keep CAP_NET_BIND_SERVICE alone, or nothing.
static bool
set_capabilities(bool keep_bind)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (keep_bind)
		data[0].effective = data[0].permitted = 1u << CAP_NET_BIND_SERVICE;
	return syscall(SYS_capset, &head, data) == 0;
}

// No program or file may bring a capability back: the bounding set shrinks to what is kept.
static bool
bound_capabilities(bool keep_bind)
{
	for (unsigned long c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++)
		if (!(keep_bind && c == CAP_NET_BIND_SERVICE) && prctl(PR_CAPBSET_DROP, c, 0, 0, 0) != 0)
			return errno == EPERM;	// a container without CAP_SETPCAP: no_new_privs must do
	return true;
}

static bool
become(const struct rights *r, bool keep_bind, struct fault *f)
{
	if (keep_bind && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
		return fault_set(f, FAIL_NONE, "user", "cannot keep the right to bind low ports: %s", strerror(errno));
	if (!bound_capabilities(keep_bind))
		return fault_set(f, FAIL_NONE, "user", "cannot bound capabilities: %s", strerror(errno));
	if (setgroups(0, NULL) != 0 || setresgid(r->gid, r->gid, r->gid) != 0 || setresuid(r->uid, r->uid, r->uid) != 0)
		return fault_set(f, FAIL_NONE, "user", "cannot become user '%s': %s", r->user, strerror(errno));
	if (!set_capabilities(keep_bind))
		return fault_set(f, FAIL_NONE, "user", "cannot give up capabilities: %s", strerror(errno));
	if (setuid(0) == 0 || geteuid() == 0)
		return fault_set(f, FAIL_NONE, "user", "root rights could be taken back after the change to '%s'", r->user);
	return true;
}

bool
rights_drop(const struct rights *r, bool keep_bind, struct fault *f)
{
	struct rlimit none = { 0, 0 }, files;

	if (r->root && !become(r, keep_bind, f))
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fault_set(f, FAIL_NONE, "rights", "the kernel refuses no_new_privs: %s", strerror(errno));
	setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__)	// the leak checker attaches to its own process
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max < DESCRIPTORS_MAX ? files.rlim_max : DESCRIPTORS_MAX;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	return true;
}
