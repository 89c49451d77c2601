// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/plant.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "codec/crmf.h"
#include "codec/extension.h"
#include "codec/mac.h"
#include "codec/oid.h"
#include "codec/originate.h"
#include "codec/response.h"
#include "crypto/digest.h"
#include "pki/algorithm.h"

enum { ROOM = 1 << 16, DAY = 86400, SECRET_ROOM = 64 };

enum { MAKER, ROOT, ANSWERS, RA, SIGNERS };
static struct plant_signer signers[SIGNERS];
#define DEVICE "device"
static const char *const signer_names[SIGNERS] = { "maker", "root", "answers", "ra" };
static const struct signature_scheme scheme = { SIGNATURE_ECDSA, DIGEST_SHA256, 0 };
static int64_t now;

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "plant: %s\n", what);
	exit(1);
}

static void
finish(struct der_writer *w, struct buffer *out)
{
	struct span octets;

	must(der_finish(w, &octets) && buffer_append(out, octets), "no room");
	der_writer_clear(w);
}

// ---- keys and names

static struct private_key *
make_key(const char *of, unsigned n, uint8_t value[DIGEST_MAX])
{
	char seed[64];
	struct fault f = { .set = false };

	struct span part = span_of(seed, (size_t)snprintf(seed, sizeof(seed), "cmpgate bench %s %u", of, n));
	must(digest_of(DIGEST_SHA256, &part, 1, value), "no digest");
	value[0] &= 0x7F;	// below the order
	struct private_key *k = private_key_new(KEY_P256, span_of(value, 32), &f);
	must(k != NULL, f.text);
	return k;
}

static void
put_attribute(struct der_writer *w, enum oid_id type, const char *value)
{
	der_open(w, DER_SET);
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_octets(type));
	der_put_text(w, DER_UTF8, value);
	der_close(w);
	der_close(w);
}

static void
put_name(struct der_writer *w, const char *organization, const char *common)
{
	der_open(w, DER_SEQUENCE);
	put_attribute(w, OID_ORGANIZATION, organization);
	put_attribute(w, OID_CN, common);
	der_close(w);
}

static void
put_public_key(struct der_writer *w, uint8_t tag, const struct private_key *k)
{
	der_open(w, tag);
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_octets(OID_EC_PUBLIC_KEY));
	der_put_oid(w, oid_octets(OID_P256));
	der_close(w);
	der_put_bits(w, private_key_public(k)->point, 0);
	der_close(w);
}

static void
put_algorithm(struct der_writer *w)
{
	algorithm_write_signature(w, &scheme);
}

static void
put_signature(struct der_writer *w, struct private_key *k, const struct span *parts, size_t count)
{
	struct buffer made;
	struct fault f = { .set = false };

	buffer_init(&made, SIGNATURE_MAX);
	must(private_key_sign(k, &scheme, parts, count, &made, &f) == CRYPTO_OK, f.text);
	der_put_bits(w, buffer_span(&made), 0);
	buffer_clear(&made);
}

static void
key_id_of(struct span point, uint8_t out[20])
{
	uint8_t digest[DIGEST_MAX];

	must(digest_of(DIGEST_SHA1, &point, 1, digest), "no digest");
	memcpy(out, digest, 20);
}

// ---- certificates

struct subject { struct span name, public_key, point; bool ca; };	// name and public_key: whole elements

static void
open_extension(struct der_writer *w, enum oid_id type, bool critical)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_octets(type));
	if (critical)
		der_put_boolean(w, true);
	der_open(w, DER_OCTET_STRING);
}

static void
close_extension(struct der_writer *w)
{
	der_close(w);
	der_close(w);
}

static void
put_extensions(struct der_writer *w, const struct subject *s, const struct plant_signer *issuer)
{
	uint8_t key_id[20];
	uint8_t usage = s->ca ? 0x06 : 0x80;	// keyCertSign and cRLSign, or digitalSignature

	key_id_of(s->point, key_id);
	der_open(w, DER_CONTEXT_CONS(3));
	der_open(w, DER_SEQUENCE);
	open_extension(w, OID_CE_SUBJECT_KEY_ID, false);
	der_put(w, DER_OCTET_STRING, span_of(key_id, sizeof(key_id)));
	close_extension(w);
	open_extension(w, OID_CE_AUTHORITY_KEY_ID, false);
	der_open(w, DER_SEQUENCE);
	der_put(w, DER_CONTEXT(0), span_of(issuer->key_id, sizeof(issuer->key_id)));
	der_close(w);
	close_extension(w);
	open_extension(w, OID_CE_KEY_USAGE, true);
	der_put_bits(w, span_of(&usage, 1), s->ca ? 1 : 7);
	close_extension(w);
	open_extension(w, OID_CE_BASIC_CONSTRAINTS, true);
	der_open(w, DER_SEQUENCE);
	if (s->ca)
		der_put_boolean(w, true);
	der_close(w);
	close_extension(w);
	der_close(w);
	der_close(w);
}

