// SPDX-License-Identifier: GPL-3.0-or-later
// label: what a path may put into a label, the same for every driver.
#ifndef CMPGATE_TRANSPORTS_LABEL_H
#define CMPGATE_TRANSPORTS_LABEL_H

#include "base/fault.h"
#include "transports/driver.h"

// Take the name of a profile from a path. It may become part of an upstream's
// URL: letters, digits and -._~ only (RFC 3986 unreserved), neither "." nor
// "..", and short enough; else false.
bool label_set_profile(struct label *label, struct span name);
// Tell whether requests can name a path of the configuration: a slash, then
// segments of plain ASCII between single slashes, short enough for a label.
// open_end: one slash may stand at its end, or alone. False with the fault.
bool label_check_path(const char *path, bool open_end, struct fault *f);

#endif
