// SPDX-License-Identifier: GPL-3.0-or-later
// Stories of a whole gateway: an input is a script. Devices send messages of
// every kind to routes that keep, wrap, replace, change or answer, alone, within
// others or in batches; CAs answer, wrongly or late or not at all; time passes,
// peers leave, the configuration is another, the gateway begins anew. Octets and
// elements of each message are changed on its way, and its protection is made
// good again where the script says so, so that what is behind it is reached.
//
// What must hold, after each step (gate_check.c):
// each request is answered once, or its peer has gone; what waits is what
// the gateway says it has; what an upstream gets is a device's message octet by octet, or
// one of the gateway's own under its name in place of it, and never comes from
// one whose protection does not verify, with a key or secret that the route
// believes; an answer is protected, by the gateway, by the device's secret or by the CA, is of
// the transaction that asked, and holds no certificate for another key; rows,
// lists, maps and counters agree, nobody has more than a share, memory stays in its
// budget, no line of the log has a control character. In the end, when all
// time-outs are over, no row, exchange, submission or octet is left.
#include "codec/response.h"
#include "tests/fuzz/der_change.h"
#include "tests/fuzz/gate.h"
#include "tests/fuzz/plant.h"

enum { STEPS_MAX = 40, DEALINGS = 6, BATCH_MAX = 4, ROOM = 1 << 20, DAYS_MS = 5 * 86400000 };

struct script { const uint8_t *at; size_t left; };

// A transaction of a device, as the device knows it.
struct dealing {
	uint8_t id[16], recip[16], hash[32];
	bool began, has_recip, has_hash;
	unsigned listener, signer;
};

static struct dealing dealings[DEALINGS];
static uint32_t numbers;
static int64_t waited;
static struct buffer made, inner;

// Behind its end a script has zeros.
static unsigned
next(struct script *s)
{
	if (s->left == 0)
		return 0;
	s->left--;
	return *s->at++;
}

// Counted, so that none comes twice.
static void
fresh(uint8_t out[16], uint8_t kind)
{
	numbers++;
	memset(out, kind, 16);
	for (unsigned i = 0; i < 4; i++)
		out[15 - i] = (uint8_t)(numbers >> (8 * i));
}

// ---- what a device has heard

static void
keep_hash(struct dealing *dealing, const struct pkimessage *m)
{
	struct cert_rep_message reply;
	struct cert_response r;
	uint8_t digest[DIGEST_MAX];

	if ((m->body != BODY_IP && m->body != BODY_CP && m->body != BODY_KUP && m->body != BODY_CCP)
	    || !cert_rep_message_read(m->body_contents, &reply, NULL) || !cert_response_take(&reply.responses, &r, NULL) || r.pair.certificate.len == 0)
		return;
	digest_of(DIGEST_SHA256, &r.pair.certificate, 1, digest);
	memcpy(dealing->hash, digest, 32);
	dealing->has_hash = true;
}

static void
keep_message(const struct pkimessage *m)
{
	for (size_t i = 0; i < DEALINGS; i++) {
		if (!dealings[i].began || !m->header.has_transaction_id || !span_equal(m->header.transaction_id, span_of(dealings[i].id, 16)))
			continue;
		dealings[i].has_recip = m->header.sender_nonce.len == 16;
		if (dealings[i].has_recip)
			memcpy(dealings[i].recip, m->header.sender_nonce.data, 16);
		keep_hash(&dealings[i], m);
	}
}

static void
hear(struct gate_sent *asked, const struct gate_message *answer)
{
	struct pkimessage member;
	struct span rest, octets;

	(void)asked;
	keep_message(gate_meaning(answer));
	if (answer->view.body != BODY_NESTED || answer->has_inner || !nested_first(answer->view.body_contents, &rest))
		return;
	while (nested_next(&rest, &octets))
		if (pkimessage_parse(&member, octets, NULL, NULL))
			keep_message(&member);
}

// ---- making messages

enum { CHANGES = 3, UNPROTECTED = 4, UNPROVEN = 8, BEHIND = 16, ANEW = 32, ENVELOPE = 64, REPEAT = 128 };
enum { STRANGER = 240 };			// kinds from here on: by another than the transaction's device
enum { OTHER_ID = 64, OTHER_NONCE = 128 };	// an answer refers to something else

static void
change(struct script *s, struct buffer *m, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct der_change c = { .kind = (uint8_t)next(s) };
		c.at = (uint16_t)(next(s) << 8);
		c.at = (uint16_t)(c.at | next(s));
		c.value = (uint8_t)next(s);
		c.more = (uint8_t)next(s);
		der_change(m, &c);
	}
}

// The next message of a transaction, or the first of a new one.
static void
address(struct buffer *m, const struct dealing *dealing)
{
	uint8_t nonce[16];
	struct plant_address a = { .nonce = span_of(nonce, 16) };

	fresh(nonce, 'n');
	a.id = span_of(dealing->id, 16);
	if (dealing->has_recip)
		a.recip = span_of(dealing->recip, 16);
	if (dealing->has_hash)
		a.hash = span_of(dealing->hash, 32);
	plant_address(m, &a);
}

