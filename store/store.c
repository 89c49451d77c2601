// SPDX-License-Identifier: GPL-3.0-or-later
// store: the queue, the thread that commits what waits in it, and the way back
// to the loop. Opened directly there is neither: the caller commits.
#include "store/private.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
	STACK = 1 << 20,	// octets; only touched pages cost
	ALARMS = 8,		// that wait for the loop
	ALARM_MAX = 400,
	READS = 16		// reading jobs that may wait
};

struct units { struct store_unit *first, **tail; };

struct store {
	struct store_db db;
	bool direct;
	size_t limit;
	void (*alarm)(void *context, const char *text);
	void *context;

	uv_thread_t thread;
	uv_async_t wake;		// results wait
	uv_mutex_t lock;		// of what follows, up to `turn`
	uv_cond_t work;
	struct units waiting, finished;
	struct store_read *reads, *reads_done;
	size_t queued, blocking, read_count;
	uint64_t lazy_since;		// uv_hrtime() of the oldest thing that may wait
	bool lazy, closing, ended;
	bool purge;			// wanted, or not at its end
	struct store_time purge_now;
	char alarms[ALARMS][ALARM_MAX];
	unsigned alarm_count;

	uv_mutex_t turn;		// whoever holds it may use db
	void (*closed)(void *context);
	void *closed_context;
	_Atomic size_t units_open;	// handed in, result not yet given
	_Atomic int64_t octets, audit;
	_Atomic int64_t audit_keep;	// as told last; the thread takes it over
	_Atomic bool failed;
	_Atomic uint64_t commits, units;
};

static void
units_clear(struct units *l)
{
	l->first = NULL;
	l->tail = &l->first;
}

static void
units_put(struct units *l, struct store_unit *u)
{
	u->next = NULL;
	*l->tail = u;
	l->tail = &u->next;
}

static void
units_join(struct units *l, struct units *more)
{
	if (more->first == NULL)
		return;
	*l->tail = more->first;
	l->tail = more->tail;
	units_clear(more);
}

// ---- on the store thread

// Alarms are raised on the loop; too many at once say so.
static void
keep_alarm(struct store_db *db, const char *text)
{
	struct store *s = container_of(db, struct store, db);

	if (s->alarm == NULL)
		return;
	if (s->direct) {
		s->alarm(s->context, text);
		return;
	}
	uv_mutex_lock(&s->lock);
	if (s->alarm_count < ALARMS)
		snprintf(s->alarms[s->alarm_count], ALARM_MAX, "%s", text);
	s->alarm_count++;
	uv_mutex_unlock(&s->lock);
	uv_async_send(&s->wake);
}

static void
note_figures(struct store *s)
{
	s->octets = s->db.db_octets + s->db.wal_octets;
	s->audit = s->db.audit.total - s->db.audit_gone;
	s->failed = s->db.failed;
}

static void
commit(struct store *s, struct units *units, const struct store_time *purge, bool *more)
{
	s->db.audit_keep = s->audit_keep;
	db_commit(&s->db, units->first, purge, more);
	for (struct store_unit *u = units->first; u != NULL; u = u->next)
		s->units++;
	s->commits++;
	note_figures(s);
}

static bool
is_due(const struct store *s, uint64_t now)
{
	return s->blocking > 0 || s->reads != NULL || s->closing || s->queued * 2 >= s->limit ||
		(s->lazy && now - s->lazy_since >= (uint64_t)STORE_LAZY_MS * 1000000);
}

// Sleep until something is due; with the lock.
static void
wait_for_work(struct store *s)
{
	for (;;) {
		uint64_t now = uv_hrtime();
		if (is_due(s, now))
			return;
		if (s->lazy)
			uv_cond_timedwait(&s->work, &s->lock, (uint64_t)STORE_LAZY_MS * 1000000 - (now - s->lazy_since));
		else
			uv_cond_wait(&s->work, &s->lock);
	}
}

static void
serve_reads(struct store *s, struct store_read *reads)
{
	for (struct store_read *r = reads; r != NULL; r = r->next)
		r->work(&s->db, r);
}

// One group, and the reading that waits; with the lock, given up meanwhile.
static void
serve(struct store *s)
{
	struct units units = s->waiting;
	struct store_read *reads = s->reads, **end = &s->reads_done;
	struct store_time now = s->purge_now;
	bool purge = s->purge, more = false;

	if (units.first == NULL)
		units_clear(&units);
	units_clear(&s->waiting);
	s->reads = NULL;
	s->queued = s->blocking = 0;
	s->lazy = s->purge = false;
	uv_mutex_unlock(&s->lock);
	uv_mutex_lock(&s->turn);
	if (units.first != NULL || purge)
		commit(s, &units, purge ? &now : NULL, &more);
	serve_reads(s, reads);
	uv_mutex_unlock(&s->turn);
	uv_mutex_lock(&s->lock);
	if (more && !s->closing && !s->purge) {
		s->purge = s->lazy = true;
		s->purge_now = now;
		s->lazy_since = 0;	// at once, when nothing else is to do
	}
	units_join(&s->finished, &units);
	while (*end != NULL)
		end = &(*end)->next;
	*end = reads;
	// Whom the call wakes may run at once: not into the lock.
	uv_mutex_unlock(&s->lock);
	uv_async_send(&s->wake);
	uv_mutex_lock(&s->lock);
}

