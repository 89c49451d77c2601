// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "base/memory.h"
#include "base/secret_table.h"
#include "codec/itav.h"
#include "crypto/digest.h"

enum { FILE_OCTETS_MAX = 4 << 20, PASS_MAX = 1024, ALL_CERTIFICATES_MAX = 8 << 20, CRL_OCTETS_MAX = 64 << 20 };

struct kept_secret { struct map_node by_reference; struct secret_entry entry; };

struct secret_table {
	const char *name;		// of the settings
	uint8_t *octets;		// of the file; the values point into it
	size_t len;
	struct secret_line *lines;
	struct kept_secret *secrets;
	char **names;
	size_t count;
	struct map by_reference;
	bool has_map;
};

struct kept_answer { char *profile; struct buffer octets; };

struct keyring {
	unsigned references;
	struct settings *settings;
	struct trust **trusts; size_t trust_count;
	struct credential **credentials; size_t credential_count;
	struct secret_table *tables; size_t table_count;
	struct allow_list **lists; size_t list_count;	// by route
	struct buffer ca_certs, root_update, crls;
	struct kept_answer *templates; size_t template_count;
	// while loading
	keyring_tell *tell;
	void *context;
	struct fault *first;
	bool failed;
};

// ---- what is wrong

static void
complain(struct keyring *k, const struct settings_place *place, const struct fault *f)
{
	k->failed = true;
	if (k->tell != NULL)
		k->tell(k->context, place, f);
	else if (k->first != NULL && !k->first->set)
		*k->first = *f;
}

// Put the name of the entry before the path: "trust.devices: /etc/...: ...".
static bool
wrong(struct keyring *k, const struct settings_place *place, const char *what, const char *name, struct fault *f)
{
	struct fault whole = { .set = false };
	char text[sizeof(f->path) + sizeof(f->text)], path[96];

	snprintf(path, sizeof(path), "%s.%.64s", what, name);
	fault_set(&whole, f->failure, path, "%s", fault_text(f, text, sizeof(text)));
	complain(k, place, &whole);
	return false;
}

// Who may not read a file, and what to type, in place of the bare word of the system.
static void
explain(struct fault *f, const char *file, bool secret)
{
	char cure[1024];

	if (!settings_unreadable(file, secret, cure, sizeof(cure)))
		return;
	*f = (struct fault){ .set = false };
	fault_set(f, FAIL_NONE, "", "%s", cure);
}

static void
explain_all(struct fault *f, const struct option_texts *files)
{
	for (size_t i = 0; i < files->count; i++)
		explain(f, files->items[i], false);
}

// ---- files and folders

static int
is_wanted(const char *name, const char *const *endings)
{
	size_t len = strlen(name);

	if (name[0] == '.')
		return 0;
	for (; *endings != NULL; endings++)
		if (len > strlen(*endings) && strcmp(name + len - strlen(*endings), *endings) == 0)
			return 1;
	return 0;
}

typedef size_t read_file(struct span octets, struct buffer *out, struct fault *f);

static bool
read_one(const char *path, read_file *read, size_t max, struct buffer *out, struct fault *f)
{
	struct buffer file;

	buffer_init(&file, max);
	bool well = secret_file_read(path, max, false, &file, f) && read(buffer_span(&file), out, f) > 0;
	buffer_clear(&file);
	if (!well && f->set && f->path[0] != '/')
		fault_within(f, path);
	return well;
}

static bool
read_folder(const char *path, const char *const *endings, read_file *read, size_t max, struct buffer *out, struct fault *f)
{
	struct dirent **entries;
	char file[1024];
	int n = scandir(path, &entries, NULL, alphasort);
	bool well = true;
	size_t found = 0;

	if (n < 0)
		return fault_set(f, FAIL_NONE, path, "cannot be listed: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		if (well && is_wanted(entries[i]->d_name, endings)) {
			found++;
			well = (size_t)snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name) < sizeof(file)
				? read_one(file, read, max, out, f) : fault_set(f, FAIL_NONE, path, "a name in it is too long");
		}
		free(entries[i]);
	}
	free(entries);
	return well && (found > 0 || fault_set(f, FAIL_NONE, path, "no file in the folder has a name that is looked for"));
}

