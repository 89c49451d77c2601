// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"

#define LINE_MAX_OCTETS 8192
#define VALUE_MAX 1024		// text of a peer is cut here

static enum log_level wanted = LOG_INFO_;
static enum { STYLE_LOGFMT, STYLE_JSON, STYLE_SYSTEMD, STYLE_TERMINAL } style = STYLE_LOGFMT;
static void (*sink_line)(void *context, const char *line);
static void *sink_context;

static const char *const level_names[] = { "error", "warn", "info", "debug", "trace" };
static const char *const level_colours[] = { "\033[31m", "\033[33m", "\033[32m", "\033[36m", "\033[2m" };
static const int level_priorities[] = { 3, 4, 6, 7, 7 };	// of syslog

void
log_setup(enum log_level level, enum log_format format)
{
	wanted = level;
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
	return level <= wanted;
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
	for (; *text != '\0'; text++)
		buffer_append_octet(b, (unsigned char)*text < 0x20 || *text == 0x7F ? '?' : (uint8_t)*text);
	put_logfmt(b, fields);
}

void
log_event(enum log_level level, const char *part, const struct log_field *fields, const char *format, ...)
{
	char text[VALUE_MAX], stamp[32];
	struct buffer line;
	va_list args;

	if (!log_wanted(level))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	calendar_text(clock_wall_ms(), stamp, sizeof(stamp));
	buffer_init(&line, LINE_MAX_OCTETS);
	if (style == STYLE_JSON)
		put_json(&line, stamp, level, part, text, fields);
	else
		put_plain(&line, stamp, level, part, text, fields);
	buffer_append_octet(&line, sink_line != NULL ? '\0' : '\n');
	if (line.failed) {
		// Too long, or no memory: the sentence alone.
		fprintf(stderr, "%s %s %s: %.200s\n", stamp, level_names[level], part, text);
	} else if (sink_line != NULL) {
		sink_line(sink_context, (const char *)line.data);
	} else if (write(STDERR_FILENO, line.data, line.len) < 0) {
		// Nobody reads the log: the gateway goes on.
	}
	buffer_clear(&line);
}

void
log_redirect(void (*sink)(void *context, const char *line), void *context)
{
	sink_line = sink;
	sink_context = context;
}