// Octets of one message: kind, signer and what is done to it. Changes come before the protection, or (BEHIND) after it.
static void
make(struct script *s, struct buffer *out, unsigned flags, struct dealing *dealing)
{
	unsigned kind = next(s), count = flags & CHANGES;

	if (!dealing->began || (flags & ANEW) != 0) {
		*dealing = (struct dealing){ .began = true, .listener = dealing->listener, .signer = next(s) };
		fresh(dealing->id, 'i');
	}
	unsigned by = kind >= STRANGER ? next(s) : dealing->signer;
	plant_request(out, kind, by);
	address(out, dealing);
	if ((flags & BEHIND) == 0)
		change(s, out, count);
	if ((flags & UNPROVEN) == 0)
		plant_prove(out);
	if ((flags & UNPROTECTED) == 0)
		plant_protect(out, plant_signer(by));
	if ((flags & BEHIND) != 0)
		change(s, out, count);
}

static const char *const nester_of[] = { "lra", "lra", "device", "many", "rogue" };

// Around one message its transactionID stands outside, too.
static void
wrap(struct script *s, const struct span *messages, size_t count, const struct dealing *dealing)
{
	unsigned n = next(s), changes = n >> 6;
	struct dealing outside = { .began = true };

	n %= sizeof(nester_of) / sizeof(nester_of[0]);
	plant_nested(&made, n, messages, count);
	fresh(outside.id, 'i');
	address(&made, dealing != NULL ? dealing : &outside);
	change(s, &made, changes % 2);
	plant_protect(&made, kit_signer(nester_of[n]));
}

static void
remember(struct gate_sent *sent, unsigned dealing)
{
	if (sent == NULL)
		return;
	sent->dealing = (int)dealing;
	sent->asking = dealings[dealing].signer;
}

static void
send_message(struct script *s)
{
	unsigned flags = next(s), where = next(s), n = where % DEALINGS, peer = next(s);
	struct dealing *dealing = &dealings[n];

	if (!dealing->began || (flags & ANEW) != 0)
		dealing->listener = peer >> 2;
	make(s, &made, flags, dealing);
	if ((flags & ENVELOPE) != 0) {
		inner.len = 0;
		buffer_append(&inner, buffer_span(&made));
		const struct span one = buffer_span(&inner);
		wrap(s, &one, 1, dealing);
	}
	// Now and then it goes to another listener than before.
	unsigned listener = dealing->listener + (where / DEALINGS > 38 ? 1 : 0);
	remember(gate_send(listener, peer, buffer_span(&made), false), n);
	if ((flags & REPEAT) != 0)
		remember(gate_send(listener, peer, buffer_span(&made), false), n);
}

static void
send_batch(struct script *s)
{
	unsigned where = next(s), count = next(s) % BATCH_MAX, peer = next(s);
	struct span members[BATCH_MAX];
	size_t ends[BATCH_MAX + 1] = { 0 };

	inner.len = 0;
	for (unsigned i = 0; i < count; i++) {
		make(s, &made, next(s), &dealings[(where + i) % DEALINGS]);
		buffer_append(&inner, buffer_span(&made));
		ends[i + 1] = inner.len;
	}
	for (unsigned i = 0; i < count; i++)
		members[i] = span_of(inner.data + ends[i], ends[i + 1] - ends[i]);
	wrap(s, members, count, NULL);
	gate_send(peer >> 2, peer, buffer_span(&made), false);
}

// The same octets once more, wherever they went before.
static void
repeat(struct script *s)
{
	unsigned n = next(s), peer = next(s);

	if (gate_sent_count == 0)
		return;
	const struct gate_sent *before = &gate_sent[n % gate_sent_count];
	const struct gate_message *m = &before->m;
	unsigned listener = (peer & 0x80) != 0 ? peer >> 2 : before->listener;
	bool pkcs10 = before->pkcs10;
	int dealing = before->dealing;
	if (pkcs10)
		listener = before->listener;
	made.len = 0;
	buffer_append(&made, span_of(m->octets, m->len));
	struct gate_sent *again = gate_send(listener, peer, buffer_span(&made), pkcs10);
	if (again != NULL && dealing >= 0)
		remember(again, (unsigned)dealing);
}

static void
send_pkcs10(struct script *s)
{
	unsigned flags = next(s);

	plant_pkcs10(&made);
	change(s, &made, flags & CHANGES);
	if ((flags & UNPROVEN) == 0)
		plant_prove(&made);
	gate_send(gate_route_count() - 1, 3, buffer_span(&made), true);
}

// ---- what upstreams say

// By whom the transaction was begun that a submission belongs to.
static unsigned
asking_of(const struct pkimessage *m)
{
	for (size_t i = 0; i < DEALINGS; i++)
		if (dealings[i].began && m->header.has_transaction_id && span_equal(m->header.transaction_id, span_of(dealings[i].id, 16)))
			return dealings[i].signer;
	return PLANT_FILE;
}

