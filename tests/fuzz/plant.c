// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fuzz/plant.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/confirm.h"
#include "codec/crmf.h"
#include "codec/pkcs10.h"
#include "pki/algorithm.h"
#include "tests/fuzz/toy_keys.h"
#include "tests/unit/ra_kit.h"

enum { ROOM = 1 << 20, COPIES_MAX = 4096 };
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "plant: %s\n", what);
	abort();
}

// ---- who speaks

static const char *const signers[] = {
	"device", "other", "lra", "rsa", "ed25519", "named", "middle", "many", "pbmac1", "once", "bound", "client", "rogue", "expired", "wrong", "unknown", "revoked",
	"maker", "ca", NULL
};
// Those of ra_people whose certificate or secret is in order under the plant's root.
static const char *const trusted[] = {
	"root", "device", "other", "client", "lra", "ca", "rsa", "p384", "p521", "ed25519", "ed448", "late", "boundary", "long", "nousage", "bare", "named", "middle",
	"many", "pbmac1", "once", "once1", "bound"
};

static struct buffer ra;
static struct certificate ra_certificate;
static struct public_numbers ra_key;
static struct buffer ra_name;

const struct kit_signer *
plant_signer(unsigned n)
{
	const char *name = signers[n % COUNT(signers)];

	return name != NULL ? kit_signer(name) : NULL;
}

bool
plant_is_trusted(const struct kit_signer *who, bool time_known)
{
	if (!time_known && (strcmp(who->name, "expired") == 0 || strcmp(who->name, "early") == 0))
		return true;
	for (size_t i = 0; i < COUNT(trusted); i++)
		if (strcmp(trusted[i], who->name) == 0)
			return true;
	return false;
}

struct span
plant_ra_name(void)
{
	return buffer_span(&ra_name);
}

static void
read_ra(const char *folder)
{
	char path[256];
	uint8_t octets[4096];
	struct der_writer w;
	struct span name;
	struct fault f = { .set = false };

	snprintf(path, sizeof(path), "%s/ra.der", folder);
	FILE *file = fopen(path, "rb");
	must(file != NULL, path);
	size_t n = fread(octets, 1, sizeof(octets), file);
	fclose(file);
	buffer_init(&ra, ROOM);
	buffer_init(&ra_name, ROOM);
	must(buffer_append(&ra, span_of(octets, n)) && certificate_parse(&ra_certificate, buffer_span(&ra), &f)
		&& algorithm_public_key(&ra_certificate.public_key, &ra_key, &f), f.text);
	der_writer_init(&w, ROOM);
	der_put(&w, DER_CONTEXT_CONS(4), ra_certificate.subject);
	must(der_finish(&w, &name) && buffer_append(&ra_name, name), "no name");
	der_writer_clear(&w);
}

// ---- the messages

#define FILE_SUBJECT "CN=csr-1,O=Plant"
#define PAIR(word) "30{ a0{ $" word " } }"
#define IMPLICIT "30{ 06{2b0601050507040d} 0500 }"

static const struct kit_message requests[] = {
	{ .kind = BODY_IR }, { .kind = BODY_CR }, { .kind = BODY_P10CR }, { .kind = BODY_KUR }, { .kind = BODY_RR }, { .kind = BODY_GENM },
	{ .kind = BODY_CERTCONF }, { .kind = BODY_POLLREQ },
	{ .kind = BODY_IR, .info = IMPLICIT },
	{ .kind = BODY_IR, .key = "", .popo = "", .pvno = "020103" },				// the CA makes the key
	{ .kind = BODY_IR, .popo = "8000" },							// raVerified
	{ .kind = BODY_CR, .extensions = "30{ 06{551d11} 04{ 30{ 82{'plc-7.plant.example'} } } }" },
	{ .kind = BODY_CR, .validity = "a0{ 17{'251124160000Z'} } a1{ 17{'261124160000Z'} }" },
	{ .kind = BODY_POLLREQ, .body = "30{ 30{ 0201ff } }" },
	{ .kind = BODY_CERTCONF, .body = "30{ 30{ 04{$hash} 020100 30{ 020102 } } }" },		// the device rejects
	{ .kind = BODY_CERTCONF, .body = "3000" },
	{ .kind = BODY_KRR }, { .kind = BODY_CCR },
	{ .kind = BODY_GENM, .body = "30{ 30{ 06{2b06010505070417} } 30{ 06{2b06010505070414} } }" },
	{ .kind = BODY_GENM, .body = "30{ 30{ 06{2b06010505070416} 30{ 30{ a1{ 30{ a4{<CN=Root,O=Plant>} } } } } } }" },
	{ .kind = BODY_CR, .new_key = "rsa" },
	{ .kind = BODY_ERROR }, { .kind = BODY_PKICONF },
	{ .kind = BODY_IR },									// the last: its key is what is issued for
};

