// SPDX-License-Identifier: GPL-3.0-or-later
// Cuts and I/O faults at every moment. A model builds what a power cut may
// leave of the files (what was synced, any part of what was not, torn at each
// 512 octets), and the store must open with every released unit and no half of
// one. CMPGATE_LONG in the environment tries many more states.
#include "tests/unit/store_kit.h"
#include "tests/unit/store_vfs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

enum { SECTOR = 512, FILE_MAX = 4 << 20 };

static uint64_t seed = 1;

// xorshift: the same states at every run.
static uint64_t
draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static bool
is_long(void)
{
	return getenv("CMPGATE_LONG") != NULL;
}

static int
install(void **state)
{
	(void)state;
	assert_true(store_memory());
	vfs_install();
	return 0;
}

static int
set_up(void **state)
{
	*state = kit_folder();
	return 0;
}

static int
tear_down(void **state)
{
	vfs_fail(0, false, VFS_NO_FAULT);
	vfs_stop();
	kit_remove(*state);
	return 0;
}

static bool
lower_checkpoint(struct store_db *db, void *context)
{
	db->checkpoint_at = *(int64_t *)context;
	return true;
}

static void
checkpoint_often(struct store *s)
{
	int64_t octets = 120000;
	struct fault f = { 0 };

	assert_true(store_with(s, lower_checkpoint, &octets, &f));
}

// ---- the model of a cut

struct model { uint8_t *octets; size_t len; bool there; };

static void
model_take(struct model *m, const uint8_t *octets, size_t len)
{
	m->octets = mem_alloc(FILE_MAX);
	m->len = len;
	m->there = octets != NULL;
	if (octets != NULL)
		memcpy(m->octets, octets, len);
}

static void
model_write(struct model *m, size_t at, const uint8_t *data, size_t len)
{
	assert_true(at + len <= FILE_MAX);
	m->there = true;
	if (at > m->len)
		memset(m->octets + m->len, 0, at - m->len);
	memcpy(m->octets + at, data, len);
	m->len = at + len > m->len ? at + len : m->len;
}

// All of an event, or the part of it that reached the disk.
static void
model_apply(struct model *m, const struct vfs_event *e, bool torn)
{
	switch (e->kind) {
	case VFS_WRITE:
		for (size_t at = 0; at < e->len;) {
			size_t part = SECTOR - ((size_t)e->offset + at) % SECTOR;
			part = part < e->len - at ? part : e->len - at;
			if (!torn || draw(2) == 0)
				model_write(m, (size_t)e->offset + at, e->data + at, part);
			at += part;
		}
		break;
	case VFS_TRUNCATE:
		m->len = (size_t)e->offset < m->len ? (size_t)e->offset : m->len;
		break;
	case VFS_DELETE:
		m->there = false;
		m->len = 0;
		break;
	case VFS_SYNC: case VFS_MARK:
		break;
	}
}

enum manner { ALL, NONE, SOME, TORN, MANNERS };

// The file as a cut after `cut` events leaves it.
static void
model_build(struct model *m, enum vfs_file file, size_t cut, enum manner manner)
{
	size_t synced = 0;

	for (size_t i = 0; i < cut; i++)
		if (vfs_event(i)->file == file && vfs_event(i)->kind == VFS_SYNC)
			synced = i;
	for (size_t i = 0; i < cut; i++) {
		const struct vfs_event *e = vfs_event(i);
		if (e->file != file || e->kind == VFS_MARK)
			continue;
		if (i <= synced || manner == ALL || manner == TORN)
			model_apply(m, e, manner == TORN && i > synced);
		else if (manner == SOME && draw(2) == 0)
			model_apply(m, e, false);
	}
}

static unsigned
released_at(size_t cut)
{
	unsigned released = 0;

	for (size_t i = 0; i < cut; i++)
		if (vfs_event(i)->kind == VFS_MARK)
			released = (unsigned)vfs_event(i)->offset;
	return released;
}

static void
count_line(void *context, int64_t seq, struct span line)
{
	struct audit_chain *c = context;

	(void)seq;
	assert_true(audit_check_line(c, line, kit_hash, NULL));
}

