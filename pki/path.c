// SPDX-License-Identifier: GPL-3.0-or-later
// Building paths: from the target upwards, depth first, until an anchor of the
// set ends one that 6.1 finds valid. Certificates are chosen by the name of the
// issuer, in an order that is the same each time; a signature is verified
// before a path goes on behind it, and no pair twice. What came with a message
// counts as an issuer only when signatures lead down to it from the set: else
// whoever sends it chooses the keys that are computed with, before anybody knows him.
#include "pki/path.h"

#include "base/memory.h"
#include "pki/private.h"

// A message can shape the graph that is searched; these bound what it can cost
// beside signatures: certificates tried as issuers, and whole paths judged.
enum { STEPS_MAX = 1024, PROSPECTS_MAX = 32 };

enum state { SEARCHING, FOUND, STOPPED };

struct search {
	const struct path_request *request;
	struct path_result *result;
	int64_t *until;
	struct member own[1 + PATH_MAX_CANDIDATES];	// the target, then the candidates
	size_t own_count;
	bool rooted[1 + PATH_MAX_CANDIDATES];		// of own: a chain of signatures leads to it from the set
	struct fault stray[1 + PATH_MAX_CANDIDATES];	// why not, where somebody had the name
	bool roots_known;
	size_t unreadable;				// candidates that are no certificates
	struct span name_list[2 * (1 + PATH_MAX_CANDIDATES)];
	struct names names;
	const struct member *chain[PATH_MAX_CHAIN];	// target first
	size_t length;
	struct edges edges;
	unsigned uncounted;				// the counter when the request brings none
	unsigned steps, prospects, walked;
	enum state state;
	struct fault best;				// of the path that came furthest
	size_t best_rank;
};

// How far a path came: certificates whose signature was verified, then those
// that 6.1 let pass below an anchor.
enum { RANK_NO_ISSUER = 0, RANK_BAD_ISSUER = 1, RANK_TOO_LONG = 2, RANK_STEP = 4, RANK_WHOLE = 1000 };

static void
note(struct search *s, size_t rank, const struct fault *why)
{
	if (!why->set || (s->best.set && rank <= s->best_rank))
		return;
	s->best = *why;
	s->best_rank = rank;
}

static bool
stop(struct search *s, const struct fault *why)
{
	s->best = *why;
	s->state = STOPPED;
	return true;
}

// ---- candidates

static bool
is_known(const struct search *s, struct span octets)
{
	const struct trust *t = s->request->trust;

	for (size_t i = 0; i < s->own_count; i++)
		if (span_equal(s->own[i].of_set.view.whole, octets))
			return true;
	for (size_t i = 0; i < t->member_count; i++)
		if (span_equal(t->members[i].of_set.view.whole, octets))
			return true;
	return false;
}

static void
number_names(struct search *s, struct member *m)
{
	m->subject = name_number(&s->request->trust->names, &s->names, m->of_set.view.subject);
	m->issuer = name_number(&s->request->trust->names, &s->names, m->of_set.view.issuer);
}

static bool
begin(struct search *s, struct fault *f)
{
	struct fault why = { .set = false };

	if (!member_read(&s->own[0], s->request->target, &why))
		return fault_set(f, FAIL_SIGNER_NOT_TRUSTED, why.path, "the certificate cannot be read: %s", why.text);
	number_names(s, &s->own[0]);
	s->own_count = 1;
	return true;
}

// A candidate that cannot be read is none; the rest may still do.
static bool
add_candidates(struct search *s, struct fault *f)
{
	struct span rest = s->request->candidates, whole;

	for (size_t n = 0; !der_at_end(rest); n++) {
		if (n == PATH_MAX_CANDIDATES)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d certificates came with the message", PATH_MAX_CANDIDATES);
		if (!der_take_whole(&rest, DER_SEQUENCE, &whole))
			return fault_set(f, FAIL_BAD_DATA_FORMAT, "", "what came with the message are not certificates one after the other");
		if (is_known(s, whole))
			continue;
		if (member_read(&s->own[s->own_count], whole, NULL))
			number_names(s, &s->own[s->own_count++]);
		else
			s->unreadable++;
	}
	return true;
}

