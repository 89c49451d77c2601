// SPDX-License-Identifier: GPL-3.0-or-later
// Programs that approve: their words and exit codes, and that nothing is left
// of one that takes too long or is not waited for any more.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/approve.h"

static uv_loop_t loop;
static char folder[] = "/tmp/cmpgate-approve-XXXXXX", hook[64], mark[64];
static struct { unsigned count; enum approve_verdict verdict; char text[APPROVE_OUTPUT_MAX + 1]; } said;

static void
on_done(void *context, enum approve_verdict verdict, const char *text)
{
	(void)context;
	said.count++;
	said.verdict = verdict;
	snprintf(said.text, sizeof(said.text), "%s", text);
}

static struct approval *
ask(const char *script, int64_t timeout, struct fault *f)
{
	struct settings_route r = { .name = (char *)(uintptr_t)"asked", .approve = { .hook = hook, .timeout = timeout } };
	const struct identity who = { .kind = IDENTITY_SIGNER, .text = "CN=plc \"7\"" };
	const struct pkimessage m = { .body = BODY_GENM };
	FILE *out = fopen(hook, "we");

	assert_non_null(out);
	fprintf(out, "#!/bin/sh\n%s\n", script);
	fclose(out);
	assert_int_equal(chmod(hook, 0700), 0);
	memset(&said, 0, sizeof(said));
	return approve_start(&loop, &r, &who, &m, "10.0.0.7:1", "", on_done, NULL, f);
}

static void
says(const char *script, enum approve_verdict verdict, const char *text)
{
	struct fault f = { .set = false };

	assert_non_null(ask(script, 10000, &f));
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(said.count, 1);
	assert_int_equal(said.verdict, verdict);
	if (text != NULL)
		assert_string_equal(said.text, text);
}

static void
verdicts(void **state)
{
	(void)state;
	says("exit 0", APPROVED, "");
	says("echo scrapped; echo more; exit 1", APPROVE_DENIED, "scrapped");
	says("exit 2", APPROVE_UNKNOWN, NULL);
	says("kill -9 $$", APPROVE_UNKNOWN, NULL);
	says("echo; exit 1", APPROVE_DENIED, "");
	// It is told who asks, in JSON, and need not listen.
	says("cat >\"$0.in\"; exec grep -q '\"sender\":\"CN=plc \\\\\"7\\\\\"\",\"auth\":\"signature\",\"profile\":null' \"$0.in\"", APPROVED, "");
	says("exec <&-; exit 0", APPROVED, "");
}

// Words beyond the cap are dropped, and so is the octet before them.
static void
many_words(void **state)
{
	struct fault f = { .set = false };

	(void)state;
	assert_non_null(ask("head -c 1023 /dev/zero | tr '\\0' a; exit 1", 10000, &f));
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(strlen(said.text), APPROVE_OUTPUT_MAX - 1);
	assert_non_null(ask("head -c 100000 /dev/zero | tr '\\0' a; exit 1", 10000, &f));
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(said.verdict, APPROVE_DENIED);
	assert_int_equal(strlen(said.text), APPROVE_OUTPUT_MAX);
}

// What the program started is ended with it: it would have left its mark.
static void
nothing_is_left(struct approval *a)
{
	const struct timespec moment = { .tv_nsec = 400 * 1000000 };

	uv_run(&loop, UV_RUN_DEFAULT);
	assert_non_null(a);
	nanosleep(&moment, NULL);
	assert_int_not_equal(access(mark, F_OK), 0);
}

static void
too_late(void **state)
{
	struct fault f = { .set = false };
	char script[128];

	(void)state;
	snprintf(script, sizeof(script), "(sleep 0.3; : >%s); exit 0", mark);
	nothing_is_left(ask(script, 100, &f));
	assert_int_equal(said.count, 1);
	assert_int_equal(said.verdict, APPROVE_UNKNOWN);
	// It said yes, and something of it holds its output open: that is not the end.
	assert_non_null(ask("sleep 0.3 & exit 0", 100, &f));
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(said.verdict, APPROVE_UNKNOWN);
}

static void
cancelled(void **state)
{
	struct fault f = { .set = false };
	char script[128];

	(void)state;
	snprintf(script, sizeof(script), "(sleep 0.3; : >%s); exit 0", mark);
	struct approval *a = ask(script, 10000, &f);
	assert_non_null(a);
	approve_cancel(a);
	nothing_is_left(a);
	assert_int_equal(said.count, 0);
}

static void
how_many(void **state)
{
	struct approval *a[APPROVE_RUNNING_MAX];
	struct fault f = { .set = false }, none = { .set = false };

	(void)state;
	for (size_t i = 0; i < APPROVE_RUNNING_MAX; i++)
		assert_non_null(a[i] = ask("exec sleep 10", 20000, &f));
	assert_null(ask("exec sleep 10", 20000, &f));
	assert_true(f.set);
	for (size_t i = 0; i < APPROVE_RUNNING_MAX; i++)
		approve_cancel(a[i]);
	uv_run(&loop, UV_RUN_DEFAULT);
	// One that cannot be started counts for nothing, and says why.
	for (size_t i = 0; i <= APPROVE_RUNNING_MAX; i++) {
		struct settings_route r = { .name = (char *)(uintptr_t)"asked", .approve = { .hook = folder, .timeout = 1000 } };
		const struct pkimessage m = { .body = BODY_GENM };
		const struct identity who = { .kind = IDENTITY_SIGNER };
		none.set = false;
		assert_null(approve_start(&loop, &r, &who, &m, "", "", on_done, NULL, &none));
		assert_non_null(strstr(none.text, "cannot be started"));
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	says("exit 0", APPROVED, "");
}

static int
set_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);	// as the program does
	if (mkdtemp(folder) == NULL || uv_loop_init(&loop) != 0)
		return -1;
	snprintf(hook, sizeof(hook), "%s/hook", folder);
	snprintf(mark, sizeof(mark), "%s/mark", folder);
	return 0;
}

static int
tear_down(void **state)
{
	char in[80];

	(void)state;
	snprintf(in, sizeof(in), "%s.in", hook);
	unlink(in);
	unlink(hook);
	rmdir(folder);
	return uv_loop_close(&loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(many_words),
		cmocka_unit_test(too_late),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(how_many),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
