// SPDX-License-Identifier: GPL-3.0-or-later
// cms: the structures of CMS (RFC 5652) that CMP carries: EnvelopedData for
// keys, certificates and passphrases, SignedData and AsymmetricKeyPackage for
// keys that a CA makes. Views over received octets, and writers. Which
// algorithms and lengths are good, and whose keys these are, is for others.
// Faults are badDataFormat, badRequest over a cap.
#ifndef CMPGATE_CODEC_CMS_H
#define CMPGATE_CODEC_CMS_H

#include "codec/element.h"
#include "codec/pkcs8.h"

enum { CAP_CMS_ATTRIBUTES = 16, CAP_CMS_DIGESTS = 16, CAP_SIGNERS = 4, CAP_KEY_PACKAGE = 16 };

// RecipientIdentifier, SignerIdentifier, KeyAgreeRecipientIdentifier, and two of the three originators.
struct cms_id {
	bool by_key;			// subjectKeyIdentifier; else issuerAndSerialNumber
	struct span key_id;
	struct span issuer;		// Name, whole
	struct span serial;		// contents of the INTEGER
};

enum recipient_kind {
	RECIPIENT_KEY_TRANSPORT, RECIPIENT_KEY_AGREEMENT, RECIPIENT_KEK, RECIPIENT_PASSWORD, RECIPIENT_KEM,
	RECIPIENT_OTHER		// an ori of another type
};
enum originator { ORIGINATOR_ISSUER_SERIAL, ORIGINATOR_KEY_ID, ORIGINATOR_KEY };

// KeyTransRecipientInfo
struct key_transport {
	int32_t version;		// 0 or 2
	struct cms_id id;
	struct algorithm encryption;
	struct span encrypted_key;
};
// KeyAgreeRecipientInfo
struct key_agreement {
	enum originator originator;
	struct cms_id originator_id;		// of the first two kinds
	struct public_key originator_key;	// of the third; whole is the [1] TLV
	bool has_ukm; struct span ukm;
	struct algorithm encryption;		// the scheme, with the key wrap as its parameters
	struct span keys;			// contents: RecipientEncryptedKeys, all checked
	size_t key_count;			// 1..CAP_RECIPIENTS
};
struct recipient_encrypted_key { struct cms_id id; struct span encrypted_key; };
// PasswordRecipientInfo. The key is wrapped by keyEncryptionAlgorithm itself (RFC 9483 4.1.6.3),
// or by id-alg-PWRI-KEK (RFC 3211) with the cipher that is named in its parameters.
struct password_recipient {
	bool has_derivation; struct algorithm derivation;	// whole is the [0] TLV
	struct algorithm encryption;
	bool rfc3211; struct algorithm cipher;			// the cipher inside id-alg-PWRI-KEK
	struct span encrypted_key;
};
// KEMRecipientInfo (RFC 9629 3)
struct kem_recipient {
	struct cms_id id;
	struct algorithm kem;
	struct span ciphertext;
	struct algorithm kdf;
	int32_t kek_length;		// octets, 1..65535
	bool has_ukm; struct span ukm;
	struct algorithm wrap;
	struct span encrypted_key;
};
struct recipient_info {
	enum recipient_kind kind;
	struct span whole;
	struct span other_type;		// RECIPIENT_OTHER: OID contents
	union {
		struct key_transport transport;
		struct key_agreement agreement;
		struct password_recipient password;
		struct kem_recipient kem;
	};
};
// Take one RecipientInfo; of KEKRecipientInfo the outer form only.
bool recipient_info_take(struct span *in, struct recipient_info *out, struct fault *f);
bool recipient_encrypted_key_take(struct span *in, struct recipient_encrypted_key *out, struct fault *f);

struct enveloped_data {
	int32_t version;			// 0, 2 or 3
	struct span originator_certificates;	// contents of certs in originatorInfo, unchecked; len 0 = absent
	struct span recipients;			// contents: RecipientInfos, all checked
	size_t recipient_count;			// 1..CAP_RECIPIENTS
	struct span content_type;		// OID contents
	struct algorithm encryption;		// of the content
	bool has_content; struct span content;	// encrypted
	struct span attributes;			// contents of unprotectedAttrs: walk them with attribute_next(); len 0 = absent
};
// From its contents: CRMF has it under an IMPLICIT tag.
bool enveloped_data_read(struct span contents, struct enveloped_data *out, struct fault *f);
// The same, whole: the SEQUENCE and nothing behind it.
bool enveloped_data_take(struct span *in, struct enveloped_data *out, struct fault *f);

// SignerInfo
struct signer_info {
	int32_t version;			// 1 or 3
	struct cms_id id;
	struct algorithm digest;
	bool has_signed_attributes;
	struct span signed_attributes;		// contents of [0]
	struct span signed_parts[2];		// what is signed: the SET, its tag and then the rest of it (RFC 5652 5.4)
	struct span content_type;		// of the signed attributes: OID contents
	struct span message_digest;		// of the signed attributes
	bool has_signing_time; int64_t signing_time;
	struct algorithm signature_algorithm;
	struct span signature;
};
// Take one. Signed attributes must be in the order of DER, each type once, with contentType and messageDigest.
bool signer_info_take(struct span *in, struct signer_info *out, struct fault *f);

struct signed_data {
	int32_t version;			// 1..5
	struct span digests;			// contents: AlgorithmIdentifiers
	struct span content_type;		// OID contents
	bool has_content; struct span content;	// octets of eContent
	struct span certificates;		// contents: certificates and nothing else; len 0 = absent
	struct span signers;			// contents: SignerInfos, all checked
	size_t signer_count;			// 1..CAP_SIGNERS
};
// Octets that are exactly one SignedData (not ContentInfo), strict DER.
bool signed_data_read(struct span octets, struct signed_data *out, struct fault *f);

// AsymmetricKeyPackage (RFC 5958 2), exactly one, strict DER: *keys is the contents of its
// SEQUENCE, *count 1..CAP_KEY_PACKAGE; walk them with private_key_info_take().
bool key_package_read(struct span octets, struct span *keys, size_t *count, struct fault *f);

// ---- writing

// One RecipientInfo from its fields: key transport, key agreement with an
// originatorKey or an identifier, password, KEM. whole and the counts are not
// looked at; versions are those of the RFCs. The caller writes the keys of an agreement (contents) into `keys`.
void recipient_info_write(struct der_writer *w, const struct recipient_info *r);
void recipient_encrypted_key_write(struct der_writer *w, const struct recipient_encrypted_key *k);
// EnvelopedData under `tag` (DER_SEQUENCE, or a context tag where it is IMPLICIT): version, recipients
// (one after the other, in any order), content_type, encryption, content, attributes (contents, as they are).
void enveloped_data_write(struct der_writer *w, uint8_t tag, const struct enveloped_data *e);
// Contents of signed attributes, in the order of DER. signing_time 0 is left out.
bool signed_attributes_write(struct buffer *out, struct span content_type, struct span message_digest, int64_t signing_time);
// SignerInfo, version 3 for a key identifier and 1 else, from id, digest, signed_attributes, signature_algorithm, signature.
void signer_info_write(struct der_writer *w, const struct signer_info *s);
// SignedData of version 3: digests and signers (one after the other, in any order), content, certificates (contents).
void signed_data_write(struct der_writer *w, const struct signed_data *s);

#endif