static void
put_body(struct der_writer *w, const struct subject *s, const struct plant_signer *issuer, struct span issuer_name)
{
	uint8_t serial[8];

	must(random_octets(serial, sizeof(serial)), "no random octets");
	serial[0] = (serial[0] & 0x3F) | 0x40;
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_CONTEXT_CONS(0));
	der_put_int(w, 2);
	der_close(w);
	der_put(w, DER_INTEGER, span_of(serial, sizeof(serial)));
	put_algorithm(w);
	der_put_raw(w, issuer_name);
	der_open(w, DER_SEQUENCE);
	der_put_time(w, now - DAY);
	der_put_time(w, now + 365 * DAY);
	der_close(w);
	der_put_raw(w, s->name);
	der_put_raw(w, s->public_key);
	put_extensions(w, s, issuer);
	der_close(w);
}

// The Name within the GeneralName of a signer.
static struct span
name_of(const struct plant_signer *s)
{
	struct span in = buffer_span(&s->name), name;

	must(der_take(&in, DER_CONTEXT_CONS(4), &name), "no name");
	return name;
}

static void
issue(struct buffer *out, const struct subject *s, const struct plant_signer *issuer)
{
	struct der_writer tbs, w;
	struct span signed_part;

	der_writer_init(&tbs, ROOM);
	put_body(&tbs, s, issuer, name_of(issuer));
	must(der_finish(&tbs, &signed_part), "a certificate");
	der_writer_init(&w, ROOM);
	der_open(&w, DER_SEQUENCE);
	der_put_raw(&w, signed_part);
	put_algorithm(&w);
	put_signature(&w, issuer->key, &signed_part, 1);
	der_close(&w);
	der_writer_clear(&tbs);
	finish(&w, out);
}

static void
issue_for(struct buffer *out, const struct plant_signer *s, const struct plant_signer *issuer)
{
	struct der_writer w;
	struct buffer public_key;

	buffer_init(&public_key, ROOM);
	der_writer_init(&w, ROOM);
	put_public_key(&w, DER_SEQUENCE, s->key);
	finish(&w, &public_key);
	const struct subject subject = { .name = name_of(s), .public_key = buffer_span(&public_key), .point = private_key_public(s->key)->point,
		.ca = issuer == s };
	issue(out, &subject, issuer);
	buffer_clear(&public_key);
}

static void
signer_make(struct plant_signer *s, const char *organization, const char *common, const struct plant_signer *issuer)
{
	struct der_writer w;

	buffer_init(&s->name, ROOM);
	buffer_init(&s->certificate, ROOM);
	der_writer_init(&w, ROOM);
	der_open(&w, DER_CONTEXT_CONS(4));
	put_name(&w, organization, common);
	der_close(&w);
	finish(&w, &s->name);
	key_id_of(private_key_public(s->key)->point, s->key_id);
	issue_for(&s->certificate, s, issuer);
}

void
plant_start(void)
{
	static const char *const organizations[SIGNERS] = { "Maker", "Plant", "Plant", "Plant" };
	static const int issuers[SIGNERS] = { MAKER, ROOT, ROOT, ROOT };
	struct fault f = { .set = false };
	uint8_t value[DIGEST_MAX];

	must(crypto_start(&f), f.text);
	now = clock_wall_s();
	for (int i = 0; i < SIGNERS; i++) {
		signers[i].key = make_key(signer_names[i], 0, value);
		signer_make(&signers[i], organizations[i], signer_names[i], &signers[issuers[i]]);
	}
}

const struct plant_signer *
plant_signer(const char *name)
{
	for (int i = 0; i < SIGNERS; i++)
		if (strcmp(signer_names[i], name) == 0)
			return &signers[i];
	must(false, "no such signer");
	return NULL;
}

// ---- files

