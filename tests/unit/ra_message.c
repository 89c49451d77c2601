// SPDX-License-Identifier: GPL-3.0-or-later
// Messages of the tests of a registration authority: every part from a text,
// every text replaceable; then protection over what came out.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/mac.h"
#include "codec/oid.h"
#include "pki/algorithm.h"
#include "tests/unit/ra_kit.h"

enum { ROOM = 1 << 21 };

uint8_t kit_id[16], kit_nonce[16];
struct span kit_recip;

static uint8_t issued_hash[DIGEST_MAX];
// What was asked for last: the CA issues that.
static const char *asked_subject = "CN=device,O=Plant";
static struct private_key *asked_key;

// While one message is built.
struct build {
	const struct kit_message *m;
	const struct kit_signer *by;		// NULL: nobody
	struct private_key *new_key;
	struct span cert_req, csr_info;		// once they stand
	struct span protected_part;
};

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "ra_message: %s\n", what);
	abort();
}

// ---- words

static void
put_taken(struct buffer *out, struct der_writer *w)
{
	struct span octets;

	must(der_finish(w, &octets) && buffer_append(out, octets), "no room");
	der_writer_clear(w);
}

static void
put_signature_algorithm(struct buffer *out, const struct signature_scheme *scheme)
{
	struct der_writer w;

	der_writer_init(&w, ROOM);
	algorithm_write_signature(&w, scheme);
	put_taken(out, &w);
}

static void
put_algorithm(struct buffer *out, const struct kit_signer *by)
{
	const struct mac_parameters *p = &by->mac;
	enum oid_id mac = p->mac == DIGEST_SHA1 ? OID_HMAC_SHA1_OLD : OID_HMAC_SHA256;
	struct der_writer w;

	if (by->key != NULL) {
		put_signature_algorithm(out, &by->scheme);
		return;
	}
	der_writer_init(&w, ROOM);
	if (p->kind == PROTECTION_PBM)
		pbm_write(&w, oid_octets(OID_SHA256), span_of(p->salt, p->salt_len), p->iterations, oid_octets(mac));
	else
		pbmac1_write(&w, span_of(p->salt, p->salt_len), p->iterations, p->key_length, oid_octets(OID_HMAC_SHA256), oid_octets(OID_HMAC_SHA256));
	put_taken(out, &w);
}

static void
put_signature(struct buffer *out, struct private_key *key, struct span octets)
{
	struct signature_scheme scheme = algorithm_of_key(private_key_public(key));
	struct fault f = { .set = false };

	must(private_key_sign(key, &scheme, &octets, 1, out, &f) == CRYPTO_OK, f.text);
}

static void
put_mac(struct buffer *out, const struct kit_signer *by, struct span octets)
{
	const struct mac_parameters *p = &by->mac;
	uint8_t key[DIGEST_MAX], mac[DIGEST_MAX];
	struct span salt = span_of(p->salt, p->salt_len), secret = span_text(by->secret);
	size_t len = p->kind == PROTECTION_PBM ? digest_size(p->derive) : p->key_length;

	must(p->kind == PROTECTION_PBM ? pbm_derive(p->derive, secret, salt, p->iterations, key)
		: pbkdf2_derive(p->derive, secret, salt, p->iterations, key, len), "no key");
	must(hmac_of(p->mac, span_of(key, len), &octets, 1, mac) && buffer_append(out, span_of(mac, digest_size(p->mac))), "no MAC");
}

static void
put_protection(struct buffer *out, const struct build *b)
{
	must(b->by != NULL, "nobody signs");
	if (b->by->key != NULL)
		put_signature(out, b->by->key, b->protected_part);
	else
		put_mac(out, b->by, b->protected_part);
}

// Contents of a SubjectPublicKeyInfo.
static void
put_new_key(struct buffer *out, const struct private_key *key)
{
	struct buffer whole;
	struct span in, contents;

	buffer_init(&whole, ROOM);
	make_public_key(&whole, key);
	in = buffer_span(&whole);
	must(der_take(&in, DER_SEQUENCE, &contents) && buffer_append(out, contents), "no key");
	buffer_clear(&whole);
}

