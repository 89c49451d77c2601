// SPDX-License-Identifier: GPL-3.0-or-later
// Keys in tokens, against SoftHSM in a folder of its own. The test fills the
// tokens by PKCS#11 itself, with the calls that crypto/ has no use for.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "crypto/key.h"
#include "crypto/module.h"
#include "crypto/token_uri.h"
#include "tests/unit/hex.h"
#include "tests/unit/sample_keys.h"

#define PIN "1234"
#define TEXT "what the token signs"

static char folder[] = "/tmp/cmpgate-token.XXXXXX";
static const char *module_path;
static struct module *module;
static char site_serial[17];	// of the first token that is labelled "site"

// ---- the library, with calls that are not in crypto/pkcs11.h

enum { SET_PIN = 12, CREATE_OBJECT = 21, DESTROY_OBJECT = 23 };

// The n-th function of the list, counted from 1.
static void (*
call_at(unsigned n))(void)
{
	void (*call)(void);

	memcpy(&call, (const char *)&module_calls(module)->initialize + (n - 1) * sizeof(call), sizeof(call));
	return call;
}

struct object { struct p11_attribute parts[24]; p11_number count; };

static void
part(struct object *o, p11_number type, const void *value, size_t len)
{
	o->parts[o->count++] = (struct p11_attribute){ type, (void *)(uintptr_t)value, len };
}

static p11_number
create(p11_number session, struct object *o)
{
	p11_number (*call)(p11_number, struct p11_attribute *, p11_number, p11_number *) =
		(p11_number (*)(p11_number, struct p11_attribute *, p11_number, p11_number *))call_at(CREATE_OBJECT);
	p11_number made = 0;
	p11_number answer = call(session, o->parts, o->count, &made);

	if (answer != P11_OK)
		fail_msg("the token takes no object: %lX", answer);
	return made;
}

static p11_number
slot_of(const char *label, const char *serial)
{
	p11_number slots[16], count = 16;

	assert_int_equal(module_calls(module)->get_slot_list(1, slots, &count), P11_OK);
	for (p11_number i = 0; i < count; i++) {
		struct p11_token t;
		assert_int_equal(module_calls(module)->get_token_info(slots[i], &t), P11_OK);
		if (memcmp(t.label, label, strlen(label)) == 0 && t.label[strlen(label)] == ' '
			&& (serial == NULL || memcmp(t.serial, serial, strlen(serial)) == 0))
			return slots[i];
	}
	fail_msg("no slot with token %s", label);
	return 0;
}

static p11_number
open_for_writing(p11_number slot)
{
	p11_number session = 0, answer;
	uint8_t pin[] = PIN;

	assert_int_equal(module_calls(module)->open_session(slot, P11_SESSION_SERIAL | 2, NULL, NULL, &session), P11_OK);
	answer = module_calls(module)->login(session, P11_USER, pin, strlen(PIN));
	assert_true(answer == P11_OK || answer == P11_ALREADY_LOGGED_IN);
	return session;
}

// ---- filling it

enum { T_TOKEN = 1, T_PRIVATE = 2, T_VALUE = 0x11, T_SENSITIVE = 0x103, T_SIGN = 0x108, T_PRIVATE_EXPONENT = 0x123 };
static const uint8_t yes = 1;

static void
common(struct object *o, const p11_number *class, const p11_number *type, const char *label, const uint8_t *id)
{
	part(o, P11_CLASS, class, sizeof(*class));
	part(o, P11_KEY_TYPE, type, sizeof(*type));
	part(o, T_TOKEN, &yes, 1);
	part(o, P11_LABEL, label, strlen(label));
	part(o, P11_ID, id, 1);
}

static const struct { enum key_type type; const char *oid; } oids[] = {
	{ KEY_P256, "06082a8648ce3d030107" }, { KEY_P384, "06052b81040022" }, { KEY_P521, "06052b81040023" },
};

static struct span
params_of(enum key_type t, uint8_t *out)
{
	for (size_t i = 0; i < 3; i++)
		if (oids[i].type == t)
			return hex(oids[i].oid, out, 16);
	fail();
	return span_of(NULL, 0);
}

