// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "cli/command.h"
#include "cli/control.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/schemes.h"
#include "cli/secret_file.h"
#include "config/value.h"
#include "crypto/crypto.h"

enum { VALUE_OCTETS = 16, VALUE_OCTETS_MAX = 64, VALUE_TEXT = 2 * VALUE_OCTETS_MAX + 1, REFERENCE_OCTETS = 8, EXPIRES_DAYS = 7 };

static const char usage[] =
	"usage: cmpgate secret add [options] [REFERENCE]\n"
	"       cmpgate secret rotate [options] REFERENCE\n"
	"       cmpgate secret list [--table NAME] [--json]\n"
	"       cmpgate secret lock|free [--table NAME] REFERENCE\n\n"
	"  cmpgate secret add plc-7                        a secret for one enrolment, good for 7 days\n"
	"  cmpgate secret add --name 'CN=plc-7,O=Works'    only for a device of this name\n"
	"  cmpgate secret list                             what became of each: free, bound, spent, locked, expired\n\n"
	"add and rotate write the table's file, show the new secret once, and let a running gateway read its files\n"
	"again; list, lock and free ask the running gateway. REFERENCE is what the device sends as senderKID: a text,\n"
	"or hex:0a0b...\n\n"
	"      --table NAME     table of the configuration, where it has more than one\n"
	"      --name NAME      name (RFC 4514) that the device must bear\n"
	"      --expires TIME   5d, 12h, ... from now (7d); never\n"
	"      --uses WORD      single: for one transaction, many: for any number (as the configuration says)\n"
	"      --octets N       random octets of the secret, 16 to 64 (16)\n"
	"      --no-reload      leave the running gateway alone\n"
	CONTROL_OPTIONS
	"      --json           print JSON\n"
	"  -h, --help           this text\n";

struct secret_options {
	const char *config, *socket, *table, *name, *expires, *uses, *reference;
	long octets;
	bool json, no_reload;
};

// ---- the configuration

// The table that is meant; NULL when that is not clear, and said.
static const struct settings_secrets *
table_of(const struct settings *s, const struct secret_options *o)
{
	if (o->table == NULL && s->secrets_count == 1)
		return &s->secrets[0];
	for (size_t i = 0; o->table != NULL && i < s->secrets_count; i++)
		if (strcmp(s->secrets[i].name, o->table) == 0)
			return &s->secrets[i];
	if (s->secrets_count == 0)
		fprintf(stderr, "cmpgate secret: %s has no table of secrets\n  give it one: secrets: {field: file:/etc/cmpgate/secrets/field}, and routes that name it\n", o->config);
	else if (o->table == NULL)
		fputs("cmpgate secret: the configuration has more than one table of secrets: say --table\n", stderr);
	else
		fprintf(stderr, "cmpgate secret: the configuration has no table of secrets called '%s'\n", o->table);
	for (size_t i = 0; i < s->secrets_count; i++)
		fprintf(stderr, "  %s (%s)\n", s->secrets[i].name, s->secrets[i].file);
	return NULL;
}

// ---- new values

// Letters and digits that nobody takes for each other, five random bits each.
static bool
random_text(size_t octets, char out[VALUE_TEXT])
{
	static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
	uint8_t random[VALUE_TEXT];
	size_t n = (octets * 8 + 4) / 5;

	if (!random_octets(random, n))
		return false;
	for (size_t i = 0; i < n; i++)
		out[i] = letters[random[i] & 31];
	out[n] = '\0';
	crypto_wipe(random, sizeof(random));
	return true;
}

// "" = never.
static bool
expires_text(const struct secret_options *o, char out[32])
{
	int64_t ms = (int64_t)EXPIRES_DAYS * 86400 * 1000, until;
	struct calendar c;

	*out = '\0';
	if (o->expires != NULL && strcmp(o->expires, "never") == 0)
		return true;
	if (o->expires != NULL && (!value_duration(o->expires, &ms) || ms <= 0)) {
		fprintf(stderr, "cmpgate secret: --expires wants a time from now, like 7d or 12h, or never\n");
		return false;
	}
	until = clock_wall_s() + ms / 1000;
	if (!calendar_from_seconds(&c, until)) {
		fprintf(stderr, "cmpgate secret: --expires is too far away\n");
		return false;
	}
	snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
	return true;
}

