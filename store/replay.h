// SPDX-License-Identifier: GPL-3.0-or-later
// replay: which transactionIDs were used lately. The insert is the check: a
// used one is a conflict that brings the old row.
#ifndef CMPGATE_STORE_REPLAY_H
#define CMPGATE_STORE_REPLAY_H

#include "store/store.h"

struct replay_row {
	uint8_t transaction_id[64];
	size_t transaction_id_len;
	uint8_t identity[32];		// SHA-256 of who was verified: certificate, or table and reference
	uint8_t digest[32];		// SHA-256 of all octets of the first request
	struct store_time until;	// kept so long: by mono_ms in the same boot, else by wall_s once it is synced
};

bool replay_insert(struct store_unit *u, const struct replay_row *row);
// A later message of a transaction that only the store may still know: a
// conflict when its row is of another identity; when there is no row, only where
// it has to be there, and then the conflict brings none.
bool replay_expect(struct store_unit *u, struct span transaction_id, const uint8_t identity[32], bool needed);
// Nothing came of the request with these octets (SHA-256): its transactionID was never used. A row of another request stays.
bool replay_remove(struct store_unit *u, struct span transaction_id, const uint8_t digest[32]);
// Number of rows kept. Blocks; for tests and status.
bool replay_count(struct store *s, int64_t *count, struct fault *f);

#endif
