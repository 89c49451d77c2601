// SPDX-License-Identifier: GPL-3.0-or-later
// originate: makes the PKIMessages a gateway originates: the header by a plan,
// bodies by codec/bodies.h, and whole messages of them. Protection is made by
// pki/, between header and message.
#ifndef CMPGATE_CODEC_ORIGINATE_H
#define CMPGATE_CODEC_ORIGINATE_H

#include "codec/bodies.h"

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
	struct span sender_kid, recip_kid;	// len 0 = left out
	struct span free_text;		// contents of PKIFreeText: the UTF8Strings; len 0 = left out
	struct span general_info;	// contents: InfoTypeAndValues as they are; len 0 = left out
	bool implicit_confirm;		// adds id-it-implicitConfirm to general_info, unless it is there
};

// Fill a plan that answers request h: recipient = its sender, recipNonce = its
// senderNonce, transactionID copied, pvno that of h within 1 to 3. Nonce octets of ours must live as long as the plan.
void header_plan_answer(struct header_plan *plan, const struct pkiheader *h, struct span our_nonce);
// Fill a plan that protects a received message anew (RFC 9483 5.2.3): pvno,
// recipient, recipKID, transactionID, both nonces, freeText and generalInfo as
// received; messageTime left out; sender, protectionAlg and senderKID are for
// the protector. The plan borrows from h.
void header_plan_copy(struct header_plan *plan, const struct pkiheader *h);

// Append the header TLV; false when it did not fit.
bool build_header(struct buffer *out, const struct header_plan *h);
// Append a whole PKIMessage of finished TLVs: header, body with its CHOICE tag;
// protection: octets of the BIT STRING, len 0 = none; extra_certs: contents, len 0 = none.
bool build_message(struct buffer *out, struct span header, struct span body, struct span protection, struct span extra_certs);

// Each appends one unprotected DER PKIMessage to out, with the body of codec/bodies.h; false when it did not fit.
bool build_unprotected(struct buffer *out, const struct header_plan *h, struct span body);
bool build_error(struct buffer *out, const struct header_plan *h, int status, enum failure failure, const char *text);
bool build_pkiconf(struct buffer *out, const struct header_plan *h);
bool build_pollrep(struct buffer *out, const struct header_plan *h, int32_t cert_req_id, int32_t check_after_s, const char *reason);
bool build_cert_status(struct buffer *out, const struct header_plan *h, enum body body, int32_t cert_req_id, int status, enum failure failure, const char *text);
bool build_rp_status(struct buffer *out, const struct header_plan *h, int status, enum failure failure, const char *text);
bool build_nested(struct buffer *out, const struct header_plan *h, const struct span *inner, size_t count);
bool build_genp(struct buffer *out, const struct header_plan *h, struct span itavs);
// Splice a received message with other extraCerts (contents; len 0 = none): header, body and protection stay octet by octet.
bool build_spliced(struct buffer *out, const struct pkimessage *m, struct span extra_certs);

#endif
