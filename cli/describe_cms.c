// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/describe.h"

#include "codec/cms.h"
#include "codec/oid.h"

static void
put_id(struct tree *t, const char *field, const struct cms_id *id)
{
	tree_open(t, field);
	if (id->by_key) {
		tree_octets(t, "subjectKeyIdentifier", id->key_id);
	} else {
		describe_name(t, "issuer", id->issuer);
		tree_octets(t, "serialNumber", id->serial);
	}
	tree_close(t);
}

static void
put_ukm(struct tree *t, bool has, struct span ukm)
{
	if (has)
		tree_octets(t, "ukm", ukm);
}

static void
put_transport(struct tree *t, const struct key_transport *r)
{
	tree_text(t, "type", "ktri");
	put_id(t, "rid", &r->id);
	describe_algorithm(t, "keyEncryptionAlgorithm", &r->encryption);
	describe_hidden(t, "encryptedKey", r->encrypted_key.len);
}

static void
put_agreement(struct tree *t, const struct key_agreement *r)
{
	struct recipient_encrypted_key key;
	struct span keys = r->keys;

	tree_text(t, "type", "kari");
	if (r->originator == ORIGINATOR_KEY)
		describe_public_key(t, "originatorKey", &r->originator_key);
	else
		put_id(t, "originator", &r->originator_id);
	put_ukm(t, r->has_ukm, r->ukm);
	describe_algorithm(t, "keyEncryptionAlgorithm", &r->encryption);
	tree_open_list(t, "recipientEncryptedKeys");
	while (!der_at_end(keys) && recipient_encrypted_key_take(&keys, &key, NULL)) {
		tree_open(t, NULL);
		put_id(t, "rid", &key.id);
		describe_hidden(t, "encryptedKey", key.encrypted_key.len);
		tree_close(t);
	}
	tree_close(t);
}

// The derivation with its cost, which is what makes a password recipient strong or weak.
static void
put_derivation(struct tree *t, const struct algorithm *a)
{
	struct pbkdf2_parameters p;

	if (!pbkdf2_read(a, &p, NULL)) {
		describe_algorithm(t, "keyDerivationAlgorithm", a);
		return;
	}
	tree_open(t, "keyDerivationAlgorithm");
	describe_oid(t, "algorithm", a->oid);
	tree_octets(t, "salt", p.salt);
	tree_number(t, "iterationCount", p.iterations);
	if (p.has_key_length)
		tree_number(t, "keyLength", p.key_length);
	describe_oid(t, "prf", p.prf.oid);
	tree_close(t);
}

static void
put_password(struct tree *t, const struct password_recipient *r)
{
	tree_text(t, "type", "pwri");
	if (r->has_derivation)
		put_derivation(t, &r->derivation);
	describe_algorithm(t, "keyEncryptionAlgorithm", &r->encryption);
	describe_hidden(t, "encryptedKey", r->encrypted_key.len);
}

static void
put_kem(struct tree *t, const struct kem_recipient *r)
{
	tree_text(t, "type", "kemri");
	put_id(t, "rid", &r->id);
	describe_algorithm(t, "kem", &r->kem);
	tree_octets(t, "kemct", r->ciphertext);
	describe_algorithm(t, "kdf", &r->kdf);
	tree_number(t, "kekLength", r->kek_length);
	put_ukm(t, r->has_ukm, r->ukm);
	describe_algorithm(t, "wrap", &r->wrap);
	describe_hidden(t, "encryptedKey", r->encrypted_key.len);
}

static void
put_recipient(struct tree *t, const struct recipient_info *r)
{
	tree_open(t, NULL);
	switch (r->kind) {
	case RECIPIENT_KEY_TRANSPORT: put_transport(t, &r->transport); break;
	case RECIPIENT_KEY_AGREEMENT: put_agreement(t, &r->agreement); break;
	case RECIPIENT_PASSWORD: put_password(t, &r->password); break;
	case RECIPIENT_KEM: put_kem(t, &r->kem); break;
	case RECIPIENT_KEK: tree_text(t, "type", "kekri"); break;
	case RECIPIENT_OTHER:
		tree_text(t, "type", "ori");
		describe_oid(t, "oriType", r->other_type);
		break;
	}
	tree_close(t);
}

void
describe_enveloped_data(struct tree *t, const struct enveloped_data *e)
{
	struct span list = e->recipients;
	struct recipient_info r;

	tree_number(t, "version", e->version);
	tree_open_list(t, "recipientInfos");
	while (!der_at_end(list) && recipient_info_take(&list, &r, NULL))
		put_recipient(t, &r);
	tree_close(t);
	describe_oid(t, "contentType", e->content_type);
	describe_algorithm(t, "contentEncryptionAlgorithm", &e->encryption);
	if (e->has_content)
		describe_hidden(t, "encryptedContent", e->content.len);
	describe_attributes(t, "unprotectedAttrs", e->attributes);
}

void
describe_encrypted_key(struct tree *t, const char *field, const struct encrypted_key *k)
{
	struct enveloped_data e;

	tree_open(t, field);
	tree_text(t, "type", k->enveloped ? "envelopedData" : "encryptedValue");
	if (k->enveloped && enveloped_data_read(k->contents, &e, NULL))
		describe_enveloped_data(t, &e);
	else
		describe_hidden(t, "value", k->contents.len);
	tree_close(t);
}
