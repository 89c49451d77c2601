// SPDX-License-Identifier: GPL-3.0-or-later
#include "pki/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/pem.h"
#include "codec/extension.h"
#include "codec/oid.h"
#include "codec/pkcs8.h"
#include "crypto/cipher.h"
#include "pki/algorithm.h"

enum { FILE_MAX = 1024 * 1024, KEY_OCTETS_MAX = 16384, PBES2_ITERATIONS_MAX = 10000000 };

struct credential {
	unsigned references;
	char *name;
	struct buffer certificates;	// all of the file, one after the other
	struct certificate view;
	struct public_numbers numbers;
	struct buffer chain, sender;
	struct span key_id;
	struct private_key *key;
};

// ---- files

static bool
check_secret(int fd, const char *path, struct fault *f)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fault_set(f, FAIL_NONE, path, "cannot be looked at: %s", strerror(errno));
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return fault_set(f, FAIL_NONE, path, "belongs to another user: chown it to the user that cmpgate runs as");
	if ((st.st_mode & 077) != 0)
		return fault_set(f, FAIL_NONE, path, "can be read by others: chmod 600 %s", path);
	return true;
}

// Into one piece of memory of its size: a buffer that grows would leave copies of a secret behind.
static bool
read_open(int fd, const char *path, size_t max, struct buffer *out, struct fault *f)
{
	struct stat st;
	uint8_t block[4096];
	ssize_t n;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return fault_set(f, FAIL_NONE, path, "is no regular file");
	if ((uintmax_t)st.st_size > max)
		return fault_set(f, FAIL_NONE, path, "is larger than %zu octets", max);
	if (!buffer_reserve(out, (size_t)st.st_size))
		return fault_set(f, FAIL_NONE, path, "out of memory");
	while ((n = read(fd, block, sizeof(block))) > 0) {
		bool fits = (size_t)n <= out->cap - out->len && buffer_append(out, span_of(block, (size_t)n));
		crypto_wipe(block, sizeof(block));
		if (!fits)
			return fault_set(f, FAIL_NONE, path, "grew while it was read; try again");
	}
	return n == 0 || fault_set(f, FAIL_NONE, path, "cannot be read: %s", strerror(errno));
}

bool
secret_file_read(const char *path, size_t max, bool private_only, struct buffer *out, struct fault *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return fault_set(f, FAIL_NONE, path, "cannot be opened: %s", strerror(errno));
	bool well = (!private_only || check_secret(fd, path, f)) && read_open(fd, path, max, out, f);
	close(fd);
	return well;
}

// The blocks of a PEM text whose label is one of these, one after the other; or the DER as it is.
static size_t
blocks_read(struct span octets, const char *label, const char *other, const char *what, struct buffer *out, struct fault *f)
{
	char found[PEM_LABEL_MAX + 1];
	struct buffer one;
	size_t count = 0;

	if (octets.len > 0 && octets.data[0] == DER_SEQUENCE)
		return buffer_append(out, octets) ? 1 : 0;
	buffer_init(&one, FILE_MAX);
	for (;;) {
		one.len = 0;
		enum pem_result r = pem_take(&octets, found, &one, f);
		if (r != PEM_FOUND) {
			if (r == PEM_BAD)
				count = 0;
			break;
		}
		if (strcmp(found, label) != 0 && strcmp(found, other) != 0)
			continue;
		if (!buffer_append(out, buffer_span(&one))) {
			fault_set(f, FAIL_NONE, "", "out of memory, or too large");
			count = 0;
			break;
		}
		count++;
	}
	buffer_clear(&one);
	if (count == 0)
		fault_set(f, FAIL_NONE, "", "holds no %s, neither in PEM nor in DER", what);
	return count;
}

// Each of `count` elements in out must be one that parses.
static size_t
certificates_check(const struct buffer *out, size_t from, size_t count, struct fault *f)
{
	struct span rest = span_of(out->data + from, out->len - from), whole;
	struct certificate c;

	for (size_t i = 0; i < count; i++)
		if (!der_take_whole(&rest, DER_SEQUENCE, &whole) || !certificate_parse(&c, whole, f)) {
			fault_set(f, FAIL_NONE, "", "holds a certificate that cannot be read");
			return 0;
		}
	if (!der_at_end(rest)) {
		fault_set(f, FAIL_NONE, "", "octets follow the certificate");
		return 0;
	}
	return count;
}

