// SPDX-License-Identifier: GPL-3.0-or-later
// The CoAP driver (RFC 7252, RFC 7959, RFC 8323, RFC 9482), listener side.
// libcoap carries single messages: it parses, acknowledges, retransmits and
// keeps the connections. Everything that spans messages is ours, because the
// library's own ways lose data: block-wise transfer (coap_block), duplicates
// (coap_replay) and late answers. So the handler given to libcoap never fills
// the response that the library prepared; it sends messages of its own.
#include "build.h"
#include "transports/driver.h"

#include <coap3/coap.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/handle.h"
#include "base/log.h"
#include "base/memory.h"
#include "transports/coap_address.h"
#include "transports/coap_block.h"
#include "transports/coap_path.h"
#include "transports/coap_replay.h"
#include "transports/coap_sessions.h"
#include "transports/listen.h"

enum {
	FORMAT_PKIXCMP = 259,
	FORMAT_LINKS = 40,
	ACK_DELAY_MS = 1000,	// a peer sends again after 2 s; it shall have the empty ACK by then
	EVENTS_MAX = 16,	// of one epoll_wait
	ENDED_MAX = 3 * EVENTS_MAX,	// sessions that one of them may end: accepted, evicted, answered in vain
	STARVED_MS = 100,	// without any descriptor, until the next try
	ANSWER_MARGIN = 48,	// octets of token and options beside a block
	EVENT_REPEATS = 32,	// datagrams read for one walk of libcoap over its sessions
	ADDRESSES_MAX = 2,
	TAG_MAX = 48,		// octets of all Request-Tags of a message
	BUSY_SECONDS = 5,	// Max-Age when nobody knows better
	STREAM_MARGIN = 4096,	// a message that much too large still gets 4.13; a larger one ends the connection
	OPTION_REQUEST_TAG = 292
};

// Codes as on the wire: class and detail.
#define CODE(class, detail) ((uint8_t)((class) << 5 | (detail)))

struct coap_options { struct option_texts paths; };

static const struct option_row listener_rows[] = {
	{ .key = "paths", .kind = OPTION_TEXTS, .offset = offsetof(struct coap_options, paths), .max = 16,
	  .help = "Further paths that take CMP requests, beside /.well-known/cmp, /cmp and the path of the URL. Each is served exactly as written and shown by discovery.",
	  .check = coap_path_check, .example = "[/plant/cmp]" },
	{ .key = NULL }
};

struct place { coap_address_t address; char url[96]; };

struct listener {
	const struct transport_limits *limits;
	const struct driver_core *core;
	void *owner;
	char *name;
	struct option_texts paths;	// our own copy
	char *own;			// the path of the URL, one of them; may be empty
	bool stream, draining, closing;
	bool inside;			// libcoap is at work: it must not be entered again
	coap_context_t *context;
	struct place places[ADDRESSES_MAX];
	size_t place_count;
	uv_poll_t poll;
	uv_timer_t service;		// libcoap's timers
	uv_timer_t tick;		// ours: late ACKs, uploads and answers that grow old
	int handles;			// libuv handles not closed yet
	struct handle_table exchanges;
	struct exchange *first, *last;	// those that wait for their ACK, in order of arrival
	struct replay replay;
	struct coap_assemblies assemblies;
	uint64_t dropped, evicted;	// already counted of the two tables' counters
	struct coap_sessions sessions;
	bool crowded;			// idle sessions are let go soon
	int spare;			// streams: a descriptor kept back; -1 = none
	bool starved;			// what is accepted now took the last one
	coap_session_t *ended[ENDED_MAX];	// to be ended after libcoap's work
	size_t ended_count;
	void (*closed)(void *context);
	void *closed_context;
};

// Where an answer goes.
struct envelope {
	coap_session_t *session;
	coap_pdu_type_t type;	// of the request
	coap_mid_t mid;		// of the request
	uint8_t token[8];
	size_t token_len;
};

// One request that the core works on.
struct exchange {
	struct listener *listener;
	struct envelope to;		// holds a reference of the session
	uint64_t token;			// our handle
	uint64_t handle;		// the core's; 0 while it is being delivered
	bool acked;
	int64_t ack_at;
	struct exchange *older, *newer;	// in the list of those that wait for their ACK
	bool listed;
	struct replay_entry *entry;
	bool blocked, sliced;		// the request had Block1, Block2
	struct coap_block block1, block2;
};

// One request as read from its message.
struct request {
	struct listener *l;
	struct envelope to;
	uint8_t code;
	struct span peer;
	uint8_t peer_octets[COAP_PEER_KEY];
	bool path_ok, bad_option;
	struct label label;
	int64_t format, accept;		// -1: not there
	bool blocked, sliced, sized;
	struct coap_block block1, block2;
	uint64_t size1;
	uint8_t tag[TAG_MAX];
	size_t tag_len;
	struct span payload;
};

static void
count(const struct listener *l, const char *what)
{
	l->core->count(l->core->context, what);
}

// ---- Sending

static void
add_uint(coap_pdu_t *pdu, coap_option_num_t number, uint32_t value)
{
	uint8_t octets[4];
	size_t len = 0;

	for (int shift = 24; shift >= 0; shift -= 8)
		if (len > 0 || value >> shift != 0)
			octets[len++] = (uint8_t)(value >> shift);
	coap_add_option(pdu, number, len, octets);
}

static void
add_block(coap_pdu_t *pdu, coap_option_num_t number, const struct coap_block *b)
{
	uint8_t octets[3];
	size_t len = coap_block_write(b, octets);

	coap_add_option(pdu, number, len, octets);
}

// A block of a size that the peer takes, beginning where it would have begun.
static void
fit_block(size_t room, struct coap_block *b)
{
	unsigned szx = b->szx < COAP_SZX_MAX ? b->szx : COAP_SZX_MAX;

	b->szx = szx;
	while (b->szx > 0 && coap_block_size(b->szx) + ANSWER_MARGIN > room)
		b->szx--;
	b->num <<= szx - b->szx;
}

