// SPDX-License-Identifier: GPL-3.0-or-later
// step: a request on a route that verifies: protection and proof on a worker, policy,
// approval, finished octets on a worker, commit; then it is an event like any other.
#include "gateway/step.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "codec/text.h"
#include "gateway/fetch.h"
#include "gateway/refuse.h"
#include "gateway/route.h"

// ---- the object

struct step *
step_new(struct gateway *g, enum step_kind kind, const struct settings_route *r)
{
	struct step *s = mem_alloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	s->handle = handle_open(&g->steps, s);
	if (s->handle == 0) {
		mem_free(s);
		return NULL;
	}
	s->gateway = g;
	s->kind = kind;
	s->settings = settings_ref(g->settings);
	s->keys = keyring_ref(g->keys);
	s->route = r;
	return s;
}

void
step_free(struct step *s)
{
	struct gateway *g = s->gateway;
	struct exchange *x = handle_find(&g->exchanges, s->exchange);
	struct transaction *t = handle_find(&g->transactions, s->transaction);

	if (x != NULL && x->step == s->handle)
		x->step = 0;
	if (t != NULL && t->step == s->handle)
		t->step = 0;
	if (s->in_map)
		map_remove(&g->steps_by_id, &s->by_id);
	if (s->approval != NULL)
		approve_cancel(s->approval);
	handle_close(&g->steps, s->handle);
	wants_cut(&s->wants, 0);
	protection_clear(&s->protection);
	voice_clear(&s->voice);
	credential_unref(s->credential);
	answer_job_free(s->answer_job);
	blob_unref(s->octets);
	message_unref(s->request);
	message_unref(s->answer);
	message_unref(s->first);
	message_unref(s->chain);
	keyring_unref(s->keys);
	settings_unref(s->settings);
	mem_free(s);
}

bool
step_submit(struct step *s, void (*run)(struct worker_job *job, unsigned thread), void (*done)(struct worker_job *job, bool late))
{
	s->job.run = run;
	s->job.done = done;
	s->job.deadline_ms = 0;
	return worker_submit(s->gateway->workers, &s->job);
}

// ---- fetching for a step

bool
step_fetch(struct step *s, void (*resume)(struct step *s, bool late))
{
	struct gateway *g = s->gateway;
	bool waits = wants_are_needed(&s->wants) && s->rounds < FETCH_ROUNDS_MAX;

	s->awaited = fetch_wants(g, waits ? s->handle : 0, &s->wants);
	s->resume = resume;
	s->rounds += waits;
	if (waits && s->awaited == 0)
		resume(s, true);
	fetch_start(g);
	return waits;
}

void
step_fetched(struct gateway *g, uint64_t step, bool late)
{
	struct step *s = handle_find(&g->steps, step);

	if (s == NULL || s->awaited == 0)
		return;
	s->awaited--;
	s->failed = s->failed || late;
	if (s->awaited == 0) {
		late = s->failed;
		s->failed = false;
		s->resume(s, late);
	}
}

struct path_cache *
step_cache(const struct step *s, unsigned thread)
{
	return thread < s->gateway->cache_count ? s->gateway->caches[thread] : NULL;
}

bool
step_commit(struct gateway *g, struct store_unit *u, step_committed *done, void *context)
{
	if (g->store == NULL || store_unit_is_empty(u)) {
		store_unit_free(u);
		done(context, STORE_DONE, NULL);
		return true;
	}
	return store_apply(g->store, u, false, done, context);
}

// ---- small things

struct judging_time
step_time(struct gateway *g, bool *known)
{
	struct gateway_time now = { .wall_s = clock_wall_s(), .floor_s = 0, .synced = true };

	if (g->clock != NULL)
		g->clock(g->bind_context, &now);
	*known = now.synced;
	return (struct judging_time){ .at = now.synced ? now.wall_s : now.floor_s, .at_floor = !now.synced };
}

const struct secret_entry *
step_secret(struct gateway *g, const struct identity *who)
{
	char *name = (char *)(uintptr_t)who->table;
	struct option_texts tables = { .items = &name, .count = 1 };

	return who->kind == IDENTITY_SECRET ? keyring_secret(g->keys, &tables, span_of(who->reference, who->reference_len)) : NULL;
}

