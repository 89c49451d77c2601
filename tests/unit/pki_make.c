// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/pki_make.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "codec/extension.h"
#include "codec/oid.h"
#include "pki/algorithm.h"
#include "tests/unit/sample_rsa.h"

enum { KEYS_MAX = 96, ROOM = 8 << 20 };

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "pki_make: %s\n", what);
	abort();
}

// ---- keys

static struct private_key *keys[KEY_TYPE_COUNT][KEYS_MAX];

// Private values: digests of the number, small enough for each curve.
static struct span
private_value(enum key_type type, unsigned n, uint8_t room[2 * DIGEST_MAX])
{
	static const size_t sizes[KEY_TYPE_COUNT] = {
		[KEY_P256] = 32, [KEY_P384] = 48, [KEY_P521] = 66, [KEY_BRAINPOOL_P256] = 32, [KEY_BRAINPOOL_P384] = 48,
		[KEY_BRAINPOOL_P512] = 64, [KEY_ED25519] = 32, [KEY_ED448] = 57
	};
	uint8_t seed[] = { 'k', (uint8_t)type, (uint8_t)n };
	struct span part = span_of(seed, sizeof(seed));

	must(digest_of(DIGEST_SHA512, &part, 1, room) && digest_of(DIGEST_SHA384, &part, 1, room + DIGEST_MAX), "no digest");
	room[0] = type == KEY_P521 ? 0 : room[0] & 0x3F;
	return span_of(room, sizes[type]);
}

struct private_key *
make_key(enum key_type type, unsigned n)
{
	uint8_t room[2 * DIGEST_MAX];
	struct fault f = { .set = false };

	must(n < KEYS_MAX, "no more keys");
	if (keys[type][n] == NULL)
		keys[type][n] = private_key_new(type, type == KEY_RSA ? span_of(sample_rsa_2048, sizeof(sample_rsa_2048))
			: private_value(type, n, room), &f);
	must(keys[type][n] != NULL, f.text);
	return keys[type][n];
}

static enum oid_id
curve_of(enum key_type type)
{
	static const enum oid_id curves[KEY_TYPE_COUNT] = {
		[KEY_P256] = OID_P256, [KEY_P384] = OID_P384, [KEY_P521] = OID_P521, [KEY_BRAINPOOL_P256] = OID_BRAINPOOL_P256,
		[KEY_BRAINPOOL_P384] = OID_BRAINPOOL_P384, [KEY_BRAINPOOL_P512] = OID_BRAINPOOL_P512
	};

	return curves[type];
}

void
make_key_file(struct buffer *out, enum key_type type, unsigned n)
{
	uint8_t room[2 * DIGEST_MAX];
	struct der_writer w;
	struct span octets;

	if (type == KEY_RSA) {
		must(buffer_append(out, span_of(sample_rsa_2048, sizeof(sample_rsa_2048))), "no room");
		return;
	}
	der_writer_init(&w, ROOM);
	der_open(&w, DER_SEQUENCE);
	der_put_int(&w, 1);
	der_put(&w, DER_OCTET_STRING, private_value(type, n, room));
	der_open(&w, DER_CONTEXT_CONS(0));
	der_put_oid(&w, oid_octets(curve_of(type)));
	der_close(&w);
	der_close(&w);
	must(der_finish(&w, &octets) && buffer_append(out, octets), "a key file");
	der_writer_clear(&w);
}

void
make_keys_free(void)
{
	for (int type = 0; type < KEY_TYPE_COUNT; type++)
		for (int n = 0; n < KEYS_MAX; n++) {
			private_key_unref(keys[type][n]);
			keys[type][n] = NULL;
		}
}

// ---- texts

static size_t
read_hex(const char *hex, size_t digits, uint8_t *out)
{
	for (size_t i = 0; i < digits / 2; i++) {
		unsigned octet;
		must(sscanf(hex + 2 * i, "%2x", &octet) == 1, "no hex");
		out[i] = (uint8_t)octet;
	}
	return digits / 2;
}

static void
put_oid(struct der_writer *w, const char *hex)
{
	uint8_t oid[64];

	der_put_oid(w, span_of(oid, read_hex(hex, strlen(hex), oid)));
}

