// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/control.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

// After the process: also a child that nobody has waited for counts as ended.
static bool
ends_within(int pidfd, int64_t patience_ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	bool ended = poll(&p, 1, (int)patience_ms) == 1;

	close(pidfd);
	return ended;
}

// The last answer comes before the store is closed: wait for the process as well.
static bool
has_ended(pid_t pid, int64_t patience_ms)
{
	const struct timespec nap = { .tv_nsec = 20 * 1000000 };
	int64_t until = clock_mono_ms() + patience_ms;
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd >= 0)
		return ends_within(pidfd, patience_ms);
	// Kernels before 5.3 know no such descriptor.
	while (kill(pid, 0) == 0 || errno != ESRCH) {
		if (clock_mono_ms() >= until)
			return false;
		nanosleep(&nap, NULL);
	}
	return true;
}

static int
run(int argc, char **argv)
{
	static const char usage[] = "usage: cmpgate stop [-c FILE | -s PATH]\n\n"
		"Let the gateway finish what is under way and end, and wait for that. A second\n"
		"one hurries it.\n\n" CONTROL_OPTIONS
		"  -h, --help          this text\n\n"
		"Exit code 0: it has ended; 4: there was none, or it does not end.\n";
	struct control_options o = { .json = false };
	struct control_reply reply;
	int code;

	if (!control_arguments(&o, argc, argv, usage, &code))
		return code;
	code = control_ask(&(struct control_request){ .command = "stop", .config = o.config, .socket = o.socket, .timeout_ms = 60000 }, &reply);
	if (code != EXIT_DONE && reply.text[0] != '\0')
		fprintf(stderr, "cmpgate stop: %s\n", reply.text);
	if (code == EXIT_DONE && reply.pid > 0 && !has_ended(reply.pid, 30000)) {
		fprintf(stderr, "cmpgate stop: process %ld has stopped serving, but does not end\n", (long)reply.pid);
		code = EXIT_UNREACHABLE;
	}
	cJSON_Delete(reply.data);
	return code;
}

const struct command command_stop = { "stop", run, "let the gateway end" };
