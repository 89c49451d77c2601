// SPDX-License-Identifier: GPL-3.0-or-later
// random: octets from the kernel, for nonces, handles and references.
#ifndef CMPGATE_BASE_RANDOM_H
#define CMPGATE_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

// Fill out with len random octets (getrandom, waiting for the pool at boot).
// False on failure: the caller must refuse whatever needed them.
bool random_octets(void *out, size_t len);

#endif