static int
print_new(const struct secret_options *o, const char *table, const char *reference, const char *value, const char *expires)
{
	if (!o->json) {
		printf("reference: %s\nsecret:    %s\nexpires:   %s\n", reference, value, *expires != '\0' ? expires : "never");
		return EXIT_DONE;
	}
	cJSON *j = cJSON_CreateObject();
	cJSON_AddStringToObject(j, "table", table);
	cJSON_AddStringToObject(j, "reference", reference);
	cJSON_AddStringToObject(j, "secret", value);
	if (*expires != '\0')
		cJSON_AddStringToObject(j, "expires", expires);
	char *text = cJSON_Print(j);
	cJSON_Delete(j);
	if (text == NULL)
		return EXIT_LOCAL;
	puts(text);
	crypto_wipe(text, strlen(text));
	cJSON_free(text);
	return EXIT_DONE;
}

// A running gateway knows the new secret once it has read its files again.
static int
reload(const struct secret_options *o)
{
	struct control_request r = { .command = "reload", .config = o->config, .socket = o->socket, .timeout_ms = 60000, .may_be_down = true };
	struct control_reply reply;

	if (o->no_reload)
		return EXIT_DONE;
	int code = control_ask(&r, &reply);
	cJSON_Delete(reply.data);
	if (code == EXIT_UNREACHABLE) {
		fputs("no gateway is running here: it will know the secret when it starts\n", stderr);
		return EXIT_DONE;
	}
	if (code == EXIT_DONE) {
		fputs("the running gateway knows it\n", stderr);
		return EXIT_DONE;
	}
	fprintf(stderr, "cmpgate secret: the secret is written, but the running gateway does not know it: %s\n  mend that and run `cmpgate reload`\n",
		reply.text[0] != '\0' ? reply.text : "its reload failed");
	return EXIT_PARTLY;
}

// "hex:0a0b" or a text as octets; 0 when it is neither, or too long.
static size_t
reference_octets(const char *text, uint8_t out[SECRET_LINE_REFERENCE_MAX])
{
	size_t n = 0, len = strlen(text);
	char pair[3] = "", *end;

	if (strncmp(text, "hex:", 4) != 0) {
		if (len > SECRET_LINE_REFERENCE_MAX)
			return 0;
		memcpy(out, text, len);
		return len;
	}
	for (text += 4; text[0] != '\0' && n < SECRET_LINE_REFERENCE_MAX; text += 2) {
		memcpy(pair, text, 2);
		out[n++] = (uint8_t)strtoul(pair, &end, 16);
		if (*end != '\0' || end != pair + 2 || pair[0] == '-' || pair[0] == '+' || pair[0] == ' ')
			return 0;
	}
	return *text == '\0' ? n : 0;
}

static bool
add_line(struct secret_file *file, const struct secret_options *o, const char *reference, const char *value, const char *expires, struct fault *f)
{
	char *line = mem_printf("%s:%s%s%s%s%s%s%s%s", reference, value, o->name != NULL ? " name=\"" : "", o->name != NULL ? o->name : "",
		o->name != NULL ? "\"" : "", *expires != '\0' ? " expires=" : "", expires, o->uses != NULL ? " uses=" : "", o->uses != NULL ? o->uses : "");
	uint8_t octets[SECRET_LINE_REFERENCE_MAX];
	bool well = line != NULL ? secret_file_add(file, span_of(octets, reference_octets(reference, octets)), span_text(line), f) : fault_set(f, FAIL_NONE, "", "out of memory");

	if (line != NULL)
		crypto_wipe(line, strlen(line));
	mem_free(line);
	return well;
}

static bool
reference_fits(const char *reference)
{
	uint8_t octets[SECRET_LINE_REFERENCE_MAX];
	bool well = reference_octets(reference, octets) > 0;

	for (const char *c = reference; *c != '\0'; c++)
		well = well && (unsigned char)*c > ' ' && *c != 0x7f && *c != '#' && (*c != ':' || c == reference + 3);
	if (strncmp(reference, "hex:", 4) != 0 && strchr(reference, ':') != NULL)
		well = false;
	if (!well)
		fprintf(stderr, "cmpgate secret: '%s' cannot be a reference: 1 to 64 octets without blanks, colons and #, or hex:0a0b...\n", reference);
	return well;
}

static bool
name_fits(const char *name)
{
	if (name == NULL || (value_distinguished_name(name) && strpbrk(name, "\"\n\r") == NULL))
		return true;
	fprintf(stderr, "cmpgate secret: '%s' is no name as RFC 4514 writes it, like CN=plc-7,O=Works 7\n", name);
	return false;
}

