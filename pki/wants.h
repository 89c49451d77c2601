// SPDX-License-Identifier: GPL-3.0-or-later
// wants: what a worker would have to know about revocation, and does not. The
// loop fetches it, a worker opens what came (pki/fetched.h), and the same
// question is asked again. A want holds copies of everything it needs.
#ifndef CMPGATE_PKI_WANTS_H
#define CMPGATE_PKI_WANTS_H

#include "base/web.h"
#include "pki/trust.h"

enum {
	WANTS_MAX = 16,			// of one message
	WANT_KEY = 32			// octets
};

enum want_kind { WANT_OCSP, WANT_CRL };

struct want {
	enum want_kind kind;
	struct trust *trust;		// a reference: whose allow-list has the URL, and who will know
	bool needed;			// without it nothing tells; else what is known will do for now
	uint8_t key[WANT_KEY];		// equal for equal wants of one set
	struct web_url url;
	char url_text[WEB_URL_MAX + 1];	// as the certificate has it
	char subject[112];		// of the certificate, for people
	struct span certificate, issuer;	// DER
	struct span request;		// OCSPRequest; len 0 for a CRL
	struct span nonce;		// in it
	uint8_t *octets;		// of all these
};

struct wants { struct want *list[WANTS_MAX]; size_t count; };

void want_free(struct want *w);	// NULL is allowed
// Free those behind the first `keep`.
void wants_cut(struct wants *w, size_t keep);
// Free those behind the first `keep` that are needed: what they would tell is told by others.
void wants_drop_needed(struct wants *w, size_t keep);
bool wants_are_needed(const struct wants *w);
// Take a want out and own it; NULL at the end.
struct want *wants_take(struct wants *w);

#endif
