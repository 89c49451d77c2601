// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/mangle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/memory.h"

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

struct span
hex_octets(const char *hex, uint8_t *room, size_t size)
{
	size_t n = 0;

	for (; *hex != '\0'; hex++) {
		if (*hex == ' ')
			continue;
		if (n == size || digit(hex[0]) < 0 || digit(hex[1]) < 0)
			fail_msg("'%s' is no hex of at most %zu octets", hex, size);
		room[n++] = (uint8_t)(digit(hex[0]) * 16 + digit(hex[1]));
		hex++;
	}
	return span_of(room, n);
}

// Parse a copy of exactly these octets, the one at `at` changed by mask.
static bool
parse_copy(mangle_parse *parse, struct span octets, size_t at, uint8_t mask, struct fault *f)
{
	uint8_t *copy = mem_alloc(octets.len);

	assert_non_null(copy);
	if (octets.len > 0)
		memcpy(copy, octets.data, octets.len);
	if (at < octets.len)
		copy[at] ^= mask;
	memset(f, 0, sizeof(*f));
	bool well = parse(span_of(copy, octets.len), f);
	mem_free(copy);
	return well;
}

static void
every_length(const char *name, mangle_parse *parse, struct span sample)
{
	struct fault f;
	uint8_t *longer = mem_alloc(sample.len + 1);

	for (size_t n = 0; n < sample.len; n++)
		if (parse_copy(parse, span_of(sample.data, n), n, 0, &f) || f.failure != FAIL_BAD_DATA_FORMAT)
			fail_msg("%s, %zu octets: not refused with badDataFormat", name, n);
	assert_non_null(longer);
	memcpy(longer, sample.data, sample.len);
	if (parse_copy(parse, span_of(longer, sample.len + 1), 0, 0, &f))
		fail_msg("%s with an octet behind it was accepted", name);
	mem_free(longer);
}

void
mangle_sample(const char *name, mangle_parse *parse, struct span sample)
{
	static const uint8_t masks[] = { 0x01, 0x02, 0x20, 0x80, 0xFF };
	struct fault f;

	if (!parse_copy(parse, sample, 0, 0, &f))
		fail_msg("%s: %s: %s", name, f.path, f.text);
	every_length(name, parse, sample);
	for (size_t at = 0; at < sample.len; at++)
		for (size_t m = 0; m < sizeof(masks); m++)
			if (parse_copy(parse, sample, at, masks[m], &f) == f.set)
				fail_msg("%s, octet %zu ^ %#x: the fault does not fit the answer", name, at, masks[m]);
}
