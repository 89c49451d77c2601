// SPDX-License-Identifier: GPL-3.0-or-later
// options: the options of one command, each at most once.
#ifndef CMPGATE_CLI_OPTIONS_H
#define CMPGATE_CLI_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

// Which letters stood already; begin with all false.
struct options { bool seen[256]; };

// The letter of the next option, -1 behind the last one, '?' after a complaint
// on standard error: an unknown option, or one that is given twice. brief and
// rows are those of getopt_long(), whose optarg and optind are set.
int options_next(struct options *o, int argc, char **argv, const char *brief, const struct option *rows);

#endif
