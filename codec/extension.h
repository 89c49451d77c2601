// SPDX-License-Identifier: GPL-3.0-or-later
// extension: Extensions of certificates, CRLs, requests and templates (RFC
// 5280 4.2, 5.2, 5.3). A reader checks the whole value of its extension, to
// the last octet; its answers borrow from that value.
#ifndef CMPGATE_CODEC_EXTENSION_H
#define CMPGATE_CODEC_EXTENSION_H

#include "codec/element.h"
#include "codec/name.h"

enum { CAP_EXTENSION_LIST = 64 };	// purposes, policies, points, access descriptions, subtrees of one extension

// id-ce, 2.5.29.n
enum ce {
	CE_SUBJECT_KEY_ID = 14, CE_KEY_USAGE = 15, CE_SUBJECT_ALT_NAME = 17, CE_ISSUER_ALT_NAME = 18, CE_BASIC_CONSTRAINTS = 19,
	CE_CRL_NUMBER = 20, CE_REASON = 21, CE_INVALIDITY_DATE = 24, CE_DELTA_CRL = 27, CE_ISSUING_POINT = 28,
	CE_CERTIFICATE_ISSUER = 29, CE_NAME_CONSTRAINTS = 30, CE_CRL_POINTS = 31, CE_POLICIES = 32, CE_POLICY_MAPPINGS = 33,
	CE_AUTHORITY_KEY_ID = 35, CE_POLICY_CONSTRAINTS = 36, CE_EXT_KEY_USAGE = 37, CE_FRESHEST_CRL = 46, CE_INHIBIT_ANY_POLICY = 54
};

// Take the next one; false at the end (and on what extensions_check refuses).
bool extension_next(struct span *rest, struct extension *out);
// Find id-ce n among checked extensions.
bool extension_find(struct span contents, enum ce n, struct extension *out);
// The n of id-ce n; 0 for other OIDs.
unsigned oid_ce(struct span oid);
// Tell whether an OID is id-pe-authorityInfoAccess or id-pe-subjectInfoAccess.
bool oid_is_info_access(struct span oid);

struct basic_constraints { bool ca, has_path_len; int32_t path_len; };
bool basic_constraints_read(struct span value, struct basic_constraints *out, struct fault *f);

// Bit n of the KeyUsage is 1 << n here: digitalSignature 0 ... decipherOnly 8.
enum key_usage {
	KU_DIGITAL_SIGNATURE = 1 << 0, KU_NON_REPUDIATION = 1 << 1, KU_KEY_ENCIPHERMENT = 1 << 2, KU_DATA_ENCIPHERMENT = 1 << 3,
	KU_KEY_AGREEMENT = 1 << 4, KU_KEY_CERT_SIGN = 1 << 5, KU_CRL_SIGN = 1 << 6, KU_ENCIPHER_ONLY = 1 << 7, KU_DECIPHER_ONLY = 1 << 8
};
#define KU_BITS 9
bool key_usage_read(struct span value, unsigned *bits, struct fault *f);
// Standard name of bit n ("digitalSignature"); NULL out of range.
const char *key_usage_name(unsigned n);

// *oids: the checked OIDs, 1..CAP_EXTENSION_LIST; walk them with der_take_oid().
bool ext_key_usage_read(struct span value, struct span *oids, struct fault *f);
// subjectAltName, issuerAltName, certificateIssuer. *names: checked; walk them with general_name_read().
bool alt_names_read(struct span value, struct span *names, struct fault *f);
bool subject_key_id_read(struct span value, struct span *id, struct fault *f);

struct authority_key_id {
	bool has_key_id; struct span key_id;
	struct span issuer;	// contents of GeneralNames; len 0 = absent
	struct span serial;	// contents of the INTEGER; len 0 = absent
};
bool authority_key_id_read(struct span value, struct authority_key_id *out, struct fault *f);

// DistributionPointName, by whichever is there.
struct distribution_point_name {
	struct span full;	// contents of GeneralNames; len 0 = absent
	struct span relative;	// contents of the RDN; len 0 = absent
};
// A [0] or [1] of a DistributionPointName, exactly one in `contents`.
bool distribution_point_name_read(struct span contents, struct distribution_point_name *out, struct fault *f);
struct distribution_point {
	struct distribution_point_name name;
	bool has_reasons; unsigned reasons;	// bit n of ReasonFlags is 1 << n
	struct span crl_issuer;	// contents of GeneralNames; len 0 = absent
};
// cRLDistributionPoints and freshestCRL.
bool crl_points_read(struct span value, struct span *points, struct fault *f);
bool distribution_point_next(struct span *rest, struct distribution_point *out);

struct access_description { struct span method; struct general_name location; };
bool info_access_read(struct span value, struct span *descriptions, struct fault *f);
bool access_description_next(struct span *rest, struct access_description *out);

struct name_constraints { struct span permitted, excluded; };	// contents of GeneralSubtrees; len 0 = absent
bool name_constraints_read(struct span value, struct name_constraints *out, struct fault *f);
bool subtree_next(struct span *rest, struct general_name *base);

struct policy { struct span oid, qualifiers; };	// qualifiers: contents of their SEQUENCE; len 0 = absent
bool policies_read(struct span value, struct span *policies, struct fault *f);
bool policy_next(struct span *rest, struct policy *out);

struct policy_mapping { struct span issuer_policy, subject_policy; };	// OID contents
bool policy_mappings_read(struct span value, struct span *mappings, struct fault *f);
bool policy_mapping_next(struct span *rest, struct policy_mapping *out);

// Numbers of certificates to skip: never negative; what is beyond int64 is INT64_MAX.
struct policy_constraints {
	bool has_require_explicit; int64_t require_explicit;	// requireExplicitPolicy
	bool has_inhibit_mapping; int64_t inhibit_mapping;	// inhibitPolicyMapping
};
// One of the two at least (RFC 5280 4.2.1.11).
bool policy_constraints_read(struct span value, struct policy_constraints *out, struct fault *f);
bool inhibit_any_policy_read(struct span value, int64_t *skip, struct fault *f);

// CRLs. issuingDistributionPoint: something is in it, and at most one of the
// three only_*_certs (RFC 5280 5.2.5).
struct issuing_point {
	struct distribution_point_name name;
	bool only_user_certs, only_ca_certs, only_attribute_certs, indirect;
	bool has_reasons; unsigned reasons;	// onlySomeReasons: bit n is 1 << n
};
bool issuing_point_read(struct span value, struct issuing_point *out, struct fault *f);
// cRLNumber and deltaCRLIndicator: contents of the INTEGER, at most 20 octets.
bool crl_number_read(struct span value, struct span *number, struct fault *f);
// reasonCode: 0..10 without 7.
bool crl_reason_read(struct span value, int *reason, struct fault *f);
// Standard name of a CRLReason ("keyCompromise"); NULL when there is none.
const char *crl_reason_name(int reason);
bool invalidity_date_read(struct span value, int64_t *seconds, struct fault *f);

#endif
