// SPDX-License-Identifier: GPL-3.0-or-later
// value: texts to numbers and the like. Pure functions that answer false when
// the whole text is not of the form. For config/ and the commands.
#ifndef CMPGATE_CONFIG_VALUE_H
#define CMPGATE_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Decimal, optional minus, no leading zeros, within int64_t.
bool value_integer(const char *text, int64_t *out);
// Octets: 512, 64KiB, 1MiB, 2GiB.
bool value_size(const char *text, int64_t *out);
// Milliseconds: 500ms, 30s, 5m, 12h, 30d; a lone 0.
bool value_duration(const char *text, int64_t *out);
// Per second: 10/s.
bool value_rate(const char *text, int64_t *out);
// true/false, yes/no, on/off, in any case.
bool value_bool(const char *text, bool *out);
// Letters, digits, - _ . , 1 to 64 of them.
bool value_name(const char *text);
// An IPv4 or IPv6 address, or address/prefix with all bits behind the prefix
// zero. When only those bits are wrong, `fix` gets the network as it should
// be written, else "".
bool value_cidr(const char *text, char *fix, size_t size);
// A distinguished name or a part of one (RFC 4514): TYPE=value, with commas or plus
// signs between, characters escaped by a backslash. Types by name, or dotted OIDs.
bool value_distinguished_name(const char *text);
// A subject alternative name with its kind: DNS:host, IP:address, URI:text, email:address.
bool value_san(const char *text);
// A glob that a text of this kind can fit.
bool value_san_glob(const char *text);
// A purpose of a certificate: one of value_purposes (also with id-kp- before it), or a dotted OID.
bool value_purpose(const char *text);
extern const char *const value_purposes[];	// ends with NULL

// The same numbers written as people write them; answers out.
const char *value_size_text(int64_t octets, char *out, size_t size);
const char *value_duration_text(int64_t ms, char *out, size_t size);

#endif
