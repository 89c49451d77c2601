// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/pkcs8.h"

#include "codec/oid.h"

// ---- OneAsymmetricKey

// publicKey is [1] IMPLICIT BIT STRING.
static bool
public_key_bits(struct span in, struct private_key_info *out)
{
	out->has_public_key = true;
	if (in.len == 0 || in.data[0] != 0)
		return false;
	out->public_key = span_of(in.data + 1, in.len - 1);
	return true;
}

// OneAsymmetricKey = { version, privateKeyAlgorithm, privateKey, attributes [0]?, publicKey [1]? } (RFC 5958 2)
static bool
key_info_fields(struct span in, struct private_key_info *out, struct fault *f)
{
	struct span bits;
	int32_t version;
	bool present;

	if (!der_take_int32(&in, &version) || version < 0 || version > 1)
		return malformed(f, "version", "is neither v1 nor v2");
	out->version = version + 1;
	if (!algorithm_take(&in, &out->algorithm, f))
		return failed_within(f, "privateKeyAlgorithm");
	if (!der_take_octets(&in, &out->key) || out->key.len == 0)
		return malformed(f, "privateKey", "is not an OCTET STRING with a key");
	if (!der_take_optional(&in, DER_CONTEXT_CONS(0), &present, &out->attributes))
		return malformed(f, "attributes", "are cut off");
	if (!der_take_optional(&in, DER_CONTEXT(1), &present, &bits) || (present && !public_key_bits(bits, out)))
		return malformed(f, "publicKey", "is not a BIT STRING of whole octets");
	if (present && out->version != 2)
		return malformed(f, "publicKey", "only version v2 has it");
	return der_at_end(in) || malformed(f, "", "a OneAsymmetricKey holds something that does not belong there");
}

bool
private_key_info_take(struct span *in, struct private_key_info *out, struct fault *f)
{
	struct span rest = *in, contents;

	memset(out, 0, sizeof(*out));
	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "a OneAsymmetricKey (SEQUENCE) was expected");
	if (!key_info_fields(contents, out, f))
		return false;
	out->whole = span_of(in->data, in->len - rest.len);
	*in = rest;
	return true;
}

// Exactly one SEQUENCE of strict DER.
static bool
open_only(struct span octets, struct span *contents, struct fault *f)
{
	if (!der_check(octets))
		return malformed(f, "", "not exactly one element of strict DER");
	return der_take(&octets, DER_SEQUENCE, contents) || malformed(f, "", "not a SEQUENCE");
}

bool
private_key_info_read(struct span octets, struct private_key_info *out, struct fault *f)
{
	struct span contents;

	memset(out, 0, sizeof(*out));
	return open_only(octets, &contents, f) && private_key_info_take(&octets, out, f);
}

void
private_key_info_write(struct der_writer *w, const struct private_key_info *k)
{
	der_open(w, DER_SEQUENCE);
	der_put_int(w, k->has_public_key ? 1 : 0);
	der_put_raw(w, k->algorithm.whole);
	der_put(w, DER_OCTET_STRING, k->key);
	if (k->has_public_key) {
		static const uint8_t no_unused_bits[] = { 0 };
		der_open(w, DER_CONTEXT(1));
		der_put_raw(w, span_of(no_unused_bits, 1));
		der_put_raw(w, k->public_key);
		der_close(w);
	}
	der_close(w);
}

// ---- EncryptedPrivateKeyInfo

static size_t
cbc_key_octets(struct span oid)
{
	switch (oid_find(oid)) {
	case OID_AES128_CBC: return 16;
	case OID_AES192_CBC: return 24;
	case OID_AES256_CBC: return 32;
	default: return 0;
	}
}

// PBES2-params (RFC 8018 A.4): keyDerivationFunc, encryptionScheme.
static bool
pbes2_read(const struct algorithm *a, struct encrypted_private_key *out, struct fault *f)
{
	struct algorithm kdf, cipher;
	struct span in;

	if (oid_find(a->oid) != OID_PBES2)
		return fault_set(f, FAIL_BAD_ALG, "", "the key is not encrypted by PBES2");
	if (!parameters_open(a, DER_SEQUENCE, &in, f))
		return false;
	if (!algorithm_take(&in, &kdf, f) || !pbkdf2_read(&kdf, &out->kdf, f))
		return failed_within(f, "keyDerivationFunc");
	if (!algorithm_take(&in, &cipher, f))
		return failed_within(f, "encryptionScheme");
	out->cipher = cipher.oid;
	out->key_octets = cbc_key_octets(cipher.oid);
	if (out->key_octets == 0)
		return fault_set(f, FAIL_BAD_ALG, "encryptionScheme", "is not AES-CBC");
	if (!cbc_parameters_read(&cipher, &out->iv, f))
		return failed_within(f, "encryptionScheme");
	return der_at_end(in) || malformed(f, "", "PBES2-params hold something after their encryptionScheme");
}

