// SPDX-License-Identifier: GPL-3.0-or-later
// toy_keys: what toy_crypto lacks for a whole gateway: private keys, MACs and
// random octets, all of them quick, and the same in each run.
#ifndef CMPGATE_TESTS_TOY_KEYS_H
#define CMPGATE_TESTS_TOY_KEYS_H

#include "tests/fuzz/toy_crypto.h"

// random_octets() begins anew: what it gives is the same after each call of this.
void toy_random_begin(void);

#endif
