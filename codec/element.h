// SPDX-License-Identifier: GPL-3.0-or-later
// element: the small structures that all others are made of. A take function
// takes one structure from the front of *in, which shrinks on success only; a
// walk is `while (!der_at_end(rest))` around a take. All faults are
// badDataFormat unless said otherwise. Nothing is copied.
#ifndef CMPGATE_CODEC_ELEMENT_H
#define CMPGATE_CODEC_ELEMENT_H

#include "base/fault.h"
#include "codec/der.h"

// AlgorithmIdentifier (RFC 5280 4.1.1.2): parameters is one whole element, len 0 = absent.
struct algorithm { struct span whole, oid, parameters; };
bool algorithm_take(struct span *in, struct algorithm *out, struct fault *f);
// The same from the contents of its SEQUENCE (IMPLICIT tags).
bool algorithm_read(struct span contents, struct algorithm *out, struct fault *f);

// SubjectPublicKeyInfo: key is the contents of the BIT STRING, len 0 for "make one for me".
struct public_key { struct span whole; struct algorithm algorithm; struct span key; };
bool public_key_take(struct span *in, struct public_key *out, struct fault *f);
// The same from the contents of its SEQUENCE (CertTemplate has it under [6] IMPLICIT).
bool public_key_read(struct span contents, struct public_key *out, struct fault *f);

// Name (RFC 5280 4.1.2.4): form and the cap on RDNs. whole is the SEQUENCE.
bool name_take(struct span *in, struct span *whole, struct fault *f);
// GeneralName of any kind; a directoryName is checked to its end, the cap on RDNs included.
bool general_name_take(struct span *in, struct span *whole, struct fault *f);

// One Extension; value is the contents of its OCTET STRING.
struct extension { struct span whole, oid; bool critical; struct span value; };
bool extension_take(struct span *in, struct extension *out, struct fault *f);
// Extensions, from their contents: at least one, CAP_EXTENSIONS (badRequest), none twice.
bool extensions_check(struct span contents, struct fault *f);

// CertId (RFC 4211 6.5): issuer GeneralName and serial number.
struct cert_id { struct span issuer, serial; };
bool cert_id_take(struct span *in, struct cert_id *out, struct fault *f);
// A serial number: 1..20 octets, as it stands in certificates; longer ones are refused.
bool serial_take(struct span *in, uint8_t tag, struct span *serial, struct fault *f);

// AttributeTypeAndValue and InfoTypeAndValue: value is one whole element; len 0 = absent, where allowed.
struct typed_value { struct span whole, oid, value; };
bool typed_value_take(struct span *in, bool may_be_absent, struct typed_value *out, struct fault *f);

// The outer form of a certificate, a CRL, a PKCS#10 request: SEQUENCE { SEQUENCE,
// AlgorithmIdentifier, BIT STRING }. What stands inside is for those who judge it.
bool signed_object_take(struct span *in, struct span *whole, struct fault *f);
// SEQUENCE OF such objects, from its contents; min..max of them (over max: badRequest).
bool signed_objects_check(struct span contents, size_t min, size_t max, struct fault *f);

// PKIFreeText, the SEQUENCE: its contents; caps on count and length (badRequest), octets valid UTF-8.
bool free_text_take(struct span *in, struct span *contents, struct fault *f);
// Tell whether octets are valid UTF-8 (no surrogates, no overlong forms).
bool utf8_valid(struct span octets);

// Write "[n]" for fault paths; answers out.
const char *index_text(size_t n, char out[24]);
// Put `field` before the path of a fault; answers false, for `return`.
bool failed_within(struct fault *f, const char *field);
// Fill a badDataFormat fault; answers false.
bool malformed(struct fault *f, const char *path, const char *what);

#endif
