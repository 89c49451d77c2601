// SPDX-License-Identifier: GPL-3.0-or-later
// list: doubly linked, the links inside the objects, a ring around its head.
#ifndef CMPGATE_BASE_LIST_H
#define CMPGATE_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list { struct list *next, *prev; };

static inline void
list_init(struct list *head)
{
	head->next = head->prev = head;
}

static inline bool
list_is_empty(const struct list *head)
{
	return head->next == head;
}

// Tell whether a node (zeroed, or taken out by list_remove) is in a list.
static inline bool
list_is_linked(const struct list *node)
{
	return node->next != NULL;
}

static inline void
list_append(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

// Take a node out; nothing when it is in no list.
static inline void
list_remove(struct list *node)
{
	if (node->next == NULL)
		return;
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = node->prev = NULL;
}

#endif
