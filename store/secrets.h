// SPDX-License-Identifier: GPL-3.0-or-later
// secrets: what became of the shared secrets of devices. Their values stand in
// the operator's files and never here; a row says which transaction holds a
// secret, whether it is spent or locked, and how often it failed.
#ifndef CMPGATE_STORE_SECRETS_H
#define CMPGATE_STORE_SECRETS_H

#include "store/store.h"

enum secret_state { SECRET_FREE, SECRET_BOUND, SECRET_SPENT, SECRET_LOCKED };
enum { SECRET_TABLE_MAX = 64, SECRET_REFERENCE_MAX = 64 };
#define SECRET_ANY_VERSION (-1)		// of a writer that knows itself the only one

struct secret_row {
	char table[SECRET_TABLE_MAX + 1];		// name in the configuration
	uint8_t reference[SECRET_REFERENCE_MAX];	// senderKID
	size_t reference_len;
	uint8_t value_tag[8];		// changes with the value: another value is another secret
	enum secret_state state;
	uint8_t transaction_id[64];	// BOUND, SPENT: the transaction
	size_t transaction_id_len;
	int64_t failures;		// in the running window
	int64_t window_wall_s;		// when the window began
	int64_t changed_wall_s;
	int64_t version;		// 0: not stored yet
};

// Write a row over the version it names (0: insert; SECRET_ANY_VERSION: over
// whatever stands there); stored with the next version.
bool secret_put(struct store_unit *u, const struct secret_row *row);
// Forget a row.
bool secret_delete(struct store_unit *u, const struct secret_row *row);
// Hand every row to each(), in order of table and reference. Blocks: at the start, and for commands.
bool secrets_load(struct store *s, void (*each)(void *context, const struct secret_row *row), void *context, struct fault *f);

#endif
