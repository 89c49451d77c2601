// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/name.h"

#include <stdio.h>

#include "codec/oid.h"
#include "codec/pkimessage.h"
#include "codec/text.h"

#define MALFORMED "(malformed name)"

// ---- Name

// Take the next AttributeTypeAndValue of an RDN.
static bool
take_attribute(struct span *rdn, struct name_attribute *out)
{
	struct span body;

	return der_take(rdn, DER_SEQUENCE, &body) && der_take_oid(&body, &out->type)
		&& der_take_any(&body, &out->tag, &out->value, &out->whole) && der_at_end(body);
}

static bool
rdn_check(struct span rdn, struct fault *f)
{
	struct name_attribute attribute;
	unsigned count = 0;

	if (der_at_end(rdn))
		return fault_set(f, FAIL_BAD_DATA_FORMAT, "", "a RelativeDistinguishedName is empty");
	for (; !der_at_end(rdn); count++) {
		if (count == CAP_RDN_ATTRIBUTES)
			return fault_set(f, FAIL_BAD_REQUEST, "", "an RDN has more than %d attributes", CAP_RDN_ATTRIBUTES);
		if (!take_attribute(&rdn, &attribute))
			return fault_set(f, FAIL_BAD_DATA_FORMAT, "", "an attribute of the name is no OID with one value");
	}
	return true;
}

bool
name_check(struct span name, struct fault *f)
{
	struct span rdns, rdn;
	unsigned count = 0;

	if (!der_take(&name, DER_SEQUENCE, &rdns) || !der_at_end(name))
		return fault_set(f, FAIL_BAD_DATA_FORMAT, "", "the name is no SEQUENCE of RDNs");
	for (; !der_at_end(rdns); count++) {
		if (count == CAP_RDNS)
			return fault_set(f, FAIL_BAD_REQUEST, "", "the name has more than %d RDNs", CAP_RDNS);
		if (!der_take(&rdns, DER_SET, &rdn))
			return fault_set(f, FAIL_BAD_DATA_FORMAT, "", "an RDN of the name is no SET");
		if (!rdn_check(rdn, f))
			return false;
	}
	return true;
}

bool
name_first(struct name_walk *walk, struct span name)
{
	*walk = (struct name_walk){ 0 };
	return der_take(&name, DER_SEQUENCE, &walk->rdns) && der_at_end(name);
}

bool
name_next(struct name_walk *walk, struct name_attribute *out)
{
	bool joined = !der_at_end(walk->rdn);

	if (!joined && !der_take(&walk->rdns, DER_SET, &walk->rdn))
		return false;
	out->joined = joined;
	return take_attribute(&walk->rdn, out);
}

// Take one character of a string of this type; false for types and octets that have no sure meaning.
static bool
take_character(uint8_t tag, struct span *in, uint32_t *point)
{
	size_t n = tag == DER_BMP ? 2 : tag == DER_UNIVERSAL ? 4 : 1;

	switch (tag) {
	case DER_UTF8:
		return utf8_take(in, point);
	case DER_NUMERIC: case DER_PRINTABLE: case DER_T61: case DER_IA5: case DER_VISIBLE:
	case DER_BMP: case DER_UNIVERSAL:
		break;
	default:
		return false;
	}
	if (in->len < n)
		return false;
	*point = 0;
	for (size_t i = 0; i < n; i++)
		*point = *point << 8 | in->data[i];
	*in = span_of(in->data + n, in->len - n);
	char utf8[4];
	return n == 1 ? *point < 0x80 : utf8_put(*point, utf8) > 0;
}

static bool
is_text(const struct name_attribute *a)
{
	struct span rest = a->value;
	uint32_t point;

	while (rest.len > 0)
		if (!take_character(a->tag, &rest, &point))
			return false;
	return a->tag == DER_UTF8 || a->value.len > 0;
}

// RFC 4514 2.4: a backslash before what has a meaning, hex pairs for what must not be seen.
static void
put_character(struct text *t, uint32_t point, bool first, bool last)
{
	char unit[5] = { '\\' };
	size_t n = utf8_put(point, unit + 1);
	bool edge = (point == ' ' && (first || last)) || (point == '#' && first);

	if (!harmless_character(point))
		text_escape(t, span_of(unit + 1, n));
	else if (edge || (point != 0 && point < 0x80 && strchr("\"+,;<>\\", (int)point) != NULL))
		text_unit(t, unit, 1 + n);
	else
		text_unit(t, unit + 1, n);
}

