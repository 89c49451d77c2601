// SPDX-License-Identifier: GPL-3.0-or-later
// posture: what a configuration lets through, and what of that is less than RFC 9483 wants.
#include "build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/language.h"
#include "config/settings.h"

struct posture {
	settings_posture_put *put;
	void *context;
	size_t insecure;
};

static void __attribute__((format(printf, 2, 3)))
tell(struct posture *p, const char *format, ...)
{
	char text[POSTURE_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	p->put(p->context, false, text);
}

static void __attribute__((format(printf, 2, 3)))
warn(struct posture *p, const char *format, ...)
{
	char text[POSTURE_TEXT];
	va_list args;

	if (p->insecure++ >= POSTURE_INSECURE_MAX)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	p->put(p->context, true, text);
}

static void
tell_routes(struct posture *p, const struct settings *s)
{
	size_t by_protection[3] = { 0 }, unverified = 0, rejecting = 0, answering = 0;

	for (size_t i = 0; i < s->route_count; i++) {
		const struct settings_route *r = &s->routes[i];
		if (r->target == TARGET_REJECT)
			rejecting++;
		else if (r->target == TARGET_ANSWERS)
			answering++;
		else if (r->trust.count == 0 && r->secrets.count == 0)
			unverified++;
		else
			by_protection[r->protection]++;
	}
	tell(p, "routes: %zu pass on what they do not verify, %zu verify and keep the protection, %zu add their own, %zu replace it; %zu answer themselves, %zu reject",
		unverified, by_protection[ROUTE_KEEP], by_protection[ROUTE_ADD], by_protection[ROUTE_REPLACE], answering, rejecting);
}

// What a route tolerates, in the words of accept:.
static void
warn_route(struct posture *p, const struct settings_route *r)
{
	char words[200] = "";	// has room for all
	const char *word;
	unsigned bit;
	size_t len = 0;

	for (size_t i = 0; (word = language_accept_word(i, &bit)) != NULL; i++)
		if ((r->accept & bit) != 0)
			len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%s", len > 0 ? ", " : "", word);
	if (len > 0)
		warn(p, "route '%.60s' accepts %s", r->name, words);
}

static void
warn_trust(struct posture *p, const struct settings_trust *t)
{
	if (t->revocation && t->revoked.missing == TRUST_MISSING_WARN)
		warn(p, "trust '%.60s' lets certificates pass whose revocation nothing tells (missing: warn)", t->name);
}

static void
warn_upstream(struct posture *p, const struct settings_upstream *u)
{
	if (u->insecure.count > 0)
		warn(p, "upstream '%.60s' is believed over a plain link (insecure_upstream)", u->name);
}

void
settings_posture(const struct settings *s, settings_posture_put *put, void *context)
{
	struct posture p = { .put = put, .context = context };

	tell_routes(&p, s);
	for (size_t i = 0; i < s->route_count; i++)
		warn_route(&p, &s->routes[i]);
	for (size_t i = 0; i < s->trust_count; i++)
		warn_trust(&p, &s->trusts[i]);
	for (size_t i = 0; i < s->upstream_count; i++)
		warn_upstream(&p, &s->upstreams[i]);
	if (p.insecure > POSTURE_INSECURE_MAX) {
		char text[POSTURE_TEXT];
		snprintf(text, sizeof(text), "and %zu more", p.insecure - POSTURE_INSECURE_MAX);
		put(context, true, text);
	}
}
