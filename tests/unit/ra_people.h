// SPDX-License-Identifier: GPL-3.0-or-later
// ra_people: those who speak in the tests of a registration authority, with
// their keys, certificates and secrets; the same in each run.
#ifndef CMPGATE_TESTS_RA_PEOPLE_H
#define CMPGATE_TESTS_RA_PEOPLE_H

#include "pki/protect.h"
#include "tests/unit/pki_make.h"

struct kit_signer {
	const char *name;
	const char *subject;			// RFC 4514
	struct private_key *key;		// NULL: by MAC
	struct signature_scheme scheme;
	struct span certificate, chain;		// chain: contents of extraCerts
	struct span key_id;			// contents of subjectKeyIdentifier; len 0 = none
	const char *reference, *secret;		// of a MAC
	struct mac_parameters mac;
};

// Make them all; people_free() when nobody speaks any more.
void people_make(void);
void people_free(void);
// By name; one that is not there ends the program.
const struct kit_signer *kit_signer(const char *name);
// The n-th of them, NULL behind the last.
const struct kit_signer *people_at(size_t n);
// Write what the configuration of a gateway names into a folder: root.der,
// root2.der (another PKI), ra.der with ra.key, plant.crl, ca.crl, secrets.
void people_files(const char *folder);
// A file there, closed to others.
void people_file(const char *folder, const char *name, struct span octets);
// The key that requests ask for, and its SubjectPublicKeyInfo. kind: "rsa", "p384", ...; NULL: P-256.
struct private_key *people_new_key(const char *kind);
// Append a certificate of the CA: subject as RFC 4514 has it.
void people_issue(struct buffer *out, const char *subject, struct private_key *key, const char *ca);
struct private_key *people_root_key(void);

#endif
