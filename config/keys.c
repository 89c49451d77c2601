// SPDX-License-Identifier: GPL-3.0-or-later
// keys: trust sets, credentials and tables of secrets become settings.
#include "config/entries.h"

#include "base/web.h"
#include "config/expand.h"
#include "config/language.h"
#include "config/rows.h"
#include "config/secret.h"

#include <stdio.h>

static struct node *
value_of(const struct node *entry, const char *key)
{
	struct node *k = entry->kind == NODE_MAP ? node_find(entry, key) : NULL;

	return k == NULL ? NULL : k->value;
}

static void
say(struct load *l, enum code code, const struct position *at, const char *message, const char *help)
{
	struct finding *item = finding_add(l->findings, code, at, "%s", message);

	if (help != NULL)
		finding_help(l->findings, item, "%s", help);
}

static const struct option_row *
row_named(const struct option_row *rows, const char *key)
{
	while (strcmp(rows->key, key) != 0)
		rows++;
	return rows;
}

// One entry of a section: a map of keys, or the value of the brief key alone.
static void
fill_entry(struct load *l, const char *noun, const struct option_row *rows, const char *brief, void *out, struct node *key)
{
	struct row_group group = { .rows = rows, .out = out };
	struct node *n = key->value;
	char where[96], message[160];

	snprintf(where, sizeof(where), " in %s '%.60s'", noun, key->text);
	rows_fill(l, &group, 1, n->kind == NODE_MAP ? n : NULL, where, NULL);
	if (n->bad || n->kind == NODE_MAP)
		return;
	if (brief != NULL && !node_is_empty(n)) {
		const struct option_row *row = row_named(rows, brief);

		rows_value(l, row, (char *)out + row->offset, n);
		return;
	}
	snprintf(message, sizeof(message), "%s '%.60s' wants %sa map of keys, this is %s", noun, key->text, brief == NULL ? "" :
		strcmp(brief, "file") == 0 ? "file:/path or " : "files or ", node_kind_name(n));
	say(l, CODE_SHAPE, &n->at, message, NULL);
}

// ---- Trust sets.

// Beginnings of URLs: plain HTTP to a host that is written out.
static void
check_prefixes(struct load *l, struct node *n)
{
	bool list = n != NULL && n->kind == NODE_LIST;
	struct web_url prefix;
	char message[320];

	for (struct node *item = list ? n->first : n; item != NULL; item = list ? item->next : NULL) {
		struct fault f = { .set = false };

		if (item->bad || item->kind != NODE_SCALAR || node_is_empty(item) || *item->text == '\0' || web_prefix_read(&prefix, span_text(item->text), &f))
			continue;
		snprintf(message, sizeof(message), "this is no beginning of an http: URL: %s", f.text);
		say(l, CODE_REVOCATION, &item->at, message, "as in http://pki.example/crl/");
	}
}

static bool
is_off(const struct option_texts *texts)
{
	return texts->count == 1 && (strcmp(texts->items[0], "off") == 0 || strcmp(texts->items[0], "no") == 0);
}

static bool
fetches(const struct load *l)
{
	const struct config_scheme *http = language_scheme(l->schemes, "http");

	return http != NULL && http->upstream_rows != NULL;
}

static void
take_revocation(struct load *l, struct settings_trust *t, struct node *entry)
{
	struct node *n = value_of(entry, "revocation");

	if (n == NULL || n->bad || n->kind != NODE_MAP)
		return;
	t->revocation = true;
	check_prefixes(l, value_of(n, "points"));
	if (is_off(&t->revoked.ocsp))
		t->revoked.ocsp.count = 0;
	else
		check_prefixes(l, value_of(n, "ocsp"));
	if (t->revoked.points.count + t->revoked.ocsp.count > 0 && !fetches(l))
		say(l, CODE_REVOCATION, &n->at, "this build of cmpgate speaks no HTTP, and can fetch neither CRLs nor OCSP answers",
			"name CRLs in files, crls: [file or folder]; or install a build with HTTP");
	if (t->revoked.crls.count + t->revoked.points.count + t->revoked.ocsp.count > 0)
		return;
	// Any other key was meant to be one that tells, and has been reported.
	for (const struct node *key = n->first; key != NULL; key = key->next)
		if (strcmp(key->text, "missing") != 0 && strcmp(key->text, "ocsp") != 0)
			return;
	say(l, CODE_REVOCATION, &n->at, "'revocation' names nothing that tells whether a certificate is revoked",
		"write crls: [file or folder], points: [beginnings of URLs] or ocsp: [beginnings of URLs]; or leave revocation out");
}