size_t
certificates_read(struct span octets, struct buffer *out, struct fault *f)
{
	size_t from = out->len, count = blocks_read(octets, "CERTIFICATE", "X509 CERTIFICATE", "certificate", out, f);

	return count > 0 ? certificates_check(out, from, count, f) : 0;
}

size_t
crls_read(struct span octets, struct buffer *out, struct fault *f)
{
	return blocks_read(octets, "X509 CRL", "CRL", "CRL", out, f);
}

// ---- private keys

static bool
type_of_curve(struct span oid, enum key_type *type)
{
	static const struct { enum oid_id oid; enum key_type type; } rows[] = {
		{ OID_P256, KEY_P256 }, { OID_P384, KEY_P384 }, { OID_P521, KEY_P521 }, { OID_BRAINPOOL_P256, KEY_BRAINPOOL_P256 },
		{ OID_BRAINPOOL_P384, KEY_BRAINPOOL_P384 }, { OID_BRAINPOOL_P512, KEY_BRAINPOOL_P512 },
	};
	enum oid_id id = oid_find(oid);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].oid != id)
			continue;
		*type = rows[i].type;
		return true;
	}
	return false;
}

static struct private_key *
refuse_key(struct fault *f, const char *why)
{
	fault_set(f, FAIL_NONE, "", "%s", why);
	return NULL;
}

static struct private_key *
ec_key(struct span octets, struct span curve, struct fault *f)
{
	struct ec_private_key k;
	enum key_type type;

	if (!ec_private_key_read(octets, &k, f))
		return NULL;
	if (curve.len > 0 && k.curve.len > 0 && !span_equal(curve, k.curve))
		return refuse_key(f, "names two different curves");
	if (!type_of_curve(curve.len > 0 ? curve : k.curve, &type))
		return refuse_key(f, "is on a curve that is not known here; P-256, P-384, P-521 and brainpool r1 are");
	return private_key_new(type, k.key, f);
}

static struct private_key *
plain_key(struct span octets, struct fault *f)
{
	struct private_key_info info;
	struct span curve, seed;

	if (!private_key_info_read(octets, &info, f))
		return NULL;
	switch (oid_find(info.algorithm.oid)) {
	case OID_RSA: return private_key_new(KEY_RSA, info.key, f);
	case OID_EC_PUBLIC_KEY:
		return curve_parameters_read(&info.algorithm, &curve, f) ? ec_key(info.key, curve, f) : NULL;
	case OID_ED25519: return curve_private_key_read(info.key, &seed, f) ? private_key_new(KEY_ED25519, seed, f) : NULL;
	case OID_ED448: return curve_private_key_read(info.key, &seed, f) ? private_key_new(KEY_ED448, seed, f) : NULL;
	default: return refuse_key(f, "is of a kind that is not known here; RSA, EC, Ed25519 and Ed448 are");
	}
}

static struct private_key *
encrypted_key(struct span octets, struct span pass, struct fault *f)
{
	struct encrypted_private_key e;
	uint8_t key[32];
	struct buffer plain;
	enum digest prf;
	struct private_key *k = NULL;

	if (pass.len == 0)
		return refuse_key(f, "is encrypted, and no pass is configured: pass: file:PATH, env:NAME or cred:NAME");
	if (!encrypted_private_key_read(octets, &e, f) || !algorithm_hmac(&e.kdf.prf, true, &prf, f))
		return NULL;
	if (e.kdf.iterations < 1 || e.kdf.iterations > PBES2_ITERATIONS_MAX || (e.kdf.has_key_length && e.kdf.key_length != (int64_t)e.key_octets))
		return refuse_key(f, "is encrypted with parameters that make no sense");
	buffer_init(&plain, KEY_OCTETS_MAX);
	if (!pbkdf2_derive(prf, pass, e.kdf.salt, (uint32_t)e.kdf.iterations, key, e.key_octets))
		refuse_key(f, "out of memory");
	else if (aes_cbc_decrypt(span_of(key, e.key_octets), e.iv, e.secret, &plain) != CRYPTO_OK)
		refuse_key(f, "cannot be decrypted: the pass is wrong");
	else
		k = plain_key(buffer_span(&plain), f);
	crypto_wipe(key, sizeof(key));
	if (plain.data != NULL)
		crypto_wipe(plain.data, plain.cap);
	buffer_clear(&plain);
	return k;
}

