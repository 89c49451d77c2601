// SPDX-License-Identifier: GPL-3.0-or-later
// Whoever sends messages with ever new keys must not make the process grow.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "crypto/ec.h"
#include "tests/unit/hex.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED		// what is freed stays in quarantine: only that nothing breaks is seen
enum { KEYS = 300, MEASURED = 0 };
#else
enum { KEYS = 10000, MEASURED = 1 };
#endif
enum { SLACK = 1536, WHILE_AT_WORK = 8192 };	// kB

// Resident memory in kB.
static long
resident(void)
{
	long all = 0, in_memory = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%ld %ld", &all, &in_memory) != 2)
		fail_msg("no /proc/self/statm");
	fclose(f);
	return in_memory * (sysconf(_SC_PAGESIZE) / 1024);
}

// The n-th key: the point of a private value, and for odd n its mirror image.
struct maker { unsigned n; uint8_t point[65]; };

static void
next_key(struct maker *m)
{
	uint8_t secret[32] = { 1, 2, 3, 4 };
	static const uint8_t prime[32] = {
		0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF
	};
	int borrow = 0;

	memcpy(secret + 20, &m->n, sizeof(m->n));
	if (m->n++ % 2 == 0) {
		assert_int_equal(ec_point(KEY_P256, span_of(secret, 32), NULL, m->point), CRYPTO_OK);
		return;
	}
	for (int i = 31; i >= 0; i--) {
		int d = prime[i] - m->point[33 + i] - borrow;
		m->point[33 + i] = (uint8_t)d;
		borrow = d < 0;
	}
}

// A signature that is none of this key costs as much as one that is. Some keys
// are met twice, which is when tables would be filled.
static bool
verify_once(struct maker *m)
{
	static const struct signature_scheme s = { SIGNATURE_ECDSA, DIGEST_SHA256, 0 };
	uint8_t octets[80];
	struct public_numbers p = { .type = KEY_P256, .point = span_of(m->point, 65) };
	struct span text = span_text("text"), signature = hex("30440220"
		"6ad4f3b7c5a1908e7d3c2b1a09f8e7d6c5b4a3928170fedcba987654321001230220"
		"1ad4f3b7c5a1908e7d3c2b1a09f8e7d6c5b4a3928170fedcba98765432100123", octets, sizeof(octets));

	for (int i = m->n % 10 == 0 ? 2 : 1; i > 0; i--)
		if (signature_verify(&p, &s, &text, 1, signature) != CRYPTO_WRONG)
			return false;
	return true;
}

static void
no_growth_by_new_keys(void **state)
{
	struct maker m = { 0 };
	long base = 0, most = 0;

	(void)state;
	for (unsigned i = 0; i < KEYS; i++) {
		next_key(&m);
		assert_true(verify_once(&m));
		if (i == 50) {
			crypto_trim();
			base = resident();
		}
		if (i > 50 && resident() > most)
			most = resident();
		if (i % 1000 == 999) {
			crypto_trim();
			assert_true(!MEASURED || resident() < base + SLACK);
		}
	}
	crypto_trim();
	print_message("# %u keys: %ld kB before, %ld kB at most, %ld kB in the end\n", KEYS, base, most, resident());
	assert_true(!MEASURED || most < base + WHILE_AT_WORK);
	assert_true(!MEASURED || resident() < base + SLACK);
}

enum { THREADS = 4 };
static pthread_barrier_t worked, measured;

static void *
work(void *argument)
{
	struct maker m = { .n = *(unsigned *)argument };
	uintptr_t well = 1;

	for (int i = 0; i < KEYS / 100; i++) {
		next_key(&m);
		well = well && verify_once(&m);
	}
	pthread_barrier_wait(&worked);
	pthread_barrier_wait(&measured);
	return (void *)well;
}

