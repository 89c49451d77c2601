// SPDX-License-Identifier: GPL-3.0-or-later
// An item is made whole, then entered, and never changed: who asks holds a
// reference, and looks at it without a lock. A failure is an item too, under
// the key of its URL (nothing came) or of what was wanted (it was of no use).
#include "pki/fetched.h"

#include <stdio.h>
#include <uv.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/map.h"
#include "base/memory.h"
#include "crypto/digest.h"
#include "pki/private.h"
#include "pki/responder.h"

struct fetched_item {
	_Atomic unsigned references;
	struct map_node node;
	struct list order;		// the least recently used first
	uint8_t key[WANT_KEY];
	size_t cost;			// octets
	int64_t got_ms;
	enum want_kind kind;
	bool failed;
	char why[FETCHED_WHY];		// failed
	struct responder_answer answer;
	struct trust_crl crl;
	size_t len;
	uint8_t octets[];
};

struct fetched {
	uv_mutex_t lock;		// over all of this
	struct map map;
	struct list order;
	size_t count, octets, octets_max;
	uint64_t generation;
};

// ---- items

static struct fetched_item *
item_new(enum want_kind kind, const uint8_t key[WANT_KEY], struct span octets)
{
	struct fetched_item *item = mem_alloc(sizeof(*item) + octets.len);

	if (item == NULL)
		return NULL;
	item->references = 1;
	item->kind = kind;
	memcpy(item->key, key, WANT_KEY);
	item->got_ms = clock_mono_ms();
	item->cost = sizeof(*item) + octets.len;
	item->len = octets.len;
	if (octets.len > 0)
		memcpy(item->octets, octets.data, octets.len);
	return item;
}

void
fetched_let_go(struct fetched_item *item)
{
	if (item == NULL || atomic_fetch_sub(&item->references, 1) > 1)
		return;
	crl_close(&item->crl);
	mem_free(item);
}

const struct responder_answer *
fetched_answer(const struct fetched_item *item)
{
	return &item->answer;
}

const struct trust_crl *
fetched_crl(const struct fetched_item *item)
{
	return &item->crl;
}

int64_t
fetched_age_ms(const struct fetched_item *item)
{
	return clock_mono_ms() - item->got_ms;
}

// ---- the table

struct fetched *
fetched_new(size_t octets_max)
{
	struct fetched *known = mem_alloc(sizeof(*known));

	if (known == NULL)
		return NULL;
	list_init(&known->order);
	known->octets_max = octets_max;
	if (!map_init(&known->map)) {
		mem_free(known);
		return NULL;
	}
	if (uv_mutex_init(&known->lock) != 0) {
		map_clear(&known->map);
		mem_free(known);
		return NULL;
	}
	return known;
}

// Under the lock, but for the end of the set.
static void
take_out(struct fetched *known, struct fetched_item *item)
{
	map_remove(&known->map, &item->node);
	list_remove(&item->order);
	known->count--;
	known->octets -= item->cost;
	fetched_let_go(item);
}

static struct fetched_item *
oldest(const struct fetched *known)
{
	return list_is_empty(&known->order) ? NULL : container_of(known->order.next, struct fetched_item, order);
}

void
fetched_free(struct fetched *known)
{
	if (known == NULL)
		return;
	while (oldest(known) != NULL)
		take_out(known, oldest(known));
	map_clear(&known->map);
	uv_mutex_destroy(&known->lock);
	mem_free(known);
}

static struct fetched_item *
look_up(struct fetched *known, const uint8_t key[WANT_KEY])
{
	struct map_node *node = map_find(&known->map, span_of(key, WANT_KEY));

	return node != NULL ? container_of(node, struct fetched_item, node) : NULL;
}

struct fetched_item *
fetched_find(struct fetched *known, const uint8_t key[WANT_KEY])
{
	uv_mutex_lock(&known->lock);
	struct fetched_item *item = look_up(known, key);
	if (item != NULL) {
		list_remove(&item->order);
		list_append(&known->order, &item->order);
		atomic_fetch_add(&item->references, 1);
	}
	uv_mutex_unlock(&known->lock);
	return item;
}

static int64_t
begins(const struct fetched_item *item)
{
	return item->kind == WANT_OCSP ? item->answer.this_update : item->crl.view.this_update;
}

// An older one than what is known was kept back by somebody, and tells nothing new.
static bool
is_worse(const struct fetched_item *item, const struct fetched_item *old)
{
	return old != NULL && !item->failed && !old->failed && begins(item) < begins(old);
}

