// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/cms.h"

#include "codec/oid.h"

// ---- recipients

static void
put_issuer_and_serial(struct der_writer *w, const struct cms_id *id)
{
	der_open(w, DER_SEQUENCE);
	der_put_raw(w, id->issuer);
	der_put(w, DER_INTEGER, id->serial);
	der_close(w);
}

static void
put_id(struct der_writer *w, const struct cms_id *id)
{
	if (id->by_key)
		der_put(w, DER_CONTEXT(0), id->key_id);
	else
		put_issuer_and_serial(w, id);
}

static void
put_key_transport(struct der_writer *w, const struct key_transport *r)
{
	der_open(w, DER_SEQUENCE);
	der_put_int(w, r->id.by_key ? 2 : 0);
	put_id(w, &r->id);
	der_put_raw(w, r->encryption.whole);
	der_put(w, DER_OCTET_STRING, r->encrypted_key);
	der_close(w);
}

static void
put_ukm(struct der_writer *w, uint8_t tag, bool has, struct span ukm)
{
	if (!has)
		return;
	der_open(w, tag);
	der_put(w, DER_OCTET_STRING, ukm);
	der_close(w);
}

static void
put_originator(struct der_writer *w, const struct key_agreement *r)
{
	der_open(w, DER_CONTEXT_CONS(0));
	if (r->originator == ORIGINATOR_KEY) {
		der_open(w, DER_CONTEXT_CONS(1));
		der_put_raw(w, r->originator_key.algorithm.whole);
		der_put_bits(w, r->originator_key.key, 0);
		der_close(w);
	} else {
		put_id(w, &r->originator_id);
	}
	der_close(w);
}

static void
put_key_agreement(struct der_writer *w, const struct key_agreement *r)
{
	der_open(w, DER_CONTEXT_CONS(1));
	der_put_int(w, 3);
	put_originator(w, r);
	put_ukm(w, DER_CONTEXT_CONS(1), r->has_ukm, r->ukm);
	der_put_raw(w, r->encryption.whole);
	der_put(w, DER_SEQUENCE, r->keys);
	der_close(w);
}

void
recipient_encrypted_key_write(struct der_writer *w, const struct recipient_encrypted_key *k)
{
	der_open(w, DER_SEQUENCE);
	if (k->id.by_key) {
		der_open(w, DER_CONTEXT_CONS(0));
		der_put(w, DER_OCTET_STRING, k->id.key_id);
		der_close(w);
	} else {
		put_issuer_and_serial(w, &k->id);
	}
	der_put(w, DER_OCTET_STRING, k->encrypted_key);
	der_close(w);
}

static void
put_password(struct der_writer *w, const struct password_recipient *r)
{
	der_open(w, DER_CONTEXT_CONS(3));
	der_put_int(w, 0);
	if (r->has_derivation)
		der_put_raw(w, r->derivation.whole);
	der_put_raw(w, r->encryption.whole);
	der_put(w, DER_OCTET_STRING, r->encrypted_key);
	der_close(w);
}

static void
put_kem(struct der_writer *w, const struct kem_recipient *r)
{
	der_open(w, DER_CONTEXT_CONS(4));
	der_put_oid(w, oid_octets(OID_ORI_KEM));
	der_open(w, DER_SEQUENCE);
	der_put_int(w, 0);
	put_id(w, &r->id);
	der_put_raw(w, r->kem.whole);
	der_put(w, DER_OCTET_STRING, r->ciphertext);
	der_put_raw(w, r->kdf.whole);
	der_put_int(w, r->kek_length);
	put_ukm(w, DER_CONTEXT_CONS(0), r->has_ukm, r->ukm);
	der_put_raw(w, r->wrap.whole);
	der_put(w, DER_OCTET_STRING, r->encrypted_key);
	der_close(w);
	der_close(w);
}

void
recipient_info_write(struct der_writer *w, const struct recipient_info *r)
{
	switch (r->kind) {
	case RECIPIENT_KEY_TRANSPORT: put_key_transport(w, &r->transport); break;
	case RECIPIENT_KEY_AGREEMENT: put_key_agreement(w, &r->agreement); break;
	case RECIPIENT_PASSWORD: put_password(w, &r->password); break;
	case RECIPIENT_KEM: put_kem(w, &r->kem); break;
	case RECIPIENT_KEK:
	case RECIPIENT_OTHER: w->failed = true; break;	// nobody makes these
	}
}

void
enveloped_data_write(struct der_writer *w, uint8_t tag, const struct enveloped_data *e)
{
	der_open(w, tag);
	der_put_int(w, e->version);
	der_put_set(w, DER_SET, e->recipients);
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, e->content_type);
	der_put_raw(w, e->encryption.whole);
	if (e->has_content)
		der_put(w, DER_CONTEXT(0), e->content);
	der_close(w);
	if (e->attributes.len > 0)
		der_put(w, DER_CONTEXT_CONS(1), e->attributes);
	der_close(w);
}

// ---- SignedData

static void
open_attribute(struct der_writer *w, enum oid_id type)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_octets(type));
	der_open(w, DER_SET);
}

static void
close_attribute(struct der_writer *w)
{
	der_close(w);
	der_close(w);
}

// Contents of the SET of these elements, in the order of DER.
static bool
put_sorted(struct buffer *out, struct span elements)
{
	struct der_writer w;
	struct span whole, contents;

	der_writer_init(&w, 4096);
	der_put_set(&w, DER_SET, elements);
	bool well = der_finish(&w, &whole) && der_take(&whole, DER_SET, &contents) && buffer_append(out, contents);
	der_writer_clear(&w);
	return well;
}

bool
signed_attributes_write(struct buffer *out, struct span content_type, struct span message_digest, int64_t signing_time)
{
	struct der_writer w;
	struct span contents;

	der_writer_init(&w, 4096);
	open_attribute(&w, OID_CONTENT_TYPE);
	der_put_oid(&w, content_type);
	close_attribute(&w);
	open_attribute(&w, OID_MESSAGE_DIGEST);
	der_put(&w, DER_OCTET_STRING, message_digest);
	close_attribute(&w);
	if (signing_time != 0) {
		open_attribute(&w, OID_SIGNING_TIME);
		der_put_time(&w, signing_time);
		close_attribute(&w);
	}
	bool well = der_finish(&w, &contents) && put_sorted(out, contents);
	der_writer_clear(&w);
	return well;
}

void
signer_info_write(struct der_writer *w, const struct signer_info *s)
{
	der_open(w, DER_SEQUENCE);
	der_put_int(w, s->id.by_key ? 3 : 1);
	put_id(w, &s->id);
	der_put_raw(w, s->digest.whole);
	if (s->has_signed_attributes)
		der_put(w, DER_CONTEXT_CONS(0), s->signed_attributes);
	der_put_raw(w, s->signature_algorithm.whole);
	der_put(w, DER_OCTET_STRING, s->signature);
	der_close(w);
}

void
signed_data_write(struct der_writer *w, const struct signed_data *s)
{
	der_open(w, DER_SEQUENCE);
	der_put_int(w, 3);
	der_put_set(w, DER_SET, s->digests);
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, s->content_type);
	if (s->has_content) {
		der_open(w, DER_CONTEXT_CONS(0));
		der_put(w, DER_OCTET_STRING, s->content);
		der_close(w);
	}
	der_close(w);
	if (s->certificates.len > 0)
		der_put(w, DER_CONTEXT_CONS(0), s->certificates);
	der_put_set(w, DER_SET, s->signers);
	der_close(w);
}
