// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/sample.h"

static const uint8_t sha256_ecdsa[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02 };
static const uint8_t ca_prot_enc_cert[] = { 0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x04, 0x01 };

static void
put_null_name(struct der_writer *w)
{
	der_open(w, DER_CONTEXT_CONS(4));
	der_open(w, DER_SEQUENCE);
	der_close(w);
	der_close(w);
}

// [n] EXPLICIT OCTET STRING of 16 marked octets that are searched for later.
static void
put_mark(struct der_writer *w, unsigned n, uint8_t mark)
{
	uint8_t octets[16];

	memset(octets, mark, sizeof(octets));
	der_open(w, (uint8_t)DER_CONTEXT_CONS(n));
	der_put(w, DER_OCTET_STRING, span_of(octets, sizeof(octets)));
	der_close(w);
}

static size_t
find_mark(const struct sample *s, uint8_t mark)
{
	uint8_t octets[16];

	memset(octets, mark, sizeof(octets));
	for (size_t i = 0; i + 16 <= s->len; i++)
		if (memcmp(s->octets + i, octets, 16) == 0)
			return i;
	return 0;
}

static void
put_header(struct der_writer *w, bool answer)
{
	der_open(w, DER_SEQUENCE);
	der_put_int(w, 2);
	put_null_name(w);
	put_null_name(w);
	der_open(w, DER_CONTEXT_CONS(1));
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, span_of(sha256_ecdsa, sizeof(sha256_ecdsa)));
	der_close(w);
	der_close(w);
	put_mark(w, 4, 0xA1);
	put_mark(w, 5, 0xA2);
	if (answer)
		put_mark(w, 6, 0xA3);
	der_close(w);
}

// The outer form of a certificate: what is signed, algorithm, signature.
static void
put_certificate(struct der_writer *w, struct span filler)
{
	static const uint8_t signature[70];

	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_put(w, DER_OCTET_STRING, filler);
	der_close(w);
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, span_of(sha256_ecdsa, sizeof(sha256_ecdsa)));
	der_close(w);
	der_put_bits(w, span_of(signature, sizeof(signature)), 0);
	der_close(w);
}

static bool
make(struct sample *s, size_t filler, bool answer)
{
	static const uint8_t zeros[66000];
	uint8_t signature[70];
	struct der_writer w;
	struct span out;

	memset(signature, 0x5A, sizeof(signature));
	der_writer_init(&w, sizeof(s->octets));
	der_open(&w, DER_SEQUENCE);
	put_header(&w, answer);
	der_open(&w, (uint8_t)(DER_CONTEXT_CONS(answer ? 22 : 21)));
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_put_oid(&w, span_of(ca_prot_enc_cert, sizeof(ca_prot_enc_cert)));
	der_close(&w);
	der_close(&w);
	der_close(&w);
	der_open(&w, DER_CONTEXT_CONS(0));
	der_put_bits(&w, span_of(signature, sizeof(signature)), 0);
	der_close(&w);
	der_open(&w, DER_CONTEXT_CONS(1));
	der_open(&w, DER_SEQUENCE);
	put_certificate(&w, span_of(zeros, filler));
	der_close(&w);
	der_close(&w);
	der_close(&w);
	bool well = der_finish(&w, &out);
	if (well) {
		memcpy(s->octets, out.data, out.len);
		s->len = out.len;
	}
	der_writer_clear(&w);
	return well;
}

bool
sample_make(struct sample *s, size_t size, bool answer)
{
	if (size > 65000 || !make(s, 1, answer))
		return false;
	size_t filler = 1;
	while (s->len < size) {	// longer elements have longer headers: come near, then close
		size_t lacking = size - s->len;
		filler += lacking > 16 ? lacking - 16 : 1;
		if (!make(s, filler, answer))
			return false;
	}
	s->transaction_id = find_mark(s, 0xA1);
	s->sender_nonce = find_mark(s, 0xA2);
	s->recip_nonce = answer ? find_mark(s, 0xA3) : 0;
	return s->transaction_id != 0 && s->sender_nonce != 0;
}

void
sample_number(struct sample *s, uint64_t n)
{
	memcpy(s->octets + s->transaction_id, &n, sizeof(n));
	memcpy(s->octets + s->sender_nonce, &n, sizeof(n));
}

bool
sample_answers(const struct sample *form, const uint8_t *octets, size_t len, uint64_t n)
{
	return len == form->len && memcmp(octets + form->transaction_id, &n, sizeof(n)) == 0 && memcmp(octets + form->recip_nonce, &n, sizeof(n)) == 0;
}

bool
sample_answer(struct sample *answer, const uint8_t *request, size_t len, const struct sample *form)
{
	if (len < form->sender_nonce + 16)
		return false;
	memcpy(answer->octets + answer->transaction_id, request + form->transaction_id, 16);
	memcpy(answer->octets + answer->recip_nonce, request + form->sender_nonce, 16);
	return true;
}
