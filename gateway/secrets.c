// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/secrets.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/memory.h"

enum { KEY_MAX = SECRET_TABLE_MAX + 1 + SECRET_REFERENCE_MAX + 8 };

struct known_secret {
	struct map_node by_key;
	uint8_t key[KEY_MAX];
	struct secret_row row;
	bool inherited;		// bound before this start, and its transaction has not been heard of since
};

struct secret_states { struct map by_key; int64_t began_ms; };

// table NUL reference tag: another value under the same reference is another secret.
static struct span
make_key(uint8_t key[KEY_MAX], const char *table, struct span reference, const uint8_t tag[8])
{
	size_t n = strlen(table);

	memcpy(key, table, n);
	key[n++] = 0;
	memcpy(key + n, reference.data, reference.len);
	n += reference.len;
	memcpy(key + n, tag, 8);
	return span_of(key, n + 8);
}

static struct known_secret *
find(const struct secret_states *s, const struct secret_entry *e)
{
	uint8_t key[KEY_MAX];
	struct map_node *n = map_find(&s->by_key, make_key(key, e->table, e->reference, e->value_tag));

	return n != NULL ? container_of(n, struct known_secret, by_key) : NULL;
}

static struct known_secret *
insert(struct secret_states *s, const struct secret_row *row)
{
	struct known_secret *k = mem_alloc(sizeof(*k));

	if (k == NULL)
		return NULL;
	k->row = *row;
	k->by_key.key = make_key(k->key, row->table, span_of(row->reference, row->reference_len), row->value_tag);
	if (map_insert(&s->by_key, &k->by_key))
		return k;
	mem_free(k);
	return NULL;
}

static struct known_secret *
find_or_insert(struct secret_states *s, const struct secret_entry *e)
{
	struct known_secret *k = find(s, e);
	struct secret_row row = { .state = SECRET_FREE };

	if (k != NULL)
		return k;
	snprintf(row.table, sizeof(row.table), "%s", e->table);
	row.reference_len = e->reference.len;
	memcpy(row.reference, e->reference.data, e->reference.len);
	memcpy(row.value_tag, e->value_tag, sizeof(row.value_tag));
	return insert(s, &row);
}

static void
on_row(void *context, const struct secret_row *row)
{
	struct known_secret *k = insert(context, row);

	if (k != NULL)
		k->inherited = row->state == SECRET_BOUND;
}

struct secret_states *
secret_states_new(struct store *store, struct fault *f)
{
	struct secret_states *s = mem_alloc(sizeof(*s));

	if (s == NULL || !map_init(&s->by_key)) {
		mem_free(s);
		fault_set(f, FAIL_NONE, "", "out of memory");
		return NULL;
	}
	s->began_ms = clock_mono_ms();
	if (store == NULL || secrets_load(store, on_row, s, f))
		return s;
	secret_states_free(s);
	return NULL;
}

void
secret_states_free(struct secret_states *s)
{
	struct map_node *n, *next;

	if (s == NULL)
		return;
	for (n = map_next(&s->by_key, NULL); n != NULL; n = next) {
		next = map_next(&s->by_key, n);
		mem_free(container_of(n, struct known_secret, by_key));
	}
	map_clear(&s->by_key);
	mem_free(s);
}

static bool
holds(const struct secret_row *r, struct span transaction_id)
{
	return span_equal(span_of(r->transaction_id, r->transaction_id_len), transaction_id);
}

// The transaction that held it ended with an earlier process. Had it lived, its time would be over by now.
static bool
is_left_behind(const struct secret_states *s, const struct known_secret *k, int64_t timeout_ms)
{
	return k->row.state == SECRET_BOUND && k->inherited && clock_mono_ms() - s->began_ms >= timeout_ms;
}

enum secret_use
secret_look(struct secret_states *s, const struct secret_entry *e, const struct secret_claim *c, int64_t timeout_ms, int64_t now)
{
	struct known_secret *k = find(s, e);

	// A transaction that began in time may end; it does not begin twice.
	bool ours = k != NULL && (k->row.state == SECRET_BOUND || (k->row.state == SECRET_SPENT && !c->first)) && holds(&k->row, c->transaction_id);
	if (e->expires != 0 && now != 0 && now > e->expires && !ours)
		return SECRET_DEAD;
	if (ours && !c->first)
		k->inherited = false;	// it goes on, and its row ends it
	if (k == NULL || k->row.state == SECRET_FREE || ours || is_left_behind(s, k, timeout_ms))
		return SECRET_USABLE;
	return k->row.state == SECRET_BOUND ? SECRET_TAKEN : SECRET_DEAD;
}

