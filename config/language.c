// SPDX-License-Identifier: GPL-3.0-or-later
// The tables below are the only place where a key of the language is written
// down: parser, defaults, schema, sample and manual all come from them.
#include "config/language.h"

#include <assert.h>

#define IN(type, field) offsetof(struct type, field)
#define LATER(name) { .key = name, .kind = OPTION_ABSENT, .help = "Not in this build." }

// Reject status and log words are indexes into these lists.
static_assert(sizeof(enum failure) == sizeof(int), "an enum is stored as a choice");
static_assert(FAIL_DUPLICATE_CERT_REQ == 26 && FAIL_COUNT == 27, "the list of failures has an entry per bit");
static_assert(LOG_ERROR_ == 0 && LOG_TRACE_ == 4, "the list of levels has an entry per level");
static_assert(LOG_FORMAT_AUTO == 0 && LOG_FORMAT_JSON == 2, "the list of formats has an entry per format");

static const char *const failures[] = {
	"badAlg", "badMessageCheck", "badRequest", "badTime", "badCertId", "badDataFormat", "wrongAuthority",
	"incorrectData", "missingTimeStamp", "badPOP", "certRevoked", "certConfirmed", "wrongIntegrity",
	"badRecipientNonce", "timeNotAvailable", "unacceptedPolicy", "unacceptedExtension", "addInfoNotAvailable",
	"badSenderNonce", "badCertTemplate", "signerNotTrusted", "transactionIdInUse", "unsupportedVersion",
	"notAuthorized", "systemUnavail", "systemFailure", "duplicateCertReq", NULL
};
static const char *const levels[] = { "error", "warn", "info", "debug", "trace", NULL };
static const char *const formats[] = { "auto", "logfmt", "json", NULL };
static const char *const protections[] = { "keep", NULL };
static const char *const protections_later[] = { "add", "replace", NULL };
static const char *const deviations[] = { "unprotected-error", NULL };
static const char *const deviations_later[] = {
	"pvno1", "missing-sender-kid", "pbmac1-bits", "reg-info", "poposk-input", "sha1-mac", NULL
};
static const char *const insecure_words[] = { "yes-i-know", NULL };

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

static const char *const planned_schemes[] = {
	"coap", "coaps", "coap+tcp", "coaps+tcp", "http", "https", "tcp", "pkixcmp-tcp", "tls+tcp", "file",
	"ca", "est", "est+https", "est+coaps", "scep", "scep+http", NULL
};

static const struct option_row store_rows[] = {
	{ .key = "path", .kind = OPTION_PATH, .offset = IN(settings, store.path) - IN(settings, store), .standard = STATEDIR,
	  .restart = true, .help = "The folder for all state." },
	LATER("keep"), LATER("max_size"), LATER("sync"),
	{ .key = NULL }
};

static const struct option_row log_rows[] = {
	{ .key = "level", .kind = OPTION_CHOICE, .offset = IN(settings, log.level) - IN(settings, log), .choices = levels, .standard = "info",
	  .help = "How much is written. From info up, every line can be understood without the source." },
	{ .key = "format", .kind = OPTION_CHOICE, .offset = IN(settings, log.format) - IN(settings, log), .choices = formats, .standard = "auto",
	  .help = "auto writes for people on a terminal and with priorities under systemd; logfmt and json are for machines." },
	LATER("audit"),
	{ .key = NULL }
};

static const struct option_row coap_rows[] = {
	{ .key = "sessions", .kind = OPTION_INTEGER, .offset = IN(settings_limits, coap_sessions), .min = 16, .max = 100000, .standard = "256",
	  .help = "Peers that are remembered at once." },
	{ .key = "assemblies", .kind = OPTION_INTEGER, .offset = IN(settings_limits, coap_assemblies), .min = 1, .max = 4096, .standard = "64",
	  .help = "Requests that arrive block by block at once." },
	{ .key = "assemblies_per_peer", .kind = OPTION_INTEGER, .offset = IN(settings_limits, coap_assemblies_per_peer), .min = 1, .max = 64, .standard = "2",
	  .help = "The same from one peer." },
	{ .key = "assembly_bytes", .kind = OPTION_SIZE, .offset = IN(settings_limits, coap_assembly_bytes), .min = 65536, .max = 268435456, .standard = "4MiB",
	  .help = "Octets of all requests that arrive block by block." },
	{ .key = "assembly_timeout", .kind = OPTION_DURATION, .offset = IN(settings_limits, coap_assembly_timeout), .min = 1000, .max = 3600000, .standard = "60s",
	  .help = "How long a request may wait for its next block." },
	{ .key = "waiting", .kind = OPTION_INTEGER, .offset = IN(settings_limits, coap_waiting), .min = 1, .max = 10000, .standard = "256",
	  .help = "Requests that wait for their answer at once." },
	{ .key = "answers", .kind = OPTION_INTEGER, .offset = IN(settings_limits, coap_answers), .min = 1, .max = 10000, .standard = "256",
	  .help = "Answers kept for duplicates and for further blocks." },
	{ .key = NULL }
};

