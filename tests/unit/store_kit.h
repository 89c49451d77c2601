// SPDX-License-Identifier: GPL-3.0-or-later
// store_kit: what the tests of store/ share: folders of their own, rows by
// number, a store opened directly, and copies of its files as a cut leaves them.
#ifndef CMPGATE_TESTS_UNIT_STORE_KIT_H
#define CMPGATE_TESTS_UNIT_STORE_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/private.h"

extern unsigned kit_alarms;		// raised so far
extern char kit_alarm[512];		// the newest

// A new, empty folder; kit_remove() it. Not for threads.
char *kit_folder(void);
void kit_remove(char *folder);
void kit_empty(const char *folder);
// Name of a file in a folder, in one of four static places.
const char *kit_path(const char *folder, const char *name);
// Database, -wal and marker as they stand now: what a process that ends here leaves.
void kit_copy(const char *from, const char *to);
uint8_t *kit_read(const char *folder, const char *name, size_t *len);	// mem_free() it; NULL when it is not there
void kit_write(const char *folder, const char *name, struct span octets);
void kit_delete(const char *folder, const char *name);
bool kit_exists(const char *folder, const char *name);
// Files in quarantine/, in all its folders.
size_t kit_quarantined(const char *folder);

// A hash of 32 octets for the chain of records; no SHA-256, which store/ does not know.
bool kit_hash(const struct span *parts, size_t count, uint8_t out[32]);
struct store_setup kit_setup(const char *folder);
struct store *kit_open(const char *folder);	// directly; fails the test when it cannot
enum store_opened kit_try(const char *folder, char text[400]);	// opens, and closes again
void kit_close(struct store *s);

struct store_time kit_time(const char *boot, int64_t mono_ms, int64_t wall_s, bool synced);
struct replay_row kit_replay(unsigned n);
struct secret_row kit_secret(unsigned n);
// Apply one row directly.
enum store_result kit_apply(struct store *s, struct store_unit *u, struct store_conflict *conflict, struct replay_row *met);
enum store_result kit_insert(struct store *s, unsigned n);
enum store_result kit_put(struct store *s, struct secret_row *row);	// raises its version when done
// Insert replay row n, secret n and an audit record in one unit.
enum store_result kit_all(struct store *s, unsigned n);
// Is replay row n there, with its contents?
bool kit_has(struct store *s, unsigned n);
int64_t kit_count(struct store *s);
// One number by SQL of a test.
int64_t kit_number(struct store *s, const char *sql);

#endif
