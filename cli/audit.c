// SPDX-License-Identifier: GPL-3.0-or-later
#include "build.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/command.h"
#include "cli/control.h"
#include "cli/options.h"
#include "cli/report.h"
#include "crypto/digest.h"
#include "store/audit.h"

enum { TAIL_RECORDS = 20, TAIL_MAX = 1000000, FOLLOW_MS = 1000 };

static const char usage[] =
	"usage: cmpgate audit tail [-n N] [-f] [--json] [-c FILE | -s PATH]\n"
	"       cmpgate audit verify [FILE | -] [-c FILE | -s PATH]\n\n"
	"tail prints the last records of the running gateway, verify checks that none is missing or was changed: of the\n"
	"running gateway, or of a file (log.audit.file).\n\n"
	"  -n, --number N      so many records (20); all\n"
	"  -f, --follow        go on printing what comes\n"
	"      --json          the records as they are kept, one object a line\n"
	CONTROL_OPTIONS
	"  -h, --help          this text\n\n"
	"Exit code 0: done, and sound; 4: no gateway runs; 6: a record is missing or was changed.\n";

struct audit_options { const char *config, *socket, *file; int64_t number; bool follow, json; };

// ---- the running gateway

typedef bool on_record(void *context, struct span line);

// Hand its records after number *after (-N: the last N) to take(), until there are no more. An exit code.
static int
walk(const struct audit_options *o, int64_t *after, on_record *take, void *context)
{
	const cJSON *item;
	bool going;

	do {
		struct control_reply reply;
		cJSON *body = cJSON_CreateObject(), *records;
		cJSON_AddNumberToObject(body, "after", (double)*after);
		int code = control_ask(&(struct control_request){ .command = "audit", .config = o->config, .socket = o->socket, .body = body }, &reply);
		if (code != EXIT_DONE && reply.text[0] != '\0')
			fprintf(stderr, "cmpgate audit: %s\n", reply.text);
		records = cJSON_GetObjectItemCaseSensitive(reply.data, "records");
		const cJSON *last = cJSON_GetObjectItemCaseSensitive(reply.data, "last");
		going = code == EXIT_DONE && cJSON_GetArraySize(records) > 0 && cJSON_IsNumber(last);
		if (cJSON_IsNumber(last))
			*after = (int64_t)last->valuedouble;
		cJSON_ArrayForEach(item, records)
			if (cJSON_IsString(item) && !take(context, span_text(item->valuestring)))
				code = EXIT_VERIFICATION;
		cJSON_Delete(reply.data);
		if (code != EXIT_DONE)
			return code;
	} while (going);
	return EXIT_DONE;
}

// ---- tail

static void
put(const cJSON *o, const char *key, const char *before)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);

	if (cJSON_IsString(item) && item->valuestring[0] != '\0')
		printf(" %s%s", before, item->valuestring);
}

// A senderKID as people wrote it: a text where it is one.
static void
put_kid(const cJSON *o)
{
	const char *hex = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "kid"));
	char text[CONTROL_REFERENCE_TEXT];

	if (hex == NULL || hex[0] == '\0')
		return;
	control_reference(hex, text);
	printf(" kid=%s", strncmp(text, "hex:", 4) == 0 ? hex : text);
}

// Refusals of one source and reason stand in one record.
static void
put_count(const cJSON *o)
{
	const cJSON *count = cJSON_GetObjectItemCaseSensitive(o, "count");

	if (cJSON_IsNumber(count) && count->valuedouble > 1)
		printf(" count=%.0f", count->valuedouble);
}

// "2026-11-25T09:35:32.114Z cert.issued granted route=plc peer=... sender=... subject=..."
static bool
print_record(void *context, struct span line)
{
	const struct audit_options *o = context;
	cJSON *r = o->json ? NULL : cJSON_ParseWithLength((const char *)line.data, line.len);
	const char *ts = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r, "ts"));

	if (r == NULL) {
		printf("%.*s\n", (int)line.len, (const char *)line.data);
		return true;
	}
	printf("%s", ts != NULL ? ts : "-");
	put(r, "event", "");
	put(r, "result", "");
	put(r, "route", "route=");
	put(r, "peer", "peer=");
	put(r, "body", "body=");
	put(r, "sender", "sender=");
	put_kid(r);
	put(r, "subject", "subject=");
	put(r, "serial", "serial=");
	put(r, "operator", "operator=");
	put(r, "txid", "transactionID=");
	put_count(r);
	put(r, "reason", "reason: ");
	puts("");
	cJSON_Delete(r);
	return true;
}

static int
tail(const struct audit_options *o)
{
	int64_t after = -o->number;
	int code = walk(o, &after, print_record, (void *)(uintptr_t)o);

	while (code == EXIT_DONE && o->follow) {
		fflush(stdout);
		poll(NULL, 0, FOLLOW_MS);
		code = walk(o, &after, print_record, (void *)(uintptr_t)o);
	}
	return code;
}

