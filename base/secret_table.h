// SPDX-License-Identifier: GPL-3.0-or-later
// secret_table: the file of secrets that devices share with the gateway. One
// secret a line:
//   REFERENCE:SECRET [name="RFC 4514 name"] [expires=2026-12-31T00:00:00Z] [uses=single|many]
// Both are texts without blanks, REFERENCE without a colon, or hex:0a0b...
// Empty lines and what follows a # at the start of a word do not count. Pure.
#ifndef CMPGATE_BASE_SECRET_TABLE_H
#define CMPGATE_BASE_SECRET_TABLE_H

#include "base/fault.h"

enum {
	SECRET_LINES_MAX = 10000,		// secrets of one table
	SECRET_TABLE_OCTETS_MAX = 4 << 20,	// of the file; for its reader
	SECRET_LINE_REFERENCE_MAX = 64,		// octets of a reference (senderKID)
	SECRET_LINE_MIN = 8, SECRET_LINE_GOOD = 16, SECRET_LINE_MAX = 512,	// octets of a secret; below GOOD it is weak
	SECRET_LINE_NAME_MAX = 1024		// octets of a name
};

enum secret_line_uses { SECRET_LINE_USES_TABLE, SECRET_LINE_USES_SINGLE, SECRET_LINE_USES_MANY };

struct secret_line {
	unsigned line;			// in the file, from 1
	struct span reference, secret;
	struct span name;		// the sender that must use it, as text; len 0 = any
	int64_t expires;		// seconds since 1970; 0 = never
	enum secret_line_uses uses;	// TABLE: as the configuration says
};

// Hear of a line that is wrong, or with `weak` in order but weak. The text quotes nothing of it.
typedef void secret_table_tell(void *context, unsigned line, bool weak, const char *text);

// Read a table. The spans point into octets, where hex is decoded in place; so
// the caller keeps and wipes them. Everything is told, if tell is not NULL; the first error stands in
// f, if f is not NULL. False after an error: then *lines is NULL. The lines are freed with mem_free().
bool secret_table_parse(uint8_t *octets, size_t len, struct secret_line **lines, size_t *count,
	secret_table_tell *tell, void *context, struct fault *f);

#endif
