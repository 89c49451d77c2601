// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/pkcs10.h"

bool
oid_is_pkcs9(struct span oid, uint8_t n)
{
	static const uint8_t arc[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9 };

	return oid.len == sizeof(arc) + 1 && memcmp(oid.data, arc, sizeof(arc)) == 0 && oid.data[sizeof(arc)] == n;
}

static bool
take_attribute(struct span *rest, struct attribute *out)
{
	struct span in = *rest, body, values;
	uint8_t tag;

	if (!der_take(&in, DER_SEQUENCE, &body) || !der_take_oid(&body, &out->type)
		|| !der_take(&body, DER_SET, &out->values) || !der_at_end(body) || der_at_end(out->values))
		return false;
	for (values = out->values; !der_at_end(values);)
		if (!der_take_any(&values, &tag, NULL, NULL))
			return false;
	*rest = in;
	return true;
}

bool
attribute_next(struct span *rest, struct attribute *out)
{
	return take_attribute(rest, out);
}

// RFC 2985 5.4.2: a single value, the Extensions.
static bool
read_extension_request(struct pkcs10 *p, struct span values, struct fault *f)
{
	if (!der_take(&values, DER_SEQUENCE, &p->extensions) || !der_at_end(values))
		return malformed(f, "extensionRequest", "is not a single Extensions value");
	return extensions_check(p->extensions, f) || failed_within(f, "extensionRequest");
}

static bool
check_attributes(struct pkcs10 *p, struct fault *f)
{
	struct span rest = p->attributes, seen[CAP_PKCS10_ATTRIBUTES];
	struct attribute a;

	for (unsigned count = 0; !der_at_end(rest); count++) {
		if (count == CAP_PKCS10_ATTRIBUTES)
			return fault_set(f, FAIL_BAD_REQUEST, "attributes", "there are more than %d", CAP_PKCS10_ATTRIBUTES);
		if (!take_attribute(&rest, &a))
			return malformed(f, "attributes", "an attribute is no OID with a SET of values");
		for (unsigned i = 0; i < count; i++)
			if (span_equal(seen[i], a.type))
				return fault_set(f, FAIL_BAD_DATA_FORMAT, "attributes", "number %u is of the same type as number %u", count + 1, i + 1);
		seen[count] = a.type;
		if (oid_is_pkcs9(a.type, PKCS9_EXTENSION_REQUEST) && !read_extension_request(p, a.values, f))
			return failed_within(f, "attributes");
	}
	return true;
}

static bool
parse_info(struct pkcs10 *p, struct fault *f)
{
	struct span info = p->info, in;
	int32_t version;
	bool present;

	der_take(&info, DER_SEQUENCE, &in);
	if (!der_take_int32(&in, &version) || version != 0)
		return fault_set(f, FAIL_BAD_CERT_TEMPLATE, "version", "is not 0");
	if (!named_name_take(&in, &p->subject, "subject", f))
		return false;
	if (!public_key_take(&in, &p->public_key, f))
		return failed_within(f, "subjectPKInfo");
	if (!der_take_optional(&in, DER_CONTEXT_CONS(0), &present, &p->attributes) || !der_at_end(in))
		return malformed(f, "attributes", "the request does not end with [0] attributes");
	return check_attributes(p, f);
}

bool
pkcs10_parse(struct pkcs10 *p, struct span octets, struct fault *f)
{
	struct signed_structure s;

	memset(p, 0, sizeof(*p));
	if (!signed_structure_read(octets, &s, f))
		return false;
	p->whole = octets;
	p->info = s.body;
	p->signature_algorithm = s.algorithm;
	p->signature = s.signature;
	return parse_info(p, f) || failed_within(f, "certificationRequestInfo");
}
