// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/memory.h"
#include "codec/body.h"
#include "codec/confirm.h"
#include "codec/itav.h"
#include "codec/oid.h"
#include "codec/originate.h"
#include "codec/response.h"
#include "tests/unit/craft.h"

#define ROOM (1024 * 1024 * 2)

static struct buffer octets, scratch;

static bool
parse(struct pkimessage *m, struct fault *f)
{
	bool header;

	memset(f, 0, sizeof(*f));
	return pkimessage_parse(m, buffer_span(&octets), &header, f);
}

static void
expect_fault(enum failure failure, const char *path)
{
	struct pkimessage m;
	struct fault f;

	assert_false(parse(&m, &f));
	assert_true(f.set);
	assert_string_equal(failure_name(f.failure), failure_name(failure));
	assert_string_equal(f.path, path);
}

static void
every_body_parses(void **state)
{
	struct craft c = craft_plan(1);
	struct pkimessage m;
	struct fault f;

	(void)state;
	for (int b = 0; b < BODY_COUNT; b++) {
		craft_message(&octets, &c, (enum body)b);
		if (!parse(&m, &f))
			fail_msg("%s: %s: %s", body_name((enum body)b), f.path, f.text);
		assert_int_equal(m.body, b);
		assert_int_equal(m.header.pvno, 2);
		assert_true(span_equal(m.header.transaction_id, c.transaction_id));
		assert_true(span_equal(m.header.sender_nonce, c.sender_nonce));
		assert_false(m.header.has_recip_nonce);
		assert_false(m.has_protection);
	}
}

// Every prefix and every message with one octet more is refused, and says why.
static void
truncated_and_trailing(void **state)
{
	struct craft c = craft_plan(2);
	struct pkimessage m;

	(void)state;
	c.protection = true;
	for (int b = 0; b < BODY_COUNT; b++) {
		craft_message(&octets, &c, (enum body)b);
		size_t whole = octets.len;
		for (octets.len = 0; octets.len < whole; octets.len++) {
			// An exact allocation lets a sanitizer see any read beyond the end.
			uint8_t *copy = mem_alloc(octets.len + 1);
			struct fault f = { .set = false };
			bool header;
			memcpy(copy, octets.data, octets.len);
			assert_false(pkimessage_parse(&m, span_of(copy, octets.len), &header, &f));
			assert_true(f.set);
			assert_int_equal(f.failure, FAIL_BAD_DATA_FORMAT);
			mem_free(copy);
		}
		octets.len = whole;
		buffer_append_octet(&octets, 0);
		expect_fault(FAIL_BAD_DATA_FORMAT, "");
	}
}

// No flipped bit may crash the parser or let it point outside the message.
static void
flipped_bits(void **state)
{
	struct craft c = craft_plan(3);
	struct pkimessage m;
	struct fault f;

	(void)state;
	for (int b = 0; b < BODY_COUNT; b++) {
		craft_message(&octets, &c, (enum body)b);
		for (size_t bit = 0; bit < octets.len * 8; bit++) {
			octets.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
			if (parse(&m, &f)) {
				assert_true(m.body_whole.data >= octets.data);
				assert_true(m.body_whole.data + m.body_whole.len <= octets.data + octets.len);
			} else {
				assert_true(f.set);
			}
			octets.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		}
	}
}

static void
salvages_a_header(void **state)
{
	struct craft c = craft_plan(4);
	struct pkimessage m;
	struct fault f = { .set = false };
	bool header = false;

	(void)state;
	craft_message(&octets, &c, BODY_IR);
	octets.len -= 5;
	assert_false(pkimessage_parse(&m, buffer_span(&octets), &header, &f));
	assert_true(header);
	assert_true(span_equal(m.header.transaction_id, c.transaction_id));
	assert_true(span_equal(m.header.sender_nonce, c.sender_nonce));
	octets.len = 20;
	header = true;
	assert_false(pkimessage_parse(&m, buffer_span(&octets), &header, &f));
	assert_false(header);
}

