// SPDX-License-Identifier: GPL-3.0-or-later
// bodies: makes the PKIBodies that a gateway originates, as answering party and
// as client. Each builder appends one whole body, the TLV with its CHOICE tag,
// to out; false when it did not fit or its input cannot make one.
#ifndef CMPGATE_CODEC_BODIES_H
#define CMPGATE_CODEC_BODIES_H

#include "codec/pkimessage.h"
#include "codec/status.h"

// Status with at most one failInfo bit (FAIL_NONE: none) and one sentence
// (NULL or "": none; cut at 512 octets).
struct status_plan { int status; enum failure failure; const char *text; };

// ---- answers
bool build_error_body(struct buffer *out, const struct status_plan *s);
bool build_pkiconf_body(struct buffer *out);
bool build_pollrep_body(struct buffer *out, int32_t cert_req_id, int32_t check_after_s, const char *reason);
// ip, cp, kup or ccp with one CertResponse without certificate.
bool build_cert_status_body(struct buffer *out, enum body body, int32_t cert_req_id, const struct status_plan *s);
// rp with one status.
bool build_rp_body(struct buffer *out, const struct status_plan *s);
// 1..CAP_BATCH whole messages.
bool build_nested_body(struct buffer *out, const struct span *inner, size_t count);
// Contents of SEQUENCE OF InfoTypeAndValue; see the writers in codec/itav.h.
bool build_genp_body(struct buffer *out, struct span itavs);

// ---- requests
// ir, cr, kur, krr or ccr with one CertReqMsg, whole.
bool build_cert_req_body(struct buffer *out, enum body body, struct span cert_req_msg);
// p10cr around a PKCS#10 request, whole.
bool build_p10cr_body(struct buffer *out, struct span pkcs10);
// certConf with one CertStatus: no statusInfo when status is NULL (accepted); hash_alg: AlgorithmIdentifier, whole, len 0 = left out (it needs pvno 3).
bool build_cert_conf_body(struct buffer *out, struct span hash, int32_t cert_req_id, const struct status_plan *status, struct span hash_alg);
bool build_poll_req_body(struct buffer *out, int32_t cert_req_id);
bool build_genm_body(struct buffer *out, struct span itavs);
// rr with one RevDetails: issuer (Name, whole) and serial (contents), as RFC 9483 4.2 has it; reason is a CRLReason.
bool build_rr_body(struct buffer *out, struct span issuer, struct span serial, int reason);

#endif
