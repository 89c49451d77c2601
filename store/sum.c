// SPDX-License-Identifier: GPL-3.0-or-later
// sum: CRC-32C (Castagnoli, reflected 0x82f63b78) over the values of a row.
// quick_check sees broken pages, not a flipped bit inside a value; this does.
#include "store/private.h"

// Four bits at a time: 64 octets of table, quick enough for rows.
static const uint32_t steps[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
	0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75
};

uint32_t
crc32c(uint32_t crc, struct span octets)
{
	crc = ~crc;
	for (size_t i = 0; i < octets.len; i++) {
		crc ^= octets.data[i];
		crc = crc >> 4 ^ steps[crc & 15];
		crc = crc >> 4 ^ steps[crc & 15];
	}
	return ~crc;
}

// The store's name and the table's go in first, so that a row that a damaged
// file shows under another table, or that came from another store, does not fit.
void
row_sum_begin(struct row_sum *s, const struct store_db *db, const char *family)
{
	s->crc = crc32c(crc32c(0, span_of(db->stamp.id, sizeof(db->stamp.id))), span_text(family));
	s->len = 0;
}

static void
add(struct row_sum *s, uint64_t value)
{
	uint8_t octets[8];

	for (int i = 0; i < 8; i++)
		octets[i] = (uint8_t)(value >> (56 - 8 * i));
	s->crc = crc32c(s->crc, span_of(octets, sizeof(octets)));
}

void
row_sum_int(struct row_sum *s, int64_t value)
{
	add(s, (uint64_t)value);
	s->len += 8;
}

void
row_sum_octets(struct row_sum *s, struct span value)
{
	add(s, value.len);
	s->crc = crc32c(s->crc, value);
	s->len += (int64_t)value.len;
}
