// SPDX-License-Identifier: GPL-3.0-or-later
// The drop folder's driver: a folder that is found to have changed without
// being told, messages that are sent again, and what done/ keeps.
#include "build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/wire.h"

extern const struct driver driver_file;

enum { START_MS = 1000000, KEEP_S = 60 };

struct options { int64_t keep, settle, rescan; };	// as the driver's rows say

static struct transport_limits limits = { .max_message = 65536 };
static struct options options;
static struct listener *listener;
static char where[64], box[80];
static bool without_events;

// Stands before the one of the C library: some file systems tell of no change.
int
inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	if (!without_events)
		return (int)syscall(SYS_inotify_add_watch, fd, path, mask);
	errno = ENOSPC;
	return -1;
}

// ---- files

static const char *
at(const char *folder, const char *name)
{
	static char path[4][512];
	static unsigned turn;
	char *out = path[turn++ % 4];

	snprintf(out, sizeof(path[0]), "%s/%s/%s", box, folder, name);
	return out;
}

static bool
stands(const char *folder, const char *name)
{
	return access(at(folder, name), F_OK) == 0;
}

static void
put(const char *folder, const char *name)
{
	static const uint8_t message[] = { 0x30, 0x03, 0x02, 0x01, 0x02 };
	int fd = open(at(folder, ".new"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, message, sizeof(message)), sizeof(message));
	close(fd);
	assert_int_equal(rename(at(folder, ".new"), at(folder, name)), 0);
}

static bool
holds(const char *folder, const char *name, const char *text)
{
	char got[600] = "";
	FILE *file = fopen(at(folder, name), "r");

	if (file == NULL)
		return false;
	got[fread(got, 1, sizeof(got) - 1, file)] = '\0';
	fclose(file);
	return strcmp(got, text) == 0;
}

// ---- a listener on a folder of its own

static void
open_box(void)
{
	static struct url url;
	struct listener_setup setup = { .name = "files", .url = &url, .options = &options, .limits = &limits, .core = &wire_driver_core };
	struct fault f = { .set = false };
	char text[100];

	snprintf(text, sizeof(text), "file:%s", box);
	assert_true(url_parse(&url, text, &f));
	listener = driver_file.listener_open(&setup, &f);
	if (listener == NULL)
		fail_msg("%s", f.text);
}

static int
begin(void **state)
{
	(void)state;
	snprintf(where, sizeof(where), "/tmp/cmpgate-file.XXXXXX");
	assert_non_null(mkdtemp(where));
	snprintf(box, sizeof(box), "%s/box", where);
	options = (struct options){ .keep = KEEP_S * 1000, .settle = 30000, .rescan = 10000 };
	without_events = false;
	listener = NULL;
	wire_begin();
	clock_fake(INT64_C(1800000000000), START_MS);
	return 0;
}

static void
close_box(void)
{
	bool closed = false;

	driver_file.listener_close(listener, wire_closed, &closed);
	UNTIL(closed);
	listener = NULL;
}

static int
end(void **state)
{
	static const char *const folders[] = { "in", "out", "done", "bad" };

	(void)state;
	if (listener != NULL)
		close_box();
	clock_real();
	wire_end();
	for (size_t i = 0; i < 4; i++) {
		DIR *d = opendir(at(folders[i], ""));
		struct dirent *e;
		while (d != NULL && (e = readdir(d)) != NULL)
			unlink(at(folders[i], e->d_name));
		if (d != NULL)
			closedir(d);
		rmdir(at(folders[i], ""));
	}
	rmdir(box);
	return rmdir(where);
}

// More than one look at what is due, which happens twice a second.
static void
tick(void)
{
	wire_pass(700);
}

static void
await_delivery(int count)
{
	UNTIL(core.delivered == count);
}

static void
reply(const struct reply *r)
{
	driver_file.listener_respond(listener, core.token, r);
}

static void
answer(void)
{
	struct blob *message = blob_new(span_text("answer"));
	struct reply r = { .kind = REPLY_ANSWER, .message = message, .body = "ip" };

	reply(&r);
	blob_unref(message);
}

// ---- changes

static void
events_tell(void **state)
{
	(void)state;
	open_box();
	tick();
	put("in", "a.pki");	// the clock stands still: no rescan is due
	await_delivery(1);
	// What the file holds, then its name.
	assert_int_equal(core.return_label_len, 16 + 5);
	assert_memory_equal(core.return_label + 16, "a.pki", 5);
	assert_string_equal(core.peer.text, "a.pki");
}

