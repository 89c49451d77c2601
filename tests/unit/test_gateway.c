// SPDX-License-Identifier: GPL-3.0-or-later
// The parts of the message path that are functions of their arguments: what a
// request must be, what a device is told, which route and answer fit, and how
// often a source may come.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "codec/confirm.h"
#include "codec/oid.h"
#include "codec/response.h"
#include "gateway/inspect.h"
#include "gateway/rate.h"
#include "gateway/refuse.h"
#include "gateway/relay.h"
#include "gateway/route.h"
#include "tests/unit/craft.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ROOM (256 * 1024)

static const uint8_t name_octets[] = { 0x30, 0x0C, 0x31, 0x0A, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x01, 'd' };

// ---- Making messages

static struct message *
parse(struct span octets)
{
	struct blob *b = blob_new(octets);
	struct fault f = { .set = false };
	struct pkiheader header;
	bool header_read;
	struct message *m = message_parse(b, &header, &header_read, &f);

	blob_unref(b);
	if (m == NULL)
		fail_msg("the message of the test is broken: %s: %s", f.path, f.text);
	return m;
}

static struct message *
make(const struct craft *c, enum body body)
{
	struct buffer b;

	buffer_init(&b, ROOM);
	craft_message(&b, c, body);
	struct message *m = parse(buffer_span(&b));
	buffer_clear(&b);
	return m;
}

// A nested message around these.
static struct message *
wrap(const struct craft *outer, const struct craft *inner, const enum body *bodies, size_t count)
{
	struct craft c = *outer;
	struct der_writer w;
	struct buffer one;
	struct span body;

	der_writer_init(&w, ROOM);
	buffer_init(&one, ROOM);
	der_open(&w, DER_SEQUENCE);
	for (size_t i = 0; i < count; i++) {
		craft_message(&one, &inner[i], bodies[i]);
		der_put_raw(&w, buffer_span(&one));
	}
	der_close(&w);
	assert_true(der_finish(&w, &body));
	c.body = body;
	struct message *m = make(&c, BODY_NESTED);
	der_writer_clear(&w);
	buffer_clear(&one);
	return m;
}

// A plan of a request of this kind as a device sends it.
static struct craft
plan_of(enum body body)
{
	struct craft c = craft_plan(7);

	if (body == BODY_CERTCONF || body == BODY_POLLREQ)
		c.recip_nonce = span_text("nonce of the CA.");
	return c;
}

// ---- inspect

static void
kinds_of_requests(void **state)
{
	(void)state;
	for (enum body b = 0; b < BODY_COUNT; b++) {
		struct craft c = plan_of(b), inner = { .pvno = 2, .transaction_id = c.transaction_id, .sender_nonce = span_text("another nonce...") };
		enum body ir = BODY_IR;
		struct message *m = b == BODY_NESTED ? wrap(&c, &inner, &ir, 1) : make(&c, b);
		bool never = request_class(b) == CLASS_NEVER;
		struct verdict v;
		if (inspect_request(m, &v) == never)
			fail_msg("%s: %s: %s", body_name(b), v.fault.path, v.fault.text);
		assert_int_equal(v.fault.set, never);
		if (never)
			assert_int_equal(v.fault.failure, FAIL_BAD_REQUEST);
		assert_false(v.in_body);
		message_unref(m);
	}
}

static void
headers(void **state)
{
	static const struct { const char *name; int64_t pvno; int id, nonce, recip; enum failure failure; int32_t told; } rows[] = {
		{ "pvno 2", 2, 16, 16, 0, FAIL_NONE, 0 },
		{ "pvno 3", 3, 16, 16, 0, FAIL_NONE, 0 },
		{ "pvno 1", 1, 16, 16, 0, FAIL_UNSUPPORTED_VERSION, 2 },
		{ "pvno 0", 0, 16, 16, 0, FAIL_UNSUPPORTED_VERSION, 2 },
		{ "pvno -5", -5, 16, 16, 0, FAIL_UNSUPPORTED_VERSION, 2 },
		{ "pvno 4", 4, 16, 16, 0, FAIL_UNSUPPORTED_VERSION, 3 },
		{ "pvno 2^31 - 1", INT32_MAX, 16, 16, 0, FAIL_UNSUPPORTED_VERSION, 3 },
		{ "no transactionID", 2, 0, 16, 0, FAIL_BAD_DATA_FORMAT, 0 },
		{ "no senderNonce", 2, 16, 0, 0, FAIL_BAD_SENDER_NONCE, 0 },
		{ "a nonce of 15", 2, 16, 15, 0, FAIL_BAD_SENDER_NONCE, 0 },
		{ "a nonce of 17", 2, 16, 17, 0, FAIL_NONE, 0 },
		{ "recipNonce in the first", 2, 16, 16, 16, FAIL_BAD_RECIPIENT_NONCE, 0 },
		// The order of RFC 9483 3.5: the version comes first.
		{ "all wrong", 1, 0, 0, 16, FAIL_UNSUPPORTED_VERSION, 2 },
		{ "no id and no nonce", 2, 0, 0, 0, FAIL_BAD_DATA_FORMAT, 0 },
	};
	static const uint8_t octets[64] = { 1, 2, 3 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct craft c = { .pvno = rows[i].pvno };
		struct verdict v;
		if (rows[i].id > 0)
			c.transaction_id = span_of(octets, (size_t)rows[i].id);
		if (rows[i].nonce > 0)
			c.sender_nonce = span_of(octets, (size_t)rows[i].nonce);
		if (rows[i].recip > 0)
			c.recip_nonce = span_of(octets, (size_t)rows[i].recip);
		struct message *m = make(&c, BODY_IR);
		bool well = inspect_request(m, &v);
		if (well != (rows[i].failure == FAIL_NONE) || (!well && v.fault.failure != rows[i].failure))
			fail_msg("%s: %s", rows[i].name, v.fault.text);
		assert_int_equal(v.pvno, rows[i].told);
		assert_false(v.in_body);
		message_unref(m);
	}
}

static void
put_request(struct der_writer *w, int64_t id)
{
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put_int(w, id);
	der_open(w, DER_SEQUENCE);
	der_put(w, DER_CONTEXT_CONS(5), span_of(name_octets, sizeof(name_octets)));
	der_close(w);
	der_close(w);
	der_close(w);
}

static void
put_revocation(struct der_writer *w, const char *serial, bool issuer, int reason)
{
	static const uint8_t reason_oid[] = { 0x55, 0x1D, 0x15 };
	uint8_t code = (uint8_t)reason;

	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	if (serial != NULL)
		der_put(w, DER_CONTEXT(1), span_text(serial));
	if (issuer)
		der_put(w, DER_CONTEXT_CONS(3), span_of(name_octets, sizeof(name_octets)));
	der_close(w);
	if (reason >= 0) {
		der_open(w, DER_SEQUENCE);
		der_open(w, DER_SEQUENCE);
		der_put_oid(w, span_of(reason_oid, sizeof(reason_oid)));
		der_open(w, DER_OCTET_STRING);
		der_put(w, DER_ENUMERATED, span_of(&code, 1));
		der_close(w);
		der_close(w);
		der_close(w);
	}
	der_close(w);
}

static void
put_info(struct der_writer *w, int status, bool failure)
{
	static const uint8_t bad_pop[] = { 0x00, 0x40 };

	der_open(w, DER_SEQUENCE);
	der_put_int(w, status);
	if (failure)
		der_put_bits(w, span_of(bad_pop, 2), 6);
	der_close(w);
}

static void
put_confirmation(struct der_writer *w, int status, bool failure, bool hash_alg)
{
	static const uint8_t sha512[] = { 0x30, 0x0B, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03 };

	der_open(w, DER_SEQUENCE);
	der_put(w, DER_OCTET_STRING, span_text("0123456789abcdef0123456789abcdef"));
	der_put_int(w, 0);
	if (status >= 0)
		put_info(w, status, failure);
	if (hash_alg) {
		der_open(w, DER_CONTEXT_CONS(0));
		der_put_raw(w, span_of(sha512, sizeof(sha512)));
		der_close(w);
	}
	der_close(w);
}

