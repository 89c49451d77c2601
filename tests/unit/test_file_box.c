// SPDX-License-Identifier: GPL-3.0-or-later
// The folders of a drop box: hostile names, files that are not whole or not
// files, answers that stand there already, reasons, and how long done/ keeps.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/memory.h"
#include "transports/file_box.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define OCTETS(s) s, sizeof(s) - 1

enum { LIMIT = 64 };

// ---- A box of its own for each test

static char where[256];
static struct file_box box;

static int
make_box(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct fault f = { .set = false };
	char path[300];

	(void)state;
	snprintf(where, sizeof(where), "%s/cmpgate-box-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(where) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/box", where);
	return file_box_open(&box, path, &f) ? 0 : -1;
}

static void
empty_folder(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	DIR *d = fdopendir(fd);
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || unlinkat(fd, e->d_name, 0) == 0)
			continue;
		empty_folder(fd, e->d_name);
		unlinkat(fd, e->d_name, AT_REMOVEDIR);
	}
	closedir(d);
}

static int
remove_box(void **state)
{
	(void)state;
	clock_real();
	mem_fail(0, 0);
	file_box_close(&box);
	empty_folder(AT_FDCWD, where);
	return rmdir(where);
}

static void
put(int folder, const char *name, const char *octets, size_t len)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, octets, len), (ssize_t)len);
	close(fd);
}

static bool
stands(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
holds(int folder, const char *name, const char *octets, size_t len)
{
	char got[1024];
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW);

	if (fd < 0)
		fail_msg("%s is missing", name);
	ssize_t n = read(fd, got, sizeof(got));
	close(fd);
	assert_int_equal(n, (ssize_t)len);
	assert_memory_equal(got, octets, len);
}

static size_t
files_in(int folder)
{
	DIR *d = fdopendir(openat(folder, ".", O_RDONLY | O_DIRECTORY));
	struct dirent *e;
	size_t n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

// ---- Folders

static void
folders_are_made_private(void **state)
{
	static const char *const names[] = { "in", "out", "done", "bad" };
	const int fds[] = { box.in, box.out, box.done, box.bad };
	struct fault f = { .set = false };
	struct file_box again;
	char path[300];
	struct stat st;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/box/%s", where, names[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
		assert_true(fcntl(fds[i], F_GETFD) == FD_CLOEXEC);
	}
	// A box that stands is opened as it is.
	put(box.in, "a.pki", "x", 1);
	snprintf(path, sizeof(path), "%s/box", where);
	assert_true(file_box_open(&again, path, &f));
	assert_true(stands(again.in, "a.pki"));
	file_box_close(&again);
	file_box_close(&again);
	assert_int_equal(again.in, -1);
}

static void
folders_that_cannot_be(void **state)
{
	struct fault f = { .set = false };
	struct file_box b;
	char path[300];

	(void)state;
	snprintf(path, sizeof(path), "%s/none/box", where);
	assert_false(file_box_open(&b, path, &f));
	assert_true(f.set && f.text[0] != '\0');
	assert_true(b.in == -1 && b.out == -1 && b.done == -1 && b.bad == -1);

	snprintf(path, sizeof(path), "%s/file", where);
	put(AT_FDCWD, path, "x", 1);
	f.set = false;
	assert_false(file_box_open(&b, path, &f));
	assert_true(f.set);

	// One of the four is a file: the others are closed again.
	snprintf(path, sizeof(path), "%s/box2", where);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/box2/done", where);
	put(AT_FDCWD, path, "x", 1);
	snprintf(path, sizeof(path), "%s/box2", where);
	f.set = false;
	assert_false(file_box_open(&b, path, &f));
	assert_true(f.set && strstr(f.text, "done") != NULL);
	assert_true(b.in == -1 && b.out == -1 && b.done == -1 && b.bad == -1);
}

// ---- Names

