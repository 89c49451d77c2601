// SPDX-License-Identifier: GPL-3.0-or-later
// identity: who was verified. A transaction belongs to one identity from its
// first message to its last.
#ifndef CMPGATE_GATEWAY_IDENTITY_H
#define CMPGATE_GATEWAY_IDENTITY_H

#include "pki/protect.h"

enum identity_kind { IDENTITY_NONE, IDENTITY_SIGNER, IDENTITY_SECRET };
enum { IDENTITY_TEXT_MAX = 256, REFERENCE_MAX = CAP_KEY_ID };

struct identity {
	enum identity_kind kind;
	uint8_t digest[32];			// SHA-256: of the certificate; of table and reference
	char text[IDENTITY_TEXT_MAX];		// subject, or reference, for people
	bool is_ra;				// the signer has id-kp-cmcRA
	char trust[65];				// set that the signer was verified under
	// IDENTITY_SECRET: the secret by its name, never its value, and how it was used
	char table[65];
	uint8_t reference[REFERENCE_MAX];
	uint8_t reference_len;
	struct mac_parameters mac;
};

// Tell whether two messages came from the same: same kind, same certificate, or same secret.
bool identity_same(const struct identity *a, const struct identity *b);

#endif
