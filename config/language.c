// SPDX-License-Identifier: GPL-3.0-or-later
// The tables below are the only place where a key of the language is written
// down: parser, defaults, schema, sample and manual all come from them.
#include "config/language.h"

#include <assert.h>

#define IN(type, field) offsetof(struct type, field)
#define LATER(name) { .key = name, .kind = OPTION_ABSENT, .help = "Not in this build." }

// Words are indexes into these lists.
static_assert(LOG_ERROR_ == 0 && LOG_TRACE_ == 4, "the list of levels has an entry per level");
static_assert(LOG_FORMAT_AUTO == 0 && LOG_FORMAT_JSON == 2, "the list of formats has an entry per format");

static_assert(CLOCK_WAIT_FOR_SYNC == 0 && CLOCK_USE_FLOOR == 2, "the list of clock rules has an entry per rule");
static_assert(AUDIT_DROP_OLDEST == 0 && AUDIT_STOP_ISSUING == 1, "the list of words has an entry per rule");

static const char *const clock_rules[] = { "wait-for-sync", "trust-system", "floor", NULL };
static const char *const full_words[] = { "drop-oldest", "stop-issuing", NULL };
static const char *const levels[] = { "error", "warn", "info", "debug", "trace", NULL };
static const char *const formats[] = { "auto", "logfmt", "json", NULL };
static const char *const insecure_words[] = { "yes-i-know", NULL };

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

#define IN_AUDIT(field) (IN(settings, audit.field) - IN(settings, audit))
static const struct option_row audit_rows[] = {
	{ .key = "file", .kind = OPTION_PATH, .offset = IN_AUDIT(file), .required = true,
	  .help = "Where the records go, one JSON object a line; each holds the hash of the one before.", .example = "/var/log/cmpgate/audit.jsonl" },
	{ .key = "required", .kind = OPTION_BOOL, .offset = IN_AUDIT(required), .standard = "no",
	  .help = "yes: what cannot be recorded is not done." },
	{ .key = "full", .kind = OPTION_CHOICE, .offset = IN_AUDIT(full), .choices = full_words, .standard = "drop-oldest",
	  .help = "What happens at max_size: drop-oldest lets the oldest records go, stop-issuing refuses what would make a new one." },
	{ .key = "max_size", .kind = OPTION_SIZE, .offset = IN_AUDIT(keep), .min = 1 << 20, .max = INT64_C(1) << 34, .standard = "64MiB",
	  .help = "Octets of all records that are kept." },
	LATER("syslog"),
	{ .key = NULL }
};

static const struct option_row log_rows[] = {
	{ .key = "level", .kind = OPTION_CHOICE, .offset = IN(settings, log.level) - IN(settings, log), .choices = levels, .standard = "info",
	  .help = "How much is written. From info up, every line can be understood without the source; "
	  "debug adds requests that a link refused (ten a second at most), trace each message that passes, by its kind and size." },
	{ .key = "format", .kind = OPTION_CHOICE, .offset = IN(settings, log.format) - IN(settings, log), .choices = formats, .standard = "auto",
	  .help = "auto writes for people on a terminal and with priorities under systemd; logfmt and json are for machines." },
	// The record stands beside `log` in the settings.
	{ .key = "audit", .kind = OPTION_RECORD, .offset = IN(settings, audit) - IN(settings, log), .rows = audit_rows,
	  .help = "Who asked for what, and what became of it, for auditors." },
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
	  .help = "Transactions in flight at once. One address may have half of them; loopback, drop folders and rate_exempt all." },
	{ .key = "bytes_in_flight", .kind = OPTION_SIZE, .offset = IN(settings_limits, bytes_in_flight), .min = 1048576, .max = 1073741824, .standard = "12MiB",
	  .help = "Octets of all messages held in memory. At its end new requests are told to come back later. Uploads, answers that are not read and "
	  "answers kept for CoAP may each hold a quarter." },
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
	{ .key = "clock_skew", .kind = OPTION_DURATION, .offset = IN(settings_limits, clock_skew), .max = INT64_C(2592000000), .standard = "1h",
	  .word = "none", .meaning = 0,
	  .help = "How far the time in a message may be from ours, where a route verifies; none: it is not looked at. In drop folders it never is." },
	{ .key = "mac_iterations", .kind = OPTION_INTEGER, .offset = IN(settings_limits, mac_iterations), .min = 100, .max = 10000000, .standard = "100000",
	  .help = "The most iterations that the MAC of a message may ask for." },
	{ .key = "mac_refusal_delay", .kind = OPTION_DURATION, .offset = IN(settings_limits, mac_refusal_delay), .max = 60000, .standard = "1s",
	  .help = "How long a message with a wrong MAC waits for its refusal." },
	{ .key = "per_identity", .kind = OPTION_INTEGER, .offset = IN(settings_limits, per_identity), .min = 1, .max = 1024, .standard = "4",
	  .help = "Transactions in flight of one verified device." },
	{ .key = "failures", .kind = OPTION_INTEGER, .offset = IN(settings_limits, failures), .min = 1, .max = 100000, .standard = "5",
	  .help = "Refusals of one verified device within failure_window, after which it has to wait until some of that time has passed." },
	{ .key = "failure_window", .kind = OPTION_DURATION, .offset = IN(settings_limits, failure_window), .min = 1000, .max = 86400000, .standard = "10m",
	  .help = "The time that failures is counted in." },
	{ .key = "secret_failures", .kind = OPTION_INTEGER, .offset = IN(settings_limits, secret_failures), .min = 1, .max = 1000, .standard = "5",
	  .help = "Wrong MACs under one secret, after which it is locked." },
	LATER("max_batch"),
	{ .key = NULL }
};

