// SPDX-License-Identifier: GPL-3.0-or-later
#include "transports/lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/map.h"
#include "base/memory.h"

enum { HOST_ROOM = 256 };

// How the thread reaches the loop; there only while somebody waits.
struct ear {
	uv_async_t async;
	struct lookup *lookup;
};

struct lookup {
	struct list order;
	char host[HOST_ROOM];
	struct list waiting;		// of the loop
	pthread_mutex_t mutex;		// of what stands below
	struct ear *ear;
	bool finished;
	int status;
	struct addresses found;
};

// Of the loop thread; finished ones that nobody waited for stay until the next look-up.
static struct list all;
static size_t running;

// ---- addresses

bool
lookup_literal(struct addresses *out, const char *host)
{
	struct sockaddr_in *four = (void *)&out->list[0];
	struct sockaddr_in6 *six = (void *)&out->list[0];

	memset(out, 0, sizeof(*out));
	out->count = 1;
	if (uv_ip4_addr(host, 0, four) == 0 || uv_ip6_addr(host, 0, six) == 0)
		return true;
	// RFC 6761 6.3: this name needs no name server.
	if (strcmp(host, "localhost") != 0)
		return false;
	out->count = 2;
	uv_ip4_addr("127.0.0.1", 0, four);
	uv_ip6_addr("::1", 0, (void *)&out->list[1]);
	return true;
}

void
address_set_port(struct sockaddr_storage *a, unsigned port)
{
	if (a->ss_family == AF_INET6)
		((struct sockaddr_in6 *)(void *)a)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)(void *)a)->sin_port = htons((uint16_t)port);
}

// ---- the thread

static void
keep_addresses(struct addresses *out, const struct addrinfo *found)
{
	for (; found != NULL && out->count < LOOKUP_ADDRESSES; found = found->ai_next)
		if (found->ai_addrlen <= sizeof(out->list[0]))
			memcpy(&out->list[out->count++], found->ai_addr, found->ai_addrlen);
}

static void *
run(void *argument)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *found = NULL;
	struct lookup *l = argument;
	struct addresses kept = { .count = 0 };
	int status = getaddrinfo(l->host, NULL, &hints, &found);

	if (status == 0) {
		keep_addresses(&kept, found);
		freeaddrinfo(found);
	}
	pthread_mutex_lock(&l->mutex);
	l->status = status;
	l->found = kept;
	l->finished = true;
	if (l->ear != NULL)
		uv_async_send(&l->ear->async);
	pthread_mutex_unlock(&l->mutex);
	return NULL;
}

// Detached: it ends when the resolver lets it. Signals are for the thread of the loop.
static bool
start_thread(struct lookup *l)
{
	sigset_t every, before;
	pthread_attr_t detached;
	pthread_t thread;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &before);
	bool well = pthread_create(&thread, &detached, run, l) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	return well;
}

// ---- the loop's side

static bool
has_finished(struct lookup *l)
{
	pthread_mutex_lock(&l->mutex);
	bool finished = l->finished;
	pthread_mutex_unlock(&l->mutex);
	return finished;
}

static void
lookup_free(struct lookup *l)
{
	list_remove(&l->order);
	running--;
	pthread_mutex_destroy(&l->mutex);
	mem_free(l);
}

// Find the look-up of a name that is under way; those that ended unheard go.
static struct lookup *
find(const char *host)
{
	struct lookup *same = NULL;

	if (all.next == NULL)
		list_init(&all);
	for (struct list *n = all.next, *next; n != &all; n = next) {
		struct lookup *l = container_of(n, struct lookup, order);
		next = n->next;
		if (list_is_empty(&l->waiting) && has_finished(l))
			lookup_free(l);
		else if (strcmp(l->host, host) == 0)
			same = l;
	}
	return same;
}

static struct lookup *
lookup_new(const char *host)
{
	struct lookup *l = strlen(host) < HOST_ROOM ? mem_alloc(sizeof(*l)) : NULL;

	if (l == NULL)
		return NULL;
	snprintf(l->host, sizeof(l->host), "%s", host);
	list_init(&l->waiting);
	pthread_mutex_init(&l->mutex, NULL);
	list_append(&all, &l->order);
	running++;
	if (start_thread(l))
		return l;
	lookup_free(l);
	return NULL;
}

static void
on_ear_closed(uv_handle_t *handle)
{
	mem_free(container_of((uv_async_t *)handle, struct ear, async));
}

static void
close_ear(struct lookup *l)
{
	struct ear *ear = l->ear;

	if (ear == NULL)
		return;
	pthread_mutex_lock(&l->mutex);
	l->ear = NULL;
	pthread_mutex_unlock(&l->mutex);
	uv_close((uv_handle_t *)&ear->async, on_ear_closed);
}

// Those who hear of it may begin the same look-up again, or leave others: one at a time, and l last.
static void
on_heard(uv_async_t *async)
{
	struct lookup *l = container_of(async, struct ear, async)->lookup;

	if (!has_finished(l))
		return;
	close_ear(l);
	const char *text = l->status != 0 ? gai_strerror(l->status) : "the name has no address";
	const struct addresses *found = l->status == 0 && l->found.count > 0 ? &l->found : NULL;
	list_remove(&l->order);
	while (!list_is_empty(&l->waiting)) {
		struct lookup_wait *w = container_of(l->waiting.next, struct lookup_wait, order);
		list_remove(&w->order);
		w->lookup = NULL;
		w->done(w->owner, found, text);
	}
	lookup_free(l);
}

static bool
open_ear(struct lookup *l, uv_loop_t *loop)
{
	struct ear *ear = mem_alloc(sizeof(*ear));

	if (ear == NULL || uv_async_init(loop, &ear->async, on_heard) != 0) {
		mem_free(ear);
		return false;
	}
	ear->lookup = l;
	pthread_mutex_lock(&l->mutex);
	l->ear = ear;
	if (l->finished)	// between the two looks
		uv_async_send(&ear->async);
	pthread_mutex_unlock(&l->mutex);
	return true;
}

bool
lookup_begin(struct lookup_wait *w, uv_loop_t *loop, const char *host, const char **text)
{
	struct lookup *l = find(host);

	*text = "too many names are being looked up";
	if (l == NULL && running >= LOOKUP_THREADS)
		return false;
	*text = "out of memory";
	l = l != NULL ? l : lookup_new(host);
	if (l == NULL || (l->ear == NULL && !open_ear(l, loop)))
		return false;
	w->lookup = l;
	list_append(&l->waiting, &w->order);
	return true;
}

void
lookup_leave(struct lookup_wait *w)
{
	struct lookup *l = w->lookup;

	if (l == NULL)
		return;
	w->lookup = NULL;
	list_remove(&w->order);
	// In the midst of on_heard() it stands in no list any more.
	if (list_is_empty(&l->waiting) && list_is_linked(&l->order))
		close_ear(l);
}
