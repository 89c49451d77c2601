// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "codec/text.h"
#include "pki/algorithm.h"
#include "pki/private.h"

size_t
name_number(const struct names *known, struct names *more, struct span name)
{
	size_t before = known != NULL ? known->count : 0;

	for (size_t i = 0; i < before; i++)
		if (name_equal_canonical(known->list[i], name))
			return i;
	for (size_t i = 0; i < more->count; i++)
		if (name_equal_canonical(more->list[i], name))
			return before + i;
	more->list[more->count] = name;
	return before + more->count++;
}

bool
member_read(struct member *m, struct span octets, struct fault *f)
{
	memset(m, 0, sizeof(*m));
	if (!certificate_parse(&m->of_set.view, octets, f))
		return false;
	m->sound = facts_read(&m->facts, &m->of_set.view, NULL);
	m->of_set.subject_key_id = m->facts.subject_key_id;
	return true;
}

bool
member_read_key(struct member *m, struct fault *f)
{
	struct fault why = { .set = false };

	if (m->key == KEY_GOOD)
		return true;
	if (algorithm_public_key(&m->of_set.view.public_key, &m->of_set.key, &why)) {
		m->key = KEY_GOOD;
		return true;
	}
	if (why.failure == FAIL_SYSTEM_UNAVAIL)
		return fault_set(f, why.failure, "", "%s", why.text);
	m->key = KEY_BAD;
	return member_blame(m, FAIL_SIGNER_NOT_TRUSTED, f, "its key cannot be used: %s", why.text);
}

bool
member_same_entity(const struct member *a, const struct member *b)
{
	return a->subject == b->subject && span_equal(a->of_set.view.public_key.whole, b->of_set.view.public_key.whole);
}

bool
member_valid_at(const struct member *m, int64_t at, bool at_floor)
{
	return (at_floor || m->of_set.view.not_before <= at) && at <= m->of_set.view.not_after;
}

void
member_text(const struct member *m, char *out, size_t size)
{
	char serial[48];

	name_text(m->of_set.view.subject, out, size);
	if (out[0] == '\0')
		snprintf(out, size, "(serial %s)", hex_text(m->of_set.view.serial, serial, sizeof(serial)));
}

bool
member_blame(const struct member *m, enum failure failure, struct fault *f, const char *format, ...)
{
	char subject[112], why[sizeof(f->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	member_text(m, subject, sizeof(subject));
	return fault_set(f, failure, "", "certificate \"%s\": %s", subject, why);
}

const char *
moment_text(int64_t seconds, char out[MOMENT_TEXT])
{
	calendar_text(seconds * 1000, out, MOMENT_TEXT);
	if (strlen(out) > 20)
		memcpy(out + 19, "Z", 2);
	return out;
}

// The same pair, or another certificate of the same key: what it says of itself does not matter to a signature.
static const struct edge *
edge_find(const struct edges *edges, const struct member *subject, const struct member *issuer)
{
	for (size_t i = 0; i < edges->count; i++)
		if (edges->list[i].subject == subject
			&& span_equal(edges->list[i].issuer->of_set.view.public_key.whole, issuer->of_set.view.public_key.whole))
			return &edges->list[i];
	return NULL;
}

// Only what cost a signature is worth a place, so there is one for each.
static enum verdict
edge_verify(struct edges *edges, const struct member *subject, const struct member *issuer, struct fault *f)
{
	const struct certificate *c = &subject->of_set.view;
	unsigned before = *edges->signatures;
	enum verdict verdict = verify_signature(&issuer->of_set.key, &c->signature_algorithm, c->tbs, c->signature, edges->signatures, f);

	if (*edges->signatures > before && edges->count < PATH_MAX_SIGNATURES)
		edges->list[edges->count++] = (struct edge){ subject, issuer, verdict };
	return verdict;
}

enum verdict
edge_judge(struct edges *edges, const struct member *subject, const struct member *issuer, struct fault *f)
{
	const struct edge *known = edge_find(edges, subject, issuer);
	struct fault why = { .set = false };
	enum verdict verdict = known != NULL ? known->verdict : edge_verify(edges, subject, issuer, &why);

	if (verdict == VERDICT_BAD)
		member_blame(subject, FAIL_SIGNER_NOT_TRUSTED, f, "%s", why.set ? why.text : "the signature does not verify");
	else if (verdict == VERDICT_STOP)
		fault_set(f, why.failure, "", "%s", why.text);
	return verdict;
}
