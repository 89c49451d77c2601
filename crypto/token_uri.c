// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/token_uri.h"

#include <stdlib.h>

#include "base/memory.h"

#define SCHEME "pkcs11:"

// RFC 7512 2.3: what may stand unencoded in path attributes, and in query attributes.
static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:[]@!$'()*+,=";

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)((at - digits) % 16) : -1;
}

// Decode up to `end` in place: the octets are never more than the characters.
static bool
decode(char *at, const char *end, const char *more, struct span *out, struct fault *f)
{
	char *to = at;
	const char *begin = at;

	while (at < end) {
		if (*at != '%' && strchr(unreserved, *at) == NULL && strchr(more, *at) == NULL)
			return fault_set(f, FAIL_NONE, "", "one character of the pkcs11: URI must be written as %%%02X there", (unsigned char)*at);
		if (*at != '%') {
			*to++ = *at++;
			continue;
		}
		int high = at + 1 < end ? hex_digit(at[1]) : -1, low = at + 2 < end ? hex_digit(at[2]) : -1;
		if (high < 0 || low < 0)
			return fault_set(f, FAIL_NONE, "", "'%%' needs two hexadecimal digits behind it in a pkcs11: URI");
		*to++ = (char)(high << 4 | low);
		at += 3;
	}
	*out = span_of(begin, (size_t)(to - begin));
	return true;
}

static bool
take_slot(struct token_uri *u, struct span value, struct fault *f)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned digit = value.data[i] - (unsigned)'0';
		if (digit > 9 || u->slot > (UINT32_MAX - digit) / 10)
			return fault_set(f, FAIL_NONE, "", "slot-id is no number from 0 to 4294967295");
		u->slot = u->slot * 10 + digit;
	}
	u->has_slot = true;
	return true;
}

static bool
take_module(struct token_uri *u, struct span value, struct fault *f)
{
	char *path = mem_alloc(value.len + 1);

	if (path == NULL)
		return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "no memory");
	memcpy(path, value.data, value.len);
	u->module = path;
	return strlen(path) == value.len || fault_set(f, FAIL_NONE, "", "module-path holds a NUL");
}

static bool
take_type(struct token_uri *u, struct span value, struct fault *f)
{
	(void)u;
	return span_equal(value, span_text("private")) || fault_set(f, FAIL_NONE, "", "only type=private names a private key");
}

static bool
refuse_pin(struct token_uri *u, struct span value, struct fault *f)
{
	(void)u;
	(void)value;
	return fault_set(f, FAIL_NONE, "", "a PIN does not stand in a URI; name where it is kept with pass:");
}

// The attributes: a value that is kept as it is, or a function that takes it.
static const struct attribute {
	const char *name;
	bool query;
	size_t place;	// in struct token_uri, when take is NULL
	bool (*take)(struct token_uri *u, struct span value, struct fault *f);
} attributes[] = {
	{ "token", false, offsetof(struct token_uri, token), NULL },
	{ "manufacturer", false, offsetof(struct token_uri, manufacturer), NULL },
	{ "serial", false, offsetof(struct token_uri, serial), NULL },
	{ "model", false, offsetof(struct token_uri, model), NULL },
	{ "object", false, offsetof(struct token_uri, object), NULL },
	{ "id", false, offsetof(struct token_uri, id), NULL },
	{ "slot-id", false, 0, take_slot },
	{ "type", false, 0, take_type },
	{ "module-path", true, 0, take_module },
	{ "pin-value", true, 0, refuse_pin },
	{ "pin-source", true, 0, refuse_pin },
};
enum { ATTRIBUTES = sizeof(attributes) / sizeof(attributes[0]) };

static unsigned
attribute_find(const char *name, size_t len, bool query)
{
	unsigned i = 0;

	while (i < ATTRIBUTES && (attributes[i].query != query || strlen(attributes[i].name) != len || memcmp(attributes[i].name, name, len) != 0))
		i++;
	return i;
}

// One name=value up to `end`. `seen` has a bit for each attribute.
static bool
take_attribute(struct token_uri *u, char *at, char *end, bool query, unsigned *seen, struct fault *f)
{
	char *equals = memchr(at, '=', (size_t)(end - at));
	size_t len = equals != NULL ? (size_t)(equals - at) : 0;
	unsigned i = attribute_find(at, len, query);
	struct span value = { NULL, 0 };

	if (len == 0)
		return fault_set(f, FAIL_NONE, "", "'%.*s' in a pkcs11: URI is not name=value", (int)(end - at), at);
	if (i == ATTRIBUTES)
		return fault_set(f, FAIL_NONE, "", "'%.*s' %s a pkcs11: URI is not known here", (int)len, at, query ? "behind the '?' of" : "in");
	if (*seen & 1U << i)
		return fault_set(f, FAIL_NONE, "", "'%s' stands twice in a pkcs11: URI", attributes[i].name);
	*seen |= 1U << i;
	if (!decode(equals + 1, end, query ? "/?|" : "&", &value, f))
		return false;
	if (value.len == 0)
		return fault_set(f, FAIL_NONE, "", "'%s' is empty in a pkcs11: URI", attributes[i].name);
	if (attributes[i].take != NULL)
		return attributes[i].take(u, value, f);
	memcpy((char *)u + attributes[i].place, &value, sizeof(value));
	return true;
}

// Attributes with a separator between them; none at all is well.
static bool
take_list(struct token_uri *u, char *at, char *end, bool query, unsigned *seen, struct fault *f)
{
	while (at < end) {
		char *stop = memchr(at, query ? '&' : ';', (size_t)(end - at));
		if (stop == NULL)
			stop = end;
		if (!take_attribute(u, at, stop, query, seen, f))
			return false;
		if (stop + 1 == end)
			return fault_set(f, FAIL_NONE, "", "a pkcs11: URI ends with a separator");
		at = stop + 1;
	}
	return true;
}

static bool
names_enough(const struct token_uri *u, struct fault *f)
{
	if (u->token.data == NULL && u->serial.data == NULL)
		return fault_set(f, FAIL_NONE, "", "a pkcs11: URI must name the token by token= or serial=; slot numbers change");
	if (u->object.data == NULL && u->id.data == NULL)
		return fault_set(f, FAIL_NONE, "", "a pkcs11: URI must name the key by object= or id=");
	return true;
}

bool
token_uri_read(const char *uri, struct token_uri *out, struct fault *f)
{
	size_t len = strlen(uri);
	unsigned seen = 0;

	*out = (struct token_uri){ 0 };
	if (len > TOKEN_URI_MAX || strncmp(uri, SCHEME, sizeof(SCHEME) - 1) != 0)
		return fault_set(f, FAIL_NONE, "", "this is no pkcs11: URI of up to %d characters", TOKEN_URI_MAX);
	if ((out->text = mem_text(uri)) == NULL)
		return fault_set(f, FAIL_SYSTEM_UNAVAIL, "", "no memory");
	char *at = out->text + sizeof(SCHEME) - 1, *end = out->text + len, *question = strchr(at, '?');
	if (take_list(out, at, question != NULL ? question : end, false, &seen, f)
		&& (question == NULL || take_list(out, question + 1, end, true, &seen, f)) && names_enough(out, f))
		return true;
	token_uri_clear(out);
	return false;
}

void
token_uri_clear(struct token_uri *u)
{
	mem_free(u->module);
	mem_free(u->text);
	*u = (struct token_uri){ 0 };
}
