// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/options.h"

#include <stdio.h>

// The option of this letter is here again; which of the two is meant nobody can tell.
static int
complain(const char *command, int letter, const struct option *rows)
{
	while (rows->name != NULL && rows->val != letter)
		rows++;
	if (rows->name != NULL)
		fprintf(stderr, "%s: option '--%s' is given twice\n", command, rows->name);
	else
		fprintf(stderr, "%s: option '-%c' is given twice\n", command, letter);
	return '?';
}

int
options_next(struct options *o, int argc, char **argv, const char *brief, const struct option *rows)
{
	int c = getopt_long(argc, argv, brief, rows, NULL);

	if (c <= 0 || c > 255 || c == '?')
		return c;
	if (o->seen[c])
		return complain(argv[0], c, rows);
	o->seen[c] = true;
	return c;
}
