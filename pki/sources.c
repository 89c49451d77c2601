// SPDX-License-Identifier: GPL-3.0-or-later
#include "pki/sources.h"

#include <stdio.h>

#include "base/memory.h"
#include "base/random.h"
#include "codec/oid.h"
#include "crypto/digest.h"
#include "pki/responder.h"

// ---- addresses

static struct span
access_descriptions(const struct member *m)
{
	struct span rest = m->of_set.view.extensions, list;
	struct extension e;

	while (extension_next(&rest, &e))
		if (oid_find(e.oid) == OID_PE_AUTHORITY_INFO_ACCESS)
			return info_access_read(e.value, &list, NULL) ? list : span_of(NULL, 0);
	return span_of(NULL, 0);
}

void
source_begin(struct source_walk *w, const struct trust *t, const struct member *certificate, enum want_kind kind)
{
	memset(w, 0, sizeof(*w));
	w->trust = t;
	w->kind = kind;
	w->rest = kind == WANT_OCSP ? access_descriptions(certificate) : certificate->facts.crl_points;
}

// The next general name that may be an address. A point with a crlIssuer leads to
// an indirect CRL, which tells nothing here.
static bool
next_name(struct source_walk *w, struct general_name *out)
{
	struct access_description d;

	while (w->kind == WANT_OCSP && access_description_next(&w->rest, &d))
		if (oid_find(d.method) == OID_AD_OCSP)
			return *out = d.location, true;
	if (w->kind == WANT_OCSP)
		return false;
	for (;;) {
		if (!der_at_end(w->names))
			return general_name_read(&w->names, out, NULL);
		if (!distribution_point_next(&w->rest, &w->point))
			return false;
		w->names = w->point.crl_issuer.len == 0 ? w->point.name.full : span_of(NULL, 0);
	}
}

static bool
is_allowed(const struct source_walk *w, const struct web_url *url)
{
	const struct fences *list = w->kind == WANT_OCSP ? &w->trust->responders : &w->trust->points;

	for (size_t i = 0; i < list->count; i++)
		if (web_url_begins(url, &list->list[i]))
			return true;
	return false;
}

bool
source_next(struct source_walk *w, struct source *out)
{
	struct general_name name;

	while (w->found < SOURCES_MAX && next_name(w, &name)) {
		if (name.kind != GN_URI || !web_url_read(&out->url, name.value, NULL))
			continue;
		out->kind = w->kind;
		out->text = name.value;
		snprintf(out->url_text, sizeof(out->url_text), "%.*s", (int)name.value.len, (const char *)name.value.data);
		out->point = w->point;
		if (is_allowed(w, &out->url))
			return ++w->found > 0;
		if (w->outside.len == 0)
			w->outside = name.value;
	}
	return false;
}

// ---- wants

bool
source_key(const struct source *s, const struct member *certificate, const struct member *issuer, uint8_t key[WANT_KEY])
{
	const struct certificate *c = &certificate->of_set.view;
	const struct span serial = s->kind == WANT_OCSP ? c->serial : span_of(NULL, 0);
	const uint64_t scalars[] = { (uint64_t)s->kind, s->text.len, c->issuer.len, issuer->of_set.view.public_key.whole.len, serial.len };
	const struct span parts[] = { span_of(scalars, sizeof(scalars)), s->text, c->issuer, issuer->of_set.view.public_key.whole, serial };
	uint8_t digest[DIGEST_MAX];

	if (!digest_of(DIGEST_SHA256, parts, 5, digest))
		return false;
	memcpy(key, digest, WANT_KEY);
	return true;
}

// The octets of certificate, issuer, nonce and request, one after the other.
static bool
fill(struct want *w, const struct member *certificate, const struct member *issuer)
{
	struct span whole = certificate->of_set.view.whole, above = issuer->of_set.view.whole;
	uint8_t nonce[RESPONDER_NONCE];
	struct buffer b;

	buffer_init(&b, SIZE_MAX);
	buffer_append(&b, whole);
	buffer_append(&b, above);
	if (w->kind == WANT_OCSP && random_octets(nonce, sizeof(nonce)) && buffer_append(&b, span_of(nonce, sizeof(nonce)))
		&& !responder_ask(&b, certificate, issuer, span_of(nonce, sizeof(nonce)), NULL))
		b.failed = true;
	w->octets = b.data;
	if (b.failed || (w->kind == WANT_OCSP && b.len <= whole.len + above.len))
		return false;
	w->certificate = span_of(b.data, whole.len);
	w->issuer = span_of(b.data + whole.len, above.len);
	if (w->kind == WANT_CRL)
		return true;
	w->nonce = span_of(w->issuer.data + above.len, sizeof(nonce));
	w->request = span_of(w->nonce.data + sizeof(nonce), b.len - whole.len - above.len - sizeof(nonce));
	return true;
}

static struct want *
want_find(struct wants *wants, const struct trust *t, const uint8_t key[WANT_KEY])
{
	for (size_t i = 0; i < wants->count; i++)
		if (wants->list[i]->trust == t && memcmp(wants->list[i]->key, key, WANT_KEY) == 0)
			return wants->list[i];
	return NULL;
}

static struct want *
want_new(const struct source *s, struct trust *t, const struct member *certificate, const struct member *issuer)
{
	struct want *w = mem_alloc(sizeof(*w));

	if (w == NULL)
		return NULL;
	w->kind = s->kind;
	w->trust = trust_ref(t);
	w->url = s->url;
	memcpy(w->url_text, s->url_text, sizeof(w->url_text));
	member_text(certificate, w->subject, sizeof(w->subject));
	if (fill(w, certificate, issuer))
		return w;
	want_free(w);
	return NULL;
}

bool
source_want(const struct source *s, struct trust *t, const struct member *certificate, const struct member *issuer, bool needed, struct wants *out)
{
	uint8_t key[WANT_KEY];
	struct want *w;

	if (!source_key(s, certificate, issuer, key))
		return false;
	w = want_find(out, t, key);
	if (w == NULL) {
		w = out->count < WANTS_MAX ? want_new(s, t, certificate, issuer) : NULL;
		if (w == NULL)
			return false;
		memcpy(w->key, key, WANT_KEY);
		out->list[out->count++] = w;
	}
	w->needed = w->needed || needed;
	return true;
}

void
want_free(struct want *w)
{
	if (w == NULL)
		return;
	trust_unref(w->trust);
	mem_free(w->octets);
	mem_free(w);
}

void
wants_cut(struct wants *w, size_t keep)
{
	while (w != NULL && w->count > keep)
		want_free(w->list[--w->count]);
}

void
wants_drop_needed(struct wants *w, size_t keep)
{
	size_t kept = keep;

	for (size_t i = keep; w != NULL && i < w->count; i++)
		if (w->list[i]->needed)
			want_free(w->list[i]);
		else
			w->list[kept++] = w->list[i];
	if (w != NULL && w->count > keep)
		w->count = kept;
}

bool
wants_are_needed(const struct wants *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->list[i]->needed)
			return true;
	return false;
}

struct want *
wants_take(struct wants *w)
{
	return w->count > 0 ? w->list[--w->count] : NULL;
}
