// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/route.h"

#include <arpa/inet.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/extension.h"
#include "codec/certificate.h"
#include "codec/oid.h"
#include "codec/text.h"
#include "gateway/policy.h"
#include "gateway/transaction.h"
#include "pki/algorithm.h"

// ---- networks

struct address { uint8_t octets[16]; size_t len; };

static bool
address_parse(struct address *out, const char *text)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };

	if (inet_pton(AF_INET, text, out->octets) == 1) {
		out->len = 4;
		return true;
	}
	if (inet_pton(AF_INET6, text, out->octets) != 1)
		return false;
	out->len = 16;
	if (memcmp(out->octets, mapped, sizeof(mapped)) == 0) {
		memmove(out->octets, out->octets + 12, 4);
		out->len = 4;
	}
	return true;
}

static bool
prefix_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool
network_holds(const char *network, const struct address *a)
{
	const char *slash = strchr(network, '/');
	char text[64];
	struct address n;

	snprintf(text, sizeof(text), "%.*s", slash != NULL ? (int)(slash - network) : (int)strlen(network), network);
	if (!address_parse(&n, text) || n.len != a->len)
		return false;
	unsigned long bits = slash != NULL ? strtoul(slash + 1, NULL, 10) : n.len * 8;
	// ::ffff:10.7.0.0/112 became 10.7.0.0: its prefix counts from there.
	if (slash != NULL && n.len == 4 && memchr(text, ':', strlen(text)) != NULL) {
		if (bits < 96)
			return false;
		bits -= 96;
	}
	return bits <= n.len * 8 && prefix_equal(n.octets, a->octets, (unsigned)bits);
}

bool
address_within(const char *address, const struct option_texts *networks)
{
	struct address a;

	if (!address_parse(&a, address))
		return false;
	for (size_t i = 0; i < networks->count; i++)
		if (network_holds(networks->items[i], &a))
			return true;
	return false;
}

// ---- claims

static bool
any_glob(const struct option_texts *globs, const char *text)
{
	for (size_t i = 0; i < globs->count; i++)
		if (fnmatch(globs->items[i], text, 0) == 0)
			return true;
	return false;
}

static bool
profile_matches(const struct option_texts *globs, const struct claims *c)
{
	struct span texts = message_meaning(c->message)->header.cert_profile, text;
	char profile[CAP_FREE_TEXT + 1];

	if (c->label->profile[0] != '\0' && any_glob(globs, c->label->profile))
		return true;
	while (der_take(&texts, DER_UTF8, &text)) {
		if (text.len >= sizeof(profile) || memchr(text.data, 0, text.len) != NULL)
			continue;
		memcpy(profile, text.data, text.len);
		profile[text.len] = '\0';
		if (any_glob(globs, profile))
			return true;
	}
	return false;
}

// A distinguished name is matched as RFC 4514 writes it, any other kind of
// name with its kind before it ("DNS:plc-7").
static const char *
sender_text(struct span sender, char out[NAME_TEXT_MAX])
{
	static const char directory[] = "dirName:";

	general_name_text(sender, out, NAME_TEXT_MAX);
	return strncmp(out, directory, sizeof(directory) - 1) == 0 ? out + sizeof(directory) - 1 : out;
}

static bool
sender_matches(const struct option_texts *globs, const struct claims *c)
{
	char text[NAME_TEXT_MAX];

	return any_glob(globs, sender_text(message_meaning(c->message)->header.sender, text));
}

// ---- the certificate that protects the message, as the message has it

static bool
signer_of(const struct claims *c, struct certificate *out)
{
	const struct pkimessage *m = message_meaning(c->message);
	struct fault unsaid = { .set = false };

	return signer_find(m, span_of(NULL, 0), out, &unsaid);
}

static bool
san_matches(const char *glob, struct span extensions)
{
	struct extension e;
	struct span names;
	struct general_name one;
	char text[NAME_TEXT_MAX];

	if (!extension_find(extensions, CE_SUBJECT_ALT_NAME, &e) || !alt_names_read(e.value, &names, NULL))
		return false;
	while (!der_at_end(names) && general_name_read(&names, &one, NULL))
		if (fnmatch(glob, general_name_text(one.whole, text, sizeof(text)), 0) == 0)
			return true;
	return false;
}

