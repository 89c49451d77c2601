// SPDX-License-Identifier: GPL-3.0-or-later
// mangle: sets a parser against every broken form of a good sample.
#ifndef CMPGATE_TESTS_MANGLE_H
#define CMPGATE_TESTS_MANGLE_H

#include "base/fault.h"

// Decode hex (spaces allowed) into room; fails the test on anything else.
struct span hex_octets(const char *hex, uint8_t *room, size_t size);

typedef bool mangle_parse(struct span octets, struct fault *f);
// The sample parses; every prefix of it and the sample with an octet behind it
// are refused with badDataFormat; and after a change of any octet the answer
// and the fault fit each other. Each try gets a copy of exactly its octets, so
// that a sanitizer sees any reading beyond them.
void mangle_sample(const char *name, mangle_parse *parse, struct span sample);

#endif
