// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/check.h"

#include "config/entries.h"
#include "config/language.h"
#include "config/source.h"

#include <arpa/inet.h>
#include <strings.h>

// The place of a thing, as a position that can be underlined.
static struct position
position_of(const struct load *l, const struct settings_place *place, int width)
{
	const struct source *s = l->sources;

	while (s != NULL && s->path != place->file)
		s = s->next;
	return (struct position){ s, place->line, place->column, width };
}

static struct position
position_of_name(const struct load *l, const struct settings_place *place, const char *name)
{
	return position_of(l, place, (int)strlen(name));
}

// ---- Addresses.

enum scope { SCOPE_LOOPBACK, SCOPE_ANY, SCOPE_ANY4, SCOPE_ONE };

// What a listener binds.
struct bind {
	bool datagram;
	unsigned port;
	enum scope scope;
	bool v6;
	char host[256];
};

static bool
is_file(const struct url *u)
{
	return strcmp(u->scheme, "file") == 0;
}

static void
bind_of(const struct load *l, const struct url *u, struct bind *out)
{
	const struct config_scheme *scheme = language_scheme(l->schemes, u->scheme);
	bool zone = strchr(u->host, '%') != NULL;	// of a link-local address: it goes by its text
	uint8_t octets[16];

	*out = (struct bind){ .port = u->port_given || scheme == NULL ? u->port : scheme->default_port, .scope = SCOPE_ONE };
	out->datagram = strcmp(u->scheme, "coap") == 0 || strcmp(u->scheme, "coaps") == 0;
	memcpy(out->host, u->host, sizeof(out->host));
	if (u->host[0] == '\0')
		out->scope = SCOPE_LOOPBACK;
	else if (strcmp(u->host, "0.0.0.0") == 0)
		out->scope = SCOPE_ANY4;
	else if (zone)
		out->v6 = true;
	else if (inet_pton(AF_INET6, u->host, octets) == 1) {
		out->v6 = true;
		inet_ntop(AF_INET6, octets, out->host, sizeof(out->host));
		if (strcmp(out->host, "::") == 0)
			out->scope = SCOPE_ANY;
	}
}

