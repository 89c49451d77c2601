// SPDX-License-Identifier: GPL-3.0-or-later
#include "pki/protect.h"

#include "base/random.h"
#include "codec/mac.h"
#include "codec/name.h"
#include "codec/oid.h"
#include "pki/algorithm.h"

enum { MESSAGE_MAX = 2 * 1024 * 1024, ALGORITHM_MAX = 512, KEY_LENGTH_MIN = 20, BITS = 8 };

// ---- what it says it is

static bool
read_algorithm(const struct pkimessage *m, struct algorithm *a, struct fault *f)
{
	struct span in = m->header.protection_alg;

	return algorithm_take(&in, a, f);
}

bool
protection_kind_of(const struct pkimessage *m, enum protection_kind *kind, struct fault *f)
{
	struct algorithm a;

	*kind = PROTECTION_NONE;
	if (!m->has_protection)
		return fault_set(f, FAIL_BAD_MESSAGE_CHECK, "protection", "missing; every message must be protected by a signature or a MAC");
	if (m->header.protection_alg.len == 0)
		return fault_set(f, FAIL_BAD_MESSAGE_CHECK, "header.protectionAlg", "missing, though the message has a protection");
	if (!read_algorithm(m, &a, f))
		return false;
	switch (oid_find(a.oid)) {
	case OID_PBM: *kind = PROTECTION_PBM; break;
	case OID_PBMAC1: *kind = PROTECTION_PBMAC1; break;
	case OID_KEM_MAC: case OID_DH_MAC:
		return fault_set(f, FAIL_BAD_ALG, "header.protectionAlg", "not spoken here; PBMAC1, PasswordBasedMac and signatures are");
	default: *kind = PROTECTION_SIGNATURE; break;	// an unknown one fails as a signature algorithm
	}
	return true;
}

// ---- MACs: every cap before any cost

static bool
at_alg(struct fault *f)
{
	fault_within(f, "header.protectionAlg");
	return false;
}

static bool
check_cost(int64_t iterations, int64_t least, const struct mac_policy *p, struct span salt, struct fault *f)
{
	if (iterations < least || iterations > p->iterations_max)
		return fault_set(f, FAIL_BAD_ALG, "iterationCount", "out of range: %lld to %u are taken", (long long)least, p->iterations_max);
	if (salt.len < MAC_SALT_MIN || salt.len > MAC_SALT_MAX)
		return fault_set(f, FAIL_BAD_ALG, "salt", "%zu octets; %d to %d are taken", salt.len, MAC_SALT_MIN, MAC_SALT_MAX);
	return true;
}

static void
keep_salt(struct mac_parameters *out, struct span salt, int64_t iterations)
{
	out->iterations = (uint32_t)iterations;
	out->salt_len = (uint8_t)salt.len;
	memcpy(out->salt, salt.data, salt.len);
}

static bool
no_sha1(enum digest d, const struct mac_policy *p, struct fault *f)
{
	return d != DIGEST_SHA1 || p->sha1
		|| fault_set(f, FAIL_BAD_ALG, "mac", "SHA-1; use hmacWithSHA256 (openssl cmp: -mac hmacWithSHA256), or the route may accept: [sha1-mac]");
}

static bool
read_pbm(const struct algorithm *a, const struct mac_policy *p, struct mac_parameters *out, struct fault *f)
{
	struct pbm_parameters v;

	if (!pbm_parameters_read(a, &v, f) || !check_cost(v.iterations, PBM_ITERATIONS_MIN, p, v.salt, f)
	    || !algorithm_digest(&v.owf, true, &out->derive, f) || !no_sha1(out->derive, p, f)
	    || !algorithm_hmac(&v.mac, true, &out->mac, f) || !no_sha1(out->mac, p, f))
		return false;
	if (out->derive == DIGEST_SHAKE256)
		return fault_set(f, FAIL_BAD_ALG, "owf", "SHAKE is not used with PasswordBasedMac");
	out->kind = PROTECTION_PBM;
	keep_salt(out, v.salt, v.iterations);
	return true;
}