// What fits a request best: a certificate, or what its body asks for. first: of its transaction.
static enum plant_say
best_for(enum body body)
{
	switch (body) {
	case BODY_GENM: return SAY_GENP;
	case BODY_RR: return SAY_RP;
	case BODY_KRR: return SAY_KRP;
	case BODY_CERTCONF: return SAY_PKI_CONF;
	default: return SAY_RIGHT;
	}
}

// The body that a transaction began with, as the gateway remembers it.
static enum body
first_body(const struct pkimessage *m)
{
	const struct transaction *t = table_find(gate, m->header.transaction_id);

	return t != NULL && t->first_body != BODY_COUNT ? t->first_body : m->body;
}

static void
answer(struct script *s)
{
	unsigned which = next(s), say = next(s), flags = next(s), by = next(s);

	if (gate_up_count == 0)
		return;
	size_t n = which % gate_up_count;
	const struct gate_message *m = &gate_up[n].m;
	const struct pkimessage *asked = gate_meaning(m);
	enum body begun = asked->body == BODY_POLLREQ ? first_body(asked) : asked->body;
	enum plant_say what = say < 128 ? best_for(begun) : (enum plant_say)(say % SAY_COUNT);
	uint8_t nonce[16];
	struct plant_address a = { m->view.header.transaction_id, span_of(nonce, 16), m->view.header.sender_nonce, span_of(NULL, 0) };

	if ((by & OTHER_ID) != 0)
		a.id.len = 0;
	if ((by & OTHER_NONCE) != 0)
		a.recip.len = 0;
	if ((flags & REPEAT) != 0)
		plant_false_answer(&made, what, begun, by);
	else
		plant_answer(&made, what, begun, asking_of(asked));
	fresh(nonce, 'a');
	plant_address(&made, &a);
	if ((flags & BEHIND) == 0)
		change(s, &made, flags & CHANGES);
	if ((flags & UNPROTECTED) == 0 && (flags & REPEAT) == 0)
		plant_protect(&made, kit_signer("ca"));
	if ((flags & BEHIND) != 0)
		change(s, &made, flags & CHANGES);
	if (made.len <= GATE_ANSWER_MAX)
		gate_answer(n, buffer_span(&made));
}

// An answer to another request: octets that came before.
static void
answer_with_other(struct script *s)
{
	unsigned which = next(s), what = next(s);

	if (gate_up_count == 0)
		return;
	made.len = 0;
	if (gate_sent_count > 0) {
		const struct gate_message *m = &gate_sent[what % gate_sent_count].m;
		buffer_append(&made, span_of(m->octets, m->len));
	}
	gate_answer(which % gate_up_count, buffer_span(&made));
}

// ---- steps

static void
pass_time(struct script *s)
{
	static const int64_t waits[] = { 1, 10, 500, 999, 1000, 5000, 10000, 29999, 30000, 60000, 120000, 599999, 600001, 3600001 };
	int64_t ms = waits[next(s) % (sizeof(waits) / sizeof(waits[0]))];

	// No certificate of the plant begins or ends within these days.
	if (waited + ms > DAYS_MS)
		return;
	waited += ms;
	gate_wait(ms);
}

static void
leave(struct script *s)
{
	unsigned n = next(s);

	if (gate_sent_count > 0)
		gate_leave(&gate_sent[n % gate_sent_count]);
}

static void
resume(struct script *s)
{
	unsigned n = next(s);

	if (gate_sent_count > 0)
		gate_resume(&gate_sent[n % gate_sent_count]);
}

static void
step(struct script *s)
{
	unsigned n;

	switch (next(s) % 16) {
	case 0: case 1: case 2: send_message(s); break;
	case 3: case 4: case 5: answer(s); break;
	case 6: pass_time(s); break;
	case 7: repeat(s); break;
	case 8: send_batch(s); break;
	case 9: send_pkcs10(s); break;
	case 10: leave(s); break;
	case 11: resume(s); break;
	case 12:
		n = next(s);
		if (gate_up_count > 0)
			gate_fail(n % gate_up_count, next(s));
		break;
	case 13: answer_with_other(s); break;
	case 14: gate_reload(next(s)); break;
	default:
		n = next(s);
		if (n < 128)
			gate_synced = n % 2 == 0;
		else if (n < 224)
			gateway_block(gate, n % 2 == 0 ? "the store is full" : NULL);
		else if (n < 240 && !gate_stopped)
			gate_restart();
		else
			gate_stop(5000);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool prepared;
	struct script s = { data, size };

	if (!prepared) {
		gate_prepare();
		buffer_init(&made, ROOM);
		buffer_init(&inner, ROOM);
	}
	prepared = true;
	gate_heard = hear;
	memset(dealings, 0, sizeof(dealings));
	numbers = 0;
	waited = 0;
	gate_open();
	for (unsigned n = 0; n < STEPS_MAX && s.left > 0; n++) {
		step(&s);
		gate_check();
	}
	if (!gate_stopped)
		gateway_block(gate, NULL);
	gate_close();
	return 0;
}
