// SPDX-License-Identifier: GPL-3.0-or-later
// One function for each kind of file, so that each can learn to look deeper.
#include "build.h"
#include "cli/check_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/allow_list.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/pem.h"
#include "base/secret_table.h"
#include "cli/keys.h"
#include "codec/certificate.h"
#include "codec/crl.h"
#include "codec/name.h"
#include "daemon/rights.h"

#define OPEN "E0501"
#define KIND "E0502"
#define RIGHTS "E0503"
#define CONTENT "E0504"
#define NOT_HERE "W0309"
#define WEAK "W0310"
#define EXPIRES "W0311"
#define SERVICE_ONLY "N0405"

enum {
	CERTIFICATES_MAX = 4 << 20,	// octets of a file of certificates
	CRL_OCTETS_MAX = 64 << 20,
	KEY_OCTETS_MAX = 64 << 10,
	PASS_OCTETS_MAX = 4 << 10,
	SOON = 30,			// days
	DAY = 86400
};

// Whose file it is.
struct visit {
	struct findings *findings;
	const struct rights *rights;
	const struct settings_place *place;
	char what[96];			// "trust set 'devices'"
};

static void say(const struct visit *v, const char *code, const char *help, const char *format, ...) __attribute__((format(printf, 4, 5)));

static void
say(const struct visit *v, const char *code, const char *help, const char *format, ...)
{
	char text[900], message[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(message, sizeof(message), "%s: %s", v->what, text);
	findings_put(v->findings, code, v->place, message, help);
}

static struct visit
visit_of(const struct visit *v, const struct settings_place *place, const char *noun, const char *name)
{
	struct visit out = { v->findings, v->rights, place->file != NULL ? place : NULL, "" };

	snprintf(out.what, sizeof(out.what), name != NULL ? "%s '%.64s'" : "%s", noun, name);
	return out;
}

// ---- Opening.

enum openness { OPEN_TO_ALL, OPEN_TO_US };

static bool
refuse_rights(const struct visit *v, const char *path, const char *command, const char *what)
{
	char help[700];

	snprintf(help, sizeof(help), "%s %.512s", command, path);
	say(v, RIGHTS, help, "%.512s: %s", path, what);
	return false;
}

// Root reads everything; the user that the gateway becomes does not.
static bool
user_can(const struct rights *r, const struct stat *st, unsigned bit)
{
	if (!r->root || r->uid == (uid_t)-1)
		return true;
	if (st->st_uid == r->uid)
		return (st->st_mode & bit << 6) != 0;
	return (st->st_mode & (st->st_gid == r->gid ? bit << 3 : bit)) != 0;
}

// All folders that lead to it must let the user in, too.
static bool
check_way(const struct visit *v, const char *path)
{
	char folder[4096], help[700];
	struct stat st;

	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path);
		if (stat(folder, &st) != 0 || user_can(v->rights, &st, 1))
			continue;
		snprintf(help, sizeof(help), "chmod a+x %.512s, or move the file", folder);
		say(v, RIGHTS, help, "%.512s: user '%s', whom the gateway becomes, may not enter the folder %.256s", path, v->rights->user, folder);
		return false;
	}
	return true;
}

static bool
check_rights(const struct visit *v, const char *path, const struct stat *st, enum openness openness)
{
	char command[96], what[128];

	if (openness == OPEN_TO_US && (st->st_mode & 077) != 0)
		return refuse_rights(v, path, "chmod 600", "is open to group or others");
	if (user_can(v->rights, st, 4))
		return check_way(v, path);
	snprintf(command, sizeof(command), openness == OPEN_TO_US ? "chown %s" : "chmod a+r", v->rights->user);
	snprintf(what, sizeof(what), "cannot be read by user '%s', whom the gateway becomes", v->rights->user);
	return refuse_rights(v, path, command, what);
}

