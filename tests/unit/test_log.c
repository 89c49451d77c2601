// SPDX-License-Identifier: GPL-3.0-or-later
// The log and its reader: a pipe in the place of stderr, read late or never.
#include "build.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"

enum { LINES = 20000, PATIENCE_MS = 5000 };

static int reader = -1, own_stderr = -1;
static char text[8 * 1024 * 1024];

static int
begin(void **state)
{
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	log_setup(LOG_INFO_, LOG_FORMAT_LOGFMT);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	own_stderr = dup(STDERR_FILENO);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	reader = ends[0];
	return 0;
}

static void
restore(void)
{
	if (own_stderr >= 0) {
		dup2(own_stderr, STDERR_FILENO);
		close(own_stderr);
	}
	own_stderr = -1;
}

static int
end(void **state)
{
	(void)state;
	restore();
	if (reader >= 0)
		close(reader);
	reader = -1;
	return log_stop(PATIENCE_MS) ? 0 : -1;
}

// All that comes, until the last writer has closed.
static size_t
read_all(void)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(reader, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return len;
}

static void
read_until(const char *wanted)
{
	struct pollfd p = { .fd = reader, .events = POLLIN };
	size_t len = 0;

	text[0] = '\0';
	while (strstr(text, wanted) == NULL) {
		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
		ssize_t n = read(reader, text + len, sizeof(text) - 1 - len);
		assert_true(n > 0);
		len += (size_t)n;
		text[len] = '\0';
	}
}

static void
all_is_written_in_order(void **state)
{
	const char *at = text;
	char wanted[32];

	(void)state;
	assert_true(log_start());
	assert_true(log_start());	// it runs already
	for (int i = 0; i < 500; i++)
		log_event(LOG_INFO_, "test", NULL, "number %d.", i);
	read_until("number 499.");
	for (int i = 0; i < 500; i++) {
		snprintf(wanted, sizeof(wanted), "info  test: number %d.\n", i);
		at = strstr(at, wanted);
		assert_non_null(at);
	}
	// What is in the queue at the end is written, and later lines without a thread.
	log_event(LOG_INFO_, "test", NULL, "the last");
	assert_true(log_stop(PATIENCE_MS));
	log_event(LOG_INFO_, "test", NULL, "after it");
	restore();
	read_all();
	assert_non_null(strstr(text, "the last\n"));
	assert_non_null(strstr(text, "after it\n"));
}

// Each line that came is whole, none is missing before the gap, and the count is right.
static void
what_is_dropped_is_told(void **state)
{
	unsigned long long dropped = 0;
	char *save = NULL;
	int next = 0;

	(void)state;
	assert_true(log_start());
	for (int i = 0; i < LINES; i++)
		log_event(LOG_INFO_, "test", NULL, "number %d.", i);
	read_until("in time\n");
	for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		char *number = strstr(line, "number "), *gap = strstr(line, "log: ");
		if (number != NULL)
			assert_int_equal(atoi(number + 7), next++);
		else
			assert_int_equal(sscanf(gap, "log: %llu lines", &dropped), 1);
	}
	assert_int_equal((int)dropped + next, LINES);
	assert_true(next > LOG_QUEUE_OCTETS / 64);
	log_event(LOG_INFO_, "test", NULL, "and on");
	read_until("and on\n");
	assert_true(log_stop(PATIENCE_MS));
}

// Nobody reads: neither the lines nor the end hold anybody up.
static void
a_sink_that_takes_nothing(void **state)
{
	(void)state;
	assert_true(log_start());
	for (int i = 0; i < LINES; i++)
		log_event(LOG_INFO_, "test", NULL, "number %d", i);
	assert_false(log_stop(20));
	log_event(LOG_INFO_, "test", NULL, "nobody hears it");
	assert_false(log_stop(0));
	close(reader);		// the writer's call ends, and with it the thread
	reader = -1;
	assert_true(log_stop(PATIENCE_MS));
}

// A descriptor in the mode that answers "not now".
static void
a_sink_that_does_not_block(void **state)
{
	(void)state;
	fcntl(STDERR_FILENO, F_SETFL, fcntl(STDERR_FILENO, F_GETFL) | O_NONBLOCK);
	assert_true(log_start());
	for (int i = 0; i < 2000; i++)
		log_event(LOG_INFO_, "test", NULL, "number %d.", i);
	read_until("number 1999.");
	assert_true(log_stop(PATIENCE_MS));
}

static void
without_memory(void **state)
{
	(void)state;
	mem_fail(1, 1);
	assert_false(log_start());
	mem_fail(0, 0);
	log_event(LOG_INFO_, "test", NULL, "written here");
	restore();
	read_all();
	assert_non_null(strstr(text, "written here\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_is_written_in_order),
		TEST(what_is_dropped_is_told),
		TEST(a_sink_that_does_not_block),
		TEST(without_memory),
		TEST(a_sink_that_takes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