static void
lines_end(void *context, bool well, int64_t last)
{
	(void)context;
	(void)last;
	assert_true(well);
}

static void
count_secret(void *context, const struct secret_row *row)
{
	assert_int_equal(row->state, SECRET_BOUND);
	(*(unsigned *)context)++;
}

// Units 1..k are there and whole, and none behind; k is at least what was released.
static void
judge(const char *folder, unsigned released, unsigned handed_in)
{
	struct store *s = kit_open(folder);
	struct audit_chain chain = { 0 };
	struct fault f = { 0 };
	unsigned there = 0, secrets = 0;

	assert_int_equal(kit_alarms, 0);
	while (there < handed_in && kit_has(s, there + 1))
		there++;
	assert_in_range(there, released, handed_in);
	assert_int_equal(kit_count(s), there);
	assert_true(audit_read(s, 0, 100000, count_line, lines_end, &chain));
	assert_int_equal(chain.seq, there);
	assert_true(secrets_load(s, count_secret, &secrets, &f));
	assert_int_equal(secrets, there);
	assert_int_equal(kit_number(s, "SELECT count(*) FROM quarantine"), 0);
	assert_int_equal(kit_all(s, there + 1), STORE_DONE);
	kit_close(s);
}

// Opens, commits, checkpoints and closes; each released unit is marked.
static unsigned
live(const char *folder, unsigned lives, unsigned units)
{
	unsigned n = 0;

	for (unsigned life = 0; life < lives; life++) {
		struct store *s = kit_open(folder);
		checkpoint_often(s);
		for (unsigned i = 0; i < units; i++) {
			assert_int_equal(kit_all(s, ++n), STORE_DONE);
			vfs_mark(n);
		}
		kit_close(s);
	}
	return n;
}

static void
a_cut_at_any_moment_is_borne(void **state)
{
	size_t len, states = 0;
	char *left = kit_folder();

	kit_close(kit_open(*state));
	uint8_t *first = kit_read(*state, STORE_FILE, &len), *marker = kit_read(*state, STORE_MARKER, &(size_t){ 0 });
	vfs_record();
	unsigned handed_in = live(*state, 3, 12);
	vfs_stop();
	for (size_t cut = 1; cut <= vfs_count(); cut++) {
		for (unsigned i = 0; i < (is_long() ? 40u : 4u); i++) {
			enum manner manner = i < MANNERS ? (enum manner)i : i % 2 ? SOME : TORN;
			struct model db, wal;
			model_take(&db, first, len);
			model_take(&wal, NULL, 0);
			model_build(&db, VFS_DB, cut, manner);
			model_build(&wal, VFS_WAL, cut, i % 3 == 2 ? (enum manner)draw(MANNERS) : manner);
			kit_empty(left);
			kit_write(left, STORE_FILE, span_of(db.octets, db.len));
			if (wal.there)
				kit_write(left, STORE_FILE "-wal", span_of(wal.octets, wal.len));
			kit_write(left, STORE_MARKER, span_of(marker, 47));
			judge(left, released_at(cut), handed_in);
			mem_free(db.octets);
			mem_free(wal.octets);
			states++;
		}
	}
	print_message("# %zu states after cuts at %zu calls\n", states, vfs_count());
	mem_free(first);
	mem_free(marker);
	kit_remove(left);
}

// ---- I/O faults