static bool
refuse_open(const struct visit *v, const char *path)
{
	int why = errno;
	char cure[1024];

	if (why == EACCES && settings_unreadable(path, false, cure, sizeof(cure)))
		say(v, OPEN, v->rights->root ? NULL : "run the check as root, or as the user of the gateway", "%.512s: %s", path, strerror(why));
	else if (why == ENOENT && strncmp(v->what, "table of secrets", 16) == 0)
		say(v, OPEN, "`cmpgate secret add` makes it with its first secret; or correct its name", "%.512s: %s", path, strerror(why));
	else
		say(v, OPEN, why == ENOENT ? "make it, or correct its name" : NULL, "%.512s: %s", path, strerror(why));
	return false;
}

static bool
read_all(int fd, struct buffer *out, size_t size)
{
	if (!buffer_reserve(out, size + 1))
		return false;
	while (out->len <= size) {
		ssize_t n = read(fd, out->data + out->len, size + 1 - out->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			return true;
		out->len += (size_t)n;
	}
	errno = EAGAIN;		// it grows
	return false;
}

static bool
read_open(const struct visit *v, const char *path, int fd, size_t max, enum openness openness, struct buffer *out)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return refuse_open(v, path);
	if (!S_ISREG(st.st_mode)) {
		say(v, KIND, NULL, "%.512s: is %s", path, S_ISDIR(st.st_mode) ? "a folder, not a file" : "no ordinary file");
		return false;
	}
	if (!check_rights(v, path, &st, openness))
		return false;
	if (st.st_size < 0 || (uintmax_t)st.st_size > max) {
		say(v, CONTENT, NULL, "%.512s: is larger than %zu octets", path, max);
		return false;
	}
	return read_all(fd, out, (size_t)st.st_size) || refuse_open(v, path);
}

// Read a file of at most max octets; false after a finding. forget() it in any case.
static bool
read_file(const struct visit *v, const char *path, size_t max, enum openness openness, struct buffer *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool well;

	buffer_init(out, max + 1);
	if (fd < 0)
		return refuse_open(v, path);
	well = read_open(v, path, fd, max, openness, out);
	close(fd);
	return well;
}

// The octets may be secret.
static void
forget(struct buffer *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	buffer_clear(b);
}

// ---- Certificates and CRLs, in PEM or DER.

typedef bool check_block(const struct visit *v, const char *path, struct span der, struct fault *f);

static void
warn_expiry(const struct visit *v, const char *path, struct span name, int64_t until, const char *ends)
{
	char text[NAME_TEXT_MAX];
	int64_t days = (until - clock_wall_s()) / DAY;

	name_text(name, text, sizeof(text));
	if (until < clock_wall_s())
		say(v, EXPIRES, NULL, "%.400s: %.200s %s %" PRId64 " day%s ago", path, text, ends, -days, days == -1 ? "" : "s");
	else if (days < SOON && strcmp(ends, "expired") == 0)
		say(v, EXPIRES, NULL, "%.400s: %.200s expires in %" PRId64 " day%s", path, text, days, days == 1 ? "" : "s");
}

static bool
check_certificate(const struct visit *v, const char *path, struct span der, struct fault *f)
{
	struct certificate c;

	if (!certificate_parse(&c, der, f))
		return false;
	warn_expiry(v, path, c.subject, c.not_after, "expired");
	return true;
}

static bool
check_crl(const struct visit *v, const char *path, struct span der, struct fault *f)
{
	struct crl c;

	if (!crl_parse(&c, der, f))
		return false;
	if (c.has_next_update)
		warn_expiry(v, path, c.issuer, c.next_update, "was to issue the next CRL");
	return true;
}

static void
refuse_content(const struct visit *v, const char *path, const struct fault *f)
{
	char text[400];

	say(v, CONTENT, NULL, "%.512s: %s", path, fault_text(f, text, sizeof(text)));
}

