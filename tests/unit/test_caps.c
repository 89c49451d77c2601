// SPDX-License-Identifier: GPL-3.0-or-later
// The caps on what a peer may send, as plain numbers: one less and the cap
// itself are taken, one more is refused with the failInfo it has. The numbers
// stand here once more on purpose, so that a cap cannot move by accident.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "codec/body.h"
#include "codec/cms.h"
#include "codec/extension.h"
#include "codec/itav.h"
#include "codec/name.h"
#include "codec/pkcs10.h"
#include "codec/response.h"
#include "tests/unit/notation.h"

enum { ROOM = 1 << 20 };

#define ALG "30{06{2A}}"
#define CERT "30{3000" ALG "03{00}}"
#define NAME "30{31{30{06{550403} 0C{61}}}}"
#define HEADER_START "30{020102 A4{3000} A4{3000} "
#define IDS "A4{04{31313131313131313131313131313131}} A5{04{32323232323232323232323232323232}}"
#define HEADER HEADER_START IDS "}"
#define PKICONF "B3{0500}"
#define GENM "30{" HEADER "B5{30{}}}"		// a whole small message

static struct buffer octets, text;

// Notation: `element` n times between the two others; a # in it becomes the number, in two digits.
static struct span
repeated(const char *before, const char *element, size_t n, const char *after)
{
	text.len = 0;
	buffer_append_text(&text, before);
	for (size_t i = 0; i < n; i++)
		for (const char *c = element; *c != '\0'; c++)
			if (*c == '#')
				buffer_printf(&text, "%02X", (unsigned)i & 0x7F);
			else
				buffer_append_octet(&text, (uint8_t)*c);
	buffer_append_text(&text, after);
	buffer_append_octet(&text, 0);
	assert_false(text.failed);
	return notation(&octets, (const char *)text.data);
}

static bool
message(struct span whole, struct fault *f)
{
	struct pkimessage m;

	return pkimessage_parse(&m, whole, NULL, f);
}

// ---- one function per cap: is n still taken?

static bool
rdns(size_t n, struct fault *f)
{
	return name_check(repeated("30{", "31{30{06{550403} 0C{61}}}", n, "}"), f);
}

static bool
rdn_attributes(size_t n, struct fault *f)
{
	return name_check(repeated("30{31{", "30{06{550403} 0C{61}}", n, "}}"), f);
}

static bool
extensions(size_t n, struct fault *f)
{
	return extensions_check(repeated("", "30{06{2A03#} 0400}", n, ""), f);
}

static bool
names(size_t n, struct fault *f)
{
	return general_names_read(repeated("", "86{75}", n, ""), f);
}

static bool
texts(size_t n, struct fault *f)
{
	struct span in = repeated("30{", "0C{61}", n, "}"), out;

	return free_text_take(&in, &out, f);
}

static bool
text_length(size_t n, struct fault *f)
{
	struct span in = repeated("30{0C{", "61", n, "}}"), out;

	return free_text_take(&in, &out, f);
}

static bool
sender_kid(size_t n, struct fault *f)
{
	return message(repeated("30{" HEADER_START "A2{04{", "55", n, "}}" IDS "}" PKICONF "}"), f);
}

static bool
recip_kid(size_t n, struct fault *f)
{
	return message(repeated("30{" HEADER_START "A3{04{", "55", n, "}}" IDS "}" PKICONF "}"), f);
}

static bool
transaction_id(size_t n, struct fault *f)
{
	return message(repeated("30{" HEADER_START "A4{04{", "55", n, "}}}" PKICONF "}"), f);
}

static bool
sender_nonce(size_t n, struct fault *f)
{
	return message(repeated("30{" HEADER_START "A5{04{", "55", n, "}}}" PKICONF "}"), f);
}

static bool
recip_nonce(size_t n, struct fault *f)
{
	return message(repeated("30{" HEADER_START "A6{04{", "55", n, "}}}" PKICONF "}"), f);
}