// An address from which nothing leaves this machine. Of names only localhost
// is one (RFC 6761 6.3): 127.example.com is anybody's.
static bool
is_loopback(const struct url *u)
{
	struct in6_addr v6;

	if (!u->literal)
		return strcasecmp(u->host, "localhost") == 0;
	if (inet_pton(AF_INET6, u->host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
	return strncmp(u->host, "127.", 4) == 0;
}

// Binding both would fail.
static bool
clash(const struct bind *a, const struct bind *b)
{
	if (a->datagram != b->datagram || a->port != b->port || a->port == 0)
		return false;
	if (a->scope == SCOPE_ANY || b->scope == SCOPE_ANY)
		return true;
	if (a->scope == SCOPE_ANY4 || b->scope == SCOPE_ANY4)
		return !(a->scope == SCOPE_ONE && a->v6) && !(b->scope == SCOPE_ONE && b->v6);
	if (a->scope == SCOPE_LOOPBACK && b->scope == SCOPE_LOOPBACK)
		return true;
	if (a->scope == SCOPE_LOOPBACK || b->scope == SCOPE_LOOPBACK) {
		const struct bind *one = a->scope == SCOPE_LOOPBACK ? b : a;

		return strcmp(one->host, "127.0.0.1") == 0 || strcmp(one->host, "::1") == 0 || strcasecmp(one->host, "localhost") == 0;
	}
	return strcasecmp(a->host, b->host) == 0;
}

static bool
same_address(const struct url *a, const struct bind *x, const struct url *b, const struct bind *y)
{
	if (a->scheme[0] == '\0' || b->scheme[0] == '\0')
		return false;
	if (is_file(a) || is_file(b))
		return is_file(a) && is_file(b) && strcmp(a->path, b->path) == 0;
	return clash(x, y);
}

static void
check_addresses(struct load *l)
{
	const struct settings *s = l->settings;
	struct bind *binds = load_scratch(l, (s->listener_count + 1) * sizeof(*binds));

	if (binds == NULL)
		return;
	for (size_t i = 0; i < s->listener_count; i++) {
		bind_of(l, &s->listeners[i].url, &binds[i]);
		for (size_t j = 0; j < i; j++) {
			const struct settings_listener *one = &s->listeners[i], *other = &s->listeners[j];

			if (!same_address(&one->url, &binds[i], &other->url, &binds[j]))
				continue;
			struct position at = position_of_name(l, &one->place, one->name);
			struct finding *item = finding_add(l->findings, CODE_SAME_ADDRESS, &at,
				"listener '%.60s' wants the address that '%.60s' has", one->name, other->name);
			finding_help(l->findings, item, "'%.60s' is %.200s (%s)", other->name, other->url.text,
				place_seen_from(one->place.file, other->place.file, other->place.line).text);
			break;
		}
	}
}

static void
note_loopback(struct load *l)
{
	for (size_t i = 0; i < l->settings->listener_count; i++) {
		const struct settings_listener *one = &l->settings->listeners[i];

		if (one->url.scheme[0] == '\0' || is_file(&one->url) || one->url.host[0] != '\0')
			continue;
		struct position at = position_of_name(l, &one->place, one->name);
		struct finding *item = finding_add(l->findings, CODE_LOOPBACK, &at,
			"listener '%.60s' names no address: it is reached from this machine only", one->name);
		finding_help(l->findings, item, "write an address of this machine, or [::] for all");
	}
}

// ---- Hosts and ports: a listener needs an address, an upstream a host, and a
// scheme without a default port needs one.

static bool
lacks_port(const struct load *l, const struct url *u)
{
	const struct config_scheme *scheme = language_scheme(l->schemes, u->scheme);

	return !u->port_given && (scheme == NULL || scheme->default_port == 0);
}

static void
check_bindable(struct load *l)
{
	for (size_t i = 0; i < l->settings->listener_count; i++) {
		const struct settings_listener *one = &l->settings->listeners[i];

		if (one->url.scheme[0] == '\0' || is_file(&one->url))
			continue;
		struct position at = position_of_name(l, &one->place, one->name);
		if (one->url.host[0] != '\0' && !one->url.literal) {
			struct finding *item = finding_add(l->findings, CODE_HOST, &at,
				"listener '%.60s' wants an address of this machine, not the name '%.60s'", one->name, one->url.host);
			finding_help(l->findings, item, strcasecmp(one->url.host, "localhost") == 0 ?
				"leave the host out for loopback, as in %s://:8080" :
				"write an address, or [::] for all, as in %s://[::]:8080", one->url.scheme);
		} else if (lacks_port(l, &one->url))
			finding_add(l->findings, CODE_PORT, &at, "the URL of listener '%.60s' needs a port", one->name);
	}
}

static void
check_reachable(struct load *l)
{
	for (size_t i = 0; i < l->settings->upstream_count; i++) {
		const struct settings_upstream *one = &l->settings->upstreams[i];

		if (one->url.scheme[0] == '\0' || is_file(&one->url))
			continue;
		struct position at = position_of_name(l, &one->place, one->name);
		if (one->url.host[0] == '\0')
			finding_add(l->findings, CODE_PORT, &at, "the URL of upstream '%.60s' names no host", one->name);
		else if (one->url.port_given && one->url.port == 0)
			finding_add(l->findings, CODE_PORT, &at, "the URL of upstream '%.60s' has port 0", one->name);
		else if (lacks_port(l, &one->url))
			finding_add(l->findings, CODE_PORT, &at, "the URL of upstream '%.60s' needs a port", one->name);
	}
}

// ---- Plain links.

static bool
is_plain(const struct url *u)
{
	static const char *const plain[] = { "http", "tcp", "pkixcmp-tcp", "coap", "coap+tcp", NULL };

	for (const char *const *s = plain; *s != NULL; s++)
		if (strcmp(*s, u->scheme) == 0)
			return !is_loopback(u);
	return false;
}

static void
check_plain_route(struct load *l, const struct settings_route *r, const struct settings_upstream *u, const char *verb, const char *what, const char *cure)
{
	struct position at = position_of(l, &r->place, 1);
	struct finding *item;

	if (u->insecure.count > 0) {
		finding_add(l->findings, CODE_PLAIN_ACCEPTED, &at, "route '%.60s' %ss %s '%.60s' over a plain link", r->name, verb, what, u->name);
		return;
	}
	item = finding_add(l->findings, CODE_PLAIN_UPSTREAM, &at, "route '%.60s' would %s %s '%.60s' over a plain link", r->name, verb, what, u->name);
	finding_help(l->findings, item, "%s, or write insecure_upstream: yes-i-know for '%.60s'", cure, u->name);
}

// An error that nobody signed, and a trust anchor, are believed only over a
// link that nobody can write to.
static void
check_plain(struct load *l)
{
	const struct settings *s = l->settings;

	for (size_t i = 0; i < s->route_count; i++) {
		const struct settings_route *r = &s->routes[i];
		const struct settings_upstream *u;

		if (r->target != TARGET_UPSTREAM || r->upstream >= s->upstream_count)
			continue;
		u = &s->upstreams[r->upstream];
		if (!is_plain(&u->url))
			continue;
		if ((r->accept & ACCEPT_UNPROTECTED_ERROR) != 0)
			check_plain_route(l, r, u, "believe", "unprotected errors from", "take unprotected-error out of accept");
		if (r->accept_ca_pubs)
			check_plain_route(l, r, u, "take", "trust anchors from", "leave accept_ca_pubs out");
	}
}

// ---- Answers that are made anew.

// The first route that replaces the protection on the way to an upstream, or NULL.
static const struct settings_route *
replacing_route(const struct settings *s, size_t upstream)
{
	for (size_t i = 0; i < s->route_count; i++) {
		const struct settings_route *r = &s->routes[i];

		if (r->target == TARGET_UPSTREAM && r->upstream == upstream && r->protection == ROUTE_REPLACE)
			return r;
	}
	return NULL;
}

// Whoever answers in his own name verifies what he was told.
static void
check_replaced(struct load *l)
{
	const struct settings *s = l->settings;

	for (size_t i = 0; i < s->upstream_count; i++) {
		const struct settings_upstream *u = &s->upstreams[i];
		const struct settings_route *r = replacing_route(s, i);
		struct position at = position_of_name(l, &u->place, u->name);
		struct finding *item;

		if (r == NULL)
			continue;
		if (u->trust.count == 0) {
			item = finding_add(l->findings, CODE_UPSTREAM_TRUST, &at,
				"route '%.60s' replaces the protection, and the answers of '%.60s' cannot be verified", r->name, u->name);
			finding_help(l->findings, item, "write trust: NAME for upstream '%.60s', the trust set that its answers are signed under", u->name);
		}
		if (u->issued_trust.count == 0) {
			item = finding_add(l->findings, CODE_ISSUED_TRUST, &at, "nothing says which certificates '%.60s' may issue to route '%.60s'", u->name, r->name);
			finding_help(l->findings, item, "write issued_trust: NAME for upstream '%.60s', the trust set that new certificates must chain to", u->name);
		}
	}
}

static bool
is_named(const struct option_texts *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], name) == 0)
			return true;
	return false;
}

