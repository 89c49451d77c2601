// SPDX-License-Identifier: GPL-3.0-or-later
// secrets: what became of each shared secret of a device: free,
// bound to a transaction, spent, locked. The rows stand in the store and are
// all in memory; a change is written in the unit of the decision it belongs to.
#ifndef CMPGATE_GATEWAY_SECRETS_H
#define CMPGATE_GATEWAY_SECRETS_H

#include "codec/pkimessage.h"
#include "gateway/keyring.h"
#include "store/secrets.h"

struct secret_states;

// Read all rows; store NULL: nothing is durable. NULL with the fault.
struct secret_states *secret_states_new(struct store *store, struct fault *f);
void secret_states_free(struct secret_states *s);

enum secret_use {
	SECRET_USABLE,
	SECRET_DEAD,		// spent, locked or expired: no different from a wrong MAC
	SECRET_TAKEN		// another transaction holds it: notAuthorized, once the MAC has verified
};
// A transaction that wants to use it. first: with its first message, which a spent secret serves only once.
struct secret_claim { struct span transaction_id; bool first; };
// May it? now: seconds since 1970; 0 = the clock cannot say. One that was bound
// before this start is free again timeout_ms after it, unless its transaction has
// gone on: the row that would have timed out is gone.
enum secret_use secret_look(struct secret_states *s, const struct secret_entry *e, const struct secret_claim *c, int64_t timeout_ms, int64_t now);

// What a secret was before it was bound.
struct secret_before {
	bool set;		// it was bound by this
	enum secret_state state;
	bool inherited;
	uint8_t transaction_id[CAP_TRANSACTION_ID];
	size_t transaction_id_len;
};

// Changes: the memory at once, the row with the unit (NULL: memory only). A
// secret that is good for many transactions is neither bound nor spent.
// False without memory: refuse what was about to be done.
bool secret_bind(struct secret_states *s, struct store_unit *u, const struct secret_entry *e, struct span transaction_id, int64_t now,
	struct secret_before *before);
// The unit of a bind did not come to be: the memory as it was before, unless somebody else has changed it.
void secret_unbind(struct secret_states *s, const struct secret_entry *e, struct span transaction_id, const struct secret_before *before);
// One that another transaction holds by now stays with that.
bool secret_spend(struct secret_states *s, struct store_unit *u, const struct secret_entry *e, struct span transaction_id, int64_t now);
bool secret_release(struct secret_states *s, struct store_unit *u, const struct secret_entry *e, struct span transaction_id, int64_t now);
// A MAC with it failed: locked after `most` failures within the window (seconds).
bool secret_failed(struct secret_states *s, struct store_unit *u, const struct secret_entry *e, int64_t most, int64_t window, int64_t now);
// By an operator: lock it, or set it free again.
bool secret_set(struct secret_states *s, struct store_unit *u, const struct secret_entry *e, enum secret_state state, int64_t now);
// Take a change back in memory: the row is what secret_row_of() said before.
void secret_put_back(struct secret_states *s, const struct secret_row *row);
// The row of a secret as it stands (state SECRET_FREE when there is none).
void secret_row_of(const struct secret_states *s, const struct secret_entry *e, struct secret_row *out);

#endif
