// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/oid.h"

#include <stdio.h>

static const uint8_t arc_it[] = { 0x2B, 6, 1, 5, 5, 7, 4 };
static const uint8_t arc_reg_ctrl[] = { 0x2B, 6, 1, 5, 5, 7, 5, 1 };

// Names by dotted text, for people only: nothing is decided by them.
static const struct { const char *dotted, *name; } names[] = {
	{ "1.3.6.1.5.5.7.4.1", "id-it-caProtEncCert" }, { "1.3.6.1.5.5.7.4.2", "id-it-signKeyPairTypes" },
	{ "1.3.6.1.5.5.7.4.3", "id-it-encKeyPairTypes" }, { "1.3.6.1.5.5.7.4.4", "id-it-preferredSymmAlg" },
	{ "1.3.6.1.5.5.7.4.5", "id-it-caKeyUpdateInfo" }, { "1.3.6.1.5.5.7.4.6", "id-it-currentCRL" },
	{ "1.3.6.1.5.5.7.4.7", "id-it-unsupportedOIDs" }, { "1.3.6.1.5.5.7.4.10", "id-it-keyPairParamReq" },
	{ "1.3.6.1.5.5.7.4.11", "id-it-keyPairParamRep" }, { "1.3.6.1.5.5.7.4.12", "id-it-revPassphrase" },
	{ "1.3.6.1.5.5.7.4.13", "id-it-implicitConfirm" }, { "1.3.6.1.5.5.7.4.14", "id-it-confirmWaitTime" },
	{ "1.3.6.1.5.5.7.4.15", "id-it-origPKIMessage" }, { "1.3.6.1.5.5.7.4.16", "id-it-suppLangTags" },
	{ "1.3.6.1.5.5.7.4.17", "id-it-caCerts" }, { "1.3.6.1.5.5.7.4.18", "id-it-rootCaKeyUpdate" },
	{ "1.3.6.1.5.5.7.4.19", "id-it-certReqTemplate" }, { "1.3.6.1.5.5.7.4.20", "id-it-rootCaCert" },
	{ "1.3.6.1.5.5.7.4.21", "id-it-certProfile" }, { "1.3.6.1.5.5.7.4.22", "id-it-crlStatusList" },
	{ "1.3.6.1.5.5.7.4.23", "id-it-crls" }, { "1.3.6.1.5.5.7.4.24", "id-it-KemCiphertextInfo" },
	{ "1.3.6.1.5.5.7.5.1.1", "id-regCtrl-regToken" }, { "1.3.6.1.5.5.7.5.1.2", "id-regCtrl-authenticator" },
	{ "1.3.6.1.5.5.7.5.1.3", "id-regCtrl-pkiPublicationInfo" }, { "1.3.6.1.5.5.7.5.1.4", "id-regCtrl-pkiArchiveOptions" },
	{ "1.3.6.1.5.5.7.5.1.5", "id-regCtrl-oldCertID" }, { "1.3.6.1.5.5.7.5.1.6", "id-regCtrl-protocolEncrKey" },
	{ "1.3.6.1.5.5.7.5.1.7", "id-regCtrl-altCertTemplate" }, { "1.3.6.1.5.5.7.5.1.11", "id-regCtrl-algId" },
	{ "1.3.6.1.5.5.7.5.1.12", "id-regCtrl-rsaKeyLen" }, { "1.3.6.1.5.5.7.5.2.1", "id-regInfo-utf8Pairs" },
	{ "1.3.6.1.5.5.7.5.2.2", "id-regInfo-certReq" },
	{ "1.3.6.1.5.5.7.3.1", "id-kp-serverAuth" }, { "1.3.6.1.5.5.7.3.2", "id-kp-clientAuth" },
	{ "1.3.6.1.5.5.7.3.3", "id-kp-codeSigning" }, { "1.3.6.1.5.5.7.3.4", "id-kp-emailProtection" },
	{ "1.3.6.1.5.5.7.3.8", "id-kp-timeStamping" }, { "1.3.6.1.5.5.7.3.9", "id-kp-OCSPSigning" },
	{ "1.3.6.1.5.5.7.3.27", "id-kp-cmcCA" }, { "1.3.6.1.5.5.7.3.28", "id-kp-cmcRA" }, { "1.3.6.1.5.5.7.3.32", "id-kp-cmKGA" },
	{ "2.5.29.37.0", "anyExtendedKeyUsage" },
	{ "1.3.6.1.5.5.7.1.1", "authorityInfoAccess" }, { "1.3.6.1.5.5.7.1.11", "subjectInfoAccess" },
	{ "1.3.6.1.5.5.7.48.1", "id-ad-ocsp" }, { "1.3.6.1.5.5.7.48.2", "id-ad-caIssuers" },
	{ "2.5.29.14", "subjectKeyIdentifier" }, { "2.5.29.15", "keyUsage" }, { "2.5.29.17", "subjectAltName" },
	{ "2.5.29.18", "issuerAltName" }, { "2.5.29.19", "basicConstraints" }, { "2.5.29.20", "cRLNumber" },
	{ "2.5.29.21", "reasonCode" }, { "2.5.29.24", "invalidityDate" }, { "2.5.29.27", "deltaCRLIndicator" },
	{ "2.5.29.28", "issuingDistributionPoint" }, { "2.5.29.29", "certificateIssuer" }, { "2.5.29.30", "nameConstraints" },
	{ "2.5.29.31", "cRLDistributionPoints" }, { "2.5.29.32", "certificatePolicies" }, { "2.5.29.32.0", "anyPolicy" },
	{ "2.5.29.33", "policyMappings" }, { "2.5.29.35", "authorityKeyIdentifier" }, { "2.5.29.36", "policyConstraints" },
	{ "2.5.29.37", "extKeyUsage" }, { "2.5.29.46", "freshestCRL" }, { "2.5.29.54", "inhibitAnyPolicy" },
	{ "2.5.4.3", "CN" }, { "2.5.4.4", "SN" }, { "2.5.4.5", "serialNumber" }, { "2.5.4.6", "C" }, { "2.5.4.7", "L" },
	{ "2.5.4.8", "ST" }, { "2.5.4.9", "STREET" }, { "2.5.4.10", "O" }, { "2.5.4.11", "OU" }, { "2.5.4.12", "title" },
	{ "2.5.4.42", "GN" }, { "2.5.4.43", "initials" }, { "2.5.4.44", "generationQualifier" }, { "2.5.4.46", "dnQualifier" },
	{ "2.5.4.65", "pseudonym" }, { "0.9.2342.19200300.100.1.1", "UID" }, { "0.9.2342.19200300.100.1.25", "DC" },
	{ "1.2.840.113549.1.9.1", "emailAddress" }, { "1.2.840.113549.1.9.2", "unstructuredName" },
	{ "1.2.840.113549.1.9.3", "contentType" }, { "1.2.840.113549.1.9.4", "messageDigest" },
	{ "1.2.840.113549.1.9.5", "signingTime" }, { "1.2.840.113549.1.9.7", "challengePassword" },
	{ "1.2.840.113549.1.9.14", "extensionRequest" }, { "1.2.840.113549.1.9.21", "localKeyId" },
	{ "1.2.840.113549.1.7.1", "id-data" }, { "1.2.840.113549.1.7.2", "id-signedData" }, { "1.2.840.113549.1.7.3", "id-envelopedData" },
	{ "1.2.840.113549.1.9.16.1.21", "id-ct-encKeyWithID" }, { "2.16.840.1.101.2.1.2.78.5", "id-ct-KP-aKeyPackage" },
	{ "1.2.840.113549.1.9.16.3.9", "id-alg-PWRI-KEK" }, { "1.2.840.113549.1.9.16.13.3", "id-ori-kem" },
	{ "1.2.840.113533.7.66.13", "id-PasswordBasedMac" }, { "1.2.840.113533.7.66.16", "kemBasedMac" },
	{ "1.2.840.113533.7.66.30", "dhBasedMac" }, { "1.2.840.113549.1.5.14", "PBMAC1" }, { "1.2.840.113549.1.5.13", "PBES2" },
	{ "1.2.840.113549.1.5.12", "PBKDF2" }, { "1.3.6.1.5.5.8.1.2", "hmac-sha1" },
	{ "1.2.840.113549.2.5", "md5" }, { "1.3.14.3.2.26", "sha1" },
	{ "1.2.840.113549.2.7", "hmacWithSHA1" }, { "1.2.840.113549.2.8", "hmacWithSHA224" }, { "1.2.840.113549.2.9", "hmacWithSHA256" },
	{ "1.2.840.113549.2.10", "hmacWithSHA384" }, { "1.2.840.113549.2.11", "hmacWithSHA512" },
	{ "2.16.840.1.101.3.4.2.1", "sha256" }, { "2.16.840.1.101.3.4.2.2", "sha384" }, { "2.16.840.1.101.3.4.2.3", "sha512" },
	{ "2.16.840.1.101.3.4.2.4", "sha224" }, { "2.16.840.1.101.3.4.2.11", "shake128" }, { "2.16.840.1.101.3.4.2.12", "shake256" },
	{ "2.16.840.1.101.3.4.2.19", "KMAC128" }, { "2.16.840.1.101.3.4.2.20", "KMAC256" },
	{ "2.16.840.1.101.3.4.1.2", "aes128-CBC" }, { "2.16.840.1.101.3.4.1.22", "aes192-CBC" }, { "2.16.840.1.101.3.4.1.42", "aes256-CBC" },
	{ "2.16.840.1.101.3.4.1.5", "aes128-wrap" }, { "2.16.840.1.101.3.4.1.25", "aes192-wrap" }, { "2.16.840.1.101.3.4.1.45", "aes256-wrap" },
	{ "2.16.840.1.101.3.4.1.6", "aes128-GCM" }, { "2.16.840.1.101.3.4.1.26", "aes192-GCM" }, { "2.16.840.1.101.3.4.1.46", "aes256-GCM" },
	{ "2.16.840.1.101.3.4.1.9", "aes128-GMAC" }, { "2.16.840.1.101.3.4.1.29", "aes192-GMAC" }, { "2.16.840.1.101.3.4.1.49", "aes256-GMAC" },
	{ "1.2.840.113549.1.1.1", "rsaEncryption" }, { "1.2.840.113549.1.1.5", "sha1WithRSAEncryption" },
	{ "1.2.840.113549.1.1.7", "RSAES-OAEP" }, { "1.2.840.113549.1.1.8", "mgf1" }, { "1.2.840.113549.1.1.10", "RSASSA-PSS" },
	{ "1.2.840.113549.1.1.11", "sha256WithRSAEncryption" }, { "1.2.840.113549.1.1.12", "sha384WithRSAEncryption" },
	{ "1.2.840.113549.1.1.13", "sha512WithRSAEncryption" }, { "1.2.840.113549.1.1.14", "sha224WithRSAEncryption" },
	{ "1.2.840.10045.2.1", "id-ecPublicKey" }, { "1.2.840.10045.4.1", "ecdsa-with-SHA1" },
	{ "1.2.840.10045.4.3.1", "ecdsa-with-SHA224" }, { "1.2.840.10045.4.3.2", "ecdsa-with-SHA256" },
	{ "1.2.840.10045.4.3.3", "ecdsa-with-SHA384" }, { "1.2.840.10045.4.3.4", "ecdsa-with-SHA512" },
	{ "1.2.840.10045.3.1.1", "secp192r1" }, { "1.2.840.10045.3.1.7", "secp256r1" }, { "1.3.132.0.33", "secp224r1" },
	{ "1.3.132.0.34", "secp384r1" }, { "1.3.132.0.35", "secp521r1" }, { "1.3.132.0.10", "secp256k1" },
	{ "1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1" }, { "1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1" }, { "1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1" },
	{ "1.3.101.110", "X25519" }, { "1.3.101.111", "X448" }, { "1.3.101.112", "Ed25519" }, { "1.3.101.113", "Ed448" },
	{ "1.3.132.1.11.0", "dhSinglePass-stdDH-sha224kdf" }, { "1.3.132.1.11.1", "dhSinglePass-stdDH-sha256kdf" },
	{ "1.3.132.1.11.2", "dhSinglePass-stdDH-sha384kdf" }, { "1.3.132.1.11.3", "dhSinglePass-stdDH-sha512kdf" },
};

