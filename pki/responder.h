// SPDX-License-Identifier: GPL-3.0-or-later
// responder: OCSP (RFC 6960, RFC 9654): what a responder is asked, and whether
// what it answers is to be believed. Pure; from any thread. Private to pki/.
#ifndef CMPGATE_PKI_RESPONDER_H
#define CMPGATE_PKI_RESPONDER_H

#include "codec/ocsp.h"
#include "pki/private.h"

enum {
	RESPONDER_NONCE = 32,		// octets; RFC 9654 2.1 recommends so many
	RESPONDER_SIGNERS_MAX = 4,	// certificates of one answer that are tried as its signer
	RESPONDER_FRESH_S = 300		// how long an answer without nextUpdate is believed
};

// Append the request about a certificate, with a nonce of RESPONDER_NONCE octets. The CertID is made with SHA-1: that
// is what every responder knows (RFC 5019 2.1.1), and nothing rests on it, since the key of the issuer speaks in the end.
bool responder_ask(struct buffer *out, const struct member *certificate, const struct member *issuer, struct span nonce, struct fault *f);

struct responder_question {
	const struct member *certificate;	// asked about
	const struct member *issuer;		// its issuer, whose key was read
	struct span nonce;			// that was sent; len 0 = none
};

// What was answered, free of the response but for the responder's certificate.
struct responder_answer {
	enum ocsp_cert_status status;
	int reason;			// OCSP_REVOKED: CRLReason; -1 = none given
	int64_t this_update, next_update;	// next_update: RESPONDER_FRESH_S later where there is none
	bool has_next_update;
	bool delegated;			// signed by another key than the issuer's own
	struct member responder;	// delegated: its certificate; borrows from the octets
};

// Judge a response by RFC 6960 3.2 and 4.2.2: it is successful and well formed;
// its responderID names the issuer, or a certificate in it that the issuer
// issued directly for id-kp-OCSPSigning; that key signed it; a nonce in it is
// ours (none is well: many responders sign ahead, RFC 5019 4); exactly one answer
// in it is about the certificate. Not judged: times, and whether the responder's
// own certificate is revoked or still valid. False with the fault: its text is why
// the response is not believed, as the end of a sentence; systemUnavail without memory.
bool responder_judge(struct responder_answer *out, struct span response, const struct responder_question *q, struct fault *f);

#endif