// Paths that were found valid before may not be so any more: a certificate is
// told to be revoked, or a CRL replaces another one.
static bool
changes_paths(const struct fetched_item *item, const struct fetched_item *old)
{
	if (item->failed)
		return false;
	return item->kind == WANT_OCSP ? item->answer.status == OCSP_REVOKED : old != NULL;
}

// Enter an item in place of what stands under its key; the reference goes with it. False when what stands there stays.
static bool
enter(struct fetched *known, struct fetched_item *item)
{
	uv_mutex_lock(&known->lock);
	struct fetched_item *old = look_up(known, item->key);
	item->node.key = span_of(item->key, WANT_KEY);
	if (is_worse(item, old) || item->cost > known->octets_max || !map_insert(&known->map, &item->node)) {
		uv_mutex_unlock(&known->lock);
		fetched_let_go(item);
		return false;
	}
	known->generation += changes_paths(item, old) ? 1 : 0;
	list_append(&known->order, &item->order);
	known->count++;
	known->octets += item->cost;
	if (old != NULL)
		take_out(known, old);
	while (known->count > FETCHED_ITEMS_MAX || known->octets > known->octets_max)
		take_out(known, oldest(known));
	uv_mutex_unlock(&known->lock);
	return true;
}

uint64_t
fetched_generation(const struct trust *t)
{
	uint64_t generation = 0;

	if (t->fetched == NULL)
		return 0;
	uv_mutex_lock(&t->fetched->lock);
	generation = t->fetched->generation;
	uv_mutex_unlock(&t->fetched->lock);
	return generation;
}

struct fetched_counts
fetched_count(const struct trust *t)
{
	struct fetched_counts counts = { 0, 0 };

	if (t->fetched == NULL)
		return counts;
	uv_mutex_lock(&t->fetched->lock);
	counts = (struct fetched_counts){ t->fetched->count, t->fetched->octets };
	uv_mutex_unlock(&t->fetched->lock);
	return counts;
}

// ---- failures

// The key of failures: of a URL, or of one thing that it told (key).
static bool
failure_key(struct span url, const uint8_t key[WANT_KEY], uint8_t out[WANT_KEY])
{
	const struct span parts[] = { span_text("failed "), span_of(key, key != NULL ? WANT_KEY : 0), url };
	uint8_t digest[DIGEST_MAX];

	if (!digest_of(DIGEST_SHA256, parts, 3, digest))
		return false;
	memcpy(out, digest, WANT_KEY);
	return true;
}

static void
note_failure(const struct want *w, const uint8_t key[WANT_KEY], const char *why)
{
	uint8_t at[WANT_KEY];
	struct fetched_item *item;

	if (w->trust->fetched == NULL || !failure_key(span_text(w->url_text), key, at))
		return;
	item = item_new(w->kind, at, span_of(NULL, 0));
	if (item == NULL)
		return;
	item->failed = true;
	snprintf(item->why, sizeof(item->why), "%s", why);
	enter(w->trust->fetched, item);
}

void
fetched_fail(const struct want *w, const char *why)
{
	note_failure(w, NULL, why);
}

static bool
failed_lately(struct fetched *known, struct span url, const uint8_t key[WANT_KEY], char why[FETCHED_WHY])
{
	uint8_t at[WANT_KEY];
	struct fetched_item *item = failure_key(url, key, at) ? fetched_find(known, at) : NULL;
	bool paused = item != NULL && fetched_age_ms(item) < FETCHED_PAUSE_MS;

	if (paused)
		snprintf(why, FETCHED_WHY, "%s", item->why);
	fetched_let_go(item);
	return paused;
}

bool
fetched_is_paused(struct fetched *known, struct span url, const uint8_t key[WANT_KEY], char why[FETCHED_WHY])
{
	return failed_lately(known, url, key, why) || failed_lately(known, url, NULL, why);
}

// ---- opening

// late: how many seconds after its end it is still believed.
static bool
is_of_now(int64_t this_update, int64_t next_update, int64_t late, const struct judging *now, struct fault *f)
{
	char date[MOMENT_TEXT];

	if (this_update > now->at + REVOCATION_SKEW_S && !now->at_floor)
		return fault_set(f, FAIL_SIGNER_NOT_TRUSTED, "", "it begins on %s", moment_text(this_update, date));
	return next_update + late >= now->at || fault_set(f, FAIL_SIGNER_NOT_TRUSTED, "", "it ended on %s", moment_text(next_update, date));
}