// The last octet of an OID below arc; 0 when it is not one arc (below 128) longer.
static unsigned
below(struct span oid, const uint8_t *arc, size_t len)
{
	return oid.len == len + 1 && memcmp(oid.data, arc, len) == 0 && oid.data[len] < 0x80 ? oid.data[len] : 0;
}

unsigned
oid_it(struct span oid)
{
	return below(oid, arc_it, sizeof(arc_it));
}

unsigned
oid_reg_ctrl(struct span oid)
{
	return below(oid, arc_reg_ctrl, sizeof(arc_reg_ctrl));
}

struct span
oid_of_it(unsigned n, uint8_t room[8])
{
	memcpy(room, arc_it, sizeof(arc_it));
	room[sizeof(arc_it)] = (uint8_t)n;
	return span_of(room, 8);
}

const char *
oid_name(struct span oid)
{
	char dotted[OID_TEXT_MAX];

	oid_dotted(oid, dotted, sizeof(dotted));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].dotted, dotted) == 0)
			return names[i].name;
	return NULL;
}

// A subidentifier as a decimal number of any size: digits, least first.
struct number { uint8_t digit[96]; size_t count; bool over; };

static void
number_push(struct number *n, unsigned bits)
{
	unsigned carry = bits;

	for (size_t i = 0; i < n->count; i++) {
		unsigned v = n->digit[i] * 128u + carry;
		n->digit[i] = (uint8_t)(v % 10);
		carry = v / 10;
	}
	for (; carry > 0; carry /= 10) {
		if (n->count == sizeof(n->digit)) {
			n->over = true;
			return;
		}
		n->digit[n->count++] = (uint8_t)(carry % 10);
	}
}