const struct option_row language_listener[] = {
	{ .key = "url", .kind = OPTION_URL, .offset = IN(entry, url), .required = true,
	  .help = "Where to listen. Without a host it is loopback only; [::] is all of IPv6 and IPv4.", .example = "coap://[::]:5683" },
	LATER("credential"), LATER("client_auth"), LATER("psk"), LATER("allow"), LATER("unwrap"), LATER("tls"),
	LATER("echo"), LATER("idle_timeout"), LATER("serve"),
	{ .key = NULL }
};

const struct option_row language_upstream[] = {
	{ .key = "url", .kind = OPTION_URL, .offset = IN(entry, url), .required = true,
	  .help = "Where the CA or RA listens; used exactly as written.", .example = "http://pki.plant.example/cmp" },
	{ .key = "timeout", .kind = OPTION_DURATION, .offset = IN(entry, timeout), .min = 100, .max = 3600000, .standard = "30s",
	  .help = "How long one exchange with it may take.", .example = "20s" },
	{ .key = "insecure_upstream", .kind = OPTION_TEXTS, .offset = IN(entry, insecure), .max = 1, .choices = insecure_words,
	  .help = "yes-i-know allows a plain link off loopback where a route accepts unprotected errors or trust anchors from it." },
	{ .key = "trust", .kind = OPTION_TEXTS, .offset = IN(entry, trust), .min = 1, .max = LANGUAGE_SETS,
	  .help = "Trust sets that its answers are verified with. A route with protection: replace needs it.", .example = "plant" },
	{ .key = "issued_trust", .kind = OPTION_TEXTS, .offset = IN(entry, issued_trust), .min = 1, .max = LANGUAGE_SETS,
	  .help = "Trust sets that the certificates it issues must chain to, where a route verifies its answers.", .example = "plant" },
	LATER("tls"), LATER("insecure_skip_verify"), LATER("retry"), LATER("credential"),
	LATER("psk"), LATER("carrier"), LATER("check_after"), LATER("expire"),
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
	{ .key = "user", .kind = OPTION_NAME, .offset = IN(settings, user), .standard = "cmpgate", .restart = true,
	  .help = "The user to become when started as root; started as anybody else, the gateway stays who it is.", .example = "cmpgate" },
	{ .key = "group", .kind = OPTION_NAME, .offset = IN(settings, group), .restart = true,
	  .help = "The group to become when started as root; without it, the user's own.", .example = "cmpgate" },
	{ .key = "listeners", .kind = OPTION_MAP, .rows = language_listener, .brief = "url",
	  .help = "Where devices come in, each under a name of your choice: a URL, or a map with the keys below." },
	{ .key = "upstreams", .kind = OPTION_MAP, .rows = language_upstream, .brief = "url",
	  .help = "Where requests go, each under a name of your choice: a URL, or a map with the keys below." },
	{ .key = "trust", .kind = OPTION_MAP, .rows = language_trust, .brief = "anchors",
	  .help = "Sets of certification authorities that are believed, each under a name of your choice: files, or a map with the keys below." },
	{ .key = "credentials", .kind = OPTION_MAP, .rows = language_credential,
	  .help = "Certificates of the gateway itself with their keys, each under a name of your choice." },
	{ .key = "secrets", .kind = OPTION_MAP, .rows = language_secrets, .brief = "file",
	  .help = "Tables of the secrets that devices share with the gateway, each under a name of your choice: file:/path, or a map with the keys below." },
	{ .key = "answers", .kind = OPTION_RECORD, .offset = IN(settings, answers), .rows = language_answers,
	  .help = "What routes with to: answers tell devices that ask with genm (RFC 9483 4.3)." },
	{ .key = "routes", .kind = OPTION_LIST, .rows = language_route,
	  .help = "Which request goes where. The first route that fits a transaction's first message takes the whole transaction. "
	  "With exactly one upstream and no routes, everything goes there; a request that no route fits is refused." },
	{ .key = "limits", .kind = OPTION_RECORD, .offset = IN(settings, limits), .rows = limits_rows, .help = "What is held, and for how long." },
	{ .key = "store", .kind = OPTION_RECORD, .offset = IN(settings, store), .rows = store_rows, .help = "Durable state." },
	{ .key = "log", .kind = OPTION_RECORD, .offset = IN(settings, log), .rows = log_rows, .help = "What is written to standard error." },
	{ .key = "clock", .kind = OPTION_CHOICE, .offset = IN(settings, clock), .choices = clock_rules, .standard = "wait-for-sync",
	  .help = "When the system's clock is believed: wait-for-sync when the kernel says that it is synchronised, trust-system when it is not behind what "
	  "was seen before, floor never. Until then validity is judged by the newest time that was seen, and no message is refused for its time." },
	{ .key = "workers", .kind = OPTION_INTEGER, .offset = IN(settings, workers), .max = 16, .standard = "auto", .word = "auto", .meaning = -1,
	  .restart = true, .help = "Threads that verify and sign; auto is one for each core, 0 does it all in one thread.", .example = "2" },
	{ .key = "control", .kind = OPTION_PATH, .offset = IN(settings, control), .restart = true,
	  .help = "The socket that commands reach the running gateway by; one is chosen by itself.", .example = "/run/cmpgate/control.sock" },
	LATER("ca"), LATER("usb"), LATER("metrics"), LATER("alerts"), LATER("sandbox"), LATER("memory_limit"),
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

const struct config_scheme *
language_scheme(const struct config_scheme *schemes, const char *scheme)
{
	for (; schemes->scheme != NULL; schemes++)
		if (strcmp(schemes->scheme, scheme) == 0)
			return schemes;
	return NULL;
}
