// SPDX-License-Identifier: GPL-3.0-or-later
// memory: SQLite allocates through base/memory, so that tests reach each of its
// allocations. SQLite asks for the size of a block: it stands in front of it.
#include "store/private.h"

#include "base/memory.h"

enum { HEAD = 8 };	// octets; what follows keeps the alignment that SQLite needs

static void *
put_size(void *block, int size)
{
	if (block == NULL)
		return NULL;
	*(uint64_t *)block = (uint64_t)size;
	return (uint8_t *)block + HEAD;
}

static void *
block_of(void *memory)
{
	return (uint8_t *)memory - HEAD;
}

static void *
take(int size)
{
	return put_size(mem_alloc((size_t)size + HEAD), size);
}

static void
give(void *memory)
{
	if (memory != NULL)
		mem_free(block_of(memory));
}

static void *
resize(void *memory, int size)
{
	return put_size(mem_resize(block_of(memory), (size_t)size + HEAD), size);
}

static int
size_of(void *memory)
{
	return memory == NULL ? 0 : (int)*(uint64_t *)block_of(memory);
}

static int
round_up(int size)
{
	return (size + 7) & ~7;
}

static int
begin(void *context)
{
	(void)context;
	return SQLITE_OK;
}

static void
end(void *context)
{
	(void)context;
}

bool
store_memory(void)
{
	static const sqlite3_mem_methods methods = { take, give, resize, size_of, round_up, begin, end, NULL };
	static bool given;

	// Its own statistics would cost a mutex at each allocation.
	if (!given && (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK || sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK))
		return false;
	given = true;
	return sqlite3_initialize() == SQLITE_OK;
}
