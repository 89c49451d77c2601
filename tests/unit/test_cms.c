// SPDX-License-Identifier: GPL-3.0-or-later
// CMS: what others make is read to its last field, what is written is read
// again, and what is broken is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "codec/cms.h"
#include "codec/oid.h"
#include "codec/pkcs10.h"
#include "codec/pkimessage.h"
#include "tests/unit/mangle.h"
#include "tests/unit/sample_cms.h"

#define OF(array) span_of(array, sizeof(array))
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct enveloped_data enveloped;
static struct signed_data signed_data;

static bool
parse_enveloped(struct span s, struct fault *f)
{
	if (!der_check(s))
		return malformed(f, "", "no DER");
	return enveloped_data_take(&s, &enveloped, f) && (der_at_end(s) || malformed(f, "", "more behind"));
}

static bool
parse_signed(struct span s, struct fault *f)
{
	return signed_data_read(s, &signed_data, f);
}

static struct recipient_info
first_recipient(struct span sample)
{
	struct fault f = { .set = false };
	struct recipient_info r;

	if (!parse_enveloped(sample, &f))
		fail_msg("%s: %s", f.path, f.text);
	assert_int_equal(enveloped.recipient_count, 1);
	assert_true(recipient_info_take(&enveloped.recipients, &r, &f) && der_at_end(enveloped.recipients));
	return r;
}

// ---- what others make

static void
envelopes_of_others(void **state)
{
	struct recipient_encrypted_key key;
	struct pbkdf2_parameters kdf;
	struct span iv;

	(void)state;
	struct recipient_info r = first_recipient(OF(sample_transport));
	assert_int_equal(enveloped.version, 0);
	assert_int_equal(r.kind, RECIPIENT_KEY_TRANSPORT);
	assert_true(r.transport.version == 0 && !r.transport.id.by_key && r.transport.id.serial.len == 20 && r.transport.id.issuer.len == 14);
	assert_true(oid_find(r.transport.encryption.oid) == OID_RSA && r.transport.encrypted_key.len == 128);
	assert_true(oid_find(enveloped.content_type) == OID_DATA && oid_find(enveloped.encryption.oid) == OID_AES128_CBC);
	assert_true(cbc_parameters_read(&enveloped.encryption, &iv, NULL) && iv.len == 16);
	assert_true(enveloped.has_content && enveloped.content.len == 16 && enveloped.attributes.len == 0);

	r = first_recipient(OF(sample_agreement));
	assert_int_equal(enveloped.version, 2);
	assert_int_equal(r.kind, RECIPIENT_KEY_AGREEMENT);
	assert_int_equal(r.agreement.originator, ORIGINATOR_KEY);
	assert_true(oid_find(r.agreement.originator_key.algorithm.oid) == OID_EC_PUBLIC_KEY && r.agreement.originator_key.key.len == 65);
	assert_true(!r.agreement.has_ukm && oid_find(r.agreement.encryption.oid) == OID_ECDH_SHA1 && r.agreement.key_count == 1);
	assert_true(recipient_encrypted_key_take(&r.agreement.keys, &key, NULL));
	assert_true(key.id.by_key && key.id.key_id.len == 20 && key.encrypted_key.len == 24);

	r = first_recipient(OF(sample_password));
	assert_int_equal(enveloped.version, 3);
	assert_int_equal(r.kind, RECIPIENT_PASSWORD);
	assert_true(r.password.has_derivation && pbkdf2_read(&r.password.derivation, &kdf, NULL));
	assert_true(kdf.iterations == 2048 && oid_find(kdf.prf.oid) == OID_HMAC_SHA1);
	assert_true(r.password.rfc3211 && oid_find(r.password.cipher.oid) == OID_AES128_CBC && r.password.encrypted_key.len == 32);
	assert_int_equal(first_recipient(OF(sample_kek)).kind, RECIPIENT_KEK);
}

