// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/hash.h"

static const struct { const char *name; size_t size, block; } digests[DIGEST_COUNT] = {
	[DIGEST_SHA1] = { "SHA-1", 20, 64 },
	[DIGEST_SHA224] = { "SHA-224", 28, 64 },
	[DIGEST_SHA256] = { "SHA-256", 32, 64 },
	[DIGEST_SHA384] = { "SHA-384", 48, 128 },
	[DIGEST_SHA512] = { "SHA-512", 64, 128 },
	[DIGEST_SHAKE256] = { "SHAKE256", 64, 0 },
};

size_t
digest_size(enum digest d)
{
	return digests[d].size;
}

const char *
digest_name(enum digest d)
{
	return digests[d].name;
}

size_t
hash_block(enum digest d)
{
	return digests[d].block;
}

#ifdef WOLFSSL_SHAKE256
#define SHAKE(call) call
#else
#define SHAKE(call) NOT_COMPILED_IN
#endif

bool
digest_available(enum digest d)
{
	return d != DIGEST_SHAKE256 || SHAKE(0) == 0;
}

bool
hash_begin(struct hash *h, enum digest d)
{
	int error = NOT_COMPILED_IN;

	h->kind = d;
	switch (d) {
	case DIGEST_SHA1: error = wc_InitSha(&h->state.sha1); break;
	case DIGEST_SHA224: error = wc_InitSha224(&h->state.sha256); break;
	case DIGEST_SHA256: error = wc_InitSha256(&h->state.sha256); break;
	case DIGEST_SHA384: error = wc_InitSha384(&h->state.sha512); break;
	case DIGEST_SHA512: error = wc_InitSha512(&h->state.sha512); break;
	case DIGEST_SHAKE256: error = SHAKE(wc_InitShake256(&h->state.shake, NULL, INVALID_DEVID)); break;
	case DIGEST_COUNT: break;
	}
	return error == 0;
}

bool
hash_update(struct hash *h, struct span octets)
{
	int error = NOT_COMPILED_IN;
	word32 len = (word32)octets.len;

	if (octets.len > UINT32_MAX)
		return false;
	if (len == 0)
		return true;
	switch (h->kind) {
	case DIGEST_SHA1: error = wc_ShaUpdate(&h->state.sha1, octets.data, len); break;
	case DIGEST_SHA224: error = wc_Sha224Update(&h->state.sha256, octets.data, len); break;
	case DIGEST_SHA256: error = wc_Sha256Update(&h->state.sha256, octets.data, len); break;
	case DIGEST_SHA384: error = wc_Sha384Update(&h->state.sha512, octets.data, len); break;
	case DIGEST_SHA512: error = wc_Sha512Update(&h->state.sha512, octets.data, len); break;
	case DIGEST_SHAKE256: error = SHAKE(wc_Shake256_Update(&h->state.shake, octets.data, len)); break;
	case DIGEST_COUNT: break;
	}
	return error == 0;
}

bool
hash_finish(struct hash *h, uint8_t *out)
{
	int error = NOT_COMPILED_IN;

	switch (h->kind) {
	case DIGEST_SHA1: error = wc_ShaFinal(&h->state.sha1, out); break;
	case DIGEST_SHA224: error = wc_Sha224Final(&h->state.sha256, out); break;
	case DIGEST_SHA256: error = wc_Sha256Final(&h->state.sha256, out); break;
	case DIGEST_SHA384: error = wc_Sha384Final(&h->state.sha512, out); break;
	case DIGEST_SHA512: error = wc_Sha512Final(&h->state.sha512, out); break;
	case DIGEST_SHAKE256: error = SHAKE(wc_Shake256_Final(&h->state.shake, out, DIGEST_MAX)); break;
	case DIGEST_COUNT: break;
	}
	return error == 0;
}

bool
hash_copy(struct hash *to, struct hash *from)
{
	int error = NOT_COMPILED_IN;

	to->kind = from->kind;
	switch (from->kind) {
	case DIGEST_SHA1: error = wc_ShaCopy(&from->state.sha1, &to->state.sha1); break;
	case DIGEST_SHA224: error = wc_Sha224Copy(&from->state.sha256, &to->state.sha256); break;
	case DIGEST_SHA256: error = wc_Sha256Copy(&from->state.sha256, &to->state.sha256); break;
	case DIGEST_SHA384: error = wc_Sha384Copy(&from->state.sha512, &to->state.sha512); break;
	case DIGEST_SHA512: error = wc_Sha512Copy(&from->state.sha512, &to->state.sha512); break;
	case DIGEST_SHAKE256: case DIGEST_COUNT: break;
	}
	return error == 0;
}

void
hash_end(struct hash *h)
{
	switch (h->kind) {
	case DIGEST_SHA1: wc_ShaFree(&h->state.sha1); break;
	case DIGEST_SHA224: wc_Sha224Free(&h->state.sha256); break;
	case DIGEST_SHA256: wc_Sha256Free(&h->state.sha256); break;
	case DIGEST_SHA384: wc_Sha384Free(&h->state.sha512); break;
	case DIGEST_SHA512: wc_Sha512Free(&h->state.sha512); break;
	case DIGEST_SHAKE256: (void)SHAKE((wc_Shake256_Free(&h->state.shake), 0)); break;
	case DIGEST_COUNT: break;
	}
	crypto_wipe(h, sizeof(*h));
}

bool
digest_of(enum digest d, const struct span *parts, size_t count, uint8_t out[DIGEST_MAX])
{
	struct hash h;

	if (!hash_begin(&h, d))
		return false;
	bool well = true;
	for (size_t i = 0; i < count && well; i++)
		well = hash_update(&h, parts[i]);
	well = well && hash_finish(&h, out);
	hash_end(&h);
	return well;
}

bool
digest_sha256(const struct span *parts, size_t count, uint8_t out[32])
{
	uint8_t digest[DIGEST_MAX];

	if (!digest_of(DIGEST_SHA256, parts, count, digest))
		return false;
	memcpy(out, digest, 32);
	return true;
}