static void
thread_main(void *argument)
{
	struct store *s = argument;

	uv_mutex_lock(&s->lock);
	for (;;) {
		wait_for_work(s);
		if (s->closing && s->waiting.first == NULL && s->reads == NULL)
			break;
		serve(s);
	}
	uv_mutex_unlock(&s->lock);
	uv_mutex_lock(&s->turn);
	db_close(&s->db);
	uv_mutex_unlock(&s->turn);
	uv_mutex_lock(&s->lock);
	s->ended = true;
	uv_async_send(&s->wake);
	uv_mutex_unlock(&s->lock);
}

// ---- on the loop

static void
give_result(struct store *s, struct store_unit *u)
{
	s->units_open--;
	if (u->applied != NULL)
		u->applied(u->context, u->result, u->result == STORE_CONFLICT ? &u->conflict : NULL);
	store_unit_free(u);
}

static void
raise_alarms(struct store *s)
{
	char text[ALARM_MAX];

	for (unsigned i = 0;; i++) {
		uv_mutex_lock(&s->lock);
		unsigned count = s->alarm_count;
		if (i < count && i < ALARMS)
			memcpy(text, s->alarms[i], ALARM_MAX);
		else
			s->alarm_count = 0;
		uv_mutex_unlock(&s->lock);
		if (i >= ALARMS && count > ALARMS)
			snprintf(text, sizeof(text), "%u more alarms of the store", count - ALARMS);
		if (i < count && i <= ALARMS && s->alarm != NULL)
			s->alarm(s->context, text);
		if (i >= count || i >= ALARMS)
			return;
	}
}

static void
free_store(struct store *s)
{
	uv_cond_destroy(&s->work);
	uv_mutex_destroy(&s->turn);
	uv_mutex_destroy(&s->lock);
	mem_free(s);
}

static void
on_wake_closed(uv_handle_t *handle)
{
	struct store *s = handle->data;
	void (*closed)(void *) = s->closed;
	void *context = s->closed_context;

	free_store(s);
	if (closed != NULL)
		closed(context);
}

// Calls are coalesced: one wake-up stands for all results.
static void
on_wake(uv_async_t *wake)
{
	struct store *s = wake->data;

	raise_alarms(s);
	for (;;) {
		uv_mutex_lock(&s->lock);
		struct store_unit *u = s->finished.first;
		if (u != NULL && (s->finished.first = u->next) == NULL)
			units_clear(&s->finished);
		struct store_read *r = u == NULL ? s->reads_done : NULL;
		if (r != NULL) {
			s->reads_done = r->next;
			s->read_count--;
		}
		bool ended = u == NULL && r == NULL && s->ended;
		uv_mutex_unlock(&s->lock);
		if (u != NULL)
			give_result(s, u);
		else if (r != NULL)
			r->done(r);
		else if (ended && !uv_is_closing((uv_handle_t *)wake)) {
			raise_alarms(s);
			uv_thread_join(&s->thread);
			uv_close((uv_handle_t *)wake, on_wake_closed);
		}
		if (u == NULL && r == NULL)
			return;
	}
}

static bool
apply_now(struct store *s, struct store_unit *u)
{
	struct units one;
	bool more;

	units_clear(&one);
	units_put(&one, u);
	s->units_open++;
	commit(s, &one, NULL, &more);
	give_result(s, u);
	return true;
}

bool
store_apply(struct store *s, struct store_unit *u, bool lazy, store_applied *applied, void *context)
{
	bool room, wake;

	u->applied = applied;
	u->context = context;
	if (u->failed) {
		store_unit_free(u);
		return false;
	}
	if (s->direct)
		return apply_now(s, u);
	uv_mutex_lock(&s->lock);
	room = !s->closing && s->units_open < s->limit;
	wake = room && (!lazy || !s->lazy);	// the thread has its time for what may wait
	if (room) {
		s->units_open++;
		units_put(&s->waiting, u);
		s->queued++;
		s->blocking += !lazy;
		if (lazy && !s->lazy)
			s->lazy_since = uv_hrtime();
		s->lazy = s->lazy || lazy;
		wake = wake || s->queued * 2 >= s->limit;
	}
	uv_mutex_unlock(&s->lock);
	if (wake)
		uv_cond_signal(&s->work);
	if (!room)
		store_unit_free(u);
	return room;
}

bool
store_read(struct store *s, struct store_read *r)
{
	r->next = NULL;
	if (s->direct) {
		r->work(&s->db, r);
		r->done(r);
		return true;
	}
	uv_mutex_lock(&s->lock);
	bool room = !s->closing && s->read_count < READS;
	if (room) {
		struct store_read **end = &s->reads;
		while (*end != NULL)
			end = &(*end)->next;
		*end = r;
		s->read_count++;
		uv_cond_signal(&s->work);
	}
	uv_mutex_unlock(&s->lock);
	return room;
}