// Store a sample key on a curve; with the point of another sample (or none: SAMPLE_KEYS) as its public key.
static void
store_ec(p11_number session, unsigned sample, const char *label, uint8_t id, unsigned public, bool ask_again)
{
	static const p11_number private_class = P11_PRIVATE_KEY, public_class = P11_PUBLIC_KEY, type = P11_EC;
	uint8_t oid[16], secret[70], point[140] = { 0x04 };
	struct object o = { 0 }, p = { 0 };
	struct span params = params_of(sample_keys[sample].type, oid), value = hex(sample_keys[sample].secret, secret, sizeof(secret));

	common(&o, &private_class, &type, label, &id);
	part(&o, T_PRIVATE, &yes, 1);
	part(&o, T_SENSITIVE, &yes, 1);
	part(&o, T_SIGN, &yes, 1);
	part(&o, P11_EC_PARAMS, params.data, params.len);
	part(&o, T_VALUE, value.data, value.len);
	if (ask_again)
		part(&o, P11_ALWAYS_AUTHENTICATE, &yes, 1);
	create(session, &o);
	if (public == SAMPLE_KEYS)
		return;
	bool long_form = sample_keys[public].type == KEY_P521;
	point[1] = 0x81;
	struct span octets = hex(sample_keys[public].point, point + (long_form ? 3 : 2), 133);
	point[long_form ? 2 : 1] = (uint8_t)octets.len;
	common(&p, &public_class, &type, label, &id);
	part(&p, P11_EC_PARAMS, params.data, params.len);
	part(&p, P11_EC_POINT, point, octets.len + (long_form ? 3 : 2));
	create(session, &p);
}

// The next INTEGER of an RSAPrivateKey, without leading zeros.
static struct span
next_integer(struct span *in)
{
	size_t header = in->data[1] < 0x80 ? 2 : in->data[1] == 0x81 ? 3 : 4, len = in->data[1];

	if (header > 2)
		len = header == 3 ? in->data[2] : (size_t)in->data[2] << 8 | in->data[3];
	struct span v = span_of(in->data + header, len);
	*in = span_of(v.data + len, in->len - header - len);
	return v.len > 1 && v.data[0] == 0 ? span_of(v.data + 1, v.len - 1) : v;
}

static void
store_rsa(p11_number session, unsigned sample, const char *label, uint8_t id)
{
	static const p11_number class = P11_PRIVATE_KEY, type = P11_RSA;
	static const p11_number places[] = { P11_MODULUS, P11_PUBLIC_EXPONENT, T_PRIVATE_EXPONENT, 0x124, 0x125, 0x126, 0x127, 0x128 };
	static uint8_t der[2560];
	struct object o = { 0 };
	struct span in = hex(sample_keys[sample].secret, der, sizeof(der));

	in = span_of(in.data + 4, in.len - 4);
	next_integer(&in);
	common(&o, &class, &type, label, &id);
	part(&o, T_PRIVATE, &yes, 1);
	part(&o, T_SENSITIVE, &yes, 1);
	part(&o, T_SIGN, &yes, 1);
	for (size_t i = 0; i < 8; i++) {
		struct span v = next_integer(&in);
		part(&o, places[i], v.data, v.len);
	}
	create(session, &o);
}

static void
fill(void)
{
	p11_number session = open_for_writing(slot_of("site", site_serial));

	store_rsa(session, SAMPLE_RSA2048, "rsa", 1);
	store_ec(session, SAMPLE_P256, "p256", 2, SAMPLE_P256, false);
	store_ec(session, SAMPLE_P384, "p384", 3, SAMPLE_P384, false);
	store_ec(session, SAMPLE_P521, "p521", 4, SAMPLE_P521, false);
	store_ec(session, SAMPLE_P256, "twice", 5, SAMPLE_P256, false);
	store_ec(session, SAMPLE_P384, "twice", 6, SAMPLE_P384, false);
	store_ec(session, SAMPLE_P256, "alone", 7, SAMPLE_KEYS, false);
	store_ec(session, SAMPLE_P384, "p384 guarded", 9, SAMPLE_P384, true);
	module_calls(module)->close_session(session);
	session = open_for_writing(slot_of("plant", NULL));
	store_ec(session, SAMPLE_P256, "p256", 2, SAMPLE_P256, false);
	module_calls(module)->close_session(session);
}

