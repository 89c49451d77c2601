// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/store_kit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

unsigned kit_alarms;
char kit_alarm[512];

const char *
kit_path(const char *folder, const char *name)
{
	static char places[4][512];
	static unsigned next;
	char *place = places[next++ % 4];

	snprintf(place, sizeof(places[0]), "%s/%s", folder, name);
	return place;
}

char *
kit_folder(void)
{
	// In memory where that is possible: thousands of syncs would be waited for.
	const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");
	char *folder = mem_printf("%s/cmpgate-store.XXXXXX", tmp != NULL ? tmp : "/tmp");

	assert_non_null(mkdtemp(folder));
	return folder;
}

void
kit_empty(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		char path[1024];
		struct stat st;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
			kit_empty(path);
			rmdir(path);
		} else {
			unlink(path);
		}
	}
	closedir(d);
}

void
kit_remove(char *folder)
{
	kit_empty(folder);
	rmdir(folder);
	mem_free(folder);
}

uint8_t *
kit_read(const char *folder, const char *name, size_t *len)
{
	struct stat st;
	int fd = open(kit_path(folder, name), O_RDONLY);

	if (fd < 0)
		return NULL;
	assert_int_equal(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	uint8_t *octets = mem_alloc(*len);
	assert_int_equal(read(fd, octets, *len), (ssize_t)*len);
	close(fd);
	return octets;
}

void
kit_write(const char *folder, const char *name, struct span octets)
{
	int fd = open(kit_path(folder, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, octets.len > 0 ? (const void *)octets.data : "", octets.len), (ssize_t)octets.len);
	close(fd);
}

void
kit_delete(const char *folder, const char *name)
{
	unlink(kit_path(folder, name));
}

bool
kit_exists(const char *folder, const char *name)
{
	return access(kit_path(folder, name), F_OK) == 0;
}

void
kit_copy(const char *from, const char *to)
{
	static const char *const names[] = { STORE_FILE, STORE_FILE "-wal", STORE_MARKER, NULL };

	kit_empty(to);
	for (const char *const *name = names; *name != NULL; name++) {
		size_t len;
		uint8_t *octets = kit_read(from, *name, &len);
		if (octets != NULL)
			kit_write(to, *name, span_of(octets, len));
		mem_free(octets);
	}
}

size_t
kit_quarantined(const char *folder)
{
	DIR *d = opendir(kit_path(folder, STORE_QUARANTINE)), *inner;
	struct dirent *e;
	size_t count = 0;

	while (d != NULL && (e = readdir(d)) != NULL) {
		char path[1024];
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", folder, STORE_QUARANTINE, e->d_name);
		inner = opendir(path);
		while (inner != NULL && (e = readdir(inner)) != NULL)
			count += e->d_name[0] != '.';
		if (inner != NULL)
			closedir(inner);
	}
	if (d != NULL)
		closedir(d);
	return count;
}

bool
kit_hash(const struct span *parts, size_t count, uint8_t out[32])
{
	for (unsigned i = 0; i < 4; i++) {
		uint64_t h = i;
		for (size_t n = 0; n < count; n++)
			h = hash_keyed(&(struct hash_key){ h, i }, parts[n]);
		memcpy(out + 8 * i, &h, 8);
	}
	return true;
}

static void
on_alarm(void *context, const char *text)
{
	(void)context;
	if (strstr(text, "the state folder is in memory") != NULL)
		return;
	kit_alarms++;
	snprintf(kit_alarm, sizeof(kit_alarm), "%s", text);
}

struct store_setup
kit_setup(const char *folder)
{
	return (struct store_setup){ .folder = folder, .hash = kit_hash, .alarm = on_alarm };
}

enum store_opened
kit_try(const char *folder, char text[400])
{
	struct store_setup setup = kit_setup(folder);
	enum store_opened why;
	struct fault f = { 0 };
	struct store *s = store_open_direct(&setup, &why, &f);

	text[0] = '\0';
	if (s == NULL) {
		assert_true(f.set);
		assert_int_not_equal(why, STORE_OPENED);
		fault_text(&f, text, 400);
	}
	store_close(s, NULL, NULL);
	return why;
}

struct store *
kit_open(const char *folder)
{
	struct store_setup setup = kit_setup(folder);
	enum store_opened why;
	struct fault f = { 0 };
	struct store *s = store_open_direct(&setup, &why, &f);
	char text[400];

	if (s == NULL)
		fail_msg("%s", fault_text(&f, text, sizeof(text)));
	assert_int_equal(why, STORE_OPENED);
	return s;
}

void
kit_close(struct store *s)
{
	store_close(s, NULL, NULL);
}

struct store_time
kit_time(const char *boot, int64_t mono_ms, int64_t wall_s, bool synced)
{
	struct store_time t = { .mono_ms = mono_ms, .wall_s = wall_s, .synced = synced };

	snprintf(t.boot, sizeof(t.boot), "%s", boot);
	return t;
}

struct replay_row
kit_replay(unsigned n)
{
	struct replay_row row = { .transaction_id_len = 16, .until = kit_time("boot-a", 1000, 2000, true) };

	snprintf((char *)row.transaction_id, sizeof(row.transaction_id), "transaction%u", n);
	memset(row.identity, (int)(n % 251 + 1), sizeof(row.identity));
	memset(row.digest, (int)(n * 7 % 251 + 1), sizeof(row.digest));
	return row;
}

struct secret_row
kit_secret(unsigned n)
{
	struct secret_row row = { .state = SECRET_BOUND, .transaction_id_len = 16, .failures = n, .window_wall_s = 100, .changed_wall_s = 200 };

	snprintf(row.table, sizeof(row.table), "plant-%u", n % 3);
	row.reference_len = (size_t)snprintf((char *)row.reference, sizeof(row.reference), "ref%04u", n);
	memset(row.value_tag, 0x5a, sizeof(row.value_tag));
	memset(row.transaction_id, (int)(n & 0xff), row.transaction_id_len);
	return row;
}

struct outcome { enum store_result result; struct store_conflict conflict; struct replay_row met; bool called; };

static void
on_applied(void *context, enum store_result result, const struct store_conflict *conflict)
{
	struct outcome *o = context;

	o->called = true;
	o->result = result;
	assert_true((conflict != NULL) == (result == STORE_CONFLICT));
	if (conflict != NULL)
		o->conflict = *conflict;
	if (conflict != NULL && conflict->replay != NULL)
		o->met = *conflict->replay;
}

enum store_result
kit_apply(struct store *s, struct store_unit *u, struct store_conflict *conflict, struct replay_row *met)
{
	struct outcome o = { .called = false };

	if (!store_apply(s, u, false, on_applied, &o))
		return STORE_FAILED;
	assert_true(o.called);
	if (conflict != NULL)
		*conflict = o.conflict;
	if (met != NULL)
		*met = o.met;
	return o.result;
}

enum store_result
kit_insert(struct store *s, unsigned n)
{
	struct store_unit *u = store_unit_new();
	struct replay_row row = kit_replay(n);

	assert_non_null(u);
	assert_true(replay_insert(u, &row));
	return kit_apply(s, u, NULL, NULL);
}

enum store_result
kit_put(struct store *s, struct secret_row *row)
{
	struct store_unit *u = store_unit_new();

	assert_non_null(u);
	assert_true(secret_put(u, row));
	enum store_result result = kit_apply(s, u, NULL, NULL);
	row->version += result == STORE_DONE;
	return result;
}

enum store_result
kit_all(struct store *s, unsigned n)
{
	struct store_unit *u = store_unit_new();
	struct replay_row row = kit_replay(n);
	struct secret_row secret = kit_secret(n);
	char fields[80];

	assert_non_null(u);
	snprintf(fields, sizeof(fields), "\"event\":\"test\",\"n\":%u", n);
	assert_true(replay_insert(u, &row) && secret_put(u, &secret) && audit_append(u, span_text(fields)));
	return kit_apply(s, u, NULL, NULL);
}

bool
kit_has(struct store *s, unsigned n)
{
	struct store_unit *u = store_unit_new();
	struct replay_row row = kit_replay(n), met = { .transaction_id_len = 0 };
	struct secret_row never = kit_secret(0);

	// The second row can never be written, so that the look leaves no trace.
	never.version = INT64_MAX / 4;
	assert_true(replay_insert(u, &row) && secret_put(u, &never));
	if (kit_apply(s, u, NULL, &met) != STORE_CONFLICT)
		return false;
	return met.transaction_id_len == row.transaction_id_len && memcmp(met.transaction_id, row.transaction_id, sizeof(row.transaction_id)) == 0 &&
		memcmp(met.digest, row.digest, sizeof(row.digest)) == 0 && memcmp(met.identity, row.identity, sizeof(row.identity)) == 0;
}

int64_t
kit_count(struct store *s)
{
	int64_t count = -1;
	struct fault f = { 0 };

	assert_true(replay_count(s, &count, &f));
	return count;
}

struct ask { const char *sql; int64_t value; };

static bool
ask_number(struct store_db *db, void *context)
{
	struct ask *a = context;

	return connection_number(db, a->sql, &a->value);
}

int64_t
kit_number(struct store *s, const char *sql)
{
	struct ask a = { sql, -1 };
	struct fault f = { 0 };

	assert_true(store_with(s, ask_number, &a, &f));
	return a.value;
}
