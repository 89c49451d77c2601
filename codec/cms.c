// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/cms.h"

#include "codec/oid.h"
#include "codec/pkcs10.h"
#include "codec/pkimessage.h"

// ---- pieces

// INTEGER of a version that is one of these bits.
static bool
version_take(struct span *in, unsigned allowed, int32_t *version, struct fault *f)
{
	if (!der_take_int32(in, version))
		return malformed(f, "version", "not a small INTEGER");
	return (*version >= 0 && *version < 32 && (allowed >> *version & 1) == 1)
		|| fault_set(f, FAIL_BAD_DATA_FORMAT, "version", "%d is none that this structure has", *version);
}

static bool
named_algorithm_take(struct span *in, struct algorithm *out, const char *field, struct fault *f)
{
	return algorithm_take(in, out, f) || failed_within(f, field);
}

static bool
octets_take(struct span *in, struct span *out, const char *field, struct fault *f)
{
	return der_take_octets(in, out) || malformed(f, field, "not an OCTET STRING");
}

static bool
nothing_behind(struct span in, const char *what, struct fault *f)
{
	return der_at_end(in) || fault_set(f, FAIL_BAD_DATA_FORMAT, "", "%s holds something that does not belong there", what);
}

// IssuerAndSerialNumber = { issuer Name, serialNumber } (RFC 5652 10.2.4), from its contents.
static bool
issuer_and_serial_read(struct span in, struct cms_id *out, struct fault *f)
{
	if (!name_take(&in, &out->issuer, f))
		return failed_within(f, "issuer");
	if (!serial_take(&in, DER_INTEGER, &out->serial, f))
		return failed_within(f, "serialNumber");
	return nothing_behind(in, "an IssuerAndSerialNumber", f);
}

// CHOICE { issuerAndSerialNumber, subjectKeyIdentifier [0] }. An empty key
// identifier could be taken for that of a certificate that has none.
static bool
id_take(struct span *in, struct cms_id *out, struct fault *f)
{
	struct span contents;

	out->by_key = der_take(in, DER_CONTEXT(0), &out->key_id);
	if (out->by_key)
		return out->key_id.len > 0 || malformed(f, "subjectKeyIdentifier", "is empty");
	if (!der_take(in, DER_SEQUENCE, &contents))
		return malformed(f, "", "neither an issuer with serial number nor a key identifier");
	return issuer_and_serial_read(contents, out, f);
}

static bool
named_id_take(struct span *in, struct cms_id *out, const char *field, struct fault *f)
{
	return id_take(in, out, f) || failed_within(f, field);
}

// Attributes from the contents of their SET: at least one, each with a type and values.
static bool
attributes_check(struct span in, struct fault *f)
{
	struct attribute a;
	size_t count = 0;

	while (!der_at_end(in)) {
		if (++count > CAP_CMS_ATTRIBUTES)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d attributes", CAP_CMS_ATTRIBUTES);
		if (!attribute_next(&in, &a))
			return malformed(f, "", "an attribute is no OID with a SET of values");
	}
	return count > 0 || malformed(f, "", "the list of attributes is empty");
}

// ---- recipients

// KeyTransRecipientInfo = { version, rid, keyEncryptionAlgorithm, encryptedKey } (RFC 5652 6.2.1)
static bool
key_transport_read(struct span in, struct key_transport *out, struct fault *f)
{
	return version_take(&in, 1u << 0 | 1u << 2, &out->version, f) && named_id_take(&in, &out->id, "rid", f)
		&& named_algorithm_take(&in, &out->encryption, "keyEncryptionAlgorithm", f)
		&& octets_take(&in, &out->encrypted_key, "encryptedKey", f) && nothing_behind(in, "a KeyTransRecipientInfo", f);
}

// OriginatorIdentifierOrKey, inside its explicit [0]: CHOICE { issuerAndSerialNumber,
// subjectKeyIdentifier [0], originatorKey [1] { algorithm, publicKey } }
static bool
originator_read(struct span in, struct key_agreement *out, struct fault *f)
{
	struct span contents;

	if (!der_next_is(in, DER_CONTEXT_CONS(1))) {
		if (!id_take(&in, &out->originator_id, f))
			return false;
		out->originator = out->originator_id.by_key ? ORIGINATOR_KEY_ID : ORIGINATOR_ISSUER_SERIAL;
		return nothing_behind(in, "an originator", f);
	}
	out->originator = ORIGINATOR_KEY;
	out->originator_key.whole = in;
	return (der_take(&in, DER_CONTEXT_CONS(1), &contents) || malformed(f, "", "cut off"))
		&& public_key_read(contents, &out->originator_key, f) && nothing_behind(in, "an originator", f);
}