static void
not_der(void **state)
{
	static const struct { const char *octets; size_t len; bool header; } rows[] = {
		{ "", 0, false }, { "\x31\x00", 2, false }, { "\x30\x80\x00\x00", 4, false }, { "\x30\x84\x00\x00\x00\x01\x05", 7, false },
		{ "\x30\x89\x01\x01\x01\x01\x01\x01\x01\x01\x01", 11, false }, { "\x30\xFF", 2, false },
		{ "-----BEGIN CMP MESSAGE-----", 27, false }, { "\x30\x03\x02\x01", 4, false }, { "\x1F\x81\x00", 3, false },
	};
	struct pkimessage m;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fault f = { .set = false };
		bool header = true;
		assert_false(pkimessage_parse(&m, span_of(rows[i].octets, rows[i].len), &header, &f));
		assert_int_equal(f.failure, FAIL_BAD_DATA_FORMAT);
		assert_true(f.text[0] != '\0');
		assert_int_equal(header, rows[i].header);
	}
}

// An outer indefinite length still gives a header, so that the peer gets an answer.
static void
indefinite_length_keeps_the_header(void **state)
{
	struct craft c = craft_plan(5);
	struct pkimessage m;
	struct fault f = { .set = false };
	bool header = false;

	(void)state;
	craft_message(&octets, &c, BODY_GENM);
	assert_true(octets.data[1] < 0x80);
	octets.data[1] = 0x80;
	buffer_append(&octets, span_of("\0", 2));
	assert_false(pkimessage_parse(&m, buffer_span(&octets), &header, &f));
	assert_true(header);
	assert_int_equal(f.failure, FAIL_BAD_DATA_FORMAT);
	assert_true(m.header.has_transaction_id);
}

static void
header_caps(void **state)
{
	static uint8_t many[60000];
	static const struct { size_t id, nonce; const char *path; } rows[] = {
		{ 1, 64, NULL }, { 64, 16, NULL }, { 0, 16, "header.transactionID" }, { 65, 16, "header.transactionID" },
		{ 60000, 16, "header.transactionID" }, { 16, 65, "header.senderNonce" }, { 16, 15, NULL },
	};
	struct pkimessage m;
	struct fault f;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct craft c = craft_plan(6);
		c.transaction_id = span_of(many, rows[i].id);
		c.sender_nonce = span_of(many, rows[i].nonce);
		craft_message(&octets, &c, BODY_IR);
		if (rows[i].path == NULL)
			assert_true(parse(&m, &f));
		else
			expect_fault(FAIL_BAD_DATA_FORMAT, rows[i].path);
	}
}

static void
pvno_range(void **state)
{
	static const struct { int64_t pvno; bool well; } rows[] = {
		{ 0, true }, { -1, true }, { INT32_MAX, true }, { INT32_MIN, true }, { (int64_t)1 << 40, false }, { (int64_t)INT32_MAX + 1, false }
	};
	struct pkimessage m;
	struct fault f;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct craft c = craft_plan(7);
		c.pvno = rows[i].pvno;
		craft_message(&octets, &c, BODY_IR);
		if (!rows[i].well) {
			expect_fault(FAIL_BAD_DATA_FORMAT, "header.pvno");
			continue;
		}
		assert_true(parse(&m, &f));
		assert_int_equal(m.header.pvno, rows[i].pvno);
	}
}

// generalInfo: CAP_GENERAL_INFO entries pass, one more does not; wrong values are named.
static void
general_info(void **state)
{
	static const uint8_t unknown[] = { 0x30, 0x07, 0x06, 0x03, 0x2A, 0x03, 0x04, 0x05, 0x00 };
	static const uint8_t confirm_int[] = { 0x30, 0x0D, 0x06, 0x08, 0x2B, 6, 1, 5, 5, 7, 4, 13, 0x02, 0x01, 0x00 };
	static const uint8_t profile[] = { 0x30, 0x11, 0x06, 0x08, 0x2B, 6, 1, 5, 5, 7, 4, 21, 0x30, 0x05, 0x0C, 0x03, 'p', 'l', 'c' };
	static const uint8_t draft_profile[] = { 0x30, 0x0F, 0x06, 0x08, 0x2B, 6, 1, 5, 5, 7, 4, 21, 0x0C, 0x03, 'p', 'l', 'c' };
	struct craft c = craft_plan(8);
	struct pkimessage m;
	struct fault f;

	(void)state;
	scratch.len = 0;
	for (int i = 0; i < CAP_GENERAL_INFO; i++)
		buffer_append(&scratch, span_of(unknown, sizeof(unknown)));
	c.general_info = buffer_span(&scratch);
	craft_message(&octets, &c, BODY_IR);
	assert_true(parse(&m, &f));
	buffer_append(&scratch, span_of(unknown, sizeof(unknown)));
	c.general_info = buffer_span(&scratch);
	craft_message(&octets, &c, BODY_IR);
	expect_fault(FAIL_BAD_REQUEST, "header.generalInfo");
	c.general_info = span_of(confirm_int, sizeof(confirm_int));
	craft_message(&octets, &c, BODY_IR);
	expect_fault(FAIL_BAD_REQUEST, "header.generalInfo.id-it-implicitConfirm");
	c.general_info = span_of(profile, sizeof(profile));
	c.implicit_confirm = true;
	craft_message(&octets, &c, BODY_IR);
	assert_true(parse(&m, &f));
	assert_true(m.header.implicit_confirm);
	assert_true(span_equal(m.header.cert_profile, span_of(profile + 14, 5)));
	c.general_info = span_of(draft_profile, sizeof(draft_profile));
	craft_message(&octets, &c, BODY_IR);
	assert_true(parse(&m, &f));
	assert_true(span_equal(m.header.cert_profile, span_of(profile + 14, 5)));
}

