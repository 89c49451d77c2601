// SPDX-License-Identifier: GPL-3.0-or-later
// clock: all time of the program. Seconds are int64 everywhere: time_t has 32
// bits on some of our machines. Deadlines run on the monotonic clock only.
#ifndef CMPGATE_BASE_CLOCK_H
#define CMPGATE_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

// Seconds since 1970-01-01 00:00 UTC, by the wall clock.
int64_t clock_wall_s(void);
// Milliseconds of the wall clock, for log lines.
int64_t clock_wall_ms(void);
// Milliseconds of a clock that never jumps; its zero has no meaning.
int64_t clock_mono_ms(void);
// Tests: freeze both clocks at these values; clock_real() lets them run again.
void clock_fake(int64_t wall_ms, int64_t mono_ms);
void clock_advance(int64_t ms);
void clock_real(void);

// Calendar, proleptic Gregorian, UTC, years 0..9999. No libc time functions.
struct calendar { int year, month, day, hour, minute, second; };
// Turn seconds since 1970 into a calendar; false outside years 0..9999.
bool calendar_from_seconds(struct calendar *out, int64_t seconds);
// Turn a calendar into seconds since 1970; false when a field is out of range (second 0..59; 31 February is refused).
bool calendar_to_seconds(int64_t *out, const struct calendar *c);
// Write "2026-11-24T09:35:32.114Z" (needs 25 octets); answers out.
const char *calendar_text(int64_t wall_ms, char *out, size_t size);

#endif
