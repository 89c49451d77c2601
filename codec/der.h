// SPDX-License-Identifier: GPL-3.0-or-later
// der: reading and writing strict DER (X.690). A reader is a span that only
// shrinks; every call answers one yes or no. BER is refused: indefinite and
// non-minimal lengths, padded integers, odd booleans, multi-octet tags.
// A writer keeps its open frames itself, its failures stick, and der_finish()
// refuses what was not closed.
#ifndef CMPGATE_CODEC_DER_H
#define CMPGATE_CODEC_DER_H

#include "base/buffer.h"
#include "base/span.h"

enum {
	DER_BOOLEAN = 0x01, DER_INTEGER = 0x02, DER_BIT_STRING = 0x03, DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05, DER_OID = 0x06, DER_ENUMERATED = 0x0A, DER_UTF8 = 0x0C,
	DER_NUMERIC = 0x12, DER_PRINTABLE = 0x13, DER_T61 = 0x14, DER_IA5 = 0x16, DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18, DER_VISIBLE = 0x1A, DER_UNIVERSAL = 0x1C, DER_BMP = 0x1E,
	DER_SEQUENCE = 0x30, DER_SET = 0x31
};
#define DER_CONTEXT(n) (0x80 + (n))		// primitive [n]
#define DER_CONTEXT_CONS(n) (0xA0 + (n))	// constructed [n]
#define DER_DEPTH_MAX 32			// constructed elements within each other, in one message
#define DER_SET_MAX 64				// elements of a SET OF that is written

// ---- reading. `in` shrinks on success only.
// Length in the long form, at p with `left` octets from the tag on; false when it is cut off or not minimal.
bool der_long_length(const uint8_t *p, size_t left, size_t *header, size_t *length);

// The one place that checks bounds: octets of tag and length, and of contents.
// Single-octet tags, definite and minimal lengths. These few are inline: a
// message is read by some hundred of them.
static inline bool
der_header(const uint8_t *p, size_t left, size_t *header, size_t *length)
{
	if (left < 2 || (p[0] & 0x1F) == 0x1F)
		return false;
	*header = 2;
	*length = p[1];
	if (p[1] >= 0x80 && !der_long_length(p, left, header, length))
		return false;
	return *length <= left - *header;
}

// Take one element of any tag: its tag, its contents, and (if whole != NULL) all its octets.
static inline bool
der_take_any(struct span *in, uint8_t *tag, struct span *contents, struct span *whole)
{
	size_t header, length;

	if (!der_header(in->data, in->len, &header, &length))
		return false;
	*tag = in->data[0];
	if (contents != NULL)
		*contents = span_of(in->data + header, length);
	if (whole != NULL)
		*whole = span_of(in->data, header + length);
	*in = span_of(in->data + header + length, in->len - header - length);
	return true;
}

static inline bool
der_at_end(struct span in)
{
	return in.len == 0;
}

// Tell whether the next element has this tag, without taking it.
static inline bool
der_next_is(struct span in, uint8_t tag)
{
	return in.len > 0 && in.data[0] == tag;
}

// Take one element of this tag.
static inline bool
der_take(struct span *in, uint8_t tag, struct span *contents)
{
	return der_next_is(*in, tag) && der_take_any(in, &tag, contents, NULL);
}

// Take one element of this tag with its header.
static inline bool
der_take_whole(struct span *in, uint8_t tag, struct span *whole)
{
	return der_next_is(*in, tag) && der_take_any(in, &tag, NULL, whole);
}

// Take an element if it is next; *present tells. False only when it is there and malformed.
bool der_take_optional(struct span *in, uint8_t tag, bool *present, struct span *contents);
// Take `tag` EXPLICIT around exactly one element of tag `inner`.
bool der_take_explicit(struct span *in, uint8_t tag, uint8_t inner, struct span *contents);
// Values. Integers must be minimal.
bool der_take_integer(struct span *in, struct span *value);	// the contents octets
bool der_take_int32(struct span *in, int32_t *value);		// false outside int32
bool der_take_saturated(struct span *in, int64_t *value);	// beyond int64: INT64_MIN or INT64_MAX, for a judge to refuse
bool der_saturated(struct span contents, int64_t *value);	// the same from the contents octets (IMPLICIT tags)
bool der_take_boolean(struct span *in, bool *value);
bool der_take_null(struct span *in);
bool der_take_oid(struct span *in, struct span *oid);		// contents, checked
bool der_take_octets(struct span *in, struct span *value);
bool der_take_bits(struct span *in, struct span *octets, unsigned *unused);	// unused bits are 0
bool der_take_generalized_time(struct span *in, int64_t *seconds);	// YYYYMMDDHHMMSSZ only
bool der_take_time(struct span *in, int64_t *seconds);		// UTCTime or GeneralizedTime, RFC 5280 4.1.2.5
// Tell whether the elements of a SET OF (its contents) stand in the order of DER.
bool der_set_sorted(struct span contents);
// Walk everything below without recursion: form of every header, depth at most DER_DEPTH_MAX. The span must hold exactly one element.
bool der_check(struct span whole);
// Like der_check, but tells the outer length from the first octets: 0 = need more octets, SIZE_MAX = not DER, else octets of the whole element.
size_t der_announced(struct span start);

// ---- writing
struct der_writer {
	struct buffer out;
	size_t frames[DER_DEPTH_MAX];
	unsigned depth;
	bool failed;
};
void der_writer_init(struct der_writer *w, size_t limit);
void der_writer_clear(struct der_writer *w);
void der_open(struct der_writer *w, uint8_t tag);
void der_close(struct der_writer *w);
void der_put(struct der_writer *w, uint8_t tag, struct span contents);
void der_put_raw(struct der_writer *w, struct span element);	// octets as they are: splicing
void der_put_int(struct der_writer *w, int64_t value);
void der_put_oid(struct der_writer *w, struct span oid);
void der_put_null(struct der_writer *w);
void der_put_boolean(struct der_writer *w, bool value);
void der_put_bits(struct der_writer *w, struct span octets, unsigned unused);
void der_put_text(struct der_writer *w, uint8_t tag, const char *text);
void der_put_generalized_time(struct der_writer *w, int64_t seconds);
void der_put_time(struct der_writer *w, int64_t seconds);	// RFC 5280 4.1.2.5: UTCTime from 1950 to 2049, else GeneralizedTime
// Put a SET OF: the elements (at most DER_SET_MAX, one after the other) in the order of DER.
void der_put_set(struct der_writer *w, uint8_t tag, struct span elements);
// The finished octets, borrowed from the writer; false when anything failed or a frame is open.
bool der_finish(struct der_writer *w, struct span *out);

#endif