static void
names(void **state)
{
	static const struct { const char *name; bool taken; } rows[] = {
		{ "a.pki", true }, { "a.der", true }, { "a.pem", true }, { "A.PKI", true }, { "a.Pem", true },
		{ "pump 7 (new).pki", true }, { "a.b.c.pki", true }, { "a..pki", true }, { "-rf.pki", true }, { "\xc3\xa4.pki", true },
		{ "", false }, { ".", false }, { "..", false }, { ".pki", false }, { "pki", false }, { "a.", false },
		{ ".a.pki", false }, { "..pki", false }, { "../a.pki", false }, { "a/b.pki", false }, { "a/../b.pki", false },
		{ "/a.pki", false }, { "a.pki.part", false }, { "a.pki~", false }, { "a.txt", false }, { "a.crt", false },
		{ "a.pki ", false }, { "a\n.pki", false }, { "a.pki\n", false }, { "a\r.pki", false }, { "a\t.pki", false },
		{ "a\x1b[2J.pki", false }, { "a\x7f.pki", false },
	};
	char name[FILE_NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (file_name_taken(rows[i].name) != rows[i].taken)
			fail_msg("%s", rows[i].name);
	memset(name, 'a', sizeof(name));
	memcpy(name + FILE_NAME_MAX - 4, ".pki", 5);
	assert_true(file_name_taken(name));
	memset(name, 'a', sizeof(name));
	memcpy(name + FILE_NAME_MAX - 3, ".pki", 5);
	assert_false(file_name_taken(name));
	assert_non_null(strstr(file_name_odd(name), "longer than 100"));
	assert_non_null(strstr(file_name_odd("a\n.pki"), "control characters"));
	assert_non_null(strstr(file_name_odd("a.txt"), "does not end"));
	assert_null(file_name_odd("a.pki"));
}

static void
stems(void **state)
{
	char out[FILE_NAME_MAX + 1];

	(void)state;
	file_name_stem("a.pki", out, sizeof(out));
	assert_string_equal(out, "a");
	file_name_stem("a.b.PEM", out, sizeof(out));
	assert_string_equal(out, "a.b");
	file_name_stem("abcdef.pki", out, 4);
	assert_string_equal(out, "abc");
}

// ---- Reading

struct content { const char *name, *octets; size_t len; enum file_read result; const char *message; size_t message_len; };

#define PEM(text) "-----BEGIN PKIMESSAGE-----\n" text "-----END PKIMESSAGE-----\n"

static const struct content contents[] = {
	{ "DER", OCTETS("\x30\x03\x02\x01\x05"), FILE_WHOLE, OCTETS("\x30\x03\x02\x01\x05") },
	{ "an empty SEQUENCE", OCTETS("\x30\x00"), FILE_WHOLE, OCTETS("\x30\x00") },
	{ "a long length", OCTETS("\x30\x81\x03\x02\x01\x05"), FILE_WHOLE, OCTETS("\x30\x81\x03\x02\x01\x05") },
	{ "four octets of length", OCTETS("\x30\x84\0\0\0\x03\x02\x01\x05"), FILE_WHOLE, OCTETS("\x30\x84\0\0\0\x03\x02\x01\x05") },
	{ "PEM", OCTETS(PEM("MAMCAQU=\n")), FILE_WHOLE, OCTETS("\x30\x03\x02\x01\x05") },
	{ "PEM with CR LF", OCTETS("-----BEGIN CMP-----\r\nMAMC\r\nAQU=\r\n-----END CMP-----\r\n"), FILE_WHOLE, OCTETS("\x30\x03\x02\x01\x05") },
	{ "PEM with blanks", OCTETS(PEM(" MA\tMCAQU=\n")), FILE_WHOLE, OCTETS("\x30\x03\x02\x01\x05") },
	{ "text after PEM", OCTETS(PEM("MAMCAQU=\n") "bye\n"), FILE_WHOLE, OCTETS("\x30\x03\x02\x01\x05") },

	// What begins like a message and is none: the gateway answers it.
	{ "no definite length", OCTETS("\x30\x80\x02\x01\x05\0\0"), FILE_WHOLE, OCTETS("\x30\x80\x02\x01\x05\0\0") },
	{ "five octets of length", OCTETS("\x30\x85\0\0\0\0\0"), FILE_WHOLE, OCTETS("\x30\x85\0\0\0\0\0") },
	{ "an octet more", OCTETS("\x30\x03\x02\x01\x05" "x"), FILE_WHOLE, OCTETS("\x30\x03\x02\x01\x05" "x") },
	{ "a newline more", OCTETS("\x30\x03\x02\x01\x05\n"), FILE_WHOLE, OCTETS("\x30\x03\x02\x01\x05\n") },
	{ "two messages", OCTETS("\x30\x03\x02\x01\x05\x30\x03\x02\x01\x05"), FILE_WHOLE, OCTETS("\x30\x03\x02\x01\x05\x30\x03\x02\x01\x05") },
	{ "PEM of a message and more", OCTETS(PEM("MAMCAQUA\n")), FILE_WHOLE, OCTETS("\x30\x03\x02\x01\x05\0") },

	{ "zeros where the contents will be", OCTETS("\x30\x08\x04\x02zz\0\0\0\0"), FILE_WHOLE, OCTETS("\x30\x08\x04\x02zz\0\0\0\0") },
	{ "a zero at the end", OCTETS("\x30\x04\x04\x02z\0"), FILE_WHOLE, OCTETS("\x30\x04\x04\x02z\0") },
	{ "an element that does not fit", OCTETS("\x30\x04\x30\x03\x02\x01"), FILE_WHOLE, OCTETS("\x30\x04\x30\x03\x02\x01") },
	{ "an element inside that does not fill", OCTETS("\x30\x05\x30\x03\x02\x02x"), FILE_WHOLE, OCTETS("\x30\x05\x30\x03\x02\x02x") },
	{ "elements in elements", OCTETS("\x30\x07\xA0\x05\x30\x03\x02\x01\x05"), FILE_WHOLE, OCTETS("\x30\x07\xA0\x05\x30\x03\x02\x01\x05") },

	{ "nothing yet", OCTETS(""), FILE_PARTIAL, NULL, 0 },
	{ "room for a message", OCTETS("\0\0\0\0\0\0\0\0"), FILE_PARTIAL, NULL, 0 },
	{ "a tag", OCTETS("\x30"), FILE_PARTIAL, NULL, 0 },
	{ "half a length", OCTETS("\x30\x82\x01"), FILE_PARTIAL, NULL, 0 },
	{ "a header", OCTETS("\x30\x03"), FILE_PARTIAL, NULL, 0 },
	{ "one octet short", OCTETS("\x30\x03\x02\x01"), FILE_PARTIAL, NULL, 0 },
	{ "four gigabytes to come", OCTETS("\x30\x84\xff\xff\xff\xff" "a"), FILE_PARTIAL, NULL, 0 },
	{ "PEM without a line", OCTETS("-----BEGIN CMP-----"), FILE_PARTIAL, NULL, 0 },
	{ "PEM without an end", OCTETS("-----BEGIN CMP-----\nMAMC\n"), FILE_PARTIAL, NULL, 0 },

	{ "another tag", OCTETS("\x31\x00"), FILE_BAD, NULL, 0 },
	{ "text", OCTETS("hello\n"), FILE_BAD, NULL, 0 },
	{ "a PEM of nothing but letters", OCTETS(PEM("!!!!\n")), FILE_BAD, NULL, 0 },
	{ "base64 that stops", OCTETS(PEM("MAMCAQ\n")), FILE_BAD, NULL, 0 },
	{ "base64 with three fillers", OCTETS(PEM("M===\n")), FILE_BAD, NULL, 0 },
	{ "base64 after the filler", OCTETS(PEM("MAMCAQU=MAMC\n")), FILE_BAD, NULL, 0 },
	{ "a PEM with NUL", OCTETS(PEM("MAM\0CAQU=\n")), FILE_BAD, NULL, 0 },
	{ "PEM of a message that is cut", OCTETS(PEM("MAMCAQ==\n")), FILE_BAD, NULL, 0 },
	{ "PEM of no message", OCTETS(PEM("MQAx\n")), FILE_BAD, NULL, 0 },
	{ "PEM of nothing", OCTETS(PEM("")), FILE_PARTIAL, NULL, 0 },
	{ "PEM whose end comes first", OCTETS("-----BEGIN -----END -----\n"), FILE_BAD, NULL, 0 },
};

// Whole, but perhaps not written to the end.
static bool
is_doubtful(const char *name)
{
	static const char *const names_of[] = {
		"an empty SEQUENCE", "no definite length", "five octets of length", "an octet more", "a newline more",
		"two messages", "PEM of a message and more", "zeros where the contents will be", "a zero at the end",
		"an element that does not fit", "an element inside that does not fill"
	};

	for (size_t i = 0; i < COUNT(names_of); i++)
		if (strcmp(names_of[i], name) == 0)
			return true;
	return false;
}

static void
what_is_inside(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(contents); i++) {
		const struct content *c = &contents[i];
		struct fault f = { .set = false };
		struct blob *octets;
		struct file_mark mark;
		put(box.in, "a.pki", c->octets, c->len);
		enum file_read got = file_box_read(&box, "a.pki", LIMIT, &octets, &mark, &f);
		if (got != c->result)
			fail_msg("%s: %d instead of %d: %s", c->name, (int)got, (int)c->result, f.set ? f.text : "");
		assert_int_equal(f.set, got == FILE_BAD);
		assert_true(span_equal(blob_span(octets), span_of(c->message, c->message_len)));
		assert_int_equal(octets != NULL, got == FILE_WHOLE);
		if (mark.sure != (got == FILE_WHOLE && !is_doubtful(c->name)))
			fail_msg("%s: %s", c->name, mark.sure ? "sure" : "doubtful");
		blob_unref(octets);
		holds(box.in, "a.pki", c->octets, c->len);
	}
}

