// SPDX-License-Identifier: GPL-3.0-or-later
// name: X.501 Name and GeneralName (RFC 5280 4.1.2.4, 4.2.1.6) as views over
// received octets, and their text for people: RFC 4514, bounded, never a raw
// control character. Nothing is decided by these texts.
#ifndef CMPGATE_CODEC_NAME_H
#define CMPGATE_CODEC_NAME_H

#include "base/fault.h"
#include "codec/der.h"

enum {
	NAME_TEXT_MAX = 1024,		// octets that hold any usual name; longer ones end in "..."
	CAP_RDN_ATTRIBUTES = 16		// attributes of one RDN
};

// One AttributeTypeAndValue of a Name.
struct name_attribute {
	struct span type;	// OID contents
	uint8_t tag;		// of the value
	struct span value;	// its contents
	struct span whole;	// its TLV
	bool joined;		// in one RDN with the attribute before (written "+")
};

// Check a Name (the whole TLV): RDNs at most CAP_RDNS, none empty, every
// attribute an OID and exactly one value. The order inside an RDN is not
// judged: some devices do not sort, and nothing here depends on it.
bool name_check(struct span name, struct fault *f);
// Walk the attributes of a checked Name from the first to the last.
struct name_walk { struct span rdns, rdn; };
bool name_first(struct name_walk *walk, struct span name);
bool name_next(struct name_walk *walk, struct name_attribute *out);
// RFC 4514 text, the last RDN first; "" for the NULL-DN; "(malformed name)" where name_check would refuse. Answers out.
const char *name_text(struct span name, char *out, size_t size);

// Comparing checked Names (RFC 5280 7.1): RDN by RDN in order, the attributes
// of one RDN as a set. PrintableString and UTF8String are one kind of text, and
// like IA5String they are compared without regard to the case of ASCII letters,
// to white space at the ends, and to how much of it stands inside. Everything
// else is compared octet by octet; so are letters beyond ASCII.
bool name_equal_canonical(struct span a, struct span b);
// Tell whether the RDNs of base are the first ones of name: a directoryName constraint.
bool name_within(struct span name, struct span base);
// Find the attributes of a type (OID contents): answers how many there are; *out is the last, most specific one.
unsigned name_attribute_find(struct span name, struct span type, struct name_attribute *out);

// Write a Name from the text of RFC 4514, as it stands in a configuration:
// "CN=x,O=y" with the last RDN first, escapes, "+", types by name in any case
// or as dotted OIDs, values as text or #hex. Spaces around the pieces are
// skipped. Text becomes UTF8String; PrintableString for C, serialNumber,
// dnQualifier; IA5String for DC, emailAddress. "" is the NULL-DN; a NUL is
// refused everywhere. False with a fault without failInfo; w is then of no use.
bool name_from_text(struct der_writer *w, struct span text, struct fault *f);

// GeneralName CHOICE, by the number of its tag.
enum general_name_kind {
	GN_OTHER, GN_EMAIL, GN_DNS, GN_X400, GN_DIRECTORY, GN_EDI, GN_URI, GN_IP, GN_REGISTERED_ID, GN_COUNT
};
struct general_name {
	enum general_name_kind kind;
	struct span whole;
	struct span value;	// GN_DIRECTORY: the Name, whole; GN_OTHER: the value's TLV; else the contents octets
	struct span type_id;	// GN_OTHER: OID contents
};
// Take one GeneralName; *in shrinks on success only.
bool general_name_read(struct span *in, struct general_name *out, struct fault *f);
// Check the contents of GeneralNames: 1..CAP_GENERAL_NAMES, each well formed.
bool general_names_read(struct span contents, struct fault *f);
// Write a GeneralName from "DNS:host", "IP:10.0.0.1", "IP:fd00::1", "URI:...", "email:...", "RID:1.2.3" or "dirName:CN=...".
// False as above.
bool general_name_from_text(struct der_writer *w, struct span text, struct fault *f);
// Text of a whole GeneralName: "DNS:host", "IP:10.0.0.1", "dirName:CN=..."; "(malformed name)" where it is none. Answers out.
const char *general_name_text(struct span whole, char *out, size_t size);

#endif
