// SPDX-License-Identifier: GPL-3.0-or-later
// OCSP: messages of others are read to their last field, ours is what others
// make, and what is broken is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "codec/ocsp.h"
#include "codec/oid.h"
#include "codec/pkimessage.h"
#include "tests/unit/mangle.h"
#include "tests/unit/sample_ocsp.h"

#define OF(array) span_of(array, sizeof(array))
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct ocsp_request request;
static struct ocsp_response response;

static bool parse_request(struct span s, struct fault *f) { return ocsp_request_read(s, &request, f); }
static bool parse_response(struct span s, struct fault *f) { return ocsp_response_read(s, &response, f); }

static void
requests(void **state)
{
	struct ocsp_cert_id id, ids[3];
	struct buffer out;
	size_t n = 0;

	(void)state;
	assert_true(parse_request(OF(sample_request), NULL));
	assert_true(request.count == 3 && request.has_nonce && request.nonce.len == 16);
	for (struct span rest = request.requests; ocsp_request_next(&rest, &id); n++)
		ids[n < 3 ? n : 2] = id;
	assert_int_equal(n, 3);
	assert_true(oid_find(ids[0].hash) == OID_SHA1 && ids[0].name_hash.len == 20 && span_equal(ids[0].serial, span_text("\x0A")));
	assert_true(ocsp_cert_id_equal(&ids[1], &ids[1]) && !ocsp_cert_id_equal(&ids[0], &ids[1]));
	// what others ask is what we ask
	assert_true(parse_request(OF(sample_request_sha256), NULL) && request.count == 1 && !request.has_nonce);
	assert_true(ocsp_request_next(&request.requests, &id) && oid_find(id.hash) == OID_SHA256 && id.key_hash.len == 32);
	buffer_init(&out, 4096);
	assert_true(ocsp_request_build(&out, &id, span_of(NULL, 0)));
	assert_true(span_equal(buffer_span(&out), OF(sample_request_sha256)));
	buffer_clear(&out);
}

// Nonces of 0 (none), 1 and the most octets; one more does not go.
static void
nonces(void **state)
{
	static const uint8_t octets[CAP_OCSP_NONCE + 1] = { 7 };
	static const size_t lengths[] = { 0, 1, 32, CAP_OCSP_NONCE, CAP_OCSP_NONCE + 1 };
	struct ocsp_cert_id id = { oid_octets(OID_SHA1), span_of(octets, 20), span_of(octets, 20), span_text("\x01") }, again;
	struct buffer out;

	(void)state;
	buffer_init(&out, 4096);
	for (size_t i = 0; i < LENGTH(lengths); i++) {
		out.len = 0;
		bool fits = lengths[i] <= CAP_OCSP_NONCE;
		assert_int_equal(ocsp_request_build(&out, &id, span_of(octets, lengths[i])), fits);
		if (!fits)
			continue;
		assert_true(parse_request(buffer_span(&out), NULL));
		assert_true(request.has_nonce == (lengths[i] > 0) && (!request.has_nonce || request.nonce.len == lengths[i]));
		assert_true(ocsp_request_next(&request.requests, &again) && ocsp_cert_id_equal(&id, &again));
		mangle_sample("built request", parse_request, buffer_span(&out));
	}
	buffer_clear(&out);
}

