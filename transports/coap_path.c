// SPDX-License-Identifier: GPL-3.0-or-later
#include "transports/coap_path.h"

#include "transports/label.h"

#include <stdio.h>

// RFC 9482 2.1 and RFC 9483 6.2; announcements ("ann") are not served.
static const struct { const char *brief, *operation; } labels[] = {
	{ "ir", "initialization" },
	{ "cr", "certification" },
	{ "kur", "keyupdate" },
	{ "p10", "pkcs10" },
	{ "rr", "revocation" },
	{ "crts", "getcacerts" },
	{ "rcu", "getrootupdate" },
	{ "att", "getcertreqtemplate" },
	{ "crls", "getcrls" },
	{ "nest", "nested" },
};

// The older form came from drafts, and devices in the field still use it.
static const char *const prefixes[] = { "/.well-known/cmp", "/cmp" };

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

const char *
coap_path_operation(struct span label)
{
	for (size_t i = 0; i < COUNT(labels); i++)
		if (span_equal(label, span_text(labels[i].brief)))
			return labels[i].operation;
	return NULL;
}

// Characters that may stand in a segment as they are.
static bool
plain(uint8_t c)
{
	return c > 0x20 && c < 0x7f && c != '/';
}

bool
coap_path_append(struct label *l, struct span segment)
{
	size_t len = strlen(l->path);

	if (segment.len >= sizeof(l->path) || len + 1 + segment.len >= sizeof(l->path))
		return false;
	for (size_t i = 0; i < segment.len; i++)
		if (!plain(segment.data[i]))
			return false;
	l->path[len] = '/';
	if (segment.len > 0)
		memcpy(l->path + len + 1, segment.data, segment.len);
	l->path[len + 1 + segment.len] = '\0';
	return true;
}

// Take the next segment of a path that stands on a '/' or at its end.
static struct span
next_segment(const char **at)
{
	const char *begin = *at;

	if (*begin == '\0')
		return span_of(NULL, 0);
	begin++;
	size_t len = strcspn(begin, "/");
	*at = begin + len;
	return span_of(begin, len);
}

// Read what stands behind a prefix: nothing, /<op>, /p/<name> or /p/<name>/<op>.
static bool
read_labels(struct label *l, const char *at)
{
	struct span segment;

	if (*at == '\0')
		return true;
	segment = next_segment(&at);
	if (span_equal(segment, span_text("p"))) {
		if (!label_set_profile(l, next_segment(&at)))
			return false;
		if (*at == '\0')
			return true;
		segment = next_segment(&at);
	}
	const char *operation = coap_path_operation(segment);
	if (operation == NULL || *at != '\0')
		return false;
	snprintf(l->operation, sizeof(l->operation), "%s", operation);
	return true;
}

bool
coap_path_resolve(struct label *l, const struct option_texts *extra)
{
	l->profile[0] = l->operation[0] = '\0';
	for (size_t i = 0; i < COUNT(prefixes); i++) {
		size_t len = strlen(prefixes[i]);
		const char *rest = l->path + len;
		if (strncmp(l->path, prefixes[i], len) == 0 && (*rest == '\0' || *rest == '/') && read_labels(l, rest))
			return true;
	}
	l->profile[0] = l->operation[0] = '\0';
	for (size_t i = 0; i < extra->count; i++)
		if (strcmp(l->path, extra->items[i]) == 0)
			return true;
	return false;
}

bool
coap_path_check(const char *path, struct fault *f)
{
	if (!label_check_path(path, false, f))
		return false;
	if (strcmp(path, COAP_PATH_CORE) == 0)
		return fault_set(f, FAIL_NONE, "paths", COAP_PATH_CORE " is the path of discovery; choose another one");
	return true;
}

bool
coap_path_links(struct buffer *out, const struct option_texts *extra)
{
	buffer_printf(out, "<%s>;ct=259", prefixes[0]);
	for (size_t i = 0; i < extra->count; i++)
		buffer_printf(out, ",<%s>;ct=259", extra->items[i]);
	return !out->failed;
}