static void
signature_of_others(void **state)
{
	struct signer_info s;
	struct span first;

	(void)state;
	assert_true(parse_signed(OF(sample_signed), NULL));
	assert_true(signed_data.version == 3 && signed_data.signer_count == 1 && oid_find(signed_data.content_type) == OID_KEY_PACKAGE);
	assert_true(signed_data.has_content && span_equal(signed_data.content, span_text("plain")));
	assert_true(der_take_whole(&signed_data.certificates, DER_SEQUENCE, &first) && der_at_end(signed_data.certificates));
	assert_true(signer_info_take(&signed_data.signers, &s, NULL));
	assert_true(s.version == 3 && s.id.by_key && s.id.key_id.len == 20 && oid_find(s.digest.oid) == OID_SHA256);
	assert_true(s.has_signed_attributes && oid_find(s.content_type) == OID_KEY_PACKAGE && s.message_digest.len == 32);
	assert_true(s.has_signing_time && s.signing_time > 1795000000);
	assert_true(oid_find(s.signature_algorithm.oid) == OID_ECDSA_SHA256 && s.signature.len == 71);
	// the parts are the SET: its tag, then length and contents as received
	assert_true(s.signed_parts[0].len == 1 && s.signed_parts[0].data[0] == DER_SET);
	assert_int_equal(s.signed_parts[1].len, 1 + s.signed_attributes.len);
	assert_int_equal(s.signed_parts[1].data[0], s.signed_attributes.len);
	assert_ptr_equal(s.signed_parts[1].data + 1, s.signed_attributes.data);
}

static void
samples_mangled(void **state)
{
	(void)state;
	mangle_sample("key transport", parse_enveloped, OF(sample_transport));
	mangle_sample("key agreement", parse_enveloped, OF(sample_agreement));
	mangle_sample("password", parse_enveloped, OF(sample_password));
	mangle_sample("KEK", parse_enveloped, OF(sample_kek));
	mangle_sample("SignedData", parse_signed, OF(sample_signed));
}

// ---- written and read again

static const uint8_t name[] = { 0x30, 0x0C, 0x31, 0x0A, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x01, 'k' };
static const uint8_t some_algorithm[] = { 0x30, 0x03, 0x06, 0x01, 0x2A };

static struct algorithm
algorithm_of(struct der_writer *w)
{
	struct algorithm a = { .whole = { NULL, 0 } };
	struct span in;

	assert_true(der_finish(w, &in) && algorithm_take(&in, &a, NULL));
	return a;
}

static struct algorithm
plain_algorithm(void)
{
	return (struct algorithm){ .whole = OF(some_algorithm), .oid = span_of(some_algorithm + 4, 1) };
}

static struct cms_id
id_of(bool by_key)
{
	return by_key ? (struct cms_id){ .by_key = true, .key_id = span_text("key id") }
		: (struct cms_id){ .issuer = OF(name), .serial = span_text("\x01\x02") };
}

static void
expect_id(const struct cms_id *id, bool by_key)
{
	assert_int_equal(id->by_key, by_key);
	if (by_key)
		assert_true(span_equal(id->key_id, span_text("key id")));
	else
		assert_true(span_equal(id->issuer, OF(name)) && span_equal(id->serial, span_text("\x01\x02")));
}

// Write an EnvelopedData around this recipient, in every outer form, and read its recipient; the octets stay in w.
static struct recipient_info
through(struct der_writer *w, const struct recipient_info *r)
{
	struct enveloped_data e = { .version = 2, .content_type = oid_octets(OID_SIGNED_DATA), .encryption = plain_algorithm(),
		.has_content = true, .content = span_text("secret octets") };
	struct der_writer recipient;
	struct span in, contents = span_of(NULL, 0);

	der_writer_init(&recipient, 4096);
	recipient_info_write(&recipient, r);
	assert_true(der_finish(&recipient, &e.recipients));
	der_writer_init(w, 4096);
	enveloped_data_write(w, DER_CONTEXT_CONS(0), &e);
	assert_true(der_finish(w, &in) && der_check(in) && der_take(&in, DER_CONTEXT_CONS(0), &contents));
	assert_true(enveloped_data_read(contents, &enveloped, NULL));
	der_writer_clear(w);
	der_writer_init(w, 4096);
	enveloped_data_write(w, DER_SEQUENCE, &e);
	assert_true(der_finish(w, &in));
	der_writer_clear(&recipient);
	mangle_sample("written", parse_enveloped, in);
	struct recipient_info again = first_recipient(in);
	assert_int_equal(again.kind, r->kind);
	assert_true(enveloped.version == 2 && oid_find(enveloped.content_type) == OID_SIGNED_DATA);
	assert_true(span_equal(enveloped.content, span_text("secret octets")));
	return again;
}