// The route whose devices hold certificates of this set; NULL = none.
static const struct settings_route *
route_of_trust(const struct settings *s, const char *trust)
{
	for (size_t i = 0; i < s->route_count; i++)
		if (is_named(&s->routes[i].trust, trust))
			return &s->routes[i];
	return NULL;
}

// Who may sign as a device shall not sign as the CA.
static void
check_signers(struct load *l)
{
	const struct settings *s = l->settings;

	for (size_t i = 0; i < s->upstream_count; i++) {
		const struct settings_upstream *u = &s->upstreams[i];
		struct position at = position_of_name(l, &u->place, u->name);
		for (size_t n = 0; n < u->trust.count; n++) {
			const struct settings_trust *t = settings_trust_named(s, u->trust.items[n]);
			const struct settings_route *r = t != NULL && t->eku == TRUST_EKU_NONE ? route_of_trust(s, t->name) : NULL;
			if (r == NULL)
				continue;
			struct finding *item = finding_add(l->findings, CODE_ANY_SIGNER, &at,
				"'%.60s' verifies the answers of '%.60s' and the devices of route '%.60s': each device could sign as the CA", t->name, u->name, r->name);
			finding_help(l->findings, item, "give upstream '%.60s' a trust set of its own, with eku: cmcCA or with anchors that issue to no device", u->name);
		}
	}
}

// ---- Routes.

static bool
takes_all(const struct settings_route *r)
{
	return r->from.count == 0 && r->match_path.count == 0 && r->match_profile.count == 0 && r->match_body.count == 0 &&
		r->match_source.count == 0 && r->match_sender.count == 0 && r->match_kid.count == 0 &&
		!r->match_signer.given && !r->match_template.given;
}

static void
check_order(struct load *l)
{
	const struct settings_route *all = NULL;

	for (size_t i = 0; i < l->settings->route_count; i++) {
		const struct settings_route *r = &l->settings->routes[i];

		if (all == NULL) {
			all = takes_all(r) ? r : NULL;
			continue;
		}
		struct position at = position_of(l, &r->place, 1);
		struct finding *item = finding_add(l->findings, CODE_UNREACHED, &at,
			"route '%.60s' is never reached: '%.60s' before it takes everything", r->name, all->name);
		finding_help(l->findings, item, "the first route that fits wins: put '%.60s' last (%s)", all->name,
			place_seen_from(r->place.file, all->place.file, all->place.line).text);
	}
}