// ---- the order in which issuers are tried

// RFC 5280 4.2.1.1: 0 = the key identifiers (or issuer and serial number) are those, 1 = nothing to compare, 2 = others.
static unsigned
key_id_rank(const struct member *m, const struct member *issuer)
{
	const struct authority_key_id *a = &m->facts.authority;

	if (!m->facts.has_authority)
		return 1;
	if (a->has_key_id && issuer->facts.subject_key_id.len > 0)
		return span_equal(a->key_id, issuer->facts.subject_key_id) ? 0 : 2;
	if (a->serial.len > 0)
		return span_equal(a->serial, issuer->of_set.view.serial) ? 0 : 2;
	return 1;
}

enum { ISSUER_RANKS = 6 };

static unsigned
issuer_rank(const struct search *s, const struct member *m, const struct member *issuer)
{
	bool valid = member_valid_at(issuer, s->request->at, s->request->at_floor);

	return key_id_rank(m, issuer) * 2 + (valid ? 0 : 1);
}

// The i-th intermediate: those of the set first, as nobody else had a hand in them.
static struct member *
intermediate(struct search *s, size_t i)
{
	const struct trust *t = s->request->trust;
	size_t of_set = t->member_count - t->anchor_count;

	if (i < of_set)
		return &t->members[t->anchor_count + i];
	i -= of_set;
	return 1 + i < s->own_count ? &s->own[1 + i] : NULL;
}

// ---- going on

static const struct member *
last(const struct search *s)
{
	return s->chain[s->length - 1];
}

static bool
is_in_chain(const struct search *s, const struct member *m)
{
	for (size_t i = 0; i < s->length; i++)
		if (member_same_entity(s->chain[i], m))
			return true;
	return false;
}

// Did this certificate sign that one? Keys of the set were read when it was made, and are read only here. first: why not, unless it is set.
static bool
signed_by(struct search *s, const struct member *m, struct member *issuer, struct fault *first)
{
	struct fault why = { .set = false };

	if (issuer->key == KEY_UNREAD)
		member_read_key(issuer, &why);
	if (issuer->key == KEY_UNREAD)
		return !stop(s, &why);	// no memory
	if (issuer->key == KEY_BAD)
		member_blame(issuer, FAIL_SIGNER_NOT_TRUSTED, &why, "its key cannot be used");
	enum verdict verdict = issuer->key == KEY_GOOD ? edge_judge(&s->edges, m, issuer, &why) : VERDICT_BAD;
	if (verdict == VERDICT_STOP)
		stop(s, &why);
	if (!first->set)
		*first = why;
	return verdict == VERDICT_GOOD;
}

static bool
signed_last(struct search *s, struct member *issuer)
{
	struct fault why = { .set = false };

	if (s->steps++ >= STEPS_MAX) {
		fault_set(&why, FAIL_SIGNER_NOT_TRUSTED, "", "its certificates lead to too many paths");
		return !stop(s, &why);
	}
	bool well = signed_by(s, last(s), issuer, &why);
	if (s->state == SEARCHING)
		note(s, s->length * RANK_STEP + RANK_BAD_ISSUER, &why);
	return well;
}

// ---- what the set vouches for

// Is it one that came along, and nobody of the set (or below it) signed it?
static bool
is_stray(const struct search *s, const struct member *m)
{
	return m >= s->own && m < s->own + s->own_count && !s->rooted[m - s->own];
}

static bool
signed_from_above(struct search *s, const struct member *m, unsigned rank, struct fault *why)
{
	const struct trust *t = s->request->trust;
	struct member *issuer;

	for (size_t i = 0; i < t->anchor_count && s->state == SEARCHING; i++)
		if (t->members[i].subject == m->issuer && issuer_rank(s, m, &t->members[i]) == rank && signed_by(s, m, &t->members[i], why))
			return true;
	for (size_t i = 0; s->state == SEARCHING && (issuer = intermediate(s, i)) != NULL; i++)
		if (issuer->subject == m->issuer && issuer != m && !is_stray(s, issuer) && issuer_rank(s, m, issuer) == rank && signed_by(s, m, issuer, why))
			return true;
	return false;
}