static void
transport_written(void **state)
{
	struct der_writer w;

	(void)state;
	for (int by_key = 0; by_key <= 1; by_key++) {
		struct recipient_info r = { .kind = RECIPIENT_KEY_TRANSPORT, .transport = { .id = id_of(by_key),
			.encryption = plain_algorithm(), .encrypted_key = span_text("wrapped") } };
		struct recipient_info again = through(&w, &r);
		assert_int_equal(again.transport.version, by_key ? 2 : 0);
		expect_id(&again.transport.id, by_key);
		assert_true(span_equal(again.transport.encryption.whole, OF(some_algorithm)));
		assert_true(span_equal(again.transport.encrypted_key, span_text("wrapped")));
		der_writer_clear(&w);
	}
}

static void
agreement_written(void **state)
{
	struct recipient_encrypted_key key;
	struct der_writer w, keys;

	(void)state;
	for (int kind = ORIGINATOR_ISSUER_SERIAL; kind <= ORIGINATOR_KEY; kind++) {
		struct recipient_info r = { .kind = RECIPIENT_KEY_AGREEMENT, .agreement = { .originator = (enum originator)kind,
			.originator_id = id_of(kind == ORIGINATOR_KEY_ID), .originator_key = { .algorithm = plain_algorithm(), .key = span_text("point") },
			.has_ukm = kind == ORIGINATOR_KEY, .ukm = span_text("ukm"), .encryption = plain_algorithm() } };
		der_writer_init(&keys, 4096);
		for (int by_key = 0; by_key <= 1; by_key++) {
			key = (struct recipient_encrypted_key){ id_of(by_key), span_text("wrapped") };
			recipient_encrypted_key_write(&keys, &key);
		}
		assert_true(der_finish(&keys, &r.agreement.keys));
		struct recipient_info again = through(&w, &r);
		assert_int_equal(again.agreement.originator, kind);
		if (kind == ORIGINATOR_KEY)
			assert_true(span_equal(again.agreement.originator_key.key, span_text("point")));
		else
			expect_id(&again.agreement.originator_id, kind == ORIGINATOR_KEY_ID);
		assert_int_equal(again.agreement.has_ukm, kind == ORIGINATOR_KEY);
		assert_true(!again.agreement.has_ukm || span_equal(again.agreement.ukm, span_text("ukm")));
		assert_int_equal(again.agreement.key_count, 2);
		for (int by_key = 0; by_key <= 1; by_key++) {
			assert_true(recipient_encrypted_key_take(&again.agreement.keys, &key, NULL));
			expect_id(&key.id, by_key);
		}
		der_writer_clear(&keys);
		der_writer_clear(&w);
	}
}

// RFC 9483's form, RFC 3211's form, and one without a key derivation.
static void
password_written(void **state)
{
	struct pbkdf2_parameters kdf;
	struct der_writer w, derivation, encryption;

	(void)state;
	der_writer_init(&derivation, 200);
	for (int form = 0; form < 3; form++) {
		struct recipient_info r = { .kind = RECIPIENT_PASSWORD, .password = { .has_derivation = form != 2, .encrypted_key = span_text("wrapped") } };
		der_writer_clear(&derivation);
		pbkdf2_write(&derivation, DER_CONTEXT_CONS(0), span_text("01234567"), 100000, 16, oid_octets(OID_HMAC_SHA256));
		assert_true(der_finish(&derivation, &r.password.derivation.whole));
		der_writer_init(&encryption, 200);
		if (form == 1) {
			der_open(&encryption, DER_SEQUENCE);
			der_put_oid(&encryption, oid_octets(OID_PWRI_KEK));
			cbc_write(&encryption, oid_octets(OID_AES256_CBC), span_text("0123456789abcdef"));
			der_close(&encryption);
		} else {
			algorithm_write_bare(&encryption, oid_octets(OID_AES128_WRAP));
		}
		r.password.encryption = algorithm_of(&encryption);
		struct recipient_info again = through(&w, &r);
		assert_int_equal(again.password.has_derivation, form != 2);
		if (form != 2)
			assert_true(pbkdf2_read(&again.password.derivation, &kdf, NULL) && kdf.iterations == 100000 && kdf.key_length == 16);
		assert_int_equal(again.password.rfc3211, form == 1);
		assert_int_equal(oid_find(again.password.encryption.oid), form == 1 ? OID_PWRI_KEK : OID_AES128_WRAP);
		assert_true(form != 1 || oid_find(again.password.cipher.oid) == OID_AES256_CBC);
		der_writer_clear(&encryption);
		der_writer_clear(&w);
	}
	der_writer_clear(&derivation);
}

