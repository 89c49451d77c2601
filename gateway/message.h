// SPDX-License-Identifier: GPL-3.0-or-later
// message: immutable octets with their parsed view, counted. Views point into
// the octets, so that a message may outlive the exchange it came with.
#ifndef CMPGATE_GATEWAY_MESSAGE_H
#define CMPGATE_GATEWAY_MESSAGE_H

#include "base/blob.h"
#include "codec/pkimessage.h"

struct message {
	unsigned references;		// loop thread only
	struct blob *octets;
	struct pkimessage view;
	struct pkimessage *inner;	// of a nested message around exactly one other; NULL = none
};

// Parse octets into a message with one reference (which holds one of the
// blob). NULL with the fault; then *header and *header_read tell what an error
// answer can copy, borrowed from the blob. FAIL_SYSTEM_UNAVAIL: no memory.
struct message *message_parse(struct blob *octets, struct pkiheader *header, bool *header_read, struct fault *f);
// The same for octets that were parsed before; NULL for NULL, or without memory.
struct message *message_again(struct blob *octets);
struct message *message_ref(struct message *m);
void message_unref(struct message *m);	// NULL is allowed
// What the message asks or says: the inner one of a single nested message.
const struct pkimessage *message_meaning(const struct message *m);

#endif
