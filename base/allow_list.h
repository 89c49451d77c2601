// SPDX-License-Identifier: GPL-3.0-or-later
// allow_list: the CSV file (RFC 4180) of those who may have a certificate. Its
// first line names the columns, any of: subject, serial, kid, key_sha256,
// profile. A request is allowed by a line whose values all fit, where an empty
// value fits everything; a line without any value is refused, since it would
// allow everybody. Immutable once made; from any thread.
#ifndef CMPGATE_BASE_ALLOW_LIST_H
#define CMPGATE_BASE_ALLOW_LIST_H

#include "base/fault.h"

enum allow_column { ALLOW_SUBJECT, ALLOW_SERIAL, ALLOW_KID, ALLOW_KEY, ALLOW_PROFILE, ALLOW_COLUMNS };
enum {
	ALLOW_LINES_MAX = 100000,	// lines of one file
	ALLOW_OCTETS_MAX = 16 << 20,	// of the file; for its reader
	ALLOW_VALUE_MAX = 1024		// octets of one value
};

// What is known of a request; len 0 = nothing, which fits empty values only.
struct allow_request {
	struct span subject;	// asked for, RFC 4514 text
	struct span serial;	// serial number of the certificate that signs the request, its octets
	struct span kid;	// senderKID: its text where printable, else lower-case hex
	struct span key;	// SHA-256 of the SubjectPublicKeyInfo asked for, its 32 octets
	struct span profile;	// certProfile of the header
};

struct allow_list;

// Hear of a line that is wrong (0: the file as a whole).
typedef void allow_list_tell(void *context, unsigned line, const char *text);

// Read a file's octets; nothing of them is kept. NULL after an error: all of
// them are told, if tell is not NULL, and the first stands in f, if f is not NULL.
struct allow_list *allow_list_parse(struct span octets, allow_list_tell *tell, void *context, struct fault *f);
void allow_list_free(struct allow_list *l);	// NULL is allowed
size_t allow_list_count(const struct allow_list *l);
// The line of the file that allows a request; 0 = none does.
unsigned allow_list_match(const struct allow_list *l, const struct allow_request *r);

#endif
