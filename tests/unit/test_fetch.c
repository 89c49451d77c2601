// SPDX-License-Identifier: GPL-3.0-or-later
// Errands of the gateway, over a driver that is played: equal wants are one,
// so many run at a time, the others wait in order, and whoever waits is told once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypto/crypto.h"
#include "gateway/fetch.h"
#include "gateway/step.h"
#include "pki/fetched.h"
#include "pki/path.h"
#include "tests/unit/pki_make.h"

enum { FETCHES = 2 * ERRANDS_AT_ONCE, TIMEOUT_MS = 5000, CRL_MAX = 65536 };

// ---- a driver that is played

struct fetch { struct fetch_plan plan; bool open; };
static struct fetch fetches[FETCHES];
static int fetch_count, open_count, given_up;
static bool refuses;

static struct fetch *
fetch_begin(uv_loop_t *loop, const struct fetch_plan *plan)
{
	(void)loop;
	if (refuses)
		return NULL;
	assert_true(fetch_count < FETCHES);
	fetches[fetch_count] = (struct fetch){ *plan, true };
	open_count++;
	return &fetches[fetch_count++];
}

static void
fetch_end(struct fetch *f)
{
	assert_true(f->open);
	f->open = false;
	open_count--;
	given_up++;
}

static const struct driver played = { .name = "http", .fetch_begin = fetch_begin, .fetch_end = fetch_end };
const struct driver *const drivers[] = { &played, NULL };

const struct driver *
driver_find(const char *scheme)
{
	return strcmp(scheme, "http") == 0 ? &played : NULL;
}

static void
comes(struct fetch *f, struct span content, const char *text)
{
	assert_true(f->open);
	f->open = false;
	open_count--;
	f->plan.done(f->plan.context, content, text, NULL);
}

static void
fails(struct fetch *f, const char *text)
{
	comes(f, span_of(NULL, 0), text);
}

// ---- a gateway of which only this is there

static uv_loop_t loop;
static struct gateway g;
static struct trust *trust;
static struct buffer octets, crl;
static struct make_certificate ca, leaf;
static struct wants wants;

static void
set_closed(void *context)
{
	*(bool *)context = true;
}

static int
begin(void **state)
{
	struct fault f = { .set = false };

	(void)state;
	memset(&g, 0, sizeof(g));
	memset(&wants, 0, sizeof(wants));
	fetch_count = open_count = given_up = 0;
	refuses = false;
	clock_fake(MAKE_NOW * 1000, 1000000);
	uv_loop_init(&loop);
	g.loop = &loop;
	g.workers = worker_pool_new(&loop, 0, 4096);
	assert_non_null(g.workers);
	list_init(&g.errands);
	list_init(&g.waiting);
	list_init(&g.open);
	list_init(&g.closed);
	handle_table_init(&g.steps);
	handle_table_init(&g.exchanges);
	buffer_init(&octets, 8 << 20);
	buffer_init(&crl, 8 << 20);
	ca = make_plan("O=Plant,CN=CA", make_key(KEY_P256, 1), "O=Plant,CN=CA", make_key(KEY_P256, 1), true);
	leaf = make_plan("O=Plant,CN=plc-1", make_key(KEY_P256, 2), "O=Plant,CN=CA", make_key(KEY_P256, 1), false);
	leaf.serial = 1;
	struct span anchor = make_certificate(&octets, &ca), allowed = span_text("http://pki.example/");
	struct trust_plan plan = { .name = "plant", .anchors = &anchor, .anchor_count = 1, .check_revocation = true, .points = &allowed, .point_count = 1,
		.responders = &allowed, .responder_count = 1, .fetching = { .timeout_ms = TIMEOUT_MS, .crl_max = CRL_MAX } };
	trust = trust_new(&plan, &f);
	assert_non_null(trust);
	struct make_crl list = make_crl_plan("O=Plant,CN=CA", make_key(KEY_P256, 1));
	make_crl(&crl, &list);
	return 0;
}

static int
end(void **state)
{
	bool closed = false;

	(void)state;
	assert_true(list_is_empty(&g.errands));
	assert_int_equal(g.errand_count, 0);
	assert_int_equal(g.errands_running, 0);
	assert_int_equal(open_count, 0);
	worker_pool_close(g.workers, set_closed, &closed);
	while (!closed)
		uv_run(&loop, UV_RUN_ONCE);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	wants_cut(&wants, 0);
	trust_unref(trust);
	buffer_clear(&octets);
	buffer_clear(&crl);
	handle_table_clear(&g.steps);
	handle_table_clear(&g.exchanges);
	clock_real();
	return 0;
}