static void
responses(void **state)
{
	struct ocsp_single single;
	struct ocsp_cert_id id;
	struct span rest, asked;

	(void)state;
	assert_true(parse_request(OF(sample_request), NULL));
	asked = request.nonce;
	rest = request.requests;
	assert_true(parse_response(OF(sample_response), NULL));
	assert_true(response.status == OCSP_SUCCESSFUL && response.count == 3 && !response.by_key && response.responder.data[0] == DER_SEQUENCE);
	assert_true(response.has_nonce && span_equal(response.nonce, asked) && response.certificates.len > 0);
	assert_true(oid_find(response.signature_algorithm.oid) == OID_ECDSA_SHA256 && response.signature.len > 60);
	assert_true(response.tbs.data[0] == DER_SEQUENCE && response.produced_at > 1795000000);
	static const enum ocsp_cert_status wanted[] = { OCSP_GOOD, OCSP_REVOKED, OCSP_UNKNOWN };
	for (size_t i = 0; i < 3; i++) {
		assert_true(ocsp_request_next(&rest, &id) && ocsp_single_find(&response, &id, &single));
		assert_int_equal(single.status, wanted[i]);
		assert_int_equal(single.reason, i == 1 ? 1 : -1);
		assert_true(single.has_next_update && single.next_update - single.this_update == 7 * 86400);
	}
	assert_true(ocsp_single_find(&response, &single.id, &single));
	id.serial = span_text("\x0D");
	assert_false(ocsp_single_find(&response, &id, &single));
	assert_true(parse_response(OF(sample_response_by_key), NULL));
	assert_true(response.by_key && response.responder.len == 20 && response.certificates.len == 0 && !response.has_nonce);
}

static void
samples_mangled(void **state)
{
	(void)state;
	mangle_sample("request", parse_request, OF(sample_request));
	mangle_sample("request by SHA-256", parse_request, OF(sample_request_sha256));
	mangle_sample("response", parse_response, OF(sample_response));
	mangle_sample("response by key", parse_response, OF(sample_response_by_key));
}

#define ID "3010 3005 06012A 0500 040141 040142 020105"
#define TIME "180F 32303237303131353038303030305A"
#define SINGLE "3025" ID "8000" TIME

static void
statuses(void **state)
{
	(void)state;
	for (int status = 0; status <= 8; status++) {
		uint8_t octets[] = { 0x30, 0x03, 0x0A, 0x01, (uint8_t)status };
		struct fault f = { .set = false };
		bool known = ocsp_status_name(status) != NULL;
		assert_int_equal(known, status != 4 && status < 7);
		// a successful one must have a response
		assert_int_equal(parse_response(span_of(octets, sizeof(octets)), &f), known && status != OCSP_SUCCESSFUL);
		if (!f.set)
			assert_int_equal(response.status, status);
	}
}

// As many single responses and requests as may be, and one more; none does not pass.
static void
caps(void **state)
{
	static const struct { mangle_parse *parse; const char *element; } rows[] = { { parse_request, "3012" ID }, { parse_response, SINGLE } };
	uint8_t room[100];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		for (size_t count = 0; count <= CAP_OCSP_SINGLES + 1; count++) {
			struct fault f = { .set = false };
			struct der_writer w;
			struct span octets;
			der_writer_init(&w, 8192);
			der_open(&w, DER_SEQUENCE);
			if (i == 1) {
				der_put_raw(&w, hex_octets("0A0100", room, sizeof(room)));
				der_open(&w, DER_CONTEXT_CONS(0));
				der_open(&w, DER_SEQUENCE);
				der_put_oid(&w, oid_octets(OID_OCSP_BASIC));
				der_open(&w, DER_OCTET_STRING);
				der_open(&w, DER_SEQUENCE);
			}
			der_open(&w, DER_SEQUENCE);
			if (i == 1)
				der_put_raw(&w, hex_octets("A203 040141" TIME, room, sizeof(room)));
			der_open(&w, DER_SEQUENCE);
			for (size_t k = 0; k < count; k++)
				der_put_raw(&w, hex_octets(rows[i].element, room, sizeof(room)));
			der_close(&w);
			der_close(&w);
			if (i == 1) {
				der_put_raw(&w, hex_octets("3003 06012A 03020041", room, sizeof(room)));
				der_close(&w);
				der_close(&w);
				der_close(&w);
				der_close(&w);
			}
			der_close(&w);
			assert_true(der_finish(&w, &octets));
			enum failure expected = count == 0 ? FAIL_BAD_DATA_FORMAT : count > CAP_OCSP_SINGLES ? FAIL_BAD_REQUEST : FAIL_NONE;
			if ((rows[i].parse(octets, &f) ? FAIL_NONE : f.failure) != expected)
				fail_msg("%zu: %s: %s", count, f.path, f.text);
			der_writer_clear(&w);
		}
}

