// SPDX-License-Identifier: GPL-3.0-or-later
// log: one line per event: level, part, sentence, then key=value pairs. Text
// that came from a peer must go through a log_field value, where control
// characters are escaped and long text is cut at 1 KiB. Secrets never come here.
#ifndef CMPGATE_BASE_LOG_H
#define CMPGATE_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERROR_, LOG_WARN_, LOG_INFO_, LOG_DEBUG_, LOG_TRACE_ };
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

struct log_field { const char *key; const char *value; };	// value NULL: left out

// Choose what is written to stderr. AUTO: with "<N>" priorities under
// systemd (JOURNAL_STREAM is set), else plain text, coloured on a terminal unless NO_COLOR.
void log_setup(enum log_level level, enum log_format format);
bool log_wanted(enum log_level level);
// Write one line; the fields array ends with an entry whose key is NULL, or is NULL.
void log_event(enum log_level level, const char *part, const struct log_field *fields,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
// From now on a thread of its own writes the lines, so that a sink nobody reads
// never holds the caller up. What does not fit its queue is dropped, and a line
// says how much was. Start it when all rights are given up: threads keep theirs.
// False without memory or thread; then all stays as it was.
bool log_start(void);
// Let it end, once it has written all; after at most `ms` it is given up, and what is
// logged from then on is dropped. True when it has ended; may be tried again.
bool log_stop(int64_t ms);
#define LOG_QUEUE_OCTETS 262144

// Tests: hand each finished line (without its line end) to sink instead of stderr; NULL restores.
void log_redirect(void (*sink)(void *context, const char *line), void *context);

#endif
