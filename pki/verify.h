// SPDX-License-Identifier: GPL-3.0-or-later
// verify: one signature over one structure, judged from its algorithm to its
// last octet. The only way from pki/ to signature_verify() for certificates
// and CRLs, and the place where they are counted.
#ifndef CMPGATE_PKI_VERIFY_H
#define CMPGATE_PKI_VERIFY_H

#include "codec/element.h"
#include "crypto/key.h"

enum verdict {
	VERDICT_GOOD,	// the signature verifies with this key
	VERDICT_BAD,	// it does not, or must not be believed; the fault says why
	VERDICT_STOP	// nothing is known: no memory, or too many were verified already
};

// Judge a signature of `key` over `body`: algorithm and parameters are those
// of RFC 9481, they fit the key, and it verifies. *signatures counts up to
// PATH_MAX_SIGNATURES and is then left alone; NULL: nobody counts. The faults:
// signerNotTrusted; systemUnavail without memory.
enum verdict verify_signature(const struct public_numbers *key, const struct algorithm *algorithm, struct span body,
	struct span signature, unsigned *signatures, struct fault *f);

#endif