static void
kem_written(void **state)
{
	struct der_writer w;

	(void)state;
	for (int by_key = 0; by_key <= 1; by_key++) {
		struct recipient_info r = { .kind = RECIPIENT_KEM, .kem = { .id = id_of(by_key), .kem = plain_algorithm(), .ciphertext = span_text("ct"),
			.kdf = plain_algorithm(), .kek_length = by_key ? 1 : 65535, .has_ukm = by_key, .ukm = span_text("ukm"), .wrap = plain_algorithm(),
			.encrypted_key = span_text("wrapped") } };
		struct recipient_info again = through(&w, &r);
		expect_id(&again.kem.id, by_key);
		assert_true(span_equal(again.kem.ciphertext, span_text("ct")) && again.kem.kek_length == r.kem.kek_length);
		assert_true(again.kem.has_ukm == by_key && span_equal(again.kem.encrypted_key, span_text("wrapped")));
		der_writer_clear(&w);
	}
	der_writer_init(&w, 100);
	recipient_info_write(&w, &(struct recipient_info){ .kind = RECIPIENT_KEK });
	assert_true(w.failed);
	der_writer_clear(&w);
}

static void
attributes_written(void **state)
{
	static const struct { size_t digest; int64_t time; } rows[] = { { 20, 0 }, { 32, 0 }, { 32, 1800000000 }, { 64, 1800000000 }, { 1, 2600000000 } };
	static const uint8_t digest[64];
	struct signer_info s = { .id = { .by_key = true, .key_id = { digest, 20 } }, .digest = plain_algorithm(), .has_signed_attributes = true,
		.signature_algorithm = plain_algorithm(), .signature = span_text("signature") }, again;
	struct signed_data d = { .digests = OF(some_algorithm), .content_type = oid_octets(OID_KEY_PACKAGE), .has_content = true, .content = span_text("keys") };
	struct buffer attributes;
	struct der_writer w, signer;
	struct span octets;

	(void)state;
	buffer_init(&attributes, 4096);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		attributes.len = 0;
		assert_true(signed_attributes_write(&attributes, oid_octets(OID_KEY_PACKAGE), span_of(digest, rows[i].digest), rows[i].time));
		s.signed_attributes = buffer_span(&attributes);
		der_writer_init(&signer, 4096);
		signer_info_write(&signer, &s);
		assert_true(der_finish(&signer, &d.signers));
		der_writer_init(&w, 4096);
		signed_data_write(&w, &d);
		assert_true(der_finish(&w, &octets));
		mangle_sample("written SignedData", parse_signed, octets);
		assert_true(parse_signed(octets, NULL) && span_equal(signed_data.content, span_text("keys")) && signed_data.certificates.len == 0);
		assert_true(signer_info_take(&signed_data.signers, &again, NULL));
		assert_true(again.message_digest.len == rows[i].digest && again.has_signing_time == (rows[i].time != 0));
		assert_true(!again.has_signing_time || again.signing_time == rows[i].time);
		assert_true(again.version == 3 && span_equal(again.signature, s.signature));
		der_writer_clear(&signer);
		der_writer_clear(&w);
	}
	buffer_clear(&attributes);
}

// ---- caps: as many pass, one more does not, and none does not

static bool parse_package(struct span s, struct fault *f) { struct span keys; size_t count; return key_package_read(s, &keys, &count, f); }

#define CONTENT "3008 06012A 3003 06012A"
#define KTRI "3013 020102 800141 3003 06012A 0406 414243444546"
#define SIGNER "3014 020103 800141 3003 06012A 3003 06012A 0402 4142"

