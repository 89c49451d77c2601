// SPDX-License-Identifier: GPL-3.0-or-later
// approve: may this device have what it asks for? An allow-list in a CSV file,
// and a program of the operator's that gets the request as JSON on its standard
// input and answers by its exit code: 0 yes, 1 no, everything else "not now".
#ifndef CMPGATE_GATEWAY_APPROVE_H
#define CMPGATE_GATEWAY_APPROVE_H

#include <uv.h>

#include "gateway/identity.h"
#include "gateway/keyring.h"
#include "gateway/message.h"

enum approve_verdict { APPROVED, APPROVE_DENIED, APPROVE_UNKNOWN };	// UNKNOWN: it failed or took too long
enum { APPROVE_RUNNING_MAX = 16, APPROVE_OUTPUT_MAX = 1024 };

struct approval;

// Judge by the allow-list of the route; true when there is none.
bool approve_listed(const struct keyring *k, const struct settings_route *r, const struct identity *who,
	const struct certificate *signer, const struct pkimessage *m, const char *profile, struct fault *f);
// Start the program; done comes once, from the loop; text: what it wrote to its
// standard output, one line for the device; for APPROVE_UNKNOWN why there is no
// verdict, for the log. NULL with the fault when it cannot be started.
struct approval *approve_start(uv_loop_t *loop, const struct settings_route *r, const struct identity *who, const struct pkimessage *m,
	const char *peer, const char *profile, void (*done)(void *context, enum approve_verdict verdict, const char *text), void *context, struct fault *f);
// Nobody waits for the verdict any more: the program is ended, done is not called.
void approve_cancel(struct approval *a);

#endif
