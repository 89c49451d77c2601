// SPDX-License-Identifier: GPL-3.0-or-later
// audit_file: writes the audit records of the store to log.audit.file, one JSON
// object a line, in their order, each once. The store is the truth: what the
// file lacks after a crash is written again from there.
#ifndef CMPGATE_DAEMON_AUDIT_FILE_H
#define CMPGATE_DAEMON_AUDIT_FILE_H

#include <uv.h>

#include "store/audit.h"

struct audit_file;

// Open (and create, mode 0640) the file for appending; an unfinished last line
// is cut off. blocked(context, why) tells when it cannot be written any more,
// and with NULL when it can again. NULL with the fault.
struct audit_file *audit_file_open(uv_loop_t *loop, struct store *store, const char *path,
	void (*blocked)(void *context, const char *why), void *context, struct fault *f);
// Look for new records now; it does so by itself every second.
void audit_file_poke(struct audit_file *a);
// Write what is left, then close; closed(context) is called from the loop. NULL is allowed.
void audit_file_close(struct audit_file *a, void (*closed)(void *context), void *context);

#endif
