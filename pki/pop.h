// SPDX-License-Identifier: GPL-3.0-or-later
// pop: proof of possession (RFC 4211 4, RFC 2986, RFC 9483 4.1). Pure; from any thread.
#ifndef CMPGATE_PKI_POP_H
#define CMPGATE_PKI_POP_H

#include "codec/crmf.h"
#include "codec/pkcs10.h"
#include "pki/algorithm.h"

// Verify the signature over the CertRequest as received, with the key of its
// template (or over POPOSigningKeyInput where popo_input is allowed and there).
// badPOP; badAlg and badCertTemplate for the key; *key gets its numbers.
bool pop_verify(const struct cert_req_msg *r, bool popo_input, struct public_numbers *key, struct fault *f);
// The signature of a PKCS#10 request with its own key.
bool pop_verify_pkcs10(const struct pkcs10 *p, struct public_numbers *key, struct fault *f);

#endif