// ---- keys

static struct private_key *
open_key(const char *uri)
{
	struct fault f = { 0 };
	struct private_key *k = private_key_token(uri, module_path, span_text(PIN), &f);

	if (k == NULL)
		fail_msg("%s: %s", uri, f.text);
	return k;
}

static enum crypto_result
sign(struct private_key *k, const struct signature_scheme *s, struct fault *f)
{
	struct span text = span_text(TEXT);
	struct buffer out;

	buffer_init(&out, SIGNATURE_MAX);
	enum crypto_result result = private_key_sign(k, s, &text, 1, &out, f);
	if (result == CRYPTO_OK)
		assert_int_equal(signature_verify(private_key_public(k), s, &text, 1, buffer_span(&out)), CRYPTO_OK);
	else
		assert_int_equal(out.len, 0);
	buffer_clear(&out);
	return result;
}

static struct signature_scheme
scheme_of(const struct private_key *k, enum digest d)
{
	return (struct signature_scheme){ private_key_public(k)->type == KEY_RSA ? SIGNATURE_RSA_PKCS1 : SIGNATURE_ECDSA, d, 0 };
}

static void
keys_of_a_token_sign(void **state)
{
	static const struct { const char *token, *rest; unsigned sample; } rows[] = {	// token NULL: by the serial of the first "site"
		{ "token=plant", ";object=p256", SAMPLE_P256 },
		{ NULL, ";object=rsa;token=site", SAMPLE_RSA2048 },
		{ NULL, ";object=p256;type=private", SAMPLE_P256 },
		{ NULL, ";id=%03", SAMPLE_P384 },
		{ NULL, ";object=p521;id=%04;model=SoftHSM%20v2;manufacturer=SoftHSM%20project", SAMPLE_P521 },
		{ NULL, ";object=p384%20guarded", SAMPLE_P384 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char uri[200];
		uint8_t octets[520];
		snprintf(uri, sizeof(uri), "pkcs11:%s%s%s", rows[i].token != NULL ? rows[i].token : "serial=",
			rows[i].token != NULL ? "" : site_serial, rows[i].rest);
		struct private_key *k = open_key(uri);
		const struct public_numbers *p = private_key_public(k);
		const struct sample_key *sample = &sample_keys[rows[i].sample];
		assert_int_equal(p->type, sample->type);
		assert_true(span_equal(p->point, hex(sample->point, octets, sizeof(octets))));
		assert_true(span_equal(p->modulus, hex(sample->modulus, octets, sizeof(octets))));
		for (enum digest d = DIGEST_SHA224; d <= DIGEST_SHA512; d++) {
			struct signature_scheme s = scheme_of(k, d), pss = { SIGNATURE_RSA_PSS, d, (unsigned)digest_size(d) };
			assert_int_equal(sign(k, &s, NULL), CRYPTO_OK);
			if (p->type == KEY_RSA)
				assert_int_equal(sign(k, &pss, NULL), CRYPTO_OK);
		}
		private_key_unref(k);
	}
}

// The calls go to one slot: the token is found by its label wherever it is.
static void
tokens_are_found_in_every_slot(void **state)
{
	p11_number site = slot_of("site", site_serial), plant = slot_of("plant", NULL);
	char uri[200];

	(void)state;
	assert_int_not_equal(site, plant);
	snprintf(uri, sizeof(uri), "pkcs11:serial=%s;object=p256;slot-id=%lu", site_serial, site);
	private_key_unref(open_key(uri));
	snprintf(uri, sizeof(uri), "pkcs11:token=plant;object=p256;slot-id=%lu", plant);
	private_key_unref(open_key(uri));
}

static void
must_fail(const char *uri, const char *path, const char *pin, const char *expected)
{
	struct fault f = { 0 };
	struct private_key *k = private_key_token(uri, path, span_text(pin), &f);

	if (k != NULL)
		fail_msg("%s was taken", uri);
	if (strstr(f.text, expected) == NULL)
		fail_msg("%s: '%s' does not say '%s'", uri, f.text, expected);
}

static void
what_is_missing_is_said(void **state)
{
	char uri[300];

	(void)state;
	must_fail("pkcs11:token=nowhere;object=rsa", module_path, PIN, "'plant'");
	must_fail("pkcs11:token=plant;object=nothing", module_path, PIN, "it shows: 'p256'");
	must_fail("pkcs11:token=plant;object=p256", module_path, "", "no PIN was given");
	must_fail("pkcs11:token=plant;object=p256", module_path, "4321", "wrong PIN");
	must_fail("pkcs11:token=plant;object=p256;slot-id=4294967295", module_path, PIN, "no such token");
	must_fail("pkcs11:token=plant;object=p256;model=Other", module_path, PIN, "no such token");
	must_fail("pkcs11:token=site;object=rsa", module_path, PIN, "2 tokens fit");
	snprintf(uri, sizeof(uri), "pkcs11:serial=%s;object=twice", site_serial);
	must_fail(uri, module_path, PIN, "2 private keys fit");
	snprintf(uri, sizeof(uri), "pkcs11:serial=%s;object=twice;id=%%06", site_serial);
	private_key_unref(open_key(uri));
	snprintf(uri, sizeof(uri), "pkcs11:serial=%s;object=alone", site_serial);
	must_fail(uri, module_path, PIN, "store its public key beside it");
	must_fail("pkcs11:token=plant;object=p256", NULL, PIN, "no PKCS#11 module");
	must_fail("pkcs11:token=plant;object=p256", "", PIN, "no PKCS#11 module");
	must_fail("pkcs11:token=plant;object=p256", "/nowhere/at-all.so", PIN, "cannot be loaded");
	must_fail("pkcs11:token=plant;object=p256", "libm.so.6", PIN, "is no PKCS#11 module");
	snprintf(uri, sizeof(uri), "pkcs11:token=plant;object=p256?module-path=%s", module_path);
	struct private_key *k = private_key_token(uri, "/nowhere/at-all.so", span_text(PIN), NULL);
	assert_non_null(k);
	private_key_unref(k);
	memset(uri, '1', sizeof(uri));
	uri[256] = '\0';
	must_fail("pkcs11:token=plant;object=p256", module_path, uri, "up to 255 octets");
	private_key_unref(open_key("pkcs11:token=plant;object=p256"));
}

// The public key beside the private one is that of another: the trial finds it.
static void
a_foreign_public_key_is_found(void **state)
{
	p11_number session = open_for_writing(slot_of("plant", NULL));
	struct loaded { uint8_t point[65]; } other;
	static const p11_number class = P11_PUBLIC_KEY, type = P11_EC;
	struct object o = { 0 };
	uint8_t oid[16], id = 8, point[67] = { 0x04, 65 };
	struct span params = params_of(KEY_P256, oid);

	(void)state;
	store_ec(session, SAMPLE_P256, "mixed", id, SAMPLE_KEYS, false);
	// The base point: the public key of the private value 1.
	hex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
		"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5", other.point, sizeof(other.point));
	memcpy(point + 2, other.point, 65);
	common(&o, &class, &type, "mixed", &id);
	part(&o, P11_EC_PARAMS, params.data, params.len);
	part(&o, P11_EC_POINT, point, sizeof(point));
	create(session, &o);
	module_calls(module)->close_session(session);
	must_fail("pkcs11:token=plant;object=mixed", module_path, PIN, "does not verify");
}