// Twelve units while one call fails, or all from then on. What was said to be
// done is there, what failed is not, and what is unknown is either.
static bool
suffer(const char *folder, uint64_t n, bool every, enum vfs_fault fault, uint64_t *calls, unsigned *tally)
{
	enum { UNITS = 12 };
	enum store_result results[UNITS];
	struct store_setup setup = kit_setup(folder);
	enum store_opened why;
	struct fault f = { 0 };
	struct store *s;

	kit_empty(folder);
	kit_close(kit_open(folder));
	vfs_fail(n, every, fault);
	s = store_open_direct(&setup, &why, &f);
	if (s == NULL && why != STORE_LOCAL_FAULT)
		fail_msg("call %u%s: %d %s", (unsigned)n, every ? " and all after it" : "", why, f.text);
	if (s != NULL)
		checkpoint_often(s);
	for (unsigned i = 0; i < UNITS; i++) {
		results[i] = s != NULL ? kit_all(s, i + 1) : STORE_FAILED;
		tally[results[i]]++;
	}
	store_close(s, NULL, NULL);
	*calls = vfs_calls();
	vfs_fail(0, false, VFS_NO_FAULT);
	assert_int_equal(kit_quarantined(folder), 0);
	s = kit_open(folder);
	for (unsigned i = 0; i < UNITS; i++)
		if (results[i] != STORE_UNKNOWN)
			assert_int_equal(kit_has(s, i + 1), results[i] == STORE_DONE);
	assert_int_equal(kit_number(s, "SELECT count(*) FROM quarantine"), 0);
	assert_int_equal(kit_all(s, 100), STORE_DONE);
	kit_close(s);
	return n <= *calls;
}

static void
an_io_fault_at_any_call_is_told(void **state)
{
	unsigned tally[4] = { 0 }, runs = 0;
	uint64_t calls;

	for (int every = 0; every < 2; every++)
		for (int fault = VFS_EIO; fault <= VFS_FULL; fault++)
			for (uint64_t n = 1; suffer(*state, n, every != 0, (enum vfs_fault)fault, &calls, tally); n += is_long() || n < 30 ? 1 : 2)
				runs++;
	print_message("# %u faults: %u units done, %u failed, %u unknown\n", runs, tally[STORE_DONE], tally[STORE_FAILED], tally[STORE_UNKNOWN]);
	assert_true(tally[STORE_DONE] > 0 && tally[STORE_FAILED] > 0);
}

// F-3: the first I/O fault refuses the group and the store goes on; the second ends it.
static void
the_second_io_fault_ends_a_store(void **state)
{
	struct store *s = kit_open(*state);
	struct store_figures figures;

	kit_alarms = 0;
	assert_int_equal(kit_all(s, 1), STORE_DONE);
	for (unsigned i = 0; i < 2; i++) {
		enum store_result r = STORE_DONE;
		// Somewhere within a commit is its sync.
		for (uint64_t n = 1; r == STORE_DONE; n++) {
			vfs_fail(n, false, VFS_EIO);
			r = kit_all(s, 10 * i + (unsigned)n + 1);
			vfs_fail(0, false, VFS_NO_FAULT);
		}
		assert_int_equal(r, i == 0 ? STORE_FAILED : STORE_UNKNOWN);
		store_figures(s, &figures);
		assert_int_equal(figures.failed, i == 1);
		if (i == 0)
			assert_int_equal(kit_all(s, 9), STORE_DONE);
	}
	assert_int_equal(kit_alarms, 3);
	assert_int_equal(kit_all(s, 99), STORE_FAILED);
	assert_int_equal(kit_alarms, 3);
	kit_close(s);
}

// A checkpoint that fails is no lost commit.
static void
a_failed_checkpoint_loses_nothing(void **state)
{
	struct store *s = kit_open(*state);
	unsigned n = 0, met = 0;

	kit_alarms = 0;
	checkpoint_often(s);
	for (unsigned i = 0; i < 400; i++) {
		uint64_t fails = 1 + i % 40;
		vfs_fail_checkpoint(fails, VFS_EIO);
		assert_int_equal(kit_all(s, ++n), STORE_DONE);
		met += vfs_calls() >= fails;
		vfs_fail(0, false, VFS_NO_FAULT);
	}
	print_message("# %u checkpoints failed\n", met);
	assert_true(met > 20);
	kit_close(s);
	s = kit_open(*state);
	for (unsigned i = 1; i <= n; i++)
		assert_true(kit_has(s, i));
	assert_int_equal(kit_alarms, 0);
	kit_close(s);
}

// ---- kill -9

#define READY UINT_MAX	// said by a child that begins to write

struct child { struct store *store; uv_loop_t loop; int pipe; unsigned next, open; };
struct told { struct child *child; unsigned n; };

static void hand_in(struct child *c);

