// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/status.h"

#include <stdio.h>

static const char *const status_names[STATUS_COUNT] = {
	"accepted", "grantedWithMods", "rejection", "waiting", "revocationWarning", "revocationNotification", "keyUpdateWarning"
};

const char *
status_name(int32_t status)
{
	return status >= 0 && status < STATUS_COUNT ? status_names[status] : NULL;
}

// A named-bit list: bit 0 is the top bit of the first octet. Bits beyond those
// we know are kept out of the result, but do not make the message malformed.
static bool
failures_take(struct span *in, uint32_t *bits, struct fault *f)
{
	struct span octets;
	unsigned unused;

	*bits = 0;
	if (!der_take_bits(in, &octets, &unused))
		return malformed(f, "", "failInfo is not a BIT STRING");
	for (size_t n = 0; n < FAIL_COUNT && n / 8 < octets.len; n++)
		if ((octets.data[n / 8] & (0x80u >> (n % 8))) != 0)
			*bits |= 1u << n;
	return true;
}

bool
status_info_take(struct span *in, struct status_info *out, struct fault *f)
{
	struct span rest = *in, contents;

	memset(out, 0, sizeof(*out));
	if (!der_take(&rest, DER_SEQUENCE, &contents) || !der_take_int32(&contents, &out->status))
		return malformed(f, "", "a PKIStatusInfo is not a SEQUENCE that begins with its status");
	if (status_name(out->status) == NULL)
		return malformed(f, "", "a PKIStatus is none of 0 to 6");
	if (der_next_is(contents, DER_SEQUENCE) && !free_text_take(&contents, &out->texts, f))
		return false;
	out->has_failure = der_next_is(contents, DER_BIT_STRING);
	if (out->has_failure && !failures_take(&contents, &out->failures, f))
		return false;
	if (!der_at_end(contents))
		return malformed(f, "", "a PKIStatusInfo holds something after its failInfo");
	*in = rest;
	return true;
}

enum failure
status_failure(const struct status_info *s)
{
	for (int n = 0; n < FAIL_COUNT; n++)
		if ((s->failures & (1u << n)) != 0)
			return (enum failure)n;
	return FAIL_NONE;
}

const char *
status_text(const struct status_info *s, char *out, size_t size)
{
	struct span texts = s->texts, text;
	const char *name = status_name(s->status);
	size_t n = (size_t)snprintf(out, size, "%s", name != NULL ? name : "?");
	const char *before = ": ";

	for (int bit = 0; bit < FAIL_COUNT && n < size; bit++) {
		if ((s->failures & (1u << bit)) == 0)
			continue;
		n += (size_t)snprintf(out + n, size - n, "%s%s", before, failure_name((enum failure)bit));
		before = ", ";
	}
	for (before = ": "; !der_at_end(texts) && n < size && der_take(&texts, DER_UTF8, &text); before = "; ") {
		n += (size_t)snprintf(out + n, size - n, "%s", before);
		for (size_t i = 0; i < text.len && n + 1 < size; i++)
			out[n++] = text.data[i] < 0x20 || text.data[i] == 0x7F ? '?' : (char)text.data[i];
	}
	out[n < size ? n : size - 1] = '\0';
	return out;
}

bool
error_content_take(struct span *in, struct error_content *out, struct fault *f)
{
	struct span rest = *in, contents;

	memset(out, 0, sizeof(*out));
	if (!der_take(&rest, DER_SEQUENCE, &contents))
		return malformed(f, "", "an ErrorMsgContent (SEQUENCE) was expected");
	if (!status_info_take(&contents, &out->status, f)) {
		fault_within(f, "pKIStatusInfo");
		return false;
	}
	out->has_code = der_next_is(contents, DER_INTEGER);
	if (out->has_code && !der_take_integer(&contents, &out->code))
		return malformed(f, "errorCode", "not an INTEGER");
	if (!der_at_end(contents) && !free_text_take(&contents, &out->details, f)) {
		fault_within(f, "errorDetails");
		return false;
	}
	if (!der_at_end(contents))
		return malformed(f, "", "an ErrorMsgContent holds something after its errorDetails");
	*in = rest;
	return true;
}
