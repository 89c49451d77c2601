// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/form.h"

// X.690 10.1: the shortest length form.
bool
form_take(struct span *in, uint8_t tag, struct span *contents)
{
	size_t header = 2, len;

	if (in->len < 2 || in->data[0] != tag)
		return false;
	len = in->data[1];
	if (len == 0x81 && in->len >= 3 && in->data[2] >= 0x80) {
		header = 3;
		len = in->data[2];
	} else if (len == 0x82 && in->len >= 4 && in->data[2] != 0) {
		header = 4;
		len = (size_t)in->data[2] << 8 | in->data[3];
	} else if (len >= 0x80) {
		return false;
	}
	if (len > in->len - header)
		return false;
	*contents = span_of(in->data + header, len);
	*in = span_of(in->data + header + len, in->len - header - len);
	return true;
}

struct span
number_trim(struct span number)
{
	while (number.len > 0 && number.data[0] == 0)
		number = span_of(number.data + 1, number.len - 1);
	return number;
}

bool
form_take_number(struct span *in, struct span *number)
{
	struct span rest = *in, v;

	if (!form_take(&rest, FORM_INTEGER, &v) || v.len == 0 || v.data[0] >= 0x80)
		return false;
	if (v.len > 1 && v.data[0] == 0 && v.data[1] < 0x80)
		return false;
	*number = number_trim(v);
	*in = rest;
	return true;
}

bool
number_in_range(struct span number, struct span limit)
{
	if (number.len == 0 || number.len != limit.len)
		return number.len > 0 && number.len < limit.len;
	return memcmp(number.data, limit.data, limit.len) < 0;
}

static size_t
number_size(struct span n)
{
	return n.len + (n.len == 0 || n.data[0] >= 0x80 ? 1 : 0);
}

static void
put_number(struct buffer *out, struct span n)
{
	buffer_append_octet(out, FORM_INTEGER);
	buffer_append_octet(out, (uint8_t)number_size(n));
	if (number_size(n) > n.len)
		buffer_append_octet(out, 0);
	buffer_append(out, n);
}

bool
form_put_pair(struct buffer *out, const uint8_t *pair, size_t size)
{
	struct span r = number_trim(span_of(pair, size)), s = number_trim(span_of(pair + size, size));
	size_t len = 4 + number_size(r) + number_size(s);

	buffer_append_octet(out, FORM_SEQUENCE);
	if (len >= 0x80)
		buffer_append_octet(out, 0x81);
	buffer_append_octet(out, (uint8_t)len);
	put_number(out, r);
	put_number(out, s);
	return !out->failed;
}
