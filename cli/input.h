// SPDX-License-Identifier: GPL-3.0-or-later
// input: the octets of a file that a command is asked to look at.
#ifndef CMPGATE_CLI_INPUT_H
#define CMPGATE_CLI_INPUT_H

#include <stdbool.h>

#include "base/buffer.h"

enum { INPUT_MAX = 1 << 20 };	// octets: no message or certificate is larger

// Read a file, or standard input where it is "-", into a buffer of the caller
// (buffer_init with INPUT_MAX). False after a complaint on standard error in
// the name of the command: it cannot be read, is a folder, or is too large.
bool input_read(struct buffer *in, const char *command, const char *file);

#endif
