// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of what the gateway believes, what it signs with, what it shares with
// devices, and what it answers by itself.
#include "config/language.h"

#include <assert.h>

#define IN(type, field) offsetof(struct type, field)
#define LATER(name) { .key = name, .kind = OPTION_ABSENT, .help = "Not in this build." }

static_assert(TRUST_EKU_NONE == 0 && TRUST_EKU_CMC_RA == 2, "the list of purposes has an entry per purpose");
static_assert(TRUST_MISSING_REFUSE == 0 && TRUST_MISSING_WARN == 1, "the list of words has an entry per rule");
static_assert(SECRETS_SINGLE == 0 && SECRETS_MANY == 1, "the list of words has an entry per rule");

static const char *const purposes[] = { "none", "cmcCA", "cmcRA", NULL };
static const char *const missing_words[] = { "refuse", "warn", NULL };
static const char *const uses_words[] = { "single", "many", NULL };
static const char *const key_sources[] = { "path", "file", "cred", "pkcs11", NULL };
static const char *const pass_sources[] = { "file", "env", "cred", NULL };
static const char *const table_sources[] = { "path", "file", NULL };

#define IN_REVOKED(field) (IN(settings_trust, revoked.field) - IN(settings_trust, revoked))
static const struct option_row revocation_rows[] = {
	{ .key = "crls", .kind = OPTION_PATHS, .offset = IN_REVOKED(crls), .min = 1, .max = 256,
	  .help = "CRLs in PEM or DER, or folders of them (*.crl, *.pem, *.der).", .example = "[/var/lib/cmpgate/crl/maker.crl]" },
	{ .key = "points", .kind = OPTION_TEXTS, .offset = IN_REVOKED(points), .min = 1, .max = 64,
	  .help = "Beginnings of http: URLs. A CRL is fetched from a distribution point of a certificate only where it begins like one of these: "
	  "the same host and port, and the same path or one below it. Redirects are not followed.",
	  .example = "[\"http://pki.example/crl/\"]" },
	{ .key = "ocsp", .kind = OPTION_TEXTS, .offset = IN_REVOKED(ocsp), .min = 1, .max = 64,
	  .help = "Beginnings of http: URLs of OCSP responders that are asked where a certificate names one, before CRLs of points; off asks none.",
	  .example = "[\"http://ocsp.example/\"]" },
	{ .key = "timeout", .kind = OPTION_DURATION, .offset = IN_REVOKED(timeout), .min = 100, .max = 60000, .standard = "5s",
	  .help = "How long fetching one CRL or one answer may take. The device waits meanwhile, at most three times for a message." },
	{ .key = "max_size", .kind = OPTION_SIZE, .offset = IN_REVOKED(max_size), .min = 1024, .max = 16777216, .standard = "4MiB",
	  .help = "Octets of a CRL that is fetched. Four times as many are kept in memory for this set, and at least 1MiB." },
	{ .key = "missing", .kind = OPTION_CHOICE, .offset = IN_REVOKED(missing), .choices = missing_words, .standard = "refuse",
	  .help = "What happens when nothing tells whether a certificate is revoked, or what would tell cannot be fetched." },
	{ .key = NULL }
};

const struct option_row language_trust[] = {
	{ .key = "anchors", .kind = OPTION_PATHS, .offset = IN(settings_trust, anchors), .required = true, .min = 1, .max = 256,
	  .help = "Certificates in PEM or DER where trust ends, or folders of them (*.pem, *.crt, *.cer, *.der).", .example = "[/etc/cmpgate/trust/maker-root.pem]" },
	{ .key = "intermediates", .kind = OPTION_PATHS, .offset = IN(settings_trust, intermediates), .min = 1, .max = 256,
	  .help = "Certificates that help to find a path where a device does not send them, or folders of them. They are never believed for themselves.",
	  .example = "[/etc/cmpgate/trust/maker-sub.pem]" },
	{ .key = "revocation", .kind = OPTION_RECORD, .offset = IN(settings_trust, revoked), .rows = revocation_rows,
	  .help = "How to learn that a certificate is revoked. Without this key nothing is looked up." },
	{ .key = "eku", .kind = OPTION_CHOICE, .offset = IN(settings_trust, eku), .choices = purposes, .standard = "none",
	  .help = "A purpose that a signer's certificate must be made for: cmcCA for a CA, cmcRA for a registration authority." },
	{ .key = NULL }
};

