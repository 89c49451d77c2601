// SPDX-License-Identifier: GPL-3.0-or-later
// protection: RFC 9483 3.5 rows 7 to 12 under one route. The loop prepares a
// job (which kind is expected, which secret, which sets, and every cap), a
// worker runs it, and the loop reads the identity off it. Never a second route.
#ifndef CMPGATE_GATEWAY_PROTECTION_H
#define CMPGATE_GATEWAY_PROTECTION_H

#include "gateway/identity.h"
#include "gateway/inspect.h"
#include "gateway/keyring.h"
#include "gateway/policy.h"

enum { SECRET_OCTETS_MAX = 512 };

// The time that signatures are judged by.
struct judging_time { int64_t at; bool at_floor; };

// One message whose protection is judged: the envelope or the message itself.
struct protection_part {
	const struct pkimessage *message;
	enum protection_kind kind;
	struct span known;			// extraCerts of the sender's first message
	struct mac_parameters mac;
	uint8_t secret[SECRET_OCTETS_MAX];
	size_t secret_len;
	// results of a signature
	struct signer_verdict signer;
	bool signer_is_ra;
};

// Flat but for the messages it borrows from, which the caller holds until it is done.
struct protection_job {
	struct protection_part parts[2];	// the envelope first, if there is one
	size_t part_count;
	struct trust *trusts[ROUTE_TRUSTS_MAX];	// references of its own
	size_t trust_count;
	struct judging_time time;
	bool missing_sender_kid;
	struct wants *wants;			// of the setup
	// proof of possession of this request; NULL = none is looked at
	const struct pkimessage *pop;
	bool popo_input;
	// results
	bool well;
	struct verdict verdict;
	bool pop_failed;			// protection went well, the proof of possession did not
	bool mac_failed;			// the refusal waits for its tick
	const char *mac_cause;			// and why it failed, for the log alone
};

// What the loop knows.
struct protection_setup {
	const struct settings *settings;
	const struct settings_route *route;
	const struct keyring *keys;
	const struct message *message;
	const struct identity *expected;	// of the transaction; NULL for a first message
	struct span known;
	struct judging_time time;
	struct wants *wants;			// as in path_request (pki/path.h); NULL: what is known of revocation must do
};

// Rows 7 and 8 and everything that costs nothing. False with the verdict in
// j->verdict; mac_failed then says that nothing must tell an unknown reference
// from a wrong MAC. *secret: the entry that the message refers to, or NULL.
bool protection_prepare(struct protection_job *j, const struct protection_setup *setup, const struct secret_entry **secret);
// A PKCS#10 request that came without any protection (RFC 9483 5.3.1): only the
// proof of its key is verified. False where the route does not take such requests.
bool protection_prepare_adopted(struct protection_job *j, const struct settings_route *r, const struct message *m);
// The common name of a sender that is nothing but one (RFC 9483 3.1); len 0 = another kind of name.
struct span protection_sender_name(const struct pkiheader *h);
// The refusal of a MAC: one sentence for an unknown reference, a wrong value, a
// secret that is spent, locked or expired. Answers false.
bool protection_mac_refused(struct verdict *v);
// On a worker: fills well, verdict and the results. With wants that are needed it may be run once more when they are had.
void protection_run(struct protection_job *j, struct path_cache *cache);
// Who it was; only after a job went well. part: 0 = the outermost.
void protection_identity(const struct protection_job *j, size_t part, const struct secret_entry *secret, struct identity *out);
// The signer of a part; NULL when it was a MAC.
const struct certificate *protection_signer(const struct protection_job *j, size_t part);
// Wipe the secrets, drop the references.
void protection_clear(struct protection_job *j);

#endif
