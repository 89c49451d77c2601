// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/envelope.h"

#include "codec/originate.h"
#include "gateway/protection.h"
#include "gateway/step.h"
#include "gateway/template.h"

void
voice_clear(struct voice *v)
{
	crypto_wipe(v->secret, sizeof(v->secret));
	v->secret_len = 0;
	v->by_mac = false;
	v->credential = NULL;
}

bool
voice_speaks(const struct voice *v)
{
	return v->by_mac || v->credential != NULL;
}

static bool
out_of_memory(struct fault *f)
{
	return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
}

// What we sign is version 2 or 3, whatever version a device is allowed to speak.
static int32_t
own_version(const struct pkiheader *h)
{
	return h->pvno < 2 ? 2 : h->pvno;
}

// RFC 9483 5.2.2.1: the receiver looks at protection and body of the envelope
// alone; what ties it to the message inside is copied.
bool
envelope_add(struct buffer *out, const struct pkimessage *m, const struct credential *c, struct fault *f)
{
	struct header_plan plan = {
		.pvno = own_version(&m->header), .recipient = m->header.recipient, .transaction_id = m->header.transaction_id,
		.sender_nonce = m->header.sender_nonce, .recip_nonce = m->header.has_recip_nonce ? m->header.recip_nonce : span_of(NULL, 0),
	};
	struct pkimessage nested;
	struct buffer unprotected;

	buffer_init(&unprotected, ENVELOPE_MAX);
	bool well = build_nested(&unprotected, &plan, &m->whole, 1) && pkimessage_parse(&nested, buffer_span(&unprotected), NULL, f)
		&& protect_by_signature(out, &plan, nested.body_whole, c, span_of(NULL, 0), f);
	buffer_clear(&unprotected);
	return well || out_of_memory(f);
}

bool
envelope_replace(struct buffer *out, const struct pkimessage *m, const struct body_change *change, const struct credential *c, struct fault *f)
{
	struct header_plan plan;
	struct buffer changed;
	struct span body = m->body_whole;

	header_plan_copy(&plan, &m->header);
	plan.pvno = own_version(&m->header);
	buffer_init(&changed, ENVELOPE_MAX);
	bool well = true;
	if (change->raverified || change->set != NULL)
		well = template_change_body(&changed, m, change, &body, f);
	well = well && protect_by_signature(out, &plan, body, c, span_of(NULL, 0), f);
	buffer_clear(&changed);
	return well || out_of_memory(f);
}

// RFC 9483 3.1: under a MAC the sender has a common name that tells the secret, as
// senderKID does. A device that names itself otherwise hears our name.
static struct span
sender_under_mac(const struct pkimessage *answer, const struct pkiheader *request, const struct voice *voice)
{
	if (span_equal(protection_sender_name(request), span_of(voice->reference, voice->reference_len)))
		return request->sender;
	return voice->credential != NULL ? credential_sender(voice->credential) : answer->header.sender;
}

bool
envelope_reply(struct buffer *out, const struct pkimessage *answer, const struct pkiheader *request, const struct voice *voice, struct fault *f)
{
	struct header_plan plan;

	header_plan_copy(&plan, &answer->header);
	if (voice->version1)
		plan.pvno = 1;
	plan.recipient = request->sender;
	if (!voice->by_mac)
		return protect_by_signature(out, &plan, answer->body_whole, voice->credential, answer->extra_certs, f);
	plan.sender = sender_under_mac(answer, request, voice);
	plan.sender_kid = span_of(voice->reference, voice->reference_len);
	return protect_by_mac(out, &plan, answer->body_whole, &voice->mac, span_of(voice->secret, voice->secret_len), answer->extra_certs, f);
}

bool
envelope_own(struct buffer *out, const struct pkimessage *m, const struct credential *c, struct fault *f)
{
	struct header_plan plan;

	header_plan_copy(&plan, &m->header);
	return protect_by_signature(out, &plan, m->body_whole, c, span_of(NULL, 0), f);
}