static bool
listener_is_used(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->route_count; i++) {
		const struct option_texts *from = &s->routes[i].from;

		if (from->count == 0)
			return true;
		for (size_t j = 0; j < from->count; j++)
			if (strcmp(from->items[j], name) == 0)
				return true;
	}
	return false;
}

static bool
upstream_is_used(const struct settings *s, size_t index)
{
	for (size_t i = 0; i < s->route_count; i++)
		if (s->routes[i].target == TARGET_UPSTREAM && s->routes[i].upstream == index)
			return true;
	return false;
}

static bool
is_in(const struct option_texts *texts, const char *name)
{
	for (size_t i = 0; i < texts->count; i++)
		if (strcmp(texts->items[i], name) == 0)
			return true;
	return false;
}

static bool
is_name(const char *text, const char *name)
{
	return text != NULL && strcmp(text, name) == 0;
}

static bool
trust_is_used(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->upstream_count; i++)
		if (is_in(&s->upstreams[i].trust, name) || is_in(&s->upstreams[i].issued_trust, name))
			return true;
	for (size_t i = 0; i < s->route_count; i++)
		if (is_in(&s->routes[i].trust, name) || is_name(s->routes[i].match_signer.trust, name))
			return true;
	return false;
}

static bool
credential_is_used(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->route_count; i++)
		if (is_name(s->routes[i].sign_with, name) || is_name(s->routes[i].reply_with, name))
			return true;
	return false;
}

static bool
secrets_are_used(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->route_count; i++)
		if (is_in(&s->routes[i].secrets, name))
			return true;
	return false;
}

static void
warn_unused(struct load *l, const struct settings_place *place, const char *noun, const char *name)
{
	struct position at = position_of_name(l, place, name);

	finding_add(l->findings, CODE_NOT_USED, &at, "nothing names %s '%.60s'", noun, name);
}

// Trust sets, credentials and secrets that nobody names.
static void
check_keys_use(struct load *l)
{
	const struct settings *s = l->settings;

	for (size_t i = 0; i < s->trust_count; i++)
		if (!trust_is_used(s, s->trusts[i].name))
			warn_unused(l, &s->trusts[i].place, "trust set", s->trusts[i].name);
	for (size_t i = 0; i < s->credential_count; i++)
		if (!credential_is_used(s, s->credentials[i].name))
			warn_unused(l, &s->credentials[i].place, "credential", s->credentials[i].name);
	for (size_t i = 0; i < s->secrets_count; i++)
		if (!secrets_are_used(s, s->secrets[i].name))
			warn_unused(l, &s->secrets[i].place, "the table of secrets", s->secrets[i].name);
}

static void
check_use(struct load *l)
{
	const struct settings *s = l->settings;
	struct position whole = { .source = l->sources };

	if (s->listener_count == 0)
		finding_add(l->findings, CODE_NOBODY_LISTENS, &whole, "no listeners are defined: nobody will be served");
	if (s->route_count == 0) {
		struct finding *item = finding_add(l->findings, CODE_NO_ROUTES, &whole, s->upstream_count == 0 ?
			"no upstreams are defined: every request will be refused" : s->upstream_count == 1 ?
			"routes is an empty list: every request will be refused" :
			"several upstreams and no routes: every request will be refused");
		if (s->upstream_count > 0)
			finding_help(l->findings, item, "say in routes which request goes where");
		return;
	}
	for (size_t i = 0; i < s->listener_count; i++) {
		struct position at = position_of_name(l, &s->listeners[i].place, s->listeners[i].name);

		if (!listener_is_used(s, s->listeners[i].name))
			finding_add(l->findings, CODE_NOT_USED, &at, "no route takes requests from listener '%.60s': all are refused", s->listeners[i].name);
	}
	for (size_t i = 0; i < s->upstream_count; i++) {
		struct position at = position_of_name(l, &s->upstreams[i].place, s->upstreams[i].name);

		if (!upstream_is_used(s, i))
			finding_add(l->findings, CODE_NOT_USED, &at, "no route leads to upstream '%.60s'", s->upstreams[i].name);
	}
}

void
check_whole(struct load *l)
{
	if (l->findings->exhausted)
		return;
	check_addresses(l);
	check_links(l);
	check_bindable(l);
	check_reachable(l);
	check_plain(l);
	check_replaced(l);
	check_signers(l);
	note_loopback(l);
	if (findings_bad(l->findings))
		return;
	check_order(l);
	check_use(l);
	check_keys_use(l);
	check_limits(l);
}