static void
put_file(const char *folder, const char *name, struct span octets)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *out = fopen(path, "wb");
	must(out != NULL && fwrite(octets.data, 1, octets.len, out) == octets.len, path);
	must(fclose(out) == 0, path);
}

static const char *
secret_of(unsigned n, char out[SECRET_ROOM])
{
	snprintf(out, SECRET_ROOM, "a-secret-of-the-bench-%u", n % PLANT_SECRETS);
	return out;
}

static const char *
reference_of(unsigned n, char out[SECRET_ROOM])
{
	snprintf(out, SECRET_ROOM, "device-%u", n % PLANT_SECRETS);
	return out;
}

// RFC 5915.
static void
put_key_file(const char *folder, const char *name, const char *of, unsigned n)
{
	uint8_t value[DIGEST_MAX];
	struct buffer out;
	struct der_writer w;

	buffer_init(&out, ROOM);
	der_writer_init(&w, ROOM);
	private_key_unref(make_key(of, n, value));
	der_open(&w, DER_SEQUENCE);
	der_put_int(&w, 1);
	der_put(&w, DER_OCTET_STRING, span_of(value, 32));
	der_open(&w, DER_CONTEXT_CONS(0));
	der_put_oid(&w, oid_octets(OID_P256));
	der_close(&w);
	der_close(&w);
	finish(&w, &out);
	put_file(folder, name, buffer_span(&out));
	buffer_clear(&out);
}

static void
put_secrets(const char *folder)
{
	char reference[SECRET_ROOM], secret[SECRET_ROOM], line[2 * SECRET_ROOM + 16];
	struct buffer table;

	buffer_init(&table, 1 << 20);
	for (unsigned n = 0; n < PLANT_SECRETS; n++) {
		snprintf(line, sizeof(line), "%s:%s uses=many\n", reference_of(n, reference), secret_of(n, secret));
		must(buffer_append_text(&table, line), "no room");
	}
	put_file(folder, "secrets", buffer_span(&table));
	buffer_clear(&table);
}

// What a CA that gives everybody the same certificate needs: one for the key of a device.
static void
put_issued(const char *folder, const struct device *d)
{
	struct buffer certificate;

	buffer_init(&certificate, ROOM);
	issue_for(&certificate, &d->signer, &signers[ROOT]);
	put_file(folder, "issued.der", buffer_span(&certificate));
	buffer_clear(&certificate);
}

static void
put_device(const char *folder, unsigned n)
{
	struct device *d = device_new(n);
	char name[32];

	snprintf(name, sizeof(name), "device-%u.der", n);
	put_file(folder, name, buffer_span(&d->signer.certificate));
	snprintf(name, sizeof(name), "device-%u.key", n);
	put_key_file(folder, name, DEVICE, n);
	if (n == 0)
		put_issued(folder, d);
	device_free(d);
}

void
plant_files(const char *folder)
{
	char name[32];

	for (int i = 0; i < SIGNERS; i++) {
		snprintf(name, sizeof(name), "%s.der", signer_names[i]);
		put_file(folder, name, buffer_span(&signers[i].certificate));
		snprintf(name, sizeof(name), "%s.key", signer_names[i]);
		put_key_file(folder, name, signer_names[i], 0);
	}
	for (unsigned n = 0; n < PLANT_DEVICES; n++)
		put_device(folder, n);
	put_secrets(folder);
}

// ---- messages

// What stands around a body: protected by a signature, or by a MAC when secret is not NULL.
struct speech {
	struct header_plan plan;
	const struct plant_signer *by;
	const char *reference, *secret;
	struct span body, certificates;
};

static void
put_protection_algorithm(struct buffer *out, const struct speech *s, struct span salt)
{
	struct der_writer w;

	der_writer_init(&w, ROOM);
	if (s->secret == NULL)
		put_algorithm(&w);
	else
		pbm_write(&w, oid_octets(OID_SHA256), salt, PLANT_ITERATIONS, oid_octets(OID_HMAC_SHA256));
	finish(&w, out);
}

static void
protect(struct buffer *out, const struct speech *s, struct span salt, const struct span *parts, size_t count)
{
	uint8_t key[DIGEST_MAX], mac[DIGEST_MAX];
	struct fault f = { .set = false };

	if (s->secret == NULL)
		must(private_key_sign(s->by->key, &scheme, parts, count, out, &f) == CRYPTO_OK, f.text);
	else
		must(pbm_derive(DIGEST_SHA256, span_text(s->secret), salt, PLANT_ITERATIONS, key)
			&& hmac_of(DIGEST_SHA256, span_of(key, 32), parts, count, mac) && buffer_append(out, span_of(mac, 32)), "no MAC");
}

