// SPDX-License-Identifier: GPL-3.0-or-later
// What a gateway writes: headers, bodies as answering party and as client,
// requests it has changed. All of it is parsed again and compared.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/memory.h"
#include "codec/cms.h"
#include "codec/confirm.h"
#include "codec/itav.h"
#include "codec/name.h"
#include "codec/ocsp.h"
#include "codec/oid.h"
#include "codec/originate.h"
#include "codec/pkcs10.h"
#include "codec/response.h"
#include "tests/unit/craft.h"
#include "tests/unit/mangle.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define ROOM (1024 * 1024 * 2)

static struct buffer octets, scratch, more;

static struct pkimessage
parsed(struct span whole)
{
	struct pkimessage m;
	struct fault f = { .set = false };

	if (!pkimessage_parse(&m, whole, NULL, &f))
		fail_msg("%s: %s", f.path, f.text);
	return m;
}

// Any header around a body that was built.
static struct pkimessage
around(struct span body)
{
	struct header_plan plan = { .pvno = 3, .transaction_id = span_text("0123456789abcdef"), .sender_nonce = span_text("fedcba9876543210") };

	octets.len = 0;
	assert_true(build_unprotected(&octets, &plan, body));
	struct pkimessage m = parsed(buffer_span(&octets));
	assert_true(span_equal(m.body_whole, body));
	return m;
}

static struct buffer *
fresh(void)
{
	scratch.len = 0;
	return &scratch;
}

// ---- header and message

static void
header_of_a_plan(void **state)
{
	static const uint8_t texts[] = { 0x0C, 0x02, 'h', 'i' };
	static const uint8_t info[] = { 0x30, 0x07, 0x06, 0x03, 0x2A, 0x03, 0x04, 0x05, 0x00 };
	static const uint8_t algorithm[] = { 0x30, 0x03, 0x06, 0x01, 0x2A };
	static const uint8_t name[] = { 0xA4, 0x0E, 0x30, 0x0C, 0x31, 0x0A, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x01, 'g' };
	struct header_plan plan = {
		.pvno = 2, .sender = span_of(name, sizeof(name)), .message_time = 1800000000, .transaction_id = span_text("0123456789abcdef"),
		.sender_nonce = span_text("fedcba9876543210"), .recip_nonce = span_text("0011223344556677"),
		.protection_alg = span_of(algorithm, sizeof(algorithm)), .sender_kid = span_text("mine"), .recip_kid = span_text("theirs"),
		.free_text = span_of(texts, sizeof(texts)), .general_info = span_of(info, sizeof(info)), .implicit_confirm = true
	};
	struct buffer cert;

	(void)state;
	assert_true(build_header(fresh(), &plan));
	more.len = 0;
	assert_true(build_pkiconf_body(&more));
	octets.len = 0;
	buffer_init(&cert, ROOM);
	craft_certificate(&cert, 100);
	assert_true(build_message(&octets, buffer_span(&scratch), buffer_span(&more), span_text("a signature"), buffer_span(&cert)));
	struct pkimessage m = parsed(buffer_span(&octets));
	const struct pkiheader *h = &m.header;
	assert_true(span_equal(h->whole, buffer_span(&scratch)) && span_equal(m.body_whole, buffer_span(&more)));
	assert_true(h->pvno == 2 && span_equal(h->sender, plan.sender) && h->recipient.len == 4);
	assert_true(h->has_message_time && h->message_time == 1800000000 && span_equal(h->protection_alg, plan.protection_alg));
	assert_true(span_equal(h->sender_kid, plan.sender_kid) && span_equal(h->recip_kid, plan.recip_kid));
	assert_true(span_equal(h->transaction_id, plan.transaction_id) && span_equal(h->sender_nonce, plan.sender_nonce));
	assert_true(span_equal(h->recip_nonce, plan.recip_nonce) && span_equal(h->free_text, plan.free_text));
	assert_true(h->implicit_confirm && h->general_info.len > plan.general_info.len);
	assert_true(m.has_protection && span_equal(m.protection, span_text("a signature")) && span_equal(m.extra_certs, buffer_span(&cert)));
	buffer_clear(&cert);
}