// Under which set the signer is verified shows later; policy.c holds the route to it.
static bool
signer_matches(const struct settings_route *r, const struct claims *c)
{
	struct certificate signer;
	char text[NAME_TEXT_MAX];

	if (!signer_of(c, &signer))
		return false;
	if (r->match_signer.issuer != NULL && fnmatch(r->match_signer.issuer, name_text(signer.issuer, text, sizeof(text)), 0) != 0)
		return false;
	return r->match_signer.san == NULL || san_matches(r->match_signer.san, signer.extensions);
}

const char *
kid_text(struct span kid, char *out, size_t size)
{
	bool printable = kid.len > 0;

	for (size_t i = 0; i < kid.len; i++)
		printable = printable && kid.data[i] > 0x20 && kid.data[i] < 0x7F;
	return printable ? utf8_text(kid, out, size) : hex_text(kid, out, size);
}

static bool
kid_matches(const struct option_texts *globs, const struct claims *c)
{
	const struct pkiheader *h = &message_meaning(c->message)->header;
	char text[2 * CAP_KEY_ID + 4];

	return h->has_sender_kid && h->sender_kid.len > 0 && any_glob(globs, kid_text(h->sender_kid, text, sizeof(text)));
}

// ---- what is asked for

static bool
key_matches(const struct option_texts *words, const struct pkimessage *m)
{
	static const struct { const char *word; enum key_type type; unsigned bits; } rows[] = {
		{ "p256", KEY_P256, 0 }, { "p384", KEY_P384, 0 }, { "p521", KEY_P521, 0 }, { "bp256", KEY_BRAINPOOL_P256, 0 },
		{ "bp384", KEY_BRAINPOOL_P384, 0 }, { "bp512", KEY_BRAINPOOL_P512, 0 }, { "ed25519", KEY_ED25519, 0 }, { "ed448", KEY_ED448, 0 },
		{ "rsa", KEY_RSA, 0 }, { "rsa>=2048", KEY_RSA, 2048 }, { "rsa>=3072", KEY_RSA, 3072 }, { "rsa>=4096", KEY_RSA, 4096 },
	};
	struct public_numbers n;
	struct public_key key;

	if (!requested_key(m, &key) || !algorithm_public_key(&key, &n, NULL))
		return false;
	for (size_t i = 0; i < words->count; i++)
		for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
			if (strcmp(rows[r].word, words->items[i]) == 0 && rows[r].type == n.type && key_bits(&n) >= rows[r].bits)
				return true;
	return false;
}

static bool
names_match(const struct option_texts *globs, struct span extensions)
{
	struct extension e;
	struct span names;
	struct general_name one;
	char text[NAME_TEXT_MAX];

	if (!extension_find(extensions, CE_SUBJECT_ALT_NAME, &e))
		return true;
	if (!alt_names_read(e.value, &names, NULL))
		return false;
	while (!der_at_end(names))
		if (!general_name_read(&names, &one, NULL) || !any_glob(globs, general_name_text(one.whole, text, sizeof(text))))
			return false;
	return true;
}

static bool
purpose_is_named(const struct option_texts *words, struct span oid)
{
	char name[OID_TEXT_MAX], dotted[OID_TEXT_MAX];

	oid_text(oid, name, sizeof(name));
	oid_dotted(oid, dotted, sizeof(dotted));
	for (size_t i = 0; i < words->count; i++)
		if (strcmp(words->items[i], dotted) == 0 || strcmp(words->items[i], name) == 0
		    || (strncmp(name, "id-kp-", 6) == 0 && strcmp(words->items[i], name + 6) == 0))
			return true;
	return false;
}