// Answers that hold a certificate, by the body of the request.
static const struct { enum body request, answer; const char *id; } enrolments[] = {
	{ BODY_IR, BODY_IP, "020100" }, { BODY_CR, BODY_CP, "020100" }, { BODY_P10CR, BODY_CP, "0201ff" }, { BODY_KUR, BODY_KUP, "020100" },
	{ BODY_CCR, BODY_CCP, "020100" },
};
static const char *const false_signers[] = { "strangeca", "device", "", "many", "lra" };
static const char *const nesters[] = { "lra", "lra", "device", "many", "rogue" };

static struct buffer copies[COPIES_MAX];
static size_t copy_count;
static size_t first_answer, first_false, first_nested, pkcs10_at;
enum { ANSWERS = SAY_COUNT * COUNT(enrolments) };

static void
keep(const struct kit_message *m)
{
	must(copy_count < COPIES_MAX, "too many messages");
	struct buffer *b = &copies[copy_count++];
	buffer_init(b, ROOM);
	kit_build(b, m);
}

// recipNonce where a message has one.
static void
refer(enum body kind)
{
	static const uint8_t refers[16] = { 'r', 'e', 'c', 'i', 'p' };

	kit_recip = span_of(refers, kind == BODY_CERTCONF || kind == BODY_POLLREQ ? 16 : 0);
}

static void
make_requests(void)
{
	for (size_t s = 0; s < COUNT(signers); s++)
		for (size_t n = 0; n < COUNT(requests); n++) {
			const struct kit_signer *by = plant_signer((unsigned)s);
			struct kit_message m = requests[n];
			m.by = by != NULL ? by->name : "";
			// What names a certificate needs one.
			if ((by == NULL || by->key == NULL) && (m.kind == BODY_KUR || m.kind == BODY_RR))
				m.kind = m.kind == BODY_KUR ? BODY_CR : BODY_GENM;
			kit_new_transaction();
			refer(m.kind);
			m.same_id = true;
			keep(&m);
		}
}

// The text of what is said to an enrolment; NULL where it does not depend on it.
static const char *
certificate_text(enum plant_say say, const char *id, char *room, size_t size)
{
	static const char *const pairs[SAY_COUNT] = {
		[SAY_RIGHT] = PAIR("issued"), [SAY_IMPLICIT] = PAIR("issued"), [SAY_OTHER_KEY] = PAIR("issued_key"), [SAY_OTHER_NAME] = PAIR("issued_name"),
		[SAY_ROGUE] = PAIR("issued_rogue"), [SAY_WAITING] = "", [SAY_REJECTION] = "",
	};

	if (say == SAY_CA_PUBS)
		snprintf(room, size, "30{ a1{ 30{ $ca_cert } } 30{ 30{ %s 30{ 020100 } " PAIR("issued") " } } }", id);
	else if (pairs[say] == NULL)
		return NULL;
	else
		snprintf(room, size, "30{ 30{ 30{ %s 30{ %s } %s } } }", id, say == SAY_WAITING ? "020103" : say == SAY_REJECTION ? "020102 03020520" : "020100", pairs[say]);
	return room;
}