// Decide which part of the body goes into this message. False when b begins behind its end.
static bool
choose_part(const struct listener *l, const struct envelope *to, const struct coap_answer *a, struct coap_block *b,
	bool *sliced, struct span *part)
{
	struct span body = blob_span(a->body);
	size_t room = coap_session_max_pdu_size(to->session);

	*sliced = a->sliced || b->num > 0;
	if (!*sliced) {
		// A stream takes it whole when the peer said it can (RFC 8323 5.3.1).
		size_t most = l->stream ? (room > ANSWER_MARGIN ? room - ANSWER_MARGIN : 0) : coap_block_size(COAP_SZX_MAX);
		*part = body;
		if (body.len <= most)
			return true;
		*sliced = true;
		b->szx = COAP_SZX_MAX;
	}
	fit_block(room, b);
	return coap_block_slice(b, body, part);
}

// Send an answer, or the block of it that b names; *more: others follow it. In answer to a confirmable
// request it rides on the ACK, unless that has gone already.
static bool
send_answer(struct listener *l, const struct envelope *to, bool acked, const struct coap_answer *a, struct coap_block b, uint32_t etag, bool *more)
{
	struct span part = { NULL, 0 };
	coap_pdu_type_t type = to->type == COAP_MESSAGE_NON ? COAP_MESSAGE_NON : COAP_MESSAGE_CON;
	coap_mid_t mid = to->mid;
	bool sliced;

	if (!choose_part(l, to, a, &b, &sliced, &part))
		return false;
	*more = sliced && b.more;
	if (!l->stream && type == COAP_MESSAGE_CON && !acked)
		type = COAP_MESSAGE_ACK;
	else
		mid = coap_new_message_id(to->session);
	coap_pdu_t *pdu = coap_pdu_init(type, (coap_pdu_code_t)a->code, mid, coap_session_max_pdu_size(to->session));
	if (pdu == NULL)
		return false;
	coap_add_token(pdu, to->token_len, to->token);
	if (sliced)
		coap_add_option(pdu, COAP_OPTION_ETAG, sizeof(etag), (const uint8_t *)&etag);
	if (a->formatted)
		add_uint(pdu, COAP_OPTION_CONTENT_FORMAT, a->format);
	if (a->aged)
		add_uint(pdu, COAP_OPTION_MAXAGE, a->max_age);
	if (sliced)
		add_block(pdu, COAP_OPTION_BLOCK2, &b);
	if (a->blocked)
		add_block(pdu, COAP_OPTION_BLOCK1, &a->block1);
	if (sliced && b.num == 0)
		add_uint(pdu, COAP_OPTION_SIZE2, (uint32_t)blob_span(a->body).len);
	if (a->limited)
		add_uint(pdu, COAP_OPTION_SIZE1, a->limit);
	if (part.len > 0 && !coap_add_data(pdu, part.len, part.data)) {
		coap_delete_pdu(pdu);
		return false;
	}
	return coap_send(to->session, pdu) != COAP_INVALID_MID;
}

// Answer a request at once, without an exchange.
static void
answer_now(const struct request *r, struct coap_answer a)
{
	a.blocked = r->blocked;
	a.block1 = r->block1;
	if (a.code != CODE(2, 31))
		a.block1.more = false;
	a.sliced = false;
	bool more;
	send_answer(r->l, &r->to, false, &a, (struct coap_block){ 0 }, 0, &more);
}

static struct blob *
text_blob(const char *text)
{
	return text != NULL ? blob_new(span_text(text)) : NULL;
}

static void
tell_core(const struct request *r, uint8_t code, const char *text)
{
	struct listener *l = r->l;
	char answer[8];
	struct driver_refusal refusal = { .answer = answer, .asked = r->label.path[0] != '\0' ? r->label.path : NULL, .text = text };
	struct peer peer;

	snprintf(answer, sizeof(answer), "%u.%02u", code >> 5, code & 31);
	coap_address_peer(&peer, coap_session_get_addr_remote(r->to.session));
	driver_refused(l->core, l->owner, &peer, &refusal);
}

// Refuse a request: a code, a sentence for people, and how long that holds.
// Without Max-Age a cache would keep an error for a minute (RFC 7252 5.10.5).
static void
refuse_for(const struct request *r, uint8_t code, const char *text, uint32_t seconds)
{
	struct coap_answer a = { .code = code, .aged = true, .max_age = seconds, .body = text_blob(text) };

	tell_core(r, code, text);
	if (code == CODE(4, 13)) {
		a.limited = true;
		a.limit = (uint32_t)r->l->limits->max_message;
	}
	answer_now(r, a);
	blob_unref(a.body);
}

static void
refuse(const struct request *r, uint8_t code, const char *text)
{
	refuse_for(r, code, text, 0);
}

static void
send_ack(const struct envelope *to)
{
	coap_pdu_t *pdu = coap_pdu_init(COAP_MESSAGE_ACK, COAP_EMPTY_CODE, to->mid, 0);

	if (pdu != NULL)
		coap_send(to->session, pdu);
}

// ---- Timers

static void service(struct listener *l);

static void on_readable(uv_poll_t *poll, int status, int events);

static void
on_service(uv_timer_t *timer)
{
	struct listener *l = timer->data;

	uv_poll_start(&l->poll, UV_READABLE, on_readable);
	service(l);
}

// Let libcoap do what is due by its own timers, and come back when it wants to.
static void
service(struct listener *l)
{
	coap_tick_t now;

	if (l->inside || l->closing)
		return;
	l->inside = true;
	coap_ticks(&now);
	unsigned ms = coap_io_prepare_epoll(l->context, now);
	l->inside = false;
	if (l->closing)
		return;
	if (ms > 0)
		uv_timer_start(&l->service, on_service, ms, 0);
	else
		uv_timer_stop(&l->service);
}

// Bring the tables' own counters to the operator.
static void
count_losses(struct listener *l)
{
	for (; l->dropped < l->assemblies.dropped; l->dropped++)
		count(l, "coap.assembly-dropped");
	for (; l->evicted < l->replay.evicted; l->evicted++)
		count(l, "coap.answer-evicted");
}

static void
unlist(struct exchange *x)
{
	struct listener *l = x->listener;

	if (!x->listed)
		return;
	*(x->older != NULL ? &x->older->newer : &l->first) = x->newer;
	*(x->newer != NULL ? &x->newer->older : &l->last) = x->older;
	x->listed = false;
}

// Tell the peer that its request is here and the answer comes later.
static void
acknowledge(struct exchange *x)
{
	unlist(x);
	x->acked = true;
	send_ack(&x->to);
}

static void on_tick(uv_timer_t *timer);

