// SPDX-License-Identifier: GPL-3.0-or-later
// file: a drop folder. A message in in/ is handed over; its answer goes to
// out/, and only when it is durable the message moves to done/. Disk work runs
// in libuv's pool, one job per file; the loop only keeps the items.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/handle.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"
#include "transports/driver.h"
#include "transports/file_box.h"

enum {
	IN_FLIGHT_MAX = 64,
	SCAN_MAX = 4096,		// names of one pass over the folder
	STRANGE_MAX = 32,		// entries that are left alone, named in the log each minute
	ITEMS_MAX = 2 * SCAN_MAX,	// kept in mind; those beyond it wait for their pass
	TICK_MS = 500, BACK_OFF_MS = 5000, BACK_OFF_MAX_MS = 300000, SWEEP_MS = 3600000,
	QUIET_MS = 2000,		// a file nobody has touched for so long is as its writer wants it (FAT keeps time by 2 s)
	LOCK_PATIENCE_MS = 15000,	// the listener before this one may take so long to end
	LABEL_MARK = 16			// octets of a return label before the name: content and size
};

struct options { int64_t keep, settle, rescan; };

enum item_state { ITEM_WAITS, ITEM_JOB, ITEM_ASKED, ITEM_STRANGE };

struct item {
	struct map_node by_name;
	struct list order;
	struct listener *listener;
	char name[FILE_NAME_MAX + 1];
	uint64_t handle;
	enum item_state state;
	bool seen;			// by the scan under way
	struct file_mark mark;		// when it was read last
	int64_t since_ms;		// since when it has not changed
	int64_t retry_ms, back_off_ms;
};

struct listener {
	const struct driver_core *core;
	const struct transport_limits *limits;
	const struct options *options;
	const char *name;
	void *owner;
	char path[512];
	struct file_box box;
	struct map by_name;
	struct list items;
	struct handle_table handles;
	uv_fs_event_t events;
	uv_timer_t timer;
	size_t count, in_flight, jobs, open_handles;
	int64_t scan_ms, sweep_ms;	// when the next is due
	char pass[FILE_NAME_MAX + 1];	// the last name of the pass before; empty: begin at the front
	size_t strange, named;		// entries that are no files: all, and those named in this minute
	int64_t named_ms;		// when it began
	int64_t opened_ms;
	bool locked, told_of_lock;	// the folder is ours alone
	bool scanning, changed, draining, closing;
	void (*closed)(void *context);
	void *closed_context;
};

// ---- jobs: flat, run off the loop

enum job_kind { JOB_SCAN, JOB_READ, JOB_ANSWER, JOB_BAD, JOB_STATUS, JOB_SWEEP };

