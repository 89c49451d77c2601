// SPDX-License-Identifier: GPL-3.0-or-later
// The drivers of this build: one line each, and the only conditionals.
#include "build.h"
#include "transports/driver.h"

extern const struct driver driver_http, driver_coap, driver_tcp, driver_file;

const struct driver *const drivers[] = {
#ifdef WITH_HTTP
	&driver_http,
#endif
#ifdef WITH_COAP
	&driver_coap,
#endif
#ifdef WITH_TCP
	&driver_tcp,
#endif
#ifdef WITH_FILE
	&driver_file,
#endif
	NULL
};

const struct driver *
driver_find(const char *scheme)
{
	for (const struct driver *const *d = drivers; *d != NULL; d++) {
		if ((*d)->alias != NULL && strcmp((*d)->alias, scheme) == 0)
			return *d;
		for (const char *const *s = (*d)->schemes; *s != NULL; s++)
			if (strcmp(*s, scheme) == 0)
				return *d;
	}
	return NULL;
}