// add, or rotate.
static int
change(const struct secret_options *o, bool rotate)
{
	struct findings findings;
	char reference[VALUE_TEXT] = "", value[VALUE_TEXT] = "", expires[32];
	struct fault f = { .set = false };
	struct secret_file file = { .fd = -1 };
	uint8_t octets[SECRET_LINE_REFERENCE_MAX];
	int code = EXIT_LOCAL;

	if (!random_text(REFERENCE_OCTETS, reference) || !random_text((size_t)o->octets, value)) {
		fputs("cmpgate secret: the system has no random octets\n", stderr);
		return EXIT_LOCAL;
	}
	const char *name = o->reference != NULL ? o->reference : reference;
	if (!reference_fits(name) || !name_fits(o->name) || !expires_text(o, expires))
		return EXIT_USAGE;
	struct settings *s = settings_load(o->config, schemes_of_build(), &findings);
	if (s == NULL) {
		report_findings(&findings, stderr);
		findings_clear(&findings);
		return EXIT_CONFIG;
	}
	findings_clear(&findings);
	const struct settings_secrets *t = table_of(s, o);
	if (t == NULL) {
		settings_unref(s);
		return EXIT_USAGE;
	}
	if (secret_file_open(&file, t->file, s->user, &f) && (rotate
	    ? secret_file_rotate(&file, span_of(octets, reference_octets(name, octets)), value, expires, &f)
	    : add_line(&file, o, name, value, expires, &f)))
		code = print_new(o, t->name, name, value, expires);
	if (f.set) {
		char text[sizeof(f.path) + sizeof(f.text)];
		fprintf(stderr, "cmpgate secret: %s\n", fault_text(&f, text, sizeof(text)));
	}
	secret_file_close(&file);
	crypto_wipe(value, sizeof(value));
	settings_unref(s);
	fflush(stdout);
	return code == EXIT_DONE ? reload(o) : code;
}

// ---- list

static const char *
text_of(const cJSON *o, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));

	return text != NULL ? text : "";
}

static void
print_row(const cJSON *row, bool head)
{
	char reference[CONTROL_REFERENCE_TEXT], expires[24], changed[24];

	if (head)
		printf("%-24s %-16s %-8s %-7s %-21s %-21s %s\n", "REFERENCE", "TABLE", "STATE", "USES", "EXPIRES", "CHANGED", "NAME");
	printf("%-24s %-16s %-8s %-7s %-21s %-21s %s\n", control_reference(text_of(row, "reference"), reference), text_of(row, "table"), text_of(row, "state"),
		cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, "single")) ? "single" : "many",
		control_time(text_of(row, "expires"), "never", expires), control_time(text_of(row, "changed"), "-", changed),
		*text_of(row, "name") != '\0' ? text_of(row, "name") : "-");
}

static cJSON *
request_body(const struct secret_options *o, const char *what)
{
	cJSON *body = cJSON_CreateObject();

	cJSON_AddStringToObject(body, "do", what);
	if (o->table != NULL)
		cJSON_AddStringToObject(body, "table", o->table);
	return body;
}

static int
ask(const struct secret_options *o, cJSON *body, struct control_reply *reply)
{
	int code = control_ask(&(struct control_request){ .command = "secret", .config = o->config, .socket = o->socket, .body = body }, reply);

	if (code != EXIT_DONE && reply->text[0] != '\0')
		fprintf(stderr, "cmpgate secret: %s\n", reply->text);
	return code;
}

static void
take_rows(cJSON *all, cJSON *data)
{
	cJSON *rows = cJSON_GetObjectItemCaseSensitive(data, "secrets"), *row;

	while ((row = cJSON_DetachItemFromArray(rows, 0)) != NULL)
		cJSON_AddItemToArray(all, row);
}

static int
list(const struct secret_options *o)
{
	cJSON *all = cJSON_CreateArray();
	const cJSON *row;
	double from = 0;
	int code;

	do {
		struct control_reply reply;
		cJSON *body = request_body(o, "list");
		cJSON_AddNumberToObject(body, "from", from);
		code = ask(o, body, &reply);
		const cJSON *next = cJSON_GetObjectItemCaseSensitive(reply.data, "next");
		from = cJSON_IsNumber(next) && next->valuedouble > from ? next->valuedouble : 0;
		take_rows(all, reply.data);
		cJSON_Delete(reply.data);
	} while (code == EXIT_DONE && from > 0);
	if (code == EXIT_DONE && o->json) {
		code = report_text(cJSON_Print(all));
	} else if (code == EXIT_DONE) {
		cJSON_ArrayForEach(row, all)
			print_row(row, row == all->child);
		if (all != NULL && all->child == NULL)
			puts("no secrets");
	}
	cJSON_Delete(all);
	return code;
}

// ---- lock, free

