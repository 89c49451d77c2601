// SPDX-License-Identifier: GPL-3.0-or-later
// oid: object identifiers as octets, and their standard names.
#ifndef CMPGATE_CODEC_OID_H
#define CMPGATE_CODEC_OID_H

#include <stdbool.h>
#include "base/span.h"

#define OID_TEXT_MAX 256	// octets for oid_text(); longer ones end in "..."
#define OID_OCTETS_MAX 64	// contents octets that oid_from_dotted() writes

// Every OID that something is decided by: code switches over these. Names are
// those of the RFCs, shortened; what belongs to a family begins like it.
enum oid_id {
	OID_NONE,
	// digests
	OID_MD5, OID_SHA1, OID_SHA224, OID_SHA256, OID_SHA384, OID_SHA512, OID_SHAKE128, OID_SHAKE256,
	// signatures
	OID_SHA1_RSA, OID_SHA224_RSA, OID_SHA256_RSA, OID_SHA384_RSA, OID_SHA512_RSA, OID_RSASSA_PSS,
	OID_PSS_SHAKE128, OID_PSS_SHAKE256, OID_ECDSA_SHA1, OID_ECDSA_SHA224, OID_ECDSA_SHA256,
	OID_ECDSA_SHA384, OID_ECDSA_SHA512, OID_ECDSA_SHAKE128, OID_ECDSA_SHAKE256, OID_ED25519, OID_ED448,
	// keys and what belongs to them
	OID_RSA, OID_RSAES_OAEP, OID_MGF1, OID_EC_PUBLIC_KEY, OID_X25519, OID_X448,
	// curves
	OID_P192, OID_P224, OID_P256, OID_P384, OID_P521, OID_SECP256K1, OID_BRAINPOOL_P256,
	OID_BRAINPOOL_P384, OID_BRAINPOOL_P512,
	// MACs
	OID_PBM, OID_PBMAC1, OID_KEM_MAC, OID_DH_MAC, OID_HMAC_SHA1, OID_HMAC_SHA1_OLD, OID_HMAC_SHA224,
	OID_HMAC_SHA256, OID_HMAC_SHA384, OID_HMAC_SHA512, OID_AES128_GMAC, OID_AES192_GMAC, OID_AES256_GMAC,
	OID_KMAC128, OID_KMAC256,
	// key derivation
	OID_PBKDF2, OID_PBES2, OID_SCRYPT, OID_HKDF_SHA256, OID_HKDF_SHA384, OID_HKDF_SHA512,
	// key agreement
	OID_ESDH, OID_ECDH_SHA1, OID_ECDH_SHA224, OID_ECDH_SHA256, OID_ECDH_SHA384, OID_ECDH_SHA512,
	OID_ECDH_COFACTOR_SHA224, OID_ECDH_COFACTOR_SHA256, OID_ECDH_COFACTOR_SHA384,
	OID_ECDH_COFACTOR_SHA512, OID_ECMQV_SHA224, OID_ECMQV_SHA256, OID_ECMQV_SHA384, OID_ECMQV_SHA512,
	// key wrap and content encryption
	OID_AES128_WRAP, OID_AES192_WRAP, OID_AES256_WRAP, OID_PWRI_KEK, OID_AES128_CBC, OID_AES192_CBC,
	OID_AES256_CBC, OID_AES128_GCM, OID_AES192_GCM, OID_AES256_GCM,
	// contents of CMS, and its attributes
	OID_DATA, OID_SIGNED_DATA, OID_ENVELOPED_DATA, OID_ENC_KEY_WITH_ID, OID_KEY_PACKAGE, OID_ORI_KEM,
	OID_CONTENT_TYPE, OID_MESSAGE_DIGEST, OID_SIGNING_TIME, OID_CHALLENGE_PASSWORD,
	OID_EXTENSION_REQUEST, OID_LOCAL_KEY_ID,
	// attributes of names
	OID_CN, OID_SURNAME, OID_SERIAL_NUMBER, OID_COUNTRY, OID_LOCALITY, OID_STATE, OID_STREET,
	OID_ORGANIZATION, OID_UNIT, OID_TITLE, OID_GIVEN_NAME, OID_INITIALS, OID_GENERATION,
	OID_DN_QUALIFIER, OID_PSEUDONYM, OID_USER_ID, OID_DOMAIN_COMPONENT, OID_EMAIL_ADDRESS,
	OID_UNSTRUCTURED_NAME,
	// purposes
	OID_KP_SERVER_AUTH, OID_KP_CLIENT_AUTH, OID_KP_CODE_SIGNING, OID_KP_EMAIL_PROTECTION,
	OID_KP_TIME_STAMPING, OID_KP_OCSP_SIGNING, OID_KP_CMC_CA, OID_KP_CMC_RA, OID_KP_CM_KGA,
	OID_ANY_PURPOSE,
	// extensions
	OID_CE_SUBJECT_KEY_ID, OID_CE_KEY_USAGE, OID_CE_SUBJECT_ALT_NAME, OID_CE_ISSUER_ALT_NAME,
	OID_CE_BASIC_CONSTRAINTS, OID_CE_CRL_NUMBER, OID_CE_REASON, OID_CE_INVALIDITY_DATE, OID_CE_DELTA_CRL,
	OID_CE_ISSUING_POINT, OID_CE_CERTIFICATE_ISSUER, OID_CE_NAME_CONSTRAINTS, OID_CE_CRL_POINTS,
	OID_CE_POLICIES, OID_ANY_POLICY, OID_CE_POLICY_MAPPINGS, OID_CE_AUTHORITY_KEY_ID,
	OID_CE_POLICY_CONSTRAINTS, OID_CE_EXT_KEY_USAGE, OID_CE_FRESHEST_CRL, OID_CE_INHIBIT_ANY_POLICY,
	OID_PE_AUTHORITY_INFO_ACCESS, OID_PE_SUBJECT_INFO_ACCESS, OID_AD_OCSP, OID_AD_CA_ISSUERS,
	// OCSP
	OID_OCSP_BASIC, OID_OCSP_NONCE, OID_OCSP_NO_CHECK,
	OID_COUNT,
	// the types of attributes in names stand together
	OID_NAME_FIRST = OID_CN, OID_NAME_LAST = OID_UNSTRUCTURED_NAME
};
// The contents octets of an OID of the table; empty for OID_NONE. They last for ever.
struct span oid_octets(enum oid_id id);
// Find contents octets in the table; OID_NONE when they are not there.
enum oid_id oid_find(struct span oid);

