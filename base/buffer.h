// SPDX-License-Identifier: GPL-3.0-or-later
// buffer: octets that grow up to a limit. Failure sticks: after the first
// append that did not fit (or found no memory) all later ones do nothing, and
// the caller looks at `failed` once at the end.
#ifndef CMPGATE_BASE_BUFFER_H
#define CMPGATE_BASE_BUFFER_H

#include "base/span.h"

struct buffer {
	uint8_t *data;
	size_t len;	// octets in use
	size_t cap;	// octets allocated
	size_t limit;	// most octets it may ever hold
	bool failed;
	bool counted;	// what is allocated counts in buffer_counted()
};

// Prepare an empty buffer that may hold at most limit octets. Allocates nothing.
void buffer_init(struct buffer *b, size_t limit);
// Count the memory of an empty buffer from now on, wherever its struct moves: for
// octets of peers that are on their way in.
void buffer_count(struct buffer *b);
// Octets allocated by all counted buffers of the process.
size_t buffer_counted(void);
// Free the octets and make the buffer empty again; limit and counting stay.
void buffer_clear(struct buffer *b);
// Make room for more octets beyond len; false (and failed) when that breaks the limit or memory is out.
bool buffer_reserve(struct buffer *b, size_t more);
bool buffer_append(struct buffer *b, struct span octets);
bool buffer_append_octet(struct buffer *b, uint8_t octet);
bool buffer_append_text(struct buffer *b, const char *text);
// Append a text with what could break a JSON string, a line or a terminal
// escaped as JSON has it: controls (C1 in UTF-8 too), quotes, backslash; what is no
// UTF-8 becomes U+FFFD. At most `most` octets of it, whole characters; "..." stands for the rest.
bool buffer_append_escaped(struct buffer *b, const char *text, size_t most);
// The same text for people: "?" stands for each control, and for each octet that is no UTF-8.
bool buffer_append_plain(struct buffer *b, const char *text);
// The same in its place: each octet of what must not be shown becomes "?". Answers text.
char *plain_text(char *text);
bool buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Remove the first n octets (n <= len); the rest moves to the front.
void buffer_consume(struct buffer *b, size_t n);
// The octets so far, borrowed until the next change.
struct span buffer_span(const struct buffer *b);

#endif
