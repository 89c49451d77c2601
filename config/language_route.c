// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of a route: what it takes, whom it believes, what it does to a message.
#include "config/language.h"

#include "config/check.h"

#include <assert.h>
#include <string.h>

#define IN(type, field) offsetof(struct type, field)
#define LATER(name) { .key = name, .kind = OPTION_ABSENT, .help = "Not in this build." }

// Words are indexes into these lists.
static_assert(sizeof(enum failure) == sizeof(int), "an enum is stored as a choice");
static_assert(FAIL_DUPLICATE_CERT_REQ == 26 && FAIL_COUNT == 27, "the list of failures has an entry per bit");
static_assert(ROUTE_KEEP == 0 && ROUTE_REPLACE == 2, "the list of protections has an entry per kind");
static_assert(ROUTE_POPO_KEEP == 0 && ROUTE_POPO_RAVERIFIED == 1, "the list of proofs has an entry per kind");
static_assert(BIND_SUBJECT == 0 && BIND_NONE == 2, "the list of bindings has an entry per kind");

static const char *const failures[] = {
	"badAlg", "badMessageCheck", "badRequest", "badTime", "badCertId", "badDataFormat", "wrongAuthority",
	"incorrectData", "missingTimeStamp", "badPOP", "certRevoked", "certConfirmed", "wrongIntegrity",
	"badRecipientNonce", "timeNotAvailable", "unacceptedPolicy", "unacceptedExtension", "addInfoNotAvailable",
	"badSenderNonce", "badCertTemplate", "signerNotTrusted", "transactionIdInUse", "unsupportedVersion",
	"notAuthorized", "systemUnavail", "systemFailure", "duplicateCertReq", NULL
};
static const char *const protections[] = { "keep", "add", "replace", NULL };
static const char *const proofs[] = { "keep", "raverified", NULL };
static const char *const bindings[] = { "subject", "serial", "none", NULL };
static const char *const keys[] = {
	"p256", "p384", "p521", "bp256", "bp384", "bp512", "ed25519", "ed448", "rsa", "rsa>=2048", "rsa>=3072", "rsa>=4096", NULL
};
static const char *const approvals_later[] = { "manual", NULL };

static const char *const deviation_words[] = {
	"unprotected-error", "pvno1", "missing-sender-kid", "pbmac1-bits", "reg-info", "poposk-input", "sha1-mac", NULL
};
// In the order of the words.
static const unsigned deviation_bits[] = {
	ACCEPT_UNPROTECTED_ERROR, ACCEPT_PVNO1, ACCEPT_MISSING_SENDER_KID, ACCEPT_PBMAC1_BITS, ACCEPT_REG_INFO, ACCEPT_POPOSK_INPUT, ACCEPT_SHA1_MAC
};
static_assert(sizeof(deviation_words) / sizeof(*deviation_words) == sizeof(deviation_bits) / sizeof(*deviation_bits) + 1, "one word per bit");

// PKIBody tags of RFC 9810 5.1.2 that a route can be chosen by.
static const struct { const char *word; uint64_t bits; } bodies[] = {
	{ "ir", 1u << 0 }, { "cr", 1u << 2 }, { "p10cr", 1u << 4 }, { "kur", 1u << 7 }, { "krr", 1u << 9 },
	{ "rr", 1u << 11 }, { "ccr", 1u << 13 }, { "nested", 1u << 20 }, { "genm", 1u << 21 }, { "error", 1u << 23 },
	{ "certConf", 1u << 24 }, { "pollReq", 1u << 25 },
	{ "enroll", 1u << 0 | 1u << 2 | 1u << 4 | 1u << 13 }, { "renew", 1u << 7 }, { "revoke", 1u << 11 },
	{ "info", 1u << 21 },
};
static const char *const body_words[] = {
	"ir", "cr", "p10cr", "kur", "krr", "rr", "ccr", "nested", "genm", "error", "certConf", "pollReq",
	"enroll", "renew", "revoke", "info", NULL
};
static_assert(sizeof(bodies) / sizeof(*bodies) + 1 == sizeof(body_words) / sizeof(*body_words), "one word per row of bodies");