static void
settle(void)
{
	for (int i = 0; i < 4; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
}

// Want what tells of the n-th device; its responder or, without one, its point.
static void
want(unsigned n, bool by_ocsp)
{
	struct make_certificate m = leaf;
	struct buffer certificate, address;
	struct path_result result;
	char point[64];
	struct fault f = { .set = false };

	buffer_init(&certificate, 1 << 20);
	buffer_init(&address, 1 << 20);
	m.serial = 100 + n;
	snprintf(point, sizeof(point), "URI:http://pki.example/%u.crl", n);
	if (by_ocsp)
		make_more(&m, "2b06010505070101", false, make_responder_address(&address, "http://pki.example/ocsp"));
	else
		m.crl_point = point;
	struct path_request r = { .target = make_certificate(&certificate, &m), .trust = trust, .at = MAKE_NOW, .wants = &wants };
	path_validate(&r, &result, &f);
	buffer_clear(&certificate);
	buffer_clear(&address);
}

// ---- steps

struct waiting { struct step step; int told; bool late; };

static void
on_resume(struct step *s, bool late)
{
	struct waiting *w = (struct waiting *)(void *)s;

	w->told++;
	w->late = late;
}

static void
wait_begins(struct waiting *w)
{
	memset(w, 0, sizeof(*w));
	w->step.gateway = &g;
	w->step.handle = handle_open(&g.steps, &w->step);
	assert_true(w->step.handle != 0);
}

// A worker came back with what stands in wants.
static bool
asks(struct waiting *w)
{
	w->step.wants = wants;
	wants.count = 0;
	return step_fetch(&w->step, on_resume);
}

static void
one_errand(void **state)
{
	struct waiting a, b;

	(void)state;
	wait_begins(&a);
	wait_begins(&b);
	want(1, false);
	assert_true(asks(&a));
	want(1, false);
	assert_true(asks(&b));
	assert_int_equal(fetch_count, 1);
	assert_string_equal(fetches[0].plan.url->target, "/1.crl");
	assert_null(fetches[0].plan.content_type);
	assert_int_equal(fetches[0].plan.max, CRL_MAX);
	assert_int_equal(fetches[0].plan.deadline_ms, clock_mono_ms() + TIMEOUT_MS);
	assert_int_equal(a.told + b.told, 0);
	comes(&fetches[0], buffer_span(&crl), NULL);
	settle();
	assert_true(a.told == 1 && b.told == 1 && !a.late && !b.late);
	want(1, false);
	assert_int_equal(wants.count, 0);	// now it is known
	want(2, false);
	assert_int_equal(wants.count, 1);
}

static void
a_question(void **state)
{
	struct waiting a;

	(void)state;
	wait_begins(&a);
	want(1, true);
	assert_true(asks(&a));
	assert_string_equal(fetches[0].plan.content_type, "application/ocsp-request");
	assert_string_equal(fetches[0].plan.accept, "application/ocsp-response");
	assert_true(fetches[0].plan.only_that && fetches[0].plan.content.len > 0);
	assert_int_equal(fetches[0].plan.max, ERRAND_ANSWER_MAX);
	fails(&fetches[0], "it cannot be reached");
	assert_int_equal(a.told, 1);
	assert_false(a.late);
	want(1, true);
	assert_int_equal(wants.count, 0);	// it is left alone for a while
}

static void
what_is_of_no_use(void **state)
{
	struct waiting a;

	(void)state;
	wait_begins(&a);
	want(1, false);
	assert_true(asks(&a));
	comes(&fetches[0], span_text("<html>"), NULL);
	settle();
	assert_true(a.told == 1 && !a.late);
	want(1, false);
	assert_int_equal(wants.count, 0);
}

static void
so_many_at_once(void **state)
{
	struct waiting a[ERRANDS_AT_ONCE + 1];

	(void)state;
	for (unsigned i = 0; i <= ERRANDS_AT_ONCE; i++) {
		wait_begins(&a[i]);
		want(i, false);
		assert_true(asks(&a[i]));
		assert_int_equal(fetch_count, i < ERRANDS_AT_ONCE ? i + 1 : ERRANDS_AT_ONCE);
	}
	fails(&fetches[3], "no");
	assert_int_equal(a[3].told, 1);
	assert_int_equal(fetch_count, ERRANDS_AT_ONCE + 1);
	for (int i = 0; i < fetch_count; i++)
		if (fetches[i].open)
			fails(&fetches[i], "no");
	for (unsigned i = 0; i <= ERRANDS_AT_ONCE; i++)
		assert_true(a[i].told == 1 && !a[i].late);
}

// The time of what waits runs too; when it is over, nobody says that the source is dead.
static void
waited_too_long(void **state)
{
	struct waiting a[ERRANDS_AT_ONCE + 1];

	(void)state;
	for (unsigned i = 0; i <= ERRANDS_AT_ONCE; i++) {
		wait_begins(&a[i]);
		want(i, false);
		assert_true(asks(&a[i]));
	}
	clock_advance(TIMEOUT_MS);
	fails(&fetches[0], "it gave no answer in time");
	assert_int_equal(fetch_count, ERRANDS_AT_ONCE);
	assert_true(a[ERRANDS_AT_ONCE].told == 1 && !a[ERRANDS_AT_ONCE].late);
	want(ERRANDS_AT_ONCE, false);
	assert_int_equal(wants.count, 1);
	want(0, false);
	assert_int_equal(wants.count, 1);	// that one is left alone
	fetch_stop(&g);
	assert_int_equal(given_up, ERRANDS_AT_ONCE - 1);
}

static void
so_many_in_all(void **state)
{
	struct waiting last, over;

	(void)state;
	for (unsigned i = 0; i < ERRANDS_MAX - 1; i++) {
		want(i, false);
		assert_int_equal(fetch_wants(&g, 0, &wants), 0);
	}
	wait_begins(&last);
	wait_begins(&over);
	want(ERRANDS_MAX - 1, false);
	assert_true(asks(&last));
	assert_int_equal(g.errand_count, ERRANDS_MAX);
	assert_int_equal(last.told, 0);
	// There is no room: the step goes no further, and is told so at once.
	want(ERRANDS_MAX, false);
	assert_true(asks(&over));
	assert_true(over.told == 1 && over.late);
	// What is under way is joined all the same.
	wait_begins(&over);
	want(7, false);
	assert_true(asks(&over));
	assert_int_equal(over.told, 0);
	fetch_stop(&g);
	assert_true(last.told == 1 && last.late && over.told == 1 && over.late);
}

static void
not_needed(void **state)
{
	struct waiting a;

	(void)state;
	wait_begins(&a);
	want(1, false);
	wants.list[0]->needed = false;
	assert_false(asks(&a));
	assert_int_equal(fetch_count, 1);
	comes(&fetches[0], buffer_span(&crl), NULL);
	settle();
	assert_int_equal(a.told, 0);
}

// A step asks three times; then what the worker said counts, though it is fetched for the next one.
static void
rounds_have_an_end(void **state)
{
	struct waiting a;

	(void)state;
	wait_begins(&a);
	for (unsigned i = 0; i <= FETCH_ROUNDS_MAX; i++) {
		want(i, false);
		assert_int_equal(asks(&a), i < FETCH_ROUNDS_MAX);
		assert_int_equal(fetch_count, i + 1);
		fails(&fetches[i], "no");
		assert_int_equal(a.told, i < FETCH_ROUNDS_MAX ? i + 1 : FETCH_ROUNDS_MAX);
	}
}

static void
the_end(void **state)
{
	struct waiting a, b;

	(void)state;
	wait_begins(&a);
	wait_begins(&b);
	want(1, false);
	assert_true(asks(&a));
	want(2, false);
	assert_true(asks(&b));
	// What a worker has in hand is waited for.
	comes(&fetches[1], buffer_span(&crl), NULL);
	fetch_stop(&g);
	assert_true(a.told == 1 && a.late && b.told == 0);
	settle();
	assert_true(b.told == 1 && !b.late);
	// Nothing new is begun when all is over.
	g.stopping = true;
	wait_begins(&a);
	want(3, false);
	assert_true(asks(&a));
	assert_true(a.told == 1 && a.late);
	assert_int_equal(fetch_count, 2);
}

static void
nobody_waits_any_more(void **state)
{
	struct waiting a;

	(void)state;
	wait_begins(&a);
	want(1, false);
	assert_true(asks(&a));
	handle_close(&g.steps, a.step.handle);
	comes(&fetches[0], buffer_span(&crl), NULL);
	settle();
	assert_int_equal(a.told, 0);
	want(1, false);
	assert_int_equal(wants.count, 0);	// it is known for others
}

static void
cannot_begin(void **state)
{
	struct waiting a;

	(void)state;
	refuses = true;
	wait_begins(&a);
	want(1, false);
	assert_true(asks(&a));
	assert_true(a.told == 1 && !a.late);
}

static void
keep_quiet(void *context, const char *line)
{
	(void)context;
	(void)line;
}

static int
start(void **state)
{
	struct fault f = { .set = false };

	(void)state;
	log_redirect(keep_quiet, NULL);
	return crypto_start(&f) ? 0 : -1;
}

static int
finish(void **state)
{
	(void)state;
	make_keys_free();
	crypto_stop();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_errand, begin, end), cmocka_unit_test_setup_teardown(a_question, begin, end),
		cmocka_unit_test_setup_teardown(what_is_of_no_use, begin, end), cmocka_unit_test_setup_teardown(so_many_at_once, begin, end),
		cmocka_unit_test_setup_teardown(waited_too_long, begin, end), cmocka_unit_test_setup_teardown(so_many_in_all, begin, end),
		cmocka_unit_test_setup_teardown(not_needed, begin, end), cmocka_unit_test_setup_teardown(rounds_have_an_end, begin, end),
		cmocka_unit_test_setup_teardown(the_end, begin, end), cmocka_unit_test_setup_teardown(nobody_waits_any_more, begin, end),
		cmocka_unit_test_setup_teardown(cannot_begin, begin, end),
	};
	return cmocka_run_group_tests_name("fetch", tests, start, finish);
}
