// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/memory.h"
#include "base/pem.h"
#include "codec/certificate.h"
#include "codec/crl.h"
#include "codec/oid.h"
#include "codec/pkcs10.h"
#include "codec/walk.h"
#include "tests/unit/sample_x509.h"

#define OF(array) span_of(array, sizeof(array))

static struct certificate certificate;
static struct crl crl;
static struct pkcs10 pkcs10;

static bool parse_certificate(struct span s, struct fault *f) { return certificate_parse(&certificate, s, f); }
static bool parse_crl(struct span s, struct fault *f) { return crl_parse(&crl, s, f); }
static bool parse_pkcs10(struct span s, struct fault *f) { return pkcs10_parse(&pkcs10, s, f); }

static const struct { const char *name; bool (*parse)(struct span, struct fault *); struct span octets; } samples[] = {
	{ "certificate", parse_certificate, { sample_certificate, sizeof(sample_certificate) } },
	{ "CRL", parse_crl, { sample_crl, sizeof(sample_crl) } },
	{ "PKCS#10", parse_pkcs10, { sample_pkcs10, sizeof(sample_pkcs10) } }
};
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

static void
expect_name(struct span name, const char *text)
{
	char out[NAME_TEXT_MAX];

	assert_string_equal(name_text(name, out, sizeof(out)), text);
}

static struct extension
need_extension(struct span list, enum ce n)
{
	struct extension e;

	assert_true(extension_find(list, n, &e));
	return e;
}

static void
certificate_fields(void **state)
{
	struct fault f = { 0 };
	const struct certificate *c = &certificate;

	(void)state;
	assert_true(parse_certificate(OF(sample_certificate), &f));
	assert_int_equal(c->version, 3);
	assert_int_equal(c->serial.len, 20);
	expect_name(c->issuer, "CN=Unit CA,O=Plant");
	expect_name(c->subject, "CN=Unit CA,O=Plant");
	assert_true(certificate_self_issued(c));
	assert_int_equal(c->not_after - c->not_before, 3000 * 86400);
	assert_int_equal(c->public_key.key.len, 65);
	assert_string_equal(oid_name(c->signature_algorithm.oid), "ecdsa-with-SHA256");
	assert_ptr_equal(c->tbs.data, sample_certificate + 4);
}

