// SPDX-License-Identifier: GPL-3.0-or-later
// pem: strict reading of textual encodings (RFC 7468): explanatory text may
// stand before and between blocks; inside there is base64 and nothing else.
#ifndef CMPGATE_BASE_PEM_H
#define CMPGATE_BASE_PEM_H

#include "base/buffer.h"
#include "base/fault.h"

#define PEM_LABEL_MAX 64	// octets of a label

enum pem_result {
	PEM_FOUND,	// label and octets are set, *text stands behind the block
	PEM_NONE,	// no line that begins a block
	PEM_BAD		// a block that is none: the fault tells why, and its line
};

// Decode the first block of *text: its label ("CERTIFICATE") into label, its
// octets behind what is in out, whose limit bounds them.
enum pem_result pem_take(struct span *text, char label[PEM_LABEL_MAX + 1], struct buffer *out, struct fault *f);
// Decode base64 (RFC 4648 4): padding complete, spare bits zero; spaces, tabs
// and line ends are skipped. Appends to out; false leaves out in no useful state.
bool base64_decode(struct span text, struct buffer *out);

#endif
