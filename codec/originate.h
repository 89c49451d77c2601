// SPDX-License-Identifier: GPL-3.0-or-later
// originate: makes the PKIMessages a gateway originates. Each builder writes one
// whole unprotected message; protection is added by pki/.
#ifndef CMPGATE_CODEC_ORIGINATE_H
#define CMPGATE_CODEC_ORIGINATE_H

#include "codec/pkimessage.h"
#include "codec/status.h"

// Header of a message of ours. NULL-DN where sender or recipient is empty.
struct header_plan {
	int32_t pvno;			// 1..3
	struct span sender;		// GeneralName, whole; len 0 = NULL-DN
	struct span recipient;
	int64_t message_time;		// 0 = left out (clock not trusted)
	struct span transaction_id;	// len 0 = left out
	struct span sender_nonce;	// fresh, made by the caller
	struct span recip_nonce;	// len 0 = left out
	struct span protection_alg;	// AlgorithmIdentifier; len 0 = left out
	struct span sender_kid;
	bool implicit_confirm;
};

// Fill a plan that answers request h: recipient = its sender, recipNonce = its
// senderNonce, transactionID copied. Nonce octets of ours must live as long as the plan.
void header_plan_answer(struct header_plan *plan, const struct pkiheader *h, struct span our_nonce);

// Each appends one DER PKIMessage to out; false when it did not fit.
bool build_error(struct buffer *out, const struct header_plan *h, int status, enum failure failure, const char *text);
bool build_pkiconf(struct buffer *out, const struct header_plan *h);
bool build_pollrep(struct buffer *out, const struct header_plan *h, int32_t cert_req_id, int32_t check_after_s, const char *reason);
// ip, cp, kup or ccp (body) with one CertResponse of status waiting or rejection; failure FAIL_NONE leaves failInfo out.
bool build_cert_status(struct buffer *out, const struct header_plan *h, enum body body, int32_t cert_req_id, int status, enum failure failure, const char *text);
// rp with one status.
bool build_rp_status(struct buffer *out, const struct header_plan *h, int status, enum failure failure, const char *text);
// nested around whole messages.
bool build_nested(struct buffer *out, const struct header_plan *h, const struct span *inner, size_t count);
// genp with the contents of SEQUENCE OF InfoTypeAndValue.
bool build_genp(struct buffer *out, const struct header_plan *h, struct span itavs);
// Splice a received message with other extraCerts (contents; len 0 = none): header, body and protection stay octet by octet.
bool build_spliced(struct buffer *out, const struct pkimessage *m, struct span extra_certs);

#endif
