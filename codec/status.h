// SPDX-License-Identifier: GPL-3.0-or-later
// status: PKIStatusInfo and ErrorMsgContent (RFC 9810 5.2.3, 5.3.21).
#ifndef CMPGATE_CODEC_STATUS_H
#define CMPGATE_CODEC_STATUS_H

#include "codec/element.h"

// PKIStatus values.
enum {
	STATUS_ACCEPTED, STATUS_GRANTED_WITH_MODS, STATUS_REJECTION, STATUS_WAITING, STATUS_REVOCATION_WARNING,
	STATUS_REVOCATION_NOTIFICATION, STATUS_KEY_UPDATE_WARNING, STATUS_COUNT
};

struct status_info {
	int32_t status;		// 0..6
	struct span texts;	// contents of statusString; len 0 = absent
	bool has_failure;
	uint32_t failures;	// bit n set: PKIFailureInfo bit n
};

bool status_info_take(struct span *in, struct status_info *out, struct fault *f);
// Standard name: "accepted", ...; NULL out of range.
const char *status_name(int32_t status);
// Write "rejection: badPOP, badAlg: text" for people; control characters are replaced. Answers out.
const char *status_text(const struct status_info *s, char *out, size_t size);
// The lowest failure bit that is set, FAIL_NONE when there is none.
enum failure status_failure(const struct status_info *s);

struct error_content {
	struct status_info status;
	bool has_code; struct span code;	// INTEGER contents
	struct span details;			// contents of errorDetails; len 0 = absent
};
// ErrorMsgContent, the SEQUENCE.
bool error_content_take(struct span *in, struct error_content *out, struct fault *f);

#endif