static const char *
subject_of(const struct build *b)
{
	return b->m->subject != NULL ? b->m->subject : b->by != NULL ? b->by->subject : "CN=device,O=Plant";
}

static void
put_name(struct buffer *out, const char *name)
{
	char text[512];

	snprintf(text, sizeof(text), "<%s>", name);
	der_text(out, text, NULL);
}

static void
put_issued(struct buffer *out, const struct build *b, struct private_key *key, const char *subject, const char *ca)
{
	size_t before = out->len;

	people_issue(out, subject != NULL ? subject : b->m->subject != NULL ? b->m->subject : asked_subject, key, ca);
	struct span whole = span_of(out->data + before, out->len - before);
	must(digest_of(DIGEST_SHA256, &whole, 1, issued_hash), "no digest");
}

static bool
is_word(const char *word, size_t len, const char *known)
{
	return len == strlen(known) && memcmp(word, known, len) == 0;
}

// NAME_cert, NAME_kid, NAME_serial, NAME_issuer, NAME_subject, NAME_key of somebody else.
static bool
put_other(const char *word, size_t len, struct buffer *out)
{
	char name[64];
	const char *end = memchr(word, '_', len);
	struct certificate c;

	if (end == NULL || (size_t)(end - word) >= sizeof(name))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(end - word), word);
	const struct kit_signer *s = kit_signer(name);
	size_t left = len - (size_t)(end + 1 - word);
	must(s->key == NULL || certificate_parse(&c, s->certificate, NULL), "no certificate");
	if (is_word(end + 1, left, "kid"))
		return buffer_append(out, s->key_id);
	if (is_word(end + 1, left, "cert"))
		return buffer_append(out, s->certificate);
	if (is_word(end + 1, left, "chain"))
		return buffer_append(out, s->chain);
	if (is_word(end + 1, left, "serial"))
		return buffer_append(out, c.serial);
	if (is_word(end + 1, left, "issuer"))
		return buffer_append(out, c.issuer);
	if (is_word(end + 1, left, "subject"))
		return buffer_append(out, c.subject);
	if (!is_word(end + 1, left, "key"))
		return false;
	put_new_key(out, s->key);
	return true;
}

static void compose(struct buffer *out, const struct kit_message *m);

// The messages within: each with the id and the nonce of its own.
static void
put_inner(struct buffer *out, const struct build *b)
{
	uint8_t id[16], nonce[16];

	memcpy(id, kit_id, 16);
	memcpy(nonce, kit_nonce, 16);
	for (size_t i = 0; b->m->inner[i] != NULL; i++) {
		struct kit_message one = *b->m->inner[i];
		if (!one.same_id && b->m->inner[1] != NULL)
			kit_new_transaction();
		compose(out, &one);
	}
	memcpy(kit_id, id, 16);
	memcpy(kit_nonce, nonce, 16);
}

static bool put_word(void *context, const char *word, size_t len, struct buffer *out);

static bool
put_word_of_request(const struct build *b, const char *word, size_t len, struct buffer *out)
{
	if (is_word(word, len, "new_key"))
		put_new_key(out, b->new_key);
	else if (is_word(word, len, "pop_alg")) {
		struct signature_scheme scheme = algorithm_of_key(private_key_public(b->new_key));
		put_signature_algorithm(out, &scheme);
	} else if (is_word(word, len, "subject"))
		put_name(out, subject_of(b));
	else if (is_word(word, len, "cert_req"))
		buffer_append(out, b->cert_req);
	else if (is_word(word, len, "pop"))
		put_signature(out, b->new_key, b->cert_req);
	else if (is_word(word, len, "pop_input")) {	// of POPOSigningKeyInput with the subject and the key
		const struct der_words words = { put_word, (void *)(uintptr_t)b };
		struct buffer input;
		buffer_init(&input, ROOM);
		der_text(&input, "30{ a0{ a4{$subject} } 30{$new_key} }", &words);
		put_signature(out, b->new_key, buffer_span(&input));
		buffer_clear(&input);
	} else if (is_word(word, len, "csr_info"))
		buffer_append(out, b->csr_info);
	else if (is_word(word, len, "csr_sig"))
		put_signature(out, b->new_key, b->csr_info);
	else if (is_word(word, len, "serial") || is_word(word, len, "issuer")) {
		char whole[96];
		must(b->by != NULL, "nobody signs");
		snprintf(whole, sizeof(whole), "%s_%.*s", b->by->name, (int)len, word);
		return put_other(whole, strlen(whole), out);
	} else
		return false;
	return true;
}