// id-it, the InfoTypeAndValue types of RFC 9810 appendix F and RFC 9480: 1.3.6.1.5.5.7.4.n
enum it {
	IT_CA_PROT_ENC_CERT = 1, IT_SIGN_KEY_PAIR_TYPES = 2, IT_ENC_KEY_PAIR_TYPES = 3, IT_PREFERRED_SYMM_ALG = 4,
	IT_CA_KEY_UPDATE_INFO = 5, IT_CURRENT_CRL = 6, IT_UNSUPPORTED_OIDS = 7, IT_KEY_PAIR_PARAM_REQ = 10,
	IT_KEY_PAIR_PARAM_REP = 11, IT_REV_PASSPHRASE = 12, IT_IMPLICIT_CONFIRM = 13, IT_CONFIRM_WAIT_TIME = 14,
	IT_ORIG_PKI_MESSAGE = 15, IT_SUPP_LANG_TAGS = 16, IT_CA_CERTS = 17, IT_ROOT_CA_KEY_UPDATE = 18,
	IT_CERT_REQ_TEMPLATE = 19, IT_ROOT_CA_CERT = 20, IT_CERT_PROFILE = 21, IT_CRL_STATUS_LIST = 22, IT_CRLS = 23,
	IT_KEM_CIPHERTEXT_INFO = 24
};
// id-regCtrl, the controls of RFC 4211 section 6 and RFC 9810: 1.3.6.1.5.5.7.5.1.n
enum reg_ctrl {
	REG_CTRL_REG_TOKEN = 1, REG_CTRL_AUTHENTICATOR = 2, REG_CTRL_PKI_PUBLICATION_INFO = 3,
	REG_CTRL_PKI_ARCHIVE_OPTIONS = 4, REG_CTRL_OLD_CERT_ID = 5, REG_CTRL_PROTOCOL_ENCR_KEY = 6,
	REG_CTRL_ALT_CERT_TEMPLATE = 7, REG_CTRL_ALG_ID = 11, REG_CTRL_RSA_KEY_LEN = 12
};

// The n of id-it n, of id-regCtrl n, of id-kp n; 0 when the OID (contents octets) is another.
unsigned oid_it(struct span oid);
unsigned oid_reg_ctrl(struct span oid);
unsigned oid_kp(struct span oid);
// The contents octets of id-it n (n < 128), in a buffer of the caller's of 8 octets.
struct span oid_of_it(unsigned n, uint8_t room[8]);
// Standard short name ("id-it-caCerts", "sha256WithRSAEncryption"), NULL when none is known.
const char *oid_name(struct span oid);
// Dotted decimal; subidentifiers of up to 96 digits are printed in full as far as out has room, "..." stands for the rest. Answers out.
const char *oid_dotted(struct span oid, char *out, size_t size);
// Contents octets of dotted decimal, subidentifiers of any size; answers how many, 0 when the text is no OID or too long.
size_t oid_from_dotted(struct span text, uint8_t out[OID_OCTETS_MAX]);
// The name, or dotted decimal where there is none. Answers out.
const char *oid_text(struct span oid, char *out, size_t size);

#endif
