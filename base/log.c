// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log_queue.h"

#define LINE_MAX_OCTETS LOG_QUEUE_LINE
#define VALUE_MAX 1024		// text of a peer is cut here

enum style { STYLE_LOGFMT, STYLE_JSON, STYLE_SYSTEMD, STYLE_TERMINAL };

// The thread that writes reads them as well.
static _Atomic int wanted = LOG_INFO_;
static _Atomic int style = STYLE_LOGFMT;
static void (*sink_line)(void *context, const char *line);
static void *sink_context;

static const char *const level_names[] = { "error", "warn", "info", "debug", "trace" };
static const char *const level_colours[] = { "\033[31m", "\033[33m", "\033[32m", "\033[36m", "\033[2m" };
static const int level_priorities[] = { 3, 4, 6, 7, 7 };	// of syslog

void
log_setup(enum log_level level, enum log_format format)
{
	wanted = (int)level;
	style = format == LOG_FORMAT_JSON ? STYLE_JSON : STYLE_LOGFMT;
	if (format != LOG_FORMAT_AUTO)
		return;
	if (getenv("JOURNAL_STREAM") != NULL)
		style = STYLE_SYSTEMD;
	else if (isatty(STDERR_FILENO) && getenv("NO_COLOR") == NULL)
		style = STYLE_TERMINAL;
}

bool
log_wanted(enum log_level level)
{
	return (int)level <= wanted;
}

static void
put_escaped(struct buffer *b, const char *text)
{
	buffer_append_escaped(b, text, VALUE_MAX);
}

static bool
needs_quotes(const char *text)
{
	if (*text == '\0')
		return true;
	for (; *text != '\0'; text++)
		if ((unsigned char)*text <= ' ' || *text == '"' || *text == '=' || *text == '\\' || (unsigned char)*text == 0x7F || (unsigned char)*text == 0xC2)
			return true;
	return false;
}

static void
put_logfmt(struct buffer *b, const struct log_field *fields)
{
	for (; fields != NULL && fields->key != NULL; fields++) {
		if (fields->value == NULL)
			continue;
		bool quotes = needs_quotes(fields->value);
		buffer_printf(b, " %s=%s", fields->key, quotes ? "\"" : "");
		put_escaped(b, fields->value);
		if (quotes)
			buffer_append_octet(b, '"');
	}
}

static void
put_json(struct buffer *b, const char *stamp, enum log_level level, const char *part, const char *text, const struct log_field *fields)
{
	buffer_printf(b, "{\"ts\":\"%s\",\"level\":\"%s\",\"part\":\"%s\",\"text\":\"", stamp, level_names[level], part);
	put_escaped(b, text);
	buffer_append_octet(b, '"');
	for (; fields != NULL && fields->key != NULL; fields++) {
		if (fields->value == NULL)
			continue;
		buffer_printf(b, ",\"%s\":\"", fields->key);
		put_escaped(b, fields->value);
		buffer_append_octet(b, '"');
	}
	buffer_append_octet(b, '}');
}

static void
put_plain(struct buffer *b, const char *stamp, enum log_level level, const char *part, const char *text, const struct log_field *fields)
{
	const char *colour = style == STYLE_TERMINAL && sink_line == NULL ? level_colours[level] : "";

	if (style == STYLE_SYSTEMD)
		buffer_printf(b, "<%d>", level_priorities[level]);
	else
		buffer_printf(b, "%s ", stamp);
	buffer_printf(b, "%s%-5s%s %s: ", colour, level_names[level], colour[0] != '\0' ? "\033[0m" : "", part);
	buffer_append_plain(b, text);
	put_logfmt(b, fields);
}

// A whole line with its end; too long, or no memory: the sentence alone.
static void
put_line(struct buffer *b, enum log_level level, const char *part, const struct log_field *fields, const char *text)
{
	char stamp[32];

	calendar_text(clock_wall_ms(), stamp, sizeof(stamp));
	if (style == STYLE_JSON)
		put_json(b, stamp, level, part, text, fields);
	else
		put_plain(b, stamp, level, part, text, fields);
	buffer_append_octet(b, '\n');
}

static void
write_line(struct span line)
{
	if (log_queue_put(line))
		return;
	if (write(STDERR_FILENO, line.data, line.len) < 0) {
		// Nobody reads the log: the gateway goes on.
	}
}

void
log_event(enum log_level level, const char *part, const struct log_field *fields, const char *format, ...)
{
	char text[VALUE_MAX], bare[VALUE_MAX + 64];
	struct buffer line;
	va_list args;

	if (!log_wanted(level))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buffer_init(&line, LINE_MAX_OCTETS);
	put_line(&line, level, part, fields, text);
	if (line.failed) {
		snprintf(bare, sizeof(bare), "%s %s: %.200s\n", level_names[level], part, text);
		write_line(span_text(bare));
	} else if (sink_line != NULL) {
		line.data[line.len - 1] = '\0';
		sink_line(sink_context, (const char *)line.data);
	} else {
		write_line(buffer_span(&line));
	}
	buffer_clear(&line);
}

// The thread has found the queue empty after it was full.
static void
put_dropped(struct buffer *b, uint64_t count)
{
	char text[80];

	snprintf(text, sizeof(text), "%llu lines of the log were dropped: nobody read it in time", (unsigned long long)count);
	put_line(b, LOG_WARN_, "log", NULL, text);
}

bool
log_start(void)
{
	return log_queue_start(LOG_QUEUE_OCTETS, put_dropped);
}

bool
log_stop(int64_t ms)
{
	return log_queue_stop(ms);
}

void
log_redirect(void (*sink)(void *context, const char *line), void *context)
{
	sink_line = sink;
	sink_context = context;
}