static void
a_closed_session_is_opened_again(void **state)
{
	struct private_key *k = open_key("pkcs11:token=plant;object=p256"), *rsa;
	struct signature_scheme s = scheme_of(k, DIGEST_SHA256);
	char uri[200];

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(module_calls(module)->close_all_sessions(slot_of("plant", NULL)), P11_OK);
		assert_int_equal(sign(k, &s, NULL), CRYPTO_OK);
	}
	snprintf(uri, sizeof(uri), "pkcs11:serial=%s;object=rsa", site_serial);
	rsa = open_key(uri);
	s = scheme_of(rsa, DIGEST_SHA256);
	assert_int_equal(module_calls(module)->close_all_sessions(slot_of("site", site_serial)), P11_OK);
	assert_int_equal(sign(rsa, &s, NULL), CRYPTO_OK);
	private_key_unref(rsa);
	private_key_unref(k);
}

// The library is finished under us, as when a reader is pulled; and comes back.
static void
a_token_may_come_back(void **state)
{
	struct private_key *k = open_key("pkcs11:token=plant;object=p256");
	struct signature_scheme s = scheme_of(k, DIGEST_SHA256);
	struct p11_initialize arguments = { .flags = P11_OS_LOCKING };
	struct fault f = { 0 };

	(void)state;
	assert_int_equal(module_calls(module)->finalize(NULL), P11_OK);
	assert_int_equal(sign(k, &s, &f), CRYPTO_FAILED);
	assert_true(f.set);
	assert_int_equal(sign(k, &s, NULL), CRYPTO_FAILED);
	assert_int_equal(module_calls(module)->initialize(&arguments), P11_OK);
	assert_int_equal(sign(k, &s, NULL), CRYPTO_OK);
	private_key_unref(k);
}