// A message of this many octets, in DER or in PEM.
static size_t
message_of(char *out, size_t len, bool pem)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t der[2 * LIMIT] = { 0x30, (uint8_t)(len - 2) };
	size_t n = 0;

	if (!pem) {
		memcpy(out, der, len);
		return len;
	}
	n = (size_t)sprintf(out, "-----BEGIN PKIMESSAGE-----\n");
	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)der[i] << 16 | (uint32_t)der[i + 1] << 8 | der[i + 2];
		for (int k = 18; k >= 0; k -= 6)
			out[n++] = digits[v >> k & 63];
	}
	for (size_t k = 0; k < (3 - len % 3) % 3; k++)
		out[n - 1 - k] = '=';
	return n + (size_t)sprintf(out + n, "\n-----END PKIMESSAGE-----\n");
}

static void
sizes(void **state)
{
	static const struct { size_t len; enum file_read result; } rows[] = {
		{ LIMIT - 1, FILE_WHOLE }, { LIMIT, FILE_WHOLE }, { LIMIT + 1, FILE_BAD },
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int pem = 0; pem < 2; pem++) {
			struct fault f = { .set = false };
			struct blob *octets;
			struct file_mark mark;
			put(box.in, "a.pki", text, message_of(text, rows[i].len, pem != 0));
			assert_int_equal(file_box_read(&box, "a.pki", LIMIT, &octets, &mark, &f), rows[i].result);
			assert_int_equal(blob_span(octets).len, rows[i].result == FILE_WHOLE ? rows[i].len : 0);
			if (rows[i].result == FILE_BAD)
				assert_non_null(strstr(f.text, "limits.max_message"));
			blob_unref(octets);
		}
}

