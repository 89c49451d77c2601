// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/parameters.h"

#include "codec/oid.h"

// ---- what they have in common

bool
parameters_open(const struct algorithm *a, uint8_t tag, struct span *contents, struct fault *f)
{
	struct span in = a->parameters;

	if (in.len == 0)
		return fault_set(f, FAIL_BAD_ALG, "parameters", "are missing");
	if (!der_next_is(in, tag))
		return fault_set(f, FAIL_BAD_ALG, "parameters", "are of another type than the algorithm prescribes");
	return (der_take(&in, tag, contents) && der_at_end(in)) || malformed(f, "parameters", "cannot be decoded");
}

bool
parameters_empty(const struct algorithm *a)
{
	struct span in = a->parameters;

	return in.len == 0 || (der_take_null(&in) && der_at_end(in));
}

static bool
undecodable(struct fault *f, const char *field)
{
	return malformed(f, field, "is not what the parameters of this algorithm have there");
}

// An AlgorithmIdentifier under [n] EXPLICIT, or the default where it is absent.
static bool
tagged_algorithm(struct span *in, unsigned n, struct span otherwise, struct algorithm *out, const char *field, struct fault *f)
{
	struct span contents = otherwise;
	uint8_t tag = (uint8_t)DER_CONTEXT_CONS(n);

	if (der_next_is(*in, tag) && !der_take(in, tag, &contents))
		return undecodable(f, field);
	if (!algorithm_take(&contents, out, f))
		return failed_within(f, field);
	return der_at_end(contents) || undecodable(f, field);
}

// An INTEGER under [n] EXPLICIT, or the default.
static bool
tagged_integer(struct span *in, unsigned n, int64_t otherwise, int64_t *out, const char *field, struct fault *f)
{
	struct span contents;
	uint8_t tag = (uint8_t)DER_CONTEXT_CONS(n);

	*out = otherwise;
	if (!der_next_is(*in, tag))
		return true;
	return (der_take(in, tag, &contents) && der_take_saturated(&contents, out) && der_at_end(contents)) || undecodable(f, field);
}

void
algorithm_write_bare(struct der_writer *w, struct span oid)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid);
	der_close(w);
}

void
algorithm_write_null(struct der_writer *w, struct span oid)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid);
	der_put_null(w);
	der_close(w);
}

// ---- RSASSA-PSS

static const uint8_t sha1[] = { 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00 };
static const uint8_t mgf1_sha1[] = {
	0x30, 0x16, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08,
	0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00
};

static bool
mask_read(struct pss_parameters *p, struct fault *f)
{
	struct span in = p->mask.parameters;

	if (oid_find(p->mask.oid) != OID_MGF1)
		return fault_set(f, FAIL_BAD_ALG, "maskGenAlgorithm", "is not mgf1");
	if (!der_next_is(in, DER_SEQUENCE))
		return fault_set(f, FAIL_BAD_ALG, "maskGenAlgorithm", "does not name its hash");
	if (!algorithm_take(&in, &p->mask_hash, f))
		return failed_within(f, "maskGenAlgorithm");
	return der_at_end(in) || undecodable(f, "maskGenAlgorithm");
}

// RSASSA-PSS-params = { hashAlgorithm [0]?, maskGenAlgorithm [1]?, saltLength [2]?, trailerField [3]? } (RFC 4055 3.1)
bool
pss_parameters_read(const struct algorithm *a, struct pss_parameters *out, struct fault *f)
{
	struct span in;

	memset(out, 0, sizeof(*out));
	return parameters_open(a, DER_SEQUENCE, &in, f)
		&& tagged_algorithm(&in, 0, span_of(sha1, sizeof(sha1)), &out->hash, "hashAlgorithm", f)
		&& tagged_algorithm(&in, 1, span_of(mgf1_sha1, sizeof(mgf1_sha1)), &out->mask, "maskGenAlgorithm", f)
		&& mask_read(out, f)
		&& tagged_integer(&in, 2, 20, &out->salt_length, "saltLength", f)
		&& tagged_integer(&in, 3, 1, &out->trailer, "trailerField", f)
		&& (der_at_end(in) || undecodable(f, "parameters"));
}