// RecipientKeyIdentifier = { subjectKeyIdentifier, date?, other? } (RFC 5652 6.2.2), under [0]; nobody uses the last two.
static bool
recipient_key_id_read(struct span in, struct cms_id *out, struct fault *f)
{
	struct span any;
	bool present;
	int64_t date;

	out->by_key = true;
	if (!der_take_octets(&in, &out->key_id) || out->key_id.len == 0)
		return malformed(f, "rKeyId", "does not begin with a key identifier");
	if (der_next_is(in, DER_GENERALIZED_TIME) && !der_take_generalized_time(&in, &date))
		return malformed(f, "rKeyId", "has a date that is none");
	return (der_take_optional(&in, DER_SEQUENCE, &present, &any) && der_at_end(in))
		|| malformed(f, "rKeyId", "holds something that does not belong there");
}

static bool
agreement_id_take(struct span *in, struct cms_id *out, struct fault *f)
{
	struct span contents;

	if (der_take(in, DER_CONTEXT_CONS(0), &contents))
		return recipient_key_id_read(contents, out, f);
	if (!der_take(in, DER_SEQUENCE, &contents))
		return malformed(f, "", "neither an issuer with serial number nor a key identifier");
	return issuer_and_serial_read(contents, out, f);
}

// RecipientEncryptedKey = { rid, encryptedKey }
bool
recipient_encrypted_key_take(struct span *in, struct recipient_encrypted_key *out, struct fault *f)
{
	struct span rest = *in, contents;

	memset(out, 0, sizeof(*out));
	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "a RecipientEncryptedKey (SEQUENCE) was expected");
	if (!agreement_id_take(&contents, &out->id, f))
		return failed_within(f, "rid");
	if (!octets_take(&contents, &out->encrypted_key, "encryptedKey", f) || !nothing_behind(contents, "a RecipientEncryptedKey", f))
		return false;
	*in = rest;
	return true;
}

static bool
agreed_keys_read(struct span *in, struct key_agreement *out, struct fault *f)
{
	struct recipient_encrypted_key key;
	struct span list;

	if (!der_take(in, DER_SEQUENCE, &out->keys) || der_at_end(out->keys))
		return malformed(f, "", "not a SEQUENCE of at least one key");
	for (list = out->keys; !der_at_end(list); ) {
		if (++out->key_count > CAP_RECIPIENTS)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d keys", CAP_RECIPIENTS);
		if (!recipient_encrypted_key_take(&list, &key, f))
			return false;
	}
	return true;
}

// ukm: [n] EXPLICIT OCTET STRING, if it is next.
static bool
ukm_take(struct span *in, uint8_t tag, bool *has, struct span *ukm, struct fault *f)
{
	*has = der_next_is(*in, tag);
	return !*has || der_take_explicit(in, tag, DER_OCTET_STRING, ukm) || malformed(f, "ukm", "not an OCTET STRING");
}

// KeyAgreeRecipientInfo = { version 3, originator [0], ukm [1]?, keyEncryptionAlgorithm, recipientEncryptedKeys } (RFC 5652 6.2.2)
static bool
key_agreement_read(struct span in, struct key_agreement *out, struct fault *f)
{
	struct span originator;
	int32_t version;

	if (!version_take(&in, 1u << 3, &version, f))
		return false;
	if (!der_take(&in, DER_CONTEXT_CONS(0), &originator))
		return malformed(f, "originator", "missing");
	if (!originator_read(originator, out, f))
		return failed_within(f, "originator");
	if (!ukm_take(&in, DER_CONTEXT_CONS(1), &out->has_ukm, &out->ukm, f)
	    || !named_algorithm_take(&in, &out->encryption, "keyEncryptionAlgorithm", f))
		return false;
	if (!agreed_keys_read(&in, out, f))
		return failed_within(f, "recipientEncryptedKeys");
	return nothing_behind(in, "a KeyAgreeRecipientInfo", f);
}

