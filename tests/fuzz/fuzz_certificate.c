// SPDX-License-Identifier: GPL-3.0-or-later
// Any octets as a certificate, a CRL, a PKCS#10 request, as PEM and as bare
// elements: what is accepted can be shown, what is refused has a fault.
#include <stdlib.h>

#include "base/pem.h"
#include "cli/describe.h"
#include "codec/walk.h"
#include "tests/fuzz/der_change.h"

enum { TREE_MAX = 16 << 20 };

static void
show_certificate(struct tree *t, struct span octets, struct fault *f)
{
	struct certificate c;

	if (certificate_parse(&c, octets, f) == f->set)
		abort();
	if (!f->set)
		describe_certificate(t, &c);
}

static void
show_crl(struct tree *t, struct span octets, struct fault *f)
{
	struct crl c;

	if (crl_parse(&c, octets, f) == f->set)
		abort();
	if (!f->set)
		describe_crl(t, &c);
}

static void
show_pkcs10(struct tree *t, struct span octets, struct fault *f)
{
	struct pkcs10 p;

	if (pkcs10_parse(&p, octets, f) == f->set)
		abort();
	if (!f->set)
		describe_pkcs10(t, &p);
}

static void (*const shows[])(struct tree *, struct span, struct fault *) = { show_certificate, show_crl, show_pkcs10 };

// der_check() and the walk agree on what is strict DER.
static void
walk_all(struct span octets)
{
	struct walk w;
	struct walk_item item;
	char tag[24];

	walk_init(&w, octets);
	while (walk_next(&w, &item))
		(void)walk_tag_text(item.tag, tag, sizeof(tag));
	if ((w.problem == NULL) != der_check(octets))
		abort();
}

static void
read_pem(struct span text)
{
	char label[PEM_LABEL_MAX + 1];
	enum pem_result result;

	do {
		struct buffer out;
		struct fault f = { .set = false };
		size_t before = text.len;
		buffer_init(&out, 1024);
		result = pem_take(&text, label, &out, &f);
		if (f.set != (result == PEM_BAD) || (result == PEM_FOUND && text.len >= before))
			abort();
		buffer_clear(&out);
	} while (result == PEM_FOUND);
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
	struct span octets = span_of(data, size);
	struct tree t;

	for (size_t i = 0; i < sizeof(shows) / sizeof(shows[0]); i++) {
		struct fault f = { .set = false };
		tree_init(&t, (size & 1) == 1, true, TREE_MAX);
		tree_open(&t, NULL);
		shows[i](&t, octets, &f);
		tree_close(&t);
		tree_clear(&t);
	}
	walk_all(octets);
	read_pem(octets);
	return 0;
}
