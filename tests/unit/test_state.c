// SPDX-License-Identifier: GPL-3.0-or-later
// The state folder: who may have it, and the clock floor that is kept there.
// What the kernel says of its clock is said here instead.
#include "build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/state.h"

#define NOBODY ((uid_t)-1), ((gid_t)-1)

static bool synced;
static char folder[64], floor_file[80];

// Stands before the one of the C library.
int
adjtimex(struct timex *tx)
{
	tx->status = synced ? 0 : STA_UNSYNC;
	return synced ? TIME_OK : TIME_ERROR;
}

static void
clock_at(int64_t seconds)
{
	clock_fake(seconds * 1000, 0);
}

static int
begin(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/cmpgate-state.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(floor_file, sizeof(floor_file), "%s/clock-floor", folder);
	synced = true;
	clock_at(BUILD_TIME);
	return 0;
}

static int
end(void **state)
{
	char path[96];

	(void)state;
	clock_real();
	unlink(floor_file);
	snprintf(path, sizeof(path), "%s/lock", folder);
	unlink(path);
	return rmdir(folder);
}

static struct state
opened(void)
{
	struct fault f = { .set = false };
	struct state s;

	if (!state_open(&s, folder, NOBODY, &f))
		fail_msg("%s", f.text);
	return s;
}

static void
write_floor(const char *text)
{
	FILE *file = fopen(floor_file, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int64_t
written_floor(void)
{
	FILE *file = fopen(floor_file, "r");
	int64_t floor = -1;

	if (file == NULL)
		return -1;
	assert_int_equal(fscanf(file, "%" SCNd64, &floor), 1);
	fclose(file);
	return floor;
}

// ---- the floor

static void
build_time_is_the_first_floor(void **state)
{
	struct state s = opened();

	(void)state;
	assert_int_equal(s.floor, BUILD_TIME);
	assert_int_equal(state_clock(&s), CLOCK_SYNCED);
	clock_at(BUILD_TIME - 1);
	assert_int_equal(state_clock(&s), CLOCK_UNSET);
	synced = false;
	assert_int_equal(state_clock(&s), CLOCK_UNSET);
	clock_at(BUILD_TIME);
	assert_int_equal(state_clock(&s), CLOCK_FLOOR);
	state_close(&s);
	assert_int_equal(written_floor(), -1);
}

static void
floor_rises_with_a_synced_clock(void **state)
{
	struct state s = opened();
	struct fault f = { .set = false };
	struct stat st;

	(void)state;
	clock_at(BUILD_TIME + 3599);
	assert_true(state_keep_floor(&s, &f));
	assert_int_equal(written_floor(), -1);
	clock_at(BUILD_TIME + 3600);
	assert_true(state_keep_floor(&s, &f));
	assert_int_equal(written_floor(), BUILD_TIME + 3600);
	assert_int_equal(s.floor, BUILD_TIME + 3600);
	assert_int_equal(stat(floor_file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	// At most once an hour.
	clock_at(BUILD_TIME + 3600 + 3599);
	assert_true(state_keep_floor(&s, &f));
	assert_int_equal(written_floor(), BUILD_TIME + 3600);
	// And at the end.
	clock_at(BUILD_TIME + 10000);
	state_close(&s);
	assert_int_equal(written_floor(), BUILD_TIME + 10000);
}

static void
floor_is_read_again(void **state)
{
	struct state s = opened();

	(void)state;
	clock_at(BUILD_TIME + 100000);
	state_close(&s);
	s = opened();
	assert_int_equal(s.floor, BUILD_TIME + 100000);
	clock_at(BUILD_TIME + 99999);
	assert_int_equal(state_clock(&s), CLOCK_UNSET);
	clock_at(BUILD_TIME + 100000);
	assert_int_equal(state_clock(&s), CLOCK_SYNCED);
	state_close(&s);
}

// A clock that nobody confirmed must not move it: it could stand in 2099.
static void
other_clocks_leave_it(void **state)
{
	struct state s = opened();
	struct fault f = { .set = false };

	(void)state;
	synced = false;
	clock_at(BUILD_TIME + 1000000);
	assert_true(state_keep_floor(&s, &f));
	synced = true;
	clock_at(BUILD_TIME - 1000000);
	assert_true(state_keep_floor(&s, &f));
	assert_int_equal(s.floor, BUILD_TIME);
	state_close(&s);
	assert_int_equal(written_floor(), -1);
}

static void
floor_that_is_none(void **state)
{
	static const char *const texts[] = { "", "yesterday\n", "0\n", "-5\n", "1000000000\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_floor(texts[i]);
		struct state s = opened();
		assert_int_equal(s.floor, BUILD_TIME);
		state_close(&s);
	}
	unlink(floor_file);
	assert_int_equal(symlink("/proc/uptime", floor_file), 0);
	struct state s = opened();
	assert_int_equal(s.floor, BUILD_TIME);
	state_close(&s);
}

static void
floor_that_cannot_be_written(void **state)
{
	struct state s = opened();
	struct fault f = { .set = false };
	int folder_fd = s.folder;

	(void)state;
	clock_at(BUILD_TIME + 3600);
	s.folder = open("/proc", O_RDONLY | O_DIRECTORY);
	assert_false(state_keep_floor(&s, &f));
	assert_true(f.set);
	assert_int_equal(s.floor, BUILD_TIME);	// tried again at the next look
	close(s.folder);
	s.folder = folder_fd;
	assert_true(state_keep_floor(&s, NULL));
	assert_int_equal(s.floor, BUILD_TIME + 3600);
	state_close(&s);
}

// ---- the folder

static void
folder_open_to_others(void **state)
{
	struct fault f = { .set = false };
	struct state s;

	(void)state;
	assert_int_equal(chmod(folder, 0750), 0);
	assert_false(state_open(&s, folder, NOBODY, &f));
	assert_non_null(strstr(f.text, "chmod 700"));
	assert_int_equal(s.folder, -1);
	assert_int_equal(s.lock, -1);
	assert_int_equal(chmod(folder, 0700), 0);
}

// The lock keeps another process out, until this one lets go.
static void
one_at_a_time(void **state)
{
	struct state s = opened();

	(void)state;
	for (int round = 0; round < 2; round++) {
		int status = -1;
		pid_t child = fork();
		if (child == 0) {
			struct fault f = { .set = false };
			struct state other;
			bool well = state_open(&other, folder, NOBODY, &f);
			_exit(well ? 0 : strstr(f.text, "another cmpgate (process ") != NULL ? 1 : 2);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(WEXITSTATUS(status), round == 0);
		if (round == 0)
			state_close(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(build_time_is_the_first_floor, begin, end),
		cmocka_unit_test_setup_teardown(floor_rises_with_a_synced_clock, begin, end),
		cmocka_unit_test_setup_teardown(floor_is_read_again, begin, end),
		cmocka_unit_test_setup_teardown(other_clocks_leave_it, begin, end),
		cmocka_unit_test_setup_teardown(floor_that_is_none, begin, end),
		cmocka_unit_test_setup_teardown(floor_that_cannot_be_written, begin, end),
		cmocka_unit_test_setup_teardown(folder_open_to_others, begin, end),
		cmocka_unit_test_setup_teardown(one_at_a_time, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
