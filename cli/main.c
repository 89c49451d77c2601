// SPDX-License-Identifier: GPL-3.0-or-later
// One binary, one table of commands.
#include "build.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

extern const struct command command_run, command_audit, command_check, command_config, command_explain, command_inspect, command_reload, command_route,
	command_secret, command_status, command_stop, command_version;

static const struct command *const commands[] = {
	&command_run, &command_status, &command_reload, &command_stop, &command_check, &command_config, &command_explain, &command_route, &command_inspect,
	&command_secret, &command_audit, &command_version,
	NULL
};

static void
print_help(FILE *out)
{
	fputs("cmpgate: lets field devices get, renew and revoke certificates from your CA over CoAP, TCP, HTTP or files\n\n"
		"  cmpgate run -c gate.yaml           run the gateway in the foreground\n"
		"  cmpgate check gate.yaml            say what is wrong with a configuration\n"
		"  cmpgate inspect request.pki        show what stands in a message\n"
		"  cmpgate explain E0103              say more about a finding\n\n"
		"Commands:\n", out);
	for (const struct command *const *c = commands; *c != NULL; c++)
		fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->help);
	fputs("\n`cmpgate COMMAND --help` tells more; exit codes and files stand in cmpgate(1).\n", out);
}

// What was printed must have arrived: a script that reads it must not take half for the whole.
static int
delivered(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (code != EXIT_LOCAL)
		fprintf(stderr, "cmpgate: cannot write: %s\n", strerror(errno));
	return EXIT_LOCAL;
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return delivered(EXIT_DONE);
	}
	const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
	for (const struct command *const *c = commands; *c != NULL; c++)
		if (strcmp((*c)->name, name) == 0) {
			// getopt begins its complaints with argv[0]
			static char full[64];
			snprintf(full, sizeof(full), "cmpgate %s", name);
			argv[1] = full;
			int code = (*c)->run(argc - 1, argv + 1);
			// The gateway serves devices, whoever reads what it prints.
			return *c == &command_run ? code : delivered(code);
		}
	fprintf(stderr, "cmpgate: there is no command '%s'; `cmpgate --help` lists them\n", argv[1]);
	return EXIT_USAGE;
}