// The cipher that id-alg-PWRI-KEK names in its parameters (RFC 3211 2.3).
static bool
pwri_cipher_read(struct password_recipient *out, struct fault *f)
{
	struct span in = out->encryption.parameters;

	out->rfc3211 = oid_find(out->encryption.oid) == OID_PWRI_KEK;
	if (!out->rfc3211)
		return true;
	return (algorithm_take(&in, &out->cipher, f) && nothing_behind(in, "id-alg-PWRI-KEK", f)) || failed_within(f, "keyEncryptionAlgorithm");
}

// PasswordRecipientInfo = { version 0, keyDerivationAlgorithm [0]?, keyEncryptionAlgorithm, encryptedKey } (RFC 5652 6.2.4)
static bool
password_read(struct span in, struct password_recipient *out, struct fault *f)
{
	struct span derivation, start;
	int32_t version;

	if (!version_take(&in, 1u << 0, &version, f))
		return false;
	out->has_derivation = der_next_is(in, DER_CONTEXT_CONS(0));
	start = in;
	if (out->has_derivation) {
		if (!der_take(&in, DER_CONTEXT_CONS(0), &derivation))
			return malformed(f, "keyDerivationAlgorithm", "cut off");
		if (!algorithm_read(derivation, &out->derivation, f))
			return failed_within(f, "keyDerivationAlgorithm");
		out->derivation.whole = span_of(start.data, start.len - in.len);
	}
	return named_algorithm_take(&in, &out->encryption, "keyEncryptionAlgorithm", f) && pwri_cipher_read(out, f)
		&& octets_take(&in, &out->encrypted_key, "encryptedKey", f) && nothing_behind(in, "a PasswordRecipientInfo", f);
}

// KEMRecipientInfo = { version 0, rid, kem, kemct, kdf, kekLength, ukm [0]?, wrap, encryptedKey } (RFC 9629 3)
static bool
kem_read(struct span in, struct kem_recipient *out, struct fault *f)
{
	struct span contents;
	int32_t version;

	if (!der_take(&in, DER_SEQUENCE, &contents) || !der_at_end(in))
		return malformed(f, "", "a KEMRecipientInfo must be one SEQUENCE");
	if (!version_take(&contents, 1u << 0, &version, f) || !named_id_take(&contents, &out->id, "rid", f)
	    || !named_algorithm_take(&contents, &out->kem, "kem", f) || !octets_take(&contents, &out->ciphertext, "kemct", f)
	    || !named_algorithm_take(&contents, &out->kdf, "kdf", f))
		return false;
	if (!der_take_int32(&contents, &out->kek_length) || out->kek_length < 1 || out->kek_length > 65535)
		return malformed(f, "kekLength", "not an INTEGER of 1 to 65535");
	return ukm_take(&contents, DER_CONTEXT_CONS(0), &out->has_ukm, &out->ukm, f)
		&& named_algorithm_take(&contents, &out->wrap, "wrap", f) && octets_take(&contents, &out->encrypted_key, "encryptedKey", f)
		&& nothing_behind(contents, "a KEMRecipientInfo", f);
}

// OtherRecipientInfo = { oriType, oriValue } (RFC 5652 6.2.5)
static bool
other_read(struct span in, struct recipient_info *out, struct fault *f)
{
	uint8_t tag;

	if (!der_take_oid(&in, &out->other_type) || (oid_find(out->other_type) == OID_ORI_KEM && der_at_end(in)))
		return malformed(f, "", "an OtherRecipientInfo is not an OID with a value");
	if (oid_find(out->other_type) == OID_ORI_KEM) {
		out->kind = RECIPIENT_KEM;
		return kem_read(in, &out->kem, f);
	}
	out->kind = RECIPIENT_OTHER;
	return (der_take_any(&in, &tag, NULL, NULL) && der_at_end(in)) || malformed(f, "", "an OtherRecipientInfo is not an OID with one value");
}

