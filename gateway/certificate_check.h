// SPDX-License-Identifier: GPL-3.0-or-later
// certificate_check: is the certificate of an answer the one that was asked for?
// What most relays leave out: key, name, issuer, trust anchors. Runs on workers.
#ifndef CMPGATE_GATEWAY_CERTIFICATE_CHECK_H
#define CMPGATE_GATEWAY_CERTIFICATE_CHECK_H

#include "gateway/audit.h"
#include "gateway/protection.h"

enum answer_verdict {
	ANSWER_WELL,
	ANSWER_UNPROVEN,	// its protection does not hold, or it belongs to something else: nothing of it counts
	ANSWER_SWAPPED		// proven, and yet not what was asked for
};

// Flat but for the messages it borrows from and the sets it holds references of.
struct answer_job {
	const struct pkimessage *answer, *request;	// request: the first one of the device
	struct span known;				// extraCerts of the CA's first answer
	struct trust *upstream[ROUTE_TRUSTS_MAX]; size_t upstream_count;
	struct trust *issued[ROUTE_TRUSTS_MAX]; size_t issued_count;
	struct judging_time time;
	bool may_be_unprotected;			// an error, where the route accepts that
	bool mac_is_the_devices;			// keep, add: CA and device share the secret
	struct mac_policy mac_policy;
	uint8_t secret[SECRET_OCTETS_MAX];		// of the device; wiped
	size_t secret_len;
	bool accept_ca_pubs, accept_subject_change;
	struct wants *wants;				// as in path_request (pki/path.h)
	// results
	enum answer_verdict verdict;
	struct fault fault;
	bool proven;
	bool revocation_unknown;			// of a path that was taken all the same (missing: warn)
	struct certificate_facts facts;
	uint8_t cert_hash[DIGEST_MAX];
	size_t cert_hash_len;
	int32_t cert_req_id;
};

// With wants that are needed it may be run once more when they are had.
void answer_run(struct answer_job *j, struct path_cache *cache);
// Wipe, drop the references, free; NULL is allowed.
void answer_job_free(struct answer_job *j);

#endif
