// SPDX-License-Identifier: GPL-3.0-or-later
// trial: the checks of a request under the route that took it, in the order of
// the gateway and told one by one, with nothing sent, asked or recorded. What
// only a running gateway knows is not looked at: transactions, what became of
// secrets, limits. Blocks while it computes.
#ifndef CMPGATE_GATEWAY_TRIAL_H
#define CMPGATE_GATEWAY_TRIAL_H

#include "gateway/keyring.h"
#include "gateway/message.h"

struct trial {
	const struct settings *settings;
	const struct settings_route *route;
	const struct keyring *keys;
	const struct message *message;	// parsed and inspected
	const char *profile;		// of the path; "" = none
	int64_t now;			// seconds since 1970, by which certificates are judged
};

// One check: its name ("protection", "proof of possession", "policy", "allow-list",
// "hook"), whether it went well, and a sentence; a refusal has its failure.
struct trial_check { const char *name; bool well; enum failure failure; const char *text; };
typedef void trial_tell(void *context, const struct trial_check *check);

// Tell of each check up to the first that refuses; true when none does.
bool trial_request(const struct trial *t, trial_tell *tell, void *context);

#endif