// A response of these pieces: what stands in ResponseData before and behind its
// responses, the one response, what follows the ResponseData.
static void
bad_responses(void **state)
{
	static const struct { const char *name, *type, *before, *single, *behind, *tail, *path; } rows[] = {
		{ .name = "good" },
		{ .name = "by name", .before = "A102 3000" TIME },
		{ .name = "another type", .type = "06012A", .path = "responseBytes.responseType" },
		{ .name = "version v1 written", .before = "A003 020100 A203 040141" TIME, .path = "responseBytes.tbsResponseData.version" },
		{ .name = "nobody", .before = TIME, .path = "responseBytes.tbsResponseData.responderID" },
		{ .name = "by a key that is a NULL", .before = "A202 0500" TIME, .path = "responseBytes.tbsResponseData.responderID" },
		{ .name = "by two names", .before = "A104 3000 3000" TIME, .path = "responseBytes.tbsResponseData.responderID" },
		{ .name = "no time", .before = "A203 040141", .path = "responseBytes.tbsResponseData.producedAt" },
		{ .name = "UTCTime", .before = "A203 040141 170D 3237303131353038303030305A", .path = "responseBytes.tbsResponseData.producedAt" },
		{ .name = "hash with parameters", .single = "3027 3012 3007 06012A 02020100 040141 040142 020105 8000" TIME,
			.path = "responseBytes.tbsResponseData.responses[0].certID.hashAlgorithm" },
		{ .name = "no key hash", .single = "3022 300D 3005 06012A 0500 040141 020105 8000" TIME,
			.path = "responseBytes.tbsResponseData.responses[0].certID" },
		{ .name = "status of another kind", .single = "3025" ID "8300" TIME, .path = "responseBytes.tbsResponseData.responses[0].certStatus" },
		{ .name = "good with octets", .single = "3026" ID "800141" TIME, .path = "responseBytes.tbsResponseData.responses[0].certStatus" },
		{ .name = "revoked", .single = "3036" ID "A111" TIME TIME },
		{ .name = "revoked with a reason", .single = "303B" ID "A116" TIME "A003 0A0106" TIME },
		{ .name = "revoked for reason 7", .single = "303B" ID "A116" TIME "A003 0A0107" TIME,
			.path = "responseBytes.tbsResponseData.responses[0].certStatus.reasonCode" },
		{ .name = "revoked without a time", .single = "3025" ID "A100" TIME,
			.path = "responseBytes.tbsResponseData.responses[0].certStatus.revocationTime" },
		{ .name = "no thisUpdate", .single = "3014" ID "8000", .path = "responseBytes.tbsResponseData.responses[0].thisUpdate" },
		{ .name = "nextUpdate of two", .single = "3049" ID "8000" TIME "A022" TIME TIME, .path = "responseBytes.tbsResponseData.responses[0].nextUpdate" },
		{ .name = "empty extensions", .single = "3029" ID "8000" TIME "A102 3000", .path = "responseBytes.tbsResponseData.responses[0].extensions" },
		{ .name = "a nonce", .behind = "A117 3015 3013 06092B0601050507300102 0406 0404 41424344" },
		{ .name = "a nonce by itself", .behind = "A115 3013 3011 06092B0601050507300102 0404 41424344", .path = "responseBytes.tbsResponseData.nonce" },
		{ .name = "an empty nonce", .behind = "A113 3011 300F 06092B0601050507300102 0402 0400", .path = "responseBytes.tbsResponseData.nonce" },
		{ .name = "more in ResponseData", .behind = "0500", .path = "responseBytes.tbsResponseData" },
		{ .name = "unused bits", .tail = "3003 06012A 03020340", .path = "responseBytes.signature" },
		{ .name = "no signature", .tail = "3003 06012A", .path = "responseBytes.signature" },
		{ .name = "certs that are none", .tail = "3003 06012A 03020041 A004 3002 3000", .path = "responseBytes.certs" },
		{ .name = "no certs", .tail = "3003 06012A 03020041 A002 3000" },
		{ .name = "more behind", .tail = "3003 06012A 03020041 0500", .path = "responseBytes" }
	};
	uint8_t room[200];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct fault f = { .set = false };
		struct der_writer w;
		struct span octets;
		der_writer_init(&w, 8192);
		der_open(&w, DER_SEQUENCE);
		der_put_raw(&w, hex_octets("0A0100", room, sizeof(room)));
		der_open(&w, DER_CONTEXT_CONS(0));
		der_open(&w, DER_SEQUENCE);
		der_put_raw(&w, hex_octets(rows[i].type != NULL ? rows[i].type : "06092B0601050507300101", room, sizeof(room)));
		der_open(&w, DER_OCTET_STRING);
		der_open(&w, DER_SEQUENCE);
		der_open(&w, DER_SEQUENCE);
		der_put_raw(&w, hex_octets(rows[i].before != NULL ? rows[i].before : "A203 040141" TIME, room, sizeof(room)));
		der_open(&w, DER_SEQUENCE);
		der_put_raw(&w, hex_octets(rows[i].single != NULL ? rows[i].single : SINGLE, room, sizeof(room)));
		der_close(&w);
		der_put_raw(&w, hex_octets(rows[i].behind != NULL ? rows[i].behind : "", room, sizeof(room)));
		der_close(&w);
		der_put_raw(&w, hex_octets(rows[i].tail != NULL ? rows[i].tail : "3003 06012A 03020041", room, sizeof(room)));
		for (int k = 0; k < 5; k++)
			der_close(&w);
		assert_true(der_finish(&w, &octets));
		if (!der_check(octets))
			fail_msg("%s: the row itself is no DER", rows[i].name);
		bool well = parse_response(octets, &f);
		if (well != (rows[i].path == NULL) || (!well && (f.failure != FAIL_BAD_DATA_FORMAT || strcmp(f.path, rows[i].path) != 0)))
			fail_msg("%s: %s: %s", rows[i].name, well ? "accepted" : f.path, f.text);
		der_writer_clear(&w);
	}
}

