// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/oid.h"

#include <stdio.h>

static const uint8_t arc_it[] = { 0x2B, 6, 1, 5, 5, 7, 4 };
static const uint8_t arc_reg_ctrl[] = { 0x2B, 6, 1, 5, 5, 7, 5, 1 };
static const uint8_t arc_kp[] = { 0x2B, 6, 1, 5, 5, 7, 3 };

// The OIDs that something is decided by, and the standard names of those.
#define O(octets) { (const uint8_t *)(octets), sizeof(octets) - 1 }
static const struct { struct span octets; const char *name; } known[OID_COUNT] = {
	// digests
	[OID_MD5] = { O("\x2A\x86\x48\x86\xF7\x0D\x02\x05"), "md5" },
	[OID_SHA1] = { O("\x2B\x0E\x03\x02\x1A"), "sha1" },
	[OID_SHA224] = { O("\x60\x86\x48\x01\x65\x03\x04\x02\x04"), "sha224" },
	[OID_SHA256] = { O("\x60\x86\x48\x01\x65\x03\x04\x02\x01"), "sha256" },
	[OID_SHA384] = { O("\x60\x86\x48\x01\x65\x03\x04\x02\x02"), "sha384" },
	[OID_SHA512] = { O("\x60\x86\x48\x01\x65\x03\x04\x02\x03"), "sha512" },
	[OID_SHAKE128] = { O("\x60\x86\x48\x01\x65\x03\x04\x02\x0B"), "shake128" },
	[OID_SHAKE256] = { O("\x60\x86\x48\x01\x65\x03\x04\x02\x0C"), "shake256" },
	// signatures
	[OID_SHA1_RSA] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x05"), "sha1WithRSAEncryption" },
	[OID_SHA224_RSA] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0E"), "sha224WithRSAEncryption" },
	[OID_SHA256_RSA] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0B"), "sha256WithRSAEncryption" },
	[OID_SHA384_RSA] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0C"), "sha384WithRSAEncryption" },
	[OID_SHA512_RSA] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0D"), "sha512WithRSAEncryption" },
	[OID_RSASSA_PSS] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0A"), "RSASSA-PSS" },
	[OID_PSS_SHAKE128] = { O("\x2B\x06\x01\x05\x05\x07\x06\x1E"), "id-RSASSA-PSS-SHAKE128" },
	[OID_PSS_SHAKE256] = { O("\x2B\x06\x01\x05\x05\x07\x06\x1F"), "id-RSASSA-PSS-SHAKE256" },
	[OID_ECDSA_SHA1] = { O("\x2A\x86\x48\xCE\x3D\x04\x01"), "ecdsa-with-SHA1" },
	[OID_ECDSA_SHA224] = { O("\x2A\x86\x48\xCE\x3D\x04\x03\x01"), "ecdsa-with-SHA224" },
	[OID_ECDSA_SHA256] = { O("\x2A\x86\x48\xCE\x3D\x04\x03\x02"), "ecdsa-with-SHA256" },
	[OID_ECDSA_SHA384] = { O("\x2A\x86\x48\xCE\x3D\x04\x03\x03"), "ecdsa-with-SHA384" },
	[OID_ECDSA_SHA512] = { O("\x2A\x86\x48\xCE\x3D\x04\x03\x04"), "ecdsa-with-SHA512" },
	[OID_ECDSA_SHAKE128] = { O("\x2B\x06\x01\x05\x05\x07\x06\x20"), "id-ecdsa-with-shake128" },
	[OID_ECDSA_SHAKE256] = { O("\x2B\x06\x01\x05\x05\x07\x06\x21"), "id-ecdsa-with-shake256" },
	[OID_ED25519] = { O("\x2B\x65\x70"), "Ed25519" },
	[OID_ED448] = { O("\x2B\x65\x71"), "Ed448" },
	// keys and what belongs to them
	[OID_RSA] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01"), "rsaEncryption" },
	[OID_RSAES_OAEP] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x07"), "RSAES-OAEP" },
	[OID_MGF1] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x08"), "mgf1" },
	[OID_EC_PUBLIC_KEY] = { O("\x2A\x86\x48\xCE\x3D\x02\x01"), "id-ecPublicKey" },
	[OID_X25519] = { O("\x2B\x65\x6E"), "X25519" },
	[OID_X448] = { O("\x2B\x65\x6F"), "X448" },
	// curves
	[OID_P192] = { O("\x2A\x86\x48\xCE\x3D\x03\x01\x01"), "secp192r1" },
	[OID_P224] = { O("\x2B\x81\x04\x00\x21"), "secp224r1" },
	[OID_P256] = { O("\x2A\x86\x48\xCE\x3D\x03\x01\x07"), "secp256r1" },
	[OID_P384] = { O("\x2B\x81\x04\x00\x22"), "secp384r1" },
	[OID_P521] = { O("\x2B\x81\x04\x00\x23"), "secp521r1" },
	[OID_SECP256K1] = { O("\x2B\x81\x04\x00\x0A"), "secp256k1" },
	[OID_BRAINPOOL_P256] = { O("\x2B\x24\x03\x03\x02\x08\x01\x01\x07"), "brainpoolP256r1" },
	[OID_BRAINPOOL_P384] = { O("\x2B\x24\x03\x03\x02\x08\x01\x01\x0B"), "brainpoolP384r1" },
	[OID_BRAINPOOL_P512] = { O("\x2B\x24\x03\x03\x02\x08\x01\x01\x0D"), "brainpoolP512r1" },
	// MACs
	[OID_PBM] = { O("\x2A\x86\x48\x86\xF6\x7D\x07\x42\x0D"), "id-PasswordBasedMac" },
	[OID_PBMAC1] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x05\x0E"), "PBMAC1" },
	[OID_KEM_MAC] = { O("\x2A\x86\x48\x86\xF6\x7D\x07\x42\x10"), "kemBasedMac" },
	[OID_DH_MAC] = { O("\x2A\x86\x48\x86\xF6\x7D\x07\x42\x1E"), "dhBasedMac" },
	[OID_HMAC_SHA1] = { O("\x2A\x86\x48\x86\xF7\x0D\x02\x07"), "hmacWithSHA1" },
	[OID_HMAC_SHA1_OLD] = { O("\x2B\x06\x01\x05\x05\x08\x01\x02"), "hmac-sha1" },
	[OID_HMAC_SHA224] = { O("\x2A\x86\x48\x86\xF7\x0D\x02\x08"), "hmacWithSHA224" },
	[OID_HMAC_SHA256] = { O("\x2A\x86\x48\x86\xF7\x0D\x02\x09"), "hmacWithSHA256" },
	[OID_HMAC_SHA384] = { O("\x2A\x86\x48\x86\xF7\x0D\x02\x0A"), "hmacWithSHA384" },
	[OID_HMAC_SHA512] = { O("\x2A\x86\x48\x86\xF7\x0D\x02\x0B"), "hmacWithSHA512" },
	[OID_AES128_GMAC] = { O("\x60\x86\x48\x01\x65\x03\x04\x01\x09"), "aes128-GMAC" },
	[OID_AES192_GMAC] = { O("\x60\x86\x48\x01\x65\x03\x04\x01\x1D"), "aes192-GMAC" },
	[OID_AES256_GMAC] = { O("\x60\x86\x48\x01\x65\x03\x04\x01\x31"), "aes256-GMAC" },
	[OID_KMAC128] = { O("\x60\x86\x48\x01\x65\x03\x04\x02\x13"), "KMAC128" },
	[OID_KMAC256] = { O("\x60\x86\x48\x01\x65\x03\x04\x02\x14"), "KMAC256" },
	// key derivation
	[OID_PBKDF2] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x05\x0C"), "PBKDF2" },
	[OID_PBES2] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x05\x0D"), "PBES2" },
	[OID_SCRYPT] = { O("\x2B\x06\x01\x04\x01\xDA\x47\x04\x0B"), "scrypt" },
	[OID_HKDF_SHA256] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x03\x1C"), "hkdf-sha256" },
	[OID_HKDF_SHA384] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x03\x1D"), "hkdf-sha384" },
	[OID_HKDF_SHA512] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x03\x1E"), "hkdf-sha512" },
	// key agreement
	[OID_ESDH] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x03\x05"), "id-alg-ESDH" },
	[OID_ECDH_SHA1] = { O("\x2B\x81\x05\x10\x86\x48\x3F\x00\x02"), "dhSinglePass-stdDH-sha1kdf" },
	[OID_ECDH_SHA224] = { O("\x2B\x81\x04\x01\x0B\x00"), "dhSinglePass-stdDH-sha224kdf" },
	[OID_ECDH_SHA256] = { O("\x2B\x81\x04\x01\x0B\x01"), "dhSinglePass-stdDH-sha256kdf" },
	[OID_ECDH_SHA384] = { O("\x2B\x81\x04\x01\x0B\x02"), "dhSinglePass-stdDH-sha384kdf" },
	[OID_ECDH_SHA512] = { O("\x2B\x81\x04\x01\x0B\x03"), "dhSinglePass-stdDH-sha512kdf" },
	[OID_ECDH_COFACTOR_SHA224] = { O("\x2B\x81\x04\x01\x0E\x00"), "dhSinglePass-cofactorDH-sha224kdf" },
	[OID_ECDH_COFACTOR_SHA256] = { O("\x2B\x81\x04\x01\x0E\x01"), "dhSinglePass-cofactorDH-sha256kdf" },
	[OID_ECDH_COFACTOR_SHA384] = { O("\x2B\x81\x04\x01\x0E\x02"), "dhSinglePass-cofactorDH-sha384kdf" },
	[OID_ECDH_COFACTOR_SHA512] = { O("\x2B\x81\x04\x01\x0E\x03"), "dhSinglePass-cofactorDH-sha512kdf" },
	[OID_ECMQV_SHA224] = { O("\x2B\x81\x04\x01\x0F\x00"), "mqvSinglePass-sha224kdf" },
	[OID_ECMQV_SHA256] = { O("\x2B\x81\x04\x01\x0F\x01"), "mqvSinglePass-sha256kdf" },
	[OID_ECMQV_SHA384] = { O("\x2B\x81\x04\x01\x0F\x02"), "mqvSinglePass-sha384kdf" },
	[OID_ECMQV_SHA512] = { O("\x2B\x81\x04\x01\x0F\x03"), "mqvSinglePass-sha512kdf" },
	// key wrap and content encryption
	[OID_AES128_WRAP] = { O("\x60\x86\x48\x01\x65\x03\x04\x01\x05"), "aes128-wrap" },
	[OID_AES192_WRAP] = { O("\x60\x86\x48\x01\x65\x03\x04\x01\x19"), "aes192-wrap" },
	[OID_AES256_WRAP] = { O("\x60\x86\x48\x01\x65\x03\x04\x01\x2D"), "aes256-wrap" },
	[OID_PWRI_KEK] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x03\x09"), "id-alg-PWRI-KEK" },
	[OID_AES128_CBC] = { O("\x60\x86\x48\x01\x65\x03\x04\x01\x02"), "aes128-CBC" },
	[OID_AES192_CBC] = { O("\x60\x86\x48\x01\x65\x03\x04\x01\x16"), "aes192-CBC" },
	[OID_AES256_CBC] = { O("\x60\x86\x48\x01\x65\x03\x04\x01\x2A"), "aes256-CBC" },
	[OID_AES128_GCM] = { O("\x60\x86\x48\x01\x65\x03\x04\x01\x06"), "aes128-GCM" },
	[OID_AES192_GCM] = { O("\x60\x86\x48\x01\x65\x03\x04\x01\x1A"), "aes192-GCM" },
	[OID_AES256_GCM] = { O("\x60\x86\x48\x01\x65\x03\x04\x01\x2E"), "aes256-GCM" },
	// contents of CMS, and its attributes
	[OID_DATA] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01"), "id-data" },
	[OID_SIGNED_DATA] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"), "id-signedData" },
	[OID_ENVELOPED_DATA] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03"), "id-envelopedData" },
	[OID_ENC_KEY_WITH_ID] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x15"), "id-ct-encKeyWithID" },
	[OID_KEY_PACKAGE] = { O("\x60\x86\x48\x01\x65\x02\x01\x02\x4E\x05"), "id-ct-KP-aKeyPackage" },
	[OID_ORI_KEM] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x0D\x03"), "id-ori-kem" },
	[OID_CONTENT_TYPE] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x03"), "contentType" },
	[OID_MESSAGE_DIGEST] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x04"), "messageDigest" },
	[OID_SIGNING_TIME] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x05"), "signingTime" },
	[OID_CHALLENGE_PASSWORD] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x07"), "challengePassword" },
	[OID_EXTENSION_REQUEST] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x0E"), "extensionRequest" },
	[OID_LOCAL_KEY_ID] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x15"), "localKeyId" },
	// attributes of names
	[OID_CN] = { O("\x55\x04\x03"), "CN" },
	[OID_SURNAME] = { O("\x55\x04\x04"), "SN" },
	[OID_SERIAL_NUMBER] = { O("\x55\x04\x05"), "serialNumber" },
	[OID_COUNTRY] = { O("\x55\x04\x06"), "C" },
	[OID_LOCALITY] = { O("\x55\x04\x07"), "L" },
	[OID_STATE] = { O("\x55\x04\x08"), "ST" },
	[OID_STREET] = { O("\x55\x04\x09"), "STREET" },
	[OID_ORGANIZATION] = { O("\x55\x04\x0A"), "O" },
	[OID_UNIT] = { O("\x55\x04\x0B"), "OU" },
	[OID_TITLE] = { O("\x55\x04\x0C"), "title" },
	[OID_GIVEN_NAME] = { O("\x55\x04\x2A"), "GN" },
	[OID_INITIALS] = { O("\x55\x04\x2B"), "initials" },
	[OID_GENERATION] = { O("\x55\x04\x2C"), "generationQualifier" },
	[OID_DN_QUALIFIER] = { O("\x55\x04\x2E"), "dnQualifier" },
	[OID_PSEUDONYM] = { O("\x55\x04\x41"), "pseudonym" },
	[OID_USER_ID] = { O("\x09\x92\x26\x89\x93\xF2\x2C\x64\x01\x01"), "UID" },
	[OID_DOMAIN_COMPONENT] = { O("\x09\x92\x26\x89\x93\xF2\x2C\x64\x01\x19"), "DC" },
	[OID_EMAIL_ADDRESS] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x01"), "emailAddress" },
	[OID_UNSTRUCTURED_NAME] = { O("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x02"), "unstructuredName" },
	// purposes
	[OID_KP_SERVER_AUTH] = { O("\x2B\x06\x01\x05\x05\x07\x03\x01"), "id-kp-serverAuth" },
	[OID_KP_CLIENT_AUTH] = { O("\x2B\x06\x01\x05\x05\x07\x03\x02"), "id-kp-clientAuth" },
	[OID_KP_CODE_SIGNING] = { O("\x2B\x06\x01\x05\x05\x07\x03\x03"), "id-kp-codeSigning" },
	[OID_KP_EMAIL_PROTECTION] = { O("\x2B\x06\x01\x05\x05\x07\x03\x04"), "id-kp-emailProtection" },
	[OID_KP_TIME_STAMPING] = { O("\x2B\x06\x01\x05\x05\x07\x03\x08"), "id-kp-timeStamping" },
	[OID_KP_OCSP_SIGNING] = { O("\x2B\x06\x01\x05\x05\x07\x03\x09"), "id-kp-OCSPSigning" },
	[OID_KP_CMC_CA] = { O("\x2B\x06\x01\x05\x05\x07\x03\x1B"), "id-kp-cmcCA" },
	[OID_KP_CMC_RA] = { O("\x2B\x06\x01\x05\x05\x07\x03\x1C"), "id-kp-cmcRA" },
	[OID_KP_CM_KGA] = { O("\x2B\x06\x01\x05\x05\x07\x03\x20"), "id-kp-cmKGA" },
	[OID_ANY_PURPOSE] = { O("\x55\x1D\x25\x00"), "anyExtendedKeyUsage" },
	// extensions
	[OID_CE_SUBJECT_KEY_ID] = { O("\x55\x1D\x0E"), "subjectKeyIdentifier" },
	[OID_CE_KEY_USAGE] = { O("\x55\x1D\x0F"), "keyUsage" },
	[OID_CE_SUBJECT_ALT_NAME] = { O("\x55\x1D\x11"), "subjectAltName" },
	[OID_CE_ISSUER_ALT_NAME] = { O("\x55\x1D\x12"), "issuerAltName" },
	[OID_CE_BASIC_CONSTRAINTS] = { O("\x55\x1D\x13"), "basicConstraints" },
	[OID_CE_CRL_NUMBER] = { O("\x55\x1D\x14"), "cRLNumber" },
	[OID_CE_REASON] = { O("\x55\x1D\x15"), "reasonCode" },
	[OID_CE_INVALIDITY_DATE] = { O("\x55\x1D\x18"), "invalidityDate" },
	[OID_CE_DELTA_CRL] = { O("\x55\x1D\x1B"), "deltaCRLIndicator" },
	[OID_CE_ISSUING_POINT] = { O("\x55\x1D\x1C"), "issuingDistributionPoint" },
	[OID_CE_CERTIFICATE_ISSUER] = { O("\x55\x1D\x1D"), "certificateIssuer" },
	[OID_CE_NAME_CONSTRAINTS] = { O("\x55\x1D\x1E"), "nameConstraints" },
	[OID_CE_CRL_POINTS] = { O("\x55\x1D\x1F"), "cRLDistributionPoints" },
	[OID_CE_POLICIES] = { O("\x55\x1D\x20"), "certificatePolicies" },
	[OID_ANY_POLICY] = { O("\x55\x1D\x20\x00"), "anyPolicy" },
	[OID_CE_POLICY_MAPPINGS] = { O("\x55\x1D\x21"), "policyMappings" },
	[OID_CE_AUTHORITY_KEY_ID] = { O("\x55\x1D\x23"), "authorityKeyIdentifier" },
	[OID_CE_POLICY_CONSTRAINTS] = { O("\x55\x1D\x24"), "policyConstraints" },
	[OID_CE_EXT_KEY_USAGE] = { O("\x55\x1D\x25"), "extKeyUsage" },
	[OID_CE_FRESHEST_CRL] = { O("\x55\x1D\x2E"), "freshestCRL" },
	[OID_CE_INHIBIT_ANY_POLICY] = { O("\x55\x1D\x36"), "inhibitAnyPolicy" },
	[OID_PE_AUTHORITY_INFO_ACCESS] = { O("\x2B\x06\x01\x05\x05\x07\x01\x01"), "authorityInfoAccess" },
	[OID_PE_SUBJECT_INFO_ACCESS] = { O("\x2B\x06\x01\x05\x05\x07\x01\x0B"), "subjectInfoAccess" },
	[OID_AD_OCSP] = { O("\x2B\x06\x01\x05\x05\x07\x30\x01"), "id-ad-ocsp" },
	[OID_AD_CA_ISSUERS] = { O("\x2B\x06\x01\x05\x05\x07\x30\x02"), "id-ad-caIssuers" },
	// OCSP
	[OID_OCSP_BASIC] = { O("\x2B\x06\x01\x05\x05\x07\x30\x01\x01"), "id-pkix-ocsp-basic" },
	[OID_OCSP_NONCE] = { O("\x2B\x06\x01\x05\x05\x07\x30\x01\x02"), "id-pkix-ocsp-nonce" },
	[OID_OCSP_NO_CHECK] = { O("\x2B\x06\x01\x05\x05\x07\x30\x01\x05"), "id-pkix-ocsp-nocheck" },
};

