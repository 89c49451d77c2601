// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/audit.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "codec/name.h"
#include "codec/text.h"

enum { TEXT_MAX = 1024 };

void
certificate_facts_read(struct certificate_facts *out, const struct certificate *c, const uint8_t digest[32])
{
	memset(out, 0, sizeof(*out));
	out->set = true;
	name_text(c->subject, out->subject, sizeof(out->subject));
	name_text(c->issuer, out->issuer, sizeof(out->issuer));
	hex_text(c->serial, out->serial, sizeof(out->serial));
	out->not_after = c->not_after;
	memcpy(out->digest, digest, sizeof(out->digest));
}

// ---- fields

static void
put_key(struct buffer *b, const char *key)
{
	buffer_append_text(b, b->len > 0 ? ",\"" : "\"");
	buffer_append_text(b, key);
	buffer_append_text(b, "\":");
}

static void
put_text(struct buffer *b, const char *key, const char *value)
{
	put_key(b, key);
	if (value == NULL) {
		buffer_append_text(b, "null");
		return;
	}
	buffer_append_octet(b, '"');
	buffer_append_escaped(b, value, TEXT_MAX);
	buffer_append_octet(b, '"');
}

static void
put_number(struct buffer *b, const char *key, int64_t value)
{
	put_key(b, key);
	buffer_printf(b, "%" PRId64, value);
}

static void
put_hex(struct buffer *b, const char *key, struct span octets)
{
	char text[2 * 64 + 4];

	put_text(b, key, octets.len > 0 ? hex_text(octets, text, sizeof(text)) : NULL);
}

static void
put_when(struct buffer *b, const struct audit *a)
{
	char stamp[32];

	put_text(b, "ts", calendar_text(clock_wall_ms(), stamp, sizeof(stamp)));
	put_text(b, "clock", a->clock_state != NULL ? a->clock_state(a->context) : NULL);
	put_text(b, "boot", a->boot[0] != '\0' ? a->boot : NULL);
	put_number(b, "mono_ms", clock_mono_ms());
	put_text(b, "site", a->site);
}

static void
put_certificate(struct buffer *b, const struct certificate_facts *c)
{
	char stamp[32];

	if (c == NULL || !c->set)
		return;
	put_text(b, "subject", c->subject);
	put_text(b, "serial", c->serial);
	put_text(b, "issuer", c->issuer);
	put_text(b, "not_after", calendar_text(c->not_after * 1000, stamp, sizeof(stamp)));
	put_hex(b, "cert_sha256", span_of(c->digest, sizeof(c->digest)));
}

static void
put_fields(struct buffer *b, const struct audit *a, const struct audit_event *e)
{
	put_when(b, a);
	put_text(b, "event", e->event);
	put_text(b, "result", e->result);
	put_text(b, "route", e->route);
	put_text(b, "listener", e->listener);
	put_text(b, "transport", e->transport);
	put_text(b, "peer", e->peer);
	put_text(b, "body", e->body);
	put_text(b, "profile", e->profile);
	put_hex(b, "txid", e->transaction_id);
	put_text(b, "sender", e->sender);
	put_text(b, "auth", e->auth);
	put_hex(b, "signer_sha256", e->signer != NULL ? span_of(e->signer, 32) : span_of(NULL, 0));
	put_text(b, "kid", e->kid);
	put_certificate(b, e->certificate);
	put_text(b, "upstream", e->upstream);
	put_text(b, "pki_status", e->pki_status);
	put_key(b, "fail_info");
	buffer_printf(b, e->failure != FAIL_NONE ? "[\"%s\"]" : "[]", e->failure != FAIL_NONE ? failure_name(e->failure) : "");
	put_text(b, "reason", e->reason);
	if (e->ms >= 0)
		put_number(b, "ms", e->ms);
	if (e->count > 1)
		put_number(b, "count", (int64_t)e->count);
	put_text(b, "operator", e->operator_name);
}

bool
audit_put(struct audit *a, struct store_unit *u, const struct audit_event *e)
{
	struct buffer b;

	if (a->store == NULL)
		return true;
	buffer_init(&b, AUDIT_FIELDS_MAX);
	put_fields(&b, a, e);
	bool well = !b.failed && audit_append(u, buffer_span(&b));
	buffer_clear(&b);
	return well;
}