static bool
general_info(size_t n, struct fault *f)
{
	return message(repeated("30{" HEADER_START IDS "A8{30{", "30{06{2A03}}", n, "}}}" PKICONF "}"), f);
}

static bool
extra_certs(size_t n, struct fault *f)
{
	return message(repeated("30{" HEADER PKICONF "A1{30{", CERT, n, "}}}"), f);
}

// One certificate of n octets: 20 of them are not filler.
static bool
extra_certs_octets(size_t n, struct fault *f)
{
	return message(repeated("30{" HEADER PKICONF "A1{30{30{30{04{", "00", n - 20, "}}" ALG "03{00}}}}}"), f);
}

static bool
batch(size_t n, struct fault *f)
{
	return message(repeated("30{" HEADER "B4{30{", GENM, n, "}}}"), f);
}

static bool
recipients(size_t n, struct fault *f)
{
	struct enveloped_data e;

	return enveloped_data_read(repeated("020102 31{", "A200", n, "} 30{06{2A}" ALG "8000}"), &e, f);
}

static bool
serial(size_t n, struct fault *f)
{
	struct span in = repeated("30{A4{3000} 02{", "11", n, "}}");
	struct cert_id id;

	return cert_id_take(&in, &id, f);
}

// The octet 00 that keeps a number positive is not counted.
static bool
high_serial(size_t n, struct fault *f)
{
	struct span in = repeated("30{A4{3000} 02{00", "88", n, "}}");
	struct cert_id id;

	return cert_id_take(&in, &id, f);
}

static bool
cert_req_messages(size_t n, struct fault *f)
{
	return body_check(BODY_IR, repeated("30{", "30{30{020100 3000}}", n, "}"), f);
}

static bool
controls(size_t n, struct fault *f)
{
	return body_check(BODY_CR, repeated("30{30{30{020100 3000 30{", "30{06{2A03} 0500}", n, "}}}}"), f);
}

static bool
reg_info(size_t n, struct fault *f)
{
	return body_check(BODY_CR, repeated("30{30{30{020100 3000} 8000 30{", "30{06{2A03} 0500}", n, "}}}"), f);
}

static bool
responses(size_t n, struct fault *f)
{
	return body_check(BODY_IP, repeated("30{30{", "30{020100 30{020102}}", n, "}}"), f);
}

static bool
ca_pubs(size_t n, struct fault *f)
{
	return body_check(BODY_IP, repeated("30{A1{30{", CERT, n, "}} 30{30{020100 30{020102}}}}"), f);
}

static bool
revocations(size_t n, struct fault *f)
{
	return body_check(BODY_RR, repeated("30{", "30{3000}", n, "}"), f);
}

static bool
revocation_statuses(size_t n, struct fault *f)
{
	return body_check(BODY_RP, repeated("30{30{", "30{020100}", n, "}}"), f);
}

static bool
revoked_certificates(size_t n, struct fault *f)
{
	return body_check(BODY_RP, repeated("30{30{30{020100}} A0{30{", "30{A4{3000} 020107}", n, "}}}"), f);
}

static bool
revocation_crls(size_t n, struct fault *f)
{
	return body_check(BODY_RP, repeated("30{30{30{020100}} A1{30{", CERT, n, "}}}"), f);
}

static bool
key_history(size_t n, struct fault *f)
{
	return body_check(BODY_KRP, repeated("30{30{020100} A2{30{", "30{A0{" CERT "}}", n, "}}}"), f);
}

static bool
recovery_certificates(size_t n, struct fault *f)
{
	return body_check(BODY_KRP, repeated("30{30{020100} A1{30{", CERT, n, "}}}"), f);
}

static bool
challenges(size_t n, struct fault *f)
{
	return body_check(BODY_POPDECC, repeated("30{", "30{" ALG "0400 0400}", n, "}"), f);
}

