// SPDX-License-Identifier: GPL-3.0-or-later
// language: the option rows of the configuration itself. The rows of drivers
// come with their schemes. Private to config/.
#ifndef CMPGATE_CONFIG_LANGUAGE_H
#define CMPGATE_CONFIG_LANGUAGE_H

#include "base/option.h"
#include "config/settings.h"

#define LANGUAGE_SETS 8		// trust sets, or tables of secrets, that one key names

// What the keys of one listener or upstream become before its URL is taken apart.
struct entry {
	char *url;
	int64_t timeout;
	struct option_texts insecure, trust, issued_trust;
};

// What the keys of one credential become: `pass` and `pin` are one thing.
struct credential_entry {
	struct settings_credential credential;
	struct settings_source pin;
};

// What the keys of one table of secrets become.
struct secrets_entry {
	struct settings_source file;
	int uses;
};

// What the keys of one route become before names are looked up.
struct route_entry {
	struct settings_route route;
	char *to;
	struct option_texts sender;	// globs and "kid:" globs as written
	struct option_texts accept;
};

extern const struct option_row language_rows[];		// struct settings
extern const struct option_row language_listener[];	// struct entry
extern const struct option_row language_upstream[];	// struct entry
extern const struct option_row language_route[];	// struct route_entry
extern const struct option_row language_trust[];	// struct settings_trust
extern const struct option_row language_credential[];	// struct credential_entry
extern const struct option_row language_secrets[];	// struct secrets_entry
extern const struct option_row language_answers[];	// struct settings_answers

// A scheme of the documented language that needs a later version.
bool language_scheme_is_planned(const char *scheme);
// The bits of PKIBody tags that a word of match.body stands for; 0 for an unknown word.
uint64_t language_body_bits(const char *word);
// The ACCEPT_ bit of a word of accept; 0 for an unknown word.
unsigned language_accept_bit(const char *word);
// The i-th word of accept and its bit; NULL at the end.
const char *language_accept_word(size_t i, unsigned *bit);
// The scheme of this build, or NULL.
const struct config_scheme *language_scheme(const struct config_scheme *schemes, const char *scheme);

#endif