static const struct option_row limits_rows[] = {
	{ .key = "max_message", .kind = OPTION_SIZE, .offset = IN(settings_limits, max_message), .min = 1024, .max = 1048576, .standard = "64KiB",
	  .help = "Octets of one message from a device.", .example = "64KiB" },
	{ .key = "max_answer", .kind = OPTION_SIZE, .offset = IN(settings_limits, max_answer), .min = 1024, .max = 4194304, .standard = "256KiB",
	  .help = "Octets of one answer from an upstream." },
	{ .key = "transactions", .kind = OPTION_INTEGER, .offset = IN(settings_limits, transactions), .min = 1, .max = 1024, .standard = "256",
	  .help = "Transactions in flight at once." },
	{ .key = "bytes_in_flight", .kind = OPTION_SIZE, .offset = IN(settings_limits, bytes_in_flight), .min = 1048576, .max = 1073741824, .standard = "12MiB",
	  .help = "Octets of all messages held in memory. At its end new requests are told to come back later." },
	{ .key = "exchange_timeout", .kind = OPTION_DURATION, .offset = IN(settings_limits, exchange_timeout), .min = 1000, .max = 3600000, .standard = "60s",
	  .help = "The longest a device waits for one answer." },
	{ .key = "transaction_timeout", .kind = OPTION_DURATION, .offset = IN(settings_limits, transaction_timeout), .min = 10000, .max = INT64_C(2592000000), .standard = "1h",
	  .help = "The longest a transaction may take from its first message to its last." },
	{ .key = "forget", .kind = OPTION_DURATION, .offset = IN(settings_limits, forget), .min = 60000, .max = INT64_C(2592000000), .standard = "24h",
	  .help = "How long an ended transaction still answers repeated messages." },
	{ .key = "rate", .kind = OPTION_RATE, .offset = IN(settings_limits, rate), .min = 1, .max = 100000, .standard = "10/s",
	  .help = "New requests of one source address. Loopback is not counted.", .example = "10/s" },
	{ .key = "rate_burst", .kind = OPTION_INTEGER, .offset = IN(settings_limits, rate_burst), .min = 1, .max = 100000, .standard = "40",
	  .help = "Requests of one source that may come at once." },
	{ .key = "rate_exempt", .kind = OPTION_CIDRS, .offset = IN(settings_limits, rate_exempt), .max = 256,
	  .help = "Networks that are not counted either: other gateways, address translators.", .example = "[10.7.0.0/24]" },
	{ .key = "connections", .kind = OPTION_INTEGER, .offset = IN(settings_limits, connections), .min = 1, .max = 10000, .standard = "256",
	  .help = "Open TCP connections of devices." },
	{ .key = "connections_per_source", .kind = OPTION_INTEGER, .offset = IN(settings_limits, connections_per_source), .min = 1, .max = 10000, .standard = "8",
	  .help = "The same from one address. Loopback is not counted." },
	{ .key = "header_timeout", .kind = OPTION_DURATION, .offset = IN(settings_limits, header_timeout), .min = 100, .max = 600000, .standard = "10s",
	  .help = "How long the head of a request may take to arrive." },
	{ .key = "body_timeout", .kind = OPTION_DURATION, .offset = IN(settings_limits, body_timeout), .min = 100, .max = 600000, .standard = "30s",
	  .help = "How long its content may take." },
	{ .key = "write_timeout", .kind = OPTION_DURATION, .offset = IN(settings_limits, write_timeout), .min = 100, .max = 600000, .standard = "30s",
	  .help = "How long a peer may take to read an answer." },
	{ .key = "idle_timeout", .kind = OPTION_DURATION, .offset = IN(settings_limits, idle_timeout), .min = 100, .max = 3600000, .standard = "60s",
	  .help = "How long a connection may stay open without a request." },
	{ .key = "min_rate", .kind = OPTION_RATE, .offset = IN(settings_limits, min_rate), .max = 1048576, .standard = "100/s",
	  .help = "Octets per second that must arrive while a content is under way; 0/s switches this off." },
	{ .key = "coap", .kind = OPTION_RECORD, .offset = 0, .rows = coap_rows, .help = "Limits of CoAP listeners." },
	LATER("clock_skew"), LATER("max_batch"),
	{ .key = NULL }
};

