// SPDX-License-Identifier: GPL-3.0-or-later
// Which session makes room when there are too many.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "transports/coap_sessions.h"

static void
the_most_silent_goes(void **state)
{
	struct coap_sessions s;
	struct coap_peer *p[5];
	int sessions[5];

	(void)state;
	coap_sessions_init(&s);
	for (int i = 0; i < 5; i++)
		assert_non_null(p[i] = coap_sessions_enter(&s, &sessions[i]));
	assert_null(coap_sessions_release(&s, 5));
	coap_sessions_touch(&s, p[0]);
	p[1]->running = 1;
	assert_ptr_equal(coap_sessions_release(&s, 4), &sessions[2]);
	assert_null(coap_sessions_release(&s, 4));		// it is about to go
	assert_ptr_equal(coap_sessions_release(&s, 0), &sessions[3]);
	assert_ptr_equal(coap_sessions_release(&s, 0), &sessions[4]);
	assert_ptr_equal(coap_sessions_release(&s, 0), &sessions[0]);
	assert_null(coap_sessions_release(&s, 0));		// the last one works
	// One that speaks again is one more that stays.
	coap_sessions_touch(&s, p[3]);
	assert_ptr_equal(coap_sessions_release(&s, 1), &sessions[3]);
	for (int i = 0; i < 4; i++)
		coap_sessions_leave(&s, p[i]);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.released, 1);
	coap_sessions_clear(&s);
	assert_int_equal(s.count, 0);
	assert_int_equal(s.released, 0);
}

static void
nothing_is_known_of(void **state)
{
	struct coap_sessions s;

	(void)state;
	coap_sessions_init(&s);
	mem_fail(1, 1);
	assert_null(coap_sessions_enter(&s, &s));
	mem_fail(0, 0);
	coap_sessions_touch(&s, NULL);
	coap_sessions_leave(&s, NULL);
	assert_null(coap_sessions_release(&s, 0));
	coap_sessions_clear(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_silent_goes),
		cmocka_unit_test(nothing_is_known_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