static int
set(const struct secret_options *o, const char *what)
{
	uint8_t octets[SECRET_LINE_REFERENCE_MAX];
	char hex[2 * SECRET_LINE_REFERENCE_MAX + 1] = "";
	struct control_reply reply;
	size_t n;

	if (!reference_fits(o->reference))
		return EXIT_USAGE;
	n = reference_octets(o->reference, octets);
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", octets[i]);
	cJSON *body = request_body(o, what);
	cJSON_AddStringToObject(body, "reference", hex);
	int code = ask(o, body, &reply);
	cJSON_Delete(reply.data);
	if (code == EXIT_DONE)
		printf("%s: %s\n", o->reference, reply.text);
	return code;
}

// ---- command line

static bool
take_option(struct secret_options *o, int c)
{
	char *end;

	switch (c) {
	case 'c': o->config = optarg; return true;
	case 's': o->socket = optarg; return true;
	case 't': o->table = optarg; return true;
	case 'n': o->name = optarg; return true;
	case 'e': o->expires = optarg; return true;
	case 'r': o->no_reload = true; return true;
	case 'j': o->json = true; return true;
	case 'u':
		o->uses = optarg;
		if (strcmp(optarg, "single") == 0 || strcmp(optarg, "many") == 0)
			return true;
		fputs("cmpgate secret: --uses is single or many\n", stderr);
		return false;
	case 'o':
		o->octets = strtol(optarg, &end, 10);
		if (*end == '\0' && o->octets >= VALUE_OCTETS && o->octets <= VALUE_OCTETS_MAX)
			return true;
		fputs("cmpgate secret: --octets is from 16 to 64\n", stderr);
		return false;
	default:
		fputs(usage, stderr);
		return false;
	}
}

static int
dispatch(const struct secret_options *o, const char *what)
{
	bool changes = strcmp(what, "add") == 0 || strcmp(what, "rotate") == 0;

	if (!changes && (o->name != NULL || o->expires != NULL || o->uses != NULL || o->no_reload || o->octets != VALUE_OCTETS)) {
		fprintf(stderr, "cmpgate secret: --name, --expires, --uses, --octets and --no-reload are for new secrets, not for %s\n", what);
		return EXIT_USAGE;
	}
	if (strcmp(what, "rotate") == 0 && (o->name != NULL || o->uses != NULL)) {
		fputs("cmpgate secret: rotate keeps name and uses as they stand in the file\n", stderr);
		return EXIT_USAGE;
	}
	if (strcmp(what, "list") == 0 && o->reference == NULL)
		return list(o);
	if (strcmp(what, "add") == 0)
		return change(o, false);
	if (strcmp(what, "rotate") == 0 && o->reference != NULL)
		return change(o, true);
	if ((strcmp(what, "lock") == 0 || strcmp(what, "free") == 0) && o->reference != NULL)
		return set(o, what);
	if (strcmp(what, "list") == 0)
		fprintf(stderr, "cmpgate secret: list shows all secrets, and takes no REFERENCE\n");
	else if (strcmp(what, "rotate") == 0 || strcmp(what, "lock") == 0 || strcmp(what, "free") == 0)
		fprintf(stderr, "cmpgate secret: %s which one? cmpgate secret %s REFERENCE\n", what, what);
	else
		fprintf(stderr, "cmpgate secret: there is no '%s': add, rotate, list, lock and free are there\n", what);
	return EXIT_USAGE;
}

static int
run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "socket", required_argument, NULL, 's' }, { "table", required_argument, NULL, 't' },
		{ "name", required_argument, NULL, 'n' }, { "expires", required_argument, NULL, 'e' }, { "uses", required_argument, NULL, 'u' },
		{ "octets", required_argument, NULL, 'o' }, { "no-reload", no_argument, NULL, 'r' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	struct secret_options o = { .config = CONFIG_FILE, .octets = VALUE_OCTETS };
	struct options seen = { .seen = { false } };
	int c;

	while ((c = options_next(&seen, argc, argv, "c:s:h", options)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return EXIT_DONE;
		}
		if (!take_option(&o, c))
			return EXIT_USAGE;
	}
	if (optind == argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (argc - optind > 2) {
		fprintf(stderr, "cmpgate secret: '%s' is too much: one REFERENCE at a time\n", argv[optind + 2]);
		return EXIT_USAGE;
	}
	o.reference = argc - optind == 2 ? argv[optind + 1] : NULL;
	return dispatch(&o, argv[optind]);
}

const struct command command_secret = { "secret", run, "make, list and lock the secrets that devices enrol with" };