static void
put_value(struct der_writer *w, enum oid_id type, const char *value, size_t len)
{
	uint8_t bmp[256];

	if (type == OID_DOMAIN_COMPONENT || type == OID_EMAIL_ADDRESS) {
		der_put(w, DER_IA5, span_of(value, len));
	} else if (len > 0 && value[0] == '%') {
		der_put(w, DER_PRINTABLE, span_of(value + 1, len - 1));
	} else if (len > 0 && value[0] == '&') {
		for (size_t i = 1; i < len; i++) {
			bmp[2 * i - 2] = 0;
			bmp[2 * i - 1] = (uint8_t)value[i];
		}
		der_put(w, DER_BMP, span_of(bmp, 2 * (len - 1)));
	} else {
		der_put(w, DER_UTF8, span_of(value, len));
	}
}

static void
put_rdn(struct der_writer *w, const char *text, size_t len)
{
	static const struct { const char *prefix; enum oid_id type; } types[] = {
		{ "C=", OID_COUNTRY }, { "O=", OID_ORGANIZATION }, { "OU=", OID_UNIT }, { "CN=", OID_CN }, { "DC=", OID_DOMAIN_COMPONENT },
		{ "E=", OID_EMAIL_ADDRESS }, { "serialNumber=", OID_SERIAL_NUMBER }
	};
	size_t i = 0;

	while (i < 7 && strncmp(text, types[i].prefix, strlen(types[i].prefix)) != 0)
		i++;
	must(i < 7, "no such attribute");
	size_t skip = strlen(types[i].prefix);
	der_open(w, DER_SET);
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_octets(types[i].type));
	put_value(w, types[i].type, text + skip, len - skip);
	der_close(w);
	der_close(w);
}

// Cut `text` at a separator: the length of its first part; *next stands behind it, at "" at the end.
static size_t
cut(const char *text, char separator, const char **next)
{
	const char *end = strchr(text, separator);
	size_t len = end != NULL ? (size_t)(end - text) : strlen(text);

	*next = end != NULL ? end + 1 : text + len;
	return len;
}

static void
put_name(struct der_writer *w, const char *text, size_t len)
{
	char copy[512];
	const char *at = copy, *next;

	must(len < sizeof(copy), "a long name");
	memcpy(copy, text, len);
	copy[len] = '\0';
	der_open(w, DER_SEQUENCE);
	for (; *at != '\0'; at = next) {
		size_t n = cut(at, ',', &next);
		put_rdn(w, at, n);
	}
	der_close(w);
}

static void
put_ip(struct der_writer *w, const char *text)
{
	unsigned a, b, c, d, bits;
	int n = sscanf(text, "%u.%u.%u.%u/%u", &a, &b, &c, &d, &bits);
	uint8_t octets[8] = { 0 };

	must(n >= 4, "no address");
	octets[0] = (uint8_t)a; octets[1] = (uint8_t)b; octets[2] = (uint8_t)c; octets[3] = (uint8_t)d;
	for (unsigned i = 0; n == 5 && i < bits; i++)
		octets[4 + i / 8] |= (uint8_t)(0x80 >> (i % 8));
	der_put(w, DER_CONTEXT(GN_IP), span_of(octets, n == 5 ? 8 : 4));
}

static void
put_other(struct der_writer *w, const char *text)
{
	der_open(w, DER_CONTEXT_CONS(GN_OTHER));
	put_oid(w, "2a03");
	der_open(w, DER_CONTEXT_CONS(0));
	der_put_text(w, DER_UTF8, text);
	der_close(w);
	der_close(w);
}

static void
put_general_name(struct der_writer *w, const char *text)
{
	uint8_t octets[64];
	const char *value = strchr(text, ':') + 1;

	if (strncmp(text, "DNS:", 4) == 0)
		der_put_text(w, DER_CONTEXT(GN_DNS), value);
	else if (strncmp(text, "email:", 6) == 0)
		der_put_text(w, DER_CONTEXT(GN_EMAIL), value);
	else if (strncmp(text, "URI:", 4) == 0)
		der_put_text(w, DER_CONTEXT(GN_URI), value);
	else if (strncmp(text, "IP:", 3) == 0)
		put_ip(w, value);
	else if (strncmp(text, "IP6:", 4) == 0)
		der_put(w, DER_CONTEXT(GN_IP), span_of(octets, read_hex(value, strlen(value), octets)));
	else if (strncmp(text, "RID:", 4) == 0)
		der_put(w, DER_CONTEXT(GN_REGISTERED_ID), span_of(octets, read_hex(value, strlen(value), octets)));
	else if (strncmp(text, "other:", 6) == 0)
		put_other(w, value);
	else if (strncmp(text, "dir:", 4) == 0) {
		der_open(w, DER_CONTEXT_CONS(GN_DIRECTORY));
		put_name(w, value, strlen(value));
		der_close(w);
	} else
		must(false, "no such general name");
}