static void
confirm_wait_time(void **state)
{
	uint8_t room[8];
	struct der_writer w;
	struct span entry;
	struct craft c = craft_plan(9);
	struct pkimessage m;
	struct fault f;

	(void)state;
	der_writer_init(&w, 200);
	der_open(&w, DER_SEQUENCE);
	der_put_oid(&w, oid_of_it(IT_CONFIRM_WAIT_TIME, room));
	der_put_generalized_time(&w, 1900000000);
	der_close(&w);
	assert_true(der_finish(&w, &entry));
	c.general_info = entry;
	craft_message(&octets, &c, BODY_IP);
	assert_true(parse(&m, &f));
	c.implicit_confirm = true;
	craft_message(&octets, &c, BODY_IP);
	expect_fault(FAIL_BAD_REQUEST, "header.generalInfo");
	der_writer_clear(&w);
}

static void
extra_certs(void **state)
{
	struct craft c = craft_plan(10);
	struct buffer one;
	struct pkimessage m;
	struct fault f;

	(void)state;
	buffer_init(&one, ROOM);
	craft_certificate(&one, 100);
	scratch.len = 0;
	for (int i = 0; i < CAP_EXTRA_CERTS; i++)
		buffer_append(&scratch, buffer_span(&one));
	c.extra_certs = buffer_span(&scratch);
	craft_message(&octets, &c, BODY_IR);
	assert_true(parse(&m, &f));
	assert_int_equal(m.extra_certs.len, scratch.len);
	buffer_append(&scratch, buffer_span(&one));
	c.extra_certs = buffer_span(&scratch);
	craft_message(&octets, &c, BODY_IR);
	expect_fault(FAIL_BAD_REQUEST, "extraCerts");
	craft_certificate(&one, CAP_EXTRA_CERTS_OCTETS);
	c.extra_certs = buffer_span(&one);
	craft_message(&octets, &c, BODY_IR);
	expect_fault(FAIL_BAD_REQUEST, "extraCerts");
	buffer_clear(&one);
}

static void
body_tags(void **state)
{
	static const struct { uint8_t tag; enum failure failure; } rows[] = {
		{ 0xBB, FAIL_BAD_REQUEST }, { 0xBE, FAIL_BAD_REQUEST }, { 0x30, FAIL_BAD_DATA_FORMAT }, { 0x80, FAIL_BAD_DATA_FORMAT }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct craft c = craft_plan(11);
		c.body_tag = rows[i].tag;
		craft_message(&octets, &c, BODY_IR);
		expect_fault(rows[i].failure, "body");
	}
}

