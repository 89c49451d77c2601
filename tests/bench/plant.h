// SPDX-License-Identifier: GPL-3.0-or-later
// plant: who speaks in the benches of the registration authority, and what
// they say: devices with certificates of their maker (or secrets), a CA with
// a signer of its own, and the gateway's credential. All keys are P-256 and
// the same in each run. Whatever cannot be made ends the program.
#ifndef CMPGATE_TESTS_BENCH_PLANT_H
#define CMPGATE_TESTS_BENCH_PLANT_H

#include "codec/pkimessage.h"
#include "crypto/key.h"

enum { PLANT_DEVICES = 120, PLANT_SECRETS = 1000, PLANT_ITERATIONS = 500 };	// of openssl's PBM

// Who signs, with what goes into the header and into extraCerts.
struct plant_signer {
	struct private_key *key;
	struct buffer name;		// GeneralName
	struct buffer certificate;
	uint8_t key_id[20];
};

struct device {
	unsigned number;
	struct plant_signer signer;
	struct buffer request;		// body of its ir, for a certificate for its own key
	uint8_t id[16], nonce[16];	// of the transaction under way
	struct buffer peer_nonce, cert_hash;
};

// Start crypto/, and make the CA, its signer and the maker.
void plant_start(void);
// Write certificates (DER), keys and secrets into a folder: NAME.der and NAME.key of every signer, device-N of the first
// PLANT_DEVICES devices for `openssl cmp`, and issued.der of a CA that answers everybody with the certificate of device 0.
void plant_files(const char *folder);

// The n-th device. Tens of thousands are possible; each costs some signatures.
struct device *device_new(unsigned n);
void device_free(struct device *d);
// Append its next message: an ir with a fresh transactionID, or the certConf
// for the last answer. by_mac: with its secret instead of its key.
void device_ask(struct device *d, struct buffer *out, bool confirm, bool by_mac);
// Tell whether octets are the answer to that: ip with a certificate, or pkiConf.
bool device_takes(struct device *d, struct span octets, bool confirm);

// Append the CA's answer to an ir or certConf; false when the request is neither.
bool plant_answer(struct buffer *out, struct span request);

// For the crypto floor: signers by name, "maker", "root", "answers", "ra".
const struct plant_signer *plant_signer(const char *name);

#endif