static bool
read_all(const struct option_texts *paths, const char *const *endings, read_file *read, size_t max, struct buffer *out, struct fault *f)
{
	struct stat st;

	for (size_t i = 0; i < paths->count; i++) {
		const char *path = paths->items[i];
		bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
		if (!(folder ? read_folder(path, endings, read, max, out, f) : read_one(path, read, max, out, f)))
			return false;
	}
	return true;
}

static const char *const certificate_endings[] = { ".pem", ".crt", ".cer", ".der", NULL };
static const char *const crl_endings[] = { ".crl", ".pem", ".der", NULL };

// Spans of the elements in a run of SEQUENCEs.
static struct span *
split(struct span all, size_t *count)
{
	struct span rest = all, whole, *out;
	size_t n = 0;

	while (der_take_whole(&rest, DER_SEQUENCE, &whole))
		n++;
	out = mem_array(n > 0 ? n : 1, sizeof(*out));
	for (n = 0, rest = all; out != NULL && der_take_whole(&rest, DER_SEQUENCE, &whole); n++)
		out[n] = whole;
	*count = n;
	return out;
}

// ---- trust sets

static unsigned
purpose_of(int eku)
{
	return eku == TRUST_EKU_CMC_CA ? KP_CMC_CA : eku == TRUST_EKU_CMC_RA ? KP_CMC_RA : 0;
}

static struct span *
texts_of(const struct option_texts *texts, size_t *count)
{
	struct span *out = mem_array(texts->count > 0 ? texts->count : 1, sizeof(*out));

	for (size_t i = 0; out != NULL && i < texts->count; i++)
		out[i] = span_text(texts->items[i]);
	*count = texts->count;
	return out;
}

static struct trust *
make_trust(const struct settings_trust *s, const struct buffer *anchors, const struct buffer *intermediates, const struct buffer *crls, struct fault *f)
{
	struct trust_plan plan = {
		.name = s->name, .check_revocation = s->revocation, .missing = s->revoked.missing == TRUST_MISSING_WARN ? REVOCATION_WARN : REVOCATION_REFUSE,
		.purpose = purpose_of(s->eku), .fetching = { .timeout_ms = s->revoked.timeout, .crl_max = (size_t)s->revoked.max_size },
	};
	struct trust *t = NULL;
	struct span *points = texts_of(&s->revoked.points, &plan.point_count), *responders = texts_of(&s->revoked.ocsp, &plan.responder_count);

	plan.anchors = split(buffer_span(anchors), &plan.anchor_count);
	plan.intermediates = split(buffer_span(intermediates), &plan.intermediate_count);
	plan.crls = split(buffer_span(crls), &plan.crl_count);
	plan.points = points;
	plan.responders = responders;
	if (plan.anchors != NULL && plan.intermediates != NULL && plan.crls != NULL && points != NULL && responders != NULL)
		t = trust_new(&plan, f);
	else
		fault_set(f, FAIL_NONE, "", "out of memory");
	mem_free(plan.anchors);
	mem_free(plan.intermediates);
	mem_free(plan.crls);
	mem_free(points);
	mem_free(responders);
	return t;
}

static void
load_trust(struct keyring *k, const struct settings_trust *s)
{
	struct buffer anchors, intermediates, crls;
	struct fault f = { .set = false };
	struct trust *t = NULL;

	buffer_init(&anchors, ALL_CERTIFICATES_MAX);
	buffer_init(&intermediates, ALL_CERTIFICATES_MAX);
	buffer_init(&crls, CRL_OCTETS_MAX);
	if (read_all(&s->anchors, certificate_endings, certificates_read, FILE_OCTETS_MAX, &anchors, &f)
	    && read_all(&s->intermediates, certificate_endings, certificates_read, FILE_OCTETS_MAX, &intermediates, &f)
	    && read_all(&s->revoked.crls, crl_endings, crls_read, CRL_OCTETS_MAX, &crls, &f))
		t = make_trust(s, &anchors, &intermediates, &crls, &f);
	buffer_clear(&anchors);
	buffer_clear(&intermediates);
	buffer_clear(&crls);
	k->trusts[k->trust_count++] = t;
	if (t != NULL)
		return;
	explain_all(&f, &s->revoked.crls);
	explain_all(&f, &s->intermediates);
	explain_all(&f, &s->anchors);
	wrong(k, &s->place, "trust", s->name, &f);
}

