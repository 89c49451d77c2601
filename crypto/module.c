// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/module.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#include "base/memory.h"

struct module {
	struct module *next;
	char *path;
	const struct p11_calls *calls;
	unsigned uses;
	bool ours;		// we initialized it, and finish it
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct module *modules;	// under lock

// A library that was loaded stays: what modules leave behind (threads, handlers
// at the end of the program) would otherwise run in code that is gone.
static const struct p11_calls *
load(const char *path, struct fault *f)
{
	p11_number (*get_list)(const struct p11_calls **calls);
	const struct p11_calls *calls = NULL;
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	void *symbol = library != NULL ? dlsym(library, "C_GetFunctionList") : NULL;

	if (library == NULL) {
		fault_set(f, FAIL_NONE, "", "the PKCS#11 module cannot be loaded: %s", dlerror());
		return NULL;
	}
	memcpy(&get_list, &symbol, sizeof(get_list));
	if (symbol == NULL || get_list(&calls) != P11_OK || calls == NULL || calls->version.major < 2) {
		fault_set(f, FAIL_NONE, "", "%s is no PKCS#11 module of version 2 or later", path);
		return NULL;
	}
	return calls;
}

static bool
initialize(struct module *m, struct fault *f)
{
	struct p11_initialize arguments = { .flags = P11_OS_LOCKING };	// several threads call it
	p11_number answer = m->calls->initialize(&arguments);
	char text[32];

	m->ours = answer == P11_OK;
	if (m->ours || answer == P11_ALREADY_INITIALIZED)
		return true;
	return fault_set(f, FAIL_NONE, "", "the PKCS#11 module %s does not start: %s; it may miss its own configuration, or the right to read it", m->path,
		p11_text(answer, text));
}

static void
module_free(struct module *m)
{
	mem_free(m->path);
	mem_free(m);
}

static struct module *
module_new(const char *path, struct fault *f)
{
	struct module *m = mem_alloc(sizeof(*m));

	if (m == NULL || (m->path = mem_text(path)) == NULL) {
		mem_free(m);
		fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "no memory");
		return NULL;
	}
	if ((m->calls = load(path, f)) != NULL && initialize(m, f))
		return m;
	module_free(m);
	return NULL;
}

struct module *
module_open(const char *path, struct fault *f)
{
	pthread_mutex_lock(&lock);
	struct module *m = modules;
	while (m != NULL && strcmp(m->path, path) != 0)
		m = m->next;
	if (m == NULL && (m = module_new(path, f)) != NULL) {
		m->next = modules;
		modules = m;
	}
	if (m != NULL)
		m->uses++;
	pthread_mutex_unlock(&lock);
	return m;
}

void
module_close(struct module *m)
{
	if (m == NULL)
		return;
	pthread_mutex_lock(&lock);
	if (--m->uses == 0) {
		struct module **at = &modules;
		while (*at != m)
			at = &(*at)->next;
		*at = m->next;
		if (m->ours)
			m->calls->finalize(NULL);
		module_free(m);
	}
	pthread_mutex_unlock(&lock);
}

const struct p11_calls *
module_calls(const struct module *m)
{
	return m->calls;
}

const char *
p11_text(p11_number answer, char out[32])
{
	static const struct { p11_number answer; const char *text; } texts[] = {
		{ P11_PIN_INCORRECT, "wrong PIN" }, { P11_PIN_INVALID, "wrong PIN" }, { P11_PIN_LEN_RANGE, "PIN of a wrong length" },
		{ P11_PIN_LOCKED, "the PIN is locked" }, { P11_TOKEN_NOT_PRESENT, "no token" }, { P11_DEVICE_REMOVED, "the token was removed" },
		{ P11_DEVICE_ERROR, "the token has an error" }, { P11_NOT_LOGGED_IN, "no PIN was given" },
		{ P11_MECHANISM_INVALID, "the token does not know this algorithm" }, { P11_SESSION_CLOSED, "the session was closed" },
		{ P11_SESSION_HANDLE_INVALID, "the session was closed" }, { P11_KEY_HANDLE_INVALID, "the key is gone" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].answer == answer)
			return texts[i].text;
	snprintf(out, 32, "PKCS#11 answer %lX", answer);
	return out;
}
