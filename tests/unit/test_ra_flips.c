// SPDX-License-Identifier: GPL-3.0-or-later
// One bit of a protected message changed: in header, body or protection the
// message is refused; in extraCerts it is refused, or the verdict is the same.
// `make check` tries a part of the bits, another one each day; all of them:
// ./check --long flips. FLIPS_EVERY: the n-th bits only; FLIPS_SAMPLE: one
// sample by its number, whose row of the proof's table is then printed.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gateway/protection.h"
#include "gateway/route.h"
#include "tests/unit/ra_kit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char routes[] =
	"routes:\n"
	"  - {name: keep, from: keep, trust: plant, secrets: field, reply_with: ra, bind: none, to: ca}\n";

static const struct kit_message inside = { .kind = BODY_IR }, mac_inside = { .kind = BODY_IR, .by = "many" },
	*const around[] = { &inside, NULL }, *const around_mac[] = { &mac_inside, NULL };
#define LATER .recip = "04{(61*16)}"
#define BY(name) \
	{ .kind = BODY_IR, .by = name }, { .kind = BODY_CR, .by = name }, { .kind = BODY_P10CR, .by = name }, { .kind = BODY_GENM, .by = name }, \
	{ .kind = BODY_CERTCONF, .by = name, .body = "30{ 30{ 04{(11*32)} 020100 } }", LATER }, { .kind = BODY_POLLREQ, .by = name, LATER }
#define SIGNED_BY(name) BY(name), { .kind = BODY_KUR, .by = name }, { .kind = BODY_RR, .by = name }
static const struct kit_message samples[] = {
	SIGNED_BY("device"), SIGNED_BY("p384"), SIGNED_BY("rsa"), SIGNED_BY("ed25519"), SIGNED_BY("p521"), SIGNED_BY("ed448"), BY("many"), BY("pbmac1"),
	{ .kind = BODY_IR, .by = "middle" },
	{ .kind = BODY_NESTED, .by = "lra", .inner = around }, { .kind = BODY_NESTED, .by = "lra", .inner = around_mac },
};

struct verdict_of { bool taken; struct identity who, outer; };
static struct path_cache *cache;

// What the gateway says of a message before any policy: form, protection, and who it was.
static struct verdict_of
judge(struct span octets)
{
	struct verdict_of out = { .taken = false };
	struct blob *b = blob_new(octets);
	struct pkiheader header;
	struct fault f = { .set = false };
	bool header_read;
	struct message *m = message_parse(b, &header, &header_read, &f);
	const struct secret_entry *secret;
	struct protection_job job;
	struct verdict v;

	blob_unref(b);
	if (m == NULL)
		return out;
	if (inspect_request(m, &v)) {
		const struct protection_setup setup = { .settings = kit_gateway->settings, .route = route_named(kit_gateway->settings, "keep"),
			.keys = kit_gateway->keys, .message = m, .time = { .at = MAKE_NOW } };
		if (protection_prepare(&job, &setup, &secret))
			protection_run(&job, cache);
		out.taken = job.well;
		if (job.well)
			protection_identity(&job, job.part_count - 1, secret, &out.who);
		if (job.well && job.part_count > 1)
			protection_identity(&job, 0, NULL, &out.outer);
		protection_clear(&job);
	}
	message_unref(m);
	return out;
}

struct tally { unsigned long flips, refused, extra, extra_refused; };

static void
flip(uint8_t *octets, size_t len, size_t bit, bool extra, const struct verdict_of *right, struct tally *t)
{
	octets[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	struct verdict_of v = judge(span_of(octets, len));
	octets[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	t->flips += !extra;
	t->refused += !extra && !v.taken;
	t->extra += extra;
	t->extra_refused += extra && !v.taken;
	if (v.taken && !extra)
		fail_msg("bit %zu of octet %zu (of %zu) is changed, and the message taken", bit % 8, bit / 8, len);
	if (v.taken && (!identity_same(&v.who, &right->who) || !identity_same(&v.outer, &right->outer)))
		fail_msg("bit %zu of octet %zu (of %zu) of extraCerts is changed, and the sender is another", bit % 8, bit / 8, len);
}

static struct tally
try_sample(const struct kit_message *m, size_t every, size_t first, size_t *len)
{
	struct tally t = { 0 };
	struct pkimessage whole;
	struct buffer b;

	buffer_init(&b, 1 << 20);
	kit_build(&b, m);
	struct verdict_of right = judge(buffer_span(&b));
	if (!right.taken || !pkimessage_parse(&whole, buffer_span(&b), NULL, NULL))
		fail_msg("the sample %s by %s is not taken", body_name(m->kind), m->by != NULL ? m->by : "device");
	size_t extra = whole.extra_certs_whole.len > 0 ? (size_t)(whole.extra_certs_whole.data - b.data) : b.len;
	for (size_t bit = first % every; bit < 8 * b.len; bit += every)
		flip(b.data, b.len, bit, bit / 8 >= extra, &right, &t);
	*len = b.len;
	buffer_clear(&b);
	return t;
}

// A row of docs/proofs/flips.md.
static void
print_row(const struct kit_message *m, size_t len, const struct tally *t)
{
	const char *by = m->by != NULL ? m->by : "device", *kind = m->inner != NULL ? "nested around ir" : body_name(m->kind);

	printf("ROW | %s | %s%s | %zu | %lu | %lu | %lu | %lu |\n", kind, by, m->inner == around_mac ? ", many" : "", len, t->flips, t->refused, t->extra, t->extra_refused);
}

static size_t
number_from(const char *name, size_t usual)
{
	const char *text = getenv(name);

	return text != NULL && text[0] != '\0' ? strtoul(text, NULL, 10) : usual;
}

static void
flips(void **state)
{
	size_t every = number_from("FLIPS_EVERY", 17), one = number_from("FLIPS_SAMPLE", COUNT(samples)), len;
	size_t first = every > 1 ? (size_t)(time(NULL) / MAKE_DAY) : 0;
	unsigned long all = 0;

	(void)state;
	if (every > 1)
		print_message("# every %zu-th bit from %zu on\n", every, first % every);
	cache = path_cache_new(256, 3600);
	assert_non_null(cache);
	for (size_t i = one < COUNT(samples) ? one : 0; i < (one < COUNT(samples) ? one + 1 : COUNT(samples)); i++) {
		struct tally t = try_sample(&samples[i], every, first, &len);
		all += t.flips + t.extra;
		if (one < COUNT(samples))
			print_row(&samples[i], len, &t);
	}
	print_message("# %lu flips\n", all);
	path_cache_free(cache);
}

static int
set_up(void **state)
{
	if (kit_set_up(state) != 0)
		return -1;
	kit_open(routes, false);
	return 0;
}

static int
tear_down(void **state)
{
	kit_close();
	return kit_tear_down(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(flips) };

	if (getenv("FLIPS_COUNT") != NULL) {
		printf("%zu\n", COUNT(samples));
		return 0;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