static void
arm_tick(struct listener *l)
{
	int64_t due = coap_assemblies_due(&l->assemblies), now = clock_mono_ms();

	if (l->closing)
		return;
	if (replay_due(&l->replay) < due)
		due = replay_due(&l->replay);
	if (l->first != NULL && l->first->ack_at < due)
		due = l->first->ack_at;
	if (due == INT64_MAX)
		uv_timer_stop(&l->tick);
	else
		uv_timer_start(&l->tick, on_tick, due > now ? (uint64_t)(due - now) : 1, 0);
}

static void
on_tick(uv_timer_t *timer)
{
	struct listener *l = timer->data;
	int64_t now = clock_mono_ms();

	while (l->first != NULL && l->first->ack_at <= now)
		acknowledge(l->first);
	coap_assemblies_expire(&l->assemblies, now);
	replay_expire(&l->replay, now);
	count_losses(l);
	arm_tick(l);
}

// End a session; one that libcoap works on, when it is done with that.
static void
end_session(struct listener *l, coap_session_t *session)
{
	if (l->closing)
		return;
	if (!l->inside) {
		l->inside = true;
		coap_session_disconnected(session, COAP_NACK_NOT_DELIVERABLE);
		l->inside = false;
		service(l);
		return;
	}
	for (size_t i = 0; i < l->ended_count; i++)
		if (l->ended[i] == session)
			return;
	if (l->ended_count < ENDED_MAX)
		l->ended[l->ended_count++] = session;
}

// ---- Exchanges

// Only a session without exchanges may make place for another.
static void
count_running(coap_session_t *session, bool one_more)
{
	struct coap_peer *p = coap_session_get_app_data(session);

	if (p == NULL)
		return;
	p->running += one_more ? 1u : 0u;
	p->running -= one_more ? 0u : 1u;
	stream_place_idle(&p->place, p->running == 0);
}

// Forget an exchange, without an answer. Its entry stays unless the caller takes it.
static void
end_exchange(struct exchange *x)
{
	unlist(x);
	handle_close(&x->listener->exchanges, x->token);
	count_running(x->to.session, false);
	coap_session_release(x->to.session);
	mem_free(x);
}

static struct exchange *
new_exchange(struct request *r)
{
	struct listener *l = r->l;
	struct replay_key key = {
		.peer = r->peer, .mid = l->stream ? -1 : r->to.mid,
		.path = span_text(r->label.path), .tag = span_of(r->tag, r->tag_len)
	};
	struct exchange *x = mem_alloc(sizeof(*x));

	if (x == NULL)
		return NULL;
	*x = (struct exchange){
		.listener = l, .to = r->to, .blocked = r->blocked, .block1 = r->block1, .sliced = r->sliced, .block2 = r->block2
	};
	x->token = handle_open(&l->exchanges, x);
	if (x->token != 0)
		x->entry = replay_open(&l->replay, &key, x->token, clock_mono_ms());
	if (x->entry == NULL) {
		handle_close(&l->exchanges, x->token);
		mem_free(x);
		return NULL;
	}
	coap_session_reference(x->to.session);
	count_running(x->to.session, true);
	return x;
}

// Only a confirmable message waits for an acknowledgement.
static void
await_ack(struct exchange *x)
{
	struct listener *l = x->listener;

	if (l->stream || x->to.type != COAP_MESSAGE_CON)
		return;
	x->ack_at = clock_mono_ms() + ACK_DELAY_MS;
	x->older = l->last;
	*(l->last != NULL ? &l->last->newer : &l->first) = x;
	l->last = x;
	x->listed = true;
}

// Hand a whole message to the core. The core may answer before it returns.
static void
begin_exchange(struct request *r, struct blob *message)
{
	struct listener *l = r->l;
	struct peer peer;

	if ((int64_t)l->exchanges.count >= l->limits->coap_waiting) {
		count(l, "coap.waiting-full");
		refuse_for(r, CODE(5, 3), "too many requests wait for an answer", BUSY_SECONDS);
		return;
	}
	struct exchange *x = new_exchange(r);
	if (x == NULL) {
		refuse_for(r, CODE(5, 3), "no memory", BUSY_SECONDS);
		return;
	}
	uint64_t token = x->token;
	await_ack(x);
	coap_address_peer(&peer, coap_session_get_addr_remote(r->to.session));
	uint64_t handle = l->core->deliver(l->core->context, l->owner, token, &peer, &r->label, CONTENT_PKIMESSAGE,
		message, (struct span){ NULL, 0 });
	x = handle_find(&l->exchanges, token);
	if (x != NULL)
		x->handle = handle;
}

static const struct { uint8_t code; const char *text; } refusals[REFUSE_COUNT] = {
	[REFUSE_BUSY] = { CODE(5, 3), "the gateway is busy" },
	[REFUSE_TRY_AGAIN] = { CODE(5, 3), "try again" },
	[REFUSE_UNAVAILABLE] = { CODE(5, 3), "the upstream cannot be reached" },
	[REFUSE_TIMEOUT] = { CODE(5, 4), "the upstream did not answer in time" },
	[REFUSE_BAD_UPSTREAM] = { CODE(5, 2), "the upstream's answer cannot be used" },
	[REFUSE_MALFORMED] = { CODE(4, 0), "this is no PKIMessage" },
	[REFUSE_TOO_LARGE] = { CODE(4, 13), "the message is too large" },
	[REFUSE_NOT_FOUND] = { CODE(4, 4), "no such path" },
	[REFUSE_RATE] = { CODE(4, 29), "too many requests" },
	[REFUSE_INTERNAL] = { CODE(5, 0), "internal error" },
};

// Put a refusal into CoAP's words. The answer owns its body.
static struct coap_answer
refusal_answer(const struct listener *l, const struct reply *reply)
{
	bool known = reply->kind == REPLY_REFUSE && reply->reason < REFUSE_COUNT;
	enum refusal reason = known ? reply->reason : REFUSE_INTERNAL;
	struct coap_answer a = { .code = refusals[reason].code, .aged = true, .max_age = reply->seconds };

	if (a.max_age == 0 && reason == REFUSE_TRY_AGAIN)
		a.max_age = 1;
	if (reason == REFUSE_TOO_LARGE) {
		a.limited = true;
		a.limit = (uint32_t)l->limits->max_message;
	}
	if (known && reply->message != NULL) {
		a.formatted = true;
		a.format = FORMAT_PKIXCMP;
		a.body = blob_ref(reply->message);
	} else {
		a.body = text_blob(known && reply->text != NULL ? reply->text : refusals[reason].text);
	}
	return a;
}

