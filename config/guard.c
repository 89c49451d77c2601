// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/guard.h"

#include "config/entries.h"
#include "config/suggest.h"
#include "config/value.h"

#include <stdarg.h>
#include <stdio.h>

#define KUR (UINT64_C(1) << 7)		// PKIBody tags (RFC 9810 5.1.2)
#define GENM (UINT64_C(1) << 21)

struct guard {
	struct load *l;
	const struct settings_route *r;
	const struct node *map;
	const char *where;	// " in route 'plant'"
};

static struct node *
value_of(const struct node *map, const char *key)
{
	struct node *k = map != NULL && map->kind == NODE_MAP ? node_find(map, key) : NULL;

	return k == NULL ? NULL : k->value;
}

static bool
has(const struct guard *g, const char *key)
{
	return value_of(g->map, key) != NULL;
}

// Where a key's value stands, or the route where the key is missing.
static const struct position *
place(const struct guard *g, const char *key)
{
	const struct node *n = value_of(g->map, key);

	return n != NULL ? &n->at : &g->map->at;
}

// "'KEY'WHAT", where WHAT may hold the route.
static void say(const struct guard *g, enum code code, const char *key, const char *help, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

static void
say(const struct guard *g, enum code code, const char *key, const char *help, const char *format, ...)
{
	struct finding *item;
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	item = finding_add(g->l->findings, code, place(g, key), "%s", text);
	if (help != NULL)
		finding_help(g->l->findings, item, "%s", help);
}

// ---- The texts of a value, one by one: a list, or a text alone.

static struct node *
first_text(struct node *n)
{
	return n == NULL || n->bad || n->kind == NODE_MAP ? NULL : n->kind == NODE_LIST ? n->first : n;
}

static struct node *
next_text(const struct node *n, struct node *item)
{
	return n->kind == NODE_LIST ? item->next : NULL;
}

static bool
is_text(const struct node *n)
{
	return !n->bad && n->kind == NODE_SCALAR && !node_is_empty(n) && *n->text != '\0';
}

// ---- Names that are defined elsewhere.

static void
check_names(const struct guard *g, struct node *n, const struct node *section, enum code code, const char *noun)
{
	const struct node *map = section != NULL ? section->value : NULL;

	for (struct node *item = first_text(n); item != NULL && !g->l->broken; item = next_text(n, item)) {
		struct finding *f;

		if (!is_text(item) || (map != NULL && map->kind == NODE_MAP && node_find(map, item->text) != NULL))
			continue;
		f = finding_add(g->l->findings, code, &item->at, "%s '%.60s' is not defined", noun, item->text);
		entry_suggest(g->l, f, item->text, section, &item->at);
	}
}

static struct node *
signer_trust(const struct guard *g)
{
	return value_of(value_of(value_of(value_of(g->map, "match"), "sender"), "signer"), "trust");
}

static void
check_all_names(const struct guard *g)
{
	const struct load *l = g->l;

	check_names(g, value_of(g->map, "trust"), l->trusts, CODE_NO_TRUST, "trust set");
	check_names(g, signer_trust(g), l->trusts, CODE_NO_TRUST, "trust set");
	check_names(g, value_of(g->map, "secrets"), l->secrets, CODE_NO_SECRETS, "table of secrets");
	check_names(g, value_of(g->map, "sign_with"), l->credentials, CODE_NO_CREDENTIAL, "credential");
	check_names(g, value_of(g->map, "reply_with"), l->credentials, CODE_NO_CREDENTIAL, "credential");
}

// ---- What verifies, and what speaks.

static const char *
protection_name(int protection)
{
	return protection == ROUTE_REPLACE ? "protection: replace" : protection == ROUTE_ADD ? "protection: add" : "protection: keep";
}

// A wrong word stands there, and has been reported.
static bool
protection_is_unclear(const struct guard *g)
{
	const struct node *n = value_of(g->map, "protection");

	return n != NULL && g->r->protection == ROUTE_KEEP && (n->kind != NODE_SCALAR || strcmp(n->text, "keep") != 0);
}

static bool
asks_somebody(const struct settings_route *r)
{
	return r->approve.hook != NULL || r->approve.allow != NULL;
}

static bool
protects(const struct settings_route *r)
{
	return r->protection != ROUTE_KEEP && r->target == TARGET_UPSTREAM;
}

// Default deny: whoever vouches for a device has verified it (faults E.1).
static void
check_proof(const struct guard *g)
{
	static const char help[] = "write trust: NAME for devices that sign, or secrets: NAME for devices that share a secret";
	static const char or_keep[] = "write trust: NAME for devices that sign, or secrets: NAME for devices that share a secret; "
		"or protection: keep, and the CA verifies them";
	const struct settings_route *r = g->r;

	if (has(g, "trust") || has(g, "secrets"))
		return;
	if (protects(r))
		say(g, CODE_NO_PROOF, "protection", or_keep, "'%s'%s needs trust or secrets: nobody verifies the devices", protection_name(r->protection), g->where);
	if (r->target == TARGET_ANSWERS)
		say(g, CODE_NO_PROOF, "to", help, "'to: answers'%s needs trust or secrets: nobody verifies the devices", g->where);
	if (asks_somebody(r))
		say(g, CODE_NO_PROOF, "approve", help, "'approve'%s needs trust or secrets: nobody verifies the devices", g->where);
}

static void
check_signer(const struct guard *g)
{
	if (protects(g->r) && !has(g, "sign_with"))
		say(g, CODE_NO_SIGNER, "protection", "write sign_with: NAME, a name of credentials; or protection: keep",
			"'%s'%s needs sign_with: there is nothing to sign with", protection_name(g->r->protection), g->where);
}

static void
check_answers(const struct guard *g)
{
	const struct settings_answers *a = &g->l->settings->answers;
	bool signs = has(g, "reply_with") || has(g, "sign_with");

	if (g->r->target != TARGET_ANSWERS)
		return;
	if (!g->l->broken && (a->place.file == NULL || (!a->given && !findings_bad(g->l->findings))))
		say(g, CODE_ANSWERS, "to", "say in the section answers what there is to tell: ca_certs, root_update, template or crls",
			"'to: answers'%s has nothing to answer", g->where);
	if (!signs && !has(g, "secrets"))
		say(g, CODE_ANSWERS, "to", "write reply_with: NAME, a name of credentials", "'to: answers'%s has no voice: nothing signs its answers", g->where);
	else if (!signs && has(g, "trust"))
		say(g, CODE_NO_EFFECT, "trust", "write reply_with: NAME, a name of credentials",
			"devices that sign cannot be answered%s: nothing signs for them", g->where);
	if (g->r->body_bits == 0 || (g->r->body_bits & ~GENM) != 0)
		say(g, CODE_ANSWERS_BODY, "to", "write match: {body: genm}", "'to: answers'%s takes more than genm, and refuses the rest", g->where);
}

// ---- What goes together.

static void
check_changes(const struct guard *g)
{
	const struct settings_route *r = g->r;

	if (protection_is_unclear(g))
		return;
	if (r->popo == ROUTE_POPO_RAVERIFIED && r->protection != ROUTE_REPLACE)
		say(g, CODE_POPO, "popo", "write protection: replace, or leave popo out", "'popo: raverified'%s needs protection: replace, not %s",
			g->where, protection_name(r->protection) + strlen("protection: "));
	else if (r->set.given && (r->protection != ROUTE_REPLACE || r->popo != ROUTE_POPO_RAVERIFIED))
		say(g, CODE_SET, "set", "what is changed can no longer be proved by the device's own signature",
			"'set'%s needs protection: replace and popo: raverified", g->where);
}

static void
check_rights(const struct guard *g)
{
	static const char help[] = "write trust: NAME, a name of trust";
	const struct settings_route *r = g->r;

	if (has(g, "trust"))
		return;
	if (r->on_behalf)
		say(g, CODE_NEEDS_TRUST, "on_behalf", help, "'on_behalf'%s needs trust: only a certificate can be made for cmcRA", g->where);
	if (r->accept_raverified)
		say(g, CODE_NEEDS_TRUST, "accept_raverified", help, "'accept_raverified'%s needs trust: only a certificate can be made for cmcRA", g->where);
	if (r->bind == BIND_SERIAL)
		say(g, CODE_NEEDS_TRUST, "bind", help, "'bind: serial'%s needs trust: a shared secret has no serial number", g->where);
}

static bool
is_among(const struct option_texts *texts, const char *text)
{
	for (size_t i = 0; i < texts->count; i++)
		if (strcmp(texts->items[i], text) == 0)
			return true;
	return false;
}

static void
check_signer_trust(const struct guard *g)
{
	const struct node *n = signer_trust(g);
	const struct settings_route *r = g->r;
	struct finding *item;

	if (n == NULL || r->match_signer.trust == NULL || settings_trust_named(g->l->settings, r->match_signer.trust) == NULL ||
	    (has(g, "trust") && r->trust.count == 0) || is_among(&r->trust, r->match_signer.trust))
		return;
	item = finding_add(g->l->findings, CODE_NEEDS_TRUST, &n->at, "nobody can be verified under '%.60s'%s: it is not in its trust", r->match_signer.trust, g->where);
	finding_help(g->l->findings, item, "write trust: %.60s into the route as well", r->match_signer.trust);
}

static void
check_effect(const struct guard *g)
{
	const struct settings_route *r = g->r;
	bool verifies = has(g, "trust") || has(g, "secrets");

	if (r->protection != ROUTE_KEEP && r->target != TARGET_UPSTREAM)
		say(g, CODE_NO_EFFECT, "protection", "leave it out", "'%s'%s has no effect: the route leads to no upstream", protection_name(r->protection), g->where);
	if (r->protection != ROUTE_KEEP || r->target == TARGET_ANSWERS || verifies || asks_somebody(r))
		return;
	if (r->reply_with != NULL)
		say(g, CODE_NO_EFFECT, "reply_with", "write trust or secrets as well", "'reply_with'%s has no effect: nobody verifies whom it answers", g->where);
	else if (r->sign_with != NULL)
		say(g, CODE_NO_EFFECT, "sign_with", "write protection: add or replace, or leave it out", "'sign_with'%s has no effect: nothing is signed", g->where);
}

// ---- What an operator should know.

static void
note_shared(const struct guard *g)
{
	const struct settings_route *r = g->r;

	if (r->secrets.count > 0 && r->protection != ROUTE_REPLACE && r->target == TARGET_UPSTREAM && !protection_is_unclear(g))
		say(g, CODE_SHARED, "secrets", "with protection: replace the gateway alone needs them",
			"the CA must know the secrets%s as well: with %s it verifies the same MAC", g->where, protection_name(r->protection));
}

static void
note_deviations(const struct guard *g)
{
	char words[256] = "";
	struct node *n = value_of(g->map, "accept");

	for (struct node *item = first_text(n); item != NULL; item = next_text(n, item))
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s", *words != '\0' ? ", " : "", item->text);
	if (g->r->accept != 0)
		say(g, CODE_DEVIATIONS, "accept", NULL, "deviations from RFC 9483 are tolerated%s: %s", g->where, words);
}

static void
warn_kur(const struct guard *g)
{
	const struct settings_route *r = g->r;

	if (r->protection == ROUTE_REPLACE && r->target == TARGET_UPSTREAM && (r->body_bits == 0 || (r->body_bits & KUR) != 0))
		say(g, CODE_KUR, "protection", "say in match.body what the route takes, and give kur a route with protection: add or keep",
			"kur%s is forwarded as received: a key update cannot be protected anew", g->where);
}

// ---- Texts with a form of their own.

static void
check_purposes(const struct guard *g, struct node *n)
{
	for (struct node *item = first_text(n); item != NULL; item = next_text(n, item)) {
		struct suggestion near;
		struct finding *f;

		if (!is_text(item) || value_purpose(item->text))
			continue;
		f = finding_add(g->l->findings, CODE_CHOICE, &item->at, "'%.60s' is no purpose that is known by name", item->text);
		suggest_begin(&near, item->text);
		for (const char *const *word = value_purposes; *word != NULL; word++)
			suggest_offer(&near, *word, 0);
		if (near.best != NULL)
			finding_help(g->l->findings, f, "did you mean '%s'?", near.best);
		else
			finding_help(g->l->findings, f, "write its OID in dotted form, as in 1.3.6.1.5.5.7.3.2");
	}
}

static void
check_forms(const struct guard *g, struct node *n, bool (*fits)(const char *text), enum code code, const char *wanted, const char *help)
{
	for (struct node *item = first_text(n); item != NULL; item = next_text(n, item))
		if (is_text(item) && !fits(item->text))
			finding_help(g->l->findings, finding_add(g->l->findings, code, &item->at, "'%.60s' is no %s", item->text, wanted), "%s", help);
}

static void
check_texts(const struct guard *g)
{
	static const char name[] = "as in CN=bench,O=Works 7; types are CN, serialNumber, O, OU, C, ST, L, STREET, DC, UID and the like, or a dotted OID";
	static const char san[] = "as in DNS:plc-7.example, IP:10.7.1.20, URI:urn:plc:7 or email:desk@plant.example";
	const struct node *template = value_of(value_of(g->map, "match"), "template"), *set = value_of(g->map, "set");

	check_purposes(g, value_of(template, "eku"));
	check_forms(g, value_of(template, "san"), value_san_glob, CODE_VALUE, "glob on a subject alternative name", "begin it with DNS:, IP:, URI:, email: or *");
	check_forms(g, value_of(set, "subject"), value_distinguished_name, CODE_SET, "distinguished name", name);
	check_forms(g, value_of(set, "add"), value_distinguished_name, CODE_SET, "part of a distinguished name", name);
	check_forms(g, value_of(set, "san"), value_san, CODE_SET, "subject alternative name", san);
}

void
guard_route(struct load *l, const struct settings_route *r, const struct node *map, const char *where)
{
	const struct guard g = { l, r, map, where };

	check_all_names(&g);
	check_proof(&g);
	check_signer(&g);
	check_answers(&g);
	check_changes(&g);
	check_rights(&g);
	check_signer_trust(&g);
	check_effect(&g);
	check_texts(&g);
	note_shared(&g);
	note_deviations(&g);
	warn_kur(&g);
}

void
guard_upstream(struct load *l, const struct node *key)
{
	const struct guard g = { l, NULL, key->value, "" };

	check_names(&g, value_of(key->value, "trust"), l->trusts, CODE_NO_TRUST, "trust set");
	check_names(&g, value_of(key->value, "issued_trust"), l->trusts, CODE_NO_TRUST, "trust set");
}
