// SPDX-License-Identifier: GPL-3.0-or-later
// pkcs10: CertificationRequest (RFC 2986) as a view over received octets.
#ifndef CMPGATE_CODEC_PKCS10_H
#define CMPGATE_CODEC_PKCS10_H

#include "codec/extension.h"
#include "codec/signed.h"

enum { CAP_PKCS10_ATTRIBUTES = 16 };

struct pkcs10 {
	struct span whole;
	struct span info;		// CertificationRequestInfo: the octets that are signed
	struct span subject;		// Name, whole
	struct public_key public_key;
	struct span attributes;		// contents of [0]; len 0 = none
	struct span extensions;		// contents of the Extensions in extensionRequest; len 0 = none
	struct algorithm signature_algorithm;
	struct span signature;
};

struct attribute {
	struct span type;	// OID contents
	struct span values;	// contents of the SET: at least one element
};

// Parse one request: exactly one, strict DER, at most CAP_PKCS10_ATTRIBUTES
// attributes, none twice, extensionRequest with exactly one well-formed list.
// Attributes left out altogether are read as none: some old clients do that.
bool pkcs10_parse(struct pkcs10 *p, struct span octets, struct fault *f);
// Walk the attributes: *rest starts as attributes.
bool attribute_next(struct span *rest, struct attribute *out);
// Tell whether an OID is PKCS#9 attribute n (1.2.840.113549.1.9.n).
bool oid_is_pkcs9(struct span oid, uint8_t n);
enum { PKCS9_CHALLENGE_PASSWORD = 7, PKCS9_EXTENSION_REQUEST = 14 };

#endif