// before || tag L { count * element } || after, in a SEQUENCE; the key package has no `before` and no inner tag.
static void
caps(void **state)
{
	static const struct { const char *name; size_t most; enum failure none; mangle_parse *parse; uint8_t tag; const char *before, *element, *after; } rows[] = {
		{ "recipients", CAP_RECIPIENTS, FAIL_BAD_DATA_FORMAT, parse_enveloped, DER_SET, "020102", KTRI, CONTENT },
		{ "attributes", CAP_CMS_ATTRIBUTES, FAIL_BAD_DATA_FORMAT, parse_enveloped, DER_CONTEXT_CONS(1), "020102 3115" KTRI CONTENT,
			"3007 06012A 3102 0500", "" },
		{ "digests", CAP_CMS_DIGESTS, FAIL_NONE, parse_signed, DER_SET, "020103", "3003 06012A", "3003 06012A 3116" SIGNER },
		{ "signers", CAP_SIGNERS, FAIL_BAD_DATA_FORMAT, parse_signed, DER_SET, "020103 3100 3003 06012A", SIGNER, "" },
		{ "keys", CAP_KEY_PACKAGE, FAIL_BAD_DATA_FORMAT, parse_package, 0, "", "300C 020100 3003 06012A 0402 4142", "" }
	};
	uint8_t room[100];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		for (size_t count = 0; count <= rows[i].most + 1; count++) {
			struct fault f = { .set = false };
			struct der_writer w;
			struct span octets;
			der_writer_init(&w, 4096);
			der_open(&w, DER_SEQUENCE);
			der_put_raw(&w, hex_octets(rows[i].before, room, sizeof(room)));
			if (rows[i].tag != 0)
				der_open(&w, rows[i].tag);
			for (size_t k = 0; k < count; k++)
				der_put_raw(&w, hex_octets(rows[i].element, room, sizeof(room)));
			if (rows[i].tag != 0)
				der_close(&w);
			der_put_raw(&w, hex_octets(rows[i].after, room, sizeof(room)));
			der_close(&w);
			assert_true(der_finish(&w, &octets));
			enum failure expected = count == 0 ? rows[i].none : count > rows[i].most ? FAIL_BAD_REQUEST : FAIL_NONE;
			if ((rows[i].parse(octets, &f) ? FAIL_NONE : f.failure) != expected)
				fail_msg("%zu %s: %s %s", count, rows[i].name, f.path, f.text);
			der_writer_clear(&w);
		}
}

// RecipientEncryptedKeys of one agreement.
static void
agreed_keys(void **state)
{
	struct recipient_encrypted_key key = { id_of(true), span_text("wrapped") };

	(void)state;
	for (size_t count = 0; count <= CAP_RECIPIENTS + 1; count++) {
		struct recipient_info r = { .kind = RECIPIENT_KEY_AGREEMENT, .agreement = { .originator = ORIGINATOR_KEY_ID, .originator_id = id_of(true),
			.encryption = plain_algorithm() } }, again;
		struct der_writer keys, w;
		struct fault f = { .set = false };
		struct span in;
		der_writer_init(&keys, 4096);
		for (size_t i = 0; i < count; i++)
			recipient_encrypted_key_write(&keys, &key);
		assert_true(der_finish(&keys, &r.agreement.keys));
		der_writer_init(&w, 4096);
		recipient_info_write(&w, &r);
		assert_true(der_finish(&w, &in));
		bool well = recipient_info_take(&in, &again, &f);
		assert_int_equal(well ? FAIL_NONE : f.failure, count == 0 ? FAIL_BAD_DATA_FORMAT : count > CAP_RECIPIENTS ? FAIL_BAD_REQUEST : FAIL_NONE);
		der_writer_clear(&keys);
		der_writer_clear(&w);
	}
}

// ---- broken forms