// ---- credentials

// The octets behind file:, env: or cred:; line ends at the end do not count.
static bool
read_source(const struct settings_source *s, struct buffer *out, struct fault *f)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY"), *value;
	char path[1024];

	switch (s->kind) {
	case SOURCE_NONE: case SOURCE_PKCS11: return true;
	case SOURCE_ENV:
		value = getenv(s->value);
		if (value == NULL)
			return fault_set(f, FAIL_NONE, "pass", "the environment has no %s", s->value);
		return buffer_append_text(out, value);
	case SOURCE_CRED:
		if (folder == NULL)
			return fault_set(f, FAIL_NONE, "pass", "cred: needs a service manager that sets CREDENTIALS_DIRECTORY");
		snprintf(path, sizeof(path), "%s/%s", folder, s->value);
		if (!secret_file_read(path, PASS_MAX, false, out, f))
			return false;
		break;
	case SOURCE_FILE:
		if (!secret_file_read(s->value, PASS_MAX, true, out, f))
			return false;
		break;
	}
	while (out->len > 0 && (out->data[out->len - 1] == '\n' || out->data[out->len - 1] == '\r'))
		out->len--;
	return true;
}

static const char *
key_path(const struct settings_source *key, char *room, size_t size)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	if (key->kind != SOURCE_CRED)
		return key->value;
	snprintf(room, size, "%s/%s", folder != NULL ? folder : ".", key->value);
	return room;
}

static void
load_credential(struct keyring *k, const struct settings_credential *s)
{
	struct fault f = { .set = false };
	struct credential *c = NULL;
	struct buffer pass;
	char path[1024];

	buffer_init(&pass, PASS_MAX);
	if (buffer_reserve(&pass, PASS_MAX) && read_source(&s->pass, &pass, &f)) {
		struct credential_plan plan = {
			.name = s->name, .certificate = s->cert, .key = key_path(&s->key, path, sizeof(path)), .module = s->module, .pass = buffer_span(&pass)
		};
		c = credential_load(&plan, &f);
	}
	if (pass.data != NULL)
		crypto_wipe(pass.data, pass.cap);
	buffer_clear(&pass);
	k->credentials[k->credential_count++] = c;
	if (c != NULL)
		return;
	if (s->key.kind == SOURCE_FILE)
		explain(&f, s->key.value, true);
	explain(&f, s->cert, false);
	wrong(k, &s->place, "credentials", s->name, &f);
}

// ---- secrets

static bool
keep_secret(struct secret_table *t, const struct secret_line *l, const struct settings_secrets *s, struct fault *f)
{
	struct kept_secret *kept = &t->secrets[t->count];
	const struct span parts[] = { span_text(t->name), span_of("", 1), l->reference, span_of("", 1), l->secret };
	uint8_t digest[DIGEST_MAX];

	kept->entry = (struct secret_entry){
		.reference = l->reference, .value = l->secret, .expires = l->expires, .table = t->name,
		.single = l->uses == SECRET_LINE_USES_SINGLE || (l->uses == SECRET_LINE_USES_TABLE && s->uses == SECRETS_SINGLE),
	};
	if (l->name.len > 0) {
		t->names[t->count] = mem_printf("%.*s", (int)l->name.len, (const char *)l->name.data);
		kept->entry.name = t->names[t->count];
		if (kept->entry.name == NULL)
			return fault_set(f, FAIL_NONE, "", "out of memory");
	}
	t->count++;
	if (!digest_of(DIGEST_SHA256, parts, 5, digest))
		return fault_set(f, FAIL_NONE, "", "out of memory");
	memcpy(kept->entry.value_tag, digest, sizeof(kept->entry.value_tag));
	kept->by_reference.key = kept->entry.reference;
	return map_insert(&t->by_reference, &kept->by_reference) || fault_set(f, FAIL_NONE, "", "out of memory");
}