// A length in bits is what some old peers write; it is told apart by being too long in octets.
static bool
check_key_length(const struct pbmac1_parameters *v, const struct mac_policy *p, struct mac_parameters *out, struct fault *f)
{
	int64_t size = (int64_t)digest_size(out->mac), length = v->kdf.has_key_length ? v->kdf.key_length : -1;

	if (p->bits && length == size * BITS)
		length = size;
	if (length < KEY_LENGTH_MIN || length > DIGEST_MAX)
		return fault_set(f, FAIL_BAD_ALG, "keyLength", "must be there, in octets, %d to %d; a peer that writes bits needs accept: [pbmac1-bits]", KEY_LENGTH_MIN, DIGEST_MAX);
	out->key_length = (uint32_t)length;
	return true;
}

static bool
read_pbmac1(const struct algorithm *a, const struct mac_policy *p, struct mac_parameters *out, struct fault *f)
{
	struct pbmac1_parameters v;

	if (!pbmac1_parameters_read(a, &v, f) || !check_cost(v.kdf.iterations, PBKDF2_ITERATIONS_MIN, p, v.kdf.salt, f)
	    || !algorithm_hmac(&v.kdf.prf, true, &out->derive, f) || !no_sha1(out->derive, p, f)
	    || !algorithm_hmac(&v.mac, true, &out->mac, f) || !no_sha1(out->mac, p, f))
		return false;
	out->kind = PROTECTION_PBMAC1;
	keep_salt(out, v.kdf.salt, v.kdf.iterations);
	return check_key_length(&v, p, out, f);
}

bool
mac_parameters_read(const struct pkimessage *m, const struct mac_policy *policy, struct mac_parameters *out, struct fault *f)
{
	struct algorithm a;

	memset(out, 0, sizeof(*out));
	if (!read_algorithm(m, &a, f))
		return false;
	if (m->header.protection_alg.len > sizeof(out->algorithm))
		return fault_set(f, FAIL_BAD_ALG, "header.protectionAlg", "%zu octets; at most %zu are taken", m->header.protection_alg.len, sizeof(out->algorithm));
	if (!(oid_find(a.oid) == OID_PBM ? read_pbm(&a, policy, out, f) : read_pbmac1(&a, policy, out, f)))
		return at_alg(f);
	out->algorithm_len = (uint16_t)m->header.protection_alg.len;
	memcpy(out->algorithm, m->header.protection_alg.data, out->algorithm_len);
	return true;
}

static bool
derive(const struct mac_parameters *p, struct span secret, uint8_t key[DIGEST_MAX], size_t *len)
{
	struct span salt = span_of(p->salt, p->salt_len);

	*len = p->kind == PROTECTION_PBM ? digest_size(p->derive) : p->key_length;
	return p->kind == PROTECTION_PBM ? pbm_derive(p->derive, secret, salt, p->iterations, key)
		: pbkdf2_derive(p->derive, secret, salt, p->iterations, key, *len);
}

// The MAC over parts that are the protected part of a message.
static bool
mac_over(const struct mac_parameters *p, struct span secret, const struct span *parts, size_t count, uint8_t out[DIGEST_MAX])
{
	uint8_t key[DIGEST_MAX];
	size_t len;

	bool well = derive(p, secret, key, &len) && hmac_of(p->mac, span_of(key, len), parts, count, out);
	crypto_wipe(key, sizeof(key));
	return well;
}

bool
mac_verify(const struct pkimessage *m, const struct mac_parameters *p, struct span secret, struct fault *f)
{
	uint8_t mac[DIGEST_MAX];
	struct buffer part;

	buffer_init(&part, MESSAGE_MAX);
	struct span octets;
	bool made = pkimessage_protected_part(m, &part);
	octets = buffer_span(&part);
	made = made && mac_over(p, secret, &octets, 1, mac);
	buffer_clear(&part);
	if (!made)
		return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
	bool same = crypto_equal(span_of(mac, digest_size(p->mac)), m->protection);
	crypto_wipe(mac, sizeof(mac));
	return same || fault_set(f, FAIL_BAD_MESSAGE_CHECK, "protection", "the MAC does not verify");
}

// ---- signatures

static bool
sender_name(const struct pkiheader *h, struct span *name, struct fault *f)
{
	struct general_name sender;
	struct span in = h->sender;

	if (!general_name_read(&in, &sender, f))
		return false;
	if (sender.kind != GN_DIRECTORY || sender.value.len <= 2)
		return fault_set(f, FAIL_BAD_MESSAGE_CHECK, "header.sender", "must be the subject of the certificate that protects the message");
	*name = sender.value;
	return true;
}

