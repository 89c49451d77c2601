// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/der.h"

#include "base/clock.h"

// ---- reading

bool
der_long_length(const uint8_t *p, size_t left, size_t *header, size_t *length)
{
	size_t n = p[1] & 0x7F, value = 0;

	if (n == 0 || n > 4 || left < 2 + n || p[2] == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		value = value << 8 | p[2 + i];
	*header = 2 + n;
	*length = value;
	return value >= 0x80;
}

bool
der_take_optional(struct span *in, uint8_t tag, bool *present, struct span *contents)
{
	*present = der_next_is(*in, tag);
	return !*present || der_take(in, tag, contents);
}

bool
der_take_explicit(struct span *in, uint8_t tag, uint8_t inner, struct span *contents)
{
	struct span rest = *in, wrapped;

	if (!der_take(&rest, tag, &wrapped) || !der_take(&wrapped, inner, contents) || !der_at_end(wrapped))
		return false;
	*in = rest;
	return true;
}

static bool
minimal_integer(struct span v)
{
	if (v.len == 0)
		return false;
	if (v.len == 1)
		return true;
	return !(v.data[0] == 0x00 && v.data[1] < 0x80) && !(v.data[0] == 0xFF && v.data[1] >= 0x80);
}

bool
der_take_integer(struct span *in, struct span *value)
{
	struct span rest = *in, v;

	if (!der_take(&rest, DER_INTEGER, &v) || !minimal_integer(v))
		return false;
	*value = v;
	*in = rest;
	return true;
}

bool
der_take_int32(struct span *in, int32_t *value)
{
	struct span rest = *in, v;

	if (!der_take_integer(&rest, &v) || v.len > 4)
		return false;
	uint32_t n = v.data[0] >= 0x80 ? UINT32_MAX : 0;
	for (size_t i = 0; i < v.len; i++)
		n = n << 8 | v.data[i];
	memcpy(value, &n, sizeof(n));
	*in = rest;
	return true;
}

bool
der_saturated(struct span v, int64_t *value)
{
	if (!minimal_integer(v))
		return false;
	bool negative = v.data[0] >= 0x80;
	uint64_t n = negative ? UINT64_MAX : 0;
	for (size_t i = 0; i < v.len; i++)
		n = n << 8 | v.data[i];
	if (v.len > 8)
		*value = negative ? INT64_MIN : INT64_MAX;
	else
		memcpy(value, &n, sizeof(n));
	return true;
}

bool
der_take_saturated(struct span *in, int64_t *value)
{
	struct span v;

	return der_take_integer(in, &v) && der_saturated(v, value);
}

bool
der_take_boolean(struct span *in, bool *value)
{
	struct span rest = *in, v;

	if (!der_take(&rest, DER_BOOLEAN, &v) || v.len != 1 || (v.data[0] != 0x00 && v.data[0] != 0xFF))
		return false;
	*value = v.data[0] == 0xFF;
	*in = rest;
	return true;
}

bool
der_take_null(struct span *in)
{
	struct span rest = *in, v;

	if (!der_take(&rest, DER_NULL, &v) || v.len != 0)
		return false;
	*in = rest;
	return true;
}

// Every subidentifier ends with a clear top bit and does not start with 0x80.
static bool
well_formed_oid(struct span v)
{
	if (v.len == 0 || v.data[v.len - 1] >= 0x80)
		return false;
	for (size_t i = 0; i < v.len; i++)
		if (v.data[i] == 0x80 && (i == 0 || v.data[i - 1] < 0x80))
			return false;
	return true;
}

bool
der_take_oid(struct span *in, struct span *oid)
{
	struct span rest = *in, v;

	if (!der_take(&rest, DER_OID, &v) || !well_formed_oid(v))
		return false;
	*oid = v;
	*in = rest;
	return true;
}

bool
der_take_octets(struct span *in, struct span *value)
{
	return der_take(in, DER_OCTET_STRING, value);
}

static bool
well_formed_bits(struct span v)
{
	if (v.len == 0 || v.data[0] > 7 || (v.len == 1 && v.data[0] != 0))
		return false;
	return v.len == 1 || (v.data[v.len - 1] & ((1u << v.data[0]) - 1)) == 0;
}

bool
der_take_bits(struct span *in, struct span *octets, unsigned *unused)
{
	struct span rest = *in, v;

	if (!der_take(&rest, DER_BIT_STRING, &v) || !well_formed_bits(v))
		return false;
	*octets = span_of(v.data + 1, v.len - 1);
	*unused = v.data[0];
	*in = rest;
	return true;
}

// Two decimal digits at p; -1 when they are none.
static int
two_digits(const uint8_t *p)
{
	return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9' ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

// MMDDHHMMSSZ at p.
static bool
time_from(const uint8_t *p, int year, int64_t *seconds)
{
	struct calendar c = {
		year, two_digits(p), two_digits(p + 2), two_digits(p + 4), two_digits(p + 6), two_digits(p + 8)
	};

	return p[10] == 'Z' && calendar_to_seconds(seconds, &c);
}

static bool
generalized_time(struct span v, int64_t *seconds)
{
	if (v.len != 15)
		return false;
	int high = two_digits(v.data), low = two_digits(v.data + 2);
	return high >= 0 && low >= 0 && time_from(v.data + 4, high * 100 + low, seconds);
}

// RFC 5280 4.1.2.5.1: 50..99 is 19YY, 00..49 is 20YY.
static bool
utc_time(struct span v, int64_t *seconds)
{
	if (v.len != 13)
		return false;
	int year = two_digits(v.data);
	return year >= 0 && time_from(v.data + 2, year >= 50 ? 1900 + year : 2000 + year, seconds);
}

bool
der_take_generalized_time(struct span *in, int64_t *seconds)
{
	struct span rest = *in, v;

	if (!der_take(&rest, DER_GENERALIZED_TIME, &v) || !generalized_time(v, seconds))
		return false;
	*in = rest;
	return true;
}

bool
der_take_time(struct span *in, int64_t *seconds)
{
	struct span rest = *in, v;

	if (!der_next_is(*in, DER_UTC_TIME))
		return der_take_generalized_time(in, seconds);
	if (!der_take(&rest, DER_UTC_TIME, &v) || !utc_time(v, seconds))
		return false;
	*in = rest;
	return true;
}

// What can be said of a primitive value from its universal tag alone.
static bool
well_formed_value(uint8_t tag, struct span v)
{
	switch (tag) {
	case DER_BOOLEAN: return v.len == 1 && (v.data[0] == 0x00 || v.data[0] == 0xFF);
	case DER_INTEGER:
	case DER_ENUMERATED: return minimal_integer(v);
	case DER_BIT_STRING: return well_formed_bits(v);
	case DER_NULL: return v.len == 0;
	case DER_OID: return well_formed_oid(v);
	case 0x00: return false;	// end-of-contents has no place in DER
	default: return true;
	}
}

// Universal types that are constructed: EXTERNAL, EMBEDDED PDV, SEQUENCE and SET, and no other.
static bool
lawful_form(uint8_t tag)
{
	static const uint32_t constructed = 1u << 8 | 1u << 11 | 1u << 16 | 1u << 17;

	return (tag & 0xC0) != 0 || (constructed >> (tag & 0x1F) & 1) == (tag >> 5 & 1u);
}

bool
der_check(struct span whole)
{
	const uint8_t *ends[DER_DEPTH_MAX + 1], *p = whole.data;	// where the whole and the open elements end
	size_t header, length;
	unsigned depth = 0;

	if (!der_header(p, whole.len, &header, &length) || header + length != whole.len)
		return false;
	ends[0] = p + whole.len;
	for (;;) {
		while (p == ends[depth])
			if (depth-- == 0)
				return true;
		if (!der_header(p, (size_t)(ends[depth] - p), &header, &length) || !lawful_form(*p))
			return false;
		uint8_t tag = *p;
		p += header;
		if ((tag & 0x20) == 0) {
			if (!well_formed_value(tag, span_of(p, length)))
				return false;
			p += length;
		} else if (++depth > DER_DEPTH_MAX) {
			return false;
		} else {
			ends[depth] = p + length;
		}
	}
}

// Tell whether a may stand before b in a SET OF: by their octets; what another begins with comes first.
static bool
in_order(struct span a, struct span b)
{
	int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return order < 0 || (order == 0 && a.len <= b.len);
}

bool
der_set_sorted(struct span contents)
{
	struct span last = span_of(NULL, 0), element;
	uint8_t tag;

	for (; !der_at_end(contents); last = element)
		if (!der_take_any(&contents, &tag, NULL, &element) || (last.len > 0 && !in_order(last, element)))
			return false;
	return true;
}

size_t
der_announced(struct span start)
{
	if (start.len == 0)
		return 0;
	if ((start.data[0] & 0x1F) == 0x1F)
		return SIZE_MAX;
	if (start.len < 2)
		return 0;
	uint8_t first = start.data[1];
	if (first < 0x80)
		return 2 + (size_t)first;
	size_t n = first & 0x7F;
	if (n == 0 || n > 4)
		return SIZE_MAX;
	if (start.len < 2 + n)
		return start.len > 2 && start.data[2] == 0 ? SIZE_MAX : 0;
	size_t length = 0;
	for (size_t i = 0; i < n; i++)
		length = length << 8 | start.data[2 + i];
	if (start.data[2] == 0 || length < 0x80 || length > SIZE_MAX - 2 - n)
		return SIZE_MAX;
	return 2 + n + length;
}

// ---- writing

void
der_writer_init(struct der_writer *w, size_t limit)
{
	memset(w, 0, sizeof(*w));
	buffer_init(&w->out, limit);
}

void
der_writer_clear(struct der_writer *w)
{
	buffer_clear(&w->out);
	w->depth = 0;
	w->failed = false;
}

// Octets of the length field for n contents octets.
static size_t
length_octets(size_t n)
{
	size_t octets = 1;

	if (n >= 0x80)
		for (; n > 0; n >>= 8)
			octets++;
	return octets;
}

static void
write_length(uint8_t *at, size_t n)
{
	size_t octets = length_octets(n);

	if (octets == 1) {
		at[0] = (uint8_t)n;
		return;
	}
	at[0] = (uint8_t)(0x80 | (octets - 1));
	for (size_t i = octets - 1; i > 0; i--, n >>= 8)
		at[i] = (uint8_t)n;
}

// One octet is reserved for the length; der_close moves the contents when it needs more.
void
der_open(struct der_writer *w, uint8_t tag)
{
	uint8_t start[2] = { tag, 0 };

	if (w->depth >= DER_DEPTH_MAX || !buffer_append(&w->out, span_of(start, 2))) {
		w->failed = true;
		return;
	}
	w->frames[w->depth++] = w->out.len;
}

void
der_close(struct der_writer *w)
{
	if (w->failed || w->depth == 0) {
		w->failed = true;
		return;
	}
	size_t start = w->frames[--w->depth];
	size_t length = w->out.len - start;
	size_t more = length_octets(length) - 1;
	if (!buffer_reserve(&w->out, more)) {
		w->failed = true;
		return;
	}
	if (more > 0)
		memmove(w->out.data + start + more, w->out.data + start, length);
	write_length(w->out.data + start - 1, length);
	w->out.len += more;
}

void
der_put(struct der_writer *w, uint8_t tag, struct span contents)
{
	uint8_t header[1 + 9];
	size_t octets = length_octets(contents.len);

	header[0] = tag;
	write_length(header + 1, contents.len);
	if (!buffer_append(&w->out, span_of(header, 1 + octets)) || !buffer_append(&w->out, contents))
		w->failed = true;
}

void
der_put_raw(struct der_writer *w, struct span element)
{
	if (!buffer_append(&w->out, element))
		w->failed = true;
}

void
der_put_int(struct der_writer *w, int64_t value)
{
	uint8_t octets[8];
	size_t first = 0;

	for (size_t i = 0; i < 8; i++)
		octets[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
	while (first < 7 && ((octets[first] == 0x00 && octets[first + 1] < 0x80) || (octets[first] == 0xFF && octets[first + 1] >= 0x80)))
		first++;
	der_put(w, DER_INTEGER, span_of(octets + first, 8 - first));
}

void
der_put_oid(struct der_writer *w, struct span oid)
{
	der_put(w, DER_OID, oid);
}

void
der_put_null(struct der_writer *w)
{
	der_put(w, DER_NULL, span_of(NULL, 0));
}

void
der_put_boolean(struct der_writer *w, bool value)
{
	uint8_t octet = value ? 0xFF : 0x00;

	der_put(w, DER_BOOLEAN, span_of(&octet, 1));
}

void
der_put_bits(struct der_writer *w, struct span octets, unsigned unused)
{
	uint8_t first = (uint8_t)unused;

	if (unused > 7 || (octets.len == 0 && unused != 0)) {
		w->failed = true;
		return;
	}
	der_open(w, DER_BIT_STRING);
	der_put_raw(w, span_of(&first, 1));
	der_put_raw(w, octets);
	der_close(w);
}

void
der_put_text(struct der_writer *w, uint8_t tag, const char *text)
{
	der_put(w, tag, span_text(text));
}

// YYMMDDHHMMSSZ, with the century before it or not.
static void
put_time(struct der_writer *w, uint8_t tag, const struct calendar *c)
{
	const int parts[] = { c->year / 100, c->year % 100, c->month, c->day, c->hour, c->minute, c->second };
	char text[16];
	size_t n = 0;

	for (size_t i = tag == DER_UTC_TIME; i < sizeof(parts) / sizeof(parts[0]); i++) {
		text[n++] = (char)('0' + parts[i] / 10);
		text[n++] = (char)('0' + parts[i] % 10);
	}
	text[n++] = 'Z';
	der_put(w, tag, span_of(text, n));
}

void
der_put_generalized_time(struct der_writer *w, int64_t seconds)
{
	struct calendar c;

	if (calendar_from_seconds(&c, seconds))
		put_time(w, DER_GENERALIZED_TIME, &c);
	else
		w->failed = true;
}

void
der_put_time(struct der_writer *w, int64_t seconds)
{
	struct calendar c;

	if (calendar_from_seconds(&c, seconds))
		put_time(w, c.year >= 1950 && c.year <= 2049 ? DER_UTC_TIME : DER_GENERALIZED_TIME, &c);
	else
		w->failed = true;
}

void
der_put_set(struct der_writer *w, uint8_t tag, struct span elements)
{
	struct span sorted[DER_SET_MAX], element;
	unsigned count = 0;
	uint8_t any;

	while (count < DER_SET_MAX && der_take_any(&elements, &any, NULL, &element)) {
		unsigned at = count++;
		for (; at > 0 && !in_order(sorted[at - 1], element); at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = element;
	}
	if (elements.len > 0)
		w->failed = true;
	der_open(w, tag);
	for (unsigned i = 0; i < count; i++)
		der_put_raw(w, sorted[i]);
	der_close(w);
}

bool
der_finish(struct der_writer *w, struct span *out)
{
	if (w->failed || w->out.failed || w->depth != 0)
		return false;
	*out = buffer_span(&w->out);
	return true;
}
