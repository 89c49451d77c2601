// SPDX-License-Identifier: GPL-3.0-or-later
// Writes units into a store with its thread, one after the other, and says what
// became of each; and compares what it said with what is there:
//   store_writer write FOLDER COUNT      opened | refused WHY, then: done N | failed N | unknown N
//   store_writer audit FOLDER OCTETS     appends so many octets of audit records, at least
//   store_writer compare FOLDER FILE     exit code 0: FILE (what `write` said) is true
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "store/audit.h"
#include "store/replay.h"

struct writer { struct store *store; uv_loop_t loop; unsigned n, count; };

static struct replay_row
row_of(unsigned n)
{
	struct replay_row row = { .transaction_id_len = 16 };

	snprintf((char *)row.transaction_id, sizeof(row.transaction_id), "unit %u", n);
	memset(row.digest, (int)(n % 255 + 1), sizeof(row.digest));
	return row;
}

static void
alarm_out(void *context, const char *text)
{
	(void)context;
	printf("alarm %s\n", text);
}

static struct store *
open_store(uv_loop_t *loop, const char *folder)
{
	struct store_setup setup = { .folder = folder, .alarm = alarm_out };
	enum store_opened why;
	struct fault f = { 0 };
	char text[400];
	struct store *s = loop != NULL ? store_open(loop, &setup, &why, &f) : store_open_direct(&setup, &why, &f);

	if (s == NULL)
		printf("refused %d %s\n", why, fault_text(&f, text, sizeof(text)));
	return s;
}

static void write_next(struct writer *w);

static void
on_applied(void *context, enum store_result result, const struct store_conflict *conflict)
{
	static const char *const words[] = { [STORE_DONE] = "done", [STORE_CONFLICT] = "conflict", [STORE_FAILED] = "failed", [STORE_UNKNOWN] = "unknown" };
	struct writer *w = context;

	(void)conflict;
	printf("%s %u\n", words[result], w->n);
	write_next(w);
}

static void
write_next(struct writer *w)
{
	struct store_unit *u;
	struct replay_row row;

	if (w->n == w->count) {
		store_close(w->store, NULL, NULL);
		return;
	}
	row = row_of(++w->n);
	u = store_unit_new();
	if (u == NULL || !replay_insert(u, &row) || !store_apply(w->store, u, false, on_applied, w))
		exit(3);
}

static int
write_units(const char *folder, unsigned count)
{
	struct writer w = { .count = count };

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (uv_loop_init(&w.loop) != 0)
		return 3;
	w.store = open_store(&w.loop, folder);
	if (w.store == NULL)
		return 7;
	puts("opened");
	write_next(&w);
	uv_run(&w.loop, UV_RUN_DEFAULT);
	return uv_loop_close(&w.loop) == 0 ? 0 : 3;
}

struct found { enum store_result result; bool same; };

static void
on_compared(void *context, enum store_result result, const struct store_conflict *conflict)
{
	struct found *f = context;
	struct replay_row row = { .transaction_id_len = 0 };

	f->result = result;
	if (conflict != NULL && conflict->replay != NULL)
		row = *conflict->replay;
	f->same = row.digest[0] == row.digest[31];
}

// Inserting is the look-up; only the first number that is missing is written by it.
static bool
is_there(struct store *s, unsigned n, bool *same)
{
	struct store_unit *u = store_unit_new();
	struct replay_row row = row_of(n);
	struct found f = { STORE_FAILED, false };

	if (u == NULL || !replay_insert(u, &row) || !store_apply(s, u, false, on_compared, &f))
		exit(3);
	*same = f.same;
	return f.result == STORE_CONFLICT;
}

static int
compare(const char *folder, const char *file)
{
	struct store *s = open_store(NULL, folder);
	FILE *in = fopen(file, "r");
	char line[512], word[16];
	int wrong = 0;
	unsigned n;

	if (s == NULL || in == NULL)
		return 7;
	while (fgets(line, sizeof(line), in) != NULL) {
		bool same, there;
		if (sscanf(line, "%15s %u", word, &n) != 2 || strcmp(word, "unknown") == 0 || strcmp(word, "refused") == 0)
			continue;
		there = is_there(s, n, &same);
		if (there == (strcmp(word, "done") == 0) && (!there || same))
			continue;
		printf("unit %u is %s, but was said to be %s\n", n, there ? "there" : "not there", word);
		wrong = 1;
	}
	fclose(in);
	store_close(s, NULL, NULL);
	return wrong;
}

static bool
no_hash(const struct span *parts, size_t count, uint8_t out[32])
{
	(void)parts, (void)count;
	memset(out, 0, 32);
	return true;
}

static int
fill_audit(const char *folder, long octets)
{
	struct store_setup setup = { .folder = folder, .alarm = alarm_out, .hash = no_hash };
	enum store_opened why;
	char fields[8000];
	struct store *s = store_open_direct(&setup, &why, NULL);

	int n = snprintf(fields, sizeof(fields), "\"event\":\"filler\",\"reason\":\"%07000d\"", 0);
	for (long done = 0; s != NULL && done < octets; done += n) {
		struct store_unit *u = store_unit_new();
		if (u == NULL || !audit_append(u, span_of((const uint8_t *)fields, (size_t)n)) || !store_apply(s, u, false, NULL, NULL))
			return 3;
	}
	store_close(s, NULL, NULL);
	return s != NULL ? 0 : 3;
}

int
main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "write") == 0)
		return write_units(argv[2], (unsigned)strtoul(argv[3], NULL, 10));
	if (argc == 4 && strcmp(argv[1], "audit") == 0)
		return fill_audit(argv[2], strtol(argv[3], NULL, 10));
	if (argc == 4 && strcmp(argv[1], "compare") == 0)
		return compare(argv[2], argv[3]);
	fputs("usage: store_writer write FOLDER COUNT | audit FOLDER OCTETS | compare FOLDER FILE\n", stderr);
	return 2;
}
