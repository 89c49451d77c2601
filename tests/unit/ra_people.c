// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/ra_people.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/extension.h"
#include "codec/oid.h"
#include "pki/algorithm.h"
#include "tests/unit/sample_keys.h"

enum { PEOPLE_MAX = 64, ROOM = 1 << 20 };

// Keys of the P-256 kind, by what they are for; devices have 16 and up.
enum { KEY_ROOT, KEY_RA, KEY_ROGUE, KEY_SECOND, KEY_NEW, KEY_MIDDLE, KEY_LOOP, KEY_LEAF, KEY_DEVICES = 16 };

static struct kit_signer people[PEOPLE_MAX];
static struct buffer certificates[PEOPLE_MAX];
static size_t count;
static struct buffer root, second, rogue, twin;
static struct private_key *low_exponent;
static unsigned revoked_serial;

#define ROOT_NAME "O=Plant,CN=Root"

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "ra_people: %s\n", what);
	abort();
}

static struct kit_signer *
add(const char *name, const char *subject)
{
	must(count < PEOPLE_MAX, "too many");
	buffer_init(&certificates[count], ROOM);
	people[count] = (struct kit_signer){ .name = name, .subject = subject };
	return &people[count++];
}

// pki_make writes the first RDN first, RFC 4514 the last.
static const char *
reversed(const char *subject, char out[256])
{
	const char *end = subject + strlen(subject);
	size_t n = 0;

	while (end > subject) {
		const char *at = end;
		while (at > subject && at[-1] != ',')
			at--;
		n += (size_t)snprintf(out + n, 256 - n, "%s%.*s", n > 0 ? "," : "", (int)(end - at), at);
		end = at > subject ? at - 1 : at;
	}
	out[n] = '\0';
	return out;
}

// ---- those with a certificate

static void
finish(struct kit_signer *s, struct private_key *key)
{
	struct span rest = buffer_span(&certificates[s - people]);
	struct certificate c;
	struct extension e;

	s->key = key;
	s->scheme = algorithm_of_key(private_key_public(key));
	s->chain = rest;
	must(der_take_whole(&rest, DER_SEQUENCE, &s->certificate), "no certificate");
	// Some of them are broken.
	if (certificate_parse(&c, s->certificate, NULL) && extension_find(c.extensions, CE_SUBJECT_KEY_ID, &e))
		subject_key_id_read(e.value, &s->key_id, NULL);
}

// A plan for one under the root of the plant.
static struct make_certificate
plan(const char *subject, struct private_key *key)
{
	static char room[PEOPLE_MAX][256];
	static size_t next;

	return make_plan(reversed(subject, room[next++ % PEOPLE_MAX]), key, ROOT_NAME, make_key(KEY_P256, KEY_ROOT), false);
}

static struct private_key *
key_of(enum key_type type)
{
	static unsigned next;

	return make_key(type, type == KEY_P256 ? KEY_DEVICES + next++ % 64 : type == KEY_RSA ? 0 : 1);
}

static void
add_planned(const char *name, const char *subject, const struct make_certificate *m)
{
	struct kit_signer *s = add(name, subject);

	make_certificate(&certificates[s - people], m);
	finish(s, m->key);
}

static void
add_device(const char *name, const char *subject, enum key_type type, const char *purposes)
{
	struct make_certificate m = plan(subject, key_of(type));

	m.purposes = purposes;
	add_planned(name, subject, &m);
}

