// SPDX-License-Identifier: GPL-3.0-or-later
// der_change: changes of DER that leave it DER, for fuzzers: where octets alone
// are changed, hardly anything but lengths that do not fit is ever tried.
#ifndef CMPGATE_TESTS_DER_CHANGE_H
#define CMPGATE_TESTS_DER_CHANGE_H

#include "base/buffer.h"

// An octet, a bit or the end (kinds 0 to 2); or an element that is removed, doubled, or given another
// tag or other contents, or that another of these takes the place of, with all lengths around it made right.
enum { DER_CHANGES = 10 };
struct der_change { uint8_t kind, value, more; uint16_t at; };
// Change elements that stand one after the other in m. What cannot be done is not done.
void der_change(struct buffer *m, const struct der_change *c);

// For LLVMFuzzerCustomMutator(): changes of elements behind `head` octets, and now and
// then those that libFuzzer makes. Answers the new size.
size_t der_mutate(uint8_t *data, size_t size, size_t max, unsigned seed, size_t head);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

#endif
