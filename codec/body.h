// SPDX-License-Identifier: GPL-3.0-or-later
// body: the parser of each kind of PKIBody, in one table.
#ifndef CMPGATE_CODEC_BODY_H
#define CMPGATE_CODEC_BODY_H

#include "codec/pkimessage.h"

// Parse the contents of a body (the TLV inside its CHOICE tag) to its last
// element. Faults are badDataFormat, or badRequest for too many elements; their
// path begins with the name of the body.
bool body_check(enum body body, struct span contents, struct fault *f);

#endif