// All blocks of a kind in a PEM file; false after a finding.
static bool
check_pem(const struct visit *v, const char *path, struct span text, const char *wanted, check_block *check)
{
	char label[PEM_LABEL_MAX + 1];
	enum pem_result result = PEM_NONE;
	struct fault f = { 0 };
	char other[PEM_LABEL_MAX + 1] = "";
	size_t found = 0;
	struct buffer der;

	buffer_init(&der, text.len);
	while (!f.set && (result = pem_take(&text, label, &der, &f)) == PEM_FOUND) {
		if (strcmp(label, wanted) == 0)
			found += check(v, path, buffer_span(&der), &f);
		else
			snprintf(other, sizeof(other), "%s", label);
		buffer_clear(&der);
	}
	buffer_clear(&der);
	if (f.set)
		refuse_content(v, path, &f);
	else if (found == 0)
		say(v, CONTENT, NULL, "%.512s: holds no block '%s' of PEM, and is no DER%s%s%s", path, wanted, *other != '\0' ? "; there is '" : "", other, *other != '\0' ? "'" : "");
	return !f.set && found > 0;
}

static void
check_blocks(const struct visit *v, const char *path, size_t max, const char *wanted, check_block *check)
{
	struct buffer octets;
	struct fault f = { 0 };

	if (read_file(v, path, max, OPEN_TO_ALL, &octets)) {
		if (octets.len == 0 || octets.data[0] != 0x30)
			check_pem(v, path, buffer_span(&octets), wanted, check);
		else if (!check(v, path, buffer_span(&octets), &f)) {
			fault_within(&f, strcmp(wanted, "CERTIFICATE") == 0 ? "is no certificate" : "is no CRL");
			refuse_content(v, path, &f);
		}
	}
	forget(&octets);
}

static void
check_certificates(const struct visit *v, const char *path)
{
	check_blocks(v, path, CERTIFICATES_MAX, "CERTIFICATE", check_certificate);
}

static void
check_crls(const struct visit *v, const char *path)
{
	check_blocks(v, path, CRL_OCTETS_MAX, "X509 CRL", check_crl);
}

// ---- Folders of them.

struct endings { const char *const *list; const char *text; };

static const struct endings certificate_endings = { (const char *const[]){ ".pem", ".crt", ".cer", ".der", NULL }, "*.pem, *.crt, *.cer or *.der" };
static const struct endings crl_endings = { (const char *const[]){ ".crl", ".pem", ".der", NULL }, "*.crl, *.pem or *.der" };

static bool
ends_well(const char *name, const struct endings *endings)
{
	size_t len = strlen(name);

	for (const char *const *e = endings->list; *e != NULL; e++)
		if (len > strlen(*e) && strcmp(name + len - strlen(*e), *e) == 0)
			return true;
	return false;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void
check_folder(const struct visit *v, const char *path, const struct endings *endings, const char *empty,
	void (*check)(const struct visit *v, const char *path))
{
	struct dirent **names;
	int count = scandir(path, &names, NULL, by_name), found = 0;
	char inside[8192];

	if (count < 0) {
		refuse_open(v, path);
		return;
	}
	for (int i = 0; i < count; i++) {
		if (ends_well(names[i]->d_name, endings)) {
			snprintf(inside, sizeof(inside), "%s/%s", path, names[i]->d_name);
			check(v, inside);
			found++;
		}
		free(names[i]);		// scandir's own
	}
	free(names);
	if (found == 0)
		say(v, empty, NULL, "%.512s: no file in this folder is %s", path, endings->text);
}

// Files, or folders of them; an empty folder is a finding of this code.
static void
check_paths(const struct visit *v, const struct option_texts *paths, const struct endings *endings, const char *empty,
	void (*check)(const struct visit *v, const char *path))
{
	for (size_t i = 0; i < paths->count; i++) {
		struct stat st;

		if (stat(paths->items[i], &st) != 0 || !S_ISDIR(st.st_mode))
			check(v, paths->items[i]);
		else if (!user_can(v->rights, &st, 4) || !user_can(v->rights, &st, 1))
			refuse_rights(v, paths->items[i], "chmod a+rx", "cannot be read by the user that the gateway becomes");
		else
			check_folder(v, paths->items[i], endings, empty, check);
	}
}

// ---- Keys, pass phrases, modules.

// The file of a source that stands in a file or in credentials of systemd; NULL where there is none to open.
static const char *
source_path(const struct visit *v, const struct settings_source *s, char *out, size_t size)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	if (s->kind == SOURCE_FILE)
		return s->value;
	if (s->kind == SOURCE_ENV && getenv(s->value) == NULL)
		say(v, NOT_HERE, NULL, "the environment variable %s is not set here", s->value);
	if (s->kind != SOURCE_CRED)
		return NULL;
	if (folder == NULL || *folder == '\0') {
		say(v, SERVICE_ONLY, NULL, "cred:%s is seen by the service only", s->value);
		return NULL;
	}
	snprintf(out, size, "%s/%s", folder, s->value);
	return out;
}

