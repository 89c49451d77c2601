// SPDX-License-Identifier: GPL-3.0-or-later
// log_queue: lines on their way to stderr, written by a thread of their own. A
// pipe, a terminal or a journal that takes nothing holds that thread up and
// nobody else. Private to base/.
#ifndef CMPGATE_BASE_LOG_QUEUE_H
#define CMPGATE_BASE_LOG_QUEUE_H

#include "base/buffer.h"

#define LOG_QUEUE_LINE 8192	// octets of the longest line

// Start the thread with room for `octets`; dropped() writes the line that tells of
// lost ones, on that thread. False without memory or thread.
bool log_queue_start(size_t octets, void (*dropped)(struct buffer *out, uint64_t count));
// Hand in one line with its end. False when there is no thread: write it yourself.
// True as well when it was dropped.
bool log_queue_put(struct span line);
// Wait at most `ms` until all is written and the thread has ended; true when it has.
bool log_queue_stop(int64_t ms);

#endif