// General names, each in a SEQUENCE of its own (GeneralSubtree) or not.
static void
put_general_names(struct der_writer *w, const char *text, bool subtrees)
{
	char one[512];
	const char *next;

	for (; *text != '\0'; text = next) {
		snprintf(one, sizeof(one), "%.*s", (int)cut(text, ';', &next), text);
		if (subtrees)
			der_open(w, DER_SEQUENCE);
		put_general_name(w, one);
		if (subtrees)
			der_close(w);
	}
}

// ---- extensions

// The value is what `value` holds; it is empty again afterwards.
static void
put_extension(struct der_writer *w, struct span oid, bool critical, struct der_writer *value)
{
	struct span octets;

	must(der_finish(value, &octets), "an extension");
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid);
	if (critical)
		der_put_boolean(w, true);
	der_put(w, DER_OCTET_STRING, octets);
	der_close(w);
	der_writer_clear(value);
	der_writer_init(value, ROOM);
}

static void
put_bits(struct der_writer *w, uint8_t tag, unsigned bits)
{
	uint8_t octets[3] = { 0 };
	unsigned last = 0;

	for (unsigned n = 0; n < 16; n++)
		if ((bits >> n & 1) != 0) {
			octets[1 + n / 8] |= (uint8_t)(0x80 >> (n % 8));
			last = n;
		}
	octets[0] = (uint8_t)(7 - last % 8);
	der_put(w, tag, span_of(octets, 2 + last / 8));
}

static void
put_purposes(struct der_writer *w, const char *text)
{
	uint8_t kp[] = { 0x2B, 6, 1, 5, 5, 7, 3, 0 };
	const char *next;

	der_open(w, DER_SEQUENCE);
	for (; *text != '\0'; text = next) {
		cut(text, ' ', &next);
		kp[7] = (uint8_t)atoi(text);
		der_put_oid(w, strncmp(text, "any", 3) == 0 ? oid_octets(OID_ANY_PURPOSE) : span_of(kp, sizeof(kp)));
	}
	der_close(w);
}

static void
put_key(struct der_writer *w, const struct public_numbers *p)
{
	struct der_writer rsa;
	struct span octets;
	uint8_t modulus[1 + RSA_BITS_MAX / 8] = { 0 };

	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_octets(p->type == KEY_RSA ? OID_RSA : p->type == KEY_ED25519 ? OID_ED25519
		: p->type == KEY_ED448 ? OID_ED448 : OID_EC_PUBLIC_KEY));
	if (p->type == KEY_RSA)
		der_put_null(w);
	else if (key_type_is_ec(p->type))
		der_put_oid(w, oid_octets(curve_of(p->type)));
	der_close(w);
	if (p->type == KEY_RSA) {
		der_writer_init(&rsa, ROOM);
		memcpy(modulus + 1, p->modulus.data, p->modulus.len);
		der_open(&rsa, DER_SEQUENCE);
		der_put(&rsa, DER_INTEGER, span_of(modulus, 1 + p->modulus.len));
		der_put(&rsa, DER_INTEGER, p->exponent);
		der_close(&rsa);
		must(der_finish(&rsa, &octets), "a key");
		der_put_bits(w, octets, 0);
		der_writer_clear(&rsa);
	} else {
		der_put_bits(w, p->point, 0);
	}
	der_close(w);
}

void
make_public_key(struct buffer *out, const struct private_key *k)
{
	struct der_writer w;
	struct span octets;

	der_writer_init(&w, ROOM);
	put_key(&w, private_key_public(k));
	must(der_finish(&w, &octets) && buffer_append(out, octets), "a key");
	der_writer_clear(&w);
}

// The first 20 octets of a digest of the key.
static void
key_id(const struct private_key *k, uint8_t out[DIGEST_MAX])
{
	struct der_writer w;
	struct span octets;

	der_writer_init(&w, ROOM);
	put_key(&w, private_key_public(k));
	must(der_finish(&w, &octets) && digest_of(DIGEST_SHA256, &octets, 1, out), "a key identifier");
	der_writer_clear(&w);
}