static bool
is_key_label(const char *label)
{
	static const char *const labels[] = { "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", NULL };

	for (const char *const *l = labels; *l != NULL; l++)
		if (strcmp(*l, label) == 0)
			return true;
	return false;
}

static bool
is_one_sequence(struct span der)
{
	struct span contents;
	uint8_t tag;

	return der_take_any(&der, &tag, &contents, NULL) && tag == DER_SEQUENCE && der.len == 0;
}

// The outer form: the first key of a PEM file, or DER.
static void
check_key_octets(const struct visit *v, const char *path, struct span octets, bool has_pass)
{
	char label[PEM_LABEL_MAX + 1];
	enum pem_result result;
	struct fault f = { 0 };
	struct buffer der;

	if (octets.len > 0 && octets.data[0] == 0x30) {
		if (!is_one_sequence(octets))
			say(v, CONTENT, NULL, "%.512s: the DER is cut off, or something stands behind it", path);
		return;
	}
	buffer_init(&der, octets.len);
	buffer_reserve(&der, octets.len);
	while ((result = pem_take(&octets, label, &der, &f)) == PEM_FOUND && !is_key_label(label))
		der.len = 0;
	if (result == PEM_BAD)
		refuse_content(v, path, &f);
	else if (result == PEM_NONE)
		say(v, CONTENT, NULL, "%.512s: holds no private key in PEM or DER", path);
	else if (!is_one_sequence(buffer_span(&der)))
		say(v, CONTENT, NULL, "%.512s: the key is no DER", path);
	else if (strcmp(label, "ENCRYPTED PRIVATE KEY") == 0 && !has_pass)
		say(v, CONTENT, "write pass: file:/path, env:NAME or cred:NAME", "%.512s: the key is encrypted, and nothing names its pass phrase", path);
	forget(&der);
}

static void
check_key(const struct visit *v, const struct settings_source *key, bool has_pass)
{
	char room[4096];
	const char *path = source_path(v, key, room, sizeof(room));
	struct buffer octets;

	if (path == NULL)
		return;
	if (read_file(v, path, KEY_OCTETS_MAX, OPEN_TO_US, &octets))
		check_key_octets(v, path, buffer_span(&octets), has_pass);
	forget(&octets);
}

static void
check_pass(const struct visit *v, const struct settings_source *pass)
{
	char room[4096];
	const char *path = source_path(v, pass, room, sizeof(room));
	struct buffer octets;

	if (path == NULL)
		return;
	if (read_file(v, path, PASS_OCTETS_MAX, OPEN_TO_US, &octets) && (octets.len == 0 || octets.data[0] == '\n'))
		say(v, CONTENT, NULL, "%.512s: holds no pass phrase in its first line", path);
	forget(&octets);
}

// ---- Programs, and places to write to.

