// SPDX-License-Identifier: GPL-3.0-or-later
// Any octets as a PKIMessage: what is accepted lies inside them, puts together
// again to what came in, whole and field by field, and can be shown to its last
// field; what is refused has a fault.
#include <stdlib.h>

#include "cli/describe.h"
#include "codec/crmf.h"
#include "codec/originate.h"
#include "codec/walk.h"
#include "gateway/inspect.h"
#include "tests/fuzz/der_change.h"

enum { TREE_MAX = 16 << 20 };

static void
inside(struct span whole, struct span part)
{
	if (part.len > 0 && (part.data < whole.data || part.data + part.len > whole.data + whole.len))
		abort();
}

// Header, body, protection and extraCerts are the message, with nothing between them.
static void
adjacent(const struct pkimessage *m)
{
	const struct span parts[] = { m->header.whole, m->body_whole, m->protection_whole, m->extra_certs_whole };
	const uint8_t *at = m->header.whole.data;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		inside(m->whole, parts[i]);
		if (parts[i].len > 0 && parts[i].data != at)
			abort();
		at += parts[i].len;
	}
	if (at != m->whole.data + m->whole.len)
		abort();
}

// A walk from outside sees as strict what was accepted, and stays inside.
static void
walk_again(struct span whole)
{
	struct walk w;
	struct walk_item item;

	walk_init(&w, whole);
	while (walk_next(&w, &item)) {
		inside(whole, item.contents);
		if (item.contents.len != item.length)
			abort();
	}
	if (w.problem != NULL)
		abort();
}

// Spliced with the extraCerts it has it is what came in; with others, header,
// body and protection stay octet by octet, and it can still be read.
static void
splice_again(const struct pkimessage *m)
{
	static const uint8_t null_only[] = { 0x05, 0x00 };
	struct span kept = span_of(m->header.whole.data, m->header.whole.len + m->body_whole.len + m->protection_whole.len);
	struct buffer same, other;

	buffer_init(&same, m->whole.len + 64);
	buffer_init(&other, m->whole.len + 64);
	if (!build_spliced(&same, m, m->extra_certs) || !span_equal(buffer_span(&same), m->whole))
		abort();
	if (!build_spliced(&other, m, span_of(null_only, sizeof(null_only))))
		abort();
	struct span made = buffer_span(&other), contents, rest = made;
	if (!der_take(&rest, DER_SEQUENCE, &contents) || rest.len > 0 || contents.len < kept.len)
		abort();
	if (!span_equal(span_of(contents.data, kept.len), kept) || !der_check(made))
		abort();
	buffer_clear(&same);
	buffer_clear(&other);
}

// Written from its view, a header is what came in: nothing is lost on the way.
// Fields without octets are not written, and the default sender is not asked for.
static void
write_header(const struct pkiheader *h)
{
	struct header_plan plan;
	struct buffer out;

	if ((h->has_sender_kid && h->sender_kid.len == 0) || (h->has_recip_kid && h->recip_kid.len == 0)
	    || (h->has_sender_nonce && h->sender_nonce.len == 0) || (h->has_recip_nonce && h->recip_nonce.len == 0)
	    || (h->has_message_time && h->message_time == 0))
		return;
	header_plan_copy(&plan, h);
	plan.sender = h->sender;
	plan.sender_kid = h->sender_kid;
	plan.protection_alg = h->protection_alg;
	plan.message_time = h->has_message_time ? h->message_time : 0;
	plan.implicit_confirm = h->implicit_confirm;
	buffer_init(&out, h->whole.len + 64);
	if (!build_header(&out, &plan) || !span_equal(buffer_span(&out), h->whole))
		abort();
	buffer_clear(&out);
}

// A rebuilt request keeps its certReq and can be read; so can one with another subject.
static void
rebuild_request(const struct cert_req_msg *r)
{
	static const uint8_t null_dn[] = { 0x30, 0x00 };
	struct template_change change = { .has_subject = true, .subject = span_of(null_dn, sizeof(null_dn)) };
	struct cert_req_msg again;
	struct buffer out;

	for (int changed = 0; changed < 2; changed++) {
		buffer_init(&out, r->whole.len + 64);
		if (!cert_req_rebuild(&out, r, changed == 1 ? &change : NULL))
			abort();
		struct span in = buffer_span(&out);
		if (!der_check(in) || !cert_req_msg_take(&in, &again, NULL) || !der_at_end(in) || again.popo != POPO_RA_VERIFIED)
			abort();
		if (changed == 0 ? !span_equal(again.cert_req, r->cert_req) : !span_equal(again.template.subject, change.subject))
			abort();
		if (!span_equal(again.template.public_key.key, r->template.public_key.key) || !span_equal(again.template.extensions, r->template.extensions)
		    || !span_equal(again.controls, r->controls) || !span_equal(again.reg_info, r->reg_info))
			abort();
		buffer_clear(&out);
	}
}

static void
rebuild_requests(const struct pkimessage *m)
{
	struct span whole = m->body_contents, list;
	struct cert_req_msg r;

	if (m->body != BODY_IR && m->body != BODY_CR && m->body != BODY_KUR && m->body != BODY_KRR && m->body != BODY_CCR)
		return;
	if (!der_take(&whole, DER_SEQUENCE, &list))
		abort();
	while (!der_at_end(list)) {
		if (!cert_req_msg_take(&list, &r, NULL))
			abort();
		rebuild_request(&r);
	}
}

static void
look_at(const struct pkimessage *m)
{
	const struct pkiheader *h = &m->header;
	const struct span fields[] = {
		h->sender, h->recipient, h->protection_alg, h->sender_kid, h->recip_kid, h->transaction_id, h->sender_nonce,
		h->recip_nonce, h->free_text, h->general_info, h->cert_profile, m->body_contents, m->protection, m->extra_certs
	};
	struct buffer protected;
	struct tree t;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		inside(m->whole, fields[i]);
	adjacent(m);
	walk_again(m->whole);
	splice_again(m);
	write_header(&m->header);
	rebuild_requests(m);
	buffer_init(&protected, m->whole.len + 16);
	if (!pkimessage_protected_part(m, &protected) || !der_check(buffer_span(&protected)))
		abort();
	buffer_clear(&protected);
	(void)pkimessage_operation(m);
	for (int json = 0; json < 2; json++) {
		tree_init(&t, json == 1, true, TREE_MAX);
		tree_open(&t, NULL);
		describe_message(&t, m);
		tree_close(&t);
		if (t.depth != 0 && !t.out.failed)
			abort();
		tree_clear(&t);
	}
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return der_mutate(data, size, max, seed, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct blob *octets = blob_new(span_of(data, size));
	struct pkiheader header;
	struct fault f = { .set = false };
	struct verdict v;
	bool header_read;

	if (octets == NULL)
		return 0;
	struct message *m = message_parse(octets, &header, &header_read, &f);
	if ((m == NULL) != f.set)
		abort();
	if (m != NULL) {
		look_at(&m->view);
		if (inspect_request(m, &v) == v.fault.set)
			abort();
	} else if (header_read) {
		inside(blob_span(octets), header.transaction_id);
		inside(blob_span(octets), header.sender);
	}
	message_unref(m);
	blob_unref(octets);
	return 0;
}