static void
on_applied(void *context, enum store_result result, const struct store_conflict *conflict)
{
	struct told *t = context;
	struct child *c = t->child;

	(void)conflict;
	if (result != STORE_DONE || write(c->pipe, &t->n, sizeof(t->n)) != sizeof(t->n))
		_exit(3);
	mem_free(t);
	c->open--;
	hand_in(c);
}

// Some at a time, so that groups of all sizes come to be.
static void
hand_in(struct child *c)
{
	while (c->open < 1 + c->next % 7) {
		struct told *t = mem_alloc(sizeof(*t));
		struct store_unit *u = store_unit_new();
		struct replay_row row = kit_replay(c->next);
		struct secret_row secret = kit_secret(c->next);
		*t = (struct told){ c, c->next++ };
		replay_insert(u, &row);
		secret_put(u, &secret);
		audit_append(u, span_text("\"event\":\"kill\""));
		c->open++;
		if (!store_apply(c->store, u, false, on_applied, t))
			_exit(4);
	}
}

static bool
lower_for_child(struct store_db *db, void *context)
{
	(void)context;
	db->checkpoint_at = 200000;
	return true;
}

static void
run_child(const char *folder, int pipe_fd, unsigned from)
{
	struct child c = { .pipe = pipe_fd, .next = from };
	struct store_setup setup = kit_setup(folder);
	enum store_opened why;
	struct fault f = { 0 };

	setup.alarm = NULL;
	if (uv_loop_init(&c.loop) != 0 || (c.store = store_open(&c.loop, &setup, &why, &f)) == NULL)
		_exit(2);
	store_with(c.store, lower_for_child, NULL, &f);
	if (write(pipe_fd, &(unsigned){ READY }, sizeof(unsigned)) != sizeof(unsigned))
		_exit(6);
	hand_in(&c);
	uv_run(&c.loop, UV_RUN_DEFAULT);
	_exit(5);
}

// Answers the number after the last unit that was handed in for sure.
static unsigned
kill_once(const char *folder, unsigned from, unsigned char *released, unsigned max, unsigned after_us)
{
	int fds[2];
	unsigned n, newest = from;
	int status;

	assert_int_equal(pipe(fds), 0);
	fflush(stdout);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(fds[0]);
		run_child(folder, fds[1], from);
	}
	close(fds[1]);
	// Most are killed while they write, some while they open.
	if (after_us % 10 != 0)
		assert_int_equal(read(fds[0], &n, sizeof(n)), sizeof(n));
	usleep(after_us);
	kill(child, SIGKILL);
	while (read(fds[0], &n, sizeof(n)) == sizeof(n)) {
		if (n == READY)
			continue;
		assert_true(n < max);
		released[n] = 1;
		newest = n + 1 > newest ? n + 1 : newest;
	}
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return newest;
}

static void
what_was_released_survives_kill(void **state)
{
	enum { MAX = 200000, AHEAD = 16 };
	unsigned char *released = mem_alloc(MAX);
	unsigned from = 0, kills = is_long() ? 2000 : 200, checked = 0;

	kit_close(kit_open(*state));
	for (unsigned i = 0; i < kills && from < MAX - 20000; i++) {
		unsigned newest = kill_once(*state, from, released, MAX, (unsigned)draw(i % 10 == 0 ? 40000 : 8000));
		kit_alarms = 0;
		struct store *s = kit_open(*state);
		assert_int_equal(kit_alarms, 0);
		for (unsigned n = from; n < newest; n++) {
			assert_int_equal(released[n], 1);
			assert_true(kit_has(s, n));
			checked++;
		}
		struct audit_chain chain = { 0 };
		if (i % 20 == 0)
			assert_true(audit_read(s, 0, 1000000, count_line, lines_end, &chain));
		kit_close(s);
		from = newest + AHEAD;	// some more may have been written, and not yet told
	}
	print_message("# %u kills, %u released units looked for\n", kills, checked);
	assert_true(checked > kills);
	mem_free(released);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(a_cut_at_any_moment_is_borne),
		TEST(an_io_fault_at_any_call_is_told),
		TEST(the_second_io_fault_ends_a_store),
		TEST(a_failed_checkpoint_loses_nothing),
		TEST(what_was_released_survives_kill),
	};

	return cmocka_run_group_tests(tests, install, NULL);
}
