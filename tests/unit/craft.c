// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/craft.h"

#include "codec/oid.h"

#define ROOM (1024 * 1024 * 2)

static const uint8_t name_octets[] = { 0x30, 0x0C, 0x31, 0x0A, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x01, 'd' };
static const uint8_t sha256_rsa[] = { 0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B, 0x05, 0x00 };
static const uint8_t pbm[] = { 0x30, 0x0B, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF6, 0x7D, 0x07, 0x42, 0x0D };
static const uint8_t reason_oid[] = { 0x55, 0x1D, 0x15 };
static const uint8_t key_alg[] = { 0x30, 0x07, 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22 };

static uint8_t id_room[16], nonce_room[16];

struct craft
craft_plan(uint8_t mark)
{
	memset(id_room, mark, sizeof(id_room));
	memset(nonce_room, mark ^ 0x5A, sizeof(nonce_room));
	return (struct craft){ .pvno = 2, .transaction_id = span_of(id_room, 16), .sender_nonce = span_of(nonce_room, 16) };
}

static void
put_octets(struct der_writer *w, unsigned n, struct span octets)
{
	if (octets.data == NULL)
		return;
	der_open(w, (uint8_t)DER_CONTEXT_CONS(n));
	der_put(w, DER_OCTET_STRING, octets);
	der_close(w);
}

static void
put_directory_name(struct der_writer *w)
{
	der_put(w, DER_CONTEXT_CONS(4), span_of(name_octets, sizeof(name_octets)));
}

static void
put_it(struct der_writer *w, unsigned n, struct span value)
{
	uint8_t room[8];

	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_of_it(n, room));
	der_put_raw(w, value);
	der_close(w);
}

static void
put_certificate(struct der_writer *w, size_t n)
{
	static uint8_t filler[70000];

	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put(w, DER_OCTET_STRING, span_of(filler, n));
	der_close(w);
	der_put_raw(w, span_of(sha256_rsa, sizeof(sha256_rsa)));
	der_put_bits(w, span_of("signature", 9), 0);
	der_close(w);
}

static void
put_public_key(struct der_writer *w, uint8_t tag)
{
	der_open(w, tag);
	der_put_raw(w, span_of(key_alg, sizeof(key_alg)));
	der_put_bits(w, span_of("point", 5), 0);
	der_close(w);
}

static void
put_template(struct der_writer *w)
{
	der_open(w, DER_SEQUENCE);
	der_put(w, DER_CONTEXT_CONS(5), span_of(name_octets, sizeof(name_octets)));
	put_public_key(w, DER_CONTEXT_CONS(6));
	der_close(w);
}

static void
put_cert_req_messages(struct der_writer *w)
{
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put_int(w, 0);
	put_template(w);
	der_close(w);
	der_open(w, DER_CONTEXT_CONS(1));
	der_put_raw(w, span_of(sha256_rsa, sizeof(sha256_rsa)));
	der_put_bits(w, span_of("popo", 4), 0);
	der_close(w);
	der_close(w);
	der_close(w);
}

static void
put_status(struct der_writer *w, int status)
{
	der_open(w, DER_SEQUENCE);
	der_put_int(w, status);
	der_close(w);
}

static void
put_pair(struct der_writer *w)
{
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_CONTEXT_CONS(0));
	put_certificate(w, 40);
	der_close(w);
	der_close(w);
}

static void
put_cert_rep(struct der_writer *w)
{
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_CONTEXT_CONS(1));
	der_open(w, DER_SEQUENCE);
	put_certificate(w, 30);
	der_close(w);
	der_close(w);
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put_int(w, 0);
	put_status(w, 0);
	put_pair(w);
	der_close(w);
	der_close(w);
	der_close(w);
}

