// SPDX-License-Identifier: GPL-3.0-or-later
// What comes out of envelopes, files and responders rather than off the wire.
// The first octet selects the structure, the rest is it. What is accepted lies
// inside the octets and can be walked to its end; what is refused has a fault;
// what a reader and a writer share comes back the same.
#include <stdlib.h>

#include "cli/describe.h"
#include "codec/extension.h"
#include "codec/mac.h"
#include "codec/ocsp.h"
#include "codec/pkcs8.h"
#include "tests/fuzz/der_change.h"

enum { TREE_MAX = 16 << 20 };

static struct span all;		// the octets of this run

static void
inside(struct span part)
{
	if (part.len > 0 && (part.data < all.data || part.data + part.len > all.data + all.len))
		abort();
}

// An answer and its fault must fit each other.
static bool
judged(bool well, const struct fault *f)
{
	if (well == f->set)
		abort();
	return well;
}

// ---- CMS

static void
look_at_id(const struct cms_id *id)
{
	inside(id->key_id);
	inside(id->issuer);
	inside(id->serial);
}

static void
look_at_agreement(const struct key_agreement *a)
{
	struct recipient_encrypted_key key;
	struct span keys = a->keys;
	size_t count = 0;

	look_at_id(&a->originator_id);
	for (; !der_at_end(keys); count++) {
		if (!recipient_encrypted_key_take(&keys, &key, NULL))
			abort();
		look_at_id(&key.id);
		inside(key.encrypted_key);
	}
	if (count != a->key_count)
		abort();
}

// Written from its view a recipient reads as the same kind, and written again as the same octets.
static void
write_recipient(const struct recipient_info *r)
{
	struct recipient_info again;
	struct der_writer w, v;
	struct span first, second;

	if (r->kind == RECIPIENT_KEK || r->kind == RECIPIENT_OTHER)
		return;
	der_writer_init(&w, all.len + 4096);
	der_writer_init(&v, all.len + 4096);
	recipient_info_write(&w, r);
	if (!der_finish(&w, &first))
		abort();
	struct span in = first;
	if (!recipient_info_take(&in, &again, NULL) || !der_at_end(in) || again.kind != r->kind)
		abort();
	recipient_info_write(&v, &again);
	if (!der_finish(&v, &second) || !span_equal(first, second))
		abort();
	der_writer_clear(&w);
	der_writer_clear(&v);
}

static void
show_envelope(const struct enveloped_data *e)
{
	struct tree t;

	for (int json = 0; json < 2; json++) {
		tree_init(&t, json == 1, true, TREE_MAX);
		tree_open(&t, NULL);
		describe_enveloped_data(&t, e);
		tree_close(&t);
		if (t.depth != 0 && !t.out.failed)
			abort();
		tree_clear(&t);
	}
}

static void
run_enveloped(struct span octets)
{
	struct enveloped_data e;
	struct recipient_info r;
	struct fault f = { .set = false };
	size_t count = 0;

	if (!der_check(octets) || !judged(enveloped_data_take(&octets, &e, &f), &f))
		return;
	for (struct span rest = e.recipients; !der_at_end(rest); count++) {
		if (!recipient_info_take(&rest, &r, NULL))
			abort();
		inside(r.whole);
		if (r.kind == RECIPIENT_KEY_AGREEMENT)
			look_at_agreement(&r.agreement);
		write_recipient(&r);
	}
	if (count != e.recipient_count)
		abort();
	inside(e.content);
	inside(e.attributes);
	show_envelope(&e);
}

static void
run_signed(struct span octets)
{
	struct signed_data d;
	struct signer_info s;
	struct fault f = { .set = false };
	size_t count = 0;

	if (!judged(signed_data_read(octets, &d, &f), &f))
		return;
	inside(d.content);
	inside(d.certificates);
	for (struct span rest = d.signers; !der_at_end(rest); count++) {
		if (!signer_info_take(&rest, &s, NULL))
			abort();
		look_at_id(&s.id);
		inside(s.signature);
		inside(s.message_digest);
		if (s.has_signed_attributes && (s.signed_parts[0].len != 1 || s.signed_parts[1].len <= s.signed_attributes.len))
			abort();
		inside(s.signed_parts[1]);
	}
	if (count != d.signer_count)
		abort();
}

static void
run_package(struct span octets)
{
	struct private_key_info key;
	struct fault f = { .set = false };
	struct span keys;
	size_t count, walked = 0;

	if (!judged(key_package_read(octets, &keys, &count, &f), &f))
		return;
	for (; !der_at_end(keys); walked++)
		if (!private_key_info_take(&keys, &key, NULL))
			abort();
	if (walked != count)
		abort();
}

// ---- parameters of algorithms

static void
read_parameters(const struct algorithm *a)
{
	struct pbm_parameters pbm;
	struct pbmac1_parameters pbmac1;
	struct pbkdf2_parameters kdf;
	struct pss_parameters pss;
	struct span value;
	struct fault f[6] = { { .set = false } };

	if (judged(pbm_parameters_read(a, &pbm, &f[0]), &f[0]))
		inside(pbm.salt);
	if (judged(pbmac1_parameters_read(a, &pbmac1, &f[1]), &f[1]))
		inside(pbmac1.kdf.salt);
	if (judged(pbkdf2_parameters_read(a, &kdf, &f[2]), &f[2]) && kdf.prf.oid.len == 0)
		abort();
	if (judged(pss_parameters_read(a, &pss, &f[3]), &f[3]) && (pss.hash.oid.len == 0 || pss.mask_hash.oid.len == 0))
		abort();
	if (judged(cbc_parameters_read(a, &value, &f[4]), &f[4]))
		inside(value);
	if (judged(curve_parameters_read(a, &value, &f[5]), &f[5]))
		inside(value);
}

