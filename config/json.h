// SPDX-License-Identifier: GPL-3.0-or-later
// json: the few pieces of JSON that config/ writes. Private to config/.
#ifndef CMPGATE_CONFIG_JSON_H
#define CMPGATE_CONFIG_JSON_H

#include "base/buffer.h"

// Append a text in quotes with its escapes (valid in YAML as well); NULL as null.
void json_text(struct buffer *out, const char *text);
// End a buffer: its octets as a text that the caller frees with mem_free(); NULL when anything failed.
char *text_finish(struct buffer *out);

#endif
