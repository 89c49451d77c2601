// SPDX-License-Identifier: GPL-3.0-or-later
// The messages of our own, read again field by field: nothing that a builder
// was given may be missing or stand somewhere else.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "codec/confirm.h"
#include "codec/itav.h"
#include "codec/oid.h"
#include "codec/originate.h"
#include "codec/response.h"
#include "tests/unit/craft.h"

#define ROOM (1024 * 1024 * 2)

// ---- a plan with every field, and the message that was built last

static const uint8_t sender[] = { 0xA4, 0x0E, 0x30, 0x0C, 0x31, 0x0A, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x01, 's' };
static const uint8_t recipient[] = { 0x82, 0x03, 'a', '.', 'b' };
static const uint8_t algorithm[] = { 0x30, 0x03, 0x06, 0x01, 0x2A };
static const uint8_t null_dn[] = { 0xA4, 0x02, 0x30, 0x00 };

static const uint8_t confirm[] = { 0x30, 0x0C, 0x06, 0x08, 0x2B, 6, 1, 5, 5, 7, 4, 13, 0x05, 0x00 };

static struct buffer built, other;
static struct pkimessage m;

static struct header_plan
full_plan(void)
{
	return (struct header_plan){
		.pvno = 3, .sender = span_of(sender, sizeof(sender)), .recipient = span_of(recipient, sizeof(recipient)), .message_time = 1750000000,
		.transaction_id = span_text("transaction 1234"), .sender_nonce = span_text("our fresh nonce 1"), .recip_nonce = span_text("the nonce of them"),
		.protection_alg = span_of(algorithm, sizeof(algorithm)), .sender_kid = span_text("kid"), .implicit_confirm = true
	};
}

static struct header_plan
bare_plan(void)
{
	return (struct header_plan){ .pvno = 2, .sender_nonce = span_text("our fresh nonce 2") };
}

// The message in `built` must parse, and be of this kind with nothing behind its body.
static void
read_again(enum body body)
{
	struct fault f = { .set = false };

	if (!pkimessage_parse(&m, buffer_span(&built), NULL, &f))
		fail_msg("%s: %s: %s", body_name(body), f.path, f.text);
	assert_int_equal(m.body, body);
	assert_false(m.has_protection);
	assert_int_equal(m.extra_certs_whole.len, 0);
}

static void
expect_octets(struct span is, const char *text)
{
	assert_int_equal(is.len, strlen(text));
	assert_memory_equal(is.data, text, is.len);
}

// One UTF8String of this text, or none for NULL.
static void
expect_text(struct span texts, const char *text)
{
	struct span one;

	if (text == NULL) {
		assert_int_equal(texts.len, 0);
		return;
	}
	assert_true(der_take(&texts, DER_UTF8, &one));
	expect_octets(one, text);
	assert_true(der_at_end(texts));
}

static void
expect_status(const struct status_info *s, int status, enum failure failure, const char *text)
{
	assert_int_equal(s->status, status);
	assert_int_equal(s->has_failure, failure != FAIL_NONE);
	assert_int_equal(s->failures, failure != FAIL_NONE ? 1u << failure : 0);
	expect_text(s->texts, text);
}

// ---- the header

static void
header_with_all(void **state)
{
	struct header_plan plan = full_plan();
	const struct pkiheader *h = &m.header;

	(void)state;
	built.len = 0;
	assert_true(build_pkiconf(&built, &plan));
	read_again(BODY_PKICONF);
	assert_int_equal(h->pvno, 3);
	assert_true(span_equal(h->sender, span_of(sender, sizeof(sender))));
	assert_true(span_equal(h->recipient, span_of(recipient, sizeof(recipient))));
	assert_true(h->has_message_time && h->message_time == 1750000000);
	assert_true(span_equal(h->protection_alg, span_of(algorithm, sizeof(algorithm))));
	assert_true(h->has_sender_kid && h->has_transaction_id && h->has_sender_nonce && h->has_recip_nonce);
	expect_octets(h->sender_kid, "kid");
	expect_octets(h->transaction_id, "transaction 1234");
	expect_octets(h->sender_nonce, "our fresh nonce 1");
	expect_octets(h->recip_nonce, "the nonce of them");
	assert_true(h->implicit_confirm);
	assert_true(span_equal(h->general_info, span_of(confirm, sizeof(confirm))));
	assert_false(h->has_recip_kid);
	assert_int_equal(h->free_text.len, 0);
}

