// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/mac.h"

#include "codec/oid.h"

// PBMParameter = { salt, owf, iterationCount, mac } (RFC 4211 4.4)
bool
pbm_parameters_read(const struct algorithm *a, struct pbm_parameters *out, struct fault *f)
{
	struct span in;

	memset(out, 0, sizeof(*out));
	if (!parameters_open(a, DER_SEQUENCE, &in, f))
		return false;
	if (!der_take_octets(&in, &out->salt))
		return malformed(f, "salt", "is not an OCTET STRING");
	if (!algorithm_take(&in, &out->owf, f))
		return failed_within(f, "owf");
	if (!der_take_saturated(&in, &out->iterations))
		return malformed(f, "iterationCount", "is not an INTEGER");
	if (!algorithm_take(&in, &out->mac, f))
		return failed_within(f, "mac");
	return der_at_end(in) || malformed(f, "", "a PBMParameter holds something after its mac");
}

void
pbm_write(struct der_writer *w, struct span owf_oid, struct span salt, int64_t iterations, struct span mac_oid)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_octets(OID_PBM));
	der_open(w, DER_SEQUENCE);
	der_put(w, DER_OCTET_STRING, salt);
	algorithm_write_bare(w, owf_oid);
	der_put_int(w, iterations);
	algorithm_write_null(w, mac_oid);
	der_close(w);
	der_close(w);
}

// PBMAC1-params = { keyDerivationFunc, messageAuthScheme } (RFC 8018 A.5)
bool
pbmac1_parameters_read(const struct algorithm *a, struct pbmac1_parameters *out, struct fault *f)
{
	struct algorithm kdf;
	struct span in;

	memset(out, 0, sizeof(*out));
	if (!parameters_open(a, DER_SEQUENCE, &in, f))
		return false;
	if (!algorithm_take(&in, &kdf, f) || !pbkdf2_read(&kdf, &out->kdf, f))
		return failed_within(f, "keyDerivationFunc");
	if (!algorithm_take(&in, &out->mac, f))
		return failed_within(f, "messageAuthScheme");
	return der_at_end(in) || malformed(f, "", "PBMAC1-params hold something after their messageAuthScheme");
}

void
pbmac1_write(struct der_writer *w, struct span salt, int64_t iterations, int64_t key_length, struct span prf_oid, struct span mac_oid)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_octets(OID_PBMAC1));
	der_open(w, DER_SEQUENCE);
	pbkdf2_write(w, DER_SEQUENCE, salt, iterations, key_length, prf_oid);
	algorithm_write_null(w, mac_oid);
	der_close(w);
	der_close(w);
}
