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

// ---- Names in certificates.

const char *const value_purposes[] = {
	"serverAuth", "clientAuth", "codeSigning", "emailProtection", "timeStamping", "OCSPSigning", "cmcCA", "cmcRA", "cmKGA",
	"anyExtendedKeyUsage", NULL
};

static bool
in_words(const char *const *words, const char *text, size_t len)
{
	for (; *words != NULL; words++)
		if (strlen(*words) == len && memcmp(*words, text, len) == 0)
			return true;
	return false;
}

// Two arcs or more, the first 0 to 2, none with a leading zero.
static bool
dotted_oid(const char *text, size_t len)
{
	size_t arcs = 0;

	for (size_t i = 0; i < len; i++) {
		size_t digits = 0;

		while (i + digits < len && text[i + digits] >= '0' && text[i + digits] <= '9')
			digits++;
		if (digits == 0 || (digits > 1 && text[i] == '0') || (arcs == 0 && (digits > 1 || text[i] > '2')))
			return false;
		i += digits;
		arcs++;
		if (i < len && (text[i] != '.' || i + 1 == len))
			return false;
	}
	return arcs >= 2;
}

bool
value_purpose(const char *text)
{
	static const char prefix[] = "id-kp-";
	const char *name = strncmp(text, prefix, sizeof(prefix) - 1) == 0 ? text + sizeof(prefix) - 1 : text;

	return in_words(value_purposes, name, strlen(name)) || dotted_oid(text, strlen(text));
}

static bool
attribute_type(const char *text, size_t len)
{
	static const char *const types[] = {
		"CN", "SN", "serialNumber", "C", "L", "ST", "STREET", "O", "OU", "title", "GN", "initials", "generationQualifier",
		"dnQualifier", "pseudonym", "UID", "DC", "emailAddress", NULL
	};

	return in_words(types, text, len) || dotted_oid(text, len);
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// A value up to a bare comma or plus sign; *rest is what follows. RFC 4514 2.4:
// specials are escaped, and so are a space or # at its edges.
static bool
attribute_value(const char *text, const char **rest)
{
	const char *p = text;

	if (*p == ' ' || *p == '#')
		return false;
	for (; *p != '\0' && *p != ',' && *p != '+'; p++) {
		if (strchr("\"<>;", *p) != NULL)
			return false;
		if (*p != '\\')
			continue;
		p++;
		if (is_hex(p[0]) && is_hex(p[1]))
			p++;
		else if (*p == '\0' || strchr(" \"#+,;<=>\\", *p) == NULL)
			return false;
	}
	*rest = p;
	return p > text && (p[-1] != ' ' || (p - text > 1 && p[-2] == '\\'));
}

bool
value_distinguished_name(const char *text)
{
	for (;;) {
		size_t len = strcspn(text, "=");

		if (text[len] != '=' || !attribute_type(text, len) || !attribute_value(text + len + 1, &text))
			return false;
		if (*text == '\0')
			return true;
		text++;
	}
}

bool
value_san(const char *text)
{
	uint8_t octets[16];

	if (strncmp(text, "DNS:", 4) == 0)
		return text[4] != '\0' && text[4] != '.' &&
			text[4 + strspn(text + 4, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.*")] == '\0';
	if (strncmp(text, "IP:", 3) == 0)
		return inet_pton(AF_INET, text + 3, octets) == 1 || inet_pton(AF_INET6, text + 3, octets) == 1;
	if (strncmp(text, "URI:", 4) == 0)
		return strchr(text + 4, ':') != NULL && text[4] != ':' && strpbrk(text, " <>\"") == NULL;
	if (strncmp(text, "email:", 6) == 0)
		return strchr(text + 6, '@') > text + 6 && strpbrk(text, " <>\"") == NULL && text[strlen(text) - 1] != '@';
	return false;
}

bool
value_san_glob(const char *text)
{
	static const char *const kinds[] = { "DNS:", "IP:", "URI:", "email:", "dirName:", "RID:", "*", "?", "[", NULL };

	for (const char *const *kind = kinds; *kind != NULL; kind++)
		if (strncmp(text, *kind, strlen(*kind)) == 0)
			return true;
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
