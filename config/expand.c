// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/expand.h"

#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool refuse(struct load *l, struct node *n, const char *help, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static bool
refuse(struct load *l, struct node *n, const char *help, const char *format, ...)
{
	char what[256];
	va_list args;
	struct finding *item;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	item = finding_add(l->findings, CODE_VARIABLE, &n->at, "%s", what);
	finding_help(l->findings, item, "%s", help);
	n->bad = true;
	return false;
}

static size_t
name_length(const char *p)
{
	size_t n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");

	return *p >= '0' && *p <= '9' ? 0 : n;
}

// What the environment brings must be as clean as what a file may hold.
static bool
is_clean(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t n = findings_utf8(text + i, len - i, &c);

		if (n == 0 || c < 0x20 || c == 0x7f)
			return false;
		i += n;
	}
	return true;
}

// Append, and tell a value that is too long from memory that ran out.
static bool
put(struct load *l, struct node *n, struct buffer *out, struct span part)
{
	if (part.len > EXPAND_MAX - out->len)
		return refuse(l, n, "a value holds 8 KiB at most", "the value is too long");
	if (buffer_append(out, part))
		return true;
	findings_exhaust(l->findings);
	n->bad = true;
	return false;
}

// One "${...}" at *cursor.
static bool
take_variable(struct load *l, struct node *n, const char **cursor, struct buffer *out)
{
	static const char forms[] = "write ${NAME}, ${NAME:-default}, or $$ for a dollar sign";
	const char *p = *cursor, *name = p + 2, *close = strchr(name, '}'), *value;
	size_t len = name_length(name);
	char key[256];
	int shown;

	if (close == NULL)
		return refuse(l, n, forms, "a '${' is not closed");
	*cursor = close + 1;
	shown = n->secret ? 2 : close - p < 60 ? (int)(close - p) + 1 : 60;
	if (len == 0 || len >= sizeof(key) || (name[len] != '}' && strncmp(name + len, ":-", 2) != 0))
		return refuse(l, n, forms, "'%.*s' is not a variable", shown, p);
	if (memchr(name + len, '$', (size_t)(close - name) - len) != NULL)
		return refuse(l, n, "a default is plain text", "a default holds a '$': %.*s", shown, p);
	memcpy(key, name, len);
	key[len] = '\0';
	value = getenv(key);
	if (value != NULL && !is_clean(value))
		return refuse(l, n, "set it to one line of text",
			"the environment variable %.60s holds control characters or no valid UTF-8", key);
	if (name[len] == ':' && (value == NULL || *value == '\0'))
		return put(l, n, out, span_of(name + len + 2, (size_t)(close - name) - len - 2));
	if (value == NULL)
		return refuse(l, n, "set it, or give a default: ${NAME:-default}",
			"the environment variable %.60s is not set", key);
	return put(l, n, out, span_text(value));
}

static bool
build(struct load *l, struct node *n, struct buffer *out)
{
	const char *p = n->text;

	while (*p != '\0') {
		size_t plain = strcspn(p, "$");

		if (!put(l, n, out, span_of(p, plain)))
			return false;
		p += plain;
		if (*p == '\0')
			break;
		if (p[1] == '{') {
			if (!take_variable(l, n, &p, out))
				return false;
			continue;
		}
		if (p[1] != '$')
			return refuse(l, n, "write $$ for a dollar sign, ${NAME} for a variable", "a lone '$'");
		if (!put(l, n, out, span_text("$")))
			return false;
		p += 2;
	}
	return true;
}

const char *
expand_node(struct load *l, struct node *n)
{
	struct buffer out;
	char *text = NULL;

	if (n->expanded || strchr(n->text, '$') == NULL)
		return n->text;
	buffer_init(&out, EXPAND_MAX);
	if (build(l, n, &out))
		text = load_scratch(l, out.len + 1);
	if (text != NULL && out.len > 0)
		memcpy(text, out.data, out.len);
	buffer_clear(&out);
	n->expanded = true;
	n->bad = text == NULL;
	n->text = text != NULL ? text : "";
	return text;
}
