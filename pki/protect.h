// SPDX-License-Identifier: GPL-3.0-or-later
// protect: PKIProtection (RFC 9810 5.1.3, RFC 9483 3.2): what a message says it
// is protected with, whether that holds, and making it. The octets that are
// protected are those that were received. Pure; from any thread.
#ifndef CMPGATE_PKI_PROTECT_H
#define CMPGATE_PKI_PROTECT_H

#include "codec/originate.h"
#include "codec/pkimessage.h"
#include "pki/credential.h"
#include "pki/path.h"

enum protection_kind { PROTECTION_NONE, PROTECTION_SIGNATURE, PROTECTION_PBM, PROTECTION_PBMAC1 };

// What is believed of a MAC before anything is computed.
struct mac_policy {
	uint32_t iterations_max;	// both kinds; PBM from 100, PBKDF2 from 1,000
	bool sha1;			// accept: [sha1-mac]
	bool bits;			// accept: [pbmac1-bits]: a keyLength in bits
};
enum { MAC_SALT_MIN = 8, MAC_SALT_MAX = 128, PBM_ITERATIONS_MIN = 100, PBKDF2_ITERATIONS_MIN = 1000 };

// A MAC algorithm with its parameters, free of pointers: an answer is made with it long after the request.
struct mac_parameters {
	enum protection_kind kind;	// PBM or PBMAC1
	enum digest derive;		// owf of PBM, prf of PBKDF2
	enum digest mac;
	uint32_t iterations;
	uint32_t key_length;		// PBMAC1: octets
	uint8_t salt[MAC_SALT_MAX];
	uint8_t salt_len;
	uint8_t algorithm[256];		// the AlgorithmIdentifier as received, for the answer
	uint16_t algorithm_len;
};

// Tell what a message is protected with. False: protection without
// protectionAlg or the reverse, or none (badMessageCheck), an algorithm that is
// not known (badAlg).
bool protection_kind_of(const struct pkimessage *m, enum protection_kind *kind, struct fault *f);
// Read the parameters of a MAC, every cap before any cost. badAlg; badDataFormat when they cannot be decoded.
bool mac_parameters_read(const struct pkimessage *m, const struct mac_policy *policy, struct mac_parameters *out, struct fault *f);
// Derive the key and compare, in constant time. badMessageCheck.
bool mac_verify(const struct pkimessage *m, const struct mac_parameters *p, struct span secret, struct fault *f);

// The certificate that protects a message: the first of extraCerts whose
// subject and subjectKeyIdentifier are sender and senderKID; where the message
// brings none (the peer sent them before), one of `known` (contents of
// extraCerts). badMessageCheck with the reason.
bool signer_find(const struct pkimessage *m, struct span known, struct certificate *out, struct fault *f);
struct signer_policy {
	struct trust *const *trusts; size_t trust_count;	// tried in order; a path under any of them will do
	int64_t at; bool at_floor;
	unsigned purpose;			// beside those of the sets
	bool missing_sender_kid;		// accept: [missing-sender-kid]
	struct path_cache *cache;		// may be NULL
	struct wants *wants;			// as in path_request
};
struct signer_verdict {
	struct certificate certificate;		// of the signer; borrows from message, known
	uint8_t digest[32];			// SHA-256 of it
	size_t trust;				// which set
	bool revocation_unknown;
	unsigned signatures;			// verified in all
};
// RFC 9483 3.5 rows 8 to 10 and 12 for a signature: algorithm, certificate,
// sender, key usage, signature, path. Faults as there.
bool protection_verify_signature(const struct pkimessage *m, struct span known, const struct signer_policy *policy,
	struct signer_verdict *out, struct fault *f);

// ---- making it. `plan` gives the header but for protectionAlg, sender and
// senderKID, which are those of the protector; body is the whole body TLV. The
// finished PKIMessage is appended to out.
bool protect_by_signature(struct buffer *out, const struct header_plan *plan, struct span body, const struct credential *c,
	struct span more_certs, struct fault *f);
// With the parameters and reference that the peer used. The salt is fresh.
bool protect_by_mac(struct buffer *out, const struct header_plan *plan, struct span body, const struct mac_parameters *p,
	struct span secret, struct span extra_certs, struct fault *f);

#endif