static bool
key_id_of(const struct certificate *c, struct span *id)
{
	struct extension e;

	return extension_find(c->extensions, CE_SUBJECT_KEY_ID, &e) && subject_key_id_read(e.value, id, NULL);
}

// Is this the certificate that sender and senderKID name?
static bool
is_signer(const struct certificate *c, struct span name, const struct pkiheader *h)
{
	struct span id;

	if (!name_equal_canonical(c->subject, name))
		return false;
	return !h->has_sender_kid || (key_id_of(c, &id) && span_equal(id, h->sender_kid));
}

static bool
find_among(struct span certs, struct span name, const struct pkiheader *h, struct certificate *out)
{
	struct span whole;

	while (der_take_whole(&certs, DER_SEQUENCE, &whole))
		if (certificate_parse(out, whole, NULL) && is_signer(out, name, h))
			return true;
	return false;
}

bool
signer_find(const struct pkimessage *m, struct span known, struct certificate *out, struct fault *f)
{
	struct span name;

	if (!sender_name(&m->header, &name, f))
		return false;
	if (find_among(m->extra_certs, name, &m->header, out) || find_among(known, name, &m->header, out))
		return true;
	if (m->extra_certs.len == 0 && known.len == 0)
		return fault_set(f, FAIL_BAD_MESSAGE_CHECK, "extraCerts", "empty; the first signed message brings its certificate");
	return fault_set(f, FAIL_BAD_MESSAGE_CHECK, "header.sender", m->header.has_sender_kid ?
		"no certificate of extraCerts has this subject and the subjectKeyIdentifier of senderKID" : "no certificate of extraCerts has this subject");
}

// A signer that is an anchor itself need not be sent: it is known by definition.
static bool
find_anchor(const struct pkimessage *m, const struct signer_policy *p, struct signer_verdict *out)
{
	struct span name;

	if (!sender_name(&m->header, &name, NULL))
		return false;
	for (size_t i = 0; i < p->trust_count; i++) {
		for (size_t n = 0; n < trust_anchor_count(p->trusts[i]); n++) {
			const struct trust_certificate *a = trust_anchor(p->trusts[i], n);
			if (!is_signer(&a->view, name, &m->header))
				continue;
			out->certificate = a->view;
			out->trust = i;
			return true;
		}
	}
	return false;
}

static bool
check_anchor(const struct certificate *c, const struct signer_policy *p, struct fault *f)
{
	struct extension e;
	unsigned bits;

	if (c->not_after < p->at || (!p->at_floor && c->not_before > p->at))
		return fault_set(f, FAIL_SIGNER_NOT_TRUSTED, "protection", "the certificate of the sender is not valid at this time");
	if (extension_find(c->extensions, CE_KEY_USAGE, &e) && (!key_usage_read(e.value, &bits, NULL) || (bits & KU_DIGITAL_SIGNATURE) == 0))
		return fault_set(f, FAIL_SIGNER_NOT_TRUSTED, "protection", "the certificate of the sender is not for digitalSignature");
	return true;
}

static bool
check_sender_kid(const struct pkimessage *m, const struct certificate *c, const struct signer_policy *p, struct fault *f)
{
	struct span id;

	if (m->header.has_sender_kid || p->missing_sender_kid || !key_id_of(c, &id))
		return true;
	return fault_set(f, FAIL_BAD_MESSAGE_CHECK, "header.senderKID", "missing; it is the subjectKeyIdentifier of the certificate, or the route may accept: [missing-sender-kid]");
}

// Whose signature is believed: a path under any of the sets; the fault is that of the set that was tried last.
static bool
check_path(const struct pkimessage *m, struct span known, const struct signer_policy *p, struct signer_verdict *out, struct fault *f)
{
	struct path_result path;
	struct fault one = { .set = false };
	size_t wanted = p->wants != NULL ? p->wants->count : 0;

	for (size_t i = 0; i < p->trust_count; i++) {
		struct path_request r = {
			.target = out->certificate.whole, .candidates = m->extra_certs.len > 0 ? m->extra_certs : known, .trust = p->trusts[i],
			.at = p->at, .at_floor = p->at_floor, .key_usage = KU_DIGITAL_SIGNATURE,
			.purpose = p->purpose != 0 ? p->purpose : trust_purpose(p->trusts[i]), .signatures = &out->signatures,
			.wants = p->wants,
		};
		one.set = false;
		bool well = p->cache != NULL ? path_validate_cached(p->cache, &r, &path, &one) : path_validate(&r, &path, &one);
		if (well) {
			out->trust = i;
			out->revocation_unknown = path.revocation_unknown;
			if (!path.revocation_unknown)
				wants_drop_needed(p->wants, wanted);
			return true;
		}
	}
	if (p->trust_count == 0)
		return fault_set(f, FAIL_SIGNER_NOT_TRUSTED, "protection", "no trust anchors are set up here");
	char text[400];
	return fault_set(f, one.failure, "protection", "%s", fault_text(&one, text, sizeof(text)));
}