static bool
purposes_match(const struct option_texts *words, struct span extensions)
{
	struct extension e;
	struct span oids, oid;

	if (!extension_find(extensions, CE_EXT_KEY_USAGE, &e))
		return true;
	if (!ext_key_usage_read(e.value, &oids, NULL))
		return false;
	while (der_take_oid(&oids, &oid))
		if (!purpose_is_named(words, oid))
			return false;
	return true;
}

static bool
validity_matches(int64_t most_ms, const struct pkimessage *m)
{
	int64_t from, to;

	if (!requested_validity(m, &from, &to))
		return true;
	return to - from <= most_ms / 1000;
}

static const char *
template_why_not(const struct settings_route *r, const struct claims *c)
{
	const struct pkimessage *m = message_meaning(c->message);
	enum request_class class = request_class(m->body);
	char text[NAME_TEXT_MAX];

	if (class != CLASS_ENROL && class != CLASS_CSR && class != CLASS_RECOVER)
		return "match.template: it asks for no certificate";
	if (r->match_template.subject.count > 0 && !any_glob(&r->match_template.subject, name_text(requested_subject(m), text, sizeof(text))))
		return "match.template.subject: the subject asked for does not fit";
	if (r->match_template.san.count > 0 && !names_match(&r->match_template.san, requested_extensions(m)))
		return "match.template.san: a subjectAltName asked for does not fit";
	if (r->match_template.key.count > 0 && !key_matches(&r->match_template.key, m))
		return "match.template.key: another kind of key";
	if (r->match_template.eku.count > 0 && !purposes_match(&r->match_template.eku, requested_extensions(m)))
		return "match.template.eku: a purpose that is not named";
	if (r->match_template.validity > 0 && !validity_matches(r->match_template.validity, m))
		return "match.template.validity: asked for longer";
	return NULL;
}

static bool
from_matches(const struct option_texts *names, const char *listener)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], listener) == 0)
			return true;
	return false;
}

// Why a route does not take the message; NULL when it does.
static const char *
why_not(const struct settings_route *r, const struct claims *c)
{
	if (r->from.count > 0 && !from_matches(&r->from, c->listener))
		return "from: the listener is not named";
	if (r->match_path.count > 0 && !any_glob(&r->match_path, c->label->path))
		return "match.path: the path does not fit";
	if (r->match_profile.count > 0 && !profile_matches(&r->match_profile, c))
		return "match.profile: no such profile is named";
	if (r->body_bits != 0 && (r->body_bits & (UINT64_C(1) << message_meaning(c->message)->body)) == 0)
		return "match.body: another kind of message";
	if (r->match_source.count > 0 && !address_within(c->peer->source, &r->match_source))
		return "match.source: the address lies outside";
	if (r->match_sender.count > 0 && !sender_matches(&r->match_sender, c))
		return "match.sender: the sender's name does not fit";
	if (r->match_kid.count > 0 && !kid_matches(&r->match_kid, c))
		return "match.sender: senderKID does not fit";
	if (r->match_signer.given && !signer_matches(r, c))
		return "match.sender.signer: the certificate that came with the message does not fit";
	return r->match_template.given ? template_why_not(r, c) : NULL;
}

// ---- the same, with the values that were compared

enum { REASON_MAX = 1024 };	// octets of a sentence

// "a, b and 3 more"
static void
add_list(struct text *t, const struct option_texts *items)
{
	enum { SHOWN = 8 };
	char more[32];

	for (size_t i = 0; i < items->count && i < SHOWN; i++) {
		text_add(t, i > 0 ? ", " : "");
		text_utf8(t, span_text(items->items[i]), "");
	}
	if (items->count <= SHOWN)
		return;
	snprintf(more, sizeof(more), " and %zu more", items->count - SHOWN);
	text_add(t, more);
}

static void
add_profiles(struct text *t, const struct claims *c)
{
	struct span texts = message_meaning(c->message)->header.cert_profile, text;
	bool any = c->label->profile[0] != '\0';

	text_add(t, any ? "the path names " : "");
	text_add(t, c->label->profile);
	while (der_take(&texts, DER_UTF8, &text)) {
		text_add(t, any ? ", the header " : "the header names ");
		text_utf8(t, text, "");
		any = true;
	}
	text_add(t, any ? "" : "neither the path nor the header names one");
}