// From the anchors downwards, until nothing is added any more.
static void
find_roots(struct search *s)
{
	bool more = !s->roots_known;

	s->roots_known = true;
	while (more && s->state == SEARCHING) {
		more = false;
		for (size_t i = 1; i < s->own_count; i++)
			for (unsigned rank = 0; rank < ISSUER_RANKS && !s->rooted[i]; rank++)
				more = (s->rooted[i] = signed_from_above(s, &s->own[i], rank, &s->stray[i])) || more;
	}
}

// The chain ends at this anchor: let 6.1 judge it.
static void
judge(struct search *s, const struct member *anchor)
{
	struct prospect p = { .request = s->request, .chain = s->chain, .count = s->length, .anchor = anchor, .edges = &s->edges };
	struct fault why = { .set = false };
	size_t passed;

	if (s->prospects++ >= PROSPECTS_MAX) {
		fault_set(&why, FAIL_SIGNER_NOT_TRUSTED, "", "its certificates lead to too many paths");
		stop(s, &why);
	} else if (prospect_validate(&p, s->result, &passed, s->until, &why)) {
		s->state = FOUND;
	} else if (why.failure == FAIL_SYSTEM_UNAVAIL) {
		stop(s, &why);
	} else {
		note(s, RANK_WHOLE + passed, &why);
	}
}

// A root that came along under the name of ours is the usual reason; it says more than "the signature does not verify".
static void
note_namesake(struct search *s, const struct member *anchor)
{
	struct fault why = { .set = false };

	if (last(s)->subject != anchor->subject || last(s)->issuer != anchor->subject)
		return;
	member_blame(last(s), FAIL_SIGNER_NOT_TRUSTED, &why, "it bears the name of an anchor of \"%.40s\", and is another certificate",
		s->request->trust->name);
	note(s, s->length * RANK_STEP + RANK_BAD_ISSUER, &why);
}

static size_t
try_anchors(struct search *s, unsigned rank)
{
	const struct trust *t = s->request->trust;
	size_t seen = 0;

	for (size_t i = 0; i < t->anchor_count && s->state == SEARCHING; i++) {
		struct member *anchor = &t->members[i];
		if (anchor->subject != last(s)->issuer || issuer_rank(s, last(s), anchor) != rank)
			continue;
		seen++;
		note_namesake(s, anchor);
		if (signed_last(s, anchor))
			judge(s, anchor);
	}
	return seen;
}

static void extend(struct search *s);

static size_t
try_intermediates(struct search *s, unsigned rank)
{
	struct fault too_long = { .set = false };
	struct member *m;
	size_t seen = 0;

	for (size_t i = 0; s->state == SEARCHING && (m = intermediate(s, i)) != NULL; i++) {
		if (m->subject != last(s)->issuer || issuer_rank(s, last(s), m) != rank || is_in_chain(s, m))
			continue;
		seen++;
		find_roots(s);
		if (s->state != SEARCHING || is_stray(s, m))
			continue;
		if (s->length == PATH_MAX_CHAIN) {
			member_blame(s->chain[0], FAIL_SIGNER_NOT_TRUSTED, &too_long, "its path is longer than %d certificates", PATH_MAX_CHAIN);
			note(s, s->length * RANK_STEP + RANK_TOO_LONG, &too_long);
		} else if (signed_last(s, m)) {
			s->chain[s->length++] = m;
			extend(s);
			s->length--;
		}
	}
	return seen;
}

