// SPDX-License-Identifier: GPL-3.0-or-later
// url: see url.h. One pass from the left; each part is checked where it is cut off.
#include "config/url.h"

#include <arpa/inet.h>
#include <stdio.h>

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
bad(struct fault *f, const char *text)
{
	return fault_set(f, FAIL_NONE, "", "%s", text);
}

// Copy len characters of a part into a field of the URL.
static bool
copy_part(char *out, size_t size, const char *from, size_t len, const char *part, struct fault *f)
{
	if (len >= size)
		return fault_set(f, FAIL_NONE, "", "the %s is longer than %zu characters", part, size - 1);
	memcpy(out, from, len);
	out[len] = '\0';
	return true;
}

// RFC 3986 3.1: scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )
static bool
take_scheme(struct url *u, const char **cursor, struct fault *f)
{
	const char *start = *cursor, *p = start;

	if (!is_alpha(*p))
		return bad(f, "a URL begins with its scheme, as in coap://[::]:5683");
	while (is_alpha(*p) || is_digit(*p) || *p == '+' || *p == '-' || *p == '.')
		p++;
	if (*p != ':')
		return bad(f, "a URL begins with its scheme and a colon, as in coap://[::]:5683");
	if (!copy_part(u->scheme, sizeof(u->scheme), start, (size_t)(p - start), "scheme", f))
		return false;
	for (char *c = u->scheme; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	*cursor = p + 1;
	return true;
}

// An IPv6 address, with an optional zone after "%" or "%25" (RFC 6874).
static bool
take_bracketed(struct url *u, const char **cursor, struct fault *f)
{
	const char *start = *cursor + 1, *end = strchr(start, ']');
	char address[INET6_ADDRSTRLEN + 1];
	uint8_t octets[16];
	size_t len, zone_at;

	if (end == NULL)
		return bad(f, "the bracket of the IPv6 address is not closed");
	len = (size_t)(end - start);
	zone_at = strcspn(start, "%]");
	if (zone_at >= sizeof(address))
		return bad(f, "between the brackets there is no IPv6 address");
	memcpy(address, start, zone_at);
	address[zone_at] = '\0';
	if (inet_pton(AF_INET6, address, octets) != 1)
		return bad(f, "between the brackets there is no IPv6 address");
	if (!copy_part(u->host, sizeof(u->host), start, zone_at, "host", f))
		return false;
	if (zone_at < len) {
		const char *zone = start + zone_at + 1;

		if (end - zone > 2 && zone[0] == '2' && zone[1] == '5')
			zone += 2;
		if (zone == end || end - zone > 15)
			return bad(f, "the zone of the IPv6 address must be an interface name");
		for (const char *p = zone; p < end; p++)
			if (!is_alpha(*p) && !is_digit(*p) && strchr("-_.", *p) == NULL)
				return bad(f, "the zone of the IPv6 address must be an interface name");
		snprintf(u->host + zone_at, sizeof(u->host) - zone_at, "%%%.*s", (int)(end - zone), zone);
	}
	u->literal = true;
	*cursor = end + 1;
	return true;
}

// Labels of letters, digits, "-" and "_", 1 to 63 characters each.
static bool
is_host_name(const char *host)
{
	size_t label = 0;

	for (const char *p = host; *p != '\0'; p++) {
		if (*p == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (!is_alpha(*p) && !is_digit(*p) && *p != '_' && (*p != '-' || label == 0))
			return false;
		if (++label > 63)
			return false;
	}
	return strlen(host) <= 253;
}

static bool
take_host(struct url *u, const char **cursor, struct fault *f)
{
	const char *start = *cursor;
	size_t len = strcspn(start, ":/?#");
	uint8_t octets[4];

	if (*start == '[')
		return take_bracketed(u, cursor, f);
	if (!copy_part(u->host, sizeof(u->host), start, len, "host", f))
		return false;
	*cursor = start + len;
	if (len == 0)
		return true;
	if (strspn(u->host, "0123456789.") == len) {
		u->literal = true;
		if (inet_pton(AF_INET, u->host, octets) != 1)
			return bad(f, "the host is not an IPv4 address: four numbers from 0 to 255 without leading zeros");
		return true;
	}
	if (start[len] == ':' && strspn(start, "0123456789abcdefABCDEF:.") > len + 1 && strchr(start + len + 1, ':') != NULL)
		return bad(f, "an IPv6 address needs brackets, as in coap://[::1]:5683");
	if (!is_host_name(u->host))
		return bad(f, "the host is neither a name nor an address");
	return true;
}

static bool
take_port(struct url *u, const char **cursor, struct fault *f)
{
	const char *start = *cursor + 1, *p = start;
	unsigned port = 0;

	if (**cursor != ':')
		return true;
	for (; is_digit(*p) && p - start < 6; p++)
		port = port * 10 + (unsigned)(*p - '0');
	size_t len = strcspn(start, "/?");
	if (len == 0)
		return bad(f, "after the colon a port number is missing; write it, or leave the colon out");
	if (p != start + len || port > 65535)
		return fault_set(f, FAIL_NONE, "", "'%.*s' is not a port; write a number from 1 to 65535, or 0 for any free port of a listener", (int)(len < 40 ? len : 40), start);
	if (*start == '0' && len > 1)
		return bad(f, "the port must be written without leading zeros");
	u->port = port;
	u->port_given = true;
	*cursor = p;
	return true;
}

// RFC 3986 3.3 and 3.4: path and query, kept exactly as written.
static bool
take_path(struct url *u, const char *start, struct fault *f)
{
	if (*start != '\0' && *start != '/')
		return bad(f, "after the host and port only a path may follow, beginning with /");
	for (const char *p = start; *p != '\0'; p++) {
		if (strchr("\"<>\\^`{|}", *p) != NULL)
			return bad(f, "the path holds a character that a URL must percent-encode");
		if (*p == '%' && (!is_hex(p[1]) || !is_hex(p[2])))
			return bad(f, "in the path, % must be followed by two hexadecimal digits");
	}
	return copy_part(u->path, sizeof(u->path), start, strlen(start), "path", f);
}

// file:relative, file:/absolute, file:///absolute: the rest is the path itself.
static bool
take_file(struct url *u, const char *start, struct fault *f)
{
	if (strncmp(start, "//", 2) == 0) {
		start += 2;
		if (*start != '/')
			return bad(f, "a file URL names no host: write file:/absolute/path or file:relative/path");
	}
	if (*start == '\0')
		return bad(f, "a file URL needs a path");
	if (strpbrk(start, "?%") != NULL)
		return bad(f, "the path of a file URL is taken as it stands: no query and no percent-encoding");
	return copy_part(u->path, sizeof(u->path), start, strlen(start), "path", f);
}

bool
url_parse(struct url *out, const char *text, struct fault *f)
{
	const char *cursor = text;
	size_t authority;

	memset(out, 0, sizeof(*out));
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == ' ')
			return bad(f, "a URL holds no spaces");
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return bad(f, "a URL holds no control characters");
		if ((unsigned char)*p >= 0x80)
			return bad(f, "a URL holds ASCII characters only");
		if (*p == '#')
			return bad(f, "a URL with a fragment (#) makes no sense here");
	}
	if (!copy_part(out->text, sizeof(out->text), text, strlen(text), "URL", f) ||
	    !take_scheme(out, &cursor, f))
		return false;
	if (strcmp(out->scheme, "file") == 0)
		return take_file(out, cursor, f);
	if (strncmp(cursor, "//", 2) != 0)
		return bad(f, "after the scheme, // is missing");
	cursor += 2;
	authority = strcspn(cursor, "/?");
	if (memchr(cursor, '@', authority) != NULL)
		return bad(f, "a URL here holds no user name or password");
	return take_host(out, &cursor, f) && take_port(out, &cursor, f) && take_path(out, cursor, f);
}

const char *
url_authority(const struct url *u, unsigned default_port, char *out, size_t size)
{
	bool v6 = strchr(u->host, ':') != NULL;

	snprintf(out, size, "%s%s%s:%u", v6 ? "[" : "", u->host, v6 ? "]" : "",
		u->port_given ? u->port : default_port);
	return out;
}
