// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/der_text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/name.h"

enum { ROOM = 1 << 20 };

struct reader { const char *text, *at; const struct der_words *words; };

static void
must(const struct reader *r, bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "der_text: %s at '%.40s' of '%.200s'\n", what, r->at, r->text);
	abort();
}

static void read_items(struct reader *r, struct buffer *out, const char *stops);

static void
skip_space(struct reader *r)
{
	while (isspace((unsigned char)*r->at))
		r->at++;
}

static void
put_element(struct buffer *out, uint8_t tag, struct span contents)
{
	uint8_t head[6] = { tag };
	size_t n = 1, octets = contents.len > 0xFFFF ? 3 : contents.len > 0xFF ? 2 : 1;

	if (contents.len >= 0x80) {
		head[n++] = (uint8_t)(0x80 | octets);
		for (; octets > 1; octets--)
			head[n++] = (uint8_t)(contents.len >> (8 * (octets - 1)));
	}
	head[n++] = (uint8_t)contents.len;
	buffer_append(out, span_of(head, n));
	buffer_append(out, contents);
}

static void
read_hex(struct reader *r, struct buffer *out)
{
	unsigned octet;
	struct buffer inside;

	must(r, isxdigit((unsigned char)r->at[0]) && isxdigit((unsigned char)r->at[1]) && sscanf(r->at, "%2x", &octet) == 1, "no octet");
	r->at += 2;
	skip_space(r);
	if (*r->at != '{') {
		buffer_append_octet(out, (uint8_t)octet);
		return;
	}
	r->at++;
	buffer_init(&inside, ROOM);
	read_items(r, &inside, "}");
	r->at++;
	put_element(out, (uint8_t)octet, buffer_span(&inside));
	buffer_clear(&inside);
}

// Up to the closing character, which is not taken.
static struct span
read_until(struct reader *r, char close)
{
	const char *end = strchr(r->at, close);

	must(r, end != NULL, "no end");
	struct span text = span_of(r->at, (size_t)(end - r->at));
	r->at = end;
	return text;
}

static void
read_name(struct reader *r, struct buffer *out)
{
	struct fault f = { .set = false };
	struct der_writer w;
	struct span octets = span_of(NULL, 0);

	der_writer_init(&w, ROOM);
	must(r, name_from_text(&w, read_until(r, '>'), &f) && der_finish(&w, &octets), "no name");
	buffer_append(out, octets);
	der_writer_clear(&w);
	r->at++;
}

static void
read_repeated(struct reader *r, struct buffer *out)
{
	struct buffer one;

	buffer_init(&one, ROOM);
	read_items(r, &one, "*");
	char *end;
	long times = strtol(r->at + 1, &end, 10);
	must(r, *end == ')' && times >= 0, "no number");
	r->at = end + 1;
	while (times-- > 0)
		buffer_append(out, buffer_span(&one));
	buffer_clear(&one);
}

static void
read_word(struct reader *r, struct buffer *out)
{
	const char *word = r->at;

	while (isalnum((unsigned char)*r->at) || *r->at == '_')
		r->at++;
	must(r, r->words != NULL && r->words->put(r->words->context, word, (size_t)(r->at - word), out), "a word that nobody knows");
}

static void
read_items(struct reader *r, struct buffer *out, const char *stops)
{
	for (skip_space(r); *r->at != '\0' && strchr(stops, *r->at) == NULL; skip_space(r)) {
		switch (*r->at) {
		case '\'':
			r->at++;
			buffer_append(out, read_until(r, '\''));
			r->at++;
			break;
		case '<': r->at++; read_name(r, out); break;
		case '(': r->at++; read_repeated(r, out); break;
		case '$': r->at++; read_word(r, out); break;
		default: read_hex(r, out); break;
		}
	}
	must(r, *stops == '\0' || *r->at != '\0', "the text ends too early");
	must(r, !out->failed, "no room");
}

void
der_text(struct buffer *out, const char *text, const struct der_words *words)
{
	struct reader r = { text, text, words };

	read_items(&r, out, "");
	must(&r, *r.at == '\0', "something is left");
}
