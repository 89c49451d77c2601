// SPDX-License-Identifier: GPL-3.0-or-later
// trace: a line for each message that passes, in log.level trace: from whom, to
// whom, its kind and size. Never what stands in it.
#ifndef CMPGATE_GATEWAY_TRACE_H
#define CMPGATE_GATEWAY_TRACE_H

#include "gateway/core.h"

// A whole message of a device, before it is judged.
void trace_request(const struct gate_listener *l, const struct peer *peer, const struct label *label, const struct message *m);
// What the device of an exchange is told.
void trace_reply(const struct exchange *x, const struct reply *reply);
// A message on its way to an upstream, and how that ended.
void trace_submission(const struct submission *s, const struct blob *octets);
void trace_outcome(const struct submission *s, const struct outcome *o);

#endif
