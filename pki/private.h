// SPDX-License-Identifier: GPL-3.0-or-later
// private: what trust, path and revocation share with each other and with
// nobody else: certificates as members of a path, and the insides of a set.
#ifndef CMPGATE_PKI_PRIVATE_H
#define CMPGATE_PKI_PRIVATE_H

#include <stdatomic.h>

#include "base/web.h"
#include "pki/facts.h"
#include "pki/fetched.h"
#include "pki/path.h"
#include "pki/revocation.h"
#include "pki/verify.h"

// ---- names as numbers: equal numbers are equal Names (RFC 5280 7.1), so that
// a search compares integers. A set numbers its own at load; a search goes on
// counting behind them for the certificates of its message.
struct names { struct span *list; size_t count, room; };

// The number of a Name: its place in `known`, or known->count and its place in `more`,
// where it is entered if need be (there must be room). known may be NULL.
size_t name_number(const struct names *known, struct names *more, struct span name);

struct responder_answer;

// ---- certificates

enum key_state { KEY_UNREAD, KEY_GOOD, KEY_BAD };

struct member {
	struct trust_certificate of_set;	// first: what trust_anchor() hands out; key and digest only where they were read
	struct facts facts;
	bool sound;				// facts stand
	enum key_state key;
	size_t subject, issuer;			// numbers of its names
};

// Parse a certificate and its extensions; names and key are left for later.
// False with the fault when it is no certificate; extensions that cannot be
// processed only make it unsound.
bool member_read(struct member *m, struct span octets, struct fault *f);
// Read the key once. False with the fault when it is none (systemUnavail: nothing is known about it).
bool member_read_key(struct member *m, struct fault *f);
// Tell whether two certificates have the same subject and the same key.
bool member_same_entity(const struct member *a, const struct member *b);
// Tell whether the validity of a certificate includes `at`; with at_floor only its end counts (the clock may be late).
bool member_valid_at(const struct member *m, int64_t at, bool at_floor);
// The subject as a person knows it; its serial number where there is none.
void member_text(const struct member *m, char *out, size_t size);
// Fill a fault about a certificate: its subject and the sentence. Answers false.
bool member_blame(const struct member *m, enum failure failure, struct fault *f, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

// "2026-11-24T09:35:32Z".
enum { MOMENT_TEXT = 32 };
const char *moment_text(int64_t seconds, char out[MOMENT_TEXT]);

// ---- sets

struct trust {
	_Atomic unsigned references;
	char *name;
	uint64_t serial;
	uint8_t *octets;		// of all certificates and CRLs
	struct member *members;		// anchors first, then intermediates
	size_t anchor_count, member_count;
	struct names names;
	struct trust_crl *crls;
	size_t crl_count;
	bool check_revocation;
	enum revocation_missing missing;
	unsigned purpose;
	struct fences { struct web_url *list; size_t count; } points, responders;
	struct trust_fetching fetching;
	struct fetched *fetched;	// NULL: nothing is ever fetched
};

// Find which certificate of the set signed a CRL (c->issuer is known). False with
// a fault that says what kept the nearest one from it.
bool trust_crl_signer(const struct trust *t, struct trust_crl *c, struct fault *f);
// May the key of this certificate sign CRLs? RFC 5280 6.3.3 (f).
bool member_may_sign_crls(const struct member *m);

// ---- what was fetched (fetched.h)

struct fetched *fetched_new(size_t octets_max);
void fetched_free(struct fetched *known);	// NULL is allowed

struct fetched_item;
// What came for this key; NULL = nothing. Given back by fetched_let_go().
struct fetched_item *fetched_find(struct fetched *known, const uint8_t key[WANT_KEY]);
void fetched_let_go(struct fetched_item *item);	// NULL is allowed
const struct responder_answer *fetched_answer(const struct fetched_item *item);	// of WANT_OCSP
const struct trust_crl *fetched_crl(const struct fetched_item *item);		// of WANT_CRL
int64_t fetched_age_ms(const struct fetched_item *item);
// Tell whether fetching from there failed a moment ago; why then holds the reason.
enum { FETCHED_WHY = 200 };
bool fetched_is_paused(struct fetched *known, struct span url, const uint8_t key[WANT_KEY], char why[FETCHED_WHY]);

// ---- which certificate was signed by whose key: each pair is verified once in a search

struct edges {
	struct edge { const struct member *subject, *issuer; enum verdict verdict; } list[PATH_MAX_SIGNATURES];
	size_t count;
	unsigned *signatures;		// the message's counter
};

// Judge the signature of `subject` by the key of `issuer`, which was read.
enum verdict edge_judge(struct edges *edges, const struct member *subject, const struct member *issuer, struct fault *f);

// ---- 6.1: judging one prospective path

struct prospect {
	const struct path_request *request;
	const struct member *const *chain;	// target first
	size_t count;
	const struct member *anchor;
	struct edges *edges;
};

// Validate a prospective path whose signatures have been verified (6.1.3 (a) (1)).
// *passed tells how many certificates, from the anchor on, were well. On
// success *until is when that must be judged again: the earliest notAfter or
// nextUpdate. Failures as path_validate().
bool prospect_validate(const struct prospect *p, struct path_result *out, size_t *passed, int64_t *until, struct fault *f);

// path_validate(), with *until as above.
bool path_search(const struct path_request *r, struct path_result *out, int64_t *until, struct fault *f);

#endif
