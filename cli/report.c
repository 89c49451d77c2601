// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/command.h"

static bool
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0';
}

bool
report_colour(FILE *out)
{
	const char *force = getenv("CLICOLOR_FORCE"), *terminal = getenv("TERM");

	if (is_set("NO_COLOR"))
		return false;
	if (is_set("CLICOLOR_FORCE") && strcmp(force, "0") != 0)
		return true;
	return isatty(fileno(out)) != 0 && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

static void
put(void *context, const char *text)
{
	fputs(text, context);
}

void
report_findings(const struct findings *findings, FILE *out)
{
	findings_print(findings, put, out, report_colour(out));
}

int
report_text(char *text)
{
	bool well;

	if (text == NULL) {
		fputs("cmpgate: out of memory\n", stderr);
		return EXIT_LOCAL;
	}
	well = fputs(text, stdout) >= 0 && fflush(stdout) == 0;
	mem_free(text);
	if (well)
		return EXIT_DONE;
	fprintf(stderr, "cmpgate: cannot write: %s\n", strerror(errno));
	return EXIT_LOCAL;
}
