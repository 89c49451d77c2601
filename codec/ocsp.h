// SPDX-License-Identifier: GPL-3.0-or-later
// ocsp: OCSPRequest and OCSPResponse (RFC 6960): one builder, and views over
// received octets. Whether to believe a response is for others. Hashes are made
// by the caller. All faults are badDataFormat, badRequest over a cap.
#ifndef CMPGATE_CODEC_OCSP_H
#define CMPGATE_CODEC_OCSP_H

#include "codec/element.h"

enum { CAP_OCSP_SINGLES = 16, CAP_OCSP_REQUEST = 4096, CAP_OCSP_NONCE = 128 };	// RFC 9654 2.1: nonces up to 128 octets

// CertID: the hash by its OID (SHA-1, SHA-256, ...), hashes of issuer name and key, contents of the serial number.
struct ocsp_cert_id { struct span hash, name_hash, key_hash, serial; };
// Tell whether both name the same certificate by the same hash.
bool ocsp_cert_id_equal(const struct ocsp_cert_id *a, const struct ocsp_cert_id *b);

// Append one OCSPRequest for one certificate, unsigned; nonce: 1..CAP_OCSP_NONCE octets, len 0 = none. False
// without memory, or when it would be longer than CAP_OCSP_REQUEST.
bool ocsp_request_build(struct buffer *out, const struct ocsp_cert_id *id, struct span nonce);

struct ocsp_request {
	struct span requests;		// contents: Requests, all checked
	size_t count;			// 1..CAP_OCSP_SINGLES
	struct span extensions;		// contents; len 0 = absent
	bool has_nonce; struct span nonce;
};
// Exactly one, strict DER. A signature of the requestor is checked in form and left out.
bool ocsp_request_read(struct span octets, struct ocsp_request *out, struct fault *f);
// Walk the requests: *rest starts as requests.
bool ocsp_request_next(struct span *rest, struct ocsp_cert_id *out);

enum ocsp_status {
	OCSP_SUCCESSFUL = 0, OCSP_MALFORMED_REQUEST = 1, OCSP_INTERNAL_ERROR = 2, OCSP_TRY_LATER = 3, OCSP_SIG_REQUIRED = 5, OCSP_UNAUTHORIZED = 6
};
enum ocsp_cert_status { OCSP_GOOD, OCSP_REVOKED, OCSP_UNKNOWN };

struct ocsp_response {
	enum ocsp_status status;	// everything else is there only for OCSP_SUCCESSFUL
	struct span tbs;		// ResponseData, whole: the octets that are signed
	bool by_key;			// responderID: a SHA-1 of the key, else a Name
	struct span responder;		// the hash, or the Name, whole
	int64_t produced_at;		// seconds since 1970
	struct span singles;		// contents: SingleResponses, all checked
	size_t count;			// 1..CAP_OCSP_SINGLES
	struct span extensions;		// contents; len 0 = absent
	bool has_nonce; struct span nonce;
	struct algorithm signature_algorithm;
	struct span signature;
	struct span certificates;	// contents; len 0 = absent
};
struct ocsp_single {
	struct ocsp_cert_id id;
	enum ocsp_cert_status status;
	int64_t revoked_at;		// OCSP_REVOKED
	int reason;			// OCSP_REVOKED: CRLReason; -1 = none given
	int64_t this_update;
	bool has_next_update; int64_t next_update;
	struct span extensions;		// contents; len 0 = absent
};
// Exactly one, strict DER, its type id-pkix-ocsp-basic.
bool ocsp_response_read(struct span octets, struct ocsp_response *out, struct fault *f);
// Walk the single responses: *rest starts as singles.
bool ocsp_single_next(struct span *rest, struct ocsp_single *out);
// Find the first about a certificate.
bool ocsp_single_find(const struct ocsp_response *r, const struct ocsp_cert_id *id, struct ocsp_single *out);
// "tryLater"; NULL when there is no such status.
const char *ocsp_status_name(int status);

#endif
