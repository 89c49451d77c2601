// SPDX-License-Identifier: GPL-3.0-or-later
// relay: does an upstream's answer belong to the request, and what does it say?
// Pure; what does not belong never reaches the device (RFC 9483 3.5 rows 1-6).
#ifndef CMPGATE_GATEWAY_RELAY_H
#define CMPGATE_GATEWAY_RELAY_H

#include "codec/status.h"
#include "gateway/message.h"
#include "gateway/transaction.h"

// What was asked.
struct asked {
	enum body body;			// of the request under way
	enum body first_body;		// of the transaction's first request; BODY_COUNT: unknown
	struct span transaction_id;
	struct span nonces[3];		// senderNonces an answer may refer to; len 0 = none
	bool accept_unprotected_error;	// of the route
};

struct relayed {
	enum event event;		// EVENT_FINAL_POSITIVE ..., EVENT_BAD with the fault
	bool need_conf, has_certificate;
	int32_t ids[CAP_CERT_REQ_MSGS];	// certReqIds of the certificates it brings
	size_t id_count;
};

// Judge an answer. Fills out always; out->event is EVENT_BAD with f filled when it does not belong.
void relay_judge(const struct message *answer, const struct asked *asked, struct relayed *out, struct fault *f);

// The PKIStatusInfo of an answer: that of an error, or of its first response. False when its kind has none.
bool relay_status(const struct message *answer, struct status_info *out);

#endif