static bool
write_row(struct known_secret *k, struct store_unit *u, int64_t now)
{
	k->row.changed_wall_s = now;
	k->row.version = SECRET_ANY_VERSION;	// nobody else writes these rows
	return u == NULL || secret_put(u, &k->row);
}

bool
secret_bind(struct secret_states *s, struct store_unit *u, const struct secret_entry *e, struct span transaction_id, int64_t now,
	struct secret_before *before)
{
	if (!e->single)
		return true;
	struct known_secret *k = find_or_insert(s, e);
	if (k == NULL || transaction_id.len > sizeof(k->row.transaction_id))
		return false;
	*before = (struct secret_before){ .set = true, .state = k->row.state, .inherited = k->inherited, .transaction_id_len = k->row.transaction_id_len };
	memcpy(before->transaction_id, k->row.transaction_id, k->row.transaction_id_len);
	k->row.state = SECRET_BOUND;
	k->inherited = false;
	k->row.failures = 0;
	k->row.transaction_id_len = transaction_id.len;
	memcpy(k->row.transaction_id, transaction_id.data, transaction_id.len);
	return write_row(k, u, now);
}

void
secret_unbind(struct secret_states *s, const struct secret_entry *e, struct span transaction_id, const struct secret_before *before)
{
	struct known_secret *k = e->single ? find(s, e) : NULL;

	if (k == NULL || !before->set || k->row.state != SECRET_BOUND || !holds(&k->row, transaction_id))
		return;
	k->row.state = before->state;
	k->inherited = before->inherited;
	k->row.transaction_id_len = before->transaction_id_len;
	memcpy(k->row.transaction_id, before->transaction_id, before->transaction_id_len);
}

bool
secret_spend(struct secret_states *s, struct store_unit *u, const struct secret_entry *e, struct span transaction_id, int64_t now)
{
	struct known_secret *k = e->single ? find(s, e) : NULL;

	if (k == NULL || k->row.state == SECRET_SPENT || (k->row.state == SECRET_BOUND && !holds(&k->row, transaction_id)))
		return true;
	k->row.state = SECRET_SPENT;
	return write_row(k, u, now);
}

bool
secret_release(struct secret_states *s, struct store_unit *u, const struct secret_entry *e, struct span transaction_id, int64_t now)
{
	struct known_secret *k = find(s, e);

	if (k == NULL || k->row.state != SECRET_BOUND || !holds(&k->row, transaction_id))
		return true;
	k->row.state = SECRET_FREE;
	k->row.transaction_id_len = 0;
	return write_row(k, u, now);
}

bool
secret_failed(struct secret_states *s, struct store_unit *u, const struct secret_entry *e, int64_t most, int64_t window, int64_t now)
{
	struct known_secret *k = find_or_insert(s, e);

	if (k == NULL)
		return false;
	if (now - k->row.window_wall_s > window || now < k->row.window_wall_s) {
		k->row.window_wall_s = now;
		k->row.failures = 0;
	}
	k->row.failures++;
	// One that a transaction holds is not taken from it by strangers.
	if (k->row.failures >= most && k->row.state == SECRET_FREE)
		k->row.state = SECRET_LOCKED;
	return write_row(k, u, now);
}

bool
secret_set(struct secret_states *s, struct store_unit *u, const struct secret_entry *e, enum secret_state state, int64_t now)
{
	struct known_secret *k = find_or_insert(s, e);

	if (k == NULL)
		return false;
	k->row.state = state;
	k->row.failures = 0;
	if (state == SECRET_FREE)
		k->row.transaction_id_len = 0;
	return write_row(k, u, now);
}

void
secret_row_of(const struct secret_states *s, const struct secret_entry *e, struct secret_row *out)
{
	const struct known_secret *k = find(s, e);

	memset(out, 0, sizeof(*out));
	if (k != NULL) {
		*out = k->row;
		return;
	}
	snprintf(out->table, sizeof(out->table), "%s", e->table);
	out->reference_len = e->reference.len;
	memcpy(out->reference, e->reference.data, e->reference.len);
	memcpy(out->value_tag, e->value_tag, sizeof(out->value_tag));
}

void
secret_put_back(struct secret_states *s, const struct secret_row *row)
{
	uint8_t key[KEY_MAX];
	struct map_node *n = map_find(&s->by_key, make_key(key, row->table, span_of(row->reference, row->reference_len), row->value_tag));

	if (n != NULL)
		container_of(n, struct known_secret, by_key)->row = *row;
}
