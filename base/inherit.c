// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"
#include "base/inherit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436	// the same on every architecture
#endif

enum { FIRST = 3, CLOSE_ON_EXEC = 4 };	// CLOSE_RANGE_CLOEXEC, since Linux 5.11

static void
mark(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags >= 0 && (flags & FD_CLOEXEC) == 0)
		fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

void
inherit_no_descriptors(void)
{
	const struct dirent *e;
	DIR *d;

	if (syscall(SYS_close_range, FIRST, ~0U, CLOSE_ON_EXEC) == 0)
		return;
	d = opendir("/proc/self/fd");
	while (d != NULL && (e = readdir(d)) != NULL)
		if (atoi(e->d_name) >= FIRST)
			mark(atoi(e->d_name));
	if (d != NULL)
		closedir(d);
	for (int fd = FIRST; d == NULL && fd < 1024; fd++)
		mark(fd);
}

static bool
is_harmless(const char *entry)
{
	static const char *const names[] = { "PATH=", "HOME=", "LANG=", "LC_", "TZ=", "TMPDIR=", "USER=", "LOGNAME=", "SHELL=" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(entry, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

void
inherit_environment(char **out, size_t size)
{
	size_t n = 0;

	for (char **e = environ; e != NULL && *e != NULL && n + 1 < size; e++)
		if (is_harmless(*e))
			out[n++] = *e;
	out[n] = NULL;
}
