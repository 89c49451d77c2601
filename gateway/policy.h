// SPDX-License-Identifier: GPL-3.0-or-later
// policy: may the verified sender ask for this? RFC 9483 3.5 rows 11 and 13 and
// the checks of 5.1.1 to 5.1.4 that need no CA, under the rules of a route. Pure.
#ifndef CMPGATE_GATEWAY_POLICY_H
#define CMPGATE_GATEWAY_POLICY_H

#include "config/settings.h"
#include "gateway/identity.h"
#include "gateway/inspect.h"

enum { POLICY_ATTRIBUTE_MAX = 1024 };	// octets of one attribute of a name asked for

// How the proof of possession of a request came out.
enum pop_state {
	POP_NONE_NEEDED,	// no certificate is asked for, or the key is to be made by the CA
	POP_VERIFIED,
	POP_RA_VERIFIED		// the sender says that it has verified it
};

struct policy_request {
	const struct settings_route *route;
	const struct identity *identity;
	const struct certificate *signer;	// of IDENTITY_SIGNER; else NULL
	const char *bound_name;			// RFC 4514 name that the secret belongs to; NULL = none
	const struct pkimessage *message;	// what is asked: the inner message of a single nested
	const struct identity *envelope;	// who signed the nested message around it; NULL = none
	const char *path_profile;		// that the path names; NULL or "" = none
	int64_t now;				// seconds since 1970
	bool now_known;				// the clock is confirmed
	bool by_file;				// it may have travelled for weeks: messageTime says nothing
	int64_t clock_skew;			// seconds messageTime may differ; 0 = not looked at
};

// What the proof of possession is; false when it is missing, or not one that this sender may give.
bool policy_pop(const struct policy_request *p, enum pop_state *out, struct verdict *v);
// Everything else. False with the verdict filled.
bool policy_judge(const struct policy_request *p, struct verdict *v);

// The key that a request wants certified; false when it asks for none, or for one made by the CA.
bool requested_key(const struct pkimessage *m, struct public_key *out);
// SHA-256 of its SubjectPublicKeyInfo; false without a key or memory.
bool requested_key_digest(const struct pkimessage *m, uint8_t out[32]);
// The subject that it asks for, a Name; len 0 = none.
struct span requested_subject(const struct pkimessage *m);
// Contents of the Extensions that it asks for; len 0 = none.
struct span requested_extensions(const struct pkimessage *m);
// The validity that it asks for, in seconds since 1970; from now where it
// gives no start. False when it gives no end.
bool requested_validity(const struct pkimessage *m, int64_t *from, int64_t *to);
// The profile that its header names, else that of the path; "" = none.
void requested_profile(const struct pkimessage *m, const char *path, char out[CAP_FREE_TEXT + 1]);
// Tell whether the CA (or a key generation authority) is to make the key: such
// requests are never re-protected (RFC 9483 5.2.3).
bool wants_central_key(const struct pkimessage *m);

#endif
