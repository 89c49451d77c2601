// SPDX-License-Identifier: GPL-3.0-or-later
// pool ROUNDS: verifications a second through base/worker, by one worker and by
// two in turn. A line a round: by one, by two, the largest share of the cores'
// time that others took meanwhile, and CPU of a job by two as a ratio to that by
// one, which tells more when others were there. A round that they disturbed is
// repeated some times.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/worker.h"
#include "tests/bench/plant.h"

enum { DEVICES = 64, JOBS = 1024, MESSAGE = 900, ATTEMPTS = 3 };
#define QUIET 0.05	// share of the cores' time that others may take

static const struct signature_scheme scheme = { SIGNATURE_ECDSA, DIGEST_SHA256, 0 };
static uint8_t octets[MESSAGE];
static const struct span message = { octets, MESSAGE };

struct job { struct worker_job job; struct private_key *key; struct buffer *signature; bool well; };
static struct job jobs[JOBS];
static struct buffer signatures[DEVICES];
static uv_loop_t loop;

static void
die(const char *what)
{
	fprintf(stderr, "pool: %s\n", what);
	exit(1);
}

static void
prepare(void)
{
	struct fault f = { .set = false };

	for (unsigned n = 0; n < DEVICES; n++) {
		struct device *d = device_new(n);
		buffer_init(&signatures[n], SIGNATURE_MAX);
		if (private_key_sign(d->signer.key, &scheme, &message, 1, &signatures[n], &f) != CRYPTO_OK)
			die(f.text);
		for (unsigned i = n; i < JOBS; i += DEVICES)
			jobs[i] = (struct job){ .key = d->signer.key, .signature = &signatures[n] };
	}
}

static void
verify(struct worker_job *job, unsigned thread)
{
	struct job *j = (struct job *)job;

	(void)thread;
	j->well = signature_verify(private_key_public(j->key), &scheme, &message, 1, buffer_span(j->signature)) == CRYPTO_OK;
}

static void
take(struct worker_job *job, bool late)
{
	if (late || !((struct job *)job)->well)
		die("a job failed");
}

static int64_t
wall_ns(void)
{
	return (int64_t)uv_hrtime();
}

static int64_t
own_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// What the cores did for anybody, and what the host took away.
static int64_t
busy_ns(void)
{
	enum { IDLE = 3, WAIT = 4, KINDS = 8 };	// of: user nice system idle iowait irq softirq steal
	FILE *f = fopen("/proc/stat", "r");
	long long ticks = 0, n = 0;
	int kind = 0;

	if (f == NULL || fscanf(f, "cpu") != 0)
		die("/proc/stat");
	for (; kind < KINDS && fscanf(f, "%lld", &n) == 1; kind++)
		ticks += kind == IDLE || kind == WAIT ? 0 : n;
	fclose(f);
	if (kind < KINDS)
		die("/proc/stat");
	return (int64_t)ticks * (1000000000 / sysconf(_SC_CLK_TCK));
}

static void
run_all(struct worker_pool *pool)
{
	for (unsigned i = 0; i < JOBS; i++) {
		jobs[i].job = (struct worker_job){ .run = verify, .done = take };
		if (!worker_submit(pool, &jobs[i].job))
			die("no room");
	}
	while (worker_pending(pool) > 0)
		uv_run(&loop, UV_RUN_ONCE);
}

struct measured { double rate, cpu_ns; };	// jobs a second; CPU of all of them

// What others took is made larger when it was more.
static struct measured
measure(unsigned threads, double *others)
{
	struct worker_pool *pool = worker_pool_new(&loop, threads, JOBS);

	if (pool == NULL)
		die("no pool");
	run_all(pool);	// warm
	int64_t wall = wall_ns(), own = own_ns(), busy = busy_ns();
	run_all(pool);
	wall = wall_ns() - wall;
	own = own_ns() - own;
	double share = (double)(busy_ns() - busy - own) / (double)wall / (double)sysconf(_SC_NPROCESSORS_ONLN);
	if (share > *others)
		*others = share;
	worker_pool_close(pool, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	return (struct measured){ .rate = JOBS * 1e9 / (double)wall, .cpu_ns = (double)own };
}

static void
round_of(void)
{
	struct measured one, two;
	double others;
	int left = ATTEMPTS;

	do {
		others = 0;
		one = measure(1, &others);
		two = measure(2, &others);
	} while (others > QUIET && --left > 0);
	printf("%.1f %.1f %.3f %.3f\n", one.rate, two.rate, others, two.cpu_ns / one.cpu_ns);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		die("usage: pool ROUNDS");
	plant_start();
	uv_loop_init(&loop);
	prepare();
	for (int i = atoi(argv[1]); i > 0; i--)
		round_of();
	return 0;
}
