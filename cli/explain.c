// SPDX-License-Identifier: GPL-3.0-or-later
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "config/settings.h"

static void
print_help(FILE *out)
{
	fputs("usage: cmpgate explain [CODE...]\n\n"
		"Say what a finding of `cmpgate check` means; without a code, list all of them.\n\n"
		"  cmpgate explain E0103\n", out);
}

static void
list_codes(void)
{
	const char *code;

	for (size_t i = 0; (code = finding_code(i)) != NULL; i++) {
		const char *text = finding_explain(code), *end = strstr(text, ". ");
		size_t len = end != NULL && end < strchr(text, '\n') ? (size_t)(end - text) + 1 : strcspn(text, "\n");

		printf("%s  %.*s%s\n", code, (int)len, text, text[len - 1] == '.' ? "" : " ...");
	}
}

// Codes are taken in any case: E0103, e0103.
static bool
explain(const char *word)
{
	char code[16];
	const char *text;
	size_t i = 0;

	for (; word[i] != '\0' && i < sizeof(code) - 1; i++)
		code[i] = (char)toupper((unsigned char)word[i]);
	code[i] = '\0';
	text = finding_explain(code);
	if (text == NULL) {
		fprintf(stderr, "cmpgate explain: there is no code '%s'; `cmpgate explain` lists them\n", word);
		return false;
	}
	printf("%s: %s\n%s", code, *code == 'E' ? "error" : *code == 'W' ? "warning" : "note", text);
	return true;
}

static int
run(int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	int code = EXIT_DONE, c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		print_help(c == 'h' ? stdout : stderr);
		return c == 'h' ? EXIT_DONE : EXIT_USAGE;
	}
	if (optind == argc)
		list_codes();
	for (int i = optind; i < argc; i++) {
		if (i > optind)
			putchar('\n');
		if (!explain(argv[i]))
			code = EXIT_USAGE;
	}
	return code;
}

const struct command command_explain = { "explain", run, "say what a finding of check means" };
