// SPDX-License-Identifier: GPL-3.0-or-later
// form: the few pieces of DER that stand inside keys and signatures, and
// comparing big-endian numbers. Private to crypto/.
#ifndef CMPGATE_CRYPTO_FORM_H
#define CMPGATE_CRYPTO_FORM_H

#include "base/buffer.h"

enum { FORM_INTEGER = 0x02, FORM_OCTETS = 0x04, FORM_OID = 0x06, FORM_SEQUENCE = 0x30 };

// Take one element of this tag with a definite, minimal length up to 64 KiB; `in` shrinks on success only.
bool form_take(struct span *in, uint8_t tag, struct span *contents);
// Take an INTEGER that is minimal and not negative: its magnitude without leading zero octets (none for 0).
bool form_take_number(struct span *in, struct span *number);
// Tell whether a number (without leading zeros) is 1 or more and below `limit`, which has no leading zeros either.
bool number_in_range(struct span number, struct span limit);
// Take leading zero octets off.
struct span number_trim(struct span number);
// Append an ECDSA-Sig-Value (RFC 3279 2.2.3) of r || s, `size` octets each.
bool form_put_pair(struct buffer *out, const uint8_t *pair, size_t size);

#endif