static struct coap_answer
answer_of(const struct listener *l, const struct reply *reply)
{
	if (reply->kind == REPLY_NOTHING)
		return (struct coap_answer){ .code = 0 };
	if (reply->kind != REPLY_ANSWER || reply->message == NULL)
		return refusal_answer(l, reply);
	return (struct coap_answer){
		.code = CODE(2, 4), .formatted = true, .format = FORMAT_PKIXCMP, .body = blob_ref(reply->message)
	};
}

static void
coap_listener_respond(struct listener *l, uint64_t token, const struct reply *reply)
{
	struct exchange *x = handle_find(&l->exchanges, token);
	bool well = false;

	if (x == NULL || l->closing)
		return;
	struct coap_answer a = answer_of(l, reply);
	a.blocked = x->blocked;
	a.block1 = x->block1;
	a.sliced = x->sliced;
	a.szx = x->block2.szx;
	if (a.code != 0)
		well = send_answer(l, &x->to, x->acked, &a, (struct coap_block){ .szx = a.szx }, x->entry->etag, &a.parted);
	if (a.code != 0 && !well)
		count(l, "coap.unsent");
	// A peer that takes no message of any size would wait for ever.
	coap_session_t *deaf = l->stream && a.code != 0 && !well ? coap_session_reference(x->to.session) : NULL;
	l->replay.octet_limit = transport_share(l->limits);
	replay_finish(&l->replay, x->entry, &a, clock_mono_ms());
	blob_unref(a.body);
	uint64_t handle = x->handle;
	end_exchange(x);
	if (deaf != NULL) {
		end_session(l, deaf);
		coap_session_release(deaf);
	}
	count_losses(l);
	arm_tick(l);
	service(l);
	if (handle != 0 && a.code != 0)
		l->core->sent(l->core->context, handle, well);
}

// The message was here before. While its exchange runs the peer hears that we
// have it; afterwards it gets what was sent the first time.
static bool
replayed(const struct request *r)
{
	struct listener *l = r->l;

	if (l->stream)
		return false;
	struct replay_entry *e = replay_find(&l->replay, r->peer, r->to.mid, clock_mono_ms());
	if (e == NULL)
		return false;
	count(l, "coap.duplicate");
	if (!e->done) {
		struct exchange *x = handle_find(&l->exchanges, e->exchange);
		if (x != NULL && x->to.type == COAP_MESSAGE_CON)
			acknowledge(x);
	} else if (e->answer.code != 0) {
		bool more;
		send_answer(l, &r->to, false, &e->answer, (struct coap_block){ .szx = e->answer.szx }, e->etag, &more);
	}
	return true;
}

// ---- Requests

// A later block of an answer that was given before.
static void
serve_block(const struct request *r)
{
	struct listener *l = r->l;
	struct replay_key key = {
		.peer = r->peer, .mid = -1, .path = span_text(r->label.path), .tag = span_of(r->tag, r->tag_len)
	};
	struct replay_entry *e = replay_find_answer(&l->replay, &key, clock_mono_ms());

	if (e == NULL) {
		refuse(r, CODE(4, 8), "no answer is kept for this path; send the request again");
		return;
	}
	struct coap_answer a = e->answer;
	a.blocked = a.limited = false;
	a.sliced = true;
	bool more;
	if (!send_answer(l, &r->to, false, &a, r->block2, e->etag, &more))
		refuse(r, CODE(4, 0), "this block is behind the end of the answer");
	else if (!more)
		replay_fetched(&l->replay, e);
}

static void
serve_links(const struct request *r)
{
	struct buffer links;
	struct coap_answer a = { .code = CODE(2, 5), .formatted = true, .format = FORMAT_LINKS };

	if (r->accept >= 0 && r->accept != FORMAT_LINKS) {
		refuse(r, CODE(4, 6), "this is link format (40) only");
		return;
	}
	buffer_init(&links, 8192);
	if (coap_path_links(&links, &r->l->paths))
		a.body = blob_new(buffer_span(&links));
	buffer_clear(&links);
	a.sliced = r->sliced;
	bool more;
	if (a.body == NULL)
		refuse(r, CODE(5, 3), "no memory");
	else if (!send_answer(r->l, &r->to, false, &a, r->block2, 0, &more))
		refuse(r, CODE(4, 0), "this block is behind the end");
	blob_unref(a.body);
}

// Answer an upload that is not complete.
static void
answer_step(const struct request *r, enum coap_step step)
{
	struct listener *l = r->l;
	unsigned wait = coap_assemblies_wait(&l->assemblies, clock_mono_ms());

	switch (step) {
	case COAP_STEP_CONTINUE:
		answer_now(r, (struct coap_answer){ .code = CODE(2, 31) });
		return;
	case COAP_STEP_INCOMPLETE:
		refuse(r, CODE(4, 8), "a block is missing or differs; begin again with block 0");
		return;
	case COAP_STEP_TOO_LARGE:
		count(l, "coap.too-large");
		refuse(r, CODE(4, 13), "the message is too large");
		return;
	case COAP_STEP_RATE:
		count(l, "coap.assembly-refused");
		refuse_for(r, CODE(4, 29), "too many uploads at a time", wait);
		return;
	case COAP_STEP_BUSY:
		count(l, "coap.assembly-refused");
		refuse_for(r, CODE(5, 3), "too many uploads at a time", wait);
		return;
	case COAP_STEP_BAD:
	case COAP_STEP_COMPLETE:
		break;
	}
	refuse(r, CODE(4, 0), "the block's size is against the rules");
}

// Take the content: a block of it, or all.
static void
take_content(struct request *r)
{
	struct listener *l = r->l;
	struct blob *whole;
	struct coap_piece piece = {
		.peer = r->peer, .tag = span_of(r->tag, r->tag_len), .path = span_text(r->label.path),
		.block = r->blocked ? r->block1 : (struct coap_block){ .szx = COAP_SZX_MAX },
		.payload = r->payload, .sized = r->sized, .size = r->size1,
		.mid = l->stream ? -1 : r->to.mid, .stream = l->stream
	};
	enum coap_step step = COAP_STEP_COMPLETE;

	if (r->blocked) {
		step = coap_assemblies_take(&l->assemblies, &piece, clock_mono_ms(), &whole);
		count_losses(l);
	} else if (piece.payload.len > (size_t)l->limits->max_message) {
		step = COAP_STEP_TOO_LARGE;
	} else {
		whole = blob_new(piece.payload);
		if (whole == NULL)
			step = COAP_STEP_BUSY;
	}
	if (step != COAP_STEP_COMPLETE) {
		answer_step(r, step);
		return;
	}
	if (blob_span(whole).len == 0)
		refuse(r, CODE(4, 0), "the request has no content");
	else
		begin_exchange(r, whole);
	blob_unref(whole);
}

