// SPDX-License-Identifier: GPL-3.0-or-later
// span: a borrowed run of octets. It owns nothing; whoever holds the octets
// keeps them alive for as long as the span is used.
#ifndef CMPGATE_BASE_SPAN_H
#define CMPGATE_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *data;	// may be NULL when len is 0
	size_t len;		// octets
};

// Make a span over len octets at data.
static inline struct span
span_of(const void *data, size_t len)
{
	return (struct span){ (const uint8_t *)data, len };
}

// Make a span over the characters of a text, without its final NUL.
static inline struct span
span_text(const char *text)
{
	return span_of(text, strlen(text));
}

// Tell whether two spans hold the same octets.
static inline bool
span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

#endif
