// SPDX-License-Identifier: GPL-3.0-or-later
// driver: the one interface between the links and the gateway. A driver moves
// whole messages: it never sees a PKIMessage, a route or a key. The first half
// says what a driver gives, the second what it may call. All of it runs on the
// loop thread.
#ifndef CMPGATE_TRANSPORTS_DRIVER_H
#define CMPGATE_TRANSPORTS_DRIVER_H

#include <uv.h>
#include "base/blob.h"
#include "base/buffer.h"
#include "base/fault.h"
#include "base/option.h"
#include "base/web.h"
#include "config/url.h"

// What the octets are. EST and SCEP adapters will sit before the decoding step.
enum content_kind { CONTENT_PKIMESSAGE, CONTENT_PKCS10 };

// Who sent it, copied at delivery: it outlives the connection.
struct peer {
	char text[80];		// for people: "10.7.1.20:40112", "[::1]:5683", a file name
	char source[48];	// address without port, for limits per source and match.source; empty for files
	bool loopback;		// exempt from per-source rates
	char identity[128];	// proven by TLS or DTLS; empty: none
};

// What the path said (RFC 9811 3.4, RFC 9482 2.1). Operations are always the
// long HTTP labels ("initialization"); drivers translate. Empty = not given.
struct label {
	char path[256];		// path as received, "/.well-known/cmp/p/plc"; empty for tcp and file
	char profile[64];	// after p/
	char operation[32];
	char implied[32];	// upstream side: the operation that the message itself asks for; empty = none
};

// Why a request gets no CMP answer. Each driver has one table from here to its own words.
enum refusal {
	REFUSE_BUSY,		// queue, budget or store full: 503 + Retry-After, 5.03 + Max-Age
	REFUSE_TRY_AGAIN,	// a step of the same transaction is under way, or we are closing
	REFUSE_UNAVAILABLE,	// upstream cannot be reached: 503, 5.03
	REFUSE_TIMEOUT,		// upstream did not answer in time: 504, 5.04
	REFUSE_BAD_UPSTREAM,	// upstream answered nonsense: 502, 5.02
	REFUSE_MALFORMED,	// no PKIHeader can be read: 400, 4.00
	REFUSE_TOO_LARGE,	// 413, 4.13
	REFUSE_NOT_FOUND,	// no such path: 404, 4.04
	REFUSE_RATE,		// too many requests from this source: 429, 4.29
	REFUSE_INTERNAL,	// 500, 5.00
	REFUSE_COUNT
};

enum reply_kind {
	REPLY_ANSWER,		// message is the answer of a successful transfer
	REPLY_LATER,		// ask again in `seconds` with `ticket` (CAN_POLL drivers only)
	REPLY_REFUSE,		// transport failure in the driver's words; message, if any, is a CMP error carried as content where the transport can
	REPLY_NOTHING		// end the exchange without an answer
};

struct reply {
	enum reply_kind kind;
	struct blob *message;	// the callee takes a reference of its own if it keeps it
	const char *body;	// what the message is, by the name of its PKIBody ("ip"), for MAILBOX drivers; NULL = unknown
	enum refusal reason;
	unsigned seconds;	// LATER: when to ask again; REFUSE: Retry-After, Max-Age; 0 = no hint
	uint64_t ticket;	// LATER
	const char *text;	// one sentence for people, or NULL; valid during the call only
};

enum outcome_kind {
	OUTCOME_ANSWER,		// message is the content of the upstream's answer
	OUTCOME_NOT_SENT,	// surely nothing reached the upstream
	OUTCOME_MAYBE_SENT,	// it may have been read
	OUTCOME_REFUSED,	// the upstream's transport refused: status, text
	OUTCOME_STORED		// taken for carriage (CARRIES drivers)
};

struct outcome {
	enum outcome_kind kind;
	struct blob *message;	// ANSWER: the callee takes its own reference
	bool timeout;		// MAYBE_SENT, NOT_SENT: the deadline ended it
	bool garbled;		// MAYBE_SENT: an answer began, but is malformed or cut off
	int status;		// REFUSED: HTTP status
	const char *text;	// what happened, for log and fault; valid during the call only
};

// What a driver refused by itself, and how. Texts of the peer are cut and escaped by the log.
struct driver_refusal {
	const char *answer;	// in the link's own words: "404", "4.04", "errorMsgRep"; "closed" for none
	const char *asked;	// what stood in the way: a path, a content type; NULL = the text says it all
	const char *text;	// one sentence, as the peer got it
};