// Everything about a request that can be refused before its content is looked at.
static bool
admitted(const struct request *r)
{
	if (r->format != FORMAT_PKIXCMP) {
		refuse(r, CODE(4, 15), "the content must be application/pkixcmp (259)");
		return false;
	}
	if (r->accept >= 0 && r->accept != FORMAT_PKIXCMP) {
		refuse(r, CODE(4, 6), "the answer is application/pkixcmp (259)");
		return false;
	}
	if (r->l->draining && (!r->blocked || r->block1.num == 0)) {
		refuse_for(r, CODE(5, 3), "the gateway is closing", 1);
		return false;
	}
	return true;
}

static void
take_request(struct request *r)
{
	if (replayed(r))
		return;
	if (r->bad_option) {
		refuse(r, CODE(4, 2), "an option is not understood");
		return;
	}
	if (r->sliced && r->block2.szx == COAP_SZX_BERT && !r->l->stream) {
		refuse(r, CODE(4, 0), "block size 7 is for streams only");
		return;
	}
	if (r->code == COAP_REQUEST_GET && r->path_ok && strcmp(r->label.path, COAP_PATH_CORE) == 0) {
		serve_links(r);
		return;
	}
	if (r->code != COAP_REQUEST_POST || (r->path_ok && strcmp(r->label.path, COAP_PATH_CORE) == 0)) {
		refuse(r, CODE(4, 5), "CMP requests are sent with POST");
		return;
	}
	if (!r->path_ok || !coap_path_resolve(&r->label, &r->l->paths)) {
		count(r->l, "coap.not-found");
		refuse(r, CODE(4, 4), "no such path");
		return;
	}
	if (r->sliced && r->block2.num > 0)
		serve_block(r);
	else if (admitted(r))
		take_content(r);
}

// ---- Reading a message

// The value of an option of type uint; UINT64_MAX when it is longer than `most` octets.
static uint64_t
read_uint(struct span value, size_t most)
{
	uint64_t x = 0;

	if (value.len > most)
		return UINT64_MAX;
	for (size_t i = 0; i < value.len; i++)
		x = x << 8 | value.data[i];
	return x;
}

// A critical option that stands twice counts as not understood (RFC 7252 5.4.5).
static void
read_block(struct request *r, struct span value, bool *there, struct coap_block *b)
{
	if (*there || !coap_block_read(b, value))
		r->bad_option = true;
	*there = true;
}

// The tags of a message follow each other, each behind its length, so that "no
// tag" and an empty tag differ (RFC 9175 3.2).
static void
read_tag(struct request *r, struct span value)
{
	if (value.len > 8 || r->tag_len + 1 + value.len > sizeof(r->tag)) {
		r->bad_option = true;
		return;
	}
	r->tag[r->tag_len++] = (uint8_t)value.len;
	if (value.len > 0)
		memcpy(r->tag + r->tag_len, value.data, value.len);
	r->tag_len += value.len;
}

static void
read_option(struct request *r, coap_option_num_t number, struct span value)
{
	switch (number) {
	case COAP_OPTION_URI_PATH:
		r->path_ok = coap_path_append(&r->label, value) && r->path_ok;
		break;
	case COAP_OPTION_CONTENT_FORMAT:
		r->format = (int64_t)(read_uint(value, 2) & 0xFFFFFF);
		break;
	case COAP_OPTION_ACCEPT:
		if (r->accept >= 0 || value.len > 2)
			r->bad_option = true;
		else
			r->accept = (int64_t)read_uint(value, 2);
		break;
	case COAP_OPTION_BLOCK1:
		read_block(r, value, &r->blocked, &r->block1);
		break;
	case COAP_OPTION_BLOCK2:
		read_block(r, value, &r->sliced, &r->block2);
		break;
	case COAP_OPTION_SIZE1:
		r->sized = true;
		r->size1 = read_uint(value, 4);
		break;
	case OPTION_REQUEST_TAG:
		read_tag(r, value);
		break;
	case COAP_OPTION_IF_MATCH:
	case COAP_OPTION_IF_NONE_MATCH:
		// Critical, and known to libcoap, but not to us.
		r->bad_option = true;
		break;
	default:
		break;
	}
}

static void
read_request(struct request *r, struct listener *l, coap_session_t *session, const coap_pdu_t *pdu)
{
	coap_bin_const_t token = coap_pdu_get_token(pdu);
	coap_opt_iterator_t walk;
	size_t len;
	const uint8_t *data;

	*r = (struct request){ .l = l, .path_ok = true, .format = -1, .accept = -1 };
	r->to = (struct envelope){ .session = session, .type = coap_pdu_get_type(pdu), .mid = coap_pdu_get_mid(pdu) };
	r->to.token_len = token.length <= sizeof(r->to.token) ? token.length : sizeof(r->to.token);
	if (r->to.token_len > 0)
		memcpy(r->to.token, token.s, r->to.token_len);
	r->code = (uint8_t)coap_pdu_get_code(pdu);
	r->peer = coap_address_key(coap_session_get_addr_remote(session), r->peer_octets);
	coap_option_iterator_init(pdu, &walk, COAP_OPT_ALL);
	for (coap_opt_t *o = coap_option_next(&walk); o != NULL; o = coap_option_next(&walk))
		read_option(r, walk.number, span_of(coap_opt_value(o), coap_opt_length(o)));
	if (coap_get_data(pdu, &len, &data))
		r->payload = span_of(data, len);
}

