// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/memory.h"
#include "cli/check_files.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/schemes.h"

struct request {
	const char *file;
	bool files, json, strict, quiet;
};

static void
print_help(FILE *out)
{
	fputs("usage: cmpgate check [--files] [--json] [--strict] [-q] [FILE|-]\n\n"
		"Say what is wrong with a configuration: file:line:column, the line itself, and how to mend it.\n"
		"Nothing is opened but the file (- is standard input) and what it includes, unless --files is given.\n\n"
		"  cmpgate check gate.yaml && cmpgate reload -c gate.yaml\n\n"
		"  -c, --config FILE   the same as FILE (" CONFIG_FILE ")\n"
		"      --files         open all files that it names: certificates, keys, CRLs, tables, hooks\n"
		"      --json          findings as an array of objects\n"
		"      --strict        warnings are errors\n"
		"  -q, --quiet         errors and warnings only: nothing when all is well\n"
		"  -h, --help          this text\n\n"
		"Exit code 0: it can be used; 3: it cannot, or it cannot be read. `cmpgate explain CODE` tells more about a finding.\n", out);
}

// False with the exit code when nothing is left to do.
static bool
read_arguments(struct request *r, int argc, char **argv, int *code)
{
	struct options given = { { false } };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "files", no_argument, NULL, 'f' }, { "json", no_argument, NULL, 'j' }, { "strict", no_argument, NULL, 's' },
		{ "quiet", no_argument, NULL, 'q' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	int c;

	*code = EXIT_USAGE;
	while ((c = options_next(&given, argc, argv, "c:qh", options)) != -1) {
		switch (c) {
		case 'c':
			r->file = optarg;
			break;
		case 'f':
			r->files = true;
			break;
		case 'j':
			r->json = true;
			break;
		case 's':
			r->strict = true;
			break;
		case 'q':
			r->quiet = true;
			break;
		default:
			print_help(c == 'h' ? stdout : stderr);
			*code = c == 'h' ? EXIT_DONE : EXIT_USAGE;
			return false;
		}
	}
	if (optind < argc && r->file == NULL)
		r->file = argv[optind++];
	if (optind < argc) {
		fprintf(stderr, "cmpgate check: '%s' is too much: one file is checked, with what it includes\n", argv[optind]);
		return false;
	}
	if (r->file == NULL)
		r->file = CONFIG_FILE;
	return true;
}

static void
praise(const struct request *r, const struct settings *s)
{
	char summary[128];

	if (!r->quiet)
		printf("%s: in order: %s%s\n", r->file, settings_summary(s, summary, sizeof(summary)),
			s->implicit_route ? " (everything goes to the one upstream)" : "");
}

// Notes are for those who asked how things stand. The texts stay with the list.
static void
report_quietly(const struct findings *all)
{
	struct findings some = *all;

	some.items = mem_array(all->count + 1, sizeof(*some.items));
	some.count = 0;
	for (size_t i = 0; i < all->count && some.items != NULL; i++)
		if (all->items[i].severity != FINDING_NOTE)
			some.items[some.count++] = all->items[i];
	report_findings(&some, stdout);
	mem_free(some.items);
}

static int
run(int argc, char **argv)
{
	struct request r = { 0 };
	struct findings findings;
	struct settings *s;
	int code, written;

	if (!read_arguments(&r, argc, argv, &code))
		return code;
	s = settings_load(r.file, schemes_of_build(), &findings);
	if (s != NULL && r.files)
		check_files(s, &findings);
	code = s == NULL || findings.errors > 0 || findings.exhausted || (r.strict && findings.warnings > 0) ? EXIT_CONFIG : EXIT_DONE;
	if (r.json) {
		written = report_text(findings_json(&findings));
		if (code == EXIT_DONE)
			code = written;
	} else {
		if (r.quiet)
			report_quietly(&findings);
		else
			report_findings(&findings, stdout);
		if (code == EXIT_DONE)
			praise(&r, s);
	}
	findings_clear(&findings);
	settings_unref(s);
	return code;
}

const struct command command_check = { "check", run, "say what is wrong with a configuration" };