static struct private_key *
labelled_key(const char *label, struct span octets, struct span pass, struct fault *f)
{
	if (strcmp(label, "ENCRYPTED PRIVATE KEY") == 0)
		return encrypted_key(octets, pass, f);
	if (strcmp(label, "EC PRIVATE KEY") == 0)
		return ec_key(octets, span_of(NULL, 0), f);
	if (strcmp(label, "RSA PRIVATE KEY") == 0)
		return private_key_new(KEY_RSA, octets, f);
	return plain_key(octets, f);
}

// Which of the forms a DER file holds, by its first elements.
static struct private_key *
der_key(struct span octets, struct span pass, struct fault *f)
{
	struct span in = octets, contents;
	struct fault unsaid = { .set = false };
	struct rsa_private_key rsa;
	struct ec_private_key ec;
	struct private_key_info info;

	if (!der_take(&in, DER_SEQUENCE, &contents))
		return refuse_key(f, "is neither PEM nor DER");
	if (der_next_is(contents, DER_SEQUENCE))
		return encrypted_key(octets, pass, f);
	if (private_key_info_read(octets, &info, &unsaid))
		return plain_key(octets, f);
	if (rsa_private_key_read(octets, &rsa, &unsaid))
		return private_key_new(KEY_RSA, octets, f);
	if (ec_private_key_read(octets, &ec, &unsaid))
		return ec_key(octets, span_of(NULL, 0), f);
	refuse_key(f, "is no private key in a form that is read here: PKCS#8, or the older ones of RSA and EC (from a PKCS#12 file: openssl pkcs12 -nocerts -out key.pem)");
	return NULL;
}

struct private_key *
private_key_read(struct span octets, struct span pass, struct fault *f)
{
	static const char *const labels[] = { "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", NULL };
	char found[PEM_LABEL_MAX + 1];
	struct private_key *k = NULL;
	struct buffer one;

	if (octets.len > 0 && octets.data[0] == DER_SEQUENCE)
		return der_key(octets, pass, f);
	buffer_init(&one, KEY_OCTETS_MAX);
	if (!buffer_reserve(&one, KEY_OCTETS_MAX)) {	// once, so that no copy is left behind
		refuse_key(f, "out of memory");
		return NULL;
	}
	bool known = false;
	while (!known && pem_take(&octets, found, &one, f) == PEM_FOUND) {
		for (const char *const *l = labels; *l != NULL; l++)
			known = known || strcmp(found, *l) == 0;
		if (known)
			k = labelled_key(found, buffer_span(&one), pass, f);
		crypto_wipe(one.data, one.cap);
		one.len = 0;
	}
	if (!known)
		refuse_key(f, "holds no private key");
	crypto_wipe(one.data, one.cap);
	buffer_clear(&one);
	return k;
}

// ---- credentials

static bool
same_key(const struct public_numbers *a, const struct public_numbers *b)
{
	return a->type == b->type && span_equal(a->point, b->point) && span_equal(a->modulus, b->modulus) && span_equal(a->exponent, b->exponent);
}

// RFC 9483 3.3: the protecting certificate, then each issuer of the one before; no self-signed ones.
static bool
take_chain(struct credential *c, struct fault *f)
{
	struct span rest = buffer_span(&c->certificates), whole, issuer = { NULL, 0 };
	struct certificate one;
	bool first = true;

	while (der_take_whole(&rest, DER_SEQUENCE, &whole)) {
		if (!certificate_parse(&one, whole, f))
			return false;
		if (!first && !span_equal(one.subject, issuer))
			return fault_set(f, FAIL_NONE, "", "a certificate of the chain does not issue the one before it; put them in order");
		issuer = one.issuer;
		if ((first || !certificate_self_issued(&one)) && !buffer_append(&c->chain, whole))
			return fault_set(f, FAIL_NONE, "", "out of memory");
		first = false;
	}
	return true;
}

