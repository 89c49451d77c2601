// SPDX-License-Identifier: GPL-3.0-or-later
// sample: a genm and its genp of a wanted size, with places where a load
// generator writes fresh transactionIDs and nonces.
#ifndef CMPGATE_TESTS_BENCH_SAMPLE_H
#define CMPGATE_TESTS_BENCH_SAMPLE_H

#include "codec/der.h"

struct sample {
	uint8_t octets[70000];
	size_t len;
	size_t transaction_id, sender_nonce, recip_nonce;	// offsets of 16 octets each; recip_nonce 0 = none
};

// Make a genm (or, with answer, a genp) of about `size` octets; false when it does not fit.
bool sample_make(struct sample *s, size_t size, bool answer);
// Write number n as transactionID and nonce of a request.
void sample_number(struct sample *s, uint64_t n);
// Tell whether received octets are the answer to the request with number n.
bool sample_answers(const struct sample *form, const uint8_t *octets, size_t len, uint64_t n);
// Copy transactionID and nonce of a received request into an answer; false when the request is not ours.
bool sample_answer(struct sample *answer, const uint8_t *request, size_t len, const struct sample *form);

#endif
