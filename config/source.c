// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/source.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// The first folder of a path that may not be entered; empty when all may be.
static void
closed_folder(const char *path, char *out, size_t size)
{
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		snprintf(out, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
		if (faccessat(AT_FDCWD, out, X_OK, AT_EACCESS) != 0 && errno == EACCES)
			return;
	}
	*out = '\0';
}

bool
settings_unreadable(const char *file, bool secret, char *out, size_t size)
{
	const struct passwd *user = getpwuid(geteuid());
	const struct group *group = getgrgid(getegid());
	char who[64], whose[64], folder[PATH_MAX];

	if (faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) == 0 || errno != EACCES)
		return false;
	snprintf(who, sizeof(who), "%u", (unsigned)geteuid());
	snprintf(whose, sizeof(whose), "%u", (unsigned)getegid());
	closed_folder(file, folder, sizeof(folder));
	if (secret && *folder == '\0') {	// it stays closed to the group
		snprintf(out, size, "user %.60s may not read %.300s; type: chown %.60s %.300s", user != NULL ? user->pw_name : who, file,
			user != NULL ? user->pw_name : who, file);
		return true;
	}
	snprintf(out, size, "user %.60s may not %s %.300s; type: chgrp %.60s %.300s && chmod g+%s %.300s", user != NULL ? user->pw_name : who,
		*folder != '\0' ? "enter the folder" : "read", *folder != '\0' ? folder : file, group != NULL ? group->gr_name : whose,
		*folder != '\0' ? folder : file, *folder != '\0' ? "rx" : "r", *folder != '\0' ? folder : file);
	return true;
}

// Report trouble with a file: at the `include` that names it, else at the file.
static void *
refuse(struct load *l, enum code code, const struct source *s, const struct position *from, const char *why)
{
	struct position whole = { .source = s };
	struct finding *item;
	char cure[1024];
	bool closed = code == CODE_READ && settings_unreadable(s->path, false, cure, sizeof(cure));

	l->broken = true;
	if (from != NULL)
		item = finding_add(l->findings, code, from, "cannot include %.300s: %s", s->path, why);
	else
		item = finding_add(l->findings, code, &whole, "%s%s", closed ? "this file cannot be read: " : "", why);
	if (closed)
		finding_help(l->findings, item, "%s", cure);
	return NULL;
}