static bool
fill_table(struct secret_table *t, const struct settings_secrets *s, struct fault *f)
{
	struct buffer file;
	size_t count;

	buffer_init(&file, SECRET_TABLE_OCTETS_MAX);
	bool well = secret_file_read(s->file, SECRET_TABLE_OCTETS_MAX, true, &file, f);
	t->len = file.len;
	t->octets = well ? mem_alloc(file.len > 0 ? file.len : 1) : NULL;
	if (t->octets != NULL && file.len > 0)
		memcpy(t->octets, file.data, file.len);
	if (file.data != NULL)
		crypto_wipe(file.data, file.len);
	buffer_clear(&file);
	if (t->octets == NULL)
		return fault_set(f, FAIL_NONE, s->file, "out of memory");
	if (!secret_table_parse(t->octets, t->len, &t->lines, &count, NULL, NULL, f)) {
		fault_within(f, s->file);
		return false;
	}
	t->secrets = mem_array(count > 0 ? count : 1, sizeof(*t->secrets));
	t->names = mem_array(count > 0 ? count : 1, sizeof(*t->names));
	t->has_map = map_init(&t->by_reference);
	if (t->secrets == NULL || t->names == NULL || !t->has_map)
		return fault_set(f, FAIL_NONE, "", "out of memory");
	for (size_t i = 0; i < count; i++)
		if (!keep_secret(t, &t->lines[i], s, f))
			return false;
	return true;
}

static void
load_secrets(struct keyring *k, const struct settings_secrets *s)
{
	struct secret_table *t = &k->tables[k->table_count++];
	struct fault f = { .set = false };

	t->name = s->name;
	if (fill_table(t, s, &f))
		return;
	explain(&f, s->file, true);
	if (access(s->file, F_OK) != 0 && errno == ENOENT) {
		f = (struct fault){ .set = false };
		fault_set(&f, FAIL_NONE, s->file, "is not there; `cmpgate secret add` makes it with its first secret");
	}
	wrong(k, &s->place, "secrets", s->name, &f);
}

static void
clear_table(struct secret_table *t)
{
	if (t->octets != NULL)
		crypto_wipe(t->octets, t->len);
	mem_free(t->octets);
	mem_free(t->lines);
	for (size_t i = 0; i < t->count; i++)
		mem_free(t->names[i]);
	mem_free(t->names);
	mem_free(t->secrets);
	if (t->has_map)
		map_clear(&t->by_reference);
}

// ---- answers

static size_t
whole_file(struct span octets, struct buffer *out, struct fault *f)
{
	(void)f;
	return buffer_append(out, octets) ? 1 : 0;
}

static bool
take_certificate(const char *path, uint8_t tag, struct der_writer *w, struct fault *f)
{
	struct buffer one;
	struct span whole, rest;

	buffer_init(&one, FILE_OCTETS_MAX);
	bool well = read_one(path, certificates_read, FILE_OCTETS_MAX, &one, f);
	rest = buffer_span(&one);
	well = well && der_take_whole(&rest, DER_SEQUENCE, &whole);
	if (well && tag != 0)
		der_open(w, tag);
	if (well)
		der_put_raw(w, whole);
	if (well && tag != 0)
		der_close(w);
	buffer_clear(&one);
	return well;
}

// RootCaKeyUpdateContent (RFC 9810 5.3.19.15): the new root, and what ties old and new together.
static bool
load_root_update(struct keyring *k, const struct settings_answers *a, struct fault *f)
{
	struct der_writer w;
	struct span octets;

	if (a->new_with_new == NULL)
		return true;
	der_writer_init(&w, FILE_OCTETS_MAX);
	der_open(&w, DER_SEQUENCE);
	bool well = take_certificate(a->new_with_new, 0, &w, f)
		&& (a->new_with_old == NULL || take_certificate(a->new_with_old, DER_CONTEXT_CONS(0), &w, f))
		&& (a->old_with_new == NULL || take_certificate(a->old_with_new, DER_CONTEXT_CONS(1), &w, f));
	der_close(&w);
	well = well && der_finish(&w, &octets) && buffer_append(&k->root_update, octets);
	der_writer_clear(&w);
	return well || fault_set(f, FAIL_NONE, "", "out of memory");
}

// "PROFILE=path"
static bool
load_template(struct keyring *k, const char *text, struct fault *f)
{
	const char *path = strchr(text, '=');
	struct kept_answer *a = &k->templates[k->template_count++];
	struct cert_req_template t;

	buffer_init(&a->octets, FILE_OCTETS_MAX);
	a->profile = path != NULL ? mem_printf("%.*s", (int)(path - text), text) : NULL;
	if (a->profile == NULL)
		return fault_set(f, FAIL_NONE, "", "out of memory");
	if (!read_one(path + 1, whole_file, FILE_OCTETS_MAX, &a->octets, f))
		return false;
	if (cert_req_template_read(buffer_span(&a->octets), &t, f))
		return true;
	fault_within(f, path + 1);
	return false;
}