static void
depth(void **state)
{
	struct craft c = craft_plan(12);
	struct pkimessage m;
	struct fault f;

	(void)state;
	for (int levels = 10; levels <= 10000; levels *= 10) {
		// SEQUENCE within SEQUENCE, from the inside out.
		uint8_t *deep = mem_alloc((size_t)levels * 6 + 16);
		size_t at = (size_t)levels * 6 + 16, len = 0;
		for (int i = 0; i < levels; i++) {
			size_t n = len < 0x80 ? 1 : len < 0x100 ? 2 : 3;
			at -= n + 1;
			deep[at] = DER_SEQUENCE;
			if (n == 1)
				deep[at + 1] = (uint8_t)len;
			else if (n == 2)
				deep[at + 1] = 0x81, deep[at + 2] = (uint8_t)len;
			else
				deep[at + 1] = 0x82, deep[at + 2] = (uint8_t)(len >> 8), deep[at + 3] = (uint8_t)len;
			len += n + 1;
		}
		struct der_writer w;
		struct span entry;
		der_writer_init(&w, ROOM);
		der_open(&w, DER_SEQUENCE);
		der_put_oid(&w, span_of("\x2A\x03", 2));
		der_put_raw(&w, span_of(deep + at, len));
		der_close(&w);
		assert_true(der_finish(&w, &entry));
		c.general_info = entry;
		craft_message(&octets, &c, BODY_IR);
		if (levels == 10)
			assert_true(parse(&m, &f));
		else
			expect_fault(FAIL_BAD_DATA_FORMAT, "");
		der_writer_clear(&w);
		mem_free(deep);
	}
}

// Nested depth: CAP_NESTED_DEPTH levels pass, one more does not; a batch of CAP_BATCH passes.
static void
nested(void **state)
{
	struct craft c = craft_plan(13);
	struct buffer inner, list;
	struct pkimessage m;
	struct fault f;

	(void)state;
	buffer_init(&inner, ROOM);
	buffer_init(&list, ROOM);
	craft_message(&octets, &c, BODY_IR);
	for (int level = 1; level <= CAP_NESTED_DEPTH + 1; level++) {
		struct der_writer w;
		struct span body;
		der_writer_init(&w, ROOM);
		der_put(&w, DER_SEQUENCE, buffer_span(&octets));
		assert_true(der_finish(&w, &body));
		c.body = body;
		craft_message(&octets, &c, BODY_NESTED);
		der_writer_clear(&w);
		if (level <= CAP_NESTED_DEPTH)
			assert_true(parse(&m, &f));
		else
			expect_fault(FAIL_BAD_REQUEST, "body.nested");
	}
	c.body = span_of(NULL, 0);
	craft_message(&inner, &c, BODY_RR);
	for (int count = 1; count <= CAP_BATCH + 1; count++) {
		struct der_writer w;
		buffer_append(&list, buffer_span(&inner));
		if (count < CAP_BATCH)
			continue;
		der_writer_init(&w, ROOM);
		der_put(&w, DER_SEQUENCE, buffer_span(&list));
		assert_true(der_finish(&w, &c.body));
		craft_message(&octets, &c, BODY_NESTED);
		if (count == CAP_BATCH)
			assert_true(parse(&m, &f));
		else
			expect_fault(FAIL_BAD_REQUEST, "body.nested");
		der_writer_clear(&w);
	}
	buffer_clear(&inner);
	buffer_clear(&list);
}

