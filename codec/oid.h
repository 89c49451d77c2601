// SPDX-License-Identifier: GPL-3.0-or-later
// oid: object identifiers as octets, and their standard names.
#ifndef CMPGATE_CODEC_OID_H
#define CMPGATE_CODEC_OID_H

#include <stdbool.h>
#include "base/span.h"

#define OID_TEXT_MAX 256	// octets for oid_text(); longer ones end in "..."

// id-it, the InfoTypeAndValue types of RFC 9810 appendix F and RFC 9480: 1.3.6.1.5.5.7.4.n
enum it {
	IT_CA_PROT_ENC_CERT = 1, IT_SIGN_KEY_PAIR_TYPES = 2, IT_ENC_KEY_PAIR_TYPES = 3, IT_PREFERRED_SYMM_ALG = 4,
	IT_CA_KEY_UPDATE_INFO = 5, IT_CURRENT_CRL = 6, IT_UNSUPPORTED_OIDS = 7, IT_KEY_PAIR_PARAM_REQ = 10,
	IT_KEY_PAIR_PARAM_REP = 11, IT_REV_PASSPHRASE = 12, IT_IMPLICIT_CONFIRM = 13, IT_CONFIRM_WAIT_TIME = 14,
	IT_ORIG_PKI_MESSAGE = 15, IT_SUPP_LANG_TAGS = 16, IT_CA_CERTS = 17, IT_ROOT_CA_KEY_UPDATE = 18,
	IT_CERT_REQ_TEMPLATE = 19, IT_ROOT_CA_CERT = 20, IT_CERT_PROFILE = 21, IT_CRL_STATUS_LIST = 22, IT_CRLS = 23,
	IT_KEM_CIPHERTEXT_INFO = 24
};
// id-regCtrl, the controls of RFC 4211 section 6 and RFC 9810: 1.3.6.1.5.5.7.5.1.n
enum reg_ctrl {
	REG_CTRL_REG_TOKEN = 1, REG_CTRL_AUTHENTICATOR = 2, REG_CTRL_PKI_PUBLICATION_INFO = 3,
	REG_CTRL_PKI_ARCHIVE_OPTIONS = 4, REG_CTRL_OLD_CERT_ID = 5, REG_CTRL_PROTOCOL_ENCR_KEY = 6,
	REG_CTRL_ALT_CERT_TEMPLATE = 7, REG_CTRL_ALG_ID = 11, REG_CTRL_RSA_KEY_LEN = 12
};

// The n of id-it n, of id-regCtrl n; 0 when the OID (contents octets) is another.
unsigned oid_it(struct span oid);
unsigned oid_reg_ctrl(struct span oid);
// The contents octets of id-it n (n < 128), in a buffer of the caller's of 8 octets.
struct span oid_of_it(unsigned n, uint8_t room[8]);
// Standard short name ("id-it-caCerts", "sha256WithRSAEncryption"), NULL when none is known.
const char *oid_name(struct span oid);
// Dotted decimal; subidentifiers of any size are printed in full as far as out has room. Answers out.
const char *oid_dotted(struct span oid, char *out, size_t size);
// The name, or dotted decimal where there is none. Answers out.
const char *oid_text(struct span oid, char *out, size_t size);

#endif
