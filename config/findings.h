// SPDX-License-Identifier: GPL-3.0-or-later
// findings: collects what a load finds, each with its position and stable code.
// Private to config/.
#ifndef CMPGATE_CONFIG_FINDINGS_H
#define CMPGATE_CONFIG_FINDINGS_H

#include "config/settings.h"

struct source;

// A place in a source; line 0 stands for the file as a whole.
struct position {
	const struct source *source;
	int line, column;	// from 1; columns count characters
	int width;		// characters to underline
};

// One entry per kind of finding; the table in codes.c gives each its stable
// code and its explanation.
enum code {
	CODE_MEMORY, CODE_READ, CODE_TOO_LARGE, CODE_EMPTY, CODE_UTF8, CODE_NUL, CODE_SYNTAX, CODE_TAB,
	CODE_DEPTH, CODE_NODES, CODE_ALIAS, CODE_TAG, CODE_DOCUMENTS, CODE_DUPLICATE, CODE_INCLUDE,
	CODE_TWICE, CODE_VARIABLE, CODE_KEY,
	CODE_SHAPE, CODE_MISSING, CODE_UNKNOWN_KEY, CODE_ABSENT, CODE_VALUE, CODE_RANGE, CODE_CHOICE,
	CODE_LEADING_ZERO, CODE_NAME, CODE_URL, CODE_CIDR,
	CODE_NO_UPSTREAM, CODE_NO_LISTENER, CODE_ROUTE_TARGET, CODE_SAME_ADDRESS, CODE_ROUTE_TWICE,
	CODE_SCHEME, CODE_SCHEME_SIDE, CODE_PLAIN_UPSTREAM, CODE_PORT, CODE_HOST,
	CODE_NO_TRUST, CODE_NO_CREDENTIAL, CODE_NO_SECRETS, CODE_NO_SIGNER, CODE_NO_PROOF, CODE_POPO, CODE_SET,
	CODE_ANSWERS, CODE_UPSTREAM_TRUST, CODE_LITERAL, CODE_CREDENTIAL, CODE_NEEDS_TRUST, CODE_REVOCATION,
	CODE_UNREACHED, CODE_NO_ROUTES, CODE_NOBODY_LISTENS, CODE_NOT_USED, CODE_ISSUED_TRUST, CODE_KUR, CODE_NO_EFFECT, CODE_ANSWERS_BODY,
	CODE_NOT_HERE, CODE_WEAK, CODE_EXPIRES, CODE_ANY_SIGNER, CODE_SHARED_FOLDER, CODE_LOOP, CODE_LIMITS,
	CODE_LOOPBACK, CODE_PLAIN_ACCEPTED, CODE_DEVIATIONS, CODE_SHARED, CODE_SERVICE_ONLY,
	CODE_FILE_OPEN, CODE_FILE_KIND, CODE_FILE_RIGHTS, CODE_FILE_CONTENT,
	CODE_COUNT
};

// The code as people see it ("E0103"); its first letter is the severity.
const char *code_text(enum code code);
// What can be done about such findings in general; NULL when that depends.
const char *code_cure(enum code code);

// Add a finding; at NULL means no place at all. Answers the new finding for
// finding_help() (it has the general help of its code until then), valid until the next call; NULL without memory (then the
// list is marked exhausted, which counts as an error).
struct finding *finding_add(struct findings *list, enum code code, const struct position *at,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
// Add what a check of one value says: its sentence, and behind "; " the help.
void finding_fault(struct findings *list, enum code code, const struct position *at, const struct fault *f);
// Say how to mend it; item may be NULL.
void finding_help(struct findings *list, struct finding *item, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
// Mark that memory ran out.
void findings_exhaust(struct findings *list);
// Sort by file in the order of loading, line and column; stable for equal places.
void findings_sort(struct findings *list);
// Tell whether anything stands against using the configuration.
bool findings_bad(const struct findings *list);

// Copy text to out, at most size - 1 octets: octets that are no UTF-8, control
// characters and such that turn the writing direction become '?'. Answers out.
char *findings_clean(const char *text, size_t len, char *out, size_t size);
// Length in octets of the well-formed UTF-8 character at p (at most len octets
// are there), its code point in *out; 0 when malformed.
size_t findings_utf8(const char *p, size_t len, uint32_t *out);

#endif