static void
bad_envelopes(void **state)
{
	static const struct { const char *name, *version, *originator, *recipients, *content, *tail, *path; } rows[] = {
		{ .name = "good" },
		{ .name = "version 1", .version = "020101", .path = "version" },
		{ .name = "version 4", .version = "020104", .path = "version" },
		{ .name = "version -1", .version = "0201FF", .path = "version" },
		{ .name = "version 2^32", .version = "02050100000000", .path = "version" },
		{ .name = "empty originatorInfo", .originator = "A000" },
		{ .name = "originatorInfo with certs", .originator = "A002 A000" },
		{ .name = "originatorInfo with a SET", .originator = "A002 3100", .path = "originatorInfo" },
		{ .name = "no recipients", .recipients = "3100", .path = "recipientInfos" },
		{ .name = "recipients as a SEQUENCE", .recipients = "3000", .path = "recipientInfos" },
		{ .name = "a recipient that is none", .recipients = "3102 A500", .path = "recipientInfos[0]" },
		{ .name = "ktri version 1", .recipients = "3115 3013 020101 800141 3003 06012A 0406 414243444546", .path = "recipientInfos[0].ktri.version" },
		{ .name = "ktri by nothing", .recipients = "3112 3010 020102 3003 06012A 0406 414243444546", .path = "recipientInfos[0].ktri.rid.issuer" },
		{ .name = "ktri by an empty key identifier", .recipients = "3114 3012 020102 8000 3003 06012A 0406 414243444546",
			.path = "recipientInfos[0].ktri.rid.subjectKeyIdentifier" },
		{ .name = "ktri with more", .recipients = "3117 3015 020102 800141 3003 06012A 0406 414243444546 0500", .path = "recipientInfos[0].ktri" },
		{ .name = "ktri with a key as BIT STRING", .recipients = "3111 300F 020102 800141 3003 06012A 03020041", .path = "recipientInfos[0].ktri.encryptedKey" },
		{ .name = "kari version 2", .recipients = "3105 A103 020102", .path = "recipientInfos[0].kari.version" },
		{ .name = "kari without originator", .recipients = "3105 A103 020103", .path = "recipientInfos[0].kari.originator" },
		{ .name = "kari with an empty originator", .recipients = "3107 A105 020103 A000", .path = "recipientInfos[0].kari.originator" },
		{ .name = "kari with an odd originator key", .recipients = "310E A10C 020103 A007 A105 3003 06012A", .path = "recipientInfos[0].kari.originator" },
		{ .name = "kari with two originators", .recipients = "310D A10B 020103 A006 800141 800141", .path = "recipientInfos[0].kari.originator" },
		{ .name = "kari with a ukm that is none", .recipients = "310E A10C 020103 A003 800141 A102 0500", .path = "recipientInfos[0].kari.ukm" },
		{ .name = "kari without keys", .recipients = "3111 A10F 020103 A003 800141 3003 06012A 3000",
			.path = "recipientInfos[0].kari.recipientEncryptedKeys" },
		{ .name = "kari with a key for nobody", .recipients = "3116 A114 020103 A003 800141 3003 06012A 3005 3003 040141",
			.path = "recipientInfos[0].kari.recipientEncryptedKeys.rid" },
		{ .name = "kari with an empty key identifier", .recipients = "3117 A115 020103 A003 800141 3003 06012A 3006 3004 A002 0400",
			.path = "recipientInfos[0].kari.recipientEncryptedKeys.rid.rKeyId" },
		{ .name = "kari with a bad date", .recipients = "311B A119 020103 A003 800141 3003 06012A 300A 3008 A006 040141 180130",
			.path = "recipientInfos[0].kari.recipientEncryptedKeys.rid.rKeyId" },
		{ .name = "kekri", .recipients = "3102 A200" },
		{ .name = "pwri version 3", .recipients = "3105 A303 020103", .path = "recipientInfos[0].pwri.version" },
		{ .name = "pwri with an empty derivation", .recipients = "3107 A305 020100 A000", .path = "recipientInfos[0].pwri.keyDerivationAlgorithm" },
		{ .name = "pwri without encryption", .recipients = "3108 A306 020100 040141", .path = "recipientInfos[0].pwri.keyEncryptionAlgorithm" },
		{ .name = "RFC 3211 without a cipher", .recipients = "3114 A312 020100 300D 060B2A864886F70D0109100309",
			.path = "recipientInfos[0].pwri.keyEncryptionAlgorithm" },
		{ .name = "ori of another type", .recipients = "3107 A405 06012A 0500" },
		{ .name = "ori without a value", .recipients = "3105 A403 06012A", .path = "recipientInfos[0].ori" },
		{ .name = "ori with two values", .recipients = "3109 A407 06012A 0500 0500", .path = "recipientInfos[0].ori" },
		{ .name = "KEM without a value", .recipients = "310F A40D 060B2A864886F70D0109100D03", .path = "recipientInfos[0].ori" },
		{ .name = "KEM with a NULL", .recipients = "3111 A40F 060B2A864886F70D0109100D03 0500", .path = "recipientInfos[0].ori" },
		{ .name = "KEM of version 1", .recipients = "3114 A412 060B2A864886F70D0109100D03 3003 020101", .path = "recipientInfos[0].ori.version" },
		{ .name = "kekLength 0", .recipients = "3127 A425 060B2A864886F70D0109100D03 3016 020100 800141 3003 06012A 040141 3003 06012A 020100",
			.path = "recipientInfos[0].ori.kekLength" },
		{ .name = "kekLength 65536", .recipients = "3129 A427 060B2A864886F70D0109100D03 3018 020100 800141 3003 06012A 040141 3003 06012A 0203010000",
			.path = "recipientInfos[0].ori.kekLength" },
		{ .name = "no content info", .content = "", .path = "encryptedContentInfo" },
		{ .name = "no content", .content = "3008 06012A 3003 06012A" },
		{ .name = "empty content", .content = "300A 06012A 3003 06012A 8000" },
		{ .name = "content in pieces", .content = "300D 06012A 3003 06012A A003 040141", .path = "encryptedContentInfo.encryptedContent" },
		{ .name = "content type is a NULL", .content = "3007 0500 3003 06012A", .path = "encryptedContentInfo.contentType" },
		{ .name = "content without cipher", .content = "3003 06012A", .path = "encryptedContentInfo.contentEncryptionAlgorithm" },
		{ .name = "two contents", .content = "300C 06012A 3003 06012A 8000 8000", .path = "encryptedContentInfo" },
		{ .name = "no attributes", .tail = "A100", .path = "unprotectedAttrs" },
		{ .name = "an attribute without values", .tail = "A107 3005 06012A 3100", .path = "unprotectedAttrs" },
		{ .name = "more behind", .tail = "0500", .path = "" }
	};
	uint8_t room[5][80];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const char *pieces[5] = { rows[i].version, rows[i].originator, rows[i].recipients, rows[i].content, rows[i].tail };
		static const char *const good[5] = { "020102", "", ("3115" KTRI), CONTENT, "" };
		struct fault f = { .set = false };
		struct der_writer w;
		struct span octets;
		der_writer_init(&w, 4096);
		der_open(&w, DER_SEQUENCE);
		for (int k = 0; k < 5; k++)
			der_put_raw(&w, hex_octets(pieces[k] != NULL ? pieces[k] : good[k], room[k], sizeof(room[k])));
		der_close(&w);
		assert_true(der_finish(&w, &octets));
		if (!der_check(octets))
			fail_msg("%s: the row itself is no DER", rows[i].name);
		bool well = parse_enveloped(octets, &f);
		if (well != (rows[i].path == NULL) || (!well && (f.failure != FAIL_BAD_DATA_FORMAT || strcmp(f.path, rows[i].path) != 0)))
			fail_msg("%s: %s: %s", rows[i].name, well ? "accepted" : f.path, f.text);
		der_writer_clear(&w);
	}
}

