// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/durable.h"
#include "base/memory.h"
#include "crypto/crypto.h"

// ---- opening

static bool
broken(const struct secret_file *s, const char *call, struct fault *f)
{
	if (errno == EACCES || errno == EPERM)
		return fault_set(f, FAIL_NONE, s->path, "%s: %s; be root, or the user that the gateway runs as", call, strerror(errno));
	return fault_set(f, FAIL_NONE, s->path, "%s: %s", call, strerror(errno));
}

static bool
refuse_folder(const char *path, const char *user, struct fault *f)
{
	const char *slash = strrchr(path, '/');

	return fault_set(f, FAIL_NONE, path, "its folder is not there; type: install -d -m 700%s%s %.*s", user != NULL ? " -o " : "", user != NULL ? user : "",
		slash != NULL && slash != path ? (int)(slash - path) : 1, slash != NULL ? path : ".");
}

// Root makes files for the user that the gateway runs as.
static bool
begin(const char *path, const char *user, struct fault *f)
{
	const struct passwd *p = user != NULL && geteuid() == 0 ? getpwnam(user) : NULL;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == ENOENT)
		return refuse_folder(path, p != NULL ? user : NULL, f);
	if (fd < 0)
		return errno == EEXIST || fault_set(f, FAIL_NONE, path, "cannot be made: %s%s", strerror(errno),
			errno == EACCES ? "; be root, or the user that the gateway runs as" : "");
	bool well = p == NULL || fchown(fd, p->pw_uid, p->pw_gid) == 0;
	if (!well)
		fault_set(f, FAIL_NONE, path, "cannot be given to %s: %s", user, strerror(errno));
	close(fd);
	return well;
}

// The file that has the name now, locked: while we waited it may have been replaced.
static bool
lock(struct secret_file *s, struct fault *f)
{
	struct stat ours, named;

	for (;;) {
		s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (s->fd < 0 || flock(s->fd, LOCK_EX) != 0 || fstat(s->fd, &ours) != 0)
			return broken(s, "cannot be opened", f);
		if (stat(s->path, &named) == 0 && named.st_dev == ours.st_dev && named.st_ino == ours.st_ino)
			break;
		close(s->fd);
	}
	if (!S_ISREG(ours.st_mode))
		return fault_set(f, FAIL_NONE, s->path, "is no regular file");
	if (ours.st_size > SECRET_TABLE_OCTETS_MAX)
		return fault_set(f, FAIL_NONE, s->path, "is larger than a table may be");
	s->len = (size_t)ours.st_size;
	return true;
}

static bool
take_octets(struct secret_file *s, struct fault *f)
{
	size_t at = 0;

	s->octets = mem_alloc(s->len > 0 ? s->len : 1);
	if (s->octets == NULL)
		return fault_set(f, FAIL_NONE, s->path, "out of memory");
	while (at < s->len) {
		ssize_t n = read(s->fd, s->octets + at, s->len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return broken(s, "read", f);
		at += (size_t)n;
	}
	return true;
}

bool
secret_file_open(struct secret_file *s, const char *path, const char *user, struct fault *f)
{
	*s = (struct secret_file){ .path = mem_text(path), .fd = -1 };
	if (s->path == NULL)
		return fault_set(f, FAIL_NONE, path, "out of memory");
	if (access(path, F_OK) != 0 && errno == ENOENT && !begin(path, user, f))
		return false;
	return lock(s, f) && take_octets(s, f);
}

void
secret_file_close(struct secret_file *s)
{
	if (s->octets != NULL)
		crypto_wipe(s->octets, s->len);
	mem_free(s->octets);
	mem_free(s->path);
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct secret_file){ .fd = -1 };
}

// ---- writing

// Would these octets load? Where the reference stands, if it is asked for: its line, 0 = nowhere.
static bool
look(const struct secret_file *s, struct span octets, struct span reference, unsigned *line, struct fault *f)
{
	uint8_t *copy = mem_alloc(octets.len > 0 ? octets.len : 1);
	struct secret_line *lines = NULL;
	size_t count = 0;

	if (copy == NULL)
		return fault_set(f, FAIL_NONE, s->path, "out of memory");
	if (octets.len > 0)
		memcpy(copy, octets.data, octets.len);
	bool well = secret_table_parse(copy, octets.len, &lines, &count, NULL, NULL, f);
	if (!well)
		fault_within(f, s->path);
	*line = 0;
	for (size_t i = 0; well && i < count; i++)
		if (span_equal(lines[i].reference, reference))
			*line = lines[i].line;
	mem_free(lines);
	crypto_wipe(copy, octets.len);
	mem_free(copy);
	return well;
}