// A hook; or a module, which need not be executable.
static void
check_program(const struct visit *v, const char *path, bool hook)
{
	struct stat st;

	if (stat(path, &st) != 0)
		refuse_open(v, path);
	else if (!S_ISREG(st.st_mode))
		say(v, KIND, NULL, "%.512s: is no ordinary file", path);
	else if ((st.st_mode & 022) != 0)
		refuse_rights(v, path, "chmod go-w", "can be written by group or others");
	else if (hook && ((st.st_mode & 0111) == 0 || !user_can(v->rights, &st, 1)))
		refuse_rights(v, path, "chmod a+rx", "cannot be run");
}

static void
check_parent(const struct visit *v, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096], command[96];
	struct stat st;

	snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	if (stat(folder, &st) != 0)
		refuse_open(v, folder);
	else if (!S_ISDIR(st.st_mode))
		say(v, KIND, NULL, "%.512s: is no folder", folder);
	else if (!user_can(v->rights, &st, 2)) {
		snprintf(command, sizeof(command), "chown %s", v->rights->user);
		refuse_rights(v, folder, command, "cannot be written by the user that the gateway becomes");
	}
}

// ---- Tables.

struct table_visit { const struct visit *v; const char *path; };

static void
hear_table(const struct table_visit *t, const char *code, unsigned line, const char *text)
{
	struct settings_place place = { t->path, (int)line, line > 0 };
	char message[512];

	snprintf(message, sizeof(message), "%s: %.380s", t->v->what, text);
	findings_put(t->v->findings, code, &place, message, NULL);
}

static void
hear_secret(void *context, unsigned line, bool weak, const char *text)
{
	hear_table(context, weak ? WEAK : CONTENT, line, text);
}

static void
hear_allow(void *context, unsigned line, const char *text)
{
	hear_table(context, CONTENT, line, text);
}

static void
check_secret_table(const struct visit *v, const char *path)
{
	struct table_visit t = { v, path };
	struct secret_line *lines = NULL;
	struct buffer octets;
	size_t count;

	if (read_file(v, path, SECRET_TABLE_OCTETS_MAX, OPEN_TO_US, &octets) &&
	    secret_table_parse(octets.data, octets.len, &lines, &count, hear_secret, &t, NULL)) {
		if (count == 0)
			say(v, WEAK, NULL, "%.512s: holds no secret", path);
		for (size_t i = 0; i < count; i++)
			if (lines[i].expires != 0 && lines[i].expires <= clock_wall_s())
				hear_table(&t, WEAK, lines[i].line, "the time of this secret is over");
	}
	mem_free(lines);
	forget(&octets);
}

static void
check_allow_list(const struct visit *v, const char *path)
{
	struct table_visit t = { v, path };
	struct allow_list *l = NULL;
	struct buffer octets;

	if (read_file(v, path, ALLOW_OCTETS_MAX, OPEN_TO_ALL, &octets))
		l = allow_list_parse(buffer_span(&octets), hear_allow, &t, NULL);
	if (l != NULL && allow_list_count(l) == 0)
		say(v, WEAK, NULL, "%.512s: allows nobody", path);
	allow_list_free(l);
	buffer_clear(&octets);
}

static void
check_template(const struct visit *v, const char *path)
{
	struct buffer octets;

	if (read_file(v, path, KEY_OCTETS_MAX, OPEN_TO_ALL, &octets) && !is_one_sequence(buffer_span(&octets)))
		say(v, CONTENT, NULL, "%.512s: is no CertReqTemplateContent in DER", path);
	buffer_clear(&octets);
}

// ---- The configuration, section by section.

static void
visit_trust(const struct visit *all, const struct settings_trust *t)
{
	struct visit v = visit_of(all, &t->place, "trust set", t->name);

	check_paths(&v, &t->anchors, &certificate_endings, CONTENT, check_certificates);
	check_paths(&v, &t->intermediates, &certificate_endings, CONTENT, check_certificates);
	check_paths(&v, &t->revoked.crls, &crl_endings, WEAK, check_crls);
}