static void
keep_answer(enum plant_say say, size_t enrolment, const char *by, const char *subject)
{
	static const enum body others[SAY_COUNT] = {
		[SAY_ERROR] = BODY_ERROR, [SAY_POLL_REP] = BODY_POLLREP, [SAY_PKI_CONF] = BODY_PKICONF, [SAY_GENP] = BODY_GENP, [SAY_RP] = BODY_RP, [SAY_KRP] = BODY_KRP,
		[SAY_ODD] = BODY_ERROR
	};
	struct kit_message m = { .by = by, .subject = subject, .same_id = true };
	char room[512];

	kit_new_transaction();
	static const uint8_t refers[16] = { 'r', 'e', 'c', 'i', 'p' };
	kit_recip = span_of(refers, 16);
	m.body = certificate_text(say, enrolments[enrolment].id, room, sizeof(room));
	m.kind = m.body != NULL ? enrolments[enrolment].answer : others[say];
	if (say == SAY_IMPLICIT)
		m.info = IMPLICIT;
	if (say == SAY_KRP)
		m.body = "30{ 30{ 020100 } }";
	if (say == SAY_ODD)
		m.body = "30{ 30{ 020103 } }";	// an error that says: wait
	keep(&m);
}

static void
keep_answers(const char *by, const char *subject)
{
	for (size_t n = 0; n < COUNT(enrolments); n++)
		for (int say = 0; say < SAY_COUNT; say++)
			keep_answer((enum plant_say)say, n, by, subject);
}

static void
make_answers(void)
{
	first_answer = copy_count;
	for (size_t s = 0; s < COUNT(signers); s++)
		keep_answers("ca", plant_signer((unsigned)s) != NULL ? plant_signer((unsigned)s)->subject : "CN=device,O=Plant");
	keep_answers("ca", FILE_SUBJECT);
	first_false = copy_count;
	for (size_t s = 0; s < COUNT(false_signers); s++)
		keep_answers(false_signers[s], "CN=device,O=Plant");
}

static void
make_nested(void)
{
	const struct kit_message one = { .kind = BODY_IR, .same_id = true };
	const struct kit_message *const inner[] = { &one, NULL };

	first_nested = copy_count;
	for (size_t i = 0; i < COUNT(nesters); i++) {
		struct kit_message m = { .kind = BODY_NESTED, .by = nesters[i], .inner = inner };
		kit_recip = span_of(NULL, 0);
		keep(&m);
	}
}

static void
make_pkcs10(void)
{
	const struct kit_message m = { .kind = BODY_P10CR, .subject = FILE_SUBJECT };
	struct pkimessage parsed;
	struct buffer whole;

	buffer_init(&whole, ROOM);
	kit_build(&whole, &m);
	must(pkimessage_parse(&parsed, buffer_span(&whole), NULL, NULL), "no p10cr");
	pkcs10_at = copy_count++;
	buffer_init(&copies[pkcs10_at], ROOM);
	must(buffer_append(&copies[pkcs10_at], parsed.body_contents), "no room");
	buffer_clear(&whole);
}

void
plant_make(const char *folder)
{
	people_make();
	people_files(folder);
	read_ra(folder);
	make_pkcs10();
	size_t first = copy_count;
	make_requests();
	must(first == 1 && copy_count == 1 + COUNT(signers) * COUNT(requests), "the requests stand behind the PKCS#10");
	make_answers();
	make_nested();
}

static void
copy(struct buffer *out, size_t n)
{
	must(n < copy_count, "no such message");
	out->len = 0;
	must(buffer_append(out, buffer_span(&copies[n])), "no room");
}

void
plant_pkcs10(struct buffer *out)
{
	copy(out, pkcs10_at);
}

void
plant_request(struct buffer *out, unsigned n, unsigned signer)
{
	copy(out, 1 + (signer % COUNT(signers)) * COUNT(requests) + n % COUNT(requests));
}

static size_t
enrolment_of(enum body request)
{
	for (size_t i = 0; i < COUNT(enrolments); i++)
		if (enrolments[i].request == request)
			return i;
	return 0;
}

void
plant_answer(struct buffer *out, enum plant_say say, enum body request, unsigned asking)
{
	size_t n = asking == PLANT_FILE ? COUNT(signers) : asking % COUNT(signers);

	copy(out, first_answer + n * ANSWERS + enrolment_of(request) * SAY_COUNT + say);
}