void
step_voice(struct gateway *g, const struct settings_route *r, const struct identity *who, struct voice *out)
{
	const struct secret_entry *e = who != NULL ? step_secret(g, who) : NULL;
	struct route_keys keys;

	memset(out, 0, sizeof(*out));
	keyring_route(g->keys, g->settings, r, &keys);
	out->credential = keys.reply_with != NULL ? keys.reply_with : keys.sign_with;
	if (e == NULL || e->value.len > sizeof(out->secret))
		return;
	out->by_mac = true;
	out->mac = who->mac;
	memcpy(out->reference, who->reference, who->reference_len);
	out->reference_len = who->reference_len;
	memcpy(out->secret, e->value.data, e->value.len);
	out->secret_len = e->value.len;
}

static void
apply_lazily(struct gateway *g, struct store_unit *u, bool well)
{
	if (u == NULL)
		return;
	if (!well || store_unit_is_empty(u))
		store_unit_free(u);
	else
		store_apply(g->store, u, true, NULL, NULL);
}

static void
release_secret(struct gateway *g, const struct identity *who, struct span transaction_id)
{
	const struct secret_entry *e = step_secret(g, who);
	struct store_unit *u = e != NULL && g->store != NULL ? store_unit_new() : NULL;

	if (e != NULL)
		apply_lazily(g, u, secret_release(g->secrets, u, e, transaction_id, clock_wall_s()));
}

void
step_release_secret(struct gateway *g, struct transaction *t)
{
	if (t->verified)
		release_secret(g, &t->identity, span_of(t->id, t->id_len));
}

void
step_undo(struct gateway *g, const struct identity *who, struct span transaction_id, struct span request)
{
	struct store_unit *u = g->store != NULL ? store_unit_new() : NULL;
	uint8_t digest[DIGEST_MAX];

	release_secret(g, who, transaction_id);
	if (u != NULL)
		apply_lazily(g, u, digest_of(DIGEST_SHA256, &request, 1, digest) && replay_remove(u, transaction_id, digest));
}

static struct exchange *
step_exchange(const struct step *s)
{
	return handle_find(&s->gateway->exchanges, s->exchange);
}

// ---- refusals of a verified device

