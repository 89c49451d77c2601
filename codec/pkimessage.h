// SPDX-License-Identifier: GPL-3.0-or-later
// pkimessage: PKIMessage and PKIHeader as views over received octets (RFC 9810
// 5.1), and the splicing that forwards them unchanged. Nothing is copied: all
// spans borrow from the octets that were parsed.
#ifndef CMPGATE_CODEC_PKIMESSAGE_H
#define CMPGATE_CODEC_PKIMESSAGE_H

#include "base/fault.h"
#include "codec/der.h"

// PKIBody CHOICE, tag octet = 0xA0 + n.
enum body {
	BODY_IR, BODY_IP, BODY_CR, BODY_CP, BODY_P10CR, BODY_POPDECC, BODY_POPDECR, BODY_KUR, BODY_KUP,
	BODY_KRR, BODY_KRP, BODY_RR, BODY_RP, BODY_CCR, BODY_CCP, BODY_CKUANN, BODY_CANN, BODY_RANN,
	BODY_CRLANN, BODY_PKICONF, BODY_NESTED, BODY_GENM, BODY_GENP, BODY_ERROR, BODY_CERTCONF,
	BODY_POLLREQ, BODY_POLLREP, BODY_COUNT
};

// Caps of what a peer may send; named once, here.
enum {
	CAP_TRANSACTION_ID = 64, CAP_NONCE_MIN = 16, CAP_NONCE = 64, CAP_EXTRA_CERTS = 16, CAP_EXTRA_CERTS_OCTETS = 32768,
	CAP_GENERAL_INFO = 16, CAP_ITAVS = 8, CAP_CERT_REQ_MSGS = 16, CAP_GENERAL_NAMES = 64, CAP_RDNS = 32,
	CAP_EXTENSIONS = 32, CAP_FREE_TEXTS = 8, CAP_FREE_TEXT = 1024, CAP_KEY_ID = 64, CAP_RECIPIENTS = 16, CAP_CERTIFICATES = 64, CAP_NESTED_DEPTH = 2, CAP_BATCH = 32, CAP_SERIAL = 20
};

struct pkiheader {
	struct span whole;		// the header TLV as received
	int32_t pvno;
	struct span sender, recipient;	// GeneralName, whole
	bool has_message_time; int64_t message_time;
	struct span protection_alg;	// AlgorithmIdentifier, whole; len 0 = absent
	bool has_sender_kid; struct span sender_kid;
	bool has_recip_kid; struct span recip_kid;
	bool has_transaction_id; struct span transaction_id;
	bool has_sender_nonce; struct span sender_nonce;
	bool has_recip_nonce; struct span recip_nonce;
	struct span free_text;		// contents of PKIFreeText (the UTF8Strings); len 0 = absent
	struct span general_info;	// contents: the InfoTypeAndValues; len 0 = absent
	bool implicit_confirm;		// generalInfo has id-it-implicitConfirm
	struct span cert_profile;	// the UTF8Strings of id-it-certProfile, one after the other; len 0 = absent
};

struct pkimessage {
	struct span whole;		// the PKIMessage as received
	struct pkiheader header;
	enum body body;
	struct span body_whole;		// body TLV with its CHOICE tag
	struct span body_contents;	// the TLV inside the CHOICE tag
	bool has_protection; struct span protection;	// octets of the BIT STRING (unused bits 0)
	struct span protection_whole;	// [0] TLV as received; len 0 = absent
	struct span extra_certs;	// contents of the SEQUENCE: the certificates; len 0 = absent
	struct span extra_certs_whole;	// [1] TLV
};

// Parse one PKIMessage: the octets must be exactly one, strict DER to the last
// element, header complete and typed, caps kept, body tag known and the body's
// structure parsed by the parser of its kind (every body 0..26). The faults
// are those of RFC 9483 3.5 row 1 (badDataFormat; badRequest
// for unknown bodies and too many elements). pvno is any int32: its range is
// judged by the gateway.
// On a fault, *header_read tells whether m->header stands (so that an error
// can answer the transactionID and nonce); header_read may be NULL.
bool pkimessage_parse(struct pkimessage *m, struct span octets, bool *header_read, struct fault *f);
// Only the outer SEQUENCE and the header, as tolerant as an error answer needs: sender and
// recipient are strict DER, or empty where they are not.
bool pkiheader_parse(struct pkiheader *h, struct span whole, struct fault *f);
// Standard name of a body: "ir", "certConf", ...; NULL out of range.
const char *body_name(enum body b);
bool body_find(enum body *out, const char *name);
// The answer kind that fits a request: ir -> ip ...; BODY_COUNT when b is no request.
enum body body_answer(enum body b);
// Long HTTP label of an operation by body ("initialization"); NULL when it has none. For genm by its first ITAV.
const char *pkimessage_operation(const struct pkimessage *m);
// Walk the inner messages of a nested body: *rest starts as body_contents; false at the end or on a malformed one.
bool nested_first(struct span body_contents, struct span *rest);
bool nested_next(struct span *rest, struct span *inner);
// The octets that protection covers: SEQUENCE { header, body } with a fresh outer header (RFC 9810 5.1.3). Appends to out.
bool pkimessage_protected_part(const struct pkimessage *m, struct buffer *out);

#endif