bool
store_with(struct store *s, bool (*work)(struct store_db *db, void *context), void *context, struct fault *f)
{
	if (!s->direct)
		uv_mutex_lock(&s->turn);
	s->db.rc = SQLITE_OK;
	bool well = s->db.sqlite != NULL && !s->db.failed && work(&s->db, context);
	if (!well)
		fault_set(f, FAIL_NONE, "store", "cannot read the store: %s", s->db.failed ? "it has failed" : db_reason(&s->db));
	if (!s->direct)
		uv_mutex_unlock(&s->turn);
	return well;
}

void
store_audit_keep(struct store *s, int64_t octets)
{
	s->audit_keep = octets;
}

void
store_purge(struct store *s, const struct store_time *now)
{
	struct units none;
	bool more = true;

	if (s->direct) {
		units_clear(&none);
		while (more && !s->db.failed)
			commit(s, &none, now, &more);
		return;
	}
	uv_mutex_lock(&s->lock);
	s->purge = true;
	s->purge_now = *now;
	if (!s->lazy)
		s->lazy_since = uv_hrtime();
	s->lazy = true;
	uv_cond_signal(&s->work);
	uv_mutex_unlock(&s->lock);
}

void
store_figures(const struct store *s, struct store_figures *out)
{
	*out = (struct store_figures){ .waiting = s->units_open, .octets = s->octets, .audit = s->audit, .failed = s->failed,
		.commits = s->commits, .units = s->units, .created = s->db.created };
	snprintf(out->version, sizeof(out->version), "%s", store_about());
}

const char *
store_about(void)
{
	static char text[32];

	snprintf(text, sizeof(text), "SQLite %s", sqlite3_libversion());
	return text;
}

// ---- opening and closing

static struct store *
make(const struct store_setup *setup)
{
	struct store *s = mem_alloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	s->limit = setup->queue > 0 ? setup->queue : STORE_QUEUE;
	s->alarm = setup->alarm;
	s->context = setup->context;
	s->db.alarm = keep_alarm;
	s->direct = true;	// until there is a thread
	units_clear(&s->waiting);
	units_clear(&s->finished);
	return s;
}

static struct store *
open_direct(const struct store_setup *setup, const struct schema *schema, enum store_opened *why, struct fault *f)
{
	struct store *s = make(setup);

	*why = STORE_LOCAL_FAULT;
	if (s == NULL) {
		fault_set(f, FAIL_NONE, setup->folder, "out of memory");
		return NULL;
	}
	if (!db_open(&s->db, setup, schema, why, f)) {
		mem_free(s);
		return NULL;
	}
	s->audit_keep = setup->audit_keep;
	note_figures(s);
	return s;
}

// A store that got no thread is closed and freed here; its handle, where there is one, when the loop runs.
static bool
give_up_thread(struct store *s, int made)
{
	db_close(&s->db);
	if (made == 4) {
		uv_close((uv_handle_t *)&s->wake, on_wake_closed);
		return false;
	}
	if (made > 2)
		uv_cond_destroy(&s->work);
	if (made > 1)
		uv_mutex_destroy(&s->turn);
	if (made > 0)
		uv_mutex_destroy(&s->lock);
	mem_free(s);
	return false;
}

static bool
start_thread(struct store *s, uv_loop_t *loop)
{
	const uv_thread_options_t options = { .flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = STACK };

	if (uv_mutex_init(&s->lock) != 0)
		return give_up_thread(s, 0);
	if (uv_mutex_init(&s->turn) != 0)
		return give_up_thread(s, 1);
	if (uv_cond_init(&s->work) != 0)
		return give_up_thread(s, 2);
	if (uv_async_init(loop, &s->wake, on_wake) != 0)
		return give_up_thread(s, 3);
	s->wake.data = s;
	s->direct = false;
	return uv_thread_create_ex(&s->thread, &options, thread_main, s) == 0 || give_up_thread(s, 4);
}

struct store *
store_open_with(uv_loop_t *loop, const struct store_setup *setup, const struct schema *schema, enum store_opened *why, struct fault *f)
{
	struct store *s = open_direct(setup, schema, why, f);

	if (s == NULL || loop == NULL || start_thread(s, loop))
		return s;
	*why = STORE_LOCAL_FAULT;
	fault_set(f, FAIL_NONE, setup->folder, "cannot start the store thread");
	return NULL;
}

struct store *
store_open(uv_loop_t *loop, const struct store_setup *setup, enum store_opened *why, struct fault *f)
{
	return store_open_with(loop, setup, &store_schema, why, f);
}

struct store *
store_open_direct(const struct store_setup *setup, enum store_opened *why, struct fault *f)
{
	return store_open_with(NULL, setup, &store_schema, why, f);
}

void
store_close(struct store *s, void (*closed)(void *context), void *context)
{
	if (s == NULL || s->direct) {
		if (s != NULL) {
			db_close(&s->db);
			mem_free(s);
		}
		if (closed != NULL)
			closed(context);
		return;
	}
	s->closed = closed;
	s->closed_context = context;
	uv_mutex_lock(&s->lock);
	s->closing = true;
	uv_cond_signal(&s->work);
	uv_mutex_unlock(&s->lock);
}
