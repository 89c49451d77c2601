// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/schemes.h"

#include "transports/driver.h"

#define SCHEMES_MAX 16	// of all drivers together

static struct config_scheme
scheme_of(const struct driver *d, const char *scheme)
{
	return (struct config_scheme){
		.scheme = scheme, .default_port = d->default_port,
		.listener_rows = d->listener_rows, .listener_size = d->listener_size,
		.upstream_rows = d->upstream_rows, .upstream_size = d->upstream_size,
		.listener_url = d->listener_check,
	};
}

const struct config_scheme *
schemes_of_build(void)
{
	static struct config_scheme schemes[SCHEMES_MAX + 1];
	size_t n = 0;

	if (schemes[0].scheme != NULL)
		return schemes;
	for (const struct driver *const *d = drivers; *d != NULL; d++) {
		for (const char *const *scheme = (*d)->schemes; *scheme != NULL && n < SCHEMES_MAX; scheme++)
			schemes[n++] = scheme_of(*d, *scheme);
		if ((*d)->alias == NULL || n == SCHEMES_MAX)
			continue;
		schemes[n] = scheme_of(*d, (*d)->alias);
		schemes[n++].alias = true;
	}
	return schemes;
}
