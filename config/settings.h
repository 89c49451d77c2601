// SPDX-License-Identifier: GPL-3.0-or-later
// settings: one configuration, typed and checked. A loaded `struct settings` is
// immutable and counted: a step holds it for seconds, a reload swaps it.
#ifndef CMPGATE_CONFIG_SETTINGS_H
#define CMPGATE_CONFIG_SETTINGS_H

#include "base/blob.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/option.h"
#include "config/url.h"

// One URL scheme that a driver of this build serves; handed in by the caller,
// since config/ knows no driver.
struct config_scheme {
	const char *scheme;
	unsigned default_port;
	const struct option_row *listener_rows;	// NULL: cannot listen
	size_t listener_size;
	const struct option_row *upstream_rows;	// NULL: cannot be an upstream
	size_t upstream_size;
	// What a listener's URL must be besides (NULL: nothing more); false with the
	// fault, its cure behind "; ".
	bool (*listener_url)(const struct url *url, struct fault *f);
	bool alias;		// another name of a scheme that stands before it
};

struct settings_place { const char *file; int line, column; };	// where it stands

// Where a secret stands: a file, the environment, the credentials that systemd
// hands over ($CREDENTIALS_DIRECTORY/NAME), or a token (keys only).
enum source_kind { SOURCE_NONE, SOURCE_FILE, SOURCE_ENV, SOURCE_CRED, SOURCE_PKCS11 };
struct settings_source { enum source_kind kind; char *value; };	// absolute path, NAME, or the whole pkcs11: URI

enum trust_eku { TRUST_EKU_NONE, TRUST_EKU_CMC_CA, TRUST_EKU_CMC_RA };
enum trust_missing { TRUST_MISSING_REFUSE, TRUST_MISSING_WARN };

// Who is believed. A folder stands for the files *.pem *.crt *.cer *.der in it
// (of CRLs: *.crl *.pem *.der), in order of their names.
struct settings_trust {
	char *name;
	struct option_texts anchors;		// files or folders
	struct option_texts intermediates;	// candidates, never anchors
	bool revocation;			// `revoked` was written, and certificates are held against it
	struct {
		struct option_texts crls;	// files or folders
		struct option_texts points;	// URL prefixes that cRLDistributionPoints may be fetched from (http:)
		struct option_texts ocsp;	// URL prefixes of responders that a certificate may name (http:); empty = off
		int64_t timeout;		// ms, of one fetch
		int64_t max_size;		// octets of a CRL that is fetched
		int missing;			// enum trust_missing: nothing tells whether it is revoked
	} revoked;
	int eku;				// enum trust_eku: what a signer's certificate must be made for
	struct settings_place place;
};

// A certificate of the gateway itself, with its key.
struct settings_credential {
	char *name;
	char *cert;			// file: the certificate, then its chain
	struct settings_source key;	// FILE, CRED or PKCS11
	struct settings_source pass;	// of an encrypted key, or the PIN of the token; NONE = there is none
	char *module;			// PKCS#11 module, where the URI names none
	struct settings_place place;
};

enum secrets_uses { SECRETS_SINGLE, SECRETS_MANY };

// A table of the secrets that devices share with us (base/secret_table.h).
struct settings_secrets {
	char *name;
	char *file;
	int uses;			// enum secrets_uses, where a line of the table does not say
	struct settings_place place;
};

// What routes with to: answers say to genm (RFC 9483 4.3). Paths of files.
struct settings_answers {
	bool given;			// anything at all is there
	struct option_texts ca_certs;
	char *new_with_new, *new_with_old, *old_with_new;	// root_update; the first may stand alone
	struct option_texts crls;
	struct option_texts templates;	// "PROFILE=path": CertReqTemplateContent in DER; PROFILE empty: for requests without certProfile
	struct settings_place place;
};

struct settings_listener {
	char *name;
	struct url url;
	void *options;			// the driver's struct
	struct settings_place place;
};

struct settings_upstream {
	char *name;
	struct url url;
	void *options;
	int64_t timeout;		// ms for one exchange with it
	struct option_texts insecure;	// kept for check's notes
	struct option_texts trust;	// trust sets: who may protect its answers
	struct option_texts issued_trust;	// trust sets: what it issues must chain to one of them
	struct settings_place place;
};

enum route_target { TARGET_UPSTREAM, TARGET_REJECT, TARGET_ANSWERS };
enum route_protection { ROUTE_KEEP, ROUTE_ADD, ROUTE_REPLACE };
enum route_popo { ROUTE_POPO_KEEP, ROUTE_POPO_RAVERIFIED };
enum route_bind { BIND_SUBJECT, BIND_SERIAL, BIND_NONE };
// Tolerated deviations from RFC 9483 (accept:), one bit each.
enum {
	ACCEPT_UNPROTECTED_ERROR = 1, ACCEPT_PVNO1 = 2, ACCEPT_MISSING_SENDER_KID = 4, ACCEPT_PBMAC1_BITS = 8,
	ACCEPT_REG_INFO = 16, ACCEPT_POPOSK_INPUT = 32, ACCEPT_SHA1_MAC = 64
};

