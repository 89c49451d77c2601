// SPDX-License-Identifier: GPL-3.0-or-later
// command: one subcommand of the program, and the exit codes all of them share.
#ifndef CMPGATE_CLI_COMMAND_H
#define CMPGATE_CLI_COMMAND_H

struct command {
	const char *name;
	// argv[0] is the name of the command. Answers an enum exit_code.
	int (*run)(int argc, char **argv);
	const char *help;	// half a line for `cmpgate --help`
};

enum exit_code {
	EXIT_DONE = 0,
	EXIT_REFUSED_BY_PEER = 1,	// the PKI said no
	EXIT_USAGE = 2,
	EXIT_CONFIG = 3,		// a configuration with errors
	EXIT_UNREACHABLE = 4,
	EXIT_WAITING = 5,		// accepted, not finished
	EXIT_VERIFICATION = 6,		// something received cannot be trusted, or is malformed
	EXIT_LOCAL = 7,			// file, right, port or disk on this machine
	EXIT_PARTLY = 8,
	EXIT_INTERNAL = 70,
	EXIT_INTERRUPTED = 130
};

#endif
