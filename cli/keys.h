// SPDX-License-Identifier: GPL-3.0-or-later
// keys: what a configuration names, loaded by a command as the gateway would.
#ifndef CMPGATE_CLI_KEYS_H
#define CMPGATE_CLI_KEYS_H

#include "gateway/keyring.h"

// Start the cryptography and load it all with the rights that the gateway has:
// root becomes its user meanwhile. As keyring_load(); blocks.
struct keyring *keys_load(const struct settings *s, keyring_tell *tell, void *context, struct fault *f);

#endif