// RecipientInfo = CHOICE { ktri, kari [1], kekri [2], pwri [3], ori [4] } (RFC 5652 6.2)
bool
recipient_info_take(struct span *in, struct recipient_info *out, struct fault *f)
{
	struct span rest = *in, contents;
	uint8_t tag;

	memset(out, 0, sizeof(*out));
	if (!der_take_any(&rest, &tag, &contents, &out->whole))
		return malformed(f, "", "a RecipientInfo is missing or cut off");
	switch (tag) {
	case DER_SEQUENCE:
		out->kind = RECIPIENT_KEY_TRANSPORT;
		if (!key_transport_read(contents, &out->transport, f))
			return failed_within(f, "ktri");
		break;
	case DER_CONTEXT_CONS(1):
		out->kind = RECIPIENT_KEY_AGREEMENT;
		if (!key_agreement_read(contents, &out->agreement, f))
			return failed_within(f, "kari");
		break;
	case DER_CONTEXT_CONS(2):
		out->kind = RECIPIENT_KEK;
		break;
	case DER_CONTEXT_CONS(3):
		out->kind = RECIPIENT_PASSWORD;
		if (!password_read(contents, &out->password, f))
			return failed_within(f, "pwri");
		break;
	case DER_CONTEXT_CONS(4):
		if (!other_read(contents, out, f))
			return failed_within(f, "ori");
		break;
	default:
		return malformed(f, "", "a RecipientInfo is none of its choices");
	}
	*in = rest;
	return true;
}

// ---- EnvelopedData

static bool
recipients_read(struct span *in, struct enveloped_data *out, struct fault *f)
{
	struct recipient_info recipient;
	struct span list;

	if (!der_take(in, DER_SET, &out->recipients) || der_at_end(out->recipients))
		return malformed(f, "", "not a SET of at least one recipient");
	for (list = out->recipients; !der_at_end(list); ) {
		char at[24];
		if (++out->recipient_count > CAP_RECIPIENTS)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d recipients", CAP_RECIPIENTS);
		if (!recipient_info_take(&list, &recipient, f))
			return failed_within(f, index_text(out->recipient_count - 1, at));
	}
	return true;
}

// OriginatorInfo under [0]: certs [0] and crls [1], which are candidates at most.
static bool
originator_info_read(struct span in, struct enveloped_data *out, struct fault *f)
{
	struct span crls;
	bool present;

	return (der_take_optional(&in, DER_CONTEXT_CONS(0), &present, &out->originator_certificates)
			&& der_take_optional(&in, DER_CONTEXT_CONS(1), &present, &crls) && der_at_end(in))
		|| malformed(f, "originatorInfo", "holds something else than certs and crls");
}

// EncryptedContentInfo = { contentType, contentEncryptionAlgorithm, encryptedContent [0]? }
static bool
encrypted_content_read(struct span in, struct enveloped_data *out, struct fault *f)
{
	if (!der_take_oid(&in, &out->content_type))
		return malformed(f, "contentType", "not an object identifier");
	if (!named_algorithm_take(&in, &out->encryption, "contentEncryptionAlgorithm", f))
		return false;
	if (der_next_is(in, DER_CONTEXT_CONS(0)))
		return malformed(f, "encryptedContent", "is put together from pieces, which DER does not allow");
	return (der_take_optional(&in, DER_CONTEXT(0), &out->has_content, &out->content) || malformed(f, "encryptedContent", "cut off"))
		&& nothing_behind(in, "an EncryptedContentInfo", f);
}

static bool
unprotected_attributes_read(struct span *in, struct enveloped_data *out, struct fault *f)
{
	if (!der_next_is(*in, DER_CONTEXT_CONS(1)))
		return true;
	return (der_take(in, DER_CONTEXT_CONS(1), &out->attributes) || malformed(f, "", "cut off")) && attributes_check(out->attributes, f);
}

// EnvelopedData = { version, originatorInfo [0]?, recipientInfos, encryptedContentInfo, unprotectedAttrs [1]? } (RFC 5652 6.1)
bool
enveloped_data_read(struct span in, struct enveloped_data *out, struct fault *f)
{
	struct span contents;

	memset(out, 0, sizeof(*out));
	if (!version_take(&in, 1u << 0 | 1u << 2 | 1u << 3, &out->version, f))
		return false;
	if (der_take(&in, DER_CONTEXT_CONS(0), &contents) && !originator_info_read(contents, out, f))
		return false;
	if (!recipients_read(&in, out, f))
		return failed_within(f, "recipientInfos");
	if (!der_take(&in, DER_SEQUENCE, &contents))
		return malformed(f, "encryptedContentInfo", "not a SEQUENCE");
	if (!encrypted_content_read(contents, out, f))
		return failed_within(f, "encryptedContentInfo");
	if (!unprotected_attributes_read(&in, out, f))
		return failed_within(f, "unprotectedAttrs");
	return nothing_behind(in, "an EnvelopedData", f);
}

