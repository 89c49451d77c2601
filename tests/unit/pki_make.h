// SPDX-License-Identifier: GPL-3.0-or-later
// pki_make: makes certificates and CRLs for tests, whole and broken. A plan
// with switches becomes octets; keys are the same in each run. Whatever cannot
// be made ends the program.
#ifndef CMPGATE_TESTS_PKI_MAKE_H
#define CMPGATE_TESTS_PKI_MAKE_H

#include "base/buffer.h"
#include "crypto/digest.h"
#include "crypto/key.h"

// The n-th key of a type, made from a fixed private value at first use (one RSA
// key only). It lives until make_keys_free().
struct private_key *make_key(enum key_type type, unsigned n);
void make_keys_free(void);
// Append the same key as a file holds it: RSAPrivateKey, or ECPrivateKey (RFC 5915) of a curve; not for Edwards keys.
void make_key_file(struct buffer *out, enum key_type type, unsigned n);
// Append the SubjectPublicKeyInfo of a key.
void make_public_key(struct buffer *out, const struct private_key *k);

// Names are written "C=DE,O=Plant,CN=Root", the first RDN first. Types: C O OU
// CN DC E serialNumber. A value is a UTF8String; after "%" a PrintableString, after "&" a
// BMPString of its octets; DC and E are IA5Strings.
// General names are separated by ";": "DNS:a.example", "email:a@b", "URI:x:y",
// "IP:10.0.0.1", with "/8" an address and its mask, "IP6:" 32 or 64 hex digits,
// "dir:O=Plant", "RID:" an OID octet in hex, "other:" contents of a UTF8String
// under the OID 1.2.3.

enum { MAKE_EXTENSIONS = 16 };
struct make_extension { const char *oid; bool critical; struct span value; };	// oid: contents in hex

struct make_certificate {
	const char *subject, *issuer;
	struct private_key *key, *signer;
	const struct signature_scheme *scheme;	// NULL: the usual one of the signer
	struct span algorithm;			// AlgorithmIdentifier that is written instead; len 0 = of the scheme
	int64_t from, until;
	int version;				// 1..3
	unsigned serial;			// 1..0x7FFFFFFF
	bool basic, ca;				// basic: basicConstraints is written
	int path_len;				// -1 = none
	int usage;				// bits; -1 = no keyUsage
	const char *purposes;			// "28 any" by n of id-kp n; NULL = no extKeyUsage
	const char *alt_names;			// NULL = no subjectAltName
	const char *permitted, *excluded;	// general names; both NULL = no nameConstraints
	int explicit_policy;			// requireExplicitPolicy; -1 = no policyConstraints
	const char *crl_point;			// the only distribution point: general names, or "relative:CN=x"; NULL = none
	unsigned point_reasons;			// of that; 0 = not written
	bool key_id, authority;			// subjectKeyIdentifier and authorityKeyIdentifier are written
	struct span wrong_authority;		// instead of the signer's; len 0 = right
	struct make_extension more[MAKE_EXTENSIONS];
	size_t more_count;
	bool break_signature;			// the last octet is changed
	bool cut_signature;			// it is left out: a signature that is none
};
// A v3 plan for a CA or an end entity that lasts a year around `now`; key identifiers and keyUsage are written.
struct make_certificate make_plan(const char *subject, struct private_key *key, const char *issuer, struct private_key *signer, bool ca);
// Add an extension to a plan: its OID in hex, and its value in hex.
void make_more(struct make_certificate *m, const char *oid, bool critical, struct span value);
// Append the certificate to out; answers its octets, which move when out grows.
struct span make_certificate(struct buffer *out, const struct make_certificate *m);
// "Now" of all plans, and a day.
#define MAKE_NOW INT64_C(1764000000)
#define MAKE_DAY INT64_C(86400)

struct make_entry { unsigned serial; int reason; const char *critical; };	// reason -1 = none; critical: an OID in hex, or NULL
struct make_crl {
	const char *issuer;
	struct private_key *signer;
	int64_t from, until;			// until 0 = no nextUpdate
	const struct make_entry *entries;
	size_t entry_count;
	const char *point;			// issuingDistributionPoint, as crl_point above; NULL = none
	bool only_user, only_ca, only_attribute, indirect;
	unsigned only_reasons;			// 0 = all
	bool delta;
	const char *critical;			// OID in hex of a critical extension that nobody knows; NULL = none
	bool break_signature;
};
struct make_crl make_crl_plan(const char *issuer, struct private_key *signer);
struct span make_crl(struct buffer *out, const struct make_crl *m);

struct make_ocsp {
	unsigned answer;			// OCSPResponseStatus; but for 0 nothing follows it
	const char *type;			// OID in hex instead of id-pkix-ocsp-basic; NULL = that
	const char *by_name;			// responderID; NULL = by the key of the signer
	struct private_key *signer;
	const char *issuer;			// CertID
	struct private_key *issuer_key;
	unsigned serial;
	enum digest hash;
	unsigned status;			// 0 good, 1 revoked, 2 unknown
	int reason;				// -1 = none
	int64_t from, until;			// until 0 = no nextUpdate
	struct span nonce;			// len 0 = none
	struct span certificates;		// one after the other; len 0 = none
	unsigned times;				// how often the single response is written
	const char *critical, *single_critical;	// OID in hex of an extension that nobody knows
	bool break_signature;
};
struct make_ocsp make_ocsp_plan(const char *issuer, struct private_key *issuer_key, unsigned serial);
struct span make_ocsp(struct buffer *out, const struct make_ocsp *m);
// Append the value of an authorityInfoAccess that names one responder.
struct span make_responder_address(struct buffer *out, const char *url);

#endif
