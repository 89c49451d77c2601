// SPDX-License-Identifier: GPL-3.0-or-later
// stamp: octets of the one row of `meta`, found without SQLite as well.
#include "store/private.h"

static const uint8_t magic[8] = { 'c', 'm', 'p', 'g', 'a', 't', 'e', 1 };

enum { AT_ID = 8, AT_KEY0 = 24, AT_KEY1 = 32, AT_NUMBER = 40, AT_ENDED = 48, AT_SCHEMA = 52, AT_CRC = 56 };

static void
put(uint8_t *out, uint64_t value, int octets)
{
	for (int i = octets - 1; i >= 0; i--, value >>= 8)
		out[i] = (uint8_t)value;
}

static uint64_t
get(const uint8_t *in, int octets)
{
	uint64_t value = 0;

	for (int i = 0; i < octets; i++)
		value = value << 8 | in[i];
	return value;
}

void
stamp_write(const struct stamp *s, uint8_t out[STAMP_SIZE])
{
	memset(out, 0, STAMP_SIZE);
	memcpy(out, magic, sizeof(magic));
	memcpy(out + AT_ID, s->id, sizeof(s->id));
	put(out + AT_KEY0, s->key.k0, 8);
	put(out + AT_KEY1, s->key.k1, 8);
	put(out + AT_NUMBER, s->number, 8);
	out[AT_ENDED] = s->ended;
	put(out + AT_SCHEMA, s->schema, 4);
	put(out + AT_CRC, crc32c(0, span_of(out, AT_CRC)), 4);
}

bool
stamp_read(struct stamp *s, struct span octets)
{
	const uint8_t *in = octets.data;

	if (octets.len != STAMP_SIZE || memcmp(in, magic, sizeof(magic)) != 0 || get(in + AT_CRC, 4) != crc32c(0, span_of(in, AT_CRC)))
		return false;
	memcpy(s->id, in + AT_ID, sizeof(s->id));
	s->key = (struct hash_key){ get(in + AT_KEY0, 8), get(in + AT_KEY1, 8) };
	s->number = get(in + AT_NUMBER, 8);
	s->ended = in[AT_ENDED] != 0;
	s->schema = (uint32_t)get(in + AT_SCHEMA, 4);
	return true;
}

// SQLite overwrites a row of the same size in place; should it ever leave an
// old copy in free octets of the page, the newest counts.
bool
stamp_find(struct stamp *s, struct span page)
{
	struct stamp one;
	bool found = false;

	for (size_t i = 0; i + STAMP_SIZE <= page.len; i++) {
		if (page.data[i] != magic[0] || !stamp_read(&one, span_of(page.data + i, STAMP_SIZE)))
			continue;
		if (!found || one.number > s->number || (one.number == s->number && one.ended))
			*s = one;
		found = true;
	}
	return found;
}
