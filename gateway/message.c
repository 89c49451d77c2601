// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/message.h"

#include "base/memory.h"
#include "codec/certificate.h"
#include "codec/crl.h"
#include "codec/pkcs10.h"

// A nested message around exactly one other is an envelope: what counts is
// inside. False without memory.
static bool
look_inside(struct message *m)
{
	struct span rest, octets;

	if (m->view.body != BODY_NESTED || !nested_first(m->view.body_contents, &rest) || !nested_next(&rest, &octets) || !der_at_end(rest))
		return true;
	m->inner = mem_alloc(sizeof(*m->inner));
	return m->inner != NULL && pkimessage_parse(m->inner, octets, NULL, NULL);
}

// Octets that are something else, which people do send by mistake.
static const char *
mistaken_for(struct span octets)
{
	struct certificate certificate;
	struct pkcs10 request;
	struct crl crl;
	struct fault unsaid = { .set = false };

	if (octets.len >= 11 && memcmp(octets.data, "-----BEGIN ", 11) == 0)
		return "this is PEM, a text; the link carries the octets of a PKIMessage in DER";
	if (certificate_parse(&certificate, octets, &unsaid))
		return "this is a certificate, and no PKIMessage";
	if (pkcs10_parse(&request, octets, &unsaid))
		return "this is a PKCS#10 request, and no PKIMessage; a p10cr carries one (openssl cmp -cmd p10cr -csr FILE), and a drop folder takes it as NAME.csr";
	if (crl_parse(&crl, octets, &unsaid))
		return "this is a CRL, and no PKIMessage";
	return NULL;
}

static bool
parse(struct message *m, struct span octets, bool *header_read, struct fault *f)
{
	struct fault why = { .set = false };

	if (pkimessage_parse(&m->view, octets, header_read, &why))
		return true;
	const char *mistake = *header_read ? NULL : mistaken_for(octets);
	if (mistake != NULL)
		return fault_set(f, FAIL_BAD_DATA_FORMAT, "", "%s", mistake);
	return fault_set(f, why.failure, why.path, "%s", why.text);
}

struct message *
message_parse(struct blob *octets, struct pkiheader *header, bool *header_read, struct fault *f)
{
	struct message *m = mem_alloc(sizeof(*m));

	*header_read = false;
	if (m == NULL) {
		fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
		return NULL;
	}
	bool well = parse(m, blob_span(octets), header_read, f);
	*header = m->view.header;
	if (!well) {
		mem_free(m);
		return NULL;
	}
	m->references = 1;
	m->octets = blob_ref(octets);
	if (look_inside(m))
		return m;
	message_unref(m);
	fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "out of memory");
	return NULL;
}

struct message *
message_again(struct blob *octets)
{
	struct fault f = { .set = false };
	struct pkiheader header;
	bool header_read;

	return octets != NULL ? message_parse(octets, &header, &header_read, &f) : NULL;
}

struct message *
message_ref(struct message *m)
{
	m->references++;
	return m;
}

void
message_unref(struct message *m)
{
	if (m == NULL || --m->references > 0)
		return;
	blob_unref(m->octets);
	mem_free(m->inner);
	mem_free(m);
}

const struct pkimessage *
message_meaning(const struct message *m)
{
	return m->inner != NULL ? m->inner : &m->view;
}
