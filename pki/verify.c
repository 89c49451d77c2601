// SPDX-License-Identifier: GPL-3.0-or-later
#include "pki/verify.h"

#include "pki/algorithm.h"
#include "pki/path.h"

static enum verdict
bad(struct fault *f, const char *why)
{
	fault_set(f, FAIL_SIGNER_NOT_TRUSTED, "", "%s", why);
	return VERDICT_BAD;
}

static enum verdict
stop(struct fault *f, enum failure failure, const char *why)
{
	fault_set(f, failure, "", "%s", why);
	return VERDICT_STOP;
}

enum verdict
verify_signature(const struct public_numbers *key, const struct algorithm *algorithm, struct span body, struct span signature,
	unsigned *signatures, struct fault *f)
{
	struct signature_scheme scheme;
	struct fault why = { .set = false };

	if (!algorithm_signature(algorithm, &scheme, &why) || !algorithm_fits(&scheme, key, &why))
		return bad(f, why.text);
	if (signatures != NULL && *signatures >= PATH_MAX_SIGNATURES)
		return stop(f, FAIL_SIGNER_NOT_TRUSTED, "more signatures would have to be verified for it than one message may ask for");
	if (signatures != NULL)
		++*signatures;
	switch (signature_verify(key, &scheme, &body, 1, signature)) {
	case CRYPTO_OK: return VERDICT_GOOD;
	case CRYPTO_WRONG: return bad(f, "the signature does not verify");
	case CRYPTO_BAD_INPUT: return bad(f, "the signature is not one of its algorithm and key");
	case CRYPTO_UNSUPPORTED: return bad(f, "this build of wolfSSL cannot verify the signature");
	case CRYPTO_FAILED: break;
	}
	return stop(f, FAIL_SYSTEM_UNAVAIL, "no memory to verify a signature");
}