static bool
check_signature(const struct pkimessage *m, const struct signature_scheme *scheme, const struct public_numbers *key, struct fault *f)
{
	struct buffer part;

	buffer_init(&part, MESSAGE_MAX);
	bool made = pkimessage_protected_part(m, &part);
	struct span octets = buffer_span(&part);
	enum crypto_result r = made ? signature_verify(key, scheme, &octets, 1, m->protection) : CRYPTO_FAILED;
	buffer_clear(&part);
	if (r == CRYPTO_FAILED)
		return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
	return r == CRYPTO_OK || fault_set(f, FAIL_BAD_MESSAGE_CHECK, "protection", "the signature does not verify with the certificate of the sender");
}

bool
protection_verify_signature(const struct pkimessage *m, struct span known, const struct signer_policy *policy, struct signer_verdict *out, struct fault *f)
{
	struct signature_scheme scheme;
	struct public_numbers key;
	struct algorithm a;
	uint8_t digest[DIGEST_MAX];

	memset(out, 0, sizeof(*out));
	if (!read_algorithm(m, &a, f) || !algorithm_signature(&a, &scheme, f))
		return at_alg(f);
	bool anchor = find_anchor(m, policy, out);
	if (!anchor && !signer_find(m, known, &out->certificate, f))
		return false;
	const struct certificate *c = &out->certificate;
	if (!algorithm_public_key(&c->public_key, &key, f)) {
		if (f != NULL && f->failure == FAIL_BAD_CERT_TEMPLATE)
			f->failure = FAIL_SIGNER_NOT_TRUSTED;
		return false;
	}
	if (!algorithm_fits(&scheme, &key, f))
		return at_alg(f);
	if (!check_sender_kid(m, c, policy, f) || !(anchor ? check_anchor(c, policy, f) : check_path(m, known, policy, out, f)))
		return false;
	out->signatures++;
	if (!digest_of(DIGEST_SHA256, &c->whole, 1, digest))
		return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
	memcpy(out->digest, digest, sizeof(out->digest));
	return check_signature(m, &scheme, &key, f);
}

// ---- making it

// The protected part of a message that is being made: a SEQUENCE around header and body.
static size_t
outer_header(uint8_t out[6], size_t length)
{
	size_t n = 1, octets = length > 0xFFFFFF ? 4 : length > 0xFFFF ? 3 : length > 0xFF ? 2 : 1;

	out[0] = DER_SEQUENCE;
	if (length < 0x80) {
		out[n++] = (uint8_t)length;
		return n;
	}
	out[n++] = (uint8_t)(0x80 | octets);
	for (; octets > 0; octets--)
		out[n++] = (uint8_t)(length >> (8 * (octets - 1)));
	return n;
}

static bool
algorithm_octets(void (*write)(struct der_writer *w, const void *what), const void *what, uint8_t *out, size_t *len)
{
	struct der_writer w;
	struct span octets;

	der_writer_init(&w, ALGORITHM_MAX);
	write(&w, what);
	bool well = der_finish(&w, &octets) && octets.len <= ALGORITHM_MAX;
	if (well) {
		memcpy(out, octets.data, octets.len);
		*len = octets.len;
	}
	der_writer_clear(&w);
	return well;
}

static void
write_signature_algorithm(struct der_writer *w, const void *scheme)
{
	algorithm_write_signature(w, scheme);
}

static bool
sign(const struct credential *c, const struct signature_scheme *scheme, struct span header, struct span body, struct buffer *signature, struct fault *f)
{
	uint8_t outer[6];
	size_t n = outer_header(outer, header.len + body.len);
	const struct span parts[] = { span_of(outer, n), header, body };

	return private_key_sign(credential_key(c), scheme, parts, 3, signature, f) == CRYPTO_OK
		|| fault_set(f, FAIL_SYSTEM_FAILURE, "", "credential '%.60s' could not sign", credential_name(c));
}