bool
enveloped_data_take(struct span *in, struct enveloped_data *out, struct fault *f)
{
	struct span rest = *in, contents;

	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "an EnvelopedData (SEQUENCE) was expected");
	if (!enveloped_data_read(contents, out, f))
		return false;
	*in = rest;
	return true;
}

// ---- SignedData

// The single value of an attribute.
static bool
single_value(const struct attribute *a, uint8_t tag, struct span *value)
{
	struct span in = a->values;

	return der_take(&in, tag, value) && der_at_end(in);
}

static bool
signed_attribute_read(const struct attribute *a, struct signer_info *out, struct fault *f)
{
	struct span in = a->values;

	switch (oid_find(a->type)) {
	case OID_CONTENT_TYPE:
		return (der_take_oid(&in, &out->content_type) && der_at_end(in)) || malformed(f, "contentType", "not one object identifier");
	case OID_MESSAGE_DIGEST:
		return single_value(a, DER_OCTET_STRING, &out->message_digest) || malformed(f, "messageDigest", "not one OCTET STRING");
	case OID_SIGNING_TIME:
		out->has_signing_time = true;
		return (der_take_time(&in, &out->signing_time) && der_at_end(in)) || malformed(f, "signingTime", "not one time");
	default:
		return true;
	}
}

// The signature is over their DER, which has one order only: others must not pass for it.
static bool
signed_attributes_read(struct signer_info *out, struct fault *f)
{
	struct span rest = out->signed_attributes, seen[CAP_CMS_ATTRIBUTES];
	struct attribute a;
	size_t count = 0;

	if (!attributes_check(rest, f))
		return false;
	if (!der_set_sorted(rest))
		return malformed(f, "", "the attributes are not in the order of DER");
	while (attribute_next(&rest, &a)) {
		for (size_t i = 0; i < count; i++)
			if (span_equal(seen[i], a.type))
				return malformed(f, "", "an attribute stands twice");
		seen[count++] = a.type;
		if (!signed_attribute_read(&a, out, f))
			return false;
	}
	return (out->content_type.len > 0 && out->message_digest.data != NULL) || malformed(f, "", "contentType or messageDigest is missing");
}

static bool
signed_attributes_take(struct span *in, struct signer_info *out, struct fault *f)
{
	static const uint8_t set[] = { DER_SET };
	struct span start = *in;

	out->has_signed_attributes = der_next_is(start, DER_CONTEXT_CONS(0));
	if (!out->has_signed_attributes)
		return true;
	if (!der_take(in, DER_CONTEXT_CONS(0), &out->signed_attributes))
		return malformed(f, "", "cut off");
	out->signed_parts[0] = span_of(set, 1);
	out->signed_parts[1] = span_of(start.data + 1, start.len - in->len - 1);
	return signed_attributes_read(out, f);
}

// SignerInfo = { version, sid, digestAlgorithm, signedAttrs [0]?, signatureAlgorithm, signature, unsignedAttrs [1]? } (RFC 5652 5.3)
static bool
signer_info_read(struct span in, struct signer_info *out, struct fault *f)
{
	struct span attributes;
	bool present;

	if (!version_take(&in, 1u << 1 | 1u << 3, &out->version, f) || !named_id_take(&in, &out->id, "sid", f)
	    || !named_algorithm_take(&in, &out->digest, "digestAlgorithm", f))
		return false;
	if (!signed_attributes_take(&in, out, f))
		return failed_within(f, "signedAttrs");
	if (!named_algorithm_take(&in, &out->signature_algorithm, "signatureAlgorithm", f)
	    || !octets_take(&in, &out->signature, "signature", f))
		return false;
	if (!der_take_optional(&in, DER_CONTEXT_CONS(1), &present, &attributes))
		return malformed(f, "unsignedAttrs", "cut off");
	if (present && !attributes_check(attributes, f))
		return failed_within(f, "unsignedAttrs");
	return nothing_behind(in, "a SignerInfo", f);
}

bool
signer_info_take(struct span *in, struct signer_info *out, struct fault *f)
{
	struct span rest = *in, contents;

	memset(out, 0, sizeof(*out));
	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "a SignerInfo (SEQUENCE) was expected");
	if (!signer_info_read(contents, out, f))
		return false;
	*in = rest;
	return true;
}