static bool
put_word(void *context, const char *word, size_t len, struct buffer *out)
{
	const struct build *b = context;

	if (is_word(word, len, "id"))
		buffer_append(out, span_of(kit_id, 16));
	else if (is_word(word, len, "nonce"))
		buffer_append(out, span_of(kit_nonce, 16));
	else if (is_word(word, len, "recip"))
		buffer_append(out, kit_recip);
	else if (is_word(word, len, "alg"))
		put_algorithm(out, b->by);
	else if (is_word(word, len, "sig"))
		put_protection(out, b);
	else if (is_word(word, len, "kid"))
		buffer_append(out, b->by->key_id);
	else if (is_word(word, len, "cert"))
		buffer_append(out, b->by->certificate);
	else if (is_word(word, len, "chain"))
		buffer_append(out, b->by->chain);
	else if (is_word(word, len, "hash"))
		buffer_append(out, span_of(issued_hash, 32));
	else if (is_word(word, len, "inner"))
		put_inner(out, b);
	else if (is_word(word, len, "issued"))
		put_issued(out, b, asked_key, NULL, NULL);
	else if (is_word(word, len, "issued_key"))	// for another key
		put_issued(out, b, kit_signer("other")->key, NULL, NULL);
	else if (is_word(word, len, "issued_name"))	// for another name
		put_issued(out, b, asked_key, "CN=somebody else,O=Plant", NULL);
	else if (is_word(word, len, "issued_rogue"))	// under another root
		put_issued(out, b, asked_key, NULL, "rogue");
	else if (!put_word_of_request(b, word, len, out))
		return put_other(word, len, out);
	return true;
}

static void
put(struct buffer *out, struct build *b, const char *text)
{
	const struct der_words words = { put_word, b };

	der_text(out, text, &words);
}

// ---- bodies

static void
put_tlv(struct buffer *out, uint8_t tag, struct span contents)
{
	struct der_writer w;

	der_writer_init(&w, ROOM);
	der_put(&w, tag, contents);
	put_taken(out, &w);
}

// Contents of the CertTemplate, as text; the pieces that are not asked for are left out.
static const char *
template_text(const struct kit_message *m, char *room, size_t size)
{
	size_t n = 0;

	if (m->template != NULL)
		return m->template;
	if (m->validity != NULL)
		n += (size_t)snprintf(room + n, size - n, "a4{ %s } ", m->validity);
	n += (size_t)snprintf(room + n, size - n, "a5{ $subject } ");
	if (m->key == NULL || m->key[0] != '\0')
		n += (size_t)snprintf(room + n, size - n, "a6{ %s } ", m->key != NULL ? m->key : "$new_key");
	if (m->extensions != NULL)
		n += (size_t)snprintf(room + n, size - n, "a9{ %s }", m->extensions);
	must(n < size, "a long template");
	return room;
}

// The control oldCertId (RFC 4211 6.5) that goes with a key update.
static const char *
controls_of(const struct kit_message *m)
{
	if (m->controls != NULL)
		return m->controls;
	return m->kind == BODY_KUR ? "30{ 30{ 06{2b0601050507050105} 30{ a4{$issuer} 02{$serial} } } }" : "";
}

