// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/blob.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/durable.h"
#include "base/fault.h"
#include "base/handle.h"
#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/worker.h"

static void
buffer_keeps_its_limit(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 1000);
	for (int i = 0; i < 1000; i++)
		assert_true(buffer_append_octet(&b, (uint8_t)i));
	assert_int_equal(b.len, 1000);
	assert_false(buffer_append_octet(&b, 0));
	assert_true(b.failed);
	assert_false(buffer_append(&b, span_of(NULL, 0)));
	buffer_clear(&b);
	assert_false(b.failed);
	assert_true(buffer_printf(&b, "%d-%s", 7, "x"));
	assert_true(span_equal(buffer_span(&b), span_text("7-x")));
	buffer_consume(&b, 2);
	assert_true(span_equal(buffer_span(&b), span_text("x")));
	buffer_clear(&b);
}

// What peers, CAs and programs say ends in lines of JSON and on terminals.
static void
buffer_escapes_what_is_no_text(void **state)
{
	static const struct { const char *text; size_t most; const char *escaped, *plain; } rows[] = {
		{ "gr\xC3\xBC\xC3\x9F", 9, "gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F" }, { "a\"b\\", 9, "a\\\"b\\\\", "a\"b\\" },
		{ "a\n\x1B[m\x7F", 9, "a\\u000a\\u001b[m\\u007f", "a??[m?" }, { "\xC2\x9B", 9, "\\u009b", "?" },
		{ "\xFF\xFEx", 9, "\\ufffd\\ufffdx", "??x" }, { "\xC3", 9, "\\ufffd", "?" }, { "\xC3(", 9, "\\ufffd(", "?(" },
		{ "\xC0\xAF", 9, "\\ufffd\\ufffd", "??" }, { "\xE0\x9F\xBF", 9, "\\ufffd\\ufffd\\ufffd", "???" },
		{ "\xED\xA0\x80", 9, "\\ufffd\\ufffd\\ufffd", "???" }, { "\xE2\x82", 9, "\\ufffd\\ufffd", "??" },
		{ "\xF0\x9F\x98\x80", 9, "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80" }, { "\xF4\x90\x80\x80", 9, "\\ufffd\\ufffd\\ufffd\\ufffd", "????" },
		{ "ab", 2, "ab", "ab" }, { "abc", 2, "ab...", "abc" }, { "a\xC3\xBC" "b", 2, "a...", "a\xC3\xBC" "b" }, { "a\xC3\xBC" "b", 3, "a\xC3\xBC...", "a\xC3\xBC" "b" },
	};
	struct buffer b;
	struct fault f = { .set = false };
	char text[8];

	(void)state;
	fault_set(&f, FAIL_NONE, "", "gr\xC3\xBC\xC3\x9F, %.3s \xFF\n", "ab\xC3\xA4");
	assert_string_equal(f.text, "gr\xC3\xBC\xC3\x9F, ab? ??");
	assert_string_equal(fault_text(&f, text, 6), "gr\xC3\xBC?");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buffer_init(&b, 1024);
		assert_true(buffer_append_escaped(&b, rows[i].text, rows[i].most) && buffer_append_octet(&b, '\0'));
		assert_string_equal((const char *)b.data, rows[i].escaped);
		b.len = 0;
		assert_true(buffer_append_plain(&b, rows[i].text) && buffer_append_octet(&b, '\0'));
		assert_string_equal((const char *)b.data, rows[i].plain);
		buffer_clear(&b);
	}
}

static void
buffer_without_memory_fails_for_good(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 1000);
	mem_fail(1, 0);
	assert_false(buffer_append_text(&b, "abc"));
	mem_fail(0, 0);
	assert_false(buffer_append_text(&b, "abc"));
	assert_int_equal(b.len, 0);
	buffer_clear(&b);
}

static void
blobs_are_counted(void **state)
{
	size_t before = blob_bytes();
	struct blob *b = blob_new(span_text("message"));

	(void)state;
	assert_non_null(b);
	assert_int_equal(blob_bytes(), before + 7);
	assert_ptr_equal(blob_ref(b), b);
	blob_unref(b);
	assert_int_equal(blob_bytes(), before + 7);
	assert_true(span_equal(blob_span(b), span_text("message")));
	blob_unref(b);
	assert_int_equal(blob_bytes(), before);
	blob_unref(NULL);
	assert_int_equal(blob_span(NULL).len, 0);
}

