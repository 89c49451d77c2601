// SPDX-License-Identifier: GPL-3.0-or-later
// settings: one configuration, typed and checked. A loaded `struct settings` is
// immutable and counted: a step holds it for seconds, a reload swaps it.
#ifndef CMPGATE_CONFIG_SETTINGS_H
#define CMPGATE_CONFIG_SETTINGS_H

#include "base/blob.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/option.h"
#include "config/url.h"

// One URL scheme that a driver of this build serves; handed in by the caller,
// since config/ knows no driver.
struct config_scheme {
	const char *scheme;
	unsigned default_port;
	const struct option_row *listener_rows;	// NULL: cannot listen
	size_t listener_size;
	const struct option_row *upstream_rows;	// NULL: cannot be an upstream
	size_t upstream_size;
};

struct settings_place { const char *file; int line, column; };	// where it stands

struct settings_listener {
	char *name;
	struct url url;
	void *options;			// the driver's struct
	struct settings_place place;
};

struct settings_upstream {
	char *name;
	struct url url;
	void *options;
	int64_t timeout;		// ms for one exchange with it
	struct option_texts insecure;	// kept for check's notes
	struct settings_place place;
};

enum route_target { TARGET_UPSTREAM, TARGET_REJECT };

struct settings_route {
	char *name;
	struct option_texts from;	// listener names; empty = any
	struct option_texts match_path;		// globs; empty = any
	struct option_texts match_profile;	// globs on certProfile of the header
	struct option_texts match_body;		// body names, groups expanded (bit set below)
	uint64_t body_bits;		// bit n: PKIBody tag n may pass; 0 = any
	struct option_texts match_source;	// CIDRs
	struct option_texts match_sender;	// globs on the sender's RFC 4514 text
	enum route_target target;
	size_t upstream;		// index into upstreams (TARGET_UPSTREAM)
	enum failure reject_status;	// TARGET_REJECT
	char *reject_text;
	bool accept_unprotected_error;	// accept: [unprotected-error]
	struct settings_place place;
};

struct settings_limits {
	int64_t max_message, max_answer;		// octets: 64KiB, 256KiB
	int64_t transactions;				// in flight, 1..1024
	int64_t bytes_in_flight;			// 12MiB
	int64_t exchange_timeout;			// ms: 60s
	int64_t transaction_timeout;			// ms: 1h
	int64_t forget;					// ms an ended transaction serves repeats: 24h
	int64_t rate, rate_burst;			// per source and second: 10, 40
	struct option_texts rate_exempt;		// CIDRs
	int64_t connections, connections_per_source;
	int64_t header_timeout, body_timeout, write_timeout, idle_timeout, min_rate;
	int64_t coap_sessions, coap_assemblies, coap_assemblies_per_peer, coap_assembly_bytes, coap_assembly_timeout, coap_waiting, coap_answers;
};

struct settings {
	int64_t version;
	struct option_texts include;	// always empty: a loaded configuration has its includes in it
	char *site;
	char *user, *group;
	struct { char *path; } store;
	struct { int level; int format; } log;		// enum log_level, enum log_format
	struct settings_limits limits;
	struct settings_listener *listeners; size_t listener_count;
	struct settings_upstream *upstreams; size_t upstream_count;
	struct settings_route *routes; size_t route_count;	// the implicit route included
	bool implicit_route;		// the only route was not written
	// private: memory, file names, rows
	struct settings_private *private;
};

// One finding of a load or check.
enum finding_severity { FINDING_ERROR, FINDING_WARNING, FINDING_NOTE };
struct finding {
	enum finding_severity severity;
	char code[8];			// "E0103": stable once released
	char *file; int line, column, width;	// file may be NULL; line 0: the file as a whole
	char *message, *help, *source_line;	// help, source_line may be NULL
	int caret;				// where in source_line the underline begins
	int rank;				// of the file in the order of loading
};
struct findings {
	struct finding *items;
	size_t count, errors, warnings;
	size_t room;
	bool exhausted;		// memory ran out: not all is said, and it counts as an error
};

// Load and check a file with its includes. schemes ends with an entry whose
// scheme is NULL; rows are borrowed for the life of the settings. Always fills
// findings (overwritten without looking; sorted by position; findings_clear()
// frees them); NULL when there was any error. Drop with settings_unref().
// A listener whose url.host is empty binds loopback only, IPv4 and IPv6.
struct settings *settings_load(const char *file, const struct config_scheme *schemes, struct findings *findings);
struct settings *settings_ref(struct settings *s);
void settings_unref(struct settings *s);
void findings_clear(struct findings *f);
// Write findings as `check` prints them (gcc style with caret and help), with the closing count; colour where asked.
void findings_print(const struct findings *f, void (*put)(void *context, const char *text), void *context, bool colour);
// The same as a JSON array; mem_free() it. NULL without memory.
char *findings_json(const struct findings *f);
// The effective configuration with all defaults, as YAML or JSON; mem_free() it.
char *settings_show(const struct settings *s, bool json);
// Texts made from the option rows; mem_free() them.
char *settings_schema(const struct config_scheme *schemes);	// JSON Schema
char *settings_manual(const struct config_scheme *schemes);	// man page section, mdoc or man macros
char *settings_sample(const struct config_scheme *schemes);	// commented sample file
// Tell whether a reload from a to b needs a restart; then the sentence stands in f.
bool settings_needs_restart(const struct settings *a, const struct settings *b, struct fault *f);
// Tell whether a listener or upstream stands unchanged in both (name, URL, options).
bool settings_listener_same(const struct settings_listener *a, const struct settings_listener *b, const struct config_scheme *schemes);
bool settings_upstream_same(const struct settings_upstream *a, const struct settings_upstream *b, const struct config_scheme *schemes);
// The YAML reader underneath, for `cmpgate version`: "libyaml 0.2.5".
const char *settings_library(void);
// What a code means, in a few sentences; NULL for an unknown code.
const char *finding_explain(const char *code);
// The i-th code, for listing them all; NULL at the end.
const char *finding_code(size_t i);

#endif