// ---- verify

struct verifying { struct audit_chain chain; int64_t first, count; struct fault fault; };

static bool
check_record(void *context, struct span line)
{
	struct verifying *v = context;

	if (v->fault.set || !audit_check_line(&v->chain, line, digest_sha256, &v->fault))
		return false;
	if (v->count++ == 0)
		v->first = v->chain.seq;
	return true;
}

static int
check_file(const char *path, struct verifying *v)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int code = EXIT_DONE;

	if (in == NULL) {
		fprintf(stderr, "cmpgate audit: %s: %s\n", path, strerror(errno));
		return EXIT_LOCAL;
	}
	while (code == EXIT_DONE && (n = getline(&line, &room, in)) > 0) {
		size_t len = (size_t)n;
		if (line[len - 1] == '\n')
			len--;
		else
			fputs("cmpgate audit: the last line is unfinished; a gateway that runs finishes it\n", stderr);
		if (!check_record(v, span_of((const uint8_t *)line, len)))
			code = EXIT_VERIFICATION;
	}
	if (ferror(in)) {
		fprintf(stderr, "cmpgate audit: %s: %s\n", path, strerror(errno));
		code = EXIT_LOCAL;
	}
	if (in != stdin)
		fclose(in);
	free(line);
	return code;
}

static int
verify(const struct audit_options *o)
{
	struct verifying v = { .count = 0 };
	int64_t after = 0;
	int code = o->file != NULL ? check_file(o->file, &v) : walk(o, &after, check_record, &v);

	if (v.fault.set) {
		fprintf(stderr, "cmpgate audit: %s%s%s\n", o->file != NULL ? o->file : "", o->file != NULL ? ": " : "", v.fault.text);
		return EXIT_VERIFICATION;
	}
	if (code != EXIT_DONE)
		return code;
	if (v.count == 0) {
		puts("no records");
		return EXIT_DONE;
	}
	printf("records %" PRId64 " to %" PRId64 " are whole and in order; SHA-256 of the last: ", v.first, v.chain.seq);
	for (size_t i = 0; i < sizeof(v.chain.hash); i++)
		printf("%02x", v.chain.hash[i]);
	puts("");
	if (v.first > 1)
		printf("those before %" PRId64 " are not here (log.audit.max_size, or another file): its `prev` is the SHA-256 of the one before\n", v.first);
	return EXIT_DONE;
}

// ---- command line

static bool
take_number(struct audit_options *o, const char *text)
{
	char *end;

	o->number = strcmp(text, "all") == 0 ? TAIL_MAX : strtol(text, &end, 10);
	if (strcmp(text, "all") == 0 || (*text != '\0' && *end == '\0' && o->number > 0 && o->number <= TAIL_MAX))
		return true;
	fputs("cmpgate audit: -n wants a number from 1 to 1000000, or all\n", stderr);
	return false;
}

static bool
take_option(struct audit_options *o, int c)
{
	switch (c) {
	case 'c': o->config = optarg; return true;
	case 's': o->socket = optarg; return true;
	case 'f': return o->follow = true;
	case 'j': return o->json = true;
	case 'n': return take_number(o, optarg);
	default: fputs(usage, stderr); return false;
	}
}

static int
run(int argc, char **argv)
{
	static const struct option rows[] = {
		{ "config", required_argument, NULL, 'c' }, { "socket", required_argument, NULL, 's' }, { "number", required_argument, NULL, 'n' },
		{ "follow", no_argument, NULL, 'f' }, { "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	struct audit_options o = { .config = CONFIG_FILE };
	struct options seen = { .seen = { false } };
	int c;

	while ((c = options_next(&seen, argc, argv, "c:s:n:fh", rows)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return EXIT_DONE;
		}
		if (!take_option(&o, c))
			return EXIT_USAGE;
	}
	const char *what = optind < argc ? argv[optind] : "";
	o.file = optind + 1 < argc ? argv[optind + 1] : NULL;
	bool is_tail = strcmp(what, "tail") == 0 && o.file == NULL;
	bool is_verify = strcmp(what, "verify") == 0 && !o.follow && !o.json && o.number == 0;
	if (argc - optind > 2 || (!is_tail && !is_verify)) {
		if (*what != '\0' && strcmp(what, "tail") != 0 && strcmp(what, "verify") != 0)
			fprintf(stderr, "cmpgate audit: there is no '%s': tail and verify are there\n\n", what);
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (o.number == 0)
		o.number = TAIL_RECORDS;
	return is_tail ? tail(&o) : verify(&o);
}

const struct command command_audit = { "audit", run, "print the records of decisions, or check that they are whole" };
