// SPDX-License-Identifier: GPL-3.0-or-later
// http_chunks: the chunked coding of HTTP/1.1 (RFC 9112 7.1), strictly. Two
// readers on one path must see the same end of a content, so that no octet is
// forgiven here: parser libraries are often built to take any octet for a line
// end. Private to transports/.
#ifndef CMPGATE_TRANSPORTS_HTTP_CHUNKS_H
#define CMPGATE_TRANSPORTS_HTTP_CHUNKS_H

#include "base/buffer.h"

enum {
	HTTP_CHUNK_LINE_MAX = 256,	// octets of a line with a size, extensions included
	HTTP_TRAILERS_MAX = 4096	// octets of all trailer fields
};

enum http_chunks_step {
	HTTP_CHUNKS_MORE,	// all octets are used; more are needed
	HTTP_CHUNKS_DONE,	// the content is complete
	HTTP_CHUNKS_BAD,	// malformed
	HTTP_CHUNKS_LARGE,	// the content would be longer than out may hold
	HTTP_CHUNKS_MEMORY	// no memory
};

struct http_chunks {
	unsigned state;
	uint64_t left;		// octets of the chunk under way
	size_t line, trailers;	// octets of the line with the size, and of the trailers
};

// A reader at the start of a content is all zero. Takes octets, appends the
// content to out; *used tells how many belong to this content. Trailer fields
// are checked and dropped.
enum http_chunks_step http_chunks_feed(struct http_chunks *c, struct span in, size_t *used, struct buffer *out);
// Tell whether an octet may stand in a name of a field (RFC 9110 5.6.2).
bool http_token_octet(uint8_t c);
// Tell whether an octet may stand in a value of a field: no control character but the tab.
bool http_value_octet(uint8_t c);

#endif