static void
change_pin(const char *from, const char *to)
{
	p11_number (*call)(p11_number, uint8_t *, p11_number, uint8_t *, p11_number) =
		(p11_number (*)(p11_number, uint8_t *, p11_number, uint8_t *, p11_number))call_at(SET_PIN);
	p11_number session = 0;
	uint8_t a[16], b[16];

	memcpy(a, from, strlen(from));
	memcpy(b, to, strlen(to));
	assert_int_equal(module_calls(module)->open_session(slot_of("plant", NULL), P11_SESSION_SERIAL | 2, NULL, NULL, &session), P11_OK);
	p11_number answer = module_calls(module)->login(session, P11_USER, a, strlen(from));
	assert_true(answer == P11_OK || answer == P11_ALREADY_LOGGED_IN);
	assert_int_equal(call(session, a, strlen(from), b, strlen(to)), P11_OK);
	assert_int_equal(module_calls(module)->close_all_sessions(slot_of("plant", NULL)), P11_OK);
}

// A PIN that is refused once is not tried again and again, which would lock the token.
static void
a_refused_pin_is_not_repeated(void **state)
{
	struct private_key *k = open_key("pkcs11:token=plant;object=p256");
	struct signature_scheme s = scheme_of(k, DIGEST_SHA256);
	struct fault first = { 0 }, second = { 0 };

	(void)state;
	change_pin(PIN, "9876");
	assert_int_equal(sign(k, &s, &first), CRYPTO_FAILED);
	assert_non_null(strstr(first.text, "wrong PIN"));
	assert_int_equal(sign(k, &s, &second), CRYPTO_FAILED);
	assert_non_null(strstr(second.text, "not tried again"));
	change_pin("9876", PIN);
	private_key_unref(k);
	private_key_unref(open_key("pkcs11:token=plant;object=p256"));
}

static void *
sign_often(void *argument)
{
	struct private_key *k = argument;
	struct signature_scheme s = scheme_of(k, DIGEST_SHA256);
	uintptr_t well = 1;

	for (int i = 0; i < 25 && well; i++)
		well = sign(k, &s, NULL) == CRYPTO_OK;
	return (void *)well;
}

static void
threads_share_a_token(void **state)
{
	struct private_key *k = open_key("pkcs11:token=plant;object=p256");
	pthread_t threads[20];
	void *well;

	(void)state;
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sign_often, k), 0);
	for (size_t i = 0; i < 20; i++) {
		pthread_join(threads[i], &well);
		assert_non_null(well);
	}
	private_key_unref(k);
}

