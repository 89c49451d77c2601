// SPDX-License-Identifier: GPL-3.0-or-later
// fetched: what a trust set has learned from responders and distribution
// points: bounded, shared by all threads, gone with its set. Whatever came is opened
// and verified once, by a worker, and kept until it is too old; what could not be had
// is remembered for a moment, so that a dead responder costs its time-out once.
#ifndef CMPGATE_PKI_FETCHED_H
#define CMPGATE_PKI_FETCHED_H

#include "pki/wants.h"

enum {
	FETCHED_ITEMS_MAX = 4096,	// of one set: the least recently used make place
	FETCHED_OCTETS_MIN = 1048576,	// of one set; more where its CRLs may be larger
	FETCHED_CRLS_KEPT = 4,		// so many of the largest CRL that it may fetch
	FETCHED_PAUSE_MS = 30000,	// after a failure nothing is fetched from there for so long
	FETCHED_FRESH_MS = 3600000	// older ones are fetched anew while they are still used
};

struct judging { int64_t at; bool at_floor; };	// seconds since 1970; at_floor: the clock may be late

// What came for a want: open it, verify it, and let the set know it. From a worker.
// False with the fault when it is of no use, or older than what is known: then its
// source is left alone for FETCHED_PAUSE_MS, and whatever was known before stays.
bool fetched_take(const struct want *w, struct span octets, const struct judging *now, struct fault *f);
// Nothing came, for this reason: its URL is left alone for FETCHED_PAUSE_MS. From any thread.
void fetched_fail(const struct want *w, const char *why);
// Changes when something came that may make a valid path of this set invalid.
uint64_t fetched_generation(const struct trust *t);
// For tests: items and octets that a set holds.
struct fetched_counts { size_t items, octets; };
struct fetched_counts fetched_count(const struct trust *t);

#endif