// A file far over the limit is not read at all.
static void
huge(void **state)
{
	struct fault f = { .set = false };
	struct blob *octets;
	struct file_mark mark;
	uint64_t before;

	(void)state;
	put(box.in, "a.pki", "\x30", 1);
	int fd = openat(box.in, "a.pki", O_WRONLY);
	assert_int_equal(ftruncate(fd, (off_t)1 << 32), 0);
	close(fd);
	before = mem_count();
	assert_int_equal(file_box_read(&box, "a.pki", LIMIT, &octets, &mark, &f), FILE_BAD);
	assert_int_equal(mem_count(), before);
	assert_non_null(strstr(f.text, "limits.max_message"));
}

// A hole in the middle is one as long as a disk writes it, not a short run of zeros.
static void
holes(void **state)
{
	enum { SIZE = 200, HOLE_AT = 40 };
	char message[SIZE];

	(void)state;
	for (size_t hole = 63; hole <= 64; hole++) {
		struct fault f = { .set = false };
		struct file_mark mark;
		struct blob *octets;
		memset(message, 'x', sizeof(message));
		memcpy(message, "\x30\x81\xC5\x04\x81\xC2", 6);
		memset(message + HOLE_AT, 0, hole);
		put(box.in, "a.pki", message, sizeof(message));
		assert_int_equal(file_box_read(&box, "a.pki", SIZE, &octets, &mark, &f), FILE_WHOLE);
		assert_int_equal(mark.sure, hole < 64);
		blob_unref(octets);
	}
}

static struct file_mark
mark_of(const char *name)
{
	struct fault f = { .set = false };
	struct file_mark mark;
	struct blob *octets;

	assert_int_not_equal(file_box_read(&box, name, LIMIT, &octets, &mark, &f), FILE_GONE);
	blob_unref(octets);
	return mark;
}

static void
set_time(const char *name, int64_t s)
{
	struct timespec times[2] = { { .tv_sec = s }, { .tv_sec = s } };

	assert_int_equal(utimensat(box.in, name, times, 0), 0);
}

static void
marks(void **state)
{
	(void)state;
	put(box.in, "a.pki", "\x30\x05", 2);
	set_time("a.pki", 1000);
	struct file_mark first = mark_of("a.pki"), second = mark_of("a.pki");
	assert_true(file_mark_unchanged(&first, &second) && file_mark_same(&first, &second));
	// Touched, but the same.
	set_time("a.pki", 2000);
	second = mark_of("a.pki");
	assert_false(file_mark_unchanged(&first, &second));
	assert_true(file_mark_same(&first, &second));
	// Another content in the same file at the same time.
	put(box.in, "a.pki", "\x30\x06", 2);
	set_time("a.pki", 1000);
	second = mark_of("a.pki");
	assert_false(file_mark_unchanged(&first, &second));
	assert_false(file_mark_same(&first, &second));
	// Without its content a file is known by what the folder says of it.
	first.read = false;
	assert_true(file_mark_same(&first, &second));
	second.inode++;
	assert_false(file_mark_same(&first, &second));
	second = first;
	second.size++;
	assert_false(file_mark_same(&first, &second));
	second = first;
	second.mtime_ns++;
	assert_false(file_mark_same(&first, &second));
}

// What is no file is neither opened nor touched.
static void
strange_things(void **state)
{
	static const char *const things[] = { "link.pki", "dangling.pki", "out.pki", "fifo.pki", "folder.pki" };
	struct blob *octets;
	struct file_mark mark;
	char path[300];

	(void)state;
	put(box.in, "real.txt", "\x30\x00", 2);
	assert_int_equal(symlinkat("real.txt", box.in, "link.pki"), 0);
	assert_int_equal(symlinkat("nowhere", box.in, "dangling.pki"), 0);
	snprintf(path, sizeof(path), "%s/secret", where);
	put(AT_FDCWD, path, "\x30\x00", 2);
	assert_int_equal(symlinkat(path, box.in, "out.pki"), 0);
	assert_int_equal(mkfifoat(box.in, "fifo.pki", 0600), 0);
	assert_int_equal(mkdirat(box.in, "folder.pki", 0700), 0);
	for (size_t i = 0; i < COUNT(things); i++) {
		struct fault f = { .set = false };
		if (file_box_read(&box, things[i], LIMIT, &octets, &mark, &f) != FILE_STRANGE)
			fail_msg("%s", things[i]);
		assert_null(octets);
		assert_true(stands(box.in, things[i]));
	}
	struct fault f = { .set = false };
	assert_int_equal(file_box_read(&box, "nothing.pki", LIMIT, &octets, &mark, &f), FILE_GONE);
	assert_false(f.set);
}