enum sample {
	IR_ONE, IR_ID_1, IR_ID_MINUS, IR_TWO,
	RR_ONE, RR_NO_REASON, RR_REASON_7, RR_REASON_10, RR_REASON_11, RR_NO_SERIAL, RR_NO_ISSUER, RR_NEGATIVE, RR_TWO,
	CONF_NONE, CONF_ONE, CONF_TWO, CONF_ACCEPTED, CONF_ACCEPTED_FAIL, CONF_REJECTED, CONF_HASH,
};

static void
put_sample(struct der_writer *w, enum sample s)
{
	der_open(w, DER_SEQUENCE);
	switch (s) {
	case IR_ONE: put_request(w, 0); break;
	case IR_ID_1: put_request(w, 1); break;
	case IR_ID_MINUS: put_request(w, -1); break;
	case IR_TWO: put_request(w, 0); put_request(w, 1); break;
	case RR_ONE: put_revocation(w, "\x11", true, 1); break;
	case RR_NO_REASON: put_revocation(w, "\x11", true, -1); break;
	case RR_REASON_7: put_revocation(w, "\x11", true, 7); break;
	case RR_REASON_10: put_revocation(w, "\x11", true, 10); break;
	case RR_REASON_11: put_revocation(w, "\x11", true, 11); break;
	case RR_NO_SERIAL: put_revocation(w, NULL, true, 1); break;
	case RR_NO_ISSUER: put_revocation(w, "\x11", false, 1); break;
	case RR_NEGATIVE: put_revocation(w, "\x91", true, 1); break;
	case RR_TWO: put_revocation(w, "\x11", true, 1); put_revocation(w, "\x12", true, 1); break;
	case CONF_NONE: break;
	case CONF_ONE: put_confirmation(w, -1, false, false); break;
	case CONF_TWO: put_confirmation(w, -1, false, false); put_confirmation(w, -1, false, false); break;
	case CONF_ACCEPTED: put_confirmation(w, STATUS_ACCEPTED, false, false); break;
	case CONF_ACCEPTED_FAIL: put_confirmation(w, STATUS_ACCEPTED, true, false); break;
	case CONF_REJECTED: put_confirmation(w, STATUS_REJECTION, true, false); break;
	case CONF_HASH: put_confirmation(w, -1, false, true); break;
	}
	der_close(w);
}

static struct message *
make_sample(enum body body, enum sample s, int pvno)
{
	struct craft c = plan_of(body);
	struct der_writer w;

	der_writer_init(&w, ROOM);
	put_sample(&w, s);
	c.pvno = pvno;
	assert_true(der_finish(&w, &c.body));
	struct message *m = make(&c, body);
	der_writer_clear(&w);
	return m;
}

static void
bodies(void **state)
{
	static const struct { enum body body; enum sample sample; int pvno; enum failure failure; bool in_body; } rows[] = {
		{ BODY_IR, IR_ONE, 2, FAIL_NONE, false },
		{ BODY_IR, IR_ID_1, 2, FAIL_BAD_REQUEST, true },
		{ BODY_CR, IR_ID_MINUS, 2, FAIL_BAD_REQUEST, true },
		{ BODY_KUR, IR_TWO, 2, FAIL_BAD_REQUEST, true },
		{ BODY_CCR, IR_ONE, 3, FAIL_NONE, false },
		{ BODY_RR, RR_ONE, 2, FAIL_NONE, false },
		{ BODY_RR, RR_NO_REASON, 2, FAIL_NONE, false },
		{ BODY_RR, RR_REASON_10, 2, FAIL_NONE, false },
		{ BODY_RR, RR_REASON_7, 2, FAIL_BAD_REQUEST, true },
		{ BODY_RR, RR_REASON_11, 2, FAIL_BAD_REQUEST, true },
		{ BODY_RR, RR_NO_SERIAL, 2, FAIL_BAD_CERT_ID, true },
		{ BODY_RR, RR_NO_ISSUER, 2, FAIL_BAD_CERT_ID, true },
		{ BODY_RR, RR_NEGATIVE, 2, FAIL_BAD_CERT_ID, true },
		{ BODY_RR, RR_TWO, 2, FAIL_BAD_REQUEST, true },
		{ BODY_CERTCONF, CONF_NONE, 2, FAIL_NONE, false },
		{ BODY_CERTCONF, CONF_ONE, 2, FAIL_NONE, false },
		{ BODY_CERTCONF, CONF_ACCEPTED, 2, FAIL_NONE, false },
		{ BODY_CERTCONF, CONF_REJECTED, 2, FAIL_NONE, false },
		{ BODY_CERTCONF, CONF_TWO, 2, FAIL_BAD_REQUEST, false },
		{ BODY_CERTCONF, CONF_ACCEPTED_FAIL, 2, FAIL_BAD_REQUEST, false },
		{ BODY_CERTCONF, CONF_HASH, 2, FAIL_BAD_CERT_ID, false },
		{ BODY_CERTCONF, CONF_HASH, 3, FAIL_NONE, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct message *m = make_sample(rows[i].body, rows[i].sample, rows[i].pvno);
		struct verdict v;
		bool well = inspect_request(m, &v);
		if (well != (rows[i].failure == FAIL_NONE) || (!well && v.fault.failure != rows[i].failure) || v.in_body != rows[i].in_body)
			fail_msg("row %zu: %s, in body %d: %s", i, failure_name(v.fault.failure), v.in_body, v.fault.text);
		message_unref(m);
	}
}

// generalInfo with certProfile and these texts.
static struct span
profiles(struct der_writer *w, const char *const *texts, size_t count)
{
	uint8_t room[8];
	struct span octets;

	der_writer_init(w, ROOM);
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_of_it(IT_CERT_PROFILE, room));
	der_open(w, DER_SEQUENCE);
	for (size_t i = 0; i < count; i++)
		der_put_text(w, DER_UTF8, texts[i]);
	der_close(w);
	der_close(w);
	assert_true(der_finish(w, &octets));
	return octets;
}

static void
one_profile(void **state)
{
	static const char *const texts[] = { "plc", "pump" };

	(void)state;
	for (size_t count = 1; count <= 2; count++) {
		struct craft c = plan_of(BODY_IR);
		struct der_writer w;
		struct verdict v;
		c.general_info = profiles(&w, texts, count);
		struct message *m = make(&c, BODY_IR);
		assert_int_equal(inspect_request(m, &v), count == 1);
		if (count > 1)
			assert_int_equal(v.fault.failure, FAIL_BAD_REQUEST);
		message_unref(m);
		der_writer_clear(&w);
	}
}