static bool
take_certificate(struct credential *c, const char *path, struct fault *f)
{
	struct buffer file;
	struct extension ski;
	struct der_writer w;
	struct span rest, whole, sender;

	buffer_init(&file, FILE_MAX);
	bool well = secret_file_read(path, FILE_MAX, false, &file, f) && certificates_read(buffer_span(&file), &c->certificates, f) > 0;
	buffer_clear(&file);
	rest = buffer_span(&c->certificates);
	if (!well || !der_take_whole(&rest, DER_SEQUENCE, &whole) || !certificate_parse(&c->view, whole, f)
	    || !algorithm_public_key(&c->view.public_key, &c->numbers, f) || !take_chain(c, f))
		return false;
	if (extension_find(c->view.extensions, CE_SUBJECT_KEY_ID, &ski) && !subject_key_id_read(ski.value, &c->key_id, f))
		return false;
	der_writer_init(&w, c->view.subject.len + 16);
	der_open(&w, DER_CONTEXT_CONS(4));
	der_put_raw(&w, c->view.subject);
	der_close(&w);
	well = der_finish(&w, &sender) && buffer_append(&c->sender, sender);
	der_writer_clear(&w);
	return well || fault_set(f, FAIL_NONE, "", "out of memory");
}

static bool
take_key(struct credential *c, const struct credential_plan *plan, struct fault *f)
{
	struct buffer file;

	if (strncmp(plan->key, "pkcs11:", 7) == 0) {
		c->key = private_key_token(plan->key, plan->module, plan->pass, f);
	} else {
		buffer_init(&file, KEY_OCTETS_MAX);
		if (buffer_reserve(&file, KEY_OCTETS_MAX) && secret_file_read(plan->key, KEY_OCTETS_MAX, true, &file, f))
			c->key = private_key_read(buffer_span(&file), plan->pass, f);
		if (file.data != NULL)
			crypto_wipe(file.data, file.cap);
		buffer_clear(&file);
		if (c->key == NULL && f != NULL && f->set && f->path[0] != '/')
			fault_within(f, plan->key);
	}
	if (c->key == NULL)
		return fault_set(f, FAIL_NONE, plan->key, "no private key could be loaded");
	return same_key(private_key_public(c->key), &c->numbers)
		|| fault_set(f, FAIL_NONE, plan->certificate, "the certificate belongs to another key than %s holds", plan->key);
}

struct credential *
credential_load(const struct credential_plan *plan, struct fault *f)
{
	struct credential *c = mem_alloc(sizeof(*c));

	if (c == NULL) {
		fault_set(f, FAIL_NONE, "", "out of memory");
		return NULL;
	}
	c->references = 1;
	buffer_init(&c->certificates, FILE_MAX);
	buffer_init(&c->chain, FILE_MAX);
	buffer_init(&c->sender, FILE_MAX);
	c->name = mem_text(plan->name);
	if (c->name == NULL) {
		fault_set(f, FAIL_NONE, "", "out of memory");
	} else if (!take_certificate(c, plan->certificate, f)) {
		if (f != NULL && f->path[0] != '/')
			fault_within(f, plan->certificate);
	} else if (take_key(c, plan, f)) {
		return c;
	}
	credential_unref(c);
	return NULL;
}

struct credential *
credential_ref(struct credential *c)
{
	c->references++;
	return c;
}

void
credential_unref(struct credential *c)
{
	if (c == NULL || --c->references > 0)
		return;
	buffer_clear(&c->certificates);
	buffer_clear(&c->chain);
	buffer_clear(&c->sender);
	private_key_unref(c->key);
	mem_free(c->name);
	mem_free(c);
}

const char *
credential_name(const struct credential *c)
{
	return c->name;
}

const struct certificate *
credential_certificate(const struct credential *c)
{
	return &c->view;
}

struct span
credential_chain(const struct credential *c)
{
	return buffer_span(&c->chain);
}

struct private_key *
credential_key(const struct credential *c)
{
	return c->key;
}

struct span
credential_key_id(const struct credential *c)
{
	return c->key_id;
}

struct span
credential_sender(const struct credential *c)
{
	return buffer_span(&c->sender);
}