// EncryptedPrivateKeyInfo = { encryptionAlgorithm, encryptedData } (RFC 5958 3)
bool
encrypted_private_key_read(struct span octets, struct encrypted_private_key *out, struct fault *f)
{
	struct algorithm scheme;
	struct span in;

	memset(out, 0, sizeof(*out));
	if (!open_only(octets, &in, f))
		return false;
	if (!algorithm_take(&in, &scheme, f) || !pbes2_read(&scheme, out, f))
		return failed_within(f, "encryptionAlgorithm");
	return (der_take_octets(&in, &out->secret) && der_at_end(in))
		|| malformed(f, "encryptedData", "is not one OCTET STRING at the end");
}

// ---- what lies inside

static bool
ec_public_key(struct span *in, struct ec_private_key *out, struct fault *f)
{
	struct span contents;
	unsigned unused;

	out->has_public_key = der_next_is(*in, DER_CONTEXT_CONS(1));
	if (!out->has_public_key)
		return true;
	return (der_take(in, DER_CONTEXT_CONS(1), &contents) && der_take_bits(&contents, &out->public_key, &unused) && unused == 0
			&& der_at_end(contents))
		|| malformed(f, "publicKey", "is not a BIT STRING of whole octets");
}

// ECPrivateKey = { version 1, privateKey, parameters [0]?, publicKey [1]? } (RFC 5915 3)
bool
ec_private_key_read(struct span octets, struct ec_private_key *out, struct fault *f)
{
	struct span in, parameters;
	int32_t version;

	memset(out, 0, sizeof(*out));
	if (!open_only(octets, &in, f))
		return false;
	if (!der_take_int32(&in, &version) || version != 1)
		return malformed(f, "version", "is not 1");
	if (!der_take_octets(&in, &out->key) || out->key.len == 0)
		return malformed(f, "privateKey", "is not an OCTET STRING with a key");
	if (der_next_is(in, DER_CONTEXT_CONS(0))) {
		if (!der_take(&in, DER_CONTEXT_CONS(0), &parameters))
			return malformed(f, "parameters", "are cut off");
		if (!der_take_oid(&parameters, &out->curve) || !der_at_end(parameters))
			return fault_set(f, FAIL_BAD_ALG, "parameters", "do not name a curve");
	}
	return ec_public_key(&in, out, f) && (der_at_end(in) || malformed(f, "", "an ECPrivateKey holds something that does not belong there"));
}

// A positive INTEGER, without the zero octet that keeps it positive.
static bool
take_positive(struct span *in, struct span *value)
{
	if (!der_take_integer(in, value) || value->data[0] >= 0x80)
		return false;
	if (value->data[0] == 0)
		*value = span_of(value->data + 1, value->len - 1);
	return value->len > 0;
}

// RSAPrivateKey = { version 0, n, e, d, p, q, dP, dQ, qInv } (RFC 8017 A.1.2)
bool
rsa_private_key_read(struct span octets, struct rsa_private_key *out, struct fault *f)
{
	struct span in, *const fields[] = {
		&out->modulus, &out->public_exponent, &out->private_exponent, &out->prime[0], &out->prime[1],
		&out->exponent[0], &out->exponent[1], &out->coefficient
	};
	int32_t version;

	memset(out, 0, sizeof(*out));
	if (!open_only(octets, &in, f))
		return false;
	if (!der_take_int32(&in, &version) || version != 0)
		return malformed(f, "version", "is not 0: keys of more than two primes are not read");
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!take_positive(&in, fields[i]))
			return malformed(f, "", "an RSAPrivateKey is not eight positive INTEGERs");
	return der_at_end(in) || malformed(f, "", "an RSAPrivateKey holds something after its coefficient");
}

bool
curve_private_key_read(struct span octets, struct span *key, struct fault *f)
{
	return (der_take_octets(&octets, key) && der_at_end(octets) && key->len > 0)
		|| malformed(f, "privateKey", "is not an OCTET STRING with a key");
}
