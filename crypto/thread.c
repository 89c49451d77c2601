// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/thread.h"

#include <pthread.h>

#include "base/random.h"

static struct place {
	pthread_mutex_t lock;
	WC_RNG random;
	bool has_random;
} places[PLACES];

static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER;
static bool taken[PLACES];		// under door
static pthread_key_t at_end;
static bool started;
static _Thread_local unsigned mine;	// number + 1; 0 = none yet

// The kernel's generator serves every request of wolfSSL itself where the
// build has callbacks, and its seed where it has hooks for that.
#ifdef WOLF_CRYPTO_CB
enum { RANDOM_DEVICE = 0x636D7067 };

static int
random_device(int id, wc_CryptoInfo *info, void *context)
{
	(void)id;
	(void)context;
	if (info->algo_type == WC_ALGO_TYPE_RNG)
		return random_octets(info->rng.out, info->rng.sz) ? 0 : RNG_FAILURE_E;
	if (info->algo_type == WC_ALGO_TYPE_SEED)
		return random_octets(info->seed.seed, info->seed.sz) ? 0 : RNG_FAILURE_E;
	return CRYPTOCB_UNAVAILABLE;
}
#else
enum { RANDOM_DEVICE = INVALID_DEVID };
#endif

#ifdef WC_RNG_SEED_CB
static int
random_seed(OS_Seed *os, byte *seed, word32 size)
{
	(void)os;
	return random_octets(seed, size) ? 0 : RNG_FAILURE_E;
}
#endif

// Octets of getrandom go in as the nonce in every case: it waits for the pool
// of the kernel at boot, which reading a device file would not do.
static bool
random_begin(WC_RNG *r)
{
	uint8_t nonce[32];

	if (!random_octets(nonce, sizeof(nonce)))
		return false;
	bool well = wc_InitRngNonce_ex(r, nonce, sizeof(nonce), NULL, RANDOM_DEVICE) == 0;
	crypto_wipe(nonce, sizeof(nonce));
	return well;
}

static void
give_back(void *number)
{
	pthread_mutex_lock(&door);
	taken[(uintptr_t)number - 1] = false;
	pthread_mutex_unlock(&door);
}

static unsigned
take_place(void)
{
	unsigned n = 0;

	pthread_mutex_lock(&door);
	while (n < PLACE_SHARED && taken[n])
		n++;
	if (n < PLACE_SHARED && pthread_setspecific(at_end, (void *)(uintptr_t)(n + 1)) != 0)
		n = PLACE_SHARED;
	taken[n] = true;
	pthread_mutex_unlock(&door);
	return n;
}

bool
threads_start(struct fault *f)
{
	if (!started) {
		for (unsigned i = 0; i < PLACES; i++)
			pthread_mutex_init(&places[i].lock, NULL);
		if (pthread_key_create(&at_end, give_back) != 0)
			return fault_set(f, FAIL_NONE, "", "the system gives no storage for threads");
		started = true;
	}
#ifdef WOLF_CRYPTO_CB
	if (wc_CryptoCb_RegisterDevice(RANDOM_DEVICE, random_device, NULL) != 0)
		return fault_set(f, FAIL_NONE, "", "wolfSSL takes no random generator");
#endif
#ifdef WC_RNG_SEED_CB
	if (wc_SetSeed_Cb(random_seed) != 0)
		return fault_set(f, FAIL_NONE, "", "wolfSSL takes no seed");
#endif
	unsigned p = place_enter();
	bool well = place_random(p) != NULL;
	place_leave(p);
	return well || fault_set(f, FAIL_NONE, "", "the kernel gives no random octets (getrandom)");
}

void
threads_stop(void)
{
	for (unsigned i = 0; i < PLACES; i++)
		if (places[i].has_random) {
			wc_FreeRng(&places[i].random);
			places[i].has_random = false;
		}
#ifdef WOLF_CRYPTO_CB
	wc_CryptoCb_UnRegisterDevice(RANDOM_DEVICE);
#endif
}

unsigned
place_enter(void)
{
	if (mine == 0)
		mine = take_place() + 1;
	pthread_mutex_lock(&places[mine - 1].lock);
	return mine - 1;
}

void
place_leave(unsigned place)
{
	pthread_mutex_unlock(&places[place].lock);
}

WC_RNG *
place_random(unsigned place)
{
	struct place *p = &places[place];

	if (!p->has_random)
		p->has_random = random_begin(&p->random);
	return p->has_random ? &p->random : NULL;
}