static void
run_parameters(struct span octets)
{
	struct algorithm a;

	if (der_check(octets) && algorithm_take(&octets, &a, NULL))
		read_parameters(&a);
}

// ---- private keys

static void
look_inside(struct span key)
{
	struct ec_private_key ec;
	struct rsa_private_key rsa;
	struct span seed;
	struct fault f[3] = { { .set = false } };

	if (judged(ec_private_key_read(key, &ec, &f[0]), &f[0]))
		inside(ec.key);
	if (judged(rsa_private_key_read(key, &rsa, &f[1]), &f[1]) && (rsa.modulus.len == 0 || rsa.modulus.data[0] == 0))
		abort();
	if (judged(curve_private_key_read(key, &seed, &f[2]), &f[2]))
		inside(seed);
}

static void
write_key(const struct private_key_info *k)
{
	struct private_key_info again;
	struct der_writer w;
	struct span octets;

	der_writer_init(&w, all.len + 4096);
	private_key_info_write(&w, k);
	if (!der_finish(&w, &octets) || !private_key_info_read(octets, &again, NULL) || !span_equal(again.key, k->key))
		abort();
	der_writer_clear(&w);
}

static void
run_private_key(struct span octets)
{
	struct private_key_info k;
	struct encrypted_private_key e;
	struct fault f[2] = { { .set = false } };

	look_inside(octets);
	if (judged(encrypted_private_key_read(octets, &e, &f[0]), &f[0]))
		inside(e.secret);
	if (!judged(private_key_info_read(octets, &k, &f[1]), &f[1]))
		return;
	inside(k.key);
	look_inside(k.key);
	write_key(&k);
}

// ---- OCSP

static void
run_response(struct span octets)
{
	struct ocsp_response r;
	struct ocsp_single single, found;
	struct fault f = { .set = false };
	size_t count = 0;

	if (!judged(ocsp_response_read(octets, &r, &f), &f) || r.status != OCSP_SUCCESSFUL)
		return;
	inside(r.tbs);
	inside(r.responder);
	inside(r.nonce);
	for (struct span rest = r.singles; ocsp_single_next(&rest, &single); count++)
		if (!ocsp_single_find(&r, &single.id, &found) || !ocsp_cert_id_equal(&found.id, &single.id))
			abort();
	if (count != r.count)
		abort();
}

static void
run_request(struct span octets)
{
	struct ocsp_request r, again;
	struct ocsp_cert_id id, same;
	struct buffer out;
	struct fault f = { .set = false };
	size_t count = 0;

	if (!judged(ocsp_request_read(octets, &r, &f), &f))
		return;
	buffer_init(&out, all.len + 4096);
	for (struct span rest = r.requests; ocsp_request_next(&rest, &id); count++) {
		out.len = 0;
		// What is read may be longer than what is written.
		if (id.hash.len + id.name_hash.len + id.key_hash.len + id.serial.len + r.nonce.len > CAP_OCSP_REQUEST - 128)
			continue;
		if (!ocsp_request_build(&out, &id, r.nonce) || !ocsp_request_read(buffer_span(&out), &again, NULL)
		    || !ocsp_request_next(&again.requests, &same) || !ocsp_cert_id_equal(&id, &same))
			abort();
	}
	if (count != r.count)
		abort();
	buffer_clear(&out);
}

// ---- names from text

// What can be made can be read; the text of it makes a name that is equal,
// unless it was cut, or values were given in hex, which may be of types that have no text.
static void
run_name(struct span text)
{
	struct fault f = { .set = false };
	struct der_writer w, v;
	struct span name, again;
	char shown[NAME_TEXT_MAX];

	der_writer_init(&w, 1 << 20);
	der_writer_init(&v, 1 << 20);
	if (judged(name_from_text(&w, text, &f), &f)) {
		if (!der_finish(&w, &name) || !der_check(name) || !name_check(name, NULL) || !name_within(name, name))
			abort();
		name_text(name, shown, sizeof(shown));
		size_t length = strlen(shown);
		bool plain = strstr(shown, "...") == NULL && (text.len == 0 || memchr(text.data, '#', text.len) == NULL);
		if (plain && (!name_from_text(&v, span_of(shown, length), NULL) || !der_finish(&v, &again) || !name_equal_canonical(name, again)))
			abort();
	}
	der_writer_clear(&w);
	der_writer_clear(&v);
}

static void
run_general_name(struct span text)
{
	struct fault f = { .set = false };
	struct general_name read;
	struct der_writer w;
	struct span name;

	der_writer_init(&w, 1 << 20);
	if (judged(general_name_from_text(&w, text, &f), &f)
	    && (!der_finish(&w, &name) || !der_check(name) || !general_name_read(&name, &read, NULL) || !der_at_end(name)))
		abort();
	der_writer_clear(&w);
}

static void (*const runs[])(struct span) = {
	run_enveloped, run_signed, run_package, run_parameters, run_private_key, run_response, run_request, run_name, run_general_name
};

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return der_mutate(data, size, max, seed, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	all = span_of(data + 1, size - 1);
	runs[data[0] % (sizeof(runs) / sizeof(runs[0]))](all);
	return 0;
}
