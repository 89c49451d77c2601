// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/value.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit { const char *name; int64_t factor; };

static const struct unit sizes[] = {
	{ "GiB", INT64_C(1) << 30 }, { "MiB", 1 << 20 }, { "KiB", 1 << 10 }, { "", 1 }, { NULL, 0 }
};
static const struct unit durations[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 }, { NULL, 0 }
};

// Digits at the start of text; *rest is what follows them.
static bool
take_digits(const char *text, int64_t *out, const char **rest)
{
	const char *p = text;
	int64_t n = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
			return false;
	if (p == text || (*text == '0' && p - text > 1))
		return false;
	*out = n;
	*rest = p;
	return true;
}

bool
value_integer(const char *text, int64_t *out)
{
	const char *rest;
	bool minus = *text == '-';

	if (!take_digits(text + minus, out, &rest) || *rest != '\0')
		return false;
	if (minus)
		*out = -*out;
	return true;
}

static bool
with_unit(const char *text, const struct unit *units, int64_t *out)
{
	const char *rest;
	int64_t n;

	if (!take_digits(text, &n, &rest))
		return false;
	for (; units->name != NULL; units++)
		if (strcmp(rest, units->name) == 0)
			return !__builtin_mul_overflow(n, units->factor, out);
	return false;
}

bool
value_size(const char *text, int64_t *out)
{
	return with_unit(text, sizes, out);
}

bool
value_duration(const char *text, int64_t *out)
{
	if (strcmp(text, "0") == 0) {
		*out = 0;
		return true;
	}
	return with_unit(text, durations, out);
}

bool
value_rate(const char *text, int64_t *out)
{
	const char *rest;

	return take_digits(text, out, &rest) && strcmp(rest, "/s") == 0;
}

bool
value_bool(const char *text, bool *out)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcasecmp(text, words[i]) != 0)
			continue;
		*out = i % 2 == 1;
		return true;
	}
	return false;
}

bool
value_name(const char *text)
{
	size_t len = strlen(text);

	return len >= 1 && len <= 64 &&
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len;
}

// Clear all bits behind the prefix; tell whether any was set.
static bool
clear_host_bits(uint8_t *octets, size_t len, unsigned prefix)
{
	bool any = false;

	for (size_t i = 0; i < len; i++) {
		unsigned keep = prefix >= 8 * (i + 1) ? 8 : prefix <= 8 * i ? 0 : prefix - 8 * (unsigned)i;
		uint8_t mask = (uint8_t)(0xff00u >> keep);

		any = any || (octets[i] & (uint8_t)~mask) != 0;
		octets[i] &= mask;
	}
	return any;
}

bool
value_cidr(const char *text, char *fix, size_t size)
{
	const char *slash = strchr(text, '/');
	size_t len = slash == NULL ? strlen(text) : (size_t)(slash - text);
	char address[INET6_ADDRSTRLEN], network[INET6_ADDRSTRLEN];
	int family = memchr(text, ':', len) != NULL ? AF_INET6 : AF_INET;
	unsigned octet_count = family == AF_INET6 ? 16 : 4;
	uint8_t octets[16];
	int64_t prefix;

	*fix = '\0';
	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(family, address, octets) != 1)
		return false;
	if (slash == NULL)
		return true;
	if (!value_integer(slash + 1, &prefix) || prefix < 0 || prefix > 8 * octet_count)
		return false;
	if (!clear_host_bits(octets, octet_count, (unsigned)prefix))
		return true;
	if (inet_ntop(family, octets, network, sizeof(network)) != NULL)
		snprintf(fix, size, "%s/%u", network, (unsigned)prefix);
	return false;
}

// The largest unit that divides the number.
static const char *
in_units(int64_t n, const struct unit *units, char *out, size_t size)
{
	while (n % units->factor != 0)
		units++;
	snprintf(out, size, "%" PRId64 "%s", n / units->factor, units->name);
	return out;
}

const char *
value_size_text(int64_t octets, char *out, size_t size)
{
	if (octets == 0)
		return strcpy(out, "0");
	return in_units(octets, sizes, out, size);
}

const char *
value_duration_text(int64_t ms, char *out, size_t size)
{
	if (ms == 0)
		return strcpy(out, "0");
	return in_units(ms, durations, out, size);
}