// Take 40 or 80 off the first subidentifier, which carries the first two arcs.
static void
number_subtract(struct number *n, unsigned less)
{
	for (size_t i = 0; less > 0; i++) {
		unsigned d = less % 10;
		less /= 10;
		if (n->digit[i] < d) {
			n->digit[i] = (uint8_t)(n->digit[i] + 10 - d);
			less++;
		} else {
			n->digit[i] = (uint8_t)(n->digit[i] - d);
		}
	}
	while (n->count > 0 && n->digit[n->count - 1] == 0)
		n->count--;
}

static bool
at_least(const struct number *n, unsigned floor)
{
	unsigned v = 0;

	if (n->count > 3)
		return true;
	for (size_t i = n->count; i > 0; i--)
		v = v * 10 + n->digit[i - 1];
	return v >= floor;
}

struct text { char *out; size_t size, len; };

static void
put(struct text *t, char c)
{
	if (t->len + 1 < t->size)
		t->out[t->len] = c;
	t->len++;
}

static void
put_number(struct text *t, const struct number *n)
{
	if (n->count == 0)
		put(t, '0');
	for (size_t i = n->count; i > 0; i--)
		put(t, (char)('0' + n->digit[i - 1]));
}

static void
put_first(struct text *t, struct number *n)
{
	unsigned arc = at_least(n, 80) ? 2 : at_least(n, 40) ? 1 : 0;

	put(t, (char)('0' + arc));
	put(t, '.');
	number_subtract(n, arc * 40);
	put_number(t, n);
}

const char *
oid_dotted(struct span oid, char *out, size_t size)
{
	struct text t = { out, size, 0 };
	struct number n = { .count = 0 };
	bool first = true;

	for (size_t i = 0; i < oid.len; i++) {
		number_push(&n, oid.data[i] & 0x7Fu);
		if (oid.data[i] >= 0x80)
			continue;
		if (n.over)
			t.len = size;
		else if (first)
			put_first(&t, &n);
		else
			put(&t, '.'), put_number(&t, &n);
		first = false;
		n.count = 0;
	}
	if (t.len < size)
		out[t.len] = '\0';
	else if (size >= 4)
		memcpy(out + size - 4, "...", 4);
	else if (size > 0)
		out[0] = '\0';
	return out;
}

const char *
oid_text(struct span oid, char *out, size_t size)
{
	const char *name = oid_name(oid);

	if (name == NULL)
		return oid_dotted(oid, out, size);
	snprintf(out, size, "%s", name);
	return out;
}