static void
header_with_little(void **state)
{
	struct header_plan plan = bare_plan();
	const struct pkiheader *h = &m.header;

	(void)state;
	built.len = 0;
	assert_true(build_pkiconf(&built, &plan));
	read_again(BODY_PKICONF);
	assert_int_equal(h->pvno, 2);
	assert_true(span_equal(h->sender, span_of(null_dn, sizeof(null_dn))));
	assert_true(span_equal(h->recipient, span_of(null_dn, sizeof(null_dn))));
	assert_false(h->has_message_time || h->has_sender_kid || h->has_transaction_id || h->has_recip_nonce || h->implicit_confirm);
	assert_int_equal(h->protection_alg.len, 0);
	assert_int_equal(h->general_info.len, 0);
	expect_octets(h->sender_nonce, "our fresh nonce 2");
}

// An answer goes back to who asked, and never in a version that is not spoken here.
static void
header_of_an_answer(void **state)
{
	static const struct { int32_t asked, answered; } versions[] = { { -1, 2 }, { 0, 2 }, { 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 3 }, { INT32_MAX, 3 } };
	struct pkiheader h = {
		.sender = span_of(sender, sizeof(sender)), .recipient = span_of(recipient, sizeof(recipient)), .transaction_id = span_text("id"), .sender_nonce = span_text("n")
	};
	struct header_plan plan;

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		h.pvno = versions[i].asked;
		header_plan_answer(&plan, &h, span_text("ours"));
		assert_int_equal(plan.pvno, versions[i].answered);
	}
	assert_true(span_equal(plan.sender, h.recipient) && span_equal(plan.recipient, h.sender));
	expect_octets(plan.transaction_id, "id");
	expect_octets(plan.sender_nonce, "ours");
	expect_octets(plan.recip_nonce, "n");
	assert_false(plan.implicit_confirm);
	assert_int_equal(plan.message_time, 0);
}

// ---- bodies

static void
error_contents(void **state)
{
	struct header_plan plan = full_plan();
	struct error_content e;

	(void)state;
	for (int status = 0; status < STATUS_COUNT; status++)
		for (int failure = FAIL_NONE; failure < FAIL_COUNT; failure++) {
			const char *text = failure % 2 == 0 ? "not today" : NULL;
			built.len = 0;
			assert_true(build_error(&built, &plan, status, (enum failure)failure, text));
			read_again(BODY_ERROR);
			assert_true(error_content_take(&m.body_contents, &e, NULL));
			expect_status(&e.status, status, (enum failure)failure, text);
			assert_false(e.has_code);
			assert_int_equal(e.details.len, 0);
		}
}

// A sentence is cut at 512 octets, and never within a character.
static void
long_texts(void **state)
{
	static char text[700];
	struct header_plan plan = bare_plan();
	struct error_content e;

	(void)state;
	for (size_t length = 510; length <= 514; length++) {
		memset(text, 'a', length);
		memcpy(text + length, "\xC3\xA4z", 4);
		built.len = 0;
		assert_true(build_error(&built, &plan, STATUS_REJECTION, FAIL_BAD_REQUEST, text));
		read_again(BODY_ERROR);
		assert_true(error_content_take(&m.body_contents, &e, NULL));
		size_t kept = length > 512 ? 512 : length + (length == 510 ? 2 : 0);
		text[kept] = '\0';
		expect_text(e.status.texts, text);
	}
	built.len = 0;
	assert_true(build_error(&built, &plan, STATUS_REJECTION, FAIL_BAD_REQUEST, ""));
	read_again(BODY_ERROR);
	assert_true(error_content_take(&m.body_contents, &e, NULL));
	expect_text(e.status.texts, NULL);
}

static void
poll_answer(void **state)
{
	static const struct { int32_t id, seconds; const char *reason; } rows[] = {
		{ 0, 1, "the CA is busy" }, { -1, 3600, NULL }, { 0, INT32_MAX, "" }, { 7, 0, "x" }
	};
	struct header_plan plan = full_plan();
	struct poll_rep first;
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		built.len = 0;
		assert_true(build_pollrep(&built, &plan, rows[i].id, rows[i].seconds, rows[i].reason));
		read_again(BODY_POLLREP);
		assert_true(poll_rep_check(m.body_contents, &count, &first, NULL));
		assert_int_equal(count, 1);
		assert_int_equal(first.cert_req_id, rows[i].id);
		assert_int_equal(first.check_after, rows[i].seconds);
		expect_text(first.reason, rows[i].reason != NULL && rows[i].reason[0] != '\0' ? rows[i].reason : NULL);
	}
}