// ---- What a driver may call. The core is handed to open; `context` goes first.
struct driver_core {
	void *context;
	uv_loop_t *loop;
	// Hand over one whole message. `listener` and `token` come back in
	// respond(); the driver makes token so that it can find its request again,
	// or find that it has gone. return_label (MAILBOX drivers, at most 128
	// octets) is stored with the transaction for post(). Answers the handle of
	// the exchange, 0 when the reply was already given. respond() may be
	// called before this returns. The core takes its own reference of message.
	uint64_t (*deliver)(void *context, void *listener, uint64_t token, const struct peer *peer,
		const struct label *label, enum content_kind kind, struct blob *message, struct span return_label);
	// CAN_POLL drivers: the peer asks for the reply behind a ticket. As deliver().
	uint64_t (*resume)(void *context, void *listener, uint64_t token, const struct peer *peer, uint64_t ticket);
	// The peer has gone: no reply is wanted any more (a reply may still come; drop it).
	void (*gone)(void *context, uint64_t exchange);
	// The reply has left, or could not. For metrics only, never for correctness.
	void (*sent)(void *context, uint64_t exchange, bool well);
	// The end of a submission; exactly once for each submit() that answered true.
	void (*outcome)(void *context, uint64_t submission, const struct outcome *outcome);
	// A draining listener that was busy is so no more (see listener_busy).
	void (*quiet)(void *context, void *listener);
	// Count something for the operator: "http.smuggling", "coap.duplicate".
	void (*count)(void *context, const char *what);
	// A request that the driver refused by itself, for the log; it may be called often, and may be NULL (use driver_refused()).
	void (*refused)(void *context, void *listener, const struct peer *peer, const struct driver_refusal *refusal);
};

// Tell the core of a request that was refused here.
static inline void
driver_refused(const struct driver_core *core, void *listener, const struct peer *peer, const struct driver_refusal *refusal)
{
	if (core->refused != NULL)
		core->refused(core->context, listener, peer, refusal);
}

// Limits that the code which meets the network enforces; from `limits:` of the settings.
struct transport_limits {
	int64_t max_message;		// octets of one message from a device
	int64_t max_answer;		// octets of one answer from an upstream
	int64_t bytes_in_flight;	// octets of all messages in memory; 0 = no limit
	int64_t connections;		// stream connections per process
	int64_t connections_per_source;
	int64_t header_timeout, body_timeout, write_timeout, idle_timeout, exchange_timeout;	// ms
	int64_t min_rate;		// octets per second while a body arrives
	int64_t coap_sessions, coap_assemblies, coap_assemblies_per_peer, coap_assembly_bytes, coap_assembly_timeout, coap_waiting, coap_answers;
};

// Uploads under way, answers that their peers do not read, and answers kept for
// CoAP's blocks may each hold this much of it, so that none keeps the others out.
static inline size_t
transport_share(const struct transport_limits *limits)
{
	return limits->bytes_in_flight > 0 ? (size_t)limits->bytes_in_flight / 4 : SIZE_MAX;
}

// Tell whether an upload of so many octets so far has to give way. Small ones never do.
static inline bool
transport_crowded(const struct transport_limits *limits, size_t octets)
{
	return octets > 8192 && buffer_counted() > transport_share(limits);
}

struct listener_setup {
	const char *name;		// of the configuration; stays valid until close
	const struct url *url;
	const void *options;		// the driver's own struct, filled from listener_rows
	const int *descriptors;		// bound sockets (drivers with BINDS_STREAM): the driver's from here on, even when open fails; else NULL
	size_t descriptor_count;
	const struct transport_limits *limits;	// stays valid until close
	const struct driver_core *core;		// stays valid until close
	void *owner;			// goes to core->deliver as `listener`
};

struct upstream_setup {
	const char *name;
	const struct url *url;
	const void *options;		// filled from upstream_rows
	const struct transport_limits *limits;
	const struct driver_core *core;
};