static void
note_no_issuer(struct search *s)
{
	const struct member *m = last(s);
	const char *set = s->request->trust->name;
	struct fault why = { .set = false };
	char issuer[96];

	if (m->subject == m->issuer)
		member_blame(m, FAIL_SIGNER_NOT_TRUSTED, &why, "it is issued by itself, and no anchor of \"%.40s\"", set);
	else
		member_blame(m, FAIL_SIGNER_NOT_TRUSTED, &why, "\"%.40s\" has no anchor for its issuer \"%s\", and no certificate of it came along%s",
			set, name_text(m->of_set.view.issuer, issuer, sizeof(issuer)), s->unreadable > 0 ? " that can be read" : "");
	note(s, s->length * RANK_STEP + RANK_NO_ISSUER, &why);
}

// Bounded by the length of the chain: at most PATH_MAX_CHAIN deep.
static void
extend(struct search *s)
{
	size_t seen = 0;

	for (unsigned rank = 0; rank < ISSUER_RANKS; rank++)
		seen += try_anchors(s, rank);
	for (unsigned rank = 0; rank < ISSUER_RANKS; rank++)
		seen += try_intermediates(s, rank);
	if (seen == 0)
		note_no_issuer(s);
}

// ---- why nothing was found

// By names alone, through what nobody vouches for: where it ends tells what is missing. All signatures that count are known by now.
static void
walk_strays(struct search *s)
{
	struct fault too_long = { .set = false };
	const struct trust *t = s->request->trust;
	struct member *m;
	size_t seen = 0;

	for (size_t i = 0; i < t->anchor_count; i++) {
		if (t->members[i].subject != last(s)->issuer)
			continue;
		seen++;
		note_namesake(s, &t->members[i]);
	}
	if (s->length > 1)
		note(s, s->length * RANK_STEP + RANK_BAD_ISSUER, &s->stray[last(s) - s->own]);
	for (size_t i = 0; s->state == SEARCHING && (m = intermediate(s, i)) != NULL; i++) {
		if (m->subject != last(s)->issuer || is_in_chain(s, m))
			continue;
		seen++;
		if (!is_stray(s, m)) {
			continue;
		} else if (s->walked++ >= STEPS_MAX) {
			fault_set(&too_long, FAIL_SIGNER_NOT_TRUSTED, "", "its certificates lead to too many paths");
			stop(s, &too_long);
		} else if (s->length == PATH_MAX_CHAIN) {
			member_blame(s->chain[0], FAIL_SIGNER_NOT_TRUSTED, &too_long, "its path is longer than %d certificates", PATH_MAX_CHAIN);
			note(s, s->length * RANK_STEP + RANK_TOO_LONG, &too_long);
		} else {
			s->chain[s->length++] = m;
			walk_strays(s);
			s->length--;
		}
	}
	if (seen == 0 && s->length > 1)
		note_no_issuer(s);
}

static bool
run(struct search *s, struct fault *f)
{
	s->chain[0] = &s->own[0];
	s->length = 1;
	extend(s);
	if (s->state == SEARCHING)
		walk_strays(s);
	return s->state == FOUND || fault_set(f, s->best.failure, s->best.path, "%s", s->best.text);
}

bool
path_search(const struct path_request *r, struct path_result *out, int64_t *until, struct fault *f)
{
	struct search *s = mem_alloc(sizeof(*s));
	size_t wanted = r->wants != NULL ? r->wants->count : 0;

	memset(out, 0, sizeof(*out));
	if (s == NULL)
		return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "no memory to look for a certification path");
	s->request = r;
	s->result = out;
	s->until = until;
	s->names = (struct names){ .list = s->name_list, .room = sizeof(s->name_list) / sizeof(s->name_list[0]) };
	s->edges.signatures = r->signatures != NULL ? r->signatures : &s->uncounted;
	bool ok = begin(s, f) && add_candidates(s, f) && run(s, f);
	mem_free(s);
	if (ok && !out->revocation_unknown)
		wants_drop_needed(r->wants, wanted);
	return ok;
}

bool
path_validate(const struct path_request *r, struct path_result *out, struct fault *f)
{
	int64_t until;

	return path_search(r, out, &until, f);
}