// Read up to size octets. The answer is -1 with errno set on failure.
static ssize_t
read_octets(int fd, char *out, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, out + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

// Read the whole file, and one octet more than allowed to see that it is too
// large; keep it without its byte order mark.
static ssize_t
read_all(struct load *l, struct source *s, int fd)
{
	char *room = mem_alloc(SOURCE_MAX + 1), *text = NULL;
	size_t mark = 0;
	ssize_t len = -1;

	errno = ENOMEM;
	if (room != NULL)
		len = read_octets(fd, room, SOURCE_MAX + 1);
	if (len >= 3 && memcmp(room, "\xef\xbb\xbf", 3) == 0)
		mark = 3;
	if (len >= 0 && len <= SOURCE_MAX) {
		s->len = (size_t)len - mark;
		s->text = text = load_scratch(l, s->len + 1);
		if (text != NULL)
			memcpy(text, room + mark, s->len);
	}
	mem_free(room);
	if (len < 0 || len > SOURCE_MAX || text != NULL)
		return len;
	errno = ENOMEM;
	return -1;
}

static bool
is_break(const char *p, size_t len, size_t *octets)
{
	*octets = 1;
	if (*p == '\n')
		return true;
	if (*p == '\r') {
		*octets = len > 1 && p[1] == '\n' ? 2 : 1;
		return true;
	}
	// libyaml counts these as line ends as well: NEL, LS, PS.
	*octets = 2;
	if (len > 1 && memcmp(p, "\xc2\x85", 2) == 0)
		return true;
	*octets = 3;
	return len > 2 && (memcmp(p, "\xe2\x80\xa8", 3) == 0 || memcmp(p, "\xe2\x80\xa9", 3) == 0);
}

// Note where each line begins.
static bool
index_lines(struct load *l, struct source *s)
{
	size_t *lines, count = 1, octets;

	for (size_t i = 0; i < s->len; i++)
		count += is_break(s->text + i, s->len - i, &octets);
	lines = load_scratch(l, count * sizeof(*lines));
	if (lines == NULL)
		return false;
	s->lines = lines;
	s->line_count = 1;
	for (size_t i = 0; i < s->len;) {
		if (!is_break(s->text + i, s->len - i, &octets)) {
			i++;
			continue;
		}
		i += octets;
		lines[s->line_count++] = i;
	}
	return true;
}

struct span
source_line(const struct source *s, int n)
{
	size_t from, end;
	size_t octets;

	if (n < 1 || (size_t)n > s->line_count)
		return span_of("", 0);
	from = end = s->lines[n - 1];
	while (end < s->len && !is_break(s->text + end, s->len - end, &octets))
		end++;
	return span_of(s->text + from, end - from);
}

// The first octet that no YAML file may hold; its place goes into at.
static bool
check_octets(struct load *l, const struct source *s)
{
	struct position at = { .source = s, .line = 1, .column = 1, .width = 1 };

	for (size_t i = 0; i < s->len;) {
		uint32_t c;
		size_t octets, n = findings_utf8(s->text + i, s->len - i, &c);

		if (n == 0) {
			struct finding *item = finding_add(l->findings, CODE_UTF8, &at,
				"octet 0x%02x is not valid UTF-8", (unsigned char)s->text[i]);
			finding_help(l->findings, item, "save the file as UTF-8");
			return false;
		}
		if (c == 0) {
			finding_add(l->findings, CODE_NUL, &at, "a NUL octet has no place in a configuration");
			return false;
		}
		if (is_break(s->text + i, s->len - i, &octets)) {
			i += octets;
			at.line++;
			at.column = 1;
			continue;
		}
		at.column++;
		i += n;
	}
	return true;
}

// The folder of a path, absolute, for the relative paths in the file.
static const char *
folder_of(struct load *l, const char *path)
{
	char cwd[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
	size_t base = 0;
	char *out;

	if (*path != '/') {
		if (getcwd(cwd, sizeof(cwd)) == NULL)
			return NULL;
		base = strlen(cwd);
	}
	out = load_scratch(l, base + len + 2);
	if (out == NULL)
		return NULL;
	memcpy(out, cwd, base);
	if (base > 0 && len > 0 && cwd[base - 1] != '/')
		out[base++] = '/';
	memcpy(out + base, path, len);
	return out;
}

static bool
is_same_file(const struct source *a, const struct source *b)
{
	return a != b && a->device == b->device && a->inode == b->inode;
}

// An include that leads back to a file that was read: routes would be there
// twice, or without end. NULL when all is well.
static const char *
why_again(const struct load *l, const struct source *s)
{
	for (const struct source *up = s->parent; up != NULL; up = up->parent)
		if (is_same_file(up, s))
			return "it includes itself";
	for (const struct source *other = l->sources; other != NULL; other = other->next)
		if (is_same_file(other, s))
			return "it is included already";
	return NULL;
}

// Standard input is read to its end, whatever it is: its writer waits for us.
static bool
is_standard_input(const char *path, const struct source *parent)
{
	return parent == NULL && strcmp(path, "-") == 0;
}

static int
open_file(struct source *s, bool standard_input, const char **why)
{
	struct stat st;
	int fd = standard_input ? dup(STDIN_FILENO) : open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		*why = strerror(errno);
		return -1;
	}
	if (fstat(fd, &st) < 0)
		*why = strerror(errno);
	else if (S_ISDIR(st.st_mode))
		*why = "this is a folder, not a file";
	else if (!S_ISREG(st.st_mode) && !standard_input)
		*why = "this is not an ordinary file";
	else {
		s->device = (uint64_t)st.st_dev;
		s->inode = (uint64_t)st.st_ino;
		return fd;
	}
	close(fd);
	return -1;
}

static struct source *
source_new(struct load *l, const char *path, const struct source *parent)
{
	struct source *s = load_scratch(l, sizeof(*s));
	const char *shown = load_keep_text(l, path);

	if (s == NULL || shown == NULL)
		return NULL;
	s->path = shown;
	s->parent = parent;
	s->depth = parent == NULL ? 0 : parent->depth + 1;
	s->rank = l->source_count++;
	if (l->last_source == NULL)
		l->sources = s;
	else
		l->last_source->next = s;
	l->last_source = s;
	return s;
}

struct source *
source_open(struct load *l, const char *path, const struct source *parent, const struct position *from)
{
	bool standard_input = is_standard_input(path, parent);
	struct source *s = source_new(l, standard_input ? "<stdin>" : path, parent);
	const char *why = NULL;
	ssize_t len;
	int fd;

	if (s == NULL)
		return NULL;
	fd = open_file(s, standard_input, &why);
	if (fd < 0)
		return refuse(l, CODE_READ, s, from, why);
	why = why_again(l, s);
	if (why != NULL) {
		close(fd);
		return refuse(l, CODE_INCLUDE, s, from, why);
	}
	s->folder = folder_of(l, path);
	if (s->folder == NULL) {
		close(fd);
		return refuse(l, CODE_READ, s, from, "its folder cannot be found out");
	}
	len = read_all(l, s, fd);
	if (len < 0)
		why = strerror(errno);
	close(fd);
	if (len < 0)
		return refuse(l, CODE_READ, s, from, why);
	if (len > SOURCE_MAX)
		return refuse(l, CODE_TOO_LARGE, s, from, "the file is larger than 256 KiB");
	if (!index_lines(l, s) || !check_octets(l, s)) {
		l->broken = true;
		return NULL;
	}
	return s;
}
