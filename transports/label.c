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

// What a path may hold as it stands: no octet that HTTP or CoAP would escape, and no query.
static bool
stands_for_itself(const char *path)
{
	for (; *path != '\0'; path++)
		if (*path <= 0x20 || *path >= 0x7f || strchr("%?#<>\",;\\", *path) != NULL)
			return false;
	return true;
}

bool
label_check_path(const char *path, bool open_end, struct fault *f)
{
	static const struct label room;
	size_t len = strlen(path);

	if (*path != '/')
		return fault_set(f, FAIL_NONE, "paths", "the path \"%.100s\" does not begin with /; write it as in /plant/cmp", path);
	if (strchr(path, '?') != NULL)
		return fault_set(f, FAIL_NONE, "paths", "the path \"%.100s\" has a query, which is no part of a path; leave out what begins with ?", path);
	if (!stands_for_itself(path))
		return fault_set(f, FAIL_NONE, "paths", "the path \"%.100s\" holds what no request can name; write letters, digits and -._~ between the slashes", path);
	if (strstr(path, "//") != NULL)
		return fault_set(f, FAIL_NONE, "paths", "the path \"%.100s\" has an empty segment; write single slashes", path);
	if (!open_end && path[len - 1] == '/')
		return fault_set(f, FAIL_NONE, "paths", "the path \"%.100s\" ends with /; end it with a name, as in /plant/cmp", path);
	if (len >= sizeof(room.path))
		return fault_set(f, FAIL_NONE, "paths", "the path is longer than %zu characters; choose a shorter one", sizeof(room.path) - 1);
	return true;
}