static const struct option_row match_rows[] = {
	{ .key = "path", .kind = OPTION_TEXTS, .offset = IN(settings_route, match_path), .min = 1, .max = 64,
	  .help = "Globs on the path of the request.", .example = "/.well-known/cmp/p/plc*" },
	{ .key = "profile", .kind = OPTION_TEXTS, .offset = IN(settings_route, match_profile), .min = 1, .max = 64,
	  .help = "Globs on the certificate profile that the header of the message names.", .example = "\"plc*\"" },
	{ .key = "body", .kind = OPTION_TEXTS, .offset = IN(settings_route, match_body), .min = 1, .max = 32, .choices = body_words,
	  .help = "Kinds of the first message: ir, cr, p10cr, kur, rr, genm, ccr, krr, nested, certConf, pollReq, error, "
	  "or the groups enroll (ir, cr, p10cr, ccr), renew (kur), revoke (rr), info (genm). "
	  "A certConf or pollReq of a known transaction follows its transaction, whatever stands here.", .example = "enroll" },
	{ .key = "source", .kind = OPTION_CIDRS, .offset = IN(settings_route, match_source), .min = 1, .max = 256,
	  .help = "Networks the request may come from.", .example = "[10.7.0.0/16]" },
	{ .key = "sender", .kind = OPTION_TEXTS, .offset = IN(settings_route, match_sender), .min = 1, .max = 64,
	  .help = "Globs on the sender's name as text (RFC 4514).", .example = "\"CN=plc-*,O=Works 7\"" },
	LATER("template"),
	{ .key = NULL }
};

static const struct option_row reject_rows[] = {
	{ .key = "status", .kind = OPTION_CHOICE, .offset = IN(settings_route, reject_status), .choices = failures, .standard = "notAuthorized",
	  .help = "The PKIFailureInfo bit of the answer, by its name." },
	{ .key = "text", .kind = OPTION_TEXT, .offset = IN(settings_route, reject_text),
	  .help = "A sentence for the device.", .example = "\"revocation only through the RA desk\"" },
	{ .key = NULL }
};

const struct option_row language_listener[] = {
	{ .key = "url", .kind = OPTION_URL, .offset = IN(entry, url), .required = true,
	  .help = "Where to listen. Without a host it is loopback only; [::] is all of IPv6 and IPv4.", .example = "coap://[::]:5683" },
	LATER("credential"), LATER("client_auth"), LATER("psk"), LATER("allow"), LATER("unwrap"), LATER("tls"),
	LATER("echo"), LATER("idle_timeout"),
	{ .key = NULL }
};

const struct option_row language_upstream[] = {
	{ .key = "url", .kind = OPTION_URL, .offset = IN(entry, url), .required = true,
	  .help = "Where the CA or RA listens; used exactly as written.", .example = "http://pki.plant.example/cmp" },
	{ .key = "timeout", .kind = OPTION_DURATION, .offset = IN(entry, timeout), .min = 100, .max = 3600000, .standard = "30s",
	  .help = "How long one exchange with it may take.", .example = "20s" },
	{ .key = "insecure_upstream", .kind = OPTION_TEXTS, .offset = IN(entry, insecure), .max = 1, .choices = insecure_words,
	  .help = "yes-i-know allows a plain link off loopback where a route accepts unprotected errors from it." },
	LATER("tls"), LATER("trust"), LATER("issued_trust"), LATER("insecure_skip_verify"), LATER("retry"), LATER("credential"),
	LATER("psk"), LATER("carrier"), LATER("check_after"), LATER("expire"),
	{ .key = NULL }
};

