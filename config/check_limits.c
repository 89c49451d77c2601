// SPDX-License-Identifier: GPL-3.0-or-later
// check_limits: limits that are in order one by one, and do not fit together.
#include "config/check.h"

#include "config/tree.h"

// Where a key of the limits stands; the other one when only that is written.
static const struct position *
place_of(const struct load *l, const char *record, const char *key, const char *other)
{
	static const struct position whole;
	const struct node *at = l->whole != NULL && l->whole->kind == NODE_MAP ? node_find(l->whole, "limits") : NULL;
	const struct node *inner = at != NULL && at->value != NULL && at->value->kind == NODE_MAP ? at->value : NULL;
	const struct node *found = NULL;

	if (inner != NULL && record != NULL && (found = node_find(inner, record)) != NULL)
		found = found->value != NULL && found->value->kind == NODE_MAP ? node_find(found->value, key) : NULL;
	if (inner != NULL && record == NULL)
		found = node_find(inner, key);
	if (found == NULL && inner != NULL)
		found = node_find(inner, other);
	return found != NULL ? &found->at : &whole;
}

// For one message a responder, the point in its place, and what only then came to light may be asked one after the other.
static void
check_fetching(struct load *l)
{
	const struct settings_limits *s = &l->settings->limits;

	for (size_t i = 0; i < l->settings->trust_count; i++) {
		const struct settings_trust *t = &l->settings->trusts[i];
		if (t->revoked.points.count + t->revoked.ocsp.count == 0 || t->revoked.timeout * 3 <= s->exchange_timeout)
			continue;
		struct finding *item = finding_add(l->findings, CODE_LIMITS, place_of(l, NULL, "exchange_timeout", "exchange_timeout"),
			"limits.exchange_timeout is less than three times revocation.timeout of trust \"%s\"", t->name);
		finding_help(l->findings, item, "a device that waits for three sources that are silent gets no answer; make revocation.timeout shorter");
	}
}

void
check_limits(struct load *l)
{
	const struct settings_limits *s = &l->settings->limits;
	int64_t quarter = s->bytes_in_flight / 4;
	struct finding *item;

	if (s->max_answer > quarter) {
		item = finding_add(l->findings, CODE_LIMITS, place_of(l, NULL, "max_answer", "bytes_in_flight"),
			"limits.max_answer is more than a quarter of limits.bytes_in_flight");
		finding_help(l->findings, item, "such an answer is lost on a slow link, which may hold a quarter; make bytes_in_flight larger");
	}
	if (s->max_message > quarter) {
		item = finding_add(l->findings, CODE_LIMITS, place_of(l, NULL, "max_message", "bytes_in_flight"),
			"limits.max_message is more than a quarter of limits.bytes_in_flight");
		finding_help(l->findings, item, "messages on their way in may hold a quarter; make bytes_in_flight larger");
	}
	if (s->max_message > s->coap_assembly_bytes) {
		item = finding_add(l->findings, CODE_LIMITS, place_of(l, "coap", "assembly_bytes", "max_message"),
			"limits.coap.assembly_bytes is less than limits.max_message");
		finding_help(l->findings, item, "a message of that size never arrives by blocks; make assembly_bytes larger");
	}
	if (s->connections_per_source > s->connections) {
		item = finding_add(l->findings, CODE_LIMITS, place_of(l, NULL, "connections_per_source", "connections"),
			"limits.connections_per_source is more than limits.connections, and changes nothing");
		finding_help(l->findings, item, "make it smaller, so that one address cannot take every connection");
	}
	check_fetching(l);
}