// Other names by dotted text, for people only.
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
};

struct span
oid_octets(enum oid_id id)
{
	return known[id].octets;
}

enum oid_id
oid_find(struct span oid)
{
	for (int id = OID_NONE + 1; id < OID_COUNT; id++)
		if (span_equal(known[id].octets, oid))
			return (enum oid_id)id;
	return OID_NONE;
}

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

unsigned
oid_kp(struct span oid)
{
	return below(oid, arc_kp, sizeof(arc_kp));
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
	enum oid_id id = oid_find(oid);

	if (id != OID_NONE)
		return known[id].name;
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
			break;
		if (first)
			put_first(&t, &n);
		else
			put(&t, '.'), put_number(&t, &n);
		first = false;
		n.count = 0;
	}
	for (int dots = 0; n.over && dots < 3; dots++)
		put(&t, '.');
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

// ---- from text

// A subidentifier in base 128, least digit first.
struct septets { uint8_t digit[OID_OCTETS_MAX]; size_t count; bool over; };

// n = n * times + more
static void
septets_push(struct septets *n, unsigned times, unsigned more)
{
	for (size_t i = 0; i < n->count; i++) {
		unsigned v = n->digit[i] * times + more;
		n->digit[i] = v & 0x7F;
		more = v >> 7;
	}
	for (; more > 0; more >>= 7) {
		if (n->count == sizeof(n->digit)) {
			n->over = true;
			return;
		}
		n->digit[n->count++] = more & 0x7F;
	}
}