#define IN_SIGNER(field) (IN(route_entry, route.match_signer.field) - IN(route_entry, route.match_signer))
static const struct option_row signer_rows[] = {
	{ .key = "issuer", .kind = OPTION_TEXT, .offset = IN_SIGNER(issuer),
	  .help = "A glob on its issuer as text (RFC 4514).", .example = "\"CN=Maker CA*\"" },
	{ .key = "san", .kind = OPTION_TEXT, .offset = IN_SIGNER(san),
	  .help = "A glob that one of its subject alternative names must fit, as DNS:host, IP:address or URI:text.", .example = "\"DNS:*.cell-a.example\"" },
	{ .key = "trust", .kind = OPTION_NAME, .offset = IN_SIGNER(trust),
	  .help = "The trust set that it must be verified under, one of the route's own.", .example = "devices" },
	{ .key = NULL }
};

static const struct option_row sender_rows[] = {
	{ .key = "signer", .kind = OPTION_RECORD, .offset = IN(route_entry, route.match_signer), .rows = signer_rows,
	  .help = "In place of the globs: what the certificate that signs the message must look like." },
	{ .key = NULL }
};

#define IN_TEMPLATE(field) (IN(route_entry, route.match_template.field) - IN(route_entry, route.match_template))
static const struct option_row template_rows[] = {
	{ .key = "subject", .kind = OPTION_TEXTS, .offset = IN_TEMPLATE(subject), .min = 1, .max = 64,
	  .help = "Globs on the subject asked for, as text (RFC 4514).", .example = "\"CN=plc-*,O=Works 7\"" },
	{ .key = "san", .kind = OPTION_TEXTS, .offset = IN_TEMPLATE(san), .min = 1, .max = 64,
	  .help = "Globs on the subject alternative names asked for, as DNS:host, IP:address or URI:text; each must fit one of them.", .example = "\"DNS:plc-*\"" },
	{ .key = "key", .kind = OPTION_TEXTS, .offset = IN_TEMPLATE(key), .min = 1, .max = 16, .choices = keys,
	  .help = "Kinds of keys that may be certified; bp is Brainpool.", .example = "[p256, p384, \"rsa>=3072\"]" },
	{ .key = "eku", .kind = OPTION_TEXTS, .offset = IN_TEMPLATE(eku), .min = 1, .max = 32,
	  .help = "Purposes that may be asked for, by name (serverAuth, clientAuth, ...) or as a dotted OID.", .example = "[clientAuth, serverAuth]" },
	{ .key = "validity", .kind = OPTION_DURATION, .offset = IN_TEMPLATE(validity), .min = 60000, .max = INT64_C(3155760000000),
	  .help = "The longest time that may be asked for; nothing here means any.", .example = "365d" },
	{ .key = NULL }
};

static const struct option_row match_rows[] = {
	{ .key = "path", .kind = OPTION_TEXTS, .offset = IN(route_entry, route.match_path), .min = 1, .max = 64,
	  .check = check_path_glob, .help = "Globs on the path of the request.", .example = "/.well-known/cmp/p/plc*" },
	{ .key = "profile", .kind = OPTION_TEXTS, .offset = IN(route_entry, route.match_profile), .min = 1, .max = 64,
	  .help = "Globs on the certificate profile: the name behind p/ in the path, or the one that the header of the message gives (certProfile). "
	  "Where both are there, it is enough that one of them fits.", .example = "\"plc*\"" },
	{ .key = "body", .kind = OPTION_TEXTS, .offset = IN(route_entry, route.match_body), .min = 1, .max = 32, .choices = body_words,
	  .help = "Kinds of the first message: ir, cr, p10cr, kur, rr, genm, ccr, krr, nested, certConf, pollReq, error, "
	  "or the groups enroll (ir, cr, p10cr, ccr), renew (kur), revoke (rr), info (genm). "
	  "A certConf or pollReq of a known transaction follows its transaction, whatever stands here.", .example = "enroll" },
	{ .key = "source", .kind = OPTION_CIDRS, .offset = IN(route_entry, route.match_source), .min = 1, .max = 256,
	  .help = "Networks the request may come from.", .example = "[10.7.0.0/16]" },
	{ .key = "sender", .kind = OPTION_TEXTS, .offset = IN(route_entry, sender), .min = 1, .max = 64, .rows = sender_rows,
	  .help = "Globs on the sender's name as text (RFC 4514); behind kid: globs on the senderKID, as text where it is printable, else in lower-case hex. "
	  "Or a map with the key signer.", .example = "[\"CN=plc-*,O=Works 7\", \"kid:bench-*\"]" },
	{ .key = "template", .kind = OPTION_RECORD, .offset = IN(route_entry, route.match_template), .rows = template_rows,
	  .help = "What the certificate that is asked for must look like. The verified request is held against it once more." },
	{ .key = NULL }
};