static void
put_key_ids(struct der_writer *w, const struct make_certificate *m, struct der_writer *v)
{
	uint8_t id[DIGEST_MAX];

	if (m->key_id) {
		key_id(m->key, id);
		der_put(v, DER_OCTET_STRING, span_of(id, 20));
		put_extension(w, oid_octets(OID_CE_SUBJECT_KEY_ID), false, v);
	}
	if (m->authority) {
		key_id(m->signer, id);
		der_open(v, DER_SEQUENCE);
		der_put(v, DER_CONTEXT(0), m->wrong_authority.len > 0 ? m->wrong_authority : span_of(id, 20));
		der_close(v);
		put_extension(w, oid_octets(OID_CE_AUTHORITY_KEY_ID), false, v);
	}
}

static void
put_constraints(struct der_writer *w, const struct make_certificate *m, struct der_writer *v)
{
	const char *lists[] = { m->permitted, m->excluded };

	if (m->permitted == NULL && m->excluded == NULL)
		return;
	der_open(v, DER_SEQUENCE);
	for (unsigned i = 0; i < 2; i++) {
		if (lists[i] == NULL)
			continue;
		der_open(v, (uint8_t)DER_CONTEXT_CONS(i));
		put_general_names(v, lists[i], true);
		der_close(v);
	}
	der_close(v);
	put_extension(w, oid_octets(OID_CE_NAME_CONSTRAINTS), true, v);
}

// DistributionPointName: general names, or after "relative:" an RDN.
static void
put_point_name(struct der_writer *w, const char *text)
{
	struct der_writer rdn;
	struct span whole, attribute = span_of(NULL, 0);

	der_open(w, DER_CONTEXT_CONS(0));
	if (strncmp(text, "relative:", 9) == 0) {
		der_writer_init(&rdn, ROOM);
		put_rdn(&rdn, text + 9, strlen(text) - 9);
		must(der_finish(&rdn, &whole) && der_take(&whole, DER_SET, &attribute), "an RDN");
		der_put(w, DER_CONTEXT_CONS(1), attribute);
		der_writer_clear(&rdn);
	} else {
		der_open(w, DER_CONTEXT_CONS(0));
		put_general_names(w, text, false);
		der_close(w);
	}
	der_close(w);
}

static void
put_crl_point(struct der_writer *w, const struct make_certificate *m, struct der_writer *v)
{
	if (m->crl_point == NULL)
		return;
	der_open(v, DER_SEQUENCE);
	der_open(v, DER_SEQUENCE);
	put_point_name(v, m->crl_point);
	if (m->point_reasons != 0)
		put_bits(v, DER_CONTEXT(1), m->point_reasons);
	der_close(v);
	der_close(v);
	put_extension(w, oid_octets(OID_CE_CRL_POINTS), false, v);
}

static void
put_usual(struct der_writer *w, const struct make_certificate *m, struct der_writer *v)
{
	if (m->basic) {
		der_open(v, DER_SEQUENCE);
		if (m->ca)
			der_put_boolean(v, true);
		if (m->path_len >= 0)
			der_put_int(v, m->path_len);
		der_close(v);
		put_extension(w, oid_octets(OID_CE_BASIC_CONSTRAINTS), true, v);
	}
	if (m->usage >= 0) {
		put_bits(v, DER_BIT_STRING, (unsigned)m->usage);
		put_extension(w, oid_octets(OID_CE_KEY_USAGE), true, v);
	}
	if (m->purposes != NULL) {
		put_purposes(v, m->purposes);
		put_extension(w, oid_octets(OID_CE_EXT_KEY_USAGE), false, v);
	}
	if (m->alt_names != NULL) {
		der_open(v, DER_SEQUENCE);
		put_general_names(v, m->alt_names, false);
		der_close(v);
		put_extension(w, oid_octets(OID_CE_SUBJECT_ALT_NAME), false, v);
	}
	if (m->explicit_policy >= 0) {
		uint8_t skip = (uint8_t)m->explicit_policy;
		der_open(v, DER_SEQUENCE);
		der_put(v, DER_CONTEXT(0), span_of(&skip, 1));
		der_close(v);
		put_extension(w, oid_octets(OID_CE_POLICY_CONSTRAINTS), true, v);
	}
}