// Take decimal digits without a leading zero; what follows them stays.
static bool
take_decimal(struct span *text, struct septets *n)
{
	size_t i = 0;

	*n = (struct septets){ .count = 0 };
	for (; i < text->len && text->data[i] >= '0' && text->data[i] <= '9'; i++)
		septets_push(n, 10, text->data[i] - '0');
	bool well = i > 0 && (i == 1 || text->data[0] != '0') && !n->over;
	*text = span_of(text->data + i, text->len - i);
	return well;
}

static bool
take_dot(struct span *text)
{
	if (text->len == 0 || text->data[0] != '.')
		return false;
	*text = span_of(text->data + 1, text->len - 1);
	return true;
}

static bool
put_septets(uint8_t out[OID_OCTETS_MAX], size_t *at, const struct septets *n)
{
	size_t count = n->count > 0 ? n->count : 1;

	if (n->over || count > OID_OCTETS_MAX - *at)
		return false;
	for (size_t i = count; i > 0; i--)
		out[(*at)++] = (uint8_t)(n->digit[i - 1] | (i > 1 ? 0x80 : 0));
	return true;
}

size_t
oid_from_dotted(struct span text, uint8_t out[OID_OCTETS_MAX])
{
	struct septets first, n;
	size_t at = 0;

	if (!take_decimal(&text, &first) || first.count > 1 || first.digit[0] > 2 || !take_dot(&text) || !take_decimal(&text, &n))
		return 0;
	if (first.digit[0] < 2 && (n.count > 1 || n.digit[0] > 39))
		return 0;
	septets_push(&n, 1, first.digit[0] * 40u);	// the first two arcs share one subidentifier
	if (!put_septets(out, &at, &n))
		return 0;
	while (take_dot(&text))
		if (!take_decimal(&text, &n) || !put_septets(out, &at, &n))
			return 0;
	return text.len == 0 ? at : 0;
}