// ---- One thing that is fetched from a URL, beside the messages: an OCSP answer, a CRL.
struct fetch_plan {
	const struct web_url *url;
	const char *content_type;	// of what is posted; NULL: nothing is (GET)
	struct span content;
	const char *accept;		// the type that is asked for
	bool only_that;			// what is of another type is refused
	size_t max;			// octets of what comes
	int64_t deadline_ms;		// clock_mono_ms()
	// Once, from the loop, unless fetch_end() was called. content: borrowed; data NULL: nothing came, text says why
	// in words for anybody, detail (or NULL) what the log may say beside.
	void (*done)(void *context, struct span content, const char *text, const char *detail);
	void *context;
};
struct fetch;

// ---- What a driver gives.
enum {
	DRIVER_CAN_POLL = 1,		// transport-level polling (tcp)
	DRIVER_MAILBOX = 2,		// answers need no live peer (file)
	DRIVER_CARRIES = 4,		// store and forward
	DRIVER_BINDS_STREAM = 8,	// takes listening stream sockets bound by daemon/
	DRIVER_REFUSE_CONTENT = 16,	// a REFUSE can carry a CMP error as content (http, coap)
	DRIVER_PATHS = 32		// its requests name a path (http, coap)
};

struct driver {
	const char *name;		// "http"
	const char *const *schemes;	// "http", ...; ends with NULL
	const char *alias;		// another name of schemes[0], or NULL: "pkixcmp-tcp", as this port is registered
	unsigned default_port;		// of schemes[0]; 0 = none
	unsigned abilities;

	const struct option_row *listener_rows;	// ends with key NULL; NULL = no listener side
	size_t listener_size;			// of the options struct
	const struct option_row *upstream_rows;	// NULL = no upstream side
	size_t upstream_size;
	// What a listener's URL must be, as far as its text tells; NULL = nothing more. False with the fault, its cure behind "; ".
	bool (*listener_check)(const struct url *url, struct fault *f);

	// Open a listener; NULL with the fault filled. It may deliver at once from the loop, never from inside open.
	struct listener *(*listener_open)(const struct listener_setup *setup, struct fault *f);
	// Write the URL it really listens on ("http://127.0.0.1:8080", with the path of its own URL; the port when 0 was asked for). One line per address: i = 0, 1, ...; false when there is no i-th.
	bool (*listener_url)(const struct listener *l, size_t i, char *out, size_t size);
	// Accept nothing new; what runs goes on. (Reload and shutdown.)
	void (*listener_drain)(struct listener *l);
	// Draining: tell whether requests are still on their way in, half read or from a peer
	// that has just connected; bounded by the time-outs of the limits. NULL: never.
	bool (*listener_busy)(const struct listener *l);
	// End all connections; who has sent half a request is told to try again. closed(context) is called from the loop when the listener is gone.
	void (*listener_close)(struct listener *l, void (*closed)(void *context), void *context);
	// Answer an exchange. An unknown token is a peer that has gone: nothing happens.
	void (*listener_respond)(struct listener *l, uint64_t token, const struct reply *reply);
	// MAILBOX: write an answer by its return label; may be repeated.
	bool (*listener_post)(struct listener *l, struct span return_label, struct blob *message, const char *body, struct fault *f);

	struct upstream *(*upstream_open)(const struct upstream_setup *setup, struct fault *f);
	void (*upstream_close)(struct upstream *u, void (*closed)(void *context), void *context);
	// Send one message. affinity names the transaction (HTTP connection
	// affinity); deadline_ms is on clock_mono_ms(). False with the fault when
	// it cannot be taken (queue full): then no outcome follows. The outcome
	// is always delivered from the loop, never from inside submit.
	bool (*upstream_submit)(struct upstream *u, uint64_t submission, uint64_t affinity,
		const struct label *label, struct blob *message, int64_t deadline_ms, struct fault *f);
	// The transaction ended: its connection is free for others.
	void (*upstream_forget)(struct upstream *u, uint64_t affinity);

	// Fetch something; what the plan points to stays until the end. done comes from the loop, never from inside.
	// NULL without memory. The member is NULL where a driver cannot fetch.
	struct fetch *(*fetch_begin)(uv_loop_t *loop, const struct fetch_plan *plan);
	// End it before its time; it must not be done yet.
	void (*fetch_end)(struct fetch *f);

	// The library underneath, for `cmpgate version`: "libcoap 4.3.1 (libcoap-3-notls)"; NULL = none.
	const char *(*about)(void);
};

// All drivers of this build; ends with NULL.
extern const struct driver *const drivers[];
// Find a driver by URL scheme; NULL when no driver of this build has it.
const struct driver *driver_find(const char *scheme);

#endif
