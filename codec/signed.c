// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/signed.h"

#include "codec/name.h"

static bool
plain(struct span parameters)
{
	return parameters.len == 0 || parameters.data[0] == DER_NULL || parameters.data[0] == DER_SEQUENCE;
}

bool
signed_structure_read(struct span octets, struct signed_structure *out, struct fault *f)
{
	struct span rest = octets, contents;
	unsigned unused;

	memset(out, 0, sizeof(*out));
	if (!der_check(octets))
		return malformed(f, "", "not exactly one element of strict DER");
	if (!der_take(&rest, DER_SEQUENCE, &contents) || !der_take_whole(&contents, DER_SEQUENCE, &out->body))
		return malformed(f, "", "the outer SEQUENCE does not begin with a SEQUENCE");
	if (!algorithm_take(&contents, &out->algorithm, f))
		return failed_within(f, "signatureAlgorithm");
	if (!plain(out->algorithm.parameters))
		return fault_set(f, FAIL_BAD_ALG, "signatureAlgorithm", "the parameters are neither absent, NULL nor a SEQUENCE");
	if (!der_take_bits(&contents, &out->signature, &unused) || unused != 0)
		return malformed(f, "signature", "is no BIT STRING of whole octets");
	return der_at_end(contents) || malformed(f, "", "octets follow the signature");
}

bool
same_algorithm_take(struct span *in, const struct algorithm *outer, struct fault *f)
{
	struct algorithm inner;

	if (!algorithm_take(in, &inner, f))
		return failed_within(f, "signature");
	return span_equal(inner.whole, outer->whole)
		|| fault_set(f, FAIL_BAD_ALG, "signature", "differs from the algorithm beside the signature");
}

bool
named_name_take(struct span *in, struct span *name, const char *field, struct fault *f)
{
	if (!der_take_whole(in, DER_SEQUENCE, name))
		return malformed(f, field, "is no Name");
	return name_check(*name, f) || failed_within(f, field);
}