struct settings_route {
	char *name;
	struct option_texts from;	// listener names; empty = any
	struct option_texts match_path;		// globs; empty = any
	struct option_texts match_profile;	// globs on certProfile of the header
	struct option_texts match_body;		// body names, groups expanded (bit set below)
	uint64_t body_bits;		// bit n: PKIBody tag n may pass; 0 = any
	struct option_texts match_source;	// CIDRs
	struct option_texts match_sender;	// globs on the sender's RFC 4514 text
	struct option_texts match_kid;		// globs on senderKID: its text where printable, else lower-case hex; written "kid:GLOB"
	struct {				// match.sender.signer: the certificate that protects the message
		bool given;
		char *issuer, *san;		// globs; NULL = any
		char *trust;			// the trust set it must be verified under; NULL = any of the route
	} match_signer;
	struct {				// match.template: what is asked for
		bool given;
		struct option_texts subject;	// globs on its RFC 4514 text
		struct option_texts san;	// globs on "DNS:...", "IP:...", "URI:..."; every name must fit one
		struct option_texts key;	// p256 p384 p521 bp256 bp384 bp512 ed25519 ed448 rsa rsa>=2048 rsa>=3072 rsa>=4096
		struct option_texts eku;	// purposes by name or dotted OID; all that are asked for must be among them
		int64_t validity;		// ms; the longest that may be asked for; 0 = any
	} match_template;
	enum route_target target;
	size_t upstream;		// index into upstreams (TARGET_UPSTREAM)
	enum failure reject_status;	// TARGET_REJECT
	char *reject_text;
	int protection;			// enum route_protection
	int popo;			// enum route_popo
	bool accept_raverified;		// raVerified of a signer with id-kp-cmcRA is believed
	bool on_behalf;			// a signer with id-kp-cmcRA may ask for, and revoke, certificates of others
	int bind;			// enum route_bind: how the signer is held against the subject asked for
	struct option_texts trust;	// trust sets: who may sign
	struct option_texts secrets;	// tables of secrets
	char *sign_with, *reply_with;	// credentials, towards the CA and the device; NULL = none
	unsigned accept;		// ACCEPT_ bits
	bool accept_ca_pubs;		// caPubs of an ip may go down
	bool accept_subject_change;	// the CA may issue another subject than was asked for
	struct {			// set: changes of the template; with replace and raverified only
		bool given;
		char *subject;			// RFC 4514; replaces the subject
		struct option_texts add;	// RDNs behind the subject, "OU=Cell A"
		struct option_texts san;	// names added: "DNS:host", "IP:10.0.0.1", "URI:...", "email:..."
		int64_t validity;		// ms; 0 = as asked for
	} set;
	struct {			// approve: who says yes; both NULL = nobody is asked
		char *hook;			// program: a JSON object on standard input, its exit code is the verdict
		int64_t timeout;		// ms it may take
		char *allow;			// CSV file (base/allow_list.h)
	} approve;
	struct settings_place place;
};

struct settings_limits {
	int64_t max_message, max_answer;		// octets: 64KiB, 256KiB
	int64_t transactions;				// in flight, 1..1024
	int64_t bytes_in_flight;			// 12MiB
	int64_t exchange_timeout;			// ms: 60s
	int64_t transaction_timeout;			// ms: 1h
	int64_t forget;					// ms an ended transaction serves repeats: 24h
	int64_t rate, rate_burst;			// per source and second: 10, 40
	struct option_texts rate_exempt;		// CIDRs
	int64_t connections, connections_per_source;
	int64_t header_timeout, body_timeout, write_timeout, idle_timeout, min_rate;
	int64_t clock_skew;				// ms that messageTime may differ: 1h; 0 = not looked at
	int64_t mac_iterations;				// the most a MAC may cost: 100000
	int64_t mac_refusal_delay;			// ms before a wrong MAC is answered: 1s
	int64_t per_identity;				// transactions in flight of one verified identity: 4
	int64_t failures, failure_window;		// 5 refusals of one identity in 10m
	int64_t secret_failures;			// after so many a secret is locked: 5
	int64_t coap_sessions, coap_assemblies, coap_assemblies_per_peer, coap_assembly_bytes, coap_assembly_timeout, coap_waiting, coap_answers;
};

enum clock_rule { CLOCK_WAIT_FOR_SYNC, CLOCK_TRUST_SYSTEM, CLOCK_USE_FLOOR };
enum audit_full { AUDIT_DROP_OLDEST, AUDIT_STOP_ISSUING };

