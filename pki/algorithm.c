// SPDX-License-Identifier: GPL-3.0-or-later
#include "pki/algorithm.h"

#include "codec/oid.h"
#include "codec/parameters.h"

// ---- the allow-lists

static const struct { enum oid_id oid; enum digest digest; } digests[] = {
	{ OID_SHA1, DIGEST_SHA1 }, { OID_SHA224, DIGEST_SHA224 }, { OID_SHA256, DIGEST_SHA256 }, { OID_SHA384, DIGEST_SHA384 },
	{ OID_SHA512, DIGEST_SHA512 }, { OID_SHAKE256, DIGEST_SHAKE256 }
};

static const struct { enum oid_id oid; enum digest digest; } hmacs[] = {
	{ OID_HMAC_SHA1, DIGEST_SHA1 }, { OID_HMAC_SHA1_OLD, DIGEST_SHA1 }, { OID_HMAC_SHA224, DIGEST_SHA224 },
	{ OID_HMAC_SHA256, DIGEST_SHA256 }, { OID_HMAC_SHA384, DIGEST_SHA384 }, { OID_HMAC_SHA512, DIGEST_SHA512 }
};

// What stands in the parameters (RFC 9481 3, RFC 4055 5, RFC 5758 3.2, RFC 8410 3).
enum parameters { PARAMETERS_ABSENT, PARAMETERS_NULL, PARAMETERS_PSS };	// NULL: or absent

// The digest of an Edwards signature is that of certHash (RFC 9810 5.3.18); the signature itself hashes as its RFC says.
static const struct { enum oid_id oid; enum signature_kind kind; enum digest digest; enum parameters parameters; } signatures[] = {
	{ OID_SHA224_RSA, SIGNATURE_RSA_PKCS1, DIGEST_SHA224, PARAMETERS_NULL },
	{ OID_SHA256_RSA, SIGNATURE_RSA_PKCS1, DIGEST_SHA256, PARAMETERS_NULL },
	{ OID_SHA384_RSA, SIGNATURE_RSA_PKCS1, DIGEST_SHA384, PARAMETERS_NULL },
	{ OID_SHA512_RSA, SIGNATURE_RSA_PKCS1, DIGEST_SHA512, PARAMETERS_NULL },
	{ OID_RSASSA_PSS, SIGNATURE_RSA_PSS, DIGEST_COUNT, PARAMETERS_PSS },
	{ OID_ECDSA_SHA224, SIGNATURE_ECDSA, DIGEST_SHA224, PARAMETERS_ABSENT },
	{ OID_ECDSA_SHA256, SIGNATURE_ECDSA, DIGEST_SHA256, PARAMETERS_ABSENT },
	{ OID_ECDSA_SHA384, SIGNATURE_ECDSA, DIGEST_SHA384, PARAMETERS_ABSENT },
	{ OID_ECDSA_SHA512, SIGNATURE_ECDSA, DIGEST_SHA512, PARAMETERS_ABSENT },
	{ OID_ED25519, SIGNATURE_ED25519, DIGEST_SHA512, PARAMETERS_ABSENT },
	{ OID_ED448, SIGNATURE_ED448, DIGEST_SHAKE256, PARAMETERS_ABSENT }
};

// Named curves (RFC 5480 2.1.1.1, RFC 5639).
static const struct { enum oid_id oid; enum key_type type; } curves[] = {
	{ OID_P256, KEY_P256 }, { OID_P384, KEY_P384 }, { OID_P521, KEY_P521 }, { OID_BRAINPOOL_P256, KEY_BRAINPOOL_P256 },
	{ OID_BRAINPOOL_P384, KEY_BRAINPOOL_P384 }, { OID_BRAINPOOL_P512, KEY_BRAINPOOL_P512 }
};