static bool
challenge_answers(size_t n, struct fault *f)
{
	return body_check(BODY_POPDECR, repeated("30{", "020105", n, "}"), f);
}

static bool
announced_crls(size_t n, struct fault *f)
{
	return body_check(BODY_CRLANN, repeated("30{", CERT, n, "}"), f);
}

static bool
itavs(size_t n, struct fault *f)
{
	return body_check(BODY_GENM, repeated("30{", "30{06{2A03}}", n, "}"), f);
}

static bool
confirmations(size_t n, struct fault *f)
{
	return body_check(BODY_CERTCONF, repeated("30{", "30{04{55} 020100}", n, "}"), f);
}

static bool
polls(size_t n, struct fault *f)
{
	return body_check(BODY_POLLREQ, repeated("30{", "30{020100}", n, "}"), f);
}

static bool
poll_answers(size_t n, struct fault *f)
{
	return body_check(BODY_POLLREP, repeated("30{", "30{020100 020105}", n, "}"), f);
}

#define IT(n) "30{30{06{2B060105050704" n "} "

static bool
key_specs(size_t n, struct fault *f)
{
	return body_check(BODY_GENP, repeated(IT("13") "30{3000 30{", "30{06{2A03} 0500}", n, "}}}}"), f);
}

static bool
algorithms(size_t n, struct fault *f)
{
	return body_check(BODY_GENP, repeated(IT("02") "30{", ALG, n, "}}}"), f);
}

static bool
crl_statuses(size_t n, struct fault *f)
{
	return body_check(BODY_GENM, repeated(IT("16") "30{", "30{A0{A0{86{75}}}}", n, "}}}"), f);
}

static bool
original_messages(size_t n, struct fault *f)
{
	return body_check(BODY_GENM, repeated(IT("0F") "30{", "3000", n, "}}}"), f);
}

static bool
info_certificates(size_t n, struct fault *f)
{
	return body_check(BODY_GENP, repeated(IT("11") "30{", CERT, n, "}}}"), f);
}

static bool
purposes(size_t n, struct fault *f)
{
	struct span oids;

	return ext_key_usage_read(repeated("30{", "06{2A03}", n, "}"), &oids, f);
}

static bool
subtrees(size_t n, struct fault *f)
{
	struct name_constraints c;

	return name_constraints_read(repeated("30{A0{", "30{82{61}}", n, "}}"), &c, f);
}

static bool
pkcs10_attributes(size_t n, struct fault *f)
{
	struct pkcs10 p;

	return pkcs10_parse(&p, repeated("30{30{020100" NAME "30{" ALG "03{00}} A0{", "30{06{2A03#} 31{0500}}", n, "}}" ALG "03{00}}"), f);
}

// SEQUENCEs within each other.
static bool
depth(size_t n, struct fault *f)
{
	char *before = test_malloc(2 * ROOM), *after = before + ROOM;
	size_t at = 0;

	for (size_t i = 0; i < n; i++, at += 3)
		snprintf(before + at, 4, "30{");
	memset(after, '}', n);
	after[n] = '\0';
	bool well = der_check(repeated(before, "", 0, after));
	test_free(before);
	return well || fault_set(f, FAIL_BAD_DATA_FORMAT, "", "no DER");
}

// The same as a device meets it: five levels are around the value of an entry in generalInfo.
static bool
depth_in_message(size_t n, struct fault *f)
{
	char *before = test_malloc(2 * ROOM), *after = before + ROOM;
	int at = snprintf(before, ROOM, "%s", "30{" HEADER_START IDS "A8{30{30{06{2A03}");

	for (size_t i = 5; i < n; i++)
		at += snprintf(before + at, 4, "30{");
	memset(after, '}', n - 5);
	snprintf(after + n - 5, ROOM - n, "%s", "}}}}" PKICONF "}");
	bool well = message(repeated(before, "", 0, after), f);
	test_free(before);
	return well;
}

