// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"
#include "transports/file_box.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/durable.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/pem.h"

#define TRIES 100		// when others take the names we find free
#define NUMBER_MAX (1u << 30)	// of a name that is taken
#define DEPTH_MAX 64		// of elements within elements
#define HOLE 64			// so many zeros in a row are a part that was not written yet

// ---- folders

// Why a folder cannot be used, by its whole path, and what helps.
static int
refuse_folder(struct fault *f, const char *path, const char *name, const char *what, int error)
{
	const struct passwd *user = getpwuid(geteuid());
	const char *who = user != NULL ? user->pw_name : "the user of the gateway";
	bool rights = error == EACCES || error == EPERM;

	if (rights)
		fault_set(f, FAIL_NONE, "url", "cannot %s %s%s: %s; it must belong to %s, or be open to it in full: chown %s %s%s", what, path, name,
			strerror(error), who, who, path, name);
	else
		fault_set(f, FAIL_NONE, "url", "cannot %s %s%s: %s", what, path, name, strerror(error));
	return -1;
}

// Make a folder where it is missing, and open it: name below `at`, whose path
// with its slash is for messages.
static int
open_folder(int at, const char *path, const char *name, struct fault *f)
{
	if (mkdirat(at, name, 0700) != 0 && errno != EEXIST)
		return refuse_folder(f, path, name, "make the folder", errno);
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return refuse_folder(f, path, name, "open the folder", errno);
	if (faccessat(at, name, R_OK | W_OK | X_OK, AT_EACCESS) == 0)
		return fd;
	refuse_folder(f, path, name, "write in the folder", errno);
	close(fd);
	return -1;
}

bool
file_box_open(struct file_box *b, const char *path, struct fault *f)
{
	int box = open_folder(AT_FDCWD, "", path, f);
	char inside[600];

	*b = (struct file_box){ -1, -1, -1, -1 };
	if (box < 0)
		return false;
	snprintf(inside, sizeof(inside), "%s/", path);
	b->in = open_folder(box, inside, "in", f);
	b->out = open_folder(box, inside, "out", f);
	b->done = open_folder(box, inside, "done", f);
	b->bad = open_folder(box, inside, "bad", f);
	close(box);
	if (b->in >= 0 && b->out >= 0 && b->done >= 0 && b->bad >= 0)
		return true;
	file_box_close(b);
	return false;
}

