// SPDX-License-Identifier: GPL-3.0-or-later
// What a registration authority must refuse, and how: the malformed messages of
// the project's catalogue, each through the real message path of a gateway that keeps,
// wraps or replaces protection. A row is a message with one thing wrong. What is
// checked of each answer: its kind, its failInfo, that it refers to the request,
// that it is protected, and that nothing reached the CA.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/crypto.h"
#include "tests/unit/ra_kit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char routes[] =
	"limits: {mac_refusal_delay: 1s, secret_failures: 100, failures: 100000, per_identity: 64}\n"
	"routes:\n"
	"  - {name: keep, from: keep, trust: plant, secrets: field, reply_with: ra, to: ca}\n"
	"  - {name: add, from: add, trust: plant, secrets: field, protection: add, sign_with: ra, to: ca}\n"
	"  - {name: replace, from: replace, trust: plant, secrets: field, protection: replace, sign_with: ra, to: ca}\n"
	"  - {name: raverified, from: raverified, trust: plant, protection: replace, popo: raverified, sign_with: ra, to: ca}\n"
	"  - {name: signers, from: signers, trust: plant, protection: replace, sign_with: ra, to: ca}\n"
	"  - {name: secrets, from: secrets, secrets: field, protection: replace, sign_with: ra, to: ca}\n"
	"  - {name: serial, from: serial, trust: makers, bind: serial, protection: replace, sign_with: ra, to: ca}\n"
	"  - {name: lras, from: lras, trust: plant, protection: replace, accept_raverified: yes, on_behalf: yes, sign_with: ra, to: ca}\n"
	"  - {name: mute, from: mute, trust: plant, to: ca}\n";

struct row {
	const char *title;
	struct kit_message m;
	enum failure failure;		// FAIL_NONE: it passes
	enum failure or_failure;	// this would do as well; 0 = none (badAlg is never a second choice)
	bool in_body;			// the answer is that of the request, with rejection
	bool delayed;			// it leaves at its tick
	int pvno;			// of the answer; 0 = no matter
	bool cheap;			// no signature is verified and no key derived
	const char *at;			// the only listener; NULL: keep, add and replace
};
#define E(name) .failure = FAIL_##name
#define R(name) .failure = FAIL_##name, .in_body = true
#define OR(name) .or_failure = FAIL_##name
#define PASSES .failure = FAIL_NONE
#define DELAYED .delayed = true
#define CHEAP .cheap = true

// ---- pieces

#define IMPLICIT_CONFIRM "30{ 06{2b0601050507040d} 0500 }"
#define EXTENSION(oid, critical, value) "30{ 06{551d" oid "} " critical " 04{ " value " } }"
#define CRITICAL "0101ff"
#define EC_P256 "30{ 06{2a8648ce3d0201} 06{2a8648ce3d030107} }"
#define RSA_ALGORITHM "30{ 06{2a864886f70d010101} 0500 }"
#define ECDSA_SHA256 "30{ 06{2a8648ce3d040302} }"
#define PBM_OID "06{2a864886f67d07420d}"
#define SHA256 "30{ 06{608648016503040201} }"
#define HMAC_SHA256 "30{ 06{2a864886f70d0209} 0500 }"
#define PBM(salt, owf, iterations, mac) "30{ " PBM_OID " 30{ 04{" salt "} " owf " " iterations " " mac " } }"
#define PBMAC1(kdf, mac) "30{ 06{2a864886f70d01050e} 30{ " kdf " " mac " } }"
#define PBKDF2(salt, iterations, length, prf) "30{ 06{2a864886f70d01050c} 30{ 04{" salt "} " iterations " " length " " prf " } }"
#define SALT "(53*16)"
#define TIME(text) "18{'" text "'}"
#define ENROLS .kind = BODY_IR

// ---- the header: rows 13 to 31, 59, 60

static const struct row header_rows[] = {
	{ "13: pvno 0", { ENROLS, .pvno = "020100" }, E(UNSUPPORTED_VERSION), .pvno = 2 },
	{ "13: pvno 4", { ENROLS, .pvno = "020104" }, E(UNSUPPORTED_VERSION), .pvno = 3 },
	{ "13: pvno -1", { ENROLS, .pvno = "0201ff" }, E(UNSUPPORTED_VERSION), .pvno = 2 },
	{ "13: pvno 2^40", { ENROLS, .pvno = "0206010000000000" }, E(BAD_DATA_FORMAT) },
	{ "13: pvno 3 passes", { ENROLS, .pvno = "020103" }, PASSES },
	{ "14: pvno 1", { ENROLS, .pvno = "020101" }, E(UNSUPPORTED_VERSION), .pvno = 2 },
	{ "15: sender is an x400Address", { ENROLS, .sender = "a3{3000}" }, E(BAD_MESSAGE_CHECK), OR(BAD_DATA_FORMAT) },
	{ "15: sender is an ediPartyName", { ENROLS, .sender = "a5{ a1{0c{'x'}} }" }, E(BAD_MESSAGE_CHECK), OR(BAD_DATA_FORMAT) },
	{ "15: sender is a dNSName", { ENROLS, .sender = "82{'device'}" }, E(BAD_MESSAGE_CHECK) },
	{ "16: sender is the NULL-DN", { ENROLS, .sender = "a4{3000}" }, E(BAD_MESSAGE_CHECK) },
	{ "17: sender is another than the certificate's subject", { ENROLS, .sender = "a4{<CN=other,O=Plant>}" }, E(BAD_MESSAGE_CHECK) },
	{ "17: sender is a part of the subject", { ENROLS, .sender = "a4{<O=Plant>}" }, E(BAD_MESSAGE_CHECK) },
	{ "17: sender's case and spaces do not matter", { ENROLS, .sender = "a4{<CN=  DEVICE,O=plant>}" }, PASSES },
	{ "18: senderKID of another certificate", { ENROLS, .kid = "04{$other_kid}" }, E(BAD_MESSAGE_CHECK) },
	{ "18: senderKID of another certificate that came along", { ENROLS, .kid = "04{$other_kid}", .extra = "30{ $chain $other_cert }" }, E(BAD_MESSAGE_CHECK) },
	{ "18: no senderKID, though the certificate has an identifier", { ENROLS, .kid = "" }, E(BAD_MESSAGE_CHECK) },
	{ "18: no senderKID, and the certificate has no identifier", { ENROLS, .by = "bare" }, PASSES },
	{ "18: senderKID for a certificate without an identifier", { ENROLS, .by = "bare", .kid = "04{0102}" }, E(BAD_MESSAGE_CHECK) },
	{ "21: no transactionID", { ENROLS, .id = "" }, E(BAD_DATA_FORMAT) },
	{ "22: transactionID of 0 octets", { ENROLS, .id = "0400" }, E(BAD_DATA_FORMAT) },
	{ "22: transactionID of 65 octets", { ENROLS, .id = "04{(61*65)}" }, E(BAD_DATA_FORMAT) },
	{ "22: transactionID of 60,000 octets", { ENROLS, .id = "04{(61*60000)}" }, E(BAD_DATA_FORMAT) },
	{ "22: transactionID of 64 octets passes", { ENROLS, .id = "04{$id (61*48)}" }, PASSES },
	{ "22: transactionID of 1 octet passes", { ENROLS, .id = "04{07}" }, PASSES },
	{ "25: no senderNonce", { ENROLS, .nonce = "" }, E(BAD_SENDER_NONCE) },
	{ "25: senderNonce of 15 octets", { ENROLS, .nonce = "04{(61*15)}" }, E(BAD_SENDER_NONCE) },
	{ "25: senderNonce of 64 octets passes", { ENROLS, .nonce = "04{(61*64)}" }, PASSES },
	{ "27: recipNonce in a first message", { ENROLS, .recip = "04{(61*16)}" }, E(BAD_RECIPIENT_NONCE) },
	{ "29: messageTime 1970", { ENROLS, .time = TIME("19700101000000Z") }, E(BAD_TIME) },
	{ "29: messageTime 2099", { ENROLS, .time = TIME("20990101000000Z") }, E(BAD_TIME) },
	{ "29: messageTime an hour and a second before", { ENROLS, .time = TIME("20251124145959Z") }, E(BAD_TIME) },
	{ "29: messageTime an hour before passes", { ENROLS, .time = TIME("20251124150000Z") }, PASSES },
	{ "29: messageTime an hour and a second ahead", { ENROLS, .time = TIME("20251124170001Z") }, E(BAD_TIME) },
	{ "29: messageTime an hour ahead passes", { ENROLS, .time = TIME("20251124170000Z") }, PASSES },
	{ "30: messageTime as UTCTime", { ENROLS, .time = "17{'251124160000Z'}" }, E(BAD_DATA_FORMAT) },
	{ "30: messageTime on 30 February", { ENROLS, .time = TIME("20260230000000Z") }, E(BAD_DATA_FORMAT) },
	{ "30: messageTime without Z", { ENROLS, .time = TIME("20251124160000") }, E(BAD_DATA_FORMAT) },
	{ "30: messageTime in the year 0000", { ENROLS, .time = TIME("00000101000000Z") }, E(BAD_DATA_FORMAT), OR(BAD_TIME) },
	{ "30: messageTime in the 13th month", { ENROLS, .time = TIME("20251324160000Z") }, E(BAD_DATA_FORMAT) },
	{ "31: messageTime with a fraction", { ENROLS, .time = TIME("20251124160000.570Z") }, E(BAD_DATA_FORMAT) },
	{ "59: implicitConfirm that is no NULL", { ENROLS, .info = "30{ 06{2b0601050507040d} 020101 }" }, E(BAD_REQUEST) },
	{ "59: implicitConfirm and confirmWaitTime", { ENROLS, .info = IMPLICIT_CONFIRM " 30{ 06{2b0601050507040e} " TIME("20260101000000Z") " }" }, E(BAD_REQUEST) },
	{ "59: implicitConfirm passes", { ENROLS, .info = IMPLICIT_CONFIRM }, PASSES },
	{ "60: certProfile with two names", { ENROLS, .info = "30{ 06{2b06010505070415} 30{ 0c{'a'} 0c{'b'} } }" }, E(BAD_REQUEST) },
	{ "60: certProfile with one name passes", { ENROLS, .info = "30{ 06{2b06010505070415} 30{ 0c{'a'} } }" }, PASSES },
	{ "T-ASN-4: 17 entries in generalInfo", { ENROLS, .info = "(30{ 06{2b06010505070463} 0500 } *17)" }, E(BAD_REQUEST) },
	{ "T-ASN-2: transactionID with a length that is not minimal", { ENROLS, .id = "048110 $id" }, E(BAD_DATA_FORMAT) },
	{ "T-ASN-2: pvno as a padded INTEGER", { ENROLS, .pvno = "02020002" }, E(BAD_DATA_FORMAT) },
};

