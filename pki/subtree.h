// SPDX-License-Identifier: GPL-3.0-or-later
// subtree: name constraints (RFC 5280 4.2.1.10, 7.2 to 7.4): whether the names
// of a certificate keep to one nameConstraints extension. A name that cannot be
// compared with a constraint of its form is refused, permitted or excluded.
#ifndef CMPGATE_PKI_SUBTREE_H
#define CMPGATE_PKI_SUBTREE_H

#include "codec/extension.h"

// Check the subject (a checked Name, whole) and the subjectAltName (its checked
// GeneralNames; len 0 = none) of a certificate. Where there is no
// subjectAltName, the emailAddress attributes of the subject are held against
// constraints on rfc822Name; where it has no dNSName, common names that look
// like host names are held against those on dNSName. False with a fault that
// names the name; its failure is signerNotTrusted.
bool subtrees_admit(const struct name_constraints *constraints, struct span subject, struct span alt_names, struct fault *f);

#endif
