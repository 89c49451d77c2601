// SPDX-License-Identifier: GPL-3.0-or-later
// Any octets as an HTTP response.
#include "tests/fuzz/http_pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	http_pieces_compare(false, span_of(data, size));
	return 0;
}