static void
add_roots(void)
{
	struct make_certificate m = make_plan(ROOT_NAME, make_key(KEY_P256, KEY_ROOT), ROOT_NAME, make_key(KEY_P256, KEY_ROOT), true);

	buffer_init(&root, ROOM);
	buffer_init(&second, ROOM);
	buffer_init(&rogue, ROOM);
	buffer_init(&twin, ROOM);
	make_certificate(&root, &m);
	m = make_plan("O=Maker,CN=Root", make_key(KEY_P256, KEY_SECOND), "O=Maker,CN=Root", make_key(KEY_P256, KEY_SECOND), true);
	make_certificate(&second, &m);
	m = make_plan("O=Rogue,CN=Root", make_key(KEY_P256, KEY_ROGUE), "O=Rogue,CN=Root", make_key(KEY_P256, KEY_ROGUE), true);
	make_certificate(&rogue, &m);
	m = make_plan(ROOT_NAME, make_key(KEY_P256, KEY_ROGUE), ROOT_NAME, make_key(KEY_P256, KEY_ROGUE), true);
	make_certificate(&twin, &m);
}

// Devices whose certificate says something else than it should.
static void
add_odd(void)
{
	struct make_certificate m = plan("CN=expired,O=Plant", key_of(KEY_P256));
	m.until = MAKE_NOW - MAKE_DAY;
	add_planned("expired", "CN=expired,O=Plant", &m);
	m = plan("CN=early,O=Plant", key_of(KEY_P256));
	m.from = MAKE_NOW + 10 * MAKE_DAY;
	add_planned("early", "CN=early,O=Plant", &m);
	m = plan("CN=late,O=Plant", key_of(KEY_P256));
	m.until = INT64_C(253402300799);	// the end of 9999
	add_planned("late", "CN=late,O=Plant", &m);
	m = plan("CN=boundary,O=Plant", key_of(KEY_P256));
	m.until = INT64_C(2524607999);		// the last second that UTCTime has
	add_planned("boundary", "CN=boundary,O=Plant", &m);
	m = plan("CN=long,O=Plant", key_of(KEY_P256));
	m.until = INT64_C(2208988800);		// 2040: beyond 32 bits
	add_planned("long", "CN=long,O=Plant", &m);
	m = plan("CN=revoked,O=Plant", key_of(KEY_P256));
	revoked_serial = m.serial;
	add_planned("revoked", "CN=revoked,O=Plant", &m);
	m = plan("CN=no signer,O=Plant", key_of(KEY_P256));
	m.usage = KU_KEY_ENCIPHERMENT;
	add_planned("nosign", "CN=no signer,O=Plant", &m);
	m = plan("CN=no usage,O=Plant", key_of(KEY_P256));
	m.usage = -1;
	add_planned("nousage", "CN=no usage,O=Plant", &m);
	m = plan("CN=bare,O=Plant", key_of(KEY_P256));
	m.key_id = false;
	add_planned("bare", "CN=bare,O=Plant", &m);
	m = plan("CN=broken,O=Plant", key_of(KEY_P256));
	m.break_signature = true;
	add_planned("broken", "CN=broken,O=Plant", &m);
	m = plan("CN=critical,O=Plant", key_of(KEY_P256));
	make_more(&m, "2a0304", true, span_of("\x05\x00", 2));
	add_planned("critical", "CN=critical,O=Plant", &m);
	m = plan("CN=garbage,O=Plant", key_of(KEY_P256));
	make_more(&m, "551d36", true, span_of("\x04\x01\x00", 3));	// inhibitAnyPolicy is an INTEGER
	add_planned("garbage", "CN=garbage,O=Plant", &m);
	m = plan("CN=twice,O=Plant", key_of(KEY_P256));
	make_more(&m, "2a0304", false, span_of("\x05\x00", 2));
	make_more(&m, "2a0304", false, span_of("\x05\x00", 2));
	add_planned("twice", "CN=twice,O=Plant", &m);
	m = plan("CN=device,serialNumber=4711,O=Plant", key_of(KEY_P256));
	m.alt_names = "DNS:plc-7.plant.example;IP:10.7.0.7";
	add_planned("named", "CN=device,serialNumber=4711,O=Plant", &m);
}