static bool
digests_read(struct span *in, struct signed_data *out, struct fault *f)
{
	struct algorithm a;
	struct span list;
	size_t count = 0;

	if (!der_take(in, DER_SET, &out->digests))
		return malformed(f, "", "not a SET");
	for (list = out->digests; !der_at_end(list); ) {
		if (++count > CAP_CMS_DIGESTS)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d algorithms", CAP_CMS_DIGESTS);
		if (!algorithm_take(&list, &a, f))
			return false;
	}
	return true;
}

// EncapsulatedContentInfo = { eContentType, eContent [0] EXPLICIT OCTET STRING? }
static bool
encapsulated_read(struct span *in, struct signed_data *out, struct fault *f)
{
	struct span contents;

	if (!der_take(in, DER_SEQUENCE, &contents) || !der_take_oid(&contents, &out->content_type))
		return malformed(f, "", "not a SEQUENCE that begins with its eContentType");
	out->has_content = der_next_is(contents, DER_CONTEXT_CONS(0));
	if (out->has_content && !der_take_explicit(&contents, DER_CONTEXT_CONS(0), DER_OCTET_STRING, &out->content))
		return malformed(f, "eContent", "not one OCTET STRING");
	return nothing_behind(contents, "an EncapsulatedContentInfo", f);
}

static bool
certificates_read(struct span *in, struct signed_data *out, struct fault *f)
{
	struct span crls;
	bool present;

	if (!der_take_optional(in, DER_CONTEXT_CONS(0), &present, &out->certificates))
		return malformed(f, "certificates", "cut off");
	if (present && !signed_objects_check(out->certificates, 0, CAP_EXTRA_CERTS, f))
		return failed_within(f, "certificates");
	return der_take_optional(in, DER_CONTEXT_CONS(1), &present, &crls) || malformed(f, "crls", "cut off");
}

static bool
signers_read(struct span *in, struct signed_data *out, struct fault *f)
{
	struct signer_info signer;
	struct span list;
	char at[24];

	// Nothing may pass for signed that nobody has signed.
	if (!der_take(in, DER_SET, &out->signers) || der_at_end(out->signers))
		return malformed(f, "", "not a SET of at least one signer");
	for (list = out->signers; !der_at_end(list); ) {
		if (++out->signer_count > CAP_SIGNERS)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d signers", CAP_SIGNERS);
		if (!signer_info_take(&list, &signer, f))
			return failed_within(f, index_text(out->signer_count - 1, at));
	}
	return true;
}

// SignedData = { version, digestAlgorithms, encapContentInfo, certificates [0]?, crls [1]?, signerInfos } (RFC 5652 5.1)
bool
signed_data_read(struct span octets, struct signed_data *out, struct fault *f)
{
	struct span in;

	memset(out, 0, sizeof(*out));
	if (!der_check(octets))
		return malformed(f, "", "not exactly one element of strict DER");
	if (!der_take(&octets, DER_SEQUENCE, &in))
		return malformed(f, "", "a SignedData (SEQUENCE) was expected");
	if (!version_take(&in, 0x3E, &out->version, f))
		return false;
	if (!digests_read(&in, out, f))
		return failed_within(f, "digestAlgorithms");
	if (!encapsulated_read(&in, out, f))
		return failed_within(f, "encapContentInfo");
	if (!certificates_read(&in, out, f))
		return false;
	if (!signers_read(&in, out, f))
		return failed_within(f, "signerInfos");
	return nothing_behind(in, "a SignedData", f);
}

// ---- AsymmetricKeyPackage

bool
key_package_read(struct span octets, struct span *keys, size_t *count, struct fault *f)
{
	struct private_key_info key;
	struct span list;
	char at[24];

	*count = 0;
	if (!der_check(octets))
		return malformed(f, "", "not exactly one element of strict DER");
	if (!der_take(&octets, DER_SEQUENCE, keys) || der_at_end(*keys))
		return malformed(f, "", "an AsymmetricKeyPackage is not a SEQUENCE of at least one key");
	for (list = *keys; !der_at_end(list); ) {
		if (++*count > CAP_KEY_PACKAGE)
			return fault_set(f, FAIL_BAD_REQUEST, "", "more than %d keys in one package", CAP_KEY_PACKAGE);
		if (!private_key_info_take(&list, &key, f))
			return failed_within(f, index_text(*count - 1, at));
	}
	return true;
}