static void
put_request(struct buffer *out, struct build *b)
{
	const struct kit_message *m = b->m;
	char template[2048], text[4096];
	struct buffer req;

	if (m->requests != NULL) {
		put(out, b, m->requests);
		return;
	}
	buffer_init(&req, ROOM);
	snprintf(text, sizeof(text), "30{ %s 30{ %s } %s }", m->number != NULL ? m->number : "020100",
		template_text(m, template, sizeof(template)), controls_of(m));
	put(&req, b, text);
	b->cert_req = buffer_span(&req);
	snprintf(text, sizeof(text), "30{ $cert_req %s %s }", m->popo != NULL ? m->popo : "a1{ $pop_alg 03{00 $pop} }", m->reg_info != NULL ? m->reg_info : "");
	put(out, b, text);
	buffer_clear(&req);
}

static void
put_csr(struct buffer *out, struct build *b)
{
	char text[2048];
	const struct kit_message *m = b->m;
	struct buffer info;

	buffer_init(&info, ROOM);
	snprintf(text, sizeof(text), "30{ %s }", m->csr_info != NULL ? m->csr_info : "020100 $subject 30{$new_key} a000");
	put(&info, b, text);
	b->csr_info = buffer_span(&info);
	snprintf(text, sizeof(text), "30{ %s }", m->csr != NULL ? m->csr : "$csr_info $pop_alg 03{00 $csr_sig}");
	put(out, b, text);
	buffer_clear(&info);
}

static void
put_usual_body(struct buffer *out, struct build *b)
{
	struct buffer in;

	switch (b->m->kind) {
	case BODY_IR: case BODY_CR: case BODY_KUR: case BODY_KRR: case BODY_CCR:
		buffer_init(&in, ROOM);
		put_request(&in, b);
		put_tlv(out, DER_SEQUENCE, buffer_span(&in));
		buffer_clear(&in);
		break;
	case BODY_P10CR: put_csr(out, b); break;
	case BODY_IP: case BODY_CP: case BODY_KUP: put(out, b, "30{ 30{ 30{ 020100 30{020100} 30{ a0{ $issued } } } } }"); break;
	case BODY_RR: put(out, b, "30{ 30{ 30{ 81{$serial} a3{$issuer} } } }"); break;
	case BODY_RP: put(out, b, "30{ 30{ 30{020100} } }"); break;
	case BODY_GENM: case BODY_GENP: put(out, b, "30{ 30{ 06{2b06010505070411} } }"); break;
	case BODY_ERROR: put(out, b, "30{ 30{ 020102 30{ 0c{'no'} } 03{0520} } }"); break;
	case BODY_CERTCONF: put(out, b, "30{ 30{ 04{$hash} 020100 } }"); break;
	case BODY_POLLREQ: put(out, b, "30{ 30{ 020100 } }"); break;
	case BODY_POLLREP: put(out, b, "30{ 30{ 020100 020105 } }"); break;
	case BODY_PKICONF: put(out, b, "0500"); break;
	case BODY_NESTED: put(out, b, "30{ $inner }"); break;
	default: must(false, "no usual body of this kind");
	}
}

static void
put_body(struct buffer *out, struct build *b)
{
	const struct kit_message *m = b->m;
	struct buffer in;

	buffer_init(&in, ROOM);
	if (m->body != NULL)
		put(&in, b, m->body);
	else
		put_usual_body(&in, b);
	if (m->tag != NULL) {
		put(out, b, m->tag);
		buffer_append(out, buffer_span(&in));
	} else {
		put_tlv(out, (uint8_t)DER_CONTEXT_CONS(m->kind), buffer_span(&in));
	}
	buffer_clear(&in);
}

// ---- header

static void
put_field(struct buffer *out, struct build *b, const char *text, const char *usual, int n)
{
	struct buffer in;

	if (text == NULL)
		text = usual;
	if (text[0] == '\0')
		return;
	buffer_init(&in, ROOM);
	put(&in, b, text);
	put_tlv(out, (uint8_t)DER_CONTEXT_CONS(n), buffer_span(&in));
	buffer_clear(&in);
}

