// SPDX-License-Identifier: GPL-3.0-or-later
// credential: a certificate of ours with its chain and its private key, as the
// configuration names them. Immutable once loaded, counted.
#ifndef CMPGATE_PKI_CREDENTIAL_H
#define CMPGATE_PKI_CREDENTIAL_H

#include "codec/certificate.h"
#include "crypto/key.h"

struct credential;

// Where its parts stand, all prefixes taken off by the caller's rules:
// certificate: a PEM file (the certificate first, then its chain) or DER.
// key: a path of a PEM or DER file (PKCS#8, encrypted PKCS#8, PKCS#1, SEC1), or "pkcs11:...".
// pass: of the encrypted key, or the PIN; len 0 = none.
struct credential_plan { const char *name, *certificate, *key, *module; struct span pass; };

// Load and check: the key is that of the certificate, the key file is readable
// by its owner only, the chain is in order. NULL with a fault that names file and cure.
struct credential *credential_load(const struct credential_plan *plan, struct fault *f);
struct credential *credential_ref(struct credential *c);
void credential_unref(struct credential *c);	// NULL is allowed
const char *credential_name(const struct credential *c);
const struct certificate *credential_certificate(const struct credential *c);
// Contents of extraCerts: the certificate, then its chain without self-signed ones (RFC 9483 3.3).
struct span credential_chain(const struct credential *c);
struct private_key *credential_key(const struct credential *c);
// senderKID: the subjectKeyIdentifier of the certificate; len 0 = it has none.
struct span credential_key_id(const struct credential *c);
// The subject as GeneralName directoryName, whole: sender of what it protects.
struct span credential_sender(const struct credential *c);

// Read a private key from PEM or DER octets. Nothing of it stays but the object.
struct private_key *private_key_read(struct span octets, struct span pass, struct fault *f);
// Read the certificates of a PEM (all of its CERTIFICATE blocks) or DER file
// into out, one after the other. Answers their number; 0 with the fault.
size_t certificates_read(struct span octets, struct buffer *out, struct fault *f);
// The same for CRLs.
size_t crls_read(struct span octets, struct buffer *out, struct fault *f);
// Read a whole regular file of at most max octets into out, whose memory is made of its size at once. With private_only it must be
// owned by us or root and closed to group and others; else the fault says which chmod to type.
bool secret_file_read(const char *path, size_t max, bool private_only, struct buffer *out, struct fault *f);

#endif
