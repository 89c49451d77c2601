// SPDX-License-Identifier: GPL-3.0-or-later
// label: what a path may put into a label, the same for every driver.
#ifndef CMPGATE_TRANSPORTS_LABEL_H
#define CMPGATE_TRANSPORTS_LABEL_H

#include "transports/driver.h"

// Take the name of a profile from a path. It may become part of an upstream's
// URL: letters, digits and -._~ only (RFC 3986 unreserved), neither "." nor
// "..", and short enough; else false.
bool label_set_profile(struct label *label, struct span name);

#endif