// RFC 9810 5.1.3: what is protected is header and body in a SEQUENCE of their own.
static void
say(struct buffer *out, struct speech *s)
{
	struct buffer algorithm, header, whole, protection;
	uint8_t salt[16];

	must(random_octets(salt, sizeof(salt)), "no random octets");
	buffer_init(&algorithm, ROOM);
	buffer_init(&header, ROOM);
	buffer_init(&whole, ROOM);
	buffer_init(&protection, ROOM);
	put_protection_algorithm(&algorithm, s, span_of(salt, sizeof(salt)));
	s->plan.protection_alg = buffer_span(&algorithm);
	s->plan.sender = s->secret == NULL ? buffer_span(&s->by->name) : span_of(NULL, 0);
	s->plan.sender_kid = s->secret == NULL ? span_of(s->by->key_id, sizeof(s->by->key_id)) : span_text(s->reference);
	must(build_header(&header, &s->plan) && build_message(&whole, buffer_span(&header), s->body, span_of(NULL, 0), span_of(NULL, 0)), "a message");
	struct span covered = buffer_span(&whole);
	protect(&protection, s, span_of(salt, sizeof(salt)), &covered, 1);
	must(build_message(out, buffer_span(&header), s->body, buffer_span(&protection), s->certificates), "a message");
	buffer_clear(&algorithm);
	buffer_clear(&header);
	buffer_clear(&whole);
	buffer_clear(&protection);
}

// ---- devices

static void
put_template(struct der_writer *w, const struct device *d)
{
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_CONTEXT_CONS(5));
	der_put_raw(w, name_of(&d->signer));
	der_close(w);
	put_public_key(w, DER_CONTEXT_CONS(6), d->signer.key);
	der_close(w);
}

// CertReqMsg: a request, and a signature over it with the key that it is for.
static void
make_request(struct device *d)
{
	struct der_writer inner, w;
	struct span cert_req;
	struct buffer message;

	buffer_init(&message, ROOM);
	der_writer_init(&inner, ROOM);
	der_open(&inner, DER_SEQUENCE);
	der_put_int(&inner, 0);
	put_template(&inner, d);
	der_close(&inner);
	must(der_finish(&inner, &cert_req), "a request");
	der_writer_init(&w, ROOM);
	der_open(&w, DER_SEQUENCE);
	der_put_raw(&w, cert_req);
	der_open(&w, DER_CONTEXT_CONS(1));
	put_algorithm(&w);
	put_signature(&w, d->signer.key, &cert_req, 1);
	der_close(&w);
	der_close(&w);
	finish(&w, &message);
	must(build_cert_req_body(&d->request, BODY_IR, buffer_span(&message)), "a request");
	der_writer_clear(&inner);
	buffer_clear(&message);
}

struct device *
device_new(unsigned n)
{
	struct device *d = mem_alloc(sizeof(*d));
	uint8_t value[DIGEST_MAX];
	char name[32];

	must(d != NULL, "no memory");
	d->number = n;
	d->signer.key = make_key(DEVICE, n, value);
	snprintf(name, sizeof(name), "device-%u", n);
	signer_make(&d->signer, "Plant", name, &signers[MAKER]);
	buffer_init(&d->request, ROOM);
	buffer_init(&d->peer_nonce, CAP_NONCE);
	buffer_init(&d->cert_hash, DIGEST_MAX);
	make_request(d);
	return d;
}

void
device_free(struct device *d)
{
	private_key_unref(d->signer.key);
	buffer_clear(&d->signer.name);
	buffer_clear(&d->signer.certificate);
	buffer_clear(&d->request);
	buffer_clear(&d->peer_nonce);
	buffer_clear(&d->cert_hash);
	mem_free(d);
}