void
plant_false_answer(struct buffer *out, enum plant_say say, enum body request, unsigned by)
{
	copy(out, first_false + (by % COUNT(false_signers)) * ANSWERS + enrolment_of(request) * SAY_COUNT + say);
}

// ---- fields

static void
overwrite(struct buffer *m, struct span field, struct span with)
{
	if (with.len > 0 && field.len == with.len)
		memcpy(m->data + (field.data - m->data), with.data, with.len);
}

void
plant_address(struct buffer *m, const struct plant_address *a)
{
	struct pkimessage p;
	struct cert_status first;
	size_t count;

	if (!pkimessage_parse(&p, buffer_span(m), NULL, NULL))
		return;
	if (p.header.has_transaction_id)
		overwrite(m, p.header.transaction_id, a->id);
	if (p.header.has_sender_nonce)
		overwrite(m, p.header.sender_nonce, a->nonce);
	if (p.header.has_recip_nonce)
		overwrite(m, p.header.recip_nonce, a->recip);
	if (p.body == BODY_CERTCONF && cert_confirm_check(p.body_contents, &count, &first, NULL) && count > 0)
		overwrite(m, first.hash, a->hash);
}

// ---- proof of possession

static void
sign_in_place(struct buffer *m, struct span octets, struct span signature)
{
	uint8_t right[TOY_SIGNATURE];

	toy_sign(private_key_public(people_new_key(NULL)), octets, right);
	overwrite(m, signature, span_of(right, TOY_SIGNATURE));
}

void
plant_prove(struct buffer *m)
{
	struct pkimessage p;
	struct cert_req_msg r;
	struct pkcs10 csr;
	size_t count;

	if (!pkimessage_parse(&p, buffer_span(m), NULL, NULL)) {
		if (pkcs10_parse(&csr, buffer_span(m), NULL))
			sign_in_place(m, csr.info, csr.signature);
		return;
	}
	switch (p.body) {
	case BODY_IR: case BODY_CR: case BODY_KUR: case BODY_CCR:
		if (cert_req_messages_check(p.body_contents, &count, &r, NULL) && r.popo == POPO_SIGNATURE)
			sign_in_place(m, r.cert_req, r.popo_signature);
		break;
	case BODY_P10CR:
		if (pkcs10_parse(&csr, p.body_contents, NULL))
			sign_in_place(m, csr.info, csr.signature);
		break;
	default: break;
	}
}

// ---- protection

// Header and body as the one run of octets that they are, and the octets of the protection.
static bool
parts_of(struct span octets, struct span *header, struct span *both, struct span *protection)
{
	struct span in, body, contents, bits;
	uint8_t tag;

	if (!der_take(&octets, DER_SEQUENCE, &in) || !der_take_any(&in, &tag, NULL, header) || !der_take_any(&in, &tag, NULL, &body)
	    || !der_take(&in, DER_CONTEXT_CONS(0), &contents) || !der_take(&contents, DER_BIT_STRING, &bits) || bits.len == 0)
		return false;
	*both = span_of(header->data, header->len + body.len);
	*protection = span_of(bits.data + 1, bits.len - 1);
	return true;
}

static bool
read_mac(struct span whole, struct mac_parameters *out)
{
	const struct mac_policy policy = { .iterations_max = UINT32_MAX, .sha1 = true, .bits = true };
	struct pkimessage m = { .body = BODY_COUNT };
	struct fault f = { .set = false };

	return pkiheader_parse(&m.header, whole, &f) && m.header.protection_alg.len > 0 && mac_parameters_read(&m, &policy, out, &f);
}

static size_t
mac_of(const struct mac_parameters *p, const char *secret, struct span part, uint8_t out[DIGEST_MAX])
{
	size_t len = p->kind == PROTECTION_PBM ? digest_size(p->derive) : p->key_length;
	struct span salt = span_of(p->salt, p->salt_len);
	uint8_t key[DIGEST_MAX];

	if (p->kind == PROTECTION_PBM)
		pbm_derive(p->derive, span_text(secret), salt, p->iterations, key);
	else
		pbkdf2_derive(p->derive, span_text(secret), salt, p->iterations, key, len);
	hmac_of(p->mac, span_of(key, len), &part, 1, out);
	return digest_size(p->mac);
}