#define ATTR_TYPE "3010 06092A864886F70D010903 3103 06012A"
#define ATTR_DIGEST "3010 06092A864886F70D010904 3103 040141"

static void
bad_signatures(void **state)
{
	static const struct { const char *name, *version, *digests, *content, *signer, *tail, *path; } rows[] = {
		{ .name = "good" },
		{ .name = "version 0", .version = "020100", .path = "version" },
		{ .name = "version 6", .version = "020106", .path = "version" },
		{ .name = "no digests", .digests = "3100" },
		{ .name = "digests as a SEQUENCE", .digests = "3000", .path = "digestAlgorithms" },
		{ .name = "a digest that is none", .digests = "3102 0500", .path = "digestAlgorithms" },
		{ .name = "content of NULL", .content = "3007 06012A A002 0500", .path = "encapContentInfo.eContent" },
		{ .name = "content of two", .content = "3009 06012A A004 0400 0400", .path = "encapContentInfo.eContent" },
		{ .name = "content and more", .content = "3009 06012A A002 0400 0500", .path = "encapContentInfo" },
		{ .name = "certificates that are none", .content = "3003 06012A A002 3000", .path = "certificates" },
		{ .name = "no certificate", .content = "3003 06012A A000" },
		{ .name = "no signer", .signer = "3100", .path = "signerInfos" },
		{ .name = "signer version 2", .signer = "3116 3014 020102 800141 3003 06012A 3003 06012A 0402 4142", .path = "signerInfos[0].version" },
		{ .name = "empty signed attributes", .signer = "3118 3016 020103 800141 3003 06012A A000 3003 06012A 0402 4142",
			.path = "signerInfos[0].signedAttrs" },
		{ .name = "signed attributes", .signer = "313C 303A 020103 800141 3003 06012A A024" ATTR_TYPE ATTR_DIGEST "3003 06012A 0402 4142" },
		{ .name = "unsorted attributes", .signer = "313C 303A 020103 800141 3003 06012A A024" ATTR_DIGEST ATTR_TYPE "3003 06012A 0402 4142",
			.path = "signerInfos[0].signedAttrs" },
		{ .name = "no messageDigest", .signer = "312A 3028 020103 800141 3003 06012A A012" ATTR_TYPE "3003 06012A 0402 4142",
			.path = "signerInfos[0].signedAttrs" },
		{ .name = "no contentType", .signer = "312A 3028 020103 800141 3003 06012A A012" ATTR_DIGEST "3003 06012A 0402 4142",
			.path = "signerInfos[0].signedAttrs" },
		{ .name = "contentType twice", .signer = "314E 304C 020103 800141 3003 06012A A036" ATTR_TYPE ATTR_TYPE ATTR_DIGEST "3003 06012A 0402 4142",
			.path = "signerInfos[0].signedAttrs" },
		{ .name = "two digests in one", .signer = "313F 303D 020103 800141 3003 06012A A027" ATTR_TYPE
			"3013 06092A864886F70D010904 3106 040141 040142 3003 06012A 0402 4142", .path = "signerInfos[0].signedAttrs.messageDigest" },
		{ .name = "empty unsigned attributes", .signer = "3118 3016 020103 800141 3003 06012A 3003 06012A 0402 4142 A100",
			.path = "signerInfos[0].unsignedAttrs" },
		{ .name = "signer with more", .signer = "3118 3016 020103 800141 3003 06012A 3003 06012A 0402 4142 0500", .path = "signerInfos[0]" },
		{ .name = "more behind", .tail = "0500", .path = "" }
	};
	uint8_t room[5][100];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const char *pieces[5] = { rows[i].version, rows[i].digests, rows[i].content, rows[i].signer, rows[i].tail };
		static const char *const good[5] = { "020103", "3105 3003 06012A", "3003 06012A", ("3116" SIGNER), "" };
		struct fault f = { .set = false };
		struct der_writer w;
		struct span octets;
		der_writer_init(&w, 4096);
		der_open(&w, DER_SEQUENCE);
		for (int k = 0; k < 5; k++)
			der_put_raw(&w, hex_octets(pieces[k] != NULL ? pieces[k] : good[k], room[k], sizeof(room[k])));
		der_close(&w);
		assert_true(der_finish(&w, &octets));
		if (!der_check(octets))
			fail_msg("%s: the row itself is no DER", rows[i].name);
		bool well = parse_signed(octets, &f);
		if (well != (rows[i].path == NULL) || (!well && (f.failure != FAIL_BAD_DATA_FORMAT || strcmp(f.path, rows[i].path) != 0)))
			fail_msg("%s: %s: %s", rows[i].name, well ? "accepted" : f.path, f.text);
		der_writer_clear(&w);
	}
}