static const char *
digest_key(const uint8_t digest[32], char out[41])
{
	for (size_t i = 0; i < 20; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
	return out;
}

// Whoever hears a message of a device may send it again: the same octets count once.
static bool
is_counted(struct gateway *g, const struct settings_limits *l, struct span octets)
{
	int64_t now = clock_mono_ms();
	uint8_t digest[DIGEST_MAX];

	if (!digest_of(DIGEST_SHA256, &octets, 1, digest))
		return true;
	for (size_t i = 0; i < COUNTED_MAX; i++)
		if (g->counted[i].until_ms > now && memcmp(g->counted[i].digest, digest, sizeof(g->counted[i].digest)) == 0)
			return true;
	memcpy(g->counted[g->counted_next].digest, digest, sizeof(g->counted[0].digest));
	g->counted[g->counted_next].until_ms = now + l->failure_window;
	g->counted_next = (g->counted_next + 1) % COUNTED_MAX;
	return false;
}

// A replay is late, or its transaction is over: that says nothing of the device.
static void
count_refusal(const struct step *s, const struct identity *who, const struct verdict *v)
{
	const struct settings_limits *l = &s->settings->limits;
	struct gateway *g = s->gateway;
	char key[41];

	if (who->kind == IDENTITY_NONE || v->fault.failure == FAIL_BAD_TIME || v->fault.failure == FAIL_TRANSACTION_ID_IN_USE)
		return;
	if (!is_counted(g, l, s->request->view.whole))
		rate_count(g->failures, digest_key(who->digest, key), l->failures, l->failure_window, clock_mono_ms());
}

static bool
is_refused_too_often(const struct step *s)
{
	const struct settings_limits *l = &s->settings->limits;
	char key[41];

	return s->identity.kind != IDENTITY_NONE && !rate_has(s->gateway->failures, digest_key(s->identity.digest, key), l->failures, l->failure_window, clock_mono_ms());
}

// End the step, and its exchange with a CMP error or rejection.
void
step_fail(struct step *s, const struct verdict *v, const struct identity *who, bool delayed)
{
	struct gateway *g = s->gateway;
	struct exchange *x = step_exchange(s);
	struct fault_context c = { .route = s->route, .who = who, .delayed = delayed, .secret = delayed ? s->secret_cause : NULL };
	struct settings *held = settings_ref(s->settings);
	struct identity copy;

	if (who != NULL) {
		copy = *who;
		c.who = &copy;
		count_refusal(s, who, v);
	}
	struct verdict verdict = *v;
	step_free(s);
	if (x != NULL)
		reply_fault(g, x, &verdict, &c);
	settings_unref(held);
	endpoints_settle(g);
	serve_arm(g);
}

// End the step, and its exchange in the transport's words.
void
step_refuse(struct step *s, enum refusal reason, const char *text)
{
	struct gateway *g = s->gateway;
	struct exchange *x = step_exchange(s);

	step_free(s);
	if (x != NULL)
		reply_refusal(g, x, reason, text);
	endpoints_settle(g);
	serve_arm(g);
}

// A device that has gone before anything was accepted: nothing is reserved.
static bool
deserted(struct step *s)
{
	if (step_exchange(s) != NULL)
		return false;
	struct gateway *g = s->gateway;
	step_free(s);
	endpoints_settle(g);
	return true;
}

// ---- what follows a commit

// The request is an event now, decided with the facts of this moment.
static void
act(struct step *s)
{
	struct gateway *g = s->gateway;
	struct transaction *t = handle_find(&g->transactions, s->transaction);
	struct exchange *x = step_exchange(s);
	bool fresh = t == NULL;

	if (fresh)
		t = serve_row(g, s->request, s->route, &s->peer);
	if (t == NULL) {
		if (s->event == EVENT_FIRST)
			step_undo(g, &s->identity, s->request->view.header.transaction_id, s->request->view.whole);
		step_refuse(s, REFUSE_BUSY, "as many transactions as limits.transactions allows are under way");
		return;
	}
	if (fresh || (!t->verified && s->event != EVENT_FIRST)) {
		t->verified = true;
		t->identity = s->identity;
		t->mode = s->mode;
		t->adopted = s->adopted;
	}
	// Only who began the transaction, or goes on with it, says where its answers go.
	bool ours = fresh || s->event != EVENT_FIRST;
	if (ours && t->mailbox == NULL && s->mailbox && x != NULL && !x->listener->retired)
		serve_mailbox(t, x->listener, span_of(s->return_label, s->return_label_len));
	if (t->step == s->handle)
		t->step = 0;
	struct facts facts = serve_facts(g, t, s->request, s->event, SLOT_COUNT);
	struct asking a = { .x = x, .request = s->request, .octets = s->octets, .label = s->label, .route = s->route, .who = &s->identity };
	if (x != NULL)
		x->step = 0;
	serve_act(g, t, &a, s->event, SLOT_COUNT, &facts);
	step_free(s);
	endpoints_settle(g);
	serve_arm(g);
}

// Its row may have gone since the message came.
static bool
has_row(const struct step *s)
{
	return handle_find(&s->gateway->transactions, s->transaction) != NULL;
}

// The first message of a transaction takes its secret; later ones find it taken.
static bool
is_reservation(const struct step *s)
{
	return s->event == EVENT_FIRST && !has_row(s);
}

// The first message was not recorded: its secret is what it was.
static void
unbind(struct step *s)
{
	if (s->secret != NULL && is_reservation(s))
		secret_unbind(s->gateway->secrets, s->secret, s->request->view.header.transaction_id, &s->secret_before);
}

static void
on_committed(void *context, enum store_result result, const struct store_conflict *conflict)
{
	struct step *s = context;
	struct verdict v = { .pvno = 0 };

	if (result == STORE_DONE) {
		act(s);
		return;
	}
	unbind(s);
	bool known = conflict != NULL && conflict->replay != NULL;
	if (result != STORE_CONFLICT || (is_reservation(s) && !known)) {
		step_refuse(s, REFUSE_BUSY, "the request could not be recorded; nothing was sent");
		return;
	}
	if (is_reservation(s))
		fault_set(&v.fault, FAIL_TRANSACTION_ID_IN_USE, "header.transactionID", "it was used before, and its answer is not kept any more; begin with a fresh one");
	else
		fault_set(&v.fault, FAIL_BAD_REQUEST, "header.transactionID", known ? "this transaction was begun by another sender" : "no transaction was begun here under this transactionID");
	step_fail(s, &v, &s->identity, false);
}

static void
replay_of(const struct step *s, struct replay_row *out)
{
	const struct pkimessage *m = &s->request->view;
	struct gateway_time now = { .wall_s = clock_wall_s(), .synced = true };
	uint8_t digest[DIGEST_MAX];

	memset(out, 0, sizeof(*out));
	out->transaction_id_len = m->header.transaction_id.len;
	memcpy(out->transaction_id, m->header.transaction_id.data, out->transaction_id_len);
	memcpy(out->identity, s->identity.digest, sizeof(out->identity));
	if (digest_of(DIGEST_SHA256, &m->whole, 1, digest))
		memcpy(out->digest, digest, sizeof(out->digest));
	if (s->gateway->clock != NULL)
		s->gateway->clock(s->gateway->bind_context, &now);
	snprintf(out->until.boot, sizeof(out->until.boot), "%s", s->gateway->audit.boot);
	// Its end is not known yet; behind it the answer may be asked for so long.
	int64_t kept_ms = s->settings->limits.transaction_timeout + s->settings->limits.forget;
	out->until.mono_ms = clock_mono_ms() + kept_ms;
	out->until.wall_s = now.wall_s + kept_ms / 1000;
	out->until.synced = now.synced;
}

static const char *
auth_name(const struct identity *who)
{
	return who->kind == IDENTITY_SECRET ? "mac" : who->kind == IDENTITY_SIGNER ? "signature" : "none";
}

static bool
record_request(struct step *s, struct store_unit *u)
{
	const struct pkimessage *m = message_meaning(s->request);
	char kid[2 * CAP_KEY_ID + 4], profile[CAP_FREE_TEXT + 1];

	requested_profile(m, s->label.profile, profile);
	struct audit_event e = {
		.event = request_class(m->body) == CLASS_ENROL || request_class(m->body) == CLASS_CSR ? "cert.requested" : "msg.received",
		.result = "accepted", .route = s->route->name, .listener = s->listener->name, .transport = s->listener->driver->name,
		.peer = s->peer.text, .body = body_name(m->body), .profile = profile[0] != '\0' ? profile : NULL,
		.transaction_id = m->header.transaction_id, .sender = s->identity.text, .auth = auth_name(&s->identity),
		.signer = s->identity.kind == IDENTITY_SIGNER ? s->identity.digest : NULL,
		.kid = m->header.has_sender_kid ? hex_text(m->header.sender_kid, kid, sizeof(kid)) : NULL, .failure = FAIL_NONE, .ms = -1,
		.upstream = s->route->target == TARGET_UPSTREAM ? s->settings->upstreams[s->route->upstream].name : NULL,
	};

	return audit_put(&s->gateway->audit, u, &e);
}

// ---- the shared secret

static enum secret_state
state_of(const struct step *s)
{
	struct secret_row row;

	secret_row_of(s->gateway->secrets, s->secret, &row);
	return row.state;
}

static const char *
dead_because(const struct step *s)
{
	enum secret_state state = state_of(s);

	return state == SECRET_LOCKED ? "locked" : state == SECRET_SPENT ? "spent" : "expired";
}

static enum secret_use
look_at_secret(const struct step *s)
{
	bool known;
	// A clock that nobody confirmed is not asked; what the floor says holds.
	struct judging_time now = step_time(s->gateway, &known);
	const struct secret_claim claim = { s->request->view.header.transaction_id, s->event == EVENT_FIRST };

	return secret_look(s->gateway->secrets, s->secret, &claim, s->settings->limits.transaction_timeout, now.at);
}

static bool
may_use_secret(struct step *s, struct verdict *v, bool *delayed)
{
	if (s->secret == NULL)
		return true;
	switch (look_at_secret(s)) {
	case SECRET_USABLE: return true;
	case SECRET_TAKEN:
		return fault_set(&v->fault, FAIL_NOT_AUTHORIZED, "header.senderKID", "this secret is good for one transaction, and another one holds it");
	case SECRET_DEAD: break;
	}
	*delayed = true;
	s->secret_cause = dead_because(s);
	return protection_mac_refused(v);
}

// ---- 10: commit

// What a message needs beside its record. The first one reserves its
// transactionID and its secret; a later one of which no row is left belongs to
// who began: where we speak for the devices, nobody else could tell.
static bool
reserve(struct step *s, struct store_unit *u)
{
	struct gateway *g = s->gateway;
	struct replay_row replay;

	if (has_row(s))
		return true;
	if (s->event != EVENT_FIRST)
		return g->store == NULL || replay_expect(u, s->request->view.header.transaction_id, s->identity.digest, s->mode == ROUTE_REPLACE);
	replay_of(s, &replay);
	return (g->store == NULL || replay_insert(u, &replay))
		&& (s->secret == NULL || secret_bind(g->secrets, g->store != NULL ? u : NULL, s->secret, s->request->view.header.transaction_id, clock_wall_s(),
			&s->secret_before));
}

static void
commit(struct step *s)
{
	struct store_unit *u = store_unit_new();
	struct verdict v = { .pvno = 0 };
	bool delayed = false;

	// While this message was looked at, others with the same secret were as well.
	if (is_reservation(s) && !may_use_secret(s, &v, &delayed)) {
		store_unit_free(u);
		step_fail(s, &v, delayed ? NULL : &s->identity, delayed);
		return;
	}
	if (u == NULL || !record_request(s, u) || !reserve(s, u)) {
		unbind(s);
		store_unit_free(u);
		step_refuse(s, REFUSE_BUSY, "out of memory");
		return;
	}
	if (step_commit(s->gateway, u, on_committed, s))
		return;
	unbind(s);
	step_refuse(s, REFUSE_BUSY, "as many requests as the store can queue are waiting to be recorded");
}

// ---- 8: finished octets

static void
run_envelope(struct worker_job *job, unsigned thread)
{
	struct step *s = (struct step *)(void *)job;
	const struct pkimessage *m = message_meaning(s->request);
	struct buffer out;

	(void)thread;
	buffer_init(&out, ENVELOPE_MAX);
	bool well = s->mode == ROUTE_ADD ? envelope_add(&out, m, s->credential, &s->fault)
		: envelope_replace(&out, m, &s->change, s->credential, &s->fault);
	s->octets = well ? blob_new(buffer_span(&out)) : NULL;
	buffer_clear(&out);
}

static void
on_envelope(struct worker_job *job, bool late)
{
	struct step *s = (struct step *)(void *)job;
	char text[400];

	if (deserted(s))
		return;
	if (late || s->octets == NULL) {
		if (s->fault.set)
			log_event(LOG_ERROR_, "envelope", NULL, "route %s: %s", s->route->name, fault_text(&s->fault, text, sizeof(text)));
		step_refuse(s, REFUSE_INTERNAL, "the gateway could not sign the message");
		return;
	}
	commit(s);
}

// What is done to the messages of a transaction: a key update and a request for
// a central key are never re-protected (RFC 9483 5.2.3).
static enum route_protection
mode_of(const struct step *s, const struct transaction *t)
{
	const struct pkimessage *m = message_meaning(s->request);
	enum route_protection mode = (enum route_protection)s->route->protection;

	if (t != NULL && t->verified)
		return t->mode;
	return mode == ROUTE_REPLACE && (m->body == BODY_KUR || wants_central_key(m)) ? ROUTE_KEEP : mode;
}

static void
finish_octets(struct step *s)
{
	const struct transaction *t = handle_find(&s->gateway->transactions, s->transaction);
	struct route_keys keys;

	s->mode = mode_of(s, t);
	if (s->mode == ROUTE_KEEP) {
		commit(s);
		return;
	}
	keyring_route(s->keys, s->settings, s->route, &keys);
	if (keys.sign_with == NULL) {
		step_refuse(s, REFUSE_INTERNAL, "the route has no credential to sign with");
		return;
	}
	s->credential = credential_ref(keys.sign_with);
	s->change = (struct body_change){
		.raverified = s->route->popo == ROUTE_POPO_RAVERIFIED && s->pop == POP_VERIFIED,
		.set = s->route->set.given ? s->route : NULL,
	};
	if (!step_submit(s, run_envelope, on_envelope))
		step_refuse(s, REFUSE_BUSY, "the workers have more to do than they can queue");
}

// Before anything is paid for: would the message be taken at all?
static bool
would_submit(const struct step *s)
{
	struct gateway *g = s->gateway;
	const struct transaction *t = handle_find(&g->transactions, s->transaction);
	struct facts none = { .state = STATE_NEW };
	struct facts facts = t != NULL ? serve_facts(g, t, s->request, s->event, SLOT_COUNT) : none;

	if (t != NULL)
		facts.under_way = t->submission != 0;	// this step is no hindrance to itself
	return decide(&facts, s->event).submit;
}

// ---- 7: policy

static void
on_approved(void *context, enum approve_verdict verdict, const char *text)
{
	struct step *s = context;
	struct verdict v = { .in_body = true };

	s->approval = NULL;
	if (deserted(s))
		return;
	if (verdict == APPROVED) {
		finish_octets(s);
	} else if (verdict == APPROVE_DENIED) {
		fault_set(&v.fault, FAIL_NOT_AUTHORIZED, "", "%s", text[0] != '\0' ? text : "the inventory does not know this device");
		step_fail(s, &v, &s->identity, false);
	} else {
		log_event(LOG_ERROR_, "approve", NULL, "route %s: %s: %s", s->route->name, s->route->approve.hook, text);
		step_refuse(s, REFUSE_UNAVAILABLE, "the inventory could not be asked; try again later");
	}
}

static void
approve(struct step *s)
{
	const struct pkimessage *m = message_meaning(s->request);
	enum request_class c = request_class(m->body);
	const struct certificate *signer = s->protection.part_count > 0 ? protection_signer(&s->protection, s->protection.part_count - 1) : NULL;
	struct verdict v = { .in_body = true };
	struct fault f = { .set = false };
	char said[400];
	char profile[CAP_FREE_TEXT + 1];

	requested_profile(m, s->label.profile, profile);
	if (s->event != EVENT_FIRST || (c != CLASS_ENROL && c != CLASS_CSR && c != CLASS_RECOVER)) {
		finish_octets(s);
		return;
	}
	if (!approve_listed(s->keys, s->route, &s->identity, signer, m, profile, &v.fault)) {
		step_fail(s, &v, &s->identity, false);
		return;
	}
	if (s->route->approve.hook == NULL) {
		finish_octets(s);
		return;
	}
	s->approval = approve_start(s->gateway->loop, s->route, &s->identity, m, s->peer.text, profile, on_approved, s, &f);
	if (s->approval == NULL) {
		log_event(LOG_ERROR_, "approve", NULL, "route %s: %s", s->route->name, fault_text(&f, said, sizeof(said)));
		step_refuse(s, REFUSE_UNAVAILABLE, "the inventory could not be asked; try again later");
	}
}

// Transactions of one identity that are under way, and first messages that will be.
static size_t
in_flight(const struct gateway *g, const struct identity *who)
{
	size_t n = 0, cursor = 0;
	const struct step *s;
	uint64_t handle;

	for (struct list *i = g->open.next; i != &g->open; i = i->next) {
		const struct transaction *t = container_of(i, struct transaction, order);
		n += t->verified && identity_same(&t->identity, who) && (t->state == STATE_ASKING || t->state == STATE_UPWAIT);
	}
	while ((s = handle_next(&g->steps, &cursor, &handle)) != NULL)
		n += s->admitted && identity_same(&s->identity, who);
	return n;
}

static struct policy_request
policy_of(struct step *s)
{
	size_t parts = s->protection.part_count;
	bool known;
	struct judging_time now = step_time(s->gateway, &known);

	return (struct policy_request){
		.route = s->route, .identity = &s->identity, .envelope = parts > 1 ? &s->outer : NULL,
		.signer = parts > 0 ? protection_signer(&s->protection, parts - 1) : NULL,
		.bound_name = s->secret != NULL ? s->secret->name : NULL, .message = message_meaning(s->request),
		.path_profile = s->label.profile, .now = now.at, .now_known = known, .by_file = s->mailbox, .clock_skew = s->settings->limits.clock_skew / 1000,
	};
}

// A later message by somebody else than who began: the owner of the certificate that is new, or a stranger.
static void
refuse_stranger(const struct transaction *t, const struct identity *who, struct verdict *v)
{
	if (t->issued.set && who->kind == IDENTITY_SIGNER && memcmp(t->issued.digest, who->digest, sizeof(who->digest)) == 0)
		fault_set(&v->fault, FAIL_BAD_MESSAGE_CHECK, "protection", "the new certificate does not confirm itself; the credentials of the first message protect all of a transaction");
	else
		fault_set(&v->fault, FAIL_BAD_REQUEST, "header.transactionID", "this transaction was begun by another sender");
}

// Verified: who it is stands now.
static void
judge(struct step *s)
{
	struct gateway *g = s->gateway;
	struct transaction *t = handle_find(&g->transactions, s->transaction);
	struct policy_request p = policy_of(s);
	struct verdict v = { .pvno = 0 };
	bool delayed = false;

	if (t != NULL && t->verified && s->event != EVENT_FIRST && !identity_same(&t->identity, &s->identity)) {
		refuse_stranger(t, &s->identity, &v);
		step_fail(s, &v, &s->identity, false);
	} else if (t == NULL && s->event == EVENT_FIRST && is_refused_too_often(s)) {
		step_refuse(s, REFUSE_RATE, "too many requests of this device were refused; it has to wait (limits.failures, limits.failure_window)");
	} else if (!may_use_secret(s, &v, &delayed) || !policy_pop(&p, &s->pop, &v) || !policy_judge(&p, &v)) {
		step_fail(s, &v, delayed ? NULL : &s->identity, delayed);
	} else if (t == NULL && s->event == EVENT_FIRST && in_flight(g, &s->identity) >= (size_t)s->settings->limits.per_identity) {
		step_refuse(s, REFUSE_BUSY, "this device has as many requests under way as limits.per_identity allows");
	} else if (s->route->target == TARGET_ANSWERS) {
		answers_give(s);
	} else if (!would_submit(s)) {
		act(s);
	} else {
		s->admitted = t == NULL && s->event == EVENT_FIRST;
		approve(s);
	}
}

// ---- 6: protection

static void
run_protection(struct worker_job *job, unsigned thread)
{
	struct step *s = (struct step *)(void *)job;

	protection_run(&s->protection, step_cache(s, thread));
}

// Nobody was verified; the peer is the one of the last guess.
static bool
record_lock(struct step *s, struct store_unit *u)
{
	char kid[2 * REFERENCE_MAX + 4], hex[2 * REFERENCE_MAX + 4], reason[160];
	struct log_field fields[] = { { "table", s->secret->table }, { "kid", kid_text(s->secret->reference, kid, sizeof(kid)) },
		{ "peer", s->peer.text }, { "route", s->route->name }, { NULL, NULL } };
	struct audit_event e = {
		.event = "secret.locked", .result = "alarm", .route = s->route->name, .listener = s->listener->name, .transport = s->listener->driver->name,
		.peer = s->peer.text, .auth = "none", .kid = hex_text(s->secret->reference, hex, sizeof(hex)), .reason = reason, .failure = FAIL_NONE, .ms = -1,
	};

	snprintf(reason, sizeof(reason), "table %.64s: %" PRId64 " wrong MACs (limits.secret_failures)", s->secret->table, s->settings->limits.secret_failures);
	log_event(LOG_WARN_, "secret", fields, "locked after %" PRId64 " wrong MACs (limits.secret_failures); `cmpgate secret free` sets it free",
		s->settings->limits.secret_failures);
	return u == NULL || audit_put(&s->gateway->audit, u, &e);
}

// A MAC failed: the secret comes nearer to its lock.
static void
count_failure(struct step *s)
{
	struct gateway *g = s->gateway;
	const struct settings_limits *l = &s->settings->limits;
	struct store_unit *u = g->store != NULL && s->secret != NULL ? store_unit_new() : NULL;

	if (s->secret == NULL)
		return;
	enum secret_state before = state_of(s);
	bool well = secret_failed(g->secrets, u, s->secret, l->secret_failures, l->failure_window / 1000, clock_wall_s());
	if (well && before != SECRET_LOCKED && state_of(s) == SECRET_LOCKED)
		well = record_lock(s, u);
	if (!well || u == NULL)
		store_unit_free(u);
	else
		store_apply(g->store, u, true, NULL, NULL);
}

static void on_protection(struct worker_job *job, bool late);

static void
resume_protection(struct step *s, bool late)
{
	if (deserted(s))
		return;
	if (late || !step_submit(s, run_protection, on_protection))
		step_refuse(s, REFUSE_TRY_AGAIN, "whether the sender's certificate is revoked could not be looked up now; send the message again in a moment");
}

// Nothing told, and the set says that this is no hindrance.
static void
warn_of_unknown(const struct step *s, size_t part)
{
	const struct protection_part *p = &s->protection.parts[part];
	char subject[200];

	if (p->kind != PROTECTION_SIGNATURE || !p->signer.revocation_unknown)
		return;
	struct log_field fields[] = { { "route", s->route->name }, { "peer", s->peer.text },
		{ "signer", name_text(p->signer.certificate.subject, subject, sizeof(subject)) }, { "trust", trust_name(s->protection.trusts[p->signer.trust]) }, { NULL, NULL } };
	log_event(LOG_WARN_, "revocation", fields, "nothing tells whether a certificate of the signer's path is revoked; it is taken (missing: warn)");
}

static void
on_protection(struct worker_job *job, bool late)
{
	struct step *s = (struct step *)(void *)job;
	struct protection_job *p = &s->protection;

	if (!late && !p->well && p->mac_failed)
		count_failure(s);
	if (deserted(s))
		return;
	if (late) {
		step_refuse(s, REFUSE_TRY_AGAIN, "the gateway is closing");
		return;
	}
	// A MAC that is wrong stays so, and was counted.
	if (!p->mac_failed && step_fetch(s, resume_protection))
		return;
	for (size_t i = 0; p->well && i < p->part_count; i++)
		warn_of_unknown(s, i);
	if (!p->well) {
		s->secret_cause = p->mac_cause;
		step_fail(s, &p->verdict, NULL, p->mac_failed);
		return;
	}
	if (p->part_count > 0)
		protection_identity(p, p->part_count - 1, s->secret, &s->identity);
	else
		snprintf(s->identity.text, sizeof(s->identity.text), "file %.80s", s->peer.text);
	if (p->part_count > 1)
		protection_identity(p, 0, NULL, &s->outer);
	if (s->request->view.body == BODY_NESTED && s->request->inner == NULL) {
		s->outer = s->identity;
		if (step_batch(s))
			return;
	}
	judge(s);
}

// With a secret that is spent, locked or expired nothing is computed: neither can
// it be made to cost, nor does anything tell a right guess from a wrong one.
static bool
secret_lives(struct step *s)
{
	if (s->secret == NULL || look_at_secret(s) != SECRET_DEAD)
		return true;
	s->protection.mac_failed = true;
	return protection_mac_refused(&s->protection.verdict);
}

static bool
prepare(struct step *s, const struct transaction *t)
{
	struct gateway *g = s->gateway;
	bool known;
	struct protection_setup setup = {
		.settings = s->settings, .route = s->route, .keys = s->keys, .message = s->request,
		.expected = t != NULL && t->verified && s->event != EVENT_FIRST ? &t->identity : NULL,
		.time = step_time(g, &known), .wants = &s->wants,
	};

	// The chain may have come with the first message only (RFC 9483 3.3).
	if (setup.expected != NULL)
		s->first = message_again(t->slots[SLOT_FIRST].request);
	if (s->first != NULL)
		setup.known = message_meaning(s->first)->extra_certs;
	if (s->adopted)
		return protection_prepare_adopted(&s->protection, s->route, s->request);
	return protection_prepare(&s->protection, &setup, &s->secret) && secret_lives(s);
}

static struct step *
begin(struct gateway *g, struct exchange *x, struct transaction *t, enum event e, const struct settings_route *r, struct span return_label)
{
	struct step *s = step_new(g, STEP_REQUEST, r);

	if (s == NULL)
		return NULL;
	s->event = e;
	s->exchange = x->handle;
	s->transaction = t != NULL ? t->handle : 0;
	s->request = message_ref(x->request);
	s->listener = x->listener;
	s->peer = x->peer;
	s->label = serve_label(&x->label, x->request);
	s->mailbox = x->mailbox;
	s->adopted = x->adopted;
	s->return_label_len = return_label.len <= RETURN_LABEL_MAX ? return_label.len : 0;
	if (s->return_label_len > 0)
		memcpy(s->return_label, return_label.data, s->return_label_len);
	if (t != NULL) {
		t->step = s->handle;
	} else {
		s->by_id.key = s->request->view.header.transaction_id;
		s->in_map = map_insert(&g->steps_by_id, &s->by_id);
	}
	x->step = s->handle;
	return s;
}

// Another message of a transaction whose step is under way.
static void
join(struct gateway *g, struct step *s, struct exchange *x)
{
	struct exchange *old = handle_find(&g->exchanges, s->exchange);

	if (s->kind != STEP_REQUEST || !span_equal(s->request->view.whole, x->request->view.whole)) {
		reply_refusal(g, x, REFUSE_TRY_AGAIN, "another message of this transaction is under way; send this one again in a moment");
		return;
	}
	s->exchange = x->handle;
	x->step = s->handle;
	// The listener of the old exchange may close now: what the step tells of itself is of the new one.
	s->mailbox = s->mailbox && s->listener == x->listener;
	s->listener = x->listener;
	s->peer = x->peer;
	if (old != NULL) {
		old->step = 0;
		reply_refusal(g, old, REFUSE_TRY_AGAIN, "the same message came again; the answer goes there");
	}
}

bool
step_join(struct gateway *g, struct exchange *x)
{
	struct map_node *n = map_find(&g->steps_by_id, x->request->view.header.transaction_id);

	if (n == NULL)
		return false;
	join(g, container_of(n, struct step, by_id), x);
	return true;
}

void
step_end_approvals(struct gateway *g)
{
	struct step *s;
	size_t cursor = 0;
	uint64_t handle;

	while ((s = handle_next(&g->steps, &cursor, &handle)) != NULL)
		if (s->approval != NULL)
			step_free(s);
}

void
step_forget(struct gateway *g, uint64_t step, uint64_t exchange)
{
	struct step *s = handle_find(&g->steps, step);

	if (s != NULL && s->exchange == exchange)
		s->exchange = 0;
}

void
step_request(struct gateway *g, struct exchange *x, struct transaction *t, enum event e, const struct settings_route *r, struct span return_label)
{
	struct step *under_way = t != NULL ? handle_find(&g->steps, t->step) : NULL;

	if (under_way != NULL) {
		join(g, under_way, x);
		return;
	}
	struct step *s = begin(g, x, t, e, r, return_label);
	if (s == NULL) {
		reply_refusal(g, x, REFUSE_BUSY, "out of memory");
		return;
	}
	if (!prepare(s, t)) {
		s->secret_cause = s->protection.mac_cause;
		step_fail(s, &s->protection.verdict, NULL, s->protection.mac_failed);
	} else if (!step_submit(s, run_protection, on_protection))
		step_refuse(s, REFUSE_BUSY, "the workers have more to do than they can queue");
}
