// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/crypto.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "crypto/selftest.h"
#include "crypto/table.h"
#include "crypto/thread.h"
#include "crypto/work.h"

static enum { NOT_STARTED, STARTED, REFUSED } state;
static struct fault reason;		// of REFUSED
static _Atomic uint64_t work[WORK_COUNT];

static _Thread_local bool starved;	// memory was missing since wolf_begin()

static void *
resize_memory(void *old, size_t size)
{
	void *block = mem_resize(old, size);

	if (block == NULL)
		starved = true;
	return block;
}

// wolfSSL sets its memory itself, so nothing needs to be zero.
static void *
take_memory(size_t size)
{
	return resize_memory(NULL, size);
}

static bool
library_start(struct fault *f)
{
	if (wolfSSL_SetAllocators(take_memory, mem_free, resize_memory) != 0 || wolfCrypt_Init() != 0)
		return fault_set(f, FAIL_NONE, "", "wolfSSL does not start");
	return true;
}

bool
crypto_start_with(const struct answers *answers, struct fault *f)
{
	if (state == NOT_STARTED) {
		reason = (struct fault){ 0 };
		tables_start();
		bool well = library_start(&reason) && threads_start(&reason) && selftest_run(answers, &reason);
		tables_trim();
		for (int i = 0; i < WORK_COUNT; i++)
			atomic_store(&work[i], 0);
		state = well ? STARTED : REFUSED;
	}
	return state == STARTED || fault_set(f, reason.failure, reason.path, "%s", reason.text);
}

bool
crypto_start(struct fault *f)
{
	return crypto_start_with(&selftest_answers, f);
}

void
crypto_stop(void)
{
	if (state == NOT_STARTED)
		return;
	tables_stop();
	threads_stop();
	wolfCrypt_Cleanup();
	state = NOT_STARTED;
}

#if defined(WOLFSSL_SP_ASM)
#define MATH "SP math in assembly"
#elif defined(WOLFSSL_HAVE_SP_ECC)
#define MATH "SP math in C, unrolled"
#elif defined(WOLFSSL_SP_MATH_ALL)
#define MATH "SP math in C"
#elif defined(USE_FAST_MATH)
#define MATH "fast math"
#else
#define MATH "heap math"
#endif
#ifdef WOLFSSL_AESNI
#define AES ", AES-NI"
#else
#define AES ""
#endif
#ifdef FP_ECC
#define TABLES ", FP_ECC"
#else
#define TABLES ""
#endif

const char *
crypto_about(void)
{
	static char text[96];

	if (text[0] == '\0')
		snprintf(text, sizeof(text), "wolfSSL %s, %s", wolfSSL_lib_version(), MATH AES TABLES);
	return text;
}

void
crypto_wipe(void *octets, size_t len)
{
	if (len > 0)
		explicit_bzero(octets, len);
}

bool
crypto_equal(struct span a, struct span b)
{
	volatile uint8_t differ = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		differ |= a.data[i] ^ b.data[i];
	return differ == 0;
}

void
crypto_trim(void)
{
	tables_trim();
}

void
work_count(enum work w)
{
	atomic_fetch_add_explicit(&work[w], 1, memory_order_relaxed);
}

struct crypto_work
crypto_work(void)
{
	return (struct crypto_work){
		.verifications = atomic_load(&work[WORK_VERIFICATION]),
		.signatures = atomic_load(&work[WORK_SIGNATURE]),
		.derivations = atomic_load(&work[WORK_DERIVATION]),
	};
}

void
wolf_begin(void)
{
	starved = false;
}

bool
wolf_starved(void)
{
	return starved;
}

void
wolf_starve(void)
{
	starved = true;
}

enum crypto_result
wolf_result(int error, enum crypto_result otherwise)
{
	if (error == 0)
		return CRYPTO_OK;
	if (starved)
		return CRYPTO_FAILED;
	switch (error) {
	case MEMORY_E:
	case MP_MEM:
	case MP_INIT_E:
	case RNG_FAILURE_E:
	case MISSING_RNG_E:
	case BAD_MUTEX_E:
		return CRYPTO_FAILED;
	default:
		return otherwise;
	}
}