// ---- protection: rows 19, 20, 32 to 42, 44, 45, 47, 48

static const struct row protection_rows[] = {
	{ "19: a MAC with an unknown reference", { ENROLS, .by = "unknown" }, E(BAD_MESSAGE_CHECK), DELAYED, CHEAP },
	{ "19: the same by PBMAC1", { ENROLS, .by = "unknown1" }, E(BAD_MESSAGE_CHECK), DELAYED, CHEAP },
	{ "20: a MAC by another secret", { ENROLS, .by = "wrong" }, E(BAD_MESSAGE_CHECK), DELAYED },
	{ "20: the same by PBMAC1", { ENROLS, .by = "wrong1" }, E(BAD_MESSAGE_CHECK), DELAYED },
	{ "20: a MAC of 31 octets", { ENROLS, .by = "many", .protection = "03{00 (11*31)}" }, E(BAD_MESSAGE_CHECK), DELAYED },
	{ "20: a MAC of 33 octets", { ENROLS, .by = "many", .protection = "03{00 $sig 00}" }, E(BAD_MESSAGE_CHECK), DELAYED },
	{ "20: a MAC of no octets", { ENROLS, .by = "many", .protection = "03{00}" }, E(BAD_MESSAGE_CHECK), OR(BAD_DATA_FORMAT), DELAYED },
	{ "20: the right MAC passes", { ENROLS, .by = "many" }, PASSES },
	{ "20: the right PBMAC1 passes", { ENROLS, .by = "pbmac1" }, PASSES },
	{ "a secret whose time is over", { ENROLS, .by = "old" }, E(BAD_MESSAGE_CHECK), DELAYED },
	{ "T-CMP-4: the secret of one name, used under another", { ENROLS, .by = "bound", .sender = "a4{<CN=other,O=Plant>}" }, E(BAD_MESSAGE_CHECK), DELAYED },
	{ "T-CMP-4: senderKID of one secret, sender of another", { ENROLS, .by = "many", .kid = "04{'bound'}" }, E(BAD_MESSAGE_CHECK), DELAYED },
	{ "T-CMP-5: the secret of one name asks for another", { ENROLS, .by = "bound", .subject = "CN=other,O=Plant" }, R(NOT_AUTHORIZED) },
	{ "the secret of a name asks for that name", { ENROLS, .by = "bound" }, PASSES },
	{ "the sender alone finds the secret", { ENROLS, .by = "many", .kid = "" }, PASSES },
	{ "sender is the NULL-DN, and senderKID finds the secret", { ENROLS, .by = "many", .sender = "a4{3000}" }, PASSES },
	{ "32: no protection at all", { ENROLS, .by = "" }, E(BAD_MESSAGE_CHECK), CHEAP },
	{ "32: protection without protectionAlg", { ENROLS, .algorithm = "" }, E(BAD_MESSAGE_CHECK), CHEAP },
	{ "32: protectionAlg without protection", { ENROLS, .protection = "" }, E(BAD_MESSAGE_CHECK), CHEAP },
	{ "T-CMP-3: a MAC where the route wants a signature", { ENROLS, .by = "many" }, E(WRONG_INTEGRITY), CHEAP, .at = "signers" },
	{ "T-CMP-3: a signature where the route wants a MAC", { ENROLS }, E(WRONG_INTEGRITY), CHEAP, .at = "secrets" },
	{ "33: PBM with parameters NULL", { ENROLS, .by = "many", .algorithm = "30{ " PBM_OID " 0500 }" }, E(BAD_ALG), OR(BAD_DATA_FORMAT), CHEAP },
	{ "33: PBM with an INTEGER for parameters", { ENROLS, .by = "many", .algorithm = "30{ " PBM_OID " 020101 }" }, E(BAD_ALG), OR(BAD_DATA_FORMAT), CHEAP },
	{ "33: PBM without parameters", { ENROLS, .by = "many", .algorithm = "30{ " PBM_OID " }" }, E(BAD_ALG), OR(BAD_DATA_FORMAT), CHEAP },
	{ "33: PBM with an OCTET STRING for parameters", { ENROLS, .by = "many", .algorithm = "30{ " PBM_OID " 04{(30*40)} }" }, E(BAD_ALG), OR(BAD_DATA_FORMAT), CHEAP },
	{ "33: PBM with empty parameters", { ENROLS, .by = "many", .algorithm = "30{ " PBM_OID " 3000 }" }, E(BAD_ALG), OR(BAD_DATA_FORMAT), CHEAP },
	{ "33: PBM with something behind its mac", { ENROLS, .by = "many", .algorithm = "30{ " PBM_OID " 30{ 04{" SALT "} " SHA256 " 020164 " HMAC_SHA256 " 0500 } }" },
		E(BAD_ALG), OR(BAD_DATA_FORMAT), CHEAP },
	{ "34: PBM, 0 iterations", { ENROLS, .by = "many", .algorithm = PBM(SALT, SHA256, "020100", HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "34: PBM, -1 iterations", { ENROLS, .by = "many", .algorithm = PBM(SALT, SHA256, "0201ff", HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "34: PBM, 99 iterations", { ENROLS, .by = "many", .algorithm = PBM(SALT, SHA256, "020163", HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "34: PBM, 2^31 - 1 iterations", { ENROLS, .by = "many", .algorithm = PBM(SALT, SHA256, "02047fffffff", HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "34: PBM, 2^63 iterations", { ENROLS, .by = "many", .algorithm = PBM(SALT, SHA256, "0209008000000000000000", HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "34: PBM, 100,001 iterations", { ENROLS, .by = "many", .algorithm = PBM(SALT, SHA256, "02030186a1", HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "34: PBMAC1, 999 iterations", { ENROLS, .by = "pbmac1", .algorithm = PBMAC1(PBKDF2(SALT, "020203e7", "020120", HMAC_SHA256), HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "34: PBMAC1, 100,001 iterations", { ENROLS, .by = "pbmac1", .algorithm = PBMAC1(PBKDF2(SALT, "02030186a1", "020120", HMAC_SHA256), HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "35: PBM, salt of 0 octets", { ENROLS, .by = "many", .algorithm = PBM("", SHA256, "020164", HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "35: PBM, salt of 7 octets", { ENROLS, .by = "many", .algorithm = PBM("(11*7)", SHA256, "020164", HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "35: PBM, salt of 129 octets", { ENROLS, .by = "many", .algorithm = PBM("(11*129)", SHA256, "020164", HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "35: PBM, salt of 60,000 octets", { ENROLS, .by = "many", .algorithm = PBM("(11*60000)", SHA256, "020164", HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "36: PBM with MD5", { ENROLS, .by = "many", .algorithm = PBM(SALT, "30{ 06{2a864886f70d0205} 0500 }", "020164", HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "36: PBM with HMAC-MD5", { ENROLS, .by = "many", .algorithm = PBM(SALT, SHA256, "020164", "30{ 06{2b06010505080101} 0500 }") }, E(BAD_ALG), CHEAP },
	{ "36: PBM with SHA-1", { ENROLS, .by = "many", .algorithm = PBM(SALT, "30{ 06{2b0e03021a} }", "020164", HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "36: PBM with AES-128-GMAC", { ENROLS, .by = "many", .algorithm = PBM(SALT, SHA256, "020164", "30{ 06{608648016503040109} 30{ 040c (11*12) 020110 } }") }, E(BAD_ALG), CHEAP },
	{ "36: KMAC128 alone", { ENROLS, .by = "many", .algorithm = "30{ 06{608648016503040213} }" }, E(BAD_ALG), CHEAP },
	{ "36: HMAC-SHA256 alone", { ENROLS, .by = "many", .algorithm = HMAC_SHA256 }, E(BAD_ALG), CHEAP },
	{ "36: PBM with HMAC-SHA1", { ENROLS, .by = "sha1" }, E(BAD_ALG), CHEAP },
	{ "37: PBMAC1, keyLength 0", { ENROLS, .by = "pbmac1", .algorithm = PBMAC1(PBKDF2(SALT, "020203e8", "020100", HMAC_SHA256), HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "37: PBMAC1, keyLength 2^31", { ENROLS, .by = "pbmac1", .algorithm = PBMAC1(PBKDF2(SALT, "020203e8", "02050080000000", HMAC_SHA256), HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "37: PBMAC1, keyLength 256: in bits", { ENROLS, .by = "pbmac1", .algorithm = PBMAC1(PBKDF2(SALT, "020203e8", "02020100", HMAC_SHA256), HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "37: PBMAC1 without keyLength", { ENROLS, .by = "pbmac1", .algorithm = PBMAC1(PBKDF2(SALT, "020203e8", "", HMAC_SHA256), HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "37: PBMAC1, a prf that nobody knows", { ENROLS, .by = "pbmac1", .algorithm = PBMAC1(PBKDF2(SALT, "020203e8", "020120", "30{ 06{2a0304} }"), HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "37: PBMAC1, prf left out: HMAC-SHA1", { ENROLS, .by = "pbmac1", .algorithm = PBMAC1(PBKDF2(SALT, "020203e8", "020120", ""), HMAC_SHA256) }, E(BAD_ALG), CHEAP },
	{ "37: PBMAC1 with scrypt, N 2^30", { ENROLS, .by = "pbmac1", .algorithm = PBMAC1("30{ 06{2b06010401da47040b} 30{ 04{" SALT "} 020440000000 020108 020101 } }", HMAC_SHA256) },
		E(BAD_ALG), CHEAP },
	{ "an algorithm for protection that nobody knows", { ENROLS, .algorithm = "30{ 06{2a0304} }" }, E(BAD_ALG), CHEAP },
	{ "DHBasedMac", { ENROLS, .algorithm = "30{ 06{2a864886f67d07421e} 30{ " SHA256 " " HMAC_SHA256 " } }" }, E(BAD_ALG), CHEAP },
	{ "38: ecdsa-with-SHA256, and the certificate has an RSA key", { ENROLS, .by = "rsa", .algorithm = ECDSA_SHA256 }, E(BAD_ALG), CHEAP },
	{ "38: sha256WithRSAEncryption, and the certificate has a P-256 key", { ENROLS, .algorithm = "30{ 06{2a864886f70d01010b} 0500 }" }, E(BAD_ALG), CHEAP },
	{ "38: Ed25519, and the certificate has a P-256 key", { ENROLS, .algorithm = "30{ 06{2b6570} }" }, E(BAD_ALG), CHEAP },
	{ "39: ecdsa-with-SHA1", { ENROLS, .algorithm = "30{ 06{2a8648ce3d0401} }" }, E(BAD_ALG), CHEAP },
	{ "39: sha1WithRSAEncryption", { ENROLS, .by = "rsa", .algorithm = "30{ 06{2a864886f70d010105} 0500 }" }, E(BAD_ALG), CHEAP },
	{ "39: ecdsa-with-SHA224 by a P-384 key", { ENROLS, .by = "p384", .algorithm = "30{ 06{2a8648ce3d040301} }" }, E(BAD_ALG), CHEAP },
	{ "39: RSASSA-PSS with a salt of 0 octets", { ENROLS, .by = "rsa", .algorithm = "30{ 06{2a864886f70d01010a} 30{ a0{" SHA256 "} a1{30{ 06{2a864886f70d010108} " SHA256 " }} a2{020100} } }" },
		E(BAD_ALG), CHEAP },
	{ "T-CMP-14: md5WithRSAEncryption", { ENROLS, .by = "rsa", .algorithm = "30{ 06{2a864886f70d010104} 0500 }" }, E(BAD_ALG), CHEAP },
	{ "T-ASN-5: ecdsa-with-SHA256 with parameters", { ENROLS, .algorithm = "30{ 06{2a8648ce3d040302} 020101 }" }, E(BAD_ALG), OR(BAD_DATA_FORMAT), CHEAP },
	{ "40: ECDSA with r = 0", { ENROLS, .protection = "03{00 30{ 020100 020101 }}" }, E(BAD_MESSAGE_CHECK) },
	{ "40: ECDSA with s = 0", { ENROLS, .protection = "03{00 30{ 020101 020100 }}" }, E(BAD_MESSAGE_CHECK) },
	{ "40: ECDSA with r = 1 and s = 1", { ENROLS, .protection = "03{00 30{ 020101 020101 }}" }, E(BAD_MESSAGE_CHECK) },
	{ "40: ECDSA with r beyond the order", { ENROLS, .protection = "03{00 30{ 02{00(ff*32)} 020101 }}" }, E(BAD_MESSAGE_CHECK) },
	{ "40: ECDSA with a negative r", { ENROLS, .protection = "03{00 30{ 0201ff 020101 }}" }, E(BAD_MESSAGE_CHECK) },
	{ "40: ECDSA with a padded r", { ENROLS, .protection = "03{00 30{ 02020001 020101 }}" }, E(BAD_MESSAGE_CHECK) },
	{ "40: ECDSA with a third INTEGER", { ENROLS, .protection = "03{00 30{ 020101 020101 020101 }}" }, E(BAD_MESSAGE_CHECK) },
	{ "40: ECDSA with an octet behind the SEQUENCE", { ENROLS, .protection = "03{00 $sig 00}" }, E(BAD_MESSAGE_CHECK) },
	{ "40: RSA, a signature of 255 octets", { ENROLS, .by = "rsa", .protection = "03{00 (11*255)}" }, E(BAD_MESSAGE_CHECK) },
	{ "40: RSA, a signature of 257 octets", { ENROLS, .by = "rsa", .protection = "03{00 00 $sig}" }, E(BAD_MESSAGE_CHECK) },
	{ "40: RSA, a signature beyond the modulus", { ENROLS, .by = "rsa", .protection = "03{00 (ff*256)}" }, E(BAD_MESSAGE_CHECK) },
	{ "40: RSA, a signature of 1", { ENROLS, .by = "rsa", .protection = "03{00 (00*255) 01}" }, E(BAD_MESSAGE_CHECK) },
	{ "40: Ed25519, a signature of 63 octets", { ENROLS, .by = "ed25519", .protection = "03{00 (11*63)}" }, E(BAD_MESSAGE_CHECK) },
	{ "40: Ed25519, a signature of 65 octets", { ENROLS, .by = "ed25519", .protection = "03{00 $sig 00}" }, E(BAD_MESSAGE_CHECK) },
	{ "42: protection with 3 unused bits", { ENROLS, .protection = "03{03 $sig}" }, E(BAD_DATA_FORMAT), OR(BAD_MESSAGE_CHECK) },
	{ "42: protection of no octets", { ENROLS, .protection = "03{00}" }, E(BAD_DATA_FORMAT), OR(BAD_MESSAGE_CHECK) },
	{ "42: protection without even the number of unused bits", { ENROLS, .protection = "0300" }, E(BAD_DATA_FORMAT) },
	{ "42: protection is an OCTET STRING", { ENROLS, .protection = "04{00 $sig}" }, E(BAD_DATA_FORMAT) },
	{ "RSA passes", { ENROLS, .by = "rsa" }, PASSES },
	{ "P-384 passes", { ENROLS, .by = "p384" }, PASSES },
	{ "P-521 passes", { ENROLS, .by = "p521" }, PASSES },
	{ "Ed25519 passes", { ENROLS, .by = "ed25519" }, PASSES },
	{ "Ed448 passes", { ENROLS, .by = "ed448" }, PASSES },
	{ "RSA with exponent 3 passes", { ENROLS, .by = "rsa3" }, PASSES },
};

static const struct row trust_rows[] = {
	{ "44: the certificate's own signature is broken", { ENROLS, .by = "broken" }, E(SIGNER_NOT_TRUSTED), OR(BAD_MESSAGE_CHECK) },
	{ "45: no extraCerts in the first message", { ENROLS, .extra = "" }, E(BAD_MESSAGE_CHECK), CHEAP },
	{ "45: extraCerts with somebody else's certificate alone", { ENROLS, .extra = "30{ $other_cert }" }, E(BAD_MESSAGE_CHECK) },
	{ "45: the certificate is not the first of extraCerts", { ENROLS, .extra = "30{ $other_cert $chain }" }, PASSES },
	{ "45: extraCerts without a certificate", { ENROLS, .extra = "3000" }, E(BAD_DATA_FORMAT), OR(BAD_MESSAGE_CHECK) },
	{ "45: extraCerts with something that is none", { ENROLS, .extra = "30{ 3000 $chain }" }, PASSES, OR(BAD_DATA_FORMAT) },
	{ "46: 17 certificates", { ENROLS, .extra = "30{ ($chain *17) }" }, E(BAD_REQUEST), CHEAP },
	{ "46: 16 certificates pass", { ENROLS, .extra = "30{ ($chain *16) }" }, PASSES },
	{ "46: 10,000 of something", { ENROLS, .extra = "30{ (30{0500} *10000) }" }, E(BAD_REQUEST), CHEAP },
	{ "47: a root that nobody knows came along", { ENROLS, .by = "rogue" }, E(SIGNER_NOT_TRUSTED) },
	{ "48: an expired certificate", { ENROLS, .by = "expired" }, E(SIGNER_NOT_TRUSTED) },
	{ "48: a revoked certificate", { ENROLS, .by = "revoked" }, E(CERT_REVOKED) },
	{ "48: a certificate without digitalSignature", { ENROLS, .by = "nosign" }, E(SIGNER_NOT_TRUSTED) },
	{ "48: a certificate without keyUsage passes", { ENROLS, .by = "nousage" }, PASSES },
	{ "48: a chain that bites its tail", { ENROLS, .by = "loop" }, E(SIGNER_NOT_TRUSTED) },
	{ "83: the rogue root came along, with the name of ours", { ENROLS, .by = "twin" }, E(SIGNER_NOT_TRUSTED) },
	{ "83: an intermediate under the rogue root", { ENROLS, .by = "deep" }, E(SIGNER_NOT_TRUSTED) },
	{ "83: the same signer, without the rogue root", { ENROLS, .by = "twin", .extra = "30{ $cert }" }, E(SIGNER_NOT_TRUSTED) },
	{ "83: the same with another message", { .kind = BODY_GENM, .by = "twin", .extra = "30{ $cert }" }, E(SIGNER_NOT_TRUSTED) },
	{ "84: a certificate that is not valid yet", { ENROLS, .by = "early" }, E(SIGNER_NOT_TRUSTED) },
	{ "84: notAfter at the end of 9999", { ENROLS, .by = "late" }, PASSES },
	{ "84: notAfter in the last second of 2049", { ENROLS, .by = "boundary" }, PASSES },
	{ "84: notAfter beyond 32 bits", { ENROLS, .by = "long" }, PASSES },
	{ "84: an intermediate that has expired", { ENROLS, .by = "oldmiddle" }, E(SIGNER_NOT_TRUSTED) },
	{ "85: a critical extension that nobody knows", { ENROLS, .by = "critical" }, E(SIGNER_NOT_TRUSTED) },
	{ "85: one in the intermediate", { ENROLS, .by = "criticalmiddle" }, E(SIGNER_NOT_TRUSTED) },
	{ "85: a known one with garbage in it", { ENROLS, .by = "garbage" }, E(SIGNER_NOT_TRUSTED), OR(BAD_MESSAGE_CHECK) },
	{ "85: one that stands twice", { ENROLS, .by = "twice" }, E(SIGNER_NOT_TRUSTED), OR(BAD_MESSAGE_CHECK) },
	{ "86: a chain that ends in an intermediate of the message", { ENROLS, .by = "deep", .extra = "30{ $cert }" }, E(SIGNER_NOT_TRUSTED) },
	{ "86: a good chain passes", { ENROLS, .by = "middle" }, PASSES },
	{ "86: a leaf as CA: no basicConstraints", { ENROLS, .by = "leafca" }, E(SIGNER_NOT_TRUSTED) },
	{ "86: a leaf as CA: CA FALSE", { ENROLS, .by = "falseca" }, E(SIGNER_NOT_TRUSTED) },
	{ "86: a CA without keyCertSign", { ENROLS, .by = "nocertsign" }, E(SIGNER_NOT_TRUSTED) },
	{ "86: pathLenConstraint exceeded", { ENROLS, .by = "toolong" }, E(SIGNER_NOT_TRUSTED) },
	{ "86: name constraints broken", { ENROLS, .by = "outside" }, E(SIGNER_NOT_TRUSTED) },
	{ "T-CMP-15: a good message passes after all that", { ENROLS }, PASSES },
};

// ---- bodies: rows 49 to 58, 61, 62, 66, 70, 71

#define TWICE "30{ 06{551d0f} 04{ 03020780 } }"
static const struct row body_rows[] = {
	{ "49: ip sent by a device", { .kind = BODY_IP }, E(BAD_REQUEST), CHEAP },
	{ "49: body of kind 27", { ENROLS, .tag = "bb02", .body = "0500" }, E(BAD_REQUEST), CHEAP },
	{ "49: a tag in the long form", { ENROLS, .tag = "bf1f02", .body = "0500" }, E(BAD_DATA_FORMAT), CHEAP },
	{ "50: ir without a request", { ENROLS, .body = "3000" }, E(BAD_DATA_FORMAT), CHEAP },
	{ "50: ir with two requests", { ENROLS, .requests = "(30{ 30{ 020100 30{ a5{$subject} a6{$new_key} } } 8000 } *2)" }, R(BAD_REQUEST), CHEAP },
	{ "50: ir with 1,000 requests", { ENROLS, .requests = "(30{ 30{ 020100 30{} } } *1000)" }, E(BAD_REQUEST), CHEAP },
	{ "51: certReqId 1", { ENROLS, .number = "020101" }, R(BAD_REQUEST), CHEAP },
	{ "51: certReqId -1 in ir", { ENROLS, .number = "0201ff" }, R(BAD_REQUEST), CHEAP },
	{ "51: certReqId of 200 octets", { ENROLS, .number = "02{(11*200)}" }, E(BAD_DATA_FORMAT), CHEAP },
	{ "51: certReqId 1 in cr", { .kind = BODY_CR, .number = "020101" }, R(BAD_REQUEST), CHEAP },
	{ "51: certReqId 1 in kur", { .kind = BODY_KUR, .number = "020101" }, R(BAD_REQUEST), CHEAP },
	{ "52: no popo", { ENROLS, .popo = "" }, R(BAD_POP) },
	{ "53: raVerified by a device", { ENROLS, .popo = "8000" }, R(NOT_AUTHORIZED) },
	{ "53: raVerified by an RA, where the route does not believe it", { ENROLS, .by = "lra", .popo = "8000" }, R(NOT_AUTHORIZED) },
	{ "53: raVerified by a device, where the route believes RAs", { ENROLS, .popo = "8000" }, R(NOT_AUTHORIZED), .at = "lras" },
	{ "53: raVerified by an RA passes", { ENROLS, .by = "lra", .popo = "8000" }, PASSES, .at = "lras" },
	{ "54: popo over something else", { ENROLS, .popo = "a1{ $pop_alg 03{00 30{ 020101 020101 }} }" }, R(BAD_POP) },
	{ "54: popo under another algorithm than the key has", { ENROLS, .popo = "a1{ 30{ 06{2a864886f70d01010b} 0500 } 03{00 $pop} }" }, R(BAD_POP), OR(BAD_CERT_TEMPLATE) },
	{ "54: popo under ecdsa-with-SHA1", { ENROLS, .popo = "a1{ 30{ 06{2a8648ce3d0401} } 03{00 $pop} }" }, R(BAD_ALG), OR(BAD_POP) },
	{ "54: popo with poposkInput", { ENROLS, .popo = "a1{ a0{ a0{ a4{$subject} } 30{$new_key} } $pop_alg 03{00 $pop} }" }, R(BAD_POP) },
	{ "54: popo by key encipherment", { ENROLS, .popo = "a2{ 810100 }" }, R(BAD_POP) },
	{ "54: popo, and no key", { ENROLS, .key = "" }, R(BAD_POP), OR(BAD_CERT_TEMPLATE) },
	{ "54: the popo of another request", { ENROLS, .template = "a5{$subject} a6{$new_key}", .popo = "a1{ $pop_alg 03{00 30{ 02{(11*32)} 02{(12*32)} }} }" }, R(BAD_POP) },
	{ "55: a point off its curve", { ENROLS, .key = EC_P256 " 03{00 04 (11*64)}" }, R(BAD_CERT_TEMPLATE) },
	{ "55: the point at infinity", { ENROLS, .key = EC_P256 " 03{00 00}" }, R(BAD_CERT_TEMPLATE) },
	{ "55: a compressed point", { ENROLS, .key = EC_P256 " 03{00 02 (11*32)}" }, R(BAD_CERT_TEMPLATE) },
	{ "55: a point that is too short", { ENROLS, .key = EC_P256 " 03{00 04 (11*63)}" }, R(BAD_CERT_TEMPLATE) },
	{ "55: RSA, an even modulus", { ENROLS, .key = RSA_ALGORITHM " 03{00 30{ 02{00(c4*256)} 0203010001 }}" }, R(BAD_CERT_TEMPLATE) },
	{ "55: RSA, a modulus of 17 bits", { ENROLS, .key = RSA_ALGORITHM " 03{00 30{ 020301ffff 0203010001 }}" }, R(BAD_CERT_TEMPLATE) },
	{ "55: RSA, a modulus of 1024 bits", { ENROLS, .key = RSA_ALGORITHM " 03{00 30{ 02{00(c5*128)} 0203010001 }}" }, R(BAD_CERT_TEMPLATE) },
	{ "55: RSA, a modulus of 65,536 bits", { ENROLS, .key = RSA_ALGORITHM " 03{00 30{ 02{00(c5*8192)} 0203010001 }}" }, R(BAD_CERT_TEMPLATE) },
	{ "55: RSA, exponent 1", { ENROLS, .key = RSA_ALGORITHM " 03{00 30{ 02{00(c5*256)} 020101 }}" }, R(BAD_CERT_TEMPLATE) },
	{ "55: RSA, an even exponent", { ENROLS, .key = RSA_ALGORITHM " 03{00 30{ 02{00(c5*256)} 020104 }}" }, R(BAD_CERT_TEMPLATE) },
	{ "55: RSA, an exponent of 2048 bits", { ENROLS, .key = RSA_ALGORITHM " 03{00 30{ 02{00(c5*256)} 02{00(c5*256)} }}" }, R(BAD_CERT_TEMPLATE) },
	{ "55: a key of an unknown kind", { ENROLS, .key = "30{ 06{2a0304} } 03{00 01}" }, R(BAD_ALG) },
	{ "55: a key on an unknown curve", { ENROLS, .key = "30{ 06{2a8648ce3d0201} 06{2a0304} } 03{00 04 (11*64)}" }, R(BAD_ALG) },
	{ "55: a key of no octets, with a proof", { ENROLS, .key = EC_P256 " 03{00}" }, R(BAD_POP), OR(BAD_CERT_TEMPLATE) },
	{ "55: a key of no octets, pvno 2", { ENROLS, .key = EC_P256 " 03{00}", .popo = "" }, R(BAD_CERT_TEMPLATE) },
	{ "55: a key of no octets, pvno 3, passes", { ENROLS, .key = EC_P256 " 03{00}", .popo = "", .pvno = "020103" }, PASSES },
	{ "55: no key, pvno 2", { ENROLS, .key = "", .popo = "" }, R(BAD_CERT_TEMPLATE) },
	{ "55: no key, pvno 3, passes", { ENROLS, .key = "", .popo = "", .pvno = "020103" }, PASSES },
	{ "55: RSA passes", { ENROLS, .new_key = "rsa" }, PASSES },
	{ "55: P-384 passes", { ENROLS, .new_key = "p384" }, PASSES },
	{ "55: Ed25519 passes", { ENROLS, .new_key = "ed25519" }, PASSES },
	{ "56: the subject is empty, and no SAN stands in", { ENROLS, .subject = "" }, R(BAD_CERT_TEMPLATE) },
	{ "56: no subject", { ENROLS, .template = "a6{$new_key}" }, R(BAD_CERT_TEMPLATE) },
	{ "56: a SAN with 10,000 names", { ENROLS, .extensions = EXTENSION("11", "", "30{ (8203612e62 *10000) }") }, R(BAD_CERT_TEMPLATE), CHEAP },
	{ "56: a SAN with 65 names", { ENROLS, .extensions = EXTENSION("11", "", "30{ (8203612e62 *65) }") }, R(BAD_CERT_TEMPLATE), CHEAP },
	{ "56: a SAN without names", { ENROLS, .extensions = EXTENSION("11", "", "30{}") }, R(BAD_DATA_FORMAT), OR(BAD_CERT_TEMPLATE) },
	{ "56: CN with a NUL", { ENROLS, .template = "a5{ 30{ 31{30{ 06{550403} 0c{'device' 00 'x'} }} } } a6{$new_key}" }, R(BAD_CERT_TEMPLATE) },
	{ "56: CN of 60,000 octets", { ENROLS, .template = "a5{ 30{ 31{30{ 06{550403} 0c{(61*60000)} }} } } a6{$new_key}" }, R(BAD_CERT_TEMPLATE) },
	{ "56: an attribute of 1,025 octets", { ENROLS, .template = "a5{ 30{ 31{30{ 06{550403} 0c{(61*1025)} }} } } a6{$new_key}" }, R(BAD_CERT_TEMPLATE) },
	{ "56: one of 1,024 octets is only another's name", { ENROLS, .template = "a5{ 30{ 31{30{ 06{550403} 0c{(61*1024)} }} } } a6{$new_key}" }, R(NOT_AUTHORIZED) },
	{ "57: a CA certificate", { ENROLS, .extensions = EXTENSION("13", CRITICAL, "30{0101ff}") }, R(NOT_AUTHORIZED) },
	{ "57: basicConstraints without CA passes", { ENROLS, .extensions = EXTENSION("13", CRITICAL, "30{}") }, PASSES },
	{ "57: id-kp-cmcCA", { ENROLS, .extensions = EXTENSION("25", "", "30{ 06{2b0601050507031b} }") }, R(NOT_AUTHORIZED) },
	{ "57: id-kp-cmcRA", { ENROLS, .extensions = EXTENSION("25", "", "30{ 06{2b0601050507031c} }") }, R(NOT_AUTHORIZED) },
	{ "57: id-kp-cmKGA", { ENROLS, .extensions = EXTENSION("25", "", "30{ 06{2b06010505070320} }") }, R(NOT_AUTHORIZED) },
	{ "57: anyExtendedKeyUsage", { ENROLS, .extensions = EXTENSION("25", "", "30{ 06{551d2500} }") }, R(NOT_AUTHORIZED) },
	{ "57: OCSPSigning", { ENROLS, .extensions = EXTENSION("25", "", "30{ 06{2b06010505070309} }") }, R(NOT_AUTHORIZED) },
	{ "57: clientAuth passes", { ENROLS, .extensions = EXTENSION("25", "", "30{ 06{2b06010505070302} }") }, PASSES },
	{ "57: keyCertSign", { ENROLS, .extensions = EXTENSION("0f", CRITICAL, "03020204") }, R(NOT_AUTHORIZED) },
	{ "57: cRLSign", { ENROLS, .extensions = EXTENSION("0f", CRITICAL, "03020102") }, R(NOT_AUTHORIZED) },
	{ "57: name constraints", { ENROLS, .extensions = EXTENSION("1e", CRITICAL, "30{}") }, R(NOT_AUTHORIZED) },
	{ "57: a critical extension that nobody knows", { ENROLS, .extensions = "30{ 06{2a0304} 0101ff 04{0500} }" }, R(UNACCEPTED_EXTENSION) },
	{ "57: one that is not critical passes", { ENROLS, .extensions = "30{ 06{2a0304} 04{0500} }" }, PASSES },
	{ "57: the same extension twice", { ENROLS, .extensions = TWICE TWICE }, E(BAD_DATA_FORMAT) },
	{ "57: a serial number", { ENROLS, .template = "81{05} a5{$subject} a6{$new_key}" }, R(BAD_CERT_TEMPLATE) },
	{ "57: a signing algorithm", { ENROLS, .template = "a2{ 06{2a8648ce3d040302} } a5{$subject} a6{$new_key}" }, R(BAD_CERT_TEMPLATE) },
	{ "57: version v1", { ENROLS, .template = "80{00} a5{$subject} a6{$new_key}" }, R(BAD_CERT_TEMPLATE) },
	{ "57: unique identifiers", { ENROLS, .template = "a5{$subject} a6{$new_key} 87{00 01}" }, R(BAD_CERT_TEMPLATE) },
	{ "57: version v3 passes", { ENROLS, .template = "80{02} a5{$subject} a6{$new_key}" }, PASSES },
	{ "58: notAfter before notBefore", { ENROLS, .validity = "a0{170d3236303130323030303030305a} a1{170d3236303130313030303030305a}" }, R(BAD_CERT_TEMPLATE) },
	{ "58: notAfter in 9999", { ENROLS, .validity = "a1{18{'99991231235959Z'}}" }, R(BAD_CERT_TEMPLATE) },
	{ "58: notAfter on the first day of 9999", { ENROLS, .validity = "a1{18{'99990101000000Z'}}" }, R(BAD_CERT_TEMPLATE) },
	{ "58: notAfter the second before passes", { ENROLS, .validity = "a1{18{'99981231235959Z'}}" }, PASSES },
	{ "58: a year passes", { ENROLS, .validity = "a1{170d3236313132343030303030305a}" }, PASSES },
	{ "regInfo", { ENROLS, .reg_info = "30{ 30{ 06{2b06010505070502} 0c{'x'} } }" }, R(BAD_REQUEST) },
	{ "T-CMP-5: asks for the name of another device", { ENROLS, .subject = "CN=other,O=Plant" }, R(NOT_AUTHORIZED) },
	{ "T-CMP-5: asks for its name, and a SAN that it has not", { ENROLS, .extensions = EXTENSION("11", "", "30{ 82{'other.plant.example'} }") }, R(NOT_AUTHORIZED) },
	{ "T-CMP-5: asks for the names that it has", { ENROLS, .by = "named", .extensions = EXTENSION("11", "", "30{ 82{'plc-7.plant.example'} }") }, PASSES },
	{ "T-CMP-5: a maker's device asks for a name without its serial number", { ENROLS, .by = "maker", .subject = "CN=plc,O=Plant" }, R(NOT_AUTHORIZED), .at = "serial" },
	{ "T-CMP-5: with its serial number in the common name", { ENROLS, .by = "maker", .subject = "CN=plc-4711,O=Plant" }, PASSES, .at = "serial" },
	{ "T-CMP-5: with its serial number alone", { ENROLS, .by = "maker", .subject = "CN=4711,O=Plant" }, PASSES, .at = "serial" },
	{ "T-CMP-5: with a number that ends in its own", { ENROLS, .by = "maker", .subject = "CN=plc-14711,O=Plant" }, R(NOT_AUTHORIZED), .at = "serial" },
	{ "T-CMP-5: with a number that begins with its own", { ENROLS, .by = "maker", .subject = "CN=plc-4711a,O=Plant" }, R(NOT_AUTHORIZED), .at = "serial" },
	{ "T-CMP-5: with its own number behind another that holds it", { ENROLS, .by = "maker", .subject = "CN=plc-14711-4711,O=Plant" }, PASSES, .at = "serial" },
	{ "T-CMP-5: with its serial number as an attribute", { ENROLS, .by = "maker", .subject = "CN=plc,serialNumber=4711,O=Plant" }, PASSES, .at = "serial" },
	{ "T-CMP-5: with another serial number as an attribute", { ENROLS, .by = "maker", .subject = "CN=plc-4711,serialNumber=4712,O=Plant" }, R(NOT_AUTHORIZED), .at = "serial" },
	{ "an RA asks on behalf of others", { ENROLS, .by = "lra", .subject = "CN=other,O=Plant" }, PASSES, .at = "lras" },
	{ "an RA asks on behalf of others, where the route does not say so", { ENROLS, .by = "lra", .subject = "CN=other,O=Plant" }, R(NOT_AUTHORIZED) },
	{ "a device asks on behalf of others", { ENROLS, .subject = "CN=other,O=Plant" }, R(NOT_AUTHORIZED), .at = "lras" },
	{ "61: kur passes", { .kind = BODY_KUR }, PASSES },
	{ "61: kur by a MAC", { .kind = BODY_KUR, .by = "many", .controls = "" }, E(WRONG_INTEGRITY), CHEAP },
	{ "61: kur with the certificate of another device in oldCertId", { .kind = BODY_KUR, .subject = "CN=other,O=Plant",
		.controls = "30{ 30{ 06{2b0601050507050105} 30{ a4{$other_issuer} 02{$other_serial} } } }" }, R(NOT_AUTHORIZED) },
	{ "61: kur whose oldCertId is another number", { .kind = BODY_KUR, .controls = "30{ 30{ 06{2b0601050507050105} 30{ a4{$issuer} 020107 } } }" }, R(BAD_CERT_ID) },
	{ "61: kur whose oldCertId is its number of another issuer", { .kind = BODY_KUR,
		.controls = "30{ 30{ 06{2b0601050507050105} 30{ a4{<CN=Root,O=Maker>} 02{$serial} } } }" }, R(BAD_CERT_ID) },
	{ "61: kur of a revoked certificate", { .kind = BODY_KUR, .by = "revoked" }, E(CERT_REVOKED) },
	{ "61: kur of an expired certificate", { .kind = BODY_KUR, .by = "expired" }, E(SIGNER_NOT_TRUSTED) },
	{ "61: kur with another subject", { .kind = BODY_KUR, .subject = "CN=device 2,O=Plant" }, R(BAD_CERT_TEMPLATE) },
	{ "61: kur with a SAN that the certificate has not", { .kind = BODY_KUR, .extensions = EXTENSION("11", "", "30{ 82{'a.b'} }") }, R(BAD_CERT_TEMPLATE) },
	{ "61: kur without oldCertId passes", { .kind = BODY_KUR, .controls = "" }, PASSES },
	{ "61: kur with the SAN of the certificate passes", { .kind = BODY_KUR, .by = "named", .extensions = EXTENSION("11", "", "30{ 82{'plc-7.plant.example'} }") }, PASSES },
	{ "62: p10cr passes", { .kind = BODY_P10CR }, PASSES },
	{ "62: p10cr, the signature is wrong", { .kind = BODY_P10CR, .csr = "$csr_info $pop_alg 03{00 30{ 020101 020101 }}" }, R(BAD_POP) },
	{ "62: p10cr, version 1", { .kind = BODY_P10CR, .csr_info = "020101 $subject 30{$new_key} a000" }, E(BAD_CERT_TEMPLATE) },
	{ "62: p10cr, two extensionRequests", { .kind = BODY_P10CR, .csr_info = "020100 $subject 30{$new_key} a0{ (30{ 06{2a864886f70d01090e} 31{30{ " TWICE " }} } *2) }" }, E(BAD_DATA_FORMAT) },
	{ "62: p10cr, something behind the attributes", { .kind = BODY_P10CR, .csr_info = "020100 $subject 30{$new_key} a000 0500" }, E(BAD_DATA_FORMAT) },
	{ "62: p10cr, something behind the signature", { .kind = BODY_P10CR, .csr = "$csr_info $pop_alg 03{00 $csr_sig} 0500" }, E(BAD_DATA_FORMAT) },
	{ "62: p10cr, a point off its curve", { .kind = BODY_P10CR, .csr_info = "020100 $subject 30{ " EC_P256 " 03{00 04 (11*64)} } a000" }, R(BAD_CERT_TEMPLATE) },
	{ "62: p10cr, a key of no octets, pvno 2", { .kind = BODY_P10CR, .csr_info = "020100 $subject 30{ " EC_P256 " 03{00} } a000" }, R(BAD_CERT_TEMPLATE) },
	{ "62: p10cr, a key of no octets, pvno 3, passes", { .kind = BODY_P10CR, .pvno = "020103", .csr_info = "020100 $subject 30{ " EC_P256 " 03{00} } a000" }, PASSES },
	{ "62: p10cr, the name of another device", { .kind = BODY_P10CR, .subject = "CN=other,O=Plant" }, R(NOT_AUTHORIZED) },
	{ "62: p10cr, no name", { .kind = BODY_P10CR, .subject = "" }, R(BAD_CERT_TEMPLATE) },
	{ "62: p10cr, a CA certificate", { .kind = BODY_P10CR,
		.csr_info = "020100 $subject 30{$new_key} a0{ 30{ 06{2a864886f70d01090e} 31{30{ " EXTENSION("13", CRITICAL, "30{0101ff}") " }} } }" }, R(NOT_AUTHORIZED) },
	{ "krr passes", { .kind = BODY_KRR }, PASSES },
	{ "krr for the keys of another device", { .kind = BODY_KRR, .subject = "CN=other,O=Plant" }, E(NOT_AUTHORIZED) },
	{ "krr with a serial number", { .kind = BODY_KRR, .template = "81{05} a5{$subject} a6{$new_key}" }, E(BAD_CERT_TEMPLATE) },
	{ "66: rr passes", { .kind = BODY_RR }, PASSES },
	{ "66: rr with a reason passes", { .kind = BODY_RR, .body = "30{ 30{ 30{ 81{$serial} a3{$issuer} } 30{ 30{ 06{551d15} 04{0a0101} } } } }" }, PASSES },
	{ "66: rr without protection", { .kind = BODY_RR, .by = "", .body = "30{ 30{ 30{ 81{05} a3{<CN=Root,O=Plant>} } } }" }, E(BAD_MESSAGE_CHECK), CHEAP },
	{ "66: rr by a MAC", { .kind = BODY_RR, .by = "many", .body = "30{ 30{ 30{ 81{05} a3{<CN=Root,O=Plant>} } } }" }, E(WRONG_INTEGRITY), CHEAP },
	{ "66: rr of another device's certificate", { .kind = BODY_RR, .body = "30{ 30{ 30{ 81{$other_serial} a3{$other_issuer} } } }" }, R(NOT_AUTHORIZED) },
	{ "66: rr of a number under another issuer", { .kind = BODY_RR, .body = "30{ 30{ 30{ 81{$serial} a3{<CN=Root,O=Maker>} } } }" }, R(NOT_AUTHORIZED), OR(BAD_CERT_ID) },
	{ "66: rr, serial number of 21 octets", { .kind = BODY_RR, .body = "30{ 30{ 30{ 81{(11*21)} a3{$issuer} } } }" }, E(BAD_CERT_ID), CHEAP },
	{ "66: rr, a negative serial number", { .kind = BODY_RR, .body = "30{ 30{ 30{ 81{f1} a3{$issuer} } } }" }, R(BAD_CERT_ID), CHEAP },
	{ "66: rr without serial number", { .kind = BODY_RR, .body = "30{ 30{ 30{ a3{$issuer} } } }" }, R(BAD_CERT_ID), OR(ADD_INFO_NOT_AVAILABLE), CHEAP },
	{ "66: rr by a revoked certificate", { .kind = BODY_RR, .by = "revoked" }, E(CERT_REVOKED) },
	{ "66: rr with two reasons", { .kind = BODY_RR, .body = "30{ 30{ 30{ 81{$serial} a3{$issuer} } 30{ (30{ 06{551d15} 04{0a0101} } *2) } } }" }, E(BAD_DATA_FORMAT), OR(BAD_REQUEST), CHEAP },
	{ "66: rr with reason 7", { .kind = BODY_RR, .body = "30{ 30{ 30{ 81{$serial} a3{$issuer} } 30{ 30{ 06{551d15} 04{0a0107} } } } }" }, R(BAD_REQUEST), CHEAP },
	{ "66: rr with reason 99", { .kind = BODY_RR, .body = "30{ 30{ 30{ 81{$serial} a3{$issuer} } 30{ 30{ 06{551d15} 04{0a0163} } } } }" }, R(BAD_REQUEST), CHEAP },
	{ "66: rr of two certificates", { .kind = BODY_RR, .body = "30{ (30{ 30{ 81{$serial} a3{$issuer} } } *2) }" }, R(BAD_REQUEST), CHEAP },
	{ "T-CMP-23: an RA revokes on behalf of others", { .kind = BODY_RR, .by = "lra", .body = "30{ 30{ 30{ 81{$other_serial} a3{$other_issuer} } } }" }, PASSES, .at = "lras" },
	{ "T-CMP-23: a device revokes on behalf of others", { .kind = BODY_RR, .body = "30{ 30{ 30{ 81{$other_serial} a3{$other_issuer} } } }" }, R(NOT_AUTHORIZED), .at = "lras" },
	{ "T-CMP-23: an RA revokes, where the route does not say so", { .kind = BODY_RR, .by = "lra", .body = "30{ 30{ 30{ 81{$other_serial} a3{$other_issuer} } } }" }, R(NOT_AUTHORIZED) },
	{ "70: genm passes", { .kind = BODY_GENM }, PASSES },
	{ "70: genm without a question passes", { .kind = BODY_GENM, .body = "3000" }, PASSES },
	{ "70: genm with a question that nobody knows passes", { .kind = BODY_GENM, .body = "30{ 30{ 06{2a0304} } }" }, PASSES },
	{ "70: genm by a MAC passes", { .kind = BODY_GENM, .by = "many" }, PASSES },
	{ "70: genm with 100 questions", { .kind = BODY_GENM, .body = "30{ (30{ 06{2b06010505070411} } *100) }" }, E(BAD_REQUEST), CHEAP },
	{ "70: genm with a value of another type", { .kind = BODY_GENM, .body = "30{ 30{ 06{2b06010505070407} 020101 } }" }, E(BAD_REQUEST), CHEAP },
	{ "72: krr passes", { .kind = BODY_KRR }, PASSES },
	{ "72: krr by a MAC", { .kind = BODY_KRR, .by = "many" }, E(WRONG_INTEGRITY), CHEAP },
	{ "72: krr for another name", { .kind = BODY_KRR, .subject = "CN=other,O=Plant" }, E(NOT_AUTHORIZED) },
	{ "72: krr without protection", { .kind = BODY_KRR, .by = "" }, E(BAD_MESSAGE_CHECK), CHEAP },
	{ "71: error from a device", { .kind = BODY_ERROR }, E(BAD_REQUEST), CHEAP },
	{ "71: pkiConf from a device", { .kind = BODY_PKICONF }, E(BAD_REQUEST), CHEAP },
	{ "71: rp from a device", { .kind = BODY_RP }, E(BAD_REQUEST), CHEAP },
	{ "T-ASN-7: something behind extraCerts", { ENROLS, .after = "0500" }, E(BAD_DATA_FORMAT), CHEAP },
	{ "T-ASN-7: something behind an AlgorithmIdentifier", { ENROLS, .algorithm = "30{ 06{2a8648ce3d040302} 0500 0500 }" }, E(BAD_DATA_FORMAT), OR(BAD_ALG), CHEAP },
	{ "T-ASN-8: pvno of 5 octets", { ENROLS, .pvno = "02050100000002" }, E(BAD_DATA_FORMAT), CHEAP },
	{ "T-ASN-9: a name of odd BMP octets", { ENROLS, .template = "a5{ 30{ 31{30{ 06{550403} 1e{00 'a' 00} }} } } a6{$new_key}" }, R(BAD_CERT_TEMPLATE), OR(NOT_AUTHORIZED) },
	{ "T-ASN-9: a name that is no UTF-8", { ENROLS, .template = "a5{ 30{ 31{30{ 06{550403} 0c{ff fe} }} } } a6{$new_key}" }, R(BAD_CERT_TEMPLATE), OR(NOT_AUTHORIZED) },
};

// ---- envelopes: rows 68, 69, T-CMP-16

static const struct kit_message ir_inside = { ENROLS }, genm_inside = { .kind = BODY_GENM }, bare_inside = { ENROLS, .by = "" },
	rogue_inside = { ENROLS, .by = "rogue" }, mac_inside = { ENROLS, .by = "many" }, wrong_inside = { ENROLS, .by = "wrong" },
	no_pop_inside = { ENROLS, .popo = "" }, other_inside = { ENROLS, .subject = "CN=other,O=Plant" },
	ip_inside = { .kind = BODY_IP }, nonce_inside = { ENROLS, .nonce = "04{(63*16)}" }, genm_nonce = { .kind = BODY_GENM, .nonce = "04{(63*16)}" }, v3_inside = { ENROLS, .pvno = "020103" }, same_inside = { ENROLS, .same_id = true };
#define ONE(m) (const struct kit_message *const[]){ &(m), NULL }
#define TWO(a, b) (const struct kit_message *const[]){ &(a), &(b), NULL }
static const struct kit_message nested_inside = { .kind = BODY_NESTED, .by = "lra", .inner = ONE(ir_inside) },
	nested_twice = { .kind = BODY_NESTED, .by = "lra", .inner = ONE(nested_inside) };
static const struct kit_message batch_inside = { .kind = BODY_NESTED, .by = "lra", .inner = TWO(ir_inside, genm_inside) };
#define WRAPS .kind = BODY_NESTED, .by = "lra"

static const struct row envelope_rows[] = {
	{ "68: a message in an envelope passes", { WRAPS, .inner = ONE(ir_inside) }, PASSES },
	{ "68: an envelope in an envelope", { WRAPS, .inner = ONE(nested_inside) }, E(BAD_REQUEST), CHEAP },
	{ "68: a batch in an envelope", { WRAPS, .inner = ONE(batch_inside) }, E(BAD_REQUEST), CHEAP },
	{ "68: an envelope in an envelope in an envelope", { WRAPS, .inner = ONE(nested_twice) }, E(BAD_REQUEST), CHEAP },
	{ "68: nothing in the envelope", { WRAPS, .body = "3000" }, E(BAD_DATA_FORMAT), CHEAP },
	{ "68: the message inside has no protection", { WRAPS, .inner = ONE(bare_inside) }, E(BAD_MESSAGE_CHECK) },
	{ "68: the envelope has a MAC", { .kind = BODY_NESTED, .by = "many", .inner = ONE(ir_inside) }, E(WRONG_INTEGRITY), CHEAP },
	{ "68: the envelope has no protection", { .kind = BODY_NESTED, .by = "", .inner = ONE(ir_inside) }, E(BAD_MESSAGE_CHECK), CHEAP },
	{ "68: transactionID inside and outside differ", { WRAPS, .id = "04{(62*16)}", .inner = ONE(ir_inside) }, E(BAD_REQUEST), CHEAP },
	{ "68: senderNonce inside and outside differ", { WRAPS, .nonce = "04{(62*16)}", .inner = ONE(ir_inside) }, E(BAD_SENDER_NONCE), CHEAP },
	{ "T-CMP-16: the envelope is signed by a device", { .kind = BODY_NESTED, .inner = ONE(ir_inside) }, E(NOT_AUTHORIZED) },
	{ "86: the envelope is signed by one that has clientAuth alone", { .kind = BODY_NESTED, .by = "client", .inner = ONE(ir_inside) }, E(NOT_AUTHORIZED) },
	{ "T-CMP-16: the signer of the message inside is not trusted", { WRAPS, .inner = ONE(rogue_inside) }, E(SIGNER_NOT_TRUSTED) },
	{ "T-CMP-16: the MAC inside does not verify", { WRAPS, .inner = ONE(wrong_inside) }, E(BAD_MESSAGE_CHECK), DELAYED },
	{ "T-CMP-16: an answer inside", { WRAPS, .inner = ONE(ip_inside) }, E(BAD_REQUEST), CHEAP },
	{ "a MAC inside passes", { WRAPS, .inner = ONE(mac_inside) }, PASSES },
	{ "pvno 3 inside pvno 2 passes", { WRAPS, .inner = ONE(v3_inside) }, PASSES },
	{ "69: two messages with one transactionID", { WRAPS, .inner = TWO(same_inside, same_inside) }, E(TRANSACTION_ID_IN_USE), CHEAP },
	{ "69: two messages with one senderNonce", { WRAPS, .inner = TWO(nonce_inside, genm_nonce) }, E(BAD_SENDER_NONCE), CHEAP },
	{ "69: a batch signed by a device", { .kind = BODY_NESTED, .inner = TWO(ir_inside, genm_inside) }, E(NOT_AUTHORIZED) },
	{ "69: a batch under a MAC", { .kind = BODY_NESTED, .by = "many", .inner = TWO(ir_inside, genm_inside) }, E(WRONG_INTEGRITY), CHEAP },
	{ "69: a batch whose signer is not trusted", { .kind = BODY_NESTED, .by = "rogue", .inner = TWO(ir_inside, genm_inside) }, E(SIGNER_NOT_TRUSTED) },
};

// What is answered inside an envelope is answered to the message inside.
static const struct row inner_rows[] = {
	{ "52: no popo, inside an envelope", { WRAPS, .inner = ONE(no_pop_inside) }, R(BAD_POP) },
	{ "T-CMP-5: another name, inside an envelope", { WRAPS, .inner = ONE(other_inside) }, R(NOT_AUTHORIZED) },
};

// ---- judging

static unsigned wrong;
static const struct outcome lost = { .kind = OUTCOME_NOT_SENT, .text = "the test is over" };

static void
complain(const struct row *r, const char *listener, const char *what)
{
	print_error("%s: %s: %s: %s\n", listener, r->title, what, kit_said_text());
	wrong++;
}

// RFC 9483 3.1: an answer is for the sender of what is answered.
static bool
is_addressed(const struct row *r, const struct pkiheader *h)
{
	const struct kit_signer *by = r->m.by == NULL ? kit_signer("device") : r->m.by[0] != '\0' ? kit_signer(r->m.by) : NULL;
	char wanted[512], text[512];

	if (by == NULL || by->key == NULL || r->m.sender != NULL || r->m.inner != NULL)
		return true;
	snprintf(wanted, sizeof(wanted), "dirName:%s", by->subject);
	return strcmp(general_name_text(h->recipient, text, sizeof(text)), wanted) == 0;
}

// What the answer must be about.
static bool
refers(const struct row *r)
{
	const struct pkiheader *h = &kit_said.answer->view.header;
	bool own_id = r->m.id == NULL, own_nonce = r->m.nonce == NULL;

	return (!own_id || (h->has_transaction_id && span_equal(h->transaction_id, span_of(kit_id, 16))))
		&& (!own_nonce || (h->has_recip_nonce && span_equal(h->recip_nonce, span_of(kit_nonce, 16))))
		&& h->has_sender_nonce && h->sender_nonce.len >= CAP_NONCE_MIN && is_addressed(r, h);
}

// RFC 9483 3.6.4: the status is rejection, and a text says why.
static bool
is_told(const struct pkimessage *m)
{
	const struct message whole = { .view = *m };
	struct status_info status;

	return relay_status(&whole, &status) && status.status == STATUS_REJECTION && status.texts.len > 0;
}

static enum body
answer_of(const struct row *r)
{
	return r->in_body ? body_answer(r->m.inner != NULL ? BODY_IR : r->m.kind) : BODY_ERROR;
}

static void
judge_answer(const struct row *r, const char *listener)
{
	enum failure f = kit_failure();

	if (kit_said.answer == NULL) {
		complain(r, listener, "no CMP answer");
		return;
	}
	if (f != r->failure && (r->or_failure == 0 || f != r->or_failure))
		complain(r, listener, failure_name(r->failure));
	// A second choice of failInfo may be found earlier, and then not within the body.
	if (kit_said.answer->view.body != answer_of(r) && !(r->or_failure != 0 && kit_said.answer->view.body == BODY_ERROR))
		complain(r, listener, "another kind of answer");
	if (!is_told(&kit_said.answer->view))
		complain(r, listener, "it should say rejection, and why");
	if (!refers(r))
		complain(r, listener, "refers to something else");
	if (r->pvno != 0 && kit_said.answer->view.header.pvno != r->pvno)
		complain(r, listener, "another pvno");
	// Octets that are no message choose no route, and so have no voice.
	bool no_message = f == FAIL_BAD_DATA_FORMAT || (f == FAIL_BAD_REQUEST && kit_said.answer->view.body == BODY_ERROR) || f == FAIL_BAD_CERT_ID
		|| (f == FAIL_BAD_CERT_TEMPLATE && kit_said.answer->view.body == BODY_ERROR);
	if (!no_message && !kit_is_protected(r->m.by))
		complain(r, listener, "no protection, or a wrong one");
}

// The gateway's own answer is signed, and an RSA signature is verified before it leaves: ECDSA is not.
static bool
nothing_spent(const struct crypto_work *before)
{
	struct crypto_work now = crypto_work();

	return now.derivations == before->derivations && now.verifications == before->verifications;
}

static void
judge_refusal(const struct row *r, const char *listener, const struct crypto_work *before)
{
	if (kit_said.submissions > 0) {
		complain(r, listener, "it reached the CA");
		kit_outcome(&lost);
		return;
	}
	if (r->cheap && !nothing_spent(before))
		complain(r, listener, "too much was spent on it");
	if (kit_said.delayed != r->delayed)
		complain(r, listener, r->delayed ? "it did not wait for its tick" : "it waits");
	if (r->delayed) {
		kit_wait(999);
		if (kit_said.replied)
			complain(r, listener, "before its tick");
		kit_wait(1);
	}
	judge_answer(r, listener);
}

static void
judge_pass(const struct row *r, const char *listener)
{
	if (kit_said.submissions != 1 || kit_said.replied) {
		// What may be refused as well.
		if (r->or_failure != 0 && kit_said.replied && kit_failure() == r->or_failure)
			return;
		complain(r, listener, "it did not reach the CA");
		return;
	}
	kit_outcome(&lost);
}

static void
try_row(const struct row *r, const char *listener)
{
	struct crypto_work before;
	struct buffer b;

	kit_clear();
	kit_free_secrets();
	buffer_init(&b, 1 << 20);
	kit_build(&b, &r->m);
	before = crypto_work();
	kit_send(listener, buffer_span(&b));
	buffer_clear(&b);
	if (r->failure == FAIL_NONE)
		judge_pass(r, listener);
	else
		judge_refusal(r, listener, &before);
	struct gateway_counts left = gateway_count(kit_gateway);
	if (left.exchanges > 0 || left.open > 0 || left.submissions > 0 || left.steps > 0)
		complain(r, listener, "something is left");
}

static void
try_rows(const struct row *rows, size_t count)
{
	static const char *const listeners[] = { "keep", "add", "replace" };

	wrong = 0;
	for (size_t i = 0; i < count; i++) {
		for (size_t n = 0; n < (rows[i].at != NULL ? 1 : COUNT(listeners)); n++)
			try_row(&rows[i], rows[i].at != NULL ? rows[i].at : listeners[n]);
	}
	assert_int_equal(wrong, 0);
}

#define TEST(table) \
	static void \
	table##_test(void **state) \
	{ \
		(void)state; \
		try_rows(table, COUNT(table)); \
	}

TEST(header_rows)
TEST(protection_rows)
TEST(trust_rows)
TEST(body_rows)
TEST(envelope_rows)
TEST(inner_rows)

// RFC 9483 3.5: of several faults the first in the order of that section is told.
static const enum failure order_of_checks[] = {
	FAIL_UNSUPPORTED_VERSION, FAIL_BAD_DATA_FORMAT, FAIL_BAD_REQUEST, FAIL_BAD_SENDER_NONCE, FAIL_BAD_RECIPIENT_NONCE, FAIL_BAD_MESSAGE_CHECK,
	FAIL_SIGNER_NOT_TRUSTED, FAIL_BAD_TIME, FAIL_NOT_AUTHORIZED
};

static struct kit_message
with_faults_from(size_t first)
{
	return (struct kit_message){
		.pvno = first > 0 ? NULL : "020104", .id = first > 1 ? NULL : "", .kind = first > 2 ? BODY_IR : BODY_PKICONF,
		.nonce = first > 3 ? NULL : "04{(61*15)}", .recip = first > 4 ? NULL : "04{(61*16)}",
		.algorithm = first > 5 ? NULL : "", .protection = first > 5 ? NULL : "", .by = first > 6 ? NULL : "rogue",
		.time = first > 7 ? NULL : TIME("19700101000000Z"), .subject = "CN=other,O=Plant",
	};
}

static void
checks_in_order(void **state)
{
	static const char *const listeners[] = { "keep", "add", "replace" };

	(void)state;
	for (size_t n = 0; n < COUNT(listeners); n++)
		for (size_t i = 0; i < COUNT(order_of_checks); i++) {
			const struct kit_message m = with_faults_from(i);
			kit_clear();
			kit_ask(listeners[n], &m);
			if (kit_failure() != order_of_checks[i] || kit_said.submissions > 0)
				kit_fail("%s: %s should come first", listeners[n], failure_name(order_of_checks[i]));
		}
}

// Without a header that can be read there is nobody to answer in CMP: the link says that it is malformed.
static void
unreadable_headers(void **state)
{
	static const struct kit_message rows[] = {
		{ ENROLS, .sender = "a0{}" }, { ENROLS, .sender = "a0{ 06{2a0304} 0500 }" },	// 15: otherName with a wrong inside
		{ ENROLS, .sender = "3000" }, { ENROLS, .pvno = "0c{'2'}" }, { ENROLS, .recipient = "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		kit_clear();
		kit_ask("replace", &rows[i]);
		if (!kit_said.replied || kit_said.kind != REPLY_REFUSE || kit_said.reason != REFUSE_MALFORMED || kit_said.answer != NULL || kit_said.submissions > 0)
			kit_fail("row %zu", i);
	}
}

// ---- memory: what is refused leaves nothing behind

enum { KEPT_MAX = 512 };
static struct buffer kept[KEPT_MAX];
static size_t kept_count;

static void
keep_refused(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].failure == FAIL_NONE || rows[i].at != NULL)
			continue;
		assert_true(kept_count < KEPT_MAX);
		buffer_init(&kept[kept_count], 1 << 20);
		kit_build(&kept[kept_count++], &rows[i].m);
	}
}

static size_t
rss_kb(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_true(f != NULL && fscanf(f, "%*d %ld", &pages) == 1);
	fclose(f);
	return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static void
send_hostile(size_t first, size_t count)
{
	static const char *const listeners[] = { "keep", "add", "replace" };

	for (size_t i = first; i < first + count; i++) {
		kit_send(listeners[i % 3], buffer_span(&kept[i % kept_count]));
		if (i % 100 == 99) {	// those that wait for their tick
			kit_wait(1000);
			kit_free_secrets();
			kit_clear();
		}
	}
	kit_wait(1000);
	kit_clear();
}

// HOSTILE_MESSAGES: how many; ./check --long growth sends 100,000.
static void
memory_is_flat(void **state)
{
	const char *text = getenv("HOSTILE_MESSAGES");
	size_t count = text != NULL ? strtoul(text, NULL, 10) : 3000;

	(void)state;
	keep_refused(header_rows, COUNT(header_rows));
	keep_refused(protection_rows, COUNT(protection_rows));
	keep_refused(trust_rows, COUNT(trust_rows));
	keep_refused(body_rows, COUNT(body_rows));
	keep_refused(envelope_rows, COUNT(envelope_rows));
	send_hostile(0, 2 * kept_count);
	// Tables of points for keys that are met often are not what messages leave behind.
	crypto_trim();
	size_t heap = mallinfo2().uordblks, blobs = blob_bytes(), rss = rss_kb();
	send_hostile(0, count);
	crypto_trim();
	size_t heap_after = mallinfo2().uordblks, rss_after = rss_kb();
	print_message("# %zu messages of %zu kinds: heap %zu then %zu octets, RSS %zu then %zu kB\n", count, kept_count, heap, heap_after, rss, rss_after);
	assert_int_equal(blob_bytes(), blobs);
	assert_true(heap_after <= heap + 64 * 1024);
	assert_true(rss_after <= rss + 1024);
	for (size_t i = 0; i < kept_count; i++)
		buffer_clear(&kept[i]);
}

static int
set_up(void **state)
{
	if (kit_set_up(state) != 0)
		return -1;
	kit_open(routes, false);
	return 0;
}

static int
tear_down(void **state)
{
	kit_close();
	return kit_tear_down(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_rows_test),
		cmocka_unit_test(protection_rows_test),
		cmocka_unit_test(trust_rows_test),
		cmocka_unit_test(body_rows_test),
		cmocka_unit_test(envelope_rows_test),
		cmocka_unit_test(inner_rows_test),
		cmocka_unit_test(checks_in_order),
		cmocka_unit_test(unreadable_headers),
		cmocka_unit_test(memory_is_flat),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
