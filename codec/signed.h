// SPDX-License-Identifier: GPL-3.0-or-later
// signed: what certificates, CRLs and PKCS#10 requests have in common (RFC
// 5280 4.1.1, RFC 2986 4.2): SEQUENCE { body, signatureAlgorithm, signature
// BIT STRING without unused bits }.
#ifndef CMPGATE_CODEC_SIGNED_H
#define CMPGATE_CODEC_SIGNED_H

#include "codec/element.h"

struct signed_structure {
	struct span body;	// whole TLV: the octets that are signed
	struct algorithm algorithm;
	struct span signature;
};
// Read it: the octets must be exactly one, strict DER to the last element, the
// parameters of the algorithm absent, NULL or a SEQUENCE (else badAlg).
bool signed_structure_read(struct span octets, struct signed_structure *out, struct fault *f);

// The algorithm at *in must be the same octets as the one beside the signature (else badAlg).
bool same_algorithm_take(struct span *in, const struct algorithm *outer, struct fault *f);
// Take a Name, the whole TLV, checked to its end; faults name `field`.
bool named_name_take(struct span *in, struct span *name, const char *field, struct fault *f);

#endif
