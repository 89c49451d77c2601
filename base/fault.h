// SPDX-License-Identifier: GPL-3.0-or-later
// fault: what was wrong with an input, once for everybody: the PKIFailureInfo
// bit for the CMP error, the path of the field, and one sentence for people.
// The innermost function that knows the reason fills it; nobody overwrites it.
#ifndef CMPGATE_BASE_FAULT_H
#define CMPGATE_BASE_FAULT_H

#include "base/span.h"

// PKIFailureInfo bits, RFC 9810 5.2.3. FAIL_NONE: no bit (a local fault).
enum failure {
	FAIL_NONE = -1,
	FAIL_BAD_ALG = 0,
	FAIL_BAD_MESSAGE_CHECK = 1,
	FAIL_BAD_REQUEST = 2,
	FAIL_BAD_TIME = 3,
	FAIL_BAD_CERT_ID = 4,
	FAIL_BAD_DATA_FORMAT = 5,
	FAIL_WRONG_AUTHORITY = 6,
	FAIL_INCORRECT_DATA = 7,
	FAIL_MISSING_TIME_STAMP = 8,
	FAIL_BAD_POP = 9,
	FAIL_CERT_REVOKED = 10,
	FAIL_CERT_CONFIRMED = 11,
	FAIL_WRONG_INTEGRITY = 12,
	FAIL_BAD_RECIPIENT_NONCE = 13,
	FAIL_TIME_NOT_AVAILABLE = 14,
	FAIL_UNACCEPTED_POLICY = 15,
	FAIL_UNACCEPTED_EXTENSION = 16,
	FAIL_ADD_INFO_NOT_AVAILABLE = 17,
	FAIL_BAD_SENDER_NONCE = 18,
	FAIL_BAD_CERT_TEMPLATE = 19,
	FAIL_SIGNER_NOT_TRUSTED = 20,
	FAIL_TRANSACTION_ID_IN_USE = 21,
	FAIL_UNSUPPORTED_VERSION = 22,
	FAIL_NOT_AUTHORIZED = 23,
	FAIL_SYSTEM_UNAVAIL = 24,
	FAIL_SYSTEM_FAILURE = 25,
	FAIL_DUPLICATE_CERT_REQ = 26,
	FAIL_COUNT = 27
};

struct fault {
	bool set;
	enum failure failure;
	char path[96];		// field, as "header.transactionID"; may be empty
	char text[256];		// one sentence without a final full stop: what is wrong, and how to mend it
};

// Fill f unless it is filled already (or NULL). Answers false always, so that
// a check can end with `return fault_set(...)`. Control characters in the
// formatted text are replaced.
bool fault_set(struct fault *f, enum failure failure, const char *path, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
// Put a prefix before the path: "body.ir" + "[0].popo". Nothing when f is not set or NULL.
void fault_within(struct fault *f, const char *prefix);
// Write "path: text" (or text alone) into out, always NUL-terminated; answers out.
const char *fault_text(const struct fault *f, char *out, size_t size);
// The standard name of a bit, as "badDataFormat"; "none" for FAIL_NONE, NULL out of range.
const char *failure_name(enum failure failure);
// Find a bit by its name; false when there is none of this name.
bool failure_find(enum failure *out, const char *name);

#endif
