// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/trace.h"

#include <stdio.h>

#include "base/log.h"
#include "codec/text.h"
#include "gateway/refuse.h"

enum { ID_TEXT = 2 * CAP_TRANSACTION_ID + 4, NUMBER_TEXT = 24 };

static const char *
number_text(size_t n, char out[NUMBER_TEXT])
{
	snprintf(out, NUMBER_TEXT, "%zu", n);
	return out;
}

static const char *
size_text(const struct blob *octets, char out[NUMBER_TEXT])
{
	return octets == NULL ? NULL : number_text(blob_span(octets).len, out);
}

static const char *
id_text(const struct pkimessage *m, char out[ID_TEXT])
{
	return m->header.has_transaction_id ? hex_text(m->header.transaction_id, out, ID_TEXT) : NULL;
}

void
trace_request(const struct gate_listener *l, const struct peer *peer, const struct label *label, const struct message *m)
{
	char size[NUMBER_TEXT], id[ID_TEXT];

	if (!log_wanted(LOG_TRACE_))
		return;
	struct log_field fields[] = {
		{ "peer", peer->text }, { "listener", l->name }, { "path", label->path[0] != '\0' ? label->path : NULL },
		{ "body", body_name(m->view.body) }, { "octets", size_text(m->octets, size) }, { "transactionID", id_text(&m->view, id) }, { NULL, NULL }
	};
	log_event(LOG_TRACE_, "message", fields, "from a device");
}

void
trace_reply(const struct exchange *x, const struct reply *reply)
{
	char size[NUMBER_TEXT], id[ID_TEXT];

	if (!log_wanted(LOG_TRACE_))
		return;
	struct log_field fields[] = {
		{ "peer", x->peer.text }, { "listener", x->listener->name }, { "body", reply->body },
		{ "reason", reply->kind == REPLY_REFUSE ? refuse_name(reply->reason) : reply->kind == REPLY_LATER ? "later" : NULL },
		{ "octets", size_text(reply->message, size) },
		{ "transactionID", x->request != NULL ? id_text(&x->request->view, id) : NULL }, { NULL, NULL }
	};
	log_event(LOG_TRACE_, "message", fields, "to a device");
}

void
trace_submission(const struct submission *s, const struct blob *octets)
{
	char size[NUMBER_TEXT];

	if (!log_wanted(LOG_TRACE_))
		return;
	struct log_field fields[] = { { "upstream", s->upstream->name }, { "octets", size_text(octets, size) }, { NULL, NULL } };
	log_event(LOG_TRACE_, "message", fields, "to an upstream");
}

void
trace_outcome(const struct submission *s, const struct outcome *o)
{
	static const char *const kinds[] = {
		[OUTCOME_ANSWER] = "an answer", [OUTCOME_NOT_SENT] = "not sent", [OUTCOME_MAYBE_SENT] = "sent, and no answer",
		[OUTCOME_REFUSED] = "refused", [OUTCOME_STORED] = "stored"
	};
	char size[NUMBER_TEXT], status[NUMBER_TEXT];

	if (!log_wanted(LOG_TRACE_))
		return;
	struct log_field fields[] = {
		{ "upstream", s->upstream->name }, { "outcome", kinds[o->kind] },
		{ "status", o->kind == OUTCOME_REFUSED ? number_text((size_t)o->status, status) : NULL },
		{ "octets", size_text(o->message, size) }, { "text", o->text }, { NULL, NULL }
	};
	log_event(LOG_TRACE_, "message", fields, "from an upstream");
}