struct settings {
	int64_t version;
	struct option_texts include;	// always empty: a loaded configuration has its includes in it
	char *site;
	char *user, *group;
	struct { char *path; } store;
	char *control;			// path of the control socket; NULL = the daemon chooses
	int clock;			// enum clock_rule
	int64_t workers;		// threads that verify and sign: -1 = one for each core, 0 = none
	struct { int level; int format; } log;		// enum log_level, enum log_format
	struct { char *file; bool required; int full; int64_t keep; } audit;	// file NULL = none; enum audit_full; octets kept
	struct settings_limits limits;
	struct settings_listener *listeners; size_t listener_count;
	struct settings_upstream *upstreams; size_t upstream_count;
	struct settings_trust *trusts; size_t trust_count;
	struct settings_credential *credentials; size_t credential_count;
	struct settings_secrets *secrets; size_t secrets_count;
	struct settings_answers answers;
	struct settings_route *routes; size_t route_count;	// the implicit route included
	bool implicit_route;		// the only route was not written
	// private: memory, file names, rows
	struct settings_private *private;
};

// One finding of a load or check.
enum finding_severity { FINDING_ERROR, FINDING_WARNING, FINDING_NOTE };
struct finding {
	enum finding_severity severity;
	char code[8];			// "E0103": stable once released
	char *file; int line, column, width;	// file may be NULL; line 0: the file as a whole
	char *message, *help, *source_line;	// help, source_line may be NULL
	int caret;				// where in source_line the underline begins
	int rank;				// of the file in the order of loading
};
struct findings {
	struct finding *items;
	size_t count, errors, warnings;
	size_t room;
	bool exhausted;		// memory ran out: not all is said, and it counts as an error
};

// Load and check a file with its includes; "-" is standard input, whose relative
// paths start in the working folder. schemes ends with an entry whose
// scheme is NULL; rows are borrowed for the life of the settings. Always fills
// findings (overwritten without looking; sorted by position; findings_clear()
// frees them); NULL when there was any error. Drop with settings_unref().
// A listener whose url.host is empty binds loopback only, IPv4 and IPv6.
struct settings *settings_load(const char *file, const struct config_scheme *schemes, struct findings *findings);
struct settings *settings_ref(struct settings *s);
void settings_unref(struct settings *s);
void findings_clear(struct findings *f);
// Add a finding of somebody else: code is one that finding_code() lists and
// gives the severity; at may be NULL, and its line is not shown. Texts are
// copied; help may be NULL.
void findings_put(struct findings *f, const char *code, const struct settings_place *at, const char *message, const char *help);
// Write findings as `check` prints them (gcc style with caret and help), with the closing count; colour where asked.
void findings_print(const struct findings *f, void (*put)(void *context, const char *text), void *context, bool colour);
// The same as a JSON array; mem_free() it. NULL without memory.
char *findings_json(const struct findings *f);
// The effective configuration with all defaults, as YAML or JSON; mem_free() it.
char *settings_show(const struct settings *s, bool json);
// Texts made from the option rows; mem_free() them.
char *settings_schema(const struct config_scheme *schemes);	// JSON Schema
char *settings_manual(const struct config_scheme *schemes);	// man page section, mdoc or man macros
char *settings_sample(const struct config_scheme *schemes);	// commented sample file
// Tell whether a reload from a to b needs a restart; then the sentence stands in f.
bool settings_needs_restart(const struct settings *a, const struct settings *b, struct fault *f);
// Tell whether a listener or upstream stands unchanged in both (name, URL, options).
bool settings_listener_same(const struct settings_listener *a, const struct settings_listener *b, const struct config_scheme *schemes);
bool settings_upstream_same(const struct settings_upstream *a, const struct settings_upstream *b, const struct config_scheme *schemes);
// Find an entry by its name; NULL when there is none.
const struct settings_trust *settings_trust_named(const struct settings *s, const char *name);
const struct settings_credential *settings_credential_named(const struct settings *s, const char *name);
const struct settings_secrets *settings_secrets_named(const struct settings *s, const char *name);
// "2 listeners, 1 upstream, 1 route", for people; answers out.
const char *settings_summary(const struct settings *s, char *out, size_t size);
// What the configuration lets through: a sentence on the routes as a whole (insecure false), then one for each place that
// tolerates less than RFC 9483 wants (insecure true; at most POSTURE_INSECURE_MAX, then one with the number of the others).
enum { POSTURE_INSECURE_MAX = 64, POSTURE_TEXT = 320 };
typedef void settings_posture_put(void *context, bool insecure, const char *text);
void settings_posture(const struct settings *s, settings_posture_put *put, void *context);
// Tell whether permissions keep the user of this process from reading a file;
// then who may not, and what to type, stands in out. secret: a file that stays
// closed to the group, as keys and tables of secrets do.
bool settings_unreadable(const char *file, bool secret, char *out, size_t size);
// The YAML reader underneath, for `cmpgate version`: "libyaml 0.2.5".
const char *settings_library(void);
// What a code means, in a few sentences; NULL for an unknown code.
const char *finding_explain(const char *code);
// The i-th code, for listing them all; NULL at the end.
const char *finding_code(size_t i);

#endif