static void
put_extensions(struct der_writer *w, const struct make_certificate *m)
{
	uint8_t oid[64];
	struct der_writer v;

	der_writer_init(&v, ROOM);
	der_open(w, DER_CONTEXT_CONS(3));
	der_open(w, DER_SEQUENCE);
	put_key_ids(w, m, &v);
	put_usual(w, m, &v);
	put_constraints(w, m, &v);
	put_crl_point(w, m, &v);
	for (size_t i = 0; i < m->more_count; i++) {
		const struct make_extension *e = &m->more[i];
		der_put_raw(&v, e->value);
		put_extension(w, span_of(oid, read_hex(e->oid, strlen(e->oid), oid)), e->critical, &v);
	}
	der_close(w);
	der_close(w);
	der_writer_clear(&v);
}

// ---- certificates

// RFC 5280 4.1.2.5: UTCTime to the end of 2049.
static void
put_time(struct der_writer *w, int64_t seconds)
{
	struct calendar c;
	char text[40];

	must(calendar_from_seconds(&c, seconds), "a time");
	if (c.year >= 2050) {
		der_put_generalized_time(w, seconds);
		return;
	}
	snprintf(text, sizeof(text), "%02d%02d%02d%02d%02d%02dZ", c.year % 100, c.month, c.day, c.hour, c.minute, c.second);
	der_put_text(w, DER_UTC_TIME, text);
}

static void
put_algorithm(struct der_writer *w, struct span instead, const struct signature_scheme *scheme)
{
	if (instead.len > 0)
		der_put_raw(w, instead);
	else
		algorithm_write_signature(w, scheme);
}

enum breakage { BREAK_NOTHING, BREAK_LAST, BREAK_FORM };

// SEQUENCE { body, algorithm, signature, [0] { SEQUENCE { certificates } } }; without them it ends before.
static struct span
finish_with(struct buffer *out, struct der_writer *body, struct span algorithm, const struct signature_scheme *scheme,
	struct private_key *signer, enum breakage broken, struct span certificates)
{
	struct der_writer w;
	struct span octets, whole;
	struct buffer signature;
	struct fault f = { .set = false };
	size_t before = out->len;

	must(der_finish(body, &octets), "a body");
	buffer_init(&signature, ROOM);
	must(private_key_sign(signer, scheme, &octets, 1, &signature, &f) == CRYPTO_OK, f.text);
	if (broken == BREAK_LAST)
		signature.data[signature.len - 1] ^= 1;
	if (broken == BREAK_FORM)
		signature.len--;
	der_writer_init(&w, ROOM);
	der_open(&w, DER_SEQUENCE);
	der_put_raw(&w, octets);
	put_algorithm(&w, algorithm, scheme);
	der_put_bits(&w, buffer_span(&signature), 0);
	if (certificates.len > 0) {
		der_open(&w, DER_CONTEXT_CONS(0));
		der_open(&w, DER_SEQUENCE);
		der_put_raw(&w, certificates);
		der_close(&w);
		der_close(&w);
	}
	der_close(&w);
	must(der_finish(&w, &whole) && buffer_append(out, whole), "no room");
	der_writer_clear(&w);
	buffer_clear(&signature);
	return span_of(out->data + before, out->len - before);
}

static struct span
finish(struct buffer *out, struct der_writer *body, struct span algorithm, const struct signature_scheme *scheme,
	struct private_key *signer, enum breakage broken)
{
	return finish_with(out, body, algorithm, scheme, signer, broken, span_of(NULL, 0));
}

struct make_certificate
make_plan(const char *subject, struct private_key *key, const char *issuer, struct private_key *signer, bool ca)
{
	static unsigned serial = 1000;

	return (struct make_certificate){
		.subject = subject, .issuer = issuer, .key = key, .signer = signer, .from = MAKE_NOW - 180 * MAKE_DAY,
		.until = MAKE_NOW + 180 * MAKE_DAY, .version = 3, .serial = serial++, .basic = ca, .ca = ca, .path_len = -1,
		.usage = ca ? KU_KEY_CERT_SIGN | KU_CRL_SIGN | KU_DIGITAL_SIGNATURE : KU_DIGITAL_SIGNATURE, .explicit_policy = -1,
		.key_id = true, .authority = true
	};
}

