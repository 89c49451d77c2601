// SPDX-License-Identifier: GPL-3.0-or-later
// settings_kit: what the tests of the configuration language share: drivers
// that only have rows, a folder of their own, and texts with the findings that
// they must bring.
#ifndef CMPGATE_TESTS_SETTINGS_KIT_H
#define CMPGATE_TESTS_SETTINGS_KIT_H

#include "config/settings.h"

#define V "version: 1\n"
#define UP "upstreams: {ca: \"http://127.0.0.3/\"}\n"
#define IN "listeners: {in: \"http://127.0.0.1\"}\n"

struct fake_options { int64_t size; bool flag; char *path; struct option_texts words; };
struct echo_options { char *word; };
extern const struct option_row fake_rows[], echo_rows[];
extern const struct config_scheme schemes[];

extern char folder[64], file[128];	// the folder of this run, and its main file
// The path of a file in the folder; good for the next three calls.
char *path_of(const char *name);
void write_octets(const char *name, const void *octets, size_t len);
void write_text(const char *name, const char *text);

// For findings_print(): to standard error, or behind a text of 4096 octets.
void put_note(void *context, const char *text);
void append_text(void *context, const char *text);

// Load what was written to the main file; its findings must be these, in one
// line: "E0103 2:3, W0304 b.yaml:5:3". text is for the message only.
struct settings *load_expect(const char *text, const char *expected, struct findings *f);
// Write a text to the main file and load it; nothing may stand against it.
struct settings *load_good(const char *text);
void expect_octets(const void *octets, size_t len, const char *expected);
void expect(const char *text, const char *expected);
// The same, and one finding's message and help hold these texts (NULL: no matter).
void expect_words(const char *text, const char *expected, const char *message, const char *help);

struct example { const char *text, *expected; };
void expect_all(const struct example *examples, size_t count);
#define ALL(table) expect_all(table, sizeof(table) / sizeof(*(table)))

int kit_set_up(void **state);
int kit_tear_down(void **state);

#endif
