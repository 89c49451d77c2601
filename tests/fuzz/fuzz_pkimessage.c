// SPDX-License-Identifier: GPL-3.0-or-later
// Any octets as a PKIMessage: what is accepted lies inside them, puts together
// again to what came in, and can be shown to its last field; what is refused
// has a fault.
#include <stdlib.h>

#include "cli/describe.h"
#include "codec/originate.h"
#include "codec/walk.h"
#include "gateway/inspect.h"

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
