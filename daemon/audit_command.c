// SPDX-License-Identifier: GPL-3.0-or-later
// audit_command: records of the audit, as the store has them.
//   {"command":"audit","after":N}    those after number N; -N: the last N
//   answer  {"records":["{...}",...],"last":M}    M: number of the last one; as many as fit; none: there are no more
#include <cjson/cJSON.h>

#include "base/memory.h"
#include "daemon/daemon.h"
#include "store/audit.h"

enum { PAGE_RECORDS = 64, PAGE_OCTETS = 36 * 1024 };	// quotes are escaped on their way: a frame holds half as much again

struct page { struct daemon *d; uint64_t call; cJSON *records; size_t octets; int64_t last; bool full, failed; };

static void
on_line(void *context, int64_t seq, struct span line)
{
	struct page *p = context;

	p->full = p->full || (p->octets > 0 && p->octets + line.len > PAGE_OCTETS);
	if (p->full || p->failed)
		return;
	char *text = mem_printf("%.*s", (int)line.len, (const char *)line.data);
	cJSON *item = text != NULL ? cJSON_CreateString(text) : NULL;
	mem_free(text);
	if (item == NULL || !cJSON_AddItemToArray(p->records, item)) {
		cJSON_Delete(item);
		p->failed = true;
		return;
	}
	p->octets += line.len;
	p->last = seq;
}

static void
on_read(void *context, bool well, int64_t last)
{
	struct page *p = context;
	cJSON *o = cJSON_CreateObject();

	if (!p->full)
		p->last = last;
	well = well && !p->failed && o != NULL && cJSON_AddNumberToObject(o, "last", (double)p->last) != NULL;
	if (well)
		cJSON_AddItemToObject(o, "records", p->records);
	else
		cJSON_Delete(p->records);
	if (p->d->control != NULL)
		control_answer(p->d->control, p->call, well ? CONTROL_DONE : CONTROL_LOCAL, well ? NULL : "the records cannot be read from the store", o);
	else
		cJSON_Delete(o);
	mem_free(p);
}

void
audit_command(void *context, struct control *c, uint64_t call, const cJSON *request)
{
	struct daemon *d = context;
	const cJSON *after = cJSON_GetObjectItemCaseSensitive(request, "after");
	struct page *p = mem_alloc(sizeof(*p));
	double from = cJSON_IsNumber(after) ? after->valuedouble : 0;

	gateway_record(d->gateway);
	if (p != NULL)
		*p = (struct page){ .d = d, .call = call, .records = cJSON_CreateArray() };
	if (p != NULL && p->records != NULL && from > -1e15 && from < 1e15 &&
	    audit_read(d->store, (int64_t)from, PAGE_RECORDS, on_line, on_read, p))
		return;
	if (p != NULL)
		cJSON_Delete(p->records);
	mem_free(p);
	control_answer(c, call, CONTROL_LOCAL, "the store answers nothing at the moment", NULL);
}
