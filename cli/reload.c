// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/control.h"

static int
run(int argc, char **argv)
{
	static const char usage[] = "usage: cmpgate reload [-c FILE | -s PATH]\n\n"
		"Let the gateway read its configuration again, and say what came of it.\n\n" CONTROL_OPTIONS
		"  -h, --help          this text\n\n"
		"Exit code 0: the file is in force; 3: it was refused, and the old one stays.\n";
	struct control_options o = { .json = false };
	struct control_reply reply;
	int code;

	if (!control_arguments(&o, argc, argv, usage, &code))
		return code;
	code = control_ask(&(struct control_request){ .command = "reload", .config = o.config, .socket = o.socket, .timeout_ms = 60000 }, &reply);
	const char *findings = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(reply.data, "findings"));
	if (findings != NULL)
		fputs(findings, stderr);
	if (reply.text[0] != '\0')
		fprintf(code == EXIT_DONE ? stdout : stderr, "%s%s\n", code == EXIT_DONE ? "" : "cmpgate reload: ", reply.text);
	cJSON_Delete(reply.data);
	return code;
}

const struct command command_reload = { "reload", run, "let the gateway read its configuration again" };
