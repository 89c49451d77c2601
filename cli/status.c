// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/control.h"

static const char *
text_of(const cJSON *o, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));

	return text != NULL ? text : "-";
}

static int64_t
number_of(const cJSON *o, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsNumber(item) ? (int64_t)item->valuedouble : 0;
}

static bool
is_true(const cJSON *o, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, name));
}

static void
print_urls(const cJSON *o, const char *list, const char *what)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(o, list))
		printf("  %-13s %s %s\n", what, text_of(item, "name"), text_of(item, "url"));
}

static void
print_uptime(int64_t s)
{
	if (s >= 86400)
		printf("%" PRId64 " d %" PRId64 " h", s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		printf("%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
	else
		printf("%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
}

static void
print_insecure(const cJSON *posture)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(posture, "insecure"))
		printf("  %-13s %s\n", "insecure", cJSON_GetStringValue(item));
}

static void
print_status(const cJSON *o)
{
	const cJSON *store = cJSON_GetObjectItemCaseSensitive(o, "store"), *transactions = cJSON_GetObjectItemCaseSensitive(o, "transactions");
	char loaded[24];

	printf("cmpgate %s%s%s, process %" PRId64 ", up ", text_of(o, "version"), text_of(o, "site")[0] != '\0' ? ", site " : "", text_of(o, "site"), number_of(o, "pid"));
	print_uptime(number_of(o, "uptime_s"));
	puts(is_true(o, "stopping") ? ", ending" : "");
	printf("  %-13s %s, in force since %s\n", "configuration", text_of(o, "config"), control_time(text_of(o, "loaded"), "-", loaded));
	printf("  %-13s %s\n", "clock", text_of(o, "clock"));
	print_urls(o, "listeners", "listener");
	print_urls(o, "upstreams", "upstream");
	printf("  %-13s %" PRId64 " exchanges, %" PRId64 " open transactions, %" PRId64 " ended ones, %" PRId64 " submissions\n", "now",
		number_of(o, "exchanges"), number_of(transactions, "open"), number_of(transactions, "ended"), number_of(o, "submissions"));
	printf("  %-13s %s, %s, %" PRId64 " KiB in %s, %" PRId64 " waiting to be written\n", "store", is_true(store, "failed") ? "FAILED: nothing is recorded" : "well",
		text_of(store, "about"), number_of(store, "octets") / 1024, text_of(o, "state"), number_of(store, "waiting"));
	print_insecure(cJSON_GetObjectItemCaseSensitive(o, "posture"));
}

static int
print_json(const cJSON *o)
{
	char *text = cJSON_Print(o);

	if (text == NULL) {
		fputs("cmpgate status: out of memory\n", stderr);
		return EXIT_LOCAL;
	}
	puts(text);
	cJSON_free(text);
	return EXIT_DONE;
}

static int
run(int argc, char **argv)
{
	static const char usage[] = "usage: cmpgate status [--json] [-c FILE | -s PATH]\n\n"
		"Say how the gateway is: where it listens, what is under way, clock and store.\n\n"
		"      --json          an object\n" CONTROL_OPTIONS
		"  -h, --help          this text\n\n"
		"Exit code 0: it runs; 4: it does not, or does not answer; 7: no permission to ask.\n";
	struct control_options o = { .may_json = true };
	struct control_reply reply;
	int code;

	if (!control_arguments(&o, argc, argv, usage, &code))
		return code;
	code = control_ask(&(struct control_request){ .command = "status", .config = o.config, .socket = o.socket }, &reply);
	if (code != EXIT_DONE && reply.text[0] != '\0')
		fprintf(stderr, "cmpgate status: %s\n", reply.text);
	if (code == EXIT_DONE && o.json)
		code = print_json(reply.data);
	else if (code == EXIT_DONE)
		print_status(reply.data);
	cJSON_Delete(reply.data);
	return code;
}

const struct command command_status = { "status", run, "say how the gateway is" };