static void
bad_requests(void **state)
{
	static const struct { const char *name, *hex, *path; } rows[] = {
		{ "good", "3018 3016 3014 3012" ID, NULL },
		{ "signed", "301C 3016 3014 3012" ID "A002 3000", NULL },
		{ "with a requestorName", "301D 301B A103 820141 3014 3012" ID, NULL },
		{ "with two requestorNames", "3020 301E A106 820141 820141 3014 3012" ID, "tbsRequest.requestorName" },
		{ "version v1 written", "301D 301B A003 020100 3014 3012" ID, "tbsRequest.version" },
		{ "no TBSRequest", "3000", "" },
		{ "no request", "3004 3002 3000", "tbsRequest.requestList" },
		{ "no certificate", "3006 3004 3002 3000", "tbsRequest.requestList[0].reqCert" },
		{ "two certificates in one", "302A 3028 3026 3024" ID ID, "tbsRequest.requestList[0]" },
		{ "a signature that is a NULL", "301C 3016 3014 3012" ID "A002 0500", "optionalSignature" },
		{ "more behind", "301A 3016 3014 3012" ID "0500", "" }
	};
	uint8_t room[100];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct fault f = { .set = false };
		struct span octets = hex_octets(rows[i].hex, room, sizeof(room));
		bool well = parse_request(octets, &f);
		if (!der_check(octets))
			fail_msg("%s: the row itself is no DER", rows[i].name);
		if (well != (rows[i].path == NULL) || (!well && (f.failure != FAIL_BAD_DATA_FORMAT || strcmp(f.path, rows[i].path) != 0)))
			fail_msg("%s: %s: %s", rows[i].name, well ? "accepted" : f.path, f.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests), cmocka_unit_test(nonces), cmocka_unit_test(responses), cmocka_unit_test(samples_mangled),
		cmocka_unit_test(statuses), cmocka_unit_test(caps), cmocka_unit_test(bad_responses), cmocka_unit_test(bad_requests)
	};

	return cmocka_run_group_tests_name("ocsp", tests, NULL, NULL);
}
