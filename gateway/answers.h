// SPDX-License-Identifier: GPL-3.0-or-later
// answers: support messages answered by the gateway itself (RFC 9483 4.3): CA
// certificates, root update, request template, CRLs.
#ifndef CMPGATE_GATEWAY_ANSWERS_H
#define CMPGATE_GATEWAY_ANSWERS_H

#include "gateway/keyring.h"
#include "gateway/message.h"

struct step;

// The InfoTypeAndValues that answer a genm, appended to out. False with the
// fault (badRequest) when it asks for what `answers:` does not hold.
bool answers_build(struct buffer *out, const struct keyring *k, const struct pkimessage *genm, const char *profile, struct fault *f);
// Answer the verified request of a step, and end the step.
void answers_give(struct step *s);

#endif