static void
add_sender(struct text *t, const struct claims *c)
{
	struct span sender = message_meaning(c->message)->header.sender;
	char name[NAME_TEXT_MAX];

	text_add(t, sender.len == 0 ? "no sender is known" : sender_text(sender, name));
}

static bool
is_about(const char *why, const char *key)
{
	return strncmp(why, key, strlen(key)) == 0;
}

static void
add_kid(struct text *t, const struct claims *c)
{
	const struct pkiheader *h = &message_meaning(c->message)->header;
	char kid[2 * CAP_KEY_ID + 4];

	text_add(t, h->has_sender_kid ? kid_text(h->sender_kid, kid, sizeof(kid)) : "the message names none");
}

static void
add_subject(struct text *t, const struct claims *c)
{
	char name[NAME_TEXT_MAX];

	text_add(t, name_text(requested_subject(message_meaning(c->message)), name, sizeof(name)));
}

// What the message has where a route wants one of a list; false when a reason is of another kind.
static bool
add_values(struct text *t, const char *why, const struct settings_route *r, const struct claims *c, const struct option_texts **wanted)
{
	if (is_about(why, "from:")) {
		text_add(t, c->listener);
		*wanted = &r->from;
	} else if (is_about(why, "match.path:")) {
		text_add(t, c->label->path[0] != '\0' ? c->label->path : "this link has no paths");
		*wanted = &r->match_path;
	} else if (is_about(why, "match.profile:")) {
		add_profiles(t, c);
		*wanted = &r->match_profile;
	} else if (is_about(why, "match.body:")) {
		text_add(t, body_name(message_meaning(c->message)->body));
		*wanted = &r->match_body;
	} else if (is_about(why, "match.source:")) {
		text_add(t, c->peer->source[0] != '\0' ? c->peer->source : "this link has no addresses");
		*wanted = &r->match_source;
	} else if (is_about(why, "match.sender: the sender")) {
		add_sender(t, c);
		*wanted = &r->match_sender;
	} else if (is_about(why, "match.sender: senderKID")) {
		add_kid(t, c);
		*wanted = &r->match_kid;
	} else if (is_about(why, "match.template.subject:")) {
		add_subject(t, c);
		*wanted = &r->match_template.subject;
	} else
		return false;
	text_add(t, "; ");
	return true;
}

// What was compared with what, behind the reason; a reason without values stands alone.
static const char *
with_values(const char *why, const struct settings_route *r, const struct claims *c, char out[REASON_MAX])
{
	const struct option_texts *wanted = NULL;
	struct text t;

	text_init(&t, out, REASON_MAX);
	text_add(&t, why);
	text_add(&t, " (");
	if (is_about(why, "match.template.san:"))
		wanted = &r->match_template.san;
	else if (is_about(why, "match.template.key:"))
		wanted = &r->match_template.key;
	else if (is_about(why, "match.template.eku:"))
		wanted = &r->match_template.eku;
	else if (!add_values(&t, why, r, c, &wanted))
		return why;
	text_add(&t, "wanted: ");
	add_list(&t, wanted);
	text_add(&t, ")");
	return out;
}

const struct settings_route *
route_choose(const struct settings *s, const struct claims *c,
	void (*tell)(void *context, const struct settings_route *r, const char *why), void *context)
{
	char reason[REASON_MAX];

	for (size_t i = 0; i < s->route_count; i++) {
		const char *why = why_not(&s->routes[i], c);
		if (tell != NULL)
			tell(context, &s->routes[i], why != NULL ? with_values(why, &s->routes[i], c, reason) : NULL);
		if (why == NULL)
			return &s->routes[i];
	}
	return NULL;
}

const struct settings_route *
route_named(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->route_count; i++)
		if (strcmp(s->routes[i].name, name) == 0)
			return &s->routes[i];
	return NULL;
}