static void
certificate_status(void **state)
{
	static const enum body kinds[] = { BODY_IP, BODY_CP, BODY_KUP, BODY_CCP };
	static const struct { int32_t id; int status; enum failure failure; const char *text; } rows[] = {
		{ 0, STATUS_WAITING, FAIL_NONE, NULL }, { -1, STATUS_REJECTION, FAIL_BAD_POP, "no key" }, { 0, STATUS_REJECTION, FAIL_BAD_CERT_TEMPLATE, NULL }
	};
	struct header_plan plan = full_plan();
	struct cert_rep_message reply;
	struct cert_response r;

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			built.len = 0;
			assert_true(build_cert_status(&built, &plan, kinds[k], rows[i].id, rows[i].status, rows[i].failure, rows[i].text));
			read_again(kinds[k]);
			assert_true(cert_rep_message_read(m.body_contents, &reply, NULL));
			assert_int_equal(reply.count, 1);
			assert_int_equal(reply.ca_pubs.len, 0);
			assert_true(cert_response_take(&reply.responses, &r, NULL) && der_at_end(reply.responses));
			assert_int_equal(r.cert_req_id, rows[i].id);
			assert_false(r.has_pair || r.has_info);
			expect_status(&r.status, rows[i].status, rows[i].failure, rows[i].text);
		}
	for (int b = 0; b < BODY_COUNT; b++)
		if (b != BODY_IP && b != BODY_CP && b != BODY_KUP && b != BODY_CCP)
			assert_false(build_cert_status(&other, &plan, (enum body)b, 0, STATUS_WAITING, FAIL_NONE, NULL));
}

static void
revocation_status(void **state)
{
	struct header_plan plan = full_plan();
	struct status_info status;
	struct rev_rep reply;

	(void)state;
	built.len = 0;
	assert_true(build_rp_status(&built, &plan, STATUS_REJECTION, FAIL_BAD_CERT_ID, "no such certificate"));
	read_again(BODY_RP);
	assert_true(rev_rep_read(m.body_contents, &reply, NULL));
	assert_int_equal(reply.count, 1);
	assert_int_equal(reply.rev_certs.len + reply.crls.len, 0);
	assert_true(status_info_take(&reply.statuses, &status, NULL) && der_at_end(reply.statuses));
	expect_status(&status, STATUS_REJECTION, FAIL_BAD_CERT_ID, "no such certificate");
	built.len = 0;
	assert_true(build_rp_status(&built, &plan, STATUS_ACCEPTED, FAIL_NONE, NULL));
	read_again(BODY_RP);
	assert_true(rev_rep_read(m.body_contents, &reply, NULL) && status_info_take(&reply.statuses, &status, NULL));
	expect_status(&status, STATUS_ACCEPTED, FAIL_NONE, NULL);
}

static void
general_answer(void **state)
{
	// getCertTemplate without an answer, and a root certificate that is none
	static const uint8_t itavs[] = { 0x30, 0x0A, 0x06, 0x08, 0x2B, 6, 1, 5, 5, 7, 4, 19, 0x30, 0x0A, 0x06, 0x08, 0x2B, 6, 1, 5, 5, 7, 4, 20 };
	struct header_plan plan = full_plan();
	struct span list;
	struct itav v;

	(void)state;
	built.len = 0;
	assert_true(build_genp(&built, &plan, span_of(itavs, sizeof(itavs))));
	read_again(BODY_GENP);
	assert_true(der_take(&m.body_contents, DER_SEQUENCE, &list) && der_at_end(m.body_contents));
	assert_true(span_equal(list, span_of(itavs, sizeof(itavs))));
	assert_true(itav_take(&list, &v, NULL) && v.type == IT_CERT_REQ_TEMPLATE && v.value.len == 0);
	assert_true(itav_take(&list, &v, NULL) && v.type == IT_ROOT_CA_CERT && v.value.len == 0);
	assert_true(der_at_end(list));
	built.len = 0;
	assert_true(build_genp(&built, &plan, span_of(NULL, 0)));
	read_again(BODY_GENP);
	assert_true(der_take(&m.body_contents, DER_SEQUENCE, &list) && der_at_end(list));
}

