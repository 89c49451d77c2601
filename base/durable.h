// SPDX-License-Identifier: GPL-3.0-or-later
// durable: files that survive a power cut on any file system, FAT included.
// The rule: temporary name, write, fsync, rename without replacing, fsync the
// file again (on FAT the size stands in the directory entry that the rename
// made), fsync the folder; every result is looked at.
#ifndef CMPGATE_BASE_DURABLE_H
#define CMPGATE_BASE_DURABLE_H

#include <sys/types.h>

#include "base/fault.h"

enum durable { DURABLE_DONE, DURABLE_EXISTS, DURABLE_FAILED };

// Write octets under name in the folder behind dirfd, mode 0600 or as given.
// An existing file is never replaced: EXISTS. On FAILED the fault says which
// call failed and why, and no file stands under name unless the last fsync
// failed (then it may or may not survive: write again under another name).
enum durable durable_write(int dirfd, const char *name, struct span octets, unsigned mode, struct fault *f);
// Replace the file under name with octets, atomically and durably.
bool durable_replace(int dirfd, const char *name, struct span octets, unsigned mode, struct fault *f);
// The same for a file of this user and group; (uid_t)-1, (gid_t)-1: ours.
bool durable_replace_owned(int dirfd, const char *name, struct span octets, unsigned mode, uid_t user, gid_t group, struct fault *f);
// Rename from/name to to/new_name without replacing, and fsync file and both folders.
enum durable durable_move(int from, const char *name, int to, const char *new_name, struct fault *f);

#endif