// One under an issuer that is in no trust set: issuer's certificate in the chain or not.
static void
add_under(const char *name, const char *subject, const char *issuer, unsigned issuer_key, const struct buffer *chain)
{
	struct make_certificate m = plan(subject, key_of(KEY_P256));
	struct kit_signer *s = add(name, subject);

	m.issuer = issuer;
	m.signer = make_key(KEY_P256, issuer_key);
	make_certificate(&certificates[s - people], &m);
	if (chain != NULL)
		buffer_append(&certificates[s - people], buffer_span(chain));
	finish(s, m.key);
}

static void
add_rogues(void)
{
	struct buffer b;

	add_under("rogue", "CN=rogue,O=Plant", "O=Rogue,CN=Root", KEY_ROGUE, &rogue);
	add_under("twin", "CN=twin,O=Plant", ROOT_NAME, KEY_ROGUE, &twin);
	buffer_init(&b, ROOM);
	struct make_certificate m = make_plan("O=Rogue,CN=Middle", make_key(KEY_P256, KEY_MIDDLE), ROOT_NAME, make_key(KEY_P256, KEY_ROGUE), true);
	make_certificate(&b, &m);
	buffer_append(&b, buffer_span(&twin));
	add_under("deep", "CN=deep,O=Plant", "O=Rogue,CN=Middle", KEY_MIDDLE, &b);
	buffer_clear(&b);
	// A is signed by B, and B by A.
	m = make_plan("O=Loop,CN=A", make_key(KEY_P256, KEY_LOOP), "O=Loop,CN=B", make_key(KEY_P256, KEY_LEAF), true);
	make_certificate(&b, &m);
	m = make_plan("O=Loop,CN=B", make_key(KEY_P256, KEY_LEAF), "O=Loop,CN=A", make_key(KEY_P256, KEY_LOOP), true);
	make_certificate(&b, &m);
	add_under("loop", "CN=loop,O=Plant", "O=Loop,CN=A", KEY_LOOP, &b);
	buffer_clear(&b);
}

// Chains through an intermediate that is, or is not, what it has to be.
static void
add_chain(const char *name, const char *subject, const struct make_certificate *middle)
{
	struct buffer b;

	buffer_init(&b, ROOM);
	make_certificate(&b, middle);
	add_under(name, subject, middle->subject, KEY_MIDDLE, &b);
	buffer_clear(&b);
}

static void
add_chains(void)
{
	const struct make_certificate good = make_plan("O=Plant,CN=Middle", make_key(KEY_P256, KEY_MIDDLE), ROOT_NAME, make_key(KEY_P256, KEY_ROOT), true);
	struct make_certificate m = good;

	add_chain("middle", "CN=under middle,O=Plant", &m);
	m.basic = m.ca = false;
	m.usage = KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN;
	add_chain("leafca", "CN=under a leaf,O=Plant", &m);
	m.basic = true;
	add_chain("falseca", "CN=under CA FALSE,O=Plant", &m);
	m = good;
	m.usage = KU_DIGITAL_SIGNATURE;
	add_chain("nocertsign", "CN=under no keyCertSign,O=Plant", &m);
	m = good;
	m.permitted = "dir:O=Elsewhere";
	add_chain("outside", "CN=outside,O=Plant", &m);
	m = good;
	m.until = MAKE_NOW - MAKE_DAY;
	add_chain("oldmiddle", "CN=under the expired,O=Plant", &m);
	m = good;
	make_more(&m, "2a0304", true, span_of("\x05\x00", 2));
	add_chain("criticalmiddle", "CN=under the critical,O=Plant", &m);
	m = good;
	m.path_len = 0;
	// Another CA below one that allows none.
	struct buffer b;
	struct make_certificate lower = make_plan("O=Plant,CN=Lower", make_key(KEY_P256, KEY_LOOP), "O=Plant,CN=Middle", make_key(KEY_P256, KEY_MIDDLE), true);
	buffer_init(&b, ROOM);
	make_certificate(&b, &lower);
	make_certificate(&b, &m);
	add_under("toolong", "CN=too long,O=Plant", "O=Plant,CN=Lower", KEY_LOOP, &b);
	buffer_clear(&b);
}