static struct span
sequence_of(struct der_writer *w, struct span contents)
{
	struct span whole = span_of(NULL, 0);

	der_writer_init(w, ROOM);
	der_put(w, DER_SEQUENCE, contents);
	der_finish(w, &whole);
	return whole;
}

void
plant_protect(struct buffer *m, const struct kit_signer *by)
{
	struct span header, both, protection;
	struct mac_parameters mac;
	uint8_t right[DIGEST_MAX];
	struct der_writer w;

	if (by == NULL || !parts_of(buffer_span(m), &header, &both, &protection))
		return;
	struct span part = sequence_of(&w, both);
	if (by->key != NULL) {
		toy_sign(private_key_public(by->key), part, right);
		overwrite(m, protection, span_of(right, TOY_SIGNATURE));
	} else {
		size_t n = mac_of(read_mac(buffer_span(m), &mac) ? &mac : &by->mac, by->secret, part, right);
		overwrite(m, protection, span_of(right, n));
	}
	der_writer_clear(&w);
}

static bool
signed_with(const struct pkimessage *m, const struct public_numbers *key, struct span part)
{
	uint8_t right[TOY_SIGNATURE];

	toy_sign(key, part, right);
	return span_equal(m->protection, span_of(right, TOY_SIGNATURE));
}

static bool
secret_fits(const struct pkimessage *m, const struct kit_signer *s, struct span part)
{
	struct mac_parameters mac;
	uint8_t right[DIGEST_MAX];

	return read_mac(m->whole, &mac) && span_equal(m->protection, span_of(right, mac_of(&mac, s->secret, part, right)));
}

static enum plant_protector
find_protector(const struct pkimessage *m, struct span part, const struct kit_signer **who)
{
	bool by_key = m->protection.len == TOY_SIGNATURE;

	if (by_key && signed_with(m, &ra_key, part))
		return PLANT_RA;
	for (size_t i = 0; (*who = people_at(i)) != NULL; i++) {
		if (by_key && (*who)->key != NULL && signed_with(m, private_key_public((*who)->key), part))
			return PLANT_SIGNER;
		if (!by_key && (*who)->key == NULL && secret_fits(m, *who, part))
			return PLANT_SECRET;
	}
	return PLANT_NOBODY;
}

enum plant_protector
plant_protector(const struct pkimessage *m, const struct kit_signer **who)
{
	struct buffer part;

	*who = NULL;
	if (!m->has_protection)
		return PLANT_NOBODY;
	buffer_init(&part, ROOM);
	must(pkimessage_protected_part(m, &part), "no room");
	enum plant_protector found = find_protector(m, buffer_span(&part), who);
	buffer_clear(&part);
	return found;
}

// ---- nested messages

// The template with other messages in it: header, extraCerts and the length of the protection stay.
void
plant_nested(struct buffer *out, unsigned n, const struct span *inner, size_t count)
{
	const struct buffer *template = &copies[first_nested + n % COUNT(nesters)];
	struct pkimessage p;
	struct der_writer w;
	struct span octets;

	must(pkimessage_parse(&p, buffer_span(template), NULL, NULL), "no envelope");
	der_writer_init(&w, ROOM);
	der_open(&w, DER_SEQUENCE);
	der_put_raw(&w, p.header.whole);
	der_open(&w, DER_CONTEXT_CONS(BODY_NESTED));
	der_open(&w, DER_SEQUENCE);
	for (size_t i = 0; i < count; i++)
		der_put_raw(&w, inner[i]);
	der_close(&w);
	der_close(&w);
	der_put_raw(&w, p.protection_whole);
	der_put_raw(&w, p.extra_certs_whole);
	der_close(&w);
	out->len = 0;
	if (der_finish(&w, &octets))
		buffer_append(out, octets);
	der_writer_clear(&w);
}
