// SPDX-License-Identifier: GPL-3.0-or-later
// floor sig|mac ROUNDS: microseconds of CPU that the cryptography of one enrolment
// takes at a registration authority, by calls of crypto/ alone: what a gateway
// that did nothing else would need. One line a round. docs/benchmarks.md names the operations.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/digest.h"
#include "tests/bench/plant.h"

enum { DEVICES = 64, REPEATS = 128, WARM = 16, MESSAGE = 900, CERTIFICATE = 350 };

static const struct signature_scheme scheme = { SIGNATURE_ECDSA, DIGEST_SHA256, 0 };
static uint8_t octets[MESSAGE];
static const struct span message = { octets, MESSAGE }, certificate = { octets, CERTIFICATE };

// A key, and what it has signed.
struct signed_by { struct private_key *key; struct buffer over_message, over_certificate; };
static struct signed_by devices[DEVICES], maker, root, answers, ra;

static int64_t
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
must(bool ok)
{
	if (ok)
		return;
	fputs("floor: the cryptography failed\n", stderr);
	exit(1);
}

static void
sign(struct private_key *key, struct span what, struct buffer *out)
{
	struct fault f = { .set = false };

	buffer_init(out, SIGNATURE_MAX);
	must(private_key_sign(key, &scheme, &what, 1, out, &f) == CRYPTO_OK);
}

static void
prepare(struct signed_by *s, struct private_key *key)
{
	s->key = key;
	sign(key, message, &s->over_message);
	sign(key, certificate, &s->over_certificate);
}

static void
verify(const struct signed_by *s, struct span what)
{
	const struct buffer *signature = what.len == MESSAGE ? &s->over_message : &s->over_certificate;

	must(signature_verify(private_key_public(s->key), &scheme, &what, 1, buffer_span(signature)) == CRYPTO_OK);
}

static void
sign_as_ra(void)
{
	struct buffer out;

	sign(ra.key, message, &out);
	buffer_clear(&out);
}

static void
mac(void)
{
	uint8_t salt[16] = { 1 }, key[DIGEST_MAX], out[DIGEST_MAX];

	must(pbm_derive(DIGEST_SHA256, span_text("a-secret-of-the-bench-1"), span_of(salt, sizeof(salt)), PLANT_ITERATIONS, key)
		&& hmac_of(DIGEST_SHA256, span_of(key, 32), &message, 1, out));
}

// An ir with its proof of possession, and the answer with the new certificate.
static void
first_exchange(const struct signed_by *device, bool by_mac)
{
	if (by_mac) {
		mac();
	} else {
		verify(device, message);
		verify(&maker, certificate);
	}
	verify(device, certificate);
	sign_as_ra();
	verify(&answers, message);
	verify(&root, certificate);
	if (by_mac)
		mac();
	else
		sign_as_ra();
}

// certConf and pkiConf.
static void
second_exchange(const struct signed_by *device, bool by_mac)
{
	if (by_mac)
		mac();
	else
		verify(device, message);
	sign_as_ra();
	verify(&answers, message);
	if (by_mac)
		mac();
	else
		sign_as_ra();
}

static double
enrolment_us(bool by_mac, unsigned count)
{
	int64_t begin = cpu_ns();

	for (unsigned i = 0; i < count; i++) {
		first_exchange(&devices[i % DEVICES], by_mac);
		second_exchange(&devices[i % DEVICES], by_mac);
	}
	return (double)(cpu_ns() - begin) / 1000 / count;
}

int
main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: floor sig|mac ROUNDS\n", stderr);
		return 2;
	}
	plant_start();
	prepare(&maker, plant_signer("maker")->key);
	prepare(&root, plant_signer("root")->key);
	prepare(&answers, plant_signer("answers")->key);
	prepare(&ra, plant_signer("ra")->key);
	for (unsigned n = 0; n < DEVICES; n++)
		prepare(&devices[n], device_new(n)->signer.key);
	bool by_mac = strcmp(argv[1], "mac") == 0;
	enrolment_us(by_mac, WARM);	// the tables of the keys that come often
	for (int i = atoi(argv[2]); i > 0; i--)
		printf("%.1f\n", enrolment_us(by_mac, REPEATS));
	return 0;
}