static void
add_low_exponent(void)
{
	static uint8_t octets[2048];
	const char *hex = sample_keys[SAMPLE_RSA2048E3].secret;
	struct fault f = { .set = false };
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned octet = 0;
		must(n <= sizeof(octets) && sscanf(hex + 2 * i, "%2x", &octet) == 1, "no hex");
		octets[i] = (uint8_t)octet;
	}
	low_exponent = private_key_new(KEY_RSA, span_of(octets, n), &f);
	must(low_exponent != NULL, f.text);
	struct make_certificate m = plan("CN=rsa3,O=Plant", low_exponent);
	add_planned("rsa3", "CN=rsa3,O=Plant", &m);
}

// ---- those with a secret

static void
add_secret(const char *name, const char *reference, const char *secret, enum protection_kind kind)
{
	static const uint8_t salt[16] = { 's', 'a', 'l', 't', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	struct kit_signer *s = add(name, "CN=device,O=Plant");

	s->reference = reference;
	s->secret = secret;
	s->key_id = span_text(reference);
	s->mac = (struct mac_parameters){ .kind = kind, .derive = DIGEST_SHA256, .mac = DIGEST_SHA256,
		.iterations = kind == PROTECTION_PBM ? PBM_ITERATIONS_MIN : PBKDF2_ITERATIONS_MIN, .key_length = 32, .salt_len = sizeof(salt) };
	memcpy(s->mac.salt, salt, sizeof(salt));
}

#define SECRET(n) "a-secret-of-enough-octets-" n

static void
add_secrets(void)
{
	add_secret("many", "many", SECRET("many"), PROTECTION_PBM);
	add_secret("pbmac1", "many", SECRET("many"), PROTECTION_PBMAC1);
	add_secret("once", "once", SECRET("once"), PROTECTION_PBM);
	add_secret("once1", "once", SECRET("once"), PROTECTION_PBMAC1);
	add_secret("bound", "bound", SECRET("bound"), PROTECTION_PBM);
	add_secret("old", "old", SECRET("old"), PROTECTION_PBM);
	add_secret("wrong", "many", SECRET("wrong"), PROTECTION_PBM);
	add_secret("wrong1", "many", SECRET("wrong"), PROTECTION_PBMAC1);
	add_secret("unknown", "nobody", SECRET("many"), PROTECTION_PBM);
	add_secret("unknown1", "nobody", SECRET("many"), PROTECTION_PBMAC1);
	add_secret("sha1", "many", SECRET("many"), PROTECTION_PBM);
	people[count - 1].mac.mac = DIGEST_SHA1;
}

static const char secret_table[] =
	"many:" SECRET("many") " uses=many\n"
	"once:" SECRET("once") "\n"
	"bound:" SECRET("bound") " uses=many name=\"CN=device,O=Plant\"\n"
	"old:" SECRET("old") " uses=many expires=2020-01-01T00:00:00Z\n";

// ---- the whole

void
people_make(void)
{
	add_roots();
	struct kit_signer *s = add("root", "CN=Root,O=Plant");
	buffer_append(&certificates[s - people], buffer_span(&root));
	finish(s, make_key(KEY_P256, KEY_ROOT));
	add_device("device", "CN=device,O=Plant", KEY_P256, NULL);
	add_device("other", "CN=other,O=Plant", KEY_P256, NULL);
	add_device("client", "CN=client,O=Plant", KEY_P256, "2");
	add_device("lra", "CN=LRA,O=Plant", KEY_P256, "28");
	add_device("ca", "CN=CMP server,O=Plant", KEY_P256, "27");
	add_device("rsa", "CN=rsa device,O=Plant", KEY_RSA, NULL);
	add_device("p384", "CN=p384 device,O=Plant", KEY_P384, NULL);
	add_device("p521", "CN=p521 device,O=Plant", KEY_P521, NULL);
	add_device("ed25519", "CN=ed25519 device,O=Plant", KEY_ED25519, NULL);
	add_device("ed448", "CN=ed448 device,O=Plant", KEY_ED448, NULL);
	add_odd();
	add_low_exponent();
	add_rogues();
	add_chains();
	add_under("maker", "CN=IDevID,serialNumber=4711,O=Maker", "O=Maker,CN=Root", KEY_SECOND, NULL);
	add_under("strangeca", "CN=CMP server,O=Maker", "O=Maker,CN=Root", KEY_SECOND, NULL);
	add_secrets();
}

void
people_free(void)
{
	struct buffer *roots[] = { &root, &second, &rogue, &twin };

	for (size_t i = 0; i < count; i++)
		buffer_clear(&certificates[i]);
	for (size_t i = 0; i < 4; i++)
		buffer_clear(roots[i]);
	count = 0;
	private_key_unref(low_exponent);
	low_exponent = NULL;
	make_keys_free();
}

const struct kit_signer *
people_at(size_t n)
{
	return n < count ? &people[n] : NULL;
}

const struct kit_signer *
kit_signer(const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(people[i].name, name) == 0)
			return &people[i];
	must(false, name);
	return NULL;
}