// A message protected anew says the same, but for sender, senderKID, protectionAlg and time.
static void
header_copied(void **state)
{
	static const uint8_t info[] = { 0x30, 0x07, 0x06, 0x03, 0x2A, 0x03, 0x04, 0x05, 0x00 };
	struct craft c = craft_plan(30);
	struct header_plan plan;

	(void)state;
	c.protection = true;
	c.implicit_confirm = true;
	c.general_info = span_of(info, sizeof(info));
	c.recip_nonce = span_text("0011223344556677");
	craft_message(&more, &c, BODY_IR);
	struct pkimessage before = parsed(buffer_span(&more));
	header_plan_copy(&plan, &before.header);
	assert_true(plan.sender.len == 0 && plan.sender_kid.len == 0 && plan.protection_alg.len == 0 && plan.message_time == 0);
	plan.implicit_confirm = true;	// it is there already, and stands once
	octets.len = 0;
	assert_true(build_unprotected(&octets, &plan, before.body_whole));
	struct pkimessage after = parsed(buffer_span(&octets));
	assert_true(after.header.pvno == before.header.pvno && span_equal(after.header.recipient, before.header.recipient));
	assert_true(span_equal(after.header.transaction_id, before.header.transaction_id));
	assert_true(span_equal(after.header.sender_nonce, before.header.sender_nonce));
	assert_true(span_equal(after.header.recip_nonce, before.header.recip_nonce));
	assert_true(span_equal(after.header.general_info, before.header.general_info) && after.header.implicit_confirm);
	assert_true(span_equal(after.body_whole, before.body_whole));
	assert_false(after.has_protection);
}

// A buffer that has no room left says so, and keeps what was in it.
static void
no_room(void **state)
{
	struct header_plan plan = { .pvno = 2 };
	struct status_plan status = { STATUS_REJECTION, FAIL_BAD_ALG, "no" };
	struct buffer small;

	(void)state;
	for (size_t limit = 0; limit < 24; limit++) {
		buffer_init(&small, limit);
		bool header = build_header(&small, &plan);
		assert_int_equal(header, limit >= 13);
		assert_int_equal(small.len, header ? 13 : 0);
		buffer_clear(&small);
		buffer_init(&small, limit);
		assert_int_equal(build_error_body(&small, &status), limit >= 19);
		buffer_clear(&small);
	}
}

// Whichever allocation fails: no writer answers true with less than all, and none loses memory.
static void
no_memory(void **state)
{
	struct header_plan plan = { .pvno = 2, .implicit_confirm = true };
	struct status_plan status = { STATUS_REJECTION, FAIL_BAD_ALG, "no" };
	struct ocsp_cert_id id = { oid_octets(OID_SHA1), span_text("a"), span_text("b"), span_text("c") };

	(void)state;
	for (int which = 0; which < 5; which++)
		for (uint64_t n = 1; n < 40; n++) {
			struct der_writer w;
			struct buffer out;
			buffer_init(&out, 4096);
			der_writer_init(&w, 4096);
			mem_fail(n, 1);
			bool well = which == 0 ? build_error(&out, &plan, STATUS_REJECTION, FAIL_BAD_ALG, "no")
				: which == 1 ? build_cert_conf_body(&out, span_text("hash"), 0, &status, span_of(NULL, 0))
				: which == 2 ? name_from_text(&w, span_text("CN=x+O=y,C=DE"), NULL) && !w.out.failed && !w.failed
				: which == 3 ? ocsp_request_build(&out, &id, span_text("nonce"))
				: signed_attributes_write(&out, oid_octets(OID_DATA), span_text("digest"), 1800000000);
			mem_fail(0, 0);
			assert_true(well || n < 30);
			if (well && which != 2)
				assert_true(out.len > 0);
			buffer_clear(&out);
			der_writer_clear(&w);
			if (well)
				break;
		}
}