static void
load_answers(struct keyring *k, const struct settings_answers *a)
{
	struct fault f = { .set = false };

	k->templates = mem_array(a->templates.count > 0 ? a->templates.count : 1, sizeof(*k->templates));
	bool well = k->templates != NULL && read_all(&a->ca_certs, certificate_endings, certificates_read, FILE_OCTETS_MAX, &k->ca_certs, &f)
		&& read_all(&a->crls, crl_endings, crls_read, FILE_OCTETS_MAX, &k->crls, &f) && load_root_update(k, a, &f);
	for (size_t i = 0; well && i < a->templates.count; i++)
		well = load_template(k, a->templates.items[i], &f);
	if (!well)
		wrong(k, &a->place, "answers", "files", &f);
}

// ---- allow-lists, one a route

static void
load_list(struct keyring *k, const struct settings_route *r)
{
	struct allow_list **at = &k->lists[k->list_count++];
	struct fault f = { .set = false };
	struct buffer file;

	if (r->approve.allow == NULL)
		return;
	buffer_init(&file, ALLOW_OCTETS_MAX);
	if (secret_file_read(r->approve.allow, ALLOW_OCTETS_MAX, false, &file, &f)) {
		*at = allow_list_parse(buffer_span(&file), NULL, NULL, &f);
		if (*at == NULL)
			fault_within(&f, r->approve.allow);
	}
	buffer_clear(&file);
	if (*at != NULL)
		return;
	explain(&f, r->approve.allow, false);
	wrong(k, &r->place, "approve", r->name, &f);
}

// ---- the whole

static bool
make_room(struct keyring *k, const struct settings *s)
{
	k->trusts = mem_array(s->trust_count + 1, sizeof(*k->trusts));
	k->credentials = mem_array(s->credential_count + 1, sizeof(*k->credentials));
	k->tables = mem_array(s->secrets_count + 1, sizeof(*k->tables));
	k->lists = mem_array(s->route_count + 1, sizeof(*k->lists));
	buffer_init(&k->ca_certs, ALL_CERTIFICATES_MAX);
	buffer_init(&k->root_update, FILE_OCTETS_MAX);
	buffer_init(&k->crls, FILE_OCTETS_MAX);
	return k->trusts != NULL && k->credentials != NULL && k->tables != NULL && k->lists != NULL;
}

struct keyring *
keyring_load(const struct settings *s, keyring_tell *tell, void *context, struct fault *f)
{
	struct keyring *k = mem_alloc(sizeof(*k));

	if (k == NULL || !make_room(k, s)) {
		fault_set(f, FAIL_NONE, "", "out of memory");
		keyring_unref(k);
		return NULL;
	}
	k->references = 1;
	k->settings = settings_ref((struct settings *)(uintptr_t)s);
	k->tell = tell;
	k->context = context;
	k->first = f;
	for (size_t i = 0; i < s->trust_count; i++)
		load_trust(k, &s->trusts[i]);
	for (size_t i = 0; i < s->credential_count; i++)
		load_credential(k, &s->credentials[i]);
	for (size_t i = 0; i < s->secrets_count; i++)
		load_secrets(k, &s->secrets[i]);
	for (size_t i = 0; i < s->route_count; i++)
		load_list(k, &s->routes[i]);
	if (s->answers.given)
		load_answers(k, &s->answers);
	if (!k->failed)
		return k;
	keyring_unref(k);
	return NULL;
}

struct keyring *
keyring_ref(struct keyring *k)
{
	k->references++;
	return k;
}