static void
put_p10(struct der_writer *w)
{
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put_int(w, 0);
	der_put_raw(w, span_of(name_octets, sizeof(name_octets)));
	put_public_key(w, DER_SEQUENCE);
	der_put(w, DER_CONTEXT_CONS(0), span_of(NULL, 0));
	der_close(w);
	der_put_raw(w, span_of(sha256_rsa, sizeof(sha256_rsa)));
	der_put_bits(w, span_of("signature", 9), 0);
	der_close(w);
}

static void
put_challenge(struct der_writer *w)
{
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put_raw(w, span_of(sha256_rsa, sizeof(sha256_rsa)));
	der_put(w, DER_OCTET_STRING, span_text("witness"));
	der_put(w, DER_OCTET_STRING, span_text("challenge"));
	der_close(w);
	der_close(w);
}

static void
put_krp(struct der_writer *w)
{
	der_open(w, DER_SEQUENCE);
	put_status(w, 0);
	der_open(w, DER_CONTEXT_CONS(2));
	der_open(w, DER_SEQUENCE);
	put_pair(w);
	der_close(w);
	der_close(w);
	der_close(w);
}

static void
put_rr(struct der_writer *w)
{
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put(w, DER_CONTEXT(1), span_text("\x11\x22"));
	der_put(w, DER_CONTEXT_CONS(3), span_of(name_octets, sizeof(name_octets)));
	der_close(w);
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, span_of(reason_oid, sizeof(reason_oid)));
	der_open(w, DER_OCTET_STRING);
	der_put(w, DER_ENUMERATED, span_text("\x01"));
	der_close(w);
	der_close(w);
	der_close(w);
	der_close(w);
	der_close(w);
}

static void
put_cert_id(struct der_writer *w)
{
	der_open(w, DER_SEQUENCE);
	put_directory_name(w);
	der_put_int(w, 77);
	der_close(w);
}

static void
put_rp(struct der_writer *w)
{
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	put_status(w, 0);
	der_close(w);
	der_open(w, DER_CONTEXT_CONS(0));
	der_open(w, DER_SEQUENCE);
	put_cert_id(w);
	der_close(w);
	der_close(w);
	der_close(w);
}

static void
put_certificates(struct der_writer *w, size_t count)
{
	der_open(w, DER_SEQUENCE);
	for (size_t i = 0; i < count; i++)
		put_certificate(w, 20);
	der_close(w);
}

static void
put_rann(struct der_writer *w)
{
	der_open(w, DER_SEQUENCE);
	der_put_int(w, 4);
	put_cert_id(w);
	der_put_generalized_time(w, 1800000000);
	der_put_generalized_time(w, 1700000000);
	der_close(w);
}

static void
put_pairs_of_ints(struct der_writer *w, int count, int64_t second)
{
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put_int(w, -1);
	if (count == 2)
		der_put_int(w, second);
	der_close(w);
	der_close(w);
}

static void
put_cert_conf(struct der_writer *w)
{
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put(w, DER_OCTET_STRING, span_text("0123456789abcdef0123456789abcdef"));
	der_put_int(w, 0);
	der_close(w);
	der_close(w);
}

static void
put_error(struct der_writer *w)
{
	static const uint8_t bad_request[] = { 0x20 };

	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put_int(w, 2);
	der_open(w, DER_SEQUENCE);
	der_put_text(w, DER_UTF8, "no");
	der_close(w);
	der_put_bits(w, span_of(bad_request, 1), 5);
	der_close(w);
	der_put_int(w, 17);
	der_close(w);
}

static void
put_nested(struct der_writer *w)
{
	struct craft inner = { .pvno = 2, .transaction_id = span_text("inner-1234567890"), .sender_nonce = span_text("nonce-1234567890") };
	struct buffer message;

	buffer_init(&message, ROOM);
	craft_message(&message, &inner, BODY_IR);
	der_open(w, DER_SEQUENCE);
	der_put_raw(w, buffer_span(&message));
	der_close(w);
	buffer_clear(&message);
}