static void
on_request(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *pdu, const coap_string_t *query,
	coap_pdu_t *response)
{
	struct listener *l = coap_get_app_data(coap_session_get_context(session));
	struct request r;

	(void)resource;
	(void)query;
	// An empty non-confirmable response is never sent: we send our own.
	coap_pdu_set_type(response, COAP_MESSAGE_NON);
	if (l->closing)
		return;
	if (coap_address_is_group(coap_session_get_addr_local(session))) {
		count(l, "coap.multicast");
		return;
	}
	struct coap_peer *p = coap_session_get_app_data(session);
	coap_sessions_touch(&l->sessions, p);
	if (p != NULL)
		stream_place_idle(&p->place, p->running == 0);
	read_request(&r, l, session, pdu);
	take_request(&r);
}

// ---- Events of libcoap

// A stream has ended: nobody waits for its answers any more.
static void
forget_session(struct listener *l, const coap_session_t *session)
{
	size_t cursor = 0;
	uint64_t token;
	struct exchange *x;

	while ((x = handle_next(&l->exchanges, &cursor, &token)) != NULL) {
		if (x->to.session != session)
			continue;
		uint64_t handle = x->handle;
		replay_forget(&l->replay, x->entry);
		end_exchange(x);
		if (handle != 0)
			l->core->gone(l->core->context, handle);
	}
}

#if HAVE_DECL_COAP_EVENT_SERVER_SESSION_NEW
static void
evict_session(void *owner)
{
	struct coap_peer *p = owner;
	coap_session_t *session = p->session;
	struct listener *l = coap_get_app_data(coap_session_get_context(session));

	stream_place_leave(&p->place);
	end_session(l, session);
}

// Connections count with those of the other drivers.
static bool
has_place(struct listener *l, struct coap_peer *p)
{
	struct peer peer;

	if (p == NULL || l->starved || (int64_t)l->sessions.count > l->limits->coap_sessions)
		return false;
	coap_address_peer(&peer, coap_session_get_addr_remote(p->session));
	p->place.evict = evict_session;
	p->place.owner = p;
	if (!stream_place_take(&p->place, &peer, l->limits))
		return false;
	stream_place_idle(&p->place, true);
	return true;
}

static void
session_begins(struct listener *l, coap_session_t *session)
{
	struct coap_peer *p = coap_sessions_enter(&l->sessions, session);

	coap_session_set_app_data(session, p);
	if (!l->stream || has_place(l, p))
		return;
	count(l, "coap.sessions-full");
	end_session(l, session);
}

static void
session_ends(struct listener *l, coap_session_t *session)
{
	coap_sessions_leave(&l->sessions, coap_session_get_app_data(session));
	coap_session_set_app_data(session, NULL);
	for (size_t i = 0; i < l->ended_count; i++)
		if (l->ended[i] == session)
			l->ended[i] = NULL;
}
#endif

static int
on_event(coap_session_t *session, const coap_event_t event)
{
	struct listener *l = coap_get_app_data(coap_session_get_context(session));

	if (l == NULL || l->closing)
		return 0;
	switch ((int)event) {
#if HAVE_DECL_COAP_EVENT_SERVER_SESSION_NEW
	case COAP_EVENT_SERVER_SESSION_NEW:
		session_begins(l, session);
		break;
	case COAP_EVENT_SERVER_SESSION_DEL:
		session_ends(l, session);
		break;
#endif
	case COAP_EVENT_TCP_CLOSED:
	case COAP_EVENT_TCP_FAILED:
	case COAP_EVENT_SESSION_CLOSED:
	case COAP_EVENT_SESSION_FAILED:
		forget_session(l, session);
		break;
	default:
		break;
	}
	return 0;
}

// A separate answer was refused by the peer, or never acknowledged.
static void
on_nack(coap_session_t *session, const coap_pdu_t *sent, const coap_nack_reason_t reason, const coap_mid_t mid)
{
	struct listener *l = coap_get_app_data(coap_session_get_context(session));

	(void)sent;
	(void)reason;
	(void)mid;
	if (l != NULL && !l->closing)
		count(l, "coap.undelivered");
}

static void
on_library_log(coap_log_t level, const char *message)
{
	struct log_field fields[] = { { "library", message }, { NULL, NULL } };

	log_event(level <= 3 ? LOG_ERROR_ : LOG_DEBUG_, "coap", fields, "libcoap has a complaint");
}

// ---- The loop

static void
end_those(struct listener *l)
{
	// While closing nobody tells us which sessions are gone; they all go soon.
	for (size_t i = 0; i < l->ended_count && !l->closing; i++)
		if (l->ended[i] != NULL)
			coap_session_disconnected(l->ended[i], COAP_NACK_NOT_DELIVERABLE);
	l->ended_count = 0;
}

static int
another_descriptor(const struct listener *l)
{
	return fcntl(coap_context_get_coap_fd(l->context), F_DUPFD_CLOEXEC, 3);
}

// epoll tells of a connection until it is accepted, and without a descriptor for
// it that would go on for ever. So one is kept back for that moment: the
// connection is accepted with it, and ended. False: there is not even that one.
static bool
can_accept(struct listener *l)
{
	if (!l->stream)
		return true;
	int probe = another_descriptor(l);
	l->starved = probe < 0;
	if (!l->starved) {
		close(probe);
		return true;
	}
	if (l->spare < 0)
		return false;
	count(l, "coap.no-descriptors");
	close(l->spare);
	l->spare = -1;
	return true;
}

// libcoap caps its idle sessions, and lets one go for each that comes. Those that
// wait for an acknowledgement are not idle for a minute and a half, so a crowd of
// peers that never acknowledge would keep all others out. When both together are
// too many, the messages of the most silent ones are given up, and idle sessions
// end after a second until it is quiet again.
static void
relieve(struct listener *l)
{
	int64_t limit = l->limits->coap_sessions + l->limits->coap_waiting;
	bool crowded = !l->stream && (int64_t)l->sessions.count > limit;
	coap_session_t *session;

	if (crowded != l->crowded)
		coap_context_set_session_timeout(l->context, crowded ? 1 : 0);
	l->crowded = crowded;
	if (!crowded)
		return;
	count(l, "coap.sessions-full");
	while (!l->closing && (session = coap_sessions_release(&l->sessions, (size_t)limit)) != NULL)
		coap_session_disconnected(session, COAP_NACK_NOT_DELIVERABLE);
}

