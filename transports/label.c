// SPDX-License-Identifier: GPL-3.0-or-later
#include "transports/label.h"

static bool
unreserved(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

bool
label_set_profile(struct label *label, struct span name)
{
	if (name.len == 0 || name.len >= sizeof(label->profile) || span_equal(name, span_text(".")) || span_equal(name, span_text("..")))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!unreserved(name.data[i]))
			return false;
	memcpy(label->profile, name.data, name.len);
	label->profile[name.len] = '\0';
	return true;
}
