// SPDX-License-Identifier: GPL-3.0-or-later
// adapter: a PKCS#10 file becomes a p10cr of the gateway's own, and the cp that
// answers it becomes a certificate in a file. In between it is a message like any other.
#include "base/random.h"
#include "codec/bodies.h"
#include "codec/originate.h"
#include "codec/pkcs10.h"
#include "codec/response.h"
#include "crypto/digest.h"
#include "gateway/step.h"

enum { PEM_LINE = 64, CERTIFICATES_MAX = 256 * 1024, CHAIN_MAX = 8 };

// The transactionID comes from the request itself: the same file is the same
// operation, also after a restart.
static bool
name_transaction(struct span pkcs10, uint8_t id[16])
{
	static const char purpose[] = "cmpgate p10cr";
	const struct span parts[] = { span_of(purpose, sizeof(purpose)), pkcs10 };
	uint8_t digest[DIGEST_MAX];

	if (!digest_of(DIGEST_SHA256, parts, 2, digest))
		return false;
	memcpy(id, digest, 16);
	return true;
}

struct message *
adapter_message(struct gateway *g, struct blob *pkcs10, struct fault *f)
{
	uint8_t id[16], nonce[CAP_NONCE_MIN];
	struct header_plan plan = { .pvno = 2, .transaction_id = span_of(id, sizeof(id)), .sender_nonce = span_of(nonce, sizeof(nonce)), .implicit_confirm = true };
	struct message *m = NULL;
	struct pkiheader header;
	bool header_read;
	struct buffer out, body;
	struct pkcs10 request;

	(void)g;
	if (!pkcs10_parse(&request, blob_span(pkcs10), f))
		return NULL;
	if (!name_transaction(request.whole, id) || !random_octets(nonce, sizeof(nonce))) {
		fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory, or no random octets from the kernel");
		return NULL;
	}
	buffer_init(&out, ENVELOPE_MAX);
	buffer_init(&body, ENVELOPE_MAX);
	bool built = build_p10cr_body(&body, request.whole) && build_unprotected(&out, &plan, buffer_span(&body));
	struct blob *octets = built ? blob_new(buffer_span(&out)) : NULL;
	buffer_clear(&body);
	buffer_clear(&out);
	if (octets != NULL)
		m = message_parse(octets, &header, &header_read, f);
	else
		fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
	blob_unref(octets);
	return m;
}

// ---- the answer

static void
put_base64(struct buffer *b, struct span octets)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t column = 0;

	for (size_t i = 0; i < octets.len; i += 3) {
		size_t n = octets.len - i < 3 ? octets.len - i : 3;
		uint32_t v = (uint32_t)octets.data[i] << 16 | (n > 1 ? (uint32_t)octets.data[i + 1] << 8 : 0) | (n > 2 ? octets.data[i + 2] : 0);
		for (size_t k = 0; k < 4; k++)
			buffer_append_octet(b, k <= n ? (uint8_t)digits[v >> (18 - 6 * k) & 63] : '=');
		column += 4;
		if (column == PEM_LINE || i + 3 >= octets.len) {
			buffer_append_octet(b, '\n');
			column = 0;
		}
	}
}

static void
put_pem(struct buffer *b, struct span certificate)
{
	buffer_append_text(b, "-----BEGIN CERTIFICATE-----\n");
	put_base64(b, certificate);
	buffer_append_text(b, "-----END CERTIFICATE-----\n");
}

// Of what came along, the issuers of a certificate, each behind the one that it issued. The rest, such as the certificate
// that signed the answer, is nothing that a device could use.
static void
put_issuers(struct buffer *b, struct span certificate, struct span more)
{
	struct certificate issued, c;

	for (size_t n = 0; n < CHAIN_MAX && certificate_parse(&issued, certificate, NULL) && !certificate_self_issued(&issued); n++) {
		struct span rest = more, whole;
		bool found = false;
		while (!found && der_take_whole(&rest, DER_SEQUENCE, &whole))
			found = certificate_parse(&c, whole, NULL) && span_equal(c.subject, issued.issuer);
		if (!found)
			return;
		put_pem(b, whole);
		certificate = whole;
	}
}

struct blob *
adapter_certificate(const struct message *answer)
{
	const struct pkimessage *m = message_meaning(answer);
	struct cert_rep_message reply;
	struct cert_response r;
	struct buffer b;

	if (m->body != BODY_CP || !cert_rep_message_read(m->body_contents, &reply, NULL) || !cert_response_take(&reply.responses, &r, NULL)
	    || !r.has_pair || r.pair.certificate.len == 0)
		return NULL;
	buffer_init(&b, CERTIFICATES_MAX);
	put_pem(&b, r.pair.certificate);
	put_issuers(&b, r.pair.certificate, m->extra_certs);
	struct blob *out = b.failed ? NULL : blob_new(buffer_span(&b));
	buffer_clear(&b);
	return out;
}
