// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/certificate_check.h"

#include "base/memory.h"
#include "codec/response.h"
#include "pki/algorithm.h"
#include "crypto/digest.h"

static bool
unproven(struct answer_job *j)
{
	j->verdict = ANSWER_UNPROVEN;
	return false;
}

#define swapped(j, path, ...) (fault_set(&(j)->fault, FAIL_SYSTEM_FAILURE, path, __VA_ARGS__), (j)->verdict = ANSWER_SWAPPED, false)

// ---- protection

static bool
verify_mac(struct answer_job *j)
{
	struct mac_parameters mac;

	// Without the secret the device alone can tell; where the CA is known by its signature, nothing tells.
	if (!j->mac_is_the_devices || (j->secret_len == 0 && j->upstream_count > 0))
		return fault_set(&j->fault, FAIL_WRONG_INTEGRITY, "header.protectionAlg", "the CA answered with a MAC; a signature was expected");
	if (j->secret_len == 0)
		return true;
	j->proven = mac_parameters_read(j->answer, &j->mac_policy, &mac, &j->fault) && mac_verify(j->answer, &mac, span_of(j->secret, j->secret_len), &j->fault);
	return j->proven;
}

static bool
verify(struct answer_job *j, struct path_cache *cache)
{
	enum protection_kind kind;
	struct signer_policy policy = {
		.trusts = j->upstream, .trust_count = j->upstream_count, .at = j->time.at, .at_floor = j->time.at_floor,
		.missing_sender_kid = true, .cache = cache, .wants = j->wants,
	};
	struct signer_verdict signer;

	if (j->answer->body == BODY_ERROR && j->may_be_unprotected && !j->answer->has_protection)
		return true;
	if (!protection_kind_of(j->answer, &kind, &j->fault))
		return false;
	if (kind != PROTECTION_SIGNATURE)
		return verify_mac(j);
	if (j->upstream_count == 0)
		return true;	// keep, add: the device verifies it
	j->proven = protection_verify_signature(j->answer, j->known, &policy, &signer, &j->fault);
	j->revocation_unknown = j->proven && signer.revocation_unknown;
	return j->proven;
}

// ---- the certificate

static bool
check_key(struct answer_job *j, const struct certificate *c, const struct certified_key_pair *pair)
{
	struct public_key wanted;

	if (!requested_key(j->request, &wanted))
		return true;
	if (pair->has_private_key)
		return swapped(j, "body", "the CA sent a private key that nobody asked for");
	return (span_equal(wanted.algorithm.oid, c->public_key.algorithm.oid) && span_equal(wanted.key, c->public_key.key))
		|| swapped(j, "body", "the certificate holds another public key than was asked for");
}

static bool
check_subject(struct answer_job *j, const struct certificate *c)
{
	struct span wanted = requested_subject(j->request);
	char text[NAME_TEXT_MAX], asked[NAME_TEXT_MAX];

	if (j->accept_subject_change || wanted.len <= 2 || name_equal_canonical(wanted, c->subject))
		return true;
	return swapped(j, "body", "the certificate is for %.80s, and %.80s was asked for; the route may say accept_subject_change: yes",
		name_text(c->subject, text, sizeof(text)), name_text(wanted, asked, sizeof(asked)));
}

// RFC 5280 path of what was issued, with the certificates that came along.
static bool
check_issuer(struct answer_job *j, const struct certificate *c, struct path_cache *cache)
{
	unsigned signatures = 0;
	struct path_result path;
	struct fault f = { .set = false };
	size_t wanted = j->wants != NULL ? j->wants->count : 0;

	if (j->issued_count == 0)
		return true;
	for (size_t i = 0; i < j->issued_count; i++) {
		struct path_request r = {
			.target = c->whole, .candidates = j->answer->extra_certs.len > 0 ? j->answer->extra_certs : j->known, .trust = j->issued[i],
			.at = j->time.at, .at_floor = true, .signatures = &signatures, .wants = j->wants,
		};
		// A new certificate may begin to be valid in a moment: CAs and gateways have clocks of their own.
		f.set = false;
		if (!path_validate_cached(cache, &r, &path, &f))
			continue;
		if (path.revocation_unknown)
			j->revocation_unknown = true;
		else
			wants_drop_needed(j->wants, wanted);
		return true;
	}
	return swapped(j, "body", "the certificate does not chain to issued_trust: %.200s", f.text);
}