static const struct option_row reject_rows[] = {
	{ .key = "status", .kind = OPTION_CHOICE, .offset = IN(settings_route, reject_status), .choices = failures, .standard = "notAuthorized",
	  .help = "The PKIFailureInfo bit of the answer, by its name." },
	{ .key = "text", .kind = OPTION_TEXT, .offset = IN(settings_route, reject_text),
	  .help = "A sentence for the device.", .example = "\"revocation only through the RA desk\"" },
	{ .key = NULL }
};

#define IN_SET(field) (IN(route_entry, route.set.field) - IN(route_entry, route.set))
static const struct option_row set_rows[] = {
	{ .key = "subject", .kind = OPTION_TEXT, .offset = IN_SET(subject),
	  .help = "A name (RFC 4514) in place of the subject asked for.", .example = "\"CN=bench,O=Works 7\"" },
	{ .key = "add", .kind = OPTION_TEXTS, .offset = IN_SET(add), .min = 1, .max = 8,
	  .help = "Parts that are added to the subject, each as TYPE=value.", .example = "[\"OU=Cell A\"]" },
	{ .key = "san", .kind = OPTION_TEXTS, .offset = IN_SET(san), .min = 1, .max = 16,
	  .help = "Subject alternative names that are added: DNS:host, IP:address, URI:text or email:address.", .example = "[\"DNS:bench.example\"]" },
	{ .key = "validity", .kind = OPTION_DURATION, .offset = IN_SET(validity), .min = 60000, .max = INT64_C(3155760000000),
	  .help = "The time that is asked for in place of the device's.", .example = "90d" },
	{ .key = NULL }
};

#define IN_APPROVE(field) (IN(route_entry, route.approve.field) - IN(route_entry, route.approve))
static const struct option_row approve_rows[] = {
	{ .key = "hook", .kind = OPTION_PATH, .offset = IN_APPROVE(hook),
	  .help = "A program that is asked: it gets the request as a JSON object on its standard input; exit code 0 is a yes. "
	  "Of the gateway's environment it gets PATH, HOME, TMPDIR, user, locale and time zone.", .example = "/etc/cmpgate/hooks.d/inventory" },
	{ .key = "timeout", .kind = OPTION_DURATION, .offset = IN_APPROVE(timeout), .min = 100, .max = 300000, .standard = "10s",
	  .help = "How long it may take; then it is ended with all that it started, and the request is refused." },
	{ .key = "allow", .kind = OPTION_PATH, .offset = IN_APPROVE(allow),
	  .help = "A CSV file of those who may; its first line names the columns.", .example = "/etc/cmpgate/inventory.csv" },
	{ .key = NULL }
};