static void
arena_keeps_its_limit(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 10000);
	char *t = arena_text(&a, span_text("abc"));
	assert_string_equal(t, "abc");
	assert_string_equal(arena_printf(&a, "%03d", 7), "007");
	uint8_t *big = arena_alloc(&a, 5000);
	assert_non_null(big);
	assert_int_equal((uintptr_t)big % _Alignof(max_align_t), 0);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(big[i], 0);
	assert_null(arena_alloc(&a, 5000));
	assert_null(arena_array(&a, SIZE_MAX / 2, 4));
	arena_clear(&a);
	assert_non_null(arena_alloc(&a, 10000));
	assert_null(arena_alloc(&a, 1));
	arena_clear(&a);
}

static void
faults_stick_and_are_clean(void **state)
{
	struct fault f = { 0 };
	char text[400];

	(void)state;
	assert_false(fault_set(&f, FAIL_BAD_POP, "popo", "bad\x1b[31m %d", 5));
	assert_false(fault_set(&f, FAIL_BAD_ALG, "later", "not seen"));
	fault_within(&f, "body.ir[0]");
	assert_int_equal(f.failure, FAIL_BAD_POP);
	assert_string_equal(fault_text(&f, text, sizeof(text)), "body.ir[0].popo: bad?[31m 5");
	assert_false(fault_set(NULL, FAIL_BAD_ALG, "", "nothing"));
	for (int i = 0; i < FAIL_COUNT; i++) {
		enum failure found;
		assert_true(failure_find(&found, failure_name((enum failure)i)));
		assert_int_equal(found, i);
	}
	assert_null(failure_name(FAIL_COUNT));
	assert_string_equal(failure_name(FAIL_NONE), "none");
}

static void
calendar_goes_both_ways(void **state)
{
	static const struct { int64_t s; const char *text; } rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" }, { -1, "1969-12-31T23:59:59.000Z" },
		{ 951782400, "2000-02-29T00:00:00.000Z" }, { 4107542400, "2100-03-01T00:00:00.000Z" },
		{ 2147483648, "2038-01-19T03:14:08.000Z" }, { 253402300799, "9999-12-31T23:59:59.000Z" },
		{ -62167219200, "0000-01-01T00:00:00.000Z" }, { -2203891200, "1900-03-01T00:00:00.000Z" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct calendar c;
		int64_t back;
		assert_string_equal(calendar_text(rows[i].s * 1000, text, sizeof(text)), rows[i].text);
		assert_true(calendar_from_seconds(&c, rows[i].s));
		assert_true(calendar_to_seconds(&back, &c));
		assert_int_equal(back, rows[i].s);
	}
	struct calendar none = { 2026, 2, 29, 0, 0, 0 };
	int64_t s;
	assert_false(calendar_to_seconds(&s, &none));
	assert_false(calendar_from_seconds(&none, 253402300800));
	assert_false(calendar_from_seconds(&none, -62167219201));
}

static void
fake_clock_stands_still(void **state)
{
	(void)state;
	clock_fake(-1, 5);
	assert_int_equal(clock_wall_s(), -1);
	clock_advance(1001);
	assert_int_equal(clock_wall_s(), 1);
	assert_int_equal(clock_mono_ms(), 1006);
	clock_real();
	assert_true(clock_wall_s() > 1500000000);
}

// The reference values of SipHash-2-4: key 00..0f, input 00, 00 01, ...
static void
siphash_fits_its_reference(void **state)
{
	static const uint64_t expected[] = { 0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d };
	struct hash_key key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
	uint8_t input[64];

	(void)state;
	for (uint8_t i = 0; i < 64; i++)
		input[i] = i;
	for (size_t n = 0; n < 4; n++)
		assert_int_equal(hash_keyed(&key, span_of(input, n)), expected[n]);
	assert_int_equal(hash_keyed(&key, span_of(input, 15)), 0xa129ca6149be45e5);
}

struct item { struct map_node node; char key[16]; };

