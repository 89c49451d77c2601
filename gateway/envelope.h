// SPDX-License-Identifier: GPL-3.0-or-later
// envelope: finished octets, in both directions (RFC 9483 5.2): a request as the
// CA gets it, an answer as the device gets it. Runs on workers.
#ifndef CMPGATE_GATEWAY_ENVELOPE_H
#define CMPGATE_GATEWAY_ENVELOPE_H

#include "gateway/keyring.h"
#include "gateway/policy.h"

// How the gateway speaks to somebody: by a signature of ours, or by the secret
// of the device with the algorithm that it used.
struct voice {
	struct credential *credential;		// borrowed; NULL = none
	bool by_mac;
	struct mac_parameters mac;
	uint8_t reference[REFERENCE_MAX];	// senderKID of the answer
	size_t reference_len;
	bool version1;				// the device speaks pvno 1, and the CA's answer goes down as that
	uint8_t secret[512];			// wiped by voice_clear
	size_t secret_len;
};
void voice_clear(struct voice *v);
// Tell whether there is one at all.
bool voice_speaks(const struct voice *v);

// What becomes of a request's body where the protection is replaced.
struct body_change {
	bool raverified;			// popo becomes raVerified
	const struct settings_route *set;	// its `set:`; NULL = nothing is changed
};

// A request wrapped in a nested message of ours (5.2.2.1): transactionID,
// senderNonce and recipNonce are copied from the request.
bool envelope_add(struct buffer *out, const struct pkimessage *m, const struct credential *c, struct fault *f);
// A request under our own signature (5.2.3): header as received but for sender,
// senderKID, protectionAlg; body as received, or changed.
bool envelope_replace(struct buffer *out, const struct pkimessage *m, const struct body_change *change, const struct credential *c, struct fault *f);
// An answer for a device: header as it stands but for recipient and what the
// voice says of itself; body and the chain of a certificate as they are. request: the device's header.
bool envelope_reply(struct buffer *out, const struct pkimessage *answer, const struct pkiheader *request, const struct voice *voice, struct fault *f);
// A message of the gateway's own, upstream: header from the plan, signed.
bool envelope_own(struct buffer *out, const struct pkimessage *unprotected, const struct credential *c, struct fault *f);

#endif
