// SPDX-License-Identifier: GPL-3.0-or-later
// der_text: DER as a test writes it, good or broken. White space separates and
// means nothing. What may stand in a text:
//   a5            an octet in hex
//   30{ ... }     an element: its tag, and around the contents the length that fits
//   'text'        octets of a text
//   <CN=a,O=b>    a Name, written as RFC 4514 has it
//   (... *100)    the same a hundred times
//   $word         octets that the test knows under this name
#ifndef CMPGATE_TESTS_DER_TEXT_H
#define CMPGATE_TESTS_DER_TEXT_H

#include "base/buffer.h"

// Append the octets of a word, which is len letters long; false when it is unknown.
struct der_words { bool (*put)(void *context, const char *word, size_t len, struct buffer *out); void *context; };

// Append what the text says; words may be NULL. A text that cannot be read ends the program.
void der_text(struct buffer *out, const char *text, const struct der_words *words);

#endif