// Repeat an element within a SEQUENCE, and see which counts pass.
static void
counts(void **state)
{
	static const struct { enum body body; size_t most; enum failure failure, none; } rows[] = {
		{ BODY_IR, CAP_CERT_REQ_MSGS, FAIL_BAD_REQUEST, FAIL_BAD_DATA_FORMAT },
		{ BODY_RR, CAP_CERT_REQ_MSGS, FAIL_BAD_REQUEST, FAIL_BAD_DATA_FORMAT },
		{ BODY_CERTCONF, CAP_CERT_REQ_MSGS, FAIL_BAD_REQUEST, FAIL_NONE },
		{ BODY_POLLREQ, CAP_CERT_REQ_MSGS, FAIL_BAD_REQUEST, FAIL_BAD_DATA_FORMAT },
		{ BODY_POLLREP, CAP_CERT_REQ_MSGS, FAIL_BAD_REQUEST, FAIL_BAD_DATA_FORMAT },
		{ BODY_GENM, CAP_ITAVS, FAIL_BAD_REQUEST, FAIL_NONE },
		{ BODY_NESTED, CAP_BATCH, FAIL_BAD_REQUEST, FAIL_BAD_DATA_FORMAT },
		{ BODY_CRLANN, CAP_CERTIFICATES, FAIL_BAD_REQUEST, FAIL_BAD_DATA_FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span in, element;
		craft_body(&octets, rows[i].body);
		in = buffer_span(&octets);
		assert_true(der_take(&in, DER_SEQUENCE, &element));
		for (size_t n = 0; n <= rows[i].most + 1; n++) {
			struct der_writer w;
			struct span body;
			struct fault f = { .set = false };
			der_writer_init(&w, ROOM);
			der_open(&w, DER_SEQUENCE);
			for (size_t k = 0; k < n; k++)
				der_put_raw(&w, element);
			der_close(&w);
			assert_true(der_finish(&w, &body));
			bool well = body_check(rows[i].body, body, &f);
			enum failure expected = n == 0 ? rows[i].none : n > rows[i].most ? rows[i].failure : FAIL_NONE;
			assert_int_equal(well, expected == FAIL_NONE);
			if (!well)
				assert_int_equal(f.failure, expected);
			der_writer_clear(&w);
		}
	}
}

static void
protection_bits(void **state)
{
	struct craft c = craft_plan(14);
	struct pkimessage m;
	struct fault f;

	(void)state;
	c.protection = true;
	craft_message(&octets, &c, BODY_PKICONF);
	assert_true(parse(&m, &f));
	assert_int_equal(m.protection.len, 20);
	// The last 21 octets are the BIT STRING's contents: its unused-bits octet first.
	octets.data[octets.len - 21] = 3;
	octets.data[octets.len - 1] &= 0xF8;
	expect_fault(FAIL_BAD_DATA_FORMAT, "protection");
}

static void
protected_part(void **state)
{
	struct craft c = craft_plan(15);
	struct pkimessage m;
	struct fault f;
	struct span in, inside;

	(void)state;
	c.protection = true;
	craft_message(&octets, &c, BODY_IR);
	assert_true(parse(&m, &f));
	scratch.len = 0;
	assert_true(pkimessage_protected_part(&m, &scratch));
	in = buffer_span(&scratch);
	assert_true(der_take(&in, DER_SEQUENCE, &inside));
	assert_true(der_at_end(in));
	assert_int_equal(inside.len, m.header.whole.len + m.body_whole.len);
	assert_memory_equal(inside.data, m.header.whole.data, inside.len);
}

// What a gateway makes parses again, carries what the plan said, and answers the request.
static void
originated(void **state)
{
	static const uint8_t nonce[16] = "our own nonce 1";
	struct craft c = craft_plan(16);
	struct buffer request;
	struct header_plan plan;
	struct pkimessage m, asked;
	struct fault f = { .set = false };
	struct error_content e;

	(void)state;
	buffer_init(&request, ROOM);
	craft_message(&request, &c, BODY_IR);
	assert_true(pkimessage_parse(&asked, buffer_span(&request), NULL, &f));
	header_plan_answer(&plan, &asked.header, span_of(nonce, 16));
	for (int failure = FAIL_NONE; failure < FAIL_COUNT; failure++) {
		octets.len = 0;
		assert_true(build_error(&octets, &plan, STATUS_REJECTION, (enum failure)failure, "not today"));
		assert_true(parse(&m, &f));
		assert_int_equal(m.body, BODY_ERROR);
		assert_true(span_equal(m.header.transaction_id, asked.header.transaction_id));
		assert_true(span_equal(m.header.recip_nonce, asked.header.sender_nonce));
		assert_true(span_equal(m.header.sender_nonce, span_of(nonce, 16)));
		assert_true(error_content_take(&m.body_contents, &e, &f));
		assert_int_equal(status_failure(&e.status), failure);
	}
	octets.len = 0;
	assert_true(build_pkiconf(&octets, &plan) && parse(&m, &f) && m.body == BODY_PKICONF);
	octets.len = 0;
	assert_true(build_pollrep(&octets, &plan, -1, 60, "later") && parse(&m, &f) && m.body == BODY_POLLREP);
	octets.len = 0;
	assert_true(build_cert_status(&octets, &plan, BODY_KUP, 0, STATUS_WAITING, FAIL_NONE, NULL) && parse(&m, &f) && m.body == BODY_KUP);
	assert_false(build_cert_status(&octets, &plan, BODY_IR, 0, STATUS_WAITING, FAIL_NONE, NULL));
	octets.len = 0;
	assert_true(build_rp_status(&octets, &plan, STATUS_REJECTION, FAIL_BAD_CERT_ID, "x") && parse(&m, &f) && m.body == BODY_RP);
	octets.len = 0;
	assert_true(build_genp(&octets, &plan, span_of(NULL, 0)) && parse(&m, &f) && m.body == BODY_GENP);
	octets.len = 0;
	assert_true(build_nested(&octets, &plan, &asked.whole, 1) && parse(&m, &f) && m.body == BODY_NESTED);
	buffer_clear(&request);
}

// Whatever is broken in a message: an error that copies what could be read of its header is a message itself.
static void
errors_for_broken_messages(void **state)
{
	static const uint8_t nonce[16] = "our own nonce 2", values[] = { 0x00, 0x05, 0x30, 0x7F, 0xFF };
	struct craft c = craft_plan(18);
	struct header_plan plan;
	struct pkimessage m, answer;
	size_t answered = 0;

	(void)state;
	craft_message(&octets, &c, BODY_IR);
	for (size_t i = 0; i < octets.len; i++) {
		uint8_t kept = octets.data[i];
		for (size_t n = 0; n < sizeof(values); n++) {
			bool header = false;
			octets.data[i] = values[n];
			if (pkimessage_parse(&m, buffer_span(&octets), &header, NULL) || !header)
				continue;
			header_plan_answer(&plan, &m.header, span_of(nonce, 16));
			scratch.len = 0;
			assert_true(build_error(&scratch, &plan, STATUS_REJECTION, FAIL_BAD_DATA_FORMAT, "broken"));
			assert_true(pkimessage_parse(&answer, buffer_span(&scratch), NULL, NULL));
			answered++;
		}
		octets.data[i] = kept;
	}
	assert_true(answered > 100);
}

static void
spliced(void **state)
{
	struct craft c = craft_plan(17);
	struct pkimessage m, again;
	struct fault f = { .set = false };
	struct buffer cert;

	(void)state;
	buffer_init(&cert, ROOM);
	craft_certificate(&cert, 300);
	c.protection = true;
	craft_message(&octets, &c, BODY_CR);
	assert_true(parse(&m, &f));
	scratch.len = 0;
	assert_true(build_spliced(&scratch, &m, buffer_span(&cert)));
	assert_true(pkimessage_parse(&again, buffer_span(&scratch), NULL, &f));
	assert_true(span_equal(again.header.whole, m.header.whole));
	assert_true(span_equal(again.body_whole, m.body_whole));
	assert_true(span_equal(again.protection_whole, m.protection_whole));
	assert_true(span_equal(again.extra_certs, buffer_span(&cert)));
	buffer_clear(&cert);
}

static void
views(void **state)
{
	struct craft c = craft_plan(18);
	struct pkimessage m;
	struct fault f;
	struct cert_req_msg request;
	struct cert_rep_message reply;
	struct cert_response response;
	struct rev_details revocation;
	struct poll_rep poll;
	size_t count;

	(void)state;
	craft_message(&octets, &c, BODY_CR);
	assert_true(parse(&m, &f));
	assert_true(cert_req_messages_check(m.body_contents, &count, &request, &f));
	assert_int_equal(count, 1);
	assert_int_equal(request.id, 0);
	assert_int_equal(request.popo, POPO_SIGNATURE);
	assert_true(request.template.has_subject && request.template.has_public_key);
	craft_message(&octets, &c, BODY_KUP);
	assert_true(parse(&m, &f));
	assert_true(cert_rep_message_read(m.body_contents, &reply, &f));
	assert_int_equal(reply.count, 1);
	assert_true(reply.ca_pubs.len > 0);
	assert_true(cert_response_take(&reply.responses, &response, &f));
	assert_true(response.has_pair && response.pair.certificate.len > 0);
	craft_message(&octets, &c, BODY_RR);
	assert_true(parse(&m, &f));
	assert_true(rev_req_check(m.body_contents, &count, &revocation, &f));
	assert_int_equal(revocation.reason, 1);
	assert_int_equal(revocation.template.serial.len, 2);
	craft_message(&octets, &c, BODY_POLLREP);
	assert_true(parse(&m, &f));
	assert_true(poll_rep_check(m.body_contents, &count, &poll, &f));
	assert_int_equal(poll.check_after, 60);
	assert_int_equal(poll.cert_req_id, -1);
}

static void
oids(void **state)
{
	static const struct { const char *octets; size_t len; const char *text; } rows[] = {
		{ "\x55\x04\x03", 3, "CN" }, { "\x2A\x03", 2, "1.2.3" }, { "\x88\x37\x03", 3, "2.999.3" },
		{ "\x2B\x06\x01\x05\x05\x07\x04\x0D", 8, "id-it-implicitConfirm" }, { "\x00", 1, "0.0" }, { "\x50", 1, "2.0" }, { "\x27", 1, "0.39" },
		{ "\x69\x83\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F", 20, "2.25.340282366920938463463374607431768211455" },
	};
	char out[OID_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(oid_text(span_of(rows[i].octets, rows[i].len), out, sizeof(out)), rows[i].text);
	assert_string_equal(oid_text(span_of(rows[7].octets, rows[7].len), out, 10), "2.25.3...");
	assert_int_equal(oid_it(span_of("\x2B\x06\x01\x05\x05\x07\x04\x0D", 8)), 13);
	assert_int_equal(oid_it(span_of("\x2B\x06\x01\x05\x05\x07\x05\x0D", 8)), 0);
}

static void
itav_values(void **state)
{
	static const struct { unsigned type; const char *value; size_t len; bool well; } rows[] = {
		{ IT_CA_CERTS, "", 0, true }, { IT_CA_CERTS, "\x05\x00", 2, false }, { IT_CURRENT_CRL, "", 0, true },
		{ IT_IMPLICIT_CONFIRM, "\x05\x00", 2, true }, { IT_KEY_PAIR_PARAM_REQ, "\x06\x01\x2A", 3, true },
		{ IT_KEY_PAIR_PARAM_REQ, "\x02\x01\x2A", 3, false }, { IT_SUPP_LANG_TAGS, "\x30\x04\x0C\x02" "de", 6, true },
		{ IT_SUPP_LANG_TAGS, "\x30\x04\x0C\x02\xC0\x80", 6, false }, { IT_UNSUPPORTED_OIDS, "\x30\x03\x06\x01\x2A", 5, true },
		{ IT_UNSUPPORTED_OIDS, "\x30\x00", 2, false }, { IT_CRL_STATUS_LIST, "\x30\x0A\x30\x08\xA0\x06\xA0\x04\x86\x02u:", 12, true },
		{ IT_CRL_STATUS_LIST, "\x30\x02\x30\x00", 4, false }, { IT_CERT_REQ_TEMPLATE, "\x30\x02\x30\x00", 4, true },
		{ IT_KEM_CIPHERTEXT_INFO, "\x30\x07\x30\x03\x06\x01\x2A\x04\x00", 9, true }, { 99, "\x02\x01\x01", 3, true },
	};
	uint8_t room[8];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct der_writer w;
		struct span in;
		struct itav v;
		struct fault f = { .set = false };
		der_writer_init(&w, 500);
		der_open(&w, DER_SEQUENCE);
		der_put_oid(&w, oid_of_it(rows[i].type, room));
		der_put_raw(&w, span_of(rows[i].value, rows[i].len));
		der_close(&w);
		assert_true(der_finish(&w, &in));
		if (itav_take(&in, &v, &f) != rows[i].well)
			fail_msg("row %zu: %s: %s", i, f.path, f.text);
		der_writer_clear(&w);
	}
}

static int
setup(void **state)
{
	(void)state;
	buffer_init(&octets, ROOM);
	buffer_init(&scratch, ROOM);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buffer_clear(&octets);
	buffer_clear(&scratch);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_body_parses), cmocka_unit_test(truncated_and_trailing), cmocka_unit_test(flipped_bits),
		cmocka_unit_test(salvages_a_header), cmocka_unit_test(not_der), cmocka_unit_test(indefinite_length_keeps_the_header),
		cmocka_unit_test(header_caps), cmocka_unit_test(pvno_range), cmocka_unit_test(general_info),
		cmocka_unit_test(confirm_wait_time), cmocka_unit_test(extra_certs), cmocka_unit_test(body_tags), cmocka_unit_test(depth),
		cmocka_unit_test(nested), cmocka_unit_test(counts), cmocka_unit_test(protection_bits), cmocka_unit_test(protected_part),
		cmocka_unit_test(originated), cmocka_unit_test(errors_for_broken_messages), cmocka_unit_test(spliced), cmocka_unit_test(views), cmocka_unit_test(oids),
		cmocka_unit_test(itav_values),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