static void
map_finds_what_was_put(void **state)
{
	static struct item items[1000];
	struct map m;
	size_t seen = 0;

	(void)state;
	assert_true(map_init(&m));
	for (int i = 0; i < 1000; i++) {
		snprintf(items[i].key, sizeof(items[i].key), "key-%d", i);
		items[i].node.key = span_text(items[i].key);
		assert_true(map_insert(&m, &items[i].node));
	}
	assert_int_equal(m.count, 1000);
	for (int i = 0; i < 1000; i++)
		assert_ptr_equal(container_of(map_find(&m, span_text(items[i].key)), struct item, node), &items[i]);
	struct item twin = { .key = "key-5" };
	twin.node.key = span_text(twin.key);
	assert_true(map_insert(&m, &twin.node));
	assert_ptr_equal(map_find(&m, span_text("key-5")), &twin.node);
	map_remove(&m, &twin.node);
	map_remove(&m, &twin.node);
	assert_ptr_equal(map_find(&m, span_text("key-5")), &items[5].node);
	for (struct map_node *n = map_next(&m, NULL); n != NULL; n = map_next(&m, n))
		seen++;
	assert_int_equal(seen, 1000);
	for (int i = 0; i < 1000; i += 2)
		map_remove(&m, &items[i].node);
	assert_null(map_find(&m, span_text("key-4")));
	assert_non_null(map_find(&m, span_text("key-7")));
	assert_int_equal(m.count, 500);
	map_clear(&m);
	assert_null(map_find(&m, span_text("key-7")));
}

static void
handles_are_never_used_twice(void **state)
{
	struct handle_table t;
	int objects[100];
	uint64_t handles[100], old;

	(void)state;
	handle_table_init(&t);
	assert_null(handle_find(&t, 0));
	for (int i = 0; i < 100; i++)
		assert_true((handles[i] = handle_open(&t, &objects[i])) != 0);
	for (int i = 0; i < 100; i++)
		assert_ptr_equal(handle_find(&t, handles[i]), &objects[i]);
	old = handles[50];
	assert_ptr_equal(handle_close(&t, old), &objects[50]);
	assert_null(handle_close(&t, old));
	uint64_t again = handle_open(&t, &objects[0]);
	assert_true(again != old);
	assert_null(handle_find(&t, old));
	size_t cursor = 0, n = 0;
	uint64_t h;
	while (handle_next(&t, &cursor, &h) != NULL) {
		assert_non_null(handle_find(&t, h));
		n++;
	}
	assert_int_equal(n, 100);
	assert_int_equal(handle_open(&t, NULL), 0);
	handle_table_clear(&t);
}

struct job { struct worker_job job; int *ran, *done, *late; };

static void
run_job(struct worker_job *job, unsigned thread)
{
	(void)thread;
	__atomic_add_fetch(container_of(job, struct job, job)->ran, 1, __ATOMIC_SEQ_CST);
}

static void
job_done(struct worker_job *job, bool late)
{
	struct job *j = container_of(job, struct job, job);

	(*j->done)++;
	*j->late += late;
}

static void
workers_run_each_job_once(void **state)
{
	(void)state;
	for (unsigned threads = 0; threads <= 2; threads++) {
		uv_loop_t loop;
		int ran = 0, done = 0, late = 0;
		struct job jobs[50];
		assert_int_equal(uv_loop_init(&loop), 0);
		struct worker_pool *pool = worker_pool_new(&loop, threads, 50);
		assert_non_null(pool);
		for (int i = 0; i < 50; i++) {
			jobs[i] = (struct job){ { .run = run_job, .done = job_done }, &ran, &done, &late };
			if (i == 7)
				jobs[i].job.deadline_ms = clock_mono_ms() - 1;
			assert_true(worker_submit(pool, &jobs[i].job));
		}
		while (worker_pending(pool) > 0)
			uv_run(&loop, UV_RUN_ONCE);
		assert_int_equal(done, 50);
		assert_int_equal(late, 1);
		assert_int_equal(ran, 49);
		worker_pool_close(pool, NULL, NULL);
		uv_run(&loop, UV_RUN_DEFAULT);
		assert_int_equal(uv_loop_close(&loop), 0);
	}
}

