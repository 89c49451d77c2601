// SPDX-License-Identifier: GPL-3.0-or-later
// audit: the record of every decision (schema: cmpgate(1), AUDIT). A record travels
// in the unit of the effect that it describes; refusals before anything was
// accepted are merged per source and reason and written lazily, so that nobody
// can wear the flash out with garbage.
#ifndef CMPGATE_GATEWAY_AUDIT_H
#define CMPGATE_GATEWAY_AUDIT_H

#include "base/fault.h"
#include "codec/certificate.h"
#include "codec/pkimessage.h"
#include "store/audit.h"

// What the audit tells of a certificate; kept when its octets are gone.
struct certificate_facts {
	bool set;
	char subject[256], issuer[256], serial[2 * CAP_SERIAL + 3];
	int64_t not_after;
	uint8_t digest[32];
};
void certificate_facts_read(struct certificate_facts *out, const struct certificate *c, const uint8_t digest[32]);

// One decision. Texts may be NULL: not known.
struct audit_event {
	const char *event, *result;		// "cert.issued", "granted"
	const char *route, *listener, *transport, *peer, *body, *profile;
	struct span transaction_id;
	const char *sender, *auth;		// who was verified, and how: "signature", "mac", "none"
	const uint8_t *signer;			// 32 octets: SHA-256 of the certificate
	const char *kid;
	const struct certificate_facts *certificate;
	const char *upstream, *pki_status, *reason;
	enum failure failure;			// FAIL_NONE = none
	int64_t ms;				// since the request; -1 = not known
	uint64_t count;				// of merged refusals; 0 = one
	const char *operator_name;
};

enum { AUDIT_MERGED_MAX = 64, AUDIT_MERGE_MS = 60000 };

struct audit {
	struct store *store;			// NULL: nothing is recorded
	const char *site;			// borrowed from the settings
	const char *(*clock_state)(void *context);
	void *context;
	char boot[37];
	struct audit_merged {
		const char *event, *result;		// constants
		char key[288], route[65], listener[65], transport[16], peer[80], body[16], reason[256];
		char sender[256], auth[16];		// who was verified; empty: nobody
		uint8_t transaction_id[64], transaction_id_len;	// of the first
		enum failure failure;
		uint64_t count;
		int64_t first_ms;
	} merged[AUDIT_MERGED_MAX];
	size_t merged_count;
	uint64_t dropped;			// refusals beyond the table, in this minute
};

// Append the record of a decision to a unit. True when nothing is recorded at all.
bool audit_put(struct audit *a, struct store_unit *u, const struct audit_event *e);
// A record of its own, lazily: alarms, local answers.
void audit_note(struct audit *a, const struct audit_event *e);
// A refusal before acceptance, or an answer that changed nothing: merged. event and result must be constants.
void audit_refusal(struct audit *a, const struct audit_event *e, int64_t now_ms);
// Write merged refusals that are a minute old, or all. Answers when the next is due (ms), 0 = nothing waits.
int64_t audit_flush(struct audit *a, int64_t now_ms, bool all);

#endif
