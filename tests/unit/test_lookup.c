// SPDX-License-Identifier: GPL-3.0-or-later
// Names and addresses, with a resolver of the test's own that hangs where it is
// told to: who waits for whom, and who does not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "tests/unit/wire.h"
#include "transports/lookup.h"
#include "transports/stream.h"

// ---- the resolver: names that begin with "dead" hang until they are let go

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int calls, hanging;
static bool let_go;

int
getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	(void)hints;
	(void)service;
	pthread_mutex_lock(&mutex);
	calls++;
	hanging++;
	pthread_cond_broadcast(&changed);
	while (strncmp(host, "dead", 4) == 0 && !let_go)
		pthread_cond_wait(&changed, &mutex);
	hanging--;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
	if (strcmp(host, "none") == 0)
		return EAI_NONAME;
	struct sockaddr_in *a = calloc(1, sizeof(*a));
	*a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7F000001) };
	*out = calloc(1, sizeof(**out));
	**out = (struct addrinfo){ .ai_family = AF_INET, .ai_addr = (struct sockaddr *)a, .ai_addrlen = sizeof(*a) };
	return 0;
}

void
freeaddrinfo(struct addrinfo *a)
{
	free(a->ai_addr);
	free(a);
}

static void
wait_hanging(int n)
{
	pthread_mutex_lock(&mutex);
	while (hanging != n)
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
}

static void
release(void)
{
	pthread_mutex_lock(&mutex);
	let_go = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
	wait_hanging(0);
}

// ---- who waits

struct waiter { struct lookup_wait wait; int done; size_t count; char text[80]; };

static void
on_done(void *owner, const struct addresses *found, const char *text)
{
	struct waiter *w = owner;

	w->done++;
	w->count = found != NULL ? found->count : 0;
	snprintf(w->text, sizeof(w->text), "%s", found == NULL ? text : "");
}

static bool
begin_wait(struct waiter *w, const char *host)
{
	const char *text;

	memset(w, 0, sizeof(*w));
	w->wait.done = on_done;
	w->wait.owner = w;
	return lookup_begin(&w->wait, &wire_loop, host, &text);
}

static int
begin(void **state)
{
	(void)state;
	let_go = false;
	calls = 0;
	wire_begin();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	release();
	wire_end();
	return 0;
}

// ---- tests

static void
literals(void **state)
{
	static const struct { const char *host; size_t count; const char *first; } rows[] = {
		{ "127.0.0.1", 1, "127.0.0.1" }, { "10.7.1.20", 1, "10.7.1.20" }, { "::1", 1, "::1" }, { "2001:db8::7", 1, "2001:db8::7" },
		{ "localhost", 2, "127.0.0.1" }, { "ca.plant.example", 0, NULL }, { "10.7.1", 0, NULL }, { "10.7.1.256", 0, NULL }, { "", 0, NULL },
		{ "localhost.plant.example", 0, NULL },
	};
	struct addresses a;
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(lookup_literal(&a, rows[i].host), rows[i].count > 0);
		if (rows[i].count == 0)
			continue;
		assert_int_equal(a.count, rows[i].count);
		address_set_port(&a.list[0], 829);
		if (a.list[0].ss_family == AF_INET6) {
			uv_ip6_name((struct sockaddr_in6 *)&a.list[0], text, sizeof(text));
			assert_int_equal(ntohs(((struct sockaddr_in6 *)&a.list[0])->sin6_port), 829);
		} else {
			uv_ip4_name((struct sockaddr_in *)&a.list[0], text, sizeof(text));
			assert_int_equal(ntohs(((struct sockaddr_in *)&a.list[0])->sin_port), 829);
		}
		assert_string_equal(text, rows[i].first);
	}
}

static void
one_dead_name_holds_up_itself_only(void **state)
{
	struct waiter dead[5], live, none;
	char name[8];

	(void)state;
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "dead%d", i);
		assert_true(begin_wait(&dead[i], name));
	}
	wait_hanging(5);
	assert_true(begin_wait(&live, "live") && begin_wait(&none, "none"));
	UNTIL(live.done > 0 && none.done > 0)
		;
	assert_int_equal(live.count, 1);
	assert_int_equal(none.count, 0);
	assert_string_not_equal(none.text, "");
	release();
	for (int i = 0; i < 5; i++)
		UNTIL(dead[i].done == 1)
			;
	assert_int_equal(calls, 7);
}

