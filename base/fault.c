// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buffer.h"

static const char *const names[FAIL_COUNT] = {
	"badAlg", "badMessageCheck", "badRequest", "badTime", "badCertId", "badDataFormat", "wrongAuthority",
	"incorrectData", "missingTimeStamp", "badPOP", "certRevoked", "certConfirmed", "wrongIntegrity",
	"badRecipientNonce", "timeNotAvailable", "unacceptedPolicy", "unacceptedExtension", "addInfoNotAvailable",
	"badSenderNonce", "badCertTemplate", "signerNotTrusted", "transactionIdInUse", "unsupportedVersion",
	"notAuthorized", "systemUnavail", "systemFailure", "duplicateCertReq"
};

bool
fault_set(struct fault *f, enum failure failure, const char *path, const char *format, ...)
{
	va_list args;

	if (f == NULL || f->set)
		return false;
	f->set = true;
	f->failure = failure;
	snprintf(f->path, sizeof(f->path), "%s", path != NULL ? path : "");
	va_start(args, format);
	vsnprintf(f->text, sizeof(f->text), format, args);
	va_end(args);
	plain_text(f->text);	// also where the end, or a part, was cut within a character
	return false;
}

void
fault_within(struct fault *f, const char *prefix)
{
	char path[sizeof(f->path)];

	if (f == NULL || !f->set)
		return;
	memcpy(path, f->path, sizeof(path));
	bool joint = path[0] != '\0' && path[0] != '[' && prefix[0] != '\0';
	int n = snprintf(f->path, sizeof(f->path), "%s%s%s", prefix, joint ? "." : "", path);
	if (n < 0)
		f->path[0] = '\0';
}

const char *
fault_text(const struct fault *f, char *out, size_t size)
{
	if (f == NULL || !f->set)
		snprintf(out, size, "no fault");
	else
		snprintf(out, size, "%s%s%s", f->path, f->path[0] != '\0' ? ": " : "", f->text);
	return plain_text(out);
}

const char *
failure_name(enum failure failure)
{
	if (failure == FAIL_NONE)
		return "none";
	return failure >= 0 && failure < FAIL_COUNT ? names[failure] : NULL;
}

bool
failure_find(enum failure *out, const char *name)
{
	for (int i = 0; i < FAIL_COUNT; i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum failure)i;
			return true;
		}
	return false;
}