static void
no_memory_is_no_verdict(void **state)
{
	static const char der[] = "\x30\x03\x02\x01\x05", pem[] = PEM("MAMCAQU=\n");
	struct blob *octets;
	struct file_mark mark;

	(void)state;
	put(box.in, "a.pki", OCTETS(der));
	put(box.in, "a.pem", OCTETS(pem));
	for (uint64_t n = 1; n <= 4; n++)
		for (int k = 0; k < 2; k++) {
			struct fault f = { .set = false };
			mem_fail(n, 1);
			enum file_read got = file_box_read(&box, k == 0 ? "a.pki" : "a.pem", LIMIT, &octets, &mark, &f);
			mem_fail(0, 0);
			// A file that could not be looked at must not land in bad/.
			if (got != FILE_PARTIAL && got != FILE_WHOLE)
				fail_msg("allocation %d of %s: %d %s", (int)n, k == 0 ? "DER" : "PEM", (int)got, f.text);
			blob_unref(octets);
		}
}

// ---- Answers

// Answer or report the file that stands there now.
static bool left;

static bool
answer(const struct file_box *b, const char *name, const char *body, const char *text, struct fault *f)
{
	struct file_mark mark = stands(box.in, name) ? mark_of(name) : (struct file_mark){ .read = true };

	return file_box_answer(b, name, &mark, body, span_text(text), &left, f);
}

static bool
report(const struct file_box *b, const char *name, const char *reason, struct fault *f)
{
	struct file_mark mark = stands(box.in, name) ? mark_of(name) : (struct file_mark){ .read = true };

	return file_box_bad(b, name, &mark, reason, &left, f);
}

