// SPDX-License-Identifier: GPL-3.0-or-later
// keyring: what a configuration names, loaded from its files and tokens: trust
// sets, credentials, tables of shared secrets, texts of local answers. Made
// anew at each reload; immutable, counted on the loop thread. Loading blocks, and
// may run on any thread as long as that thread has the settings for itself.
#ifndef CMPGATE_GATEWAY_KEYRING_H
#define CMPGATE_GATEWAY_KEYRING_H

#include "base/allow_list.h"
#include "base/blob.h"
#include "config/settings.h"
#include "pki/credential.h"
#include "pki/trust.h"

enum { ROUTE_TRUSTS_MAX = 8, ROUTE_SECRETS_MAX = 8, SECRETS_MAX = 10000 };

// One shared secret of a device, as its file has it.
struct secret_entry {
	struct span reference, value;	// octets
	const char *name;		// RFC 4514 name that it belongs to; NULL = none
	int64_t expires;		// seconds since 1970; 0 = never
	bool single;			// good for one transaction
	const char *table;		// name of its table
	uint8_t value_tag[8];		// changes with the value
};
struct secret_table;

struct keyring;

// Hand everything that is wrong to tell (place: in the configuration; the
// fault: file, what, and how to mend it), and go on: NULL when there was
// anything. With tell NULL the first fault stands in f.
typedef void keyring_tell(void *context, const struct settings_place *place, const struct fault *f);
struct keyring *keyring_load(const struct settings *s, keyring_tell *tell, void *context, struct fault *f);
struct keyring *keyring_ref(struct keyring *k);
void keyring_unref(struct keyring *k);	// NULL is allowed; secrets are wiped

struct trust *keyring_trust(const struct keyring *k, const char *name);			// borrowed; NULL = unknown
struct credential *keyring_credential(const struct keyring *k, const char *name);
// Find a secret by its reference in the tables of these names, in their order; NULL = none.
const struct secret_entry *keyring_secret(const struct keyring *k, const struct option_texts *tables, struct span reference);
// Walk the secrets of a table; false for an unknown table.
bool keyring_secrets(const struct keyring *k, const char *table, void (*each)(void *context, const struct secret_entry *e), void *context);

// Ready-made values of local answers, DER; len 0 = not configured.
struct span keyring_ca_certs(const struct keyring *k);		// certificates one after the other
struct span keyring_root_update(const struct keyring *k);	// RootCaKeyUpdateContent
struct span keyring_crls(const struct keyring *k);		// CRLs one after the other
struct span keyring_template(const struct keyring *k, const char *profile);	// CertReqTemplateContent

// The allow-list of a route; NULL = it has none.
const struct allow_list *keyring_allow_list(const struct keyring *k, const struct settings_route *r);

// What a route uses, resolved.
struct route_keys {
	struct trust *trusts[ROUTE_TRUSTS_MAX]; size_t trust_count;		// of the device
	struct trust *upstream[ROUTE_TRUSTS_MAX]; size_t upstream_count;	// of the CA's answers
	struct trust *issued[ROUTE_TRUSTS_MAX]; size_t issued_count;
	struct credential *sign_with, *reply_with;				// NULL = none
	bool has_secrets;
};
void keyring_route(const struct keyring *k, const struct settings *s, const struct settings_route *r, struct route_keys *out);
// Tell whether a route looks at the protection of requests at all.
bool route_verifies(const struct settings_route *r);

#endif