static void
certificate_extensions(void **state)
{
	struct fault f = { 0 };
	struct basic_constraints basic;
	struct authority_key_id authority;
	struct name_constraints constraints;
	struct general_name base;
	struct distribution_point point;
	struct access_description access;
	struct policy policy;
	struct span list, id;
	unsigned bits;
	char text[128];

	(void)state;
	assert_true(parse_certificate(OF(sample_certificate), &f));
	list = certificate.extensions;
	struct extension e = need_extension(list, CE_BASIC_CONSTRAINTS);
	assert_true(e.critical && basic_constraints_read(e.value, &basic, &f) && basic.ca && !basic.has_path_len);
	e = need_extension(list, CE_KEY_USAGE);
	assert_true(key_usage_read(e.value, &bits, &f));
	assert_int_equal(bits, KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	e = need_extension(list, CE_SUBJECT_KEY_ID);
	assert_true(subject_key_id_read(e.value, &id, &f));
	e = need_extension(list, CE_AUTHORITY_KEY_ID);
	assert_true(authority_key_id_read(e.value, &authority, &f) && authority.has_key_id && span_equal(authority.key_id, id));
	e = need_extension(list, CE_NAME_CONSTRAINTS);
	assert_true(name_constraints_read(e.value, &constraints, &f));
	assert_true(subtree_next(&constraints.permitted, &base));
	assert_string_equal(general_name_text(base.whole, text, sizeof(text)), "DNS:ex.org");
	assert_true(subtree_next(&constraints.excluded, &base));
	assert_string_equal(general_name_text(base.whole, text, sizeof(text)), "DNS:no.ex.org");
	e = need_extension(list, CE_CRL_POINTS);
	assert_true(crl_points_read(e.value, &id, &f) && distribution_point_next(&id, &point) && point.name.full.len > 0);
	e = need_extension(list, CE_POLICIES);
	assert_true(policies_read(e.value, &id, &f) && policy_next(&id, &policy));
	assert_string_equal(oid_dotted(policy.oid, text, sizeof(text)), "1.2.3.4");
	e = need_extension(list, CE_EXT_KEY_USAGE);
	assert_true(ext_key_usage_read(e.value, &id, &f) && der_take_oid(&id, &id));
	bool seen = false;
	while (extension_next(&list, &e))
		if (oid_is_info_access(e.oid))
			seen = info_access_read(e.value, &id, &f) && access_description_next(&id, &access) && access.location.kind == GN_URI;
	assert_true(seen);
	assert_false(f.set);
}

static void
crl_fields(void **state)
{
	struct fault f = { 0 };
	struct crl_entry entry;
	struct span rest, number;
	int reason = -1;

	(void)state;
	assert_true(parse_crl(OF(sample_crl), &f));
	assert_int_equal(crl.version, 2);
	expect_name(crl.issuer, "CN=Unit CA,O=Plant");
	assert_true(crl.has_next_update);
	assert_int_equal(crl.next_update - crl.this_update, 30 * 86400);
	assert_int_equal(crl.entry_count, 1);
	rest = crl.entries;
	assert_true(crl_entry_next(&rest, &entry));
	assert_memory_equal(entry.serial.data, "\x01\x02", 2);
	assert_true(crl_reason_read(need_extension(entry.extensions, CE_REASON).value, &reason, &f));
	assert_string_equal(crl_reason_name(reason), "keyCompromise");
	assert_false(crl_entry_next(&rest, &entry));
	assert_true(crl_number_read(need_extension(crl.extensions, CE_CRL_NUMBER).value, &number, &f));
	assert_memory_equal(number.data, "\x0a", 1);
}

static void
pkcs10_fields(void **state)
{
	struct fault f = { 0 };
	struct span names, rest;
	struct general_name name;
	struct attribute a;

	(void)state;
	assert_true(parse_pkcs10(OF(sample_pkcs10), &f));
	expect_name(pkcs10.subject, "CN=device");
	rest = pkcs10.attributes;
	assert_true(attribute_next(&rest, &a) && oid_is_pkcs9(a.type, PKCS9_EXTENSION_REQUEST));
	assert_true(alt_names_read(need_extension(pkcs10.extensions, CE_SUBJECT_ALT_NAME).value, &names, &f));
	assert_true(general_name_read(&names, &name, &f) && name.kind == GN_DNS);
	assert_true(general_name_read(&names, &name, &f) && name.kind == GN_IP);
	assert_true(der_at_end(names));
}

static void
refused_at_every_length(void **state)
{
	uint8_t longer[1024];

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		for (size_t n = 0; n < samples[i].octets.len; n++) {
			struct fault f = { 0 };
			// a copy of exactly n octets, so that reading behind them is found out
			uint8_t *copy = mem_alloc(n + (n == 0));
			memcpy(copy, samples[i].octets.data, n);
			if (samples[i].parse(span_of(copy, n), &f) || !f.set || f.failure != FAIL_BAD_DATA_FORMAT)
				fail_msg("%s, %zu octets: not refused with badDataFormat", samples[i].name, n);
			mem_free(copy);
		}
		struct fault f = { 0 };
		memcpy(longer, samples[i].octets.data, samples[i].octets.len);
		longer[samples[i].octets.len] = 0;
		assert_false(samples[i].parse(span_of(longer, samples[i].octets.len + 1), &f));
	}
}

// Every octet changed in four ways: whatever is accepted must be readable to its end.
static void
readable_after_any_change(void **state)
{
	static const uint8_t masks[] = { 0x01, 0x20, 0x80, 0xFF };
	uint8_t changed[1024];

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++)
		for (size_t at = 0; at < samples[i].octets.len; at++)
			for (size_t m = 0; m < sizeof(masks); m++) {
				struct fault f = { 0 };
				memcpy(changed, samples[i].octets.data, samples[i].octets.len);
				changed[at] ^= masks[m];
				if (samples[i].parse(span_of(changed, samples[i].octets.len), &f) == f.set)
					fail_msg("%s, octet %zu ^ %#x: the fault does not fit the answer", samples[i].name, at, masks[m]);
			}
}

