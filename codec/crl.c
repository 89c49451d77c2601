// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/crl.h"

static bool
take_entry(struct span *rest, struct crl_entry *out, struct fault *f)
{
	struct span in = *rest, body;
	bool present;

	*out = (struct crl_entry){ 0 };
	if (!der_take(&in, DER_SEQUENCE, &body) || !serial_take(&body, DER_INTEGER, &out->serial, NULL) || !der_take_time(&body, &out->revoked)
		|| !der_take_optional(&body, DER_SEQUENCE, &present, &out->extensions) || !der_at_end(body))
		return malformed(f, "", "an entry is not a serial number, a time and extensions");
	if (present && !extensions_check(out->extensions, f))
		return false;
	*rest = in;
	return true;
}

bool
crl_entry_next(struct span *rest, struct crl_entry *out)
{
	return take_entry(rest, out, NULL);
}

static bool
check_entries(struct crl *c, struct fault *f)
{
	struct span rest = c->entries;
	struct crl_entry entry;

	for (; !der_at_end(rest); c->entry_count++)
		if (!take_entry(&rest, &entry, f))
			return failed_within(f, "revokedCertificates");
	return true;
}

static bool
take_version(struct span *in, int *version, struct fault *f)
{
	int32_t v;

	*version = 1;
	if (!der_next_is(*in, DER_INTEGER))
		return true;
	if (!der_take_int32(in, &v) || v != 1)
		return malformed(f, "version", "is not v2 (v1 is not written)");
	*version = 2;
	return true;
}

static bool
take_times(struct span *in, struct crl *c, struct fault *f)
{
	if (!der_take_time(in, &c->this_update))
		return malformed(f, "thisUpdate", "is no time as RFC 5280 writes it");
	c->has_next_update = der_next_is(*in, DER_UTC_TIME) || der_next_is(*in, DER_GENERALIZED_TIME);
	return !c->has_next_update || der_take_time(in, &c->next_update)
		|| malformed(f, "nextUpdate", "is no time as RFC 5280 writes it");
}

static bool
take_extensions(struct span *in, struct crl *c, struct fault *f)
{
	if (der_at_end(*in))
		return true;
	if (!der_take_explicit(in, DER_CONTEXT_CONS(0), DER_SEQUENCE, &c->extensions) || !der_at_end(*in))
		return malformed(f, "crlExtensions", "the list does not end with [0] Extensions");
	if (c->version != 2)
		return malformed(f, "crlExtensions", "only a v2 list has them");
	return extensions_check(c->extensions, f) || failed_within(f, "extensions");
}

static bool
parse_tbs(struct crl *c, struct fault *f)
{
	struct span tbs = c->tbs, in;
	bool present;

	der_take(&tbs, DER_SEQUENCE, &in);
	if (!take_version(&in, &c->version, f))
		return false;
	if (!same_algorithm_take(&in, &c->signature_algorithm, f) || !named_name_take(&in, &c->issuer, "issuer", f)
	    || !take_times(&in, c, f))
		return false;
	if (!der_take_optional(&in, DER_SEQUENCE, &present, &c->entries))
		return malformed(f, "revokedCertificates", "is cut off");
	return check_entries(c, f) && take_extensions(&in, c, f);
}

bool
crl_parse(struct crl *c, struct span octets, struct fault *f)
{
	struct signed_structure s;

	memset(c, 0, sizeof(*c));
	if (!signed_structure_read(octets, &s, f))
		return false;
	c->whole = octets;
	c->tbs = s.body;
	c->signature_algorithm = s.algorithm;
	c->signature = s.signature;
	return parse_tbs(c, f) || failed_within(f, "tbsCertList");
}