void
keyring_unref(struct keyring *k)
{
	if (k == NULL || (k->references > 0 && --k->references > 0))
		return;
	for (size_t i = 0; i < k->trust_count; i++)
		trust_unref(k->trusts[i]);
	for (size_t i = 0; i < k->credential_count; i++)
		credential_unref(k->credentials[i]);
	for (size_t i = 0; i < k->table_count; i++)
		clear_table(&k->tables[i]);
	for (size_t i = 0; i < k->list_count; i++)
		allow_list_free(k->lists[i]);
	for (size_t i = 0; i < k->template_count; i++) {
		buffer_clear(&k->templates[i].octets);
		mem_free(k->templates[i].profile);
	}
	buffer_clear(&k->ca_certs);
	buffer_clear(&k->root_update);
	buffer_clear(&k->crls);
	mem_free(k->trusts);
	mem_free(k->credentials);
	mem_free(k->tables);
	mem_free(k->lists);
	mem_free(k->templates);
	settings_unref(k->settings);
	mem_free(k);
}

// ---- look-ups

struct trust *
keyring_trust(const struct keyring *k, const char *name)
{
	for (size_t i = 0; i < k->trust_count; i++)
		if (k->trusts[i] != NULL && strcmp(trust_name(k->trusts[i]), name) == 0)
			return k->trusts[i];
	return NULL;
}

struct credential *
keyring_credential(const struct keyring *k, const char *name)
{
	for (size_t i = 0; name != NULL && i < k->credential_count; i++)
		if (k->credentials[i] != NULL && strcmp(credential_name(k->credentials[i]), name) == 0)
			return k->credentials[i];
	return NULL;
}

static const struct secret_table *
table_of(const struct keyring *k, const char *name)
{
	for (size_t i = 0; i < k->table_count; i++)
		if (strcmp(k->tables[i].name, name) == 0)
			return &k->tables[i];
	return NULL;
}

const struct secret_entry *
keyring_secret(const struct keyring *k, const struct option_texts *tables, struct span reference)
{
	for (size_t i = 0; reference.len > 0 && i < tables->count; i++) {
		const struct secret_table *t = table_of(k, tables->items[i]);
		struct map_node *n = t != NULL ? map_find(&t->by_reference, reference) : NULL;
		if (n != NULL)
			return &container_of(n, struct kept_secret, by_reference)->entry;
	}
	return NULL;
}

bool
keyring_secrets(const struct keyring *k, const char *table, void (*each)(void *context, const struct secret_entry *e), void *context)
{
	const struct secret_table *t = table_of(k, table);

	for (size_t i = 0; t != NULL && i < t->count; i++)
		each(context, &t->secrets[i].entry);
	return t != NULL;
}

const struct allow_list *
keyring_allow_list(const struct keyring *k, const struct settings_route *r)
{
	for (size_t i = 0; i < k->settings->route_count && i < k->list_count; i++)
		if (strcmp(k->settings->routes[i].name, r->name) == 0)
			return k->lists[i];
	return NULL;
}

struct span
keyring_ca_certs(const struct keyring *k)
{
	return buffer_span(&k->ca_certs);
}

struct span
keyring_root_update(const struct keyring *k)
{
	return buffer_span(&k->root_update);
}

struct span
keyring_crls(const struct keyring *k)
{
	return buffer_span(&k->crls);
}

struct span
keyring_template(const struct keyring *k, const char *profile)
{
	for (size_t i = 0; i < k->template_count; i++)
		if (strcmp(k->templates[i].profile, profile) == 0)
			return buffer_span(&k->templates[i].octets);
	return span_of(NULL, 0);
}

static size_t
take_trusts(const struct keyring *k, const struct option_texts *names, struct trust *out[ROUTE_TRUSTS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < names->count && n < ROUTE_TRUSTS_MAX; i++)
		if ((out[n] = keyring_trust(k, names->items[i])) != NULL)
			n++;
	return n;
}

void
keyring_route(const struct keyring *k, const struct settings *s, const struct settings_route *r, struct route_keys *out)
{
	memset(out, 0, sizeof(*out));
	out->trust_count = take_trusts(k, &r->trust, out->trusts);
	if (r->target == TARGET_UPSTREAM && r->upstream < s->upstream_count) {
		out->upstream_count = take_trusts(k, &s->upstreams[r->upstream].trust, out->upstream);
		out->issued_count = take_trusts(k, &s->upstreams[r->upstream].issued_trust, out->issued);
	}
	out->sign_with = keyring_credential(k, r->sign_with);
	out->reply_with = keyring_credential(k, r->reply_with);
	out->has_secrets = r->secrets.count > 0;
}

bool
route_verifies(const struct settings_route *r)
{
	return r->trust.count > 0 || r->secrets.count > 0;
}
