// SPDX-License-Identifier: GPL-3.0-or-later
// confirm: certConf, pollReq and pollRep (RFC 9810 5.3.18, 5.3.22).
#ifndef CMPGATE_CODEC_CONFIRM_H
#define CMPGATE_CODEC_CONFIRM_H

#include "codec/status.h"

struct cert_status {
	struct span hash;		// certHash octets
	int32_t cert_req_id;
	bool has_status; struct status_info status;	// absent = accepted
	bool has_hash_alg; struct algorithm hash_alg;
};
bool cert_status_take(struct span *in, struct cert_status *out, struct fault *f);
// CertConfirmContent: 0..CAP_CERT_REQ_MSGS; none means that all are rejected. first may be NULL.
bool cert_confirm_check(struct span whole, size_t *count, struct cert_status *first, struct fault *f);

// PollReqContent: 1..CAP_CERT_REQ_MSGS; first certReqId in *id.
bool poll_req_check(struct span whole, size_t *count, int32_t *id, struct fault *f);

struct poll_rep { int32_t cert_req_id; int64_t check_after; struct span reason; };	// seconds; reason: contents, len 0 = absent
bool poll_rep_take(struct span *in, struct poll_rep *out, struct fault *f);
bool poll_rep_check(struct span whole, size_t *count, struct poll_rep *first, struct fault *f);

#endif