// Its own chain, then what else goes along, but for what the chain has already.
static bool
put_certificates(struct buffer *out, struct span chain, struct span more)
{
	struct span whole, have, one;

	if (!buffer_append(out, chain))
		return false;
	while (der_take_whole(&more, DER_SEQUENCE, &whole)) {
		bool there = false;
		for (have = chain; !there && der_take_whole(&have, DER_SEQUENCE, &one);)
			there = span_equal(one, whole);
		if (!there && !buffer_append(out, whole))
			return false;
	}
	return true;
}

bool
protect_by_signature(struct buffer *out, const struct header_plan *plan, struct span body, const struct credential *c, struct span more_certs, struct fault *f)
{
	struct signature_scheme scheme = algorithm_of_key(private_key_public(credential_key(c)));
	uint8_t algorithm[ALGORITHM_MAX];
	struct header_plan h = *plan;
	struct buffer header, signature, certs;
	size_t len = 0;

	if (!algorithm_octets(write_signature_algorithm, &scheme, algorithm, &len))
		return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
	h.protection_alg = span_of(algorithm, len);
	h.sender = credential_sender(c);
	h.sender_kid = credential_key_id(c);
	buffer_init(&header, MESSAGE_MAX);
	buffer_init(&signature, SIGNATURE_MAX);
	buffer_init(&certs, MESSAGE_MAX);
	bool well = build_header(&header, &h) && sign(c, &scheme, buffer_span(&header), body, &signature, f)
		&& put_certificates(&certs, credential_chain(c), more_certs)
		&& build_message(out, buffer_span(&header), body, buffer_span(&signature), buffer_span(&certs));
	buffer_clear(&header);
	buffer_clear(&signature);
	buffer_clear(&certs);
	return well || fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
}

static struct span
hmac_oid(enum digest d)
{
	switch (d) {
	case DIGEST_SHA1: return oid_octets(OID_HMAC_SHA1);
	case DIGEST_SHA224: return oid_octets(OID_HMAC_SHA224);
	case DIGEST_SHA384: return oid_octets(OID_HMAC_SHA384);
	case DIGEST_SHA512: return oid_octets(OID_HMAC_SHA512);
	default: return oid_octets(OID_HMAC_SHA256);
	}
}

static struct span
digest_oid(enum digest d)
{
	switch (d) {
	case DIGEST_SHA1: return oid_octets(OID_SHA1);
	case DIGEST_SHA224: return oid_octets(OID_SHA224);
	case DIGEST_SHA384: return oid_octets(OID_SHA384);
	case DIGEST_SHA512: return oid_octets(OID_SHA512);
	default: return oid_octets(OID_SHA256);
	}
}

static void
write_mac_algorithm(struct der_writer *w, const void *what)
{
	const struct mac_parameters *p = what;
	struct span salt = span_of(p->salt, p->salt_len);

	if (p->kind == PROTECTION_PBM)
		pbm_write(w, digest_oid(p->derive), salt, p->iterations, hmac_oid(p->mac));
	else
		pbmac1_write(w, salt, p->iterations, p->key_length, hmac_oid(p->derive), hmac_oid(p->mac));
}

bool
protect_by_mac(struct buffer *out, const struct header_plan *plan, struct span body, const struct mac_parameters *p, struct span secret,
	struct span extra_certs, struct fault *f)
{
	struct mac_parameters fresh = *p;
	uint8_t algorithm[ALGORITHM_MAX], outer[6], mac[DIGEST_MAX];
	struct header_plan h = *plan;
	struct buffer header;
	size_t len = 0;

	if (!random_octets(fresh.salt, fresh.salt_len) || !algorithm_octets(write_mac_algorithm, &fresh, algorithm, &len))
		return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory, or no random octets from the kernel");
	h.protection_alg = span_of(algorithm, len);
	buffer_init(&header, MESSAGE_MAX);
	bool well = build_header(&header, &h);
	size_t n = outer_header(outer, header.len + body.len);
	const struct span parts[] = { span_of(outer, n), buffer_span(&header), body };
	well = well && mac_over(&fresh, secret, parts, 3, mac)
		&& build_message(out, buffer_span(&header), body, span_of(mac, digest_size(fresh.mac)), extra_certs);
	crypto_wipe(mac, sizeof(mac));
	buffer_clear(&header);
	return well || fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
}