// ---- bodies

static void
confirmations(void **state)
{
	static const uint8_t sha384[] = { 0x30, 0x0B, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02 };
	struct status_plan rejection = { STATUS_REJECTION, FAIL_BAD_CERT_TEMPLATE, "not what was asked for" };
	struct span hash = span_text("0123456789abcdef0123456789abcdef");
	struct cert_status s;
	size_t count;

	(void)state;
	for (int with = 0; with < 4; with++) {
		bool status = (with & 1) != 0, alg = (with & 2) != 0;
		assert_true(build_cert_conf_body(fresh(), hash, -1, status ? &rejection : NULL, alg ? span_of(sha384, sizeof(sha384)) : span_of(NULL, 0)));
		struct pkimessage m = around(buffer_span(&scratch));
		assert_true(m.body == BODY_CERTCONF && cert_confirm_check(m.body_contents, &count, &s, NULL) && count == 1);
		assert_true(span_equal(s.hash, hash) && s.cert_req_id == -1 && s.has_status == status && s.has_hash_alg == alg);
		assert_true(!status || (s.status.status == STATUS_REJECTION && status_failure(&s.status) == FAIL_BAD_CERT_TEMPLATE));
		assert_true(!alg || oid_find(s.hash_alg.oid) == OID_SHA384);
	}
}

static void
polls_and_requests(void **state)
{
	struct rev_details r;
	struct pkcs10 p;
	struct cert_req_msg msg;
	size_t count;
	int32_t id;

	(void)state;
	assert_true(build_poll_req_body(fresh(), -1));
	struct pkimessage m = around(buffer_span(&scratch));
	assert_true(m.body == BODY_POLLREQ && poll_req_check(m.body_contents, &count, &id, NULL) && count == 1 && id == -1);
	craft_body(&more, BODY_P10CR);
	assert_true(build_p10cr_body(fresh(), buffer_span(&more)));
	m = around(buffer_span(&scratch));
	assert_true(m.body == BODY_P10CR && pkcs10_parse(&p, m.body_contents, NULL) && span_equal(p.whole, buffer_span(&more)));
	for (int body = 0; body < BODY_COUNT; body++) {
		craft_body(&more, BODY_IR);
		struct span in = buffer_span(&more), one;
		assert_true(der_take(&in, DER_SEQUENCE, &one));
		bool takes = body == BODY_IR || body == BODY_CR || body == BODY_KUR || body == BODY_KRR || body == BODY_CCR;
		assert_int_equal(build_cert_req_body(fresh(), (enum body)body, one), takes);
		if (!takes)
			continue;
		m = around(buffer_span(&scratch));
		assert_true((int)m.body == body && cert_req_messages_check(m.body_contents, &count, &msg, NULL) && count == 1);
		assert_true(span_equal(msg.whole, one));
	}
	static const uint8_t name[] = { 0x30, 0x0C, 0x31, 0x0A, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x01, 'c' };
	struct span issuer = span_of(name, sizeof(name));
	for (int reason = -1; reason <= 11; reason++) {
		bool known = reason >= 0 && reason <= 10 && reason != 7;
		assert_int_equal(build_rr_body(fresh(), issuer, span_text("\x11\x22"), reason), known);
		if (!known)
			continue;
		m = around(buffer_span(&scratch));
		assert_true(m.body == BODY_RR && rev_req_check(m.body_contents, &count, &r, NULL) && count == 1 && r.reason == reason);
		assert_true(span_equal(r.template.issuer, issuer) && span_equal(r.template.serial, span_text("\x11\x22")));
	}
	assert_false(build_rr_body(fresh(), issuer, span_of(NULL, 0), 0));
}