// Every message of a batch stands in it, in order and octet by octet.
static void
envelope(void **state)
{
	struct craft c = craft_plan(1);
	struct buffer messages[32];
	struct span inner[33], rest, one;
	struct header_plan plan = full_plan();

	(void)state;
	c.protection = true;
	for (size_t i = 0; i < 32; i++) {
		buffer_init(&messages[i], ROOM);
		c.pvno = i % 2 == 0 ? 2 : 3;
		craft_message(&messages[i], &c, i % 3 == 0 ? BODY_IR : i % 3 == 1 ? BODY_RR : BODY_CERTCONF);
		inner[i] = buffer_span(&messages[i]);
	}
	inner[32] = inner[0];
	for (size_t count = 1; count <= 32; count++) {
		built.len = 0;
		assert_true(build_nested(&built, &plan, inner, count));
		read_again(BODY_NESTED);
		expect_octets(m.header.transaction_id, "transaction 1234");
		assert_true(nested_first(m.body_contents, &rest));
		for (size_t i = 0; i < count; i++) {
			assert_true(nested_next(&rest, &one));
			assert_true(span_equal(one, inner[i]));
		}
		assert_false(nested_next(&rest, &one));
		assert_true(der_at_end(rest));
	}
	assert_false(build_nested(&other, &plan, inner, 0));
	assert_false(build_nested(&other, &plan, inner, 33));
	for (size_t i = 0; i < 32; i++)
		buffer_clear(&messages[i]);
}

// extraCerts are replaced or dropped; all that was protected stays.
static void
splice(void **state)
{
	struct craft c = craft_plan(2);
	struct buffer cert;
	struct pkimessage before;
	struct fault f = { .set = false };

	(void)state;
	buffer_init(&cert, ROOM);
	craft_certificate(&cert, 50);
	c.protection = true;
	c.extra_certs = buffer_span(&cert);
	craft_message(&other, &c, BODY_KUR);
	assert_true(pkimessage_parse(&before, buffer_span(&other), NULL, &f));
	for (int with = 0; with < 2; with++) {
		built.len = 0;
		craft_certificate(&cert, 60);
		assert_true(build_spliced(&built, &before, with ? buffer_span(&cert) : span_of(NULL, 0)));
		assert_true(pkimessage_parse(&m, buffer_span(&built), NULL, &f));
		assert_true(span_equal(m.header.whole, before.header.whole));
		assert_true(span_equal(m.body_whole, before.body_whole));
		assert_true(span_equal(m.protection_whole, before.protection_whole));
		assert_true(span_equal(m.extra_certs, with ? buffer_span(&cert) : span_of(NULL, 0)));
	}
	buffer_clear(&cert);
}

// What does not fit is no message, and not half of one.
static void
no_room(void **state)
{
	struct header_plan plan = full_plan();
	struct buffer small;

	(void)state;
	built.len = 0;
	assert_true(build_error(&built, &plan, STATUS_REJECTION, FAIL_BAD_REQUEST, "no"));
	buffer_init(&small, built.len - 1);
	assert_false(build_error(&small, &plan, STATUS_REJECTION, FAIL_BAD_REQUEST, "no"));
	assert_int_equal(small.len, 0);
	buffer_clear(&small);
	buffer_init(&small, built.len);
	assert_true(build_error(&small, &plan, STATUS_REJECTION, FAIL_BAD_REQUEST, "no"));
	buffer_clear(&small);
}

static int
setup(void **state)
{
	(void)state;
	buffer_init(&built, ROOM);
	buffer_init(&other, ROOM);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buffer_clear(&built);
	buffer_clear(&other);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_with_all), cmocka_unit_test(header_with_little), cmocka_unit_test(header_of_an_answer), cmocka_unit_test(error_contents),
		cmocka_unit_test(long_texts), cmocka_unit_test(poll_answer), cmocka_unit_test(certificate_status), cmocka_unit_test(revocation_status),
		cmocka_unit_test(general_answer), cmocka_unit_test(envelope), cmocka_unit_test(splice), cmocka_unit_test(no_room),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
