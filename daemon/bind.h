// SPDX-License-Identifier: GPL-3.0-or-later
// bind: listening stream sockets, made here and handed to drivers.
#ifndef CMPGATE_DAEMON_BIND_H
#define CMPGATE_DAEMON_BIND_H

#include "base/fault.h"
#include "config/url.h"

#define BIND_MAX 2	// addresses of one URL: 127.0.0.1 and ::1

// Bind and listen on a URL's address and port (default_port when none was
// written). No host: loopback of IPv4, and of IPv6 where the machine has it.
// "[::]" serves IPv4 as well. Names are refused: a look-up could block, and
// what is listened on should stand in the file. Answers the number of
// descriptors in fds (the caller's to close), -1 with the fault.
int bind_streams(int *fds, size_t max, const struct url *url, unsigned default_port, struct fault *f);

#endif
