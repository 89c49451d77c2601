// SPDX-License-Identifier: GPL-3.0-or-later
#include "pki/pop.h"

static bool
check(const struct algorithm *a, const struct public_numbers *key, const struct span *parts, size_t count, struct span signature, struct fault *f)
{
	struct signature_scheme scheme;

	if (!algorithm_signature(a, &scheme, f))
		return false;
	// A proof by an algorithm that the key cannot make is no proof of it.
	if (!algorithm_fits(&scheme, key, NULL))
		return fault_set(f, FAIL_BAD_POP, "algorithm", "a %s key cannot have made this kind of signature, or its digest is too weak", key_type_name(key->type));
	switch (signature_verify(key, &scheme, parts, count, signature)) {
	case CRYPTO_OK: return true;
	case CRYPTO_FAILED: return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
	default: return fault_set(f, FAIL_BAD_POP, "signature", "it does not verify with the public key that is to be certified");
	}
}

// POPOSigningKeyInput is signed under its universal tag, and names the key once more.
static bool
check_input(const struct cert_req_msg *r, const struct public_numbers *key, struct fault *f)
{
	struct span rest = r->popo_input, any, named;
	uint8_t tag;
	struct public_key again;
	struct der_writer w;
	bool well;

	if (!der_take_any(&rest, &tag, &any, NULL) || !public_key_take(&rest, &again, f) || !der_at_end(rest))
		return fault_set(f, FAIL_BAD_POP, "poposkInput", "does not hold authInfo and publicKey");
	if (!span_equal(again.algorithm.oid, r->template.public_key.algorithm.oid) || !span_equal(again.key, r->template.public_key.key))
		return fault_set(f, FAIL_BAD_POP, "poposkInput.publicKey", "not the key of the template");
	der_writer_init(&w, r->popo_input.len + 16);
	der_put(&w, DER_SEQUENCE, r->popo_input);
	well = der_finish(&w, &named) ? check(&r->popo_alg, key, &named, 1, r->popo_signature, f)
		: fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
	der_writer_clear(&w);
	return well;
}

bool
pop_verify(const struct cert_req_msg *r, bool popo_input, struct public_numbers *key, struct fault *f)
{
	if (!algorithm_public_key(&r->template.public_key, key, f)) {
		fault_within(f, "body[0].certReq.certTemplate.publicKey");
		return false;
	}
	if (r->has_popo_input && !popo_input)
		return fault_set(f, FAIL_BAD_POP, "body[0].popo.poposkInput", "not used in RFC 9483; the route may accept: [poposk-input]");
	if (r->has_popo_input ? check_input(r, key, f) : check(&r->popo_alg, key, &r->cert_req, 1, r->popo_signature, f))
		return true;
	fault_within(f, "body[0].popo");
	return false;
}

bool
pop_verify_pkcs10(const struct pkcs10 *p, struct public_numbers *key, struct fault *f)
{
	if (!algorithm_public_key(&p->public_key, key, f)) {
		fault_within(f, "body.certificationRequestInfo.subjectPKInfo");
		return false;
	}
	if (check(&p->signature_algorithm, key, &p->info, 1, p->signature, f))
		return true;
	fault_within(f, "body");
	return false;
}