// Which kinds of signature a key makes, with which digest we sign.
static const struct { enum signature_kind kind, other; enum digest ours; } keys[KEY_TYPE_COUNT] = {
	[KEY_RSA] = { SIGNATURE_RSA_PKCS1, SIGNATURE_RSA_PSS, DIGEST_SHA256 },
	[KEY_P256] = { SIGNATURE_ECDSA, SIGNATURE_ECDSA, DIGEST_SHA256 },
	[KEY_P384] = { SIGNATURE_ECDSA, SIGNATURE_ECDSA, DIGEST_SHA384 },
	[KEY_P521] = { SIGNATURE_ECDSA, SIGNATURE_ECDSA, DIGEST_SHA512 },
	[KEY_BRAINPOOL_P256] = { SIGNATURE_ECDSA, SIGNATURE_ECDSA, DIGEST_SHA256 },
	[KEY_BRAINPOOL_P384] = { SIGNATURE_ECDSA, SIGNATURE_ECDSA, DIGEST_SHA384 },
	[KEY_BRAINPOOL_P512] = { SIGNATURE_ECDSA, SIGNATURE_ECDSA, DIGEST_SHA512 },
	[KEY_ED25519] = { SIGNATURE_ED25519, SIGNATURE_ED25519, DIGEST_SHA512 },
	[KEY_ED448] = { SIGNATURE_ED448, SIGNATURE_ED448, DIGEST_SHAKE256 }
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool
not_accepted(struct fault *f, const char *what, struct span oid)
{
	char text[OID_TEXT_MAX];

	return fault_set(f, FAIL_BAD_ALG, "", "the %s %.80s is not accepted", what, oid_text(oid, text, sizeof(text)));
}

static bool
wrong_parameters(struct fault *f, struct span oid)
{
	char text[OID_TEXT_MAX];

	return fault_set(f, FAIL_BAD_ALG, "parameters", "the parameters of %.80s are not those that RFC 9481 has", oid_text(oid, text, sizeof(text)));
}

// ---- digests and MACs

bool
algorithm_digest(const struct algorithm *a, bool allow_sha1, enum digest *out, struct fault *f)
{
	enum oid_id id = oid_find(a->oid);
	size_t i = 0;

	while (i < COUNT(digests) && digests[i].oid != id)
		i++;
	if (i == COUNT(digests) || (id == OID_SHA1 && !allow_sha1))
		return not_accepted(f, "digest", a->oid);
	*out = digests[i].digest;
	return parameters_empty(a) || wrong_parameters(f, a->oid);
}

bool
algorithm_hmac(const struct algorithm *a, bool allow_sha1, enum digest *out, struct fault *f)
{
	enum oid_id id = oid_find(a->oid);
	size_t i = 0;

	while (i < COUNT(hmacs) && hmacs[i].oid != id)
		i++;
	if (i == COUNT(hmacs) || (hmacs[i].digest == DIGEST_SHA1 && !allow_sha1))
		return not_accepted(f, "MAC", a->oid);
	*out = hmacs[i].digest;
	return parameters_empty(a) || wrong_parameters(f, a->oid);
}

// ---- signatures

// RFC 4055 3.1 with the choices of RFC 9481 3.1: everything hangs on one digest
// of the SHA-2 family. The defaults (SHA-1, 20 octets) fall through the same sieve.
static bool
pss_read(const struct algorithm *a, struct signature_scheme *out, struct fault *f)
{
	struct pss_parameters p;
	enum digest mask;

	if (!pss_parameters_read(a, &p, NULL))
		return wrong_parameters(f, a->oid);
	if (!algorithm_digest(&p.hash, false, &out->digest, f) || !algorithm_digest(&p.mask_hash, false, &mask, f))
		return false;
	if (out->digest == DIGEST_SHAKE256)
		return not_accepted(f, "digest", p.hash.oid);
	if (mask != out->digest || p.salt_length != (int64_t)digest_size(out->digest) || p.trailer != 1)
		return wrong_parameters(f, a->oid);
	out->salt = (unsigned)p.salt_length;
	return true;
}

bool
algorithm_signature(const struct algorithm *a, struct signature_scheme *out, struct fault *f)
{
	enum oid_id id = oid_find(a->oid);
	size_t i = 0;

	while (i < COUNT(signatures) && signatures[i].oid != id)
		i++;
	if (i == COUNT(signatures))
		return not_accepted(f, "signature algorithm", a->oid);
	*out = (struct signature_scheme){ .kind = signatures[i].kind, .digest = signatures[i].digest };
	switch (signatures[i].parameters) {
	case PARAMETERS_ABSENT: return a->parameters.len == 0 || wrong_parameters(f, a->oid);
	case PARAMETERS_NULL: return parameters_empty(a) || wrong_parameters(f, a->oid);
	case PARAMETERS_PSS: return pss_read(a, out, f);
	}
	return false;
}

bool
algorithm_cert_hash(const struct algorithm *a, enum digest *out)
{
	struct signature_scheme s;

	if (!algorithm_signature(a, &s, NULL))
		return false;
	*out = s.digest;
	return true;
}

// ---- keys

// A positive INTEGER without the octet that only keeps its sign.
static bool
take_positive(struct span *in, struct span *out)
{
	if (!der_take_integer(in, out) || out->data[0] >= 0x80)
		return false;
	if (out->len > 1 && out->data[0] == 0)
		*out = span_of(out->data + 1, out->len - 1);
	return true;
}

// RSAPublicKey (RFC 8017 A.1.1).
static bool
rsa_read(const struct public_key *k, struct public_numbers *out, struct fault *f)
{
	struct span in = k->key, body;

	if (!parameters_empty(&k->algorithm))
		return wrong_parameters(f, k->algorithm.oid);
	out->type = KEY_RSA;
	return (der_take(&in, DER_SEQUENCE, &body) && der_at_end(in) && take_positive(&body, &out->modulus)
			&& take_positive(&body, &out->exponent) && der_at_end(body))
		|| fault_set(f, FAIL_BAD_CERT_TEMPLATE, "", "the RSA key is not a modulus and an exponent");
}

static bool
ec_read(const struct public_key *k, struct public_numbers *out, struct fault *f)
{
	struct span curve;
	size_t i = 0;

	if (!curve_parameters_read(&k->algorithm, &curve, NULL))
		return fault_set(f, FAIL_BAD_ALG, "parameters", "the EC key does not name its curve");
	enum oid_id id = oid_find(curve);
	while (i < COUNT(curves) && curves[i].oid != id)
		i++;
	if (i == COUNT(curves))
		return not_accepted(f, "curve", curve);
	out->type = curves[i].type;
	out->point = k->key;
	return true;
}

static bool
edwards_read(const struct public_key *k, enum key_type type, struct public_numbers *out, struct fault *f)
{
	out->type = type;
	out->point = k->key;
	return k->algorithm.parameters.len == 0 || wrong_parameters(f, k->algorithm.oid);
}

static bool
numbers_read(const struct public_key *k, struct public_numbers *out, struct fault *f)
{
	switch (oid_find(k->algorithm.oid)) {
	case OID_RSA: return rsa_read(k, out, f);
	case OID_EC_PUBLIC_KEY: return ec_read(k, out, f);
	case OID_ED25519: return edwards_read(k, KEY_ED25519, out, f);
	case OID_ED448: return edwards_read(k, KEY_ED448, out, f);
	default: return not_accepted(f, "key algorithm", k->algorithm.oid);
	}
}

bool
algorithm_public_key(const struct public_key *k, struct public_numbers *out, struct fault *f)
{
	struct fault why = { .set = false };

	memset(out, 0, sizeof(*out));
	if (!numbers_read(k, out, f))
		return false;
	switch (public_key_check(out, &why)) {
	case CRYPTO_OK: return true;
	case CRYPTO_UNSUPPORTED: return fault_set(f, FAIL_BAD_ALG, "", "this build of wolfSSL has no %s keys", key_type_name(out->type));
	case CRYPTO_FAILED: return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "no memory to look at a key");
	default: return fault_set(f, FAIL_BAD_CERT_TEMPLATE, "", "%s", why.set ? why.text : "the numbers of the key are none");
	}
}

