// SPDX-License-Identifier: GPL-3.0-or-later
// audit: the record of every decision, in the commit of its effect. The store
// gives each record its number and chains it to the one before: a record is
//   {"v":1,"seq":N, FIELDS ,"prev":"64 hex digits"}
// and prev is the SHA-256 of the whole line before (without its line end), 64
// zeros for the first.
#ifndef CMPGATE_STORE_AUDIT_H
#define CMPGATE_STORE_AUDIT_H

#include "store/store.h"

enum { AUDIT_FIELDS_MAX = 8192 };	// octets of one record's fields

// Append a record: fields is the inside of a JSON object (`"ts":"...","event":"..."`), copied.
bool audit_append(struct store_unit *u, struct span fields);

// Hand the finished lines after number `after` (-N: the last N) to each(), oldest first, at
// most max; done(context, last) on the loop tells the last number handed over
// (= after: there was none). For the writer of the file.
bool audit_read(struct store *s, int64_t after, size_t max,
	void (*each)(void *context, int64_t seq, struct span line), void (*done)(void *context, bool well, int64_t last), void *context);
// First and last number kept. Blocks.
bool audit_range(struct store *s, int64_t *first, int64_t *last, struct fault *f);

// Check a chain of lines, one after the other: false with the fault at the
// first that does not fit. Start with a zeroed struct.
struct audit_chain { int64_t seq; uint8_t hash[32]; bool begun; };
bool audit_check_line(struct audit_chain *c, struct span line, bool (*hash)(const struct span *parts, size_t count, uint8_t out[32]), struct fault *f);

#endif
