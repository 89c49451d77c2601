// SPDX-License-Identifier: GPL-3.0-or-later
// unit: rows that become durable together or not at all.
#include "store/private.h"

#include "base/memory.h"

struct store_unit *
store_unit_new(void)
{
	struct store_unit *u = mem_alloc(sizeof(*u));

	if (u != NULL)
		u->tail = &u->first;
	return u;
}

void
store_unit_free(struct store_unit *u)
{
	if (u == NULL)
		return;
	for (struct store_op *op = u->first, *next; op != NULL; op = next) {
		next = op->next;
		mem_free(op);
	}
	mem_free(u);
}

bool
store_unit_is_empty(const struct store_unit *u)
{
	return u->first == NULL;
}

void *
unit_add(struct store_unit *u, size_t size, enum store_result (*run)(struct store_db *, struct store_op *, struct store_conflict *))
{
	struct store_op *op = mem_alloc(size);

	if (op == NULL) {
		u->failed = true;
		return NULL;
	}
	op->run = run;
	*u->tail = op;
	u->tail = &op->next;
	return op;
}
