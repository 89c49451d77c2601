// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/token.h"

#include "base/memory.h"
#include "crypto/ec.h"
#include "crypto/form.h"
#include "crypto/private.h"
#include "crypto/rsa.h"

// ---- the public numbers

// CKA_EC_PARAMS is the OID of a named curve (RFC 5480 2.1.1.1, RFC 5639 4.1).
static const struct { enum key_type type; const char *oid; size_t len; } curve_oids[] = {
	{ KEY_P256, "\x2A\x86\x48\xCE\x3D\x03\x01\x07", 8 },
	{ KEY_P384, "\x2B\x81\x04\x00\x22", 5 },
	{ KEY_P521, "\x2B\x81\x04\x00\x23", 5 },
	{ KEY_BRAINPOOL_P256, "\x2B\x24\x03\x03\x02\x08\x01\x01\x07", 9 },
	{ KEY_BRAINPOOL_P384, "\x2B\x24\x03\x03\x02\x08\x01\x01\x0B", 9 },
	{ KEY_BRAINPOOL_P512, "\x2B\x24\x03\x03\x02\x08\x01\x01\x0D", 9 },
};

static bool
curve_find(struct span params, enum key_type *t)
{
	struct span oid;

	if (!form_take(&params, FORM_OID, &oid) || params.len != 0)
		return false;
	for (size_t i = 0; i < sizeof(curve_oids) / sizeof(curve_oids[0]); i++)
		if (span_equal(oid, span_of(curve_oids[i].oid, curve_oids[i].len))) {
			*t = curve_oids[i].type;
			return true;
		}
	return false;
}

// An attribute of the private key, or of the public key beside it.
static struct span
read_either(struct token *t, const struct token_session *s, p11_number type, uint8_t *room)
{
	struct span value = token_read(t, s, s->key, type, room);
	p11_number public = value.len == 0 ? token_find_public(t, s) : P11_UNAVAILABLE;

	return public != P11_UNAVAILABLE ? token_read(t, s, public, type, room) : value;
}

// The point stands in an OCTET STRING, or bare where modules are older than that rule.
static struct span
point_of(struct span value)
{
	struct span rest = value, point;

	return form_take(&rest, FORM_OCTETS, &point) && rest.len == 0 ? point : value;
}

static bool
read_numbers(struct token *t, const struct token_session *s, struct public_numbers *p, uint8_t room[2][TOKEN_VALUE_MAX], struct fault *f)
{
	p11_number type = P11_UNAVAILABLE;
	struct span value = token_read(t, s, s->key, P11_KEY_TYPE, room[0]);

	if (value.len == sizeof(type))
		memcpy(&type, value.data, sizeof(type));
	*p = (struct public_numbers){ .type = KEY_RSA };
	if (type == P11_RSA) {
		p->modulus = number_trim(read_either(t, s, P11_MODULUS, room[0]));
		p->exponent = number_trim(read_either(t, s, P11_PUBLIC_EXPONENT, room[1]));
		return (p->modulus.len > 0 && p->exponent.len > 0)
			|| fault_set(f, FAIL_NONE, "", "the token tells no public numbers of this key; store its public key beside it, with the same id");
	}
	if (type != P11_EC || !curve_find(read_either(t, s, P11_EC_PARAMS, room[1]), &p->type))
		return fault_set(f, FAIL_NONE, "", "this key in the token is of a type or curve that is not known here");
	p->point = point_of(read_either(t, s, P11_EC_POINT, room[0]));
	return p->point.len > 0 || fault_set(f, FAIL_NONE, "", "the token tells no point of this key; store its public key beside it, with the same id");
}

// ---- signing

// What the token is asked: an algorithm with its parameter, and the data.
struct question { struct p11_mechanism mechanism; struct p11_pss pss; uint8_t data[RSA_OCTETS_MAX]; size_t len; };

static void
ask_pss(struct question *q, const struct signature_scheme *scheme, const uint8_t *hash)
{
	static const struct p11_pss digests[DIGEST_COUNT] = {
		[DIGEST_SHA224] = { P11_SHA224, P11_MGF1_SHA224, 0 }, [DIGEST_SHA256] = { P11_SHA256, P11_MGF1_SHA256, 0 },
		[DIGEST_SHA384] = { P11_SHA384, P11_MGF1_SHA384, 0 }, [DIGEST_SHA512] = { P11_SHA512, P11_MGF1_SHA512, 0 },
	};

	q->pss = digests[scheme->digest];
	q->pss.salt = scheme->salt;
	q->mechanism = (struct p11_mechanism){ P11_RSA_PKCS_PSS, &q->pss, sizeof(q->pss) };
	q->len = digest_size(scheme->digest);
	memcpy(q->data, hash, q->len);
}

// A hash longer than the order is cut by us (FIPS 186-4 6.4): not every token does.
static void
ask(struct question *q, const struct private_key *k, const struct signing *s)
{
	const uint8_t *hash = s->input->hash;
	size_t size = digest_size(s->scheme->digest), order = ec_size(k->numbers.type);

	if (s->scheme->kind == SIGNATURE_RSA_PSS) {
		ask_pss(q, s->scheme, hash);
	} else if (s->scheme->kind == SIGNATURE_RSA_PKCS1) {
		q->mechanism = (struct p11_mechanism){ P11_RSA_PKCS, NULL, 0 };
		q->len = digest_info(s->scheme->digest, hash, q->data);
	} else {
		q->mechanism = (struct p11_mechanism){ P11_ECDSA, NULL, 0 };
		q->len = size < order ? size : order;
		memcpy(q->data, hash, q->len);
	}
}