const struct option_row language_route[] = {
	{ .key = "name", .kind = OPTION_NAME, .offset = IN(route_entry, route.name),
	  .help = "A name for logs and metrics; route-1, route-2 and so on by itself.", .example = "plc" },
	{ .key = "from", .kind = OPTION_TEXTS, .offset = IN(route_entry, route.from), .min = 1, .max = 256,
	  .help = "Listeners whose requests it takes; any, or nothing here, means all.", .example = "[field]" },
	{ .key = "match", .kind = OPTION_RECORD, .offset = 0, .rows = match_rows,
	  .help = "What a transaction's first message must look like; all that is written here must fit." },
	{ .key = "trust", .kind = OPTION_TEXTS, .offset = IN(route_entry, route.trust), .min = 1, .max = LANGUAGE_SETS,
	  .help = "Trust sets that a device's signature is verified with.", .example = "devices" },
	{ .key = "secrets", .kind = OPTION_TEXTS, .offset = IN(route_entry, route.secrets), .min = 1, .max = LANGUAGE_SETS,
	  .help = "Tables of secrets that a device's MAC is verified with.", .example = "commissioning" },
	{ .key = "bind", .kind = OPTION_CHOICE, .offset = IN(route_entry, route.bind), .choices = bindings, .standard = "subject",
	  .help = "How the certificate of a device is held against the name that it asks for: subject wants its own name, serial its serial number (IEEE 802.1AR) "
	  "as serialNumber or as a word of CN, none anything." },
	{ .key = "on_behalf", .kind = OPTION_BOOL, .offset = IN(route_entry, route.on_behalf), .standard = "no",
	  .help = "yes: a signer whose certificate is made for cmcRA may ask for, and revoke, certificates of others." },
	{ .key = "accept_raverified", .kind = OPTION_BOOL, .offset = IN(route_entry, route.accept_raverified), .standard = "no",
	  .help = "yes: such a signer is believed when it says that it has verified the proof of possession." },
	{ .key = "approve", .kind = OPTION_RECORD, .offset = IN(route_entry, route.approve), .rows = approve_rows, .word = "auto", .absent = approvals_later,
	  .help = "Who must say yes to a request that is in order: nobody (auto), a program, a list, or both." },
	{ .key = "to", .kind = OPTION_TEXT, .offset = IN(route_entry, to),
	  .help = "The upstream; answers to be answered from what stands there (genm only); or reject. Not needed where there is one upstream only.", .example = "plant-ca" },
	{ .key = "protection", .kind = OPTION_CHOICE, .offset = IN(route_entry, route.protection), .choices = protections, .standard = "keep",
	  .help = "keep forwards every octet as received (RFC 9483 5.2.1); add puts the message into an envelope that the gateway signs (5.2.2); "
	  "replace verifies it and protects it anew (5.2.3). kur, and requests for keys made by the CA, are never protected anew.", .example = "replace" },
	{ .key = "popo", .kind = OPTION_CHOICE, .offset = IN(route_entry, route.popo), .choices = proofs, .standard = "keep",
	  .help = "keep forwards the proof of possession; raverified tells the CA that it was verified here, with protection: replace only.", .example = "raverified" },
	{ .key = "set", .kind = OPTION_RECORD, .offset = IN(route_entry, route.set), .rows = set_rows,
	  .help = "Changes of what is asked for; with protection: replace and popo: raverified only." },
	{ .key = "sign_with", .kind = OPTION_NAME, .offset = IN(route_entry, route.sign_with),
	  .help = "The credential that signs towards the CA.", .example = "ra" },
	{ .key = "reply_with", .kind = OPTION_NAME, .offset = IN(route_entry, route.reply_with),
	  .help = "The credential that signs towards devices; that of sign_with by itself. Devices with a secret are answered with it.", .example = "ra" },
	{ .key = "reject", .kind = OPTION_RECORD, .offset = IN(route_entry, route), .rows = reject_rows,
	  .help = "The answer of a route with to: reject." },
	{ .key = "accept", .kind = OPTION_TEXTS, .offset = IN(route_entry, accept), .max = 16, .choices = deviation_words,
	  .help = "Deviations from RFC 9483 that are tolerated, each by name. unprotected-error passes on error messages of the upstream that nobody signed; "
	  "pvno1: version 1 of CMP; missing-sender-kid: no senderKID; pbmac1-bits: a key length of PBMAC1 in bits; reg-info: regInfo in requests; "
	  "poposk-input: a proof of possession over POPOSigningKeyInput; sha1-mac: SHA-1 inside a MAC.",
	  .example = "[unprotected-error]" },
	{ .key = "accept_ca_pubs", .kind = OPTION_BOOL, .offset = IN(route_entry, route.accept_ca_pubs), .standard = "no",
	  .help = "yes: trust anchors that the CA sends beside a certificate (caPubs of an ip) go down to the device." },
	{ .key = "accept_subject_change", .kind = OPTION_BOOL, .offset = IN(route_entry, route.accept_subject_change), .standard = "no",
	  .help = "yes: the CA may issue another subject than was asked for." },
	LATER("batch"), LATER("delay"), LATER("confirm"), LATER("limits"), LATER("retry"), LATER("keygen"), LATER("volatile"), LATER("pwri_form"),
	{ .key = NULL }
};

uint64_t
language_body_bits(const char *word)
{
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		if (strcmp(bodies[i].word, word) == 0)
			return bodies[i].bits;
	return 0;
}

const char *
language_accept_word(size_t i, unsigned *bit)
{
	if (deviation_words[i] == NULL)
		return NULL;
	*bit = deviation_bits[i];
	return deviation_words[i];
}

unsigned
language_accept_bit(const char *word)
{
	const char *other;
	unsigned bit;

	for (size_t i = 0; (other = language_accept_word(i, &bit)) != NULL; i++)
		if (strcmp(other, word) == 0)
			return bit;
	return 0;
}
