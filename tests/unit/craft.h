// SPDX-License-Identifier: GPL-3.0-or-later
// craft: makes PKIMessages for tests, whole and broken. A header is a plan with
// switches; a body comes from a table with one well-formed sample per kind.
#ifndef CMPGATE_TESTS_CRAFT_H
#define CMPGATE_TESTS_CRAFT_H

#include "codec/pkimessage.h"

struct craft {
	int64_t pvno;
	struct span transaction_id, sender_nonce, recip_nonce;	// len 0: left out
	bool implicit_confirm;
	struct span general_info;	// more InfoTypeAndValues, or len 0
	struct span extra_certs;	// contents, or len 0
	bool protection;		// a PBM algorithm and 20 octets of MAC
	uint8_t body_tag;		// 0: BODY as context tag
	struct span body;		// contents of the body; len 0: the sample of its kind
};

// A plan with transactionID and nonce of 16 octets that begin with `mark`.
struct craft craft_plan(uint8_t mark);
// Write a message of this kind; the octets are the caller's in out (cleared first).
void craft_message(struct buffer *out, const struct craft *c, enum body body);
// The well-formed sample of a body's contents.
void craft_body(struct buffer *out, enum body body);
// One certificate of n octets or a little more; form only.
void craft_certificate(struct buffer *out, size_t n);

#endif
