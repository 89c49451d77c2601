// SPDX-License-Identifier: GPL-3.0-or-later
// itav: InfoTypeAndValue of genm, genp and generalInfo (RFC 9810 5.3.19, 5.3.20,
// appendix F): the value of each known type is parsed; unknown types are carried.
#ifndef CMPGATE_CODEC_ITAV_H
#define CMPGATE_CODEC_ITAV_H

#include "codec/crmf.h"

struct itav {
	struct span whole, oid;
	unsigned type;		// enum it of codec/oid.h; 0 = none of id-it
	struct span value;	// one whole element; len 0 = absent
};
// One InfoTypeAndValue of a body: badDataFormat when it is none, badRequest when its value is not of its type.
bool itav_take(struct span *in, struct itav *out, struct fault *f);
// One entry of generalInfo: as above; implicitConfirm may lack its NULL.
bool itav_take_general_info(struct span *in, struct itav *out, struct fault *f);
// GenMsgContent and GenRepContent, the SEQUENCE: 0..CAP_ITAVS (badRequest); first may be NULL.
bool itavs_check(struct span whole, size_t *count, struct itav *first, struct fault *f);

// RootCaKeyUpdateContent from its contents: three certificates, the last two optional.
struct root_ca_key_update { struct span new_with_new, new_with_old, old_with_new; };	// whole; len 0 = absent
bool root_ca_key_update_read(struct span contents, struct root_ca_key_update *out, struct fault *f);
// CertReqTemplateContent, the SEQUENCE; key_spec: contents, len 0 = absent.
struct cert_req_template { struct cert_template template; struct span key_spec; };
bool cert_req_template_read(struct span whole, struct cert_req_template *out, struct fault *f);

// ---- writing, one InfoTypeAndValue each

// id-it n (enum it) with a value, one whole element; len 0 = absent.
void itav_write(struct der_writer *w, unsigned type, struct span value);
// id-it n with a SEQUENCE OF: contents of caCerts, crls, ...; the value is absent when there are none.
void itav_write_list(struct der_writer *w, unsigned type, struct span contents);
// rootCaKeyUpdate; the value is absent when there is no newWithNew.
void itav_write_root_update(struct der_writer *w, const struct root_ca_key_update *u);
// certReqTemplate of a CertTemplate (whole) and a keySpec (contents; len 0 = left out); the value is absent when there is no template.
void itav_write_template(struct der_writer *w, struct span cert_template, struct span key_spec);

#endif