void
make_more(struct make_certificate *m, const char *oid, bool critical, struct span value)
{
	must(m->more_count < MAKE_EXTENSIONS, "no more extensions");
	m->more[m->more_count++] = (struct make_extension){ oid, critical, value };
}

struct span
make_certificate(struct buffer *out, const struct make_certificate *m)
{
	struct signature_scheme scheme = m->scheme != NULL ? *m->scheme : algorithm_of_key(private_key_public(m->signer));
	struct der_writer w;

	der_writer_init(&w, ROOM);
	der_open(&w, DER_SEQUENCE);
	if (m->version > 1) {
		der_open(&w, DER_CONTEXT_CONS(0));
		der_put_int(&w, m->version - 1);
		der_close(&w);
	}
	der_put_int(&w, m->serial);
	put_algorithm(&w, m->algorithm, &scheme);
	put_name(&w, m->issuer, strlen(m->issuer));
	der_open(&w, DER_SEQUENCE);
	put_time(&w, m->from);
	put_time(&w, m->until);
	der_close(&w);
	put_name(&w, m->subject, strlen(m->subject));
	put_key(&w, private_key_public(m->key));
	if (m->version == 3)
		put_extensions(&w, m);
	der_close(&w);
	struct span whole = finish(out, &w, m->algorithm, &scheme, m->signer,
		m->cut_signature ? BREAK_FORM : m->break_signature ? BREAK_LAST : BREAK_NOTHING);
	der_writer_clear(&w);
	return whole;
}

// ---- CRLs

struct make_crl
make_crl_plan(const char *issuer, struct private_key *signer)
{
	return (struct make_crl){ .issuer = issuer, .signer = signer, .from = MAKE_NOW - MAKE_DAY, .until = MAKE_NOW + MAKE_DAY };
}

static void
put_entries(struct der_writer *w, const struct make_crl *m, struct der_writer *v)
{
	uint8_t oid[64];

	if (m->entry_count == 0)
		return;
	der_open(w, DER_SEQUENCE);
	for (size_t i = 0; i < m->entry_count; i++) {
		const struct make_entry *e = &m->entries[i];
		uint8_t reason = (uint8_t)e->reason;
		der_open(w, DER_SEQUENCE);
		der_put_int(w, e->serial);
		put_time(w, m->from);
		if (e->reason >= 0 || e->critical != NULL)
			der_open(w, DER_SEQUENCE);
		if (e->reason >= 0) {
			der_put(v, DER_ENUMERATED, span_of(&reason, 1));
			put_extension(w, oid_octets(OID_CE_REASON), false, v);
		}
		if (e->critical != NULL) {
			der_put_null(v);
			put_extension(w, span_of(oid, read_hex(e->critical, strlen(e->critical), oid)), true, v);
		}
		if (e->reason >= 0 || e->critical != NULL)
			der_close(w);
		der_close(w);
	}
	der_close(w);
}

static void
put_flag(struct der_writer *w, unsigned n, bool flag)
{
	static const uint8_t yes = 0xFF;

	if (flag)
		der_put(w, (uint8_t)DER_CONTEXT(n), span_of(&yes, 1));
}

static void
put_issuing_point(struct der_writer *w, const struct make_crl *m, struct der_writer *v)
{
	if (m->point == NULL && !m->only_user && !m->only_ca && !m->only_attribute && !m->indirect && m->only_reasons == 0)
		return;
	der_open(v, DER_SEQUENCE);
	if (m->point != NULL)
		put_point_name(v, m->point);
	put_flag(v, 1, m->only_user);
	put_flag(v, 2, m->only_ca);
	if (m->only_reasons != 0)
		put_bits(v, DER_CONTEXT(3), m->only_reasons);
	put_flag(v, 4, m->indirect);
	put_flag(v, 5, m->only_attribute);
	der_close(v);
	put_extension(w, oid_octets(OID_CE_ISSUING_POINT), true, v);
}

