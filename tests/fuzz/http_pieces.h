// SPDX-License-Identifier: GPL-3.0-or-later
// http_pieces: one HTTP message whole and in pieces must read the same.
#ifndef CMPGATE_TESTS_HTTP_PIECES_H
#define CMPGATE_TESTS_HTTP_PIECES_H

#include "transports/http1.h"

// Read it both ways; aborts where they differ, or where a limit is broken.
void http_pieces_compare(bool request, struct span in);

#endif
