// SPDX-License-Identifier: GPL-3.0-or-later
// rate: a token bucket per source (an address, or a device), in a table of
// fixed size: the source that was quiet longest is forgotten first.
#ifndef CMPGATE_GATEWAY_RATE_H
#define CMPGATE_GATEWAY_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RATE_SOURCES = 1024 };	// sources remembered at once

struct rate_table;

// NULL without memory or randomness.
struct rate_table *rate_table_new(void);
void rate_table_free(struct rate_table *t);
// Count one request of a source (an address as text, without port) at now_ms
// (monotonic); false when it came too fast. per_second and burst are whole requests.
bool rate_take(struct rate_table *t, const char *source, int64_t per_second, int64_t burst, int64_t now_ms);
// Count something that a source may do `most` times within a window (ms): the bucket fills again as time passes.
void rate_count(struct rate_table *t, const char *source, int64_t most, int64_t window_ms, int64_t now_ms);
// Tell whether it has one left.
bool rate_has(const struct rate_table *t, const char *source, int64_t most, int64_t window_ms, int64_t now_ms);

#endif
