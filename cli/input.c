// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

// Errno of what went wrong, 0 when all was read or it is too large.
static int
read_stream(struct buffer *in, FILE *f)
{
	uint8_t octets[4096];
	size_t n;

	errno = 0;
	while ((n = fread(octets, 1, sizeof(octets), f)) > 0 && buffer_append(in, span_of(octets, n)))
		;
	return ferror(f) ? errno : 0;
}

bool
input_read(struct buffer *in, const char *command, const char *file)
{
	FILE *f = strcmp(file, "-") == 0 ? stdin : fopen(file, "rb");
	int why = f == NULL ? errno : read_stream(in, f);

	if (f != NULL && f != stdin)
		fclose(f);
	if (why == 0 && !in->failed)
		return true;
	fprintf(stderr, "cmpgate %s: %s: %s\n", command, file, why == EISDIR ? "this is a folder; name a file in it" :
		why != 0 ? strerror(why) : "larger than 1 MiB: no file of one structure is");
	return false;
}
