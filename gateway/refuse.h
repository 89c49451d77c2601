// SPDX-License-Identifier: GPL-3.0-or-later
// refuse: the one table from faults to what a device is told.
#ifndef CMPGATE_GATEWAY_REFUSE_H
#define CMPGATE_GATEWAY_REFUSE_H

#include "gateway/inspect.h"
#include "transports/driver.h"

// An unprotected PKIMessage that tells a device of a fault in its request: the
// response body of its kind with rejection where the verdict says so and m is
// given, else error. NULL without memory or randomness.
struct blob *refuse_message(const struct pkiheader *request, const struct pkimessage *m, const struct verdict *v);
// The CMP error that goes with a refusal of the transport; NULL where there is
// no header to answer, or no memory.
struct blob *refuse_content(const struct pkiheader *request, enum refusal reason, const char *text);
// The seconds a device is asked to wait before it repeats; 0 = no hint.
unsigned refuse_seconds(enum refusal reason);
// A short word for logs: "busy", "timeout".
const char *refuse_name(enum refusal reason);

#endif