// RFC 4514 2.3: types of attributes have names, other OIDs are dotted even if they have one elsewhere.
static void
put_attribute(struct text *t, const struct name_attribute *a)
{
	char dotted[OID_TEXT_MAX];
	enum oid_id id = oid_find(a->type);
	bool named = id >= OID_NAME_FIRST && id <= OID_NAME_LAST;
	struct span rest = a->value;
	uint32_t point = 0;

	text_add(t, named ? oid_name(a->type) : oid_dotted(a->type, dotted, sizeof(dotted)));
	text_add(t, "=");
	if (!named || !is_text(a)) {
		text_add(t, "#");
		text_hex(t, a->whole);
		return;
	}
	for (bool first = true; rest.len > 0 && !t->cut; first = false) {
		take_character(a->tag, &rest, &point);
		put_character(t, point, first, rest.len == 0);
	}
}

static void
put_rdn(struct text *t, struct span rdn)
{
	struct name_attribute attribute;

	for (bool first = true; take_attribute(&rdn, &attribute) && !t->cut; first = false) {
		text_add(t, first ? "" : "+");
		put_attribute(t, &attribute);
	}
}

static void
put_name(struct text *t, struct span name)
{
	struct span rdns = span_of(NULL, 0), rdn[CAP_RDNS];
	unsigned count = 0;

	if (!name_check(name, NULL)) {
		text_add(t, MALFORMED);
		return;
	}
	der_take(&name, DER_SEQUENCE, &rdns);
	while (count < CAP_RDNS && der_take(&rdns, DER_SET, &rdn[count]))
		count++;
	for (unsigned i = count; i > 0; i--) {
		text_add(t, i < count ? "," : "");
		put_rdn(t, rdn[i - 1]);
	}
}

const char *
name_text(struct span name, char *out, size_t size)
{
	struct text t;

	text_init(&t, out, size);
	put_name(&t, name);
	return out;
}

// ---- GeneralName

static const uint8_t kind_tags[GN_COUNT] = {
	DER_CONTEXT_CONS(0), DER_CONTEXT(1), DER_CONTEXT(2), DER_CONTEXT_CONS(3), DER_CONTEXT_CONS(4),
	DER_CONTEXT_CONS(5), DER_CONTEXT(6), DER_CONTEXT(7), DER_CONTEXT(8)
};

// OtherName: OID, [0] EXPLICIT value.
static bool
read_other_name(struct general_name *name)
{
	struct span body = name->value, wrapped;
	uint8_t tag;

	return der_take_oid(&body, &name->type_id) && der_take(&body, DER_CONTEXT_CONS(0), &wrapped) && der_at_end(body)
		&& der_take_any(&wrapped, &tag, NULL, &name->value) && der_at_end(wrapped);
}

static bool
ascii(struct span v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.data[i] == 0 || v.data[i] >= 0x80)
			return false;
	return true;
}

// Is this an OID, given its contents octets? The reader of OIDs wants a header.
static bool
is_oid(struct span contents)
{
	for (size_t i = 0; i < contents.len; i++)
		if (contents.data[i] == 0x80 && (i == 0 || contents.data[i - 1] < 0x80))
			return false;
	return contents.len > 0 && contents.data[contents.len - 1] < 0x80;
}

// Four and sixteen octets are addresses, twice as many are a network in name constraints.
static bool
is_address(struct span v)
{
	return v.len == 4 || v.len == 8 || v.len == 16 || v.len == 32;
}

// EDIPartyName: an optional [0] and a [1], each around one string.
static bool
is_party(struct span in)
{
	struct span text;
	uint8_t tag;

	if (der_take(&in, DER_CONTEXT_CONS(0), &text) && (!der_take_any(&text, &tag, NULL, NULL) || !der_at_end(text)))
		return false;
	return der_take(&in, DER_CONTEXT_CONS(1), &text) && der_take_any(&text, &tag, NULL, NULL) && der_at_end(text) && der_at_end(in);
}