static void
visit_credential(const struct visit *all, const struct settings_credential *c)
{
	struct visit v = visit_of(all, &c->place, "credential", c->name);

	check_certificates(&v, c->cert);
	check_key(&v, &c->key, c->pass.kind != SOURCE_NONE);
	check_pass(&v, &c->pass);
	if (c->module != NULL)
		check_program(&v, c->module, false);
}

static void
visit_answers(const struct visit *all, const struct settings_answers *a)
{
	struct visit v = visit_of(all, &a->place, "answers", NULL);
	const char *const update[] = { a->new_with_new, a->new_with_old, a->old_with_new };

	for (size_t i = 0; i < a->ca_certs.count; i++)
		check_certificates(&v, a->ca_certs.items[i]);
	for (size_t i = 0; i < sizeof(update) / sizeof(*update); i++)
		if (update[i] != NULL)
			check_certificates(&v, update[i]);
	for (size_t i = 0; i < a->crls.count; i++)
		check_crls(&v, a->crls.items[i]);
	for (size_t i = 0; i < a->templates.count; i++)
		check_template(&v, strchr(a->templates.items[i], '=') + 1);
}

static void
visit_route(const struct visit *all, const struct settings_route *r)
{
	struct visit v = visit_of(all, &r->place, "route", r->name);

	if (r->approve.hook != NULL)
		check_program(&v, r->approve.hook, true);
	if (r->approve.allow != NULL)
		check_allow_list(&v, r->approve.allow);
}

// ---- What only shows when it is used: keys that belong to another certificate,
// pass phrases and PINs, tokens, CRLs that nobody in the set signed.

static void
tell_unusable(void *context, const struct settings_place *place, const struct fault *fault)
{
	char text[sizeof(fault->path) + sizeof(fault->text)];

	findings_put(context, "E0504", place, fault_text(fault, text, sizeof(text)), NULL);
}

static bool
is_found(const struct findings *f, const char *code)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->items[i].code, code) == 0)
			return true;
	return false;
}

// Load it all as the gateway would. What stands in an environment that is not here (W0309) cannot be told.
static void
load_everything(const struct settings *s, struct findings *f)
{
	struct fault fault = { .set = false };
	size_t before = f->count;

	if (f->errors > 0 || is_found(f, "W0309"))
		return;
	struct keyring *k = keys_load(s, tell_unusable, f, &fault);
	if (k == NULL && f->count == before)
		findings_put(f, "E0504", NULL, fault.set ? fault.text : "out of memory", NULL);
	keyring_unref(k);
}

void
check_files(const struct settings *s, struct findings *f)
{
	const struct settings_place nowhere = { NULL, 0, 0 };
	struct rights rights;
	struct visit all = { f, &rights, NULL, "" };
	struct fault fault = { 0 };

	if (!rights_find(&rights, s->user, s->group, &fault))
		rights.uid = (uid_t)-1;		// `run` says so; here it only means that nobody can be asked about
	for (size_t i = 0; i < s->trust_count; i++)
		visit_trust(&all, &s->trusts[i]);
	for (size_t i = 0; i < s->credential_count; i++)
		visit_credential(&all, &s->credentials[i]);
	for (size_t i = 0; i < s->secrets_count; i++) {
		struct visit v = visit_of(&all, &s->secrets[i].place, "table of secrets", s->secrets[i].name);

		check_secret_table(&v, s->secrets[i].file);
	}
	visit_answers(&all, &s->answers);
	for (size_t i = 0; i < s->route_count; i++)
		visit_route(&all, &s->routes[i]);
	if (s->audit.file != NULL) {
		struct visit v = visit_of(&all, &nowhere, "log.audit", NULL);

		check_parent(&v, s->audit.file);
	}
	load_everything(s, f);
}