void
pss_write(struct der_writer *w, struct span hash_oid, int64_t salt_length)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_octets(OID_RSASSA_PSS));
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_CONTEXT_CONS(0));
	algorithm_write_null(w, hash_oid);
	der_close(w);
	der_open(w, DER_CONTEXT_CONS(1));
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_octets(OID_MGF1));
	algorithm_write_null(w, hash_oid);
	der_close(w);
	der_close(w);
	der_open(w, DER_CONTEXT_CONS(2));
	der_put_int(w, salt_length);
	der_close(w);
	der_close(w);
	der_close(w);
}

// ---- AES-CBC, curves

bool
cbc_parameters_read(const struct algorithm *a, struct span *iv, struct fault *f)
{
	return parameters_open(a, DER_OCTET_STRING, iv, f);
}

void
cbc_write(struct der_writer *w, struct span oid, struct span iv)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid);
	der_put(w, DER_OCTET_STRING, iv);
	der_close(w);
}

bool
curve_parameters_read(const struct algorithm *a, struct span *curve, struct fault *f)
{
	struct span in = a->parameters;

	if (!parameters_open(a, DER_OID, curve, f))
		return false;
	return der_take_oid(&in, curve) || malformed(f, "parameters", "cannot be decoded");
}

// ---- PBKDF2

static const uint8_t hmac_sha1[] = { 0x30, 0x0C, 0x06, 0x08, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x02, 0x07, 0x05, 0x00 };

// prf has a default that DER leaves out; peers that write it are understood.
static bool
prf_read(struct span *in, struct algorithm *prf, struct fault *f)
{
	struct span otherwise = span_of(hmac_sha1, sizeof(hmac_sha1));

	return algorithm_take(der_at_end(*in) ? &otherwise : in, prf, f) || failed_within(f, "prf");
}

// PBKDF2-params = { salt, iterationCount, keyLength?, prf? } (RFC 8018 A.2)
bool
pbkdf2_parameters_read(const struct algorithm *a, struct pbkdf2_parameters *out, struct fault *f)
{
	struct span in;

	memset(out, 0, sizeof(*out));
	if (!parameters_open(a, DER_SEQUENCE, &in, f))
		return false;
	if (der_next_is(in, DER_SEQUENCE))
		return fault_set(f, FAIL_BAD_ALG, "salt", "must be written in the parameters, not be had from another source");
	if (!der_take_octets(&in, &out->salt))
		return undecodable(f, "salt");
	if (!der_take_saturated(&in, &out->iterations))
		return undecodable(f, "iterationCount");
	out->has_key_length = der_next_is(in, DER_INTEGER);
	if (out->has_key_length && !der_take_saturated(&in, &out->key_length))
		return undecodable(f, "keyLength");
	return prf_read(&in, &out->prf, f) && (der_at_end(in) || undecodable(f, "parameters"));
}

bool
pbkdf2_read(const struct algorithm *a, struct pbkdf2_parameters *out, struct fault *f)
{
	if (oid_find(a->oid) != OID_PBKDF2)
		return fault_set(f, FAIL_BAD_ALG, "", "the key derivation is not PBKDF2");
	return pbkdf2_parameters_read(a, out, f);
}

void
pbkdf2_write(struct der_writer *w, uint8_t tag, struct span salt, int64_t iterations, int64_t key_length, struct span prf_oid)
{
	der_open(w, tag);
	der_put_oid(w, oid_octets(OID_PBKDF2));
	der_open(w, DER_SEQUENCE);
	der_put(w, DER_OCTET_STRING, salt);
	der_put_int(w, iterations);
	if (key_length != 0)
		der_put_int(w, key_length);
	if (oid_find(prf_oid) != OID_HMAC_SHA1)
		algorithm_write_null(w, prf_oid);
	der_close(w);
	der_close(w);
}