static bool
replace(const struct secret_file *s, struct span octets, struct fault *f)
{
	const char *slash = strrchr(s->path, '/'), *name = slash != NULL ? slash + 1 : s->path;
	char *folder = slash == NULL ? mem_text(".") : slash == s->path ? mem_text("/") : mem_printf("%.*s", (int)(slash - s->path), s->path);
	int dir = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct stat st;
	unsigned line;

	mem_free(folder);
	if (dir < 0)
		return broken(s, "its folder", f);
	bool well = fstat(s->fd, &st) == 0 && look(s, octets, span_of(NULL, 0), &line, f);
	bool ours = well && st.st_uid == geteuid();
	well = well && durable_replace_owned(dir, name, octets, st.st_mode & 07777, ours ? (uid_t)-1 : st.st_uid, ours ? (gid_t)-1 : st.st_gid, f);
	close(dir);
	return well;
}

static void
put(struct buffer *b, struct span octets, bool *well)
{
	*well = *well && buffer_append(b, octets);
}

static bool
finish(const struct secret_file *s, struct buffer *b, bool well, struct fault *f)
{
	well = well ? replace(s, buffer_span(b), f) : fault_set(f, FAIL_NONE, s->path, "out of memory, or larger than a table may be");
	if (b->data != NULL)
		crypto_wipe(b->data, b->cap);
	buffer_clear(b);
	return well;
}

bool
secret_file_add(struct secret_file *s, struct span reference, struct span line, struct fault *f)
{
	struct buffer b;
	unsigned n;
	bool well;

	if (!look(s, span_of(s->octets, s->len), reference, &n, f))
		return false;
	if (n > 0)
		return fault_set(f, FAIL_NONE, s->path, "this reference stands in line %u already; `cmpgate secret rotate` gives it another value", n);

	// Room at once: a buffer that grows would leave copies behind.
	buffer_init(&b, SECRET_TABLE_OCTETS_MAX);
	well = buffer_reserve(&b, s->len + line.len + 2);
	put(&b, span_of(s->octets, s->len), &well);
	if (s->len > 0 && s->octets[s->len - 1] != '\n')
		put(&b, span_text("\n"), &well);
	put(&b, line, &well);
	put(&b, span_text("\n"), &well);
	return finish(s, &b, well, f);
}

// ---- another value

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

// Where the secret of a line that has one begins and ends: behind the first colon that is not that of "hex:".
static struct span
value_of(struct span line)
{
	size_t at = 0, end;

	while (is_blank(line.data[at]))
		at++;
	if (line.len - at > 4 && memcmp(line.data + at, "hex:", 4) == 0)
		at += 4;
	while (line.data[at] != ':')
		at++;
	for (end = ++at; end < line.len && !is_blank(line.data[end]); end++)
		;
	return span_of(line.data + at, end - at);
}

// The word expires=... behind a secret with the blank before it; what stands in a quoted name is none.
static struct span
expires_of(struct span rest)
{
	static const char word[] = "expires=";
	size_t end;
	bool quoted = false;

	for (size_t i = 0; i + 1 < rest.len; i++) {
		if (rest.data[i] == '\\' && quoted) {
			i++;
		} else if (rest.data[i] == '"') {
			quoted = !quoted;
		} else if (!quoted && rest.data[i] == '#') {
			break;
		} else if (!quoted && is_blank(rest.data[i]) && rest.len - i > sizeof(word) && memcmp(rest.data + i + 1, word, sizeof(word) - 1) == 0) {
			for (end = i + 1; end < rest.len && !is_blank(rest.data[end]); end++)
				;
			return span_of(rest.data + i, end - i);
		}
	}
	return span_of(rest.data, 0);
}

static struct span
nth_line(struct span octets, unsigned n)
{
	for (unsigned i = 1; ; i++) {
		const uint8_t *end = octets.len > 0 ? memchr(octets.data, '\n', octets.len) : NULL;
		size_t len = end != NULL ? (size_t)(end - octets.data) : octets.len;
		if (i == n || end == NULL)
			return span_of(octets.data, len);
		octets = span_of(octets.data + len + 1, octets.len - len - 1);
	}
}

static struct span
between(const uint8_t *from, const uint8_t *to)
{
	return span_of(from, (size_t)(to - from));
}

bool
secret_file_rotate(struct secret_file *s, struct span reference, const char *value, const char *expires, struct fault *f)
{
	struct span all = span_of(s->octets, s->len);
	struct buffer b;
	unsigned n;

	if (!look(s, all, reference, &n, f))
		return false;
	if (n == 0)
		return fault_set(f, FAIL_NONE, s->path, "holds no secret of this reference; `cmpgate secret add` makes one");
	struct span line = nth_line(all, n), old = value_of(line);
	const uint8_t *line_end = line.data + line.len, *old_end = old.data + old.len;
	struct span word = expires_of(between(old_end, line_end));
	bool well;

	buffer_init(&b, SECRET_TABLE_OCTETS_MAX);
	well = buffer_reserve(&b, s->len + strlen(value) + strlen(expires) + 16);
	put(&b, between(all.data, old.data), &well);
	put(&b, span_text(value), &well);
	if (*expires != '\0') {
		put(&b, span_text(" expires="), &well);
		put(&b, span_text(expires), &well);
	}
	put(&b, between(old_end, word.data), &well);
	put(&b, between(word.data + word.len, all.data + all.len), &well);
	return finish(s, &b, well, f);
}
