// SPDX-License-Identifier: GPL-3.0-or-later
#include "transports/http_chunks.h"

enum { SIZE_DIGITS = 15 };	// hexadecimal; more would be no size that anybody takes

enum state { SIZE_LINE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_NAME, TRAILER_VALUE, TRAILER_LF, END_LF, END };

bool
http_token_octet(uint8_t c)
{
	return c > 0x20 && c < 0x7F && strchr("()<>@,;:\\\"/[]?={}", c) == NULL;
}

bool
http_value_octet(uint8_t c)
{
	return c == '\t' || (c >= 0x20 && c != 0x7F);
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool
go(struct http_chunks *c, enum state next)
{
	c->state = next;
	return true;
}

static bool
take_size(struct http_chunks *c, uint8_t octet)
{
	int v = hex_value(octet);

	if (v >= 0) {
		c->left = c->left << 4 | (unsigned)v;
		return ++c->line <= SIZE_DIGITS;
	}
	if (c->line == 0)
		return false;
	if (octet == '\r')
		return go(c, SIZE_LF);
	// Some writers fill the size up with blanks.
	return (octet == ';' || octet == ' ' || octet == '\t') && go(c, EXTENSION);
}

static bool
take_trailer(struct http_chunks *c, uint8_t octet)
{
	if (++c->trailers > HTTP_TRAILERS_MAX)
		return false;
	switch (c->state) {
	case TRAILER:
		if (octet == '\r')
			return go(c, END_LF);
		return http_token_octet(octet) && go(c, TRAILER_NAME);
	case TRAILER_NAME:
		if (octet == ':')
			return go(c, TRAILER_VALUE);
		return http_token_octet(octet);
	case TRAILER_VALUE:
		if (octet == '\r')
			return go(c, TRAILER_LF);
		return http_value_octet(octet);
	default:
		return octet == '\n' && go(c, TRAILER);
	}
}

// One octet outside the data; false when it does not belong there.
static bool
take(struct http_chunks *c, uint8_t octet)
{
	switch (c->state) {
	case SIZE_LINE: return take_size(c, octet);
	case EXTENSION:
		if (octet == '\r')
			return go(c, SIZE_LF);
		return http_value_octet(octet) && ++c->line <= HTTP_CHUNK_LINE_MAX;
	case SIZE_LF: return octet == '\n' && go(c, c->left > 0 ? DATA : TRAILER);
	case DATA_CR: return octet == '\r' && go(c, DATA_LF);
	case DATA_LF:
		c->line = 0;
		return octet == '\n' && go(c, SIZE_LINE);
	case END_LF: return octet == '\n' && go(c, END);
	default: return take_trailer(c, octet);
	}
}

// Data of a chunk; false without memory.
static bool
take_data(struct http_chunks *c, struct span in, size_t *used, struct buffer *out)
{
	size_t n = in.len - *used < c->left ? in.len - *used : (size_t)c->left;

	if (!buffer_append(out, span_of(in.data + *used, n)))
		return false;
	*used += n;
	c->left -= n;
	if (c->left == 0)
		c->state = DATA_CR;
	return true;
}

enum http_chunks_step
http_chunks_feed(struct http_chunks *c, struct span in, size_t *used, struct buffer *out)
{
	*used = 0;
	while (c->state != END && *used < in.len) {
		if (c->state == DATA) {
			if (!take_data(c, in, used, out))
				return HTTP_CHUNKS_MEMORY;
			continue;
		}
		if (!take(c, in.data[(*used)++]))
			return HTTP_CHUNKS_BAD;
		// Told when the size stands, before its octets came.
		if (c->state == DATA && c->left > out->limit - out->len)
			return HTTP_CHUNKS_LARGE;
	}
	return c->state == END ? HTTP_CHUNKS_DONE : HTTP_CHUNKS_MORE;
}
