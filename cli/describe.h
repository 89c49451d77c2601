// SPDX-License-Identifier: GPL-3.0-or-later
// describe: parsed structures as trees. What could be a secret (passphrases,
// tokens, private keys, even encrypted ones) is counted, never shown.
#ifndef CMPGATE_CLI_DESCRIBE_H
#define CMPGATE_CLI_DESCRIBE_H

#include "cli/tree.h"
#include "codec/certificate.h"
#include "codec/cms.h"
#include "codec/crl.h"
#include "codec/crmf.h"
#include "codec/pkcs10.h"
#include "codec/pkimessage.h"

// Each fills the object that the caller opened.
void describe_message(struct tree *t, const struct pkimessage *m);
void describe_header(struct tree *t, const struct pkiheader *h);
void describe_certificate(struct tree *t, const struct certificate *c);
void describe_crl(struct tree *t, const struct crl *c);
void describe_pkcs10(struct tree *t, const struct pkcs10 *p);
// Contents of the SEQUENCE of CertReqMessages, checked.
void describe_requests(struct tree *t, struct span whole);

void describe_enveloped_data(struct tree *t, const struct enveloped_data *e);

// An EncryptedKey: to whom and how it is encrypted, never what.
void describe_encrypted_key(struct tree *t, const char *field, const struct encrypted_key *k);
// Attributes of PKCS#10 and CMS, from their contents (checked); an extensionRequest is shown by itself elsewhere. Nothing when len is 0.
void describe_attributes(struct tree *t, const char *field, struct span attributes);

// Leaves that all of them share.
void describe_name(struct tree *t, const char *field, struct span name);
void describe_general_name(struct tree *t, const char *field, struct span whole);
void describe_oid(struct tree *t, const char *field, struct span oid);
void describe_general_names(struct tree *t, const char *field, struct span names);
void describe_algorithm(struct tree *t, const char *field, const struct algorithm *a);
void describe_public_key(struct tree *t, const char *field, const struct public_key *k);
// Nothing when the list is absent (len 0).
void describe_extensions(struct tree *t, const char *field, struct span extensions);
// A certificate inside something: its fields, or the fault and its octets when it cannot be read.
void describe_inner_certificate(struct tree *t, const char *field, struct span whole);
void describe_inner_crl(struct tree *t, const char *field, struct span whole);
void describe_certificates(struct tree *t, const char *field, struct span list);
// "(not shown, 12 octets)"
void describe_hidden(struct tree *t, const char *field, size_t octets);
// A fault, as an object of failInfo, path and text.
void describe_fault(struct tree *t, const char *field, const struct fault *f);

#endif