static bool
read_value(struct general_name *name, struct fault *f)
{
	switch (name->kind) {
	case GN_OTHER:
		return read_other_name(name)
			|| fault_set(f, FAIL_BAD_DATA_FORMAT, "otherName", "is no OID with one [0] value");
	case GN_EMAIL: case GN_DNS: case GN_URI:
		return ascii(name->value) || fault_set(f, FAIL_BAD_DATA_FORMAT, "", "a name that must be ASCII holds other octets");
	case GN_X400:	// ORAddress: its attributes are nothing that is looked into here
		return der_next_is(name->value, DER_SEQUENCE) || fault_set(f, FAIL_BAD_DATA_FORMAT, "x400Address", "is no ORAddress");
	case GN_EDI:
		return is_party(name->value) || fault_set(f, FAIL_BAD_DATA_FORMAT, "ediPartyName", "has no partyName");
	case GN_DIRECTORY:
		if (name_check(name->value, f))
			return true;
		fault_within(f, "directoryName");
		return false;
	case GN_IP:
		return is_address(name->value)
			|| fault_set(f, FAIL_BAD_DATA_FORMAT, "iPAddress", "has %zu octets, not 4 or 16", name->value.len);
	case GN_REGISTERED_ID:
		return is_oid(name->value) || fault_set(f, FAIL_BAD_DATA_FORMAT, "registeredID", "is no OID");
	case GN_COUNT:
		break;
	}
	return false;
}

bool
general_name_read(struct span *in, struct general_name *out, struct fault *f)
{
	struct span rest = *in;
	uint8_t tag;

	memset(out, 0, sizeof(*out));
	if (!der_take_any(&rest, &tag, &out->value, &out->whole))
		return fault_set(f, FAIL_BAD_DATA_FORMAT, "", "a GeneralName is missing or cut off");
	while (out->kind < GN_COUNT && kind_tags[out->kind] != tag)
		out->kind++;
	if (out->kind == GN_COUNT)
		return fault_set(f, FAIL_BAD_DATA_FORMAT, "", "tag %02x is no GeneralName", tag);
	if (!read_value(out, f))
		return false;
	*in = rest;
	return true;
}

bool
general_names_read(struct span contents, struct fault *f)
{
	struct general_name name;
	unsigned count = 0;

	for (; !der_at_end(contents); count++) {
		if (count == CAP_GENERAL_NAMES)
			return fault_set(f, FAIL_BAD_REQUEST, "", "there are more than %d names", CAP_GENERAL_NAMES);
		if (!general_name_read(&contents, &name, f))
			return false;
	}
	return count > 0 || fault_set(f, FAIL_BAD_DATA_FORMAT, "", "GeneralNames is empty");
}

static void
put_ipv4(struct text *t, const uint8_t *a)
{
	char part[24];

	snprintf(part, sizeof(part), "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
	text_add(t, part);
}

// All eight groups: shortening would only add ways to be wrong.
static void
put_ipv6(struct text *t, const uint8_t *a)
{
	char part[8];

	for (int i = 0; i < 8; i++) {
		snprintf(part, sizeof(part), "%s%x", i > 0 ? ":" : "", (unsigned)(a[2 * i] << 8 | a[2 * i + 1]));
		text_add(t, part);
	}
}

static void
put_address(struct text *t, struct span v)
{
	size_t half = v.len == 8 || v.len == 32 ? v.len / 2 : v.len;

	for (size_t at = 0; at < v.len; at += half) {
		text_add(t, at > 0 ? "/" : "");
		if (half == 4)
			put_ipv4(t, v.data + at);
		else
			put_ipv6(t, v.data + at);
	}
}

static void
put_other_name(struct text *t, const struct general_name *name)
{
	char oid[OID_TEXT_MAX];
	struct span whole = name->value, utf8;

	text_add(t, oid_text(name->type_id, oid, sizeof(oid)));
	text_add(t, ":");
	if (der_take(&whole, DER_UTF8, &utf8)) {
		text_utf8(t, utf8, "");
		return;
	}
	text_add(t, "#");
	text_hex(t, name->value);
}

const char *
general_name_text(struct span whole, char *out, size_t size)
{
	static const char *const prefix[GN_COUNT] = {
		"otherName:", "email:", "DNS:", "x400:", "dirName:", "ediParty:", "URI:", "IP:", "RID:"
	};
	struct general_name name;
	struct text t;
	char oid[OID_TEXT_MAX];

	text_init(&t, out, size);
	if (!general_name_read(&whole, &name, NULL) || !der_at_end(whole)) {
		text_add(&t, MALFORMED);
		return out;
	}
	text_add(&t, prefix[name.kind]);
	switch (name.kind) {
	case GN_OTHER: put_other_name(&t, &name); break;
	case GN_EMAIL: case GN_DNS: case GN_URI: text_utf8(&t, name.value, ""); break;
	case GN_DIRECTORY: put_name(&t, name.value); break;
	case GN_IP: put_address(&t, name.value); break;
	case GN_REGISTERED_ID: text_add(&t, oid_text(name.value, oid, sizeof(oid))); break;
	default: text_add(&t, "#"); text_hex(&t, name.value); break;
	}
	return out;
}