static void
envelopes(void **state)
{
	static const struct span id = { (const uint8_t *)"0123456789abcdef", 16 }, other = { (const uint8_t *)"fedcba9876543210", 16 };
	static const struct span n1 = { (const uint8_t *)"nonce one 123456", 16 }, n2 = { (const uint8_t *)"nonce two 123456", 16 };
	const struct craft outer = { .pvno = 2, .transaction_id = id, .sender_nonce = n1 };
	const struct { const char *name; size_t count; enum body kinds[2]; struct craft inner[2]; enum failure failure; } rows[] = {
		{ "one", 1, { BODY_IR }, { { .pvno = 2, .transaction_id = id, .sender_nonce = n2 } }, FAIL_NONE },
		{ "another transaction inside", 1, { BODY_IR }, { { .pvno = 2, .transaction_id = other, .sender_nonce = n2 } }, FAIL_BAD_REQUEST },
		{ "no transaction inside", 1, { BODY_IR }, { { .pvno = 2, .sender_nonce = n2 } }, FAIL_BAD_REQUEST },
		{ "a version inside", 1, { BODY_IR }, { { .pvno = 1, .transaction_id = id, .sender_nonce = n2 } }, FAIL_UNSUPPORTED_VERSION },
		{ "no nonce inside", 1, { BODY_IR }, { { .pvno = 2, .transaction_id = id } }, FAIL_BAD_SENDER_NONCE },
		{ "an answer inside", 1, { BODY_IP }, { { .pvno = 2, .transaction_id = id, .sender_nonce = n2 } }, FAIL_BAD_REQUEST },
		{ "two", 2, { BODY_IR, BODY_CR }, { { .pvno = 2, .transaction_id = id, .sender_nonce = n2 },
			{ .pvno = 2, .transaction_id = other, .sender_nonce = n1 } }, FAIL_NONE },
		{ "two of one transaction", 2, { BODY_IR, BODY_CR }, { { .pvno = 2, .transaction_id = id, .sender_nonce = n2 },
			{ .pvno = 2, .transaction_id = id, .sender_nonce = n1 } }, FAIL_TRANSACTION_ID_IN_USE },
		{ "two of one nonce", 2, { BODY_IR, BODY_CR }, { { .pvno = 2, .transaction_id = id, .sender_nonce = n2 },
			{ .pvno = 2, .transaction_id = other, .sender_nonce = n2 } }, FAIL_BAD_SENDER_NONCE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct message *m = wrap(&outer, rows[i].inner, rows[i].kinds, rows[i].count);
		struct verdict v;
		assert_int_equal(m->inner != NULL, rows[i].count == 1);
		bool well = inspect_request(m, &v);
		if (well != (rows[i].failure == FAIL_NONE) || (!well && v.fault.failure != rows[i].failure))
			fail_msg("%s: %s", rows[i].name, v.fault.text);
		assert_false(v.in_body);
		message_unref(m);
	}
	// The envelope itself is judged as well; recipNonce is allowed on it.
	struct craft bad = outer, inner = rows[0].inner[0];
	const enum body ir = BODY_IR;
	struct verdict v;
	bad.recip_nonce = n2;
	struct message *m = wrap(&bad, &inner, &ir, 1);
	assert_true(inspect_request(m, &v));
	message_unref(m);
	bad.sender_nonce.data = NULL;
	m = wrap(&bad, &inner, &ir, 1);
	assert_false(inspect_request(m, &v));
	assert_int_equal(v.fault.failure, FAIL_BAD_SENDER_NONCE);
	message_unref(m);
	bad = outer;
	bad.pvno = 9;
	m = wrap(&bad, &inner, &ir, 1);
	assert_false(inspect_request(m, &v));
	assert_int_equal(v.pvno, 3);
	message_unref(m);
}

// Each message of a batch is looked at as one of its own, where the batch goes on as it is.
static void
members_of_a_batch(void **state)
{
	static const struct span id = { (const uint8_t *)"0123456789abcdef", 16 }, other = { (const uint8_t *)"fedcba9876543210", 16 };
	static const struct span n1 = { (const uint8_t *)"nonce one 123456", 16 }, n2 = { (const uint8_t *)"nonce two 123456", 16 };
	const struct craft outer = { .pvno = 2, .transaction_id = span_text("batch 0123456789"), .sender_nonce = span_text("nonce of a batch") };
	const struct { const char *name; enum body body; struct craft inner; enum failure failure; int32_t pvno; } rows[] = {
		{ "a good one", BODY_IR, { .pvno = 2, .transaction_id = other, .sender_nonce = n2 }, FAIL_NONE, 0 },
		{ "pvno 1", BODY_IR, { .pvno = 1, .transaction_id = other, .sender_nonce = n2 }, FAIL_UNSUPPORTED_VERSION, 2 },
		{ "no transactionID", BODY_IR, { .pvno = 2, .sender_nonce = n2 }, FAIL_BAD_DATA_FORMAT, 0 },
		{ "no nonce", BODY_IR, { .pvno = 2, .transaction_id = other }, FAIL_BAD_SENDER_NONCE, 0 },
		{ "a short nonce", BODY_IR, { .pvno = 2, .transaction_id = other, .sender_nonce = span_text("fifteen octets.") }, FAIL_BAD_SENDER_NONCE, 0 },
		{ "an answer", BODY_IP, { .pvno = 2, .transaction_id = other, .sender_nonce = n2 }, FAIL_BAD_REQUEST, 0 },
		{ "recipNonce in a first message", BODY_IR, { .pvno = 2, .transaction_id = other, .sender_nonce = n2, .recip_nonce = n1 }, FAIL_BAD_RECIPIENT_NONCE, 0 },
		{ "certConf", BODY_CERTCONF, { .pvno = 2, .transaction_id = other, .sender_nonce = n2, .recip_nonce = n1 }, FAIL_NONE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct craft inner[] = { { .pvno = 2, .transaction_id = id, .sender_nonce = n1 }, rows[i].inner };
		const enum body kinds[] = { BODY_CR, rows[i].body };
		struct message *m = wrap(&outer, inner, kinds, 2);
		struct verdict v;
		assert_true(inspect_request(m, &v));	// where it is split, each is answered for itself
		bool well = inspect_members(m, 0, &v);
		if (well != (rows[i].failure == FAIL_NONE) || (!well && v.fault.failure != rows[i].failure))
			fail_msg("%s: %s", rows[i].name, v.fault.text);
		assert_int_equal(v.pvno, rows[i].pvno);
		assert_false(v.in_body);
		if (rows[i].failure != FAIL_NONE)
			assert_non_null(strstr(v.fault.path, "body.nested[1]"));
		message_unref(m);
	}
	// One message in an envelope, and one without, are no batch.
	const struct craft one = { .pvno = 1, .transaction_id = outer.transaction_id, .sender_nonce = n1 };
	const enum body ir = BODY_IR;
	struct message *m = wrap(&outer, &one, &ir, 1);
	struct verdict v;
	assert_true(inspect_members(m, 0, &v));
	message_unref(m);
	m = make(&one, BODY_IR);
	assert_true(inspect_members(m, 0, &v));
	message_unref(m);
}

// ---- refuse

static struct verdict
verdict_of(enum failure failure, bool in_body, int32_t pvno)
{
	struct verdict v = { .in_body = in_body, .pvno = pvno };

	fault_set(&v.fault, failure, "body[0]", "it is %s", "wrong");
	return v;
}

static void
check_answer(struct blob *b, const struct pkiheader *request, enum body body, enum failure failure)
{
	struct cert_rep_message reply;
	struct cert_response r;
	struct error_content e;
	struct rev_rep rp;
	struct pkimessage m;
	struct fault f = { .set = false };

	assert_non_null(b);
	if (!pkimessage_parse(&m, blob_span(b), NULL, &f))
		fail_msg("%s: %s", f.path, f.text);
	assert_int_equal(m.body, body);
	assert_true(span_equal(m.header.transaction_id, request->transaction_id));
	assert_int_equal(m.header.has_recip_nonce, request->has_sender_nonce);
	assert_true(span_equal(m.header.recip_nonce, request->sender_nonce));
	assert_int_equal(m.header.sender_nonce.len, CAP_NONCE_MIN);
	assert_false(m.has_protection);
	struct span in = m.body_contents;
	if (body == BODY_ERROR) {
		assert_true(error_content_take(&in, &e, NULL));
	} else if (body == BODY_RP) {
		assert_true(rev_rep_read(in, &rp, NULL));
		assert_int_equal(rp.count, 1);
		assert_true(status_info_take(&rp.statuses, &e.status, NULL));
	} else {
		assert_true(cert_rep_message_read(in, &reply, NULL));
		assert_int_equal(reply.count, 1);
		assert_true(cert_response_take(&reply.responses, &r, NULL));
		e.status = r.status;
		assert_int_equal(r.cert_req_id, body == BODY_CP && failure == FAIL_BAD_POP ? -1 : 0);
		assert_false(r.has_pair);
	}
	assert_int_equal(e.status.status, STATUS_REJECTION);
	assert_int_equal(status_failure(&e.status), failure);
}

static void
rejections(void **state)
{
	static const struct { enum body request; bool in_body; enum body answer; enum failure failure; } rows[] = {
		{ BODY_IR, true, BODY_IP, FAIL_BAD_REQUEST }, { BODY_CR, true, BODY_CP, FAIL_BAD_REQUEST },
		{ BODY_KUR, true, BODY_KUP, FAIL_BAD_CERT_TEMPLATE }, { BODY_CCR, true, BODY_CCP, FAIL_BAD_REQUEST },
		{ BODY_P10CR, true, BODY_CP, FAIL_BAD_POP }, { BODY_RR, true, BODY_RP, FAIL_BAD_CERT_ID },
		{ BODY_IR, false, BODY_ERROR, FAIL_BAD_SENDER_NONCE }, { BODY_RR, false, BODY_ERROR, FAIL_BAD_REQUEST },
		{ BODY_GENM, true, BODY_ERROR, FAIL_BAD_REQUEST }, { BODY_CERTCONF, false, BODY_ERROR, FAIL_BAD_CERT_ID },
		{ BODY_IP, false, BODY_ERROR, FAIL_BAD_REQUEST }, { BODY_IR, false, BODY_ERROR, FAIL_DUPLICATE_CERT_REQ },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct craft c = plan_of(rows[i].request);
		struct message *m = make(&c, rows[i].request);
		struct verdict v = verdict_of(rows[i].failure, rows[i].in_body, 0);
		struct blob *b = refuse_message(&m->view.header, &m->view, &v);
		check_answer(b, &m->view.header, rows[i].answer, rows[i].failure);
		blob_unref(b);
		// With the header alone it is an error.
		b = refuse_message(&m->view.header, NULL, &v);
		check_answer(b, &m->view.header, BODY_ERROR, rows[i].failure);
		blob_unref(b);
		message_unref(m);
	}
}

static void
versions_and_names(void **state)
{
	struct craft c = plan_of(BODY_IR);
	struct verdict v = verdict_of(FAIL_UNSUPPORTED_VERSION, false, 3);
	struct message *m = make(&c, BODY_IR);
	struct pkiheader request = m->view.header;
	struct pkimessage one, two;
	uint8_t *longest = calloc(1, 4096);

	(void)state;
	struct blob *a = refuse_message(&request, &m->view, &v), *b = refuse_message(&request, &m->view, &v);
	assert_true(pkimessage_parse(&one, blob_span(a), NULL, NULL) && pkimessage_parse(&two, blob_span(b), NULL, NULL));
	assert_int_equal(one.header.pvno, 3);
	assert_false(span_equal(one.header.sender_nonce, two.header.sender_nonce));
	assert_true(span_equal(one.header.recipient, request.sender));
	assert_true(span_equal(one.header.sender, request.recipient));
	blob_unref(a);
	blob_unref(b);
	// A sender whose name would fill the answer is answered without it.
	request.sender = span_of(longest, 4096);
	a = refuse_message(&request, &m->view, &v);
	check_answer(a, &request, BODY_ERROR, FAIL_UNSUPPORTED_VERSION);
	blob_unref(a);
	free(longest);
	message_unref(m);
}

static void
words_of_the_transport(void **state)
{
	struct craft c = plan_of(BODY_IR);
	struct message *m = make(&c, BODY_IR);

	(void)state;
	for (enum refusal r = 0; r < REFUSE_COUNT; r++) {
		struct blob *b = refuse_content(&m->view.header, r, "a sentence");
		struct pkimessage answer;
		struct error_content e;
		assert_non_null(b);
		assert_true(pkimessage_parse(&answer, blob_span(b), NULL, NULL));
		struct span in = answer.body_contents;
		assert_true(error_content_take(&in, &e, NULL));
		check_answer(b, &m->view.header, BODY_ERROR, status_failure(&e.status));
		blob_unref(b);
		assert_true(refuse_seconds(r) <= 60);
		for (enum refusal other = 0; other < r; other++)
			assert_string_not_equal(refuse_name(r), refuse_name(other));
	}
	// What may pass by itself comes with a hint when to come back; what may not, without.
	assert_true(refuse_seconds(REFUSE_BUSY) > 0 && refuse_seconds(REFUSE_TRY_AGAIN) > 0 && refuse_seconds(REFUSE_RATE) > 0);
	assert_true(refuse_seconds(REFUSE_MALFORMED) == 0 && refuse_seconds(REFUSE_TOO_LARGE) == 0 && refuse_seconds(REFUSE_NOT_FOUND) == 0);
	assert_null(refuse_content(NULL, REFUSE_BUSY, "x"));
	message_unref(m);
}

static void
refusals_without_memory(void **state)
{
	struct craft c = plan_of(BODY_IR);
	struct message *m = make(&c, BODY_IR);
	struct verdict v = verdict_of(FAIL_BAD_REQUEST, true, 0);
	bool worked = false;

	(void)state;
	for (uint64_t n = 1; n < 200 && !worked; n++) {
		mem_fail(n, 1);
		struct blob *b = refuse_message(&m->view.header, &m->view, &v);
		mem_fail(0, 0);
		worked = b != NULL;
		if (worked)
			check_answer(b, &m->view.header, BODY_IP, FAIL_BAD_REQUEST);
		blob_unref(b);
	}
	assert_true(worked);
	message_unref(m);
}

// ---- relay

static const struct span txn = { (const uint8_t *)"transaction 1234", 16 }, nonce_a = { (const uint8_t *)"nonce of poll 12", 16 },
	nonce_b = { (const uint8_t *)"nonce of first 1", 16 }, stranger = { (const uint8_t *)"nonce of someone", 16 };

static struct craft
answer_plan(void)
{
	return (struct craft){ .pvno = 2, .transaction_id = txn, .sender_nonce = span_text("nonce of the CA."), .recip_nonce = nonce_a, .protection = true };
}

static struct asked
asked_for(enum body body, enum body first)
{
	return (struct asked){ .body = body, .first_body = first, .transaction_id = txn, .nonces = { nonce_a } };
}

static enum event
judge(const struct craft *c, enum body body, const struct asked *asked, struct relayed *out)
{
	struct fault f = { .set = false };
	struct message *m = make(c, body);

	relay_judge(m, asked, out, &f);
	assert_int_equal(f.set, out->event == EVENT_BAD);
	message_unref(m);
	return out->event;
}

// Each request with each answer: only its own kind, error, or what polling brings.
static void
kinds_of_answers(void **state)
{
	static const enum body asked_bodies[] = { BODY_IR, BODY_CR, BODY_P10CR, BODY_KUR, BODY_CCR, BODY_KRR, BODY_RR, BODY_GENM, BODY_CERTCONF };
	struct craft c = answer_plan();
	struct relayed r;

	(void)state;
	for (size_t i = 0; i < COUNT(asked_bodies); i++)
		for (enum body b = 0; b < BODY_COUNT; b++) {
			struct asked asked = asked_for(asked_bodies[i], asked_bodies[i]);
			enum event want = EVENT_BAD, got = judge(&c, b, &asked, &r);
			if (b == BODY_ERROR)
				want = EVENT_FINAL_NEGATIVE;
			else if (asked_bodies[i] == BODY_CERTCONF)
				want = b == BODY_PKICONF ? EVENT_PKICONF : EVENT_BAD;
			else if (b == body_answer(asked_bodies[i]))
				want = EVENT_FINAL_POSITIVE;
			if (got != want)
				fail_msg("%s answered with %s: %d instead of %d", body_name(asked_bodies[i]), body_name(b), (int)got, (int)want);
		}
}

static void
answers_to_polls(void **state)
{
	static const enum body firsts[] = { BODY_IR, BODY_P10CR, BODY_RR, BODY_GENM, BODY_COUNT };
	struct craft c = answer_plan();
	struct relayed r;

	(void)state;
	for (size_t i = 0; i < COUNT(firsts); i++)
		for (enum body b = 0; b < BODY_COUNT; b++) {
			struct asked asked = asked_for(BODY_POLLREQ, firsts[i]);
			bool known = firsts[i] != BODY_COUNT;
			bool answer = b == BODY_IP || b == BODY_CP || b == BODY_KUP || b == BODY_CCP || b == BODY_KRP || b == BODY_RP || b == BODY_GENP;
			enum event want = EVENT_BAD, got = judge(&c, b, &asked, &r);
			if (b == BODY_ERROR)
				want = EVENT_FINAL_NEGATIVE;
			else if (b == BODY_POLLREP)
				want = EVENT_POLLREP;
			else if (b == BODY_PKICONF)
				want = EVENT_PKICONF;
			else if (known ? b == body_answer(firsts[i]) : answer)
				want = EVENT_FINAL_POSITIVE;
			if (got != want)
				fail_msg("a poll for %s answered with %s: %d instead of %d", known ? body_name(firsts[i]) : "anything", body_name(b), (int)got, (int)want);
		}
}

static void
what_belongs(void **state)
{
	const struct { const char *name; struct span id, recip, nonces[3]; enum event event; } rows[] = {
		{ "the last request", txn, nonce_a, { nonce_a }, EVENT_FINAL_POSITIVE },
		{ "the first request after a delay", txn, nonce_b, { nonce_a, nonce_b }, EVENT_FINAL_POSITIVE },
		{ "what is inside an envelope", txn, nonce_b, { nonce_a, { NULL, 0 }, nonce_b }, EVENT_FINAL_POSITIVE },
		{ "the first request without a delay", txn, nonce_b, { nonce_a }, EVENT_BAD },
		{ "another request", txn, stranger, { nonce_a, nonce_b }, EVENT_BAD },
		{ "no request", txn, { NULL, 0 }, { nonce_a }, EVENT_BAD },
		{ "no request, and none had a nonce", txn, { NULL, 0 }, { { NULL, 0 } }, EVENT_BAD },
		{ "a nonce of no octets", txn, { (const uint8_t *)"", 0 }, { { NULL, 0 } }, EVENT_BAD },
		{ "another transaction", stranger, nonce_a, { nonce_a }, EVENT_BAD },
		{ "no transaction", { NULL, 0 }, nonce_a, { nonce_a }, EVENT_BAD },
		{ "the beginning of the transaction", { txn.data, 15 }, nonce_a, { nonce_a }, EVENT_BAD },
		{ "the beginning of a nonce", txn, { nonce_a.data, 15 }, { nonce_a }, EVENT_BAD },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct craft c = answer_plan();
		struct asked asked = asked_for(BODY_IR, BODY_IR);
		struct relayed r;
		if (rows[i].recip.data != NULL && rows[i].recip.len == 0)
			continue;	// the codec takes no such message
		c.transaction_id = rows[i].id;
		c.recip_nonce = rows[i].recip;
		memcpy(asked.nonces, rows[i].nonces, sizeof(asked.nonces));
		if (judge(&c, BODY_IP, &asked, &r) != rows[i].event)
			fail_msg("%s: %d", rows[i].name, (int)r.event);
	}
}

static void
unprotected_errors(void **state)
{
	const struct { struct span id; bool protection, accept; enum event event; } rows[] = {
		{ txn, true, false, EVENT_FINAL_NEGATIVE }, { txn, true, true, EVENT_FINAL_NEGATIVE },
		{ txn, false, false, EVENT_BAD }, { txn, false, true, EVENT_FINAL_NEGATIVE },
		{ { NULL, 0 }, false, true, EVENT_FINAL_NEGATIVE }, { stranger, false, true, EVENT_BAD },
		{ { NULL, 0 }, true, true, EVENT_BAD }, { stranger, true, true, EVENT_BAD },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct craft c = answer_plan();
		struct asked asked = asked_for(BODY_IR, BODY_IR);
		struct relayed r;
		c.transaction_id = rows[i].id;
		c.protection = rows[i].protection;
		asked.accept_unprotected_error = rows[i].accept;
		if (judge(&c, BODY_ERROR, &asked, &r) != rows[i].event)
			fail_msg("row %zu: %d", i, (int)r.event);
	}
	// Only an error is meant: other answers without protection are the device's to judge.
	struct craft c = answer_plan();
	struct asked asked = asked_for(BODY_IR, BODY_IR);
	struct relayed r;
	c.protection = false;
	assert_int_equal(judge(&c, BODY_IP, &asked, &r), EVENT_FINAL_POSITIVE);
}

enum reply_sample { CERT_0, CERT_MODS, CERT_5, CERT_MINUS, CERT_TWO, CERT_SAME, REJECTED, REJECTED_5, REJECTED_CERT, WAITS, WAITS_5, WAITS_CERT, ONE_WAITS, NO_CERT, KRP_CERT, KRP_BARE, KRP_WAITS, KRP_NO, RP_OK, RP_WAITS, RP_NO, RP_WARN, RP_TWO, ERROR_WAITS, ERROR_NO, ERROR_WELL, ERROR_MODS, ERROR_WARNS };

static void
put_cert_response(struct der_writer *w, int64_t id, int status, bool certificate)
{
	struct buffer b;

	der_open(w, DER_SEQUENCE);
	der_put_int(w, id);
	put_info(w, status, status == STATUS_REJECTION);
	if (certificate) {
		buffer_init(&b, ROOM);
		craft_certificate(&b, 20);
		der_open(w, DER_SEQUENCE);
		der_open(w, DER_CONTEXT_CONS(0));
		der_put_raw(w, buffer_span(&b));
		der_close(w);
		der_close(w);
		buffer_clear(&b);
	}
	der_close(w);
}

static void
put_responses(struct der_writer *w, enum reply_sample s)
{
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	switch (s) {
	case CERT_MODS: put_cert_response(w, 0, STATUS_GRANTED_WITH_MODS, true); break;
	case CERT_5: put_cert_response(w, 5, STATUS_ACCEPTED, true); break;
	case CERT_TWO: put_cert_response(w, 0, STATUS_ACCEPTED, true); put_cert_response(w, 1, STATUS_ACCEPTED, true); break;
	case CERT_MINUS: put_cert_response(w, -1, STATUS_ACCEPTED, true); break;
	case CERT_SAME: put_cert_response(w, 0, STATUS_ACCEPTED, true); put_cert_response(w, 0, STATUS_ACCEPTED, true); break;
	case REJECTED: put_cert_response(w, 0, STATUS_REJECTION, false); break;
	case REJECTED_5: put_cert_response(w, 5, STATUS_REJECTION, false); break;
	case REJECTED_CERT: put_cert_response(w, 0, STATUS_REJECTION, true); break;
	case WAITS: put_cert_response(w, 0, STATUS_WAITING, false); break;
	case WAITS_5: put_cert_response(w, 5, STATUS_WAITING, false); break;
	case WAITS_CERT: put_cert_response(w, 0, STATUS_WAITING, true); break;
	case NO_CERT: put_cert_response(w, 0, STATUS_ACCEPTED, false); break;
	case ONE_WAITS: put_cert_response(w, 0, STATUS_ACCEPTED, true); put_cert_response(w, 1, STATUS_WAITING, false); break;
	default: put_cert_response(w, 0, STATUS_ACCEPTED, true); break;
	}
	der_close(w);
	der_close(w);
}

static void
put_reply(struct der_writer *w, enum reply_sample s)
{
	struct buffer b;

	switch (s) {
	case KRP_CERT: case KRP_BARE: case KRP_WAITS: case KRP_NO:
		der_open(w, DER_SEQUENCE);
		put_info(w, s == KRP_WAITS ? STATUS_WAITING : s == KRP_NO ? STATUS_REJECTION : STATUS_ACCEPTED, s == KRP_NO);
		if (s == KRP_CERT) {
			buffer_init(&b, ROOM);
			craft_certificate(&b, 20);
			der_open(w, DER_CONTEXT_CONS(0));
			der_put_raw(w, buffer_span(&b));
			der_close(w);
			buffer_clear(&b);
		}
		der_close(w);
		break;
	case RP_OK: case RP_WAITS: case RP_NO: case RP_WARN: case RP_TWO:
		der_open(w, DER_SEQUENCE);
		der_open(w, DER_SEQUENCE);
		put_info(w, s == RP_WAITS ? STATUS_WAITING : s == RP_NO ? STATUS_REJECTION : s == RP_WARN ? STATUS_REVOCATION_WARNING : STATUS_ACCEPTED, s == RP_NO);
		if (s == RP_TWO)
			put_info(w, STATUS_ACCEPTED, false);
		der_close(w);
		der_close(w);
		break;
	case ERROR_WAITS: case ERROR_NO: case ERROR_WELL: case ERROR_MODS: case ERROR_WARNS:
		der_open(w, DER_SEQUENCE);
		put_info(w, s == ERROR_WAITS ? STATUS_WAITING : s == ERROR_WELL ? STATUS_ACCEPTED : s == ERROR_MODS ? STATUS_GRANTED_WITH_MODS
			: s == ERROR_WARNS ? STATUS_REVOCATION_WARNING : STATUS_REJECTION, s == ERROR_NO);
		der_close(w);
		break;
	default: put_responses(w, s); break;
	}
}

static void
what_answers_say(void **state)
{
	static const struct { enum body asked, body; enum reply_sample sample; bool implicit; enum event event; bool certificate, conf; size_t ids; int32_t id; } rows[] = {
		{ BODY_IR, BODY_IP, CERT_0, false, EVENT_FINAL_POSITIVE, true, true, 1, 0 },
		{ BODY_IR, BODY_IP, CERT_0, true, EVENT_FINAL_POSITIVE, true, false, 1, 0 },
		{ BODY_CR, BODY_CP, CERT_MODS, false, EVENT_FINAL_POSITIVE, true, true, 1, 0 },
		{ BODY_KUR, BODY_KUP, CERT_5, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_IR, BODY_IP, CERT_MINUS, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_P10CR, BODY_CP, CERT_MINUS, false, EVENT_FINAL_POSITIVE, true, true, 1, -1 },
		{ BODY_P10CR, BODY_CP, CERT_0, false, EVENT_FINAL_POSITIVE, true, true, 1, 0 },
		{ BODY_P10CR, BODY_CP, CERT_5, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_IR, BODY_IP, CERT_TWO, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_IR, BODY_IP, CERT_SAME, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_IR, BODY_IP, REJECTED_5, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_IR, BODY_IP, REJECTED_CERT, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_IR, BODY_IP, WAITS_5, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_IR, BODY_IP, WAITS_CERT, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_IR, BODY_IP, NO_CERT, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_IR, BODY_IP, REJECTED, false, EVENT_FINAL_NEGATIVE, false, false, 0, 0 },
		{ BODY_IR, BODY_IP, WAITS, false, EVENT_WAITING, false, false, 0, 0 },
		{ BODY_IR, BODY_IP, ONE_WAITS, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_KRR, BODY_KRP, KRP_CERT, false, EVENT_FINAL_POSITIVE, true, true, 1, 0 },
		{ BODY_KRR, BODY_KRP, KRP_CERT, true, EVENT_FINAL_POSITIVE, true, false, 1, 0 },
		{ BODY_KRR, BODY_KRP, KRP_BARE, false, EVENT_FINAL_POSITIVE, false, false, 0, 0 },
		{ BODY_KRR, BODY_KRP, KRP_WAITS, false, EVENT_WAITING, false, false, 0, 0 },
		{ BODY_KRR, BODY_KRP, KRP_NO, false, EVENT_FINAL_NEGATIVE, false, false, 0, 0 },
		{ BODY_RR, BODY_RP, RP_OK, false, EVENT_FINAL_POSITIVE, false, false, 0, 0 },
		{ BODY_RR, BODY_RP, RP_WARN, false, EVENT_FINAL_POSITIVE, false, false, 0, 0 },
		{ BODY_RR, BODY_RP, RP_WAITS, false, EVENT_WAITING, false, false, 0, 0 },
		{ BODY_RR, BODY_RP, RP_NO, false, EVENT_FINAL_NEGATIVE, false, false, 0, 0 },
		{ BODY_RR, BODY_RP, RP_TWO, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_IR, BODY_ERROR, ERROR_WELL, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_IR, BODY_ERROR, ERROR_MODS, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_RR, BODY_ERROR, ERROR_WARNS, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_CERTCONF, BODY_ERROR, ERROR_WELL, false, EVENT_BAD, false, false, 0, 0 },
		{ BODY_GENM, BODY_ERROR, ERROR_WAITS, false, EVENT_WAITING, false, false, 0, 0 },
		{ BODY_CERTCONF, BODY_ERROR, ERROR_WAITS, false, EVENT_WAITING, false, false, 0, 0 },
		{ BODY_CERTCONF, BODY_ERROR, ERROR_NO, false, EVENT_FINAL_NEGATIVE, false, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct craft c = answer_plan();
		struct asked asked = asked_for(rows[i].asked, rows[i].asked);
		struct der_writer w;
		struct relayed r;
		der_writer_init(&w, ROOM);
		put_reply(&w, rows[i].sample);
		assert_true(der_finish(&w, &c.body));
		c.implicit_confirm = rows[i].implicit;
		if (judge(&c, rows[i].body, &asked, &r) != rows[i].event)
			fail_msg("row %zu: %d instead of %d", i, (int)r.event, (int)rows[i].event);
		assert_int_equal(r.has_certificate, rows[i].certificate);
		assert_int_equal(r.need_conf, rows[i].conf);
		assert_int_equal(r.id_count, rows[i].ids);
		if (rows[i].ids > 0)
			assert_int_equal(r.ids[0], rows[i].id);
		der_writer_clear(&w);
	}
}

// What a poll brings is measured by the first request, as far as it is known.
static void
ids_behind_polls(void **state)
{
	static const struct { enum body first, body; enum reply_sample sample; enum event event; } rows[] = {
		{ BODY_IR, BODY_IP, CERT_0, EVENT_FINAL_POSITIVE }, { BODY_IR, BODY_IP, CERT_MINUS, EVENT_BAD }, { BODY_IR, BODY_IP, CERT_5, EVENT_BAD },
		{ BODY_P10CR, BODY_CP, CERT_MINUS, EVENT_FINAL_POSITIVE }, { BODY_P10CR, BODY_CP, CERT_0, EVENT_FINAL_POSITIVE },
		{ BODY_COUNT, BODY_CP, CERT_MINUS, EVENT_FINAL_POSITIVE }, { BODY_COUNT, BODY_CP, CERT_0, EVENT_FINAL_POSITIVE },
		{ BODY_COUNT, BODY_CP, CERT_5, EVENT_BAD }, { BODY_COUNT, BODY_CP, CERT_TWO, EVENT_BAD },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct craft c = answer_plan();
		struct asked asked = asked_for(BODY_POLLREQ, rows[i].first);
		struct der_writer w;
		struct relayed r;
		der_writer_init(&w, ROOM);
		put_reply(&w, rows[i].sample);
		assert_true(der_finish(&w, &c.body));
		if (judge(&c, rows[i].body, &asked, &r) != rows[i].event)
			fail_msg("row %zu: %d instead of %d", i, (int)r.event, (int)rows[i].event);
		der_writer_clear(&w);
	}
}

static void
answers_in_envelopes(void **state)
{
	const enum body kinds[] = { BODY_IP, BODY_ERROR };
	struct craft outer = answer_plan(), inner[2] = { answer_plan(), answer_plan() };
	struct asked asked = asked_for(BODY_IR, BODY_IR);
	struct fault f = { .set = false };
	struct relayed r;

	(void)state;
	struct message *m = wrap(&outer, inner, kinds, 1);
	relay_judge(m, &asked, &r, &f);
	assert_int_equal(r.event, EVENT_FINAL_POSITIVE);
	assert_true(r.need_conf);
	message_unref(m);

	// Inside is the answer of another transaction.
	inner[0].transaction_id = stranger;
	m = wrap(&outer, inner, kinds, 1);
	relay_judge(m, &asked, &r, &f);
	assert_int_equal(r.event, EVENT_BAD);
	assert_true(f.set);
	message_unref(m);

	// A batch is answered by a batch, whatever its members say, and however many.
	asked.body = asked.first_body = BODY_NESTED;
	for (size_t count = 1; count <= 2; count++) {
		f.set = false;
		m = wrap(&outer, inner, kinds, count);
		relay_judge(m, &asked, &r, &f);
		assert_int_equal(r.event, EVENT_FINAL_POSITIVE);
		message_unref(m);
	}
	struct craft c = answer_plan();
	assert_int_equal(judge(&c, BODY_IP, &asked, &r), EVENT_BAD);
}

// ---- rate

static void
bucket(void **state)
{
	struct rate_table *t = rate_table_new();

	(void)state;
	assert_non_null(t);
	for (int i = 0; i < 3; i++)
		assert_true(rate_take(t, "10.0.0.1", 2, 3, 1000));
	assert_false(rate_take(t, "10.0.0.1", 2, 3, 1000));
	assert_true(rate_take(t, "10.0.0.2", 2, 3, 1000));	// another source
	assert_false(rate_take(t, "10.0.0.1", 2, 3, 1499));
	assert_true(rate_take(t, "10.0.0.1", 2, 3, 1500));
	assert_false(rate_take(t, "10.0.0.1", 2, 3, 1500));
	// A refusal costs nothing, and a long silence fills the bucket but not more.
	for (int i = 0; i < 3; i++)
		assert_true(rate_take(t, "10.0.0.1", 2, 3, INT64_MAX / 2));
	assert_false(rate_take(t, "10.0.0.1", 2, 3, INT64_MAX / 2));
	rate_table_free(t);
	rate_table_free(NULL);
}

static void
rate_over_time(void **state)
{
	struct rate_table *t = rate_table_new();
	int taken = 0;

	(void)state;
	for (int64_t ms = 0; ms <= 10000; ms += 7)
		taken += rate_take(t, "2001:db8::1", 10, 40, ms);
	assert_in_range(taken, 139, 140);
	rate_table_free(t);
}

static void
events_of_a_window(void **state)
{
	struct rate_table *t = rate_table_new();

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_true(rate_has(t, "device", 5, 600000, 1000));
		rate_count(t, "device", 5, 600000, 1000);
	}
	assert_false(rate_has(t, "device", 5, 600000, 1000));
	assert_true(rate_has(t, "another", 5, 600000, 1000));
	// More of them cost no more than the window.
	rate_count(t, "device", 5, 600000, 1000);
	assert_false(rate_has(t, "device", 5, 600000, 1000 + 119999));
	assert_true(rate_has(t, "device", 5, 600000, 1000 + 120000));
	rate_count(t, "device", 5, 600000, 1000 + 120000);
	assert_false(rate_has(t, "device", 5, 600000, 1000 + 120000));
	for (int i = 0; i < 5; i++)
		rate_count(t, "device", 5, 600000, 10000000);
	assert_false(rate_has(t, "device", 5, 600000, 10000000));
	rate_table_free(t);
}

static void
the_quietest_is_forgotten(void **state)
{
	struct rate_table *t = rate_table_new();
	char name[32];

	(void)state;
	assert_true(rate_take(t, "first", 1, 1, 0));
	assert_true(rate_take(t, "second", 1, 1, 0));
	assert_false(rate_take(t, "first", 1, 1, 0));	// it came last now
	for (int i = 0; i < RATE_SOURCES - 2; i++) {
		snprintf(name, sizeof(name), "10.0.%d.%d", i / 256, i % 256);
		assert_true(rate_take(t, name, 1, 1, 0));
	}
	assert_false(rate_take(t, "first", 1, 1, 0));
	assert_true(rate_take(t, "one more", 1, 1, 0));
	assert_false(rate_take(t, "first", 1, 1, 0));
	assert_true(rate_take(t, "second", 1, 1, 0));	// forgotten: a full bucket again
	rate_table_free(t);
}

static void
rate_without_memory(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= 2; n++) {
		mem_fail(n, 1);
		struct rate_table *t = rate_table_new();
		mem_fail(0, 0);
		rate_table_free(t);
	}
	struct rate_table *t = rate_table_new();
	mem_fail(1, 1);
	assert_false(rate_take(t, "10.0.0.1", 1, 1, 0));
	mem_fail(0, 0);
	assert_true(rate_take(t, "10.0.0.1", 1, 1, 0));
	char longest[200];
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_true(rate_take(t, longest, 1, 1, 0));
	assert_false(rate_take(t, longest, 1, 1, 0));
	rate_table_free(t);
}

// ---- route

static bool
within(const char *address, const char *network)
{
	char *items[] = { (char *)(uintptr_t)network };
	const struct option_texts networks = { items, 1 };

	return address_within(address, &networks);
}

static void
networks(void **state)
{
	static const struct { const char *address, *network; bool within; } rows[] = {
		{ "10.7.1.20", "10.7.1.20", true }, { "10.7.1.21", "10.7.1.20", false }, { "10.7.1.20", "10.7.1.20/32", true },
		{ "10.7.0.0", "10.7.0.0/16", true }, { "10.7.255.255", "10.7.0.0/16", true }, { "10.8.0.0", "10.7.0.0/16", false },
		{ "10.6.255.255", "10.7.0.0/16", false }, { "10.7.127.255", "10.7.128.0/17", false }, { "10.7.128.0", "10.7.128.0/17", true },
		{ "10.7.1.3", "10.7.1.2/31", true }, { "10.7.1.4", "10.7.1.2/31", false }, { "255.255.255.255", "0.0.0.0/0", true },
		{ "2001:db8::1", "2001:db8::/32", true }, { "2001:db9::1", "2001:db8::/32", false }, { "2001:db8::1", "::/0", true },
		{ "2001:db8::1", "2001:db8::1", true }, { "2001:db8:0:0::1", "2001:db8::1/128", true }, { "2001:db8::2", "2001:db8::1/128", false },
		{ "::ffff:10.7.1.20", "10.7.0.0/16", true }, { "10.7.1.20", "::ffff:10.7.1.20", true },
		{ "10.7.1.20", "::ffff:10.7.0.0/112", true }, { "10.8.1.20", "::ffff:10.7.0.0/112", false },
		{ "::ffff:10.7.1.20", "::ffff:10.7.1.20/128", true }, { "10.7.1.20", "::ffff:0.0.0.0/96", true },
		{ "10.7.1.20", "::/0", false }, { "2001:db8::1", "0.0.0.0/0", false },
		{ "", "0.0.0.0/0", false }, { "10.7.1", "0.0.0.0/0", false }, { "10.7.1.20:5683", "0.0.0.0/0", false }, { "name", "0.0.0.0/0", false },
		{ "10.7.1.20", "10.7.1.20/33", false }, { "10.7.1.20", "", false }, { "10.7.1.20", "/0", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (within(rows[i].address, rows[i].network) != rows[i].within)
			fail_msg("%s in %s", rows[i].address, rows[i].network);
	const struct option_texts none = { NULL, 0 };
	assert_false(address_within("10.7.1.20", &none));
}

#define LIST(...) { .items = (char *[]){ __VA_ARGS__ }, .count = sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *) }

static void
count_told(void *context, const struct settings_route *r, const char *why)
{
	char *line = context;

	snprintf(line + strlen(line), 400 - strlen(line), "%s:%.10s|", r->name, why != NULL ? why : "yes");
}

static void
the_first_route_that_fits(void **state)
{
	struct settings_route routes[] = {
		{ .name = (char[]){ "revoke" }, .body_bits = UINT64_C(1) << BODY_RR, .target = TARGET_REJECT },
		{ .name = (char[]){ "files" }, .from = LIST((char[]){ "stick" }, (char[]){ "share" }) },
		{ .name = (char[]){ "plc" }, .match_path = LIST((char[]){ "/.well-known/cmp/p/plc*" }), .match_source = LIST((char[]){ "10.7.0.0/16" }) },
		{ .name = (char[]){ "pump" }, .match_profile = LIST((char[]){ "pump-?" }) },
		{ .name = (char[]){ "named" }, .match_sender = LIST((char[]){ "CN=d" }), .match_body = LIST((char[]){ "cr" }), .body_bits = UINT64_C(1) << BODY_CR },
		{ .name = (char[]){ "rest" }, .body_bits = UINT64_C(1) << BODY_IR | UINT64_C(1) << BODY_NESTED },
	};
	static const struct { const char *listener, *source, *path, *label; const char *profile; enum body body; const char *route; } rows[] = {
		{ "lan", "10.7.1.1", "/", "", NULL, BODY_IR, "rest" },
		{ "lan", "10.7.1.1", "/", "", NULL, BODY_RR, "revoke" },
		{ "stick", "", "", "", NULL, BODY_GENM, "files" },
		{ "stick2", "", "", "", NULL, BODY_GENM, NULL },
		{ "lan", "10.7.1.1", "/.well-known/cmp/p/plc7", "plc7", NULL, BODY_GENM, "plc" },
		{ "lan", "10.8.1.1", "/.well-known/cmp/p/plc7", "plc7", NULL, BODY_GENM, NULL },
		{ "lan", "10.7.1.1", "/.well-known/cmp/p/PLC7", "PLC7", NULL, BODY_GENM, NULL },
		{ "lan", "10.7.1.1", "/", "pump-1", NULL, BODY_GENM, "pump" },
		{ "lan", "10.7.1.1", "/", "", "pump-2", BODY_GENM, "pump" },
		{ "lan", "10.7.1.1", "/", "pump-12", "pump-", BODY_GENM, NULL },
		{ "lan", "10.7.1.1", "/", "other", "pump-3", BODY_GENM, "pump" },
		{ "lan", "10.7.1.1", "/", "", NULL, BODY_CR, "named" },
		{ "lan", "10.7.1.1", "/", "", NULL, BODY_KUR, NULL },
	};
	struct settings s = { .routes = routes, .route_count = COUNT(routes) };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct craft c = plan_of(rows[i].body);
		struct der_writer w;
		struct peer peer = { .text = "" };
		struct label label = { .path = "" };
		if (rows[i].profile != NULL)
			c.general_info = profiles(&w, &rows[i].profile, 1);
		struct message *m = make(&c, rows[i].body);
		snprintf(peer.source, sizeof(peer.source), "%s", rows[i].source);
		snprintf(label.path, sizeof(label.path), "%s", rows[i].path);
		snprintf(label.profile, sizeof(label.profile), "%s", rows[i].label);
		const struct claims claims = { rows[i].listener, &peer, &label, m };
		const struct settings_route *r = route_choose(&s, &claims, NULL, NULL);
		if ((r == NULL) != (rows[i].route == NULL) || (r != NULL && strcmp(r->name, rows[i].route) != 0))
			fail_msg("row %zu: %s", i, r != NULL ? r->name : "none");
		message_unref(m);
		if (rows[i].profile != NULL)
			der_writer_clear(&w);
	}
	assert_ptr_equal(route_named(&s, "pump"), &routes[3]);
	assert_null(route_named(&s, "Pump"));
	assert_null(route_named(&s, ""));
}

// Each route is told of with its reason, up to the one that takes it.
static void
reasons_are_told(void **state)
{
	struct settings_route routes[] = {
		{ .name = (char[]){ "a" }, .from = LIST((char[]){ "other" }) },
		{ .name = (char[]){ "b" }, .match_path = LIST((char[]){ "/x" }) },
		{ .name = (char[]){ "c" }, .match_profile = LIST((char[]){ "x" }) },
		{ .name = (char[]){ "d" }, .body_bits = UINT64_C(1) << BODY_RR },
		{ .name = (char[]){ "e" }, .match_source = LIST((char[]){ "::1" }) },
		{ .name = (char[]){ "f" }, .match_sender = LIST((char[]){ "CN=x" }) },
		{ .name = (char[]){ "g" } },
		{ .name = (char[]){ "h" } },
	};
	struct settings s = { .routes = routes, .route_count = COUNT(routes) };
	struct craft c = plan_of(BODY_IR);
	struct message *m = make(&c, BODY_IR);
	struct peer peer = { .source = "10.0.0.1" };
	struct label label = { .path = "/" };
	const struct claims claims = { "lan", &peer, &label, m };
	char told[400] = "";

	(void)state;
	assert_ptr_equal(route_choose(&s, &claims, count_told, told), &routes[6]);
	assert_string_equal(told, "a:from: the |b:match.path|c:match.prof|d:match.body|e:match.sour|f:match.send|g:yes|");
	message_unref(m);
}

// A message in an envelope is routed by what is inside.
static void
envelopes_are_looked_into(void **state)
{
	struct settings_route routes[] = { { .name = (char[]){ "ir" }, .body_bits = UINT64_C(1) << BODY_IR } };
	struct settings s = { .routes = routes, .route_count = 1 };
	struct craft outer = plan_of(BODY_IR), inner = plan_of(BODY_IR);
	const enum body kinds[] = { BODY_IR };
	struct message *m = wrap(&outer, &inner, kinds, 1);
	struct peer peer = { .source = "10.0.0.1" };
	struct label label = { .path = "/" };
	const struct claims claims = { "lan", &peer, &label, m };

	(void)state;
	assert_ptr_equal(route_choose(&s, &claims, NULL, NULL), &routes[0]);
	message_unref(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_of_requests),
		cmocka_unit_test(headers),
		cmocka_unit_test(bodies),
		cmocka_unit_test(one_profile),
		cmocka_unit_test(envelopes),
		cmocka_unit_test(members_of_a_batch),
		cmocka_unit_test(rejections),
		cmocka_unit_test(versions_and_names),
		cmocka_unit_test(words_of_the_transport),
		cmocka_unit_test(refusals_without_memory),
		cmocka_unit_test(kinds_of_answers),
		cmocka_unit_test(answers_to_polls),
		cmocka_unit_test(what_belongs),
		cmocka_unit_test(unprotected_errors),
		cmocka_unit_test(what_answers_say),
		cmocka_unit_test(ids_behind_polls),
		cmocka_unit_test(answers_in_envelopes),
		cmocka_unit_test(bucket),
		cmocka_unit_test(rate_over_time),
		cmocka_unit_test(events_of_a_window), cmocka_unit_test(the_quietest_is_forgotten),
		cmocka_unit_test(rate_without_memory),
		cmocka_unit_test(networks),
		cmocka_unit_test(the_first_route_that_fits),
		cmocka_unit_test(reasons_are_told),
		cmocka_unit_test(envelopes_are_looked_into),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