// Each call of coap_io_do_epoll walks all sessions once. Handing the same event
// over many times lets one walk serve many datagrams; the reads that find
// nothing are harmless. Only endpoints of datagrams are repeated: a stream's
// event may end the session behind it.
static size_t
repeat_events(const struct listener *l, const struct epoll_event *in, size_t n, struct epoll_event *out)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		// libcoap's timer has no socket behind it.
		size_t times = l->stream || in[i].data.ptr == NULL ? 1 : EVENT_REPEATS;
		while (times-- > 0)
			out[used++] = in[i];
	}
	return used;
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct listener *l = poll->data;
	struct epoll_event ready[EVENTS_MAX], work[EVENTS_MAX * EVENT_REPEATS];

	(void)status;
	(void)events;
	if (l->inside || l->closing)
		return;
	if (!can_accept(l)) {
		uv_poll_stop(poll);
		uv_timer_start(&l->service, on_service, STARVED_MS, 0);
		return;
	}
	int n = epoll_wait(coap_context_get_coap_fd(l->context), ready, EVENTS_MAX, 0);
	if (n > 0) {
		l->inside = true;
		coap_io_do_epoll(l->context, work, repeat_events(l, ready, (size_t)n, work));
		end_those(l);
		relieve(l);
		l->inside = false;
	}
	if (l->stream && l->spare < 0)
		l->spare = another_descriptor(l);
	arm_tick(l);
	service(l);
}

// ---- Opening

// Bind one address; 0, or -errno.
static int
bind_place(struct listener *l, const char *scheme, const coap_address_t *wanted)
{
	struct place *p = &l->places[l->place_count];
	char host[64];

	p->address = *wanted;
	int fd = coap_address_reserve(&p->address, l->stream ? SOCK_STREAM : SOCK_DGRAM);
	if (fd < 0)
		return fd;
	coap_endpoint_t *endpoint = coap_new_endpoint(l->context, &p->address, l->stream ? COAP_PROTO_TCP : COAP_PROTO_UDP);
	close(fd);
	if (endpoint == NULL)
		return -EADDRINUSE;
	bool six = !coap_address_host(&p->address, host, sizeof(host)) || p->address.addr.sa.sa_family == AF_INET6;
	// A URL writes the % before an interface as %25 (RFC 6874).
	char *zone = strchr(host, '%');
	if (zone != NULL)
		*zone++ = '\0';
	snprintf(p->url, sizeof(p->url), six ? "%s://[%s%s%s]:%u" : "%s://%s%s%s:%u", scheme, host, zone != NULL ? "%25" : "",
		zone != NULL ? zone : "", coap_address_get_port(&p->address));
	l->place_count++;
	return 0;
}

// Both loopback addresses, with the same port. A machine without IPv6 has one.
static bool
bind_loopback(struct listener *l, const struct url *u, unsigned port, struct fault *f)
{
	coap_address_t four = coap_address_loopback(AF_INET, port);
	int error = bind_place(l, u->scheme, &four);

	if (error != 0)
		return listen_failed(f, "127.0.0.1", port, -error);
	coap_address_t six = coap_address_loopback(AF_INET6, coap_address_get_port(&l->places[0].address));
	error = bind_place(l, u->scheme, &six);
	if (error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT)
		return true;
	// With a port of the system's choice the other family may have it: any other will do.
	if (error == -EADDRINUSE && port == 0) {
		coap_address_set_port(&six, 0);
		error = bind_place(l, u->scheme, &six);
	}
	return error == 0 || listen_failed(f, "::1", port, -error);
}

static bool
bind_all(struct listener *l, const struct url *u, struct fault *f)
{
	unsigned port = u->port_given ? u->port : COAP_DEFAULT_PORT;
	coap_address_t a;
	int error;

	if (u->host[0] == '\0')
		return bind_loopback(l, u, port, f);
	if (!coap_address_read(u, port, &a, f))
		return false;
	error = bind_place(l, u->scheme, &a);
	return error == 0 || listen_failed(f, u->host, port, -error);
}

static void
register_method(coap_resource_t *resource, coap_request_t method)
{
#ifdef HAVE_COAP_REGISTER_REQUEST_HANDLER
	coap_register_request_handler(resource, method, on_request);
#else
	coap_register_handler(resource, method, on_request);
#endif
}

// One handler sees every method and path, so that one place decides what is served.
static bool
add_resources(coap_context_t *context)
{
	static const char core[] = ".well-known/core";
	coap_resource_t *both[] = {
		coap_resource_unknown_init(on_request),
		coap_resource_init(coap_new_str_const((const uint8_t *)core, sizeof(core) - 1), COAP_RESOURCE_FLAGS_RELEASE_URI)
	};

	for (size_t i = 0; i < 2; i++) {
		if (both[i] == NULL)
			return false;
		for (int method = COAP_REQUEST_GET; method <= COAP_REQUEST_IPATCH; method++)
			register_method(both[i], (coap_request_t)method);
		coap_add_resource(context, both[i]);
	}
	return true;
}

static bool
open_context(struct listener *l)
{
	const struct transport_limits *limits = l->limits;

	coap_startup();
	coap_set_log_handler(on_library_log);
	// Each empty read would write two warnings otherwise. Errors are level 3 in all versions.
	coap_set_log_level(3);
	l->context = coap_new_context(NULL);
	if (l->context == NULL)
		return false;
	coap_set_app_data(l->context, l);
	coap_context_set_block_mode(l->context, 0);
	coap_context_set_max_idle_sessions(l->context, (unsigned)limits->coap_sessions);
	if (l->stream && limits->idle_timeout >= 1000)
		coap_context_set_session_timeout(l->context, (unsigned)(limits->idle_timeout / 1000));
	if (l->stream && limits->header_timeout >= 1000)
		coap_context_set_csm_timeout(l->context, (unsigned)(limits->header_timeout / 1000));
#ifdef HAVE_COAP_CONTEXT_SET_CSM_MAX_MESSAGE_SIZE
	coap_context_set_csm_max_message_size(l->context, (uint32_t)(limits->max_message + STREAM_MARGIN));
#endif
	coap_register_event_handler(l->context, on_event);
	coap_register_nack_handler(l->context, on_nack);
	return add_resources(l->context);
}

static bool
open_tables(struct listener *l)
{
	const struct transport_limits *t = l->limits;
	struct coap_assembly_limits limits = {
		.message = (size_t)t->max_message, .count = (size_t)t->coap_assemblies, .per_peer = (size_t)t->coap_assemblies_per_peer,
		.octets = (size_t)t->coap_assembly_bytes, .timeout = t->coap_assembly_timeout
	};

	handle_table_init(&l->exchanges);
	coap_sessions_init(&l->sessions);
	return replay_init(&l->replay, (size_t)t->coap_answers) && coap_assemblies_init(&l->assemblies, &limits);
}

