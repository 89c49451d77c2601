// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"
#include "transports/file_box.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/durable.h"
#include "base/memory.h"
#include "base/pem.h"

#define TRIES 100	// names tried when one is taken

// ---- folders

static int
open_folder(int at, const char *name, struct fault *f)
{
	if (mkdirat(at, name, 0700) != 0 && errno != EEXIST) {
		fault_set(f, FAIL_NONE, "url", "cannot make the folder %s: %s", name, strerror(errno));
		return -1;
	}
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fault_set(f, FAIL_NONE, "url", "cannot open the folder %s: %s", name, strerror(errno));
	else if (faccessat(at, name, R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
		fault_set(f, FAIL_NONE, "url", "the folder %s must be writable for this user", name);
		close(fd);
		fd = -1;
	}
	return fd;
}

bool
file_box_open(struct file_box *b, const char *path, struct fault *f)
{
	int box = open_folder(AT_FDCWD, path, f);

	*b = (struct file_box){ -1, -1, -1, -1 };
	if (box < 0)
		return false;
	b->in = open_folder(box, "in", f);
	b->out = open_folder(box, "out", f);
	b->done = open_folder(box, "done", f);
	b->bad = open_folder(box, "bad", f);
	close(box);
	if (b->in >= 0 && b->out >= 0 && b->done >= 0 && b->bad >= 0)
		return true;
	file_box_close(b);
	return false;
}

void
file_box_close(struct file_box *b)
{
	int *const fds[] = { &b->in, &b->out, &b->done, &b->bad };

	for (size_t i = 0; i < 4; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

// ---- names

bool
file_name_taken(const char *name)
{
	static const char *const endings[] = { ".pki", ".der", ".pem", ".csr" };
	size_t len = strlen(name);

	if (len < 5 || len > FILE_NAME_MAX || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7F || name[i] == '/')
			return false;
	for (size_t i = 0; i < 4; i++)
		if (strcasecmp(name + len - 4, endings[i]) == 0)
			return true;
	return false;
}

void
file_name_stem(const char *name, char *out, size_t size)
{
	snprintf(out, size, "%.*s", (int)(strlen(name) - 4), name);
}

// ---- reading

// Octets of the outer element by its header; 0: more are needed, SIZE_MAX: not DER.
static size_t
announced(struct span s)
{
	if (s.len == 0)
		return 0;
	if (s.data[0] != 0x30)
		return SIZE_MAX;
	if (s.len < 2)
		return 0;
	if (s.data[1] < 0x80)
		return 2 + (size_t)s.data[1];
	size_t n = s.data[1] & 0x7F, len = 0;
	if (n == 0 || n > 4)
		return SIZE_MAX;
	if (s.len < 2 + n)
		return 0;
	for (size_t i = 0; i < n; i++)
		len = len << 8 | s.data[2 + i];
	return len + 2 + n;
}

// PEM: the first block; its label tells a PKCS#10 request apart. A stick taken out too early leaves its end line out.
static enum file_read
unwrap(struct span text, struct buffer *out, bool *pkcs10, struct fault *f)
{
	char label[PEM_LABEL_MAX + 1];
	struct fault why = { .set = false };

	if (memmem(text.data, text.len, "-----END ", 9) == NULL)
		return FILE_PARTIAL;
	if (pem_take(&text, label, out, &why) == PEM_FOUND) {
		*pkcs10 = strcmp(label, "CERTIFICATE REQUEST") == 0 || strcmp(label, "NEW CERTIFICATE REQUEST") == 0;
		if (strstr(label, "PRIVATE KEY") == NULL)
			return FILE_WHOLE;
		fault_set(f, FAIL_BAD_DATA_FORMAT, "", "a private key; keys never leave the device: take the file away, and make a new key");
		return FILE_BAD;
	}
	// The text is shorter than what out may hold, so memory has run out: no fault of the file.
	if (out->failed)
		return FILE_PARTIAL;
	fault_set(f, FAIL_BAD_DATA_FORMAT, "", "%s", why.set ? why.text : "no BEGIN line of PEM");
	return FILE_BAD;
}

// Only what cannot be a message ends here: a SEQUENCE with a wrong length, or
// with something behind it, is for the gateway to answer.
static enum file_read
judge(struct span octets, struct fault *f)
{
	size_t whole = announced(octets);

	if (octets.len == 0 || whole == 0 || (whole != SIZE_MAX && whole > octets.len))
		return FILE_PARTIAL;
	if (octets.data[0] == 0x30)
		return FILE_WHOLE;
	fault_set(f, FAIL_BAD_DATA_FORMAT, "", "not a PKIMessage in DER or PEM");
	return FILE_BAD;
}

static bool
read_all(int fd, struct buffer *b)
{
	uint8_t part[16384];
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) > 0)
		if (!buffer_append(b, span_of(part, (size_t)n)))
			return true;	// over the limit: told by `failed`
	return n == 0;
}

static int64_t
mark_of(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000003 + st->st_mtim.tv_nsec + (int64_t)st->st_size * 7919;
}

static bool
named_pkcs10(const char *name)
{
	return strcasecmp(name + strlen(name) - 4, ".csr") == 0;
}

static enum file_read
read_open(int fd, const char *name, size_t limit, struct blob **octets, int64_t *mark, struct fault *f)
{
	size_t room = limit + limit / 2 + 256;	// PEM is a third longer
	struct buffer raw, der;
	struct stat before, after;

	if (fstat(fd, &before) != 0 || !S_ISREG(before.st_mode))
		return FILE_STRANGE;
	*mark = mark_of(&before);
	if (before.st_size > (off_t)room) {
		fault_set(f, FAIL_BAD_REQUEST, "", "larger than limits.max_message, %zu octets", limit);
		return FILE_BAD;
	}
	buffer_init(&raw, room);
	buffer_init(&der, room);
	enum file_read result = FILE_PARTIAL;
	if (read_all(fd, &raw) && !raw.failed && fstat(fd, &after) == 0 && mark_of(&after) == *mark && (off_t)raw.len == after.st_size) {
		bool pem = raw.len >= 11 && memcmp(raw.data, "-----BEGIN ", 11) == 0;
		bool pkcs10 = named_pkcs10(name);
		result = pem ? unwrap(buffer_span(&raw), &der, &pkcs10, f) : FILE_WHOLE;
		struct span message = buffer_span(pem ? &der : &raw);
		if (result == FILE_WHOLE)
			result = judge(message, f);
		if (result == FILE_PARTIAL && pem && der.len > 0) {
			fault_set(f, FAIL_BAD_DATA_FORMAT, "", "the message inside the PEM text is cut off");
			result = FILE_BAD;
		}
		if (result == FILE_WHOLE && message.len > limit) {
			fault_set(f, FAIL_BAD_REQUEST, "", "larger than limits.max_message, %zu octets", limit);
			result = FILE_BAD;
		}
		if (result == FILE_WHOLE && (*octets = blob_new(message)) == NULL)
			result = FILE_PARTIAL;
		if (result == FILE_WHOLE && pkcs10)
			result = FILE_PKCS10;
	}
	buffer_clear(&raw);
	buffer_clear(&der);
	return result;
}

enum file_read
file_box_read(const struct file_box *b, const char *name, size_t limit, struct blob **octets, int64_t *mark, struct fault *f)
{
	struct stat st;

	*octets = NULL;
	*mark = 0;
	// Look before opening: a FIFO or a device must not even be opened.
	if (fstatat(b->in, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return FILE_GONE;
	if (!S_ISREG(st.st_mode))
		return FILE_STRANGE;
	int fd = openat(b->in, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		int why = errno;
		fault_set(f, FAIL_NONE, "", "the file cannot be opened: %s", strerror(why));
		return why == ENOENT ? FILE_GONE : why == ELOOP ? FILE_STRANGE : FILE_PARTIAL;
	}
	enum file_read result = read_open(fd, name, limit, octets, mark, f);
	close(fd);
	return result;
}

// ---- writing

// Tell whether a file of a folder holds exactly these octets.
static bool
holds(int folder, const char *name, struct span octets)
{
	struct buffer b;
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool same;

	if (fd < 0)
		return false;
	buffer_init(&b, octets.len + 1);
	same = read_all(fd, &b) && !b.failed && span_equal(buffer_span(&b), octets);
	buffer_clear(&b);
	close(fd);
	return same;
}

// Move a file of in/ to a folder, under another name when its own is taken there.
static bool
move_away(const struct file_box *b, int folder, const char *name, struct fault *f)
{
	char free_name[FILE_NAME_MAX + 24];

	for (int i = 0; i < TRIES; i++) {
		if (i == 0)
			snprintf(free_name, sizeof(free_name), "%s", name);
		else
			snprintf(free_name, sizeof(free_name), "%s.%d", name, i);
		struct stat st;
		if (fstatat(b->in, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
			return true;	// gone already
		switch (durable_move(b->in, name, folder, free_name, f)) {
		case DURABLE_DONE: return true;
		case DURABLE_EXISTS: continue;
		case DURABLE_FAILED: return false;
		}
	}
	return fault_set(f, FAIL_NONE, name, "too many files of this name stand in the folder already");
}

bool
file_box_answer(const struct file_box *b, const char *name, const char *body, struct span answer, struct fault *f)
{
	char stem[FILE_NAME_MAX + 1], out[FILE_NAME_MAX + 48], kind[32];

	file_name_stem(name, stem, sizeof(stem));
	snprintf(kind, sizeof(kind), "%s", body != NULL ? body : "answer");
	for (char *c = kind; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	const char *ending = strcmp(kind, "pem") == 0 ? "" : ".pki";
	for (int i = 1; i <= TRIES; i++) {
		if (i == 1)
			snprintf(out, sizeof(out), "%s.%s%s", stem, kind, ending);
		else
			snprintf(out, sizeof(out), "%s-%d.%s%s", stem, i, kind, ending);
		enum durable d = durable_write(b->out, out, answer, 0600, f);
		if (d == DURABLE_FAILED)
			return false;
		if (d == DURABLE_EXISTS && !holds(b->out, out, answer))
			continue;
		snprintf(out, sizeof(out), "%s.status.txt", stem);
		unlinkat(b->out, out, 0);
		return move_away(b, b->done, name, f);
	}
	return fault_set(f, FAIL_NONE, name, "too many answers of this name stand in out/ already");
}

bool
file_box_bad(const struct file_box *b, const char *name, const char *reason, struct fault *f)
{
	char stem[FILE_NAME_MAX + 1], note[FILE_NAME_MAX + 8], line[600];

	file_name_stem(name, stem, sizeof(stem));
	snprintf(note, sizeof(note), "%s.txt", stem);
	int n = snprintf(line, sizeof(line), "%s: %s\n", name, reason);
	return durable_replace(b->bad, note, span_of(line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1), 0600, f)
		&& move_away(b, b->bad, name, f);
}

bool
file_box_status(const struct file_box *b, const char *name, const char *text, struct fault *f)
{
	char stem[FILE_NAME_MAX + 1], note[FILE_NAME_MAX + 16];

	file_name_stem(name, stem, sizeof(stem));
	snprintf(note, sizeof(note), "%s.status.txt", stem);
	return durable_replace(b->out, note, span_text(text), 0600, f);
}

void
file_box_sweep(const struct file_box *b, int64_t keep_s)
{
	int fd = openat(b->done, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	int64_t now = clock_wall_s();
	struct dirent *e;
	struct stat st;

	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	// The change time is that of the move; a clock that jumped back keeps everything.
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && fstatat(b->done, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)
		    && (int64_t)st.st_ctim.tv_sec < now - keep_s)
			unlinkat(b->done, e->d_name, 0);
	closedir(d);
}
