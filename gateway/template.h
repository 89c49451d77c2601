// SPDX-License-Identifier: GPL-3.0-or-later
// template: the changes that a route makes to a request (set:, popo:
// raverified). A changed request loses the proof of its key, so the proof was
// verified before and raVerified takes its place (RFC 9483 5.2.3.2).
#ifndef CMPGATE_GATEWAY_TEMPLATE_H
#define CMPGATE_GATEWAY_TEMPLATE_H

#include "gateway/envelope.h"

// Write the body of m as changed: `body` is its TLV, in out. A p10cr becomes a
// cr, since its own signature covers what is changed. Bodies without a template
// stay as they are.
bool template_change_body(struct buffer *out, const struct pkimessage *m, const struct body_change *change, struct span *body, struct fault *f);

#endif
