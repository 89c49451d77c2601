// SPDX-License-Identifier: GPL-3.0-or-later
// check_links: what the addresses and folders of a configuration mean together.
#include "config/check.h"

#include "config/source.h"

#include <arpa/inet.h>
#include <stdio.h>

static struct position
position_of_listener(const struct load *l, const struct settings_listener *one)
{
	const struct source *s = l->sources;

	while (s != NULL && s->path != one->place.file)
		s = s->next;
	return (struct position){ s, one->place.line, one->place.column, (int)strlen(one->name) };
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
	for (size_t i = 0; i < l->settings->listener_count; i++)
		if (l->settings->listeners[i].url.scheme[0] != '\0')
			check_address(l, &l->settings->listeners[i]);
}