static void
tokens_without_memory(void **state)
{
	struct private_key *k = NULL;
	enum crypto_result result = CRYPTO_FAILED;

	(void)state;
	for (uint64_t n = 1; k == NULL; n += n < 40 ? 1 : 31) {
		struct fault f = { 0 };
		mem_fail(n, 0);
		k = private_key_token("pkcs11:token=plant;object=p256", module_path, span_text(PIN), &f);
		mem_fail(0, 0);
		assert_true(k != NULL || f.set);
	}
	struct signature_scheme s = scheme_of(k, DIGEST_SHA256);
	for (uint64_t n = 1; result != CRYPTO_OK; n += n < 40 ? 1 : 31) {
		struct span text = span_text(TEXT);
		struct buffer out;
		buffer_init(&out, SIGNATURE_MAX);
		mem_fail(n, 0);
		result = private_key_sign(k, &s, &text, 1, &out, NULL);
		mem_fail(0, 0);
		buffer_clear(&out);
	}
	private_key_unref(k);
}

// ---- URIs

#define KEY ";object=k"
static const struct { const char *uri, *expected; } uris[] = {
	{ "pkcs11:token=t" KEY, NULL },
	{ "pkcs11:object=k;token=t", NULL },
	{ "pkcs11:serial=0123;id=%00%ff%0A", NULL },
	{ "pkcs11:token=a:b[]@!$'()*+,=&~-._;id=x;type=private;slot-id=0;model=m;manufacturer=n?module-path=/a/b?c|d", NULL },
	{ "pkcs11:token=t;slot-id=4294967295" KEY, NULL },
	{ "pkcs11:", "must name the token" },
	{ "pkcs11:slot-id=1" KEY, "must name the token" },
	{ "pkcs11:token=t", "must name the key" },
	{ "PKCS11:token=t" KEY, "no pkcs11: URI" },
	{ "token=t" KEY, "no pkcs11: URI" },
	{ "", "no pkcs11: URI" },
	{ "pkcs11:token=my token" KEY, "%20" },
	{ "pkcs11:token=t#" KEY, "%23" },
	{ "pkcs11:token=t/" KEY, "%2F" },
	{ "pkcs11:token=\xC3\xA4" KEY, "%C3" },
	{ "pkcs11:token=t%" KEY, "two hexadecimal digits" },
	{ "pkcs11:token=t%4" KEY, "two hexadecimal digits" },
	{ "pkcs11:token=t%4g" KEY, "two hexadecimal digits" },
	{ "pkcs11:token=t;object=%", "two hexadecimal digits" },
	{ "pkcs11:token=" KEY, "'token' is empty" },
	{ "pkcs11:token" KEY, "not name=value" },
	{ "pkcs11:=t" KEY, "not name=value" },
	{ "pkcs11:;token=t" KEY, "not name=value" },
	{ "pkcs11:token=t;" KEY, "not name=value" },
	{ "pkcs11:token=t;object=k;", "ends with a separator" },
	{ "pkcs11:token=t;token=t" KEY, "stands twice" },
	{ "pkcs11:token=t;object=k;object=l", "stands twice" },
	{ "pkcs11:token=t;library-version=3" KEY, "'library-version' in" },
	{ "pkcs11:token=t;x-mine=3" KEY, "'x-mine' in" },
	{ "pkcs11:token=t;module-path=/a" KEY, "'module-path' in" },
	{ "pkcs11:token=t" KEY "?token=t", "behind the '?'" },
	{ "pkcs11:token=t" KEY "?pin-value=1234", "PIN does not stand" },
	{ "pkcs11:token=t" KEY "?pin-source=file:/a", "PIN does not stand" },
	{ "pkcs11:token=t" KEY "?module-name=p11", "'module-name' behind" },
	{ "pkcs11:token=t" KEY "?module-path=/a&module-path=/b", "stands twice" },
	{ "pkcs11:token=t" KEY "?module-path=/a%00b", "NUL" },
	{ "pkcs11:token=t;type=public" KEY, "type=private" },
	{ "pkcs11:token=t;slot-id=-1" KEY, "no number" },
	{ "pkcs11:token=t;slot-id=1x" KEY, "no number" },
	{ "pkcs11:token=t;slot-id=4294967296" KEY, "no number" },
};

