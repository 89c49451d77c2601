// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/schemes.h"
#include "daemon/run.h"

static void
print_help(FILE *out)
{
	fputs("usage: cmpgate run [-c FILE] [--new-store]\n\n"
		"Run the gateway in the foreground until SIGTERM or SIGINT.\n\n"
		"  -c, --config FILE   configuration (" SYSCONFDIR "/cmpgate/cmpgate.yaml)\n"
		"      --new-store     begin an empty store where the old one is gone: its record of used\n"
		"                      transactions and spent secrets is lost with it\n"
		"  -h, --help          this text\n\n"
		"Prints `listening on URL` for each listener, then `ready`. SIGHUP reads the\n"
		"file again; a file with errors is refused whole and the old one stays.\n", out);
}

static int
run(int argc, char **argv)
{
	struct options given = { { false } };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "new-store", no_argument, NULL, 'n' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	const char *file = SYSCONFDIR "/cmpgate/cmpgate.yaml";
	bool fresh_store = false;
	int c;

	while ((c = options_next(&given, argc, argv, "c:h", options)) != -1) {
		if (c == 'c') {
			file = optarg;
		} else if (c == 'n') {
			fresh_store = true;
		} else {
			print_help(c == 'h' ? stdout : stderr);
			return c == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "cmpgate run: '%s' is too much; the configuration is named with -c\n", argv[optind]);
		return EXIT_USAGE;
	}
	if (strcmp(file, "-") == 0) {
		fputs("cmpgate run: the configuration must be a file: SIGHUP reads it again\n", stderr);
		return EXIT_USAGE;
	}
	switch (daemon_run(file, schemes_of_build(), fresh_store)) {
	case RUN_ENDED: return EXIT_DONE;
	case RUN_BAD_CONFIG: return EXIT_CONFIG;
	case RUN_LOCAL_FAULT: break;
	}
	return EXIT_LOCAL;
}

const struct command command_run = { "run", run, "run the gateway in the foreground" };
