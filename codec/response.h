// SPDX-License-Identifier: GPL-3.0-or-later
// response: what a CA sends back (RFC 9810 5.3.4, 5.3.8, 5.3.10): certificate,
// key recovery and revocation responses as views.
#ifndef CMPGATE_CODEC_RESPONSE_H
#define CMPGATE_CODEC_RESPONSE_H

#include "codec/crmf.h"
#include "codec/status.h"

struct certified_key_pair {
	struct span certificate;		// whole; len 0: it is encrypted
	bool has_encrypted_cert; struct encrypted_key encrypted_cert;
	bool has_private_key; struct encrypted_key private_key;
	struct span publication_info;		// whole; len 0 = absent
};
bool certified_key_pair_take(struct span *in, struct certified_key_pair *out, struct fault *f);

struct cert_response {
	int32_t cert_req_id;			// -1 in a cp that answers p10cr
	struct status_info status;
	bool has_pair; struct certified_key_pair pair;
	bool has_info; struct span info;	// rspInfo
};
bool cert_response_take(struct span *in, struct cert_response *out, struct fault *f);

struct cert_rep_message {
	struct span ca_pubs;			// contents: certificates; len 0 = absent
	struct span responses;			// contents: CertResponses, all checked
	size_t count;
};
// CertRepMessage, the SEQUENCE; 1..CAP_CERT_REQ_MSGS responses (badRequest).
bool cert_rep_message_read(struct span whole, struct cert_rep_message *out, struct fault *f);

struct key_rec_rep {
	struct status_info status;
	struct span new_sig_cert;		// whole; len 0 = absent
	struct span ca_certs;			// contents; len 0 = absent
	struct span key_pair_hist;		// contents: CertifiedKeyPairs, all checked; len 0 = absent
};
bool key_rec_rep_read(struct span whole, struct key_rec_rep *out, struct fault *f);

// RevDetails of an rr.
struct rev_details {
	struct cert_template template;
	struct span extensions;			// crlEntryDetails, contents; len 0 = absent
	int reason;				// CRLReason; -1 = none given
};
bool rev_details_take(struct span *in, struct rev_details *out, struct fault *f);
// RevReqContent: 1..CAP_CERT_REQ_MSGS; first may be NULL.
bool rev_req_check(struct span whole, size_t *count, struct rev_details *first, struct fault *f);

struct rev_rep {
	struct span statuses;			// contents: PKIStatusInfos, all checked
	size_t count;
	struct span rev_certs;			// contents: CertIds; len 0 = absent
	struct span crls;			// contents: CRLs; len 0 = absent
};
bool rev_rep_read(struct span whole, struct rev_rep *out, struct fault *f);

#endif