static void
put_sample_itavs(struct der_writer *w, struct span certs, struct span cert, struct span template)
{
	struct root_ca_key_update all = { cert, cert, cert }, one = { .new_with_new = cert }, none = { .new_with_new = { NULL, 0 } };

	itav_write_list(w, IT_CA_CERTS, certs);
	itav_write_list(w, IT_CRLS, span_of(NULL, 0));
	itav_write_root_update(w, &all);
	itav_write_root_update(w, &one);
	itav_write_root_update(w, &none);
	itav_write_template(w, template, span_of("\x30\x05\x06\x01\x2A\x05\x00", 7));
	itav_write_template(w, template, span_of(NULL, 0));
	itav_write_template(w, span_of(NULL, 0), span_of(NULL, 0));
}

static void
general_messages(void **state)
{
	static const struct { unsigned type; bool value; } expected[] = {
		{ IT_CA_CERTS, true }, { IT_CRLS, false }, { IT_ROOT_CA_KEY_UPDATE, true }, { IT_ROOT_CA_KEY_UPDATE, true },
		{ IT_ROOT_CA_KEY_UPDATE, false }, { IT_CERT_REQ_TEMPLATE, true }, { IT_CERT_REQ_TEMPLATE, true }, { IT_CERT_REQ_TEMPLATE, false }
	};
	struct root_ca_key_update update;
	struct cert_req_template template;
	struct der_writer w;
	struct span itavs, list, contents;
	struct itav v;

	(void)state;
	craft_certificate(&more, 50);
	der_writer_init(&w, ROOM);
	put_sample_itavs(&w, buffer_span(&more), buffer_span(&more), span_of("\x30\x00", 2));
	assert_true(der_finish(&w, &itavs));
	assert_true(build_genp_body(fresh(), itavs));
	struct pkimessage m = around(buffer_span(&scratch));
	assert_true(m.body == BODY_GENP && der_take(&m.body_contents, DER_SEQUENCE, &list));
	for (size_t i = 0; i < LENGTH(expected); i++) {
		assert_true(itav_take(&list, &v, NULL) && v.type == expected[i].type && (v.value.len > 0) == expected[i].value);
		if (i == 2 || i == 3) {
			assert_true(der_take(&v.value, DER_SEQUENCE, &contents) && root_ca_key_update_read(contents, &update, NULL));
			assert_true(span_equal(update.new_with_new, buffer_span(&more)) && (update.old_with_new.len > 0) == (i == 2));
		}
		if (i == 5 || i == 6)
			assert_true(cert_req_template_read(v.value, &template, NULL) && (template.key_spec.len > 0) == (i == 5));
	}
	assert_true(der_at_end(list));
	der_writer_clear(&w);
	itav_write(&w, IT_CA_CERTS, span_of(NULL, 0));
	assert_true(der_finish(&w, &itavs) && build_genm_body(fresh(), itavs));
	m = around(buffer_span(&scratch));
	assert_true(m.body == BODY_GENM && strcmp(pkimessage_operation(&m), "getcacerts") == 0);
	der_writer_clear(&w);
}

// ---- requests that are changed

// A CertReqMsg of these template fields, controls and regInfo, signed.
static struct cert_req_msg
request_of(const char *fields, const char *controls, const char *reg_info)
{
	static uint8_t hex[4096];
	struct cert_req_msg m;
	struct fault f = { .set = false };
	struct der_writer w;
	struct span in;

	der_writer_init(&w, ROOM);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_put_int(&w, 0);
	der_put(&w, DER_SEQUENCE, hex_octets(fields, hex, sizeof(hex)));
	if (controls != NULL)
		der_put(&w, DER_SEQUENCE, hex_octets(controls, hex, sizeof(hex)));
	der_close(&w);
	der_put_raw(&w, hex_octets("A109 3003 06012A 03020041", hex, sizeof(hex)));
	if (reg_info != NULL)
		der_put(&w, DER_SEQUENCE, hex_octets(reg_info, hex, sizeof(hex)));
	der_close(&w);
	assert_true(der_finish(&w, &in));
	more.len = 0;
	assert_true(buffer_append(&more, in));
	der_writer_clear(&w);
	in = buffer_span(&more);
	if (!cert_req_msg_take(&in, &m, &f))
		fail_msg("%s: %s", f.path, f.text);
	return m;
}

