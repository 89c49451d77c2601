// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/json.h"

#include "base/memory.h"

void
json_text(struct buffer *out, const char *text)
{
	if (text == NULL) {
		buffer_append_text(out, "null");
		return;
	}
	buffer_append_octet(out, '"');
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buffer_printf(out, "\\%c", *p);
		else if ((unsigned char)*p < 0x20 || *p == 0x7f)
			buffer_printf(out, "\\u%04x", (unsigned)*p);
		else
			buffer_append_octet(out, (uint8_t)*p);
	}
	buffer_append_octet(out, '"');
}

char *
text_finish(struct buffer *out)
{
	buffer_append_octet(out, '\0');
	if (out->failed) {
		buffer_clear(out);
		return NULL;
	}
	return (char *)out->data;
}