void
entries_trusts(struct load *l)
{
	static const char *const reserved[] = { "system", NULL };
	struct node *map = entry_section(l, l->trusts);
	struct settings *s = l->settings;

	if (map == NULL || map->count == 0)
		return;
	s->trusts = load_keep(l, map->count * sizeof(*s->trusts));
	for (struct node *key = map->first; key != NULL && s->trusts != NULL; key = key->next) {
		struct settings_trust *one = &s->trusts[s->trust_count];

		if (!entry_is(key))
			continue;
		entry_check_name(l, "trust set", key, reserved);
		fill_entry(l, "trust set", language_trust, "anchors", one, key);
		take_revocation(l, one, key->value);
		one->name = load_keep_text(l, key->text);
		one->place = entry_place(key);
		s->trust_count += one->name != NULL;
	}
}

// ---- Credentials.

static bool
names_module(const char *uri)
{
	for (; *uri != '\0'; uri++)
		if (strncasecmp(uri, "module-path=", 12) == 0)
			return true;
	return false;
}

static void
check_credential(struct load *l, const struct credential_entry *e, struct node *entry)
{
	const struct node *pin = node_find(entry, "pin"), *module = node_find(entry, "module");
	bool token = e->credential.key.kind == SOURCE_PKCS11;

	if (pin != NULL && node_find(entry, "pass") != NULL)
		say(l, CODE_CREDENTIAL, &pin->at, "'pin' and 'pass' are two names of one thing", "leave one of them out");
	if (token && module == NULL && !names_module(e->credential.key.value))
		say(l, CODE_CREDENTIAL, &value_of(entry, "key")->at, "'key' stands in a token, and nothing names the PKCS#11 module that reaches it",
			"write module: /path, or module-path in the URI");
	if (!token && module != NULL && e->credential.key.kind != SOURCE_NONE)
		say(l, CODE_NO_EFFECT, &module->at, "'module' has no effect: the key does not stand in a token", "write key: pkcs11:URI, or leave it out");
}

void
entries_credentials(struct load *l)
{
	static const char *const reserved[] = { NULL };
	struct node *map = entry_section(l, l->credentials);
	struct settings *s = l->settings;

	if (map == NULL || map->count == 0)
		return;
	s->credentials = load_keep(l, map->count * sizeof(*s->credentials));
	for (struct node *key = map->first; key != NULL && s->credentials != NULL; key = key->next) {
		struct credential_entry e = { 0 };

		if (!entry_is(key))
			continue;
		entry_check_name(l, "credential", key, reserved);
		fill_entry(l, "credential", language_credential, NULL, &e, key);
		if (key->value->kind == NODE_MAP)
			check_credential(l, &e, key->value);
		if (e.credential.pass.kind == SOURCE_NONE)
			e.credential.pass = e.pin;
		e.credential.name = load_keep_text(l, key->text);
		e.credential.place = entry_place(key);
		s->credentials[s->credential_count] = e.credential;
		s->credential_count += e.credential.name != NULL;
	}
}

// ---- Tables of secrets.

// A bare text could be a secret itself: where it stands alone, it needs its prefix.
static void
check_brief(struct load *l, struct node *key)
{
	struct node *n = key->value;

	if (n->bad || n->kind != NODE_SCALAR || node_is_empty(n) || (strncmp(n->text, "${", 2) == 0 && expand_node(l, n) == NULL))
		return;
	if (!secret_is_source(n->text))
		secret_refuse_literal(l, key->text, n, "write file:/path, the file that holds the table");
}

void
entries_secrets(struct load *l)
{
	static const char *const reserved[] = { NULL };
	struct node *map = entry_section(l, l->secrets);
	struct settings *s = l->settings;

	if (map == NULL || map->count == 0)
		return;
	s->secrets = load_keep(l, map->count * sizeof(*s->secrets));
	for (struct node *key = map->first; key != NULL && s->secrets != NULL; key = key->next) {
		struct settings_secrets *one = &s->secrets[s->secrets_count];
		struct secrets_entry e = { 0 };

		if (!entry_is(key))
			continue;
		entry_check_name(l, "table of secrets", key, reserved);
		check_brief(l, key);
		fill_entry(l, "table of secrets", language_secrets, "file", &e, key);
		*one = (struct settings_secrets){ load_keep_text(l, key->text), e.file.value, e.uses, entry_place(key) };
		s->secrets_count += one->name != NULL;
	}
}