static bool
open_answer(struct fetched_item *item, const struct want *w, const struct member *certificate, const struct member *issuer,
	const struct judging *now, struct fault *f)
{
	struct responder_question q = { .certificate = certificate, .issuer = issuer, .nonce = w->nonce };
	struct responder_answer *a = &item->answer;

	if (!responder_judge(a, span_of(item->octets, item->len), &q, f))
		return false;
	if (a->delegated && !member_valid_at(&a->responder, now->at, now->at_floor))
		return fault_set(f, FAIL_SIGNER_NOT_TRUSTED, "", "the responder's certificate is not valid at this time");
	// That it is revoked is believed whenever it was said.
	return a->status == OCSP_REVOKED || is_of_now(a->this_update, a->next_update, REVOCATION_SKEW_S, now, f);
}

// The CRL is one of the issuer's own key, or of another certificate of the set that bears its name.
static bool
find_crl_signer(struct trust_crl *c, const struct trust *t, const struct member *issuer, struct fault *f)
{
	struct span room[1];
	struct names own = { .list = room, .room = 1 };
	struct fault why = { .set = false };

	if (!name_equal_canonical(c->view.issuer, issuer->of_set.view.subject))
		return fault_set(f, FAIL_SIGNER_NOT_TRUSTED, "", "it is the CRL of another CA");
	if (member_may_sign_crls(issuer))
		switch (verify_signature(&issuer->of_set.key, &c->view.signature_algorithm, c->view.tbs, c->view.signature, NULL, &why)) {
		case VERDICT_GOOD: return c->of_issuer = true;
		case VERDICT_STOP: return fault_set(f, why.failure, "", "%s", why.text);
		case VERDICT_BAD: break;
		}
	c->issuer = name_number(&t->names, &own, c->view.issuer);
	return trust_crl_signer(t, c, f);
}

static bool
open_crl(struct fetched_item *item, const struct want *w, const struct member *issuer, struct fault *f)
{
	struct trust_crl *c = &item->crl;
	struct fault why = { .set = false };

	if (!crl_open(c, span_of(item->octets, item->len), &why))
		return fault_set(f, why.failure == FAIL_SYSTEM_UNAVAIL ? why.failure : FAIL_SIGNER_NOT_TRUSTED, "", "it is no CRL: %.160s", why.text);
	c->skew = REVOCATION_SKEW_S;
	item->cost += c->revoked_count * sizeof(c->revoked[0]);
	if (!find_crl_signer(c, w->trust, issuer, f))
		return false;
	return c->unusable == NULL || fault_set(f, FAIL_SIGNER_NOT_TRUSTED, "", "%s", c->unusable);
}

static bool
open_item(struct fetched_item *item, const struct want *w, const struct judging *now, struct fault *f)
{
	struct member certificate, issuer;

	if (!member_read(&certificate, w->certificate, f) || !member_read(&issuer, w->issuer, f) || !member_read_key(&issuer, f))
		return false;
	return w->kind == WANT_OCSP ? open_answer(item, w, &certificate, &issuer, now, f) : open_crl(item, w, &issuer, f);
}

// What a CRL lists is believed after its time too, but a better one is wanted.
static bool
crl_is_of_now(const struct fetched_item *item, const struct judging *now, struct fault *f)
{
	const struct crl *c = &item->crl.view;

	return item->kind != WANT_CRL || is_of_now(c->this_update, c->next_update, 0, now, f);
}

bool
fetched_take(const struct want *w, struct span octets, const struct judging *now, struct fault *f)
{
	struct fetched_item *item = item_new(w->kind, w->key, octets);
	struct fault why = { .set = false };
	bool of_use = item != NULL && open_item(item, w, now, &why);
	bool well = of_use && crl_is_of_now(item, now, &why);

	if (item == NULL)
		fault_set(&why, FAIL_SYSTEM_UNAVAIL, "", "no memory to keep it");
	if (!well)
		note_failure(w, w->key, why.text);
	if (!of_use)
		fetched_let_go(item);
	else if (!enter(w->trust->fetched, item) && well) {
		note_failure(w, w->key, "it is older than what is known already, or too large to keep");
		return fault_set(f, FAIL_SIGNER_NOT_TRUSTED, "", "it is older than what is known already, or too large to keep");
	}
	return well || fault_set(f, why.failure, "", "%s", why.text);
}
