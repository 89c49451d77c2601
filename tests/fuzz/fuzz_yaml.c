// SPDX-License-Identifier: GPL-3.0-or-later
// Any octets as a configuration: they load or are refused, and what loads can
// be shown, and what was shown loads again.
#include "build.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "config/settings.h"

struct options { int64_t size; char *path; };

static const struct option_row rows[] = {
	{ .key = "size", .kind = OPTION_SIZE, .offset = offsetof(struct options, size), .min = 1, .max = 1048576, .standard = "4KiB", .help = "A size." },
	{ .key = "path", .kind = OPTION_PATH, .offset = offsetof(struct options, path), .help = "A path." },
	{ .key = NULL }
};
static const struct config_scheme schemes[] = {
	{ .scheme = "http", .default_port = 80, .listener_rows = rows, .listener_size = sizeof(struct options), .upstream_rows = rows,
	  .upstream_size = sizeof(struct options) },
	{ .scheme = "coap", .default_port = 5683, .listener_rows = rows, .listener_size = sizeof(struct options) },
	{ .scheme = "file", .listener_rows = rows, .listener_size = sizeof(struct options), .upstream_rows = rows,
	  .upstream_size = sizeof(struct options) },
	{ .scheme = NULL }
};

// Load octets by way of a file in memory.
static struct settings *
load(const uint8_t *data, size_t size, struct findings *findings)
{
	char path[64];
	struct settings *s = NULL;
	int fd = memfd_create("yaml", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	s = settings_load(path, schemes, findings);
	close(fd);
	return s;
}

static void
show_and_reload(const struct settings *s)
{
	char *yaml = settings_show(s, false), *json = settings_show(s, true);
	struct findings findings;
	struct settings *again;

	if (yaml == NULL || json == NULL)
		abort();
	again = load((const uint8_t *)yaml, strlen(yaml), &findings);
	// What is shown is longer than what was written: only its size may stand against it.
	if (again == NULL && strlen(yaml) < 256 * 1024 && strcmp(findings.items[0].code, "E0010") != 0) {
		fputs(yaml, stderr);
		abort();
	}
	findings_clear(&findings);
	settings_unref(again);
	mem_free(yaml);
	mem_free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct findings findings;
	struct settings *s = load(data, size, &findings);
	char *json = findings_json(&findings);

	if ((s == NULL) != (findings.errors > 0 || findings.exhausted) || json == NULL)
		abort();
	if (s != NULL)
		show_and_reload(s);
	mem_free(json);
	findings_clear(&findings);
	settings_unref(s);
	return 0;
}
