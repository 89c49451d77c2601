// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/crmf.h"

#include "codec/extension.h"
#include "codec/pkcs10.h"
#include "codec/pkimessage.h"

#define REQUEST_MAX (1024 * 1024)	// octets of a request that is written

static bool
finish(struct der_writer *w, struct buffer *out)
{
	struct span octets;

	bool well = der_finish(w, &octets) && buffer_append(out, octets);
	der_writer_clear(w);
	return well;
}

static void
put_ra_verified(struct der_writer *w)
{
	der_put(w, DER_CONTEXT(0), span_of(NULL, 0));
}

// ---- a changed template

static void
put_tagged_time(struct der_writer *w, unsigned n, bool has, int64_t seconds)
{
	if (!has)
		return;
	der_open(w, (uint8_t)DER_CONTEXT_CONS(n));
	der_put_time(w, seconds);
	der_close(w);
}

static void
put_validity(struct der_writer *w, const struct template_change *c)
{
	der_open(w, DER_CONTEXT_CONS(4));
	put_tagged_time(w, 0, c->has_not_before, c->not_before);
	put_tagged_time(w, 1, c->has_not_after, c->not_after);
	der_close(w);
}

// Find the extension of a type in a list.
static bool
find(struct span list, struct span oid, struct extension *out)
{
	while (extension_next(&list, out))
		if (span_equal(out->oid, oid))
			return true;
	return false;
}

// Those received, each in its place or replaced, then those that are new.
static void
put_extensions(struct der_writer *w, struct span received, struct span changed)
{
	struct extension e, other;
	size_t count = 0;

	der_open(w, DER_CONTEXT_CONS(9));
	for (struct span rest = received; extension_next(&rest, &e); count++)
		der_put_raw(w, find(changed, e.oid, &other) ? other.whole : e.whole);
	for (struct span rest = changed; extension_next(&rest, &e); ) {
		if (find(received, e.oid, &other))
			continue;
		der_put_raw(w, e.whole);
		count++;
	}
	der_close(w);
	if (count > CAP_EXTENSIONS)
		w->failed = true;
}

// The fields of a CertTemplate are [0] to [9], in order, each at most once.
static void
put_template(struct der_writer *w, const struct cert_template *t, const struct template_change *c)
{
	struct span whole = t->whole, in = span_of(NULL, 0), field;
	uint8_t tag;

	der_take(&whole, DER_SEQUENCE, &in);
	der_open(w, DER_SEQUENCE);
	for (unsigned n = 0; n <= 9; n++) {
		field = span_of(NULL, 0);
		if (in.len > 0 && (in.data[0] & 0x1Fu) == n)
			der_take_any(&in, &tag, NULL, &field);
		if (n == 4 && (c->has_not_before || c->has_not_after))
			put_validity(w, c);
		else if (n == 5 && c->has_subject)
			der_put(w, DER_CONTEXT_CONS(5), c->subject);
		else if (n == 9 && c->extensions.len > 0)
			put_extensions(w, t->extensions, c->extensions);
		else
			der_put_raw(w, field);
	}
	der_close(w);
}

static void
put_changed_request(struct der_writer *w, const struct cert_req_msg *r, const struct template_change *c)
{
	der_open(w, DER_SEQUENCE);
	der_put(w, DER_INTEGER, r->cert_req_id);
	put_template(w, &r->template, c);
	if (r->controls.len > 0)
		der_put(w, DER_SEQUENCE, r->controls);
	der_close(w);
}

static bool
changes_something(const struct template_change *c)
{
	return c != NULL && (c->has_subject || c->has_not_before || c->has_not_after || c->extensions.len > 0);
}

bool
cert_req_rebuild(struct buffer *out, const struct cert_req_msg *r, const struct template_change *change)
{
	struct der_writer w;
	bool changed = changes_something(change);

	if (changed && change->extensions.len > 0 && !extensions_check(change->extensions, NULL))
		return false;
	der_writer_init(&w, REQUEST_MAX);
	der_open(&w, DER_SEQUENCE);
	if (changed)
		put_changed_request(&w, r, change);
	else
		der_put_raw(&w, r->cert_req);
	put_ra_verified(&w);
	if (r->reg_info.len > 0)
		der_put(&w, DER_SEQUENCE, r->reg_info);
	der_close(&w);
	return finish(&w, out);
}

// ---- a request made of PKCS#10

bool
cert_req_from_pkcs10(struct buffer *out, const struct pkcs10 *p)
{
	struct der_writer w;

	der_writer_init(&w, REQUEST_MAX);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_put_int(&w, 0);
	der_open(&w, DER_SEQUENCE);
	der_put(&w, DER_CONTEXT_CONS(5), p->subject);
	der_open(&w, DER_CONTEXT_CONS(6));
	der_put_raw(&w, p->public_key.algorithm.whole);
	der_put_bits(&w, p->public_key.key, 0);
	der_close(&w);
	if (p->extensions.len > 0)
		der_put(&w, DER_CONTEXT_CONS(9), p->extensions);
	der_close(&w);
	der_close(&w);
	put_ra_verified(&w);
	der_close(&w);
	return finish(&w, out);
}
