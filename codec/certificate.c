// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/certificate.h"

// Version is [0] EXPLICIT, DEFAULT v1: 1 and 2 are written, 0 is not.
static bool
take_version(struct span *in, int *version, struct fault *f)
{
	struct span v;

	*version = 1;
	if (!der_next_is(*in, DER_CONTEXT_CONS(0)))
		return true;
	if (!der_take_explicit(in, DER_CONTEXT_CONS(0), DER_INTEGER, &v) || v.len != 1 || v.data[0] < 1 || v.data[0] > 2)
		return malformed(f, "version", "is neither v2 nor v3 (v1 is not written)");
	*version = v.data[0] + 1;
	return true;
}

static bool
take_validity(struct span *in, struct certificate *c, struct fault *f)
{
	struct span body;

	return (der_take(in, DER_SEQUENCE, &body) && der_take_time(&body, &c->not_before)
			&& der_take_time(&body, &c->not_after) && der_at_end(body))
		|| malformed(f, "validity", "is not two times as RFC 5280 4.1.2.5 writes them");
}

// issuerUniqueID [1] and subjectUniqueID [2]: nobody uses them, v1 must not have them.
static bool
skip_unique_ids(struct span *in, int version, struct fault *f)
{
	struct span id;
	bool one, two;

	if (!der_take_optional(in, DER_CONTEXT(1), &one, &id) || !der_take_optional(in, DER_CONTEXT(2), &two, &id))
		return malformed(f, "uniqueID", "is cut off");
	return version > 1 || (!one && !two) || malformed(f, "uniqueID", "a v1 certificate has none");
}

static bool
take_extensions(struct span *in, struct certificate *c, struct fault *f)
{
	if (der_at_end(*in))
		return true;
	if (!der_take_explicit(in, DER_CONTEXT_CONS(3), DER_SEQUENCE, &c->extensions) || !der_at_end(*in))
		return malformed(f, "extensions", "the certificate does not end with [3] Extensions");
	if (c->version != 3)
		return malformed(f, "extensions", "only a v3 certificate has them");
	return extensions_check(c->extensions, f) || failed_within(f, "extensions");
}

static bool
parse_tbs(struct certificate *c, struct fault *f)
{
	struct span tbs = c->tbs, in;

	der_take(&tbs, DER_SEQUENCE, &in);
	if (!take_version(&in, &c->version, f))
		return false;
	if (!serial_take(&in, DER_INTEGER, &c->serial, f))
		return failed_within(f, "serialNumber");
	if (!same_algorithm_take(&in, &c->signature_algorithm, f) || !named_name_take(&in, &c->issuer, "issuer", f)
	    || !take_validity(&in, c, f) || !named_name_take(&in, &c->subject, "subject", f))
		return false;
	if (!public_key_take(&in, &c->public_key, f))
		return failed_within(f, "subjectPublicKeyInfo");
	return skip_unique_ids(&in, c->version, f) && take_extensions(&in, c, f);
}

bool
certificate_parse(struct certificate *c, struct span octets, struct fault *f)
{
	struct signed_structure s;

	memset(c, 0, sizeof(*c));
	if (!signed_structure_read(octets, &s, f))
		return false;
	c->whole = octets;
	c->tbs = s.body;
	c->signature_algorithm = s.algorithm;
	c->signature = s.signature;
	return parse_tbs(c, f) || failed_within(f, "tbsCertificate");
}

bool
certificate_self_issued(const struct certificate *c)
{
	return span_equal(c->issuer, c->subject);
}
