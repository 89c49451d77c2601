// SPDX-License-Identifier: GPL-3.0-or-later
// listen: why an address cannot be listened on, in the same words for every link.
#ifndef CMPGATE_TRANSPORTS_LISTEN_H
#define CMPGATE_TRANSPORTS_LISTEN_H

#include "base/fault.h"

// Fill the fault for an address and port that bind or listen refused with this
// errno, with what can be done about it. Answers false.
bool listen_failed(struct fault *f, const char *host, unsigned port, int error);
// The number of an interface that an address names behind '%'; 0 and the fault
// when this machine has none of this name.
unsigned listen_zone(const char *zone, struct fault *f);

#endif
