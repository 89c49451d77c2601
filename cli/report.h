// SPDX-License-Identifier: GPL-3.0-or-later
// report: what commands that read a configuration share.
#ifndef CMPGATE_CLI_REPORT_H
#define CMPGATE_CLI_REPORT_H

#include <stdio.h>

#include "config/settings.h"

#define CONFIG_FILE SYSCONFDIR "/cmpgate/cmpgate.yaml"	// where no file is named

// Tell whether a stream takes colours: NO_COLOR, then CLICOLOR_FORCE, then whether it is a terminal.
bool report_colour(FILE *out);
// Write findings as people read them, in colour where it fits.
void report_findings(const struct findings *findings, FILE *out);
// Write a text made by config/ on standard output, and free it. Answers an enum exit_code.
int report_text(char *text);

#endif
