// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/web.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool
bad(struct fault *f, const char *text)
{
	return fault_set(f, FAIL_NONE, "", "%s", text);
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_hex(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static void
skip(struct span *in, size_t n)
{
	*in = span_of(in->data + n, in->len - n);
}

static bool
take_scheme(struct span *in, struct fault *f)
{
	static const char scheme[] = "http://";
	size_t n = sizeof(scheme) - 1;

	if (in->len < n || strncasecmp((const char *)in->data, scheme, n) != 0)
		return bad(f, "it is no http: URL");
	skip(in, n);
	return true;
}

// Labels of letters, digits, "-" and "_", lower case from here on.
static bool
take_name(struct web_url *out, struct span host, struct fault *f)
{
	size_t label = 0;

	for (size_t i = 0; i < host.len; i++) {
		uint8_t c = host.data[i];
		if (c == '.' ? label == 0 : !is_letter(c) && !is_digit(c) && c != '-' && c != '_')
			return bad(f, "its host is neither a name nor an address");
		label = c == '.' ? 0 : label + 1;
		out->host[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	return label > 0 || bad(f, "its host is neither a name nor an address");
}

// What has no letters is an IPv4 address: four numbers, and not the other forms that some resolvers take.
static bool
take_host(struct web_url *out, struct span host, struct fault *f)
{
	uint8_t octets[4];

	if (host.len == 0 || host.len > WEB_HOST_MAX)
		return bad(f, host.len == 0 ? "it names no host" : "its host is too long");
	if (!take_name(out, host, f))
		return false;
	return strspn(out->host, "0123456789.") < host.len || inet_pton(AF_INET, out->host, octets) == 1
		|| bad(f, "its host is not an IPv4 address");
}

static bool
take_bracketed(struct web_url *out, struct span address, struct fault *f)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t octets[16];

	if (address.len >= sizeof(text))
		return bad(f, "between the brackets there is no IPv6 address");
	memcpy(text, address.data, address.len);
	text[address.len] = '\0';
	if (strlen(text) != address.len || inet_pton(AF_INET6, text, octets) != 1)
		return bad(f, "between the brackets there is no IPv6 address");
	return inet_ntop(AF_INET6, octets, out->host, sizeof(out->host)) != NULL;
}

static bool
take_port(struct web_url *out, struct span port, struct fault *f)
{
	unsigned n = 0;

	if (port.len == 0 || port.len > 5 || port.data[0] == '0')
		return bad(f, "its port is none from 1 to 65535");
	for (size_t i = 0; i < port.len; i++) {
		if (!is_digit(port.data[i]))
			return bad(f, "its port is none from 1 to 65535");
		n = n * 10 + (unsigned)(port.data[i] - '0');
	}
	out->port = n;
	return n <= 65535 || bad(f, "its port is none from 1 to 65535");
}

// host, [address], each with :port
static bool
take_authority(struct web_url *out, struct span in, struct fault *f)
{
	const uint8_t *end = in.len > 0 && in.data[0] == '[' ? memchr(in.data, ']', in.len) : NULL;
	const uint8_t *colon;
	struct span rest;

	if (memchr(in.data, '@', in.len) != NULL)
		return bad(f, "it holds a user name");
	out->port = 80;
	if (end != NULL) {
		rest = span_of(end + 1, in.len - (size_t)(end + 1 - in.data));
		if (rest.len > 0 && rest.data[0] != ':')
			return bad(f, "its host is neither a name nor an address");
		return take_bracketed(out, span_of(in.data + 1, (size_t)(end - in.data) - 1), f)
			&& (rest.len == 0 || take_port(out, span_of(rest.data + 1, rest.len - 1), f));
	}
	colon = memchr(in.data, ':', in.len);
	if (colon == NULL)
		return take_host(out, in, f);
	rest = span_of(colon + 1, in.len - (size_t)(colon + 1 - in.data));
	return take_host(out, span_of(in.data, (size_t)(colon - in.data)), f) && take_port(out, rest, f);
}

// Encoded, these would be one thing for us and another one for a server that decodes before it looks.
static bool
is_ambiguous(uint8_t high, uint8_t low)
{
	static const char *const codes[] = { "00", "2e", "2f", "5c" };
	char code[] = { (char)high, (char)low, '\0' };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcasecmp(code, codes[i]) == 0)
			return true;
	return false;
}

static bool
octets_check(struct span in, struct fault *f)
{
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i];
		if (c <= 0x20 || c >= 0x7F || strchr("\"#<>\\^`{|}", c) != NULL)
			return bad(f, c == '#' ? "it has a fragment" : "it holds an octet that a URL must encode");
		if (c != '%')
			continue;
		if (in.len - i < 3 || !is_hex(in.data[i + 1]) || !is_hex(in.data[i + 2]))
			return bad(f, "% is not followed by two hexadecimal digits");
		if (is_ambiguous(in.data[i + 1], in.data[i + 2]))
			return bad(f, "it holds an encoded dot, slash, backslash or NUL");
	}
	return true;
}

// "..;x" is ".." for some servers, which cut parameters off first.
static bool
segments_check(struct span path, struct fault *f)
{
	while (path.len > 0) {
		size_t n = 0, name = 0;
		while (n < path.len && path.data[n] != '/')
			n++;
		while (name < n && path.data[name] != ';')
			name++;
		if (name <= 2 && name > 0 && memcmp(path.data, "..", name) == 0)
			return bad(f, "its path goes up");
		skip(&path, n < path.len ? n + 1 : n);
	}
	return true;
}

static bool
take_target(struct web_url *out, struct span in, struct fault *f)
{
	const uint8_t *query = in.len > 0 ? memchr(in.data, '?', in.len) : NULL;
	size_t slash = in.len == 0 || in.data[0] != '/' ? 1 : 0;

	if (!octets_check(in, f) || !segments_check(span_of(in.data, query != NULL ? (size_t)(query - in.data) : in.len), f))
		return false;
	out->target[0] = '/';
	if (in.len > 0)
		memcpy(out->target + slash, in.data, in.len);
	out->target[slash + in.len] = '\0';
	return true;
}

bool
web_url_read(struct web_url *out, struct span text, struct fault *f)
{
	size_t n = 0;

	memset(out, 0, sizeof(*out));
	if (text.len > WEB_URL_MAX)
		return fault_set(f, FAIL_NONE, "", "it is longer than %d octets", WEB_URL_MAX);
	if (!take_scheme(&text, f))
		return false;
	while (n < text.len && memchr("/?#", text.data[n], 3) == NULL)
		n++;
	return take_authority(out, span_of(text.data, n), f) && take_target(out, span_of(text.data + n, text.len - n), f);
}

bool
web_prefix_read(struct web_url *out, struct span text, struct fault *f)
{
	return web_url_read(out, text, f) && (strchr(out->target, '?') == NULL || bad(f, "the beginning of a URL has no query"));
}

bool
web_url_begins(const struct web_url *url, const struct web_url *prefix)
{
	size_t n = strlen(prefix->target);

	if (strcmp(url->host, prefix->host) != 0 || url->port != prefix->port || strncmp(url->target, prefix->target, n) != 0)
		return false;
	char next = url->target[n];
	return prefix->target[n - 1] == '/' || next == '\0' || next == '/' || next == '?';
}

const char *
web_authority(const struct web_url *url, char out[WEB_AUTHORITY_MAX])
{
	bool v6 = strchr(url->host, ':') != NULL;

	snprintf(out, WEB_AUTHORITY_MAX, "%s%s%s:%u", v6 ? "[" : "", url->host, v6 ? "]" : "", url->port);
	return out;
}
