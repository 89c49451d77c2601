// SPDX-License-Identifier: GPL-3.0-or-later
// token: finding tokens, sessions and keys by PKCS#11. Private to crypto/.
#ifndef CMPGATE_CRYPTO_TOKEN_H
#define CMPGATE_CRYPTO_TOKEN_H

#include <pthread.h>

#include "crypto/module.h"
#include "crypto/token_uri.h"

enum { TOKEN_PIN_MAX = 255, TOKEN_SLOTS_MAX = 256, TOKEN_VALUE_MAX = 1024 };

// Where a key stands, and how to come to it; used by all places.
struct token {
	struct token_uri uri;
	struct module *module;
	uint8_t pin[TOKEN_PIN_MAX];	// writable, since modules ask for that
	size_t pin_len;			// 0: no login
	pthread_mutex_t lock;		// one thread logs in at a time
	bool pin_refused;		// under lock; it is not tried again, or the token would lock itself
};

// A session of one place and its key in there; session 0 is none.
struct token_session { p11_number session, key; bool ask_again; };

// Take the URI and the PIN, load the module (that of the URI, else `module`). NULL with the fault.
struct token *token_new(const char *uri, const char *module, struct span pin, struct fault *f);
void token_free(struct token *t);	// NULL is allowed; wipes

// Find the slot, open a session there, log in, find the private key. False with a fault that says what is there instead.
bool token_enter(struct token *t, struct token_session *s, struct fault *f);
void token_leave(struct token *t, struct token_session *s);

// Read an attribute of an object into room for TOKEN_VALUE_MAX octets; len 0 when it has none.
struct span token_read(struct token *t, const struct token_session *s, p11_number object, p11_number type, uint8_t *room);
// Find the public key that belongs to the session's key: by the same id, else by the same label. P11_UNAVAILABLE: there is none.
p11_number token_find_public(struct token *t, const struct token_session *s);

#endif