static bool
hash_certificate(struct answer_job *j, const struct certificate *c)
{
	uint8_t digest[DIGEST_MAX];
	enum digest d;

	if (!digest_of(DIGEST_SHA256, &c->whole, 1, digest))
		return fault_set(&j->fault, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
	certificate_facts_read(&j->facts, c, digest);
	if (algorithm_cert_hash(&c->signature_algorithm, &d) && digest_of(d, &c->whole, 1, j->cert_hash))
		j->cert_hash_len = digest_size(d);
	return true;
}

static bool
check_certificate(struct answer_job *j, const struct certified_key_pair *pair, struct path_cache *cache)
{
	struct certificate c;
	struct fault f = { .set = false };

	if (pair->certificate.len == 0)
		return swapped(j, "body", "the certificate is encrypted, and nobody can tell what the CA issued; RFC 9483 wants it in the clear");
	if (!certificate_parse(&c, pair->certificate, &f))
		return swapped(j, "body", "the certificate cannot be read: %.200s", f.text);
	return (hash_certificate(j, &c) || unproven(j)) && check_key(j, &c, pair) && check_subject(j, &c) && check_issuer(j, &c, cache);
}

// A certificate comes with `accepted` or `grantedWithMods`, and with nothing else (RFC 9483 4.1.1): not with a
// warning either. That it is the one that was asked for, relay.c has seen.
static bool
check_response(struct answer_job *j, const struct cert_response *r)
{
	bool granted = r->status.status == STATUS_ACCEPTED || r->status.status == STATUS_GRANTED_WITH_MODS;

	if (granted == r->has_pair)
		return true;
	fault_set(&j->fault, FAIL_SYSTEM_FAILURE, "body.response", granted ? "the CA grants, and sends no certificate" : "the CA sends a certificate, and does not grant it");
	return unproven(j);
}

static bool
check_ca_pubs(struct answer_job *j, const struct cert_rep_message *reply)
{
	if (reply->ca_pubs.len == 0 || (j->accept_ca_pubs && j->answer->body == BODY_IP))
		return true;
	return swapped(j, "body.caPubs", "trust anchors came with the answer; the route may say accept_ca_pubs: yes, for ip only");
}

static bool
check_responses(struct answer_job *j, struct path_cache *cache)
{
	struct cert_rep_message reply;
	struct cert_response r;

	if (!cert_rep_message_read(j->answer->body_contents, &reply, &j->fault) || !cert_response_take(&reply.responses, &r, &j->fault))
		return unproven(j);
	if (!check_response(j, &r))
		return false;
	j->cert_req_id = r.cert_req_id;
	// The certificate first: what is refused in the end is rejected by its hash.
	return (!r.has_pair || check_certificate(j, &r.pair, cache)) && check_ca_pubs(j, &reply);
}

void
answer_run(struct answer_job *j, struct path_cache *cache)
{
	j->verdict = ANSWER_WELL;
	j->fault.set = j->proven = j->revocation_unknown = false;
	if (!verify(j, cache)) {
		j->verdict = ANSWER_UNPROVEN;
		return;
	}
	switch (j->answer->body) {
	case BODY_IP: case BODY_CP: case BODY_KUP: case BODY_CCP: check_responses(j, cache); break;
	default: break;
	}
}

void
answer_job_free(struct answer_job *j)
{
	if (j == NULL)
		return;
	crypto_wipe(j->secret, sizeof(j->secret));
	for (size_t i = 0; i < j->upstream_count; i++)
		trust_unref(j->upstream[i]);
	for (size_t i = 0; i < j->issued_count; i++)
		trust_unref(j->issued[i]);
	mem_free(j);
}
