// SPDX-License-Identifier: GPL-3.0-or-later
// token_uri: reading the URI of a key in a token (RFC 7512). Private to crypto/.
#ifndef CMPGATE_CRYPTO_TOKEN_URI_H
#define CMPGATE_CRYPTO_TOKEN_URI_H

#include "base/fault.h"

enum { TOKEN_URI_MAX = 2048 };

// What the URI names, decoded; data is NULL where it does not.
struct token_uri {
	struct span token, manufacturer, serial, model, object, id;
	char *module;
	bool has_slot;
	unsigned long slot;
	char *text;		// holds them all
};

// Read it: the attributes of the struct (`token`, `manufacturer`, `serial`, `model`,
// `object`, `id`, `slot-id`; `module-path` behind a `?`) and `type=private`. A
// token or serial and an object or id must be named. False with a fault for
// every other attribute, one that comes twice or is empty, and characters that
// RFC 7512 2.3 wants percent-encoded.
bool token_uri_read(const char *uri, struct token_uri *out, struct fault *f);
void token_uri_clear(struct token_uri *u);

#endif