static bool
add_path(struct listener *l, const char *path, struct fault *f)
{
	if (!coap_path_check(path, f))
		return false;
	l->paths.items[l->paths.count] = mem_text(path);
	if (l->paths.items[l->paths.count] == NULL)
		return fault_set(f, FAIL_NONE, "", "no memory");
	l->paths.count++;
	return true;
}

// The path of the URL itself, when it says more than "/".
static const char *
own_path(const struct url *u)
{
	return u->path[0] == '\0' || strcmp(u->path, "/") == 0 ? "" : u->path;
}

// Copy the path of the URL and the extra paths: the options need not live as long as we do.
static bool
copy_paths(struct listener *l, const struct url *u, const struct coap_options *options, struct fault *f)
{
	size_t count = options != NULL ? options->paths.count : 0;
	const char *own = own_path(u);

	l->own = mem_text(own);
	l->paths.items = mem_array(count + 1, sizeof(*l->paths.items));
	if (l->own == NULL || l->paths.items == NULL)
		return fault_set(f, FAIL_NONE, "", "no memory");
	if (*own != '\0' && !add_path(l, own, f))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!add_path(l, options->paths.items[i], f))
			return false;
	return true;
}

static bool
listener_check(const struct url *u, struct fault *f)
{
	return *own_path(u) == '\0' || coap_path_check(own_path(u), f);
}

// Free everything but the libuv handles, which are closed by now or never were open.
static void
free_listener(struct listener *l)
{
	if (l->context != NULL)
		coap_free_context(l->context);
	if (l->spare >= 0)
		close(l->spare);
	coap_sessions_clear(&l->sessions);
	coap_assemblies_clear(&l->assemblies);
	replay_clear(&l->replay);
	handle_table_clear(&l->exchanges);
	for (size_t i = 0; i < l->paths.count; i++)
		mem_free(l->paths.items[i]);
	mem_free(l->paths.items);
	mem_free(l->own);
	mem_free(l->name);
	mem_free(l);
}

// The handle of libcoap's descriptor can fail; the timers cannot. So it comes first.
static bool
start_loop(struct listener *l, struct fault *f)
{
	uv_loop_t *loop = l->core->loop;
	int error = uv_poll_init(loop, &l->poll, coap_context_get_coap_fd(l->context));

	if (error != 0)
		return fault_set(f, FAIL_NONE, "", "libcoap's descriptor cannot be watched: %s", uv_strerror(error));
	uv_timer_init(loop, &l->service);
	uv_timer_init(loop, &l->tick);
	l->poll.data = l->service.data = l->tick.data = l;
	l->handles = 3;
	uv_poll_start(&l->poll, UV_READABLE, on_readable);
	if (l->stream)
		l->spare = another_descriptor(l);
	service(l);
	return true;
}

static struct listener *
coap_listener_open(const struct listener_setup *setup, struct fault *f)
{
	struct listener *l = mem_alloc(sizeof(*l));
	bool ready;

	if (l == NULL) {
		fault_set(f, FAIL_NONE, "", "no memory");
		return NULL;
	}
	l->limits = setup->limits;
	l->core = setup->core;
	l->owner = setup->owner;
	l->stream = strcmp(setup->url->scheme, "coap+tcp") == 0;
	l->spare = -1;
	l->name = mem_text(setup->name);
	ready = copy_paths(l, setup->url, setup->options, f);
	if (ready && (!open_tables(l) || !open_context(l) || l->name == NULL))
		ready = fault_set(f, FAIL_NONE, "", "no memory for a CoAP listener");
	if (ready && bind_all(l, setup->url, f) && start_loop(l, f))
		return l;
	free_listener(l);
	return NULL;
}

static bool
coap_listener_url(const struct listener *l, size_t i, char *out, size_t size)
{
	if (i >= l->place_count)
		return false;
	snprintf(out, size, "%s%s", l->places[i].url, l->own);
	return true;
}

// ---- Closing

static void
coap_listener_drain(struct listener *l)
{
	l->draining = true;
}

static void
on_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;
	void (*closed)(void *) = l->closed;
	void *context = l->closed_context;

	if (--l->handles > 0)
		return;
	free_listener(l);
	closed(context);
}

// The context is freed by on_closed: we may be called from within libcoap's work.
static void
coap_listener_close(struct listener *l, void (*closed)(void *context), void *context)
{
	size_t cursor = 0;
	uint64_t token;
	struct exchange *x;

	if (l->closing)
		return;
	l->closing = true;
	l->closed = closed;
	l->closed_context = context;
	while ((x = handle_next(&l->exchanges, &cursor, &token)) != NULL) {
		uint64_t handle = x->handle;
		replay_forget(&l->replay, x->entry);
		end_exchange(x);
		if (handle != 0)
			l->core->gone(l->core->context, handle);
	}
	uv_poll_stop(&l->poll);
	uv_close((uv_handle_t *)&l->poll, on_closed);
	uv_close((uv_handle_t *)&l->service, on_closed);
	uv_close((uv_handle_t *)&l->tick, on_closed);
}

static const char *
about(void)
{
	static char text[96];

	// Most versions answer "libcoap 4.3.1", some the number alone.
	const char *version = coap_package_version();
	const char *name = strncmp(version, "libcoap", 7) == 0 ? "" : "libcoap ";
	snprintf(text, sizeof(text), "%s%s (" COAP_FLAVOUR ")", name, version);
	return text;
}

static const char *const schemes[] = { "coap", "coap+tcp", NULL };

extern const struct driver driver_coap;
const struct driver driver_coap = {
	.name = "coap",
	.schemes = schemes,
	.default_port = COAP_DEFAULT_PORT,
	.abilities = DRIVER_REFUSE_CONTENT | DRIVER_PATHS,
	.listener_rows = listener_rows,
	.listener_size = sizeof(struct coap_options),
	.listener_check = listener_check,
	.listener_open = coap_listener_open,
	.listener_url = coap_listener_url,
	.listener_drain = coap_listener_drain,
	.listener_close = coap_listener_close,
	.listener_respond = coap_listener_respond,
	.about = about,
};
