// SPDX-License-Identifier: GPL-3.0-or-later
// hex: octets of tables that stand as hexadecimal digits.
#ifndef CMPGATE_TESTS_UNIT_HEX_H
#define CMPGATE_TESTS_UNIT_HEX_H

#include <stdlib.h>

#include "base/span.h"

// Write the octets of the digits (NULL: none) into out; there is room for size.
static inline struct span
hex(const char *digits, uint8_t *out, size_t size)
{
	size_t len = digits == NULL ? 0 : strlen(digits) / 2;

	if (len > size)
		abort();
	for (size_t i = 0; i < len; i++) {
		char pair[3] = { digits[2 * i], digits[2 * i + 1], '\0' };
		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return span_of(out, len);
}

#endif
