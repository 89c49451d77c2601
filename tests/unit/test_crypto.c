// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/memory.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "crypto/selftest.h"
#include "tests/unit/hex.h"

// ---- digests: FIPS 180-4 and 202

static const struct { enum digest digest; const char *text, *expected; } digests[] = {
	{ DIGEST_SHA1, "",
		"da39a3ee5e6b4b0d3255bfef95601890afd80709" },
	{ DIGEST_SHA224, "",
		"d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f" },
	{ DIGEST_SHA256, "",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ DIGEST_SHA384, "",
		"38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b" },
	{ DIGEST_SHA512, "",
		"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e" },
	{ DIGEST_SHAKE256, "",
		"46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762fd75dc4ddd8c0f200cb05019d67b592f6fc821c49479ab48640292eacb3b7c4be" },
	{ DIGEST_SHA1, "abc",
		"a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ DIGEST_SHA224, "abc",
		"23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
	{ DIGEST_SHA256, "abc",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ DIGEST_SHA384, "abc",
		"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
	{ DIGEST_SHA512, "abc",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	{ DIGEST_SHAKE256, "abc",
		"483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739d5a15bef186a5386c75744c0527e1faa9f8726e462a12a4feb06bd8801e751e4" },
};

static void
digests_are_known(void **state)
{
	uint8_t out[DIGEST_MAX], octets[DIGEST_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		struct span text = span_text(digests[i].text), expected = hex(digests[i].expected, octets, sizeof(octets));
		assert_int_equal(digest_size(digests[i].digest), expected.len);
		if (!digest_available(digests[i].digest))
			continue;
		assert_true(digest_of(digests[i].digest, &text, 1, out));
		assert_memory_equal(out, expected.data, expected.len);
	}
	assert_string_equal(digest_name(DIGEST_SHA256), "SHA-256");
	assert_string_equal(digest_name(DIGEST_SHAKE256), "SHAKE256");
}

static void
parts_make_one_message(void **state)
{
	uint8_t text[300], whole[DIGEST_MAX], pieces[DIGEST_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)i;
	for (enum digest d = DIGEST_SHA1; d < DIGEST_COUNT; d++)
		for (size_t cut = 0; digest_available(d) && cut <= sizeof(text); cut += 20) {
			struct span one = span_of(text, sizeof(text));
			struct span parts[] = { span_of(text, cut), span_of(NULL, 0), span_of(text + cut, sizeof(text) - cut) };
			assert_true(digest_of(d, &one, 1, whole));
			assert_true(digest_of(d, parts, 3, pieces));
			assert_memory_equal(whole, pieces, digest_size(d));
		}
	assert_true(digest_of(DIGEST_SHA256, NULL, 0, whole));
	assert_true(digest_of(DIGEST_SHA256, &(struct span){ NULL, 0 }, 1, pieces));
	assert_memory_equal(whole, pieces, 32);
}

// ---- HMAC: RFC 4231 (and the same inputs for SHA-1)

#define TEN(x) x x x x x x x x x x
#define TWENTY(x) TEN(x) TEN(x)
#define COUNTED "0102030405060708090a0b0c0d0e0f10111213141516171819"

static const struct { const char *key, *text, *expected[DIGEST_SHA512 + 1]; } hmacs[] = {
	{ TWENTY("0b"),
		"4869205468657265", {
		[DIGEST_SHA1] =
		  "b617318655057264e28bc0b6fb378c8ef146be00",
		[DIGEST_SHA224] =
		  "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22",
		[DIGEST_SHA256] =
		  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
		[DIGEST_SHA384] =
		  "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
		[DIGEST_SHA512] =
		  "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
	} },
	{ "4a656665",
		"7768617420646f2079612077616e7420666f72206e6f7468696e673f", {
		[DIGEST_SHA1] =
		  "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
		[DIGEST_SHA224] =
		  "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44",
		[DIGEST_SHA256] =
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		[DIGEST_SHA384] =
		  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
		[DIGEST_SHA512] =
		  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
	} },
	{ TWENTY("aa"),
		TWENTY("dd") TWENTY("dd") TEN("dd"), {
		[DIGEST_SHA1] =
		  "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
		[DIGEST_SHA224] =
		  "7fb3cb3588c6c1f6ffa9694d7d6ad2649365b0c1f65d69d1ec8333ea",
		[DIGEST_SHA256] =
		  "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
		[DIGEST_SHA384] =
		  "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27",
		[DIGEST_SHA512] =
		  "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
	} },
	{ COUNTED,
		TWENTY("cd") TWENTY("cd") TEN("cd"), {
		[DIGEST_SHA1] =
		  "4c9007f4026250c6bc8414f9bf50c86c2d7235da",
		[DIGEST_SHA224] =
		  "6c11506874013cac6a2abc1bb382627cec6a90d86efc012de7afec5a",
		[DIGEST_SHA256] =
		  "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
		[DIGEST_SHA384] =
		  "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb",
		[DIGEST_SHA512] =
		  "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd",
	} },
	{ TEN(TEN("aa")) TWENTY("aa") TEN("aa") "aa",
		"54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374", {
		[DIGEST_SHA1] =
		  "90d0dace1c1bdc957339307803160335bde6df2b",
		[DIGEST_SHA224] =
		  "95e9a0db962095adaebe9b2d6f0dbce2d499f112f2d2b7273fa6870e",
		[DIGEST_SHA256] =
		  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
		[DIGEST_SHA384] =
		  "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
		[DIGEST_SHA512] =
		  "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
	} },
	{ TEN(TEN("aa")) TWENTY("aa") TEN("aa") "aa",
		"5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a65206b657920616e642061206c61726765722074"
		  "68616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565647320746f20626520686173686564206265666f7265206265696e6720757365"
		  "642062792074686520484d414320616c676f726974686d2e", {
		[DIGEST_SHA1] =
		  "217e44bb08b6e06a2d6c30f3cb9f537f97c63356",
		[DIGEST_SHA224] =
		  "3a854166ac5d9f023f54d517d0b39dbd946770db9c2b95c9f6f565d1",
		[DIGEST_SHA256] =
		  "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
		[DIGEST_SHA384] =
		  "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e",
		[DIGEST_SHA512] =
		  "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58",
	} },
};

static void
hmacs_are_known(void **state)
{
	uint8_t out[DIGEST_MAX], key[200], text[200], octets[DIGEST_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(hmacs) / sizeof(hmacs[0]); i++)
		for (enum digest d = DIGEST_SHA1; d <= DIGEST_SHA512; d++) {
			struct span k = hex(hmacs[i].key, key, sizeof(key)), t = hex(hmacs[i].text, text, sizeof(text));
			struct span parts[] = { span_of(t.data, t.len / 3), span_of(t.data + t.len / 3, t.len - t.len / 3) };
			struct span expected = hex(hmacs[i].expected[d], octets, sizeof(octets));
			assert_true(hmac_of(d, k, parts, 2, out));
			assert_memory_equal(out, expected.data, expected.len);
		}
	struct span text_ = span_text("text");
	assert_false(hmac_of(DIGEST_SHAKE256, text_, &text_, 1, out));
	assert_false(hmac_of(DIGEST_SHA256, span_of(NULL, 0), &text_, 1, out));
}

// ---- derivations; expected values by Python's hashlib

static const struct { enum digest digest; uint32_t iterations; const char *expected; } pbms[] = {
	{ DIGEST_SHA1, 500,
		"cff7d16bda9e46fcc6af24f2d8e12f801826a1fb" },
	{ DIGEST_SHA256, 1,
		"17f0ed26dd29c0b359e6829ef15daecf0e35cb6bed854abdec78e4bb25904984" },
	{ DIGEST_SHA256, 2,
		"821ae062fb831a581b1f2334b901e84fb90cbff454631934800be1c182563439" },
	{ DIGEST_SHA256, 500,
		"394e9bf65a86cd9a13563327bdb8700ba527ed1f3b036a3e15aa5d9002a1fcff" },
	{ DIGEST_SHA512, 1000,
		"2a321a113d7b3279e8ff9ecd59d7252afcab82d92b2b6902ffe93c68c5e05f72a2cc579856e3bbe799dc96cd7536d4a7f4901eb7a3e2aa122a4bb37d58789a72" },
	{ DIGEST_SHA224, 100,
		"de4ad6861425623b3d9e99c9d34f7a5692ceb32cca9872f40b455b31" },
	{ DIGEST_SHA384, 100,
		"9a80e488dbf59177019b4b72434e250ace5f4634b56e75fdfc9387c6af6ddf6abb60433a9dcb00c7d3c60c01f24258a7" },
};

static void
pbm_hashes_exactly_as_often(void **state)
{
	uint8_t salt[16], out[DIGEST_MAX], octets[DIGEST_MAX];
	uint64_t before = crypto_work().derivations;

	(void)state;
	for (uint8_t i = 0; i < sizeof(salt); i++)
		salt[i] = i;
	for (size_t i = 0; i < sizeof(pbms) / sizeof(pbms[0]); i++) {
		struct span expected = hex(pbms[i].expected, octets, sizeof(octets));
		assert_true(pbm_derive(pbms[i].digest, span_text("0123456789"), span_of(salt, 16), pbms[i].iterations, out));
		assert_memory_equal(out, expected.data, expected.len);
	}
	assert_int_equal(crypto_work().derivations, before + sizeof(pbms) / sizeof(pbms[0]));
	assert_false(pbm_derive(DIGEST_SHA256, span_text("a"), span_text("b"), 0, out));
}

// RFC 7914 11 for SHA-256; the inputs of RFC 6070 for the others
static const struct { enum digest digest; const char *secret, *salt; uint32_t iterations; const char *expected; } pbkdf2s[] = {
	{ DIGEST_SHA256, "passwd", "salt", 1,
		"55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783" },
	{ DIGEST_SHA256, "Password", "NaCl", 80000,
		"4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d" },
	{ DIGEST_SHA1, "password", "salt", 1,
		"0c60c80f961f0e71f3a9b524af6012062fe037a6" },
	{ DIGEST_SHA1, "password", "salt", 2,
		"ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957" },
	{ DIGEST_SHA1, "password", "salt", 4096,
		"4b007901b765489abead49d926f721d065a429c1" },
	{ DIGEST_SHA1, "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096,
		"3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038" },
	{ DIGEST_SHA224, "password", "salt", 1,
		"3c198cbdb9464b7857966bd05b7bc92bc1cc4e6e" },
	{ DIGEST_SHA224, "password", "salt", 2,
		"93200ffa96c5776d38fa10abdf8f5bfc0054b971" },
	{ DIGEST_SHA224, "password", "salt", 4096,
		"218c453bf90635bd0a21a75d172703ff6108ef60" },
	{ DIGEST_SHA224, "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096,
		"056c4ba438ded91fc14e0594e6f52b87e1f3690c0dc0fbc057" },
	{ DIGEST_SHA256, "password", "salt", 1,
		"120fb6cffcf8b32c43e7225256c4f837a86548c9" },
	{ DIGEST_SHA256, "password", "salt", 2,
		"ae4d0c95af6b46d32d0adff928f06dd02a303f8e" },
	{ DIGEST_SHA256, "password", "salt", 4096,
		"c5e478d59288c841aa530db6845c4c8d962893a0" },
	{ DIGEST_SHA256, "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096,
		"348c89dbcbd32b2f32d814b8116e84cf2b17347ebc1800181c" },
	{ DIGEST_SHA384, "password", "salt", 1,
		"c0e14f06e49e32d73f9f52ddf1d0c5c719160923" },
	{ DIGEST_SHA384, "password", "salt", 2,
		"54f775c6d790f21930459162fc535dbf04a93918" },
	{ DIGEST_SHA384, "password", "salt", 4096,
		"559726be38db125bc85ed7895f6e3cf574c7a01c" },
	{ DIGEST_SHA384, "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096,
		"819143ad66df9a552559b9e131c52ae6c5c1b0eed18f4d283b" },
	{ DIGEST_SHA512, "password", "salt", 1,
		"867f70cf1ade02cff3752599a3a53dc4af34c7a6" },
	{ DIGEST_SHA512, "password", "salt", 2,
		"e1d9c16aa681708a45f5c7c4e215ceb66e011a2e" },
	{ DIGEST_SHA512, "password", "salt", 4096,
		"d197b1b33db0143e018b12f3d1d1479e6cdebdcc" },
	{ DIGEST_SHA512, "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096,
		"8c0511f4c6e597c6ac6315d8f0362e225f3c501495ba23b868" },
	{ DIGEST_SHA512, "password", "salt", 3,
		"b6b07cb2cebf4ad84468391a543824fccffe0e0769dbe6bddf10a65673c4b648e612d44918f9ce9a19a1294cf5140628084ba994c3b21a4ef4741220b811c633" },
	{ DIGEST_SHA1, "password", "salt", 3,
		"6b4e26125c25cf21ae35ead955f479ea2e71f6ff9e400029f04810eece31355533bb2ed348e604da707cc4562f85fe120c5c3f28ae007805d5e5fa11c0aa19fb" },
	{ DIGEST_SHA384, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "salt", 3,
		"69fd6e5663f09b879a2c3d920db6a24fc7d333bafcc346ffc34427f58ff9d81e5bc6bd1766166024949078066962c6f657c0" },
};

static void
pbkdf2_is_known(void **state)
{
	uint8_t out[64], octets[64];

	(void)state;
	for (size_t i = 0; i < sizeof(pbkdf2s) / sizeof(pbkdf2s[0]); i++) {
		struct span expected = hex(pbkdf2s[i].expected, octets, sizeof(octets));
		assert_true(pbkdf2_derive(pbkdf2s[i].digest, span_text(pbkdf2s[i].secret), span_text(pbkdf2s[i].salt), pbkdf2s[i].iterations,
			out, expected.len));
		assert_memory_equal(out, expected.data, expected.len);
	}
	assert_false(pbkdf2_derive(DIGEST_SHA256, span_text("a"), span_text("b"), 0, out, 1));
	assert_false(pbkdf2_derive(DIGEST_SHAKE256, span_text("a"), span_text("b"), 1, out, 1));
	assert_false(pbkdf2_derive(DIGEST_SHA256, span_text(""), span_text("b"), 1, out, 1));
}

// ---- AES; CBC by OpenSSL: key 00 01 .., vector 64 65 .., plaintext 00 01 ..

static const struct { size_t key, plain; const char *secret; } cbcs[] = {
	{ 16, 0, "a82eb5a05312bb3bd0654452081202cd" },
	{ 16, 1, "a4c09c8bb7bff96b75b2f9dc2c8e47ba" },
	{ 16, 15, "6b531a930dc927b3ecab87d5496dd093" },
	{ 16, 16, "c7bb70685ab7beedc87a3ecd1f2ac5c695cb0cf3f20e364526ee7eb38c31d217" },
	{ 16, 17, "c7bb70685ab7beedc87a3ecd1f2ac5c68f09c810929c033f0f6e729c0fedef71" },
	{ 16, 33, "c7bb70685ab7beedc87a3ecd1f2ac5c651d5e17e50f4d14095a841b11589eb94de00b49954ba53fdf0aa369362ee84ff" },
	{ 24, 0, "4a7d26174e981c8e2bc64165a249a513" },
	{ 24, 1, "219d4e0828fe080e9abb3fa5ffa06c7f" },
	{ 24, 15, "d11d0b5e4a93f683c4fc9a88d26b4e45" },
	{ 24, 16, "1104fd2050a29284e0c2f52b9160e48f73c563fde6345e2f330754a7c9c6b367" },
	{ 24, 17, "1104fd2050a29284e0c2f52b9160e48f61fe0e76e0528b1622a66eb677b7c7c2" },
	{ 24, 33, "1104fd2050a29284e0c2f52b9160e48fd30b07cc64e46cfe31840524528e862fd1a3b0588d2bc13e7c5768096922f53f" },
	{ 32, 0, "f795f6e8802fd151a021a41150d4ab69" },
	{ 32, 1, "27c79c23f3c85065211899950ed4f9e6" },
	{ 32, 15, "1f61be239c5d0cabe569374256dc186a" },
	{ 32, 16, "1b4dd132a4c840a32931649f08e9c042985b1fb5e74e2c0e0b11b22b9c0aba1d" },
	{ 32, 17, "1b4dd132a4c840a32931649f08e9c04211b5036510af76b529686e2f13d1fe87" },
	{ 32, 33, "1b4dd132a4c840a32931649f08e9c042097899abe7ae5b31fbe063c45c9287b263c2c405affbb88bb01a19a55b8c058e" },
};

static void
counted(uint8_t *out, size_t len, unsigned first)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(first + i);
}

static void
cbc_goes_both_ways(void **state)
{
	uint8_t key[32], iv[16], plain[64], octets[64];
	struct buffer out;

	(void)state;
	counted(key, 32, 0);
	counted(iv, 16, 100);
	counted(plain, 64, 0);
	buffer_init(&out, 200);
	for (size_t i = 0; i < sizeof(cbcs) / sizeof(cbcs[0]); i++) {
		struct span k = span_of(key, cbcs[i].key), v = span_of(iv, 16), p = span_of(plain, cbcs[i].plain);
		struct span secret = hex(cbcs[i].secret, octets, sizeof(octets));
		buffer_clear(&out);
		assert_true(buffer_append_text(&out, "head"));
		assert_int_equal(aes_cbc_encrypt(k, v, p, &out), CRYPTO_OK);
		assert_int_equal(out.len, 4 + secret.len);
		assert_memory_equal(out.data + 4, secret.data, secret.len);
		assert_int_equal(aes_cbc_decrypt(k, v, secret, &out), CRYPTO_OK);
		assert_int_equal(out.len, 4 + secret.len + p.len);
		assert_memory_equal(out.data + 4 + secret.len, p.data, p.len);
	}
	buffer_clear(&out);
}

// Every value of the last octet: only a whole and right padding is taken, and
// of what is refused nothing stays.
static void
cbc_refuses_padding(void **state)
{
	uint8_t key[16], iv[16], plain[32];
	struct buffer secret, out;
	struct span k = span_of(key, 16), v = span_of(iv, 16);

	(void)state;
	counted(key, 16, 0);
	counted(iv, 16, 100);
	buffer_init(&secret, 200);
	buffer_init(&out, 200);
	for (unsigned last = 0; last < 256; last++)
		for (unsigned right = 0; right <= 16; right++) {
			memset(plain, 0xEE, sizeof(plain));
			memset(plain + 32 - right, (int)last, right);
			plain[31] = (uint8_t)last;
			buffer_clear(&secret);
			buffer_clear(&out);
			assert_int_equal(aes_cbc_encrypt(k, v, span_of(plain, 32), &secret), CRYPTO_OK);
			enum crypto_result result = aes_cbc_decrypt(k, v, span_of(secret.data, 32), &out);
			bool well = last >= 1 && last <= 16 && (right >= last || last == 1);
			assert_int_equal(result, well ? CRYPTO_OK : CRYPTO_WRONG);
			assert_int_equal(out.len, well ? 32 - last : 0);
			for (size_t i = out.len; i < 32; i++)
				assert_int_equal(out.data[i], 0);
		}
	buffer_clear(&secret);
	buffer_clear(&out);
}

static void
aes_refuses_lengths(void **state)
{
	uint8_t octets[64] = { 0 };
	struct buffer out;

	(void)state;
	buffer_init(&out, 200);
	for (size_t key = 0; key <= 40; key++) {
		bool well = key == 16 || key == 24 || key == 32;
		struct span k = span_of(octets, key);
		assert_int_equal(aes_cbc_encrypt(k, span_of(octets, 16), span_of(octets, 5), &out), well ? CRYPTO_OK : CRYPTO_BAD_INPUT);
		assert_int_equal(aes_wrap(k, span_of(octets, 16), &out), well ? CRYPTO_OK : CRYPTO_BAD_INPUT);
		assert_int_equal(aes_cbc_decrypt(k, span_of(octets, 16), span_of(octets, 15), &out), well ? CRYPTO_WRONG : CRYPTO_BAD_INPUT);
		assert_int_equal(aes_unwrap(k, span_of(octets, 23), &out), well ? CRYPTO_WRONG : CRYPTO_BAD_INPUT);
		buffer_clear(&out);
	}
	struct span k = span_of(octets, 16);
	for (size_t iv = 0; iv <= 32; iv++)
		if (iv != 16)
			assert_int_equal(aes_cbc_encrypt(k, span_of(octets, iv), k, &out), CRYPTO_BAD_INPUT);
	assert_int_equal(aes_cbc_decrypt(k, k, span_of(NULL, 0), &out), CRYPTO_WRONG);
	assert_int_equal(aes_cbc_decrypt(k, k, span_of(octets, 17), &out), CRYPTO_WRONG);
	for (size_t len = 0; len < 40; len++)
		assert_int_equal(aes_wrap(k, span_of(octets, len), &out), len < 16 || len % 8 != 0 ? CRYPTO_BAD_INPUT : CRYPTO_OK);
	buffer_clear(&out);
	for (size_t len = 0; len < 40; len++)
		assert_int_equal(aes_unwrap(k, span_of(octets, len), &out), CRYPTO_WRONG);
	assert_int_equal(out.len, 0);
	buffer_clear(&out);
}

// RFC 3394 4: key 00 01 .., data 00 11 ..
static const struct { size_t key, plain; const char *secret; } wraps[] = {
	{ 16, 16, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5" },
	{ 24, 16, "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d" },
	{ 32, 16, "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7" },
	{ 24, 24, "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2" },
	{ 32, 24, "a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1" },
	{ 32, 32, "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21" },
};

static void
wrap_goes_both_ways(void **state)
{
	uint8_t key[32], plain[32], octets[64];
	struct buffer out;

	(void)state;
	counted(key, 32, 0);
	hex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f", plain, sizeof(plain));
	buffer_init(&out, 200);
	for (size_t i = 0; i < sizeof(wraps) / sizeof(wraps[0]); i++) {
		struct span k = span_of(key, wraps[i].key), secret = hex(wraps[i].secret, octets, sizeof(octets));
		buffer_clear(&out);
		assert_int_equal(aes_wrap(k, span_of(plain, wraps[i].plain), &out), CRYPTO_OK);
		assert_true(span_equal(buffer_span(&out), secret));
		buffer_clear(&out);
		assert_int_equal(aes_unwrap(k, secret, &out), CRYPTO_OK);
		assert_true(span_equal(buffer_span(&out), span_of(plain, wraps[i].plain)));
		for (size_t bit = 0; bit < 8 * secret.len; bit += 7) {
			octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
			buffer_clear(&out);
			assert_int_equal(aes_unwrap(k, secret, &out), CRYPTO_WRONG);
			assert_int_equal(out.len, 0);
			for (size_t o = 0; o < secret.len; o++)
				assert_int_equal(out.data[o], 0);
			octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
	}
	buffer_clear(&out);
}

static void
aes_without_room(void **state)
{
	uint8_t octets[64] = { 0 };
	struct span k = span_of(octets, 16);
	struct buffer out;

	(void)state;
	buffer_init(&out, 15);
	assert_int_equal(aes_cbc_encrypt(k, k, k, &out), CRYPTO_FAILED);
	assert_int_equal(out.len, 0);
	buffer_clear(&out);
	buffer_init(&out, 100);
	mem_fail(1, 1);
	assert_int_equal(aes_wrap(k, k, &out), CRYPTO_FAILED);
	mem_fail(0, 0);
	buffer_clear(&out);
}

// ---- the start, and small things

static void
equal_is_equal(void **state)
{
	uint8_t a[] = { 1, 2, 3 }, b[] = { 1, 2, 3 };

	(void)state;
	assert_true(crypto_equal(span_of(a, 3), span_of(b, 3)));
	assert_false(crypto_equal(span_of(a, 3), span_of(b, 2)));
	assert_true(crypto_equal(span_of(NULL, 0), span_of(b, 0)));
	for (int i = 0; i < 24; i++) {
		b[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(crypto_equal(span_of(a, 3), span_of(b, 3)));
		b[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	crypto_wipe(a, 3);
	assert_memory_equal(a, "\0\0\0", 3);
	crypto_wipe(NULL, 0);
}

static void
it_says_what_it_is(void **state)
{
	(void)state;
	assert_non_null(strstr(crypto_about(), "wolfSSL "));
	assert_non_null(strstr(crypto_about(), " math"));
}

static char *
changed(const char *hexadecimal)
{
	char *text = mem_text(hexadecimal);
	char *last = text + strlen(text) - 1;

	*last = *last == '0' ? '1' : '0';
	return text;
}

// Start with one answer changed: it must not start, and say which it was.
static void
start_with(struct answers *a, const char **answer, const char *name)
{
	const char *right = *answer;
	char *wrong = changed(right);
	struct fault f = { 0 }, again = { 0 };

	*answer = wrong;
	crypto_stop();
	assert_false(crypto_start_with(a, &f));
	if (strstr(f.text, name) == NULL)
		fail_msg("'%s' does not name %s", f.text, name);
	assert_false(crypto_start(&again));
	assert_string_equal(again.text, f.text);
	*answer = right;
	mem_free(wrong);
}

static void
a_wrong_answer_prevents_the_start(void **state)
{
	struct answers a = selftest_answers;
	struct fault f = { 0 };

	(void)state;
	for (size_t i = 0; i < DIGEST_COUNT; i++)
		if (digest_available(a.digests[i].digest))
			start_with(&a, &a.digests[i].expected, digest_name(a.digests[i].digest));
	for (size_t i = 0; i <= DIGEST_SHA512; i++)
		start_with(&a, &a.hmacs[i].expected, "HMAC");
	start_with(&a, &a.pbm.expected, "PasswordBasedMac");
	start_with(&a, &a.pbkdf2.expected, "PBKDF2");
	start_with(&a, &a.cbc.secret, "AES-CBC");
	start_with(&a, &a.wrap.secret, "key wrap");
	for (size_t i = 0; i <= KEY_TYPE_COUNT; i++)
		if (key_type_available(a.keys[i].type))
			start_with(&a, &a.keys[i].signature, key_type_name(a.keys[i].type));
	crypto_stop();
	assert_true(crypto_start(&f));
	assert_true(crypto_start(&f));
}

static void
start_without_memory(void **state)
{
	(void)state;
	for (uint64_t n = 1; n < 40; n++) {
		struct fault f = { 0 };
		crypto_stop();
		mem_fail(n, 1);
		assert_false(crypto_start(&f));
		assert_true(f.set);
		mem_fail(0, 0);
	}
	crypto_stop();
	assert_true(crypto_start(NULL));
}

static int
start(void **state)
{
	struct fault f = { 0 };

	(void)state;
	if (!crypto_start(&f))
		print_error("%s\n", f.text);
	return f.set ? -1 : 0;
}

static int
stop(void **state)
{
	(void)state;
	crypto_stop();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_known),
		cmocka_unit_test(parts_make_one_message),
		cmocka_unit_test(hmacs_are_known),
		cmocka_unit_test(pbm_hashes_exactly_as_often),
		cmocka_unit_test(pbkdf2_is_known),
		cmocka_unit_test(cbc_goes_both_ways),
		cmocka_unit_test(cbc_refuses_padding),
		cmocka_unit_test(aes_refuses_lengths),
		cmocka_unit_test(wrap_goes_both_ways),
		cmocka_unit_test(aes_without_room),
		cmocka_unit_test(equal_is_equal),
		cmocka_unit_test(it_says_what_it_is),
		cmocka_unit_test(a_wrong_answer_prevents_the_start),
		cmocka_unit_test(start_without_memory),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
