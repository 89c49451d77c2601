// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "base/memory.h"
#include "cli/command.h"
#include "cli/options.h"
#include "config/settings.h"
#include "crypto/crypto.h"
#include "store/store.h"
#include "transports/driver.h"

static void
print_text(void)
{
	printf("cmpgate %s\n", PACKAGE_VERSION);
	for (const struct driver *const *d = drivers; *d != NULL; d++)
		printf("  driver %-5s %s%s%s\n", (*d)->name, (*d)->upstream_rows != NULL ? "listener, upstream" : "listener",
			(*d)->about != NULL ? ", " : "", (*d)->about != NULL ? (*d)->about() : "");
	printf("  libuv %s\n  %s\n  cJSON %s\n  %s\n", uv_version_string(), settings_library(), cJSON_Version(), store_about());
	printf("  %s\n", crypto_about());
	puts("  coaps     no (not in this build)");
	puts("Licence GPL-3.0-or-later: free software, without warranty.");
}

static bool
print_json(void)
{
	cJSON *root = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(root, "drivers");

	cJSON_AddStringToObject(root, "version", PACKAGE_VERSION);
	cJSON_AddStringToObject(root, "licence", "GPL-3.0-or-later");
	cJSON_AddStringToObject(root, "libuv", uv_version_string());
	cJSON_AddStringToObject(root, "libyaml", strchr(settings_library(), ' ') + 1);
	cJSON_AddStringToObject(root, "cjson", cJSON_Version());
	cJSON_AddStringToObject(root, "crypto", crypto_about());
	cJSON_AddStringToObject(root, "store", store_about());
	cJSON_AddBoolToObject(root, "coaps", false);
	for (const struct driver *const *d = drivers; *d != NULL; d++) {
		cJSON *item = cJSON_CreateObject();
		cJSON_AddStringToObject(item, "name", (*d)->name);
		cJSON_AddBoolToObject(item, "upstream", (*d)->upstream_rows != NULL);
		if ((*d)->about != NULL)
			cJSON_AddStringToObject(item, "library", (*d)->about());
		cJSON_AddItemToArray(list, item);
	}
	char *text = cJSON_Print(root);
	cJSON_Delete(root);
	if (text == NULL) {
		fputs("cmpgate version: out of memory\n", stderr);
		return false;
	}
	puts(text);
	cJSON_free(text);
	return true;
}

static int
run(int argc, char **argv)
{
	struct options given = { { false } };
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	bool json = false;
	int c;

	while ((c = options_next(&given, argc, argv, "h", options)) != -1) {
		if (c != 'j') {
			fputs("usage: cmpgate version [--json]\n\nPrint the version, the drivers of this build and the libraries underneath.\n\n"
				"      --json   an object\n  -h, --help   this text\n",
				c == 'h' ? stdout : stderr);
			return c == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
		json = true;
	}
	if (optind < argc) {
		fprintf(stderr, "cmpgate version: '%s' is too much\n", argv[optind]);
		return EXIT_USAGE;
	}
	if (json)
		return print_json() ? EXIT_DONE : EXIT_LOCAL;
	print_text();
	return EXIT_DONE;
}

const struct command command_version = { "version", run, "print version, drivers and libraries" };
