// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/route.h"

#include <arpa/inet.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/name.h"

// ---- networks

struct address { uint8_t octets[16]; size_t len; };

static bool
address_parse(struct address *out, const char *text)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };

	if (inet_pton(AF_INET, text, out->octets) == 1) {
		out->len = 4;
		return true;
	}
	if (inet_pton(AF_INET6, text, out->octets) != 1)
		return false;
	out->len = 16;
	if (memcmp(out->octets, mapped, sizeof(mapped)) == 0) {
		memmove(out->octets, out->octets + 12, 4);
		out->len = 4;
	}
	return true;
}

static bool
prefix_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool
network_holds(const char *network, const struct address *a)
{
	const char *slash = strchr(network, '/');
	char text[64];
	struct address n;

	snprintf(text, sizeof(text), "%.*s", slash != NULL ? (int)(slash - network) : (int)strlen(network), network);
	if (!address_parse(&n, text) || n.len != a->len)
		return false;
	unsigned long bits = slash != NULL ? strtoul(slash + 1, NULL, 10) : n.len * 8;
	// ::ffff:10.7.0.0/112 became 10.7.0.0: its prefix counts from there.
	if (slash != NULL && n.len == 4 && memchr(text, ':', strlen(text)) != NULL) {
		if (bits < 96)
			return false;
		bits -= 96;
	}
	return bits <= n.len * 8 && prefix_equal(n.octets, a->octets, (unsigned)bits);
}

bool
address_within(const char *address, const struct option_texts *networks)
{
	struct address a;

	if (!address_parse(&a, address))
		return false;
	for (size_t i = 0; i < networks->count; i++)
		if (network_holds(networks->items[i], &a))
			return true;
	return false;
}

// ---- claims

static bool
any_glob(const struct option_texts *globs, const char *text)
{
	for (size_t i = 0; i < globs->count; i++)
		if (fnmatch(globs->items[i], text, 0) == 0)
			return true;
	return false;
}

static bool
profile_matches(const struct option_texts *globs, const struct claims *c)
{
	struct span texts = message_meaning(c->message)->header.cert_profile, text;
	char profile[CAP_FREE_TEXT + 1];

	if (c->label->profile[0] != '\0' && any_glob(globs, c->label->profile))
		return true;
	while (der_take(&texts, DER_UTF8, &text)) {
		if (text.len >= sizeof(profile) || memchr(text.data, 0, text.len) != NULL)
			continue;
		memcpy(profile, text.data, text.len);
		profile[text.len] = '\0';
		if (any_glob(globs, profile))
			return true;
	}
	return false;
}

// A distinguished name is matched as RFC 4514 writes it, any other kind of
// name with its kind before it ("DNS:plc-7").
static bool
sender_matches(const struct option_texts *globs, const struct claims *c)
{
	static const char directory[] = "dirName:";
	char text[NAME_TEXT_MAX];

	general_name_text(message_meaning(c->message)->header.sender, text, sizeof(text));
	bool named = strncmp(text, directory, sizeof(directory) - 1) == 0;
	return any_glob(globs, named ? text + sizeof(directory) - 1 : text);
}

static bool
from_matches(const struct option_texts *names, const char *listener)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], listener) == 0)
			return true;
	return false;
}

// Why a route does not take the message; NULL when it does.
static const char *
why_not(const struct settings_route *r, const struct claims *c)
{
	if (r->from.count > 0 && !from_matches(&r->from, c->listener))
		return "from: the listener is not named";
	if (r->match_path.count > 0 && !any_glob(&r->match_path, c->label->path))
		return "match.path: the path does not fit";
	if (r->match_profile.count > 0 && !profile_matches(&r->match_profile, c))
		return "match.profile: no such profile is named";
	if (r->body_bits != 0 && (r->body_bits & (UINT64_C(1) << message_meaning(c->message)->body)) == 0)
		return "match.body: another kind of message";
	if (r->match_source.count > 0 && !address_within(c->peer->source, &r->match_source))
		return "match.source: the address lies outside";
	if (r->match_sender.count > 0 && !sender_matches(&r->match_sender, c))
		return "match.sender: the sender's name does not fit";
	return NULL;
}

const struct settings_route *
route_choose(const struct settings *s, const struct claims *c,
	void (*tell)(void *context, const struct settings_route *r, const char *why), void *context)
{
	for (size_t i = 0; i < s->route_count; i++) {
		const char *why = why_not(&s->routes[i], c);
		if (tell != NULL)
			tell(context, &s->routes[i], why);
		if (why == NULL)
			return &s->routes[i];
	}
	return NULL;
}

const struct settings_route *
route_named(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->route_count; i++)
		if (strcmp(s->routes[i].name, name) == 0)
			return &s->routes[i];
	return NULL;
}