const struct option_row language_route[] = {
	{ .key = "name", .kind = OPTION_NAME, .offset = IN(route_entry, route.name),
	  .help = "A name for logs and metrics; route-1, route-2 and so on by itself.", .example = "plc" },
	{ .key = "from", .kind = OPTION_TEXTS, .offset = IN(route_entry, route.from), .min = 1, .max = 256,
	  .help = "Listeners whose requests it takes; any, or nothing here, means all.", .example = "[field]" },
	{ .key = "match", .kind = OPTION_RECORD, .offset = IN(route_entry, route), .rows = match_rows,
	  .help = "What a transaction's first message must look like; all that is written here must fit." },
	{ .key = "to", .kind = OPTION_TEXT, .offset = IN(route_entry, to),
	  .help = "The upstream, or reject. Not needed where there is one upstream only.", .example = "plant-ca" },
	{ .key = "protection", .kind = OPTION_CHOICE, .offset = IN(route_entry, protection), .choices = protections, .absent = protections_later,
	  .standard = "keep", .help = "keep forwards every octet as received (RFC 9483 5.2.1)." },
	{ .key = "reject", .kind = OPTION_RECORD, .offset = IN(route_entry, route), .rows = reject_rows,
	  .help = "The answer of a route with to: reject." },
	{ .key = "accept", .kind = OPTION_TEXTS, .offset = IN(route_entry, accept), .max = 16, .choices = deviations, .absent = deviations_later,
	  .help = "Deviations from RFC 9483 that are tolerated, each by name. unprotected-error passes on error messages of the upstream that nobody signed.",
	  .example = "[unprotected-error]" },
	LATER("popo"), LATER("accept_raverified"), LATER("trust"), LATER("secrets"), LATER("sign_with"), LATER("reply_with"),
	LATER("batch"), LATER("delay"), LATER("approve"), LATER("confirm"), LATER("set"), LATER("limits"), LATER("retry"),
	LATER("keygen"), LATER("volatile"), LATER("pwri_form"),
	{ .key = NULL }
};

const struct option_row language_rows[] = {
	{ .key = "version", .kind = OPTION_INTEGER, .offset = IN(settings, version), .required = true, .min = 1, .max = 1,
	  .help = "The version of this language.", .example = "1" },
	{ .key = "site", .kind = OPTION_NAME, .offset = IN(settings, site),
	  .help = "A name for this installation, in logs.", .example = "works-7" },
	{ .key = "include", .kind = OPTION_TEXTS, .offset = IN(settings, include), .max = 256,
	  .help = "Further files, by name or glob, relative to this file and in lexical order. Maps are merged by name, routes appended; "
	  "a name may stand in one file only. Files may include others, 8 deep.", .example = "conf.d/*.yaml" },
	{ .key = "user", .kind = OPTION_NAME, .offset = IN(settings, user), .restart = true,
	  .help = "The user to become when started as root; cmpgate by itself.", .example = "cmpgate" },
	{ .key = "group", .kind = OPTION_NAME, .offset = IN(settings, group), .restart = true,
	  .help = "The group to become when started as root; the user's own by itself.", .example = "cmpgate" },
	{ .key = "listeners", .kind = OPTION_MAP, .rows = language_listener,
	  .help = "Where devices come in, each under a name of your choice: a URL, or a map with the keys below." },
	{ .key = "upstreams", .kind = OPTION_MAP, .rows = language_upstream,
	  .help = "Where requests go, each under a name of your choice: a URL, or a map with the keys below." },
	{ .key = "routes", .kind = OPTION_LIST, .rows = language_route,
	  .help = "Which request goes where. The first route that fits a transaction's first message takes the whole transaction. "
	  "With exactly one upstream and no routes, everything goes there; a request that no route fits is refused." },
	{ .key = "limits", .kind = OPTION_RECORD, .offset = IN(settings, limits), .rows = limits_rows, .help = "What is held, and for how long." },
	{ .key = "store", .kind = OPTION_RECORD, .offset = IN(settings, store), .rows = store_rows, .help = "Durable state." },
	{ .key = "log", .kind = OPTION_RECORD, .offset = IN(settings, log), .rows = log_rows, .help = "What is written to standard error." },
	LATER("trust"), LATER("credentials"), LATER("secrets"), LATER("ca"), LATER("usb"), LATER("answers"), LATER("metrics"),
	LATER("alerts"), LATER("clock"), LATER("sandbox"), LATER("memory_limit"),
	{ .key = NULL }
};

bool
language_scheme_is_planned(const char *scheme)
{
	for (const char *const *s = planned_schemes; *s != NULL; s++)
		if (strcmp(*s, scheme) == 0)
			return true;
	return false;
}

uint64_t
language_body_bits(const char *word)
{
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		if (strcmp(bodies[i].word, word) == 0)
			return bodies[i].bits;
	return 0;
}

const struct config_scheme *
language_scheme(const struct config_scheme *schemes, const char *scheme)
{
	for (; schemes->scheme != NULL; schemes++)
		if (strcmp(schemes->scheme, scheme) == 0)
			return schemes;
	return NULL;
}
