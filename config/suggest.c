// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/suggest.h"

#include <string.h>
#include <strings.h>

#define WORD_MAX 64
#define FAR 3		// answer for everything beyond two edits

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned
suggest_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned rows[3][WORD_MAX + 1];		// row i stands in rows[i % 3]

	if (n > WORD_MAX || m > WORD_MAX)
		return FAR;
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *now = rows[i % 3], *up = rows[(i - 1) % 3], *above = rows[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			now[j] = least(up[j] + 1, now[j - 1] + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && above[j - 2] + 1 < now[j])
				now[j] = above[j - 2] + 1;
		}
	}
	return rows[n % 3][m] < FAR ? rows[n % 3][m] : FAR;
}

void
suggest_begin(struct suggestion *s, const char *wanted)
{
	*s = (struct suggestion){ .wanted = wanted, .distance = FAR };
}

void
suggest_offer(struct suggestion *s, const char *word, int line)
{
	size_t wanted = strlen(s->wanted), len = strlen(word);
	unsigned d = strcasecmp(s->wanted, word) == 0 ? 0 : suggest_distance(s->wanted, word);

	// Two edits turn any word of three letters into any other.
	if (d < FAR && d >= wanted)
		d = FAR;
	if (d == FAR && wanted >= 2 && len >= 2 && strncmp(s->wanted, word, wanted < len ? wanted : len) == 0)
		d = 2;
	if (d >= s->distance)
		return;
	s->best = word;
	s->distance = d;
	s->line = line;
}
