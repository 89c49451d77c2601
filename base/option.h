// SPDX-License-Identifier: GPL-3.0-or-later
// option: rows that describe one setting each. Every module hands in its own
// rows; config/ interprets them: it parses, checks, fills defaults, compares
// for reload, and prints the man page section, the sample file and the JSON
// Schema from the same rows.
#ifndef CMPGATE_BASE_OPTION_H
#define CMPGATE_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The C type at `offset` stands behind each kind.
enum option_kind {
	OPTION_TEXT,		// char *
	OPTION_NAME,		// char *: a label: letters, digits, - _ . (1..64)
	OPTION_PATH,		// char *: made absolute, relative to the folder of the file that names it
	OPTION_URL,		// char *
	OPTION_BOOL,		// bool: true/false, yes/no, on/off
	OPTION_INTEGER,		// int64_t, min..max
	OPTION_SIZE,		// int64_t octets: 512, 64KiB, 1MiB
	OPTION_DURATION,	// int64_t milliseconds: 500ms 30s 5m 12h 30d
	OPTION_CHOICE,		// int: index into choices
	OPTION_TEXTS,		// struct option_texts: a text or a list of texts
	OPTION_CIDRS,		// struct option_texts: as TEXTS, each an address or address/prefix
	OPTION_PATHS,		// struct option_texts: as TEXTS, each made absolute as PATH
	OPTION_PATH_MAP,	// struct option_texts of "NAME=path": a map of names to paths; a path alone is that of the empty name
	OPTION_SOURCE,		// struct settings_source (config/settings.h): where a secret stands, never the secret itself
	OPTION_RECORD,		// the struct itself at offset, described by rows
	OPTION_RATE,		// int64_t per second: 10/s
	OPTION_MAP,		// named entries, each described by rows; the table's owner takes them
	OPTION_LIST,		// entries in order, each described by rows; the table's owner takes them
	OPTION_ABSENT		// documented, but not in this build: its use is an error that says so
};

struct option_texts { char **items; size_t count; };

struct fault;

struct option_row {
	const char *key;
	enum option_kind kind;
	size_t offset;			// into the settings struct of the row's owner
	int64_t min, max;		// INTEGER, SIZE, DURATION, RATE; list length for TEXTS; both 0 = no limit
	const char *standard;		// default, written as in YAML; NULL = none
	const char *const *choices;	// CHOICE (ends with NULL); TEXTS: allowed items, or NULL for any; SOURCE: "path" and prefixes
	const struct option_row *rows;	// RECORD, and the entries of MAP, LIST: their rows (end with key NULL);
					// TEXTS: rows of a map that may stand in place of the texts, with offsets like the row's own
	const char *brief;		// MAP: the key whose value alone may stand in place of an entry's map
	const char *word;		// numbers: a word in place of the number `meaning`; RECORD: in place of a map without keys
	int64_t meaning;
	bool required;
	bool restart;			// a reload that changes it is refused
	const char *help;		// one or two sentences: man page, schema, sample
	const char *example;		// value for the sample file, or NULL
	const char *const *absent;	// CHOICE, TEXTS, RECORD: documented values that are not in this build, or NULL
	bool (*check)(const char *text, struct fault *f);	// TEXT, TEXTS: what more each text must be, or NULL. False with the fault, its cure behind "; "
};

#endif