static void
put_crl_extensions(struct der_writer *w, const struct make_crl *m, struct der_writer *v)
{
	uint8_t oid[64];

	der_open(w, DER_CONTEXT_CONS(0));
	der_open(w, DER_SEQUENCE);
	der_put_int(v, 7);
	put_extension(w, oid_octets(OID_CE_CRL_NUMBER), false, v);
	put_issuing_point(w, m, v);
	if (m->delta) {
		der_put_int(v, 6);
		put_extension(w, oid_octets(OID_CE_DELTA_CRL), true, v);
	}
	if (m->critical != NULL) {
		der_put_null(v);
		put_extension(w, span_of(oid, read_hex(m->critical, strlen(m->critical), oid)), true, v);
	}
	der_close(w);
	der_close(w);
}

struct span
make_crl(struct buffer *out, const struct make_crl *m)
{
	struct signature_scheme scheme = algorithm_of_key(private_key_public(m->signer));
	struct der_writer w, v;

	der_writer_init(&w, ROOM);
	der_writer_init(&v, ROOM);
	der_open(&w, DER_SEQUENCE);
	der_put_int(&w, 1);
	algorithm_write_signature(&w, &scheme);
	put_name(&w, m->issuer, strlen(m->issuer));
	put_time(&w, m->from);
	if (m->until != 0)
		put_time(&w, m->until);
	put_entries(&w, m, &v);
	put_crl_extensions(&w, m, &v);
	der_close(&w);
	struct span whole = finish(out, &w, span_of(NULL, 0), &scheme, m->signer, m->break_signature ? BREAK_LAST : BREAK_NOTHING);
	der_writer_clear(&w);
	der_writer_clear(&v);
	return whole;
}

// ---- OCSP

struct make_ocsp
make_ocsp_plan(const char *issuer, struct private_key *issuer_key, unsigned serial)
{
	return (struct make_ocsp){
		.by_name = issuer, .signer = issuer_key, .issuer = issuer, .issuer_key = issuer_key, .serial = serial, .hash = DIGEST_SHA1, .reason = -1,
		.from = MAKE_NOW - 3600, .until = MAKE_NOW + MAKE_DAY, .times = 1
	};
}

// The octets of a key, as they stand in its SubjectPublicKeyInfo.
static void
put_key_digest(struct der_writer *w, enum digest d, struct private_key *k)
{
	struct buffer spki;
	struct span rest, whole, bits;
	uint8_t digest[DIGEST_MAX];

	buffer_init(&spki, ROOM);
	make_public_key(&spki, k);
	rest = buffer_span(&spki);
	must(der_take(&rest, DER_SEQUENCE, &whole) && der_take(&whole, DER_SEQUENCE, &bits) && der_take(&whole, DER_BIT_STRING, &bits), "a key");
	bits = span_of(bits.data + 1, bits.len - 1);
	must(digest_of(d, &bits, 1, digest), "a digest");
	der_put(w, DER_OCTET_STRING, span_of(digest, digest_size(d)));
	buffer_clear(&spki);
}

static void
put_cert_id(struct der_writer *w, const struct make_ocsp *m)
{
	uint8_t digest[DIGEST_MAX];
	struct der_writer name;
	struct span whole;

	der_writer_init(&name, ROOM);
	put_name(&name, m->issuer, strlen(m->issuer));
	must(der_finish(&name, &whole) && digest_of(m->hash, &whole, 1, digest), "a name");
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_octets(m->hash == DIGEST_SHA1 ? OID_SHA1 : m->hash == DIGEST_SHA256 ? OID_SHA256 : OID_SHA512));
	der_put_null(w);
	der_close(w);
	der_put(w, DER_OCTET_STRING, span_of(digest, digest_size(m->hash)));
	put_key_digest(w, m->hash, m->issuer_key);
	der_put_int(w, m->serial);
	der_close(w);
	der_writer_clear(&name);
}

static void
put_cert_status(struct der_writer *w, const struct make_ocsp *m)
{
	uint8_t reason = (uint8_t)m->reason;

	if (m->status != 1) {
		der_put(w, (uint8_t)DER_CONTEXT(m->status), span_of(NULL, 0));
		return;
	}
	der_open(w, DER_CONTEXT_CONS(1));
	der_put_generalized_time(w, m->from);
	if (m->reason >= 0) {
		der_open(w, DER_CONTEXT_CONS(0));
		der_put(w, DER_ENUMERATED, span_of(&reason, 1));
		der_close(w);
	}
	der_close(w);
}

static void
put_unknown(struct der_writer *w, const char *oid, struct der_writer *v)
{
	uint8_t octets[64];

	if (oid == NULL)
		return;
	der_put_null(v);
	put_extension(w, span_of(octets, read_hex(oid, strlen(oid), octets)), true, v);
}