void
device_ask(struct device *d, struct buffer *out, bool confirm, bool by_mac)
{
	char reference[SECRET_ROOM], secret[SECRET_ROOM];
	struct speech s = { .by = &d->signer, .body = buffer_span(&d->request) };
	struct buffer body;

	buffer_init(&body, ROOM);
	if (by_mac) {
		s.reference = reference_of(d->number, reference);
		s.secret = secret_of(d->number, secret);
	} else {
		s.certificates = buffer_span(&d->signer.certificate);
	}
	must(random_octets(d->nonce, sizeof(d->nonce)) && (confirm || random_octets(d->id, sizeof(d->id))), "no random octets");
	s.plan = (struct header_plan){ .pvno = 2, .recipient = buffer_span(&signers[ROOT].name), .transaction_id = span_of(d->id, sizeof(d->id)),
		.sender_nonce = span_of(d->nonce, sizeof(d->nonce)) };
	if (confirm) {
		s.plan.recip_nonce = buffer_span(&d->peer_nonce);
		must(build_cert_conf_body(&body, buffer_span(&d->cert_hash), 0, NULL, span_of(NULL, 0)), "a certConf");
		s.body = buffer_span(&body);
	}
	say(out, &s);
	buffer_clear(&body);
}

static bool
take_certificate(struct device *d, const struct pkimessage *m)
{
	struct cert_rep_message reply;
	struct cert_response r;
	uint8_t digest[DIGEST_MAX];

	if (!cert_rep_message_read(m->body_contents, &reply, NULL) || !cert_response_take(&reply.responses, &r, NULL)
	    || r.status.status != STATUS_ACCEPTED || r.pair.certificate.len == 0)
		return false;
	must(digest_of(DIGEST_SHA256, &r.pair.certificate, 1, digest), "no digest");
	d->cert_hash.len = d->peer_nonce.len = 0;
	return buffer_append(&d->cert_hash, span_of(digest, 32)) && buffer_append(&d->peer_nonce, m->header.sender_nonce);
}

bool
device_takes(struct device *d, struct span octets, bool confirm)
{
	struct pkimessage m;

	if (!pkimessage_parse(&m, octets, NULL, NULL) || m.body != (confirm ? BODY_PKICONF : BODY_IP)
	    || !span_equal(m.header.transaction_id, span_of(d->id, sizeof(d->id)))
	    || !span_equal(m.header.recip_nonce, span_of(d->nonce, sizeof(d->nonce))))
		return false;
	return confirm || take_certificate(d, &m);
}

// ---- the CA

static void
put_certificate_for(struct buffer *out, const struct pkimessage *m)
{
	struct cert_req_msg r;
	size_t count;
	struct buffer public_key;

	must(cert_req_messages_check(m->body_contents, &count, &r, NULL), "a request");
	// The template has the key under a tag of its own.
	buffer_init(&public_key, ROOM);
	must(buffer_append(&public_key, r.template.public_key.whole), "no room");
	public_key.data[0] = DER_SEQUENCE;
	const struct subject s = { .name = r.template.subject, .public_key = buffer_span(&public_key), .point = r.template.public_key.key };
	issue(out, &s, &signers[ROOT]);
	buffer_clear(&public_key);
}

static void
put_ip(struct buffer *out, const struct pkimessage *m)
{
	struct buffer certificate;
	struct der_writer w;

	buffer_init(&certificate, ROOM);
	put_certificate_for(&certificate, m);
	der_writer_init(&w, ROOM);
	der_open(&w, DER_CONTEXT_CONS(BODY_IP));
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_put_int(&w, 0);
	der_open(&w, DER_SEQUENCE);
	der_put_int(&w, STATUS_ACCEPTED);
	der_close(&w);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_CONTEXT_CONS(0));
	der_put_raw(&w, buffer_span(&certificate));
	for (int i = 0; i < 6; i++)
		der_close(&w);
	finish(&w, out);
	buffer_clear(&certificate);
}

bool
plant_answer(struct buffer *out, struct span request)
{
	struct speech s = { .by = &signers[ANSWERS], .certificates = buffer_span(&signers[ANSWERS].certificate) };
	struct pkimessage m;
	struct buffer body;
	uint8_t nonce[16];

	if (!pkimessage_parse(&m, request, NULL, NULL) || (m.body != BODY_IR && m.body != BODY_CERTCONF))
		return false;
	must(random_octets(nonce, sizeof(nonce)), "no random octets");
	header_plan_answer(&s.plan, &m.header, span_of(nonce, sizeof(nonce)));
	buffer_init(&body, ROOM);
	if (m.body == BODY_IR)
		put_ip(&body, &m);
	else
		must(build_pkiconf_body(&body), "a pkiConf");
	s.body = buffer_span(&body);
	say(out, &s);
	buffer_clear(&body);
	return true;
}