// The bare private operation, for tokens that do not know the encoding.
static bool
ask_bare(struct question *q, const struct private_key *k, const struct signing *s)
{
	q->mechanism = (struct p11_mechanism){ P11_RSA_X_509, NULL, 0 };
	q->len = k->numbers.modulus.len;
	return rsa_encode(s->scheme, s->input->hash, q->data, key_bits(&k->numbers));
}

struct answer { uint8_t octets[RSA_OCTETS_MAX]; size_t len; };

static p11_number
put_question(struct token *t, const struct token_session *s, struct question *q, struct answer *a)
{
	const struct p11_calls *c = module_calls(t->module);
	p11_number len = sizeof(a->octets), answer = c->sign_init(s->session, &q->mechanism, s->key);
	uint8_t pin[TOKEN_PIN_MAX];

	if (answer == P11_OK && s->ask_again) {
		memcpy(pin, t->pin, t->pin_len);
		answer = c->login(s->session, P11_CONTEXT_SPECIFIC, pin, t->pin_len);
		crypto_wipe(pin, sizeof(pin));
	}
	if (answer == P11_OK)
		answer = c->sign(s->session, q->data, q->len, a->octets, &len);
	a->len = answer == P11_OK ? len : 0;
	return answer;
}

static p11_number
sign_once(struct private_key *k, const struct token_session *session, const struct signing *s, struct answer *a)
{
	struct question q;

	ask(&q, k, s);
	p11_number answer = put_question(k->context, session, &q, a);
	bool unknown = answer == P11_MECHANISM_INVALID || answer == P11_MECHANISM_PARAM_INVALID;
	if (unknown && k->numbers.type == KEY_RSA && ask_bare(&q, k, s))
		answer = put_question(k->context, session, &q, a);
	return answer;
}

// Answers after which a new session may help.
static bool
session_is_lost(p11_number answer)
{
	static const p11_number lost[] = {
		P11_SESSION_HANDLE_INVALID, P11_SESSION_CLOSED, P11_KEY_HANDLE_INVALID, P11_OBJECT_HANDLE_INVALID, P11_NOT_LOGGED_IN,
		P11_DEVICE_REMOVED, P11_DEVICE_ERROR, P11_TOKEN_NOT_PRESENT, P11_OPERATION_ACTIVE,
	};

	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++)
		if (lost[i] == answer)
			return true;
	return false;
}

// RSA: as long as the modulus, whatever leading zeros the token left out. ECDSA: two numbers of the same length.
static bool
put_answer(const struct private_key *k, const struct answer *a, struct buffer *out)
{
	static const uint8_t zeros[RSA_OCTETS_MAX];
	size_t size = k->numbers.modulus.len;

	if (k->numbers.type != KEY_RSA)
		return a->len > 0 && a->len % 2 == 0 && a->len / 2 <= ec_size(k->numbers.type) && form_put_pair(out, a->octets, a->len / 2);
	return a->len > 0 && a->len <= size && buffer_append(out, span_of(zeros, size - a->len)) && buffer_append(out, span_of(a->octets, a->len));
}

static enum crypto_result
token_sign(struct private_key *k, void *handle, const struct signing *s, struct buffer *out, struct fault *f)
{
	struct token_session *session = handle;
	p11_number answer = P11_SESSION_CLOSED;
	struct answer a;
	char text[32];

	if (session->session != 0)
		answer = sign_once(k, session, s, &a);
	if (session_is_lost(answer)) {
		token_leave(k->context, session);
		if (!token_enter(k->context, session, f))
			return CRYPTO_FAILED;
		answer = sign_once(k, session, s, &a);
	}
	if (answer == P11_OK && put_answer(k, &a, out))
		return CRYPTO_OK;
	fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "the token does not sign: %s", answer == P11_OK ? "its signature has a wrong form" : p11_text(answer, text));
	return CRYPTO_FAILED;
}

// ---- the key

static void *
token_open(struct private_key *k, WC_RNG *random, struct fault *f)
{
	struct token_session *s = mem_alloc(sizeof(*s));

	(void)random;
	if (s == NULL)
		fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "no memory");
	else if (token_enter(k->context, s, f))
		return s;
	mem_free(s);
	return NULL;
}

static void
token_close(struct private_key *k, void *handle)
{
	token_leave(k->context, handle);
	mem_free(handle);
}

static void
token_end(struct private_key *k)
{
	token_free(k->context);
}

static const struct private_ops token_private = { token_open, token_close, token_sign, token_end };

struct private_key *
private_key_token(const char *uri, const char *module, struct span pin, struct fault *f)
{
	uint8_t room[2][TOKEN_VALUE_MAX];
	struct token_session s;
	struct public_numbers p;
	struct private_key *k = NULL;
	struct token *t = token_new(uri, module, pin, f);

	if (t == NULL)
		return NULL;
	if (token_enter(t, &s, f)) {
		if (read_numbers(t, &s, &p, room, f))
			k = private_key_make(&token_private, &p, f);
		token_leave(t, &s);
	}
	if (k == NULL) {
		token_free(t);
		return NULL;
	}
	k->context = t;
	if (private_key_try(k, f))
		return k;
	private_key_unref(k);
	return NULL;
}
