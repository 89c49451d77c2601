// SPDX-License-Identifier: GPL-3.0-or-later
// notation: DER of tests, written as text. Hex digits are octets, spaces mean
// nothing, and { ... } stands for the length of what is inside and for that:
// "30{ 06{2A03} 0500 }" is SEQUENCE { OID 1.2.3, NULL }.
#ifndef CMPGATE_TESTS_NOTATION_H
#define CMPGATE_TESTS_NOTATION_H

#include "base/buffer.h"

// Append the octets that text stands for; aborts on a text that is none.
void notation_put(struct buffer *out, const char *text);
// The same in a buffer that is cleared first; answers its octets.
struct span notation(struct buffer *out, const char *text);

#endif