static void
put_header(struct buffer *out, struct build *b)
{
	const struct kit_message *m = b->m;
	struct buffer in;
	char sender[300] = "a4{3000}";

	if (b->by != NULL)
		snprintf(sender, sizeof(sender), "a4{<%s>}", b->by->subject);
	if (b->by != NULL && b->by->key == NULL)	// RFC 9483 4.1.5: the reference alone
		snprintf(sender, sizeof(sender), "a4{<CN=%s>}", b->by->reference);
	buffer_init(&in, ROOM);
	put(&in, b, m->pvno != NULL ? m->pvno : "020102");
	put(&in, b, m->sender != NULL ? m->sender : sender);
	put(&in, b, m->recipient != NULL ? m->recipient : "a4{<CN=CA,O=Plant>}");
	put_field(&in, b, m->time, "", 0);
	put_field(&in, b, m->algorithm, b->by != NULL ? "$alg" : "", 1);
	put_field(&in, b, m->kid, b->by != NULL && b->by->key_id.len > 0 ? "04{$kid}" : "", 2);
	put_field(&in, b, m->id, "04{$id}", 4);
	put_field(&in, b, m->nonce, "04{$nonce}", 5);
	put_field(&in, b, m->recip, kit_recip.len > 0 ? "04{$recip}" : "", 6);
	if (m->info != NULL && m->info[0] != '\0') {
		char text[4096];
		snprintf(text, sizeof(text), "30{ %s }", m->info);
		put_field(&in, b, text, "", 8);
	}
	put_tlv(out, DER_SEQUENCE, buffer_span(&in));
	buffer_clear(&in);
}

// ---- the whole

static void
put_ends(struct buffer *out, struct build *b, struct span header_and_body)
{
	const struct kit_message *m = b->m;
	struct buffer part;

	buffer_init(&part, ROOM);
	put_tlv(&part, DER_SEQUENCE, header_and_body);
	b->protected_part = buffer_span(&part);
	put_field(out, b, m->protection, b->by != NULL ? "03{00 $sig}" : "", 0);
	put_field(out, b, m->extra != NULL && m->extra[0] != '\0' ? m->extra : m->extra == NULL && b->by != NULL && b->by->key != NULL ? "30{ $chain }" : "", "", 1);
	if (m->after != NULL)
		put(out, b, m->after);
	buffer_clear(&part);
}

static void
compose(struct buffer *out, const struct kit_message *m)
{
	struct build b = { .m = m, .new_key = people_new_key(m->new_key) };
	struct buffer in, all;

	b.by = m->by == NULL ? kit_signer("device") : m->by[0] == '\0' ? NULL : kit_signer(m->by);
	if (m->kind == BODY_IR || m->kind == BODY_CR || m->kind == BODY_P10CR || m->kind == BODY_KUR) {
		asked_subject = subject_of(&b);
		asked_key = b.new_key;
	}
	buffer_init(&in, ROOM);
	buffer_init(&all, ROOM);
	put_header(&in, &b);
	put_body(&in, &b);
	buffer_append(&all, buffer_span(&in));
	put_ends(&all, &b, buffer_span(&in));
	put_tlv(out, DER_SEQUENCE, buffer_span(&all));
	buffer_clear(&in);
	buffer_clear(&all);
}

void
kit_build(struct buffer *out, const struct kit_message *m)
{
	if (!m->same_id)
		kit_new_transaction();
	compose(out, m);
}

// Counted, so that each run sends the same.
static void
number(uint8_t out[16], const char *kind)
{
	static uint32_t n;

	n++;
	memset(out, 0x5A, 16);
	memcpy(out, kind, 4);
	for (unsigned i = 0; i < 4; i++)
		out[15 - i] = (uint8_t)(n >> (8 * i));
}

void
kit_new_transaction(void)
{
	number(kit_id, "id--");
	number(kit_nonce, "nonc");
	kit_recip = span_of(NULL, 0);
}

void
kit_new_nonce(void)
{
	number(kit_nonce, "nonc");
}
