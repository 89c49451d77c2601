// SPDX-License-Identifier: GPL-3.0-or-later
// coap_path: what the Uri-Path options of a request say (RFC 9482 2.1), and the
// links that discovery answers (RFC 6690). CoAP devices write operations short,
// as "ir"; the rest of the program knows only the long HTTP labels.
#ifndef CMPGATE_TRANSPORTS_COAP_PATH_H
#define CMPGATE_TRANSPORTS_COAP_PATH_H

#include "base/buffer.h"
#include "base/fault.h"
#include "base/option.h"
#include "transports/driver.h"

#define COAP_PATH_CORE "/.well-known/core"

// Append one Uri-Path option to l->path. False when it holds anything but
// printable ASCII without '/', or when the path becomes too long: no such path is served.
bool coap_path_append(struct label *l, struct span segment);
// Fill profile and operation from l->path. True for /.well-known/cmp, its older
// form /cmp, both with p/<name> and <op> behind them, and for a path of `extra`
// exactly as written there. Unknown operations are no paths.
bool coap_path_resolve(struct label *l, const struct option_texts *extra);
// The long label of a short one, "ir" -> "initialization"; NULL when there is none.
const char *coap_path_operation(struct span label);
// Tell whether a configured path can be served: label_check_path() without a
// slash at its end, and not the path of discovery; else false with the fault.
bool coap_path_check(const char *path, struct fault *f);
// Write the links of discovery: "</.well-known/cmp>;ct=259" and one for each extra path.
bool coap_path_links(struct buffer *out, const struct option_texts *extra);

#endif