static void
put_body(struct der_writer *w, enum body body)
{
	switch (body) {
	case BODY_IR: case BODY_CR: case BODY_KUR: case BODY_KRR: case BODY_CCR: put_cert_req_messages(w); break;
	case BODY_IP: case BODY_CP: case BODY_KUP: case BODY_CCP: put_cert_rep(w); break;
	case BODY_P10CR: put_p10(w); break;
	case BODY_POPDECC: put_challenge(w); break;
	case BODY_POPDECR: der_open(w, DER_SEQUENCE); der_put_int(w, 5); der_close(w); break;
	case BODY_KRP: put_krp(w); break;
	case BODY_RR: put_rr(w); break;
	case BODY_RP: put_rp(w); break;
	case BODY_CKUANN: put_certificates(w, 3); break;
	case BODY_CANN: put_certificate(w, 20); break;
	case BODY_RANN: put_rann(w); break;
	case BODY_CRLANN: put_certificates(w, 1); break;
	case BODY_PKICONF: der_put_null(w); break;
	case BODY_NESTED: put_nested(w); break;
	case BODY_GENM: case BODY_GENP:
		der_open(w, DER_SEQUENCE);
		put_it(w, IT_CA_CERTS, span_of(NULL, 0));
		der_close(w);
		break;
	case BODY_ERROR: put_error(w); break;
	case BODY_CERTCONF: put_cert_conf(w); break;
	case BODY_POLLREQ: put_pairs_of_ints(w, 1, 0); break;
	case BODY_POLLREP: put_pairs_of_ints(w, 2, 60); break;
	case BODY_COUNT: break;
	}
}

static void
finish(struct der_writer *w, struct buffer *out)
{
	struct span octets;

	out->len = 0;
	if (der_finish(w, &octets))
		buffer_append(out, octets);
	der_writer_clear(w);
}

void
craft_body(struct buffer *out, enum body body)
{
	struct der_writer w;

	der_writer_init(&w, ROOM);
	put_body(&w, body);
	finish(&w, out);
}

void
craft_certificate(struct buffer *out, size_t n)
{
	struct der_writer w;

	der_writer_init(&w, ROOM);
	put_certificate(&w, n);
	finish(&w, out);
}

static void
put_general_info(struct der_writer *w, const struct craft *c)
{
	static const uint8_t null[] = { 0x05, 0x00 };

	if (!c->implicit_confirm && c->general_info.len == 0)
		return;
	der_open(w, DER_CONTEXT_CONS(8));
	der_open(w, DER_SEQUENCE);
	if (c->implicit_confirm)
		put_it(w, IT_IMPLICIT_CONFIRM, span_of(null, 2));
	der_put_raw(w, c->general_info);
	der_close(w);
	der_close(w);
}

void
craft_message(struct buffer *out, const struct craft *c, enum body body)
{
	struct der_writer w;

	der_writer_init(&w, ROOM);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_put_int(&w, c->pvno);
	put_directory_name(&w);
	put_directory_name(&w);
	if (c->protection)
		der_put(&w, DER_CONTEXT_CONS(1), span_of(pbm, sizeof(pbm)));
	put_octets(&w, 4, c->transaction_id);
	put_octets(&w, 5, c->sender_nonce);
	put_octets(&w, 6, c->recip_nonce);
	put_general_info(&w, c);
	der_close(&w);
	der_open(&w, c->body_tag != 0 ? c->body_tag : (uint8_t)DER_CONTEXT_CONS(body));
	if (c->body.len > 0)
		der_put_raw(&w, c->body);
	else
		put_body(&w, body);
	der_close(&w);
	if (c->protection) {
		der_open(&w, DER_CONTEXT_CONS(0));
		der_put_bits(&w, span_text("01234567890123456789"), 0);
		der_close(&w);
	}
	if (c->extra_certs.len > 0) {
		der_open(&w, DER_CONTEXT_CONS(1));
		der_put(&w, DER_SEQUENCE, c->extra_certs);
		der_close(&w);
	}
	der_close(&w);
	finish(&w, out);
}
