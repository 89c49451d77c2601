// SPDX-License-Identifier: GPL-3.0-or-later
// parameters: the parameters of AlgorithmIdentifiers as views. A reader gets
// the whole AlgorithmIdentifier, whose OID its caller has looked at. Parameters
// that are absent or of another ASN.1 type are badAlg; those that cannot be
// decoded are badDataFormat. Whether the values are good is for others: numbers
// that may be large come as int64, saturated, so that a judge can refuse them.
#ifndef CMPGATE_CODEC_PARAMETERS_H
#define CMPGATE_CODEC_PARAMETERS_H

#include "codec/element.h"

// The parameters are one element of this tag: its contents.
bool parameters_open(const struct algorithm *a, uint8_t tag, struct span *contents, struct fault *f);
// Tell whether the parameters are absent or NULL.
bool parameters_empty(const struct algorithm *a);

// RSASSA-PSS-params (RFC 4055 3.1): hash and mask generation as they are
// written, or their defaults (SHA-1, MGF1 with SHA-1, 20, 1).
struct pss_parameters {
	struct algorithm hash;
	struct algorithm mask;		// mgf1; another one is badAlg
	struct algorithm mask_hash;	// the hash of mgf1
	int64_t salt_length;		// octets
	int64_t trailer;
};
bool pss_parameters_read(const struct algorithm *a, struct pss_parameters *out, struct fault *f);
// Write the AlgorithmIdentifier RSASSA-PSS: hash with NULL, MGF1 with the same hash, salt of these octets, trailer 1.
void pss_write(struct der_writer *w, struct span hash_oid, int64_t salt_length);

// AES-CBC (RFC 3565 2.3): the initialization vector, whose length is not judged here.
bool cbc_parameters_read(const struct algorithm *a, struct span *iv, struct fault *f);
void cbc_write(struct der_writer *w, struct span oid, struct span iv);

// EC parameters (RFC 5480 2.1.1): the OID of a named curve; other forms are badAlg.
bool curve_parameters_read(const struct algorithm *a, struct span *curve, struct fault *f);

// PBKDF2-params (RFC 8018 A.2). A salt from elsewhere (AlgorithmIdentifier) is badAlg.
struct pbkdf2_parameters {
	struct span salt;
	int64_t iterations;
	bool has_key_length; int64_t key_length;	// octets
	struct algorithm prf;		// hmacWithSHA1 when it is absent
};
bool pbkdf2_parameters_read(const struct algorithm *a, struct pbkdf2_parameters *out, struct fault *f);
// The same for an algorithm that must be PBKDF2: others (scrypt) are badAlg.
bool pbkdf2_read(const struct algorithm *a, struct pbkdf2_parameters *out, struct fault *f);
// Write an AlgorithmIdentifier PBKDF2 with the contents of `tag` (DER_SEQUENCE, or a context tag where it is IMPLICIT).
// key_length 0 leaves it out; a prf of hmacWithSHA1 is the default and left out; others get NULL.
void pbkdf2_write(struct der_writer *w, uint8_t tag, struct span salt, int64_t iterations, int64_t key_length, struct span prf_oid);

// Write AlgorithmIdentifiers with no parameters, and with NULL.
void algorithm_write_bare(struct der_writer *w, struct span oid);
void algorithm_write_null(struct der_writer *w, struct span oid);

#endif
