// SPDX-License-Identifier: GPL-3.0-or-later
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
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
		const char *text = finding_explain(code);

		// The first sentence, whose lines become one.
		printf("%s  ", code);
		for (; *text != '\0' && !(text[0] == '.' && (text[1] == ' ' || text[1] == '\n')); text++)
			putchar(*text == '\n' ? ' ' : *text);
		puts(".");
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
	struct options given = { { false } };
	static const struct option options[] = { { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	int code = EXIT_DONE, c;

	while ((c = options_next(&given, argc, argv, "h", options)) != -1) {
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
