// SPDX-License-Identifier: GPL-3.0-or-later
// codec_bench FILE ROUNDS: nanoseconds to parse the PKIMessage of a file and to
// copy it out again, against a bare strict walk over the same elements, round
// by round in turn. Prints "ours baseline" in ns per message, a line a round.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "codec/pkimessage.h"

enum { FILE_MAX = 65536, DEPTH = 32, REPEATS = 20000 };

static uint8_t octets[FILE_MAX], copy[FILE_MAX];
static size_t len;

static int64_t
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// The least that any strict reader has to do: each header in its shortest form,
// each element inside its parent. Answers how many elements there are, 0 when
// malformed. Written here, apart from codec/, so that it stays the same yardstick.
static unsigned
walk(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *ends[DEPTH];
	unsigned depth = 0, count = 0;

	ends[0] = end;
	for (;;) {
		while (p == ends[depth]) {
			if (depth == 0)
				return count;
			depth--;
		}
		if (ends[depth] - p < 2 || (p[0] & 0x1F) == 0x1F)
			return 0;
		bool constructed = (p[0] & 0x20) != 0;
		size_t n = p[1];
		p += 2;
		if (n >= 0x80) {
			size_t more = n & 0x7F;
			if (more == 0 || more > 3 || (size_t)(ends[depth] - p) < more || p[0] == 0)
				return 0;
			n = 0;
			for (size_t i = 0; i < more; i++)
				n = n << 8 | *p++;
			if (n < 0x80)
				return 0;
		}
		if ((size_t)(ends[depth] - p) < n)
			return 0;
		count++;
		if (!constructed) {
			p += n;
			continue;
		}
		if (++depth == DEPTH)
			return 0;
		ends[depth] = p + n;
	}
}

// Keep the compiler from dropping the work.
static void
used(const void *p)
{
	__asm__ volatile("" : : "g"(p) : "memory");
}

static double
parse_ns(void)
{
	struct pkimessage m;
	struct fault f;
	int64_t begin = cpu_ns();

	for (int i = 0; i < REPEATS; i++) {
		used(octets);
		if (!pkimessage_parse(&m, span_of(octets, len), NULL, &f))
			exit(1);
		memcpy(copy, m.whole.data, m.whole.len);
		used(copy);
	}
	return (double)(cpu_ns() - begin) / REPEATS;
}

static double
walk_ns(void)
{
	int64_t begin = cpu_ns();

	for (int i = 0; i < REPEATS; i++) {
		used(octets);
		if (walk(octets, octets + len) == 0)
			exit(1);
	}
	return (double)(cpu_ns() - begin) / REPEATS;
}

int
main(int argc, char **argv)
{
	FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
	struct pkimessage m;
	struct fault f;

	if (file == NULL) {
		fputs("usage: codec_bench FILE ROUNDS\n", stderr);
		return 2;
	}
	len = fread(octets, 1, sizeof(octets), file);
	fclose(file);
	if (!pkimessage_parse(&m, span_of(octets, len), NULL, &f)) {
		fprintf(stderr, "codec_bench: %s: %s: %s\n", argv[1], f.path, f.text);
		return 1;
	}
	printf("%s of %zu octets, %u elements\n", body_name(m.body), len, walk(octets, octets + len));
	for (int i = atoi(argv[2]); i >= 0; i--) {	// the first round warms up
		double ours = parse_ns(), theirs = walk_ns();
		if (i < atoi(argv[2]))
			printf("%.1f %.1f\n", ours, theirs);
	}
	return 0;
}
