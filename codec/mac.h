// SPDX-License-Identifier: GPL-3.0-or-later
// mac: the parameters of the MACs that protect messages: PasswordBasedMac (RFC
// 4211 4.4) and PBMAC1 (RFC 8018 7.1) as views, and their writers. Faults and
// saturated numbers as in codec/parameters.h; the caps are for the verifier.
#ifndef CMPGATE_CODEC_MAC_H
#define CMPGATE_CODEC_MAC_H

#include "codec/parameters.h"

struct pbm_parameters {
	struct span salt;
	struct algorithm owf;
	int64_t iterations;
	struct algorithm mac;
};
bool pbm_parameters_read(const struct algorithm *a, struct pbm_parameters *out, struct fault *f);
// Write the AlgorithmIdentifier: owf without parameters, mac with NULL (RFC 9045, RFC 9481 6.1.1).
void pbm_write(struct der_writer *w, struct span owf_oid, struct span salt, int64_t iterations, struct span mac_oid);

// PBMAC1: a key derivation other than PBKDF2 (scrypt) is badAlg.
struct pbmac1_parameters {
	struct pbkdf2_parameters kdf;
	struct algorithm mac;
};
bool pbmac1_parameters_read(const struct algorithm *a, struct pbmac1_parameters *out, struct fault *f);
// Write the AlgorithmIdentifier: keyLength in octets is always written (RFC 9579 5), prf and mac with NULL.
void pbmac1_write(struct der_writer *w, struct span salt, int64_t iterations, int64_t key_length, struct span prf_oid, struct span mac_oid);

#endif