static void
uris_are_read_strictly(void **state)
{
	char text[TOKEN_URI_MAX + 2];
	struct token_uri u;

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		struct fault f = { 0 };
		bool well = token_uri_read(uris[i].uri, &u, &f);
		if (well != (uris[i].expected == NULL) || (!well && strstr(f.text, uris[i].expected) == NULL))
			fail_msg("%s: %s", uris[i].uri, f.text);
		if (well)
			token_uri_clear(&u);
	}
	assert_true(token_uri_read("pkcs11:token=my%20token;id=%00%fF;slot-id=17?module-path=/lib/m.so", &u, NULL));
	assert_true(span_equal(u.token, span_text("my token")));
	assert_true(span_equal(u.id, span_of("\x00\xFF", 2)));
	assert_true(u.has_slot && u.slot == 17 && u.object.data == NULL);
	assert_string_equal(u.module, "/lib/m.so");
	token_uri_clear(&u);
	memset(text, 'a', sizeof(text));
	memcpy(text, "pkcs11:id=a;token=", 18);
	text[TOKEN_URI_MAX + 1] = '\0';
	assert_false(token_uri_read(text, &u, NULL));
	text[TOKEN_URI_MAX] = '\0';
	assert_true(token_uri_read(text, &u, NULL));
	token_uri_clear(&u);
	mem_fail(1, 1);
	assert_false(token_uri_read(text, &u, NULL));
	mem_fail(0, 0);
}

// ---- SoftHSM

static const char *
find_module(void)
{
	static const char *const places[] = {
		"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib/arm-linux-gnueabihf/softhsm/libsofthsm2.so",
		"/usr/lib64/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	return NULL;
}

static bool
init_token(const char *label)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		int out = dup2(2, 1);	// the tests' own output is TAP
		execlp("softhsm2-util", "softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "12345678", (char *)NULL);
		_exit(out < 0 ? 126 : 127);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool
make_folder(void)
{
	char path[100];

	if (mkdtemp(folder) == NULL)
		return false;
	snprintf(path, sizeof(path), "%s/tokens", folder);
	if (mkdir(path, 0700) != 0)
		return false;
	snprintf(path, sizeof(path), "%s/softhsm2.conf", folder);
	FILE *conf = fopen(path, "w");
	if (conf == NULL)
		return false;
	fprintf(conf, "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n", folder);
	return fclose(conf) == 0 && setenv("SOFTHSM2_CONF", path, 1) == 0;
}

static void
remove_tree(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		char below[512];
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		if (unlink(below) != 0)
			remove_tree(below);
	}
	if (d != NULL)
		closedir(d);
	rmdir(path);
}

static int
start(void **state)
{
	struct fault f = { 0 };
	struct p11_token t;

	(void)state;
	if (!crypto_start(&f) || (module = module_open(module_path, &f)) == NULL) {
		print_error("%s\n", f.text);
		return -1;
	}
	assert_int_equal(module_calls(module)->get_token_info(slot_of("site", NULL), &t), P11_OK);
	memcpy(site_serial, t.serial, 16);
	for (size_t n = 16; n > 0 && site_serial[n - 1] == ' '; n--)
		site_serial[n - 1] = '\0';
	fill();
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	module_close(module);
	crypto_stop();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uris_are_read_strictly),
		cmocka_unit_test(keys_of_a_token_sign),
		cmocka_unit_test(tokens_are_found_in_every_slot),
		cmocka_unit_test(what_is_missing_is_said),
		cmocka_unit_test(a_foreign_public_key_is_found),
		cmocka_unit_test(a_closed_session_is_opened_again),
		cmocka_unit_test(a_token_may_come_back),
		cmocka_unit_test(a_refused_pin_is_not_repeated),
		cmocka_unit_test(threads_share_a_token),
		cmocka_unit_test(tokens_without_memory),
	};

	module_path = find_module();
	if (module_path == NULL || !make_folder() || !init_token("site") || !init_token("plant") || !init_token("site")) {
		printf("1..0 # SKIP SoftHSM (softhsm2-util and its module) is not there or does not start\n");
		remove_tree(folder);
		return 0;
	}
	int failed = cmocka_run_group_tests(tests, start, stop);
	remove_tree(folder);
	return failed;
}
