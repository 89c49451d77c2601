// SPDX-License-Identifier: GPL-3.0-or-later
// suggest: "did you mean". Private to config/.
#ifndef CMPGATE_CONFIG_SUGGEST_H
#define CMPGATE_CONFIG_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

struct suggestion {
	const char *wanted;
	const char *best;	// borrowed from the caller; NULL: nothing is near
	unsigned distance;
	int line;		// of the best, as the caller gave it
};

// Edits between two words, where a swap of neighbours is one (Damerau-Levenshtein,
// optimal string alignment); anything above 2, or over-long words, answers 3.
unsigned suggest_distance(const char *a, const char *b);
void suggest_begin(struct suggestion *s, const char *wanted);
// Offer a known word; the nearest so far is kept: at most 2 edits away, or a
// word that begins with the wanted one (2 letters or more), or the reverse.
void suggest_offer(struct suggestion *s, const char *word, int line);

#endif