// Messages around messages; the innermost is no envelope.
static bool
envelopes(size_t n, struct fault *f)
{
	struct buffer before, after;

	buffer_init(&before, ROOM);
	buffer_init(&after, ROOM);
	for (size_t i = 0; i < n; i++) {
		buffer_append_text(&before, "30{" HEADER "B4{30{");
		buffer_append_text(&after, "}}}");
	}
	buffer_append_text(&before, GENM);
	buffer_append_octet(&before, 0);
	buffer_append_octet(&after, 0);
	bool well = message(repeated((const char *)before.data, "", 0, (const char *)after.data), f);
	buffer_clear(&before);
	buffer_clear(&after);
	return well;
}

// ---- the table

static const struct cap {
	const char *name;
	size_t most;
	bool (*takes)(size_t n, struct fault *f);
	enum failure failure;
} caps[] = {
	{ "RDNs of a name", 32, rdns, FAIL_BAD_REQUEST },
	{ "attributes of an RDN", 16, rdn_attributes, FAIL_BAD_REQUEST },
	{ "extensions", 32, extensions, FAIL_BAD_REQUEST },
	{ "GeneralNames", 64, names, FAIL_BAD_REQUEST },
	{ "texts of a PKIFreeText", 8, texts, FAIL_BAD_REQUEST },
	{ "octets of a text", 1024, text_length, FAIL_BAD_REQUEST },
	{ "octets of senderKID", 64, sender_kid, FAIL_BAD_DATA_FORMAT },
	{ "octets of recipKID", 64, recip_kid, FAIL_BAD_DATA_FORMAT },
	{ "octets of transactionID", 64, transaction_id, FAIL_BAD_DATA_FORMAT },
	{ "octets of senderNonce", 64, sender_nonce, FAIL_BAD_DATA_FORMAT },
	{ "octets of recipNonce", 64, recip_nonce, FAIL_BAD_DATA_FORMAT },
	{ "entries of generalInfo", 16, general_info, FAIL_BAD_REQUEST },
	{ "extraCerts", 16, extra_certs, FAIL_BAD_REQUEST },
	{ "octets of extraCerts", 32768, extra_certs_octets, FAIL_BAD_REQUEST },
	{ "messages of a batch", 32, batch, FAIL_BAD_REQUEST },
	{ "messages within each other", 2, envelopes, FAIL_BAD_REQUEST },
	{ "depth of DER", 32, depth, FAIL_BAD_DATA_FORMAT },
	{ "depth of a message", 32, depth_in_message, FAIL_BAD_DATA_FORMAT },
	{ "recipients of an EnvelopedData", 16, recipients, FAIL_BAD_REQUEST },
	{ "octets of a serial number", 20, serial, FAIL_BAD_CERT_ID },
	{ "octets of a serial number behind 00", 20, high_serial, FAIL_BAD_CERT_ID },
	{ "requests of an ir", 16, cert_req_messages, FAIL_BAD_REQUEST },
	{ "controls", 16, controls, FAIL_BAD_REQUEST },
	{ "regInfo", 16, reg_info, FAIL_BAD_REQUEST },
	{ "responses of an ip", 16, responses, FAIL_BAD_REQUEST },
	{ "caPubs", 64, ca_pubs, FAIL_BAD_REQUEST },
	{ "revocations", 16, revocations, FAIL_BAD_REQUEST },
	{ "statuses of an rp", 16, revocation_statuses, FAIL_BAD_REQUEST },
	{ "revCerts of an rp", 16, revoked_certificates, FAIL_BAD_REQUEST },
	{ "crls of an rp", 64, revocation_crls, FAIL_BAD_REQUEST },
	{ "keyPairHist", 64, key_history, FAIL_BAD_REQUEST },
	{ "caCerts of a krp", 64, recovery_certificates, FAIL_BAD_REQUEST },
	{ "challenges", 16, challenges, FAIL_BAD_REQUEST },
	{ "answers to challenges", 16, challenge_answers, FAIL_BAD_DATA_FORMAT },
	{ "CRLs of a crlann", 64, announced_crls, FAIL_BAD_REQUEST },
	{ "InfoTypeAndValues", 8, itavs, FAIL_BAD_REQUEST },
	{ "CertStatus of a certConf", 16, confirmations, FAIL_BAD_REQUEST },
	{ "entries of a pollReq", 16, polls, FAIL_BAD_REQUEST },
	{ "entries of a pollRep", 16, poll_answers, FAIL_BAD_REQUEST },
	{ "keySpec", 16, key_specs, FAIL_BAD_REQUEST },
	{ "signKeyPairTypes", 64, algorithms, FAIL_BAD_REQUEST },
	{ "crlStatusList", 16, crl_statuses, FAIL_BAD_REQUEST },
	{ "origPKIMessage", 32, original_messages, FAIL_BAD_REQUEST },
	{ "caCerts", 64, info_certificates, FAIL_BAD_REQUEST },
	{ "purposes of an extKeyUsage", 64, purposes, FAIL_BAD_REQUEST },
	{ "subtrees of nameConstraints", 64, subtrees, FAIL_BAD_REQUEST },
	{ "attributes of a PKCS#10", 16, pkcs10_attributes, FAIL_BAD_REQUEST },
};