static struct cert_req_msg
rebuilt(const struct cert_req_msg *r, const struct template_change *c)
{
	struct cert_req_msg again;
	struct fault f = { .set = false };

	assert_true(cert_req_rebuild(fresh(), r, c));
	struct span in = buffer_span(&scratch);
	assert_true(der_check(in));
	if (!cert_req_msg_take(&in, &again, &f))
		fail_msg("%s: %s", f.path, f.text);
	assert_true(der_at_end(in));
	assert_true(again.popo == POPO_RA_VERIFIED && again.id == r->id && span_equal(again.controls, r->controls));
	assert_true(span_equal(again.reg_info, r->reg_info));
	return again;
}

#define NAME_D "300C 310A 3008 0603550403 0C0164"
#define KEY "A60C 3003 06012A 0305 0001020304"
#define SUBJECT "A50E" NAME_D
#define SAN "3009 0603551D11 0402 3000"
#define USAGE "300E 0603551D0F 0101FF 0404 03020780"
#define CONTROL "300F 06092B060105050705010C 02020800"

static void
unchanged(void **state)
{
	static const struct template_change nothing = { .has_subject = false };
	static const char *const fields[] = { "", SUBJECT, SUBJECT KEY, KEY "A91B" SAN USAGE, "800102 A302 3000" };

	(void)state;
	for (size_t i = 0; i < LENGTH(fields); i++)
		for (int with = 0; with < 4; with++) {
			struct cert_req_msg r = request_of(fields[i], (with & 1) != 0 ? CONTROL : NULL, (with & 2) != 0 ? "3005 06012A 0500" : NULL);
			assert_true(span_equal(rebuilt(&r, NULL).cert_req, r.cert_req));
			assert_true(span_equal(rebuilt(&r, &nothing).cert_req, r.cert_req));
		}
}

static void
changed(void **state)
{
	static const struct {
		const char *name, *before, *subject, *extensions, *after;	// template fields and what becomes of them
		bool not_before, not_after;
	} rows[] = {
		{ "subject", SUBJECT KEY, "3000", NULL, "A502 3000" KEY, false, false },
		{ "subject where there was none", KEY, NAME_D, NULL, SUBJECT KEY, false, false },
		{ "an extension where there was none", SUBJECT, NULL, SAN, SUBJECT "A90B" SAN, false, false },
		{ "one more extension", SUBJECT "A910" USAGE, NULL, SAN, SUBJECT "A91B" USAGE SAN, false, false },
		{ "another extension", SUBJECT "A91B" "3009 0603551D11 0402 0500" USAGE, NULL, SAN, SUBJECT "A91B" SAN USAGE, false, false },
		{ "two extensions", "A90B" "3009 0603551D11 0402 0500", NULL, USAGE SAN, "A91B" SAN USAGE, false, false },
		{ "validity", "800102" KEY, NULL, NULL, "800102 A413 A111 180F 32303532303131393030303030305A" KEY, false, true },
		{ "a whole validity", "A413 A111 180F 32303532303131393030303030305A" SUBJECT, NULL, NULL,
			"A411 A00F 170D 3237303131353038303030305A" SUBJECT, true, false },
		{ "all at once", "A302 3000" KEY, NAME_D, SAN, "A302 3000 A424 A00F 170D 3237303131353038303030305A"
			"A111 180F 32303532303131393030303030305A" SUBJECT KEY "A90B" SAN, true, true }
	};
	uint8_t subject[64], extensions[64], fields[200];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct cert_req_msg r = request_of(rows[i].before, CONTROL, NULL);
		struct template_change c = { .has_subject = rows[i].subject != NULL, .has_not_before = rows[i].not_before, .has_not_after = rows[i].not_after,
			.not_before = 1800000000, .not_after = 2589235200 };
		if (rows[i].subject != NULL)
			c.subject = hex_octets(rows[i].subject, subject, sizeof(subject));
		if (rows[i].extensions != NULL)
			c.extensions = hex_octets(rows[i].extensions, extensions, sizeof(extensions));
		struct cert_req_msg again = rebuilt(&r, &c);
		struct span in = again.template.whole, contents = span_of(NULL, 0);
		assert_true(der_take(&in, DER_SEQUENCE, &contents));
		if (!span_equal(contents, hex_octets(rows[i].after, fields, sizeof(fields))))
			fail_msg("%s: the template is not as it should be", rows[i].name);
	}
}

