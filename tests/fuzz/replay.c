// SPDX-License-Identifier: GPL-3.0-or-later
// Stands in for the fuzzer in `make check`: runs the entry over each file of
// its corpus, tests/fuzz/corpus/NAME for the program fuzz_NAME, or over the
// files that are named. One TAP line; a fault of the entry aborts.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A copy of exactly the octets, so that reading beyond them is found out.
static int
replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	long size;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
		perror(path);
		return 1;
	}
	uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
	rewind(f);
	if (data == NULL || fread(data, 1, (size_t)size, f) != (size_t)size) {
		perror(path);
		return 1;
	}
	fclose(f);
	fprintf(stderr, "# %s\n", path);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	return 0;
}

static int
replay_folder(const char *folder, unsigned *count)
{
	DIR *d = opendir(folder);
	char path[4096];
	int failed = 0;

	if (d == NULL) {
		perror(folder);
		return 1;
	}
	for (struct dirent *e; (e = readdir(d)) != NULL; ) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		failed |= replay(path);
		++*count;
	}
	closedir(d);
	return failed;
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir"), *name = strrchr(argv[0], '/');
	char folder[2048];
	unsigned count = 0;
	int failed = 0;

	name = name != NULL ? name + 1 : argv[0];
	if (argc > 1) {
		for (int i = 1; i < argc; i++, count++)
			failed |= replay(argv[i]);
	} else {
		if (strncmp(name, "fuzz_", 5) != 0)
			return 99;
		snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s", srcdir != NULL ? srcdir : ".", name + 5);
		failed = replay_folder(folder, &count);
	}
	if (count == 0)
		failed = 1;
	printf("1..1\n%sok 1 - %u inputs of %s\n", failed != 0 ? "not " : "", count, name);
	return failed;
}
