// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/rsa_encoding.h"

#include "crypto/hash.h"

enum { INFO_HEAD = 19, PKCS1_FILL_MIN = 8, PSS_TRAILER = 0xBC };

// The octets before the hash: SEQUENCE { SEQUENCE { OID 2.16.840.1.101.3.4.2.n, NULL }, OCTET STRING }.
size_t
digest_info(enum digest d, const uint8_t *hash, uint8_t out[DIGEST_INFO_MAX])
{
	static const uint8_t arcs[DIGEST_COUNT] = {
		[DIGEST_SHA224] = 4, [DIGEST_SHA256] = 1, [DIGEST_SHA384] = 2, [DIGEST_SHA512] = 3
	};
	uint8_t size = (uint8_t)digest_size(d);
	const uint8_t head[INFO_HEAD] = {
		0x30, (uint8_t)(17 + size), 0x30, 13, 0x06, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arcs[d],
		0x05, 0, 0x04, size
	};

	if (arcs[d] == 0)
		return 0;
	memcpy(out, head, INFO_HEAD);
	memcpy(out + INFO_HEAD, hash, size);
	return INFO_HEAD + (size_t)size;
}

bool
emsa_pkcs1(enum digest d, const uint8_t *hash, uint8_t *em, size_t len)
{
	uint8_t info[DIGEST_INFO_MAX];
	size_t size = digest_info(d, hash, info);

	if (size == 0 || len < 3 + PKCS1_FILL_MIN + size)
		return false;
	em[0] = 0;
	em[1] = 1;
	memset(em + 2, 0xFF, len - 3 - size);
	em[len - size - 1] = 0;
	memcpy(em + len - size, info, size);
	return true;
}

// How a PSS encoding lies in the octets of a modulus: its most significant bit
// is below that of the modulus, which may leave a whole octet of zero in front.
struct pss { size_t front, len, hash, masked; uint8_t top; };

static struct pss
pss_layout(enum digest d, unsigned bits)
{
	struct pss p = { .front = (bits - 1) % 8 == 0 ? 1 : 0, .len = (bits + 6) / 8, .hash = digest_size(d) };

	p.masked = p.len - p.hash - 1;
	p.top = (uint8_t)(0xFF >> (8 * p.len - (bits - 1)));
	return p;
}

bool
emsa_pss_fits(enum digest d, size_t salt, unsigned bits)
{
	return d >= DIGEST_SHA224 && d <= DIGEST_SHA512 && salt <= RSA_OCTETS_MAX && (bits + 6) / 8 >= digest_size(d) + salt + 2;
}

// Mix MGF1 of the seed (RFC 8017 B.2.1) into len octets.
static bool
mask(enum digest d, struct span seed, uint8_t *at, size_t len)
{
	uint8_t out[DIGEST_MAX], counter[4] = { 0 };
	struct span parts[] = { seed, span_of(counter, 4) };
	size_t size = digest_size(d);

	for (size_t done = 0; done < len; done += size, counter[3]++) {
		if (!digest_of(d, parts, 2, out))
			return false;
		for (size_t i = 0; i < size && done + i < len; i++)
			at[done + i] ^= out[i];
	}
	return true;
}

// H = Hash(eight zeros || hash || salt)
static bool
pss_hash(enum digest d, const uint8_t *hash, struct span salt, uint8_t out[DIGEST_MAX])
{
	static const uint8_t zeros[8];
	struct span parts[] = { span_of(zeros, 8), span_of(hash, digest_size(d)), salt };

	return digest_of(d, parts, 3, out);
}

bool
emsa_pss(enum digest d, const uint8_t *hash, struct span salt, uint8_t *em, unsigned bits)
{
	struct pss p = pss_layout(d, bits);
	uint8_t h[DIGEST_MAX], *db = em + p.front;

	if (!emsa_pss_fits(d, salt.len, bits) || !pss_hash(d, hash, salt, h))
		return false;
	memset(em, 0, p.front + p.masked);
	db[p.masked - salt.len - 1] = 1;
	if (salt.len > 0)
		memcpy(db + p.masked - salt.len, salt.data, salt.len);
	memcpy(db + p.masked, h, p.hash);
	db[p.len - 1] = PSS_TRAILER;
	if (!mask(d, span_of(h, p.hash), db, p.masked))
		return false;
	db[0] &= p.top;
	return true;
}

// Everything that is fixed in DB: zeros, then one 1, before the salt.
static bool
pss_fill_is(const uint8_t *db, size_t fill)
{
	uint8_t wrong = db[fill] ^ 1;

	for (size_t i = 0; i < fill; i++)
		wrong |= db[i];
	return wrong == 0;
}

enum crypto_result
emsa_pss_verify(enum digest d, const uint8_t *hash, size_t salt, uint8_t *em, unsigned bits)
{
	struct pss p = pss_layout(d, bits);
	uint8_t h[DIGEST_MAX], *db = em + p.front;
	struct span found = span_of(db + p.masked, p.hash);

	if ((p.front > 0 && em[0] != 0) || db[p.len - 1] != PSS_TRAILER || (db[0] & ~p.top) != 0)
		return CRYPTO_WRONG;
	if (!mask(d, found, db, p.masked))
		return CRYPTO_FAILED;
	db[0] &= p.top;
	size_t fill = p.masked - salt - 1;
	if (!pss_fill_is(db, fill))
		return CRYPTO_WRONG;
	if (!pss_hash(d, hash, span_of(db + fill + 1, salt), h))
		return CRYPTO_FAILED;
	return crypto_equal(found, span_of(h, p.hash)) ? CRYPTO_OK : CRYPTO_WRONG;
}