// ---- files

void
people_file(const char *folder, const char *name, struct span octets)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, octets.data, octets.len) == (ssize_t)octets.len && close(fd) == 0, path);
}

static void
credential_file(const char *folder, const char *name, const char *subject, unsigned key, const char *purposes)
{
	struct make_certificate m = plan(subject, make_key(KEY_P256, key));
	struct buffer b;
	char file[64];

	buffer_init(&b, ROOM);
	m.purposes = purposes;
	make_certificate(&b, &m);
	snprintf(file, sizeof(file), "%s.der", name);
	people_file(folder, file, buffer_span(&b));
	b.len = 0;
	make_key_file(&b, KEY_P256, key);
	snprintf(file, sizeof(file), "%s.key", name);
	people_file(folder, file, buffer_span(&b));
	buffer_clear(&b);
}

void
people_files(const char *folder)
{
	struct make_crl crl = make_crl_plan(ROOT_NAME, make_key(KEY_P256, KEY_ROOT));
	const struct make_entry entry = { revoked_serial, 1, NULL };
	struct buffer b;

	people_file(folder, "root.der", buffer_span(&root));
	people_file(folder, "root2.der", buffer_span(&second));
	credential_file(folder, "ra", "CN=RA,O=Plant", KEY_RA, "28");
	people_file(folder, "secrets", span_text(secret_table));
	buffer_init(&b, ROOM);
	crl.entries = &entry;
	crl.entry_count = 1;
	make_crl(&b, &crl);
	people_file(folder, "plant.crl", buffer_span(&b));
	buffer_clear(&b);
}

// ---- what is asked for, and issued

struct private_key *
people_new_key(const char *kind)
{
	static const struct { const char *name; enum key_type type; } kinds[] = {
		{ "rsa", KEY_RSA }, { "p384", KEY_P384 }, { "p521", KEY_P521 }, { "ed25519", KEY_ED25519 }, { "ed448", KEY_ED448 },
		{ "bp256", KEY_BRAINPOOL_P256 },
	};

	if (kind == NULL)
		return make_key(KEY_P256, KEY_NEW);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, kind) == 0)
			return make_key(kinds[i].type, kinds[i].type == KEY_RSA ? 0 : 2);
	return kit_signer(kind)->key;
}

void
people_issue(struct buffer *out, const char *subject, struct private_key *key, const char *ca)
{
	char room[256];
	struct make_certificate m = make_plan(reversed(subject, room), key, ROOT_NAME, make_key(KEY_P256, KEY_ROOT), false);

	if (ca != NULL && strcmp(ca, "rogue") == 0) {
		m.issuer = "O=Rogue,CN=Root";
		m.signer = make_key(KEY_P256, KEY_ROGUE);
	}
	m.from = MAKE_NOW;
	make_certificate(out, &m);
}
