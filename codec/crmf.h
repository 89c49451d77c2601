// SPDX-License-Identifier: GPL-3.0-or-later
// crmf: CertReqMessages as views (RFC 4211 with RFC 9810): requests, templates,
// proofs of possession, controls, encrypted keys. Nothing is decided here.
#ifndef CMPGATE_CODEC_CRMF_H
#define CMPGATE_CODEC_CRMF_H

#include "codec/element.h"

// CertTemplate. Fields with len 0 are absent, but has_* where empty has a meaning.
struct cert_template {
	struct span whole;			// as taken, with its tag
	bool has_version; int32_t version;
	bool has_serial; struct span serial;	// contents
	bool has_signing_alg; struct algorithm signing_alg;
	bool has_issuer; struct span issuer;	// Name, whole
	bool has_not_before, has_not_after; int64_t not_before, not_after;
	bool has_subject; struct span subject;	// Name, whole
	bool has_public_key; struct public_key public_key;	// key.len 0: central key generation is wished
	bool has_unique_ids;			// issuerUID or subjectUID
	struct span extensions;			// contents; len 0 = absent
};
bool cert_template_take(struct span *in, struct cert_template *out, struct fault *f);

enum popo { POPO_ABSENT, POPO_RA_VERIFIED, POPO_SIGNATURE, POPO_KEY_ENCIPHERMENT, POPO_KEY_AGREEMENT };

struct cert_req_msg {
	struct span whole;
	struct span cert_req;			// CertRequest, whole: what a signature POP covers
	struct span cert_req_id;		// INTEGER contents
	int32_t id;				// the same as a number
	struct cert_template template;
	struct span controls;			// contents; len 0 = absent
	enum popo popo;
	struct span popo_whole;			// len 0 = absent
	bool has_popo_input;			// signature: poposkInput is there
	struct span popo_input;			// its contents, without the [0] tag
	struct algorithm popo_alg;		// signature
	struct span popo_signature;		// signature: octets
	struct span reg_info;			// contents; len 0 = absent
};
// One CertReqMsg.
bool cert_req_msg_take(struct span *in, struct cert_req_msg *out, struct fault *f);
// CertReqMessages, the SEQUENCE: checks all, 1..CAP_CERT_REQ_MSGS (badRequest); *count tells how many. first may be NULL.
bool cert_req_messages_check(struct span whole, size_t *count, struct cert_req_msg *first, struct fault *f);
// ---- writing. Both append one CertReqMsg with popo raVerified to out: whoever
// sends it has verified the proof of possession before, because a changed
// request has lost it (RFC 9483 5.2.3.2). False when it does not fit.

// What becomes another; everything else stays octet by octet.
struct template_change {
	bool has_subject; struct span subject;			// Name, whole
	bool has_not_before, has_not_after; int64_t not_before, not_after;	// both or one: the whole validity
	struct span extensions;		// contents: each replaces the one of its type, or is added; len 0 = none
};
// Rebuild a received request. Without any change (NULL, or nothing in it) the
// certReq is the octets that were received; controls and regInfo always are.
// False over CAP_EXTENSIONS, too, and when the change holds malformed or equal extensions.
bool cert_req_rebuild(struct buffer *out, const struct cert_req_msg *r, const struct template_change *change);
// Make a request, certReqId 0, of subject, public key and extensionRequest of a PKCS#10 request.
struct pkcs10;
bool cert_req_from_pkcs10(struct buffer *out, const struct pkcs10 *p);

// Find the value (whole element) of a control id-regCtrl n; false when it is not there.
bool control_find(struct span controls, unsigned n, struct span *value);

// EncryptedKey: the deprecated EncryptedValue, whose form is checked, or [0]
// EnvelopedData, which is checked to its end: read the contents with enveloped_data_read().
struct encrypted_key { bool enveloped; struct span contents; };
bool encrypted_key_take(struct span *in, struct encrypted_key *out, struct fault *f);

#endif
