// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/name.h"

// ---- values (RFC 5280 7.1, the part of RFC 4518 that concerns ASCII)

static bool
is_white(uint8_t c)
{
	return c == ' ' || (c >= 0x09 && c <= 0x0D);
}

// A value without the white space at both ends.
static struct span
trimmed(struct span v)
{
	while (v.len > 0 && is_white(v.data[0]))
		v = span_of(v.data + 1, v.len - 1);
	while (v.len > 0 && is_white(v.data[v.len - 1]))
		v.len--;
	return v;
}

// The next octet as it is compared: runs of white space are one space, letters are small; -1 at the end.
static int
next_folded(struct span *v)
{
	if (v->len == 0)
		return -1;
	uint8_t c = v->data[0];
	size_t n = 1;
	if (is_white(c))
		for (c = ' '; n < v->len && is_white(v->data[n]); )
			n++;
	*v = span_of(v->data + n, v->len - n);
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static bool
folded_equal(struct span a, struct span b)
{
	int c;

	a = trimmed(a);
	b = trimmed(b);
	do {
		c = next_folded(&a);
		if (c != next_folded(&b))
			return false;
	} while (c >= 0);
	return true;
}

// Strings of one group are compared with each other, folded; 0: octet by octet, with their tag.
static int
group(uint8_t tag)
{
	return tag == DER_PRINTABLE || tag == DER_UTF8 ? 1 : tag == DER_IA5 ? 2 : 0;
}

static bool
attribute_equal(const struct name_attribute *a, const struct name_attribute *b)
{
	if (!span_equal(a->type, b->type) || group(a->tag) != group(b->tag))
		return false;
	if (group(a->tag) == 0)
		return span_equal(a->whole, b->whole);
	return folded_equal(a->value, b->value);
}

// ---- RDNs and names

struct rdn { struct name_attribute attributes[CAP_RDN_ATTRIBUTES]; unsigned count; };

static bool
take_rdn(struct span *rdns, struct rdn *out)
{
	struct name_walk one = { 0 };

	out->count = 0;
	if (!der_take(rdns, DER_SET, &one.rdn))
		return false;
	while (!der_at_end(one.rdn)) {
		if (out->count == CAP_RDN_ATTRIBUTES || !name_next(&one, &out->attributes[out->count]))
			return false;
		out->count++;
	}
	return out->count > 0;
}

// As sets: the order of DER is that of the octets, which are not what is compared.
static bool
rdn_equal(const struct rdn *a, const struct rdn *b)
{
	unsigned used = 0;

	if (a->count != b->count)
		return false;
	for (unsigned i = 0; i < a->count; i++) {
		unsigned k = 0;
		while (k < b->count && ((used >> k & 1) == 1 || !attribute_equal(&a->attributes[i], &b->attributes[k])))
			k++;
		if (k == b->count)
			return false;
		used |= 1u << k;
	}
	return true;
}

static bool
open_name(struct span name, struct span *rdns)
{
	return der_take(&name, DER_SEQUENCE, rdns) && der_at_end(name);
}

// Take the RDNs of base off the front of *rdns; false when others stand there.
static bool
take_base(struct span *rdns, struct span base)
{
	struct rdn wanted, found;

	while (!der_at_end(base))
		if (!take_rdn(&base, &wanted) || !take_rdn(rdns, &found) || !rdn_equal(&wanted, &found))
			return false;
	return true;
}

bool
name_equal_canonical(struct span a, struct span b)
{
	struct span left, right;

	return span_equal(a, b) || (open_name(a, &left) && open_name(b, &right) && take_base(&left, right) && der_at_end(left));
}

bool
name_within(struct span name, struct span base)
{
	struct span rdns, first;

	return open_name(name, &rdns) && open_name(base, &first) && take_base(&rdns, first);
}

unsigned
name_attribute_find(struct span name, struct span type, struct name_attribute *out)
{
	struct name_attribute attribute;
	struct name_walk walk;
	unsigned count = 0;

	if (!name_first(&walk, name))
		return 0;
	while (name_next(&walk, &attribute)) {
		if (!span_equal(attribute.type, type))
			continue;
		*out = attribute;
		count++;
	}
	return count;
}
