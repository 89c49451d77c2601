// SPDX-License-Identifier: GPL-3.0-or-later
// route: chooses the route of a first message, by its claims only.
#ifndef CMPGATE_GATEWAY_ROUTE_H
#define CMPGATE_GATEWAY_ROUTE_H

#include "config/settings.h"
#include "gateway/message.h"
#include "transports/driver.h"

struct claims {
	const char *listener;		// name
	const struct peer *peer;
	const struct label *label;
	const struct message *message;
};

// The first route that takes the message, in the order of the file; NULL when
// none does. tell, if given, gets a line for each route: its name and why it
// does not fit, with the values that were compared, fit for a terminal (NULL: it does).
const struct settings_route *route_choose(const struct settings *s, const struct claims *c,
	void (*tell)(void *context, const struct settings_route *r, const char *why), void *context);
// The route of this name, or NULL.
const struct settings_route *route_named(const struct settings *s, const char *name);
// A senderKID as it is written in a configuration: its text where printable, else lower-case hex. Answers out.
const char *kid_text(struct span kid, char *out, size_t size);
// Tell whether an address (text, without port) lies in one of the networks
// ("10.7.0.0/16", "2001:db8::/32", an address). IPv4-mapped IPv6 counts as IPv4.
bool address_within(const char *address, const struct option_texts *networks);

#endif