static void
answer_and_done(void **state)
{
	struct fault f = { .set = false };
	struct stat st;

	(void)state;
	put(box.in, "pump.pki", OCTETS("question"));
	assert_true(file_box_status(&box, "pump.pki", "asked", &f));
	assert_true(answer(&box, "pump.pki", "IP", "answer", &f));
	holds(box.out, "pump.ip.pki", OCTETS("answer"));
	holds(box.done, "pump.pki", OCTETS("question"));
	assert_int_equal(files_in(box.in), 0);
	assert_int_equal(files_in(box.out), 1);	// neither the status nor a temporary file
	assert_int_equal(fstatat(box.out, "pump.ip.pki", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	// After a crash between the two steps the answer is written again: harmless.
	assert_true(answer(&box, "pump.pki", "ip", "answer", &f));
	assert_int_equal(files_in(box.out), 1);
	assert_int_equal(files_in(box.done), 1);
	assert_false(f.set);
}

static void
answers_never_replace(void **state)
{
	struct fault f = { .set = false };

	(void)state;
	put(box.out, "a.ip.pki", OCTETS("older"));
	assert_int_equal(symlinkat("../in/a.pki", box.out, "a.ip.2.pki"), 0);
	put(box.in, "a.pki", OCTETS("q"));
	put(box.done, "a.pki", OCTETS("older q"));
	assert_true(answer(&box, "a.pki", "ip", "newer", &f));
	holds(box.out, "a.ip.pki", OCTETS("older"));
	holds(box.out, "a.ip.3.pki", OCTETS("newer"));
	holds(box.done, "a.pki", OCTETS("older q"));
	holds(box.done, "a.pki.1", OCTETS("q"));
	assert_int_equal(files_in(box.in), 0);
	// An answer that is no longer than what stands there, and its beginning.
	put(box.in, "a.pki", OCTETS("q2"));
	assert_true(answer(&box, "a.pki", NULL, "x", &f));
	holds(box.out, "a.answer.pki", OCTETS("x"));
	put(box.in, "a.pki", OCTETS("q3"));
	assert_true(answer(&box, "a.pki", NULL, "xy", &f));
	holds(box.out, "a.answer.2.pki", OCTETS("xy"));
	holds(box.done, "a.pki.3", OCTETS("q3"));
}

// A device that uses one name for ever.
static void
names_never_run_out(void **state)
{
	enum { MANY = 130 };
	struct fault f = { .set = false };
	char out[32], done[32], note[40], text[16];

	(void)state;
	for (int i = 1; i <= MANY; i++) {
		snprintf(text, sizeof(text), "message %d", i);
		snprintf(out, sizeof(out), i == 1 ? "a.ip.pki" : "a.ip.%d.pki", i);
		snprintf(done, sizeof(done), i == 1 ? "a.pki" : "a.pki.%d", i - 1);
		if (i <= MANY - 3) {	// long ago
			put(box.out, out, text, strlen(text));
			put(box.done, done, text, strlen(text));
			put(box.bad, done, text, strlen(text));
			snprintf(note, sizeof(note), "%s.txt", done);
			put(box.bad, note, text, strlen(text));
			continue;
		}
		put(box.in, "a.pki", text, strlen(text));
		assert_true(answer(&box, "a.pki", "ip", text, &f));
		holds(box.out, out, text, strlen(text));
		holds(box.done, done, text, strlen(text));
		assert_true(!left && !stands(box.in, "a.pki"));
		put(box.in, "a.pki", text, strlen(text));
		assert_true(report(&box, "a.pki", text, &f));
		holds(box.bad, done, text, strlen(text));
	}
	assert_int_equal(files_in(box.done), MANY);
	assert_int_equal(files_in(box.bad), 2 * MANY);
	// The last one once more, as after a crash before its move.
	put(box.in, "a.pki", text, strlen(text));
	assert_true(answer(&box, "a.pki", "ip", text, &f));
	assert_int_equal(files_in(box.out), MANY);
	assert_int_equal(files_in(box.done), MANY + 1);
	assert_false(f.set);
}

// The answers of one name are never taken for those of another.
static void
names_do_not_meet(void **state)
{
	struct fault f = { .set = false };
	static const char *const in[] = { "a.pki", "a.pki", "a-2.pki", "a.ip.pki", "a.ip.2.pki", "a.pem" };
	static const char *const out[] = { "a.ip.pki", "a.ip.2.pki", "a-2.ip.pki", "a.ip.ip.pki", "a.ip.2.ip.pki", "a.ip.3.pki" };

	(void)state;
	for (size_t i = 0; i < COUNT(in); i++) {
		char text[2] = { (char)('A' + i), '\0' };
		put(box.in, in[i], text, 1);
		assert_true(answer(&box, in[i], "ip", text, &f));
		holds(box.out, out[i], text, 1);
	}
	assert_int_equal(files_in(box.out), COUNT(in));
	// Certificates in PEM have no kind in their name.
	static const char *const requests[] = { "c.csr", "c.csr", "c.pem.csr", "c.2.csr" };
	static const char *const certificates[] = { "c.pem", "c.pem.2", "c.pem.pem", "c.2.pem" };
	for (size_t i = 0; i < COUNT(requests); i++) {
		char text[2] = { (char)('a' + i), '\0' };
		put(box.in, requests[i], text, 1);
		assert_true(answer(&box, requests[i], "pem", text, &f));
		holds(box.out, certificates[i], text, 1);
	}
}

// ---- A name that another file has taken

static void
another_file_stays(void **state)
{
	struct fault f = { .set = false };

	(void)state;
	for (int way = 0; way < 3; way++) {
		put(box.in, "a.pki", OCTETS("first"));
		struct file_mark mark = mark_of("a.pki");
		if (way == 0)
			put(box.in, "a.pki", OCTETS("other"));	// written over
		if (way == 1) {					// renamed over, with the same size and time
			put(box.in, ".new", OCTETS("other"));
			struct stat st;
			assert_int_equal(fstatat(box.in, "a.pki", &st, 0), 0);
			struct timespec times[2] = { st.st_atim, st.st_mtim };
			assert_int_equal(utimensat(box.in, ".new", times, 0), 0);
			assert_int_equal(renameat(box.in, ".new", box.in, "a.pki"), 0);
		}
		if (way == 2)
			put(box.in, "a.pki", OCTETS("first and more"));
		assert_true(file_box_answer(&box, "a.pki", &mark, "ip", span_text("answer to the first"), &left, &f));
		assert_true(left && stands(box.in, "a.pki"));
		holds(box.out, "a.ip.pki", OCTETS("answer to the first"));
		assert_true(file_box_bad(&box, "a.pki", &mark, "no", &left, &f));
		assert_true(left && stands(box.in, "a.pki"));
		assert_int_equal(files_in(box.done) + files_in(box.bad), 0);
	}
	// The same message once more is the same message.
	put(box.in, "a.pki", OCTETS("first"));
	struct file_mark mark = mark_of("a.pki");
	put(box.in, ".new", OCTETS("first"));
	assert_int_equal(renameat(box.in, ".new", box.in, "a.pki"), 0);
	assert_true(file_box_answer(&box, "a.pki", &mark, "ip", span_text("answer to the first"), &left, &f));
	assert_false(left || stands(box.in, "a.pki"));
	assert_false(f.set);
}

// A writer that replaces its file as fast as it can: what lands in done/ was read.
enum { REPLACED = 150 };

static void
replace_often(void *unused)
{
	char text[8];

	(void)unused;
	for (int i = 0; i < REPLACED; i++) {
		int n = snprintf(text, sizeof(text), "n%05d", i);
		int fd = openat(box.in, ".new", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (write(fd, text, (size_t)n) == n)
			renameat(box.in, ".new", box.in, "a.pki");
		close(fd);
	}
}

static void
nothing_unread_is_done(void **state)
{
	static bool seen[REPLACED];
	struct fault f = { .set = false };
	uv_thread_t writer;
	size_t done = 0;

	(void)state;
	assert_int_equal(uv_thread_create(&writer, replace_often, NULL), 0);
	for (bool last = false; !last || stands(box.in, "a.pki");) {
		char text[8] = "";
		int fd = openat(box.in, "a.pki", O_RDONLY);
		if (fd < 0)
			continue;
		assert_int_equal(read(fd, text, 6), 6);
		close(fd);
		struct file_mark mark = mark_of("a.pki");
		// What stands there may be a later one than was read: then its mark tells.
		int n = atoi(text + 1);
		mark.read = true;
		mark.size = 6;
		mark.content = hash_keyed(&(struct hash_key){ 0, 0 }, span_text(text));
		seen[n] = true;
		last = n == REPLACED - 1;
		assert_true(file_box_answer(&box, "a.pki", &mark, "ip", span_text(text), &left, &f));
	}
	uv_thread_join(&writer);
	DIR *d = fdopendir(openat(box.done, ".", O_RDONLY | O_DIRECTORY));
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		char text[8] = "";
		if (e->d_name[0] == '.')
			continue;
		int fd = openat(box.done, e->d_name, O_RDONLY);
		assert_int_equal(read(fd, text, 6), 6);
		close(fd);
		assert_true(seen[atoi(text + 1)]);
		done++;
	}
	closedir(d);
	assert_true(done > 0);
}

static void
longest_name(void **state)
{
	struct fault f = { .set = false };
	char name[FILE_NAME_MAX + 1], out[FILE_NAME_MAX + 32];

	(void)state;
	memset(name, 'n', sizeof(name));
	memcpy(name + FILE_NAME_MAX - 4, ".pki", 5);
	put(box.in, name, OCTETS("q"));
	assert_true(file_box_status(&box, name, "asked", &f));
	assert_true(answer(&box, name, "pollRep", "a", &f));
	snprintf(out, sizeof(out), "%.*s.pollrep.pki", FILE_NAME_MAX - 4, name);
	holds(box.out, out, OCTETS("a"));
	assert_int_equal(files_in(box.out), 1);
	put(box.in, name, OCTETS("q"));
	assert_true(report(&box, name, "no", &f));
	assert_true(stands(box.bad, name));
}

// ---- What was wrong

static void
bad_with_its_reason(void **state)
{
	struct fault f = { .set = false };
	char reason[2000], got[2000];

	(void)state;
	put(box.in, "a.pki", OCTETS("junk"));
	assert_true(report(&box, "a.pki", "not a PKIMessage", &f));
	holds(box.bad, "a.pki", OCTETS("junk"));
	holds(box.bad, "a.pki.txt", OCTETS("a.pki: not a PKIMessage\n"));
	assert_int_equal(files_in(box.in), 0);
	// The next one of this name, or of another ending, keeps all files and all reasons.
	put(box.in, "a.pki", OCTETS("more junk"));
	assert_true(report(&box, "a.pki", "worse", &f));
	holds(box.bad, "a.pki", OCTETS("junk"));
	holds(box.bad, "a.pki.1", OCTETS("more junk"));
	holds(box.bad, "a.pki.txt", OCTETS("a.pki: not a PKIMessage\n"));
	holds(box.bad, "a.pki.1.txt", OCTETS("a.pki: worse\n"));
	put(box.in, "a.pem", OCTETS("text"));
	assert_true(report(&box, "a.pem", "no PEM", &f));
	holds(box.bad, "a.pem.txt", OCTETS("a.pem: no PEM\n"));
	// A reason of any length is cut, not overrun.
	memset(reason, 'r', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	put(box.in, "b.pki", OCTETS("junk"));
	assert_true(report(&box, "b.pki", reason, &f));
	int fd = openat(box.bad, "b.pki.txt", O_RDONLY);
	ssize_t n = read(fd, got, sizeof(got));
	close(fd);
	assert_true(n > 100 && n < 1000);
	// A file that has gone meanwhile is no fault.
	assert_true(report(&box, "gone.pki", "too late", &f));
	assert_false(f.set);
}

static void
notes_do_not_follow_links(void **state)
{
	struct fault f = { .set = false };
	char path[300];

	(void)state;
	snprintf(path, sizeof(path), "%s/victim", where);
	put(AT_FDCWD, path, OCTETS("precious"));
	assert_int_equal(symlinkat(path, box.bad, "a.pki.txt"), 0);
	assert_int_equal(symlinkat(path, box.out, "a.status.txt"), 0);
	assert_int_equal(symlinkat(path, box.out, "a.ip.pki"), 0);
	put(box.in, "a.pki", OCTETS("junk"));
	assert_true(file_box_status(&box, "a.pki", "asked", &f));
	holds(box.out, "a.status.txt", OCTETS("asked"));
	assert_true(answer(&box, "a.pki", "ip", "precious", &f));
	holds(box.out, "a.ip.2.pki", OCTETS("precious"));
	put(box.in, "a.pki", OCTETS("junk"));
	assert_true(report(&box, "a.pki", "no", &f));
	holds(box.bad, "a.pki.1.txt", OCTETS("a.pki: no\n"));
	holds(AT_FDCWD, path, OCTETS("precious"));
}

static void
status_is_written_anew(void **state)
{
	struct fault f = { .set = false };

	(void)state;
	assert_true(file_box_status(&box, "a.pki", "waiting", &f));
	holds(box.out, "a.status.txt", OCTETS("waiting"));
	assert_true(file_box_status(&box, "a.pki", "", &f));
	holds(box.out, "a.status.txt", OCTETS(""));
	assert_int_equal(files_in(box.out), 1);
	// Over with the refusal, too.
	put(box.in, "a.pki", OCTETS("junk"));
	assert_true(report(&box, "a.pki", "no", &f));
	assert_int_equal(files_in(box.out), 0);
}

static void
failures_keep_the_request(void **state)
{
	struct fault f = { .set = false };
	struct file_box broken = box;

	(void)state;
	put(box.in, "a.pki", OCTETS("q"));
	broken.out = broken.bad = -1;
	assert_false(answer(&broken, "a.pki", "ip", "a", &f));
	assert_true(f.set);
	f.set = false;
	assert_false(report(&broken, "a.pki", "no", &f));
	assert_true(f.set);
	f.set = false;
	assert_false(file_box_status(&broken, "a.pki", "asked", &f));
	assert_true(f.set);
	holds(box.in, "a.pki", OCTETS("q"));
}

// ---- One box, one user

static void
a_box_is_locked(void **state)
{
	struct fault f = { .set = false };
	struct file_box other;
	char path[300];

	(void)state;
	snprintf(path, sizeof(path), "%s/box/../box/", where);
	assert_true(file_box_open(&other, path, &f));
	assert_true(file_box_lock(&box));
	assert_true(file_box_lock(&box));
	assert_false(file_box_lock(&other));
	file_box_close(&box);
	assert_true(file_box_lock(&other));
	file_box_close(&other);
}

// ---- How long done/ keeps

static void
sweep(void **state)
{
	enum { KEEP = 3600 };
	struct fault f = { .set = false };
	struct stat st;

	(void)state;
	put(box.in, "a.pki", OCTETS("q"));
	assert_true(answer(&box, "a.pki", "ip", "a", &f));
	put(box.done, ".hidden", OCTETS("x"));
	assert_int_equal(mkdirat(box.done, "folder", 0700), 0);
	assert_int_equal(symlinkat("../out/a.ip.pki", box.done, "link.pki"), 0);
	assert_int_equal(fstatat(box.done, "a.pki", &st, 0), 0);
	int64_t moved = st.st_ctim.tv_sec;

	clock_fake((moved - 10 * KEEP) * 1000, 0);	// the clock jumped back
	file_box_sweep(&box, KEEP);
	assert_true(stands(box.done, "a.pki"));
	clock_fake((moved + KEEP) * 1000, 0);
	file_box_sweep(&box, KEEP);
	assert_true(stands(box.done, "a.pki"));
	clock_fake((moved + KEEP + 1) * 1000, 0);
	file_box_sweep(&box, KEEP);
	assert_false(stands(box.done, "a.pki"));
	// Only files that were moved there.
	clock_fake((moved + 100 * KEEP) * 1000, 0);
	file_box_sweep(&box, KEEP);
	assert_true(stands(box.done, ".hidden") && stands(box.done, "folder") && stands(box.done, "link.pki"));
	assert_true(stands(box.out, "a.ip.pki"));
	struct file_box closed = { -1, -1, -1, -1 };
	file_box_sweep(&closed, KEEP);
}

#define BOXED(test) cmocka_unit_test_setup_teardown(test, make_box, remove_box)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOXED(folders_are_made_private),
		BOXED(folders_that_cannot_be),
		cmocka_unit_test(names),
		cmocka_unit_test(stems),
		BOXED(what_is_inside),
		BOXED(sizes),
		BOXED(huge),
		BOXED(holes),
		BOXED(marks),
		BOXED(strange_things),
		BOXED(no_memory_is_no_verdict),
		BOXED(answer_and_done),
		BOXED(answers_never_replace),
		BOXED(names_never_run_out),
		BOXED(names_do_not_meet),
		BOXED(another_file_stays),
		BOXED(nothing_unread_is_done),
		BOXED(longest_name),
		BOXED(bad_with_its_reason),
		BOXED(notes_do_not_follow_links),
		BOXED(status_is_written_anew),
		BOXED(failures_keep_the_request),
		BOXED(a_box_is_locked),
		BOXED(sweep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