// Threads that idle hold nothing either, once another has trimmed.
static void
no_growth_in_idle_threads(void **state)
{
	unsigned first[THREADS] = { 1000000, 2000000, 3000000, 4000000 };
	pthread_t threads[THREADS];
	void *well;

	(void)state;
	crypto_trim();
	long base = resident();
	pthread_barrier_init(&worked, NULL, THREADS + 1);
	pthread_barrier_init(&measured, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, &first[i]), 0);
	pthread_barrier_wait(&worked);
	long before = resident();
	crypto_trim();
	print_message("# %d idle threads: %ld kB before they worked, %ld kB after, %ld kB trimmed\n", THREADS, base, before, resident());
	assert_true(!MEASURED || resident() < base + THREADS * 400 + SLACK);
	pthread_barrier_wait(&measured);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &well);
		assert_non_null(well);
	}
}

static long
threads_now(void)
{
	char line[200];
	long n = -1;
	FILE *f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "Threads:", 8) == 0)
			n = strtol(line + 8, NULL, 10);
	if (f != NULL)
		fclose(f);
	return n;
}

static struct private_key *
own_key(unsigned n)
{
	uint8_t secret[32] = { 7 };

	memcpy(secret + 20, &n, sizeof(n));
	struct private_key *k = private_key_new(KEY_P256, span_of(secret, 32), NULL);
	assert_non_null(k);
	return k;
}

static bool
use_often(struct private_key *k, unsigned times)
{
	static const struct signature_scheme s = { SIGNATURE_ECDSA, DIGEST_SHA384, 0 };
	struct span text = span_text("text");
	bool well = true;

	for (unsigned i = 0; i < times && well; i++) {
		struct buffer out;
		buffer_init(&out, SIGNATURE_MAX);
		well = private_key_sign(k, &s, &text, 1, &out, NULL) == CRYPTO_OK
			&& signature_verify(private_key_public(k), &s, &text, 1, buffer_span(&out)) == CRYPTO_OK;
		out.data[out.len - 1] ^= 1;
		well = well && signature_verify(private_key_public(k), &s, &text, 1, buffer_span(&out)) == CRYPTO_WRONG;
		buffer_clear(&out);
	}
	return well;
}

static void *
use_in_thread(void *argument)
{
	uintptr_t well = use_often(argument, 40);

	return (void *)well;
}

// Keys that come often have tables, few of them, in a thread that ends with its own.
static void
keys_that_come_often_stay_few(void **state)
{
	pthread_t thread;
	void *well;

	(void)state;
	crypto_trim();
	long base = resident(), most = 0;
	assert_int_equal(threads_now(), 1);
	for (unsigned n = 0; n < 12; n++) {
		struct private_key *k = own_key(n);
		assert_true(use_often(k, 20));
		private_key_unref(k);
		if (resident() > most)
			most = resident();
	}
	assert_true(threads_now() <= 2);
	assert_true(!MEASURED || most < base + WHILE_AT_WORK);
	crypto_trim();
	print_message("# 12 keys, 60 times each: %ld kB before, %ld kB at most, %ld kB trimmed\n", base, most, resident());
	assert_true(!MEASURED || resident() < base + SLACK);
	struct private_key *k = own_key(1);
	assert_true(use_often(k, 20));
	long before = threads_now();
	assert_int_equal(pthread_create(&thread, NULL, use_in_thread, k), 0);
	pthread_join(thread, &well);
	assert_non_null(well);
	assert_int_equal(threads_now(), before);
	private_key_unref(k);
	crypto_stop();
	assert_int_equal(threads_now(), 1);
	assert_true(crypto_start(NULL));
	k = own_key(1);
	assert_true(use_often(k, 20));
	private_key_unref(k);
}

static int
start(void **state)
{
	(void)state;
	return crypto_start(NULL) ? 0 : -1;
}

static int
stop(void **state)
{
	(void)state;
	crypto_stop();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_growth_by_new_keys),
		cmocka_unit_test(no_growth_in_idle_threads),
		cmocka_unit_test(keys_that_come_often_stay_few),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
