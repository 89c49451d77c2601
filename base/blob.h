// SPDX-License-Identifier: GPL-3.0-or-later
// blob: immutable octets, counted. A message travels through the process as a
// blob: the driver makes it, the gateway looks at it, another driver sends it,
// and a CoAP listener may keep it for minutes to serve duplicates. The counter
// is atomic, so that workers may hold references. All living blobs are counted
// in octets, which is what limits.bytes_in_flight is held against.
#ifndef CMPGATE_BASE_BLOB_H
#define CMPGATE_BASE_BLOB_H

#include "base/span.h"

struct blob;

// Copy octets into a new blob with one reference; NULL without memory.
struct blob *blob_new(struct span octets);
// Make a blob of len octets, all zero, that the caller fills through
// blob_edit() before it gives the first reference away; NULL without memory.
struct blob *blob_make(size_t len);
uint8_t *blob_edit(struct blob *b);
// Add a reference; answers b.
struct blob *blob_ref(struct blob *b);
// Drop a reference; NULL is allowed. The last one frees.
void blob_unref(struct blob *b);
// The octets, borrowed for as long as a reference is held. NULL gives an empty span.
struct span blob_span(const struct blob *b);
// Octets held by all living blobs and counted buffers of the process.
size_t blob_bytes(void);

#endif
