// SPDX-License-Identifier: GPL-3.0-or-later
// secret: values that say where a secret stands. A secret itself has no place
// in a configuration; one that stands there anyway is refused, and no message
// shows it. Private to config/.
#ifndef CMPGATE_CONFIG_SECRET_H
#define CMPGATE_CONFIG_SECRET_H

#include "base/option.h"
#include "config/tree.h"

// Take a value of kind SOURCE: a path where row->choices has "path", else a
// prefix of the choices with what follows it.
void secret_take(struct load *l, const struct option_row *row, struct settings_source *out, struct node *n);
// The same as it is written in a file; NULL for SOURCE_NONE. The text is in out or borrowed from s.
const char *secret_text(const struct settings_source *s, char *out, size_t size);
// Tell whether a text begins with a prefix of a source, whatever follows.
bool secret_is_source(const char *text);
// Refuse a scalar that holds a PEM block, which belongs into a file. False after a finding.
bool secret_refuse_armour(struct load *l, const char *key, struct node *n);
// Say that a secret stands in the file itself.
void secret_refuse_literal(struct load *l, const char *key, struct node *n, const char *help);

// Remember all lines of a file's tree (NULL is allowed) that seem to hold a secret.
void secret_find(struct load *l, struct node *root);
// Take the source lines that hold one out of the findings.
void secret_hide(struct load *l);

#endif