static void
put_single(struct der_writer *w, const struct make_ocsp *m, struct der_writer *v)
{
	der_open(w, DER_SEQUENCE);
	put_cert_id(w, m);
	put_cert_status(w, m);
	der_put_generalized_time(w, m->from);
	if (m->until != 0) {
		der_open(w, DER_CONTEXT_CONS(0));
		der_put_generalized_time(w, m->until);
		der_close(w);
	}
	if (m->single_critical != NULL) {
		der_open(w, DER_CONTEXT_CONS(1));
		der_open(w, DER_SEQUENCE);
		put_unknown(w, m->single_critical, v);
		der_close(w);
		der_close(w);
	}
	der_close(w);
}

static void
put_response_data(struct der_writer *w, const struct make_ocsp *m, struct der_writer *v)
{
	der_open(w, DER_SEQUENCE);
	der_open(w, (uint8_t)(m->by_name != NULL ? DER_CONTEXT_CONS(1) : DER_CONTEXT_CONS(2)));
	if (m->by_name != NULL)
		put_name(w, m->by_name, strlen(m->by_name));
	else
		put_key_digest(w, DIGEST_SHA1, m->signer);
	der_close(w);
	der_put_generalized_time(w, m->from);
	der_open(w, DER_SEQUENCE);
	for (unsigned i = 0; i < m->times; i++)
		put_single(w, m, v);
	der_close(w);
	if (m->nonce.len > 0 || m->critical != NULL) {
		der_open(w, DER_CONTEXT_CONS(1));
		der_open(w, DER_SEQUENCE);
		if (m->nonce.len > 0) {
			der_put(v, DER_OCTET_STRING, m->nonce);
			put_extension(w, oid_octets(OID_OCSP_NONCE), false, v);
		}
		put_unknown(w, m->critical, v);
		der_close(w);
		der_close(w);
	}
	der_close(w);
}

// OCSPResponse { status, [0] { responseType, OCTET STRING { BasicOCSPResponse } } }
static void
put_response(struct der_writer *w, const struct make_ocsp *m, struct span basic)
{
	uint8_t oid[64], status = (uint8_t)m->answer;

	der_open(w, DER_SEQUENCE);
	der_put(w, DER_ENUMERATED, span_of(&status, 1));
	if (m->answer == 0) {
		der_open(w, DER_CONTEXT_CONS(0));
		der_open(w, DER_SEQUENCE);
		der_put_oid(w, m->type != NULL ? span_of(oid, read_hex(m->type, strlen(m->type), oid)) : oid_octets(OID_OCSP_BASIC));
		der_put(w, DER_OCTET_STRING, basic);
		der_close(w);
		der_close(w);
	}
	der_close(w);
}

struct span
make_ocsp(struct buffer *out, const struct make_ocsp *m)
{
	struct signature_scheme scheme = algorithm_of_key(private_key_public(m->signer));
	struct der_writer w, v;
	struct buffer basic;
	struct span whole;
	size_t before = out->len;

	buffer_init(&basic, ROOM);
	der_writer_init(&w, ROOM);
	der_writer_init(&v, ROOM);
	put_response_data(&w, m, &v);
	finish_with(&basic, &w, span_of(NULL, 0), &scheme, m->signer, m->break_signature ? BREAK_LAST : BREAK_NOTHING, m->certificates);
	der_writer_clear(&w);
	der_writer_init(&w, ROOM);
	put_response(&w, m, buffer_span(&basic));
	must(der_finish(&w, &whole) && buffer_append(out, whole), "no room");
	der_writer_clear(&w);
	der_writer_clear(&v);
	buffer_clear(&basic);
	return span_of(out->data + before, out->len - before);
}

struct span
make_responder_address(struct buffer *out, const char *url)
{
	struct der_writer w;
	struct span whole;
	size_t before = out->len;

	der_writer_init(&w, ROOM);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_put_oid(&w, oid_octets(OID_AD_OCSP));
	der_put(&w, DER_CONTEXT(6), span_text(url));
	der_close(&w);
	der_close(&w);
	must(der_finish(&w, &whole) && buffer_append(out, whole), "no room");
	der_writer_clear(&w);
	return span_of(out->data + before, out->len - before);
}