static char folder[] = "/tmp/cmpgate-base.XXXXXX";

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
remove_folder(void **state)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	(void)state;
	while (d != NULL && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
	return rmdir(folder);
}

static void
durable_files_never_replace(void **state)
{
	struct fault f = { 0 };
	struct stat st;
	char text[32] = "";
	int dir = open(folder, O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_int_equal(durable_write(dir, "a", span_text("one"), 0600, &f), DURABLE_DONE);
	assert_int_equal(durable_write(dir, "a", span_text("two"), 0600, &f), DURABLE_EXISTS);
	assert_int_equal(fstatat(dir, "a", &st, 0), 0);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(durable_replace(dir, "a", span_text("three"), 0600, &f));
	int fd = openat(dir, "a", O_RDONLY);
	assert_int_equal(read(fd, text, sizeof(text)), 5);
	assert_string_equal(text, "three");
	close(fd);
	assert_int_equal(durable_write(dir, "b", span_text("x"), 0600, NULL), DURABLE_DONE);
	assert_int_equal(durable_move(dir, "a", dir, "b", NULL), DURABLE_EXISTS);
	assert_int_equal(durable_move(dir, "a", dir, "c", NULL), DURABLE_DONE);
	struct fault missing = { 0 };
	assert_int_equal(durable_move(dir, "a", dir, "d", &missing), DURABLE_FAILED);
	assert_true(missing.set);
	DIR *d = opendir(folder);
	struct dirent *e;
	int files = 0;
	while ((e = readdir(d)) != NULL)
		files += e->d_type == DT_REG;
	closedir(d);
	assert_int_equal(files, 2);
	close(dir);
}

static void
keep_line(void *context, const char *line)
{
	snprintf(context, 4096, "%s", line);
}

static void
log_escapes_what_peers_say(void **state)
{
	static char line[4096], longer[3000];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	log_redirect(keep_line, line);
	log_setup(LOG_INFO_, LOG_FORMAT_LOGFMT);
	struct log_field fields[] = { { "peer", "a\nb\x1b[0m\"" }, { "gone", NULL }, { "n", "7" }, { NULL, NULL } };
	log_event(LOG_WARN_, "test", fields, "sentence\n");
	assert_non_null(strstr(line, "warn  test: sentence? peer=\"a\\u000ab\\u001b[0m\\\"\" n=7"));
	log_event(LOG_DEBUG_, "test", NULL, "not wanted");
	assert_null(strstr(line, "not wanted"));
	struct log_field cut[] = { { "long", longer }, { NULL, NULL } };
	log_event(LOG_INFO_, "test", cut, "cut");
	assert_true(strlen(line) < 1200);
	log_setup(LOG_INFO_, LOG_FORMAT_JSON);
	log_event(LOG_INFO_, "test", fields, "say \"x\"");
	assert_non_null(strstr(line, "\"text\":\"say \\\"x\\\"\",\"peer\":\"a\\u000ab"));
	log_redirect(NULL, NULL);
	log_setup(LOG_INFO_, LOG_FORMAT_AUTO);
}

static void
random_octets_differ(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };

	(void)state;
	assert_true(random_octets(a, sizeof(a)));
	assert_true(random_octets(b, sizeof(b)));
	assert_memory_not_equal(a, b, sizeof(a));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffer_keeps_its_limit),
		cmocka_unit_test(buffer_escapes_what_is_no_text),
		cmocka_unit_test(buffer_without_memory_fails_for_good),
		cmocka_unit_test(blobs_are_counted),
		cmocka_unit_test(arena_keeps_its_limit),
		cmocka_unit_test(faults_stick_and_are_clean),
		cmocka_unit_test(calendar_goes_both_ways),
		cmocka_unit_test(fake_clock_stands_still),
		cmocka_unit_test(siphash_fits_its_reference),
		cmocka_unit_test(map_finds_what_was_put),
		cmocka_unit_test(handles_are_never_used_twice),
		cmocka_unit_test(workers_run_each_job_once),
		cmocka_unit_test_setup_teardown(durable_files_never_replace, make_folder, remove_folder),
		cmocka_unit_test(log_escapes_what_peers_say),
		cmocka_unit_test(random_octets_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
