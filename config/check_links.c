// SPDX-License-Identifier: GPL-3.0-or-later
// check_links: what the addresses and folders of a configuration mean together.
#include "config/check.h"

#include "config/entries.h"
#include "config/language.h"
#include "config/source.h"

#include <arpa/inet.h>
#include <strings.h>

static struct position
position_of(const struct load *l, const struct settings_place *place, const char *name)
{
	const struct source *s = l->sources;

	while (s != NULL && s->path != place->file)
		s = s->next;
	return (struct position){ s, place->line, place->column, (int)strlen(name) };
}

static struct position
position_of_listener(const struct load *l, const struct settings_listener *one)
{
	return position_of(l, &one->place, one->name);
}

// ---- Addresses that no socket can be bound to.

// The address of a URL without its zone; AF_UNSPEC when it is none.
static int
address_of(const struct url *u, uint8_t octets[16])
{
	char host[sizeof(u->host)];

	memcpy(host, u->host, sizeof(host));
	host[strcspn(host, "%")] = '\0';
	if (inet_pton(AF_INET6, host, octets) == 1)
		return AF_INET6;
	return inet_pton(AF_INET, host, octets) == 1 ? AF_INET : AF_UNSPEC;
}

static bool
is_group(int family, const uint8_t *octets)
{
	if (family == AF_INET6)
		return octets[0] == 0xff;
	return family == AF_INET && ((octets[0] & 0xf0) == 0xe0 || memcmp(octets, "\xff\xff\xff\xff", 4) == 0);
}

static bool
is_link_local(int family, const uint8_t *octets)
{
	return family == AF_INET6 && octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80;
}

static void
check_address(struct load *l, const struct settings_listener *one)
{
	struct position at = position_of_listener(l, one);
	uint8_t octets[16];
	int family = address_of(&one->url, octets);
	struct finding *item;

	if (is_group(family, octets)) {
		item = finding_add(l->findings, CODE_HOST, &at, "listener '%.60s' has a group address: %.60s is not one of this machine", one->name, one->url.host);
		finding_help(l->findings, item, "write an address of this machine, or [::] for all, as in %s://[::]:5683", one->url.scheme);
	} else if (is_link_local(family, octets) && strchr(one->url.host, '%') == NULL) {
		item = finding_add(l->findings, CODE_HOST, &at, "listener '%.60s' has a link-local address without its interface", one->name);
		finding_help(l->findings, item, "name it behind %%25, as in %s://[%s%%25eth0]:8080", one->url.scheme, one->url.host);
	}
}

// ---- Folders.

// A path without "//", "/./", "/../" and a slash at its end, as its text tells.
static void
tidy(const char *path, char out[512])
{
	size_t len = 0;

	while (*path != '\0') {
		size_t n = strcspn(path, "/");

		if (n == 2 && memcmp(path, "..", 2) == 0) {
			while (len > 0 && out[--len] != '/')
				;
		} else if (n > 0 && !(n == 1 && *path == '.') && len + 1 + n < 512) {
			out[len++] = '/';
			memcpy(out + len, path, n);
			len += n;
		}
		path += n + (path[n] == '/');
	}
	out[len] = '\0';
}

static bool
same_folder(const char *a, const char *b)
{
	char x[512], y[512];

	tidy(a, x);
	tidy(b, y);
	return strcmp(x, y) == 0;
}

static bool
is_file(const struct url *u)
{
	return strcmp(u->scheme, "file") == 0;
}

// The same folder in the same words is an error, and told by check.c.
static void
check_folder(struct load *l, size_t index)
{
	const struct settings *s = l->settings;
	const struct settings_listener *one = &s->listeners[index];
	struct position at = position_of_listener(l, one);
	struct finding *item;

	if (s->store.path != NULL && same_folder(one->url.path, s->store.path)) {
		item = finding_add(l->findings, CODE_SHARED_FOLDER, &at, "the drop folder of listener '%.60s' is the state folder", one->name);
		finding_help(l->findings, item, "give it a folder of its own");
	}
	for (size_t i = 0; i < index; i++) {
		const struct settings_listener *other = &s->listeners[i];

		if (!is_file(&other->url) || strcmp(one->url.path, other->url.path) == 0 || !same_folder(one->url.path, other->url.path))
			continue;
		item = finding_add(l->findings, CODE_SHARED_FOLDER, &at, "listener '%.60s' watches the folder that '%.60s' watches", one->name, other->name);
		finding_help(l->findings, item, "'%.60s' is %.200s (%s)", other->name, other->url.text,
			place_seen_from(one->place.file, other->place.file, other->place.line).text);
		return;
	}
}

// ---- Circles.

static bool
is_loopback(const struct url *u)
{
	uint8_t octets[16];

	switch (address_of(u, octets)) {
	case AF_INET: return octets[0] == 127;
	case AF_INET6: return memcmp(octets, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16) == 0;
	default: return strcasecmp(u->host, "localhost") == 0;
	}
}

static unsigned
port_of(const struct load *l, const struct url *u)
{
	const struct config_scheme *scheme = language_scheme(l->schemes, u->scheme);

	return u->port_given || scheme == NULL ? u->port : scheme->default_port;
}

// Tell whether what is sent to an upstream arrives at a listener.
static bool
leads_to(const struct load *l, const struct url *upstream, const struct url *listener)
{
	uint8_t a[16] = { 0 }, b[16] = { 0 };
	int family = address_of(listener, b);
	bool any = (family == AF_INET || family == AF_INET6) && memcmp(b, (uint8_t[16]){ 0 }, 16) == 0;

	if (strcmp(upstream->scheme, listener->scheme) != 0 || port_of(l, upstream) != port_of(l, listener) || port_of(l, listener) == 0)
		return false;
	if (listener->host[0] == '\0' || any)
		return is_loopback(upstream);
	return family != AF_UNSPEC && address_of(upstream, a) == family && memcmp(a, b, 16) == 0;
}

static void
check_circle(struct load *l, const struct settings_upstream *one)
{
	const struct settings *s = l->settings;

	for (size_t i = 0; i < s->listener_count; i++) {
		const struct settings_listener *other = &s->listeners[i];
		struct position at = position_of(l, &one->place, one->name);
		struct finding *item;

		if (is_file(&one->url) || !leads_to(l, &one->url, &other->url))
			continue;
		item = finding_add(l->findings, CODE_LOOP, &at, "upstream '%.60s' is listener '%.60s' of this gateway", one->name, other->name);
		finding_help(l->findings, item, "write the address of the CA; '%.60s' is %.200s (%s)", other->name, other->url.text,
			place_seen_from(one->place.file, other->place.file, other->place.line).text);
		return;
	}
}

// ---- Paths.

bool
check_path_glob(const char *glob, struct fault *f)
{
	if (strchr("/*?[", *glob) != NULL)
		return true;
	return fault_set(f, FAIL_NONE, "path", "no path begins as '%.100s' does; a path begins with /: write /%.100s, or */%.100s for any place", glob, glob, glob);
}

void
check_links(struct load *l)
{
	const struct settings *s = l->settings;

	for (size_t i = 0; i < s->listener_count; i++) {
		if (is_file(&s->listeners[i].url))
			check_folder(l, i);
		else if (s->listeners[i].url.scheme[0] != '\0')
			check_address(l, &s->listeners[i]);
	}
	for (size_t i = 0; i < s->upstream_count; i++)
		if (s->upstreams[i].url.scheme[0] != '\0')
			check_circle(l, &s->upstreams[i]);
}