static void
one_call_for_a_name(void **state)
{
	struct waiter many[20];

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_true(begin_wait(&many[i], "dead"));
	lookup_leave(&many[7].wait);
	lookup_leave(&many[7].wait);
	release();
	for (int i = 0; i < 20; i++)
		if (i != 7)
			UNTIL(many[i].done == 1)
				;
	assert_int_equal(many[7].done, 0);
	assert_int_equal(calls, 1);
}

// The loop ends although the resolver hangs; who comes later joins what is under way.
static void
nobody_waits_for_the_resolver(void **state)
{
	struct waiter first, second;

	(void)state;
	assert_true(begin_wait(&first, "dead"));
	wait_hanging(1);
	lookup_leave(&first.wait);
	wire_settle();
	uv_run(&wire_loop, UV_RUN_DEFAULT);	// returns: nothing is open but what the kit unrefs
	assert_true(begin_wait(&second, "dead"));
	release();
	UNTIL(second.done == 1)
		;
	assert_int_equal(first.done, 0);
	assert_int_equal(calls, 1);
	// What ended unheard is not believed later.
	assert_true(begin_wait(&first, "live"));
	lookup_leave(&first.wait);
	wait_hanging(0);
	wire_settle();
	assert_true(begin_wait(&second, "live2"));
	UNTIL(second.done == 1)
		;
}

static void
threads_are_bounded(void **state)
{
	struct waiter waits[LOOKUP_THREADS + 1];
	char name[16];

	(void)state;
	for (int i = 0; i < LOOKUP_THREADS; i++) {
		snprintf(name, sizeof(name), "dead%d", i);
		assert_true(begin_wait(&waits[i], name));
	}
	wait_hanging(LOOKUP_THREADS);
	assert_false(begin_wait(&waits[LOOKUP_THREADS], "live"));
	assert_true(begin_wait(&waits[LOOKUP_THREADS], "dead3"));
	lookup_leave(&waits[LOOKUP_THREADS].wait);
	release();
	for (int i = 0; i < LOOKUP_THREADS; i++)
		UNTIL(waits[i].done == 1)
			;
	assert_true(begin_wait(&waits[0], "live"));
	UNTIL(waits[0].done == 1)
		;
}

// ---- connections

static bool opened, ended;

static void
on_opened(void *owner)
{
	(void)owner;
	opened = true;
}

static void
on_read(void *owner, struct span octets)
{
	(void)owner;
	(void)octets;
}

static void
on_ended(void *owner, bool well, const char *text)
{
	(void)owner;
	(void)well;
	(void)text;
	ended = true;
}

static const struct stream_events events = { .opened = on_opened, .read = on_read, .ended = on_ended };

static void
addresses_need_no_resolver(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost" };
	static struct wire_server server;

	(void)state;
	wire_serve(&server);
	for (size_t i = 0; i < 2; i++) {
		opened = ended = false;
		struct stream *s = stream_connect(&wire_loop, hosts[i], server.port, &events, &server);
		assert_non_null(s);
		assert_false(opened);
		UNTIL(opened || ended)
			;
		assert_true(opened);
		stream_close(s);
	}
	// Closed before it is begun, and while its name hangs.
	stream_close(stream_connect(&wire_loop, "127.0.0.1", server.port, &events, &server));
	assert_int_equal(calls, 0);
	stream_close(stream_connect(&wire_loop, "dead", server.port, &events, &server));
	wire_server_close(&server);
}

static void
names_are_tried(void **state)
{
	static struct wire_server server;

	(void)state;
	wire_serve(&server);
	opened = ended = false;
	struct stream *s = stream_connect(&wire_loop, "live", server.port, &events, &server);
	UNTIL(opened)
		;
	stream_close(s);
	wire_server_close(&server);
	s = stream_connect(&wire_loop, "none", server.port, &events, &server);
	UNTIL(ended)
		;
	stream_close(s);
}

static void
without_memory(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= 4; n++) {
		struct waiter w;
		mem_fail(n, 1);
		bool begun = begin_wait(&w, "live");
		mem_fail(0, 0);
		if (begun)
			UNTIL(w.done == 1)
				;
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals),
		TEST(one_dead_name_holds_up_itself_only),
		TEST(one_call_for_a_name),
		TEST(nobody_waits_for_the_resolver),
		TEST(threads_are_bounded),
		TEST(addresses_need_no_resolver),
		TEST(names_are_tried),
		TEST(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