static void
rescan_finds_without_events(void **state)
{
	(void)state;
	without_events = true;
	open_box();
	tick();
	for (int i = 1; i <= 2; i++) {
		char name[16];
		snprintf(name, sizeof(name), "f%d.pki", i);
		put("in", name);
		clock_advance(options.rescan - 1);
		tick();
		assert_int_equal(core.delivered, i - 1);
		clock_advance(1);
		await_delivery(i);
		answer();
		UNTIL(stands("done", name));
	}
}

// ---- answers and refusals

static void
sent_again_when_told(void **state)
{
	struct reply refusal = { .kind = REPLY_REFUSE, .reason = REFUSE_UNAVAILABLE, .seconds = 30, .text = "the CA is down" };

	(void)state;
	open_box();
	put("in", "a.pki");
	await_delivery(1);
	reply(&refusal);
	UNTIL(holds("out", "a.status.txt", "a.pki: the CA is down; it is sent again in 30 s\n"));
	assert_true(stands("in", "a.pki"));
	clock_advance(29999);
	tick();
	assert_int_equal(core.delivered, 1);
	clock_advance(1);
	await_delivery(2);
	answer();
	UNTIL(stands("done", "a.pki"));
	assert_true(holds("out", "a.ip.pki", "answer"));
	assert_false(stands("out", "a.status.txt"));
	assert_false(stands("in", "a.pki"));
}

// Without a hint of the reply: 5 s, and twice as long each time, 5 minutes at most.
static void
sent_again_ever_later(void **state)
{
	static const int waits[] = { 5, 10, 20, 40, 80, 160, 300, 300 };
	struct reply refusal = { .kind = REPLY_REFUSE, .reason = REFUSE_BAD_UPSTREAM };

	(void)state;
	open_box();
	put("in", "a.pki");
	for (int i = 0; i < 8; i++) {
		char text[100];
		await_delivery(i + 1);
		reply(&refusal);
		snprintf(text, sizeof(text), "a.pki: no answer yet; it is sent again in %d s\n", waits[i]);
		UNTIL(holds("out", "a.status.txt", text));
		clock_advance(waits[i] * INT64_C(1000));
	}
	await_delivery(9);
}

static void
refused_for_good(void **state)
{
	static const enum refusal reasons[] = { REFUSE_MALFORMED, REFUSE_TOO_LARGE, REFUSE_NOT_FOUND };

	(void)state;
	open_box();
	for (int i = 0; i < 3; i++) {
		struct reply refusal = { .kind = REPLY_REFUSE, .reason = reasons[i], .seconds = 30, .text = "it is no message" };
		char name[16], note[24];
		snprintf(name, sizeof(name), "f%d.pki", i);
		snprintf(note, sizeof(note), "f%d.pki.txt", i);
		put("in", name);
		await_delivery(i + 1);
		reply(&refusal);
		UNTIL(stands("bad", name));
		assert_true(stands("bad", note));
		assert_false(stands("in", name));
	}
}

static void
posted_later(void **state)
{
	struct blob *message = blob_new(span_text("answer of a day later"));
	struct fault f = { .set = false };

	(void)state;
	open_box();
	put("in", "a.pki");
	await_delivery(1);
	assert_true(driver_file.listener_post(listener, span_of(core.return_label, core.return_label_len), message, "cp", &f));
	UNTIL(stands("done", "a.pki"));
	assert_true(holds("out", "a.cp.pki", "answer of a day later"));
	blob_unref(message);
}

// ---- what done/ keeps

static void
done_is_swept(void **state)
{
	struct stat st;

	(void)state;
	open_box();
	close_box();
	put("done", "old.pki");
	assert_int_equal(stat(at("done", "old.pki"), &st), 0);
	// At the start: the file has been there for just as long as it is kept.
	clock_fake(((int64_t)st.st_ctim.tv_sec + KEEP_S) * 1000, START_MS);
	open_box();
	tick();
	assert_true(stands("done", "old.pki"));
	// A second longer; but the folder is looked at once an hour.
	clock_advance(1000);
	tick();
	assert_true(stands("done", "old.pki"));
	clock_advance(3600000 - 1000);
	UNTIL(!stands("done", "old.pki"));
	// And at a start again.
	close_box();
	put("done", "older.pki");
	clock_advance(60000);
	open_box();
	UNTIL(!stands("done", "older.pki"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(events_tell, begin, end), cmocka_unit_test_setup_teardown(rescan_finds_without_events, begin, end),
		cmocka_unit_test_setup_teardown(sent_again_when_told, begin, end), cmocka_unit_test_setup_teardown(sent_again_ever_later, begin, end),
		cmocka_unit_test_setup_teardown(refused_for_good, begin, end), cmocka_unit_test_setup_teardown(posted_later, begin, end),
		cmocka_unit_test_setup_teardown(done_is_swept, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
