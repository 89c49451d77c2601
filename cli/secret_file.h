// SPDX-License-Identifier: GPL-3.0-or-later
// secret_file: a table of shared secrets as commands change it. What stands in
// the file stays as it is, comments too; it is replaced as a whole, durably,
// with its owner and mode, and never by one that would not load.
#ifndef CMPGATE_CLI_SECRET_FILE_H
#define CMPGATE_CLI_SECRET_FILE_H

#include "base/secret_table.h"

// Two commands at a time wait for each other.
struct secret_file { char *path; int fd; uint8_t *octets; size_t len; };

// Open and lock a table; one that is not there is begun, mode 0600, of the user
// with this name (NULL, or not root: ours). False with the fault.
bool secret_file_open(struct secret_file *s, const char *path, const char *user, struct fault *f);
// Wipe and close.
void secret_file_close(struct secret_file *s);

// Add a line (no line end in it) for a reference (octets). False with the fault: also when it stands there.
bool secret_file_add(struct secret_file *s, struct span reference, struct span line, struct fault *f);
// Give the secret of this reference another value, and another end of its life
// ("2026-12-31T00:00:00Z", "" = none). False with the fault.
bool secret_file_rotate(struct secret_file *s, struct span reference, const char *value, const char *expires, struct fault *f);

#endif