// Strength grows in the order of the SHA-2 family, whose 256 bits are the floor; an Edwards curve has one digest.
bool
algorithm_fits(const struct signature_scheme *s, const struct public_numbers *key, struct fault *f)
{
	bool edwards = key->type == KEY_ED25519 || key->type == KEY_ED448;

	if (s->kind != keys[key->type].kind && s->kind != keys[key->type].other)
		return fault_set(f, FAIL_BAD_ALG, "", "a %s key cannot have made a signature of this algorithm", key_type_name(key->type));
	return (edwards ? s->digest == keys[key->type].ours : s->digest >= DIGEST_SHA256)
		|| fault_set(f, FAIL_BAD_ALG, "", "%s is too weak for a signature: it takes SHA-256 or better", digest_name(s->digest));
}

struct signature_scheme
algorithm_of_key(const struct public_numbers *key)
{
	return (struct signature_scheme){ .kind = keys[key->type].kind, .digest = keys[key->type].ours };
}

// ---- writing

static struct span
digest_oid(enum digest d)
{
	for (size_t i = 0; i < COUNT(digests); i++)
		if (digests[i].digest == d)
			return oid_octets(digests[i].oid);
	return span_of(NULL, 0);
}

void
algorithm_write_signature(struct der_writer *w, const struct signature_scheme *s)
{
	size_t i = 0;

	if (s->kind == SIGNATURE_RSA_PSS) {
		pss_write(w, digest_oid(s->digest), s->salt);
		return;
	}
	while (i < COUNT(signatures) && (signatures[i].kind != s->kind || signatures[i].digest != s->digest))
		i++;
	if (i == COUNT(signatures))
		w->failed = true;
	else if (signatures[i].parameters == PARAMETERS_NULL)
		algorithm_write_null(w, oid_octets(signatures[i].oid));
	else
		algorithm_write_bare(w, oid_octets(signatures[i].oid));
}

void
algorithm_write_digest(struct der_writer *w, enum digest d)
{
	algorithm_write_bare(w, digest_oid(d));
}

void
algorithm_write_hmac(struct der_writer *w, enum digest d)
{
	size_t i = 0;

	while (i < COUNT(hmacs) && hmacs[i].digest != d)
		i++;
	if (i < COUNT(hmacs))
		algorithm_write_null(w, oid_octets(hmacs[i].oid));
	else
		w->failed = true;
}
