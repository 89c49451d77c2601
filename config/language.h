// SPDX-License-Identifier: GPL-3.0-or-later
// language: the option rows of the configuration itself. The rows of drivers
// come with their schemes. Private to config/.
#ifndef CMPGATE_CONFIG_LANGUAGE_H
#define CMPGATE_CONFIG_LANGUAGE_H

#include "base/option.h"
#include "config/settings.h"

// What the keys of one listener or upstream become before its URL is taken apart.
struct entry {
	char *url;
	int64_t timeout;
	struct option_texts insecure;
};

// What the keys of one route become before names are looked up.
struct route_entry {
	struct settings_route route;
	char *to;
	int protection;
	struct option_texts accept;
};

extern const struct option_row language_rows[];		// struct settings
extern const struct option_row language_listener[];	// struct entry
extern const struct option_row language_upstream[];	// struct entry
extern const struct option_row language_route[];	// struct route_entry

// A scheme of the documented language that needs a later version.
bool language_scheme_is_planned(const char *scheme);
// The bits of PKIBody tags that a word of match.body stands for; 0 for an unknown word.
uint64_t language_body_bits(const char *word);
// The scheme of this build, or NULL.
const struct config_scheme *language_scheme(const struct config_scheme *schemes, const char *scheme);

#endif