void
audit_note(struct audit *a, const struct audit_event *e)
{
	struct store_unit *u = a->store != NULL ? store_unit_new() : NULL;

	if (u == NULL)
		return;
	if (audit_put(a, u, e))
		store_apply(a->store, u, true, NULL, NULL);
	else
		store_unit_free(u);
}

// ---- refusals

static void
copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text != NULL ? text : "");
}

// Without its port a peer that comes from many ports is one.
static size_t
source_length(const char *peer)
{
	const char *colon = strrchr(peer, ':');

	return colon != NULL && strchr(peer, ':') != NULL ? (size_t)(colon - peer) : strlen(peer);
}

static void
merged_write(struct audit *a, struct audit_merged *m)
{
	struct audit_event e = {
		.event = m->event, .result = m->result, .route = m->route[0] != '\0' ? m->route : NULL, .listener = m->listener,
		.transport = m->transport, .peer = m->peer, .body = m->body[0] != '\0' ? m->body : NULL, .reason = m->reason,
		.failure = m->failure, .ms = -1, .count = m->count, .auth = m->auth, .sender = m->sender[0] != '\0' ? m->sender : NULL,
		.transaction_id = span_of(m->transaction_id, m->transaction_id_len),
	};

	audit_note(a, &e);
}

static struct audit_merged *
merged_of(struct audit *a, const char *key)
{
	for (size_t i = 0; i < a->merged_count; i++)
		if (strcmp(a->merged[i].key, key) == 0)
			return &a->merged[i];
	return NULL;
}

void
audit_refusal(struct audit *a, const struct audit_event *e, int64_t now_ms)
{
	const char *peer = e->peer != NULL ? e->peer : "";
	char key[sizeof(a->merged[0].key)];

	if (a->store == NULL)
		return;
	snprintf(key, sizeof(key), "%s|%.*s|%.32s|%.24s|%.12s|%.80s", e->event, (int)source_length(peer), peer, e->listener != NULL ? e->listener : "",
		e->failure != FAIL_NONE ? failure_name(e->failure) : "-", e->body != NULL ? e->body : "", e->sender != NULL ? e->sender : "");
	struct audit_merged *m = merged_of(a, key);
	if (m != NULL) {
		m->count++;
		return;
	}
	// Strangers, who may come from any number of addresses, leave room for those who were verified.
	size_t room = e->sender != NULL ? AUDIT_MERGED_MAX : AUDIT_MERGED_MAX / 4 * 3;
	if (a->merged_count >= room) {
		a->dropped++;
		return;
	}
	m = &a->merged[a->merged_count++];
	memset(m, 0, sizeof(*m));
	copy(m->key, sizeof(m->key), key);
	m->event = e->event;
	m->result = e->result;
	copy(m->route, sizeof(m->route), e->route);
	copy(m->listener, sizeof(m->listener), e->listener);
	copy(m->transport, sizeof(m->transport), e->transport);
	copy(m->peer, sizeof(m->peer), peer);
	copy(m->body, sizeof(m->body), e->body);
	copy(m->reason, sizeof(m->reason), e->reason);
	copy(m->sender, sizeof(m->sender), e->sender);
	copy(m->auth, sizeof(m->auth), e->auth != NULL ? e->auth : "none");
	if (e->transaction_id.len <= sizeof(m->transaction_id) && e->transaction_id.len > 0)
		memcpy(m->transaction_id, e->transaction_id.data, m->transaction_id_len = (uint8_t)e->transaction_id.len);
	m->failure = e->failure;
	m->count = 1;
	m->first_ms = now_ms;
}

static void
dropped_write(struct audit *a)
{
	char reason[96];

	if (a->dropped == 0)
		return;
	snprintf(reason, sizeof(reason), "%" PRIu64 " refusals of further sources in this minute", a->dropped);
	struct audit_event e = { .event = "msg.rejected", .result = "rejected", .failure = FAIL_NONE, .reason = reason, .ms = -1, .count = a->dropped };
	audit_note(a, &e);
	a->dropped = 0;
}

int64_t
audit_flush(struct audit *a, int64_t now_ms, bool all)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->merged_count; i++) {
		struct audit_merged *m = &a->merged[i];
		if (all || now_ms - m->first_ms >= AUDIT_MERGE_MS)
			merged_write(a, m);
		else
			a->merged[kept++] = *m;
	}
	if (kept < a->merged_count || all)
		dropped_write(a);
	a->merged_count = kept;
	return kept > 0 ? a->merged[0].first_ms + AUDIT_MERGE_MS : 0;
}
