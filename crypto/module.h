// SPDX-License-Identifier: GPL-3.0-or-later
// module: the shared library that speaks for a token. Each is loaded once, by
// its path, and counted. Private to crypto/.
#ifndef CMPGATE_CRYPTO_MODULE_H
#define CMPGATE_CRYPTO_MODULE_H

#include "base/fault.h"
#include "crypto/pkcs11.h"

struct module;

// Load and initialize. NULL with a fault that says what the loader or the library said.
struct module *module_open(const char *path, struct fault *f);
void module_close(struct module *m);	// NULL is allowed
const struct p11_calls *module_calls(const struct module *m);

// Words for an answer: "wrong PIN", or its number in hexadecimal.
const char *p11_text(p11_number answer, char out[32]);

#endif
