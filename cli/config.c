// SPDX-License-Identifier: GPL-3.0-or-later
// Texts about the configuration; all of them come from the option rows.
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/schemes.h"

static void
print_help(FILE *out)
{
	fputs("usage: cmpgate config show [--json] [FILE|-]\n"
		"       cmpgate config sample | schema | manual\n\n"
		"  cmpgate config sample > gate.yaml                 begin with a commented file\n"
		"  cmpgate config schema > cmpgate.schema.json       let an editor complete the keys\n\n"
		"  show     the configuration in force with this file, with all defaults; as YAML it loads again\n"
		"  sample   a configuration to begin with: every key of this build, with what it does\n"
		"  schema   JSON Schema of the language\n"
		"  manual   the key reference of cmpgate.yaml(5), in man macros (read it with: man cmpgate.yaml)\n\n"
		"  -c, --config FILE   the same as FILE (" CONFIG_FILE ")\n"
		"      --json          show as JSON\n"
		"  -h, --help          this text\n", out);
}

static int
show(const char *file, bool json)
{
	struct findings findings;
	struct settings *s = settings_load(file, schemes_of_build(), &findings);
	int code = EXIT_CONFIG;

	if (s == NULL)
		report_findings(&findings, stderr);
	else
		code = report_text(settings_show(s, json));
	findings_clear(&findings);
	settings_unref(s);
	return code;
}

static int
refuse(const char *what, const char *why)
{
	fprintf(stderr, "cmpgate config: '%s' %s; `cmpgate config --help` tells more\n", what, why);
	return EXIT_USAGE;
}

static int
print_made(const char *what)
{
	if (strcmp(what, "sample") == 0)
		return report_text(settings_sample(schemes_of_build()));
	if (strcmp(what, "schema") == 0)
		return report_text(settings_schema(schemes_of_build()));
	if (strcmp(what, "manual") == 0)
		return report_text(settings_manual(schemes_of_build()));
	return refuse(what, "is none of show, sample, schema, manual");
}

static int
run(int argc, char **argv)
{
	struct options given = { { false } };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	const char *file = NULL, *what;
	bool json = false;
	int c;

	while ((c = options_next(&given, argc, argv, "c:h", options)) != -1) {
		if (c == 'c')
			file = optarg;
		else if (c == 'j')
			json = true;
		else {
			print_help(c == 'h' ? stdout : stderr);
			return c == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
	}
	if (optind == argc) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	what = argv[optind++];
	if (json && strcmp(what, "show") != 0)
		return refuse("--json", "belongs to show");
	if (strcmp(what, "show") == 0 && file == NULL)
		file = optind < argc ? argv[optind++] : CONFIG_FILE;
	if (optind < argc)
		return refuse(argv[optind], "is too much");
	return strcmp(what, "show") == 0 ? show(file, json) : print_made(what);
}

const struct command command_config = { "config", run, "show a configuration with its defaults; sample, schema, manual" };
