// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/template.h"

#include <stdio.h>

#include "base/clock.h"
#include "codec/bodies.h"
#include "codec/crmf.h"
#include "codec/extension.h"
#include "codec/oid.h"
#include "codec/pkcs10.h"
#include "gateway/step.h"

enum { NAME_MAX_OCTETS = 8192 };

// What the configuration adds to a name: RDNs in front of the text, which is written last RDN first.
static bool
new_subject(struct der_writer *w, const struct settings_route *r, struct span asked, struct fault *f)
{
	char text[NAME_TEXT_MAX], whole[2 * NAME_TEXT_MAX];
	size_t n = 0;

	if (r->set.subject != NULL)
		snprintf(text, sizeof(text), "%s", r->set.subject);
	else
		name_text(asked, text, sizeof(text));
	n = (size_t)snprintf(whole, sizeof(whole), "%s", text);
	for (size_t i = 0; i < r->set.add.count && n < sizeof(whole); i++)
		n += (size_t)snprintf(whole + n, sizeof(whole) - n, "%s%s", n > 0 ? "," : "", r->set.add.items[i]);
	return n < sizeof(whole) && name_from_text(w, span_text(whole), f);
}

// subjectAltName as asked for, with the names of the configuration behind it.
static bool
new_names(struct der_writer *w, const struct settings_route *r, struct span asked, struct fault *f)
{
	struct der_writer names;
	struct extension e;
	struct span have, octets;
	bool critical = false, well = true;

	der_writer_init(&names, NAME_MAX_OCTETS);
	der_open(&names, DER_SEQUENCE);
	if (extension_find(asked, CE_SUBJECT_ALT_NAME, &e) && alt_names_read(e.value, &have, f)) {
		der_put_raw(&names, have);
		critical = e.critical;
	}
	for (size_t i = 0; well && i < r->set.san.count; i++)
		well = general_name_from_text(&names, span_text(r->set.san.items[i]), f);
	der_close(&names);
	well = well && der_finish(&names, &octets);
	if (well) {
		der_open(w, DER_SEQUENCE);
		der_put_oid(w, oid_octets(OID_CE_SUBJECT_ALT_NAME));
		if (critical)
			der_put_boolean(w, true);
		der_put(w, DER_OCTET_STRING, octets);
		der_close(w);
	}
	der_writer_clear(&names);
	return well;
}

static bool
fill_change(struct template_change *c, struct der_writer *name, struct der_writer *extensions, const struct settings_route *r,
	struct span subject, struct span asked, struct fault *f)
{
	memset(c, 0, sizeof(*c));
	if (r == NULL)
		return true;
	c->has_subject = r->set.subject != NULL || r->set.add.count > 0;
	if (c->has_subject && (!new_subject(name, r, subject, f) || !der_finish(name, &c->subject)))
		return false;
	if (r->set.san.count > 0 && (!new_names(extensions, r, asked, f) || !der_finish(extensions, &c->extensions)))
		return false;
	if (r->set.validity > 0) {
		c->has_not_after = true;
		c->not_after = clock_wall_s() + r->set.validity / 1000;
	}
	return true;
}

static bool
rebuild(struct buffer *out, const struct cert_req_msg *m, enum body body, const struct settings_route *set, struct fault *f)
{
	struct der_writer name, extensions;
	struct template_change change;
	struct buffer one;

	der_writer_init(&name, NAME_MAX_OCTETS);
	der_writer_init(&extensions, NAME_MAX_OCTETS);
	buffer_init(&one, ENVELOPE_MAX);
	bool well = fill_change(&change, &name, &extensions, set, m->template.subject, m->template.extensions, f)
		&& cert_req_rebuild(&one, m, &change) && build_cert_req_body(out, body, buffer_span(&one));
	buffer_clear(&one);
	der_writer_clear(&name);
	der_writer_clear(&extensions);
	return well || fault_set(f, FAIL_SYSTEM_FAILURE, "", "the changes of `set` do not fit the request");
}

// A PKCS#10 request becomes a cr, since its signature covers what is changed.
static bool
convert(struct buffer *out, const struct pkimessage *m, const struct settings_route *set, struct fault *f)
{
	struct cert_req_msg r;
	struct pkcs10 csr;
	struct buffer one;

	buffer_init(&one, ENVELOPE_MAX);
	bool well = pkcs10_parse(&csr, m->body_contents, f) && cert_req_from_pkcs10(&one, &csr);
	struct span in = buffer_span(&one);
	well = well && cert_req_msg_take(&in, &r, f) && rebuild(out, &r, BODY_CR, set, f);
	buffer_clear(&one);
	return well || fault_set(f, FAIL_SYSTEM_FAILURE, "", "the PKCS#10 request cannot be changed");
}

bool
template_change_body(struct buffer *out, const struct pkimessage *m, const struct body_change *change, struct span *body, struct fault *f)
{
	struct cert_req_msg r;
	size_t count;
	bool well;

	if (m->body == BODY_P10CR) {
		if (change->set == NULL)
			return true;
		well = convert(out, m, change->set, f);
	} else if (m->body == BODY_IR || m->body == BODY_CR) {
		well = cert_req_messages_check(m->body_contents, &count, &r, f) && rebuild(out, &r, m->body, change->set, f);
	} else {
		return true;
	}
	*body = buffer_span(out);
	return well;
}