static void
key_packages(void **state)
{
	struct private_key_info key;
	uint8_t room[64];
	struct span keys, octets;
	size_t count;

	(void)state;
	octets = hex_octets("3013 3011 020101 3003 06012A 0402 4142 8103 004344", room, sizeof(room));
	assert_true(key_package_read(octets, &keys, &count, NULL) && count == 1);
	assert_true(private_key_info_take(&keys, &key, NULL) && key.version == 2 && span_equal(key.public_key, span_text("CD")));
	mangle_sample("AsymmetricKeyPackage", parse_package, octets);
	octets = hex_octets("3011 300F 020101 3003 06012A 0402 4142 8101 00", room, sizeof(room));
	assert_true(key_package_read(octets, &keys, &count, NULL) && private_key_info_take(&keys, &key, NULL) && key.public_key.len == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(envelopes_of_others), cmocka_unit_test(signature_of_others), cmocka_unit_test(samples_mangled),
		cmocka_unit_test(transport_written), cmocka_unit_test(agreement_written), cmocka_unit_test(password_written),
		cmocka_unit_test(kem_written), cmocka_unit_test(attributes_written), cmocka_unit_test(caps), cmocka_unit_test(agreed_keys),
		cmocka_unit_test(bad_envelopes), cmocka_unit_test(bad_signatures), cmocka_unit_test(key_packages)
	};

	return cmocka_run_group_tests_name("cms", tests, NULL, NULL);
}
