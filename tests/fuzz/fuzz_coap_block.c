// SPDX-License-Identifier: GPL-3.0-or-later
// Any octets as a sequence of Block1 pieces from a few peers with a few tags. A
// plain model keeps each upload's octets; what is complete must be the model's
// octets, and no limit may be broken. A record: key, length of the option
// value (0..4), the value, flags, and a length of the payload in units of 8.
#include <stdlib.h>

#include "transports/coap_block.h"

enum { KEYS = 8, MESSAGE_MAX = 4096 };

static const struct coap_assembly_limits limits = { .message = MESSAGE_MAX, .count = 4, .per_peer = 2, .octets = 8192, .timeout = 1000 };

struct model { uint8_t octets[MESSAGE_MAX + 2048]; size_t len; };
static struct model models[KEYS];

static bool
take(struct span *in, size_t n, struct span *out)
{
	if (in->len < n)
		return false;
	*out = span_of(in->data, n);
	*in = span_of(in->data + n, in->len - n);
	return true;
}

static bool
next_piece(struct span *in, struct coap_piece *p, unsigned *key, int64_t *pause)
{
	static const char *const peers[] = { "a", "b", "c", "d" }, *const tags[] = { "", "\x01x" };
	static const uint8_t filler[2040] = { 1, 2, 3 };
	struct span head, value, flags;

	if (!take(in, 2, &head) || !take(in, head.data[1] % 5, &value) || !take(in, 2, &flags))
		return false;
	*key = head.data[0] % KEYS;
	memset(p, 0, sizeof(*p));
	p->peer = span_text(peers[*key / 2]);
	p->tag = span_text(tags[*key % 2]);
	p->path = span_text("/x");
	p->stream = (flags.data[0] & 1) != 0;
	p->sized = (flags.data[0] & 2) != 0;
	p->size = (uint64_t)flags.data[1] * 64;
	p->mid = (flags.data[0] & 4) != 0 ? -1 : flags.data[0] >> 4;
	*pause = (flags.data[0] & 8) != 0 ? 700 : 1;
	size_t n = (size_t)flags.data[1] * 8;
	// The payload is what follows, or filler where that is too short.
	if (!take(in, n, &p->payload))
		p->payload = span_of(filler, n);
	return coap_block_read(&p->block, value);
}

static void
check(struct coap_assemblies *a, const struct coap_piece *p, unsigned key, int64_t now)
{
	struct model *m = &models[key];
	struct blob *whole = NULL;
	size_t offset = coap_block_offset(&p->block);
	enum coap_step step = coap_assemblies_take(a, p, now, &whole);

	if (a->octets > limits.octets || (whole != NULL) != (step == COAP_STEP_COMPLETE))
		abort();
	// The model follows what was taken: a block that continues stands at its place.
	if (step != COAP_STEP_CONTINUE && step != COAP_STEP_COMPLETE)
		return;
	if (offset + p->payload.len > sizeof(m->octets))
		abort();
	bool repeat = p->block.num > 0 && offset + p->payload.len <= m->len && memcmp(m->octets + offset, p->payload.data, p->payload.len) == 0;
	if (!repeat && p->block.num > 0 && offset != m->len)
		abort();
	if (!repeat) {
		memcpy(m->octets + offset, p->payload.data, p->payload.len);
		m->len = offset + p->payload.len;
	}
	if (step == COAP_STEP_COMPLETE) {
		struct span got = blob_span(whole);
		if (got.len > MESSAGE_MAX || !span_equal(got, span_of(m->octets, m->len)))
			abort();
		blob_unref(whole);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	struct coap_assemblies a;
	struct coap_piece p;
	unsigned key;
	int64_t now = 1, pause;

	if (!coap_assemblies_init(&a, &limits))
		abort();
	for (unsigned k = 0; k < KEYS; k++)
		models[k].len = 0;
	while (next_piece(&in, &p, &key, &pause)) {
		now += pause;
		coap_assemblies_expire(&a, now);
		check(&a, &p, key, now);
		if (coap_assemblies_wait(&a, now) < 1)
			abort();
	}
	coap_assemblies_clear(&a);
	return 0;
}
