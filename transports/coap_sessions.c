// SPDX-License-Identifier: GPL-3.0-or-later
#include "transports/coap_sessions.h"

#include "base/map.h"
#include "base/memory.h"

void
coap_sessions_init(struct coap_sessions *s)
{
	*s = (struct coap_sessions){ .count = 0 };
	list_init(&s->order);
}

void
coap_sessions_clear(struct coap_sessions *s)
{
	while (s->count > 0)
		coap_sessions_leave(s, container_of(s->order.next, struct coap_peer, order));
}

struct coap_peer *
coap_sessions_enter(struct coap_sessions *s, void *session)
{
	struct coap_peer *p = mem_alloc(sizeof(*p));

	if (p == NULL)
		return NULL;
	p->session = session;
	list_append(&s->order, &p->order);
	s->count++;
	return p;
}

void
coap_sessions_leave(struct coap_sessions *s, struct coap_peer *p)
{
	if (p == NULL)
		return;
	stream_place_leave(&p->place);
	list_remove(&p->order);
	s->count--;
	s->released -= p->released;
	mem_free(p);
}

void
coap_sessions_touch(struct coap_sessions *s, struct coap_peer *p)
{
	if (p == NULL)
		return;
	list_remove(&p->order);
	list_append(&s->order, &p->order);
	s->released -= p->released;
	p->released = false;
}

void *
coap_sessions_release(struct coap_sessions *s, size_t limit)
{
	if (s->count - s->released <= limit)
		return NULL;
	for (struct list *n = s->order.next; n != &s->order; n = n->next) {
		struct coap_peer *p = container_of(n, struct coap_peer, order);
		if (p->running > 0 || p->released)
			continue;
		p->released = true;
		s->released++;
		return p->session;
	}
	return NULL;
}