struct job {
	uv_work_t work;
	struct listener *listener;
	enum job_kind kind;
	struct file_box box;
	uint64_t item;
	char name[FILE_NAME_MAX + 1], body[32], text[512];
	struct blob *octets;
	size_t limit;
	int64_t keep_s;
	struct file_mark mark;
	enum file_read read;
	bool well, left;
	struct fault fault;
	char (*names)[FILE_NAME_MAX + 1];	// SCAN: what stands in in/ behind `name`, in order; then entries that are left alone
	size_t count, strange;
	const char *why[STRANGE_MAX];		// the latter are left alone
	bool more;				// there are more names behind them
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

// Names that are taken are short enough.
static void
copy_name(char out[FILE_NAME_MAX + 1], const char *name)
{
	memcpy(out, name, strlen(name) + 1);
}

// The names are a heap, the greatest on top, as soon as they are as many as one pass takes.
static void
sift_down(struct job *j, size_t at)
{
	char held[FILE_NAME_MAX + 1];

	for (size_t child; (child = 2 * at + 1) < j->count; at = child) {
		if (child + 1 < j->count && strcmp(j->names[child + 1], j->names[child]) > 0)
			child++;
		if (strcmp(j->names[at], j->names[child]) >= 0)
			return;
		memcpy(held, j->names[at], sizeof(held));
		memcpy(j->names[at], j->names[child], sizeof(held));
		memcpy(j->names[child], held, sizeof(held));
	}
}

// Keep the first names in order behind the last pass.
static void
keep_name(struct job *j, const char *name)
{
	if (strcmp(name, j->name) <= 0)
		return;
	if (j->count < SCAN_MAX) {
		copy_name(j->names[j->count++], name);
		for (size_t i = j->count == SCAN_MAX ? SCAN_MAX / 2 : 0; i-- > 0;)
			sift_down(j, i);
		return;
	}
	j->more = true;
	if (strcmp(name, j->names[0]) >= 0)
		return;
	copy_name(j->names[0], name);
	sift_down(j, 0);
}

// Why an entry of in/ is left alone; NULL: it is taken.
static const char *
odd_entry(const struct job *j, const struct dirent *e)
{
	struct stat st;

	switch (e->d_type) {
	case DT_DIR: return "it is a folder";
	case DT_LNK: return "it is a link";
	case DT_REG: return file_name_odd(e->d_name);
	case DT_UNKNOWN:
		if (fstatat(j->box.in, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			return file_name_odd(e->d_name);
		break;
	default: break;
	}
	return "it is no ordinary file";
}

// Names with a leading dot are those of files that are being written.
static void
keep_entry(struct job *j, const struct dirent *e)
{
	const char *why = e->d_name[0] != '.' ? odd_entry(j, e) : NULL;

	if (e->d_name[0] == '.')
		return;
	if (why == NULL) {
		keep_name(j, e->d_name);
	} else if (j->strange++ < STRANGE_MAX) {
		snprintf(j->names[SCAN_MAX + j->strange - 1], sizeof(*j->names), "%.*s", FILE_NAME_MAX, e->d_name);
		j->why[j->strange - 1] = why;
	}
}

static void
scan_folder(struct job *j)
{
	int fd = openat(j->box.in, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;

	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	j->names = mem_array(SCAN_MAX + STRANGE_MAX, sizeof(*j->names));
	while (j->names != NULL && (e = readdir(d)) != NULL)
		keep_entry(j, e);
	closedir(d);
	if (j->names == NULL)
		return;
	qsort(j->names, j->count, sizeof(*j->names), by_name);
	j->well = true;
}

static void
on_work(uv_work_t *work)
{
	struct job *j = work->data;

	switch (j->kind) {
	case JOB_SCAN: scan_folder(j); break;
	case JOB_READ: j->read = file_box_read(&j->box, j->name, j->limit, &j->octets, &j->mark, &j->fault); break;
	case JOB_ANSWER:
		j->well = file_box_answer(&j->box, j->name, &j->mark, j->body, blob_span(j->octets), &j->left, &j->fault);
		break;
	case JOB_BAD: j->well = file_box_bad(&j->box, j->name, &j->mark, j->text, &j->left, &j->fault); break;
	case JOB_STATUS: j->well = file_box_status(&j->box, j->name, j->text, &j->fault); break;
	case JOB_SWEEP:
		file_box_sweep(&j->box, j->keep_s);
		j->well = true;
		break;
	}
}

static void on_done(uv_work_t *work, int status);

// Start a job; item may be NULL. octets: a reference is taken.
static struct job *
job_new(struct listener *l, enum job_kind kind, struct item *item)
{
	struct job *j = mem_alloc(sizeof(*j));

	if (j == NULL)
		return NULL;
	j->work.data = j;
	j->listener = l;
	j->kind = kind;
	j->box = l->box;
	j->limit = (size_t)l->limits->max_message;
	j->keep_s = l->options->keep / 1000;
	if (item != NULL) {
		j->item = item->handle;
		j->mark = item->mark;
		snprintf(j->name, sizeof(j->name), "%s", item->name);
	}
	return j;
}

static bool
job_start(struct job *j)
{
	if (j == NULL || uv_queue_work(j->listener->core->loop, &j->work, on_work, on_done) != 0) {
		mem_free(j);
		return false;
	}
	j->listener->jobs++;
	return true;
}

// ---- items

static void
item_free(struct listener *l, struct item *i)
{
	if (i->state == ITEM_JOB || i->state == ITEM_ASKED)
		l->in_flight--;
	map_remove(&l->by_name, &i->by_name);
	list_remove(&i->order);
	l->count--;
	handle_close(&l->handles, i->handle);
	mem_free(i);
}

static void
item_set(struct item *i, enum item_state state)
{
	bool was = i->state == ITEM_JOB || i->state == ITEM_ASKED;
	bool is = state == ITEM_JOB || state == ITEM_ASKED;

	if (was && !is)
		i->listener->in_flight--;
	if (!was && is)
		i->listener->in_flight++;
	i->state = state;
}

static struct item *
item_of(struct listener *l, const char *name)
{
	struct map_node *n = map_find(&l->by_name, span_text(name));

	if (n != NULL)
		return container_of(n, struct item, by_name);
	struct item *i = mem_alloc(sizeof(*i));
	if (i == NULL)
		return NULL;
	i->listener = l;
	snprintf(i->name, sizeof(i->name), "%s", name);
	i->by_name.key = span_text(i->name);
	i->handle = handle_open(&l->handles, i);
	if (i->handle == 0 || !map_insert(&l->by_name, &i->by_name)) {
		handle_close(&l->handles, i->handle);
		mem_free(i);
		return NULL;
	}
	list_append(&l->items, &i->order);
	l->count++;
	return i;
}

static void
retry_later(struct item *i, int64_t least_ms)
{
	i->back_off_ms = i->back_off_ms == 0 ? BACK_OFF_MS : i->back_off_ms * 2 > BACK_OFF_MAX_MS ? BACK_OFF_MAX_MS : i->back_off_ms * 2;
	int64_t wait = least_ms > i->back_off_ms ? least_ms : i->back_off_ms;
	i->retry_ms = clock_mono_ms() + wait;
	item_set(i, ITEM_WAITS);
}

static void
start_reading(struct listener *l, struct item *i)
{
	if (job_start(job_new(l, JOB_READ, i)))
		item_set(i, ITEM_JOB);
}

static void
start_bad(struct listener *l, struct item *i, const char *reason)
{
	struct job *j = job_new(l, JOB_BAD, i);

	if (j != NULL)
		snprintf(j->text, sizeof(j->text), "%s", reason);
	if (job_start(j))
		item_set(i, ITEM_JOB);
	else
		retry_later(i, 0);
}

static struct job *
answer_job(struct listener *l, struct item *i, struct blob *message, const char *body)
{
	struct job *j = job_new(l, JOB_ANSWER, i);

	if (j != NULL) {
		j->octets = blob_ref(message);
		snprintf(j->body, sizeof(j->body), "%s", body != NULL ? body : "answer");
	}
	return j;
}

static void
start_answer(struct listener *l, struct item *i, struct blob *message, const char *body)
{
	if (job_start(answer_job(l, i, message, body)))
		item_set(i, ITEM_JOB);
	else
		retry_later(i, 0);
}

static void
start_work(struct listener *l)
{
	int64_t now = clock_mono_ms();

	for (struct list *n = l->items.next, *next; n != &l->items && l->in_flight < IN_FLIGHT_MAX && !l->draining; n = next) {
		struct item *i = container_of(n, struct item, order);
		next = n->next;
		if (i->state == ITEM_WAITS && i->retry_ms <= now)
			start_reading(l, i);
	}
}

// ---- results

// What stays in in/ is told once, while it stands there, and not too much at a time.
static void
tell_left_alone(const struct listener *l, const char *name, const char *why)
{
	struct log_field fields[] = { { "listener", l->name }, { "file", name }, { NULL, NULL } };

	log_event(LOG_INFO_, "file", fields, "left alone in in/: %s", why);
}

static void
name_strange(struct listener *l, const char *name, const char *why)
{
	bool known = map_find(&l->by_name, span_text(name)) != NULL;
	struct item *i = known || l->named < STRANGE_MAX ? item_of(l, name) : NULL;

	if (i == NULL)
		return;
	i->seen = true;
	if (i->state == ITEM_WAITS)
		item_set(i, ITEM_STRANGE);
	if (known)
		return;
	l->named++;
	tell_left_alone(l, i->name, why);
}

static void
tell_strange(struct listener *l, const struct job *j)
{
	int64_t now = clock_mono_ms();

	if (now - l->named_ms >= 60000) {
		l->named_ms = now;
		l->named = 0;
	}
	for (size_t n = 0; n < j->strange && n < STRANGE_MAX; n++)
		name_strange(l, j->names[SCAN_MAX + n], j->why[n]);
	if (j->strange > STRANGE_MAX && l->strange <= STRANGE_MAX)
		log_event(LOG_WARN_, "file", NULL, "%zu entries of %s/in are left alone; not all are named", j->strange, l->path);
	l->strange = j->strange;
}

// Tell whether a pass has looked at this name.
static bool
was_passed(const struct job *j, const char *name)
{
	return strcmp(name, j->name) > 0 && (!j->more || strcmp(name, j->names[j->count - 1]) <= 0);
}

// Forget what stands in in/ no more; and when it is too much to keep in mind, what another pass will find again.
static void
forget_items(struct listener *l, const struct job *j)
{
	for (struct list *n = l->items.next, *next; n != &l->items; n = next) {
		struct item *i = container_of(n, struct item, order);
		next = n->next;
		bool idle = i->state == ITEM_WAITS || i->state == ITEM_STRANGE;
		bool gone = i->state == ITEM_STRANGE || was_passed(j, i->name);
		if (!i->seen && idle && (gone || l->count > ITEMS_MAX))
			item_free(l, i);
		else
			i->seen = false;
	}
}

static void
scanned(struct listener *l, struct job *j)
{
	l->scanning = false;
	if (!j->well)
		return;
	for (size_t n = 0; n < j->count; n++) {
		struct item *i = item_of(l, j->names[n]);
		if (i == NULL)
			continue;
		i->seen = true;
		if (i->state == ITEM_STRANGE)
			item_set(i, ITEM_WAITS);
	}
	tell_strange(l, j);
	forget_items(l, j);
	snprintf(l->pass, sizeof(l->pass), "%s", j->more ? j->names[j->count - 1] : "");
	l->changed = l->changed || j->more;
	start_work(l);
}

// Tell whether a file has not changed for so long; else it is looked at again in a second.
static bool
is_quiet(struct item *i, const struct job *j, int64_t ms)
{
	int64_t now = clock_mono_ms();

	if (i->since_ms == 0 || !file_mark_unchanged(&i->mark, &j->mark))
		i->since_ms = now;
	i->mark = j->mark;
	if (now - i->since_ms >= ms)
		return true;
	i->retry_ms = now + 1000;
	item_set(i, ITEM_WAITS);
	return false;
}

// How long a file that could be handed over or reported is given to go on changing.
static int64_t
quiet_ms(const struct listener *l)
{
	return l->options->settle < QUIET_MS ? l->options->settle : QUIET_MS;
}

// What a return label is: the mark of the content, and the name.
static size_t
write_label(const struct item *i, uint8_t out[LABEL_MARK + FILE_NAME_MAX])
{
	size_t len = strlen(i->name);

	memcpy(out, &i->mark.content, 8);
	memcpy(out + 8, &i->mark.size, 8);
	memcpy(out + LABEL_MARK, i->name, len);
	return LABEL_MARK + len;
}

static bool
read_label(struct span label, char name[FILE_NAME_MAX + 1], struct file_mark *mark)
{
	if (label.len <= LABEL_MARK || label.len > LABEL_MARK + FILE_NAME_MAX)
		return false;
	*mark = (struct file_mark){ .read = true };
	memcpy(&mark->content, label.data, 8);
	memcpy(&mark->size, label.data + 8, 8);
	memcpy(name, label.data + LABEL_MARK, label.len - LABEL_MARK);
	name[label.len - LABEL_MARK] = '\0';
	return true;
}

static void
hand_over(struct listener *l, struct item *i, struct blob *octets, enum content_kind kind)
{
	static const struct label no_label;
	struct peer peer = { .loopback = false };
	uint8_t label[LABEL_MARK + FILE_NAME_MAX];

	snprintf(peer.text, sizeof(peer.text), "%.79s", i->name);
	item_set(i, ITEM_ASKED);
	l->core->deliver(l->core->context, l->owner, i->handle, &peer, &no_label, kind, octets, span_of(label, write_label(i, label)));
}

static void
was_read(struct listener *l, struct item *i, struct job *j)
{
	switch (j->read) {
	case FILE_WHOLE:
	case FILE_PKCS10:
		// A message that is whole beyond doubt goes at once.
		if (!is_quiet(i, j, j->mark.sure ? 0 : quiet_ms(l)))
			break;
		if (l->draining)
			item_set(i, ITEM_WAITS);
		else
			hand_over(l, i, j->octets, j->read == FILE_PKCS10 ? CONTENT_PKCS10 : CONTENT_PKIMESSAGE);
		break;
	case FILE_PARTIAL:
		if (is_quiet(i, j, l->options->settle))
			start_bad(l, i, j->fault.set ? j->fault.text : "not a whole PKIMessage, and it has not grown any more");
		break;
	case FILE_BAD:
		if (is_quiet(i, j, quiet_ms(l)))
			start_bad(l, i, j->fault.text);
		break;
	case FILE_STRANGE:
		tell_left_alone(l, i->name, "it is no ordinary file");
		item_set(i, ITEM_STRANGE);
		break;
	case FILE_GONE: item_free(l, i); break;
	}
}

// i: NULL when another message has its name by now.
static void
log_bad(const struct listener *l, const struct job *j)
{
	struct log_field fields[] = { { "listener", l->name }, { "file", j->name }, { "why", j->text }, { NULL, NULL } };

	log_event(LOG_INFO_, "file", fields, "moved to bad/");
}

static void
was_written(struct listener *l, struct item *i, struct job *j)
{
	char text[400];

	if (!j->well)
		log_event(LOG_ERROR_, "file", NULL, "%s: %s", j->name, fault_text(&j->fault, text, sizeof(text)));
	else if (j->kind == JOB_BAD)
		log_bad(l, j);
	if (j->kind == JOB_STATUS || j->kind == JOB_SWEEP)
		return;
	l->changed = l->changed || j->left;
	if (j->well && i != NULL)
		item_free(l, i);	// it left in/; a file of this name that comes again is a new one
	else if (i != NULL)
		retry_later(i, 0);
}

static void check_closed(struct listener *l);

static void
on_done(uv_work_t *work, int status)
{
	struct job *j = work->data;
	struct listener *l = j->listener;
	struct item *i = handle_find(&l->handles, j->item);

	(void)status;
	l->jobs--;
	if (!l->closing) {
		if (j->kind == JOB_SCAN)
			scanned(l, j);
		else if (i != NULL && j->kind == JOB_READ)
			was_read(l, i, j);
		else if (j->kind != JOB_READ)
			was_written(l, i, j);
		start_work(l);
	}
	blob_unref(j->octets);
	mem_free(j->names);
	mem_free(j);
	check_closed(l);
}

// ---- replies

static bool
lasting(enum refusal r)
{
	return r == REFUSE_MALFORMED || r == REFUSE_TOO_LARGE || r == REFUSE_NOT_FOUND;
}

static void
write_status(struct listener *l, struct item *i, const char *text)
{
	struct job *j = job_new(l, JOB_STATUS, i);

	if (j != NULL)
		snprintf(j->text, sizeof(j->text), "%s: %s; it is sent again in %lld s\n", i->name, text,
			(long long)((i->retry_ms - clock_mono_ms() + 999) / 1000));
	job_start(j);
}

static void
listener_respond(struct listener *l, uint64_t token, const struct reply *reply)
{
	struct item *i = handle_find(&l->handles, token);

	if (i == NULL || i->state != ITEM_ASKED || l->closing)
		return;
	if (reply->kind == REPLY_ANSWER) {
		start_answer(l, i, reply->message, reply->body);
	} else if (reply->kind == REPLY_REFUSE && lasting(reply->reason)) {
		start_bad(l, i, reply->text != NULL ? reply->text : "refused");
	} else {
		retry_later(i, (int64_t)reply->seconds * 1000);
		write_status(l, i, reply->text != NULL ? reply->text : "no answer yet");
	}
}

static bool
listener_post(struct listener *l, struct span return_label, struct blob *message, const char *body, struct fault *f)
{
	char name[FILE_NAME_MAX + 1];
	struct file_mark mark;

	if (!read_label(return_label, name, &mark))
		return fault_set(f, FAIL_NONE, "", "no such file");
	struct map_node *n = map_find(&l->by_name, span_text(name));
	struct item *i = n != NULL ? container_of(n, struct item, by_name) : NULL;
	if (i != NULL && i->state == ITEM_ASKED && file_mark_same(&i->mark, &mark)) {
		start_answer(l, i, message, body);
		return true;
	}
	// Another message may have the name by now, and its own answer to come.
	struct job *j = answer_job(l, NULL, message, body);
	if (j != NULL) {
		snprintf(j->name, sizeof(j->name), "%s", name);
		j->mark = mark;
	}
	return job_start(j) || fault_set(f, FAIL_NONE, name, "out of memory");
}

// ---- the listener

static void
scan(struct listener *l)
{
	if (l->scanning || l->draining || !l->locked)
		return;
	l->changed = false;
	l->scan_ms = clock_mono_ms() + l->options->rescan;
	struct job *j = job_new(l, JOB_SCAN, NULL);
	if (j != NULL)
		snprintf(j->name, sizeof(j->name), "%s", l->pass);
	l->scanning = job_start(j);
}

// Two that serve one folder would answer each message twice. After a reload the
// listener before this one still has it, until its last message is answered.
static bool
has_lock(struct listener *l)
{
	l->locked = l->locked || file_box_lock(&l->box);
	if (!l->locked && !l->told_of_lock && clock_mono_ms() - l->opened_ms >= LOCK_PATIENCE_MS) {
		l->told_of_lock = true;
		log_event(LOG_WARN_, "file", NULL, "another listener or gateway serves %s; this one waits until it ends", l->path);
	}
	return l->locked;
}

static void
on_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
	struct listener *l = handle->data;

	(void)name;
	(void)events;
	(void)status;
	l->changed = true;
	scan(l);
}

static void
on_timer(uv_timer_t *timer)
{
	struct listener *l = timer->data;
	int64_t now = clock_mono_ms();

	if (l->draining || !has_lock(l))
		return;
	if (l->changed || l->scan_ms <= now)
		scan(l);
	if (l->sweep_ms <= now) {
		l->sweep_ms = now + SWEEP_MS;
		job_start(job_new(l, JOB_SWEEP, NULL));
	}
	start_work(l);
}

static struct listener *
listener_open(const struct listener_setup *setup, struct fault *f)
{
	struct listener *l = mem_alloc(sizeof(*l));

	if (l == NULL || !map_init(&l->by_name)) {
		mem_free(l);
		fault_set(f, FAIL_NONE, "", "out of memory");
		return NULL;
	}
	if (!file_box_open(&l->box, setup->url->path, f)) {
		map_clear(&l->by_name);
		mem_free(l);
		return NULL;
	}
	l->core = setup->core;
	l->limits = setup->limits;
	l->options = setup->options;
	l->owner = setup->owner;
	l->name = setup->name;
	snprintf(l->path, sizeof(l->path), "%s", setup->url->path);
	list_init(&l->items);
	handle_table_init(&l->handles);
	uv_fs_event_init(l->core->loop, &l->events);
	uv_timer_init(l->core->loop, &l->timer);
	l->opened_ms = clock_mono_ms();
	l->events.data = l->timer.data = l;
	l->open_handles = 2;
	char in[600];
	snprintf(in, sizeof(in), "%s/in", l->path);
	// Without events (some network and FAT mounts) the rescan finds everything.
	uv_fs_event_start(&l->events, on_event, in, 0);
	uv_timer_start(&l->timer, on_timer, 0, TICK_MS);
	return l;
}

static bool
listener_url(const struct listener *l, size_t i, char *out, size_t size)
{
	if (i > 0)
		return false;
	snprintf(out, size, "file:%s", l->path);
	return true;
}

static void
listener_drain(struct listener *l)
{
	l->draining = true;
}

static void
check_closed(struct listener *l)
{
	if (!l->closing || l->jobs > 0 || l->open_handles > 0)
		return;
	void (*closed)(void *) = l->closed;
	void *context = l->closed_context;
	while (!list_is_empty(&l->items))
		item_free(l, container_of(l->items.next, struct item, order));
	file_box_close(&l->box);
	handle_table_clear(&l->handles);
	map_clear(&l->by_name);
	mem_free(l);
	closed(context);
}

static void
on_handle_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;

	l->open_handles--;
	check_closed(l);
}

static void
listener_close(struct listener *l, void (*closed)(void *context), void *context)
{
	l->draining = l->closing = true;
	l->closed = closed;
	l->closed_context = context;
	uv_close((uv_handle_t *)&l->events, on_handle_closed);
	uv_close((uv_handle_t *)&l->timer, on_handle_closed);
}

static const char *const schemes[] = { "file", NULL };

static const struct option_row listener_rows[] = {
	{ .key = "keep", .kind = OPTION_DURATION, .offset = offsetof(struct options, keep), .min = 0, .max = INT64_C(31536000000), .standard = "7d",
	  .help = "How long answered messages stay in done/." },
	{ .key = "settle", .kind = OPTION_DURATION, .offset = offsetof(struct options, settle), .min = 1000, .max = 86400000, .standard = "30s",
	  .help = "How long an incomplete file may stand unchanged before it is moved to bad/. A file that is a complete message goes at once, one that "
	  "is none or has holes after two seconds without a change." },
	{ .key = "rescan", .kind = OPTION_DURATION, .offset = offsetof(struct options, rescan), .min = 1000, .max = 3600000, .standard = "10s",
	  .help = "How often the folder is read even when no change was told." },
	{ .key = NULL }
};

const struct driver driver_file = {
	.name = "file", .schemes = schemes, .abilities = DRIVER_MAILBOX,
	.listener_rows = listener_rows, .listener_size = sizeof(struct options),
	.listener_open = listener_open, .listener_url = listener_url, .listener_drain = listener_drain,
	.listener_close = listener_close, .listener_respond = listener_respond, .listener_post = listener_post,
};
