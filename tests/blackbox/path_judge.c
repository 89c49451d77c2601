// SPDX-License-Identifier: GPL-3.0-or-later
// Judges one certificate as a gateway would, for comparison with others:
//   path_judge TIME ANCHORS UNTRUSTED CRLS TARGET
// All but TIME (seconds since 1970) are PEM files; "-" is none. With CRLs they
// are looked at, and a missing one refuses. Exit 0: accepted; 1: refused; 2: it could not be tried.
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/pem.h"
#include "crypto/crypto.h"
#include "pki/path.h"

enum { ITEMS = 64, ROOM = 1 << 20 };

struct items { struct buffer octets[ITEMS]; struct span list[ITEMS]; size_t count; };

static void
give_up(const char *what, const char *why)
{
	fprintf(stderr, "path_judge: %s: %s\n", what, why);
	exit(2);
}

static struct span
read_file(const char *path)
{
	static uint8_t room[4][ROOM];
	static unsigned used;
	FILE *f = fopen(path, "rb");
	uint8_t *out = room[used++ % 4];

	if (f == NULL)
		give_up(path, "cannot be opened");
	size_t n = fread(out, 1, ROOM, f);
	fclose(f);
	return span_of(out, n);
}

static void
read_pem(struct items *items, const char *path)
{
	char label[PEM_LABEL_MAX + 1];
	struct fault f = { .set = false };
	struct span text;
	enum pem_result result = PEM_NONE;

	if (path[0] == '-')
		return;
	for (text = read_file(path); items->count < ITEMS; items->count++) {
		struct buffer *b = &items->octets[items->count];
		buffer_init(b, ROOM);
		if ((result = pem_take(&text, label, b, &f)) != PEM_FOUND)
			break;
		items->list[items->count] = buffer_span(b);
	}
	if (result == PEM_BAD)
		give_up(path, f.text);
}

static void
clear(struct items *items)
{
	for (size_t i = 0; i < items->count; i++)
		buffer_clear(&items->octets[i]);
}

static int
judge(int64_t at, struct items *anchors, struct items *untrusted, struct items *crls, struct items *target, bool check)
{
	struct trust_plan plan = {
		.name = "judge", .anchors = anchors->list, .anchor_count = anchors->count, .intermediates = untrusted->list,
		.intermediate_count = check ? untrusted->count : 0, .crls = crls->list, .crl_count = crls->count,
		.check_revocation = check, .missing = REVOCATION_REFUSE
	};
	struct buffer along;
	struct path_result result;
	struct fault f = { .set = false };
	char text[512];

	buffer_init(&along, ROOM);
	for (size_t i = 0; i < untrusted->count; i++)
		buffer_append(&along, untrusted->list[i]);
	struct trust *trust = trust_new(&plan, &f);
	struct path_request r = { .target = target->list[0], .candidates = buffer_span(&along), .trust = trust, .at = at };
	bool ok = trust != NULL && path_validate(&r, &result, &f);
	printf("%s\n", ok ? "accepted" : fault_text(&f, text, sizeof(text)));
	trust_unref(trust);
	buffer_clear(&along);
	return ok ? 0 : 1;
}

int
main(int argc, char **argv)
{
	static struct items anchors, untrusted, crls, target;
	struct fault f = { .set = false };

	if (argc != 6)
		give_up("usage", "path_judge TIME ANCHORS UNTRUSTED CRLS TARGET");
	if (!crypto_start(&f))
		give_up("crypto", f.text);
	read_pem(&anchors, argv[2]);
	read_pem(&untrusted, argv[3]);
	read_pem(&crls, argv[4]);
	read_pem(&target, argv[5]);
	if (target.count != 1)
		give_up(argv[5], "is not one certificate");
	int code = judge(strtoll(argv[1], NULL, 10), &anchors, &untrusted, &crls, &target, argv[4][0] != '-');
	clear(&anchors);
	clear(&untrusted);
	clear(&crls);
	clear(&target);
	crypto_stop();
	return code;
}
