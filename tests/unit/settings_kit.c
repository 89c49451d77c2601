// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/settings_kit.h"

// ---- Drivers that only have rows.

static bool
lower_case(const char *text, struct fault *f)
{
	return (*text >= 'a' && *text <= 'z') || fault_set(f, FAIL_NONE, "", "'%s' is loud; write it small", text);
}

const struct option_row fake_rows[] = {
	{ .key = "size", .kind = OPTION_SIZE, .offset = offsetof(struct fake_options, size), .min = 1, .max = 1048576, .standard = "4KiB",
	  .help = "A size of the fake driver.", .example = "8KiB" },
	{ .key = "flag", .kind = OPTION_BOOL, .offset = offsetof(struct fake_options, flag), .standard = "yes", .help = "A switch." },
	{ .key = "path", .kind = OPTION_PATH, .offset = offsetof(struct fake_options, path), .help = "A path." },
	{ .key = "words", .kind = OPTION_TEXTS, .offset = offsetof(struct fake_options, words), .max = 4, .check = lower_case, .help = "Words." },
	{ .key = "later", .kind = OPTION_ABSENT, .help = "Not in this build." },
	{ .key = NULL }
};
const struct option_row echo_rows[] = {
	{ .key = "word", .kind = OPTION_NAME, .offset = offsetof(struct echo_options, word), .required = true, .help = "A word.", .example = "hello" },
	{ .key = NULL }
};
// A URL of the echo driver has no path.
static bool
echo_url(const struct url *u, struct fault *f)
{
	return u->path[0] == '\0' || fault_set(f, FAIL_NONE, "", "an echo has no path; leave it out");
}

#define FAKE_LISTENS .listener_rows = fake_rows, .listener_size = sizeof(struct fake_options)
#define FAKE_CALLS .upstream_rows = fake_rows, .upstream_size = sizeof(struct fake_options)

const struct config_scheme schemes[] = {
	{ .scheme = "http", .default_port = 80, FAKE_LISTENS, FAKE_CALLS },
	{ .scheme = "coap", .default_port = 5683, FAKE_LISTENS, FAKE_CALLS },
	{ .scheme = "tcp", .default_port = 829, FAKE_LISTENS, FAKE_CALLS },
	{ .scheme = "file", FAKE_LISTENS, FAKE_CALLS },
	{ .scheme = "echo", .listener_rows = echo_rows, .listener_size = sizeof(struct echo_options), .listener_url = echo_url },
	{ .scheme = "sink", .default_port = 9, FAKE_CALLS },
	{ .scheme = NULL }
};

// ---- Files.

char folder[64], file[128];

char *
path_of(const char *name)
{
	static char path[4][256];
	static unsigned next;
	char *out = path[next++ % 4];

	snprintf(out, sizeof(path[0]), "%s/%s", folder, name);
	return out;
}

void
write_octets(const char *name, const void *octets, size_t len)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(octets, 1, len, f), len);
	fclose(f);
}

void
write_text(const char *name, const char *text)
{
	write_octets(name, text, strlen(text));
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

// All findings in one line: "E0103 2:3, W0304 b.yaml:5:3". The main file goes without its name.
static void
summary(const struct findings *f, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < f->count && len < size - 1; i++) {
		const struct finding *x = &f->items[i];
		bool main_file = x->file == NULL || strcmp(base_name(x->file), "t.yaml") == 0;

		assert_int_equal(x->severity, x->code[0] == 'E' ? FINDING_ERROR : x->code[0] == 'W' ? FINDING_WARNING : FINDING_NOTE);
		assert_non_null(finding_explain(x->code));
		if (x->severity != FINDING_NOTE && x->help == NULL)
			fail_msg("%s says nothing about what can be done: %s", x->code, x->message);
		len += (size_t)snprintf(out + len, size - len, "%s%s ", i > 0 ? ", " : "", x->code);
		if (!main_file)
			len += (size_t)snprintf(out + len, size - len, "%s:", base_name(x->file));
		len += (size_t)snprintf(out + len, size - len, "%d:%d", x->line, x->column);
	}
}

void
put_note(void *context, const char *text)
{
	(void)context;
	fputs(text, stderr);
}

// Load the main file, and tell whether its findings are the expected ones. Only
// errors stand against settings.
static bool
matches(const char *text, const char *expected, struct settings **s, struct findings *f)
{
	char found[4096];

	*s = settings_load(file, schemes, f);
	summary(f, found, sizeof(found));
	assert_int_equal(*s == NULL, f->errors > 0);
	assert_false(f->exhausted);
	if (strcmp(found, expected) == 0)
		return true;
	findings_print(f, put_note, NULL, false);
	print_error("%.400s\nfound    %s\nexpected %s\n", text, found, expected);
	return false;
}

struct settings *
load_expect(const char *text, const char *expected, struct findings *f)
{
	struct settings *s;

	assert_true(matches(text, expected, &s, f));
	return s;
}

static bool
gives(const void *octets, size_t len, const char *expected)
{
	struct findings f;
	struct settings *s;
	bool well;

	write_octets("t.yaml", octets, len);
	well = matches(octets, expected, &s, &f);
	settings_unref(s);
	findings_clear(&f);
	return well;
}

void
expect_octets(const void *octets, size_t len, const char *expected)
{
	assert_true(gives(octets, len, expected));
}

void
expect(const char *text, const char *expected)
{
	expect_octets(text, strlen(text), expected);
}

// The same, and one finding's message and help hold these texts (NULL: no matter).
void
expect_words(const char *text, const char *expected, const char *message, const char *help)
{
	struct findings f;
	bool said = false;

	write_text("t.yaml", text);
	settings_unref(load_expect(text, expected, &f));
	for (size_t i = 0; i < f.count; i++) {
		const struct finding *x = &f.items[i];

		said = said || ((message == NULL || strstr(x->message, message) != NULL) &&
			(help == NULL || (x->help != NULL && strstr(x->help, help) != NULL)));
	}
	if (!said) {
		findings_print(&f, put_note, NULL, false);
		fail_msg("no finding says '%s' and '%s'", message, help);
	}
	findings_clear(&f);
}

void
expect_all(const struct example *examples, size_t count)
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++)
		wrong += !gives(examples[i].text, strlen(examples[i].text), examples[i].expected);
	assert_int_equal(wrong, 0);
}

struct settings *
load_good(const char *text)
{
	struct findings f;
	struct settings *s;

	write_text("t.yaml", text);
	s = settings_load(file, schemes, &f);
	if (s == NULL)
		findings_print(&f, put_note, NULL, false);
	assert_non_null(s);
	findings_clear(&f);
	return s;
}

void
append_text(void *context, const char *text)
{
	strncat(context, text, 4095 - strlen(context));
}

int
kit_set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_settings.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/t.yaml", folder);
	return 0;
}

int
kit_tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}