struct bad_value { const char *name; bool (*read)(struct span); const char *octets; size_t len; };

static bool read_basic(struct span v) { struct basic_constraints b; return basic_constraints_read(v, &b, NULL); }
static bool read_usage(struct span v) { unsigned b; return key_usage_read(v, &b, NULL); }
static bool read_purposes(struct span v) { struct span o; return ext_key_usage_read(v, &o, NULL); }
static bool read_names(struct span v) { struct span o; return alt_names_read(v, &o, NULL); }
static bool read_authority(struct span v) { struct authority_key_id a; return authority_key_id_read(v, &a, NULL); }
static bool read_constraints(struct span v) { struct name_constraints n; return name_constraints_read(v, &n, NULL); }
static bool read_points(struct span v) { struct span o; return crl_points_read(v, &o, NULL); }
static bool read_reason(struct span v) { int r; return crl_reason_read(v, &r, NULL); }
static bool read_number(struct span v) { struct span o; return crl_number_read(v, &o, NULL); }
static bool read_mappings(struct span v) { struct span o; return policy_mappings_read(v, &o, NULL); }
static bool read_policies(struct span v) { struct policy_constraints p; return policy_constraints_read(v, &p, NULL); }
static bool read_inhibit(struct span v) { int64_t n; return inhibit_any_policy_read(v, &n, NULL); }
static bool read_issuing(struct span v) { struct issuing_point p; return issuing_point_read(v, &p, NULL); }
#define V(s) s, sizeof(s) - 1