static void
expect(const struct cap *cap, size_t n, enum failure failure)
{
	struct fault f = { .set = false };

	if (cap->takes(n, &f) != (failure == FAIL_NONE))
		fail_msg("%s: %zu %s (%s)", cap->name, n, failure == FAIL_NONE ? "must be taken" : "must be refused", f.text);
	if (failure != FAIL_NONE && f.failure != failure)
		fail_msg("%s: %zu: %s, should be %s", cap->name, n, failure_name(f.failure), failure_name(failure));
}

static void
each_cap(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		expect(&caps[i], caps[i].most - 1, FAIL_NONE);
		expect(&caps[i], caps[i].most, FAIL_NONE);
		expect(&caps[i], caps[i].most + 1, caps[i].failure);
	}
}

// What must be there at least.
static void
lowest(void **state)
{
	static const struct cap least[] = {
		{ "octets of transactionID", 1, transaction_id, FAIL_BAD_DATA_FORMAT }, { "requests of an ir", 1, cert_req_messages, FAIL_BAD_DATA_FORMAT },
		{ "GeneralNames", 1, names, FAIL_BAD_DATA_FORMAT }, { "extensions", 1, extensions, FAIL_BAD_DATA_FORMAT }, { "texts", 1, texts, FAIL_BAD_DATA_FORMAT },
		{ "entries of generalInfo", 1, general_info, FAIL_BAD_DATA_FORMAT }, { "extraCerts", 1, extra_certs, FAIL_BAD_DATA_FORMAT },
		{ "messages of a batch", 1, batch, FAIL_BAD_DATA_FORMAT }, { "recipients", 1, recipients, FAIL_BAD_DATA_FORMAT },
		{ "octets of a serial number", 1, serial, FAIL_BAD_DATA_FORMAT }, { "responses", 1, responses, FAIL_BAD_DATA_FORMAT },
		{ "revocations", 1, revocations, FAIL_BAD_DATA_FORMAT }, { "polls", 1, polls, FAIL_BAD_DATA_FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(least) / sizeof(least[0]); i++) {
		expect(&least[i], 1, FAIL_NONE);
		expect(&least[i], 0, least[i].failure);
	}
}

static int
setup(void **state)
{
	(void)state;
	buffer_init(&octets, ROOM);
	buffer_init(&text, ROOM);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buffer_clear(&octets);
	buffer_clear(&text);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_cap), cmocka_unit_test(lowest) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
