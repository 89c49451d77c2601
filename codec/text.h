// SPDX-License-Identifier: GPL-3.0-or-later
// text: foreign octets made fit for terminals, logs and JSON: bounded, valid
// UTF-8, and without anything that a terminal would obey. What is not shown as
// it is becomes \hh, octet by octet.
#ifndef CMPGATE_CODEC_TEXT_H
#define CMPGATE_CODEC_TEXT_H

#include "base/span.h"

// A text that grows in an array of the caller's. It is NUL-terminated at any
// time; what does not fit is left out for good and "..." stands in its place.
struct text {
	char *out;
	size_t size;	// octets of out, with the NUL
	size_t len;
	size_t mark;	// the last end of a unit behind which "..." fits
	bool cut;
};

// Start an empty text in out (size >= 1).
void text_init(struct text *t, char *out, size_t size);
// Append one unit, whole or not at all: a cut never falls inside it.
void text_unit(struct text *t, const char *unit, size_t len);
// Append an ASCII text that may be cut anywhere.
void text_add(struct text *t, const char *ascii);
// Append octets as lowercase hex digits.
void text_hex(struct text *t, struct span octets);
// Append octets as \hh each, as one unit (at most 4 octets).
void text_escape(struct text *t, struct span octets);
// Append foreign UTF-8. Backslash, what is not UTF-8, controls, line ends and
// marks that turn the direction of writing become \hh; so does every octet
// in `special` (may be "").
void text_utf8(struct text *t, struct span octets, const char *special);
// The same, into out; answers out.
const char *utf8_text(struct span octets, char *out, size_t size);
// Lowercase hex of octets, into out; answers out.
const char *hex_text(struct span octets, char *out, size_t size);

// Take one character of strict UTF-8 (no overlong forms, no surrogates): its code point; false when the next octets are none.
bool utf8_take(struct span *in, uint32_t *point);
// Tell whether a character may reach a terminal as it is.
bool harmless_character(uint32_t point);
// Write a code point as UTF-8; answers its octets, 0 when it is none.
size_t utf8_put(uint32_t point, char out[4]);

#endif
