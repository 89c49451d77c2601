// SPDX-License-Identifier: GPL-3.0-or-later
// inspect: what can be said of a request without a key: RFC 9483 3.5 rows 2 to 5
// in their order, and the form of its body as the profile wants it. Read-only.
#ifndef CMPGATE_GATEWAY_INSPECT_H
#define CMPGATE_GATEWAY_INSPECT_H

#include "gateway/message.h"

struct verdict {
	struct fault fault;
	bool in_body;		// the fault lies in the body: the answer is its response body with rejection
	int32_t pvno;		// unsupportedVersion: the version to answer with; 0 = that of the request
};

// Judge a request; false with the verdict filled.
bool inspect_request(const struct message *m, struct verdict *v);
// The same where a route tolerates deviations: accept, bits of config/settings.h (ACCEPT_PVNO1 matters here).
bool inspect_request_on(const struct message *m, unsigned accept, struct verdict *v);
// Tell whether the verdict may depend on what the route accepts.
bool inspect_asks_route(const struct message *m);
// Look at each message of a batch as at a request of its own; true for other messages.
// For routes that pass a batch on as it is: where it is split, each message is answered for itself.
bool inspect_members(const struct message *m, unsigned accept, struct verdict *v);

#endif