// As many extensions as a list may have, and one more; lists that are none.
static void
extensions_at_the_cap(void **state)
{
	struct cert_req_msg r = request_of(SUBJECT "A91B" SAN USAGE, NULL, NULL);
	uint8_t hex[64];
	struct buffer list;

	(void)state;
	buffer_init(&list, ROOM);
	for (int count = 1; count <= CAP_EXTENSIONS + 1; count++) {
		uint8_t one[] = { 0x30, 0x07, 0x06, 0x01, (uint8_t)(0x2A + count), 0x04, 0x02, 0x05, 0x00 };
		buffer_append(&list, span_of(one, sizeof(one)));
		struct template_change c = { .extensions = buffer_span(&list) };
		bool fits = count + 2 <= CAP_EXTENSIONS;
		assert_int_equal(cert_req_rebuild(fresh(), &r, &c), fits);
		if (fits)
			rebuilt(&r, &c);
	}
	struct template_change twice = { .extensions = hex_octets(SAN SAN, hex, sizeof(hex)) };
	assert_false(cert_req_rebuild(fresh(), &r, &twice));
	struct template_change none = { .extensions = hex_octets("0500", hex, sizeof(hex)) };
	assert_false(cert_req_rebuild(fresh(), &r, &none));
	buffer_clear(&list);
}

static void
from_pkcs10(void **state)
{
	struct cert_req_msg m;
	struct pkcs10 p;

	(void)state;
	craft_body(&more, BODY_P10CR);
	assert_true(pkcs10_parse(&p, buffer_span(&more), NULL));
	for (int with = 0; with < 2; with++) {
		uint8_t hex[64];
		p.extensions = with == 1 ? hex_octets(SAN USAGE, hex, sizeof(hex)) : span_of(NULL, 0);
		assert_true(cert_req_from_pkcs10(fresh(), &p));
		struct span in = buffer_span(&scratch);
		assert_true(der_check(in) && cert_req_msg_take(&in, &m, NULL) && der_at_end(in));
		assert_true(m.id == 0 && m.popo == POPO_RA_VERIFIED && span_equal(m.template.subject, p.subject));
		assert_true(span_equal(m.template.public_key.key, p.public_key.key));
		assert_true(span_equal(m.template.public_key.algorithm.whole, p.public_key.algorithm.whole));
		assert_true(span_equal(m.template.extensions, p.extensions));
	}
}

static int
setup(void **state)
{
	(void)state;
	buffer_init(&octets, ROOM);
	buffer_init(&scratch, ROOM);
	buffer_init(&more, ROOM);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buffer_clear(&octets);
	buffer_clear(&scratch);
	buffer_clear(&more);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_of_a_plan), cmocka_unit_test(header_copied), cmocka_unit_test(no_room), cmocka_unit_test(no_memory), cmocka_unit_test(confirmations),
		cmocka_unit_test(polls_and_requests), cmocka_unit_test(general_messages), cmocka_unit_test(unchanged), cmocka_unit_test(changed),
		cmocka_unit_test(extensions_at_the_cap), cmocka_unit_test(from_pkcs10)
	};

	return cmocka_run_group_tests_name("originate", tests, setup, teardown);
}