static void
bad_extension_values(void **state)
{
	static const struct bad_value bad[] = {
		{ "basicConstraints with FALSE written", read_basic, V("\x30\x03\x01\x01\x00") },
		{ "basicConstraints with a negative path", read_basic, V("\x30\x06\x01\x01\xff\x02\x01\xff") },
		{ "basicConstraints with more behind", read_basic, V("\x30\x00\x05\x00") },
		{ "keyUsage without bits", read_usage, V("\x03\x01\x00") },
		{ "keyUsage with zero bits at the end", read_usage, V("\x03\x02\x00\x80") },
		{ "keyUsage with a tenth bit", read_usage, V("\x03\x03\x06\x00\x40") },
		{ "no purpose", read_purposes, V("\x30\x00") },
		{ "purposes that are no OIDs", read_purposes, V("\x30\x03\x02\x01\x01") },
		{ "no names", read_names, V("\x30\x00") },
		{ "an IP address of five octets", read_names, V("\x30\x07\x87\x05\x0a\x00\x00\x01\x01") },
		{ "an issuer without a serial number", read_authority, V("\x30\x05\xa1\x03\x82\x01\x61") },
		{ "no subtrees", read_constraints, V("\x30\x00") },
		{ "a subtree with a minimum", read_constraints, V("\x30\x0a\xa0\x08\x30\x06\x82\x01\x61\x80\x01\x01") },
		{ "a point with reasons only", read_points, V("\x30\x06\x30\x04\x81\x02\x07\x80") },
		{ "reason 7", read_reason, V("\x0a\x01\x07") },
		{ "reason 11", read_reason, V("\x0a\x01\x0b") },
		{ "a negative CRL number", read_number, V("\x02\x01\xff") },
		{ "an empty value", read_number, V("") },
		{ "no mapping", read_mappings, V("\x30\x00") },
		{ "a mapping of one policy", read_mappings, V("\x30\x05\x30\x03\x06\x01\x2a") },
		{ "a mapping of three policies", read_mappings, V("\x30\x0b\x30\x09\x06\x01\x2a\x06\x01\x2a\x06\x01\x2a") },
		{ "no policy constraint", read_policies, V("\x30\x00") },
		{ "a negative policy constraint", read_policies, V("\x30\x03\x80\x01\xff") },
		{ "a padded policy constraint", read_policies, V("\x30\x04\x81\x02\x00\x01") },
		{ "policy constraints out of order", read_policies, V("\x30\x06\x81\x01\x00\x80\x01\x00") },
		{ "policy constraints with more behind", read_policies, V("\x30\x03\x80\x01\x00\x05\x00") },
		{ "a negative inhibitAnyPolicy", read_inhibit, V("\x02\x01\xff") },
		{ "two inhibitAnyPolicy", read_inhibit, V("\x02\x01\x00\x02\x01\x00") },
		{ "an empty issuing point", read_issuing, V("\x30\x00") },
		{ "an issuing point with FALSE written", read_issuing, V("\x30\x03\x81\x01\x00") },
		{ "an issuing point with TRUE as 1", read_issuing, V("\x30\x03\x84\x01\x01") },
		{ "an issuing point for users and CAs", read_issuing, V("\x30\x06\x81\x01\xff\x82\x01\xff") },
		{ "an issuing point for CAs and attributes", read_issuing, V("\x30\x06\x82\x01\xff\x85\x01\xff") },
		{ "an issuing point without its name", read_issuing, V("\x30\x02\xa0\x00") },
		{ "an issuing point with a wrong name", read_issuing, V("\x30\x06\xa0\x04\xa0\x02\x87\x00") },
		{ "an issuing point with a tenth reason", read_issuing, V("\x30\x05\x83\x03\x06\x00\x40") },
		{ "an issuing point with an unknown field", read_issuing, V("\x30\x06\x84\x01\xff\x86\x01\xff") }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (bad[i].read(span_of(bad[i].octets, bad[i].len)))
			fail_msg("%s was accepted", bad[i].name);
	assert_true(read_usage(span_of("\x03\x02\x07\x80", 4)));
	assert_true(read_reason(span_of("\x0a\x01\x0a", 3)));
	assert_true(read_basic(span_of("\x30\x00", 2)));
}

static void
path_extensions(void **state)
{
	struct policy_constraints policies;
	struct policy_mapping mapping;
	struct issuing_point point;
	struct span list;
	int64_t skip;

	(void)state;
	assert_true(policy_constraints_read(span_of(V("\x30\x06\x80\x01\x00\x81\x01\x7f")), &policies, NULL));
	assert_true(policies.has_require_explicit && policies.require_explicit == 0);
	assert_true(policies.has_inhibit_mapping && policies.inhibit_mapping == 127);
	assert_true(policy_constraints_read(span_of(V("\x30\x0b\x81\x09\x01\x00\x00\x00\x00\x00\x00\x00\x00")), &policies, NULL));
	assert_true(!policies.has_require_explicit && policies.inhibit_mapping == INT64_MAX);
	assert_true(inhibit_any_policy_read(span_of(V("\x02\x01\x05")), &skip, NULL) && skip == 5);
	assert_true(policy_mappings_read(span_of(V("\x30\x08\x30\x06\x06\x01\x2a\x06\x01\x2b")), &list, NULL));
	assert_true(policy_mapping_next(&list, &mapping) && mapping.issuer_policy.data[0] == 0x2A && mapping.subject_policy.data[0] == 0x2B);
	assert_false(policy_mapping_next(&list, &mapping));
	assert_true(issuing_point_read(span_of(V("\x30\x13\xa0\x07\xa0\x05\x86\x03u:x\x82\x01\xff\x83\x02\x06\x40\x84\x01\xff")), &point, NULL));
	assert_true(point.name.full.len == 5 && point.name.relative.len == 0 && point.only_ca_certs && !point.only_user_certs);
	assert_true(!point.only_attribute_certs && point.indirect && point.has_reasons && point.reasons == 1u << 1);
	assert_true(issuing_point_read(span_of(V("\x30\x03\x85\x01\xff")), &point, NULL) && point.only_attribute_certs && !point.has_reasons);
}

static void
pem_blocks(void **state)
{
	static const struct { const char *text; enum pem_result result; const char *label, *octets; } rows[] = {
		{ "-----BEGIN X-----\nAQID\n-----END X-----\n", PEM_FOUND, "X", "\x01\x02\x03" },
		{ "text before\r\n-----BEGIN A B-----\r\nAQ==\r\n-----END A B-----", PEM_FOUND, "A B", "\x01" },
		{ "-----BEGIN X-----\nAQ I=\n-----END X-----\n", PEM_FOUND, "X", "\x01\x02" },
		{ "", PEM_NONE, NULL, NULL },
		{ "-----BEGIN X----\nAQID\n-----END X-----\n", PEM_NONE, NULL, NULL },
		{ "-----BEGIN X-----\nAQID\n-----END Y-----\n", PEM_BAD, NULL, NULL },
		{ "-----BEGIN X-----\nAQID\n", PEM_BAD, NULL, NULL },
		{ "-----BEGIN X-----\nAQI\n-----END X-----\n", PEM_BAD, NULL, NULL },
		{ "-----BEGIN X-----\nAQJ=\n-----END X-----\n", PEM_BAD, NULL, NULL },
		{ "-----BEGIN X-----\nAQ==AQ==\n-----END X-----\n", PEM_BAD, NULL, NULL },
		{ "-----BEGIN X-----\nA===\n-----END X-----\n", PEM_BAD, NULL, NULL },
		{ "-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAQID\n-----END X-----\n", PEM_BAD, NULL, NULL },
		{ "-----BEGIN -----\nAQID\n-----END -----\n", PEM_BAD, NULL, NULL },
		{ "-----BEGIN X-----\nAQIDBAUG\n-----END X-----\n", PEM_BAD, NULL, NULL }	// four octets are the limit
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char label[PEM_LABEL_MAX + 1];
		struct span text = span_text(rows[i].text);
		struct buffer out;
		struct fault f = { 0 };

		buffer_init(&out, 4);
		enum pem_result result = pem_take(&text, label, &out, &f);
		if (result != rows[i].result)
			fail_msg("row %zu: %d", i, (int)result);
		assert_int_equal(f.set, result == PEM_BAD);
		if (result == PEM_FOUND) {
			assert_string_equal(label, rows[i].label);
			assert_true(span_equal(buffer_span(&out), span_text(rows[i].octets)));
			assert_int_equal(text.len, 0);
		}
		buffer_clear(&out);
	}
}

static void
walk_says_where_the_form_ends(void **state)
{
	static const struct { const char *octets; size_t len, items, at; bool well; } rows[] = {
		{ V("\x30\x03\x02\x01\x05"), 2, 0, true },
		{ V("\x30\x03\x02\x01\x05\x00"), 2, 5, false },		// more behind
		{ V("\x30\x05\x02\x01\x05"), 2, 0, false },		// cut off, its contents shown
		{ V("\x30\x03\x02\x02\x05"), 1, 2, false },		// longer than what is around it
		{ V("\x30\x04\x02\x02\x00\x05"), 1, 2, false },		// an INTEGER that is not minimal
		{ V("\x30\x80\x00\x00"), 0, 0, false },			// indefinite
		{ V(""), 0, 0, false }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct walk w;
		struct walk_item item;
		size_t items = 0;

		walk_init(&w, span_of(rows[i].octets, rows[i].len));
		while (walk_next(&w, &item))
			items++;
		if (items != rows[i].items || (w.problem == NULL) != rows[i].well || w.problem_at != rows[i].at)
			fail_msg("row %zu: %zu items, %s at %zu", i, items, w.problem != NULL ? w.problem : "no problem", w.problem_at);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificate_fields), cmocka_unit_test(certificate_extensions), cmocka_unit_test(crl_fields),
		cmocka_unit_test(pkcs10_fields), cmocka_unit_test(refused_at_every_length), cmocka_unit_test(readable_after_any_change),
		cmocka_unit_test(bad_extension_values), cmocka_unit_test(path_extensions), cmocka_unit_test(pem_blocks), cmocka_unit_test(walk_says_where_the_form_ends)
	};

	return cmocka_run_group_tests_name("x509", tests, NULL, NULL);
}