bool
file_box_lock(const struct file_box *b)
{
	// Some file systems know no locks: then nobody else can have one.
	return flock(b->in, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
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

const char *
file_name_odd(const char *name)
{
	if (file_name_taken(name))
		return NULL;
	if (strlen(name) > FILE_NAME_MAX)
		return "its name is longer than 100 characters";
	for (const char *c = name; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7F)
			return "its name holds control characters";
	return "its name does not end as that of a request does: .pki, .der, .pem or .csr";
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

// Header of the element at the start of s: octets of header and contents; false when it is none, or cut.
static bool
element(struct span s, size_t *head, size_t *len)
{
	size_t n = s.len > 1 && s.data[1] >= 0x80 ? s.data[1] & 0x7F : 0;

	*len = 0;
	if (s.len < 2 || s.data[0] == 0 || (s.data[0] & 0x1F) == 0x1F || s.data[1] == 0x80 || n > 4 || s.len < 2 + n)
		return false;
	for (size_t i = 0; i < n; i++)
		*len = *len << 8 | s.data[2 + i];
	*len = n == 0 ? s.data[1] : *len;
	*head = 2 + n;
	return *len <= s.len - *head;
}

// Tell whether elements fill the octets, at every depth.
static bool
filled(struct span s, unsigned depth)
{
	size_t head, len;

	while (s.len > 0) {
		if (depth == 0 || !element(s, &head, &len))
			return false;
		bool constructed = (s.data[0] & 0x20) != 0;
		if (constructed && !filled(span_of(s.data + head, len), depth - 1))
			return false;
		s = span_of(s.data + head + len, s.len - head - len);
	}
	return true;
}

// A writer that sets the size first leaves zeros where it has not been yet.
static bool
has_hole(struct span s)
{
	size_t run = 0;

	for (size_t i = 0; i < s.len && run < HOLE; i++)
		run = s.data[i] == 0 ? run + 1 : 0;
	return run >= HOLE || (s.len > 0 && s.data[s.len - 1] == 0);
}

// Only what cannot be a message ends here: a SEQUENCE with a wrong length, or
// with something behind it, is for the gateway to answer.
static enum file_read
judge(struct span octets, struct fault *f)
{
	size_t whole = announced(octets);

	if (octets.len == 0 || octets.data[0] == 0 || whole == 0 || (whole != SIZE_MAX && whole > octets.len))
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

static struct file_mark
mark_of(const struct stat *st)
{
	return (struct file_mark){
		.inode = st->st_ino, .size = st->st_size, .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec
	};
}

bool
file_mark_unchanged(const struct file_mark *a, const struct file_mark *b)
{
	return a->inode == b->inode && a->size == b->size && a->mtime_ns == b->mtime_ns && a->read == b->read && a->content == b->content;
}

bool
file_mark_same(const struct file_mark *a, const struct file_mark *b)
{
	if (a->read && b->read)
		return a->size == b->size && a->content == b->content;
	return a->inode == b->inode && a->size == b->size && a->mtime_ns == b->mtime_ns;
}

// Whoever may write here may take away and replace as well: the key need not be secret, and so the hash survives a restart.
static uint64_t
hash_of(struct span content)
{
	static const struct hash_key key = { 0, 0 };

	return hash_keyed(&key, content);
}

static bool
steady(const struct stat *st, const struct file_mark *mark)
{
	struct file_mark now = mark_of(st);

	return file_mark_unchanged(&now, mark);
}

static bool
named_pkcs10(const char *name)
{
	return strcasecmp(name + strlen(name) - 4, ".csr") == 0;
}

static enum file_read
read_open(int fd, const char *name, size_t limit, struct blob **octets, struct file_mark *mark, struct fault *f)
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
	if (read_all(fd, &raw) && !raw.failed && fstat(fd, &after) == 0 && steady(&after, mark) && (off_t)raw.len == after.st_size) {
		mark->read = true;
		mark->content = hash_of(buffer_span(&raw));
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
		mark->sure = result == FILE_WHOLE && filled(message, DEPTH_MAX) && announced(message) == message.len && !has_hole(message);
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
file_box_read(const struct file_box *b, const char *name, size_t limit, struct blob **octets, struct file_mark *mark, struct fault *f)
{
	struct stat st;

	*octets = NULL;
	*mark = (struct file_mark){ .read = false };
	// Look before opening: a FIFO or a device must not even be opened.
	if (fstatat(b->in, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return FILE_GONE;
	if (!S_ISREG(st.st_mode))
		return FILE_STRANGE;
	*mark = mark_of(&st);
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

// What we write is for our user alone, unless the folder is open to a group: who
// made it so wants the group to read what comes.
static unsigned
mode_in(int folder)
{
	struct stat st;

	return fstat(folder, &st) == 0 && (st.st_mode & S_IRGRP) != 0 ? 0640 : 0600;
}

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

// ---- moving

// The n-th name of a kind: HEAD TAIL, then HEAD.FIRST TAIL and so on. With a note, NAME.txt belongs to it.
struct names { int folder; const char *head, *tail; unsigned first; bool noted; struct span note; };

enum { NAME_ROOM = FILE_NAME_MAX + 64 };

static void
name_write(const struct names *s, unsigned n, char out[NAME_ROOM])
{
	if (n == 0)
		snprintf(out, NAME_ROOM, "%s%s", s->head, s->tail);
	else
		snprintf(out, NAME_ROOM, "%s.%u%s", s->head, n - 1 + s->first, s->tail);
}

static bool
stands(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
name_taken(const struct names *s, unsigned n)
{
	char name[NAME_ROOM], note[NAME_ROOM + 8];

	name_write(s, n, name);
	if (stands(s->folder, name))
		return true;
	snprintf(note, sizeof(note), "%s.txt", name);
	return s->noted && stands(s->folder, note) && !holds(s->folder, note, s->note);
}

// A number whose name is free, in few looks however many are taken: double until
// one is free, then halve the way back to the last that is taken.
static unsigned
name_free(const struct names *s)
{
	unsigned taken = 0, free_one = 1;

	if (!name_taken(s, 0))
		return 0;
	while (free_one < NUMBER_MAX && name_taken(s, free_one)) {
		taken = free_one;
		free_one *= 2;
	}
	while (free_one - taken > 1) {
		unsigned middle = taken + (free_one - taken) / 2;
		if (name_taken(s, middle))
			taken = middle;
		else
			free_one = middle;
	}
	return free_one;
}

// Tell whether the file behind fd is the one that was read.
static bool
is_the_file(int fd, const struct file_mark *mark)
{
	struct buffer raw;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return false;
	struct file_mark now = mark_of(&st);
	if (!mark->read || now.size != mark->size)
		return file_mark_same(&now, mark);
	buffer_init(&raw, (size_t)now.size + 1);
	now.read = lseek(fd, 0, SEEK_SET) == 0 && read_all(fd, &raw) && !raw.failed && (int64_t)raw.len == now.size;
	now.content = hash_of(buffer_span(&raw));
	buffer_clear(&raw);
	return now.read && file_mark_same(&now, mark);
}

enum found { FOUND, FOUND_OTHER, FOUND_NONE, FOUND_UNREADABLE };

// Open the file of in/ under this name, when it is still the one that was read.
static enum found
find_again(const struct file_box *b, const char *name, const struct file_mark *mark, int *fd, struct fault *f)
{
	*fd = openat(b->in, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0 && errno == ENOENT)
		return FOUND_NONE;
	if (*fd < 0) {
		fault_set(f, FAIL_NONE, name, "open: %s", strerror(errno));
		return FOUND_UNREADABLE;
	}
	if (is_the_file(*fd, mark))
		return FOUND;
	close(*fd);
	return FOUND_OTHER;
}

// Between the look and the move another file took the name: it goes back, under a name of its own if need be.
static bool
bring_back(const struct file_box *b, int folder, const char *moved, const char *name, struct fault *f)
{
	// Short enough that the number leaves it a name that is taken.
	char stem[FILE_NAME_MAX - 15], back[NAME_ROOM];
	struct names names = { .folder = b->in, .head = stem, .tail = name + strlen(name) - 4, .first = 2 };

	file_name_stem(name, stem, sizeof(stem));
	for (int i = 0; i < TRIES; i++) {
		name_write(&names, name_free(&names), back);
		enum durable d = durable_move(folder, moved, b->in, back, f);
		if (d != DURABLE_EXISTS)
			return d == DURABLE_DONE;
	}
	return fault_set(f, FAIL_NONE, moved, "no name is free in in/");
}

// Move the file behind fd away from in/.
static bool
move_away(const struct file_box *b, int fd, const char *name, const struct file_mark *mark, const struct names *names, bool *left, struct fault *f)
{
	char free_name[NAME_ROOM];
	struct stat ours, moved;

	for (int i = 0; i < TRIES; i++) {
		name_write(names, name_free(names), free_name);
		switch (durable_move(b->in, name, names->folder, free_name, f)) {
		case DURABLE_EXISTS: continue;
		case DURABLE_FAILED: return false;
		case DURABLE_DONE: break;
		}
		if (fstat(fd, &ours) == 0 && fstatat(names->folder, free_name, &moved, AT_SYMLINK_NOFOLLOW) == 0
		    && ours.st_ino == moved.st_ino && ours.st_dev == moved.st_dev && is_the_file(fd, mark))
			return true;
		*left = true;
		return bring_back(b, names->folder, free_name, name, f);
	}
	return fault_set(f, FAIL_NONE, name, "no name is free for it");
}

static bool
move_done(const struct file_box *b, const char *name, const struct file_mark *mark, bool *left, struct fault *f)
{
	struct names names = { .folder = b->done, .head = name, .tail = "", .first = 1 };
	int fd;

	switch (find_again(b, name, mark, &fd, f)) {
	case FOUND_NONE: return true;	// gone already
	case FOUND_UNREADABLE: return false;
	case FOUND_OTHER: return *left = true;
	case FOUND: break;
	}
	bool well = move_away(b, fd, name, mark, &names, left, f);
	close(fd);
	return well;
}

// ---- answers and reports

// Written before a crash, or before a move that failed: then it is the last one of its name, or the first.
static bool
stands_already(const struct names *names, unsigned next, struct span answer)
{
	char last[NAME_ROOM], first[NAME_ROOM];

	if (next == 0)
		return false;
	name_write(names, next - 1, last);
	name_write(names, 0, first);
	return holds(names->folder, last, answer) || holds(names->folder, first, answer);
}

static bool
put_answer(const struct names *names, struct span answer, struct fault *f)
{
	char out[NAME_ROOM];

	for (int i = 0; i < TRIES; i++) {
		unsigned next = name_free(names);
		if (stands_already(names, next, answer))
			return true;
		name_write(names, next, out);
		enum durable d = durable_write(names->folder, out, answer, mode_in(names->folder), f);
		if (d != DURABLE_EXISTS)
			return d == DURABLE_DONE;
	}
	return fault_set(f, FAIL_NONE, names->head, "no name is free in out/");
}

// What was said of a request that waits is over with its answer, or its refusal.
static void
end_status(const struct file_box *b, const char *name)
{
	char stem[FILE_NAME_MAX + 1], note[FILE_NAME_MAX + 16];

	file_name_stem(name, stem, sizeof(stem));
	snprintf(note, sizeof(note), "%s.status.txt", stem);
	unlinkat(b->out, note, 0);
}

bool
file_box_answer(const struct file_box *b, const char *name, const struct file_mark *mark, const char *body, struct span answer,
	bool *left, struct fault *f)
{
	char stem[FILE_NAME_MAX + 1], head[FILE_NAME_MAX + 48], kind[32];

	*left = false;
	file_name_stem(name, stem, sizeof(stem));
	snprintf(kind, sizeof(kind), "%s", body != NULL ? body : "answer");
	for (char *c = kind; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	// The number stands behind the kind, where no name of in/ can put one.
	snprintf(head, sizeof(head), "%s.%s", stem, kind);
	struct names names = { .folder = b->out, .head = head, .tail = strcmp(kind, "pem") == 0 ? "" : ".pki", .first = 2 };
	if (!put_answer(&names, answer, f))
		return false;
	end_status(b, name);
	return move_done(b, name, mark, left, f);
}

bool
file_box_bad(const struct file_box *b, const char *name, const struct file_mark *mark, const char *reason, bool *left, struct fault *f)
{
	char line[600], free_name[NAME_ROOM], note[NAME_ROOM + 8];
	int n = snprintf(line, sizeof(line), "%s: %s\n", name, reason), fd = -1;
	struct span text = span_of(line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
	struct names names = { .folder = b->bad, .head = name, .tail = "", .first = 1, .noted = true, .note = text };

	*left = false;
	enum found found = find_again(b, name, mark, &fd, f);
	*left = found == FOUND_OTHER;
	if (found == FOUND_OTHER || found == FOUND_NONE)
		return true;
	name_write(&names, name_free(&names), free_name);
	snprintf(note, sizeof(note), "%s.txt", free_name);
	bool well = durable_replace(b->bad, note, text, mode_in(b->bad), f) && found == FOUND && move_away(b, fd, name, mark, &names, left, f);
	if (*left)
		unlinkat(b->bad, note, 0);
	else if (well)
		end_status(b, name);
	if (fd >= 0)
		close(fd);
	return well;
}

bool
file_box_status(const struct file_box *b, const char *name, const char *text, struct fault *f)
{
	char stem[FILE_NAME_MAX + 1], note[FILE_NAME_MAX + 16];

	file_name_stem(name, stem, sizeof(stem));
	snprintf(note, sizeof(note), "%s.status.txt", stem);
	return durable_replace(b->out, note, span_text(text), mode_in(b->out), f);
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