const struct option_row language_credential[] = {
	{ .key = "cert", .kind = OPTION_PATH, .offset = IN(credential_entry, credential.cert), .required = true,
	  .help = "The certificate in PEM, with its chain behind it, or in DER.", .example = "/etc/cmpgate/ra.pem" },
	{ .key = "key", .kind = OPTION_SOURCE, .offset = IN(credential_entry, credential.key), .choices = key_sources, .required = true,
	  .help = "Its private key: a path, cred:NAME for a credential of systemd, or a pkcs11: URI (RFC 7512) without a PIN. "
	  "A key file is closed to group and others.", .example = "/etc/cmpgate/ra.key" },
	{ .key = "pass", .kind = OPTION_SOURCE, .offset = IN(credential_entry, credential.pass), .choices = pass_sources,
	  .help = "Where the pass phrase of the key stands: file:/path, env:NAME or cred:NAME. pin: is the same for a token.", .example = "file:/etc/cmpgate/ra.pass" },
	{ .key = "pin", .kind = OPTION_SOURCE, .offset = IN(credential_entry, pin), .choices = pass_sources,
	  .help = "Where the PIN of the token stands; another name of pass.", .example = "cred:ra-pin" },
	{ .key = "module", .kind = OPTION_PATH, .offset = IN(credential_entry, credential.module), .restart = true,
	  .help = "The PKCS#11 module, where the URI of the key names none.", .example = "/usr/lib/softhsm/libsofthsm2.so" },
	LATER("renew"),
	{ .key = NULL }
};

const struct option_row language_secrets[] = {
	{ .key = "file", .kind = OPTION_SOURCE, .offset = IN(secrets_entry, file), .choices = table_sources, .required = true,
	  .help = "A file of lines REFERENCE:SECRET, closed to group and others.", .example = "file:/etc/cmpgate/secrets/commissioning.txt" },
	{ .key = "uses", .kind = OPTION_CHOICE, .offset = IN(secrets_entry, uses), .choices = uses_words, .standard = "single",
	  .help = "single: each secret is good for one transaction; many: for any number. A line can say otherwise." },
	{ .key = NULL }
};

#define IN_UPDATE(field) (IN(settings_answers, field) - IN(settings_answers, new_with_new))
static const struct option_row update_rows[] = {
	{ .key = "new_with_new", .kind = OPTION_PATH, .offset = IN_UPDATE(new_with_new), .required = true,
	  .help = "The new root certificate.", .example = "/etc/cmpgate/trust/plant-root-2.pem" },
	{ .key = "new_with_old", .kind = OPTION_PATH, .offset = IN_UPDATE(new_with_old),
	  .help = "The new root's key, certified with the old one.", .example = "/etc/cmpgate/trust/plant-root-2-by-1.pem" },
	{ .key = "old_with_new", .kind = OPTION_PATH, .offset = IN_UPDATE(old_with_new),
	  .help = "The old root's key, certified with the new one.", .example = "/etc/cmpgate/trust/plant-root-1-by-2.pem" },
	{ .key = NULL }
};

const struct option_row language_answers[] = {
	{ .key = "ca_certs", .kind = OPTION_PATHS, .offset = IN(settings_answers, ca_certs), .min = 1, .max = 64,
	  .help = "CA certificates for devices (RFC 9483 4.3.1), in PEM or DER.", .example = "[/etc/cmpgate/trust/plant-root.pem]" },
	{ .key = "root_update", .kind = OPTION_RECORD, .offset = IN(settings_answers, new_with_new), .rows = update_rows,
	  .help = "The update of a root certificate (RFC 9483 4.3.2)." },
	{ .key = "template", .kind = OPTION_PATH_MAP, .offset = IN(settings_answers, templates), .max = 64,
	  .help = "What a request should look like (RFC 9483 4.3.3): for each certificate profile a CertReqTemplateContent in DER. "
	  "A path alone, or that of the name \"\", is for requests that name no profile.", .example = "{plc: /etc/cmpgate/plc-template.der}" },
	{ .key = "crls", .kind = OPTION_PATHS, .offset = IN(settings_answers, crls), .min = 1, .max = 64,
	  .help = "CRLs for devices (RFC 9483 4.3.4), in PEM or DER.", .example = "[/var/lib/cmpgate/crl/plant.crl]" },
	{ .key = NULL }
};
